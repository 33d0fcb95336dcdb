"""What a reviewer need not see on azure is no finding: other names, another order, more tags, another description."""

from dataclasses import replace

from catalogue.graph import Graph, Resource
from operations.evaluation import evaluate
from policies import pack
from tests.mutants.benign import benign


def renamed(graph: Graph) -> Graph:
    """Every resource that stands in a component has another name in the program; what names it follows."""
    new = {
        one.urn: f"{one.urn.rpartition('::')[0]}::renamed-{number}"
        for number, one in enumerate(graph.resources)
        if one.custom and not one.is_provider
    }

    def follow(urns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new.get(urn, urn) for urn in urns)

    def other(one: Resource) -> Resource:
        references = {key: follow(urns) for key, urns in one.property_dependencies.items()}
        urn = new.get(one.urn, one.urn)
        name = urn.rpartition("::")[2]
        return replace(one, urn=urn, name=name, dependencies=follow(one.dependencies), property_dependencies=references)

    return replace(graph, resources=tuple(map(other, graph.resources)))


def test_a_resource_under_another_name_is_no_finding(azure_pilot: Graph) -> None:
    found = evaluate(renamed(azure_pilot), pack.RULES["azure"]).findings
    assert [f"{one.rule}: {one.message}" for one in found] == []


def test_nothing_is_found_on_azure_in_what_says_the_same(azure_pilot: Graph) -> None:
    rules = [rule for rule in pack.RULES["azure"] if rule.name != "quota-undeclared"]  # a quota is one account's
    account = ("11112222-3333-4444-5555-666677778888", "22223333-4444-4555-8666-777788889999")
    for what, graph in benign(azure_pilot, ("azure-pilot", "churn-dev"), account):
        found = [f"{one.rule}: {one.message}" for one in evaluate(graph, rules).findings]
        assert found == [], what
