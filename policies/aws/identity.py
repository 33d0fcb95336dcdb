"""Identity: least privilege for each persona, and guardrails that no persona's own policy can lift."""

import re
from collections.abc import Iterator, Mapping

from catalogue.graph import Graph, Resource
from catalogue.iam import allows, conditions, conditions_of, matches, meet, name_of, principals, statements
from catalogue.kinds.aws import count, iam, s3, sns, studio
from catalogue.properties import Properties
from policies import given
from policies.aws.documents import beyond_a_name, has_no_resource, is_anybody, signed_in
from policies.aws.experiments import recorded
from policies.aws.guarded import weak
from policies.rule import Found, callers, named_by, named_places, resource_rule, stack_rule, whole_stack_rule

# Actions for which IAM has no resource but `*` (Service Authorization Reference).
WITHOUT_RESOURCE = {
    "cloudwatch:PutMetricData",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "ecr:GetAuthorizationToken",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "sagemaker:ListApps",
    "sagemaker:ListDomains",
    "sagemaker:ListSpaces",
    "sagemaker:ListTransformJobs",
    "sagemaker:ListUserProfiles",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}

_JOB, _TUNE = "sagemaker:CreateTrainingJob", "sagemaker:CreateHyperParameterTuningJob"
_PROCESS, _TRANSFORM = "sagemaker:CreateProcessingJob", "sagemaker:CreateTransformJob"
_MODEL, _CONFIG = "sagemaker:CreateModel", "sagemaker:CreateEndpointConfig"

_EXCEPTING_MACHINES = frozenset({("ForAnyValue:StringNotEquals", "sagemaker:InstanceTypes")})

# Each guardrail: the actions that a deny statement must cover, and its one condition. A second key in the same block
# would be ANDed and let the action pass, so each guardrail has its own statement. Only the statement on the volume key
# may except machine types, for those with local NVMe refuse a key.
GUARDRAILS: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "jobs and models outside the subnets": ((_MODEL, _JOB, _TUNE, _PROCESS), "Null", "sagemaker:VpcSubnets"),
    "jobs and models without a security group": (
        (_MODEL, _JOB, _TUNE, _PROCESS),
        "Null",
        "sagemaker:VpcSecurityGroupIds",
    ),
    "containers without network isolation": (
        (_MODEL, _JOB, _TUNE, _PROCESS),
        "BoolIfExists",
        "sagemaker:NetworkIsolation",
    ),
    "clear traffic between containers": (
        (_JOB, _TUNE, _PROCESS),
        "BoolIfExists",
        "sagemaker:InterContainerTrafficEncryption",
    ),
    "volumes without a key": ((_CONFIG, _TRANSFORM, _JOB, _TUNE, _PROCESS), "Null", "sagemaker:VolumeKmsKey"),
    "output without a key": ((_TRANSFORM, _JOB, _TUNE, _PROCESS), "Null", "sagemaker:OutputKmsKey"),
    "hardware that the pilot did not choose": (
        (_CONFIG, _TRANSFORM, _JOB, _TUNE, _PROCESS),
        "ForAnyValue:StringNotEquals",
        "sagemaker:InstanceTypes",
    ),
    "applications of Studio on hardware that the workspace did not choose": (
        ("sagemaker:CreateApp", "sagemaker:CreateSpace", "sagemaker:UpdateSpace"),
        "ForAnyValue:StringNotEquals",
        "sagemaker:InstanceTypes",
    ),
    "jobs without a time limit": ((_JOB, _PROCESS), "Null", "sagemaker:MaxRuntimeInSeconds"),
    "jobs beyond the time limit": ((_JOB, _PROCESS), "NumericGreaterThan", "sagemaker:MaxRuntimeInSeconds"),
    "serverless endpoints, which take no VPC": ((_CONFIG,), "Null", "sagemaker:ServerlessMaxConcurrency"),
    "Studio on the internet": (
        ("sagemaker:CreateDomain", "sagemaker:UpdateDomain"),
        "StringNotEquals",
        "sagemaker:AppNetworkAccessType",
    ),
    "approval by others than the approver": (
        ("sagemaker:UpdateModelPackage",),
        "ArnNotEquals",
        "aws:PrincipalArn",
    ),
    "model versions approved at birth": (
        ("sagemaker:CreateModelPackage",),
        "StringNotEquals",
        "sagemaker:ModelApprovalStatus",
    ),
    "data written to another account's bucket": (
        ("s3:PutObject", "s3:PutObjectAcl"),
        "StringNotEquals",
        "aws:ResourceAccount",
    ),
    "another region": (("sagemaker:*",), "StringNotEquals", "aws:RequestedRegion"),
}


_ATTACHMENTS = tuple(
    f"aws:iam/{name[0].lower()}{name[1:]}:{name}"
    for name in ("RolePolicyAttachment", "UserPolicyAttachment", "GroupPolicyAttachment", "PolicyAttachment")
)
"""What gives an identity a policy by its ARN. No stack of ours has one; most other programs do."""


@stack_rule(
    "identity-no-wildcard",
    iam.ROLE,
    iam.ROLE_POLICY,
    iam.POLICY,
    *_ATTACHMENTS,
    severity="high",
    says="No policy grants a wildcard action, or every resource where a name or a condition can narrow the grant.",
    remedy="Name the actions, and the ARNs that the persona needs.",
)
def no_wildcard(graph: Graph, resource: Resource) -> Iterator[str]:
    """`*` is accepted as a resource under a condition, and for actions that have no resource. It never is in an action.
    A condition that holds for a request without its key narrows nothing.

    A managed policy is given by its ARN only, so its statements cannot be read here, unless the stack makes it. Every
    key of an account is every resource to whoever decrypts (AWS Security Hub KMS.1, KMS.2).
    """
    props = resource.props
    if resource.type in _ATTACHMENTS:
        if not graph.refers(resource, "policyArn", iam.POLICY):
            named = props.text_if_known("policyArn") or "not known yet"
            yield f"attaches a managed policy, whose statements no rule reads ({named})"
        return
    own = _only_denying(graph, resource)
    attached = [*filter(None, props.each_text_if_known("managedPolicyArns"))]
    beside = [arn for arn in attached if arn not in {one.props.text_if_known("arn") for one in own}]
    if beside or count(props, "managedPolicyArns") > len(own):
        named = "".join(f" ({arn})" for arn in [*beside, *attached][:1])
        yield f"has a managed policy, whose statements no rule reads{named}"
    for statement in filter(allows, _granted(props)):
        sid, actions = name_of(statement), list(statement.each_text("Action"))
        if "NotAction" in statement or "NotResource" in statement:
            yield f"{sid} grants everything but a list"
        if wild := [action for action in actions if "*" in action]:
            yield f"{sid} grants the wildcard action {wild[0]}"
        places, free = list(statement.each_text("Resource")), all(one.admits() for one in conditions_of(statement))
        if "*" in places and free:
            needless = sorted(one for one in set(actions) - WITHOUT_RESOURCE - _PULL if not has_no_resource(one))
            if needless:
                yield f"{sid} grants {needless[0]} on every resource"
        elif free and any(_EVERY_KEY.fullmatch(one) for one in places):
            yield from (f"{sid} grants {one} by every key" for one in actions if one.lower() in _DECRYPTS)
        for one in places if free and not wild else ():
            if wide := beyond_a_name(one):
                yield f"{sid} grants {', '.join(actions[:1])} on {one}, which is {wide}"


def _granted(props: Properties) -> Iterator[Properties]:
    """Every statement of a policy, or of each policy that a role holds inline."""
    for holder in (props, *props.each_section("inlinePolicies")):
        yield from statements(holder, "policy")


_EVERY_KEY = re.compile(r"arn:aws[a-z-]*:kms:[^:]*:[^:]*:(key/)?\*")
_DECRYPTS = {"kms:decrypt", "kms:reencryptfrom"}

# For AWS's prebuilt images. Their registries are in AWS's own accounts, which the boundary's cap cannot bind.
_PULL = {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}


@stack_rule(
    "identity-boundary",
    iam.ROLE,
    studio.DOMAIN,
    studio.USER_PROFILE,
    severity="high",
    says="Every role has a permissions boundary.",
    remedy="Set permissions_boundary to the identity component's boundary.",
)
def boundary(graph: Graph, resource: Resource) -> Iterator[str]:
    """The property must be present.

    In Studio people work only as roles of the stack, for others may have no boundary.
    """
    if resource.type == iam.ROLE:
        if not resource.props.is_given("permissionsBoundary"):
            yield "has no permissions boundary"
        return
    ours = {role.props.text_if_known("arn") for role in graph.of(iam.ROLE)} - {""}
    for settings in _SETTINGS:
        named = resource.props.section_or_empty(settings).text_if_known("executionRole")
        if named and ours and named not in ours:
            yield f"lets people work as {named}, which is no role of the stack: its permissions boundary is unknown"


_OTHER_ACCOUNT = {("StringEquals", "sts:ExternalId"), ("StringEquals", "aws:PrincipalOrgID")}
"""What tells one account's calls from those that it makes for a third (IAM user guide, "The confused deputy problem").
"""
_OWN_SOURCE = {("StringEquals", "aws:SourceAccount"), ("ArnLike", "aws:SourceArn")}


@stack_rule(
    "identity-trust",
    iam.ROLE,
    severity="high",
    says="A role is assumed only by a service that acts for this account, by a person whose sign-in had MFA, or by a "
    "caller that the stack file names, with an external id where it is of another account.",
    remedy="Add aws:SourceAccount to a service's trust; to a person's MFA or Identity Center's path. Name a program "
    "that calls under callers, and add sts:ExternalId where its account is another.",
)
def trust(graph: Graph, role: Resource) -> Iterator[str]:
    """A role is not open to anybody, to a service without source (IAM guide, confused deputy), or without MFA.

    A session of IAM Identity Center carries no aws:MultiFactorAuthPresent; its sign-in demands MFA. A role on its path,
    which is reserved, stands for it:
    https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
    Nobody but a caller is of another account than the stack's, where that is known.
    """
    programs = {caller.identity for caller in callers(graph) if caller.identity}
    account = graph.placement.account if graph.placement else ""
    for statement in filter(allows, statements(role.props, "assumeRolePolicy")):
        principal, bound = principals(statement), conditions(statement)
        if is_anybody(principal):
            yield "may be taken by anybody"
        if "Service" in principal and not (bound & _OWN_SOURCE and _of_account(statement, account)):
            yield "may be taken by a service on behalf of another account"
        mfa = list(statement.section_or_empty("Condition.Bool").each_text("aws:MultiFactorAuthPresent"))
        with_mfa = mfa == ["true"] or signed_in(statement)
        people = sorted({*principal.get("AWS", ())} - programs)
        if people and not with_mfa:
            yield "may be taken by a person without MFA"
        for person in people:
            if account and "*" not in person and (person.split(":")[4:5] or [person]) != [account]:
                yield f"may be taken by {person}, who is of another account and no caller of the stack file"
        for program in sorted(programs & {*principal.get("AWS", ())}):
            if program.split(":")[4] != account and not bound & _OTHER_ACCOUNT:
                yield f"may be taken by {program} of another account, which says no external id"
            for does in _beside_calls(graph, role):
                yield f"may be taken by {program}, which is to call endpoints, and lets it {does}"
        for kind in sorted(set(principal) - {"*", "AWS", "Service"}):
            yield f"may be assumed by a principal of the kind {kind}, which no rule can judge"
    named = [one for one in statements(role.props, "assumeRolePolicy") if _takes_a_name(one, programs)]
    free = any("sts:sourceidentity" not in {c.key.lower() for c in conditions_of(one) if c.binds} for one in named)
    if free and _opens_by_name(graph, role):
        yield "may be taken under any name, by which Studio then opens as anybody"


def _takes_a_name(statement: Properties, programs: set[str]) -> bool:
    """Whether a statement lets people take a role; a program that calls has no name of Studio's."""
    return allows(statement) and bool({*principals(statement).get("AWS", ())} - programs)


def _opens_by_name(graph: Graph, role: Resource) -> bool:
    """Whether a role does something by the name with which it was taken: whoever takes it must give their own.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    held = [role.props, *(policy.props for policy in graph.referring(iam.ROLE_POLICY, "role", role))]
    granted = (statement for props in held for statement in filter(allows, _granted(props)))
    return any("${aws:SourceIdentity}" in arn for statement in granted for arn in statement.each_text("Resource"))


def _of_account(statement: Properties, account: str) -> bool:
    """Whether each source that a service must act for is of the account, as far as one is known."""
    named = list(statement.section_or_empty("Condition.StringEquals").each_text("aws:SourceAccount"))
    arns = list(statement.section_or_empty("Condition.ArnLike").each_text("aws:SourceArn"))
    whose = {*named, *(part for arn in arns for part in arn.split(":")[4:5])}
    if any("*" in one or "?" in one for one in whose):
        return False
    # A bucket's ARN names no account, and needs the other key beside it.
    return not account or (account in whose and whose <= {account, ""})


_CALLS = {"sagemaker:invokeendpoint", "sagemaker:invokeendpointasync"}
"""What a caller may do, in lower case."""


def _beside_calls(graph: Graph, role: Resource) -> Iterator[str]:
    """What a role lets whoever takes it do beside calls of the stack's own endpoints."""
    zone = given.zone(graph)
    named = f"{zone.name_prefix if zone else ''}{graph.stack}"
    own = f":{graph.placement.account}:endpoint/{named}-" if graph.placement else ""
    held = [role.props, *(policy.props for policy in graph.referring(iam.ROLE_POLICY, "role", role))]
    for statement in (s for props in held for s in filter(allows, _granted(props))):
        if _is_of_queue(graph, statement):
            continue
        beside = sorted(act for act in statement.each_text("Action") if act.lower() not in _CALLS)
        other = sorted(arn for arn in statement.each_text("Resource") if own not in arn)
        yield from [f"do {act}" for act in beside] or [f"call {arn}" for arn in other]


_QUEUE = {"s3:PutObject": "async/input/*", "s3:GetObject": "async/*"}
"""What a call of an asynchronous endpoint takes beside, below the stack's own bucket: the request is written, and its
answer read. https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-invoke-endpoint.html"""
_SEAL = {"kms:Decrypt", "kms:GenerateDataKey"}
_BUCKET_KEY = "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId"


def _is_of_queue(graph: Graph, statement: Properties) -> bool:
    """Whether a statement grants the place of requests and answers in a bucket of the stack, or the data key for it."""
    actions, resources = set(statement.each_text("Action")), set(statement.each_text("Resource"))
    if actions <= _SEAL:
        used = {key for bucket in graph.of(s3.ENCRYPTION) for key in bucket.props.each_text(_BUCKET_KEY)}
        return bool(resources) and resources <= used
    buckets = [bucket.props.text_or_empty("bucket") for bucket in graph.of(s3.BUCKET)]
    if len(actions) != 1 or not actions <= set(_QUEUE):
        return False
    (below,) = {_QUEUE[action] for action in actions}
    return resources <= {f"arn:aws:s3:::{bucket}/{below}" for bucket in buckets}


@stack_rule(
    "identity-pass-role",
    iam.ROLE,
    iam.ROLE_POLICY,
    iam.POLICY,
    severity="high",
    says="A role is passed by name, and only to the service that needs it.",
    remedy="Name the role's ARN and add the condition iam:PassedToService.",
)
def pass_role(graph: Graph, resource: Resource) -> Iterator[str]:
    """iam:PassRole needs both a named role and iam:PassedToService. IAM takes an action in upper and lower case.

    A boundary passes nothing on: it bounds what the policies of its roles grant. A service that the trust of the role
    does not name cannot take it: it is named by mistake, or the trust is to be widened next.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    if graph.referring(iam.ROLE, "permissionsBoundary", resource):
        return
    for statement in filter(allows, _granted(resource.props)):
        if "iam:passrole" in (action.lower() for action in statement.each_text("Action")):
            if any("*" in one for one in statement.each_text("Resource")):
                yield "passes roles by a wildcard"
            if ("StringEquals", "iam:PassedToService") not in conditions(statement):
                yield "passes a role to any service"
            services = {*statement.section_or_empty("Condition.StringEquals").each_text("iam:PassedToService")}
            for role in _named_roles(graph, statement):
                for service in sorted(services - _trusted(role)):
                    yield f"passes {role.name} to {service}, which its trust does not let take it"


def _named_roles(graph: Graph, statement: Properties) -> list[Resource]:
    """The roles of the graph that a statement names by their ARN."""
    named = {*statement.each_text("Resource")}
    return [role for role in graph.of(iam.ROLE) if role.props.text_if_known("arn") in named - {""}]


def _trusted(role: Resource) -> set[str]:
    trusting = filter(allows, statements(role.props, "assumeRolePolicy"))
    return {service for one in trusting for service in principals(one).get("Service", ())}


_SAGEMAKER = "sagemaker.amazonaws.com"
_SETTINGS = ("defaultUserSettings", "defaultSpaceSettings", "userSettings")


@stack_rule(
    "identity-studio-name",
    studio.DOMAIN,
    severity="critical",
    says="Where Studio hands on the name of who works, each role that it starts lets it.",
    remedy="Add sts:SetSourceIdentity to the trust of the execution role, and of each role that it passes.",
)
def studio_name(graph: Graph, resource: Resource) -> Iterator[str]:
    """executionRoleIdentityConfig USER_PROFILE_NAME needs sts:SetSourceIdentity in the trust, or no app or job starts.

    https://docs.aws.amazon.com/sagemaker/latest/dg/monitor-user-access-how-to.html
    """
    if resource.props.text_or_empty("domainSettings.executionRoleIdentityConfig") != "USER_PROFILE_NAME":
        return
    of_people = [resource, *graph.referring(studio.USER_PROFILE, "domainId", resource)]
    starts = [role for one in of_people for key in _SETTINGS for role in graph.refers(one, key, iam.ROLE)]
    roles = {role.urn: role for role in [*starts, *(other for role in starts for other in _passed(graph, role))]}
    for role in roles.values():
        trusted = filter(allows, statements(role.props, "assumeRolePolicy"))
        said = [s.each_text("Action") for s in trusted if _SAGEMAKER in principals(s).get("Service", ())]
        if not any("sts:SetSourceIdentity" in actions for actions in map(list, said)):
            yield f"hands on the name of who works, which the trust of {role.name} does not let it"


def _passed(graph: Graph, role: Resource) -> Iterator[Resource]:
    """The roles of the stack that a role may pass on."""
    own = [role.props, *(policy.props for policy in graph.referring(iam.ROLE_POLICY, "role", role))]
    for statement in (s for props in own for s in filter(allows, _granted(props))):
        if "iam:passrole" in (action.lower() for action in statement.each_text("Action")):
            named = [arn.rpartition("/")[2] for arn in statement.each_text("Resource")]
            yield from (other for other in graph.of(iam.ROLE) if other.props.text_or_empty("name") in named)


@whole_stack_rule(
    "identity-people-listed",
    studio.DOMAIN,
    studio.USER_PROFILE,
    severity="high",
    says="Studio has a profile for each person whom the stack file names, and for nobody else.",
    remedy="Name the person under workspace.users in the stack file; or take the profile out.",
)
def people_listed(graph: Graph) -> Found:
    """Who has a profile works as the data scientist persona. Another program has no such list, and is not asked.

    With AuthMode SSO, IAM Identity Center says who has a profile, and no role of the stack is taken on the way in:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateUserProfile.html
    """
    users = set(graph.placement.users) if graph.placement else set[str]()
    if not users:
        return
    for domain in graph.of(studio.DOMAIN):
        if (by := domain.props.text_or_empty("authMode")) not in ("", "IAM"):
            yield domain, f"lets in whom {by} assigns to it, past the role that people take"
    profiles = [(one, one.props.text_if_known("userProfileName")) for one in graph.of(studio.USER_PROFILE)]
    for profile, name in profiles:
        if name and name not in users:
            yield profile, f"lets {name} work in Studio, whom the stack file does not name"
    names = {name for _, name in profiles}
    for domain in graph.of(studio.DOMAIN) if "" not in names else ():
        for name in sorted(users - names):
            yield domain, f"has no profile for {name}, whom the stack file names"


_OPENS = "sagemaker:CreatePresignedDomainUrl"
_OWNED = {"sagemaker:DeleteApp", "sagemaker:DeleteSpace", "sagemaker:UpdateSpace"}
_STACK = "aws:ResourceTag/stack"
_OWNER, _AT_BIRTH = "sagemaker:OwnerUserProfileArn", "sagemaker:TaggingAction"


@resource_rule(
    "identity-own-profile",
    iam.ROLE,
    iam.ROLE_POLICY,
    severity="high",
    says="People open their own profile of Studio, and change what is their own.",
    remedy="Name ${sagemaker:DomainId}/${sagemaker:UserProfileName}, and bind sagemaker:OwnerUserProfileArn to it; who "
    "opens Studio has the profile */${aws:SourceIdentity} with the tag of the stack.",
)
def own_profile(props: Properties) -> Iterator[str]:
    """A grant on every profile lets each person open each other's notebooks, as who they are.

    https://docs.aws.amazon.com/sagemaker/latest/dg/studio-updated-spaces-access.html
    """
    for statement in filter(allows, _granted(props)):
        actions = set(statement.each_text("Action"))
        if _OPENS in actions and not all(_opened(statement, arn) for arn in statement.each_text("Resource")):
            yield f"{name_of(statement)} lets a person open Studio as any other"
        if (taken := sorted(actions & _OWNED)) and not _own_alone(statement):
            yield f"{name_of(statement)} grants {taken[0]} on what is another person's"
        of_studio = any(":app/" in arn or ":space/" in arn for arn in statement.each_text("Resource"))
        if "sagemaker:AddTags" in actions and of_studio and ("Null", _AT_BIRTH) not in conditions(statement):
            yield f"{name_of(statement)} lets a person put other tags on what is another person's"


def _opened(statement: Properties, arn: str) -> bool:
    """One profile, or that of the session's own name in whichever domain has the tag."""
    if not arn.endswith(":user-profile/*/${aws:SourceIdentity}"):
        return _one_profile(arn)
    return any("*" not in tag for tag in statement.section_or_empty("Condition.StringEquals").each_text(_STACK))


def _only_denying(graph: Graph, role: Resource) -> list[Resource]:
    """The policies of the stack that a role has attached, which grant nothing: what it may do, its own policy says."""
    attached = graph.refers(role, "managedPolicyArns", iam.POLICY)
    return [one for one in attached if not any(map(allows, statements(one.props, "policy")))]


def _one_profile(arn: str) -> bool:
    _, _, profile = arn.partition(":user-profile/")
    return profile.count("/") == 1 and "*" not in profile and "?" not in profile


def _own_alone(statement: Properties) -> bool:
    """Bound to the owner's profile, or to what has no owner and stands below a profile by name."""
    for operator in ("ArnLike", "ArnEquals", "StringLike", "StringEquals"):
        if owners := list(statement.section_or_empty(f"Condition.{operator}").each_text(_OWNER)):
            return all(map(_one_profile, owners))
    without = list(statement.section_or_empty("Condition.Null").each_text(_OWNER)) == ["true"]
    below = [arn.partition(":app/")[2].split("/") for arn in statement.each_text("Resource")]
    return without and all(len(parts) > 2 and "*" not in parts[1] for parts in below)


@stack_rule(
    "identity-guardrails",
    iam.POLICY,
    iam.ROLE,
    severity="critical",
    says="The permissions boundary denies what no persona may do, with one statement for each condition.",
    remedy="Restore the statement in components/aws/guardrails.py.",
)
def guardrails(graph: Graph, resource: Resource) -> Iterator[str]:
    """Every policy that a role has as its boundary carries every guardrail, with values of the stack's own.

    A boundary that is not the stack's cannot be read here. What the role has attached carries the guardrails then. What
    the boundary itself lets nobody be granted needs no deny in it.
    """
    grantable = ["*"]
    if resource.type == iam.ROLE:
        boundary, own = "permissionsBoundary", graph.referring(iam.ROLE_POLICY, "role", resource)
        if not resource.props.is_given(boundary) or graph.refers(resource, boundary, iam.POLICY):
            return
        said = [resource.props, *(policy.props for policy in own)]
        denies = [s for props in said for s in _granted(props) if not allows(s)]
        denies += [s for one in _only_denying(graph, resource) for s in statements(one.props, "policy")]
    elif graph.referring(iam.ROLE, "permissionsBoundary", resource):
        said = statements(resource.props, "policy")
        denies = [s for s in said if not allows(s)]
        grantable = _grantable([s for s in said if allows(s)])
    else:
        return
    for what, (actions, operator, key) in GUARDRAILS.items():
        covered, spared = set[str](), ""
        for statement in (one for one in denies if _everywhere(graph, one, key)):
            beside = _EXCEPTING_MACHINES if key == "sagemaker:VolumeKmsKey" else frozenset[tuple[str, str]]()
            if conditions(statement) - beside == {(operator, key)}:
                if found := [one for c in conditions_of(statement) for one in weak(graph, c, key, actions)]:
                    spared = f", but for {found[0]}"
                else:
                    covered |= set(statement.each_text("Action"))
        needed = [one for one in actions if any(meet(said, one) for said in grantable)]
        if missing := sorted(one for one in needed if not any(matches(said, one, {}) for said in covered)):
            yield f"does not deny {what} to {missing[0]} ({operator} {key}){spared}"


def _grantable(allowing: list[Properties]) -> list[str]:
    """The actions, or patterns of them, that the allowing statements of a boundary let be granted."""
    if any("NotAction" in statement for statement in allowing):
        return ["*"]
    return [action for statement in allowing for action in statement.each_text("Action")]


def _everywhere(graph: Graph, denied: Properties, key: str) -> bool:
    """Whether a deny holds everywhere: but for the runs, where it is on isolation, that the stack file has recorded."""
    if "NotResource" in denied:
        return key == "sagemaker:NetworkIsolation" and {*denied.each_text("NotResource")} <= {*recorded(graph)}
    return list(denied.each_text("Resource")) == ["*"]


@resource_rule(
    "identity-topic-policy",
    sns.TOPIC_POLICY,
    severity="medium",
    says="A topic takes messages only on behalf of this account.",
    remedy="Add aws:SourceAccount to the statement.",
)
def topic_policy(props: Properties) -> Iterator[str]:
    """Confused deputy, as for roles: a service may publish for any account unless bound to one."""
    for statement in filter(allows, statements(props, "policy")):
        if ("StringEquals", "aws:SourceAccount") not in conditions(statement):
            yield f"{name_of(statement)} lets a service publish for any account"


def _trusts(graph: Graph, policy: Resource) -> list[Properties]:
    """Who may take the role of a policy: the statements of its trust."""
    roles = graph.refers(policy, "role", iam.ROLE)
    return [s for role in roles for s in statements(role.props, "assumeRolePolicy")]


@stack_rule(
    "identity-written-places",
    iam.ROLE_POLICY,
    severity="medium",
    says="The stack writes to its own buckets, and to those of others that the stack file names.",
    remedy="In the stack file, point the output_uri, or a training job's checkpoint_uri, at the stack's own bucket, or "
    "name the bucket under sources, with its account and who lets the stack in.",
    mandatory=False,
)
def written_places(graph: Graph, policy: Resource) -> Iterator[str]:
    """Another stack's bucket has a policy and a key that know nothing of this stack, and goes when that stack goes.

    A name tells no account, so this is advice: the permissions boundary denies writing to another account anyway. A
    person who uploads an artifact is not the stack: a role that no service takes is not judged.
    """
    trusts = _trusts(graph, policy)
    if trusts and not any("Service" in principals(s) for s in trusts):
        return
    known = {bucket.props.text_if_known("bucket") for bucket in graph.of(s3.BUCKET)} | named_places(graph)
    for statement in filter(allows, _granted(policy.props)):
        if "s3:PutObject" in statement.each_text("Action"):
            arns = statement.each_text("Resource")
            for bucket in sorted({arn.removeprefix("arn:aws:s3:::").partition("/")[0] for arn in arns}):
                if bucket not in known and f"s3://{bucket}" not in known:
                    yield f"lets the stack write to s3://{bucket}, which it does not make{named_by(graph, f's3://{bucket}')}"


RULES = [
    no_wildcard,
    boundary,
    trust,
    pass_role,
    studio_name,
    people_listed,
    own_profile,
    guardrails,
    topic_policy,
    written_places,
]
