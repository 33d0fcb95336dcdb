"""A bad model version must take itself back: a deployment without alarms only rolls back when it cannot start."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class SagemakerEndpointRollback(BaseResourceCheck):
    """CKV_MLP_3: a SageMaker endpoint has `deployment_config.auto_rollback_configuration.alarms`."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure a SageMaker endpoint rolls a deployment back on alarms",
            id="CKV_MLP_3",
            categories=[CheckCategories.BACKUP_AND_RECOVERY],
            supported_resources=["aws_sagemaker_endpoint"],
        )

    def scan_resource_conf(self, conf: dict) -> CheckResult:
        """Pass when at least one alarm is named; its name may be a reference, so only its presence is asked."""
        self.evaluated_keys = ["deployment_config/[0]/auto_rollback_configuration/[0]/alarms"]
        block = conf
        for key in ("deployment_config", "auto_rollback_configuration", "alarms"):
            block = (block.get(key) or [None])[0] or {}
        return CheckResult.PASSED if block.get("alarm_name") else CheckResult.FAILED


check = SagemakerEndpointRollback()
