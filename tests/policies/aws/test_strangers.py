"""Programs of others on AWS: what opens them is found without a stack file, and what is theirs to decide is not.

Each case asks few rules of the pilot's own graph as a program that nobody knows, or of a graph of a few resources.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from operations.evaluation import evaluate
from policies import pack
from tests.catching import caught
from tests.foreign import program, resource
from tests.mutate import changed, put
from tests.policies.aws.test_rules import BUCKET_POLICY, INLINE, MODEL, ROLE, Mutation, adding, editing, first, setting
from tests.policies.aws.test_silent import strange

MACHINE = "aws:sfn/stateMachine:StateMachine"
OPEN, TOPIC_POLICY = "kind-closed", "aws:sns/topicPolicy:TopicPolicy"
ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:1:q"}
OWN = {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.mark.parametrize(
    ("type_", "inputs", "says"),
    [
        ("rds/instance:Instance", {"publiclyAccessible": True}, "publiclyAccessible true: it is reached from"),
        ("rds/instance:Instance", {"publiclyAccessible": False}, ""),
        ("rds/instance:Instance", {"storageEncrypted": False}, "storageEncrypted false"),
        ("rds/instance:Instance", {"storageEncrypted": True, "deletionProtection": True}, ""),
        ("lb/loadBalancer:LoadBalancer", {"internal": False}, "internal false"),
        (
            "ecs/service:Service",
            {"networkConfiguration": {"assignPublicIp": True}},
            "networkConfiguration.assignPublicIp",
        ),
        ("lambda/functionUrl:FunctionUrl", {"authorizationType": "NONE"}, "authorizationType NONE: nobody signs in"),
        ("lambda/functionUrl:FunctionUrl", {"authorizationType": "AWS_IAM"}, ""),
        ("lambda/permission:Permission", {"principal": "*"}, "anybody is let in"),
        ("lambda/permission:Permission", {"principal": "events.amazonaws.com"}, ""),
        ("s3/bucketAcl:BucketAcl", {"acl": "public-read"}, "acl public-read"),
        ("s3/bucketAcl:BucketAcl", {"acl": "private"}, ""),
        ("eks/cluster:Cluster", {"vpcConfig": {"publicAccessCidrs": ["10.0.0.0/8", "0.0.0.0/0"]}}, "open to 0.0.0.0/0"),
        ("eks/cluster:Cluster", {"vpcConfig": {"publicAccessCidrs": ["10.0.0.0/8"]}}, ""),
        ("ec2/managedPrefixList:ManagedPrefixList", {"entries": [{"cidr": "::/0"}]}, "open to ::/0 in entries.cidr"),
        ("sqs/queuePolicy:QueuePolicy", {"policy": document(ANYBODY)}, "lets in anybody by"),
        ("sqs/queuePolicy:QueuePolicy", {"policy": document({**ANYBODY, "Condition": OWN})}, ""),
        ("sqs/queuePolicy:QueuePolicy", {"policy": document({**ANYBODY, "Effect": "Deny"})}, ""),
        ("iam/groupPolicy:GroupPolicy", {"policy": document({"Effect": "Allow", "Action": "*", "Resource": "*"})}, "*"),
        (
            "iam/groupPolicy:GroupPolicy",
            {"policy": document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-*/*"})},
            "any bucket of such a name",
        ),
        (
            "iam/groupPolicy:GroupPolicy",
            {"policy": document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*"})},
            "",
        ),
        (
            "ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment",
            {"managedPolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
            "hands out AdministratorAccess in managedPolicyArn",
        ),
        ("sqs/queuePolicy:QueuePolicy", {"policy": '{"Statement": "'}, "cannot be judged"),
    ],
)
def test_what_opens_a_kind_that_nobody_has_written_down_is_told_by_its_input(
    type_: str, inputs: dict[str, Any], says: str
) -> None:
    """The same, whatever its own key is called; a second of a type is told like the first."""
    (rule,) = (one for one in pack.RULES["aws"] if one.name == OPEN)
    graph = program("aws", *(resource(f"aws:{type_}", name, inputs) for name in ("one", "two")))
    found = evaluate(graph, [rule]).findings
    assert [one.resource for one in found] == (["one", "two"] if says else [])
    assert all(says in one.message and not one.mandatory for one in found)


def test_what_a_record_knows_is_judged_by_the_rules_of_its_kind() -> None:
    known = resource("aws:ec2/subnet:Subnet", "known", {"mapPublicIpOnLaunch": True})
    assert caught(program("aws", known), OPEN, "network-subnet-private") == {"network-subnet-private"}


ELSEWHERE = "111122223333.dkr.ecr.ap-south-1.amazonaws.com/aws-pilot-registry-images:1"


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (setting("aws:ec2/subnet:Subnet", "availabilityZone", "ap-south-1a"), True),
        (setting(MODEL, "primaryContainer.image", ELSEWHERE), True),
        (setting("aws:ec2/vpcEndpoint:VpcEndpoint", "serviceName", "com.amazonaws.ap-south-1.logs"), True),
        (setting("pulumi:providers:aws", "region", "ap-south-1"), True),
        (setting("aws:sagemaker/domain:Domain", "kmsKeyId", "arn:aws:kms:ap-south-1:111122223333:key/1"), True),
        (setting("aws:sagemaker/domain:Domain", "domainName", "team-ap-south-1"), False),
        (adding("aws:cloudfront/x:X", arn="arn:aws:acm:us-east-1:111122223333:certificate/1"), False),
        (adding("aws:s3/bucketReplicationConfig:X", kms="arn:aws:kms:eu-west-1:111122223333:key/1"), True),
        (strange(), False),
    ],
)
def test_a_program_stands_where_its_provider_does(aws_pilot: Graph, edit: Mutation, found: bool) -> None:
    assert caught(edit(strange()(aws_pilot)), "world-region") == ({"world-region"} if found else set())


def test_a_program_that_says_no_region_stands_where_the_cloud_has_answered(aws_pilot: Graph) -> None:
    quiet = changed(strange()(aws_pilot), first(aws_pilot, "pulumi:providers:aws"), lambda p: p.pop("region"))
    assert caught(quiet, "world-region") == set()
    moved = setting(MODEL, "primaryContainer.image", ELSEWHERE)(quiet)
    assert caught(moved, "world-region") == {"world-region"}


@pytest.mark.parametrize("key", ["VolumeKmsKeyId", "KmsKeyId"])
def test_what_a_request_names_is_the_programs_own_where_it_makes_such(aws_pilot: Graph, key: str) -> None:
    machine = MACHINE
    other = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"

    known = json.loads(first(aws_pilot, machine).inputs["definition"])["States"]["Transform"]["Parameters"]
    (section,) = (name for name, said in known.items() if isinstance(said, dict) and key in said)
    edit = editing(machine, "definition", lambda d: put(d, f"States.Transform.Parameters.{section}.{key}", other))
    graph = edit(strange()(aws_pilot))
    assert caught(graph, "inputs-request") == {"inputs-request"}
    without = replace(graph, resources=tuple(one for one in graph.resources if not one.type.startswith("aws:kms/")))
    assert caught(without, "inputs-request") == set(), "whose key it is, nobody knows in a program that makes none"


def granting(action: str, resource: str, **condition: Any) -> Mutation:
    said = {"Sid": "More", "Effect": "Allow", "Action": [action], "Resource": [resource], **condition}
    return editing(INLINE, "policy", lambda d: d["Statement"].append(said), "batch")


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (granting("s3:GetObject", "arn:aws:s3:::*/*"), True),
        (granting("s3:PutObject", "arn:aws:s3:::acme-*/*"), True),
        (granting("s3:GetObject", "arn:aws:s3:::jumpstart-cache-prod-us-east-1/*"), False),
        (granting("s3:GetObject", "arn:aws:s3:::acme-data/*"), False),
        (granting("sagemaker:CreateModel", "arn:aws:sagemaker:us-east-1:111122223333:*"), True),
        (granting("sagemaker:CreateModel", "arn:aws:sagemaker:us-east-1:111122223333:model/x-*"), False),
        (granting("s3:GetObject", "arn:aws:s3:::acme-*/*", Condition=OWN), False),
        (granting("sagemaker:ListEndpoints", "*"), False),
        (granting("sagemaker:DeleteEndpoint", "*"), True),
    ],
)
def test_a_name_with_a_wildcard_is_everybodys_who_takes_such_a_name(
    aws_pilot: Graph, edit: Mutation, found: bool
) -> None:
    said = caught(edit(strange()(aws_pilot)), "identity-no-wildcard")
    assert said == ({"identity-no-wildcard"} if found else set())


@pytest.mark.parametrize(("service", "found"), [("sagemaker", False), ("ec2", True)])
def test_a_role_is_passed_to_a_service_that_its_trust_names(aws_pilot: Graph, service: str, found: bool) -> None:
    role = first(aws_pilot, ROLE, "batch").outputs["arn"]
    condition = {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}
    graph = granting("iam:PassRole", role, Condition=condition)(strange()(aws_pilot))
    assert caught(graph, "identity-pass-role") == ({"identity-pass-role"} if found else set())


def test_a_managed_policy_of_the_program_passes_roles_like_any_other() -> None:
    policy = document({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"})
    own = resource("aws:iam/policy:Policy", "own", {"policy": policy}, {"arn": "arn:aws:iam::1:policy/own"})
    assert caught(program("aws", own), "identity-pass-role") == {"identity-pass-role"}


@pytest.mark.parametrize(
    ("edit", "rule"),
    [
        (
            editing(TOPIC_POLICY, "policy", lambda d: put(d, "Statement.0.Resource", "arn:aws:sns:us-east-1:1:other")),
            "identity-resource-policies",
        ),
        (
            editing(
                BUCKET_POLICY, "policy", lambda d: put(d, "Statement.0.Resource.1", "arn:aws:s3:::other/*"), "audit"
            ),
            "identity-resource-policies",
        ),
        (
            editing(TOPIC_POLICY, "policy", lambda d: put(d, "Statement.0.Principal.Service", ["mallory"])),
            "identity-documents",
        ),
    ],
)
def test_a_policy_speaks_of_what_it_is_put_on_and_to_services_that_there_are(
    aws_pilot: Graph, edit: Mutation, rule: str
) -> None:
    assert caught(strange()(aws_pilot), rule) == set() and caught(edit(strange()(aws_pilot)), rule) == {rule}


SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/database-AbCdEf"


def test_the_name_of_a_secret_is_none() -> None:
    task = json.dumps([{"name": "api", "secrets": [{"name": "DB_PASSWORD", "valueFrom": f"{SECRET}:password::"}]}])
    reads = document({"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [SECRET]})
    named = [
        resource("aws:ecs/taskDefinition:TaskDefinition", "task", {"containerDefinitions": task}),
        resource("aws:iam/rolePolicy:RolePolicy", "reads", {"policy": reads, "role": "r"}),
    ]
    assert caught(program("aws", *named), "secrets-in-plain") == set()
    shown = resource("aws:ecs/taskDefinition:TaskDefinition", "task", {"command": f"{SECRET} password=hunter2hunter2"})
    assert caught(program("aws", shown), "secrets-in-plain") == {"secrets-in-plain"}


def networked(*rules: dict[str, Any], domain: bool = True) -> Graph:
    """A domain of Studio in a network, its group and its interface endpoints in one group, as many programs have it."""
    net = resource("aws:ec2/vpc:Vpc", "net", {"cidrBlock": "10.20.0.0/16"}, {"id": "vpc-1"})
    subnets = [
        resource("aws:ec2/subnet:Subnet", name, {"vpcId": "vpc-1"}, {"id": f"subnet-{name}"}, {"vpcId": net})
        for name in ("a", "b", "public")
    ]
    inputs = {"vpcId": "vpc-1", "ingress": [{"protocol": "-1", "self": True}], "egress": [*rules]}
    group = resource("aws:ec2/securityGroup:SecurityGroup", "group", inputs, {"id": "sg-1"}, {"vpcId": net})
    studio = {"vpcId": "vpc-1", "subnetIds": ["subnet-a", "subnet-b"], "appNetworkAccessType": "VpcOnly",
              "defaultUserSettings": {"securityGroups": ["sg-1"]}}  # fmt: skip
    door = {"vpcId": "vpc-1", "serviceName": "com.amazonaws.us-east-1.sts", "vpcEndpointType": "Interface",
            "subnetIds": ["subnet-a", "subnet-b"], "securityGroupIds": ["sg-1"]}  # fmt: skip
    made_of = {"vpcId": net, "subnetIds": subnets[0], "securityGroupIds": group}
    resources: list[Resource] = [
        net,
        *subnets,
        group,
        resource("aws:ec2/vpcEndpoint:VpcEndpoint", "sts", door, {"id": "vpce-1"}, made_of),
        resource(
            "aws:sagemaker/domain:Domain", "studio", studio, {"id": "d-1"}, {"vpcId": net, "defaultUserSettings": group}
        ),
    ]
    return program("aws", *resources)


@pytest.mark.parametrize(
    ("egress", "lets"),
    [
        ({"protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}, True),
        ({"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.20.0.0/16"]}, True),
        ({"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.99.0.0/16"]}, False),
        ({"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": ["10.20.0.0/16"]}, False),
        ({"protocol": "-1", "self": True}, True),
    ],
)
def test_a_group_lets_through_by_addresses_and_within_itself(egress: dict[str, Any], lets: bool) -> None:
    (rule,) = (one for one in pack.RULES["aws"] if one.name == "network-proof")
    said = [one.message for one in evaluate(networked(egress), [rule]).findings]
    assert any("HTTPS between workloads and sts" in one for one in said) is not lets
    assert not any("has no interface in public" in one for one in said), "an interface answers its whole network"


def test_what_a_network_of_the_program_holds_is_not_open(aws_pilot: Graph) -> None:
    def found(block: str) -> set[str]:
        return caught(networked({"protocol": "-1", "cidrBlocks": [block]}), "network-security-group-closed")

    assert found("10.20.4.0/24") == set() and found("10.0.0.0/8") == found("8.8.8.8/32") != set()


def test_a_subnet_that_says_nothing_gives_no_public_address(aws_pilot: Graph) -> None:
    quiet = changed(aws_pilot, first(aws_pilot, "aws:ec2/subnet:Subnet"), lambda p: p.pop("mapPublicIpOnLaunch"))
    assert caught(quiet, "network-subnet-private") == {"network-subnet-private"}, "ours says so"
    assert caught(strange()(quiet), "network-subnet-private") == set()


def test_a_policy_in_line_in_a_role_grants_what_a_persona_may_have(aws_pilot: Graph) -> None:
    for action, found in (("s3:GetObject", set[str]()), ("s3:DeleteBucket", {"identity-permissions"})):
        said = [
            {"name": "n", "policy": document({"Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::x/*"})}
        ]
        assert caught(setting(ROLE, "inlinePolicies", said)(strange()(aws_pilot)), "identity-permissions") == found


def test_what_builds_or_runs_beside_the_cloud_is_told_once_a_package() -> None:
    others = [
        resource("docker:index/image:Image", "built", {}),
        resource("kubernetes:core/v1:Pod", "pod", {}),
        resource("kubernetes:core/v1:Service", "service", {}),
        resource("random:index/randomId:RandomId", "random", {}),
        resource("aws:sns/topic:Topic", "topic", {}),
    ]
    (rule,) = (one for one in pack.RULES["aws"] if one.name == "kind-known")
    assert [one.resource for one in evaluate(program("aws", *others), [rule]).findings] == ["built", "pod"]


def test_nothing_of_this_is_said_of_the_pilot_as_it_is(aws_pilot: Graph) -> None:
    rules = (OPEN, "world-region", "inputs-request", "identity-no-wildcard", "identity-pass-role", "identity-documents")
    assert caught(strange()(aws_pilot), *rules) == set() == caught(aws_pilot, *rules)


def elsewhere(*resources: Resource) -> list[str]:
    (rule,) = (one for one in pack.RULES["aws"] if one.name == "world-elsewhere")
    return [one.sentence for one in rule.judge(program("aws", *resources)).violations]


def test_a_host_that_nothing_else_names_is_told_once() -> None:
    code = resource("aws:sagemaker/codeRepository:X", "code", {"gitConfig": {"repositoryUrl": "https://git.example/a"}})
    beside = resource("aws:sagemaker/codeRepository:X", "b", {"gitConfig": {"repositoryUrl": "https://git.example/b"}})
    (only,) = elsewhere(code, beside)
    assert "reaches the host git.example in gitConfig.repositoryUrl" in only
    named = resource("aws:cloudfront/distribution:Distribution", "cdn", {"aliases": ["git.example"]})
    of_aws = resource("aws:lambda/function:Function", "f", {"url": "https://sqs.eu-west-1.amazonaws.com/1/q"})
    assert elsewhere(code, named, of_aws) == []


def test_an_arn_of_a_sort_that_the_program_makes_is_one_that_it_makes() -> None:
    arn = "arn:aws:iam::123456789012:role/{}"
    role = resource("aws:iam/role:Role", "own", {}, {"arn": arn.format("own")})
    own = resource("aws:lambda/function:Function", "f", {"role": arn.format("own")})
    other = resource("aws:lambda/function:Function", "f", {"role": arn.format("Admin")})
    assert elsewhere(role, own) == [] == elsewhere(other), "who makes no role takes one that is there"
    assert elsewhere(role, other) == [
        f"names {arn.format('Admin')} in role, which nothing else of the program makes or names"
    ]


def test_what_was_sent_is_no_answer_of_the_cloud() -> None:
    rule = resource(
        "aws:cloudwatch/eventRule:EventRule", "rule", {}, {"arn": "arn:aws:events:eu-west-1:123456789012:rule/r"}
    )
    there = {"arn": "arn:aws:lambda:eu-west-1:999988887777:function:mallory", "rule": "r"}
    target = resource("aws:cloudwatch/eventTarget:EventTarget", "target", there)
    assert caught(program("aws", rule, target), "world-account") == {"world-account"}
    made = resource(
        "aws:lambda/function:Function", "f", {}, {"arn": "arn:aws:lambda:eu-west-1:123456789012:function:f"}
    )
    own = {"arn": "arn:aws:lambda:eu-west-1:123456789012:function:other", "rule": "r"}
    assert len(elsewhere(rule, made, resource("aws:cloudwatch/eventTarget:EventTarget", "target", own))) == 1


def test_each_of_a_kind_that_nobody_has_written_down_is_named() -> None:
    functions = [resource("aws:lambda/function:Function", name, {}) for name in ("a", "b", "c")]
    (rule,) = (one for one in pack.RULES["aws"] if one.name == "kind-known")
    (only,) = rule.judge(program("aws", *functions)).violations
    assert only.sentence.endswith("which the catalogue does not know; beside it b, c")


@pytest.mark.parametrize(
    ("edit", "rule"),
    [
        (setting("aws:ec2/vpc:Vpc", "cidrBlock", "10.0.0.0/8"), "inputs-allowed"),
        (
            editing(MACHINE, "definition", lambda d: put(d, "States.Transform.Parameters.ModelName", "mallorys")),
            "inputs-request",
        ),
    ],
)
def test_what_aws_does_not_take_and_what_nobody_made_is_found(aws_pilot: Graph, edit: Mutation, rule: str) -> None:
    assert caught(strange()(aws_pilot), rule) == set() and caught(edit(strange()(aws_pilot)), rule) == {rule}


def previewed(graph: Graph) -> Graph:
    """The program before the cloud has answered."""
    resources = (one if one.is_provider else replace(one, outputs=dict(one.inputs)) for one in graph.resources)
    return replace(graph, resources=tuple(resources))


@pytest.mark.parametrize("allowed", [True, False])
def test_before_the_cloud_answers_the_account_is_the_providers_or_the_one_most_named(
    aws_pilot: Graph, allowed: bool
) -> None:
    graph = previewed(strange()(aws_pilot))
    if not allowed:
        graph = changed(graph, first(graph, "pulumi:providers:aws"), lambda p: p.pop("allowedAccountIds"))
    assert caught(graph, "world-account") == set()
    foreign = setting(
        "aws:cloudwatch/metricAlarm:MetricAlarm", "alarmActions", ["arn:aws:sns:us-east-1:999988887777:x"]
    )
    assert caught(foreign(graph), "world-account") == {"world-account"}


def test_of_two_accounts_that_are_named_alike_nobody_knows_which_is_the_programs() -> None:
    one, other = (
        resource("aws:sns/topicSubscription:TopicSubscription", name, {"topic": f"arn:aws:sns:eu-west-1:{account}:x"})
        for name, account in (("a", "123456789012"), ("b", "999988887777"))
    )
    assert caught(program("aws", one, other), "world-account") == set()


@pytest.mark.parametrize(
    ("said", "found"),
    [("mallory/model", True), ("gpt2", True), ("/opt/ml/model", False), ("s3://shop-models/a", False)],
)
def test_a_model_of_a_hub_is_somebody_elses(said: str, found: bool) -> None:
    bucket = resource("aws:s3/bucket:Bucket", "models", {"bucket": "shop-models"})
    container = {"image": "1", "environment": {"HF_MODEL_ID": said, "HF_TASK": "fill-mask"}}
    model = resource("aws:sagemaker/model:Model", "model", {"primaryContainer": container})
    assert [one for one in elsewhere(bucket, model) if "from a hub the model" in one] == (
        [f"fetches from a hub the model {said} in primaryContainer.environment.HF_MODEL_ID, which nothing else of the "
         "program makes or names"] if found else []
    )  # fmt: skip


@pytest.mark.parametrize(("said", "found"), [("6", False), ("tcp", False), ("-1", True)])
def test_a_protocol_is_the_same_by_its_number(aws_pilot: Graph, said: str, found: bool) -> None:
    """https://www.iana.org/assignments/protocol-numbers"""
    graph = setting("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "ipProtocol", said)(aws_pilot)
    assert caught(graph, "inputs-allowed") == ({"inputs-allowed"} if found else set())
