"""What a person must do before a stack on Google Cloud comes up, in a network that another project keeps."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from catalogue.graph import Graph
from catalogue.landing_zones import FILE
from operations.steps.gcp import before_up
from operations.verdict import ManualStep
from tests.conftest import forget
from tests.mutate import changed


@pytest.mark.parametrize(("keeper", "asked"), [("company-host", True), ("payments-risk-pilot", False)])
def test_the_host_project_of_a_shared_vpc_lets_the_stack_in(
    gcp_pilot: Graph, organisation: Path, keeper: str, asked: bool
) -> None:
    network = {"project": keeper, "network": "shared", "subnetwork": "ml", "private_domains": ["googleapis.com"]}
    place = {"platform": "gcp", "account": "payments-risk-pilot", "region": "us-central1"}
    zones = {"landing_zones": {"shared": {**place, "owner": "net@example.com", "network": network}}}
    (organisation / FILE).write_text(yaml.safe_dump(zones), encoding="utf-8")
    forget()
    (way,) = gcp_pilot.of("gcp:compute/forwardingRule:ForwardingRule")
    there = changed(gcp_pilot, way, lambda p: p.update(network=f"projects/{keeper}/global/networks/shared"))
    asked_for = steps(replace(there, placement=None))
    assert bool(asked_for) == asked
    assert all("company-host" in step.who and "gcp-sa-notebooks" in step.what for step in asked_for)
    assert all(len(step.commands) == 3 for step in asked_for)
    looks = [look for step in asked_for for look in step.looks]
    assert all(look.at == "projects/company-host/regions/us-central1/subnetworks/ml" for look in looks)
    assert len(looks) == len(asked_for) and not steps(gcp_pilot)


def steps(graph: Graph) -> list[ManualStep]:
    found = before_up(graph, "payments-risk-pilot", "us-central1")
    return [step for step in found if "roles/compute.networkUser" in step.what]
