"""Who did what: every admin and data call of the project, in a log bucket that keeps it for a year."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import logging, projects

KEEP_DAYS = 365
KINDS = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")
_LOGS = (
    "cloudaudit.googleapis.com/activity",
    "cloudaudit.googleapis.com/data_access",
    "cloudaudit.googleapis.com/system_event",
    "cloudaudit.googleapis.com/policy",
    "compute.googleapis.com/firewall",
    "compute.googleapis.com/vpc_flows",
    "dns.googleapis.com/dns_queries",
)


@dataclass
class AuditArgs:
    """`bucket_id` is fixed: a log bucket's name stays taken for a week after it is deleted."""

    project: str
    region: str
    bucket_id: str
    logs_key_id: pulumi.Input[str]


class Audit(pulumi.ComponentResource):
    """Creates the audit configuration of the project, a locked log bucket under the logs key, and the sink into it.

    Records administration, reads and writes of every service, with no member exempted; the bucket also takes
    the network's flows, denied connections and DNS queries. A locked bucket can be neither emptied nor shortened, by
    nobody, for 365 days. A sink into a bucket of its own project needs no grant. Log buckets carry no labels. Rules:
    CIS Google Cloud 2.1, 2.2, 2.3; Cloud Logging, "Configure CMEK for log buckets".
    """

    bucket_id: pulumi.Output[str]

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:gcp:Audit", name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=True)
        bucket = logging.ProjectBucketConfig(
            f"{name}-bucket",
            project=args.project,
            location=args.region,
            bucket_id=args.bucket_id,
            description="Audit, flow and DNS logs of the pilot",
            retention_days=KEEP_DAYS,
            locked=True,
            cmek_settings={"kms_key_name": args.logs_key_id},
            opts=kept,
        )
        logging.ProjectSink(
            f"{name}-sink",
            project=args.project,
            destination=pulumi.Output.concat("logging.googleapis.com/", bucket.id),
            filter=" OR ".join(f'log_id("{log}")' for log in _LOGS),
            unique_writer_identity=True,
            opts=kept,
        )
        projects.IAMAuditConfig(
            f"{name}-calls",
            project=args.project,
            service="allServices",
            audit_log_configs=[{"log_type": kind} for kind in KINDS],
            opts=kept,
        )
        self.bucket_id = bucket.id
        self.register_outputs({"bucket_id": self.bucket_id})
