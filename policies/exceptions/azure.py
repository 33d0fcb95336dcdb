"""What the components of Azure decide against a rule, and what must be true for it."""

from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import containerregistry, keyvault, storage
from catalogue.kinds.azure.machinelearningservices import WORKSPACE
from catalogue.kinds.azure.network import PRIVATE_ENDPOINT
from policies.azure import encryption
from policies.exceptions import DesignException

_NOBODY_READS = "docs/adr/0008-nothing-is-sent-to-where-nobody-reads.md"
_ONE_REGION = "docs/adr/0009-data-stays-in-the-region-of-the-stack.md"
_KEYS = "docs/adr/0011-keys-where-a-service-takes-them.md"
_PRIVATE = "docs/adr/0013-private-ways-that-a-scanner-does-not-know.md"


def rotates_and_only_wraps(graph: Graph, key: Resource) -> bool:
    """The key is all that `encryption-key` asks: long, rotated every year, for wrapping alone, never exported."""
    return not any(True for _ in encryption.key.check(graph, key))


def closed_registry(graph: Graph, registry: Resource) -> bool:
    """Images are pushed and pulled in private, by identities of the directory alone."""
    props = registry.props
    return (
        props.text_or_empty("publicNetworkAccess") == "Disabled"
        and props.flag_or_none("adminUserEnabled") is False
        and props.flag_or_none("anonymousPullEnabled") is False
    )


def copied_to_three_zones(graph: Graph, account: Resource) -> bool:
    """The account holds a copy in each of three zones of its region."""
    return account.props.text_or_empty("sku.name") == "Standard_ZRS"


def closed_workspace(graph: Graph, workspace: Resource) -> bool:
    """The workspace is reached through a private endpoint only, and lets out approved traffic only."""
    return (
        workspace.props.text_or_empty("publicNetworkAccess") == "Disabled"
        and workspace.props.text_or_empty("managedNetwork.isolationMode") == "AllowOnlyApprovedOutbound"
        and bool(graph.referring(PRIVATE_ENDPOINT, "privateLinkServiceConnections", workspace))
    )


EXCEPTIONS = (
    DesignException(
        rule="CKV_AZURE_40",
        component="Encryption",
        child="data",
        type=keyvault.KEY,
        holds=rotates_and_only_wraps,
        reason="the key rotates yearly, but the workspace is pinned to a version; one that expires would lock it",
        decision=_KEYS,
    ),
    DesignException(
        rule="CKV_AZURE_112",
        component="Encryption",
        child="data",
        type=keyvault.KEY,
        holds=rotates_and_only_wraps,
        reason="no page of Azure Machine Learning says that a workspace takes a key kept in hardware",
        decision=_KEYS,
    ),
    DesignException(
        rule="CKV_AZURE_166",
        component="Store",
        child="images",
        type=containerregistry.REGISTRY,
        holds=closed_registry,
        reason="quarantine holds every image until a scanner frees it, and the design brings none",
        decision=_NOBODY_READS,
        shortened=True,
    ),
    DesignException(
        rule="CKV_AZURE_206",
        component="Store",
        child="",
        type=storage.ACCOUNT,
        holds=copied_to_three_zones,
        reason="data stays in the region that the stack names; its three zones hold a copy each",
        decision=_ONE_REGION,
        shortened=True,
    ),
    DesignException(
        rule="CKV_AZURE_243",
        component="Workspace",
        child="",
        type=WORKSPACE,
        holds=closed_workspace,
        reason="Checkov counts private-endpoint rules written inline, which Azure ML makes by itself; CKV_MLP_7 and "
        "CKV_MLP_10 judge",
        decision=_PRIVATE,
        shortened=True,
    ),
)
