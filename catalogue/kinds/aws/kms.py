"""AWS KMS: keys and the names that people give them."""

from catalogue.answers import Answer, Request, by_name, guid
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Resource
from catalogue.kind import Bills, Guarded, Holds, Kind, No, Stays, documented, setting
from catalogue.kinds.aws import READ, acts, regional, registry, tagged, terraform
from catalogue.pricing import Bill, Pricing

ALIAS = "aws:kms/alias:Alias"
KEY = "aws:kms/key:Key"

_DELETING = documented("https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html", READ)
_NAMED = documented("https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html", READ)
_PRICING = documented("https://aws.amazon.com/kms/pricing/", READ)


_BILLED_ROTATIONS = 2


def _price(pricing: Pricing, resource: Resource) -> Bill:
    """A key bills by the month, and more with each of its first two rotations, which come in later years."""
    month = pricing.of("kms-key")
    keys = len(pricing.graph.of(KEY))
    requests = pricing.assume("kms-requests") / 10_000 * pricing.of("kms-requests") / keys
    rotates = resource.props.flag_or_none("enableKeyRotation") is True
    rotations = _BILLED_ROTATIONS * pricing.of("kms-key-rotation") if rotates else 0.0
    said = f"${month:g} a month, requests{' and two rotations' if rotates else ''} in the ceiling"
    return Bill("key", month, month + rotations + requests, said)


def names_key(*paths: str) -> tuple[Ref, ...]:
    """References to keys of the account, by key or alias. AWS's own keys are no resources of a stack."""
    return tuple(Ref(path, (KEY, ALIAS), only=r"(?!alias/aws/).*") for path in paths)


def _key(request: Request) -> Answer:
    key_id = guid(request.hex(32))
    return Answer(key_id, {"keyId": key_id, "arn": f"arn:aws:kms:{request.region}:{request.account}:key/{key_id}"})


_KEY_ACTS = acts("kms", _key, Behaviour())
_ALIAS_ACTS = acts(
    "kms",
    by_name("arn:aws:kms:{region}:{account}:{name}"),
    Behaviour(name="name", pattern=r"alias/[a-zA-Z0-9/_-]{1,250}", refs=names_key("targetKeyId")),
)

KINDS = (
    setting(
        ALIAS,
        "a key",
        registry(ALIAS),
        stands=regional(ALIAS),
        acts=_ALIAS_ACTS,
        renders=terraform("kms_alias"),
    ),
    Kind(
        token=KEY,
        tags=tagged(KEY),
        keys=No("it is the key", registry(KEY)),
        holds=Holds("guard", _DELETING),
        reaches=No("the services use it on AWS's side", _DELETING),
        runs=No("it runs no machine", registry(KEY)),
        bills=Bills(_price, _PRICING, ("AWS Key Management Service",)),
        stands=regional(KEY),
        keeps=No("nothing is written to it", registry(KEY)),
        serves=No("it runs no container", registry(KEY)),
        acts=_KEY_ACTS,
        renders=terraform("kms_key"),
        guarded=Guarded((ALIAS,), _NAMED),  # who encrypts by an alias takes the key that it names today
        stays=Stays(30, "the key is pending deletion", _DELETING, at="deletionWindowInDays"),
    ),
)
