"""Container registries: where images are kept."""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import Request, by_path
from catalogue.graph import Resource
from catalogue.kind import Acts, At, Bills, Guarded, Holds, KeyAt, Keys, Kind, No, Renders, documented, from_source
from catalogue.kinds.azure import CHECKED, DIAGNOSTIC_SETTING, IDENTITY, NAMED, lies
from catalogue.kinds.azure.keyvault import KEY
from catalogue.pricing import MONTH_MINUTES, Bill, Pricing
from catalogue.rendering import ArmType

REGISTRY = "azure-native:containerregistry:Registry"
_SDK = from_source(
    "https://www.pulumi.com/registry/packages/azure-native/api-docs/containerregistry/registry/", "2026-11-26"
)
_KEY = documented(
    "https://learn.microsoft.com/en-us/azure/container-registry/tutorial-enable-customer-managed-keys", "2026-11-26"
)
_PRICING = documented("https://azure.microsoft.com/pricing/details/container-registry/", "2026-11-26")
_DAYS = MONTH_MINUTES / (24 * 60)


def _price(pricing: Pricing, resource: Resource) -> Bill:
    day = pricing.of(f"container-registry-{resource.props.text_or_empty('sku.name')}".lower())
    month = _DAYS * day
    return Bill("images", month, month, f"{_DAYS:.1f} days × ${day:g}; images inside what the tier includes")


def _answer(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {"loginServer": f"{name}.azurecr.io"}


KINDS: tuple[Kind, ...] = (
    Kind(
        token=REGISTRY,
        tags=At("tags", _SDK),
        keys=Keys((KeyAt("encryption.keyVaultProperties.keyIdentifier"),), _KEY),
        holds=Holds("data", _SDK),
        reaches=No("whoever pulls from it or pushes to it reaches it, not it them", _SDK),
        runs=No("a registry runs on Azure's side", _SDK),
        bills=Bills(_price, _PRICING, ("Azure Container Registry",)),
        stands=At("location", _SDK),
        keeps=No("images are kept until somebody deletes them; untagged ones expire by a policy of its own", _SDK),
        serves=No("it keeps images and runs none", _SDK),
        acts=Acts(
            by_path("Microsoft.ContainerRegistry/registries", "registryName", _answer),
            lies("registryName", pattern=r"[a-zA-Z0-9]{5,50}", unique="{name}"),
            NAMED,
        ),
        renders=Renders(
            ArmType(
                "Microsoft.ContainerRegistry/registries",
                "2023-01-01-preview",
                "registryName",
                {"ipRules.iPAddressOrRange": "value"},
            ),
            CHECKED,
        ),
        guarded=Guarded((DIAGNOSTIC_SETTING, KEY, IDENTITY), _KEY),
    ),
)
