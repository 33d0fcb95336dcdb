"""What is served and what is recorded stays as it was: who serves cannot write it, and nobody works as who serves."""

import re
from collections.abc import Iterator, Mapping

from catalogue.graph import Graph, Resource
from catalogue.iam import Call, Statement, read
from catalogue.kind import Serves
from catalogue.kinds import kind_of
from catalogue.kinds.aws import cloudtrail, iam, sagemaker, scheduler, sfn, studio
from catalogue.kinds.aws.jobs import SCORES, Job
from catalogue.kinds.aws.run_as import RUNS_AS
from catalogue.once import once_a_graph
from policies.aws.access import refusal, session
from policies.rule import stack_rule

_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[^:@]+).*")
_ARTIFACT_IS_CHANGED_BY = ("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion")
_RUNS_AS = "executionRoleArn"
_PEOPLE_WORK_IN = (studio.DOMAIN, studio.USER_PROFILE)


@stack_rule(
    "identity-served-read-only",
    sagemaker.MODEL,
    severity="high",
    says="The role as which a model runs can change neither the artifact nor the image of a model.",
    remedy="Bound what the role writes to its own outputs; the publisher persona alone adds artifacts and images.",
)
def served_read_only(graph: Graph, model: Resource) -> Iterator[str]:
    """Code in a container that can write its own artifact stays there: every new machine starts from what it wrote.

    MITRE ATLAS, "Manipulate AI Model", https://atlas.mitre.org/techniques/AML.T0018. Conditions of a statement are not
    weighed, nor is what the permissions boundary caps, for it caps by the account.
    """
    for role in graph.refers(model, _RUNS_AS, iam.ROLE):
        for arn, action in _changed_by(graph).get(role.urn, ()):
            yield f"runs as {role.name}, which may {action} on {arn}, from which a model starts"


@once_a_graph
def _changed_by(graph: Graph) -> Mapping[str, list[tuple[str, str]]]:
    """What each role that a model runs as may change of what models start from: its ARN and the action, by the URN."""
    changed = [
        (f"arn:aws:s3:::{uri.removeprefix('s3://')}", action)
        for uri in sorted(sagemaker.artifacts_of(graph))
        for action in _ARTIFACT_IS_CHANGED_BY
    ]
    for image in sorted(sagemaker.images_of(graph)):
        if of := _IMAGE.fullmatch(image):
            changed.append((f"arn:aws:ecr:{of['region']}:{of['account']}:repository/{of['name']}", "ecr:PutImage"))
    models = graph.of(sagemaker.MODEL)
    roles = {one.urn: one for model in models for one in graph.refers(model, _RUNS_AS, iam.ROLE)}
    found: dict[str, list[tuple[str, str]]] = {}
    for role in roles.values():
        for policy in graph.referring(iam.ROLE_POLICY, "role", role):
            allowed = [one for one in read(policy.props, "policy") if one.allows]
            found.setdefault(role.urn, []).extend(
                (arn, action)
                for arn, action in changed
                if any(one.speaks_of(action) and one.is_on(arn) for one in allowed)
            )
    return found


@stack_rule(
    "workflow-role-reaches",
    sagemaker.MODEL,
    severity="high",
    proof="workflow speed",
    says="The role as which a model runs can pull its image and read its artifact; where it scores in batch, it reads "
    "the input and writes the output, and where it is served, what it answers through a queue and what is captured.",
    remedy="Keep what components/aws/statements.py grants the serving and batch personas.",
)
def role_reaches(graph: Graph, model: Resource) -> Iterator[str]:
    """By IAM's own logic, with whatever is not known of a call in its favour. Roles of another program may have
    policies that are in no graph, so it is asked of a stack of ours alone.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    """
    for role in graph.refers(model, _RUNS_AS, iam.ROLE) if graph.ours else ():
        acting = session(graph, role)
        for action, arn, context in dict.fromkeys(_calls(graph, model)):
            if why := refusal(graph, acting, Call(action, arn, {**_NOT_KNOWN, **dict(context)})):
                yield f"cannot {action} {arn} as {role.name}: {why}"


_NOT_KNOWN = dict.fromkeys(("aws:ResourceAccount", "aws:RequestedRegion", "aws:SourceVpc", "kms:ViaService"), "")
_WRITTEN = (
    "asyncInferenceConfig.outputConfig.s3OutputPath",
    "asyncInferenceConfig.outputConfig.s3FailurePath",
    "dataCaptureConfig.destinationS3Uri",
)
_Called = tuple[str, str, tuple[tuple[str, str], ...]]


def _calls(graph: Graph, model: Resource) -> Iterator[_Called]:
    """What running a model takes: each action, with its resource and what its request brings."""
    kind = kind_of(model.type)
    assert kind is not None and isinstance(kind.serves, Serves)
    for uri in kind.serves.artifacts(graph, model):
        yield "s3:GetObject", f"arn:aws:s3:::{uri.removeprefix('s3://')}", ()
    for uri in sagemaker.folders(model):
        bucket, _, folder = uri.removeprefix("s3://").partition("/")
        yield "s3:ListBucket", f"arn:aws:s3:::{bucket}", (("s3:prefix", folder),)
    for image in kind.serves.images(graph, model):
        if of := _IMAGE.fullmatch(image):
            yield "ecr:BatchGetImage", f"arn:aws:ecr:{of['region']}:{of['account']}:repository/{of['name']}", ()
    for configuration in graph.referring(sagemaker.CONFIGURATION, "productionVariants", model):
        for path in _WRITTEN:
            if place := configuration.props.text_if_known(path).removeprefix("s3://"):
                yield "s3:PutObject", f"arn:aws:s3:::{place.rstrip('/')}/part.out", ()
    for machine in (one for type_, at in sfn.DEFINED.items() for one in graph.referring(type_, at, model)):
        for job in (one for one in sfn.jobs_of(graph, machine) if _runs_on(one, model)):
            for uri in job.data():
                bucket, _, folder = uri.removeprefix("s3://").partition("/")
                yield "s3:GetObject", f"arn:aws:s3:::{bucket}/{folder}part", ()
                yield "s3:ListBucket", f"arn:aws:s3:::{bucket}", (("s3:prefix", folder),)
            for written in job.written():
                if place := written.removeprefix("s3://"):
                    yield "s3:PutObject", f"arn:aws:s3:::{place}part.out", ()


def _runs_on(job: Job, model: Resource) -> bool:
    """Whether a job runs a model, as far as the names of both are known: a pipeline has jobs of other sorts, too."""
    named, own = job.request.text_if_known("ModelName"), model.props.text_if_known("name")
    return job.action == SCORES and (named == own or not named or not own)


@stack_rule(
    "identity-people-apart",
    *_PEOPLE_WORK_IN,
    severity="high",
    says="Nobody works in Studio as a role that a model, a state machine, a pipeline or a schedule runs as.",
    remedy="Give the profile the data-scientist persona's role.",
)
def people_apart(graph: Graph, resource: Resource) -> Iterator[str]:
    """A person who works as what serves or scores has its rights, and the trail tells neither from the other.

    "Each persona is one least-privilege identity": SageMaker's guide names the personas,
    https://docs.aws.amazon.com/sagemaker/latest/dg/role-manager-personas.html
    """
    for path in RUNS_AS[resource.type]:
        role = resource.props.text_if_known(path)
        for run in graph.of(sagemaker.MODEL, *sfn.DEFINED, scheduler.SCHEDULE):
            if role and any(role == run.props.text_if_known(at) for at in RUNS_AS[run.type] if "#" not in at):
                yield f"works as {role}, as which {run.name} runs"


_RECORD_IS_CHANGED_BY = ("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion")


@stack_rule(
    "identity-records-apart",
    iam.ROLE_POLICY,
    severity="high",
    says="No role changes what the trail records, and no persona reads it.",
    remedy="Take the audit bucket out of the policy; whoever looks into an incident has a role of the security team's.",
)
def records_apart(graph: Graph, policy: Resource) -> Iterator[str]:
    """Reading is judged in a stack of ours alone: another program may have a role that searches its trail.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html
    """
    trails = graph.of(cloudtrail.TRAIL)
    names = {trail.props.text_if_known("s3BucketName") for trail in trails} - {""} if trails else set[str]()
    allowed = [one for one in read(policy.props, "policy") if one.allows] if names else []
    actions = (*_RECORD_IS_CHANGED_BY, *(("s3:GetObject",) if graph.ours else ()))
    for name in sorted(names):
        for action in actions:
            if any(one.speaks_of(action) and _reaches_into(one, f"arn:aws:s3:::{name}/") for one in allowed):
                yield f"may {action} in {name}, where the trail records"


def _reaches_into(statement: Statement, below: str) -> bool:
    """Whether a statement is on an object of a bucket: one that it names, or any by a wildcard."""
    named = any(arn.startswith(below) for arn in statement.resources)
    return named or statement.is_on(f"{below}trail/AWSLogs/record.json.gz")


RULES = [served_read_only, role_reaches, people_apart, records_apart]
