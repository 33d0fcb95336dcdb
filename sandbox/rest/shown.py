"""The documents that the double of a sandbox shows. They are in memory, and in the sandbox's file too."""

import json
from collections import UserDict
from collections.abc import ValuesView

from catalogue.marked import Json


class Shown(UserDict[str, Json]):
    """Documents by key. It notes which of them a call looks up, for a call can only change those.

    So storing a call's changes costs as much as the call looked up, however many documents there are.
    """

    def __init__(self) -> None:
        super().__init__()
        self._looked_up: set[str] = set()
        self._stored: dict[str, str] = {}

    def load(self, name: str, document: Json | None) -> None:
        """Show the document as the file has it now. None means that it is gone."""
        self.data.pop(name, None)
        self._stored.pop(name, None)
        if document is not None:
            self.data[name] = document
            self._stored[name] = json.dumps(document)

    def changed(self) -> dict[str, Json]:
        """The documents changed since the last time, each as the file has it. A new one is empty there."""
        looked_up, self._looked_up = self._looked_up, set()
        now = {name: json.dumps(self.data[name]) if name in self.data else None for name in looked_up}
        changed = [name for name in looked_up if now[name] != self._stored.get(name)]
        return {name: json.loads(self._stored.get(name, "{}")) for name in changed}

    def values(self) -> ValuesView[Json]:
        """Every document, for reading only. This notes no look-up, so change a document through its key."""
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
