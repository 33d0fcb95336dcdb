"""Key vaults and the keys in them."""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import Request, by_path
from catalogue.graph import Resource
from catalogue.kind import (
    Acts,
    At,
    Bills,
    Guarded,
    Holds,
    Kind,
    No,
    Purges,
    Renders,
    Stays,
    documented,
    from_source,
    setting,
)
from catalogue.kinds.azure import CHECKED, DIAGNOSTIC_SETTING, NAMED, lies
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT
from catalogue.pricing import Bill, Pricing
from catalogue.rendering import ArmType

KEY = "azure-native:keyvault:Key"
VAULT = "azure-native:keyvault:Vault"
_API = "https://www.pulumi.com/registry/packages/azure-native/api-docs/keyvault"
_KEY = from_source(f"{_API}/key/", "2026-11-26")
_VAULT = from_source(f"{_API}/vault/", "2026-11-26")
_PRICING = documented("https://azure.microsoft.com/pricing/details/key-vault/", "2026-11-26")
_REST = documented("https://learn.microsoft.com/en-us/azure/key-vault/general/overview", "2026-11-26")
_WRAPS = documented(
    "https://learn.microsoft.com/en-us/azure/storage/common/customer-managed-keys-overview", "2026-11-26"
)
"""Whoever encrypts with a key does so by an identity that has a role on it."""
_LOGGED = documented("https://learn.microsoft.com/en-us/azure/key-vault/general/logging", "2026-11-26")
_CHILD = "a key stands where its vault does"


def _price(pricing: Pricing, resource: Resource) -> Bill:
    kty = resource.props.text_or_empty("properties.kty")
    bits = resource.props.number_or_none("properties.keySize") or 2048
    # An elliptic curve is priced as a long key is.
    long, words = (
        ("-long", "more than 2048 bits or of a curve") if kty[:2] == "EC" or bits > 2048 else ("", "2048 bits")
    )
    operations = pricing.assume("key-vault-operations") / 10_000 * pricing.of(f"key-vault{long}-key-operations")
    month = pricing.of(f"key-vault{long}-hsm-key") if kty.endswith("-HSM") else 0
    return Bill("key", month, month + operations, f"operations in the ceiling, at the price of keys of {words}")


_DELETED = documented("https://learn.microsoft.com/en-us/azure/key-vault/general/soft-delete-overview", "2026-11-26")


def _vault(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {"properties": {**request.inputs["properties"], "vaultUri": f"https://{name}.vault.azure.net/"}}


def _key(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    uri = f"https://{request.inputs['vaultName']}.vault.azure.net/keys/{name}"
    return {"keyUri": uri, "keyUriWithVersion": f"{uri}/{request.hex(32)}"}


KINDS: tuple[Kind, ...] = (
    setting(
        KEY,
        "a vault",
        _KEY,
        tags=At("tags", _KEY),
        keys=No("it is the key", _KEY),
        holds=Holds("guard", _REST),
        bills=Bills(_price, _PRICING, ("Key Vault",)),
        stands=No(_CHILD, _KEY),
        acts=Acts(
            by_path("Microsoft.KeyVault/vaults/{vaultName}/keys", "keyName", _key),
            lies("keyName", "vaultName", pattern=r"[a-zA-Z0-9-]{1,127}"),
            NAMED,
        ),
        renders=Renders(
            ArmType(
                "Microsoft.KeyVault/vaults/keys",
                "2024-11-01",
                "vaultName keyName",
                {
                    "attributes.expires": "exp",
                    "attributes.notBefore": "nbf",
                    "properties.releasePolicy": "release_policy",
                },
            ),
            CHECKED,
        ),
        guarded=Guarded((ROLE_ASSIGNMENT,), _WRAPS),
    ),
    setting(
        VAULT,
        "a resource group",
        _VAULT,
        tags=At("tags", _VAULT),
        keys=No("Key Vault encrypts with keys of its own; none can be named", _REST),
        holds=Holds("data", _REST),
        reaches=No("whoever reads from it reaches it, not it them", _VAULT),
        bills=No("a vault is free; operations on its keys are not", _PRICING),
        stands=At("location", _VAULT),
        acts=Acts(
            by_path("Microsoft.KeyVault/vaults", "vaultName", _vault),
            lies(
                "vaultName",
                pattern=r"[a-zA-Z](-?[a-zA-Z0-9]){2,23}",
                unique="{name}",
            ),
            _DELETED,
        ),
        renders=Renders(ArmType("Microsoft.KeyVault/vaults", "2024-11-01", "vaultName"), CHECKED),
        guarded=Guarded((DIAGNOSTIC_SETTING,), _LOGGED),
        stays=Stays(
            90,
            "A vault with the same name already exists in deleted state. You need to either recover or purge existing"
            " key vault.",
            _DELETED,
            at="properties.softDeleteRetentionInDays",
            purges=Purges(
                "`az keyvault purge --name {vaultName}`",
                _DELETED,
                unless="properties.enablePurgeProtection",
                says="(MethodNotAllowed) Operation 'DeletedVaultPurge' is not allowed.",
            ),
        ),
    ),
)
