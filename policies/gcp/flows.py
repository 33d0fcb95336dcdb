"""Definitions of workflows: one that starts jobs is whole, so that what is judged of it is what it does."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

from catalogue import formats
from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import workflows
from catalogue.kinds.gcp.workflows import AT, Job, jobs
from catalogue.vertex_jobs import CUSTOM, PIPELINE, SCORES, TUNES
from policies.gcp import pipeline_specs
from policies.gcp.encryption import seconds
from policies.gcp.flow_values import (
    ENDS,
    Json,
    Step,
    assigned,
    lost,
    objects,
    read,
    root,
    steps_of,
    texts,
    twice,
    unset,
)
from policies.rule import Found, stack_rule, whole_stack_rule

_DOES = frozenset({"assign", "call", "for", "next", "parallel", "raise", "return", "steps", "switch", "try"})
_ANYWHERE = frozenset({"break", "continue", "end"})
_LEAST_PAUSE, _MOST_PAUSE = 10, 900
_OF_SPEC = (
    "workerPoolSpecs.containerSpec.imageUri",
    "workerPoolSpecs.replicaCount",
    "scheduling.timeout",
    "baseOutputDirectory.outputUriPrefix",
)
"""What the specification of a training job must say, and that of a trial."""
_NEEDS: Mapping[str, Sequence[str]] = {
    SCORES: (
        "displayName",
        "inputConfig.instancesFormat",
        "outputConfig.predictionsFormat",
        "dedicatedResources.startingReplicaCount",
    ),
    CUSTOM: ("displayName", *(f"jobSpec.{path}" for path in _OF_SPEC)),
    TUNES: (
        *("displayName", "maxTrialCount", "parallelTrialCount", "studySpec.parameters.parameterId"),
        *("studySpec.metrics.metricId", "studySpec.metrics.goal"),
        *(f"trialJobSpec.{path}" for path in _OF_SPEC),
    ),
    PIPELINE: pipeline_specs.NEEDS,
}
"""What each kind of job must say."""


def _spec(at: str, *more: str) -> Mapping[str, Collection[str]]:
    """What somebody has judged of the specification of a training job, which stands at this path."""
    return {
        at: {
            *("workerPoolSpecs", "scheduling", "serviceAccount", "baseOutputDirectory"),
            *("enableWebAccess", "enableDashboardAccess", *more),
        },
        f"{at}.workerPoolSpecs": {"machineSpec", "containerSpec", "replicaCount"},
        f"{at}.workerPoolSpecs.machineSpec": {"machineType", "acceleratorType", "acceleratorCount"},
        f"{at}.workerPoolSpecs.containerSpec": {"imageUri", "args", "command", "env"},
        f"{at}.scheduling": {"timeout", "strategy", "restartJobOnWorkerRestart"},
        f"{at}.baseOutputDirectory": {"outputUriPrefix"},
    }


_JUDGED: Mapping[str, Mapping[str, Collection[str]]] = {
    SCORES: {
        "": {
            *("displayName", "inputConfig", "outputConfig", "dedicatedResources"),
            *("encryptionSpec", "labels", "manualBatchTuningParameters", "model", "serviceAccount"),
        },
        "manualBatchTuningParameters": {"batchSize"},
        "inputConfig": {"instancesFormat", "gcsSource"},
        "inputConfig.gcsSource": {"uris"},
        "outputConfig": {"predictionsFormat", "gcsDestination"},
        "outputConfig.gcsDestination": {"outputUriPrefix"},
        "dedicatedResources": {"machineSpec", "startingReplicaCount", "maxReplicaCount"},
        "dedicatedResources.machineSpec": {"machineType", "acceleratorType", "acceleratorCount"},
        "encryptionSpec": {"kmsKeyName"},
    },
    CUSTOM: {
        "": {"displayName", "jobSpec", "encryptionSpec", "labels"},
        "encryptionSpec": {"kmsKeyName"},
        **_spec("jobSpec", "tensorboard"),
    },
    TUNES: {
        "": {
            *("displayName", "studySpec", "maxTrialCount", "parallelTrialCount"),
            *("trialJobSpec", "encryptionSpec", "labels"),
        },
        "encryptionSpec": {"kmsKeyName"},
        "studySpec": {"metrics", "parameters", "algorithm"},
        "studySpec.metrics": {"metricId", "goal"},
        "studySpec.parameters": {
            *("parameterId", "doubleValueSpec", "integerValueSpec", "categoricalValueSpec", "scaleType"),
        },
        "studySpec.parameters.doubleValueSpec": {"minValue", "maxValue"},
        "studySpec.parameters.integerValueSpec": {"minValue", "maxValue"},
        "studySpec.parameters.categoricalValueSpec": {"values"},
        **_spec("trialJobSpec"),
    },
    PIPELINE: pipeline_specs.JUDGED,
}
"""What of a job somebody has judged, by the part of it. Beside it stand, among others, `disableContainerLogging` and
`unmanagedContainerModel` of a batch prediction job, `network` and `persistentResourceId` of a custom job:
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.batchPredictionJobs,
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec. A study may end trials by figures that no
stack file names (`measurementSelectionType` and what stops it):
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/StudySpec
"""
_STRATEGIES = ("STANDARD", "SPOT")
_LEAST_TIMEOUT = 3600
"""An hour, the least that a stack file takes for a training job."""
_ARGUMENTS: Mapping[str, Mapping[str, Collection[str]]] = {
    "http.get": {"": {"auth", "query", "url"}, "auth": {"type"}, "query": {"fields", "filter"}},
    "http.post": {"": {"auth", "body", "query", "url"}, "auth": {"type"}, "query": {"fields"}},
    "sys.log": {"": {"json", "severity"}, "json": {"error", "event", "job", "served"}},
    "sys.sleep": {"": {"seconds"}},
}
"""What each call of a workflow of the stack is given, and what is in that. Beside it stand, among others, headers, an
authority to trust, scopes of the token and a private address to call:
https://cloud.google.com/workflows/docs/reference/stdlib/http/post
"""
_FIELDS = re.compile(r"(pipelineJobs\()?name,state,error\)?")
"""What is asked for of a pipeline job: what a run reads of it, https://cloud.google.com/apis/docs/system-parameters."""
_RETRY = "${http.default_retry}"
"""Five attempts, where what failed is likely to pass: https://cloud.google.com/workflows/docs/reference/stdlib/http/default_retry"""
_CALLS = re.compile(r"http\.(get|post)|sys\.(log|sleep)")
_HOST = re.compile(r"https://[a-z0-9-]+-aiplatform\.googleapis\.com/|https://compute\.googleapis\.com/compute/v1/")
_FINAL = ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED")
"""The states in which a job has ended: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/JobState. A pipeline
job has the first three: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/PipelineState
"""


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
            for job in started if graph.ours else ():
                if job.kind == PIPELINE:
                    own = tuple(one for one in started if one.step)
                    name = workflow.props.text_if_known("name")
                    yield from ((workflow, each) for each in pipeline_specs.wrong(job, own, graph.placement, name))
            if graph.ours:
                yield from ((workflow, sentence) for sentence in dict.fromkeys(_own(workflow)))


def _lacking(workflow: Resource) -> Iterator[str]:
    document = workflow.props.document_or_empty(AT).values
    called = {each.get("call") for one in document.values() for each in objects(one)}
    for name, one in document.items():
        if name != "main" and name not in called:
            yield f"never calls {name}"
        steps = steps_of(one.get("steps"))
        yield from _names(name, one)
        for step, variable in unset(steps, one.get("params") or ()):
            yield f"reads {variable} in {name}.steps.{step}, which not every way to it has set"
        for step, variable in lost(steps):
            yield f"sets {variable} in {name}.steps.{step}, which nothing reads before it is set anew"
        yield from _way(f"{name}.steps", steps, [], ends=True)
        if any(_jumps_back(steps)) and not any(each.get("call") == "sys.sleep" for each in objects(one)):
            yield f"repeats steps of {name} without a pause"
        for each in objects(one):
            yield from _call(document, each)
    for job in jobs(workflow.props):
        needs = _NEEDS.get(job.kind, ())
        yield from (f"starts jobs without {path}" for path in needs if not job.body.is_given_in_each(path))
        for at, judged in _JUDGED.get(job.kind, {}).items():
            parts = job.body.each_section(at) if at else [job.body]
            more = {name for part in parts for name in part.names()} - set(judged)
            before = f"{at}." if at else ""
            yield from (f"starts jobs with {before}{name}, which nobody has judged" for name in sorted(more))
        if job.trains:
            yield from _trained(job)
        if job.kind == SCORES:
            yield from _scored(job)


_READ, _WRITTEN = (*formats.GCP.values(), "tf-record-gzip"), ("jsonl", "csv")
_MOST_RECORDS = 1_000
"""The most records of a request that a stack file takes."""


def _scored(job: Job) -> Iterator[str]:
    """What is wrong with what a batch prediction job reads and writes. A table of BigQuery is no place of the stack's.

    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.batchPredictionJobs
    """
    for path, known in (("inputConfig.instancesFormat", _READ), ("outputConfig.predictionsFormat", _WRITTEN)):
        for said in job.body.each_text(path):
            if said not in known:
                yield f"starts jobs with {path} {said[:40]}, where {', '.join(known)} are known"
    records = job.body.number_or_none("manualBatchTuningParameters.batchSize")
    if records is not None and not (1 <= records <= _MOST_RECORDS and records == int(records)):
        yield f"starts jobs with {records:g} records in a request, where 1 to {_MOST_RECORDS} are allowed"


def _trained(job: Job) -> Iterator[str]:
    """What is wrong with how a custom job is run: one chief, and all replicas anew where one is.

    Vertex AI, "Distributed training", https://cloud.google.com/vertex-ai/docs/training/distributed-training. A time is
    written as "ProtoJSON Format" has it, https://protobuf.dev/programming-guides/json/
    """
    pools = list(job.spec.each_section("workerPoolSpecs"))
    if pools and pools[0].number_or_none("replicaCount") not in (None, 1):
        yield "starts jobs with more than one chief (jobSpec.workerPoolSpecs[0].replicaCount)"
    anew = job.spec.flag_or_none("scheduling.restartJobOnWorkerRestart")
    if len(pools) > 1 and anew is not True:
        yield "starts jobs that go on with a replica that begins anew (scheduling.restartJobOnWorkerRestart)"
    if len(pools) == 1 and anew is not False:
        yield "starts jobs of one replica that do not say false for scheduling.restartJobOnWorkerRestart"
    timeout = job.spec.text_or_empty("scheduling.timeout")
    if timeout and not timeout.endswith("s"):
        yield f"starts jobs with scheduling.timeout {timeout[:40]}, which is refused: a time ends in s"
    if seconds(timeout) < _LEAST_TIMEOUT:
        yield f"starts jobs that end before any is done: scheduling.timeout is less than {_LEAST_TIMEOUT} s"
    strategy = job.spec.text_or_empty("scheduling.strategy")
    if strategy == "SPOT" and job.kind == TUNES:
        yield "starts trials on Spot machines, which share no checkpoints and begin anew (scheduling.strategy)"
    if strategy not in _STRATEGIES:
        yield f"starts jobs whose scheduling.strategy is {strategy or 'not given'}, none of {' or '.join(_STRATEGIES)}"


_TAKES_AWAY = re.compile(
    r"googleapis\.(?!aiplatform\.).*\.(delete|destroy|disable|setIamPolicy|(?:\w*AccessControls)\.(insert|patch|update))"
)
"""The methods of connectors that delete, or that let somebody in:
https://cloud.google.com/workflows/docs/reference/googleapis
"""


@stack_rule(
    "identity-calls-known",
    workflows.WORKFLOW,
    severity="high",
    says="A workflow of the stack calls Vertex AI, and looks at its own forwarding rules; it calls nothing else, and "
    "hands on nothing that nobody has judged.",
    remedy="Keep the component's definition; what else is to be called belongs into a component, with a rule on it.",
)
def calls_known(graph: Graph, workflow: Resource) -> Iterator[str]:
    """A connector reads and writes whatever its account may, and so does any other API of Google's: Workflows,
    "Connectors", https://cloud.google.com/workflows/docs/connectors. Another program may call what it likes, but what
    takes away a guard or gives somebody a right.
    """
    document: Json = workflow.props.document_or_empty(AT).values
    if not graph.ours:
        called = dict.fromkeys(str(each.get("call")) for one in document.values() for each in objects(one))
        yield from (f"calls {one[:80]}, which takes away or lets in" for one in called if _TAKES_AWAY.fullmatch(one))
        return
    for step in (each for one in document.values() for each in objects(one)):
        called, args = step.get("call"), step.get("args")
        if not isinstance(called, str) or called in document:
            continue
        if not _CALLS.fullmatch(called):
            yield f"calls {called[:80]}, which no workflow of the stack does"
        elif called.startswith("http."):
            url = str(cast(Json, args).get("url") if isinstance(args, Mapping) else "")
            if not _HOST.match(url.removeprefix('${"')):
                yield f"calls {url[:120]}, where only Vertex AI and forwarding rules are called"
        if called in _ARGUMENTS:
            yield from (f"gives {called} {one}, which nobody has judged" for one in sorted(_not_judged(called, args)))
            query = cast(Json, args).get("query") if isinstance(args, Mapping) else None
            if isinstance(query, Mapping) and not _FIELDS.fullmatch(
                str(cast(Json, query).get("fields", "name,state,error"))
            ):
                yield f"asks for {str(cast(Json, query)['fields'])[:80]} alone, where a run reads name, state and error"
        if called.startswith("http.") and "OAuth2" not in texts(args):
            yield f"calls {called} with another token than OAuth2's (auth.type)"
    for step in (each for one in document.values() for each in objects(one)):
        if (retry := step.get("retry", _RETRY)) != _RETRY:
            yield f"tries again as {str(retry)[:80]} says, where {_RETRY} bounds how often"


def _not_judged(called: str, args: Any) -> Iterator[str]:
    """What a call is given beside what is judged. A whole that an expression makes may hold anything."""
    known = _ARGUMENTS[called]
    given: Json = cast(Json, args) if isinstance(args, Mapping) else {}
    yield from given.keys() - known[""]
    for part, names in known.items():
        inside: Any = given.get(part)
        if part and isinstance(inside, Mapping):
            yield from (f"{part}.{name}" for name in cast(Json, inside).keys() - names)
        elif part and part in given:
            yield f"{part} as {str(given[part])[:80]}"
    if isinstance(given.get("body", {}), str):
        yield "body as an expression"


def _own(workflow: Resource) -> Iterator[str]:
    """What lacks in a run of ours: it looks for its own job, tries again under another name and returns the end."""
    document: Json = workflow.props.document_or_empty(AT).values
    started = jobs(workflow.props)
    for name, one in document.items():
        steps = steps_of(one.get("steps"))
        yield from (f"says the same twice in {at}" for at in twice(one.get("steps"), f"{name}.steps"))
        for variable in _constants(one):
            yield f"counts from a number in {name} and never on: {variable}"
        below = {key for each in objects(one) for key, value in assigned(each) if isinstance(value, int) and value < 0}
        yield from (f"counts from below zero in {name}: {variable}" for variable in sorted(below))
        compared = any(_COUNTER.fullmatch(str(each.get("condition"))) for each in objects(one))
        if compared and not any(_jumps_back(steps)):
            yield f"counts its attempts in {name} and makes one alone"
        for (at, before), (_, step) in pairwise(steps):
            if before.get("call") == step.get("call") == "sys.log" and not ENDS & before.keys():
                yield f"tells two things of one end ({name}.steps.{at})"
        if name == "main":
            yield from _ends(one)
            yield from _of_its_run(document, workflow.props.text_if_known("name"))
            yield from _in_part(one, steps) if any(job.kind == SCORES and not job.step for job in started) else ()
        called = [each for each in objects(one) if str(each.get("call")).startswith("http.")]
        made = {_url(each) for each in called if each.get("call") == "http.post"} - {""}
        if made:
            paths = any(job.kind == PIPELINE for job in started)
            final = [f"PIPELINE_STATE_{state}" for state in _FINAL[:3]] if paths else [f"JOB_STATE_{s}" for s in _FINAL]
            yield from _watches(name, one, steps, called, made, final)


def _ends(main: Json) -> Iterator[str]:
    """How a run ends well: by the success of its job alone. What is returned counts as one, whatever it says."""
    returned = [each for each in objects(main) if "return" in each]
    if not returned:
        yield "ends well by no way (main)"
    for each in returned:
        if not _SUCCEEDED.fullmatch(str(each.get("condition"))):
            yield f"ends well where {str(each.get('condition', 'nothing is asked'))[:80]} (main)"
    if any(each.get("next") == "end" for each in objects(main)):
        yield "ends well where it goes to end (main)"


def _of_its_run(document: Json, name: str) -> Iterator[str]:
    """What a run looks for and starts has the run's own id: under a name that two runs share, the second takes the job
    of the first, which has ended, for its own, and does nothing. A name that is new at each attempt starts two.

    "Use built-in environment variables", https://cloud.google.com/workflows/docs/use-environment-variables
    """
    looked = {
        (called, found[1])
        for called, one in document.items()
        for text in texts(one)
        if (found := _NAMED.fullmatch(text)) is not None
    }
    main = cast(Json, document["main"])
    handed = {
        str(cast(Json, each["args"]).get(param))
        for each in objects(main)
        for called, param in looked
        if each.get("call") == called and isinstance(each.get("args"), Mapping)
    }
    for key, value in (one for each in objects(main) for one in assigned(each)):
        said = _JOB_NAME.fullmatch(str(value))
        if f"${{{key}}}" in handed and (said is None or name not in ("", said[1])):
            yield f"calls its jobs {str(value)[:120]}, where its name {name}, the run's id and an attempt are right"


_JOB_NAME = re.compile(rf'\$\{{"([^"]*)-" \+ {re.escape(workflows.OF_THE_RUN)}(?: \+ "-" \+ string\(\w+\))?\}}')
"""The name of the workflow, the id of the run, and how many of its jobs have failed."""


def _in_part(main: Json, steps: Sequence[Step]) -> Iterator[str]:
    """A job that scored a part of its records ends the run with an error: tried again, it would score all of them."""
    raising = {name for name, step in steps if "raise" in step}
    asked = [each for each in objects(main) if _PARTLY.fullmatch(str(each.get("condition")))]
    if not any("raise" in each or each.get("next") in raising for each in asked):
        yield "does not end with an error where a job has succeeded in part, but scores all of it again (main)"


_PARTLY = re.compile(r'\$\{\w+\.state == "JOB_STATE_PARTIALLY_SUCCEEDED"\}')
_SUCCEEDED = re.compile(r'\$\{\w+\.state == "(JOB|PIPELINE)_STATE_SUCCEEDED"\}')
_COUNTER = re.compile(r"\$\{\w+ >=? \d+\}")


def _constants(one: Json) -> list[str]:
    """The variables that are read and are set to numbers alone."""
    said: dict[str, list[Any]] = {}
    for each in objects(one):
        for key, value in assigned(each):
            said.setdefault(key, []).append(value)
    return [key for key, values in said.items() if all(isinstance(value, int) for value in values)]


def _url(call: Json) -> str:
    """The address that a call names as a whole; empty where an expression makes it."""
    args = call.get("args")
    url = str(cast(Json, args).get("url") if isinstance(args, Mapping) else "")
    return "" if url.startswith("${") else url


def _watches(
    name: str, one: Json, steps: Sequence[Step], called: Sequence[Json], made: set[str], final: Sequence[str]
) -> Iterator[str]:
    """What lacks where a job is started: a look for it by its name, its end, and time before it is cancelled."""
    for text in texts(one):
        if (found := _FOUND.fullmatch(text)) is not None and found[1] != "0":
            yield f"takes {text[:80]} for its job, where a run has one and it is the first (0)"
    conditions = " ".join(str(each.get("condition")) for each in objects(one))
    for state in final:
        if f'"{state}"' not in conditions:
            yield f"does not see in {name} that a job has {state.partition('_STATE_')[2].lower()}"
    for call in called:
        url = _url(call)
        if call.get("call") == "http.get" and url:
            query = cast(Json, call["args"]).get("query")
            if url not in made:
                yield f"looks for a job in {url[:120]}, where it starts none"
            asked = cast(Json, query).get("filter") if isinstance(query, Mapping) else None
            looked = _NAMED.fullmatch(str(asked))
            if looked is None:
                yield f"takes the first job of the project for its own (query.filter of {url[:120]})"
            elif not all(called_.get("displayName") == f"${{{looked[1]}}}" for called_ in _bodies(called)):
                yield f"starts a job under another name than {looked[1]}, under which it looks for it (displayName)"
        elif not url and not any(map(_OF_JOB.fullmatch, texts(call.get("args")))):
            yield f"calls in {name} what is not named by the job that it found (url)"
    for (_, before), (at, step) in pairwise(steps):
        if not ENDS & before.keys() and any(":cancel" in text for text in texts(step)):
            yield f"cancels a job that it has only just looked at ({name}.steps.{at})"


def _bodies(called: Sequence[Json]) -> Iterator[Json]:
    for call in called:
        body = cast(Json, call["args"]).get("body") if isinstance(call.get("args"), Mapping) else None
        if call.get("call") == "http.post" and isinstance(body, Mapping):
            yield cast(Json, body)


_NAMED = re.compile(r'\$\{"display_name=\\"" \+ (\w+) \+ "\\""\}')
_FOUND = re.compile(r"\$\{\w+\.body\.\w+Jobs\[(.*)\]\}")
_OF_JOB = re.compile(r'\$\{"https://[a-z0-9.-]+/v1/" \+ job\.name(?: \+ ":cancel")?\}')


# ---- names -----------------------------------------------------------------------------------------------------------


def _names(workflow: str, one: Json) -> Iterator[str]:
    """What a sub-workflow reads and nothing sets, and what it sets for nobody."""
    taken = {text for text in one.get("params") or () if isinstance(text, str)}
    kept, results = set[str](), set[str]()
    for each in objects(one):
        kept |= {root(key) for key, _ in assigned(each)}
        results |= {text for key in ("result", "value") if isinstance(text := each.get(key), str)}
        kept |= {text for text in (each.get("as"),) if isinstance(text, str)}
    asked = read(one)
    for name in sorted(asked - taken - kept - results):
        yield f"reads {name} in {workflow}, which nothing sets"
    for name in sorted((kept | (taken if workflow != "main" else set[str]())) - asked):
        yield f"sets {name} in {workflow}, which nothing reads"


# ---- steps -----------------------------------------------------------------------------------------------------------


def _way(at: str, steps: Sequence[Step], above: Sequence[str], ends: bool) -> Iterator[str]:
    """Steps that do nothing, go nowhere, or that nothing comes to; and a last one after which a run just ends."""
    names = [name for name, _ in steps]
    asked = {to for _, step in steps for each in objects(step) if isinstance(to := each.get("next"), str)}
    for to in sorted(asked - {*names, *above} - _ANYWHERE):
        yield f"goes from {at} to {to}, which is no step of it"
    before: Json | None = None
    for name, step in steps:
        if not _DOES & step.keys():
            yield f"does nothing in {at}.{name}"
        if before is not None and ENDS & before.keys() and name not in asked:
            yield f"never comes to {at}.{name}"
        if "try" in step:
            caught = step.get("except")
            if step.get("retry") is None and not (
                isinstance(caught, Mapping) and caught.get("as") and caught.get("steps")
            ):
                yield f"catches no error of {at}.{name}"
        for branch in step.get("switch") or ():
            if "condition" not in branch or not _DOES & cast(Json, branch).keys():
                yield f"has half a branch in {at}.{name}"
        for key, part in step.items():
            inner = steps_of(part.get("steps")) if isinstance(part, Mapping) else []
            yield from _way(f"{at}.{name}.{key}", inner, [*names, *above], ends=False)
        before = step
    if ends and (before is None or not ENDS & before.keys()):
        yield f"ends {at} without a result or an error"


def _jumps_back(steps: Sequence[Step]) -> Iterator[str]:
    seen = set[str]()
    for name, step in steps:
        seen.add(name)
        yield from (to for each in objects(step) if isinstance(to := each.get("next"), str) and to in seen)


def _call(document: Json, step: Json) -> Iterator[str]:
    """What lacks in one call: where to, as whom, with what, and another attempt where it only reads."""
    tried = step.get("try")
    if isinstance(tried, Mapping) and str(cast(Json, tried).get("call")).startswith("http.") and "retry" not in step:
        yield "does not repeat a call that may be repeated (retry)"
    called, args = step.get("call"), step.get("args")
    given: Json = cast(Json, args) if isinstance(args, Mapping) else {}
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
        taken = {text for text in cast(Json, own).get("params") or () if isinstance(text, str)}
        if given.keys() != taken:
            yield f"calls {called} with {', '.join(sorted(given)) or 'nothing'}, which takes {', '.join(sorted(taken))}"
        if not step.get("result"):
            yield f"does not look at what {called} returns (result)"


def _request(step: Json, given: Json) -> Iterator[str]:
    auth, url = given.get("auth"), str(given.get("url") or "")
    if not url or not isinstance(auth, Mapping) or not cast(Json, auth).get("type"):
        yield f"calls {url[:80] or 'nothing'} as nobody (url, auth.type)"
    if not step.get("result"):
        yield f"does not look at what {url[:80]} answers (result)"


RULES = [whole, calls_known]
