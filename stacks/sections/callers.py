"""Who calls the endpoints, and from where: people of the workspace, and programs elsewhere that have a way in."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from catalogue.landing_zones import GcpZone
from catalogue.platforms import PLATFORMS
from catalogue.wording import found_word
from stacks.checks import one_by_one
from stacks.fields import ACCOUNT, IDENTITY, NETWORK, Cidr, Fields, Slug
from stacks.model import Problem, Section, StackConfig
from stacks.sections import endpoints, landing_zone
from stacks.sections import network as own_network

WORKSPACE = "workspace"
"""What a stack file may say where nobody calls but the people of the workspace."""


class Caller(Fields):
    """One who calls every endpoint of the stack. One of two ways leads it there.

    With `cidr` it stands in a network that is joined to the stack's: by a peering, whose half on the stack's side is
    made, or by whatever joins the landing zone's network. Without, it has an endpoint of its own in its `account`:
    PrivateLink on aws, Private Service Connect on gcp, a private endpoint on azure.
    """

    network: Annotated[str, StringConstraints(pattern=NETWORK)] = Field(
        default="",
        examples=[
            "vpc-0123456789abcdef0",
            "projects/company-network-host/global/networks/shared-ml",
            "/subscriptions/44445555-3333-4444-5555-666677778888/resourceGroups/apps/providers/Microsoft.Network/"
            "virtualNetworks/apps",
        ],
    )
    """The private network that the caller stands in: a VPC, on azure a virtual network. On gcp it is the landing
    zone's own."""
    cidr: Cidr = Field(default="", examples=["10.60.0.0/20"])
    """The caller's addresses in that network, where it is joined to the stack's, in CIDR notation."""
    account: Annotated[str, StringConstraints(pattern=ACCOUNT)] = Field(
        default="", examples=["444455556666", "payments-app", "44445555-3333-4444-5555-666677778888"]
    )
    """The account that the caller has an endpoint of its own in, as the stack's own account is written. On aws beside
    `cidr`, too, where its VPC is another account's."""
    identity: Annotated[str, StringConstraints(pattern=IDENTITY)] = Field(
        default="",
        examples=["arn:aws:iam::444455556666:role/payments-app", "0a1b2c3d-0000-4000-8000-00000000000c"],
    )
    """As whom the caller calls: a role on aws, a service principal's object id on azure. It is granted the call, and
    nothing else."""

    @property
    def is_joined(self) -> bool:
        """Whether its network is joined to the stack's."""
        return bool(self.cidr)


_JOINED_ON_GCP = (
    "no peering leads to an endpoint of Private Service Connect "
    "(https://cloud.google.com/vpc/docs/about-accessing-vpc-hosted-services-endpoints); the nearest thing is the "
    "caller's project under account, or the landing zone's Shared VPC"
)
_NO_IDENTITY_ON_GCP = (
    "a private endpoint of Vertex AI asks nobody who reaches it for an identity, so a grant would keep nobody out; the "
    "nearest thing is the list of projects that may connect, under account"
)
_MISSING: Mapping[str, str] = {
    "network": "is missing; add the network that the caller stands in and its cidr, or its account",
    "cidr": "is missing; add the caller's addresses in its network, such as 10.60.0.0/20",
    "account": "is missing; add the account that the caller has an interface endpoint of its own in, or the cidr of a "
    "network that is joined to the stack's",
    "vpc": "is missing; add the VPC in which the account has its interface endpoint of SageMaker's runtime: the grant "
    "names it, and holds from no other",
    "identity": "is missing; add the ARN of the role that calls, for SageMaker's runtime answers nobody without one",
}


def _forms(config: StackConfig) -> Iterator[Problem]:
    """Every word is written as the stack's own platform writes it."""
    own = PLATFORMS[config.platform]
    for name, caller in of(config).items():
        for key, form in (("network", own.network), ("account", own.account), ("identity", own.identity)):
            said = getattr(caller, key)
            if said and not re.fullmatch(form.pattern or "", said):
                yield Problem((SECTION.name, name, key), f"found {found_word(said)}, allowed: {form.words}")


def _ways(config: StackConfig) -> Iterator[Problem]:
    """Each caller has one of the two ways, with the words that its platform needs of it."""
    for name, caller in of(config).items():
        for key, sentence in _way(config, caller):
            yield Problem((SECTION.name, name, key), sentence)


def _way(config: StackConfig, caller: Caller) -> Iterator[tuple[str, str]]:
    aws = config.platform == "aws"
    if not caller.network and not caller.account:
        yield "network", _MISSING["network"]
        return
    if caller.cidr and not caller.network:
        yield "cidr", f"found {found_word(caller.cidr)} without a network; add the network, or leave it out"
    elif caller.network and not caller.cidr and not (aws and caller.account):
        if caller.account:
            yield "network", "an endpoint of the caller's own names no network here; leave it out, or add its cidr"
        else:
            yield ("account", _MISSING["account"]) if aws else ("cidr", _MISSING["cidr"])
    elif aws and not caller.network:
        yield "network", _MISSING["vpc"]
    elif caller.cidr and caller.account and not aws:
        yield "account", "the network's id says whose it is; leave it out"
    if config.platform == "gcp":
        zone = landing_zone.found(config)
        shared = zone.network.network_id if isinstance(zone, GcpZone) and zone.network else ""
        if caller.network and caller.cidr and caller.network != shared:
            there = f" ({shared})" if shared else ""
            yield "network", f"found {found_word(caller.network)}, which gcp cannot join: {_JOINED_ON_GCP}{there}"
        if caller.identity:
            yield "identity", f"gcp takes none: {_NO_IDENTITY_ON_GCP}"
    if aws and not caller.identity:
        yield "identity", _MISSING["identity"]
    elif aws and f":{caller.account or config.account}:" not in caller.identity:
        whose = caller.account or f"{config.account}, the stack's own; say another under account"
        yield "identity", f"found {found_word(caller.identity)}, allowed: a role of the account {whose}"


def _addresses(config: StackConfig) -> Iterator[Problem]:
    """Networks that are joined share no address with the stack's, nor with one another."""
    if config.platform == "gcp":  # callers stand in the one network of the landing zone
        return
    own = own_network.of(config).cidr
    before: list[tuple[str, str, IPv4Network]] = []
    for name, caller in of(config).items():
        if not caller.cidr:
            continue
        range_, at = IPv4Network(caller.cidr), (SECTION.name, name, "cidr")
        if own and range_.overlaps(IPv4Network(own)):
            yield Problem(at, f"found {found_word(caller.cidr)}, allowed: a network that does not overlap the stack's")
        for other, there, taken in before:
            if there != caller.network and range_.overlaps(taken):
                yield Problem(
                    at,
                    f"found {found_word(caller.cidr)}, allowed: a network that does not overlap that of {other}, "
                    f"{taken}",
                )
        before.append((name, caller.network, range_))


def _called(config: StackConfig) -> Iterator[Problem]:
    if of(config) and not endpoints.of(config):
        yield Problem((SECTION.name,), "names callers, but the stack has no endpoint to call; leave it out")


def _or_workspace(schema: dict[str, Any]) -> None:
    """What an editor is told: the one word, or callers by name."""
    kept = ("description", "examples", "default", "title")
    mapping = {key: schema.pop(key) for key in [*schema] if key not in kept}
    schema["anyOf"] = [{"const": WORKSPACE}, {**mapping, "additionalProperties": False}]


SECTION: Section[Mapping[str, Caller]] = Section(
    __name__,
    value=Annotated[
        dict[Slug, Caller],
        BeforeValidator(lambda said: {} if said == WORKSPACE else said),
        Field(
            max_length=10,
            description="Who calls the endpoints: `workspace`, which is meant where nothing is said, is its people "
            "alone; or callers by a name of your choice, each with the network or account that it calls from.",
            examples=[
                {
                    "payments-app": {
                        "network": "vpc-0123456789abcdef0",
                        "cidr": "10.60.0.0/20",
                        "identity": "arn:aws:iam::111122223333:role/payments-app",
                    }
                }
            ],
            json_schema_extra=_or_workspace,
        ),
    ],
    called="callers from other networks and accounts",
    default={},
    makes={"Callers": "{stack}-callers"},
    after=("endpoints", "landing_zone", "network"),
    serves=tuple(PLATFORMS),
    check=one_by_one(_forms, _ways, _addresses, _called),
)
of = SECTION.of


def joined(config: StackConfig) -> Mapping[str, Caller]:
    """The callers whose networks are joined to the stack's, by name."""
    return {name: caller for name, caller in of(config).items() if caller.is_joined}


def apart(config: StackConfig) -> Mapping[str, Caller]:
    """The callers that have an endpoint of their own, by name."""
    return {name: caller for name, caller in of(config).items() if not caller.is_joined}
