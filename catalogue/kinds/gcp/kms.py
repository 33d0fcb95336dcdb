"""Cloud KMS: key rings, keys and who uses them. Neither a ring nor a key is ever deleted, only versions are."""

from catalogue.graph import Resource
from catalogue.kind import At, Bills, Holds, No, documented, setting
from catalogue.kinds.gcp import READ, grant, registry
from catalogue.pricing import Bill, Pricing

_KEY = "gcp:kms/cryptoKey:CryptoKey"
_KEY_SDK, _RING = registry("kms/cryptokey"), registry("kms/keyring")
_PRICES = documented("https://cloud.google.com/kms/pricing", READ)


def _key(pricing: Pricing, resource: Resource) -> Bill:
    month, versions = pricing.of("kms-key-version"), pricing.assume("key-versions")
    operations = pricing.assume("kms-operations") / 10_000 * pricing.of("kms-operations") / len(pricing.graph.of(_KEY))
    return Bill(
        "key",
        month,
        versions * month + operations,
        f"1 to {versions:g} versions × ${month:g}, operations in the ceiling",
    )


KINDS = (
    setting(
        _KEY,
        "a key ring",
        _KEY_SDK,
        tags=At("labels", _KEY_SDK),
        keys=No("it is a key", _KEY_SDK),
        holds=Holds("guard", _KEY_SDK),
        bills=Bills(_key, _PRICES),
    ),
    grant("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", "a key", "kms/cryptokeyiammember"),
    setting(
        "gcp:kms/keyRing:KeyRing",
        "the project",
        _RING,
        holds=Holds("guard", _RING),
        bills=No("a key ring is free, its keys are not", _PRICES),
        stands=At("location", _RING),
    ),
)
