"""Organization Policy: what nobody below an organization, a folder or a project may make."""

from catalogue.answers import Answer, Request
from catalogue.behaviour import Behaviour
from catalogue.kind import Holds, No, documented, setting
from catalogue.kinds.gcp import READ, acting, in_terraform, registry

POLICY = "gcp:orgpolicy/policy:Policy"
CONSTRAINT = "gcp:orgpolicy/customConstraint:CustomConstraint"

_FREE = documented("https://cloud.google.com/resource-manager/pricing", READ)
_POLICY, _CONSTRAINT = registry("orgpolicy/policy"), registry("orgpolicy/customconstraint")


def _policy(request: Request) -> Answer:
    return Answer(str(request.inputs["name"]), {})


def _constraint(request: Request) -> Answer:
    return Answer(f"{request.inputs['parent']}/customConstraints/{request.inputs['name']}", {})


KINDS = (
    setting(
        POLICY,
        "an organization",
        _POLICY,
        bills=No("organization policies are free", _FREE),
        holds=Holds("guard", _POLICY),
        acts=acting("orgpolicy", _policy, Behaviour(name="name")),
        renders=in_terraform("google_org_policy_policy"),
    ),
    setting(
        CONSTRAINT,
        "an organization",
        _CONSTRAINT,
        bills=No("organization policies are free", _FREE),
        holds=Holds("guard", _CONSTRAINT),
        acts=acting("orgpolicy", _constraint, Behaviour(name="name", pattern=r"custom\.[A-Za-z0-9]{1,63}")),
        renders=in_terraform("google_org_policy_custom_constraint"),
    ),
)
