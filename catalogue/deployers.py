"""The roles that whoever deploys is given on each platform, and what each of them allows.

The manual steps, docs/deploy.md, `mlplatform doctor` and the sandbox read this and nothing else. The rights that a kind
of resource asks for stand in its record.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal

from catalogue.generated import Role, generated
from catalogue.kind import Evidence, Rights, documented
from catalogue.kinds import kind_of, kinds
from catalogue.platforms import Platform

_READ = "2026-11-26"
_AWS = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/"

Does = Literal["create", "update", "delete"]


@dataclass(frozen=True)
class Granted:
    """One role: its name in the cloud's words, where it is granted, and what it allows.

    A right is allowed where one of `allows` has it among its actions and not among its not actions; a `*` stands for
    any text. Google's permissions are generated (`catalogue.generated`), and only those that kinds ask for are kept.
    """

    role: str
    at: Literal["account", "billing account"]
    evidence: Evidence
    allows: tuple[Role, ...] = ()


ROLES: Mapping[Platform, tuple[Granted, ...]] = {
    "aws": (
        Granted(
            "PowerUserAccess",
            "account",
            documented(f"{_AWS}PowerUserAccess.html", _READ),
            (
                Role(("*",), ("iam:*", "organizations:*", "account:*")),
                Role(
                    ("iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole", "organizations:DescribeOrganization")
                ),
            ),
        ),
        Granted("IAMFullAccess", "account", documented(f"{_AWS}IAMFullAccess.html", _READ), (Role(("iam:*",)),)),
    ),
    "gcp": (
        Granted("roles/owner", "account", documented("https://cloud.google.com/iam/docs/roles-overview", _READ)),
        Granted(
            "roles/storage.admin",  # Owner may make a bucket, and may not set who reads it
            "account",
            documented("https://cloud.google.com/storage/docs/access-control/iam-roles", _READ),
        ),
        Granted(
            "roles/billing.costsManager",
            "billing account",
            documented("https://cloud.google.com/billing/docs/how-to/budgets", _READ),
        ),
    ),
    "azure": (
        Granted(
            "Owner",
            "account",
            documented("https://learn.microsoft.com/en-us/azure/role-based-access-control/built-in-roles", _READ),
            (Role(("*",)),),
        ),
    ),
}

_ANYBODY_ASKS = "organizations:DescribeOrganization"


def _is_of_organization(right: str) -> bool:
    """Whether a right is one that the administrators of an organization have, and no role of whoever deploys.

    They deploy the preventive controls of a landing zone. CloudFormation's handler of trails asks for one more, for a
    trail of a whole organization, which no stack makes:
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-an-organizational-trail-prepare.html
    """
    return right.startswith(("organizations:", "orgpolicy.")) and right != _ANYBODY_ASKS


def granted(platform: Platform, role: str) -> Granted | None:
    """The role of this name; None where whoever deploys is given no such role."""
    return next((one for one in ROLES[platform] if one.role == role), None)


def every(rights: Rights) -> set[str]:
    """The rights to create, to change and to delete one, but those of an organization's administrators."""
    all_ = {*rights.names, *rights.changes, *rights.deletes}
    return {one for one in all_ if not _is_of_organization(one)}


def rights_of(type_: str, does: Does) -> list[str]:
    """The rights that it takes to do this with a resource of the type, in order; none where no source says them."""
    kind = kind_of(type_)
    if kind is None or not isinstance(kind.rights, Rights):
        return []
    asked = {"create": kind.rights.names, "update": kind.rights.changes, "delete": kind.rights.deletes}[does]
    return [one for one in asked if not _is_of_organization(one)]


def allowed(platform: Platform, role: str, right: str) -> bool:
    """Whether a role that whoever deploys is given allows a right. False for any other role."""
    one = granted(platform, role)
    return one is not None and any(allows(each, right) for each in one.allows or _generated(platform, role))


def lacking(platform: Platform, roles: Collection[str], rights: Iterable[str]) -> list[str]:
    """The rights that none of the roles allows."""
    return [right for right in rights if not any(allowed(platform, role, right) for role in roles)]


def asked(platform: Platform, types: Iterable[str]) -> dict[str, list[str]]:
    """Each role that resources of these types need, with the rights that no role before it allows, in order."""
    all_ = {
        one
        for type_ in types
        if (kind := kind_of(type_)) and isinstance(kind.rights, Rights)
        for one in every(kind.rights)
    }
    found: dict[str, list[str]] = {}
    for one in ROLES[platform]:
        mine = {right for right in all_ if allowed(platform, one.role, right)}
        if mine:
            found[one.role] = sorted(mine)
        all_ -= mine
    return found


@cache
def asked_anywhere(platform: Platform) -> frozenset[str]:
    """Every right that a kind of the platform asks for."""
    known = (kind.rights for kind in kinds(platform).values())
    return frozenset(one for rights in known if isinstance(rights, Rights) for one in every(rights))


@cache
def _generated(platform: Platform, role: str) -> tuple[Role, ...]:
    return (generated(platform).deployers[role],)


@cache
def allows(role: Role, right: str) -> bool:
    """Whether a role allows a right. AWS and Azure do not tell upper case from lower in the name of one."""
    named = right.casefold()

    def among(patterns: Iterable[str]) -> bool:
        return any(fnmatchcase(named, pattern.casefold()) for pattern in patterns)

    return among(role.actions) and not among(role.not_actions)
