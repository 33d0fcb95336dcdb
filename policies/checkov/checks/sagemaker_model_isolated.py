"""A served model runs in our subnets and cannot call out: its image and weights are code from elsewhere."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class SagemakerModelIsolated(BaseResourceCheck):
    """CKV_MLP_2: a SageMaker model has a `vpc_config` with subnets and groups, and `enable_network_isolation`."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure a SageMaker model runs in a VPC with network isolation",
            id="CKV_MLP_2",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["aws_sagemaker_model"],
        )

    def scan_resource_conf(self, conf: dict) -> CheckResult:
        """Pass when both halves hold; subnets and groups may be references, so only their presence is asked."""
        self.evaluated_keys = [
            "enable_network_isolation",
            "vpc_config/[0]/subnets",
            "vpc_config/[0]/security_group_ids",
        ]
        vpc = (conf.get("vpc_config") or [None])[0] or {}
        placed = vpc.get("subnets") and vpc.get("security_group_ids")
        return CheckResult.PASSED if placed and conf.get("enable_network_isolation") == [True] else CheckResult.FAILED


check = SagemakerModelIsolated()
