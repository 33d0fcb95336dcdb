"""What an endpoint captures is what people asked: it rests under a key that its owner can take away."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class SagemakerCaptureKey(BaseResourceCheck):
    """CKV_MLP_18: the data capture of a SageMaker endpoint configuration has a KMS key."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure what a SageMaker endpoint captures has a KMS key",
            id="CKV_MLP_18",
            categories=[CheckCategories.ENCRYPTION],
            supported_resources=["aws_sagemaker_endpoint_configuration"],
        )

    def scan_resource_conf(self, conf: dict) -> CheckResult:
        """Pass when nothing is captured, or when the capture has a key, which may be a reference."""
        self.evaluated_keys = ["data_capture_config/[0]/kms_key_id"]
        capture = (conf.get("data_capture_config") or [None])[0]
        return CheckResult.PASSED if not capture or capture.get("kms_key_id") else CheckResult.FAILED


check = SagemakerCaptureKey()
