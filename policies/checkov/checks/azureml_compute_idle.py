"""A compute instance bills until somebody stops it."""

from checkov.arm.base_resource_check import BaseResourceCheck
from checkov.common.models.enums import CheckCategories, CheckResult


class AzuremlComputeIdle(BaseResourceCheck):
    """CKV_MLP_22: an Azure ML compute instance has an `idleTimeBeforeShutdown`."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure an Azure Machine Learning compute instance stops when idle",
            id="CKV_MLP_22",
            categories=[CheckCategories.GENERAL_SECURITY],
            supported_resources=["Microsoft.MachineLearningServices/workspaces/computes"],
        )

    def scan_resource_conf(self, conf: dict) -> CheckResult:
        """Pass when a time is given, and for every other kind of compute."""
        properties = conf.get("properties") or {}
        self.evaluated_keys = ["properties/properties/idleTimeBeforeShutdown"]
        inner = properties.get("properties") or {}
        instance = properties.get("computeType") == "ComputeInstance"
        stops = not instance or inner.get("idleTimeBeforeShutdown")
        return CheckResult.PASSED if stops else CheckResult.FAILED


check = AzuremlComputeIdle()
