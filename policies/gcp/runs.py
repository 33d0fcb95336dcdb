"""What runs on Google Cloud: jobs that score with the stack's own, and what starts them."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from catalogue.access.gcp import allowed, grants
from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import (
    KEY,
    cloudscheduler,
    mlplatform,
    vertex,
    workflows,
)
from catalogue.kinds.gcp.cloudscheduler import started, starting
from catalogue.properties import Malformed
from catalogue.runs import RUNS_PER_MONTH, by_hand
from catalogue.vertex_jobs import PIPELINE, SCORES, TUNES
from catalogue.wording import one_line
from policies.rule import stack_rule
from policies.world import may_be_id, world


@stack_rule(
    "data-batch-own",
    workflows.WORKFLOW,
    severity="high",
    says="A job scores with a model of the stack, from a place that is named and into one, under the stack's key. One "
    "that trains writes to a folder of its run's own, and nobody gets into its container.",
    remedy="Name the component's model, key, input and output in each job that the workflow starts; in a bucket of "
    "another project let Vertex AI's agent in.",
)
def batch_own(graph: Graph, workflow: Resource) -> Iterator[str]:
    """Vertex AI, BatchPredictionJob and CustomJobSpec,
    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.batchPredictionJobs,
    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec
    """
    ours = world(graph)
    for job in workflows.jobs(workflow.props):
        for path, type_ in (("model", mlplatform.MODEL), ("encryptionSpec.kmsKeyName", KEY)):
            name = job.body.text_if_known(path)
            known = ours.has(name, type_) or may_be_id(graph, workflow, "sourceContents", name, type_)
            if name and (graph.placement or ours.by_type.get(type_)) and not known:
                yield f"starts jobs with {path} {one_line(name)}, which is not of the stack"
        if name := job.body.text_if_known("model"):
            yield from _scored_with(graph, workflow, name)
        if job.trains:
            yield from _training(graph, job)
        if job.kind == PIPELINE and graph.ours:
            yield from _rooted(graph, job)
        if job.kind == SCORES:
            yield from _scored_where(graph, job)
            yield from _over_its_data(job)


def _scored_where(graph: Graph, job: workflows.Job) -> Iterator[str]:
    """What is wrong with the model and the places of a batch prediction job."""
    for path in ("model", "inputConfig.gcsSource.uris", "outputConfig.gcsDestination.outputUriPrefix"):
        said = list(job.body.each_text_if_known(path))
        if not any(said) and not job.body.is_given("unmanagedContainerModel"):
            yield f"starts jobs without {path}"
        may = _READ if path.startswith("input") else _WRITE
        for place in said if path != "model" else ():
            if not place.startswith("gs://"):
                yield f"starts jobs with {path} {one_line(place)}, which is no place in Cloud Storage"
            elif graph.ours and _is_refused(graph, job, may, place):
                yield f"starts jobs with {path} {one_line(place)}, where their account has no grant"
            elif _agent_is_refused(graph, may, place):
                yield (
                    f"starts jobs with {path} {one_line(place)}, in a bucket of another project, in which Vertex AI's "
                    "agent has no grant: it reads and writes for them"
                )


def _rooted(graph: Graph, job: workflows.Job) -> Iterator[str]:
    """What is wrong with where Vertex AI keeps what a pipeline job hands to it, and its records. It makes a store of
    records with the first run where there is none: https://cloud.google.com/vertex-ai/docs/ml-metadata/configure
    """
    if not graph.of(vertex.METADATA_STORE):
        yield "runs a pipeline, whose records Vertex AI then keeps in a store that nobody made under the stack's key"
    root = job.body.text_or_empty("runtimeConfig.gcsOutputDirectory")
    if not root.startswith("gs://") or _is_refused(graph, job, _WRITE, root):
        yield f"starts jobs with runtimeConfig.gcsOutputDirectory {one_line(root)}, where their account has no grant"


def _over_its_data(job: workflows.Job) -> Iterator[str]:
    """What is wrong with where a job writes: the next run would score what this one wrote."""
    read = [uri.partition("*")[0] for uri in job.body.each_text_if_known("inputConfig.gcsSource.uris")]
    written = f"{job.body.text_if_known('outputConfig.gcsDestination.outputUriPrefix').rstrip('/')}/"
    for uri in read:
        if len(written) > 1 and uri and (written.startswith(uri) or f"{uri.rstrip('/')}/".startswith(written)):
            yield f"starts jobs that write to {one_line(written)}, which holds or lies in their data {one_line(uri)}"


def _scored_with(graph: Graph, workflow: Resource, name: str) -> Iterator[str]:
    """What is wrong with the model of a job: it is the one that was made for it, in the version that was reviewed.

    Without a version Vertex AI takes the default one, which who approves models may move:
    https://cloud.google.com/vertex-ai/docs/model-registry/versioning
    """
    if not re.search(r"@[0-9]+$", name):
        yield f"starts jobs with model {one_line(name)}, which names no version of it"
    model, _, _ = name.rpartition("@")
    for one in graph.of(mlplatform.MODEL) if graph.ours else ():
        if model.endswith(f"/{one.props.text_if_known('modelId')}") and one.parent != workflow.parent:
            yield f"starts jobs with model {one_line(name)}, which is another component's"


_READ, _WRITE = "storage.objects.get", "storage.objects.create"


def _training(graph: Graph, job: workflows.Job) -> Iterator[str]:
    """What is wrong with the places of a training job or a trial, and with who gets into its container."""
    for door in ("enableWebAccess", "enableDashboardAccess"):
        if job.spec.flag_or_none(door) is not False and (graph.ours or job.spec.is_given(door)):
            yield f"starts jobs whose jobSpec.{door} is not false, so that somebody may get into their containers"
    yield from _trained_where(graph, job)


def _trained_where(graph: Graph, job: workflows.Job) -> Iterator[str]:
    output = job.spec.text_or_empty("baseOutputDirectory.outputUriPrefix")
    below = workflows.below_the_run(output)
    if output and not (below or output).startswith("gs://"):
        yield f"starts jobs with jobSpec.baseOutputDirectory {one_line(output)}, which is no place in Cloud Storage"
    if not graph.ours:
        return
    if below is None:
        yield f"starts jobs whose runs all write to {one_line(output) or 'no folder'} (jobSpec.baseOutputDirectory)"
    read, written = (set(workflows.mounted(job, written)) for written in (False, True))
    if not read:
        yield "starts jobs whose containers are told no folder with data"
    # What a step reads is of its run, too: the steps before wrote it.
    told = [word for word in _told(job) if not job.step or workflows.is_written(word)]
    if job.kind == TUNES and any(map(workflows.below_the_run, told)):
        yield "starts jobs whose trials are all told one folder to write to, over each other's"
    if below not in written:
        yield "starts jobs whose containers are told another folder to write to than jobSpec.baseOutputDirectory"
    if job.spec.text_or_empty("scheduling.strategy") == "SPOT" and not written - {below}:
        yield "starts jobs on Spot machines whose containers are told no folder for checkpoints"
    if job.spec.text_or_empty("scheduling.strategy") != "SPOT" and written - {below}:
        yield "starts jobs that are told a folder for checkpoints, and that run on no Spot machines"
    for may, places in ((_READ, read), (_WRITE, written)):
        for place in sorted(places):
            if _is_refused(graph, job, may, place):
                yield f"starts jobs with {one_line(place)} in their arguments, where their account has no grant"


def _told(job: workflows.Job) -> Iterator[str]:
    """The arguments of the containers of a training job, as far as they are known."""
    yield from job.spec.each_text_if_known("workerPoolSpecs.containerSpec.args")


def _is_refused(graph: Graph, job: workflows.Job, may: str, place: str) -> bool:
    """Whether the account of a job has grants on a bucket, and none that reaches this place in it.

    One that has none on the bucket at all may have been let in by its owner.
    """
    on, object_ = _in_bucket(place)
    who = f"serviceAccount:{job.spec.text_or_empty('serviceAccount')}"
    known = any(one.member.casefold() == who.casefold() and one.on == on for one in grants(graph))
    return known and not allowed(graph, [who], may, object_, graph.placement.account if graph.placement else "")


def _agent_is_refused(graph: Graph, may: str, place: str) -> bool:
    """Whether Vertex AI's agent lacks a grant in a bucket that the stack file names as another project's.

    A batch prediction job reads and writes as the agent, which has a role in its own project alone; the job's account
    is for the container: "Get batch inferences from a custom trained model", limitations,
    https://docs.cloud.google.com/gemini-enterprise-agent-platform/machine-learning/predictions/get-batch-predictions
    """
    (on, object_), stands = _in_bucket(place), graph.placement
    name = f"gs://{on.rpartition('/')[2]}"
    others = {one.account for one in stands.sources if one.place == name} - {stands.account} if stands else set[str]()
    agents = [one.member for one in grants(graph) if "@gcp-sa-aiplatform." in one.member] if others else []
    return any(not allowed(graph, agents, may, object_, account) for account in others)


def _in_bucket(place: str) -> tuple[str, str]:
    """The bucket of a gs:// address, and the object or folder, as IAM names both."""
    bucket, _, prefix = place.removeprefix("gs://").partition("*")[0].partition("/")
    return f"projects/_/buckets/{bucket}", f"projects/_/buckets/{bucket}/objects/{prefix}"


@stack_rule(
    "limits-batch-started",
    workflows.WORKFLOW,
    severity="medium",
    says="A workflow that starts jobs is started by a schedule of the stack, or by people whose runs a label counts, "
    "and a schedule starts a workflow of it.",
    remedy="In the stack file, give the job a schedule or, where people start it, runs_per_month, which the component "
    "makes its label runs-per-month; or switch the job off.",
)
def batch_started(graph: Graph, workflow: Resource) -> Iterator[str]:
    """A workflow that nothing starts scores nothing, and nobody hears of it."""
    if not graph.ours:
        return
    if not workflows.jobs(workflow.props):
        yield "starts no job"
    elif not starting(graph, workflow) and by_hand(workflow.props.section_or_empty("labels")) is None:
        yield f"starts jobs, and no schedule of the stack starts it; no label {RUNS_PER_MONTH} counts runs by hand"


@stack_rule(
    "identity-starts-own",
    cloudscheduler.SCHEDULE,
    severity="high",
    says="A schedule starts a workflow of the stack.",
    remedy="Give the schedule's http_target the id of the batch component's workflow.",
)
def starts_own(graph: Graph, schedule: Resource) -> Iterator[str]:
    """With its persona's token it could start any other: Workflows, "Schedule a workflow",
    https://cloud.google.com/workflows/docs/schedule-workflow. What it sends is the argument alone, of what the workflow
    reads: an execution may also be told to log no calls,
    https://cloud.google.com/workflows/docs/reference/executions/rest/v1/projects.locations.workflows.executions
    """
    try:
        workflow = started(graph, schedule)
    except Malformed as error:
        yield str(error)
        return
    if body := schedule.props.text_if_known("httpTarget.body"):
        yield from (f"{sentence} (httpTarget.body)" for sentence in _sent(workflow, body))


def _sent(workflow: Resource, body: str) -> Iterator[str]:
    """What is wrong with what a schedule sends to start a workflow."""
    try:
        sent: dict[str, Any] = dict(json.loads(base64.b64decode(body, validate=True)))
        argument: dict[str, Any] = dict(json.loads(sent.pop("argument", "{}")))
    except (ValueError, TypeError):
        yield "sends what starts no execution with an argument of names and values"
        return
    if sent:
        yield f"tells an execution its {', '.join(sorted(map(one_line, sent)))[:120]} as well"
    told = list(workflows.texts(workflow.props))
    for name, value in argument.items():
        if not any(f'input.{name} == "{value}"' in text for text in told):
            yield f"sends {one_line(f'{name}={value}')[:80]}, which its workflow does not ask for"


RULES = [replace(rule, advice_elsewhere=True) for rule in (batch_own, batch_started, starts_own)]
"""Another program may name its own as it likes, and no stack file says what it starts: there it is advice."""
