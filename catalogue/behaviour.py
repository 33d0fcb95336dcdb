"""How a cloud treats one kind of resource: its name, its references, what replaces it, and how it is deleted.

This module has the facts only; the sandbox acts on them. Paths are dotted wire names of inputs.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast


@dataclass(frozen=True)
class Ref:
    """The inputs at `path` name a resource of one of `types`. On the way, `[]` enters a list or the keys of a map.

    Only a value that matches `only` is judged; `{account}` stands for the provider's account. While a reference that
    `holds` exists, its target cannot be deleted. A target that may be `outside` the sandbox need not exist.
    """

    path: str
    types: tuple[str, ...]
    holds: bool = False
    outside: bool = False
    only: str = ""


@dataclass(frozen=True)
class Sometimes:
    """An input of which some changes make a new resource and others change it in place.

    `when` says of all the inputs, before and after, whether this change does. Providers have it in code, where no
    schema says it.
    """

    path: str
    when: Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


@dataclass(frozen=True)
class Behaviour:
    """How a cloud treats one kind of resource.

    Names. `name` is the input with the name; Pulumi makes one up where the program gives none. `pattern` is the pattern
    of a whole name. A made-up name is the logical name with digits, or without them where it `copies_name`. `unique` is
    a text that no other resource may share; {inputs}, {outputs}, {account}, {region} and {id} in it stand for their
    values, and for nothing where one is not given. An id is always unique. `exists` is what the cloud answers to a
    second create, with the same words in braces; where it is empty, the cloud's common sentence is used.

    Changes. A change at one of `replaces` makes a new resource. A record lists only those that no schema has; those of
    the schema are added (`catalogue/completed.py`). Of `sometimes` some changes do. `identity` (Azure only) lists the
    inputs in the id. Where none of them changes, the new resource would have the old one's id, so the old one is
    deleted first. `second` says whether a second create of the same thing is refused or changes the existing resource.

    A change at one of `fixed` is refused while anything stands in it, though Pulumi's provider sends it as an update.

    References. `refs` are its references. `within` says whether it uses or holds its parent, the resource that its id
    lies in. `machines` says that it runs machines as soon as it stands, so that quota and capacity count. Where an
    update runs the new machines `beside` the old ones until it is done, both count. `fetches` says that a create looks
    for the images and artifacts that it serves, or that what it names serves.

    Deletion. `filled` is how the addresses of its contents begin; its inputs and outputs in braces stand for their
    values. One with contents is not deleted. `forced` is the input that allows a delete together with the contents, and
    `locked` the one under which nobody can delete it. `apps` is the input with the name of a person whose running apps
    and private spaces are in the way of a delete. Where it `nests`, a delete takes along what lies in it.

    Number. `most` is how many an account may have in a region, which nobody raises; 0 where nobody counts. To one more
    the cloud answers `too_many`, with {account} and {region}. One whose input `everywhere` is true is in each region.

    How long its name stays taken is a fact of its own (`catalogue.kind.Stays`).
    """

    replaces: frozenset[str] = frozenset()
    sometimes: tuple[Sometimes, ...] = ()
    name: str = ""
    pattern: str = ""
    unique: str = ""
    exists: str = ""
    refs: tuple[Ref, ...] = ()
    second: Literal["refused", "changes"] = "refused"
    machines: bool = False
    beside: bool = False
    fixed: frozenset[str] = frozenset()
    fetches: bool = False
    filled: str = ""
    forced: str = ""
    locked: str = ""
    apps: str = ""
    within: Literal["", "uses", "holds"] = ""
    nests: bool = False
    identity: frozenset[str] = frozenset()
    copies_name: bool = False
    most: int = 0
    too_many: str = ""
    everywhere: str = ""

    def below(self, properties: Mapping[str, Any]) -> str:
        """How the addresses begin of what one with these inputs and outputs holds; "" where it holds nothing so."""
        return self.filled.format_map(defaultdict(str, properties))


def in_group(
    name: str,
    *parents: str,
    pattern: str = "",
    **more: Any,
) -> Behaviour:
    """A resource in an Azure resource group. Its id has the group, the inputs that name its parents, and its name.

    `more` are fields of Behaviour.
    """
    identity = frozenset({name, "resourceGroupName", *parents})
    settings: dict[str, Any] = {"within": "uses", "nests": True, "copies_name": bool(parents), **more}
    return Behaviour(identity, name=name, pattern=pattern, identity=identity, **settings)


def extending(name: str, scope: str = "scope", **more: Any) -> Behaviour:
    """An extension of another Azure resource, which the input `scope` names. Its id begins with the id of that one.

    `more` are fields of Behaviour.
    """
    identity = frozenset({name, scope})
    return Behaviour(identity, name=name, identity=identity, within="uses", **more)


def values_at(tree: Any, path: str) -> Iterator[Any]:
    """The values at a path of `Ref`; none where the path ends early. Lists on the way are gone through."""
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
