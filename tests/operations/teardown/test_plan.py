"""What a teardown lets go and what it keeps, on each pilot and of stacks that are not ours."""

from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from catalogue.guards import guards
from catalogue.kinds.aws import kms, s3
from catalogue.kinds.gcp import KEY, logging, projects, storage
from catalogue.kinds.gcp import kms as gcp_kms
from operations.judge import cost_of
from operations.teardown import KEPT, Plan, comes_back, plan

EACH = pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])


@pytest.fixture
def graph(platform: str, request: pytest.FixtureRequest) -> Graph:
    return request.getfixturevalue(f"{platform}_pilot")


@EACH
def test_what_stays_stands_whole_and_guarded(graph: Graph) -> None:
    made = plan(graph, frozenset(KEPT))
    assert {one.urn for one in made.goes} | {*made.stays} == {one.urn for one in graph.resources}
    for urn in made.stays:
        one = graph.by_urn[urn]
        assert {*one.dependencies} <= {*made.stays}, "nothing goes that something stands on"
        assert all(guard.urn in made.stays for guard in guards(graph).get(urn, ()))
    assert {one.name for one in made.homes} and not made.stores, "by default people's machines go, and no data"


@EACH
def test_the_bill_of_what_stays_is_that_of_its_lines_and_less_than_the_whole(graph: Graph) -> None:
    kept, whole = cost_of(plan(graph, frozenset(KEPT)).kept), cost_of(graph)
    assert 0 < kept.idle_usd < whole.idle_usd / 2
    assert {line.urn for line in kept.lines} <= {line.urn for line in whole.lines}


@EACH
def test_with_everything_all_goes_and_each_word_that_is_kept_lets_less_go(graph: Graph) -> None:
    everything = plan(graph, frozenset())
    assert not everything.stays and len(everything.goes) == len(graph.resources)
    words = [plan(graph, frozenset({word})) for word in (*KEPT, "homes")]
    assert all(0 < len(one.stays) < len(graph.resources) for one in words)
    kept = plan(graph, frozenset(KEPT))
    assert all({*one.stays} <= {*kept.stays} for one in words[:3]) and not words[3].homes


def test_a_bucket_is_the_audits_where_the_trail_writes_to_it(aws_pilot: Graph) -> None:
    audit, artifacts = (plan(aws_pilot, frozenset({word})) for word in ("audit", "artifacts"))
    assert [one.name for one in audit.stores if one.type == s3.BUCKET] == ["aws-pilot-registry-artifacts"]
    stays = {aws_pilot.by_urn[urn].name for urn in artifacts.stays}
    assert "aws-pilot-audit-bucket" in stays, "the trail that guards the artifacts needs it"


def test_a_locked_log_bucket_stays_with_its_key_whatever_is_asked(gcp_pilot: Graph) -> None:
    """Case 06: a teardown that goes on would take the key from logs that nobody can delete."""
    (bucket,) = gcp_pilot.of(logging.LOG_BUCKET)
    locked = replace(bucket, inputs={**bucket.inputs, "locked": True, "retentionDays": 365})
    resources = tuple(locked if one is bucket else one for one in gcp_pilot.resources)
    made = plan(replace(gcp_pilot, resources=resources), frozenset())
    stays = {(gcp_pilot.by_urn[urn].type, gcp_pilot.by_urn[urn].name) for urn in made.stays}
    assert (KEY, "gcp-pilot-key-logs") in stays and (storage.BUCKET, "gcp-pilot-registry-artifacts") not in stays
    assert (gcp_kms.KEY_MEMBER, "gcp-pilot-key-logs-logging") in stays
    assert any("before its last entry is 365 days old" in sentence for sentence in made.later)


OTHER = ", and the next one gets another"


def role(name: str) -> Resource:
    given = {"roleId": name}
    return Resource(
        urn=f"urn:pulumi:s::p::{projects.CUSTOM_ROLE}::{name}",
        type=projects.CUSTOM_ROLE,
        name=name,
        custom=True,
        inputs=given,
    )


def log_bucket(name: str, given: str) -> Resource:
    urn = f"urn:pulumi:s::p::{logging.LOG_BUCKET}::{name}"
    return Resource(urn=urn, type=logging.LOG_BUCKET, name=name, custom=True, inputs={"bucketId": given})


@pytest.mark.parametrize(
    ("goes", "days"),
    [
        ((), (0, None)),
        ((role("reader"),), (0, 7)),
        ((log_bucket("logs", "claims-logs"),), (7, None)),
        ((log_bucket("claims-logs", "claims-logs-0a1b2c3"),), (0, None)),
        ((role("reader"), log_bucket("logs", "claims-logs")), (37, None)),
    ],
)
def test_a_stack_comes_up_again_once_each_name_that_it_gives_itself_is_free(
    goes: tuple[Resource, ...], days: tuple[float, float | None]
) -> None:
    """A role is taken back for 7 days and its name taken to the 37th; a log bucket's is taken for 7."""
    assert comes_back(goes) == days


def test_a_key_ring_with_a_name_of_its_own_never_comes_back() -> None:
    ring = Resource(
        urn="urn:pulumi:s::p::t::ring", type=gcp_kms.KEY_RING, name="ring", custom=True, inputs={"name": "claims"}
    )
    assert comes_back([ring]) is None
    assert "under another name only" in Plan(Graph("s", "gcp", (ring,), {}), {}, (ring,), ()).again


def test_names_that_stay_taken_are_told(aws_pilot: Graph, gcp_pilot: Graph, azure_pilot: Graph) -> None:
    told: list[Any] = [plan(graph, frozenset()).later for graph in (aws_pilot, gcp_pilot, azure_pilot)]
    assert sum("KMS deletes it 30 days later" in sentence for sentence in told[0]) == len(aws_pilot.of(kms.KEY))
    assert any(sentence.startswith(f"the name stays taken for ever{OTHER}: gcp-pilot-key,") for sentence in told[1])
    assert any(sentence.startswith(f"the name stays taken for 90 days{OTHER}: azure-pilot-key") for sentence in told[2])


def no_word(graph: Graph, resource: Resource) -> None:
    """What the words of a platform say of another team's kind."""


def test_data_of_another_team_that_no_word_names_stays_unless_everything_goes(aws_pilot: Graph) -> None:
    """A kind of a company's own that holds data: nobody loses it by a word that they did not say."""
    from operations import teardown

    bucket = Resource(urn="urn:pulumi:s::p::aws:s3/bucket:Bucket::orders", type=s3.BUCKET, name="orders", custom=True)
    graph = Graph("s", "aws", (bucket,), {})
    module = teardown.of("aws")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "word_of", no_word)
        assert bucket.urn in plan(graph, frozenset({"audit"})).stays
        assert bucket.urn not in plan(graph, frozenset()).stays
