"""Quotas: which one machines draw on by the catalogue, and how much of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from math import ceil

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.kind import Draws
from catalogue.kinds import kind_of, kinds
from catalogue.machines import Machines, standing_at_once
from catalogue.properties import Unreadable

FLEETS_IN_UPDATE = 2
"""On every platform a new version runs beside the old one at full size until traffic has moved. On SageMaker it is a
blue/green update (developer guide, "Blue/Green Deployments"). That both fleets draw on the quota there is second hand,
and the safe reading. On Vertex AI and Azure ML it is a second deployment ("Safe rollout").
"""

LOW_PRIORITY = "Total Cluster LowPriority Regional vCPUs"
"""The quota of machines of low priority on Azure ML: one a region, whatever the family, apart from the dedicated ones.
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-manage-quotas says that there is one; its name is as
people quote it from `az ml compute list-usage`.
"""


def family_of(platform: str, machines: Machines) -> str | None:
    """The hardware family of these machines, by type, accelerator and number of accelerators.

    The machine type where it is of no family. None where the catalogue does not know the machines.
    """
    hardware = catalogue.load(platform)
    family = hardware.family_of(machines.machine_type, machines.accelerator)
    return family if hardware.fits(family, machines.accelerators) else None


def draw(platform: str, machines: Machines) -> tuple[str, int]:
    """The quota that the machines draw on, and how much of it at once while the stack is updated.

    Online machines count twice, for both versions run during an update. Machines whose quota the catalogue cannot name
    draw on one that is named after them, in the unit that the platform counts them in. So do machines that it does not
    know, by number.
    """
    serves = machines.use in ("online", "async")
    fleets = FLEETS_IN_UPDATE if serves else 1
    if platform == "azure" and serves:  # each deployment reserves for its own upgrades
        name, one = drawn(platform, machines, machines.high)
        return name, fleets * one
    return drawn(platform, machines, fleets * machines.high)


def drawn(platform: str, machines: Machines, replicas: int) -> tuple[str, int]:
    """The quota that the machines draw on, and how much of it this many replicas of one fleet draw."""
    hardware = catalogue.load(platform)
    family = family_of(platform, machines)
    quota = hardware.machine(family).uses.get(machines.use) if family else None
    unnamed = f"{machines.machine_type} for {machines.use}"
    if family is None or quota is None:
        return unnamed, replicas
    name = quota.quota_name or unnamed
    name = name.replace(*_PROCESSING) if machines.processing else name
    return _of_spot(platform, name) if machines.spot else name, ceil(hardware.draws(family, machines.use, replicas))


_PROCESSING = ("for training job usage", "for processing job usage")
"""What the quota of training jobs is called, and that of processing jobs on the same machine type:
https://docs.aws.amazon.com/general/latest/gr/sagemaker.html
"""


def _of_spot(platform: str, name: str) -> str:
    """The quota of Spot machines that goes with one of machines on demand."""
    return LOW_PRIORITY if platform == "azure" else catalogue.load(platform).spot_quota(name)


def beside(platform: str, machines: Machines) -> list[tuple[str, int]]:
    """The other quotas that the machines draw on, and how much of each at once while the stack is updated."""
    fleets = FLEETS_IN_UPDATE if machines.use in ("online", "async") else 1
    return _beside(platform, machines, fleets * machines.high, draw(platform, machines))


def drawn_beside(platform: str, machines: Machines, replicas: int) -> list[tuple[str, int]]:
    """The other quotas that the machines draw on, and how much of each this many replicas of one fleet draw."""
    return _beside(platform, machines, replicas, drawn(platform, machines, replicas))


def _beside(platform: str, machines: Machines, replicas: int, own: tuple[str, int]) -> list[tuple[str, int]]:
    """What these replicas draw beside `own`, the quota of their type and how much of it.

    Machines of all types together draw as much on one quota as on that of their own, where the platform has one: on
    SageMaker a quota of endpoints, or of their sort of job, and on Azure ML one of dedicated machines. Of a type that
    the catalogue does not know, the number is known and the vCPUs are not; a finding says so of them.

    On Vertex AI a machine with GPUs draws on a quota of vCPUs as well. An n1 with a T4 is refused for both at once, by
    the API's own answers that people quote; what serves on others is taken to be no different, which is the safe
    reading. Of what trains the catalogue has the quota of the series, or that of Spot machines. A machine that trains
    draws on one for its disk, too, whatever it is.
    """
    hardware = catalogue.load(platform)
    family = family_of(platform, machines)
    if total := hardware.total_quotas.get("processing" if machines.processing else machines.use):
        name = _of_spot(platform, total) if machines.spot else total
        counted = family is not None or hardware.total_quotas_unit == "instances"
        return [(name, own[1])] if counted and name != own[0] and not machines.serverless else []
    machine = hardware.machine(family) if family else None
    quota = machine.uses.get(machines.use) if machine else None
    disk = hardware.training_disk if machines.use == "training" else None
    disks = [(disk.quota_name, replicas * disk.gb)] if disk is not None else []
    if platform != "gcp" or machine is None or quota is None or quota.unit != "accelerators":
        return disks
    has, name = machine.accelerator, hardware.vcpu_quota(machines.use, str(machine.machine_type), machines.spot)
    return [*([(name, replicas * machine.vcpus)] if name and has and has.sent and machine.vcpus else []), *disks]


def at_once(platform: str, used: Iterable[Machines]) -> Counter[str]:
    """How much of each quota the machines of one resource or run need at once while the stack is updated: of steps of
    which one waits for the other, only one draws on it at a time.
    """
    needs: dict[str, list[tuple[Machines, int]]] = {}
    for machines in used:
        for name, count in (draw(platform, machines), *beside(platform, machines)):
            needs.setdefault(name, []).append((machines, count))
    return Counter({name: standing_at_once(each) for name, each in needs.items()})


def of_resource(resource: Resource) -> Mapping[str, int]:
    """The quotas that a resource draws on beside those of its machines, and how much of each: those of disks."""
    kind = kind_of(resource.type)
    return kind.draws.of(resource) if kind is not None and isinstance(kind.draws, Draws) else {}


def of_graph(graph: Graph) -> Mapping[str, int]:
    """How much of these quotas all resources need together. What cannot be read is a finding of quota-declared."""
    needed: Counter[str] = Counter()
    for resource in graph.cloud:
        with suppress(Unreadable):
            needed.update(of_resource(resource))
    return needed


def known(platform: str) -> frozenset[str]:
    """The names of the quotas that the catalogue knows, as `draw` and `of_resource` give them."""
    hardware = catalogue.load(platform)
    machines = {**hardware.families, **hardware.machine_types}
    names = {
        quota.quota_name or f"{machine.machine_type} for {use}"
        for machine in machines.values()
        for use, quota in machine.uses.items()
    }
    own = {name for kind in kinds(platform).values() if isinstance(kind.draws, Draws) for name in kind.draws.names}
    names |= {*hardware.total_quotas.values(), *hardware.training_vcpu_quotas.values()}
    apart = {_of_spot(platform, name) for name in names} | {name.replace(*_PROCESSING) for name in names}
    disks = {hardware.training_disk.quota_name} if hardware.training_disk is not None else set[str]()
    return frozenset(names | apart | own | disks)
