"""The rules of security groups. Each is a resource, in the module `vpc` of Pulumi's AWS package."""

from catalogue.answers import by_id
from catalogue.behaviour import Behaviour, Ref
from catalogue.kind import No, documented, setting
from catalogue.kinds.aws import READ, acts, regional, registry, tagged, terraform
from catalogue.kinds.aws.ec2 import GROUPS

EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"

_FREE = No(
    "security groups are free",
    documented("https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html", READ),
)

_ACTS = acts(
    "ec2",
    by_id("sgr", "security-group-rule"),
    Behaviour(
        # https://github.com/hashicorp/terraform/issues/1874
        unique="{account} {region} {securityGroupId} {ipProtocol} {fromPort} {toPort} {cidrIpv4} {cidrIpv6}"
        " {prefixListId} {referencedSecurityGroupId}",
        exists='InvalidPermission.Duplicate: the specified rule "peer: {cidrIpv4}{cidrIpv6}{prefixListId}'
        '{referencedSecurityGroupId}, {ipProtocol}, from port: {fromPort}, to port: {toPort}, ALLOW" already exists',
        refs=tuple(Ref(path, GROUPS, holds=True) for path in ("securityGroupId", "referencedSecurityGroupId")),
    ),
)

KINDS = tuple(
    setting(
        token,
        "a security group",
        registry(token),
        tags=tagged(token),
        bills=_FREE,
        stands=regional(token),
        acts=_ACTS,
        renders=terraform(name),
    )
    for token, name in (
        (EGRESS, "vpc_security_group_egress_rule"),
        (INGRESS, "vpc_security_group_ingress_rule"),
    )
)
