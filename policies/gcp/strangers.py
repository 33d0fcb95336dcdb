"""What another program names that is not its own: nobody told us whose it is, so a reviewer is told where to look."""

import re
from collections.abc import Iterator
from typing import cast

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import artifactregistry, projects, storage
from catalogue.platforms import PLATFORMS
from catalogue.wording import one_line
from policies.gcp.world import buckets, numbers_in, read
from policies.rule import Found, whole_stack_rule

_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@(?:[a-z0-9-]+\.)+[a-z]{2,}(?![\w-])", re.IGNORECASE)
_GOOGLES = re.compile(r".*(?:gserviceaccount\.com|\.google\.com)")
_BUCKETS = frozenset({"bucketName", "logBucket", "sourceArchiveBucket"})
_CALLED = frozenset({"pushEndpoint", "uri", "url"})
_ADDRESS = re.compile(r"(?:\$\{\")?(https?://[a-z0-9.-]+\.[a-z]+)(?=[:/?\"]|$)", re.IGNORECASE)
_GOOGLES_HOST = re.compile(r"https://([a-z0-9.-]+\.)?(googleapis\.com|google\.com|pkg\.dev|gcr\.io)", re.IGNORECASE)
_REGISTRY = re.compile(r"(?<![a-z0-9-])([a-z0-9-]+)-docker\.pkg\.dev/([^/\s]+)/([^/:@\s]+)")


@whole_stack_rule(
    "world-elsewhere",
    severity="medium",
    mandatory=False,
    says="A bucket, a registry, a mail address, an address that is called or the number of a project that a program "
    "names and does not make is one that a reviewer knows.",
    remedy="See whose it is; in a stack of this project name it in the stack file, and it is judged.",
)
def elsewhere(graph: Graph) -> Found:
    """Each thing once, at the first resource that names it. A stack file says what is known, so a stack of ours has
    `world-place`, `identity-registries` and `cost-alerts-reach-owner` for it. Projects and regions: `world-account`,
    `world-region`.
    """
    if graph.placement is not None:
        return
    made = {name for one in graph.of(storage.BUCKET) for name in (one.props.text_if_known("name"), *one.names)}
    made |= {one.props.text_if_known("repositoryId") for one in graph.of(artifactregistry.REPOSITORY)}
    made |= {found[1] for one in graph.cloud for text in one.names if (found := _ADDRESS.match(text))}
    said = set[str]()
    for resource in graph.cloud:
        for path, text in read(resource):
            for what in (*_foreign(made, resource, path, text), *_numbers(graph, text)):
                if what not in said:
                    said.add(what)
                    yield resource, f"names {one_line(what)} at {path}, which the program does not make"


def _foreign(made: set[str], resource: Resource, path: str, text: str) -> Iterator[str]:
    key = path.rpartition(".")[2].rpartition("#")[2]
    whole = (key == "bucket" and resource.type.startswith("gcp:storage/")) or key in _BUCKETS
    for bucket in [text] if whole else buckets(text):
        if bucket not in made:
            yield f"the bucket {bucket}"
    for place, project, name in _REGISTRY.findall(text):
        if name not in made and project not in PLATFORMS["gcp"].open_registries:
            yield f"the registry {place}-docker.pkg.dev/{project}/{name}"
    called = _ADDRESS.match(text) if key in _CALLED else None
    if called and called[1] not in made and not _GOOGLES_HOST.fullmatch(called[1]):
        yield f"the address {called[1]}"
    for address in cast("list[str]", _MAIL.findall(text)):
        if not _GOOGLES.fullmatch(address):
            yield f"the mail address {address}"


def _numbers(graph: Graph, text: str) -> Iterator[str]:
    """The number of a project, where no service identity of the program says which is its own."""
    if not graph.of(projects.SERVICE_IDENTITY):
        yield from (f"the project number {number}" for number in numbers_in(text))


RULES = [elsewhere]
