"""What each persona may do: permissions in the project, and grants on the places and accounts it works with."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.folding import apart, folded
from components.given import Args, BadArgument, Text

_RUN = ("logging.logEntries.create", "monitoring.timeSeries.create")
"""What a machine or container of ours tells of itself."""


@dataclass
class Needs(Args):
    """The places in Cloud Storage that `serving` and `batch` work with, each `gs://BUCKET/FOLDER/` or one object.

    Their buckets must have uniform bucket-level access, or a grant can have no condition. The program must know the
    places. Raises BadArgument for a whole bucket, and for what is no place in Cloud Storage.
    """

    artifact_uris: Sequence[str] = ()
    """The models' artifacts. `serving` and `batch` may read all versions of each, which are the folders beside it."""
    input_uris: Sequence[str] = ()
    """What `batch` may read to score it."""
    output_uris: Sequence[str] = ()
    """Where `batch` may write what it scored."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for field, uris in vars(self).items():
            for uri in uris:
                if not re.fullmatch(r"gs://[^/]+/.+", uri):  # without a folder, the whole bucket would be granted
                    raise BadArgument(f"Needs.{field}: found {uri!r}, allowed: a folder such as gs://bucket/folder/")


@dataclass(kw_only=True)
class IdentityArgs(Args):
    """What the personas are called, and where they work."""

    prefix: str
    """What the names of the service accounts and roles begin with. The program must know it."""
    project: Text
    """The id of the Google Cloud project, in which the personas' permissions hold."""
    region: Text
    """The region of the image repository."""
    needs: Needs
    """Which places the models and batch jobs need."""
    own_bucket: str
    """The name of the artifact bucket, as the addresses in `needs` say it. The program must know it."""
    bucket_name: Text
    """The same name as Registry hands it out, so that grants on the bucket wait until it stands."""
    repository_id: Text
    """The id of the image repository, of Registry."""


@dataclass
class Place:
    """Objects of a bucket below `prefix`, or all of them; `bucket_name` is the bucket's name once it stands."""

    name: str
    bucket_name: Text
    prefix: str = ""


@dataclass
class Persona:
    """`permissions` hold in the project; it reads and writes objects, and may run what runs as one of `acts_as`."""

    permissions: Sequence[str] = ()
    reads: Sequence[Place] = ()
    writes: Sequence[Place] = ()
    acts_as: Sequence[str] = ()
    pulls_images: bool = False


def personas_of(args: IdentityArgs) -> Mapping[str, Persona]:
    """Each persona and what it may do.

    Vertex AI and Workflows know neither grants on one job, model or workflow nor conditions on their names, so these
    permissions hold in the project: the fewest that work, and the project is the pilot's own.
    """
    artifacts = _versions(args.needs.artifact_uris)

    def own(prefix: str = "") -> list[Place]:
        return [Place(args.own_bucket, args.bucket_name, prefix)]

    return {
        "data-scientist": Persona(
            permissions=(*_RUN, *_JOBS, *_PROPOSE),
            reads=own(),
            writes=own("workspace/"),
            acts_as=["training"],
            pulls_images=True,
        ),
        "training": Persona(permissions=_RUN, reads=own(), writes=own("training/"), pulls_images=True),
        "pipeline": Persona(permissions=(*_SCORE, "logging.logEntries.create"), acts_as=["batch"]),
        "serving": Persona(permissions=_RUN, reads=_places(artifacts, args)),
        "batch": Persona(
            permissions=_RUN,
            reads=_places([*artifacts, *args.needs.input_uris], args),
            writes=_places(args.needs.output_uris, args),
        ),
        "approver": Persona(permissions=_APPROVE),
    }


_JOBS = (
    "aiplatform.customJobs.cancel",
    "aiplatform.customJobs.create",
    "aiplatform.customJobs.get",
    "aiplatform.customJobs.list",
    "aiplatform.endpoints.get",
    "aiplatform.endpoints.list",
)
# A version is proposed by uploading it and approved by giving it an alias, which is an update of the model.
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


CONDITIONS = 20
"""How often a policy may bind one role to one principal under a condition. IAM, "Quotas and limits",
https://cloud.google.com/iam/quotas ("Conditional role bindings in an allow policy for the same role and principal")
"""


def _places(uris: Sequence[str], args: IdentityArgs) -> list[Place]:
    """The places of gs:// addresses, none below another; a grant on the pilot's own bucket waits for the bucket.

    Where a bucket has more of them than its policy takes, those that share a folder are granted by it. Where no two do
    they stay, and policies/gcp/sizes.py says what is wrong.
    """
    buckets: dict[str, list[str]] = {}
    for place in apart([uri.removeprefix("gs://") for uri in uris]):
        buckets.setdefault(place.partition("/")[0], []).append(place)
    own = args.own_bucket
    return [
        Place(bucket, args.bucket_name if bucket == own else bucket, place.partition("/")[2])
        for bucket, found in sorted(buckets.items())
        for place in _few(found)
    ]


def _few(places: list[str]) -> list[str]:
    while len(places) > CONDITIONS and (fewer := folded(places)) is not None:
        places = fewer
    return places


def _versions(artifact_uris: Sequence[str]) -> list[str]:
    """The folders of all versions of each artifact: gs://bucket/scorer/ for gs://bucket/scorer/2/.

    While a new version bakes, and when it is rolled back, the old one may still be loading the old artifact. An
    artifact that lies in no folder stands for itself.
    """
    folders: list[str] = []
    for uri in artifact_uris:
        bucket, *parents, _ = uri.removeprefix("gs://").rstrip("/").split("/")
        folders.append(f"gs://{'/'.join([bucket, *parents])}/" if parents else uri)
    return folders
