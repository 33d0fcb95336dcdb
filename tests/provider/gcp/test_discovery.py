"""What we send to Google's APIs, against their own discovery documents: method, path, query and every part of a body.

The documents are those that google-api-python-client ships. They are read as files, and the package is not imported:
it would load Google's protobuf classes, which Pulumi's processes must not have twice.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from components.gcp.batch import scoring
from components.gcp.run import definition
from components.gcp.training import training
from components.shapes import Machine
from provider.clouds import Clouds
from provider.gcp.approved_version import ApprovedVersionService
from provider.gcp.grants import GrantsInForceInputs, GrantsInForceService
from provider.inputs import parsed
from provider.rest import Door
from tests.components.gcp.test_run import ARGS, SCORING
from tests.components.gcp.test_training import TRAINING
from tests.provider import cloud
from tests.provider.cloud import deployment, logic, model
from tests.provider.gcp.test_approved_version import GIVEN as VERSION
from tests.provider.gcp.test_deployment import NEWER
from tests.provider.gcp.test_grants import GRANTS

Json = Mapping[str, Any]
VERSIONS = {"cloudresourcemanager": "v1", "monitoring": "v3"}
"""The version of an API where it is not v1, or is one of several."""
TYPES: Mapping[str, Any] = {
    "any": object,
    "array": list,
    "boolean": bool,
    "integer": int,
    "number": int | float,
    "object": Mapping,
    "string": str,
}
ARTIFACT = "gs://payments-risk-artifacts/fraud-scorer/1.4.0/"


@cache
def document(host: str) -> Json:
    """The discovery document of the API at a host, such as us-central1-aiplatform.googleapis.com."""
    api = host.partition(".")[0].rpartition("-")[2]
    spec = find_spec("googleapiclient")
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent / "discovery_cache" / "documents"
    return json.loads((folder / f"{api}.{VERSIONS.get(api, 'v1')}.json").read_text(encoding="utf-8"))


def methods(of: Json) -> Iterator[Json]:
    """Every method of an API, at any depth."""
    yield from of.get("methods", {}).values()
    for below in of.get("resources", {}).values():
        yield from methods(below)


def method(host: str, verb: str, path: str) -> Json:
    """The method that a call is of. A part of a path in braces is one name."""
    doc = document(host)
    for one in methods(doc):
        said = "/" + doc["servicePath"] + one.get("flatPath", one["path"])
        shape = re.sub(r"\\{[^}]*\\}", "[^/:]+", re.escape(said))
        if one["httpMethod"] == verb and re.fullmatch(shape, path):
            return one
    raise AssertionError(f"{host} has no method {verb} {path}")


def wrong(doc: Json, schema: Json, value: Any, at: str = "") -> Iterator[str]:
    """Each part of a body that its schema does not have, or has as another type, or does not take."""
    if "$ref" in schema:
        yield from wrong(doc, doc["schemas"][schema["$ref"]], value, at)
        return
    if schema.get("readOnly"):
        yield f"{at} is the API's to say"
    type_ = schema.get("type", "any")
    if type_ == "string" and schema.get("format") in ("int64", "uint64"):
        type_ = "integer" if isinstance(value, int) else type_
    if isinstance(value, bool) != (type_ == "boolean") or not isinstance(value, TYPES[type_]):
        yield f"{at} is no {type_}"
    elif type_ == "array":
        for place, part in enumerate(value):
            yield from wrong(doc, schema["items"], part, f"{at}[{place}]")
    elif type_ == "object":
        known, other = schema.get("properties", {}), schema.get("additionalProperties")
        for name, part in value.items():
            if name in known or other is not None:
                yield from wrong(doc, known.get(name, other), part, f"{at}.{name}")
            else:
                yield f"{at}.{name} is unknown"
    elif value not in schema.get("enum", (value,)):
        yield f"{at} is {value}, none of {schema['enum']}"


def judged(host: str, verb: str, path: str, params: Json | None, body: Json | None) -> list[str]:
    """What is wrong with a call."""
    doc, one = document(host), method(host, verb, path)
    known = {**doc["parameters"], **one.get("parameters", {})}
    found = [f"query {name} is unknown" for name in params or {} if known.get(name, {}).get("location") != "query"]
    if body is not None:
        found += wrong(doc, one["request"], body) if "request" in one else ["a body that nobody reads"]
    return found


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str, str, Json | None, Json | None]]]:
    """What the provider sends to Google from here on: host, method, path, query and body."""
    seen: list[tuple[str, str, str, Json | None, Json | None]] = []
    make = Clouds.google

    def google(self: Clouds, host: str, project: str = "") -> Door:
        door = make(self, host, project)
        send = door.call

        def call(method: str, path: str, doing: str, **how: Any) -> Any:
            seen.append((host, method, path, how.get("params"), how.get("json")))
            return send(method, path, doing, **how)

        monkeypatch.setattr(door, "call", call)
        return door

    monkeypatch.setattr(Clouds, "google", google)
    with cloud.double(monkeypatch) as double:
        double.iam.grants = list(GRANTS)
        yield seen


def test_every_call_is_one_that_google_documents(calls) -> None:
    """The lives of a model, a deployment, a wait for grants and a preflight, with all that their inputs can say."""
    whole = {
        "environment": {"DTYPE": "half"},
        "command": ["python3", "-m", "server"],
        "args": ["--fast"],
        "startUpSeconds": 600,
    }
    with logic() as run:
        created = run.models.create(model(**whole))
        run.models.update(model(**whole, labels={"stack": "other"}))
        run.models.read(created.id, created.outputs)
        run.models.update(model(**whole, artifactUri=ARTIFACT.replace("1.4.0", "1.5.0")))
        gpu = {"machineType": "g2-standard-4", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1}
        first = run.deployments.create(deployment(**gpu))
        run.deployments.update(deployment(**gpu, maxReplicas=6))
        run.deployments.read(first.id, first.outputs)
        run.deployments.update(deployment(**gpu, **NEWER))
        run.deployments.delete(first.id)
        run.models.delete(created.id)
        grants = parsed(GrantsInForceInputs, {"project": "payments-risk-pilot", "grants": GRANTS, "minutes": 7})
        GrantsInForceService(run.clouds).create(grants)
        ApprovedVersionService(run.clouds).read("", VERSION)
    assert [(call[:3], found) for call in calls if (found := judged(*call))] == []
    acts = {(host.rpartition("-")[2].partition(".")[0], re.sub(r".*[/:]", "", path)) for host, _, path, _, _ in calls}
    assert {("aiplatform", act) for act in ("upload", "deployModel", "undeployModel", "mutateDeployedModel")} <= acts
    assert ("monitoring", "timeSeries") in acts
    assert {api for api, act in acts if act in ("getIamPolicy", "iam")} == {
        "artifactregistry",
        "cloudkms",
        "cloudresourcemanager",
        "iam",
        "storage",
    }


@pytest.mark.parametrize("machine", [Machine("n2-standard-4"), Machine("g2-standard-4", "NVIDIA_L4", 1)])
def test_the_job_that_a_workflow_starts_is_one_that_google_documents(machine: Machine) -> None:
    steps = json.dumps(definition(replace(ARGS, request=scoring(replace(SCORING, machine=machine)))))
    bodies = [one for one in _each(json.loads(steps)) if "inputConfig" in one]
    place = f"/v1/projects/{ARGS.project}/locations/{ARGS.region}/batchPredictionJobs"
    assert [judged(f"{ARGS.region}-aiplatform.googleapis.com", "POST", place, None, body) for body in bodies] == [[]]


@pytest.mark.parametrize("replicas", [1, 3])
def test_the_training_job_that_a_workflow_starts_is_one_that_google_documents(replicas: int) -> None:
    body = {"displayName": "weekly", **training(replace(TRAINING, replicas=replicas))}
    place = f"/v1/projects/{ARGS.project}/locations/{ARGS.region}/customJobs"
    host = f"{ARGS.region}-aiplatform.googleapis.com"
    assert judged(host, "POST", place, None, body) == []
    (found,) = judged(host, "POST", place, None, {**body, "jobSpec": {**body["jobSpec"], "maxWaitDuration": "1s"}})
    assert "unknown" in found


def _each(value: Any) -> Iterator[Json]:
    """Every object in a document."""
    if isinstance(value, Mapping):
        yield value
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _each(part)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"displayNames": "x"}, "unknown"),
        ({"containerSpec": {"ports": [{"containerPort": "8080"}]}}, "no integer"),
        ({"createTime": "2026-11-26T00:00:00Z"}, "the API's to say"),
        ({"labels": ["stack"]}, "no object"),
    ],
)
def test_a_body_that_google_would_not_read_is_found(change: Json, said: str) -> None:
    host, path = "us-central1-aiplatform.googleapis.com", "/v1/projects/p/locations/us-central1/models:upload"
    (found,) = judged(host, "POST", path, None, {"model": change})
    assert said in found


def test_a_call_that_google_does_not_have_is_found() -> None:
    with pytest.raises(AssertionError, match="has no method"):
        method("iam.googleapis.com", "GET", "/v1/projects/p/serviceAccounts/a:getIamPolicy")
