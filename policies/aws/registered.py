"""Registered versions: no model is made of one before the registry has said that it is approved."""

import re
from collections.abc import Iterator

from catalogue import registered
from catalogue.graph import Graph, Resource
from catalogue.iam import allows, conditions_of, matches, statements
from catalogue.kinds.aws import ecr, s3
from catalogue.kinds.aws.mlplatform import APPROVED_VERSION
from catalogue.kinds.aws.sagemaker import MODEL, PACKAGE_GROUP
from catalogue.properties import Properties
from policies import preflights
from policies.aws.capture import lifecycle_rules, prefix_of
from policies.aws.documents import is_everybody
from policies.rule import stack_rule

_IMAGE = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<repository>[^:@]+):(?P<tag>[^:@]+)"
)
_NAMED = "In the stack file, name it by registered, version and digest, and give image and artifact_uri for no other."


@stack_rule(
    "registry-approved",
    MODEL,
    APPROVED_VERSION,
    severity="high",
    says="A model of an artifact in the registry waits for the registry's word that this version is approved, and its "
    "image is that of the version; what asks the registry is waited for by such a model.",
    remedy=_NAMED,
)
def approved(graph: Graph, resource: Resource) -> Iterator[str]:
    """CreateModel asks no registry, so what asks it must stand before it. How a version is named: catalogue/registered.

    Another digest than that of the approved record needs no rule: the registry has one a version, and `up` fails;
    `limits-stated` holds that it is the digest of the stack file.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html
    """
    if resource.type == APPROVED_VERSION:
        waits = preflights.waiting(graph, resource, MODEL)
        if not waits:
            yield "asks for a version that no model waits for"
        yield from (
            f"asks for a version, and {model.name} waits for it and serves none of the registry"
            for model in waits
            if not any(registered.in_registry(uri) for _, uri in _containers(model.props))
        )
        return
    for image, uri in _containers(resource.props):
        if registered.in_registry(uri):
            yield from _unapproved(graph, resource, image, uri)


def _unapproved(graph: Graph, model: Resource, image: str, uri: str) -> Iterator[str]:
    version, found = registered.at(uri), _IMAGE.fullmatch(image)
    buckets = {bucket.props.text_if_known("bucket") for bucket in graph.of(s3.BUCKET)}
    if version is None or uri.split("/")[2] not in buckets:
        yield f"has the artifact {uri}, which is no version of the stack's own registry"
        return
    repositories = {one.props.text_if_known("name") for one in graph.of(ecr.REPOSITORY)}
    if found is None or found["tag"] != version.tag or found["repository"] not in repositories:
        yield f"serves {version} with the image {image}, which is not that version's"
        return
    group = version.group(found["repository"].removesuffix(registered.IMAGES))
    asked = {"account": found["account"], "region": found["region"], "group": group, "version": version.version}
    groups = {one.props.text_if_known("modelPackageGroupName") for one in graph.of(PACKAGE_GROUP)}
    asks = [one.props for one in graph.depends(model) if one.type == APPROVED_VERSION]
    if group not in groups or not any(all(each.value_or_none(k) == v for k, v in asked.items()) for each in asks):
        yield f"serves {version} and does not wait for the registry's word that it is approved"


@stack_rule(
    "registry-kept",
    MODEL,
    severity="high",
    says="No version of the registry expires, moves away or is written over: neither its image, by its tag, nor its "
    "artifact, by its folder.",
    remedy="Keep the registry component's rule on the images of each registered model and its deny of a second write, "
    "and let no rule of the bucket's lifecycle delete or move what is below registry/.",
)
def kept(graph: Graph, resource: Resource) -> Iterator[str]:
    """What serves fetches both whenever a replica starts, and a rollback fetches those of the version before.

    The approver's word is on a record and its digest. It holds for the bytes that are served as long as nobody writes
    them again. A version that moved to an archive cannot be fetched.

    An image that a rule of ECR selects by its tag is left alone by every rule after it:
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
    """
    for image, uri in _containers(resource.props):
        version, found = registered.at(uri), _IMAGE.fullmatch(image)
        if version is None or found is None:
            continue
        for repository in graph.of(ecr.REPOSITORY):
            if repository.props.text_if_known("name") == found["repository"]:
                for policy in graph.referring(ecr.LIFECYCLE, "repository", repository):
                    if not _stays(policy.props, found["tag"]):
                        yield f"serves {version}, whose image goes once others are pushed"
        for bucket in graph.of(s3.BUCKET):
            if bucket.props.text_if_known("bucket") == uri.split("/")[2]:
                gone = [rule for rule in lifecycle_rules(graph, bucket) if _takes(rule, registered.FOLDER)]
                yield from (f"is of a version, and {rule.at} takes those of {bucket.name} away" for rule in gone)
                documents = graph.referring(s3.BUCKET_POLICY, "bucket", bucket)
                said = [each for document in documents for each in statements(document.props, "policy")]
                if not any(is_write_once(each) for each in said):
                    yield f"is of a version, and {bucket.name} lets it be written over once it is approved"


def _stays(lifecycle: Properties, tag: str) -> bool:
    """Whether an image with this tag stays: the first rule that selects it by tags keeps as many as there will be."""
    rules = list(lifecycle.document_or_empty("policy").each_section("rules"))
    for rule in sorted(rules, key=lambda one: one.number_or_none("rulePriority") or 0):
        selection = rule.section_or_empty("selection")
        status, most = selection.text_or_empty("tagStatus"), selection.number_or_none("countNumber") or 0
        if status == "untagged":
            continue
        patterns = list(selection.each_text("tagPatternList"))
        patterns += [f"{prefix}*" for prefix in selection.each_text("tagPrefixList")]
        if status == "any" or all(matches(one, tag, {}) for one in patterns):
            return selection.text_or_empty("countType") == "imageCountMoreThan" and most >= _MANY
    return True


_MANY = 1_000
"""Images of one model, more than anybody deploys."""


def _takes(rule: Properties, folder: str) -> bool:
    """Whether a rule deletes objects in a folder, or all below it, or moves them to another class of storage."""
    below = prefix_of(rule)
    touches = folder.startswith(below) or below.startswith(folder)
    leaves = any(rule.is_given(f"expiration.{one}") for one in ("days", "date")) or rule.is_given("transitions")
    return rule.text_or_empty("status") == "Enabled" and touches and leaves


def is_write_once(statement: Properties) -> bool:
    """Whether a statement of a bucket's policy denies everybody to write over a file of a version, and nothing else.

    "Enforce conditional writes on Amazon S3 buckets",
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    """
    on = list(statement.each_text("Resource"))
    return (
        not allows(statement)
        and list(statement.each_text("Action")) == ["s3:PutObject"]
        and is_everybody(statement)
        and len(on) == 1
        and on[0].partition("/")[2] == f"{registered.FOLDER}*"
        and {(c.operator, c.key, *c.values) for c in conditions_of(statement)}
        == {("Null", "s3:if-none-match", "true"), ("Bool", "s3:ObjectCreationOperation", "true")}
    )


def _containers(props: Properties) -> Iterator[tuple[str, str]]:
    """The image of each container of a model with each artifact that it gets, in each way that a container names one.

    ContainerDefinition, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html
    """
    for container in (*props.each_section("primaryContainer"), *props.each_section("containers")):
        image = container.text_or_empty("image")
        yield image, container.text_or_empty("modelDataUrl")
        for sources in (
            *container.each_section("modelDataSource"),
            *container.each_section("additionalModelDataSources"),
        ):
            yield from ((image, source.text_or_empty("s3Uri")) for source in sources.each_section("s3DataSources"))


RULES = [approved, kept]
