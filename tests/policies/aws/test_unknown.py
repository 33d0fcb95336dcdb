"""The rules at the first `pulumi preview`, where nobody knows yet what the cloud will answer: none finds anything.

A rule that reads what a state machine runs, or what a policy says, waits where the text names what is not known.
"""

from catalogue.graph import Graph
from operations.evaluation import evaluate
from policies import pack
from tests.on_engine import before_up

# What stands in a document of which a part is not known is judged once it is.
_READ_DOCUMENTS = {
    "audit-delivered",
    "audit-images-pinned",
    "audit-packages-own-account",
    "cost-alerts-reach-owner",
    "cost-batch-tags",
    "encryption-batch",
    "encryption-bucket-tls",
    "experiments-own",
    "encryption-keys-apart",
    "identity-conditions",
    "identity-documents",
    "identity-no-wildcard",
    "identity-own-profile",
    "identity-pass-role",
    "identity-permissions",
    "identity-registries",
    "identity-resource-policies",
    "identity-served-read-only",
    "identity-studio-name",
    "identity-tasks",
    "identity-topic-policy",
    "identity-trust",
    "identity-written-places",
    "inputs-request",
    "limits-batch-time",
    "limits-machine-types",
    "limits-outputs-expire",
    "limits-replicas",
    "limits-stated",
    "limits-schedule-times",
    "network-call-bound",
    "network-groups-apart",
    "network-jobs-isolated",
    "network-training-paths",
    "network-way-in",
    "quota-declared",
    "rollback-batch-watched",
    "rollback-run-whole",
    "sizes-document",
    "sizes-role-policies",
    "workflow-image-machine",
    "workflow-role-reaches",
    "world-job",
    "world-run-places",
}


def test_no_rule_finds_anything_while_values_are_unknown(pilot: Graph) -> None:
    graph = before_up(pilot)
    findings = evaluate(graph, pack.RULES["aws"]).findings
    assert not [f.message for f in findings if f.mandatory]
    assert {f.rule for f in findings} == _READ_DOCUMENTS
