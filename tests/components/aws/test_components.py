"""Each component by itself: what it creates, that two of it can stand side by side, and the traps it guards."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pulumi_aws
import pytest

from catalogue.graph import Graph
from catalogue.zones import zones_of
from components.aws.audit import Audit, AuditArgs
from components.aws.batch import BatchJob, BatchJobArgs
from components.aws.bucket import PrivateBucket, PrivateBucketArgs
from components.aws.budget import Budget, BudgetArgs
from components.aws.encryption import Encryption, EncryptionArgs
from components.aws.endpoint import AsyncArgs, Endpoint, EndpointArgs, OnlineArgs, name_if_served
from components.aws.identity import Identity
from components.aws.model import ModelArgs
from components.aws.monitoring import Alerts, AlertsArgs
from components.aws.network import Network, NetworkArgs
from components.aws.personas import IdentityArgs, Needs
from components.aws.registry import Registry, RegistryArgs
from components.aws.workspace import Workspace, WorkspaceArgs
from components.aws.zones import part_of
from components.shapes import Machine, Replicas, Rollout, Schedule
from operations.offline import record

ACCOUNT, REGION, TAGS = "111122223333", "us-east-1", {"team": "payments-risk"}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"
ROLE, TOPIC = f"arn:aws:iam::{ACCOUNT}:role/x", f"arn:aws:sns:{REGION}:{ACCOUNT}:x"
SUBNETS = ["subnet-1", "subnet-2"]

MODEL = ModelArgs(
    image="1.dkr.ecr.us-east-1.amazonaws.com/scorer:1",
    artifact_uri="s3://models/scorer/1/model.tar.gz",
    role_arn=ROLE,
    subnet_ids=SUBNETS,
    security_group_id="sg-1",
)
ENDPOINT = EndpointArgs(
    endpoint_name="scorer",
    enabled=True,
    model=MODEL,
    machine=Machine("ml.m5.large"),
    replicas=Replicas(1, 4),
    volume_key_arn=KEY,
    topic_arn=TOPIC,
    tags=TAGS,
)
ONLINE = OnlineArgs(requests_per_replica_per_minute=600, rollout=Rollout(10, 10, 250, 1))
ASYNC = AsyncArgs(backlog_per_replica=5, error_rate_percent=1, output_uri="s3://results/", output_key_arn=KEY)
NETWORK = NetworkArgs(
    account=ACCOUNT,
    region=REGION,
    cidr="10.40.0.0/20",
    zones=(f"{REGION}a", f"{REGION}b"),
    reach=("sts", "studio"),
    flow_log_bucket_arn="arn:aws:s3:::audit",
    tags=TAGS,
)
BATCH = BatchJobArgs(
    job_name="nightly",
    enabled=True,
    model=MODEL,
    machine=Machine("ml.m5.large"),
    replicas=2,
    schedule=Schedule("30 2 * * *", "UTC"),
    max_hours=3,
    input_uri="s3://data/in/",
    output_uri="s3://data/out/",
    pipeline_role_arn=ROLE,
    data_key_arn=KEY,
    logs_key_arn=KEY,
    volume_key_arn=KEY,
    topic_arn=TOPIC,
    tags=TAGS,
)
IDENTITY = IdentityArgs(
    prefix="pilot",
    account=ACCOUNT,
    region=REGION,
    needs=Needs(
        artifact_uris=[MODEL.artifact_uri],
        input_uris=["s3://data/in/"],
        output_uris=["s3://data/out/"],
        images=[MODEL.image],
        machines=[Machine("ml.m5.large"), Machine("ml.g6.xlarge", local_nvme=True)],
    ),
    bucket_arn="arn:aws:s3:::artifacts",
    repository_arn=f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/x",
    data_key_arn=KEY,
    subnet_ids=SUBNETS,
    tags=TAGS,
)

Make = Callable[[str, pulumi.ResourceOptions], pulumi.ComponentResource]
COMPONENTS: dict[str, Make] = {
    "Alerts": lambda n, o: Alerts(n, AlertsArgs(ACCOUNT, "a@example.com", KEY, TAGS), o),
    "Audit": lambda n, o: Audit(n, AuditArgs(ACCOUNT, REGION, n, f"{n}-audit", KEY, ["arn:aws:s3:::x"], TAGS), o),
    "BatchJob": lambda n, o: BatchJob(n, BATCH, o),
    "Budget": lambda n, o: Budget(n, BudgetArgs(ACCOUNT, "payments-risk", 2500, TOPIC, TAGS), o),
    "Encryption": lambda n, o: Encryption(n, EncryptionArgs(ACCOUNT, REGION, "trail", TAGS), o),
    "Endpoint": lambda n, o: Endpoint(n, replace(ENDPOINT, endpoint_name=n), ONLINE, o),
    "Identity": lambda n, o: Identity(n, replace(IDENTITY, prefix=n), o),
    "Network": lambda n, o: Network(n, NETWORK, o),
    "PrivateBucket": lambda n, o: PrivateBucket(n, PrivateBucketArgs(f"{n}-bucket", KEY, TAGS), o),
    "Registry": lambda n, o: Registry(n, RegistryArgs(ACCOUNT, f"{n}-artifacts", ["scorer"], KEY, TAGS), o),
    "Workspace": lambda n, o: Workspace(n, WorkspaceArgs(n, ["ana"], 60, "vpc-1", SUBNETS, "sg-1", ROLE, KEY, TAGS), o),
}


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


@pytest.mark.parametrize("kind", COMPONENTS)
def test_two_of_a_component_stand_side_by_side(kind: str) -> None:
    graph = made(("first", COMPONENTS[kind]), ("second", COMPONENTS[kind]))
    assert [r.type for r in graph.resources if r.is_component].count(f"mlplatform:aws:{kind}") == 2
    assert len(graph.by_urn) == len(graph.resources)
    halves = [Counter(r.type for r in graph.cloud if r.name.startswith(name)) for name in ("first", "second")]
    assert halves[0] == halves[1] and halves[0]
    assert all(r.parent in graph.by_urn for r in graph.cloud), "children are parented"
    assert all(r.inputs["tags"] == TAGS for r in graph.cloud if "tags" in r.inputs)


def test_online_endpoint_shifts_a_canary_and_rolls_back_on_errors_and_latency() -> None:
    graph = made(("scorer", lambda n, o: Endpoint(n, ENDPOINT, ONLINE, o)))
    deployment = inputs(graph, "aws:sagemaker/endpoint:Endpoint")["deploymentConfig"]
    routing = deployment["blueGreenUpdatePolicy"]["trafficRoutingConfiguration"]
    assert routing["type"] == "CANARY" and routing["canarySize"] == {"type": "CAPACITY_PERCENT", "value": 10}
    assert routing["waitIntervalInSeconds"] == 600
    alarms = {alarm["alarmName"] for alarm in deployment["autoRollbackConfiguration"]["alarms"]}
    assert alarms == {"scorer-errors", "scorer-p95-latency"}


def test_trap_model_latency_is_in_microseconds() -> None:
    graph = made(("scorer", lambda n, o: Endpoint(n, ENDPOINT, ONLINE, o)))
    latency = next(a for a in graph.of("aws:cloudwatch/metricAlarm:MetricAlarm") if "p95" in a.name)
    assert latency.inputs["threshold"] == 250_000 and latency.inputs["extendedStatistic"] == "p95"


def test_async_endpoint_starts_with_one_replica_scales_from_zero_and_wakes() -> None:
    graph = made(("embedder", lambda n, o: Endpoint(n, replace(ENDPOINT, replicas=Replicas(0, 4)), ASYNC, o)))
    config = inputs(graph, "aws:sagemaker/endpointConfiguration:EndpointConfiguration")
    assert config["productionVariants"][0]["initialInstanceCount"] == 1, "SageMaker starts none with zero"
    assert config["asyncInferenceConfig"]["outputConfig"]["kmsKeyId"] == KEY
    assert inputs(graph, "aws:appautoscaling/target:Target")["minCapacity"] == 0
    waking = next(a for a in graph.of("aws:cloudwatch/metricAlarm:MetricAlarm") if "waiting" in a.name)
    step = next(p for p in graph.of("aws:appautoscaling/policy:Policy") if "wake" in p.name)
    assert waking.inputs["alarmActions"] == [step.outputs["arn"]]


def test_async_endpoint_that_keeps_a_replica_needs_no_waking() -> None:
    graph = made(("embedder", lambda n, o: Endpoint(n, ENDPOINT, ASYNC, o)))
    assert not [a for a in graph.cloud if "wake" in a.name or "waiting" in a.name]


def test_trap_asynchronous_endpoints_publish_no_invocations() -> None:
    graph = made(("embedder", lambda n, o: Endpoint(n, ENDPOINT, ASYNC, o)))
    metrics = {a.inputs["metricName"] for a in graph.of("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert "Invocations" not in metrics


@pytest.mark.parametrize("kind", [ONLINE, ASYNC])
def test_an_endpoint_switched_off_is_a_model_and_nothing_else(kind: OnlineArgs | AsyncArgs) -> None:
    graph = made(("scorer", lambda n, o: Endpoint(n, replace(ENDPOINT, enabled=False), kind, o)))
    assert [r.type for r in graph.cloud] == ["aws:sagemaker/model:Model"]


def test_a_model_runs_isolated_in_the_network() -> None:
    model = inputs(made(("scorer", lambda n, o: Endpoint(n, ENDPOINT, ONLINE, o))), "aws:sagemaker/model:Model")
    assert model["enableNetworkIsolation"] is True
    assert model["vpcConfig"] == {"subnets": SUBNETS, "securityGroupIds": ["sg-1"]}


def test_the_network_has_exactly_the_endpoints_asked_for_in_every_zone() -> None:
    graph = made(("net", lambda n, o: Network(n, NETWORK, o)))
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
        graph = made(("net", lambda n, o, zones=zones: Network(n, replace(NETWORK, zones=zones), o)))
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
        graph = made(("net", lambda n, o: Network(n, replace(NETWORK, zones=zones), o)))
        return next(e.inputs["subnetIds"] for e in graph.of("aws:ec2/vpcEndpoint:VpcEndpoint") if "sts" in e.name)

    assert subnets((f"{REGION}b", f"{REGION}a")) == subnets((f"{REGION}a", f"{REGION}b"))


def test_a_batch_run_ends_in_time_and_is_named_by_its_attempt() -> None:
    machine = inputs(made(("nightly", lambda n, o: BatchJob(n, BATCH, o))), "aws:sfn/stateMachine:StateMachine")
    definition = json.loads(machine["definition"])
    task = definition["States"]["Transform"]
    assert definition["TimeoutSeconds"] == 3 * 3600
    assert task["Retry"][0]["MaxAttempts"] == 2
    assert "$$.State.RetryCount" in task["Parameters"]["TransformJobName.$"]


def test_batch_on_a_machine_with_local_nvme_names_no_volume_key() -> None:
    args = replace(BATCH, machine=Machine("ml.g6.xlarge", local_nvme=True))
    machine = inputs(made(("nightly", lambda n, o: BatchJob(n, args, o))), "aws:sfn/stateMachine:StateMachine")
    resources = json.loads(machine["definition"])["States"]["Transform"]["Parameters"]["TransformResources"]
    assert resources == {"InstanceType": "ml.g6.xlarge", "InstanceCount": 2}


def test_a_batch_job_switched_off_is_a_model_and_nothing_else() -> None:
    graph = made(("nightly", lambda n, o: BatchJob(n, replace(BATCH, enabled=False), o)))
    assert [r.type for r in graph.cloud] == ["aws:sagemaker/model:Model"]


def test_the_workspace_stops_what_is_idle_and_lets_nobody_raise_the_bound() -> None:
    make = COMPONENTS["Workspace"]
    settings = inputs(made(("ws", make)), "aws:sagemaker/domain:Domain")["defaultUserSettings"]
    for app in ("jupyterLabAppSettings", "codeEditorAppSettings"):
        idle = settings[app]["appLifecycleManagement"]["idleSettings"]
        assert idle["lifecycleManagement"] == "ENABLED"
        assert idle["idleTimeoutInMinutes"] == idle["maxIdleTimeoutInMinutes"] == 60


def test_keys_for_logs_and_data_are_two_and_each_is_rotated() -> None:
    graph = made(("key", COMPONENTS["Encryption"]))
    keys = {k.name: k for k in graph.of("aws:kms/key:Key")}
    assert set(keys) == {"key-data", "key-logs"} and all(
        k.inputs["enableKeyRotation"] and k.protect for k in keys.values()
    )
    services = [
        s["Principal"]
        for s in json.loads(keys["key-data"].inputs["policy"])["Statement"]
        if "Service" in s["Principal"]
    ]
    assert not services, "no service holds the data key by itself"


def test_a_version_that_sagemaker_took_back_fails_the_program() -> None:
    """The provider says nothing of it: issues 46663 and 48997 of terraform-provider-aws."""
    assert name_if_served("scorer", "config-2", "config-2") == "scorer"
    with pytest.raises(pulumi.RunError, match=r"^scorer: .*config-1 serves, not config-2; name the version before"):
        name_if_served("scorer", "config-1", "config-2")
