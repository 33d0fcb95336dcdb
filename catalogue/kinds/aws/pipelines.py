"""Pipelines of SageMaker: the jobs that their steps start, as a state machine's task would send their requests.

The definition is JSON of its own schema:
https://aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema/
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

from catalogue.answers import by_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Graph, Resource
from catalogue.kind import Bills, Kind, No, Runs, Serves, documented
from catalogue.kinds.aws import READ, acts, regional, registry, tagged, terraform
from catalogue.kinds.aws.iam import ROLE
from catalogue.kinds.aws.jobs import DOES, PIPELINE, SCORES, TRAINS, TUNES, Job
from catalogue.kinds.aws.scheduler import starters, starts_of, starts_per_month
from catalogue.kinds.aws.watched import hours_of
from catalogue.machines import Machines
from catalogue.order import all_before, longest
from catalogue.pricing import Bill, Pricing
from catalogue.properties import Malformed, Properties
from catalogue.work import Part, Work

_GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_STEPS = documented(f"{_GUIDE}build-and-manage-steps-types.html", READ)
_PRICING = documented("https://aws.amazon.com/sagemaker/ai/pricing/", READ)

AT = "pipelineDefinition"
_CALLS = {
    "Processing": "createProcessingJob",
    "Training": TRAINS,
    "Transform": SCORES,
    "Tuning": TUNES,
}
"""The call that a step of each type makes; its arguments are the call's request."""
_STARTS_NOTHING = frozenset({"Condition", "EndpointConfig", "Fail", "Model", "RegisterModel"})
_BRANCHES = ("IfSteps", "ElseSteps")
_HOLDS_STEPS = tuple(f"Arguments.{branch}" for branch in _BRANCHES)


def definition(props: Properties) -> Properties:
    """A pipeline's definition, parsed whole. Raises Malformed where it lies in a bucket, where nobody reads it."""
    if props.is_given(f"{AT}S3Location"):
        raise Malformed(f"{AT}S3Location", "is where the definition lies, so that nobody can judge it", props.owner)
    return props.document_or_empty(AT)


def steps(props: Properties) -> Iterator[Properties]:
    """Every step of a definition in its order, those of a condition's branches included, at any depth."""
    yield from (step for step, _ in _within(props))


def _within(props: Properties) -> Iterator[tuple[Properties, str]]:
    """Each step, and the name of the condition in whose branch it stands."""
    ahead = [(step, "") for step in definition(props).each_section("Steps")]
    while ahead:
        step, condition = ahead.pop(0)
        yield step, condition
        if step.text_or_empty("Type") == "Condition":
            ahead += [(one, step.text_or_empty("Name")) for key in _HOLDS_STEPS for one in step.each_section(key)]


def waits(props: Properties) -> Mapping[str, frozenset[str]]:
    """The steps that each step waits for: those that it names, those whose answers it is made of, and the condition in
    whose branch it stands. Empty where two have one name, so that nobody can tell which is meant.

    https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-pipeline.html
    """
    found, within = dict[str, frozenset[str]](), list(_within(props))
    for step, condition in within:
        own = {key: value for key, value in step.section_or_empty("Arguments").values.items() if key not in _BRANCHES}
        found[step.text_or_empty("Name")] = frozenset({*step.each_text("DependsOn"), *_steps_in(own), condition} - {""})
    return found if len(found) == len(within) else {}


# Some twenty rules ask the same pipeline, and each request is made of its step anew. A stack has so many pipelines.
@lru_cache(maxsize=1024)
def jobs(props: Properties) -> tuple[Job, ...]:
    """Every job that a pipeline may start. Raises Malformed for a step that starts something unknown."""
    found = list[Job]()
    for step in steps(props):
        kind = step.text_or_empty("Type")
        if kind in _STARTS_NOTHING:
            continue
        if kind not in _CALLS:
            raise Malformed(f"{step.at}.Type", f"is {kind!r}, whose machines are unknown", step.owner)
        found.append(Job(step.text_or_empty("Name"), _CALLS[kind], 1, step, request_of(step), True))
    return tuple(found)


def call_of(step: Properties) -> str:
    """The call that a step makes, such as createTrainingJob. Empty where it starts no machine, or one of a type that is
    not known."""
    return _CALLS.get(step.text_or_empty("Type"), "")


def request_of(step: Properties) -> Properties:
    """What a step sends, as a task of a state machine would: where a run says a part of a text, the name of the member
    ends in `.$`, and its value is the same as an intrinsic function. One reader reads both. Raises Malformed for a
    member that is called so, for no request has one.
    """
    said = step.section_or_empty("Arguments")
    return Properties(cast("Mapping[str, Any]", _as_task(said.values, said)), said.at, step.owner)


def _as_task(value: Any, of: Properties) -> Any:
    if isinstance(value, list):
        return [_as_task(one, of) for one in cast("list[Any]", value)]
    if not isinstance(value, Mapping):
        return value
    found: dict[str, Any] = {}
    for key, one in cast("Mapping[str, Any]", value).items():
        if key.endswith(".$"):
            raise Malformed(of.at, f"has {key}, which is no member of a request", of.owner)
        made, of_run = _made(one)
        found[f"{key}.$" if of_run else key] = made if of_run or isinstance(made, str) else _as_task(one, of)
    return found


def _made(value: Any) -> tuple[Any, bool]:
    """A text that is put together, and whether a run says a part of it. Anything else is what it is."""
    said: Mapping[str, Any] = cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
    if set(said) == {"Get"} and isinstance(said["Get"], str):
        return _variable(said["Get"]), True
    join: Any = said.get("Std:Join") if set(said) == {"Std:Join"} else None
    if not isinstance(join, Mapping):
        return cast("Any", value), False
    parts: Any = cast("Mapping[str, Any]", join).get("Values")
    on = str(cast("Mapping[str, Any]", join).get("On", ""))
    texts, of_run = list[str](), list[str]()
    for part in cast("list[Any]", parts) if isinstance(parts, list) else ():
        made, varies = _made(part)
        texts.append("{}" if varies else str(made))
        of_run += [str(made)] if varies else []
    template = on.join(texts)
    return (f"States.Format('{template}', {', '.join(of_run)})", True) if of_run else (template, False)


def _variable(name: str) -> str:
    """What the service knows of a run is `$$.Execution`, as of a state machine; what a start or a step says is not.

    https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps.html
    """
    return "$$.Execution.Id" if name == "Execution.PipelineExecutionId" else f"$.{name}"


def _steps_in(value: Any) -> Iterator[str]:
    """The steps whose answers a value is made of."""
    if isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _steps_in(one)
    elif isinstance(value, Mapping):
        for key, one in cast("Mapping[str, Any]", value).items():
            if key == "Get" and isinstance(one, str) and one.startswith("Steps."):
                yield one.split(".")[1]
            yield from _steps_in(one)


def steps_read(others: Iterable[Job], said: str) -> list[str]:
    """The steps whose output an expression is, of others; none where it is none's.

    The archive of a training job is named by its answer, for SageMaker makes up where it lies, and so is that of the
    best trial of a search, below the folder of the search. Of a program and of a transform job it is the folder that
    they write, or one that this folder lies in: the transform jobs of one batch job share one.
    """
    answer = re.fullmatch(r"\$\.Steps\.([\w-]+)\.ModelArtifacts\.S3ModelArtifacts", said)
    found, (folder, of_run) = list[str](), folder_of(said)
    for job in others:
        written = [folder_of(str(output.values.get(f"{at}.$"))) for at, output in job.places()]
        if job.action == TRAINS:
            reads = answer is not None and answer[1] == job.state
        elif job.action == TUNES:
            best = f"$.Steps.{job.state}.BestTrainingJob.TrainingJobName"
            reads = any((folder, of_run) == (f"{at}/{{}}/output/model.tar.gz", f"{of}, {best}") for at, of in written)
        else:
            reads = any(of == of_run and f"{at}/".startswith(f"{folder}/") for at, of in written)
        found += [job.state] if reads else []
    return found


def folder_of(said: str) -> tuple[str, str]:
    """A folder of a run without a `/` at its end, and what the run says of it."""
    found = re.fullmatch(r"States\.Format\('([^'\\]*)', (.*)\)", said)
    return (found[1].rstrip("/"), found[2]) if found else (said.rstrip("/"), "")


def longest_hours(graph: Graph, pipeline: Resource) -> float:
    """How long a run may last: the longest way from job to job, with what each waits for Spot machines, and until what
    stops transform jobs stops each. Jobs of one name count as one after the other. Raises Unpriced.
    """
    before = waits(pipeline.props)
    lasts = defaultdict[str, float](float, dict.fromkeys(before, 0.0))
    for job in jobs(pipeline.props):
        waited = (job.request.number_or_none("StoppingCondition.MaxWaitTimeInSeconds") or 0) / 3600
        lasts[job.state] += max(hours_of(graph, job), waited)
    return longest(lasts, before)


def _machines(graph: Graph, resource: Resource) -> Iterator[Machines]:
    """The machines of each step, which has its turn."""
    found, before = jobs(resource.props), all_before(waits(resource.props))
    for job in found:
        for one in job.machines(resource.name, job.state if len(found) > 1 else ""):
            yield replace(one, turn=job.state, after=before[job.state]) if job.state in before else one


def _price(pricing: Pricing, resource: Resource) -> Bill:
    found = jobs(resource.props)
    runs = starts_per_month(pricing.graph, resource) if found else 0.0
    total, parts = 0.0, list[str]()
    for job in found:
        hours = hours_of(pricing.graph, job)
        for machines in job.machines(resource.name, job.state):
            hour = pricing.hour(machines)
            total += runs * machines.high * hours * hour
            parts.append(f"{machines.high} × {machines.said} × at most {hours:g} h × ${hour:g} ({job.state})")
    says = f"{runs:.1f} runs of {'; '.join(parts)}" if parts else "nothing: no job starts"
    return Bill("pipeline", 0.0, total, f"nothing between runs; ceiling {says}")


def _work(graph: Graph, resource: Resource) -> Work | None:
    parts = [
        Part(job.state, DOES[job.action], tuple(job.machines(resource.name)), hours_of(graph, job))
        for job in jobs(resource.props)
    ]
    if not parts:
        return None
    others, starts = tuple(starters(graph, resource)), starts_of(graph, resource)
    return Work(tuple(parts), waits(resource.props), starts, longest_hours(graph, resource), others)


def _data(graph: Graph, resource: Resource) -> Iterator[str]:
    for job in jobs(resource.props):
        yield from job.data()


def _images(graph: Graph, resource: Resource) -> Iterator[str]:
    for job in jobs(resource.props):
        yield from job.images()


def _artifacts(graph: Graph, resource: Resource) -> Iterator[str]:
    """None: a transform job names a model, whose record has its artifacts."""
    yield from ()


KINDS = (
    Kind(
        token=PIPELINE,
        tags=tagged(PIPELINE),
        keys=No("a pipeline takes none; each step says the key of what it writes", registry(PIPELINE)),
        holds=No("it can be made again from the program", registry(PIPELINE)),
        reaches=No("it starts jobs on AWS's side, and a job's network is its own", _STEPS),
        runs=Runs(_machines, _STEPS, _data, _work),
        bills=Bills(_price, _PRICING, ("Amazon SageMaker",)),
        stands=regional(PIPELINE),
        keeps=No("nothing is written to it: its steps write to buckets", _STEPS),
        serves=Serves(_images, _artifacts, _STEPS),
        acts=acts(
            "sagemaker",
            by_name("arn:aws:sagemaker:{region}:{account}:pipeline/{name}", key="pipelineName"),
            Behaviour(
                name="pipelineName",
                pattern=r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}",
                refs=(Ref("roleArn", (ROLE,)),),
            ),
        ),
        renders=terraform("sagemaker_pipeline"),
    ),
)
