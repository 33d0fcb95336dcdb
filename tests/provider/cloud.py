"""What the provider's tests share: the double, a way into the provider's logic, a killer, and sample inputs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import httpx

from provider.azure.traffic import TrafficInputs, TrafficService
from provider.clock import InstantClock
from provider.clouds import AWS_VARIABLE, AZURE_VARIABLE, GOOGLE_VARIABLE, Clouds
from provider.gcp.deployment import DeploymentInputs, DeploymentService
from provider.gcp.model import ModelInputs, ModelService
from provider.inputs import parsed
from sandbox.rest import Double
from sandbox.rest.calls import Call

LOCATION = "projects/payments-risk-pilot/locations/us-central1"
ENDPOINT = f"{LOCATION}/endpoints/fraud-scorer"
MODEL = f"{LOCATION}/models/fraud-scorer"
AZURE_ENDPOINT = (
    "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/risk/providers/"
    "Microsoft.MachineLearningServices/workspaces/risk/onlineEndpoints/fraud-scorer"
)
CANARY = {"canaryPercent": 10, "bakeMinutes": 10, "p95LatencyMs": 250, "errorRatePercent": 1.5}
MODEL_INPUTS: dict[str, Any] = {
    "project": "payments-risk-pilot",
    "location": "us-central1",
    "modelId": "fraud-scorer",
    "displayName": "fraud-scorer",
    "image": "us-central1-docker.pkg.dev/payments-risk-pilot/models/fraud-scorer:1.4.0",
    "artifactUri": "gs://payments-risk-artifacts/fraud-scorer/1.4.0/",
    "predictRoute": "/predict",
    "healthRoute": "/health",
    "ports": [8080],
    "serviceAccount": "serving@payments-risk-pilot.iam.gserviceaccount.com",
    "kmsKeyName": f"{LOCATION}/keyRings/pilot/cryptoKeys/pilot",
    "labels": {"stack": "gcp-pilot", "cost-center": "risk"},
}
DEPLOYMENT_INPUTS: dict[str, Any] = {
    "project": "payments-risk-pilot",
    "location": "us-central1",
    "endpoint": ENDPOINT,
    "model": f"{MODEL}@1",
    "machineType": "n2-standard-4",
    "minReplicas": 1,
    "maxReplicas": 4,
    "scalingMetric": "aiplatform.googleapis.com/prediction/online/request_count",
    "scalingTarget": 600,
    "serviceAccount": "serving@payments-risk-pilot.iam.gserviceaccount.com",
    "containerLogging": True,
    "accessLogging": False,
    **CANARY,
}
TRAFFIC_INPUTS: dict[str, Any] = {
    "subscriptionId": "00000000-1111-2222-3333-444444444444",
    "resourceGroup": "risk",
    "workspace": "risk",
    "endpoint": "fraud-scorer",
    "deployment": "blue",
    **CANARY,
}


NO_TLS = httpx.create_ssl_context(verify=False)
"""Made once: loading the certificates costs more than all calls of a test."""


class Killed(BaseException):
    """The process ended here."""


class Wire(httpx.BaseTransport):
    """The way to a double in this process, without sockets."""

    def __init__(self, double: Double) -> None:
        self.double = double

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.double.answer(
            Call(
                request.method,
                request.url.raw_path.decode().partition("?")[0],
                dict(parse_qsl(request.url.query.decode())),
                json.loads(request.content) if request.content else {},
                {name.title(): value for name, value in request.headers.items()},
            )
        )
        if answer is None:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return httpx.Response(answer.status, headers=dict(answer.headers), json=answer.body)


class Killer(httpx.BaseTransport):
    """Carries out `calls` calls and then ends the process: the last one took place, its answer is never seen."""

    def __init__(self, way: httpx.BaseTransport, calls: int) -> None:
        self.way = way
        self.left = calls

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.way.handle_request(request)
        self.left -= 1
        if self.left <= 0:
            response.close()
            raise Killed
        return response


class Logic:
    """The provider's logic of one process, up to the double."""

    def __init__(self, client: httpx.Client) -> None:
        self.clock = InstantClock()
        self.clouds = Clouds(self.clock, client)
        self.models = ModelService(self.clouds, 1800)
        self.deployments = DeploymentService(self.clouds, 1800)
        self.traffics = TrafficService(self.clouds, 1800)


STANDING: list[Double] = []
"""The double that `logic` reaches, the last of these. Without one it goes through sockets, as in a real process."""


@contextmanager
def logic(kill_after: int | None = None) -> Iterator[Logic]:
    """A process of the provider, killed after that many calls."""
    way = Wire(STANDING[-1]) if STANDING else httpx.HTTPTransport(verify=NO_TLS)
    with through(way if kill_after is None else Killer(way, kill_after)) as run:
        yield run


@contextmanager
def through(wire: httpx.BaseTransport) -> Iterator[Logic]:
    """A process of the provider whose calls go that way."""
    with httpx.Client(transport=wire, verify=NO_TLS) as client:
        yield Logic(client)


@contextmanager
def double(monkeypatch: Any) -> Iterator[Double]:
    """Both clouds' doubles, an endpoint in each, and no other way out."""
    with standing(Double(address="http://127.0.0.1:9"), monkeypatch) as cloud:
        yield cloud


@contextmanager
def served(monkeypatch: Any) -> Iterator[Double]:
    """The same, reached through sockets by another process."""
    with Double() as listening, standing(listening, monkeypatch) as cloud:
        yield cloud


@contextmanager
def standing(cloud: Double, monkeypatch: Any) -> Iterator[Double]:
    """The clouds' addresses are those of this double, and it has an endpoint in each."""
    STANDING.append(cloud)
    try:
        cloud.arm.address = cloud.address
        monkeypatch.setenv(GOOGLE_VARIABLE, cloud.address)
        monkeypatch.setenv(AZURE_VARIABLE, cloud.address)
        monkeypatch.setenv(AWS_VARIABLE, cloud.address)
        cloud.vertex.add_endpoint(ENDPOINT)
        cloud.arm.add_endpoint(AZURE_ENDPOINT)
        cloud.arm.add_deployment(AZURE_ENDPOINT, "blue")
        cloud.arm.add_deployment(AZURE_ENDPOINT, "green")
        yield cloud
    finally:
        STANDING.remove(cloud)


def model(**changed: Any) -> ModelInputs:
    return parsed(ModelInputs, {**MODEL_INPUTS, **changed})


def deployment(**changed: Any) -> DeploymentInputs:
    return parsed(DeploymentInputs, {**DEPLOYMENT_INPUTS, **changed})


def traffic(**changed: Any) -> TrafficInputs:
    return parsed(TrafficInputs, {**TRAFFIC_INPUTS, **changed})
