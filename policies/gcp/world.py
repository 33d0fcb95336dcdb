"""What is foreign: a project, region or bucket that is not the stack's, nor its landing zone's, and not in its file.

Google's APIs name everything in the same way, so each text of each input is read, and of each document in it:
https://cloud.google.com/apis/design/resource_names. `inputs-own` asks whether a name in the stack's own project is that
of a resource of the stack.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.kind import At
from catalogue.kinds import kind_of, kinds
from catalogue.kinds.gcp import (
    CHANNEL,
    artifactregistry,
    mlplatform,
    projects,
    storage,
    workflows,
)
from catalogue.kinds.gcp.provider import PROVIDER
from catalogue.marks import is_marked
from catalogue.once import once_a_graph, once_a_resource
from catalogue.properties import Properties
from catalogue.wording import one_line
from policies.gcp.promoted import is_given
from policies.rule import stack_rule
from policies.world import texts, world

_PROJECT = re.compile(r"(?<![\w-])projects/((?:[a-z0-9.-]+:)?[a-z0-9][a-z0-9-]*)(?![\w*.])")
_OF_PROJECT = re.compile(
    r"@([a-z0-9-]+(?:\.[a-z0-9-]+)?)\.iam\.gserviceaccount\.com|bq://([a-z][a-z0-9-]+)|"
    r"(?<![a-z0-9-])([a-z0-9-]+)@appspot\.gserviceaccount\.com"
)
_AGENT = re.compile(
    r"(?<!\d)(\d{6,})(?:-compute)?@(?:(?:gcp-sa-[a-z-]+|bigquery-encryption|compute-system|gs-project-accounts|"
    r"cloud[a-z]+|gae-api-prod|[a-z-]+-robot)\S*\.gserviceaccount\.com|developer\.gserviceaccount\.com|"
    r"cloudservices\.gserviceaccount\.com)"
)
"""The number of the project of a service agent, or of an account that Google makes by itself: IAM, "Service agents",
https://cloud.google.com/iam/docs/service-agents
"""
_AGENTS = re.compile(r"gcp-sa-[a-z-]+|bigquery-encryption|compute-system|gs-project-accounts|[a-z-]+-robot")
_TENANT = re.compile(r"[0-9a-z]+-tp")
"""A project of Google's own, from which a managed service publishes its service attachment. VPC, "About published
services", https://cloud.google.com/vpc/docs/about-vpc-hosted-services
"""
_OF_IMAGES = frozenset({"cloud-notebooks-managed", "deeplearning-platform-release"})
"""Google's own projects with the images of Workbench and of the Deep Learning VMs:
https://cloud.google.com/vertex-ai/docs/workbench/instances/create-specific-version,
https://cloud.google.com/deep-learning-vm/docs/images
"""
_REGION = re.compile(
    r"/(?:locations|regions|zones)/([a-z]+-[a-z]+\d+)(?:-[a-z])?(?![\w-])|//([a-z]+-[a-z]+\d+)-[a-z]+\.googleapis\.com"
)
_BUCKET = re.compile(
    r"gs://([a-z0-9][a-z0-9._-]+)|projects/_/buckets/([a-z0-9][a-z0-9._-]+)|"
    r"https://storage\.googleapis\.com/(?:(?:upload/)?storage/v1/b/)?(?!storage/|upload/)([a-z0-9][a-z0-9._-]+)|"
    r"https://([a-z0-9][a-z0-9._-]+)\.storage\.googleapis\.com|/gcs/([a-z0-9][a-z0-9._-]+)"
)
"""A bucket by its address, its name, the one at which its API answers, or where Vertex AI mounts it:
https://cloud.google.com/storage/docs/request-endpoints,
https://cloud.google.com/vertex-ai/docs/training/cloud-storage-file-system
"""
_PLACES = frozenset({"location", "region", "zone", "serviceDirectoryRegistrations.serviceDirectoryRegion"})
PLACE = re.compile(r"([a-z]+-[a-z]+-?\d+)(?:-[a-z])?")
_IMAGES = artifactregistry.REPOSITORY_MEMBER
_REGISTRY = re.compile(r"([a-z0-9-]+)-docker\.pkg\.dev/([^/]+)(?:/([^/]+))?/?")
_PROJECT_INPUTS = frozenset({"project", "billingProject"})
_WORDS = frozenset({"description", "displayName", "title", "content", "labels", "userLabels", "tags"})
"""Inputs that are words for people, or tags, whose values have a rule of their own."""


@dataclass(frozen=True)
class Own:
    """The stack's own projects by id, its projects by number, its regions and its buckets, with those of others that
    its file or its landing zone names. Each is empty where nobody says it.
    """

    projects: frozenset[str]
    numbers: frozenset[str]
    regions: frozenset[str]
    buckets: frozenset[str]


@once_a_graph
def own(graph: Graph) -> Own:
    """What is not foreign in a graph. What is no stack of ours is of the project and region that its provider names,
    or, where none does, in which most of it stands: what one resource alone names is another's.
    """
    place, providers = graph.placement, graph.of(PROVIDER)
    said = [*(place.addresses if place else ()), *world(graph).given]
    ids = {place.account} if place else set(_inputs(providers, "project")) or _most(map(_project_of, graph.cloud))
    regions = {place.region} if place else set(_inputs(providers, "region")) or _most(map(_region_of, graph.cloud))
    found = [project for text in said for project in _projects(text)]
    # Google's own project behind an endpoint of the stack: what keeps the endpoint's hours names it.
    attached = (one.outputs.get("serviceAttachment") for one in graph.of(mlplatform.DEPLOYMENT))
    found += [project for text in attached if isinstance(text, str) for project in _projects(text)]
    found += [text for text in said if re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", text)]  # a project by its id alone
    stores = {name for text in said for name in buckets(text)}
    stores |= {name for one in graph.of(storage.BUCKET) for name in (_text(one.inputs, "name"), *one.names)}
    return Own(
        frozenset({*ids, *found}) if ids else frozenset(),
        _numbers(graph),
        frozenset({*regions, *(region for text in said for region in _regions(text))}) if regions else frozenset(),
        frozenset(stores),
    )


def _numbers(graph: Graph) -> frozenset[str]:
    """The number of the stack's project: that of its service identities, or else the one that most agents have."""
    answers = [text for one in graph.of(projects.SERVICE_IDENTITY) for text in one.names]
    made = {number for text in answers for number in _AGENT.findall(text)}
    if made:
        return frozenset(made)
    seen = Counter(n for one in graph.cloud for _, text in texts(one) for n in _AGENT.findall(text))
    return frozenset(number for number, _ in seen.most_common(1))


def _most(said: Iterable[str]) -> set[str]:
    """What is said most often; all of those that are said equally often."""
    seen = Counter(filter(None, said))
    return {one for one, count in seen.items() if count == max(seen.values())}


def _project_of(resource: Resource) -> str:
    """The project that a resource stands in, by its inputs or, in a state, by what the cloud answered."""
    return _text(resource.inputs, "project") or _text(resource.outputs, "project")


def _region_of(resource: Resource) -> str:
    said = (_text(side, key) for side in (resource.inputs, resource.outputs) for key in ("region", "location", "zone"))
    return next((found[1] for one in said if (found := PLACE.fullmatch(one.casefold()))), "")


def _inputs(resources: Iterable[Resource], key: str) -> Iterator[str]:
    return (text for one in resources if (text := _text(one.inputs, key)))


def _text(inputs: Mapping[str, Any], key: str) -> str:
    value = inputs.get(key)
    return value if isinstance(value, str) and not is_marked(value) else ""


@lru_cache(maxsize=4096)
def _projects(text: str) -> tuple[str, ...]:
    """The projects that a text names: by their ids, or by their numbers."""
    found = list(_PROJECT.findall(text))
    found += [one for match in _OF_PROJECT.findall(text) for one in match if one and not _AGENTS.fullmatch(one)]
    return tuple(found)


def numbers_in(text: str) -> list[str]:
    """The numbers of projects that a text names."""
    return [one for one in (*_projects(text), *_AGENT.findall(text)) if one.isdigit()]


def _regions(text: str) -> list[str]:
    return [one for match in _REGION.findall(text) for one in match if one]


def buckets(text: str) -> list[str]:
    """The buckets that a text names."""
    return [one for match in _BUCKET.findall(text) for one in match if one]


@once_a_resource
def read(resource: Resource) -> Sequence[tuple[str, str]]:
    """Each path of the inputs with its text, but words for people. The labels of a channel say where it sends to."""
    words = _WORDS - {"labels"} if resource.type == CHANNEL else _WORDS
    return [(path, text) for path, text in texts(resource) if not words.intersection(re.split("[.#]", path))]


_EVERY = tuple(token for token in kinds("gcp") if token.partition(":")[0] != "pulumi")


@stack_rule(
    "world-account",
    *_EVERY,
    PROVIDER,
    severity="critical",
    says="Nothing names a project but the stack's own, its landing zone's, and those that its file names.",
    remedy="Name the stack's own project; or name whose it is in the stack file, under sources, callers or registry.",
)
def foreign_project(graph: Graph, resource: Resource) -> Iterator[str]:
    """A project owns whatever lies in it, and its owner reads and changes that (Resource Manager, "Resource hierarchy",
    https://cloud.google.com/resource-manager/docs/cloud-platform-resource-hierarchy). So a resource that is made there,
    a key, a network, a data set and a member of it are others'. The number of a project counts as its id.
    """
    waits = resource.type == mlplatform.GRANTS_IN_FORCE  # each of its grants is asked for itself
    for path, project in foreign_projects(graph, resource):
        if not (waits and path != "project"):
            yield f"names the project {one_line(project)} at {path}, which is not the stack's and not in its file"


def foreign_projects(graph: Graph, resource: Resource) -> Iterator[tuple[str, str]]:
    """Each project that a resource names and that is not of the stack, with its path."""
    ours = own(graph)
    for path, project in _named_projects(resource) if ours.projects else ():
        known = ours.numbers if project.isdigit() else ours.projects
        given = path == "member" and is_given(graph, resource)
        if known and project not in known and not _is_google(path, project) and not given:
            yield path, project


@once_a_resource
def _named_projects(resource: Resource) -> Sequence[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path, text in read(resource):
        whole = path.rpartition(".")[2] in _PROJECT_INPUTS
        named = [text] if whole else dict.fromkeys([*_projects(text), *_AGENT.findall(text)])
        found += [(path, project) for project in named]
    return found


def _is_google(path: str, project: str) -> bool:
    """Whether a project is Google's own, at a path where nothing of the stack's goes to it."""
    return (bool(_TENANT.fullmatch(project)) and path == "target") or (project in _OF_IMAGES and "mage" in path)


@stack_rule(
    "world-region",
    *_EVERY,
    severity="high",
    says="What is named lies in the region of the stack, or in one that its file or its landing zone names.",
    remedy="Name what lies in the stack's region; data in another is a second copy abroad.",
)
def foreign_region(graph: Graph, resource: Resource) -> Iterator[str]:
    """`limits-region` judges where a resource stands; this judges the places in names, addresses and definitions.

    Without a stack file no limit says in which region of those that are allowed a resource stands: then this asks
    whether it is the program's, and finds what stands in several (`US`) or in none (`global`).
    """
    ours = own(graph).regions
    if resource.type == mlplatform.GRANTS_IN_FORCE:  # it names grants, each of which is asked for itself
        return
    kind = kind_of(resource.type)
    if ours and graph.placement is None and kind is not None and isinstance(kind.stands, At):
        for place in resource.props.each_text_if_known(kind.stands.path):
            if place and not PLACE.fullmatch(place.casefold()):
                yield f"stands in {one_line(place)} ({kind.stands.path}), not in {', '.join(sorted(ours))} alone"
    for path, region in abroad(graph, resource):
        yield f"names the region {region} at {path}, where the stack stands in {', '.join(sorted(ours))}"
    if resource.type == mlplatform.MODEL:
        image, region = (resource.props.text_if_known(key) for key in ("image", "location"))
        if region and (there := artifactregistry.abroad(image, region)):
            yield f"is served by an image in {there}, where Vertex AI takes one of {region} ({one_line(image)})"


def abroad(graph: Graph, resource: Resource) -> Iterator[tuple[str, str]]:
    """Each region that a resource names and that is not of the stack, with its path."""
    ours = own(graph).regions
    yield from ((path, region) for path, region in _named_regions(resource) if ours and region not in ours)


@once_a_resource
def _named_regions(resource: Resource) -> Sequence[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path, text in read(resource):
        stands = resource.type != _IMAGES and path in _PLACES and PLACE.fullmatch(text.casefold())
        found += [(path, region) for region in ([stands[1]] if stands else dict.fromkeys(_regions(text)))]
    return found


@stack_rule(
    "world-place",
    *_EVERY,
    severity="high",
    says="Data is read from and written to buckets of the stack, and those that its file names.",
    remedy="Use the stack's own bucket; or name the bucket in the stack file, where it shows in review.",
)
def foreign_bucket(graph: Graph, resource: Resource) -> Iterator[str]:
    """The name of a bucket tells no project, so only a stack file says which are known."""
    ours = own(graph).buckets
    for path, bucket in _named_buckets(resource) if graph.placement else ():
        if bucket not in ours:
            yield f"names the bucket {one_line(bucket)} at {path}, which is not the stack's and not in its file"


@once_a_resource
def _named_buckets(resource: Resource) -> Sequence[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path, text in read(resource):
        whole = resource.type == storage.BUCKET_MEMBER and path == "bucket"
        found += [(path, bucket) for bucket in ([text] if whole else dict.fromkeys(buckets(text)))]
    return found


@stack_rule(
    "identity-foreign-images",
    _IMAGES,
    severity="high",
    says="A grant on images is on the stack's repository, on one of a model's image, or on one that its file names.",
    remedy="Grant on the repository of the model's image; or name the registry in the stack file, under sources.",
)
def foreign_images(graph: Graph, grant: Resource) -> Iterator[str]:
    """A repository is told by project, location and name together; the image of a model is `identity-registries`'s."""
    if graph.placement is None:
        return
    props = grant.props
    asked = tuple(props.text_if_known(key).rpartition("/")[2] for key in ("project", "location", "repository"))
    made = [
        tuple(one.props.text_if_known(key) for key in ("project", "location", "repositoryId"))
        for one in graph.of(artifactregistry.REPOSITORY)
    ]
    images = [one.props.text_if_known("image") for one in graph.of(mlplatform.MODEL)]
    images += graph.placement.addresses  # a model that nothing serves yet is granted its image, too
    named = [match for one in world(graph).given if (match := _REGISTRY.fullmatch(one))]
    known = [*made, *((match[2], match[1], match[3] or "") for match in named)]
    known += filter(None, map(artifactregistry.repository_of, images))
    if not images:  # the ground alone, on which the models will stand: their images are in the own project
        known.append((graph.placement.account, "", ""))
    if not any(all(not is_ or must in ("", is_) for is_, must in zip(asked, one, strict=True)) for one in known):
        yield f"is on the repository {'/'.join(asked)} (project, location, repository), which is not the stack's"


_CONTAINER = frozenset({"command", "args", "env", "environment"})


@stack_rule(
    "world-containers",
    mlplatform.MODEL,
    workflows.WORKFLOW,
    severity="high",
    says="A container is started from an image and an artifact that the stack file names, with the commands, arguments "
    "and variables that it says, and no others.",
    remedy="Say them in the stack file, under models or training, where they show in review.",
)
def containers(graph: Graph, resource: Resource) -> Iterator[str]:
    """Who can add a word to a command runs what they like, as the model's account and beside its data; a variable such
    as HTTPS_PROXY does too, and so does who names another version of an image. Vertex AI, ModelContainerSpec,
    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/ModelContainerSpec
    """
    if graph.placement is None:
        return
    if resource.type == mlplatform.MODEL:
        parts = [resource.props]
    else:
        started = workflows.jobs(resource.props)
        document = resource.props.document_or_empty(workflows.AT)
        # What launches a step is Google's, and judged by limits-batch-whole; what it launches is judged here.
        parts = [part for part in document.sections_inside() if ".deploymentSpec." not in part.at]
        parts += [part for job in started if job.step for part in job.body.sections_inside()]
    for path, word in (found for part in parts for found in _words(part)):
        said = workflows.below_the_run(word)
        if (word if said is None else said) not in graph.placement.containers:
            yield f"starts a container with {one_line(word)[:80]!r} ({path}), which its file does not say"
    for path, place in (found for part in parts for found in _started_from(part)):
        if place not in graph.placement.addresses and place not in mlplatform.versions_of(graph):
            yield f"starts a container from {one_line(place)} ({path}), which its file does not name"


def _started_from(part: Properties) -> Iterator[tuple[str, str]]:
    """The images and artifacts that a container is started from, as far as they are known, each with its path."""
    for path in ("artifactUri", "executorImageUri", "image", "imageUri"):
        if path in part and (place := part.text_if_known(path)):
            yield path, place


def _words(part: Properties) -> Iterator[tuple[str, str]]:
    """The words of a container's command and arguments, and its variables as `NAME=VALUE`, each with its path."""
    for key in _CONTAINER.intersection(part.names()):
        if key == "args" and "call" in part:  # of a step of a workflow
            continue
        value: Any = part.values[key]
        if is_marked(value):
            continue
        if isinstance(value, Mapping):
            yield from ((key, f"{name}={one}") for name, one in cast("Mapping[str, Any]", value).items())
        for one in cast("list[Any]", value) if isinstance(value, list) else ():
            if isinstance(one, Mapping):
                pair = cast("Mapping[str, Any]", one)
                yield key, f"{pair.get('name')}={pair.get('value')}"
            else:
                yield key, str(one)


_HERE = (
    foreign_project,
    foreign_region,
    foreign_bucket,
    foreign_images,
    containers,
)
RULES = [replace(rule, advice_elsewhere=True) for rule in _HERE]
"""Another program may work across projects and regions, and no stack file says with which: there it is advice."""
