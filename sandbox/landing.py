"""What a landing zone gives, standing in a sandbox: the organisation's own resources, which no stack made."""

from collections.abc import Iterator

from catalogue.kinds.aws import ec2, iam
from catalogue.kinds.azure import NETWORK, privatedns
from catalogue.kinds.azure.network import SUBNET
from catalogue.kinds.gcp import compute
from catalogue.landing_zones import AwsZone, GcpZone, LandingZone
from sandbox.state import State
from sandbox.state.records import New


def seed(state: State, zone: LandingZone) -> None:
    """Let everything that the landing zone gives stand in the simulated cloud. What stands there already stays.

    The engine knows none of it, so no update changes it and no destroy deletes it.
    """
    for new in _given(zone):
        if not state.resources.find(type=new.type, id=new.id, account=new.account):
            state.resources.create(new)


def _given(zone: LandingZone) -> Iterator[New]:
    if isinstance(zone, AwsZone):
        if zone.permissions_boundary_arn:
            yield _new(zone, iam.POLICY, zone.permissions_boundary_arn)
        if net := zone.network:
            yield _new(zone, ec2.VPC, net.vpc_id)
            yield from (_new(zone, ec2.SUBNET, id_) for id_ in net.subnet_ids.values())
            if net.endpoints_security_group_id:
                yield _new(zone, ec2.GROUP, net.endpoints_security_group_id)
    elif isinstance(zone, GcpZone):
        if net := zone.network:
            yield _new(zone, compute.VPC, net.network_id, net.project)
            yield _new(zone, compute.SUBNETWORK, net.subnet_id(zone.region), net.project)
    elif net := zone.network:
        for type_, id_ in (
            (NETWORK, net.virtual_network_id),
            (SUBNET, net.subnet_id),
            *((privatedns.ZONE, id_) for id_ in net.private_dns_zones.values()),
        ):
            yield _new(zone, type_, id_, id_.split("/")[2])


def _new(zone: LandingZone, type_: str, id_: str, account: str = "") -> New:
    name = id_.rpartition("/")[2]
    return New(
        type=type_,
        id=id_,
        platform=zone.platform,
        account=account or zone.account,
        region=zone.region,
        name=name,
        inputs={},
        outputs={},
        handles=[name],
    )
