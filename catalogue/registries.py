"""Where images and artifacts lie: in a registry of the account's own or of another's, and under which address."""

import re

_WORKSPACE = re.compile(r"^azureml://subscriptions/.*?/datastores/")


def as_written(uri: str) -> str:
    """The address of an artifact as a stack file writes it. Azure's provider chooses the name of the workspace in it.

    So an address that was read before `up` names another workspace than the one that then stands.
    """
    return _WORKSPACE.sub("azureml://datastores/", uri)


def is_own(platform: str, image: str, account: str) -> bool:
    """Whether an image is in a registry of the account, as far as its address says.

    A registry of Azure names no subscription, so each is taken for the account's own.
    """
    registry, _, named = image.partition("/")
    if platform == "aws":
        return registry.startswith(f"{account}.dkr.ecr.")
    if platform == "gcp":
        return named.startswith(f"{account}/")
    return registry.endswith(".azurecr.io")
