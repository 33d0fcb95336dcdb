"""What a run changes in a verdict: proofs that were only planned, and findings on its transcript.

A transcript counts for exactly the graph that it ran. Through the door of a sandbox it makes a proof `rehearsed`,
through that of an account `proved`. It makes no proof better that failed, or of which something is not known. People
review the organisation's transcripts. One that lies beside the reports nobody has reviewed: it is a rehearsal's, which
`mlplatform sandbox trial` or `mlplatform accept --sandbox` wrote, and proves nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from catalogue import transcripts
from catalogue.graph import Graph
from catalogue.kind import Acts
from catalogue.kinds import kind_of
from catalogue.transcripts import Transcript, graph_hash
from catalogue.wording import one_line, typed
from operations import facts
from operations.findings import finding
from operations.verdict import Finding, Proof, ProofState, Verdict

FILE = "transcript.json"
"""The transcript of a rehearsal, in the folder of the stack's reports."""
NOBODY = ", and nobody has tried them"
"""The end of a fact that no longer holds once somebody has."""
NO_EXPORT = "; no export was tried"
"""The same of what could leave. Only a trial that was given the version that serves tries it."""
_STEPS: Mapping[str, Sequence[str]] = {
    "workflow speed": ("ground", "serve", "predict"),
    "hardware fit": ("serve", "predict"),
    "network fit": ("serve", "predict"),
    "exportability": ("export",),
}
"""The steps of a run that show what a proof says. No bill is there within hours."""
_WEEK = 7 * 24 * 3600
"""Seconds that no step of a run takes, for the run is bounded in time. What says more was not measured."""
_DONE: Mapping[str, tuple[ProofState, str]] = {
    "account": ("proved", "done in an account"),
    "sandbox": ("rehearsed", "rehearsed in a sandbox"),
}


def raised(graph: Graph, proofs: Sequence[Proof]) -> list[Proof]:
    """The proofs, those raised that the transcript of the stack shows."""
    kept = transcripts.of(graph.stack)
    if kept is None or kept.wrong:
        return list(proofs)
    same = kept.begin["graph"] == graph_hash(graph)
    return [_raised(graph, proof, kept, same) for proof in proofs]


def noted(verdict: Verdict, graph: Graph, folder: Path) -> Verdict:
    """The verdict with the proofs raised that a rehearsal of this very graph shows, by the transcript in the folder."""
    kept = transcripts.read(folder / FILE, str(folder / FILE))
    if kept.wrong or kept.door != "sandbox" or kept.begin["graph"] != graph_hash(graph):
        return verdict
    proofs = [
        _raised(graph, one, kept, same=True) if one.state in ("planned", "not yet") else one for one in verdict.proofs
    ]
    return verdict.model_copy(update={"proofs": proofs})


def _raised(graph: Graph, proof: Proof, kept: Transcript, same: bool) -> Proof:
    needed, leaves = _STEPS.get(proof.name), proof.name == "exportability"
    if needed is None or proof.state not in (("not yet",) if leaves else ("planned", "rehearsed")):
        return proof
    if leaves and not set(needed) & set(kept.steps):
        return proof
    if not same:
        return proof.model_copy(update={"fact": f"{proof.fact}; the run of {kept.day} was of another graph"})
    exported = one_line(str(kept.steps["export"]["says"]), 200) if leaves else ""
    if leaves and kept.steps["export"]["state"] != "done":
        fact = f"{proof.fact.removesuffix(NO_EXPORT)}; not all of it did on {kept.day}: {exported}"
        return proof.model_copy(update={"fact": fact})
    if any(kept.steps.get(name, {}).get("state") != "done" for name in needed):
        return proof.model_copy(update={"fact": f"{proof.fact}; the run of {kept.day} did not get so far"})
    if proof.name == "network fit" and not facts.of(graph.platform).answers_inside_only(graph):
        return proof.model_copy(
            update={"fact": f"{proof.fact}; the prediction of {kept.day} may have come by the internet"}
        )
    state, how = _DONE[kept.door]
    took = f", the first prediction after {_minutes(kept)}" if proof.name == "workflow speed" else ""
    which = f": {exported}" if leaves else ""
    fact = proof.fact.removesuffix(NOBODY).removesuffix(NO_EXPORT)
    fact = f"{fact}; {how} on {kept.day}{took}{which} ({kept.file})"
    return proof.model_copy(update={"state": state, "fact": fact})


def _minutes(kept: Transcript) -> str:
    """How long it took to the first prediction, by the steps' own times."""
    seconds = [kept.steps[name].get("seconds") for name in _STEPS["workflow speed"]]
    known = [float(one) for one in seconds if isinstance(one, int | float) and 0 <= one < _WEEK]
    return f"{sum(known) / 60:.0f} minutes"


def findings(graph: Graph) -> Iterator[Finding]:
    """A transcript that counts for nothing, and each behaviour of the sandbox that a cloud has contradicted."""
    kept = transcripts.of(graph.stack)
    if kept is not None and kept.wrong:
        yield finding(
            graph,
            None,
            f"has a transcript, {kept.file}, that {kept.wrong}",
            source="policy",
            rule="transcript-intact",
            severity="high",
            remedy=f"Take the file back from version control, or run `{typed('accept', graph.stack)}` again.",
        )
    for token in sorted({resource.type for resource in graph.cloud}):
        kind = kind_of(token)
        for met in kind.acts.met if kind is not None and isinstance(kind.acts, Acts) else ():
            if met.evidence.status == "contradicted":
                yield finding(
                    graph,
                    next(iter(graph.of(token))),
                    f"is of the type {token}, of which a cloud has contradicted `{met.behaviour}` of the sandbox: "
                    f"{met.evidence.where}",
                    source="policy",
                    rule="behaviour-contradicted",
                    severity="medium",
                    mandatory=False,
                    remedy=f"Correct the record of {token} in catalogue/kinds, and rehearse again.",
                )
