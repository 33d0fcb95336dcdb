"""Every element of every list is seen: what is caught when it stands alone is caught behind the good ones, too.

The lists are those of the pilot's graph, wherever they are: in inputs, and in the documents that inputs hold. The bad
elements are those that the mutations of test_rules.py and the security properties make of the good ones.
"""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest

from catalogue.graph import Graph, Resource
from operations.judge import cost_of
from tests import sharing
from tests.catching import Judge, caught
from tests.mutate import at, changed, drop, paths, put
from tests.policies.gcp.test_rules import (
    ALERT,
    CATCHES,
    DEPLOYMENT,
    FIREWALL,
    RECORD,
    WORKBENCH,
    WORKFLOW,
    Mutation,
    editing,
    first,
    setting,
)
from tests.security_properties.gcp import PROPERTIES

DOCUMENTS = {WORKFLOW: "sourceContents"}
TURNED: dict[Any, Any] = {True: False, False: True}

_OWNED = "the owner is one still; identity-workspace-owner finds two"
_RUNS_AS_IT = "the instance runs as its account still; identity-run-as finds the other"
_LET_OUT = "one rule that lets HTTPS out to the address is enough; what else it lets out, network-firewall-closed finds"
_WATCHED = "one condition that watches is enough, where one of several is enough to ring"
ENOUGH_ONCE = {
    ("allows", "network-endpoint-reached"): _LET_OUT,
    ("allows", "network-proof"): _LET_OUT,
    ("allows", "network-way-in"): _LET_OUT,
    ("lifecycleRules", "limits-outputs-expire"): "one rule that deletes a folder's files in time deletes them",
    ("conditions", "rollback-batch-watched"): _WATCHED,
    ("conditions", "rollback-idle-watched"): _WATCHED,
    ("denies", "network-default-denied"): "what is denied already stays denied",
    ("destinationRanges", "network-proof"): _LET_OUT,
    ("networks", "network-dns-logged"): "a policy that logs the stack's network logs it, whatever else it logs",
    ("privateServiceConnectConfig", "network-way-in"): "the stack's own project may connect still",
    ("gceSetup", "identity-known-members"): _RUNS_AS_IT,
    ("gceSetup", "identity-pass-role"): _RUNS_AS_IT,
    ("instanceOwners", "identity-known-members"): _OWNED,
    ("instanceOwners", "identity-persona-tasks"): "the first owner is the person who is asked for",
    ("accesses", "identity-persona-tasks"): "who reads it by one access reads it",
    ("instanceOwners", "identity-pass-role"): _OWNED,
    ("sourceContents", "identity-token-shown"): "something is called; each address that is called is asked for",
    ("sourceContents", "limits-batch-started"): "one step that starts a job is enough",
    ("sourceContents", "limits-batch-whole"): "what another branch or step does already, one more does not undo",
    ("sourceContents", "rollback-batch-watched"): "the event is logged once, which is enough",
    ("sourceContents", "limits-batch-time"): "one deadline, one look at it and one cancel bound the whole run",
}
"""Rules that ask for something to be in a list, by the property that holds it, and why a bad element more, behind one
that is good, takes nothing away."""


@dataclass(frozen=True)
class Bad:
    """A bad element of a list: the resource, the list's path, the element, and the good one it was made of."""

    resource: Resource
    path: str
    element: Any
    good: Any

    def alone(self, graph: Graph) -> Graph:
        """The graph with the bad element alone in its list."""
        return self._listed(graph, [self.element])

    def good_alone(self, graph: Graph) -> Graph:
        """The graph with the good element alone in its list."""
        return self._listed(graph, [self.good])

    def behind(self, graph: Graph) -> Graph:
        """The graph with the bad element behind those that are there."""
        return self._listed(graph, [*at(opened(self.resource), self.path), self.element])

    def _listed(self, graph: Graph, elements: list[Any]) -> Graph:
        whole = opened(self.resource)
        put(whole, self.path, copy.deepcopy(elements))
        return changed(graph, self.resource, lambda properties: properties.update(closed(self.resource, whole)))


def opened(resource: Resource) -> dict[str, Any]:
    """The inputs of a resource with the document they hold parsed."""
    inputs = copy.deepcopy(dict(resource.inputs))
    key = DOCUMENTS.get(resource.type)
    return {**inputs, key: json.loads(inputs[key])} if key else inputs


def closed(resource: Resource, inputs: dict[str, Any]) -> dict[str, Any]:
    key = DOCUMENTS.get(resource.type)
    return {**inputs, key: json.dumps(inputs[key])} if key else inputs


def lists(resource: Resource) -> Iterator[tuple[str, list[Any]]]:
    for path, value in paths(opened(resource)):
        if isinstance(value, list) and value:
            yield path, cast(list[Any], value)


def by_the_mutations(graph: Graph) -> Iterator[Bad]:
    """The elements that a mutation of test_rules.py puts where a good one was."""
    for _, mutation in CATCHES:
        mutant = mutation(graph)
        for before in graph.resources:
            after = mutant.by_urn.get(before.urn)
            if after is not None and after.inputs != before.inputs:
                yield from differing(before, after)


def differing(before: Resource, after: Resource) -> Iterator[Bad]:
    mutated = opened(after)
    for path, good in lists(before):
        found = at(mutated, path)
        for index, element in enumerate(cast(list[Any], found) if isinstance(found, list) else []):
            if element not in good:
                yield Bad(before, path, element, good[min(index, len(good) - 1)])


def by_the_properties(graph: Graph) -> Iterator[Bad]:
    """Each element of a list that security rests on, with each part of it gone or turned over."""
    for resource in graph.resources:
        for path, good in lists(resource):
            if any(path == name or path.startswith(f"{name}.") for name in PROPERTIES.get(resource.type, ())):
                for element in good:
                    for spoiled in spoils(element):
                        # What bounds a loop is a counter and a look at it. Behind them, an assignment that assigns
                        # nothing and a way on without a condition, which comes last, take nothing away.
                        harmless = (path.endswith(".assign") and not spoiled) or (
                            path.endswith(".switch") and "condition" not in spoiled
                        )
                        if not harmless:
                            yield Bad(resource, path, spoiled, element)


def spoils(element: Any) -> Iterator[Any]:
    for path, value in paths(element):
        gone = copy.deepcopy(element)
        drop(gone, path)
        yield gone
        if isinstance(value, bool):
            turned = copy.deepcopy(element)
            put(turned, path, TURNED[value])
            yield turned


@dataclass
class Tried:
    """What became of the bad elements: which rule misses one behind the good ones, and which rules were excused."""

    missed: list[str]
    excused: set[tuple[str, str]]
    caught: int = 0


def tried(graph: Graph, bad: Iterator[Bad]) -> Tried:
    """Put each bad element behind the good ones, where a rule catches it alone that lets the good one alone pass."""
    result, seen = Tried([], set()), set[str]()
    failing: dict[str, set[str]] = {}
    judge = Judge.of(graph)
    for each in bad:
        where = f"{each.resource.type} {each.path}"
        key = f"{where} {json.dumps(each.element, sort_keys=True)}"
        if key in seen:
            continue
        seen.add(key)
        if not sharing.is_taken(key, 4):
            continue
        rules = judge.caught(each.alone(graph))
        if rules:
            good = f"{each.resource.urn} {each.path} {json.dumps(each.good, sort_keys=True)} {sorted(rules)}"
            if good not in failing:
                failing[good] = judge.caught(each.good_alone(graph), *sorted(rules))
            rules -= failing[good]
        behind = judge.caught(each.behind(graph), *sorted(rules)) if rules else set[str]()
        for rule in rules - behind:
            excuse = (each.path.partition(".")[0], rule)
            if excuse in ENOUGH_ONCE:
                result.excused.add(excuse)
            else:
                result.missed.append(f"{rule}: {key[:300]}")
        result.caught += len(rules & behind)
    return result


@pytest.mark.sweep
def test_what_a_rule_catches_alone_it_catches_behind_the_good_ones(gcp_pilot: Graph) -> None:
    made = [tried(gcp_pilot, source(gcp_pilot)) for source in (by_the_mutations, by_the_properties)]
    missed = [miss for each in made for miss in each.missed]
    assert not missed, f"{len(missed)} are not seen behind good ones: {missed}"
    assert all(each.caught > 20 for each in made)
    if sharing.whole():
        assert set().union(*(each.excused for each in made)) == set(ENOUGH_ONCE)


# ---- by name --------------------------------------------------------------------------------------------------------


def appending(type_: str, path: str, element: Any, name: str = "") -> Mutation:
    """An element more behind those of a list of the first resource of a type; a section becomes the first of a list."""

    def mutate(graph: Graph) -> Graph:
        resource = first(graph, type_, name)
        there = at(dict(resource.inputs), path)
        good = there if isinstance(there, list) else [] if there is None else [there]
        *parents, last = path.split(".")
        into = ".".join(parents)
        return changed(graph, resource, lambda p: (at(p, into) if into else p).update({last: [*good, element]}))

    return mutate


def starting(*calls: Any) -> Mutation:
    """A workflow that starts something more, in a branch of a parallel step."""

    def mutate(graph: Graph) -> Graph:
        workflow = first(graph, WORKFLOW)
        source = json.loads(workflow.inputs["sourceContents"])
        branches = [{f"branch{i}": {"steps": [{"go": call}]}} for i, call in enumerate(calls)]
        source["main"]["steps"].append({"fan": {"parallel": {"branches": branches}}})
        return changed(graph, workflow, lambda p: put(p, "sourceContents", json.dumps(source)))

    return mutate


def like_the_pilots(kind: str, **body: Any) -> dict[str, Any]:
    url = f"https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/{kind}"
    return {"call": "http.post", "args": {"url": url, "body": body}}


GPUS = {"machineType": "a3-highgpu-8g", "acceleratorType": "NVIDIA_H100_80GB", "acceleratorCount": 8}
SCORED = {"dedicatedResources": {"machineSpec": GPUS, "startingReplicaCount": 9, "maxReplicaCount": 9}}
SMALL = {"machineSpec": {"machineType": "e2-standard-2"}, "replicaCount": 1}
TRAINED = {"jobSpec": {"workerPoolSpecs": [SMALL, {"machineSpec": GPUS, "replicaCount": 1}]}}
ELSEWHERE = "loader@elsewhere.iam.gserviceaccount.com"
MEAN = {"displayName": "x", "conditionThreshold": {"filter": 'metric.type = "x"', "thresholdValue": 1}}
UNENCRYPTED = {"diskSizeGb": "500", "diskEncryption": "GMEK"}
INTERFACE = {"network": "default", "subnet": "default"}
EVERY_OTHER = {"role": "READER", "specialGroup": "allAuthenticatedUsers"}
TO_ALL = {"protocol": "all"}

BEHIND: list[tuple[str, Mutation]] = [
    ("identity-run-as", appending(WORKBENCH, "gceSetup.serviceAccounts", {"email": ELSEWHERE})),
    (
        "limits-workspace-machines",
        appending(WORKBENCH, "gceSetup.acceleratorConfigs", {"type": "NVIDIA_L4", "coreCount": "8"}),
    ),
    ("network-workspace-vpc-only", appending(WORKBENCH, "gceSetup.networkInterfaces", INTERFACE)),
    ("encryption-workspace-disks", appending(WORKBENCH, "gceSetup.dataDisks", UNENCRYPTED)),
    ("encryption-customer-key", appending(WORKBENCH, "gceSetup.dataDisks", UNENCRYPTED)),
    ("audit-images-pinned", appending(WORKBENCH, "gceSetup.containerImage", {"repository": "r/x", "tag": "latest"})),
    ("identity-workspace-owner", appending(WORKBENCH, "instanceOwners", "eve@example.com")),
    ("identity-no-public-member", appending("gcp:bigquery/dataset:Dataset", "accesses", EVERY_OTHER)),
    ("network-firewall-closed", appending(FIREWALL, "allows", TO_ALL, "https-to-google")),
    ("network-firewall-closed", appending(FIREWALL, "destinationRanges", "0.0.0.0/0", "https-to-google")),
    ("network-proof", appending(RECORD, "rrdatas", "203.0.113.9", "googleapis-com-a")),
    ("network-proof", appending(RECORD, "rrdatas", "example.com.", "googleapis-com-cname")),
    ("rollback-alarm-heard", appending(ALERT, "conditions", {"displayName": "asks for nothing"})),
    (
        "rollback-alarm-heard",
        lambda g: appending(ALERT, "conditions", MEAN)(setting(ALERT, "combiner", "AND")(g)),
    ),
    (
        "rollback-endpoint-watched",
        lambda g: appending(ALERT, "conditions", MEAN, "errors")(setting(ALERT, "combiner", "AND", "errors")(g)),
    ),
    ("limits-machine-types", starting(like_the_pilots("batchPredictionJobs", **SCORED))),
    ("limits-replicas", starting(like_the_pilots("batchPredictionJobs", **SCORED))),
    ("quota-undeclared", starting(like_the_pilots("batchPredictionJobs", **SCORED))),
    ("cost-batch-tags", starting(like_the_pilots("batchPredictionJobs", **SCORED))),
    ("encryption-batch", starting(like_the_pilots("customJobs", **TRAINED))),
    ("identity-run-as", starting(like_the_pilots("customJobs", **TRAINED))),
    ("limits-machine-types", starting(like_the_pilots("customJobs", **TRAINED))),
    (
        "quota-undeclared",
        starting(like_the_pilots("hyperparameterTuningJobs", parallelTrialCount=9, trialJobSpec=TRAINED["jobSpec"])),
    ),
    ("limits-machine-types", starting(like_the_pilots("pipelineJobs"))),
]


@pytest.mark.parametrize(("rule", "mutation"), BEHIND, ids=[f"{i}-{rule}" for i, (rule, _) in enumerate(BEHIND)])
def test_a_bad_element_behind_the_good_ones_is_caught(gcp_pilot: Graph, rule: str, mutation: Mutation) -> None:
    assert rule in caught(mutation(gcp_pilot), rule)


def test_what_runs_beside_the_first_job_bills(gcp_pilot: Graph) -> None:
    """A second job of twice the replicas makes the run's machines three times as dear."""
    graph = gcp_pilot
    one = next(line for line in cost_of(graph).lines if line.resource == first(graph, WORKFLOW, "fraud").name)
    resources = {"machineSpec": {"machineType": "e2-standard-2"}, "startingReplicaCount": 4, "maxReplicaCount": 4}
    workflow = first(graph, WORKFLOW, "fraud")
    source = json.loads(workflow.inputs["sourceContents"])
    source["main"]["steps"].append({"more": like_the_pilots("batchPredictionJobs", dedicatedResources=resources)})
    more = changed(graph, workflow, lambda p: put(p, "sourceContents", json.dumps(source)))
    both = next(line for line in cost_of(more).lines if line.resource == one.resource)
    fixed = next(line for line in cost_of(nothing_run(graph, workflow)).lines if line.resource == one.resource)
    assert both.ceiling_usd - fixed.ceiling_usd == pytest.approx(3 * (one.ceiling_usd - fixed.ceiling_usd), abs=0.05)


def nothing_run(graph: Graph, workflow: Resource) -> Graph:
    """The workflow without its job: what is left are its steps and logs."""
    return changed(graph, workflow, lambda p: put(p, "sourceContents", json.dumps({"main": {"steps": []}})))


@pytest.mark.parametrize(
    "mutation",
    [
        appending(WORKBENCH, "gceSetup.acceleratorConfigs", {"type": "NVIDIA_L4", "coreCount": "8"}),
        starting(like_the_pilots("customJobs", **TRAINED)),
        starting(like_the_pilots("pipelineJobs")),
        editing(lambda job: put(job, "dedicatedResources.machineSpec.acceleratorCount", 8)),
        setting(DEPLOYMENT, "machineType", "n9-standard-2"),
    ],
)
def test_what_has_no_price_is_said_and_never_zero(gcp_pilot: Graph, mutation: Mutation) -> None:
    before, after = cost_of(gcp_pilot), cost_of(mutation(gcp_pilot))
    assert not before.unpriced and len(after.unpriced) == 1
    assert len(after.lines) == len(before.lines) - 1


def test_a_second_disk_bills(gcp_pilot: Graph) -> None:
    more = cost_of(appending(WORKBENCH, "gceSetup.dataDisks", {"diskSizeGb": "1000", "diskType": "PD_SSD"})(gcp_pilot))
    name = first(gcp_pilot, WORKBENCH).name
    before, after = (next(line for line in bill.lines if line.resource == name) for bill in (cost_of(gcp_pilot), more))
    assert after.idle_usd - before.idle_usd == pytest.approx(170, abs=0.01)
