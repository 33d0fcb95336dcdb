"""The service of a resource. It tells the plugin the inputs and outputs, and how to change and read the cloud.

The file of a resource has the class for programs, its inputs and its service. Programs import the file for the class.
So at its top it imports only pulumi and the light modules (`errors`, `ids`, `inputs`, `service`, `steps`, `bake`,
`clock`). It imports `vertex`, `arm` and `rest`, which call a cloud, in the functions that need them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from provider import Json
from provider.inputs import I, Inputs, names, parsed

if TYPE_CHECKING:
    from provider.clouds import Clouds


@dataclass(frozen=True)
class Created:
    """The result of a create: the resource's id and its outputs."""

    id: str
    outputs: Json


class Service(ABC, Generic[I]):
    """One resource type, as the plugin serves it. Each change must be able to take up what an interrupted run began.

    The plugin makes a service for each call of the engine. `seconds` is the timeout that the program set, or 0 if it
    set none. `stood` has the inputs and outputs that the state has before an update, and is empty otherwise. Methods
    raise ProviderError with a sentence for the user.
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
    healed: ClassVar[Mapping[str, float | str]] = {}
    """Outputs that every update sets to the same value. When a refresh finds another value, an update is due."""

    def __init__(self, clouds: "Clouds", seconds: float = 0) -> None:
        self.clouds = clouds
        self.seconds = seconds
        self.stood: Json = {}

    @staticmethod
    @abstractmethod
    def shape(inputs: Any) -> object:
        """What the outputs depend on.

        While it stays the same, a preview shows the old outputs; otherwise unknown ones.
        """

    @classmethod
    def keeps(cls, olds: Json, news: Json) -> bool:
        """Whether an update leaves the outputs as they are: the shape of the inputs stays. All of them are known.

        The state may be older than a rule that has become stricter. Then nothing is known to stay.
        """
        own = names(cls.inputs)
        try:
            before, after = (
                parsed(cls.inputs, {name: said[name] for name in own if name in said}) for said in (olds, news)
            )
        except ValueError:
            return False
        return cls.shape(before) == cls.shape(after)

    @abstractmethod
    def create(self, inputs: I) -> Created:
        """Make the resource, or adopt what an interrupted create made."""

    @abstractmethod
    def update(self, inputs: I) -> Json:
        """Change the resource to the inputs. Returns its outputs."""

    @abstractmethod
    def read(self, id: str, state: Json) -> Json | None:
        """The inputs and outputs as they are in the cloud. None when it is gone. `state` is empty in an import."""

    @abstractmethod
    def delete(self, id: str) -> None:
        """Delete the resource. Does nothing when it is gone."""
