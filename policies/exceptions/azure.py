"""What the components of Azure decide against a rule, and what must be true for it."""

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.kinds.azure import containerregistry, keyvault, storage
from catalogue.kinds.azure.machinelearningservices import WORKSPACE
from catalogue.kinds.azure.network import PRIVATE_ENDPOINT
from policies.azure import encryption
from policies.exceptions import DesignException

_NOBODY_READS = "docs/adr/0008-nothing-is-sent-to-where-nobody-reads.md"
_ONE_REGION = "docs/adr/0009-data-stays-in-the-region-of-the-stack.md"
_KEYS = "docs/adr/0011-keys-where-a-service-takes-them.md"
_METADATA = "docs/adr/0014-a-workspace-has-a-key-of-ones-own-where-azure-ml-supports-it.md"
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


def copied_within_the_region(graph: Graph, account: Resource) -> bool:
    """The account holds a copy in each of three zones of its region, or three in one place where it has no zones."""
    return account.props.text_or_empty("sku.name") == ("Standard_LRS" if _zoneless(account) else "Standard_ZRS")


def nowhere_to_spread(graph: Graph, registry: Resource) -> bool:
    """The registry stands in a region that has no zones."""
    return _zoneless(registry)


def _zoneless(resource: Resource) -> bool:
    """Whether its region has no availability zones. Azure takes the name of a region as the portal shows it, too."""
    region = resource.props.text_or_empty("location").replace(" ", "").lower()
    return region in catalogue.load("azure").regions_without_zones


def files_under_the_stacks_key(graph: Graph, workspace: Resource) -> bool:
    """The workspace names no key, and its storage account is encrypted with the stack's or the landing zone's.

    Files, models and scores lie there. What Microsoft's key encrypts is what the workspace knows of them.
    """
    accounts = graph.refers(workspace, "storageAccount", storage.ACCOUNT)
    return (
        not workspace.props.is_given("encryption")
        and workspace.props.flag_or_none("hbiWorkspace") is True
        and bool(accounts)
        and not any(True for account in accounts for _ in encryption.key_used.check(graph, account))
    )


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
        reason="the key rotates yearly; one that expires would lock what its older versions encrypt",
        decision=_KEYS,
    ),
    DesignException(
        rule="CKV_AZURE_112",
        component="Encryption",
        child="data",
        type=keyvault.KEY,
        holds=rotates_and_only_wraps,
        reason="a key kept in hardware bills every version by the month, and the design asks for none",
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
        holds=copied_within_the_region,
        reason="data stays in the region that the stack names; three zones hold a copy each, or one place all three "
        "where the region has no zones",
        decision=_ONE_REGION,
        shortened=True,
    ),
    DesignException(
        rule="CKV_AZURE_233",
        component="Store",
        child="images",
        type=containerregistry.REGISTRY,
        holds=nowhere_to_spread,
        reason="the region that the stack names has no availability zones, and Azure refuses a registry across them",
        decision=_ONE_REGION,
        shortened=True,
    ),
    DesignException(
        rule="CKV_MLP_8",
        component="Workspace",
        child="",
        type=WORKSPACE,
        holds=files_under_the_stacks_key,
        reason="Azure Machine Learning supports no key that rotates and none in a closed vault; files lie in the "
        "storage account, under the stack's key",
        decision=_METADATA,
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
