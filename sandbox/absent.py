"""What a cloud says to whoever brings an image or an artifact to a registry or bucket that nobody made.

S3 says so as in https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, ECR as in
https://github.com/actions/starter-workflows/issues/2647. A registry of Azure that nobody made has no address. The words
of Google's two are assumed. A registry of another sort is taken to stand: nobody knows it here.
"""

import re
from urllib.parse import urlsplit

from catalogue.graph import Graph
from catalogue.kinds.aws.ecr import REPOSITORY
from catalogue.kinds.aws.s3 import BUCKET as S3
from catalogue.kinds.azure.containerregistry import REGISTRY
from catalogue.kinds.gcp import artifactregistry
from catalogue.kinds.gcp.storage import BUCKET as GCS
from sandbox.state import State

_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9.-]+\.amazonaws\.com(\.cn)?/(?P<name>[^:@]+)")
_AZURE = ".azurecr.io"


def refusal(state: State, address: str) -> str:
    """What the cloud says where the store of the address does not stand in the sandbox. Empty where it does."""
    if (store := _store(address)) is None or state.account.in_use:
        return ""
    type_, name, says = store
    for one in state.resources.find(type=type_):
        if name in (one.id, *one.outputs.values()) or one.id.casefold().endswith(f"/registries/{name}".casefold()):
            return ""
    return says


def made_by(graph: Graph, address: str) -> bool:
    """Whether a stack makes the store of the address, as far as anybody can tell."""
    if (store := _store(address)) is None:
        return True
    type_, name, _ = store
    return any({name, f"{name}{_AZURE}"} & set(one.names) for one in graph.of(type_))


def _store(address: str) -> tuple[str, str, str] | None:
    """The type and name of the store of an address, and what is said where it is not there. None for any other."""
    host = address.partition("/")[0]
    if address.startswith("s3://"):
        said = (
            "An error occurred (NoSuchBucket) when calling the PutObject operation: The specified bucket does not exist"
        )
        return S3, urlsplit(address).netloc, said
    if address.startswith("gs://"):
        return GCS, urlsplit(address).netloc, "HTTPError 404: The specified bucket does not exist."
    if (own := _ECR.match(address)) is not None:
        said = f"The repository with name '{own['name']}' does not exist in the registry with id '{own['account']}'"
        return REPOSITORY, own[0], f"name unknown: {said}"
    if (found := artifactregistry.repository_of(address)) is not None:
        id_ = "projects/{}/locations/{}/repositories/{}".format(*found)
        return artifactregistry.REPOSITORY, id_, f'name unknown: Repository "{found[2]}" not found'
    if host.endswith(_AZURE):
        said = f'Error response from daemon: Get "https://{host}/v2/": dial tcp: lookup {host}: no such host'
        return REGISTRY, host.removesuffix(_AZURE), said
    return None
