"""Runs the program as the engine does in a preview over what stands: what stands answers, what is new is not known."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, cast

from catalogue.answers import Answer
from catalogue.behaviour import Behaviour
from catalogue.graph import Graph, Resource
from catalogue.marked import Json, has_unknown, redacted, unmarked, without_defaults
from catalogue.marks import UNKNOWN, is_special
from operations.offline import Recorder
from provider.resources import services
from provider.service import Service
from sandbox import cloud
from sandbox.clouds import CLOUDS
from sandbox.clouds.manners import Native, ProviderManners
from sandbox.difference import checked, difference


@dataclass(frozen=True)
class Changed:
    """What differs in one resource that stands. `replaced` are the paths that force a replacement.

    `before` and `after` are its inputs, after the provider filled in what it fills in.
    """

    changed: tuple[str, ...]
    replaced: tuple[str, ...]
    before: Json
    after: Json

    def to_json(self) -> Json:
        """As the child process tells it."""
        return asdict(self)


class StandingRecorder(Recorder):
    """A recorder that knows what stands, and notes what differs from it.

    A resource that stands and is not replaced answers with what it is. The answer of one that is new or replaced is not
    known, so that whatever is made of it differs, as in a preview of the engine's.
    """

    def __init__(self, platform: str, standing: Graph) -> None:
        super().__init__(platform)
        self._standing = standing.by_urn
        self.changed: dict[str, Changed] = {}
        self._go_first = set[str]()

    def _create(self, request: Any, urn: str, inputs: Json) -> Answer:
        if request.type.startswith(cloud.PROVIDERS):
            return super()._create(request, urn, inputs)
        stands = self._standing.get(urn)
        inputs = _restored(inputs, stands.inputs, request.ignoreChanges) if stands else inputs
        if stands is not None and not (found := self._differs(request, urn, stands, inputs)).replaced:
            own = _services().get(request.type) if found.changed else None
            return Answer(stands.outputs["id"], dict(_answers(stands, inputs, own)))
        return Answer("", self._unknown(request, urn, inputs))

    def _unknown(self, request: Any, urn: str, inputs: Json) -> Json:
        """The outputs of what is not there yet. None is known but those that say what the program gives."""
        try:
            outputs = super()._create(request, urn, inputs).outputs
        except (AttributeError, KeyError, TypeError, ValueError):
            if not has_unknown(inputs):
                raise
            return {}  # they are made of what is not known itself; Pulumi takes what is not answered as not known
        return {key: UNKNOWN for key, value in outputs.items() if inputs.get(key) != value}

    def _differs(self, request: Any, urn: str, stands: Resource, inputs: Json) -> Changed:
        behaviour, provider = _behaviour(request.type), _provider(request.type)
        before = _sent(stands.inputs)
        after = checked(behaviour, provider, before, _sent(inputs))
        found = difference(behaviour, provider, before, after)
        # What goes before its replacement stands takes along whatever could not have been made without it: the engine
        # asks what a diff would say if nothing that comes from it were known (deploy.calculateDependentReplacements).
        lost = {key for key, of in request.propertyDependencies.items() if self._go_first & {*of.urns}} & {*after}
        without = {**after, **dict.fromkeys(lost, UNKNOWN)}
        taken = difference(behaviour, provider, before, without) if lost else found
        if along := bool(lost) and bool(taken.replaced):
            after, found = without, taken
        forced = [path for path in request.replaceOnChanges if path.partition(".")[0] in found.changed]
        changed = Changed(
            found.changed, (*found.replaced, *forced), redacted(without_defaults(before)), without_defaults(after)
        )
        if found.changed:
            self.changed[urn] = changed
        if changed.replaced and (along or found.delete_first or request.deleteBeforeReplace):
            self._go_first.add(urn)
        return changed


_services = cache(services)


def _restored(inputs: Json, before: Mapping[str, Any], ignored: Sequence[str]) -> Json:
    """The inputs with what stands at each path whose changes the program ignores, as the engine sends them.

    The engine's `processIgnoreChanges`: https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/step_generator.go
    """
    restored = copy.deepcopy(inputs)
    for path in ignored:
        *above, last = path.split(".")
        old, new = before, restored
        for key in above:
            old, new = (_below(tree, key) for tree in (old, new))
        if last in old:
            new[last] = old[last]
        else:
            new.pop(last, None)
    return restored


def _below(tree: Mapping[str, Any], key: str) -> Json:
    """The object under a key; an empty one where there is none."""
    below = tree.get(key)
    return cast(Json, below) if isinstance(below, dict) else {}


def _answers(stands: Resource, inputs: Json, own: type[Service[Any]] | None) -> Iterator[tuple[str, Any]]:
    """The outputs of what stands once it has these inputs. One that the cloud makes of a changed input is not known.

    `own` is the service of our own provider's that updates it: where that makes a new version, it has its own names.
    """
    anew = own is not None and (has_unknown(inputs) or not own.keeps(unmarked(stands.inputs), unmarked(inputs)))
    for key, said in stands.outputs.items():
        if key == "id":
            continue
        if anew and key not in inputs:
            yield key, said if own and key in own.steady else UNKNOWN
        elif key not in inputs or stands.inputs.get(key) == inputs[key]:
            yield key, said
        elif stands.inputs.get(key) != said:
            yield key, UNKNOWN


def _behaviour(type_: str) -> Behaviour:
    return cloud.acts_of(type_).behaviour


def _provider(type_: str) -> ProviderManners:
    """How the provider of a type fills in its inputs. Our own notes nothing, as a native one."""
    package = type_.partition(":")[0]
    return CLOUDS[package].provider if package in CLOUDS else Native()


def _sent(value: Any) -> Any:
    """A copy without what is null, which the engine does not send."""
    if is_special(value):
        return value
    if isinstance(value, Mapping):
        return {key: _sent(each) for key, each in cast(Json, value).items() if each is not None}
    return [_sent(each) for each in cast(list[Any], value)] if isinstance(value, list) else value
