"""A workspace's managed network lets out only what was approved: without it, jobs and endpoints reach the internet."""

from checkov.arm.base_resource_value_check import BaseResourceValueCheck
from checkov.common.models.enums import CheckCategories


class AzuremlWorkspaceApprovedOutbound(BaseResourceValueCheck):
    """CKV_MLP_7: an Azure ML workspace has `managedNetwork.isolationMode = "AllowOnlyApprovedOutbound"`."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure an Azure Machine Learning workspace allows only approved outbound traffic",
            id="CKV_MLP_7",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["Microsoft.MachineLearningServices/workspaces"],
        )

    def get_inspected_key(self) -> str:
        """Name the property that decides."""
        return "properties/managedNetwork/isolationMode"

    def get_expected_value(self) -> str:
        """Give the only value that passes."""
        return "AllowOnlyApprovedOutbound"


check = AzuremlWorkspaceApprovedOutbound()
