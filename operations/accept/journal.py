"""Writes the transcript of an acceptance run, entry by entry: a run that is killed leaves what it met so far."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalogue.transcripts import VERSION, Json, chained


@dataclass
class Journal:
    """A transcript that grows in `file`. `now` gives the time as ISO 8601. What is noted must be redacted already."""

    file: Path
    now: Callable[[], str]
    _entries: list[Json] = field(default_factory=list[Json])

    def note(self, kind: str, **said: Any) -> None:
        """Add an entry. The file is whole after each one."""
        before = str(self._entries[-1]["hash"]) if self._entries else None
        self._entries.append(chained(before, self.now(), kind, said))
        write(self.file, self.text)

    @property
    def text(self) -> str:
        """The transcript as its file has it."""
        return json.dumps({"schema_version": VERSION, "entries": self._entries}, indent=1) + "\n"


def write(file: Path, text: str) -> None:
    """Write a file in one step, and its folder where there is none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.replace(file)
