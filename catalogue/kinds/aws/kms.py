"""AWS KMS: keys and the names that people give them."""

from catalogue.graph import Resource
from catalogue.kind import Bills, Holds, Kind, No, documented, setting
from catalogue.kinds.aws import READ, regional, registry, tagged
from catalogue.pricing import Bill, Pricing

ALIAS = "aws:kms/alias:Alias"
KEY = "aws:kms/key:Key"

_DELETING = documented("https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html", READ)
_PRICING = documented("https://aws.amazon.com/kms/pricing/", READ)


def _price(pricing: Pricing, resource: Resource) -> Bill:
    month = pricing.of("kms-key")
    keys = len(pricing.graph.of(KEY))
    requests = pricing.assume("kms-requests") / 10_000 * pricing.of("kms-requests") / keys
    return Bill("key", month, month + requests, f"${month:g} a month, requests in the ceiling")


KINDS = (
    setting(ALIAS, "a key", registry(ALIAS), stands=regional(ALIAS)),
    Kind(
        token=KEY,
        tags=tagged(KEY),
        keys=No("it is the key", registry(KEY)),
        holds=Holds("guard", _DELETING),
        reaches=No("the services use it on AWS's side", _DELETING),
        runs=No("it runs no machine", registry(KEY)),
        bills=Bills(_price, _PRICING),
        stands=regional(KEY),
        keeps=No("nothing is written to it", registry(KEY)),
        serves=No("it runs no container", registry(KEY)),
    ),
)
