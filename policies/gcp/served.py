"""What is served stays what was reviewed: the account as which a model runs cannot write it."""

import re
from collections.abc import Iterator

from catalogue.access.gcp import NAMED
from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import artifactregistry, mlplatform, serviceaccount, storage
from catalogue.once import once_a_graph
from policies.rule import stack_rule

_READS = (
    "roles/storage.bucketViewer",
    "roles/storage.objectViewer",
    "roles/storage.legacyObjectReader",
    "roles/storage.legacyBucketReader",
)
_PULLS = ("roles/artifactregistry.reader",)


@stack_rule(
    "identity-served-read-only",
    mlplatform.MODEL,
    severity="high",
    says="The account as which a model runs can change neither the artifact nor the image of a model.",
    remedy="Bound what the account writes to its own outputs; the publisher persona alone adds artifacts and images.",
)
def served_read_only(graph: Graph, model: Resource) -> Iterator[str]:
    """Code in a container that can write its own artifact stays there: every new machine starts from what it wrote.

    MITRE ATLAS, "Manipulate AI Model", https://atlas.mitre.org/techniques/AML.T0018. A role that is not known to read
    alone counts as one that writes. What no condition bounds holds for the whole bucket.
    """
    artifacts, images = _started_from(graph)
    for account in graph.refers(model, "serviceAccount", serviceaccount.ACCOUNT):
        for grant in graph.referring(storage.BUCKET_MEMBER, "member", account):
            bucket = grant.props.text_if_known("bucket")
            writes = grant.props.text_if_known("role") not in ("", *_READS)
            if writes and any(bucket == name and _covers(grant, path) for name, _, path in artifacts):
                yield f"runs as {account.name}, which {grant.name} lets write what a model starts from"
        for grant in graph.referring(artifactregistry.REPOSITORY_MEMBER, "member", account):
            repository = grant.props.text_if_known("repository").rpartition("/")[2]
            writes = grant.props.text_if_known("role") not in ("", *_PULLS)
            if writes and repository in images:
                yield f"runs as {account.name}, which {grant.name} lets write images of models"


@once_a_graph
def _started_from(graph: Graph) -> tuple[list[tuple[str, str, str]], set[str]]:
    """What the models of the stack start from: their artifacts, each as bucket and path, and their repositories."""
    artifacts = [uri.removeprefix("gs://").partition("/") for uri in sorted(mlplatform.artifacts_of(graph))]
    named = (artifactregistry.repository_of(one.props.text_if_known("image")) for one in graph.of(mlplatform.MODEL))
    return artifacts, {of[2] for of in named if of}


def _covers(grant: Resource, path: str) -> bool:
    """Whether a grant holds for an object, or for one below it."""
    if not grant.props.is_given("condition.expression"):
        return True
    prefixes = [found["prefix"] for found in re.finditer(NAMED, grant.props.text_if_known("condition.expression"))]
    return any(path.startswith(prefix) or prefix.startswith(path) for prefix in prefixes)


RULES = [served_read_only]
