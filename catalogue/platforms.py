"""The platforms. Nothing else lists them.

A record says how to recognise a platform's resources, and how the platform writes an account, an address and a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

Platform = Literal["aws", "gcp", "azure"]


@dataclass(frozen=True)
class Form:
    """How a platform writes something: the pattern, or None where it has no such thing, and the form in words."""

    pattern: str | None
    words: str

    def such_as(self, example: str) -> str:
        """Its words with another example than their own."""
        return f"{self.words.partition(' such as ')[0]} such as {example}"

    @property
    def example(self) -> str:
        """The example that its words end with; empty where they have none."""
        return self.words.partition(" such as ")[2]


@dataclass(frozen=True)
class PlatformRecord:
    """One platform. `product` is the ML service, `sdk` the Python package of its provider.

    The tokens of its resources begin with one of `packages`. Those of other packages of the same cloud begin with one
    of `foreign`; no record describes them. `rendering` is the language in which Checkov reads its resources. `tag` is
    the cloud's word for a tag, and `tag_value` the pattern of a legal one. `region` is an example. `image` is an image
    that its ML service can pull, where `{region}` stands for the stack's region; `artifact` is what follows in an
    artifact's address, beside what every `uri` must have. With `folders`, outputs are folders, which end with '/'.
    `registry` is the part of an image that says whose it is: the group `place`, and the group `owner` where the account
    is in it; images of `open_registries` are open to every account. `person` is how its workspace names a user, and
    `idle_minutes` the longest idle timeout of the workspace. `network` is how it names a private network, and
    `identity` how it names a program that calls. `marks` is a pattern of what stands in addresses of this platform
    alone.
    """

    name: Platform
    product: str
    sdk: str
    packages: tuple[str, ...]
    foreign: tuple[str, ...]
    provider: str
    rendering: Literal["terraform", "arm"]
    tag: str
    tag_value: str
    account: Form
    region: str
    image: Form
    registry: str
    open_registries: tuple[str, ...]
    uri: Form
    artifact: Form
    folders: bool
    person: Form
    idle_minutes: int
    network: Form
    identity: Form
    marks: str

    @property
    def image_example(self) -> str:
        """An image that its ML service can pull."""
        return self.image.example.partition(";")[0].partition(",")[0].replace("{region}", self.region)

    @property
    def folder_example(self) -> str:
        """The address of a folder."""
        return self.uri.example


_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# A part of a path is no run of dots: what copies the objects into folders would leave its own.
_PATH = r"(/\.*[A-Za-z0-9!_'()=-][A-Za-z0-9!_.'()=-]*)+/?"
FOLDER = Form(r".*/", "a folder, which ends with '/'")

PLATFORMS: Mapping[str, PlatformRecord] = {
    "aws": PlatformRecord(
        name="aws",
        product="Amazon SageMaker",
        sdk="pulumi_aws",
        packages=("aws:", "mlplatform:aws:"),
        foreign=("aws-native:", "awsx:", "eks:", "aws-apigateway:", "aws-iam:"),
        provider="pulumi:providers:aws",
        rendering="terraform",
        tag="tag",
        tag_value=r"[A-Za-z0-9 _.:/=+@-]{1,256}",  # AWS, "Tag naming limits and requirements"
        account=Form(r"[0-9]{12}", "an AWS account id of twelve digits, in quotes"),
        region="us-east-1",
        # SageMaker pulls from ECR in the model's own region alone, and never from public.ecr.aws: CreateModel,
        # ContainerDefinition.Image, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html
        image=Form(
            r"[0-9]{12}\.dkr\.ecr\.{region}\.amazonaws\.com/.+",
            "an image of ECR in the stack's region, such as 111122223333.dkr.ecr.{region}.amazonaws.com/scorer:1.4; "
            "SageMaker pulls from no other registry or region, so push a copy there",
        ),
        registry=r"(?P<place>(?P<owner>[0-9]{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com)/.+",
        open_registries=(),  # hundreds of accounts: catalogue/generated/aws.json has them
        uri=Form(
            rf"s3://[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]{_PATH}",
            "an S3 address with a key such as s3://bucket/folder/",
        ),
        # ModelDataUrl, on the same page.
        artifact=Form(
            r".*\.tar\.gz", "one archive whose name ends with '.tar.gz', such as s3://bucket/folder/model.tar.gz"
        ),
        folders=False,
        person=Form(None, "none; Studio knows a person by the role they sign in with"),
        idle_minutes=525_600,  # Studio's idleTimeoutInMinutes
        network=Form(r"vpc-[0-9a-f]{8,17}", "the id of a VPC such as vpc-0123456789abcdef0"),
        identity=Form(
            r"arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}",
            "the ARN of a role such as arn:aws:iam::444455556666:role/payments-app",
        ),
        marks=r"\bs3://|\barn:aws|\.dkr\.ecr\.|(?<![\w.])ml\.[a-z]|\bvpc-[0-9a-f]",
    ),
    "gcp": PlatformRecord(
        name="gcp",
        product="Vertex AI",
        sdk="pulumi_gcp",
        packages=("gcp:", "mlplatform:gcp:"),
        foreign=("google-native:",),
        provider="pulumi:providers:gcp",
        rendering="terraform",
        tag="label",
        tag_value=r"[a-z0-9_-]{1,63}",  # Google Cloud, "Labels overview"
        account=Form(
            r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
            "a Google Cloud project id such as payments-risk-pilot, neither its number nor its name",
        ),
        region="us-central1",
        # https://cloud.google.com/vertex-ai/docs/reference/rest/v1/ModelContainerSpec (imageUri)
        image=Form(
            r"([a-z0-9-]+-docker\.pkg\.dev/[^/]+/[^/]+|([a-z]+\.)?gcr\.io/[^/]+)/.+",
            "one of Artifact Registry such as {region}-docker.pkg.dev/project/repository/scorer:1.4, or gcr.io; "
            "Vertex AI pulls from no other registry, so push a copy there",
        ),
        registry=r"(?P<place>([a-z0-9-]+-docker\.pkg\.dev|([a-z]+\.)?gcr\.io)/(?P<owner>[^/]+))/.+",
        # Google's own projects: https://cloud.google.com/vertex-ai/docs/predictions/pre-built-containers and
        # https://cloud.google.com/deep-learning-containers/docs/choosing-container. `ml-pipeline` has the launchers of
        # Google Cloud Pipeline Components: https://cloud.google.com/vertex-ai/docs/pipelines/components-introduction
        open_registries=(
            *("vertex-ai", "vertex-ai-restricted", "deeplearning-platform-release", "cloud-aiplatform"),
            "ml-pipeline",
        ),
        uri=Form(
            rf"gs://[a-z0-9][a-z0-9._-]{{1,61}}[a-z0-9]{_PATH}", "a Cloud Storage folder such as gs://bucket/folder/"
        ),
        artifact=FOLDER,
        folders=True,
        # Of a workforce pool no one owns an instance: instanceOwners takes an e-mail address alone, and with
        # enableThirdPartyIdentity everybody opens it who may act as its account, which all people here share.
        # https://cloud.google.com/vertex-ai/docs/workbench/reference/rest/v2/projects.locations.instances
        person=Form(
            r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
            "the e-mail address of a Google account, for Workbench takes no owner from a workforce pool",
        ),
        idle_minutes=1_440,  # Workbench's idle-timeout-seconds, 600 to 86400
        network=Form(
            r"projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/global/networks/[a-z][a-z0-9-]{0,62}",
            "the id of a VPC such as projects/company-network-host/global/networks/shared-ml",
        ),
        identity=Form(
            r"[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com",
            "the e-mail address of a service account such as app@payments.iam.gserviceaccount.com",
        ),
        marks=r"\bgs://|\bdocker\.pkg\.dev|\bgcr\.io|(?<![\w/])projects/",
    ),
    "azure": PlatformRecord(
        name="azure",
        product="Azure Machine Learning",
        sdk="pulumi_azure_native",
        packages=("azure-native:", "mlplatform:azure:"),
        foreign=("azure:", "azuread:", "azure-native_"),
        provider="pulumi:providers:azure-native",
        rendering="arm",
        tag="tag",
        tag_value=r"[^<>%&\\?/]{1,256}",  # Azure, "Use tags"
        account=Form(_UUID, "an Azure subscription id such as 00000000-0000-0000-0000-000000000000, in lower case"),
        region="eastus2",
        # The serving and batch personas may pull from the stack's own registry; Microsoft's is open to everybody. Which
        # registry of Azure's is the stack's own or named under `sources`, a rule says (identity-registries).
        image=Form(
            r"([a-z0-9]+\.azurecr\.io|mcr\.microsoft\.com)/.+",
            "an image of the stack's own registry such as REGISTRY.azurecr.io/scorer:1.4, or of mcr.microsoft.com; "
            "the endpoint may pull from no other registry, so push a copy there",
        ),
        registry=r"(?P<place>[a-z0-9]+\.azurecr\.io|mcr\.microsoft\.com)/.+",
        open_registries=("mcr.microsoft.com",),
        # The stack makes one datastore, and its personas may write to no other.
        uri=Form(
            rf"azureml://datastores/artifacts/paths{_PATH}",
            "a folder of the stack's own datastore such as azureml://datastores/artifacts/paths/folder/",
        ),
        artifact=FOLDER,
        folders=True,
        person=Form(_UUID, "the object id of a user in Entra ID, a UUID in lower case"),
        idle_minutes=4_320,  # a compute instance's idleTimeBeforeShutdown, PT15M to P3D
        network=Form(
            rf"/subscriptions/{_UUID}/resourceGroups/[A-Za-z0-9_().-]{{1,90}}/providers/Microsoft\.Network/"
            r"virtualNetworks/[A-Za-z0-9_.-]{1,64}",
            "the id of a virtual network, from /subscriptions/ on",
        ),
        identity=Form(_UUID, "the object id of a service principal or managed identity in Entra ID, in lower case"),
        marks=r"\bazureml://|\.azurecr\.io|/subscriptions/|\bStandard_[A-Z]",
    ),
}


@cache
def platform_of(token: str) -> Platform | None:
    """The platform that has the package of a resource type among its own, or None."""
    return next((p.name for p in PLATFORMS.values() if token == p.provider or token.startswith(p.packages)), None)


def cloud_of(token: str) -> Platform | None:
    """The platform of the cloud that a resource type belongs to, in any package."""
    own = platform_of(token)
    return own or next((p.name for p in PLATFORMS.values() if token.startswith(p.foreign)), None)
