"""What acceptance runs met: the transcripts in `organisation/transcripts/`, which `mlplatform accept` writes.

A transcript is a chain: the hash of each entry covers the entry and the hash before it. One that was altered, cut or
cannot be read counts for nothing, and `wrong` says why. The chain shows an edit and a cut. It does not show who wrote a
whole transcript anew: people review the file as they review a waiver.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from catalogue import organisation
from catalogue.graph import Graph
from catalogue.kind import Acts, Evidence, Kind, Met

FOLDER = "transcripts"
VERSION = 1
Door = Literal["account", "sandbox"]
Json = dict[str, Any]
BEHAVIOURS = ("create", "second create", "create again", "update", "replace", "delete")
"""What a run may meet of a kind."""
_SEED = hashlib.sha256(b"mlplatform transcript").hexdigest()
_KEYS = {"at", "hash", "kind", "said"}
_SAID: Mapping[str, Sequence[str]] = {
    "begin": ("door", "graph", "platform"),
    "step": ("name", "state", "says"),
    "met": ("type", "behaviour", "status", "cloud", "version"),
    "end": ("door",),
}
"""The texts that an entry of each kind has at least. What reads an entry relies on them."""


def chained(before: str | None, at: str, kind: str, said: Mapping[str, Any]) -> Json:
    """An entry that follows the one whose hash is `before`, None for the first. `at` is the time as ISO 8601."""
    entry: Json = {"at": at, "kind": kind, "said": dict(said)}
    return {**entry, "hash": _hash(before or _SEED, entry)}


def _hash(before: str, entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{before}{_canonical(entry)}".encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def graph_hash(graph: Graph) -> str:
    """The hash of what a stack asks for: each resource with its inputs and options, wherever the code stands.

    Neither the answers of a cloud nor the lines of code count.
    """
    asked = [
        [one.urn, one.type, one.custom, one.parent, one.protect, dict(one.options), dict(one.inputs)]
        for one in sorted(graph.resources, key=lambda one: one.urn)
    ]
    return hashlib.sha256(_canonical(asked).encode()).hexdigest()


@dataclass(frozen=True)
class Transcript:
    """The transcript of one acceptance run. `file` is as a person types it. `wrong` says why it counts for nothing."""

    file: str
    entries: tuple[Mapping[str, Any], ...] = ()
    wrong: str = ""

    @property
    def door(self) -> Door:
        """Through which door it ran. Whatever is not shown to be an account is a sandbox."""
        shown = [self.begin.get("door"), self.end.get("door")]
        return "account" if shown == ["account", "account"] else "sandbox"

    @property
    def begin(self) -> Mapping[str, Any]:
        """What was said at the beginning: the graph's hash, the versions, the bounds, the door."""
        return self._said("begin")[0]

    @property
    def end(self) -> Mapping[str, Any]:
        """What was said at the end: the outcome, what was left, and the door once the providers could be seen."""
        return self._said("end")[0]

    @property
    def day(self) -> str:
        """The day on which it began."""
        return str(self.entries[0]["at"])[:10]

    @property
    def steps(self) -> Mapping[str, Mapping[str, Any]]:
        """Each step that was begun, by its name."""
        return {str(step["name"]): step for step in self._said("step")}

    @property
    def met(self) -> list[Mapping[str, Any]]:
        """Each behaviour of a kind that the run met."""
        return self._said("met")

    def _said(self, kind: str) -> list[Mapping[str, Any]]:
        return [entry["said"] for entry in self.entries if entry["kind"] == kind]


def read(file: Path, called: str) -> Transcript:
    """A transcript from its file. It is never refused: what cannot be read is `wrong`."""
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Transcript(called, wrong="cannot be read as JSON")
    if not isinstance(found, dict) or cast(Json, found).get("schema_version") != VERSION:
        return Transcript(called, wrong=f"is no transcript of version {VERSION}")
    entries: Any = cast(Json, found).get("entries")
    try:
        wrong = _broken(cast("list[Any]", entries)) if isinstance(entries, list) else "has no entries"
    except (ValueError, RecursionError):  # JSON that no text can be made of again, such as half a surrogate pair
        wrong = "cannot be read as JSON"
    return Transcript(called, wrong=wrong) if wrong else Transcript(called, tuple(cast("list[Json]", entries)))


def _broken(entries: Sequence[Any]) -> str:
    """Why the entries are no whole chain, or ""."""
    before = _SEED
    for number, one in enumerate(entries, 1):
        if not isinstance(one, dict) or set(cast(Json, one)) != _KEYS or not _readable(cast(Json, one)):
            return f"has no entry {number} that can be read"
        entry = cast(Json, one)
        if entry["hash"] != _hash(before, {key: entry[key] for key in _KEYS - {"hash"}}):
            return f"was altered at entry {number}: its hash is of something else"
        before = str(entry["hash"])
        if lacking := [key for key in _SAID.get(entry["kind"], ()) if not isinstance(entry["said"].get(key), str)]:
            return f"has an entry {number} that does not say {lacking[0]}"
    kinds = [entry["kind"] for entry in entries]
    if kinds[:1] != ["begin"] or kinds.count("begin") != 1:
        return "does not begin with its begin"
    if kinds[-1] != "end" or kinds.count("end") != 1:
        return "does not end with its end: the run was cut off, or the file was"
    return ""


def _readable(entry: Json) -> bool:
    return isinstance(entry["said"], dict) and all(isinstance(entry[key], str) for key in _KEYS - {"said"})


def place(stack: str) -> Path | None:
    """Where the transcript of a stack is kept; None where there is no folder of the organisation's."""
    return next((folder / FOLDER / f"{stack}.json" for folder in organisation.folders()), None)


def of(stack: str) -> Transcript | None:
    """The transcript of a stack; None where there is none."""
    return kept().get(stack)


@cache
def kept() -> Mapping[str, Transcript]:
    """Every transcript that is kept, by its stack. Raises BadInput as `organisation.folders` does."""
    files = [file for folder in organisation.folders() for file in sorted((folder / FOLDER).glob("*.json"))]
    return {file.stem: read(file, f"{organisation.NAME}/{FOLDER}/{file.name}") for file in files}


def told(kind: Kind) -> Kind:
    """The record, with what acceptance runs in accounts met of its behaviours. What one contradicted stays so."""
    if not isinstance(kind.acts, Acts):
        return kind
    found: dict[str, Met] = {}
    for one in kept().values():
        for met in () if one.wrong or one.door != "account" else one.met:
            known = met["status"] in ("seen", "contradicted") and met["behaviour"] in BEHAVIOURS
            if met["type"] != kind.token or not known:
                continue
            where = f"{one.file}: {met['cloud']} ({met['version']})"
            mine = Met(str(met["behaviour"]), Evidence(met["status"], where, one.day))
            before = found.get(mine.behaviour)
            if before is None or before.evidence.status == "seen":
                found[mine.behaviour] = mine
    return replace(kind, acts=replace(kind.acts, met=tuple(found.values()))) if found else kind
