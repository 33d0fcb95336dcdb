"""A call of an endpoint: the recorded prediction where a path stands, and the cloud's refusal without any one part."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalogue.errors import BadInput
from catalogue.kinds import azure, gcp
from catalogue.kinds.aws import ec2, iam, sagemaker
from catalogue.kinds.azure import authorization, machinelearningservices, mlplatform, network, privatedns
from catalogue.kinds.gcp import compute, dns, vertex
from catalogue.kinds.gcp.mlplatform import DEPLOYMENT, MODEL
from examples.pack import HERE, NAME, digest_of_image, digest_of_model, dockerfile
from operations.__main__ import application
from sandbox.dataplane import NoPrediction, NotRun, call
from sandbox.state import State
from sandbox.state.records import New, Record

ACCOUNTS = {"aws": "999988887777", "gcp": "churn-dev-4", "azure": "99998888-0000-4000-8000-000000000001"}
REGIONS = {"aws": "eu-central-1", "gcp": "europe-west4", "azure": "northeurope"}

ARN = "arn:aws:sagemaker:eu-central-1:999988887777:endpoint/churn"
POLICY = {"Effect": "Allow", "Action": ["sagemaker:Invoke*"], "Resource": f"{ARN.removesuffix('churn')}*"}

AT = "projects/churn-dev-4/locations/europe-west4/endpoints/77"
NET, PORTS = "projects/churn-dev-4/global/networks/own", [{"protocol": "tcp", "ports": ["443"]}]
PLACE = "projects/churn-dev-4/regions/europe-west4/addresses/a"

GROUP = "/subscriptions/99998888-0000-4000-8000-000000000001/resourceGroups/churn"
SPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/w"
LINKED = f"{GROUP}/providers/Microsoft.Network/privateEndpoints/p"
NAMED = f"{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.api.azureml.ms"
OWN = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/own"
ROLE = "/subscriptions/99998888-0000-4000-8000-000000000001/providers/Microsoft.Authorization/roleDefinitions/r"

IMAGES = {
    "aws": "999988887777.dkr.ecr.eu-central-1.amazonaws.com/churn:7",
    "gcp": "europe-docker.pkg.dev/churn-dev-4/churn/scorer:7",
    "azure": "churnown.azurecr.io/scorer:7",
}
MODELS = {
    "aws": "s3://churn-models/7/model.tar.gz",
    "gcp": "gs://churn-models/7/",
    "azure": "azureml://datastores/artifacts/paths/churn/7/",
}
"""What another team calls the image and the model of examples/: what they are, their digests say."""

Made = tuple[str, str, dict[str, Any], dict[str, Any]]
STANDING: Mapping[str, list[Made]] = {
    "aws": [
        (sagemaker.ENDPOINT, "churn", {"endpointConfigName": "c"}, {"name": "churn", "arn": ARN}),
        (sagemaker.CONFIGURATION, "c", {"productionVariants": [{"modelName": "m"}]}, {}),
        (sagemaker.MODEL, "m", {"primaryContainer": {"image": IMAGES["aws"], "modelDataUrl": MODELS["aws"]}}, {}),
        (
            ec2.VPC_ENDPOINT,
            "vpce-1",
            {
                "serviceName": "com.amazonaws.eu-central-1.sagemaker.runtime",
                "privateDnsEnabled": True,
                "vpcId": "vpc-1",
            },
            {},
        ),
        (ec2.VPC, "vpc-1", {"cidrBlock": "10.9.0.0/20", "enableDnsHostnames": True}, {}),
        (iam.ROLE, "scientist", {"name": "scientist"}, {"arn": "arn:aws:iam::999988887777:role/scientist"}),
        (iam.ROLE_POLICY, "people", {"policy": json.dumps({"Statement": POLICY}), "role": "scientist"}, {}),
    ],
    "gcp": [
        (
            vertex.ENDPOINT,
            AT,
            {
                "privateServiceConnectConfig": {
                    "enablePrivateServiceConnect": True,
                    "projectAllowlists": ["churn-dev-4"],
                }
            },
            {},
        ),
        (
            DEPLOYMENT,
            f"{AT}/deployedModels/1",
            {
                "privateEndpoints": {"serviceAttachment": "sa"},
                "model": f"{AT.partition('/endpoints')[0]}/models/m",
                "modelVersionId": "2",
            },
            {"trafficPercent": 100},
        ),
        (
            MODEL,
            f"{AT.partition('/endpoints')[0]}/models/m",
            {},
            {
                "versions": {
                    "1": {},
                    "2": {"containerSpec": {"imageUri": IMAGES["gcp"]}, "artifactUri": MODELS["gcp"]},
                    "3": {"containerSpec": {"imageUri": IMAGES["gcp"]}, "artifactUri": "gs://churn-models/8/"},
                }
            },
        ),
        (gcp.VPC, NET, {"autoCreateSubnetworks": False}, {}),
        (
            dns.ZONE,
            "projects/churn-dev-4/managedZones/names",
            {
                "dnsName": "prediction.p.vertexai.goog.",
                "privateVisibilityConfig": {
                    "networks": [{"networkUrl": f"https://www.googleapis.com/compute/v1/{NET}"}]
                },
            },
            {},
        ),
        (dns.RECORD, "churn", {"managedZone": "names", "type": "A", "rrdatas": ["10.9.0.7"]}, {}),
        (compute.ADDRESS, PLACE, {}, {"address": "10.9.0.7"}),
        (compute.FORWARDING_RULE, "f", {"target": "sa", "ipAddress": PLACE, "network": NET}, {}),
        (
            compute.FIREWALL,
            "none",
            {"network": NET, "direction": "EGRESS", "priority": 65000, "denies": [{"protocol": "all"}]},
            {},
        ),
        (
            compute.FIREWALL,
            "some",
            {"network": NET, "direction": "EGRESS", "allows": PORTS, "destinationRanges": ["10.9.0.0/24"]},
            {},
        ),
    ],
    "azure": [
        (
            machinelearningservices.SERVED,
            f"{SPACE}/onlineEndpoints/churn",
            {"properties": {"publicNetworkAccess": "Disabled"}},
            {},
        ),
        (mlplatform.TRAFFIC, f"{SPACE}/onlineEndpoints/churn/traffic", {}, {"traffic": {"old": 0, "new": 100}}),
        (
            network.PRIVATE_ENDPOINT,
            LINKED,
            {
                "privateLinkServiceConnections": [
                    {"privateLinkServiceId": SPACE.upper(), "groupIds": ["amlworkspace"]}
                ],
                "subnet": {"id": f"{OWN}/subnets/private"},
            },
            {},
        ),
        (
            network.ZONE_GROUP,
            f"{LINKED}/privateDnsZoneGroups/default",
            {"privateDnsZoneConfigs": [{"privateDnsZoneId": NAMED}]},
            {},
        ),
        (privatedns.ZONE, NAMED, {"location": "global"}, {}),
        (privatedns.LINK, f"{NAMED}/virtualNetworkLinks/l", {"virtualNetwork": {"id": OWN.upper()}}, {}),
        (azure.NETWORK, OWN, {"location": "northeurope"}, {}),
        (network.SUBNET, f"{OWN}/subnets/private", {"addressPrefix": "10.9.0.0/24"}, {}),
        (
            machinelearningservices.ONLINE_DEPLOYMENT,
            f"{SPACE}/onlineEndpoints/churn/deployments/new",
            {
                "properties": {
                    "environmentId": f"{SPACE}/environments/e/versions/1",
                    "model": f"{SPACE}/models/m/versions/1",
                }
            },
            {},
        ),
        (
            machinelearningservices.ENVIRONMENT,
            f"{SPACE}/environments/e/versions/1",
            {"properties": {"image": IMAGES["azure"]}},
            {},
        ),
        (
            machinelearningservices.MODEL,
            f"{SPACE}/models/m/versions/1",
            {"properties": {"modelUri": MODELS["azure"]}},
            {},
        ),
        (
            authorization.ROLE_DEFINITION,
            ROLE,
            {"permissions": [{"actions": ["Microsoft.MachineLearningServices/*/score/action"]}]},
            {},
        ),
        (authorization.ROLE_ASSIGNMENT, f"{ROLE}/given", {"scope": GROUP, "roleDefinitionId": ROLE}, {}),
    ],
}


@pytest.fixture
def stands(tmp_path: Path) -> Callable[[str], tuple[State, Record]]:
    """Lets an endpoint of another team stand in a sandbox, with all that leads to it."""

    def fill(platform: str) -> tuple[State, Record]:
        state = State(tmp_path / "box" / "state.sqlite")
        where = {"platform": platform, "account": ACCOUNTS[platform], "region": REGIONS[platform]}
        made = [
            state.resources.create(New(type=type_, id=id_, **where, name=id_, inputs=inputs, outputs=outputs))
            for type_, id_, inputs, outputs in STANDING[platform]
        ]
        state.account.push(IMAGES[platform], digest_of_image(dockerfile(platform)))
        state.account.upload(MODELS[platform], digest_of_model(platform))
        return state, made[0]

    return fill


Stands = Callable[[str], tuple[State, Record]]


def _recorded(platform: str, name: str) -> bytes:
    return (HERE / "recorded" / platform / name).read_bytes()


@pytest.mark.parametrize("platform", STANDING)
def test_inside_the_recorded_prediction_is_answered(platform: str, stands: Stands) -> None:
    state, endpoint = stands(platform)
    answer = call(state, endpoint, _recorded(platform, "request.json"), outside=False)
    assert json.loads(answer) == json.loads(_recorded(platform, "prediction.json"))


TIMEOUT = 'Connect timeout on endpoint URL: "https://runtime.sagemaker.eu-central-1.amazonaws.com/endpoints/churn/invocations"'
DENIED = "not authorized to perform: sagemaker:InvokeEndpoint on resource: " + ARN
CLOSED = "403 Forbidden: Public network access is disabled"


@pytest.mark.parametrize(
    ("platform", "type_", "id_", "says"),
    [
        ("aws", ec2.VPC_ENDPOINT, "vpce-1", TIMEOUT),
        ("aws", iam.ROLE_POLICY, "people", DENIED),
        ("gcp", DEPLOYMENT, f"{AT}/deployedModels/1", "doesn't have traffic_split"),
        ("gcp", compute.ADDRESS, PLACE, "port 443: Connection timed out"),
        ("gcp", compute.FORWARDING_RULE, "f", "port 443: Connection timed out"),
        ("gcp", compute.FIREWALL, "some", "Failed to connect to 10.9.0.7 port 443: Connection timed out"),
        (
            "azure",
            mlplatform.TRAFFIC,
            f"{SPACE}/onlineEndpoints/churn/traffic",
            "404 Not found: The endpoint doesn't have",
        ),
        ("azure", network.PRIVATE_ENDPOINT, LINKED, CLOSED),
        ("azure", network.ZONE_GROUP, f"{LINKED}/privateDnsZoneGroups/default", CLOSED),
        ("azure", privatedns.ZONE, NAMED, CLOSED),
        ("azure", privatedns.LINK, f"{NAMED}/virtualNetworkLinks/l", CLOSED),
        ("azure", authorization.ROLE_DEFINITION, ROLE, "403 Access denied"),
        ("azure", authorization.ROLE_ASSIGNMENT, f"{ROLE}/given", "403 Access denied"),
    ],
)
def test_without_any_one_part_of_the_path_there_is_none(
    platform: str, type_: str, id_: str, says: str, stands: Stands
) -> None:
    state, endpoint = stands(platform)
    part = state.resources.get(type_, id_)
    assert part is not None
    state.resources.delete_behind(part.key)
    with pytest.raises(NoPrediction) as refused:
        call(state, endpoint, _recorded(platform, "request.json"), outside=False)
    assert says in str(refused.value)


CHANGED: list[tuple[str, str, str, str, Any, str]] = [
    ("aws", ec2.VPC_ENDPOINT, "vpce-1", "privateDnsEnabled", False, TIMEOUT),
    ("aws", ec2.VPC_ENDPOINT, "vpce-1", "serviceName", "com.amazonaws.eu-central-1.sagemaker.api", TIMEOUT),
    (*("aws", iam.ROLE_POLICY, "people"), "policy", json.dumps({"Statement": {**POLICY, "Effect": "Deny"}}), DENIED),
    (
        *("aws", iam.ROLE_POLICY, "people"),
        "policy",
        json.dumps({"Statement": {**POLICY, "Resource": [f"{ARN}-2"]}}),
        DENIED,
    ),
    ("gcp", compute.FORWARDING_RULE, "f", "target", "another", "Connection timed out"),
    (
        "gcp",
        vertex.ENDPOINT,
        AT,
        "privateServiceConnectConfig.projectAllowlists.0",
        "another-team",
        "Connection timed out",
    ),
    ("gcp", compute.FIREWALL, "some", "allows.0.ports.0", "80", "Failed to connect to 10.9.0.7"),
    ("gcp", compute.FIREWALL, "some", "destinationRanges.0", "10.8.0.0/24", "Failed to connect to 10.9.0.7"),
    ("gcp", compute.FIREWALL, "none", "priority", 10, "Failed to connect to 10.9.0.7"),
    (*("azure", network.PRIVATE_ENDPOINT, LINKED), "privateLinkServiceConnections.0.groupIds.0", "blob", CLOSED),
    ("azure", authorization.ROLE_ASSIGNMENT, f"{ROLE}/given", "scope", f"{GROUP}-2", "403 Access denied"),
    ("azure", authorization.ROLE_DEFINITION, ROLE, "permissions.0.notActions", ["*"], "403 Access denied"),
]


@pytest.mark.parametrize(("platform", "type_", "id_", "path", "value", "says"), CHANGED)
def test_a_part_that_leads_elsewhere_is_no_path(
    platform: str, type_: str, id_: str, path: str, value: Any, says: str, stands: Stands
) -> None:
    state, endpoint = stands(platform)
    part = state.resources.get(type_, id_)
    assert part is not None
    now = state.resources.change_behind(part.key, path, value)
    with pytest.raises(NoPrediction) as refused:
        call(state, now if now.key == endpoint.key else endpoint, b"{}", outside=False)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("platform", "says"), [("gcp", f"400 FAILED_PRECONDITION: Endpoint {AT} is private"), ("azure", CLOSED)]
)
def test_the_internet_leads_to_no_private_endpoint(platform: str, says: str, stands: Stands) -> None:
    state, endpoint = stands(platform)
    with pytest.raises(NoPrediction) as refused:
        call(state, endpoint, _recorded(platform, "request.json"), outside=True)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("platform", "path", "value"),
    [
        ("gcp", "privateServiceConnectConfig.enablePrivateServiceConnect", False),
        ("azure", "properties.publicNetworkAccess", "Enabled"),
    ],
)
def test_the_internet_leads_to_an_open_endpoint(platform: str, path: str, value: Any, stands: Stands) -> None:
    state, endpoint = stands(platform)
    opened = state.resources.change_behind(endpoint.key, path, value)
    assert call(state, opened, _recorded(platform, "request.json"), outside=True)


def test_the_internet_leads_to_sagemaker_but_for_a_grant_that_names_a_network(stands: Stands) -> None:
    state, endpoint = stands("aws")
    assert call(state, endpoint, _recorded("aws", "request.json"), outside=True)
    bound = {**POLICY, "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}
    (policy,) = state.resources.find(type=iam.ROLE_POLICY)
    state.resources.change_behind(policy.key, "policy", json.dumps({"Statement": [bound]}))
    assert call(state, endpoint, _recorded("aws", "request.json"), outside=False)
    with pytest.raises(NoPrediction, match="AccessDeniedException"):
        call(state, endpoint, _recorded("aws", "request.json"), outside=True)


@pytest.mark.parametrize(
    ("platform", "says"),
    [
        (
            "aws",
            "(ModelError) when calling the InvokeEndpoint operation: Received client error (400) from primary with",
        ),
        ("gcp", '400: {"error": "The body is no JSON'),
        ("azure", "424 Model Error (400): The body is no JSON"),
    ],
)
def test_what_the_container_refuses_is_handed_on(platform: str, says: str, stands: Stands) -> None:
    state, endpoint = stands(platform)
    with pytest.raises(NoPrediction) as refused:
        call(state, endpoint, b"{", outside=False)
    assert says in str(refused.value) and "The body is no JSON" in str(refused.value)


ERRORS = {
    "aws": "An error occurred (ModelError) when calling the InvokeEndpoint operation: Received server error (501) from "
    'primary with message "the sandbox runs',
    "gcp": "501: the sandbox runs",
    "azure": "424 Model Error (501): the sandbox runs",
}
"""How each cloud tells of a container that answers an error."""


def other(state: State, platform: str, what: str) -> None:
    """Something else lies at the address of the image or of the model."""
    if what == "image":
        state.account.push(IMAGES[platform], digest_of_image(dockerfile("gcp" if platform == "aws" else "aws")))
    elif what == "model":
        state.account.upload(MODELS[platform], "sha256:another")
    else:  # it was pushed anew, and nobody said what it is
        state.account.push(IMAGES[platform])


@pytest.mark.parametrize("what", ["image", "model", "pushed anew"])
@pytest.mark.parametrize("platform", STANDING)
def test_whatever_is_not_the_example_by_its_digest_is_not_run(platform: str, what: str, stands: Stands) -> None:
    state, endpoint = stands(platform)
    other(state, platform, what)
    with pytest.raises(NotRun) as refused:
        call(state, endpoint, _recorded(platform, "request.json"), outside=False)
    address = MODELS[platform] if what == "model" else IMAGES[platform]
    assert str(refused.value).startswith(ERRORS[platform])
    assert f"the container and the model of examples/ alone, and not {address}" in str(refused.value)


NAMES: Mapping[str, tuple[str, str, str]] = {
    "aws": (sagemaker.MODEL, "primaryContainer.image", f"999988887777.dkr.ecr.eu-central-1.amazonaws.com/{NAME}:1"),
    "gcp": (MODEL, "containerSpec.imageUri", f"europe-docker.pkg.dev/churn-dev-4/churn/{NAME}:1"),
    "azure": (machinelearningservices.ENVIRONMENT, "properties.image", f"churnown.azurecr.io/{NAME}:1"),
}


@pytest.mark.parametrize("platform", STANDING)
def test_the_examples_name_alone_makes_nothing_the_example(platform: str, stands: Stands) -> None:
    state, endpoint = stands(platform)
    type_, path, image = NAMES[platform]
    (record,) = state.resources.find(type=type_)
    if platform == "gcp":
        state.resources.update(record.key, {"containerSpec": {"imageUri": image}, "artifactUri": MODELS["gcp"]}, {})
    else:
        state.resources.change_behind(record.key, path, image)
    state.account.push(image)
    with pytest.raises(NotRun, match="the container and the model of examples/ alone"):
        call(state, endpoint, _recorded(platform, "request.json"), outside=False)


def test_a_path_that_is_cut_is_told_before_what_serves(stands: Stands) -> None:
    state, endpoint = stands("azure")
    other(state, "azure", "image")
    with pytest.raises(NoPrediction, match="403 Forbidden"):
        call(state, endpoint, b"{}", outside=True)


@pytest.mark.parametrize(("platform", "says"), [("gcp", ""), ("azure", "424 Model Error (404)")])
def test_the_container_answers_at_the_route_that_the_cloud_is_told(platform: str, says: str, stands: Stands) -> None:
    """Vertex AI tells the container its route. Azure ML does not, and the example's has one of its own."""
    state, endpoint = stands(platform)
    if platform == "gcp":
        (model,) = state.resources.find(type=MODEL)
        versions: Any = json.loads(json.dumps(model.outputs["versions"]))
        versions["2"]["containerSpec"]["predictRoute"] = "/v1/completions"
        state.resources.update(model.key, model.inputs, {"versions": versions})
    else:
        (environment,) = state.resources.find(type=machinelearningservices.ENVIRONMENT)
        routes = {"scoringRoute": {"path": "/v1/completions", "port": 5001}}
        state.resources.change_behind(environment.key, "properties.inferenceConfig", routes)
    if not says:
        assert call(state, endpoint, _recorded(platform, "request.json"), outside=False)
        return
    with pytest.raises(NoPrediction, match=re.escape(says)):
        call(state, endpoint, _recorded(platform, "request.json"), outside=False)


def test_an_async_endpoint_takes_no_call(stands: Stands) -> None:
    state, endpoint = stands("aws")
    (configuration,) = state.resources.find(type=sagemaker.CONFIGURATION)
    state.resources.change_behind(configuration.key, "asyncInferenceConfig", {})
    with pytest.raises(BadInput, match="through a queue"):
        call(state, endpoint, b"{}", outside=False)


def test_the_command_prints_the_prediction_or_the_refusal(stands: Stands, tmp_path: Path) -> None:
    stands("gcp")
    request = HERE / "recorded" / "gcp" / "request.json"

    def typed(*arguments: str) -> Any:
        return CliRunner().invoke(application(), ["sandbox", "--name", f"{tmp_path}/box", "call", *arguments])

    answered = typed(AT, str(request))
    assert answered.exit_code == 0
    assert json.loads(answered.stdout) == json.loads(_recorded("gcp", "prediction.json"))
    assert answered.stderr == f"the example's container answers, as {IMAGES['gcp']}\n"
    refused = typed(AT, str(request), "--from", "outside")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("400 FAILED_PRECONDITION") and len(refused.stderr.splitlines()) == 1
    for arguments, says in (
        ((AT, f"{tmp_path}/none.json"), "cannot be read (No such file or directory); name a file of JSON"),
        (("f", str(request)), "0 endpoints go by that name"),
        (("nobody", str(request)), "no such resource"),
    ):
        wrong = typed(*arguments).exception
        assert isinstance(wrong, BadInput) and says in str(wrong)


GIVEN: Mapping[str, tuple[set[str], set[str]]] = {
    "aws": ({ec2.VPC}, {ec2.VPC_ENDPOINT}),
    "gcp": ({gcp.VPC}, {dns.ZONE, dns.RECORD}),
    "azure": ({azure.NETWORK, network.SUBNET, privatedns.ZONE}, {privatedns.LINK}),
}
"""What a landing zone gives, and what then stands in it without anybody here knowing."""


@pytest.mark.parametrize("platform", GIVEN)
def test_what_a_landing_zone_gives_is_taken_to_lead_on_while_it_stands(platform: str, stands: Stands) -> None:
    state, endpoint = stands(platform)
    given, unseen = GIVEN[platform]
    for one in state.resources.all():
        if one.type in unseen:
            state.resources.delete_behind(one.key)
        elif one.type in given:
            state.resources.update(one.key, {}, {})
    assert call(state, endpoint, _recorded(platform, "request.json"), outside=False)
    for one in state.resources.all():
        if one.type in given:
            state.resources.delete_behind(one.key)
            break
    with pytest.raises(NoPrediction):
        call(state, endpoint, _recorded(platform, "request.json"), outside=False)
