"""Identity: least privilege for each persona, by role, by place and by account.

Two rules of AWS have no meaning here. `identity-boundary`: Google Cloud bounds principals at the organisation
(principal access boundaries, deny policies), not in a project; `identity-guardrails` therefore reads the roles
themselves. `identity-topic-policy`: alerts go to a notification channel, which nobody publishes to but Monitoring.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import PolicyResource, Severity
from pulumi_policy.proxy import UnknownValueError

from policies.gcp.encryption import AGENT, batch_jobs
from policies.rule import Stack, as_list, get, given, known, refers, resource_rule, section, stack_rule

_ACCOUNT, _ROLE = "gcp:serviceaccount/account:Account", "gcp:projects/iAMCustomRole:IAMCustomRole"
_IN_PROJECT, _ON_ACCOUNT = "gcp:projects/iAMMember:IAMMember", "gcp:serviceaccount/iAMMember:IAMMember"
_ON_BUCKET, _AGENT = "gcp:storage/bucketIAMMember:BucketIAMMember", "gcp:projects/serviceIdentity:ServiceIdentity"
_BUCKET = "gcp:storage/bucket:Bucket"
_DATASET, _WORKBENCH = "gcp:bigquery/dataset:Dataset", "gcp:workbench/instance:Instance"
_MODEL, _WORKFLOW = "mlplatform:gcp:Model", "gcp:workflows/workflow:Workflow"

_ANYBODY = re.compile(r"(iamMember:)?(allUsers|allAuthenticatedUsers)|(domain|project(Owner|Editor|Viewer)):.*")
_BASIC = {f"roles/{name}" for name in ("owner", "editor", "viewer", "admin", "writer", "reader", "browser")}
# The predefined roles that only read, write or use what they are granted on.
_FITTING: Mapping[str, tuple[str, ...]] = {
    _ON_BUCKET: ("roles/storage.objectViewer", "roles/storage.objectUser"),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": ("roles/artifactregistry.reader",),
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": ("roles/cloudkms.cryptoKeyEncrypterDecrypter",),
    _ON_ACCOUNT: ("roles/iam.serviceAccountUser",),
}
_BECOME = {
    "roles/iam.serviceAccountOpenIdTokenCreator",
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.workloadIdentityUser",
}
_ACT_AS = "roles/iam.serviceAccountUser"

# What no role of the pilot may hold, as patterns over permissions. The deployer has these, and no persona.
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
    "objects and images of every place": re.compile(r"(storage|artifactregistry|bigquery)\..*"),
}
# Approving is updating a model, proposing is uploading it: nobody does both (CIS GCP 1.8, separation of duties).
_PROPOSE, _APPROVE = "aiplatform.models.upload", "aiplatform.models.update"


def _grants(stack: Stack) -> Iterator[PolicyResource]:
    """Every grant of a role to a member, on whatever it is."""
    for resource in stack.resources:
        if resource.resource_type.startswith("gcp:") and resource.resource_type.lower().endswith("iammember"):
            yield resource


@stack_rule(
    "identity-no-wildcard",
    severity=Severity.HIGH,
    says="A grant is a role of the stack, or the predefined one that fits what it is granted on; never a basic role, "
    "an owner's or an administrator's (CIS GCP 1.5).",
    remedy="Put the permissions into the persona's role, or grant the predefined role that only reads, writes or uses.",
)
def no_wildcard(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Basic roles hold thousands of permissions (IAM documentation, "Basic roles"); a project has a rule of its own."""
    for grant in _grants(stack):
        role = known(grant.props, "role")
        if role in _BASIC or re.search(r"([aA]dmin|[oO]wner)$", role):
            yield grant.urn, f"grants {role}"
        elif role.startswith("roles/"):
            if grant.resource_type != _IN_PROJECT and role not in _FITTING.get(grant.resource_type, ()):
                yield grant.urn, f"grants {role}, which is more than what it is granted on needs"
        elif role and not refers(grant, "role", _ROLE):
            yield grant.urn, "grants a role that is not of this stack"


@stack_rule(
    "identity-no-public-member",
    severity=Severity.CRITICAL,
    says="Nothing is granted to everybody, to a whole domain or to whoever owns, edits or views the project.",
    remedy="Name the service account, the group or the person.",
)
def no_public_member(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Members of every grant (CIS GCP 1.9, 5.1), and the access list of every dataset."""
    for grant in _grants(stack):
        if _ANYBODY.fullmatch(known(grant.props, "member")):
            yield grant.urn, f"grants a role to {known(grant.props, 'member')}"
    for dataset in stack.of(_DATASET):
        if not given(dataset.props, "accesses"):
            yield dataset.urn, "lets in whoever may read or write in the project"
        for access in dataset.props.get("accesses") or ():
            group, member = str(access.get("specialGroup")), str(access.get("iamMember"))
            if group not in ("None", "projectOwners") or access.get("domain") or _ANYBODY.fullmatch(member):
                yield dataset.urn, "lets in everybody, a whole domain or whoever may read or write in the project"


@stack_rule(
    "identity-known-members",
    severity=Severity.HIGH,
    says="Every grant is to an account of the stack, an agent of Google's, or the owner of the instance it is on.",
    remedy="Pass the account's member; whoever is of another project gets nothing here.",
)
def known_members(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """By reference, and by what is referred to where that is known: a foreign account's name would carry data out."""
    for grant in _grants(stack):
        member, accounts = known(grant.props, "member"), refers(grant, "member", _ACCOUNT)
        owners = [f"user:{o}" for i in refers(grant, "name", _WORKBENCH) for o in _owners(i.props)]
        named = [known(account.props, "member") for account in accounts if given(account.props, "member")]
        if accounts or owners:
            decidable = member and len(named) == len(accounts) and "" not in named
            if decidable and member not in [*named, *owners]:
                yield grant.urn, f"grants a role to {member}, who is not whom it refers to"
        elif not AGENT.fullmatch(member) and not (refers(grant, "member", _AGENT) and not member):
            yield grant.urn, f"grants a role to {member}, who is no account of this stack"


@stack_rule(
    "identity-no-authoritative",
    severity=Severity.HIGH,
    says="No grant replaces those that others made: a whole policy or binding would take Google's own agents away.",
    remedy="Use the resource that adds one member.",
)
def no_authoritative(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Provider documentation of google_project_iam: `_policy` and `_binding` are authoritative."""
    for resource in stack.resources:
        if re.fullmatch(r"gcp:.*(IAM|Iam)(Policy|Binding)", resource.resource_type):
            yield resource.urn, "replaces the grants that others made"


@stack_rule(
    "identity-project-grants",
    severity=Severity.HIGH,
    says="In the project as a whole only roles of the stack hold, and those of Google's own agents.",
    remedy="Grant on the bucket, repository, key or account; what knows no such grant goes into the persona's role.",
)
def project_grants(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A predefined role in the project needs a condition; an agent's own role is granted to that agent only."""
    for grant in stack.of(_IN_PROJECT):
        role = known(grant.props, "role")
        if role.endswith(".serviceAgent"):
            services = {known(agent.props, "service").partition(".")[0] for agent in refers(grant, "member", _AGENT)}
            if services != {role.removeprefix("roles/").partition(".")[0]}:
                yield grant.urn, f"grants {role} to another than the agent it is for"
        elif role.startswith("roles/") and not given(grant.props, "condition"):
            yield grant.urn, f"grants {role} on everything in the project"


@stack_rule(
    "identity-objects-bounded",
    severity=Severity.HIGH,
    says="Who writes objects writes below a prefix, and what serves or scores reads below one.",
    remedy="Give the grant the identity component's condition on the objects' names.",
)
def objects_bounded(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Cloud Storage documentation, "IAM Conditions": names of objects, and the prefix that a list asks for."""
    running = {a.urn for model in stack.of(_MODEL) for a in refers(model, "serviceAccount", _ACCOUNT)}
    for grant in stack.of(_ON_BUCKET):
        runs = any(account.urn in running for account in refers(grant, "member", _ACCOUNT))
        reads = known(grant.props, "role") == "roles/storage.objectViewer"
        if not given(grant.props, "condition.expression"):
            if runs or not reads or not refers(grant, "bucket", _BUCKET):
                yield grant.urn, "grants every object of the bucket"
        elif text := known(grant.props, "condition.expression"):
            below = _BELOW.fullmatch(text)
            if below is None or known(grant.props, "bucket") not in ("", below["bucket"]):
                yield grant.urn, f"is bounded by no prefix of its bucket: {text[:80]}"


_BELOW = re.compile(
    r'resource\.name\.startsWith\("projects/_/buckets/(?P<bucket>[^/"]+)/objects/(?P<prefix>[^"]+)"\)'
    r'( \|\| api\.getAttribute\("storage\.googleapis\.com/objectListPrefix", ""\)\.startsWith\("(?P=prefix)"\))?'
)


@stack_rule(
    "identity-trust",
    severity=Severity.CRITICAL,
    says="Nobody becomes a persona from outside: no account has a key, a federated identity or a minter of its tokens.",
    remedy="Remove it; a machine runs as the account, and a person acts as it by a grant made by hand.",
)
def trust(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A downloaded key lives ten years (CIS GCP 1.4); whoever mints tokens is the account."""
    for key in stack.of("gcp:serviceaccount/key:Key"):
        yield key.urn, "is a key of an account, which whoever holds it may use"
    for grant in stack.of(_ON_ACCOUNT, _IN_PROJECT):
        if (role := known(grant.props, "role")) in _BECOME:
            yield grant.urn, f"lets its member become the account ({role})"


@stack_rule(
    "identity-pass-role",
    severity=Severity.HIGH,
    says="Who acts as an account does so as that one, by name, and is an account of this stack (CIS GCP 1.6).",
    remedy="Grant roles/iam.serviceAccountUser on the account, to the persona that submits.",
)
def pass_role(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """In the project it would hold for every account, those of other stacks and the default one included."""
    for grant in stack.of(_IN_PROJECT):
        if known(grant.props, "role") == _ACT_AS:
            yield grant.urn, "lets its member act as every account of the project"
    for grant in stack.of(_ON_ACCOUNT):
        if not refers(grant, "serviceAccountId", _ACCOUNT) or not refers(grant, "member", _ACCOUNT):
            yield grant.urn, "names an account that is not of this stack"


@resource_rule(
    "identity-guardrails",
    _ROLE,
    severity=Severity.CRITICAL,
    says="No persona may change who may do what, what is served, the network, keys, logs or spend, nor delete.",
    remedy="Take the permission out of components/gcp/personas.py.",
)
def guardrails(props: Mapping[str, Any]) -> Iterator[str]:
    """Each permission of a role of the stack against GUARDRAILS, and proposing against approving."""
    permissions = [str(permission) for permission in props.get("permissions") or ()]
    for permission in permissions:
        for what, pattern in GUARDRAILS.items():
            if pattern.fullmatch(permission):
                yield f"holds {permission}, which is over {what}"
    if {_PROPOSE, _APPROVE} <= set(permissions):
        yield "both proposes and approves models"


_RUNS_AS = {
    "gcp:cloudscheduler/job:Job": ("httpTarget", "httpTarget.oauthToken.serviceAccountEmail"),
    _WORKFLOW: ("serviceAccount", "serviceAccount"),
    _WORKBENCH: ("gceSetup", "gceSetup.serviceAccounts.email"),
    "mlplatform:gcp:Deployment": ("serviceAccount", "serviceAccount"),
    _MODEL: ("serviceAccount", "serviceAccount"),
}


@stack_rule(
    "identity-run-as",
    severity=Severity.HIGH,
    says="What runs, runs as a persona, never as a default account (CIS GCP 4.1, 4.2).",
    remedy="Pass the persona's account; an e-mail that nobody made may be the project's default account.",
)
def run_as(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """The property must be there and refer to an account of the stack; a batch job names one in its own body."""
    emails = {known(account.props, "email") for account in stack.of(_ACCOUNT) if given(account.props, "email")}
    for type_, (key, path) in _RUNS_AS.items():
        for resource in stack.of(type_):
            if not given(resource.props, path) or not refers(resource, key, _ACCOUNT):
                yield resource.urn, f"runs as no account of the stack ({path})"
    for workflow in stack.of(_WORKFLOW):
        for job in batch_jobs(workflow.props):
            if not job.get("serviceAccount") or ("" not in emails and job["serviceAccount"] not in emails):
                yield workflow.urn, "starts jobs that run as no account of the stack"


@resource_rule(
    "identity-token-shown",
    "gcp:cloudscheduler/job:Job",
    _WORKFLOW,
    severity=Severity.HIGH,
    says="A schedule and a workflow show their persona's token to Google's APIs only.",
    remedy="Call an address below https://….googleapis.com.",
)
def token_shown(props: Mapping[str, Any]) -> Iterator[str]:
    """Whoever gets an OAuth token acts as the persona (Cloud Scheduler, "Use authentication with HTTP targets")."""
    text = str(props["sourceContents"]) if "sourceContents" in props else known(props, "httpTarget.uri")
    called = re.findall(r"\w+://[^/\"\s\\]+", text)
    if text and not called:
        yield "calls nothing, or where nobody can tell"
    for host in called:
        if not re.fullmatch(r"https://[a-z0-9.-]+\.googleapis\.com", host) and not host.startswith("gs://"):
            yield f"shows its token to {host}"


@resource_rule(
    "identity-workspace-owner",
    _WORKBENCH,
    severity=Severity.HIGH,
    says="A Workbench instance is one person's, who is not root, downloads nothing, and boots what Google signed.",
    remedy="Set one instance owner, the notebook-disable-* metadata and all three of shielded_instance_config.",
)
def workspace_owner(props: Mapping[str, Any]) -> Iterator[str]:
    """Workbench documentation, "Manage features through metadata"; Shielded VM is CIS GCP 4.8."""
    if len(_owners(props)) != 1:
        yield "is not one person's"
    metadata = section(props, "gceSetup.metadata")
    for switch in ("notebook-disable-root", "notebook-disable-downloads", "notebook-disable-nbconvert"):
        if str(metadata.get(switch)).lower() != "true":
            yield f"leaves {switch} off"
    for switch in ("enableSecureBoot", "enableVtpm", "enableIntegrityMonitoring"):
        if get(props, f"gceSetup.shieldedInstanceConfig.{switch}") is not True:
            yield f"leaves {switch} off"


def _owners(props: Mapping[str, Any]) -> list[Any]:
    try:
        return as_list(props.get("instanceOwners"))
    except UnknownValueError:
        return ["one not known yet"]


RULES = [
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
    token_shown,
    workspace_owner,
]
