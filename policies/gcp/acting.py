"""Which identity acts where: one table of what runs as which persona, who starts whom, and who writes what.

Each account of the stack has the rights of its own work. Another one that runs the same thing takes other rights there,
and leaves its own to whoever can put code into it. IAM, "Best practices for using service accounts securely",
https://cloud.google.com/iam/docs/best-practices-service-accounts
"""

from collections.abc import Iterator, Mapping
from functools import cache

from catalogue import registered
from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import (
    artifactregistry,
    bigquery,
    cloudscheduler,
    mlplatform,
    serviceaccount,
    storage,
    workbench,
    workflows,
)
from catalogue.once import once_a_graph
from catalogue.properties import Unreadable
from policies.gcp.identity import NAMED
from policies.gcp.permissions import persona_of
from policies.gcp.promoted import is_given
from policies.personas import table
from policies.rule import Found, stack_rule, whole_stack_rule
from policies.stated import item_of

_ACCOUNT, _ON_ACCOUNT, _ON_BUCKET = serviceaccount.ACCOUNT, serviceaccount.MEMBER, storage.BUCKET_MEMBER
_WORKFLOW, _SCHEDULE, _DATASET = workflows.WORKFLOW, cloudscheduler.SCHEDULE, bigquery.DATASET
_ON_IMAGES = artifactregistry.REPOSITORY_MEMBER

_RUNS_AS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    workbench.INSTANCE: ("gceSetup", "gceSetup.serviceAccounts.email", ("data-scientist",)),
    mlplatform.DEPLOYMENT: ("serviceAccount", "serviceAccount", ("serving",)),
    mlplatform.MODEL: ("serviceAccount", "serviceAccount", ("batch", "serving")),
    _WORKFLOW: ("serviceAccount", "serviceAccount", ("pipeline",)),
    _SCHEDULE: ("httpTarget", "httpTarget.oauthToken.serviceAccountEmail", ("pipeline",)),
}
"""What runs as an account: the input that refers to it, the path to its e-mail, and the personas it may be."""
_JOBS_RUN_AS = {
    "batchPredictionJobs": "batch",
    "customJobs": "training",
    "hyperparameterTuningJobs": "training",
    "pipelineJobs": "pipeline",
    "deployModel": "serving",
}
"""The persona of each kind of job that a workflow starts."""
_STARTED_BY = {
    "batch": ("pipeline",),
    "training": ("data-scientist", "pipeline"),
    "pipeline": ("pipeline",),  # a pipeline job, whose launchers start the custom jobs of its steps
    "serving": ("hours",),
}
"""Who may start work that runs as a persona. The owner of an instance signs in as `data-scientist`: a person, of whom
`identity-pass-role` asks."""
_PUSHES, _DECIDES = "publisher", "approver"
_OF_DATASET = {"OWNER": "projectOwners", "WRITER": "gcp-sa-aiplatform", "READER": "data-scientist"}
"""Who has each role on a dataset with captured requests: whoever owns the project, the agent that writes them, and the
persona that reads them. BigQuery, "Basic roles", https://cloud.google.com/bigquery/docs/access-control-basic-roles"""
_OWN_FOLDERS = {
    "data-scientist": ("workspace/",),
    "training": ("training/",),
    "publisher": ("models/",),
    "pipeline": ("pipeline/",),
}
"""The folders of the stack's own bucket in which a persona may write, whatever the stack file says."""
_ARTIFACTS = "models/"
"""The folder of the stack's own bucket in which artifacts of models lie."""


@once_a_graph
def _personas(graph: Graph) -> Mapping[str, str]:
    """The persona of each account of the stack, by its e-mail as far as that is known, in lower case.

    IAM reads capitals in an address so: https://cloud.google.com/iam/docs/principal-identifiers
    """
    known = [(one.props.text_if_known("email").casefold(), one) for one in graph.of(_ACCOUNT)]
    return {email: persona_of(one) for email, one in known if email}


def _at(graph: Graph, resource: Resource, key: str, path: str) -> set[str]:
    """The personas that a property names: by the e-mail that stands there, and by reference where none is known.

    An account that is no persona is a company's own, whose work is not in these tables.
    """
    said = {text.removeprefix("serviceAccount:").casefold() for text in resource.props.each_text_if_known(path)} - {""}
    known = _personas(graph)
    if said:
        return {known[one] for one in said if one in known} - {""}
    return {persona_of(one) for one in graph.refers(resource, key, _ACCOUNT)} - {""}


@whole_stack_rule(
    "identity-acts-where",
    _ACCOUNT,
    severity="high",
    says="Each workload runs as the persona whose work it is, is started by those whose task that is, and only who is "
    "to write images and captured requests may.",
    remedy="Give the workload, the grant or the entry the persona that policies/gcp/acting.py names for it.",
)
def acts_where(graph: Graph) -> Found:
    """By the tables above, what a workflow starts last, for its definition may not be known before `up`. In a program
    that is not ours nobody said which of its accounts is which persona.
    """
    if not graph.ours:
        return
    yield from _granted(graph)
    for account in graph.of(_ACCOUNT):
        called = account.props.text_if_known("displayName").rpartition(" ")[2]
        named = account.name.rpartition("-identity-")[2]
        if called and named not in (account.name, called):
            yield account, f"is called {called}, and is the account of {named}"
    for type_, (key, path, allowed) in _RUNS_AS.items():
        for resource in graph.of(type_):
            wanted = ("hours",) if _switches(graph, resource) else _of_item(graph, resource) or allowed
            for other in sorted(_at(graph, resource, key, path) - set(wanted)):
                yield resource, f"runs as {other} ({path}), where {' or '.join(wanted)} does that work"
    for flow in graph.of(_WORKFLOW):
        for job in workflows.jobs(flow.props):
            persona = _personas(graph).get(job.spec.text_if_known("serviceAccount").casefold())
            if persona and persona != _JOBS_RUN_AS[job.kind]:
                yield flow, f"starts {job.kind} that run as {persona}, where {_JOBS_RUN_AS[job.kind]} does that work"


@cache
def _pulling() -> frozenset[str]:
    """The personas a task of which takes an image of the stack's registry."""
    tasks = [task for task in table("gcp").tasks if any(_PULLS in calls.do for calls in task.calls)]
    return frozenset(who for task in tasks for who in task.who | task.also)


_PULLS = "artifactregistry.repositories.downloadArtifacts"


def _of_item(graph: Graph, resource: Resource) -> tuple[str, ...]:
    """Who alone runs what is made for an item of the stack file: the model of an endpoint answers, of a job scores."""
    item = (item_of(graph, resource) or "") if resource.type == mlplatform.MODEL else ""
    return {"endpoints": ("serving",), "batch_jobs": ("batch",), "pipelines": ("batch",)}.get(
        item.partition(".")[0], ()
    )


def _switches(graph: Graph, resource: Resource) -> bool:
    """Whether a workflow keeps an endpoint's hours, or a schedule starts such a one."""
    if resource.type == _SCHEDULE:
        try:
            resource = cloudscheduler.started(graph, resource)
        except Unreadable:  # identity-starts-own says what cannot be read
            return False
    return resource.type == _WORKFLOW and any(job.deploys for job in workflows.jobs(resource.props))


def _granted(graph: Graph) -> Found:
    """Who starts work as another persona, who may write images, and who gets at captured requests."""
    for grant in graph.of(_ON_ACCOUNT):
        as_whom = {persona_of(one) for one in graph.refers(grant, "serviceAccountId", _ACCOUNT)} - {""}
        for who in sorted(_at(graph, grant, "member", "member")):
            for other in sorted(one for one in as_whom if who not in _STARTED_BY.get(one, ())):
                yield grant, f"lets {who} start work that runs as {other}"
    for grant in graph.of(_ON_IMAGES):
        role, who = grant.props.text_if_known("role"), _at(graph, grant, "member", "member")
        if role not in ("", "roles/artifactregistry.reader") and who != {_PUSHES}:
            yield grant, f"lets {' or '.join(sorted(who)) or 'an agent'} write images, where {_PUSHES} alone pushes"
        for other in sorted(who - _pulling() if role else ()):
            yield grant, f"lets {other} read images, which no task of it takes"
    known = _personas(graph)
    for dataset in graph.of(_DATASET):
        for access in dataset.props.each_section("accesses"):
            role, mail = access.text_if_known("role"), access.text_if_known("userByEmail")
            mail = (mail or access.text_if_known("iamMember").removeprefix("serviceAccount:")).casefold()
            agent = mail.partition("@")[2].partition(".")[0]
            who = access.text_if_known("specialGroup") or known.get(mail) or agent
            if who and role and who != _OF_DATASET.get(role):
                yield dataset, f"lets in {who} as {role}, where {_OF_DATASET.get(role, 'nobody')} is"


@stack_rule(
    "identity-folders",
    _ON_BUCKET,
    severity="high",
    says="A grant on objects is on a folder that the stack file names or that is the persona's own, and only the "
    "publisher may add where artifacts of models lie, and the approver where approvals do.",
    remedy="Grant the folder that the job's address in the stack file names, with the / at its end.",
)
def folders(graph: Graph, grant: Resource) -> Iterator[str]:
    """A prefix without its / holds for each folder whose name begins so, and who may write another's folder changes
    what that one is started from: Cloud Storage, "IAM Conditions",
    https://cloud.google.com/storage/docs/access-control/iam#conditions
    """
    text = grant.props.text_if_known("condition.expression") if grant.props.is_given("condition.expression") else ""
    if graph.placement is None or not graph.ours or not text or is_given(graph, grant):
        return
    own = {one.props.text_if_known("name") for one in graph.of(storage.BUCKET)}
    role = grant.props.text_if_known("role")
    writes, creates = role == "roles/storage.objectUser", role == "roles/storage.objectCreator"
    personas = _at(graph, grant, "member", "member")
    theirs = {one for persona in personas for one in _OWN_FOLDERS.get(persona, ())}
    versions, decides = mlplatform.versions_of(graph), personas == {_DECIDES} and bool(graph.placement.versions)
    theirs |= {registered.DECISIONS} if decides else set()
    if creates and personas != {_PUSHES} and not (decides and _below(text) == {registered.DECISIONS}):
        yield f"lets {' or '.join(sorted(personas))} add objects, which {_PUSHES} alone does"
    for found in NAMED.finditer(text):
        bucket, prefix = found["bucket"], found["prefix"]
        place = f"gs://{bucket}/{prefix}"
        named = [one for one in (*graph.placement.addresses, *versions) if one.startswith(place)]
        if not (bucket in own and prefix in theirs) and not named:
            yield f"is on {place}, which is no folder of its file's nor of its persona's own"
        elif not prefix.endswith("/") and place not in named:
            yield f"is on {place}, which is no whole folder: whatever begins so is in it"
        if personas == {_PUSHES} and writes:
            yield f"lets {_PUSHES} replace what lies in {place}, where it may add alone"
        elif "data-scientist" in personas and writes and prefix not in theirs:
            yield f"lets data-scientist write {place}, where workspace/ is its own"
        elif writes and any(_meet(one, place) for one in _artifacts(graph, own)):
            yield f"lets {' or '.join(sorted(personas))} write {place}, where artifacts of models lie"
        elif writes and bucket not in own and _is_read_alone(graph, place):
            yield f"lets {' or '.join(sorted(personas))} write {place}, which jobs read and none writes"


def _below(expression: str) -> set[str]:
    """The prefixes that a condition names."""
    return {found["prefix"] for found in NAMED.finditer(expression)}


def _meet(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _is_read_alone(graph: Graph, place: str) -> bool:
    """Whether jobs of the stack read below a place of others, and none writes there."""
    read, written = _places_of_jobs(graph)
    return any(one.startswith(place) for one in read) and not any(_meet(one, place) for one in written)


@once_a_graph
def _places_of_jobs(graph: Graph) -> tuple[frozenset[str], frozenset[str]]:
    """Where the jobs of workflows read and where they write, as far as it is known."""
    read, written = set[str](), set[str]()
    for flow in graph.of(_WORKFLOW):
        for job in workflows.jobs(flow.props):
            scored = {uri.partition("*")[0] for uri in job.body.each_text_if_known("inputConfig.gcsSource.uris")}
            read |= {uri for uri in scored if workflows.below_the_run(uri) is None}
            scores = set(job.body.each_text_if_known(workflows.SCORED_TO)) - {""}
            written |= {workflows.below_the_run(uri) or uri for uri in scores}
            if job.trains:
                read |= set(workflows.mounted(job, written=False))
                written |= set(workflows.mounted(job, written=True))
    return frozenset(read - {""}), frozenset(written)


@once_a_graph
def _of_models(graph: Graph) -> frozenset[str]:
    return frozenset(mlplatform.artifacts_of(graph))


def _artifacts(graph: Graph, own: set[str]) -> set[str]:
    """Where artifacts of models lie: those that models have, and the folder in which the publisher adds more."""
    return {*_of_models(graph), *(f"gs://{bucket}/{_ARTIFACTS}" for bucket in own if bucket)}


RULES = [acts_where, folders]
