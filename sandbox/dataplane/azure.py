"""A call of an online endpoint of Azure Machine Learning, through the private endpoint of its workspace.

Sources: "Network isolation with managed online endpoints",
https://learn.microsoft.com/en-us/azure/machine-learning/concept-secure-online-endpoint, and the status codes of
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-troubleshoot-online-endpoints. The caller stands in the
subnet of the private endpoint, on the internet, or where the stack file says: in a network that is joined, or beside a
private endpoint of its own, which the owner of the workspace is taken to have approved.
"""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from catalogue.behaviour import values_at
from catalogue.kind import assumed, documented, from_source
from catalogue.kinds.azure import NETWORK
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT, ROLE_DEFINITION
from catalogue.kinds.azure.machinelearningservices import ENVIRONMENT, ONLINE_DEPLOYMENT
from catalogue.kinds.azure.machinelearningservices import MODEL as VERSION
from catalogue.kinds.azure.mlplatform import TRAFFIC
from catalogue.kinds.azure.network import PEERING, PRIVATE_ENDPOINT, SECURITY_GROUP, SUBNET, ZONE_GROUP
from catalogue.kinds.azure.privatedns import LINK, ZONE
from catalogue.marked import Json
from examples.pack import MODEL
from examples.serving import azure, score
from examples.serving.server import Server
from sandbox.dataplane import Call, Part, Served, follow, inside, there
from sandbox.state import State
from sandbox.state.records import Record

PATH = "/score"
_ZONE = "privatelink.api.azureml.ms"
_SCORE = "microsoft.machinelearningservices/workspaces/onlineendpoints/score/action"
_READ = "2026-11-26"
_STATUSES = documented(
    "https://learn.microsoft.com/en-us/azure/machine-learning/how-to-troubleshoot-online-endpoints", _READ
)
_CURL = from_source("https://curl.se/libcurl/c/libcurl-errors.html", _READ)
_CLOSED = (
    "403 Forbidden: Public network access is disabled; the endpoint is reached through the private endpoint of its "
    "workspace."
)
_FROM_OUTSIDE = assumed(
    "a name that leads to no private endpoint leads to the public one; its words are unknown", _READ
)
_TIMED_OUT = "curl: (28) Failed to connect to {host} port 443: Connection timed out"


def reach(call: Call) -> None:
    """Raises NoPrediction without a private way in, without a role that may score, or without traffic."""
    endpoint = call.endpoint
    host = f"{endpoint.id.rpartition('/')[2]}.{endpoint.region}.inference.ml.azure.com"
    private = endpoint.inputs.get("properties", {}).get("publicNetworkAccess") == "Disabled"
    follow(PARTS, call, private and not call.apart, {"host": host, "action": _SCORE})


def served(state: State, endpoint: Record) -> Served:
    """The environment and the model of the deployment that has most of the traffic."""
    for name in _shares(state, endpoint):
        deployment = state.resources.get(ONLINE_DEPLOYMENT, f"{endpoint.id}/deployments/{name}")
        told: Json = deployment.inputs.get("properties", {}) if deployment else {}
        if found := of_environment(state, str(told.get("environmentId", "")), str(told.get("model", ""))):
            return found
    return Served("", "", PATH)


def of_environment(state: State, environment_id: str, model_id: str) -> Served | None:
    """The image of an environment with a version of a model; None where there is no such environment."""
    environment, version = state.resources.get(ENVIRONMENT, environment_id), state.resources.get(VERSION, model_id)
    if environment is None:
        return None
    ran: Json = environment.inputs.get("properties", {})
    stored: Json = version.inputs.get("properties", {}) if version else {}
    routes = list(values_at(ran, "inferenceConfig.scoringRoute.path"))
    return Served(str(ran.get("image", "")), str(stored.get("modelUri", "")), str(routes[0]) if routes else PATH)


def container(route: str) -> Server:
    """The example's container of Azure ML. It finds its model by a variable, which this process has for it."""
    os.environ[score.FOLDER] = str(MODEL)
    return azure.serve(("127.0.0.1", 0))


def failed(status: int, body: str) -> str:
    """Azure ML hands the container's answer on: 424, with the container's own status in a header."""
    return f"424 Model Error ({status}): {body}"


def _private(call: Call, ways: list[Any]) -> list[Record]:
    return private_ways(call.state, call.endpoint.id.partition("/onlineEndpoints/")[0])


def private_ways(state: State, id_: str, group: str = "amlworkspace") -> list[Record]:
    """The private endpoints of a group that lead to a workspace, or to another resource."""
    return [
        way
        for way in state.resources.find(type=PRIVATE_ENDPOINT)
        if any(_leads(part, id_.casefold(), group) for part in way.inputs.get("privateLinkServiceConnections") or ())
    ]


def _named(call: Call, ways: list[Any]) -> list[Record]:
    """The private endpoints that have a name in a zone that stands."""
    return [way for way in ways if any(zones_of(call.state, way))]


def _linked(call: Call, ways: list[Any]) -> list[Record]:
    """The private endpoints in whose zone the caller's network reads: their own, or the one that is joined to it.

    Which networks read a zone that is given is not known.
    """
    return [
        way
        for way in ways
        if any(
            not zone.inputs
            or any(
                one.type == LINK and _id(one.inputs.get("virtualNetwork")).casefold() == _reads(call, way)
                for one in call.state.resources.below(zone.id, zone.account)
            )
            for zone in zones_of(call.state, way)
        )
    ]


def _reads(call: Call, way: Record) -> str:
    return (call.joined.network if call.joined else network_of(way)).casefold()


def _peered(call: Call, ways: list[Any]) -> list[Record]:
    """The private endpoints whose network has a peering with the caller's. One that is given is joined."""
    who, resources = call.joined, call.state.resources
    if who is None:
        return ways
    joined = {
        one.id.partition("/virtualNetworkPeerings/")[0].casefold()
        for one in resources.find(type=PEERING)
        if _id(one.inputs.get("remoteVirtualNetwork")).casefold() == who.network.casefold()
        and one.inputs.get("allowVirtualNetworkAccess") is not False
    }
    given = {one.id.casefold() for one in resources.find(type=NETWORK) if not one.inputs}
    return [way for way in ways if network_of(way).casefold() in joined | given]


def _standing(call: Call, ways: list[Any]) -> list[Record]:
    """The private endpoints whose network and subnet stand."""
    resources = call.state.resources
    return [
        way
        for way in ways
        if resources.get(NETWORK, network_of(way)) and resources.get(SUBNET, _id(way.inputs.get("subnet")))
    ]


def _let_through(call: Call, ways: list[Any]) -> list[Record]:
    """The private endpoints whose subnet lets HTTPS out to the network, and in from it.

    The rules bind a private endpoint where its subnet says so. A subnet without a group lets both through.
    https://learn.microsoft.com/en-us/azure/private-link/disable-private-endpoint-network-policy
    """
    found: list[Record] = []
    for way in ways:
        subnet = call.state.resources.get(SUBNET, _id(way.inputs.get("subnet")))
        told: Json = subnet.inputs if subnet else {}
        group = call.state.resources.get(SECURITY_GROUP, _id(told.get("networkSecurityGroup")))
        bound = told.get("privateEndpointNetworkPolicies") in ("Enabled", "NetworkSecurityGroupEnabled")
        directions = ("Outbound", "Inbound") if bound else ("Outbound",)
        if group is None or all(_allows(group, direction) for direction in directions):
            found.append(way)
    return found


def _granted(call: Call, ways: list[Any]) -> list[Any]:
    who = call.caller.identity if call.caller else ""
    return ways if any(map(_is_score, _actions(call.state, call.endpoint, who))) else []


def _served(call: Call, ways: list[Any]) -> list[Any]:
    """Whether a deployment that stands has traffic."""
    there = {
        one.id.rpartition("/")[2]
        for one in call.state.resources.below(call.endpoint.id, call.endpoint.account)
        if one.type == ONLINE_DEPLOYMENT
    }
    return ways if any(name in there for name in _shares(call.state, call.endpoint)) else []


PARTS = (
    Part(
        "endpoint",
        there,
        "curl: (6) Could not resolve host: {host}",
        assumed("the name of an endpoint goes with it; curl has the sentence", _READ),
    ),
    Part("caller's network", inside, _CLOSED, _FROM_OUTSIDE, private=True),
    Part("private endpoint", _private, _CLOSED, _FROM_OUTSIDE, private=True),
    Part("name", _named, _CLOSED, _FROM_OUTSIDE, private=True),
    Part("zone's link to the network", _linked, _CLOSED, _FROM_OUTSIDE, private=True),
    Part("network", _standing, _TIMED_OUT, _CURL, private=True),
    Part("peering", _peered, _TIMED_OUT, _CURL, private=True),
    Part("security rules", _let_through, _TIMED_OUT, _CURL, private=True),
    Part("grant", _granted, "403 Access denied: The token has no permission to perform {action}.", _STATUSES),
    Part(
        "traffic to a deployment",
        _served,
        "404 Not found: The endpoint doesn't have any valid deployment with positive weight.",
        _STATUSES,
    ),
)
"""The path from a caller to a replica, in the order in which a call meets it. A way is a private endpoint."""


def _shares(state: State, endpoint: Record) -> list[str]:
    """The deployments that have traffic, by name, the most of it first."""
    traffic = state.resources.get(TRAFFIC, f"{endpoint.id}/traffic")
    shares: dict[str, int] = (traffic.outputs.get("traffic") or {}) if traffic else {}
    return sorted((name for name, share in shares.items() if share), key=lambda name: -shares[name])


def zones_of(state: State, way: Record, *names: str) -> Iterator[Record]:
    """The zones that stand in which the private endpoint has a name: those of the names, or that of Azure ML's API."""
    for group in (one for one in state.resources.below(way.id, way.account) if one.type == ZONE_GROUP):
        for part in group.inputs.get("privateDnsZoneConfigs") or ():
            zone = state.resources.get(ZONE, str(part.get("privateDnsZoneId")))
            if zone is not None and zone.id.rpartition("/")[2] in (names or (_ZONE,)):
                yield zone


def _id(named: Json | None) -> str:
    return str(named.get("id", "")) if named else ""


def network_of(way: Record) -> str:
    """The id of the network in which a private endpoint stands."""
    return _id(way.inputs.get("subnet")).partition("/subnets/")[0]


def _leads(connection: dict[str, object], id_: str, group: str) -> bool:
    to = str(connection.get("privateLinkServiceId", "")).casefold()
    return to == id_ and group in (connection.get("groupIds") or ())  # pyright: ignore[reportOperatorIssue]


def _allows(group: Record, direction: str) -> bool:
    """Whether the first rule by priority on HTTPS within the network allows it, as Azure's own last rule does."""
    rules = [
        rule
        for rule in group.inputs.get("securityRules") or ()
        if rule.get("direction") == direction
        and str(rule.get("protocol")).casefold() in ("*", "tcp")
        and str(rule.get("destinationPortRange")) in ("*", "443")
        and all(rule.get(f"{end}AddressPrefix") in ("*", "VirtualNetwork") for end in ("source", "destination"))
    ]
    return min(rules, key=lambda rule: rule["priority"])["access"] == "Allow" if rules else True


def _actions(state: State, endpoint: Record, who: str) -> Iterator[str]:
    """The actions of the stack's own roles that are given at the endpoint or above it, without those they leave out.

    To the principal `who`; to anybody where that is empty.
    """
    for given in state.resources.find(type=ROLE_ASSIGNMENT):
        if who and given.inputs.get("principalId") != who:
            continue
        scope = str(given.inputs.get("scope", "")).casefold().rstrip("/")
        role = state.resources.get(ROLE_DEFINITION, str(given.inputs.get("roleDefinitionId", "")))
        if role is None or not f"{endpoint.id}/".casefold().startswith(f"{scope}/"):
            continue
        for part in role.inputs.get("permissions") or ():
            if not any(map(_is_score, part.get("notActions") or ())):
                yield from part.get("actions") or ()


def _is_score(action: str) -> bool:
    return fnmatchcase(_SCORE, action.lower())
