"""What guards a store stays with it: on each pilot, and read from references, never from names."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from catalogue.graph import Graph, Resource
from catalogue.guards import guarded_by, guards, is_state, kept_with
from catalogue.kinds.aws import cloudtrail, kms, s3
from catalogue.kinds.azure import IDENTITY, storage
from catalogue.kinds.gcp import KEY
from catalogue.marks import UNKNOWN


def left_open(graph: Graph) -> list[str]:
    """Each protected resource whose guard, or what both stand on and is state, could go without it."""
    kept = [one for one in graph.cloud if one.protect]
    by = guards(graph)
    open_ = [f"{guard.name} guards {one.name}" for one in kept for guard in by.get(one.urn, ()) if not guard.protect]
    stays = (graph.by_urn[urn] for urn in kept_with(graph, [one.urn for one in kept]))
    return open_ + [f"{one.name} is stood on" for one in stays if is_state(one) and not one.protect]


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_on_each_pilot_what_guards_a_protected_thing_is_protected(
    platform: str, request: pytest.FixtureRequest
) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    assert [one.name for one in graph.cloud if is_state(one) and not one.protect] == []
    assert left_open(graph) == []


def test_a_bucket_keeps_its_access_block_key_policy_expiry_and_trail(aws_pilot: Graph) -> None:
    by = guards(aws_pilot)
    for bucket in aws_pilot.of(s3.BUCKET):
        found = {one.type for one in by[bucket.urn]}
        assert found >= {s3.PUBLIC_ACCESS, s3.BUCKET_POLICY, s3.ENCRYPTION, s3.LIFECYCLE, s3.VERSIONING, s3.OWNERSHIP}
        assert cloudtrail.TRAIL in found
        stays = {aws_pilot.by_urn[urn].type for urn in kept_with(aws_pilot, [bucket.urn])}
        assert kms.KEY in stays, "the key is named by the setting, and not by the bucket"


def test_storage_keeps_its_log_expiry_key_and_the_identity_that_wraps(azure_pilot: Graph) -> None:
    (account,) = azure_pilot.of(storage.ACCOUNT)
    stays = [azure_pilot.by_urn[urn].name for urn in kept_with(azure_pilot, [account.urn])]
    wanted = {"store-blobs-audit", "workspace-clean-up", "key-data", "key-wraps", "key-wraps-data", "audit"}
    assert {f"azure-pilot-{name}" for name in wanted} <= set(stays)
    assert IDENTITY in {one.type for one in guards(azure_pilot)[account.urn]}


def test_a_key_keeps_the_grants_of_those_who_read_with_it(gcp_pilot: Graph) -> None:
    by = guards(gcp_pilot)
    assert [len(by[key.urn]) for key in gcp_pilot.of(KEY)] == [7, 1]


def _made(type_: str, name: str, **names: str) -> Resource:
    """A resource whose inputs name others by their URNs."""
    deps = {key: (urn,) for key, urn in names.items()}
    return Resource(
        urn=f"urn:pulumi:s::p::{type_}::{name}",
        type=type_,
        name=name,
        custom=True,
        inputs={key: urn.rpartition("::")[2] for key, urn in names.items()},
        outputs={"id": name, "bucket": name},
        property_dependencies=deps,
        dependencies=tuple(names.values()),
    )


def _graph(*resources: Resource) -> Graph:
    return Graph("s", "aws", resources, {})


def test_a_guard_is_known_by_what_it_names_and_not_by_its_own_name() -> None:
    orders, others = _made(s3.BUCKET, "orders"), _made(s3.BUCKET, "others")
    block = _made(s3.PUBLIC_ACCESS, "orders-public-access", bucket=others.urn)
    graph = _graph(orders, others, block)
    assert [one.name for one in guarded_by(graph, block)] == ["others"]
    assert block.urn in kept_with(graph, [others.urn]) and block.urn not in kept_with(graph, [orders.urn])


def test_a_guard_of_what_nobody_knows_yet_counts_for_all_that_it_may_mean() -> None:
    orders, others = _made(s3.BUCKET, "orders"), _made(s3.BUCKET, "others")
    block = Resource(
        urn="urn:pulumi:s::p::t::block",
        type=s3.PUBLIC_ACCESS,
        name="block",
        custom=True,
        inputs={"bucket": UNKNOWN},
        property_dependencies={"bucket": (orders.urn, others.urn)},
    )
    assert len(guarded_by(_graph(orders, others, block), block)) == 2


def test_what_lies_below_an_arn_names_it_and_what_only_begins_alike_does_not() -> None:
    """Each of many buckets is looked up by its ARN: to look at each guard beside each bucket takes seconds."""
    read: list[str] = []
    buckets = [
        replace(_made(s3.BUCKET, f"b{n}"), outputs=_Counted({"arn": f"arn:aws:s3:::b{n}"}, read)) for n in range(300)
    ]
    below = [f"arn:aws:s3:::b{n}/logs/2026" for n in range(300)]
    blocks = [replace(_made(s3.PUBLIC_ACCESS, f"k{n}"), inputs={"of": [text]}) for n, text in enumerate(below)]
    by = guards(_graph(*buckets, *blocks))
    assert [[one.name for one in by[bucket.urn]] for bucket in buckets] == [[one.name] for one in blocks]
    assert read.count("arn") <= 4 * len(buckets), "each ARN is asked for a few times, however many guards there are"


class _Counted(dict[str, object]):
    """Outputs that note what is asked of them."""

    def __init__(self, own: Mapping[str, object], read: list[str]) -> None:
        super().__init__(own)
        self.read = read

    def get(self, key: str, default: object = None) -> object:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.read.append(key)
        return super().get(key, default)
