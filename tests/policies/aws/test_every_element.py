"""Every element of every list is read: what is bad where it stands alone is bad behind the good ones too."""

import copy
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import pytest

from catalogue.graph import Graph, Resource
from policies.pack import RULES
from tests import sharing
from tests.catching import Judge, caught
from tests.mutate import changed, drop, paths, put, without
from tests.policies.aws.test_rules import CATCHES, CONFIG, MACHINE, MODEL, editing, first, setting

DOCUMENT = "(document)"
"""Stands in a location where a text is a JSON document that is entered."""

Location = tuple[str | int, ...]

# Where one good element is enough, a bad one beside it does no harm, by the rule, the resource type and the list.
ONE_IS_ENOUGH = {
    "audit-packages-own-account aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy "
    "resourcePolicy.(document).Statement": "another statement denies other accounts",
    "audit-trail aws:cloudtrail/trail:Trail advancedEventSelectors.fieldSelectors.equals": (
        "one value more records more"
    ),
    "cost-alerts-reach-owner aws:sns/topicPolicy:TopicPolicy policy.(document).Statement": (
        "another statement lets the service publish"
    ),
    "encryption-key-callers aws:kms/key:Key policy.(document).Statement.Action": (
        "one action more keeps no run from its key"
    ),
    "identity-guardrails aws:iam/policy:Policy policy.(document).Statement": "what others deny stays denied",
    "identity-guardrails aws:iam/policy:Policy policy.(document).Statement.Action": "one action more denies more",
    "identity-pass-role aws:iam/role:Role assumeRolePolicy.(document).Statement": "another lets the service",
    "identity-permissions aws:ecr/repository:Repository encryptionConfigurations": "the stack's key is still named",
    "identity-tasks aws:iam/rolePolicy:RolePolicy policy.(document).Statement": "another statement grants it",
    "identity-tasks aws:iam/rolePolicy:RolePolicy policy.(document).Statement.Resource": "the right one is there",
    "rollback-run-whole aws:sfn/stateMachine:StateMachine definition.(document).States.TransformEnded.Choices": (
        "another choice lets a run that was completed end well"
    ),
    "rollback-run-whole aws:sfn/stateMachine:StateMachine definition.(document).States.Transform.Retry": (
        "another entry tries again"
    ),
    "identity-studio-name aws:iam/role:Role assumeRolePolicy.(document).Statement": (
        "another statement lets the name through"
    ),
    "identity-studio-name aws:iam/role:Role assumeRolePolicy.(document).Statement.Action": (
        "one action more grants more"
    ),
    "limits-scaling-policy aws:cloudwatch/metricAlarm:MetricAlarm alarmActions": "one action wakes a replica",
    "network-proof aws:ec2/vpcEndpoint:VpcEndpoint routeTableIds": "the stack's own table still leads to S3",
    "network-way-in aws:ec2/vpcEndpoint:VpcEndpoint policy.(document).Statement": "another statement lets the call in",
    "network-way-in aws:ec2/vpcEndpoint:VpcEndpoint securityGroupIds": "the stack's own group still lets it in",
    "network-way-in aws:iam/policy:Policy policy.(document).Statement": "another statement lets the call through",
    "network-way-in aws:iam/rolePolicy:RolePolicy policy.(document).Statement": "another statement grants the call",
    "network-way-in aws:sagemaker/domain:Domain defaultUserSettings.securityGroups": (
        "the stack's own group still leads to the door"
    ),
    "rollback-alarms aws:sagemaker/endpoint:Endpoint deploymentConfig.autoRollbackConfiguration.alarms": (
        "the alarms that are needed still take a version back"
    ),
    "rollback-alarm-dimensions aws:sagemaker/endpointConfiguration:EndpointConfiguration productionVariants": (
        "the variant that the alarm watches is still there"
    ),
    "limits-stores-expire aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration rules": (
        "another rule of the lifecycle cleans up"
    ),
    "network-endpoint-closed aws:iam/rolePolicy:RolePolicy policy.(document).Statement": (
        "another statement lets the role call"
    ),
}
_WORSE: dict[Any, Any] = {True: False, False: True}


def lists(value: Any, where: Location = ()) -> Iterator[tuple[Location, list[Any]]]:
    """Every list that is not empty, at any depth, JSON documents gone through."""
    if isinstance(value, str) and value.startswith("{"):
        yield from lists(json.loads(value), (*where, DOCUMENT))
    elif isinstance(value, dict):
        for key, item in cast(dict[str, Any], value).items():
            yield from lists(item, (*where, key))
    elif isinstance(value, list) and value:
        yield where, cast(list[Any], value)
        for index, item in enumerate(cast(list[Any], value)):
            yield from lists(item, (*where, index))


def replaced(value: Any, where: Location, new: Any) -> Any:
    """The value with something else at a location."""
    if not where:
        return new
    head, rest = where[0], where[1:]
    if head == DOCUMENT:
        return json.dumps(replaced(json.loads(value), rest, new))
    copied = copy.copy(value)
    copied[head] = replaced(value[head], rest, new)
    return copied


def found(value: Any, where: Location) -> Any:
    for part in where:
        value = json.loads(value) if part == DOCUMENT else value[part]
    return value


def worse(element: Any) -> Iterator[tuple[str, Any]]:
    """The element with one thing of it gone or turned over; a text wide open. Lists in it are looked at themselves.

    Each with the word for it.
    """
    if isinstance(element, str):
        yield element, "*"
        return
    for path, value in paths(element):
        if any(part.isdecimal() for part in path.split(".")):
            continue
        gone = copy.deepcopy(element)
        drop(gone, path)
        yield f"without {path}", gone
        if isinstance(value, bool | str):
            turned = copy.deepcopy(element)
            put(turned, path, _WORSE.get(value, "*"))
            yield f"another {path}", turned


def listed(graph: Graph, resource: Resource, where: Location, elements: list[Any]) -> Graph:
    """The graph with other elements in one list of a resource, as sent and as answered."""

    def change(properties: dict[str, Any]) -> None:
        properties[str(where[0])] = replaced(properties[str(where[0])], where[1:], elements)

    return changed(graph, resource, change)


def of_catches(graph: Graph) -> Iterator[tuple[Resource, Location, Any, Any]]:
    """The elements that the fixtures of the rules spoil: resource, list, the good element and the bad one."""
    for _, mutation in CATCHES:
        mutant = mutation(graph)
        for resource in graph.resources:
            spoilt = mutant.by_urn.get(resource.urn)
            if spoilt is None or spoilt.inputs == resource.inputs:
                continue
            for where, elements in lists(dict(resource.inputs)):
                try:
                    bad = found(spoilt.inputs, where)
                except (KeyError, IndexError, TypeError):
                    continue
                if isinstance(bad, list) and len(cast(list[Any], bad)) == len(elements):
                    pairs = zip(elements, cast(list[Any], bad), strict=True)
                    yield from ((resource, where, g, b) for g, b in pairs if g != b)


def every_list(graph: Graph, *, whole: bool) -> Iterator[tuple[Resource, Location, Any, Any]]:
    """Each list of the graph with each of its elements, and each way in which that can be worse.

    Where not the `whole` is wanted, a way in which a section is worse is taken at two elements of a list of this name
    that speak of the same services: rules read a statement as they read its neighbour, and the pilot has 170 of them.
    """
    taken = Counter[tuple[str, str, frozenset[str]]]()
    for resource in graph.cloud:
        for where, elements in lists(dict(resource.inputs)):
            for element in elements:
                for way, bad in worse(element):
                    alike = (name_of(resource, where), way, services(element))
                    taken[alike] += 1
                    if whole or isinstance(element, str) or taken[alike] <= 2:
                        yield resource, where, element, bad


def services(element: Any) -> frozenset[str]:
    """The services that a statement's actions are of; none of any other element."""
    said = element.get("Action", ()) if isinstance(element, dict) else ()
    return frozenset(action.partition(":")[0] for action in ([said] if isinstance(said, str) else said))


def name_of(resource: Resource, where: Location) -> str:
    """What a list is called, whichever element of another list it stands in."""
    return f"{resource.type} {'.'.join(str(part) for part in where if not isinstance(part, int))}"


@pytest.mark.sweep
def test_a_bad_element_is_caught_behind_good_ones_as_it_is_alone(pilot: Graph) -> None:
    """Bad is what fails a rule that the good element, alone in the list, does not fail.

    `make sweeps` takes each element of each list.
    """
    fails: dict[str, set[str]] = {}
    enough: set[str] = set()
    missed: list[str] = []
    count = 0
    judge = Judge.of(pilot)

    def failing(resource: Resource, where: Location, elements: list[Any], *rules: str) -> set[str]:
        """Remembered by what the list stands in.

        Where all are judged, the same statement is judged once for all roles; a share may take it of one role bad and
        of another good, which is not of the same.
        """
        around = json.dumps([found(resource.inputs, where[:-1]), where[-1], elements, rules])
        key = f"{name_of(resource, where) if sharing.whole() else resource.urn} {around}"
        if key not in fails:
            fails[key] = judge.caught(listed(pilot, resource, where, elements), *rules)
        return fails[key]

    cases = (*of_catches(pilot), *every_list(pilot, whole=sharing.whole()))
    for resource, where, good, bad in sharing.share(cases, 5, lambda case: f"{case[0].name} {case[1]} {case[3]}"):
        alone = failing(resource, where, [bad])
        if alone:
            alone = alone - failing(resource, where, [good], *sorted(alone))
        if not alone:
            continue
        count += 1
        behind = failing(resource, where, [*found(resource.inputs, where), bad], *sorted(alone))
        for rule in alone - behind:
            name = f"{rule} {name_of(resource, where)}"
            enough.add(name)
            if name not in ONE_IS_ENOUGH:
                missed.append(f"{name}: {bad}")
    assert count > 100
    assert not missed, "these are seen alone, and not behind others:\n" + "\n".join(sorted(set(missed))[:30])
    if sharing.whole():
        assert enough == set(ONE_IS_ENOUGH), "these are read whole by now; take them off the list"


def appended(type_: str, key: str, element: dict[str, Any], name: str = "") -> Any:
    """One element more in a list of the first resource of a type, which may have none yet."""
    return lambda g: changed(g, first(g, type_, name), lambda p: p.update({key: [*p.get(key, ()), element]}))


def task(action: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::sagemaker:{action}", "Parameters": parameters, "End": True}


def also(*states: dict[str, Any], inside: Any = None) -> Any:
    """The pilot's state machine with more states beside its own, inside another state where one is given."""
    inner = {"States": {f"More{n}": state for n, state in enumerate(states)}}

    def edit(definition: dict[str, Any]) -> None:
        definition["States"] |= {"Outer": inside(inner)} if inside else inner["States"]

    return editing(MACHINE, "definition", edit)


P4D = "ml.p4d.24xlarge"
VARIANT = {"variantName": "second", "instanceType": P4D, "initialInstanceCount": 20, "modelName": "m"}
MANY = task("createTransformJob.sync", {"TransformResources": {"InstanceType": P4D, "InstanceCount": 9}})
TRAINING = task("createTrainingJob.sync", {"ResourceConfig": {"InstanceType": P4D, "InstanceCount": 9}})
GROUPS = task(
    "createTrainingJob",
    {
        "ResourceConfig": {
            "InstanceGroups": [
                {"InstanceType": "ml.m5.large", "InstanceCount": 1},
                {"InstanceType": P4D, "InstanceCount": 9},
            ]
        }
    },
)
PROCESSING = task(
    "createProcessingJob",
    {
        "ProcessingResources": {"ClusterConfig": {"InstanceType": P4D, "InstanceCount": 9}},
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": {"S3Uri": "s3://b/o/"}}]},
    },
)
TUNED = {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}}
TUNING = task(
    "createHyperParameterTuningJob.sync",
    {
        "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxParallelTrainingJobs": 9}},
        "TrainingJobDefinitions": [TUNED, TUNED],
    },
)
ONE = task("createTransformJob.sync", {"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1}})
SIZES = {"limits-machine-types", "limits-replicas"}
COUNTS = {"limits-replicas"}
QUOTA = {"quota-declared", "quota-undeclared"}
"""What counts replicas counts their quota, which is too small or declared by nobody."""
POLICY, TRACKING = "aws:appautoscaling/policy:Policy", "targetTrackingScalingPolicyConfiguration"
LATENCY = {"namespace": "AWS/SageMaker", "metricName": "ModelLatency", "dimensions": {"EndpointName": "x"}}
INGRESS_RULE: dict[str, Any] = {"fromPort": 443, "toPort": 443, "protocol": "tcp", "securityGroups": ["sg-1"]}
OPEN_RULE = {**INGRESS_RULE, "securityGroups": [], "cidrBlocks": ["10.0.0.0/8"]}

NAMED: dict[str, tuple[set[str], Any]] = {
    "a second variant": (SIZES | {"rollback-alarms"}, appended(CONFIG, "productionVariants", VARIANT, "fraud")),
    "a shadow variant": (SIZES, appended(CONFIG, "shadowProductionVariants", VARIANT, "fraud")),
    "a serverless second variant": (
        SIZES,
        appended(
            CONFIG,
            "productionVariants",
            {"variantName": "second", "serverlessConfig": {"maxConcurrency": 20, "memorySizeInMb": 4096}},
            "fraud",
        ),
    ),
    "a variant of an unknown kind": (
        SIZES,
        appended(CONFIG, "productionVariants", {"variantName": "second"}, "fraud"),
    ),
    "a range of the variant's own": (
        COUNTS,
        setting(
            CONFIG,
            "productionVariants.0.managedInstanceScaling",
            {"status": "ENABLED", "minInstanceCount": 1, "maxInstanceCount": 40},
            "fraud",
        ),
    ),
    "an accelerator": (
        {"limits-machine-types"},
        setting(CONFIG, "productionVariants.0.acceleratorType", "ml.eia1.medium"),
    ),
    "a parallel branch": (SIZES, also(MANY, inside=lambda s: {"Type": "Parallel", "Branches": [{"States": {}}, s]})),
    "a map": (COUNTS, also(ONE, inside=lambda s: {"Type": "Map", "MaxConcurrency": 40, "ItemProcessor": s})),
    "a map without a bound": (SIZES, also(ONE, inside=lambda s: {"Type": "Map", "Iterator": s})),
    "a map in a parallel branch": (
        SIZES,
        also(
            MANY,
            inside=lambda s: {
                "Type": "Parallel",
                "Branches": [{"States": {"Each": {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": s}}}],
            },
        ),
    ),
    "a training job": (SIZES | {"encryption-batch", "cost-batch-tags"}, also(TRAINING)),
    "a second instance group": (SIZES, also(GROUPS)),
    "a processing job": (SIZES | {"encryption-batch", "cost-batch-tags"}, also(PROCESSING)),
    "a tuning job": (COUNTS | {"encryption-batch", "cost-batch-tags"}, also(TUNING)),
    "a job of an unknown kind": (SIZES, also(task("createAutoMLJobV2", {}))),
    "a job through the SDK's integration": (
        SIZES,
        also({**TRAINING, "Resource": "arn:aws:states:::aws-sdk:sagemaker:createTrainingJob"}),
    ),
    "an unknown service": (SIZES, also({"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync"})),
    "a machine that the run's input names": (
        SIZES,
        also(task("createTransformJob", {"TransformResources": {"InstanceType.$": "$.type", "InstanceCount": 1}})),
    ),
    "arguments in JSONata": (SIZES, also({**MANY, "Arguments": MANY["Parameters"]})),
    "an unknown state": (SIZES, also({"Type": "Loop"})),
    "retries of an outer state": (
        {"limits-batch-time"},
        also(
            inside=lambda s: {"Type": "Parallel", "Branches": [{"States": {}}], "Retry": [{"MaxAttempts": 99}]},
        ),
    ),
    "scale-in switched off": (
        {"limits-scaling-policy"},
        setting(POLICY, f"{TRACKING}.disableScaleIn", True, "on-requests"),
    ),
    "a second container": (
        {"audit-images-pinned"},
        appended(MODEL, "containers", {"image": "1.dkr.ecr.us-east-1.amazonaws.com/x:latest"}),
    ),
    "a container without an image": ({"audit-images-pinned"}, appended(MODEL, "containers", {"mode": "SingleModel"})),
    "a second filter of the budget": (
        {"cost-budget"},
        appended("aws:budgets/budget:Budget", "costFilters", {"name": "Service", "values": ["AmazonEC2"]}),
    ),
    "a second rule inside a security group": (
        {"network-security-group-closed"},
        lambda g: changed(
            g,
            first(g, "aws:ec2/securityGroup:SecurityGroup"),
            lambda p: p.update(ingress=[INGRESS_RULE, OPEN_RULE]),
        ),
    ),
    "a second metric of an alarm": (
        {"rollback-alarm-dimensions"},
        appended(
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            "metricQueries",
            {"metric": LATENCY},
        ),
    ),
    "a core dump without a key": (
        {"encryption-customer-key"},
        setting(CONFIG, "productionVariants.0.coreDumpConfig", {"destinationS3Uri": "s3://b/dumps/"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", NAMED)
def test_what_a_list_had_second_or_a_document_had_nested_is_seen(pilot: Graph, what: str) -> None:
    rules, mutation = NAMED[what]
    found = caught(mutation(pilot))
    assert rules <= found and (found & QUOTA or not rules & COUNTS)


def test_security_group_rules_that_name_a_group_are_no_finding(pilot: Graph) -> None:
    group = first(pilot, "aws:ec2/securityGroup:SecurityGroup")
    assert caught(changed(pilot, group, lambda p: p.update(ingress=[INGRESS_RULE]))) == {"inputs-known"}


def test_an_endpoint_whose_configuration_is_not_in_the_stack_is_said(pilot: Graph) -> None:
    found = caught(without(pilot, first(pilot, CONFIG)))
    assert found >= SIZES and found & QUOTA


def test_a_serverless_variant_is_said_to_be_one_and_keeps_no_replicas(pilot: Graph) -> None:
    """It runs on no machine type, so that none of the limits' would be a way out, and answers from none."""
    variant = {"variantName": "AllTraffic", "serverlessConfig": {"maxConcurrency": 2, "memorySizeInMb": 2048}}
    graph = setting(CONFIG, "productionVariants", [variant], "fraud")(pilot)
    said = [
        violation.sentence
        for rule in RULES["aws"]
        if rule.name in ("limits-machine-types", "limits-replicas")
        for violation in rule.judge(graph).violations
    ]
    assert said == ["is serverless 2048 MB: on no machine type, and in no private network, whatever the limits say"]
