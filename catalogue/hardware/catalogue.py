"""The hardware catalogue: hardware families and machine types, and what each platform charges and allows for them.

The families and services live in one YAML file a platform beside this module, each figure with the date and address of
its source. What machine-readable sources list as a whole lives in three folders of CSV files, as it stands in the
source: `prices/` has the files of each price list, `machines/` what each machine type is and may serve, `zones/` where
it stands. The YAML file names their sources. `mlplatform prices refresh` adds to a price list a file for the day, and
its source beside it.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache, cached_property
from math import ceil
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field

from catalogue.platforms import PLATFORMS

Use = Literal["online", "async", "batch", "training"]

OLD_DAYS = 90
"""After so many days a figure is marked as old. Price lists change a few times a year."""

_FOLDER = Path(__file__).parent
PRICES = _FOLDER / "prices"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Entry):
    """Where a figure comes from.

    `hand` is `first` for the cloud's own page, API or SDK, where this project read it. It is `second` for anything
    else, and `assumed` where no address says the figure: then `note` has the reason. `address` is a public page or file
    that a reader can open (https://), or a package with its version (`botocore 1.44.5`). `says` is what stands there.
    `date` is the source's own date or, where `note` says so, that of retrieval.
    """

    hand: Literal["first", "second", "assumed"]
    address: str = ""
    says: str = ""
    date: date
    note: str = ""


Unit = Literal["instances", "vCPUs", "accelerators"]
"""What a quota is counted in."""


class Quota(_Entry):
    """The quota that one replica of this use draws on. Name and code are the platform's, each None where unknown.

    The code is Service Quotas' on aws, Cloud Quotas' quota id on gcp, and the VM family's name on azure. One replica
    takes `per_replica` of the quota, counted in `unit`: instances on aws; vCPUs or accelerators on gcp; vCPUs on azure.
    `reserved` is False where the platform keeps no reserve of this machine for upgrades.
    """

    quota_name: str | None
    quota_code: str | None
    source: str | None
    per_replica: float = Field(default=1, gt=0)
    unit: Unit = "instances"
    reserved: bool = True


class Accelerator(_Entry):
    """`count` accelerators of `memory_gib` each.

    On gcp `name` is the API's acceleratorType. `sent` is False for a TPU, which the machine type implies and for which
    the API has no name; nor does an endpoint on one scale, which `scales` says. `added` is True where the machine type
    does not imply the accelerator: the machine is sold without it, too.
    """

    name: str
    count: int
    memory_gib: float | None
    added: bool = False
    sent: bool = True
    scales: bool = True


class Price(_Entry):
    """Dollars an hour for one machine in one region, by use; None where no source was found.

    Where sources disagree the higher figure is taken. `source` is where it comes from, `others` are the sources that
    say the same or less.
    """

    online: float | None = None
    async_: float | None = Field(default=None, alias="async")
    batch: float | None = None
    training: float | None = None
    source: str
    batch_source: str | None = None
    others: tuple[str, ...] = ()


class Factor(_Entry):
    """What the platform charges for a machine, as a multiple of what a list says of it.

    It holds for one series, and is known only where prices of the platform are quoted beside those of the list:
    `quoted` are such prices by machine type, in dollars an hour in `region`, from `source`.
    """

    value: float = Field(gt=1)
    quoted: dict[str, float] = Field(min_length=1)
    region: str
    source: str


class Parts(_Entry):
    """Where Google's Cloud Billing Catalog has the parts of a machine, each with a price of its own.

    `service` is the id of the service there. The descriptions of its SKUs begin with `prefix`. `ssd_gib` is the local
    SSD that comes with each accelerator and is billed beside it, by the series that the machine type begins with. It is
    empty where the service bills no SSD.
    """

    service: str
    prefix: str = ""
    ssd_gib: dict[str, float] = {}


class PriceList(_Entry):
    """A list of machine prices, the files of `price_files`, and the uses that it prices.

    Without `factors` its figures are the platform's own. With them it is another service's: its figure is multiplied by
    the factor of the series that the machine type begins with. A series without a factor has no price here. `parts` is
    for lists on gcp alone, where a machine is billed by its parts.
    """

    uses: list[Use]
    sold_in: str | None = None
    batch_source: str | None = None
    factors: dict[str, Factor] | None = None
    parts: Parts | None = None

    def factor(self, machine_type: str) -> float | None:
        """What the figures of a machine type are multiplied by. None where they say nothing of the platform's price."""
        if self.factors is None:
            return 1.0
        return next((f.value for series, f in self.factors.items() if machine_type.startswith(series)), None)


class HardwareFamily(_Entry):
    """One portable family, or one machine type, on one platform. `absent` is the reason where there is no such machine.

    `local_nvme` machines have an NVMe instance store. On aws it is encrypted in hardware and takes no volume key.
    `efa` machines have an Elastic Fabric Adapter, on aws: those of one training job talk past the operating system.
    `price_per_hour_usd` has the quoted prices of the YAML file and those of the price lists. A price in a region also
    shows that the machine is sold there; so does a zone. `regions` are those that another source shows. `zones` are the
    zones that have the machine, on gcp; None where no source says. `offered` are the regions in which the platform
    offers the machine for a use, where a source says so by use; None where none does. `retires` is the day from which
    the platform has it no more. `successor` is the machine type of the same size that stands for a family in regions
    that came after its own.
    """

    summary: str
    absent: str | None = None
    machine_type: str | None = None
    vcpus: int | None = None
    memory_gib: float | None = None
    accelerator: Accelerator | None = None
    local_nvme: bool = False
    efa: bool = False
    source: str | None = None
    uses_source: str | None = None
    uses: dict[Use, Quota] = {}
    price_per_hour_usd: dict[str, Price] = {}
    regions: list[str] | None = None
    regions_source: str | None = None
    zones: list[str] | None = None
    offered: dict[Use, list[str]] | None = None
    retires: date | None = None
    successor: str | None = None

    def price(self, region: str, use: Use) -> float | None:
        """Dollars an hour for this use in this region. None where the catalogue has no figure."""
        entry = self.price_per_hour_usd.get(region)
        return None if entry is None else _figure(entry, use)

    def sold_in(self, region: str, use: Use | None = None) -> bool:
        """Whether a source shows that the platform has this machine in the region, for this use."""
        return region in self.sold_for(use)

    def sold_for(self, use: Use | None) -> list[str]:
        """Every region in which a source shows the machine for a use, sorted."""
        return self.sold if self.offered is None or use is None else self.offered.get(use, [])

    @cached_property
    def sold(self) -> list[str]:
        """Every region in which a source shows the machine, sorted."""
        of_zones = {zone.rpartition("-")[0] for zone in self.zones or ()}
        by_use = {region for regions in (self.offered or {}).values() for region in regions}
        return sorted({*(self.regions or ()), *self.price_per_hour_usd, *of_zones, *by_use})


class PricedService(_Entry):
    """The price of one `unit` of something other than a machine, in dollars and by region.

    `by_traffic` marks what no configuration bounds. The report states its price per unit.
    """

    unit: str
    by_traffic: bool = False
    price_usd: dict[str, float]
    source: str
    price_sources: dict[str, str] = {}
    note: str = ""


class Assumption(_Entry):
    """A quantity that no configuration fixes, such as gigabytes of logs a month. The report prints it."""

    value: float
    unit: str
    reason: str


class TrainingDisk(_Entry):
    """The quota that the disk of each machine that trains draws on, and how many GB."""

    quota_name: str
    gb: int
    source: str


class Catalogue(_Entry):
    """Everything known of one platform's hardware and prices on the day `dated`.

    `regions` are those in which the platform's service is sold, whatever has a price there. `regions_without_zones` are
    those of them that have no availability zones, `regions_on_request` those that an account has only once somebody
    enabled them in its settings, or asked for them. `other_partitions` is the pattern of regions that other clouds of
    the same provider have, such as a government's: no account, name or address of this project reaches them.

    An upgrade of an online deployment needs spare quota. `online_reserve` is that spare as a share of the replicas. The
    reserve is not billed.

    In `regions_without_schedules` nothing starts a batch job by the clock, whatever else is sold there. Whether
    anything does in `regions_with_schedules_unseen` no source that was read says.

    Where `accelerators_source` is given, `accelerators/` has the regions in which the platform offers each accelerator,
    for what serves and for what trains: a machine that another source shows there is not had for the use. A series in
    `bare_unserved` serves nothing in its regions without an accelerator.

    A person's own machine stands in one of `workspace_zones`, where a source lists these. It is billed as
    `workspace_list` has its type, a price list without a factor; None where the services have its price.
    `workspace_source` says what that leaves out.

    `spot_quotas` has what names of quotas say, each with what that says which Spot machines draw on instead.
    `spot_vcpu_quota` is the one of vCPUs that Spot machines of every series share. `training_vcpu_quotas` are those
    that a machine with accelerators, which trains, draws on as well, by the series; a series without has no limit.
    `training_disk` is what each machine that trains draws for its disk.
    `total_quotas` has the quota on which machines of any type draw beside that of their own, by their use, and
    `processing`. It is counted in `total_quotas_unit`.
    """

    platform: str
    dated: date
    hours_per_month: int
    online_reserve: float = 0
    online_reserve_source: str | None = None
    sources: dict[str, Source]
    regions: list[str]
    regions_source: str
    regions_without_zones: list[str] = []
    regions_on_request: list[str] = []
    region_facts_source: str | None = None
    other_partitions: str | None = None
    price_lists: dict[str, PriceList] = {}
    workspace_list: str | None = None
    workspace_source: str | None = None
    machines_source: str
    machine_uses_source: str
    zones_source: str | None = None
    workspace_zones: list[str] | None = None
    workspace_zones_source: str | None = None
    accelerators_source: str | None = None
    bare_unserved: dict[str, list[str]] = {}
    retires_source: str | None = None
    spot_quotas: dict[str, str] = {}
    spot_quotas_source: str | None = None
    spot_vcpu_quota: str | None = None
    training_vcpu_quotas: dict[str, str] = {}
    training_vcpu_quotas_source: str | None = None
    training_disk: TrainingDisk | None = None
    total_quotas: dict[str, str] = {}
    total_quotas_unit: Unit = "instances"
    total_quotas_source: str | None = None
    regions_without_schedules: list[str] = []
    regions_with_schedules_unseen: list[str] = []
    schedules_source: str | None = None
    families: dict[str, HardwareFamily]
    services: dict[str, PricedService]
    assumptions: dict[str, Assumption]

    @cached_property
    def machine_types(self) -> Mapping[str, HardwareFamily]:
        """What is known of each machine type by its name, without zones, and bare of what can be added.

        The machine type of a family is one, whether or not a list has it.
        """
        own = {str(f.machine_type): f for f in self.families.values() if f.machine_type and not _adds(f)}
        listed = {row["machine_type"]: _machine(self, row) for row in _rows("machines", self.platform)}
        return dict(sorted({**own, **listed}.items()))

    def machine(self, name: str) -> HardwareFamily:
        """A family by its portable name, or a machine type by its own. Raises KeyError for any other name."""
        return self.families[name] if name in self.families else _completed(self.platform, name)

    def machine_in(self, name: str, region: str) -> HardwareFamily:
        """As `machine`, or its successor where a source shows that alone in the region. Raises KeyError alike."""
        has = self.machine(name)
        if has.successor is None or has.sold_in(region):
            return has
        successor = self.machine(has.successor)
        return successor if successor.sold_in(region) else has

    def family_of(self, machine_type: str, accelerator: str | None = None) -> str | None:
        """The name of the family of this machine type, with the accelerator that is added to it, if any.

        The machine type itself where it is of no family. None where the catalogue does not know the machine.
        """
        machine_type = self._listed_as(machine_type)
        for name, family in self.families.items():
            if _is(family, machine_type, accelerator):
                return name
        own = self.machine_types.get(machine_type)
        return machine_type if own and _is(own, machine_type, accelerator) else None

    def _listed_as(self, machine_type: str) -> str:
        """Azure takes the name of a machine type in upper and lower case, and its own pages have both:
        https://learn.microsoft.com/en-us/azure/machine-learning/how-to-create-attach-compute-cluster
        """
        if self.platform != "azure" or machine_type in self.machine_types:
            return machine_type
        return next((one for one in self.machine_types if one.lower() == machine_type.lower()), machine_type)

    def fits(self, family: str | None, accelerators: int | None) -> bool:
        """Whether a machine with this number of added accelerators is of the family's size."""
        added = self.machine(family).accelerator if family else None
        return accelerators is None or (added is not None and added.count == accelerators)

    def draws(self, family: str, use: Use, replicas: int) -> float:
        """How much of their quota `replicas` take, in its unit.

        Raises KeyError where the family does not serve the use.
        """
        quota = self.machine(family).uses[use]
        reserve = self.online_reserve if use == "online" and quota.reserved else 0
        return ceil(round(replicas * (1 + reserve), 6)) * quota.per_replica

    def vcpu_quota(self, use: Use, machine_type: str, spot: bool = False) -> str | None:
        """The quota that is counted in vCPUs and on which a machine with accelerators draws as well; None for none.

        What serves draws on the one that all families without an accelerator share.
        """
        if use == "training":
            series = (name for of, name in self.training_vcpu_quotas.items() if machine_type.startswith(of))
            return self.spot_vcpu_quota if spot else next(series, None)
        plain = (family.uses.get(use) for family in self.families.values() if family.accelerator is None)
        names = {quota.quota_name for quota in plain if quota is not None and quota.unit == "vCPUs"}
        return names.pop() if len(names) == 1 else None

    def has_efa(self, machine_type: str) -> bool:
        """Whether machines of a type have an Elastic Fabric Adapter, as far as the type is known."""
        known = self.machine_types.get(machine_type)
        return known is not None and known.efa

    def spot_quota(self, name: str) -> str:
        """The quota of Spot machines that goes with one of machines on demand. The same where the platform has none."""
        if self.spot_vcpu_quota is not None and name.endswith("_cpus"):
            return self.spot_vcpu_quota
        own = ((said, of) for said, of in self.spot_quotas.items() if said in name)
        return next((name.replace(said, of) for said, of in own), name)

    def completed(self, family: HardwareFamily) -> HardwareFamily:
        """The family, or machine type, with the prices of every list, and with its zones."""
        if family.machine_type is None:
            return family
        zones: Mapping[str, list[str]] = _zones(self.platform) if self.zones_source else {}
        wanted = [family.machine_type, *([a.name] if (a := family.accelerator) and a.added else [])]
        having: list[set[str]] = [set(zones.get(name, ())) for name in wanted]
        standing = sorted(having[0].intersection(*having))
        priced = {"price_per_hour_usd": dict(_prices(self, family)), "zones": standing or None}
        known = family.model_copy(update=priced)
        return known.model_copy(update={"offered": self._offered(known)}) if self.accelerators_source else known

    def _offered(self, family: HardwareFamily) -> dict[Use, list[str]] | None:
        """The regions in which a machine is had for each use; None where its accelerator, or its series, is not said.

        What trains is one use, and every other serves.
        """
        if family.accelerator is not None:
            rows = [row for row in _offers(self.platform) if row["accelerator"] == family.accelerator.name]
            found: dict[Use, list[str]] = {
                use: sorted(
                    row["region"] for row in rows if row["training" if use == "training" else "serving"] == "yes"
                )
                for use in family.uses
            }
            return found if rows else None
        closed = [r for series, r in self.bare_unserved.items() if str(family.machine_type).startswith(series)]
        if not closed:
            return None
        serves = [region for region in family.sold if region not in closed[0]]
        return {use: family.sold if use == "training" else serves for use in family.uses}


def _adds(family: HardwareFamily) -> bool:
    """Whether the family is a machine type and an accelerator that is added to it."""
    return family.accelerator is not None and family.accelerator.added


def _is(family: HardwareFamily, machine_type: str, accelerator: str | None) -> bool:
    """Whether a machine type, with the accelerator that is named beside it, is this family's."""
    has = family.accelerator
    if family.machine_type != machine_type:
        return False
    return not (has and has.added) if accelerator is None else has is not None and has.name == accelerator


def _machine(catalogue: Catalogue, row: Mapping[str, str]) -> HardwareFamily:
    """A machine type as a row of `machines/` says it. `-` is a use whose quota has no name that is known."""
    codes = {quota.quota_name: quota for family in catalogue.families.values() for quota in family.uses.values()}
    count, unit = int(row["accelerators"] or 0), row["unit"]
    per_replica = {"instances": 1, "vCPUs": int(row["vcpus"]), "accelerators": count}[unit]
    has_async = any("async" in family.uses for family in catalogue.families.values())
    uses: dict[Use, Quota] = {}
    for use in get_args(Use):
        name = row["online_quota" if use == "async" else f"{use}_quota"]
        if name and (use != "async" or has_async):
            known = codes.get(name)
            uses[use] = Quota.model_construct(
                quota_name=None if name == "-" else name,
                quota_code=known.quota_code if known else None,
                source=known.source if known else None,
                per_replica=per_replica,
                unit=unit,
                reserved=row["reserved"] != "no",
            )
    size, retires = row["memory_gib"], row["retires"]
    accelerator = Accelerator(
        name=row["accelerator"],
        count=count,
        memory_gib=float(row["accelerator_gib"]) if row["accelerator_gib"] else None,
    )
    return HardwareFamily.model_construct(
        summary=row["machine_type"],
        machine_type=row["machine_type"],
        vcpus=int(row["vcpus"]),
        memory_gib=float(size) if size else None,
        accelerator=accelerator if count else None,
        local_nvme=row["local_nvme"] == "yes",
        efa=row.get("efa") == "yes",
        source=catalogue.machines_source,
        uses_source=catalogue.machine_uses_source,
        uses=uses,
        retires=date.fromisoformat(retires) if retires else None,
    )


def _figure(price: Price, use: Use) -> float | None:
    return getattr(price, "async_" if use == "async" else use)


def _prices(catalogue: Catalogue, family: HardwareFamily) -> Iterator[tuple[str, Price]]:
    """The price in each region: of the quoted one and those of the lists, the higher for each use.

    Some lists add up the parts of a machine, and where a region has no such accelerator they leave it out of the sum.
    So where a list names another one under `sold_in`, it prices a machine with an accelerator only where that one does.
    """
    found: dict[str, list[Price]] = {region: [quoted] for region, quoted in family.price_per_hour_usd.items()}
    for name, listed in catalogue.price_lists.items() if not _adds(family) else ():
        factor = listed.factor(str(family.machine_type))
        uses = [use for use in listed.uses if use in family.uses]
        if factor is None or not uses:
            continue
        whole = listed.sold_in if family.accelerator else None
        for region, (figure, source) in _list(name).get(str(family.machine_type), {}).items():
            usd = round(figure * factor, 6)
            if whole and region not in as_listed(whole, str(family.machine_type)):
                continue
            said: dict[str, Any] = {"async_" if use == "async" else use: usd for use in uses}
            price = Price.model_construct(
                **said,
                source=source,
                batch_source=listed.batch_source if "batch" in uses else None,
            )
            found.setdefault(region, []).append(price)
    for region, prices in found.items():
        yield region, prices[0] if len(prices) == 1 else _highest(prices)


def as_listed(name: str, machine_type: str) -> Mapping[str, float]:
    """Dollars an hour of a machine type by region, as they stand in a price list. Empty where it has none."""
    return {region: usd for region, (usd, _) in _list(name).get(machine_type, {}).items()}


def _highest(prices: list[Price]) -> Price:
    """One price of several sources: the higher figure for each use, every source named."""
    best = max(prices, key=lambda price: max(_figures(price)))
    batch = max(prices, key=lambda price: price.batch or 0)
    said: dict[str, Any] = {}
    for use in get_args(Use):
        figures = [figure for price in prices if (figure := _figure(price, use)) is not None]
        if figures:
            said["async_" if use == "async" else use] = max(figures)
    others = tuple(price.source for price in prices if price is not best)
    return Price.model_construct(**said, source=best.source, batch_source=batch.batch_source, others=others)


def _figures(price: Price) -> Iterable[float]:
    return (figure for use in get_args(Use) if (figure := _figure(price, use)) is not None)


def _rows(folder: str, name: str) -> list[dict[str, str]]:
    with (_FOLDER / folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def _completed(platform: str, machine_type: str) -> HardwareFamily:
    catalogue = load(platform)
    return catalogue.completed(catalogue.machine_types[machine_type])


def price_files(name: str) -> list[Path]:
    """The files of a price list, the oldest first: its first one, and one for each day of a refresh.

    The stem of a file is the id of its source. That of a refresh is `<file>.yaml` beside it, in the shape of `Source`.
    A figure stands in the file of the day on which it was last read.
    """
    return [PRICES / f"{name}.csv", *sorted(PRICES.glob(f"{name}-[0-9]*.csv"))]


def source_beside(file: Path) -> Source:
    """The source of a file of a price list that a refresh wrote."""
    return Source.model_validate(yaml.safe_load(file.with_suffix(".yaml").read_text(encoding="utf-8")))


@cache
def _list(name: str) -> dict[str, dict[str, tuple[float, str]]]:
    """A price list as it stands in its files: dollars an hour and their source, by machine type and region."""
    table: dict[str, dict[str, tuple[float, str]]] = {}
    for file in price_files(name):
        source = file.stem
        # No field of these files is quoted, and this is four times as fast as the csv module.
        for line in file.read_text(encoding="utf-8").splitlines()[1:]:
            machine_type, region, usd = line.split(",")
            table.setdefault(machine_type, {})[region] = (float(usd), source)
    return table


@cache
def _offers(platform: str) -> list[dict[str, str]]:
    return _rows("accelerators", platform)


@cache
def _zones(platform: str) -> dict[str, list[str]]:
    return {row["machine"]: row["zones"].split(" ") for row in _rows("zones", platform)}


@cache
def load(platform: str) -> Catalogue:
    """Read one platform's catalogue, once. Raises FileNotFoundError for a platform that has none."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (_FOLDER / f"{platform}.yaml").read_text(encoding="utf-8")
    read = Catalogue.model_validate(yaml.load(text, Loader=loader))
    families = {name: read.completed(family) for name, family in read.families.items()}
    refreshed = {file.stem: source_beside(file) for name in read.price_lists for file in price_files(name)[1:]}
    changed = {
        "families": families,
        "sources": read.sources | refreshed,
        "dated": max([read.dated, *(source.date for source in refreshed.values())]),
    }
    return read.model_copy(update=changed)


def is_old(source: Source, today: date) -> bool:
    """Whether a source's figures may have changed since: it is of more than `OLD_DAYS` days before."""
    return (today - source.date).days > OLD_DAYS


def family_names() -> list[str]:
    """The portable names that a stack file may use, in the catalogue's order. Every platform has the same names."""
    return list(load(next(iter(PLATFORMS))).families)


def region_names(platform: str | None = None) -> list[str]:
    """The regions in one platform's catalogue. Without a platform, those of all platforms."""
    return [region for name in ((platform,) if platform else PLATFORMS) for region in load(name).regions]
