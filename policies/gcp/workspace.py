"""Whose a Workbench instance is: one person's, who may open it, and neither is root nor takes anything out."""

from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import serviceaccount, workbench
from catalogue.properties import Properties
from policies.gcp.identity import ACT_AS, member_of, owners_of
from policies.rule import resource_rule, stack_rule


@resource_rule(
    "identity-workspace-owner",
    workbench.INSTANCE,
    severity="high",
    says="A Workbench instance has one owner, who is not root and downloads nothing. It boots what Google signed.",
    remedy="Set one instance owner, the notebook-disable-* metadata and all three of shielded_instance_config.",
)
def workspace_owner(props: Properties) -> Iterator[str]:
    """Workbench documentation, "Manage features through metadata"; Shielded VM is CIS GCP 4.8."""
    metadata = props.section_or_empty("gceSetup.metadata")
    for switch in ("notebook-disable-root", "notebook-disable-downloads", "notebook-disable-nbconvert"):
        if metadata.text_or_empty(switch).lower() != "true":
            yield f"leaves {switch} off"
    for switch in ("enableSecureBoot", "enableVtpm", "enableIntegrityMonitoring"):
        if props.flag_or_none(f"gceSetup.shieldedInstanceConfig.{switch}") is not True:
            yield f"leaves {switch} off"
    if len(list(props.each_text("instanceOwners"))) != 1:
        yield "is not one person's"


@stack_rule(
    "identity-workspace-sign-in",
    workbench.INSTANCE,
    severity="high",
    proof="workflow speed",
    says="The owner of a Workbench instance may act as its account, without which JupyterLab does not let them in.",
    remedy="Grant the owner roles/iam.serviceAccountUser on the account that the instance runs as.",
)
def workspace_sign_in(graph: Graph, instance: Resource) -> Iterator[str]:
    """Workbench, "Manage access to an instance's JupyterLab interface": whoever did not create the instance needs it.

    https://cloud.google.com/vertex-ai/docs/workbench/instances/manage-access-jupyterlab
    """
    for account in graph.refers(instance, "gceSetup", serviceaccount.ACCOUNT):
        granted = {
            member_of(grant)
            for grant in graph.referring(serviceaccount.MEMBER, "serviceAccountId", account)
            if grant.props.text_if_known("role") in ("", ACT_AS)
        }
        for owner in owners_of(instance):
            if owner and not granted & {owner, ""}:
                yield f"does not open for {owner.removeprefix('user:')}, who may not act as its account"


RULES = [workspace_owner, workspace_sign_in]
