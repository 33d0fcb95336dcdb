"""What the words of `gcp.yaml` stand for in the graph of a stack, and what the stack's grants say of a request."""

from collections.abc import Iterable, Mapping, Sequence

from catalogue.access.gcp import allowed
from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import (
    artifactregistry,
    bigquery,
    mlplatform,
    serviceaccount,
    storage,
    vertex,
    workbench,
    workflows,
)
from catalogue.once import once_a_graph
from catalogue.properties import Malformed
from catalogue.registered import Registered, in_registry
from catalogue.vertex_jobs import CUSTOM, TUNES
from policies.gcp.experiments import records
from policies.personas.simulation import Cloud, Place, Request


def account_of(graph: Graph, persona: str) -> Resource:
    """The service account of a persona, by the end of its resource's name or what it is called.

    Raises LookupError where there is none.
    """
    return _accounts(graph)[persona]


@once_a_graph
def _accounts(graph: Graph) -> Mapping[str, Resource]:
    found: dict[str, Resource] = {}
    for account in graph.of(serviceaccount.ACCOUNT):
        found.setdefault(account.props.text_if_known("displayName").rpartition(" ")[2], account)
        found.setdefault(account.name.rpartition("-identity-")[2], account)
    return found


def people(graph: Graph) -> list[str]:
    """The people, as IAM names them: the owners of instances."""
    return [f"user:{owner}" for one in graph.of(workbench.INSTANCE) for owner in one.props.each_text("instanceOwners")]


@once_a_graph
def _places(graph: Graph) -> Mapping[str, Sequence[Place]]:
    project = account_of(graph, "serving").props.text_or_empty("project")
    own = {"project": project}

    def at(*names: str) -> list[Place]:
        return [Place(name, own) for name in names]

    def account(persona: str) -> list[Place]:
        email = account_of(graph, persona).props.text_or_empty("email")
        return at(f"projects/{project}/serviceAccounts/{email}")

    bucket = f"gs://{_artifacts_in(graph)}"
    models = graph.of(mlplatform.MODEL)
    by = {
        persona: [m for m in models if account_of(graph, persona) in graph.refers(m, "serviceAccount")]
        for persona in ("serving", "batch")
    }
    artifacts = {name: _texts(of, "artifactUri") for name, of in {**by, "all": models}.items()}
    versions = [uri for uri in artifacts["all"] if in_registry(uri)]
    images = {name: _repositories(of) for name, of in {**by, "all": models}.items()}
    stack = [
        f"projects/{project}/locations/{r.props.text_or_empty('location')}/repositories/"
        f"{r.props.text_or_empty('repositoryId')}"
        for r in graph.of(artifactregistry.REPOSITORY)
    ]
    jobs = [job for flow in graph.of(workflows.WORKFLOW) for job in workflows.jobs(flow.props)]
    inputs = [uri for job in jobs for uri in job.body.each_text("inputConfig.gcsSource.uris")]
    outputs = [uri for job in jobs for uri in job.body.each_text("outputConfig.gcsDestination.outputUriPrefix")]
    instances = [*graph.of(workbench.INSTANCE), None, None]
    return {
        "project": at(f"projects/{project}"),
        "own-instance": at(*_instances(project, instances[0])),
        "other-instance": at(*_instances(project, instances[1])),
        **{f"{persona}-account": account(persona) for persona in ("data-scientist", "training", "batch", "pipeline")},
        "own-bucket": [_listed(f"{bucket}/data/", own)],
        "artifact-bucket": _buckets([bucket], own),
        "training-data": [_object(f"{bucket}/data/train.csv", own)],
        "training-output": [_object(f"{bucket}/training/model.json", own)],
        "own-files": [_object(f"{bucket}/workspace/notebook.ipynb", own)],
        "own-artifacts": [_object(f"{bucket}/models/scorer/1/model.json", own)],
        "records": [_object(f"{uri.removesuffix('artifact/')}version.json", own) for uri in versions],
        "approvals": [_object(f"gs://{one}", own) for one in _decisions(graph)],
        "artifacts": [_object(uri, own) for uri in artifacts["all"]],
        "artifact-folders": [_listed(uri, own) for uri in artifacts["all"]],
        "served-artifacts": [_object(uri, own) for uri in artifacts["serving"]],
        "served-artifact-folders": [_listed(uri, own) for uri in artifacts["serving"]],
        "served-images": at(*images["serving"]),
        "batch-artifacts": [_object(uri, own) for uri in artifacts["batch"]],
        "batch-images": at(*images["batch"]),
        "batch-input": [_object(uri, own) for uri in inputs],
        "batch-input-folders": [_listed(uri, own) for uri in inputs],
        "batch-output": [_object(f"{uri.rstrip('/')}/prediction.jsonl", own) for uri in outputs],
        "stack-images": at(*stack),
        "own-images": at(*stack, *(one for one in images["all"] if one.startswith(f"projects/{project}/"))),
        **_training(graph, own),
        "endpoints": at(*_texts(graph.of(vertex.ENDPOINT), "id")),
        "experiments": at(*_texts(graph.of(vertex.TENSORBOARD), "name")),
        "captured": at(
            *(
                f"projects/{project}/datasets/{dataset.props.text_or_empty('datasetId')}/tables/request_response_logging"
                for dataset in graph.of(bigquery.DATASET)
            )
        ),
        "workflows": at(*_texts(graph.of(workflows.WORKFLOW), "id")),
    }


def _artifacts_in(graph: Graph) -> str:
    """The bucket of artifacts. In that of approvals the approver alone has a grant, if the stack has one."""
    approver, decided = account_of(graph, "approver"), mlplatform.approvals_of(graph)
    buckets = [one for one in graph.of(storage.BUCKET) if one.props.text_or_empty("name") not in decided]
    shared = (
        bucket
        for bucket in buckets
        for grant in graph.referring(storage.BUCKET_MEMBER, "bucket", bucket)
        if approver not in graph.refers(grant, "member")
    )
    if not buckets:
        raise Malformed("", "the stack makes no bucket for the artifacts that its personas work with")
    return next(shared, buckets[0]).props.text_or_empty("name")


def _decisions(graph: Graph) -> list[str]:
    """The objects that are asked for before a model is made."""
    asks = [one.props for one in graph.of(mlplatform.APPROVED_VERSION)]
    versions = [
        (one, Registered(one.text_or_empty("model"), round(one.number_or_none("version") or 0))) for one in asks
    ]
    return sorted(f"{one.text_or_empty('bucket')}/{version.decision('approved')}" for one, version in versions)


def _starting(flows: Sequence[Resource], kind: str) -> list[Resource]:
    """Those of the workflows that start jobs of a kind."""
    return [flow for flow in flows if any(job.kind == kind for job in workflows.jobs(flow.props))]


def _training(graph: Graph, own: Mapping[str, str]) -> dict[str, list[Place]]:
    """What the training jobs of the workflows read, write and run."""
    started = [flow for flow in graph.of(workflows.WORKFLOW) if workflows.trains(flow)]
    jobs = [job for flow in started for job in workflows.jobs(flow.props)]
    read, written = ([uri for job in jobs for uri in workflows.mounted(job, written)] for written in (False, True))
    roots = [uri for job in jobs for uri in job.body.each_text("runtimeConfig.gcsOutputDirectory")]
    left = sorted({uri for job in jobs for uri in workflows.left(job)})
    images = [image for job in jobs for image in job.spec.each_text("workerPoolSpecs.containerSpec.imageUri")]
    return {
        "training-workflows": [Place(name, own) for name in _texts(started, "id")],
        "plain-workflows": [Place(name, own) for name in _texts(_starting(started, CUSTOM), "id")],
        "tuning-workflows": [Place(name, own) for name in _texts(_starting(started, TUNES), "id")],
        "recorded-workflows": [Place(name, own) for name in _texts(filter(records, started), "id")],
        "data-of-runs": [_object(uri, own) for uri in read],
        "data-of-runs-folders": [_listed(uri, own) for uri in read],
        "pipeline-workflows": [Place(name, own) for name in _texts(filter(workflows.paths, started), "id")],
        "pipeline-roots": [_object(uri, own) for uri in roots],
        "pipeline-root-buckets": _buckets(roots, own),
        "trained": [_object(f"{uri}x/model/", own) for uri in written],
        "trained-buckets": _buckets(written, own),
        "candidates": [_object(f"{uri}x/register/version.json", own) for uri in left],
        "candidate-folders": [_listed(f"{uri}x/register/", own) for uri in left],
        "training-images": [Place(name, own) for name in _of_images(images)],
    }


def _texts(resources: Iterable[Resource], key: str) -> list[str]:
    return sorted({text for r in resources if (text := r.props.text_if_known(key))})


def _instances(project: str, instance: Resource | None) -> list[str]:
    if instance is None:
        return []
    location, name = (instance.props.text_or_empty(key) for key in ("location", "name"))
    return [f"projects/{project}/locations/{location}/instances/{name}"]


def _repositories(models: Iterable[Resource]) -> list[str]:
    """The repositories of models' images."""
    return _of_images(m.props.text_or_empty("image") for m in models)


def _of_images(images: Iterable[str]) -> list[str]:
    """The repositories of images. Vertex AI's own are public."""
    found = {place for image in images if (place := artifactregistry.repository_of(image))}
    return sorted(f"projects/{project}/locations/{at}/repositories/{name}" for project, at, name in found)


def _object(uri: str, own: Mapping[str, str]) -> Place:
    """An object, or one in a folder, whose address ends with a `/` or a `*`."""
    bucket, _, key = uri.removeprefix("gs://").partition("*")[0].partition("/")
    return Place(f"projects/_/buckets/{bucket}/objects/{key}{'x' if key.endswith('/') else ''}", own)


def _buckets(uris: Iterable[str], own: Mapping[str, str]) -> list[Place]:
    """The buckets of addresses, each as a thing by itself."""
    return [
        Place(f"projects/_/buckets/{name}", own)
        for name in sorted({uri.removeprefix("gs://").partition("/")[0] for uri in uris})
    ]


def _listed(uri: str, own: Mapping[str, str]) -> Place:
    """A bucket of which somebody lists a folder."""
    bucket, _, key = uri.removeprefix("gs://").partition("*")[0].partition("/")
    return Place(f"projects/_/buckets/{bucket}", {**own, "prefix": key})


def _entered(graph: Graph, persona: str, by: str) -> bool:
    """Who runs as an account names it; whom a person may act as is granted by hand, but to the owner of an instance."""
    email = account_of(graph, persona).props.text_or_empty("email")
    if persona != "data-scientist" or not people(graph):
        return bool(email)
    project = account_of(graph, persona).props.text_or_empty("project")
    account = f"projects/{project}/serviceAccounts/{email}"
    return all(allowed(graph, [one], "iam.serviceAccounts.actAs", account, project) for one in people(graph))


def _refusal(graph: Graph, persona: str, request: Request) -> str:
    """A data scientist is a person, the first of the stack's, and in a notebook the account that it runs as."""
    members = [account_of(graph, persona).props.text_or_empty("member")]
    members += people(graph)[:1] if persona == "data-scientist" else []
    place = request.at
    held = allowed(graph, members, request.do, place.name, place.brings["project"], place.brings.get("prefix", ""))
    return "" if held else "no grant allows it"


MODEL = Cloud(places=_places, entered=_entered, refusal=_refusal)
