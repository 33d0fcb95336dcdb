"""Jobs of Vertex AI, as their requests say them: what runs, on which machines, and the steps of a pipeline job.

A pipeline job has KFP's own specification in it. A container there says no machine, only the least that it needs. So a
step of a stack is Google's launcher, whose argument is the request for a custom job, a hyperparameter tuning job or a
batch prediction job. It is read as that request; any other executor raises Malformed, for what it starts is unknown.
https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto,
https://cloud.google.com/vertex-ai/docs/pipelines/customjob-component
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Any, cast

from catalogue import batch_step, best_trial
from catalogue.documents import NoDocument, parse
from catalogue.hardware.catalogue import Use
from catalogue.order import all_before, longest, most_at_once
from catalogue.properties import Malformed, Properties
from catalogue.quantities import more_than_zero_or_none

LAUNCHER = "gcr.io/ml-pipeline/google-cloud-pipeline-components:2.22.0"
"""Google's image that creates a custom job and waits for it, of the release that was read (`_image.py`):
https://pypi.org/project/google-cloud-pipeline-components/2.22.0/"""
LAUNCHES = ("python3", "-u", "-m", f"{best_trial.LAUNCHERS}.custom_job.launcher")
"""What is started in it: `utils.py`, build_serverless_customjob_container_spec."""
LAUNCHES_SEARCH = ("python3", "-u", "-m", f"{best_trial.LAUNCHERS}.hyperparameter_tuning_job.launcher")
"""The same of a search: `component.py` of HyperparameterTuningJobRunOp."""
LAUNCHES_WITH_BEST = ("python3", "-u", "-c", best_trial.PROGRAM)
"""What is started in its place where a step reads a search, whose best trial is known by then alone."""
LAUNCHES_SCORING = ("python3", "-u", "-c", batch_step.PROGRAM)
"""What is started of a batch job, whose time and ends Google's launcher does not know."""
LAUNCHER_MACHINE = "e2-standard-4"
"""What a container without resources runs on: Vertex AI, "Specify machine types for a pipeline step",
https://cloud.google.com/vertex-ai/docs/pipelines/machine-types. That Google bills it beside the step is assumed."""
IN_THE_RUN = "{{$.inputs.parameters['run']}}"
"""The id of a run in the argument of a launcher: a placeholder of KFP's, which Vertex AI fills in for each run."""

PIPELINE, CUSTOM, TUNES = "pipelineJobs", "customJobs", "hyperparameterTuningJobs"
SCORES = "batchPredictionJobs"
LAUNCHED: Mapping[str, str] = {"CustomJob": CUSTOM, "HyperparameterTuningJob": TUNES, "BatchPredictionJob": SCORES}
"""What a launcher creates, by what it is told as `--type`."""


@dataclass(frozen=True)
class Job:
    """A job that a workflow starts: the collection of Vertex AI's API it is created in, and what is sent.

    `spec` is the part of the body that says what runs and as whom. `times` is how many of these jobs a run may have at
    once, or None where that is unknown. `step` names the step of a pipeline that it is, and `after` are those
    that have ended before it begins. `stopped_after` is the time after which its launcher cancels it, where it does.
    `attempts` is how often one run may start it, one after the other, or None where nobody can tell.
    """

    kind: str
    body: Properties
    spec: Properties
    times: int | None = 1
    step: str = ""
    after: frozenset[str] = frozenset()
    stopped_after: str = ""
    attempts: int | None = None

    @property
    def timeout(self) -> str:
        """The time after which it is stopped, such as 3600s: its own, or its launcher's. Empty where there is none."""
        return self.spec.text_or_empty("scheduling.timeout") or self.stopped_after

    @property
    def deploys(self) -> bool:
        """Whether it is no job that ends but a model put on an endpoint, whose key and labels it takes."""
        return self.kind == DEPLOY

    @property
    def rounds(self) -> int:
        """How many trials of a search come one after the other; 1 of any other job. Raises Malformed."""
        at_once = more_than_zero_or_none(self.body, "parallelTrialCount") if self.kind == TUNES else None
        return ceil((self.body.number_or_none("maxTrialCount") or 1) / at_once) if at_once else 1

    @property
    def trains(self) -> bool:
        """Whether it is a training job, or several of one definition, which are the trials of a search."""
        return self.kind in (CUSTOM, TUNES)


@dataclass(frozen=True)
class KindOfJob:
    """For one kind of job: the path of its machines and containers in the body, and how they are read."""

    spec: str
    machines: Callable[[Job], Iterator[tuple[Properties, int, int]]]
    containers: tuple[str, ...]
    use: Use


def _scoring(job: Job) -> Iterator[tuple[Properties, int, int]]:
    """The machines of batch scoring: its starting count, or up to its maximum, which is ten by default."""
    resources = job.body.section_or_empty("dedicatedResources")
    if not resources:
        raise Malformed(
            job.body.at, "names no machines (dedicatedResources), so its machines are unknown", job.body.owner
        )
    most = _count(resources, "maxReplicaCount") or 10
    start = _count(resources, "startingReplicaCount") or most
    yield resources.section_or_empty("machineSpec"), min(start, most), max(start, most)


def _count(props: Properties, path: str) -> int:
    """A number of machines, or zero if it is not given. Vertex AI reads zero as not given."""
    number = props.number_or_none(path)
    return ceil(more_than_zero_or_none(props, path) or 0) if number else 0


def _pools(job: Job, trials: int = 1) -> Iterator[tuple[Properties, int, int]]:
    """The machines of every worker pool. One replica is the default, and zero counts as one."""
    pools = list(job.spec.each_section("workerPoolSpecs"))
    if not pools:
        raise Malformed(job.body.at, "names no worker pool, so its machines are unknown", job.body.owner)
    for pool in pools:
        replicas = trials * (_count(pool, "replicaCount") or 1)
        yield pool.section_or_empty("machineSpec"), replicas, replicas


def _trials(job: Job) -> Iterator[tuple[Properties, int, int]]:
    """The worker pools of one trial, for each trial that runs beside the others."""
    trials = more_than_zero_or_none(job.body, "parallelTrialCount")
    if trials is None:
        raise Malformed(job.body.at, "does not say how many trials run at once", job.body.owner)
    yield from _pools(job, ceil(trials))


def _deployed(job: Job) -> Iterator[tuple[Properties, int, int]]:
    """The replicas of a model that is put on an endpoint."""
    resources = job.spec.section_or_empty("dedicatedResources")
    least = _count(resources, "minReplicaCount")
    if not least:
        raise Malformed(job.body.at, "does not say how many replicas it deploys", job.body.owner)
    yield resources.section_or_empty("machineSpec"), least, max(least, _count(resources, "maxReplicaCount"))


def _launchers(job: Job) -> Iterator[tuple[Properties, int, int]]:
    """The machines of the launchers: one for each step that may run at once."""
    after = {step.step: step.after for step in steps(job)}
    count = most_at_once(dict.fromkeys(after, 1), after)
    yield Properties({"machineType": LAUNCHER_MACHINE}, job.body.at, job.body.owner), count, count


DEPLOY = "deployModel"
_TRAINED_IN = ("workerPoolSpecs.containerSpec.imageUri", "workerPoolSpecs.pythonPackageSpec.executorImageUri")
JOBS: Mapping[str, KindOfJob] = {
    SCORES: KindOfJob("", _scoring, ("unmanagedContainerModel.containerSpec.imageUri",), "batch"),
    CUSTOM: KindOfJob("jobSpec", _pools, _TRAINED_IN, "training"),
    TUNES: KindOfJob("trialJobSpec", _trials, _TRAINED_IN, "training"),
    DEPLOY: KindOfJob("deployedModel", _deployed, (), "online"),
    PIPELINE: KindOfJob("", _launchers, ("pipelineSpec.deploymentSpec.executors.*.container.image",), "training"),
}


def steps(job: Job) -> Iterator[Job]:
    """The jobs of a pipeline job's steps, in the order in which they wait for each other.

    Raises Malformed for a step that starts something else, or as often as nobody can say.
    """
    spec = job.body.section_or_empty("pipelineSpec")
    tasks, components = spec.section_or_empty("root.dag.tasks"), spec.section_or_empty("components")
    executors = spec.section_or_empty("deploymentSpec.executors")
    if not tasks:
        raise Malformed(job.body.at, "has no steps in it (pipelineSpec), so what it starts is unknown", job.body.owner)
    before = all_before({name: {*tasks.each_text(f"{name}.dependentTasks")} for name in tasks.names()})
    if before.keys() != {*tasks.names()}:
        raise Malformed(job.body.at, "has steps that wait for each other, or for one that is not there", job.body.owner)
    for name in before:
        task = tasks.section_or_empty(name)
        if often := {"parameterIterator", "artifactIterator", "triggerPolicy"} & set(task.names()):
            raise Malformed(task.at, f"is done as {min(often)} says, so what it starts is unknown", task.owner)
        executor = components.text_or_empty(f"{task.text_or_empty('componentRef.name')}.executorLabel")
        container = executors.section_or_empty(f"{executor}.container" if executor else "-")
        yield _launched(job, name, container, before[name])


def longest_way(steps: Iterable[Job], lasts: Callable[[Job], float]) -> float:
    """The longest way from step to step, of which each takes its time. Steps of one name count as one after another."""
    found, after = Counter[str](), dict[str, frozenset[str]]()
    for step in steps:
        found[step.step] += ceil(lasts(step))
        after[step.step] = step.after
    return longest(found, after)


def _launched(job: Job, step: str, container: Properties, after: frozenset[str]) -> Job:
    """The custom job, the search or the batch prediction job that a launcher is told to create."""
    words = list(container.each_text("args"))
    kinds = [LAUNCHED[to] for flag, to in pairwise(words) if flag == "--type" and to in LAUNCHED]
    if words.count("--payload") != 1 or len(kinds) != 1:
        at = container.at or f"{job.body.at}.{step}"
        raise Malformed(
            at,
            f"{step} launches no custom job, no search and no batch prediction job, so what it starts is unknown",
            job.body.owner,
        )
    where = f"{container.at}.args[{words.index('--payload') + 1}]"
    try:
        said = _camel(parse("".join(words[words.index("--payload") + 1 :][:1])))
    except NoDocument as error:
        raise Malformed(where, str(error), job.body.owner) from None
    body = Properties(said, where, job.body.owner)
    stops = [f"{to}s" for flag, to in pairwise(words) if flag == batch_step.STOPS]
    spec = JOBS[kinds[0]].spec
    return Job(
        kinds[0], body, body.section_or_empty(spec) if spec else body, job.times, step, after, "".join(stops[:1])
    )


def _camel(value: Any) -> Any:
    """A request in the names of the REST API, as rules read it: a launcher takes those of the protocol buffer alone.

    Its client refuses any other (`Unknown field for CustomJob: jobSpec`), and of two spellings of one name a reader
    would see the last: https://github.com/googleapis/proto-plus-python/blob/main/proto/message.py. Raises NoDocument.
    """
    if isinstance(value, list):
        return [_camel(one) for one in cast("list[Any]", value)]
    if not isinstance(value, Mapping):
        return value
    said = cast("Mapping[str, Any]", value)
    for key in said:
        if not _BUFFERED.fullmatch(key):
            raise NoDocument(f"names {key[:80]!r}, where the launcher takes names such as job_spec alone")
    return {
        re.sub("_([a-z])", lambda lower: lower[1].upper(), key): one if key == "labels" else _camel(one)
        for key, one in said.items()
    }


_BUFFERED = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
