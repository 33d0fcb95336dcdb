"""Reads the prices of Compute Engine and of Vertex AI predictions from Google's Cloud Billing Catalog.

The catalog is public, but each question names a project: by an API key in `GOOGLE_API_KEY`, which is the least, or by
application default credentials. It is the same for every project, and no role is needed; the API
`cloudbilling.googleapis.com` must be enabled: https://docs.cloud.google.com/billing/docs/reference/rest/v1/services.skus.

A machine has no SKU. Its vCPUs, memory, accelerators and local SSD have one each, so its price is put together from
those of its parts. Where the price of one part is missing, the machine has none. Taken is usage on demand of parts that
belong to a series by their whole name: no Spot, commitment, reservation, Flex-start, custom machine or management fee.
"""

import os
import re
from collections.abc import Collection, Iterator
from typing import Any, cast

from catalogue.errors import BadInput
from catalogue.hardware.catalogue import Catalogue, HardwareFamily, Parts, PriceList
from operations.pricelists.asking import Api
from operations.pricelists.found import Found, Pair, inside, number, objects

BASE = "https://cloudbilling.googleapis.com"
KEY_VARIABLE = "GOOGLE_API_KEY"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_HOURS = 730
_UNITS = {"h": 1.0, "GiBy.h": 1.0, "GBy.h": 1.073741824, "GiBy.mo": 1 / _HOURS}
"""What makes a figure one for an hour, and for a GiB of memory or disk. A GB is 10^9 bytes, a GiB 2^30."""
_SSD = "ssd backed local storage"


def headers() -> dict[str, str]:
    """What proves who asks: an API key, or a token of the application default credentials and their quota project.

    Raises BadInput where there is neither.
    """
    key = os.environ.get(KEY_VARIABLE, "")
    if key:
        return {"X-Goog-Api-Key": key}
    import google.auth
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    try:
        credentials = cast(tuple[Any, Any], google.auth.default(scopes=[_SCOPE]))[0]
        credentials.refresh(Request())
    except GoogleAuthError as error:
        raise BadInput(
            f"gcp: no Google Cloud credentials ({type(error).__name__}); set {KEY_VARIABLE} to an API key of a project "
            "in which cloudbilling.googleapis.com is enabled, or run `gcloud auth application-default login`"
        ) from None
    project = getattr(credentials, "quota_project_id", None)
    return {"Authorization": f"Bearer {credentials.token}", **({"X-Goog-User-Project": project} if project else {})}


def read(api: Api, hardware: Catalogue, regions: Collection[str]) -> dict[str, Found]:
    """The price of each machine type of the catalogue in these regions, by price list. Raises as `Api.ask` does."""
    return {
        name: _service(api, hardware, regions, listed, listed.parts)
        for name, listed in hardware.price_lists.items()
        if listed.parts
    }


def _service(api: Api, hardware: Catalogue, regions: Collection[str], listed: PriceList, parts: Parts) -> Found:
    path = f"/v1/services/{parts.service}/skus"
    found = Found(
        f"{BASE}{path}",
        f"Google's Cloud Billing Catalog, service {parts.service}: a machine is the sum of its parts on demand",
    )
    # A figure of a series without a factor says nothing of the platform's price.
    machines = {name: m for name, m in hardware.machine_types.items() if listed.factor(name) is not None}
    wanted = {part for machine in machines.values() for part, _ in _parts(machine, parts) or ()}
    said: dict[Pair, dict[str, float]] = {}
    for sku in _skus(api, path):
        part = _part(str(sku.get("description")), parts.prefix)
        if part not in wanted or inside(sku, "category", "usageType") != "OnDemand":
            continue
        served = sku.get("serviceRegions")
        here = [region for region in regions if isinstance(served, list) and region in served]
        named = f"SKU {sku.get('skuId')} ({sku.get('description')})"
        usd = _price(sku)
        if here and usd is None:
            found.notes.append(f"{named} says {_as_said(sku)}, not dollars an hour; not taken")
        for region in here if usd is not None else ():
            said.setdefault((part, region), {})[named] = usd or 0
    prices = {(part, at): found.highest(f"{part} in {at}", skus) for (part, at), skus in sorted(said.items())}
    for name, machine in machines.items():
        needs = _parts(machine, parts)
        for region in sorted(regions) if needs else ():
            figures = [(prices.get((part, region)), amount) for part, amount in needs or ()]
            if all(usd is not None for usd, _ in figures):
                found.figures[name, region] = round(sum((usd or 0) * amount for usd, amount in figures), 9)
    return found


def _skus(api: Api, path: str) -> Iterator[dict[str, Any]]:
    """Every SKU of a service, page after page."""
    tokens = [""]
    while True:
        doing = f"Google's prices, {path.split('/')[-2]}, page {len(tokens)}"
        page = {"pageToken": tokens[-1]} if tokens[-1] else {}
        answer = api.ask(path, doing, {"currencyCode": "USD", "pageSize": "5000", **page})
        yield from objects(answer.get("skus"))
        token = str(answer.get("nextPageToken") or "")
        if not token:
            return
        if token in tokens:
            raise BadInput(f"{doing}: the answer points to a page that was read already; nothing was written")
        tokens.append(token)


def _part(description: str, prefix: str) -> str | None:
    """What a SKU is the price of, without the words that differ from series to series: "e2 instance core".

    None where it is of another service, or of none that begins with the prefix.
    """
    if not description.startswith(prefix):
        return None
    name = re.split(r" (?:running )?in ", description.removeprefix(prefix), maxsplit=1)[0].lower()
    return re.sub(r"\b(?:predefined|tesla) ", "", name)


def _parts(machine: HardwareFamily, parts: Parts) -> list[tuple[str, float]] | None:
    """The parts of a machine and how many it has of each. None where the size of one is unknown."""
    name = str(machine.machine_type)
    series = name.partition("-")[0]
    if machine.vcpus is None or machine.memory_gib is None:
        return None
    needs = [(f"{series} instance core", float(machine.vcpus)), (f"{series} instance ram", machine.memory_gib)]
    if machine.accelerator:
        kind = machine.accelerator.name.lower().replace("_", " ").replace("tesla ", "")
        needs.append((f"{kind} gpu", float(machine.accelerator.count)))
        if machine.local_nvme and parts.ssd_gib:
            each = next((gib for begins, gib in parts.ssd_gib.items() if name.startswith(begins)), None)
            if each is None:
                return None
            needs.append((_SSD, each * machine.accelerator.count))
    return needs


def _price(sku: dict[str, Any]) -> float | None:
    """Dollars for one unit an hour: the dearest tier of the latest price. None where it is not in dollars an hour."""
    latest = (objects(sku.get("pricingInfo")) or [{}])[-1]
    factor = _UNITS.get(str(inside(latest, "pricingExpression", "usageUnit")))
    tiers = objects(inside(latest, "pricingExpression", "tieredRates"))
    if factor is None or any(inside(tier, "unitPrice", "currencyCode") != "USD" for tier in tiers):
        return None
    return number(max(map(_money, tiers), default=0) * factor)


def _money(tier: dict[str, Any]) -> float:
    """The price of a tier, which the API writes in whole units and in billionths of one."""
    units, nanos = (number(inside(tier, "unitPrice", key)) or 0 for key in ("units", "nanos"))
    return units + nanos / 1e9


def _as_said(sku: dict[str, Any]) -> str:
    latest = (objects(sku.get("pricingInfo")) or [{}])[-1]
    tiers = objects(inside(latest, "pricingExpression", "tieredRates"))
    prices = " or ".join(f"{_money(tier):g} {inside(tier, 'unitPrice', 'currencyCode')}" for tier in tiers)
    return f"{prices or 'no price'} per {inside(latest, 'pricingExpression', 'usageUnit')}"
