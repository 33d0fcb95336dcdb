"""Limits that only AWS has: accounts, ranges and their policies, idle applications, runs and stores.

policies/everywhere.py judges replicas, machine types, quotas, regions and retention.
"""

from collections.abc import Iterator

from catalogue.full import FULL
from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import (
    appautoscaling,
    cloudtrail,
    cloudwatch,
    ec2,
    ecr,
    pipelines,
    s3,
    sagemaker,
    scheduler,
    sfn,
    studio,
    watched,
)
from catalogue.kinds.aws.jobs import SCORES, TUNES, USES, Job
from catalogue.kinds.aws.provider import PROVIDER, allowed_accounts
from catalogue.properties import Malformed, Properties
from policies import limits
from policies.aws.capture import prefix_of
from policies.aws.outputs import trained_into, written_for_a_while
from policies.aws.queues import answered_for_a_while
from policies.aws.reach import known_jobs
from policies.aws.tuned import LIMITS
from policies.limits import OWN, Limits
from policies.rule import limit_rule, resource_rule, stack_rule


@resource_rule(
    "limits-account",
    PROVIDER,
    severity="high",
    says="The provider refuses any other account than the pilot's.",
    remedy="Keep allowed_account_ids on the provider.",
)
def account(props: Properties) -> Iterator[str]:
    """Without it the current credentials decide into which account the stack goes."""
    if not allowed_accounts(props):
        yield "would deploy to whatever account the credentials name"


@stack_rule(
    "limits-autoscaled",
    sagemaker.ENDPOINT,
    severity="high",
    says="Every endpoint is autoscaled, so its replicas have an upper bound.",
    remedy="Keep the endpoint component's scalable target.",
)
def autoscaled(graph: Graph, resource: Resource) -> Iterator[str]:
    """Each variant on instances has a scalable target or its own range. A shadow keeps its first number of replicas."""
    for configuration in sagemaker.configurations(graph, resource):
        variants = sagemaker.variants(configuration)
        alone = len(variants) == 1 and not sagemaker.shadows(configuration)
        for variant in variants:
            bounded = "serverlessConfig" in variant or sagemaker.managed_scaling(variant) is not None
            if not bounded and not sagemaker.targets(graph, resource, variant, alone):
                yield f"is not autoscaled, so nothing bounds its replicas{_of(variant, alone)}"


@stack_rule(
    "limits-zones",
    sagemaker.MODEL,
    severity="high",
    says="A served model's machines may stand in as many zones as the limit asks for.",
    remedy=f"Name more zones under network.zones in the stack file, or have the limit's owner change it in {OWN}.",
    stack_key="network.zones",
)
def zones(graph: Graph, model: Resource) -> Iterator[str]:
    """SageMaker spreads instances over the zones of a model's subnets
    (https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-best-practices.html). On Vertex AI and Azure ML a stack
    does not choose the zones in which a model is served. A model outside of the network is a finding of
    `network-model-isolated`.
    """
    least = limits.of(graph)["zones-at-least"].number
    subnets = graph.refers(model, "vpcConfig", ec2.SUBNET)
    stands = {subnet.props.text_or_empty("availabilityZone") for subnet in subnets} - {""}
    if 0 < len(stands) < least:
        yield f"may run in {len(stands)} zones, at least {least:g} asked for"


def _of(variant: Properties, alone: bool) -> str:
    return "" if alone else f" ({variant.text_or_empty('variantName')})"


@stack_rule(
    "limits-scaling-policy",
    appautoscaling.TARGET,
    severity="high",
    says="A scalable target is scaled out and in. One that may stand at zero has a policy that wakes it.",
    remedy="Keep the endpoint component's target tracking, and its wake-up step and alarm where min_replicas is 0. "
    "Give requests_per_replica_per_minute or backlog_per_replica a number that a replica can be full at.",
)
def scaling_policy(graph: Graph, resource: Resource) -> Iterator[str]:
    """Target tracking scales in. From zero, a step policy with the alarm on HasBacklogWithoutCapacity scales out.

    Where a scheduled action leaves a range from zero that is not closed, it may stand at zero as well.
    """
    policies = graph.referring(appautoscaling.POLICY, "resourceId", resource)
    tracking = "targetTrackingScalingPolicyConfiguration"
    tracks = [p.props.section_or_empty(tracking) for p in policies if tracking in p.props]
    if not tracks:
        yield "has no target tracking, so it never scales in"
    if any(policy.flag_or_none("disableScaleIn") for policy in tracks):
        yield "has target tracking that never scales in (disableScaleIn)"
    for policy in tracks:
        yield from _tracked(policy)
        for dimension in policy.each_section("customizedMetricSpecification.dimensions"):
            tracked, own = dimension.text_if_known("value"), _endpoint_of(resource)
            if dimension.text_or_empty("name") == "EndpointName" and tracked and own and tracked != own:
                yield f"is scaled by the queue of {tracked}, which is another endpoint's"
        yield from _crowded(graph, resource, policy)
    steps = [p for p in policies if "stepScalingPolicyConfiguration" in p.props]
    if _stands_at_zero(graph, resource) and not any(_is_woken(graph, resource, step) for step in steps):
        yield "may stand at zero replicas, and no policy starts the first one"


_TRACKED = {
    "SageMakerVariantInvocationsPerInstance": FULL["aws", "online"],
    "ApproximateBacklogSizePerInstance": FULL["aws", "async"],
}


def _tracked(policy: Properties) -> Iterator[str]:
    """A target below what a replica serves starts every machine at the first requests; one far above starts none."""
    named = [
        policy.section_or_empty("predefinedMetricSpecification").text_or_empty("predefinedMetricType"),
        policy.section_or_empty("customizedMetricSpecification").text_or_empty("metricName"),
    ]
    if sum(map(bool, named)) != 1:
        yield "tracks no metric, or two, which AWS refuses"
    full = next((_TRACKED[one] for one in named if one in _TRACKED), None)
    value = policy.number_or_none("targetValue")
    if full and value is not None and not full.least <= value <= full.most:
        yield f"takes a replica for full at {value:g} {full.of}, where {full.least} to {full.most} is allowed"


def _crowded(graph: Graph, target: Resource, policy: Properties) -> Iterator[str]:
    """A replica that is asked more at once than it is full at is never full by its queue, which counts what it answers:
    another is started while it could answer, or it is asked what it cannot. The team's own choice in another program.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AsyncInferenceClientConfig.html
    """
    full = policy.number_or_none("targetValue")
    for endpoint in graph.refers(target, "resourceId", sagemaker.ENDPOINT) if graph.ours and full else ():
        for configuration in sagemaker.configurations(graph, endpoint):
            asked = configuration.props.number_or_none(_AT_ONCE)
            if asked is not None and full is not None and asked > full:
                yield f"is full at {full:g} requests in the queue, and each replica is asked {asked:g} at once"


_AT_ONCE = "asyncInferenceConfig.clientConfig.maxConcurrentInvocationsPerInstance"


def _stands_at_zero(graph: Graph, target: Resource) -> bool:
    """Whether a range may be open and hold no replica. One whose most is 0 is closed, and an action opens it again."""
    moved = [appautoscaling.moves(action) for action in appautoscaling.scheduled(graph, target)]
    return target.props.number_or_none("minCapacity") == 0 or any(low == 0 and most != 0 for low, most in moved)


def _is_woken(graph: Graph, target: Resource, step: Resource) -> bool:
    """By an alarm on the queue of the target's own endpoint, as far as the names are known."""
    alarms = [one.props for one in graph.referring(cloudwatch.ALARM, "alarmActions", step)]
    waits = [one for one in alarms if one.text_or_empty("metricName") == "HasBacklogWithoutCapacity"]
    watched = [one.section_or_empty("dimensions").text_if_known("EndpointName") for one in waits]
    own = _endpoint_of(target)
    return any(not one or not own or one == own for one in watched)


def _endpoint_of(target: Resource) -> str:
    """The endpoint that a target scales, by its resource id `endpoint/NAME/variant/VARIANT`; empty until it is known.

    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-add-code-register.html
    """
    return target.props.text_if_known("resourceId").removeprefix("endpoint/").partition("/")[0]


@stack_rule(
    "limits-scheduled-scaling",
    appautoscaling.SCHEDULED,
    severity="high",
    says="A scheduled action moves a range of the stack's own, and what one switches off another switches on again.",
    remedy="Say an endpoint's hours in the stack file; take the action out, or bring its pair in.",
)
def scheduled_scaling(graph: Graph, resource: Resource) -> Iterator[str]:
    """What an action allows counts as the range itself does, in `limits-replicas`, the quotas and the bill.

    A range that is not in the stack is judged nowhere. Where the most is 0, no policy starts a replica, whatever waits:
    https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scheduled-scaling.html
    """
    of_target = [appautoscaling.scheduled(graph, target) for target in graph.of(appautoscaling.TARGET)]
    beside = [action for actions in of_target if resource in actions for action in actions]
    if not beside:
        yield "moves a range that is not in the stack, so that nothing bounds what it starts"
    elif appautoscaling.moves(resource)[1] == 0 and not any(appautoscaling.moves(each)[1] for each in beside):
        yield "switches off what no other scheduled action switches on again"


@limit_rule(
    "limits-idle-shutdown",
    studio.DOMAIN,
    studio.USER_PROFILE,
    severity="high",
    says="Workspace applications stop when idle.",
    remedy="Set workspace.idle_timeout_minutes in the stack file to at most the limit.",
)
def idle_shutdown(known: Limits, props: Properties) -> Iterator[str]:
    """JupyterLab and Code Editor, in the settings of the domain, of a user and of a space. They could run for weeks."""
    limit = known["idle-timeout-minutes"].number
    for settings in ("defaultUserSettings", "defaultSpaceSettings", "userSettings"):
        for app in ("jupyterLabAppSettings", "codeEditorAppSettings"):
            idle = props.section_or_empty(f"{settings}.{app}.appLifecycleManagement.idleSettings")
            if not idle and (settings != "defaultUserSettings" or "userProfileName" in props):
                continue  # the domain's default for users applies
            minutes = idle.number_or_none("idleTimeoutInMinutes") or 0
            if idle.text_or_empty("lifecycleManagement") != "ENABLED" or not 0 < minutes <= limit:
                yield f"does not stop idle applications within {limit:g} minutes ({app})"
            if not 0 < (idle.number_or_none("maxIdleTimeoutInMinutes") or 0) <= limit:
                yield f"lets a user raise the idle timeout beyond {limit:g} minutes ({app})"


@stack_rule(
    "limits-batch-time",
    *sfn.DEFINED,
    severity="high",
    says="A run of a batch job or of a pipeline ends in time, and is retried a bounded number of times. A transform "
    "job of a step, which ends by no time of its own, is stopped by a state machine that looks for it by the clock.",
    remedy="Set max_hours in the stack file to at most the limit. Keep what the pipeline component makes to stop "
    "transform jobs: a state machine that lists those in progress, waits and stops them, and its schedule.",
)
def batch_time(graph: Graph, resource: Resource) -> Iterator[str]:
    """The machine has TimeoutSeconds. Each job is retried, and every retry is bounded at three times."""
    limit, props = limits.of(graph)["batch-hours"].number, resource.props
    if pipelines.AT in props:
        yield from _steps_in_time(graph, props, limit)
        return
    definition, jobs = sfn.definition(props), list(sfn.jobs(props))
    if not 0 < (definition.number_or_none("TimeoutSeconds") or 0) <= limit * 3600:
        yield f"may run longer than {limit:g} hours"
    for job in jobs:
        ends = definition.number_or_none("TimeoutSeconds") or 0
        yield from (f"{wrong} ({job.state})" for wrong in _trains_in_time(job, ends, limit * 3600))
        if not any(True for _ in job.task.each_section("Retry")):
            yield f"is not retried ({job.state})"
    for state in definition.sections_inside():
        if "Retry" in state and not all(_is_bounded(retry) for retry in state.each_section("Retry")):
            yield f"is retried without a bound ({state.at})"
    if graph.ours and not jobs:
        yield from _stops_only_steps(graph, resource)


def _stops_only_steps(graph: Graph, machine: Resource) -> Iterator[str]:
    """A state machine that starts no job is there to stop those of steps, and each of its turns stops those of a step
    and no others: a part of a name that fits another job stops that one early.
    """
    steps = [job for one in graph.of(sfn.PIPELINE) for job in known_jobs(graph, one) if job.action == SCORES]
    named = {job.request.text_or_empty("TransformJobName") for job in steps}
    watches = watched.of_machine(graph, machine)
    if not watches:
        yield "starts no job, and stops none that runs late"
    for watch in watches:
        if watch.named not in named:
            yield f"stops jobs with {watch.named} in their names, as no step of a pipeline calls its own"


def _steps_in_time(graph: Graph, props: Properties, hours: float) -> Iterator[str]:
    """SageMaker ends no run of a pipeline as a whole, so each step is held to the hours of a run by itself."""
    for job in pipelines.jobs(props):
        if job.action == SCORES:
            yield from _stopped_in_time(graph, job, hours)
            continue
        said = job.request.section_or_empty(LIMITS if job.action == TUNES else "StoppingCondition")
        own = [said.number_or_none(at) or 0 for at in ("MaxRuntimeInSeconds", "MaxWaitTimeInSeconds")]
        if not 0 < own[0] <= max(own) <= hours * 3600:
            yield f"may run longer than {hours:g} hours ({job.state})"
        yield from (f"{wrong} ({job.state})" for wrong in _trains_in_time(job, max(own), hours * 3600))


def _stopped_in_time(graph: Graph, job: Job, hours: float) -> Iterator[str]:
    """CreateTransformJob takes no time after which a job ends:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
    """
    stopped = [watch.hours for watch in watched.watches(graph) if watch.stops(job)]
    if not stopped:
        by = "no state machine of the stack looks for its jobs by the clock and stops them"
        yield f"scores with no end: {by} ({job.state})"
    elif min(stopped) > hours:
        yield f"may run longer than {hours:g} hours ({job.state})"


def _trains_in_time(job: Job, ends: float, most: float) -> Iterator[str]:
    """A training job ends by its own condition, before its run does, and so does each trial of a search, and the search
    itself; Spot machines are waited for as long as it says.

    By itself SageMaker stops a job after a day, a search after thirty, and waits for Spot machines as long as it is
    told to: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html,
    https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html
    """
    if job.action == TUNES:
        searches = job.request.number_or_none(f"{LIMITS}.MaxRuntimeInSeconds") or 0
        if not 0 < searches <= ends:
            yield f"searches for {searches:g} seconds, where 1 to {ends:g} are what its run lasts"
    for training in job.trainings():
        said = training.section_or_empty("StoppingCondition")
        runs, waits = said.number_or_none("MaxRuntimeInSeconds") or 0, said.number_or_none("MaxWaitTimeInSeconds")
        spot = training.flag_or_none("EnableManagedSpotTraining") is True
        if not 0 < runs <= most:
            yield f"trains for {runs:g} seconds, where 1 to {most:g} are allowed"
        if not (runs < waits <= ends if waits is not None else runs <= ends):
            yield "trains, or waits for Spot machines, for longer than its run lasts or than it says"
        if (waits is not None) != spot:
            yield "waits for Spot machines without asking for them, or asks and does not wait"
        if spot and not training.is_given("CheckpointConfig"):
            yield "begins anew whenever a Spot machine is taken away, for it keeps no checkpoints"


def _is_bounded(retry: Properties) -> bool:
    most = retry.number_or_none("MaxAttempts")
    return most is not None and 0 <= most <= 3


@limit_rule(
    "limits-batch-often",
    scheduler.SCHEDULE,
    severity="high",
    proof="cost visibility",
    says="A batch job starts no more often than the limit says: each run starts machines of its own.",
    remedy="Give the job a schedule with longer pauses; what is asked every few minutes is an endpoint.",
)
def batch_often(known: Limits, props: Properties) -> Iterator[str]:
    """By the mean of a month. A run bills from the start of its machines, so one a minute bills them all the time.

    https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
    """
    limit, path = known["batch-starts-a-day"].number, "scheduleExpression"
    try:
        starts = scheduler.runs_per_month(props.text_or_empty(path)) / _DAYS_A_MONTH
    except ValueError as error:
        raise Malformed(path, str(error), props.owner) from None
    if starts > limit * 1.01:  # a month has no whole number of days
        yield f"starts a run {starts:.0f} times a day, allowed {limit:g}"


_DAYS_A_MONTH = 365.25 / 12


@stack_rule(
    "limits-schedule-times",
    scheduler.SCHEDULE,
    severity="high",
    proof="cost visibility",
    says="No run of a batch job or of a pipeline starts while the last may still run.",
    remedy="In the stack file, give the job a schedule with more time between its starts, or fewer max_hours.",
)
def schedule_times(graph: Graph, schedule: Resource) -> Iterator[str]:
    """Each run has machines and quota of its own, which no other rule counts twice. A run that is over or stopped ends
    by its state machine's TimeoutSeconds: https://states-language.net/spec.html#timeouts
    """
    path = "scheduleExpression"
    for started in graph.refers(schedule, "target", *sfn.DEFINED) if graph.ours else ():
        if started.type == sfn.PIPELINE:
            longest = pipelines.longest_hours(graph, started) * 60
        else:
            longest = (sfn.definition(started.props).number_or_none("TimeoutSeconds") or 0) / 60
            if not any(USES[job.action] == "batch" for job in sfn.jobs(started.props)):
                continue
        try:
            pause = scheduler.shortest_pause_of(schedule.props.text_or_empty(path))
        except ValueError as error:
            raise Malformed(path, str(error), schedule) from None
        if pause < longest:
            yield f"starts a run after {pause:g} minutes, while the last may run for {longest:g}"


@resource_rule(
    "limits-schedule-retries",
    scheduler.SCHEDULE,
    severity="medium",
    says="A schedule gives up a start it cannot deliver.",
    remedy="Set the target's retry_policy.",
)
def schedule_retries(props: Properties) -> Iterator[str]:
    """The service's own default is 185 attempts over 24 hours."""
    policy = props.section_or_empty("target.retryPolicy")
    age = policy.number_or_none("maximumEventAgeInSeconds") or 0
    if not 0 < age <= 7200 or not policy.number_or_none("maximumRetryAttempts"):
        yield "retries a start for a day"


@stack_rule(
    "limits-stores-expire",
    s3.LIFECYCLE,
    ecr.REPOSITORY,
    severity="medium",
    says="Old object versions, unfinished uploads and untagged images are deleted after a time; records and artifacts "
    "in use are not.",
    remedy="Keep the lifecycle rules of PrivateBucket and the registry's clean-up policy.",
)
def stores_expire(graph: Graph, resource: Resource) -> Iterator[str]:
    """Bucket lifecycles clean up old versions and uploads; each image repository has a lifecycle policy.

    A record is kept as the limits say, and what a model starts from has no age:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html.
    """
    if resource.type == ecr.REPOSITORY:
        if not graph.referring(ecr.LIFECYCLE, "repository", resource):
            yield "keeps every image for ever"
        return
    rules = [r for r in resource.props.each_section("rules") if r.text_or_empty("status") == "Enabled"]
    for rule in rules:
        if not any(rule.is_given(action) for action in _ACTIONS):
            yield f"has a rule that does nothing, which S3 refuses ({rule.text_or_empty('id') or rule.at})"
    whole = [rule for rule in rules if not prefix_of(rule)]
    if _versioned(graph, resource) and not any(r.number_or_none(_OLD) for r in whole):
        yield "keeps old versions for ever"
    if not any(r.number_or_none("abortIncompleteMultipartUpload.daysAfterInitiation") for r in whole):
        yield "keeps unfinished uploads for ever"
    yield from _deletes_records(graph, resource, rules)
    yield from _deletes_artifacts(graph, resource, rules)
    yield from _deletes_others(graph, resource, rules)


def _versioned(graph: Graph, lifecycle: Resource) -> bool:
    """Whether a bucket may have old versions. One of the stack's that nothing versions has none."""
    buckets = graph.refers(lifecycle, "bucket", s3.BUCKET)
    return not buckets or any(
        graph.referring(s3.VERSIONING, "bucket", one) or one.props.is_given("versioning") for one in buckets
    )


_OLD = "noncurrentVersionExpiration.noncurrentDays"
_ACTIONS = (
    "abortIncompleteMultipartUpload",
    "expiration",
    "noncurrentVersionExpiration",
    "noncurrentVersionTransitions",
    "transitions",
)
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html"""
_BROUGHT_BACK = 30
"""Days for which a record or an artifact that somebody deleted or wrote over can be brought back, as a key that was."""


def _deletes_records(graph: Graph, lifecycle: Resource, rules: list[Properties]) -> Iterator[str]:
    """What a trail or a flow log wrote is kept as long as any other record."""
    least = limits.of(graph)["retention-days-at-least"].number
    for bucket in graph.refers(lifecycle, "bucket", s3.BUCKET):
        writers = graph.referring(cloudtrail.TRAIL, "s3BucketName", bucket)
        writers += graph.referring(ec2.FLOW_LOG, "logDestination", bucket)
        for rule in rules if writers else ():
            days, old = (rule.number_or_none(at) for at in ("expiration.days", _OLD))
            if days is not None and days < least:
                yield f"keeps what {writers[0].name} records for {days:g} days, at least {least:g} asked for"
            if rule.is_given("expiration.date"):
                yield f"deletes what {writers[0].name} records on a date, whatever its age"
            if old is not None and old < _BROUGHT_BACK:
                yield f"lets a record that was deleted be brought back for {old:g} days, at least {_BROUGHT_BACK} asked"


def _deletes_artifacts(graph: Graph, lifecycle: Resource, rules: list[Properties]) -> Iterator[str]:
    """A model starts again from its artifact whenever a machine is replaced or added."""
    place, artifacts = f"s3://{lifecycle.props.text_if_known('bucket')}/", sorted(sagemaker.artifacts_of(graph))
    for rule in rules:
        below, old = place + prefix_of(rule), rule.number_or_none(_OLD)
        deletes = rule.is_given("expiration.days") or rule.is_given("expiration.date")
        for uri in (uri for uri in artifacts if uri.startswith(below)):
            if deletes:
                yield f"deletes {uri}, from which a model starts"
            elif old is not None and old < _BROUGHT_BACK:
                yield f"lets {uri} that was deleted be brought back for {old:g} days, at least {_BROUGHT_BACK} asked"
        trained = (uri for uri in sorted(trained_into(graph)) if deletes and uri.startswith(below))
        yield from (f"deletes {uri}, where a training job puts what it trained" for uri in trained)


def _deletes_others(graph: Graph, lifecycle: Resource, rules: list[Properties]) -> Iterator[str]:
    """In a bucket of ours a rule may empty the folders of what is captured, of scores, of checkpoints and of a queue,
    and no other: people's work, data and what was trained have no age. Before endpoints stand the stack file says which
    capture.
    """
    name = lifecycle.props.text_if_known("bucket")
    if not graph.ours or graph.placement is None or not name or _has_records(graph, lifecycle):
        return
    captures = f"s3://{name}/{_CAPTURES}"
    own = {f"{captures}{key.split('.')[1]}/" for key, _ in graph.placement.stated if key.endswith(".capture.days")}
    standing = {f"{uri}/" for uri in sagemaker.captures_of(graph)}
    queues = answered_for_a_while(graph, name)
    for rule in rules:
        below = f"s3://{name}/{prefix_of(rule)}"
        deletes = rule.is_given("expiration.days") or rule.is_given("expiration.date")
        if deletes and below not in {captures, *own, *standing, *written_for_a_while(graph), *queues}:
            yield f"deletes what lies below {below}, which is no folder of captures, scores, checkpoints or answers"


_CAPTURES = "capture/"
"""Where the registry's bucket keeps what endpoints captured that capture no more."""


def _has_records(graph: Graph, lifecycle: Resource) -> bool:
    """Whether a trail or a flow log records in the bucket of a lifecycle."""
    writes = ((cloudtrail.TRAIL, "s3BucketName"), (ec2.FLOW_LOG, "logDestination"))
    buckets = graph.refers(lifecycle, "bucket", s3.BUCKET)
    return any(graph.referring(type_, path, bucket) for bucket in buckets for type_, path in writes)


RULES = [
    account,
    autoscaled,
    zones,
    scaling_policy,
    scheduled_scaling,
    idle_shutdown,
    batch_time,
    batch_often,
    schedule_times,
    schedule_retries,
    stores_expire,
]
