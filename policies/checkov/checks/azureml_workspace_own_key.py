"""A workspace's records of runs and models are encrypted with the team's own key. The team can revoke it."""

from checkov.arm.base_resource_check import BaseResourceCheck
from checkov.common.models.enums import CheckCategories, CheckResult


class AzuremlWorkspaceOwnKey(BaseResourceCheck):
    """CKV_MLP_8: an Azure ML workspace has `encryption`, enabled, with the identifier of a key."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure an Azure Machine Learning workspace is encrypted with a customer-managed key",
            id="CKV_MLP_8",
            categories=[CheckCategories.ENCRYPTION],
            supported_resources=["Microsoft.MachineLearningServices/workspaces"],
        )

    def scan_resource_conf(self, conf: dict) -> CheckResult:
        """Pass when both hold; the key may be an expression, so only its presence is asked."""
        place = "properties/encryption"
        self.evaluated_keys = [f"{place}/status", f"{place}/keyVaultProperties/keyIdentifier"]
        encryption = (conf.get("properties") or {}).get("encryption") or {}
        key = (encryption.get("keyVaultProperties") or {}).get("keyIdentifier")
        return CheckResult.PASSED if encryption.get("status") == "Enabled" and key else CheckResult.FAILED


check = AzuremlWorkspaceOwnKey()
