"""A notebook machine or cluster node lets people in by Entra ID only, and has no public address."""

from checkov.arm.base_resource_check import BaseResourceCheck
from checkov.common.models.enums import CheckCategories, CheckResult

SSH = {
    "AmlCompute": ("remoteLoginPortPublicAccess",),
    "ComputeInstance": ("sshSettings", "sshPublicAccess"),
}


class AzuremlComputeClosed(BaseResourceCheck):
    """CKV_MLP_11: an Azure ML compute has local authentication, SSH from outside and public addresses off."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure an Azure Machine Learning compute has no local accounts, public SSH or public address",
            id="CKV_MLP_11",
            categories=[CheckCategories.IAM],
            supported_resources=["Microsoft.MachineLearningServices/workspaces/computes"],
        )

    def scan_resource_conf(self, conf: dict) -> CheckResult:
        """Pass when all three hold. Kinds without our own nodes (Kubernetes, Synapse) have only the first."""
        properties = conf.get("properties") or {}
        self.evaluated_keys = ["properties/disableLocalAuth"]
        closed = properties.get("disableLocalAuth") is True
        if ssh := SSH.get(properties.get("computeType")):
            inner = "properties/properties"
            self.evaluated_keys += [f"{inner}/enableNodePublicIp", f"{inner}/{'/'.join(ssh)}"]
            nodes = access = properties.get("properties") or {}
            for key in ssh:
                access = access.get(key) or {}
            closed = closed and access == "Disabled" and nodes.get("enableNodePublicIp") is False
        return CheckResult.PASSED if closed else CheckResult.FAILED


check = AzuremlComputeClosed()
