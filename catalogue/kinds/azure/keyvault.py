"""Key vaults and the keys in them."""

from catalogue.graph import Resource
from catalogue.kind import At, Bills, Holds, Kind, No, documented, from_source, setting
from catalogue.pricing import Bill, Pricing

_API = "https://www.pulumi.com/registry/packages/azure-native/api-docs/keyvault"
_KEY = from_source(f"{_API}/key/", "2026-11-26")
_VAULT = from_source(f"{_API}/vault/", "2026-11-26")
_PRICING = documented("https://azure.microsoft.com/pricing/details/key-vault/", "2026-11-26")
_REST = documented("https://learn.microsoft.com/en-us/azure/key-vault/general/overview", "2026-11-26")
_CHILD = "a key stands where its vault does"


def _price(pricing: Pricing, resource: Resource) -> Bill:
    operations = pricing.assume("key-vault-operations") / 10_000 * pricing.of("key-vault-operations")
    hsm = resource.props.text_or_empty("properties.kty").endswith("-HSM")
    month = pricing.of("key-vault-hsm-key") if hsm else 0
    return Bill("key", month, month + operations, "operations in the ceiling, at the price of keys of 2048 bits")


KINDS: tuple[Kind, ...] = (
    setting(
        "azure-native:keyvault:Key",
        "a vault",
        _KEY,
        tags=At("tags", _KEY),
        keys=No("it is the key", _KEY),
        holds=Holds("guard", _REST),
        bills=Bills(_price, _PRICING),
        stands=No(_CHILD, _KEY),
    ),
    setting(
        "azure-native:keyvault:Vault",
        "a resource group",
        _VAULT,
        tags=At("tags", _VAULT),
        keys=No("Key Vault encrypts with keys of its own; none can be named", _REST),
        holds=Holds("data", _REST),
        reaches=No("whoever reads from it reaches it, not it them", _VAULT),
        bills=No("a vault is free; operations on its keys are not", _PRICING),
        stands=At("location", _VAULT),
    ),
)
