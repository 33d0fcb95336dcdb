"""infracost's figures beside our own bill: what it is asked, what is read, and what is said of the difference.

infracost itself is not run here: a script stands in for it, which answers in the shape of its published schema
(schema/infracost.schema.json of github.com/infracost/infracost, version 0.2).
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalogue.errors import BadInput
from catalogue.graph import Graph
from operations.__main__ import application
from operations.judge import cost_of
from operations.rendering import render
from operations.second_opinion import LIMIT, Opinion, ask
from operations.verdict import Cost

_SCRIPT = """#!{python}
import json, os, sys
from pathlib import Path
here = Path({folder!r})
plan = Path(sys.argv[sys.argv.index("--path") + 1])
asked = {{"arguments": sys.argv[1:], "plan": json.loads(plan.read_text())}}
(here / "asked.json").write_text(json.dumps(asked | {{"cloud": os.environ["INFRACOST_ENABLE_CLOUD"]}}))
sys.stdout.write((here / "answer").read_text())
sys.stderr.write({stderr!r})
sys.exit({code})
"""

Stand = Callable[..., Path]


@pytest.fixture
def infracost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """Puts a stand-in for infracost on PATH, alone, and returns the file in which it notes what it was asked."""

    def stand(answer: str, code: int = 0, stderr: str = "") -> Path:
        script = tmp_path / "bin" / "infracost"
        script.parent.mkdir(exist_ok=True)
        script.write_text(_SCRIPT.format(python=sys.executable, folder=str(tmp_path), stderr=stderr, code=code))
        script.chmod(0o755)
        (tmp_path / "answer").write_text(answer)
        monkeypatch.setenv("PATH", str(script.parent))
        return tmp_path / "asked.json"

    return stand


def answer(figures: dict[str, str | None], currency: str = "USD") -> str:
    """infracost's JSON of one project. A figure of None is that of a resource whose cost follows usage."""

    def component(usd: str | None) -> dict[str, Any]:
        hours = None if usd is None else "730"
        same = {"name": "Usage", "unit": "hours", "price": "1", "hourlyQuantity": None, "hourlyCost": None}
        return {**same, "monthlyQuantity": hours, "monthlyCost": usd}

    resources = [
        {"name": name, "metadata": {}, "hourlyCost": None, "monthlyCost": usd, "costComponents": [component(usd)]}
        for name, usd in figures.items()
    ]
    empty: dict[str, Any] = {"resources": [], "totalHourlyCost": "0", "totalMonthlyCost": "0"}
    project = {
        "name": "plan.json",
        "metadata": {"path": "plan.json", "type": "terraform_plan_json"},
        "pastBreakdown": empty,
        "breakdown": empty | {"resources": resources},
        "diff": empty | {"resources": resources},
        "summary": {"unsupportedResourceCounts": {}},
    }
    return json.dumps({"version": "0.2", "currency": currency, "projects": [project], "summary": {}})


def address(graph: Graph, noun: str, part: str = "") -> tuple[str, str]:
    """The Terraform address and the name of a resource of the graph."""
    resource = next(r for r in graph.cloud if r.type.endswith(f":{noun}") and part in r.name)
    addresses = render(graph.platform, [r.to_json() for r in graph.resources]).addresses
    return next(at for at, urn in addresses.items() if urn == resource.urn), resource.name


def test_it_gets_the_plan_and_nothing_is_sent_to_its_dashboard(pilot: Graph, infracost: Stand) -> None:
    asked = infracost(answer({}))
    assert ask(pilot) == Opinion({})
    noted = json.loads(asked.read_text())
    assert noted["arguments"][:2] == ["breakdown", "--path"] and noted["arguments"][3:5] == ["--format", "json"]
    assert noted["plan"] == json.loads(json.dumps(render("aws", [r.to_json() for r in pilot.resources]).document))
    assert noted["cloud"] == "false"


def test_figures_are_known_by_our_names_and_those_of_one_name_are_added_up(pilot: Graph, infracost: Stand) -> None:
    key, name = address(pilot, "Key")
    endpoint, served = address(pilot, "VpcEndpoint")
    infracost(answer({key: "1", endpoint: "14.6", "aws_eip.nobody": "3.65", "aws_kms_key.usage": None}))
    assert ask(pilot).monthly_usd == {name: 1, served: 14.6, "aws_eip.nobody": 3.65}
    twin = replace(next(r for r in pilot.cloud if r.name == name), urn="urn:twin")
    graph = replace(pilot, resources=(*pilot.resources, twin))
    infracost(answer({key: "1", f"{key}_2": "2"}))
    assert ask(graph).monthly_usd == {name: 3}


def test_the_platform_whose_rendering_it_cannot_read_is_refused(azure_pilot: Graph, infracost: Stand) -> None:
    infracost(answer({}))
    with pytest.raises(BadInput, match="reads Terraform plans, and what stands on azure is not rendered as one"):
        ask(azure_pilot)


@pytest.mark.parametrize(
    ("said", "code", "stderr", "sentence"),
    [
        (
            "",
            1,
            "Error: No INFRACOST_API_KEY\nenvironment variable is set.\n",
            "failed (1): Error: No INFRACOST_API_KEY env",
        ),
        ("", 3, "", "infracost failed (3): and says nothing"),
        ("not JSON", 0, "", "infracost's JSON cannot be read (JSONDecodeError)"),
        ("[]", 0, "", "infracost's JSON cannot be read (TypeError)"),
        ('{"currency": "USD"}', 0, "", "infracost's JSON cannot be read (KeyError)"),
        (answer({"aws_kms_key.a": "much"}), 0, "", "infracost's JSON cannot be read (ValueError)"),
        (answer({}, "EUR"), 0, "", "infracost counts in EUR; set its currency to USD"),
    ],
)
def test_what_goes_wrong_is_one_sentence(
    said: str, code: int, stderr: str, sentence: str, pilot: Graph, infracost: Stand
) -> None:
    infracost(said, code, stderr)
    with pytest.raises(BadInput) as refused:
        ask(pilot)
    assert sentence in str(refused.value) and "\n" not in str(refused.value)


def test_without_infracost_it_is_a_sentence_before_anything_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(application(), ["cost", "no-such-stack", "--second-opinion"])
    assert isinstance(result.exception, BadInput)
    assert str(result.exception).startswith("--second-opinion: infracost is not on PATH; install it")


def line_of(bill: Cost, *, idle: bool) -> tuple[str, float, float]:
    """A name with one line in the bill, whose floor and ceiling differ or are the same."""
    lines = {line.resource: line for line in bill.lines}
    names = [line.resource for line in bill.lines]
    found = next(
        line
        for name, line in lines.items()
        if names.count(name) == 1 and line.idle_usd > 0 and (line.idle_usd == line.ceiling_usd) == idle
    )
    return found.resource, found.idle_usd, found.ceiling_usd


def said_of(name: str, usd: float, bill: Cost) -> list[str]:
    sentences = list(Opinion({name: usd}).beside(bill))
    return [sentence for sentence in sentences[1:] if f" {name} " in sentence]


@pytest.mark.parametrize("same", [True, False])
def test_it_agrees_between_floor_and_ceiling_and_a_little_beside_them(pilot: Graph, same: bool) -> None:
    bill = cost_of(pilot)
    name, idle, ceiling = line_of(bill, idle=same)
    for usd in (idle, ceiling, (idle + ceiling) / 2, idle * (1 - LIMIT) + 0.001, ceiling * (1 + LIMIT) - 0.001):
        assert said_of(name, usd, bill) == [], usd
    for usd in (idle * (1 - LIMIT) - 0.01, ceiling * (1 + LIMIT) + 0.01):
        (sentence,) = said_of(name, usd, bill)
        assert sentence.startswith(f"they disagree: {name} is ${usd:,.2f} for infracost, and here ${idle:,.2f}")
        assert sentence.endswith(f"${ceiling:,.2f}")


def test_the_lines_that_only_one_has_are_named(pilot: Graph) -> None:
    bill = cost_of(pilot)
    name, idle, _ = line_of(bill, idle=True)
    first, *rest = Opinion({name: idle, "aws_eip.nobody": 3.65, "aws_vpc.free": 0}).beside(bill)
    assert first == "second opinion: 1 of 1 resources that both price agree to 5%"
    assert rest[0] == "only infracost: aws_eip.nobody is $3.65, and has no line here"
    priced = {line.resource for line in bill.lines if line.ceiling_usd > 0} - {name}
    assert len(rest) == 1 + len(priced)
    assert all(sum(f"only here: {other} is $" in sentence for sentence in rest) == 1 for other in priced)
