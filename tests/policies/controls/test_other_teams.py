"""Another team's stack, elsewhere, in production and with callers of its own, comes up under its own controls alone."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from policies.controls import World
from tests.operations.test_other_teams import file_of, moved
from tests.policies.controls import test_aws, test_azure, test_gcp
from tests.previewing import preview

REFUSED: Mapping[str, Callable[[World, Graph], Mapping[str, Any]]] = {
    "aws": test_aws.refused,
    "azure": test_azure.refused,
    "gcp": test_gcp.refused,
}
REGION = {"aws": "eu-central-1", "azure": "westeurope", "gcp": "europe-west4"}
_LEDGER = "/subscriptions/44445555-3333-4444-5555-666677778888/resourceGroups/l/providers/Microsoft.Network"
CALLERS: Mapping[str, dict[str, str]] = {
    "aws": {
        "account": "999988887777",
        "network": "vpc-0123456789abcdef0",
        "cidr": "10.60.0.0/20",
        "identity": "arn:aws:iam::999988887777:role/payments-app",
    },
    "azure": {"network": f"{_LEDGER}/virtualNetworks/ledger", "cidr": "10.70.0.0/20"},
    "gcp": {"account": "ledger-prod"},
}
OTHERWISE = {
    "aws": {"OtherPeers", "OutsideTakers"},
    "azure": {"ml-peerings"},
    "gcp": {"custom.mlServedToOthers"},
}
"""What refuses the same stack where its file names no caller."""


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_stack_comes_up_under_its_own_controls_and_under_nobody_elses(platform: str, tmp_path: Path) -> None:
    config = moved(platform, REGION[platform]) | {"environment": "prod", "callers": {"ledger": CALLERS[platform]}}
    if platform == "gcp":
        config["workspace"]["zone"] = f"{REGION[platform]}-b"
    graph = preview(file_of(config, tmp_path))
    assert graph.placement is not None and graph.placement.callers
    own = World.of(PLATFORMS[platform].name, graph.placement)
    assert REFUSED[platform](own, graph) == {}
    alone = World.of(PLATFORMS[platform].name, replace(graph.placement, callers=()))
    assert set(REFUSED[platform](alone, graph)) == OTHERWISE[platform]
    here = World.of(PLATFORMS[platform].name, replace(graph.placement, region="elsewhere"))
    assert REFUSED[platform](here, graph), "what is of another region is refused"
