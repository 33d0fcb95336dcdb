"""AWS IAM: roles and what they may do. IAM is free and has no region."""

from catalogue.answers import Answer, Request, by_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.kind import No, documented, from_source, setting
from catalogue.kinds.aws import READ, acts, registry, tagged, terraform

POLICY = "aws:iam/policy:Policy"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"

_TRIES_AGAIN = from_source(
    "https://github.com/hashicorp/terraform-provider-aws/blob/v6.46.0/internal/service/sfn/state_machine.go",
    "2026-11-27",
)
# RetryWhenAWSErrCodeEquals with AccessDeniedException, for five minutes. CreateModel (sagemaker/model.go) and
# CreateSchedule (scheduler/schedule.go, retryWhenIAMNotPropagated) alike. CreateDomain and CreateUserProfile are not
# tried again; the provider's own example makes a domain right after its role, and no report says that it is refused.
_KNOWN_LATE = No(
    "the provider tries a model, a state machine and a schedule again for minutes where they do not know a new role or "
    "its rights yet; a domain and a profile are not known to refuse one",
    _TRIES_AGAIN,
)
_IAM = documented("https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction.html", READ)


def _role_policy(request: Request) -> Answer:
    name = request.physical_name()
    return Answer(f"{request.inputs['role']}:{name}", {"name": name})


_POLICY_ACTS = acts(
    "iam",
    by_name("arn:aws:iam::{account}:policy/{name}", id_from="arn"),
    Behaviour(name="name", pattern=r"[\w+=,.@-]{1,128}"),
)


def _role(request: Request) -> Answer:
    """A role's ARN has its path before its name."""
    path = str(request.inputs.get("path") or "/")
    return by_name(f"arn:aws:iam::{{account}}:role{path}{{name}}", uniqueId="AROA{hex}")(request)


_ROLE_ACTS = acts(
    "iam",
    _role,
    Behaviour(
        name="name",
        pattern=r"[\w+=,.@-]{1,64}",
        unique="{account} {name}",
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
        exists="EntityAlreadyExists: Role with name {name} already exists.",
        refs=(Ref("permissionsBoundary", (POLICY,), holds=True), Ref("managedPolicyArns[]", (POLICY,), holds=True)),
    ),
)
_ROLE_POLICY_ACTS = acts(
    "iam",
    _role_policy,
    Behaviour(
        name="name",
        pattern=r"[\w+=,.@-]{1,128}",
        refs=(Ref("role", (ROLE,), holds=True),),
        second="changes",
    ),
)

KINDS = (
    setting(
        POLICY,
        "IAM",
        _IAM,
        tags=tagged(POLICY),
        acts=_POLICY_ACTS,
        renders=terraform("iam_policy"),
    ),
    setting(
        ROLE,
        "IAM",
        _IAM,
        tags=tagged(ROLE),
        acts=_ROLE_ACTS,
        renders=terraform("iam_role"),
        settles=_KNOWN_LATE,
    ),
    setting(
        ROLE_POLICY,
        "a role",
        registry(ROLE_POLICY),
        ripens=_KNOWN_LATE,
        acts=_ROLE_POLICY_ACTS,
        renders=terraform("iam_role_policy"),
    ),
)
