"""A person signs in to the workspace: of each pilot, and not without any one thing that lets them in."""

import re
from collections.abc import Mapping

import pytest

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.kinds.aws import iam, studio
from catalogue.kinds.azure import NETWORK, authorization, network, privatedns
from catalogue.kinds.azure.machinelearningservices import WORKSPACE
from catalogue.kinds.gcp import serviceaccount, workbench
from sandbox import byhand
from sandbox.signing_in import sign_in
from sandbox.state.records import New
from tests.sandbox.dataplane.test_path import Key, Standing

PEOPLE = {"aws": "ana", "gcp": "ana@example.com", "azure": "0a1b2c3d-0000-4000-8000-00000000000a"}
PLACES = {
    "aws": "aws-pilot-workspace-ana",
    "gcp": "gcp-pilot-workspace-ana",
    "azure": "azure-pilot-workspace-ana",
}
DENIED, CLOSED = "is not authorized to perform: sagemaker:CreatePresignedDomainUrl", "403 Forbidden: Public network"
NO_GRANT = "has no permission to perform microsoft.machinelearningservices/workspaces/read."
LOST: tuple[tuple[str, Key, str], ...] = (
    ("aws", (studio.USER_PROFILE, "aws-pilot-workspace-ana"), "knows that person; it knows ben"),
    ("aws", (studio.DOMAIN, "aws-pilot-workspace"), "(ResourceNotFound)"),
    ("aws", (iam.ROLE_POLICY, "aws-pilot-identity-data-scientist-policy"), DENIED),
    ("gcp", (workbench.INSTANCE, "gcp-pilot-workspace-ana"), "knows that person; it knows ben@example.com"),
    ("gcp", (serviceaccount.MEMBER, "gcp-pilot-workspace-ana-signs-in"), "does not have iam.serviceAccounts.actAs"),
    ("azure", (WORKSPACE, "azure-pilot-workspace"), "knows that person; bring up the ground first"),
    ("azure", (authorization.ROLE_ASSIGNMENT, "azure-pilot-access-person-ana-workspace"), NO_GRANT),
    ("azure", (authorization.ROLE_DEFINITION, "azure-pilot-access-data-scientist"), NO_GRANT),
    ("azure", (network.PEERING, "azure-pilot-people-peering-*"), CLOSED),
    ("azure", (privatedns.LINK, "azure-pilot-people-api-azureml-ms-*"), CLOSED),
    ("azure", (network.PRIVATE_ENDPOINT, "azure-pilot-workspace-private"), CLOSED),
    ("azure", (network.ZONE_GROUP, "azure-pilot-workspace-private-dns"), CLOSED),
    ("azure", (NETWORK, "azure-pilot-network-vnet"), CLOSED),
)
"""What is deleted, and what the person reads then. `*` stands for a digest."""


@pytest.fixture(scope="module")
def pilots(
    aws_pilot: Graph, gcp_pilot: Graph, azure_pilot: Graph, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Standing]:
    graphs = {"aws": aws_pilot, "gcp": gcp_pilot, "azure": azure_pilot}
    return {name: Standing(graph, tmp_path_factory.mktemp(name)) for name, graph in graphs.items()}


@pytest.mark.parametrize("platform", PEOPLE)
def test_a_person_of_the_stack_file_signs_in_and_their_app_runs_until_it_is_stopped(
    platform: str, pilots: Mapping[str, Standing]
) -> None:
    state, who = pilots[platform].state, PEOPLE[platform]
    here, kept = "", ""
    if platform == "aws":
        here, kept = " in a private space with a volume of 5 GB", "; their private space keeps its volume"
    assert byhand.sign_in(state, who) == f"{who} has signed in to {PLACES[platform]}, and an app of theirs runs{here}"
    assert state.account.apps() == [who]
    assert byhand.stop_app(state, who) == f"no app of {who} runs any more{kept}"
    with pytest.raises(BadInput, match="no app of that person runs"):
        byhand.stop_app(state, who)
    assert state.account.apps() == []


@pytest.mark.parametrize("platform", PEOPLE)
def test_nobody_else_signs_in(platform: str, pilots: Mapping[str, Standing]) -> None:
    with pytest.raises(BadInput, match="no workspace that stands here knows that person; it knows "):
        sign_in(pilots[platform].state, "eve")
    assert pilots[platform].state.account.apps() == []


@pytest.mark.parametrize(("platform", "key", "says"), LOST)
def test_without_what_lets_them_in_a_person_is_refused(
    platform: str, key: Key, says: str, pilots: Mapping[str, Standing]
) -> None:
    pilot = pilots[platform]
    gone = pilot.delete(pilot.of(key))
    try:
        with pytest.raises(BadInput, match=re.escape(says)):
            sign_in(pilot.state, PEOPLE[platform])
        assert pilot.state.account.apps() == []
    finally:
        pilot.put_back(gone)
    sign_in(pilot.state, PEOPLE[platform])
    pilot.state.account.stop_app(PEOPLE[platform])


@pytest.mark.parametrize("platform", PEOPLE)
def test_from_the_internet_only_azures_closed_workspace_refuses(platform: str, pilots: Mapping[str, Standing]) -> None:
    state, who = pilots[platform].state, PEOPLE[platform]
    if platform == "azure":
        with pytest.raises(BadInput, match=f"{CLOSED} access is disabled; .* and not from the internet"):
            sign_in(state, who, outside=True)
    else:
        assert sign_in(state, who, outside=True).name == PLACES[platform]
        state.account.stop_app(who)


def test_a_landing_zones_network_leads_its_people_in(pilots: Mapping[str, Standing]) -> None:
    """Its owner joined the networks that people come from; no peering of the stack's is needed."""
    pilot = pilots["azure"]
    peering = pilot.delete(pilot.of((network.PEERING, "azure-pilot-people-peering-*")))
    own = pilot.of((NETWORK, "azure-pilot-network-vnet"))
    pilot.state.resources.delete_behind(own.key)
    given = New(own.type, own.id, own.platform, own.account, own.region, own.name, {}, {})
    pilot.state.resources.create(given)
    try:
        assert sign_in(pilot.state, PEOPLE["azure"]).name == PLACES["azure"]
    finally:
        pilot.state.resources.delete_behind(pilot.of((NETWORK, own.name)).key)
        pilot.put_back([own, *peering])
        pilot.state.account.stop_app(PEOPLE["azure"])


def test_nobody_opens_an_instance_without_the_proxy(pilots: Mapping[str, Standing]) -> None:
    pilot = pilots["gcp"]
    instance = pilot.of((workbench.INSTANCE, "gcp-pilot-workspace-ana"))
    pilot.state.resources.update(
        instance.key, {**instance.inputs, "disableProxyAccess": True}, instance.outputs, [], ""
    )
    with pytest.raises(BadInput, match="has no proxy access"):
        sign_in(pilot.state, PEOPLE["gcp"])
    pilot.state.resources.update(instance.key, instance.inputs, instance.outputs, [], "")
