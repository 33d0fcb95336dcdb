"""Google gives whoever opens a Workbench instance root and a download button, unless its metadata take both away."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class WorkbenchInstanceLocked(BaseResourceCheck):
    """CKV_MLP_19: a Workbench instance has `notebook-disable-root` and `notebook-disable-downloads`."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure a Workbench instance has neither root nor downloads",
            id="CKV_MLP_19",
            categories=[CheckCategories.IAM],
            supported_resources=["google_workbench_instance"],
        )

    def scan_resource_conf(self, conf: dict) -> CheckResult:
        """Pass when both words of the metadata are true, as text or as a flag."""
        switches = ("notebook-disable-root", "notebook-disable-downloads")
        self.evaluated_keys = ["gce_setup/[0]/metadata"]
        setup = (conf.get("gce_setup") or [None])[0] or {}
        metadata = _alone(setup.get("metadata")) or {}
        locked = all(str(_alone(metadata.get(switch))).lower() == "true" for switch in switches)
        return CheckResult.PASSED if locked else CheckResult.FAILED


def _alone(value: object) -> object:
    """What Checkov wraps in a list: in a file of Terraform the map, in a plan each value of it."""
    return value[0] if isinstance(value, list) and value else value


check = WorkbenchInstanceLocked()
