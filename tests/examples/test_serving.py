"""Each platform's server, in this process on a free port, gives the recorded predictions by its platform's contract."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.pack import HERE
from examples.serving import azure, batch_score, mlflow_model, sagemaker, score, vertex
from examples.serving.predictor import FILE, BadModel, BadRequest
from examples.serving.server import LARGEST, Server
from sandbox.dataplane import running

MODEL, RECORDED = HERE / "model", HERE / "recorded"
ROUTES = {"aws": ("/ping", "/invocations"), "gcp": ("/v1/alive", "/v1/score"), "azure": ("/", "/score")}
CSV, JSON = {"Content-Type": "text/csv"}, {"Content-Type": "application/json; charset=utf-8"}


def _vertex() -> Server:
    alive, predict = ROUTES["gcp"]
    said = {"AIP_HTTP_PORT": "0", "AIP_HEALTH_ROUTE": alive, "AIP_PREDICT_ROUTE": predict}
    return vertex.serve({**said, "AIP_STORAGE_URI": str(MODEL)}, "127.0.0.1")


MAKERS: dict[str, Callable[[], Server]] = {
    "aws": lambda: sagemaker.serve(MODEL, ("127.0.0.1", 0)),
    "gcp": _vertex,
    "azure": lambda: azure.serve(("127.0.0.1", 0)),
}


@pytest.fixture(scope="module", params=MAKERS)
def served(request: pytest.FixtureRequest) -> Iterator[tuple[str, httpx.Client]]:
    """The platform's name, and a client of its server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AZUREML_MODEL_DIR", str(MODEL))
        server = MAKERS[request.param]()
    with running(server) as address, httpx.Client(base_url=address, trust_env=False) as client:
        yield request.param, client


def _recorded(platform: str, name: str) -> bytes:
    return (RECORDED / platform / name).read_bytes()


def test_the_recorded_request_gives_the_recorded_prediction(served: tuple[str, httpx.Client]) -> None:
    platform, client = served
    alive, predict = ROUTES[platform]
    assert client.get(alive).status_code == 200
    for _ in range(2):  # on one connection
        answer = client.post(predict, content=_recorded(platform, "request.json"), headers=JSON)
        assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
        assert answer.json() == json.loads(_recorded(platform, "prediction.json"))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"other": 1}', b"[" * 100_000])
def test_a_bad_body_is_400_with_a_sentence(served: tuple[str, httpx.Client], body: bytes) -> None:
    platform, client = served
    key = "input_data" if platform == "azure" else "instances"
    answer = client.post(ROUTES[platform][1], content=body, headers=JSON)
    assert answer.status_code == 400
    sentence = _sentence(platform, answer)
    assert sentence.startswith("The body ") and f"'{key}'" in sentence and sentence.endswith(".")


def _sentence(platform: str, answer: httpx.Response) -> str:
    """The refusal as that platform's caller reads it."""
    if platform == "gcp":
        assert answer.headers["content-type"] == "application/json" and list(answer.json()) == ["error"]
        return answer.json()["error"]
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    return answer.text


@settings(max_examples=25)
@given(numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=28, max_size=31))
def test_a_wrong_instance_is_400_and_a_right_one_is_scored(
    served: tuple[str, httpx.Client], numbers: list[float]
) -> None:
    platform, client = served
    key = "input_data" if platform == "azure" else "instances"
    answer = client.post(ROUTES[platform][1], json={key: [numbers]})
    if len(numbers) != 30:
        assert answer.status_code == 400 and f"has {len(numbers)} values" in _sentence(platform, answer)
    elif answer.status_code == 400:
        assert "too large" in _sentence(platform, answer) and max(map(abs, numbers)) > 1e300
    else:
        (prediction,) = answer.json() if platform == "azure" else answer.json()["predictions"]
        assert answer.status_code == 200 and 0 <= prediction <= 1


def test_other_calls_are_refused_and_the_connection_lives_on(served: tuple[str, httpx.Client]) -> None:
    platform, client = served
    alive, predict = ROUTES[platform]
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert _sentence(platform, answer) == f"There is no GET /nowhere; there is GET {alive} and POST {predict}."
    assert client.get(predict).status_code == 404
    # Refused by its head: the body is never sent.
    unsent = HTTPConnection(client.base_url.host, client.base_url.port)
    with closing(unsent):
        unsent.putrequest("POST", predict)
        unsent.putheader("Content-Length", str(LARGEST + 1))
        unsent.endheaders()
        large = unsent.getresponse()
        assert large.status == 413 and b"larger than 6291456 bytes; send fewer instances." in large.read()
    streamed = client.post(predict, content=iter([b"{}"]))
    assert streamed.status_code == 411 and "Content-Length" in _sentence(platform, streamed)
    assert client.get(alive).status_code == 200


def test_sagemaker_scores_lines_of_csv_as_a_transform_job_sends_them() -> None:
    predictions = json.loads(_recorded("aws", "prediction.json"))["predictions"]
    lines = _recorded("aws", "batch.csv").decode().splitlines(keepends=True)
    with running(MAKERS["aws"]()) as address, httpx.Client(base_url=address, trust_env=False) as client:
        whole = client.post("/invocations", content="".join(lines), headers=CSV)
        assert whole.headers["content-type"] == "text/csv; charset=utf-8"
        # AssembleWith: Line puts one newline after what the container answers.
        assert [float(line) for line in f"{whole.text}\n".splitlines()] == predictions
        parts = [
            client.post("/invocations", content="".join(part), headers=CSV).text for part in (lines[:3], lines[3:])
        ]
        assert "".join(f"{part}\n" for part in parts) == f"{whole.text}\n"
        named = client.post("/invocations", content="mean radius,\xe9\n".encode(), headers=CSV)
        assert named.status_code == 400 and named.text.startswith("Instance 1 has 2 values")
        assert client.post("/invocations", content=b"\xe9", headers=CSV).text.startswith("The body is no UTF-8")
        other = client.post("/invocations", content=b"x", headers={"Content-Type": "application/x-npy"})
        assert (other.status_code, other.text) == (
            415,
            "The body is application/x-npy; send application/json or text/csv.",
        )


def test_vertex_scores_the_lines_of_a_batch_job() -> None:
    """Vertex AI sends the instances of JSON lines as it sends those of a call."""
    lines = [json.loads(line) for line in _recorded("gcp", "batch.jsonl").splitlines()]
    with running(MAKERS["gcp"]()) as address:
        answer = httpx.post(f"{address}{ROUTES['gcp'][1]}", json={"instances": lines}, trust_env=False)
    assert answer.json() == json.loads(_recorded("gcp", "prediction.json"))


class _Google(BaseHTTPRequestHandler):
    """The metadata server and Cloud Storage, which gives a file to whoever has the token."""

    held: dict[str, bytes]

    def do_GET(self) -> None:
        if self.path == "/computeMetadata/v1/instance/service-accounts/default/token":
            self._send(b'{"access_token": "t0"}' if self.headers["Metadata-Flavor"] == "Google" else None)
        else:
            self._send(self.held.get(self.path) if self.headers["Authorization"] == "Bearer t0" else None)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _send(self, body: bytes | None) -> None:
        self.send_response(403 if body is None else 200)
        self.end_headers()
        self.wfile.write(body or b"")


@pytest.mark.parametrize("uri", ["gs://models-of-mine/scorer/1", "gs://models-of-mine/scorer/1/"])
def test_vertex_fetches_the_model_from_cloud_storage(uri: str) -> None:
    _Google.held = {"/storage/v1/b/models-of-mine/o/scorer%2F1%2Fmodel.json?alt=media": (MODEL / FILE).read_bytes()}
    with running(ThreadingHTTPServer(("127.0.0.1", 0), _Google)) as google:
        where = {"GCE_METADATA_HOST": google.removeprefix("http://"), "STORAGE_EMULATOR_HOST": google}
        server = vertex.serve({**where, "AIP_HTTP_PORT": "0", "AIP_STORAGE_URI": uri}, "127.0.0.1")
        with running(server) as address:
            answer = httpx.post(f"{address}/predict", content=_recorded("gcp", "request.json"), trust_env=False)
        assert answer.json() == json.loads(_recorded("gcp", "prediction.json"))
        _Google.held = {}
        with pytest.raises(BadModel) as refused:
            vertex.serve({**where, "AIP_HTTP_PORT": "0", "AIP_STORAGE_URI": uri}, "127.0.0.1")
    assert "gs://models-of-mine/scorer/1/model.json cannot be fetched" in str(refused.value)
    assert "403" in str(refused.value)


def test_azure_finds_the_model_at_the_top_or_in_the_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZUREML_MODEL_DIR", raising=False)
    with pytest.raises(BadModel, match="AZUREML_MODEL_DIR is not set"):
        score.init()
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(tmp_path))
    with pytest.raises(BadModel, match=r"has model\.json 0 times"):
        score.init()
    shutil.copytree(MODEL, tmp_path / "1")
    score.init()
    request = _recorded("azure", "request.json")
    assert score.run(request.decode()) == score.run(request) == json.loads(_recorded("azure", "prediction.json"))
    shutil.copytree(MODEL, tmp_path / "2")
    with pytest.raises(BadModel, match=r"has model\.json 2 times"):
        score.init()


def test_azure_scores_the_files_of_a_mini_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(MODEL))
    lines = _recorded("aws", "batch.csv").decode().splitlines(keepends=True)
    files = {"a.csv": lines[:3], "b.csv": lines[3:]}
    for name, content in files.items():
        (tmp_path / name).write_text("".join(content))
    batch_score.init()
    found = batch_score.run([str(tmp_path / name) for name in files])
    predictions = iter(json.loads(_recorded("azure", "prediction.json")))
    assert found == [
        f"{name},{row},{next(predictions)}" for name, content in files.items() for row in range(1, len(content) + 1)
    ]
    (tmp_path / "bad.csv").write_text("1,2\n")
    with pytest.raises(BadRequest, match=r"^bad\.csv: Instance 1 has 2 values"):
        batch_score.run([str(tmp_path / "bad.csv")])


def test_mlflow_loads_the_folder_and_scores_a_table() -> None:
    """What `mlflow models predict` does, with a table of numpy's in place of pandas'."""
    import numpy
    import yaml

    flavor = yaml.safe_load((MODEL / "MLmodel").read_text())["flavors"]["python_function"]
    assert flavor["loader_module"] == mlflow_model.__name__
    loaded: Any = mlflow_model._load_pyfunc(str(MODEL / flavor["data"]))
    names, *rows = [line.split(",") for line in _recorded("azure", "batch.csv").decode().splitlines()]

    class Table:
        def __init__(self, columns: list[str], values: Any) -> None:
            self.columns, self.values = columns, values

        def __getitem__(self, wanted: list[str]) -> "Table":
            return Table(wanted, self.values[:, [self.columns.index(name) for name in wanted]])

        def to_numpy(self) -> Any:
            return self.values

    values = numpy.array(rows, dtype=float)
    expected = json.loads(_recorded("azure", "prediction.json"))
    assert loaded.predict(Table(names, values)) == expected
    assert loaded.predict(Table(names[::-1], values[:, ::-1])) == expected
    with pytest.raises(BadRequest, match=r"30 features, once each and no other; it lacks 'area error'\.$"):
        loaded.predict(Table(rows[0], values[1:]))
    with pytest.raises(BadRequest, match="it has others"):
        loaded.predict(Table([*names, names[0]], numpy.hstack([values, values[:, :1]])))


@pytest.mark.parametrize("platform", MAKERS)
def test_an_image_has_all_that_its_process_needs(platform: str, tmp_path: Path) -> None:
    """The files that the Dockerfile copies, alone, and Python's standard library, alone: the process starts, looks for
    its model, and ends in one sentence because there is none."""
    dockerfile = (HERE / f"{platform}.Dockerfile").read_text()
    for source, target in re.findall(r"^COPY (\S+) (\S+)$", dockerfile, re.M):
        (tmp_path / target).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (HERE / source).is_dir() else shutil.copy)(HERE / source, tmp_path / target)
    (found,) = re.findall(r"^ENTRYPOINT (.+)$", dockerfile, re.M)
    python, *arguments = json.loads(found)
    assert python == "python"
    ended = subprocess.run(
        [sys.executable, "-S", *arguments, "serve"],
        cwd=tmp_path,
        env={"AIP_STORAGE_URI": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    missing = {
        "aws": "/opt/ml/model/model.json cannot be read: No such file or directory; put the model's file there.\n",
        "gcp": f"AIP_STORAGE_URI is '{tmp_path}', where model.json cannot be read: No such file or directory.\n",
        "azure": "AZUREML_MODEL_DIR is not set; Azure Machine Learning sets it for a deployment that has a model.\n",
    }
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", missing[platform])


def test_sagemaker_loads_lists_invokes_and_unloads_each_of_several_models(tmp_path: Path) -> None:
    """Custom Containers Contract, https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html"""
    recorded = json.loads(_recorded("aws", "prediction.json"))
    other = tmp_path / "other"
    other.mkdir()
    said = json.loads((MODEL / "model.json").read_text(encoding="utf-8"))
    (other / "model.json").write_text(json.dumps({**said, "intercept": said["intercept"] + 1}), encoding="utf-8")
    with running(sagemaker.serve_several(("127.0.0.1", 0))) as address, httpx.Client(base_url=address) as client:
        assert client.get("/ping").status_code == 200 and client.get("/models").json() == {"models": []}
        assert client.post("/models/a1/invoke", json={}).status_code == 404
        about = {"a1": {"modelName": "a1", "modelUrl": str(MODEL)}, "b2": {"modelName": "b2", "modelUrl": str(other)}}
        for name, one in about.items():
            told = {"model_name": name, "url": one["modelUrl"]}
            assert client.post("/models", json=told).status_code == 200
            assert client.post("/models", json=told).status_code == 409
            assert client.get(f"/models/{name}").json() == one
        assert client.get("/models").json() == {"models": [about["a1"], about["b2"]]}
        body = _recorded("aws", "request.json")
        assert client.post("/models/a1/invoke", content=body, headers=JSON).json() == recorded
        assert client.post("/models/b2/invoke", content=body, headers=JSON).json() != recorded, "a model of its own"
        assert client.delete("/models/a1").status_code == 200
        assert client.delete("/models/a1").status_code == client.get("/models/a1").status_code == 404
        assert client.get("/models").json() == {"models": [about["b2"]]}
        unusable = client.post("/models", json={"model_name": "c", "url": str(tmp_path)})
        assert unusable.status_code == 400 and "cannot be read" in unusable.text


@pytest.mark.parametrize(("several", "path"), [("", "/invocations"), ("true", "/models")])
def test_sagemaker_says_by_a_variable_that_a_container_serves_several(
    monkeypatch: pytest.MonkeyPatch, several: str, path: str
) -> None:
    monkeypatch.setattr(sagemaker, "FOLDER", MODEL)
    monkeypatch.setattr(sagemaker, "PORT", 0)
    with sagemaker.server_of({"SAGEMAKER_MULTI_MODEL": several}) as server:
        assert ("POST", path) in server.routes
