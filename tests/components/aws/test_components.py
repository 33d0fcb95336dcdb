"""Each component by itself: what it creates, that two of it can stand side by side, and the traps it guards."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any, cast

import pulumi
import pulumi_aws
import pytest
from botocore.session import Session

from catalogue.graph import Graph
from catalogue.zones import zones_of
from components.aws.batch import BatchJob
from components.aws.encryption import Encryption
from components.aws.endpoint import Endpoint, OnlineArgs, name_if_served
from components.aws.identity import Identity
from components.aws.logs import JobLogs
from components.aws.network import Network
from components.aws.personas import Needs
from components.aws.training import TrainingJob
from components.aws.workspace import Workspace
from components.aws.zones import part_of
from components.given import BadArgument
from components.hours import Hours
from components.package import components
from components.shapes import Machine, Replicas, Rollout, Schedule
from operations.offline import record
from tests.components.aws.examples import ACCOUNT, ASYNC, EXAMPLES, GROUP, KEY, REGION, SUBNETS, TAGS
from tests.components.test_every_component import later

Make = Callable[[str, pulumi.ResourceOptions], pulumi.ComponentResource]


def example(component: type[pulumi.ComponentResource], **changed: Any) -> Make:
    """How to make a component of its example, but for what is changed."""
    args: Any = EXAMPLES[component.__name__]
    return lambda name, opts: cast(Any, component)(name, replace(args, **changed), opts)


ONLINE_ENDPOINT = example(Endpoint)
QUEUED: dict[str, Any] = {"online": None, "asynchronous": ASYNC}
ASYNC_ENDPOINT = example(Endpoint, **QUEUED)


def made(*components: tuple[str, Make]) -> Graph:
    """The graph of some components, each with its name."""

    def program() -> None:
        provider = pulumi_aws.Provider("aws", region=REGION, allowed_account_ids=[ACCOUNT])
        for name, make in components:
            make(name, pulumi.ResourceOptions(providers=[provider]))

    return record(program, "test", "aws", {})


def inputs(graph: Graph, type_: str) -> Any:
    (resource,) = graph.of(type_)
    return resource.inputs


@pytest.mark.sweep(2)
@pytest.mark.parametrize("component", components("aws"))
def test_two_of_a_component_stand_side_by_side(component: type[pulumi.ComponentResource]) -> None:
    graph = made(("first", example(component)), ("second", example(component)))
    token = f"mlplatform-aws:index:{component.__name__}"
    assert [r.type for r in graph.resources if r.is_component].count(token) == 2
    assert len(graph.by_urn) == len(graph.resources)
    halves = [Counter(r.type for r in graph.cloud if r.name.startswith(name)) for name in ("first", "second")]
    assert halves[0] == halves[1] and halves[0]
    assert all(r.parent in graph.by_urn for r in graph.cloud), "children are parented"
    assert all(r.inputs["tags"] == TAGS for r in graph.cloud if "tags" in r.inputs)


def test_online_endpoint_shifts_a_canary_and_rolls_back_on_errors_and_latency() -> None:
    graph = made(("scorer", ONLINE_ENDPOINT))
    deployment = inputs(graph, "aws:sagemaker/endpoint:Endpoint")["deploymentConfig"]
    routing = deployment["blueGreenUpdatePolicy"]["trafficRoutingConfiguration"]
    assert routing["type"] == "CANARY" and routing["canarySize"] == {"type": "CAPACITY_PERCENT", "value": 10}
    assert routing["waitIntervalInSeconds"] == 600
    alarms = {alarm["alarmName"] for alarm in deployment["autoRollbackConfiguration"]["alarms"]}
    assert alarms == {"scorer-new-errors", "scorer-new-p95-latency"}


@pytest.mark.parametrize(("kind", "seen"), [({}, {"errors", "p95-latency"}), (QUEUED, {"errors"})])
def test_what_takes_a_version_back_watches_the_new_fleet_alone(kind: dict[str, Any], seen: set[str]) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html"""
    graph = made(("scorer", example(Endpoint, **kind)))
    served = inputs(graph, "aws:sagemaker/endpoint:Endpoint")
    named = {alarm["alarmName"] for alarm in served["deploymentConfig"]["autoRollbackConfiguration"]["alarms"]}
    alarms = {a.inputs["name"]: a.inputs for a in graph.of("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert named == {f"scorer-new-{what}" for what in seen}
    of = {"EndpointName": "it-scorer", "VariantName": "live"}
    for what in seen:
        assert alarms[f"scorer-new-{what}"]["dimensions"] == {**of, "EndpointConfigName": served["endpointConfigName"]}
        assert alarms[f"scorer-{what}"]["dimensions"] == of, "the owner hears of whatever answers"


def test_a_day_without_a_request_counts_the_hours_that_the_machines_stood() -> None:
    """An alarm that takes silence for idleness rings as soon as it is made."""
    graph = made(("scorer", ONLINE_ENDPOINT))
    (idle,) = [a.inputs for a in graph.of("aws:cloudwatch/metricAlarm:MetricAlarm") if a.name.endswith("-idle")]
    queries = {query["id"]: query for query in idle["metricQueries"]}
    assert queries["requests"]["expression"] == "calls + 0 * machines" and queries["requests"]["returnData"] is True
    assert [queries[id_]["metric"]["namespace"] for id_ in ("calls", "machines")] == [
        "AWS/SageMaker",
        "/aws/sagemaker/Endpoints",
    ]
    assert idle["treatMissingData"] == "notBreaching" and idle["evaluationPeriods"] == 24
    assert not {"period", "metricName", "namespace", "statistic"} & set(idle), "CloudWatch takes them or queries"


def test_trap_model_latency_is_in_microseconds() -> None:
    graph = made(("scorer", ONLINE_ENDPOINT))
    latency = next(a for a in graph.of("aws:cloudwatch/metricAlarm:MetricAlarm") if "p95" in a.name)
    assert latency.inputs["threshold"] == 1_000_000 and latency.inputs["extendedStatistic"] == "p95"


def test_async_endpoint_starts_with_one_replica_scales_from_zero_and_wakes() -> None:
    graph = made(("embedder", example(Endpoint, online=None, asynchronous=ASYNC, replicas=Replicas(0, 4))))
    config = inputs(graph, "aws:sagemaker/endpointConfiguration:EndpointConfiguration")
    assert config["productionVariants"][0]["initialInstanceCount"] == 1, "SageMaker starts none with zero"
    assert config["asyncInferenceConfig"]["outputConfig"]["kmsKeyId"] == KEY
    assert inputs(graph, "aws:appautoscaling/target:Target")["minCapacity"] == 0
    waking = next(a for a in graph.of("aws:cloudwatch/metricAlarm:MetricAlarm") if "waiting" in a.name)
    step = next(p for p in graph.of("aws:appautoscaling/policy:Policy") if "wake" in p.name)
    assert waking.inputs["alarmActions"] == [step.outputs["arn"]]


def test_async_endpoint_that_keeps_a_replica_needs_no_waking() -> None:
    graph = made(("embedder", ASYNC_ENDPOINT))
    assert not [a for a in graph.cloud if "wake" in a.name or "waiting" in a.name]


def test_an_endpoint_that_answers_at_once_takes_no_hours() -> None:
    with pytest.raises(BadArgument, match=r"^EndpointArgs\.hours: stands beside online, [^\n]+; give asynchronous$"):
        made(("scorer", example(Endpoint, hours=Hours({"monday": "07:00-19:00"}, "UTC"))))


def test_trap_asynchronous_endpoints_publish_no_invocations() -> None:
    """Its own page has all that is published: https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html"""
    alarms = [one.inputs for one in made(("embedder", ASYNC_ENDPOINT)).of("aws:cloudwatch/metricAlarm:MetricAlarm")]
    read = [one for a in alarms for one in (a, *(query.get("metric", {}) for query in a.get("metricQueries", ())))]
    assert {one["metricName"] for one in read if "metricName" in one} == {
        *("Invocation5XXErrors", "ApproximateAgeOfOldestRequest"),
        *("ExpiredRequests", "RequestDownloadFailures", "ResponseUploadFailures"),
    }


@pytest.mark.parametrize("known", [True, False])
def test_an_async_endpoint_is_made_of_outputs_as_of_plain_values(known: bool) -> None:
    plain = made(("embedder", ASYNC_ENDPOINT))

    def of_outputs(name: str, opts: pulumi.ResourceOptions) -> pulumi.ComponentResource:
        args: Any = replace(cast(Any, EXAMPLES["Endpoint"]), online=None, asynchronous=ASYNC)
        return Endpoint(name, later(args, known=known), opts)

    later_known = made(("embedder", of_outputs))
    assert [r.urn for r in later_known.resources] == [r.urn for r in plain.resources]
    assert ([r.inputs for r in later_known.resources] == [r.inputs for r in plain.resources]) == known


@pytest.mark.parametrize("kind", [{}, {"online": None, "asynchronous": ASYNC}])
def test_an_endpoint_switched_off_is_a_model_with_its_logs_and_nothing_else(kind: dict[str, Any]) -> None:
    graph = made(("scorer", example(Endpoint, enabled=False, **kind)))
    assert sorted(r.type for r in graph.cloud) == ["aws:cloudwatch/logGroup:LogGroup", "aws:sagemaker/model:Model"]


def test_the_log_groups_that_an_account_shares_have_a_key_and_an_expiry() -> None:
    groups = [group.inputs for group in made(("it", example(JobLogs))).of("aws:cloudwatch/logGroup:LogGroup")]
    shared = {f"/aws/sagemaker/{name}" for name in ("studio", "TrainingJobs", "ProcessingJobs", "TransformJobs")}
    assert {group["name"] for group in groups} == shared
    assert {(group["kmsKeyId"], group["retentionInDays"]) for group in groups} == {(KEY, 365)}


def test_an_endpoint_waits_for_its_log_group_which_has_a_key_and_an_expiry() -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html"""
    graph = made(("scorer", ONLINE_ENDPOINT))
    (group,), (endpoint,) = graph.of("aws:cloudwatch/logGroup:LogGroup"), graph.of("aws:sagemaker/endpoint:Endpoint")
    assert group.urn in endpoint.dependencies
    assert group.inputs["name"] == "/aws/sagemaker/Endpoints/it-scorer"
    assert group.inputs["kmsKeyId"] == KEY and group.inputs["retentionInDays"] == 365


def test_a_model_runs_isolated_in_the_network() -> None:
    model = inputs(made(("scorer", ONLINE_ENDPOINT)), "aws:sagemaker/model:Model")
    assert model["enableNetworkIsolation"] is True
    assert model["vpcConfig"] == {"subnets": SUBNETS, "securityGroupIds": [GROUP]}


def test_the_network_has_exactly_the_endpoints_asked_for_in_every_zone() -> None:
    graph = made(("net", example(Network)))
    services = {e.inputs["serviceName"]: e.inputs for e in graph.of("aws:ec2/vpcEndpoint:VpcEndpoint")}
    assert set(services) == {
        "com.amazonaws.us-east-1.s3",
        "com.amazonaws.us-east-1.sts",
        "aws.sagemaker.us-east-1.studio",
    }
    assert len(services["com.amazonaws.us-east-1.sts"]["subnetIds"]) == 2
    assert not [r for r in graph.cloud if "Gateway" in r.type], "no internet gateway, no NAT"


def test_a_subnet_takes_name_zone_and_addresses_from_its_zones_letter_alone() -> None:
    apart = {"a": "10.40.0.0/23", "b": "10.40.2.0/23", "d": "10.40.6.0/23", "h": "10.40.14.0/23"}
    for letters in ("ab", "ba", "bda", "hd"):
        zones = [f"{REGION}{letter}" for letter in letters]
        graph = made(("net", example(Network, zones=zones)))
        subnets = {s.name: s.inputs for s in graph.of("aws:ec2/subnet:Subnet")}
        assert {name: (s["availabilityZone"], s["cidrBlock"]) for name, s in subnets.items()} == {
            f"net-private-{letter}": (f"{REGION}{letter}", apart[letter]) for letter in letters
        }


@pytest.mark.parametrize("cidr", ["10.40.0.0/16", "192.168.8.0/21"])
def test_the_zones_parts_of_a_network_lie_apart_and_hold_some_250_addresses_each(cidr: str) -> None:
    parts = [IPv4Network(part_of(cidr, zone)) for zone in zones_of(REGION)]
    assert sum(part.num_addresses for part in parts) == IPv4Network(cidr).num_addresses
    assert not any(one.overlaps(other) for at, one in enumerate(parts) for other in parts[:at])
    assert min(part.num_addresses for part in parts) >= 256


def test_whatever_takes_all_subnets_takes_them_in_the_order_of_their_zones() -> None:
    def subnets(zones: tuple[str, ...]) -> list[str]:
        graph = made(("net", example(Network, zones=zones)))
        return next(e.inputs["subnetIds"] for e in graph.of("aws:ec2/vpcEndpoint:VpcEndpoint") if "sts" in e.name)

    assert subnets((f"{REGION}b", f"{REGION}a")) == subnets((f"{REGION}a", f"{REGION}b"))


def test_a_batch_run_ends_in_time_and_is_named_by_its_attempt() -> None:
    machine = inputs(made(("nightly", example(BatchJob))), "aws:sfn/stateMachine:StateMachine")
    definition = json.loads(machine["definition"])
    task = definition["States"]["Transform"]
    assert definition["TimeoutSeconds"] == 3 * 3600
    assert [retry["MaxAttempts"] for retry in task["Retry"]] == [0, 2]
    assert "$$.State.RetryCount" in task["Parameters"]["TransformJobName.$"]


@pytest.mark.parametrize(("job", "status"), [(BatchJob, "TransformJobStatus"), (TrainingJob, "TrainingJobStatus")])
def test_a_run_succeeds_where_its_job_was_completed_and_fails_where_it_was_stopped(job: Any, status: str) -> None:
    """The status is a member of what the task answers, which is the description of its job."""
    graph = made(("nightly", example(job)))
    states = json.loads(inputs(graph, "aws:sfn/stateMachine:StateMachine")["definition"])["States"]
    (task,) = (state for state in states.values() if state["Type"] == "Task")
    described = task["Resource"].rpartition(":create")[2].removesuffix(".sync")
    answer = Session().get_service_model("sagemaker").operation_model(f"Describe{described}").output_shape
    ask = states[task["Next"]]
    (completed,) = ask["Choices"]
    assert completed["Variable"] == f"$.done.{status}" and set(answer.members[status].enum) >= {"Completed", "Stopped"}
    assert completed["StringEquals"] == "Completed" and states[completed["Next"]] == {"Type": "Succeed"}
    assert states[ask["Default"]]["Type"] == "Fail"


def test_a_run_that_is_delivered_twice_runs_once_and_is_named_by_its_time() -> None:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"""
    graph = made(("nightly", example(BatchJob)))
    sent = inputs(graph, "aws:scheduler/schedule:Schedule")["target"]["input"]
    assert json.loads(sent) == {"run": "<aws.scheduler.scheduled-time>"}
    states = json.loads(inputs(graph, "aws:sfn/stateMachine:StateMachine")["definition"])["States"]
    name = states["Transform"]["Parameters"]["TransformJobName.$"]
    assert name.count("States.") <= 10, "Step Functions nests no more functions in a field"
    assert formatted(name, "2026-11-26T02:30:00Z", 0, 1) == "it-nightly-2026-11-26-023000-01"
    assert formatted(name, "2026-11-26T02:30:07Z", 0, 0) == "it-nightly-2026-11-26-023007-00", "another in that minute"
    assert states["Transform"]["Retry"][0] == {"ErrorEquals": ["SageMaker.ResourceInUseException"], "MaxAttempts": 0}
    assert states[states["Transform"]["Catch"][0]["Next"]] == {"Type": "Succeed"}


def formatted(template: str, run: str, redriven: int, retries: int) -> str:
    """What Step Functions makes of the name: https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html"""
    shape = re.fullmatch(
        r"States\.Format\('([^']*)', (.*), \$\$\.Execution\.RedriveCount, \$\$\.State\.RetryCount\)", template
    )
    assert shape
    parts = re.findall(r"States\.ArrayGetItem\(States\.StringSplit\(\$\.run, '([^']+)'\), (\d)\)", shape[2])
    return shape[1].format(*(re.split(f"[{marks}]", run)[int(at)] for marks, at in parts), redriven, retries)


@pytest.mark.parametrize(
    ("cron", "hours"),
    [
        ("30 2 * * *", 25 + 3 + 1),
        ("0 * * * *", 2 + 3 + 1),
        ("0 2 * * 1-5", 73 + 3 + 1),
        ("0 2 * * 1", None),
        ("0 2 1 * *", None),
    ],
)
def test_silence_of_a_schedule_rings_where_cloudwatch_looks_back_far_enough(cron: str, hours: int | None) -> None:
    graph = made(("nightly", example(BatchJob, schedule=Schedule(cron, "UTC"))))
    missed = [a.inputs for a in graph.of("aws:cloudwatch/metricAlarm:MetricAlarm") if "missed" in a.name]
    assert [(a["evaluationPeriods"], a["period"], a["treatMissingData"]) for a in missed] == (
        [(hours, 3600, "breaching")] if hours else []
    )


def test_an_async_endpoint_says_what_failed_and_rings_for_what_waits() -> None:
    graph = made(("embedder", ASYNC_ENDPOINT))
    config = inputs(graph, "aws:sagemaker/endpointConfiguration:EndpointConfiguration")
    assert config["asyncInferenceConfig"]["outputConfig"]["s3FailurePath"] == ASYNC.failure_uri
    (oldest,) = [a.inputs for a in graph.of("aws:cloudwatch/metricAlarm:MetricAlarm") if "oldest" in a.name]
    assert oldest["dimensions"] == {"EndpointName": "it-scorer"} and oldest["threshold"] == 3600


def test_batch_on_a_machine_with_local_nvme_names_no_volume_key() -> None:
    on_nvme = example(BatchJob, machine=Machine("ml.g6.xlarge", local_nvme=True))
    machine = inputs(made(("nightly", on_nvme)), "aws:sfn/stateMachine:StateMachine")
    resources = json.loads(machine["definition"])["States"]["Transform"]["Parameters"]["TransformResources"]
    assert resources == {"InstanceType": "ml.g6.xlarge", "InstanceCount": 2}


def test_a_batch_job_switched_off_is_a_model_and_nothing_else() -> None:
    graph = made(("nightly", example(BatchJob, enabled=False)))
    assert [r.type for r in graph.cloud] == ["aws:sagemaker/model:Model"]


def test_the_workspace_stops_what_is_idle_and_lets_nobody_raise_the_bound() -> None:
    settings = inputs(made(("ws", example(Workspace))), "aws:sagemaker/domain:Domain")["defaultUserSettings"]
    for app in ("jupyterLabAppSettings", "codeEditorAppSettings"):
        idle = settings[app]["appLifecycleManagement"]["idleSettings"]
        assert idle["lifecycleManagement"] == "ENABLED"
        assert idle["idleTimeoutInMinutes"] == idle["maxIdleTimeoutInMinutes"] == 60


@pytest.mark.parametrize(
    ("tag", "machine_type", "ami"),
    [
        ("0.11-gpu-py312-cu130-ubuntu22.04-sagemaker", "ml.g6e.12xlarge", "al2023-ami-sagemaker-inference-gpu-4-1"),
        ("cu131-1.0", "ml.p5.48xlarge", "al2023-ami-sagemaker-inference-gpu-4-1"),
        ("0.33.0-lmi15.0.0-cu128", "ml.g6e.12xlarge", None),
        ("2.6.0-gpu-py312", "ml.g6.xlarge", None),
        ("1.0-cu130", "ml.m5.large", None),
        ("1.0-ncu130", "ml.g6.xlarge", None),
    ],
)
def test_an_image_for_cuda_13_starts_with_the_driver_that_it_needs(
    tag: str, machine_type: str, ami: str | None
) -> None:
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/vllm:{tag}"
    model, machine = replace(EXAMPLES["Endpoint"].model, image=image), Machine(machine_type, local_nvme=True)
    graph = made(("it", example(Endpoint, model=model, machine=machine)))
    (variant,) = inputs(graph, "aws:sagemaker/endpointConfiguration:EndpointConfiguration")["productionVariants"]
    assert variant.get("inferenceAmiVersion") == ami


@pytest.mark.parametrize("boundary", [None, "arn:aws:iam::111122223333:policy/ml"])
def test_people_start_applications_on_the_workspaces_machine_and_on_no_other(boundary: str | None) -> None:
    needs = replace(EXAMPLES["Identity"].needs, applications=[Machine("ml.m6i.large")])
    identity = example(Identity, needs=needs, permissions_boundary_arn=boundary)
    graph = made(("ws", example(Workspace, machine=Machine("ml.m6i.large"))), ("it", identity))
    settings = inputs(graph, "aws:sagemaker/domain:Domain")["defaultUserSettings"]
    for app in ("jupyterLabAppSettings", "codeEditorAppSettings"):
        assert settings[app]["defaultResourceSpec"] == {"instanceType": "ml.m6i.large"}
    policies = [*graph.of("aws:iam/policy:Policy"), *graph.of("aws:iam/rolePolicy:RolePolicy")]
    denied = [
        (action, statement["Condition"])
        for policy in policies
        for statement in json.loads(policy.inputs["policy"])["Statement"]
        if statement["Effect"] == "Deny"
        for action in statement["Action"]
        if action == "sagemaker:CreateApp"
    ]
    only = {"ForAnyValue:StringNotEquals": {"sagemaker:InstanceTypes": ["system", "ml.m6i.large"]}}
    assert denied == [("sagemaker:CreateApp", only)]  # the boundary of services lets none of them start one
    attached = {tuple(role.inputs.get("managedPolicyArns") or ()) for role in graph.of("aws:iam/role:Role")}
    assert attached == ({()} if boundary is None else {(graph.of("aws:iam/policy:Policy")[0].outputs["arn"],)})


def test_whoever_reads_or_fills_the_bucket_of_others_uses_its_key_through_s3() -> None:
    keys = {"artifact_keys": [f"{KEY}1"], "input_keys": [f"{KEY}2", f"{KEY}1"], "training_keys": [f"{KEY}3"]}
    needs = replace(EXAMPLES["Identity"].needs, **keys)
    graph = made(("it", example(Identity, needs=needs)))
    found = {
        policy.name.removeprefix("it-").removesuffix("-policy"): statement
        for policy in graph.of("aws:iam/rolePolicy:RolePolicy")
        for statement in json.loads(policy.inputs["policy"])["Statement"]
        if statement["Sid"] == "KeysOfSources"
    }
    assert {who: statement["Resource"] for who, statement in found.items()} == {
        "serving": [f"{KEY}1"],
        "batch": [f"{KEY}1", f"{KEY}2"],
        "training": [f"{KEY}3"],
        "publisher": [f"{KEY}1"],
    }
    for who, statement in found.items():
        writes = ["kms:GenerateDataKey"] if who == "publisher" else []
        assert statement["Action"] == ["kms:Decrypt", *writes]
        assert statement["Condition"] == {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}


def test_keys_for_logs_and_data_are_two_and_each_is_rotated() -> None:
    graph = made(("key", example(Encryption)))
    keys = {k.name: k for k in graph.of("aws:kms/key:Key")}
    assert set(keys) == {"key-data", "key-logs"} and all(
        k.inputs["enableKeyRotation"] and k.protect for k in keys.values()
    )
    said = json.loads(keys["key-data"].inputs["policy"])["Statement"]
    services = [(s["Principal"]["Service"], s["Action"]) for s in said if "Service" in s["Principal"]]
    assert services == [("delivery.logs.amazonaws.com", "kms:Decrypt")], "no other service holds the data key by itself"


def test_a_run_uses_the_data_key_as_the_pipelines_role_and_no_service_stands_between() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html"""
    (key,) = [k for k in made(("key", example(Encryption))).of("aws:kms/key:Key") if k.name == "key-data"]
    by_context = {
        context: (s["Action"], s["Condition"]["StringLike"][context])
        for s in json.loads(key.inputs["policy"])["Statement"]
        for context in s.get("Condition", {}).get("StringLike", {})
        if s["Condition"].get("ArnEquals") == {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/it-pipeline"}
    }
    here = f"{REGION}:{ACCOUNT}"
    assert by_context == {
        "kms:EncryptionContext:aws:states:stateMachineArn": (
            ["kms:Decrypt", "kms:GenerateDataKey"],
            f"arn:aws:states:{here}:stateMachine:*",
        ),
        "kms:EncryptionContext:aws:scheduler:schedule:arn": (["kms:Decrypt"], f"arn:aws:scheduler:{here}:schedule/*"),
        "kms:EncryptionContext:SourceArn": (["kms:GenerateDataKey"], f"arn:aws:logs:{here}:*"),
    }


def test_a_version_that_sagemaker_took_back_fails_the_program() -> None:
    """The provider says nothing of it: issues 46663 and 48997 of terraform-provider-aws."""
    assert name_if_served("scorer", "config-2", "config-2") == "scorer"
    with pytest.raises(pulumi.RunError, match=r"^scorer: .*config-1 serves, not config-2; name the version before"):
        name_if_served("scorer", "config-1", "config-2")


ONE_OF_TWO = "give one of the two, which says how the endpoint answers"
NO_CIDR = "is no IPv4 network between /16 and /25; give one such as 10.40.0.0/20"
NO_ZONES = (
    "are not one zone or more of one region, each with a letter of its own from a to h; "
    "give names such as us-east-1a and us-east-1b"
)
NO_CRON = (
    "give five fields such as '0 2 * * 1-5', with '*' for day-of-month or day-of-week, "
    "and days of the week as numbers and ranges"
)
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("Endpoint", {"online": None}, f"EndpointArgs.online: is missing, as asynchronous is; {ONE_OF_TWO}"),
    ("Endpoint", {"asynchronous": ASYNC}, f"EndpointArgs.online: stands beside asynchronous; {ONE_OF_TWO}"),
    (
        "Endpoint",
        {"replicas": Replicas(1, 4)},
        "EndpointArgs.replicas.least: found 1, allowed: 2 or more, for SageMaker's canary is at most half of the "
        "replicas",
    ),
    (
        "Endpoint",
        {"online": OnlineArgs(requests_per_replica_per_minute=600, rollout=Rollout(10, 4, 250, 1))},
        "EndpointArgs.online.rollout.bake_minutes: found 4, allowed: 5 or more, for an alarm rings after 3 whole "
        "minutes at the earliest",
    ),
    (
        "Endpoint",
        {"online": OnlineArgs(requests_per_replica_per_minute=600, rollout=Rollout(5, 10, 250, 7.5))},
        "EndpointArgs.online.rollout.error_rate_percent: found 7.5, allowed: less than the canary's 5 %, so that "
        "the endpoint's own alarm would ring too where all of the canary's answers fail",
    ),
    (
        "Endpoint",
        {**QUEUED, "machine": Machine("ml.inf1.xlarge")},
        "EndpointArgs.machine.type: found ml.inf1.xlarge, whose new versions SageMaker lets in all at once and never "
        "takes back, allowed: a machine of another family",
    ),
    (
        "Identity",
        {"needs": Needs()},
        "IdentityArgs.needs: machines is empty, but the boundary denies every machine that is not there; "
        "give one or more",
    ),
    *(
        ("Network", {"cidr": cidr}, f"NetworkArgs.cidr: {cidr!r} {NO_CIDR}")
        for cidr in ("10.40.0.0/26", "10.0.0.0/15", "10.40.0.1/20", "fd00::/20", "")
    ),
    *(
        ("Network", {"zones": zones}, f"NetworkArgs.zones: {zones} {NO_ZONES}")
        for zones in ([], [""], ["us-east-1"], ["us-east-1z"], ["us-east-1a", "us-east-1-bos-1a"])
    ),
    *(
        (
            "BatchJob",
            {"schedule": Schedule(cron, "UTC")},
            f"Schedule.cron: EventBridge cannot say {cron!r}; {NO_CRON}",
        )
        for cron in ("@daily", "0 2 1 * 1", "0 2 * * 5-1", "0 2 * * mon", "0 2 * * 1/2", "0 2 * * 1 *")
    ),
]


@pytest.mark.parametrize(("component", "changed", "sentence"), REFUSED)
def test_what_a_component_cannot_take_is_refused_in_one_sentence(
    component: str, changed: dict[str, Any], sentence: str
) -> None:
    args: Any = EXAMPLES[component]
    with pytest.raises(BadArgument) as refused:
        replace(args, **changed)
    assert str(refused.value) == sentence
