"""SageMaker's prices are read as the dearest use on demand, and nothing else of the price list is taken."""

import pytest

from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from operations.pricelists import aws as reader
from operations.pricelists.found import Found
from tests.operations.pricelists import doubles
from tests.operations.pricelists.doubles import Cloud, offer, sku

HARDWARE = catalogue.load("aws")
REGIONS = frozenset({"us-east-1", "eu-west-1"})


def read(cloud: Cloud) -> Found:
    return reader.read(cloud.api(reader.BASE), HARDWARE, REGIONS)["sagemaker-prices"]


def test_each_region_is_a_file_and_the_dearest_use_is_the_figure() -> None:
    cloud = doubles.aws(
        us_east_1=offer(sku("USE1-Host:ml.g6.xlarge", 1.1267), sku("USE1-Train:ml.g6.xlarge", 1.127)),
        eu_west_1=offer(sku("EU-Tsform:ml.m5.large", 0.128), sku("EU-AsyncInf:ml.m5.large", 0.128)),
        ap_south_1=offer(sku("APS3-Host:ml.m5.large", 0.1)),
    )
    found = read(cloud)
    assert found.figures == {("ml.g6.xlarge", "us-east-1"): 1.127, ("ml.m5.large", "eu-west-1"): 0.128}
    assert found.notes == []
    assert len(cloud.asked) == 3, "the file of a region that nobody asked for was read"


@pytest.mark.parametrize(
    "other",
    [
        sku("USE1-Notebk:ml.m5.large", 9),
        sku("USE1-Processing:ml.m5.large", 9),
        sku("USE1-Cluster:ml.m5.large", 9),
        sku("USE1-Host:ml.x99.large", 9),
        sku("USE1-LAX1-Host:ml.m5.large", 9, where="AWS Local Zone"),
        sku("USE1-HostVolume:ml.gp2", 9),
    ],
    ids=lambda product: product["attributes"]["usagetype"],
)
def test_what_is_no_use_of_a_machine_of_the_catalogue_is_not_taken(other: dict[str, object]) -> None:
    found = read(doubles.aws(us_east_1=offer(sku("USE1-Host:ml.m5.large", 0.115), other)))
    assert found.figures == {("ml.m5.large", "us-east-1"): 0.115}
    assert found.notes == []


@pytest.mark.parametrize(
    "product",
    [
        sku("USE1-Host:ml.m5.large", 0.115, unit="Seconds"),
        sku("USE1-Host:ml.m5.large", 0.83, currency="CNY"),
        sku("USE1-Host:ml.m5.large", "0.0000000000"),
        sku("USE1-Host:ml.m5.large", "free"),
    ],
    ids=["unit", "currency", "nothing", "no number"],
)
def test_what_is_not_in_dollars_an_hour_is_named_and_not_taken(product: dict[str, object]) -> None:
    found = read(doubles.aws(us_east_1=offer(product)))
    assert found.figures == {}
    (note,) = found.notes
    assert note.startswith("ml.m5.large for Host in us-east-1: SKU SKU0 says ") and note.endswith("; not taken")


def test_of_two_skus_of_one_use_the_higher_is_taken_and_both_are_named() -> None:
    found = read(doubles.aws(us_east_1=offer(*(sku("USE1-Host:ml.m5.large", usd) for usd in (0.115, 0.12, 0.1)))))
    assert found.figures == {("ml.m5.large", "us-east-1"): 0.12}
    (note,) = found.notes
    assert all(said in note for said in ("SKU0 $0.115", "SKU1 $0.12", "SKU2 $0.1", "ml.m5.large for Host in us-east-1"))


def test_an_index_without_regions_is_refused() -> None:
    with pytest.raises(BadInput, match="found no regions"):
        read(Cloud(lambda *_: {"message": "moved"}))
