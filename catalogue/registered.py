"""Where a registered version of a model lies, by its name and number alone, so that nobody asks a registry to deploy.

On aws the version N of NAME in the registry REGISTRY is the model package N of the group REGISTRY-NAME. Its artifact is
`registry/NAME/N/model.tar.gz` of the artifact bucket, and its image has the tag NAME-N in the repository
REGISTRY-images, whose tags name one image for ever.

On gcp the version N of NAME is what lies in `registry/NAME/N/` of the artifact bucket, where the publisher may create
objects and replace none: its record, and below `artifact/` its artifact. Its image is NAME:N in the repository
REGISTRY-images, whose tags name one image for ever. What was decided on it lies in a bucket of approvals.

On azure it is version N of the model NAME-registered in the workspace, its approval that of NAME-approved. Its
artifact is the folder `registry/NAME/N/artifact/` of the datastore, and its image has the tag NAME-N in the repository
`registry` of the stack's registry of images.
"""

import re
from dataclasses import dataclass

FOLDER = "registry/"
"""The folder of an artifact bucket below which versions lie, and nothing else."""
IMAGES = "-images"
"""How the name of a registry's repository of images ends, on aws and gcp."""
REPOSITORY = "registry"
"""The repository that has the images of versions, on azure."""
VERSIONS, APPROVALS = "-registered", "-approved"
"""How the names of the models end whose versions are the registered ones and their approvals, on azure."""
PENDING, APPROVED, REJECTED = "PendingManualApproval", "Approved", "Rejected"
"""What the registry of SageMaker says of a version: ModelApprovalStatus,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModelPackage.html
"""
DIGEST = "digest"
"""The key of a model package's customer metadata, or of an approval's properties on azure, that has the digest of the
version's record.
"""
DECISIONS = "approvals/"
"""The folder of a bucket of approvals on gcp below which decisions lie, and nothing else."""
_VERSION = rf"{FOLDER}(?P<name>[a-z0-9]+(?:-[a-z0-9]+)*)/(?P<version>[1-9][0-9]{{0,9}})/"
_S3 = re.compile(rf"s3://(?P<bucket>[^/]+)/{_VERSION}model\.tar\.gz")
_GCS = re.compile(rf"gs://(?P<bucket>[^/]+)/{_VERSION}artifact/")
_AZUREML = re.compile(rf"azureml://(?:.+/)?datastores/(?P<datastore>[^/]+)/paths/{_VERSION}artifact/")


@dataclass(frozen=True)
class Registered:
    """One version of a model in a registry."""

    name: str
    version: int

    @classmethod
    def of(cls, said: str) -> "Registered":
        """The version that is called NAME@N."""
        name, _, version = said.partition("@")
        return cls(name, int(version))

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def tag(self) -> str:
        """The tag of its image."""
        return f"{self.name}-{self.version}"

    @property
    def folder(self) -> str:
        """The folder of its artifact and its record in the artifact bucket."""
        return f"{FOLDER}{self.name}/{self.version}/"

    def artifact(self, bucket: str) -> str:
        """The address of its artifact on aws."""
        return f"s3://{bucket}/{self.folder}model.tar.gz"

    @property
    def artifact_folder(self) -> str:
        """The folder of its artifact below the store of artifacts, on gcp and azure."""
        return f"{self.folder}artifact/"

    def image(self, repository: str) -> str:
        """The address of its image on gcp, in a repository such as `REGION-docker.pkg.dev/PROJECT/REPOSITORY`."""
        return f"{repository}/{self.name}:{self.version}"

    @property
    def decisions(self) -> str:
        """The folder of what was decided on it, in a bucket of approvals on gcp."""
        return f"{DECISIONS}{self.name}/{self.version}"

    def decision(self, decision: str) -> str:
        """The object of a decision on it, `approved` or `rejected`, in a bucket of approvals on gcp."""
        return f"{self.decisions}/{decision}.json"

    @property
    def versions(self) -> str:
        """The model whose versions are the registered ones, on azure."""
        return f"{self.name}{VERSIONS}"

    @property
    def approvals(self) -> str:
        """The model whose versions are the approvals, on azure."""
        return f"{self.name}{APPROVALS}"

    def group(self, registry: str) -> str:
        """The group of model packages that it is one of, on aws."""
        return f"{registry}-{self.name}"


def artifacts_of(stack: str, account: str) -> str:
    """The artifact bucket of a stack, on aws and gcp, by what the names of its resources begin with."""
    return f"{stack}-artifacts-{account}"


def registry_of(stack: str) -> str:
    """The registry of a stack, on aws and gcp, which the name of its repository begins with, on aws its groups' too."""
    return f"{stack}-registry"


def package_arn(account: str, region: str, package: str) -> str:
    """The ARN of a version on aws, GROUP/NUMBER: "Resource types defined by Amazon SageMaker", Service Authorization
    Reference, https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
    """
    return f"arn:aws:sagemaker:{region}:{account}:model-package/{package}"


def in_registry(uri: str) -> bool:
    """Whether an address is below the folder of versions of a bucket or a datastore."""
    if uri.startswith("azureml://"):
        return uri.partition("/paths/")[2].startswith(FOLDER)
    return uri.partition("://")[2].partition("/")[2].startswith(FOLDER)


def lies_in(uri: str) -> Registered | None:
    """The version in whose folder an address lies, on any platform. None for any other address."""
    path = uri.partition("/paths/" if uri.startswith("azureml://") else "://")[2]
    path = path if uri.startswith("azureml://") else path.partition("/")[2]
    found = re.match(rf"{FOLDER}([a-z][a-z0-9-]*)/([1-9][0-9]*)(?:/|$)", path)
    return Registered(found[1], int(found[2])) if found else None


def at(uri: str) -> Registered | None:
    """The version whose artifact has this address, on aws or gcp. None for any other address."""
    found = _S3.fullmatch(uri) or _GCS.fullmatch(uri)
    return Registered(found["name"], int(found["version"])) if found else None


def in_datastore(uri: str) -> tuple[Registered, str] | None:
    """The version whose artifact is this folder of a datastore, and the datastore. None for any other address."""
    found = _AZUREML.fullmatch(uri)
    return (Registered(found["name"], int(found["version"])), found["datastore"]) if found else None
