"""AWS Organizations: policies that bind every account below the unit that they are attached to."""

from catalogue.answers import Answer, Request
from catalogue.behaviour import Behaviour, Ref
from catalogue.kind import Holds, No, documented, setting
from catalogue.kinds.aws import READ, acts, registry, tagged, terraform

POLICY = "aws:organizations/policy:Policy"
ATTACHMENT = "aws:organizations/policyAttachment:PolicyAttachment"

_FREE = documented("https://aws.amazon.com/organizations/faqs/", READ)


def _policy(request: Request) -> Answer:
    """An id of eight digits; the organization's own is not known here."""
    id_, type_ = f"p-{request.hex(8)}", str(request.inputs.get("type", "SERVICE_CONTROL_POLICY")).lower()
    return Answer(id_, {"arn": f"arn:aws:organizations::{request.account}:policy/o-{request.hex(10)}/{type_}/{id_}"})


def _attachment(request: Request) -> Answer:
    return Answer(f"{request.inputs['targetId']}:{request.inputs['policyId']}", {})


_POLICY_ACTS = acts(
    "organizations",
    _policy,
    Behaviour(
        name="name",
        pattern=r"[\s\S]{1,128}",
        unique="{account} {name}",
        exists="DuplicatePolicyException: A policy with the same name already exists.",
    ),
)
_ATTACHMENT_ACTS = acts(
    "organizations",
    _attachment,
    Behaviour(refs=(Ref("policyId", (POLICY,), holds=True),)),
)

KINDS = (
    setting(
        POLICY,
        "an organization",
        registry(POLICY),
        tags=tagged(POLICY),
        bills=No("AWS Organizations is free", _FREE),
        holds=Holds("guard", registry(POLICY)),
        acts=_POLICY_ACTS,
        renders=terraform("organizations_policy"),
    ),
    setting(
        ATTACHMENT,
        "a policy",
        registry(ATTACHMENT),
        bills=No("AWS Organizations is free", _FREE),
        holds=Holds("guard", registry(ATTACHMENT)),
        acts=_ATTACHMENT_ACTS,
        renders=terraform("organizations_policy_attachment"),
    ),
)
