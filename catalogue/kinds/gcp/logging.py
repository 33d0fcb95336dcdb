"""Cloud Logging: the bucket that keeps logs, and the sink that fills it."""

from collections.abc import Iterator

from catalogue.answers import by_resource_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Graph, Resource
from catalogue.kind import At, Bills, Holds, Keeps, KeyAt, Keys, Kind, No, Stays, documented, setting
from catalogue.kinds.gcp import IN_PLACE, IN_PROJECT, KEY, OBSERVABILITY, READ, acting, in_terraform, registry
from catalogue.pricing import Bill, Pricing

LOG_BUCKET = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
SINK = "gcp:logging/projectSink:ProjectSink"

_BUCKET, _SINK = registry("logging/projectbucketconfig"), registry("logging/projectsink")
_DELETED = documented(
    "https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.locations.buckets/delete", READ
)
_KMS = documented("https://docs.cloud.google.com/logging/docs/routing/managed-encryption", READ)
_RETENTION = documented("https://cloud.google.com/logging/docs/reference/v2/rest/v2/locations.buckets", READ)


def _log_bucket(pricing: Pricing, resource: Resource) -> Bill:
    months = int(resource.props.number_or_none("retentionDays") or 30) / 30
    amount = pricing.assume("audit-log-gb")
    kept = amount * max(0.0, months - 1) * pricing.of("logging-retention")
    return Bill(
        "audit log",
        0.0,
        amount * pricing.of("logging-ingestion") + kept,
        f"{amount:g} GiB taken in and kept {months:.0f} months, in the ceiling",
    )


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
        bills=Bills(_log_bucket, OBSERVABILITY),
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
                held="the log bucket is in state DELETE_REQUESTED for seven days",
            ),
        ),
        renders=in_terraform("google_logging_project_bucket_config"),
        stays=Stays(7, _DELETED),
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
)
