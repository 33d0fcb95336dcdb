"""In a terminal of 80 columns no table cuts a name or a figure: its columns fold. Machines read JSON."""

import json
from io import StringIO
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner, Result

from catalogue.graph import Graph
from operations import comparison, console
from operations.__main__ import application
from operations.verdict import Cost, UnpricedResource, Verdict
from tests.operations.test_judge import judged
from tests.previewing import preview
from tests.stack_files import pilot_file

NAME = "credit-lines-of-europe"
"""As long as a stack's name may be."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot under a long name, for a team of a long name."""
    document = pilot_file("aws")
    document["config"] |= {"mlplatform:team": "credit-lines-of-europe", "mlplatform:environment": "prod"}
    path = tmp_path_factory.mktemp("narrow") / f"Pulumi.{NAME}.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def graph(file: Path) -> Graph:
    return preview(file)


@pytest.fixture(scope="module")
def verdict(graph: Graph) -> Verdict:
    return judged(graph)


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(application(), arguments, env={"COLUMNS": "80"})
    assert result.exit_code == 0, result.output
    return result


def is_whole(text: str) -> None:
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    "arguments", [["kinds"], ["kinds", "azure-native:machinelearningservices:OnlineDeployment"], ["limits"]]
)
def test_a_list_is_whole(arguments: list[str]) -> None:
    is_whole(run(*arguments).output)


def test_the_limits_of_a_stack_are_whole(file: Path) -> None:
    is_whole(run("limits", str(file)).output)


@pytest.mark.usefixtures("warm")
def test_a_bill_is_whole_and_its_json_says_the_same_of_one_stack_and_of_several(file: Path, verdict: Verdict) -> None:
    text = run("cost", str(file)).output
    is_whole(text)
    assert f"{verdict.cost.ceiling_usd:,.2f}" in text
    said = json.loads(run("cost", str(file), "aws-pilot", "--format", "json").output)
    assert set(said) == {"schema_version", "costs", "actual_by_team"}
    first, second = said["costs"]
    for key in ("second_opinion", "actual"):
        assert first.pop(key) is second.pop(key) is None
    assert first.pop("runs") == [one.model_dump(mode="json") for one in verdict.runs] and second.pop("runs")
    assert (first.pop("stack"), second.pop("stack")) == (NAME, "aws-pilot")
    assert Cost.model_validate(first) == verdict.cost and Cost.model_validate(second)


def test_a_verdict_is_whole(verdict: Verdict) -> None:
    screen = Console(width=80, record=True, file=StringIO())
    console.render(verdict, screen)
    assert verdict.findings
    is_whole(screen.export_text())


@pytest.mark.parametrize("stacks", [2, 3, 9])
def test_a_comparison_is_whole(verdict: Verdict, stacks: int) -> None:
    screen = Console(width=80, record=True, file=StringIO())
    several = [verdict.model_copy(update={"stack": f"{NAME[:-1]}{number}"}) for number in range(stacks)]
    console.render_comparison(comparison.compare(several), screen)
    is_whole(screen.export_text())


def test_a_row_of_many_stacks_says_that_a_bill_is_at_least_what_is_known(verdict: Verdict) -> None:
    unknown = UnpricedResource(urn="u", resource="m", why="bills, and has no price")
    for unpriced in ([], [unknown]):
        screen = Console(width=80, record=True, file=StringIO())
        cost = verdict.cost.model_copy(update={"unpriced": unpriced, "idle_usd": 123456.78, "ceiling_usd": 987654.32})
        several = [verdict.model_copy(update={"stack": f"{NAME[:-1]}{n}", "cost": cost}) for n in range(9)]
        console.render_comparison(comparison.compare(several), screen)
        text = screen.export_text()
        is_whole(text)
        assert text.count("at least") == (18 if unpriced else 0)
        assert text.count("$123,456.78") == text.count("$987,654.32") == 9
