"""What a landing zone gives reaches every resource that it concerns."""

import json
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.errors import BadInput
from catalogue.graph import Graph, Resource
from catalogue.kind import At
from catalogue.kinds import kind_of
from catalogue.kinds.aws.ec2 import service_of
from catalogue.landing_zones import CALLED, OUR_TAGS
from catalogue.marked import texts_in
from catalogue.platforms import PLATFORMS
from components.azure.names import worldwide
from operations.evaluation import evaluate
from operations.verdict import Verdict
from policies import pack
from policies.aws.access import own_policies
from policies.aws.identity import guardrails, no_wildcard
from policies.aws.sizes import document, role_policies
from stacks.config import validate
from tests.conftest import company
from tests.mutate import at, changed
from tests.operations.test_judge import judged
from tests.previewing import preview
from tests.stacks.sections.test_landing_zone import (
    AWS_KEY,
    BOUNDARY,
    EACH,
    GCP_KEY,
    GIVEN,
    KEPT,
    NETWORKS,
    OTHER,
    OURS,
    VAULT,
    VAULT_ID,
    Entry,
    broken,
    refusals,
    stack,
    within,
    write,
    zone,
)

NOT_MADE: Mapping[str, str] = {
    "aws": r"aws:ec2/(vpc|subnet|routeTable|routeTableAssociation|flowLog|defaultSecurityGroup):.*",
    "gcp": r"gcp:dns/.*|gcp:compute/(network|subnetwork|firewall|globalAddress|globalForwardingRule):.*",
    "azure": r"azure-native:network:(VirtualNetwork|Subnet|NetworkSecurityGroup)",
}
TRAIL: Mapping[str, str] = {
    "aws": "arn:aws:cloudtrail:us-east-1:444455556666:trail/organisation",
    "gcp": "organizations/123456789012/sinks/audit",
}


_ROLE = "arn:aws:iam::111122223333:role/app"
_ZONES = [f"us-east-1{zone}" for zone in "abcdef"]
_JOBS: dict[str, Any] = stack("aws")["mlplatform:batch_jobs"]
_IMAGES = [f"111122223333.dkr.ecr.us-east-1.amazonaws.com/team-{n}/some-repository-{n}:1" for n in range(8)]
_MODEL = stack("aws")["mlplatform:models"]["fraud-scorer"]
_TRAINED = [f"training-of-the-model-{n:02}" for n in range(12)]


def _training(name: str) -> Entry:
    folder = "s3://acme-ml-aws-pilot-artifacts-111122223333/"
    return {
        **{"image": _IMAGES[0], "data": {"train": f"{folder}data/"}, "output_uri": f"{folder}training/{name}/"},
        **{"family": "cpu-medium", "max_hours": 2, "runs_per_month": 8},
    }


SAID: Mapping[str, Entry] = {
    "full": {
        "network": {"cidr": "10.40.0.0/20", "zones": _ZONES},
        "callers": {
            name: {"network": f"vpc-0123456789abcdef{n}", "cidr": f"10.6{n}.0.0/20", "identity": f"{_ROLE}-{name}"}
            for n, name in enumerate(("app", "web"))
        },
        "batch_jobs": {**_JOBS, **{f"second-{name}": job for name, job in _JOBS.items()}},
        "training": {name: _training(name) for name in _TRAINED},
        "experiments": {"training": _TRAINED},
        "models": {
            **stack("aws")["mlplatform:models"],
            **{f"m{n}": {**_MODEL, "image": image} for n, image in enumerate(_IMAGES)},
        },
    },
    "prefix": {"callers": {"app": {"network": "vpc-0123456789abcdef0", "cidr": "10.60.0.0/20", "identity": _ROLE}}},
}
"""What the stack file says beside, by what its landing zone gives."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> "World":
    return World(tmp_path_factory.mktemp("world"))


class World:
    """A company with some landing zones a platform: one gives all that it can, one gives nothing, one a single thing.

    A graph is made once, and judged once.

    Whoever makes one or judges it stands `within` the company.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._made: dict[tuple[str, str], Graph] = {}
        self._judged: dict[tuple[str, str], Verdict] = {}
        with self.within() as organisation:
            given = {f"given-{platform}": zone(platform, **GIVEN[platform]) for platform in PLATFORMS}
            # A trail and a log store are for one another's place.
            trails = {
                f"trail-{platform}": zone(platform, trail=trail, network=NETWORKS[platform])
                for platform, trail in TRAIL.items()
            }
            nothing = {f"nothing-{platform}": zone(platform) for platform in PLATFORMS}
            alone = {"prefix-aws": zone("aws", name_prefix="ml-"), "logs-gcp": zone("gcp", logs=KEPT["gcp"]["logs"])}
            says = {"name_prefix": "acme-ml-", "permissions_boundary_arn": BOUNDARY, "role_path": "/ml/"}
            write(organisation, **given, **trails, **nothing, **alone, **{"full-aws": zone("aws", **says)})

    @contextmanager
    def within(self) -> Generator[Path]:
        with pytest.MonkeyPatch.context() as patch, contextmanager(company)(self.root, patch) as organisation:
            yield organisation

    def graph(self, platform: str, gives: str = "given") -> Graph:
        if (platform, gives) not in self._made:
            makes = within if gives in ("given", "trail") else stack
            config = makes(platform, landing_zone=f"{gives}-{platform}", **SAID.get(gives, {}))
            file = self.root / f"Pulumi.{platform}-pilot.yaml"
            text = yaml.safe_dump({"config": json.loads(json.dumps(config))})  # no two places are one object
            if gives in ("given", "prefix"):  # the stack's own bucket and repository have the prefix
                text = re.sub(rf"\b{platform}-pilot-(artifacts|registry)", r"ml-\g<0>", text)
                own, ours = (worldwide(f"{ml}azure-pilot", OURS.rpartition("/")[2], "images") for ml in ("", "ml-"))
                text = text.replace(own, ours)
            file.write_text(text, encoding="utf-8")
            with self.within():
                self._made[platform, gives] = preview(file)
        return self._made[platform, gives]

    def verdict(self, platform: str, gives: str = "given") -> Verdict:
        graph = self.graph(platform, gives)
        if (platform, gives) not in self._judged:
            with self.within():
                self._judged[platform, gives] = judged(graph)
        return self._judged[platform, gives]


def again(graph: Graph) -> Graph:
    """The same graph, of which nothing was read: a graph is read once."""
    return replace(graph)


# ---- what it does to the graph ----------------------------------------------------------------------------------


def tags_of(graph: Graph) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in graph.cloud:
        kind = kind_of(resource.type)
        if kind is not None and isinstance(kind.tags, At):
            yield resource.name, at(resource.inputs, kind.tags.path)


@EACH
def test_extra_tags_are_on_everything_that_carries_ours(world: World, platform: str) -> None:
    extra = GIVEN[platform]["extra_tags"]
    tagged = dict(tags_of(world.graph(platform)))
    assert len(tagged) > 5
    for name, tags in tagged.items():
        assert {*OUR_TAGS, *extra} <= {*tags} and extra.items() <= tags.items(), name


@EACH
def test_every_name_begins_with_the_prefix(world: World, platform: str) -> None:
    graph = world.graph(platform)
    named = [r for r in graph.cloud if not r.is_provider]
    assert [r.name for r in named if not r.name.startswith(("ml-", f"ml{platform}pilot"))] == []
    bare = re.compile(rf"(?<!ml)(?<!ml[-_]){platform}[-_]?pilot")
    for resource in named:
        for text in texts_in(resource.inputs):
            without_tags = text.replace(f'"{graph.stack}"', "")
            assert text == graph.stack or not bare.search(without_tags), (resource.name, text)
    asked = {r.stack_key for r in graph.resources}
    assert {"endpoints.fraud-scorer", "owner", "budget"} <= asked, "a finding names the key of the stack file"


@pytest.mark.parametrize(("prefix", "fits"), [("acme-", True), ("acme-risk-", False)])
def test_a_prefix_leaves_room_for_the_name_of_the_stack(organisation: Path, prefix: str, fits: bool) -> None:
    write(organisation, shared=zone("aws", name_prefix=prefix))
    file = "Pulumi.payments-risk-dev.yaml"  # 17 characters, with acme- 22
    if fits:
        validate(stack("aws"), file)
        return
    with pytest.raises(BadInput, match="leaves 12 characters for the stack's own name; payments-risk-dev has 17"):
        validate(stack("aws"), file)


@EACH
def test_an_entry_that_gives_nothing_changes_nothing(
    world: World, platform: str, request: pytest.FixtureRequest
) -> None:
    pilot: Graph = request.getfixturevalue(f"{platform}_pilot")
    inside = world.graph(platform, "nothing")
    assert (inside.resources, inside.outputs) == (pilot.resources, pilot.outputs)


@pytest.mark.parametrize(("platform", "gives"), [("aws", "prefix"), ("gcp", "logs")])
def test_a_stack_that_is_given_one_thing_alone_passes(world: World, platform: str, gives: str) -> None:
    assert [found.message for found in world.verdict(platform, gives).failing] == []


@EACH
def test_a_stack_in_all_that_is_given_passes_and_says_what_is_given(world: World, platform: str) -> None:
    verdict = world.verdict(platform)
    assert not (said := "\n".join(found.message for found in verdict.failing)), said
    (fit,) = [proof for proof in verdict.proofs if proof.name == "network fit"]
    assert fit.state == "planned" and f"given by the landing zone given-{platform}, and its own routes" in fit.fact
    assert verdict.network is not None and [place for place in verdict.network.places if place.side == "given"]


NOT_KEPT: Mapping[str, str] = {
    "aws": r"aws:kms/.*",
    "gcp": r"gcp:kms/.*|gcp:logging/projectBucketConfig:.*",
    "azure": r"azure-native:keyvault:Key|azure-native:operationalinsights:.*",
}


@EACH
def test_keys_and_log_store_that_are_given_are_used_and_none_is_made(world: World, platform: str) -> None:
    graph, entry = world.graph(platform), GIVEN[platform]
    assert [r.type for r in graph.cloud if re.fullmatch(NOT_KEPT[platform], r.type)] == []
    said = {text for resource in graph.cloud for text in texts_in(resource.inputs)}
    wanted = [*entry["keys"].values(), entry["logs"].removeprefix("arn:aws:s3:::")]
    assert [value for value in wanted if not any(value in text for text in said)] == []
    verdict = world.verdict(platform)
    unread = [found for found in verdict.findings if found.rule == "landing-zone-unread"]
    assert len(unread) == len({"keys", "logs", "trail"} & {*entry}) and not any(found.mandatory for found in unread)
    assert any(entry["keys"]["data"] in step.what for step in verdict.manual_steps)


@pytest.mark.parametrize("platform", TRAIL)
def test_a_trail_that_is_given_is_named_and_none_is_made(world: World, platform: str) -> None:
    made = r"aws:cloudtrail/.*|gcp:logging/.*|gcp:projects/iAMAuditConfig:.*|.*:index:Audit"
    assert [r.type for r in world.graph(platform, "trail").resources if re.fullmatch(made, r.type)] == []
    verdict = world.verdict(platform, "trail")
    assert verdict.failing == []
    (named,) = [found.message for found in verdict.findings if found.rule == "landing-zone-unread"]
    assert TRAIL[platform] in named and any(TRAIL[platform] in step.what for step in verdict.manual_steps)


KEPT_MISTAKES: list[tuple[str, Entry, str]] = [
    ("aws", {"keys": {"data": f"{AWS_KEY}1".replace("us-east", "us-west"), "logs": f"{AWS_KEY}2"}}, "keys.data: is a"),
    ("aws", {"keys": {"data": f"{AWS_KEY}1"}}, "keys.logs: is missing"),
    ("aws", {"trail": TRAIL["aws"]}, "logs: is missing beside trail"),
    ("aws", {"trail": TRAIL["aws"], "logs": "arn:aws:s3:::x-y", "network": NETWORKS["aws"]}, "logs: nothing would"),
    ("aws", {"logs": "central-logs"}, "logs: found 'central-logs', allowed: the ARN of a bucket"),
    ("gcp", {"keys": {"data": f"{GCP_KEY}/data", "logs": f"{GCP_KEY}/x".replace("us-c", "eu-c")}}, "keys.logs: is"),
    ("gcp", {"keys": {"data": f"{GCP_KEY}/data"}}, "keys.logs: is missing"),
    ("gcp", {"keys": {"data": f"{GCP_KEY}/d", "logs": f"{GCP_KEY}/l"}, "trail": TRAIL["gcp"]}, "keys.logs: no log"),
    ("gcp", {"trail": TRAIL["gcp"], "logs": KEPT["gcp"]["logs"]}, "logs: nothing would lead to it"),
    ("gcp", {"trail": "projects/x/sinks/y"}, "trail: found 'projects/x/sinks/y', allowed: an aggregated sink"),
    ("azure", {"keys": KEPT["azure"]["keys"] | {"vault_id": f"{VAULT_ID}2"}}, "keys.vault_id: is another vault"),
    ("azure", {"trail": f"{OTHER}/providers/Microsoft.Insights/diagnosticSettings/x"}, "trail: is of another subscrip"),
]  # fmt: skip


@pytest.mark.parametrize(("platform", "says", "sentence"), KEPT_MISTAKES)
def test_a_mistake_in_keys_logs_and_trail_is_one_sentence(
    organisation: Path, platform: str, says: Entry, sentence: str
) -> None:
    write(organisation, shared=zone(platform, **says))
    (said,) = broken()
    assert said.startswith(f"{CALLED}: landing_zones.shared.{sentence}"), said


def test_roles_stand_under_the_path_and_the_boundary_that_are_given(world: World) -> None:
    graph = world.graph("aws")
    roles = graph.of("aws:iam/role:Role")
    (attached,) = graph.of("aws:iam/policy:Policy")
    assert len(roles) == 8 and {statement["Effect"] for statement in statements_of(attached)} == {"Deny"}
    assert [role.name for role in roles if graph.refers(role, "managedPolicyArns") != [attached]] == []
    assert {role.inputs["permissionsBoundary"] for role in roles} == {BOUNDARY}
    assert {role.inputs["path"] for role in roles} == {"/ml/"}
    with world.within():
        assert [found for role in roles for found in guardrails.check(graph, role)] == []
    policies = graph.of("aws:iam/rolePolicy:RolePolicy")
    said = " ".join(
        re.findall(r"arn:aws:iam::\d+:role[^\"]*", " ".join(str(p.inputs["policy"]) for p in (*policies, attached)))
    )
    assert "role/ml/ml-aws-pilot-training" in said and "role/ml/ml-aws-pilot-approver" in said
    assert "role/ml-aws-pilot-" not in said


def statements_of(policy: Resource) -> list[dict[str, Any]]:
    return json.loads(str(policy.inputs["policy"]))["Statement"]


def test_a_stack_with_much_in_it_has_room_for_the_guardrails_beside_a_given_boundary(world: World) -> None:
    """The longest names, six zones, callers, jobs, a dozen of which train by hand and are recorded, and images in
    repositories that share no folder. IAM: 10,240 characters of inline policies a role, 6,144 in an attached one."""
    graph = world.graph("aws", "full")
    assert evaluate(graph, [role_policies, document]).findings == []
    policies = graph.of("aws:iam/rolePolicy:RolePolicy")
    longest = max(len(json.dumps(json.loads(one.inputs["policy"]), separators=(",", ":"))) for one in policies)
    assert 9_500 < longest <= 10_240, "it is as near to the bound as a test of it has to be"
    roles = graph.of("aws:iam/role:Role")
    with world.within():
        assert len(roles) == 11 and [found for role in roles for found in guardrails.check(graph, role)] == []


def test_guardrails_that_a_given_boundary_leaves_to_nobody_are_found(world: World) -> None:
    graph = world.graph("aws")
    bare = tuple(r for r in graph.resources if not r.name.endswith("-guardrails"))
    without = replace(graph, resources=bare)
    for role in without.of("aws:iam/role:Role"):
        assert any("does not deny" in str(found) for found in guardrails.check(without, role)), role.name


def test_what_a_role_has_attached_grants_nothing_and_is_the_stack_s(world: World) -> None:
    graph = world.graph("aws")
    (attached,) = graph.of("aws:iam/policy:Policy")
    role = graph.of("aws:iam/role:Role")[0]
    with world.within():
        assert not list(no_wildcard.check(graph, role))
        assert any(not one.allows for one in own_policies(graph, role)), "a simulation reads them"
        more = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::x/*"]}
        granting = changed(graph, attached, lambda p: p.update(policy=json.dumps({"Statement": [more]})))
        foreign = changed(
            graph, role, lambda p: p.update(managedPolicyArns=[attached.outputs["arn"], "arn:aws:iam::x"])
        )
        instead = changed(graph, role, lambda p: p.update(managedPolicyArns=["arn:aws:iam::x"]))
        for wrong in (granting, foreign, instead):
            assert any("managed policy" in str(found) for found in no_wildcard.check(wrong, wrong.by_urn[role.urn]))


@EACH
def test_nothing_is_made_of_a_network_that_is_there(world: World, platform: str) -> None:
    graph = world.graph(platform)
    made = [resource.type for resource in graph.cloud if re.fullmatch(NOT_MADE[platform], resource.type)]
    assert made == [] and len(graph.cloud) > 50


def test_on_aws_everything_stands_in_the_given_subnets(world: World) -> None:
    net, graph = NETWORKS["aws"], world.graph("aws")
    groups = graph.of("aws:ec2/securityGroup:SecurityGroup")
    endpoints = graph.of("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert groups and {one.inputs["vpcId"] for one in (*groups, *endpoints)} == {net["vpc_id"]}
    for endpoint in endpoints:
        assert endpoint.inputs["vpcEndpointType"] == "Interface"
        assert sorted(endpoint.inputs["subnetIds"]) == sorted(net["subnet_ids"].values())
    made = {service_of(endpoint) for endpoint in endpoints}
    assert made and not made & {*net["endpoints"], "s3"}
    (domain,) = graph.of("aws:sagemaker/domain:Domain")
    assert domain.inputs["subnetIds"] == [net["subnet_ids"][f"us-east-1{zone}"] for zone in "ab"]
    out = [rule.inputs for rule in graph.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")]
    assert net["endpoints_security_group_id"] in [rule.get("referencedSecurityGroupId") for rule in out]
    assert net["s3_prefix_list_id"] in [rule.get("prefixListId") for rule in out]
    into = [rule.inputs for rule in graph.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")]
    given_group = net["endpoints_security_group_id"]
    assert given_group not in [rule["securityGroupId"] for rule in (*into, *out)], "a rule in a group of others"


def test_on_aws_the_proof_misses_an_endpoint_that_nobody_has(organisation: Path, world: World) -> None:
    graph = world.graph("aws")
    fewer = NETWORKS["aws"] | {"endpoints": ["sagemaker.api"]}
    write(organisation, **{"given-aws": zone("aws", network=fewer)})
    assert any("has no VPC endpoint for sts" in f.message for f in evaluate(again(graph), pack.RULES["aws"]).findings)


def test_on_gcp_machines_and_endpoints_stand_in_the_shared_vpc(organisation: Path, world: World) -> None:
    graph = world.graph("gcp")
    network = "projects/company-network-host/global/networks/shared-ml"
    subnet = "projects/company-network-host/regions/us-central1/subnetworks/ml-us"
    instances = graph.of("gcp:workbench/instance:Instance")
    assert instances
    for instance in instances:
        assert instance.inputs["gceSetup"]["networkInterfaces"] == [{"network": network, "subnet": subnet}]
    assert {one.inputs["subnetwork"] for one in graph.of("gcp:compute/address:Address")} == {subnet}
    assert {one.inputs["network"] for one in graph.of("gcp:compute/forwardingRule:ForwardingRule")} == {network}
    # The given network must resolve what is needed.
    fewer = NETWORKS["gcp"] | {"private_domains": ["googleapis.com"]}
    write(organisation, **{"given-gcp": zone("gcp", network=fewer)})
    assert any("needs pkg.dev" in f.message for f in evaluate(again(graph), pack.RULES["gcp"]).findings)


def test_on_azure_private_endpoints_stand_in_the_given_subnet(world: World) -> None:
    net, graph = NETWORKS["azure"], world.graph("azure")
    endpoints = graph.of("azure-native:network:PrivateEndpoint")
    assert endpoints and {one.inputs["subnet"]["id"] for one in endpoints} == {net["subnet_id"]}
    made = {one.inputs["privateZoneName"] for one in graph.of("azure-native:privatedns:PrivateZone")}
    assert made and VAULT not in made
    assert graph.placement is not None
    (people,) = graph.placement.people  # whose network the landing zone's owner has joined, and who read what is made
    links = [one.inputs["virtualNetwork"]["id"] for one in graph.of("azure-native:privatedns:VirtualNetworkLink")]
    assert sorted(links) == sorted([net["virtual_network_id"], people.network] * len(made))
    assert not graph.of("azure-native:network:VirtualNetworkPeering")
    registered = [
        config["privateDnsZoneId"]
        for group in graph.of("azure-native:network:PrivateDnsZoneGroup")
        for config in group.inputs["privateDnsZoneConfigs"]
    ]
    assert net["private_dns_zones"][VAULT] in registered


@EACH
def test_addresses_contradict_a_network_that_is_there(organisation: Path, platform: str) -> None:
    write(organisation, shared=zone(platform, network=NETWORKS[platform]))
    assert any("network.cidr: contradicts the landing zone" in said for said in refusals(stack(platform)))
    write(organisation, shared=zone(platform))
    assert any(
        "mlplatform:network: is missing; add cidr, a private network" in said for said in refusals(within(platform))
    )
