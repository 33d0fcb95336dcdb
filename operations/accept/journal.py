"""Writes the transcript of a run, entry by entry: a run that is killed leaves what it met so far."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalogue.graph import Graph
from catalogue.transcripts import VERSION, Door, Json, chained, graph_hash
from operations.writing import put


@dataclass
class Journal:
    """A transcript that grows in `file`. `now` gives the time as ISO 8601. What is noted must be redacted already."""

    file: Path
    now: Callable[[], str]
    _last: str | None = None
    _entries: list[str] = field(default_factory=list[str])

    def note(self, kind: str, **said: Any) -> None:
        """Add an entry. The file is whole after each one."""
        entry: Json = chained(self._last, self.now(), kind, said)
        self._last = str(entry["hash"])
        # Kept as it stands in the file: to write every earlier entry anew took a third of a run without a cloud.
        self._entries.append(json.dumps(entry, indent=1).replace("\n", "\n  "))
        put(self.file, self.text)

    def begin(self, graph: Graph, door: Door, known_by: str, said: Mapping[str, Any]) -> None:
        """Begin with what is run, through which door, and how that is known. `said` is noted beside it."""
        self.note("begin", door=door, known_by=known_by, platform=graph.platform, graph=graph_hash(graph), **said)

    def step(self, name: str, state: str, seconds: float, says: str = "") -> None:
        """A step has ended: `done`, `refused`, `not done` or `cut off`."""
        self.note("step", name=name, state=state, seconds=round(seconds, 1), says=says)

    def end(self, door: Door, accepted: bool, left: int, doubted: str = "") -> None:
        """End with what came of it, and the door once the providers could be seen. `left` counts what still stands."""
        self.note("end", outcome="accepted" if accepted else "refused", door=door, doubted=doubted, left=left)

    @property
    def text(self) -> str:
        """The transcript as its file has it."""
        entries = ",\n  ".join(self._entries)
        return f'{{\n "schema_version": {VERSION},\n "entries": [\n  {entries}\n ]\n}}\n'


def now() -> str:
    """The time of an entry."""
    return datetime.now(UTC).isoformat(timespec="seconds")
