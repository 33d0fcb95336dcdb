"""The machine that a hardware family is on a platform, as components take it."""

from catalogue.hardware import catalogue
from components.shapes import Machine


def machine(platform: str, family: str) -> Machine:
    """The machine of a family that the platform has."""
    has = catalogue.load(platform).families[family]
    added = has.accelerator
    return Machine(
        type=str(has.machine_type),
        accelerator=added.name if added else None,
        accelerators=added.count if added else None,
        local_nvme=has.local_nvme,
    )
