"""What the file of a resource says of it to the plugin: inputs, outputs, and how the cloud is changed and read.

A file of a resource has the class that programs use, its inputs and its service. Programs import it for the class, so
at its top it imports pulumi and the light modules only (`errors`, `ids`, `inputs`, `service`, `steps`, `bake`,
`clock`). What calls a cloud (`vertex`, `arm`, `rest`) is imported where the service is about to call it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from provider import Json
from provider.inputs import I, Inputs

if TYPE_CHECKING:
    from provider.clouds import Clouds


@dataclass(frozen=True)
class Created:
    """What a create gives the engine: the resource's id and its outputs."""

    id: str
    outputs: Json


class Service(ABC, Generic[I]):
    """One resource type, as the plugin serves it. Each change must be able to take up what an interrupted run began.

    The plugin makes a service for each call of the engine. `seconds` is the timeout that the program set; 0 if it set
    none. Methods raise ProviderError with a sentence for the user.
    """

    token: ClassVar[str]
    """Its type in programs, state and policies: `mlplatform:<platform>:<Noun>`."""
    inputs: ClassVar[type[Inputs]]
    outputs: ClassVar[Mapping[str, str]]
    """The outputs, each with its JSON type."""
    replaces: ClassVar[frozenset[str]]
    """The inputs whose change replaces the resource."""
    steady: ClassVar[frozenset[str]] = frozenset()
    """The outputs that no update changes."""
    healed: ClassVar[Mapping[str, float]] = {}
    """Outputs with the value that every update gives them. When a refresh finds another value, an update is due."""

    def __init__(self, clouds: "Clouds", seconds: float = 0) -> None:
        self.clouds = clouds
        self.seconds = seconds

    @staticmethod
    @abstractmethod
    def shape(inputs: Any) -> object:
        """What the outputs depend on. A preview shows the old outputs while the shape stays, otherwise unknown ones."""

    @abstractmethod
    def create(self, inputs: I) -> Created:
        """Make the resource, or adopt what an interrupted create made."""

    @abstractmethod
    def update(self, inputs: I) -> Json:
        """Change the resource to the inputs; its outputs."""

    @abstractmethod
    def read(self, id: str, state: Json) -> Json | None:
        """Inputs and outputs as the cloud has them, None when it is gone. `state` is empty when it is imported."""

    @abstractmethod
    def delete(self, id: str) -> None:
        """Delete the resource; nothing to do when it is gone."""
