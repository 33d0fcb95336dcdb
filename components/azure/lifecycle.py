"""How long a storage account keeps what nobody deletes: old versions, and what the data collector writes."""

import pulumi
from pulumi_azure_native import storage

from components.given import Text

KEEP_DAYS = 30
COLLECTED = "modelDataCollector/"
"""The folder of a workspace's default container in which the data collector keeps requests and answers: "Collect
production data from models", at https://learn.microsoft.com/en-us/azure/machine-learning/how-to-collect-production-data
"""


def let_expire(
    name: str,
    storage_name: Text,
    group_name: Text,
    workspace_guid: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Create the lifecycle of a workspace's storage account, which has one only.

    Old versions go after 30 days. So do requests and answers, which may be about people; as everything that is deleted
    there, they can be recovered for 30 days more. The workspace's default container is named by the GUID of the
    workspace, which is known once it stands.
    """
    collected = pulumi.Output.concat("azureml-blobstore-", workspace_guid, "/", COLLECTED)
    storage.ManagementPolicy(
        name,
        management_policy_name="default",
        account_name=storage_name,
        resource_group_name=group_name,
        policy={"rules": [_old_versions(), _payloads(collected)]},
        opts=opts,
    )


def _old_versions() -> storage.ManagementPolicyRuleArgsDict:
    gone: storage.DateAfterCreationArgsDict = {"days_after_creation_greater_than": KEEP_DAYS}
    return {
        "name": "old-versions",
        "enabled": True,
        "type": "Lifecycle",
        "definition": {
            "filters": {"blob_types": ["blockBlob"]},
            "actions": {"version": {"delete": gone}, "snapshot": {"delete": gone}},
        },
    }


def _payloads(below: pulumi.Input[str]) -> storage.ManagementPolicyRuleArgsDict:
    gone: storage.DateAfterModificationArgsDict = {"days_after_modification_greater_than": KEEP_DAYS}
    return {
        "name": "payloads",
        "enabled": True,
        "type": "Lifecycle",
        "definition": {
            "filters": {"blob_types": ["blockBlob", "appendBlob"], "prefix_match": [below]},
            "actions": {"base_blob": {"delete": gone}},
        },
    }
