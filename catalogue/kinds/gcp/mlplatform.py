"""What our own provider makes on Google Cloud: models of Vertex AI, their deployments, waits for grants, and the
preflight of a registered model version.
"""

from collections.abc import Iterator
from math import ceil

from catalogue.answers import Answer, Request, google_words
from catalogue.behaviour import Behaviour
from catalogue.graph import Graph, Resource
from catalogue.kind import (
    Acts,
    Apis,
    At,
    Bills,
    CostsOnly,
    Fetches,
    KeyAt,
    Keys,
    Kind,
    No,
    Runs,
    Serves,
    assumed,
    documented,
    setting,
)
from catalogue.kinds.gcp import DEPLOYMENT, READ, artifactregistry, asks, kms, projects, serviceaccount, storage
from catalogue.kinds.gcp.vertex import ENDPOINT
from catalogue.kinds.gcp.workflows import by_schedule
from catalogue.machines import Machines
from catalogue.once import once_a_graph
from catalogue.pricing import Bill, Pricing
from catalogue.properties import Malformed
from catalogue.quantities import more_than_zero_or_none
from catalogue.registered import APPROVED, Registered
from catalogue.served import EndpointKind, endpoint_of
from catalogue.week import DAYS, share
from catalogue.wording import in_words
from catalogue.work import days_in_words

GRANTS_IN_FORCE = "mlplatform:gcp:GrantsInForce"
MODEL = "mlplatform:gcp:Model"
APPROVED_VERSION = "mlplatform:gcp:ApprovedVersion"

_MODEL = documented("https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.models", READ)
_DEPLOYED = documented("https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints", READ)
_KMS = documented("https://docs.cloud.google.com/gemini-enterprise-agent-platform/machine-learning/general/cmek", READ)
_UPLOAD = documented(
    "https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.models/upload", READ
)  # its field serviceAccount; that the image is asked for as the agent too is seen where kept.py says
_PRICES = documented("https://cloud.google.com/vertex-ai/pricing", READ)
_OBJECT = documented("https://cloud.google.com/storage/docs/json_api/v1/objects/get", READ)
_OBJECT_RIGHTS = "https://cloud.google.com/storage/docs/access-control/iam-json"
_ACCESS = "https://cloud.google.com/iam/docs/roles-permissions/aiplatform"
WAITED_FOR = (
    artifactregistry.REPOSITORY_MEMBER,
    kms.KEY_MEMBER,
    projects.MEMBER,
    serviceaccount.MEMBER,
    storage.BUCKET_MEMBER,
)
"""The grants that GrantsInForce knows how to look at."""

_IN_FORCE = documented("https://cloud.google.com/iam/docs/access-change-propagation", READ)
_OURS = No(
    "no tool but our policies knows our own provider",
    assumed("Checkov's rules are written for Terraform's providers, of which ours is none", READ),
)


def _images(graph: Graph, resource: Resource) -> Iterator[str]:
    yield resource.props.text_or_empty("image")


def artifacts_of(graph: Graph) -> set[str]:
    """The gs:// places of every model's artifacts."""
    return {uri for model in graph.of(MODEL) for uri in _artifacts(graph, model)}


@once_a_graph
def approvals_of(graph: Graph) -> frozenset[str]:
    """The names of the buckets that are asked for approvals of versions."""
    return frozenset(one.props.text_if_known("bucket") for one in graph.of(APPROVED_VERSION)) - {""}


ROUTES, PORT = {"predictRoute": "/predict", "healthRoute": "/health"}, 8080
"""Where a model of ours answers if the stack file does not say; a prebuilt image answers there too, or says otherwise
by itself. Vertex AI, "Custom container requirements for inference",
https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements
"""


@once_a_graph
def versions_of(graph: Graph) -> frozenset[str]:
    """The addresses of the artifacts and images of the versions of the registry that the stack file names."""
    said = [Registered.of(one) for one in graph.placement.versions] if graph.placement else []
    buckets = [one.props.text_if_known("name") for one in graph.of(storage.BUCKET)]
    images = {one.image(place) for one in said for place in artifactregistry.own_repositories(graph)}
    return frozenset(images) | {f"gs://{bucket}/{one.artifact_folder}" for one in said for bucket in buckets}


def _artifacts(graph: Graph, resource: Resource) -> Iterator[str]:
    if address := resource.props.text_or_empty("artifactUri"):
        yield address


def _machines(graph: Graph, resource: Resource) -> Iterator[Machines]:
    """The replicas of a deployment, named after its endpoint."""
    props = resource.props
    endpoints = graph.refers(resource, "endpoint", ENDPOINT)
    low, high = props.number_or_none("minReplicas"), more_than_zero_or_none(props, "maxReplicas")
    if low is None or high is None:
        where = "minReplicas" if low is None else "maxReplicas"
        raise Malformed(where, "is not given, so the number of replicas is unknown", resource)
    if not 0 <= low <= high:
        raise Malformed("minReplicas", f"is {low:g}, which is not from zero to maxReplicas ({high:g})", resource)
    machine = props.text_or_empty("machineType")
    if not machine:
        raise Malformed("machineType", "is not given, so its machines are unknown", resource)
    count = more_than_zero_or_none(props, "acceleratorCount")
    yield Machines(
        user=", ".join(endpoint.name for endpoint in endpoints) or resource.name,
        machine_type=machine,
        use="online",
        low=ceil(low),
        high=ceil(high),
        accelerator=props.text_or_empty("acceleratorType") or None,
        accelerators=None if count is None else ceil(count),
    )


def _serves(graph: Graph, deployment: Resource) -> EndpointKind:
    """Vertex AI serves a model of one's own at once, and no otherwise."""
    return "online"


def _hours(graph: Graph, deployment: Resource) -> Iterator[str]:
    """The hours that are kept; what nothing keeps is not said."""
    if by_schedule(graph, deployment, "off"):
        given = deployment.props.section_or_empty("hours")
        at: dict[str, list[int]] = {}
        for number, name in enumerate(DAYS):
            if hours := given.text_or_empty(name):
                at.setdefault(hours, []).append(number)
        said = in_words(f"{days_in_words(days)} {hours}" for hours, days in at.items())
        yield f"{said}, {given.text_or_empty('timezone')}"


def _deployment(pricing: Pricing, resource: Resource) -> Bill:
    """By the hours of a month; where its hours are kept, by those of them in which the model is deployed."""
    (runs,) = _machines(pricing.graph, resource)
    hour, hours = pricing.hour(runs), float(pricing.hours)
    if by_schedule(pricing.graph, resource, "off"):
        given = resource.props.section_or_empty("hours")
        hours *= share({name: given.text_or_empty(name) for name in given.names() if name != "timezone"})
    logs = pricing.assume("log-gb-per-replica") * pricing.of("logging-ingestion")
    return Bill(
        endpoint_of(_serves(pricing.graph, resource)),
        runs.low * hours * hour,
        runs.high * (hours * hour + logs),
        f"{runs.low} to {runs.high} × {runs.machine_type} × {hours:g} h × ${hour:g}, and logs in the ceiling",
    )


def _answer_model(request: Request) -> Answer:
    words = google_words(request)
    name = f"projects/{words['project']}/locations/{words['location']}/models/{words['modelId']}"
    return Answer(name, {"resourceName": name, "versionId": "1", "versionName": f"{name}@1"})


def _answer_deployment(request: Request) -> Answer:
    words = google_words(request)
    deployed = request.digits(9)
    attachment = f"projects/{request.hex(12)}-tp/regions/{words['location']}/serviceAttachments/sa-{request.hex(24)}"
    return Answer(f"{words['endpoint']}/{deployed}", {"deployedModelId": deployed, "serviceAttachment": attachment})


def _answer_grants(request: Request) -> Answer:
    return Answer(f"grants-{request.hex(16)}", {"missing": 0})


def _answer_approved(request: Request) -> Answer:
    given = request.inputs
    return Answer(f"{given.get('bucket')}/{given.get('model')}/{given.get('version')}", {"status": APPROVED})


KINDS = (
    setting(
        GRANTS_IN_FORCE,
        "grants of IAM",
        _IN_FORCE,
        bills=No("it waits, and makes nothing", _IN_FORCE),
        acts=Acts(_answer_grants, Behaviour(frozenset()), _IN_FORCE),
        renders=_OURS,
    ),
    setting(
        APPROVED_VERSION,
        "a registered version",
        _OBJECT,
        bills=No("it asks, and makes nothing", _OBJECT),
        acts=Acts(_answer_approved, Behaviour(frozenset()), _OBJECT),
        renders=_OURS,
        rights=asks(_OBJECT_RIGHTS, "storage.objects.get"),
    ),
    Kind(
        token=MODEL,
        tags=At("labels", _MODEL),
        keys=Keys((KeyAt("kmsKeyName", users=("gcp-sa-aiplatform",)),), _KMS),
        holds=No(
            "it can be uploaded again from its artifact and image",
            assumed("the bucket and the repository keep both, and are protected", READ),
        ),
        reaches=No("Vertex AI fetches image and artifact on Google's side", _MODEL),
        runs=No("what deploys it, or scores with it, runs", _MODEL),
        bills=No("the registry is free, what serves a model bills", _PRICES),
        stands=At("location", _MODEL),
        keeps=No("nothing is written to it", _MODEL),
        serves=Serves(_images, _artifacts, _MODEL),
        fetches=Fetches(_UPLOAD, users=("gcp-sa-aiplatform",), by="serviceAccount"),
        acts=Acts(_answer_model, Behaviour(frozenset({"project", "location", "modelId"}), fetches=True), _MODEL),
        renders=_OURS,
        apis=Apis(("aiplatform",), _MODEL),
        rights=asks(_ACCESS, "aiplatform.models.upload", deletes=("aiplatform.models.delete",)),
    ),
    Kind(
        token=DEPLOYMENT,
        tags=No("a deployed model takes no labels, its endpoint does", _DEPLOYED),
        keys=No("what runs under an endpoint takes the endpoint's key", _KMS),
        holds=CostsOnly(_DEPLOYED),
        reaches=No("it runs in a project of Google's", _DEPLOYED),
        runs=Runs(_machines, _DEPLOYED, hours=_hours, serves=_serves),
        bills=Bills(_deployment, _PRICES, ("Vertex AI",)),
        stands=At("location", _DEPLOYED),
        keeps=No("its logs go to Cloud Logging", _DEPLOYED),
        serves=No("its model names the image", _DEPLOYED),
        acts=Acts(
            _answer_deployment, Behaviour(frozenset({"project", "location", "endpoint"}), machines=True), _DEPLOYED
        ),
        renders=_OURS,
        apis=Apis(("aiplatform",), _DEPLOYED),
        rights=asks(
            _ACCESS,
            "aiplatform.endpoints.deploy",
            changes=("aiplatform.endpoints.deploy", "aiplatform.endpoints.undeploy", "aiplatform.endpoints.update"),
            deletes=("aiplatform.endpoints.undeploy",),
        ),
    ),
)
