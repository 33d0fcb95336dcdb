"""How long a storage account keeps what nobody deletes: old versions, and what the data collector writes."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_azure_native import storage

from components.folding import kept_alike
from components.given import Text

KEEP_DAYS = 30
COLLECTED = "modelDataCollector/"
"""The folder of a workspace's default container in which the data collector keeps requests and answers: "Collect
production data from models", at https://learn.microsoft.com/en-us/azure/machine-learning/how-to-collect-production-data
"""


def collected_by(endpoint: str) -> str:
    """The folder below that of one endpoint's requests and answers, whose deployments have folders of their own."""
    return f"{COLLECTED}{endpoint}/"


def let_expire(
    name: str,
    storage_name: Text,
    group_name: Text,
    workspace_guid: pulumi.Input[str],
    capture_days: Mapping[str, int],
    expire_below: Mapping[str, int],
    opts: pulumi.ResourceOptions,
) -> None:
    """Create the lifecycle of a workspace's storage account, which has one only.

    Old versions go after 30 days. Requests and answers, which may be about people, go after the days of their endpoint.
    Those of an endpoint that collects no more go with the longest of them, 30 days at least. As everything that is
    deleted there, they can be recovered for 30 days more. What lies below a folder of `expire_below`, which begins with
    its container, goes after its days. The workspace's default container is named by the GUID of the
    workspace, which is known once it stands.
    """
    container = pulumi.Output.concat("azureml-blobstore-", workspace_guid, "/")
    longest = max(KEEP_DAYS, *capture_days.values(), 0)
    of_each = [
        _gone(f"payloads-{endpoint}", [pulumi.Output.concat(container, collected_by(endpoint))], days)
        for endpoint, days in capture_days.items()
        if days < longest
    ]
    of_all = _gone("payloads", [pulumi.Output.concat(container, COLLECTED)], longest)
    storage.ManagementPolicy(
        name,
        management_policy_name="default",
        account_name=storage_name,
        resource_group_name=group_name,
        policy={"rules": [_old_versions(), of_all, *of_each, *_gone_below(expire_below)]},
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


PREFIXES = 10
"""How many prefixes a rule may have,
https://learn.microsoft.com/en-us/azure/storage/blobs/lifecycle-management-policy-structure
"""


def _gone_below(expire_below: Mapping[str, int]) -> list[storage.ManagementPolicyRuleArgsDict]:
    """A rule for all folders that keep their blobs as long as each other: an account has a hundred rules at most."""
    return [_gone(f"expire-{days}-{number}", below, days) for days, number, below in kept_alike(expire_below, PREFIXES)]


def _gone(name: str, below: Sequence[pulumi.Input[str]], days: int) -> storage.ManagementPolicyRuleArgsDict:
    gone: storage.DateAfterModificationArgsDict = {"days_after_modification_greater_than": days}
    return {
        "name": name,
        "enabled": True,
        "type": "Lifecycle",
        "definition": {
            "filters": {"blob_types": ["blockBlob", "appendBlob"], "prefix_match": below},
            "actions": {"base_blob": {"delete": gone}},
        },
    }
