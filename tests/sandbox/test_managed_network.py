"""The managed network of a workspace on Azure leads to the registries that its rules lead to, and to no other."""

from pathlib import Path
from typing import Any

import pytest

from catalogue.kinds.azure.machinelearningservices import ENVIRONMENT, ONLINE_DEPLOYMENT, OUTBOUND_RULE, WORKSPACE
from sandbox import byhand, needs
from sandbox.clouds.manners import CloudSaysNo
from sandbox.managed_network import leads_to
from sandbox.needs import Lacks, Needs
from sandbox.simulated_cloud import Cloud
from sandbox.state import State
from sandbox.state.records import New
from sandbox.training import RunFailed
from stacks.config import STACKS
from tests.previewing import preview

SUBSCRIPTION, OTHERS = "99998888-3333-4444-5555-666677778888", "44445555-3333-4444-5555-666677778888"
REGISTRIES = "resourceGroups/shared/providers/Microsoft.ContainerRegistry/registries"
SHARED, OWN = f"/subscriptions/{OTHERS}/{REGISTRIES}/sharedml", f"/subscriptions/{SUBSCRIPTION}/{REGISTRIES}/lending"
IMAGE, CLOSED = "sharedml.azurecr.io/churn:2.0", "AllowOnlyApprovedOutbound"
TO_IT = {
    "type": "PrivateEndpoint",
    "destination": {"serviceResourceId": SHARED, "subresourceTarget": "registry", "sparkEnabled": False},
}


def standing(state: State, mode: str | None, *rules: dict[str, Any], inline: dict[str, Any] | None = None) -> None:
    """A workspace with its own registry, and rules beside it."""
    network = {"managedNetwork": {"isolationMode": mode, "outboundRules": inline or {}}} if mode else {}
    inputs = {"containerRegistry": OWN, **network}
    place = ("azure", SUBSCRIPTION, "westeurope")
    state.resources.create(New(WORKSPACE, "/workspaces/lending", *place, "lending", inputs, {}))
    for number, rule in enumerate(rules):
        said = {"workspaceName": "lending", **rule}
        state.resources.create(New(OUTBOUND_RULE, f"r{number}", *place, f"r{number}", said, {}))


def beside(**changed: Any) -> dict[str, Any]:
    return {"properties": {**TO_IT, "destination": {**TO_IT["destination"], **changed}}}


@pytest.mark.parametrize(
    ("mode", "rules", "inline", "image", "led"),
    [
        (CLOSED, [], {}, IMAGE, False),
        (CLOSED, [beside()], {}, IMAGE, True),
        (CLOSED, [beside(serviceResourceId=SHARED.upper())], {}, IMAGE, True),
        (CLOSED, [], {"shared": TO_IT}, IMAGE, True),
        (CLOSED, [beside(serviceResourceId=f"{SHARED}2")], {}, IMAGE, False),
        (CLOSED, [beside(subresourceTarget="blob")], {}, IMAGE, False),
        (CLOSED, [{**beside(), "workspaceName": "another"}], {}, IMAGE, False),
        (CLOSED, [], {}, "lending.azurecr.io/churn:2.0", True),
        (CLOSED, [], {}, "mcr.microsoft.com/azureml/minimal:1", True),
        (CLOSED, [], {}, "docker.io/library/python:3.11", False),
        (CLOSED, [], {"domain": {"type": "FQDN", "destination": "*.azurecr.io"}}, IMAGE, True),
        (CLOSED, [], {"domain": {"type": "FQDN", "destination": "*.azurecr.io"}}, "docker.io/x:1", False),
        (
            CLOSED,
            [],
            {"all": {"type": "ServiceTag", "destination": {"serviceTag": "AzureContainerRegistry"}}},
            IMAGE,
            True,
        ),
        ("AllowInternetOutbound", [], {}, IMAGE, True),
        (None, [], {}, IMAGE, True),
    ],
)
def test_a_rule_leads_to_a_registry(
    tmp_path: Path, mode: str | None, rules: list[dict[str, Any]], inline: dict[str, Any], image: str, led: bool
) -> None:
    state = State(tmp_path / "state.sqlite")
    standing(state, mode, *rules, inline=inline)
    assert leads_to(state, "lending", image) is led
    assert leads_to(state, "given", image), "what stands in a landing zone is not known here"


def test_a_deployment_whose_image_is_not_reached_is_refused(tmp_path: Path) -> None:
    cloud = Cloud("azure-native", State(tmp_path / "state.sqlite"), "one", SUBSCRIPTION, "westeurope")
    standing(cloud.state, CLOSED)
    environment = needs.resource(ENVIRONMENT, "v", "v", {"properties": {"image": IMAGE}}, {})
    made = needs.resource(ONLINE_DEPLOYMENT, "d", "d", {"workspaceName": "lending"}, {})
    asked = Needs(cloud.state, "azure", SUBSCRIPTION, "westeurope", made, (environment,))
    with pytest.raises(Lacks, match=rf"no-way.*{IMAGE}"):
        asked.reached()
    rule = {"workspaceName": "lending", **beside()}
    cloud.state.resources.create(New(OUTBOUND_RULE, "r", "azure", SUBSCRIPTION, "westeurope", "r", rule, {}))
    asked.reached()


def test_a_deployment_hears_it_as_it_comes_up(tmp_path: Path) -> None:
    cloud = Cloud("azure-native", State(tmp_path / "state.sqlite"), "one", SUBSCRIPTION, "westeurope")
    cloud.state.account.use()
    standing(cloud.state, CLOSED)
    said = {"properties": {"image": IMAGE}}
    place = ("azure", SUBSCRIPTION, "westeurope")
    cloud.state.resources.create(New(ENVIRONMENT, "/environments/churn", *place, "churn", said, {}))
    inputs = {
        **{"workspaceName": "lending", "resourceGroupName": "lending", "endpointName": "churn", "location": "x"},
        **{"deploymentName": "v1", "properties": {"environmentId": "/environments/churn"}},
    }
    with pytest.raises(CloudSaysNo, match=rf"Unable to download user container image {IMAGE}: .* no outbound rule"):
        cloud.create(ONLINE_DEPLOYMENT, f"urn:pulumi:dev::x::{ONLINE_DEPLOYMENT}::v1", "v1", inputs)
    assert cloud.state.journal.events()[-1].operation == "refused"


@pytest.mark.parametrize("job", ["fraud-training", "fraud-backfill"])
@pytest.mark.parametrize("led", [True, False])
def test_a_run_whose_image_is_not_reached_fails(tmp_path: Path, job: str, led: bool) -> None:
    """Azure ML looks for the image of a run when it starts."""
    graph, state = preview(STACKS / "Pulumi.azure-full.yaml"), State(tmp_path / "state.sqlite")
    place = graph.placement
    assert place is not None
    for one in (one for one in graph.cloud if not one.type.endswith(":ApprovedVersion")):
        inputs = dict(one.inputs)
        if one.type == ENVIRONMENT:
            inputs["properties"] = {**inputs["properties"], "image": IMAGE}
        id_ = str(one.outputs.get("id", one.name))
        state.resources.create(New(one.type, id_, "azure", place.account, place.region, one.name, inputs, one.outputs))
        if one.type == WORKSPACE and led:
            rule = {"workspaceName": id_.rpartition("/")[2], **beside()}
            state.resources.create(New(OUTBOUND_RULE, "led", "azure", place.account, place.region, "led", rule, {}))
    for uri in place.addresses:
        state.account.upload(uri)
    if led:
        assert "`assumed`" in byhand.run(state, job)
    else:
        with pytest.raises(RunFailed, match=f"{job}(.|\n)*Unable to pull {IMAGE}"):
            byhand.run(state, job)
