"""The record of a rehearsal: all manual steps of one graph were done in a sandbox, up to the first prediction.

`mlplatform sandbox trial` writes it into the folder of the stack's reports, and a verdict that is written there reads
it. A record of another graph counts for nothing: what was rehearsed is then not what is judged.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

from catalogue.graph import Graph
from catalogue.transcripts import graph_hash
from operations.verdict import Proof, Verdict

FILE = "rehearsal.json"


def write(graph: Graph, folder: Path, on: date) -> Path:
    """Record that this graph was rehearsed on that day. Returns the file. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    record = {"stack": graph.stack, "graph": graph_hash(graph), "on": on.isoformat()}
    file.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return file


def rehearsed(graph: Graph, folder: Path) -> date | None:
    """The day on which this very graph was rehearsed, by the record in the folder. None where there is none of it."""
    try:
        record: Any = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if record["graph"] == graph_hash(graph) and record["stack"] == graph.stack:
            return date.fromisoformat(record["on"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):  # whatever is no record of this graph
        pass
    return None


def noted(verdict: Verdict, graph: Graph, folder: Path) -> Verdict:
    """The verdict with workflow speed `rehearsed` where the folder has the record of this graph.

    A proof that has failed, or that is not planned yet, stays what it is.
    """
    on = rehearsed(graph, folder)
    if on is None:
        return verdict
    said = (
        f"{len(verdict.manual_steps)} manual steps led to a first prediction in a sandbox on {on}, as "
        f"{folder / FILE} records of this very graph; nobody has tried them in an account"
    )
    proofs = [
        Proof(name=proof.name, state="rehearsed", fact=said)
        if proof.name == "workflow speed" and proof.state == "planned"
        else proof
        for proof in verdict.proofs
    ]
    return verdict.model_copy(update={"proofs": proofs})
