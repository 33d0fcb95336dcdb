"""The path from a caller to a replica of each pilot: without any one part of it a call gets that cloud's error."""

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from catalogue.graph import Graph
from catalogue.kinds.aws import ec2, iam, sagemaker, vpc
from catalogue.kinds.azure import NETWORK as AZURE_NETWORK
from catalogue.kinds.azure import authorization, machinelearningservices, mlplatform, network, privatedns
from catalogue.kinds.gcp import VPC as GCP_NETWORK
from catalogue.kinds.gcp import compute, dns, vertex
from catalogue.kinds.gcp.mlplatform import DEPLOYMENT, MODEL
from catalogue.placement import Caller
from catalogue.registries import as_written
from examples.pack import digest_of_image, digest_of_model, dockerfile
from sandbox.dataplane import Call, NoPrediction, answers, plane_of
from sandbox.state import State
from sandbox.state.records import New, Record
from tests import sharing
from tests.stack_files import pilot_file

ENDPOINTS = {"aws": sagemaker.ENDPOINT, "gcp": vertex.ENDPOINT, "azure": machinelearningservices.SERVED}
SERVED = {sagemaker.MODEL, MODEL, machinelearningservices.ENVIRONMENT}
"""What says which container a replica runs."""
PLACES = {"aws": ":", "gcp": "/", "azure": "/"}

Key = tuple[str, str]
Loss = tuple[str, tuple[Key, ...], str]

TIMEOUT, CURL, CLOSED = "Connect timeout on endpoint URL", "curl: (28) Failed to connect to ", "403 Forbidden: Public"
NO_POLICY = "because no VPC endpoint policy allows the sagemaker:InvokeEndpoint action"
NO_TRAFFIC = "404 Not found: The endpoint doesn't have any valid deployment with positive weight."
NO_GRANT = "403 Access denied: The token has no permission to perform "
WORKLOADS, PERSONAS = "aws-pilot-network-workloads", "aws-pilot-identity"
BOUNDARY = "aws-pilot-identity-boundary-people"

LOST: Mapping[str, tuple[Loss, ...]] = {
    "aws": (
        ("interface endpoint", ((ec2.VPC_ENDPOINT, "aws-pilot-network-sagemaker-runtime"),), TIMEOUT),
        ("network", ((ec2.VPC, "aws-pilot-network-vpc"),), "Could not connect to the endpoint URL"),
        ("security groups", ((ec2.GROUP, WORKLOADS),), TIMEOUT),
        ("security groups", ((ec2.GROUP, "aws-pilot-network-endpoints"),), TIMEOUT),
        ("security groups", ((vpc.EGRESS, "aws-pilot-network-https-to-endpoints-out"),), TIMEOUT),
        ("security groups", ((vpc.INGRESS, "aws-pilot-network-https-from-workloads-in"),), TIMEOUT),
        (
            "grant",
            tuple((iam.ROLE_POLICY, f"{PERSONAS}-{persona}-policy") for persona in ("caller", "data-scientist")),
            "because no identity-based policy allows the sagemaker:InvokeEndpoint action",
        ),
        (
            "endpoint",
            ((sagemaker.ENDPOINT, "aws-pilot-fraud-scorer"),),
            "(ValidationError) when calling the InvokeEndpoint operation: Endpoint aws-pilot-fraud-scorer of account",
        ),
    ),
    "gcp": (
        ("endpoint", ((vertex.ENDPOINT, "gcp-pilot-fraud-scorer"),), "404 NOT_FOUND: Endpoint projects/"),
        (
            "traffic to a deployment",
            ((DEPLOYMENT, "gcp-pilot-fraud-scorer-deployment"),),
            "doesn't have traffic_split",
        ),
        ("forwarding rule", ((compute.FORWARDING_RULE, "gcp-pilot-fraud-scorer-attach"),), CURL),
        ("network", ((GCP_NETWORK, "gcp-pilot-network-vpc"),), CURL),
        ("address", ((compute.ADDRESS, "gcp-pilot-fraud-scorer-address"),), CURL),
        (
            "name",
            ((dns.ZONE, "gcp-pilot-endpoint-names"),),
            "curl: (6) Could not resolve host: gcp-pilot-fraud-scorer.prediction.p.vertexai.goog",
        ),
        ("name", ((dns.RECORD, "gcp-pilot-fraud-scorer-name"),), "curl: (6) Could not resolve host: "),
        ("firewall", ((compute.FIREWALL, "gcp-pilot-fraud-scorer-https"),), "port 443: Connection timed out"),
    ),
    "azure": (
        (
            "endpoint",
            ((machinelearningservices.SERVED, "azure-pilot-fraud-scorer"),),
            "curl: (6) Could not resolve host: ",
        ),
        ("private endpoint", ((network.PRIVATE_ENDPOINT, "azure-pilot-workspace-private"),), CLOSED),
        ("name", ((network.ZONE_GROUP, "azure-pilot-workspace-private-dns"),), CLOSED),
        ("name", ((privatedns.ZONE, "azure-pilot-network-api-azureml-ms"),), CLOSED),
        (
            "zone's link to the network",
            ((privatedns.LINK, "azure-pilot-network-api-azureml-ms-link"),),
            CLOSED,
        ),
        ("network", ((AZURE_NETWORK, "azure-pilot-network-vnet"),), CURL),
        ("network", ((network.SUBNET, "azure-pilot-network-private"),), CURL),
        (
            "grant",
            tuple(
                (authorization.ROLE_ASSIGNMENT, f"azure-pilot-access-{persona}-workspace")
                for persona in ("caller", "data-scientist", "person-ana", "person-ben")
            ),
            NO_GRANT,
        ),
        (
            "grant",
            tuple(
                (authorization.ROLE_DEFINITION, f"azure-pilot-access-{persona}")
                for persona in ("caller", "data-scientist")
            ),
            NO_GRANT,
        ),
        ("traffic to a deployment", ((mlplatform.TRAFFIC, "azure-pilot-fraud-scorer-traffic"),), NO_TRAFFIC),
        (
            "traffic to a deployment",
            ((machinelearningservices.ONLINE_DEPLOYMENT, "azure-pilot-fraud-scorer-v-*"),),
            NO_TRAFFIC,
        ),
    ),
}
"""What is deleted together, of which part, and what the caller reads. `*` stands for a digest."""

CHANGED: Mapping[str, tuple[tuple[str, str, str, str, Any, str], ...]] = {
    "aws": (
        ("name", ec2.VPC_ENDPOINT, "aws-pilot-network-sagemaker-runtime", "privateDnsEnabled", False, TIMEOUT),
        ("name", ec2.VPC, "aws-pilot-network-vpc", "enableDnsHostnames", False, TIMEOUT),
        ("network", ec2.VPC, "aws-pilot-network-vpc", "enableDnsSupport", False, "Could not connect to the endpoint"),
        (
            *("interface endpoint's policy", ec2.VPC_ENDPOINT, "aws-pilot-network-sagemaker-runtime", "policy"),
            *('{"Statement": []}', NO_POLICY),
        ),
        (
            *("denials", iam.POLICY, BOUNDARY, "policy"),
            '{"Statement": {"Effect": "Deny", "Action": "sagemaker:invoke*", "Resource": "*"}}',
            "is not authorized to perform: sagemaker:InvokeEndpoint on resource: arn:aws:sagemaker:us-east-1:"
            "111122223333:endpoint/aws-pilot-fraud-scorer with an explicit deny in an identity-based policy",
        ),
        (
            *("boundary", iam.POLICY, BOUNDARY, "policy"),
            '{"Statement": {"Effect": "Allow", "NotAction": "sagemaker:*", "Resource": "*"}}',
            "because no permissions boundary allows the sagemaker:InvokeEndpoint action",
        ),
        (*("security groups", vpc.INGRESS, "aws-pilot-network-https-from-workloads-in"), "toPort", 80, TIMEOUT),
        (
            *("security groups", vpc.EGRESS, "aws-pilot-network-https-to-endpoints-out"),
            *("referencedSecurityGroupId", "sg-of-others", TIMEOUT),
        ),
    ),
    "gcp": (
        ("forwarding rule", compute.FORWARDING_RULE, "gcp-pilot-fraud-scorer-attach", "target", "another", CURL),
        ("name", dns.RECORD, "gcp-pilot-fraud-scorer-name", "rrdatas.0", "10.40.7.1", "curl: (6) Could not"),
        (
            *("name", dns.ZONE, "gcp-pilot-endpoint-names", "privateVisibilityConfig.networks.0.networkUrl"),
            *("projects/others/global/networks/own", "curl: (6) Could not resolve host"),
        ),
        ("firewall", compute.FIREWALL, "gcp-pilot-network-deny-out", "priority", 10, "port 443: Connection timed out"),
    ),
    "azure": (
        (
            *("security rules", network.SECURITY_GROUP, "azure-pilot-network-rules"),
            *("securityRules.0.access", "Deny", "port 443: Connection timed out"),
        ),
        (
            *("security rules", network.SECURITY_GROUP, "azure-pilot-network-rules"),
            *("securityRules.2.destinationPortRange", "22", "port 443: Connection timed out"),
        ),
        (
            *("zone's link to the network", privatedns.LINK, "azure-pilot-network-api-azureml-ms-link"),
            *("virtualNetwork.id", "/subscriptions/others/virtualNetworks/own", CLOSED),
        ),
    ),
}
"""What leads elsewhere: part, resource, property, the value it gets, and what the caller reads."""

FROM_OUTSIDE = {
    "aws": {"peering", "caller's role"},
    "gcp": {"caller's network", "allow list"},
    "azure": {"caller's network", "peering"},
}
"""The parts that are others' to try: whether a caller stands inside (test_call.py), and callers whom a stack file names
(test_callers.py)."""


class Standing:
    """A pilot that stands in a sandbox. What its own provider makes stands as that cloud's API shows it."""

    def __init__(self, graph: Graph, folder: Path) -> None:
        self.state = State(folder / "box" / "state.sqlite")
        made = [one for one in graph.resources if one.custom and not one.is_provider]
        (served,) = (
            one for one in made if one.type == ENDPOINTS[graph.platform] and one.name.endswith("-fraud-scorer")
        )
        where = str(served.outputs.get("arn") or served.outputs["id"]).split(PLACES[graph.platform])
        account, region = {
            "aws": lambda: (where[4], where[3]),
            "gcp": lambda: (where[1], where[3]),
            "azure": lambda: (where[2], str(served.inputs["location"])),
        }[graph.platform]()
        for one in made:
            id_, inputs, outputs = str(one.outputs["id"]), one.inputs, {**one.inputs, **one.outputs}
            if one.type == DEPLOYMENT:
                id_ = f"{inputs['endpoint']}/deployedModels/{outputs['deployedModelId']}"
                numbered = inputs["model"].replace(account, "889007300332")
                inputs = {
                    "privateEndpoints": {"serviceAttachment": outputs["serviceAttachment"]},
                    "model": numbered,
                }
                outputs = {"trafficPercent": 100}
            elif one.type == MODEL:
                inputs = {"containerSpec": {"imageUri": inputs["image"]}, "artifactUri": inputs["artifactUri"]}
                outputs = {}
            elif one.type == mlplatform.TRAFFIC:
                inputs, outputs = {}, {"traffic": {inputs["deployment"]: 100}}
            self.state.resources.create(
                New(one.type, id_, graph.platform, account, region, one.name, inputs, outputs, urn=one.urn)
            )
        self.endpoint = next(one for one in self.all() if (one.type, one.name) == (served.type, served.name))
        self.platform = graph.platform
        serves = plane_of(self.endpoint).served(self.state, self.endpoint)
        self.state.account.push(serves.image, digest_of_image(dockerfile(self.platform)))
        self.state.account.upload(serves.artifact, digest_of_model(self.platform))

    def all(self) -> list[Record]:
        return self.state.resources.all()

    def of(self, key: Key) -> Record:
        type_, name = key[0], re.escape(key[1]).replace(r"\*", "[0-9a-f]+")
        (found,) = (one for one in self.all() if one.type == type_ and re.fullmatch(name, one.name))
        return found

    def refused(self, caller: Caller | None = None) -> str:
        """What a caller reads, in the stack's network where none is named; nothing where the path is whole."""
        was = self.endpoint
        endpoint = self.state.resources.get(was.type, was.id, was.account) or was
        try:
            import_module(f"sandbox.dataplane.{self.platform}").reach(Call(self.state, endpoint, caller=caller))
        except NoPrediction as refusal:
            return str(refusal)
        return ""

    def delete(self, *records: Record) -> list[Record]:
        """Delete them behind the engine's back, with what goes along. Returns all that is gone."""
        gone: list[Record] = []
        for record in records:
            gone += [record, *self.state.resources.below(record.id, record.account)]
            self.state.resources.delete_behind(record.key)
        return gone

    def put_back(self, gone: list[Record]) -> None:
        for one in gone:
            self.state.resources.create(
                New(
                    *(one.type, one.id, one.platform, one.account, one.region, one.name, one.inputs, one.outputs),
                    urn=one.urn,
                )
            )


@pytest.fixture(scope="module")
def pilots(
    aws_pilot: Graph, gcp_pilot: Graph, azure_pilot: Graph, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Standing]:
    graphs = {"aws": aws_pilot, "gcp": gcp_pilot, "azure": azure_pilot}
    return {name: Standing(graph, tmp_path_factory.mktemp(name)) for name, graph in graphs.items()}


@pytest.mark.parametrize(
    ("platform", "what", "keys", "says"), [(platform, *loss) for platform in LOST for loss in LOST[platform]]
)
def test_without_a_part_of_the_path_the_cloud_refuses_and_with_it_answers(
    platform: str, what: str, keys: tuple[Key, ...], says: str, pilots: Mapping[str, Standing]
) -> None:
    pilot = pilots[platform]
    assert pilot.refused() == ""
    gone = pilot.delete(*map(pilot.of, keys))
    said = pilot.refused()
    pilot.put_back(gone)
    assert says in said, what
    assert pilot.refused() == ""


@pytest.mark.parametrize(
    ("platform", "what", "type_", "name", "path", "value", "says"),
    [(platform, *change) for platform in CHANGED for change in CHANGED[platform]],
)
def test_a_part_that_leads_elsewhere_is_refused(
    platform: str,
    what: str,
    type_: str,
    name: str,
    path: str,
    value: Any,
    says: str,
    pilots: Mapping[str, Standing],
) -> None:
    pilot = pilots[platform]
    part = pilot.of((type_, name))
    pilot.state.resources.change_behind(part.key, path, value)
    said = pilot.refused()
    pilot.state.resources.update(part.key, part.inputs, part.outputs)
    assert says in said, what
    assert pilot.refused() == ""


@pytest.mark.sweep
@pytest.mark.parametrize("platform", LOST)
def test_nothing_else_stops_a_call(platform: str, pilots: Mapping[str, Standing]) -> None:
    pilot = pilots[platform]
    needed = {pilot.of(keys[0]).id for _, keys, _ in LOST[platform] if len(keys) == 1}
    wrong: list[str] = []
    each = [(one.type, one.id) for one in pilot.all()]
    for type_, id_ in (one for one in each if one[1] in needed or sharing.is_taken(str(one), 3)):
        (one,) = pilot.state.resources.find(type=type_, id=id_)
        gone = pilot.delete(one)
        said = pilot.refused()
        if bool(said) != any(lost.id in needed for lost in gone):
            wrong.append(f"{one.type} {one.name}: {said or 'answered'}")
        pilot.put_back(gone)
    assert not wrong


@pytest.mark.parametrize("platform", LOST)
def test_each_part_is_tried_and_says_where_its_sentence_is_from(platform: str) -> None:
    parts = import_module(f"sandbox.dataplane.{platform}").PARTS
    tried = {loss[0] for loss in LOST[platform]} | {change[0] for change in CHANGED[platform]}
    assert {part.what for part in parts} == tried | FROM_OUTSIDE.get(platform, set())
    assert all(part.source.status == "assumed" or part.source.where.startswith("https://") for part in parts)


@pytest.mark.parametrize("platform", LOST)
def test_the_example_that_answers_is_the_image_and_the_model_of_the_stack_file(
    platform: str, pilots: Mapping[str, Standing]
) -> None:
    pilot = pilots[platform]
    model = pilot_file(platform)["config"]["mlplatform:models"]["fraud-scorer"]
    found = plane_of(pilot.endpoint).served(pilot.state, pilot.endpoint)
    assert (found.image, as_written(found.artifact)) == (model["image"], model["artifact_uri"])
    assert answers(pilot.state, pilot.endpoint) == f"the example's container answers, as {model['image']}"
    gone = pilot.delete(*(one for one in pilot.all() if one.type in SERVED))
    said = plane_of(pilot.endpoint).served(pilot.state, pilot.endpoint)
    pilot.put_back(gone)
    assert (said.image, said.artifact) == ("", "")
