"""What pricing a resource needs on every platform: the catalogue in one region, and how often a schedule fires."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile

from cronsim import CronSim

from catalogue.graph import Graph
from catalogue.hardware.catalogue import Catalogue
from catalogue.machines import Machines

MONTH_MINUTES = 365.25 / 12 * 24 * 60


class Unpriced(Exception):
    """The catalogue has no price for something that bills. `str()` names it."""


@dataclass(frozen=True)
class Bill:
    """The dollars a month of one resource, and the arithmetic in words."""

    what: str
    idle: float
    ceiling: float
    basis: str


@dataclass(frozen=True)
class Pricing:
    """The hardware catalogue in one region, and the graph of the stack that is priced."""

    graph: Graph
    hardware: Catalogue
    region: str

    def hour(self, machines: Machines) -> float:
        """Dollars an hour for one machine. Raises Unpriced where the catalogue has no price in this region."""
        family = self.hardware.family_of(machines.machine_type, machines.accelerator)
        price = self.hardware.machine(family).price(self.region, machines.use) if family else None
        if price is None or not self.hardware.fits(family, machines.accelerators):
            raise Unpriced(f"{machines.said} for {machines.use} in {self.region}")
        return price

    def of(self, service: str) -> float:
        """Dollars for one unit of a service. Raises Unpriced where the catalogue has no price in this region."""
        known = self.hardware.services.get(service)
        price = known.price_usd.get(self.region) if known else None
        if price is None:
            raise Unpriced(f"{service} in {self.region}")
        return price

    def assume(self, name: str) -> float:
        """A stated assumption."""
        return self.hardware.assumptions[name].value

    @property
    def hours(self) -> int:
        """Hours a month, as the catalogue counts them."""
        return self.hardware.hours_per_month


def cron_runs_per_month(cron: str) -> float:
    """How often a five-field cron expression fires in an average month (365.25 / 12 days)."""
    start = datetime(2026, 1, 1)
    end = start + timedelta(days=365)
    # This many are enough for a rate, however often it fires.
    fired = list(islice(takewhile(lambda time: time < end, CronSim(cron, start)), 9000))
    if len(fired) < 9000:
        return len(fired) / 12
    return 9000 * MONTH_MINUTES / ((fired[-1] - start).total_seconds() / 60)
