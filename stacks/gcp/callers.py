"""Callers from elsewhere on Google Cloud: what each needs to call. Each endpoint lets their projects connect itself."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.gcp.endpoint import Endpoint
from stacks.gcp.ground import Ground
from stacks.model import StackConfig
from stacks.sections import callers


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Say how each endpoint is called from where.

    No authority signs the certificate: a caller fetches it once, and trusts it under the endpoint's name. A caller with
    an address of its own in another project makes it first, and resolves the name to it.
    """
    inside = {name: _call(one, one.address) for name, one in ground.served.items()}
    there: dict[str, Any] = {}
    for name, caller in callers.of(config).items():
        calls = inside if caller.is_joined else {each: _own(ground, each, one) for each, one in ground.served.items()}
        there[name] = {"project": caller.account or None, "calls": calls}
    return {"calls": inside, "callers": there}


def _call(one: Endpoint, address: pulumi.Input[str] | None) -> Mapping[str, Any]:
    """The address, the URL and the commands of one endpoint, from where `address` leads to it."""
    host, url = one.host, pulumi.Output.format("https://{0}/v1/{1}:predict", one.host, one.endpoint_id)
    fetched = "openssl s_client -connect {0}:443 -servername {1} </dev/null | openssl x509 -out vertex.crt"
    return {
        "address": address,
        "url": one.url if address is one.address else url,
        "certificate": pulumi.Output.format(fetched, address, host),
        "command": pulumi.Output.format(
            "curl --cacert vertex.crt --resolve {0}:443:{1} --json @request.json {2}", host, address, url
        ),
    }


def _own(ground: Ground, name: str, one: Endpoint) -> Mapping[str, Any]:
    """The same for a caller that makes its own address first, in a network of its own, by two commands of gcloud.

    The address is of the endpoint's region; with global access those call who stand in another region of the network.

    Vertex AI, "Use dedicated private endpoints based on Private Service Connect for online inference",
    https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect
    """
    made, region = f"{ground.stack}-{name}", ground.region
    reserved = f"gcloud compute addresses create {made} --region={region} --subnet=SUBNET"
    rule = f"gcloud compute forwarding-rules create {made} --region={region} --network=NETWORK --address={made}"
    return {
        **_call(one, "ADDRESS"),
        "service_attachment": one.service_attachment,
        "first": pulumi.Output.format(
            "{0} --target-service-attachment={1} --allow-psc-global-access",
            f"{reserved} && {rule}",
            one.service_attachment,
        ),
    }
