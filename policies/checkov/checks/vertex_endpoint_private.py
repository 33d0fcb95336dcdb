"""Predictions stay on the private network: a Vertex AI endpoint that says nothing of a network answers on the internet.

Checkov's own rule (CKV2_GCP_33) knows VPC peering only, which excludes Private Service Connect.
"""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class VertexEndpointPrivate(BaseResourceCheck):
    """CKV_MLP_4: a Vertex AI endpoint has `private_service_connect_config`, enabled, or is peered with a `network`."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure a Vertex AI endpoint answers only on a private network",
            id="CKV_MLP_4",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["google_vertex_ai_endpoint"],
        )

    def scan_resource_conf(self, conf: dict) -> CheckResult:
        """Pass when either holds; the network may be a reference, so only its presence is asked."""
        self.evaluated_keys = ["private_service_connect_config/[0]/enable_private_service_connect", "network"]
        connect = (conf.get("private_service_connect_config") or [None])[0] or {}
        private = connect.get("enable_private_service_connect") == [True] or conf.get("network")
        return CheckResult.PASSED if private else CheckResult.FAILED


check = VertexEndpointPrivate()
