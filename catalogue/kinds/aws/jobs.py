"""The SageMaker jobs that state machines, pipelines and schedules create: machines and bounds, read from requests."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from catalogue.hardware.catalogue import Use
from catalogue.kind import Kind
from catalogue.machines import Machines
from catalogue.pricing import Unpriced
from catalogue.properties import Malformed, Properties

STATE_MACHINE = "aws:sfn/stateMachine:StateMachine"
"""The type of a state machine. sfn.py has its record, and scheduler.py what starts one; both read this file."""
PIPELINE = "aws:sagemaker/pipeline:Pipeline"
"""The type of a pipeline of SageMaker, which pipelines.py has."""

KINDS: tuple[Kind, ...] = ()
"""A job is no resource of a stack. What creates it is: a state machine, a pipeline or a schedule."""

SCORES, TRAINS, TUNES = "createTransformJob", "createTrainingJob", "createHyperParameterTuningJob"
TOLD: Mapping[str, str] = {TRAINS: "HyperParameters", TUNES: "StaticHyperParameters"}
"""Where a training job, and a trial of a tuning job, is told what does not change."""
# Calls of SageMaker that start no machine.
_STARTS_NOTHING = frozenset({"addTags", "createModel", "updateModelPackage"})
_READS_OR_ENDS = ("describe", "list", "stop", "delete")
USES: Mapping[str, Use] = {
    SCORES: "batch",
    TRAINS: "training",
    TUNES: "training",
    # Processing costs what training costs on the same machine, and draws on a quota of its own.
    "createProcessingJob": "training",
}


DOES: Mapping[str, str] = {
    SCORES: "batch job",
    TRAINS: "training job",
    TUNES: "search",
    "createProcessingJob": "processing job",
}
"""What a job that each call creates is, in words."""


@dataclass(frozen=True)
class Job:
    """A SageMaker job: the call that creates it, and its request.

    `state` names the state of a state machine, or the step of a pipeline, that starts it; `task` is that state or step.
    A schedule that calls SageMaker by itself has no state. `times` is how many of the job may run at once in one run.
    `turn` is where the states stand of which one alone is in work at a time; jobs of one turn that are awaited never
    run at once. `attempts` is how often one run may start it, one after the other, and None where nothing says that.
    """

    state: str
    action: str
    times: int
    task: Properties
    request: Properties
    awaited: bool
    turn: str = ""
    attempts: int | None = 1

    def machines(self, user: str, part: str = "") -> Iterator[Machines]:
        """The machines that run at once, for each cluster. Raises Malformed where the request does not name them."""
        for cluster, times in self.clusters():
            _decided(cluster, "InstanceType")
            type_ = cluster.text_or_empty("InstanceType")
            if not type_:
                where = f"{cluster.at}.InstanceType"
                raise Malformed(where, "is missing, so its machines are unknown", cluster.owner)
            count = times * whole(cluster, "InstanceCount")
            yield Machines(
                user,
                type_,
                USES[self.action],
                count,
                count,
                part,
                spot=any(one.flag_or_none("EnableManagedSpotTraining") for one in self.trainings()),
                processing=self.action == "createProcessingJob",
            )
        for rule in self._rules():
            _decided(rule, "InstanceType")
            if type_ := rule.text_or_empty("InstanceType"):
                use = USES["createProcessingJob"]
                yield Machines(user, type_, use, self.times, self.times, part, processing=True)

    def hours_or_none(self) -> float | None:
        """How long the job may run by its own request; None where the request does not say."""
        where = _BOUNDS.get(self.action)
        seconds = self.request.number_or_none(where) if where else None
        if seconds is not None and seconds <= 0:
            raise Malformed(f"{self.request.at}.{where}", "is not above 0, so nothing ends the job", self.task.owner)
        return seconds / 3600 if seconds is not None else None

    def longest_hours(self) -> float:
        """How long the job may run by its own request. Raises Unpriced where the request does not say."""
        if (hours := self.hours_or_none()) is None:
            raise Unpriced(f"a job of {self.action} that nothing ends ({self.task.at})")
        return hours

    def together(self) -> Iterator[tuple[Properties, int, set[str]]]:
        """Each training job that the request describes, how many machines train together in it, and their types."""
        for training in self.trainings():
            clusters = list(_training(training))
            types = {cluster.text_or_empty("InstanceType") for cluster in clusters}
            yield training, sum(whole(cluster, "InstanceCount") for cluster in clusters), types

    def trainings(self) -> list[Properties]:
        """Each training job that the request describes: itself, or those whose trials a tuning job makes."""
        return _trainings(self.request) if self.action in (TRAINS, TUNES) else []

    def clusters(self) -> Iterator[tuple[Properties, int]]:
        """Each section that names machines, and how many of such clusters run at once."""
        yield from ((section, self.times * times) for section, times in _CLUSTERS[self.action](self.request))

    def outputs(self) -> Iterator[Properties]:
        """Each section that names the place of results and their key."""
        yield from _OUTPUTS[self.action](self.request)

    def written(self) -> Iterator[str]:
        """The places of results, each without what a run adds to it. What is not known yet is empty."""
        for at, output in self.places():
            yield formatted(str(output.values.get(f"{at}.$")))[0] or output.text_if_known(at)

    def places(self) -> Iterator[tuple[str, Properties]]:
        """Each section that names the place of a result, and the member that does. A key stands in `outputs`."""
        if self.action == "createProcessingJob":
            yield from (("S3Uri", one) for one in self.request.each_section("ProcessingOutputConfig.Outputs.S3Output"))
        else:
            yield from (("S3OutputPath", output) for output in self.outputs())

    def read(self) -> Iterator[tuple[str, Properties]]:
        """What the job reads, by the name of each channel or input, and the section that says its place as `S3Uri`."""
        if self.action == SCORES:
            yield "input", self.request.section_or_empty("TransformInput.DataSource.S3DataSource")
        for one in self.request.each_section("ProcessingInputs"):
            yield one.text_or_empty("InputName"), one.section_or_empty("S3Input")
        for training in _trainings(self.request):
            for channel in training.each_section("InputDataConfig"):
                yield channel.text_or_empty("ChannelName"), channel.section_or_empty("DataSource.S3DataSource")

    def data(self) -> Iterator[str]:
        """The places of the data that a job scores, prepares or trains on, but for those that a run decides."""
        for _, place in self.read():
            yield from place.each_text("S3Uri")

    def images(self) -> Iterator[str]:
        """The images that the request itself names."""
        for training in _trainings(self.request):
            yield from training.each_text("AlgorithmSpecification.TrainingImage")
        yield from self.request.each_text("AppSpecification.ImageUri")
        for rule in self._rules():
            yield from rule.each_text("RuleEvaluatorImage")

    def _rules(self) -> Iterator[Properties]:
        """The rules that watch a training job. Each is a processing job beside it.

        AWS's own rules name no type and are free.
        """
        for key in ("DebugRuleConfigurations", "ProfilerRuleConfigurations"):
            yield from self.request.each_section(key)


def _transform_clusters(request: Properties) -> Iterator[tuple[Properties, int]]:
    yield request.section_or_empty("TransformResources"), 1


def _processing_clusters(request: Properties) -> Iterator[tuple[Properties, int]]:
    yield request.section_or_empty("ProcessingResources.ClusterConfig"), 1


def _training_clusters(request: Properties) -> Iterator[tuple[Properties, int]]:
    yield from ((cluster, 1) for cluster in _training(request))


def _tuning_clusters(request: Properties) -> Iterator[tuple[Properties, int]]:
    limits = request.section_or_empty("HyperParameterTuningJobConfig.ResourceLimits")
    times = whole(limits, "MaxParallelTrainingJobs")
    for training in _trainings(request):
        yield from ((cluster, times) for cluster in _training(training))


def _training(training: Properties) -> Iterator[Properties]:
    """Each section that names machines of one training job. A tuning job names them in a section of its own."""
    tuned = "HyperParameterTuningResourceConfig"
    if tuned in training and "ResourceConfig" in training:
        why = "stands beside ResourceConfig, and a job has one of them"
        raise Malformed(f"{training.at}.{tuned}", why, training.owner)
    named = (tuned, "InstanceConfigs") if tuned in training else ("ResourceConfig", "InstanceGroups")
    yield from _cluster(training, *named)


def _cluster(request: Properties, path: str, groups: str) -> Iterator[Properties]:
    """The groups of a cluster, or the cluster itself where it has no groups."""
    cluster = request.section_or_empty(path)
    if cluster.is_given(groups):
        for key in ("InstanceType", "InstanceCount"):
            if key in cluster:
                raise Malformed(
                    f"{cluster.at}.{groups}", f"stands beside {key}, and a cluster has one of them", cluster.owner
                )
        yield from cluster.each_section(groups)
    else:
        yield cluster


def _trainings(request: Properties) -> list[Properties]:
    """The training jobs that a request describes: those of a tuning job, or the request itself."""
    found = [*request.each_section("TrainingJobDefinition"), *request.each_section("TrainingJobDefinitions")]
    return found or [request]


_CLUSTERS: Mapping[str, Callable[[Properties], Iterator[tuple[Properties, int]]]] = {
    SCORES: _transform_clusters,
    TRAINS: _training_clusters,
    TUNES: _tuning_clusters,
    "createProcessingJob": _processing_clusters,
}
_OUTPUTS: Mapping[str, Callable[[Properties], Iterator[Properties]]] = {
    SCORES: lambda request: iter([request.section_or_empty("TransformOutput")]),
    TRAINS: lambda request: iter([request.section_or_empty("OutputDataConfig")]),
    TUNES: lambda request: (training.section_or_empty("OutputDataConfig") for training in _trainings(request)),
    # A processing job may write nothing.
    "createProcessingJob": lambda request: request.each_section("ProcessingOutputConfig"),
}


# The field of each request that bounds the time of its job. CreateTransformJob has no such field.
_BOUNDS: Mapping[str, str] = {
    TRAINS: "StoppingCondition.MaxRuntimeInSeconds",
    TUNES: "HyperParameterTuningJobConfig.ResourceLimits.MaxRuntimeInSeconds",
    "createProcessingJob": "StoppingCondition.MaxRuntimeInSeconds",
}


def called(action: str) -> str | None:
    """The action, if it creates a job that runs machines.

    Empty if it starts nothing, and None for an unknown action.
    """
    if action in USES:
        return action
    return "" if action in _STARTS_NOTHING or action.startswith(_READS_OR_ENDS) else None


_FORMATTED = re.compile(r"States\.Format\('(?P<template>[^'\\]*)',(?P<of>.+)\)", re.DOTALL)


def formatted(text: str) -> tuple[str, str]:
    """The text before the first part that a run says, and of what the parts are made; both empty for anything else.

    https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
    """
    said = _FORMATTED.fullmatch(text.strip())
    if said is None or "{}" not in said["template"]:
        return "", ""
    return said["template"].partition("{}")[0], said["of"]


def whole(section: Properties, key: str) -> int:
    """A count in the definition. Raises Malformed where it is missing, or comes from the input of the run."""
    _decided(section, key)
    number = section.number_or_none(key)
    if number is None:
        raise Malformed(f"{section.at}.{key}", "is missing, so their number is unknown", section.owner)
    if number < 1 or number != int(number):
        raise Malformed(f"{section.at}.{key}", f"is {number:g}, which is no number of machines or jobs", section.owner)
    return int(number)


def _decided(section: Properties, key: str) -> None:
    if f"{key}.$" in section:
        raise Malformed(f"{section.at}.{key}", "is decided by the input of each run", section.owner)
