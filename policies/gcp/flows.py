"""Definitions of workflows: one that starts jobs is whole, so that what is judged of it is what it does."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import workflows
from catalogue.kinds.gcp.workflows import AT, jobs
from policies.rule import Found, whole_stack_rule

_Json = Mapping[str, Any]
_DOES = frozenset({"assign", "call", "for", "next", "parallel", "raise", "return", "steps", "switch", "try"})
_ENDS = frozenset({"next", "raise", "return"})
_ANYWHERE = frozenset({"break", "continue", "end"})
_EXPRESSION = re.compile(r"\$\{(.*)\}", re.DOTALL)
_TEXT = re.compile(r'"(?:\\.|[^"\\])*"')
_NAME = re.compile(r"(?<![\w.])([A-Za-z_]\w*)(?![\w]*\()(\.\w+)*\(?")
_WORDS = frozenset({"and", "false", "http", "in", "not", "null", "or", "retry", "sys", "true"})
"""Words of the language, and of the library that has values beside functions."""
_LEAST_PAUSE, _MOST_PAUSE = 10, 900
_NEEDS = (
    "displayName",
    "inputConfig.instancesFormat",
    "outputConfig.predictionsFormat",
    "dedicatedResources.startingReplicaCount",
)


@whole_stack_rule(
    "limits-batch-whole",
    workflows.WORKFLOW,
    severity="medium",
    proof="workflow speed",
    says="A workflow that starts jobs is whole: it goes to steps that are there, reads what something sets, waits "
    "between looks, looks again where a call fails, and ends in a result or an error.",
    remedy="Keep the batch component's definition; what else a run is to do belongs there.",
    advice_elsewhere=True,
)
def whole(graph: Graph) -> Found:
    """Workflows takes a definition that reads what nothing sets, and such a run fails when it comes there. One that
    ends without an error counts as a success: Workflows, "Syntax reference",
    https://cloud.google.com/workflows/docs/reference/syntax
    """
    for workflow in graph.of(workflows.WORKFLOW):
        started = jobs(workflow.props)
        if started and not any(
            job.deploys for job in started
        ):  # what keeps an endpoint's hours, limits-hours-kept reads
            yield from ((workflow, sentence) for sentence in dict.fromkeys(_lacking(workflow)))


def _lacking(workflow: Resource) -> Iterator[str]:
    document = workflow.props.document_or_empty(AT).values
    called = {each.get("call") for one in document.values() for each in _objects(one)}
    for name, one in document.items():
        if name != "main" and name not in called:
            yield f"never calls {name}"
        steps = list(_steps(one.get("steps")))
        yield from _names(name, one)
        yield from _way(f"{name}.steps", steps, [], ends=True)
        if any(_jumps_back(steps)) and not any(each.get("call") == "sys.sleep" for each in _objects(one)):
            yield f"repeats steps of {name} without a pause"
        for each in _objects(one):
            yield from _call(document, each)
    for job in jobs(workflow.props):
        if job.kind == "batchPredictionJobs":
            yield from (f"starts jobs without {path}" for path in _NEEDS if not job.body.is_given(path))


def _steps(value: Any) -> Iterator[tuple[str, _Json]]:
    """Each step of a list, with its name."""
    for each in cast("list[Any]", value) if isinstance(value, list) else ():
        for name, step in cast(_Json, each).items() if isinstance(each, Mapping) else ():
            yield name, cast(_Json, step) if isinstance(step, Mapping) else {}


def _objects(value: Any) -> Iterator[_Json]:
    if isinstance(value, Mapping):
        yield cast(_Json, value)
        for one in cast(_Json, value).values():
            yield from _objects(one)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _objects(one)


# ---- names -----------------------------------------------------------------------------------------------------------


def _names(workflow: str, one: _Json) -> Iterator[str]:
    """What a sub-workflow reads and nothing sets, and what it sets for nobody."""
    taken = {text for text in one.get("params") or () if isinstance(text, str)}
    kept, results = set[str](), set[str]()
    for each in _objects(one):
        for assigned in each.get("assign") or ():
            kept |= {key.partition(".")[0].partition("[")[0] for key in cast(_Json, assigned)}
        results |= {text for key in ("result", "value") if isinstance(text := each.get(key), str)}
        kept |= {text for text in (each.get("as"),) if isinstance(text, str)}
    read = {name for text in _texts(one) for name in _read(text)}
    for name in sorted(read - taken - kept - results):
        yield f"reads {name} in {workflow}, which nothing sets"
    for name in sorted((kept | (taken if workflow != "main" else set[str]())) - read):
        yield f"sets {name} in {workflow}, which nothing reads"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in cast(_Json, value).values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _texts(one)


def _read(text: str) -> Iterator[str]:
    """The variables that an expression reads; a name before a bracket, with or without a point, is a function's."""
    found = _EXPRESSION.fullmatch(text)
    for match in _NAME.finditer(_TEXT.sub('""', found[1])) if found else ():
        if not match[0].endswith("(") and match[1] not in _WORDS:
            yield match[1]


# ---- steps -----------------------------------------------------------------------------------------------------------


def _way(at: str, steps: Sequence[tuple[str, _Json]], above: Sequence[str], ends: bool) -> Iterator[str]:
    """Steps that do nothing, go nowhere, or that nothing comes to; and a last one after which a run just ends."""
    names = [name for name, _ in steps]
    asked = {to for _, step in steps for each in _objects(step) if isinstance(to := each.get("next"), str)}
    for to in sorted(asked - {*names, *above} - _ANYWHERE):
        yield f"goes from {at} to {to}, which is no step of it"
    before: _Json | None = None
    for name, step in steps:
        if not _DOES & step.keys():
            yield f"does nothing in {at}.{name}"
        if before is not None and _ENDS & before.keys() and name not in asked:
            yield f"never comes to {at}.{name}"
        if "try" in step:
            caught = step.get("except")
            if step.get("retry") is None and not (
                isinstance(caught, Mapping) and caught.get("as") and caught.get("steps")
            ):
                yield f"catches no error of {at}.{name}"
        for branch in step.get("switch") or ():
            if "condition" not in branch or not _DOES & cast(_Json, branch).keys():
                yield f"has half a branch in {at}.{name}"
        for key, part in step.items():
            inner = list(_steps(part.get("steps"))) if isinstance(part, Mapping) else []
            yield from _way(f"{at}.{name}.{key}", inner, [*names, *above], ends=False)
        before = step
    if ends and (before is None or not _ENDS & before.keys()):
        yield f"ends {at} without a result or an error"


def _jumps_back(steps: Sequence[tuple[str, _Json]]) -> Iterator[str]:
    seen = set[str]()
    for name, step in steps:
        seen.add(name)
        yield from (to for each in _objects(step) if isinstance(to := each.get("next"), str) and to in seen)


def _call(document: _Json, step: _Json) -> Iterator[str]:
    """What lacks in one call: where to, as whom, with what, and another attempt where it only reads."""
    tried = step.get("try")
    if isinstance(tried, Mapping) and str(cast(_Json, tried).get("call")).startswith("http.") and "retry" not in step:
        yield "does not repeat a call that may be repeated (retry)"
    called, args = step.get("call"), step.get("args")
    given: _Json = cast(_Json, args) if isinstance(args, Mapping) else {}
    if not isinstance(called, str):
        if {"args", "result"} <= step.keys() and "call" not in step:
            yield "has arguments for no call"
    elif called.startswith("http."):
        yield from _request(step, given)
    elif called == "sys.sleep":
        seconds = given.get("seconds")
        if not isinstance(seconds, int) or not _LEAST_PAUSE <= seconds <= _MOST_PAUSE:
            yield f"pauses for {seconds} seconds, where {_LEAST_PAUSE} to {_MOST_PAUSE} are allowed"
    elif called == "sys.log":
        if not given.get("severity") or not (given.get("json") or given.get("text")):
            yield "logs nothing, or without a severity"
    elif isinstance(own := document.get(called), Mapping):
        taken = {text for text in cast(_Json, own).get("params") or () if isinstance(text, str)}
        if given.keys() != taken:
            yield f"calls {called} with {', '.join(sorted(given)) or 'nothing'}, which takes {', '.join(sorted(taken))}"
        if not step.get("result"):
            yield f"does not look at what {called} returns (result)"


def _request(step: _Json, given: _Json) -> Iterator[str]:
    auth, url = given.get("auth"), str(given.get("url") or "")
    if not url or not isinstance(auth, Mapping) or not cast(_Json, auth).get("type"):
        yield f"calls {url[:80] or 'nothing'} as nobody (url, auth.type)"
    if not step.get("result"):
        yield f"does not look at what {url[:80]} answers (result)"


RULES = [whole]
