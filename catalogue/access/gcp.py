"""Whether Google Cloud lets a principal do something, judged by the grants in a graph.

A grant holds on what it stands on and on all below that: https://cloud.google.com/iam/docs/resource-hierarchy-access-control.
What a role of Google's own allows is in the catalogue's generated facts. Grants that others made by hand, deny policies
and the organisation's policies are outside of the graph and are not read.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain, product
from math import prod

from catalogue.generated import generated
from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import artifactregistry, bigquery, projects, serviceaccount, storage, workbench
from catalogue.once import once_a_graph
from catalogue.properties import Unreadable

# CEL takes a text in quotes of either sort: https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
NAMED = re.compile(
    r"""resource\.name\.startsWith\(\s*(?P<q>["'])projects/_/buckets/(?P<bucket>[^/"']+)/objects/(?P<prefix>[^"']+)(?P=q)\s*\)"""
)
LISTED = re.compile(
    r"""api\.getAttribute\(\s*(?P<q>["'])storage\.googleapis\.com/objectListPrefix(?P=q),\s*(?P=q){2}\s*\)"""
    r"""\.startsWith\(\s*(?P=q)(?P<prefix>[^"']+)(?P=q)\s*\)"""
)
ITSELF = re.compile(r"""resource\.name\s*==\s*(?P<q>["'])projects/_/buckets/(?P<bucket>[^/"']+)(?P=q)""")
"""That a bucket itself is asked for: of its objects' names it is true of none."""
_OF_STORAGE = re.compile(
    r"""resource\.(service\s*==\s*(["'])storage\.googleapis\.com\2|"""
    r"""type\s*==\s*(["'])storage\.googleapis\.com/(?P<type>Object|Bucket)\3)"""
)
"""What is true of everything in Cloud Storage, or of each object or bucket: "Attribute reference for IAM Conditions",
https://cloud.google.com/iam/docs/conditions-attribute-reference
"""
_PARTS = re.compile(r"""(?P<text>"[^"]*"|'[^']*')|\|\||&&|[()]""")


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
        if grant.member.casefold() in named and permission in grant.permissions and holds(grant.condition, on, prefix)
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


@lru_cache(maxsize=4096)
def alternatives(condition: str) -> tuple[tuple[str, ...], ...]:
    """What a condition is an alternative of, each as what must be true at once. Raises NotRead for more of them than a
    policy takes, and for brackets so deep that nobody wrote them to be read.
    """
    deep = accumulate({"(": 1, ")": -1}.get(found[0], 0) for found in _PARTS.finditer(condition))
    if max(deep, default=0) > _DEEPEST:
        raise NotRead("condition.expression", f"has brackets more than {_DEEPEST} deep")
    return tuple(tuple(each) for each in _either(condition))


_MOST = 100
_DEEPEST = 32


def _either(condition: str) -> list[list[str]]:
    parts = _split(condition, "||")
    if len(parts) > 1:
        return [each for part in parts for each in _either(part)]
    parts = _split(parts[0], "&&")
    if len(parts) == 1:
        return [parts]
    each_of = [_either(part) for part in parts]
    if prod(map(len, each_of)) > _MOST:
        raise NotRead("condition.expression", f"has more than {_MOST} alternatives")
    return [[*chain.from_iterable(chosen)] for chosen in product(*each_of)]


def _split(condition: str, operator: str) -> list[str]:
    """The parts between an operator that stands in no brackets and in no text, without brackets around the whole."""
    text = condition.strip()
    cuts, depth, closes = list[int](), 0, 0
    for found in _PARTS.finditer(text):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth and found[0] == ")":
            closes = closes or found.end()
        if not depth and found[0] == operator:
            cuts.append(found.start())
    if text.startswith("(") and closes == len(text):
        return _split(text[1:-1], operator)
    return [text[at:to].strip() for at, to in zip([0, *(cut + 2 for cut in cuts)], [*cuts, len(text)], strict=True)]


def holds(condition: str, on: str, prefix: str) -> bool:
    """Whether one alternative of a condition holds, and all of it. Raises NotRead where that is not known."""
    found = [_is_true(each, on, prefix) for each in alternatives(condition)] if condition else [True]
    if True not in found and (unread := next((one for one in found if isinstance(one, str)), "")):
        raise NotRead("condition.expression", f"has what is not read: {unread[:80]}")
    return True in found


def _is_true(each: Sequence[str], on: str, prefix: str) -> bool | str:
    """Whether all of an alternative holds, or what of it is not read."""
    unread = ""
    for one in each:
        if found := NAMED.fullmatch(one):
            is_so = on.startswith(f"projects/_/buckets/{found['bucket']}/objects/{found['prefix']}")
        elif found := LISTED.fullmatch(one):
            is_so = prefix.startswith(found["prefix"])
        elif found := ITSELF.fullmatch(one):
            is_so = on == f"projects/_/buckets/{found['bucket']}"
        elif found := _OF_STORAGE.fullmatch(one):
            type_ = "Object" if "/objects/" in on else "Bucket"
            is_so = on.startswith("projects/_/buckets/") and found["type"] in (None, type_)
        else:
            is_so, unread = True, unread or one
        if not is_so:
            return False
    return unread or True
