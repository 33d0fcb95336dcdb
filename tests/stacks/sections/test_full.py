"""At how much a replica may be full: what a stack file may say is what no rule finds, and nothing beside it."""

import pytest

from catalogue.errors import BadInput
from catalogue.full import FULL
from catalogue.graph import Graph
from catalogue.kinds.azure.mlplatform import TRAFFIC
from policies.aws.limits import scaling_policy
from policies.azure.rollback import alarms
from stacks.config import validate
from tests.mutate import changed, put
from tests.stack_files import pilot_file

KEYS = {"online": "requests_per_replica_per_minute", "async": "backlog_per_replica"}

TRACKING = "targetTrackingScalingPolicyConfiguration"


@pytest.mark.parametrize(("platform", "kind"), FULL)
@pytest.mark.parametrize("beyond", [-1, 1])
def test_a_stack_file_is_refused_what_a_rule_would_find(platform: str, kind: str, beyond: int) -> None:
    full = FULL[platform, kind]
    config = pilot_file(platform)["config"]
    item = next(one for one in config["mlplatform:endpoints"].values() if one["kind"] == kind)
    edge = full.least if beyond < 0 else full.most
    item[KEYS[kind]] = edge
    validate(config, "a.yaml")
    item[KEYS[kind]] = edge + beyond
    with pytest.raises(BadInput, match=rf"{KEYS[kind]}: found {edge + beyond}, allowed"):
        validate(config, "a.yaml")


def test_the_rule_has_the_same_edges(aws_pilot: Graph) -> None:
    for policy in aws_pilot.of("aws:appautoscaling/policy:Policy"):
        if TRACKING not in policy.inputs:
            continue
        kind = "async" if "customizedMetricSpecification" in policy.inputs[TRACKING] else "online"
        full = FULL["aws", kind]
        for value, found in ((full.least, 0), (full.least - 1, 1), (full.most, 0), (full.most + 1, 1)):
            graph = changed(aws_pilot, policy, lambda props, value=value: put(props, f"{TRACKING}.targetValue", value))
            said = [one.sentence for one in scaling_policy.judge(graph).violations]
            assert len([one for one in said if one.startswith("takes a replica for full")]) == found, (
                policy.name,
                value,
            )


def test_every_p95_latency_that_a_stack_file_takes_is_one_that_the_rule_takes(azure_pilot: Graph) -> None:
    (traffic,) = azure_pilot.of(TRAFFIC)
    for value, found in ((1, 0), (60_000, 0), (60_001, 1)):
        graph = changed(azure_pilot, traffic, lambda props, value=value: put(props, "p95LatencyMs", value))
        assert len([one for one in alarms.judge(graph).violations if one.resource == graph.of(TRAFFIC)[0]]) == found
