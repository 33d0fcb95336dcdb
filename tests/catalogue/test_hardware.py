"""The hardware catalogue: every figure has a source, every name is one thing."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import ValidationError

from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import Catalogue, HardwareFamily, Price, Use
from stacks.config import STACKS, read_stack_file
from stacks.sections.batch_jobs import BatchJob

FOLDER = Path(catalogue.__file__).parent
PLATFORMS = [pytest.param(catalogue.load(name), id=name) for name in catalogue.PLATFORMS]
every_platform = pytest.mark.parametrize("hardware", PLATFORMS)
STACK_FILES = sorted(STACKS.glob("Pulumi.*-pilot.yaml"))
QUOTA_CODE = {  # what each platform's quota service takes; a VM family of Azure ML may have spaces in its name
    "aws": r"L-[0-9A-F]{8}",
    "gcp": r"CustomModel(Serving|Training)[A-Za-z0-9]+PerProjectPerRegion",
    "azure": r"standard ?[A-Za-z0-9_]+( Family|Family)",
}
QUOTA_UNITS = {"aws": {"instances"}, "gcp": {"vCPUs", "accelerators"}, "azure": {"vCPUs"}}


def present(hardware: Catalogue) -> dict[str, HardwareFamily]:
    return {name: family for name, family in hardware.families.items() if not family.absent}


def cited(hardware: Catalogue) -> Iterator[tuple[str, str | None]]:
    """Each place that cites a source, and the source's id."""
    yield "regions", hardware.regions_source
    yield "online reserve", hardware.online_reserve_source
    for name, family in hardware.families.items():
        yield name, family.source
        yield f"{name} uses", family.uses_source
        yield f"{name} regions", family.regions_source
        yield f"{name} zones", family.zones_source
        for use, quota in family.uses.items():
            yield f"{name} {use} quota", quota.source
        for region, price in family.price_per_hour_usd.items():
            yield f"{name} {region} price", price.source
            yield f"{name} {region} batch price", price.batch_source
    for name, service in hardware.services.items():
        yield name, service.source
        for region, source in service.price_sources.items():
            yield f"{name} {region}", source


def figures(price: Price) -> dict[str, float]:
    by_use = {"online": price.online, "async": price.async_, "batch": price.batch, "training": price.training}
    return {use: figure for use, figure in by_use.items() if figure is not None}


def test_each_platform_has_its_file_and_each_file_its_platform() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == sorted(catalogue.PLATFORMS)
    for platform in catalogue.PLATFORMS:
        assert catalogue.load(platform).platform == platform


@every_platform
def test_no_key_stands_twice_in_the_file(hardware: Catalogue) -> None:
    node = yaml.compose((FOLDER / f"{hardware.platform}.yaml").read_text(encoding="utf-8"))
    open_nodes = [node]
    while open_nodes:
        node = open_nodes.pop()
        if isinstance(node, yaml.MappingNode):
            names = Counter(key.value for key, _ in node.value)
            assert [name for name, count in names.items() if count > 1] == []
            open_nodes += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            open_nodes += node.value


@every_platform
def test_each_source_that_is_cited_exists_and_each_that_exists_is_cited(hardware: Catalogue) -> None:
    used = {source: place for place, source in cited(hardware) if source is not None}
    assert {place: source for source, place in used.items() if source not in hardware.sources} == {}
    assert [source for source in hardware.sources if source not in used] == []


@every_platform
def test_each_source_is_of_a_day_that_has_been(hardware: Catalogue) -> None:
    for name, source in hardware.sources.items():
        assert date(2020, 1, 1) <= source.date <= hardware.dated, name


@every_platform
def test_each_machine_is_described_and_sourced(hardware: Catalogue) -> None:
    for name, family in present(hardware).items():
        assert family.machine_type, name
        assert (family.vcpus or 0) > 0, name
        assert (family.memory_gib or 0) > 0, name
        assert family.source, name
        assert family.uses, f"{name}: a machine for nothing"
        assert family.uses_source, name
        assert (family.accelerator is None) == name.startswith("cpu-"), name
        assert family.accelerator is None or family.accelerator.count > 0, name
        assert family.accelerator is None or (family.accelerator.memory_gib or 1) > 0, name


@every_platform
def test_what_is_absent_says_what_is_nearest_and_has_nothing_else(hardware: Catalogue) -> None:
    for name, family in hardware.families.items():
        if family.absent:
            assert family.model_dump(exclude_defaults=True).keys() == {"summary", "absent"}, name
            near = [other for other in present(hardware) if re.search(rf"\b{other}\b", family.absent)]
            assert near, f"{name}: names no family that {hardware.platform} has"


@every_platform
def test_a_machine_type_is_of_one_family(hardware: Catalogue) -> None:
    machines = Counter(family.machine_type for family in present(hardware).values())
    assert [machine for machine, count in machines.items() if count > 1] == []
    for name, family in present(hardware).items():
        assert hardware.family_of(str(family.machine_type)) == name
    assert hardware.family_of("ml.none.xlarge") is None


@every_platform
def test_each_use_draws_on_a_named_quota(hardware: Catalogue) -> None:
    for name, family in present(hardware).items():
        for use, quota in family.uses.items():
            assert quota.quota_name, f"{name} {use}"
            assert hardware.platform != "aws" or str(family.machine_type) in quota.quota_name, f"{name} {use}"
            assert (quota.quota_code is None) == (quota.source is None), f"{name} {use}: a code needs its source"
            code = quota.quota_code
            assert code is None or re.fullmatch(QUOTA_CODE[hardware.platform], code), f"{name} {use}"


@every_platform
def test_a_replica_draws_what_its_machine_has_in_the_quotas_unit(hardware: Catalogue) -> None:
    for name, family in present(hardware).items():
        for use, quota in family.uses.items():
            assert quota.unit in QUOTA_UNITS[hardware.platform], f"{name} {use}"
            has = {
                "instances": 1,
                "vCPUs": family.vcpus,
                "accelerators": family.accelerator.count if family.accelerator else None,
            }
            assert quota.per_replica == has[quota.unit], f"{name} {use}"


@every_platform
def test_only_sagemaker_serves_asynchronously(hardware: Catalogue) -> None:
    uses = {use for family in present(hardware).values() for use in family.uses}
    assert uses == {"online", "batch", "training"} | ({"async"} if hardware.platform == "aws" else set())


@pytest.mark.parametrize(
    ("platform", "family", "use", "replicas", "drawn"),
    [
        ("aws", "cpu-small", "online", 4, 4),  # instances
        ("gcp", "cpu-small", "online", 4, 8),  # two vCPUs each
        ("gcp", "gpu-l4", "batch", 2, 2),  # accelerators
        ("azure", "cpu-small", "online", 4, 10),  # ceil(1.2 * 4) * 2, the formula of the quota-doc source
        ("azure", "cpu-medium", "online", 10, 48),  # Microsoft's own example
        ("azure", "cpu-small", "batch", 4, 8),  # nothing is held back for a cluster
        ("azure", "gpu-a100-80", "online", 2, 48),  # exempt from the reserve
    ],
)
def test_what_replicas_draw_of_their_quota(platform: str, family: str, use: Use, replicas: int, drawn: float) -> None:
    assert catalogue.load(platform).draws(family, use, replicas) == drawn


def test_a_use_that_a_family_has_not_draws_on_nothing() -> None:
    with pytest.raises(KeyError):
        catalogue.load("gcp").draws("cpu-small", "training", 1)


@every_platform
def test_what_is_held_back_for_upgrades_is_a_share_with_a_source(hardware: Catalogue) -> None:
    assert 0 <= hardware.online_reserve < 1
    assert (hardware.online_reserve == 0) == (hardware.online_reserve_source is None)


@every_platform
def test_a_quota_code_is_of_one_quota(hardware: Catalogue) -> None:
    names: dict[str, set[str]] = {}
    for family in present(hardware).values():
        for quota in family.uses.values():
            names.setdefault(quota.quota_code or quota.quota_name, set()).add(quota.quota_name)
    assert {code: found for code, found in names.items() if len(found) > 1} == {}


@every_platform
def test_each_price_is_more_than_nothing_for_a_use_there_is_in_a_region_there_is(hardware: Catalogue) -> None:
    for name, family in present(hardware).items():
        assert set(family.regions or ()) <= set(hardware.regions), name
        assert (family.regions is None) == (family.regions_source is None), name
        for region, price in family.price_per_hour_usd.items():
            assert region in hardware.regions, f"{name} {region}"
            assert figures(price), f"{name} {region}: no figure"
            assert all(0 < figure < 1000 for figure in figures(price).values()), f"{name} {region}"
            assert set(figures(price)) <= set(family.uses), f"{name} {region}: a price for a use it has not"
            assert price.batch_source is None or price.batch is not None, f"{name} {region}"


@every_platform
def test_each_service_is_priced_in_a_region_there_is(hardware: Catalogue) -> None:
    for name, service in hardware.services.items():
        assert service.unit, name
        assert service.price_usd, name
        assert set(service.price_usd) <= set(hardware.regions), name
        assert set(service.price_sources) <= set(service.price_usd), name
        assert all(price >= 0 for price in service.price_usd.values()), name
        free = [region for region, price in service.price_usd.items() if price == 0]
        assert not free or service.note, f"{name}: what is free says why"


@every_platform
def test_each_assumption_has_its_unit_and_reason(hardware: Catalogue) -> None:
    assert hardware.hours_per_month == 730
    for name, assumption in hardware.assumptions.items():
        assert assumption.value > 0, name
        assert assumption.unit, name
        assert assumption.reason, name


@pytest.mark.parametrize("path", STACK_FILES, ids=lambda path: path.stem)
def test_what_a_committed_stack_uses_is_sold_and_priced_where_it_runs(path: Path) -> None:
    config = read_stack_file(path)
    hardware = catalogue.load(config.platform)
    for name, item in [*config.endpoints.items(), *config.batch_jobs.items()]:
        family = hardware.families[item.family]
        use: Use = "batch" if isinstance(item, BatchJob) else item.kind
        assert use in family.uses, name
        assert family.sold_in(config.region), name
        assert family.price(config.region, use), f"{name}: {item.family} has no price for {use} in {config.region}"


def test_price_is_the_figure_of_the_use_and_region_or_none() -> None:
    family = HardwareFamily(
        summary="a machine",
        price_per_hour_usd={
            "eu-west-1": Price.model_validate({"online": 1.0, "async": 2.0, "batch": 3.0, "source": "s"}),
        },
    )
    assert {use: family.price("eu-west-1", use) for use in get_args(Use)} == {
        "online": 1.0,
        "async": 2.0,
        "batch": 3.0,
        "training": None,
    }
    assert family.price("eu-west-2", "online") is None


def test_a_machine_is_sold_where_it_is_listed_or_priced() -> None:
    price = Price(online=1.0, source="s")
    listed = HardwareFamily(summary="a machine", regions=["eu-west-1"], price_per_hour_usd={"eu-west-2": price})
    assert [listed.sold_in(region) for region in ("eu-west-1", "eu-west-2", "eu-west-3")] == [True, True, False]
    assert not HardwareFamily(summary="a machine of nowhere").sold_in("eu-west-1")


def test_names_of_families_and_regions() -> None:
    names = catalogue.family_names()
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+[a-z0-9]*(-[a-z0-9]+)*", name) for name in names)
    regions = catalogue.region_names()
    assert len(regions) == len(set(regions))
    assert {"us-east-1", "eu-central-1", "us-central1", "eastus2"} <= set(regions)


@every_platform
def test_each_platform_lists_the_same_families_in_the_same_order(hardware: Catalogue) -> None:
    assert list(hardware.families) == catalogue.family_names()


@every_platform
def test_the_regions_of_a_platform_are_its_own(hardware: Catalogue) -> None:
    others = [name for name in catalogue.PLATFORMS if name != hardware.platform]
    assert catalogue.region_names(hardware.platform) == hardware.regions
    assert not any(set(hardware.regions) & set(catalogue.region_names(other)) for other in others)


def test_a_platform_without_a_catalogue_is_not_found() -> None:
    with pytest.raises(FileNotFoundError):
        catalogue.load("none")


def test_a_key_that_no_one_reads_is_refused() -> None:
    with pytest.raises(ValidationError):
        HardwareFamily.model_validate({"summary": "a machine", "vcpu": 2})
