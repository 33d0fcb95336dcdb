"""Cloud KMS: key rings, keys and their users. Only versions can be deleted, never a ring or a key."""

from catalogue.answers import by_resource_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Resource
from catalogue.kind import At, Bills, Guarded, Holds, No, Stays, documented, setting
from catalogue.kinds.gcp import IN_PLACE, KEY, READ, acting, grant, granting, in_terraform, registry
from catalogue.pricing import Bill, Pricing

KEY_MEMBER = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
KEY_RING = "gcp:kms/keyRing:KeyRing"

_KEY_SDK, _RING = registry("kms/cryptokey"), registry("kms/keyring")
_DELETED = documented("https://docs.cloud.google.com/kms/docs/delete-kms-resources", READ)
_PRICES = documented("https://cloud.google.com/kms/pricing", READ)
_AGENTS = documented("https://docs.cloud.google.com/kms/docs/cmek", READ)
"""A service reads what it encrypted as long as its agent may use the key."""


def _key(pricing: Pricing, resource: Resource) -> Bill:
    month, versions = pricing.of("kms-key-version"), pricing.assume("key-versions")
    operations = pricing.assume("kms-operations") / 10_000 * pricing.of("kms-operations") / len(pricing.graph.of(KEY))
    return Bill(
        "key",
        month,
        versions * month + operations,
        f"1 to {versions:g} versions × ${month:g}, operations in the ceiling",
    )


KINDS = (
    setting(
        KEY,
        "a key ring",
        _KEY_SDK,
        tags=At("labels", _KEY_SDK),
        keys=No("it is a key", _KEY_SDK),
        holds=Holds("guard", _KEY_SDK),
        bills=Bills(_key, _PRICES, ("Cloud Key Management Service (KMS)",)),
        # On delete the provider destroys the key's versions and forgets the key.
        acts=acting(
            "kms",
            by_resource_name("{keyRing}/cryptoKeys/{name}"),
            Behaviour(
                name="name",
                pattern=r"[a-zA-Z0-9_-]{1,63}",
                refs=(Ref("keyRing", (KEY_RING,), outside=True),),
            ),
        ),
        renders=in_terraform("google_kms_crypto_key"),
        guarded=Guarded((KEY_MEMBER,), _AGENTS),
        stays=Stays(None, "the key exists already: keys are never deleted, only their versions are", _DELETED),
    ),
    grant(
        KEY_MEMBER,
        "a key",
        "kms/cryptokeyiammember",
        holds=Holds("guard", _AGENTS),
        acts=granting("kms", "{cryptoKeyId}", Ref("cryptoKeyId", (KEY,))),
        renders=in_terraform("google_kms_crypto_key_iam_member"),
    ),
    setting(
        KEY_RING,
        "the project",
        _RING,
        holds=Holds("guard", _RING),
        bills=No("a key ring is free, its keys are not", _PRICES),
        stands=At("location", _RING),
        acts=acting(
            "kms",
            by_resource_name(IN_PLACE + "/keyRings/{name}"),
            Behaviour(name="name", pattern=r"[a-zA-Z0-9_-]{1,63}"),
        ),
        renders=in_terraform("google_kms_key_ring"),
        # The provider forgets it and deletes nothing.
        stays=Stays(None, "the key ring exists already: key rings are never deleted", _RING),
    ),
)
