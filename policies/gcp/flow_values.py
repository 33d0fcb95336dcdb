"""What a definition of a workflow knows at each step: what is set on every way there, and what somebody reads after."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

Json = Mapping[str, Any]
Step = tuple[str, Json]
ENDS = frozenset({"next", "raise", "return"})
_EXPRESSION = re.compile(r"\$\{(.*)\}", re.DOTALL)
_TEXT = re.compile(r'"(?:\\.|[^"\\])*(?:"|\Z)', re.DOTALL)
_NAME = re.compile(r"(?<![\w.])([A-Za-z_]\w*+)(?!\()(\.\w+)*\(?")
_WORDS = frozenset({"and", "false", "http", "in", "not", "null", "or", "retry", "sys", "true"})
"""Words of the language, and of the library that has values beside functions."""


def steps_of(value: Any) -> list[Step]:
    """Each step of a list, with its name."""
    found: list[Step] = []
    for each in cast("list[Any]", value) if isinstance(value, list) else ():
        for name, step in cast(Json, each).items() if isinstance(each, Mapping) else ():
            found.append((name, cast(Json, step) if isinstance(step, Mapping) else {}))
    return found


def objects(value: Any) -> Iterator[Json]:
    """Every object in a value, the value itself first."""
    if type(value) is str:  # most are, and asking whether one is a mapping is dear
        return
    if isinstance(value, Mapping):
        yield cast(Json, value)
        for one in cast(Json, value).values():
            yield from objects(one)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from objects(one)


def texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in cast(Json, value).values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from texts(one)


def read(value: Any) -> set[str]:
    """The variables that a value reads; a name before a bracket, with or without a point, is a function's."""
    found = set[str]()
    for text in texts(value):
        expression = _EXPRESSION.fullmatch(text)
        for match in _NAME.finditer(_TEXT.sub('""', expression[1])) if expression else ():
            if not match[0].endswith("(") and match[1] not in _WORDS:
                found.add(match[1])
    return found


def root(key: str) -> str:
    """The variable of which a key sets a part, such as `job` of `job.state`."""
    return re.split(r"[.\[]", key, maxsplit=1)[0]


def assigned(step: Json) -> Iterator[tuple[str, Any]]:
    """Each assignment of a step, in their order."""
    for each in step.get("assign") or ():
        yield from cast(Json, each).items() if isinstance(each, Mapping) else ()


def unset(steps: Sequence[Step], params: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each step that reads a variable which not every way to it has set, with that variable.

    Workflows fails such a run where it comes there: "Variables", https://cloud.google.com/workflows/docs/reference/syntax/variables
    """
    ways = follow(steps)
    every = {root(key) for _, step in steps for each in objects(step) for key, _ in assigned(each)}
    every |= {text for _, step in steps for each in objects(step) if isinstance(text := each.get("result"), str)}
    have: list[set[str] | None] = [None] * len(steps)
    waiting = [(0, set(params))] if steps else []
    while waiting:
        at, known = waiting.pop()
        before = have[at]
        now = known if before is None else before & known
        if now != before:
            have[at] = now
            after = _after(steps[at][1], now, lambda _: None)
            waiting += [(to, after) for to in ways[at]]
    for (name, step), known in zip(steps, have, strict=True):
        missing = list[str]()
        if known is not None:
            _after(step, known, missing.append)
        yield from ((name, one) for one in dict.fromkeys(missing) if one in every)


def _after(step: Json, known: set[str], missing: Callable[[str], None]) -> set[str]:
    """What is set after a step that begins with what is `known`. What it reads beside that is `missing`."""

    def reads(*values: Any) -> None:
        for name in sorted(read(list(values)) - have):
            missing(name)

    have = set(known)
    for key, value in assigned(step):
        reads(value)
        have.add(root(key))
    reads(step.get("args"), step.get("switch"), step.get("return"), step.get("raise"))
    if isinstance(result := step.get("result"), str):
        have.add(result)
    if isinstance(tried := step.get("try"), Mapping):
        done, caught = _after(cast(Json, tried), have, missing), step.get("except")
        if isinstance(caught, Mapping):
            inside = have | {str(cast(Json, caught).get("as"))}
            handled = steps_of(cast(Json, caught).get("steps"))
            for _, one in handled:
                inside = _after(one, inside, missing)
            done = done if handled and ENDS & handled[-1][1].keys() else done & inside
        have |= done
    for _, one in steps_of(step.get("steps")):
        have = _after(one, have, missing)
    return have


def lost(steps: Sequence[Step]) -> Iterator[tuple[str, str]]:
    """Each step that asks for a value or works one out, and the variable, which nothing reads before it is set anew."""
    ways = follow(steps)
    live: list[set[str]] = [set() for _ in steps]
    changed = True
    while changed:
        changed = False
        for at in reversed(range(len(steps))):
            step = steps[at][1]
            after = set[str]().union(*(live[to] for to in ways[at]))
            now = read(step) | (after - _sets(step))
            changed, live[at] = changed or now != live[at], now
    for at, (name, step) in enumerate(steps):
        after = set[str]().union(*(live[to] for to in ways[at]))
        said = [root(key) for key, value in assigned(step) if isinstance(value, str) and value.startswith("${")]
        said = [one for one in said if one not in read(step)]
        call = cast(Json, step["try"]) if isinstance(step.get("try"), Mapping) else step
        if isinstance(result := call.get("result"), str) and not any(":cancel" in text for text in texts(call)):
            said.append(result)
        yield from ((name, one) for one in said if one not in after)


def _sets(step: Json) -> set[str]:
    """What a step sets anew whatever happens."""
    return {key for key, _ in assigned(step)} | ({str(step["result"])} if "result" in step else set[str]())


def follow(steps: Sequence[Step]) -> list[list[int]]:
    """The steps that may come after each step: where it or a part of it goes, and the next one unless it ends."""
    places = {name: at for at, (name, _) in enumerate(steps)}
    ways = list[list[int]]()
    for at, (_, step) in enumerate(steps):
        to = {places[name] for each in objects(step) if isinstance(name := each.get("next"), str) and name in places}
        if not ENDS & step.keys() and at + 1 < len(steps):
            to.add(at + 1)
        ways.append(sorted(to))
    return ways


def twice(value: Any, at: str) -> Iterator[str]:
    """Where one step, assignment or branch stands twice. The first pool of a job is the chief, and like no other."""
    if isinstance(value, Mapping):
        for key, one in cast(Json, value).items():
            yield from twice(one, f"{at}.{key}")
    elif isinstance(value, list):
        parts = [json.dumps(one, sort_keys=True) for one in cast("list[Any]", value)]
        if at.endswith(".workerPoolSpecs"):
            del parts[:1]
        if len(set(parts)) < len(parts):
            yield at
        for number, one in enumerate(cast("list[Any]", value)):
            yield from twice(one, f"{at}.{number}")
