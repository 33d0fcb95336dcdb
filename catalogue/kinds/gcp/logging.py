"""Cloud Logging: the bucket that keeps logs, the sink that fills it, and what is left out of the project's own."""

import re
from collections.abc import Iterator

from catalogue.answers import by_resource_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Graph, Resource
from catalogue.kind import At, Bills, Guarded, Holds, Keeps, KeyAt, Keys, Kind, No, Stays, documented, setting
from catalogue.kinds.gcp import (
    IN_PLACE,
    IN_PROJECT,
    KEY,
    OBSERVABILITY,
    READ,
    SUBNETWORK,
    acting,
    asks,
    in_terraform,
    registry,
)
from catalogue.pricing import Bill, Pricing

LOG_BUCKET = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
SINK = "gcp:logging/projectSink:ProjectSink"
EXCLUSION = "gcp:logging/projectExclusion:ProjectExclusion"

_BUCKET, _SINK = registry("logging/projectbucketconfig"), registry("logging/projectsink")
_EXCLUSION = documented("https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.exclusions/create", READ)
_DELETED = documented(
    "https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.locations.buckets/delete", READ
)
DATA_ACCESS, FLOWS = "cloudaudit.googleapis.com/data_access", "compute.googleapis.com/vpc_flows"
_KMS = documented("https://docs.cloud.google.com/logging/docs/routing/managed-encryption", READ)
_ACCESS = "https://cloud.google.com/logging/docs/access-control"
_RETENTION = documented("https://cloud.google.com/logging/docs/reference/v2/rest/v2/locations.buckets", READ)


def _log_bucket(pricing: Pricing, resource: Resource) -> Bill:
    """What the bucket takes in and keeps, and the audit log once more where nothing leaves it out.

    Storage is billed in each bucket that an entry is routed to. The project's own sink, which no stack makes, routes
    all but the calls of administrators into the bucket `_Default`; the bill of a subnet has its flows there. Source:
    Cloud Logging, "Route log entries", https://cloud.google.com/logging/docs/routing/overview
    """
    months = int(resource.props.number_or_none("retentionDays") or 30) / 30
    audit, ingestion = pricing.assume("audit-log-gb"), pricing.of("logging-ingestion")
    amount = audit + pricing.assume("flow-log-gb") * _subnets(pricing.graph, resource)
    again = 0.0 if left_out(pricing.graph, DATA_ACCESS) else audit
    kept = amount * max(0.0, months - 1) * pricing.of("logging-retention")
    twice = f", {again:g} of them once more in the project's own bucket" if again else ""
    return Bill(
        "audit log",
        0.0,
        (amount + again) * ingestion + kept,
        f"{amount:g} GiB taken in and kept {months:.0f} months{twice}, in the ceiling",
    )


def alternatives(resource: Resource) -> list[str]:
    """What the filter of a sink or an exclusion takes, each in one alternative; one that is empty takes everything.

    White space and brackets around the whole mean nothing: "Logging query language", Syntax notation,
    https://cloud.google.com/logging/docs/view/logging-query-language
    """
    text = " ".join(resource.props.text_if_known("filter").split())
    whole = _IN_BRACKETS.fullmatch(text)
    return (whole["inside"] if whole else text).split(" OR ")


_IN_BRACKETS = re.compile(r"\(\s*(?P<inside>log_id\(\"[^\"()]+\"\)( OR log_id\(\"[^\"()]+\"\))*)\s*\)")


def left_out(graph: Graph, log: str) -> bool:
    """Whether the project's own bucket `_Default` takes nothing of a log: an exclusion names the whole of it."""
    return any(
        f'log_id("{log}")' in alternatives(exclusion)
        for exclusion in graph.of(EXCLUSION)
        if exclusion.props.flag_or_none("disabled") is not True
    )


def _subnets(graph: Graph, bucket: Resource) -> int:
    """How many subnets send their flows into the bucket."""
    filters = [
        sink.props.text_if_known("filter")
        for sink in graph.of(SINK)
        if bucket.urn in {to.urn for to in graph.refers(sink, "destination", LOG_BUCKET)}
    ]
    if not any("vpc_flows" in text or not text for text in filters):
        return 0
    return sum(subnet.props.is_given("logConfig") for subnet in graph.of(SUBNETWORK))


def _days(graph: Graph, resource: Resource) -> Iterator[float | None]:
    """The retention. Without one an existing bucket keeps its own, which nobody here knows."""
    yield resource.props.number_or_none("retentionDays")


KINDS = (
    Kind(
        token=LOG_BUCKET,
        tags=No("a log bucket takes no labels", _BUCKET),
        keys=Keys((KeyAt("cmekSettings.kmsKeyName", users=("gcp-sa-logging",)),), _KMS),
        holds=Holds("data", _RETENTION),
        reaches=No("Cloud Logging fills it on Google's side", _BUCKET),
        runs=No("it runs no machine", _BUCKET),
        bills=Bills(_log_bucket, OBSERVABILITY, ("Cloud Logging",)),
        stands=At("location", _BUCKET),
        keeps=Keeps(_days, _RETENTION),
        serves=No("it runs no container", _BUCKET),
        acts=acting(
            "logging",
            by_resource_name(
                IN_PLACE + "/buckets/{bucketId}",
                key="bucketId",
                name=IN_PLACE + "/buckets/{bucketId}",
                lifecycleState="ACTIVE",
            ),
            Behaviour(
                name="bucketId",
                pattern=r"[a-zA-Z0-9_.-]{1,100}",
                refs=(Ref("cmekSettings.kmsKeyName", (KEY,)),),
                locked="locked",
            ),
        ),
        renders=in_terraform("google_logging_project_bucket_config"),
        rights=asks(
            _ACCESS,
            "logging.buckets.create",
            changes=("logging.buckets.update",),
            deletes=("logging.buckets.delete",),
        ),
        guarded=Guarded((SINK,), _SINK),
        stays=Stays(7, "the log bucket is in state DELETE_REQUESTED for seven days", _DELETED),
    ),
    setting(
        SINK,
        "the project's logs",
        _SINK,
        holds=Holds("guard", _SINK),
        bills=No("routing is free, its bucket is not", OBSERVABILITY),
        acts=acting(
            "logging",
            by_resource_name(
                IN_PROJECT + "/sinks/{name}",
                writerIdentity="serviceAccount:service-{number}@gcp-sa-logging.iam.gserviceaccount.com",
            ),
            Behaviour(name="name", pattern=r"[a-zA-Z0-9_.-]{1,100}"),
        ),
        renders=in_terraform("google_logging_project_sink"),
    ),
    setting(
        EXCLUSION,
        "the project's own sink",
        _EXCLUSION,
        bills=No("leaving out is free", OBSERVABILITY),
        acts=acting(
            "logging",
            by_resource_name(IN_PROJECT + "/exclusions/{name}"),
            Behaviour(name="name", pattern=r"[a-zA-Z0-9_.-]{1,100}"),
        ),
        renders=in_terraform("google_logging_project_exclusion"),
        rights=asks(
            _ACCESS,
            "logging.exclusions.create",
            changes=("logging.exclusions.update",),
            deletes=("logging.exclusions.delete",),
        ),
    ),
)
