"""What Google's own constraints refuse of a graph, as their page describes each.

https://cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from catalogue.graph import Graph, Resource

_WORKBENCH = "gcp:workbench/instance:Instance"


def refused(graph: Graph, constraint: str, rule: Mapping[str, Any]) -> list[str]:
    """The names of the resources that a constraint refuses, as one rule of a policy says. Raises KeyError."""
    judge = _JUDGES[constraint]
    return [one.name for one in graph.resources if judge(one, rule)]


def _elsewhere(resource: Resource, rule: Mapping[str, Any]) -> bool:
    allowed = {re.sub("^in:|-locations$", "", value) for value in rule["values"]["allowedValues"]}
    place = str(resource.inputs.get("location") or resource.inputs.get("region") or "")
    return bool(place) and place != "global" and re.sub(r"(\d)-[a-z]$", r"\1", place.lower()) not in allowed


_KEYS: Mapping[str, tuple[str, ...]] = {
    "gcp:artifactregistry/repository:Repository": ("kmsKeyName",),
    "gcp:bigquery/dataset:Dataset": ("defaultEncryptionConfiguration.kmsKeyName",),
    "gcp:storage/bucket:Bucket": ("encryption.defaultKmsKeyName",),
    "gcp:vertex/aiEndpoint:AiEndpoint": ("encryptionSpec.kmsKeyName",),
    _WORKBENCH: ("gceSetup.bootDisk.kmsKey", "gceSetup.dataDisks.kmsKey"),
    "mlplatform:gcp:Model": ("kmsKeyName",),
}
_SERVICES = {
    "gcp:artifactregistry/": "artifactregistry",
    "gcp:bigquery/": "bigquery",
    "gcp:storage/": "storage",
    "gcp:vertex/": "aiplatform",
    "gcp:workbench/": "compute",
    "mlplatform:gcp:": "aiplatform",
}


def _keys(resource: Resource) -> Iterator[str]:
    yield from (resource.props.text_or_empty(path) for path in _KEYS.get(resource.type, ()))


def _without_key(resource: Resource, rule: Mapping[str, Any]) -> bool:
    service = next((name for start, name in _SERVICES.items() if resource.type.startswith(start)), "")
    return f"is:{service}.googleapis.com" in rule["values"]["deniedValues"] and "" in _keys(resource)


def _foreign_key(resource: Resource, rule: Mapping[str, Any]) -> bool:
    owners = {"/".join(key.split("/")[:2]) for key in _keys(resource) if key}
    return not owners <= {*rule["values"]["allowedValues"]}


def _foreign_network(resource: Resource, rule: Mapping[str, Any]) -> bool:
    if resource.type != _WORKBENCH:
        return False
    (allowed,) = rule["values"]["allowedValues"]
    networks = [one["network"] for one in resource.inputs["gceSetup"].get("networkInterfaces") or ()]
    return any(not f"under:{name}".startswith(f"{allowed}/") and name != allowed for name in networks)


def _setting(path: str, *, want: Any) -> "_Judge":
    return lambda resource, rule: resource.type == _WORKBENCH and _value(resource, path) != want


def _value(resource: Resource, path: str) -> Any:
    value: Any = resource.inputs
    for part in path.split("."):
        value = (value or {}).get(part)
    return value


def _any(type_: str, *, lacking: str = "", having: str = "") -> "_Judge":
    def judge(resource: Resource, rule: Mapping[str, Any]) -> bool:
        kept = (not lacking or lacking not in resource.inputs) and (not having or having in resource.inputs)
        return resource.type == type_ and kept

    return judge


def _bucket(path: str, *, want: Any) -> "_Judge":
    return lambda resource, rule: resource.type == "gcp:storage/bucket:Bucket" and _value(resource, path) != want


def _unshielded(resource: Resource, rule: Mapping[str, Any]) -> bool:
    if resource.type != _WORKBENCH:
        return False
    features = ("enableSecureBoot", "enableVtpm", "enableIntegrityMonitoring")
    return not all(_value(resource, f"gceSetup.shieldedInstanceConfig.{one}") is True for one in features)


_Judge = Callable[[Resource, Mapping[str, Any]], bool]
_JUDGES: Mapping[str, _Judge] = {
    "ainotebooks.disableFileDownloads": _setting("gceSetup.metadata.notebook-disable-downloads", want="true"),
    "ainotebooks.disableRootAccess": _setting("gceSetup.metadata.notebook-disable-root", want="true"),
    "ainotebooks.restrictPublicIp": _setting("gceSetup.disablePublicIp", want=True),
    "ainotebooks.restrictVpcNetworks": _foreign_network,
    "compute.requireShieldedVm": _unshielded,
    "compute.restrictCloudNATUsage": _any("gcp:compute/routerNat:RouterNat"),
    "compute.restrictDedicatedInterconnectUsage": _any("gcp:compute/interconnect:Interconnect"),
    "compute.restrictPartnerInterconnectUsage": _any("gcp:compute/interconnectAttachment:InterconnectAttachment"),
    "compute.restrictVpcPeering": _any("gcp:compute/networkPeering:NetworkPeering"),
    "compute.restrictVpnPeerIPs": _any("gcp:compute/vpnTunnel:VpnTunnel"),
    "compute.vmExternalIpAccess": _setting("gceSetup.disablePublicIp", want=True),
    "gcp.resourceLocations": _elsewhere,
    "gcp.restrictCmekCryptoKeyProjects": _foreign_key,
    "gcp.restrictNonCmekServices": _without_key,
    "iam.disableServiceAccountKeyCreation": _any("gcp:serviceaccount/key:Key", lacking="publicKeyData"),
    "iam.disableServiceAccountKeyUpload": _any("gcp:serviceaccount/key:Key", having="publicKeyData"),
    "iam.workloadIdentityPoolProviders": _any("gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"),
    "storage.publicAccessPrevention": _bucket("publicAccessPrevention", want="enforced"),
    "storage.uniformBucketLevelAccess": _bucket("uniformBucketLevelAccess", want=True),
}
