"""`docs/changing.md` has a row for each key, and its rows are what the program does."""

import re
from collections.abc import Callable
from hashlib import sha256

import pytest

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS, Platform
from operations.standing.changing import FILE, cells_of, in_words, page, program, rows, told
from operations.standing.edits import ELSEWHERE, NOT_RUN, Edit, edits, keys, standing
from operations.verdict import StepChange
from tests.operations.sample_verdict import STEP
from tests.previewing import programs

_TRIED = 1
"""How many edits a platform are tried anew at each run. `make changing` tries every one."""


def test_every_key_of_the_schema_has_an_edit_on_every_platform() -> None:
    for platform in PLATFORMS:
        missing = set(keys()) - {edit.key for edit in edits(platform)} - {*NOT_RUN}
        assert not missing, f"add an edit of {sorted(missing)} to operations/standing/edits.py, and run make changing"
        assert {edit.key for edit in edits(platform)} <= set(keys())
    assert {*NOT_RUN} <= set(keys())


def test_the_edits_have_the_same_rows_on_every_platform() -> None:
    said = [[(edit.key, edit.says) for edit in edits(platform)] for platform in PLATFORMS]
    assert said[0] == said[1] == said[2] and len({*said[0]}) == len(said[0])
    assert {*said[0]} == {row for row in rows() if row[0] not in NOT_RUN}


def test_the_page_is_what_its_cells_say() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert page(cells_of(text)) == text, "docs/changing.md was edited by hand; run make changing"


def test_an_edit_changes_what_it_says_and_nothing_else() -> None:
    config = {"a": {"b": 1, "c": 2}, "d": 3}
    assert Edit("a.b", "another", {("a", "b"): 5}).of(config) == {"a": {"b": 5, "c": 2}, "d": 3}
    assert Edit("a.b", "taken out", {("a", "b"): None, ("e", "f"): 1}).of(config) == {
        "a": {"c": 2},
        "d": 3,
        "e": {"f": 1},
    }
    assert config == {"a": {"b": 1, "c": 2}, "d": 3}
    for platform in PLATFORMS:
        stands = standing(platform)
        assert all(edit.of(stands) != stands for edit in edits(platform))


def test_a_cell_has_what_is_lost_in_bold_and_first() -> None:
    assert in_words([]) == "nothing"
    said = in_words(STEP.changes)
    assert said.startswith(
        "**deletes people's work: UserProfile**; **replaces data: UserProfile**; updates 4 × UserProf"
    )
    assert said.endswith("; creates UserProfile; a name stays taken")
    many: list[StepChange] = [STEP.changes[3].model_copy(update={"type": f"a:b:T{n}"}) for n in range(7)]
    assert in_words(many) == "creates T0, T1, T2, T3 and 3 more"


def _drawn(platform: Platform, region: str) -> list[Edit]:
    """Edits that are the same at every run, spread over the keys, and other ones on each platform.

    A landing zone is of one place, and the programs of these tests know none.
    """
    order: Callable[[Edit], str] = lambda edit: sha256(f"{platform}{region}{edit.key}{edit.says}".encode()).hexdigest()  # noqa: E731
    run = [edit for edit in edits(platform, region) if edit.key not in ("account", "region", "landing_zone")]
    return sorted(run, key=order)[:_TRIED]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_row_is_what_the_program_does_to_another_teams_stack(platform: Platform) -> None:
    """In another region, with the words of that region: the page is told of the pilot's."""
    region, cells = ELSEWHERE[platform], cells_of(FILE.read_text(encoding="utf-8"))
    stands: Graph = programs().run(program(platform, standing(platform, region)))[0]
    for edit in _drawn(platform, region):
        said = told(platform, region, edit, stands, programs())
        assert re.sub(r"'[^']*'", "…", said) == re.sub(r"'[^']*'", "…", cells[edit.key, edit.says, platform]), edit
