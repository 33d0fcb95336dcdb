"""What an acceptance run asks of Pulumi, and what the engine's events say of the cloud's answers."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from catalogue.behaviour import Behaviour
from catalogue.kind import Acts, Stays
from catalogue.kinds import kind_of

Json = dict[str, Any]
_LOOKS_ONLY = ("same", "refresh", "read")
_WORDS: Mapping[str, str] = {"create-replacement": "create", "delete-replaced": "delete"}
_EXISTS = re.compile(
    r"already ?exist|conflicting DNS domain|in use by another|AlreadyOwned|NameConflict|soft.?deleted|"
    r"deletion.{0,20}pending",
    re.I,
)
_BLOCKED = re.compile(r"not ?empty|in use|locked|dependen|DeleteConflict|still has|cannot delete|being used", re.I)
_NOT_THE_CLOUDS_WAY = re.compile(
    r"quota|limit ?exceeded|capacity|throttl|too many requests|rate exceeded|denied|forbidden|not authorized|unauthori|"
    r"permission|credential|expired|timed? ?out|connection|internal ?error|service unavailable|not been used|disabled|"
    r"not registered|\b(?:401|403|429|5\d\d)\b",
    re.I,
)
"""What an account lacks, or what is broken today. It tells nothing of how the cloud treats a kind of resource."""


class Pulumi(Protocol):
    """The Pulumi CLI in one project: the sandbox's engine is one, and so is the one of an account."""

    def run(self, arguments: Sequence[str], log: Path | None = None, seconds: float | None = None) -> int:
        """Run a command, on this terminal or into the file `log`. Returns its exit code.

        After `seconds` the command is interrupted, and ends by itself.
        """
        ...


@dataclass(frozen=True)
class Answer:
    """What the cloud answered to one operation on one resource. `says` is empty where it went well."""

    operation: str
    urn: str
    type: str
    says: str = ""
    replaces: tuple[str, ...] = ()
    """The inputs whose change the provider says makes a new resource."""
    changes: tuple[str, ...] = ()
    """The inputs that changed."""
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rpartition("::")[2]


def answers(log: Path) -> list[Answer]:
    """The cloud's answers in a log of `pulumi … --json`, in the order in which they came. A cut line is left out."""
    begun: dict[str, list[Json]] = {}
    said: dict[str, str] = {}
    found: list[Answer] = []
    for event in _events(log):
        told = cast(Json, event.get("diagnosticEvent") or {})
        if told.get("severity") == "error" and told.get("urn"):
            said[told["urn"]] = str(told.get("message", "")).strip()
        if metadata := _metadata(event, "resourcePreEvent"):
            begun.setdefault(metadata["urn"], []).append(metadata)
        done = _metadata(event, "resOutputsEvent")
        failed = _metadata(event, "resOpFailedEvent")
        ended = done or failed
        if ended:
            waiting = begun.get(ended["urn"], [])
            begun[ended["urn"]] = [one for one in waiting if one["op"] != ended["op"]]
            says = said.get(ended["urn"], "failed without a word") if failed else ""
            found += _answer(ended, says)
    # The engine tells of some failures by a sentence alone.
    for urn, waiting in begun.items():
        for one in waiting:
            found += _answer(one, said[urn]) if urn in said else []
    return found


def errors(log: Path) -> list[str]:
    """The errors that a run printed, those of resources first. One that ended before any event has its last line."""
    told = [cast(Json, event.get("diagnosticEvent") or {}) for event in _events(log)]
    wrong = [(not one.get("urn"), str(one["message"]).strip()) for one in told if one.get("severity") == "error"]
    if wrong:
        return list(dict.fromkeys(message for _, message in sorted(wrong, key=lambda pair: pair[0])))
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.is_file() else []
    return [line for line in lines if not line.startswith("{")][-1:]


def _events(log: Path) -> Iterator[Json]:
    if not log.is_file():
        return
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                event: Any = json.loads(line) if line.startswith("{") else None
            except ValueError:  # the run was killed while it wrote
                continue
            if isinstance(event, dict):
                yield cast(Json, event)


def _metadata(event: Json, name: str) -> Json | None:
    found = cast(Json, event.get(name) or {}).get("metadata")
    return cast(Json, found) if isinstance(found, dict) and {"op", "urn", "type"} <= set(cast(Json, found)) else None


def _answer(metadata: Json, says: str) -> Iterator[Answer]:
    operation, type_ = _WORDS.get(metadata["op"], metadata["op"]), str(metadata["type"])
    new: Json = metadata.get("new") or {}
    own = new or metadata.get("old") or {}
    if operation in _LOOKS_ONLY or type_.startswith("pulumi:") or not own.get("custom"):
        return
    detailed: Json = metadata.get("detailedDiff") or {}
    replaces = [path for path, one in detailed.items() if str(one.get("diffKind", "")).endswith("-replace")]
    yield Answer(
        operation,
        str(metadata["urn"]),
        type_,
        says,
        tuple(dict.fromkeys([*replaces, *(metadata.get("keys") or ())])),
        tuple(detailed or metadata.get("diffs") or ()),
        own.get("inputs") or {},
    )


@dataclass(frozen=True)
class Compared:
    """One behaviour of a kind: what the cloud did, and whether the sandbox does the same (`seen`) or not."""

    type: str
    behaviour: str
    cloud: str
    status: str


def compared(given: Sequence[Answer]) -> list[Compared]:
    """What the answers show of the kinds' behaviours, in the order of the answers.

    The sandbox made each of these resources from the same graph. So where the cloud refuses one, the sandbox is
    contradicted, unless the refusal is of the account and not of the kind: a quota, a right, an API that is off.
    """
    found: dict[tuple[str, str], Compared] = {}
    deleted: dict[str, Mapping[str, Any]] = {}
    for one in given:
        kind = kind_of(one.type)
        if kind is None or not isinstance(kind.acts, Acts):
            continue
        behaviour = kind.acts.behaviour
        before = deleted.get(one.urn, {}).get(behaviour.name)
        again = before is not None and before == one.inputs.get(behaviour.name)
        holds = isinstance(kind.stays, Stays) and not kind.stays.back
        told = _compared(one, behaviour, again, holds)
        if one.operation == "delete" and not one.says:
            deleted[one.urn] = one.inputs
        if told is None:
            continue
        met, did, agrees = told
        if (one.type, met) not in found or not agrees:
            found[one.type, met] = Compared(one.type, met, did, "seen" if agrees else "contradicted")
    return list(found.values())


def _compared(one: Answer, own: Behaviour, again: bool, holds: bool) -> tuple[str, str, bool] | None:
    """The behaviour, what the cloud did, and whether the sandbox does so. None where it shows nothing of the kind.

    `again`: one of the same name was deleted in this run. `holds`: the sandbox then refuses another at once. A name
    that Pulumi made up is another one each time.
    """
    match one.operation, bool(one.says):
        case "create", False:
            if again:
                return "create again", "makes one again under the name of one that was deleted", not holds
            return "create", "makes it", True
        case "create", True if _EXISTS.search(one.says):
            if again:
                return "create again", "holds the name of one that was deleted", holds
            return "second create", "refuses a second of the same name", own.second == "refused"
        case "update", False:
            wrong = [path for path in one.changes if _among(path, own.replaces)]
            return "update", f"changes {', '.join(wrong) or 'it'} in place", not wrong
        case "replace", False if one.replaces:
            known = own.replaces | {each.path for each in own.sometimes}
            wrong = [path for path in one.replaces if not _among(path, known)]
            return "replace", f"makes another for {', '.join(wrong or one.replaces)}", not wrong
        case "delete", False:
            kept = bool(own.locked) and one.inputs.get(own.locked) is True
            return "delete", "deletes it", not kept
        case "delete", True if _BLOCKED.search(one.says):
            guarded = bool(own.locked or own.forced) or any(ref.holds for ref in own.refs)
            return "delete", "refuses to delete one that holds something or is in use", guarded
        case (("create" | "update" | "delete"), True) if not _NOT_THE_CLOUDS_WAY.search(one.says):
            return one.operation, f"refuses to {one.operation} it", False
        case _:
            return None


def _among(path: str, known: frozenset[str]) -> bool:
    """Whether a path of the engine's, such as `subnets[0].id`, is one of a record's, or in one, or holds one."""
    plain = re.sub(r"\[[^\[\]]*\]", "", path)
    wanted = {re.sub(r"\[[^\[\]]*\]", "", each) for each in known}
    return any(plain == each or plain.startswith(f"{each}.") or each.startswith(f"{plain}.") for each in wanted)
