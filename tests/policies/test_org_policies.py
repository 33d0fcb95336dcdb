"""What an organisation has in force is held against the plan: a contradiction is a finding, and what fits is none."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.graph import Graph, Resource
from catalogue.kind import At
from catalogue.kinds import kind_of
from catalogue.landing_zones import FILE
from catalogue.org_policies import KNOWN
from catalogue.platforms import PLATFORMS
from operations.evaluation import evaluate
from operations.verdict import Finding
from policies import pack
from tests.catching import caught
from tests.conftest import forget
from tests.mutate import swapped

HUB = "projects/company-network-host/global/networks/hub"
SUBNET = "projects/company-network-host/regions/us-central1/subnetworks/ml"
PEERING = "gcp:compute/networkPeering:NetworkPeering"
ADDRESS = "gcp:compute/address:Address"
NO_ENDPOINTS = "constraints/compute.disablePrivateServiceConnectCreationForConsumers"

CATCHES: list[tuple[str, str, str, list[str], str]] = [
    ("aws", "org-locations", "region-deny", ["eu-west-1"], "is in us-east-1"),
    ("aws", "org-tags", "required-tags", ["data-class"], "lacks the tag data-class"),
    ("aws", "org-machine-types", "sagemaker:InstanceTypes", ["ml.p5.48xlarge"], "runs on ml.m5"),
    ("gcp", "org-locations", "constraints/gcp.resourceLocations", ["in:europe-west4-locations"], "is in us-central1"),
    ("gcp", "org-tags", "required-labels", ["data-class"], "lacks the label data-class"),
    ("gcp", "org-key-projects", "constraints/gcp.restrictCmekCryptoKeyProjects", ["projects/company-keys"],
     "has a key of payments-risk-pilot"),
    ("gcp", "org-networks", "constraints/compute.restrictVpcPeering", [f"{HUB}-b"], f"uses {HUB}, allowed"),
    ("gcp", "org-networks", "constraints/compute.restrictSharedVpcSubnetworks", [f"{SUBNET}-b"],
     f"uses {SUBNET}, allowed"),
    ("gcp", "org-networks", "constraints/ainotebooks.restrictVpcNetworks", [HUB], "uses projects/payments-risk-pilot"),
    ("gcp", "org-private-endpoints", NO_ENDPOINTS, ["GOOGLE_APIS"], "is an endpoint of GOOGLE_APIS"),
    ("gcp", "org-private-endpoints", NO_ENDPOINTS, ["SERVICE_PRODUCERS"], "is an endpoint of SERVICE_PRODUCERS"),
    ("gcp", "org-services", "constraints/gcp.restrictServiceUsage", ["compute.googleapis.com"],
     "is of aiplatform.googleapis.com, allowed"),
    ("gcp", "org-workbench", "constraints/ainotebooks.disableTerminal", ["true"], "has a terminal"),
    ("gcp", "org-workbench", "constraints/ainotebooks.requireAutoUpgradeSchedule", ["true"],
     "has no notebook-upgrade-schedule"),
    ("gcp", "org-workbench", "constraints/compute.disableGuestAttributesAccess", ["true"],
     "reports through guest attributes"),
    ("gcp", "org-workbench", "constraints/compute.trustedImageProjects", ["projects/company-images"],
     "starts from an image of cloud-notebooks-managed"),
    ("gcp", "org-workbench", "constraints/ainotebooks.environmentOptions",
     ["ainotebooks-vm/company-images/image-family/notebooks"], "starts from an image of cloud-notebooks-managed"),
    ("gcp", "org-members", "constraints/iam.allowedPolicyMemberDomains", ["company.example"],
     "grants a role to user:ana@example.com, allowed"),
    ("azure", "org-locations", "allowed-locations", ["westeurope"], "is in eastus2"),
    ("azure", "org-tags", "required-tags", ["data-class"], "lacks the tag data-class"),
    ("azure", "org-public-network", "deny-public-network", ["Microsoft.Insights/components"],
     "may be reached from the public network (publicNetworkAccessForIngestion)"),
]  # fmt: skip
"""The platform, the rule, the policy in force with values that the pilot contradicts, and what is found."""
_UNREAD = "landing-zone-unread"  # tests/stacks/sections/test_landing_zone.py has what it says of each platform
CAUGHT: Mapping[str, set[str]] = {
    name: {_UNREAD, *(rule for on, rule, *_ in CATCHES if on == name)} for name in PLATFORMS
}

FITS: Mapping[str, Mapping[str, list[str]]] = {
    "aws": {
        "region-deny": ["eu-west-1", "us-east-1"],
        "required-tags": ["cost-center", "team"],
        "sagemaker:InstanceTypes": ["ml.m5.large", "ml.g6.xlarge"],
    },
    "gcp": {
        "constraints/gcp.resourceLocations": ["in:us-central1-locations"],
        "required-labels": ["cost-center"],
        "constraints/gcp.restrictCmekCryptoKeyProjects": ["under:projects/payments-risk-pilot"],
        "constraints/compute.restrictVpcPeering": [HUB],
        "constraints/compute.restrictSharedVpcSubnetworks": [SUBNET],
        "constraints/iam.allowedPolicyMemberDomains": ["company.example", "example.com"],
        "constraints/compute.trustedImageProjects": ["projects/company-images", "projects/cloud-notebooks-managed"],
        "constraints/ainotebooks.environmentOptions": [
            "ainotebooks-vm/cloud-notebooks-managed/image-family/workbench-instances"
        ],
        "constraints/gcp.restrictServiceUsage": [
            f"{api}.googleapis.com"
            for api in (
                "aiplatform",
                "artifactregistry",
                "bigquery",
                "cloudkms",
                "cloudscheduler",
                "compute",
                "containerscanning",
                "dns",
                "notebooks",
                "servicedirectory",
                "storage",
                "workflowexecutions",
                "workflows",
            )
        ],
    },
    "azure": {
        "allowed-locations": ["eastus2"],
        "required-tags": ["Cost-Center"],
        "deny-public-network": ["Microsoft.KeyVault/vaults", "Microsoft.Storage/storageAccounts"],
    },
}
"""What the pilot of each platform does not contradict."""


@pytest.fixture
def pilots(request: pytest.FixtureRequest) -> Mapping[str, Graph]:
    """The pilots, that of gcp with a peering and with an address in a subnet of others."""
    graphs: dict[str, Graph] = {name: request.getfixturevalue(f"{name}_pilot") for name in PLATFORMS}
    graphs["gcp"] = replace(
        graphs["gcp"],
        resources=(
            *graphs["gcp"].resources,
            _more(PEERING, peerNetwork=HUB),
            _more(ADDRESS, subnetwork=SUBNET, labels={"cost-center": "cc-4711"}),
        ),
    )
    return graphs


def _more(type_: str, **inputs: Any) -> Resource:
    return Resource(f"urn:pulumi:x::mlplatform::{type_}::more", type_, "more", custom=True, inputs=inputs)


def standing_in(organisation: Path, graph: Graph, **says: Any) -> Graph:
    """The graph in a landing zone of its account that says this."""
    place = graph.placement
    assert place is not None
    entry = {
        "platform": graph.platform,
        "account": place.account,
        "region": place.region,
        "owner": "cloud-platform@company.example",
        **says,
    }
    (organisation / FILE).write_text(yaml.safe_dump({"landing_zones": {"shared": entry}}), encoding="utf-8")
    forget()
    return replace(graph, placement=replace(place, landing_zone="shared"))


def findings(organisation: Path, graph: Graph, policies: Mapping[str, list[str]]) -> list[Finding]:
    """What the rules of the organisation's policies find where these are in force above the graph's account."""
    inside = standing_in(organisation, graph, org_policies=dict(policies))
    rules = [rule for rule in pack.RULES[graph.platform] if rule.name in CAUGHT[graph.platform]]
    return evaluate(inside, rules).findings


@pytest.mark.parametrize(("platform", "rule", "policy", "values", "sentence"), CATCHES)
def test_a_plan_that_contradicts_a_policy_is_refused(
    organisation: Path,
    pilots: Mapping[str, Graph],
    platform: str,
    rule: str,
    policy: str,
    values: list[str],
    sentence: str,
) -> None:
    found = findings(organisation, pilots[platform], {policy: values})
    assert found and {each.rule for each in found} == {rule} and all(each.mandatory for each in found)
    assert all(each.stack_key for each in found)
    assert any(sentence in each.message for each in found), [each.message for each in found]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_plan_that_fits_and_a_stack_that_stands_in_none_have_no_finding(
    organisation: Path, pilots: Mapping[str, Graph], platform: str
) -> None:
    assert findings(organisation, pilots[platform], FITS[platform]) == []
    rules = [rule for rule in pack.RULES[platform] if rule.name in CAUGHT[platform]]
    assert evaluate(replace(pilots[platform]), rules).findings == []


def test_every_policy_that_is_known_is_held_against_a_plan() -> None:
    held = {(platform, policy) for platform, _, policy, *_ in CATCHES}
    assert held == {(platform, policy) for platform, known in KNOWN.items() for policy in known}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_a_landing_zone_puts_on_everything_is_missed_where_it_lacks(
    organisation: Path, pilots: Mapping[str, Graph], platform: str
) -> None:
    graph = standing_in(organisation, pilots[platform], extra_tags={"data-class": "internal"})
    (rule,) = (rule for rule in pack.RULES[platform] if rule.name == "cost-tags")

    def lacking(graph: Graph) -> set[str]:
        said = "data-class: internal, which the landing zone gives"
        return {one.resource.urn for one in rule.judge(graph).violations if one.resource and said in one.sentence}

    assert lacking(graph)

    def tagged(one: Resource) -> Resource:
        kind = kind_of(one.type)
        if kind is None or not isinstance(kind.tags, At) or kind.tags.path not in one.inputs:
            return one
        return replace(
            one, inputs={**one.inputs, kind.tags.path: {**one.inputs[kind.tags.path], "data-class": "internal"}}
        )

    untagged = {one.urn for one in graph.resources if tagged(one) is one}
    assert lacking(replace(graph, resources=tuple(map(tagged, graph.resources)))) <= untagged


@pytest.mark.parametrize(("logs", "found"), [("2", {"encryption-keys-apart"}), ("1", set[str]())])
def test_data_under_the_landing_zones_key_of_logs_are_found(
    organisation: Path, aws_pilot: Graph, logs: str, found: set[str]
) -> None:
    """Where it gives one key for both, there is no other."""
    key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-12345678901"
    graph = standing_in(organisation, aws_pilot, keys={"data": f"{key}1", "logs": f"{key}{logs}"})
    for type_ in ("aws:cloudwatch/logGroup:LogGroup", "aws:sagemaker/domain:Domain"):
        path = "kmsKeyId"
        for one in graph.of(type_):
            references = {name: urns for name, urns in one.property_dependencies.items() if name != path}
            inputs = {**one.inputs, path: f"{key}{logs}"}
            graph = swapped(graph, replace(one, inputs=inputs, property_dependencies=references))
    assert caught(graph, "encryption-keys-apart") == found
