"""What a real account of AWS refuses, keeps or says nothing of, as assertions on the graph of the pilot.

Each fact names the page that says it, the kind of resource and the property that it is about. Of these no property of a
graph speaks, for they are what the cloud answers, or what people and SageMaker make:

- CreateEndpoint on a living name is refused. The sandbox refuses it (catalogue/kinds/aws/sagemaker.py).
- The provider keeps the id of an endpoint whose creation failed, a DeleteEndpoint while it updates is swallowed, and
  any update of a VpcOnly domain may be refused (terraform-provider-aws 45528, open). Nothing here holds these: only an
  account can show them.
- Applications and spaces block their profile and domain, the NFS security groups of a domain stay and block the VPC.
  No program makes them.
- The log groups of Studio and of jobs are one each in an account, so no stack makes them
  (docs/adr/0015-log-groups-that-an-account-shares.md); test_components.py holds the component that does.
- Versioned buckets, repositories with images and package groups with versions refuse to go. What they hold is no
  resource.
- Errors on a part of the traffic never average above that part, and a p95 sees no part below 5 %. What takes a version
  back watches its own fleet; policies/aws/rollback.py judges an alarm that does not.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from catalogue.graph import Graph, Resource
from tests.mutate import at
from tests.rows import rows

_DOCS = "https://docs.aws.amazon.com/"
_GUIDE = f"{_DOCS}sagemaker/latest/dg/"
ALARM, GROUP = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/logGroup:LogGroup"
CONFIG, DOMAIN = "aws:sagemaker/endpointConfiguration:EndpointConfiguration", "aws:sagemaker/domain:Domain"
ENDPOINT, MODEL = "aws:sagemaker/endpoint:Endpoint", "aws:sagemaker/model:Model"
INLINE, KEY, ROLE = "aws:iam/rolePolicy:RolePolicy", "aws:kms/key:Key", "aws:iam/role:Role"
MANAGED, PROFILE = "aws:iam/policy:Policy", "aws:sagemaker/userProfile:UserProfile"
MACHINE, SCHEDULE = "aws:sfn/stateMachine:StateMachine", "aws:scheduler/schedule:Schedule"
BUCKET, BUCKET_POLICY = "aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy"


@dataclass(frozen=True)
class Fact:
    """A fact of AWS: its page, the kind and property that it is about, and whether a value of it agrees.

    It is about each resource whose name ends in one of `names`; all of the kind where there is none.
    """

    says: str
    page: str
    type: str
    path: str
    agrees: Callable[[Graph, Resource, Any], bool]
    names: tuple[str, ...] = ("",)


def statements(document: Any) -> list[dict[str, Any]]:
    return json.loads(document)["Statement"] if isinstance(document, str) else []


def granted(document: Any, action: str) -> Iterator[dict[str, Any]]:
    """The statements that allow an action."""
    for statement in statements(document):
        actions = statement["Action"]
        if statement["Effect"] == "Allow" and action in ([actions] if isinstance(actions, str) else actions):
            yield statement


def uses(document: Any, action: str, context: str) -> bool:
    """Whether a role of the account may use a key by itself, in an encryption context and with no service between."""
    return any(
        "kms:ViaService" not in json.dumps(s["Condition"])
        and f"kms:EncryptionContext:{context}" in json.dumps(s["Condition"])
        and "aws:PrincipalArn" in json.dumps(s["Condition"])
        for s in granted(document, action)
        if "Condition" in s
    )


def of_own(document: Any, action: str) -> bool:
    """Whether each grant of an action is on what is the caller's own: by the profile's name or by the owner."""
    own = ("${sagemaker:UserProfileName}", "${aws:SourceIdentity}", "sagemaker:OwnerUserProfileArn")
    found = list(granted(document, action))
    return bool(found) and all(any(word in json.dumps(s) for word in own) for s in found)


def takes_back(graph: Graph, endpoint: Resource) -> list[Resource]:
    named = [a["alarmName"] for a in at(endpoint.inputs, "deploymentConfig.autoRollbackConfiguration.alarms")]
    return [alarm for alarm in graph.of(ALARM) if alarm.inputs["name"] in named]


def denied(document: Any, key: str) -> set[str]:
    """The actions that some statement denies by a condition key."""
    denies = [s for s in statements(document) if s["Effect"] == "Deny" and key in json.dumps(s["Condition"])]
    return {action for statement in denies for action in statement["Action"]}


def logs_first(graph: Graph, endpoint: Resource, name: str) -> bool:
    waited = [graph.by_urn[urn].inputs.get("name") for urn in endpoint.dependencies if urn in graph.by_urn]
    return f"/aws/sagemaker/Endpoints/{name}" in waited


def size(document: Any) -> int:
    """IAM counts no white space."""
    return len("".join(str(document).split()))


def shortest_ring(alarm: Resource) -> int:
    return int(alarm.inputs["period"] * alarm.inputs["evaluationPeriods"])


FACTS = [
    Fact(
        "Step Functions calls KMS as the execution role: a grant on kms:ViaService lets no execution start",
        f"{_DOCS}step-functions/latest/dg/encryption-at-rest.html",
        KEY,
        "policy",
        lambda g, r, v: all(uses(v, a, "aws:states:stateMachineArn") for a in ("kms:Decrypt", "kms:GenerateDataKey")),
        ("-data",),
    ),
    Fact(
        "EventBridge Scheduler decrypts the payload as the schedule's role",
        f"{_DOCS}scheduler/latest/UserGuide/encryption-rest.html",
        KEY,
        "policy",
        lambda g, r, v: uses(v, "kms:Decrypt", "aws:scheduler:schedule:arn"),
        ("-data",),
    ),
    Fact(
        "delivery.logs.amazonaws.com decrypts with the state machine's key, or the log of runs is lost",
        f"{_DOCS}step-functions/latest/dg/encryption-at-rest.html",
        KEY,
        "policy",
        lambda g, r, v: any(
            s["Principal"].get("Service") == "delivery.logs.amazonaws.com" for s in granted(v, "kms:Decrypt")
        ),
        ("-data",),
    ),
    Fact(
        "SageMaker keeps what it captures and answers through a queue for ever: the bucket's lifecycle deletes it",
        f"{_GUIDE}model-monitor-data-capture-endpoint.html",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "rules",
        lambda g, r, v: (
            {one["filter"]["prefix"]: one["expiration"]["days"] for one in v if "expiration" in one}
            == {
                "capture/": 30,
                "capture/fraud-scorer/": 30,
                "batch/fraud-backfill/": 365,
                "async/": 30,
                "async/document-embedder/": 30,
                "async/document-embedder-failed/": 30,
            }
        ),
        ("-artifacts-lifecycle",),
    ),
    Fact(
        "an execution's id is another at each attempt: a run is keyed on the scheduled time",
        f"{_DOCS}scheduler/latest/UserGuide/managing-schedule-context-attributes.html",
        SCHEDULE,
        "target.input",
        lambda g, r, v: json.loads(v) == {"run": "<aws.scheduler.scheduled-time>"},
    ),
    Fact(
        "a run that never starts fails no execution: silence rings",
        f"{_DOCS}scheduler/latest/UserGuide/monitoring-cloudwatch.html",
        ALARM,
        "treatMissingData",
        lambda g, r, v: v == "breaching" and r.inputs["metricName"] == "ExecutionsSucceeded",
        ("-missed",),
    ),
    Fact(
        "a domain that carries people's names starts no application for a role without sts:SetSourceIdentity",
        f"{_GUIDE}monitor-user-access-how-to.html",
        ROLE,
        "assumeRolePolicy",
        lambda g, r, v: any(True for _ in granted(v, "sts:SetSourceIdentity")),
        ("-data-scientist", "-training"),
    ),
    Fact(
        "machine types bind applications and spaces, their making and their change",
        f"{_DOCS}service-authorization/latest/reference/list_amazonsagemaker.html",
        MANAGED,
        "policy",
        lambda g, r, v: (
            denied(v, "sagemaker:InstanceTypes")
            >= {"sagemaker:CreateApp", "sagemaker:CreateSpace", "sagemaker:UpdateSpace"}
        ),
        ("-boundary-people",),
    ),
    Fact(
        "Studio lists what there is, and tags what it makes",
        f"{_GUIDE}studio-updated-spaces-access.html",
        INLINE,
        "policy",
        lambda g, r, v: all(
            any(True for _ in granted(v, f"sagemaker:{action}"))
            for action in ("ListApps", "ListSpaces", "ListDomains", "ListUserProfiles", "AddTags")
        ),
        ("-data-scientist-policy",),
    ),
    Fact(
        "whoever starts a job reads what it says while it runs",
        f"{_GUIDE}logging-cloudwatch.html",
        INLINE,
        "policy",
        lambda g, r, v: any(True for _ in granted(v, "logs:GetLogEvents")),
        ("-data-scientist-policy",),
    ),
    Fact(
        "a grant on domain/* opens every other person's Studio",
        f"{_GUIDE}studio-updated-spaces-access.html",
        INLINE,
        "policy",
        lambda g, r, v: all(
            of_own(v, f"sagemaker:{a}") for a in ("CreatePresignedDomainUrl", "DeleteApp", "DeleteSpace")
        ),
        ("-data-scientist-policy",),
    ),
    Fact(
        "a profile's settings override the domain's",
        f"{_DOCS}sagemaker/latest/APIReference/API_UserSettings.html",
        PROFILE,
        "userSettings",
        lambda g, r, v: v == {"executionRole": g.of(DOMAIN)[0].inputs["defaultUserSettings"]["executionRole"]},
    ),
    Fact(
        "a session of Identity Center carries no aws:MultiFactorAuthPresent",
        f"{_DOCS}singlesignon/latest/userguide/referencingpermissionsets.html",
        ROLE,
        "assumeRolePolicy",
        lambda g, r, v: any(
            "MultiFactorAuthPresent" not in json.dumps(s) and "sso.amazonaws.com" in json.dumps(s)
            for s in granted(v, "sts:AssumeRole")
        ),
        ("-approver",),
    ),
    Fact(
        "a canary is at most half of the new fleet, and one instance has none",
        f"{_GUIDE}deployment-guardrails-blue-green-canary.html",
        CONFIG,
        "productionVariants.0.initialInstanceCount",
        lambda g, r, v: v >= 2,
        ("fraud-scorer-config",),
    ),
    Fact(
        "the metrics under EndpointConfigName are the new fleet's alone",
        f"{_GUIDE}deployment-guardrails-configuration.html",
        ENDPOINT,
        "endpointConfigName",
        lambda g, r, v: (
            bool(takes_back(g, r))
            and all(alarm.inputs["dimensions"]["EndpointConfigName"] == v for alarm in takes_back(g, r))
        ),
    ),
    Fact(
        "an alarm of three minutes takes nothing back in a shorter bake",
        f"{_GUIDE}deployment-guardrails-configuration.html",
        ENDPOINT,
        "deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration.waitIntervalInSeconds",
        lambda g, r, v: all(v > shortest_ring(alarm) + 60 for alarm in takes_back(g, r)),
    ),
    Fact(
        "Inf1 falls back to all traffic at once",
        f"{_GUIDE}deployment-guardrails-exclusions.html",
        CONFIG,
        "productionVariants.0.instanceType",
        lambda g, r, v: not v.startswith("ml.inf1."),
    ),
    Fact(
        "SageMaker asks for the alarms as the execution role",
        f"{_GUIDE}deployment-guardrails-configuration.html",
        INLINE,
        "policy",
        lambda g, r, v: any(True for _ in granted(v, "cloudwatch:DescribeAlarms")),
        ("-serving-policy",),
    ),
    Fact(
        "another list of alarms replaces the endpoint (the provider's schema): their names are fixed",
        "https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/sagemaker/endpoint.go",
        ENDPOINT,
        "deploymentConfig.autoRollbackConfiguration.alarms",
        lambda g, r, v: [a["alarmName"] for a in v] == [alarm.name for alarm in takes_back(g, r)],
    ),
    Fact(
        "silence is no idleness on the day on which an endpoint is made",
        f"{_DOCS}AmazonCloudWatch/latest/monitoring/using-metric-math.html",
        ALARM,
        "treatMissingData",
        lambda g, r, v: v == "notBreaching",
        ("-idle",),
    ),
    Fact(
        "SageMaker makes an endpoint's log group itself where nobody did before",
        f"{_GUIDE}logging-cloudwatch.html",
        ENDPOINT,
        "name",
        logs_first,
    ),
    Fact(
        "a log group that SageMaker makes has no key",
        f"{_GUIDE}logging-cloudwatch.html",
        GROUP,
        "kmsKeyId",
        lambda g, r, v: v in {key.outputs["arn"] for key in g.of(KEY)},
    ),
    Fact(
        "a log group that SageMaker makes keeps all for ever",
        f"{_GUIDE}logging-cloudwatch.html",
        GROUP,
        "retentionInDays",
        lambda g, r, v: 0 < v <= 365,
    ),
    Fact(
        "an image comes from ECR in the endpoint's region",
        f"{_DOCS}sagemaker/latest/APIReference/API_ContainerDefinition.html",
        MODEL,
        "primaryContainer.image",
        lambda g, r, v: bool(re.match(r"[0-9]{12}\.dkr\.ecr\.us-east-1\.amazonaws\.com/", v)),
    ),
    Fact(
        "nobody uploads to a bucket that is not there: the ground makes the one of the artifacts",
        f"{_DOCS}AmazonS3/latest/API/API_PutObject.html",
        MODEL,
        "primaryContainer.modelDataUrl",
        lambda g, r, v: v.split("/")[2] in {bucket.inputs["bucket"] for bucket in g.of(BUCKET)},
    ),
    Fact(
        "ECR makes no repository at a push: a stack file names the images of one whose name is known before",
        f"{_DOCS}AmazonECR/latest/userguide/docker-push-ecr-image.html",
        "aws:ecr/repository:Repository",
        "name",
        lambda g, r, v: v == f"{g.stack}-registry-images",
    ),
    Fact(
        "a run reads its input where the ground makes room for it",
        f"{_DOCS}sagemaker/latest/APIReference/API_TransformS3DataSource.html",
        MACHINE,
        "definition",
        lambda g, r, v: (
            bool(read := {uri.split("/")[2] for uri in re.findall(r's3://[^"]+', v)})
            and read <= {bucket.inputs["bucket"] for bucket in g.of(BUCKET)}
        ),
    ),
    Fact(
        "a single model's artifact is one archive",
        f"{_DOCS}sagemaker/latest/APIReference/API_ContainerDefinition.html",
        MODEL,
        "primaryContainer.modelDataUrl",
        lambda g, r, v: v.startswith("s3://") and v.endswith(".tar.gz"),
    ),
    *(
        Fact(f"{what} has at most {most:,} characters", page, type_, path, lambda g, r, v, n=most: size(v) <= n)
        for what, most, type_, path, page in (
            ("an inline policy", 10_240, INLINE, "policy", f"{_DOCS}IAM/latest/UserGuide/reference_iam-quotas.html"),
            ("a managed policy", 6_144, MANAGED, "policy", f"{_DOCS}IAM/latest/UserGuide/reference_iam-quotas.html"),
            ("a trust", 2_048, ROLE, "assumeRolePolicy", f"{_DOCS}IAM/latest/UserGuide/reference_iam-quotas.html"),
            ("a key's policy", 32_768, KEY, "policy", f"{_DOCS}kms/latest/developerguide/resource-limits.html"),
            (
                "a bucket's policy",
                20_480,
                BUCKET_POLICY,
                "policy",
                f"{_DOCS}AmazonS3/latest/userguide/bucket-policies.html",
            ),
        )
    ),
    Fact(
        "a queued request that fails is answered nowhere without a failure path",
        f"{_DOCS}sagemaker/latest/APIReference/API_AsyncInferenceOutputConfig.html",
        CONFIG,
        "asyncInferenceConfig.outputConfig.s3FailurePath",
        lambda g, r, v: v.startswith("s3://"),
        ("document-embedder-config",),
    ),
    Fact(
        "what waits in a queue is seen in the age of its oldest request, under the endpoint's name alone",
        f"{_GUIDE}async-inference-monitor.html",
        ALARM,
        "metricName",
        lambda g, r, v: v == "ApproximateAgeOfOldestRequest" and set(r.inputs["dimensions"]) == {"EndpointName"},
        ("-oldest",),
    ),
    Fact(
        "a domain's file system stays and blocks the VPC unless it goes with the domain",
        f"{_DOCS}sagemaker/latest/APIReference/API_RetentionPolicy.html",
        DOMAIN,
        "retentionPolicy.homeEfsFileSystem",
        lambda g, r, v: v == "Delete",
    ),
    Fact(
        "another subnet replaces a domain with every home in it: the engine refuses that",
        "https://github.com/hashicorp/terraform-provider-aws/issues/29331",
        DOMAIN,
        "subnetIds",
        lambda g, r, v: r.protect and len(v) >= 2,
    ),
    Fact(
        "a state machine's own log needs a group that log delivery may write to",
        f"{_DOCS}step-functions/latest/dg/cw-logs.html",
        MACHINE,
        "loggingConfiguration.logDestination",
        lambda g, r, v: v.endswith(":*") and "/aws/vendedlogs/" in v,
    ),
]


@rows("fact", FACTS, ids=lambda fact: fact.says)
def test_the_graph_agrees_with_the_page(pilot: Graph, fact: Fact) -> None:
    found = [one for one in pilot.of(fact.type) if one.name.endswith(fact.names)]
    assert found, f"{fact.type}: none is named so"
    wrong = [one.name for one in found if not fact.agrees(pilot, one, at(one.inputs, fact.path))]
    assert wrong == [], f"{fact.type} {fact.path}: {fact.says} ({fact.page})"
