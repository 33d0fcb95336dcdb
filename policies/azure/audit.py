"""Audit: who did what is recorded, an image is what was reviewed, and nothing leaves unseen."""

import re
from collections.abc import Iterator

from catalogue.arm import compared, same
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import (
    DIAGNOSTIC_SETTING,
    applicationinsights,
    containerregistry,
    keyvault,
    operationalinsights,
    storage,
)
from catalogue.kinds.azure.machinelearningservices import ENVIRONMENT, ONLINE_DEPLOYMENT, SERVED, WORKSPACE
from catalogue.kinds.azure.machinelearningservices_jobs import COMPONENT, COMPUTE, SCHEDULE
from catalogue.marks import is_marked
from catalogue.properties import Properties
from policies import given
from policies.rule import resource_rule, stack_rule

_RANDOM = re.compile(r".*[0-9a-f]{8}")


@stack_rule(
    "audit-trail",
    WORKSPACE,
    SERVED,
    keyvault.VAULT,
    containerregistry.REGISTRY,
    storage.ACCOUNT,
    applicationinsights.COMPONENT,
    severity="high",
    says="Every call on workspace, endpoints, vault, registry and blobs is recorded in a log workspace of the stack.",
    remedy="Keep log_everything of the audit component for each of them.",
)
def trail(graph: Graph, resource: Resource) -> Iterator[str]:
    """Azure Policy afe0c3be-ba3b-4544-ba52-0c99672a8ad6 (workspace), cf820ca0-f99e-4f3e-84fb-66e913812d21 (vault),
    d550e854-df1a-4de9-bf44-cd894b39a95e (insights); MCSB LT-3. Calls on blobs are logged by the account's blob service,
    management calls by the subscription's activity log, which Azure keeps for 90 days by itself.
    """
    if resource.type == applicationinsights.COMPONENT:
        if not _kept(graph, resource, "workspaceResourceId"):
            yield "keeps its logs in a workspace that is not the stack's"
        return
    settings = graph.referring(DIAGNOSTIC_SETTING, "resourceUri", resource)
    if resource.type == storage.ACCOUNT:
        settings = [setting for setting in settings if _of_blobs(setting)]
    if not any(_records(graph, setting) for setting in settings):
        yield "does not log every call to a log workspace of the stack"


def _of_blobs(setting: Resource) -> bool:
    text = compared(setting.props.text_if_known("resourceUri"))
    return not text or text.endswith("/blobservices/default")


def _records(graph: Graph, setting: Resource) -> bool:
    everything = any(
        log.flag_or_none("enabled") is True and log.text_or_empty("categoryGroup") == "allLogs"
        for log in setting.props.each_section("logs")
    )
    return everything and _kept(graph, setting, "workspaceId")


def _kept(graph: Graph, resource: Resource, path: str) -> bool:
    """Whether the path names a log workspace of the stack, or that of its landing zone."""
    own = graph.refers(resource, path, operationalinsights.WORKSPACE)
    return bool(own) or same(resource.props.text_or_empty(path), given.logs(graph) or "")


@stack_rule(
    "audit-images-reviewed",
    ENVIRONMENT,
    COMPONENT,
    SCHEDULE,
    severity="high",
    says="An environment runs the reviewed image as it is: Azure builds nothing into it, and no command installs more.",
    remedy="Name the image in the stack file; leave out build and conda file, and set auto_rebuild='Disabled'.",
)
def images_reviewed(graph: Graph, resource: Resource) -> Iterator[str]:
    """Only the image itself can be judged here, unlike on AWS. A registry of Azure has no immutable tags (each image is
    locked outside Resource Manager), and Defender scans it for the whole subscription. What a command fetches from an
    index is whatever lies there on that day: https://owasp.org/www-project-top-10-ci-cd-security-risks/
    """
    props = resource.props
    if resource.type != ENVIRONMENT:
        for path in _COMMANDS:
            found = map(_INSTALLS.search, props.each_text_if_known(path))
            yield from (f"installs what was not reviewed while it runs (command: {one[0]})" for one in found if one)
        return
    if not props.is_given("properties.image"):
        yield "names no image"
    if props.is_given("properties.build") or props.is_given("properties.condaFile"):
        yield "builds into its image what was not reviewed"
    if props.text_or_empty("properties.autoRebuild") not in ("", "Disabled"):
        yield "is rebuilt when its base image changes"


_COMMANDS = (
    "properties.componentSpec.command",
    "properties.action.jobDefinition.command",
    "properties.action.jobDefinition.jobs.*.command",
)
_INSTALLS = re.compile(
    r"\b(?:pip3?|conda|mamba|npm|apt|apt-get|yum|dnf|apk) (?:-\S+ )*(?:install|add)\b"
    r"|\b(?:curl|wget)\b[^|;&]*\|\s*(?:ba)?sh\b"
)
"""A program that fetches packages, or a shell that runs what was fetched."""


@stack_rule(
    "audit-images-answer",
    ENVIRONMENT,
    severity="medium",
    says="An environment that serves says where its container answers.",
    remedy="Keep inference_config of the registry component's environments.",
)
def images_answer(graph: Graph, environment: Resource) -> Iterator[str]:
    """Without its routes Azure ML asks a container where it does not answer, and no deployment of it comes up. What a
    batch job or training job runs answers nobody,
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-deploy-custom-container
    """
    serves = [*graph.referring(ONLINE_DEPLOYMENT, "properties", environment)]
    if serves and not environment.props.is_given("properties.inferenceConfig"):
        yield f"does not say where its container answers, which {serves[0].name} asks"
    ports = dict.fromkeys(environment.props.each_number("properties.inferenceConfig.*.port"))
    if graph.ours and len(ports) > 1:
        yield f"has a container that answers on one port, and is asked on {' and '.join(f'{one:g}' for one in ports)}"


@stack_rule(
    "audit-packages-own-account",
    storage.ACCOUNT,
    containerregistry.REGISTRY,
    severity="medium",
    says="Artifacts and images cannot be copied to another directory or registry.",
    remedy="Set allow_cross_tenant_replication=False, allowed_copy_scope='AAD', and the registry's export policy.",
)
def packages_own_account(graph: Graph, resource: Resource) -> Iterator[str]:
    """Azure Policy 92a89a79-6c52-4a7e-a03f-61306fc49312 and 524b0254-c285-4903-bee6-bb8126cde579. Model versions are
    records of the workspace; their files are what could be copied away.
    """
    props = resource.props
    if resource.type == containerregistry.REGISTRY:
        if (status := props.text_or_empty("policies.exportPolicy.status").lower()) != "disabled":
            yield f"lets images be exported (policies.exportPolicy.status {status or 'is not said'})"
        return
    if (replicated := props.flag_or_none("allowCrossTenantReplication")) is not False:
        how = "may be" if replicated else "does not say that it is not"
        yield f"{how} replicated to another directory (allowCrossTenantReplication)"
    if (scope := props.text_or_empty("allowedCopyScope")) not in ("AAD", "PrivateLink"):
        yield f"lets blobs be copied to another directory (allowedCopyScope {scope or 'is not said'})"


@resource_rule(
    "audit-name-reusable",
    keyvault.VAULT,
    WORKSPACE,
    severity="medium",
    says="The name of a vault or workspace ends in random digits: a deleted one keeps its name reserved.",
    remedy="Leave out vault_name and workspace_name; Pulumi names them.",
)
def name_reusable(props: Properties) -> Iterator[str]:
    """Soft deletion keeps a workspace's name for 14 days (terraform-provider-azurerm 22171) and a vault's for 90, and
    purge protection forbids to free it. Auto-naming shows as a hexadecimal ending on the engine.
    """
    for key in ("vaultName", "workspaceName"):
        name = props.text_if_known(key)
        if name and not _RANDOM.fullmatch(name):
            yield f"has the fixed name {name}, which stays taken after it is deleted"


@stack_rule(
    "audit-image-current",
    COMPUTE,
    severity="medium",
    says="A compute instance runs the newest image of its operating system, as far as Azure has answered.",
    remedy="Have its person save what is on it; then delete it, and let `pulumi up` make it anew.",
    mandatory=False,
)
def image_current(graph: Graph, compute: Resource) -> Iterator[str]:
    """Azure Policy f110a506-2dcb-422e-bcea-d533fc8c35e2. Azure says it of what stands, so a plan has nothing to judge.

    A machine is never brought up to date: https://learn.microsoft.com/en-us/azure/machine-learning/concept-vulnerability-management
    """
    answered = Properties({key: value for key, value in compute.outputs.items() if not is_marked(value)})
    if answered.value_or_none("properties.properties.osImageMetadata.isLatestOsImageVersion") is False:
        yield "runs an image that Azure has replaced by a newer one"


RULES = [trail, images_reviewed, images_answer, packages_own_account, name_reusable, image_current]
