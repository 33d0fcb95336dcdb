"""Leaving Amazon SageMaker: what Pulumi does not do, with boto3.

People's apps and spaces keep a profile and its domain from being deleted
(https://docs.aws.amazon.com/sagemaker/latest/dg/gs-studio-delete-domain.html). SageMaker makes two security groups for
the domain's EFS and leaves them, and they block the VPC
(https://github.com/hashicorp/terraform-provider-aws/issues/17349). The interfaces of what is gone stay for minutes
(https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html). Versions, images and packages keep their store from
being deleted (https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import ec2, ecr, kms, s3, sagemaker, studio
from catalogue.kinds.aws.budgets import BUDGET
from catalogue.kinds.aws.cloudtrail import TRAIL
from catalogue.kinds.aws.experiments import MLFLOW_APP
from operations.doctor.aws import open_account
from operations.teardown import Plan, Refused, Word

__all__ = [
    "LAST",
    "LINGERS",
    "STOPS",
    "WATCHES",
    "clear",
    "contents",
    "empty",
    "inventory",
    "later",
    "listed_as",
    "open_account",
    "stop",
    "word_of",
]

LAST = (ec2.VPC, ec2.SUBNET, *ec2.GROUPS)
WATCHES = (BUDGET,)
LINGERS = (kms.KEY,)
STOPS: tuple[str, ...] = ()
LOOK_EVERY, LONGEST = 10.0, 1800.0
"""Seconds between two looks at what goes, and how long it may take. An app takes minutes, an interface up to twenty."""

_WAYS = ("inbound", "outbound")
_OF = {
    ecr.REPOSITORY: "registry",
    sagemaker.PACKAGE_GROUP: "registry",
    MLFLOW_APP: "artifacts",
    studio.DOMAIN: "homes",
    studio.USER_PROFILE: "homes",
    TRAIL: "audit",
}


def word_of(graph: Graph, resource: Resource) -> Word | None:
    """A bucket that a trail or a flow log writes to is the audit's, any other has artifacts."""
    if resource.type != s3.BUCKET:
        return _OF.get(resource.type)  # pyright: ignore[reportReturnType]  # the words of the table
    written = [
        *graph.referring(TRAIL, "s3BucketName", resource),
        *graph.referring(ec2.FLOW_LOG, "logDestination", resource),
    ]
    return "audit" if written else "artifacts"


def later(graph: Graph, resource: Resource) -> str:
    """A key is deleted after its window, and until then whoever may use KMS can take it back."""
    if resource.type != kms.KEY:
        return ""
    days = resource.inputs.get("deletionWindowInDays") or 30
    return f"KMS deletes it {days:g} days later; until then its administrator can cancel that, and it bills nothing"


def stop(account: Any, plan: Plan) -> None:
    """Delete people's apps, then their spaces: all of a domain that goes, and those of who leaves one that stays.

    Their homes go with the domain. A space that a leaver shares with others is left, for others work in it.
    """
    client: Any = account.session.client("sagemaker", region_name=account.region)
    domains = _ids(plan, studio.DOMAIN)
    leaving: list[tuple[str, str | None]] = [(domain, None) for domain in domains]
    for profile in (one for one in plan.going if one.type == studio.USER_PROFILE):
        domain, person = (str({**profile.inputs, **profile.outputs}[key]) for key in ("domainId", "userProfileName"))
        leaving += [(domain, person)] if domain not in domains else []
    for domain, person in leaving:
        _all_gone(lambda of=(domain, person): _apps(client, *of), "an app of Studio")
        _all_gone(lambda of=(domain, person): _spaces(client, *of), "a space of Studio")


def contents(account: Any, store: Resource) -> int:
    """Versions and delete markers of a bucket, images of a repository, versions of a package group."""
    return next((len(page) for page in _held(account, store) if page), 0)


def empty(account: Any, store: Resource) -> None:
    """Delete them, page by page, and again what goes only after another: an image that an index refers to.

    A build with provenance pushes such an index (ImageReferencedByManifestList,
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html). Raises Refused, and where a pass
    leaves as many as the one before it.
    """
    before: int | None = None
    while left := [one for page in _held(account, store) for one in _delete(account, store, page)]:
        if before is not None and len(left) >= before:
            raise Refused(f"ECR keeps {left[0]} of {store.name}, for an index refers to it; run it again")
        before = len(left)


def clear(account: Any, plan: Plan) -> None:
    """Wait for the interfaces in a VPC that goes, and delete the groups that SageMaker made for a domain's homes.

    Where the VPC is the landing zone's, only the groups of the domains that go are deleted.
    """
    client: Any = account.session.client("ec2", region_name=account.region)
    vpcs = [{"Name": "vpc-id", "Values": [vpc]} for vpc in _ids(plan, ec2.VPC)]
    for vpc in vpcs:
        _all_gone(lambda where=vpc: _interfaces(client, [where]), "a network interface")
    names = [f"security-group-for-{way}-nfs-{domain}" for way in _WAYS for domain in _ids(plan, studio.DOMAIN)]
    asked = [
        [vpc, {"Name": "group-name", "Values": [f"security-group-for-{way}-nfs-*" for way in _WAYS]}] for vpc in vpcs
    ]
    if names:
        asked.append([{"Name": "group-name", "Values": names}])
    for where in asked:
        groups = _asked(lambda filters=where: client.describe_security_groups(Filters=filters)["SecurityGroups"])
        for group in groups:  # each names the other, so the rules go first
            _asked(lambda one=group: _without_rules(client, one))
        for group in groups:
            _asked(lambda one=group: client.delete_security_group(GroupId=one["GroupId"]))


def inventory(account: Any, tags: Mapping[str, str]) -> Iterator[str]:
    """The ARNs in the region, with the right tag:GetResources.

    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html. It lists no role of
    IAM, and a key that waits for its deletion. A job of SageMaker is listed as long as it runs: what has ended bills
    nothing, and no API deletes a transform job.
    """
    client: Any = account.session.client("resourcegroupstaggingapi", region_name=account.region)
    wanted = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    pages = client.get_paginator("get_resources").paginate(TagFilters=wanted)
    listed = [str(one["ResourceARN"]) for page in _asked(lambda: list(pages)) for one in page["ResourceTagMappingList"]]
    run = {
        kind: _running(account, *asked) for kind, asked in _JOBS.items() if any(_kind(arn) == kind for arn in listed)
    }
    yield from (arn for arn in listed if arn in run.get(_kind(arn), (arn,)))


_JOBS: Mapping[str, tuple[str, str]] = {
    "hyper-parameter-tuning-job": ("list_hyper_parameter_tuning_jobs", "HyperParameterTuningJob"),
    "processing-job": ("list_processing_jobs", "ProcessingJob"),
    "training-job": ("list_training_jobs", "TrainingJob"),
    "transform-job": ("list_transform_jobs", "TransformJob"),
}


def _kind(arn: str) -> str:
    """What an ARN of SageMaker names, such as transform-job; "" of another service."""
    _, _, service, _, _, name = arn.split(":", 5)
    return name.partition("/")[0] if service == "sagemaker" else ""


def _running(account: Any, listing: str, job: str) -> frozenset[str]:
    """The ARNs of one kind of job that run yet."""
    client: Any = account.session.client("sagemaker", region_name=account.region)
    pages = [
        page
        for status in ("InProgress", "Stopping")
        for page in _asked(lambda of=status: list(client.get_paginator(listing).paginate(StatusEquals=of)))
    ]
    return frozenset(str(one[f"{job}Arn"]) for page in pages for one in page[f"{job}Summaries"])


def listed_as(resource: Resource) -> str:
    """Its ARN."""
    return str(resource.outputs.get("arn") or "")


def _ids(plan: Plan, type_: str) -> list[str]:
    return [str(one.outputs["id"]) for one in plan.going if one.type == type_]


def _apps(client: Any, domain: str, person: str | None) -> int:
    """Delete the apps of a domain, or of one person in it. Returns how many stand yet."""
    own = {space["SpaceName"] for space in _spaces_of(client, domain, person)} if person else set[str]()
    pages = client.get_paginator("list_apps").paginate(DomainIdEquals=domain)
    stand = [app for page in pages for app in page["Apps"] if app["Status"] not in ("Deleted", "Failed")]
    if person:
        stand = [app for app in stand if app.get("UserProfileName") == person or app.get("SpaceName") in own]
    for app in stand:
        if app["Status"] != "Deleting":
            owner = {key: app[key] for key in ("UserProfileName", "SpaceName") if app.get(key)}
            client.delete_app(DomainId=domain, AppType=app["AppType"], AppName=app["AppName"], **owner)
    return len(stand)


def _spaces_of(client: Any, domain: str, person: str | None) -> list[dict[str, Any]]:
    """The spaces of a domain, or the private ones of one person in it."""
    pages = client.get_paginator("list_spaces").paginate(DomainIdEquals=domain)
    stand = [space for page in pages for space in page["Spaces"]]
    return [space for space in stand if person is None or _owner(space) == person]


def _owner(space: Mapping[str, Any]) -> str | None:
    """Whose a private space is; None for one that people share."""
    if space.get("SpaceSharingSettingsSummary", {}).get("SharingType") != "Private":
        return None
    return space.get("OwnershipSettingsSummary", {}).get("OwnerUserProfileName")


def _spaces(client: Any, domain: str, person: str | None) -> int:
    stand = _spaces_of(client, domain, person)
    for space in stand:
        if space.get("Status") != "Deleting":
            client.delete_space(DomainId=domain, SpaceName=space["SpaceName"])
    return len(stand)


def _interfaces(client: Any, where: list[dict[str, Any]]) -> int:
    found = client.describe_network_interfaces(Filters=where)["NetworkInterfaces"]
    for one in found:
        if one["Status"] == "available":
            client.delete_network_interface(NetworkInterfaceId=one["NetworkInterfaceId"])
    return len([one for one in found if one["Status"] != "available"])


def _without_rules(client: Any, group: Mapping[str, Any]) -> None:
    for permissions, revoke in (
        ("IpPermissions", client.revoke_security_group_ingress),
        ("IpPermissionsEgress", client.revoke_security_group_egress),
    ):
        if group.get(permissions):
            revoke(GroupId=group["GroupId"], IpPermissions=group[permissions])


def _held(account: Any, store: Resource) -> Iterator[list[dict[str, Any]]]:
    """Pages of what a store holds, each no longer than one call deletes. A store that is gone holds nothing."""
    name = str(store.outputs["id"])

    def pages(service: str, operation: str, **given: Any) -> Iterator[Any]:
        client: Any = account.session.client(service, region_name=account.region)
        try:
            yield from client.get_paginator(operation).paginate(**given)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _GONE:
                raise _refused(error) from None
        except BotoCoreError as error:
            raise _refused(error) from None

    if store.type == s3.BUCKET:
        for page in pages("s3", "list_object_versions", Bucket=name):
            held = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            yield [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in held]
    elif store.type == ecr.REPOSITORY:
        each = {"repositoryName": name, "PaginationConfig": {"PageSize": 100}}
        # Without this filter ECR lists no image that a lifecycle policy has archived.
        for page in pages("ecr", "list_images", filter={"imageStatus": "ANY"}, **each):
            yield page["imageIds"]
    elif store.type == sagemaker.PACKAGE_GROUP:
        for page in pages("sagemaker", "list_model_packages", ModelPackageGroupName=name):
            yield page["ModelPackageSummaryList"]


_GONE = frozenset({"NoSuchBucket", "RepositoryNotFoundException", "ResourceNotFound", "ValidationException"})


def _delete(account: Any, store: Resource, page: list[dict[str, Any]]) -> list[str]:
    """Delete a page of what a store holds. Returns the digests that ECR keeps as long as an index refers to them."""
    name = str(store.outputs["id"])
    if not page:
        return []
    if store.type == s3.BUCKET:
        client: Any = account.session.client("s3", region_name=account.region)
        told = _asked(lambda: client.delete_objects(Bucket=name, Delete={"Objects": page, "Quiet": True}))
        if wrong := told.get("Errors"):
            raise Refused(f"S3 does not delete {wrong[0]['Key']} of {name} ({wrong[0]['Code']}: {wrong[0]['Message']})")
    elif store.type == ecr.REPOSITORY:
        images: Any = account.session.client("ecr", region_name=account.region)
        told = _asked(lambda: images.batch_delete_image(repositoryName=name, imageIds=page))
        wrong = [one for one in told.get("failures", ()) if one["failureCode"] != "ImageNotFound"]
        for one in wrong:
            if one["failureCode"] != "ImageReferencedByManifestList":
                raise Refused(f"ECR does not delete an image of {name} ({one['failureCode']}: {one['failureReason']})")
        return [str(one["imageId"].get("imageDigest")) for one in wrong]
    else:
        registry: Any = account.session.client("sagemaker", region_name=account.region)
        for one in page:
            _asked(lambda arn=one["ModelPackageArn"]: registry.delete_model_package(ModelPackageName=arn))
    return []


def _all_gone(left: Callable[[], int], what: str) -> None:
    """Ask until nothing is left. Raises Refused after LONGEST seconds."""
    tries = Retrying(retry=retry_if_result(bool), stop=stop_after_delay(LONGEST), wait=wait_fixed(LOOK_EVERY))
    try:
        tries(lambda: _asked(left))
    except RetryError:
        raise Refused(f"{what} does not go in {LONGEST / 60:g} minutes; run it again, it goes on from there") from None


def _asked(call: Callable[[], Any]) -> Any:
    """The answer of a call. Raises Refused with AWS's own word."""
    try:
        return call()
    except (ClientError, BotoCoreError) as error:
        raise _refused(error) from None


def _refused(error: ClientError | BotoCoreError) -> Refused:
    if not isinstance(error, ClientError):
        return Refused(f"AWS gives no answer ({type(error).__name__})")
    said: Mapping[str, Any] = {**error.response.get("Error", {})}
    return Refused(f"AWS refuses {error.operation_name} ({said.get('Code')}: {said.get('Message')})")
