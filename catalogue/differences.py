"""Where what stands may not be what was judged: inputs that the cloud changes, and those whose changes are ignored."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from catalogue.behaviour import values_at
from catalogue.graph import Graph, Resource
from catalogue.kind import Apart, Evidence, StandsApart, documented
from catalogue.kinds import kind_of
from catalogue.marked import has_unknown, unmarked, without_defaults
from catalogue.marks import is_secret, is_unknown


@dataclass(frozen=True)
class Differs:
    """Inputs of some resources of a type, of which what was judged and what stands may differ.

    `together` says how both are brought together. It is empty where no judgement rests on the values.
    """

    type: str
    paths: tuple[str, ...]
    says: str
    together: str
    evidence: Evidence


def differences(graph: Graph) -> list[Differs]:
    """Every input of which what was judged and what stands may differ, by type and reason.

    They are those whose changes the program ignores, and those which the cloud changes, as the kinds' records have
    them. An ignored input of which no record knows is told with the others.
    """
    found: dict[tuple[str, Apart], list[tuple[str, Resource]]] = {}
    for resource in graph.cloud:
        known = _known(resource.type)
        by_cloud = [one.path for one in known.values() if one.by_cloud and any(values_at(resource.inputs, one.path))]
        for path in [*resource.ignored_changes, *by_cloud]:
            reason = replace(known.get(path, _UNKNOWN), path="")  # inputs with one reason are told together
            found.setdefault((resource.type, reason), []).append((path, resource))
    return [_differs(type_, reason, where) for (type_, reason), where in found.items()]


_UNKNOWN = Apart("", "the program ignores its changes", "take it out of the program's ignoreChanges and `pulumi up`")
_IGNORES = documented("https://www.pulumi.com/docs/iac/concepts/options/ignorechanges/", "2026-11-26")


def _known(type_: str) -> Mapping[str, Apart]:
    kind = kind_of(type_)
    return {one.path: one for one in kind.apart.inputs} if kind and isinstance(kind.apart, StandsApart) else {}


def _differs(type_: str, reason: Apart, where: Sequence[tuple[str, Resource]]) -> Differs:
    kind = kind_of(type_)
    evidence = kind.apart.evidence if kind and reason != _UNKNOWN else _IGNORES
    paths = tuple(dict.fromkeys(path for path, _ in where))
    resources = list({resource.urn: resource for _, resource in where}.values())
    names = ", ".join(resource.name for resource in resources[:3])
    more = f" and {len(resources) - 3} more" if len(resources) > 3 else ""
    how = "may stand otherwise" if reason.by_cloud else "not applied to what stands"
    says = f"{' and '.join(paths)} of {names}{more}: {how}, for {reason.why}."
    return Differs(type_, paths, says, _filled(reason.together, resources), evidence)


def not_applied(planned: Graph, standing: Graph, stays: Callable[[str], bool]) -> Iterator[str]:
    """Each value that the program gives otherwise than it stands, and whose change it ignores: no update applies it.

    What is replaced is made anew, with the new value; `stays` tells by its URN whether one is not. A value on which no
    judgement rests is not told, nor one that is not known. Of a map, what the cloud added to it is not compared.
    """
    for resource in planned.cloud:
        stands = standing.by_urn.get(resource.urn)
        for path in resource.ignored_changes if stands and stays(resource.urn) else ():
            reason = _known(resource.type).get(path, _UNKNOWN)
            given, there = (_plain(one, path) for one in (resource, stands) if one)
            if reason.together and not has_unknown([given, there]) and not _same(given, there):
                after, before = (_text(said)[:80] or "another value" for said in (given, there))
                yield (
                    f"{path} of {resource.name} is not changed: {before} stands and {after} is asked for, but "
                    f"{reason.why}. Bring together with: {_filled(reason.together, [resource])}."
                )


def _plain(resource: Resource, path: str) -> Any:
    return unmarked(next(values_at(without_defaults(resource.inputs), path), None))


def _same(given: Any, there: Any) -> bool:
    """Whether what is given stands. A number is the same as its text, for an engine's state may have either."""
    if isinstance(given, Mapping) and isinstance(there, Mapping):
        said, stands = cast("Mapping[str, Any]", given), cast("Mapping[str, Any]", there)
        return all(_same(said[key], stands.get(key)) for key in said)
    return given == there or _text(cast("object", given)) == _text(cast("object", there)) != ""


def _filled(command: str, resources: Sequence[Resource]) -> str:
    """The command with the values that the program gives; in capitals what differs, or is known only later."""

    def value(found: re.Match[str]) -> str:
        said = {_text(next(values_at(resource.inputs, found[1]), None)) for resource in resources}
        word = re.sub(r"(?<=[a-z])(?=[A-Z])|\W", "_", found[1].rpartition(".")[2]).upper()
        return said.pop() if len(said) == 1 and "" not in said else word

    return re.sub(r"\{([\w.-]+)\}", value, command).replace("{{", "{").replace("}}", "}")


def _text(value: object) -> str:
    if is_secret(value):
        return ""
    if isinstance(value, Mapping):
        parts = {key: _text(one) for key, one in cast(Mapping[str, object], value).items()}
        return "" if "" in parts.values() else ",".join(f"{key}={parts[key]}" for key in sorted(parts))
    if isinstance(value, str | int | float) and not is_unknown(value):
        return str(value)
    return ""
