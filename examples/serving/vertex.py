"""The container on Vertex AI: routes and port as Vertex AI's variables say, the model from Cloud Storage.

Source: "Custom container requirements for inference",
https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements
"""

import json
import shutil
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from examples.serving.predictor import FILE, BadModel, load
from examples.serving.server import Answer, Request, Server, healthy, json_answer, read_json, run

TIMEOUT = 30
"""Seconds that Cloud Storage and the metadata server may take for one answer."""


def serve(environment: Mapping[str, str], address: str = "0.0.0.0") -> Server:
    """The server that AIP_HTTP_PORT, AIP_HEALTH_ROUTE and AIP_PREDICT_ROUTE describe, of the model at AIP_STORAGE_URI.

    Raises BadModel where the model cannot be fetched or used. A refusal is `{"error": …}` in JSON, as Vertex AI's
    answers are.
    """
    with tempfile.TemporaryDirectory() as folder:
        fetch(environment.get("AIP_STORAGE_URI", ""), Path(folder), environment)
        predictor = load(Path(folder))

    def predict(request: Request) -> Answer:
        return json_answer({"predictions": predictor.predict(read_json(request.body, "instances"))})

    routes = {
        ("GET", environment.get("AIP_HEALTH_ROUTE", "/health")): healthy,
        ("POST", environment.get("AIP_PREDICT_ROUTE", "/predict")): predict,
    }
    port = int(environment.get("AIP_HTTP_PORT", "8080"))
    return Server((address, port), routes, lambda status, sentence: json_answer({"error": sentence}, status))


def fetch(uri: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Copies the model's file from the folder at `uri`, in Cloud Storage (gs://) or here, into another.

    In Cloud Storage it is read as the container's own service account, whose token the metadata server has. The two
    are elsewhere where GCE_METADATA_HOST and STORAGE_EMULATOR_HOST say so, as for Google's own libraries. Raises
    BadModel, and tries once: Vertex AI starts a container again that ended.

    Sources: https://cloud.google.com/compute/docs/access/authenticate-workloads#applications and
    https://cloud.google.com/storage/docs/json_api/v1/objects/get
    """
    if not uri.startswith("gs://"):
        try:
            shutil.copy(Path(uri or ".") / FILE, folder)
        except OSError as error:
            raise BadModel(f"AIP_STORAGE_URI is {uri!r}, where {FILE} cannot be read: {error.strerror}.") from error
        return
    bucket, _, below = uri.removeprefix("gs://").partition("/")
    name = urllib.parse.quote(f"{below.rstrip('/')}/{FILE}".lstrip("/"), safe="")
    metadata = environment.get("GCE_METADATA_HOST", "metadata.google.internal")
    storage = environment.get("STORAGE_EMULATOR_HOST", "https://storage.googleapis.com")
    try:
        identity = f"http://{metadata}/computeMetadata/v1/instance/service-accounts/default/token"
        token = json.loads(_get(identity, {"Metadata-Flavor": "Google"}))["access_token"]
        address = f"{storage}/storage/v1/b/{bucket}/o/{name}?alt=media"
        (folder / FILE).write_bytes(_get(address, {"Authorization": f"Bearer {token}"}))
    except (OSError, ValueError, KeyError) as error:
        raise BadModel(f"{uri.rstrip('/')}/{FILE} cannot be fetched as the container's account: {error}.") from error


def _get(address: str, headers: Mapping[str, str]) -> bytes:
    # A proxy that the environment names must not see the token; both services are reached directly.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(address, headers=dict(headers)), timeout=TIMEOUT) as answer:
            return answer.read()
    except urllib.error.HTTPError as refused:
        refused.close()
        raise


if __name__ == "__main__":
    run(serve)
