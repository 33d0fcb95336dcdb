"""Vector search answers whoever reaches it, with what is made of the data: it stays on the private network."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class VertexIndexEndpointPrivate(BaseResourceCheck):
    """CKV_MLP_20: a Vertex AI index endpoint has no public endpoint."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure a Vertex AI index endpoint has no public endpoint",
            id="CKV_MLP_20",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["google_vertex_ai_index_endpoint"],
        )

    def scan_resource_conf(self, conf: dict) -> CheckResult:
        """Pass when the switch is off, as it is where it is left out."""
        self.evaluated_keys = ["public_endpoint_enabled"]
        return CheckResult.FAILED if conf.get("public_endpoint_enabled") == [True] else CheckResult.PASSED


check = VertexIndexEndpointPrivate()
