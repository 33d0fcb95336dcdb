"""The disk of a Colab runtime holds what people work on: it rests under a key that its owner can take away."""

from checkov.common.models.consts import ANY_VALUE
from checkov.common.models.enums import CheckCategories
from checkov.terraform.checks.resource.base_resource_value_check import BaseResourceValueCheck


class ColabRuntimeKey(BaseResourceValueCheck):
    """CKV_MLP_21: a Colab runtime template has an `encryption_spec` with a key."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure a Colab runtime template has a customer-managed key",
            id="CKV_MLP_21",
            categories=[CheckCategories.ENCRYPTION],
            supported_resources=["google_colab_runtime_template"],
        )

    def get_inspected_key(self) -> str:
        """Name the attribute that decides."""
        return "encryption_spec/[0]/kms_key_name"

    def get_expected_value(self) -> str:
        """Give what passes: any key, which may be a reference."""
        return ANY_VALUE


check = ColabRuntimeKey()
