"""What is put into records: what sources say, what follows from all of them, and nothing that nobody has read."""

from dataclasses import fields, replace

import pytest

from catalogue.completed import completed
from catalogue.generated import generated
from catalogue.kind import (
    NOT_YET,
    Acts,
    Apis,
    At,
    Blocked,
    Evidence,
    Guarded,
    Kind,
    No,
    NotYet,
    Rights,
    Ripens,
    Settles,
    Stays,
    Takes,
    assumed,
)
from catalogue.kinds import kind_of, kinds
from catalogue.kinds.aws import ec2
from catalogue.platforms import PLATFORMS
from sandbox.inputs import resource_shape

ROOM = ("rights", "apis", "ripens", "settles", "fetches", "stays", "blocked", "guarded", "takes")
BUCKET, VAULT = "gcp:storage/bucket:Bucket", "azure-native:keyvault:Vault"


def kind(token: str) -> Kind:
    found = kind_of(token)
    assert found is not None
    return found


def test_a_question_without_an_answer_is_not_yet_and_never_empty() -> None:
    """So that no judgement can take it for none."""
    assert {field.name for field in fields(Kind) if field.default is NOT_YET} == set(ROOM)
    for platform in PLATFORMS.values():
        for one in kinds(platform.name).values():
            for answer in (getattr(one, name) for name in ROOM):
                listed = getattr(answer, "names", None) or getattr(answer, "by", None)
                assert isinstance(answer, No | NotYet | Takes | Ripens | Settles | Stays) or listed, (one.token, answer)


@pytest.mark.parametrize(
    ("token", "right"),
    [
        ("aws:sagemaker/model:Model", "sagemaker:CreateModel"),
        ("aws:sagemaker/model:Model", "iam:PassRole"),
        (BUCKET, "storage.buckets.create"),
        ("gcp:serviceaccount/iAMMember:IAMMember", "iam.serviceAccounts.setIamPolicy"),
        ("gcp:compute/globalAddress:GlobalAddress", "compute.globalAddresses.create"),
        (VAULT, "Microsoft.KeyVault/vaults/write"),
        ("azure-native:resources:ResourceGroup", "Microsoft.Resources/subscriptions/resourceGroups/write"),
    ],
)
def test_the_rights_to_create_one_are_those_of_its_source(token: str, right: str) -> None:
    rights = kind(token).rights
    assert isinstance(rights, Rights) and right in rights.names
    assert rights.evidence.where.startswith("https://")


def test_what_no_source_has_stays_not_yet() -> None:
    """CloudFormation has no type of its own for a rule of a group, and Google's provider tells of no peering."""
    assert isinstance(kind("aws:ec2/securityGroupRule:SecurityGroupRule").rights, NotYet)
    assert isinstance(kind("gcp:compute/networkPeering:NetworkPeering").rights, NotYet)
    assert isinstance(kind("aws:iam/policy:Policy").ripens, NotYet)


@pytest.mark.parametrize(
    ("token", "apis"),
    [
        ("gcp:workbench/instance:Instance", ("notebooks",)),
        ("gcp:serviceaccount/account:Account", ("iam",)),
        ("gcp:projects/iAMMember:IAMMember", ("cloudresourcemanager",)),
        ("gcp:projects/serviceIdentity:ServiceIdentity", ("serviceusage",)),
        ("gcp:cloudscheduler/job:Job", ("cloudscheduler", "workflowexecutions")),
        ("mlplatform:gcp:Model", ("aiplatform",)),
    ],
)
def test_an_api_is_that_of_the_code_that_creates_one(token: str, apis: tuple[str, ...]) -> None:
    said = kind(token).apis
    assert isinstance(said, Apis) and said.names == apis


def test_what_replaces_one_of_azures_is_an_input_of_it() -> None:
    """Its location is among them where it has one of its own: a key stands where its vault does."""
    for token, one in kinds("azure").items():
        if isinstance(one.acts, Acts) and token.startswith("azure-native:"):
            assert one.acts.behaviour.replaces <= set(resource_shape(token).properties), token
            assert ("location" in one.acts.behaviour.replaces) == isinstance(one.stands, At), token


def test_what_holds_another_blocks_its_deletion() -> None:
    assert kind(ec2.VPC).blocked == Blocked(
        (ec2.ROUTE_TABLE, ec2.GROUP, ec2.SUBNET, ec2.VPC_ENDPOINT, ec2.PEERING, "aws:sagemaker/domain:Domain"),
        kind(ec2.GROUP).acts.evidence,
    )


def test_what_is_encrypted_with_a_key_is_guarded_by_it() -> None:
    guarded = kind(BUCKET).guarded
    assert isinstance(guarded, Guarded) and guarded.by == ("gcp:kms/cryptoKey:CryptoKey",)
    assert isinstance(kind("gcp:kms/keyRing:KeyRing").guarded, NotYet), "a key lies in it and guards it not"


def test_a_held_name_says_how_long() -> None:
    for platform in PLATFORMS.values():
        for one in kinds(platform.name).values():
            if isinstance(one.stays, Stays):
                since, until = one.stays.taken({})
                assert bool(one.stays.says) == (until is None or since < until), one.token
    vault = kind(VAULT).stays
    assert isinstance(vault, Stays)
    assert vault.taken({"properties": {}}) == (0, 90)
    assert vault.taken({"properties": {"softDeleteRetentionInDays": 7}}) == (0, 7)


def test_a_records_own_word_is_kept() -> None:
    own: Evidence = assumed("it was said by hand", "2026-11-26")
    written = [replace(kind(VAULT), rights=Rights(("own",), own), guarded=Guarded(("guard",), own))]
    (one,) = completed(written)
    assert one.rights == Rights(("own",), own) and one.guarded == Guarded(("guard",), own)


def test_a_type_that_no_file_has_is_left_as_it_is() -> None:
    """Such as a company's own."""
    stranger = replace(kind("aws:ec2/subnet:Subnet"), token="aws:company/thing:Thing", blocked=NOT_YET, rights=NOT_YET)
    assert stranger.token not in generated("aws").types
    (one,) = completed([stranger])
    assert isinstance(one.rights, NotYet) and one.acts == stranger.acts
