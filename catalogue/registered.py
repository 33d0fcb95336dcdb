"""Where a registered version of a model lies, by its name and number alone, so that nobody asks a registry to deploy.

On aws the version N of NAME in the registry REGISTRY is the model package N of the group REGISTRY-NAME. Its artifact is
`registry/NAME/N/model.tar.gz` of the artifact bucket, and its image has the tag NAME-N in the repository
REGISTRY-images, whose tags name one image for ever.

On azure it is version N of the model NAME-registered in the workspace, its approval that of NAME-approved. Its
artifact is the folder `registry/NAME/N/artifact/` of the datastore, and its image has the tag NAME-N in the repository
`registry` of the stack's registry of images.
"""

import re
from dataclasses import dataclass

FOLDER = "registry/"
"""The folder of an artifact bucket below which versions lie, and nothing else."""
IMAGES = "-images"
"""How the name of a registry's repository of images ends, on aws."""
REPOSITORY = "registry"
"""The repository that has the images of versions, on azure."""
VERSIONS, APPROVALS = "-registered", "-approved"
"""How the names of the models end whose versions are the registered ones and their approvals, on azure."""
PENDING, APPROVED, REJECTED = "PendingManualApproval", "Approved", "Rejected"
"""What the registry of SageMaker says of a version: ModelApprovalStatus,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModelPackage.html
"""
DIGEST = "digest"
"""The key of a model package's customer metadata, or of an approval's properties, that has the digest of the version's
record.
"""
_FILES = rf"{FOLDER}(?P<name>[a-z0-9]+(?:-[a-z0-9]+)*)/(?P<version>[1-9][0-9]{{0,9}})"
_ARTIFACT = re.compile(rf"s3://(?P<bucket>[^/]+)/{_FILES}/model\.tar\.gz")
_ARTIFACT_FOLDER = re.compile(rf"azureml://(?:.+/)?datastores/(?P<datastore>[^/]+)/paths/{_FILES}/artifact/")


@dataclass(frozen=True)
class Registered:
    """One version of a model in a registry."""

    name: str
    version: int

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
        """The folder of its artifact below the store of artifacts, where an artifact is a folder."""
        return f"{self.folder}artifact/"

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


def package_arn(account: str, region: str, package: str) -> str:
    """The ARN of a version on aws, GROUP/NUMBER: "Resource types defined by Amazon SageMaker", Service Authorization
    Reference, https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
    """
    return f"arn:aws:sagemaker:{region}:{account}:model-package/{package}"


def in_registry(uri: str) -> bool:
    """Whether an address is below the folder of versions of a bucket or a datastore."""
    if uri.startswith("azureml://"):
        return uri.partition("/paths/")[2].startswith(FOLDER)
    return uri.removeprefix("s3://").partition("/")[2].startswith(FOLDER)


def at(uri: str) -> Registered | None:
    """The version whose artifact has this address on aws. None for any other address."""
    found = _ARTIFACT.fullmatch(uri)
    return Registered(found["name"], int(found["version"])) if found else None


def in_datastore(uri: str) -> tuple[Registered, str] | None:
    """The version whose artifact is this folder of a datastore, and the datastore. None for any other address."""
    found = _ARTIFACT_FOLDER.fullmatch(uri)
    return (Registered(found["name"], int(found["version"])), found["datastore"]) if found else None
