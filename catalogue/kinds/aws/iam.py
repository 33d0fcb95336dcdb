"""AWS IAM: roles and what they may do. IAM is free and stands in no region."""

from catalogue.kind import documented, setting
from catalogue.kinds.aws import READ, registry, tagged

POLICY = "aws:iam/policy:Policy"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"

_IAM = documented("https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction.html", READ)

KINDS = (
    setting(POLICY, "IAM", _IAM, tags=tagged(POLICY)),
    setting(ROLE, "IAM", _IAM, tags=tagged(ROLE)),
    setting(ROLE_POLICY, "a role", registry(ROLE_POLICY)),
)
