"""What the judgement asks of a stack, in the words every platform shares; one module a platform answers.

A module reads the resource graph of its platform and nothing else, as policies do: resource types and properties.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from components.hardware.catalogue import Use
from operations.graph import Graph
from operations.verdict import NetworkPicture
from policies.rule import Stack


@dataclass(frozen=True)
class MachineUse:
    """One user of machines: its resource's name, and its smallest and largest number of replicas.

    `accelerator` is its name where the platform adds one to a machine type, None where the type implies it.
    """

    name: str
    machine_type: str
    use: Use
    low: int
    high: int
    accelerator: str | None = None


class Facts(Protocol):
    """What a platform's module answers."""

    def tags_at(self, type_: str) -> str | None:
        """The property of a resource type that carries its tags or labels; None where it takes none."""
        ...

    def place(self, graph: Graph) -> tuple[str, str]:
        """The account and the region of the stack's provider."""
        ...

    def uses(self, stack: Stack) -> Iterable[MachineUse]:
        """Every user of machines."""
        ...

    def budgets(self, stack: Stack) -> Iterable[float]:
        """The dollars a month of each budget."""
        ...

    def artifacts(self, stack: Stack) -> set[str]:
        """The addresses of the model artifacts that are served or scored with."""
        ...

    def exportable(self, stack: Stack) -> str:
        """What could leave the platform, in words."""
        ...

    def before_up(self, stack: Stack) -> Iterable[str]:
        """What a person has to do before `pulumi up`, beside quotas and artifacts, one sentence a step."""
        ...

    def after_up(self, stack: Stack) -> Iterable[str]:
        """What a person still has to do once `pulumi up` has ended, one sentence a step."""
        ...

    def network(self, stack: Stack) -> NetworkPicture | None:
        """The network as the report draws it."""
        ...


def of(platform: str) -> Facts:
    """The module of one platform; no other is imported."""
    return import_module(f"operations.facts.{platform}")  # pyright: ignore[reportReturnType]  # a module has no self
