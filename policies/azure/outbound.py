"""Outbound: the managed network of a workspace leads to the stack, and to what Azure ML itself needs."""

from collections import Counter
from collections.abc import Iterator, Mapping

from catalogue.arm import same
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import containerregistry, keyvault, storage
from catalogue.kinds.azure.machinelearningservices import (
    ENVIRONMENT,
    ONLINE_DEPLOYMENT,
    OUTBOUND_RULES,
    WORKSPACE,
)
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_DEPLOYMENT, BATCH_ENDPOINT, COMPONENT
from catalogue.once import once_a_graph
from catalogue.properties import Properties
from policies.azure.reading import foreign
from policies.rule import stack_rule


@stack_rule(
    "network-approved-outbound",
    WORKSPACE,
    *OUTBOUND_RULES,
    severity="critical",
    proof="network fit",
    says="The managed network opens no domain and starts no firewall. Its private endpoints lead to the stack, and to "
    "registries that its file names.",
    remedy="Remove the FQDN rule; keep rules either in the workspace or beside it, and ignore Azure's own among them.",
)
def approved_outbound(graph: Graph, resource: Resource) -> Iterator[str]:
    """An FQDN rule starts an Azure Firewall that bills by the hour, and opens a domain ("Workspace managed virtual
    network isolation", pricing); inline and standalone rules overwrite each other; Azure adds rules of its own inline.
    """
    if resource.type != WORKSPACE:
        yield from _approves(graph, resource, "properties", resource.props.section_or_empty("properties"))
        return
    network = resource.props.section_or_empty("managedNetwork")
    if network.text_or_empty("isolationMode") in ("", "Disabled"):
        return  # Azure adds rules to a managed network alone; `network-workspace-vpc-only` says that there is none
    inline = list(network.each_section("outboundRules.*"))
    if network.is_given("firewallSku"):
        yield "chooses a firewall, which bills by the hour"
    if inline and any(graph.referring(type_, "workspaceName", resource) for type_ in OUTBOUND_RULES):
        yield "has outbound rules both in the workspace and beside it, which overwrite each other"
    if set(resource.ignored_changes).isdisjoint({"managedNetwork", "managedNetwork.outboundRules"}):
        yield "would remove the outbound rules that Azure adds (ignore managedNetwork.outboundRules)"
    for rule in inline:
        yield from _approves(graph, resource, "managedNetwork", rule)


@stack_rule(
    "network-batch-reaches",
    BATCH_ENDPOINT,
    severity="high",
    proof="network fit",
    says="The managed network of a batch endpoint leads to queues and tables of the workspace's storage.",
    remedy="Keep the outbound component: a private-endpoint rule each for queue and table of the storage account.",
)
def batch_reaches(graph: Graph, endpoint: Resource) -> Iterator[str]:
    """A batch deployment hands its mini-batches out by them ("Workspace managed virtual network isolation", scenario:
    use batch endpoints or ParallelRunStep). Azure ML makes private endpoints for blobs and files by itself.
    """
    for workspace in graph.refers(endpoint, "workspaceName", WORKSPACE):
        accounts = graph.refers(workspace, "storageAccount", storage.ACCOUNT)
        if not accounts:
            yield "stands in a workspace whose storage is not the stack's"
        inline = workspace.props.each_section("managedNetwork.outboundRules.*")
        beside = (
            r.props.section_or_empty("properties")
            for type_ in OUTBOUND_RULES
            for r in graph.referring(type_, "workspaceName", workspace)
            if any(account in accounts for account in graph.refers(r, "properties", storage.ACCOUNT))
        )
        led = {
            rule.text_or_empty("destination.subresourceTarget")
            for rule in (*inline, *beside)
            if rule.text_or_empty("type") == "PrivateEndpoint"
        }
        for group in ("queue", "table"):
            if accounts and group not in led:
                yield f"cannot reach {group}s of {accounts[0].name} from its managed network, so its runs hang"


@stack_rule(
    "network-images-reached",
    ENVIRONMENT,
    severity="high",
    proof="network fit",
    says="The managed network leads to each registry of others whose images run in it.",
    remedy="Keep the outbound component's rule for the registry, and its id under sources of the stack file.",
)
def images_reached(graph: Graph, environment: Resource) -> Iterator[str]:
    """Azure ML makes a private endpoint for the workspace's own registry alone ("Workspace managed virtual network
    isolation", required rules), and the service tag of all registries would let anything out to anybody's.
    """
    host, registries = environment.props.text_if_known("properties.image").partition("/")[0], _registries(graph)
    if host not in registries or not _runs(graph, environment):
        return
    for workspace in graph.refers(environment, "workspaceName", WORKSPACE):
        inline = list(workspace.props.each_section("managedNetwork.outboundRules.*"))
        beside = [r.props for type_ in OUTBOUND_RULES for r in graph.referring(type_, "workspaceName", workspace)]
        destinations = [rule.section_or_empty("destination") for rule in inline]
        destinations += [props.section_or_empty("properties.destination") for props in beside]
        led = [
            one.text_if_known("serviceResourceId")
            for one in destinations
            if one.text_or_empty("subresourceTarget") == "registry"
        ]
        if not any(same(one, registries[host]) for one in led if one):
            yield f"runs an image of {host}, to which no rule of {workspace.name}'s network leads"


def _registries(graph: Graph) -> Mapping[str, str]:
    """The ids of the registries of others that the stack file names, by their hosts."""
    sources = graph.placement.sources if graph.placement else ()
    return {source.place: source.registry_id for source in sources if source.registry_id}


def _runs(graph: Graph, environment: Resource) -> bool:
    """Whether something of the stack runs in an environment. One that stands for later pulls nothing."""
    users = (ONLINE_DEPLOYMENT, BATCH_DEPLOYMENT, COMPONENT)
    return any(graph.referring(type_, "properties", environment) for type_ in users)


_TAGS = (
    "AzureActiveDirectory",
    "AzureFrontDoor.FirstParty",
    "AzureMachineLearning",
    "AzureMonitor",
    "AzureResourceManager",
    "BatchNodeManagement",
    "MicrosoftContainerRegistry",
)
"""The service tags that Azure ML approves by itself ("Workspace managed virtual network isolation", required rules); a
region may follow behind a dot. Any other opens what no stack of ours needs: storage or registries of everybody's.
"""


_LED_TO = (storage.ACCOUNT, keyvault.VAULT, containerregistry.REGISTRY, WORKSPACE)
"""What a private endpoint of a managed network may lead to."""


_ASKED = ("queue", "table")
"""What a stack asks for of its own storage; Azure ML makes private endpoints for all else that it needs by itself."""


def _needless(graph: Graph, rule: Properties, named: bool) -> Iterator[str]:
    """Each private endpoint bills by the hour, and is a way out."""
    group, to = (rule.text_if_known(f"destination.{key}") for key in ("subresourceTarget", "serviceResourceId"))
    if group and group not in (("registry",) if named else _ASKED):
        yield f"makes a private endpoint for {group}, which nothing of the stack asks for"
    if to and _leads(graph)[to.casefold(), group] > 1:
        yield f"makes a private endpoint for {group} that another rule makes too"


@once_a_graph
def _leads(graph: Graph) -> Counter[tuple[str, str]]:
    """How many rules of the stack lead to each part of a resource."""
    rules = (one.props.section_or_empty("properties.destination") for one in graph.of(*OUTBOUND_RULES))
    return Counter(
        (r.text_if_known("serviceResourceId").casefold(), r.text_if_known("subresourceTarget")) for r in rules
    )


def _approves(graph: Graph, owner: Resource, key: str, rule: Properties) -> Iterator[str]:
    """What is wrong with one outbound rule, found under `key` of its owner."""
    kind = rule.text_or_empty("type")
    if kind == "FQDN":
        yield f"opens the domain {rule.text_if_known('destination')} and starts a firewall, billed by the hour"
    elif kind == "PrivateEndpoint":
        target = "destination.serviceResourceId"
        own, said = graph.refers(owner, key, *_LED_TO), rule.text_if_known(target)
        named = bool(said) and any(same(said, one) for one in _registries(graph).values())
        if not named and (not own or not rule.is_given(target) or any(foreign(rule, target, own))):
            yield "approves a private endpoint to a resource that is neither the stack's nor in its file"
        elif graph.ours:
            yield from _needless(graph, rule, named)
    elif kind == "ServiceTag":
        tag = rule.text_or_empty("destination.serviceTag")
        if tag not in _TAGS and tag.partition(".")[0] not in _TAGS:
            yield f"opens {tag or 'a service tag without a name'}, allowed {', '.join(_TAGS)}"
        if rule.is_given("destination.addressPrefixes"):
            yield "opens addresses, which overrule the service tag beside them"
    else:
        yield f"has an outbound rule that no rule here can judge (type {kind or 'not given'})"


RULES = [approved_outbound, batch_reaches, images_reached]
