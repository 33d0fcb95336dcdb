"""Quotas: what machines draw on them by the catalogue, against what the account's owner declares."""

from math import ceil

from catalogue.hardware import catalogue
from catalogue.machines import Machines

FLEETS_IN_UPDATE = 2
"""A new version stands beside the old one at full size until traffic has moved, on every platform: SageMaker's
blue/green update (developer guide, "Blue/Green Deployments"; that both fleets draw on the quota is second hand, and the
safe reading), a deployment of Vertex AI beside the old, one of Azure ML beside the old ("Safe rollout").
"""


def family_of(platform: str, machines: Machines) -> str | None:
    """The hardware family of these machines, accelerators and their number included; None where there is none."""
    hardware = catalogue.load(platform)
    family = hardware.family_of(machines.machine_type, machines.accelerator)
    return family if hardware.fits(family, machines.accelerators) else None


def draw(platform: str, machines: Machines) -> tuple[str, int]:
    """The quota that the machines draw on, and how much of it at once; what serves online is counted twice, for both
    versions stand during an update. Machines that the catalogue does not know draw on a quota that nobody declares.
    """
    hardware = catalogue.load(platform)
    family = family_of(platform, machines)
    serves = machines.use in ("online", "async")
    fleets = FLEETS_IN_UPDATE if serves else 1
    if family is None or machines.use not in hardware.families[family].uses:
        return f"{machines.machine_type} for {machines.use}", fleets * machines.high
    if platform == "azure" and serves:  # each deployment reserves for its own upgrades
        return hardware.families[family].uses[machines.use].quota_name, fleets * ceil(
            hardware.draws(family, machines.use, machines.high)
        )
    return hardware.families[family].uses[machines.use].quota_name, ceil(
        hardware.draws(family, machines.use, fleets * machines.high)
    )
