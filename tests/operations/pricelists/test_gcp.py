"""Google's prices are put together from the SKUs of a machine's parts, in the shape of the API's reference:
https://docs.cloud.google.com/billing/docs/reference/rest/v1/services.skus/list."""

from collections.abc import Iterable
from typing import Any

import pytest

from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from operations.pricelists import gcp as reader
from operations.pricelists.found import Found
from tests.operations.pricelists.doubles import Answer, Cloud

Sku = dict[str, Any]
HARDWARE = catalogue.load("gcp")
COMPUTE, VERTEX = "6F81-5844-456A", "C7E2-9256-1C43"
IOWA = ("us-central1",)


def sku(
    description: str,
    usd: float,
    *,
    regions: Iterable[str] = IOWA,
    unit: str = "h",
    usage: str = "OnDemand",
    currency: str = "USD",
    id: str = "0000-1111-2222",
) -> Sku:
    nanos = round(usd * 1e9)
    price = {"currencyCode": currency, "units": str(nanos // 10**9), "nanos": nanos % 10**9}
    expression = {"usageUnit": unit, "tieredRates": [{"startUsageAmount": 0, "unitPrice": price}]}
    return {
        "name": f"services/{COMPUTE}/skus/{id}",
        "skuId": id,
        "description": description,
        "category": {"resourceFamily": "Compute", "usageType": usage},
        "serviceRegions": list(regions),
        "pricingInfo": [{"pricingExpression": expression}],
    }


def catalog(*, compute: Iterable[Iterable[Sku]] = ((),), vertex: Iterable[Iterable[Sku]] = ((),)) -> Cloud:
    """The catalog of two services, page after page."""
    services = {COMPUTE: [list(page) for page in compute], VERTEX: [list(page) for page in vertex]}

    def answer(path: str, params: dict[str, str]) -> Answer | None:
        pages = services[path.split("/")[3]]
        at = int(params.get("pageToken", "0"))
        return {"skus": pages[at], "nextPageToken": str(at + 1) if at + 1 < len(pages) else ""}

    return Cloud(answer)


def read(cloud: Cloud, *regions: str) -> dict[str, Found]:
    return reader.read(cloud.api(reader.BASE), HARDWARE, frozenset(regions or IOWA))


E2 = [
    sku("E2 Instance Core running in Americas", 0.02181159, regions=("us-central1", "us-east1")),
    sku("E2 Instance Ram running in Americas", 0.00292353, regions=("us-central1", "us-east1"), unit="GiBy.h"),
]


def test_a_machine_is_the_sum_of_its_parts_from_every_page_in_each_region_of_them() -> None:
    cloud = catalog(compute=[E2[:1], E2[1:]])
    found = read(cloud, "us-central1", "us-east1", "europe-west4")["compute-engine-prices"]
    assert found.figures["e2-standard-2", "us-central1"] == 0.06701142  # 2 vCPU and 8 GiB, as the shipped list has it
    assert {region for _, region in found.figures} == {"us-central1", "us-east1"}
    assert {machine.split("-")[0] for machine, _ in found.figures} == {"e2"}
    pages = [params for path, params in cloud.asked if COMPUTE in path]
    assert [params.get("pageToken") for params in pages] == [None, "1"]
    assert all(params["currencyCode"] == "USD" for params in pages)


def test_an_accelerator_and_the_disk_that_comes_with_it_are_parts_and_a_missing_part_leaves_no_price() -> None:
    parts = [
        sku("A2 Instance Core running in Americas", 0.031611),
        sku("A2 Instance Ram running in Americas", 0.004237, unit="GiBy.h"),
        sku("Nvidia Tesla A100 GPU running in Americas", 2.933908),
        sku("Nvidia Tesla A100 80GB GPU running in Iowa", 3.92808),
    ]
    figures = read(catalog(compute=[parts]))["compute-engine-prices"].figures
    assert figures["a2-highgpu-1g", "us-central1"] == 3.673385  # as the shipped list has it
    assert ("a2-ultragpu-1g", "us-central1") not in figures, "its SSD has no price here"
    disk = sku("SSD backed Local Storage", 0.08, unit="GiBy.mo")
    figures = read(catalog(compute=[[*parts, disk]]))["compute-engine-prices"].figures
    assert figures["a2-ultragpu-1g", "us-central1"] == pytest.approx(5.06879789, abs=1e-5)  # the shipped list again


def test_vertex_ai_has_skus_of_its_own_and_its_management_fee_is_not_one_of_them() -> None:
    name = "Vertex AI: Online/Batch Prediction"
    skus = [
        sku(f"{name} A3 Predefined Instance Core running in Iowa", 0.0293227),
        sku(f"{name} A3 Predefined Instance Ram running in Iowa", 0.0025534, unit="GiBy.h"),
        sku(f"{name} Nvidia H100 80gb GPU running in Iowa", 11.2660332),
        sku(f"{name} management fee on A3 Instance Core in Iowa", 0.0038247),
        sku(f"{name} management fee on NVIDIA H100 80GB in Iowa", 1.4694826),
    ]
    found = read(catalog(vertex=[skus]))
    # The sum is that of the source `prediction-h100`.
    assert found["vertex-prediction-prices"].figures["a3-highgpu-1g", "us-central1"] == pytest.approx(12.625919)
    assert found["vertex-prediction-prices"].notes == [] and found["compute-engine-prices"].figures == {}


@pytest.mark.parametrize(
    "other",
    [
        sku("Spot Preemptible E2 Instance Core running in Americas", 9, usage="Preemptible"),
        sku("E2 Instance Core running in Americas", 9, usage="Preemptible"),
        sku("Commitment v1: E2 Cpu in Americas for 1 Year", 9, usage="Commit1Yr"),
        sku("Reserved E2 Instance Core in Americas", 9),
        sku("E2 Custom Instance Core running in Americas", 9),
        sku("E2 Instance Core running in Frankfurt", 9, regions=("europe-west3",)),
    ],
    ids=lambda other: f"{other['description']} {other['category']['usageType']}",
)
def test_another_way_to_buy_a_part_is_not_taken(other: Sku) -> None:
    found = read(catalog(compute=[[other, *E2, other]]))["compute-engine-prices"]
    assert found.figures["e2-standard-2", "us-central1"] == 0.06701142
    assert found.notes == []


@pytest.mark.parametrize(
    "wrong",
    [
        sku("E2 Instance Core running in Americas", 0.02, unit="mo"),
        sku("E2 Instance Core running in Americas", 0.02, currency="EUR"),
        sku("E2 Instance Core running in Americas", 0),
    ],
    ids=["unit", "currency", "nothing"],
)
def test_what_is_not_in_dollars_an_hour_is_named_and_its_machines_have_no_price(wrong: Sku) -> None:
    found = read(catalog(compute=[[wrong, E2[1]]]))["compute-engine-prices"]
    assert found.figures == {}
    (note,) = found.notes
    assert "0000-1111-2222" in note and "E2 Instance Core" in note and note.endswith("not taken")


def test_of_two_skus_of_one_part_the_higher_is_taken_and_both_are_named() -> None:
    dear = sku("E2 Instance Core running in Iowa", 0.03, id="9999-9999-9999")
    found = read(catalog(compute=[[*E2, dear]]))["compute-engine-prices"]
    assert found.figures["e2-standard-2", "us-central1"] == pytest.approx(2 * 0.03 + 8 * 0.00292353)
    (note,) = found.notes
    assert "9999-9999-9999" in note and "0000-1111-2222" in note and "e2 instance core in us-central1" in note


def test_a_gigabyte_is_less_than_a_gibibyte() -> None:
    found = read(catalog(compute=[[E2[0], sku("E2 Instance Ram running in Iowa", 0.00292353, unit="GBy.h")]]))
    expected = 2 * 0.02181159 + 8 * 0.00292353 * 2**30 / 10**9
    assert found["compute-engine-prices"].figures["e2-standard-2", "us-central1"] == pytest.approx(expected)


def test_the_key_goes_into_a_header_and_no_credentials_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "a-key")
    cloud = catalog(compute=[E2])
    reader.read(cloud.api(reader.BASE, reader.headers()), HARDWARE, frozenset(IOWA))
    assert all(headers["x-goog-api-key"] == "a-key" for headers in cloud.headers)
    assert all("key" not in params for _, params in cloud.asked), "an address is written into logs"


def test_without_a_key_and_credentials_a_sentence_says_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/does/not/exist.json")
    with pytest.raises(BadInput, match=r"GOOGLE_API_KEY.*gcloud auth application-default login"):
        reader.headers()
