"""Ways in: every caller of another team's stack has a whole one, and each part of it that is gone is told."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from catalogue.iam import Call
from operations.evaluation import evaluate
from operations.networks import draw
from operations.steps import manual
from policies import pack
from policies.aws.access import refusal, session
from tests.mutate import changed, put, swapped, without
from tests.operations.test_other_teams import file_of, moved
from tests.previewing import preview

REGIONS = {"aws": "eu-west-1", "gcp": "europe-west4", "azure": "westeurope"}
OTHER = "44445555-3333-4444-5555-666677778888"
VNET = f"/subscriptions/{OTHER}/resourceGroups/apps/providers/Microsoft.Network/virtualNetworks/apps"
ROUTE = "/v1/completions"
PRINCIPALS = ("0a1b2c3d-0000-4000-8000-00000000000c", "0a1b2c3d-0000-4000-8000-00000000000d")
CALLERS: Mapping[str, Mapping[str, dict[str, str]]] = {
    "aws": {
        "app": {
            "network": "vpc-0123456789abcdef0",
            "cidr": "10.60.0.0/20",
            "identity": "arn:aws:iam::111122223333:role/app",
        },
        "ledger": {
            "account": "444455556666",
            "network": "vpc-0bbbbbbbbbbbbbbb1",
            "identity": "arn:aws:iam::444455556666:role/team/scorer",
        },
    },
    "gcp": {"app": {"account": "claims-app"}, "ledger": {"account": "ledger-core"}},
    "azure": {
        "app": {"network": VNET, "cidr": "10.60.0.0/20", "identity": PRINCIPALS[0]},
        "ledger": {"account": OTHER, "identity": PRINCIPALS[1]},
    },
}
EACH = pytest.mark.parametrize("platform", CALLERS)
Break = Callable[[Graph], Graph]


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Graph]:
    """A stack of another team, in another region, with one endpoint and two callers."""
    made: dict[str, Graph] = {}
    for platform, region in REGIONS.items():
        config: dict[str, Any] = moved(platform, region) | {"team": "claims", "callers": CALLERS[platform]}
        online = {name: item for name, item in config["endpoints"].items() if item["kind"] == "online"}
        model = config["models"]["fraud-scorer"] | ({"predict_route": ROUTE} if platform == "azure" else {})
        config |= {"endpoints": online, "batch_jobs": {}, "models": {"fraud-scorer": model}}
        made[platform] = preview(file_of(config, tmp_path_factory.mktemp(platform)))
    return made


def said(graph: Graph, rule: str = "") -> list[str]:
    asked = [each for each in pack.RULES[graph.platform] if each.name.startswith(rule or ("network-", "identity-"))]
    assert asked, f"there is no rule {rule}"
    return [each.message for each in evaluate(graph, asked).findings]


def lacking(type_: str, name: str) -> Break:
    return lambda graph: without(graph, named(graph, type_, name))


def setting(type_: str, name: str, path: str, value: Any) -> Break:
    return lambda graph: changed(graph, named(graph, type_, name), lambda p: put(p, path, value))


def replacing(type_: str, name: str, key: str, before: str, after: str) -> Break:
    def broken(graph: Graph) -> Graph:
        resource = named(graph, type_, name)
        assert before in resource.inputs[key]
        return changed(graph, resource, lambda p: p.update({key: p[key].replace(before, after)}))

    return broken


def named(graph: Graph, type_: str, name: str) -> Resource:
    return next(each for each in graph.of(type_) if name in each.name)


@EACH
def test_every_caller_has_a_whole_way_in_and_nothing_of_it_is_a_finding(
    graphs: Mapping[str, Graph], platform: str
) -> None:
    assert said(graphs[platform]) == []


ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
DOOR, RULE = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
PEERING, TABLE = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection", "aws:ec2/routeTable:RouteTable"
SERVED = "gcp:vertex/aiEndpoint:AiEndpoint"
GIVEN, LINK = "azure-native:authorization:RoleAssignment", "azure-native:privatedns:VirtualNetworkLink"
VNET_PEERING, GROUP = "azure-native:network:VirtualNetworkPeering", "azure-native:network:NetworkSecurityGroup"
BROKEN: list[tuple[str, Break, str]] = [
    ("aws", lacking(ROLE, "calls-app"), "cannot be called by app: no role of the stack is theirs to take"),
    ("aws", lacking(POLICY, "calls-ledger"), "cannot be called by ledger: no role of the stack is theirs to take"),
    (
        "aws",
        replacing(POLICY, "calls-ledger", "policy", "vpc-0bbbbbbbbbbbbbbb1", "vpc-0ccccccccccccccc1"),
        "cannot be called by ledger: claims-identity-calls-ledger may not call it from vpc-0bbbbbbbbbbbbbbb1",
    ),
    ("aws", lacking(PEERING, "to-vpc"), "cannot be called by app: no peering joins vpc-0123456789abcdef0"),
    ("aws", setting(TABLE, "routes", "routes.0.cidrBlock", "10.60.0.0/21"), "has no route back to 10.60.0.0/20"),
    ("aws", lacking(DOOR, "sagemaker-runtime"), "by app: no interface endpoint leads to sagemaker.runtime"),
    ("aws", lacking(RULE, "https-from-10-60"), "by app: claims-network-sagemaker-runtime lets no HTTPS in from 10.60."),
    ("aws", replacing(DOOR, "sagemaker-runtime", "policy", "-calls-app", "-calls-nobody"), "by app: the policy of cl"),
    ("gcp", setting(SERVED, "", "privateServiceConnectConfig.projectAllowlists", ["claims-app"]), "by ledger: ledger-"),
    ("gcp", lacking("mlplatform:gcp:Deployment", ""), "by app: nothing is deployed to it"),
    ("azure", lacking(GIVEN, "callers-app"), f"by app: {PRINCIPALS[0]} has no role that may call it"),
    ("azure", lacking(GIVEN, "callers-ledger"), f"by ledger: {PRINCIPALS[1]} has no role that may call it"),
    ("azure", lacking(VNET_PEERING, "callers-peering"), "by app: no peering joins apps"),
    ("azure", lacking(LINK, "callers-link"), "by app: the zone privatelink.api.azureml.ms is not linked to apps"),
    ("azure", lacking("azure-native:network:PrivateEndpoint", "workspace"), "by app: no private endpoint leads to its"),
    ("azure", setting(GROUP, "", "securityRules.0.access", "Deny"), "by app: the network lets no HTTPS in"),
]


@pytest.mark.parametrize(("platform", "broken", "sentence"), BROKEN)
def test_each_part_of_a_way_that_is_gone_is_told(
    graphs: Mapping[str, Graph], platform: str, broken: Break, sentence: str
) -> None:
    assert any(sentence in each for each in said(broken(graphs[platform]), "network-way-in"))


PEOPLE = {
    "aws": "aws:sagemaker/userProfile:UserProfile",
    "gcp": "gcp:workbench/instance:Instance",
    "azure": "azure-native:machinelearningservices:Compute",
}


@EACH
def test_an_endpoint_that_nobody_can_call_is_told(graphs: Mapping[str, Graph], platform: str) -> None:
    graph = graphs[platform]
    assert graph.placement is not None
    alone = replace(graph, placement=replace(graph.placement, callers=()))
    assert said(alone, "network-way-in") == [], "the people of the workspace call it"
    empty = replace(alone, resources=tuple(r for r in graph.resources if r.type != PEOPLE[platform]))
    (found,) = said(empty, "network-way-in")
    assert "can be called by nobody" in found
    assert said(replace(empty, placement=None), "network-way-in") == [], "others may call what others made"
    called = replace(graph, resources=empty.resources)
    assert said(called, "network-way-in") == [], "a caller with a whole way in is somebody"


NOT_NAMED: Mapping[str, set[str]] = {
    "aws": {
        "network-no-internet-gateway",
        "network-no-internet-route",
        "network-security-group-closed",
        "network-call-bound",
        "identity-runs-as",
        "identity-trust",
        "world-account",
        "world-place",
    },
    "gcp": {"network-served-privately"},
    "azure": {
        "network-no-internet-gateway",
        "network-endpoint-closed",
        "identity-trust",
        "world-ids",
        "world-principals",
    },
}


@EACH
def test_a_way_for_somebody_whom_the_stack_file_does_not_name_is_a_finding(
    graphs: Mapping[str, Graph], platform: str
) -> None:
    graph = graphs[platform]
    assert graph.placement is not None
    alone = replace(graph, placement=replace(graph.placement, callers=()))
    found = {each.rule for each in evaluate(alone, pack.RULES[platform]).findings if each.mandatory}
    assert found == NOT_NAMED[platform]


def test_a_role_of_another_account_says_an_external_id(graphs: Mapping[str, Graph]) -> None:
    broken = replacing(ROLE, "calls-ledger", "assumeRolePolicy", "sts:ExternalId", "aws:PrincipalTag/x")(graphs["aws"])
    (found,) = said(broken, "identity-trust")
    assert "of another account, which says no external id" in found


def editing(type_: str, name: str, key: str, edit: Callable[[list[dict[str, Any]]], Any]) -> Break:
    """The statements of one policy document changed."""

    def broken(graph: Graph) -> Graph:
        document = json.loads(named(graph, type_, name).inputs[key])
        edit(document["Statement"])
        return changed(graph, named(graph, type_, name), lambda p: p.update({key: json.dumps(document)}))

    return broken


def taken(by: str) -> dict[str, Any]:
    """A statement of a trust that lets a program in, whose account says an external id."""
    named_id = {"StringEquals": {"sts:ExternalId": "claims-ledger"}}
    return {"Effect": "Allow", "Principal": {"AWS": by}, "Action": "sts:AssumeRole", "Condition": named_id}


def also_from(statements: list[dict[str, Any]], network: str) -> None:
    """A call let in from one network more."""
    bound = next(each for each in statements if each.get("Sid") == "Predict")["Condition"]["StringEquals"]
    bound["aws:SourceVpc"] = [bound["aws:SourceVpc"], network]


READS = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::claims-artifacts-111122223333/*"]}
PEOPLE_AND_SERVICES = ("approver", "data-scientist", "pipeline", "publisher", "serving", "training")
WIDENED: list[tuple[Break, str]] = [
    *(
        (editing(ROLE, f"identity-{who}", "assumeRolePolicy", lambda s, by=by: s.append(taken(by))), "is to call")
        for who in PEOPLE_AND_SERVICES
        for by in (CALLERS["aws"]["app"]["identity"], CALLERS["aws"]["ledger"]["identity"])
    ),
    *(
        (replacing(ROLE, f"identity-{who}", "assumeRolePolicy", "111122223333", "999988887777"), "another account")
        for who in PEOPLE_AND_SERVICES
    ),
    (editing(POLICY, "calls-app", "policy", lambda s: s.append(READS)), "lets it do s3:GetObject"),
    (editing(POLICY, "calls-app", "policy", lambda s: s[0].update(Resource="*")), "lets it call *"),
    (replacing(POLICY, "calls-app", "policy", "endpoint/claims-", "endpoint/"), "lets it call arn:aws:sagemaker:"),
]


@pytest.mark.parametrize(("broken", "sentence"), WIDENED)
def test_a_caller_takes_a_role_that_calls_alone_and_nobody_else_of_another_account_takes_any(
    graphs: Mapping[str, Graph], broken: Break, sentence: str
) -> None:
    found = said(broken(graphs["aws"]), "identity-trust")
    assert found and all(sentence in each for each in found)


OPENED: list[tuple[Break, str, str]] = [
    (setting(RULE, "https-from-10-60", "toPort", 65535), "network-security-group-closed", "is open to 10.60.0.0/20"),
    (setting(RULE, "https-from-10-60", "fromPort", 0), "network-security-group-closed", "is open to 10.60.0.0/20"),
    (setting(RULE, "https-from-10-60", "cidrIpv4", "10.0.0.0/8"), "network-security-group-closed", "to 10.0.0.0/8"),
    (
        lambda graph: let_in_to(graph, "workloads"),
        "network-way-in",
        "https-from-10-60-0-0-20-in lets a caller in to more than the interface endpoints",
    ),
    *(
        (
            editing(POLICY, who, "policy", lambda s: also_from(s, "vpc-0999999999999999a")),
            "network-call-bound",
            "vpc-099",
        )
        for who in ("calls-app", "calls-ledger", "data-scientist")
    ),
    (
        editing(POLICY, "calls-app", "policy", lambda s: also_from(s, "vpc-0bbbbbbbbbbbbbbb1")),
        "network-call-bound",
        "from vpc-0bbbbbbbbbbbbbbb1, which no caller of the role stands in",
    ),
    *(
        (replacing(DOOR, door, "policy", before, after), "network-endpoint-closed", "more than this account's")
        for door in ("logs", "s3", "sagemaker-api", "sagemaker-runtime", "sts", "studio")
        for before, after in (
            ('Account": "111122223333"', 'Account": "999988887777"'),
            ('Account": "111122223333"', 'Account": ["111122223333", "999988887777"]'),
        )
    ),
    (
        editing(DOOR, "network-s3", "policy", lambda s: s[-1].update(Action="s3:PutObject")),
        "network-endpoint-closed",
        "more than this account's",
    ),
]


def let_in_to(graph: Graph, group: str) -> Graph:
    """A caller's addresses let in to another security group of the stack."""
    rule, other = named(graph, RULE, "https-from-10-60"), named(graph, "aws:ec2/securityGroup:SecurityGroup", group)
    leads = {**rule.property_dependencies, "securityGroupId": (other.urn,)}
    graph = swapped(graph, replace(rule, property_dependencies=leads))
    return changed(graph, graph.by_urn[rule.urn], lambda p: p.update(securityGroupId=other.outputs["id"]))


@pytest.mark.parametrize(("broken", "rule", "sentence"), OPENED)
def test_a_way_in_leads_to_the_interface_endpoints_alone_and_these_to_the_stacks_own_account(
    graphs: Mapping[str, Graph], broken: Break, rule: str, sentence: str
) -> None:
    assert any(sentence in each for each in said(broken(graphs["aws"]), rule))


def test_a_caller_of_the_own_account_says_no_external_id_before_the_roles_arn_is_known(
    graphs: Mapping[str, Graph],
) -> None:
    role = named(graphs["aws"], ROLE, "calls-app")
    unknown = replace(role, outputs={key: value for key, value in role.outputs.items() if key != "arn"})
    assert said(swapped(graphs["aws"], unknown), "identity-trust") == []


@EACH
def test_the_picture_and_the_last_step_say_who_calls_from_where(graphs: Mapping[str, Graph], platform: str) -> None:
    graph = graphs[platform]
    picture = draw(graph)
    assert picture is not None
    who = " ".join(each for callers in picture.callers for each in callers.who)
    *_, last = manual(graph, [], ["serve"], "111122223333", REGIONS[platform])
    for name in CALLERS[platform]:
        assert name in who and f"; {name} " in last.what
    assert f"pulumi stack output callers --json --stack {graph.stack}" in last.commands


def test_who_deploys_on_azure_gets_a_right_on_each_network_that_is_joined_before_anything_is_made(
    graphs: Mapping[str, Graph],
) -> None:
    """https://learn.microsoft.com/en-us/azure/virtual-network/virtual-network-manage-peering, "Permissions"."""
    asked = list(manual(graphs["azure"], [], ["ground", "serve"], OTHER, REGIONS["azure"]))
    grant = f'az role assignment create --assignee DEPLOYER --role "Network Contributor" --scope {VNET}'
    ((at, step),) = [(index, step) for index, step in enumerate(asked) if grant in step.commands]
    halves = [one for one in step.commands if one.startswith("az network vnet peering create ")]
    assert len(halves) * 2 == len(step.commands) and all(f"--subscription {OTHER}" in half for half in halves)
    assert at < min(index for index, step in enumerate(asked) if step.what.startswith("bring up"))


@EACH
def test_outputs_say_for_each_caller_how_each_endpoint_is_called(graphs: Mapping[str, Graph], platform: str) -> None:
    outputs = graphs[platform].outputs
    assert {*outputs["callers"]} == {*CALLERS[platform]} and {*outputs["calls"]} == {"fraud-scorer"}
    for calls in (outputs["calls"], *(each["calls"] for each in outputs["callers"].values())):
        call = calls["fraud-scorer"]
        assert call["url"].startswith("https://") and call["url"].partition("/endpoints/")[0] in call["command"]
        assert call["command"].startswith("aws sagemaker-runtime " if platform == "aws" else "curl ")
        # Azure ML's address ends in the route that the container answers at.
        assert call["url"].endswith(f".inference.ml.azure.com{ROUTE}") is (platform == "azure")


def test_the_engine_and_the_offline_commands_read_the_same_callers(graphs: Mapping[str, Graph], tmp_path: Path) -> None:
    for graph in graphs.values():
        assert Graph.from_json(graph.to_json()).placement == graph.placement
        assert graph.placement is not None and [each.name for each in graph.placement.callers] == ["app", "ledger"]


def test_a_caller_of_google_cloud_may_stand_in_another_region_than_the_endpoint(graphs: Mapping[str, Graph]) -> None:
    """Without global access Private Service Connect answers in the region of the address alone."""
    for caller in graphs["gcp"].outputs["callers"].values():
        assert all("--allow-psc-global-access" in call["first"].split() for call in caller["calls"].values())


def test_a_caller_on_aws_writes_requests_of_asynchronous_endpoints_and_reads_their_answers(
    graphs: Mapping[str, Graph], aws_pilot: Graph
) -> None:
    graph = graphs["aws"]
    bucket = f"arn:aws:s3:::{graph.outputs['artifacts']}"
    account = {"aws:ResourceAccount": "111122223333", "aws:SecureTransport": "true"}
    for name in CALLERS["aws"]:
        who = session(graph, named(graph, ROLE, f"calls-{name}"))
        said = {
            (do, place): refusal(graph, who, Call(f"s3:{do}", f"{bucket}/{place}", account))
            for do in ("GetObject", "PutObject")
            for place in ("async/input/request.json", "async/embedder/1.out", "workspace/notebook.ipynb")
        }
        assert [each for each, why in said.items() if not why] == [
            ("GetObject", "async/input/request.json"),
            ("GetObject", "async/embedder/1.out"),
            ("PutObject", "async/input/request.json"),
        ]
    command = aws_pilot.outputs["calls"]["document-embedder"]["command"]
    place = "s3://aws-pilot-artifacts-111122223333/async/input/request.json"
    assert command.startswith(f"aws s3 cp request.json {place} && ") and command.endswith(f"--input-location {place}")
