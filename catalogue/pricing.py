"""What pricing a resource needs on every platform: the catalogue in one region, and how often a schedule fires."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise, takewhile

from cronsim import CronSim, CronSimError

from catalogue.graph import Graph
from catalogue.hardware.catalogue import Catalogue, as_listed
from catalogue.machines import Machines

MONTH_MINUTES = 365.25 / 12 * 24 * 60


class Unpriced(Exception):
    """The catalogue has no price for something that bills. `str()` names it."""


class NoFigure(Unpriced):
    """A machine is known, and its price in this region is not. `instead` is a sentence with what to choose instead."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(what)
        self.instead = instead


@dataclass(frozen=True)
class Bill:
    """The dollars a month of one resource, and the arithmetic in words."""

    what: str
    idle: float
    ceiling: float
    basis: str


@dataclass(frozen=True)
class Pricing:
    """The hardware catalogue in one region, and the graph of the stack that is priced.

    `estimated` collects the services that `of` estimated, each with the region whose price it took. With `dearest`, a
    machine whose price in the region is unknown has that of the dearest region known. No bill is made so: it is asked
    only whether a bill with unknown lines could break a limit.
    """

    graph: Graph
    hardware: Catalogue
    region: str
    estimated: dict[str, str] = field(default_factory=dict[str, str])
    dearest: bool = False

    def hour(self, machines: Machines) -> float:
        """Dollars an hour for one machine, never estimated but with `dearest`.

        Raises NoFigure where the catalogue has no price of it in this region.
        """
        family = self.hardware.family_of(machines.machine_type, machines.accelerator)
        known = self.hardware.machine(family) if family else None
        everywhere = ((at, known.price(at, machines.use)) for at in (self.region, *self.hardware.regions) if known)
        price = self._here({at: each for at, each in everywhere if each is not None})
        if price is None or not self.hardware.fits(family, machines.accelerators):
            raise NoFigure(f"{machines.said} for {machines.use} in {self.region}", self._instead(family, machines))
        return price

    def _instead(self, family: str | None, machines: Machines) -> str:
        families, use = self.hardware.families, machines.use
        here = [n for n in families if self.hardware.machine_in(n, self.region).price(self.region, use) is not None]
        known = self.hardware.machine(family) if family else None
        elsewhere = [at for at in self.hardware.regions if known and known.price(at, use) is not None]
        # Whoever asks for an accelerator is helped by another one first.
        wants = machines.accelerator is not None or (known is not None and known.accelerator is not None)
        here.sort(key=lambda name: (families[name].accelerator is not None) is not wants)
        ways = [
            f"a family whose price for {use} is known in {self.region} ({_some(here)})" if here else "",
            f"a region in which the price of {family} is known ({_some(elsewhere)})" if elsewhere else "",
        ]
        chosen = " or ".join(way for way in ways if way)
        more = f"add its price with a public source to catalogue/hardware/{self.hardware.platform}.yaml"
        return f"Choose {chosen}, or {more}." if chosen else f"{more[0].upper()}{more[1:]}."

    def of(self, service: str) -> float:
        """Dollars for one unit of a service.

        Where the price in this region is unknown, that of the dearest region known is taken and noted in `estimated`.
        Raises Unpriced where the catalogue has no price of the service at all.
        """
        known = self.hardware.services.get(service)
        if known is None or not known.price_usd:
            raise Unpriced(f"{service} in {self.region}")
        if self.region not in known.price_usd:
            dearest = max(known.price_usd, key=lambda at: (known.price_usd[at], at))
            self.estimated[service] = dearest
            return known.price_usd[dearest]
        return known.price_usd[self.region]

    def machine(self, service: str) -> float:
        """Dollars an hour for a machine that the catalogue has among its services, as that of a workspace.

        It is never estimated but with `dearest`. Raises NoFigure where the catalogue has no price of it in this region.
        """
        known = self.hardware.services.get(service)
        price = self._here(known.price_usd if known else {})
        if price is None:
            regions = sorted(known.price_usd) if known else []
            more = f"add its price with a public source to catalogue/hardware/{self.hardware.platform}.yaml"
            chosen = f"Choose a region in which its price is known ({_some(regions)}), or {more}." if regions else ""
            raise NoFigure(f"{service} in {self.region}", chosen or f"Choose another machine, or {more}.")
        return price

    def workspace(self, machine_type: str) -> float:
        """Dollars an hour for a person's own machine, as the platform's `workspace_list` has it.

        It is never estimated but with `dearest`. Raises NoFigure where the list has no price of it in this region.
        """
        name = self.hardware.workspace_list
        listed: Mapping[str, float] = as_listed(name, machine_type) if name else {}
        price = self._here(listed)
        if price is None:
            more = f"add its price with a public source to catalogue/hardware/prices/{name}.csv"
            chosen = f"Choose a region in which its price is known ({_some(sorted(listed))}), or {more}."
            raise NoFigure(
                f"{machine_type} for a workspace in {self.region}",
                chosen if listed else f"Choose another machine, or {more}.",
            )
        return price

    def _here(self, prices: Mapping[str, float]) -> float | None:
        """Of prices by region the one that holds here. None where it is unknown, with `dearest` only everywhere."""
        return prices.get(self.region, max(prices.values(), default=None) if self.dearest else None)

    def assume(self, name: str) -> float:
        """A stated assumption."""
        return self.hardware.assumptions[name].value

    @property
    def hours(self) -> int:
        """Hours a month, as the catalogue counts them."""
        return self.hardware.hours_per_month


def _some(names: Iterable[str], most: int = 6) -> str:
    """Names in a sentence. Only so many are named."""
    named = list(names)
    return ", ".join([*named[:most], *(["…"] if len(named) > most else [])])


@lru_cache(maxsize=4096)
def shortest_gap(cron: str) -> float | None:
    """The seconds between the two starts of a five-field cron that are closest; None where it never fires in the year
    that is counted, or cannot be read. One that fires once has no other start near it.
    """
    start = datetime(2026, 1, 1)
    try:
        fired = list(islice(takewhile(lambda time: time < start + timedelta(days=365), CronSim(cron, start)), 400))
    except CronSimError:
        return None
    gaps = ((after - before).total_seconds() for before, after in pairwise(fired))
    return min(gaps, default=timedelta(days=365).total_seconds()) if fired else None


@lru_cache(maxsize=4096)  # the jobs of a stack often start together, and a rule, a bill and a bound ask for each
def cron_runs_per_month(cron: str) -> float:
    """How often a five-field cron expression fires in an average month (365.25 / 12 days)."""
    start = datetime(2026, 1, 1)
    end = start + timedelta(days=365)
    # This many are enough for a rate, however often it fires.
    fired = list(islice(takewhile(lambda time: time < end, CronSim(cron, start)), 9000))
    if len(fired) < 9000:
        return len(fired) / 12
    return 9000 * MONTH_MINUTES / ((fired[-1] - start).total_seconds() / 60)
