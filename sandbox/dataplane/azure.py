"""A call of an online endpoint of Azure Machine Learning, through the private endpoint of its workspace.

Sources: "Network isolation with managed online endpoints",
https://learn.microsoft.com/en-us/azure/machine-learning/concept-secure-online-endpoint, and the status codes of
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-troubleshoot-online-endpoints. Which status and sentence
a call from the internet gets is assumed.
"""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase

from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT, ROLE_DEFINITION
from catalogue.kinds.azure.mlplatform import TRAFFIC
from catalogue.kinds.azure.network import PRIVATE_ENDPOINT, ZONE_GROUP
from catalogue.kinds.azure.privatedns import LINK, ZONE
from catalogue.marked import Json
from examples.pack import MODEL
from examples.serving import azure, score
from examples.serving.server import Server
from sandbox.dataplane import NoPrediction
from sandbox.state import State
from sandbox.state.records import Record

PATH = "/score"
_ZONE = "privatelink.api.azureml.ms"
_SCORE = "microsoft.machinelearningservices/workspaces/onlineendpoints/score/action"


def reach(state: State, endpoint: Record, outside: bool) -> None:
    """Raises NoPrediction without a private way in, without a role that may score, or without traffic."""
    public = endpoint.inputs.get("properties", {}).get("publicNetworkAccess") != "Disabled"
    if not public and (outside or not _resolves(state, endpoint)):
        raise NoPrediction(
            "403 Forbidden: Public network access is disabled; the endpoint is reached through the private endpoint of "
            "its workspace."
        )
    if not any(_is_score(action) for action in _granted(state, endpoint)):
        raise NoPrediction(f"403 Access denied: The token has no permission to perform {_SCORE}.")
    traffic = state.resources.get(TRAFFIC, f"{endpoint.id}/traffic")
    shares: Json = (traffic.outputs.get("traffic") or {}) if traffic else {}
    if not any(shares.values()):
        raise NoPrediction("404 Not found: The endpoint doesn't have any valid deployment with positive weight.")


def container() -> Server:
    """The example's container of Azure ML. It finds its model by a variable, which this process has for it."""
    os.environ[score.FOLDER] = str(MODEL)
    return azure.serve(("127.0.0.1", 0))


def failed(status: int, body: str) -> str:
    """Azure ML hands the container's answer on: 424, with the container's own status in a header."""
    return f"424 Model Error ({status}): {body}"


def _resolves(state: State, endpoint: Record) -> bool:
    """Whether the endpoint's name leads to a private endpoint: by its zone group, a zone, and the zone's link.

    A zone that is given has links that are not known, and is taken to have one.
    """
    workspace = endpoint.id.partition("/onlineEndpoints/")[0].casefold()
    for way in state.resources.find(type=PRIVATE_ENDPOINT):
        joined = way.inputs.get("privateLinkServiceConnections") or ()
        if not any(_leads(part, workspace) for part in joined):
            continue
        for group in (one for one in state.resources.below(way.id, way.account) if one.type == ZONE_GROUP):
            zones = [str(part.get("privateDnsZoneId")) for part in group.inputs.get("privateDnsZoneConfigs") or ()]
            if any(_linked(state, zone) for zone in zones if zone.rpartition("/")[2] == _ZONE):
                return True
    return False


def _leads(connection: dict[str, object], workspace: str) -> bool:
    to = str(connection.get("privateLinkServiceId", "")).casefold()
    return to == workspace and "amlworkspace" in (connection.get("groupIds") or ())  # pyright: ignore[reportOperatorIssue]


def _linked(state: State, zone_id: str) -> bool:
    zone = state.resources.get(ZONE, zone_id)
    if zone is None:
        return False
    return not zone.inputs or any(one.type == LINK for one in state.resources.below(zone.id, zone.account))


def _granted(state: State, endpoint: Record) -> Iterator[str]:
    """The actions of the stack's own roles that are given at the endpoint or above it, without those they leave out."""
    for given in state.resources.find(type=ROLE_ASSIGNMENT):
        scope = str(given.inputs.get("scope", "")).casefold().rstrip("/")
        role = state.resources.get(ROLE_DEFINITION, str(given.inputs.get("roleDefinitionId", "")))
        if role is None or not f"{endpoint.id}/".casefold().startswith(f"{scope}/"):
            continue
        for part in role.inputs.get("permissions") or ():
            if not any(map(_is_score, part.get("notActions") or ())):
                yield from part.get("actions") or ()


def _is_score(action: str) -> bool:
    return fnmatchcase(_SCORE, action.lower())
