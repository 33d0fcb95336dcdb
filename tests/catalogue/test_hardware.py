"""The hardware catalogue: every figure has a source, every name is one thing."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import ValidationError

from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import Catalogue, HardwareFamily, Price, Use
from catalogue.pricing import NoFigure, Pricing
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
    yield "quotas of Spot machines", hardware.spot_quotas_source
    yield "quotas of all machines", hardware.total_quotas_source
    yield "zones and access of regions", hardware.region_facts_source
    yield "online reserve", hardware.online_reserve_source
    yield "machine types", hardware.machines_source
    yield "uses of machine types", hardware.machine_uses_source
    yield "zones", hardware.zones_source
    yield "days of retirement", hardware.retires_source
    yield "schedules", hardware.schedules_source
    yield "list of workspace machines", hardware.workspace_list
    yield "workspace machines", hardware.workspace_source
    for name, listed in hardware.price_lists.items():
        yield from ((f"price list {name}", file.stem) for file in catalogue.price_files(name))
        yield f"price list {name} for batch", listed.batch_source
        for series, factor in (listed.factors or {}).items():
            yield f"factor of {series}", factor.source
    for name, family in hardware.families.items():
        yield name, family.source
        yield f"{name} uses", family.uses_source
        yield f"{name} regions", family.regions_source
    yield "accelerators", hardware.accelerators_source
    yield "zones of workspaces", hardware.workspace_zones_source
    yield "training vCPUs", hardware.training_vcpu_quotas_source
    if hardware.training_disk is not None:
        yield "training disk", hardware.training_disk.source
    for name, family in hardware.families.items():
        for use, quota in family.uses.items():
            yield f"{name} {use} quota", quota.source
        for region, price in family.price_per_hour_usd.items():
            yield f"{name} {region} price", price.source
            yield f"{name} {region} batch price", price.batch_source
            yield from ((f"{name} {region} other price", other) for other in price.others)
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
def test_what_is_said_of_regions_is_said_of_regions_that_are_sold(hardware: Catalogue) -> None:
    for named in (hardware.regions_without_zones, hardware.regions_on_request):
        assert named == sorted(set(named)) and set(named) < set(hardware.regions)
    # Nobody must ask Microsoft for a region that has zones: those are for the loss of another region.
    if hardware.platform == "azure":
        assert set(hardware.regions_on_request) <= set(hardware.regions_without_zones)


def test_the_newer_regions_of_aws_are_enabled_by_somebody_and_the_older_ones_are_there() -> None:
    """https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html"""
    asked = set(catalogue.load("aws").regions_on_request)
    assert {"af-south-1", "ap-east-1", "eu-south-1", "il-central-1", "me-south-1", "mx-central-1"} <= asked
    assert not asked & {"us-east-1", "eu-north-1", "ap-northeast-3", "sa-east-1", "ca-central-1", "ap-southeast-2"}


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
        added = family.accelerator.name if family.accelerator and family.accelerator.added else None
        assert hardware.family_of(str(family.machine_type), added) == name
        # Bare of what is added to it, a machine type is another machine at another price.
        assert (hardware.family_of(str(family.machine_type)) == name) == (added is None)
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
        assert set(family.sold) >= set(family.price_per_hour_usd), name
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


@pytest.mark.parametrize(
    ("machine", "region", "uses"),
    [
        ("gpu-l4", "us-central1", {"online", "batch", "training"}),
        ("gpu-l4", "europe-west3", {"online", "batch"}),  # which Compute Engine has there in no zone that is listed
        ("g2-standard-24", "asia-northeast1", {"online", "batch"}),
        ("gpu-t4", "me-west1", {"online", "batch"}),
        ("gpu-a100-40", "us-west4", {"training"}),
        ("gpu-b200", "us-east4", set()),  # where Compute Engine has them
        ("tpu-v5e", "us-central1", set()),
        ("tpu-v5e", "europe-west4", {"online"}),
        ("tpu-v6e", "us-east1", set()),  # on an allowlist alone
        ("n1-standard-4", "me-west1", {"training"}),
        ("n1-standard-4", "europe-west4", {"online", "batch", "training"}),
        ("cpu-small", "me-west1", {"online", "batch"}),
    ],
)
def test_google_cloud_has_an_accelerator_for_what_serves_where_it_has_none_for_what_trains_and_the_reverse(
    machine: str, region: str, uses: set[Use]
) -> None:
    """As its page on locations says by use, whatever Compute Engine has there."""
    has = catalogue.load("gcp").machine(machine)
    assert {use for use in has.uses if has.sold_in(region, use)} == uses


def test_each_region_and_accelerator_of_the_offers_is_one_that_is_known() -> None:
    gcp, offers = catalogue.load("gcp"), rows("accelerators", "gcp")
    assert {row["region"] for row in offers} <= set(gcp.regions)
    assert {row[use] for row in offers for use in ("serving", "training")} == {"yes", "no", "on request"}
    pairs = [(row["accelerator"], row["region"]) for row in offers]
    assert len(pairs) == len(set(pairs))
    named = {machine.accelerator.name for machine in all_of(gcp) if machine.accelerator is not None}
    assert named <= {row["accelerator"] for row in offers}


def all_of(hardware: Catalogue) -> list[HardwareFamily]:
    return [hardware.machine(name) for name in (*hardware.families, *hardware.machine_types)]


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


# ---- machine types and price lists ----------------------------------------------------------------------------------


def rows(folder: str, name: str) -> list[dict[str, str]]:
    with (FOLDER / folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@every_platform
def test_each_machine_type_stands_once_and_is_described(hardware: Catalogue) -> None:
    named = [row["machine_type"] for row in rows("machines", hardware.platform)]
    assert named == sorted(set(named))
    for name in named:
        machine = hardware.machine(name)
        assert (machine.vcpus or 0) > 0, name
        assert machine.uses, f"{name}: a machine for nothing"
        assert machine.accelerator is None or machine.accelerator.count > 0, name
        units = {quota.unit for quota in machine.uses.values()}
        assert units <= QUOTA_UNITS[hardware.platform], name
        for quota in machine.uses.values():
            has = {
                "instances": 1,
                "vCPUs": machine.vcpus,
                "accelerators": machine.accelerator and machine.accelerator.count,
            }
            assert quota.per_replica == has[quota.unit], name
            assert quota.quota_name or quota.quota_code is None, f"{name}: a code of a quota without a name"


@every_platform
def test_a_family_is_the_machine_type_that_it_names(hardware: Catalogue) -> None:
    for name, family in present(hardware).items():
        if (typed := hardware.machine_types.get(str(family.machine_type))) is None:
            continue  # TPUs and machines of which no list says what they are
        added = family.accelerator is not None and family.accelerator.added
        assert family.vcpus == typed.vcpus, name
        assert typed.memory_gib in (None, family.memory_gib), name
        assert added or (family.accelerator is None) == (typed.accelerator is None), name
        if not added and family.accelerator and typed.accelerator:
            assert family.accelerator.count == typed.accelerator.count, name
        if hardware.platform == "aws":
            assert family.local_nvme == typed.local_nvme, name


def listed_rows(name: str) -> list[dict[str, str]]:
    return [row for file in catalogue.price_files(name) for row in rows("prices", file.stem)]


@every_platform
def test_a_successor_is_of_the_same_size_and_stands_where_the_familys_own_machine_does_not(hardware: Catalogue) -> None:
    for name, family in present(hardware).items():
        for region in hardware.regions:
            assert hardware.machine_in(name, region).machine_type in (family.machine_type, family.successor)
            assert not family.sold_in(region) or hardware.machine_in(name, region) == family, f"{name} {region}"
        if family.successor is None:
            continue
        after = hardware.machine(family.successor)
        assert (after.vcpus, after.memory_gib, after.accelerator) == (family.vcpus, family.memory_gib, None), name
        assert set(after.uses) >= set(family.uses) and after.local_nvme == family.local_nvme, name
        newer = [r for r in hardware.regions if hardware.machine_in(name, r).machine_type == after.machine_type]
        assert newer and not set(newer) & set(family.sold), f"{name}: a successor that no region needs"


def test_every_region_of_aws_sells_a_machine_of_each_size_without_an_accelerator() -> None:
    known = catalogue.load("aws")
    for name in ("cpu-small", "cpu-medium", "cpu-large", "cpu-memory"):
        assert all(known.machine_in(name, region).sold_in(region) for region in known.regions), name


@every_platform
def test_each_price_of_a_list_is_of_a_machine_type_and_region_there_is(hardware: Catalogue) -> None:
    for name in hardware.price_lists:
        listed = listed_rows(name)
        pairs = [(row["machine_type"], row["region"]) for row in listed]
        assert sorted(pairs) == sorted(set(pairs)), f"{name}: a figure stands twice"
        assert {machine for machine, _ in pairs} <= set(hardware.machine_types), name
        assert {region for _, region in pairs} <= set(hardware.regions), name
        assert all(0 < float(row["usd_per_hour"]) < 1000 for row in listed), name


@every_platform
def test_each_priced_type_costs_at_least_what_each_list_says_in_each_region(hardware: Catalogue) -> None:
    for name, listed in hardware.price_lists.items():
        for row in listed_rows(name):
            machine = hardware.machine(row["machine_type"])
            factor = listed.factor(row["machine_type"])
            uses = [use for use in listed.uses if use in machine.uses] if factor else []
            if listed.sold_in and machine.accelerator:
                there = {(r["machine_type"], r["region"]) for r in rows("prices", listed.sold_in)}
                uses = uses if (row["machine_type"], row["region"]) in there else []
            for use in uses:
                price = machine.price(row["region"], use)
                assert price is not None, row
                assert price >= round(float(row["usd_per_hour"]) * (factor or 0), 6), row
                assert machine.sold_in(row["region"])


@every_platform
def test_no_price_of_a_machine_leaves_its_accelerator_out(hardware: Catalogue) -> None:
    """The same machine costs at most a half more in the dearest region; without its accelerator it costs a quarter."""
    for name in [*hardware.families, *hardware.machine_types]:
        machine = hardware.machine(name)
        if machine.accelerator is None:
            continue
        for use in machine.uses:
            known = {region: price for region in machine.sold if (price := machine.price(region, use)) is not None}
            cheap = {region: price for region, price in known.items() if price < max(known.values()) / 2}
            assert cheap == {}, f"{name} for {use}"


def test_a_machine_that_only_a_sum_of_its_parts_shows_in_a_region_is_not_sold_there() -> None:
    gcp = catalogue.load("gcp")
    listed = {(row["machine_type"], row["region"]) for row in rows("prices", "vertex-prediction-prices")}
    assert ("a2-highgpu-1g", "us-east4") in listed
    assert not gcp.machine("a2-highgpu-1g").sold_in("us-east4")
    assert gcp.machine("gpu-a100-40").price("us-east4", "online") is None
    assert gcp.machine("n1-standard-4").sold_in("us-east4")  # without an accelerator the list is enough


@pytest.mark.parametrize("service", ["pd-balanced", "pd-standard", "pd-ssd", "storage-standard"])
def test_what_google_prices_by_region_has_a_price_in_each(service: str) -> None:
    gcp = catalogue.load("gcp")
    assert set(gcp.services[service].price_usd) == set(gcp.regions)


def test_a_workspace_machine_has_a_price_in_each_region_of_google_cloud() -> None:
    gcp, graph = catalogue.load("gcp"), Graph("s", "gcp", (), {})
    for region in gcp.regions:
        assert 0.05 < Pricing(graph, gcp, region).workspace("e2-standard-2") < 0.15, region
    # As the list has it: the fee of Vertex AI is on what serves, and on nobody's own machine.
    assert Pricing(graph, gcp, "europe-west4").workspace("e2-standard-2") == 0.07377204
    with pytest.raises(NoFigure, match="x9-standard-2 for a workspace in europe-west4"):
        Pricing(graph, gcp, "europe-west4").workspace("x9-standard-2")


@every_platform
def test_the_factor_of_a_series_is_that_of_its_quoted_prices(hardware: Catalogue) -> None:
    for name, listed in hardware.price_lists.items():
        said = {(row["machine_type"], row["region"]): float(row["usd_per_hour"]) for row in listed_rows(name)}
        for series, factor in (listed.factors or {}).items():
            for machine_type, quoted in factor.quoted.items():
                assert machine_type.startswith(series)
                ratio = quoted / said[machine_type, factor.region]
                # A quote may be rounded to a cent, or of another month; the factor may not be less than it shows.
                assert factor.value == pytest.approx(ratio, rel=0.01), machine_type


def test_a_series_without_a_factor_has_no_price() -> None:
    gcp = catalogue.load("gcp")
    assert gcp.price_lists["compute-engine-prices"].factor("n2-standard-4") is None
    assert gcp.machine("n2-standard-4").price_per_hour_usd == {}
    assert gcp.machine("n2-standard-4").sold_in("europe-west4")


def test_where_two_sources_disagree_the_higher_is_taken_and_both_are_named() -> None:
    small = catalogue.load("gcp").machine("a2-highgpu-1g").price_per_hour_usd["us-central1"]
    assert {small.source, *small.others} == {"vertex-prediction-prices", "compute-engine-prices"}
    assert small.online == 4.7755  # 3.673385 * 1.3 is 4.775401
    training = catalogue.load("aws").machine("gpu-l4").price_per_hour_usd["us-east-1"]
    assert (training.online, training.training) == (1.1267, 1.127)
    assert {training.source, *training.others} == {"us-east-1-offer-gpu", "sagemaker-prices"}


def test_an_added_accelerator_costs_beside_the_machine_and_stands_where_both_do() -> None:
    gcp = catalogue.load("gcp")
    t4, bare = gcp.machine("gpu-t4"), gcp.machine("n1-standard-4")
    assert t4.price("us-central1", "online") == pytest.approx((bare.price("us-central1", "online") or 0) + 0.402)
    assert t4.price("europe-west4", "online") is None  # no source has the T4 there: never the machine alone
    assert bare.price("europe-west4", "online") is not None
    assert set(t4.zones or ()) < set(bare.zones or ())


@pytest.mark.parametrize(
    ("platform", "region", "family", "use", "usd"),
    [
        ("aws", "eu-west-1", "cpu-small", "online", 0.128),
        ("aws", "eu-west-1", "gpu-l4", "async", 1.25776),
        ("gcp", "europe-west4", "cpu-small", "online", 0.084838),  # 0.07377195 * 1.15
        ("gcp", "europe-west4", "gpu-l4", "batch", 0.854353),
    ],
)
def test_a_family_is_priced_in_other_regions(platform: str, region: str, family: str, use: Use, usd: float) -> None:
    assert catalogue.load(platform).machine(family).price(region, use) == usd


def test_what_no_catalogue_knows_is_no_machine() -> None:
    with pytest.raises(KeyError):
        catalogue.load("aws").machine("ml.none.xlarge")
