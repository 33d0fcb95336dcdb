"""Versions that go from stack to stack: another account reads what the stack file gives it, and nothing else.

The publisher of the other stack is named in four documents: of the bucket, of the key, of the repository of images and
of each package group. `texts` are all that may be named of the other stacks; every other word of theirs is foreign.
"""

from collections.abc import Iterator, Mapping

from catalogue.graph import Graph, Resource
from catalogue.iam import allows, conditions_of, name_of, principals, statements
from catalogue.kinds.aws import ecr, iam, kms, s3, sagemaker
from catalogue.once import once_a_graph
from catalogue.properties import Properties
from catalogue.registered import FOLDER, IMAGES, artifacts_of, registry_of
from policies.rule import OPEN_TO_OTHERS, stack_rule
from policies.world import texts_of

_PULL = frozenset({"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"})
GIVING: Mapping[str, tuple[str, frozenset[str]]] = {
    s3.BUCKET_POLICY: ("policy", frozenset({"s3:GetObject"})),
    kms.KEY: ("policy", frozenset({"kms:Decrypt"})),
    ecr.REPOSITORY_POLICY: ("policy", _PULL),
    sagemaker.PACKAGE_GROUP_POLICY: ("resourcePolicy", frozenset({"sagemaker:DescribeModelPackage"})),
}
"""The documents that let a publisher of another stack in, and what it takes to copy a version: it reads its files,
decrypts them, pulls its image, and asks whether it is approved.

"Cross-account model deployment", https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-deploy-xaccount.html
"""


@once_a_graph
def publishers(graph: Graph) -> frozenset[str]:
    """The roles of other stacks' publishers that the stack file gives versions to."""
    return frozenset(one.publisher for one in graph.placement.gives_to) if graph.placement else frozenset()


@once_a_graph
def taken(graph: Graph) -> Mapping[str, frozenset[str]]:
    """What the stack's own publisher reads in the registries of other stacks, by a word of the persona table."""
    found: dict[str, set[str]] = {word: set() for word in ("taken-versions", "taken-images", "taken-word", "taken-key")}
    for one in graph.placement.takes_from if graph.placement else ():
        there, name = f"{graph.placement.region if graph.placement else ''}:{one.account}", registry_of(one.stack)
        found["taken-versions"].add(f"arn:aws:s3:::{artifacts_of(one.stack, one.account)}/{FOLDER}*")
        found["taken-images"].add(f"arn:aws:ecr:{there}:repository/{name}{IMAGES}")
        found["taken-word"].add(f"arn:aws:sagemaker:{there}:model-package/{name}-*")
        found["taken-key"].add(one.key)
    return {word: frozenset(arns - {""}) for word, arns in found.items()}


@once_a_graph
def texts(graph: Graph) -> frozenset[str]:
    """All that a resource may name of the stacks that versions go to and come from."""
    return publishers(graph).union(*taken(graph).values())


def is_given(graph: Graph, resource: Resource, statement: Properties) -> bool:
    """Whether a statement gives versions, and no more, to publishers that the stack file names."""
    if resource.type not in GIVING or not allows(statement) or not publishers(graph):
        return False
    named, does = principals(statement), set(statement.each_text("Action"))
    return (
        set(named) == {"AWS"}
        and set(named["AWS"]) <= publishers(graph)
        and does <= GIVING[resource.type][1]
        and not {"NotAction", "NotPrincipal", "NotResource"} & statement.values.keys()
        and _is_on_versions(graph, resource, statement)
    )


def _is_on_versions(graph: Graph, resource: Resource, statement: Properties) -> bool:
    """Whether what is read lies in the registry. A key decrypts the artifact bucket's objects, through S3 alone."""
    on = list(statement.each_text_if_known("Resource"))
    buckets = {b.props.text_if_known("bucket") for b in graph.of(s3.BUCKET)} & {_own_bucket(graph)}
    if resource.type == s3.BUCKET_POLICY:
        return set(on) == {f"arn:aws:s3:::{bucket}/{FOLDER}*" for bucket in buckets}
    if resource.type == kms.KEY:
        region = graph.placement.region if graph.placement else ""
        return {(c.operator, c.key, *c.values) for c in conditions_of(statement)} == {
            ("StringEquals", "kms:ViaService", f"s3.{region}.amazonaws.com"),
            *(("StringEquals", "kms:EncryptionContext:aws:s3:arn", f"arn:aws:s3:::{one}") for one in buckets),
        }
    if resource.type == ecr.REPOSITORY_POLICY:
        return not on
    group = resource.props.text_if_known("modelPackageGroupName")
    return bool(group) and all(one.endswith(f":model-package/{group}/*") for one in on)


def _own_bucket(graph: Graph) -> str:
    """The artifact bucket: the one whose policy keeps versions from being written over."""
    ours = {r.props.text_if_known("name").removesuffix(f"{registry_of('')}{IMAGES}") for r in graph.of(ecr.REPOSITORY)}
    return next((artifacts_of(one, graph.placement.account) for one in sorted(ours) if graph.placement), "")


@stack_rule(
    "registry-shared",
    *GIVING,
    iam.POLICY,
    iam.ROLE,
    iam.ROLE_POLICY,
    severity="critical",
    says="The publisher of another stack that the stack file gives versions to may read them and do nothing else, and "
    "the stack's own publisher alone reads those of a stack that versions come from.",
    remedy="Keep the statements by which components give and take versions as they are; name who gets them, and from "
    "whom they come, under registry in the stack file.",
    never_waived=OPEN_TO_OTHERS,
)
def shared(graph: Graph, resource: Resource) -> Iterator[str]:
    """A document that lacks the statement makes no finding where nothing is given; where something is, the copy fails.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-cross-account-resource-access.html
    """
    if not texts(graph):
        return
    path = GIVING[resource.type][0] if resource.type in GIVING else _DOCUMENTS[resource.type]
    found = statements(resource.props, path)
    given = [one for one in found if is_given(graph, resource, one)]
    for statement in found:
        named = {text for _, text in texts_of(statement.values)} & texts(graph)
        if named and not _is_judged(graph, resource, statement, statement in given):
            yield f"{name_of(statement)} lets {sorted(named)[0]} do, or be reached by, more than versions take"
    if resource.type in GIVING and _gives(graph, resource):
        reading = {(who, do) for one in given for who in principals(one)["AWS"] for do in one.each_text("Action")}
        for who in sorted(publishers(graph)):
            if lacking := sorted(GIVING[resource.type][1] - {do for reader, do in reading if reader == who}):
                yield f"does not let {who} {lacking[0]}, without which no version can be copied"


_DOCUMENTS = {iam.POLICY: "policy", iam.ROLE: "assumeRolePolicy", iam.ROLE_POLICY: "policy"}


def _is_judged(graph: Graph, resource: Resource, statement: Properties, given: bool) -> bool:
    """Whether a statement that names another stack is one that gives, one that keeps all others out, or one by which
    the publisher takes: what it does there is held against its tasks by identity-permissions.
    """
    if given or resource.type == iam.ROLE_POLICY:
        return given or _is_publishers(graph, resource, statement)
    if resource.type == iam.POLICY:
        return _caps(graph, statement)
    return resource.type == sagemaker.PACKAGE_GROUP_POLICY and not allows(statement)


def _is_publishers(graph: Graph, policy: Resource, statement: Properties) -> bool:
    roles = graph.refers(policy, "role", iam.ROLE)
    return bool(roles) and all(one.name.endswith("-identity-publisher") for one in roles) and _caps(graph, statement)


def _caps(graph: Graph, statement: Properties) -> bool:
    """Whether a statement speaks of what is taken, all of one sort, and of nothing else, and only reads it."""
    on, does = set(statement.each_text("Resource")), set(statement.each_text("Action"))
    reads = {
        "taken-versions": {"s3:GetObject"},
        "taken-images": _PULL,
        "taken-word": {"sagemaker:DescribeModelPackage"},
        "taken-key": {"kms:Decrypt"},
    }
    return allows(statement) and any(on <= taken(graph)[word] and does <= reads[word] for word in reads)


def _gives(graph: Graph, resource: Resource) -> bool:
    """Whether a version cannot be copied unless this document gives it: that of the artifact bucket, of its key, of the
    images, and of a group whose versions the stack serves.
    """
    if not publishers(graph) or graph.placement is None:
        return False
    if resource.type == s3.BUCKET_POLICY:
        return resource.props.text_if_known("bucket") == _own_bucket(graph)
    if resource.type == kms.KEY:
        repositories = graph.of(ecr.REPOSITORY)
        return any(resource in graph.refers(one, "encryptionConfigurations.kmsKey", kms.KEY) for one in repositories)
    if resource.type == sagemaker.PACKAGE_GROUP_POLICY:
        group = resource.props.text_if_known("modelPackageGroupName")
        return any(group.endswith(registry_of("") + f"-{one.partition('@')[0]}") for one in graph.placement.versions)
    return True


RULES = [shared]
