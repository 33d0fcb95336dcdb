"""`mlplatform register`: a candidate goes into the registry by its record, after its checks, once."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue import versions
from catalogue.errors import BadInput
from operations import stores
from operations.promoting import azure, gcp, images
from stacks.config import STACKS
from tests.catalogue.test_versions import RECORD
from tests.operations.promoting.test_copying import DEV, HOST, Cloud, both, cloud
from tests.operations.promoting.test_gcp import ARTIFACTS, PROJECT, Store, store
from tests.operations.promoting.test_promoting import BECAUSE, NAME, OLD, run
from tests.operations.promoting.test_taking import Azure
from tests.registries import Double

__all__ = ["both", "cloud", "store"]

GATE = {"metric": "roc_auc", "bound": 0.8, "sense": "at-least", "value": 0.83}
FILES = {"model.onnx": b"better weights", "MLmodel": b"flavors: {}"}
REPOSITORY = f"{DEV}-registry-images"


def candidate(folder: Path, image: str, **other: Any) -> Path:
    """The folder of a candidate whose image has this digest."""
    (folder / "artifact").mkdir(parents=True)
    named = [
        {"path": path, "sha256": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}
        for path, content in FILES.items()
    ]
    for path, content in FILES.items():
        (folder / "artifact" / path).write_bytes(content)
    said = {**RECORD, "name": NAME, "version": 3, "image": image, "gate": GATE}
    said["artifact"] = {"format": "onnx", "files": named}
    (folder / "version.json").write_bytes(versions.canonical({**said, **other}))
    return folder


@pytest.fixture
def dev(both: tuple[Path, Path]) -> Path:
    return both[0]


@pytest.fixture
def image(cloud: Cloud) -> str:
    """The image that a pipeline's record names, in the stack's own repository under a tag of the team's."""
    return f"{HOST}/{REPOSITORY}@{cloud.registries.push(f'{HOST}/{REPOSITORY}:serving', b'layer of three')}"


def test_a_candidate_is_registered_by_its_record_and_waits_for_the_approver(
    cloud: Cloud, dev: Path, image: str, tmp_path: Path
) -> None:
    folder = candidate(tmp_path / "candidate", image)
    before = cloud.names(DEV)
    asked = ("register", dev, "scorer@3", "--from", folder)
    dry = run(*asked)
    assert "passed its gate: roc_auc 0.83, at least 0.8; churn-2026-11-01" in dry
    assert "nothing is registered without --yes" in dry and cloud.names(DEV) == before
    done = run(*asked, "--yes")
    record = (folder / "version.json").read_bytes()
    assert cloud.got(DEV, 3, "version.json") == record, "to the byte, so its digest is the candidate's"
    package = cloud.said(DEV, 3)
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert package["CustomerMetadataProperties"] == {"digest": versions.digest(record)}
    kept = cloud.registries.kept
    assert kept[HOST, REPOSITORY, "manifests", f"{NAME}-3"] == kept[HOST, REPOSITORY, "manifests", "serving"]
    assert "`mlplatform approve aws-dev scorer@3 --because TEXT --yes`" in done
    assert "`mlplatform promote scorer@3 aws-dev --yes`" in done
    assert "the registry has it already" in run(*asked, "--yes")
    approved = run("approve", dev, "scorer@3", *BECAUSE, "--yes")
    assert "; passed its gate: roc_auc 0.83, at least 0.8; roc_auc 0.83; churn-2026-11-01" in approved
    run("promote", "scorer@3", dev, "--yes")
    assert versions.digest(record) in dev.read_text(encoding="utf-8")


def test_what_a_schedule_leaves_each_week_under_one_number_gets_the_next_of_the_registry(
    cloud: Cloud, dev: Path, image: str, tmp_path: Path
) -> None:
    folder = candidate(tmp_path / "candidate", image, version=1, lineage={**RECORD["lineage"], "run": "week-2"})
    asked = ("register", dev, "scorer@1", "--from", folder, "--as")
    with pytest.raises(BadInput, match="the next is scorer@3; register it --as 3"):
        run(*asked, "7", "--yes")
    done = run(*asked, "3", "--yes")
    record = (folder / "version.json").read_bytes()
    digest = versions.digest(record)
    assert cloud.got(DEV, 3, "version.json") == record, "to the byte, whatever the number"
    assert cloud.said(DEV, 3)["CustomerMetadataProperties"] == {"digest": digest}
    assert (HOST, REPOSITORY, "manifests", f"{NAME}-3") in cloud.registries.kept
    assert "`mlplatform promote scorer@3 aws-dev --yes`" in done
    assert "the registry has it already" in run(*asked, "3", "--yes")
    run("approve", dev, "scorer@3", *BECAUSE, "--yes")
    run("promote", "scorer@latest", dev, "--yes")
    assert digest in dev.read_text(encoding="utf-8")


def test_what_was_cut_short_is_taken_up_and_nothing_else_that_lies_there_is_written_over(
    cloud: Cloud, dev: Path, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("register", dev, "scorer@3", "--from", candidate(tmp_path / "candidate", image), "--yes")
    writes = cloud.write_once

    def dies(place: str, file: Path) -> bool:
        if place.endswith("version.json"):
            raise BadInput("the machine dies")
        return writes(place, file)

    monkeypatch.setattr(stores, "write_once", dies)
    with pytest.raises(BadInput, match="the machine dies"):
        run(*asked)
    monkeypatch.setattr(stores, "write_once", writes)
    packed = bytearray(cloud.got(DEV, 3, "model.tar.gz"))
    cloud.put(DEV, 3, "model.tar.gz", b"of somebody else")
    with pytest.raises(BadInput, match="something else lies there, and nothing there is written over"):
        run(*asked)
    packed[9] ^= 1  # the system that packed it, which gzip's header names
    cloud.put(DEV, 3, "model.tar.gz", bytes(packed))
    assert "model.tar.gz lies there already" in run(*asked)
    assert cloud.said(DEV, 3)["ModelApprovalStatus"] == "PendingManualApproval"


def spoil(path: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / path).write_bytes(content)


REFUSED: list[tuple[str, dict[str, Any], Callable[[Path], object] | None, str]] = [
    ("scorer@4", {}, None, "is scorer@3, not scorer@4; name the version that lies there"),
    ("ranker@3", {}, None, "serves no version of ranker; name it under models"),
    ("scorer@3", {"name": "ranker"}, None, "is ranker@3, not scorer@3"),
    ("scorer@3", {}, spoil("artifact/MLmodel", b"others"), "MLmodel is not what the record says"),
    ("scorer@3", {}, lambda f: (f / "artifact" / "MLmodel").unlink(), "cannot be read (No such file"),
    ("scorer@3", {}, spoil("artifact/run.py", b"x"), "is no file that version.json names"),
    ("scorer@3", {"gate": {**GATE, "bound": 0.9}}, None, "did not pass its gate (roc_auc 0.83, at least 0.9)"),
    ("scorer@5", {"version": 5}, None, "the next is scorer@3; register it --as 3"),
    ("scorer@2", {"version": 2}, None, "the next is scorer@3"),
]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (None, "has no version.json, the record of a candidate, so nothing there is one; give the folder of the step"),
        ({"rows": 3}, "its version.json is no record of a candidate, whose schema is mlplatform-model-version/1; give"),
        ([], "its version.json is no record of a candidate, whose schema is mlplatform-model-version/1; give the"),
        ({"schema": "mlplatform-origin/1"}, "its version.json is no record of a candidate, whose schema is"),
    ],
)
def test_what_a_pipeline_that_scores_left_is_refused_in_one_sentence_that_names_its_place(
    dev: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: object, said: str
) -> None:
    left = tmp_path / "run" / "report"
    (left / "artifact").mkdir(parents=True)
    (left / "artifact" / "predictions.jsonl").write_text("{}", encoding="utf-8")
    if record is not None:
        (left / "version.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        run("register", dev, f"{NAME}@3", "--from", left)
    assert str(refused.value).startswith(f"{left}: {said}") and "\n" not in str(refused.value)

    def copy(place: str, into: Path, *_: object, **__: object) -> None:
        shutil.copytree(left, into, dirs_exist_ok=True)

    monkeypatch.setattr(stores, "copy", copy)
    with pytest.raises(BadInput) as refused:
        run("register", dev, f"{NAME}@3", "--from", "s3://claims/pipelines/run/report/")
    assert str(refused.value).startswith(f"s3://claims/pipelines/run/report/: {said}")


def test_what_is_no_candidate_of_that_version_is_refused(cloud: Cloud, dev: Path, image: str, tmp_path: Path) -> None:
    before = cloud.names(DEV)
    for number, (asked, other, spoilt, said) in enumerate(REFUSED):
        folder = candidate(tmp_path / f"{number}", image, **other)
        if spoilt is not None:
            spoilt(folder)
        with pytest.raises(BadInput, match=re.escape(said)):
            run("register", dev, asked, "--from", folder, "--yes")
    elsewhere = f"registry.example.com/scorer@{OLD}"
    words = ("register", dev, "scorer@3", "--from", candidate(tmp_path / "candidate", elsewhere))
    tagged = f"{HOST}/{REPOSITORY}:{NAME}-3"
    push = f"docker pull {elsewhere} && docker tag {elsewhere} {tagged} && aws ecr get-login-password"
    with pytest.raises(BadInput, match=re.escape(push)):
        run(*words)
    cloud.registries.push(tagged, b"another layer")
    with pytest.raises(BadInput, match=f"and the record has {OLD}; a tag stays"):
        run(*words)
    assert cloud.names(DEV) == before


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What was written to stores, by its address."""
    kept: dict[str, bytes] = {}

    def write_once(place: str, file: Path) -> bool:
        return kept.setdefault(place, file.read_bytes()) is None or True

    monkeypatch.setattr(stores, "write_once", write_once)
    return kept


def pilot(platform: str, folder: Path) -> Path:
    """The pilot, which serves a version of the scorer."""
    config: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{platform}-pilot.yaml").read_text(encoding="utf-8"))
    config["config"]["mlplatform:models"]["fraud-scorer"] = {"registered": NAME, "version": 1, "digest": OLD}
    path = folder / f"Pulumi.{platform}-pilot.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path


def registries(monkeypatch: pytest.MonkeyPatch, address: str) -> str:
    """A registry that has the image under this address. Returns its digest."""
    double, own = Double(), images.Registries
    monkeypatch.setattr(images, "Registries", lambda: own(double.transport()))
    return double.push(address, b"layer")


def test_on_gcp_a_candidate_is_registered_by_what_lies_in_its_folder(
    store: Store, written: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcp, "google_token", lambda: lambda: "word")
    image = f"us-central1-docker.pkg.dev/{PROJECT}/gcp-pilot-registry-images/scorer"
    named = f"{image}@{registries(monkeypatch, f'{image}:3')}"
    folder, file = candidate(tmp_path / "candidate", named), pilot("gcp", tmp_path)
    done = run("register", file, "scorer@3", "--from", folder, "--yes")
    at = f"gs://{ARTIFACTS}/registry/scorer/3/"
    assert list(written) == [f"{at}artifact/model.onnx", f"{at}artifact/MLmodel", f"{at}version.json"]
    assert "copy us-central1" not in done, "the image has its tag"
    store.objects[f"{ARTIFACTS}/registry/scorer/3/version.json"] = written[f"{at}version.json"]
    assert "the registry has it already" in run("register", file, "scorer@3", "--from", folder)
    other = candidate(tmp_path / "other", named, card={**RECORD["card"], "owner": "others"})
    with pytest.raises(BadInput, match="is of another version, and a version never changes"):
        run("register", file, "scorer@3", "--from", other)


def test_on_azure_a_candidate_is_registered_by_the_one_call_that_comes_last(
    written: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, file = Azure(monkeypatch), pilot("azure", tmp_path)
    monkeypatch.setattr(azure, "registry_token", lambda *said: "word")
    monkeypatch.setattr(azure, "worldwide", lambda *said: "own")
    named = f"own.azurecr.io/registry@{registries(monkeypatch, 'own.azurecr.io/registry:team-1')}"
    folder = candidate(tmp_path / "candidate", named)
    done = run("register", file, "scorer@3", "--from", folder, "--yes")
    assert "copy own.azurecr.io/registry@sha256:" in done and "own.azurecr.io/registry:scorer-3" in done
    assert set(written) == {
        f"az://store/artifacts/registry/scorer/3/{one}"
        for one in ("artifact/model.onnx", "artifact/MLmodel", "version.json")
    }
    assert "`az acr repository update --name own --subscription" in done
    assert "--image registry:scorer-3 --write-enabled false`" in done
    digest = versions.digest((folder / "version.json").read_bytes())
    assert workspace.versions["3"]["properties"]["properties"] == {"digest": digest}
    asked: list[str] = []

    def copy(place: str, into: Path, *more: Any, **bounds: Any) -> None:
        asked.append(place)
        shutil.copytree(folder, into, dirs_exist_ok=True)

    monkeypatch.setattr(stores, "copy", copy)
    uri = "azureml://datastores/{}/paths/pipelines/path/run/record/"
    run("register", file, "scorer@3", "--from", uri.format("artifacts"))
    assert asked == ["az://store/artifacts/pipelines/path/run/record/"]
    with pytest.raises(BadInput, match="is in no datastore of azure-pilot that is read here"):
        run("register", file, "scorer@3", "--from", uri.format("workspaceblobstore"))
    assert "the registry has it already" in run("register", file, "scorer@3", "--from", folder)
