"""The records of Azure against the installed SDK: what it says of a type is read from it, not believed.

And one record a type: who lacks one is named, and nobody else names a type.
"""

import inspect
import re
import typing
from collections.abc import Mapping
from datetime import date
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

from catalogue.answers import Request
from catalogue.graph import Graph, Resource
from catalogue.kind import Acts, At, Bills, Evidence, Keys, Kind, No, NotYet, Runs, Serves
from catalogue.kinds import azure, kinds
from catalogue.kinds.azure.machinelearningservices import LINKS
from catalogue.platforms import PLATFORMS
from catalogue.properties import Malformed
from components.azure import network
from operations.judge import cost_of
from operations.rendering.arm import render
from policies.everywhere import kind_known
from policies.pack import RULES
from provider.azure.approved_version import ApprovedVersionService
from provider.azure.roles import RolesInForceService
from provider.azure.traffic import TrafficService
from provider.service import Service
from sandbox import cloud
from tests.mutate import changed, paths, put, without
from tests.rows import rows

ROOT = Path(__file__).parents[2]
KINDS = kinds("azure")
PROVIDER = PLATFORMS["azure"].provider
NATIVE = {token: kind for token, kind in KINDS.items() if token.startswith("azure-native:")}
GLOBAL = {"ActionGroup", "MetricAlert", "PrivateZone", "VirtualNetworkLink"}
"""What has a location that is always `global`."""


def parameters(token: str) -> set[str]:
    """The inputs of a type under their Python names."""
    _, module, name = token.split(":")
    class_: Any = getattr(import_module(f"pulumi_azure_native.{module}"), name)
    return set(inspect.signature(class_._internal_init).parameters) - {"__self__", "resource_name", "opts"}


def inner(module: Any, type_: Any) -> list[Any]:
    """The args classes that an annotation names."""
    names = set(re.findall(r"'?(\w+Args)\b", str(type_)))
    return [getattr(import_module(f"{module}._inputs"), name) for name in names if name != "Args"]


def takes(token: str, path: str) -> bool:
    """Whether a type of the SDK has an input at a dotted path of wire names."""
    _, module, name = token.split(":")
    package = f"pulumi_azure_native.{module}"
    class_: Any = getattr(import_module(package), name)
    head, *rest = [re.sub(r"(?<!^)(?=[A-Z])", "_", part).lower() for part in path.split(".")]
    signature = inspect.signature(class_._internal_init).parameters
    if head not in signature:
        return False
    nodes = inner(package, signature[head].annotation)
    for part in rest:
        annotations = [_getter(node, part) for node in nodes if isinstance(getattr(node, part, None), property)]
        if not annotations:
            return False
        nodes = [found for annotation in annotations for found in inner(package, annotation)]
    return True


def _getter(node: Any, part: str) -> Any:
    return typing.cast(property, getattr(node, part)).fget.__annotations__["return"]  # type: ignore[union-attr]


# ---- one record a type, and nobody else who names it ----------------------------------------------------------------


def named() -> list[str]:
    """Every type that a module of the records gives a name of its own, whether or not it has a record."""
    names = [f"{azure.__name__}.{module.name}" for module in iter_modules(azure.__path__)]
    values = [value for name in (azure.__name__, *names) for value in vars(import_module(name)).values()]
    texts = [text for value in values for text in (value if isinstance(value, tuple) else (value,))]
    pattern = re.compile(r"(azure-native:\w+|mlplatform:azure):[A-Z]\w+")
    return sorted({text for text in texts if isinstance(text, str) and pattern.fullmatch(text)} | {PROVIDER})


@rows("token", named())
def test_every_type_that_the_catalogue_names_has_a_record(token: str) -> None:
    assert token in KINDS


def test_every_record_is_of_a_type_that_the_catalogue_names() -> None:
    assert set(KINDS) == set(named())


def test_every_type_of_the_rules_has_a_record() -> None:
    assert {type_ for rule in RULES["azure"] for type_ in rule.types} <= set(KINDS)


@pytest.mark.sweep(4)
@pytest.mark.parametrize("token", sorted(set(KINDS) - {PROVIDER}))
def test_without_its_record_a_type_is_missed_by_its_name(
    token: str, azure_pilot: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = {other: kind for other, kind in KINDS.items() if other != token}
    monkeypatch.setattr("catalogue.kinds.kinds", lambda platform: rest)
    urn = f"urn:pulumi:s::mlplatform::{token}::x"
    one = Resource(urn=urn, type=token, name="x", custom=True, parent=None, provider=None, protect=False)
    graph = Graph("s", "azure", (*azure_pilot.resources, one), {})
    missed = [resource.urn for resource in graph.resources if resource.type == token]
    with pytest.raises(cloud.UnknownType, match=re.escape(f"x: the sandbox does not know the type {token};")):
        cloud.create(Request(token, urn, "x", {}, "11112222-3333-4444-5555-666677778888", "eastus2"))
    assert sorted(v.resource.urn for v in kind_known.judge(graph).violations if v.resource) == sorted(missed)
    rendered = render(graph.to_json()["resources"])
    unrendered = [item.urn for item in (*rendered.unrendered, *rendered.own) if item.type == token]
    assert sorted(unrendered) == sorted(missed)


NAMING = {
    "catalogue/inputs/azure.yaml": "it is part of each record, a page for all",
    "catalogue/caveats.py": "it says which types of each platform a caveat is about, and imports no platform",
    "policies/azure/baselines.py": "it judges types that no stack of ours has, and that baselines ask about",
    "catalogue/made/azure.yaml": "it says how many of each type a component makes",
    "catalogue/org_policies.py": "it says what a policy's name means, and imports no platform",
    **dict.fromkeys(
        ("provider/azure/approved_version.py", "provider/azure/roles.py", "provider/azure/traffic.py"),
        "it is the type's own implementation, and provider/ knows no catalogue",
    ),
}
"""Files that name a type beside the records, and why they must."""


def test_only_the_records_name_a_type_and_all_others_ask_them() -> None:
    """A part of a token counts too, for one may be put together; a look-up is no type."""
    folders = ("catalogue", "components", "policies", "provider", "operations", "sandbox", "stacks", "benchmarks")
    suffixes = {".py", ".yaml"}
    files = [
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in suffixes and ".venv" not in path.parts
    ]
    pattern = re.compile(r"\bazure-native:\w+\b(?!:[a-z])|\bmlplatform:azure:(ApprovedVersion|RolesInForce|Traffic)\b")
    naming = {
        path.relative_to(ROOT).as_posix()
        for path in files
        if ROOT / "catalogue/kinds/azure" not in path.parents and pattern.search(path.read_text(encoding="utf-8"))
    }
    assert len(files) > 200 and naming == set(NAMING)


@pytest.mark.parametrize("service", [ApprovedVersionService, RolesInForceService, TrafficService])
def test_what_replaces_our_own_resource_is_what_its_service_says(service: type[Service[Any]]) -> None:
    acts = KINDS[service.token].acts
    assert isinstance(acts, Acts) and acts.behaviour.replaces == service.replaces


# ---- against the SDK ------------------------------------------------------------------------------------------------


@rows("token", NATIVE)
def test_tags_are_where_the_sdk_takes_them_and_nowhere_else(token: str) -> None:
    tags = KINDS[token].tags
    taken = [path for path in ("tags", "properties.tags") if takes(token, path)]
    assert ([tags.path] if isinstance(tags, At) else []) == taken


@rows("token", NATIVE)
def test_keys_and_regions_are_inputs_of_the_sdk(token: str) -> None:
    kind = KINDS[token]
    for path in [key.path for key in kind.keys.at] if isinstance(kind.keys, Keys) else []:
        assert takes(token, path), path
    identified = {"PolicyAssignment"}  # its location is that of an identity, which a denial does not have
    regional = "location" in parameters(token) and token.rpartition(":")[2] not in GLOBAL | identified
    assert ([kind.stands.path] if isinstance(kind.stands, At) else []) == (["location"] if regional else [])


def test_a_key_that_the_sdk_takes_is_in_the_record() -> None:
    vaulted = ("encryption.keyVaultProperties.keyIdentifier", "encryption.keyVaultProperties.keyName")
    encrypted = {token for token in NATIVE if any(takes(token, path) for path in vaulted)}
    assert encrypted == {token for token, kind in NATIVE.items() if isinstance(kind.keys, Keys)}


def test_what_is_global_says_so_in_the_pilot(azure_pilot: Graph) -> None:
    for resource in azure_pilot.cloud:
        if resource.type.rpartition(":")[2] in GLOBAL:
            assert resource.inputs["location"] == "global"


def facts(kind: Kind) -> Mapping[str, Any]:
    said = {name: getattr(kind, name) for name in kind.__dataclass_fields__ if name != "token"}
    return {name: fact for name, fact in said.items() if not isinstance(fact, NotYet)}


@rows("token", KINDS)
def test_each_fact_has_evidence_that_can_be_looked_up(token: str) -> None:
    for name, fact in facts(KINDS[token]).items():
        evidence: Evidence = fact.evidence
        assert date.fromisoformat(evidence.read), name
        assert evidence.where.startswith("https://") != (evidence.status == "assumed"), name
        assert not isinstance(fact, No) or len(fact.why) > 5, name


def test_what_runs_machines_bills_or_says_who_bills_for_it() -> None:
    for token, kind in KINDS.items():
        if isinstance(kind.runs, Runs):
            assert isinstance(kind.bills, Bills) or "bills" in kind.bills.why, token


def test_the_private_links_are_those_that_the_components_reach() -> None:
    """The rules read the catalogue and the network component its own list: both say the same."""
    assert {group: set(link.zones) for group, link in LINKS.items()} == {
        group: set(zones) for group, zones in network.ZONES.items()
    }


def test_every_image_and_artifact_of_the_pilot_is_found(azure_pilot: Graph) -> None:
    images, artifacts = set[str](), set[str]()
    for resource in azure_pilot.cloud:
        serves = KINDS[resource.type].serves
        if isinstance(serves, Serves):
            images |= set(serves.images(azure_pilot, resource))
            artifacts |= set(serves.artifacts(azure_pilot, resource))
    values = [(path, value) for r in azure_pilot.cloud for path, value in paths(dict(r.inputs))]
    assert images == {value for path, value in values if path.endswith(".image")}
    assert artifacts == {value for path, value in values if path.endswith(".modelUri")}
    assert len(images) == len(artifacts) == 2


def test_the_machines_of_the_pilot_are_counted_once(azure_pilot: Graph) -> None:
    """What a schedule or a batch deployment takes are nodes of its cluster; nothing is counted under both."""
    found = {
        (machines.user, machines.use): (machines.low, machines.high)
        for resource in azure_pilot.cloud
        if isinstance(runs := KINDS[resource.type].runs, Runs)
        for machines in runs.machines(azure_pilot, resource)
    }
    assert found == {
        ("azure-pilot-fraud-scorer", "online"): (1, 4),
        ("azure-pilot-fraud-backfill", "batch"): (0, 2),
        ("azure-pilot-document-embedder", "batch"): (0, 1),
        ("azure-pilot-workspace-build-images", "batch"): (0, 1),
        ("azure-pilot-workspace-ana", "training"): (1, 1),
        ("azure-pilot-workspace-ben", "training"): (1, 1),
    }


@pytest.mark.parametrize(
    ("trigger", "runs"),
    [
        ({"triggerType": "Recurrence", "frequency": "Day", "interval": 1}, 365.25 / 12),
        (
            {
                "triggerType": "Recurrence",
                "frequency": "Week",
                "interval": 2,
                "schedule": {"hours": [2, 14], "minutes": [0], "weekDays": ["Monday", "Friday"]},
            },
            4 * 365.25 / 12 / 14,
        ),
        ({"triggerType": "Cron", "expression": "0 2 * * *"}, 365 / 12),
    ],
)
def test_a_schedule_bills_as_often_as_it_fires(azure_pilot: Graph, trigger: dict[str, Any], runs: float) -> None:
    assert f"{runs:.1f} runs ×" in _billed(azure_pilot, trigger)


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ({"triggerType": "Cron", "expression": "every day"}, "is no cron expression"),
        ({"triggerType": "Recurrence", "frequency": "Day"}, "does not say how often it fires"),
        ({"triggerType": "Moon"}, "does not say how often it fires"),
        ({"triggerType": "Recurrence", "frequency": "Day", "interval": 0}, "more than zero"),
        ({"triggerType": "Recurrence", "frequency": "Day", "interval": -1}, "more than zero"),
        ({"triggerType": "Cron", "expression": "0 0 29 2 *"}, "does not fire in the year"),
    ],
)
def test_a_schedule_that_does_not_say_when_has_no_price(azure_pilot: Graph, trigger: dict[str, Any], said: str) -> None:
    assert said in _billed(azure_pilot, trigger)


def _billed(graph: Graph, trigger: dict[str, Any]) -> str:
    """How the first schedule's bill comes about with another trigger, or why it has none."""
    schedule = graph.of("azure-native:machinelearningservices:Schedule")[0]
    bill = cost_of(changed(graph, schedule, lambda p: put(p, "properties.trigger", trigger)))
    lines = [line.basis for line in bill.lines if line.resource == schedule.name]
    return next(iter([*lines, *(missing.why for missing in bill.unpriced)]))


# ---- jobs and clusters ----------------------------------------------------------------------------------------------

SCHEDULE = "azure-native:machinelearningservices:Schedule"
SERVERLESS: dict[str, Any] = {"jobType": "Command", "resources": {"instanceType": "Standard_DS2_v2"}}


def run_by(definition: dict[str, Any]) -> list[tuple[str, int]]:
    """The machines that Azure makes for a job that a schedule starts."""
    action = {"actionType": "CreateJob", "jobDefinition": definition}
    one = Resource(urn="urn:s", type=SCHEDULE, name="s", custom=True, inputs={"properties": {"action": action}})
    runs = KINDS[SCHEDULE].runs
    assert isinstance(runs, Runs)
    return [(m.machine_type, m.high) for m in runs.machines(Graph("s", "azure", (one,), {}), one)]


def step(**said: Any) -> dict[str, Any]:
    """A pipeline whose one step says this, as Azure's own tools write one."""
    return {"jobType": "Pipeline", "jobs": {"one": {"resources": {"instance_type": "Standard_DS2_v2"}, **said}}}


@pytest.mark.parametrize(
    ("definition", "nodes"),
    [
        (SERVERLESS, 1),
        (step(type="automl", limits={"max_concurrent_trials": 8}), 8),
        (step(type="automl", taskDetails={"limitSettings": {"maxConcurrentTrials": 2, "maxNodes": 30}}), 30),
        (step(type="automl", limitSettings={"maxNodes": 12}, limits={"max_nodes": 5}), 12),
        (step(type="sweep", limits={"maxConcurrentTrials": 2, "max_concurrent_trials": 9}), 9),
        (
            step(
                type="command",
                resources={"instanceType": "Standard_DS2_v2", "instanceCount": 1, "instance_count": 40},
            ),
            40,
        ),
    ],
)
def test_of_two_spellings_the_larger_counts(definition: dict[str, Any], nodes: int) -> None:
    assert run_by(definition) == [("Standard_DS2_v2", nodes)]


@pytest.mark.parametrize(
    ("definition", "why"),
    [
        (step(jobType="command", type="spark"), "contradict each other"),
        (step(type="command", resources={"instanceType": "a", "instance_type": "b"}), "names several machines"),
        (
            {**SERVERLESS, "resources": {"instanceType": "Standard_DS2_v2", "instanceCount": 0}},
            "resources.instanceCount is 0, where more than zero is read",
        ),
        (step(type="automl", limits={"max_concurrent_trials": -1}), "more than zero"),
        (step(type="sweep", limits={"maxConcurrentTrials": 0}), "more than zero"),
    ],
)
def test_a_job_that_contradicts_itself_is_said(definition: dict[str, Any], why: str) -> None:
    with pytest.raises(Malformed, match=re.escape(why)):
        run_by(definition)


def test_a_run_of_no_time_has_no_price(azure_pilot: Graph) -> None:
    schedule = azure_pilot.of(SCHEDULE)[0]
    timeout = "properties.action.jobDefinition.jobs.score.limits.timeout"
    bill = cost_of(changed(azure_pilot, schedule, lambda p: put(p, timeout, "PT0S")))
    assert any("is zero or not given" in missing.why for missing in bill.unpriced)


def cluster_of(graph: Graph) -> Resource:
    """The cluster of the pilot's first batch job."""
    return next(c for c in graph.of("azure-native:machinelearningservices:Compute") if "backfill" in c.name)


@pytest.mark.parametrize("key", [("minNodeCount", -1), ("minNodeCount", 3), ("maxNodeCount", 0), ("maxNodeCount", -2)])
def test_a_range_of_nodes_that_cannot_be_is_said(azure_pilot: Graph, key: tuple[str, int]) -> None:
    cluster, path = cluster_of(azure_pilot), f"properties.properties.scaleSettings.{key[0]}"
    bill = cost_of(changed(azure_pilot, cluster, lambda p: put(p, path, key[1])))
    assert any(key[0] in missing.why for missing in bill.unpriced)


def ceiling_of(graph: Graph, cluster: Resource) -> float:
    return sum(line.ceiling_usd for line in cost_of(graph).lines if line.resource == cluster.name)


def test_a_cluster_that_no_schedule_bills_may_run_all_month(azure_pilot: Graph) -> None:
    cluster = cluster_of(azure_pilot)
    schedule = next(s for s in azure_pilot.of(SCHEDULE) if "backfill" in s.name)
    assert ceiling_of(azure_pilot, cluster) == 0
    twice = changed(
        without(azure_pilot, schedule), cluster, lambda p: put(p, "properties.properties.scaleSettings.maxNodeCount", 4)
    )
    assert ceiling_of(twice, cluster) == 2 * ceiling_of(without(azure_pilot, schedule), cluster) > 0


def test_only_one_node_that_builds_images_is_not_billed(azure_pilot: Graph) -> None:
    builder = next(c for c in azure_pilot.of("azure-native:machinelearningservices:Compute") if "build" in c.name)
    several = changed(azure_pilot, builder, lambda p: put(p, "properties.properties.scaleSettings.maxNodeCount", 2))
    assert ceiling_of(azure_pilot, builder) == 0 < ceiling_of(several, builder)


@pytest.mark.parametrize("capacity", [-1, 0.5])
def test_a_number_of_replicas_that_cannot_be_is_said(azure_pilot: Graph, capacity: float) -> None:
    deployment = azure_pilot.of("azure-native:machinelearningservices:OnlineDeployment")[0]
    bill = cost_of(changed(azure_pilot, deployment, lambda p: put(p, "sku.capacity", capacity)))
    assert any("sku.capacity is no whole number from zero on" in missing.why for missing in bill.unpriced)
