"""What each persona may do: the statements of its own policy, and the services that may take its role."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from catalogue.wording import found_word
from components.aws import encryption
from components.aws.model import IMAGE
from components.aws.registry import CAPTURES
from components.folding import apart, folded
from components.given import Args, BadArgument, Tags, Text
from components.shapes import Machine

SIGNED_IN_AS = "studio-user"
"""The session tag by which the company's identity provider says which profile of Studio is a person's own.

IAM Identity Center user guide, "Attributes for access control",
https://docs.aws.amazon.com/singlesignon/latest/userguide/attributesforaccesscontrol.html
"""
_PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
_INTERFACES = [
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
]
_LOOK_AT_NETWORK = [
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
]
_JOB_KINDS = ("training-job", "processing-job", "transform-job")


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
"""Each persona, and the services that may take its role."""
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
    machines: Sequence[Machine] = ()
    """All machines that jobs and endpoints may be started on; none other may. They must be known."""
    applications: Sequence[Machine] = ()
    """The machines on which people may start an application of the workspace; none other may. They must be known."""
    callers: Sequence[CallerArgs] = ()
    """Who calls the endpoints from elsewhere. They must be known."""


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
    artifact_keys: Sequence[str] = ()
    input_keys: Sequence[str] = ()


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
    ).apply(lambda known: fitting(**known))


ROOM = 5_500
"""Characters for the places of a role, of the 10,240 that all its inline policies may have; the rest is for what every
stack's role says. IAM, "IAM and STS quotas", https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""


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
) -> Words:
    """The words, whose places are folded into the folders that hold them until they fit a role's policies.

    Where no two share a folder below their bucket or registry they stay, and policies/aws/sizes.py says what is wrong.
    """
    places = {
        "artifacts": apart([_place(uri) for uri in _versions(artifact_uris)]),
        "inputs": apart([_place(uri) for uri in input_uris]),
        "outputs": apart([_place(uri) for uri in output_uris]),
        "repositories": apart([_repository(image, region) for image in images]),
    }
    while sum(_length(*one) for one in places.items()) > ROOM:
        for name in sorted(places, key=lambda one: _length(one, places[one]), reverse=True):
            if (fewer := folded(places[name])) is not None:
                places[name] = fewer
                break
        else:
            break
    return Words(prefix, account, region, role_path, **places, artifact_keys=artifact_keys, input_keys=input_keys)


def _length(name: str, places: Sequence[str]) -> int:
    """The characters of places as ARNs. An input is named twice: for its objects, and for the list of them."""
    around = 45 if name == "repositories" else 20
    return sum(len(place) + around for place in places) * (2 if name == "inputs" else 1)


def beyond_account(statements: Sequence[Mapping[str, Any]]) -> set[str]:
    """The actions that touch no resource of this account: those IAM knows no resource for, and pulling AWS's images."""
    return {*_PULL, *(action for s in statements if s["Resource"] == "*" for action in s["Action"])}


def statements_of(args: IdentityArgs, words: Words) -> dict[str, list[dict[str, Any]]]:
    """The statements of each persona's own policy."""
    sagemaker = f"arn:aws:sagemaker:{words.region}:{words.account}"
    bucket = args.bucket_arn

    def runs_containers(*namespaces: str) -> list[dict[str, Any]]:
        return [*_containers(args, words, namespaces), *_network(args, words), *_key(args)]

    jobs = [f"{sagemaker}:{kind}/{words.prefix}-*" for kind in _JOB_KINDS]
    packages = [f"{sagemaker}:{kind}/{words.prefix}-*" for kind in ("model-package", "model-package-group")]
    training_role = f"arn:aws:iam::{words.account}:role{words.role_path}{words.prefix}-training"
    return {
        "data-scientist": [
            *runs_containers(*_TRAINS),
            *_files("OwnFiles", bucket, "", "workspace/", "async/input/"),
            *_studio(sagemaker, words.prefix),
            _allow("ReadLogs", ["logs:GetLogEvents"], _own_logs(words)),
            _allow("Jobs", _JOBS, jobs),
            _allow("ProposeVersions", _PROPOSE, packages),
            invoke(args, words, args.vpc_id, "sagemaker:DescribeEndpoint"),
            _allow(
                "TrainAsTraining",
                ["iam:PassRole"],
                [training_role],
                {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
        ],
        "training": [
            *runs_containers(*_TRAINS),
            *_files("Training", bucket, "", "training/"),
        ],
        "pipeline": [
            _allow("Transform", _TRANSFORM, [f"{sagemaker}:transform-job/{words.prefix}-*"]),
            _allow(
                "StartRuns",
                ["states:StartExecution"],
                [f"arn:aws:states:{words.region}:{words.account}:stateMachine:{words.prefix}-*"],
            ),
            # The rule that Step Functions keeps to hear of a transform job's end; its name is AWS's.
            _allow(
                "HearOfTheEnd",
                ["events:DescribeRule", "events:PutRule", "events:PutTargets"],
                [
                    f"arn:aws:events:{words.region}:{words.account}:rule/StepFunctionsGetEventsForSageMakerTransformJobsRule"
                ],
            ),
            _allow("DeliverLogs", _DELIVER_LOGS, "*"),
            *_key(args, [*_SEAL, "kms:DescribeKey"]),
        ],
        "serving": [
            *runs_containers("/aws/sagemaker/Endpoints"),
            *_objects("Artifacts", ["s3:GetObject"], words.artifacts),
            *_decrypt(words.artifact_keys, words.region),
            *_files("AsyncResults", bucket, "async/", "async/"),
            # SageMaker writes as the model's role: "Capture data from real-time endpoint",
            # https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
            *([_allow("Capture", ["s3:PutObject"], [_below(bucket, CAPTURES)])] if args.needs.captures else []),
            # SageMaker reads as the model's role whether an alarm takes a new version back: "Auto-Rollback
            # Configuration and Monitoring",
            # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
            _allow(
                "ReadAlarms",
                ["cloudwatch:DescribeAlarms"],
                [f"arn:aws:cloudwatch:{words.region}:{words.account}:alarm:{words.prefix}-*"],
            ),
        ],
        "batch": [
            *runs_containers("/aws/sagemaker/TransformJobs"),
            *_objects("Artifacts", ["s3:GetObject"], words.artifacts),
            *_objects("Input", ["s3:GetObject"], words.inputs),
            *_objects("Output", ["s3:PutObject", "s3:AbortMultipartUpload"], words.outputs),
            *_list("ListInput", words.inputs),
            *_decrypt([*words.artifact_keys, *words.input_keys], words.region),
        ],
        "approver": [_allow("Approve", _APPROVE, packages)],
        "caller": [
            invoke(args, words, args.vpc_id, "sagemaker:DescribeEndpoint"),
            *queue(args),
        ],
        "publisher": [
            _allow("ImageToken", ["ecr:GetAuthorizationToken"], "*"),
            _allow("PushImages", [*_PULL, *_PUSH], [args.repository_arn, *_own_repositories(words)]),
            _allow("OwnArtifacts", _UPLOAD, [_below(bucket, "models/")]),
            *_objects("Artifacts", _UPLOAD, words.artifacts),
            *_decrypt(words.artifact_keys, words.region, _SEAL),
            _allow("Key", _SEAL, [args.data_key_arn]),
        ],
    }


def invoke(args: IdentityArgs, words: Words, vpc_id: Text, *also: str) -> dict[str, Any]:
    """A call of the stack's endpoints, and what else may be done with them, from one VPC.

    SageMaker's runtime is a public API: without the condition, whoever has the credentials calls from anywhere. IAM
    user guide, "AWS global condition context keys" (aws:SourceVpc),
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    endpoints = f"arn:aws:sagemaker:{words.region}:{words.account}:endpoint/{words.prefix}-*"
    return _allow("Predict", [*also, *INVOKE], [endpoints], {"StringEquals": {"aws:SourceVpc": vpc_id}})


def queue(args: IdentityArgs) -> list[dict[str, Any]]:
    """What a call of an asynchronous endpoint takes beside: its request and its answer lie in the artifact bucket.

    SageMaker reads the request as the serving persona, from async/input/ and nowhere else: SageMaker developer guide,
    "Invoke an Asynchronous Endpoint",
    https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-invoke-endpoint.html
    """
    return [
        _allow("Requests", ["s3:PutObject"], [_below(args.bucket_arn, "async/input/")]),
        _allow("Answers", ["s3:GetObject"], [_below(args.bucket_arn, "async/")]),
        _allow("Key", _SEAL, [args.data_key_arn]),
    ]


_TRAINS = ("/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TrainingJobs")
"""The namespaces that jobs write to: "Metrics for jobs, endpoints", SageMaker developer guide,
https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""
_SEAL = ["kms:Decrypt", "kms:GenerateDataKey"]
"""What S3 asks of whoever writes an object with a key, in parts too, or reads one: Amazon S3, "Using server-side
encryption with AWS KMS keys", https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""
_UPLOAD = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
_PUSH = [
    "ecr:CompleteLayerUpload",
    "ecr:DescribeImages",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]
"""Amazon ECR, "IAM permissions for pushing an image",
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
"""


def _own_repositories(words: Words) -> list[str]:
    """The repositories of the models' images that are this account's. Nobody of it pushes to another's."""
    own = [place for place in words.repositories if place.startswith(f"{words.account}/")]
    return [_repository_arn(place, words.region) for place in own]


_LOOK_AT_STUDIO = [
    "sagemaker:DescribeApp",
    "sagemaker:DescribeDomain",
    "sagemaker:DescribeSpace",
    "sagemaker:DescribeUserProfile",
]
_LIST_STUDIO = ["sagemaker:ListApps", "sagemaker:ListDomains", "sagemaker:ListSpaces", "sagemaker:ListUserProfiles"]
_APPS = ["sagemaker:CreateApp", "sagemaker:DeleteApp"]
_SPACES = ["sagemaker:CreateSpace", "sagemaker:DeleteSpace", "sagemaker:UpdateSpace"]
_JOBS = [
    "sagemaker:AddTags",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    "sagemaker:DescribeProcessingJob",
    "sagemaker:DescribeTrainingJob",
    "sagemaker:DescribeTransformJob",
    "sagemaker:StopProcessingJob",
    "sagemaker:StopTrainingJob",
]
_PROPOSE = [
    "sagemaker:AddTags",
    "sagemaker:CreateModelPackage",
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListModelPackages",
]
INVOKE = ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointAsync"]
_TRANSFORM = [
    "sagemaker:AddTags",
    "sagemaker:CreateTransformJob",
    "sagemaker:DescribeTransformJob",
    "sagemaker:StopTransformJob",
]
_APPROVE = [
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListModelPackages",
    "sagemaker:UpdateModelPackage",
]
_DELIVER_LOGS = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
]


def _studio(sagemaker: str, prefix: str) -> list[dict[str, Any]]:
    """People open, start and delete what is theirs, in the domain that they work in.

    In Studio SageMaker fills in the names of domain and profile. It does not yet know them of a person who opens
    Studio: there the person's own profile is that of the name with which the role was taken, in this stack's domain.

    SageMaker developer guide, "Give your users access to private spaces", where each statement has its page's meaning:
    https://docs.aws.amazon.com/sagemaker/latest/dg/studio-updated-spaces-access.html. There is none for shared spaces.
    """
    domain, profile = "${sagemaker:DomainId}", "${sagemaker:DomainId}/${sagemaker:UserProfileName}"
    apps, spaces = f"{sagemaker}:app/{domain}/*", f"{sagemaker}:space/{domain}/*"
    own = {
        "ArnLike": {"sagemaker:OwnerUserProfileArn": f"{sagemaker}:user-profile/{profile}"},
        "StringEquals": {"sagemaker:SpaceSharingType": "Private"},
    }
    seen = [apps, spaces, f"{sagemaker}:domain/{domain}", f"{sagemaker}:user-profile/{domain}/*"]
    return [
        _allow("ListStudio", _LIST_STUDIO, "*"),
        _allow("LookAtStudio", _LOOK_AT_STUDIO, seen),
        _allow(
            "OpenStudio",
            ["sagemaker:CreatePresignedDomainUrl"],
            [f"{sagemaker}:user-profile/*/${{aws:SourceIdentity}}"],
            {"StringEquals": {"aws:ResourceTag/stack": prefix}},
        ),
        _allow(
            "OwnApps",
            _APPS,
            [f"{sagemaker}:app/{profile}/*"],
            {"Null": {"sagemaker:OwnerUserProfileArn": "true"}},
        ),
        _allow("OwnSpaces", _SPACES, [spaces], own),
        _allow("AppsInOwnSpaces", _APPS, [apps], own),
        # Studio tags whatever it creates.
        _allow("TagAtBirth", ["sagemaker:AddTags"], [apps, spaces], {"Null": {"sagemaker:TaggingAction": "false"}}),
    ]


def _own_logs(words: Words) -> list[str]:
    """The logs of the stack's own jobs and endpoints; a job's stream begins with the job's name."""
    groups = f"arn:aws:logs:{words.region}:{words.account}:log-group:/aws/sagemaker"
    # Of processing, training and transform jobs at once: a role has room for 10,240 characters.
    return [f"{groups}/*Jobs:log-stream:{words.prefix}-*", f"{groups}/Endpoints/{words.prefix}-*"]


def _allow(
    sid: str, actions: Sequence[str], resources: Any, condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return statement if condition is None else {**statement, "Condition": condition}


def _containers(args: IdentityArgs, words: Words, namespaces: Sequence[str]) -> list[dict[str, Any]]:
    """What running a container takes: its image, its log stream, its metrics."""
    logs = f"arn:aws:logs:{words.region}:{words.account}:log-group:/aws/sagemaker/*"
    images = [_repository_arn(place, words.region) for place in words.repositories]
    return [
        _allow("ImageToken", ["ecr:GetAuthorizationToken"], "*"),
        _allow("Images", _PULL, [args.repository_arn, *images]),
        _allow(
            "Logs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [logs],
        ),
        _allow(
            "Metrics",
            ["cloudwatch:PutMetricData"],
            "*",
            {"StringEquals": {"cloudwatch:namespace": list(namespaces)}},
        ),
    ]


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


def _repository_arn(place: str, region: str) -> str:
    account, _, name = place.partition("/")
    return f"arn:aws:ecr:{region}:{account}:repository/{_all_below(name)}"


def _all_below(place: str) -> str:
    return f"{place}*" if place.endswith("/") else place


def _network(args: IdentityArgs, words: Words) -> list[dict[str, Any]]:
    """A job in the VPC gets network interfaces, in the pilot's subnets only; looking at them has no resource in IAM."""
    ec2 = f"arn:aws:ec2:{words.region}:{words.account}"
    others = [f"{ec2}:network-interface/*", f"{ec2}:security-group/*"]
    subnets = pulumi.Output.from_input(args.subnet_ids)
    return [
        _allow(
            "Interfaces", _INTERFACES, subnets.apply(lambda ids: [*(f"{ec2}:subnet/{id_}" for id_ in ids), *others])
        ),
        _allow("LookAtNetwork", _LOOK_AT_NETWORK, "*"),
    ]


def _key(args: IdentityArgs, use: Sequence[str] = encryption.USE) -> list[dict[str, Any]]:
    return [
        _allow("Key", use, [args.data_key_arn]),
        _allow(
            "KeyForServices",
            ["kms:CreateGrant"],
            [args.data_key_arn],
            {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]


def _decrypt(keys: Sequence[str], region: str, use: Sequence[str] = ("kms:Decrypt",)) -> list[dict[str, Any]]:
    """Reading an object that is under another key than the stack's, or writing it too. None where there is none."""
    through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"}}
    arns = sorted({*keys})
    return [_allow("KeysOfSources", list(use), arns, through_s3)] if arns else []


def _files(sid: str, bucket: Text, read: str, *written: str) -> list[dict[str, Any]]:
    """Objects below folders of a bucket; listing goes with reading.

    Whoever calls an asynchronous endpoint writes the request to async/input/, where the serving persona reads it.
    """
    return [
        _allow(f"{sid}Read", ["s3:GetObject"], [_below(bucket, read)]),
        _allow(f"{sid}Write", ["s3:AbortMultipartUpload", "s3:PutObject"], [_below(bucket, one) for one in written]),
        _allow(f"{sid}List", ["s3:GetBucketLocation", "s3:ListBucket"], [bucket]),
    ]


def _below(bucket: Text, folder: str) -> pulumi.Output[str]:
    return pulumi.Output.concat(bucket, "/", folder, "*")


def _place(uri: str) -> str:
    return uri.removeprefix("s3://")


def _objects(sid: str, actions: Sequence[str], places: Sequence[str]) -> list[dict[str, Any]]:
    """A statement on the objects at or below places. None where there are none."""
    arns = [f"arn:aws:s3:::{_all_below(place)}" for place in places]
    return [_allow(sid, actions, arns)] if arns else []


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


def _list(sid: str, places: Sequence[str]) -> list[dict[str, Any]]:
    """Listing the prefixes that a transform job expands; each bucket with its own prefixes only."""
    prefixes: dict[str, list[str]] = {}
    for bucket, _, prefix in (place.partition("/") for place in places):
        prefixes.setdefault(bucket, []).append(f"{prefix}*")
    return [
        _allow(
            f"{sid}{index}",
            ["s3:ListBucket"],
            [f"arn:aws:s3:::{bucket}"],
            {"StringLike": {"s3:prefix": found[0] if len(found) == 1 else found}},
        )
        for index, (bucket, found) in enumerate(sorted(prefixes.items()))
    ]
