"""Rules on gcp that no organization policy stands for, by the reason. A `*` in a name is any text."""

from collections.abc import Mapping, Sequence

UNPREVENTED: Mapping[str, Sequence[str]] = {
    "A constraint sees one resource. What several of them say together is no part of it.": (
        "audit-logs-kept",
        "audit-logs-once",
        "audit-state-protected",
        "cost-alerts-reach-owner",
        "cost-budget",
        "encryption-key-granted",
        "identity-acts-where",
        "identity-image-readers",
        "identity-no-authoritative",
        "identity-pass-role",
        "identity-roles-in-force",
        "identity-workspace-sign-in",
        "network-default-denied",
        "network-endpoint-named",
        "network-endpoint-reached",
        "network-proof",
        "network-way-in",
        "registry-approved",
        "registry-kept",
    ),
    "There is no constraint that knows every type. One on services of APIs would need each that a section calls.": (
        "kind-known",
    ),
    "A condition on grants reads who and which role, and neither on what, nor the rights of a role, nor a bound.": (
        "encryption-key-users",
        "identity-folders",
        "identity-guardrails",
        "identity-objects-bounded",
        "identity-project-grants",
        "identity-served-read-only",
        "identity-written-places",
    ),
    "Vertex AI offers no field of a model or of a batch prediction to a custom constraint.": (
        "audit-images-pinned",
        "audit-predictions-logged",
        "cost-batch-tags",
        "encryption-batch",
        "identity-registries",
        "identity-run-as",
    ),
    "Workbench offers no field of an instance to a custom constraint, and Google's own do not speak of this.": (
        "encryption-workspace-disks",
        "limits-idle-kept",
        "limits-idle-shutdown",
        "limits-zone",
    ),
    "No constraint counts replicas or brings a metric, a timeout, a retry or a share. The quota bounds what starts.": (
        "limits-batch-time",
        "limits-capture",
        "limits-replicas",
        "limits-replicas-fixed",
        "limits-scaling-policy",
        "limits-schedule-*",
        "limits-stated",
    ),
    "Artifact Registry and lifecycle rules offer no field for it that a condition could hold against the limits.": (
        "audit-repository-immutable",
        "limits-outputs-expire",
        "limits-stores-expire",
    ),
    "What is recorded of calls, and where names and calls lead, are settings of policies that offer no field.": (
        "audit-trail",
        "identity-calls-known",
        "identity-token-shown",
        "network-endpoint-closed",
    ),
    "It is a setting of the program, and no call of Google's.": ("limits-account", "sizes-config"),
    "How a version is rolled out and watched is no matter of a right: a bad version is taken back, not refused.": (
        "rollback-*",
    ),
    "The service itself refuses what exceeds it.": ("quota-*", "sizes-[np]*", "sizes-condition*"),
    "It reads the organization's own policies, which are in force already.": ("landing-zone-unread", "org-*"),
}
