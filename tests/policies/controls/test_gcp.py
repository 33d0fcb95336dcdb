"""What the pack refuses in a plan, Google Cloud refuses by a control; and a pilot comes up under all of them."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import cel
import pytest

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.placement import Caller, Placement
from policies.controls import World, controls, documents, undecided
from policies.controls.gcp import CUSTOM, LONGEST, POLICIES
from policies.limits import Limits, load
from tests.catching import Judge
from tests.policies.controls import gcp_constraints
from tests.policies.controls.gcp_resources import FIELDS, resources
from tests.policies.gcp.test_rules import (
    ADDRESS,
    BUCKET,
    BUCKET_GRANT,
    DEPLOYMENT,
    FIREWALL,
    KEY,
    LOGS,
    METADATA,
    PRIVATE,
    PROJECT_GRANT,
    SERVED,
    SUBNET,
    VPC,
    WORKBENCH,
    adding,
    losing,
    setting,
)
from tests.rows import rows

Mutation = Callable[[Graph], Graph]
PROJECT = "payments-risk-pilot"
PLACE = Placement("pilot", "payments-risk", PROJECT, "us-central1")
THEIRS = "projects/theirs/locations/us-central1/keyRings/k/cryptoKeys/d"


def _type_of(member: str) -> str:
    """The principal type of a member, as the page of `MemberTypeMatches` has it."""
    kind, _, who = member.partition(":")
    if kind in ("allUsers", "allAuthenticatedUsers"):
        return "PublicPrincipals"
    if kind.startswith("project"):
        return "ProjectRoleReference"
    if kind == "serviceAccount":
        agents = r"@(gcp-sa-[a-z]+|bigquery-encryption|compute-system|gs-project-accounts)\.iam\.gserviceaccount\.com$"
        return "ServiceAgent" if re.search(agents, who) else "ServiceAccount"
    if kind == "user":
        return "ConsumerPrincipal" if who.endswith("@gmail.com") else "WorkspacePrincipal"
    return "WorkforcePoolPrincipal"


@cache
def _compiled(condition: str) -> cel.Program:
    return cel.compile(condition)


def holds(condition: str, content: dict[str, Any]) -> bool:
    """Whether a condition holds for a resource, with the functions that Google adds to CEL for grants."""
    context = cel.Context({"resource": content})
    context.add_function("RoleNameMatches", lambda role, names: role in names)
    context.add_function("MemberSubjectEndsWith", lambda member, ends: member.endswith(tuple(ends)))
    context.add_function("MemberTypeMatches", lambda m, types: f"iam.googleapis.com/{_type_of(m)}" in types)
    found = _compiled(condition).execute(context)
    assert isinstance(found, bool)
    return found


def refused(world: World, graph: Graph, *names: str) -> dict[str, set[str]]:
    """The constraints that refuse something of a graph, each with the resources; where some are named, these alone."""
    made = documents(world)
    custom = {one["name"]: one for one in made[CUSTOM]["customConstraints"]}
    found: dict[str, set[str]] = {}
    for policy in made[POLICIES]["policies"]:
        name, (rule,) = policy["constraint"], policy["spec"]["rules"]
        if names and name not in names:
            continue
        if name not in custom:
            found[name] = set(gcp_constraints.refused(graph, name, rule))
        elif rule["enforce"]:
            said = custom[name]
            bad = said["actionType"] == "DENY"
            read = [(who, content) for who, type_, content in resources(graph) if type_ in said["resourceTypes"]]
            found[name] = {who for who, content in read if holds(said["condition"], content) is bad}
    return {name: who for name, who in found.items() if who}


STRANGER = "serviceAccount:x@elsewhere.iam.gserviceaccount.com"
NAT, PEERING = "gcp:compute/routerNat:RouterNat", "gcp:compute/networkPeering:NetworkPeering"
MUTANTS: list[tuple[str, str, str, Mutation]] = [
    ("regions", "gcp.resourceLocations", "limits-region", setting(BUCKET, "location", "europe-west1")),
    ("served-machines", "custom.mlServedMachines", "limits-machine-types",
     setting(DEPLOYMENT, "machineType", "a2-highgpu-8g")),
    ("workbench-machines", "custom.mlMachines", "limits-workspace-machines",
     setting(WORKBENCH, "gceSetup.machineType", "a2-highgpu-8g")),
    ("keys-given", "gcp.restrictNonCmekServices", "encryption-customer-key", losing(BUCKET, "encryption")),
    ("keys-given", "gcp.restrictNonCmekServices", "encryption-customer-key",
     losing(WORKBENCH, "gceSetup.dataDisks.kmsKey")),
    ("keys-given", "gcp.restrictNonCmekServices", "encryption-customer-key", losing(SERVED, "encryptionSpec")),
    ("own-keys", "gcp.restrictCmekCryptoKeyProjects", "encryption-customer-key",
     setting(BUCKET, "encryption.defaultKmsKeyName", THEIRS)),
    ("served-privately", "custom.mlServedPublicly", "network-served-privately",
     setting(SERVED, f"{PRIVATE}.enablePrivateServiceConnect", False)),
    ("served-privately", "custom.mlServedPublicly", "network-served-privately", losing(SERVED, PRIVATE)),
    ("served-privately", "custom.mlServedToOthers", "network-served-privately",
     setting(SERVED, f"{PRIVATE}.projectAllowlists", [PROJECT, "another"])),
    ("captured-here", "custom.mlCapturedElsewhere", "encryption-request-log",
     setting(SERVED, "predictRequestResponseLoggingConfig.bigqueryDestination.outputUri", "bq://theirs.requests")),
    ("no-external-address", "ainotebooks.restrictPublicIp", "network-workspace-vpc-only",
     setting(WORKBENCH, "gceSetup.disablePublicIp", False)),
    ("no-external-address", "compute.vmExternalIpAccess", "network-workspace-vpc-only",
     losing(WORKBENCH, "gceSetup.disablePublicIp")),
    ("workbench-networks", "ainotebooks.restrictVpcNetworks", "network-workspace-vpc-only",
     setting(WORKBENCH, "gceSetup.networkInterfaces", [{"network": "projects/theirs/global/networks/x"}])),
    ("workbench-locked", "ainotebooks.disableRootAccess", "identity-workspace-owner",
     losing(WORKBENCH, f"{METADATA}.notebook-disable-root")),
    ("workbench-locked", "ainotebooks.disableFileDownloads", "identity-workspace-owner",
     setting(WORKBENCH, f"{METADATA}.notebook-disable-downloads", "false")),
    ("workbench-locked", "compute.requireShieldedVm", "identity-workspace-owner",
     setting(WORKBENCH, "gceSetup.shieldedInstanceConfig.enableSecureBoot", False)),
    ("ways-out", "compute.restrictCloudNATUsage", "network-no-internet-gateway", adding(NAT)),
    ("ways-out", "compute.restrictVpcPeering", "network-no-internet-gateway", adding(PEERING)),
    ("ways-out", "compute.restrictPartnerInterconnectUsage", "network-no-internet-gateway",
     adding("gcp:compute/interconnectAttachment:InterconnectAttachment")),
    ("no-route-out", "custom.mlRoutesOut", "network-no-internet-route",
     adding("gcp:compute/route:Route", destRange="0.0.0.0/1", nextHopGateway="default-internet-gateway")),
    ("closed-network", "custom.mlAutoSubnets", "network-custom-mode", losing(VPC, "autoCreateSubnetworks")),
    ("closed-network", "custom.mlPublicAddresses", "network-no-public-address", adding(ADDRESS)),
    ("closed-network", "custom.mlPublicAddresses", "network-no-public-address",
     setting(ADDRESS, "addressType", "EXTERNAL")),
    ("closed-network", "custom.mlOpenSubnets", "network-subnet-private",
     setting(SUBNET, "privateIpGoogleAccess", False)),
    ("closed-network", "custom.mlOpenSubnets", "network-subnet-private", setting(SUBNET, "stackType", "IPV4_IPV6")),
    ("closed-network", "custom.mlFlowsUnlogged", "network-flow-logs", losing(SUBNET, "logConfig")),
    ("closed-network", "custom.mlFlowsUnlogged", "network-flow-logs",
     setting(SUBNET, "logConfig.flowSampling", 0.5)),
    ("closed-firewall", "custom.mlOpenIn", "network-firewall-closed",
     adding(FIREWALL, direction="INGRESS", allows=[{"protocol": "tcp", "ports": ["443"]}])),
    ("closed-firewall", "custom.mlOpenOut", "network-firewall-closed",
     setting(FIREWALL, "destinationRanges", ["10.40.15.254/32", "0.0.0.0/1", "128.0.0.0/1"], "https-to-google")),
    ("closed-firewall", "custom.mlOtherPorts", "network-firewall-closed",
     setting(FIREWALL, "allows", [{"protocol": "tcp", "ports": ["443", "22"]}], "https-to-google")),
    ("closed-firewall", "custom.mlOtherPorts", "network-firewall-closed",
     setting(FIREWALL, "allows", [{"protocol": "all"}], "https-to-google")),
    ("dns-logged", "custom.mlDnsUnlogged", "network-dns-logged",
     setting("gcp:dns/policy:Policy", "enableLogging", False)),
    ("no-account-keys", "iam.disableServiceAccountKeyCreation", "identity-trust",
     adding("gcp:serviceaccount/key:Key")),
    ("no-account-keys", "iam.disableServiceAccountKeyUpload", "identity-trust",
     adding("gcp:serviceaccount/key:Key", publicKeyData="x")),
    ("no-public-grants", "custom.mlPublicGrants", "identity-no-public-member",
     setting(BUCKET_GRANT, "member", "allAuthenticatedUsers")),
    ("no-public-grants", "custom.mlPublicGrants", "identity-no-public-member",
     setting(PROJECT_GRANT, "member", f"projectEditor:{PROJECT}")),
    ("no-basic-roles", "custom.mlBasicRoles", "identity-no-wildcard", setting(PROJECT_GRANT, "role", "roles/editor")),
    ("known-members", "custom.mlMembers", "identity-known-members", setting(BUCKET_GRANT, "member", STRANGER)),
    ("known-members", "custom.mlMembers", "identity-known-members",
     setting(BUCKET_GRANT, "member", "user:eve@gmail.com")),
    ("keys-kept", "custom.mlKeysNotRotated", "encryption-key", setting(KEY, "rotationPeriod", "31536000s")),
    ("keys-kept", "custom.mlKeysNotRotated", "encryption-key", losing(KEY, "rotationPeriod")),
    ("keys-kept", "custom.mlKeysGoSoon", "encryption-key", setting(KEY, "destroyScheduledDuration", "86400s")),
    ("no-public-buckets", "storage.publicAccessPrevention", "encryption-bucket-public",
     setting(BUCKET, "publicAccessPrevention", "inherited")),
    ("no-public-buckets", "storage.uniformBucketLevelAccess", "encryption-bucket-settings",
     setting(BUCKET, "uniformBucketLevelAccess", False)),
    ("versions-kept", "custom.mlUnversioned", "encryption-bucket-settings",
     setting(BUCKET, "versioning.enabled", False)),
    ("logs-kept", "custom.mlLogsKept", "limits-retention", setting(LOGS, "retentionDays", 7)),
    ("logs-kept", "custom.mlLogsKept", "limits-retention", setting(LOGS, "retentionDays", 3650)),
    ("labels", "custom.mlLabelsBucket", "cost-tags", losing(BUCKET, "labels.team")),
    ("labels", "custom.mlLabelsInstance", "cost-tags", losing(WORKBENCH, "labels.cost-center")),
]  # fmt: skip


UNKNOWN: list[tuple[str, Mutation]] = [
    ("compute.restrictVpnPeerIPs", adding("gcp:compute/vpnTunnel:VpnTunnel")),
    ("compute.restrictDedicatedInterconnectUsage", adding("gcp:compute/interconnect:Interconnect")),
    ("iam.workloadIdentityPoolProviders", adding("gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider")),
]
"""What the pack refuses as a kind that nobody knows."""


@pytest.mark.parametrize(("constraint", "mutation"), UNKNOWN, ids=[one[0] for one in UNKNOWN])
def test_what_nobody_knows_the_control_refuses(
    gcp_pilot: Graph, judge: Judge, constraint: str, mutation: Mutation
) -> None:
    mutant = mutation(gcp_pilot)
    assert judge.caught(mutant, "kind-known") == {"kind-known"}
    assert constraint in refused(World.of("gcp", PLACE), mutant, constraint)


def test_each_constraint_has_a_mutant() -> None:
    every = {one["constraint"] for one in documents(World.of("gcp", PLACE))[POLICIES]["policies"]}
    assert every == {constraint for _, constraint, _, _ in MUTANTS} | {constraint for constraint, _ in UNKNOWN}


@pytest.fixture(scope="module")
def judge(gcp_pilot: Graph) -> Judge:
    return Judge.of(gcp_pilot)


@rows(("control", "constraint", "rule", "mutation"), MUTANTS, ids=[f"{i}-{one[0]}" for i, one in enumerate(MUTANTS)])
def test_what_the_pack_refuses_the_control_refuses(
    gcp_pilot: Graph, judge: Judge, control: str, constraint: str, rule: str, mutation: Mutation
) -> None:
    mutant = mutation(gcp_pilot)
    assert rule in next(one.rules for one in controls("gcp") if one.name == control)
    assert judge.caught(mutant, rule) == {rule}
    assert constraint in refused(World.of("gcp", PLACE), mutant, constraint)


def test_each_control_and_each_of_its_rules_has_a_mutant() -> None:
    told = {(one.name, rule) for one in controls("gcp") for rule in one.rules}
    assert told == {(control, rule) for control, _, rule, _ in MUTANTS}


@pytest.mark.parametrize("world", [World.of("gcp"), World.of("gcp", PLACE)], ids=["platform", "stack"])
def test_a_pilot_comes_up_under_the_controls(gcp_pilot: Graph, world: World) -> None:
    assert len({type_ for _, type_, _ in resources(gcp_pilot)}) >= 11
    assert refused(world, gcp_pilot) == {}


def test_a_caller_of_another_project_is_served() -> None:
    caller = Caller("desk", account="desk-prod")
    made = documents(World.of("gcp", replace(PLACE, callers=(caller,))))[CUSTOM]["customConstraints"]
    (others,) = [one["condition"] for one in made if one["name"] == "custom.mlServedToOthers"]

    def serves(*projects: str) -> bool:
        return not holds(others, {"privateServiceConnectConfig": {"projectAllowlist": list(projects)}})

    assert serves(PROJECT, "desk-prod") and not serves(PROJECT, "desk-prod", "another")


def test_a_subnet_of_proxies_may_be_made_and_none_of_machines_passes_for_one(gcp_pilot: Graph) -> None:
    names = ("custom.mlOpenSubnets", "custom.mlFlowsUnlogged")

    def made(purpose: str, **more: Any) -> dict[str, set[str]]:
        bare = losing(SUBNET, "logConfig")(setting(SUBNET, "privateIpGoogleAccess", False)(gcp_pilot))
        (subnet,) = bare.of(SUBNET)
        inputs = {**subnet.inputs, "purpose": purpose, **more}
        others = tuple(one for one in bare.resources if one is not subnet)
        return refused(World.of("gcp"), replace(bare, resources=(*others, replace(subnet, inputs=inputs))), *names)

    assert made("REGIONAL_MANAGED_PROXY") == {} and set(made("PRIVATE")) == set(names)
    assert set(made("REGIONAL_MANAGED_PROXY", stackType="IPV4_IPV6")) == {names[0]}


def test_every_member_of_every_grant_is_read() -> None:
    made = documents(World.of("gcp", PLACE))[CUSTOM]["customConstraints"]
    (known,) = [one["condition"] for one in made if one["name"] == "custom.mlMembers"]
    ours = {"role": "x", "members": [f"serviceAccount:pilot-batch@{PROJECT}.iam.gserviceaccount.com"]}
    assert holds(known, {"bindings": [ours]})
    assert not holds(known, {"bindings": [ours, {"role": "x", "members": [*ours["members"], STRANGER]}]})


def test_what_the_limits_leave_open_is_in_no_constraint() -> None:
    nobody = {"regions", "own-keys", "captured-here", "workbench-networks", "known-members"}
    assert {one.name for one in undecided(World.of("gcp"))} == nobody
    prod = {one.name for one in undecided(World.of("gcp", replace(PLACE, environment="prod")))}
    assert prod == {"served-machines", "workbench-machines"}


def _fields(condition: str) -> set[str]:
    """The fields that a condition reads. A variable of a macro stands for an element of a list."""
    found: set[str] = set()
    of = {"resource": ""}
    for root, path, macro in re.findall(r"\b([a-z]\w*)\.([\w.]+)(?:\((\w+),)?", condition):
        if root not in of:
            continue  # a value in quotes
        fields, _, last = path.rpartition(".")
        whole = f"{of[root]}{fields if last in _CALLS else path}".rstrip(".")
        found |= {whole} - {""}
        if last in ("all", "exists"):
            of[macro] = f"{whole}."
    return found


_CALLS = ("all", "endsWith", "exists", "matches", "startsWith")


def test_a_condition_fits_and_reads_fields_that_are_offered() -> None:
    """A list or a part of a resource may be asked for whole."""
    read: dict[str, set[str]] = {}
    for one in documents(World.of("gcp", PLACE))[CUSTOM]["customConstraints"]:
        assert len(one["name"]) <= 70 and len(one["displayName"]) <= 200
        assert len(one["condition"]) <= LONGEST
        read.setdefault(*one["resourceTypes"], set()).update(_fields(one["condition"]))
    for type_, fields in read.items():
        wholes = {field[:end] for field in FIELDS[type_] for end in _ends(field)}
        assert fields and fields <= wholes, type_
        assert {one for one in FIELDS[type_] if one not in fields} == set(), f"no condition reads it, of {type_}"


def _ends(field: str) -> list[int]:
    return [*(dot.start() for dot in re.finditer(r"\.", field)), len(field)]


def test_a_condition_that_would_be_too_long_is_refused_in_one_sentence() -> None:
    held = load().of("gcp", PLACE)
    many = held["machine-types"].model_copy(update={"value": [f"n2-standard-{i}" for i in range(100)]})
    world = World("gcp", Limits({**held.limits, "machine-types": many}, held.quotas), PLACE)
    with pytest.raises(
        BadInput, match=r"^custom.mlServedMachines: its condition has [\d,]+ characters, and Google takes"
    ):
        documents(world)
