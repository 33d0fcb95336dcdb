"""Permissions are allowed, not forbidden: each persona has what its tasks need, and more is a finding.

What a persona's tasks need is the table `policies/personas/azure.yaml`. How Azure grants it is here: the operations
that a role of the stack's own may name, and the built-in roles that each persona may have, each on its kinds of
resource. So a permission to read keys, to grant roles or to hand identities on is found because nobody listed it.

Operations: https://learn.microsoft.com/en-us/azure/role-based-access-control/permissions/ai-machine-learning and, for
what a run takes, https://learn.microsoft.com/en-us/azure/machine-learning/how-to-assign-roles (custom roles). Built-in
roles: https://learn.microsoft.com/en-us/azure/role-based-access-control/built-in-roles.
"""

from collections.abc import Iterable, Iterator, Mapping

from catalogue.access.azure import is_read, lets
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import IDENTITY, authorization, containerregistry, keyvault, storage
from catalogue.kinds.azure.machinelearningservices import MODELS, SERVED, WORKSPACE
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_ENDPOINT, COMPUTE
from catalogue.marks import is_marked
from catalogue.once import once_a_graph
from catalogue.registered import FOLDER
from catalogue.wildcards import covers
from policies.azure.identity import built_in
from policies.azure.promoted import TAKES, is_given
from policies.azure.reading import registered_models
from policies.personas import table
from policies.personas.simulation import untrue
from policies.rule import Found, callers, stack_rule, whole_stack_rule

_ML = "Microsoft.MachineLearningServices/workspaces"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
_LOOK = (f"{_ML}/read", f"{_ML}/*/read")
_SCORE = f"{_ML}/onlineEndpoints/score/action"


def _write(*kinds: str) -> tuple[str, ...]:
    return tuple(f"{_ML}/{kind}/{what}" for kind in kinds for what in ("write", "*/write"))


_RUN = (
    *_write("codes", "components", "data", "datasets", "environments", "experiments"),
    f"{_ML}/codes/versions/*",
    f"{_ML}/environments/build/action",
    f"{_ML}/environments/readSecrets/action",
    f"{_ML}/jobs/*",
    f"{_ML}/metadata/*/write",
)
"""What it takes to start a run: what it is made of, and the run itself ("Submitting any type of run (V2)")."""

_ON_WORKSPACE: Mapping[str, tuple[str, ...]] = {
    "data-scientist": (
        *_LOOK,
        *_RUN,
        *(f"{_ML}/computes/{what}/action" for what in ("applicationaccess", "listNodes", "restart", "start", "stop")),
        *_write("models"),
        f"{_ML}/notebooks/storage/*",
        _SCORE,
    ),
    "pipeline": (*_LOOK, *_RUN, f"{_ML}/batchEndpoints/jobs/write", f"{_ML}/batchEndpoints/deployments/jobs/write"),
    "approver": (*_LOOK, *_write("models")),
    "caller": (f"{_ML}/read", f"{_ML}/onlineEndpoints/read", _SCORE),
}
"""The operations that a role of the stack's own may name, on a workspace or an endpoint, by persona."""
_ON_MODEL: Mapping[str, tuple[str, ...]] = {
    "data-scientist": (f"{_ML}/models/versions/write",),
    "publisher": (f"{_ML}/models/versions/write",),
    "approver": (f"{_ML}/models/versions/write",),
}
"""The operations that it may name on one model: data scientists and the publisher register its versions, the approver
approves them."""
_ON_BLOBS: Mapping[str, tuple[str, ...]] = {
    "serving": (f"{_BLOBS}/read", f"{_BLOBS}/write", f"{_BLOBS}/add/action"),
    "publisher": (f"{_BLOBS}/read", f"{_BLOBS}/write"),
}
"""The data operations that a role of the stack's own may name, by persona."""

_ACCOUNT, _CONTAINER, _REGISTRY = (storage.ACCOUNT,), (storage.CONTAINER,), (containerregistry.REGISTRY,)
_PULL = {"AcrPull": _REGISTRY}
_BUILT_IN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "data-scientist": {
        "Storage Blob Data Contributor": _ACCOUNT,
        "Storage File Data Privileged Contributor": _ACCOUNT,
        **_PULL,
    },
    "training": {"Storage Blob Data Contributor": _ACCOUNT, **_PULL},
    "serving": {"Storage Blob Data Reader": (*_ACCOUNT, *_CONTAINER), "AzureML Metrics Writer": (WORKSPACE,), **_PULL},
    "batch": {
        "Storage Blob Data Reader": (*_ACCOUNT, *_CONTAINER),
        "Storage Blob Data Contributor": _CONTAINER,
        "Storage Queue Data Contributor": _ACCOUNT,
        "Storage Table Data Contributor": _ACCOUNT,
        **_PULL,
    },
    "pipeline": {},
    "approver": {"Storage Blob Data Reader": _CONTAINER},
    "caller": {},
    "publisher": {"AcrPush": _REGISTRY},
    "wraps": {"Key Vault Crypto Service Encryption User": (keyvault.KEY,)},
}
"""Azure's own roles that each persona may have, with the kinds of resource that each is for.

`wraps` is the identity of the services that encrypt. The workspace's own identity is held by `identity-least-role` and
`identity-scope`.
"""
PERSONAS = tuple(persona for persona in _BUILT_IN if persona != "wraps")


@stack_rule(
    "identity-persona-permissions",
    authorization.ROLE_ASSIGNMENT,
    authorization.ROLE_DEFINITION,
    severity="critical",
    says="A role of the stack's own names operations of its persona's tasks alone, and each persona has its own roles; "
    "the publisher alone writes versions of the registry.",
    remedy="Take the operation out; or add it to policies/azure/permissions.py with the task that needs it.",
)
def permissions(graph: Graph, item: Resource) -> Iterator[str]:
    """Microsoft cloud security benchmark PA-7. Whose tasks count follows from what runs as the identity, or from its
    name; where neither says it, the operation must be one of any persona's.
    """
    if item.type == authorization.ROLE_DEFINITION:
        either = {persona: (*_ON_WORKSPACE.get(persona, ()), *_ON_MODEL.get(persona, ())) for persona in PERSONAS}
        yield from _more(item, PERSONAS, either)
        return
    if is_given(graph, item):
        return
    condition = item.props.text_if_known("condition")
    if not is_read(condition):
        yield "has a condition that is not read here, so nobody knows when it holds"
    if graph.ours and condition and item.props.text_or_empty("conditionVersion") != "2.0":
        yield "has a condition of another version than is read here, which is 2.0"
    personas = _personas(graph, item)
    if "workspace" in personas:
        return
    may = _ON_MODEL if graph.refers(item, "scope", MODELS) else _on_workspace(graph)
    for role in graph.refers(item, "roleDefinitionId", authorization.ROLE_DEFINITION):
        for said in (*_more(role, personas, may), *_less(graph, item, role, personas, may)):
            yield f"gives {role.name}, which {said}"
        return
    name, has = built_in(item)[0], [_BUILT_IN[one][built_in(item)[0]] for one in personas if _has(one, item)]
    if name and not has:
        yield f"gives {name} to {_or(personas)}, which no task of theirs needs"
    elif name and not any(graph.refers(item, "scope", *kinds) for kinds in has):
        yield f"gives {_or(personas)} {name} on another kind of resource than their tasks need"
    elif (
        graph.ours and name == "Storage Blob Data Contributor" and any(lets(condition, one, _FILE) for one in _CHANGES)
    ):
        yield f"lets {_or(personas)} change what lies below {FOLDER}, the files of versions that were approved"


_FILE = f"{FOLDER}x/1/model.json"
_CHANGES = tuple(f"{_BLOBS}/{what}" for what in ("write", "add/action", "delete", "move/action"))
"""What the built-in role may do to a blob beside reading it."""


def _on_workspace(graph: Graph) -> Mapping[str, tuple[str, ...]]:
    """Where versions of the registry are served, whoever could write all models of the workspace could approve, and the
    publisher looks where a version goes before it registers one."""
    if not registered_models(graph):
        return _ON_WORKSPACE
    may = {who: tuple(one for one in may if one not in _write("models")) for who, may in _ON_WORKSPACE.items()}
    return {**may, "publisher": TAKES}


def _has(persona: str, item: Resource) -> bool:
    return built_in(item)[0] in _BUILT_IN.get(persona, {})


def _or(personas: Iterable[str]) -> str:
    return " or ".join(personas)


def _and(operations: Iterable[str]) -> str:
    return " and ".join(operations)


def _more(role: Resource, personas: Iterable[str], actions: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """What a role allows beside the tasks of these personas."""
    known = tuple(personas)
    for key, of in (("actions", actions), ("dataActions", _ON_BLOBS)):
        may = [pattern for persona in known for pattern in of.get(persona, ())]
        for action in role.props.each_text(f"permissions.{key}"):
            if not any(covers(pattern, action) for pattern in may):
                yield f"allows {action}, which no task of {_or(known)} needs"
    given = [*role.props.each_text("permissions.actions"), *role.props.each_text("permissions.dataActions")]
    if not given:
        yield "allows nothing, so whoever has it cannot do their tasks"


def _less(
    graph: Graph, item: Resource, role: Resource, personas: tuple[str, ...], actions: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    """What a role on a workspace or a store does not allow, and the tasks of its one persona need.

    Another program may share them out otherwise. A caller of the stack file has its role on an endpoint, for one call.
    """
    if not graph.ours or len(personas) != 1 or graph.refers(item, "scope", SERVED):
        return
    for key, of in (("actions", actions), ("dataActions", _ON_BLOBS)):
        given = list(role.props.each_text(f"permissions.{key}"))
        lacks = [need for need in of.get(personas[0], ()) if not any(covers(one, need) for one in given)]
        if given and lacks:
            yield f"does not allow {_and(lacks)}, which tasks of {personas[0]} need"


def _personas(graph: Graph, item: Resource) -> tuple[str, ...]:
    """Whose tasks count for what an assignment gives: all of them, where nothing says who its principal is."""
    if item.props.text_or_empty("principalType") == "User":
        return ("data-scientist",)
    found = [one for identity in graph.refers(item, "principalId", IDENTITY) for one in _acts_as(graph)[identity.urn]]
    if not found and item.props.text_if_known("principalId") in {one.identity for one in callers(graph)}:
        return ("caller",)
    return tuple(dict.fromkeys(found)) or (*PERSONAS, "wraps")


@once_a_graph
def _acts_as(graph: Graph) -> Mapping[str, tuple[str, ...]]:
    """The personas of each identity, by its URN: by its name, else by what runs as it."""
    made = graph.of(IDENTITY)
    named = {
        one.urn: next((p for p in (*PERSONAS, "workspace", "wraps") if one.name.endswith(f"-{p}")), "") for one in made
    }
    ran = {one.urn: list(_runs(graph, one)) for one in made}
    return {urn: (name,) if name else tuple(ran[urn]) for urn, name in named.items()}


def _runs(graph: Graph, identity: Resource) -> Iterator[str]:
    """The personas whose work is done as an identity."""
    yield from (persona for persona, type_, key in _RUNS if graph.referring(type_, key, identity))
    for compute in graph.referring(COMPUTE, "identity", identity):
        personal = compute.props.text_or_empty("properties.computeType") == "ComputeInstance"
        yield "data-scientist" if personal else "training"


_RUNS = (
    ("workspace", WORKSPACE, "primaryUserAssignedIdentity"),
    ("serving", SERVED, "identity"),
    ("batch", BATCH_ENDPOINT, "identity"),
    ("wraps", storage.ACCOUNT, "encryption"),
    ("wraps", containerregistry.REGISTRY, "encryption"),
    ("wraps", WORKSPACE, "encryption"),
)
"""The persona that an identity is, by the type and the property that name it."""


@whole_stack_rule(
    "identity-persona-tasks",
    authorization.ROLE_ASSIGNMENT,
    severity="high",
    proof="workflow speed",
    says="Each persona of a stack of this program can do its tasks of the table, and nobody else's.",
    remedy="Give the persona the role that components/azure/personas.py names for the task, and take the other away.",
)
def tasks(graph: Graph) -> Found:
    """The table is `policies/personas/azure.yaml`; what Azure allows is simulated by the stack's role assignments.

    In a program that is not ours nobody knows which identity is whose. On the engine no id is known, of machines and
    stores neither, so the verdict judges it and `pulumi up` does not.
    """
    if graph.ours and _is_known(graph):
        yield from ((None, sentence) for sentence in untrue(graph))


def _is_known(graph: Graph) -> bool:
    """Whether every persona's identity is there and answered, and every role and scope is known."""
    names = {
        one.name.rpartition("-identity-")[2] for one in graph.of(IDENTITY) if _text(one.outputs.get("principalId"))
    }
    roles = graph.of(authorization.ROLE_ASSIGNMENT)
    keys = ("principalId", "roleDefinitionId", "scope")
    if not all(_text(one.outputs.get("id")) for one in graph.cloud):
        return False
    return names >= set(table("azure").made) and all(_text(one.inputs.get(key)) for one in roles for key in keys)


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value) and not is_marked(value)


RULES = [permissions, tasks]
