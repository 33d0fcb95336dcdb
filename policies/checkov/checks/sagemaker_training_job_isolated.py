"""Training code is code from elsewhere beside the data: it runs in our subnets and opens no connection."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class SagemakerTrainingJobIsolated(BaseResourceCheck):
    """CKV_MLP_17: a SageMaker training job has a `vpc_config`, isolation and encryption between containers."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure a SageMaker training job runs isolated in a VPC and encrypts between containers",
            id="CKV_MLP_17",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["aws_sagemaker_training_job"],
        )

    def scan_resource_conf(self, conf: dict) -> CheckResult:
        """Pass when all three hold; subnets may be references, so only their presence is asked."""
        switches = ("enable_network_isolation", "enable_inter_container_traffic_encryption")
        self.evaluated_keys = [*switches, "vpc_config/[0]/subnets"]
        vpc = (conf.get("vpc_config") or [None])[0] or {}
        closed = all(conf.get(switch) == [True] for switch in switches) and vpc.get("subnets")
        return CheckResult.PASSED if closed else CheckResult.FAILED


check = SagemakerTrainingJobIsolated()
