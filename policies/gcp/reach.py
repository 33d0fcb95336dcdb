"""Below which folders each persona reads and writes objects: those of its tasks, in this stack; and that it may read
the image and the data that it runs with.

A condition that is well formed may still begin the names of objects earlier than a task needs, or elsewhere.
"""

from collections.abc import Iterable, Iterator, Mapping

from catalogue import registered
from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import artifactregistry, mlplatform, serviceaccount, storage, workflows
from catalogue.once import once_a_graph
from catalogue.properties import Properties, Unreadable
from policies.gcp.permissions import persona_of
from policies.rule import stack_rule

_READS, _WRITES, _CREATES = (f"roles/storage.{name}" for name in ("objectViewer", "objectUser", "objectCreator"))
_MOST = 20
"""How many conditions one role may have for one principal; above it components grant the folders of places in their
stead: https://cloud.google.com/iam/quotas."""


def beyond(graph: Graph, grant: Resource, places: Iterable[str]) -> Iterator[str]:
    """The places, BUCKET/PREFIX, of a grant to a persona that are in none of its own. One that works with no objects
    has none.

    Whoever is no persona is not asked, and so is a stack whose file nobody read.
    """
    role = grant.props.text_if_known("role")
    for account in graph.refers(grant, "member", serviceaccount.ACCOUNT) if graph.placement else ():
        persona, known = persona_of(account), _own(graph)
        own = known.get((persona, role), frozenset[str]())
        for place in places if persona else ():
            if not any(place[:end] in own for end in _ends(place)) and not _folds(own, place):
                yield place


def mounts(graph: Graph, grant: Resource) -> bool:
    """Whether a grant lets the persona that trains read a bucket of others in which training jobs have folders.

    Vertex AI mounts the whole bucket: https://cloud.google.com/vertex-ai/docs/training/cloud-storage-file-system
    """
    accounts = graph.refers(grant, "member", serviceaccount.ACCOUNT) if graph.placement else ()
    if not accounts or any(persona_of(one) != "training" for one in accounts):
        return False
    used = {place.partition("/")[0] for role in (_READS, _WRITES) for place in _own(graph)["training", role]}
    return grant.props.text_if_known("bucket") in used - {
        one.props.text_if_known("name") for one in graph.of(storage.BUCKET)
    }


def _ends(place: str) -> Iterator[int]:
    """Where the folders of a place end, and the place itself."""
    yield from (at + 1 for at, letter in enumerate(place) if letter == "/")
    yield len(place)


def _folds(own: frozenset[str], place: str) -> bool:
    """Whether a folder in a bucket stands for several places, for want of conditions to name each."""
    bucket, _, folder = place.partition("/")
    beside = [one for one in own if one.startswith(f"{bucket}/")]
    inside = sum(1 for one in beside if one.startswith(place))
    return folder.endswith("/") and len(beside) > _MOST and inside > 1


@once_a_graph
def _own(graph: Graph) -> Mapping[tuple[str, str], frozenset[str]]:
    """The places of each persona by the role that it has on them. A place in the stack file that nothing in the graph
    has is of what is switched off, which may read it and write it."""
    buckets = [bucket.props.text_if_known("name") for bucket in graph.of(storage.BUCKET)]
    addresses = graph.placement.addresses if graph.placement else ()
    said = {one.removeprefix("gs://") for one in addresses if one.startswith("gs://")}
    artifacts = {
        uri.removeprefix("gs://") for m in graph.of(mlplatform.MODEL) if (uri := m.props.text_if_known("artifactUri"))
    }
    artifacts |= {uri.removeprefix("gs://") for uri in mlplatform.versions_of(graph) if uri.startswith("gs://")}
    jobs = [job for flow in graph.of(workflows.WORKFLOW) for job in _jobs(flow)]
    scored = said & _above(uri for job in jobs for uri in job.body.each_text("inputConfig.gcsSource.uris"))
    outputs = said & _above(
        u for job in jobs for u in job.body.each_text("outputConfig.gcsDestination.outputUriPrefix")
    )
    left = said & {uri.removeprefix("gs://") for job in jobs for uri in workflows.left(job)}
    data, trained = (said & _above(u for j in jobs for u in workflows.mounted(j, write)) for write in (False, True))
    off = said - artifacts - scored - outputs - data - trained
    versions = frozenset(_versions(artifacts | off))

    def own(folder: str) -> frozenset[str]:
        return frozenset(f"{bucket}/{folder}" for bucket in buckets if bucket)

    models, decides = own("models/") | versions, bool(graph.placement and graph.placement.versions)
    paths = any(key.startswith("pipelines.") for key, _ in graph.placement.stated) if graph.placement else False
    return {
        ("data-scientist", _WRITES): own("workspace/"),
        ("training", _READS): frozenset(data | off),
        ("training", _WRITES): own("training/") | trained | off,
        ("pipeline", _WRITES): own("pipeline/") if paths else frozenset[str](),
        ("serving", _READS): versions,
        ("batch", _READS): versions | scored | off,
        ("batch", _WRITES): frozenset(outputs | off),
        ("approver", _READS): own(registered.DECISIONS) | own(registered.FOLDER) if decides else frozenset[str](),
        ("approver", _CREATES): own(registered.DECISIONS) if decides else frozenset[str](),
        ("publisher", _READS): models | left if decides else models,
        ("publisher", _CREATES): models,
    }


def _jobs(flow: Resource) -> list[workflows.Job]:
    """The jobs of a workflow that can be read; other rules say so where it cannot."""
    try:
        return list(workflows.jobs(flow.props))
    except Unreadable:
        return []


def _above(uris: Iterable[str]) -> set[str]:
    """Each place and the folders above it."""
    places = {uri.removeprefix("gs://").partition("*")[0] for uri in uris}
    return {place[:end] for place in places for end in _ends(place)}


def _versions(artifacts: Iterable[str]) -> Iterator[str]:
    """The folders of all versions of each artifact: what is rolled back to is loaded again."""
    for place in artifacts:
        version = registered.at(f"gs://{place}")
        bucket, *inside = place.removesuffix("artifact/" if version else "").rstrip("/").split("/")
        if inside:  # a bucket alone, as the stack file names one of others, is no artifact
            yield "/".join([bucket, *inside[:-1], ""]) if inside[1:] else place


@stack_rule(
    "identity-image-readers",
    mlplatform.MODEL,
    severity="high",
    proof="workflow speed",
    says="The account as which a model is uploaded may read the repository of its image.",
    remedy="Grant the account roles/artifactregistry.reader on that repository.",
)
def image_readers(graph: Graph, model: Resource) -> Iterator[str]:
    """Vertex AI, "Method: models.upload": a service account that is given must be able to read image and artifact.

    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.models/upload
    """
    image = model.props.text_if_known("image")
    wanted = artifactregistry.repository_of(image)
    for account in graph.refers(model, "serviceAccount", serviceaccount.ACCOUNT) if wanted else ():
        grants = graph.referring(artifactregistry.REPOSITORY_MEMBER, "member", account)
        if not any(_on(grant.props, wanted) for grant in grants if wanted):
            yield f"is uploaded as {account.name}, which may not read its image {image}"


def _on(grant: Properties, wanted: tuple[str, str, str]) -> bool:
    """Whether a grant is on that repository. What is not known yet may be it."""
    found = (grant.text_if_known(key).rsplit("/", 1)[-1] for key in ("project", "location", "repository"))
    return all(is_ in ("", must) for is_, must in zip(found, wanted, strict=True))


@stack_rule(
    "identity-training-mounts",
    workflows.WORKFLOW,
    severity="high",
    proof="workflow speed",
    says="The account of a training job may read all of each bucket that it is told a folder of below /gcs.",
    remedy="Grant the account roles/storage.objectViewer on the bucket, without a condition.",
)
def training_mounts(graph: Graph, flow: Resource) -> Iterator[str]:
    """Vertex AI mounts a bucket as a whole by Cloud Storage FUSE, which lists it without a prefix and asks for the name
    of each folder on the way: bounded by a folder, a run is refused before it reads.

    https://cloud.google.com/storage/docs/cloud-storage-fuse/mount-bucket
    """
    accounts = {one.props.text_if_known("email"): one for one in graph.of(serviceaccount.ACCOUNT)}
    for job in workflows.jobs(flow.props):
        account = accounts.get(job.spec.text_if_known("serviceAccount"))  # identity-run-as asks for one
        told = {uri for written in (False, True) for uri in workflows.mounted(job, written)}
        for bucket in sorted({uri.split("/")[2] for uri in told}) if account else ():
            grants = graph.referring(storage.BUCKET_MEMBER, "member", account) if account else ()
            if not any(_reads_all(one.props, bucket) for one in grants):
                yield f"trains as {account.name if account else ''}, which may not read all of gs://{bucket}"


def _reads_all(grant: Properties, bucket: str) -> bool:
    """Whether a grant is on all of a bucket's objects. What is not known yet may be."""
    named, role = grant.text_if_known("bucket"), grant.text_if_known("role")
    reads = role in ("", "roles/storage.objectViewer", "roles/storage.objectUser")
    return named in ("", bucket) and reads and not grant.is_given("condition")


RULES = [image_readers, training_mounts]
