"""Permissions are allowed, not forbidden: a role holds what the persona table says that its holder's tasks take.

`policies/personas/gcp.yaml` is the table, with the page of each task.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import (
    artifactregistry,
    bigquery,
    projects,
    serviceaccount,
    storage,
    vertex,
    workbench,
    workflows,
)
from policies.gcp.experiments import records
from policies.personas import table
from policies.personas.simulation import untrue
from policies.rule import Found, whole_stack_rule

_ROLE = projects.CUSTOM_ROLE
_IN_PROJECT = ("project", "endpoints", "workflows", "training-workflows")
"""The words of the table for what a role of the project is granted on."""
_ON_INSTANCE = ("own-instance",)
_STANDS: Mapping[str, Sequence[str]] = {
    "endpoints": (vertex.ENDPOINT,),
    "workflows": (workflows.WORKFLOW,),
    "captured": (bigquery.DATASET,),
    "own-instance": (workbench.INSTANCE,),
    "experiments": (vertex.TENSORBOARD,),
}
"""The kinds without which a task that is about a word of the table does not exist."""
_TRAINING = "training-workflows"
"""The word of the table for the workflows that start training jobs."""
_PATHS = "pipeline-workflows"
"""The word of the table for those of them that run pipelines."""
_RECORDED = "recorded-workflows"
"""The word of the table for those of them whose jobs are recorded."""
_HOURS = "hours"
KEEPS_HOURS = frozenset(
    (
        "aiplatform.endpoints.deploy",
        "aiplatform.endpoints.get",
        "aiplatform.endpoints.undeploy",
        "aiplatform.models.get",
        "aiplatform.operations.list",
        "compute.forwardingRules.get",
        "logging.logEntries.create",
        "workflows.executions.create",
    )
)
"""What keeping an endpoint's hours takes. Its account stands in no row of the table: decision 0016 says why it may
change what is served, and a stack has it only where an endpoint has `hours`."""


@cache
def _may(at: Sequence[str], persona: str = "") -> frozenset[str]:
    """What a persona's tasks take of these; without a persona, what anybody's do."""
    return frozenset(
        permission
        for task in table("gcp").tasks
        if (persona in task.who | task.also if persona else task.who - {"deployer"})
        for calls in task.calls
        if calls.at in at
        for permission in calls.do
    )


def _must(graph: Graph, persona: str) -> frozenset[str]:
    """What a persona's tasks take in the project of a stack that has what they are about."""
    return frozenset(
        permission
        for task in table("gcp").tasks
        if persona in task.who and (not task.about or _stands(graph, task.about))
        for calls in task.calls
        if calls.at in _IN_PROJECT
        for permission in calls.do
    )


def _stands(graph: Graph, about: str) -> bool:
    if about == _RECORDED:
        return any(records(flow) for flow in graph.of(workflows.WORKFLOW))
    if about == _PATHS:
        return any(workflows.paths(flow) for flow in graph.of(workflows.WORKFLOW))
    if about == _TRAINING:
        return any(workflows.trains(flow) for flow in graph.of(workflows.WORKFLOW))
    return bool(graph.of(*_STANDS.get(about, ())))


def persona_of(account: Resource) -> str:
    """The persona of a service account by its name or what it is called; empty where neither says one."""
    called = account.props.text_if_known("displayName").rpartition(" ")[2]
    return next((one for one in (*table("gcp").made, _HOURS) if called == one or account.name.endswith(f"-{one}")), "")


@whole_stack_rule(
    "identity-permissions",
    _ROLE,
    severity="critical",
    says="A role holds the permissions that its persona's tasks take, and no other.",
    remedy="Take the permission out of the role; or put the task that takes it into policies/personas/gcp.yaml, where "
    "it shows in review.",
    advice_elsewhere=True,
)
def permissions(graph: Graph) -> Found:
    """Each permission that nobody listed is one more: who may set a policy, read a secret, become another account, or
    read what others keep (IAM, "Permissions reference", https://cloud.google.com/iam/docs/permissions-reference).

    A role that is granted to accounts without a persona is held against what anybody's tasks take, and one that several
    personas have against what each one's do.
    """
    for role in graph.of(_ROLE):
        held = set(role.props.each_text("permissions"))
        if not held:
            yield role, "holds no permission"
        on_instance = bool(graph.referring(workbench.INSTANCE_MEMBER, "role", role))
        personas = {persona_of(account) for account in _holders(graph, role)}
        there = _may(_ON_INSTANCE) if on_instance else frozenset[str]()
        if on_instance and not personas:
            yield from ((role, f"holds {one}, which no task of anybody takes") for one in sorted(held - there))
        for persona in sorted(personas or ({""} if not on_instance else ())):
            allowed = there | (_may(_IN_PROJECT, persona) if persona else _may(_IN_PROJECT + _ON_INSTANCE))
            allowed |= KEEPS_HOURS if persona == _HOURS else frozenset()
            for permission in sorted(held - allowed):
                yield role, f"holds {permission}, which no task of {persona or 'anybody'} takes"


def _holders(graph: Graph, role: Resource) -> Iterator[Resource]:
    for grant in graph.referring(projects.MEMBER, "role", role):
        yield from graph.refers(grant, "member", serviceaccount.ACCOUNT)


@whole_stack_rule(
    "identity-tasks-allowed",
    serviceaccount.ACCOUNT,
    severity="medium",
    proof="workflow speed",
    says="Each persona that a stack makes has the permissions that its tasks take, and an owner those on an instance.",
    remedy="Give the persona's role the permission, and grant the role to its account.",
    advice_elsewhere=True,
)
def tasks_allowed(graph: Graph) -> Found:
    """By the roles that are granted in the project, for the tasks that the stack has something for."""
    for account in graph.of(serviceaccount.ACCOUNT) if graph.ours else ():
        if persona := persona_of(account):
            held = set[str]()
            for grant in graph.referring(projects.MEMBER, "member", account):
                for role in graph.refers(grant, "role", _ROLE):
                    held |= set(role.props.each_text("permissions"))
            for permission in sorted(_must(graph, persona) - held):
                yield account, f"may not {permission}, which the tasks of {persona} take"
    for agent in graph.of(projects.SERVICE_IDENTITY) if graph.ours else ():
        if not graph.referring(projects.MEMBER, "member", agent):
            yield agent, "has no role in the project, without which the service does nothing"
    for instance in graph.of(workbench.INSTANCE) if graph.ours else ():
        held = set[str]()
        for grant in graph.referring(workbench.INSTANCE_MEMBER, "name", instance):
            for role in graph.refers(grant, "role", _ROLE):
                held |= set(role.props.each_text("permissions"))
        for permission in sorted(_may(_ON_INSTANCE) - held):
            yield instance, f"lets its owner not {permission}"


@whole_stack_rule(
    "identity-persona-tasks",
    projects.MEMBER,
    storage.BUCKET_MEMBER,
    artifactregistry.REPOSITORY_MEMBER,
    serviceaccount.MEMBER,
    severity="high",
    proof="workflow speed",
    says="Each persona of a stack of this program can do its tasks of the table, and nobody else's.",
    remedy="Give the persona the grant that components/gcp/personas.py names for the task, and take the other away.",
)
def tasks(graph: Graph) -> Found:
    """The table is `policies/personas/gcp.yaml`; what Google allows is simulated by the stack's grants, conditions and
    folders included. A grant that is moved from one persona to another holds no permission that nobody has.

    In a program that is not ours nobody knows which account is whose. What the engine does not know yet, the verdict
    judges.
    """
    if graph.ours and _is_known(graph):
        yield from ((None, sentence) for sentence in untrue(graph))


def _is_known(graph: Graph) -> bool:
    """Whether every persona's account is there and answered, and every grant says whom it lets do what."""
    accounts = {persona_of(one): one for one in graph.of(serviceaccount.ACCOUNT)}
    grants = graph.of(projects.MEMBER, storage.BUCKET_MEMBER, artifactregistry.REPOSITORY_MEMBER, serviceaccount.MEMBER)
    answered = all(one.props.text_if_known("email") and one.props.text_if_known("member") for one in accounts.values())
    told = all(one.props.text_if_known(key) for one in grants for key in ("member", "role"))
    return accounts.keys() >= set(table("gcp").made) and answered and told


RULES = [permissions, tasks_allowed, tasks]
