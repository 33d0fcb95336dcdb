"""A storage account knows its callers by their identity. Checkov has this rule for Terraform only (CKV2_AZURE_40)."""

from checkov.arm.base_resource_value_check import BaseResourceValueCheck
from checkov.common.models.enums import CheckCategories


class StorageAccountNoSharedKey(BaseResourceValueCheck):
    """CKV_MLP_12: a storage account has `allowSharedKeyAccess = false` (Azure's default is true)."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure a storage account takes no shared keys",
            id="CKV_MLP_12",
            categories=[CheckCategories.IAM],
            supported_resources=["Microsoft.Storage/storageAccounts"],
        )

    def get_inspected_key(self) -> str:
        """Name the property that decides."""
        return "properties/allowSharedKeyAccess"

    def get_expected_value(self) -> bool:
        """Give the only value that passes."""
        return False


check = StorageAccountNoSharedKey()
