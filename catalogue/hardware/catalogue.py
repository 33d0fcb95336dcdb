"""The hardware catalogue: portable hardware families, and what each platform has, charges and allows for them.

The figures live in one YAML file a platform beside this module, each with the date and address of its source.
"""

from datetime import date
from functools import cache
from math import ceil
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from catalogue.platforms import PLATFORMS

Use = Literal["online", "async", "batch", "training"]

_FOLDER = Path(__file__).parent


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


class Quota(_Entry):
    """The quota that one replica of this use draws on. Name and code are the platform's.

    The code is Service Quotas' on aws, Cloud Quotas' quota id on gcp, and the VM family's name on azure. One replica
    takes `per_replica` of the quota, counted in `unit`: instances on aws; vCPUs or accelerators on gcp; vCPUs on azure.
    `reserved` is False where the platform keeps no reserve of this machine for upgrades.
    """

    quota_name: str
    quota_code: str | None
    source: str | None
    per_replica: float = Field(default=1, gt=0)
    unit: Literal["instances", "vCPUs", "accelerators"] = "instances"
    reserved: bool = True


class Accelerator(_Entry):
    """`count` accelerators of `memory_gib` each.

    On gcp `name` is the API's acceleratorType. That of a TPU is not sent, for the machine type implies it.
    """

    name: str
    count: int
    memory_gib: float | None


class Price(_Entry):
    """Dollars an hour for one machine in one region, by use; None where no source was found."""

    online: float | None = None
    async_: float | None = Field(default=None, alias="async")
    batch: float | None = None
    training: float | None = None
    source: str
    batch_source: str | None = None


class HardwareFamily(_Entry):
    """One portable family on one platform. `absent` is the reason where the platform has no such machine.

    `local_nvme` machines have an NVMe instance store. On aws it is encrypted in hardware and takes no volume key.
    `regions` is None where no source was found. A price in a region also shows that the machine is sold there. `zones`
    is for personal machines on gcp, which stand in one zone: the zones that have the machine. It is None otherwise.
    """

    summary: str
    absent: str | None = None
    machine_type: str | None = None
    vcpus: int | None = None
    memory_gib: float | None = None
    accelerator: Accelerator | None = None
    local_nvme: bool = False
    source: str | None = None
    uses_source: str | None = None
    uses: dict[Use, Quota] = {}
    price_per_hour_usd: dict[str, Price] = {}
    regions: list[str] | None = None
    regions_source: str | None = None
    zones: list[str] | None = None
    zones_source: str | None = None

    def price(self, region: str, use: Use) -> float | None:
        """Dollars an hour for this use in this region. None where the catalogue has no figure."""
        entry = self.price_per_hour_usd.get(region)
        return None if entry is None else getattr(entry, "async_" if use == "async" else use)

    def sold_in(self, region: str) -> bool:
        """Whether a source shows that the platform has this machine in the region."""
        return region in (self.regions or ()) or region in self.price_per_hour_usd


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


class Catalogue(_Entry):
    """Everything known of one platform's hardware and prices on the day `dated`.

    An upgrade of an online deployment needs spare quota. `online_reserve` is that spare as a share of the replicas. The
    reserve is not billed.
    """

    platform: str
    dated: date
    hours_per_month: int
    online_reserve: float = 0
    online_reserve_source: str | None = None
    sources: dict[str, Source]
    regions: list[str]
    regions_source: str
    families: dict[str, HardwareFamily]
    services: dict[str, PricedService]
    assumptions: dict[str, Assumption]

    def family_of(self, machine_type: str, accelerator: str | None = None) -> str | None:
        """The family of this machine type, with the accelerator that is added to it, if any.

        None where there is no such family.
        """
        fitting = (name for name, f in self.families.items() if f.machine_type == machine_type)
        if accelerator is None:
            return next(fitting, None)
        return next((n for n in fitting if (a := self.families[n].accelerator) and a.name == accelerator), None)

    def fits(self, family: str | None, accelerators: int | None) -> bool:
        """Whether a machine with this number of added accelerators is of the family's size."""
        added = self.families[family].accelerator if family else None
        return accelerators is None or (added is not None and added.count == accelerators)

    def draws(self, family: str, use: Use, replicas: int) -> float:
        """How much of their quota `replicas` take, in its unit.

        Raises KeyError where the family does not serve the use.
        """
        quota = self.families[family].uses[use]
        reserve = self.online_reserve if use == "online" and quota.reserved else 0
        return ceil(round(replicas * (1 + reserve), 6)) * quota.per_replica


@cache
def load(platform: str) -> Catalogue:
    """Read one platform's catalogue, once. Raises FileNotFoundError for a platform that has none."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (_FOLDER / f"{platform}.yaml").read_text(encoding="utf-8")
    return Catalogue.model_validate(yaml.load(text, Loader=loader))


def family_names() -> list[str]:
    """The portable names that a stack file may use, in the catalogue's order. Every platform has the same names."""
    return list(load(next(iter(PLATFORMS))).families)


def region_names(platform: str | None = None) -> list[str]:
    """The regions in one platform's catalogue. Without a platform, those of all platforms."""
    return [region for name in ((platform,) if platform else PLATFORMS) for region in load(name).regions]
