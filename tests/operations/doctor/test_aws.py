"""What `doctor` sees on AWS: moto answers where it has the operation, and a double shapes the other answers.

moto has none of the operations in LACKS: `test_whatever_moto_has_is_asked_of_it` asks for every other one.
"""

import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws

from catalogue.errors import BadInput
from operations.doctor import NoCredentials, State, Unseen, WriteRefused, aws
from operations.verdict import Look

REGION, ME = "us-east-1", "123456789012"


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials and no files of whoever runs the tests, and no waiting."""
    for variable in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "none")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    """One session, for each reads the models of its services anew."""
    return boto3.Session("key", "secret", region_name=REGION)


@pytest.fixture
def answered(session: boto3.Session) -> aws.Account:
    """An account of which a double answers what moto does not know."""
    return aws.Account(session, ME, REGION)


@pytest.fixture
def account(session: boto3.Session) -> Iterator[aws.Account]:
    with mock_aws():
        yield aws.Account(session, ME, REGION)


LACKS = {
    "DescribePipeline",
    "DescribeVpcEndpointServices",  # it asks moto's API Gateway, whose packages are not here
    "GetRegionOptStatus",
    "SimulatePrincipalPolicy",
    "ListServiceQuotas",
    "ListAWSDefaultServiceQuotas",  # it has those of Amazon VPC alone
    "ListRequestedServiceQuotaChangeHistoryByQuota",
    "ListCostAllocationTags",
    "LookupEvents",
}
"""The reads of `doctor` that moto 5.2.5 does not answer."""


class Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def answering(
    account: aws.Account, service: str, answers: Mapping[str, list[tuple[int, dict[str, Any]]]]
) -> list[tuple[str, dict[str, Any]]]:
    """The service answers by operation, one answer a call and the last one for ever. Returns what it is asked."""
    asked: list[tuple[str, dict[str, Any]]] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        asked.append((operation, json.loads(request.body)))
        left = answers[operation]
        status, body = left.pop(0) if len(left) > 1 else left[0]
        return AWSResponse(request.url, status, {}, Raw(json.dumps(body).encode()))  # pyright: ignore[reportArgumentType]

    client = account.client(service)
    client.meta.events.register(f"before-send.{client.meta.service_model.service_id.hyphenize()}", answer)
    return asked


def quota(name: str, value: float, code: str = "L-1") -> dict[str, Any]:
    return {"ServiceCode": "sagemaker", "QuotaName": name, "QuotaCode": code, "Value": value}


def see(account: aws.Account, what: Any, name: str, at: str = "", amount: int | None = None) -> tuple[State, str]:
    seen = aws.LOOKS[what].see(account, Look(what=what, name=name, at=at, amount=amount))  # pyright: ignore[reportArgumentType]
    return seen.state, seen.says


@pytest.mark.parametrize(
    ("group", "says"),
    [
        ({"logGroupName": "/aws/sagemaker/TrainingJobsOfOthers", "retentionInDays": 1}, "there is no log group"),
        ({}, "without an expiry and a key"),
        ({"retentionInDays": 365}, "without a key"),
        ({"retentionInDays": 365, "kmsKeyId": "k"}, "is kept 365 days under k"),
    ],
)
def test_logs_that_sagemaker_names_are_kept(answered: aws.Account, group: dict[str, Any], says: str) -> None:
    name = "/aws/sagemaker/TrainingJobs"
    asked = answering(
        answered, "logs", {"DescribeLogGroups": [(200, {"logGroups": [{"logGroupName": name, **group}]})]}
    )
    seen, told = see(answered, "log group", name)
    assert says in told and seen is (State.DONE if "kept" in says else State.NOT_DONE)
    assert asked == [("DescribeLogGroups", {"logGroupNamePrefix": name})]


def test_a_quota_on_a_later_page_is_compared_with_what_is_needed(answered: aws.Account) -> None:
    asked = answering(
        answered,
        "service-quotas",
        {
            "ListAWSDefaultServiceQuotas": [(200, {"Quotas": [quota("endpoint", 0), quota("batch", 4)]})],
            "ListServiceQuotas": [
                (200, {"Quotas": [quota("other", 1)], "NextToken": "more"}),
                (200, {"Quotas": [quota("endpoint", 8)]}),
            ],
            "ListRequestedServiceQuotaChangeHistoryByQuota": [
                (200, {"RequestedQuotas": [{"Status": "DENIED"}]}),
                (200, {"RequestedQuotas": [{"Status": "CASE_OPENED"}]}),
            ],
        },
    )
    assert see(answered, "quota", "endpoint", amount=8)[0] is State.DONE
    assert see(answered, "quota", "batch", amount=4)[0] is State.DONE
    state, says = see(answered, "quota", "endpoint", amount=9)
    assert state is State.NOT_DONE and says.endswith("8 are granted, 9 are needed; nobody asks for more at present")
    assert see(answered, "quota", "endpoint", amount=9)[1].endswith("it was asked for, and AWS has not answered")
    assert see(answered, "quota", "unheard", amount=1)[0] is State.NOT_DONE
    assert ("ListServiceQuotas", {"ServiceCode": "sagemaker", "MaxResults": 100, "NextToken": "more"}) in asked
    assert len([one for one in asked if one[0] == "ListServiceQuotas"]) == 2, "one list serves every quota"


class Simulated:
    """An account that answers as IAM and STS do: each call and its given words are noted."""

    def __init__(self, arn: str, *pages: dict[str, Any]) -> None:
        self.arn, self.pages, self.asked = arn, list(pages), list[tuple[str, dict[str, Any]]]()

    def ask(self, service: str, operation: str, missing: Any = (), **given: Any) -> dict[str, Any]:
        assert (service, operation) in aws.READS
        self.asked.append((operation, given))
        if operation == "GetCallerIdentity":
            return {"Arn": self.arn}
        if operation == "GetRole":
            return {"Role": {"Arn": f"arn:aws:iam::444455556666:role/teams/{given['RoleName']}"}}
        return self.pages.pop(0)


def decided(**rights: str) -> list[dict[str, str]]:
    return [{"EvalActionName": name.replace("_", ":"), "EvalDecision": decision} for name, decision in rights.items()]


@pytest.mark.parametrize(
    ("arn", "source"),
    [
        ("arn:aws:sts::444455556666:assumed-role/deployer/ana", "arn:aws:iam::444455556666:role/teams/deployer"),
        ("arn:aws:iam::444455556666:user/ana", "arn:aws:iam::444455556666:user/ana"),
    ],
)
def test_the_rights_of_a_role_are_asked_of_iams_own_simulation(arn: str, source: str) -> None:
    first = {"EvaluationResults": decided(iam_CreateRole="allowed"), "IsTruncated": True, "Marker": "more"}
    account = Simulated(arn, first, {"EvaluationResults": decided(iam_PassRole="implicitDeny")})
    look = Look(what="role", name="IAMFullAccess", rights=["iam:CreateRole", "iam:PassRole"])
    seen = aws.LOOKS["role"].see(account, look)
    assert (seen.state, seen.says) == (State.NOT_DONE, "whoever asks lacks rights of IAMFullAccess: iam:PassRole")
    simulated = [given for operation, given in account.asked if operation == "SimulatePrincipalPolicy"]
    assert {given["PolicySourceArn"] for given in simulated} == {source} and simulated[1]["Marker"] == "more"
    all_ = {"EvaluationResults": decided(iam_CreateRole="allowed", iam_PassRole="allowed")}
    assert aws.LOOKS["role"].see(Simulated(arn, all_), look).state is State.DONE


def test_the_root_of_an_account_has_every_right() -> None:
    account = Simulated("arn:aws:iam::444455556666:root")
    assert aws.LOOKS["role"].see(account, Look(what="role", name="PowerUserAccess", rights=["a:B"])).state is State.DONE


def test_a_missing_right_is_named(answered: aws.Account) -> None:
    answering(answered, "service-quotas", {"ListAWSDefaultServiceQuotas": [(400, {"__type": "AccessDeniedException"})]})
    with pytest.raises(Unseen, match=r"the right servicequotas:ListAWSDefaultServiceQuotas, which is missing"):
        see(answered, "quota", "endpoint", amount=1)
    answering(answered, "ce", {"ListCostAllocationTags": [(400, {"__type": "AccessDeniedException"})]})
    with pytest.raises(Unseen, match=r"ce:ListCostAllocationTags in the payer account, which is missing"):
        see(answered, "tag", "team")


def test_throttling_is_tried_again_and_given_up(answered: aws.Account, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", waits.append)
    asked = answering(answered, "ce", {"ListCostAllocationTags": [(400, {"__type": "ThrottlingException"})]})
    with pytest.raises(Unseen, match="AWS throttles ListCostAllocationTags even after 5 tries"):
        see(answered, "tag", "team")
    assert len(asked) == 5 and len(waits) == 4


def test_a_region_is_there_once_it_is_enabled_and_is_asked_for_elsewhere(session: boto3.Session) -> None:
    """https://docs.aws.amazon.com/accounts/latest/APIReference/API_GetRegionOptStatus.html. The region itself knows
    nobody's credentials until then, so neither this nor who asks is asked of it."""
    account = aws.Account(session, ME, "il-central-1")
    left, hosts = ["DISABLED", "ENABLING", "ENABLED", "ENABLED_BY_DEFAULT"], list[str]()

    def answer(request: Any, **_: Any) -> AWSResponse:
        hosts.append(request.url)
        assert json.loads(request.body) == {"RegionName": "il-central-1"}
        body = {"RegionName": "il-central-1", "RegionOptStatus": left.pop(0)}
        return AWSResponse(request.url, 200, {}, Raw(json.dumps(body).encode()))  # pyright: ignore[reportArgumentType]

    account.client("account").meta.events.register("before-send", answer)
    seen = [see(account, "region", "il-central-1") for _ in range(4)]
    assert [state for state, _ in seen] == [State.NOT_DONE, State.NOT_DONE, State.DONE, State.DONE]
    assert seen[0][1] == "il-central-1 is DISABLED, not yet ENABLED"
    assert all("us-east-1" in one or "account.amazonaws.com" in one for one in hosts), hosts
    assert account.client("sts").meta.region_name == "us-east-1"
    assert account.client("sagemaker").meta.region_name == "il-central-1"
    assert aws.Account(session, ME, "eu-west-1").client("sts").meta.region_name == "eu-west-1"


@pytest.mark.parametrize(
    ("details", "state", "says"),
    [
        (
            [{"AvailabilityZones": ["us-east-1a", "us-east-1b", "us-east-1d"]}],
            State.DONE,
            "has an interface endpoint in",
        ),
        ([{"AvailabilityZones": ["us-east-1a"]}], State.NOT_DONE, "in us-east-1b; name other zones"),
        ([{}], State.NOT_DONE, "in us-east-1a, us-east-1b; name other zones"),
        ([], State.NOT_DONE, "in us-east-1; choose another region"),
        (None, State.NOT_DONE, "in us-east-1; choose another region"),
    ],
)
def test_a_private_way_is_looked_for_in_each_zone(details: Any, state: State, says: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpointServices.html"""

    class There:
        region = REGION

        def ask(self, service: str, operation: str, missing: Any = (), **given: Any) -> Any:
            assert aws.READS[service, operation] == "ec2:DescribeVpcEndpointServices"
            assert given == {"ServiceNames": ["aws.sagemaker.us-east-1.studio"]} and missing == {"InvalidServiceName"}
            return None if details is None else {"ServiceDetails": details}

    look = Look(what="private way", name="aws.sagemaker.us-east-1.studio", at="us-east-1a us-east-1b")
    seen = aws.LOOKS["private way"].see(There(), look)
    assert seen.state is state and says in seen.says


def test_a_cost_tag_must_be_active(answered: aws.Account) -> None:
    tag = {"TagKey": "team", "Type": "UserDefined"}
    answering(
        answered,
        "ce",
        {
            "ListCostAllocationTags": [
                (200, {"CostAllocationTags": []}),
                (200, {"CostAllocationTags": [{**tag, "Status": "Inactive"}]}),
                (200, {"CostAllocationTags": [{**tag, "Status": "Active"}]}),
            ]
        },
    )
    assert [see(answered, "tag", "team")[0] for _ in range(3)] == [State.NOT_DONE, State.NOT_DONE, State.DONE]


def test_buckets_and_artifacts(account: aws.Account) -> None:
    s3 = account.session.client("s3")
    artifact = "s3://models/fraud/1/model.tar.gz"
    assert see(account, "bucket", "models")[0] is State.NOT_DONE
    assert see(account, "artifact", artifact)[0] is State.NOT_DONE
    s3.create_bucket(Bucket="models")
    assert see(account, "bucket", "models")[0] is State.DONE
    assert see(account, "artifact", artifact) == (State.NOT_DONE, f"nothing is at {artifact}")
    s3.put_object(Bucket="models", Key="fraud/1/model.tar.gz", Body=b"model")
    assert see(account, "artifact", artifact) == (State.DONE, f"{artifact} is there")


def test_the_data_of_a_batch_job_is_whatever_lies_below_its_place(account: aws.Account) -> None:
    """A folder that the console made is an object of no bytes, and holds no data."""
    s3 = account.session.client("s3")
    folder, file = "s3://loans/2026/", "s3://loans/cards.csv"
    assert see(account, "batch input", folder) == (State.NOT_DONE, f"nothing is in {folder}")
    s3.create_bucket(Bucket="loans")
    s3.put_object(Bucket="loans", Key="2026/", Body=b"")
    assert see(account, "batch input", folder) == (State.NOT_DONE, f"nothing is in {folder}")
    assert see(account, "batch input", file)[0] is State.NOT_DONE
    s3.put_object(Bucket="loans", Key="2026/may.csv", Body=b"1,2")
    s3.put_object(Bucket="loans", Key="cards.csv", Body=b"1,2")
    assert see(account, "batch input", folder) == (State.DONE, f"data is in {folder}")
    assert see(account, "batch input", file)[0] is State.DONE


def test_an_image_by_its_tag_or_digest(account: aws.Account) -> None:
    ecr = account.session.client("ecr")
    at = f"{ME}.dkr.ecr.{REGION}.amazonaws.com/risk/scorer"
    assert see(account, "image", f"{at}:1.4")[0] is State.NOT_DONE
    ecr.create_repository(repositoryName="risk/scorer")
    assert see(account, "image", f"{at}:1.4")[0] is State.NOT_DONE
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})
    pushed = ecr.put_image(repositoryName="risk/scorer", imageManifest=manifest, imageTag="1.4")
    digest = pushed["image"]["imageId"]["imageDigest"]
    assert see(account, "image", f"{at}:1.4")[0] is State.DONE
    assert see(account, "image", f"{at}@{digest}")[0] is State.DONE
    assert see(account, "image", f"{at}:1.5")[0] is State.NOT_DONE


def test_the_e_mail_of_the_stacks_own_topic_counts(account: aws.Account, monkeypatch: pytest.MonkeyPatch) -> None:
    sns = account.session.client("sns")
    other = sns.create_topic(Name="other-alerts-0a1b2c3")["TopicArn"]
    sns.subscribe(TopicArn=other, Protocol="email", Endpoint="risk@example.com")
    assert see(account, "e-mail", "risk@example.com", "dev-alerts")[0] is State.NOT_DONE
    own = sns.create_topic(Name="dev-alerts-0a1b2c3")["TopicArn"]
    sns.subscribe(TopicArn=own, Protocol="email", Endpoint="risk@example.com")
    assert see(account, "e-mail", "risk@example.com", "dev-alerts")[0] is State.DONE
    row = {"TopicArn": own, "Protocol": "email", "Endpoint": "risk@example.com"}
    # moto takes every address as confirmed; SNS shows this word instead of an ARN until somebody follows the link.
    pending = {"Subscriptions": [{**row, "SubscriptionArn": "PendingConfirmation"}]}
    monkeypatch.setattr(account, "ask", lambda *_, **__: pending)
    assert see(account, "e-mail", "risk@example.com", "dev-alerts") == (
        State.NOT_DONE,
        "risk@example.com has not confirmed yet",
    )


def test_an_endpoint_must_be_in_service(answered: aws.Account) -> None:
    missing = {"__type": "ValidationException", "message": 'Could not find endpoint "arn:aws:sagemaker:x".'}
    malformed = {"__type": "ValidationException", "message": "1 validation error detected"}
    answering(
        answered,
        "sagemaker",
        {
            "DescribeEndpoint": [
                (400, missing),
                (200, {"EndpointStatus": "Creating"}),
                (200, {"EndpointStatus": "InService"}),
                (400, malformed),
            ]
        },
    )
    assert see(answered, "endpoint", "scorer") == (State.NOT_DONE, "there is no endpoint scorer")
    assert see(answered, "endpoint", "scorer")[1] == "the endpoint scorer is Creating, not yet InService"
    assert see(answered, "endpoint", "scorer")[0] is State.DONE
    with pytest.raises(Unseen, match="AWS refuses DescribeEndpoint"):
        see(answered, "endpoint", "scorer")


@pytest.mark.parametrize(("count", "fits"), [(1, True), (4, True), (5, False)])
def test_the_replicas_that_stand_are_held_against_the_bound_that_was_judged(
    answered: aws.Account, count: int, fits: bool
) -> None:
    variants = [
        {"VariantName": "other", "CurrentInstanceCount": 9},
        {"VariantName": "live", "CurrentInstanceCount": count},
    ]
    answering(answered, "sagemaker", {"DescribeEndpoint": [(200, {"ProductionVariants": variants})]})
    assert see(answered, "replicas", "scorer/live", amount=4) == (
        State.DONE if fits else State.NOT_DONE,
        f"scorer/live has {count} replicas, and 4 at most were judged",
    )
    assert see(answered, "replicas", "scorer/third", amount=4)[0] is State.NOT_DONE


def test_whoever_opened_studio_is_among_the_events_of_the_trail(answered: aws.Account) -> None:
    """Another person, another domain of the account, and a call that was refused do not count; later pages do."""

    def event(domain: str, user: str, **more: str) -> dict[str, str]:
        said = {"requestParameters": {"domainId": domain, "userProfileName": user}, **more}
        return {"CloudTrailEvent": json.dumps(said)}

    others = [event("d-1", "ben"), event("d-2", "ana"), event("d-1", "ana", errorCode="AccessDenied")]
    domains = {"Domains": [{"DomainName": "other", "DomainId": "d-2"}, {"DomainName": "dev", "DomainId": "d-1"}]}
    answering(answered, "sagemaker", {"ListDomains": [(200, domains)]})
    asked = answering(
        answered,
        "cloudtrail",
        {
            "LookupEvents": [
                (200, {"Events": others}),
                (200, {"Events": others, "NextToken": "more"}),
                (200, {"Events": [event("d-1", "ana")]}),
            ]
        },
    )
    assert see(answered, "sign-in", "ana", "dev") == (State.NOT_DONE, "ana has not opened Studio in the last 90 days")
    assert see(answered, "sign-in", "ana", "dev") == (State.DONE, "ana has opened Studio in the last 90 days")
    assert len(asked) == 3
    assert see(answered, "sign-in", "ana", "gone")[1] == "there is no Studio domain gone, so ana has not opened it"


def test_a_studio_domain_is_found_by_its_name(answered: aws.Account) -> None:
    domains = [{"DomainName": "other", "Status": "InService"}, {"DomainName": "dev", "Status": "Failed"}]
    answering(answered, "sagemaker", {"ListDomains": [(200, {"Domains": domains})]})
    assert see(answered, "workspace", "dev") == (State.NOT_DONE, "the Studio domain dev is Failed, not yet InService")
    assert see(answered, "workspace", "other")[0] is State.DONE
    assert see(answered, "workspace", "third")[0] is State.NOT_DONE


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1", "us-gov-west-1"])
def test_a_state_machine_is_looked_for_in_the_regions_own_partition(session: boto3.Session, region: str) -> None:
    account = aws.Account(session, ME, region)
    asked = answering(
        account,
        "stepfunctions",
        {"DescribeStateMachine": [(400, {"__type": "StateMachineDoesNotExist"}), (200, {"status": "ACTIVE"})]},
    )
    assert [see(account, "batch job", "nightly")[0] for _ in range(2)] == [State.NOT_DONE, State.DONE]
    partition = {"us-east-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}[region]
    assert asked[0][1]["stateMachineArn"] == f"arn:{partition}:states:{region}:{ME}:stateMachine:nightly"


def test_a_pipeline_is_looked_for_where_pipelines_are(session: boto3.Session) -> None:
    account = aws.Account(session, ME, REGION)
    answers: Any = [(400, {"__type": "ResourceNotFound"}), (200, {"PipelineStatus": "Active"})]
    asked = answering(account, "sagemaker", {"DescribePipeline": answers})
    looked = [see(account, "batch job", "path", aws.PIPELINE_LOOK)[0] for _ in range(2)]
    assert looked == [State.NOT_DONE, State.DONE] and asked[0][1]["PipelineName"] == "path"


def test_whatever_moto_has_is_asked_of_it(account: aws.Account, session: boto3.Session) -> None:
    """A domain, an endpoint and a state machine as AWS's own API makes them, and a person who has taken a role."""
    asked: set[str] = set()
    for service in ("sts", "iam", "sagemaker", "stepfunctions", "logs"):
        account.client(service).meta.events.register("before-call", lambda model, **_: asked.add(model.name))
    made: Any = session.client("sagemaker")
    network = {"SubnetIds": ["subnet-1"], "VpcId": "vpc-1"}
    role = f"arn:aws:iam::{ME}:role/serving"
    made.create_domain(DomainName="dev", AuthMode="IAM", DefaultUserSettings={"ExecutionRole": role}, **network)
    container = {
        "Image": f"{ME}.dkr.ecr.{REGION}.amazonaws.com/risk/scorer:1.4",
        "ModelDataUrl": "s3://models/1.tar.gz",
    }
    made.create_model(ModelName="scorer-1", ExecutionRoleArn=role, PrimaryContainer=container)
    live = {"VariantName": "live", "ModelName": "scorer-1", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
    made.create_endpoint_config(EndpointConfigName="scorer-1", ProductionVariants=[live])
    made.create_endpoint(EndpointName="scorer", EndpointConfigName="scorer-1")
    definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
    session.client("stepfunctions").create_state_machine(
        name="nightly", definition=json.dumps(definition), roleArn=role
    )

    assert see(account, "workspace", "dev")[0] is State.DONE and see(account, "workspace", "de")[0] is State.NOT_DONE
    assert see(account, "endpoint", "scorer")[0] is State.DONE
    assert see(account, "endpoint", "scorer-1") == (State.NOT_DONE, "there is no endpoint scorer-1")
    assert see(account, "replicas", "scorer/live", amount=2)[0] is State.DONE
    assert see(account, "replicas", "scorer/live", amount=1)[0] is State.NOT_DONE
    made.create_model_package_group(ModelPackageGroupName="scorers")
    made.create_model_package(
        ModelPackageGroupName="scorers",
        ModelApprovalStatus="PendingManualApproval",
        CustomerMetadataProperties={"digest": "sha256:1"},
    )
    assert see(account, "registered", "scorers/1", "sha256:1")[0] is State.DONE
    assert see(account, "registered", "scorers/2", "sha256:1")[0] is State.NOT_DONE
    assert see(account, "approved", "scorers/1") == (State.NOT_DONE, "scorers/1: PendingManualApproval")
    assert see(account, "batch job", "nightly")[0] is State.DONE
    logs: Any = session.client("logs")
    for name in ("TrainingJobs", "TrainingJobs-other"):
        logs.create_log_group(logGroupName=f"/aws/sagemaker/{name}", kmsKeyId=f"arn:aws:kms:{REGION}:{ME}:key/1")
    assert see(account, "log group", "/aws/sagemaker/TrainingJobs")[0] is State.NOT_DONE
    logs.put_retention_policy(logGroupName="/aws/sagemaker/TrainingJobs", retentionInDays=365)
    assert see(account, "log group", "/aws/sagemaker/TrainingJobs")[0] is State.DONE
    assert see(account, "batch job", "weekly")[0] is State.NOT_DONE

    taken = assumed(session)
    deployer = aws.Account(taken, ME, REGION)
    for service in ("sts", "iam"):
        deployer.client(service).meta.events.register("before-call", lambda model, **_: asked.add(model.name))
    with pytest.raises(NotImplementedError, match="simulate_principal_policy"):  # it got as far as the role's own ARN
        see(deployer, "role", "PowerUserAccess")
    others = {"HeadBucket", "HeadObject", "ListObjectsV2", "DescribeImages", "ListSubscriptions"}
    others |= {"ListMetrics", "GetMetricStatistics", "GetBucketPolicy", "GetKeyPolicy", "GetRepositoryPolicy"}
    assert {name for _, name in aws.READS} - LACKS == asked - LACKS | others, "the tests beside ask the others"


def assumed(session: boto3.Session) -> boto3.Session:
    """The session of somebody who has taken a role of the account."""
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    role = session.client("iam").create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    got = session.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="ana")["Credentials"]
    return boto3.Session(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"], region_name=REGION)


def test_a_call_that_ends_well_shows_in_the_metrics_of_the_endpoint(account: aws.Account) -> None:
    cloudwatch = account.session.client("cloudwatch")

    earlier = datetime.now(UTC) - timedelta(hours=1)

    def answers(endpoint: str, error: int) -> None:
        dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "main"}]
        point = {"MetricName": "Invocation5XXErrors", "Dimensions": dimensions, "Value": error, "Timestamp": earlier}
        cloudwatch.put_metric_data(Namespace="AWS/SageMaker", MetricData=[point])  # pyright: ignore[reportArgumentType]

    answers("another", 0)
    assert see(account, "call", "scorer")[0] is State.NOT_DONE
    answers("scorer", 1)
    assert see(account, "call", "scorer")[0] is State.NOT_DONE
    answers("scorer", 0)
    assert see(account, "call", "scorer")[0] is State.DONE


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("bucket", "dev-artifacts-123456789012"),
        ("workspace", "dev"),
        ("image", f"{ME}.dkr.ecr.{REGION}.amazonaws.com/risk/scorer:1.4"),
        ("artifact", "s3://dev-models/fraud/1/model.tar.gz"),
        ("e-mail", "risk@example.com"),
        ("endpoint", "dev-scorer"),
        ("batch job", "dev-nightly"),
        ("call", "dev-scorer"),
    ],
)
def test_in_a_new_account_nothing_is_done(account: aws.Account, what: str, name: str) -> None:
    assert see(account, what, name, "dev-alerts")[0] is State.NOT_DONE


def test_no_credentials_and_those_of_another_account(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoCredentials, match="no AWS credentials"):
        aws.open_account(ME, REGION)
    with mock_aws():
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        assert aws.open_account(ME, REGION).account == ME
        with pytest.raises(BadInput, match=f"are of account {ME}, and the stack stands in 111122223333"):
            aws.open_account("111122223333", REGION)
    monkeypatch.setenv("AWS_PROFILE", "unheard")
    with pytest.raises(BadInput, match=r"the credentials cannot be read \(The config profile"):
        aws.open_account(ME, REGION)


def test_no_operation_that_is_not_among_the_reads_is_sent(account: aws.Account) -> None:
    """Every operation of every service that doctor has a client for, as botocore is about to send it."""
    refused = 0
    request: dict[str, Any] = {"body": b"", "headers": {}, "url": "https://example.com/", "context": {}}
    for service in sorted({name for name, _ in aws.READS}):
        client = account.client(service)
        model = client.meta.service_model
        for name in model.operation_names:
            event, given = f"before-call.{model.service_id.hyphenize()}.{name}", {"params": {**request}, "context": {}}
            send = partial(client.meta.events.emit, event, model=model.operation_model(name), request_signer=None)
            if service == "ec2":  # else botocore signs the address of another region first, which sends nothing
                given["params"]["body"] = {"PresignedUrl": ""}
            if (service, name) in aws.READS:
                send(**given)
                continue
            with pytest.raises(WriteRefused):
                send(**given)
            refused += 1
    assert refused > 500


def test_a_write_through_its_client_changes_nothing(account: aws.Account) -> None:
    s3 = account.session.client("s3")
    s3.create_bucket(Bucket="models")
    with pytest.raises(WriteRefused, match="s3 PutObject is none of its reads"):
        account.client("s3").put_object(Bucket="models", Key="model.tar.gz", Body=b"model")
    with pytest.raises(WriteRefused):
        account.client("s3").delete_bucket(Bucket="models")
    assert s3.list_objects_v2(Bucket="models")["KeyCount"] == 0


def test_every_right_is_one_to_read() -> None:
    from policy_sentry.querying.actions import get_action_data

    for said in aws.READS.values():
        for right in said.removesuffix(" in the payer account").split(" and "):
            service, _, action = right.partition(":")
            found = get_action_data(service, action)
            assert found, right
            assert {each["access_level"] for each in found[service]} <= {"Read", "List"}, right  # pyright: ignore[reportIndexIssue]


ROLE = f"arn:aws:iam::{ME}:role/claims-serving"
PULLED = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/models/scorer"


def policy_of(effect: str, who: str, action: str, condition: Mapping[str, Any] | None = None) -> str:
    where = "arn:aws:s3:::claims-data/*" if action.startswith("s3:") else "*"
    said = {"Sid": "said", "Effect": effect, "Principal": {"AWS": who}, "Action": action, "Resource": where}
    return json.dumps({"Statement": [{**said, **({"Condition": condition} if condition else {})}]})


@pytest.mark.parametrize(
    ("policy", "state"),
    [
        (policy_of("Allow", f"arn:aws:iam::{ME}:root", "ecr:*"), State.DONE),
        (policy_of("Allow", ROLE, "ecr:BatchGetImage"), State.DONE),
        (policy_of("Allow", "arn:aws:iam::999988887777:root", "ecr:*"), State.NOT_DONE),
        (policy_of("Allow", ME, "ecr:*", {"ArnEquals": {"aws:PrincipalArn": f"{ROLE}-of-another"}}), State.NOT_DONE),
        (policy_of("Deny", "*", "ecr:BatchGetImage"), State.NOT_DONE),
        (None, State.NOT_DONE),
    ],
)
def test_a_repository_of_another_account_lets_a_role_in_as_its_policy_says(
    answered: aws.Account, policy: str | None, state: State
) -> None:
    there = (200, {"policyText": policy}) if policy else (400, {"__type": "RepositoryPolicyNotFoundException"})
    asked = answering(answered, "ecr", {"GetRepositoryPolicy": [there]})
    look = Look(what="let in", name=PULLED, at=ROLE, rights=["ecr:BatchGetImage"])
    seen = aws.LOOKS["let in"].see(answered, look)
    assert seen.state is state and ROLE in seen.says
    assert asked == [("GetRepositoryPolicy", {"registryId": "444455556666", "repositoryName": "models/scorer"})]


@pytest.mark.parametrize(
    ("policy", "state"),
    [
        (None, State.DONE),
        (policy_of("Deny", "*", "s3:*", {"Bool": {"aws:SecureTransport": "false"}}), State.DONE),
        (policy_of("Deny", "*", "s3:GetObject", {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}), State.NOT_DONE),
        (policy_of("Deny", "arn:aws:iam::999988887777:root", "s3:*"), State.DONE),
    ],
)
def test_a_bucket_of_the_account_lets_a_role_in_unless_its_policy_denies(
    account: aws.Account, policy: str | None, state: State
) -> None:
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="claims-data")
    if policy:
        s3.put_bucket_policy(Bucket="claims-data", Policy=policy)
    look = Look(what="let in", name="s3://claims-data", at=ROLE, rights=["s3:GetObject"])
    assert aws.LOOKS["let in"].see(account, look).state is state


@pytest.mark.parametrize(("who", "state"), [(f"arn:aws:iam::{ME}:root", State.DONE), (f"{ROLE}-2", State.NOT_DONE)])
def test_the_key_of_a_bucket_must_let_a_role_in(answered: aws.Account, who: str, state: State) -> None:
    answering(answered, "kms", {"GetKeyPolicy": [(200, {"Policy": policy_of("Allow", who, "kms:Decrypt")})]})
    key = f"arn:aws:kms:{REGION}:{ME}:key/1"
    look = Look(what="let in", name=key, at=ROLE, rights=["kms:Decrypt"])
    assert aws.LOOKS["let in"].see(answered, look).state is state


def test_a_version_is_registered_by_its_digest_and_approved_by_its_status(answered: aws.Account) -> None:
    digest = f"sha256:{'a' * 64}"
    pending = {"ModelApprovalStatus": "PendingManualApproval", "CustomerMetadataProperties": {"digest": digest}}
    none = (400, {"__type": "ValidationException", "message": "ModelPackage does not exist."})
    asked = answering(
        answered,
        "sagemaker",
        {
            "DescribeModelPackage": [
                none,
                none,
                *[(200, pending)] * 3,
                (200, {**pending, "ModelApprovalStatus": "Approved"}),
            ]
        },
    )
    name, arn = "s-registry-scorer/3", f"arn:aws:sagemaker:{REGION}:{ME}:model-package/s-registry-scorer/3"
    assert see(answered, "registered", name, digest) == (State.NOT_DONE, f"the registry has no version {name}")
    assert see(answered, "approved", name) == (State.NOT_DONE, f"{name}: not registered")
    assert see(answered, "registered", name, digest)[0] is State.DONE
    assert see(answered, "registered", name, "sha256:other")[0] is State.NOT_DONE
    assert see(answered, "approved", name) == (State.NOT_DONE, f"{name}: PendingManualApproval")
    assert see(answered, "approved", name)[0] is State.DONE
    assert {given["ModelPackageName"] for _, given in asked} == {arn}
