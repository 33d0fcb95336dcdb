"""AWS Step Functions: state machines, and the SageMaker jobs that their tasks start, at any depth."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import ceil, inf

from catalogue.answers import by_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Graph, Resource
from catalogue.kind import Bills, KeyAt, Keys, Kind, No, Runs, Serves, documented
from catalogue.kinds.aws import READ, acts, pipelines, regional, registry, tagged, terraform
from catalogue.kinds.aws.iam import ROLE
from catalogue.kinds.aws.jobs import DOES, PIPELINE, STATE_MACHINE, USES, Job, called, formatted
from catalogue.kinds.aws.kms import names_key
from catalogue.kinds.aws.scheduler import SCHEDULE, job_of, starters, starts_of, starts_per_month
from catalogue.kinds.aws.states import definition, request_of, states_of
from catalogue.machines import Machines
from catalogue.pricing import Bill, Pricing, Unpriced
from catalogue.properties import Malformed, Properties
from catalogue.work import Part, Work

_GUIDE = "https://docs.aws.amazon.com/step-functions/latest/dg/"
_JOBS = documented(f"{_GUIDE}connect-sagemaker.html", READ)
_KMS = documented(f"{_GUIDE}encryption-at-rest.html", READ)
_PRICING = documented("https://aws.amazon.com/sagemaker/ai/pricing/", READ)

# The states of the Amazon States Language ("Discovering workflow states").
_STATES = frozenset({"Task", "Parallel", "Map", "Pass", "Choice", "Wait", "Succeed", "Fail"})

LEADS = ("Next", "Default", "Choices.Next", "Catch.Next")
"""Where a state names those that may follow it."""

# Where a state has states of its own; Iterator is the name that ItemProcessor had.
_HOLDS_STATES = ("Branches", "ItemProcessor", "Iterator")

# A task that waits for its job; the job ends with the run (developer guide, "Run a Job"). The SDK's calls never wait.
_AWAITED = re.compile(r":states:::sagemaker:\w+\.sync(:2)?$")

# Services whose calls start no machine of the stack.
_NOTIFIES = frozenset({"sns:publish", "sqs:sendMessage", "events:putEvents"})


def scopes(props: Properties) -> Iterator[Properties]:
    """Every section that has states: the definition itself, and each branch and iteration in it, at any depth."""
    ahead = [definition(props)]
    while ahead:
        scope = ahead.pop()
        yield scope
        for state in states_of(scope).values():
            for key in _HOLDS_STATES:
                ahead += state.each_section(key)


def jobs(props: Properties) -> Iterator[Job]:
    """Every job that a state machine may start. Raises Malformed for a task that starts something unknown."""
    for name, task, times, again, turn, listed in _tasks(definition(props), 1, False, False):
        action = _sagemaker_action(task)
        if action and again:
            raise Malformed(task.at, "is reached again from itself, so that any number of jobs may start", task.owner)
        if action:
            awaited = bool(_AWAITED.search(task.text_or_empty("Resource")))
            attempts = None if listed else _attempts(task)
            yield Job(name, action, times, task, request_of(task), awaited, turn if awaited else task.at, attempts)


DEFINED: Mapping[str, str] = {STATE_MACHINE: "definition", PIPELINE: "pipelineDefinition"}
"""The types whose document defines jobs, and where it stands."""


def jobs_of(graph: Graph, resource: Resource) -> list[Job]:
    """Every job that a state machine or a pipeline may start, or the job that a schedule creates itself.

    Raises Malformed.
    """
    if resource.type == SCHEDULE:
        job = job_of(graph, resource)
        return [job] if job else []
    return list((pipelines.jobs if resource.type == PIPELINE else jobs)(resource.props))


def passing(graph: Graph, machine: Resource) -> Iterator[str]:
    """The s3:// folders of what each run writes for a while: the scores of a transform job, all that the steps of a
    pipeline write, and checkpoints, below whose folder each run has its own. What is not known yet is left out.
    """
    for job in jobs_of(graph, machine):
        if job.action == "createTransformJob" or machine.type == PIPELINE:
            yield from job.written()
        checkpoints = job.request.section_or_empty("CheckpointConfig")
        own, _ = formatted(str(checkpoints.values.get("S3Uri.$")))
        yield own or checkpoints.text_if_known("S3Uri")


def _attempts(task: Properties) -> int:
    """How often a run starts a task at most: once, and as often again as each of its retriers says, 3 times by default.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html (MaxAttempts)
    """
    again = (retry.number_or_none("MaxAttempts") for retry in task.each_section("Retry"))
    return 1 + sum(ceil(max(most, 0)) if most is not None else 3 for most in again)


def _tasks(
    scope: Properties, times: int, again: bool, listed: bool
) -> Iterator[tuple[str, Properties, int, bool, str, bool]]:
    """Every task of a scope, branches and iterations included: its name, itself, how many of it may run at once,
    whether one run may come to it `again`, the scope that it stands in, and whether that is done for each item of a
    list, whose length nobody knows.
    """
    named = states_of(scope)
    for name, state in named.items():
        kind = state.text_or_empty("Type")
        if kind not in _STATES:
            raise Malformed(f"{state.at}.Type", f"is {kind!r}, which is no type of state", state.owner)
        loops = again or name in reached(named, name)
        if kind == "Task":
            yield name, state, times, loops, scope.at, listed
        elif kind == "Parallel":
            for branch in state.each_section("Branches"):
                yield from _tasks(branch, times, loops, listed)
        elif kind == "Map":
            inner = state.section_or_empty("ItemProcessor" if "ItemProcessor" in state else "Iterator")
            for task in _tasks(inner, 1, loops, True):
                yield task[0], task[1], times * task[2] * _at_once(state), *task[3:]


def reached(states: Mapping[str, Properties], name: str) -> set[str]:
    """The states that may follow a state in one run, at any distance."""
    found, ahead = set[str](), [name]
    while ahead:
        state = states.get(ahead.pop())
        if state is not None:
            nexts = {n for path in LEADS for n in state.each_text(path)}
            ahead += nexts - found
            found |= nexts
    return found


def _at_once(state: Properties) -> int:
    """How many iterations of a Map run at once. Without a bound, and with 0, it is the number of items."""
    if "MaxConcurrencyPath" in state:
        raise Malformed(
            f"{state.at}.MaxConcurrencyPath", "lets the input of a run say how many jobs start", state.owner
        )
    most = state.number_or_none("MaxConcurrency")
    if most is None or most < 1:
        where = f"{state.at}.MaxConcurrency"
        raise Malformed(where, "is missing or not above 0, so that any number of jobs may start", state.owner)
    return int(most)


def _sagemaker_action(task: Properties) -> str:
    """The SageMaker call of a task that runs machines. Empty for a task that starts none."""
    resource = task.text_or_empty("Resource")
    _, mark, call = resource.partition(":states:::")
    service, _, action = call.removeprefix("aws-sdk:").partition(":")
    action = action.partition(".")[0]
    if service == "sagemaker" and mark and (found := called(action)) is not None:
        return found
    if f"{service}:{action}" in _NOTIFIES:
        return ""
    where = f"{task.at}.Resource"
    raise Malformed(where, f"starts {resource or 'nothing that it names'}, whose machines are unknown", task.owner)


def _machines(graph: Graph, resource: Resource) -> Iterator[Machines]:
    yield from (machines for _, machines in _in_turn(resource))


def _in_turn(resource: Resource) -> list[tuple[list[Job], Machines]]:
    """The machines of each job that may run beside the others. Jobs that run one after the other on the same machines,
    each with as many of them, are told together, and the machines are called after the first.
    """
    kept = dict[tuple[str, frozenset[Machines]], list[Job]]()
    for job in jobs(resource.props):
        kept.setdefault((job.turn, frozenset(job.machines(""))), []).append(job)
    alone = len(kept) == 1
    return [
        (alike, replace(one, part="") if alone else one)
        for alike in kept.values()
        for one in alike[0].machines(resource.name, alike[0].state)
    ]


def billed_hours(resource: Resource, alike: Iterable[Job]) -> float:
    """How many hours the machines of jobs that have their turns on them bill in a run at most: each job for its own
    time at every attempt, and all no longer than the run. Raises Unpriced where nothing ends them.

    A training job's own time is without what it waits for Spot machines, which is beside it in MaxWaitTimeInSeconds:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html. A task that does not wait for
    its job leaves it behind when the run ends.
    """
    total = 0.0
    for job in alike:
        if not job.awaited:
            return job.longest_hours()
        own = job.hours_or_none()
        total += own * job.attempts if own is not None and job.attempts is not None else inf
    return min(longest_hours(resource.props), total)


def _price(pricing: Pricing, resource: Resource) -> Bill:
    found = list(jobs(resource.props))
    if not found:
        return _price_of_turns(pricing, resource)
    runs = starts_per_month(pricing.graph, resource)
    total, parts = 0.0, list[str]()
    for jobs_alike, machines in _in_turn(resource):
        hours = billed_hours(resource, jobs_alike)
        hour = pricing.hour(machines)
        total += runs * machines.high * hours * hour
        parts.append(f"{runs:.1f} runs × {machines.high} × {machines.said} × at most {hours:g} h × ${hour:g}")
    what = "training job" if all(USES[job.action] == "training" for job in found) else "batch job"
    return Bill(what, 0.0, total, f"nothing between runs; ceiling {'; '.join(parts)}")


def _price_of_turns(pricing: Pricing, resource: Resource) -> Bill:
    """What a state machine bills that starts no job, such as one that looks for jobs by the clock: its own states.

    Beside the machines of a job they are cents, and no line has them; nor what something else starts.
    """
    if not starts_of(pricing.graph, resource):
        return Bill("state machine", 0.0, 0.0, "it starts no job, and no schedule of the stack starts it")
    runs = starts_per_month(pricing.graph, resource)
    states = sum(len(states_of(scope)) for scope in scopes(resource.props))
    each = pricing.of("state-transitions")
    cost = runs * states / 1000 * each
    said = f"{runs:.0f} runs, each through {states} states at most × ${each:g} for 1,000; it starts no job"
    return Bill("state machine", cost, cost, said)


def _work(graph: Graph, resource: Resource) -> Work | None:
    """Of the states beside one another, a job waits for those from which a run comes to it and never back."""
    found = list(jobs(resource.props))
    run = longest_hours(resource.props) if any(job.awaited for job in found) else 0.0
    parts = [
        Part(
            job.state if len(found) > 1 else "",
            DOES[job.action],
            tuple(job.machines(resource.name)),
            billed_hours(resource, [job]),
            job.attempts,
        )
        for job in found
    ]
    states = states_of(definition(resource.props))
    later = {job.state: reached(states, job.state) for job in found}
    waits = {name: {one for one, after in later.items() if name in after and one not in later[name]} for name in later}
    others = tuple(starters(graph, resource))
    whole = run if all(job.awaited for job in found) else None
    return Work(tuple(parts), waits, starts_of(graph, resource), whole, others) if parts else None


def longest_hours(props: Properties) -> float:
    """How long a run may last. Raises Unpriced where nothing ends it."""
    seconds = definition(props).number_or_none("TimeoutSeconds")
    if seconds is None:
        raise Unpriced("a run that no TimeoutSeconds ends")
    if seconds <= 0:
        raise Malformed("definition.TimeoutSeconds", "is not above 0, so nothing ends a run", props.owner)
    return seconds / 3600


def _data(graph: Graph, resource: Resource) -> Iterator[str]:
    for job in jobs(resource.props):
        yield from job.data()


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
        runs=Runs(_machines, _JOBS, _data, _work),
        bills=Bills(_price, _PRICING, ("AWS Step Functions", "Amazon SageMaker")),
        stands=regional(STATE_MACHINE),
        keeps=No("its log group says how long", registry(STATE_MACHINE)),
        serves=Serves(_images, _artifacts, _JOBS),
        acts=_ACTS,
        renders=terraform("sfn_state_machine"),
    ),
)
