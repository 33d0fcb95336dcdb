"""Mutations that only Google Cloud has: grants, the private way to Google, keys before users, sources of workflows."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp.workflows import jobs
from policies.everywhere import TAGS
from policies.gcp.identity import GUARDRAILS
from tests.catching import caught, expect_all_caught
from tests.mutate import changed, drop, dropped, paths, put, swapped, without

pytestmark = pytest.mark.sweep

_WORKFLOW, _ROLE = "gcp:workflows/workflow:Workflow", "gcp:projects/iAMCustomRole:IAMCustomRole"
_PROJECT = "gcp:projects/iAMMember:IAMMember"
_KEY, _GRANT = "gcp:kms/cryptoKey:CryptoKey", "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"


def grants(graph: Graph) -> list[Resource]:
    return [r for r in graph.cloud if r.type.lower().endswith("iammember")]


def valued(graph: Graph, resource: Resource, path: str, value: Any) -> Graph:
    return changed(graph, resource, lambda properties: put(properties, path, value))


@pytest.mark.parametrize(
    "member",
    [
        "allUsers",
        "allAuthenticatedUsers",
        "domain:example.com",
        "group:everybody@example.com",
        "projectEditor:payments-risk-pilot",
        "serviceAccount:889007300332-compute@developer.gserviceaccount.com",
        "serviceAccount:loader@elsewhere.iam.gserviceaccount.com",
        "user:eve@example.com",
    ],
)
def test_any_grant_to_somebody_else_is_caught(gcp_pilot: Graph, member: str) -> None:
    expect_all_caught(
        ((grant.name, valued(gcp_pilot, grant, "member", member)) for grant in grants(gcp_pilot)),
        "identity-no-public-member",
        "identity-known-members",
    )


@pytest.mark.parametrize(
    "role",
    [
        "roles/owner",
        "roles/editor",
        "roles/viewer",
        "roles/aiplatform.admin",
        "roles/aiplatform.user",
        "roles/cloudkms.admin",
        "roles/iam.serviceAccountTokenCreator",
        "roles/storage.objectAdmin",
    ],
)
def test_any_grant_of_a_wider_role_is_caught(gcp_pilot: Graph, role: str) -> None:
    expect_all_caught(
        ((grant.name, valued(gcp_pilot, grant, "role", role)) for grant in grants(gcp_pilot)),
        "identity-no-wildcard",
        "identity-project-grants",
        "identity-trust",
    )


def test_any_grant_on_a_place_made_one_on_the_project_is_caught(gcp_pilot: Graph) -> None:
    """The same role for the same member, where it holds for every bucket, repository, key or account."""

    def mutants() -> Iterator[tuple[str, Graph]]:
        for grant in grants(gcp_pilot):
            if grant.type != _PROJECT and str(grant.inputs["role"]).startswith("roles/"):
                inputs = {key: grant.inputs[key] for key in ("member", "role")}
                references = {k: v for k, v in grant.property_dependencies.items() if k == "member"}
                wider = replace(grant, type=_PROJECT, inputs=inputs, outputs=inputs, property_dependencies=references)
                yield grant.name, swapped(gcp_pilot, wider)

    expect_all_caught(mutants(), "identity-project-grants")


def test_any_bound_of_a_grant_on_objects_gone_or_loosened_is_caught(gcp_pilot: Graph) -> None:
    def mutants() -> Iterator[tuple[str, Graph]]:
        for grant in gcp_pilot.of("gcp:storage/bucketIAMMember:BucketIAMMember"):
            if "condition" not in grant.inputs:
                continue
            text = str(grant.inputs["condition"]["expression"])
            first = text.partition(" || ")[0]
            root = first[: first.index("/objects/")] + '/objects/")'
            yield f"{grant.name} gone", dropped(gcp_pilot, grant, "condition")
            for looser in ("true", f"{text} || true", f"!({text})", root, text.replace("startsWith", "contains")):
                yield f"{grant.name} {looser}", valued(gcp_pilot, grant, "condition.expression", looser)

    expect_all_caught(mutants(), "identity-objects-bounded")


_TOO_MANY = (
    "*",
    "aiplatform.endpoints.deploy",
    "aiplatform.endpoints.update",
    "aiplatform.models.delete",
    "artifactregistry.repositories.uploadArtifacts",
    "bigquery.tables.getData",
    "cloudkms.cryptoKeyVersions.useToDecrypt",
    "compute.firewalls.update",
    "dns.resourceRecordSets.update",
    "iam.serviceAccounts.actAs",
    "iam.serviceAccounts.getAccessToken",
    "logging.sinks.update",
    "monitoring.alertPolicies.update",
    "resourcemanager.projects.setIamPolicy",
    "serviceusage.services.enable",
    "storage.objects.get",
)


@pytest.mark.parametrize("permission", _TOO_MANY)
def test_any_role_with_a_permission_too_many_is_caught(gcp_pilot: Graph, permission: str) -> None:
    def mutants() -> Iterator[tuple[str, Graph]]:
        for role in gcp_pilot.of(_ROLE):
            yield role.name, valued(gcp_pilot, role, "permissions", [*role.inputs["permissions"], permission])

    expect_all_caught(mutants(), "identity-guardrails")


def test_every_guardrail_is_tried() -> None:
    assert not [what for what, pattern in GUARDRAILS.items() if not any(map(pattern.fullmatch, _TOO_MANY))]


_WAY = (
    "gcp:compute/globalAddress:GlobalAddress",
    "gcp:compute/globalForwardingRule:GlobalForwardingRule",
    "gcp:compute/subnetwork:Subnetwork",
    "gcp:dns/managedZone:ManagedZone",
    "gcp:dns/recordSet:RecordSet",
)


def test_any_piece_of_the_private_way_gone_is_caught(gcp_pilot: Graph) -> None:
    pieces = [r for type_ in _WAY for r in gcp_pilot.of(type_)]
    expect_all_caught(
        ((piece.name, without(gcp_pilot, piece)) for piece in pieces),
        "network-proof",
        "network-endpoint-reached",
        "network-endpoint-named",
    )


def test_any_firewall_rule_gone_or_switched_off_is_caught(gcp_pilot: Graph) -> None:
    def mutants() -> Iterator[tuple[str, Graph]]:
        for rule in gcp_pilot.of("gcp:compute/firewall:Firewall"):
            yield f"{rule.name} gone", without(gcp_pilot, rule)
            yield f"{rule.name} off", changed(gcp_pilot, rule, lambda p: p.update(disabled=True))
            yield f"{rule.name} for a tag", changed(gcp_pilot, rule, lambda p: p.update(targetTags=["some"]))

    expect_all_caught(mutants(), "network-default-denied", "network-endpoint-reached", "network-proof")


def test_any_allow_opened_is_caught(gcp_pilot: Graph) -> None:
    def mutants() -> Iterator[tuple[str, Graph]]:
        for rule in gcp_pilot.of("gcp:compute/firewall:Firewall"):
            if "allows" in rule.inputs:
                yield f"{rule.name} to anywhere", valued(gcp_pilot, rule, "destinationRanges", ["0.0.0.0/0"])
                yield f"{rule.name} all", valued(gcp_pilot, rule, "allows", [{"protocol": "all"}])
                yield f"{rule.name} every port", valued(gcp_pilot, rule, "allows", [{"protocol": "tcp"}])

    expect_all_caught(mutants(), "network-firewall-closed")


def test_a_zone_that_nothing_needs_is_caught(gcp_pilot: Graph) -> None:
    zone = gcp_pilot.of("gcp:dns/managedZone:ManagedZone")[0]
    extra = replace(zone, urn=zone.urn + "-run-app", name="run-app")
    graph = replace(gcp_pilot, resources=(*gcp_pilot.resources, extra))
    assert caught(valued(graph, extra, "dnsName", "run.app.")) == {"network-proof", "unasked"}


def test_a_pilot_without_a_workspace_pays_for_no_way_to_google(gcp_pilot: Graph) -> None:
    graph = gcp_pilot
    for instance in gcp_pilot.of("gcp:workbench/instance:Instance"):
        graph = without(graph, instance)
    assert "network-proof" in caught(graph, "network-proof")


def test_any_reference_to_a_key_gone_is_caught(gcp_pilot: Graph) -> None:
    keys = {str(key.outputs["id"]) for key in gcp_pilot.of(_KEY)}

    def mutants() -> Iterator[tuple[str, Graph]]:
        for resource in gcp_pilot.cloud:
            for path, value in paths(dict(resource.inputs)):
                if isinstance(value, str) and value in keys:
                    yield f"{resource.name} {path}", dropped(gcp_pilot, resource, path)

    expect_all_caught(mutants(), "encryption-customer-key", "encryption-key-users")


def test_any_grant_of_a_key_gone_is_caught(gcp_pilot: Graph) -> None:
    expect_all_caught(((g.name, without(gcp_pilot, g)) for g in gcp_pilot.of(_GRANT)), "encryption-key-granted")


def test_any_user_of_a_key_that_does_not_wait_until_its_grants_are_in_force_is_caught(gcp_pilot: Graph) -> None:
    given = {wait.urn for wait in gcp_pilot.of("mlplatform:gcp:GrantsInForce") if "-key-" in wait.name}

    def mutants() -> Iterator[tuple[str, Graph]]:
        for resource in gcp_pilot.cloud:
            at = {k: tuple(u for u in urns if u not in given) for k, urns in resource.property_dependencies.items()}
            if at != dict(resource.property_dependencies):
                first = tuple(urn for urn in resource.dependencies if urn not in given)
                yield resource.name, swapped(gcp_pilot, replace(resource, property_dependencies=at, dependencies=first))

    expect_all_caught(mutants(), "encryption-key-granted")


@pytest.mark.parametrize(
    ("type_", "key", "rule"),
    [
        ("mlplatform:gcp:Deployment", "endpoint", "rollback-endpoint-order"),
        ("mlplatform:gcp:Deployment", "model", "rollback-endpoint-order"),
        ("mlplatform:gcp:Deployment", "serviceAccount", "identity-run-as"),
        ("mlplatform:gcp:Model", "serviceAccount", "identity-run-as"),
        ("gcp:cloudscheduler/job:Job", "httpTarget", "identity-run-as"),
        ("gcp:compute/forwardingRule:ForwardingRule", "ipAddress", "network-endpoint-reached"),
        ("gcp:compute/forwardingRule:ForwardingRule", "network", "network-endpoint-reached"),
        ("gcp:compute/forwardingRule:ForwardingRule", "target", "network-endpoint-reached"),
        ("gcp:vertex/aiEndpoint:AiEndpoint", "predictRequestResponseLoggingConfig", "encryption-request-log"),
        ("gcp:logging/projectSink:ProjectSink", "destination", "audit-logs-kept"),
        ("gcp:monitoring/alertPolicy:AlertPolicy", "conditions", "rollback-batch-watched"),
    ],
)
def test_any_order_that_the_graph_keeps_lost_is_caught(gcp_pilot: Graph, type_: str, key: str, rule: str) -> None:
    """The text stays, the reference goes: nothing would wait, on the way up or on the way down."""

    def mutants() -> Iterator[tuple[str, Graph]]:
        for resource in gcp_pilot.of(type_):
            watches = type_ == "gcp:monitoring/alertPolicy:AlertPolicy" and "fraud-scorer-" in resource.name
            if key in resource.property_dependencies and not watches:  # the id in its query ties it to its endpoint
                kept = {k: v for k, v in resource.property_dependencies.items() if k != key}
                yield resource.name, swapped(gcp_pilot, replace(resource, property_dependencies=kept))

    expect_all_caught(mutants(), rule)


_IN_JOB = {
    "encryptionSpec.kmsKeyName": "encryption-batch",
    "serviceAccount": "identity-run-as",
    "dedicatedResources.maxReplicaCount": "limits-replicas",
    "dedicatedResources.machineSpec.machineType": "limits-machine-types",
    **{f"labels.{tag}": "cost-batch-tags" for tag in TAGS},
}


@pytest.mark.parametrize("path", _IN_JOB)
def test_any_part_of_a_batch_job_gone_is_caught(gcp_pilot: Graph, path: str) -> None:
    def mutants() -> Iterator[tuple[str, Graph]]:
        for workflow in gcp_pilot.of(_WORKFLOW):
            (job,) = jobs(workflow.props)
            text = json.dumps(job.body.values)
            without_it = json.loads(text)
            drop(without_it, path)
            source = json.dumps(json.loads(str(workflow.inputs["sourceContents"])))
            assert text in source and json.dumps(without_it) != text
            mutant = source.replace(text, json.dumps(without_it))
            yield workflow.name, valued(gcp_pilot, workflow, "sourceContents", mutant)

    expect_all_caught(mutants(), _IN_JOB[path])


_BOUNDS = {
    "gcp:billing/budget:Budget": ("amount.specifiedAmount.units",),
    "gcp:bigquery/dataset:Dataset": ("defaultPartitionExpirationMs", "defaultTableExpirationMs"),
    "gcp:cloudscheduler/job:Job": ("retryConfig.maxRetryDuration", "retryConfig.retryCount"),
    "gcp:kms/cryptoKey:CryptoKey": ("rotationPeriod",),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": ("retentionDays",),
    "gcp:workbench/instance:Instance": ("gceSetup.metadata.idle-timeout-seconds",),
    "mlplatform:gcp:Deployment": ("canaryPercent", "errorRatePercent", "maxReplicas"),
}


def test_any_bound_raised_a_hundredfold_or_gone_is_caught(gcp_pilot: Graph) -> None:
    def mutants() -> Iterator[tuple[str, Graph]]:
        for type_, bounds in _BOUNDS.items():
            for resource in gcp_pilot.of(type_):
                present = dict(paths(dict(resource.inputs)))
                for path in bounds:
                    yield f"{resource.name} {path} gone", dropped(gcp_pilot, resource, path)
                    raised = _raised(present[path])
                    yield f"{resource.name} {path} {raised}", valued(gcp_pilot, resource, path, raised)

    expect_all_caught(mutants())


def _raised(bound: Any) -> Any:
    """A hundred times a number, or a text that is a number with or without its unit of seconds."""
    if not isinstance(bound, str):
        return bound * 101
    number = bound.removesuffix("s")
    return f"{int(number) * 101}{bound[len(number) :]}"


def test_any_alert_gone_is_caught(gcp_pilot: Graph) -> None:
    alerts = gcp_pilot.of("gcp:monitoring/alertPolicy:AlertPolicy")
    expect_all_caught(
        ((alert.name, without(gcp_pilot, alert)) for alert in alerts),
        "rollback-batch-watched",
        "rollback-endpoint-watched",
        "rollback-idle-watched",
    )
