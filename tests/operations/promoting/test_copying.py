"""`mlplatform promote NAME@N FROM TO`: a version goes to the next registry by its digest, after its checks, once."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws

from catalogue import versions
from catalogue.errors import BadInput
from operations import stores
from operations.promoting import images
from tests.catalogue.test_versions import RECORD
from tests.operations.promoting.test_promoting import BECAUSE, ME, NAME, REGION, run
from tests.promoting import file_of
from tests.registries import Double

DEV, TEST = "aws-dev", "aws-test"
HOST = f"{ME}.dkr.ecr.{REGION}.amazonaws.com"
MODEL = b"weights"


def archive(content: bytes = MODEL) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="w", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        member = tarfile.TarInfo("model.onnx")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


class Cloud:
    """One account, in which both stacks stand: dev has version 2 of the model, and test the group for its own."""

    def __init__(self) -> None:
        self.registries = Double()
        self.sagemaker: Any = boto3.client("sagemaker", region_name=REGION)
        self.s3: Any = boto3.client("s3", region_name=REGION)
        for stack in (DEV, TEST):
            self.s3.create_bucket(Bucket=self.bucket(stack))
            self.sagemaker.create_model_package_group(ModelPackageGroupName=f"{stack}-registry-{NAME}")
        image = self.registries.push(f"{HOST}/{DEV}-registry-images:{NAME}-2", b"layer")
        file = {"path": "model.onnx", "sha256": f"sha256:{hashlib.sha256(MODEL).hexdigest()}", "size": len(MODEL)}
        self.record = versions.canonical(
            {
                **RECORD,
                "name": NAME,
                "version": 2,
                "image": f"{HOST}/{DEV}-registry-images@{image}",
                "artifact": {"format": "onnx", "files": [file]},
            }
        )
        self.digest = versions.digest(self.record)
        for number in (1, 2):
            self.register(DEV, self.digest if number == 2 else f"sha256:{'1' * 64}")
        self.put(DEV, 2, "model.tar.gz", archive())
        self.put(DEV, 2, "version.json", self.record)

    @staticmethod
    def bucket(stack: str) -> str:
        return f"{stack}-artifacts-{ME}"

    def put(self, stack: str, number: int, name: str, content: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket(stack), Key=f"registry/{NAME}/{number}/{name}", Body=content)

    def got(self, stack: str, number: int, name: str) -> bytes:
        kept = self.s3.get_object(Bucket=self.bucket(stack), Key=f"registry/{NAME}/{number}/{name}")
        return kept["Body"].read()

    def names(self, stack: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket(stack)).get("Contents", ())
        return [one["Key"] for one in listed]

    def register(self, stack: str, digest: str) -> None:
        self.sagemaker.create_model_package(
            ModelPackageGroupName=f"{stack}-registry-{NAME}",
            ModelApprovalStatus="PendingManualApproval",
            CustomerMetadataProperties={"digest": digest},
        )

    def said(self, stack: str, number: int) -> dict[str, Any]:
        arn = f"arn:aws:sagemaker:{REGION}:{ME}:model-package/{stack}-registry-{NAME}/{number}"
        return self.sagemaker.describe_model_package(ModelPackageName=arn)

    # As operations/stores.py, in place of the store's own library, which moto does not answer.

    def read(self, place: str, into: Path) -> None:
        bucket, _, key = place.removeprefix("s3://").partition("/")
        into.parent.mkdir(parents=True, exist_ok=True)
        into.write_bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def write_once(self, place: str, file: Path) -> bool:
        bucket, _, key = place.removeprefix("s3://").partition("/")
        if key in self.names(bucket.removesuffix(f"-artifacts-{ME}")):
            return False
        self.s3.put_object(Bucket=bucket, Key=key, Body=file.read_bytes())
        return True


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    for key, value in {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(f"AWS_{key}", value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        made = Cloud()
        monkeypatch.setattr(stores, "read", made.read)
        monkeypatch.setattr(stores, "write_once", made.write_once)
        own = images.Registries
        monkeypatch.setattr(images, "Registries", lambda: own(made.registries.transport()))
        yield made


@pytest.fixture
def both(tmp_path: Path) -> tuple[Path, Path]:
    """The stack files of dev and test, both in the one account that moto has."""
    gives = {"gives_to": {TEST: {"account": ME, "publisher": f"arn:aws:iam::{ME}:role/{TEST}-publisher"}}}
    key = f"arn:aws:kms:{REGION}:{ME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    takes = {"takes_from": {DEV: {"account": ME, "granted_by": "change 4711", "key": key}}}
    files = [file_of("aws", DEV, tmp_path, gives), file_of("aws", TEST, tmp_path, takes)]
    for file in files:
        text = file.read_text(encoding="utf-8").replace("registered: mlplatform-example", f"registered: {NAME}")
        file.write_text(text.replace("111122223333", ME).replace("444455556666", ME), encoding="utf-8")
    return files[0], files[1]


def changed(file: Path, key: str, value: Any) -> None:
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    tree["config"][f"mlplatform:{key}"] = value
    file.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")


def test_an_unapproved_version_stays_and_an_approved_one_goes_by_its_digest(
    cloud: Cloud, both: tuple[Path, Path]
) -> None:
    dev, test = both
    with pytest.raises(BadInput, match=r"scorer@2: is not approved \(PendingManualApproval\)"):
        run("promote", "scorer@2", dev, test, "--yes")
    run("approve", dev, "scorer@2", *BECAUSE, "--yes")
    dry = run("promote", "scorer@2", dev, test)
    assert "nothing is copied from aws-dev to aws-test without --yes" in dry
    assert f"copy s3://{cloud.bucket(DEV)}/registry/scorer/2/model.tar.gz to" in dry
    assert not cloud.names(TEST)
    done = run("promote", "scorer@2", dev, test, "--yes")
    assert "scorer@1 is registered" in done, "the group of test numbers its own versions"
    assert cloud.got(TEST, 1, "version.json") == cloud.record
    assert cloud.got(TEST, 1, "model.tar.gz") == archive()
    package = cloud.said(TEST, 1)
    assert package["ModelApprovalStatus"] == "PendingManualApproval", "the approval does not come along"
    assert package["CustomerMetadataProperties"] == {"digest": cloud.digest}
    origin = versions.Origin.model_validate_json(cloud.got(TEST, 1, "origin.json"))
    assert (origin.stack, origin.account, origin.version) == (DEV, ME, "scorer@2")
    assert origin.approved_because == BECAUSE[1]
    registries = cloud.registries.kept
    tagged = registries[HOST, f"{TEST}-registry-images", "manifests", f"{NAME}-1"]
    assert tagged == registries[HOST, f"{DEV}-registry-images", "manifests", f"{NAME}-2"]


def test_test_serves_the_copy_once_its_own_approver_approved_it_and_goes_back_by_two_lines(
    cloud: Cloud, both: tuple[Path, Path]
) -> None:
    dev, test = both
    run("approve", dev, "scorer@2", *BECAUSE, "--yes")
    run("promote", "scorer@2", dev, test, "--yes")
    with pytest.raises(BadInput, match="scorer@1: is not approved"):
        run("promote", "scorer@1", test, "--yes")
    run("approve", test, "scorer@1", *BECAUSE, "--yes")
    run("promote", "scorer@1", test, "--yes")
    assert cloud.digest in test.read_text(encoding="utf-8")


def test_a_copy_that_was_cut_short_is_taken_up_and_a_second_one_changes_nothing(
    cloud: Cloud, both: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    dev, test = both
    run("approve", dev, "scorer@2", *BECAUSE, "--yes")
    writes = cloud.write_once

    def dies(place: str, file: Path) -> bool:
        if place.endswith("version.json"):
            raise BadInput("the machine dies")
        return writes(place, file)

    monkeypatch.setattr(stores, "write_once", dies)
    with pytest.raises(BadInput, match="the machine dies"):
        run("promote", "scorer@2", dev, test, "--yes")
    monkeypatch.setattr(stores, "write_once", writes)
    assert "lies there already" in run("promote", "scorer@2", dev, test, "--yes")
    assert "the registry has it already, as scorer@1" in run("promote", "scorer@2", dev, test, "--yes")


def test_what_is_not_what_its_hash_says_goes_nowhere(cloud: Cloud, both: tuple[Path, Path]) -> None:
    dev, test = both
    run("approve", dev, "scorer@2", *BECAUSE, "--yes")
    cloud.put(DEV, 2, "model.tar.gz", archive(b"others"))
    with pytest.raises(BadInput, match=r"scorer@2: model\.onnx is not what the record says"):
        run("promote", "scorer@2", dev, test, "--yes")
    cloud.put(DEV, 2, "model.tar.gz", b"no archive")
    with pytest.raises(BadInput, match="is no archive that can be read"):
        run("promote", "scorer@2", dev, test, "--yes")
    cloud.registries.immutable = False
    cloud.registries.push(f"{HOST}/{DEV}-registry-images:{NAME}-2", b"another layer")
    with pytest.raises(BadInput, match="under its tag; trust neither"):
        run("promote", "scorer@2", dev, test, "--yes")
    assert not cloud.names(TEST)


def test_nothing_that_lies_there_is_written_over(cloud: Cloud, both: tuple[Path, Path]) -> None:
    dev, test = both
    run("approve", dev, "scorer@2", *BECAUSE, "--yes")
    cloud.put(TEST, 1, "model.tar.gz", b"of somebody else")
    with pytest.raises(BadInput, match="something else lies there"):
        run("promote", "scorer@2", dev, test, "--yes")
    with pytest.raises(BadInput, match=r"--as: found 7, and the next version of aws-test-registry-scorer is 1"):
        run("promote", "scorer@2", dev, test, "--as", 7)


@pytest.mark.parametrize(
    ("which", "key", "value", "said"),
    [
        (0, "registry", {}, "does not give versions to aws-test"),
        (1, "registry", {}, "does not take versions from aws-dev"),
    ],
)
def test_both_stack_files_say_that_versions_go(
    cloud: Cloud, both: tuple[Path, Path], which: int, key: str, value: Any, said: str
) -> None:
    changed(both[which], key, value)
    with pytest.raises(BadInput, match=said):
        run("promote", "scorer@2", *both)


def test_a_record_under_another_number_is_believed_with_its_origin_alone(cloud: Cloud, both: tuple[Path, Path]) -> None:
    cloud.register(TEST, cloud.digest)
    cloud.put(TEST, 1, "version.json", cloud.record)
    with pytest.raises(BadInput, match=r"the record at s3://.* is of scorer@2"):
        run("promote", "scorer@1", both[1])
