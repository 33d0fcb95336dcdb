"""The network picture of graphs: our pilots', and those of stacks of other shapes made from them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue import caveats, landing_zones
from catalogue.graph import Graph, Resource
from catalogue.kinds import kind_of
from catalogue.marks import SECRET
from catalogue.placement import Caller
from catalogue.platforms import PLATFORMS
from operations import networks
from operations.networks import aws, gcp
from operations.verdict import Bound, NetworkPicture, Running
from stacks.config import STACKS
from stacks.sections import endpoints
from tests.previewing import preview

ENDPOINTS = {
    "aws": "aws:sagemaker/endpoint:Endpoint",
    "gcp": "gcp:vertex/aiEndpoint:AiEndpoint",
    "azure": "azure-native:machinelearningservices:OnlineEndpoint",
}
NETWORK_TYPES = (
    "aws:ec2/vpc:Vpc",
    "aws:ec2/subnet:Subnet",
    "gcp:compute/network:Network",
    "gcp:compute/subnetwork:Subnetwork",
    "azure-native:network:VirtualNetwork",
    "azure-native:network:Subnet",
)


@pytest.fixture(scope="module", params=list(PLATFORMS))
def pilot(request: pytest.FixtureRequest) -> Graph:
    return request.getfixturevalue(f"{request.param}_pilot")


def drawn(graph: Graph) -> NetworkPicture:
    picture = networks.draw(graph)
    assert picture is not None
    return picture


def running(graph: Graph, what: str) -> list[Running]:
    return [each for each in drawn(graph).running if each.what == what]


def without(graph: Graph, *types: str) -> Graph:
    return replace(graph, resources=tuple(r for r in graph.resources if r.type not in types))


def altered(graph: Graph, type_: str, change: Callable[[dict[str, Any]], object]) -> Graph:
    """The graph in which `change` has changed the inputs of each resource of a type."""

    def made(resource: Resource) -> Resource:
        inputs = json.loads(json.dumps(resource.inputs))
        change(inputs)
        # A cloud answers with what it was told, so what is taken away is in no answer either.
        outputs = {
            key: resource.outputs[key] for key in resource.outputs if key in inputs or key not in resource.inputs
        }
        return replace(resource, inputs=inputs, outputs=outputs)

    return replace(graph, resources=tuple(made(r) if r.type == type_ else r for r in graph.resources))


def with_more(graph: Graph, count: int) -> Graph:
    """The graph with so many more endpoints, each made as fraud-scorer is."""
    name, key = f"{graph.stack}-fraud-scorer", "endpoints.fraud-scorer"
    one = json.dumps([r.to_json() for r in graph.resources if r.stack_key == key or r.name == name])
    addresses = [r.outputs.get("address") for r in graph.of("gcp:compute/address:Address") if r.stack_key == key]
    more = list[Resource]()
    for n in range(count):
        text = one.replace(name, f"{graph.stack}-scorer-{n:03}")
        for address in addresses:
            text = text.replace(str(address), f"10.41.{n // 200}.{n % 200}")
        more += [Resource.from_json(item) for item in json.loads(text)]
    known = {resource.urn for resource in graph.resources}
    return replace(graph, resources=(*graph.resources, *(each for each in more if each.urn not in known)))


# ---- who is drawn where ---------------------------------------------------------------------------------------------


def test_every_endpoint_is_drawn_once_with_what_is_inside_it(pilot: Graph) -> None:
    graph = with_more(pilot, 20)
    picture = drawn(graph)
    urns = [each.urn for each in picture.running]
    assert len(urns) == len(set(urns))
    served = graph.of(ENDPOINTS[graph.platform])
    assert len(served) > 20 and {endpoint.urn for endpoint in served} <= set(urns)
    least = endpoints.fewest(graph.platform)
    scorers = [each for each in picture.running if "scorer" in each.name]
    assert all(len(each.parts) == 1 and each.parts[0].machines.startswith(f"{least} to 4 ") for each in scorers)


def test_whatever_runs_machines_is_drawn_or_is_inside_what_is(pilot: Graph) -> None:
    """A second deployment stands in its endpoint; machines of a type that nobody knows stand in no known network."""
    said = [part.machines for each in drawn(pilot).running for part in each.parts if part.machines]
    for ones in networks.machines(pilot).values():
        for one in ones:
            assert networks.said(one) in said


def test_everything_stands_in_a_place_of_the_picture_and_every_edge_has_a_bound(pilot: Graph) -> None:
    picture = drawn(pilot)
    places = {place.name: place for place in picture.places}
    assert len(places) == len(picture.places)
    for each in picture.running:
        assert each.bounds or places[each.place].bounds
    assert all(place.bounds for place in picture.places)
    assert picture.links and all(link.bounds and link.needed_by for link in picture.links)
    assert picture.callers and all(each.bounds for each in picture.callers)


def test_sagemaker_runs_in_the_subnets_that_are_named_and_in_its_own_network_where_none_is(aws_pilot: Graph) -> None:
    (vpc,) = aws_pilot.of("aws:ec2/vpc:Vpc")
    assert {each.place for each in drawn(aws_pilot).running} == {vpc.name}
    open_ = altered(aws_pilot, "aws:sagemaker/model:Model", lambda inputs: inputs.pop("vpcConfig"))
    assert {each.what: each.place for each in drawn(open_).running} == {
        "workspace": vpc.name,
        "async endpoint": aws.PLATFORM,
        "online endpoint": aws.PLATFORM,
        "batch job": aws.PLATFORM,
    }
    public = altered(aws_pilot, "aws:sagemaker/domain:Domain", lambda i: i.update(appNetworkAccessType="Public"))
    (studio,) = running(public, "workspace")
    assert (studio.place, [part.name for part in studio.parts][:2]) == (aws.PLATFORM, ["ana", "ben"])


def test_vertex_ai_runs_on_googles_side_and_workbench_in_the_network(gcp_pilot: Graph) -> None:
    (vpc,) = gcp_pilot.of("gcp:compute/network:Network")
    sides = {each.what: each.place for each in drawn(gcp_pilot).running}
    assert sides == {"Workbench instance": vpc.name, "online endpoint": gcp.PLATFORM, "batch job": gcp.PLATFORM}


def test_azure_ml_runs_in_the_managed_network_but_for_a_compute_in_a_subnet_of_ones_own(azure_pilot: Graph) -> None:
    (vnet,) = azure_pilot.of("azure-native:network:VirtualNetwork")
    (subnet,) = azure_pilot.of("azure-native:network:Subnet")
    assert {each.place for each in drawn(azure_pilot).running} == {"managed network of azure-pilot-workspace"}
    compute = "azure-native:machinelearningservices:Compute"
    id_ = subnet.outputs["id"]
    own = altered(azure_pilot, compute, lambda i: i["properties"]["properties"].update(subnet={"id": id_}))
    leads = {"properties": (subnet.urn,)}
    own = replace(
        own,
        resources=tuple(
            replace(r, property_dependencies={**r.property_dependencies, **leads}) if r.type == compute else r
            for r in own.resources
        ),
    )
    assert {each.place for each in running(own, "compute instance")} == {vnet.name}


def test_a_batch_endpoint_holds_the_cluster_it_runs_on_and_other_clusters_stand_beside(azure_pilot: Graph) -> None:
    names = [part.name for each in running(azure_pilot, "batch endpoint") for part in each.parts]
    assert len(names) == 2 and all("-cluster-" in name for name in names)
    assert [each.name for each in running(azure_pilot, "cluster")] == ["azure-pilot-workspace-build-images"]


# ---- what bounds ----------------------------------------------------------------------------------------------------


def open_bounds(picture: NetworkPicture) -> list[Bound]:
    places = [bound for place in picture.places for bound in place.bounds]
    mine = [bound for each in picture.running for bound in each.bounds]
    return [bound for bound in (*places, *mine, *(b for e in picture.links for b in e.bounds)) if not bound.holds]


BROKEN: Mapping[str, tuple[str, str, Callable[[dict[str, Any]], object]]] = {
    "no isolation": ("aws", "aws:sagemaker/model:Model", lambda i: i.update(enableNetworkIsolation=False)),
    "no endpoint policy": ("aws", "aws:ec2/vpcEndpoint:VpcEndpoint", lambda i: i.pop("policy")),
    "a route out": (
        "aws",
        "aws:ec2/routeTable:RouteTable",
        lambda i: i.update(routes=[{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}]),
    ),
    "public instance": (
        "gcp",
        "gcp:workbench/instance:Instance",
        lambda i: i["gceSetup"].update(disablePublicIp=False),
    ),
    "public endpoint": ("gcp", ENDPOINTS["gcp"], lambda i: i.pop("privateServiceConnectConfig")),
    "every API": (
        "gcp",
        "gcp:compute/globalForwardingRule:GlobalForwardingRule",
        lambda i: i.update(target="all-apis"),
    ),
    "keys": ("azure", ENDPOINTS["azure"], lambda i: i["properties"].update(authMode="Key")),
    "public workspace": (
        "azure",
        "azure-native:machinelearningservices:Workspace",
        lambda i: i.update(publicNetworkAccess="Enabled"),
    ),
    "open managed network": (
        "azure",
        "azure-native:machinelearningservices:Workspace",
        lambda i: i.update(managedNetwork={"isolationMode": "AllowInternetOutbound"}),
    ),
    "group that binds no private endpoint": (
        "azure",
        "azure-native:network:Subnet",
        lambda i: i.update(privateEndpointNetworkPolicies="Disabled"),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_open_is_drawn_as_open(case: str, request: pytest.FixtureRequest) -> None:
    platform, type_, change = BROKEN[case]
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    before, after = open_bounds(drawn(graph)), open_bounds(drawn(altered(graph, type_, change)))
    assert len(after) > len(before)


@pytest.mark.parametrize(
    ("platform", "gone"),
    [
        ("aws", ("aws:ec2/securityGroup:SecurityGroup",)),
        ("gcp", ("gcp:compute/firewall:Firewall",)),
        ("azure", ("azure-native:network:NetworkSecurityGroup",)),
    ],
)
def test_without_its_groups_and_rules_nothing_is_said_to_bound(
    platform: str, gone: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    picture = drawn(without(graph, *gone))
    said = [bound for each in (*picture.running, *picture.links, *picture.places) for bound in each.bounds]
    kinds = ("security group", "firewall", "network security group")
    assert not [bound for bound in said if bound.what in kinds and bound.holds]
    assert len(open_bounds(picture)) > len(open_bounds(drawn(graph)))


def test_the_rules_of_a_group_are_said_with_ports_and_peers(aws_pilot: Graph) -> None:
    runtime = next(link for link in drawn(aws_pilot).links if link.service == "sagemaker.runtime")
    (group,) = [bound for bound in runtime.bounds if bound.what == "security group"]
    assert group.says == "in: TCP 443 from aws-pilot-network-workloads; out: nothing"
    wide = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    peer = {"referencedSecurityGroupId": None, "cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"}
    opened = next(
        link for link in drawn(altered(aws_pilot, wide, lambda i: i.update(peer))).links if link.service == "sts"
    )
    assert "in: everything from 0.0.0.0/0" in [bound.says.partition(";")[0] for bound in opened.bounds]


# ---- who may call ---------------------------------------------------------------------------------------------------


def test_callers_come_by_a_way_that_leads_to_what_they_call(pilot: Graph) -> None:
    picture = drawn(pilot)
    ways = {link.endpoint: link for link in picture.links}
    names = {each.name for each in picture.running if each.what in ("online endpoint", "async endpoint")}
    assert {name for callers in picture.callers for name in callers.calls} == names
    for callers in picture.callers:
        for way in callers.ways:
            assert set(ways[way].leads_to) & set(callers.calls)


def test_a_role_calls_what_its_policy_names_and_nothing_else(aws_pilot: Graph) -> None:
    def one(inputs: dict[str, Any]) -> None:
        document = json.loads(inputs["policy"])
        for statement in document["Statement"]:
            if "sagemaker:InvokeEndpoint" in statement["Action"]:
                statement["Resource"] = ["arn:aws:sagemaker:us-east-1:111122223333:endpoint/*document*"]
                statement["Condition"] = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
        inputs["policy"] = json.dumps(document)

    (callers,) = [
        found
        for found in drawn(altered(aws_pilot, "aws:iam/rolePolicy:RolePolicy", one)).callers
        if "as which the people of aws-pilot-workspace act" in found.who[0]
    ]
    assert callers.calls == ["aws-pilot-document-embedder"]
    assert [bound.holds for bound in callers.bounds] == [True]
    assert "as which the people of aws-pilot-workspace act" in callers.who[0]
    assert not drawn(without(aws_pilot, "aws:iam/rolePolicy:RolePolicy")).callers


def test_on_azure_a_role_that_scores_makes_a_caller_and_another_none(azure_pilot: Graph) -> None:
    callers = drawn(azure_pilot).callers
    who = {name for each in callers for name in each.who}
    assert {"azure-pilot-identity-data-scientist", "azure-pilot-identity-caller"} <= who
    other = {"permissions": [{"actions": ["Microsoft.MachineLearningServices/workspaces/*/read"]}]}
    role = "azure-native:authorization:RoleDefinition"
    assert not drawn(altered(azure_pilot, role, lambda i: i.update(other))).callers
    wide = {"permissions": [{"actions": ["Microsoft.MachineLearningServices/*"], "notActions": []}]}
    assert len(drawn(altered(azure_pilot, role, lambda i: i.update(wide))).callers[0].who) > 0


@pytest.mark.parametrize(
    ("platform", "type_", "key"),
    [
        ("aws", "aws:sagemaker/userProfile:UserProfile", "userProfileName"),
        ("gcp", "gcp:workbench/instance:Instance", "instanceOwners"),
        ("azure", "azure-native:authorization:RoleAssignment", "principalId"),
    ],
)
def test_a_person_whose_name_is_a_secret_is_drawn_by_the_resource_that_lets_them_in(
    platform: str, type_: str, key: str, request: pytest.FixtureRequest
) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    hidden = drawn(altered(graph, type_, lambda inputs: inputs.update({key: SECRET})))
    text = hidden.model_dump_json()
    assert "-ana" in text and "[secret]" not in text
    assert len(hidden.running) == len(drawn(graph).running)


def test_an_endpoint_that_answers_the_internet_has_callers_from_there(gcp_pilot: Graph) -> None:
    public = altered(gcp_pilot, ENDPOINTS["gcp"], lambda i: i.pop("privateServiceConnectConfig"))
    (internet,) = [callers for callers in drawn(public).callers if not callers.ways]
    assert internet.calls == ["gcp-pilot-fraud-scorer"] and not internet.bounds[0].holds


# ---- stacks of other shapes -----------------------------------------------------------------------------------------


def test_a_stack_without_models_has_its_people_and_no_caller(pilot: Graph) -> None:
    asked = ("models", "endpoints", "batch_jobs")
    kept = tuple(r for r in pilot.resources if not str(r.stack_key).startswith(asked))
    picture = drawn(replace(pilot, resources=kept))
    assert picture.running and not picture.callers
    assert not [link for link in picture.links if link.leads_to]


def test_a_picture_grows_with_its_endpoints_and_no_faster(pilot: Graph) -> None:
    sizes = [len(drawn(with_more(pilot, count)).model_dump_json()) for count in (0, 100, 200)]
    assert sizes[2] - sizes[1] == pytest.approx(sizes[1] - sizes[0], rel=0.05)


def within(graph: Graph, landing_zone: str) -> Graph:
    assert graph.placement is not None
    return replace(graph, placement=replace(graph.placement, landing_zone=landing_zone))


def test_a_stack_that_stands_in_a_given_network_is_drawn_there(organisation: Path, aws_pilot: Graph) -> None:
    (vpc,) = aws_pilot.of("aws:ec2/vpc:Vpc")
    subnets = {s.inputs["availabilityZone"]: s.outputs["id"] for s in aws_pilot.of("aws:ec2/subnet:Subnet")}
    network = {
        "vpc_id": vpc.outputs["id"],
        "subnet_ids": subnets,
        "s3_prefix_list_id": "pl-63a5400a",
        "endpoints": ["sagemaker.runtime"],
        "endpoints_security_group_id": "sg-0123456789abcdef0",
    }
    zone = {"platform": "aws", "account": "111122223333", "region": "us-east-1", "owner": "net", "network": network}
    text = yaml.safe_dump({"landing_zones": {"hub": zone}})
    (organisation / "landing_zones.yaml").write_text(text, encoding="utf-8")
    picture = drawn(within(without(aws_pilot, *NETWORK_TYPES, "aws:ec2/vpcEndpoint:VpcEndpoint"), "hub"))
    (place,) = picture.places
    assert (place.name, place.side) == (vpc.outputs["id"], "given")
    assert {each.place for each in picture.running} == {place.name}
    assert {link.service for link in picture.links} == {"s3", "sagemaker.runtime"}
    assert all(link.given and link.bounds[0].what == "landing zone" for link in picture.links)
    assert picture.callers[0].ways == [f"sagemaker.runtime of {place.name}"]


def test_instances_stand_in_a_given_vpc_and_private_endpoints_in_a_given_virtual_network(
    organisation: Path, gcp_pilot: Graph, azure_pilot: Graph
) -> None:
    (vpc,), (vnet,) = gcp_pilot.of(NETWORK_TYPES[2]), azure_pilot.of(NETWORK_TYPES[4])
    (subnet,) = azure_pilot.of(NETWORK_TYPES[5])
    _, project, _, _, name = vpc.outputs["id"].split("/")
    shared = {"project": project, "network": name, "subnetwork": "ml", "private_domains": ["googleapis.com"]}
    hub = {"virtual_network_id": vnet.outputs["id"], "subnet_id": subnet.outputs["id"]}
    zones = {
        "shared": {"platform": "gcp", "account": project, "region": "us-central1", "owner": "n", "network": shared},
        "hub": {
            "platform": "azure",
            "account": "11112222-3333-4444-5555-666677778888",
            "region": "eastus2",
            "owner": "n",
            "network": hub,
        },
    }
    (organisation / "landing_zones.yaml").write_text(yaml.safe_dump({"landing_zones": zones}), encoding="utf-8")
    bare = without(gcp_pilot, *NETWORK_TYPES, "gcp:dns/managedZone:ManagedZone", "gcp:compute/firewall:Firewall")
    google = drawn(within(bare, "shared"))
    assert [(p.name, p.side) for p in google.places] == [(vpc.outputs["id"], "given"), (gcp.PLATFORM, "platform")]
    assert {r.place for r in google.running if r.what == "Workbench instance"} == {vpc.outputs["id"]}
    assert {link.service for link in google.links if link.given} == {"googleapis.com"}
    assert all(b.what == "landing zone" for link in google.links for b in link.bounds)
    azure = drawn(within(without(azure_pilot, *NETWORK_TYPES), "hub"))
    assert [p.side for p in azure.places] == ["given", "platform"]
    assert all("landing zone" in [b.what for b in link.bounds] for link in azure.links)
    (organisation / "landing_zones.yaml").unlink()
    landing_zones.load.cache_clear()
    nobodys = drawn(without(azure_pilot, *NETWORK_TYPES))
    assert all(not link.bounds[0].holds for link in nobodys.links), (
        "no landing zone gives it, and nobody knows the subnet"
    )


def test_what_nobody_can_place_stands_in_a_network_that_is_not_known(aws_pilot: Graph) -> None:
    lost = without(aws_pilot, "aws:sagemaker/endpointConfiguration:EndpointConfiguration")
    picture = drawn(lost)
    assert {each.place for each in picture.running if "endpoint" in each.what} == {networks.UNKNOWN}
    (unknown,) = [place for place in picture.places if place.name == networks.UNKNOWN]
    assert not unknown.bounds[0].holds


def test_a_stack_without_network_in_which_nothing_runs_has_no_picture(pilot: Graph) -> None:
    assert networks.draw(replace(pilot, resources=())) is None


# ---- caveats --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_caveat_is_about_known_kinds_and_has_a_public_source(platform: str) -> None:
    for caveat in caveats.CAVEATS[platform]:
        assert all(kind_of(token) for token in caveat.about)
        assert caveat.evidence.where.startswith("https://")


def test_a_stack_has_the_caveats_of_what_it_uses(pilot: Graph) -> None:
    assert caveats.of(pilot)
    assert not caveats.of(replace(pilot, resources=()))


def test_a_stack_with_studio_says_that_its_quotas_are_not_asked_for_and_one_without_does_not(aws_pilot: Graph) -> None:
    domains = {one.urn for one in aws_pilot.of("aws:sagemaker/domain:Domain")}
    without = replace(aws_pilot, resources=tuple(one for one in aws_pilot.resources if one.urn not in domains))
    said, left = ([one for one in caveats.of(graph) if "L-71FAF417" in one.says] for graph in (aws_pilot, without))
    assert len(said) == 1 and "not asked for" in said[0].says and not left


def test_a_stack_that_captures_on_google_says_that_other_days_reach_no_table_that_stands(gcp_pilot: Graph) -> None:
    """ "Changing the value will only affect new tables": defaultTableExpirationMs, BigQuery's own API model."""
    datasets = {one.urn for one in gcp_pilot.of("gcp:bigquery/dataset:Dataset")}
    without = replace(gcp_pilot, resources=tuple(one for one in gcp_pilot.resources if one.urn not in datasets))
    said, left = ([one for one in caveats.of(graph) if "bq update" in one.says] for graph in (gcp_pilot, without))
    assert len(said) == 1 and not left


def test_a_stack_with_an_endpoint_on_azure_says_that_its_idle_alarm_ends_by_itself(azure_pilot: Graph) -> None:
    """A rule's time range bounds its query, `ago` or not: Azure Monitor, "Troubleshoot log alerts"."""
    served = {one.urn for one in azure_pilot.of("azure-native:machinelearningservices:OnlineEndpoint")}
    without = replace(azure_pilot, resources=tuple(one for one in azure_pilot.resources if one.urn not in served))
    said, left = ([one for one in caveats.of(graph) if "resolved" in one.says] for graph in (azure_pilot, without))
    assert len(said) == 1 and not left


@pytest.mark.parametrize("platform", ["aws", "gcp"])
def test_a_training_job_is_called_one(platform: str) -> None:
    """A stack file with every section has one beside a batch job; on azure its cluster stands there."""
    called = {each.what for each in drawn(preview(STACKS / f"Pulumi.{platform}-full.yaml")).running}
    assert {"batch job", "training job"} <= called


def test_a_route_to_a_caller_that_the_stack_file_names_is_no_way_out(aws_pilot: Graph) -> None:
    assert aws_pilot.placement is not None
    caller = Caller("payments-app", "vpc-0123456789abcdef0", "10.60.0.0/20", "", "")
    graph = replace(aws_pilot, placement=replace(aws_pilot.placement, callers=(caller,)))
    peered = {"cidrBlock": "10.60.0.0/20", "vpcPeeringConnectionId": "pcx-1"}

    def bounds(*routes: Mapping[str, str]) -> list[Bound]:
        there = altered(graph, "aws:ec2/routeTable:RouteTable", lambda inputs: inputs.update(routes=list(routes)))
        return [one for place in drawn(there).places for one in place.bounds if one.what == "route table"]

    (one,) = bounds(peered)
    assert one.holds and one.says == "leads to callers alone: payments-app"
    for other in ({"cidrBlock": "10.60.0.0/20", "gatewayId": "igw-1"}, {**peered, "cidrBlock": "10.61.0.0/20"}):
        (one,) = bounds(peered, other)
        assert not one.holds
