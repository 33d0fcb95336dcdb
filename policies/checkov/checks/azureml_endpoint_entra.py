"""An endpoint knows its callers by their identity: a key is nobody's, never expires and works from anywhere."""

from checkov.arm.base_resource_value_check import BaseResourceValueCheck
from checkov.common.models.enums import CheckCategories


class AzuremlEndpointEntra(BaseResourceValueCheck):
    """CKV_MLP_9: an Azure ML online or batch endpoint has `authMode = "AADToken"`, which is Entra ID."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure an Azure Machine Learning endpoint authenticates callers by Entra ID",
            id="CKV_MLP_9",
            categories=[CheckCategories.IAM],
            supported_resources=[
                "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
                "Microsoft.MachineLearningServices/workspaces/batchEndpoints",
            ],
        )

    def get_inspected_key(self) -> str:
        """Name the property that decides."""
        return "properties/authMode"

    def get_expected_value(self) -> str:
        """Give the only value that passes."""
        return "AADToken"


check = AzuremlEndpointEntra()
