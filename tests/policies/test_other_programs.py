"""What is said of other people's programs is true and said once: each false or buried finding that reading them showed.

The programs are in tests/foreign.py. Beside what is no longer said stands what must still be.
"""

import json
from datetime import date
from pathlib import Path

import pytest

from catalogue.graph import Graph
from catalogue.kinds import known_as
from operations import checking
from operations.checkov import ScanResult
from operations.rendering.rendered import Rendered
from operations.verdict import Finding
from tests.foreign import hub_on_azure, networked_on_aws, peered_on_gcp, program, resource, served_on_aws


def nothing(rendered: Rendered) -> ScanResult:
    return ScanResult(checkov_version="0", seconds=0, passed=(), failed=(), resources=0, parsing_errors=())


def found(graph: Graph) -> list[Finding]:
    return checking.check(graph, nothing, date(2026, 11, 27)).findings


def said(graph: Graph, rule: str) -> list[str]:
    return [one.message for one in found(graph) if one.rule == rule]


def test_what_stands_in_no_network_needs_no_way_out_of_one() -> None:
    graph = served_on_aws()
    assert said(graph, "network-proof") == [] and len(said(graph, "network-model-isolated")) == 2


def test_a_way_is_not_called_needless_beside_what_nobody_knows() -> None:
    assert said(networked_on_aws(), "network-proof") == []
    graph = networked_on_aws()
    known = [one for one in graph.resources if "redshift" not in one.type and "aws:sfn" not in one.type]
    (only,) = said(Graph("dev", "aws", tuple(known), {}, ours=False), "network-proof")
    assert "nothing in the stack needs s3" in only


def test_a_managed_policy_is_found_however_it_is_given() -> None:
    (attached,) = said(served_on_aws(), "identity-no-wildcard")
    assert "AmazonSageMakerFullAccess" in attached
    policy = resource(
        "aws:iam/policy:Policy", "own", {"policy": '{"Statement": []}'}, {"arn": "arn:aws:iam::1:policy/own"}
    )
    given = {"policyArn": "arn:aws:iam::1:policy/own", "role": "r"}
    own = resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "a", given, made_of={"policyArn": policy})
    assert not [one for one in said(program("aws", policy, own), "identity-no-wildcard") if "attaches" in one]


def test_an_arn_of_api_gateway_names_a_service_and_no_account() -> None:
    assert said(served_on_aws(), "world-account") == []


def test_what_lacks_on_a_bucket_is_one_finding_and_without_versions_none_is_old() -> None:
    graph = served_on_aws()
    (lacks,) = said(graph, "encryption-bucket-whole")
    assert "declares no encryption, versioning, ownership controls, policy" in lacks
    assert [one for one in said(graph, "limits-stores-expire") if "old versions" in one] == []


def test_a_guard_of_what_is_unprotected_is_not_said_as_well() -> None:
    (only,) = [one for one in said(served_on_aws(), "audit-state-protected") if "payloads" in one or "closed" in one]
    assert only == "payloads holds state and is not protected against deletion"


def test_each_side_of_an_open_group_is_said_once_and_by_its_side() -> None:
    assert said(networked_on_aws(), "network-security-group-closed") == [
        "web is open to 0.0.0.0/0 (ingress)",
        "web is open to 0.0.0.0/0 (egress)",
    ]


def test_what_nobody_can_read_is_one_finding_whichever_rules_wanted_it() -> None:
    unread = [one for one in found(networked_on_aws()) if "cannot be judged" in one.message]
    assert len(unread) == 1 and unread[0].fails and "neither by" in unread[0].message


def test_what_azure_does_by_itself_is_no_finding() -> None:
    graph = hub_on_azure()
    for rule in (
        "encryption-key-used",
        "encryption-key-granted",
        "identity-workspace-works",
        "network-approved-outbound",
    ):
        assert said(graph, rule) == [], rule
    assert said(graph, "encryption-customer-key") and said(graph, "identity-user-assigned")
    assert not [one for one in said(graph, "network-proof") if "builds images" in one]


def test_a_project_is_judged_by_its_hub_and_one_of_a_hub_elsewhere_by_itself() -> None:
    graph = hub_on_azure()
    assert {one.split()[0] for one in said(graph, "network-workspace-vpc-only")} == {"hub"}
    without = tuple(one for one in graph.resources if one.name != "hub")
    alone = Graph("dev", "azure", without, {}, ours=False)
    assert {one.split()[0] for one in said(alone, "network-workspace-vpc-only")} == {"project"}


def test_a_peered_endpoint_is_not_public_and_a_provider_says_where_things_stand() -> None:
    graph = peered_on_gcp()
    (how,) = said(graph, "network-served-privately")
    assert "peered network" in how
    assert said(graph, "limits-account") == [] and said(graph, "rollback-endpoint-order") == []


def test_an_open_grant_is_said_as_such_alone() -> None:
    graph = peered_on_gcp()
    assert len(said(graph, "identity-no-public-member")) == 1 and said(graph, "identity-known-members") == []


@pytest.mark.parametrize(
    ("older", "today"),
    [
        ("aws:s3/bucketV2:BucketV2", "aws:s3/bucket:Bucket"),
        (
            "azure-native:machinelearningservices/v20240401preview:Workspace",
            "azure-native:machinelearningservices:Workspace",
        ),
    ],
)
def test_a_type_of_an_older_name_is_the_same_kind(older: str, today: str, tmp_path: Path) -> None:
    assert known_as(older) == today and known_as(today) == today
    state = {"urn": f"urn:pulumi:dev::shop::{older}::x", "type": older, "custom": True, "id": "x", "inputs": {}}
    file = tmp_path / "kept.json"
    file.write_text(json.dumps({"version": 3, "deployment": {"resources": [state]}}), encoding="utf-8")
    graph = checking.graph_of(file)
    assert [one.type for one in graph.cloud] == [today] and said(graph, "kind-known") == []
    assert said(graph, "audit-state-protected") == ["x holds state and is not protected against deletion"]


@pytest.mark.parametrize(
    "unknown", ["aws:s3/bucketAclV2:BucketAclV2", "azure-native:nowhere/v20240401:Thing", "aws:s3/bucketV2:Other"]
)
def test_a_type_that_has_no_record_under_either_name_keeps_its_own(unknown: str) -> None:
    assert known_as(unknown) == unknown
