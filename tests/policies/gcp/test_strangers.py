"""What the rules of Google Cloud say of a program that is not ours, by its own world: no stack file, and often no
provider that names a project or region."""

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
