"""What `mlplatform doctor` looks at on AWS, with boto3 and the credentials that it finds.

Each operation and its right: the Service Authorization Reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from re import escape, fullmatch
from typing import Any, cast
from urllib.parse import urlsplit

import boto3
from botocore import xform_name  # pyright: ignore[reportUnknownVariableType]  # botocore has no types
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from catalogue.errors import BadInput
from catalogue.hardware.catalogue import load
from catalogue.iam import Call, denial, granted, read_text
from catalogue.properties import Properties
from catalogue.registered import APPROVED, DIGEST, package_arn
from operations.doctor import NoCredentials, Seen, Unseen, Way, WriteRefused, done, held, not_done
from operations.refusals import said_by
from operations.steps.aws import OPENS_STUDIO, PIPELINE_LOOK
from operations.verdict import Look, LookAt

READS: Mapping[tuple[str, str], str] = {
    ("sts", "GetCallerIdentity"): "sts:GetCallerIdentity",
    ("account", "GetRegionOptStatus"): "account:GetRegionOptStatus",
    ("ec2", "DescribeVpcEndpointServices"): "ec2:DescribeVpcEndpointServices",
    ("iam", "GetRole"): "iam:GetRole",
    ("iam", "SimulatePrincipalPolicy"): "iam:SimulatePrincipalPolicy",
    ("service-quotas", "ListServiceQuotas"): "servicequotas:ListServiceQuotas",
    ("service-quotas", "ListAWSDefaultServiceQuotas"): "servicequotas:ListAWSDefaultServiceQuotas",
    (
        "service-quotas",
        "ListRequestedServiceQuotaChangeHistoryByQuota",
    ): "servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota",
    ("s3", "HeadBucket"): "s3:ListBucket",
    # Without s3:ListBucket, an object that is not there answers 403 as well: the page of HeadObject.
    ("s3", "HeadObject"): "s3:GetObject and s3:ListBucket",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "GetBucketPolicy"): "s3:GetBucketPolicy",
    ("kms", "GetKeyPolicy"): "kms:GetKeyPolicy",
    ("ecr", "GetRepositoryPolicy"): "ecr:GetRepositoryPolicy",
    ("ecr", "DescribeImages"): "ecr:DescribeImages",
    ("sns", "ListSubscriptions"): "sns:ListSubscriptions",
    ("ce", "ListCostAllocationTags"): "ce:ListCostAllocationTags in the payer account",
    ("sagemaker", "ListDomains"): "sagemaker:ListDomains",
    ("sagemaker", "DescribeEndpoint"): "sagemaker:DescribeEndpoint",
    ("sagemaker", "DescribeModelPackage"): "sagemaker:DescribeModelPackage",
    ("sagemaker", "DescribePipeline"): "sagemaker:DescribePipeline",
    ("cloudtrail", "LookupEvents"): "cloudtrail:LookupEvents",
    ("stepfunctions", "DescribeStateMachine"): "states:DescribeStateMachine",
    ("logs", "DescribeLogGroups"): "logs:DescribeLogGroups",
    ("cloudwatch", "ListMetrics"): "cloudwatch:ListMetrics",
    ("cloudwatch", "GetMetricStatistics"): "cloudwatch:GetMetricStatistics",
}
"""Every operation that is ever sent, and the right that it takes."""

_TRIES = 5
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403"})
_THROTTLED = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "SlowDown", "429"})
_DAYS = timedelta(days=14)


@dataclass
class Account:
    """An AWS account and region. `client` is the only way out: its clients refuse what is not in `reads`."""

    session: boto3.Session
    account: str
    region: str
    reads: Mapping[tuple[str, str], str] = field(default_factory=lambda: READS)
    _clients: dict[str, Any] = field(default_factory=dict[str, Any])

    def client(self, service: str) -> Any:
        """A client that only reads. Cost Explorer and Account Management have one endpoint for all regions. A region
        that the account does not have knows nobody's credentials, so who asks is asked of another.
        """
        if service not in self._clients:
            # botocore itself tries again where AWS throttles or cannot be reached, and gives up after _TRIES.
            config = Config(
                retries={"mode": "standard", "total_max_attempts": _TRIES}, connect_timeout=10, read_timeout=60
            )
            on_request = self.region in load("aws").regions_on_request
            elsewhere = service in ("account", "ce") or (service == "sts" and on_request)
            region = "us-east-1" if elsewhere else self.region
            made: Any = cast(Any, self.session).client(service, region_name=region, config=config)
            made.meta.events.register_first("before-call", self._only_reads)
            self._clients[service] = made
        return self._clients[service]

    def _only_reads(self, model: Any, **_: Any) -> None:
        """botocore calls this before it sends anything."""
        service = model.service_model.service_name
        if (service, model.name) not in self.reads:
            raise WriteRefused(f"doctor only reads; {service} {model.name} is none of its reads")

    def ask(
        self, service: str, operation: str, missing: Collection[str] = (), **given: Any
    ) -> Mapping[str, Any] | None:
        """The answer of one read; None where AWS says that there is no such thing.

        `missing` are the codes by which it does; where a code alone is not enough, with the begin of its message.
        Raises Unseen where AWS refuses, throttles or cannot be reached.
        """
        try:
            return cast(Mapping[str, Any], getattr(self.client(service), xform_name(operation))(**given))
        except ClientError as error:
            code, message = said_by(error)
            if code in missing or f"{code}: {message}".startswith(tuple(each for each in missing if ": " in each)):
                return None
            if code in _DENIED:
                raise Unseen(f"it takes the right {self.reads[service, operation]}, which is missing") from None
            if code in _THROTTLED:
                raise Unseen(f"AWS throttles {operation} even after {_TRIES} tries; ask again later") from None
            raise Unseen(f"AWS refuses {operation} ({code}: {message[:200]})") from None
        except BotoCoreError as error:
            raise Unseen(f"{service} gives no answer ({type(error).__name__})") from None

    def pages(self, service: str, operation: str, listed: str, **given: Any) -> Iterator[Mapping[str, Any]]:
        """Each item of a list, page after page."""
        after: dict[str, Any] = {}
        while True:
            answer = self.ask(service, operation, **given, **after) or {}
            yield from answer.get(listed, ())
            if not answer.get("NextToken"):
                return
            after = {"NextToken": answer["NextToken"]}

    @cached_property
    def quotas(self) -> Mapping[str, Mapping[str, Any]]:
        """SageMaker's quotas by name. One that was never raised may be among the defaults only."""
        found: dict[str, Mapping[str, Any]] = {}
        for operation in ("ListAWSDefaultServiceQuotas", "ListServiceQuotas"):
            for quota in self.pages("service-quotas", operation, "Quotas", ServiceCode="sagemaker", MaxResults=100):
                found[str(quota["QuotaName"])] = quota
        return found


def open_account(account: str, region: str, reads: Mapping[tuple[str, str], str] = READS) -> Account:
    """The account with the credentials of boto3's chain.

    Raises NoCredentials where there are none, BadInput where they are of another account or AWS refuses them.
    """
    try:
        session = boto3.Session(region_name=region)
        if cast(Any, session).get_credentials() is None:
            raise NoCredentials("no AWS credentials: set AWS_PROFILE, or run `aws sso login`")
        opened = Account(session, account, region, reads)
        own = (opened.ask("sts", "GetCallerIdentity") or {}).get("Account")
    except BotoCoreError as error:
        raise BadInput(f"AWS: the credentials cannot be read ({' '.join(str(error).split())})") from None
    except Unseen as error:
        raise BadInput(f"AWS: nobody can be asked who asks: {error}; look at the network, or log in again") from None
    if own != account:
        raise BadInput(f"AWS: the credentials are of account {own}, and the stack stands in {account}; set AWS_PROFILE")
    return opened


def _role(account: Account, look: Look) -> Seen:
    """What IAM's own simulation says of whoever asks. It reads the policies of users and roles, not an organization's.

    An assumed role's policies are those of the role, whose path the session's ARN leaves out.
    """
    arn = str((account.ask("sts", "GetCallerIdentity") or {}).get("Arn", ""))
    if arn.endswith(":root"):
        return held(look, ())
    if ":assumed-role/" in arn:
        role = account.ask("iam", "GetRole", RoleName=arn.split("/")[1]) or {}
        arn = str(role["Role"]["Arn"])
    has: set[str] = set()
    after: dict[str, str] = {}
    while True:
        given: dict[str, Any] = {"PolicySourceArn": arn, "ActionNames": look.rights, **after}
        answer = account.ask("iam", "SimulatePrincipalPolicy", **given) or {}
        results = answer.get("EvaluationResults", ())
        has |= {str(one["EvalActionName"]).casefold() for one in results if one["EvalDecision"] == "allowed"}
        if not answer.get("IsTruncated"):
            return held(look, [right for right in look.rights if right.casefold() not in has])
        after = {"Marker": answer["Marker"]}


def _quota(account: Account, look: Look) -> Seen:
    found, wanted = account.quotas.get(look.name), look.amount or 0
    if found is None:
        return not_done(f"{look.name}: Service Quotas knows no such quota in {account.region}")
    granted = float(found["Value"])
    if granted >= wanted:
        return done(f"{look.name}: {granted:g} are granted, {wanted} are needed")
    asked = account.pages(
        "service-quotas",
        "ListRequestedServiceQuotaChangeHistoryByQuota",
        "RequestedQuotas",
        ServiceCode="sagemaker",
        QuotaCode=found["QuotaCode"],
    )
    try:
        waiting = [each for each in asked if each.get("Status") in ("PENDING", "CASE_OPENED")]
        more = "it was asked for, and AWS has not answered" if waiting else "nobody asks for more at present"
    except Unseen as error:
        more = f"whether more was asked for cannot be seen: {error}"
    return not_done(f"{look.name}: {granted:g} are granted, {wanted} are needed; {more}")


def _region(account: Account, look: Look) -> Seen:
    """https://docs.aws.amazon.com/accounts/latest/APIReference/API_GetRegionOptStatus.html"""
    answer = account.ask("account", "GetRegionOptStatus", RegionName=look.name) or {}
    is_, on = str(answer["RegionOptStatus"]), ("ENABLED", "ENABLED_BY_DEFAULT")
    return done(f"the account has {look.name}") if is_ in on else not_done(f"{look.name} is {is_}, not yet ENABLED")


def _private_way(account: Account, look: Look) -> Seen:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpointServices.html"""
    answer = account.ask("ec2", "DescribeVpcEndpointServices", {"InvalidServiceName"}, ServiceNames=[look.name])
    found = next(iter((answer or {}).get("ServiceDetails", ())), None)
    if found is None:
        return not_done(f"{look.name} has no interface endpoint in {account.region}; choose another region")
    if missing := sorted({*look.at.split()} - {*found.get("AvailabilityZones", ())}):
        return not_done(f"{look.name} has no interface endpoint in {', '.join(missing)}; name other zones")
    return done(f"{look.name} has an interface endpoint in {look.at}")


def _bucket(account: Account, look: Look) -> Seen:
    there = account.ask("s3", "HeadBucket", {"404", "NoSuchBucket"}, Bucket=look.name)
    return done(f"the bucket {look.name} is there") if there else not_done(f"there is no bucket {look.name}")


def _workspace(account: Account, look: Look) -> Seen:
    for domain in account.pages("sagemaker", "ListDomains", "Domains"):
        if domain["DomainName"] == look.name:
            return _ready(f"the Studio domain {look.name}", domain["Status"], "InService")
    return not_done(f"there is no Studio domain {look.name}")


def _let_in(account: Account, look: Look) -> Seen:
    """What the policy of a place of others says of a role. A bucket of the stack's own account needs to say nothing.

    A condition on what a look does not know, such as the network that a call comes from, is taken as not met.
    """
    place, must_allow, missing = look.name, True, ""
    if place.startswith("s3://"):
        place, must_allow, missing = f"arn:aws:s3:::{place.removeprefix('s3://')}/any", False, "NoSuchBucketPolicy"
        answer = account.ask("s3", "GetBucketPolicy", {missing}, Bucket=look.name.removeprefix("s3://"))
        text = str((answer or {}).get("Policy", ""))
    elif place.startswith("arn:"):
        answer = account.ask("kms", "GetKeyPolicy", KeyId=place, PolicyName="default") or {}
        text = str(answer["Policy"])
    else:
        registry, _, repository = place.partition("/")
        owner, _, _, region, *_ = registry.split(".")
        given = {"registryId": owner, "repositoryName": repository}
        answer = account.ask("ecr", "GetRepositoryPolicy", {"RepositoryPolicyNotFoundException"}, **given)
        text, place = str((answer or {}).get("policyText", "")), f"arn:aws:ecr:{region}:{owner}:repository/{repository}"
    own = look.at.split(":")[4]
    brings = {"aws:PrincipalArn": look.at, "aws:PrincipalAccount": own, "aws:SecureTransport": "true"}
    calls = [Call(right, place, brings) for right in look.rights]
    said = [one for one in read_text(text) if one.is_for("AWS", look.at, own, f"arn:aws:iam::{own}:root")]
    if denies := next((name for call in calls if (name := denial(said, call))), ""):
        return not_done(f"{look.name} denies {look.at}, by {denies} of its policy")
    if must_allow and not all(granted(said, call) for call in calls):
        return not_done(f"the policy of {look.name} does not let {look.at} in")
    return done(f"{look.name} lets {look.at} in")


def _image(account: Account, look: Look) -> Seen:
    registry, _, named = look.name.partition("/")
    mark, by = ("@", "imageDigest") if "@" in named else (":", "imageTag")
    repository, _, version = named.rpartition(mark)
    there = account.ask(
        "ecr",
        "DescribeImages",
        {"RepositoryNotFoundException", "ImageNotFoundException"},
        registryId=registry.partition(".")[0],
        repositoryName=repository,
        imageIds=[{by: version}],
    )
    return done(f"the image {look.name} is there") if there else not_done(f"there is no image {look.name}")


def version_of(account: Account, name: str) -> Mapping[str, Any] | None:
    """What the registry says of a version, GROUP/NUMBER. None where it has none: no page says how that is told.

    An ARN of the right form that SageMaker does not accept is taken for it.
    """
    arn = package_arn(account.account, account.region, name)
    missing = {"ValidationException", "ResourceNotFound"}
    return account.ask("sagemaker", "DescribeModelPackage", missing, ModelPackageName=arn)


def _registered(account: Account, look: Look) -> Seen:
    found = version_of(account, look.name)
    if found is None:
        return not_done(f"the registry has no version {look.name}")
    metadata: Mapping[str, Any] = found.get("CustomerMetadataProperties") or {}
    digest = metadata.get(DIGEST)
    if digest != look.at:
        return not_done(f"the version {look.name} has the digest {digest or 'none'}, and {look.at} is named")
    return done(f"the version {look.name} is registered")


def _approved(account: Account, look: Look) -> Seen:
    found = version_of(account, look.name) or {}
    status = found.get("ModelApprovalStatus", "not registered")
    return done(f"{look.name} is approved") if status == APPROVED else not_done(f"{look.name}: {status}")


def _artifact(account: Account, look: Look) -> Seen:
    address = urlsplit(look.name)
    there = account.ask(
        "s3", "HeadObject", {"404", "NoSuchKey", "NoSuchBucket"}, Bucket=address.netloc, Key=address.path[1:]
    )
    return done(f"{look.name} is there") if there else not_done(f"nothing is at {look.name}")


def _batch_input(account: Account, look: Look) -> Seen:
    """The place is a prefix. A folder itself may be an object of no bytes, so what counts is what lies in it."""
    address = urlsplit(look.name)
    prefix = address.path[1:]
    listed = account.ask(
        "s3", "ListObjectsV2", {"404", "NoSuchBucket"}, Bucket=address.netloc, Prefix=prefix, MaxKeys=2
    )
    there = [one["Key"] for one in (listed or {}).get("Contents", ()) if one["Key"] != prefix or prefix[-1:] != "/"]
    return done(f"data is in {look.name}") if there else not_done(f"nothing is in {look.name}")


def _email(account: Account, look: Look) -> Seen:
    """The provider appends seven hexadecimal digits to the topic's name."""
    for one in account.pages("sns", "ListSubscriptions", "Subscriptions"):
        topic = str(one["TopicArn"]).rpartition(":")[2]
        if one["Protocol"] == "email" and one["Endpoint"] == look.name and _is_topic(topic, look.at):
            pending = one["SubscriptionArn"] == "PendingConfirmation"
            return not_done(f"{look.name} has not confirmed yet") if pending else done(f"{look.name} has confirmed")
    return not_done(f"no topic {look.at} sends e-mail to {look.name} yet")


def _is_topic(name: str, resource: str) -> bool:
    return fullmatch(rf"{escape(resource)}(-[0-9a-f]{{7}})?", name) is not None


def _tag(account: Account, look: Look) -> Seen:
    for tag in account.pages("ce", "ListCostAllocationTags", "CostAllocationTags", TagKeys=[look.name]):
        return _ready(f"the cost-allocation tag {look.name}", tag["Status"], "Active")
    return not_done(f"no bill has shown the tag {look.name} yet; it can be activated a day after it is first used")


def _sign_in(account: Account, look: Look) -> Seen:
    """CloudTrail keeps an event of management for 90 days, and names the profile and its domain."""
    domains = account.pages("sagemaker", "ListDomains", "Domains")
    id_ = next((str(one["DomainId"]) for one in domains if one["DomainName"] == look.at), None)
    if id_ is None:
        return not_done(f"there is no Studio domain {look.at}, so {look.name} has not opened it")
    asked = [{"AttributeKey": "EventName", "AttributeValue": OPENS_STUDIO}]
    for event in account.pages("cloudtrail", "LookupEvents", "Events", LookupAttributes=asked):
        said = Properties(json.loads(event["CloudTrailEvent"]))
        request = said.section_or_empty("requestParameters")
        whose = (request.text_or_empty("domainId"), request.text_or_empty("userProfileName"))
        if whose == (id_, look.name) and not said.text_or_empty("errorCode"):
            return done(f"{look.name} has opened Studio in the last 90 days")
    return not_done(f"{look.name} has not opened Studio in the last 90 days")


def _endpoint(account: Account, look: Look) -> Seen:
    # SageMaker has no code of its own for what it does not find: a ValidationException, "Could not find endpoint".
    there = account.ask(
        "sagemaker", "DescribeEndpoint", {"ValidationException: Could not find endpoint"}, EndpointName=look.name
    )
    if there is None:
        return not_done(f"there is no endpoint {look.name}")
    return _ready(f"the endpoint {look.name}", there["EndpointStatus"], "InService")


def _batch_job(account: Account, look: Look) -> Seen:
    """What starts the runs of a job, or of a pipeline:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribePipeline.html
    """
    if look.at == PIPELINE_LOOK:
        there = account.ask("sagemaker", "DescribePipeline", {"ResourceNotFound"}, PipelineName=look.name)
        if there is None:
            return not_done(f"there is no pipeline {look.name}")
        return _ready(f"the pipeline {look.name}", there["PipelineStatus"], "Active")
    partition = cast(Any, account.session).get_partition_for_region(account.region)
    arn = f"arn:{partition}:states:{account.region}:{account.account}:stateMachine:{look.name}"
    there = account.ask("stepfunctions", "DescribeStateMachine", {"StateMachineDoesNotExist"}, stateMachineArn=arn)
    if there is None:
        return not_done(f"there is no state machine {look.name}")
    return _ready(f"the state machine {look.name}", there["status"], "ACTIVE")


def _call(account: Account, look: Look) -> Seen:
    """Invocation5XXErrors has a sample for each answer: 1 for an error of the model, else 0.

    Online and asynchronous endpoints publish it; the asynchronous ones publish no Invocations:
    https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
    """
    of: dict[str, Any] = {"Namespace": "AWS/SageMaker", "MetricName": "Invocation5XXErrors"}
    now = datetime.now(UTC)
    span: dict[str, Any] = {
        "StartTime": now - _DAYS,
        "EndTime": now,
        "Period": 86_400,
        "Statistics": ["SampleCount", "Sum"],
    }
    named = [{"Name": "EndpointName", "Value": look.name}]
    for metric in account.pages("cloudwatch", "ListMetrics", "Metrics", **of, Dimensions=named):
        points = account.ask("cloudwatch", "GetMetricStatistics", **of, **span, Dimensions=metric["Dimensions"]) or {}
        if any(point["SampleCount"] > point["Sum"] for point in points.get("Datapoints", ())):
            which = ", and no figure says by which of its models" if look.target else ""
            return done(f"{look.name} answered in the last fourteen days{which}")
    return not_done(f"{look.name} gave no answer in the last fourteen days")


def _replicas(account: Account, look: Look) -> Seen:
    endpoint, _, variant = look.name.partition("/")
    there = account.ask(
        "sagemaker", "DescribeEndpoint", {"ValidationException: Could not find endpoint"}, EndpointName=endpoint
    )
    for one in (there or {}).get("ProductionVariants", ()):
        if one["VariantName"] == variant:
            says = f"{look.name} has {one['CurrentInstanceCount']} replicas, and {look.amount} at most were judged"
            return done(says) if one["CurrentInstanceCount"] <= (look.amount or 0) else not_done(says)
    return not_done(f"there is no endpoint with the variant {look.name}")


def _log_group(account: Account, look: Look) -> Seen:
    """A group that SageMaker made by itself has neither key nor days: "CloudWatch Logs for Amazon SageMaker AI",
    https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
    """
    # A prefix of up to 50 groups, of which the one of this whole name is the first: they come in their order.
    answer = account.ask("logs", "DescribeLogGroups", logGroupNamePrefix=look.name) or {}
    found = next((one for one in answer.get("logGroups", ()) if one["logGroupName"] == look.name), None)
    who = "whoever keeps the account makes it with the component JobLogs"
    if found is None:
        return not_done(f"there is no log group {look.name}: SageMaker makes it with neither, unless {who} before")
    lacks = [says for key, says in (("retentionInDays", "an expiry"), ("kmsKeyId", "a key")) if not found.get(key)]
    if lacks:
        return not_done(f"the log group {look.name} is without {' and '.join(lacks)}; {who}, which imports it")
    return done(f"the log group {look.name} is kept {found['retentionInDays']} days under {found['kmsKeyId']}")


def _ready(what: str, is_: str, wanted: str) -> Seen:
    return done(f"{what} is {is_}") if is_ == wanted else not_done(f"{what} is {is_}, not yet {wanted}")


def _rights(service: str, *operations: str) -> tuple[str, ...]:
    return tuple(READS[service, operation] for operation in operations)


LOOKS: Mapping[LookAt, Way] = {
    "let in": Way(
        _let_in,
        (*_rights("s3", "GetBucketPolicy"), *_rights("kms", "GetKeyPolicy"), *_rights("ecr", "GetRepositoryPolicy")),
    ),
    "role": Way(
        _role,
        (READS["sts", "GetCallerIdentity"], *_rights("iam", "GetRole", "SimulatePrincipalPolicy")),
    ),
    "quota": Way(
        _quota,
        _rights(
            "service-quotas",
            "ListAWSDefaultServiceQuotas",
            "ListServiceQuotas",
            "ListRequestedServiceQuotaChangeHistoryByQuota",
        ),
    ),
    "region": Way(_region, _rights("account", "GetRegionOptStatus")),
    "private way": Way(_private_way, _rights("ec2", "DescribeVpcEndpointServices")),
    "bucket": Way(_bucket, _rights("s3", "HeadBucket")),
    "workspace": Way(_workspace, _rights("sagemaker", "ListDomains")),
    "image": Way(_image, _rights("ecr", "DescribeImages")),
    "artifact": Way(_artifact, _rights("s3", "HeadObject")),
    "registered": Way(_registered, _rights("sagemaker", "DescribeModelPackage")),
    "approved": Way(_approved, _rights("sagemaker", "DescribeModelPackage")),
    "batch input": Way(_batch_input, _rights("s3", "ListObjectsV2")),
    "e-mail": Way(_email, _rights("sns", "ListSubscriptions")),
    "tag": Way(_tag, _rights("ce", "ListCostAllocationTags")),
    "sign-in": Way(_sign_in, (*_rights("sagemaker", "ListDomains"), *_rights("cloudtrail", "LookupEvents"))),
    "endpoint": Way(_endpoint, _rights("sagemaker", "DescribeEndpoint")),
    "batch job": Way(
        _batch_job, (*_rights("stepfunctions", "DescribeStateMachine"), *_rights("sagemaker", "DescribePipeline"))
    ),
    "log group": Way(_log_group, _rights("logs", "DescribeLogGroups")),
    "replicas": Way(_replicas, _rights("sagemaker", "DescribeEndpoint")),
    "call": Way(_call, _rights("cloudwatch", "ListMetrics", "GetMetricStatistics")),
}
