"""SageMaker Studio: the domain that people work in, and the profile of each of them."""

from collections.abc import Iterator

from catalogue.answers import Answer, Request
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Graph, Resource
from catalogue.kind import (
    Bills,
    Draws,
    Holds,
    KeyAt,
    Keys,
    Kind,
    No,
    Personal,
    Reaches,
    Runs,
    always,
    assumed,
    documented,
)
from catalogue.kinds.aws import READ, acts, regional, tagged, terraform
from catalogue.kinds.aws.ec2 import GROUPS, SUBNET, VPC
from catalogue.kinds.aws.iam import ROLE
from catalogue.kinds.aws.kms import names_key
from catalogue.kinds.aws.sagemaker import NAME, where
from catalogue.machines import Machines
from catalogue.pricing import Bill, Pricing
from catalogue.wording import counted

DOMAIN = "aws:sagemaker/domain:Domain"
USER_PROFILE = "aws:sagemaker/userProfile:UserProfile"

_GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_API = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
_STUDIO_VPC = documented(f"{_GUIDE}studio-updated-and-internet-access.html", READ)
_DOMAINS = documented(f"{_GUIDE}gs-studio-onboard.html", READ)
_CREATES_DOMAIN = documented(f"{_API}API_CreateDomain.html", READ)
_PRICING = documented("https://aws.amazon.com/sagemaker/ai/pricing/", READ)
_LOST_HOME = documented(f"{_API}API_DeleteUserProfile.html", READ)
"""With the profile, its person loses the way to the home: data, notebooks and whatever else lies there."""
_APPS = assumed("people start their applications themselves; the bill counts working hours", READ)

_SETTINGS = ("defaultUserSettings", "defaultSpaceSettings", "userSettings", "domainSettings")
_ON_AWS = "system"
"""The machine type of an application that AWS runs free of charge."""


def application_types(studio: Resource) -> Iterator[str]:
    """Each machine type on which a domain's or a user's settings let people start an application."""
    for settings in (studio.props.section_or_empty(key) for key in _SETTINGS):
        for app in (name for name in settings.names() if name.endswith("Settings")):
            for type_ in settings.each_text(f"{app}.defaultResourceSpec.instanceType"):
                if type_ not in ("", _ON_AWS):
                    yield type_


def domain_of(graph: Graph, profile: Resource) -> list[Resource]:
    """The domain of a user, if it is in the stack."""
    id_ = profile.props.text_if_known("domainId")
    return graph.refers(profile, "domainId", DOMAIN) or [
        d for d in graph.of(DOMAIN) if id_ and d.props.text_if_known("id") == id_
    ]


def _applications(graph: Graph, studio: Resource) -> Iterator[Machines]:
    """The applications that people can start; none runs before. They draw on no quota, for the catalogue has none."""
    for type_ in sorted(set(application_types(studio))):
        yield Machines(studio.name, type_, "training", 0, 0, "an application that people start")


def _user_price(pricing: Pricing, resource: Resource) -> Bill:
    """The dearest application in the settings of the user or the domain. Where they name none it is an ml.t3.medium."""
    types = {t for r in (resource, *domain_of(pricing.graph, resource)) for t in application_types(r)}
    hours = pricing.assume("workspace-hours-per-user")
    hour = max(_application_hour(pricing, resource, type_) for type_ in sorted(types or {"ml.t3.medium"}))
    amount = pricing.assume("workspace-gb-per-user")
    space = amount * pricing.of("studio-space-storage")
    return Bill(
        "workspace user", space, space + hours * hour, f"{amount:g} GB of space; {hours:g} h × ${hour:g} in the ceiling"
    )


def _application_hour(pricing: Pricing, user: Resource, machine_type: str) -> float:
    """Dollars an hour for an application: what is quoted for one, or what the machine costs elsewhere in SageMaker.

    The two are the same to within a cent (`sagemaker-offer-us-east-1` of the hardware catalogue).
    """
    quoted = pricing.hardware.services.get(f"studio-app-{machine_type}")
    if quoted is not None and pricing.region in quoted.price_usd:
        return quoted.price_usd[pricing.region]
    return pricing.hour(Machines(user.name, machine_type, "training", 0, 0))


def _homes_price(pricing: Pricing, domain: Resource) -> Bill:
    """A domain is free. The file system that SageMaker makes with it, for its users' homes, bills what they store.

    https://docs.aws.amazon.com/sagemaker/latest/dg/studio-tasks-manage-storage.html
    """
    users = len(pricing.graph.referring(USER_PROFILE, "domainId", domain))
    amount = pricing.assume("home-gb-per-user") * users
    cost = amount * pricing.of("efs-standard")
    return Bill("home volume", 0.0, cost, f"empty at first; {amount:g} GB of {counted(users, 'user')} in the ceiling")


def _studio_keys(settings: str) -> tuple[KeyAt, ...]:
    """Where the settings of Studio's users write to S3."""
    shares, canvas = f"{settings}.sharingSettings", f"{settings}.canvasAppSettings.workspaceSettings"
    return (
        KeyAt(f"{shares}.s3KmsKeyId", where(f"{shares}.s3OutputPath")),
        KeyAt(f"{canvas}.s3KmsKeyId", where(f"{canvas}.s3ArtifactPath")),
    )


# ---- how SageMaker treats them --------------------------------------------------------------------------------------


def _domain(request: Request) -> Answer:
    id_ = f"d-{request.hex(12)}"
    return Answer(
        id_,
        {
            "arn": f"arn:aws:sagemaker:{request.region}:{request.account}:domain/{id_}",
            "url": f"https://{id_}.studio.{request.region}.sagemaker.aws",
            "homeEfsFileSystemId": f"fs-{request.hex(17)}",
        },
    )


def _user_profile(request: Request) -> Answer:
    path = f"{request.inputs['domainId']}/{request.inputs['userProfileName']}"
    arn = f"arn:aws:sagemaker:{request.region}:{request.account}:user-profile/{path}"
    return Answer(arn, {"arn": arn})


_DOMAIN_ACTS = acts(
    "sagemaker",
    _domain,
    Behaviour(
        name="domainName",
        pattern=NAME,
        refs=(
            Ref("vpcId", (VPC,), holds=True),
            Ref("subnetIds[]", (SUBNET,), holds=True),
            Ref("defaultUserSettings.executionRole", (ROLE,)),
            Ref("defaultUserSettings.securityGroups[]", GROUPS, holds=True),
            Ref("defaultSpaceSettings.executionRole", (ROLE,)),
            *names_key("kmsKeyId"),
        ),
    ),
)
_USER_PROFILE_ACTS = acts(
    "sagemaker",
    _user_profile,
    Behaviour(
        name="userProfileName",
        pattern=NAME,
        refs=(Ref("domainId", (DOMAIN,), holds=True), Ref("userSettings.executionRole", (ROLE,))),
        # A person's apps and spaces must be deleted before their profile, and so before the domain:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/gs-studio-delete-domain.html
        apps="userProfileName",
    ),
)

_TOTAL_DOMAINS, _TOTAL_PROFILES = "Total domains", "Maximum number of Studio user profiles allowed per account"
_FEW = documented("https://docs.aws.amazon.com/general/latest/gr/sagemaker.html", READ)
"""The quotas L-B683BCB0 and L-AC46C40F. What a new account has of both differs by who reads it; two is the least."""

KINDS = (
    Kind(
        token=DOMAIN,
        tags=tagged(DOMAIN),
        keys=Keys((KeyAt("kmsKeyId"), *_studio_keys("defaultUserSettings")), _CREATES_DOMAIN),
        holds=Holds("work", _CREATES_DOMAIN),
        reaches=Reaches(always("studio", "sagemaker.api", "sagemaker.runtime", "sts", "logs", "s3"), _STUDIO_VPC),
        runs=Runs(_applications, _APPS),
        bills=Bills(_homes_price, _PRICING, ("Amazon SageMaker", "Amazon Elastic File System")),
        stands=regional(DOMAIN),
        keeps=No("what people keep they delete themselves", _DOMAINS),
        serves=No("its applications run AWS's own images", _DOMAINS),
        acts=_DOMAIN_ACTS,
        draws=Draws((_TOTAL_DOMAINS,), lambda domain: {_TOTAL_DOMAINS: 1}, _FEW),
        renders=terraform("sagemaker_domain"),
    ),
    Kind(
        token=USER_PROFILE,
        tags=tagged(USER_PROFILE),
        keys=Keys(_studio_keys("userSettings"), _CREATES_DOMAIN),
        holds=Personal(lambda profile: True, _LOST_HOME),
        reaches=No("its domain's network reaches what it needs", _STUDIO_VPC),
        runs=Runs(_applications, _APPS),
        bills=Bills(_user_price, _PRICING, ("Amazon SageMaker", "AmazonCloudWatch")),
        stands=regional(USER_PROFILE),
        keeps=No("what people keep they delete themselves", _DOMAINS),
        serves=No("its applications run AWS's own images", _DOMAINS),
        acts=_USER_PROFILE_ACTS,
        draws=Draws((_TOTAL_PROFILES,), lambda profile: {_TOTAL_PROFILES: 1}, _FEW),
        renders=terraform("sagemaker_user_profile"),
    ),
)
