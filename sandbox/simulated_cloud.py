"""A simulated cloud: check, diff, create, read, update and delete. The plugins pass these calls on to it.

A kind's `Behaviour` says what the cloud does with it. `sandbox.clouds` says how the clouds differ. A type without a
behaviour is refused.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from catalogue.answers import Answer, Lookup, Request
from catalogue.behaviour import Behaviour, Ref, values_at
from catalogue.kind import Stays
from catalogue.kinds import kind_of, kinds
from catalogue.marked import Json, answered, has_unknown, texts_in, unmarked, without_defaults
from catalogue.marks import UNKNOWN, is_unknown
from sandbox import cloud, inputs, needs
from sandbox.clouds import CLOUDS
from sandbox.clouds.manners import CloudSaysNo, Refuser
from sandbox.difference import Change, difference
from sandbox.needs import Lacks, Needs
from sandbox.state import State
from sandbox.state.faults import Fault
from sandbox.state.records import Held, Missing, New, Record, Reference, Stay, Taken

_DAY = 86_400.0
_HANDLES = ("arn", "name", "selfLink", "keyId", "email", "member")


@dataclass
class Cloud:
    """The simulated cloud of one provider's package, for one account and region. `run` is the id of a plugin's process.

    Inputs and outputs are in wire form. Secrets have Pulumi's mark.
    """

    package: str
    state: State
    run: str
    account: str = ""
    region: str = ""

    def __post_init__(self) -> None:
        self.manners = CLOUDS[self.package]
        self._lookups: Mapping[str, Lookup] = import_module(f"sandbox.lookups.{self.manners.platform}").LOOKUPS

    def of(self, type_: str) -> Behaviour:
        """The type's behaviour. Raises UnknownType."""
        return cloud.acts_of(type_).behaviour

    def check(
        self, type_: str, urn: str, name: str, news: Json, olds: Json, seed: bytes
    ) -> tuple[Json, list[tuple[str, str]]]:
        """The inputs, and what is wrong with them as property and sentence. A missing name is made up."""
        behaviour = self.of(type_)
        before, news = without_defaults(olds), without_defaults(news)
        wrong = inputs.judge(type_, news)
        filled_in: list[str] = []
        key = behaviour.name
        if key and news.get(key) is None:
            kept = before.get(key) if self.manners.provider.made_up(olds, key) else None
            news[key] = kept or self._new_name(behaviour, urn, name, seed)
            filled_in = [key]
        chosen = unmarked(news.get(key)) if behaviour.pattern else None
        if isinstance(chosen, str) and not is_unknown(chosen) and not re.fullmatch(behaviour.pattern, chosen):
            wrong.append((key, f"is {chosen!r}: it must match {behaviour.pattern}"))
        return self.manners.provider.noted(news, filled_in), wrong

    def diff(self, type_: str, olds: Json, news: Json, ignored: Sequence[str]) -> Change:
        """What differs between old and new inputs."""
        return difference(self.of(type_), self.manners.provider, olds, news, ignored)

    def foresee(self, type_: str, urn: str, name: str, given: Json) -> Json:
        """The outputs of a create or update in a preview. An output is unknown unless it equals a given input."""
        given = without_defaults(given)  # the SDK cannot read the notes in a map of text
        plain = unmarked(given)
        try:
            outputs = self._answer(type_, urn, name, plain, self.state.resources.made_for(urn) + 1).outputs
        except (AttributeError, KeyError, TypeError, ValueError):
            if not has_unknown(plain):
                raise
            outputs = dict[str, Any]()  # an object that is not known yet: the outputs made of it are unknown too
        return {**given, **{key: UNKNOWN for key, value in outputs.items() if key not in plain or plain[key] != value}}

    def create(self, type_: str, urn: str, name: str, given: Json) -> tuple[str, Json]:
        """Make a resource. Returns its id and outputs. Raises CloudSaysNo.

        What a run made and never told the engine of is not taken over: the clouds' providers look for nothing before
        they create, so the cloud's answer to a second create decides.
        """
        behaviour = self.of(type_)
        marked = without_defaults(given)
        plain = unmarked(marked)
        self._allow(self.manners.creates, type_, name, plain)
        serial = self.state.resources.made_for(urn) + 1
        answer = self._answer(type_, urn, name, plain, serial)
        outputs = answered(marked, answer.outputs)
        links = self._links(behaviour, answer.id, plain)
        needed = self._needs(type_, answer.id, name, plain, answer.outputs, links)
        new = New(
            type=type_,
            id=answer.id,
            platform=self.manners.platform,
            account=self.account,
            region=self.region,
            name=name,
            inputs=marked,
            outputs=outputs,
            urn=urn,
            serial=serial,
            run=self.run,
            names=self._names(behaviour, type_, answer, plain),
            handles=[str(outputs[key]) for key in _HANDLES if isinstance(outputs.get(key), str)],
            links=links,
            draws=self._granted(needed, name),
        )
        try:
            self.state.resources.create(new)
        except Taken as taken:
            if behaviour.second != "changes" or taken.key is None:
                raise self._exists(behaviour, type_, name, answer, plain, taken) from None
            stands = self.state.resources.update(taken.key, marked, outputs, new.links, self.run)
            return stands.id, {**given, **outputs}
        except Missing as missing:
            raise self._refusal("missing", type_, name, missing) from None
        return answer.id, {**given, **outputs}

    def read(self, type_: str, id_: str) -> Record | None:
        """The resource, if it exists."""
        record = self._find(type_, id_)
        said = "" if record else "not found"
        self.state.journal.note("read", type_, record.name if record else "", id_, self.run, said)
        return record

    def update(self, type_: str, id_: str, given: Json) -> Json:
        """Change a resource. Returns its outputs. Raises CloudSaysNo."""
        behaviour = self.of(type_)
        record = self._find(type_, id_)
        if record is None:
            raise self._refusal("missing", type_, id_, f"{id_} does not exist")
        marked = without_defaults(given)
        changer = self.manners.changers.get(type_)
        if changer is not None:
            marked = {**marked, **changer(self.state, record, unmarked(marked))}
        plain = unmarked(marked)
        outputs = answered(marked, self._answer(type_, record.urn, record.name, plain, record.serial).outputs)
        links = self._links(behaviour, id_, plain)
        draws = self._granted(self._needs(type_, id_, record.name, plain, outputs, links), record.name, record)
        try:
            self.state.resources.update(record.key, marked, outputs, links, self.run, draws)
        except Missing as missing:
            raise self._refusal("missing", type_, record.name, missing) from None
        return {**given, **outputs}

    def delete(self, type_: str, id_: str) -> None:
        """Delete a resource. It may be gone already. Raises CloudSaysNo."""
        behaviour = self.of(type_)
        record = self._find(type_, id_)
        if record is None:
            self.state.journal.note("delete", type_, "", id_, self.run, "not found")
            return
        if behaviour.locked and record.inputs.get(behaviour.locked) is True:
            raise self._refusal("held", type_, record.name, f"{record.name} is locked and cannot be deleted")
        try:
            made = needs.of_record(record)
            Needs(self.state, self.manners.platform, self.account, self.region, made).rights("delete")
        except Lacks as lacks:
            raise self._lacks(lacks, type_, record.name) from None
        self._allow(self.manners.deletes, type_, record.name, unmarked(record.inputs))
        if who := record.inputs.get(behaviour.apps) if behaviour.apps else None:
            if who in self.state.account.apps():
                raise self._refusal("held", type_, record.name, f"{who} has apps that run")
            if who in self.state.account.spaces():
                raise self._refusal("held", type_, record.name, f"{who} has a private space")
        try:
            emptied = bool(behaviour.forced and record.inputs.get(behaviour.forced))
            self._empty(behaviour, record, emptied)
            self.state.resources.delete(record.key, _stay, self.run, behaviour.nests, emptied)
        except Held as held:
            raise self._refusal("held", type_, record.name, held) from None

    def _empty(self, behaviour: Behaviour, record: Record, forced: bool) -> None:
        """What was put into the store by hand goes with it where that is forced. Raises Held where it is not."""
        account, below = self.state.account, behaviour.below({**record.inputs, **record.outputs})
        if not below:
            return
        contents = [one for one in (*account.images(), *account.artifacts()) if one.startswith(below)]
        if contents and not forced:
            raise Held(f"{record.name} is not empty: it still holds {contents[0]}")
        account.empty(below)

    def look_up(self, token: str, args: Json) -> Json:
        """The answer to a data look-up. Raises UnknownType."""
        answer = cloud.look_up(self._lookups, token, args, self.account, self.region)
        self.state.journal.note("invoke", token, "", "", self.run)
        return dict(answer)

    def words(self, type_: str, given: Json) -> set[str]:
        """The texts in the inputs, and in the inputs of what they name directly. Empty where no machine runs."""
        behaviour = self.of(type_)
        if not behaviour.machines:
            return set()
        plain = unmarked(without_defaults(given))
        said = set(texts_in(plain)) | {self.region}
        for link in self._links(behaviour, "", plain):
            for record in self.state.resources.named(link.handle):
                said |= set(texts_in(record.inputs))
        return said

    def strike(self, fault: Fault, type_: str, name: str) -> CloudSaysNo:
        """What this cloud says when the fault strikes."""
        return self._refusal(fault.kind, type_, name, fault.argument or name)

    def _allow(self, refusers: Mapping[str, Refuser], type_: str, name: str, plain: Json) -> None:
        """Raise CloudSaysNo, and note it, where the cloud refuses for the sake of another resource."""
        said = refusers[type_](self.state, plain) if type_ in refusers else None
        if said is not None:
            refusal = self._refusal("refused", type_, name, said)
            self.state.journal.note("refused", type_, name, "", self.run, str(refusal))
            raise refusal

    def _refusal(self, reason: str, type_: str, name: str, said: object, **words: object) -> CloudSaysNo:
        kind = type_.rpartition(":")[2]
        words |= {"name": name, "kind": kind, "said": said, "account": self.account, "region": self.region}
        return CloudSaysNo(self.manners.sentences[reason].format(**words))

    def _needs(
        self, type_: str, id_: str, name: str, plain: Json, outputs: Mapping[str, Any], links: Sequence[Reference]
    ) -> Needs:
        """What the resource needs of the account, read with the resources that it names."""
        named = {one.key: one for link in links for one in self.state.resources.named(link.handle)}
        made = needs.resource(type_, id_, name, plain, outputs)
        around = tuple(map(needs.of_record, named.values()))
        return Needs(self.state, self.manners.platform, self.account, self.region, made, around)

    def _granted(self, needed: Needs, name: str, stands: Record | None = None) -> Mapping[str, int]:
        """What the resource draws on quotas. Raises CloudSaysNo where the account lacks what it needs, and notes it."""
        try:
            needed.place()
            needed.rights("update" if stands else "create")
            needed.service(self.manners.registers_itself)
            if stands is None:
                needed.room()
            needed.contents()
            needed.reached()
            needed.known()
            needed.let_in()
            needed.in_force()
            needed.quota(stands)
            return needed.takes()
        except Lacks as lacks:
            raise self._lacks(lacks, needed.made.type, name) from None

    def _lacks(self, lacks: Lacks, type_: str, name: str) -> CloudSaysNo:
        refusal = self._refusal(lacks.reason, type_, name, **{"said": "", **lacks.words})
        self.state.journal.note("refused", type_, name, "", self.run, str(refusal))
        return refusal

    def _answer(self, type_: str, urn: str, name: str, plain: Json, serial: int) -> Answer:
        # The first resource of a URN answers as the offline preview does. Each further one has its own ids.
        own = urn if serial == 1 else f"{urn}#{serial}"
        return cloud.create(Request(type_, own, name, plain, self.account, self.region))

    def _find(self, type_: str, id_: str) -> Record | None:
        resources = self.state.resources
        return resources.get(type_, id_, self.account, self.region) or resources.get(type_, id_, self.account)

    def _new_name(self, behaviour: Behaviour, urn: str, name: str, seed: bytes) -> str:
        if behaviour.copies_name:
            return name
        return self.manners.provider.name(name, seed.hex() or hashlib.sha256(urn.encode()).hexdigest())

    def _names(self, behaviour: Behaviour, type_: str, answer: Answer, plain: Json) -> list[str]:
        names = [f"{type_} {behaviour.unique.format_map(self._words(answer, plain))}"] if behaviour.unique else []
        return names or ([f"{type_} {self.account} {answer.id}"] if _stays(type_) else [])

    def _exists(
        self, behaviour: Behaviour, type_: str, name: str, answer: Answer, plain: Json, taken: Taken
    ) -> CloudSaysNo:
        """What the cloud says to a second create of what stands, or of what was deleted softly."""
        if taken.key is None:
            return self._refusal("stays", type_, name, taken)
        said = behaviour.exists.format_map(self._words(answer, plain))
        return CloudSaysNo(f"creating {name}: {said}") if said else self._refusal("exists", type_, name, taken)

    def _words(self, answer: Answer, plain: Json) -> Mapping[str, str]:
        """The words of a `unique` and an `exists`: texts and numbers of inputs and outputs, nothing for any other."""
        given = {key: str(value) for key, value in {**plain, **answer.outputs}.items() if isinstance(value, str | int)}
        return defaultdict(str, given, account=self.account, region=self.region, id=answer.id)

    def _links(self, behaviour: Behaviour, id_: str, plain: Json) -> list[Reference]:
        links = [
            Reference(ref.path, value, ref.types, ref.holds, ref.outside)
            for ref in behaviour.refs
            for value in values_at(plain, ref.path)
            if self._is_judged(ref, value)
        ]
        parent = self.manners.parent(id_) if behaviour.within else ""
        if parent:
            links.append(
                Reference("its parent", parent, tuple(kinds(self.manners.platform)), behaviour.within == "holds")
            )
        return links

    def _is_judged(self, ref: Ref, value: Any) -> bool:
        """Whether a value at the reference names something that must exist."""
        if not isinstance(value, str) or not value or is_unknown(value):
            return False
        if self.manners.is_foreign(value, self.account):
            return False
        return not ref.only or bool(re.fullmatch(ref.only.format(account=re.escape(self.account)), value))


def _stays(type_: str) -> Stays | None:
    """The record's word on names of this type that stay taken."""
    kind = kind_of(type_)
    return kind.stays if kind is not None and isinstance(kind.stays, Stays) else None


def _stay(record: Record) -> Stay | None:
    """How long the names of a deleted resource stay taken."""
    stays = _stays(record.type)
    if stays is None:
        return None
    back, until = stays.taken(record.inputs)
    purge = stays.purges.refused(record.inputs) if stays.purges else None
    return Stay(stays.says, back * _DAY, None if until is None else until * _DAY, purge)
