"""Sizes: no policy binds more, and no definition says more, than Google Cloud takes. No quota raises these sizes."""

import re
from collections import Counter
from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import artifactregistry, kms, projects, serviceaccount, storage, workflows
from catalogue.properties import Properties
from policies.rule import Found, resource_rule, whole_stack_rule

CONDITIONS = 20
OPERATORS = 12
PRINCIPALS = 1_500
SOURCE_BYTES, EXPRESSION, DESCRIPTION = 128 * 1024, 400, 1_000
MEMBERS = {
    projects.MEMBER: "project",
    storage.BUCKET_MEMBER: "bucket",
    kms.KEY_MEMBER: "cryptoKeyId",
    artifactregistry.REPOSITORY_MEMBER: "repository",
    serviceaccount.MEMBER: "serviceAccountId",
}
"""The grants, each with the input that says on what."""


@whole_stack_rule(
    "sizes-conditions",
    storage.BUCKET_MEMBER,
    severity="high",
    says=f"A bucket's policy binds one role to one principal under at most {CONDITIONS} conditions.",
    remedy="In the stack file, put the artifact_uri of models and the input_uri and output_uri of batch_jobs below few "
    "folders, each of which one condition then covers; or spread them over buckets.",
)
def conditions(graph: Graph) -> Found:
    """IAM, "Quotas and limits", https://cloud.google.com/iam/quotas: setIamPolicy refuses more bindings of one role
    and one principal that differ in their conditions only.
    """
    grants = [grant for grant in graph.of(storage.BUCKET_MEMBER) if grant.props.is_given("condition")]
    found = Counter(_bound(graph, grant) for grant in grants)
    for grant in grants:
        if (count := found.pop(_bound(graph, grant), 0)) > CONDITIONS:
            yield grant, f"is one of {count} conditional grants of its role, and Google Cloud takes {CONDITIONS}"


@resource_rule(
    "sizes-condition",
    storage.BUCKET_MEMBER,
    severity="high",
    says=f"The condition of a grant joins its parts by at most {OPERATORS} logical operators.",
    remedy="In the stack file, put the artifact_uri of models and the input_uri and output_uri of batch_jobs below few "
    "folders, each of which one part then covers; or spread them over buckets.",
)
def operators(props: Properties) -> Iterator[str]:
    """IAM, "Quotas and limits", https://cloud.google.com/iam/quotas ("Logical operators in a condition expression")."""
    if props.is_given("condition.expression"):
        text = re.sub(r'"[^"]*"', '""', props.text_if_known("condition.expression"))
        if (count := len(re.findall(r"\|\||&&", text))) > OPERATORS:
            yield f"has {count} logical operators in its condition, and Google Cloud takes {OPERATORS}"


@resource_rule(
    "sizes-document",
    workflows.WORKFLOW,
    severity="high",
    says=f"The definition of a workflow has at most {SOURCE_BYTES // 1024} KB, each expression in it at most "
    f"{EXPRESSION} characters, and its description {DESCRIPTION:,}.",
    remedy="In the stack file, give a pipeline fewer steps, or its steps fewer options and shorter places.",
)
def document(props: Properties) -> Iterator[str]:
    """Workflows, "Quotas and limits", https://cloud.google.com/workflows/quotas, and its REST reference,
    https://cloud.google.com/workflows/docs/reference/rest/v1/projects.locations.workflows (description).
    """
    if (long := len(props.text_if_known("description") if props.is_given("description") else "")) > DESCRIPTION:
        yield f"has a description of {long:,} characters, and Workflows takes {DESCRIPTION:,}"
    source = props.value_or_none(workflows.AT)
    if isinstance(source, str) and (size := len(source.encode())) > SOURCE_BYTES:
        yield f"has a definition of {size:,} bytes, and Workflows takes {SOURCE_BYTES:,}"
    for text in workflows.texts(props):
        if text.startswith("${") and len(text) > EXPRESSION:
            yield f"has an expression of {len(text):,} characters, and Workflows takes {EXPRESSION}: {text[:60]}"


@whole_stack_rule(
    "sizes-principals",
    *MEMBERS,
    severity="high",
    says=f"The policy of a project, a bucket or another resource names at most {PRINCIPALS:,} principals in all.",
    remedy="Name fewer users, endpoints and batch_jobs in the stack file, or make two stacks of it in two projects.",
)
def principals(graph: Graph) -> Found:
    """IAM, "Quotas and limits", https://cloud.google.com/iam/quotas: a principal counts in each binding that names it.

    Google Cloud counts what is in the policy already, too, so that a stack may fail below this.
    """
    found: dict[tuple[str, str], dict[tuple[str, str, str], Resource]] = {}
    for grant in graph.of(*MEMBERS):
        on = grant.type, _said(graph, grant, MEMBERS[grant.type])
        condition = grant.props.text_if_known("condition.expression")
        bound = _said(graph, grant, "member"), grant.props.text_if_known("role"), condition
        found.setdefault(on, {})[bound] = grant
    for grants in found.values():
        if len(grants) > PRINCIPALS:
            first = next(iter(grants.values()))
            yield first, f"is one of {len(grants):,} grants in one policy, and Google Cloud takes {PRINCIPALS:,}"


def _said(graph: Graph, grant: Resource, key: str) -> str:
    """What stands there; what is not known yet is told by what it refers to."""
    return grant.props.text_if_known(key) or ",".join(sorted(to.urn for to in graph.refers(grant, key)))


def _bound(graph: Graph, grant: Resource) -> tuple[str, ...]:
    """Bucket, role and principal; what is not known yet is told by what it refers to."""

    def said(key: str, *types: str) -> str:
        return grant.props.text_if_known(key) or ",".join(sorted(to.urn for to in graph.refers(grant, key, *types)))

    return said("bucket", storage.BUCKET), said("role"), said("member", serviceaccount.ACCOUNT)


RULES = [conditions, operators, document, principals]
