"""Documents and numbers that are no policies: what a run does, what a registry keeps, when an alarm is heard."""

import ipaddress
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import ec2, ecr, sns
from catalogue.kinds.aws.cloudwatch import ALARM
from catalogue.kinds.aws.jobs import STATE_MACHINE
from catalogue.properties import Malformed, Properties
from catalogue.rollbacks import ERRORS_PERCENT
from policies.rule import Found, resource_rule, stack_rule, whole_stack_rule

Said = Mapping[str, Any]

# What a transform job cannot do without, by CreateTransformJob, and what the batch component always says: how input is
# split and put together, how often and how long a container is asked.
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
_JOB = (
    "ModelName",
    "ModelClientConfig.InvocationsTimeoutInSeconds",
    "ModelClientConfig.InvocationsMaxRetries",
    "TransformInput.ContentType",
    "TransformInput.SplitType",
    "TransformInput.DataSource.S3DataSource.S3DataType",
    "TransformInput.DataSource.S3DataSource.S3Uri",
    "TransformOutput.AssembleWith",
    "TransformOutput.S3OutputPath",
    "TransformResources.InstanceCount",
    "TransformResources.InstanceType",
)
_NUMBERS = {"IntervalSeconds": (1, 3600), "BackoffRate": (1, 10), "MaxAttempts": (0, 5)}
_CLIENT = {"InvocationsTimeoutInSeconds": (1, 3600), "InvocationsMaxRetries": (0, 3)}
_ENDS = ("Succeed", "Fail")


@resource_rule(
    "rollback-run-whole",
    STATE_MACHINE,
    severity="high",
    says="A run of a batch job is whole: it starts at a state that it has, each state leads to one or ends, and its "
    "job says what it reads, scores and writes; it tries again a few times, and not for ever.",
    remedy="Keep the definition that the batch component writes.",
)
def run_whole(props: Properties) -> Iterator[str]:
    """The states language, https://states-language.net/spec.html; the bounds are those of CreateTransformJob and of
    five attempts an hour apart.
    """
    document = props.document_or_empty("definition").values
    states = cast("Mapping[str, Any]", document.get("States") or {})
    if not isinstance(states, dict) or document.get("StartAt") not in states:
        yield "starts at no state that it has"
        return
    for name, state in states.items():
        if not isinstance(state, dict):
            raise Malformed(f"definition.States.{name}", "is no state")
        yield from (f"{wrong} ({name})" for wrong in _state(cast(Said, state), states))


def _state(state: Said, states: Mapping[str, Any]) -> Iterator[str]:
    caught: list[Said] = list(state.get("Catch") or [])
    leads = [state.get("Next"), *(each.get("Next") for each in caught)]
    if any(one is not None and one not in states for one in leads):
        yield "leads to a state that it does not have"
    if any(one.get("Next") is None for one in caught):
        yield "catches an error and leads nowhere"
    ends = state.get("End") is True or state.get("Type") in _ENDS or state.get("Type") == "Choice"
    if not ends and state.get("Next") is None:
        yield "neither ends nor leads on"
    if state.get("Type") == "Task" and "createTransformJob" in str(state.get("Resource")):
        yield from _job(state, caught)


def _job(state: Said, caught: list[Said]) -> Iterator[str]:
    if state.get("Resource") != "arn:aws:states:::sagemaker:createTransformJob.sync":
        yield "does not wait for its job"
    said = cast(Said, state.get("Parameters") or {})
    if not said.get("TransformJobName.$") and not said.get("TransformJobName"):
        yield "has no TransformJobName"
    yield from (f"has no {path}" for path in _JOB if _at(said, path) is None)
    yield from _numbers(cast(Said, said.get("ModelClientConfig") or {}), _CLIENT)
    retries: list[Said] = list(state.get("Retry") or [])
    if not any(each.get("MaxAttempts", 3) for each in retries):
        yield "does not try again where SageMaker is busy"
    for each in (*retries, *caught):
        errors: list[Any] = list(each.get("ErrorEquals") or [])
        if not errors or not all("." in str(error) for error in errors):
            yield "retries or catches no error by its name"
    for each in retries:
        yield from _numbers(each, _NUMBERS)
        if each.get("MaxAttempts") != 0 and not {"IntervalSeconds", "BackoffRate"} <= each.keys():
            yield "tries again without waiting longer each time"
    for listed in (retries, caught, list(said.get("Tags") or [])):
        texts = [json.dumps(one, sort_keys=True) for one in listed]
        if len(texts) != len(set(texts)):
            yield "says the same twice"


def _at(said: Any, path: str) -> Any:
    for part in path.split("."):
        said = cast(Said, said).get(part) if isinstance(said, dict) else None
    return said


def _numbers(said: Said, bounds: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    for name, (low, high) in bounds.items():
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


# What an alarm on a metric can still be heard at: a share of the answers, microseconds, seconds, a count.
# https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html,
# https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
_ERRORS = (ERRORS_PERCENT[0] / 100, ERRORS_PERCENT[1] / 100)
_THRESHOLDS: Mapping[str, tuple[float, float]] = {
    "Invocation5XXErrors": _ERRORS,
    "Invocation4XXErrors": _ERRORS,
    "ModelLatency": (1_000, 60_000_000),
    "ApproximateAgeOfOldestRequest": (60, 21_600),
    "ExecutionsFailed": (0, 0),
    "ExecutionsTimedOut": (0, 0),
    "ExecutionsSucceeded": (1, 1),
    "HasBacklogWithoutCapacity": (1, 1),
}


_MISSED = ("ExecutionsSucceeded",)
"""What is to be there: its alarm is on too little. Of any other it is on too much."""


@resource_rule(
    "rollback-alarm-threshold",
    ALARM,
    severity="high",
    says="An alarm reads one metric whole, and its threshold is one that the metric can cross.",
    remedy="Say namespace, metric, period and statistic; give a threshold within what the finding names.",
)
def threshold(props: Properties) -> Iterator[str]:
    """An error rate is a share, so that a threshold of ten is never crossed; a count of failed runs starts at one.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    if props.is_given("metricQueries"):
        bounds = (1.0, 1.0)
        if props.is_given("metricName") or props.is_given("statistic"):
            yield "reads a metric and queries at once, which CloudWatch refuses"
    else:
        for key in ("namespace", "metricName", "period", "dimensions"):
            if not props.is_given(key):
                yield f"has no {key}"
        if not props.is_given("statistic") and not props.is_given("extendedStatistic"):
            yield "has neither a statistic nor an extended one"
        bounds = _THRESHOLDS.get(props.text_or_empty("metricName"), (0, 1e12))
    metric, compares = props.text_or_empty("metricName"), props.text_or_empty("comparisonOperator")
    if metric in _THRESHOLDS and compares.startswith("LessThan") != (metric in _MISSED):
        yield f"is heard while {metric} is well, by {compares or 'no comparison'}"
    value = props.number_or_none("threshold")
    if value is None or not bounds[0] <= value <= bounds[1]:
        yield (
            f"is heard at {value:g}, where {bounds[0]:g} to {bounds[1]:g} is heard"
            if value is not None
            else "is unheard"
        )


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


RULES = [run_whole, images_kept, threshold, addresses, alerts_owner]
