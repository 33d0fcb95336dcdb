"""The report on one verdict: a page to read, and the same verdict for machines as JSON, SARIF and JUnit XML.

`write` makes every file in memory first and puts each in place with one rename. So a verdict that cannot be rendered
leaves the last report unchanged, and a reader never sees half a file.
"""

import base64
import hashlib
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from catalogue.platforms import PLATFORMS
from operations import pictures, words
from operations.comparison import Comparison, proofs_of
from operations.verdict import Finding, Proof, ProofState, Standing, Verdict
from operations.writing import put

SCHEMA_VERSION = 4
"""The version of `report.json`. It rises when a reader of the last version would misread the new one."""

_MOST = {"stacks": 15, "findings": 10, "changes": 6, "caveats": 3, "waivers": 3, "steps": 3, "loud": 5, "components": 4}
"""How many of each a summary in Markdown lists, so that it is one screen. The rest is a number."""
_PAGES = Path(__file__).with_name("pages")
_ICONS = {
    "proved": "yes",
    "rehearsed": "yes",
    "planned": "planned",
    "failed": "no",
    "not yet": "open",
    "fails": "no",
    "advisory": "open",
    "waived": "waived",
    "excepted": "waived",
}
_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Mapping[Standing, str] = {"fails": "error", "advisory": "warning", "waived": "note", "excepted": "note"}
# Code-scanning pages sort by this figure. It is on the scale of CVSS, one in each band.
_SECURITY_SEVERITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}


def write(verdict: Verdict, graph_json: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the report's five files into `folder`, which is made if missing. Returns their paths, the page first.

    Raises OSError when the folder cannot be made or written, and ValueError when the graph has a value that JSON lacks.
    """
    texts = {
        "report.html": html(verdict),
        "report.json": _json({"schema_version": SCHEMA_VERSION, **verdict.model_dump(mode="json")}),
        "report.sarif": _json(sarif(verdict)),
        "report.junit.xml": junit(verdict),
        "graph.json": json.dumps(graph_json, allow_nan=False)
        + "\n",  # it is large, and writing it indented takes a third longer
    }
    folder.mkdir(parents=True, exist_ok=True)
    return [put(folder / name, text) for name, text in texts.items()]


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


# ---- the page -------------------------------------------------------------------------------------------------------


@cache  # reading a page's template takes longer than filling it
def _environment(*, autoescape: bool = True) -> Environment:
    environment = Environment(
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_printable,
        loader=FileSystemLoader(_PAGES),
    )
    environment.filters |= {"dollars": words.dollars, "oneline": words.one_line, "cell": cell}
    script = (_PAGES / "search.js").read_text(encoding="utf-8")
    # The page allows this script alone, by its hash.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    shared = {"words": words, "pictures": pictures, "icons": _ICONS}
    shared |= {"script": Markup(script), "script_hash": f"sha256-{digest}"}  # it is a file of ours
    environment.globals.update(shared)  # pyright: ignore[reportCallIssue,reportArgumentType]
    return environment


def page(template: str, **given: Any) -> str:
    """A page of `operations/pages/` that needs no network and no other file, with these values."""
    return _environment().get_template(template).render(**given)


def html(verdict: Verdict) -> str:
    """The report as one page that needs no script, no network and no other file."""
    fit: ProofState | None = next((proof.state for proof in verdict.proofs if proof.name == "network fit"), None)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            v=verdict,
            groups=words.grouped(verdict.findings),
            rules=_rules(verdict),
            index=_checkov_index(verdict),
            internet=pictures.internet(fit),
            chart=pictures.bill(verdict.cost),
            lines=sorted(verdict.cost.lines, key=lambda line: (-line.ceiling_usd, -line.idle_usd, line.resource)),
        )
    )


def filled(template: str, **told: Any) -> str:
    """A page of ours from its template in `operations/pages/`, filled with what is told."""
    return _environment().get_template(template).render(**told)


def _rules(verdict: Verdict) -> dict[str, str]:
    """What each rule of ours says that the verdict has a finding of."""
    from policies import pack

    found = {finding.rule for finding in verdict.findings if finding.source == "policy"}
    rules = pack.RULES[verdict.platform] if verdict.platform in PLATFORMS and found else ()
    return {rule.name: rule.says for rule in rules if rule.name in found}


def _checkov_index(verdict: Verdict) -> str:
    """The page on which Checkov lists its checks of what it was given."""
    if verdict.platform not in PLATFORMS:
        return ""
    return f"https://www.checkov.io/5.Policy%20Index/{PLATFORMS[verdict.platform].rendering}.html"


def compare(comparison: Comparison) -> str:
    """Several verdicts as one page: a row for each stack, with a link to its report, and a few side by side."""
    chart, proofs = pictures.bills(comparison.verdicts), [proofs_of(verdict) for verdict in comparison.verdicts]
    return _environment().get_template("comparison.html.j2").render(c=comparison, chart=chart, proofs=proofs)


def write_comparison(comparison: Comparison, folder: Path) -> Path:
    """Write `index.html`, the page that `compare` makes, into `folder`. Raises OSError as `write` does."""
    folder.mkdir(parents=True, exist_ok=True)
    return put(folder / "index.html", compare(comparison))


def markdown(verdicts: Sequence[Verdict]) -> str:
    """The verdicts as one screen of Markdown for a pull request. It has fewer than 60 lines, however many there are."""
    template = _environment(autoescape=False).get_template("summary.md.j2")
    shown = verdicts[: _MOST["stacks"]]
    return template.render(verdicts=verdicts, shown=shown, most=_MOST).rstrip("\n") + "\n"


_NOTHING = "<!-- -->"


def cell(text: str) -> str:
    """Text that stands in Markdown as it is: in a table's cell, without markup, links or mentions.

    GitHub looks for addresses, people and numbers of issues after the escapes are gone. A comment in between, which
    nobody sees, lets it find none: "Autolinked references and URLs",
    https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
    """
    escaped = re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", words.one_line(text))
    return re.sub(
        r"@|(?<=#)(?=\d)|:(?=//)|(?<=www)\.", lambda found: f"{found[0]}{_NOTHING}", escaped, flags=re.IGNORECASE
    )


def _printable(value: object) -> object:
    # A Markup was made from text that has passed through here already.
    return words.printable(value) if type(value) is str else value


# ---- SARIF ----------------------------------------------------------------------------------------------------------


def sarif(verdict: Verdict) -> dict[str, Any]:
    """The findings as SARIF 2.1.0. Code review then shows each at the Python line that made its resource."""
    return sarif_of(verdict.stack, words.in_order(verdict.findings), f"stacks/Pulumi.{verdict.stack}.yaml")


def sarif_of(stack: str, findings: Sequence[Finding], file: str) -> dict[str, Any]:
    """The findings of a stack as SARIF 2.1.0, in this order; one without a line of Python stands at `file`."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    index = {rule: place for place, rule in enumerate(by_rule)}
    return {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "mlplatform",
                        "version": version("mlplatform"),
                        "rules": [_sarif_rule(rule, of) for rule, of in by_rule.items()],
                    }
                },
                # This keeps the results of several stacks of one repository apart.
                "automationDetails": {"id": f"mlplatform/{words.one_line(stack)}/"},
                "invocations": [{"executionSuccessful": True}],
                "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository."}}},
                "columnKind": "unicodeCodePoints",
                "properties": {"counts": words.standings(findings)},
                "results": [_sarif_result(finding, index[finding.rule], stack, file) for finding in findings],
            }
        ],
    }


def _sarif_rule(rule: str, findings: list[Finding]) -> dict[str, Any]:
    remedies = list(dict.fromkeys(_sarif_text(finding.remedy) for finding in findings))
    return {
        "id": rule,
        "shortDescription": {"text": _sarif_text(f"{rule} ({findings[0].source})")},
        "help": {"text": "\n".join(remedies)},
        "defaultConfiguration": {"level": "error" if any(finding.mandatory for finding in findings) else "warning"},
        "properties": {
            "security-severity": max((_SECURITY_SEVERITY[finding.severity] for finding in findings), key=float),
            "tags": [findings[0].source],
        },
    }


def _sarif_text(text: str) -> str:
    """Text on one line, without the links that SARIF 2.1.0 knows in a plain message, `[words](address)`.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html#_Toc34317467 (3.11.6)
    """
    return words.one_line(text).replace("](", "] (")


def _sarif_result(finding: Finding, rule_index: int, stack: str, beside: str) -> dict[str, Any]:
    file, line = (finding.place.file, finding.place.line) if finding.place else (beside, 1)
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(file, safe="/"), "uriBaseId": "SRCROOT"},
            "region": {"startLine": max(1, line)},
        }
    }
    if finding.resource is not None:
        location["logicalLocations"] = [{"name": words.one_line(finding.resource), "kind": "resource"}]
    resource = finding.resource or ""
    about = f"{resource}: " if resource else ""
    identity = hashlib.sha256(f"{finding.rule}\0{resource}".encode()).hexdigest()
    # In SARIF either every result of a run has `suppressions` or none has. An empty list says "not suppressed".
    suppressions: list[dict[str, str]] = []
    remedy = f"{finding.remedy} {words.how_to_waive(finding, stack)}"
    if finding.waived is not None:
        waiver = finding.waived
        days = f"granted {words.day(waiver.granted)}, expires {words.day(waiver.expires)}"
        why = f"{waiver.reason} (owner {waiver.owner}, {days})"
        suppressions.append({"kind": "external", "status": "accepted", "justification": _sarif_text(why)})
    elif finding.excepted is not None:
        why = f"exception of the design: {finding.excepted.reason} ({finding.excepted.decision})"
        suppressions.append({"kind": "external", "status": "accepted", "justification": _sarif_text(why)})
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": _LEVELS[words.standing(finding)],
        "message": {"text": _sarif_text(f"{about}{finding.message} {remedy}".strip())},
        "locations": [location],
        "partialFingerprints": {"ruleAndResource/v1": identity},
        "suppressions": suppressions,
        "properties": {
            "severity": finding.severity,
            "source": finding.source,
            "mandatory": finding.mandatory,
            "standing": words.standing(finding),
            **({"lowered": words.printable(finding.lowered)} if finding.lowered else {}),
        },
    }


# ---- JUnit ----------------------------------------------------------------------------------------------------------


def junit(verdict: Verdict) -> str:
    """The verdict as JUnit XML: one suite for the five proofs and one for each source of findings."""
    root = ET.Element("testsuites")
    sources = sorted({finding.source for finding in verdict.findings} | set(verdict.checks_passed))
    suites = [_proof_suite(verdict)]
    suites += [_source_suite(verdict, source) for source in sources]
    root.extend(suites)
    _set(root, name=f"mlplatform {verdict.stack}", time=f"{verdict.seconds:.3f}")
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in suites)))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False).join(
        ['<?xml version="1.0" encoding="UTF-8"?>\n', "\n"]
    )


def _set(element: ET.Element, **attributes: str) -> None:
    for key, value in attributes.items():
        element.set(key, words.one_line(value))


def _proof_suite(verdict: Verdict) -> ET.Element:
    return _suite(verdict, "proofs", [_proof_case(proof) for proof in verdict.proofs], None)


def _source_suite(verdict: Verdict, source: str) -> ET.Element:
    findings = words.in_order(finding for finding in verdict.findings if finding.source == source)
    cases = [_finding_case(finding, verdict.stack) for finding in findings]
    return _suite(verdict, source, cases, verdict.checks_passed.get(source))


def _suite(verdict: Verdict, name: str, cases: list[ET.Element], checks_passed: int | None) -> ET.Element:
    suite = ET.Element("testsuite")
    _set(suite, name=name, tests=str(len(cases)), errors="0", time="0")
    _set(suite, failures=str(sum(case.find("failure") is not None for case in cases)))
    _set(suite, skipped=str(sum(case.find("skipped") is not None for case in cases)))
    # The schema of CI servers wants a time of day, but a verdict has only a day.
    _set(suite, timestamp=f"{words.day(verdict.judged_on)}T00:00:00")
    properties = ET.SubElement(suite, "properties")
    facts = {"stack": verdict.stack, "platform": verdict.platform, "region": verdict.region}
    if checks_passed is not None:
        facts["checks_passed"] = str(checks_passed)
    for key, value in facts.items():
        _set(ET.SubElement(properties, "property"), name=key, value=value)
    suite.extend(cases)
    return suite


def _proof_case(proof: Proof) -> ET.Element:
    case = ET.Element("testcase")
    _set(case, classname="proofs", name=proof.name, time="0")
    if proof.state == "failed":
        _set(ET.SubElement(case, "failure"), message=proof.fact, type="failed")
    elif proof.state == "not yet":
        _set(ET.SubElement(case, "skipped"), message=f"not yet: {proof.fact}")
    else:
        ET.SubElement(case, "system-out").text = words.printable(proof.fact)
    return case


def _finding_case(finding: Finding, stack: str) -> ET.Element:
    case = ET.Element("testcase")
    _set(case, classname=f"{finding.source}.{finding.rule}", name=finding.resource or stack, time="0")
    if finding.place is not None:
        _set(case, file=finding.place.file, line=str(finding.place.line))
    at = f"\nat {finding.place}" if finding.place else ""
    if finding.waived is not None:
        waiver = finding.waived
        days = f"until {words.day(waiver.expires)}, granted {words.day(waiver.granted)},"
        why = f"waived {days} by {waiver.owner}: {waiver.reason}; {finding.message}"
        _set(ET.SubElement(case, "skipped"), message=why)
    elif finding.excepted is not None:
        excepted = finding.excepted
        why = f"exception of the design ({excepted.decision}): {excepted.reason}; {finding.message}"
        _set(ET.SubElement(case, "skipped"), message=why)
    elif finding.mandatory:
        failure = ET.SubElement(case, "failure")
        _set(failure, message=finding.message, type=finding.severity)
        waiving = words.how_to_waive(finding, stack)
        failure.text = words.printable("\n".join(filter(None, (finding.message, finding.remedy, waiving))) + at)
    else:
        _set(ET.SubElement(case, "skipped"), message=f"advisory, {finding.severity}: {finding.message}")
    return case
