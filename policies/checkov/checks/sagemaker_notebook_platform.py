"""A notebook instance keeps the platform that it was made on: one that AWS no longer mends stays as it is."""

from checkov.common.models.enums import CheckCategories
from checkov.terraform.checks.resource.base_resource_value_check import BaseResourceValueCheck


class SagemakerNotebookPlatform(BaseResourceValueCheck):
    """CKV_MLP_13: a SageMaker notebook instance has `platform_identifier = "notebook-al2023-v1"`."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure a SageMaker notebook instance runs on a platform that AWS supports",
            id="CKV_MLP_13",
            categories=[CheckCategories.GENERAL_SECURITY],
            supported_resources=["aws_sagemaker_notebook_instance"],
        )

    def get_inspected_key(self) -> str:
        """Name the attribute that decides."""
        return "platform_identifier"

    def get_expected_value(self) -> str:
        """Give the only value that passes."""
        return "notebook-al2023-v1"


check = SagemakerNotebookPlatform()
