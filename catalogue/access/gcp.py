"""Whether Google Cloud lets a principal do something, judged by the grants in a graph.

A grant holds on what it stands on and on all below that: https://cloud.google.com/iam/docs/resource-hierarchy-access-control.
What a role of Google's own allows is in the catalogue's generated facts. Grants that others made by hand, deny policies
and the organisation's policies are outside of the graph and are not read.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalogue.generated import generated
from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import artifactregistry, bigquery, projects, serviceaccount, storage, workbench
from catalogue.once import once_a_graph
from catalogue.properties import Unreadable

# CEL takes a text in quotes of either sort: https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
NAMED = re.compile(
    r"""resource\.name\.startsWith\((?P<q>["'])projects/_/buckets/(?P<bucket>[^/"']+)/objects/(?P<prefix>[^"']+)(?P=q)\)"""
)
LISTED = re.compile(
    r"""api\.getAttribute\((?P<q>["'])storage\.googleapis\.com/objectListPrefix(?P=q), ?(?P=q){2}\)"""
    r"""\.startsWith\((?P=q)(?P<prefix>[^"']+)(?P=q)\)"""
)
ITSELF = re.compile(r"""resource\.name ?== ?(?P<q>["'])projects/_/buckets/(?P<bucket>[^/"']+)(?P=q)""")
"""That a bucket itself is asked for: of its objects' names it is true of none."""


class NotRead(Unreadable):
    """A role or a condition is not known here."""


@dataclass(frozen=True)
class Grant:
    """What one member may do on one thing and below it. `condition` is empty where there is none."""

    member: str
    permissions: frozenset[str]
    on: str
    condition: str


def allowed(graph: Graph, members: Sequence[str], permission: str, on: str, project: str, prefix: str = "") -> bool:
    """Whether one of the members has the permission on a thing of a project. A list asks for a prefix.

    Raises Unreadable for a grant to one of them that cannot be read.
    """
    above, named = f"projects/{project}", {one.casefold() for one in members}  # IAM reads mail addresses so
    return any(
        grant.on in (above, on) or on.startswith(f"{grant.on}/")
        for grant in grants(graph)
        if grant.member.casefold() in named and permission in grant.permissions and _holds(grant.condition, on, prefix)
    )


@once_a_graph
def grants(graph: Graph) -> list[Grant]:
    """Every grant to an account or a person on what personas work with. Raises Unreadable."""
    own = [
        (grant, f"projects/{grant.props.text_or_empty('project')}") for grant in graph.of(projects.MEMBER)
        if not grant.props.text_or_empty("role").endswith(".serviceAgent")
    ]  # fmt: skip
    own += [(g, f"projects/_/buckets/{g.props.text_or_empty('bucket')}") for g in graph.of(storage.BUCKET_MEMBER)]
    own += [(g, g.props.text_or_empty("serviceAccountId")) for g in graph.of(serviceaccount.MEMBER)]
    own += [(g, _below(g, "repositories", "repository")) for g in graph.of(artifactregistry.REPOSITORY_MEMBER)]
    own += [(g, _below(g, "instances", "name")) for g in graph.of(workbench.INSTANCE_MEMBER)]
    on_things = [
        Grant(
            grant.props.text_or_empty("member"),
            _permissions(graph, grant),
            on,
            grant.props.text_or_empty("condition.expression"),
        )
        for grant, on in own
    ]
    return [*on_things, *(grant for dataset in graph.of(bigquery.DATASET) for grant in _of_dataset(dataset))]


_READS = frozenset({"bigquery.tables.get", "bigquery.tables.getData", "bigquery.tables.list"})
_DATASET_ROLES = {"READER": _READS, "WRITER": _READS | {"bigquery.tables.updateData"}}
"""What a dataset's own roles allow on its tables: "Basic roles and permissions",
https://cloud.google.com/bigquery/docs/access-control-basic-roles
"""


def _of_dataset(dataset: Resource) -> Iterator[Grant]:
    """The entries of a dataset's access list that name an account. An owner may do what a writer may."""
    on = f"projects/{dataset.props.text_or_empty('project')}/datasets/{dataset.props.text_or_empty('datasetId')}"
    for access in dataset.props.each_section("accesses"):
        email, role = access.text_or_empty("userByEmail"), access.text_or_empty("role")
        if email:
            may = _DATASET_ROLES.get(role, _DATASET_ROLES["WRITER"])
            yield Grant(f"serviceAccount:{email}", may, on, "")


def _below(grant: Resource, collection: str, key: str) -> str:
    project, location = grant.props.text_or_empty("project"), grant.props.text_or_empty("location")
    return f"projects/{project}/locations/{location}/{collection}/{grant.props.text_or_empty(key).rpartition('/')[2]}"


def _permissions(graph: Graph, grant: Resource) -> frozenset[str]:
    role = grant.props.text_or_empty("role")
    for made in graph.of(projects.CUSTOM_ROLE):
        id_, project = made.props.text_or_empty("roleId"), made.props.text_or_empty("project")
        if role == f"projects/{project}/roles/{id_}":
            return frozenset(made.props.each_text("permissions"))
    known = generated("gcp").roles.get(role)
    if known is None:
        raise NotRead("role", f"is {role}, whose permissions are not among the generated facts", grant)
    return frozenset(known.actions)


def alternatives(condition: str) -> list[str]:
    """What a condition is an alternative of, without the white space around each."""
    return [each.strip() for each in condition.split("||")]


def _holds(condition: str, on: str, prefix: str) -> bool:
    """Whether one alternative of a condition holds: the thing's name begins so, or is so, or the list's prefix begins
    so.
    """
    if not condition:
        return True
    for each in alternatives(condition):
        named, listed, itself = (form.fullmatch(each) for form in (NAMED, LISTED, ITSELF))
        if named and on.startswith(f"projects/_/buckets/{named['bucket']}/objects/{named['prefix']}"):
            return True
        if listed and prefix.startswith(listed["prefix"]):
            return True
        if itself and on == f"projects/_/buckets/{itself['bucket']}":
            return True
        if not named and not listed and not itself:
            raise NotRead("condition.expression", f"has what is not read: {each[:80]}")
    return False
