"""Audit and state: who did what is recorded, and what cannot be made again cannot be deleted by mistake.

`audit-packages-own-account` of AWS has no meaning here: Vertex AI's model registry has no resource policy, so who
reads a model is the project's IAM alone, which `identity-no-public-member` and `identity-project-grants` watch.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from policies.protection import misprotected
from policies.rule import Stack, get, given, known, refers, resource_rule, stack_rule

_CALLS, _SINK = "gcp:projects/iAMAuditConfig:IAMAuditConfig", "gcp:logging/projectSink:ProjectSink"
_LOGS, _REPOSITORY = "gcp:logging/projectBucketConfig:ProjectBucketConfig", "gcp:artifactregistry/repository:Repository"
_STATEFUL = (
    _REPOSITORY,
    "gcp:kms/cryptoKey:CryptoKey",
    "gcp:kms/keyRing:KeyRing",
    _CALLS,
    _LOGS,
    _SINK,
    "gcp:storage/bucket:Bucket",
)
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


@stack_rule(
    "audit-trail",
    severity=Severity.HIGH,
    says="Every admin call, read and write of every service is recorded, of everybody (CIS GCP 2.1).",
    remedy="Keep the audit component's audit configuration of allServices with its three kinds and no exemption.",
)
def trail(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """One configuration for all services; one for a single service adds to it and takes nothing away."""
    configs = [c for c in stack.of(_CALLS) if c.props.get("service") == "allServices"]
    if not configs:
        yield None, "records no data access"
    for config in configs:
        kinds: set[Any] = {c.get("logType") for c in config.props.get("auditLogConfigs") or ()}
        for kind in _KINDS:
            if kind not in kinds:
                yield config.urn, f"does not record {kind}"
    for config in stack.of(_CALLS):
        if any(c.get("exemptedMembers") for c in config.props.get("auditLogConfigs") or ()):
            yield config.urn, "exempts somebody from being recorded"


@stack_rule(
    "audit-logs-kept",
    severity=Severity.HIGH,
    says="Audit, flow and firewall logs go into a bucket that nobody can empty or shorten (CIS GCP 2.2, 2.3).",
    remedy="Keep the audit component's sink without exclusions, into its locked log bucket.",
)
def logs_kept(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A sink of this project into a log bucket of this stack, which is locked."""
    sinks = [s for s in stack.of(_SINK) if refers(s, "destination", _LOGS)]
    if not sinks:
        yield None, "sends its audit log to no bucket of its own"
    for sink in sinks:
        if sink.props.get("disabled") or given(sink.props, "exclusions"):
            yield sink.urn, "is switched off, or leaves something out"
        taken = known(sink.props, "filter").split(" OR ") if given(sink.props, "filter") else None
        for log in _RECORDED:
            if taken and taken != [""] and f'log_id("{log}")' not in taken:
                yield sink.urn, f"does not take {log}"
    for bucket in stack.of(_LOGS):
        if bucket.props.get("locked") is not True:
            yield bucket.urn, "can be emptied or shortened"


@stack_rule(
    "audit-state-protected",
    severity=Severity.HIGH,
    says="What holds state is protected; an endpoint, which only costs money, is not.",
    remedy="Set protect=True in the resource's options; take it away only in a change of its own.",
)
def state_protected(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Buckets, keys, images and the audit against deletion; endpoints and their models must be free to go."""
    yield from misprotected(stack, _STATEFUL, ("gcp:vertex/aiEndpoint:AiEndpoint", "mlplatform:gcp:Deployment"))


@stack_rule(
    "audit-images-pinned",
    severity=Severity.HIGH,
    says="An image is what it was when it was reviewed: tags are immutable, pushes are scanned, models name a version.",
    remedy="Set docker_config.immutable_tags, leave scanning INHERITED, and pin the image's tag in the stack file.",
)
def images_pinned(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Repositories of the stack, and the images of its models."""
    for repository in stack.of(_REPOSITORY):
        if get(repository.props, "dockerConfig.immutableTags") is not True:
            yield repository.urn, "lets a tag be moved to another image"
        if get(repository.props, "vulnerabilityScanningConfig.enablementConfig") != "INHERITED":
            yield repository.urn, "does not scan what is pushed"
    for model in stack.of("mlplatform:gcp:Model"):
        _, _, tag = str(model.props.get("image")).rpartition("/")[2].partition(":")
        if tag in ("", "latest"):
            yield model.urn, "names no version of its image"


@resource_rule(
    "audit-predictions-logged",
    "mlplatform:gcp:Deployment",
    severity=Severity.MEDIUM,
    says="Who asked an endpoint is logged, and what its container says.",
    remedy="Set access_logging and container_logging to True.",
)
def predictions_logged(props: Mapping[str, Any]) -> Iterator[str]:
    """Both are Vertex AI's own and cannot be had later ("Online inference logging")."""
    for switch in ("accessLogging", "containerLogging"):
        if props.get(switch) is not True:
            yield f"has {switch} off"


RULES = [trail, logs_kept, predictions_logged, state_protected, images_pinned]
