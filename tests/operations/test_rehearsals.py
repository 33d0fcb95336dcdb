"""A rehearsal counts for the very graph that was rehearsed, and a verdict says so and from where it knows."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from catalogue.graph import Graph
from operations import rehearsals
from operations.verdict import Proof, ProofState
from tests.operations.sample_verdict import sample

DAY = date(2026, 11, 26)


def test_the_record_is_of_that_graph_and_no_other(aws_pilot: Graph, gcp_pilot: Graph, tmp_path: Path) -> None:
    assert rehearsals.rehearsed(aws_pilot, tmp_path) is None
    rehearsals.write(aws_pilot, tmp_path / "aws-pilot", DAY)
    assert rehearsals.rehearsed(aws_pilot, tmp_path / "aws-pilot") == DAY
    assert rehearsals.rehearsed(gcp_pilot, tmp_path / "aws-pilot") is None
    first, *rest = aws_pilot.resources
    changed = replace(aws_pilot, resources=(replace(first, inputs={**first.inputs, "tags": {}}), *rest))
    assert rehearsals.rehearsed(changed, tmp_path / "aws-pilot") is None, "another graph was not rehearsed"
    moved = (replace(one, source=None, stack_key=None) for one in aws_pilot.resources)
    elsewhere = replace(aws_pilot, resources=tuple(moved))
    assert rehearsals.rehearsed(elsewhere, tmp_path / "aws-pilot") == DAY, (
        "a line that moves changes nothing in the cloud"
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"graph": 1}', "nothing", "[" * 100_000])
def test_a_file_that_is_no_record_counts_for_nothing(aws_pilot: Graph, tmp_path: Path, text: str) -> None:
    (tmp_path / rehearsals.FILE).write_text(text, encoding="utf-8")
    assert rehearsals.rehearsed(aws_pilot, tmp_path) is None


@pytest.mark.parametrize(
    ("state", "then"), [("planned", "rehearsed"), ("failed", "failed"), ("not yet", "not yet"), ("proved", "proved")]
)
def test_only_what_is_planned_becomes_rehearsed(
    aws_pilot: Graph, tmp_path: Path, state: ProofState, then: ProofState
) -> None:
    verdict = sample().model_copy(update={"proofs": [Proof(name="workflow speed", state=state, fact="steps")]})
    assert rehearsals.noted(verdict, aws_pilot, tmp_path) == verdict
    rehearsals.write(aws_pilot, tmp_path, DAY)
    (proof,) = rehearsals.noted(verdict, aws_pilot, tmp_path).proofs
    assert proof.state == then
    assert then != "rehearsed" or (str(tmp_path / rehearsals.FILE) in proof.fact and "2026-11-26" in proof.fact)
