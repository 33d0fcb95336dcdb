"""What is sent for an item has the item's own numbers: below a limit another is a finding all the same."""

import json
from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws.mlplatform import APPROVED_VERSION
from operations.evaluation import evaluate
from policies import pack
from tests.mutate import changed, keyless, put, swapped, without
from tests.policies.aws.test_rules import (
    ALARM,
    CONFIG,
    DOMAIN,
    LIFECYCLE,
    MACHINE,
    MODEL,
    SERVED,
    TARGET,
    TRAFFIC,
    Mutation,
    adding,
    both,
    first,
    setting,
)

(RULE,) = (one for one in pack.RULES["aws"] if one.name == "limits-stated")
POLICY, SCHEDULE = "aws:appautoscaling/policy:Policy", "aws:scheduler/schedule:Schedule"
BUDGET, VPC, SUBNET = "aws:budgets/budget:Budget", "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
VARIANT, CAPTURE = "productionVariants.0", "dataCaptureConfig"
IDLE = "defaultUserSettings.jupyterLabAppSettings.appLifecycleManagement.idleSettings.idleTimeoutInMinutes"
FULL, SCORER = "targetTrackingScalingPolicyConfiguration.targetValue", "fraud-scorer"
OFFICE = {"hours.weekdays": "07:00-19:00", "hours.timezone": "Europe/Berlin"}


def found(graph: Graph) -> list[str]:
    """What the rule says of a graph."""
    return [finding.message for finding in evaluate(graph, [RULE]).findings]


def saying(graph: Graph, **words: str) -> Graph:
    """The graph of a stack file that says other words."""
    assert graph.placement is not None
    stated = {**dict(graph.placement.stated), **words}
    return replace(graph, placement=replace(graph.placement, stated=tuple(stated.items())))


def in_run(path: str, value: Any, name: str = "fraud-backfill") -> Mutation:
    """A state machine whose definition says something else."""

    def mutate(graph: Graph) -> Graph:
        machine = first(graph, MACHINE, name)
        definition = json.loads(machine.inputs["definition"])
        put(definition, path, value)
        return changed(graph, machine, lambda p: put(p, "definition", json.dumps(definition)))

    return mutate


def the_others_model(graph: Graph) -> Graph:
    """The online endpoint serving the model of the other one."""
    name = first(graph, MODEL, "embedder").outputs["name"]
    return setting(CONFIG, f"{VARIANT}.modelName", name, SCORER)(graph)


ENVIRONMENT = "primaryContainer.environment"
TRANSFORM = "States.Transform.Parameters"


@pytest.mark.parametrize("engine", [False, True])
@pytest.mark.parametrize(
    ("mutation", "said"),
    [
        (setting(TARGET, "minCapacity", 3, SCORER), "endpoints.fraud-scorer.min_replicas of the stack file says 2"),
        (setting(TARGET, "maxCapacity", 3, SCORER), "endpoints.fraud-scorer.max_replicas of the stack file says 4"),
        (setting(POLICY, FULL, 60, SCORER), "requests_per_replica_per_minute of the stack file says 600"),
        (setting(POLICY, FULL, 50, "backlog"), "backlog_per_replica of the stack file says 5"),
        (setting(SERVED, f"{TRAFFIC}.canarySize.value", 20, SCORER), "canary.percent of the stack file says 10"),
        (setting(SERVED, f"{TRAFFIC}.waitIntervalInSeconds", 300, SCORER), "bake_minutes of the stack file says 10"),
        (setting(CONFIG, f"{VARIANT}.instanceType", "ml.m5.xlarge", SCORER), "says cpu-small, which is ml.m5.large"),
        (setting(CONFIG, f"{VARIANT}.initialInstanceCount", 3, SCORER), "min_replicas of the stack file says 2"),
        (setting(CONFIG, f"{CAPTURE}.initialSamplingPercentage", 20, SCORER), "percent of the stack file says 10"),
        (setting(LIFECYCLE, "rules.2.expiration.days", 7, "artifacts"), "capture.days of the stack file says 30"),
        (
            setting(LIFECYCLE, "rules.5.expiration.days", 7, "artifacts"),
            "keeps answers for days: 7, where the stack file",
        ),
        (
            setting(LIFECYCLE, "rules.6.expiration.days", 7, "artifacts"),
            "keeps answers for days: 7, where the stack file",
        ),
        (setting(LIFECYCLE, "rules.4.expiration.days", 90, "artifacts"), "keeps requests for days: 90, where the endp"),
        (setting(ALARM, "threshold", 0.04, "scorer-errors"), "error_rate_percent of the stack file says 1"),
        (setting(ALARM, "threshold", 0.04, "embedder-new-errors"), "error_rate_percent of the stack file says 5"),
        (setting(ALARM, "threshold", 900_000, "scorer-p95"), "p95_latency_ms of the stack file says 250"),
        (setting(MODEL, "primaryContainer.image", "1.dkr.ecr.us-east-1.amazonaws.com/x:1", "embedder"), "models.d"),
        (setting(MODEL, ENVIRONMENT, {"HF_MODEL_ID": "x"}, "embedder"), "is told another HF_MODEL_ID"),
        (setting(ALARM, "extendedStatistic", "p90", "scorer-p95"), "on another statistic than the p95"),
        (
            setting(CONFIG, f"{CAPTURE}.captureOptions", [{"captureMode": "Input"}], SCORER),
            "does not capture the output",
        ),
        (the_others_model, "serves aws-pilot-document-embedder-model, which is made for endpoints.document-embedder"),
        (setting(LIFECYCLE, "rules.3.expiration.days", 1, "artifacts"), "leaves out batch_jobs.fraud-backfill.keep"),
        (in_run("TimeoutSeconds", 7200), "is stopped after 2 hours"),
        (in_run(f"{TRANSFORM}.TransformResources.InstanceCount", 3), "replicas of the stack file says 2"),
        (in_run(f"{TRANSFORM}.TransformResources.InstanceType", "ml.m5.xlarge"), "which is ml.m5.large"),
        (
            in_run(f"{TRANSFORM}.TransformOutput", {"S3OutputPath": "s3://a/"}),
            "output_uri of the stack file says s3://",
        ),
        (in_run(f"{TRANSFORM}.TransformInput.DataSource.S3DataSource.S3Uri", "s3://a/"), "reads s3://a/, where batch"),
        (setting(SCHEDULE, "scheduleExpression", "cron(30 5 * * ? *)"), "schedule of the stack file says 30 4 * * *"),
        (setting(SCHEDULE, "scheduleExpression", "cron(30 4 * * ? 2027)"), "schedule of the stack file says"),
        (setting(SCHEDULE, "scheduleExpressionTimezone", "UTC"), "timezone of the stack file says Europe/Berlin"),
        (setting(BUDGET, "limitAmount", "2499.00"), "budget.monthly_usd of the stack file says 2500"),
        (setting(DOMAIN, IDLE, 61), "workspace.idle_timeout_minutes of the stack file says 60"),
        (setting(VPC, "cidrBlock", "10.41.0.0/20"), "network.cidr of the stack file says 10.40.0.0/20"),
        (setting(SUBNET, "availabilityZone", "us-east-1c"), "network.zones of the stack file says us-east-1a, us-east"),
        (
            setting(SUBNET, "availabilityZone", "us-east-1c"),
            "workspace.zones of the stack file says us-east-1a, us-eas",
        ),
    ],
)
def test_a_value_that_the_file_does_not_say_is_found(
    aws_pilot: Graph, engine: bool, mutation: Mutation, said: str
) -> None:
    """On the engine no resource has a `stack_key`; there the component's name tells the item."""
    graph = mutation(aws_pilot)
    if engine:
        graph = keyless(graph)
    messages = found(graph)
    assert any(said in message for message in messages), messages


def test_what_the_file_says_is_no_finding_and_what_it_leaves_out_is_the_limits(aws_pilot: Graph) -> None:
    assert found(aws_pilot) == []
    place, graph = aws_pilot.placement, setting(TARGET, "maxCapacity", 3, SCORER)(aws_pilot)
    assert place is not None and len(found(graph)) == 1
    less = tuple(one for one in place.stated if one[0] != "endpoints.fraud-scorer.max_replicas")
    assert found(replace(graph, placement=replace(place, stated=less))) == []
    assert found(replace(graph, ours=False)) == []


def test_an_edit_of_the_file_and_of_what_is_sent_alike_is_no_finding(aws_pilot: Graph) -> None:
    """Days of the week have names, numbers from 0 and numbers from 1; a budget has two decimals."""
    graph = saying(
        both(
            setting(TARGET, "maxCapacity", 6, SCORER),
            setting(SCHEDULE, "scheduleExpression", "cron(0 5 ? * 2,3,4,5,6 *)"),
            setting(BUDGET, "limitAmount", "99.99"),
        )(aws_pilot),
        **{
            "endpoints.fraud-scorer.max_replicas": "6",
            "batch_jobs.fraud-backfill.schedule": "0 5 * * 1-5",
            "budget.monthly_usd": "99.994",
        },
    )
    assert found(graph) == []


def test_requests_through_a_queue_stay_as_long_as_the_longest_answers(aws_pilot: Graph) -> None:
    longer = both(*(setting(LIFECYCLE, f"rules.{one}.expiration.days", 90, "artifacts") for one in (4, 5, 6)))
    words = {"endpoints.document-embedder.keep_days": "90"}
    assert found(saying(longer(aws_pilot), **words)) == []
    (message, *_) = found(saying(aws_pilot, **words))
    assert (
        "keeps answers for days: 30, where endpoints.document-embedder.keep_days of the stack file says 90" in message
    )


def test_a_capture_and_a_time_to_start_that_the_file_does_not_ask_for_are_found(aws_pilot: Graph) -> None:
    place = aws_pilot.placement
    assert place is not None
    stated = tuple(one for one in place.stated if ".capture." not in one[0])
    (message,) = found(replace(aws_pilot, placement=replace(place, stated=stated)))
    assert "says no capture" in message
    at = "containerStartupHealthCheckTimeoutInSeconds"
    slow = changed(aws_pilot, first(aws_pilot, CONFIG), lambda p: p["productionVariants"][0].update({at: 900}))
    (message,) = found(slow)
    assert "may take 900 seconds to start" in message


def moved(schedule: str, low: int, high: int, timezone: str = "Europe/Berlin") -> Mutation:
    """A scheduled action of the pilot's asynchronous endpoint."""
    return adding(
        "aws:appautoscaling/scheduledAction:ScheduledAction",
        resourceId="endpoint/aws-pilot-document-embedder/variant/live",
        schedule=schedule,
        timezone=timezone,
        scalableTargetAction={"minCapacity": low, "maxCapacity": high},
    )


OPENS, CLOSES = "cron(0 7 ? * MON,TUE,WED,THU,FRI *)", "cron(0 19 ? * MON,TUE,WED,THU,FRI *)"


@pytest.mark.parametrize(
    ("mutation", "hours", "said"),
    [
        (both(moved(OPENS, 0, 2), moved(CLOSES, 0, 0)), OFFICE, ""),
        (both(moved(OPENS, 0, 2), moved(CLOSES, 0, 0)), {}, "is moved by the clock"),
        (both(moved(OPENS, 2, 2), moved(CLOSES, 0, 0)), OFFICE, "to another range"),
        (both(moved(OPENS, 0, 2), moved(CLOSES.replace("19", "20"), 0, 0)), OFFICE, "is closed at other hours"),
        (both(moved(OPENS, 0, 2), moved("rate(1 day)", 0, 0)), OFFICE, "is closed at other hours"),
        (both(moved(OPENS, 0, 2, "UTC"), moved(CLOSES, 0, 0, "UTC")), OFFICE, "hours.timezone of the stack file says"),
        (setting(TARGET, "minCapacity", 0, "embedder"), OFFICE, "is not moved by the clock"),
    ],
)
def test_a_range_is_moved_at_the_hours_of_the_file_alone(
    aws_pilot: Graph, mutation: Mutation, hours: dict[str, str], said: str
) -> None:
    words = {f"endpoints.document-embedder.{key}": value for key, value in hours.items()}
    messages = found(saying(mutation(aws_pilot), **words))
    assert any(said in message for message in messages) if said else messages == []


def test_a_range_whose_changes_are_ignored_has_hours_that_move_it(aws_pilot: Graph) -> None:
    target = replace(first(aws_pilot, TARGET, "embedder"), options={"ignoreChanges": ["minCapacity", "maxCapacity"]})
    graph = swapped(aws_pilot, target)
    assert any("ignores changes of its range" in message for message in found(graph))
    words = {f"endpoints.document-embedder.{key}": value for key, value in OFFICE.items()}
    assert found(saying(both(moved(OPENS, 0, 2), moved(CLOSES, 0, 0))(graph), **words)) == []


def test_a_model_has_the_environment_the_version_and_the_digest_of_its_own(aws_pilot: Graph) -> None:
    told = setting(MODEL, ENVIRONMENT, {"LEVEL": "{}"}, "embedder")(aws_pilot)
    assert found(saying(told, **{"models.document-embedder.environment.LEVEL": "{}"})) == []
    assert len(found(saying(aws_pilot, **{"models.document-embedder.environment.LEVEL": "2"}))) == 1
    asked = first(aws_pilot, MODEL, "scorer").stack_key
    urn = f"urn:pulumi:aws-pilot::mlplatform::{APPROVED_VERSION}::a"
    version = Resource(urn, APPROVED_VERSION, "a", True, inputs={"version": 2, "digest": "sha256:b"}, stack_key=asked)
    graph = saying(
        replace(aws_pilot, resources=(*aws_pilot.resources, version)),
        **{"models.fraud-scorer.version": "1", "models.fraud-scorer.digest": "sha256:a"},
    )
    assert {"digest" in message for message in found(graph)} == {True, False}


def test_what_a_file_left_without_a_zone_starts_by_utc(aws_pilot: Graph) -> None:
    place = aws_pilot.placement
    assert place is not None
    stated = tuple(one for one in place.stated if one[0] != "batch_jobs.fraud-backfill.timezone")
    (message,) = found(replace(aws_pilot, placement=replace(place, stated=stated)))
    assert "starts by the clock of Europe/Berlin" in message


def test_what_stands_in_no_component_is_no_item(aws_pilot: Graph) -> None:
    graph = without(aws_pilot, first(aws_pilot, "mlplatform-aws:index:Endpoint", SCORER))
    assert not any("fraud-scorer" in message for message in found(keyless(graph)))
