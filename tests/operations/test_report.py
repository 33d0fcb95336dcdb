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

from operations import pictures, report, words
from operations.console import render_step
from operations.verdict import CreatedNode, Proof, Verdict
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


# ---- the pictures ---------------------------------------------------------------------------------------------------


def with_fit(state: str | None) -> Verdict:
    """The sample, with that state of the proof of network fit, or without such a proof."""
    verdict = sample()
    kept = [proof for proof in verdict.proofs if proof.name != "network fit"]
    fit = [Proof.model_validate({"name": "network fit", "state": state, "fact": "f"})] if state else []
    return verdict.model_copy(update={"proofs": [*kept, *fit]})


def test_the_network_claims_no_more_than_was_proved() -> None:
    for state, how in (("proved", "tried in the account"), ("rehearsed", "rehearsed"), ("planned", "as planned")):
        shut = Page(report.html(with_fit(state))).text
        assert "No way to the internet" in shut and "no route out" in shut and how in shut
    for state in ("failed", "not yet", None):
        text = Page(report.html(with_fit(state))).text
        assert "No way to the internet" not in text
        assert "no route out" not in text
        assert "way out not known to be shut" in text


def test_the_network_says_who_needs_what() -> None:
    verdict = sample()
    assert verdict.network is not None
    text = Page(report.html(verdict)).text
    for link in verdict.network.links:
        assert f"{link.endpoint} {link.kind} endpoint" in text
        assert pictures.needed_by(link) in text
    assert "needed by nothing" in text
    for place in verdict.network.places:
        assert pictures.headed(place) in text
        for part in (f"Subnet {subnet} {zone}" for subnet, zone in place.subnets):
            assert part in text


def test_each_thing_that_runs_is_drawn_once_with_what_is_inside_it_and_what_bounds_it() -> None:
    verdict = sample()
    assert verdict.network is not None
    text = report.html(verdict)
    picture = text[text.index('<div class="network">') : text.index("Who may call an endpoint")]
    for each in verdict.network.running:
        assert picture.count(f"<li>{each.name}<") == 1
        for part in each.parts:
            assert pictures.inside(each, part) in picture
    assert "security group</strong> network-workloads: out: TCP 443 to network-endpoints" in picture
    assert picture.index("On the platform&#39;s side") < picture.index("<li>document-embedder<"), "it names no subnet"


def test_what_is_open_is_said_without_a_click() -> None:
    text = report.html(sample())
    assert '<span class="sub bad">identity policy: names no network</span>' in text
    assert re.search(r'<span class="sub bad">nothing: its containers reach the internet</span>', text)


def test_a_caveat_of_the_platform_leads_to_its_source_and_what_is_no_address_is_text() -> None:
    text = report.html(sample())
    assert re.search(r'the platform&#39;s side\. <a href="https://docs\.aws\.amazon\.com/a\.html"', text)
    assert 'href="&lt;script' not in report.html(hostile())


def many(count: int) -> Verdict:
    """The sample with so many more endpoints that are alike."""
    verdict = sample()
    assert verdict.network is not None
    one = verdict.network.running[1]
    more = [one.model_copy(update={"urn": f"urn:{n}", "name": f"scorer-{n:04}"}) for n in range(count)]
    network = verdict.network.model_copy(update={"running": [*verdict.network.running, *more]})
    return verdict.model_copy(update={"network": network})


def test_hundreds_of_endpoints_are_one_in_the_picture_and_a_row_each_in_a_table_that_can_be_searched() -> None:
    text = report.html(many(400))
    picture = text[text.index('<div class="network">') : text.index("<summary>Everything that runs")]
    assert "401 \N{MULTIPLICATION SIGN} online endpoint" in picture
    assert picture.count("scorer-") < 10
    table = text[text.index('id="running-table"') :]
    assert all(table.count(f">scorer-{n:04}<") == 1 for n in range(400))
    assert 'data-table="running-table"' in text


def test_a_page_grows_with_what_runs_and_no_faster() -> None:
    sizes = [len(report.html(many(count))) for count in (100, 200, 400)]
    assert sizes[2] - sizes[1] == pytest.approx(2 * (sizes[1] - sizes[0]), rel=0.05)


@VERDICTS
def test_the_pictures_are_text_and_what_is_only_drawn_is_not_read_aloud(verdict: Verdict) -> None:
    page = Page(report.html(verdict))
    drawn = [a for tag, a in page.elements if tag == "tfoot" or a.get("class") in ("wire", "lane", "heads")]
    assert all(a.get("aria-hidden") == "true" for a in drawn)
    assert len(drawn) >= 2 * (verdict.network is not None) + 2 * bool(verdict.cost.lines)
    assert all(svg["class"] == "icon" for svg in page.all("svg"))


def test_a_service_is_broken_after_its_dots() -> None:
    assert "com.<wbr>amazonaws.<wbr>us-east-1.<wbr>monitoring" in report.html(sample())


def lengths(verdict: Verdict, css: str) -> list[float]:
    """How long the bars of that kind are, in percent, from the whole of the bill downwards."""
    found = [a for a in Page(report.html(verdict)).all("span") if a.get("class") == css and "style" in a]
    return [float(re.findall(r"(?:width|left): ([\d.]+)%", a["style"] or "")[0]) for a in found]


def test_bars_sum_what_belongs_together_and_lose_nothing() -> None:
    cost = sample().cost
    bars = pictures.bars(cost.lines, most=4)
    assert len(bars) == 4
    assert sum(bar.ceiling for bar in bars) == pytest.approx(cost.ceiling_usd)
    assert sum(bar.idle for bar in bars) == pytest.approx(cost.idle_usd)
    assert (bars[0].what, bars[0].where) == ("ml.g6.xlarge", "document-embedder: document-embedder")
    assert (bars[1].what, bars[1].where, bars[1].ceiling) == ("ml.t3.medium", "workspace, 2 lines", 365)


def test_bars_are_as_long_as_they_are_dear() -> None:
    verdict = sample()
    total, dearest, *_ = lengths(verdict, "ceiling")
    assert dearest / total == pytest.approx(1645.42 / verdict.cost.ceiling_usd, rel=0.001)
    assert lengths(verdict, "idle")[0] / total == pytest.approx(
        verdict.cost.idle_usd / verdict.cost.ceiling_usd, rel=0.001
    )
    (budget,) = lengths(verdict, "mark")
    assert budget < total == 100  # the ceiling is over the budget


def test_what_costs_nothing_has_no_bar() -> None:
    verdict = sample()
    rows = pictures.bill(verdict.cost).rows
    assert len(lengths(verdict, "idle")) == sum(row.idle > 0 for row in rows) < len(rows)
    assert len(lengths(verdict, "ceiling")) == sum(row.ceiling > 0 for row in rows)


@pytest.mark.parametrize(
    ("budget", "marks", "said"),
    [(None, 0, ""), (2500, 1, "budget $2,500.00"), (1e6, 0, "budget $1,000,000.00, far to the right"), (0, 1, "$0.00")],
)
def test_the_budget_is_drawn_when_it_is_near(budget: float | None, marks: int, said: str) -> None:
    verdict = sample()
    verdict = verdict.model_copy(update={"cost": verdict.cost.model_copy(update={"budget_usd": budget})})
    assert len(lengths(verdict, "mark")) == marks
    assert said in pictures.bill(verdict.cost).budget_text
    assert pictures.bill(verdict.cost).budget_text in Page(report.html(verdict)).text
    assert ('class="budget"' in report.html(verdict)) == bool(said)


@pytest.mark.parametrize(
    ("top", "expected"),
    [(1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (2523, [0, 1000, 2000]), (2500, [0, 500, 1000, 1500, 2000, 2500])],
)
def test_ticks_are_round(top: float, expected: list[float]) -> None:
    assert pictures.Chart([], top, None, near=False).ticks == pytest.approx(expected)


# ---- the words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "$0.00"), (0.001, "<$0.01"), (0.5, "$0.50"), (1234.5, "$1,234.50"), (-3, "-$3.00"), (-0.001, ">-$0.01")],
)
def test_dollars(amount: float, text: str) -> None:
    assert words.dollars(amount) == text


def test_the_bill_in_words_knows_over_from_under() -> None:
    verdict = sample()

    def said(budget: float | None, unpriced: int = 0) -> str:
        cost = {"budget_usd": budget, "unpriced": verdict.cost.unpriced[:unpriced]}
        return words.bill_in_words(verdict.model_copy(update={"cost": verdict.cost.model_copy(update=cost)}))

    assert said(2500).endswith("The budget is $2,500.00: the ceiling is $23.91 over it.")
    assert said(3000).endswith("The budget is $3,000.00: the ceiling is $476.09 under it.")
    assert said(100).endswith("The budget is $100.00: even the idle floor is $55.38 over it.")
    assert said(None).endswith("No budget is set.")
    assert said(2500, 1).endswith(
        "$2,523.91, 1 line unknown. The budget is $2,500.00: the ceiling is at least $23.91 over it."
    )
    assert said(3000, 1).endswith("The budget is $3,000.00: what is unknown may be more than is left of it.")
    assert said(100, 1).endswith("The budget is $100.00: even the idle floor is at least $55.38 over it.")


def test_where_a_line_is_unknown_every_total_is_at_least() -> None:
    verdict = sample()
    page = Page(report.html(verdict)).text
    assert verdict.cost.unpriced and "at least $2,523.91" in page and "1 line unknown" in page
    known = verdict.model_copy(update={"cost": verdict.cost.model_copy(update={"unpriced": []})})
    assert "at least" not in Page(report.html(known)).text
    assert json.loads(json.dumps(verdict.model_dump(mode="json")))["cost"]["unknown_lines"] == 1


def test_the_tree_counts_resources_and_not_components() -> None:
    tree = {component.name: component for component in sample().created}
    assert words.held(tree["audit"]) == 5
    assert words.kinds(tree["audit"], deep=False) == [("Trail", 1)]
    assert dict(words.kinds(tree["audit"], deep=True))["BucketPolicy"] == 1
    assert words.held(tree["features"]) == 0
    assert sum(map(words.held, sample().created)) == sample().resources
    assert words.is_component(CreatedNode(name="x", type="mlplatform-aws:index:Features", count=0))


# ---- the colours ----------------------------------------------------------------------------------------------------


def schemes() -> dict[str, dict[str, str]]:
    """The colours of the light and the dark scheme by name. The dark one says only what differs."""
    style = (Path(report.__file__).with_name("pages") / "style.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,8})", block)) for block in style.split("* {")[0].split("@media")
    )
    return {"light": light, "dark": light | dark}


def channels(colour: str, behind: str) -> list[float]:
    """Red, green and blue from 0 to 1, over what is behind where the colour lets it through."""
    digits = colour.removeprefix("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    own = [int(digits[at : at + 2], 16) / 255 for at in range(0, len(digits), 2)]
    share = own[3] if len(own) == 4 else 1.0
    return (
        own[:3]
        if share == 1
        else [share * c + (1 - share) * b for c, b in zip(own, channels(behind, behind), strict=False)]
    )


def luminance(colour: list[float]) -> float:
    """The relative luminance of WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("word", "ground"),
    [
        *((word, ground) for word in ("text", "muted", "accent", "no") for ground in ("page", "card", "soft")),
        *((word, f"{word}-soft") for word in ("yes", "no", "open")),
        ("text", "accent-soft"),
    ],
)
def test_every_word_stands_out_from_what_is_behind_it(scheme: str, word: str, ground: str) -> None:
    colours = schemes()[scheme]
    behind = luminance(channels(colours[ground], colours["card"]))
    before = luminance(channels(colours[word], colours["card"]))
    assert (max(before, behind) + 0.05) / (min(before, behind) + 0.05) >= 4.5
