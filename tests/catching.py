"""Whether the rules notice: what fails on a mutated graph, and the mutants that nothing noticed."""

from collections.abc import Iterable

from catalogue.graph import Graph
from operations.evaluation import evaluate
from policies import pack

Mutants = Iterable[tuple[str, Graph]]


def caught(graph: Graph, *names: str) -> set[str]:
    """The names of the rules that fail on a graph. Where some are named, no other is asked."""
    rules = [rule for rule in pack.RULES[graph.platform] if not names or rule.name in names]
    assert rules, f"there is no rule {', '.join(names)}"
    return {finding.rule for finding in evaluate(graph, rules).findings}


def is_noticed(graph: Graph, *names: str) -> bool:
    """Whether one of the named rules fails on a graph, or, where none is named, any rule."""
    rules = [rule for rule in pack.RULES[graph.platform] if not names or rule.name in names]
    # What caught the mutant before often catches the next one, and then no other need be asked.
    rules.sort(key=lambda rule: rule.name != _LAST.get(graph.platform))
    for rule in rules:
        if rule.judge(graph).violations:
            _LAST[graph.platform] = rule.name
            return True
    return False


_LAST: dict[str, str] = {}


def survivors_of(mutants: Mutants, *names: str) -> tuple[list[str], int]:
    """The mutants that fail none of the named rules, or, where none is named, no rule; and how many there were."""
    survivors, count = list[str](), 0
    for what, graph in mutants:
        count += 1
        if not is_noticed(graph, *names):
            survivors.append(what)
    assert count, "there was nothing to mutate"
    return survivors, count


def expect_all_caught(mutants: Mutants, *names: str) -> None:
    """Every mutant fails one of the named rules, or, where none is named, any rule."""
    survivors, count = survivors_of(mutants, *names)
    assert not survivors, f"{len(survivors)} of {count} mutants live: {survivors[:10]}"
