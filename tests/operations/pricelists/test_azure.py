"""Azure's prices are those of Linux by the hour and on demand, from every page."""

from typing import Any

import pytest

from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from operations.pricelists import azure as reader
from operations.pricelists.found import Found
from tests.operations.pricelists import doubles
from tests.operations.pricelists.doubles import Cloud, meter

HARDWARE = catalogue.load("azure")
SIZE = "Standard_D2as_v4"


def read(cloud: Cloud, *regions: str) -> Found:
    return reader.read(cloud.api(reader.BASE), HARDWARE, frozenset(regions or ("eastus2", "westeurope")))[
        "azure-vm-prices"
    ]


def test_every_page_is_read_and_the_next_one_asked_for_as_the_answer_says() -> None:
    cloud = doubles.azure([meter(SIZE, "eastus2", 0.096)], [meter(SIZE, "westeurope", 0.115)])
    found = read(cloud)
    assert found.figures == {(SIZE, "eastus2"): 0.096, (SIZE, "westeurope"): 0.115}
    first, second = cloud.asked[:2]
    assert first[1]["currencyCode"] == "USD" and "priceType eq 'Consumption'" in first[1]["$filter"]
    assert second[1] == {"$skip": "1"}
    named = "".join(params.get("$filter", "") for _, params in cloud.asked)
    assert all(f"armSkuName eq '{size}'" in named for size in HARDWARE.machine_types)


def test_one_region_is_asked_for_by_name_and_no_other_is_taken() -> None:
    cloud = doubles.azure([meter(SIZE, "eastus2", 0.096), meter(SIZE, "westeurope", 0.115)])
    assert read(cloud, "westeurope").figures == {(SIZE, "westeurope"): 0.115}
    assert all("armRegionName eq 'westeurope'" in params["$filter"] for _, params in cloud.asked)


@pytest.mark.parametrize(
    "other",
    [
        {"productName": "Virtual Machines Dasv4 Series Windows"},
        {"skuName": "D2as v4 Spot"},
        {"meterName": "D2as v4 Low Priority"},
        {"type": "DevTestConsumption"},
        {"type": "Reservation", "reservationTerm": "1 Year"},
        {"productName": "Dasv4 Series Dedicated Host"},
        {"productName": "Dasv4 Series Cloud Services"},
        {"effectiveEndDate": "2021-01-31T23:59:59Z"},
        {"armRegionName": "usgovvirginia"},
        {"armSkuName": "Standard_M416ms_v2"},
    ],
    ids=str,
)
def test_another_way_to_buy_a_size_is_not_taken(other: dict[str, Any]) -> None:
    found = read(doubles.azure([meter(SIZE, "eastus2", 0.096), meter(SIZE, "eastus2", 9, **other)]))
    assert found.figures == {(SIZE, "eastus2"): 0.096}
    assert found.notes == []


@pytest.mark.parametrize(
    "wrong",
    [{"unitOfMeasure": "1/Month"}, {"currencyCode": "EUR"}, {"retailPrice": 0.0}, {"retailPrice": None}],
    ids=str,
)
def test_what_is_not_in_dollars_an_hour_is_named_and_not_taken(wrong: dict[str, Any]) -> None:
    found = read(doubles.azure([meter(SIZE, "eastus2", 0.096, **wrong)]))
    assert found.figures == {}
    assert found.notes and all(f"{SIZE} in eastus2" in note and "not taken" in note for note in found.notes)


def test_of_two_meters_the_higher_is_taken_and_both_are_named() -> None:
    cheap, dear = meter(SIZE, "eastus2", 0.09), meter(SIZE, "eastus2", 0.096, meterId="the-other")
    found = read(doubles.azure([dear], [cheap]))
    assert found.figures == {(SIZE, "eastus2"): 0.096}
    (note,) = found.notes
    assert "(the-other) $0.096" in note and f"({cheap['meterId']}) $0.09" in note


def test_a_next_page_on_another_host_is_not_followed() -> None:
    elsewhere = {"Items": [], "NextPageLink": "https://prices.azure.com.example/api/retail/prices?$skip=1"}
    with pytest.raises(BadInput, match=r"points to another host, prices\.azure\.com\.example"):
        read(Cloud(lambda *_: elsewhere))
