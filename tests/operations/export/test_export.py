"""A version leaves its platform: what the bundle is, that it answers, and each way in which one is refused."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import referencing
import yaml
from referencing.jsonschema import DRAFT4

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.kinds.azure.storage import CONTAINER
from catalogue.platforms import PLATFORMS
from examples.serving.server import Server
from operations.export import layout, leaving, packing, reading, serving
from operations.export.layout import Blob
from operations.export.packing import Packed, pack
from operations.export.reading import Broken, read
from operations.export.serving import NotYet, load
from operations.export.verifying import verify
from sandbox.dataplane import running
from sandbox.home import Home
from sandbox.state import State
from sandbox.state.records import New
from tests.commanding import command
from tests.registered import approve, registered

SCHEMAS = Path(__file__).parent / "schemas"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = registered(tmp_path_factory.mktemp("registered"))
    approve(folder)
    (folder / layout.FEATURES).write_text('{"mean radius": {"type": "double"}}', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def whole(version: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "whole"
    pack(Packed(version), "aws", folder)
    return folder


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Path:
    """A bundle that a test may spoil."""
    return Path(shutil.copytree(whole, tmp_path / "bundle"))


def _json(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_bytes())


def _manifest(folder: Path) -> Json:
    (only,) = _json(folder, layout.INDEX)["manifests"]
    return _json(folder, _at(only))


def _at(descriptor: Json) -> str:
    return f"{layout.BLOBS}/{descriptor['digest'].removeprefix('sha256:')}"


def _put(folder: Path, content: bytes, **said: Any) -> Json:
    blob = Blob.of(content)
    (folder / blob.path).write_bytes(content)
    return {**said, "digest": blob.sha256, "size": blob.size}


def _forged(folder: Path, change: Callable[[Json], None], **contents: bytes) -> None:
    """Change the manifest, put other contents for layers, and make every hash right again, as a forger would."""
    (only,) = _json(folder, layout.INDEX)["manifests"]
    manifest = _manifest(folder)
    (folder / _at(only)).unlink()
    for layer in manifest["layers"]:
        path = layer["annotations"][layout.PATH]
        if path in contents:
            (folder / _at(layer)).unlink()
            layer.update(_put(folder, contents[path]))
    change(manifest)
    index = _json(folder, layout.INDEX)
    index["manifests"] = [_put(folder, versions.canonical(manifest), **only)]
    index["manifests"][0] |= _put(folder, versions.canonical(manifest))
    (folder / layout.INDEX).write_bytes(versions.canonical(index))


def _record(folder: Path, **changed: Any) -> bytes:
    """The record with other values; without those that are `...`."""
    said = {**_json(folder, versions.RECORD), **changed}
    return versions.canonical({key: value for key, value in said.items() if value is not ...})


def test_a_bundle_is_an_oci_layout_after_modelpack(whole: Path, version: Path) -> None:
    """Held against the schemas that the two projects publish."""
    files = {path.name: json.loads(path.read_bytes()) for path in SCHEMAS.glob("*.json")}
    registry: Any = referencing.Registry().with_resources(
        (f"{at}{name}", DRAFT4.create_resource(schema))
        for name, schema in files.items()
        for at in ("", "https://opencontainers.org/schema/", "https://opencontainers.org/schema/image/")
    )
    manifest = _manifest(whole)
    for name, said in (
        ("image-layout-schema.json", _json(whole, layout.LAYOUT)),
        ("image-index-schema.json", _json(whole, layout.INDEX)),
        ("image-manifest-schema.json", manifest),
    ):
        jsonschema.Draft4Validator(files[name], registry=registry).validate(said)
    config = _json(whole, _at(manifest["config"]))
    jsonschema.Draft202012Validator(files["modelpack-config-schema.json"]).validate(config)
    assert manifest["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"
    layers = {layer["annotations"][layout.PATH]: layer for layer in manifest["layers"]}
    assert [*layers] == [*layout.BESIDE, "artifact/MLmodel", "artifact/model.json"]
    assert (whole / _at(layers["artifact/model.json"])).read_bytes() == (version / "artifact/model.json").read_bytes()
    assert config["modelfs"]["diffIds"] == [layer["digest"] for layer in manifest["layers"]]
    assert config["descriptor"] | {"name": "tumours", "version": "1", "revision": "a" * 40} == config["descriptor"]


def test_the_same_version_makes_the_same_bytes_and_another_another_digest(
    whole: Path, version: Path, tmp_path: Path
) -> None:
    again = pack(Packed(version), "aws", tmp_path / "again")
    assert again.sha256 == _json(whole, layout.INDEX)["manifests"][0]["digest"]
    assert {path.name for path in (tmp_path / "again").rglob("*")} == {path.name for path in whole.rglob("*")}
    assert Packed(registered(tmp_path / "two", version=2)).digest != Packed(version).digest


def test_a_bundle_answers_what_was_recorded_on_a_server_of_no_platform(whole: Path) -> None:
    done = verify(whole)
    assert done.values == 8 and done.bundle.approval is not None and done.bundle.approval.by == "ana@example.com"
    assert done.bundle.stays == tuple(one.what for one in leaving.STAYS["aws"])


@pytest.fixture(scope="module")
def asked(whole: Path) -> Iterator[httpx.Client]:
    server: Server = serving.server(load(read(whole)))
    with running(server) as address, httpx.Client(base_url=address, trust_env=False) as client:
        yield client


def test_the_server_speaks_the_open_inference_protocol(asked: httpx.Client, version: Path) -> None:
    """Each answer is held against the schema that the protocol's project publishes."""
    said = yaml.safe_load((SCHEMAS / "open_inference_rest.yaml").read_text(encoding="utf-8"))
    recorded = _json(version, versions.RECORD)["recorded"]

    def held(name: str, answer: httpx.Response, status: int = 200) -> Json:
        assert answer.status_code == status
        schema = {"$ref": f"#/components/schemas/{name}", "components": said["components"]}
        jsonschema.Draft202012Validator(schema).validate(answer.json())
        return answer.json()

    assert all(asked.get(f"/v2/health/{word}").status_code == 200 for word in ("live", "ready"))
    held("metadata_server_response", asked.get("/v2"))
    for at in ("/v2/models/tumours", "/v2/models/tumours/versions/1"):
        about = held("metadata_model_response", asked.get(at))
        assert about["inputs"] == [{"name": "instances", "datatype": "FP64", "shape": [-1, 30]}]
        assert asked.get(f"{at}/ready").json() == {"name": "tumours", "ready": True}
        (given,) = recorded["request"]["inputs"]
        nested = {**given, "data": [given["data"][:30]], "shape": [1, 30]}
        for inputs in (given, nested):
            answer = held("inference_response", asked.post(f"{at}/infer", json={"id": "a", "inputs": [inputs]}))
            assert (answer["id"], answer["model_name"], answer["model_version"]) == ("a", "tumours", "1")
            data = recorded["response"]["outputs"][0]["data"]
            assert answer["outputs"][0]["data"] == data[: inputs["shape"][0]]
    held("inference_error_response", asked.post("/v2/models/tumours/infer", json={}), 400)
    held("inference_error_response", asked.get("/v2/models/others"), 404)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "rows"},
        {"datatype": "FP32"},
        {"shape": [8, 29]},
        {"shape": [-8, -30]},
        {"shape": None},
        {"data": None},
        {"data": [[0.1]]},
        {"data": ["x"] * 240},
        {"data": [None] * 240},
    ],
)
def test_a_request_that_the_signature_does_not_have_is_refused(
    asked: httpx.Client, version: Path, change: Json
) -> None:
    (given,) = _json(version, versions.RECORD)["recorded"]["request"]["inputs"]
    answer = asked.post("/v2/models/tumours/infer", json={"inputs": [{**given, **change}]})
    assert answer.status_code == 400 and answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"inputs": 1}', b'{"inputs": [1]}', b'{"inputs":[],"inputs":[]}', b"[" * 99_999]
)
def test_a_body_that_is_no_request_is_refused(asked: httpx.Client, body: bytes) -> None:
    answer = asked.post("/v2/models/tumours/infer", content=body)
    assert answer.status_code == 400 and answer.json()["error"].endswith(".")


def test_every_changed_byte_and_every_missing_file_is_found(bundle: Path) -> None:
    for file in sorted(path for path in bundle.rglob("*") if path.is_file()):
        content = file.read_bytes()
        for at in (0, len(content) // 2, len(content) - 1):
            file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
            with pytest.raises(Broken):
                read(bundle)
        file.write_bytes(content + b" ")
        with pytest.raises(Broken):
            read(bundle)
        file.unlink()
        with pytest.raises(Broken, match="missing"):
            read(bundle)
        file.write_bytes(content)
    assert read(bundle)


@pytest.mark.parametrize("key", ["preprocessing", "signature", "recorded", "metrics", "lineage", "image", "card"])
def test_a_record_from_which_something_was_left_out_is_found_though_every_hash_is_right(
    bundle: Path, version: Path, key: str
) -> None:
    _forged(bundle, lambda manifest: None, **{versions.RECORD: _record(version, **{key: ...})})
    with pytest.raises(Broken, match=rf"^version\.json: {key}: is missing"):
        read(bundle)


def test_each_hash_that_is_left_out_is_found(bundle: Path) -> None:
    for number in range(6):

        def change(manifest: Json, number: int = number) -> None:
            del manifest["layers"][number]["digest"]

        spoilt = Path(shutil.copytree(bundle, bundle.with_name(f"spoilt-{number}")))
        _forged(spoilt, change)
        with pytest.raises(Broken, match=rf"layer {number + 1}: has no digest"):
            read(spoilt)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda said: said["layers"].pop(), "has no layer artifact/model.json, which version.json names"),
        (lambda said: said["layers"].pop(0), "has no layer version.json"),
        (lambda said: said["layers"].pop(3), "has no layer stays-behind.json"),
        (lambda said: said["layers"].append(said["layers"][0]), "has no org.cncf.model.filepath of its own"),
        (
            lambda said: said["layers"][5]["annotations"].update({layout.PATH: "../x"}),
            "has no layer artifact/model.json",
        ),
        (lambda said: said["layers"][5].update(digest="sha256:../../x"), "has no digest sha256:"),
        (lambda said: said["layers"][5].update(size=-1), "has no size between"),
        (lambda said: said["layers"][5].update(size=3), "version.json says"),
        (lambda said: said["layers"][5].update(mediaType="application/x-tar+gzip"), "is not that of version.json"),
        (lambda said: said["layers"][5].update(urls=["https://example.com/x"]), "is not that of version.json"),
        (lambda said: said.update(layers={}), "has no layer version.json"),
        (lambda said: said.update(config=None), "config: has no digest"),
        (lambda said: said["config"].update(said["layers"][0]), "the configuration is not that of version.json"),
        (lambda said: said.update(subject=said["config"]), "is not that of version.json"),
    ],
)
def test_a_manifest_that_is_not_that_of_its_version_is_found(
    bundle: Path, change: Callable[[Json], Any], sentence: str
) -> None:
    _forged(bundle, change)
    with pytest.raises(Broken) as refused:
        read(bundle)
    assert sentence in str(refused.value)


def test_hostile_folders_are_refused(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = bundle / _at(_manifest(bundle)["layers"][5])
    content = model.read_bytes()
    (tmp_path / "outside").write_bytes(content)

    def spoilt(sentence: str) -> None:
        with pytest.raises(Broken, match=sentence):
            read(bundle)

    model.unlink()
    model.symlink_to(tmp_path / "outside")  # the very content, somewhere else
    spoilt("is a link, a folder or no file")
    model.unlink()
    os.mkfifo(model)
    spoilt("is a link, a folder or no file")
    model.unlink()
    model.write_bytes(content)
    (bundle / "blobs" / "sha512").mkdir()
    spoilt("is a link, a folder or no file")
    (bundle / "blobs" / "sha512").rmdir()
    (bundle / layout.BLOBS / ("0" * 64)).write_bytes(b"more")
    spoilt("is nothing that the bundle names")
    (bundle / layout.BLOBS / ("0" * 64)).unlink()
    index = (bundle / layout.INDEX).read_bytes()
    (bundle / layout.INDEX).write_bytes(index.replace(b'"schemaVersion"', b'"manifests":[],"schemaVersion"'))
    spoilt("index.json: names 'manifests' twice")
    (bundle / layout.INDEX).write_bytes(b"[" * 100_000)
    spoilt("index.json: is no JSON that can be read")
    (bundle / layout.INDEX).write_bytes(index)
    with (bundle / layout.LAYOUT).open("r+b") as opened:  # a hole, which costs no disk
        opened.truncate(reading.MOST_BYTES + 1)
    spoilt("the most that is read")
    (bundle / layout.LAYOUT).write_bytes(layout.SAYS)
    monkeypatch.setattr(reading, "MOST_FILES", 4)
    spoilt("holds more than 4 files")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"preprocessing": [{"operation": "none", "why": "It is a tree."}]},
            "the preprocessing is not that of model.json",
        ),
        ({"preprocessing.0.columns.0.mean": 1.5}, "the preprocessing is not that of model.json"),
        ({"preprocessing.0.columns.3.name": "age"}, "the preprocessing is not that of model.json"),
        ({"recorded.response.outputs.0.data.2": 0.5}, "predictions: value 3 is "),
        ({"recorded.request.inputs.0.data.0": 99.0}, "predictions: value 1 is "),
    ],
)
def test_a_record_that_says_otherwise_than_the_model_answers_is_found(
    version: Path, tmp_path: Path, change: Json, sentence: str
) -> None:
    folder = _with(version, tmp_path, change)
    pack(Packed(folder), "gcp", tmp_path / "bundle")
    with pytest.raises(Broken) as refused:
        verify(tmp_path / "bundle")
    assert sentence in str(refused.value)


def _with(version: Path, tmp_path: Path, change: Json) -> Path:
    """A copy of the version whose record has other values at paths of keys; nobody has approved that one."""
    folder = Path(shutil.copytree(version, tmp_path / "version"))
    (folder / versions.APPROVAL).unlink()
    said = _json(folder, versions.RECORD)
    for path, value in change.items():
        *above, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        place = said
        for key in above:
            place = place[key]
        place[last] = value
    (folder / versions.RECORD).write_bytes(versions.canonical(said))
    return folder


@pytest.mark.parametrize(
    ("file", "content", "format", "sentence"),
    [
        ("model.onnx", b"\x08\x07", "onnx", "nothing here serves the format 'onnx', allowed: standardised-"),
        ("model.pkl", b"x", "mlflow", "model.pkl is a pickle or may be one"),
        ("model.dat", b"\x80\x04\x95", "mlflow", "model.dat is a pickle or may be one"),
        ("extra.txt", b"x", None, "extra.txt is no file of the format"),
    ],
)
def test_what_nothing_here_serves_is_not_yet_and_runs_nothing(
    version: Path, tmp_path: Path, file: str, content: bytes, format: str | None, sentence: str
) -> None:
    said = _json(version, versions.RECORD)["artifact"]
    more = {"path": file, "sha256": versions.digest(content), "size": len(content)}
    artifact = {"format": format or said["format"], "files": [*said["files"], more]}
    folder = _with(version, tmp_path, {"artifact": artifact})
    (folder / "artifact" / file).write_bytes(content)
    pack(Packed(folder), "azure", tmp_path / "bundle")
    with pytest.raises(NotYet) as refused:
        verify(tmp_path / "bundle")
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "the artifact has no model.json"),
        (b'{"format":"standardised-logistic-regression/1"}', "model.json cannot be used: The model's file is not"),
        (b'{"format":"x","format":"standardised-logistic-regression/1"}', "names 'format' twice"),
        (b"[" * 100_000, "is no JSON that can be read"),
        (b'{"format":"standardised-logistic-regression/1","means":[1' + b"0" * 400 + b"]}", "cannot be used"),
    ],
)
def test_a_model_that_is_none_is_one_sentence(
    version: Path, tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    files = [one for one in _json(version, versions.RECORD)["artifact"]["files"] if one["path"] != "model.json"]
    if content is not None:
        files.append({"path": "model.json", "sha256": versions.digest(content), "size": len(content)})
    folder = _with(version, tmp_path, {"artifact.files": files})
    (folder / "artifact" / "model.json").unlink()
    if content is not None:
        (folder / "artifact" / "model.json").write_bytes(content)
    pack(Packed(folder), "gcp", tmp_path / "bundle")
    with pytest.raises(Broken) as refused:
        verify(tmp_path / "bundle")
    assert sentence in str(refused.value)


def test_preprocessing_that_lies_in_an_image_is_not_yet(version: Path, tmp_path: Path) -> None:
    steps = [{"operation": "in-image", "says": "scale.py of the image scales it."}]
    pack(Packed(_with(version, tmp_path, {"preprocessing": steps})), "aws", tmp_path / "bundle")
    with pytest.raises(NotYet, match="the preprocessing is code 'image'"):
        verify(tmp_path / "bundle")


def test_a_folder_that_is_not_what_its_record_says_is_not_packed(version: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(version, tmp_path / "version"))

    def refused(sentence: str) -> None:
        with pytest.raises(BadInput, match=sentence):
            pack(Packed(folder), "aws", tmp_path / "bundle")
        assert not [*tmp_path.glob("*bundle*")] and not [*tmp_path.glob(".*")], "nothing half-done is left"

    model = folder / "artifact" / "model.json"
    content = model.read_bytes()
    model.write_bytes(content + b" ")
    refused("is not what version.json says")
    model.unlink()
    refused("cannot be read")
    model.symlink_to(version / "artifact" / "model.json")
    refused("is a link")
    model.unlink()
    model.write_bytes(content)
    (folder / "artifact" / "more.txt").touch()
    refused("is no file that version.json names")
    (folder / "artifact" / "more.txt").unlink()
    (folder / versions.RECORD).write_bytes(_record(folder, version=2))
    refused("a version that changed is approved anew")


def test_a_bundle_has_its_folder_for_itself(version: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    pack(Packed(version), "aws", tmp_path / "empty")
    with pytest.raises(BadInput, match="is not empty"):
        packing.free(tmp_path / "empty")
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    with pytest.raises(BadInput, match="is no folder"):
        packing.free(tmp_path / "link")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_says_what_stays_and_where_that_is_from(platform: Any) -> None:
    listed = leaving.STAYS[platform]
    assert len({one.what for one in listed}) == len(listed) >= 4
    assert all(one.source.startswith("https://") and one.why for one in listed)


URIS = {
    "aws": "s3://models-of-tumours/tumours/1/",
    "gcp": "gs://models-of-tumours/tumours/1/",
    "azure": "azureml://datastores/artifacts/paths/tumours/1/",
}


def test_the_three_platforms_sandboxes_give_bundles_that_answer_alike(tmp_path: Path) -> None:
    """Each version was registered on its platform, with that platform's image, and uploaded there."""
    answered: set[str] = set()
    for platform, uri in URIS.items():
        home = f"{tmp_path}/{platform}/"
        if platform == "azure":
            _container(Path(home))
        folder = registered(tmp_path / f"{platform}-run", platform)
        up = command("sandbox", "--name", home, "upload", uri, folder, "--elsewhere")
        assert up.returncode == 0, up.stderr
        shutil.rmtree(folder)  # what is exported is what lies in the sandbox
        asked = ("export", f"{platform}-pilot", "tumours@1", "--from", uri, "--sandbox", home)
        made = command(*asked, "--to", tmp_path / "bundles" / platform)
        assert made.returncode == 0, made.stderr
        assert f"stays on {platform}: {leaving.STAYS[platform][0].what}; " in made.stdout
        done = verify(tmp_path / "bundles" / platform)
        assert done.values == 8
        answered.add(done.bundle.version.recorded.response.model_dump_json())
    assert len(answered) == 1
    said = command("export", "--verify", tmp_path / "bundles" / "azure")
    assert said.returncode == 0 and "answers outside of its platform as it was recorded: 8 values" in said.stdout
    gone = command("export", "gcp-pilot", "tumours@1", "--from", "gs://b/x/", "--sandbox", home, "--to", tmp_path / "x")
    assert gone.returncode == 2 and "nothing lies there in" in gone.stderr


def _container(home: Path) -> None:
    """Let the blob container stand that Azure ML's datastore `artifacts` shows."""
    Home(home).mark()
    store = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/lending/blobServices/default"
    place: Json = {"platform": "azure", "account": "s", "region": "westeurope", "name": "artifacts"}
    state = State(Home(home).database)
    state.resources.create(New(type=CONTAINER, id=f"{store}/containers/artifacts", inputs={}, outputs={}, **place))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "name STACK, NAME@N, --from and --to"),
        (["aws-pilot", "tumours@1", "--to", "DIR"], "name STACK, NAME@N, --from and --to"),
        (["aws-pilot", "tumours", "--from", "VERSION", "--to", "DIR"], "no version of a model; write NAME@N"),
        (["aws-pilot", "tumours@2", "--from", "VERSION", "--to", "DIR"], "is tumours@1, not tumours@2"),
        (["aws-pilot", "tumours@1", "--from", "nowhere", "--to", "DIR"], "--from: nowhere is no folder"),
        (["aws-pilot", "tumours@1", "--from", "ftp://x/y", "--to", "DIR"], "is an address that nothing here reads"),
        (["aws-pilto", "tumours@1", "--from", "VERSION", "--to", "DIR"], "did you mean aws-pilot?"),
        (["aws-pilot", "tumours@1", "--from", "VERSION", "--to", "VERSION"], "is not empty"),
        (["aws-pilot", "--verify", "DIR"], "--verify: takes the folder of a bundle and nothing beside it"),
        (["--verify", "nowhere"], "nowhere: is no folder"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(version: Path, tmp_path: Path, words: list[str], sentence: str) -> None:
    said = [{"DIR": str(tmp_path / "to"), "VERSION": str(version)}.get(word, word) for word in words]
    done = command("export", *said)
    assert done.returncode == 2 and sentence in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "to").exists()


def test_a_bundle_that_is_not_whole_is_one_sentence_and_exit_1(bundle: Path, version: Path) -> None:
    (bundle / layout.INDEX).write_bytes(b"{}")
    done = command("export", "--verify", bundle)
    assert done.returncode == 1 and done.stderr.startswith(f"{bundle}: index.json: ") and not done.stdout
    assert len(done.stderr.splitlines()) == 1
