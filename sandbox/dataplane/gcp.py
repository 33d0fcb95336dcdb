"""A call of an endpoint of Vertex AI, which has an address in the network by Private Service Connect.

Whoever may open HTTPS to that address may call: no identity is asked for. Source: Vertex AI, "Use Private Service
Connect for online inference", https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect. Firewall
rules: https://cloud.google.com/firewall/docs/firewalls. That an endpoint of this sort refuses calls of the public API
is documented there. The caller takes the endpoint's name, to which its certificate is made out.
"""

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import takewhile
from typing import Any, cast
from zoneinfo import ZoneInfo

from cronsim import CronSim

from catalogue.kind import assumed, from_source
from catalogue.kinds.gcp import VPC, WORKFLOW, cloudscheduler, dns
from catalogue.kinds.gcp.compute import ADDRESS, FIREWALL, FORWARDING_RULE
from catalogue.kinds.gcp.mlplatform import DEPLOYMENT
from catalogue.kinds.gcp.mlplatform import MODEL as SERVED_MODEL
from catalogue.kinds.gcp.vertex import NAMES
from catalogue.kinds.gcp.workflows import wanted
from catalogue.marked import Json
from examples.pack import MODEL
from examples.serving import vertex
from examples.serving.server import Server
from sandbox.dataplane import Call, Part, Served, follow, inside, there
from sandbox.needs import of_record
from sandbox.state import State
from sandbox.state.records import Record

PATH = "/predict"
_READ = "2026-11-26"
_CURL = from_source("https://curl.se/libcurl/c/libcurl-errors.html", _READ)
_TIMED_OUT = "curl: (28) Failed to connect to {address} port 443: Connection timed out"


def reach(call: Call) -> None:
    """Raises NoPrediction without traffic, without an address and name that lead to it, or behind a firewall."""
    state, endpoint = call.state, call.endpoint
    found = [address for rule in _joined(call, [endpoint]) if (address := _address(state, rule))]
    words = {
        "endpoint": endpoint.id,
        "host": f"{endpoint.name}.{NAMES}",
        "address": found[0] if found and not call.apart else "the endpoint's address",
    }
    follow(PARTS, call, _is_private(endpoint) and not call.apart, words)


def served(state: State, endpoint: Record) -> Served:
    """The version of a model that has most of the traffic. A deployment names it by the project's number.

    Vertex AI shows the model's name and the version apart:
    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints#DeployedModel
    """
    deployed = sorted(_deployed(Call(state, endpoint)), key=lambda one: one.outputs.get("trafficPercent") or 0)
    shown: Json = deployed[-1].inputs if deployed else {}
    return of_version(state, str(shown.get("model", "")), str(shown.get("modelVersionId") or ""))


def of_version(state: State, path: str, shown: str = "") -> Served:
    """The container of a version of a model, which is said with the model or shown apart."""
    model, _, given = path.partition("@")
    named, version = model.partition("/locations/")[2], shown or given
    for one in state.resources.find(type=SERVED_MODEL) if named else ():
        if one.id.endswith(f"/locations/{named}"):
            said: Json = cast(Json, one.outputs.get("versions") or {}).get(version) or one.inputs
            spec = cast(Json, said.get("containerSpec") or {})
            route = str(spec.get("predictRoute") or PATH)
            return Served(str(spec.get("imageUri", "")), str(said.get("artifactUri", "")), route)
    return Served("", "", PATH)


def container(route: str) -> Server:
    """The example's container of Vertex AI, with the variables that Vertex AI sets."""
    told = {"AIP_HTTP_PORT": "0", "AIP_PREDICT_ROUTE": route, "AIP_STORAGE_URI": str(MODEL)}
    return vertex.serve(told, "127.0.0.1")


def failed(status: int, body: str) -> str:
    """Vertex AI hands the container's answer on."""
    return f"{status}: {body}"


def _connect(endpoint: Record) -> Json:
    return endpoint.inputs.get("privateServiceConnectConfig") or {}


def _is_private(endpoint: Record) -> bool:
    return bool(_connect(endpoint).get("enablePrivateServiceConnect"))


def _deployed(call: Call) -> list[Record]:
    below = call.state.resources.below(call.endpoint.id, call.endpoint.account)
    return [one for one in below if one.type == DEPLOYMENT]


def _served(call: Call, ways: list[Any]) -> list[Any]:
    """Whether a deployment has traffic, and is not off by the hours of its endpoint."""
    return ways if any(one.outputs.get("trafficPercent") for one in _deployed(call)) and not _is_off(call) else []


def _is_off(call: Call) -> bool:
    """Whether the schedule that came last turned the endpoint off, after it was deployed to.

    The workflow that it starts is not run here: it is taken to have done at once what it was asked.
    """
    resources, now = call.state.resources, call.state.clock.now()
    undeploys = f"/{call.endpoint.id}:undeployModel"
    flows = [one.id for one in resources.find(type=WORKFLOW) if undeploys in str(one.inputs.get("sourceContents"))]
    came = [
        (last, wanted(of_record(one)))
        for one in resources.find(type=cloudscheduler.SCHEDULE)
        if any(f"/{flow}/executions" in str(one.inputs.get("httpTarget")) for flow in flows)
        and not one.inputs.get("paused")
        for last in _starts(str(one.inputs["schedule"]), str(one.inputs.get("timeZone") or "UTC"), now)[-1:]
    ]
    since = max((one.created for one in _deployed(call)), default=0.0)
    return bool(came) and max(came)[1] == "off" and max(came)[0] > since


def _starts(cron: str, timezone: str, now: float) -> list[float]:
    """When a schedule came in the week before now, in seconds since 1970."""
    at = datetime.fromtimestamp(now, ZoneInfo(timezone))
    come = CronSim(cron, at - timedelta(days=7))
    return [one.timestamp() for one in takewhile(lambda one: one <= at, come)]


def _listed(call: Call, ways: list[Any]) -> list[Any]:
    """Whether the endpoint lets the project of a caller connect, which has an address of its own there."""
    who = call.apart
    if who is None or not _is_private(call.endpoint):
        return ways
    return ways if who.account in _connect(call.endpoint).get("projectAllowlists", ()) else []


def _joined(call: Call, ways: list[Any]) -> list[Record]:
    """The forwarding rules that lead to the endpoint, of projects that it lets connect."""
    attachments = {one.inputs.get("privateEndpoints", {}).get("serviceAttachment") for one in _deployed(call)}
    return [
        rule
        for rule in call.state.resources.find(type=FORWARDING_RULE, region=call.endpoint.region)
        if rule.inputs.get("target") in attachments
        and rule.account in _connect(call.endpoint).get("projectAllowlists", ())
    ]


def _in_network(call: Call, ways: list[Any]) -> list[Record]:
    """The rules whose network stands, and is that of a caller whom the stack file names there."""
    who = call.joined
    found = [(rule, _network(call.state, rule)) for rule in ways]
    return [rule for rule, network in found if network and (who is None or _is(network, who.network))]


def _addressed(call: Call, ways: list[Any]) -> list[Record]:
    return [rule for rule in ways if _address(call.state, rule)]


def _named(call: Call, ways: list[Any]) -> list[Record]:
    """The rules whose network reads a private zone of the endpoints' domain, in which a name has their address."""
    return [
        rule
        for rule in ways
        if (network := _network(call.state, rule))
        and (not network.inputs or _address(call.state, rule) in _names(call.state, network))
    ]


def _names(state: State, network: Record) -> set[str]:
    """The addresses that have a name below the endpoints' domain, as the network reads it."""
    zones = [
        (one.account, one.id.rpartition("/")[2])
        for one in state.resources.find(type=dns.ZONE)
        if one.inputs.get("dnsName") == f"{NAMES}."
        and any(
            _is(network, reader.get("networkUrl"))
            for reader in one.inputs.get("privateVisibilityConfig", {}).get("networks") or ()
        )
    ]
    return {
        address
        for one in state.resources.find(type=dns.RECORD)
        if (one.account, str(one.inputs.get("managedZone")).rpartition("/")[2]) in zones
        for address in one.inputs.get("rrdatas") or ()
    }


def _let_out(call: Call, ways: list[Any]) -> list[Record]:
    return [rule for rule in ways if _lets_out(call.state, rule.inputs.get("network"), _address(call.state, rule))]


PARTS = (
    Part(
        "endpoint",
        there,
        "404 NOT_FOUND: Endpoint {endpoint} is not found.",
        assumed("the code is Google's (https://cloud.google.com/apis/design/errors), the sentence is not known", _READ),
    ),
    Part(
        "traffic to a deployment",
        _served,
        "400 FAILED_PRECONDITION: Endpoint {endpoint} doesn't have traffic_split.",
        from_source("https://github.com/GoogleCloudPlatform/explainable_ai_sdk/issues/3", _READ),
    ),
    Part("allow list", _listed, _TIMED_OUT, _CURL),
    Part(
        "caller's network",
        inside,
        "400 FAILED_PRECONDITION: Endpoint {endpoint} is private; call it at its address in the network.",
        assumed("that it is refused is documented, the sentence is not", _READ),
        private=True,
    ),
    Part("forwarding rule", _joined, _TIMED_OUT, _CURL, private=True),
    Part("network", _in_network, _TIMED_OUT, _CURL, private=True),
    Part("address", _addressed, _TIMED_OUT, _CURL, private=True),
    Part("name", _named, "curl: (6) Could not resolve host: {host}", _CURL, private=True),
    Part("firewall", _let_out, _TIMED_OUT, _CURL, private=True),
)
"""The path from a caller to a replica, in the order in which a call meets it. A way is a forwarding rule."""


def _network(state: State, rule: Record) -> Record | None:
    return next((one for one in state.resources.find(type=VPC) if _is(one, rule.inputs.get("network"))), None)


def _is(network: Record, named: object) -> bool:
    """Whether a network is named so: by its id or its link."""
    return str(named) == network.id or str(named).endswith(f"/{network.id}")


def _address(state: State, rule: Record) -> str:
    held = state.resources.get(ADDRESS, str(rule.inputs.get("ipAddress", "")))
    return str(held.outputs.get("address", "")) if held else ""


def _lets_out(state: State, network: object, address: str) -> bool:
    """Whether HTTPS may go out to the address: the first rule that names it, by priority, a denial before the others.

    A network lets everything out that no rule names.
    """
    rules = [one.inputs for one in state.resources.find(type=FIREWALL) if one.inputs.get("network") == network]
    found = [
        (rule.get("priority", 1000), not rule.get("denies"), rule)
        for rule in rules
        if rule.get("direction") == "EGRESS"
        and any(ip_address(address) in ip_network(text) for text in rule.get("destinationRanges") or ["0.0.0.0/0"])
        and any(_is_https(part) for part in rule.get("denies") or rule.get("allows") or ())
    ]
    return min(found, key=lambda one: one[:2])[1] if found else True


def _is_https(part: dict[str, object]) -> bool:
    ports = part.get("ports")
    return part.get("protocol") == "all" or (
        part.get("protocol") == "tcp" and (not ports or (isinstance(ports, list) and "443" in ports))
    )
