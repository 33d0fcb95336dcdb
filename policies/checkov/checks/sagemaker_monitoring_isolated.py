"""A monitoring schedule starts jobs that nobody watches: each is isolated and encrypts between its machines."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class SagemakerMonitoringIsolated(BaseResourceCheck):
    """CKV_MLP_16: the job of a SageMaker monitoring schedule is isolated and encrypts between containers."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure the job of a SageMaker monitoring schedule is isolated and encrypts between containers",
            id="CKV_MLP_16",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["aws_sagemaker_monitoring_schedule"],
        )

    def scan_resource_conf(self, conf: dict) -> CheckResult:
        """Pass when both switches are on, or when the job is a definition of its own, which CKV_MLP_15 judges."""
        where = "monitoring_schedule_config/[0]/monitoring_job_definition/[0]/network_config/[0]"
        self.evaluated_keys = [
            f"{where}/enable_network_isolation",
            f"{where}/enable_inter_container_traffic_encryption",
        ]
        schedule = (conf.get("monitoring_schedule_config") or [None])[0] or {}
        job = (schedule.get("monitoring_job_definition") or [None])[0]
        if not job:
            return CheckResult.PASSED
        network = (job.get("network_config") or [None])[0] or {}
        switches = ("enable_network_isolation", "enable_inter_container_traffic_encryption")
        closed = all(network.get(switch) == [True] for switch in switches)
        return CheckResult.PASSED if closed else CheckResult.FAILED


check = SagemakerMonitoringIsolated()
