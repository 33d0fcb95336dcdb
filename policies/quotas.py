"""Quotas: how much machines draw on them by the catalogue, and how much the account's owner declares."""

from math import ceil

from catalogue.hardware import catalogue
from catalogue.machines import Machines

FLEETS_IN_UPDATE = 2
"""On every platform a new version runs beside the old one at full size until traffic has moved. On SageMaker it is a
blue/green update (developer guide, "Blue/Green Deployments"). That both fleets draw on the quota there is second hand,
and the safe reading. On Vertex AI and Azure ML it is a second deployment ("Safe rollout").
"""


def family_of(platform: str, machines: Machines) -> str | None:
    """The hardware family of these machines, by type, accelerator and number of accelerators. None without one."""
    hardware = catalogue.load(platform)
    family = hardware.family_of(machines.machine_type, machines.accelerator)
    return family if hardware.fits(family, machines.accelerators) else None


def draw(platform: str, machines: Machines) -> tuple[str, int]:
    """The quota that the machines draw on, and how much of it at once.

    Online machines count twice, for both versions run during an update. Machines that the catalogue does not know draw
    on a quota that nobody declares.
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
