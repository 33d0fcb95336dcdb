"""What is the stack's own on Azure: its subscription, its resources, its directory, region and owner.

Each of these rules reads every text of every resource, and holds what it names against the stack's own and against
what the stack file and its landing zone name. So an input that nobody thought of, and a second element of a list, are
judged as the first. A value that is not known before `up` comes from a resource of the stack, or the rule that reads
the input says that it cannot judge it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import authorization, resources
from catalogue.kinds.azure.machinelearningservices import DATASTORE, WORKSPACE
from catalogue.kinds.azure.machinelearningservices_jobs import COMPUTE
from catalogue.once import once_a_graph, once_a_resource
from catalogue.wording import one_line
from policies.azure.promoted import is_given
from policies.rule import OPEN_TO_OTHERS, Found, whole_stack_rule
from policies.world import names_of, texts, texts_of, world

_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_WHOLE_GUID = re.compile(_GUID, re.IGNORECASE)
_ID = re.compile(r"/subscriptions/[^\s'\"?,;]+", re.IGNORECASE)
_SPOILT = re.compile(rf"{_ID.pattern}\s", re.IGNORECASE)
"""What begins as an id, and has more behind it: the whole names nothing of the stack's."""
_BUILT_IN = re.compile(
    rf"(/subscriptions/{_GUID})?/providers/microsoft\.authorization/(role|policy|policyset)definitions/{_GUID}"
)
"""A definition of Azure's own has a GUID for a name; what it allows is judged by the rules on roles and guardrails."""
_DIGITS = re.compile("[0-9a-f]{8}")
"""What azure-native puts behind the name of a resource that is given none."""
_PARTS = frozenset(f"{name}services/default" for name in ("blob", "file", "queue", "table"))
"""The services of a storage account, which stand in it without a resource of their own."""
_ASSET = re.compile(
    r"azureml://subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)/"
    r"(?:providers/microsoft\.machinelearningservices/)?workspaces/(?P<workspace>[^/]+)"
    r"(?:/datastores/(?P<datastore>[^/]+))?"
)
_REGISTRY = re.compile("azureml:(?://)?/?registries/([^/]+)/")
"""An asset of a registry of machine learning, which whole companies share; Microsoft's own is `azureml`:
https://learn.microsoft.com/en-us/azure/machine-learning/concept-machine-learning-registries-mlops"""
_REGISTERED = re.compile("(/.+/workspaces/[^/]+)/(?:codes|components|computes|data|datastores|environments|models)/.+")
"""What people and pipelines register in a workspace beside the program that makes it."""
_DATASTORES = frozenset(f"workspace{kind}store" for kind in ("artifact", "blob", "file", "working"))
"""Those that Azure ML makes in each workspace: https://learn.microsoft.com/en-us/azure/machine-learning/concept-data"""
_HOST = re.compile(r"\b(?:https?|abfss?|wasbs?|adl|sftp|ftp|git|ssh)://(?:[^/@\s'\"]*@)?(?P<host>[^/:\s'\"]+)")
_ADDRESS = re.compile(
    r"(?:^|[\s@])(?P<host>(?!127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|0\.)\d+(?:\.\d+){3})(?!\.?\d)"
)
"""An address outside the private ranges, as a word of a command: https://www.rfc-editor.org/rfc/rfc1918"""
_OF_AZURE = re.compile(
    r"\b(?!privatelink\.)(?P<host>[a-z0-9-]+\.(?:azurecr\.io|vault\.azure\.net"
    r"|(?:blob|dfs|file|queue|table|web)\.core\.windows\.net"
    r"|servicebus\.windows\.net|documents\.azure\.com|database\.windows\.net))\b"
)
_DOMAINS = (".azure.com", ".azure.net", ".azurecr.io", ".azureml.ms", ".microsoft.com", ".windows.net")
"""The domains of Azure's services. Below another's domain a name of ours is nobody's word for it."""
_SCHEMAS = ("azuremlschemas.azureedge.net",)
"""Where the schemas of Azure ML's own documents lie, which their `$schema` names and nothing reads."""
_NAMES = frozenset(
    ("name", "roleassignmentname", "roledefinitionid", "policyassignmentname", "policydefinitionid", "version")
)
"""The inputs whose GUID is a name that the program makes up, and no principal."""
_WANT_ONE = frozenset(
    ("clientid", "client_id", "objectid", "principalid", "subscriptionid", "tenantid", "tenant_id"),
)
"""The inputs that name a subscription, a directory, or somebody of it."""
_MAIL = re.compile(r"[^\s@:/'\"]+@[^\s@:/'\"]+\.[^\s@:/'\"]+")
_PLACE = re.compile(r"(?:^|\.)\w*?(?:location|region)s?(?:name)?(?:\.\d+)?$", re.IGNORECASE)
_NO_PLACE = ("global", "")
_REMEDY = (
    "Name the stack's own, by the output of its resource; or name what is another's in the stack file, under sources, "
    "callers or workspace.reached_from, or in the landing zone."
)


@dataclass(frozen=True)
class Own:
    """What is the stack's own on Azure beside the world that every platform has, in lower case.

    `workspaces` are the ids of those that another program makes: what lies in one was registered there beside it.
    `ids` are the ids of its resources, as far as they are known, and `unborn` the names of those whose id is not known
    yet. `guids` are the principals, clients and directories that its resources answer with. `given` is the world's.
    """

    subscriptions: frozenset[str]
    workspaces: frozenset[str]
    ids: frozenset[str]
    groups: frozenset[str]
    unborn: frozenset[str]
    guids: frozenset[str]
    given: frozenset[str]

    def has_id(self, text: str) -> bool:
        """Whether an id is that of a resource of the stack, or of what lies in one that the stack file names."""
        said = text.casefold().rstrip("/")
        if said in self.ids or said in self.groups or any(_in(said, one) for one in self.given):
            return True
        if (registered := _REGISTERED.match(said)) is not None and registered[1] in self.workspaces:
            return True
        above = said.rsplit("/", 2)
        if len(above) == 3 and f"{above[1]}/{above[2]}" in _PARTS and above[0] in self.ids:
            return True
        parts = said.split("/")
        if _BUILT_IN.fullmatch(said):
            return len(parts) < 5 or parts[1] != "subscriptions" or parts[2] in self.subscriptions
        # The engine shows no ids: where the provider says no subscription, nobody can tell whose it is.
        return (not self.subscriptions or parts[2] in self.subscriptions) and any(
            part in self.unborn or (part[:-8] in self.unborn and _DIGITS.fullmatch(part[-8:]) is not None)
            for part in parts[5:]
        )


@once_a_graph
def own(graph: Graph) -> Own:
    """What is the stack's own. In another program the subscription is its provider's, or that of its ids."""
    ids, groups, unborn, guids = (set[str]() for _ in range(4))
    for resource in graph.cloud:
        id_ = resource.outputs.get("id")
        if isinstance(id_, str) and id_.startswith("/subscriptions/"):
            (groups if resource.type == resources.GROUP else ids).add(id_.casefold())
        else:
            unborn |= {*names_of(resource), resource.name.casefold()}
        guids |= {text.casefold() for text in _answered(resource) if _WHOLE_GUID.fullmatch(text)}
    subscriptions = _subscriptions(graph, {*ids, *groups})
    made = {str(one.inputs.get("resourceGroupName")).casefold() for one in graph.of(resources.GROUP)}
    groups |= {f"/subscriptions/{one}/resourcegroups/{name}" for one in subscriptions for name in made}
    workspaces = [] if graph.ours else [str(one.outputs.get("id")).casefold() for one in graph.of(WORKSPACE)]
    # Azure calls a part of many resources `default`, so that this names none.
    parts = (subscriptions, workspaces, ids, groups, unborn - {"default"}, guids, world(graph).given)
    return Own(*map(frozenset, parts))


@once_a_resource
def _answered(resource: Resource) -> Sequence[str]:
    """The texts that the cloud answers with, as far as they are known, and that nobody sent."""
    return [text for _, text in _answers(resource)]


def _answers(resource: Resource) -> list[tuple[str, str]]:
    """With the path of each. The principal and the directory of a system-assigned identity stand in what was sent."""
    said = {key: value for key, value in resource.outputs.items() if key not in resource.inputs}
    sent, answered = (of.get("identity") for of in (resource.inputs, resource.outputs))
    if isinstance(sent, Mapping) and isinstance(answered, Mapping):
        said["identity"] = {key: answered[key] for key in _OF_ITSELF if key in answered and key not in sent}
    return list(texts_of(said))


_OF_ITSELF = ("principalId", "tenantId")


def _subscriptions(graph: Graph, ids: set[str]) -> set[str]:
    if graph.placement is not None:
        return {graph.placement.account.casefold()}
    said = {str(one.inputs.get("subscriptionId", "")).casefold() for one in graph.resources if one.is_provider}
    return {one for one in said if _WHOLE_GUID.fullmatch(one)} or {id_.split("/")[2] for id_ in ids}


def _in(text: str, whole: str) -> bool:
    return whole.startswith("/") and (text == whole or text.startswith(f"{whole}/"))


@once_a_resource
def _texts_of(resource: Resource) -> Sequence[tuple[str, str]]:
    """Every text of a resource with its path. A document is entered as a section."""
    return [(path.replace("#", "."), text) for path, text in texts(resource)]


@whole_stack_rule(
    "world-ids",
    severity="critical",
    says="Every resource that an input names is the stack's own, or one that its file or its landing zone names.",
    remedy=_REMEDY,
    advice_elsewhere=True,
    never_waived=OPEN_TO_OTHERS,
)
def own_ids(graph: Graph) -> Found:
    """Ids of Azure Resource Manager, wherever they stand: scopes, principals, keys, networks, stores, sinks, targets,
    images and jobs. An id above a resource, such as a subscription, is not the stack's own: it takes in what is others'
    (Microsoft cloud security benchmark PA-7). Addresses of assets (azureml://) name the workspace that they lie in.
    """
    ours, datastores = own(graph), world(graph).by_type.get(DATASTORE, frozenset())
    made = {
        name for one in graph.cloud if one.type.endswith(":machinelearningservices:Registry") for name in names_of(one)
    }
    for resource, path, text in ((one, *said) for one in graph.cloud for said in _with_ids(one)):
        asset, registry = _ASSET.match(text.casefold()), _REGISTRY.match(text.casefold())
        if registry is not None:
            yield from [(resource, _foreign(path, f"the registry {registry[1]}"))] if registry[1] not in made else []
            continue
        if asset is not None:
            wanted = "/subscriptions/{subscription}/resourcegroups/{group}/providers/".format_map(asset.groupdict())
            named = [f"{wanted}microsoft.machinelearningservices/workspaces/{asset['workspace']}"]
            datastore = asset["datastore"] or ""
            if datastore and datastore not in _DATASTORES and datastore not in datastores:
                yield resource, _foreign(path, f"the datastore {datastore}")
        else:
            named = [text] if _SPOILT.match(text) else _ID.findall(text)
        yield from ((resource, _foreign(path, one)) for one in named if not ours.has_id(one))


@once_a_resource
def _with_ids(resource: Resource) -> Sequence[tuple[str, str]]:
    said = [(path, text, text.casefold()) for path, text in _texts_of(resource)]
    return [(path, text) for path, text, low in said if "subscriptions/" in low or _REGISTRY.match(low)]


def _foreign(path: str, what: str) -> str:
    shown = what if len(what) <= _SHOWN else f"{what[: _SHOWN // 2]}…{what[-_SHOWN // 2 :]}"
    said = one_line(shown, _SHOWN + 1)
    return f"names {said} ({path}), which is neither the stack's nor named by its file or landing zone"


_SHOWN = 100
"""An id may be longer than a sentence that somebody reads."""


@whole_stack_rule(
    "world-principals",
    severity="critical",
    says="Every principal, client, subscription and directory that an input names by its GUID is the stack's own, "
    "that of a caller in its file, or a person's who works in it.",
    remedy=_REMEDY,
    advice_elsewhere=True,
    never_waived=OPEN_TO_OTHERS,
)
def own_principals(graph: Graph) -> Found:
    """Whoever a GUID names (MCSB PA-1). A person's is the owner of a machine that has a role, and no other."""
    ours, people = own(graph), _people(graph)
    known = ours.guids | ours.subscriptions | ours.given
    tenant = _tenant(graph)
    for resource, path, text in ((one, *said) for one in graph.cloud for said in _guids(one)):
        last = path.rpartition(".")[2].casefold()
        said = text.casefold()
        if last in _NAMES or path.startswith("tags.") or (path == "principalId" and is_given(graph, resource)):
            continue
        if last in ("tenantid", "tenant_id"):
            if tenant and said != tenant:
                yield resource, f"names the directory {text} ({path}), where the stack's is {tenant}"
        elif said not in known and said not in people:
            yield resource, _foreign(path, text)


@once_a_resource
def _guids(resource: Resource) -> Sequence[tuple[str, str]]:
    return [(path, text) for path, text in _texts_of(resource) if _WHOLE_GUID.fullmatch(text) or _is_one(path, text)]


def _is_one(path: str, text: str) -> bool:
    """Whether a GUID is wanted where the text stands: what is none names nobody."""
    return path.rpartition(".")[2].casefold() in _WANT_ONE and text != ""


def _people(graph: Graph) -> set[str]:
    """The object ids of persons: who has a machine and, where the stack gives roles to persons, one of these."""
    owners = {text.casefold() for one in graph.of(COMPUTE) for path, text in _texts_of(one) if _is_owner(path)}
    roled = {
        str(one.inputs.get("principalId", "")).casefold()
        for one in graph.of(authorization.ROLE_ASSIGNMENT)
        if one.inputs.get("principalType") == "User"
    }
    return owners & roled


def _is_owner(path: str) -> bool:
    return path.rpartition(".")[2].casefold() == "objectid"


def _tenant(graph: Graph) -> str:
    """The stack's directory: the one that its resources answer with, else the one that most of them name."""
    answered = Counter[str]()
    sent = Counter[str]()
    for resource in graph.cloud:
        answered.update(text.casefold() for path, text in _answers(resource) if path.casefold().endswith("tenantid"))
        sent.update(_directories(resource))
    return next((text for text, _ in (answered or sent).most_common(1)), "")


@once_a_resource
def _directories(resource: Resource) -> Sequence[str]:
    return [text.casefold() for path, text in _texts_of(resource) if path.casefold().endswith("tenantid")]


@whole_stack_rule(
    "world-hosts",
    severity="high",
    says="Every address that an input names is one of the stack's own, or of a place that its file names.",
    remedy=_REMEDY,
    advice_elsewhere=True,
    never_waived=OPEN_TO_OTHERS,
)
def own_hosts(graph: Graph) -> Found:
    """Vaults, stores, registries, webhooks and whatever else has a host. A service of Azure names the resource first:
    <vault>.vault.azure.net, <account>.blob.core.windows.net. Images are judged by `identity-registries`, which has
    nothing to say of another program. A variable or a word of a container may name any host that the stack file
    names: it is there to be reviewed, and the network opens no way.
    """
    ours = world(graph)
    hosts = {host for one in graph.cloud for host in _hosts_answered(one)}
    hosts |= {host for text in ours.given for host in _hosts(text)} | ours.given | set(_SCHEMAS)
    in_file = {host for text in (graph.placement.addresses if graph.placement else ()) for host in _hosts(text)}
    known_by_file = hosts | in_file
    for resource, path, named in ((one, *said) for one in graph.cloud for said in _with_hosts(one)):
        if path.rpartition(".")[2] == "image" and graph.placement is not None:
            continue
        known = known_by_file if _VARIABLE.search(path) else hosts
        for host in named:
            if host not in known and not (host.partition(".")[0] in ours.names and host.endswith(_DOMAINS)):
                yield resource, _foreign(path, host)


_VARIABLE = re.compile(r"\.((environmentVariables|environment_variables)\.[^.]+|componentSpec\.command)$")


@once_a_resource
def _hosts_answered(resource: Resource) -> Set[str]:
    return frozenset(host for text in _answered(resource) for host in _hosts(text))


@once_a_resource
def _with_hosts(resource: Resource) -> Sequence[tuple[str, Sequence[str]]]:
    """Each path whose text names hosts, and these."""
    return [(path, named) for path, text in _texts_of(resource) if (named := list(_hosts(text)))]


def _hosts(text: str) -> Iterator[str]:
    if "." in text:
        said = text.casefold()
        patterns = (_HOST, _OF_AZURE, _ADDRESS) if " " in said else (_HOST, _OF_AZURE)
        yield from (found["host"] for pattern in patterns for found in pattern.finditer(said))


@whole_stack_rule(
    "world-mail",
    severity="high",
    says="Alerts, budgets and notifications are mailed to the stack's owner.",
    remedy="Take the address from `owner` of the stack file.",
    proof="cost visibility",
    advice_elsewhere=True,
)
def own_mail(graph: Graph) -> Found:
    """A mail says what runs, what it costs and what broke. The owner is who the tag `owner` of the stack names; where
    another program has no such tag, the one whom most of its inputs name.
    """
    owners = {str(tags.get("owner", "")).casefold() for one in graph.cloud if (tags := _tags(one))} - {""}
    mailed = [(one, *said) for one in graph.cloud for said in _mailed(one)]
    if not owners:
        owners = {text for text, _ in Counter(text.casefold() for _, _, text in mailed).most_common(1)}
    for resource, path, text in mailed:
        if text.casefold() not in owners:
            yield resource, f"mails {text} ({path}), who is not the stack's owner"


@once_a_resource
def _mailed(resource: Resource) -> Sequence[tuple[str, str]]:
    return [(path, text) for path, text in _texts_of(resource) if _mails(path, text)]


def _mails(path: str, text: str) -> bool:
    return "tags" not in path.split(".") and _MAIL.fullmatch(text) is not None


def _tags(resource: Resource) -> Mapping[str, Any]:
    found = resource.inputs.get("tags")
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


@whole_stack_rule(
    "world-regions",
    severity="high",
    says="Every place that an input names is the region of the stack.",
    remedy="Name the region of the stack file; data that is to stand in another region is a stack of its own.",
    advice_elsewhere=True,
)
def own_regions(graph: Graph) -> Found:
    """At any depth: replicas, failovers, metrics and images. docs/adr/0009-data-stays-in-the-region-of-the-stack.md

    The region of another program is that of most of its resources, and what stands elsewhere is told as advice.
    """
    providers = [] if graph.ours else graph.of("pulumi:providers:azure-native")
    said = [(one, *place) for one in (*graph.cloud, *providers) for place in _places(one)]
    if graph.placement is not None:
        region = _region(graph.placement.region)
    else:
        region = next((place for place, _ in Counter(_region(text) for _, _, text in said).most_common(1)), "")
    for resource, path, text in said:
        if _region(text) != region:
            yield resource, f"names the place {text} ({path}), where the stack stands in {region}"


@once_a_resource
def _places(resource: Resource) -> Sequence[tuple[str, str]]:
    return [(path, text) for path, text in _texts_of(resource) if _is_place(path) and _region(text) not in _NO_PLACE]


def _is_place(path: str) -> bool:
    return "tags" not in path.split(".") and _PLACE.search(path) is not None


def _region(text: str) -> str:
    return text.replace(" ", "").casefold()


RULES = [own_ids, own_principals, own_hosts, own_mail, own_regions]
