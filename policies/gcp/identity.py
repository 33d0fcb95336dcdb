"""Identity: least privilege for each persona, in its roles, in what they are granted on, and in its account.

Two rules of AWS have no meaning here. `identity-boundary`: Google Cloud bounds principals in the organisation
(principal access boundaries, deny policies), not in a project. So `identity-guardrails` reads the roles themselves.
`identity-topic-policy`: alerts go to a notification channel, and only Monitoring publishes to it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from catalogue.access.gcp import ITSELF, LISTED, NAMED, alternatives
from catalogue.graph import Graph, Resource
from catalogue.kinds import kind_of
from catalogue.kinds.gcp import (
    artifactregistry,
    bigquery,
    cloudscheduler,
    kms,
    mlplatform,
    projects,
    serviceaccount,
    storage,
    workbench,
    workflows,
)
from catalogue.kinds.gcp.workflows import AT, jobs, texts
from catalogue.once import once_a_graph
from catalogue.properties import NotKnown, Properties
from policies.gcp.encryption import AGENT
from policies.gcp.permissions import persona_of
from policies.gcp.promoted import is_given
from policies.gcp.reach import beyond, mounts
from policies.ripening import long_enough
from policies.rule import OPEN_TO_OTHERS, Found, named_by, named_places, resource_rule, stack_rule, whole_stack_rule

_ACCOUNT, _ROLE = serviceaccount.ACCOUNT, projects.CUSTOM_ROLE
_IN_PROJECT, _ON_ACCOUNT = projects.MEMBER, serviceaccount.MEMBER
_ON_BUCKET, _AGENT = storage.BUCKET_MEMBER, projects.SERVICE_IDENTITY
_BUCKET, _SCHEDULE = storage.BUCKET, cloudscheduler.SCHEDULE
_DATASET, _WORKBENCH = bigquery.DATASET, workbench.INSTANCE
_MODEL, _WORKFLOW = mlplatform.MODEL, workflows.WORKFLOW
_KEY = serviceaccount.ACCOUNT_KEY

_ANYBODY = re.compile(r"(iamMember:)?(allUsers|allAuthenticatedUsers)|(domain|project(Owner|Editor|Viewer)):.*")
_BASIC = {f"roles/{name}" for name in ("owner", "editor", "viewer", "admin", "writer", "reader", "browser")}
# The predefined roles that only read, write or use the resource on which they are granted.
_FITTING: Mapping[str, tuple[str, ...]] = {
    _ON_BUCKET: (
        "roles/storage.bucketViewer",
        "roles/storage.objectViewer",
        "roles/storage.objectUser",
        "roles/storage.objectCreator",
    ),
    artifactregistry.REPOSITORY_MEMBER: ("roles/artifactregistry.reader", "roles/artifactregistry.writer"),
    kms.KEY_MEMBER: ("roles/cloudkms.cryptoKeyEncrypterDecrypter",),
    _ON_ACCOUNT: ("roles/iam.serviceAccountUser",),
}
_USES = frozenset(
    {
        "roles/cloudfunctions.invoker",
        "roles/pubsub.publisher",
        "roles/pubsub.subscriber",
        "roles/run.invoker",
        "roles/secretmanager.secretAccessor",
    }
)
"""What only uses the one resource that it is granted on, of a kind that the catalogue does not know: IAM, "Roles and
permissions", https://cloud.google.com/iam/docs/roles-permissions
"""
_BECOME = {
    "roles/iam.serviceAccountOpenIdTokenCreator",
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.workloadIdentityUser",
}
ACT_AS = "roles/iam.serviceAccountUser"

# Permissions that no role of the pilot may hold, as patterns. The deployer has them; no persona does.
GUARDRAILS: Mapping[str, re.Pattern[str]] = {
    "every permission of a service": re.compile(r".*\*.*"),
    "who may do what": re.compile(r".*\.setIamPolicy|iam\..*|resourcemanager\..*|orgpolicy\..*"),
    "what is served": re.compile(
        r"aiplatform\.(endpoints|deploymentResourcePools)\.(create|deploy|undeploy|update|mutate\w*|delete)"
    ),
    "the network": re.compile(r"(compute|dns|servicenetworking|networkconnectivity)\..*"),
    "keys": re.compile(r"cloudkms\..*"),
    "what is recorded": re.compile(r"logging\.(?!logEntries\.create$).*|monitoring\.(?!timeSeries\.create$).*"),
    "what is spent": re.compile(r"(billing|serviceusage|cloudquotas)\..*"),
    "deleting": re.compile(r".*\.delete\w*"),
    "objects and images of every place": re.compile(
        r"(storage|artifactregistry)\..*|bigquery\.(?!jobs\.create$).*"  # a query alone reads nothing
    ),
}
# Updating a model approves it, and uploading proposes it. Nobody may do both (CIS GCP 1.8, separation of duties).
_PROPOSE, _APPROVE = "aiplatform.models.upload", "aiplatform.models.update"


def _grants(graph: Graph) -> Iterator[Resource]:
    """Every grant of a role to a member, on any resource, even one of a kind that the catalogue does not know."""
    for resource in graph.cloud:
        if resource.type.startswith("gcp:") and resource.type.lower().endswith("iammember"):
            yield resource


@whole_stack_rule(
    "identity-no-wildcard",
    severity="high",
    says="A grant is a role of the stack, or the predefined one that fits what it is granted on; never a basic role, "
    "an owner's or an administrator's (CIS GCP 1.5).",
    remedy="Put the permissions into the persona's role, or grant the predefined role that only reads, writes or uses.",
)
def no_wildcard(graph: Graph) -> Found:
    """Basic roles have thousands of permissions (IAM documentation, "Basic roles"). An owner of a dataset shares and
    deletes it: BigQuery, "Basic roles for datasets", https://cloud.google.com/bigquery/docs/access-control-basic-roles

    Grants on a project have another rule.
    """
    for grant in _grants(graph):
        role = grant.props.text_if_known("role")
        if role in _BASIC or re.search(r"([aA]dmin|[oO]wner)$", role):
            yield grant, f"grants {role}"
        elif role.startswith("roles/"):
            unknown = not graph.ours and kind_of(grant.type) is None and _ON_MANY.match(grant.type) is None
            if grant.type != _IN_PROJECT and role not in (_USES if unknown else _FITTING.get(grant.type, ())):
                known = "more than that resource needs" if grant.type in _FITTING else "a role that nobody judged there"
                yield grant, f"grants {role}, which is {known}"
        elif not _of(graph.refers(grant, "role", _ROLE), role):
            yield grant, "grants a role that is not of this stack"
    for dataset in graph.of(_DATASET):
        for access in dataset.props.each_section("accesses"):
            role, group = access.text_if_known("role"), access.text_if_known("specialGroup")
            if role in ("OWNER", "roles/bigquery.dataOwner", "roles/bigquery.admin") and group != "projectOwners":
                yield dataset, f"has another owner than the project's: one who shares and deletes it ({role})"


_ON_MANY = re.compile(r"gcp:(projects|folder|organizations|billing)/")
"""Whose grants are on everything that lies below."""


def _of(roles: list[Resource], name: str) -> bool:
    """Whether a name is that of one of these roles, as a whole; what is not known yet may be."""
    return any(not name or not role.names or name in role.names for role in roles)


@whole_stack_rule(
    "identity-no-public-member",
    severity="critical",
    says="Nothing is granted to everybody, to a whole domain or to whoever owns, edits or views the project.",
    remedy="Name the service account, the group or the person.",
    never_waived=OPEN_TO_OTHERS,
)
def no_public_member(graph: Graph) -> Found:
    """Members of every grant (CIS GCP 1.9, 5.1), and the access list of every dataset."""
    for grant in _grants(graph):
        if _ANYBODY.fullmatch(grant.props.text_if_known("member")):
            yield grant, f"grants a role to {grant.props.text_if_known('member')}"
    for dataset in graph.of(_DATASET):
        if not dataset.props.is_given("accesses"):
            yield dataset, "lets in whoever may read or write in the project"
        for access in dataset.props.each_section("accesses"):
            group, member = (access.text_if_known(at) for at in ("specialGroup", "iamMember"))
            if group not in ("", "projectOwners") or access.is_given("domain") or _ANYBODY.fullmatch(member):
                yield dataset, "lets in everybody, a whole domain or whoever may read or write in the project"
            if not any(access.is_given(at) for at in (*_LETS_IN, "domain")):
                yield dataset, "lets in what nobody can tell: an entry names no member"
            for name in sorted(set(access.names()) - {"role", "domain", *_LETS_IN}):
                yield dataset, f"lets in what no rule here can judge ({name})"


_LETS_IN = ("specialGroup", "iamMember", "userByEmail")
"""The members that an entry of a dataset's access list may name. A view, a routine, a group or another dataset would
pass the data on to members that nobody sees.
"""


def member_of(of: Resource) -> str:
    """The member of a grant or an account, its address in lower case, as IAM keeps it; empty where it is not known.

    https://cloud.google.com/iam/docs/principal-identifiers
    """
    kind, colon, address = of.props.text_if_known("member").partition(":")
    return f"{kind}{colon}{address.casefold()}"


@whole_stack_rule(
    "identity-known-members",
    severity="high",
    says="Every grant is to an account of the stack, an agent of Google's, the owner of the instance it is for, or a "
    "publisher that the stack file gives versions to.",
    remedy="Pass the account's member; accounts of other projects get no grant here but by registry in the stack file.",
)
def known_members(graph: Graph) -> Found:
    """The member must refer to an account of the stack, and its known address must fit.

    A foreign account could take data.
    """
    for grant in _grants(graph):
        member = member_of(grant)
        accounts, instances = graph.refers(grant, "member", _ACCOUNT), _instances(graph, grant)
        if "member" not in grant.props:
            yield grant, "grants a role and names no member"
        elif accounts or instances:
            named = [_of_account(account) for account in accounts]
            owners = [owner for instance in instances for owner in owners_of(instance)]
            if member and "" not in [*named, *owners] and member not in [*named, *owners]:
                yield grant, f"grants a role to {member}, which is not the account it refers to"
        elif _ANYBODY.fullmatch(member):
            continue  # identity-no-public-member says so
        elif is_given(graph, grant):
            continue  # to whom the stack file gives versions
        elif what := _stranger(graph, grant, member):
            yield grant, f"grants a role to {member}, {what}"
    own = _own_members(graph)
    for dataset in graph.of(_DATASET):
        for access in dataset.props.each_section("accesses"):
            email, member = (access.text_if_known(at) for at in ("userByEmail", "iamMember"))
            for said in filter(None, (email and f"serviceAccount:{email}", member)):
                kind, colon, address = said.partition(":")
                if f"{kind}{colon}{address.casefold()}" not in own and not AGENT.fullmatch(said):
                    yield dataset, f"lets in {email or member}, which is no account of this stack"


def _stranger(graph: Graph, grant: Resource, member: str) -> str:
    """Why a member that is no account of the stack gets no role; empty for an agent of Google's that may have one."""
    agents = graph.refers(grant, "member", _AGENT)
    if not graph.ours and member in _own_members(graph):
        return ""  # a program may write out what it makes; of ours `inputs-own` says so
    if _RUNS_CODE.search(member):
        return "as which whoever runs code in the project runs it"
    if not AGENT.fullmatch(member) and not (agents and not member):
        return "which is no account of this stack"
    if graph.ours and _ON_DEMAND.search(member) and not agents:
        return "an agent that is not there before somebody asks for it"
    return ""


@once_a_graph
def _own_members(graph: Graph) -> frozenset[str]:
    """The members of the accounts of the stack, as far as they are known."""
    return frozenset(member for account in graph.of(_ACCOUNT) if (member := _of_account(account)))


def _of_account(account: Resource) -> str:
    """The member of an account, by the cloud's answer, or before it by the names that its address is made of; empty
    where neither is known: https://cloud.google.com/iam/docs/service-account-overview
    """
    name, project = (account.props.text_if_known(key).casefold() for key in ("accountId", "project"))
    made_of = name and project and ":" not in project
    return member_of(account) or (f"serviceAccount:{name}@{project}.iam.gserviceaccount.com" if made_of else "")


_RUNS_CODE = re.compile(r"@gcp-sa-aiplatform-(cc|re)\.")
"""Agents as which Vertex AI runs the code of custom jobs and of reasoning engines that name no account: a role of one
is everybody's who may start such a job. IAM, "Service agents", https://cloud.google.com/iam/docs/service-agents
"""
_ON_DEMAND = re.compile(r"@gcp-sa-(aiplatform|artifactregistry|cloudscheduler|notebooks|workflows)\.")
"""Agents that a project has once somebody asked for them: a grant to one before is refused. IAM, "Create and grant
roles to service agents", https://cloud.google.com/iam/docs/create-service-agents
"""


def _instances(graph: Graph, grant: Resource) -> list[Resource]:
    """The Workbench instances that a grant is for: the one it is on, or those that run as the account it is on."""
    accounts = graph.refers(grant, "serviceAccountId", _ACCOUNT)
    run_as_it = [instance for account in accounts for instance in graph.referring(_WORKBENCH, "gceSetup", account)]
    return [*graph.refers(grant, "name", _WORKBENCH), *run_as_it]


def owners_of(instance: Resource) -> list[str]:
    """The members that own an instance, as `member_of` has them. An empty text stands for one that is not known yet."""
    try:
        return [f"user:{owner.casefold()}" for owner in instance.props.each_text("instanceOwners")]
    except NotKnown:
        return [""]


@whole_stack_rule(
    "identity-no-authoritative",
    severity="high",
    says="No resource sets a whole policy or binding: that would remove the grants of Google's own agents.",
    remedy="Use the resource that adds one member.",
)
def no_authoritative(graph: Graph) -> Found:
    """`_policy` and `_binding` replace all other grants (provider documentation of google_project_iam)."""
    for resource in graph.cloud:
        if re.fullmatch(r"gcp:.*(IAM|Iam)(Policy|Binding)", resource.type):
            yield resource, "replaces the grants that others made"


@stack_rule(
    "identity-project-grants",
    _IN_PROJECT,
    severity="high",
    says="On the whole project, only roles of the stack and of Google's own agents are granted.",
    remedy="Grant on the bucket, repository, key or account; put other permissions into the persona's role.",
)
def project_grants(graph: Graph, grant: Resource) -> Iterator[str]:
    """A predefined role on the project needs a condition. The role of an agent is granted to that agent only."""
    role = grant.props.text_if_known("role")
    if role.endswith(".serviceAgent"):
        agents = graph.refers(grant, "member", _AGENT)
        services = {agent.props.text_if_known("service").partition(".")[0] for agent in agents}
        if services != {role.removeprefix("roles/").partition(".")[0]}:
            yield f"grants {role} to another than the agent it is for"
    elif role.startswith("roles/") and not grant.props.is_given("condition"):
        yield f"grants {role} on everything in the project"


@stack_rule(
    "identity-objects-bounded",
    _ON_BUCKET,
    severity="high",
    says="A grant on objects is bound to a prefix; only who trains or runs pipelines holds one on the bucket, too. "
    "Only an account that neither runs nor uploads models reads all of a bucket: the stack's own, or one that training "
    "mounts.",
    remedy="Give the grant the identity component's condition on the objects' names.",
)
def objects_bounded(graph: Graph, grant: Resource) -> Iterator[str]:
    """Cloud Storage documentation, "IAM Conditions": names of objects, and the prefix that a list asks for.

    Whoever has a right on the bucket itself may list all of it. Vertex AI asks for that where a run writes, and for the
    sight of the bucket (components/gcp/personas.py).
    """
    accounts = graph.refers(grant, "member", _ACCOUNT)
    if grant.props.text_if_known("role") == _SEES:
        if graph.ours and any(persona_of(account) not in _RUNS for account in accounts):
            yield "lets who neither trains nor runs pipelines see how the bucket is kept"
    elif not grant.props.is_given("condition.expression"):
        runs = any(graph.referring(_MODEL, "serviceAccount", account) for account in accounts)
        others = [one for account in accounts for one in graph.referring(_ON_BUCKET, "member", account)]
        uploads = any(one.props.text_if_known("role") == "roles/storage.objectCreator" for one in others)
        reads = grant.props.text_if_known("role") == "roles/storage.objectViewer"
        decided = grant.props.text_if_known("bucket") in mlplatform.approvals_of(graph)
        own = not decided if graph.refers(grant, "bucket", _BUCKET) else mounts(graph, grant)
        if runs or uploads or not reads or not own:
            yield "grants every object of the bucket"
    elif text := grant.props.text_if_known("condition.expression"):
        bucket = grant.props.text_if_known("bucket") if "bucket" in grant.props else None
        asked = all(persona_of(account) in _RUNS for account in accounts)
        if not _bounded(text, bucket, asked or not graph.ours):
            yield f"is bounded by no prefix of its bucket: {text[:80]}"
        for place in beyond(graph, grant, [f"{m['bucket']}/{m['prefix']}" for m in NAMED.finditer(text)]):
            yield f"grants objects below {place}, where no task of it takes them"


_SEES = "roles/storage.bucketViewer"
_RUNS = ("training", "pipeline")
"""The personas as which runs write, of which Vertex AI asks the bucket itself."""


def _bounded(expression: str, bucket: str | None, asked: bool) -> bool:
    """Whether each alternative names objects of the bucket by a prefix, or lists of such a prefix, or where it is asked
    as that, the bucket itself. What else must be true at once bounds it more.
    """
    said = alternatives(expression)
    named = [match for each in said if (match := _first(NAMED, each))]
    prefixes = {match["prefix"] for match in named}
    others = [each for each in said if not _first(NAMED, each)]
    listed = [match["prefix"] for each in others if (match := _first(LISTED, each))]
    itself = [match for each in others if asked and (match := _first(ITSELF, each))]
    return (
        bool(named)
        and len(listed) + len(itself) == len(others)
        and prefixes.issuperset(listed)
        and all(bucket in ("", match["bucket"]) for match in [*named, *itself])
    )


def _first(form: re.Pattern[str], each: Iterable[str]) -> re.Match[str] | None:
    return next((match for one in each if (match := form.fullmatch(one))), None)


@stack_rule(
    "identity-trust",
    _KEY,
    _ON_ACCOUNT,
    _IN_PROJECT,
    severity="critical",
    says="Nobody outside acts as a persona: no account has a key, a federated identity or a creator of its tokens.",
    remedy="Remove it; a machine runs as the account, and a person acts as it by a grant made by hand.",
)
def trust(graph: Graph, resource: Resource) -> Iterator[str]:
    """A downloaded key lives ten years (CIS GCP 1.4). Whoever can make tokens of an account can act as it."""
    if resource.type == _KEY:
        yield "is a key of an account, which whoever holds it may use"
    elif (role := resource.props.text_if_known("role")) in _BECOME:
        yield f"lets its member become the account ({role})"


@stack_rule(
    "identity-pass-role",
    _IN_PROJECT,
    _ON_ACCOUNT,
    severity="high",
    says="The right to act as an account is granted on that account, to an account of this stack or to the owner of an "
    "instance that runs as it (CIS GCP 1.6).",
    remedy="Grant roles/iam.serviceAccountUser on the account, to the persona that submits or the owner who signs in.",
)
def pass_role(graph: Graph, grant: Resource) -> Iterator[str]:
    """A grant on the project would hold for every account, also the default one and those of other stacks."""
    if grant.type == _IN_PROJECT:
        if grant.props.text_if_known("role") == ACT_AS:
            yield "lets its member act as every account of the project"
    elif not graph.refers(grant, "serviceAccountId", _ACCOUNT):
        yield "names an account that is not of this stack"
    elif not graph.refers(grant, "member", _ACCOUNT):
        member = member_of(grant)
        owners = [owner for instance in _instances(graph, grant) for owner in owners_of(instance)]
        if member and "" not in owners and member not in owners:
            yield f"lets {member} act as an account under which no instance of theirs runs"


@resource_rule(
    "identity-guardrails",
    _ROLE,
    severity="critical",
    says="No persona may change who may do what, what is served, the network, keys, logs or spend, nor delete.",
    remedy="Take the permission out of components/gcp/personas.py.",
)
def guardrails(props: Properties) -> Iterator[str]:
    """Compares each permission of the stack's roles with GUARDRAILS. No role may both propose and approve."""
    permissions = list(props.each_text("permissions"))
    for permission in permissions:
        for what, pattern in GUARDRAILS.items():
            if pattern.fullmatch(permission):
                yield f"holds {permission}, which is over {what}"
    if {_PROPOSE, _APPROVE} <= set(permissions):
        yield "both proposes and approves models"


# Where each type names the account it runs as: the property that refers to it, and the path to its e-mail.
_RUNS_AS = {
    _SCHEDULE: ("httpTarget", "httpTarget.oauthToken.serviceAccountEmail"),
    _WORKFLOW: ("serviceAccount", "serviceAccount"),
    _WORKBENCH: ("gceSetup", "gceSetup.serviceAccounts.email"),
    mlplatform.DEPLOYMENT: ("serviceAccount", "serviceAccount"),
    _MODEL: ("serviceAccount", "serviceAccount"),
}


@stack_rule(
    "identity-run-as",
    *_RUNS_AS,
    severity="high",
    says="Every workload runs as a persona, never as a default account (CIS GCP 4.1, 4.2).",
    remedy="Pass the persona's account; an e-mail from elsewhere may be the project's default account.",
)
def run_as(graph: Graph, resource: Resource) -> Iterator[str]:
    """It refers to accounts of the stack only. A job names its account in its body. In another program a schedule may
    publish a message, or call what asks for no identity: it then runs as nobody.
    """
    key, path = _RUNS_AS[resource.type]
    if resource.type == _SCHEDULE and not graph.ours and not _identifies_itself(resource.props):
        return
    emails = {account.props.text_if_known("email") for account in graph.of(_ACCOUNT)}
    if not resource.props.is_given_in_each(path) or not graph.refers(resource, key, _ACCOUNT):
        yield f"runs as no account of the stack ({path})"
    elif "" not in emails:  # all of them are known
        for email in resource.props.each_text_if_known(path):
            if email not in emails:
                yield f"runs as {email}, which is no account of the stack ({path})"
    for job in jobs(resource.props) if resource.type == _WORKFLOW else ():
        email = job.spec.text_or_empty("serviceAccount")
        if not email or ("" not in emails and email not in emails):
            yield "starts jobs that run as no account of the stack"


def _identifies_itself(schedule: Properties) -> bool:
    """Whether a schedule has a token, or calls an API of Google's, which answers nobody without one."""
    tokens = any(schedule.is_given(f"httpTarget.{token}") for token in ("oauthToken", "oidcToken"))
    return tokens or ".googleapis.com" in schedule.text_if_known("httpTarget.uri")


@stack_rule(
    "identity-roles-in-force",
    *_RUNS_AS,
    severity="high",
    says="A resource that runs as an account waits until the account's grants are in force, not only until they are "
    "given.",
    remedy="Take the account from the identity component, or wait with our provider's GrantsInForce.",
)
def roles_in_force(graph: Graph, resource: Resource) -> Iterator[str]:
    """A grant may take seven minutes (IAM, "Access change propagation"). What is started before is refused, or fails
    as soon as it reads. Only our own provider can wait for it: a program that does not have it is not told to.
    """
    if not graph.ours and not graph.of(mlplatform.GRANTS_IN_FORCE):
        return
    key = _RUNS_AS[resource.type][0]
    waits = {*resource.property_dependencies.get(key, ()), *resource.dependencies}
    for account in graph.refers(resource, key, _ACCOUNT):
        for grant in (one for type_ in mlplatform.WAITED_FOR for one in graph.referring(type_, "member", account)):
            found = graph.referring(mlplatform.GRANTS_IN_FORCE, "grants", grant)
            if not waits & {wait.urn for wait in found if long_enough(wait, grant)}:
                yield f"does not wait until {grant.name} is in force"


@resource_rule(
    "identity-token-shown",
    _SCHEDULE,
    _WORKFLOW,
    severity="high",
    says="A schedule and a workflow send their persona's token to Google's APIs only.",
    remedy="Call an address below https://….googleapis.com.",
)
def token_shown(props: Properties) -> Iterator[str]:
    """Whoever gets an OAuth token acts as the persona (Cloud Scheduler, "Use authentication with HTTP targets"). A call
    without a token shows none, and a message is published by the service's own agent: that nothing of the stack is
    started so is `identity-starts-own`'s.
    """
    if AT in props:
        told = list(texts(props, bodies=False))
    elif not any(props.is_given(f"httpTarget.{token}") for token in ("oauthToken", "oidcToken")):
        return
    else:
        told = [props.text_if_known("httpTarget.uri")] if props.is_given("httpTarget.uri") else []
    called = [host for text in told for host in re.findall(r"(?<!\w)\w+://[^/\"\s]*", text)]
    if not called and told != [""]:
        yield "calls nothing, or where nobody can tell"
    for host in dict.fromkeys(called):
        if not re.fullmatch(r"https://[a-z0-9.-]+\.googleapis\.com", host) and not host.startswith("gs://"):
            yield f"shows its token to {host}"


@stack_rule(
    "identity-written-places",
    _ON_BUCKET,
    severity="medium",
    says="The stack writes to its own buckets, and to those of others that the stack file names.",
    remedy="In the stack file, point the output_uri, or a training job's checkpoint_uri, at the stack's own bucket, or "
    "name the bucket under sources, with its account and who lets the stack in.",
    mandatory=False,
)
def written_places(graph: Graph, grant: Resource) -> Iterator[str]:
    """Another stack's bucket goes when that stack goes, and only who may set its policy can bind this stack there.

    A name tells no project, so this is advice. Whoever uploads an artifact adds to where the models are kept, and can
    replace nothing there.
    """
    known = {bucket.props.text_if_known("name") for bucket in graph.of(_BUCKET)} | named_places(graph)
    bucket = grant.props.text_if_known("bucket")
    harmless = grant.props.text_if_known("role") in _FITTING[_ON_BUCKET] and grant.props.text_if_known("role") != (
        "roles/storage.objectUser"
    )
    if bucket and not harmless and bucket not in known and f"gs://{bucket}" not in known:
        yield f"lets the stack write to gs://{bucket}, which it does not make{named_by(graph, f'gs://{bucket}')}"


RULES = [
    written_places,
    no_wildcard,
    no_public_member,
    known_members,
    no_authoritative,
    project_grants,
    objects_bounded,
    trust,
    pass_role,
    guardrails,
    run_as,
    roles_in_force,
    token_shown,
]
