"""What the records of aws say that runs: every variant, job and nested state, and its bill."""

import json
from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue as hardware
from catalogue.kind import Bills, Keys
from catalogue.kinds.aws import sagemaker, sfn, studio
from catalogue.kinds.aws.scheduler import SCHEDULE
from catalogue.pricing import Bill, Pricing, Unpriced
from catalogue.properties import Malformed
from tests.catalogue.test_kinds_aws import KNOWN, resource, said, serves, task


def served(*variants: dict[str, Any], shadows: tuple[dict[str, Any], ...] = (), **more: Any) -> list[str]:
    """What an endpoint of these variants runs, in words."""
    config = resource(
        sagemaker.CONFIGURATION, "c", productionVariants=[*variants], shadowProductionVariants=[*shadows], **more
    )
    endpoint = resource(sagemaker.ENDPOINT, "e", name="e", refers={"endpointConfigName": [config.urn]})
    return said(Graph("s", "aws", (config, endpoint), {}), endpoint)


BLUE = {"variantName": "blue", "instanceType": "ml.m5.large", "initialInstanceCount": 2}
GREEN = {"variantName": "green", "instanceType": "ml.g6.xlarge", "initialInstanceCount": 3}


def test_every_variant_runs_shadows_and_serverless_included() -> None:
    assert served(BLUE) == ["online 2-2 ml.m5.large"]
    assert served(BLUE, GREEN) == ["online 2-2 ml.m5.large (variant blue)", "online 3-3 ml.g6.xlarge (variant green)"]
    assert served(BLUE, shadows=(GREEN,))[1] == "online 3-3 ml.g6.xlarge (shadow variant green)"
    assert served(BLUE, asyncInferenceConfig={"outputConfig": {}}) == ["async 2-2 ml.m5.large"]
    serverless = {"variantName": "s", "serverlessConfig": {"maxConcurrency": 5, "memorySizeInMb": 2048}}
    assert served(serverless) == ["online 0-5 serverless 2048 MB"]
    own = {**BLUE, "managedInstanceScaling": {"status": "ENABLED", "minInstanceCount": 1, "maxInstanceCount": 9}}
    assert served(own) == ["online 1-9 ml.m5.large"]


def test_a_volume_key_is_asked_for_on_exactly_the_machines_without_local_nvme() -> None:
    keys, machines = KNOWN[sagemaker.CONFIGURATION].keys, hardware.load("aws").machine_types
    assert isinstance(keys, Keys)
    (volume,) = (key for key in keys.at if key.path == "kmsKeyArn")
    for type_, machine in {**machines, "ml.of-next-year.large": hardware.HardwareFamily(summary="")}.items():
        for section in ("productionVariants", "shadowProductionVariants"):
            one = resource(sagemaker.CONFIGURATION, **{section: [{**BLUE, "instanceType": type_}]})
            assert volume.needed(Graph("s", "aws", (one,), {}), one) is not machine.local_nvme, type_
    mixed = resource(sagemaker.CONFIGURATION, productionVariants=[GREEN, BLUE])
    assert volume.needed(Graph("s", "aws", (mixed,), {}), mixed)
    series = {type_.split(".")[1] for type_, machine in machines.items() if machine.local_nvme}
    assert {"c6gd", "g7e", "m6gd", "p6-b300", "r7gd"} <= series


def target(variant: str, low: int, high: int) -> dict[str, Any]:
    return {"resourceId": f"endpoint/e/variant/{variant}", "minCapacity": low, "maxCapacity": high}


def test_a_target_is_that_of_its_variant_and_no_other() -> None:
    config = resource(sagemaker.CONFIGURATION, "c", productionVariants=[BLUE, GREEN])
    endpoint = resource(sagemaker.ENDPOINT, "e", name="e", refers={"endpointConfigName": [config.urn]})
    type_ = "aws:appautoscaling/target:Target"
    for refers in ({"resourceId": [endpoint.urn]}, {}):
        blue = resource(type_, "blue", refers=refers, **target("blue", 0, 7))
        green = resource(type_, "green", refers=refers, **target("green", 1, 2))
        graph = Graph("s", "aws", (config, endpoint, blue, green), {})
        # What a variant starts with counts among the most that may run.
        assert said(graph, endpoint) == [
            "online 0-7 ml.m5.large (variant blue)",
            "online 1-3 ml.g6.xlarge (variant green)",
        ]


def test_of_all_that_scales_a_variant_the_most_counts() -> None:
    own = {**BLUE, "managedInstanceScaling": {"status": "ENABLED", "minInstanceCount": 1, "maxInstanceCount": 3}}
    config = resource(sagemaker.CONFIGURATION, "c", productionVariants=[own])
    endpoint = resource(sagemaker.ENDPOINT, "e", name="e", refers={"endpointConfigName": [config.urn]})
    type_ = "aws:appautoscaling/target:Target"
    refers = resource(type_, "one", refers={"resourceId": [endpoint.urn]}, **target("blue", 1, 2))
    named = resource(type_, "two", **target("blue", 0, 40))
    assert said(Graph("s", "aws", (config, endpoint, refers), {}), endpoint) == ["online 1-3 ml.m5.large"]
    assert said(Graph("s", "aws", (config, endpoint, refers, named), {}), endpoint) == ["online 0-40 ml.m5.large"]


ACTION = "aws:appautoscaling/scheduledAction:ScheduledAction"


def in_hours(low: int, high: int, *actions: dict[str, Any], refers: bool = True, **more: Any) -> tuple[Graph, Resource]:
    """An endpoint of one ml.g6.xlarge behind a queue, its target, and these scheduled actions of the target."""
    one = {"variantName": "live", "instanceType": "ml.g6.xlarge", "initialInstanceCount": 1, **more}
    config = resource(sagemaker.CONFIGURATION, "c", productionVariants=[one], asyncInferenceConfig={"outputConfig": {}})
    endpoint = resource(sagemaker.ENDPOINT, "e", name="e", refers={"endpointConfigName": [config.urn]})
    scaled = resource(TARGET, "t", refers={"resourceId": [endpoint.urn]}, **target("live", low, high))
    where: dict[str, Any] = (
        {"refers": {"resourceId": [scaled.urn]}} if refers else {"resourceId": "endpoint/e/variant/live"}
    )
    moved = [resource(ACTION, f"a{n}", **where, **given) for n, given in enumerate(actions)]
    return Graph("s", "aws", (config, endpoint, scaled, *moved), {}), endpoint


def moves(schedule: str, low: int | None = None, high: int | None = None, **more: Any) -> dict[str, Any]:
    bounds = {"minCapacity": low, "maxCapacity": high}
    given = {key: value for key, value in bounds.items() if value is not None}
    return {"schedule": schedule, "timezone": "Asia/Tokyo", "scalableTargetAction": given, **more}


OPENS, CLOSES = moves("cron(0 7 ? * MON-FRI *)", 0, 2), moves("cron(0 19 ? * 2-6 *)", 0, 0)
TARGET = "aws:appautoscaling/target:Target"


@pytest.mark.parametrize("refers", [True, False])
def test_what_a_scheduled_action_allows_counts_among_the_most_that_may_run(refers: bool) -> None:
    graph, endpoint = in_hours(1, 2, moves("rate(1 day)", 0), moves("at(2027-01-01T00:00:00)", high=40), refers=refers)
    assert said(graph, endpoint) == ["async 0-40 ml.g6.xlarge"]
    other = replace(graph.resources[-1], inputs={"resourceId": "endpoint/e/variant/other"}, property_dependencies={})
    assert said(replace(graph, resources=(*graph.resources[:-1], other)), endpoint) == ["async 0-2 ml.g6.xlarge"]
    with pytest.raises(Malformed, match="maxCapacity is -1, which is no number of replicas"):
        said(*in_hours(1, 2, moves("rate(1 day)", high=-1)))


@pytest.mark.parametrize(
    ("low", "high", "actions", "idle", "most"),
    [
        (0, 2, [OPENS, CLOSES], 0, 2 * 60 / 168),
        # 08:00 to 18:00 on Saturday and on Sunday: 20 of 168 hours.
        (1, 3, [moves("cron(0 8 ? * 1,7 *)", 1, 3), moves("cron(0 18 ? * SAT,SUN *)", 0, 0)], 20 / 168, 60 / 168),
        # Four from Monday at noon on to Tuesday at noon, else two: 24 of 168 hours.
        (1, 2, [moves("cron(0 12 ? * 2 *)", high=4), moves("cron(0 12 ? * 3 *)", high=2)], 1, 2 + 2 * 24 / 168),
        # What nobody can tell counts as the dearest of all hours.
        (0, 2, [OPENS, {**CLOSES, "timezone": "UTC"}], 0, 2),
        (0, 2, [moves("rate(12 hours)", 1, 2), CLOSES], 1, 2),
        (0, 2, [OPENS, {**CLOSES, "endTime": "2026-12-01T00:00:00Z"}], 0, 2),
        (0, 2, [OPENS, moves("cron(0 19 L * ? 2026)", 0, 0)], 0, 2),
        (0, 2, [OPENS, moves("cron(* * ? * * *)", 0, 0)], 0, 2),
        (0, 2, [OPENS, moves("cron(0 19 ? * never *)", 0, 0)], 0, 2),
    ],
)
def test_off_hours_are_paid_for_by_the_hours_in_which_replicas_may_run(
    low: int, high: int, actions: list[dict[str, Any]], idle: float, most: float
) -> None:
    """The replicas that the hours ask for and allow on average, against a bill of one replica at any hour."""
    (graph, endpoint), (always, of_one) = in_hours(low, high, *actions), in_hours(1, 1)
    bill, one = priced(graph, endpoint), priced(always, of_one)
    assert bill.idle == pytest.approx(idle * one.idle) and bill.ceiling == pytest.approx(most * one.ceiling)
    if actions == [OPENS, CLOSES]:
        assert "0 to 0.7143 × ml.g6.xlarge, a mean over its hours, × 730 h" in bill.basis


SCALED = {"status": "ENABLED", "minInstanceCount": 1, "maxInstanceCount": 2}


@pytest.mark.parametrize(
    "variant",
    [
        {**BLUE, "initialInstanceCount": -4},
        {**BLUE, "initialInstanceCount": 0},
        {**BLUE, "initialInstanceCount": 1.5},
        {**BLUE, "managedInstanceScaling": {**SCALED, "minInstanceCount": -1}},
        {**BLUE, "managedInstanceScaling": {**SCALED, "maxInstanceCount": 0}},
        {"variantName": "s", "serverlessConfig": {"maxConcurrency": -5, "memorySizeInMb": 2048}},
        {"serverlessConfig": {"maxConcurrency": 5, "provisionedConcurrency": -1, "memorySizeInMb": 2048}},
    ],
)
def test_a_count_of_replicas_that_is_none_is_malformed(variant: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match="which is no number of replicas"):
        served(variant)


@pytest.mark.parametrize("size", [-100_000, 0])
def test_a_volume_without_a_size_is_malformed(size: int) -> None:
    config = resource(sagemaker.CONFIGURATION, "c", productionVariants=[{**BLUE, "volumeSizeInGb": size}])
    endpoint = resource(sagemaker.ENDPOINT, "e", name="e", refers={"endpointConfigName": [config.urn]})
    with pytest.raises(Malformed, match="volumeSizeInGb"):
        priced(Graph("s", "aws", (config, endpoint), {}), endpoint)


@pytest.mark.parametrize("variants", [(), ({"variantName": "x"},), (BLUE, {"variantName": "x", "modelName": "m"})])
def test_a_variant_of_an_unknown_kind_is_malformed(variants: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(Malformed, match=r"machines are unknown|unknown kind"):
        served(*variants)


def test_an_endpoint_of_a_configuration_elsewhere_is_malformed() -> None:
    endpoint = resource(sagemaker.ENDPOINT, "e", name="e", endpointConfigName="another")
    with pytest.raises(Malformed, match="not in the stack"):
        said(Graph("s", "aws", (endpoint,), {}), endpoint)


def machines(count: int = 1, type_: str = "ml.m5.large") -> dict[str, Any]:
    return {"InstanceType": type_, "InstanceCount": count}


def ran(**states: Any) -> list[str]:
    machine = resource(sfn.STATE_MACHINE, definition=json.dumps({"States": states}))
    return said(Graph("s", "aws", (machine,), {}), machine)


TRANSFORM = task("createTransformJob.sync", {"TransformResources": machines(2)})
INNER = {"States": {"T": TRANSFORM}}
ONE = {"TransformResources": machines()}
P5 = "ml.p5.48xlarge"
TUNED = {"ResourceConfig": machines(2)}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (TRANSFORM, ["batch 2-2 ml.m5.large"]),
        (task("createTransformJob", ONE, "aws-sdk:sagemaker:"), ["batch 1-1 ml.m5.large"]),
        (task("createTrainingJob.sync", {"ResourceConfig": machines(3)}), ["training 3-3 ml.m5.large"]),
        (
            task("createTrainingJob", {"ResourceConfig": {"InstanceGroups": [machines(1), machines(4, P5)]}}),
            ["training 1-1 ml.m5.large", f"training 4-4 {P5}"],
        ),
        (
            task("createProcessingJob", {"ProcessingResources": {"ClusterConfig": machines(5)}}),
            ["training 5-5 ml.m5.large"],
        ),
        (
            task(
                "createHyperParameterTuningJob.sync",
                {
                    "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxParallelTrainingJobs": 3}},
                    "TrainingJobDefinition": TUNED,
                    "TrainingJobDefinitions": [TUNED, {"HyperParameterTuningResourceConfig": machines(1)}],
                },
            ),
            ["training 6-6 ml.m5.large", "training 6-6 ml.m5.large", "training 3-3 ml.m5.large"],
        ),
        ({"Type": "Parallel", "Branches": [{"States": {}}, {"States": {"T": TRANSFORM}}]}, ["batch 2-2 ml.m5.large"]),
        (
            {"Type": "Map", "MaxConcurrency": 3, "ItemProcessor": {"States": {"T": TRANSFORM}}},
            ["batch 6-6 ml.m5.large"],
        ),
        (
            {
                "Type": "Map",
                "MaxConcurrency": 2,
                "Iterator": {"States": {"M": {"Type": "Map", "MaxConcurrency": 3, "Iterator": INNER}}},
            },
            ["batch 12-12 ml.m5.large"],
        ),
        ({"Type": "Choice", "Choices": [{"Next": "T"}]}, []),
        (task("describeTransformJob", {}), []),
        (task("publish", {}, "sns:"), []),
    ],
)  # fmt: skip
def test_every_job_runs_however_deep_it_is_nested(state: dict[str, Any], expected: list[str]) -> None:
    assert ran(Only=state) == expected
    if expected:
        # Of the same job in the same scope one alone is in work at a time, on the same machines.
        assert len(ran(Only=state, Another=TRANSFORM)) == len(expected) + (state != TRANSFORM)


def test_jobs_that_run_beside_each_other_or_on_other_machines_are_all_counted() -> None:
    beside = {"Type": "Parallel", "Branches": [{"States": {"T": TRANSFORM}}, {"States": {"T": TRANSFORM}}]}
    assert len(ran(Both=beside)) == 2
    more = task("createTransformJob.sync", {"TransformResources": machines(3)})
    assert len(ran(One=TRANSFORM, Other=more)) == 2
    left = task("createTransformJob", {"TransformResources": machines(2)})
    assert len(ran(One=left, Other=left)) == 2, "a run leaves them behind, and both run on"


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Loop"},
        {},
        {"Type": "Task"},
        task("createAutoMLJobV2", {}),
        task("createModelQualityJobDefinition", {}),
        task("createEndpoint", {}),
        task("runTask.sync", {}, "ecs:"),
        {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111122223333:function:f"},
        task("createTransformJob", {}),
        task("createTransformJob", {"TransformResources": {"InstanceType.$": "$.type", "InstanceCount": 1}}),
        task("createTransformJob", {"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount.$": "$.n"}}),
        task("createTransformJob", {"TransformResources": {"InstanceType": P5, "InstanceCount": "{% $n %}"}}),
        {"Type": "Map", "ItemProcessor": {"States": {"T": TRANSFORM}}},
        {"Type": "Map", "MaxConcurrency": 0, "ItemProcessor": {"States": {"T": TRANSFORM}}},
        {"Type": "Map", "MaxConcurrencyPath": "$.n", "ItemProcessor": {"States": {"T": TRANSFORM}}},
        "no state",
    ],
)  # fmt: skip
def test_a_task_of_which_nobody_knows_what_it_runs_is_malformed(state: Any) -> None:
    with pytest.raises(Malformed, match=r"definition\.States\.Only"):
        ran(Only=state)


@pytest.mark.parametrize(
    "states",
    [
        {"Only": []},
        {"Only": {**TRANSFORM, "Next": "Only"}},
        {"Only": {**TRANSFORM, "Next": "C"}, "C": {"Type": "Choice", "Choices": [{"Next": "Only"}]}},
        {"Only": {**TRANSFORM, "Catch": [{"Next": "C"}]}, "C": {"Type": "Choice", "Choices": [], "Default": "Only"}},
        {"Only": {"Type": "Parallel", "Branches": [INNER], "Next": "Only"}},
        {"Only": {"Type": "Map", "MaxConcurrency": -2, "ItemProcessor": INNER}},
        {"Only": task("createTransformJob.sync", {"TransformResources": machines(0)})},
        {"Only": task("createTransformJob.sync", {"TransformResources": machines(-3)})},
    ],
)
def test_a_state_that_starts_any_number_of_jobs_is_malformed(states: Any) -> None:
    with pytest.raises(Malformed, match=r"definition\.States\.Only"):
        ran(**states)


def test_an_empty_list_of_groups_is_not_given() -> None:
    config = {"InstanceGroups": [], **machines(3, P5)}
    assert ran(Only=task("createTrainingJob.sync", {"ResourceConfig": config})) == [f"training 3-3 {P5}"]
    for request in (
        {"ResourceConfig": {"InstanceGroups": [machines()], **machines(3, P5)}},
        {"ResourceConfig": {"InstanceGroups": [], "InstanceType": P5}},
    ):
        with pytest.raises(Malformed, match="ResourceConfig"):
            ran(Only=task("createTrainingJob.sync", request))
    tuned = {"HyperParameterTuningResourceConfig": machines(), **TUNED}
    limits = {"ResourceLimits": {"MaxParallelTrainingJobs": 1}}
    with pytest.raises(Malformed, match="stands beside ResourceConfig"):
        request = {"HyperParameterTuningJobConfig": limits, "TrainingJobDefinition": tuned}
        ran(Only=task("createHyperParameterTuningJob.sync", request))


@pytest.mark.parametrize("key", ["DebugRuleConfigurations", "ProfilerRuleConfigurations"])
def test_the_rules_that_watch_a_training_job_run_beside_it(key: str) -> None:
    rules = [{"RuleEvaluatorImage": "free"}, {"RuleEvaluatorImage": "own", "InstanceType": P5}]
    state = task("createTrainingJob.sync", {"ResourceConfig": machines(), key: rules})
    assert ran(Only=state) == ["training 1-1 ml.m5.large", f"training 1-1 {P5}"]
    machine = resource(sfn.STATE_MACHINE, definition=json.dumps({"States": {"Only": state}}))
    assert serves(KNOWN[sfn.STATE_MACHINE], machine)[0] == ["free", "own"]


def test_a_loop_without_a_job_is_read() -> None:
    waits = {"Wait": {"Type": "Wait", "Next": "See"}, "See": {**task("describeTransformJob", {}), "Next": "Wait"}}
    assert ran(Only={**TRANSFORM, "Next": "Wait"}, **waits) == ["batch 2-2 ml.m5.large"]


def priced(graph: Graph, one: Resource) -> Bill:
    bills = KNOWN[one.type].bills
    assert isinstance(bills, Bills)
    return bills.price(Pricing(graph, hardware.load("aws"), "us-east-1"), one)


TRAIN = {"ResourceConfig": machines(2), "StoppingCondition": {"MaxRuntimeInSeconds": 7200}}
MACHINE_ARN = "arn:aws:states:us-east-1:111122223333:stateMachine:m"


def started(*targets: dict[str, Any], **states: Any) -> tuple[Graph, Resource]:
    """A state machine of these states, which ends within an hour, and a daily schedule for each target."""
    text = json.dumps({"TimeoutSeconds": 3600, "States": states})
    machine = resource(sfn.STATE_MACHINE, "m", name="m", definition=text)
    daily = "rate(1 day)"
    all_ = [resource(SCHEDULE, f"s{i}", scheduleExpression=daily, target=each) for i, each in enumerate(targets)]
    return Graph("s", "aws", (machine, *all_), {}), machine


@pytest.mark.parametrize("target", [{"arn": MACHINE_ARN}, {"arn": f"{MACHINE_ARN}:live"}])
def test_a_schedule_that_names_the_machine_by_text_starts_it(target: dict[str, Any]) -> None:
    once, twice = started(target, Only=TRANSFORM), started(target, target, Only=TRANSFORM)
    assert priced(*once).ceiling > 0
    assert priced(*twice).ceiling == pytest.approx(2 * priced(*once).ceiling)


@pytest.mark.parametrize("targets", [(), ({"arn": f"{MACHINE_ARN}2"},)])
def test_a_machine_that_no_schedule_starts_is_unpriced(targets: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(Unpriced, match="nothing says how often it runs"):
        priced(*started(*targets, Only=TRANSFORM))
    assert priced(*started(*targets, Only=task("publish", {}, "sns:"))).ceiling == 0


def test_a_job_for_which_nothing_waits_is_bounded_by_itself_or_unpriced() -> None:
    target = {"arn": MACHINE_ARN}
    for by in ("sagemaker:", "aws-sdk:sagemaker:"):
        with pytest.raises(Unpriced, match="that nothing ends"):
            priced(*started(target, Only=task("createTransformJob", ONE, by)))
        alone = priced(*started(target, Only=task("createTrainingJob", TRAIN, by)))
        assert "at most 2 h" in alone.basis
    with pytest.raises(Malformed, match="MaxRuntimeInSeconds"):
        endless = {**TRAIN, "StoppingCondition": {"MaxRuntimeInSeconds": -1}}
        priced(*started(target, Only=task("createTrainingJob", endless)))


def scheduled(arn: str, **more: Any) -> tuple[Graph, Resource]:
    graph, _ = started({"arn": arn, **more}, Only=TRANSFORM)
    return graph, graph.of(SCHEDULE)[0]


def test_a_schedule_runs_the_job_that_it_creates_by_itself() -> None:
    calls = "arn:aws:scheduler:::aws-sdk:sagemaker:"
    training = scheduled(f"{calls}createTrainingJob", input=json.dumps(TRAIN))
    assert said(*training) == ["training 2-2 ml.m5.large"]
    assert "at most 2 h" in priced(*training).basis and priced(*training).ceiling > 0
    transform = scheduled(f"{calls}createTransformJob", input=json.dumps(ONE))
    with pytest.raises(Unpriced, match="that nothing ends"):
        priced(*transform)
    assert said(*scheduled(MACHINE_ARN)) == said(*scheduled(f"{calls}stopTrainingJob")) == []


@pytest.mark.parametrize(
    ("arn", "more"),
    [
        ("arn:aws:scheduler:::aws-sdk:sagemaker:createEndpoint", {}),
        ("arn:aws:scheduler:::aws-sdk:sagemaker:createTrainingJob", {}),
        ("arn:aws:scheduler:::aws-sdk:ec2:runInstances", {"input": "{}"}),
        ("arn:aws:ecs:us-east-1:111122223333:cluster/c", {"ecsParameters": {"taskDefinitionArn": "t"}}),
        (f"{MACHINE_ARN}2", {}),
        (MACHINE_ARN, {"sagemakerPipelineParameters": {"pipelineParameters": []}}),
        ("", {}),
    ],
)
def test_a_target_of_which_nobody_knows_what_it_runs_is_malformed(arn: str, more: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match=r"^(target|input)"):
        said(*scheduled(arn, **more))


def test_jobs_in_jsonata_name_arguments() -> None:
    state = {**TRANSFORM, "Arguments": TRANSFORM["Parameters"]}
    del state["Parameters"]
    assert ran(Only=state) == ["batch 2-2 ml.m5.large"]


def test_an_application_that_people_may_start_is_a_machine_and_has_a_price_or_none() -> None:
    spec = {"defaultResourceSpec": {"instanceType": P5}}
    free = {"jupyterServerAppSettings": {"defaultResourceSpec": {"instanceType": "system"}}, "executionRole": "r"}
    domain = resource(studio.DOMAIN, "d", defaultUserSettings=free, defaultSpaceSettings={})
    bare = resource(studio.USER_PROFILE, "u", refers={"domainId": [domain.urn]}, userSettings={})
    graph = Graph("s", "aws", (domain, bare), {})
    assert said(graph, domain) == said(graph, bare) == [] and priced(graph, bare).ceiling > 0
    own = resource(studio.USER_PROFILE, "v", userSettings={"kernelGatewayAppSettings": spec})
    bills = KNOWN[studio.USER_PROFILE].bills
    assert isinstance(bills, Bills)
    assert said(graph, own) == [f"training 0-0 {P5} (an application that people start)"]
    rich = resource(studio.DOMAIN, "d", defaultSpaceSettings={"jupyterLabAppSettings": spec})
    for user, of_it in ((own, domain), (bare, rich)):
        there = Graph("s", "aws", (of_it, user), {})
        hour = hardware.load("aws").machine(P5).price("us-east-1", "training")
        assert hour and priced(there, user).ceiling > 160 * hour
        with pytest.raises(Unpriced, match=P5):
            bills.price(Pricing(there, hardware.load("aws"), "eu-west-3"), user)
