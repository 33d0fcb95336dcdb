"""The policies of an organisation that a plan is checked against, by the id that each cloud's administrators know.

An entry of `organisation/landing_zones.yaml` says which are in force above the stack's account, each with its values.
What is in force and has no record here is checked by the cloud alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class OrgPolicy:
    """One policy: what its values are, the pattern of one, and where the cloud describes it."""

    values: str
    pattern: str
    source: str


_SCPS = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples"
_CONSTRAINTS = "https://cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints"
_AZURE = "https://learn.microsoft.com/en-us/azure/governance/policy/samples/built-in-policies"
_PROJECT = r"[a-z][a-z0-9-]{4,28}[a-z0-9]"
_ENFORCED = "true, for it is in force or not"
_VPC = rf"projects/{_PROJECT}/global/networks/[a-z0-9-]+"

_POOL = r"locations/global/workforcePools/[a-z][a-z0-9-]{2,30}[a-z0-9]"

REGION_DENY, AWS_TAGS, AWS_MACHINES = "region-deny", "required-tags", "sagemaker:InstanceTypes"
GCP_LABELS = "required-labels"
RESOURCE_LOCATIONS = "constraints/gcp.resourceLocations"
KEY_PROJECTS = "constraints/gcp.restrictCmekCryptoKeyProjects"
PEERINGS = "constraints/compute.restrictVpcPeering"
SHARED_SUBNETS = "constraints/compute.restrictSharedVpcSubnetworks"
WORKBENCH_NETWORKS = "constraints/ainotebooks.restrictVpcNetworks"
NO_ENDPOINTS = "constraints/compute.disablePrivateServiceConnectCreationForConsumers"
SERVICES = "constraints/gcp.restrictServiceUsage"
WORKBENCH_UPGRADES = "constraints/ainotebooks.requireAutoUpgradeSchedule"
NO_TERMINAL = "constraints/ainotebooks.disableTerminal"
WORKBENCH_IMAGES = "constraints/ainotebooks.environmentOptions"
NO_GUEST_ATTRIBUTES = "constraints/compute.disableGuestAttributesAccess"
IMAGE_PROJECTS = "constraints/compute.trustedImageProjects"
MEMBER_DOMAINS = "constraints/iam.allowedPolicyMemberDomains"
ALLOWED_LOCATIONS, AZURE_TAGS, NO_PUBLIC_NETWORK = "allowed-locations", "required-tags", "deny-public-network"

LOCATIONS: Mapping[str, str] = {"aws": REGION_DENY, "gcp": RESOURCE_LOCATIONS, "azure": ALLOWED_LOCATIONS}
"""The policy of each platform that says where resources may stand."""
REQUIRED_TAGS: Mapping[str, str] = {"aws": AWS_TAGS, "gcp": GCP_LABELS, "azure": AZURE_TAGS}
"""The policy of each platform that asks for tags. On Google Cloud it is a custom constraint that a company writes."""

PUBLIC_SWITCHES: Mapping[str, tuple[str, ...]] = {
    "azure-native:applicationinsights:Component": ("publicNetworkAccessForIngestion", "publicNetworkAccessForQuery"),
    "azure-native:containerregistry:Registry": ("publicNetworkAccess",),
    "azure-native:keyvault:Vault": ("properties.publicNetworkAccess",),
    "azure-native:machinelearningservices:Workspace": ("publicNetworkAccess",),
    "azure-native:operationalinsights:Workspace": ("publicNetworkAccessForIngestion", "publicNetworkAccessForQuery"),
    "azure-native:storage:StorageAccount": ("publicNetworkAccess",),
}
"""The switches that Azure's definitions read, by the kind: each must be `Disabled`."""
PUBLIC_TYPES: Mapping[str, str] = {
    "Microsoft.Insights/components": "azure-native:applicationinsights:Component",
    "Microsoft.ContainerRegistry/registries": "azure-native:containerregistry:Registry",
    "Microsoft.KeyVault/vaults": "azure-native:keyvault:Vault",
    "Microsoft.MachineLearningServices/workspaces": "azure-native:machinelearningservices:Workspace",
    "Microsoft.OperationalInsights/workspaces": "azure-native:operationalinsights:Workspace",
    "Microsoft.Storage/storageAccounts": "azure-native:storage:StorageAccount",
}
"""Azure's types that a definition against public network access exists for, and the kind of each."""

KNOWN: Mapping[str, Mapping[str, OrgPolicy]] = {
    "aws": {
        REGION_DENY: OrgPolicy("a region that the policy lets through", r"[a-z]{2}(-[a-z]+)+-\d", _SCPS),
        AWS_TAGS: OrgPolicy("the key of a tag that whatever is created must carry", r"[\w .:/=+@-]{1,128}", _SCPS),
        AWS_MACHINES: OrgPolicy(
            "a machine type that SageMaker may start, such as ml.m5.large",
            r"ml\.[a-z0-9-]+\.[a-z0-9]+",
            "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html",
        ),
    },
    "gcp": {
        RESOURCE_LOCATIONS: OrgPolicy(
            "a region such as us-central1 or in:us-central1-locations; write out the regions of a larger group",
            r"[a-z]+-[a-z]+\d+|in:[a-z]+-[a-z]+\d+-locations",
            _CONSTRAINTS,
        ),
        GCP_LABELS: OrgPolicy(
            "the key of a label that a custom constraint asks of every resource",
            r"[a-z][a-z0-9_-]{0,62}",
            "https://cloud.google.com/resource-manager/docs/organization-policy/creating-managing-custom-constraints",
        ),
        KEY_PROJECTS: OrgPolicy(
            "a project that keys may come from, such as projects/company-keys", rf"(under:)?projects/{_PROJECT}",
            _CONSTRAINTS,
        ),
        PEERINGS: OrgPolicy(
            "a VPC that may be peered with, such as projects/company-network-host/global/networks/hub", _VPC,
            _CONSTRAINTS,
        ),
        SHARED_SUBNETS: OrgPolicy(
            "a subnet of a host project, such as projects/company-network-host/regions/us-central1/subnetworks/ml",
            rf"projects/{_PROJECT}/regions/[a-z0-9-]+/subnetworks/[a-z0-9-]+",
            _CONSTRAINTS,
        ),
        WORKBENCH_NETWORKS: OrgPolicy(
            "a VPC in which Workbench may stand, such as projects/company-network-host/global/networks/ml", _VPC,
            _CONSTRAINTS,
        ),
        NO_ENDPOINTS: OrgPolicy(
            "GOOGLE_APIS or SERVICE_PRODUCERS, the endpoints that nobody may create", "GOOGLE_APIS|SERVICE_PRODUCERS",
            _CONSTRAINTS,
        ),
        SERVICES: OrgPolicy(
            "an API whose resources may be made, such as aiplatform.googleapis.com", r"[a-z]+\.googleapis\.com",
            "https://cloud.google.com/resource-manager/docs/organization-policy/restricting-resources",
        ),
        WORKBENCH_UPGRADES: OrgPolicy(_ENFORCED, "true", _CONSTRAINTS),
        NO_TERMINAL: OrgPolicy(_ENFORCED, "true", _CONSTRAINTS),
        WORKBENCH_IMAGES: OrgPolicy(
            "an image that Workbench may start from, such as "
            "ainotebooks-vm/cloud-notebooks-managed/image-family/workbench-instances",
            r"ainotebooks-(vm|container)/\S+", _CONSTRAINTS,
        ),
        NO_GUEST_ATTRIBUTES: OrgPolicy(_ENFORCED, "true", _CONSTRAINTS),
        IMAGE_PROJECTS: OrgPolicy(
            "a project that images of disks may come from, such as projects/cloud-notebooks-managed",
            r"(under:)?projects/[a-z][a-z0-9-]{4,28}[a-z0-9]", _CONSTRAINTS,
        ),
        MEMBER_DOMAINS: OrgPolicy(
            "a domain of a customer or an organisation that the policy names by its id, such as example.com, or a "
            "workforce pool of such an organisation, such as locations/global/workforcePools/partners",
            rf"(?!.*gserviceaccount\.com$)([a-z0-9-]+\.)+[a-z]{{2,}}|{_POOL}",
            "https://cloud.google.com/resource-manager/docs/organization-policy/restricting-domains",
        ),
    },
    "azure": {
        # e56962a6-4747-49cd-b67b-bf8b01975c4c
        ALLOWED_LOCATIONS: OrgPolicy("a region in which resources may stand, such as eastus2", r"[a-z]+\d*", _AZURE),
        # 871b6d14-10aa-478d-b590-94f262ecfa99
        AZURE_TAGS: OrgPolicy("the key of a tag that every resource must carry", r"[^<>%&\\?/]{1,512}", _AZURE),
        # 1bc02227-0cb6-4e11-8f53-eb0b22eab7e8, 0fdf0491-d080-4575-b627-ad0e843cba0f,
        # 405c5871-3e91-4644-8a63-58e19d68ff5b, 438c38d2-3772-465a-a9cc-7a6666a275ce,
        # 6c53d030-cc64-46f0-906d-2bc061cd1334, b2982f36-99f2-4db5-8eff-283140c09693
        NO_PUBLIC_NETWORK: OrgPolicy(
            f"a type that no public network may reach: {', '.join(PUBLIC_TYPES)}", "|".join(PUBLIC_TYPES), _AZURE
        ),
    },
}  # fmt: skip
"""What is checked, by platform and id."""


def outside(member: str, allowed: Sequence[str]) -> bool:
    """Whether a member of a grant is neither of one of these domains nor of one of these workforce pools.

    A service account is of the organisation that its project is in, or Google's own. Which of Google's agents a policy
    lets in no plan tells, so that the cloud alone judges those. Google writes members as its page has them:
    https://cloud.google.com/iam/docs/principal-identifiers
    """
    kind, _, who = member.partition(":")
    if kind in ("serviceAccount", ""):
        return False
    pool = re.match(rf"//iam\.googleapis\.com/({_POOL})(/|$)", who) if kind in ("principal", "principalSet") else None
    return (pool[1] if pool else who.rpartition("@")[2].casefold()) not in allowed
