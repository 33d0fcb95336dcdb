"""The order of steps, held against the plainest way to say the same: on generated graphs, and each by hand."""

from collections.abc import Collection, Mapping
from itertools import combinations, permutations
from random import Random

import pytest

from catalogue.order import all_before, in_order, longest, most_at_once

DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}


def generated(number: int) -> dict[str, list[str]]:
    """A graph of up to seven steps: sparse, dense and without any reading, under names in no order."""
    random = Random(number)
    names = random.sample("abcdefghij", random.randint(1, 7))
    share = random.choice([0.0, 0.2, 0.4, 0.8, 1.0])
    return {name: [one for one in names[:at] if random.random() < share] for at, name in enumerate(names)}


GRAPHS = [generated(number) for number in range(150)]


def test_each_comes_after_what_it_waits_for_and_the_order_of_the_keys_decides_nothing() -> None:
    for waits in GRAPHS:
        order = in_order(waits)
        assert sorted(order) == sorted(waits)
        assert all(order.index(one) < order.index(name) for name, before in waits.items() for one in before)
        assert order == in_order(dict(reversed(waits.items()))) == in_order(dict(sorted(waits.items())))


def ways(name: str, waits: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Each way that ends with a name, step by step."""
    return [[name]] + [[*way, name] for one in waits[name] for way in ways(one, waits)]


def test_what_is_before_a_name_is_on_a_way_to_it() -> None:
    for waits in GRAPHS:
        for name, before in all_before(waits).items():
            assert before == {one for way in ways(name, waits) for one in way} - {name}


def test_the_longest_way_is_the_longest_of_all_ways() -> None:
    for number, waits in enumerate(GRAPHS):
        random = Random(number)
        lasts = {name: float(random.randint(0, 9)) for name in waits}
        assert longest(lasts, waits) == max(
            sum(lasts[one] for one in way) for name in waits for way in ways(name, waits)
        )


def by_force(amounts: Mapping[str, int], before: Mapping[str, Collection[str]]) -> int:
    sets = (chosen for many in range(len(amounts) + 1) for chosen in combinations(amounts, many))
    return max(
        sum(amounts[one] for one in chosen)
        for chosen in sets
        if not any(one in before[other] for one, other in permutations(chosen, 2))
    )


def test_the_most_at_once_is_the_most_of_all_sets_in_which_none_is_before_another() -> None:
    for number, waits in enumerate(GRAPHS):
        random, before = Random(number), all_before(waits)
        amounts = {name: random.randint(0, 5) for name in waits}
        assert most_at_once(amounts, before) == by_force(amounts, before)


@pytest.mark.parametrize(
    ("amounts", "most"),
    [
        ({"a": 1, "b": 1, "c": 1, "d": 1}, 2),
        ({"a": 5, "b": 2, "c": 2, "d": 1}, 5),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, 5),
        ({"b": 2}, 2),
        ({}, 0),
    ],
)
def test_of_a_diamond_the_two_in_the_middle_stand_together(amounts: Mapping[str, int], most: int) -> None:
    assert most_at_once(amounts, all_before(DIAMOND)) == most
    assert longest({"a": 1, "b": 2, "c": 5, "d": 3}, DIAMOND) == 9


def test_a_long_chain_needs_what_its_largest_step_does() -> None:
    names = [f"step-{number:03}" for number in range(60)]
    waits = {name: names[at - 1 : at] if at else [] for at, name in enumerate(names)}
    assert most_at_once({name: at % 7 for at, name in enumerate(names)}, all_before(waits)) == 6


def test_what_waits_for_itself_or_for_nothing_there_is_left_out_and_counts_by_itself() -> None:
    waits = {"a": [], "b": ["c"], "c": ["b"], "d": ["a"], "e": ["gone"]}
    assert in_order(waits) == ["a", "d"] and all_before(waits).keys() == {"a", "d"}
    assert longest(dict.fromkeys(waits, 1.0), waits) == 5
    assert most_at_once(dict.fromkeys(waits, 1), all_before(waits)) == 4
