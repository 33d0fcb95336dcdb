"""Names: what the stack's own private zones answer leads to the addresses that the stack makes, and nowhere else."""

from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import compute, dns, vertex
from policies.gcp.network import domain_of
from policies.rule import OPEN_TO_OTHERS, stack_rule


@stack_rule(
    "network-names-own",
    dns.RECORD,
    severity="high",
    says="Each name in a private zone of the stack leads to an address that the stack makes for the zone's domain, or "
    "is another word for the domain itself.",
    remedy="Leave the records to the network and the endpoint component, or name there what the stack file asks for.",
    never_waived=OPEN_TO_OTHERS,
)
def names_own(graph: Graph, record: Resource) -> Iterator[str]:
    """A record of a longer name goes before the wildcard beside it, so one alone sends a service's callers, with what
    they send, elsewhere: Cloud DNS, "DNS records overview", https://cloud.google.com/dns/docs/records-overview.
    In another program the zones may be of anything.
    """
    if not graph.ours:
        return
    name, type_ = (record.props.text_if_known(key) for key in ("name", "type"))
    for zone in graph.refers(record, "managedZone", dns.ZONE):
        domain = domain_of(zone)
        if name and name != f"{domain}." and not name.endswith(f".{domain}."):
            yield f"names {name}, which is not in the zone of {domain}"
        kind = compute.ADDRESS if domain == vertex.NAMES else compute.GLOBAL_ADDRESS
        own = {address.props.text_if_known("address") for address in graph.of(kind)}
        allowed = own if type_ == "A" else {f"{domain}."}
        for place in record.props.each_text_if_known("rrdatas"):
            if place and place not in allowed and "" not in allowed:
                yield f"leads {name} to {place}, which is no address that the stack makes for {domain}"


RULES = [names_own]
