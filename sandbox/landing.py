"""What a landing zone gives, standing in a sandbox: the organisation's own resources, which no stack made."""

from collections.abc import Iterator

from catalogue.kinds.aws import cloudtrail, ec2, iam, kms, s3
from catalogue.kinds.azure import IDENTITY, NETWORK, keyvault, operationalinsights, privatedns
from catalogue.kinds.azure.network import SUBNET
from catalogue.kinds.gcp import KEY, compute, logging
from catalogue.landing_zones import AwsZone, AzureZone, GcpZone, LandingZone
from catalogue.org_policies import MEMBER_DOMAINS
from sandbox.state import State
from sandbox.state.records import New


def seed(state: State, zone: LandingZone) -> None:
    """Let everything that the landing zone gives stand in the simulated cloud. What stands there already stays.

    The engine knows none of it, so no update changes it and no destroy deletes it. Whom the organisation lets in is
    held from then on.
    """
    state.account.let_in(zone.org_policies.get(MEMBER_DOMAINS, ()))
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
        for arn in zone.keys.model_dump().values() if zone.keys else ():
            yield _new(zone, kms.KEY, arn)
        if zone.logs:
            yield _new(zone, s3.BUCKET, zone.logs.rpartition(":")[2])
        if zone.trail:
            yield _new(zone, cloudtrail.TRAIL, zone.trail, zone.trail.split(":")[4])
    elif isinstance(zone, GcpZone):
        if net := zone.network:
            yield _new(zone, compute.VPC, net.network_id, net.project)
            yield _new(zone, compute.SUBNETWORK, net.subnet_id(zone.region), net.project)
        for id_ in zone.keys.model_dump(exclude_none=True).values() if zone.keys else ():
            yield _new(zone, KEY, id_, id_.split("/")[1])
        if zone.logs:
            yield _new(zone, logging.LOG_BUCKET, zone.logs, zone.logs.split("/")[1])
    else:
        yield from _given_on_azure(zone)


def _given_on_azure(zone: AzureZone) -> Iterator[New]:
    given: list[tuple[str, str]] = []
    if keys := zone.keys:
        given += [(keyvault.VAULT, keys.vault_id), (IDENTITY, keys.identity_id)]
        given += [(keyvault.KEY, f"{keys.vault_id}/keys/{keys.data.split('/')[4]}")]
    if zone.logs:
        given += [(operationalinsights.WORKSPACE, zone.logs)]
    if net := zone.network:
        given += [(NETWORK, net.virtual_network_id), (SUBNET, net.subnet_id)]
        given += [(privatedns.ZONE, id_) for id_ in net.private_dns_zones.values()]
    yield from (_new(zone, type_, id_, id_.split("/")[2]) for type_, id_ in given)


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
