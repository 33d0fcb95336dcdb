"""Predictions stay on the private network: an endpoint that says nothing is open to the internet."""

from checkov.arm.base_resource_value_check import BaseResourceValueCheck
from checkov.common.models.enums import CheckCategories


class AzuremlEndpointPrivate(BaseResourceValueCheck):
    """CKV_MLP_10: an Azure ML online endpoint has `publicNetworkAccess = "Disabled"` (Azure's default is enabled)."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure an Azure Machine Learning online endpoint has no public access",
            id="CKV_MLP_10",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["Microsoft.MachineLearningServices/workspaces/onlineEndpoints"],
        )

    def get_inspected_key(self) -> str:
        """Name the property that decides."""
        return "properties/publicNetworkAccess"

    def get_expected_value(self) -> str:
        """Give the only value that passes."""
        return "Disabled"


check = AzuremlEndpointPrivate()
