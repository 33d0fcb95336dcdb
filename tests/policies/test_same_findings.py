"""The engine's door and the offline verdict say the same of the same graph, rule by rule and word by word.

What is said by the engine's door is what the pack's own gRPC analyzer answers (tests/engine_door.py). `make test` asks
about mutants of small programs of other people, and of the pilots with the rules that a mutant breaks; with `--long`
about many more, with every rule.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import islice

import pytest
from pulumi_policy import Policy

from catalogue.graph import Graph, Resource
from catalogue.marks import SECRET
from catalogue.platforms import PLATFORMS
from operations.evaluation import as_finding
from operations.judge import decided
from policies import __main__ as engine
from policies.pack import RULES
from policies.rule import Rule
from tests.engine_door import Told, knock
from tests.foreign import PROGRAMS, program, resource
from tests.mutants.changes import Mutant, of_resource
from tests.mutants.values import World
from tests.on_engine import before_up

Said = tuple[str, str, str, bool]


@pytest.fixture(autouse=True)
def pack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_sent", {})


def offline(graph: Graph, names: Sequence[str] | None = None) -> Iterator[Told]:
    """What the offline verdict says, under the names that rules have on the engine."""
    today = date.today()
    for rule in RULES[graph.platform]:
        if names is not None and name_of(graph, rule) not in names:
            continue
        for violation in rule.judge(graph).violations:
            found = decided(graph, as_finding(graph, rule, violation), today)
            if found.excused:
                continue
            urn = violation.resource.urn if violation.resource else ""
            if violation.waits is None:
                yield Told(name_of(graph, rule), urn, violation.sentence, found.mandatory)
            else:
                yield Told(name_of(graph, rule), "", "", False)


def name_of(graph: Graph, rule: Rule) -> str:
    name = rule.name if rule.name == "kind-known" else f"{graph.platform}-{rule.name}"
    return f"{name}-elsewhere" if rule.advice_elsewhere and not graph.ours else name


@cache
def every() -> list[Policy]:
    """The whole pack, read once."""
    return engine.policies()


def policies(platform: str, names: Iterable[str] | None = None) -> list[Policy]:
    """Those of a platform, or those that are named; and always the one that remembers what was sent."""
    wanted = None if names is None else {*names, "remember-inputs"}
    begins = (f"{platform}-", "kind-known", "remember-inputs")
    return [one for one in every() if (one.name in wanted if wanted else one.name.startswith(begins))]


def differences(graph: Graph, monkeypatch: pytest.MonkeyPatch, names: Sequence[str] | None = None) -> list[str]:
    """What only one of the two says. Where rules are named, only they are asked."""
    monkeypatch.setattr(engine, "ours", lambda: graph.ours)
    monkeypatch.setattr(engine, "placement", lambda: graph.placement)
    said = set(offline(without_ids(graph), names))
    there = {one for one in knock(graph, policies(graph.platform, names)) if names is None or one.rule in names}
    there = {one if one.sentence else one._replace(urn="", mandatory=False) for one in there}
    return [f"offline: {one}" for one in said - there] + [f"engine: {one}" for one in there - said]


def without_ids(graph: Graph) -> Graph:
    """The graph as far as the engine shows it: no id of anything in the cloud (pulumi/pulumi, AnalyzerResource)."""

    def shown(one: Resource) -> Resource:
        if one.is_provider:
            return one
        return replace(one, outputs={key: value for key, value in one.outputs.items() if key != "id"})

    return replace(graph, resources=tuple(map(shown, graph.resources)))


def combined(graph: Graph, mutants: Iterable[Mutant]) -> Graph:
    """One graph with the changes of many mutants, each of another resource."""
    now = dict(graph.by_urn)
    for mutant in mutants:
        left = mutant.graph.by_urn
        now = {urn: one for urn, one in now.items() if urn in left or urn not in graph.by_urn}
        now |= {urn: one for urn, one in left.items() if one is not graph.by_urn.get(urn)}
    return replace(graph, resources=tuple(sorted(now.values(), key=lambda one: one.urn)))


def mutated(graph: Graph, seed: str, most: int) -> Graph:
    """The graph with a mutant of each of so many resources; the same in each run."""
    draw, world = random.Random(seed), World.of(graph)
    chosen = draw.sample(graph.cloud, min(most, len(graph.cloud)))
    return combined(graph, [draw.choice(list(islice(of_resource(graph, world, one), 60))) for one in chosen])


@pytest.mark.parametrize("made", PROGRAMS, ids=lambda made: made.__name__)
@pytest.mark.parametrize("when", ["known", "mutants", "mutants before up"])
def test_of_a_small_program_of_others(made: "type[object]", when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph: Graph = made()  # pyright: ignore[reportAssignmentType]
    graph = mutated(graph, when, 3) if "mutants" in when else graph
    assert "\n".join(differences(before_up(graph) if "before" in when else graph, monkeypatch)) == ""


def test_a_marked_secret_is_no_secret_in_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def warehouse(password: object) -> Graph:
        return program("aws", resource("aws:redshift/cluster:Cluster", "w", {"masterPassword": password}))

    for graph, plain in ((warehouse({**SECRET}), False), (warehouse("correct-horse-battery"), True)):
        assert "\n".join(differences(graph, monkeypatch)) == ""
        assert plain is any(one.rule == "aws-secrets-in-plain" for one in offline(graph))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_of_mutants_of_a_pilot(platform: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = mutated(request.getfixturevalue(f"{platform}_pilot"), platform, 6)
    broken = sorted({one.rule for one in offline(graph)})
    assert len(broken) > 2
    some = random.Random(platform).sample(broken, 2)
    assert "\n".join(differences(graph, monkeypatch, some)) == ""


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("platform", PLATFORMS)
def test_of_many_mutants_of_a_pilot(
    platform: str, seed: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not request.config.getoption("--long"):
        pytest.skip("takes minutes; make same-findings runs it")
    graph = mutated(request.getfixturevalue(f"{platform}_pilot"), f"{platform}{seed}", 40)
    assert "\n".join(differences(before_up(graph) if seed % 2 else graph, monkeypatch)) == ""
