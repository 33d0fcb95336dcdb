"""Features are data of people: each store of a feature group rests under a key that its owner can take away."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class SagemakerFeatureGroupKey(BaseResourceCheck):
    """CKV_MLP_14: the offline and the online store of a SageMaker feature group have a KMS key."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure both stores of a SageMaker feature group have a KMS key",
            id="CKV_MLP_14",
            categories=[CheckCategories.ENCRYPTION],
            supported_resources=["aws_sagemaker_feature_group"],
        )

    def scan_resource_conf(self, conf: dict) -> CheckResult:
        """Pass when each store that is given has a key, which may be a reference."""
        offline = (conf.get("offline_store_config") or [None])[0]
        online = (conf.get("online_store_config") or [None])[0]
        self.evaluated_keys = [
            "offline_store_config/[0]/s3_storage_config/[0]/kms_key_id",
            "online_store_config/[0]/security_config/[0]/kms_key_id",
        ]
        without = [
            store
            for store, section in ((offline, "s3_storage_config"), (online, "security_config"))
            if store and not ((store.get(section) or [None])[0] or {}).get("kms_key_id")
        ]
        return CheckResult.FAILED if without else CheckResult.PASSED


check = SagemakerFeatureGroupKey()
