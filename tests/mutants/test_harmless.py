"""What changes nothing for whoever reviews a stack is no finding."""

import pytest

from catalogue.graph import Graph
from operations.evaluation import evaluate
from policies import pack
from tests.mutants.harmless import harmless

SURVEYED = ("gcp",)
"""The platforms that are asked."""


@pytest.mark.parametrize("platform", SURVEYED)
def test_other_names_order_words_and_tags_are_no_finding(platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    before = len(evaluate(graph, pack.RULES[platform]).findings)
    for what, changed in harmless(graph):
        findings = evaluate(changed, pack.RULES[platform]).findings
        assert len(findings) == before, f"{what}: {[found.message for found in findings][:5]}"
