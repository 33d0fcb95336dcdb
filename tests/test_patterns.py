"""No pattern that is searched for in a text takes the square of the text's length.

A search tries each place of a text. Where a pattern begins with what repeats without bound, each try in a long run of
such characters reads the run to its end: 128 KiB of one letter took 80 seconds of a judgement. So such a pattern says
by a lookbehind, a word boundary or an anchor that it begins where the run begins. What is matched whole, or at one
place, is tried once.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from re import _constants as codes  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
from re import _parser as parser  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
from typing import Any

import pytest

ROOMS = ("catalogue", "components", "operations", "policies", "provider", "sandbox", "stacks")
SEARCHES = {"search", "findall", "finditer", "sub", "subn", "split"}
ASCII = [chr(code) for code in range(128)]
ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "operations" / "sources"
"""What `make facts` reads, which is the source of a provider that a maintainer has chosen."""
EXCUSED = {
    "operations/accept/redaction.py _QUOTED.finditer": "a sentence is cut before it is read",
    "policies/gcp/flow_values.py _TEXT.sub": "each try succeeds: what nothing closes, the end of the text does",
    "policies/controls/__init__.py re.search": "a pattern of the limits, which a person writes",
}


def is_slow(pattern: str, flags: int = 0) -> bool:
    """Whether a search can begin anywhere in a run of characters and read it to its end each time."""
    items: list[Any] = list(parser.parse(pattern, flags))
    return _opens(items, set(ASCII))


def _opens(items: list[Any], before: set[str], after: set[str] | None = None, at_word: bool = False) -> bool:
    """Whether what the items begin with repeats without bound, and a try can begin inside such a run.

    `before` are characters that each item so far may have been. `after` are those that a lookbehind forbids before the
    first, and `at_word` says that a word begins or ends there.
    """
    forbidden = after or set[str]()
    for index, (code, argument) in enumerate(items):
        rest = items[index + 1 :]
        if code in (codes.ASSERT, codes.ASSERT_NOT):
            if argument[0] < 0:
                forbidden = forbidden | (_characters(list(argument[1])) if code is codes.ASSERT_NOT else set(ASCII))
        elif code is codes.AT:
            if argument is not codes.AT_BOUNDARY:
                return False
            at_word = True
        elif code in (codes.SUBPATTERN, codes.ATOMIC_GROUP, codes.BRANCH):
            ways = argument[1] if code is codes.BRANCH else [argument[3] if code is codes.SUBPATTERN else argument]
            return any(_opens([*way, *rest], before, forbidden, at_word) for way in ways)
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            least, most, repeated = argument
            run = _characters(list(repeated))
            if most is codes.MAXREPEAT and rest and before & run and run - forbidden and (not at_word or _mixed(run)):
                return True
            if most is codes.MAXREPEAT and least:
                return False
            ways = [[*repeated, *rest], *([] if least else [rest])]
            return any(_opens(way, before, forbidden, at_word) for way in ways)
        else:
            before = before & _characters([(code, argument)])
            if not before:
                return False
    return False


def _mixed(run: set[str]) -> bool:
    """Whether words begin and end inside a run."""
    return bool(run & _text(r"\w")) and bool(run & _text(r"\W"))


@cache
def _text(pattern: str) -> frozenset[str]:
    return frozenset(character for character in ASCII if re.fullmatch(pattern, character, re.DOTALL))


def _characters(items: list[Any]) -> set[str]:
    """The characters that may stand in what the items match."""
    found = set[str]()
    for code, argument in items:
        if code is codes.LITERAL:
            found.add(chr(argument))
        elif code is codes.NOT_LITERAL:
            found |= {character for character in ASCII if ord(character) != argument}
        elif code is codes.ANY:
            found |= set(ASCII)
        elif code is codes.IN:
            found |= _of_a_set(argument)
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            found |= _characters(list(argument[2]))
        elif code is codes.SUBPATTERN:
            found |= _characters(list(argument[3]))
        elif code is codes.BRANCH:
            found |= {character for branch in argument[1] for character in _characters(list(branch))}
    return found


CATEGORIES: dict[Any, str] = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}


def _of_a_set(members: list[Any]) -> set[str]:
    found, negated = set[str](), False
    for code, argument in members:
        if code is codes.NEGATE:
            negated = True
        elif code is codes.LITERAL:
            found.add(chr(argument))
        elif code is codes.RANGE:
            found |= {character for character in ASCII if argument[0] <= ord(character) <= argument[1]}
        else:
            found |= _text(CATEGORIES[argument])
    return set(ASCII) - found if negated else found


def searched() -> Iterator[tuple[str, str]]:
    """Each pattern that our code searches for, with where it stands."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            if ".venv" not in file.parts and file.parent != SOURCES:
                yield from _searched_in(file)


def _searched_in(file: Path) -> Iterator[tuple[str, str]]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    named = {
        target.id: node.value.args[0]
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _called(node.value) == "re.compile"
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for owner, method, call in [(*_called(call).rpartition(".")[::2], call) for call in calls]:
        pattern = call.args[0] if owner == "re" and call.args else named.get(owner)
        if method in SEARCHES and isinstance(pattern, ast.Constant):
            yield f"{file.relative_to(ROOT)} {owner}.{method}", str(pattern.value)


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func)


@pytest.mark.parametrize(
    "pattern",
    [
        r"[a-z]+@x",
        r"([a-z][a-z0-9-]+)@x",
        r"@x|([a-z]\w+)=",
        r"\s*=",
        r"(?:[a-z0-9]+://|www)x",
        r"(a|b)*x",
        r"\b[\w-]+=",
        r"(?<!a)\w+=",
    ],
)
def test_what_begins_with_a_run_is_slow(pattern: str) -> None:
    assert is_slow(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?<![a-z])[a-z]+@x",
        r"\b\w+=",
        r"(?<!-)-[a-z]=",
        r"^\s*=",
        r"@[a-z]+x",
        r"[a-z]{3}=",
        r"\s+",
        r"x:\w+=",
        r"[_-]+",
    ],
)
def test_what_begins_at_one_place_or_ends_with_the_run_is_not(pattern: str) -> None:
    assert not is_slow(pattern)


def test_none_that_we_search_for_is_slow() -> None:
    patterns = list(searched())
    assert len(patterns) > 60
    slow = {where: pattern for where, pattern in patterns if is_slow(pattern)}
    assert slow.keys() == EXCUSED.keys(), {where: slow[where] for where in slow.keys() - EXCUSED.keys()}
