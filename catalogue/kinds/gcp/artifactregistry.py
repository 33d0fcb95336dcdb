"""Artifact Registry: repositories of images, and who may read them."""

from catalogue.answers import by_resource_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Graph, Resource
from catalogue.kind import Apis, At, Bills, Holds, KeyAt, Keys, Kind, No, documented
from catalogue.kinds.gcp import IN_PLACE, KEY, READ, RFC1035, acting, grant, granting, in_terraform, registry
from catalogue.platforms import PLATFORMS
from catalogue.pricing import Bill, Pricing

REPOSITORY = "gcp:artifactregistry/repository:Repository"
REPOSITORY_MEMBER = "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember"

_SDK = registry("artifactregistry/repository")
_KMS = documented("https://docs.cloud.google.com/artifact-registry/docs/cmek", READ)
_PRICES = documented("https://cloud.google.com/artifact-registry/pricing", READ)

_SCANS = documented("https://cloud.google.com/artifact-analysis/docs/enable-automatic-scanning", READ)
_HOST = "-docker.pkg.dev"
_GCR = {"gcr.io": "us", "us.gcr.io": "us", "eu.gcr.io": "europe", "asia.gcr.io": "asia"}


def repository_of(image: str) -> tuple[str, str, str] | None:
    """The project, location and name of the repository that keeps an image, or None where everybody may read it.

    Vertex AI's own images are public. The images of gcr.io are in a repository of that name. Source: Artifact Registry,
    "Transition to gcr.io repositories", https://cloud.google.com/artifact-registry/docs/transition/setup-gcr-repo
    """
    host, project, name = [*image.split("/"), "", ""][:3]
    if host in _GCR:
        return project, _GCR[host], host
    if host.endswith(_HOST) and project != "vertex-ai":
        return project, host.removesuffix(_HOST), name
    return None


def abroad(image: str, region: str) -> str:
    """Where the repository of a model's image lies, where that is not the model's own region; empty where Vertex AI
    takes it: "the repository must use a region that matches … Don't use a multi-regional repository". Google's own
    images are taken from everywhere. "Custom container requirements for inference",
    https://docs.cloud.google.com/gemini-enterprise-agent-platform/machine-learning/predictions/custom-container-requirements
    """
    project, location, _ = repository_of(image) or ("", region, "")
    return "" if location == region or project in PLATFORMS["gcp"].open_registries else location


def own_repositories(graph: Graph) -> list[str]:
    """The addresses of the repositories that the stack makes, below which its own images are."""
    keys = ("location", "project", "repositoryId")
    places = [[one.props.text_if_known(key) for key in keys] for one in graph.of(REPOSITORY)]
    return [f"{location}{_HOST}/{project}/{name}" for location, project, name in places]


def _repository(pricing: Pricing, resource: Resource) -> Bill:
    amount, scans = pricing.assume("image-gb"), pricing.assume("images-scanned")
    cost = amount * pricing.of("artifact-registry-storage") + scans * pricing.of("artifact-registry-scanning")
    return Bill("images", 0.0, cost, f"empty at first; {amount:g} GB and {scans:g} scans in the ceiling")


KINDS = (
    Kind(
        token=REPOSITORY,
        tags=At("labels", _SDK),
        keys=Keys((KeyAt("kmsKeyName", users=("gcp-sa-artifactregistry",)),), _KMS),
        holds=Holds("data", _SDK),
        reaches=No("who pulls an image needs its domain, and says so itself", _SDK),
        runs=No("it runs no machine", _SDK),
        bills=Bills(_repository, _PRICES, ("Artifact Registry",)),
        stands=At("location", _SDK),
        keeps=No("clean-up policies bound it by version and tag; limits-stores-expire asks for them", _SDK),
        serves=No("it keeps images and runs none", _SDK),
        acts=acting(
            "artifactregistry",
            by_resource_name(
                IN_PLACE + "/repositories/{repositoryId}",
                key="repositoryId",
                name="{repositoryId}",
                registryUri="{location}-docker.pkg.dev/{project}/{repositoryId}",
            ),
            Behaviour(
                name="repositoryId",
                pattern=RFC1035,
                refs=(Ref("kmsKeyName", (KEY,)),),
            ),
        ),
        renders=in_terraform("google_artifact_registry_repository"),
        apis=Apis(("containerscanning",), _SCANS),  # off, a repository that inherits scanning is not scanned
    ),
    grant(
        REPOSITORY_MEMBER,
        "a repository",
        "artifactregistry/repositoryiammember",
        acts=granting(
            "artifactregistry", IN_PLACE + "/repositories/{repository}", Ref("repository", (REPOSITORY,), outside=True)
        ),
        renders=in_terraform("google_artifact_registry_repository_iam_member"),
    ),
)
