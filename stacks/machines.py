"""The machine that a hardware family is on a platform, as components take it."""

from catalogue.hardware import catalogue
from components.shapes import Machine


def machine(platform: str, name: str, region: str = "") -> Machine:
    """The machine of a family that the platform has, or of a machine type of its own.

    With `region`, it is the family's successor where the region sells that and not the family's own.
    """
    has = catalogue.load(platform).machine_in(name, region)
    added = has.accelerator
    return Machine(
        type=str(has.machine_type),
        accelerator=added.name if added and added.sent else None,
        accelerators=added.count if added and added.sent else None,
        local_nvme=has.local_nvme,
    )
