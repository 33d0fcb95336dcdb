"""A notebook machine proves what it booted. Checkov's rules (CKV_GCP_126, 127) know the older notebooks only."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

SWITCHES = ("enable_secure_boot", "enable_vtpm", "enable_integrity_monitoring")


class WorkbenchInstanceShielded(BaseResourceCheck):
    """CKV_MLP_6: a Workbench instance has all three switches of `gce_setup.shielded_instance_config` on."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure a Workbench instance is a shielded machine with secure boot",
            id="CKV_MLP_6",
            categories=[CheckCategories.GENERAL_SECURITY],
            supported_resources=["google_workbench_instance"],
        )

    def scan_resource_conf(self, conf: dict) -> CheckResult:
        """Pass when each switch is said to be on; secure boot is off where nothing is said."""
        place = "gce_setup/[0]/shielded_instance_config/[0]"
        self.evaluated_keys = [f"{place}/{switch}" for switch in SWITCHES]
        block = conf
        for key in ("gce_setup", "shielded_instance_config"):
            block = (block.get(key) or [None])[0] or {}
        return CheckResult.PASSED if all(block.get(s) == [True] for s in SWITCHES) else CheckResult.FAILED


check = WorkbenchInstanceShielded()
