"""A call of an endpoint of Vertex AI, which has an address in the network by Private Service Connect.

Whoever may open HTTPS to that address may call: no identity is asked for. Source: Vertex AI, "Use Private Service
Connect for online inference", https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect. Firewall
rules: https://cloud.google.com/firewall/docs/firewalls. That an endpoint of this sort refuses calls of the public API
is documented there; the sentences are assumed, but curl's own.
"""

from ipaddress import ip_address, ip_network

from catalogue.kinds.gcp.compute import ADDRESS, FIREWALL, FORWARDING_RULE
from catalogue.kinds.gcp.mlplatform import DEPLOYMENT
from catalogue.marked import Json
from examples.pack import MODEL
from examples.serving import vertex
from examples.serving.server import Server
from sandbox.dataplane import NoPrediction
from sandbox.state import State
from sandbox.state.records import Record

PATH = "/predict"


def reach(state: State, endpoint: Record, outside: bool) -> None:
    """Raises NoPrediction without traffic, without an address that leads to a deployment, or behind a firewall."""
    deployed = [one for one in state.resources.below(endpoint.id, endpoint.account) if one.type == DEPLOYMENT]
    if not any(one.outputs.get("trafficPercent") for one in deployed):
        raise NoPrediction(f"400 FAILED_PRECONDITION: Endpoint {endpoint.id} doesn't have traffic_split.")
    connect: Json = endpoint.inputs.get("privateServiceConnectConfig") or {}
    if not connect.get("enablePrivateServiceConnect"):
        return
    if outside:
        raise NoPrediction(
            f"400 FAILED_PRECONDITION: Endpoint {endpoint.id} is private; call it at its address in the network."
        )
    attachments = {one.inputs.get("privateEndpoints", {}).get("serviceAttachment") for one in deployed}
    leading = [
        rule
        for rule in state.resources.find(type=FORWARDING_RULE, region=endpoint.region)
        if rule.inputs.get("target") in attachments and rule.account in connect.get("projectAllowlists", ())
    ]
    if not leading:
        raise NoPrediction("curl: (28) Failed to connect to the endpoint's address port 443: Connection timed out")
    addresses = [address for rule in leading if (address := _address(state, rule))]
    if not any(_lets_out(state, rule.inputs.get("network"), _address(state, rule)) for rule in leading):
        where = addresses[0] if addresses else "the endpoint's address"
        raise NoPrediction(f"curl: (28) Failed to connect to {where} port 443: Connection timed out")


def container() -> Server:
    """The example's container of Vertex AI, with the variables that Vertex AI sets."""
    told = {"AIP_HTTP_PORT": "0", "AIP_PREDICT_ROUTE": PATH, "AIP_STORAGE_URI": str(MODEL)}
    return vertex.serve(told, "127.0.0.1")


def failed(status: int, body: str) -> str:
    """Vertex AI hands the container's answer on."""
    return f"{status}: {body}"


def _address(state: State, rule: Record) -> str:
    held = state.resources.get(ADDRESS, str(rule.inputs.get("ipAddress", "")))
    return str(held.outputs.get("address", "")) if held else ""


def _lets_out(state: State, network: object, address: str) -> bool:
    """Whether HTTPS may go out to the address: the first rule that names it, by priority, a denial before the others.

    A network lets everything out that no rule names. An address that is gone is led to by nothing.
    """
    if not address:
        return False
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
