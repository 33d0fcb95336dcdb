"""A registry of Azure ML shares models across workspaces: one that says nothing answers on the internet."""

from checkov.arm.base_resource_value_check import BaseResourceValueCheck
from checkov.common.models.enums import CheckCategories


class AzuremlRegistryPrivate(BaseResourceValueCheck):
    """CKV_MLP_24: an Azure ML registry has `publicNetworkAccess = "Disabled"`."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure an Azure Machine Learning registry has no public access",
            id="CKV_MLP_24",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["Microsoft.MachineLearningServices/registries"],
        )

    def get_inspected_key(self) -> str:
        """Name the attribute that decides."""
        return "properties/publicNetworkAccess"

    def get_expected_value(self) -> str:
        """Give the only value that passes."""
        return "Disabled"


check = AzuremlRegistryPrivate()
