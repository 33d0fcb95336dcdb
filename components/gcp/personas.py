"""What each persona may do: its permissions in the project, and its grants on objects, images and accounts."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from catalogue.kinds.gcp.artifactregistry import repository_of
from catalogue.registered import DECISIONS, FOLDER
from components.folding import apart, folded
from components.given import Args, BadArgument, Text

_RUN = ("logging.logEntries.create", "monitoring.timeSeries.create")
"""A machine or container writes its own logs and metrics."""


@dataclass
class Needs(Args):
    """The images, and the addresses of the objects, that `serving`, `batch` and `training` work with.

    An address is that of a folder, `gs://BUCKET/FOLDER/`, or of one object. The program must know it. A bucket must
    have uniform bucket-level access, for a grant on a bucket without it can have no condition. Raises BadArgument for
    the address of a whole bucket, and for one that is not Cloud Storage's.
    """

    artifact_uris: Sequence[str] = ()
    """The models' artifacts. `serving` and `batch` may read all versions of each: the version folders beside it too."""
    input_uris: Sequence[str] = ()
    """The data that `batch` may read and score."""
    output_uris: Sequence[str] = ()
    """The folders that `batch` may write its scores to."""
    input_elsewhere: Sequence[str] = ()
    """Those of the data that lie in a bucket of another project, where Vertex AI's agent, which reads for a batch
    prediction job, has no role: it may read them."""
    output_elsewhere: Sequence[str] = ()
    """Those of the folders that lie in such a bucket: the agent may write there."""
    images: Sequence[str] = ()
    """The models' images. `serving` and `batch`, as which models are uploaded, and Vertex AI's agent, which pulls them,
    may read the repository of each. Vertex AI's own images need no grant."""
    training_images: Sequence[str] = ()
    """The images that train. `training` and Vertex AI's agent may read the repository of each."""
    training_uris: Sequence[str] = ()
    """The data that `training` reads, beside the bucket of artifacts. It may read all of each bucket that has some, for
    Vertex AI mounts a bucket as a whole."""
    trained_uris: Sequence[str] = ()
    """The folders that `training` may write what it trained and its checkpoints to. It may read all of their bucket."""
    candidate_uris: Sequence[str] = ()
    """The folders below which runs of pipelines leave candidates: `publisher` may read what lies there."""
    training_jobs: Sequence[str] = ()
    """The training jobs. Where there is one, `pipeline` starts custom jobs as `training`, and `data-scientist` runs of
    the workflows by hand. They must be known."""
    tuned_jobs: Sequence[str] = ()
    """Those of the training jobs whose runs are tuning jobs: where there is one, `pipeline` starts such, and
    `data-scientist` sees their trials; where there are no others, `pipeline` starts no custom job. They must be known.
    """
    pipelines: Sequence[str] = ()
    """The pipelines. Where there is one, `pipeline` starts pipeline jobs as itself, whose steps are custom jobs that
    run as `training`, and `data-scientist` runs of the workflows by hand. They must be known."""
    registered: Sequence[str] = ()
    """The names in the registry of the models whose versions are served. `serving` and `batch` may read all versions of
    each, `publisher` adds one, and `approver` reads what they decide on. They must be known."""
    captures: Sequence[str] = ()
    """The endpoints that capture. Where there is one, `data-scientist` may run queries in the project: who may read a
    table of BigQuery needs that too. They must be known."""
    records: Sequence[str] = ()
    """What records runs. Where there is one, `data-scientist` records and reads in a TensorBoard of the project. They
    must be known."""
    recorded_jobs: Sequence[str] = ()
    """The training jobs whose runs are recorded there, as `training`. They must be known."""
    timed: Sequence[str] = ()
    """The endpoints that have hours. Where there is one, the persona `hours` takes models off and puts them on. They
    must be known."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in (one for one in vars(self) if one.endswith(("_uris", "_elsewhere"))):
            for uri in getattr(self, field):
                if not re.fullmatch(r"gs://[^/]+/.+", uri):  # without a folder, the whole bucket would be granted
                    raise BadArgument(f"Needs.{field}: found {uri!r}, allowed: a folder such as gs://bucket/folder/")


@dataclass(kw_only=True)
class IdentityArgs(Args):
    """The prefix of the personas' names, and the project, bucket and repository that they work in."""

    prefix: str
    """The names of the service accounts and roles begin with it. The program must know it."""
    project: Text
    """The id of the Google Cloud project, in which the personas' permissions hold."""
    region: Text
    """The region of the image repository."""
    needs: Needs
    """The objects that the models and batch jobs need."""
    own_bucket: str
    """The name of the artifact bucket, as it stands in the addresses of `needs`. The program must know it."""
    bucket_name: Text
    """The same name as an output of Registry. A grant on the bucket waits for that output, so for the bucket."""
    own_approvals: str = ""
    """The name of the bucket of approvals, where there is one. The program must know it."""
    approvals_name: Text | None = None
    """The same name as an output of Registry. A grant on it waits for that output, so for the bucket. Whether it is
    given must be known."""
    own_images: str
    """Where the stack's own images are, `REGION-docker.pkg.dev/PROJECT/REPOSITORY`, as they stand in `needs`. The
    program must know it."""
    repository_id: Text
    """The id of the same repository as an output of Registry. A grant on it waits for that output, so for it."""
    vertex_agent: Text
    """Vertex AI's own agent, of ServiceAgents."""


@dataclass
class Objects:
    """The objects of one bucket whose names begin with one of `prefixes`. An empty prefix means all of them.

    `name` tells the grant from others on the bucket. `bucket` is the bucket's name as the program knows it; it is part
    of the grant's name. `bucket_name` is the same name as the grant takes it: an output where the stack makes the
    bucket, so that the grant waits for it. `asked_as_bucket` says that Vertex AI asks for the same rights on the bucket
    itself, of which no prefix is true.
    """

    bucket: str
    bucket_name: Text
    name: str = ""
    prefixes: Sequence[str] = ("",)
    asked_as_bucket: bool = False


@dataclass
class Images:
    """The images of one repository of Artifact Registry.

    `name` tells the grant from others; it is empty for the stack's own repository.
    """

    project: Text
    location: Text
    repository: Text
    name: str = ""


@dataclass
class Persona:
    """What one persona may do.

    Its `permissions` hold in the whole project. It may read the objects in `reads`, write those in `writes`, and make
    new ones in `creates`, where it can neither replace nor delete what is there. Of the buckets of `sees` it may read
    where they are and how they are kept. It may start work that runs as one of the personas in `acts_as`, pull the
    images in `pulls`, and push to the repositories in `pushes`.
    """

    permissions: Sequence[str] = ()
    sees: Sequence[Objects] = ()
    reads: Sequence[Objects] = ()
    writes: Sequence[Objects] = ()
    creates: Sequence[Objects] = ()
    acts_as: Sequence[str] = ()
    pulls: Sequence[Images] = ()
    pushes: Sequence[Images] = ()


def personas_of(args: IdentityArgs) -> Mapping[str, Persona]:
    """Each persona and what it may do.

    Vertex AI and Workflows have no grants on a single job, model or workflow, and no conditions on their names. So the
    permissions hold in the whole project, which is the pilot's own. They are the fewest with which each persona works.
    Who may start the runs of a training job may start those of any workflow, which do what their definitions say: the
    least that a role of Workflows is granted on is a project, and Workflows is none of the services whose names a
    condition reads, https://cloud.google.com/iam/docs/conditions-resource-attributes. A tag on a workflow, which a
    condition reads too, is the one bound that Google has, https://cloud.google.com/workflows/docs/create-manage-tags;
    keys of tags are an administrator's to make, and no stack makes one.

    Training mounts whole buckets by Cloud Storage FUSE, which asks for lists of a bucket without a prefix, and for the
    name of each folder on the way as if it were an object's: bounded by a folder, it would be refused before it read.
    Cloud Storage FUSE, "Mount buckets", https://cloud.google.com/storage/docs/cloud-storage-fuse/mount-bucket; source,
    https://github.com/GoogleCloudPlatform/gcsfuse/blob/7b3929278/internal/fs/inode/dir.go

    Before a run writes, Vertex AI asks whether its account may read and make objects in the bucket, and refuses the run
    by the bucket's name where it may not: a pipeline job by the account that it runs as, and training by its own. Both
    must see the bucket too. A prefix is true of no bucket, so these two hold their writes on the bucket itself as well.
    There that lets them list it, and makes, reads or deletes nothing in it.
    https://github.com/googleapis/python-aiplatform/blob/main/google/cloud/aiplatform/utils/gcs_utils.py,
    create_gcs_bucket_for_pipeline_artifacts_if_it_does_not_exist; the fewest rights that run a pipeline, which are
    these: https://docs.cloud.google.com/gemini-enterprise-agent-platform/machine-learning/pipelines/configure-project;
    training: https://github.com/statmike/vertex-ai-mlops/issues/60
    """
    versions = [f"gs://{args.own_bucket}/{FOLDER}{name}/" for name in args.needs.registered]
    artifacts, kept = [*_versions(args.needs.artifact_uris), *versions], _own_images(args)
    served, paths = repositories(args, images_served(args)), bool(args.needs.pipelines)
    trains = paths or bool(args.needs.training_jobs)
    plain, tuned = {*args.needs.training_jobs} - {*args.needs.tuned_jobs}, bool(args.needs.tuned_jobs)

    elsewhere = [uri for uri in artifacts if not uri.startswith(f"gs://{args.own_bucket}/models/")]
    mounted = {uri.split("/")[2] for uri in [*args.needs.training_uris, *args.needs.trained_uris]} - {args.own_bucket}
    trained = [f"gs://{args.own_bucket}/training/", *args.needs.trained_uris]

    def own(prefix: str = "") -> list[Objects]:
        return [Objects(args.own_bucket, args.bucket_name, prefix, (prefix,))]

    asked = args.approvals_name
    decisions = [] if asked is None else [Objects(args.own_approvals, asked, DECISIONS, (DECISIONS,))]
    found = {
        "data-scientist": Persona(
            permissions=(
                *_RUN,
                *_JOBS,
                *_PROPOSE,
                _PREDICT,
                *([_QUERY] if args.needs.captures else []),
                *(_BY_HAND if trains else []),
                *(_SEE_TRIALS if tuned else []),
                *((*_RECORD, *_COMPARE) if args.needs.records else []),
            ),
            reads=own(),
            writes=own("workspace/"),
            acts_as=["training"],
            pulls=[kept],
        ),
        "training": Persona(
            permissions=(*_RUN, *(_RECORD if args.needs.recorded_jobs else [])),
            reads=[*own(), *(Objects(bucket, bucket) for bucket in sorted(mounted))],
            writes=_asked_as_bucket(written := _objects(trained, args)),
            sees=[
                Objects(bucket, called) for bucket, called in {one.bucket: one.bucket_name for one in written}.items()
            ],
            pulls=list({one.name: one for one in (kept, *repositories(args, args.needs.training_images))}.values()),
        ),
        "pipeline": Persona(
            permissions=(
                *_SCORE,
                *(_TRAIN if plain or paths else []),
                *(_TUNE if tuned else []),
                *(_PATHS if paths else []),
                "logging.logEntries.create",
            ),
            # Vertex AI asks who creates a pipeline job for the right to act as the account that it runs as.
            acts_as=["batch", *(["training"] if trains else []), *(["pipeline"] if paths else [])],
            writes=_asked_as_bucket(own(PIPELINE_ROOT)) if paths else [],
            sees=[Objects(args.own_bucket, args.bucket_name)] if paths else [],
        ),
        "serving": Persona(permissions=_RUN, reads=_objects(artifacts, args), pulls=served),
        "batch": Persona(
            permissions=_RUN,
            reads=_objects([*artifacts, *args.needs.input_uris], args),
            writes=_objects(args.needs.output_uris, args),
            pulls=served,
        ),
        "approver": Persona(
            permissions=_APPROVE,
            reads=[*(own(FOLDER) if versions else []), *decisions],
            creates=decisions,
        ),
        "caller": Persona(permissions=(*_SEE_ENDPOINTS, _PREDICT)),
        "publisher": Persona(
            reads=[*own("models/"), *_objects([*elsewhere, *args.needs.candidate_uris], args)],
            creates=[*own("models/"), *_objects(elsewhere, args)],
            pushes=_of_project([kept, *served], args),
        ),
    }
    return {**found, "hours": Persona(permissions=_SWITCH, acts_as=["serving"])} if args.needs.timed else found


_PREDICT = "aiplatform.endpoints.predict"
_QUERY = "bigquery.jobs.create"
"""It reads nothing by itself. BigQuery, "Run a query", https://cloud.google.com/bigquery/docs/running-queries"""
_SEE_ENDPOINTS = ("aiplatform.endpoints.get", "aiplatform.endpoints.list")
_TRAIN = (
    "aiplatform.customJobs.cancel",
    "aiplatform.customJobs.create",
    "aiplatform.customJobs.get",
    "aiplatform.customJobs.list",
)
_SEE_TRIALS = ("aiplatform.hyperparameterTuningJobs.get", "aiplatform.hyperparameterTuningJobs.list")
_TUNE = ("aiplatform.hyperparameterTuningJobs.cancel", "aiplatform.hyperparameterTuningJobs.create", *_SEE_TRIALS)
"""Vertex AI starts the custom jobs of the trials by itself.
https://cloud.google.com/vertex-ai/docs/training/using-hyperparameter-tuning"""
_PATHS = (
    "aiplatform.metadataStores.get",
    "aiplatform.pipelineJobs.cancel",
    "aiplatform.pipelineJobs.create",
    "aiplatform.pipelineJobs.get",
    "aiplatform.pipelineJobs.list",
)
"""Who runs a pipeline job must see the store of its records, and cannot make one: "Service accounts for Tabular
Workflows", https://cloud.google.com/vertex-ai/docs/tabular-data/tabular-workflows/service-accounts
"""
PIPELINE_ROOT = "pipeline/"
"""The folder of the stack's own bucket that Vertex AI takes for what steps hand to it, which is nothing."""
_JOBS = (*_TRAIN, *_SEE_ENDPOINTS)
# Whoever uploads a model gives it aliases too, so an alias tells and gates nothing: docs/adr/0018. Moving one is an
# update of the model.
_PROPOSE = ("aiplatform.models.get", "aiplatform.models.list", "aiplatform.models.upload")
_APPROVE = ("aiplatform.models.get", "aiplatform.models.list", "aiplatform.models.update")
_SCORE = (
    "aiplatform.batchPredictionJobs.cancel",
    "aiplatform.batchPredictionJobs.create",
    "aiplatform.batchPredictionJobs.get",
    "aiplatform.batchPredictionJobs.list",
    "aiplatform.models.get",
    "workflows.executions.create",
)
_BY_HAND = (
    "workflows.executions.cancel",
    "workflows.executions.create",
    "workflows.executions.get",
    "workflows.executions.list",
)
"""Workflows, "Access control with IAM", https://cloud.google.com/workflows/docs/access-control"""
_BOARDS = "aiplatform.tensorboard"
# Recording: it deletes nothing, neither a board nor an experiment in one, and makes no board. Vertex AI knows no grant
# on one board. https://cloud.google.com/iam/docs/roles-permissions/aiplatform
_RECORD = (
    f"{_BOARDS}Experiments.create",
    f"{_BOARDS}Experiments.get",
    f"{_BOARDS}Experiments.update",
    f"{_BOARDS}Experiments.write",
    f"{_BOARDS}Runs.batchCreate",
    f"{_BOARDS}Runs.create",
    f"{_BOARDS}Runs.get",
    f"{_BOARDS}Runs.list",
    f"{_BOARDS}Runs.update",
    f"{_BOARDS}Runs.write",
    f"{_BOARDS}TimeSeries.batchCreate",
    f"{_BOARDS}TimeSeries.create",
    f"{_BOARDS}TimeSeries.get",
    f"{_BOARDS}TimeSeries.list",
    f"{_BOARDS}TimeSeries.update",
    f"{_BOARDS}s.get",
)
# Reading what was recorded, and opening its pages, which asks for recordAccess.
_COMPARE = (
    f"{_BOARDS}Experiments.list",
    f"{_BOARDS}TimeSeries.batchRead",
    f"{_BOARDS}TimeSeries.read",
    f"{_BOARDS}s.recordAccess",
)
# Of deployModel, undeployModel, what tells how they end, and whether the way to the model is open; an endpoint can be
# deleted and its traffic moved by none.
# https://cloud.google.com/iam/docs/roles-permissions/aiplatform
_SWITCH = (
    "aiplatform.endpoints.deploy",
    "aiplatform.endpoints.get",
    "aiplatform.endpoints.undeploy",
    "aiplatform.models.get",
    "aiplatform.operations.list",
    "compute.forwardingRules.get",
    "logging.logEntries.create",
    "workflows.executions.create",
)


def agent_of(args: IdentityArgs) -> Persona:
    """What Vertex AI's own agent may do beside its role, which holds in the project of the stack.

    A batch prediction job reads and writes as the agent; the account of the job is for its container alone:
    https://docs.cloud.google.com/gemini-enterprise-agent-platform/machine-learning/predictions/get-batch-predictions
    (Limitations and requirements), .../machine-learning/general/access-control#different-project
    """
    return Persona(
        reads=_objects(args.needs.input_elsewhere, args),
        writes=_objects(args.needs.output_elsewhere, args),
        pulls=repositories(args, [*images_served(args), *args.needs.training_images]),
    )


def images_served(args: IdentityArgs) -> list[str]:
    """The images of the models that are served: those that the needs name, and those of registered versions."""
    return [*args.needs.images, *(f"{args.own_images}/{name}" for name in args.needs.registered)]


def repositories(args: IdentityArgs, images: Sequence[str]) -> list[Images]:
    """The repositories of images, each once, the stack's own among them. Vertex AI's own are public."""
    found: dict[str, Images] = {}
    for image in sorted(images):
        if image.startswith(f"{args.own_images}/"):
            found[args.own_images] = _own_images(args)
        elif place := repository_of(image):
            project, location, repository = place
            name = f"{location}-{project}-{repository}"
            found[name] = Images(project, location, repository, name)
    return list(found.values())


def _of_project(images: Sequence[Images], args: IdentityArgs) -> list[Images]:
    """The repositories of the personas' own project, each once. Nobody of it pushes to another's."""
    return list({one.name: one for one in images if one.project == args.project}.values())


def _own_images(args: IdentityArgs) -> Images:
    return Images(args.project, args.region, args.repository_id)


CONDITIONS = 20
"""How often a policy may bind one role to one principal under a condition. IAM, "Quotas and limits",
https://cloud.google.com/iam/quotas ("Conditional role bindings in an allow policy for the same role and principal")
"""


def _objects(uris: Sequence[str], args: IdentityArgs) -> list[Objects]:
    """The objects that gs:// addresses name, none below another. Those in the stack's own bucket have its output.

    Where a bucket has more of them than its policy takes, those that share a folder are granted by it. Where no two do,
    several share a condition; policies/gcp/sizes.py says what is wrong where one grows too long.
    """
    buckets: dict[str, list[str]] = {}
    for place in apart([uri.removeprefix("gs://") for uri in uris]):
        buckets.setdefault(place.partition("/")[0], []).append(place)
    own = args.own_bucket
    return [
        Objects(bucket, args.bucket_name if bucket == own else bucket, name, prefixes)
        for bucket, found in sorted(buckets.items())
        for name, prefixes in _shared([place.partition("/")[2] for place in _few(found)]).items()
    ]


def _asked_as_bucket(objects: Sequence[Objects]) -> list[Objects]:
    return [replace(one, asked_as_bucket=True) for one in objects]


def _few(places: list[str]) -> list[str]:
    while len(places) > CONDITIONS and (fewer := folded(places)) is not None:
        places = fewer
    return places


def _shared(prefixes: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """The prefixes of each condition, by its name: one, or several where there are more than a policy has conditions.

    Which condition a prefix shares follows from the prefix alone, so one more leaves the others where they are.
    """
    if len(prefixes) <= CONDITIONS:
        return {prefix: (prefix,) for prefix in prefixes}
    found: dict[str, list[str]] = {}
    for prefix in sorted(prefixes):
        place = int.from_bytes(hashlib.sha256(prefix.encode()).digest()) % CONDITIONS
        found.setdefault(f"group-{place}", []).append(prefix)
    return found


def _versions(artifact_uris: Sequence[str]) -> list[str]:
    """The folders of all versions of each artifact: gs://bucket/scorer/ for gs://bucket/scorer/2/.

    The old version may still load its artifact while a new version bakes, and when the new one is rolled back. For an
    artifact that lies in no folder, the artifact itself is granted.
    """
    folders: list[str] = []
    for uri in artifact_uris:
        bucket, *parents, _ = uri.removeprefix("gs://").rstrip("/").split("/")
        folders.append(f"gs://{'/'.join([bucket, *parents])}/" if parents else uri)
    return folders
