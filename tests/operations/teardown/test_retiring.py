"""A model and a person are taken out of the stack file: what goes, what the file must allow, and what is let go."""

from datetime import date
from pathlib import Path
from typing import Any

from catalogue.graph import Graph
from operations.preview import Program
from operations.standing.reading import Standing
from operations.teardown.retiring import retired
from tests.operations.standing.test_steps import edited
from tests.previewing import programs

TODAY = date(2026, 11, 26)
MODEL = ["aws-pilot-registry-document-embedder", "aws-pilot-registry-document-embedder-policy"]
PERSON = "aws-pilot-workspace-ben"
EDIT: dict[str, Any] = {
    "models.document-embedder": None,
    "endpoints.document-embedder": None,
    "workspace.users": ["ana"],
}


def test_what_the_file_takes_away_goes_where_it_allows_it(aws_pilot: Graph, tmp_path: Path) -> None:
    """That an allowance ends, and what a replacement takes, the tests of the step hold."""
    standing = Standing("a test", aws_pilot)
    allow = {"delete": MODEL, "reason": "nobody asks it any more", "until": "2026-12-01"}
    file = edited("aws", tmp_path, {**EDIT, "allow": allow})
    found = retired(Program.of(file), standing, programs(), TODAY)
    assert sorted(one.resource for one in found.goes) == sorted([*MODEL, PERSON])
    assert [one.resource for one in found.refused] == [PERSON]
    assert all(one.protect for one in found.resources(standing)), "the engine would refuse each of them"
