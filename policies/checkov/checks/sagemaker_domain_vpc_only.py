"""Studio traffic stays in the VPC: otherwise every notebook has a route to the internet that nobody sees."""

from checkov.common.models.enums import CheckCategories
from checkov.terraform.checks.resource.base_resource_value_check import BaseResourceValueCheck


class SagemakerDomainVpcOnly(BaseResourceValueCheck):
    """CKV_MLP_1: a SageMaker domain has `app_network_access_type = "VpcOnly"` (AWS's default is public)."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure a SageMaker domain reaches the network only through its VPC",
            id="CKV_MLP_1",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["aws_sagemaker_domain"],
        )

    def get_inspected_key(self) -> str:
        """Name the attribute that decides."""
        return "app_network_access_type"

    def get_expected_value(self) -> str:
        """Give the only value that passes."""
        return "VpcOnly"


check = SagemakerDomainVpcOnly()
