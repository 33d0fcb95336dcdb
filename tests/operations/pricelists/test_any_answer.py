"""Whatever a price API answers, there is a list or a sentence: no traceback, and no question without an end."""

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from catalogue.platforms import PLATFORMS
from tests import sharing
from tests.operations.pricelists.doubles import INDEX, Cloud, meter, offer, sku

SKU: dict[str, Any] = {
    "skuId": "0000",
    "description": "E2 Instance Core running in Americas",
    "category": {"usageType": "OnDemand"},
    "serviceRegions": ["us-central1"],
    "pricingInfo": [
        {
            "pricingExpression": {
                "usageUnit": "h",
                "tieredRates": [{"unitPrice": {"currencyCode": "USD", "units": "0", "nanos": 21811590}}],
            }
        }
    ],
}
WHOLE: dict[str, dict[str, Any]] = {
    "aws": {
        "regions": {"us-east-1": {"currentVersionUrl": INDEX}},
        **offer(sku("USE1-Host:ml.m5.large", 0.115)),
    },
    "azure": {"Items": [meter("Standard_D2as_v4", "eastus2", 0.096)], "NextPageLink": None},
    "gcp": {"skus": [SKU], "nextPageToken": ""},
}
ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every value inside, the outermost left out."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in [(*at, key), *places(value[key], (*at, key))]]


def with_other(value: Any, place: tuple[Any, ...], other: Any) -> Any:
    if not place:
        return other
    copied = value.copy()
    copied[place[0]] = with_other(value[place[0]], place[1:], other)
    return copied


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=sharing.examples(80), deadline=None, derandomize=True)
@given(data=st.data())
def test_an_answer_with_one_value_replaced_is_read_or_refused(platform: str, data: st.DataObject) -> None:
    reader = import_module(f"operations.pricelists.{platform}")
    place = data.draw(st.sampled_from(places(WHOLE[platform])))
    answer = with_other(WHOLE[platform], place, data.draw(ANY))
    cloud = Cloud(lambda *_: answer)
    hardware = catalogue.load(platform)
    try:
        found = reader.read(cloud.api(reader.BASE), hardware, frozenset(hardware.regions))
    except BadInput as error:
        assert "\n" not in str(error)
    else:
        figures = [usd for one in found.values() for usd in one.figures.values()]
        assert all(0 < usd < float("inf") for usd in figures)


@pytest.mark.parametrize(
    ("platform", "answer"),
    [
        ("azure", {"Items": [], "NextPageLink": "https://prices.azure.com/api/retail/prices?$skip=1"}),
        ("gcp", {"skus": [], "nextPageToken": "again"}),
    ],
)
def test_pages_that_go_in_a_circle_end(platform: str, answer: dict[str, Any]) -> None:
    reader = import_module(f"operations.pricelists.{platform}")
    with pytest.raises(BadInput, match="points to a page that was read already"):
        reader.read(Cloud(lambda *_: answer).api(reader.BASE), catalogue.load(platform), frozenset({"eastus2"}))
