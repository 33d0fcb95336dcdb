"""Documents and numbers that are no policies: what a run does, what a registry keeps, which addresses a network has."""

import ipaddress
from collections.abc import Iterator, Mapping, Set
from typing import Any

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import ec2, ecr, pipelines, sfn, sns
from catalogue.kinds.aws.jobs import PIPELINE, STATE_MACHINE, USES
from catalogue.kinds.aws.states import call_of
from catalogue.properties import Malformed, Properties
from policies.aws import steps
from policies.rule import Found, resource_rule, stack_rule, whole_stack_rule

Said = Mapping[str, Any]

_NUMBERS = {"IntervalSeconds": (10, 3600), "BackoffRate": (1.5, 10), "MaxAttempts": (0, 5)}


@resource_rule(
    "rollback-run-whole",
    STATE_MACHINE,
    PIPELINE,
    severity="high",
    says="A run is whole: it starts at a state that it has and may come to each; each leads to one or ends, and its "
    "job is waited for; it tries again a few times, and not for ever; a run that failed, or whose job was stopped, "
    "does not end as one that succeeded. A step of a pipeline comes after those that it reads, and writes in a folder "
    "of its run's own; one whose program failed is not tried again.",
    remedy="Keep the definition that the component writes.",
)
def run_whole(props: Properties) -> Iterator[str]:
    """The states language, https://states-language.net/spec.html, in each branch and iteration; five attempts an hour
    apart at most, and longer apart each time. `inputs-request` judges what a job is sent. A state that no run comes to
    is a job that is never done; Step Functions refuses such a definition.
    """
    if pipelines.AT in props:
        yield from steps.whole(props)
        return
    for scope in sfn.scopes(props):
        states, start = sfn.states_of(scope), scope.text_or_empty("StartAt")
        if start not in states:
            yield f"starts at no state that it has ({scope.at})"
        elif passed_by := sorted(states.keys() - {start, *sfn.reached(states, start)}):
            yield f"never comes to {', '.join(passed_by)}, whatever a run finds ({scope.at})"
        for name, state in states.items():
            yield from (f"{wrong} ({name})" for wrong in _state(state, states))


def _state(state: Properties, states: Mapping[str, Properties]) -> Iterator[str]:
    caught, kind = list(state.each_section("Catch")), state.text_or_empty("Type")
    leads = {name for path in sfn.LEADS for name in state.each_text(path)}
    if leads - states.keys():
        yield "leads to a state that it does not have"
    if not all(each.is_given("Next") for each in (*caught, *state.each_section("Choices"))):
        yield "catches an error, or chooses, and leads nowhere"
    ends = state.flag_or_none("End") is True or kind in ("Succeed", "Fail", "Choice")
    if not ends and not state.is_given("Next"):
        yield "neither ends nor leads on"
    for each in caught:
        if {*each.each_text("ErrorEquals")} != {_RUNS_ALREADY} and _may_succeed(states, each.text_or_empty("Next")):
            yield "ends as if it had succeeded where it failed"
    action = call_of(state) if kind == "Task" else ""
    if action in USES:
        yield from _job(state, action, caught)
        yield from _stopped(state, action, states)


_RUNS_ALREADY = "SageMaker.ResourceInUseException"
"""There is a job of that name: an earlier delivery of the same run's, which does the work."""


def _may_succeed(states: Mapping[str, Properties], name: str) -> bool:
    """Whether a run that comes to a state may end well."""
    ahead = (states[one] for one in {name, *sfn.reached(states, name)} if one in states)
    return any(one.text_or_empty("Type") == "Succeed" or one.flag_or_none("End") is True for one in ahead)


def _stopped(state: Properties, action: str, states: Mapping[str, Properties]) -> Iterator[str]:
    """SageMaker says of a job that it stops, for its time was up or no Spot machine came, that it is Stopped and not
    Failed, and no page of Step Functions says that the task fails. The status is a member of the task's answer:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
    """
    status, at = f"{action.removeprefix('create')}Status", state.text_or_empty("ResultPath") or "$"
    selected: Mapping[str, Any] = state.section_or_empty("ResultSelector").values or {f"{status}.$": f"$.{status}"}
    paths = {f"{at}.{key.removesuffix('.$')}" for key, value in selected.items() if value == f"$.{status}"}
    ends, next_ = state.flag_or_none("End") is True, state.text_or_empty("Next")
    if ends or _ends_well(states, next_, paths, "Stopped"):
        yield f"counts a job as done that was stopped: it asks for no {status}"
    if not ends and not _ends_well(states, next_, paths, "Completed"):
        yield "ends no run well, its job completed or not"


def _ends_well(states: Mapping[str, Properties], start: str, paths: Set[str], status: str) -> bool:
    """Whether a run may end well from a state on, where its job's status is this and stands at one of the paths.

    What a choice asks beside may be so or not. A state that answers in the place of all leaves nothing to ask.
    """
    ahead, seen = [(start, paths)], set[tuple[str, bool]]()
    while ahead:
        name, known = ahead.pop()
        state = states.get(name)
        if state is None or (name, bool(known)) in seen:
            continue
        seen.add((name, bool(known)))
        kind = state.text_or_empty("Type")
        if kind == "Succeed" or state.flag_or_none("End") is True:
            return True
        if kind in ("Task", "Parallel", "Map") and state.values.get("ResultPath", "$") == "$":
            known = set[str]()
        leads = (
            _chosen(state, known, status) if kind == "Choice" else (n for p in sfn.LEADS for n in state.each_text(p))
        )
        ahead += ((next_, known) for next_ in leads)
    return False


def _chosen(choice: Properties, paths: Set[str], status: str) -> Iterator[str]:
    """Where a choice may lead: to each branch that may hold, up to the first that does."""
    for each in choice.each_section("Choices"):
        holds = _holds(each, paths, status)
        if holds is not False:
            yield each.text_or_empty("Next")
        if holds:
            return
    yield choice.text_or_empty("Default")


def _holds(test: Properties, paths: Set[str], status: str) -> bool | None:
    """What a test of a choice says of the status; None where it asks for something else."""
    if test.is_given("Not"):
        inner = _holds(test.section_or_empty("Not"), paths, status)
        return None if inner is None else not inner
    for key, decides in (("And", False), ("Or", True)):
        if test.is_given(key):
            found = [_holds(one, paths, status) for one in test.each_section(key)]
            return decides if decides in found else None if None in found else not decides
    if test.text_or_empty("Variable") not in paths:
        return None
    if test.is_given("StringEquals"):
        return test.text_or_empty("StringEquals") == status
    return test.flag_or_none("IsPresent")


def _job(state: Properties, action: str, caught: list[Properties]) -> Iterator[str]:
    if state.text_or_empty("Resource") != f"arn:aws:states:::sagemaker:{action}.sync":
        yield "does not wait for its job"
    retries = list(state.each_section("Retry"))
    if not any(each.values.get("MaxAttempts", 3) for each in retries):
        yield "does not try again where SageMaker is busy"
    for each in (*retries, *caught):
        errors = list(each.each_text("ErrorEquals"))
        if not errors or not all("." in error for error in errors):
            yield "retries or catches no error by its name"
    for each in retries:
        yield from _numbers(each.values)
        if each.values.get("MaxAttempts") != 0 and not {"IntervalSeconds", "BackoffRate"} <= each.values.keys():
            yield "tries again without waiting longer each time"


def _numbers(said: Mapping[str, Any]) -> Iterator[str]:
    for name, (low, high) in _NUMBERS.items():
        value = said.get(name, low)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            yield f"has {name} {value}, where {low} to {high} is allowed"


@resource_rule(
    "limits-images-kept",
    ecr.LIFECYCLE,
    severity="medium",
    says="A registry lets images go: those without a tag after days, and all but the newest of the others.",
    remedy="Keep the two rules that the registry component writes.",
)
def images_kept(props: Properties) -> Iterator[str]:
    """Amazon ECR, "Lifecycle policy parameters",
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
    """
    rules = list(props.document_or_empty("policy").each_section("rules"))
    kinds = set[tuple[str, str]]()
    priorities = [rule.number_or_none("rulePriority") for rule in rules]
    if len(set(priorities)) != len(priorities) or not all(one and 1 <= one <= 999 for one in priorities):
        yield "has rules without a priority of their own from 1 to 999"
    for rule in rules:
        selection = rule.section_or_empty("selection")
        status, by = selection.text_or_empty("tagStatus"), selection.text_or_empty("countType")
        kinds.add((status, by))
        if rule.text_or_empty("action.type") != "expire":
            yield "has a rule that lets nothing go"
        if not 1 <= (selection.number_or_none("countNumber") or 0) <= 1000:
            yield "has a rule without a count from 1 to 1000"
        if by == "sinceImagePushed" and selection.text_or_empty("countUnit") != "days":
            yield "has a rule that counts no days"
        if status != "untagged" and by != "imageCountMoreThan":
            yield "deletes images that have a tag by their age, those in use among them"
        if by == "imageCountMoreThan" and (selection.number_or_none("countNumber") or 0) < _VERSIONS:
            yield f"keeps fewer than {_VERSIONS} images, so that no version can be taken back"
    for wanted in (("untagged", "sinceImagePushed"), ("any", "imageCountMoreThan")):
        if wanted not in kinds:
            yield f"has no rule on {wanted[0]} images by {wanted[1]}"


_VERSIONS = 2
"""The image that serves, and the one before it."""


@stack_rule(
    "network-addresses",
    ec2.VPC,
    ec2.SUBNET,
    severity="high",
    proof="network fit",
    says="A network has private addresses, and each subnet is a part of its network that no other has.",
    remedy="Take the addresses of the network and of its subnets from 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or "
    "100.64.0.0/10.",
)
def addresses(graph: Graph, resource: Resource) -> Iterator[str]:
    """RFC 1918 and RFC 6598; a VPC has /16 to /28:
    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
    """
    own = _network(resource)
    if own is None:
        return
    if not any(own.subnet_of(private) for private in _PRIVATE):
        yield f"has addresses of others ({own})"
    for vpc in graph.refers(resource, "vpcId", ec2.VPC) if resource.type == ec2.SUBNET else ():
        whole = _network(vpc)
        if whole is not None and not own.subnet_of(whole):
            yield f"has addresses ({own}) outside of those of its network ({whole})"
        for other in graph.referring(ec2.SUBNET, "vpcId", vpc):
            theirs = _network(other)
            if other.urn != resource.urn and theirs is not None and own.overlaps(theirs):
                yield f"has addresses ({own}) that {other.name} has too"


_PRIVATE = [ipaddress.IPv4Network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]


def _network(resource: Resource) -> ipaddress.IPv4Network | None:
    text = resource.props.text_if_known("cidrBlock")
    try:
        return ipaddress.IPv4Network(text) if text else None
    except ValueError:
        raise Malformed("cidrBlock", "is no network of IPv4 addresses", resource) from None


@whole_stack_rule(
    "identity-alerts-owner",
    sns.SUBSCRIPTION,
    severity="high",
    says="Alerts go to the owner of the stack, whom its tags name, and to nobody else.",
    remedy="Subscribe the owner of the stack file.",
    advice_elsewhere=True,
)
def alerts_owner(graph: Graph) -> Found:
    """An alert tells what a stack is called, what it does and when it fails; the topic's own tag says whose it is."""
    for subscription in graph.of(sns.SUBSCRIPTION):
        told = subscription.props.text_if_known("endpoint")
        for topic in graph.refers(subscription, "topic", sns.TOPIC):
            owner = topic.props.section_or_empty("tags").text_or_empty("owner")
            if told and owner and told.casefold() != owner.casefold():
                yield subscription, f"tells {told} what is the owner's to hear"


RULES = [run_whole, images_kept, addresses, alerts_owner]
