"""What is special to the simulated AWS: its sentences, the account in an ARN, its alarms, and SageMaker's updates.

A region that the account does not have knows nobody's credentials, so the provider's first question, who it is, is
answered as https://github.com/hashicorp/terraform-provider-aws/issues/24197 has it. That it is this answer there is
assumed: AWS says that such a region cannot be used,
https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html.

That CreateModel looks for the model data is seen in https://github.com/aws-ia/ecs-blueprints/issues/223; that it looks
for the image is assumed, and its sentence too.

A role that is not in force yet refuses nothing here, for the provider itself tries again for minutes (CreateModel in
https://github.com/hashicorp/terraform-provider-aws/blob/v6.46.0/internal/service/sagemaker/model.go).
"""

from collections.abc import Iterator, Mapping

from catalogue.behaviour import values_at
from catalogue.kinds.aws.cloudwatch import ALARM
from catalogue.kinds.aws.sagemaker import CONFIGURATION, ENDPOINT
from catalogue.kinds.aws.sns import SUBSCRIPTION
from catalogue.marked import Json
from sandbox.clouds.alarm import AlarmKind, Bound, Figure, read_alarms
from sandbox.clouds.manners import Bridged, CloudSaysNo, Manners
from sandbox.state import State
from sandbox.state.records import Record

_SENTENCES: Mapping[str, str] = {
    "exists": "creating {kind} ({name}): AlreadyExists: {said}",
    "missing": "{kind} ({name}): ValidationException: {said}",
    "held": "deleting {kind} ({name}): ResourceInUse: {said}",
    "stays": "creating {kind} ({name}): {said}",
    "quota-exceeded": "creating {kind} ({name}): ResourceLimitExceeded: the account-level service limit"
    " '{said} for endpoint usage' is 0 Instances, with current utilization of 0 Instances and a request delta of 1"
    " Instances. Use AWS Service Quotas to request an increase for this quota.",
    "no-region": "creating {kind} ({name}): configuring provider: retrieving AWS account details: operation error STS:"
    " GetCallerIdentity, https response error StatusCode: 403, api error InvalidClientTokenId: The security token"
    " included in the request is invalid.",
    "no-right": "{kind} ({name}): AccessDenied: User: arn:aws:sts::{account}:assumed-role/deployer/session is not"
    " authorized to perform: {said} on resource: {name} because no identity-based policy allows the {said} action",
    "over-quota": "creating {kind} ({name}): ResourceLimitExceeded: The account-level service limit '{said}' is {limit}"
    " Instances, with current utilization of {used} Instances and a request delta of {more} Instances. Use AWS Service"
    " Quotas to request an increase for this quota.",
    "too-many": "creating {kind} ({name}): {said}",
    "over-quota-things": "creating {kind} ({name}): ResourceLimitExceeded: The account-level service limit '{said}' is"
    " {limit}, with current utilization of {used} and a request delta of {more}. Use AWS Service Quotas to request an"
    " increase for this quota.",
    "no-artifact": "creating {kind} ({name}): ValidationException: Could not find model data at {said}.",
    "no-image": "creating {kind} ({name}): ValidationException: Requested image {said} not found.",
    "no-capacity": "creating {kind} ({name}): InsufficientInstanceCapacity: unable to provision requested ML"
    " compute capacity of {said}; retry later, or with another instance type.",
    "throttle": "{kind} ({name}): ThrottlingException: Rate exceeded",
    "server-error": "{kind} ({name}): https response error StatusCode: 503, ServiceUnavailable: Service is unable to"
    " handle request.",
    "access-denied": "{kind} ({name}): AccessDeniedException: User:"
    " arn:aws:sts::{account}:assumed-role/{said}/session is not authorized to perform this operation",
    "fails-after-success": "creating {kind} ({name}): waiting for completion: timeout while waiting for state to"
    " become 'InService'",
    "name-held": "creating {kind} ({name}): OperationAborted: {said} is being deleted; try again later",
}


def _is_foreign(id_: str, account: str) -> bool:
    """An ARN names its account, or none (a bucket's). A name without an ARN is of the own account."""
    if not id_.startswith("arn:"):
        return False
    return (id_.split(":")[4] if id_.count(":") >= 5 else "") not in ("", account)


_CLOUDWATCH: Mapping[tuple[str, str], tuple[Figure, float]] = {
    ("Invocations", "Sum"): ("requests", 1),
    ("Invocation5XXErrors", "Average"): ("errors", 0.01),
    ("ModelLatency", "p95"): ("latency", 1000),  # in microseconds
}


_MACHINES = "/aws/sagemaker/Endpoints"


def _metric_alarm(inputs: Json) -> Iterator[tuple[str, tuple[Bound, ...]]]:
    """An alarm on one metric, or on metric math of several.

    What is played in is an endpoint's, whichever of its configurations answers, so that an alarm on the new fleet alone
    (EndpointConfigName) rings as one on the endpoint does. Math that adds what the machines publish has a value, 0,
    while nobody calls.
    """
    queries = [query["metric"] for query in inputs.get("metricQueries", ()) if query.get("metric")]
    stands = any(metric.get("namespace") == _MACHINES for metric in queries)
    for metric in queries or [inputs]:
        statistic = metric.get("stat") or metric.get("statistic") or metric.get("extendedStatistic")
        watched = _CLOUDWATCH.get((metric.get("metricName", ""), str(statistic)))
        endpoint = metric.get("dimensions", {}).get("EndpointName")
        if metric.get("namespace") != "AWS/SageMaker" or watched is None or endpoint is None:
            continue
        above = inputs["comparisonOperator"].startswith("GreaterThan")
        breaching = inputs.get("treatMissingData") == "breaching"
        beyond = inputs["threshold"] + (1 if above else -1)  # missing data counts as beyond the threshold
        silent = 0.0 if stands else beyond if breaching else None
        bound = Bound(endpoint, *watched, above, inputs["threshold"], silent)
        yield inputs.get("alarmDescription", ""), (bound,)


def _subscribers(state: State, alarm: Record) -> Iterator[str]:
    topics: list[str] = alarm.inputs.get("alarmActions", [])
    for one in state.resources.find(type=SUBSCRIPTION):
        if one.inputs["topic"] in topics and one.inputs["protocol"] == "email":
            yield one.inputs["endpoint"]


_ALARMS: Mapping[str, AlarmKind] = {ALARM: AlarmKind(_metric_alarm, _subscribers)}


def _blue_green(state: State, record: Record, wanted: Json) -> Json:
    """Update an endpoint as SageMaker does: it serves the new configuration, or rolls back if one of its alarms rings.

    The provider waits for InService and then reports success. A rolled back endpoint is InService too (issues 46663
    and 48997 of terraform-provider-aws). An endpoint cannot be updated once its present configuration is deleted
    (issue 40048).
    """
    serves = record.inputs["endpointConfigName"]
    if wanted["endpointConfigName"] == serves:
        return {}
    if not state.resources.get(CONFIGURATION, serves, record.account):
        arn = f"arn:aws:sagemaker:{record.region}:{record.account}:endpoint-config/{serves}"
        said = f'ValidationException: Could not find endpoint configuration "{arn}".'
        raise CloudSaysNo(
            f"updating SageMaker AI Endpoint ({record.name}): operation error SageMaker: UpdateEndpoint, {said}"
        )
    ringing = {alarm.name for alarm in read_alarms(state, _ALARMS) if alarm.rings}
    watched = values_at(wanted, "deploymentConfig.autoRollbackConfiguration.alarms.alarmName")
    rang = sorted(ringing & set(watched))
    if not rang:
        return {}
    said = f"taken back: {wanted['endpointConfigName']}, for {rang[0]} rings"
    state.journal.note("rollback", record.type, record.name, record.id, said=said)
    return {"endpointConfigName": serves}


MANNERS = Manners(
    platform="aws",
    package="aws",
    sdk="pulumi-aws",
    provider=Bridged(),
    account_key="allowedAccountIds",
    region_key="region",
    sentences=_SENTENCES,
    is_foreign=_is_foreign,
    endpoint=ENDPOINT,
    alarms=_ALARMS,
    changers={ENDPOINT: _blue_green},
)
