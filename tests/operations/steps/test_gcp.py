"""What a person must do before a stack on Google Cloud comes up, in a network that another project keeps."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from catalogue.graph import Graph
from catalogue.landing_zones import FILE
from catalogue.placement import Caller, Source
from operations import hardware
from operations.steps import manual
from operations.steps.gcp import after_up, before_up, source
from operations.verdict import ManualStep
from tests.conftest import forget
from tests.mutate import changed, put

PLACE = ("payments-risk-pilot", "us-central1")


@pytest.mark.parametrize(("keeper", "asked"), [("company-host", True), ("payments-risk-pilot", False)])
def test_the_host_project_of_a_shared_vpc_lets_the_stack_in(
    gcp_pilot: Graph, organisation: Path, keeper: str, asked: bool
) -> None:
    network = {"project": keeper, "network": "shared", "subnetwork": "ml", "private_domains": ["googleapis.com"]}
    place = {"platform": "gcp", "account": "payments-risk-pilot", "region": "us-central1"}
    zones = {"landing_zones": {"shared": {**place, "owner": "net@example.com", "network": network}}}
    (organisation / FILE).write_text(yaml.safe_dump(zones), encoding="utf-8")
    forget()
    (way,) = gcp_pilot.of("gcp:compute/forwardingRule:ForwardingRule")
    there = changed(gcp_pilot, way, lambda p: p.update(network=f"projects/{keeper}/global/networks/shared"))
    asked_for = steps(replace(there, placement=None))
    assert bool(asked_for) == asked
    assert all("company-host" in step.who and "gcp-sa-notebooks" in step.what for step in asked_for)
    assert all(len(step.commands) == 3 for step in asked_for)
    looks = [look for step in asked_for for look in step.looks]
    assert all(look.at == "projects/company-host/regions/us-central1/subnetworks/ml" for look in looks)
    assert len(looks) == len(asked_for) and not steps(gcp_pilot)


def test_google_s_agents_are_there_before_others_grant_to_them(gcp_pilot: Graph, organisation: Path) -> None:
    """A grant to an agent that nobody asked for is refused, and a new project has none."""
    key = "projects/company-keys/locations/us-central1/keyRings/ml/cryptoKeys"
    network = {
        "project": "company-host",
        "network": "shared",
        "subnetwork": "ml",
        "private_domains": ["googleapis.com"],
    }
    place = {"platform": "gcp", "account": "payments-risk-pilot", "region": "us-central1", "owner": "net@example.com"}
    zone = {**place, "network": network, "keys": {"data": f"{key}/data", "logs": f"{key}/logs"}}
    (organisation / FILE).write_text(yaml.safe_dump({"landing_zones": {"all": zone}}), encoding="utf-8")
    forget()
    (way,) = gcp_pilot.of("gcp:compute/forwardingRule:ForwardingRule")
    given_key = gcp_pilot.of("gcp:storage/bucket:Bucket")[0]
    there = changed(gcp_pilot, way, lambda p: p.update(network="projects/company-host/global/networks/shared"))
    there = changed(there, given_key, lambda p: put(p, "encryption.defaultKmsKeyName", f"{key}/data"))
    assert there.placement is not None
    found = list(before_up(replace(there, placement=replace(there.placement, landing_zone="all")), *PLACE))
    asked = [
        command for command in found[0].commands if "identity create" in command or "encryption_service" in command
    ]
    assert [command.partition("--service=")[2].partition(".")[0] for command in asked if "--service=" in command] == [
        "aiplatform",
        "artifactregistry",
        "notebooks",
        "workflows",
    ]
    assert "gcloud storage service-agent --project=payments-risk-pilot" in found[0].commands
    grants = [at for at, step in enumerate(found) if "networkUser" in step.what or "cryptoKeyEncrypter" in step.what]
    assert len(grants) == 2 and min(grants) > 0
    forget()


@pytest.mark.parametrize(
    ("kind", "props", "place", "gives"),
    [
        (
            "storage/bucketIAMMember:BucketIAMMember",
            {"bucket": "claims-models"},
            "gs://claims-models",
            "gcloud storage buckets add-iam-policy-binding gs://claims-models --member=user:DEPLOYER ",
        ),
        (
            "artifactregistry/repositoryIamMember:RepositoryIamMember",
            {"project": "shared-images", "location": "europe-west4", "repository": "claims"},
            "europe-west4-docker.pkg.dev/shared-images",
            "gcloud artifacts repositories add-iam-policy-binding claims --location=europe-west4 --project=shared",
        ),
    ],
)
def test_the_owner_of_a_place_lets_whoever_deploys_set_its_policy_where_the_stack_grants_there(
    gcp_pilot: Graph, kind: str, props: dict[str, str], place: str, gives: str
) -> None:
    theirs = Source(place, "data@example.com")
    assert list(source(gcp_pilot, theirs, *PLACE)) == [], "no grant of the pilot stands there"
    grant = gcp_pilot.of(f"gcp:{kind}")[0]
    granted = changed(gcp_pilot, grant, lambda p: p.update(props))
    (one,) = source(granted, theirs, *PLACE)
    assert one.command.startswith(gives) and "get-iam-policy" in one.check
    assert one.look.name.startswith(place) and one.look.rights[0].endswith(".setIamPolicy")
    assert list(source(granted, Source(f"{place}-of-others", "data@example.com"), *PLACE)) == []


def steps(graph: Graph) -> list[ManualStep]:
    found = before_up(graph, "payments-risk-pilot", "us-central1")
    return [step for step in found if "roles/compute.networkUser" in step.what]


@pytest.mark.parametrize(
    ("kind", "props", "named", "makes"),
    [
        (
            "storage/bucketIAMMember:BucketIAMMember",
            {"bucket": "claims-models"},
            "gs://claims-models",
            "gcloud storage buckets create gs://claims-models --project=payments-risk-pilot --location=us-central1 "
            "--uniform-bucket-level-access",
        ),
        (
            "artifactregistry/repositoryIamMember:RepositoryIamMember",
            {"project": "payments-risk-pilot", "location": "europe-west4", "repository": "claims"},
            "europe-west4-docker.pkg.dev/payments-risk-pilot/claims",
            "gcloud artifacts repositories create claims --project=payments-risk-pilot --location=europe-west4 ",
        ),
        ("artifactregistry/repositoryIamMember:RepositoryIamMember", {"project": "company-images"}, "", ""),
        ("storage/bucketIAMMember:BucketIAMMember", {"bucket": "theirs"}, "", ""),
    ],
)
def test_what_the_stack_grants_on_and_does_not_make_is_made_first(
    gcp_pilot: Graph, kind: str, props: dict[str, str], named: str, makes: str
) -> None:
    """A grant on what is not there is refused. What is of others is for them to make."""
    placement = gcp_pilot.placement
    assert placement is not None
    graph = replace(gcp_pilot, placement=replace(placement, sources=(Source("gs://theirs", "data@example.com"),)))
    grant = graph.of(f"gcp:{kind}")[0]
    (before, after) = (apis(each) for each in (graph, changed(graph, grant, lambda p: p.update(props))))
    new = set(after.commands) - set(before.commands)
    assert any(makes in command and " || " in command for command in new) == bool(named) == bool(new)
    assert (named or "docker.pkg.dev") in after.what or not named


def apis(graph: Graph) -> ManualStep:
    found = before_up(graph, "payments-risk-pilot", "us-central1")
    (step,) = (step for step in found if step.what.startswith("enable the project's APIs"))
    return step


def test_the_pilot_keeps_its_images_and_artifacts_where_the_ground_makes_room(gcp_pilot: Graph) -> None:
    """So nothing but the team's data must be there before the first `up`."""
    assert apis(gcp_pilot).what.endswith("and make what is missing of gs://payments-risk-pilot-data")


def test_the_apis_are_on_before_a_quota_is_asked_for_and_one_call_enables_at_most_twenty(gcp_pilot: Graph) -> None:
    """Cloud Quotas is an API too, and tells no quota of a service that is off."""
    found = [step.what for step in manual(gcp_pilot, hardware.fit(gcp_pilot, "us-central1"), [1, 2], *PLACE)]
    begins = ("enable the project's APIs", "ask for the quotas", "bring up the ground")
    at = [next(index for index, what in enumerate(found) if what.startswith(each)) for each in begins]
    assert at == sorted(at)
    enabled = [command.split()[3:-1] for command in apis(gcp_pilot).commands if " services enable " in command]
    assert all(1 <= len(each) <= 20 for each in enabled)
    together = [name for each in enabled for name in each]
    looked_at = [look.name for look in apis(gcp_pilot).looks if look.what == "service"]
    by_hand = ["cloudquotas.googleapis.com", "iamcredentials.googleapis.com"]
    assert together == [*looked_at, *by_hand] and len(together) == len(set(together)) > 20


def test_the_last_step_names_the_output_of_each_who_calls(gcp_pilot: Graph) -> None:
    assert gcp_pilot.placement is not None
    ledger = Caller(name="ledger", account="ledger-app")
    called = replace(gcp_pilot, placement=replace(gcp_pilot.placement, callers=(ledger,)))
    (people,), (others,) = (list(after_up(graph, "lending-prod", "europe-west4")) for graph in (gcp_pilot, called))
    assert people.what.endswith("; the output calls has certificate and URL")
    assert others.what.endswith("; the output calls, or callers for who comes from elsewhere, has certificate and URL")
