"""How often one run of a Google workflow comes to a step that starts jobs: what bounds it, and the number.

A bound is a counter: every way back to the step adds to it, and has a condition that compares it with a number.
Workflows, "Syntax reference", https://cloud.google.com/workflows/docs/reference/syntax
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from catalogue.kind import Kind
from catalogue.properties import Malformed, Properties

KINDS: tuple[Kind, ...] = ()
"""None: workflows.py has the record of a workflow, and reads it with this file."""

_COUNTED = re.compile(r"\$\{\s*(\w+)\s*(>=?)\s*([0-9]+)\s*\}")
_MOST = 1000
"""More repetitions than these are not counted."""

Starts = Callable[[Properties], bool]
"""Whether a step itself starts a job, by its call."""


def bounded(section: Properties, starts: Starts) -> None:
    """Refuse a step of a section that starts jobs and can be reached again without a bound. Raises Malformed."""
    steps = _Steps(section)
    for start in steps.again(starts):
        if not steps.bounds(start):
            step = steps.steps[start]
            raise Malformed(step.at, "is repeated without a bound, so the number of its jobs is unknown", step.owner)


def repeated(section: Properties, starts: Starts) -> Mapping[str, int | None]:
    """How often at most one pass through a section comes to each of its steps that starts jobs again and again, by
    where the step stands. None where nobody can tell: a step whose call is tried again is one of these.
    """
    steps = _Steps(section)
    found = {steps.steps[start].at: steps.most(start) for start in steps.again(starts)}
    for step in steps.steps:
        if any("retry" in each and any(map(starts, each.sections_inside())) for each in step.sections_inside()):
            found[step.at] = None
    return found


def times(at: str, within: Mapping[str, int | None]) -> int | None:
    """How often one pass comes to what stands at a place: of all the steps around it, one number times the other."""
    around = [most for step, most in within.items() if at == step or at.startswith((f"{step}.", f"{step}["))]
    known = [most for most in around if most is not None]
    return math.prod(known) if len(known) == len(around) else None


class _Steps:
    """The steps of a section by their place, and which may follow which."""

    def __init__(self, section: Properties) -> None:
        named = [(name, each.section_or_empty(name)) for each in section.each_section("steps") for name in each.names()]
        self.names, self.steps = [name for name, _ in named], [step for _, step in named]
        self._ways = {at: self._follow(at) for at in range(len(self.steps))}
        switches = [_counted(each) for step in self.steps for each in step.each_section("switch")]
        self._counters = sorted({found[1] for found in switches if found})

    def again(self, starts: Starts) -> Iterator[int]:
        """The steps that start a job and may be reached from themselves."""
        for at, step in enumerate(self.steps):
            if at in _reached(at, self._ways) and any(map(starts, step.sections_inside())):
                yield at

    def bounds(self, start: int) -> bool:
        """Whether a counter bounds how often a run comes to a step."""
        return any(self._bounded_by(counter, start) for counter in self._counters)

    def most(self, start: int) -> int | None:
        """How often a run comes to a step, by the counter that bounds it most; None where none says it."""
        found = [self._passes(counter, start) for counter in self._counters if self._bounded_by(counter, start)]
        return min((most for most in found if most is not None), default=None)

    def _follow(self, at: int, counter: str = "", number: float = math.inf) -> set[int]:
        """The steps that may follow a step; with a counter, while that has a number, which is below zero before it has
        one."""
        step, found = self.steps[at], set[int]()
        for branch in step.each_section("switch"):
            said = _counted(branch) if counter else None
            if said is None or said[1] != counter:
                found |= self._jumps(branch)
            elif number > int(said[3]) or (number == int(said[3]) and said[2] == ">="):
                return found | self._jumps(branch)
        found |= self._jumps(step)
        return found if any(key in step for key in ("next", "return", "raise")) else found | {at + 1}

    def _jumps(self, part: Properties) -> set[int]:
        said = {each.text_or_empty("next") for each in part.sections_inside() if "next" in each}
        return {at for at, name in enumerate(self.names) if name in said}

    def _bounded_by(self, counter: str, start: int) -> bool:
        """Whether every way back to a step adds to the counter, does not set it otherwise, and ends at its number."""
        adding, setting = set[int](), set[int]()
        for at, step in enumerate(self.steps):
            said = list(_assigned(step, counter))
            if said and all(re.fullmatch(rf"\$\{{\s*{counter}\s*\+\s*[1-9][0-9]*\s*\}}", text) for text in said):
                adding |= {at} if "assign" in step else set[int]()
            elif said:
                setting.add(at)
        around = {at for at in _reached(start, self._ways) if start in _reached(at, self._ways)}
        counted = {at: self._follow(at, counter) for at in range(len(self.steps))}
        uncounted = {at: to - adding for at, to in self._ways.items()}
        return (
            not around & setting and start not in _reached(start, counted) and start not in _reached(start, uncounted)
        )

    def _passes(self, counter: str, start: int) -> int | None:
        """How often a run comes to a step, as the counter counts: each way from the first step is followed with the
        counter's number, until none leads back. None where a number is not written down.
        """
        ahead, passes = {(0, -1)}, int(start == 0)
        while ahead and passes <= _MOST:
            seen, come = set[tuple[int, int]](), set[tuple[int, int]]()
            while ahead:
                at, number = ahead.pop()
                if at >= len(self.steps):
                    continue
                after = _next_number(self.steps[at], counter, number)
                if after is None:
                    return None
                for to in self._follow(at, counter, after):
                    one = (to, after)
                    if to == start:
                        come.add(one)
                    elif one not in seen:
                        seen.add(one)
                        ahead.add(one)
            passes += bool(come)
            ahead = come
        return passes if passes <= _MOST else None


def _next_number(step: Properties, counter: str, number: int) -> int | None:
    """The counter's number after a step; None where what it is set to is not written down as a number."""
    for text in _assigned(step, counter):
        if text.isdecimal():
            number = int(text)
        elif number >= 0 and (added := re.fullmatch(rf"\$\{{\s*{counter}\s*\+\s*([0-9]+)\s*\}}", text)):
            number = min(number + int(added[1]), _MOST + 1)
        else:
            return None
    return number


def _assigned(step: Properties, name: str) -> Iterator[str]:
    """What the step itself and what stands in it sets a variable to: a call's answer is no number that is written down,
    and what is handed to a call is the call's own."""
    for each in step.sections_inside():
        if "call" not in each:
            yield from set_to(each, name)
        elif each.text_or_empty("result") == name:
            yield each.text_or_empty("call")


def _counted(branch: Properties) -> re.Match[str] | None:
    """The variable that the condition of a branch compares with a number, how, and that number."""
    return _COUNTED.fullmatch(branch.text_or_empty("condition"))


def _reached(start: int, ways: Mapping[int, Iterable[int]]) -> set[int]:
    """All steps that can come after a step."""
    found, waiting = set[int](), set(ways.get(start, ()))
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            waiting |= set(ways.get(at, ()))
    return found


def set_to(section: Properties, name: str) -> Iterator[str]:
    """The values of a variable, set by an assignment or as an argument of a call."""
    for path in ("assign", "args"):
        if path == "args" and isinstance(section.values.get(path), list):  # the arguments of a container
            continue
        if path in section:
            for given in section.each_section(path):
                if name in given:
                    yield given.text_or_empty(name)
