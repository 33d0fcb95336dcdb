"""Paths of references, and the manners in which kinds of one cloud behave alike."""

import pytest

from catalogue.behaviour import Behaviour, extending, in_group, values_at

TREE = {
    "vpcId": "vpc-1",
    "subnetIds": ["a", "b"],
    "variants": [{"model": "m1"}, {"model": "m2"}, {}],
    "identity": {"users": {"id-1": {}, "id-2": {}}},
    "nested": {"one": {"key": "k"}},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("vpcId", ["vpc-1"]),
        ("subnetIds", [["a", "b"]]),
        ("subnetIds[]", ["a", "b"]),
        ("variants.model", ["m1", "m2"]),
        ("variants[].model", ["m1", "m2"]),
        ("identity.users[]", ["id-1", "id-2"]),
        ("nested.one.key", ["k"]),
        ("nested.two.key", []),
        ("vpcId.deeper", []),
        ("absent[]", []),
    ],
)
def test_a_path_finds_every_element(path, found):
    assert list(values_at(TREE, path)) == found


def test_what_replaces_a_resource_in_each_clouds_manner():
    child = in_group("subnetName", "virtualNetworkName", pattern="x")
    assert child == Behaviour(
        frozenset({"subnetName", "virtualNetworkName", "resourceGroupName"}),
        name="subnetName",
        pattern="x",
        identity=frozenset({"subnetName", "virtualNetworkName", "resourceGroupName"}),
        within="uses",
        nests=True,
        copies_name=True,
    )
    assert not in_group("accountName").copies_name
    assert in_group("linkName", "zoneName", within="holds").within == "holds"
    on = extending("name", scope="resourceUri")
    assert on.replaces == on.identity == {"name", "resourceUri"}
