"""The rules of security groups, each a resource of its own (the module `vpc` of Pulumi's AWS package)."""

from catalogue.kind import No, documented, setting
from catalogue.kinds.aws import READ, regional, registry, tagged

EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"

_FREE = No(
    "security groups are free",
    documented("https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html", READ),
)

KINDS = tuple(
    setting(token, "a security group", registry(token), tags=tagged(token), bills=_FREE, stands=regional(token))
    for token in (EGRESS, INGRESS)
)
