"""The resources of a graph as Google's APIs have them when a constraint reads them, with the defaults of the APIs.

Source of the defaults: the reference of each REST resource. `FIELDS` are what Google offers to custom constraints.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from catalogue.graph import Graph, Resource

Read = Iterator[tuple[str, dict[str, Any]]]

FIELDS: Mapping[str, frozenset[str]] = {
    "aiplatform.googleapis.com/Endpoint": frozenset(
        {
            "deployedModels.dedicatedResources.machineSpec.machineType",
            "predictRequestResponseLoggingConfig.bigqueryDestination.outputUri",
            "predictRequestResponseLoggingConfig.enabled",
            "privateServiceConnectConfig.enablePrivateServiceConnect",
            "privateServiceConnectConfig.projectAllowlist",
        }
    ),
    "cloudkms.googleapis.com/CryptoKey": frozenset({"destroyScheduledDuration", "purpose", "rotationPeriod"}),
    "compute.googleapis.com/Address": frozenset({"addressType"}),
    "compute.googleapis.com/Firewall": frozenset(
        {"allowed", "allowed.IPProtocol", "allowed.ports", "destinationRanges", "direction", "sourceRanges"}
    ),
    "compute.googleapis.com/Instance": frozenset({"labels", "machineType"}),
    "compute.googleapis.com/Network": frozenset({"autoCreateSubnetworks"}),
    "compute.googleapis.com/Route": frozenset({"nextHopGateway"}),
    "compute.googleapis.com/Subnetwork": frozenset(
        {"logConfig.enable", "logConfig.flowSampling", "privateIpGoogleAccess", "purpose", "stackType"}
    ),
    "dns.googleapis.com/Policy": frozenset({"enableLogging"}),
    "iam.googleapis.com/AllowPolicy": frozenset({"bindings.members", "bindings.role"}),
    "logging.googleapis.com/LogBucket": frozenset({"retentionDays"}),
    "storage.googleapis.com/Bucket": frozenset({"labels", "versioning.enabled"}),
}
"""The fields that each service's page offers, of those that a constraint here reads. Read on 2026-11-27 in
https://github.com/trustoncloud/gcp-custom-constraints-directory, which collects the pages."""


def resources(graph: Graph) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The name, the type and the content of each resource that a custom constraint can read."""
    for resource in graph.resources:
        read = _READ.get(resource.type)
        for type_, content in read(graph, resource) if read else ():
            yield resource.name, type_, content


def _firewall(graph: Graph, rule: Resource) -> Read:
    own = rule.inputs

    def parts(key: str) -> list[dict[str, Any]]:
        return [{"IPProtocol": one["protocol"], "ports": one.get("ports") or []} for one in own.get(key) or ()]

    yield (
        "compute.googleapis.com/Firewall",
        {
            "direction": own.get("direction", "INGRESS"),
            "allowed": parts("allows"),
            "denied": parts("denies"),
            "sourceRanges": own.get("sourceRanges") or [],
            "destinationRanges": own.get("destinationRanges") or [],
        },
    )


def _network(graph: Graph, network: Resource) -> Read:
    yield (
        "compute.googleapis.com/Network",
        {"autoCreateSubnetworks": network.inputs.get("autoCreateSubnetworks", True)},
    )


def _subnet(graph: Graph, subnet: Resource) -> Read:
    logged = subnet.inputs.get("logConfig")
    yield (
        "compute.googleapis.com/Subnetwork",
        {
            "purpose": subnet.inputs.get("purpose", "PRIVATE"),
            "privateIpGoogleAccess": subnet.inputs.get("privateIpGoogleAccess", False),
            "stackType": subnet.inputs.get("stackType", "IPV4_ONLY"),
            "logConfig": {"enable": logged is not None, "flowSampling": float((logged or {}).get("flowSampling", 0.5))},
        },
    )


def _address(graph: Graph, address: Resource) -> Read:
    yield "compute.googleapis.com/Address", {"addressType": address.inputs.get("addressType", "EXTERNAL")}


def _route(graph: Graph, route: Resource) -> Read:
    gateway = route.inputs.get("nextHopGateway", "")
    path = f"projects/p/global/gateways/{gateway}" if gateway else ""
    yield "compute.googleapis.com/Route", {"destRange": route.inputs.get("destRange", ""), "nextHopGateway": path}


def _bucket(graph: Graph, bucket: Resource) -> Read:
    yield (
        "storage.googleapis.com/Bucket",
        {
            "versioning": {"enabled": (bucket.inputs.get("versioning") or {}).get("enabled", False)},
            "labels": bucket.inputs.get("labels") or {},
        },
    )


def _workbench(graph: Graph, instance: Resource) -> Read:
    type_ = instance.inputs["gceSetup"].get("machineType", "n1-standard-4")
    path = f"projects/p/zones/{instance.inputs['location']}/machineTypes/{type_}"
    yield "compute.googleapis.com/Instance", {"machineType": path, "labels": instance.inputs.get("labels") or {}}


def _content(endpoint: Resource) -> dict[str, Any]:
    private = endpoint.inputs.get("privateServiceConnectConfig") or {}
    logged = endpoint.inputs.get("predictRequestResponseLoggingConfig") or {}
    return {
        "privateServiceConnectConfig": {
            "enablePrivateServiceConnect": private.get("enablePrivateServiceConnect", False),
            "projectAllowlist": private.get("projectAllowlists") or [],
        },
        "predictRequestResponseLoggingConfig": {
            "enabled": logged.get("enabled", False),
            "bigqueryDestination": {"outputUri": (logged.get("bigqueryDestination") or {}).get("outputUri", "")},
        },
        "deployedModels": [],
    }


def _endpoint(graph: Graph, endpoint: Resource) -> Read:
    yield "aiplatform.googleapis.com/Endpoint", _content(endpoint)


def _deployment(graph: Graph, deployment: Resource) -> Read:
    """Deploying a model is an update of its endpoint."""
    for endpoint in graph.refers(deployment, "endpoint", "gcp:vertex/aiEndpoint:AiEndpoint"):
        machine = {"machineSpec": {"machineType": deployment.inputs["machineType"]}}
        yield (
            "aiplatform.googleapis.com/Endpoint",
            _content(endpoint) | {"deployedModels": [{"dedicatedResources": machine}]},
        )


def _key(graph: Graph, key: Resource) -> Read:
    content: dict[str, Any] = {
        "purpose": key.inputs.get("purpose", "ENCRYPT_DECRYPT"),
        "destroyScheduledDuration": _seconds(key.inputs.get("destroyScheduledDuration", "2592000s")),
    }
    if "rotationPeriod" in key.inputs:
        content["rotationPeriod"] = _seconds(key.inputs["rotationPeriod"])
    yield "cloudkms.googleapis.com/CryptoKey", content


def _seconds(text: str) -> timedelta:
    return timedelta(seconds=float(text.removesuffix("s")))


def _dns_policy(graph: Graph, policy: Resource) -> Read:
    yield "dns.googleapis.com/Policy", {"enableLogging": policy.inputs.get("enableLogging", False)}


def _log_bucket(graph: Graph, bucket: Resource) -> Read:
    yield "logging.googleapis.com/LogBucket", {"retentionDays": int(bucket.inputs.get("retentionDays", 30))}


def _grant(graph: Graph, grant: Resource) -> Read:
    binding = {"role": grant.inputs["role"], "members": [grant.inputs["member"]]}
    yield "iam.googleapis.com/AllowPolicy", {"bindings": [binding]}


_READ: Mapping[str, Callable[[Graph, Resource], Read]] = {
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": _grant,
    "gcp:compute/address:Address": _address,
    "gcp:compute/firewall:Firewall": _firewall,
    "gcp:compute/globalAddress:GlobalAddress": _address,
    "gcp:compute/network:Network": _network,
    "gcp:compute/route:Route": _route,
    "gcp:compute/subnetwork:Subnetwork": _subnet,
    "gcp:dns/policy:Policy": _dns_policy,
    "gcp:kms/cryptoKey:CryptoKey": _key,
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": _grant,
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": _log_bucket,
    "gcp:projects/iAMMember:IAMMember": _grant,
    "gcp:serviceaccount/iAMMember:IAMMember": _grant,
    "gcp:storage/bucket:Bucket": _bucket,
    "gcp:storage/bucketIAMMember:BucketIAMMember": _grant,
    "gcp:vertex/aiEndpoint:AiEndpoint": _endpoint,
    "gcp:workbench/instance:Instance": _workbench,
    "gcp:workbench/instanceIamMember:InstanceIamMember": _grant,
    "mlplatform:gcp:Deployment": _deployment,
}
