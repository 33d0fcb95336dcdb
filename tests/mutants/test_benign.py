"""What changes nothing for whoever reviews a stack is no finding."""

import pytest

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from operations.evaluation import evaluate
from policies import pack
from tests.mutants.benign import benign


@pytest.mark.parametrize("platform", PLATFORMS)
def test_other_names_order_words_tags_and_accounts_are_no_finding(
    platform: str, request: pytest.FixtureRequest
) -> None:
    pilot: Graph = request.getfixturevalue(f"{platform}_pilot")
    rules = [rule for rule in pack.RULES[platform] if rule.name != "quota-undeclared"]  # a quota is one account's
    for what, graph in benign(pilot):
        found = [f"{finding.rule}: {finding.message}" for finding in evaluate(graph, rules).findings]
        assert found == [], what
