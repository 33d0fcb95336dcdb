"""Reads the prices of virtual machines from the Azure Retail Prices API, which anybody may read.

Azure ML bills the virtual machine itself (the catalogue's source `no-surcharge`). The API, its filter and its pages:
https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices. It has a meter for each way to
buy a size. Taken is what Linux costs by the hour and on demand: no Windows, Spot, low priority, DevTest or reservation.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from catalogue.errors import BadInput
from catalogue.hardware.catalogue import Catalogue
from operations.pricelists.asking import Api
from operations.pricelists.found import Found, Pair, number, objects

BASE = "https://prices.azure.com"
PATH = "/api/retail/prices"
NAME = "azure-vm-prices"
_SIZES = 10
"""How many sizes one question names, so that its address stays short."""


def headers() -> dict[str, str]:
    """What proves who asks: nothing."""
    return {}


def read(api: Api, hardware: Catalogue, regions: Collection[str]) -> dict[str, Found]:
    """The price of each machine type of the catalogue in these regions, by price list. Raises as `Api.ask` does."""
    found = Found(
        f"{BASE}{PATH}?$filter=serviceName%20eq%20'Virtual%20Machines'",
        "Azure Retail Prices API: Linux pay-as-you-go an hour for each region and size",
    )
    said: dict[Pair, dict[str, float]] = {}
    for item in _items(api, list(hardware.machine_types), regions):
        size, region = str(item.get("armSkuName")), str(item.get("armRegionName"))
        if size not in hardware.machine_types or region not in regions or not _on_demand(item):
            continue
        usd, unit, currency = number(item.get("retailPrice")), item.get("unitOfMeasure"), item.get("currencyCode")
        meter = f"{item.get('productName')}, {item.get('meterName')} ({item.get('meterId')})"
        if usd is None or unit != "1 Hour" or currency != "USD":
            price = f"{item.get('retailPrice')} {currency} per {unit}"
            found.notes.append(f"{size} in {region}: {meter} says {price}, not dollars an hour; not taken")
            continue
        meters = said.setdefault((size, region), {})
        meters[meter] = max(usd, meters.get(meter, 0))
    for (size, region), meters in said.items():
        found.figures[size, region] = found.highest(f"{size} in {region}", meters)
    return {NAME: found}


def _items(api: Api, sizes: list[str], regions: Collection[str]) -> Iterator[dict[str, Any]]:
    """Every meter of these sizes, page after page."""
    # One region is asked for by name; more would make the address long, and the answer has each size in all regions.
    only = f" and armRegionName eq '{next(iter(regions))}'" if len(regions) == 1 else ""
    for first in range(0, len(sizes), _SIZES):
        some = sizes[first : first + _SIZES]
        named = " or ".join(f"armSkuName eq '{size}'" for size in some)
        kept = f"serviceName eq 'Virtual Machines' and priceType eq 'Consumption'{only} and ({named})"
        doing = f"Azure's prices of sizes {first + 1} to {first + len(some)} of {len(sizes)}"
        answer = api.ask(PATH, doing, {"currencyCode": "USD", "$filter": kept})
        yield from objects(answer.get("Items"))
        read: set[str] = set()
        while after := answer.get("NextPageLink"):
            if str(after) in read:
                raise BadInput(f"{doing}: the answer points to a page that was read already; nothing was written")
            read.add(str(after))
            answer = api.ask(str(after), f"{doing}, the next page")
            yield from objects(answer.get("Items"))


def _on_demand(item: dict[str, Any]) -> bool:
    """Whether a meter is what Linux costs on demand, today."""
    named = f"{item.get('productName')} {item.get('skuName')} {item.get('meterName')}"
    other = ("Windows", "Spot", "Low Priority", "CloudServices", "Cloud Services", "Dedicated Host")
    ended = item.get("effectiveEndDate")
    return (
        item.get("type") == "Consumption"
        and not item.get("reservationTerm")
        and not any(word in named for word in other)
        and not (isinstance(ended, str) and _has_been(ended))
    )


def _has_been(moment: str) -> bool:
    try:
        ended = datetime.fromisoformat(moment)
    except ValueError:
        return False
    return ended < datetime.now(ended.tzinfo)
