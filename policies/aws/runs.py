"""What a run sends to SageMaker: every member of every request, and the places that it reads and writes.

`catalogue/inputs/aws-requests.yaml` has what each may say. In a stack of ours a run reads, writes and is told what the
stack file says of its job, and nothing else.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from catalogue.formats import AWS, USUAL
from catalogue.graph import Graph, Resource
from catalogue.inputs import requests
from catalogue.jobnames import BESIDE_STEP
from catalogue.kinds.aws import cloudtrail, ec2, kms, pipelines, sagemaker, scheduler, sfn, states
from catalogue.kinds.aws.jobs import PIPELINE, SCORES, TOLD, TUNES, Job
from catalogue.properties import Properties
from catalogue.runs import RUN_VARIABLE
from catalogue.wording import one_line
from policies import given
from policies.aws import steps
from policies.aws.tuned import named_otherwise, step_beginnings
from policies.inputs import named, unlike
from policies.rule import Found, stack_rule, whole_stack_rule
from policies.stated import item_of, step_of
from policies.world import may_be_id, world


@whole_stack_rule(
    "inputs-request",
    *sfn.DEFINED,
    scheduler.SCHEDULE,
    severity="high",
    says="Every member of the definition of a state machine or a pipeline, and of each request that it sends, is one "
    "that somebody has judged, with a value that is allowed; no input of a run decides it, and no schedule sends one.",
    remedy="Send what the component sends; or have the member judged, and say in catalogue/inputs/aws-requests.yaml "
    "what it may be.",
    advice_elsewhere=True,
)
def request(graph: Graph) -> Found:
    """Each state of each branch and iteration, and each step. A key, a network or a role that it names is the stack's
    own; in another program, where it makes one of the type. A job that a schedule of ours creates by itself is one
    that nobody watches.

    The members are those of the service's own model, https://github.com/boto/botocore (sagemaker/2017-07-24), of
    https://states-language.net/spec.html and of the schema of pipelines. Whatever AWS adds is unknown until somebody
    reads it.
    """
    ours = world(graph)
    for schedule in graph.of(scheduler.SCHEDULE) if graph.ours else ():
        if scheduler.job_of(graph, schedule) is not None:
            yield schedule, "creates a job by itself, which no state machine and no pipeline watches"
    for machine in graph.of(*sfn.DEFINED):
        for where, sort, said in _said(machine):
            takes = requests().get(sort)
            if takes is None:
                yield machine, f"calls {sort or 'nothing that it names'}, which nobody has judged ({where})"
                continue
            apart = Properties(_by_path(said.values), said.at, machine)
            yield from ((machine, f"{sentence} ({where})") for sentence in unlike(takes, apart))
            for path in _decided_by_input(apart.values, "") if sort in _CALLS else ():
                if path not in takes.known or (machine.type != PIPELINE and path in _OF_STEPS):
                    yield machine, f"lets the input of a run decide {path.removesuffix('.$')} ({where})"
            for path, types, text in named(takes, apart):
                known = graph.placement is not None or any(ours.by_type.get(one) for one in types)
                if (
                    known
                    and not ours.has(text, *types)
                    and not may_be_id(graph, machine, sfn.DEFINED[machine.type], text, *types)
                ):
                    yield machine, f"has {path} {one_line(text)}, which is not of the stack ({where})"


_OF_STEPS = (
    f"Environment.{RUN_VARIABLE}.$",
    "InputDataConfig.DataSource.S3DataSource.S3Uri.$",
    "OutputDataConfig.S3OutputPath.$",
    "ProcessingInputs.S3Input.S3Uri.$",
    "ProcessingOutputConfig.Outputs.S3Output.S3Uri.$",
    f"TrainingJobDefinition.Environment.{RUN_VARIABLE}.$",
    "TrainingJobDefinition.InputDataConfig.DataSource.S3DataSource.S3Uri.$",
    "TrainingJobDefinition.OutputDataConfig.S3OutputPath.$",
)
"""What a run says of a step alone: its id, and what the steps before it wrote. A state machine has no such steps."""
_CALLS = [sort for sort in requests() if sort.startswith("create") or ":" in sort]
"""The calls, whose members an expression may say; a state's own are judged with them."""


def _said(defined: Resource) -> Iterator[tuple[str, str, Properties]]:
    """Every section of a definition that is judged: where it stands, the sort of it, and itself."""
    props = defined.props
    if defined.type == PIPELINE:
        yield ("the definition", "pipeline", pipelines.definition(props))
        for step in pipelines.steps(props):
            yield (step.text_or_empty("Name"), "step", step)
            if call := pipelines.call_of(step):
                yield (step.text_or_empty("Name"), call, pipelines.request_of(step))
        return
    for number, scope in enumerate(sfn.scopes(props)):
        yield ("the definition", "scope" if number else "definition", scope)
        for name, state in sfn.states_of(scope).items():
            kind = state.text_or_empty("Type")
            yield (name, kind, state)
            if kind == "Task":
                yield (name, states.call_of(state), sfn.request_of(state))


def _by_path(value: Any) -> Any:
    """The same, with a member `Name.$` as a `$` in `Name`, for a path goes by the dots; both where both are given."""
    if isinstance(value, list):
        return [_by_path(one) for one in cast("list[Any]", value)]
    if not isinstance(value, Mapping):
        return value
    said: dict[str, Any] = {}
    for key, one in cast("Mapping[str, Any]", value).items():
        name, of_input = (key[:-2], True) if key.endswith(".$") else (key, False)
        part = {"$": one} if of_input else _by_path(one)
        said[name] = [said[name], part] if name in said else part
    return said


def _decided_by_input(value: Any, path: str) -> Iterator[str]:
    """The paths of what an expression makes of the input of a run."""
    if isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _decided_by_input(one, path)
    elif isinstance(value, Mapping):
        for key, one in cast("Mapping[str, Any]", value).items():
            below = f"{path}.{key}".lstrip(".")
            yield from [below] if key == "$" else _decided_by_input(one, below)


_OF_THE_RUN = re.compile(r"\$\.run\b|\$\$\.Execution\.(Name|Id)\b")
_ATTEMPT, _RUN = "$$.State.RetryCount", "$$.Execution.Id"


@stack_rule(
    "world-job",
    *sfn.DEFINED,
    severity="high",
    says="A job runs a model of the stack, under its keys, and is called by a name that its role may create and that "
    "each run and each attempt has for itself.",
    remedy="Name the model, the key and the job as the component does.",
)
def job_own(graph: Graph, machine: Resource) -> Iterator[str]:
    """A model or a key that is named in a text and not by its output is the stack's own, too. In a stack of ours alone,
    whose name its file says; what is not known yet is judged once it is.

    SageMaker refuses a name that it has: an attempt under the name of the last one would count as done. Pipelines adds
    run, token and attempt to a name of 38 characters at most.
    """
    if not graph.ours or graph.placement is None:
        return
    ours, zone, names = world(graph), given.zone(graph), list[str]()
    begins = f"{zone.name_prefix if zone else ''}{graph.stack}-"
    for job in sfn.jobs_of(graph, machine):
        model = job.request.text_if_known("ModelName")
        if model and not ours.has(model, sagemaker.MODEL):
            yield f"runs the model {model}, which is none of the stack's ({job.state})"
        places = [*job.outputs(), *(cluster for cluster, _ in job.clusters())]
        for key in (each.text_if_known(at) for each in places for at in ("KmsKeyId", "VolumeKmsKeyId")):
            if key and not ours.has(key, kms.KEY, kms.ALIAS):
                yield f"encrypts with {key}, which is no key of the stack's ({job.state})"
        name = machine.props.text_if_known("name")
        if name and (sentence := named_otherwise(job, name)):
            yield sentence
        yield from _told_its_run(job, in_a_step=machine.type == PIPELINE)
        if machine.type != PIPELINE and (said := _name_of(job)):
            if said in names:
                yield f"calls its job as another state does, which then counts as done ({job.state})"
            names.append(said)
        if job.action == TUNES and machine.type == PIPELINE:
            yield from _called_in_a_step(graph, job)
        else:
            yield from (f"{sentence} ({job.state})" for sentence in _called(job, machine.type, begins))


def _told_its_run(job: Job, *, in_a_step: bool) -> Iterator[str]:
    for container in job.trainings() or [job.request]:
        told = container.section_or_empty("Environment").values.get(f"{RUN_VARIABLE}.$")
        if told not in (None, _RUN):
            yield f"is told {one_line(str(told))} as its run, which is not the run's id ({job.state})"
        if in_a_step and told is None and job.action != SCORES:
            yield f"is not told the id of its run, {RUN_VARIABLE} ({job.state})"


def _called_in_a_step(graph: Graph, job: Job) -> Iterator[str]:
    """What is wrong with the name of a tuning job of a step, for which Pipelines leaves six characters."""
    said, right = job.request.text_or_empty("HyperParameterTuningJobName"), step_beginnings(graph)
    if said not in right:
        listed = ", ".join(sorted(right)) or "no search of a step"
        yield f"calls its job {one_line(said) or 'nothing'}, where {listed} is what its role may create ({job.state})"


def _name_of(job: Job) -> str:
    """What a job is called, or the expression of it; empty where that is neither, or not known yet."""
    for at in ("TransformJobName", "TrainingJobName", "ProcessingJobName", "HyperParameterTuningJobName"):
        said = job.request.values.get(at, job.request.values.get(f"{at}.$"))
        if isinstance(said, str):
            return said
    return ""


def _called(job: Job, of_type: str, begins: str) -> Iterator[str]:
    """What is wrong with the name of a job: each run and each attempt has one of its own, that its role may create."""
    if said := _name_of(job):
        before, of = sfn.formatted(said)
        if job.action != TUNES and not (before or said).startswith(begins):
            yield f"calls its job {one_line(said)}, where {begins}* is what its role may create"
        if of_type == PIPELINE:
            if before or len(said) > BESIDE_STEP:
                yield f"calls its job {one_line(said)}, of which Pipelines makes no name"
        elif not _OF_THE_RUN.search(of) or _ATTEMPT not in of:
            yield "calls the jobs of two runs, or of two attempts, by one name"


@stack_rule(
    "world-run-places",
    *sfn.DEFINED,
    severity="high",
    says="A job reads, writes and is told what the stack file says of it; it writes where no model, no record and no "
    "data of its own is, scores into a folder of the run's own, and reads neither records nor what endpoints captured.",
    remedy="Name the folders and the hyperparameters in the stack file, and give each job folders of its own.",
    stack_key="training",
)
def run_places(graph: Graph, machine: Resource) -> Iterator[str]:
    """By the texts of the stack file, of each job of each state. In a stack of ours alone.

    A hyperparameter may be code: SageMaker's toolkit fetches `sagemaker_submit_directory` and runs it,
    https://github.com/aws/sagemaker-training-toolkit/blob/master/src/sagemaker_training/params.py
    """
    if not graph.ours or graph.placement is None:
        return
    closed, models, scored = _closed(graph), sagemaker.artifacts_of(graph), list[Any]()
    for job in sfn.jobs_of(graph, machine):
        in_steps = machine.type == PIPELINE
        # limits-stated holds what a step reads against the step, and what steps before it wrote is no place.
        read, written = [one for one in _reads(job) if one[1] or not in_steps], list(_writes(job))
        for word, uri in (*read, *written):
            if not _is_in_file(graph, job, word, uri, in_steps):
                yield f"has {one_line(uri)} as its {word}, where the stack file says another ({job.state})"
        for _, uri in read:
            yield from (f"reads {uri}, which has {what} ({job.state})" for at, what in closed if _overlap(uri, at))
        others = [*closed, *((uri, "an artifact") for uri in models), *((uri, "its data") for _, uri in read)]
        if job.action == SCORES:
            yield from _scores_otherwise(graph, _batch_job_of(graph, machine, job), job)
            into = job.request.section_or_empty("TransformOutput").values.get("S3OutputPath.$")
            if into in scored:
                yield f"scores into the folder of another input ({job.state})"
            scored += [into] if into else []
        for wrong in _over_another(job) if in_steps or not job.trainings() else ():
            yield f"{wrong} ({job.state})"
        for _, uri in written:
            yield from (f"writes to {uri}, which has {what} ({job.state})" for at, what in others if _overlap(uri, at))
        yield from (f"is told {one}, of which the stack file says nothing ({job.state})" for one in _told(graph, job))


def _told(graph: Graph, job: Job) -> Iterator[str]:
    """The hyperparameters of each training job that the stack file does not have, or that may be code."""
    assert graph.placement is not None
    for training in job.trainings():
        for key, value in training.section_or_empty(TOLD[job.action]).values.items():
            if key.startswith("sagemaker_") or f"--{key}={value}" not in graph.placement.containers:
                yield one_line(str(key))


def _over_another(job: Job) -> Iterator[str]:
    """Whether a run writes where another wrote. A training job of a state machine writes below its own name, as each
    trial of a tuning job does."""
    for at, output in job.places():
        if output.is_given(at):
            yield f"writes to {one_line(output.text_if_known(at))}, over the last run's"
        elif not _OF_THE_RUN.search(sfn.formatted(str(output.values.get(f"{at}.$")))[1]):
            yield "writes to a folder that no run has for itself"


def _batch_job_of(graph: Graph, machine: Resource, job: Job) -> str:
    """The dotted key of the batch job that a transform job is of: the machine's own, or that of the step."""
    assert graph.placement is not None
    if machine.type != PIPELINE:
        return machine.stack_key or f"batch_jobs.{machine.name.removeprefix(f'{graph.stack}-')}"
    return step_of(graph.placement, item_of(graph, machine) or "", steps.of_file(job))


def _scores_otherwise(graph: Graph, item: str, job: Job) -> Iterator[str]:
    """What a transform job reads and sends at once is what the file says: csv, one request a time, where it is silent.

    A container that gets another type of content than its own answers nonsense, or nothing.
    """
    assert graph.placement is not None
    said = graph.placement.states(f"{item}.format") or USUAL["aws"]
    paths = ("TransformInput.ContentType", "TransformInput.SplitType", "TransformOutput.AssembleWith")
    sent = [job.request.text_or_empty(path) for path in paths]
    known = AWS.get(said)
    if known is None or sent != [known.content_type, known.split, known.assemble]:
        yield f"scores {', '.join(map(one_line, sent))[:80]}, where {item} of the stack file says {said} ({job.state})"
    alone = graph.placement.states(f"{item}.records_per_request") == "1"
    if (
        known is not None
        and not known.whole
        and alone != (job.request.text_or_empty("BatchStrategy") == "SingleRecord")
    ):
        yield f"sends {'many records' if alone else 'one record'} a request, where {item} says otherwise ({job.state})"
    at_once = job.request.number_or_none("MaxConcurrentTransforms") or 0
    if f"{at_once:g}" != (stated := graph.placement.states(f"{item}.concurrency") or "1"):
        yield f"sends {at_once:g} requests at once, where {item} of the stack file says {stated} ({job.state})"


def _reads(job: Job) -> Iterator[tuple[str, str]]:
    """What a job reads, by the word for it: its input or inputs, or each channel of a training job."""
    yield from ((word, place.text_if_known("S3Uri")) for word, place in job.read())


def _writes(job: Job) -> Iterator[tuple[str, str]]:
    """What a job writes to, by the word for it: its output, and the folder with one of checkpoints for each run."""
    yield from (("output", uri) for uri in job.written())
    expression = job.request.section_or_empty("CheckpointConfig").values.get("S3Uri.$")
    if isinstance(expression, str):
        yield "checkpoints", sfn.formatted(expression)[0]


def _is_in_file(graph: Graph, job: Job, word: str, uri: str, steps: bool) -> bool:
    assert graph.placement is not None
    if job.trainings() and not steps:
        return f"--{word}={uri}" in graph.placement.containers
    return uri in graph.placement.addresses


def _closed(graph: Graph) -> list[tuple[str, str]]:
    """The places that are no job's: buckets of records, and what endpoints capture; with what each of them has."""
    trails = {one.props.text_if_known("s3BucketName") for one in graph.of(cloudtrail.TRAIL)}
    flows = {one.props.text_if_known("logDestination").rpartition(":::")[2] for one in graph.of(ec2.FLOW_LOG)}
    buckets = {one.partition("/")[0] for one in trails | flows} - {""}
    return [
        *((f"s3://{bucket}/", "records") for bucket in sorted(buckets)),
        *((uri, "what an endpoint captured") for uri in sorted(sagemaker.captures_of(graph))),
    ]


def _overlap(one: str, other: str) -> bool:
    """Whether one of two places lies in the other."""
    a, b = (f"{place.rstrip('/')}/" for place in (one, other))
    return bool(one and other) and (a.startswith(b) or b.startswith(a))


RULES = [request, job_own, run_places]
