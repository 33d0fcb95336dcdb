"""Registered versions: no model is made of one before the approver's word on it is there."""

from collections.abc import Iterator

from catalogue import registered
from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import artifactregistry, storage
from catalogue.kinds.gcp.mlplatform import APPROVED_VERSION, MODEL, approvals_of
from catalogue.properties import Properties
from policies import preflights
from policies.rule import stack_rule

_NAMED = "In the stack file, name it by registered, version and digest, and give image and artifact_uri for no other."


@stack_rule(
    "registry-approved",
    MODEL,
    APPROVED_VERSION,
    severity="high",
    says="A model of an artifact in the registry waits for the approver's word that this version is approved, and its "
    "image is that of the version; what asks for the word is waited for by such a model, and one account alone may "
    "write it, once.",
    remedy=_NAMED,
)
def approved(graph: Graph, resource: Resource) -> Iterator[str]:
    """Vertex AI uploads any model that its account can read, so what asks must stand before it.

    How a version is named: catalogue/registered. Which persona decides is `identity-folders`'s; here one account does.
    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.models/upload
    """
    if resource.type == APPROVED_VERSION:
        waits = preflights.waiting(graph, resource, MODEL)
        if not waits:
            yield "asks for a version that no model waits for"
        yield from (
            f"asks for a version, and {model.name} waits for it and serves none of the registry"
            for model in waits
            if not registered.in_registry(model.props.text_or_empty("artifactUri"))
        )
        yield from _deciding(graph, resource.props.text_if_known("bucket"))
        yield from preflights.of_no_model(graph, resource)
    elif registered.in_registry(uri := resource.props.text_or_empty("artifactUri")):
        yield from _unapproved(graph, resource, uri)


def _deciding(graph: Graph, bucket: str) -> Iterator[str]:
    """What is wrong with who may write in a bucket of approvals: replacing takes `storage.objects.delete`.

    https://cloud.google.com/storage/docs/access-control/iam-roles
    """
    grants = [one for one in graph.of(storage.BUCKET_MEMBER) if one.props.text_if_known("bucket") == bucket != ""]
    writes = [one for one in grants if one.props.text_if_known("role") not in ("", "roles/storage.objectViewer")]
    for one in writes:
        if (role := one.props.text_if_known("role")) != "roles/storage.objectCreator":
            yield f"asks in {bucket}, where {role} lets a decision be replaced"
    if len({one.props.text_if_known("member") for one in writes} - {""}) > 1:
        yield f"asks in {bucket}, where several may decide, and one alone is to"


def _unapproved(graph: Graph, model: Resource, uri: str) -> Iterator[str]:
    version, image = registered.at(uri), model.props.text_or_empty("image")
    own, decided = {one.props.text_if_known("name") for one in graph.of(storage.BUCKET)}, approvals_of(graph)
    if version is None or uri.split("/")[2] not in own - decided:
        yield f"has the artifact {uri}, which is no version of the stack's own registry"
        return
    if image not in {version.image(place) for place in artifactregistry.own_repositories(graph)}:
        yield f"serves {version} with the image {image}, which is not that version's"
        return
    asked = {"project": model.props.value_or_none("project"), "model": version.name, "version": version.version}
    asks = [one.props for one in graph.depends(model) if one.type == APPROVED_VERSION]
    if not any(
        each.text_if_known("bucket") in {"", *own}
        and all(each.value_or_none(key) == said for key, said in asked.items())
        for each in asks
    ):
        yield f"serves {version} and does not wait for the approver's word that it is approved"


@stack_rule(
    "registry-kept",
    MODEL,
    APPROVED_VERSION,
    severity="high",
    says="No version of the registry expires: neither its image, by its tag, nor its artifact, nor the word on it.",
    remedy="Delete no image that has a tag, and expire nothing below registry/ in the bucket of artifacts, and nothing "
    "but old versions in that of approvals.",
)
def kept(graph: Graph, resource: Resource) -> Iterator[str]:
    """What serves fetches both whenever a replica starts, and a rollback fetches those of the version before.

    https://cloud.google.com/storage/docs/lifecycle; https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy
    """
    if resource.type == APPROVED_VERSION:
        place, name = f"gs://{resource.props.text_if_known('bucket')}/{registered.DECISIONS}", "a word on a version"
    else:
        place, name = resource.props.text_or_empty("artifactUri"), "an artifact of a version"
        if (version := registered.at(place)) is None:
            return
        where = artifactregistry.repository_of(resource.props.text_or_empty("image"))
        for repository in graph.of(artifactregistry.REPOSITORY):
            if where and repository.props.text_if_known("repositoryId") == where[2] and _deletes(repository.props):
                yield f"serves {version}, whose image goes though it has a tag"
    bucket, _, folder = place.removeprefix("gs://").partition("/")
    folder = folder if resource.type == APPROVED_VERSION else registered.FOLDER
    for one in graph.of(storage.BUCKET):
        if one.props.text_if_known("name") == bucket:
            gone = [rule for rule in one.props.each_section("lifecycleRules") if _takes(rule, folder)]
            yield from (f"is of {name}, and {rule.at} deletes those of {one.name}" for rule in gone)


def _deletes(repository: Properties) -> bool:
    """Whether a clean-up policy deletes images that have a tag."""
    policies = repository.each_section("cleanupPolicies")
    return any(
        one.text_or_empty("action") == "DELETE"
        and one.section_or_empty("condition").text_or_empty("tagState") != "UNTAGGED"
        for one in policies
    )


def _takes(rule: Properties, folder: str) -> bool:
    """Whether a rule deletes what is current in a folder, or all below it. One that has not been replaced has no day
    since when it is old."""
    if rule.text_or_empty("action.type") != "Delete" or rule.text_or_empty("condition.withState") == "ARCHIVED":
        return False
    if (rule.number_or_none("condition.daysSinceNoncurrentTime") or 0) > 0:
        return False
    prefixes = [*rule.each_text("condition.matchesPrefixes")] or [""]
    return any(folder.startswith(below) or below.startswith(folder) for below in prefixes)


RULES = [approved, kept]
