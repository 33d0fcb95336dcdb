"""The manners in which the kinds of each cloud answer a create."""

import re

import pytest

from catalogue.answers import (
    Answer,
    Request,
    a_guid,
    attached_to,
    by_id,
    by_name,
    by_path,
    by_resource_name,
    by_scope,
    member_of,
    numbered,
    project_number,
)


def request(name="x", account="111122223333", **inputs):
    return Request("a:b:C", f"urn::{name}", name, inputs, account, "us-east-1")


def test_digits_are_a_resources_own_and_the_same_in_every_run():
    assert request("a").hex(12) == request("a").hex(12) != request("b").hex(12)
    assert request("a").hex(12) != request("a").hex(12, "salt")
    assert all(re.fullmatch(r"[1-9]\d{11}", request(str(n)).digits(12)) for n in range(50))
    assert project_number("p") == project_number("p") != project_number("q")


def test_a_name_is_the_given_one_or_the_logical_one_with_digits():
    assert request(name="x").physical_name() == f"x-{request().hex(7)}"
    assert Request("t", "u", "x", {"bucket": "mine"}, "", "").physical_name("bucket") == "mine"


def test_aws_answers_with_an_id_or_a_name_and_an_arn():
    made = by_id("vpc", "vpc", main="rtb-{hex}")(request())
    assert re.fullmatch(r"vpc-[0-9a-f]{17}", made.id) and made.outputs["main"] != f"rtb-{made.id[4:]}"
    assert made.outputs["arn"] == f"arn:aws:ec2:us-east-1:111122223333:vpc/{made.id}"
    topic = by_name("arn:aws:sns:{region}:{account}:{name}", id_from="arn")(request("t"))
    assert topic.id == topic.outputs["arn"] == f"arn:aws:sns:us-east-1:111122223333:{topic.outputs['name']}"
    assert attached_to("bucket")(request(bucket="b")) == Answer("b", {})


def test_google_answers_with_resource_names():
    network = by_resource_name("projects/{project}/global/networks/{name}", link=True)
    made = network(request("net", "p", labels={"a": "b"}))
    assert made.id == f"projects/p/global/networks/{made.outputs['name']}"
    assert made.outputs["selfLink"].endswith(f"/compute/v1/{made.id}")
    assert made.outputs["effectiveLabels"] == {"a": "b", "goog-pulumi-provisioned": "true"}
    assert network(request("net", "p", project="other")).id.startswith("projects/other/")
    policy = numbered("projects/{project}/alertPolicies/{digits}")(request(account="p"))
    assert re.fullmatch(r"projects/p/alertPolicies/\d{19}", policy.id) and policy.outputs == {"name": policy.id}
    grant = {"role": "roles/viewer", "member": "user:ana@example.com"}
    assert member_of("{project}")(request(account="p", **grant)).id == "p/roles/viewer/user:ana@example.com"
    titled = member_of("{project}")(request(account="p", **grant, condition={"title": "days"}))
    assert titled.id.endswith("/user:ana@example.com/days")


def test_azure_answers_with_paths():
    group = {"resourceGroupName": "g"}
    top = by_path("Microsoft.Network/virtualNetworks", "virtualNetworkName")(request("net", **group))
    assert top.outputs["name"] == f"net{request('net').hex(8)}"
    assert top.id.startswith("/subscriptions/111122223333/resourceGroups/g/providers/Microsoft.Network/")
    subnets = by_path("Microsoft.Network/virtualNetworks/{v}/subnets", "subnetName", lambda r, id_, name: {"of": id_})
    child = subnets(request("private", v="net", **group))
    assert child.id.endswith("/virtualNetworks/net/subnets/private") and child.outputs["of"] == child.id
    budget = by_scope("Microsoft.Consumption/budgets", "budgetName")(request(scope="/subscriptions/s", budgetName="b"))
    assert budget.id == "/subscriptions/s/providers/Microsoft.Consumption/budgets/b"


@pytest.mark.parametrize("identities", [["/i/1", "/i/2"], []])
def test_azure_answers_identities_as_a_map(identities):
    asked = {"type": "UserAssigned", "userAssignedIdentities": identities}
    made = by_path("A/b", "name")(request(resourceGroupName="g", identity=asked))
    answered = made.outputs["identity"]["userAssignedIdentities"]
    assert list(answered) == identities
    assert all(set(known) == {"clientId", "principalId"} for known in answered.values())


def test_a_guid_has_its_shape():
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", a_guid(request()).id)
