"""What a teardown does on AWS beside Pulumi: moto answers for S3 and ECR, botocore's stubs for others."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import ec2, ecr, s3, sagemaker, studio
from operations.teardown import Plan, Refused, aws

REGION = "us-east-1"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def made(type_: str, id_: str) -> Resource:
    return Resource(urn=f"urn:pulumi:s::p::{type_}::{id_}", type=type_, name=id_, custom=True, outputs={"id": id_})


def going(*resources: Resource) -> Plan:
    return Plan(Graph("s", "aws", resources, {}), {}, resources, ())


@dataclass
class Account:
    """Whoever tears down, with one client for each service."""

    session: Any
    region: str = REGION


@dataclass
class Stubbed:
    """A session whose clients answer what is told them, in that order, and nothing else."""

    session: boto3.Session
    clients: dict[str, Any] = field(default_factory=dict[str, Any])
    stubs: dict[str, Stubber] = field(default_factory=dict[str, Stubber])

    def client(self, service: str, **_: Any) -> Any:
        if service not in self.clients:
            self.clients[service] = self.session.client(service)  # pyright: ignore[reportCallIssue, reportArgumentType]  # any
            self.stubs[service] = Stubber(self.clients[service])
            self.stubs[service].activate()
        return self.clients[service]

    def expects(self, service: str, *answers: tuple[str, dict[str, Any], dict[str, Any]]) -> Stubber:
        self.client(service)
        for operation, asked, answer in answers:
            self.stubs[service].add_response(operation, answer, asked)
        return self.stubs[service]


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    """One session, for each reads the models of its services anew."""
    return boto3.Session("key", "secret", region_name=REGION)


@pytest.fixture
def stubbed(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Stubbed:
    monkeypatch.setattr(aws, "LOOK_EVERY", 0.0)
    return Stubbed(session)


@pytest.fixture
def account(session: boto3.Session) -> Iterator[Account]:
    with mock_aws():
        yield Account(session)


def test_a_bucket_is_emptied_of_every_version_and_marker(account: Account) -> None:
    client = account.session.client("s3")
    client.create_bucket(Bucket="artifacts")
    client.put_bucket_versioning(Bucket="artifacts", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        client.put_object(Bucket="artifacts", Key="model", Body=body)
    client.delete_object(Bucket="artifacts", Key="model")
    bucket = made(s3.BUCKET, "artifacts")
    assert aws.contents(account, bucket) == 3
    aws.empty(account, bucket)
    assert aws.contents(account, bucket) == 0
    client.delete_bucket(Bucket="artifacts")
    assert aws.contents(account, bucket) == 0, "one that is gone holds nothing"


def test_a_repository_is_emptied_of_its_images(account: Account) -> None:
    client = account.session.client("ecr")
    client.create_repository(repositoryName="images")
    client.put_image(
        repositoryName="images", imageManifest='{"schemaVersion": 2}', imageTag="1", imageManifestMediaType=_MANIFEST
    )
    repository = made(ecr.REPOSITORY, "images")
    assert aws.contents(account, repository) == 1
    aws.empty(account, repository)
    assert aws.contents(account, repository) == 0


def of_images(
    listed: list[dict[str, str]], code: str = "", kept: dict[str, str] | None = None
) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """One pass over a repository: what ECR lists, and which of it ECR keeps, under which code."""
    asked = {"repositoryName": "images", "maxResults": 100, "filter": {"imageStatus": "ANY"}}
    failures = [{"imageId": kept, "failureCode": code, "failureReason": "no"}] if kept else []
    return [
        ("list_images", asked, {"imageIds": listed}),
        ("batch_delete_image", {"repositoryName": "images", "imageIds": listed}, {"failures": failures}),
    ]


INDEX, LAYERS = {"imageDigest": "sha256:index", "imageTag": "1"}, {"imageDigest": "sha256:image"}
HELD = "ImageReferencedByManifestList"


def test_an_image_goes_after_the_index_that_refers_to_it(stubbed: Stubbed) -> None:
    passes = [*of_images([LAYERS, INDEX], HELD, LAYERS), *of_images([LAYERS])]
    stub = stubbed.expects("ecr", *passes)
    aws.empty(Account(stubbed), made(ecr.REPOSITORY, "images"))
    stub.assert_no_pending_responses()


def test_an_image_that_stays_is_said_and_ends_the_passes(stubbed: Stubbed) -> None:
    stubbed.expects("ecr", *of_images([LAYERS], HELD, LAYERS), *of_images([LAYERS], HELD, LAYERS))
    with pytest.raises(Refused, match=r"ECR keeps sha256:image of images, for an index refers to it; run it again"):
        aws.empty(Account(stubbed), made(ecr.REPOSITORY, "images"))
    stubbed.expects("ecr", *of_images([LAYERS], "KmsError", LAYERS))
    with pytest.raises(Refused, match=r"ECR does not delete an image of images \(KmsError: no\)"):
        aws.empty(Account(stubbed), made(ecr.REPOSITORY, "images"))


def test_versions_of_a_model_are_deleted_one_by_one(stubbed: Stubbed) -> None:
    arn = "arn:aws:sagemaker:us-east-1:111122223333:model-package/g/1"
    one = {
        "ModelPackageArn": arn,
        "CreationTime": 0,
        "ModelPackageStatus": "Completed",
    }
    stub = stubbed.expects(
        "sagemaker",
        ("list_model_packages", {"ModelPackageGroupName": "g"}, {"ModelPackageSummaryList": [one]}),
        ("delete_model_package", {"ModelPackageName": arn}, {}),
    )
    aws.empty(Account(stubbed), made(sagemaker.PACKAGE_GROUP, "g"))
    stub.assert_no_pending_responses()


def app(status: str) -> dict[str, Any]:
    return {
        "Apps": [{"DomainId": "d-1", "SpaceName": "own", "AppType": "JupyterLab", "AppName": "a", "Status": status}]
    }


def test_apps_are_deleted_and_waited_for_before_their_spaces(stubbed: Stubbed) -> None:
    of_domain = {"DomainIdEquals": "d-1"}
    space = {"DomainId": "d-1", "SpaceName": "own"}
    stub = stubbed.expects(
        "sagemaker",
        ("list_apps", of_domain, app("InService")),
        ("delete_app", {**space, "AppType": "JupyterLab", "AppName": "a"}, {}),
        ("list_apps", of_domain, app("Deleting")),
        ("list_apps", of_domain, app("Deleted")),
        ("list_spaces", of_domain, {"Spaces": [{**space, "Status": "InService"}]}),
        ("delete_space", space, {}),
        ("list_spaces", of_domain, {"Spaces": []}),
    )
    aws.stop(Account(stubbed), going(made(studio.DOMAIN, "d-1")))
    stub.assert_no_pending_responses()


def test_who_leaves_takes_an_own_space_along_and_nothing_of_others(stubbed: Stubbed) -> None:
    of_domain = {"DomainIdEquals": "d-1"}

    def space(name: str, owner: str, sharing: str = "Private") -> dict[str, Any]:
        named = {"DomainId": "d-1", "SpaceName": name, "Status": "InService"}
        sharing_of = {"SpaceSharingSettingsSummary": {"SharingType": sharing}}
        return {**named, **sharing_of, "OwnershipSettingsSummary": {"OwnerUserProfileName": owner}}

    def run(**whose: str) -> dict[str, Any]:
        return {"DomainId": "d-1", "AppType": "JupyterLab", "AppName": "a", "Status": "InService", **whose}

    spaces = {"Spaces": [space("bens", "ben"), space("anas", "ana"), space("team", "ben", "Shared")]}
    apps = [run(SpaceName="bens"), run(SpaceName="anas"), run(SpaceName="team"), run(UserProfileName="ana")]
    stub = stubbed.expects(
        "sagemaker",
        ("list_spaces", of_domain, spaces),
        ("list_apps", of_domain, {"Apps": apps}),
        ("delete_app", {"DomainId": "d-1", "SpaceName": "bens", "AppType": "JupyterLab", "AppName": "a"}, {}),
        ("list_spaces", of_domain, spaces),
        ("list_apps", of_domain, {"Apps": apps[1:]}),
        ("list_spaces", of_domain, spaces),
        ("delete_space", {"DomainId": "d-1", "SpaceName": "bens"}, {}),
        ("list_spaces", of_domain, {"Spaces": spaces["Spaces"][1:]}),
    )
    ben = replace(made(studio.USER_PROFILE, "ben"), inputs={"domainId": "d-1", "userProfileName": "ben"})
    aws.stop(Account(stubbed), going(ben))
    stub.assert_no_pending_responses()


def test_what_does_not_go_in_time_is_said(stubbed: Stubbed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "LONGEST", 0.0)
    stubbed.expects("sagemaker", ("list_apps", {"DomainIdEquals": "d-1"}, app("Deleting")))
    with pytest.raises(Refused, match="an app of Studio does not go in 0 minutes; run it again"):
        aws.stop(Account(stubbed), going(made(studio.DOMAIN, "d-1")))


def test_a_refusal_has_awss_own_words(stubbed: Stubbed) -> None:
    stubbed.expects("sagemaker").add_client_error("list_apps", "AccessDeniedException", "not authorized")
    with pytest.raises(Refused, match=r"AWS refuses ListApps \(AccessDeniedException: not authorized\)"):
        aws.stop(Account(stubbed), going(made(studio.DOMAIN, "d-1")))


def test_the_groups_that_studio_leaves_go_with_their_rules_and_interfaces_first(stubbed: Stubbed) -> None:
    of_vpc = {"Name": "vpc-id", "Values": ["vpc-1"]}
    named = {"Name": "group-name", "Values": ["security-group-for-inbound-nfs-*", "security-group-for-outbound-nfs-*"]}
    rule = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "UserIdGroupPairs": [{"GroupId": "sg-2"}]}
    into = {"GroupId": "sg-1", "GroupName": "security-group-for-inbound-nfs-d-1", "IpPermissions": [rule]}
    out = {"GroupId": "sg-2", "GroupName": "security-group-for-outbound-nfs-d-1", "IpPermissionsEgress": [rule]}
    left = {"NetworkInterfaceId": "eni-1", "Status": "available"}
    stub = stubbed.expects(
        "ec2",
        ("describe_network_interfaces", {"Filters": [of_vpc]}, {"NetworkInterfaces": [{**left, "Status": "in-use"}]}),
        ("describe_network_interfaces", {"Filters": [of_vpc]}, {"NetworkInterfaces": [left]}),
        ("delete_network_interface", {"NetworkInterfaceId": "eni-1"}, {}),
        ("describe_security_groups", {"Filters": [of_vpc, named]}, {"SecurityGroups": [into, out]}),
        ("revoke_security_group_ingress", {"GroupId": "sg-1", "IpPermissions": [rule]}, {}),
        ("revoke_security_group_egress", {"GroupId": "sg-2", "IpPermissions": [rule]}, {}),
        ("delete_security_group", {"GroupId": "sg-1"}, {}),
        ("delete_security_group", {"GroupId": "sg-2"}, {}),
    )
    aws.clear(Account(stubbed), going(made(ec2.VPC, "vpc-1")))
    stub.assert_no_pending_responses()


def test_in_a_given_network_only_the_groups_of_the_domain_go(stubbed: Stubbed) -> None:
    names = [f"security-group-for-{way}-nfs-d-1" for way in ("inbound", "outbound")]
    asked = {"Filters": [{"Name": "group-name", "Values": names}]}
    stub = stubbed.expects("ec2", ("describe_security_groups", asked, {"SecurityGroups": []}))
    aws.clear(Account(stubbed), going(made(studio.DOMAIN, "d-1")))
    stub.assert_no_pending_responses()
