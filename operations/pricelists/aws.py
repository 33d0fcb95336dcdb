"""Reads SageMaker's prices from the files of the AWS Price List, which anybody may read.

The files need no account. GetProducts of the same Price List needs credentials and the right pricing:GetProducts, and
says the same: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html.

A machine has a SKU for each use, which the usage type names: `USE1-Host:ml.m5.large`, and Train, Tsform (batch
transform) and AsyncInf likewise. The catalogue has one figure for all uses, so the dearest use is taken: AWS rounds
some prices of training to a tenth of a cent, and no bill is to say less than the cloud's.
"""

import re
from collections.abc import Collection
from typing import Any

from catalogue.errors import BadInput
from catalogue.hardware.catalogue import Catalogue
from operations.pricelists.asking import Api
from operations.pricelists.found import Found, inside, number, values_of

BASE = "https://pricing.us-east-1.amazonaws.com"
INDEX = "/offers/v1.0/aws/AmazonSageMaker/current/region_index.json"
NAME = "sagemaker-prices"
_USAGE = re.compile(r"(?:[A-Z0-9]+-)?(?P<use>Host|Train|Tsform|AsyncInf):(?P<machine>ml\.[a-z0-9.-]+)")


def headers() -> dict[str, str]:
    """What proves who asks: nothing."""
    return {}


def read(api: Api, hardware: Catalogue, regions: Collection[str]) -> dict[str, Found]:
    """The price of each machine type of the catalogue in these regions, by price list. Raises as `Api.ask` does."""
    found = Found(BASE + INDEX, "AWS's price list of SageMaker: the dearest of hosting, training, transform and async")
    files = inside(api.ask(INDEX, "AWS's regions"), "regions")
    if not isinstance(files, dict):
        raise BadInput(f"{BASE}{INDEX}: found no regions, and cannot be read; nothing was written")
    here = [region for region in hardware.regions if region in regions]
    for at, region in enumerate(here, 1):
        address = inside(files, region, "currentVersionUrl")
        if isinstance(address, str):
            _region(api.ask(address, f"AWS's prices in {region} ({at} of {len(here)})"), region, hardware, found)
    return {NAME: found}


def _region(offer: dict[str, Any], region: str, hardware: Catalogue, found: Found) -> None:
    said: dict[tuple[str, str], dict[str, float]] = {}
    for product in values_of(offer.get("products")):
        usage = _USAGE.fullmatch(str(inside(product, "attributes", "usagetype")))
        local_zone = inside(product, "attributes", "locationType") not in (None, "AWS Region")
        if usage is None or local_zone or usage["machine"] not in hardware.machine_types:
            continue
        sku = str(inside(product, "sku"))
        # Reserved prices stand in another part of the terms.
        for term in values_of(inside(offer, "terms", "OnDemand", sku)):
            for dimension in values_of(inside(term, "priceDimensions")):
                unit, usd = inside(dimension, "unit"), number(inside(dimension, "pricePerUnit", "USD"))
                what = f"{usage['machine']} for {usage['use']} in {region}"
                if unit != "Hrs" or usd is None:
                    price = inside(dimension, "pricePerUnit")
                    found.notes.append(f"{what}: SKU {sku} says {price} per {unit}, not dollars an hour; not taken")
                    continue
                skus = said.setdefault((usage["machine"], usage["use"]), {})
                skus[sku] = max(usd, skus.get(sku, 0))
    for (machine, use), skus in said.items():
        usd = found.highest(f"{machine} for {use} in {region}", skus)
        found.figures[machine, region] = max(usd, found.figures.get((machine, region), 0))
