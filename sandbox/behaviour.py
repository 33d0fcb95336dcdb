"""How a simulated cloud behaves: one core that the provider plugins are thin shells over.

The tables `BEHAVIOURS` of sandbox/{aws,gcp,azure}.py say for each resource type which names it takes, what it may refer
to, what forces a replacement and what must be gone before it is deleted. A type that has no entry is refused.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, cast

from pulumi.runtime.rpc import UNKNOWN

from catalogue.marks import SECRET_KIND, SECRET_MARK
from sandbox import cloud, inputs
from sandbox.cloud import UnknownType
from sandbox.state import (
    Fault,
    Held,
    Json,
    Link,
    Missing,
    New,
    Record,
    State,
    Taken,
    redacted,
)

DEFAULTS = "__defaults"
"""Where a bridged provider notes which inputs it filled in itself; in each object, as the real one does."""
EVERYTHING = frozenset({"*"})
"""For `replaces`: any change but one of tags or labels."""

Changer = Callable[[State, Record, Json], Json]
"""What a cloud itself makes of an update: of the inputs wanted, those that end up otherwise. Raises Refused."""

Package = Literal["aws", "gcp", "azure-native"]
_MODULES: Mapping[str, str] = {"aws": "aws", "gcp": "gcp", "azure-native": "azure"}
_LABELS = frozenset({"tags", "tagsAll", "labels"})
_HANDLES = ("arn", "name", "selfLink", "keyId", "email", "member")


class Refused(Exception):
    """The cloud says no: `str()` is its sentence."""


@dataclass(frozen=True)
class Ref:
    """The inputs at `path` (dots, and `[]` for each element of a list or key of a map) name a resource of `types`.

    Only a value that matches `only` is judged; `{account}` stands for the provider's. Which resource a reference
    `holds` cannot be deleted. One that may be `outside` of what the sandbox made need not exist.
    """

    path: str
    types: tuple[str, ...]
    holds: bool = False
    outside: bool = False
    only: str = ""


@dataclass(frozen=True)
class Behaviour:
    """One resource type. `replaces` are paths of inputs whose change makes a new resource.

    `name` is the input that holds the name and that auto-naming fills, `pattern` what a whole name looks like, `unique`
    what nobody else may have beside the id. `second` is what a second create of the same thing does: it is refused, or
    it changes what there is. `held` says why a name stays taken after a delete. `machines` runs some, so that quota and
    capacity count; `forced` is the input that lets a full bucket be deleted. `within` links it to the resource its id
    lies in, `nests` that its deletion takes what lies in it along. `identity` (azure only) are inputs that its id is
    made of: while they stay, a replacement deletes first. `copies_name` makes up the logical name without digits.
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


@dataclass(frozen=True)
class Change:
    """What a diff finds: names of changed inputs, paths that force a replacement, whether the old one goes first."""

    changed: tuple[str, ...]
    replaced: tuple[str, ...]
    delete_first: bool


@dataclass
class Cloud:
    """One package's simulated cloud for one account and region. `run` is the id of the plugin's process.

    Inputs and outputs are in wire form, secrets with Pulumi's mark.
    """

    package: Package
    state: State
    run: str
    account: str = ""
    region: str = ""

    def __post_init__(self) -> None:
        simulated = import_module(f"sandbox.{_MODULES[self.package]}")
        self._makers: Mapping[str, cloud.Maker] = simulated.MAKERS
        self._lookups: Mapping[str, cloud.Lookup] = simulated.LOOKUPS
        self._behaviours: Mapping[str, Behaviour] = simulated.BEHAVIOURS
        self._changers: Mapping[str, Changer] = simulated.CHANGERS
        self._bridged = self.package != "azure-native"

    def of(self, type_: str) -> Behaviour:
        """The type's behaviour. Raises UnknownType."""
        behaviour = self._behaviours.get(type_)
        if behaviour is None:
            raise UnknownType(
                f"the sandbox does not know the type {type_}; add it to sandbox/{_MODULES[self.package]}.py"
            )
        return behaviour

    def check(
        self, type_: str, urn: str, name: str, news: Json, olds: Json, seed: bytes
    ) -> tuple[Json, list[tuple[str, str]]]:
        """The inputs with the name made up if there is none, and what is wrong with them: property and sentence."""
        behaviour = self.of(type_)
        before = without_defaults(olds)
        if olds:
            self._note_known(urn, before)
        news = without_defaults(news)
        faults = inputs.judge(type_, news)
        made_up: list[str] = []
        key = behaviour.name
        if key and news.get(key) is None:
            was_made_up = key in olds.get(DEFAULTS, ()) or not self._bridged
            news[key] = (before.get(key) if was_made_up else None) or self._new_name(behaviour, urn, name, seed)
            made_up = [key]
        chosen = unmarked(news.get(key)) if behaviour.pattern else None
        if isinstance(chosen, str) and chosen != UNKNOWN and not re.fullmatch(behaviour.pattern, chosen):
            faults.append((key, f"is {chosen!r}: it must match {behaviour.pattern}"))
        return (with_defaults(news, made_up) if self._bridged else news), faults

    def diff(self, type_: str, olds: Json, news: Json, ignored: Sequence[str]) -> Change:
        """How new inputs differ from old ones."""
        behaviour = self.of(type_)
        made_up = news.get(DEFAULTS, ())
        old, new = without_defaults(olds), without_defaults(news)
        keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key) and key not in ignored)
        if behaviour.replaces == EVERYTHING:
            replaced = [key for key in keys if key not in _LABELS]
        else:
            replaced = [
                path
                for path in sorted(behaviour.replaces | ({behaviour.name} - {""}))
                if path.partition(".")[0] in keys and list(values(old, path)) != list(values(new, path))
            ]
        same_name = bool(behaviour.name) and old.get(behaviour.name) == new.get(behaviour.name)
        if self._bridged:
            delete_first = bool(replaced) and same_name and behaviour.name not in made_up
        else:
            delete_first = bool(replaced) and not behaviour.identity & set(replaced)
        return Change(tuple(keys), tuple(replaced), delete_first)

    def foresee(self, type_: str, urn: str, name: str, given: Json) -> Json:
        """The outputs of a create or update in a preview: what is not given and not the same as given is unknown."""
        given = without_defaults(given)  # in a map of text the SDK cannot read the notes
        plain = unmarked(given)
        try:
            made = self._make(type_, urn, name, plain, self.state.generation_of(urn) + 1).outputs
        except (AttributeError, KeyError, TypeError, ValueError):
            if not has_unknown(plain):
                raise
            made = dict[str, Any]()  # an object that is not known yet: so are the outputs made of it
        return {**given, **{key: UNKNOWN for key, value in made.items() if key not in plain or plain[key] != value}}

    def create(self, type_: str, urn: str, name: str, given: Json) -> tuple[str, Json]:
        """Make a resource; its id and outputs. Raises Refused."""
        behaviour = self.of(type_)
        marked = without_defaults(given)
        cut = self.state.cut(urn, self.run)
        if cut is not None and cut.type == type_ and cut.inputs == redacted(marked):
            return cut.id, refilled(self.state.adopt(cut.key, self.run).outputs, given)
        plain = unmarked(marked)
        serial = self.state.generation_of(urn) + 1
        made = self._make(type_, urn, name, plain, serial)
        outputs = _outputs(marked, plain, made.outputs)
        new = New(
            type=type_,
            id=made.id,
            platform=_MODULES[self.package],
            account=self.account,
            region=self.region,
            name=name,
            inputs=marked,
            outputs=outputs,
            urn=urn,
            serial=serial,
            run=self.run,
            names=self._names(behaviour, type_, made, plain),
            handles=[str(outputs[key]) for key in _HANDLES if isinstance(outputs.get(key), str)],
            links=self._links(behaviour, made.id, plain),
        )
        try:
            self.state.create(new)
        except Taken as taken:
            if behaviour.second == "changes" and taken.key is not None:
                record = self.state.update(taken.key, marked, outputs, new.links, self.run)
                return record.id, {**given, **outputs}
            raise Refused(self.sentence("exists", type_, name, str(taken))) from None
        except Missing as missing:
            raise Refused(self.sentence("missing", type_, name, str(missing))) from None
        return made.id, {**given, **outputs}

    def read(self, type_: str, id_: str) -> Record | None:
        """The resource, if it is there."""
        record = self._find(type_, id_)
        if record is not None and not record.known:
            self.state.know(record.key)
        self.state.log("read", type_, record.name if record else "", id_, self.run, "" if record else "not found")
        return record

    def update(self, type_: str, id_: str, given: Json) -> Json:
        """Change a resource; its outputs. Raises Refused."""
        behaviour = self.of(type_)
        record = self._find(type_, id_)
        if record is None:
            raise Refused(self.sentence("missing", type_, id_, f"{id_} does not exist"))
        marked = without_defaults(given)
        changer = self._changers.get(type_)
        if changer is not None:
            marked = {**marked, **changer(self.state, record, unmarked(marked))}
        plain = unmarked(marked)
        made = self._make(type_, record.urn, record.name, plain, record.serial)
        outputs = _outputs(marked, plain, made.outputs)
        try:
            self.state.update(record.key, marked, outputs, self._links(behaviour, id_, plain), self.run)
        except Missing as missing:
            raise Refused(self.sentence("missing", type_, record.name, str(missing))) from None
        return {**given, **outputs}

    def delete(self, type_: str, id_: str) -> None:
        """Delete a resource; one that is gone is fine. Raises Refused."""
        behaviour = self.of(type_)
        record = self._find(type_, id_)
        if record is None:
            self.state.log("delete", type_, "", id_, self.run, "not found")
            return
        try:
            emptied = bool(behaviour.forced and record.inputs.get(behaviour.forced))
            self.state.delete(record.key, behaviour.held, self.run, behaviour.nests, emptied)
        except Held as held:
            raise Refused(self.sentence("held", type_, record.name, str(held))) from None

    def look_up(self, token: str, args: Json) -> Json:
        """The answer to a data look-up. Raises UnknownType."""
        answer = cloud.look_up(self._lookups, token, args, self.account, self.region)
        self.state.log("invoke", token, "", "", self.run)
        return dict(answer)

    def words(self, type_: str, given: Json) -> set[str]:
        """The texts in the inputs and in those of what they name directly; where no machine runs, none."""
        behaviour = self.of(type_)
        if not behaviour.machines:
            return set()
        plain = unmarked(without_defaults(given))
        said = set(_texts(plain)) | {self.region}
        for link in self._links(behaviour, "", plain):
            for record in self.state.named(link.handle):
                said |= set(_texts(record.inputs))
        return said

    def sentence(self, what: str, type_: str, name: str, said: str) -> str:
        """What this cloud says of a thing refused."""
        kind = type_.rpartition(":")[2]
        return _SENTENCES[self.package][what].format(
            name=name, kind=kind, said=said, account=self.account, region=self.region, type=type_
        )

    def strike(self, fault: Fault, type_: str, name: str) -> str:
        """What this cloud says when the fault strikes."""
        return self.sentence(fault.kind, type_, name, fault.argument or name)

    def _make(self, type_: str, urn: str, name: str, plain: Json, serial: int) -> cloud.Made:
        # The first one for a URN answers as the offline preview does; each further one has ids of its own.
        own = urn if serial == 1 else f"{urn}#{serial}"
        return cloud.create(self._makers, cloud.Request(type_, own, name, plain, self.account, self.region))

    def _find(self, type_: str, id_: str) -> Record | None:
        return self.state.get(type_, id_, self.account, self.region) or self.state.get(type_, id_, self.account)

    def _note_known(self, urn: str, olds: Json) -> None:
        """The engine has shown the inputs of a resource: it knows of it, whatever became of the run that made it."""
        for record in self.state.find(urn=urn):
            if not record.known and record.inputs == redacted(olds):
                self.state.know(record.key)

    def _new_name(self, behaviour: Behaviour, urn: str, name: str, seed: bytes) -> str:
        cut = self.state.cut(urn, self.run)
        if cut is not None and isinstance(cut.inputs.get(behaviour.name), str):
            return str(cut.inputs[behaviour.name])
        if behaviour.copies_name:
            return name
        digits = seed.hex() or hashlib.sha256(urn.encode()).hexdigest()
        return f"{name}-{digits[:7]}" if self._bridged else f"{name}{digits[:8]}"

    def _names(self, behaviour: Behaviour, type_: str, made: cloud.Made, plain: Json) -> list[str]:
        words = {"account": self.account, "region": self.region, "id": made.id}
        given = {key: value for key, value in {**plain, **made.outputs}.items() if isinstance(value, str)}
        names = [f"{type_} {behaviour.unique.format(**{**given, **words})}"] if behaviour.unique else []
        return names or ([f"{type_} {self.account} {made.id}"] if behaviour.held else [])

    def _links(self, behaviour: Behaviour, id_: str, plain: Json) -> list[Link]:
        links: list[Link] = []
        for ref in behaviour.refs:
            for value in values(plain, ref.path):
                if not isinstance(value, str) or not value or value == UNKNOWN or self._is_foreign(value):
                    continue
                if ref.only and not re.fullmatch(ref.only.format(account=re.escape(self.account)), value):
                    continue
                links.append(Link(ref.path, value, ref.types, ref.holds, ref.outside))
        parent = _parent(id_) if behaviour.within else ""
        if parent:
            links.append(Link("its parent", parent, tuple(self._behaviours), behaviour.within == "holds"))
        return links

    def _is_foreign(self, value: str) -> bool:
        """Whether it names something in another account, of which the sandbox knows nothing."""
        if value.startswith("arn:"):
            account = value.split(":")[4] if value.count(":") >= 5 else ""
            return account not in ("", self.account)
        if value.startswith("/subscriptions/"):
            return value.split("/")[2] != self.account
        where = re.match(r"(?:https://[^/]+/compute/v1/)?projects/([^/]+)/", value)
        return bool(where) and where.group(1) != self.account


_SENTENCES: Mapping[str, Mapping[str, str]] = {
    "aws": {
        "exists": "creating {kind} ({name}): AlreadyExists: {said}",
        "missing": "{kind} ({name}): ValidationException: {said}",
        "held": "deleting {kind} ({name}): ResourceInUse: {said}",
        "quota-exceeded": "creating {kind} ({name}): ResourceLimitExceeded: the account-level service limit"
        " '{said} for endpoint usage' is 0 Instances, with current utilization of 0 Instances and a request delta of 1"
        " Instances. Use AWS Service Quotas to request an increase for this quota.",
        "no-capacity": "creating {kind} ({name}): InsufficientInstanceCapacity: unable to provision requested ML"
        " compute capacity of {said}; retry later, or with another instance type.",
        "throttle": "{kind} ({name}): ThrottlingException: Rate exceeded",
        "access-denied": "{kind} ({name}): AccessDeniedException: User:"
        " arn:aws:sts::{account}:assumed-role/{said}/session is not authorized to perform this operation",
        "fails-after-success": "creating {kind} ({name}): waiting for completion: timeout while waiting for state to"
        " become 'InService'",
        "name-held": "creating {kind} ({name}): OperationAborted: {said} is being deleted; try again later",
    },
    "gcp": {
        "exists": "Error creating {kind}: googleapi: Error 409: {said}, alreadyExists",
        "missing": "Error in {kind} {name}: googleapi: Error 404: {said}, notFound",
        "held": "Error when reading or editing {kind}: googleapi: Error 400: {said}, resourceInUseByAnotherResource",
        "quota-exceeded": "Error creating {kind} {name}: googleapi: Error 429: the following quota metrics exceed quota"
        " limits: {said}, RESOURCE_EXHAUSTED",
        "no-capacity": "Error creating {kind} {name}: ZONE_RESOURCE_POOL_EXHAUSTED: no resources available for {said};"
        " try a different zone, or try again later.",
        "throttle": "{kind} {name}: googleapi: Error 429: Quota exceeded for quota metric 'Requests' per minute,"
        " rateLimitExceeded",
        "access-denied": "{kind} {name}: googleapi: Error 403: Permission denied for {said} on resource of project"
        " {account}, forbidden",
        "fails-after-success": "Error waiting to create {kind} {name}: timeout while waiting for state to become 'done:"
        " true'",
        "name-held": "Error creating {kind}: googleapi: Error 409: {said} is in state DELETE_REQUESTED, alreadyExists",
    },
    "azure-native": {
        "exists": "cannot create already existing resource '{name}' ({kind}): {said}",
        "missing": '{kind} {name}: Status=404 Code="ResourceNotFound" Message="{said}"',
        "held": '{kind} {name}: Status=409 Code="Conflict" Message="{said}"',
        "quota-exceeded": '{kind} {name}: Code="OutOfQuota" Message="Not enough quota available for {said} in'
        ' subscription {account}. Request an increase in the Azure portal."',
        "no-capacity": '{kind} {name}: Code="OutOfCapacity" Message="The specified VM size {said} cannot be provisioned'
        ' due to a lack of Azure Machine Learning capacity in {region}."',
        "throttle": '{kind} {name}: Status=429 Code="TooManyRequests" Message="The request is being throttled."',
        "access-denied": '{kind} {name}: Status=403 Code="AuthorizationFailed" Message="The client {said} does not have'
        ' authorization to perform this action over the scope."',
        "fails-after-success": '{kind} {name}: Code="OperationTimedOut" Message="The operation did not end in time."',
        "name-held": '{kind} {name}: Status=409 Code="Conflict" Message="The name {said} belongs to a resource that was'
        ' deleted softly; recover or purge it first."',
    },
}


def values(tree: Any, path: str) -> Iterator[Any]:
    """What is at the path of `Ref`; nothing where the path ends early. Lists met on the way are gone through."""
    head, _, rest = path.partition(".")
    key = head.removesuffix("[]")
    if not isinstance(tree, Mapping) or key not in tree:
        return
    found: Any = cast(Mapping[str, Any], tree)[key]
    each: Sequence[Any] = list(cast(Sequence[Any], found)) if _is_many(found, head, rest) else [found]
    for one in each:
        if rest:
            yield from values(one, rest)
        else:
            yield one


def _is_many(found: Any, head: str, rest: str) -> bool:
    return (head.endswith("[]") and isinstance(found, list | Mapping)) or (bool(rest) and isinstance(found, list))


def unmarked(value: Any) -> Any:
    """The value without marks of secrets."""
    if isinstance(value, Mapping):
        mapping = cast(Mapping[str, Any], value)
        if mapping.get(SECRET_MARK) == SECRET_KIND:
            return unmarked(mapping.get("value"))
        return {key: unmarked(one) for key, one in mapping.items()}
    if isinstance(value, list):
        return [unmarked(one) for one in cast(list[Any], value)]
    return value


def without_defaults(value: Any) -> Any:
    """A copy without the notes of `with_defaults`."""
    if isinstance(value, Mapping):
        return {key: without_defaults(one) for key, one in cast(Json, value).items() if key != DEFAULTS}
    if isinstance(value, list):
        return [without_defaults(one) for one in cast(list[Any], value)]
    return value


def with_defaults(value: Any, made_up: Sequence[str] = ()) -> Any:
    """A copy in which each object says which of its properties the provider filled in."""
    if isinstance(value, Mapping):
        mapping = cast(Json, value)
        if SECRET_MARK in mapping:
            return mapping
        return {**{key: with_defaults(one) for key, one in mapping.items()}, DEFAULTS: list(made_up)}
    if isinstance(value, list):
        return [with_defaults(one) for one in cast(list[Any], value)]
    return value


def has_unknown(value: Any) -> bool:
    """Whether the value or a part of it is not known yet."""
    if isinstance(value, Mapping):
        return any(map(has_unknown, cast(Json, value).values()))
    if isinstance(value, list):
        return any(map(has_unknown, cast(list[Any], value)))
    return bool(value == UNKNOWN)


def refilled(stored: Any, given: Any) -> Any:
    """What was stored, with what was given in place of the secrets that were left out."""
    if isinstance(stored, Mapping):
        mapping, other = cast(Json, stored), cast(Json, given) if isinstance(given, Mapping) else {}
        if mapping.get(SECRET_MARK) == SECRET_KIND:
            return cast(Any, given)
        return {key: refilled(one, other.get(key)) for key, one in mapping.items()}
    if isinstance(stored, list):
        other_items = cast(list[Any], given) if isinstance(given, list) else []
        items = cast(list[Any], stored)
        return [refilled(one, other_items[n] if n < len(other_items) else None) for n, one in enumerate(items)]
    return stored


def _outputs(marked: Json, plain: Json, made: Mapping[str, Any]) -> Json:
    """Inputs and computed outputs. What is made of a secret input is secret as a whole."""
    outputs = dict(marked)
    for key, value in made.items():
        if plain.get(key) == value:
            continue
        secret = key in marked and marked[key] != plain[key]
        outputs[key] = {SECRET_MARK: SECRET_KIND, "value": value} if secret else value
    return outputs


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, Mapping):
        for one in cast(Json, tree).values():
            yield from _texts(one)
    elif isinstance(tree, list):
        for one in cast(list[Any], tree):
            yield from _texts(one)


def _parent(id_: str) -> str:
    """The resource that an Azure id lies in: its group, the resource it extends, or the one above; "" for none."""
    above = id_.rsplit("/", 2)[0]
    if re.search(r"/providers/[^/]+$", above):
        above = above.rsplit("/", 2)[0]
    above = above.removesuffix("/blobServices/default")
    return above if "/resourceGroups/" in above else ""
