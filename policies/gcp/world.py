"""What is foreign: a project, region or bucket that is not the stack's, nor its landing zone's, and not in its file.

Google's APIs name everything in the same way, so each text of each input is read, and of each document in it:
https://cloud.google.com/apis/design/resource_names. `inputs-own` asks whether a name in the stack's own project is that
of a resource of the stack.
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

from catalogue.access.gcp import allowed, grants
from catalogue.graph import Graph, Resource
from catalogue.kind import At
from catalogue.kinds import kind_of, kinds
from catalogue.kinds.gcp import (
    CHANNEL,
    KEY,
    artifactregistry,
    cloudscheduler,
    mlplatform,
    projects,
    storage,
    vertex,
    workflows,
)
from catalogue.kinds.gcp.cloudscheduler import started, starting
from catalogue.kinds.gcp.provider import PROVIDER
from catalogue.marks import is_marked
from catalogue.once import once_a_graph, once_a_resource
from catalogue.properties import Malformed, Properties
from catalogue.runs import RUNS_PER_MONTH, by_hand
from catalogue.vertex_jobs import PIPELINE, SCORES, TUNES
from catalogue.wording import one_line
from policies.gcp.promoted import is_given
from policies.rule import stack_rule
from policies.world import may_be_id, texts, world

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


@stack_rule(
    "data-batch-own",
    workflows.WORKFLOW,
    severity="high",
    says="A job scores with a model of the stack, from a place that is named and into one, under the stack's key. One "
    "that trains writes to a folder of its run's own, and nobody gets into its container.",
    remedy="Name the component's model, key, input and output in each job that the workflow starts; in a bucket of "
    "another project let Vertex AI's agent in.",
)
def batch_own(graph: Graph, workflow: Resource) -> Iterator[str]:
    """Vertex AI, BatchPredictionJob and CustomJobSpec,
    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.batchPredictionJobs,
    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec
    """
    ours = world(graph)
    for job in workflows.jobs(workflow.props):
        for path, type_ in (("model", mlplatform.MODEL), ("encryptionSpec.kmsKeyName", KEY)):
            name = job.body.text_if_known(path)
            known = ours.has(name, type_) or may_be_id(graph, workflow, "sourceContents", name, type_)
            if name and (graph.placement or ours.by_type.get(type_)) and not known:
                yield f"starts jobs with {path} {one_line(name)}, which is not of the stack"
        if name := job.body.text_if_known("model"):
            yield from _scored_with(graph, workflow, name)
        if job.trains:
            yield from _training(graph, job)
        if job.kind == PIPELINE and graph.ours:
            yield from _rooted(graph, job)
        if job.kind == SCORES:
            yield from _scored_where(graph, job)
            yield from _over_its_data(job)


def _scored_where(graph: Graph, job: workflows.Job) -> Iterator[str]:
    """What is wrong with the model and the places of a batch prediction job."""
    for path in ("model", "inputConfig.gcsSource.uris", "outputConfig.gcsDestination.outputUriPrefix"):
        said = list(job.body.each_text_if_known(path))
        if not any(said) and not job.body.is_given("unmanagedContainerModel"):
            yield f"starts jobs without {path}"
        may = _READ if path.startswith("input") else _WRITE
        for place in said if path != "model" else ():
            if not place.startswith("gs://"):
                yield f"starts jobs with {path} {one_line(place)}, which is no place in Cloud Storage"
            elif graph.ours and _is_refused(graph, job, may, place):
                yield f"starts jobs with {path} {one_line(place)}, where their account has no grant"
            elif _agent_is_refused(graph, may, place):
                yield (
                    f"starts jobs with {path} {one_line(place)}, in a bucket of another project, in which Vertex AI's "
                    "agent has no grant: it reads and writes for them"
                )


def _rooted(graph: Graph, job: workflows.Job) -> Iterator[str]:
    """What is wrong with where Vertex AI keeps what a pipeline job hands to it, and its records. It makes a store of
    records with the first run where there is none: https://cloud.google.com/vertex-ai/docs/ml-metadata/configure
    """
    if not graph.of(vertex.METADATA_STORE):
        yield "runs a pipeline, whose records Vertex AI then keeps in a store that nobody made under the stack's key"
    root = job.body.text_or_empty("runtimeConfig.gcsOutputDirectory")
    if not root.startswith("gs://") or _is_refused(graph, job, _WRITE, root):
        yield f"starts jobs with runtimeConfig.gcsOutputDirectory {one_line(root)}, where their account has no grant"


def _over_its_data(job: workflows.Job) -> Iterator[str]:
    """What is wrong with where a job writes: the next run would score what this one wrote."""
    read = [uri.partition("*")[0] for uri in job.body.each_text_if_known("inputConfig.gcsSource.uris")]
    written = f"{job.body.text_if_known('outputConfig.gcsDestination.outputUriPrefix').rstrip('/')}/"
    for uri in read:
        if len(written) > 1 and uri and (written.startswith(uri) or f"{uri.rstrip('/')}/".startswith(written)):
            yield f"starts jobs that write to {one_line(written)}, which holds or lies in their data {one_line(uri)}"


def _scored_with(graph: Graph, workflow: Resource, name: str) -> Iterator[str]:
    """What is wrong with the model of a job: it is the one that was made for it, in the version that was reviewed.

    Without a version Vertex AI takes the default one, which who approves models may move:
    https://cloud.google.com/vertex-ai/docs/model-registry/versioning
    """
    if not re.search(r"@[0-9]+$", name):
        yield f"starts jobs with model {one_line(name)}, which names no version of it"
    model, _, _ = name.rpartition("@")
    for one in graph.of(mlplatform.MODEL) if graph.ours else ():
        if model.endswith(f"/{one.props.text_if_known('modelId')}") and one.parent != workflow.parent:
            yield f"starts jobs with model {one_line(name)}, which is another component's"


_READ, _WRITE = "storage.objects.get", "storage.objects.create"


def _training(graph: Graph, job: workflows.Job) -> Iterator[str]:
    """What is wrong with the places of a training job or a trial, and with who gets into its container."""
    for door in ("enableWebAccess", "enableDashboardAccess"):
        if job.spec.flag_or_none(door) is not False and (graph.ours or job.spec.is_given(door)):
            yield f"starts jobs whose jobSpec.{door} is not false, so that somebody may get into their containers"
    yield from _trained_where(graph, job)


def _trained_where(graph: Graph, job: workflows.Job) -> Iterator[str]:
    output = job.spec.text_or_empty("baseOutputDirectory.outputUriPrefix")
    below = workflows.below_the_run(output)
    if output and not (below or output).startswith("gs://"):
        yield f"starts jobs with jobSpec.baseOutputDirectory {one_line(output)}, which is no place in Cloud Storage"
    if not graph.ours:
        return
    if below is None:
        yield f"starts jobs whose runs all write to {one_line(output) or 'no folder'} (jobSpec.baseOutputDirectory)"
    read, written = (set(workflows.mounted(job, written)) for written in (False, True))
    if not read:
        yield "starts jobs whose containers are told no folder with data"
    # What a step reads is of its run, too: the steps before wrote it.
    told = [word for word in _told(job) if not job.step or workflows.is_written(word)]
    if job.kind == TUNES and any(map(workflows.below_the_run, told)):
        yield "starts jobs whose trials are all told one folder to write to, over each other's"
    if below not in written:
        yield "starts jobs whose containers are told another folder to write to than jobSpec.baseOutputDirectory"
    if job.spec.text_or_empty("scheduling.strategy") == "SPOT" and not written - {below}:
        yield "starts jobs on Spot machines whose containers are told no folder for checkpoints"
    if job.spec.text_or_empty("scheduling.strategy") != "SPOT" and written - {below}:
        yield "starts jobs that are told a folder for checkpoints, and that run on no Spot machines"
    for may, places in ((_READ, read), (_WRITE, written)):
        for place in sorted(places):
            if _is_refused(graph, job, may, place):
                yield f"starts jobs with {one_line(place)} in their arguments, where their account has no grant"


def _told(job: workflows.Job) -> Iterator[str]:
    """The arguments of the containers of a training job, as far as they are known."""
    yield from job.spec.each_text_if_known("workerPoolSpecs.containerSpec.args")


def _is_refused(graph: Graph, job: workflows.Job, may: str, place: str) -> bool:
    """Whether the account of a job has grants on a bucket, and none that reaches this place in it.

    One that has none on the bucket at all may have been let in by its owner.
    """
    on, object_ = _in_bucket(place)
    who = f"serviceAccount:{job.spec.text_or_empty('serviceAccount')}"
    known = any(one.member.casefold() == who.casefold() and one.on == on for one in grants(graph))
    return known and not allowed(graph, [who], may, object_, graph.placement.account if graph.placement else "")


def _agent_is_refused(graph: Graph, may: str, place: str) -> bool:
    """Whether Vertex AI's agent lacks a grant in a bucket that the stack file names as another project's.

    A batch prediction job reads and writes as the agent, which has a role in its own project alone; the job's account
    is for the container: "Get batch inferences from a custom trained model", limitations,
    https://docs.cloud.google.com/gemini-enterprise-agent-platform/machine-learning/predictions/get-batch-predictions
    """
    (on, object_), stands = _in_bucket(place), graph.placement
    name = f"gs://{on.rpartition('/')[2]}"
    others = {one.account for one in stands.sources if one.place == name} - {stands.account} if stands else set[str]()
    agents = [one.member for one in grants(graph) if "@gcp-sa-aiplatform." in one.member] if others else []
    return any(not allowed(graph, agents, may, object_, account) for account in others)


def _in_bucket(place: str) -> tuple[str, str]:
    """The bucket of a gs:// address, and the object or folder, as IAM names both."""
    bucket, _, prefix = place.removeprefix("gs://").partition("*")[0].partition("/")
    return f"projects/_/buckets/{bucket}", f"projects/_/buckets/{bucket}/objects/{prefix}"


@stack_rule(
    "limits-batch-started",
    workflows.WORKFLOW,
    severity="medium",
    says="A workflow that starts jobs is started by a schedule of the stack, or by people whose runs a label counts, "
    "and a schedule starts a workflow of it.",
    remedy="In the stack file, give the job a schedule or, where people start it, runs_per_month, which the component "
    "makes its label runs-per-month; or switch the job off.",
)
def batch_started(graph: Graph, workflow: Resource) -> Iterator[str]:
    """A workflow that nothing starts scores nothing, and nobody hears of it."""
    if not graph.ours:
        return
    if not workflows.jobs(workflow.props):
        yield "starts no job"
    elif not starting(graph, workflow) and by_hand(workflow.props.section_or_empty("labels")) is None:
        yield f"starts jobs, and no schedule of the stack starts it; no label {RUNS_PER_MONTH} counts runs by hand"


@stack_rule(
    "identity-starts-own",
    cloudscheduler.SCHEDULE,
    severity="high",
    says="A schedule starts a workflow of the stack.",
    remedy="Give the schedule's http_target the id of the batch component's workflow.",
)
def starts_own(graph: Graph, schedule: Resource) -> Iterator[str]:
    """With its persona's token it could start any other: Workflows, "Schedule a workflow",
    https://cloud.google.com/workflows/docs/schedule-workflow. What it sends is the argument alone, of what the workflow
    reads: an execution may also be told to log no calls,
    https://cloud.google.com/workflows/docs/reference/executions/rest/v1/projects.locations.workflows.executions
    """
    try:
        workflow = started(graph, schedule)
    except Malformed as error:
        yield str(error)
        return
    if body := schedule.props.text_if_known("httpTarget.body"):
        yield from (f"{sentence} (httpTarget.body)" for sentence in _sent(workflow, body))


def _sent(workflow: Resource, body: str) -> Iterator[str]:
    """What is wrong with what a schedule sends to start a workflow."""
    try:
        sent: dict[str, Any] = dict(json.loads(base64.b64decode(body, validate=True)))
        argument: dict[str, Any] = dict(json.loads(sent.pop("argument", "{}")))
    except (ValueError, TypeError):
        yield "sends what starts no execution with an argument of names and values"
        return
    if sent:
        yield f"tells an execution its {', '.join(sorted(map(one_line, sent)))[:120]} as well"
    told = list(workflows.texts(workflow.props))
    for name, value in argument.items():
        if not any(f'input.{name} == "{value}"' in text for text in told):
            yield f"sends {one_line(f'{name}={value}')[:80]}, which its workflow does not ask for"


_HERE = (
    foreign_project,
    foreign_region,
    foreign_bucket,
    foreign_images,
    containers,
    batch_own,
    batch_started,
    starts_own,
)
RULES = [replace(rule, advice_elsewhere=True) for rule in _HERE]
"""Another program may work across projects and regions, and no stack file says with which: there it is advice."""
