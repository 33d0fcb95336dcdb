"""The documents that the double of a sandbox shows, kept in memory beside what the sandbox's file holds of them."""

import json
from collections import UserDict
from collections.abc import ValuesView

from catalogue.marked import Json


class Shown(UserDict[str, Json]):
    """Documents by key. It notes which of them a call looks up, for only these can the call have changed.

    So storing what a call changed costs as much as the call looks up, however many documents there are.
    """

    def __init__(self) -> None:
        super().__init__()
        self._looked_up: set[str] = set()
        self._stored: dict[str, str] = {}

    def load(self, name: str, document: Json | None) -> None:
        """Show the document as the file holds it now; None: it is gone."""
        self.data.pop(name, None)
        self._stored.pop(name, None)
        if document is not None:
            self.data[name] = document
            self._stored[name] = json.dumps(document)

    def changed(self) -> dict[str, Json]:
        """The documents that were changed since the last time, as the file holds them; empty for a new one."""
        looked_up, self._looked_up = self._looked_up, set()
        now = {name: json.dumps(self.data[name]) if name in self.data else None for name in looked_up}
        changed = [name for name in looked_up if now[name] != self._stored.get(name)]
        return {name: json.loads(self._stored.get(name, "{}")) for name in changed}

    def values(self) -> ValuesView[Json]:
        """Every document, to be read. Reading them all is not noted: whoever changes one looks it up by its key."""
        return self.data.values()

    def __getitem__(self, name: str) -> Json:
        self._looked_up.add(name)
        return super().__getitem__(name)

    def __setitem__(self, name: str, document: Json) -> None:
        self._looked_up.add(name)
        super().__setitem__(name, document)

    def __delitem__(self, name: str) -> None:
        self._looked_up.add(name)
        super().__delitem__(name)
