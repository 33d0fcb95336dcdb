"""AWS Step Functions: state machines, and the SageMaker jobs that their tasks start, however deep they are nested."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from catalogue.answers import by_name
from catalogue.behaviour import Behaviour, Ref, in_region
from catalogue.graph import Graph, Resource
from catalogue.hardware.catalogue import Use
from catalogue.kind import Bills, KeyAt, Keys, Kind, Machines, No, Runs, Serves, documented
from catalogue.kinds.aws import READ, acts, regional, registry, tagged, terraform
from catalogue.kinds.aws.iam import ROLE
from catalogue.kinds.aws.kms import names_key
from catalogue.kinds.aws.scheduler import starts_per_month
from catalogue.pricing import Bill, Pricing, Unpriced
from catalogue.properties import Malformed, Properties

STATE_MACHINE = "aws:sfn/stateMachine:StateMachine"

_GUIDE = "https://docs.aws.amazon.com/step-functions/latest/dg/"
_JOBS = documented(f"{_GUIDE}connect-sagemaker.html", READ)
_KMS = documented(f"{_GUIDE}encryption-at-rest.html", READ)
_PRICING = documented("https://aws.amazon.com/sagemaker/ai/pricing/", READ)

# The states of the Amazon States Language ("Discovering workflow states").
_STATES = frozenset({"Task", "Parallel", "Map", "Pass", "Choice", "Wait", "Succeed", "Fail"})

# Services whose calls start no machine of the stack.
_NOTIFIES = frozenset({"sns:publish", "sqs:sendMessage", "events:putEvents"})
# Calls of SageMaker that start nothing.
_STARTS_NOTHING = frozenset({"addTags", "createModel", "updateModelPackage"})
_READS_OR_ENDS = ("describe", "list", "stop", "delete")
_USES: Mapping[str, Use] = {
    "createTransformJob": "batch",
    "createTrainingJob": "training",
    "createHyperParameterTuningJob": "training",
    # Processing costs what training costs on the same machine, and draws on a quota of its own, which the catalogue
    # does not have: it is counted as training.
    "createProcessingJob": "training",
}


@dataclass(frozen=True)
class Job:
    """A SageMaker job that a task starts. `times` is how many of it may run at once in one run of the machine."""

    state: str
    action: str
    times: int
    task: Properties

    @property
    def request(self) -> Properties:
        """What the task asks for: Parameters in JSONPath, Arguments in JSONata."""
        return self.task.section_or_empty("Arguments" if "Arguments" in self.task else "Parameters")

    def clusters(self) -> Iterator[tuple[Properties, int]]:
        """Each section that names machines, and how many of such clusters run at once."""
        yield from ((section, self.times * times) for section, times in _CLUSTERS[self.action](self.request))

    def outputs(self) -> Iterator[Properties]:
        """Each section that says where results go and under which key."""
        yield from _OUTPUTS[self.action](self.request)

    def images(self) -> Iterator[str]:
        """The images that the request names by itself."""
        for training in _trainings(self.request):
            yield from training.each_text("AlgorithmSpecification.TrainingImage")
        yield from self.request.each_text("AppSpecification.ImageUri")


def _transform_clusters(request: Properties) -> Iterator[tuple[Properties, int]]:
    yield request.section_or_empty("TransformResources"), 1


def _processing_clusters(request: Properties) -> Iterator[tuple[Properties, int]]:
    yield request.section_or_empty("ProcessingResources.ClusterConfig"), 1


def _training_clusters(request: Properties) -> Iterator[tuple[Properties, int]]:
    yield from ((cluster, 1) for cluster in _cluster(request, "ResourceConfig", "InstanceGroups"))


def _tuning_clusters(request: Properties) -> Iterator[tuple[Properties, int]]:
    limits = request.section_or_empty("HyperParameterTuningJobConfig.ResourceLimits")
    times = _whole(limits, "MaxParallelTrainingJobs")
    for training in _trainings(request):
        tuned = "HyperParameterTuningResourceConfig"
        named = (tuned, "InstanceConfigs") if tuned in training else ("ResourceConfig", "InstanceGroups")
        yield from ((cluster, times) for cluster in _cluster(training, *named))


def _cluster(request: Properties, path: str, groups: str) -> Iterator[Properties]:
    """The groups of a cluster where it is made of several, or else the cluster itself."""
    cluster = request.section_or_empty(path)
    if groups in cluster:
        yield from cluster.each_section(groups)
    else:
        yield cluster


def _trainings(request: Properties) -> list[Properties]:
    """The training jobs that a request describes: those of a tuning job, or the request itself."""
    found = [*request.each_section("TrainingJobDefinition"), *request.each_section("TrainingJobDefinitions")]
    return found or [request]


_CLUSTERS: Mapping[str, Callable[[Properties], Iterator[tuple[Properties, int]]]] = {
    "createTransformJob": _transform_clusters,
    "createTrainingJob": _training_clusters,
    "createHyperParameterTuningJob": _tuning_clusters,
    "createProcessingJob": _processing_clusters,
}
_OUTPUTS: Mapping[str, Callable[[Properties], Iterator[Properties]]] = {
    "createTransformJob": lambda request: iter([request.section_or_empty("TransformOutput")]),
    "createTrainingJob": lambda request: iter([request.section_or_empty("OutputDataConfig")]),
    "createHyperParameterTuningJob": lambda request: (
        training.section_or_empty("OutputDataConfig") for training in _trainings(request)
    ),
    # A processing job may write nothing.
    "createProcessingJob": lambda request: request.each_section("ProcessingOutputConfig"),
}


def definition(props: Properties) -> Properties:
    """A state machine's definition, parsed whole."""
    return props.document_or_empty("definition")


def jobs(props: Properties) -> Iterator[Job]:
    """Every job that a state machine may start. Raises Malformed for a task of which nobody knows what it starts."""
    for name, task, times in _tasks(definition(props), 1):
        action = _sagemaker_action(task)
        if action:
            yield Job(name, action, times, task)


def _tasks(scope: Properties, times: int) -> Iterator[tuple[str, Properties, int]]:
    """Every task of a scope with its name, and how many of it may run at once; branches and iterations included."""
    states = scope.section_or_empty("States")
    for name, state in zip(states.names(), states.each_section("*"), strict=True):
        kind = state.text_or_empty("Type")
        if kind not in _STATES:
            raise Malformed(f"{states.at}.{name}.Type", f"is {kind!r}, a state of which nobody knows", states.owner)
        if kind == "Task":
            yield name, state, times
        elif kind == "Parallel":
            for branch in state.each_section("Branches"):
                yield from _tasks(branch, times)
        elif kind == "Map":
            inner = state.section_or_empty("ItemProcessor" if "ItemProcessor" in state else "Iterator")
            for task in _tasks(inner, 1):
                yield task[0], task[1], times * task[2] * _at_once(state)


def _at_once(state: Properties) -> int:
    """How many iterations of a Map run at once; without a bound, 0 included, as many as there are items."""
    if "MaxConcurrencyPath" in state:
        raise Malformed(
            f"{state.at}.MaxConcurrencyPath", "lets the input of a run say how many jobs start", state.owner
        )
    most = state.number_or_none("MaxConcurrency")
    if not most:
        raise Malformed(f"{state.at}.MaxConcurrency", "is missing, so that any number of jobs may start", state.owner)
    return int(most)


def _sagemaker_action(task: Properties) -> str:
    """The SageMaker call that runs machines; empty for a task that starts none."""
    resource = task.text_or_empty("Resource")
    _, mark, call = resource.partition(":states:::")
    call = call.removeprefix("aws-sdk:")
    service, _, action = call.partition(":")
    action = action.partition(".")[0]
    if service == "sagemaker" and mark:
        if action in _USES:
            return action
        if action in _STARTS_NOTHING or action.startswith(_READS_OR_ENDS):
            return ""
    elif f"{service}:{action}" in _NOTIFIES:
        return ""
    where = f"{task.at}.Resource"
    raise Malformed(
        where, f"starts {resource or 'nothing that it names'}, of which nobody knows what it runs", task.owner
    )


def _whole(section: Properties, key: str) -> int:
    """A count that the definition itself says. Raises Malformed where the run's input says it, or nobody does."""
    _decided(section, key)
    number = section.number_or_none(key)
    if number is None:
        raise Malformed(f"{section.at}.{key}", "is missing, so that nobody knows how many run", section.owner)
    return int(number)


def _decided(section: Properties, key: str) -> None:
    if f"{key}.$" in section:
        raise Malformed(f"{section.at}.{key}", "is decided by the input of each run", section.owner)


def _machines(graph: Graph, resource: Resource) -> Iterator[Machines]:
    found = list(jobs(resource.props))
    alone = len(found) == 1
    for job in found:
        for cluster, times in job.clusters():
            _decided(cluster, "InstanceType")
            type_ = cluster.text_or_empty("InstanceType")
            if not type_:
                raise Malformed(f"{cluster.at}.InstanceType", "is missing, so that nobody knows what runs", resource)
            count = times * _whole(cluster, "InstanceCount")
            yield Machines(resource.name, type_, _USES[job.action], count, count, part="" if alone else job.state)


def _price(pricing: Pricing, resource: Resource) -> Bill:
    runs = starts_per_month(pricing.graph, resource)
    total, parts = 0.0, list[str]()
    for machines in _machines(pricing.graph, resource):
        hours, hour = longest_hours(resource.props), pricing.hour(machines)
        total += runs * machines.high * hours * hour
        parts.append(f"{runs:.1f} runs × {machines.high} × {machines.said} × at most {hours:g} h × ${hour:g}")
    return Bill(
        "batch job", 0.0, total, f"nothing between runs; ceiling {'; '.join(parts) or 'nothing: no job starts'}"
    )


def longest_hours(props: Properties) -> float:
    """How long a run may last. Raises Unpriced where nothing ends it."""
    seconds = definition(props).number_or_none("TimeoutSeconds")
    if not seconds:
        raise Unpriced("a run that no TimeoutSeconds ends")
    return seconds / 3600


def _images(graph: Graph, resource: Resource) -> Iterator[str]:
    for job in jobs(resource.props):
        yield from job.images()


def _artifacts(graph: Graph, resource: Resource) -> Iterator[str]:
    """None: a transform job names a model, whose record has its artifacts."""
    yield from ()


_ACTS = acts(
    "sfn",
    by_name("arn:aws:states:{region}:{account}:stateMachine:{name}", id_from="arn"),
    Behaviour(
        in_region("name", "type"),
        name="name",
        pattern=r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/]{1,80}",
        refs=(Ref("roleArn", (ROLE,)), *names_key("encryptionConfiguration.kmsKeyId")),
        second="changes",
    ),
)

KINDS = (
    Kind(
        token=STATE_MACHINE,
        tags=tagged(STATE_MACHINE),
        keys=Keys((KeyAt("encryptionConfiguration.kmsKeyId"),), _KMS),
        holds=No("it can be made again from the program", registry(STATE_MACHINE)),
        reaches=No("it calls SageMaker on AWS's side, and a job's network is its model's", _JOBS),
        runs=Runs(_machines, _JOBS),
        bills=Bills(_price, _PRICING),
        stands=regional(STATE_MACHINE),
        keeps=No("its log group says how long", registry(STATE_MACHINE)),
        serves=Serves(_images, _artifacts, _JOBS),
        acts=_ACTS,
        renders=terraform("sfn_state_machine"),
    ),
)
