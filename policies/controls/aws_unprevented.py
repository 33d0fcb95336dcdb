"""The rules that no policy of AWS Organizations stands for, under the reason: docs/controls.md tells both."""

from collections.abc import Mapping, Sequence

UNPREVENTED: Mapping[str, Sequence[str]] = {
    "No condition key of EC2 brings a destination, a CIDR block or the setting of a subnet. The control `ways-out` "
    "leaves nothing that a route could lead to.": (
        "network-no-internet-route",
        "network-security-group-closed",
        "network-subnet-private",
    ),
    "A policy of AWS Organizations sees one call. What several resources say together is no part of it.": (
        "audit-logs-first",
        "audit-logs-written",
        "audit-state-protected",
        "cost-alerts-reach-owner",
        "cost-budget",
        "encryption-bucket-whole",
        "encryption-key-callers",
        "encryption-key-works",
        "encryption-keys-apart",
        "identity-people-apart",
        "identity-people-listed",
        "identity-runs-as",
        "identity-studio-name",
        "registry-approved",
        "registry-kept",
        "world-queue-places",
        "network-default-group-empty",
        "network-flow-logs",
        "network-groups-apart",
        "network-studio-paths",
        "network-training-paths",
        "network-way-in",
    ),
    "No condition key brings what the text of a policy says. The boundary of each role caps what such a text grants.": (
        "audit-packages-own-account",
        "identity-guardrails",
        "identity-own-profile",
        "identity-pass-role",
        "identity-records-apart",
        "identity-served-read-only",
        "identity-topic-policy",
        "identity-written-places",
        "network-call-bound",
        "network-call-named",
        "network-endpoint-closed",
        "registry-shared",
    ),
    "AWS keeps its own images in hundreds of accounts, more than the 5,120 characters of a policy can name.": (
        "identity-registries",
    ),
    "No condition key of SageMaker brings the image of a container.": ("audit-images-pinned",),
    "No condition key counts instances, or brings a range, a schedule, a timeout or a share. The quota bounds what is "
    "started.": (
        "limits-autoscaled",
        "limits-batch-often",
        "limits-batch-time",
        "limits-capture",
        "limits-idle-shutdown",
        "limits-replicas",
        "limits-scaling-policy",
        "limits-schedule-retries",
        "limits-schedule-times",
        "limits-scheduled-scaling",
        "limits-stated",
        "limits-zones",
    ),
    "No condition key brings the days of a retention, a lifecycle, versioning, or the settings of a repository or an "
    "MLflow App.": (
        "audit-repository-immutable",
        "encryption-bucket-settings",
        "experiments-own",
        "limits-retention",
        "limits-outputs-expire",
        "limits-stores-expire",
    ),
    "The controls `network-isolation`, `in-the-network` and `keys-given` bind such jobs in part. Of monitoring, of "
    "feature groups and of what jobs send between machines none speaks, for no stack of this program makes them.": (
        "encryption-feature-store",
        "encryption-job-volumes",
        "network-jobs-isolated",
    ),
    "It is a setting of the program, and no call of AWS's.": ("limits-account", "sizes-config"),
    "How a version is rolled out and watched is no matter of a right: a bad version is taken back, not refused.": (
        "rollback-*",
    ),
    "The service itself refuses what exceeds it.": ("quota-*", "sizes-[dinr]*", "workflow-*"),
    "It reads the organization's own policies, which are in force already.": ("landing-zone-unread", "org-*"),
    "It reads kinds that no record knows, by words. A service control policy names an action, and each action is of a "
    "kind that somebody knew.": ("kind-closed",),
}
