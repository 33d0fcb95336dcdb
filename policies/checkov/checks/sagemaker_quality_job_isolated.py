"""A data quality job reads what people ask of a model: a container that opens connections can send it out."""

from checkov.common.models.enums import CheckCategories
from checkov.terraform.checks.resource.base_resource_value_check import BaseResourceValueCheck


class SagemakerQualityJobIsolated(BaseResourceValueCheck):
    """CKV_MLP_15: a SageMaker data quality job definition has `enable_network_isolation`."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure a SageMaker data quality job is isolated from the network",
            id="CKV_MLP_15",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["aws_sagemaker_data_quality_job_definition"],
        )

    def get_inspected_key(self) -> str:
        """Name the attribute that decides."""
        return "network_config/[0]/enable_network_isolation"

    def get_expected_value(self) -> bool:
        """Give the only value that passes."""
        return True


check = SagemakerQualityJobIsolated()
