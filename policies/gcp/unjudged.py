"""What resources of Google Cloud say of themselves that no record of the catalogue knows.

`kind-known` says that nobody has judged such a kind. What its inputs say in the words that all of Google's APIs share
is judged here all the same: whoever reads the finding then knows what to look at first.
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.kinds import kind_of
from catalogue.marks import is_marked
from catalogue.platforms import cloud_of
from catalogue.wording import one_line
from policies import limits
from policies.gcp.world import PLACE, foreign_projects, own
from policies.rule import NOT_READ, Found, whole_stack_rule
from policies.world import texts

_OPEN: Mapping[str, tuple[Any, ...]] = {
    # https://cloud.google.com/run/docs/securing/ingress, https://cloud.google.com/functions/docs/networking/network-settings
    "ingress": ("INGRESS_TRAFFIC_ALL", "all"),
    "ingressSettings": ("ALLOW_ALL",),
    "invokerIamDisabled": (True,),
    "defaultUriDisabled": (False,),
    "egress": ("PRIVATE_RANGES_ONLY",),
    "vpcConnectorEgressSettings": ("PRIVATE_RANGES_ONLY",),
    # https://cloud.google.com/compute/docs/reference/rest/v1/instances
    "canIpForward": (True,),
    "enableIpForwarding": (True,),
    "addressType": ("EXTERNAL",),
    "loadBalancingScheme": ("EXTERNAL", "EXTERNAL_MANAGED"),
    "visibility": ("public",),
    # https://cloud.google.com/vertex-ai/docs/workbench/reference/rest/v1/projects.locations.instances
    "noPublicIp": (False,),
    "disablePublicIp": (False,),
    "enableInternetAccess": (True,),
    # https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.indexEndpoints
    "publicEndpointEnabled": (True,),
    "dedicatedEndpointEnabled": (True,),
    "enablePrivateServiceConnect": (False,),
    # https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1/instances
    "ipv4Enabled": (True,),
    "publicIpEnabled": (True,),
    "enablePublicIp": (True,),
    "assignPublicIp": (True,),
    # https://cloud.google.com/dataproc/docs/concepts/configuring-clusters/network,
    # https://cloud.google.com/dataflow/docs/guides/routes-firewall, and those of Kubernetes Engine
    "internalIpOnly": (False,),
    "ipConfiguration": ("WORKER_IP_PUBLIC",),
    "enablePrivateNodes": (False,),
    "enablePrivateEndpoint": (False,),
    "enablePrivateEnvironment": (False,),
    "predefinedAcl": ("publicRead", "publicReadWrite", "authenticatedRead"),
    "predefinedDefaultObjectAcl": ("publicRead", "authenticatedRead"),
}
"""The inputs that open what they are of, by the values that do. One name means the same in each API that has it."""
_WEAK: Mapping[str, tuple[Any, ...]] = {
    "sslMode": ("ALLOW_UNENCRYPTED_AND_ENCRYPTED",),
    "requireSsl": (False,),
    "minTlsVersion": ("TLS_1_0", "TLS_1_1"),
    "transitEncryptionMode": ("DISABLED",),
    "authEnabled": (False,),
    "deletionProtection": (False,),
    "deletionProtectionEnabled": (False,),
    "deleteProtectionState": ("DELETE_PROTECTION_DISABLED",),
    "forceDestroy": (True,),
    "pointInTimeRecoveryEnabled": (False,),
    "pointInTimeRecoveryEnablement": ("POINT_IN_TIME_RECOVERY_DISABLED",),
    "enableAccessLogging": (False,),
    "disableContainerLogging": (True,),
    "enableSecureBoot": (False,),
    "enableVtpm": (False,),
    "enableIntegrityMonitoring": (False,),
    "enforce": ("FALSE", "false", False),
    "allowAll": ("TRUE", "true", True),
}
"""The inputs that take a guard away, by the values that do: TLS, sign-in, protection, copies, logs, a signed boot, or
what a policy of the organisation asks for (https://cloud.google.com/resource-manager/docs/organization-policy/overview).
"""
_METADATA: Mapping[str, re.Pattern[str]] = {
    "startup-script": re.compile(r".+", re.DOTALL),
    "startup-script-url": re.compile(r".+"),
    "post-startup-script": re.compile(r".+"),
    "ssh-keys": re.compile(r".+", re.DOTALL),
    "serial-port-enable": re.compile(r"true|1", re.IGNORECASE),
    "enable-oslogin": re.compile(r"false|0", re.IGNORECASE),
    "block-project-ssh-keys": re.compile(r"false|0", re.IGNORECASE),
    "notebook-disable-root": re.compile(r"false|0", re.IGNORECASE),
}
"""What lets somebody into a machine, or runs on it as root, by its metadata:
https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys
"""
_EVERYBODY = re.compile(r"(.*:)?(allUsers|allAuthenticatedUsers)")
_PLACES = frozenset({"allowedPersistenceRegions", "location", "locationId", "region", "storageLocations", "zone"})
_LET_IN = frozenset({"consumerAcceptLists", "producerAcceptLists", "projectAllowlist", "projectAllowlists"})
_REPLICAS = frozenset({"fixedNodeCount", "maxReplicaCount", "minReplicaCount"})
_DEFAULT_ACCOUNT = re.compile(r"(serviceAccount:)?(\d+-compute@developer|[a-z0-9-]+@appspot)\.gserviceaccount\.com")
_PULLED = re.compile(r"(image|imageUri|containerImage|imageName)")
_IMAGE = re.compile(r"(?P<host>[a-z0-9-]+(\.[a-z0-9-]+)+)/[^:@\s]+(?P<at>[:@][^/\s]+)?")
_REGISTRIES = re.compile(r"[a-z0-9-]*\.?(pkg\.dev|gcr\.io)|[a-z0-9-]+-docker\.pkg\.dev")


@whole_stack_rule(
    "kind-closed",
    severity="high",
    says="What a resource says that the catalogue does not know opens it to nobody, and takes no guard away.",
    remedy="Set the input so that it stays closed; or add the kind's record to organisation/kinds/, so that it is "
    "judged whole (CONTRIBUTING, 'Add a kind').",
    advice_elsewhere=True,
    never_waived=NOT_READ,
)
def closed(graph: Graph) -> Found:
    """Inputs by their names and values, as Google's APIs name the same thing alike (https://google.aip.dev/140). That
    nothing is found says little: what such a kind leaves out, nobody knows.
    """
    for resource in graph.cloud:
        if cloud_of(resource.type) == "gcp" and kind_of(resource.type) is None:
            yield from ((resource, sentence) for sentence in dict.fromkeys(_opened(graph, resource)))


def _opened(graph: Graph, resource: Resource) -> Iterator[str]:
    for path, key, value in _inputs(resource.inputs, ""):
        if value in _OPEN.get(key, ()):
            yield f"opens itself by {path} {one_line(str(value))}"
        elif value in _WEAK.get(key, ()):
            yield f"takes a guard away by {path} {one_line(str(value))}"
        elif key in ("accessConfigs", "ipv6AccessConfigs") and isinstance(value, list) and value:
            yield f"has a public address ({path})"
        elif key in ("metadata", "commonInstanceMetadata") and isinstance(value, Mapping):
            yield from _by_metadata(path, cast("Mapping[str, Any]", value))
        elif key in ("metadataStartupScript", "postStartupScript", "sshKeys") and value:
            yield f"runs what it is told as root, or lets in by a key ({path})"
        elif key == "backupConfiguration" and isinstance(value, Mapping) and cast("Any", value).get("enabled") is False:
            yield f"keeps no copies ({path}.enabled)"
        elif (
            key in _REPLICAS
            and isinstance(value, int)
            and value > (most := limits.of(graph)["replicas-per-endpoint"].number)
        ):
            yield f"may run {value:g} replicas ({path}), allowed {most:g}"
    grants = resource.type.lower().endswith("iammember")  # identity-no-public-member and -known-members ask for these
    for path, text in texts(resource):
        yield from _by_text(graph, path, text) if not grants else ()
    for path, project in foreign_projects(graph, resource):
        yield f"names the project {one_line(project)} at {path}, which is not the program's"


def _inputs(value: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    """Every input with its path and name, those in sections and lists too; what is not known is left out."""
    if is_marked(value):
        return
    if isinstance(value, Mapping):
        for key, one in cast("Mapping[str, Any]", value).items():
            if not is_marked(one):
                yield f"{path}.{key}".lstrip("."), key, one
                yield from _inputs(one, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _inputs(one, path)


def _by_metadata(path: str, metadata: Mapping[str, Any]) -> Iterator[str]:
    for key, pattern in _METADATA.items():
        said = metadata.get(key)
        if said is not None and not is_marked(said) and pattern.fullmatch(str(said)):
            yield f"lets somebody in, or runs as root, by {path}.{key}"


def _by_text(graph: Graph, path: str, text: str) -> Iterator[str]:
    key = next((part for part in reversed(path.split(".")) if not part.isdecimal()), "")
    if _EVERYBODY.fullmatch(text):
        yield f"lets in {text} ({path})"
    elif re.fullmatch(r"[0-9a-f.:]+/\d+", text) and _is_public(text):
        yield f"names addresses of the internet, {text} ({path})"
    elif key in _LET_IN and (ours := own(graph).projects) and not text.isdigit() and text not in ours:
        yield f"lets in the project {one_line(text)} ({path}), which is not the program's"
    elif key in _PLACES and own(graph).regions and text != "global":
        place = PLACE.fullmatch(text.casefold())
        if place is None or place[1] not in own(graph).regions:
            yield f"stands in {one_line(text)} ({path}), not in {', '.join(sorted(own(graph).regions))} alone"
    elif _DEFAULT_ACCOUNT.fullmatch(text):
        yield f"acts as a default account of a project, which may do nearly everything there ({path})"
    elif key == "tag" and text == "latest":
        yield f"names no version of its image ({path})"
    elif _PULLED.fullmatch(key) and (image := _IMAGE.fullmatch(text)):
        if image["at"] in (None, ":latest"):
            yield f"names no version of its image {one_line(text)} ({path})"
        if not _REGISTRIES.fullmatch(image["host"]):
            yield f"pulls its image from {image['host']}, which is no registry of Google Cloud ({path})"
    elif key == "machineType" and not (allowed := limits.of(graph)["machine-types"]).allows(text.rpartition("/")[2]):
        yield f"runs on {one_line(text)} ({path}), allowed {allowed.said}"


def _is_public(range_: str) -> bool:
    try:
        return not ipaddress.ip_network(range_, strict=False).is_private
    except ValueError:
        return False


RULES = [closed]
