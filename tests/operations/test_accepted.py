"""What a transcript changes in a verdict: nothing but what its run has shown of exactly this graph."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalogue import transcripts
from catalogue.graph import Graph
from catalogue.kind import Acts, Met
from catalogue.kinds import kind_of
from catalogue.kinds.aws import s3, sagemaker
from catalogue.kinds.azure.machinelearningservices import SERVED
from operations import accepted
from operations.accept.journal import Journal
from operations.accepted import NOBODY
from operations.commands.kinds import _facts as facts_of_kind
from operations.verdict import PROOFS, Finding, Proof, ProofState
from tests.conftest import forget
from tests.mutate import changed
from tests.operations.sample_verdict import sample

STEPS = ("ground", "serve", "predict", "leave")


def keep(
    organisation: Path,
    graph: Graph,
    door: str = "account",
    done: Sequence[str] = STEPS,
    met: Sequence[dict[str, str]] = (),
    last: str | None = None,
) -> Path:
    """Keep the transcript of a run through that door, whose steps `done` went well."""
    return record(organisation / "transcripts" / f"{graph.stack}.json", graph, door, done, met, last)


def record(
    file: Path,
    graph: Graph,
    door: str = "sandbox",
    done: Sequence[str] = STEPS,
    met: Sequence[dict[str, str]] = (),
    last: str | None = None,
) -> Path:
    """Write the transcript of a run."""
    journal = Journal(file, lambda: "2026-11-26T09:00:00+00:00")
    journal.note("begin", door=door, platform=graph.platform, graph=transcripts.graph_hash(graph))
    for name in STEPS:
        journal.note("step", name=name, state="done" if name in done else "refused", seconds=600.0, says="")
    for one in met:
        journal.note("met", **{"version": "pulumi-aws 7.51.0", "cloud": "makes it", **one})
    journal.note("end", door=last or door)
    forget()
    return file


def planned() -> list[Proof]:
    return [Proof(name=name, state="planned", fact=f"a fact{NOBODY}") for name in PROOFS]


def states(graph: Graph, proofs: Sequence[Proof] | None = None) -> dict[str, str]:
    return {proof.name: proof.state for proof in accepted.raised(graph, proofs or planned())}


def findings(graph: Graph) -> list[Finding]:
    return list(accepted.findings(graph))


@pytest.fixture(params=["aws", "gcp", "azure"])
def graph(request: pytest.FixtureRequest) -> Graph:
    made: Graph = request.getfixturevalue(f"{request.param}_pilot")
    return made


@pytest.mark.parametrize(("door", "word"), [("account", "proved"), ("sandbox", "rehearsed")])
def test_a_run_raises_what_it_has_shown(organisation: Path, graph: Graph, door: str, word: str) -> None:
    keep(organisation, graph, door)
    found = states(graph)
    assert found["workflow speed"] == found["hardware fit"] == word
    # SageMaker's runtime answers on the internet, so an answer there shows no path in the network.
    assert found["network fit"] == ("planned" if graph.platform == "aws" else word)
    assert found["exportability"] == found["cost visibility"] == "planned"
    (speed,) = [proof for proof in accepted.raised(graph, planned()) if proof.name == "workflow speed"]
    assert "the first prediction after 30 minutes" in speed.fact and NOBODY not in speed.fact
    assert f"organisation/transcripts/{graph.stack}.json" in speed.fact
    assert not findings(graph)


def test_without_a_transcript_nothing_changes(organisation: Path, pilot: Graph) -> None:
    assert accepted.raised(pilot, planned()) == planned() and not findings(pilot)


def test_an_endpoint_that_answers_on_the_internet_shows_no_network(organisation: Path, azure_pilot: Graph) -> None:
    (served,) = azure_pilot.of(SERVED)
    opened = changed(azure_pilot, served, lambda inputs: inputs["properties"].update(publicNetworkAccess="Enabled"))
    keep(organisation, opened)
    assert states(opened)["network fit"] == "planned"
    assert states(opened)["workflow speed"] == "proved"


@pytest.mark.parametrize("state", ["failed", "not yet"])
def test_what_failed_or_is_not_known_is_not_raised(organisation: Path, pilot: Graph, state: Any) -> None:
    keep(organisation, pilot)
    given = [Proof(name=name, state=state, fact="a fact") for name in PROOFS]
    assert accepted.raised(pilot, given) == given


def test_it_counts_for_exactly_its_graph(organisation: Path, pilot: Graph) -> None:
    keep(organisation, pilot)
    other = changed(pilot, pilot.of(s3.BUCKET)[0], lambda inputs: inputs.update(forceDestroy=True))
    assert set(states(other).values()) == {"planned"}
    assert "the run of 2026-11-26 was of another graph" in accepted.raised(other, planned())[0].fact
    moved = replace(pilot, resources=tuple(replace(one, source=None, outputs={}) for one in pilot.resources))
    assert states(moved)["workflow speed"] == "proved", "neither lines of code nor answers are what was asked for"


@pytest.mark.parametrize("lacking", ["ground", "serve", "predict"])
def test_a_run_that_did_not_get_so_far_proves_nothing(organisation: Path, pilot: Graph, lacking: str) -> None:
    keep(organisation, pilot, done=[step for step in STEPS if step != lacking])
    found = accepted.raised(pilot, planned())
    assert found[0].state == "planned" and "did not get so far" in found[0].fact


def test_a_door_that_was_doubted_at_the_end_is_a_sandbox(organisation: Path, pilot: Graph) -> None:
    keep(organisation, pilot, door="account", last="sandbox")
    assert states(pilot)["workflow speed"] == "rehearsed"


MET = [
    {"type": sagemaker.ENDPOINT, "behaviour": "create", "status": "seen"},
    {"type": s3.BUCKET, "behaviour": "delete", "status": "contradicted", "cloud": "refuses to delete it"},
]


def met(type_: str) -> tuple[Met, ...]:
    kind = kind_of(type_)
    assert kind is not None and isinstance(kind.acts, Acts)
    return kind.acts.met


def test_what_an_account_met_stands_in_the_record(organisation: Path, aws_pilot: Graph) -> None:
    keep(organisation, aws_pilot, met=MET)
    (create,) = met(sagemaker.ENDPOINT)
    assert (create.behaviour, create.evidence.status, create.evidence.read) == ("create", "seen", "2026-11-26")
    assert create.evidence.where == "organisation/transcripts/aws-pilot.json: makes it (pulumi-aws 7.51.0)"
    kind = kind_of(sagemaker.ENDPOINT)
    assert kind is not None
    assert [fact["status"] for fact in facts_of_kind(kind) if fact["fact"] == "acts: create"] == ["seen"]
    (found,) = findings(aws_pilot)
    assert found.rule == "behaviour-contradicted" and found.type == s3.BUCKET and not found.mandatory
    assert "refuses to delete it" in found.message


def test_what_one_account_contradicted_no_other_makes_seen(organisation: Path, aws_pilot: Graph) -> None:
    keep(organisation, replace(aws_pilot, stack="another"), met=[{**MET[0], "status": "contradicted"}])
    keep(organisation, aws_pilot, met=MET)
    assert [one.evidence.status for one in met(sagemaker.ENDPOINT)] == ["contradicted"]


def test_a_rehearsal_tells_nothing_of_a_cloud(organisation: Path, aws_pilot: Graph) -> None:
    keep(organisation, aws_pilot, door="sandbox", met=MET)
    assert met(sagemaker.ENDPOINT) == met(s3.BUCKET) == ()
    assert not findings(aws_pilot)


def test_an_altered_transcript_flips_proofs_and_behaviours_back(organisation: Path, aws_pilot: Graph) -> None:
    file = keep(organisation, aws_pilot, done=("ground", "leave"), met=MET)
    assert len(met(s3.BUCKET)) == 1
    document = json.loads(file.read_text(encoding="utf-8"))
    for entry in document["entries"]:
        if entry["kind"] == "step":
            entry["said"]["state"] = "done"  # what somebody would like it to say
    file.write_text(json.dumps(document), encoding="utf-8")
    forget()
    assert set(states(aws_pilot).values()) == {"planned"}
    assert met(sagemaker.ENDPOINT) == met(s3.BUCKET) == ()
    (found,) = findings(aws_pilot)
    assert found.rule == "transcript-intact" and found.mandatory and found.fails
    assert "was altered at entry 3" in found.message


def test_a_transcript_that_no_text_can_be_made_of_again_is_a_finding(organisation: Path, aws_pilot: Graph) -> None:
    file = keep(organisation, aws_pilot)
    file.write_text(file.read_text(encoding="utf-8").replace('"says": ""', '"says": "\\ud800"', 1), encoding="utf-8")
    forget()
    (found,) = findings(aws_pilot)
    assert found.rule == "transcript-intact" and "cannot be read" in found.message


@pytest.mark.parametrize("seconds", [10**400, float("nan"), float("inf"), -1.0])
def test_seconds_that_no_run_takes_are_not_counted(organisation: Path, aws_pilot: Graph, seconds: float) -> None:
    journal = Journal(keep(organisation, aws_pilot), lambda: "2026-11-26T09:00:00+00:00")
    journal.note("begin", door="account", platform="aws", graph=transcripts.graph_hash(aws_pilot))
    for name in STEPS:
        journal.note("step", name=name, state="done", seconds=seconds if name == "serve" else 600.0, says="")
    journal.note("end", door="account")
    forget()
    speed = next(proof for proof in accepted.raised(aws_pilot, planned()) if proof.name == "workflow speed")
    assert speed.state == "proved" and "after 20 minutes" in speed.fact


# The transcript of a rehearsal, beside the reports


def noted(graph: Graph, folder: Path, state: ProofState = "planned") -> dict[str, str]:
    proofs = [Proof(name=name, state=state, fact=f"a fact{NOBODY}") for name in PROOFS]
    verdict = accepted.noted(sample().model_copy(update={"proofs": proofs}), graph, folder)
    return {proof.name: proof.state for proof in verdict.proofs}


def test_a_rehearsal_beside_the_reports_says_what_one_that_was_reviewed_says(
    organisation: Path, graph: Graph, tmp_path: Path
) -> None:
    record(tmp_path / accepted.FILE, graph)
    keep(organisation, graph, "sandbox")
    assert noted(graph, tmp_path) == states(graph)
    assert "rehearsed" in noted(graph, tmp_path).values() and "proved" not in noted(graph, tmp_path).values()


@pytest.mark.parametrize("state", ["done", "not done", "refused", ""])
def test_only_an_export_that_was_verified_rehearses_exportability(
    organisation: Path, pilot: Graph, tmp_path: Path, state: str
) -> None:
    journal = Journal(tmp_path / accepted.FILE, lambda: "2026-11-26T09:00:00+00:00")
    journal.begin(pilot, "sandbox", "a file", {})
    if state:
        journal.step("export", state, 2, "tumours@1, sha256:0, gave 8 recorded values outside")
    journal.end("sandbox", accepted=True, left=0)
    told = "2 artifacts could leave"
    given = [Proof(name="exportability", state="not yet", fact=f"{told}{accepted.NO_EXPORT}")]
    (found,) = accepted.noted(sample().model_copy(update={"proofs": given}), pilot, tmp_path).proofs
    if state == "done":
        assert found.state == "rehearsed" and found.fact.startswith(
            f"{told}; rehearsed in a sandbox on 2026-11-26: tum"
        )
    else:
        said = "; not all of it did on 2026-11-26: tumours@1, sha256:0, gave 8 recorded values outside"
        assert (found.state, found.fact) == ("not yet", f"{told}{said if state else accepted.NO_EXPORT}")
    failed = [Proof(name="exportability", state="failed", fact=told)]
    assert accepted.noted(sample().model_copy(update={"proofs": failed}), pilot, tmp_path).proofs == failed


def test_a_rehearsal_counts_for_that_graph_and_no_other(pilot: Graph, tmp_path: Path) -> None:
    planned_alone = dict.fromkeys(PROOFS, "planned")
    assert noted(pilot, tmp_path) == planned_alone, "there is none"
    record(tmp_path / accepted.FILE, pilot)
    first, *rest = pilot.resources
    other = replace(pilot, resources=(replace(first, inputs={**first.inputs, "tags": {}}), *rest))
    assert noted(other, tmp_path) == planned_alone
    elsewhere = replace(pilot, resources=tuple(replace(one, source=None, stack_key=None) for one in pilot.resources))
    assert noted(elsewhere, tmp_path) == noted(pilot, tmp_path) != planned_alone, "a line of code moved"


@pytest.mark.parametrize("state", ["failed", "not yet", "proved"])
def test_only_what_is_planned_becomes_rehearsed(pilot: Graph, tmp_path: Path, state: ProofState) -> None:
    record(tmp_path / accepted.FILE, pilot)
    assert noted(pilot, tmp_path, state) == dict.fromkeys(PROOFS, state)


def test_what_nobody_has_reviewed_proves_nothing(pilot: Graph, tmp_path: Path) -> None:
    """A file beside the reports that says that it ran in an account, and one that was edited."""
    file = record(tmp_path / accepted.FILE, pilot, "account")
    assert noted(pilot, tmp_path) == dict.fromkeys(PROOFS, "planned")
    text = record(file, pilot).read_text(encoding="utf-8")
    file.write_text(text.replace('"seconds": 600.0', '"seconds": 6.0'), encoding="utf-8")
    assert noted(pilot, tmp_path) == dict.fromkeys(PROOFS, "planned")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"graph": 1}', "nothing", "[" * 100_000])
def test_a_file_that_is_no_transcript_counts_for_nothing(pilot: Graph, tmp_path: Path, text: str) -> None:
    (tmp_path / accepted.FILE).write_text(text, encoding="utf-8")
    assert noted(pilot, tmp_path) == dict.fromkeys(PROOFS, "planned")
