"""Experiments: what keeps the record of runs keeps it in its own place, registers nothing, and reaches nothing else."""

from collections.abc import Iterator

from catalogue.experiments import FOLDER
from catalogue.graph import Graph, Resource
from catalogue.iam import allows, statements
from catalogue.jobnames import begin
from catalogue.kinds.aws import iam, s3, sfn
from catalogue.kinds.aws.experiments import MLFLOW_APP
from catalogue.kinds.aws.jobs import Job, formatted
from catalogue.wording import one_line
from policies import given
from policies.rule import stack_rule
from policies.stated import item_of

_FILES = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")
_MAY = {one.lower() for one in (*_FILES, "s3:ListBucket", "kms:Decrypt", "kms:GenerateDataKey")}
"""What MLflow asks of the place of its files and of their key, and no more."""


def recorded(graph: Graph) -> list[str]:
    """The ARNs of the runs of the training jobs that the stack file names under experiments, as a statement has them.

    Empty where nobody read the file, or where the stack has no record.
    """
    place, zone = graph.placement, given.zone(graph)
    if place is None or not graph.ours or not graph.of(MLFLOW_APP):
        return []
    jobs, stack = f"arn:aws:sagemaker:{place.region}:{place.account}:training-job/", graph.stack
    named = (f"{zone.name_prefix if zone else ''}{stack}-{job}" for job in place.recorded)
    return [f"{jobs}{name}*" for job in named for name in begin(job)]


def is_recorded(graph: Graph, job: Job) -> bool:
    """Whether a job is a run of one of these, which says so to its own record and to no other."""
    address = job.request.text_if_known(_ADDRESS)
    apps = {app.props.text_if_known("arn") for app in graph.of(MLFLOW_APP)} - {""}
    said = job.request.values.get("TrainingJobName.$")
    name = formatted(said)[0] if isinstance(said, str) else f"{job.request.text_if_known('TrainingJobName')}-"
    named = any(one.rpartition("/")[2] == f"{name}*" for one in recorded(graph))
    return job.action == "createTrainingJob" and address in apps and named


_ADDRESS = "Environment.MLFLOW_TRACKING_URI"


@stack_rule(
    "experiments-own",
    MLFLOW_APP,
    *sfn.DEFINED,
    severity="high",
    says="What records runs registers no model, is the default of nobody, keeps files in a folder of its own, and can "
    "reach no other; a run is recorded there where the stack file names its job, and nowhere else.",
    remedy="Leave the record to the experiments component: its artifact_uri is experiments/ of the stack's own bucket, "
    "and its role that of Identity. Name a job under experiments.training.",
)
def own(graph: Graph, app: Resource) -> Iterator[str]:
    """A model that registers itself passes no gate. Who calls MLflow names the place of an experiment's files, and
    MLflow reads and writes there by its own role: what the role reaches, every caller does.

    https://docs.aws.amazon.com/sagemaker/latest/dg/mlflow-app-setup-prerequisites-iam.html, whose role may read and
    write every bucket and every version of the registry.
    """
    if app.type in sfn.DEFINED:
        for job in sfn.jobs_of(graph, app) if graph.ours else ():
            yield from (f"{wrong} ({job.state})" for wrong in _recorded_otherwise(graph, app, job))
        return
    props = app.props
    if props.text_or_empty("modelRegistrationMode") not in ("", "AutoModelRegistrationDisabled"):
        yield "registers models by itself, past the gate of the registry"
    if props.text_or_empty("accountDefaultStatus") == "ENABLED" or props.is_given("defaultDomainIdLists"):
        yield "is where people record who were not told to: it is the default of the account or of a domain"
    store = props.text_if_known("artifactStoreUri")
    own = {f"s3://{bucket.props.text_if_known('bucket')}/{FOLDER}" for bucket in graph.of(s3.BUCKET)}
    if graph.ours and store and store not in own:
        yield f"keeps files in {store}, which is not {FOLDER} of a bucket of the stack"
    for role in graph.refers(app, "roleArn", iam.ROLE):
        yield from _beyond(graph, role, store.removeprefix("s3://"))


def _recorded_otherwise(graph: Graph, machine: Resource, job: Job) -> Iterator[str]:
    """Whether a job is recorded where the stack file says so and nowhere else, in the experiment of its own name, and
    can reach the record: an isolated container opens no connection."""
    is_so = is_recorded(graph, job)
    if job.request.is_given(_ADDRESS) and not is_so:
        yield "records its runs where the stack file does not say so"
    place, item, zone = graph.placement, item_of(graph, machine) or "", given.zone(graph)
    if place is None or not graph.of(MLFLOW_APP):
        return
    name = place.states(f"{item}.steps.{job.state}.training") or item.removeprefix("training.")
    if name in place.recorded and not is_so:
        yield f"is recorded nowhere, where experiments.training of the stack file names {name}"
    own = f"{zone.name_prefix if zone else ''}{graph.stack}-{name}"
    if is_so and (said := job.request.text_or_empty("Environment.MLFLOW_EXPERIMENT_NAME")) != own:
        yield f"is recorded in the experiment {one_line(said) or 'Default'}, which is not its own, {own}"
    if is_so and job.request.flag_or_none("EnableNetworkIsolation") is not False:
        yield "is to be recorded, and has no network to reach the record"


def _beyond(graph: Graph, role: Resource, place: str) -> Iterator[str]:
    """What the role of an App may do beside keeping files in their place."""
    holders = [policy.props for policy in graph.referring(iam.ROLE_POLICY, "role", role)]
    for statement in (
        one
        for holder in (*holders, *role.props.each_section("inlinePolicies"))
        for one in statements(holder, "policy")
        if allows(one)
    ):
        actions = ["everything but what it names"] if "NotAction" in statement else list(statement.each_text("Action"))
        places = ["all but what it names"] if "NotResource" in statement else list(statement.each_text("Resource"))
        for action in actions:
            if action.lower() not in _MAY:
                yield f"acts as {role.name}, which may do {action} too"
        if place and {*actions} & {*_FILES}:
            for arn in places:
                if not arn.startswith(f"arn:aws:s3:::{place}"):
                    yield f"acts as {role.name}, which reads and writes {arn} too"


RULES = [own]
