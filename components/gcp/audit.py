"""Who did what: every admin and data call of the project, in a log bucket that keeps it for a year."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import logging, projects

from components.given import Args, BadArgument, Text

KEEP_DAYS = 365
KINDS = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")
_REQUIRED = ("cloudaudit.googleapis.com/activity", "cloudaudit.googleapis.com/system_event")
"""What Google keeps in the bucket `_Required` as well, free of charge, whatever a project says."""
_ELSE = (
    "cloudaudit.googleapis.com/data_access",
    "cloudaudit.googleapis.com/policy",
    "compute.googleapis.com/firewall",
    "compute.googleapis.com/vpc_flows",
    "dns.googleapis.com/dns_queries",
)
"""What would lie in the bucket `_Default` as well: without the key, and paid for twice."""


@dataclass(kw_only=True)
class AuditArgs(Args):
    """What is recorded where. Raises BadArgument where both a log bucket and the key of one are given, or neither."""

    project: Text
    """The id of the Google Cloud project whose calls are recorded."""
    region: Text
    """The region of the log bucket, which must be the key's."""
    given_bucket_id: Text | None = None
    """The log bucket that is there, `projects/PROJECT/locations/REGION/buckets/ID`. It is left as it is."""
    bucket_id: Text
    """What the log bucket is called that is made where none is given. The name stays taken for a week after the bucket
    is deleted."""
    logs_key_id: Text | None = None
    """The KMS key of the log bucket that is made. The project's Logging agent must be allowed to use it."""

    locked: bool = True
    """Whether the log bucket is locked, which it is where this is left out. A lock is for ever: nobody can delete the
    bucket, nor the project while it has one, before its last entry is 365 days old. The program must know it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.given_bucket_id is None) is (self.logs_key_id is None):
            raise BadArgument("AuditArgs.logs_key_id: is for a log bucket that is made; give it or given_bucket_id")


class Audit(pulumi.ComponentResource):
    """Creates the audit configuration of a project, a log bucket, the sink that fills it, and an exclusion.

    The configuration records each administration, read and write of every service, and exempts nobody. A project has
    one such configuration. The bucket also takes the flows, the denied connections and the DNS queries of networks.
    It keeps each entry for 365 days. Where it is `locked`, nobody can empty it, shorten its retention or delete it. The
    exclusion keeps these logs out of the project's own bucket `_Default`: there they would lie once more, without the
    stack's key. The sink needs no grant, because the bucket is in its own project. A bucket that is given is left as it
    is; where it is in another project, the sink's writer must be granted it there
    (https://cloud.google.com/logging/docs/export/configure_export_v2#dest-auth). Log buckets carry no labels. All but
    the exclusion are protected; it goes with the stack, and `_Default` takes the logs again.
    Rules: CIS Google Cloud 2.1, 2.2 and 2.3, https://www.cisecurity.org/benchmark/google_cloud_computing_platform;
    Cloud Logging, "Configure CMEK for log buckets",
    https://cloud.google.com/logging/docs/routing/managed-encryption-storage;
    Cloud Logging, "Method: projects.exclusions.create", which is of the sink `_Default`,
    https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.exclusions/create;
    Cloud Logging, "Configure log buckets", locking,
    https://cloud.google.com/logging/docs/buckets#locking-logs-buckets
    """

    bucket_id: pulumi.Output[str]
    """The log bucket, `projects/PROJECT/locations/REGION/buckets/ID`."""

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:Audit", name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=True)
        given = args.given_bucket_id
        kept_in = self._bucket(name, args, kept) if given is None else pulumi.Output.from_input(given)
        sink = logging.ProjectSink(
            f"{name}-sink",
            project=args.project,
            destination=pulumi.Output.concat("logging.googleapis.com/", kept_in),
            filter=_any_of(*_REQUIRED, *_ELSE),
            unique_writer_identity=True,
            opts=kept,
        )
        logging.ProjectExclusion(
            f"{name}-once",
            project=args.project,
            description="Kept in the pilot's own log bucket",
            filter=_any_of(*_ELSE),
            # Before the sink stands, `_Default` is the only place that has them.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[sink]),
        )
        projects.IAMAuditConfig(
            f"{name}-calls",
            project=args.project,
            service="allServices",
            audit_log_configs=[{"log_type": kind} for kind in KINDS],
            opts=kept,
        )
        self.bucket_id = kept_in
        self.register_outputs({"bucket_id": self.bucket_id})

    def _bucket(self, name: str, args: AuditArgs, kept: pulumi.ResourceOptions) -> pulumi.Output[str]:
        return logging.ProjectBucketConfig(
            f"{name}-bucket",
            project=args.project,
            location=args.region,
            bucket_id=args.bucket_id,
            description="Audit, flow and DNS logs of the pilot",
            retention_days=KEEP_DAYS,
            locked=args.locked,
            cmek_settings={"kms_key_name": args.logs_key_id or ""},
            opts=kept,
        ).id


def _any_of(*logs: str) -> str:
    return " OR ".join(f'log_id("{log}")' for log in logs)
