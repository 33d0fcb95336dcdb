"""Doubles of the price APIs: answers by address, in the shapes that the clouds document, and what was asked."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from operations.pricelists.asking import Api

Answer = Mapping[str, Any] | httpx.Response
Asked = tuple[str, dict[str, str]]


@dataclass
class Cloud:
    """One API. `answers` takes a path with its query and gives what stands there; what it does not know is 404.

    `stumbles` are answered first, one a question.
    """

    answers: Callable[[str, dict[str, str]], Answer | None]
    stumbles: list[httpx.Response | httpx.TransportError] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    headers: list[httpx.Headers] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._answer))

    def api(self, base: str, headers: Mapping[str, str] | None = None) -> Api:
        return Api(base, self.client(), self.said.append, headers or {}, self.waits.append)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.url.path, dict(request.url.params)))
        self.headers.append(request.headers)
        if self.stumbles:
            stumble = self.stumbles.pop(0)
            if isinstance(stumble, httpx.TransportError):
                raise stumble
            return stumble
        found = self.answers(request.url.path, dict(request.url.params))
        if isinstance(found, httpx.Response):
            return found
        return httpx.Response(404) if found is None else httpx.Response(200, json=dict(found))


# ---- AWS: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file.html --------

INDEX = "/offers/v1.0/aws/AmazonSageMaker/current/region_index.json"


def aws(**offers: Mapping[str, Any]) -> Cloud:
    """The files of the price list, by region with `_` for `-`."""
    versions = {region.replace("_", "-"): offer for region, offer in offers.items()}
    address = "/offers/v1.0/aws/AmazonSageMaker/20261120/{}/index.json"
    index = {region: {"regionCode": region, "currentVersionUrl": address.format(region)} for region in versions}
    files: dict[str, Answer] = {address.format(region): offer for region, offer in versions.items()}
    files[INDEX] = {"formatVersion": "v1.0", "publicationDate": "2026-11-20T00:00:00Z", "regions": index}
    return Cloud(lambda path, _: files.get(path))


def sku(
    usage: str, usd: float | str | None, *, unit: str = "Hrs", currency: str = "USD", where: str = "AWS Region"
) -> dict[str, Any]:
    """A product of an offer, and its price on demand."""
    name = usage.partition(":")[2]
    attributes = {"servicecode": "AmazonSageMaker", "locationType": where, "instanceName": name, "usagetype": usage}
    return {"attributes": attributes, "unit": unit, "pricePerUnit": {currency: str(usd)}}


def offer(*products: dict[str, Any]) -> dict[str, Any]:
    """An offer file of one region. Every product has a reserved price, too, of a hundredth of a cent."""

    def term(at: int, price: Mapping[str, str], unit: str) -> dict[str, Any]:
        dimension = {"rateCode": f"SKU{at}.T.D", "unit": unit, "beginRange": "0", "endRange": "Inf"}
        return {f"SKU{at}.T": {"sku": f"SKU{at}", "priceDimensions": {"D": {**dimension, "pricePerUnit": dict(price)}}}}

    numbered = list(enumerate(products))
    return {
        "formatVersion": "v1.0",
        "offerCode": "AmazonSageMaker",
        "products": {
            f"SKU{at}": {"sku": f"SKU{at}", "productFamily": "ML Instance", "attributes": product["attributes"]}
            for at, product in numbered
        },
        "terms": {
            "OnDemand": {f"SKU{at}": term(at, p["pricePerUnit"], p["unit"]) for at, p in numbered},
            "Reserved": {f"SKU{at}": term(at, {"USD": "0.0001"}, "Hrs") for at, _ in numbered},
        },
    }


# ---- Azure: https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices -----------------


def meter(size: str, region: str, usd: float | None, **other: Any) -> dict[str, Any]:
    """A meter as the API writes it, which is Linux on demand where nothing else is said."""
    name = size.removeprefix("Standard_").replace("_", " ")
    return {
        "currencyCode": "USD",
        "tierMinimumUnits": 0.0,
        "retailPrice": usd,
        "unitPrice": usd,
        "armRegionName": region,
        "location": region,
        "effectiveStartDate": "2020-08-01T00:00:00Z",
        "meterId": "000a794b-bdb0-58be-a0cd-0c3a0f222923",
        "meterName": name,
        "productId": "DZH318Z0BQPS",
        "skuId": "DZH318Z0BQPS/00TG",
        "productName": f"Virtual Machines {name} Series",
        "skuName": name,
        "serviceName": "Virtual Machines",
        "serviceFamily": "Compute",
        "unitOfMeasure": "1 Hour",
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": size,
        **other,
    }


def azure(*pages: Iterable[dict[str, Any]]) -> Cloud:
    """The meters, page after page. Every question is answered with the same pages."""
    kept = [list(page) for page in pages]

    def answer(path: str, params: dict[str, str]) -> Answer | None:
        if path != "/api/retail/prices":
            return None
        at = int(params.get("$skip", "0"))
        after = f"https://prices.azure.com/api/retail/prices?$skip={at + 1}" if at + 1 < len(kept) else None
        return {"BillingCurrency": "USD", "Items": kept[at], "NextPageLink": after, "Count": len(kept[at])}

    return Cloud(answer)
