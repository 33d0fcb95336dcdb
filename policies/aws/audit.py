"""Audit and state: who did what is recorded, and what cannot be made again cannot be deleted by mistake."""

from collections.abc import Iterator
from typing import Any

from pulumi_policy import Severity

from policies.protection import misprotected
from policies.rule import Stack, conditions, get, stack_rule, statements

_TRAIL, _BUCKET = "aws:cloudtrail/trail:Trail", "aws:s3/bucket:Bucket"
_STATEFUL = (
    "aws:ecr/repository:Repository",
    "aws:kms/key:Key",
    _BUCKET,
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy",
)


@stack_rule(
    "audit-trail",
    severity=Severity.HIGH,
    says="One trail records management calls, object calls and predictions, and proves that it was not altered.",
    remedy="Keep the audit component's trail and its three event selectors.",
)
def trail(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Multi-region, validated, with selectors for management calls, S3 objects and SageMaker endpoints."""
    trails = stack.of(_TRAIL)
    if not trails:
        yield None, "has no trail"
    for item in trails:
        for switch in ("isMultiRegionTrail", "enableLogFileValidation", "includeGlobalServiceEvents"):
            if item.props.get(switch) is not True:
                yield item.urn, f"has {switch} off"
        recorded = {value for s in item.props.get("advancedEventSelectors") or () for value in _selected(s)}
        for kind in ("Management", "AWS::S3::Object", "AWS::SageMaker::Endpoint"):
            if kind not in recorded:
                yield item.urn, f"does not record {kind} events"


def _selected(selector: Any) -> Iterator[str]:
    for field in selector.get("fieldSelectors") or ():
        if field.get("field") in ("eventCategory", "resources.type"):
            yield from field.get("equals") or ()


@stack_rule(
    "audit-state-protected",
    severity=Severity.HIGH,
    says="What holds state is protected; an endpoint, which only costs money, is not.",
    remedy="Set protect=True in the resource's options; take it away only in a change of its own.",
)
def state_protected(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Buckets, keys, images and model versions against deletion; endpoints must be free to go."""
    yield from misprotected(stack, _STATEFUL, ("aws:sagemaker/endpoint:Endpoint",))


@stack_rule(
    "audit-images-pinned",
    severity=Severity.HIGH,
    says="An image is what it was when it was reviewed: tags are immutable, pushes are scanned, models name a version.",
    remedy="Set image_tag_mutability='IMMUTABLE' and scan_on_push, and pin the image's tag in the stack file.",
)
def images_pinned(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Repositories of the stack, and the images of its models."""
    for repository in stack.of("aws:ecr/repository:Repository"):
        if repository.props.get("imageTagMutability") != "IMMUTABLE":
            yield repository.urn, "lets a tag be moved to another image"
        if get(repository.props, "imageScanningConfiguration.scanOnPush") is not True:
            yield repository.urn, "does not scan what is pushed"
    for model in stack.of("aws:sagemaker/model:Model"):
        _, _, tag = str(get(model.props, "primaryContainer.image")).rpartition("/")[2].partition(":")
        if tag in ("", "latest"):
            yield model.urn, "names no version of its image"


@stack_rule(
    "audit-packages-own-account",
    severity=Severity.MEDIUM,
    says="Model versions are read by this account only.",
    remedy="Keep the registry's policy on each model package group.",
)
def packages_own_account(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Each model package group has a resource policy that denies every other account's principals."""
    type_ = "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy"
    others = ("StringNotEquals", "aws:PrincipalAccount")
    for group in stack.of("aws:sagemaker/modelPackageGroup:ModelPackageGroup"):
        documents = [p.props.get("resourcePolicy") for p in stack.referring(type_, "modelPackageGroupName", group)]
        denies = [s for document in documents for s in statements(document) if s["Effect"] == "Deny"]
        if not any(conditions(s) == {others} and s.get("Principal") == "*" for s in denies):
            yield group.urn, "has no policy that keeps other accounts out"


RULES = [trail, state_protected, images_pinned, packages_own_account]
