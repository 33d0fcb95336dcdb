import base64
import hashlib
import io
import json
import os
import re
import xml.etree.ElementTree as ET
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from operations import report, words
from operations.console import render_step
from operations.verdict import Verdict
from tests.operations.sample_verdict import HOSTILE, STEP, excepted, hostile, nothing, sample

FILES = ["report.html", "report.json", "report.sarif", "report.junit.xml", "graph.json"]
VERDICTS = pytest.mark.parametrize("verdict", [sample(), hostile(), nothing()], ids=["sample", "hostile", "nothing"])
LEADS_TO = (
    r"#[a-z-]+|data:,|report\.[a-z.]+|graph\.json|https://www\.checkov\.io/5\.Policy%20Index/(terraform|arm)\.html"
    r"|https://docs\.aws\.amazon\.com/a\.html"  # the source of the sample's caveat
)
VOID = {"meta", "link", "wbr", "input"}


class Page(HTMLParser):
    """Reads a page strictly: each element is closed in its turn, ids are unique."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def shown(text: str) -> str:
    return words.one_line(text)


@VERDICTS
def test_the_page_stands_alone(verdict: Verdict) -> None:
    text = report.html(verdict)
    page = Page(text)
    assert {tag for tag, _ in page.elements}.isdisjoint({"iframe", "object", "embed", "img", "base", "form"})
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    targets = [a[key] or "" for _, a in page.elements for key in ("src", "href", "xlink:href", "action") if key in a]
    assert all(
        re.fullmatch(
            LEADS_TO,
            target,
        )
        for target in targets
    )
    assert "url(" not in text
    assert "@import" not in text
    policy = page.all("meta")[1]
    assert policy["http-equiv"] == "Content-Security-Policy"
    (script,) = re.findall(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"script-src 'sha256-{digest}'"
    assert policy["content"] == f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; {allowed}"
    assert "innerHTML" not in script and "eval" not in script and "fetch" not in script


@VERDICTS
def test_the_page_can_be_read_by_a_machine_that_reads_aloud(verdict: Verdict) -> None:
    page = Page(report.html(verdict))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {a["href"].removeprefix("#") for a in page.all("a") if (a["href"] or "").startswith("#")} <= set(ids)
    for _, attributes in page.elements:
        for key in ("aria-labelledby", "aria-describedby"):
            assert attributes.get(key, ids[0]) in ids
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(header.get("scope") == "col" for header in page.all("th"))
    assert all(svg.get("role") == "img" or svg.get("aria-hidden") == "true" for svg in page.all("svg"))


@VERDICTS
def test_the_page_shows_everything(verdict: Verdict) -> None:
    text = Page(report.html(verdict)).text
    assert ("PASS" if verdict.passed else "FAIL") in text
    for finding in verdict.findings:
        for part in (finding.rule, finding.resource or "the whole stack", finding.message, finding.remedy):
            assert shown(part) in text
        if finding.place:
            assert shown(str(finding.place)) in text
        if finding.waived:
            owner = shown(finding.waived.owner)
            ends = words.left(finding.waived, verdict.judged_on)
            assert f"Waived until {finding.waived.expires} by {owner}, {ends}" in text
    for proof in verdict.proofs:
        assert f"{proof.name} {proof.state} {shown(proof.fact)}" in text
    for line in verdict.cost.lines:
        for part in (
            line.resource,
            line.what,
            line.basis,
            words.dollars(line.idle_usd),
            words.dollars(line.ceiling_usd),
        ):
            assert shown(part) in text
    for use in verdict.hardware:
        assert shown(use.machine_type) in text
        assert shown(use.quota_name) in text
    for link in verdict.network.links if verdict.network else []:
        assert shown(link.endpoint) in text
    cost = verdict.cost
    for part in [*steps_of(verdict), *cost.assumptions, *map(str, cost.unpriced), *cost.second_hand, *cost.by_team]:
        assert shown(part) in text
    for component in verdict.created:
        assert shown(component.name) in text


@VERDICTS
def test_the_page_shows_what_runs_and_when(verdict: Verdict) -> None:
    text = Page(report.html(verdict)).text
    for row in verdict.runs:
        for part in (row.name, row.what, row.unread, *row.when, *(p.machine for p in row.parts), *row.rings):
            assert shown(part.removeprefix(f"{row.name}-")) in text
        assert all(shown(words.machines_of(p)) in text and shown(p.name) in text for p in row.parts)


def many_steps(number: int) -> Verdict:
    one = STEP.changes[1]
    changes = [
        one.model_copy(update={"urn": str(n), "resource": f"r{n}", "component": f"x:y:C{n}"}) for n in range(number)
    ]
    return sample().model_copy(update={"step": STEP.model_copy(update={"changes": changes})})


def test_the_page_says_of_a_step_first_what_does_not_come_back() -> None:
    text = Page(report.html(sample())).text
    first, rest = text.index("workspace-ben"), text.index("By component")
    assert first < text.index("registry-artifacts") < text.index("keys-data") < rest
    for said in (
        "holds people's work",
        "protected: the engine refuses",
        "replaced for bucket",
        "stays taken for 7 days",
    ):
        assert first < text.index(said) < rest
    assert "UserProfile and 2 more resources" in text[rest:]  # three alike are one row
    for said in ("Workspace 1 to create, 1 to delete +$2.50 +$60.00", "Network 3 to update $0.00 $0.00"):
        assert said in text
    assert "resources would stand." in text and "It changes the idle floor by +$" in text
    alone = Page(report.html(sample().model_copy(update={"step": None}))).text
    assert "The step from what stands" not in alone and "resources would be created." in alone


UNUSUAL: list[tuple[str, dict[str, Any]]] = [
    ("a cut run", {"pending": ["creating Domain a", "deleting Bucket b", "updating Key c", "creating Role d"]}),
    ("a move, and a price that is unknown", {"moves": "from region us-east-1 to eu-west-1", "idle_usd": None}),
    (
        "a name that is needed again, by the engine's own preview",
        {
            "by": "engine",
            "changes": [
                *STEP.changes,
                STEP.changes[1].model_copy(
                    update={"urn": "d", "name_needed": True, "retained": True, "holds": "unknown"}
                ),
            ],
        },
    ),
]


@pytest.mark.parametrize(("step", "more"), UNUSUAL, ids=[name for name, _ in UNUSUAL])
def test_a_step_is_the_same_in_the_terminal_on_the_page_and_in_markdown(step: str, more: dict[str, Any]) -> None:
    """What it is in a sentence, what is told before it, and of each change what it takes away."""
    verdict = sample().model_copy(update={"step": STEP.model_copy(update=more)})
    assert verdict.step
    terminal = Console(file=io.StringIO(), width=300)
    render_step(verdict.stack, verdict.step, [], terminal)
    told = (terminal.file.getvalue(), Page(report.html(verdict)).text, report.markdown([verdict]).replace("\\", ""))
    loud = [change for change in verdict.step.changes if change.loud]
    said = [words.step_in_words(verdict.step), *words.step_warnings(verdict.step)]
    said += [part for change in loud for part in (change.resource, *words.step_dangers(change))]
    assert len(loud) >= 3 and len(said) > 6
    for text in told:
        assert [one for one in said if _letters(one) not in _letters(text)] == []


def _letters(text: str) -> str:
    """The text without the spaces and marks that each way of showing it has of its own."""
    return re.sub(r"[^\w$.+-]", "", text)


def test_a_step_in_markdown_is_short_and_has_what_is_loud() -> None:
    text = report.markdown([sample()])
    assert "- **delete** UserProfile workspace-ben: holds people's work\n" in text
    assert "- Workspace: 1 to create, 1 to delete; +$2.50 idle, +$60.00 at the ceiling\n" in text
    crowd = report.markdown([many_steps(150)])
    assert "145 more that hold something or lose a name" in crowd and "146 more components in the report" in crowd
    assert len(crowd.splitlines()) < 60
    nothing_changes = STEP.model_copy(update={"changes": []})
    assert "nothing changes: 90 resources stay" in report.markdown(
        [sample().model_copy(update={"step": nothing_changes})]
    )


def test_a_long_step_is_searched_and_a_short_one_is_open() -> None:
    quiet = [one.model_copy(update={"urn": str(n)}) for n in range(21) for one in STEP.changes if not one.loud]
    long = report.html(sample().model_copy(update={"step": STEP.model_copy(update={"changes": quiet})}))
    assert 'data-table="step-quiet"' in long and "<details open><summary>84 other changes" not in long
    assert "<details open><summary>4 other changes" in report.html(sample())


def steps_of(verdict: Verdict) -> list[str]:
    return [part for step in verdict.manual_steps for part in (step.who, step.what, *step.commands, *step.checks)]


def test_what_is_hostile_stays_text() -> None:
    text = report.html(hostile())
    assert text.count("<script") == 1, "the one that filters"
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ufffe\uffff]", text) is None
    assert "Zürich 東京 🚀" in text


def test_nothing_is_said_in_sentences() -> None:
    text = Page(report.html(nothing())).text
    for sentence in (
        "No proof was attempted.",
        "This stack has no network of its own.",
        "No resource bills.",
        "No budget is set.",
        "No hardware is used.",
        "No finding.",
        "Nothing would be created.",
        "No manual step is left.",
        "Nothing was assumed.",
        "No figure is second-hand.",
    ):
        assert sentence in text


def test_failing_findings_come_first_and_the_most_severe_before_the_others() -> None:
    order = [(words.standing(f), f.severity) for f in words.in_order(sample().findings)]
    assert [stands for stands, _ in order] == ["fails"] * 4 + ["advisory"] * 4 + ["waived"] * 2
    assert [severity for _, severity in order[:4]] == ["critical", "high", "high", "high"]
    text = Page(report.html(sample())).text
    text = text[text.index("What is wrong") :]
    assert text.index("role-no-wildcard") < text.index("endpoint-data-capture") < text.index("CKV_AWS_144")


# ---- the files ------------------------------------------------------------------------------------------------------


@VERDICTS
def test_the_files_are_written_and_overwritten_whole(verdict: Verdict, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    graph: dict[str, Any] = {"stack": HOSTILE, "resources": []}
    for _ in range(2):
        assert report.write(verdict, graph, folder) == [folder / name for name in FILES]
        assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert json.loads((folder / "graph.json").read_text("utf-8")) == graph
    document = json.loads((folder / "report.json").read_text("utf-8"))
    assert document.pop("schema_version") == report.SCHEMA_VERSION
    assert Verdict.model_validate(document) == verdict


def test_a_report_that_cannot_be_rendered_leaves_the_last_one(tmp_path: Path) -> None:
    report.write(sample(), {}, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match="JSON compliant"):
        report.write(nothing(), {"bad": float("nan")}, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_appears_with_one_rename_and_a_failed_one_leaves_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report.write(sample(), {}, tmp_path)
    before = (tmp_path / "report.html").read_bytes()
    seen: list[str] = []

    def refuse(source: Path, target: Path) -> None:
        seen.append(source.read_text("utf-8").strip()[-7:])
        raise OSError("no")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="no"):
        report.write(nothing(), {}, tmp_path)
    assert seen == ["</html>"]  # whole before it is renamed
    assert (tmp_path / "report.html").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)


# ---- SARIF ----------------------------------------------------------------------------------------------------------


@VERDICTS
def test_sarif_holds_each_finding_once(verdict: Verdict) -> None:
    document = report.sarif(verdict)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "mlplatform"
    rules = [rule["id"] for rule in driver["rules"]]
    assert len(rules) == len(set(rules))
    assert all(rule["shortDescription"]["text"] and rule["help"]["text"] for rule in driver["rules"])
    assert len(run["results"]) == len(verdict.findings)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert bool(result["suppressions"]) == (result["level"] == "note")
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
        assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", place["artifactLocation"]["uri"])
        assert place["region"]["startLine"] >= 1
    assert json.loads(json.dumps(document)) == document


def test_sarif_says_where_how_bad_and_why_not() -> None:
    results = {r["ruleId"]: r for r in report.sarif(sample())["runs"][0]["results"]}
    wildcard, quota, waived = results["role-no-wildcard"], results["quota-declared"], results["CKV_AWS_144"]
    assert wildcard["level"] == "error"
    assert wildcard["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "components/aws/identity.py", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 204},
    }
    assert results["endpoint-data-capture"]["level"] == "warning"
    assert quota["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "stacks/Pulumi.aws-pilot.yaml", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 1},
    }
    (suppression,) = waived["suppressions"]
    assert suppression["kind"] == "external"
    assert (
        "one region. (owner payments-risk@example.com, granted 2026-11-20, expires 2027-03-31)"
        in suppression["justification"]
    )


def test_a_sarif_fingerprint_follows_rule_and_resource_and_nothing_else() -> None:
    verdict = sample()
    findings = verdict.findings
    moved = [f.model_copy(update={"message": "other", "place": None}) for f in findings]

    def prints(verdict: Verdict) -> list[str]:
        return [r["partialFingerprints"]["ruleAndResource/v1"] for r in report.sarif(verdict)["runs"][0]["results"]]

    assert prints(verdict) == prints(verdict.model_copy(update={"findings": moved}))
    assert len(set(prints(verdict))) == len(findings)


def test_an_exception_of_the_design_is_told_apart_from_a_waiver_in_every_file() -> None:
    verdict = excepted()
    counts = {"fails": 4, "advisory": 4, "waived": 2, "excepted": 1}
    page = Page(report.html(verdict)).text
    assert "4 failing, 4 advisory, 2 waived, 1 excepted by the design" in page
    assert "Exception of the design, in every stack: these machines encrypt their local NVMe" in page
    (run,) = report.sarif(verdict)["runs"]
    assert run["properties"]["counts"] == counts == words.standings(verdict.findings)
    ours = next(result for result in run["results"] if result["ruleId"] == "CKV_AWS_98")
    assert (ours["level"], ours["properties"]["standing"]) == ("note", "excepted")
    assert [s["justification"] for s in ours["suppressions"]] == [
        "exception of the design: these machines encrypt their local NVMe (docs/adr/0011-keys.md)"
    ]
    assert sum(result["properties"]["standing"] == "waived" for result in run["results"]) == 2
    root = ET.fromstring(report.junit(verdict))
    messages = [skip.attrib["message"] for skip in root.iter("skipped")]
    assert sum(message.startswith("exception of the design (docs/adr/0011-keys.md): ") for message in messages) == 1
    assert len(list(root.iter("failure"))) == len(list(ET.fromstring(report.junit(sample())).iter("failure")))


def test_what_only_advises_by_the_limits_says_by_which_line() -> None:
    why = "thrown away at night (risk@company.example, environments.dev.advisory-rules of organisation/limits.yaml)"
    first, *rest = sample().findings
    verdict = sample().model_copy(update={"findings": [first.model_copy(update={"lowered": why}), *rest]})
    assert f"Only advises here: {why}" in Page(report.html(verdict)).text
    assert [one["properties"].get("lowered") for one in report.sarif(verdict)["runs"][0]["results"]].count(why) == 1
    assert "Only advises here: " not in Page(report.html(sample())).text


def test_what_is_excused_carries_its_age() -> None:
    verdict = excepted()
    text = Page(report.html(verdict)).text
    assert "docs/adr/0011-keys.md , decided 2026-11-10, 12 days ago)" in text
    assert "by security@example.com, 39 days left, granted 2026-10-01, 52 days ago: CloudTrail" in text
    rules = [f"1 of {name}" for name in sorted(finding.rule for finding in verdict.findings if finding.waived)]
    said = f"2 waived findings: {', '.join(rules)}; the first waiver ends on 2026-12-31, 39 days left "
    assert words.waivers_in_words(verdict).startswith(said)
    assert "; the oldest was granted 2026-10-01, 52 days ago (security@example.com)" in words.waivers_in_words(verdict)
    assert "the oldest was granted 2026-10-01, 52 days ago" in report.markdown([verdict])
    (first, _) = [finding.waived for finding in verdict.findings if finding.waived]
    assert words.left(first, first.expires) == "this is its last day"


def test_the_summary_of_one_stack_has_the_caveats_of_its_platform_and_of_several_none() -> None:
    one = report.markdown([sample()])
    assert "Machines run on the platform's side. [source](<https://docs.aws.amazon.com/a.html>)" in one
    assert "What no stack can change" not in report.markdown([sample(), sample()])


def test_every_file_says_how_a_finding_is_waived_or_why_it_never_is() -> None:
    verdict = excepted()
    line, never = "- {rule: role-no-wildcard, owner: }", "It is never waived, for nobody has read it."
    page = Page(report.html(verdict)).text
    results = {r["ruleId"]: r["message"]["text"] for r in report.sarif(verdict)["runs"][0]["results"]}
    failures = [failure.text or "" for failure in ET.fromstring(report.junit(verdict)).iter("failure")]
    for said in (page, results["role-no-wildcard"], *(text for text in failures if "role-no-wildcard" in text)):
        assert f"review that: {line}" in said and "organisation/waivers.yaml" in said and "CODEOWNERS" in said
    assert never in page and results["quota-declared"].endswith(never) and any(never in text for text in failures)


# ---- JUnit ----------------------------------------------------------------------------------------------------------


@VERDICTS
def test_junit_counts_agree(verdict: Verdict) -> None:
    root = ET.fromstring(report.junit(verdict))
    total: Counter[str] = Counter()
    for suite in root:
        counted = {
            "tests": len(suite.findall("testcase")),
            "failures": len(suite.findall("testcase/failure")),
            "skipped": len(suite.findall("testcase/skipped")),
            "errors": 0,
        }
        assert {key: int(suite.attrib[key]) for key in counted} == counted
        total.update(counted)
    assert {key: int(root.attrib[key]) for key in ("tests", "failures", "skipped", "errors")} == dict(total)
    assert total["tests"] == len(verdict.findings) + len(verdict.proofs)
    failed = [proof for proof in verdict.proofs if proof.state == "failed"]
    assert total["failures"] == len(verdict.failing) + len(failed)


def test_junit_has_a_suite_for_each_source_and_says_what_was_skipped() -> None:
    suites = {suite.attrib["name"]: suite for suite in ET.fromstring(report.junit(sample()))}
    assert list(suites) == ["proofs", "checkov", "cost", "hardware", "policy", "render"]
    assert suites["policy"].find("properties/property[@name='checks_passed']").attrib["value"] == "412"  # type: ignore[union-attr]
    assert suites["cost"].find("properties/property[@name='checks_passed']") is None
    assert [skip.attrib["message"] for skip in suites["proofs"].iter("skipped")] == [
        "not yet: Export has not been rehearsed: run mlplatform export aws-pilot."
    ]
    messages = [skip.attrib["message"] for skip in suites["checkov"].iter("skipped")]
    assert sum(message.startswith("waived until 20") for message in messages) == 2
    assert sum(message.startswith("advisory, low: ") for message in messages) == 2


def test_the_report_says_how_figures_and_sums_are_rounded() -> None:
    page = report.html(sample())
    of_the_bill = page.partition('id="cost"')[2].partition("</section>")[0]
    of_what_runs = page.partition('id="runs"')[2].partition("</section>")[0]
    assert words.ROUNDED in of_the_bill and words.ROUNDED in of_what_runs
