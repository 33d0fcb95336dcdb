"""What others do for a stack on AWS, and when: the keeper of its keys, the owners of callers' roles and networks."""

import re
from typing import Any

import pytest
import yaml

from catalogue.graph import Graph
from catalogue.landing_zones import FILE
from operations import hardware
from operations.steps import manual
from operations.steps.aws import THROUGH
from operations.verdict import ManualStep
from policies import limits
from stacks.config import STACKS
from tests.conftest import company, forget
from tests.previewing import preview

ACCOUNT, REGION = "777788889999", "eu-central-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-12345678900"
LEDGER = "arn:aws:iam::444455556666:role/ledger"
ZONE = {
    "platform": "aws",
    "account": ACCOUNT,
    "region": REGION,
    "owner": "keys@example.com",
    "keys": {"data": f"{KEY}1", "logs": f"{KEY}2"},
}
CALLER = {"network": "vpc-0123456789abcdef0", "cidr": "10.60.0.0/20", "account": "444455556666", "identity": LEDGER}


def _own(number: int) -> dict[str, str]:
    """A caller in another network of the stack's own account."""
    identity = f"arn:aws:iam::{ACCOUNT}:role/app-{number}"
    return {"network": f"vpc-000000000000000a{number}", "cidr": f"10.7{number}.0.0/20", "identity": identity}


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Another team's stack, with keys of its company's, which a program of another account calls over a peering."""
    root = tmp_path_factory.mktemp("joined")
    patch = pytest.MonkeyPatch()
    for folder in company(root, patch):
        (folder / FILE).write_text(yaml.safe_dump({"landing_zones": {"ours": ZONE}}), encoding="utf-8")
        forget()
        text = (STACKS / "Pulumi.aws-pilot.yaml").read_text(encoding="utf-8")
        for old, new in (("111122223333", ACCOUNT), ("us-east-1", REGION), ("aws-pilot", "lending")):
            text = text.replace(old, new)
        said: dict[str, Any] = yaml.safe_load(text)
        config = said["config"]
        for model in config["mlplatform:models"].values():
            model["image"] = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/lending-registry-images:1"
        config["mlplatform:landing_zone"] = "ours"
        config["mlplatform:callers"] = {"ledger": CALLER, "app-a": _own(1), "app-b": _own(2)}
        file = root / "Pulumi.lending.yaml"
        file.write_text(yaml.safe_dump(said), encoding="utf-8")
        yield preview(file)
    patch.undo()


def steps(graph: Graph, phases: int = 2) -> list[ManualStep]:
    return list(manual(graph, hardware.fit(graph, REGION), list(range(phases)), ACCOUNT, REGION))


def test_the_keeper_of_a_given_key_is_told_every_role_that_uses_it_and_on_which_condition(joined: Graph) -> None:
    (step,) = (one for one in steps(joined) if one.who == "keys@example.com")
    through = re.search(r"let the roles (.+?) of account", step.what)
    assert through is not None
    wanted = [
        "batch",
        "caller",
        "calls-app-a",
        "calls-app-b",
        "calls-ledger",
        "data-scientist",
        "publisher",
        "serving",
        "training",
    ]
    assert through[1].split(", ") == [f"lending-{one}" for one in wanted]
    assert "let lending-pipeline decrypt and make data keys without kms:ViaService" in step.what
    for context in ("stateMachineArn", "scheduler:schedule:arn", "SourceArn"):
        assert context in step.what
    assert "delivery.logs.amazonaws.com decrypt" in step.what


def test_the_services_are_those_that_the_key_of_a_stack_names(pilot: Graph) -> None:
    (key,) = (one for one in pilot.of("aws:kms/key:Key") if one.name.endswith("-data"))
    via = [
        service
        for statement in key.props.document_or_empty("policy").each_section("Statement")
        for service in statement.each_text("Condition.StringEquals.kms:ViaService")
    ]
    assert {service.partition(".")[0] for service in via} == set(THROUGH)


def test_the_roles_of_all_callers_stand_before_anything_comes_up(joined: Graph, pilot: Graph) -> None:
    found = steps(joined)
    at = next(index for index, one in enumerate(found) if one.what.startswith("see that the roles stand that call"))
    assert at < next(index for index, one in enumerate(found) if one.what.startswith("bring up the ground"))
    assert found[at].who == f"administrators of accounts 444455556666 and {ACCOUNT}"
    assert LEDGER in found[at].what and len(found[at].checks) == 3
    assert not any("that call the endpoints" in one.what for one in steps(pilot))


@pytest.mark.parametrize("phases", [1, 2])
def test_every_peering_is_accepted_as_soon_as_it_is_asked_for(joined: Graph, phases: int) -> None:
    """A request that nobody accepts ends after seven days."""
    found = steps(joined, phases)
    at = next(index for index, one in enumerate(found) if one.what.startswith("accept the peering within seven days"))
    assert found[at - 1].what.startswith("bring up")
    assert found[at].who == f"administrators of accounts 444455556666 and {ACCOUNT}"
    assert "vpc-0123456789abcdef0 of 444455556666" in found[at].what
    assert len(found[at].commands) == 3
    assert all(one.startswith("aws ec2 accept-vpc-peering-connection") for one in found[at].commands)
    assert not any("accept-vpc-peering" in command for command in found[-1].commands)


def test_a_kind_of_step_is_one_step_however_many_it_concerns(joined: Graph) -> None:
    """Whoever a step concerns is asked on the same day. The limit counts steps, so it refuses no number of callers."""
    kinds = [" ".join(one.what.split()[:4]) for one in steps(joined)]
    assert len({*kinds}) == len(kinds) <= limits.of(joined)["manual-steps"].number


def test_whoever_signs_in_is_told_the_source_identity_that_the_roles_trust_asks_for(pilot: Graph) -> None:
    (step,) = (one for one in steps(pilot) if one.what.startswith("sign in to Studio once as "))
    (user,) = (look.name for look in step.looks)
    (role,) = (one for one in pilot.of("aws:iam/role:Role") if one.name.endswith("-data-scientist"))
    trusted = role.props.document_or_empty("assumeRolePolicy").each_section("Statement")
    assert any("sts:SourceIdentity" in one.section_or_empty("Condition.StringEquals").names() for one in trusted)
    assert f"--source-identity {user}," in step.what


@pytest.mark.parametrize(("region", "asked"), [("il-central-1", True), ("eu-central-1", False)])
def test_a_region_on_request_is_enabled_before_anything_comes_up(joined: Graph, region: str, asked: bool) -> None:
    """https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html"""
    found = list(manual(joined, [], range(2), ACCOUNT, region))
    enabling = [at for at, step in enumerate(found) if any(look.what == "region" for look in step.looks)]
    assert bool(enabling) is asked
    for at in enabling:
        assert found[at].commands == [f"aws account enable-region --region-name {region}"]
        (look,) = found[at].looks
        assert look.name == region and found[at].who == "administrator of the account"
        others = [other for other, step in enumerate(found) if "pulumi up" in " ".join(step.commands)]
        quotas = [other for other, step in enumerate(found) if any(one.what == "quota" for one in step.looks)]
        assert at < min(others + quotas), "a region that is off answers no question of its own"


def test_each_private_way_is_looked_for_in_each_zone_before_anything_comes_up(pilot: Graph) -> None:
    """https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html"""
    doors = pilot.of("aws:ec2/vpcEndpoint:VpcEndpoint")
    interfaces = {one.inputs["serviceName"] for one in doors if one.inputs["vpcEndpointType"] == "Interface"}
    (step,) = (one for one in steps(pilot) if any(look.what == "private way" for look in one.looks))
    assert {look.name for look in step.looks} == interfaces and len(interfaces) == len(doors) - 1  # and S3's gateway
    assert {look.at for look in step.looks} == {"us-east-1a us-east-1b"}
    assert all(name in step.checks[0] for name in interfaces) and step.commands == []
    assert steps(pilot).index(step) < next(n for n, one in enumerate(steps(pilot)) if one.what.startswith("bring up"))


def test_the_private_ways_of_a_network_that_is_given_are_those_that_are_made_in_its_zones(given_network: Graph) -> None:
    (step,) = (one for one in steps(given_network) if any(look.what == "private way" for look in one.looks))
    assert {look.name for look in step.looks} == {"aws.sagemaker.eu-central-1.studio"}
    assert {look.at for look in step.looks} == {"eu-central-1a eu-central-1b"}


@pytest.fixture(scope="module")
def given_network(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Another team's stack in a VPC of its company's, which has every interface endpoint but Studio's."""
    root = tmp_path_factory.mktemp("given")
    patch = pytest.MonkeyPatch()
    network = {
        "vpc_id": "vpc-0123456789abcdef0",
        "subnet_ids": {f"{REGION}{letter}": f"subnet-0123456789abcde{at}" for letter, at in (("a", "f1"), ("b", "f2"))},
        "s3_prefix_list_id": "pl-63a5400a",
        "endpoints": ["sagemaker.api", "sagemaker.runtime", "sts", "logs"],
        "endpoints_security_group_id": "sg-0123456789abcdef0",
    }
    for folder in company(root, patch):
        (folder / FILE).write_text(
            yaml.safe_dump({"landing_zones": {"ours": {**ZONE, "network": network}}}), encoding="utf-8"
        )
        forget()
        text = (STACKS / "Pulumi.aws-pilot.yaml").read_text(encoding="utf-8")
        for old, new in (("111122223333", ACCOUNT), ("us-east-1", REGION), ("aws-pilot", "lending")):
            text = text.replace(old, new)
        said: dict[str, Any] = yaml.safe_load(text)
        config = said["config"]
        for model in config["mlplatform:models"].values():
            model["image"] = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/lending-registry-images:1"
        config["mlplatform:landing_zone"] = "ours"
        del config["mlplatform:network"]["cidr"]
        file = root / "Pulumi.lending.yaml"
        file.write_text(yaml.safe_dump(said), encoding="utf-8")
        yield preview(file)
    patch.undo()
