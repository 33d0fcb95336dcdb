"""Whether the rules notice: what fails on a mutated graph, and the mutants that nothing noticed."""

from collections.abc import Iterable

from catalogue.graph import Graph
from operations.evaluation import evaluate
from policies import pack

Mutants = Iterable[tuple[str, Graph]]


def caught(graph: Graph) -> set[str]:
    """The names of the rules that fail on a graph."""
    return {finding.rule for finding in evaluate(graph, pack.RULES[graph.platform]).findings}


def survivors_of(mutants: Mutants, *names: str) -> tuple[list[str], int]:
    """The mutants that fail none of the named rules, or, where none is named, no rule; and how many there were."""
    survivors, count = list[str](), 0
    for what, graph in mutants:
        count += 1
        failing = caught(graph)
        if not (failing & set(names) if names else failing):
            survivors.append(what)
    assert count, "there was nothing to mutate"
    return survivors, count


def expect_all_caught(mutants: Mutants, *names: str) -> None:
    """Every mutant fails one of the named rules, or, where none is named, any rule."""
    survivors, count = survivors_of(mutants, *names)
    assert not survivors, f"{len(survivors)} of {count} mutants live: {survivors[:10]}"
