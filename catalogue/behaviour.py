"""How a cloud treats one kind of resource: its name, what it refers to, what replaces it, what its deletion meets.

Facts alone: the sandbox acts on them. Paths are dotted wire names of inputs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast


@dataclass(frozen=True)
class Ref:
    """The inputs at `path` name a resource of one of `types`. On the way, `[]` enters a list or the keys of a map.

    Only a value that matches `only` is judged; `{account}` stands for the provider's. A resource that a reference
    `holds` cannot be deleted. One that may be `outside` of what the sandbox made need not exist.
    """

    path: str
    types: tuple[str, ...]
    holds: bool = False
    outside: bool = False
    only: str = ""


@dataclass(frozen=True)
class Behaviour:
    """How a cloud treats one kind of resource.

    Its name: `name` is the input that holds it and that Pulumi fills where the program leaves it out; `pattern` is what
    a whole name looks like. A name made up is the logical name with digits, or without them where it `copies_name`.
    `unique` is what no other resource may have: a text in which {inputs}, {outputs}, {account}, {region} and {id} stand
    for their values; its id is unique anyhow.

    Its changes: a change at one of `replaces` makes a new resource. A record says only those that no schema has: the
    schema's are put beside them (`catalogue/completed.py`). `identity` (Azure alone) are the inputs that its id
    is made of: where none of them changes, the new one would have the old one's id, so the old one goes first. A
    `second` create of the same thing is refused, or it changes what stands.

    Its place: `refs` are its references. `within` links it to the resource that its id lies in: it uses that one, or
    holds it. `machines` says that it runs some, so that quota and capacity count.

    Its end: `held` says why its name stays taken after a delete; empty where it does not. `forced` is the input that
    lets it be deleted with what it contains. Where it `nests`, its deletion takes what lies in it along.
    """

    replaces: frozenset[str] = frozenset()
    name: str = ""
    pattern: str = ""
    unique: str = ""
    refs: tuple[Ref, ...] = ()
    second: Literal["refused", "changes"] = "refused"
    held: str = ""
    machines: bool = False
    forced: str = ""
    within: Literal["", "uses", "holds"] = ""
    nests: bool = False
    identity: frozenset[str] = frozenset()
    copies_name: bool = False


def in_group(
    name: str,
    *parents: str,
    pattern: str = "",
    also: tuple[str, ...] = (),
    **more: Any,
) -> Behaviour:
    """Something in an Azure resource group. Its id is made of the group, the inputs that name its parents, its name.

    `also` are further inputs that replace it, `more` are fields of Behaviour.
    """
    identity = frozenset({name, "resourceGroupName", *parents})
    settings: dict[str, Any] = {"within": "uses", "nests": True, "copies_name": bool(parents), **more}
    return Behaviour(identity | {*also}, name=name, pattern=pattern, identity=identity, **settings)


def extending(name: str, *also: str, scope: str = "scope", **more: Any) -> Behaviour:
    """Something on another Azure resource, whose id its own begins with: the one that the input `scope` names.

    `also` are further inputs that replace it, `more` are fields of Behaviour.
    """
    return Behaviour(
        frozenset({name, scope, *also}), name=name, identity=frozenset({name, scope}), within="uses", **more
    )


def values_at(tree: Any, path: str) -> Iterator[Any]:
    """What stands at a path of `Ref`; nothing where the path ends early. Lists met on the way are gone through."""
    head, _, rest = path.partition(".")
    key = head.removesuffix("[]")
    if not isinstance(tree, Mapping) or key not in tree:
        return
    found: Any = cast(Mapping[str, Any], tree)[key]
    each: Sequence[Any] = list(cast(Sequence[Any], found)) if _is_many(found, head, rest) else [found]
    for one in each:
        if rest:
            yield from values_at(one, rest)
        else:
            yield one


def _is_many(found: Any, head: str, rest: str) -> bool:
    return (head.endswith("[]") and isinstance(found, list | Mapping)) or (bool(rest) and isinstance(found, list))
