"""The platforms, once: nothing else lists them. A record says how each one's resources are told apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Platform = Literal["aws", "gcp", "azure"]


@dataclass(frozen=True)
class PlatformRecord:
    """One platform. `packages` begin the tokens of its resources; `foreign` those of other packages of the same cloud,
    whose resources no record describes. `product` is the ML service; `tag` what the cloud calls a tag.
    """

    name: Platform
    product: str
    packages: tuple[str, ...]
    foreign: tuple[str, ...]
    provider: str
    tag: str


PLATFORMS: Mapping[str, PlatformRecord] = {
    "aws": PlatformRecord(
        name="aws",
        product="Amazon SageMaker",
        packages=("aws:", "mlplatform:aws:"),
        foreign=("aws-native:", "awsx:", "eks:", "aws-apigateway:", "aws-iam:"),
        provider="pulumi:providers:aws",
        tag="tag",
    ),
    "gcp": PlatformRecord(
        name="gcp",
        product="Vertex AI",
        packages=("gcp:", "mlplatform:gcp:"),
        foreign=("google-native:",),
        provider="pulumi:providers:gcp",
        tag="label",
    ),
    "azure": PlatformRecord(
        name="azure",
        product="Azure Machine Learning",
        packages=("azure-native:", "mlplatform:azure:"),
        foreign=("azure:", "azuread:", "azure-native_"),
        provider="pulumi:providers:azure-native",
        tag="tag",
    ),
}


def platform_of(token: str) -> Platform | None:
    """The platform whose own packages a resource type belongs to; None for any other."""
    return next((p.name for p in PLATFORMS.values() if token == p.provider or token.startswith(p.packages)), None)


def cloud_of(token: str) -> Platform | None:
    """The platform whose cloud a resource type belongs to, through whatever package."""
    own = platform_of(token)
    return own or next((p.name for p in PLATFORMS.values() if token.startswith(p.foreign)), None)
