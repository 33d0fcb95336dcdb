"""A notebook runtime cannot call out: otherwise every notebook has a route to the internet that nobody sees."""

from checkov.common.models.enums import CheckCategories
from checkov.terraform.checks.resource.base_resource_value_check import BaseResourceValueCheck


class ColabRuntimeIsolated(BaseResourceValueCheck):
    """CKV_MLP_5: a Colab Enterprise runtime template has `network_spec.enable_internet_access = false`."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure a Colab Enterprise runtime has no internet access",
            id="CKV_MLP_5",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["google_colab_runtime_template"],
        )

    def get_inspected_key(self) -> str:
        """Name the attribute that decides; saying nothing is no promise."""
        return "network_spec/[0]/enable_internet_access"

    def get_expected_value(self) -> bool:
        """Give the only value that passes."""
        return False


check = ColabRuntimeIsolated()
