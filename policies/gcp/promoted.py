"""Versions that go from stack to stack: another project reads what the stack file gives it, and nothing else.

The publisher of the other stack has three grants: on what lies below `registry/` of the artifact bucket, on what was
decided on versions in the bucket of approvals, and on the repository of images. Cloud Storage and Artifact Registry
decrypt by themselves, so it has none on the key: "Customer-managed encryption keys",
https://cloud.google.com/storage/docs/encryption/customer-managed-keys
"""

from collections.abc import Iterator, Mapping

from catalogue.access.gcp import alternatives
from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import artifactregistry, mlplatform, storage
from catalogue.once import once_a_graph
from catalogue.registered import DECISIONS, FOLDER
from policies.rule import OPEN_TO_OTHERS, stack_rule

ROLES: Mapping[str, str] = {
    storage.BUCKET_MEMBER: "roles/storage.objectViewer",
    artifactregistry.REPOSITORY_MEMBER: "roles/artifactregistry.reader",
}
"""The grants that let a publisher of another stack read, and the one role that each may have.

https://cloud.google.com/storage/docs/access-control/iam-roles, https://cloud.google.com/artifact-registry/docs/access-control
"""


@once_a_graph
def members(graph: Graph) -> frozenset[str]:
    """The publishers of other stacks that the stack file gives versions to, as grants name them."""
    given = graph.placement.gives_to if graph.placement else ()
    return frozenset(f"serviceAccount:{one.publisher}" for one in given)


def is_given(graph: Graph, grant: Resource) -> bool:
    """Whether a grant gives versions, and no more, to a publisher that the stack file names."""
    props = grant.props
    if grant.type not in ROLES or props.text_if_known("member") not in members(graph):
        return False
    if props.text_if_known("role") != ROLES[grant.type]:
        return False
    if grant.type == artifactregistry.REPOSITORY_MEMBER:
        return bool(graph.refers(grant, "repository", artifactregistry.REPOSITORY)) and not props.is_given("condition")
    bucket = props.text_if_known("bucket")
    text = props.text_if_known("condition.expression") if props.is_given("condition.expression") else ""
    return bool(graph.refers(grant, "bucket", storage.BUCKET)) and _is_below(text, bucket, _folder(graph, bucket))


def _folder(graph: Graph, bucket: str) -> str:
    return DECISIONS if bucket in mlplatform.approvals_of(graph) else FOLDER


def _is_below(expression: str, bucket: str, folder: str) -> bool:
    """Whether a condition holds for the objects below a folder of a bucket, and for lists of them at most.

    "IAM Conditions", https://cloud.google.com/storage/docs/access-control/iam#conditions
    """
    named = f'resource.name.startsWith("projects/_/buckets/{bucket}/objects/{folder}")'
    listed = f'api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("{folder}")'
    said = alternatives(expression)
    return any(named in each for each in said) and all({named, listed} & {*each} for each in said)


@stack_rule(
    "registry-shared",
    *ROLES,
    storage.BUCKET,
    artifactregistry.REPOSITORY,
    severity="critical",
    says="The publisher of another stack that the stack file gives versions to may read them, what was decided on them "
    "and their images, and do nothing else.",
    remedy="Keep the grants that the registry component makes for other stacks as they are, and name who gets versions "
    "under registry in the stack file.",
    never_waived=OPEN_TO_OTHERS,
)
def shared(graph: Graph, resource: Resource) -> Iterator[str]:
    """What is granted otherwise to somebody of another project is found by identity-known-members, whatever it is."""
    if not members(graph):
        return
    if resource.type in ROLES:
        member = resource.props.text_if_known("member")
        if member in members(graph) and not is_given(graph, resource):
            yield f"lets {member} do more than versions take"
        return
    grants = {
        storage.BUCKET: (storage.BUCKET_MEMBER, "bucket"),
        artifactregistry.REPOSITORY: (artifactregistry.REPOSITORY_MEMBER, "repository"),
    }
    if resource.type == storage.BUCKET and not _keeps_versions(graph, resource):
        return
    type_, key = grants[resource.type]
    reading = {
        one.props.text_if_known("member") for one in graph.referring(type_, key, resource) if is_given(graph, one)
    }
    for member in sorted(members(graph) - reading):
        yield f"does not let {member} read, without which no version can be copied"


def _keeps_versions(graph: Graph, bucket: Resource) -> bool:
    """Whether a bucket has versions or what was decided on them: artifacts of the stack's versions, or approvals."""
    name = bucket.props.text_if_known("name")
    return name in mlplatform.approvals_of(graph) or any(
        place.startswith(f"gs://{name}/") for place in mlplatform.versions_of(graph)
    )


RULES = [shared]
