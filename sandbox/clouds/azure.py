"""What is special to the simulated Azure: its sentences, the subscription and parent in an id, and its alarms.

A subscription that lacks a resource provider is registered for it by azure-native itself: its client is Azure's own
pipeline with the policy of registration left on (`NewAzCoreClient` and `initPipelineOpts` in
https://github.com/pulumi/pulumi-azure-native/blob/006a62afe453b416e5d5c98d2d91c4c7281f52f9/provider/pkg/azure/client_azcore.go).
An online endpoint takes two more, and its refusal names none: https://github.com/MicrosoftLearning/mslearn-mlops/issues/72.
Quotas: https://github.com/MicrosoftDocs/azure-docs/issues/121466 (endpoints) and
https://github.com/ansible-collections/azure/pull/2209 (clusters). A key whose grant is not in force yet is
refused in words that are assumed; the code is that of storage. Models and images: "Troubleshoot online endpoints",
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-troubleshoot-online-endpoints, which has the beginning
of the sentences on an image and on who may not fetch one; the rest is assumed. A principal that is not known yet:
https://github.com/Azure/ResourceModules/issues/981.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from catalogue.kinds.azure import keyvault, monitor
from catalogue.kinds.azure.machinelearningservices import SERVED, WORKSPACE
from catalogue.marked import Json
from sandbox.clouds.alarm import AlarmKind, Bound
from sandbox.clouds.manners import Manners, Native
from sandbox.state import State
from sandbox.state.records import Record

_SENTENCES: Mapping[str, str] = {
    "exists": "cannot create already existing resource '{name}' ({kind}): {said}",
    "missing": '{kind} {name}: Status=404 Code="ResourceNotFound" Message="{said}"',
    "held": '{kind} {name}: Status=409 Code="Conflict" Message="{said}"',
    "stays": '{kind} {name}: Status=409 Code="Conflict" Message="{said}"',
    "refused": "{kind} {name}: {said}",
    "quota-exceeded": '{kind} {name}: Code="OutOfQuota" Message="Not enough quota available for {said} in'
    ' subscription {account}. Request an increase in the Azure portal."',
    "no-right": '{kind} {name}: Status=403 Code="AuthorizationFailed" Message="The client \'deployer\' does not have'
    " authorization to perform action '{said}' over scope '/subscriptions/{account}' or the scope is invalid. If access"
    ' was recently granted, please refresh your credentials."',
    "over-quota": '{kind} {name}: Code="OutOfQuota" Message="Not enough cluster CPU quota of {said}. The amount of'
    " additional CPU quota requested is {more}, and you are currently using {used}. Your amount of maximum quota is"
    ' {limit}."',
    "over-quota-nodes": '{kind} {name}: Code="ClusterMinNodesExceedCoreQuota" Message="The specified subscription has a'
    " {said} quota of {limit} and cannot accommodate for at least 1 requested managed compute node which maps to {more}"
    ' vCPUs."',
    "not-in-force": '{kind} {name}: Status=403 Code="KeyVaultAuthenticationFailure" Message="The operation failed'
    ' because of authentication issue on the keyvault {said}."',
    "no-pull": '{kind} {name}: Code="BadArgument" Message="Startup task failed due to authorization error: {member} may'
    ' not pull {said}."',
    "no-read": '{kind} {name}: Code="BadArgument" Message="Startup task failed due to authorization error: {member} may'
    ' not read {said}."',
    "not-known": "{kind} {name}: {said}",
    "no-region": '{kind} {name}: Status=400 Code="LocationNotAvailableForResourceGroup" Message="The provided location'
    " '{said}' is not available for resource group.\"",
    "no-artifact": '{kind} {name}: Code="BadArgument" Message="Unable to download user model from {said}."',
    "no-image": '{kind} {name}: Code="BadArgument" Message="Unable to download user container image {said}."',
    "no-way": '{kind} {name}: Code="BadArgument" Message="Unable to download user container image {said}: the managed'
    ' network of the workspace has no outbound rule that leads to its registry."',
    "no-capacity": '{kind} {name}: Code="OutOfCapacity" Message="The specified VM size {said} cannot be provisioned'
    ' due to a lack of Azure Machine Learning capacity in {region}."',
    "throttle": '{kind} {name}: Status=429 Code="TooManyRequests" Message="The request is being throttled."',
    "server-error": '{kind} {name}: Status=503 Code="ServiceUnavailable" Message="The service is unavailable."',
    "service-off": '{kind} {name}: Code="SubscriptionNotRegistered" Message="Resource provider [N/A] isn\'t registered'
    ' with Subscription [N/A]. Please see troubleshooting guide, available here: https://aka.ms/register-resource-provider"',
    "access-denied": '{kind} {name}: Status=403 Code="AuthorizationFailed" Message="The client {said} does not have'
    ' authorization to perform this action over the scope."',
    "fails-after-success": '{kind} {name}: Code="OperationTimedOut" Message="The operation did not end in time."',
    "name-held": '{kind} {name}: Status=409 Code="Conflict" Message="The name {said} belongs to a resource that was'
    ' deleted softly; recover or purge it first."',
}


def _is_foreign(id_: str, account: str) -> bool:
    """An id names its subscription."""
    return id_.startswith("/subscriptions/") and id_.split("/")[2] != account


def _parent(id_: str) -> str:
    """The parent of an Azure id: its group, the resource it extends, or the resource above it; "" if it has none."""
    above = id_.rsplit("/", 2)[0]
    if re.search(r"/providers/[^/]+$", above):
        above = above.rsplit("/", 2)[0]
    above = above.removesuffix("/blobServices/default")
    return above if "/resourceGroups/" in above else ""


def _is_closed(state: State, vault: object) -> bool:
    """Whether the vault, by its id or its name, stands in the sandbox with its public access disabled."""
    found = [one for one in state.resources.find(type=keyvault.VAULT) if vault in (one.id, one.inputs.get("vaultName"))]
    return any(one.inputs["properties"].get("publicNetworkAccess") == "Disabled" for one in found)


def _unsupported_key(state: State, workspace: Json) -> str | None:
    """Server-side encryption is "not supported in reference to an Azure Key Vault [...] that has public network access
    disabled": https://learn.microsoft.com/en-us/azure/machine-learning/concept-customer-managed-keys. The words in
    which Azure ML refuses are assumed.
    """
    encryption: Json = workspace.get("encryption") or {}
    named: Json = encryption.get("keyVaultProperties") or {}
    if workspace.get("enableServiceSideCMKEncryption") and _is_closed(state, named.get("keyVaultArmId")):
        return (
            'Status=400 Code="BadRequest" Message="Service-side encryption is not supported with a key vault that has'
            f' public network access disabled: {named.get("keyVaultArmId")}."'
        )
    return None


def _closed_to_the_deployer(state: State, key: Json) -> str | None:
    """azure-native deletes a key by a call to the vault itself: https://github.com/pulumi/pulumi-azure-native/blob/
    006a62af/provider/pkg/resources/customresources/custom_keyvault.go. Whoever deploys stands outside the network.
    The vault's sentence is seen in https://github.com/microsoft/multimodal-ai/issues/171.
    """
    if not _is_closed(state, key.get("vaultName")):
        return None
    return (
        'RESPONSE 403: 403 Forbidden ERROR CODE: Forbidden "Public network access is disabled and request is not from a'
        ' trusted service nor via an approved private link."'
    )


def _metric_alert(inputs: Json) -> Iterator[tuple[str, tuple[Bound, ...]]]:
    """Each endpoint in the alert's scope rings by itself, when all criteria are met.

    An alert with a criterion that the sandbox cannot read is left out.
    """
    criteria: list[Json] = inputs["criteria"]["allOf"]
    if any(criterion["metricName"] != "RequestLatency_P95" for criterion in criteria):
        return
    for scope in inputs["scopes"]:
        if endpoint := str(scope).partition("/onlineEndpoints/")[2]:
            bounds = [Bound(endpoint, "latency", 1, _is_above(one), one["threshold"]) for one in criteria]
            yield inputs.get("description", ""), tuple(bounds)


def _query_rule(inputs: Json) -> Iterator[tuple[str, tuple[Bound, ...]]]:
    """The alert rings when all criteria are met. One with a criterion that the sandbox cannot read is left out."""
    bounds = [_queried(criterion) for criterion in inputs["criteria"]["allOf"]]
    read = tuple(bound for bound in bounds if bound is not None)
    if len(read) == len(bounds):
        yield inputs.get("description", ""), read


def _queried(criterion: Json) -> Bound | None:
    query: str = criterion["query"]
    found = re.search(r"AmlOnlineEndpointTrafficLog \| where EndpointName == '([^']+)'", query)
    if found is None:
        return None
    summed = query.rpartition(" | summarize ")[2]
    # 1 where the endpoint stood a day ago and nobody called since. What a person plays in lasts longer than a day.
    if summed.endswith(" | project Idle = iff(Stood > 0 and Called == 0, 1, 0)") and _is_above(criterion):
        return Bound(found[1], "requests", 1, False, 1, 0)
    if re.fullmatch(r"\w+ = 100\.0 \* countif\(Code >= 500\) / count\(\)", summed):  # no number where there is no row
        return Bound(found[1], "errors", 1, _is_above(criterion), criterion["threshold"])
    return None


def _is_above(criterion: Json) -> bool:
    return criterion["operator"].startswith("GreaterThan")


def _groups(state: State, alarm: Record) -> Iterator[str]:
    actions: Any = alarm.inputs.get("actions", [])
    metric = isinstance(actions, list)  # an alert on a metric has a list of actions, one on a query a list of groups
    ids: list[str] = [one["actionGroupId"] for one in cast(list[Json], actions)] if metric else actions["actionGroups"]
    for name in ids:
        for group in state.resources.named(name):
            yield from (receiver["emailAddress"] for receiver in group.inputs.get("emailReceivers", []))


MANNERS = Manners(
    platform="azure",
    package="azure-native",
    sdk="pulumi-azure-native",
    provider=Native(),
    account_key="subscriptionId",
    region_key="location",
    sentences=_SENTENCES,
    is_foreign=_is_foreign,
    parent=_parent,
    registers_itself=True,
    endpoint=SERVED,
    creates={WORKSPACE: _unsupported_key},
    deletes={keyvault.KEY: _closed_to_the_deployer},
    alarms={
        monitor.METRIC_ALERT: AlarmKind(_metric_alert, _groups),
        monitor.QUERY_RULE: AlarmKind(_query_rule, _groups),
    },
)
