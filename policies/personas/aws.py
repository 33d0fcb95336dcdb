"""What the words of `aws.yaml` stand for in the graph of a stack, and what IAM's own logic says of a call."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from catalogue import registered
from catalogue.experiments import FOLDER
from catalogue.graph import Graph, Resource
from catalogue.iam import Call, Session, Statement, read
from catalogue.jobnames import search_begins
from catalogue.kinds.aws import ec2, ecr, iam, jobs, kms, pipelines, sagemaker, scheduler, sfn, studio
from catalogue.kinds.aws.experiments import MLFLOW_APP
from catalogue.kinds.aws.jobs import SCORES
from catalogue.kinds.aws.watched import watches
from catalogue.landing_zones import AwsNetwork
from catalogue.once import once_a_graph
from policies import given
from policies.aws.access import may_take, refusal, session
from policies.aws.promoted import taken
from policies.personas.simulation import Cloud, Place, Request

SIGNED_IN_AS = "aws:PrincipalTag/studio-user"
_SIGN_IN = "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_ml_0123456789abcdef"
_OPENS = "sagemaker:CreatePresignedDomainUrl"
_CALLS = ("sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointAsync")
_NOBODY = "somebody-else"


def role_of(graph: Graph, persona: str) -> Resource:
    """The role of a persona, by the end of its name. Raises LookupError where there is none."""
    return next(r for r in graph.of(iam.ROLE) if r.props.text_or_empty("name").endswith(f"-{persona}"))


@once_a_graph
def _account(graph: Graph) -> tuple[str, str]:
    """The account and the region of a stack, by its own resources, whose ARNs have both."""
    for resource in graph.of(ecr.REPOSITORY, kms.KEY):
        if len(parts := resource.props.text_if_known("arn").split(":")) > 5:
            return parts[4], parts[3]
    raise LookupError("the stack has neither a repository nor a key, so its account is unknown")


def _known(resources: Iterable[Resource], key: str) -> list[str]:
    return [text for r in resources if (text := r.props.text_if_known(key))]


def people(graph: Graph) -> list[str]:
    """The names of the people, as their profiles have them."""
    return _known(graph.of(studio.USER_PROFILE), "userProfileName")


@once_a_graph
def _places(graph: Graph) -> Mapping[str, Sequence[Place]]:
    account, region = _account(graph)
    here = f"{region}:{account}"
    own = {"aws:ResourceAccount": account}

    def at(*arns: str, **brings: Any) -> list[Place]:
        return [Place(arn, {**own, **brings}) for arn in arns]

    bucket = f"arn:aws:s3:::{graph.outputs['artifacts']}" if "artifacts" in graph.outputs else ""
    endpoints = graph.of(sagemaker.ENDPOINT)
    queued = [e for e in endpoints if sagemaker.is_async(graph, e)]
    prefix = role_of(graph, "data-scientist").props.text_or_empty("name").removesuffix("-data-scientist")
    models, artifacts = graph.of(sagemaker.MODEL), set(sagemaker.artifacts_of(graph))
    keys = sorted(set(_data_keys(graph)))
    groups = _known(graph.of(sagemaker.PACKAGE_GROUP), "arn")
    images = sorted({arn for model in models for arn in _repositories(model)})
    # Who calls stands in the stack's network, and comes by an interface endpoint in it.
    networks = _networks(graph)
    inside = {"aws:SourceVpc": networks[0]} if networks else {}
    return {
        "anything": [Place("*")],
        **_studio(graph, here, own),
        "own-logs": at(f"arn:aws:logs:{here}:log-group:/aws/sagemaker/TrainingJobs:log-stream:{prefix}-x/algo-1"),
        "own-bucket": at(bucket),
        "training-data": at(f"{bucket}/data/train.csv"),
        "training-output": at(f"{bucket}/training/model.tar.gz"),
        "own-files": at(f"{bucket}/workspace/notebook.ipynb"),
        "own-artifacts": at(f"{bucket}/models/scorer/1/model.tar.gz"),
        "own-versions": at(*sorted(_object(uri) for uri in artifacts if registered.in_registry(uri))),
        "own-data": at(f"{bucket}/data/transactions/1.csv"),
        "async-requests": at(f"{bucket}/async/input/request.json") if queued else [],
        "async-answers": at(f"{bucket}/async/x/answer.out") if queued else [],
        "captured": at(*sorted(f"{_object(uri)}/x/live/1.jsonl" for uri in sagemaker.captures_of(graph))),
        "data-key": at(*keys),
        "data-key-of-runs": [
            Place(key, {**own, "kms:EncryptionContext:aws:states:stateMachineArn": machine})
            for key in keys
            for machine in _known(graph.of(jobs.STATE_MACHINE), "arn")
        ],
        "data-key-of-schedules": [
            Place(key, {**own, "kms:EncryptionContext:aws:scheduler:schedule:arn": schedule})
            for key in keys
            for schedule in _known(graph.of(scheduler.SCHEDULE), "arn")
        ],
        "own-images": at(*_known(graph.of(ecr.REPOSITORY), "arn")),
        "images": [Place(arn, {"aws:ResourceAccount": arn.split(":")[4]}) for arn in images],
        "artifacts": at(*sorted(_object(uri) for uri in artifacts if not registered.in_registry(uri))),
        "model-folders": [
            _listed(uri, own) for uri in sorted({uri for model in models for uri in sagemaker.folders(model)})
        ],
        "endpoints": at(*_known(endpoints, "arn"), **inside),
        "online-endpoints": at(*_known((e for e in endpoints if e not in queued), "arn"), **inside),
        "async-endpoints": at(*_known(queued, "arn"), **inside),
        "named-models": [
            place
            for one in endpoints
            for target in sagemaker.target_models(graph, one)
            for place in at(*_known([one], "arn"), **inside, **{"sagemaker:TargetModel": target})
        ],
        "rollback-alarms": at(*(f"arn:aws:cloudwatch:{here}:alarm:{name}" for name in sorted(set(_alarms(endpoints))))),
        "logs": at(f"arn:aws:logs:{here}:log-group:/aws/sagemaker/Endpoints/{prefix}-x"),
        "interfaces": at(
            *(f"arn:aws:ec2:{here}:subnet/{subnet}" for subnet in sorted(set(_subnets(graph)))),
            f"arn:aws:ec2:{here}:network-interface/eni-0123456789abcdef0",
            f"arn:aws:ec2:{here}:security-group/sg-0123456789abcdef0",
        ),
        "experiments": [Place(arn, {**own, **tags, **inside}) for arn, tags in _apps(graph)],
        "records": at(f"{bucket}/{FOLDER}1/x/artifacts/plot.png") if graph.of(MLFLOW_APP) else [],
        **_batch(graph, here, own),
        **_training(graph, here, own),
        "training-jobs": at(f"arn:aws:sagemaker:{here}:training-job/{prefix}-x", **_closed(graph, keys)),
        "training-role": at(role_of(graph, "training").props.text_or_empty("arn")),
        "serving-role": at(role_of(graph, "serving").props.text_or_empty("arn")),
        "roles": at(*_known(graph.of(iam.ROLE), "arn")),
        "package-groups": at(*groups),
        **{
            word: [
                Place(arn.replace("*", "x/1"), {"aws:ResourceAccount": _account_of(graph, arn)}) for arn in sorted(arns)
            ]
            for word, arns in taken(graph).items()
        },
        "versions": at(*(f"{group.replace(':model-package-group/', ':model-package/')}/1" for group in groups)),
    }


def _account_of(graph: Graph, arn: str) -> str:
    """The account of what another stack gives; the ARN of an object says none, and its bucket's name ends in it."""
    return arn.split(":")[4] or next(
        one.account for one in (graph.placement.takes_from if graph.placement else ()) if f"-{one.account}/" in arn
    )


def _studio(graph: Graph, here: str, own: Mapping[str, str]) -> dict[str, list[Place]]:
    """The person's own profile, application and space, and those of another person in the same domain."""
    words = ("domain", "own-profile", "own-space", "own-app", "own-profile-app")
    others = ("other-profile", "other-space", "other-app", "other-profile-app")
    found: dict[str, list[Place]] = {word: [] for word in (*words, *others)}
    profiles = graph.of(studio.USER_PROFILE)
    for domain in graph.of(studio.DOMAIN) if profiles else ():
        id_, arn = domain.props.text_or_empty("id"), f"arn:aws:sagemaker:{here}"
        me, other = [*people(graph), _NOBODY][:2]
        machine = domain.props.text_or_empty(
            "defaultUserSettings.jupyterLabAppSettings.defaultResourceSpec.instanceType"
        )
        tags = profiles[0].props.section_or_empty("tags")
        tagged = {f"aws:ResourceTag/{key}": tags.text_or_empty(key) for key in tags.names()}
        brings = {**own, **tagged, "sagemaker:InstanceTypes": machine}
        found["domain"].append(Place(f"{arn}:domain/{id_}", brings))
        for whose, name in (("own", me), ("other", other)):
            owned = {
                **brings,
                "sagemaker:OwnerUserProfileArn": f"{arn}:user-profile/{id_}/{name}",
                "sagemaker:SpaceSharingType": "Private",
            }
            found[f"{whose}-profile"].append(Place(f"{arn}:user-profile/{id_}/{name}", brings))
            found[f"{whose}-space"].append(Place(f"{arn}:space/{id_}/{name}-lab", owned))
            found[f"{whose}-app"].append(Place(f"{arn}:app/{id_}/{name}-lab/JupyterLab/default", owned))
            found[f"{whose}-profile-app"].append(Place(f"{arn}:app/{id_}/{name}/JupyterServer/default", brings))
    return found


def _batch(graph: Graph, here: str, own: Mapping[str, str]) -> dict[str, list[Place]]:
    """What the transform jobs of the state machines read, write and bring."""
    found: dict[str, list[Place]] = {
        "state-machines": [],
        "transform-jobs": [],
        "batch-input": [],
        "batch-input-folders": [],
        "batch-output": [],
        "end-of-jobs": [],
    }
    for machine in graph.of(jobs.STATE_MACHINE):
        name = machine.props.text_or_empty("name")
        for said in _requests(_defined(machine), "TransformInput"):
            found["state-machines"] += [Place(arn, own) for arn in _known([machine], "arn")]
            source, sink = said["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"], said["TransformOutput"]
            runs = said["TransformResources"]
            brings = {
                **own,
                "sagemaker:InstanceTypes": runs["InstanceType"],
                "sagemaker:OutputKmsKey": sink["KmsKeyId"],
                **({"sagemaker:VolumeKmsKey": runs["VolumeKmsKeyId"]} if "VolumeKmsKeyId" in runs else {}),
            }
            found["transform-jobs"].append(Place(f"arn:aws:sagemaker:{here}:transform-job/{name}-1", brings))
            found["batch-input"].append(Place(f"{_object(source)}part-0.csv", own))
            found["batch-input-folders"].append(_listed(source, own))
            written, _ = jobs.formatted(str(sink.get("S3OutputPath.$")))
            written = written or sink["S3OutputPath"]
            found["batch-output"].append(Place(f"{_object(written)}2026-11-26-0230/data/part-0.csv.out", own))
            rule = "StepFunctionsGetEventsForSageMakerTransformJobsRule"
            found["end-of-jobs"] = [Place(f"arn:aws:events:{here}:rule/{rule}", own)]
    return found


def _training(graph: Graph, here: str, own: Mapping[str, str]) -> dict[str, list[Place]]:
    """What the training jobs of the state machines, the trials of their tuning jobs, and the steps of the pipelines
    read, write and bring.
    """
    words = (
        *("training-machines", "plain-machines", "tuning-machines", "recorded-machines", "training-runs"),
        *("jobs-of-runs", "tunings-of-runs", "logs-of-trials", "end-of-training", "end-of-tuning"),
        *("pipelines", "runs-of-pipelines", "steps-of-runs", "training-pipelines", "trainings-of-runs"),
        *("searching-pipelines", "tunings-of-steps", "logs-of-steps"),
        *("training-images", "data-of-runs", "data-of-runs-folders", "trained"),
        *("scoring-pipelines", "transforms-of-steps", "watches", "batch-steps", "batch-step-folders"),
    )
    found: dict[str, list[Place]] = {word: [] for word in words}
    for machine in graph.of(jobs.STATE_MACHINE):
        name, arn = machine.props.text_or_empty("name"), machine.props.text_if_known("arn")
        for job in [job for job in sfn.jobs(machine.props) if job.trainings()] if arn else []:
            tunes = job.action == jobs.TUNES
            found["training-machines"].append(Place(arn, own))
            found["tuning-machines" if tunes else "plain-machines"].append(Place(arn, own))
            if job.request.is_given("Environment.MLFLOW_TRACKING_URI"):
                found["recorded-machines"].append(Place(arn, own))
            found["training-runs"].append(Place(f"{arn.replace(':stateMachine:', ':execution:')}:x", own))
            begins = search_begins(name) if tunes else name
            kind = "hyper-parameter-tuning-job" if tunes else "training-job"
            place = Place(f"arn:aws:sagemaker:{here}:{kind}/{begins}-1", _brings(job, own))
            found["tunings-of-runs" if tunes else "jobs-of-runs"].append(place)
            if tunes:
                trial = f"arn:aws:logs:{here}:log-group:/aws/sagemaker/TrainingJobs:log-stream:"
                found["logs-of-trials"].append(Place(f"{trial}{begins}-1-001-0a1b2c3d/algo-1", own))
            word, of = ("end-of-tuning", "Tuning") if tunes else ("end-of-training", "Training")
            found[word] = [Place(f"arn:aws:events:{here}:rule/StepFunctionsGetEventsForSageMaker{of}JobsRule", own)]
            _files(found, job, own)
    left = set[str]()
    for pipeline in graph.of(jobs.PIPELINE):
        made = pipeline.props.text_if_known("arn")
        found["pipelines"] += [Place(made, own)] if made else []
        found["runs-of-pipelines"] += [Place(f"{made}/execution/x", own)] if made else []
        for job in pipelines.jobs(pipeline.props) if made else ():
            word, about, kind, named = _STEPS[job.action]
            found[about].append(Place(made, own))
            name = job.request.text_or_empty(named)
            found[word].append(Place(f"arn:aws:sagemaker:{here}:{kind}/{name}-x", _brings(job, own)))
            if job.action == jobs.TUNES:
                trial = f"arn:aws:logs:{here}:log-group:/aws/sagemaker/TrainingJobs:log-stream:"
                found["logs-of-steps"].append(Place(f"{trial}{name}-x-001-0a1b2c3d/algo-1", own))
            (_scored if job.action == SCORES else _files)(found, job, own)
            left |= {*job.written()}
    watching = {watch.machine.urn: watch.machine for watch in watches(graph)}
    found["watches"] = [Place(arn, own) for arn in _known(list(watching.values()), "arn")]
    found["candidates"] = [Place(f"{_object(uri)}x/register/version.json", own) for uri in sorted(left)]
    found["candidate-folders"] = [_listed(f"{uri}x/register/", own) for uri in sorted(left)]
    return found


_STEPS = {
    "createProcessingJob": ("steps-of-runs", "pipelines", "processing-job", "ProcessingJobName"),
    jobs.TRAINS: ("trainings-of-runs", "training-pipelines", "training-job", "TrainingJobName"),
    SCORES: ("transforms-of-steps", "scoring-pipelines", "transform-job", "TransformJobName"),
    jobs.TUNES: (
        *("tunings-of-steps", "searching-pipelines"),
        *("hyper-parameter-tuning-job", "HyperParameterTuningJobName"),
    ),
}


def _brings(job: jobs.Job, own: Mapping[str, str]) -> dict[str, Any]:
    """What the request for a training or a processing job brings, or of a trial, by which guardrails go. Of the latter
    SageMaker tells IAM no time limit, and of a transform job nothing of the network, which its model has.

    Service Authorization Reference, "Actions, resources, and condition keys for Amazon SageMaker",
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
    """
    network = next(iter(job.trainings()), job.request.section_or_empty("NetworkConfig"))
    cluster, output = next(job.clusters())[0], next(job.outputs())
    volume = cluster.text_or_empty("VolumeKmsKeyId")
    limit = job.request.text_or_empty("StoppingCondition.MaxRuntimeInSeconds")
    every = {
        **own,
        "sagemaker:InstanceTypes": cluster.text_or_empty("InstanceType"),
        "sagemaker:OutputKmsKey": output.text_or_empty("KmsKeyId"),
        **({"sagemaker:VolumeKmsKey": volume} if volume else {}),
    }
    if job.action == SCORES:
        return every
    return {
        **every,
        "sagemaker:VpcSubnets": list(network.each_text("VpcConfig.Subnets")),
        "sagemaker:VpcSecurityGroupIds": list(network.each_text("VpcConfig.SecurityGroupIds")),
        "sagemaker:NetworkIsolation": network.text_or_empty("EnableNetworkIsolation"),
        "sagemaker:InterContainerTrafficEncryption": network.text_or_empty("EnableInterContainerTrafficEncryption"),
        **({} if job.action == jobs.TUNES else {"sagemaker:MaxRuntimeInSeconds": limit}),
    }


def _scored(found: dict[str, list[Place]], job: jobs.Job, own: Mapping[str, str]) -> None:
    """What a transform job of a step reads and writes, below the folder of the runs or elsewhere."""
    for source in (*job.written(), *job.data()):
        found["batch-steps"].append(Place(f"{_object(source)}x/rows/part-0.csv", own))
        found["batch-step-folders"].append(_listed(f"{source}x/rows/", own))


def _files(found: dict[str, list[Place]], job: jobs.Job, own: Mapping[str, str]) -> None:
    """What a job reads and writes in buckets, and the repositories of its image."""
    for source in job.data():
        found["data-of-runs"].append(Place(f"{_object(source)}part-0.csv", own))
        found["data-of-runs-folders"].append(_listed(source, own))
    found["trained"] += [Place(f"{_object(uri)}x/model.tar.gz", own) for uri in job.written()]
    for image in job.images():
        repositories = [Place(one, {"aws:ResourceAccount": one.split(":")[4]}) for one in _repository(image)]
        found["training-images"] += repositories


def _defined(machine: Resource) -> Any:
    return json.loads(machine.props.text_or_empty("definition"))


def _requests(definition: Any, key: str) -> Iterator[Any]:
    """The parameters of every state that have a key, nested states included."""
    if isinstance(definition, dict):
        if key in definition:
            yield definition
        inside = list(cast("dict[str, Any]", definition).values())
    else:
        inside = cast("list[Any]", definition) if isinstance(definition, list) else []
    for value in inside:
        yield from _requests(value, key)


def _closed(graph: Graph, keys: Sequence[str]) -> dict[str, Any]:
    """What a training job brings that no guardrail denies."""
    machines = [
        v.text_or_empty("instanceType") for c in graph.of(sagemaker.CONFIGURATION) for v in sagemaker.variants(c)
    ]
    domains = graph.of(studio.DOMAIN)
    default = "defaultUserSettings.jupyterLabAppSettings.defaultResourceSpec.instanceType"
    machines = [domain.props.text_or_empty(default) for domain in domains] or machines
    return {
        "sagemaker:VpcSubnets": sorted(set(_subnets(graph))),
        "sagemaker:VpcSecurityGroupIds": ["sg-0123456789abcdef0"],
        "sagemaker:NetworkIsolation": "true",
        "sagemaker:InterContainerTrafficEncryption": "true",
        "sagemaker:VolumeKmsKey": keys[0] if keys else "",
        "sagemaker:OutputKmsKey": keys[0] if keys else "",
        "sagemaker:InstanceTypes": machines[:1],
        "sagemaker:MaxRuntimeInSeconds": "3600",
    }


def _apps(graph: Graph) -> Iterator[tuple[str, dict[str, str]]]:
    """Each MLflow App, and what a call brings of its tags."""
    for app in graph.of(MLFLOW_APP):
        tags = app.props.section_or_empty("tags")
        for arn in _known([app], "arn"):
            yield arn, {f"aws:ResourceTag/{key}": tags.text_or_empty(key) for key in tags.names()}


def _data_keys(graph: Graph) -> Iterator[str]:
    """The keys of repositories, which are those of data, made or given."""
    for repository in graph.of(ecr.REPOSITORY):
        yield from repository.props.each_text("encryptionConfigurations.kmsKey")


def _subnets(graph: Graph) -> Iterator[str]:
    for model in graph.of(sagemaker.MODEL):
        yield from model.props.each_text("vpcConfig.subnets")
    if not graph.of(sagemaker.MODEL):
        yield from _known(graph.of(ec2.SUBNET), "id")


def _alarms(endpoints: Iterable[Resource]) -> Iterator[str]:
    """The alarms that take a new version back."""
    for endpoint in endpoints:
        yield from endpoint.props.each_text_if_known("deploymentConfig.autoRollbackConfiguration.alarms.alarmName")


def _repositories(model: Resource) -> Iterator[str]:
    """The repositories of a model's images."""
    containers = [*model.props.each_section("primaryContainer"), *model.props.each_section("containers")]
    for container in containers:
        yield from _repository(container.text_or_empty("image"))


def _repository(image: str) -> Iterator[str]:
    if of := re.fullmatch(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)[:@].*", image):
        yield f"arn:aws:ecr:{of[2]}:{of[1]}:repository/{of[3]}"


def _object(uri: str) -> str:
    return f"arn:aws:s3:::{uri.removeprefix('s3://')}"


def _listed(uri: str, own: Mapping[str, str]) -> Place:
    """A bucket of which somebody lists a folder."""
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return Place(f"arn:aws:s3:::{bucket}", {**own, "s3:prefix": prefix})


def _entered(graph: Graph, persona: str, by: str) -> bool:
    """A person signs in by IAM Identity Center, as the first of the stack's people; a service acts for the account."""
    account, _ = _account(graph)
    role = role_of(graph, persona)
    if by != "person":
        return may_take(role, ("Service", f"{by}.amazonaws.com"), {"aws:SourceAccount": account})
    me = [*people(graph), _NOBODY][0]
    return may_take(role, ("AWS", account), signed_in(account, me, me))


def signed_in(account: str, tag: str, name: str) -> dict[str, str]:
    """What somebody brings who signed in by Identity Center as `tag`, and takes a role under `name`."""
    return {
        "aws:PrincipalArn": f"arn:aws:iam::{account}:{_SIGN_IN}",
        "aws:PrincipalAccount": account,
        SIGNED_IN_AS: tag,
        "sts:SourceIdentity": name,
    }


def _refusal(graph: Graph, persona: str, request: Request) -> str:
    _, region = _account(graph)
    me = [*people(graph), _NOBODY][0]
    brings = {**request.at.brings, **request.brings}
    if via := brings.get("kms:ViaService"):
        brings["kms:ViaService"] = f"{via}.{region}.amazonaws.com"
    brings |= {"aws:SourceIdentity": me, "aws:RequestedRegion": region, "aws:SecureTransport": "true"}
    if request.do != _OPENS:
        brings |= _in_studio(graph, me)
    who = _session(graph, persona)
    if request.do in _CALLS and (doors := _of_doors(graph)):
        who = who.through("the policy of the interface endpoint", doors)
    return refusal(graph, who, Call(request.do, request.at.name, brings))


@once_a_graph
def _of_doors(graph: Graph) -> list[Statement]:
    """The statements of the endpoints that lead to SageMaker's runtime; one of a landing zone's is not read.

    The policy of the endpoint must allow what the role's own allows: AWS PrivateLink guide, "Control access to VPC
    endpoints using endpoint policies", https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    """
    doors = [one for one in graph.of(ec2.VPC_ENDPOINT) if ec2.service_of(one) == "sagemaker.runtime"]
    return [statement for door in doors for statement in read(door.props, "policy")]


def _networks(graph: Graph) -> list[str]:
    """The network that is made, or that of the landing zone."""
    return [*_known(graph.of(ec2.VPC), "id"), *(net.vpc_id for net in given.of(graph, AwsNetwork))]


def _session(graph: Graph, persona: str) -> Session:
    made = _sessions(graph)
    if persona not in made:
        made[persona] = session(graph, role_of(graph, persona))
    return made[persona]


@once_a_graph
def _sessions(graph: Graph) -> dict[str, Session]:
    """The sessions of a graph that somebody asked for."""
    return {}


def _in_studio(graph: Graph, me: str) -> dict[str, str]:
    """What SageMaker says of whoever works in Studio. It says nothing of who opens Studio."""
    domains = _known(graph.of(studio.DOMAIN), "id")
    return {"sagemaker:DomainId": domains[0], "sagemaker:UserProfileName": me} if domains else {}


MODEL = Cloud(places=_places, entered=_entered, refusal=_refusal)
