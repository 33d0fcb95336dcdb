"""Every element: what is bad in a list is caught behind the good ones too, and what it costs is counted.

No input of a stack on Azure is a JSON or YAML document: definitions of jobs, roles and rules are sections of their own.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.kinds.azure.machinelearningservices import OUTBOUND_RULES
from operations.evaluation import evaluate
from operations.judge import cost_of
from policies import pack
from tests import sharing
from tests.catching import Judge, caught
from tests.mutate import at, changed, drop, paths, put, swapped
from tests.policies.azure.test_rules import CATCHES
from tests.policies.test_inputs import CAUGHT as INPUTS

_ML = "azure-native:machinelearningservices"
COMPUTE, SCHEDULE, ROLE = f"{_ML}:Compute", f"{_ML}:Schedule", "azure-native:authorization:RoleDefinition"
SCALING, QUERY = "azure-native:monitor:AutoscaleSetting", "azure-native:monitor:ScheduledQueryRule"
ALERT = "azure-native:monitor:MetricAlert"
WORKSPACE, ENDPOINT = f"{_ML}:Workspace", "azure-native:network:PrivateEndpoint"
JOB = "properties.action.jobDefinition"
SMALL = catalogue.load("azure").machine("cpu-small").price("eastus2", "batch") or 0
TURNED: dict[Any, Any] = {True: False, False: True, "Allow": "Deny", "Deny": "Allow", "Enabled": "Disabled"}

# Where one good element is enough, whatever stands beside it: the list, the rule, and why.
ONE_IS_ENOUGH: Mapping[tuple[str, str], str] = {
    ("securityRules", "network-default-denied"): "one rule that denies everything denies it",
    ("securityRules", "network-proof"): "one rule that lets HTTPS in lets it in",
    ("privateDnsZoneConfigs", "network-proof"): "the zone that is needed still leads to the endpoint",
    ("permissions", "identity-scope"): "a role is one for data as soon as one permission grants some",
    ("permissions", "identity-persona-tasks"): "what one permission allows the role allows",
    ("permissions", "identity-persona-permissions"): "a role that allows nothing by one permission does by another",
    ("logs", "audit-trail"): "one group that records every log records it",
    ("properties.rotationPolicy.lifetimeActions", "encryption-key"): "one action that rotates in time rotates",
    ("securityRules", "network-people-in"): "one rule that lets HTTPS in lets people in",
    ("policy.rules", "limits-capture"): "another rule deletes what is collected in time",
    (
        "policy.rules.1.definition.filters.prefixMatch",
        "limits-capture",
    ): "what a rule deletes besides is gone too",
    (
        "policy.rules.1.definition.filters.blobTypes",
        "limits-capture",
    ): "what a rule deletes besides is gone too",
    ("policy.rules.0.definition.filters.blobTypes", "limits-stores-expire"): "append blobs beside block blobs",
    ("policy.rules.2.definition.filters.blobTypes", "limits-outputs-expire"): "append blobs beside block blobs",
    ("policy.rules", "limits-stores-expire"): "one rule of a lifecycle that deletes old versions deletes them",
    ("policy.rules", "limits-outputs-expire"): "one rule that deletes a folder's files in time deletes them",
    (f"{JOB}.notificationSetting.emailOn", "rollback-batch-watched"): "a mail more, beside the two that are needed",
}


# What is in each share: the first shows that a list within a list is read at its first element alone, and the second
# that a list is.
PROVING = (
    """azure-pilot-identity-collect ('permissions', 0, "dataActions.0 another's")""",
    "azure-pilot-document-embedder-failed ('criteria.allOf', 0, 'query gone')",
)


def lists(resource: Resource) -> Iterator[tuple[str, list[Any]]]:
    """Every list anywhere in a resource's inputs that has an element, with its path; `0` enters a list around it."""
    for path, value in paths(dict(resource.inputs)):
        if isinstance(value, list) and value:
            yield path, cast(list[Any], value)


def spoilt(element: Any) -> Iterator[tuple[str, Any]]:
    """An element with one thing in it gone, turned over or another's; what was done, and the element."""
    if not isinstance(element, dict):
        yield "another's", f"{element}-of-another"
        return
    whole = cast(dict[str, Any], element)
    for path, value in paths(whole):
        without: dict[str, Any] = copy.deepcopy(whole)
        drop(without, path)
        yield f"{path} gone", without
        if isinstance(value, bool | str) and value in TURNED:
            yield f"{path} turned", _with(whole, path, TURNED[value])
        if isinstance(value, str):
            yield f"{path} another's", _with(whole, path, f"{value}-of-another")


def _with(element: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    bad = copy.deepcopy(element)
    put(bad, path, value)
    return bad


def from_catches(graph: Graph) -> Iterator[tuple[Resource, str, int, Any]]:
    """The elements that the mutations of test_rules.py make bad: resource, path of the list, index, bad element."""
    for _, mutation in CATCHES:
        for after in mutation(graph).resources:
            before = graph.by_urn.get(after.urn)
            for path, good in lists(before) if before else ():
                bad: Any = at(dict(after.inputs), path)
                if isinstance(bad, list) and len(cast(list[Any], bad)) == len(good):
                    changes = [(i, item) for i, item in enumerate(cast(list[Any], bad)) if item != good[i]]
                    yield from ((cast(Resource, before), path, i, item) for i, item in changes)


def with_list(graph: Graph, resource: Resource, path: str, items: list[Any]) -> Graph:
    return changed(graph, resource, lambda properties: put(properties, path, copy.deepcopy(items)))


def unseen(
    judge: Judge, graph: Graph, resource: Resource, path: str, index: int, bad: Any, excused: set[tuple[str, str]]
) -> set[str]:
    """The rules that catch a bad element in place of the good one, where no rule catches it behind the good ones.

    The rules of which inputs are allowed are left out, for they walk every value by themselves: what they see says
    nothing of how the others read a list. So are those that fail on the good graph: where lists are read at their first
    element, such a rule would seem to see each bad one. What ONE_IS_ENOUGH excuses is added to `excused` and left out.
    """
    good: list[Any] = at(dict(resource.inputs), path)
    apart = INPUTS | judge.caught(graph)
    in_place = judge.caught(with_list(graph, resource, path, [*good[:index], bad, *good[index + 1 :]])) - apart
    behind = judge.caught(with_list(graph, resource, path, [*good, bad])) - apart if in_place else set[str]()
    excused |= {(path, rule) for rule in in_place - behind} & set(ONE_IS_ENOUGH)
    demanded = {rule for rule in in_place if (path, rule) not in ONE_IS_ENOUGH}
    return set() if behind else demanded


def subjects(graph: Graph) -> list[Resource]:
    """One resource for each type and set of lists: thirty role assignments have the same."""
    found: dict[tuple[str, tuple[str, ...]], Resource] = {}
    for resource in graph.resources:
        found.setdefault((resource.type, tuple(path for path, _ in lists(resource))), resource)
    return list(found.values())


def spoilt_lists(graph: Graph) -> Iterator[tuple[Resource, str, int, str, Any]]:
    """Each element of each list, spoilt in each way: the resource, the path, the index, what was done, the element."""
    for resource in subjects(graph):
        for path, good in lists(resource):
            for index, element in enumerate(good):
                yield from ((resource, path, index, what, bad) for what, bad in spoilt(element))


@pytest.mark.sweep
def test_a_bad_element_is_caught_behind_the_good_ones(azure_pilot: Graph) -> None:
    missed, seen, excused, judge = list[str](), 0, set[tuple[str, str]](), Judge.of(azure_pilot)
    cases = sharing.share(spoilt_lists(azure_pilot), 4, lambda case: f"{case[0].name} {case[1:4]}", PROVING)
    for resource, path, index, what, bad in cases:
        seen += 1
        for rule in unseen(judge, azure_pilot, resource, path, index, bad, excused):
            missed.append(f"{resource.name} {path}[{index}] {what}: {rule}")
    assert seen > 50
    assert not missed
    if sharing.whole():
        assert excused == set(ONE_IS_ENOUGH), "these are caught by now; take them off the list"


def test_what_the_rules_catch_in_a_list_they_catch_behind_the_good_ones(azure_pilot: Graph) -> None:
    found, judge = list(from_catches(azure_pilot)), Judge.of(azure_pilot)
    assert len(found) > 10
    missed = [
        f"{resource.name} {path}[{index}]: {rule}"
        for resource, path, index, bad in found
        for rule in unseen(judge, azure_pilot, resource, path, index, bad, set())
    ]
    assert not missed


def test_no_input_is_a_document(azure_pilot: Graph) -> None:
    """Where one is, its lists must be among those above."""
    values = [(r.name, path, value) for r in azure_pilot.resources for path, value in paths(dict(r.inputs))]
    assert not [(name, path) for name, path, value in values if isinstance(value, str) and value.startswith("{")]


def first(graph: Graph, type_: str, name: str = "") -> Resource:
    return next(resource for resource in graph.of(type_) if name in resource.name)


def appended(graph: Graph, resource: Resource, path: str, **differences: Any) -> Graph:
    """The graph with a copy of a list's first element behind it, in which some paths (`__` for a dot) differ."""
    items: list[Any] = at(dict(resource.inputs), path)
    extra = copy.deepcopy(items[0])
    for key, value in differences.items():
        put(extra, key.replace("__", "."), value)
    return with_list(graph, resource, path, [*items, extra])


def step(graph: Graph) -> dict[str, Any]:
    """The one step of the fraud scorer's pipeline, as a job that stands by itself."""
    job: dict[str, Any] = at(dict(first(graph, SCHEDULE, "fraud").inputs), JOB)
    own = {key: value for key, value in job["jobs"]["score"].items() if key != "type"}
    return {**own, "jobType": "Command", "experimentName": job["experimentName"], "tags": job["tags"]}


def job_of(graph: Graph, job: Mapping[str, Any]) -> Graph:
    """The graph with the fraud scorer's schedule starting another job, which says what its step says but for this."""
    whole = {**step(graph), **job}
    return changed(graph, first(graph, SCHEDULE, "fraud"), lambda p: put(p, JOB, whole))


def pipeline(graph: Graph, **steps: Mapping[str, Any]) -> Graph:
    """The graph with the fraud scorer's step, and further steps, in its pipeline."""
    own = {"score": step(graph), **steps}
    return changed(graph, first(graph, SCHEDULE, "fraud"), lambda p: put(p, f"{JOB}.jobs", own))


SERVERLESS = {
    "jobType": "Command",
    "componentId": "azureml:train:1",
    "limits": {"timeout": "PT1H"},
    "resources": {"instanceType": "Standard_ND96asr_v4", "instanceCount": 9},
}


def test_a_second_profile_is_seen_by_limits_quota_and_bill(azure_pilot: Graph) -> None:
    graph = appended(azure_pilot, first(azure_pilot, SCALING), "profiles", capacity__maximum="40")
    assert {"limits-replicas", "quota-declared"} <= caught(graph, "limits-replicas", "quota-declared")
    assert cost_of(graph).ceiling_usd > 2 * cost_of(azure_pilot).ceiling_usd
    graph = appended(azure_pilot, first(azure_pilot, SCALING), "profiles", capacity__minimum="9")
    assert "limits-replicas" in caught(graph, "limits-replicas")
    graph = appended(azure_pilot, first(azure_pilot, SCALING), "profiles", capacity__minimum="0")
    assert "limits-autoscaled" in caught(graph, "limits-autoscaled")


def test_a_second_autoscale_setting_is_seen(azure_pilot: Graph) -> None:
    setting = first(azure_pilot, SCALING)
    extra = replace(setting, urn=setting.urn + "-second", name="second")
    graph = replace(azure_pilot, resources=(*azure_pilot.resources, extra))
    graph = changed(graph, extra, lambda p: put(p, "profiles.0.capacity.maximum", "40"))
    assert {"limits-replicas", "quota-declared"} <= caught(graph, "limits-replicas", "quota-declared")


def test_a_second_rule_that_scales_the_other_way_at_once_is_seen(azure_pilot: Graph) -> None:
    """The last rule each way used to hide those before it."""
    setting = first(azure_pilot, SCALING)
    rules: list[Any] = at(dict(setting.inputs), "profiles.0.rules")
    low = copy.deepcopy(rules[0])
    put(low, "metricTrigger.threshold", 1)
    graph = with_list(azure_pilot, setting, "profiles.0.rules", [low, *rules])
    assert "limits-scaling-policy" in caught(graph, "limits-scaling-policy")


@pytest.mark.parametrize("type_", [ALERT, QUERY])
def test_a_second_condition_is_seen(azure_pilot: Graph, type_: str) -> None:
    """All conditions of an alarm must hold before it rings, so a second one may keep it silent for ever."""
    alarm = first(azure_pilot, type_, "errors" if type_ == QUERY else "")
    graph = appended(azure_pilot, alarm, "criteria.allOf", threshold=1_000_000)
    assert "rollback-alarms" in caught(graph, "rollback-alarms")


def test_a_second_permission_is_seen(azure_pilot: Graph) -> None:
    graph = appended(azure_pilot, first(azure_pilot, ROLE), "permissions", actions=["*"])
    assert {"identity-no-wildcard", "identity-pass-role"} <= caught(graph, "identity-no-wildcard", "identity-pass-role")


def test_a_second_identity_is_seen(azure_pilot: Graph) -> None:
    for type_ in (WORKSPACE, COMPUTE, f"{_ML}:OnlineEndpoint", f"{_ML}:BatchEndpoint"):
        resource = first(azure_pilot, type_)
        path = "identity.userAssignedIdentities"
        items: list[str] = at(dict(resource.inputs), path)
        graph = with_list(azure_pilot, resource, path, [*items, f"{items[0]}-of-another"])
        assert "identity-user-assigned" in caught(graph, "identity-user-assigned"), type_


def test_a_second_private_endpoint_connection_is_seen(azure_pilot: Graph) -> None:
    door = first(azure_pilot, ENDPOINT)
    elsewhere = "/subscriptions/s/resourceGroups/other/providers/Microsoft.Storage/storageAccounts/theirs"
    graph = appended(azure_pilot, door, "privateLinkServiceConnections", privateLinkServiceId=elsewhere)
    assert "network-endpoint-closed" in caught(graph, "network-endpoint-closed")


def test_a_second_outbound_rule_is_seen(azure_pilot: Graph) -> None:
    """That one rule leads to the stack's storage says nothing of the next."""
    workspace = first(azure_pilot, WORKSPACE)
    storage = first(azure_pilot, "azure-native:storage:StorageAccount")
    home = {"type": "PrivateEndpoint", "destination": {"serviceResourceId": storage.outputs["id"]}}
    theirs = {"type": "PrivateEndpoint", "destination": {"serviceResourceId": f"{storage.outputs['id']}-theirs"}}

    def ruled(**rules: Any) -> Graph:
        links = {**workspace.property_dependencies, "managedNetwork": (storage.urn,)}
        inline = replace(azure_pilot, resources=tuple(r for r in azure_pilot.resources if r.type not in OUTBOUND_RULES))
        graph = swapped(inline, replace(workspace, property_dependencies=links))
        node = graph.by_urn[workspace.urn]
        return changed(graph, node, lambda p: p["managedNetwork"].update(outboundRules=rules))

    rule = "network-approved-outbound"
    assert caught(ruled(home=home), rule) == set()
    assert caught(ruled(home=home, theirs=theirs), rule) == {rule}
    assert caught(ruled(home=home, strange={"type": "Tunnel"}), rule) == {rule}
    one, two = cost_of(ruled(home=home)), cost_of(ruled(home=home, theirs=theirs))
    assert cost_of(ruled()).idle_usd < one.idle_usd < two.idle_usd


def test_a_second_container_of_a_compute_instance_is_seen(azure_pilot: Graph) -> None:
    services = [
        {"name": "one", "image": {"type": "docker", "reference": "mcr.microsoft.com/one:1"}},
        {"name": "two", "image": {"type": "docker", "reference": "mcr.microsoft.com/two:latest"}},
    ]
    instance = first(azure_pilot, COMPUTE, "ana")

    def offering(count: int) -> Graph:
        return changed(
            azure_pilot, instance, lambda p: p["properties"]["properties"].update(customServices=services[:count])
        )

    assert caught(offering(1)) <= INPUTS
    assert caught(offering(2)) - INPUTS == {"audit-images-pinned"}


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_step_of_a_pipeline_is_seen_at_any_depth(azure_pilot: Graph, depth: int) -> None:
    step: Mapping[str, Any] = SERVERLESS
    for _ in range(depth - 1):
        step = {"type": "pipeline", "jobs": {"inner": step}}
    graph = pipeline(azure_pilot, train=step)
    assert caught(graph) - INPUTS == {
        "limits-batch-started",
        "limits-machine-types",
        "limits-replicas",
        "limits-stated",
        "quota-declared",  # of all dedicated machines together
        "quota-undeclared",
        "rollback-batch-watched",  # no alarm on a run of it that does not end
    }
    assert any("Standard_ND96asr_v4" in missing.why for missing in cost_of(graph).unpriced)


def test_every_step_of_a_pipeline_bills(azure_pilot: Graph) -> None:
    small = {**SERVERLESS, "resources": {"instanceType": "Standard_DS2_v2", "instanceCount": 4}}
    one, two = cost_of(pipeline(azure_pilot)), cost_of(pipeline(azure_pilot, more=small))
    assert one.ceiling_usd == cost_of(azure_pilot).ceiling_usd
    assert two.ceiling_usd > one.ceiling_usd and not two.unpriced


def test_a_step_with_more_nodes_than_its_cluster_or_without_a_limit_of_time_is_seen(azure_pilot: Graph) -> None:
    own = step(azure_pilot)
    many = {**own, "name": "many", "resources": {"instanceCount": 40}}
    assert caught(pipeline(azure_pilot, many=many)) - INPUTS == {"limits-batch-size", "limits-stated"}
    endless = {key: value for key, value in own.items() if key != "limits"} | {"name": "endless"}
    assert caught(pipeline(azure_pilot, endless=endless)) - INPUTS == {"limits-batch-time"}
    sweep = {**own, "name": "sweep", "jobType": "Sweep", "limits": {"timeout": "PT1H", "maxConcurrentTrials": 40}}
    assert caught(pipeline(azure_pilot, sweep=sweep)) - INPUTS == {"limits-batch-size", "limits-stated"}


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ({"jobType": "Spark"}, "is spark, a kind of job that the catalogue does not know"),
        ({"jobType": "Pipeline", "componentId": "azureml:train:1"}, "is empty, so what"),
        ({"jobType": "Sweep", "limits": {"timeout": "PT1H"}}, "nothing bounds how many trials run at once"),
        ({"computeId": "/subscriptions/s/resourceGroups/g/computes/theirs"}, "names no compute of the stack"),
        ({"computeId": None, "resources": {"instanceCount": 2}}, "so that Azure chooses the machine"),
        (
            {"computeId": None, "resources": {"instanceType": "Standard_DS2_v2"}, "queueSettings": {"jobTier": "Spot"}},
            "is Spot, whose price and quota are not in the catalogue",
        ),
    ],
)
def test_what_nobody_can_count_is_said_and_never_nothing(azure_pilot: Graph, job: dict[str, Any], said: str) -> None:
    graph = job_of(azure_pilot, job)
    asked = [rule for rule in pack.RULES["azure"] if rule.name == "limits-machine-types"]
    findings = evaluate(graph, asked).findings
    assert any(said in finding.message and finding.mandatory for finding in findings)
    assert any(said in missing.why for missing in cost_of(graph).unpriced)


def test_a_cluster_of_low_priority_is_for_what_keeps_checkpoints(azure_pilot: Graph) -> None:
    cluster = first(azure_pilot, COMPUTE, "fraud")
    spot = changed(azure_pilot, cluster, lambda p: put(p, "properties.properties.vmPriority", "LowPriority"))
    assert "limits-batch-started" in caught(spot, "limits-batch-started")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("properties.computeType", "Kubernetes"),
        ("properties.properties.scaleSettings", {"minNodeCount": 0, "nodeIdleTimeBeforeScaleDown": "PT5M"}),
    ],
)
def test_a_cluster_that_nobody_can_count_is_said(azure_pilot: Graph, path: str, value: Any) -> None:
    graph = changed(azure_pilot, first(azure_pilot, COMPUTE, "fraud"), lambda p: put(p, path, value))
    assert {"limits-machine-types", "quota-declared"} <= caught(graph, "limits-machine-types", "quota-declared")


def test_nodes_that_stand_between_runs_bill(azure_pilot: Graph) -> None:
    cluster = first(azure_pilot, COMPUTE, "fraud")
    graph = changed(azure_pilot, cluster, lambda p: put(p, "properties.properties.scaleSettings.minNodeCount", 2))
    assert cost_of(graph).idle_usd == pytest.approx(cost_of(azure_pilot).idle_usd + 2 * 730 * SMALL, abs=0.01)
