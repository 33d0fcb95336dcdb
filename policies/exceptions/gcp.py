"""What the components of Google Cloud decide against a rule, and what must be true for it."""

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import (
    ACCOUNT,
    CUSTOM_ROLE,
    DEPLOYMENT,
    WORKFLOW,
    mlplatform,
    projects,
    serviceaccount,
    storage,
    vertex,
    workbench,
)
from catalogue.kinds.gcp.workflows import deployments, jobs
from policies import given
from policies.exceptions import DesignException
from policies.gcp.permissions import KEEPS_HOURS
from policies.rule import callers

_AUDIT_LOG = "docs/adr/0010-calls-on-objects-are-read-in-the-audit-log.md"
_WHO_ACTS = "docs/adr/0012-grants-that-a-scanner-takes-for-too-wide.md"
_PRIVATE = "docs/adr/0013-private-ways-that-a-scanner-does-not-know.md"
_HOURS = "docs/adr/0016-the-hours-of-an-endpoint-change-what-is-served.md"
_READS_AND_WRITES = {"DATA_READ", "DATA_WRITE"}


def served_to_its_own_project(graph: Graph, endpoint: Resource) -> bool:
    """The endpoint answers through Private Service Connect, to its own project and those of its callers alone."""
    config = endpoint.props.section_or_empty("privateServiceConnectConfig")
    project = endpoint.props.text_or_empty("project")
    let_in, others = set(config.each_text("projectAllowlists")), {caller.account for caller in callers(graph)}
    own = bool(project) and project in let_in and let_in <= {project, *others}
    return config.flag_or_none("enablePrivateServiceConnect") is True and own


def own_agent_with_its_role(graph: Graph, grant: Resource) -> bool:
    """The grant gives a service's own agent the role that Google gives it, and on the project of that agent."""
    agents = graph.refers(grant, "member", projects.SERVICE_IDENTITY)
    service = grant.props.text_or_empty("role").removeprefix("roles/").removesuffix(".serviceAgent")
    return (
        len(agents) == 1
        and grant.props.text_or_empty("role") == f"roles/{service}.serviceAgent"
        and agents[0].props.text_or_empty("service") == f"{service}.googleapis.com"
        and agents[0].props.text_or_empty("project") == grant.props.text_or_empty("project")
    )


def calls_are_recorded(graph: Graph, bucket: Resource) -> bool:
    """The project's audit log has every read and write of every object, by everybody."""
    configs = [
        part
        for config in graph.of(projects.AUDIT_CONFIG)
        if config.props.text_or_empty("service") in ("allServices", "storage.googleapis.com")
        and config.props.text_or_empty("project") == bucket.props.text_or_empty("project")
        for part in config.props.each_section("auditLogConfigs")
    ]
    recorded = {part.text_or_empty("logType") for part in configs}
    return recorded >= _READS_AND_WRITES and not any(part.is_given("exemptedMembers") for part in configs)


def recorded_by_given_trail(graph: Graph, bucket: Resource) -> bool:
    """The landing zone gives the sink, and the stack has no audit configuration."""
    return given.trail(graph) is not None and not graph.of(projects.AUDIT_CONFIG)


def switches_what_the_stack_deploys(graph: Graph, role: Resource) -> bool:
    """Only an account has the role as which workflows alone run, each of which deploys again what the stack deploys.

    The role has what that takes and no more, the account acts as those that serve alone, and nobody acts as it.
    """
    grants = [grant for grant in graph.of(projects.MEMBER) if role in graph.refers(grant, "role", role.type)]
    accounts = [account for grant in grants for account in graph.refers(grant, "member", ACCOUNT)]
    fits = set(role.props.each_text("permissions")) <= KEEPS_HOURS
    return fits and len(accounts) == len(grants) and all(_switches(graph, account) for account in accounts)


def _switches(graph: Graph, account: Resource) -> bool:
    on_it = graph.referring(serviceaccount.MEMBER, "serviceAccountId", account)
    becomes = {
        one.urn
        for grant in graph.referring(serviceaccount.MEMBER, "member", account)
        for one in graph.refers(grant, "serviceAccountId", ACCOUNT)
    }
    serve = {one.urn for served in graph.of(DEPLOYMENT) for one in graph.refers(served, "serviceAccount", account.type)}
    run = graph.referring(WORKFLOW, "serviceAccount", account)
    others = [graph.referring(type_, key, account) for type_, key in _ELSEWHERE]
    return (
        not on_it
        and not any(others)
        and becomes <= serve
        and all(job.deploys and deployments(graph, flow, job) for flow in run for job in jobs(flow.props))
    )


_ELSEWHERE = ((workbench.INSTANCE, "gceSetup"), (DEPLOYMENT, "serviceAccount"), (mlplatform.MODEL, "serviceAccount"))
"""What else runs as an account, and where it names it. A schedule runs nothing but the workflow that it starts."""


EXCEPTIONS = (
    DesignException(
        rule="identity-guardrails",
        component="Identity",
        child="hours-role",
        type=CUSTOM_ROLE,
        holds=switches_what_the_stack_deploys,
        reason="the hours of an endpoint take its model off and put the same one on; no person and no other work has "
        "the account",
        decision=_HOURS,
    ),
    DesignException(
        rule="CKV2_GCP_33",
        component="Endpoint",
        child="",
        type=vertex.ENDPOINT,
        holds=served_to_its_own_project,
        reason="Checkov knows the peering only, which excludes Private Service Connect; CKV_MLP_4 judges what is used",
        decision=_PRIVATE,
    ),
    *(
        DesignException(
            rule="CKV_GCP_49",
            component="ServiceAgents",
            child=f"{service}-role",
            type=projects.MEMBER,
            holds=own_agent_with_its_role,
            reason="the role Google itself gives this service's own agent, without which the service does not work; "
            "no persona holds it",
            decision=_WHO_ACTS,
        )
        for service in ("aiplatform", "cloudscheduler", "notebooks", "workflows")
    ),
    DesignException(
        rule="CKV_GCP_62",
        component="PrivateBucket",
        child="",
        type=storage.BUCKET,
        holds=calls_are_recorded,
        reason="every read and write is in the audit log, which names the caller; usage logs would repeat it without "
        "the name",
        decision=_AUDIT_LOG,
    ),
    DesignException(
        rule="CKV_GCP_62",
        component="PrivateBucket",
        child="",
        type=storage.BUCKET,
        holds=recorded_by_given_trail,
        reason="calls are for the sink that the landing zone gives to take; landing-zone-unread names it, and nobody "
        "here has read it",
        decision=_AUDIT_LOG,
    ),
)
