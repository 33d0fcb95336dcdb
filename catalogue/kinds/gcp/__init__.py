"""The kinds of Google Cloud, and what their records share: the day they were read, pages, and manners of the cloud.

A test compares labels, paths of keys and regions with the installed SDK.

How the cloud acts: ids are the resource names of each API, as pulumi-gcp documents them under "Import". The schema of
the Terraform provider that pulumi-gcp bridges says what replaces a resource (`catalogue/generated`). The pattern of a
name is in each API's reference. A second create is refused with 409 alreadyExists, except for IAM and service
identities, which are put.
"""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import Answering, member_of
from catalogue.behaviour import Behaviour, Ref
from catalogue.kind import (
    Acts,
    Evidence,
    Kind,
    No,
    Renders,
    Rights,
    Ripens,
    assumed,
    documented,
    from_source,
    setting,
)
from catalogue.rendering import Terraform

READ = "2026-11-26"
PRICED = "2026-11-22"
"""The day on which the figures of the hardware catalogue, and how each is counted, were read."""

OBSERVABILITY = documented("https://cloud.google.com/products/observability/pricing", READ)
NETWORK = documented("https://cloud.google.com/vpc/pricing", READ)
NOT_MADE = No("no stack of ours makes one", assumed("the programs of the three pilots were searched for it", READ))
_IAM = assumed("none of Google's price lists that were read names a price of IAM", READ)
_BRIDGE = from_source(
    "https://github.com/pulumi/pulumi-gcp/blob/v9.35.0/provider/cmd/pulumi-resource-gcp/bridge-metadata.json", READ
)
_PROPAGATES = documented("https://cloud.google.com/iam/docs/access-change-propagation", READ)
_TERRAFORM = "https://github.com/hashicorp/terraform-provider-google/tree/e03b7622/google/services"

IN_PROJECT, IN_PLACE = "projects/{project}", "projects/{project}/locations/{location}"
"""The beginning of the ids of most services."""
RFC1035 = r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
OWN_ACCOUNT = r"[^@]+@{account}\.iam\.gserviceaccount\.com"
"""A service account of the own project. The sandbox knows nothing of other projects."""

# Types that many kinds refer to.
VPC, SUBNETWORK = "gcp:compute/network:Network", "gcp:compute/subnetwork:Subnetwork"
ACCOUNT, CUSTOM_ROLE = "gcp:serviceaccount/account:Account", "gcp:projects/iAMCustomRole:IAMCustomRole"
KEY = "gcp:kms/cryptoKey:CryptoKey"
WORKFLOW = "gcp:workflows/workflow:Workflow"
DEPLOYMENT = "mlplatform:gcp:Deployment"
CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"
_MEMBER = (
    Ref("member", (ACCOUNT,), only=f"serviceAccount:{OWN_ACCOUNT}"),
    Ref("role", (CUSTOM_ROLE,), only=r"projects/{account}/roles/.*"),
)


def registry(page: str) -> Evidence:
    """A fact from the provider's page in Pulumi's registry. The page is made from the provider's schema."""
    return from_source(f"https://www.pulumi.com/registry/packages/gcp/api-docs/{page}/", READ)


def acting(service: str, answer: Answering, behaviour: Behaviour) -> Acts:
    """How the cloud acts. `service` is the folder of the Terraform provider that has the resource."""
    return Acts(answer, behaviour, from_source(f"{_TERRAFORM}/{service}", READ))


def asks(page: str, *names: str, changes: tuple[str, ...] = (), deletes: tuple[str, ...] = ()) -> Rights:
    """The permissions that a page names, where the provider's code does not tell them; those to create do for all."""
    return Rights(names, documented(page, READ), changes or names, deletes or names)


def granting(service: str, policy: str, *on: Ref) -> Acts:
    """How a grant acts. Adding a member that has the role already changes nothing.

    `policy` is what the grant's id begins with, `on` refers to what the grant is on.
    """
    return acting(service, member_of(policy), Behaviour(refs=(*_MEMBER, *on), second="changes"))


def in_terraform(type_: str, renamed: Mapping[str, str] | None = None) -> Renders:
    """The Terraform type of a bridged resource.

    `renamed` has the attributes that the bridge renamed only in this type.
    """
    return Renders(Terraform(type_, renamed or {}), _BRIDGE)


def grant(token: str, of: str, page: str, acts: Acts, renders: Renders, **answers: Any) -> Kind:
    """The record of a grant of one role to one member, on `of`. `answers` are those that differ from other grants'."""
    bills = No("IAM is free", _IAM)
    on = next((ref.path for ref in acts.behaviour.refs if ref not in _MEMBER), "project")
    ripens = Ripens(2, 7, _PROPAGATES, member="member", on=on)
    return setting(token, of, registry(page), acts=acts, renders=renders, bills=bills, ripens=ripens, **answers)


def identity(token: str, page: str, acts: Acts | No, renders: Renders, **answers: Any) -> Kind:
    """The record of an identity of IAM: a member, a role or a service. `answers` are those that only some have."""
    bills = No("IAM is free", _IAM)
    return setting(token, "the project", registry(page), acts=acts, renders=renders, bills=bills, **answers)
