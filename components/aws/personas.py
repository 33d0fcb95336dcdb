"""Who the personas are: the services that may take each role, and what they work on and need beside."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from catalogue.wording import found_word
from components.aws.model import IMAGE
from components.folding import apart, folded
from components.given import Args, BadArgument, Tags, Text
from components.shapes import Machine

SIGNED_IN_AS = "studio-user"
"""The session tag by which the company's identity provider says which profile of Studio is a person's own.

IAM Identity Center user guide, "Attributes for access control",
https://docs.aws.amazon.com/singlesignon/latest/userguide/attributesforaccesscontrol.html
"""
SERVICES: Mapping[str, Sequence[str]] = {
    "data-scientist": ("sagemaker",),
    "training": ("sagemaker",),
    "pipeline": ("scheduler", "states"),
    "serving": ("sagemaker",),
    "batch": ("sagemaker",),
    "approver": (),
    "caller": (),
    "publisher": (),
}
"""Each persona, and the services that may take its role. SageMaker takes the pipeline's, too, where there is one of its
pipelines, which starts its steps as that."""
PEOPLE = ("approver", "caller", "data-scientist", "publisher")
"""The personas whose role a person of the account may take, by signing in. No service takes any of them but the data
scientist's, which Studio takes for who works there."""
NAMED = ("data-scientist", "training")
"""The personas whose sessions carry the name of a person's profile in Studio (sts:SetSourceIdentity).

Studio sets it where it starts an application as the data scientist, and hands it on to a job that takes another role.
A trust without it lets none start: SageMaker developer guide, "Turn on sourceIdentity in CloudTrail logs",
https://docs.aws.amazon.com/sagemaker/latest/dg/monitor-user-access-how-to.html
"""


@dataclass
class CallerArgs(Args):
    """A program elsewhere that calls endpoints, and gets a role of its own for it."""

    name: str
    """What the caller is called. It must be known: it names the role."""
    role_arn: str
    """The role that the caller has, in this account or another. It must be known."""
    vpc_id: Text | None = None
    """The VPC in which the caller has an interface endpoint of its own. Where none is given, it comes by that of the
    network here."""


@dataclass
class TakenArgs(Args):
    """Another stack, from whose registry versions come to this one's. All of it must be known."""

    stack: str
    """What the names of the other stack's resources begin with."""
    account: str
    """The AWS account that it is in."""
    key_arn: str
    """The KMS key of its data."""


@dataclass
class TargetsArgs(Args):
    """An endpoint of several models, and which of them a caller may name. All of it must be known."""

    endpoint: str
    """What the endpoint is called after the prefix."""
    folder_uri: str
    """The s3:// folder that the endpoint serves from, with a slash at its end: the serving persona lists it."""
    targets: Sequence[str]
    """The paths of the models' artifacts below the folder."""


@dataclass
class Needs(Args):
    """What the personas need because of one section of the stack file, or of all."""

    artifact_uris: pulumi.Input[Sequence[Text]] = ()
    """The s3:// places of models. The serving and batch personas read each of them, and its other versions."""
    input_uris: pulumi.Input[Sequence[Text]] = ()
    """The s3:// places that the batch persona reads; one that ends in '/' means all below it."""
    artifact_keys: pulumi.Input[Sequence[Text]] = ()
    """The KMS keys of buckets with models, beside the data key: the serving and batch personas decrypt with them,
    and the publisher writes with them."""
    input_keys: pulumi.Input[Sequence[Text]] = ()
    """The KMS keys of buckets with inputs, beside the data key: the batch persona decrypts with them."""
    output_uris: pulumi.Input[Sequence[Text]] = ()
    """The s3:// places that the batch persona writes; one that ends in '/' means all below it."""
    captures: Sequence[str] = ()
    """The endpoints that capture. Where there is one, the serving persona writes below `capture/` in the bucket.
    They must be known."""
    images: pulumi.Input[Sequence[Text]] = ()
    """The images in ECR of the containers that the personas run, beside those of the repository.

    Where these, and the places above, are more than a role's policies can name, those that share a folder or a
    repository's namespace are granted by it.
    """
    registered: Sequence[str] = ()
    """The models of which versions of the registry are served: the serving and batch personas read those below
    `registry/` in the bucket, the approver reads their records, and the publisher writes them. They must be known."""
    taken: Sequence[TakenArgs] = ()
    """The stacks whose versions the publisher reads, copies and registers here. They must be known."""
    training_uris: pulumi.Input[Sequence[Text]] = ()
    """The s3:// places that the training persona reads, beside those of the bucket of artifacts."""
    training_keys: pulumi.Input[Sequence[Text]] = ()
    """The KMS keys of buckets with training data, beside the data key: the training persona decrypts with them."""
    trained_uris: pulumi.Input[Sequence[Text]] = ()
    """The s3:// places that the training persona writes what it trained to, and reads and writes checkpoints in."""
    candidate_uris: pulumi.Input[Sequence[Text]] = ()
    """The s3:// folders below which runs of pipelines leave candidates: the publisher reads what lies there."""
    training_jobs: Sequence[str] = ()
    """The training jobs whose runs the pipeline persona starts as the training persona, and the data scientist by hand:
    what their state machines are called after the prefix. They must be known."""
    tuned_jobs: Sequence[str] = ()
    """Those of the training jobs whose runs are tuning jobs: the pipeline persona starts these and not a training job.
    They must be known."""
    searching_steps: Sequence[str] = ()
    """Those of the tuned jobs whose search is a step of a pipeline, too: its tuning job has another name there. They
    must be known."""
    pipelines: Sequence[str] = ()
    """The pipelines whose steps the pipeline persona starts as the training persona, and whose runs it starts by the
    clock and the data scientist by hand: their names after the prefix. They must be known."""
    scoring_pipelines: Sequence[str] = ()
    """Those of the pipelines whose steps do batch jobs: what stops these in time lists transform jobs as the pipeline
    persona. They must be known."""
    records: Sequence[str] = ()
    """The folder of the bucket that holds the files of recorded runs, where an MLflow App records them: the data
    scientist calls it, and writes there, and the App has a role of its own for it. It must be known."""
    recorded_jobs: Sequence[str] = ()
    """The training jobs whose runs are recorded, as the training persona: the guardrails let these alone run without
    network isolation, for they call MLflow. They must be known."""
    machines: Sequence[Machine] = ()
    """All machines that jobs and endpoints may be started on; none other may. They must be known."""
    applications: Sequence[Machine] = ()
    """The machines on which people may start an application of the workspace; none other may. They must be known."""
    callers: Sequence[CallerArgs] = ()
    """Who calls the endpoints from elsewhere. They must be known."""
    targets: Sequence[TargetsArgs] = ()
    """The endpoints of several models: whoever calls one may name these of its models and no other. They must be
    known."""


@dataclass(kw_only=True)
class IdentityArgs(Args):
    """How the personas are called, what they work on, and what they need beside.

    Raises BadArgument where there is no machine that may be started, and for an image that is not in ECR in `region`.
    """

    prefix: Text
    """What the name of each role, endpoint, job, state machine and package group begins with.

    A persona may touch no other, so the logical names of Registry and BatchJob begin with it too.
    """
    account: Text
    """The AWS account of the personas."""
    region: Text
    """The one region in which they may use SageMaker."""
    needs: Needs
    """What they may read, write, run and start."""
    bucket_arn: Text
    """The bucket of artifacts and of people's own files."""
    repository_arn: Text
    """The repository of own images."""
    data_key_arn: Text
    """The KMS key of data, whose policy must let the account grant its use."""
    subnet_ids: pulumi.Input[Sequence[Text]]
    """The private subnets in which alone jobs may have network interfaces."""
    vpc_id: Text
    """The VPC from which alone endpoints are called: by an interface endpoint in it."""
    role_path: Text | None = None
    """The IAM path of the roles, which begins and ends with '/'. Where none is given, it is '/'."""
    permissions_boundary_arn: Text | None = None
    """The permissions boundary that the organisation has. Where none is given, one is made."""
    tags: Tags
    """The tags of everything that is created."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.needs.machines:
            raise BadArgument(
                "IdentityArgs.needs: machines is empty, but the boundary denies every machine that is not there; "
                "give one or more"
            )


@dataclass(frozen=True)
class Words:
    """What the statements are written with, known. Ids of resources are none: a role waits for those it names alone.

    Places are BUCKET/KEY and REGISTRY/NAME, where the registry is an account; one that ends in '/' means all below it.
    """

    prefix: str
    account: str
    region: str
    role_path: str
    artifacts: Sequence[str]
    inputs: Sequence[str]
    outputs: Sequence[str]
    repositories: Sequence[str]
    training_data: Sequence[str]
    trained: Sequence[str]
    candidates: Sequence[str]
    artifact_keys: Sequence[str] = ()
    input_keys: Sequence[str] = ()
    training_keys: Sequence[str] = ()


def words_of(args: IdentityArgs) -> pulumi.Output[Words]:
    """The words of the arguments, once all of them are known, with no more places than a role's policies can name."""
    return pulumi.Output.all(
        prefix=args.prefix,
        account=args.account,
        region=args.region,
        role_path="/" if args.role_path is None else args.role_path,
        artifact_uris=args.needs.artifact_uris,
        input_uris=args.needs.input_uris,
        output_uris=args.needs.output_uris,
        images=args.needs.images,
        artifact_keys=args.needs.artifact_keys,
        input_keys=args.needs.input_keys,
        training_uris=args.needs.training_uris,
        trained_uris=args.needs.trained_uris,
        candidate_uris=args.needs.candidate_uris,
        training_keys=args.needs.training_keys,
    ).apply(lambda known: fitting(**known, by_hand=args.needs.training_jobs))


ROOM = {"batch": 5_500, "data-scientist": 3_000, "publisher": 5_500, "training": 5_500}
"""Characters for the places of a role, of the 10,240 that all its inline policies may have; the rest is for what every
stack's role says under the longest name, in six zones. From the data scientist's goes what each training job takes that
is started by hand. Serving names the same places as these, or fewer.

IAM, "IAM and STS quotas", https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""
LEAST = 600
"""What is left for places however many training jobs there are."""
_NAMED_BY = {
    "batch": ("artifacts", "inputs", "outputs", "repositories"),
    "data-scientist": ("repositories",),
    "publisher": ("artifacts", "candidates", "repositories"),
    "training": ("training_data", "trained", "repositories"),
}
"""The places that a role names."""
_LISTED = ("candidates", "inputs", "training_data", "trained")


def fitting(
    prefix: str,
    account: str,
    region: str,
    role_path: str,
    artifact_uris: Sequence[str],
    input_uris: Sequence[str],
    output_uris: Sequence[str],
    images: Sequence[str],
    artifact_keys: Sequence[str] = (),
    input_keys: Sequence[str] = (),
    training_uris: Sequence[str] = (),
    trained_uris: Sequence[str] = (),
    candidate_uris: Sequence[str] = (),
    training_keys: Sequence[str] = (),
    by_hand: Sequence[str] = (),
) -> Words:
    """The words, whose places are folded into the folders that hold them until they fit each role's policies.

    Where no two share a folder below their bucket or registry they stay, and policies/aws/sizes.py says what is wrong.
    """
    places = {
        "artifacts": apart([_place(uri) for uri in _versions(artifact_uris)]),
        "inputs": apart([_place(uri) for uri in input_uris]),
        "outputs": apart([_place(uri) for uri in output_uris]),
        "repositories": apart([_repository(image, region) for image in images]),
        "training_data": apart([_place(uri) for uri in training_uris]),
        "trained": apart([_place(uri) for uri in trained_uris]),
        "candidates": apart([_place(uri) for uri in candidate_uris]),
    }
    started = sum(len(f"{prefix}-{job}{region}{account}") + 45 for job in by_hand) * 2
    for persona, most in {**ROOM, "data-scientist": max(LEAST, ROOM["data-scientist"] - started)}.items():
        named = _NAMED_BY[persona]
        while sum(_length(name, places[name]) for name in named) > most:
            for name in sorted(named, key=lambda one: _length(one, places[one]), reverse=True):
                if (fewer := folded(places[name])) is not None:
                    places[name] = fewer
                    break
            else:
                break
    keys = {"artifact_keys": artifact_keys, "input_keys": input_keys, "training_keys": training_keys}
    return Words(prefix, account, region, role_path, **places, **keys)


def _length(name: str, places: Sequence[str]) -> int:
    """The characters of places as ARNs. What is listed is named twice: for its objects, and for the list of them."""
    around = 45 if name == "repositories" else 20
    return sum(len(place) + around for place in places) * (2 if name in _LISTED else 1)


def _repository(image: str, region: str) -> str:
    """The account and the name of the repository of 111122223333.dkr.ecr.us-east-1.amazonaws.com/name:tag.

    Raises BadArgument for an image of another registry or region, which SageMaker cannot pull.
    """
    of = re.fullmatch(IMAGE, image)
    if of is None or of["region"] != region:
        raise BadArgument(
            f"Needs.images: found {found_word(image)}, allowed: an image of ECR in the personas' region such as "
            f"111122223333.dkr.ecr.{region}.amazonaws.com/scorer:1.4"
        )
    return f"{of['account']}/{of['repository']}"


def _place(uri: str) -> str:
    return uri.removeprefix("s3://")


def _versions(artifact_uris: Sequence[str]) -> list[str]:
    """The folders of all versions of each artifact: s3://bucket/scorer/ for s3://bucket/scorer/2/model.tar.gz.

    While a new version bakes, and when it is rolled back, the old fleet still fetches the old artifact. An artifact
    that lies in no folder stands for itself.
    """
    folders: list[str] = []
    for uri in artifact_uris:
        bucket, *parents, _ = uri.removeprefix("s3://").rstrip("/").split("/")
        versioned = parents[:-1] or parents
        folders.append(f"s3://{'/'.join([bucket, *versioned])}/" if versioned else uri)
    return folders
