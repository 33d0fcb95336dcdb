"""The preventive controls of Google Cloud: organization policies of Google's own constraints and of custom ones in CEL.

Google's own constraints: https://cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints
A custom constraint reads fields of a resource that its service offers for it; the page of each service lists them:
https://cloud.google.com/resource-manager/docs/organization-policy/custom-constraint-supported-services
Its condition has at most 1,000 characters, and stands in the organization; a policy puts it in force below.

An organization policy binds everybody, owners too, and looks at what is created or changed from then on. What stands
is left alone. There is none for Vertex AI's models and batch predictions, for Workbench instances themselves, for Cloud
Scheduler and for firewall logging: nothing of theirs can be read by a custom constraint.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from catalogue.errors import BadInput
from catalogue.landing_zones import GcpZone
from policies.controls import Control, Document, World, gcp_unprevented, unfolded

POLICIES, CUSTOM = "organization-policies", "custom-constraints"
LONGEST = 1000
"""The characters of a condition: "CustomConstraint" of the Organization Policy API,
https://cloud.google.com/resource-manager/docs/reference/orgpolicy/rest/v2/organizations.customConstraints"""

_OWN = "https://cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints"
_VPC = "https://docs.cloud.google.com/vpc/docs/custom-constraints"
_FIREWALL = "https://docs.cloud.google.com/firewall/docs/custom-constraints"
_IAM = "https://docs.cloud.google.com/iam/docs/org-policy-custom-constraints"
_KMS = "https://docs.cloud.google.com/kms/docs/custom-org-policies"
_SERVED = "https://docs.cloud.google.com/vertex-ai/docs/predictions/custom-constraints"
_STORAGE = "https://docs.cloud.google.com/storage/docs/custom-constraints"
_ENDPOINT = "aiplatform.googleapis.com/Endpoint"
_CMEK = ("aiplatform", "artifactregistry", "bigquery", "compute", "storage")
"""The services of a pilot that the constraint on keys binds: https://cloud.google.com/kms/docs/cmek-org-policy"""
_BEFORE = "By what stood before, which no policy looks at."
_PREVIEW = "Google has the constraints on endpoints in preview: try them with a dry run. "
"""Read on 2026-11-27 in https://github.com/trustoncloud/gcp-custom-constraints-directory, which collects the pages."""


def _rule(constraint: str, **rule: Any) -> Document:
    return {"constraint": constraint, "spec": {"rules": [rule]}}


def _enforced(*constraints: str) -> Callable[[World], Sequence[Document]]:
    made = [_rule(one, enforce=True) for one in constraints]
    return lambda world: made


def _denied(*constraints: str) -> Callable[[World], Sequence[Document]]:
    made = [_rule(one, denyAll=True) for one in constraints]
    return lambda world: made


def _custom(name: str, type_: str, condition: str, says: str, *, action: str = "DENY") -> Document:
    return {
        "name": f"custom.ml{name}",
        "resourceTypes": [type_],
        "methodTypes": ["CREATE", "UPDATE"],
        "condition": condition,
        "actionType": action,
        "displayName": says,
    }


def _always(*constraints: Document) -> Callable[[World], Sequence[Document]]:
    return lambda world: constraints


def _listed(texts: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{text}'" for text in texts) + "]"


def _machines(patterns: Sequence[str]) -> str:
    """A regular expression for the patterns of the limits. `*` and `?` stay within one machine type."""
    every = [one for pattern in patterns for one in unfolded(pattern.lower())]
    return "|".join(
        re.escape(one).replace(r"\*", "[a-z0-9-]*").replace(r"\?", "[a-z0-9]").replace(r"\-", "-") for one in every
    )


def _served_machines(world: World) -> Sequence[Document]:
    if not world.machine_types:
        return []
    allowed = _machines(world.machine_types)
    other = f"resource.deployedModels.exists(m, !m.dedicatedResources.machineSpec.machineType.matches('^({allowed})$'))"
    return [_custom("ServedMachines", _ENDPOINT, other, "Models are served on machine types of the limits")]


def _workbench_machines(world: World) -> Sequence[Document]:
    """Workbench makes its machine in the project, where Compute Engine's constraints read it."""
    if not world.machine_types:
        return []
    other = f"!resource.machineType.matches('machineTypes/({_machines(world.machine_types)})$')"
    return [_custom("Machines", "compute.googleapis.com/Instance", other, "Machines are of types of the limits")]


def _regions(world: World) -> Sequence[Document]:
    if not world.regions:
        return []
    return [_rule("gcp.resourceLocations", values={"allowedValues": [f"in:{one}-locations" for one in world.regions]})]


def _key_projects(world: World) -> Sequence[Document]:
    """The stack's own project, and that of the landing zone's keys."""
    if world.place is None:
        return []
    keys = world.zone.keys if isinstance(world.zone, GcpZone) else None
    given = [name for key in (keys.data, keys.logs) if key for name in [key.split("/")[1]]] if keys else []
    projects = sorted({world.place.account, *given})
    return [
        _rule("gcp.restrictCmekCryptoKeyProjects", values={"allowedValues": [f"projects/{one}" for one in projects]})
    ]


def _served_to(world: World) -> Sequence[Document]:
    """Callers of other projects, whom the stack file names, reach the endpoint too."""
    public = "!resource.privateServiceConnectConfig.enablePrivateServiceConnect"
    made = [_custom("ServedPublicly", _ENDPOINT, public, "Endpoints answer through Private Service Connect alone")]
    if world.place is not None:
        known = sorted({world.place.account, *(one.account for one in world.place.callers if one.account)})
        others = f"resource.privateServiceConnectConfig.projectAllowlist.exists(p, !(p in {_listed(known)}))"
        made.append(_custom("ServedToOthers", _ENDPOINT, others, "Endpoints answer this project and its callers"))
    return made


def _captured(world: World) -> Sequence[Document]:
    if world.place is None:
        return []
    logged = "resource.predictRequestResponseLoggingConfig"
    elsewhere = f"!{logged}.bigqueryDestination.outputUri.startsWith('bq://{world.place.account}.')"
    return [
        _custom("CapturedElsewhere", _ENDPOINT, f"{logged}.enabled && {elsewhere}", "Requests are kept in this project")
    ]


def _networks(world: World) -> Sequence[Document]:
    """The landing zone's network, or any of the stack's own project."""
    if world.place is None:
        return []
    zone = world.zone.network if isinstance(world.zone, GcpZone) else None
    ours = (
        f"projects/{zone.project}/global/networks/{zone.network}" if zone else f"under:projects/{world.place.account}"
    )
    return [_rule("ainotebooks.restrictVpcNetworks", values={"allowedValues": [ours]})]


def _members(world: World) -> Sequence[Document]:
    """Functions of the page alone, joined by `&&` and `||`: a condition on members takes nothing else."""
    if world.place is None:
        return []
    types = ["ServiceAgent", "WorkspacePrincipal", "WorkspaceGroup", "WorkforcePoolPrincipal"]
    known = [
        f"MemberSubjectEndsWith(m, ['@{world.place.account}.iam.gserviceaccount.com'])",
        f"MemberTypeMatches(m, {_listed([f'iam.googleapis.com/{one}' for one in types])})",
    ]
    condition = f"resource.bindings.all(b, b.members.all(m, {' || '.join(known)}))"
    says = "Grants go to accounts of the project, Google's agents and people of Workspace"
    return [_custom("Members", "iam.googleapis.com/AllowPolicy", condition, says, action="ALLOW")]


def _kept(world: World) -> Sequence[Document]:
    most, least = (world.limits[name].number for name in ("retention-days", "retention-days-at-least"))
    outside = f"resource.retentionDays < {least:.0f} || resource.retentionDays > {most:.0f}"
    return [_custom("LogsKept", "logging.googleapis.com/LogBucket", outside, "Logs are kept as long as the limits say")]


def _labels(world: World) -> Sequence[Document]:
    missing = f"{_listed(world.tags)}.exists(key, !(key in resource.labels))"
    types = ("compute.googleapis.com/Instance", "storage.googleapis.com/Bucket")
    return [
        _custom(f"Labels{type_.rpartition('/')[2]}", type_, missing, "What carries labels carries each of them")
        for type_ in types
    ]


_NO_PROXIES = (
    "!(resource.purpose in ['GLOBAL_MANAGED_PROXY', 'INTERNAL_HTTPS_LOAD_BALANCER', 'REGIONAL_MANAGED_PROXY'])"
)
"""A subnet of a load balancer's proxies holds no machine; it takes no private access and no flow logs, so that nobody
below the policy could make one: https://cloud.google.com/load-balancing/docs/proxy-only-subnets
"""


CONTROLS: Sequence[Control] = (
    Control(
        "regions",
        POLICIES,
        "Data or machines stand in a region where the company may not keep them.",
        "Nothing that has a location is made in another region.",
        ("limits-region",),
        "By services whose resources are global, and by those that the page of the constraint does not list. "
        + _BEFORE,
        "https://cloud.google.com/resource-manager/docs/organization-policy/defining-locations",
        _regions,
        approves="regions",
    ),
    Control(
        "served-machines",
        CUSTOM,
        "Somebody serves a model on machines of eight large GPUs, and the bill comes at the end of the month.",
        "No model is deployed on a machine type that the limits do not allow.",
        ("limits-machine-types",),
        "By batch predictions and by as many replicas as the quota lets start, for no field brings either. "
        + _PREVIEW.strip(),
        _SERVED,
        _served_machines,
        approves="machine-types",
    ),
    Control(
        "workbench-machines",
        CUSTOM,
        "Somebody works on a machine that costs more than the whole pilot.",
        "No machine of a type that the limits do not allow is made in the project, and none for Workbench.",
        ("limits-workspace-machines",),
        "By machines of another service, which stand in Google's own projects. " + _BEFORE,
        "https://docs.cloud.google.com/compute/docs/access/custom-constraints",
        _workbench_machines,
        approves="machine-types",
    ),
    Control(
        "keys-given",
        POLICIES,
        "Data rests under Google's key, which nobody here can take away.",
        "Vertex AI, Artifact Registry, BigQuery, Compute Engine and Cloud Storage make nothing without a key of ours.",
        ("encryption-customer-key",),
        "By services that the constraint does not bind, such as Cloud Logging's own buckets. " + _BEFORE,
        "https://cloud.google.com/kms/docs/cmek-org-policy",
        lambda world: [
            _rule("gcp.restrictNonCmekServices", values={"deniedValues": [f"is:{one}.googleapis.com" for one in _CMEK]})
        ],
    ),
    Control(
        "own-keys",
        POLICIES,
        "Data rests under a key of another project, whose owner can lock us out of it.",
        "A key is of the stack's own project, or of the landing zone's.",
        ("encryption-customer-key",),
        "By another key of the same project. " + _BEFORE,
        "https://cloud.google.com/kms/docs/cmek-org-policy",
        _key_projects,
    ),
    Control(
        "served-privately",
        CUSTOM,
        "An endpoint answers on the internet, or to the project of a stranger.",
        "No endpoint is made that answers otherwise than through Private Service Connect, or to others than callers.",
        ("network-served-privately",),
        "By whoever may call Vertex AI's own API from an allowed project. " + _PREVIEW + _BEFORE,
        _SERVED,
        _served_to,
    ),
    Control(
        "captured-here",
        CUSTOM,
        "Requests, which may be about people, are written into a dataset of a stranger.",
        "An endpoint captures into datasets of the stack's own project.",
        ("encryption-request-log",),
        "By whoever copies the dataset, which needs a right to read it. " + _PREVIEW + _BEFORE,
        _SERVED,
        _captured,
    ),
    Control(
        "no-external-address",
        POLICIES,
        "A machine or a Workbench instance stands on the internet.",
        "No machine and no instance gets an external address.",
        ("network-workspace-vpc-only",),
        "By a proxy of another network. " + _BEFORE,
        _OWN,
        lambda world: [
            _rule("ainotebooks.restrictPublicIp", enforce=True),
            _rule("compute.vmExternalIpAccess", denyAll=True),
        ],
    ),
    Control(
        "workbench-networks",
        POLICIES,
        "Somebody opens a Workbench instance in another project's network and carries data out by it.",
        "An instance stands in a network of the project, or in the landing zone's.",
        ("network-workspace-vpc-only",),
        "By another network of the same project, unless the landing zone gives the network. " + _BEFORE,
        _OWN,
        _networks,
    ),
    Control(
        "workbench-locked",
        POLICIES,
        "A person is root on an instance, downloads data, or boots what nobody signed.",
        "No instance is made with root or downloads, and no machine without the features of a Shielded VM.",
        ("identity-workspace-owner",),
        "By copy and paste, which nothing stops; by an instance whose settings are changed on its machine. " + _BEFORE,
        _OWN,
        _enforced("ainotebooks.disableRootAccess", "ainotebooks.disableFileDownloads", "compute.requireShieldedVm"),
    ),
    Control(
        "ways-out",
        POLICIES,
        "A NAT, a tunnel, an interconnect or a peering leads out of the private network.",
        "None of them is made.",
        ("network-no-internet-gateway",),
        "By a machine with two interfaces, which forwards. " + _BEFORE,
        _OWN,
        _denied(
            "compute.restrictCloudNATUsage",
            "compute.restrictDedicatedInterconnectUsage",
            "compute.restrictPartnerInterconnectUsage",
            "compute.restrictVpcPeering",
            "compute.restrictVpnPeerIPs",
        ),
    ),
    Control(
        "no-route-out",
        CUSTOM,
        "A route sends traffic to the internet.",
        "No route leads to the internet's gateway.",
        ("network-no-internet-route",),
        "By the default route of a network that is made with one, which no external address can use.",
        _VPC,
        _always(
            _custom(
                "RoutesOut",
                "compute.googleapis.com/Route",
                "resource.nextHopGateway.endsWith('/default-internet-gateway')",
                "No route leads to the internet",
            )
        ),
    ),
    Control(
        "closed-network",
        CUSTOM,
        "A network has subnets all over the world, public addresses, or subnets without a private way to Google.",
        "No network makes its subnets itself, no address is public, and each subnet is private and logs every flow.",
        ("network-custom-mode", "network-no-public-address", "network-subnet-private", "network-flow-logs"),
        _BEFORE,
        _VPC,
        _always(
            _custom(
                "AutoSubnets",
                "compute.googleapis.com/Network",
                "resource.autoCreateSubnetworks",
                "A network has the subnets that are declared",
            ),
            _custom(
                "PublicAddresses",
                "compute.googleapis.com/Address",
                "resource.addressType == 'EXTERNAL'",
                "No address is public",
            ),
            _custom(
                "OpenSubnets",
                "compute.googleapis.com/Subnetwork",
                f"resource.stackType != 'IPV4_ONLY' || (!resource.privateIpGoogleAccess && {_NO_PROXIES})",
                "A subnet has a private way to Google and no IPv6",
            ),
            _custom(
                "FlowsUnlogged",
                "compute.googleapis.com/Subnetwork",
                f"(!resource.logConfig.enable || resource.logConfig.flowSampling < 1.0) && {_NO_PROXIES}",
                "A subnet logs every flow",
            ),
        ),
    ),
    Control(
        "closed-firewall",
        CUSTOM,
        "A firewall rule opens the network to or from a range, or on another port.",
        "A rule allows HTTPS with single addresses and nothing more.",
        ("network-firewall-closed",),
        "By hierarchical firewall policies, which are another type; by a single address that is a stranger's. "
        + _BEFORE,
        _FIREWALL,
        _always(
            _custom(
                "OpenIn",
                "compute.googleapis.com/Firewall",
                "size(resource.allowed) > 0 && resource.direction == 'INGRESS' && "
                "(size(resource.sourceRanges) == 0 || resource.sourceRanges.exists(r, !r.endsWith('/32')))",
                "A rule lets in single addresses",
            ),
            _custom(
                "OpenOut",
                "compute.googleapis.com/Firewall",
                "size(resource.allowed) > 0 && resource.direction == 'EGRESS' && "
                "(size(resource.destinationRanges) == 0 || resource.destinationRanges.exists(r, !r.endsWith('/32')))",
                "A rule lets out to single addresses",
            ),
            _custom(
                "OtherPorts",
                "compute.googleapis.com/Firewall",
                "resource.allowed.exists(a, "
                "a.IPProtocol != 'tcp' || size(a.ports) == 0 || a.ports.exists(p, p != '443'))",
                "A rule allows HTTPS alone",
            ),
        ),
    ),
    Control(
        "dns-logged",
        CUSTOM,
        "Data leaves in the names of DNS queries, and nobody sees it.",
        "No DNS policy is made that does not log.",
        ("network-dns-logged",),
        "By a network without a DNS policy. " + _BEFORE,
        "https://docs.cloud.google.com/dns/docs/create-custom-constraints",
        _always(
            _custom("DnsUnlogged", "dns.googleapis.com/Policy", "!resource.enableLogging", "DNS queries are logged")
        ),
    ),
    Control(
        "no-account-keys",
        POLICIES,
        "Somebody makes a key of a service account, which works from anywhere and never expires.",
        "No key is made or uploaded, and no identity pool of others is let in.",
        ("identity-trust",),
        "By whoever may make tokens for an account, which the audit log records. " + _BEFORE,
        _OWN,
        lambda world: [
            _rule("iam.disableServiceAccountKeyCreation", enforce=True),
            _rule("iam.disableServiceAccountKeyUpload", enforce=True),
            _rule("iam.workloadIdentityPoolProviders", denyAll=True),
        ],
    ),
    Control(
        "no-public-grants",
        CUSTOM,
        "Something is granted to everybody, or to whoever owns or edits the project.",
        "No grant goes to all users, and none to the project's own roles.",
        ("identity-no-public-member",),
        "By the access list of a dataset, which is no policy of IAM. " + _BEFORE,
        _IAM,
        _always(
            _custom(
                "PublicGrants",
                "iam.googleapis.com/AllowPolicy",
                "resource.bindings.exists(b, b.members.exists(m, MemberTypeMatches(m, "
                "['iam.googleapis.com/PublicPrincipals', 'iam.googleapis.com/ProjectRoleReference'])))",
                "Nothing is granted to everybody",
            )
        ),
    ),
    Control(
        "no-basic-roles",
        CUSTOM,
        "Somebody is made owner or editor of the project and may do anything.",
        "Owner, editor and viewer are granted to nobody.",
        ("identity-no-wildcard",),
        "By a predefined role that is nearly as wide. Whoever deploys is granted Owner before the policy is in force. "
        + _BEFORE,
        _IAM,
        _always(
            _custom(
                "BasicRoles",
                "iam.googleapis.com/AllowPolicy",
                "resource.bindings.exists(b, RoleNameMatches(b.role, ['roles/owner', 'roles/editor', 'roles/viewer']))",
                "No basic role is granted",
            )
        ),
    ),
    Control(
        "known-members",
        CUSTOM,
        "An account of another project, or somebody's private address, gets a right here.",
        "A grant goes to accounts of the project, to Google's agents and to people of Workspace.",
        ("identity-known-members",),
        "By a person of another company's Workspace, which `iam.allowedPolicyMemberDomains` keeps out: it takes ids of "
        "customers that no stack file has. " + _BEFORE,
        _IAM,
        _members,
    ),
    Control(
        "keys-kept",
        CUSTOM,
        "Whoever wants to harm destroys the key within a day, and with it all data.",
        "A key is rotated every ninety days or sooner, and waits thirty before it goes.",
        ("encryption-key",),
        "By switching the version off, which can be undone. " + _BEFORE,
        _KMS,
        _always(
            _custom(
                "KeysNotRotated",
                "cloudkms.googleapis.com/CryptoKey",
                "resource.purpose == 'ENCRYPT_DECRYPT' && "
                "(!has(resource.rotationPeriod) || resource.rotationPeriod > duration('7776000s'))",
                "A key is rotated every ninety days",
            ),
            _custom(
                "KeysGoSoon",
                "cloudkms.googleapis.com/CryptoKey",
                "resource.destroyScheduledDuration < duration('2592000s')",
                "A key waits thirty days before it goes",
            ),
        ),
    ),
    Control(
        "no-public-buckets",
        POLICIES,
        "Somebody opens a bucket to the world.",
        "Public access to buckets is prevented, and no bucket has access lists of its objects.",
        ("encryption-bucket-public", "encryption-bucket-settings"),
        "By a signed URL, which whoever may read can make.",
        _OWN,
        _enforced("storage.publicAccessPrevention", "storage.uniformBucketLevelAccess"),
    ),
    Control(
        "versions-kept",
        CUSTOM,
        "Somebody overwrites the model, and nobody can say which one had been served.",
        "No bucket is made without versions of its objects.",
        ("encryption-bucket-settings",),
        "By deleting the versions. " + _BEFORE,
        _STORAGE,
        _always(
            _custom(
                "Unversioned",
                "storage.googleapis.com/Bucket",
                "!resource.versioning.enabled",
                "A bucket keeps versions of its objects",
            )
        ),
    ),
    Control(
        "logs-kept",
        CUSTOM,
        "Logs are gone before somebody looks for the incident, or are kept for ever.",
        "No log bucket keeps logs for a shorter or longer time than the limits say.",
        ("limits-retention",),
        "By a sink that leads elsewhere. " + _BEFORE,
        "https://docs.cloud.google.com/logging/docs/custom-constraints",
        _kept,
        approves="retention-days",
    ),
    Control(
        "labels",
        CUSTOM,
        "Nobody knows whose machines and data these are, and no bill says it.",
        "No machine and no bucket is made without each label.",
        ("cost-tags",),
        "By a label with a wrong value; by services that offer no label to a constraint. " + _BEFORE,
        _STORAGE,
        _labels,
        approves="monthly-usd",
    ),
)

UNPREVENTED: Mapping[str, Sequence[str]] = gcp_unprevented.UNPREVENTED


def documents(world: World) -> Mapping[str, Document]:
    """The custom constraints, and the policies that put them and Google's own in force.

    Raises BadInput where a list of the limits makes a condition longer than Google takes.
    """
    parts = {
        name: [p for one in CONTROLS if one.document == name for p in one.compile(world)] for name in (POLICIES, CUSTOM)
    }
    for one in parts[CUSTOM]:
        if len(one["condition"]) > LONGEST:
            raise BadInput(
                f"{one['name']}: its condition has {len(one['condition']):,} characters, and Google takes {LONGEST:,}; "
                "write machine-types of the limits with fewer and wider patterns"
            )
    in_force = [_rule(one["name"], enforce=True) for one in parts[CUSTOM]]
    return {POLICIES: {"policies": [*parts[POLICIES], *in_force]}, CUSTOM: {"customConstraints": parts[CUSTOM]}}
