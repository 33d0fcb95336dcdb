"""What each simulated cloud does in its own manner: whose ids are, what they lie in, how providers name and order."""

from importlib.metadata import version
from typing import get_args

import pytest

from catalogue.behaviour import Behaviour
from catalogue.marked import DEFAULTS
from catalogue.platforms import PLATFORMS
from sandbox.clouds import CLOUDS, account_and_region
from sandbox.clouds.manners import Bridged, Native
from sandbox.state.faults import OF_RUNS, FaultKind

OURS = {"aws": "111122223333", "gcp": "risk", "azure-native": "s-1"}
REFUSALS = {"azure-native": {"refused"}}
"""What a cloud refuses for the sake of another resource."""
UNSAID = {"slow", "crash", "gone", *OF_RUNS}
"""What no cloud's API says a sentence about: slow answers and empty ones are answers, and a crash is none. What befalls
a run is said by its service."""
LACKS = {
    "aws": {"no-region", "no-right", "no-image", "no-artifact", "over-quota", "over-quota-things", "too-many"},
    "gcp": {"no-right", "service-off", "not-in-force", "not-let-in", "over-quota-things"},
    "azure-native": {
        *(
            "no-region",
            "no-right",
            "service-off",
            "no-image",
            "no-way",
            "no-artifact",
            "over-quota",
            "over-quota-nodes",
        ),
        *("not-in-force", "no-pull", "no-read", "not-known"),
    },
}
"""What each provider's cloud refuses for what a new account lacks. Our own provider meets the rest of Vertex AI."""


def test_each_platform_has_one_cloud_with_its_provider_and_an_installed_sdk():
    assert [cloud.platform for cloud in CLOUDS.values()] == list(PLATFORMS)
    for package, cloud in CLOUDS.items():
        assert PLATFORMS[cloud.platform].provider == f"pulumi:providers:{package}"
        assert version(cloud.sdk)


@pytest.mark.parametrize("package", CLOUDS)
def test_each_cloud_has_a_sentence_for_each_reason_and_its_own_words_in_it(package):
    sentences = CLOUDS[package].sentences
    said = {"exists", "stays", "missing", "held", *get_args(FaultKind)} - UNSAID
    assert set(sentences) == said | LACKS[package] | REFUSALS.get(package, set())
    words = dict.fromkeys(("name", "kind", "said", "account", "region", "limit", "used", "more", "member"), "x")
    assert all(sentence.format(**words) for sentence in sentences.values())


@pytest.mark.parametrize(
    ("package", "id_", "foreign"),
    [
        ("aws", "arn:aws:iam::111122223333:role/ours", False),
        ("aws", "arn:aws:iam::999988887777:role/theirs", True),
        ("aws", "arn:aws:s3:::bucket", False),
        ("aws", "arn:short", False),
        ("aws", "vpc-1", False),
        ("gcp", "projects/risk/topics/t", False),
        ("gcp", "projects/other/topics/t", True),
        ("gcp", "https://www.googleapis.com/compute/v1/projects/other/global/networks/n", True),
        ("gcp", "https://www.googleapis.com/compute/v1/projects/risk/global/networks/n", False),
        ("gcp", "network", False),
        ("azure-native", "/subscriptions/s-1/resourceGroups/g", False),
        ("azure-native", "/subscriptions/s-2/resourceGroups/g", True),
        ("azure-native", "name", False),
    ],
)
def test_whose_an_id_is(package, id_, foreign):
    assert CLOUDS[package].is_foreign(id_, OURS[package]) is foreign


GROUP = "/subscriptions/s/resourceGroups/g"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/a"


@pytest.mark.parametrize(
    ("id_", "parent"),
    [
        (GROUP, ""),
        (ACCOUNT, GROUP),
        (f"{ACCOUNT}/blobServices/default", ACCOUNT),
        (f"{ACCOUNT}/blobServices/default/containers/c", ACCOUNT),
        (f"{ACCOUNT}/providers/Microsoft.Insights/diagnosticSettings/d", ACCOUNT),
        ("/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/r", ""),
    ],
)
def test_what_an_azure_id_lies_in(id_, parent):
    assert CLOUDS["azure-native"].parent(id_) == parent


def test_ids_of_the_others_lie_in_nothing():
    assert CLOUDS["aws"].parent("a/b/c/d") == CLOUDS["gcp"].parent("projects/p/locations/l/x/y") == ""


@pytest.mark.parametrize(
    ("package", "inputs", "where"),
    [
        ("aws", {"region": "us-east-1", "allowedAccountIds": '["111122223333","4"]'}, ("111122223333", "us-east-1")),
        ("aws", {"region": "us-east-1", "allowedAccountIds": "[]"}, ("", "us-east-1")),
        ("gcp", {"project": "risk", "region": "us-central1"}, ("risk", "us-central1")),
        ("azure-native", {"subscriptionId": "s-1", "location": "eastus2"}, ("s-1", "eastus2")),
        ("azure-native", {"subscriptionId": None}, ("", "")),
        ("mlplatform", {"region": "x"}, ("", "")),
    ],
)
def test_where_a_provider_works(package, inputs, where):
    assert account_and_region(package, inputs) == where


def test_a_bridged_provider_notes_what_it_fills_in_and_deletes_first_under_a_given_name():
    bridged, behaviour = Bridged(), Behaviour(name="name")
    assert bridged.name("net", "0123456789") == "net-0123456"
    noted = bridged.noted({"name": "net-0123456"}, ["name"])
    assert noted == {"name": "net-0123456", DEFAULTS: ["name"]} and bridged.made_up(noted, "name")
    given = {"name": "mine", DEFAULTS: []}
    assert not bridged.made_up(given, "name")
    assert bridged.old_goes_first(behaviour, given, given, ["size"])
    assert not bridged.old_goes_first(behaviour, given, {**given, "name": "new"}, ["name"])
    assert not bridged.old_goes_first(behaviour, noted, noted, ["size"])
    assert not bridged.old_goes_first(Behaviour(), {}, {}, ["size"])


def test_a_native_provider_notes_nothing_and_deletes_first_where_the_id_stays():
    native, behaviour = Native(), Behaviour(identity=frozenset({"accountName"}))
    assert native.name("net", "0123456789") == "net01234567"
    assert native.noted({"a": 1}, ["a"]) == {"a": 1} and native.made_up({}, "a")
    assert native.old_goes_first(behaviour, {}, {}, ["location"])
    assert not native.old_goes_first(behaviour, {}, {}, ["accountName", "location"])
