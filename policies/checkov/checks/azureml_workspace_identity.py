"""A workspace acts on storage, vault and registry: as an identity of its owner, whose roles somebody gave by name."""

from checkov.arm.base_resource_value_check import BaseResourceValueCheck
from checkov.common.models.consts import ANY_VALUE
from checkov.common.models.enums import CheckCategories


class AzuremlWorkspaceIdentity(BaseResourceValueCheck):
    """CKV_MLP_23: an Azure ML workspace has a `primaryUserAssignedIdentity`."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure an Azure Machine Learning workspace acts as a user-assigned identity",
            id="CKV_MLP_23",
            categories=[CheckCategories.IAM],
            supported_resources=["Microsoft.MachineLearningServices/workspaces"],
        )

    def get_inspected_key(self) -> str:
        """Name the attribute that decides."""
        return "properties/primaryUserAssignedIdentity"

    def get_expected_value(self) -> str:
        """Give what passes: any identity, which may be a reference."""
        return ANY_VALUE


check = AzuremlWorkspaceIdentity()
