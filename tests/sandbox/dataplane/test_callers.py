"""A call by a caller whom the stack file names: its own way, as its own identity, each part of which can be lost."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalogue.errors import BadInput
from catalogue.kinds.aws import ec2, iam, vpc
from catalogue.kinds.azure import NETWORK, authorization, network, privatedns
from catalogue.kinds.gcp import VPC, compute, dns, vertex
from catalogue.placement import Caller
from examples.pack import HERE
from operations.__main__ import application
from sandbox.dataplane import call
from tests.operations.test_other_teams import file_of, moved
from tests.policies.test_callers import CALLERS, PRINCIPALS, REGIONS
from tests.previewing import preview
from tests.sandbox.dataplane.test_path import CLOSED, CURL, NO_GRANT, NO_POLICY, Standing


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    return {platform: tmp_path_factory.mktemp(platform) for platform in CALLERS}


@pytest.fixture(scope="module")
def stands(folders: Mapping[str, Path]) -> Mapping[str, Standing]:
    """A stack of another team, in another region, with one endpoint and two callers: `app` and `ledger`."""
    made: dict[str, Standing] = {}
    for platform, folder in folders.items():
        config: dict[str, Any] = moved(platform, REGIONS[platform]) | {"callers": CALLERS[platform], "batch_jobs": {}}
        online = {name: item for name, item in config["endpoints"].items() if item["kind"] == "online"}
        config |= {"endpoints": online, "models": {"fraud-scorer": config["models"]["fraud-scorer"]}}
        (folder / "box" / "stacks").mkdir(parents=True)
        made[platform] = Standing(preview(file_of(config, folder / "box" / "stacks")), folder)
    return made


def who(platform: str, name: str) -> Caller:
    return Caller(name, **CALLERS[platform][name])


@pytest.mark.parametrize(("platform", "name"), [(platform, name) for platform in CALLERS for name in CALLERS[platform]])
def test_each_caller_gets_the_recorded_prediction(platform: str, name: str, stands: Mapping[str, Standing]) -> None:
    stack, recorded = stands[platform], HERE / "recorded" / platform
    answer = call(stack.state, stack.endpoint, (recorded / "request.json").read_bytes(), False, who(platform, name))
    assert json.loads(answer) == json.loads((recorded / "prediction.json").read_bytes())


OWN_NAME = 'Connect timeout on endpoint URL: "https://vpce-'
NO_ROLE = "(AccessDenied) when calling the AssumeRole operation: User: arn:aws:sts::"
NO_IDENTITY_POLICY = "because no identity-based policy allows the sagemaker:InvokeEndpoint action"
ROUTES = ("aws", "app", ec2.ROUTE_TABLE, "claims-network-routes")
ROLES = "claims-identity-calls"
LOST: list[tuple[str, str, str, str, str]] = [
    ("aws", "app", ec2.PEERING, "claims-network-to-vpc-0123456789abcdef0", OWN_NAME),
    (*ROUTES, OWN_NAME),
    ("aws", "app", vpc.INGRESS, "claims-network-https-from-10-60-0-0-20-in", OWN_NAME),
    ("aws", "app", ec2.VPC_ENDPOINT, "claims-network-sagemaker-runtime", "Connect timeout on endpoint URL"),
    ("aws", "app", iam.ROLE, f"{ROLES}-app", f"{NO_ROLE}111122223333:assumed-role/app/caller is not authorized"),
    ("aws", "ledger", iam.ROLE, f"{ROLES}-ledger", f"{NO_ROLE}444455556666:assumed-role/scorer/caller is not"),
    ("aws", "ledger", iam.ROLE_POLICY, f"{ROLES}-ledger-policy", NO_IDENTITY_POLICY),
    ("gcp", "app", vertex.ENDPOINT, "claims-fraud-scorer", "404 NOT_FOUND"),
    ("azure", "app", network.PEERING, "claims-callers-peering-*", CURL),
    ("azure", "app", privatedns.LINK, "claims-callers-link-*", CLOSED),
    ("azure", "app", network.PRIVATE_ENDPOINT, "claims-workspace-private", CLOSED),
    ("azure", "app", authorization.ROLE_ASSIGNMENT, "claims-callers-app-fraud-scorer", NO_GRANT),
    ("azure", "ledger", authorization.ROLE_ASSIGNMENT, "claims-callers-ledger-fraud-scorer", NO_GRANT),
]
CHANGED: list[tuple[str, str, str, str, str, tuple[str, str], str]] = [
    ("aws", "app", iam.ROLE, f"{ROLES}-app", "assumeRolePolicy", ("role/app", "role/apps"), NO_ROLE),
    ("aws", "ledger", iam.ROLE, f"{ROLES}-ledger", "assumeRolePolicy", ("claims-ledger", "another"), NO_ROLE),
    (
        *("aws", "ledger", iam.ROLE_POLICY, f"{ROLES}-ledger-policy", "policy"),
        *(("vpc-0bbbbbbbbbbbbbbb1", "vpc-0bbbbbbbbbbbbbbb2"), NO_IDENTITY_POLICY),
    ),
    (
        *("aws", "app", ec2.VPC_ENDPOINT, "claims-network-sagemaker-runtime", "policy"),
        *(("-calls-app", "-calls-apps"), NO_POLICY),
    ),
    ("aws", "app", vpc.INGRESS, "claims-network-https-from-10-60-0-0-20-in", "cidrIpv4", ("/20", "/21"), OWN_NAME),
    ("aws", "app", ec2.ROUTE_TABLE, "claims-network-routes", "routes.0.cidrBlock", ("10.60", "10.61"), OWN_NAME),
    ("aws", "app", ec2.PEERING, "claims-network-to-vpc-0123456789abcdef0", "peerVpcId", ("def0", "def1"), OWN_NAME),
    (
        *("gcp", "ledger", vertex.ENDPOINT, "claims-fraud-scorer", "privateServiceConnectConfig.projectAllowlists.*"),
        *(("ledger-core", "another-team"), CURL),
    ),
    ("azure", "app", network.PEERING, "claims-callers-peering-*", "remoteVirtualNetwork.id", ("/apps", "/x"), CURL),
    ("azure", "app", privatedns.LINK, "claims-callers-link-*", "virtualNetwork.id", ("Networks/apps", "x"), CLOSED),
    (
        *("azure", "ledger", authorization.ROLE_ASSIGNMENT, "claims-callers-ledger-fraud-scorer", "principalId"),
        *(PRINCIPALS, NO_GRANT),
    ),
]
"""What is written otherwise, one text in place of another, and what the caller then reads."""


@pytest.mark.parametrize(("platform", "name", "type_", "part", "says"), LOST)
def test_without_a_part_of_its_way_the_cloud_refuses_the_caller(
    platform: str, name: str, type_: str, part: str, says: str, stands: Mapping[str, Standing]
) -> None:
    stack, caller = stands[platform], who(platform, name)
    gone = stack.delete(stack.of((type_, part)))
    said = stack.refused(caller)
    stack.put_back(gone)
    assert says in said
    assert stack.refused(caller) == ""


@pytest.mark.parametrize(("platform", "name", "type_", "part", "path", "words", "says"), CHANGED)
def test_a_part_of_its_way_that_is_for_somebody_else_does_not_let_the_caller_in(
    platform: str,
    name: str,
    type_: str,
    part: str,
    path: str,
    words: tuple[str, str],
    says: str,
    stands: Mapping[str, Standing],
) -> None:
    stack, caller = stands[platform], who(platform, name)
    record = stack.of((type_, part))
    before, after = sorted(words, key=lambda word: word not in json.dumps(dict(record.inputs)))
    parent, _, key = path.rpartition(".")
    at = parent if key == "*" else path
    value: Any = record.inputs
    for step in at.split("."):
        value = value[int(step)] if step.isdigit() else value[step]
    other = json.loads(json.dumps(value).replace(before, after))
    assert other != value
    stack.state.resources.change_behind(record.key, at, other)
    said = stack.refused(caller)
    stack.state.resources.update(record.key, record.inputs, record.outputs)
    assert says in said
    assert stack.refused(caller) == ""


OTHERS: list[tuple[str, str, str, str]] = [
    ("aws", "ledger", ec2.VPC_ENDPOINT, "claims-network-sagemaker-runtime"),
    ("aws", "ledger", ec2.PEERING, "claims-network-to-vpc-0123456789abcdef0"),
    ("aws", "ledger", iam.ROLE, f"{ROLES}-app"),
    ("gcp", "ledger", compute.FORWARDING_RULE, "claims-fraud-scorer-attach"),
    ("gcp", "ledger", dns.ZONE, "claims-endpoint-names"),
    ("azure", "ledger", network.PRIVATE_ENDPOINT, "claims-workspace-private"),
    ("azure", "ledger", authorization.ROLE_ASSIGNMENT, "claims-callers-app-fraud-scorer"),
]


@pytest.mark.parametrize(("platform", "name", "type_", "part"), OTHERS)
def test_a_caller_with_an_endpoint_of_its_own_needs_nothing_of_the_stacks_network_nor_of_another_caller(
    platform: str, name: str, type_: str, part: str, stands: Mapping[str, Standing]
) -> None:
    stack = stands[platform]
    gone = stack.delete(stack.of((type_, part)))
    said = stack.refused(who(platform, name))
    stack.put_back(gone)
    assert said == ""


def test_on_google_cloud_a_caller_of_a_network_stands_in_that_of_the_endpoint(stands: Mapping[str, Standing]) -> None:
    """Which is a landing zone's; here the stack's own stands for it."""
    stack = stands["gcp"]
    (own,) = stack.state.resources.find(type=VPC)
    assert stack.refused(Caller("shop", network=own.id, cidr="10.70.0.0/20")) == ""
    assert CURL in stack.refused(Caller("shop", network=f"{own.id}-2", cidr="10.70.0.0/20"))


@pytest.mark.parametrize("platform", ["aws", "azure"])
def test_a_network_that_is_given_is_joined_by_its_owner(platform: str, stands: Mapping[str, Standing]) -> None:
    stack, caller = stands[platform], who(platform, "app")
    own, peering = {"aws": (ec2.VPC, ec2.PEERING), "azure": (NETWORK, network.PEERING)}[platform]
    (given,) = stack.state.resources.find(type=own)
    gone = stack.delete(*stack.state.resources.find(type=peering))
    assert gone and stack.refused(caller)
    stack.state.resources.update(given.key, {}, {})
    said = stack.refused(caller)
    stack.state.resources.update(given.key, given.inputs, given.outputs)
    stack.put_back(gone)
    assert said == ""


def test_the_command_calls_as_whom_the_stack_file_names(
    stands: Mapping[str, Standing], folders: Mapping[str, Path]
) -> None:
    stack, request = stands["gcp"], HERE / "recorded" / "gcp" / "request.json"

    def typed(caller: str) -> Any:
        home = ["sandbox", "--name", f"{folders['gcp']}/box", "call", stack.endpoint.id, str(request)]
        return CliRunner().invoke(application(), [*home, "--from", caller])

    answered = typed("ledger")
    assert json.loads(answered.stdout) == json.loads((HERE / "recorded" / "gcp" / "prediction.json").read_bytes())
    one = stack.of((stack.endpoint.type, stack.endpoint.name))  # another test put it back, under another key
    stack.state.resources.change_behind(one.key, "privateServiceConnectConfig.projectAllowlists", [])
    refused, outside = typed("ledger"), typed("outside")
    stack.state.resources.update(one.key, one.inputs, one.outputs)
    assert (refused.exit_code, refused.stdout) == (1, "") and refused.stderr.startswith(CURL)
    assert outside.stderr.startswith("400 FAILED_PRECONDITION")
    wrong = typed("nobody").exception
    assert isinstance(wrong, BadInput) and "allowed: inside, outside, app, ledger" in str(wrong)
