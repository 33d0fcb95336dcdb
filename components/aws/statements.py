"""What each persona may do: the statements of its own policy."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from catalogue.jobnames import search_begins, step_search_begins
from catalogue.registered import FOLDER, IMAGES, artifacts_of, registry_of
from components.aws import encryption
from components.aws.personas import IdentityArgs, Words
from components.aws.registry import CAPTURES
from components.folding import apart
from components.given import Text

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
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
]
"""What SageMaker looks at as the role whose containers stand in a VPC: "Give SageMaker AI Hosted Endpoints Access to
Resources in Your Amazon VPC", https://docs.aws.amazon.com/sagemaker/latest/dg/host-vpc.html. The page of roles leaves
out DescribeVpcEndpoints.
"""
_JOB_KINDS = ("training-job", "processing-job", "transform-job")
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
TARGET = "sagemaker:TargetModel"
"""Which model of several a call names."""
_TRANSFORM = [
    "sagemaker:AddTags",
    "sagemaker:CreateTransformJob",
    "sagemaker:DescribeTransformJob",
    "sagemaker:ListTags",
    "sagemaker:StopTransformJob",
]
_TRAIN = [
    "sagemaker:AddTags",
    "sagemaker:CreateTrainingJob",
    "sagemaker:DescribeTrainingJob",
    "sagemaker:ListTags",
    "sagemaker:StopTrainingJob",
]
"""Step Functions developer guide, "IAM policies for calling Amazon SageMaker AI",
https://docs.aws.amazon.com/step-functions/latest/dg/sagemaker-iam.html, where ListTags is for every resource.
"""
_TUNE = [
    "sagemaker:AddTags",
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:DescribeHyperParameterTuningJob",
    "sagemaker:ListTags",
    "sagemaker:StopHyperParameterTuningJob",
]
"""The same of a tuning job, whose trials SageMaker starts by itself. Step Functions developer guide, "Tune the
hyperparameters of a machine learning model", https://docs.aws.amazon.com/step-functions/latest/dg/sample-hyper-tuning.html
"""
_TRIALS_OF_A_STEP = ["sagemaker:ListTrainingJobsForHyperParameterTuningJob"]
"""What Pipelines knows of a tuning step is this call's answer beside DescribeHyperParameterTuningJob's: SageMaker's
SDK, TuningStep, https://github.com/aws/sagemaker-python-sdk/blob/master/sagemaker-mlops/src/sagemaker/mlops/workflow/steps.py
"""
_SEE_TRIALS = ["sagemaker:DescribeHyperParameterTuningJob", "sagemaker:ListTrainingJobsForHyperParameterTuningJob"]
_PROCESS = [
    "sagemaker:AddTags",
    "sagemaker:CreateProcessingJob",
    "sagemaker:DescribeProcessingJob",
    "sagemaker:ListTags",
    "sagemaker:StopProcessingJob",
]
"""SageMaker developer guide, "IAM Access Management" of Pipelines: to create and to describe the jobs of each step, and
to pass the role of each, https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-access.html
"""
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
    pass_training = _allow(
        "TrainAsTraining",
        ["iam:PassRole"],
        [training_role],
        {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    )
    in_steps = [step_search_begins(f"{words.prefix}-{job}") for job in args.needs.searching_steps]
    tuned = [*(search_begins(f"{words.prefix}-{job}") for job in args.needs.tuned_jobs), *in_steps]
    tunings = [f"{sagemaker}:hyper-parameter-tuning-job/{one}-*" for one in tuned]
    trains = bool({*args.needs.training_jobs} - {*args.needs.tuned_jobs})
    ends = ("Transform", *(("Training",) if trains else ()), *(("Tuning",) if tuned else ()))
    pipelines = [f"{sagemaker}:pipeline/{words.prefix}-{name}" for name in args.needs.pipelines]
    return {
        "data-scientist": [
            *runs_containers(*_TRAINS),
            *_files("OwnFiles", bucket, "", "workspace/", "async/input/", *args.needs.records),
            *_studio(sagemaker, words.prefix),
            _allow("ReadLogs", ["logs:GetLogEvents"], _own_logs(words, tuned)),
            _allow("Jobs", _JOBS, jobs),
            _allow("ProposeVersions", _PROPOSE, packages),
            *invoke(args, words, args.vpc_id, "sagemaker:DescribeEndpoint"),
            pass_training,
            *_by_hand(args.needs.training_jobs, words),
            *([_allow("SeeTrials", _SEE_TRIALS, tunings)] if tuned else []),
            *_pipelines_by_hand(pipelines),
            *_record(args, words, "sagemaker:CreatePresignedMlflowAppUrl"),
        ],
        "training": [
            *runs_containers(*_TRAINS),
            *_files("Training", bucket, "", "training/", *(args.needs.records if args.needs.recorded_jobs else ())),
            *_objects("Data", ["s3:GetObject"], words.training_data),
            *_objects("Trained", ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], words.trained),
            *_list("ListData", apart([*words.training_data, *words.trained])),
            *_decrypt(words.training_keys, words.region),
            *(_record(args, words) if args.needs.recorded_jobs else []),
        ],
        "pipeline": [
            _allow("Transform", _TRANSFORM, [f"{sagemaker}:transform-job/{words.prefix}-*"]),
            *(
                [_allow("LookForTransforms", ["sagemaker:ListTransformJobs"], "*")]
                if args.needs.scoring_pipelines
                else []
            ),
            *([_allow("Train", _TRAIN, [f"{sagemaker}:training-job/{words.prefix}-*"])] if trains else []),
            *([_allow("Tune", [*_TUNE, *(_TRIALS_OF_A_STEP if in_steps else ())], tunings)] if tuned else []),
            *([_allow("Process", _PROCESS, [f"{sagemaker}:processing-job/{words.prefix}-*"])] if pipelines else []),
            *([pass_training] if trains or tuned or pipelines else []),
            *([_allow("StartPipelines", ["sagemaker:StartPipelineExecution"], pipelines)] if pipelines else []),
            _allow(
                "StartRuns",
                ["states:StartExecution"],
                [f"arn:aws:states:{words.region}:{words.account}:stateMachine:{words.prefix}-*"],
            ),
            # The rules that Step Functions keeps to hear of a job's end; their names are AWS's.
            _allow(
                "HearOfTheEnd",
                ["events:DescribeRule", "events:PutRule", "events:PutTargets"],
                [
                    f"arn:aws:events:{words.region}:{words.account}:rule/StepFunctionsGetEventsForSageMaker{jobs}JobsRule"
                    for jobs in ends
                ],
            ),
            _allow("DeliverLogs", _DELIVER_LOGS, "*"),
            *_key(args, [*_SEAL, "kms:DescribeKey"]),
        ],
        "serving": [
            *runs_containers("/aws/sagemaker/Endpoints"),
            *_objects("Artifacts", ["s3:GetObject"], words.artifacts),
            # CreateModel of a folder of models lists it: https://github.com/philschmid/llm-sagemaker-sample/issues/2
            *_list("ListModels", sorted({one.folder_uri.removeprefix("s3://") for one in args.needs.targets})),
            *_versions(args, ["s3:GetObject"]),
            *_decrypt(words.artifact_keys, words.region),
            *_files("AsyncResults", bucket, "async/input/", "async/"),
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
            *_versions(args, ["s3:GetObject"]),
            *_objects("Input", ["s3:GetObject"], words.inputs),
            *_objects("Output", ["s3:PutObject", "s3:AbortMultipartUpload"], words.outputs),
            *_list("ListInput", words.inputs),
            *_decrypt([*words.artifact_keys, *words.input_keys], words.region),
        ],
        "approver": [
            _allow("Approve", _APPROVE, packages),
            # Who decides reads the record of what is decided on, which lies beside its artifact.
            *_versions(args, ["s3:GetObject"]),
            *([_allow("Key", ["kms:Decrypt"], [args.data_key_arn])] if args.needs.registered else []),
        ],
        "caller": [
            *invoke(args, words, args.vpc_id, "sagemaker:DescribeEndpoint"),
            *queue(args),
        ],
        "publisher": [
            _allow("ImageToken", ["ecr:GetAuthorizationToken"], "*"),
            _allow("PushImages", [*_PULL, *_PUSH], [args.repository_arn, *_own_repositories(words)]),
            _allow("Own", _UPLOAD, [_below(bucket, "models/"), _below(bucket, "data/")]),
            *_objects("Artifacts", _UPLOAD, words.artifacts),
            *_versions(args, _UPLOAD),
            *_objects("Candidates", ["s3:GetObject"], words.candidates),
            *_list("ListCandidates", words.candidates),
            *_decrypt(words.artifact_keys, words.region, _SEAL),
            _allow("Key", _SEAL, [args.data_key_arn]),
            *([_allow("Register", _PROPOSE, packages)] if args.needs.registered else []),
            *taken(args, words),
        ],
    }


def taken(args: IdentityArgs, words: Words) -> list[dict[str, Any]]:
    """What lies in the registries of other stacks: versions, images, and what their registry says. None where no stack
    is named. Each is let in by the policies of the other stack, too.
    """
    stacks = args.needs.taken
    if not stacks:
        return []
    of = [f"{words.region}:{one.account}" for one in stacks]
    names = [registry_of(one.stack) for one in stacks]
    files = [f"arn:aws:s3:::{artifacts_of(one.stack, one.account)}/{FOLDER}*" for one in stacks]
    images = [f"arn:aws:ecr:{there}:repository/{name}{IMAGES}" for there, name in zip(of, names, strict=True)]
    packages = [f"arn:aws:sagemaker:{there}:model-package/{name}-*" for there, name in zip(of, names, strict=True)]
    through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{words.region}.amazonaws.com"}}
    return [
        _allow("TakeVersions", ["s3:GetObject"], files),
        _allow("TakeImages", _PULL, images),
        _allow("TakeWord", ["sagemaker:DescribeModelPackage"], packages),
        _allow("TakeWithKey", ["kms:Decrypt"], [one.key_arn for one in stacks], through_s3),
    ]


def _versions(args: IdentityArgs, actions: Sequence[str]) -> list[dict[str, Any]]:
    """A statement on the artifacts of the registry's versions. None where no version is served."""
    return [_allow("Versions", actions, [_below(args.bucket_arn, FOLDER)])] if args.needs.registered else []


def _by_hand(training_jobs: Sequence[str], words: Words) -> list[dict[str, Any]]:
    """Starting a run of the training jobs, finding it, seeing why it failed, stopping it. None without such jobs.

    Service Authorization Reference, "Actions, resources, and condition keys for AWS Step Functions",
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    """
    states = f"arn:aws:states:{words.region}:{words.account}"
    if not training_jobs:
        return []
    return [
        _allow(
            "StartTraining",
            ["states:ListExecutions", "states:StartExecution"],
            [f"{states}:stateMachine:{words.prefix}-{job}" for job in training_jobs],
        ),
        _allow(
            "WatchTraining",
            ["states:DescribeExecution", "states:GetExecutionHistory", "states:StopExecution"],
            [f"{states}:execution:{words.prefix}-{job}:*" for job in training_jobs],
        ),
    ]


def _pipelines_by_hand(pipelines: Sequence[str]) -> list[dict[str, Any]]:
    """The same of a run of pipelines. None without one.

    Service Authorization Reference, "Actions, resources, and condition keys for Amazon SageMaker",
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
    """
    if not pipelines:
        return []
    return [
        _allow("StartPath", ["sagemaker:ListPipelineExecutions", "sagemaker:StartPipelineExecution"], pipelines),
        _allow(
            "WatchPath",
            [
                "sagemaker:DescribePipelineExecution",
                "sagemaker:ListPipelineExecutionSteps",
                "sagemaker:StopPipelineExecution",
            ],
            [f"{one}/execution/*" for one in pipelines],
        ),
    ]


def _record(args: IdentityArgs, words: Words, *also: str) -> list[dict[str, Any]]:
    """Calls of the stack's MLflow App, from its network. None where there is no App.

    An App has one action for all of MLflow's API, and an id that SageMaker makes up, so its tag tells whose it is.
    Without the network, whoever has the credentials calls from anywhere: SageMaker developer guide, "Set up IAM
    permissions for MLflow Apps" and "Allow access only from within your VPC",
    https://docs.aws.amazon.com/sagemaker/latest/dg/mlflow-app-setup-prerequisites-iam.html,
    https://docs.aws.amazon.com/sagemaker/latest/dg/mlflow-private-link-restrict.html
    """
    if not args.needs.records:
        return []
    apps = f"arn:aws:sagemaker:{words.region}:{words.account}:mlflow-app/*"
    own = {"StringEquals": {"aws:ResourceTag/stack": words.prefix, "aws:SourceVpc": args.vpc_id}}
    return [_allow("Record", ["sagemaker:CallMlflowAppApi", "sagemaker:DescribeMlflowApp", *also], [apps], own)]


def keeping_records(args: IdentityArgs) -> list[dict[str, Any]]:
    """What an MLflow App may do: keep the files of runs in their folder, and read them.

    Who creates an experiment names the place of its files, so the App must reach no other: it would write for whoever
    calls it. AWS's page gives it every bucket, and the registry of models, which no stack lets MLflow write.
    """
    bucket, below = args.bucket_arn, [_below(args.bucket_arn, folder) for folder in args.needs.records]
    prefixes = {"StringLike": {"s3:prefix": [f"{folder}*" for folder in args.needs.records]}}
    return [
        _allow("Files", _UPLOAD, below),
        _allow("ListFiles", ["s3:ListBucket"], [bucket], prefixes),
        _allow("Key", _SEAL, [args.data_key_arn]),
    ]


def invoke(args: IdentityArgs, words: Words, vpc_id: Text, *also: str) -> list[dict[str, Any]]:
    """A call of the stack's endpoints, and what else may be done with them, from one VPC.

    SageMaker's runtime is a public API: without the condition, whoever has the credentials calls from anywhere. IAM
    user guide, "AWS global condition context keys" (aws:SourceVpc),
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html

    SageMaker fetches whatever a caller names below the folder of an endpoint of several models, so each of its models
    is granted by name: "Multi-Model Endpoint Security",
    https://docs.aws.amazon.com/sagemaker/latest/dg/multi-model-endpoint-security.html
    """
    endpoints = f"arn:aws:sagemaker:{words.region}:{words.account}:endpoint/{words.prefix}-"
    here = {"StringEquals": {"aws:SourceVpc": vpc_id}}
    several = sorted(args.needs.targets, key=lambda one: one.endpoint)
    return [
        _allow(
            "Predict", [*also, *INVOKE], [f"{endpoints}*"], {**here, **({"Null": {TARGET: "true"}} if several else {})}
        ),
        *(
            _allow(
                f"PredictByName{at}",
                INVOKE[:1],
                [f"{endpoints}{one.endpoint}"],
                {"StringEquals": {**here["StringEquals"], TARGET: sorted(one.targets)}},
            )
            for at, one in enumerate(several)
        ),
    ]


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


def _own_repositories(words: Words) -> list[str]:
    """The repositories of the models' images that are this account's. Nobody of it pushes to another's."""
    own = [place for place in words.repositories if place.startswith(f"{words.account}/")]
    return [_repository_arn(place, words.region) for place in own]


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
        # In one statement, for want of room: no action on a space takes an app, and none on an app a space.
        _allow("OwnSpaces", [*_APPS, *_SPACES], [apps, spaces], own),
        # Studio tags whatever it creates.
        _allow("TagAtBirth", ["sagemaker:AddTags"], [apps, spaces], {"Null": {"sagemaker:TaggingAction": "false"}}),
    ]


def _own_logs(words: Words, tuned: Sequence[str]) -> list[str]:
    """The logs of the stack's own jobs and endpoints; a job's stream begins with the job's name, and a trial's with its
    tuning job's."""
    groups = f"arn:aws:logs:{words.region}:{words.account}:log-group:/aws/sagemaker"
    # Of processing, training and transform jobs at once: a role has room for 10,240 characters.
    trials = [f"{groups}/TrainingJobs:log-stream:{one}-*" for one in tuned]
    return [f"{groups}/*Jobs:log-stream:{words.prefix}-*", *trials, f"{groups}/Endpoints/{words.prefix}-*"]


def _allow(
    sid: str, actions: Sequence[str], resources: Any, condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return statement if condition is None else {**statement, "Condition": condition}


def _containers(args: IdentityArgs, words: Words, namespaces: Sequence[str]) -> list[dict[str, Any]]:
    """What running a container takes: its image, its log stream, its metrics."""
    logs = f"arn:aws:logs:{words.region}:{words.account}:log-group:/aws/sagemaker/*"
    images = [_repository_arn(place, words.region) for place in words.repositories]
    pulled = pulumi.Output.from_input(args.repository_arn).apply(
        lambda own: [own, *(one for one in images if one != own)]
    )
    return [
        _allow("ImageToken", ["ecr:GetAuthorizationToken"], "*"),
        _allow("Images", _PULL, pulled),
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


def _objects(sid: str, actions: Sequence[str], places: Sequence[str]) -> list[dict[str, Any]]:
    """A statement on the objects at or below places. None where there are none."""
    arns = [f"arn:aws:s3:::{_all_below(place)}" for place in places]
    return [_allow(sid, actions, arns)] if arns else []


def _list(sid: str, places: Sequence[str]) -> list[dict[str, Any]]:
    """Listing the prefixes that are read as folders; each bucket with its own prefixes only."""
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
