"""Where endpoints have names, to which their certificate is made out."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import dns

from catalogue.kinds.gcp.vertex import NAMES
from components.gcp.names import fitted
from components.given import Args, Tags, Text


@dataclass(kw_only=True)
class EndpointNamesArgs(Args):
    """The project, and the network that is to know the names."""

    project: Text
    """The id of the Google Cloud project."""
    network_id: Text
    """The VPC in which endpoints have their addresses, of Network. It has no zone of this domain yet."""
    tags: Tags
    """The labels of the zone."""


class EndpointNames(pulumi.ComponentResource):
    """Creates a private zone of prediction.p.vertexai.goog, in which each Endpoint names its own address.

    The certificate of every private endpoint is made out to names below that domain. A network has one such zone, so
    this component stands once in a network. Refuses a public zone.
    Rule: Vertex AI, "Use dedicated private endpoints based on Private Service Connect for online inference", support
    for TLS certificates, https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect
    """

    zone_name: pulumi.Output[str]
    """The name of the zone, for Endpoint."""

    def __init__(self, name: str, args: EndpointNamesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:EndpointNames", name, None, opts)
        self.zone_name = dns.ManagedZone(
            name,
            name=fitted(name, 63),
            project=args.project,
            dns_name=f"{NAMES}.",
            description="Endpoints of Vertex AI, each by its own address",
            visibility="private",
            private_visibility_config={"networks": [{"network_url": args.network_id}]},
            labels=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        ).name
        self.register_outputs({"zone_name": self.zone_name})
