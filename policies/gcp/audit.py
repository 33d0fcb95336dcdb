"""Audit and state: who did what is recorded, and what cannot be made again cannot be deleted by mistake.

`audit-packages-own-account` of AWS has no meaning here. Vertex AI's model registry has no resource policy, so only the
project's IAM says who reads a model. `identity-no-public-member` and `identity-project-grants` check that.
"""

from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import artifactregistry, logging, mlplatform, projects
from catalogue.properties import Properties
from policies import given
from policies.rule import Found, resource_rule, whole_stack_rule

_CALLS, _SINK = projects.AUDIT_CONFIG, logging.SINK
_LOGS = logging.LOG_BUCKET
_KINDS = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")
# What must reach the log bucket: the audit log's four parts, and the network's (Cloud Logging, "Audit logs overview").
_RECORDED = (
    "cloudaudit.googleapis.com/activity",
    "cloudaudit.googleapis.com/data_access",
    "cloudaudit.googleapis.com/system_event",
    "cloudaudit.googleapis.com/policy",
    "compute.googleapis.com/firewall",
    "compute.googleapis.com/vpc_flows",
)
# What the project's own sink `_Default` takes, too. The rest goes into `_Required`, whatever a project says.
_IN_DEFAULT = (
    "cloudaudit.googleapis.com/data_access",
    "cloudaudit.googleapis.com/policy",
    "compute.googleapis.com/firewall",
    "compute.googleapis.com/vpc_flows",
    "dns.googleapis.com/dns_queries",
)


@whole_stack_rule(
    "audit-trail",
    severity="high",
    says="Every admin call, read and write of every service is recorded, of everybody (CIS GCP 2.1).",
    remedy="Keep the audit component's audit configuration of allServices with its three kinds and no exemption.",
)
def trail(graph: Graph) -> Found:
    """There is one configuration for all services. One for a single service only adds to it.

    A landing zone may give a sink above the project, which nobody can read here: `landing-zone-unread` says so.
    """
    configs = graph.of(_CALLS)
    everything = [config for config in configs if config.props.text_or_empty("service") == "allServices"]
    if not everything and not given.trail(graph):
        yield None, "records no data access"
    for config in everything:
        recorded = set(config.props.each_text("auditLogConfigs.logType"))
        for kind in _KINDS:
            if kind not in recorded:
                yield config, f"does not record {kind}"
    for config in configs:
        if any(part.is_given("exemptedMembers") for part in config.props.each_section("auditLogConfigs")):
            yield config, "exempts somebody from being recorded"


@whole_stack_rule(
    "audit-logs-kept",
    severity="high",
    says="Audit, flow and firewall logs go into a bucket of the stack, which in production nobody can empty or shorten "
    "(CIS GCP 2.2, 2.3).",
    remedy="Keep the audit component's sink without exclusions, into its log bucket; lock that in production.",
)
def logs_kept(graph: Graph) -> Found:
    """A sink of this project leads into a log bucket of this stack, locked in production, or its landing zone's.

    Nobody can delete a locked bucket before its retention is over, so a pilot that is to end has none: Cloud Logging,
    "Configure log buckets", https://cloud.google.com/logging/docs/buckets#locking-logs-buckets
    """
    sinks = _sinks(graph)
    if not sinks and not given.trail(graph):
        yield None, "sends its audit log to no bucket of its own"
    for sink in sinks:
        if sink.props.flag_or_none("disabled") or sink.props.is_given("exclusions"):
            yield sink, "is switched off, or leaves something out"
        taken = logging.alternatives(sink)
        for log in _RECORDED:
            if taken != [""] and f'log_id("{log}")' not in taken:
                yield sink, f"does not take {log}"
    if not given.trail(graph):
        yield from _lost(graph, [part for sink in sinks for part in logging.alternatives(sink)])
    production = graph.placement is not None and graph.placement.environment == "prod"
    for bucket in graph.of(_LOGS) if graph.placement is not None else ():
        locked = bucket.props.flag_or_none("locked") is True
        if production and not locked:
            yield bucket, "can be emptied or shortened"
        elif locked and not production:
            yield bucket, "is locked, so that a stack that is to end keeps it until its retention is over"


def _lost(graph: Graph, taken: list[str]) -> Found:
    """What is left out of the project's own bucket and lies in no other. A sink without a filter takes everything."""
    for exclusion in graph.of(logging.EXCLUSION):
        parts = [part for part in logging.alternatives(exclusion) if part]
        lost = [part for part in parts if part not in taken and "" not in taken]
        if lost and exclusion.props.flag_or_none("disabled") is not True:
            yield exclusion, f"leaves out what no log bucket of the stack takes: {lost[0]}"


@whole_stack_rule(
    "audit-logs-once",
    severity="medium",
    says="What a sink takes into the stack's log bucket is left out of the project's own bucket `_Default`.",
    remedy="Keep the audit component's exclusion, which names each of these logs.",
)
def logs_once(graph: Graph) -> Found:
    """There they would lie without the stack's key, and be paid for twice. Nothing can be left out of `_Required`,
    which has the calls of administrators free of charge: Cloud Logging, "Route log entries", System-created sinks,
    https://cloud.google.com/logging/docs/routing/overview
    """
    for sink in _sinks(graph):
        filtered = sink.props.text_if_known("filter")
        for log in _IN_DEFAULT:
            if (not filtered or f'log_id("{log}")' in filtered) and not logging.left_out(graph, log):
                yield sink, f"takes {log}, which lies in the project's own bucket as well"


def _sinks(graph: Graph) -> list[Resource]:
    """Those that lead into a log bucket of this stack, or its landing zone's."""
    return [sink for sink in graph.of(_SINK) if _into_own(graph, sink) or _leads_there(graph, sink)]


def _into_own(graph: Graph, sink: Resource) -> bool:
    """Whether a sink leads into a log bucket of this stack: by its name, as far as both are known."""
    text = sink.props.text_if_known("destination")
    named = (one.props.text_if_known("bucketId") for one in graph.refers(sink, "destination", _LOGS))
    return any(not text or not name or text.endswith(f"/buckets/{name}") for name in named)


def _leads_there(graph: Graph, sink: Resource) -> bool:
    logs = given.logs(graph)
    return logs is not None and sink.props.text_if_known("destination") == f"logging.googleapis.com/{logs}"


@resource_rule(
    "audit-repository-immutable",
    artifactregistry.REPOSITORY,
    severity="high",
    says="An image in the stack's registry stays as it was pushed: tags are immutable, and pushes are scanned.",
    remedy="Set docker_config.immutable_tags, and leave scanning INHERITED.",
)
def repository_immutable(props: Properties) -> Iterator[str]:
    """`audit-images-pinned` checks that a container names the version of its image."""
    if props.flag_or_none("dockerConfig.immutableTags") is not True:
        yield "lets a tag be moved to another image"
    if props.text_or_empty("vulnerabilityScanningConfig.enablementConfig") != "INHERITED":
        yield "does not scan what is pushed"


@resource_rule(
    "audit-predictions-logged",
    mlplatform.DEPLOYMENT,
    severity="medium",
    says="Calls of an endpoint and the output of its container are logged.",
    remedy="Set access_logging and container_logging to True.",
)
def predictions_logged(props: Properties) -> Iterator[str]:
    """Vertex AI logs both itself, and neither can be switched on later ("Online inference logging")."""
    for switch in ("accessLogging", "containerLogging"):
        if props.flag_or_none(switch) is not True:
            yield f"has {switch} off"


RULES = [trail, logs_kept, logs_once, predictions_logged, repository_immutable]
