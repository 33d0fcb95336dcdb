"""Names on Google Cloud that follow from the stack's own, for who knows the stack and lays no ground."""

from catalogue.registered import IMAGES, artifacts_of, registry_of

__all__ = ["approvals_of", "artifacts_of", "images_of", "registry_of"]


def approvals_of(stack: str, project: str) -> str:
    """The bucket in which the approver's decisions on registered versions lie."""
    return f"{stack}-approvals-{project}"


def images_of(stack: str, project: str, region: str) -> str:
    """The repository of images. Grants on it name it as the stack file does."""
    return f"{region}-docker.pkg.dev/{project}/{registry_of(stack)}{IMAGES}"
