"""Audit and state: who did what is recorded, and what cannot be made again cannot be deleted by mistake."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import PolicyResource, Severity

from policies.protection import misprotected
from policies.rule import Stack, get, given, known, refers, resource_rule, stack_rule

_ML = "azure-native:machinelearningservices"
_WORKSPACE, _SERVED = f"{_ML}:Workspace", f"{_ML}:OnlineEndpoint"
_STORAGE, _VAULT = "azure-native:storage:StorageAccount", "azure-native:keyvault:Vault"
_REGISTRY, _LOGS = "azure-native:containerregistry:Registry", "azure-native:operationalinsights:Workspace"
_INSIGHTS, _SETTING = "azure-native:applicationinsights:Component", "azure-native:monitor:DiagnosticSetting"
_STATEFUL = (
    _REGISTRY,
    "azure-native:keyvault:Key",
    _VAULT,
    f"{_ML}:Datastore",
    f"{_ML}:EnvironmentContainer",
    f"{_ML}:ModelContainer",
    _WORKSPACE,
    _LOGS,
    "azure-native:resources:ResourceGroup",
    "azure-native:storage:BlobContainer",
    _STORAGE,
)
_COSTS_ONLY = (
    "mlplatform:azure:Traffic",
    *(f"{_ML}:{name}" for name in ("BatchDeployment", "BatchEndpoint", "Compute", "OnlineDeployment")),
    f"{_ML}:Schedule",
    _SERVED,
)
_RANDOM = re.compile(r".*[0-9a-f]{8}")


@stack_rule(
    "audit-trail",
    severity=Severity.HIGH,
    says="Every call on workspace, endpoints, vault, registry and blobs is recorded in a log workspace of the stack.",
    remedy="Keep log_everything of the audit component for each of them.",
)
def trail(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Azure Policy afe0c3be-ba3b-4544-ba52-0c99672a8ad6 (workspace), cf820ca0-f99e-4f3e-84fb-66e913812d21 (vault),
    d550e854-df1a-4de9-bf44-cd894b39a95e (insights); MCSB LT-3. Calls on blobs are logged by the account's blob service,
    management calls by the subscription's activity log, which Azure keeps for 90 days by itself.
    """
    for resource in stack.of(_WORKSPACE, _SERVED, _VAULT, _REGISTRY, _STORAGE):
        settings = stack.referring(_SETTING, "resourceUri", resource)
        if resource.resource_type == _STORAGE:
            settings = [s for s in settings if known(s.props, "resourceUri") in ("", *_blobs(s))]
        if not any(_records(setting) for setting in settings):
            yield resource.urn, "does not log every call to a log workspace of the stack"
    for insights in stack.of(_INSIGHTS):
        if not refers(insights, "workspaceResourceId", _LOGS):
            yield insights.urn, "keeps its logs in a workspace that is not the stack's"


def _blobs(setting: PolicyResource) -> list[str]:
    text = known(setting.props, "resourceUri")
    return [text] if text.endswith("/blobServices/default") else []


def _records(setting: PolicyResource) -> bool:
    logs = [log for log in setting.props.get("logs") or () if log.get("enabled") is True]
    return any(log.get("categoryGroup") == "allLogs" for log in logs) and bool(refers(setting, "workspaceId", _LOGS))


@stack_rule(
    "audit-state-protected",
    severity=Severity.HIGH,
    says="What holds state is protected; what only costs money, such as an endpoint, is not.",
    remedy="Set protect=True in the resource's options; take it away only in a change of its own.",
)
def state_protected(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """The group among them: deleting it deletes what is in it. Endpoints, clusters and schedules must be free to go."""
    yield from misprotected(stack, _STATEFUL, _COSTS_ONLY)


@resource_rule(
    "audit-images-pinned",
    f"{_ML}:EnvironmentVersion",
    severity=Severity.HIGH,
    says="An environment is the image that was reviewed: it names a version, and nothing is built into it later.",
    remedy="Pin the image's tag or digest in the stack file.",
)
def images_pinned(props: Mapping[str, Any]) -> Iterator[str]:
    """A registry of Azure has no immutable tags (a lock is set on each image, outside Resource Manager) and is scanned
    by Defender for the whole subscription, so unlike on AWS the image's own version is all that can be judged here.
    """
    _, _, tag = known(props, "properties.image").rpartition("/")[2].partition(":")
    if not given(props, "properties.image") or (tag in ("", "latest") and known(props, "properties.image")):
        yield "names no version of its image"
    if given(props, "properties.build") or given(props, "properties.condaFile"):
        yield "builds into its image what was not reviewed"
    if get(props, "properties.autoRebuild") not in (None, "Disabled"):
        yield "is rebuilt when its base image changes"


@stack_rule(
    "audit-packages-own-account",
    severity=Severity.MEDIUM,
    says="Neither artifacts nor images leave for another directory or registry.",
    remedy="Set allow_cross_tenant_replication=False, allowed_copy_scope='AAD', and the registry's export policy.",
)
def packages_own_account(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Azure Policy 92a89a79-6c52-4a7e-a03f-61306fc49312 and 524b0254-c285-4903-bee6-bb8126cde579. Model versions are
    records of the workspace; their files are what could be copied away.
    """
    for account in stack.of(_STORAGE):
        if account.props.get("allowCrossTenantReplication") is not False:
            yield account.urn, "may be replicated to another directory"
        if account.props.get("allowedCopyScope") not in ("AAD", "PrivateLink"):
            yield account.urn, "lets blobs be copied to another directory"
    for registry in stack.of(_REGISTRY):
        if get(registry.props, "policies.exportPolicy.status") != "disabled":
            yield registry.urn, "lets images be exported"


@resource_rule(
    "audit-name-reusable",
    _VAULT,
    _WORKSPACE,
    severity=Severity.MEDIUM,
    says="A vault or workspace that was deleted does not stop the next one: its name ends in random digits.",
    remedy="Leave out vault_name and workspace_name; Pulumi names them.",
)
def name_reusable(props: Mapping[str, Any]) -> Iterator[str]:
    """Soft deletion keeps a workspace's name for 14 days (terraform-provider-azurerm 22171) and a vault's for 90, and
    purge protection forbids to free it. Auto-naming shows as a hexadecimal ending on the engine.
    """
    for key in ("vaultName", "workspaceName"):
        if given(props, key) and (name := known(props, key)) and not _RANDOM.fullmatch(name):
            yield f"has the fixed name {name}, which stays taken after it is deleted"


RULES = [trail, state_protected, images_pinned, packages_own_account, name_reusable]
