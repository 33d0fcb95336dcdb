import io
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from operations import console, words
from operations.report import markdown
from operations.verdict import Verdict
from tests.operations.sample_verdict import excepted, hostile, nothing, sample

VERDICTS = pytest.mark.parametrize("verdict", [sample(), hostile(), nothing()], ids=["sample", "hostile", "nothing"])


def printed(verdict: Verdict, width: int = 80, colour: bool = False, report: Path | None = None) -> str:
    out = io.StringIO()
    target = Console(file=out, width=width, force_terminal=colour, color_system="truecolor" if colour else None)
    console.render(verdict, target, report)
    return out.getvalue()


def flat(text: str) -> str:
    return " ".join(text.split())


@VERDICTS
@pytest.mark.parametrize("width", [60, 80, 140])
def test_no_line_is_wider_than_the_terminal(verdict: Verdict, width: int) -> None:
    assert max(cell_len(line) for line in printed(verdict, width).splitlines()) <= width


def test_a_person_reads_the_verdict_without_colour() -> None:
    text = printed(sample(), report=Path("out/aws-pilot/report.html"))
    lines = text.splitlines()
    assert lines[0] == "FAIL  aws-pilot on aws, us-east-1, account 111122223333"
    assert lines[1] == "90 resources; 10 findings: 4 failing, 4 advisory, 2 waived"
    assert lines[-1] == "FAIL, judged in 11.4 processor seconds, report: out/aws-pilot/report.html"
    for word in ("planned", "failed", "not yet", "fails", "advisory", "waived", "critical", "high"):
        assert word in text
    assert "components/aws/identity.py:204" in text
    assert "\x1b" not in text


def test_findings_stand_failing_first_and_waived_in_one_line() -> None:
    verdict = sample()
    text = printed(verdict, 200)
    places = [text.index(finding.rule) for finding in words.in_order(verdict.findings)]
    assert places == sorted(places)
    for finding in verdict.findings:
        assert finding.rule in text
        assert (finding.resource or "the whole stack") in text
    assert len([line for line in text.splitlines() if line.startswith("waived")]) == 2
    assert "until 2027-03-31, 129 days left, granted 2026-11-20, 2 days ago, by payments-risk@example.com" in text


def test_exceptions_of_one_reason_are_one_line_that_names_what_they_are_of() -> None:
    (one,) = (finding for finding in excepted().findings if finding.excepted)
    other = one.model_copy(update={"resource": "embedder-b-config"})
    verdict = excepted().model_copy(update={"findings": [one, other]})
    (line,) = [line for line in printed(verdict, 160).splitlines() if line.startswith("excepted")]
    assert f"{one.rule}, document-embedder-config and embedder-b-config: " in line


def test_one_cause_of_many_resources_is_one_row_that_names_them_all() -> None:
    verdict = sample()
    (first, *_) = (one for one in words.in_order(verdict.findings) if one.fails)
    many = [
        first.model_copy(update={"resource": name, "component": f"a:b:{name}", "message": f"{name} pulls {image}"})
        for name, image in (("one", "x"), ("two", "x"), ("three", "x"), ("four", "y"))
    ]
    found = verdict.model_copy(update={"findings": many})
    text = flat(printed(found, 200))
    assert text.count(f" {first.rule} ") == 2
    assert "one pulls x" in text and "The same is true of three and two." in text and "two pulls x" not in text
    summary = markdown([found])
    assert summary.count(f"- **{first.rule}**") == 2 and "The same is true of three and two." in summary


def test_what_only_advises_by_the_limits_says_so() -> None:
    found = [one.model_copy(update={"lowered": "why (owner, line)", "mandatory": False}) for one in sample().findings]
    assert "Only advises here: why (owner, line)" in printed(sample().model_copy(update={"findings": found}), 200)


def test_an_exception_of_the_design_is_one_line_after_the_waivers_and_the_lines_that_waive_are_said_once() -> None:
    text = printed(excepted(), 160)
    assert "11 findings: 4 failing, 4 advisory, 2 waived, 1 excepted by the design" in text
    assert len([line for line in text.splitlines() if line.startswith("waived")]) == 2
    (line,) = [line for line in text.splitlines() if line.startswith("excepted")]
    assert "CKV_AWS_98, document-embedder-config" in line and line.endswith("these machines encrypt their local NVMe")
    assert text.index("waived  ") < text.index("excepted  ")
    assert text.count("organisation/waivers.yaml") == 1 and "CODEOWNERS" in text
    assert "  - {rule: role-no-wildcard, owner: }" in text.splitlines()
    assert "Never waived: quota-declared, for nobody has read it." in text.splitlines()


def test_the_bill_names_its_dearest_lines_and_sums_the_rest() -> None:
    text = printed(sample())
    assert "The idle floor is at least $155.38 a month and the ceiling at least $2,523.91, 1 line unknown." in flat(
        text
    )
    assert "the ceiling is at least $23.91 over it" in flat(text)
    bill = flat(text[text.index("dearest") : text.index("Manual steps")])
    assert "ml.g6.xlarge, document-embedder $0.00 $1,645.42" in bill
    assert "15 smaller lines $68.43 $147.69" in bill
    assert "platform $0.23 $31.50" in bill
    assert "Bills, but has no price: document-embedder-errors" in bill


@VERDICTS
def test_the_tree_fits_on_a_screen(verdict: Verdict) -> None:
    lines = printed(verdict).splitlines()
    tree = lines[lines.index("What would be created") + 1 : lines.index("Five proofs") - 1]
    assert 1 <= len(tree) <= 25


def test_the_tree_counts_by_component_as_closely_as_it_can() -> None:
    verdict = sample()
    assert "network, 22: 5 × VpcEndpoint, 4 × SecurityGroupEgressRule" in printed(verdict)
    assert "features, 0\n" in printed(verdict)
    two = verdict.model_copy(update={"created": verdict.created[3:5]})
    assert "├── audit, 5\n│   ├── 1 × Trail\n│   └── audit-bucket Bucket, 4\n│       ├── 1 × Bucket\n" in printed(two)
    four = verdict.model_copy(update={"created": verdict.created[:4]})
    assert "├── encryption, 6\n│   └── 3 × Alias, 3 × Key\n" in printed(four)


def test_a_name_loses_the_stack_that_the_root_names() -> None:
    verdict = sample()
    component = verdict.created[5].model_copy(update={"name": "aws-pilot-fraud-scorer"})
    assert "── fraud-scorer Endpoint, 9\n" in printed(verdict.model_copy(update={"created": [component]}))


def test_a_tree_that_is_far_too_large_is_cut_and_says_so() -> None:
    assert "└── 38 more, " in printed(hostile())


def test_markup_and_control_characters_are_text() -> None:
    text = printed(hostile())
    assert "[red]not red[/red]" in flat(text)
    assert not {"\x00", "\x07", "\x1b", "\x9b", "\u202e"} & set(text)


def test_nothing_is_said_in_sentences() -> None:
    text = printed(nothing())
    for sentence in ("Nothing would be created.", "No proof was attempted.", "No finding.", "No manual step is left."):
        assert sentence in text
    assert text.splitlines()[-1] == "PASS, judged in 1.0 processor seconds"


def test_colour_only_helps() -> None:
    coloured = printed(sample(), colour=True)
    assert "\x1b[" in coloured
    plain = io.StringIO()
    Console(file=plain, width=80, color_system=None).print(
        _without_codes(coloured), end="", markup=False, highlight=False
    )
    assert flat(plain.getvalue()) == flat(printed(sample()))


def _without_codes(text: str) -> str:
    from rich.text import Text

    return Text.from_ansi(text).plain
