"""A landing zone: what it says reaches every resource it concerns, and each mistake is one sentence at exit 2."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue import landing_zones
from catalogue.errors import BadInput
from catalogue.landing_zones import CALLED, FILE, OUR_TAGS
from catalogue.platforms import PLATFORMS
from stacks.config import validate
from tests import sharing
from tests.conftest import forget
from tests.stack_files import pilot_file

EACH = pytest.mark.parametrize("platform", PLATFORMS)
Entry = dict[str, Any]
BOUNDARY = "arn:aws:iam::111122223333:policy/ml-boundary"


def stack(platform: str, **says: Any) -> dict[str, Any]:
    """The config of a platform's pilot, which stands in the landing zone `shared`."""
    document = pilot_file(platform)
    return document["config"] | {"mlplatform:landing_zone": "shared"} | {f"mlplatform:{k}": v for k, v in says.items()}


def zone(platform: str, **says: Any) -> Entry:
    """An entry that gives nothing yet, of the place of the platform's pilot."""
    place = {word: stack(platform)[f"mlplatform:{word}"] for word in ("platform", "account", "region")}
    return {**place, "owner": "cloud-platform@company.example", **says}


def write(organisation: Path, **zones: Any) -> None:
    (organisation / FILE).write_text(yaml.safe_dump({"landing_zones": zones}), encoding="utf-8")
    forget()


def refusals(config: Mapping[str, Any]) -> list[str]:
    with pytest.raises(BadInput) as caught:
        validate(config, "Pulumi.lending.yaml")
    return str(caught.value).splitlines()


def broken() -> list[str]:
    with pytest.raises(BadInput) as caught:
        landing_zones.load()
    return str(caught.value).splitlines()


# ---- the entry --------------------------------------------------------------------------------------------------


@EACH
def test_an_unknown_name_is_refused_with_those_there_are(organisation: Path, platform: str) -> None:
    (said,) = refusals(stack(platform))
    assert f"{CALLED} has none" in said
    write(organisation, **{"shared-ml": zone(platform)})
    (said,) = refusals(stack(platform))
    assert said.startswith("Pulumi.lending.yaml: mlplatform:landing_zone: found 'shared'")
    assert said.endswith("has no such entry; allowed: shared-ml")


@EACH
def test_an_entry_of_another_place_is_refused(organisation: Path, platform: str) -> None:
    other = next(name for name in PLATFORMS if name != platform)
    write(organisation, shared=zone(platform, region="elsewhere-1"))
    (said,) = refusals(stack(platform))
    assert "is of the region elsewhere-1" in said
    write(organisation, shared=zone(other))
    assert any(f"is of the platform {other}" in said for said in refusals(stack(platform)))


@EACH
def test_a_boundary_and_a_path_are_of_aws_alone(organisation: Path, platform: str) -> None:
    says = {"permissions_boundary_arn": BOUNDARY, "role_path": "/ml/"}
    write(organisation, shared=zone(platform, **says))
    if platform == "aws":
        assert {key: getattr(landing_zones.load()["shared"], key) for key in says} == says
        return
    for key, said in zip(says, sorted(broken()), strict=True):
        assert said.startswith(f"{CALLED}: landing_zones.shared.{key}: {platform} takes none: ")
        assert "the nearest thing is" in said


MISTAKES: list[tuple[str, Entry, str]] = [
    ("aws", {"extra_tag": {}}, "extra_tag: unknown key; did you mean extra_tags?"),
    ("aws", {"account": 111122223333}, "account: found 111122223333, allowed: text, in quotes"),
    ("gcp", {"account": "Payments"}, "account: found 'Payments', allowed: a Google Cloud project id"),
    ("azure", {"owner": " "}, "owner: found ' ', allowed: text that says something"),
    ("aws", {"extra_tags": {"Team": "x"}}, "extra_tags.Team: every stack has this tag from its stack file"),
    ("azure", {"extra_tags": {"a": "1", "A": "1"}}, "extra_tags.a: differs from 'A' in case alone"),
    ("aws", {"extra_tags": {"AWS:x": "1"}}, "extra_tags.AWS:x: is no key of a tag on aws"),
    ("gcp", {"extra_tags": {"DataClass": "1"}}, "extra_tags.DataClass: is no key of a label on gcp"),
    ("gcp", {"extra_tags": {"data-class": "Internal"}}, "extra_tags.data-class: found 'Internal', allowed"),
    ("azure", {"extra_tags": {"data class": "1"}}, "extra_tags.data class: is no key of a tag on azure"),
    ("azure", {"extra_tags": {f"k{n}": "1" for n in range(10)}}, "extra_tags: found 10, allowed: at most 9 on azure"),
    ("azure", {"hub": {}}, "hub: azure takes none: a stack attaches nothing to a hub yet"),
    ("aws", {"name_prefix": "ML"}, "name_prefix: found 'ML', allowed: 2 to 10 characters"),
    ("gcp", {"name_prefix": "goog-"}, "name_prefix: found 'goog-', allowed: 2 to 10 characters"),
    ("aws", {"org_policies": {"region-deny": []}}, "org_policies.region-deny: found a list, allowed: one or more"),
    ("aws", {"org_policies": {"region-deny": ["US"]}}, "org_policies.region-deny: found 'US', allowed: a region"),
    ("gcp", {"org_policies": {"region-deny": ["us-east-1"]}}, "org_policies.region-deny: is no policy that a plan can"),
    (
        "gcp",
        {"org_policies": {"constraints/gcp.resourceLocations": ["in:us-locations"]}},
        "org_policies.constraints/gcp.resourceLocations: found 'in:us-locations', allowed: a region such as",
    ),
    (
        "azure",
        {"org_policies": {"allowed-location": ["eastus2"]}},
        "org_policies.allowed-location: is no policy that a",
    ),
    ("aws", {"role_path": "ml"}, "role_path: found 'ml', allowed: an IAM path"),
    ("aws", {"permissions_boundary_arn": "ml"}, "permissions_boundary_arn: found 'ml', allowed: the ARN"),
    (
        "aws",
        {"permissions_boundary_arn": BOUNDARY.replace("1111", "9999")},
        "permissions_boundary_arn: found a policy of another account",
    ),
]


def test_subnets_that_another_account_shares_are_refused_with_the_reason(organisation: Path) -> None:
    """Resource Access Manager shares subnets; a participant makes no VPC endpoint and no route in them.

    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html
    """
    write(organisation, shared=zone("aws") | {"network": {**NETWORKS["aws"], "account": "444455556666"}})
    (said,) = broken()
    assert said.startswith(f"{CALLED}: landing_zones.shared.network.account: found '444455556666', and the entry's is ")
    own = zone("aws")["account"]
    write(organisation, shared=zone("aws") | {"network": {**NETWORKS["aws"], "account": own}})
    known = landing_zones.load()["shared"]
    assert isinstance(known, landing_zones.AwsZone) and known.network and known.network.account == own


@pytest.mark.parametrize(("platform", "says", "sentence"), MISTAKES)
def test_a_mistake_in_an_entry_is_one_sentence(organisation: Path, platform: str, says: Entry, sentence: str) -> None:
    write(organisation, shared=zone(platform) | says)
    (said,) = broken()
    assert said.startswith(f"{CALLED}: landing_zones.shared.{sentence}"), said


def test_every_mistake_of_the_file_is_named_at_once(organisation: Path) -> None:
    write(organisation, one=zone("aws", regions=[]), two=zone("aws") | {"platform": "oracle"})
    assert [said.partition(": ")[2].partition(": ")[0] for said in broken()] == [
        "landing_zones.one.regions",
        "landing_zones.two.platform",
    ]
    (organisation / FILE).write_text("landing_zones: {a: {}, a: {}}", encoding="utf-8")
    forget()
    assert "has the key 'a' twice" in broken()[0]


@EACH
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=sharing.examples(25, 3),
    deadline=None,
    derandomize=True,
)
@given(data=st.data())
def test_whatever_an_entry_says_it_is_read_or_refused_in_sentences(
    organisation: Path, platform: str, data: st.DataObject
) -> None:
    values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x, max_size=2))
    keys = st.sampled_from(["extra_tags", "role_path", "permissions_boundary_arn", "platform", "account", "x"])
    tags = st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=3)
    write(organisation, shared=zone(platform) | data.draw(st.dictionaries(keys, values | tags, max_size=3)))
    try:
        known = landing_zones.load()["shared"]
    except BadInput as error:
        assert all(re.match(rf"{re.escape(CALLED)}: \S", line) for line in str(error).split("\n"))
    else:
        assert not {key.casefold() for key in known.extra_tags} & {*OUR_TAGS}


# ---- what is given ------------------------------------------------------------------------------------------------

HUB = "/subscriptions/11112222-3333-4444-5555-666677778888/resourceGroups/hub/providers/Microsoft.Network"
VAULT = "privatelink.vaultcore.azure.net"
NETWORKS: Mapping[str, Entry] = {
    "aws": {
        "vpc_id": "vpc-0aaaaaaaaaaaaaaa0",
        "subnet_ids": {f"us-east-1{zone}": f"subnet-0aaaaaaaaaaaaaaa{zone}" for zone in "abc"},
        "s3_prefix_list_id": "pl-63a5400a",
        "endpoints": ["sagemaker.api", "sts"],
        "endpoints_security_group_id": "sg-0aaaaaaaaaaaaaaa0",
    },
    "gcp": {
        "project": "company-network-host",
        "network": "shared-ml",
        "subnetwork": "ml-us",
        "private_domains": [
            "googleapis.com",
            "pkg.dev",
            "notebooks.cloud.google.com",
            "notebooks.googleusercontent.com",
        ],
    },
    "azure": {
        "virtual_network_id": f"{HUB}/virtualNetworks/ml",
        "subnet_id": f"{HUB}/virtualNetworks/ml/subnets/private",
        "private_dns_zones": {VAULT: f"{HUB}/privateDnsZones/{VAULT}"},
    },
}


def within(platform: str, **says: Any) -> dict[str, Any]:
    """The config of a pilot that stands in a network of its landing zone."""
    config = stack(platform, **says)
    if "network" not in says:
        del config["mlplatform:network"]
    return config


OURS = "/subscriptions/11112222-3333-4444-5555-666677778888"
VAULT_ID = f"{OURS}/resourceGroups/hub/providers/Microsoft.KeyVault/vaults/company-ml"
IDENTITIES = f"{OURS}/resourceGroups/hub/providers/Microsoft.ManagedIdentity"
OTHER = "/subscriptions/99990000-3333-4444-5555-666677778888"
AWS_KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-12345678900"
GCP_KEY = "projects/company-keys/locations/us-central1/keyRings/ml/cryptoKeys"
KEPT: Mapping[str, Entry] = {
    "aws": {
        "keys": {"data": f"{AWS_KEY}1", "logs": f"{AWS_KEY}2"},
        "logs": "arn:aws:s3:::company-central-logs",
    },
    "gcp": {
        "keys": {"data": f"{GCP_KEY}/data"},
        "logs": "projects/company-logs/locations/us-central1/buckets/audit",
    },
    "azure": {
        "keys": {
            "data": f"https://company-ml.vault.azure.net/keys/data/{'0123456789abcdef' * 2}",
            "vault_id": VAULT_ID,
            "identity_id": f"{IDENTITIES}/userAssignedIdentities/wraps",
            "identity_client_id": "0a1b2c3d-1111-4222-8333-444455556666",
        },
        "logs": f"{OTHER}/resourceGroups/logs/providers/Microsoft.OperationalInsights/workspaces/central",
        "trail": f"{OURS}/providers/Microsoft.Insights/diagnosticSettings/x",
    },
}
"""The keys and the log store of the organisation."""

GIVEN: Mapping[str, Entry] = {
    platform: {
        **KEPT[platform],
        "name_prefix": "ml-",
        "extra_tags": {"data-class": "internal", "business-unit": "lending"},
        "network": NETWORKS[platform],
        **({"permissions_boundary_arn": BOUNDARY, "role_path": "/ml/"} if platform == "aws" else {}),
    }
    for platform in PLATFORMS
}
"""All that a landing zone can give on each platform."""


def test_a_zone_without_a_given_subnet_is_refused(organisation: Path) -> None:
    write(organisation, shared=zone("aws", network=NETWORKS["aws"]))
    (said,) = refusals(within("aws", network={"zones": ["us-east-1a", "us-east-1d"]}))
    assert "network.zones.1: found 'us-east-1d', allowed: a zone in which the landing zone gives a subnet" in said
    people = stack("aws")["mlplatform:workspace"] | {"zones": ["us-east-1a", "us-east-1d"]}
    assert any("workspace.zones.1: found 'us-east-1d'" in said for said in refusals(within("aws", workspace=people)))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=sharing.examples(30, 3),
    deadline=None,
    derandomize=True,
)
@given(
    own=st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(16, 21)),
    used=st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(8, 28)),
    platform=st.sampled_from(sorted(PLATFORMS)),
)
def test_a_range_is_refused_exactly_where_it_shares_an_address(
    organisation: Path, own: tuple[int, int, int], used: tuple[int, int, int], platform: str
) -> None:
    def network(second: int, third: int, length: int) -> IPv4Network:
        return IPv4Network(f"10.{second}.{third}.0/{length}", strict=False)

    mine, theirs = network(*own), network(*used)
    write(organisation, shared=zone(platform, ranges_in_use=[str(theirs)]))
    config = stack(platform)
    config["mlplatform:network"] = config["mlplatform:network"] | {"cidr": str(mine)}
    shared = max(mine[0], theirs[0]) <= min(mine[-1], theirs[-1])
    if shared:
        assert any(f"does not overlap {theirs}" in said for said in refusals(config))
    else:
        validate(config, "Pulumi.lending.yaml")


NETWORK_MISTAKES: list[tuple[str, Entry, str]] = [
    ("aws", {"vpc_id": "vpc-1"}, "network.vpc_id: found 'vpc-1', allowed: the id of a VPC"),
    ("aws", {"subnet_ids": {"us-east-1a": "subnet-0aaaaaaaaaaaaaaaa"}}, "network.subnet_ids: allowed: two zones"),
    ("aws", {"endpoints_security_group_id": None}, "network.endpoints: and endpoints_security_group_id go together"),
    ("aws", {"cidr": "10.0.0.0/16"}, "network.cidr: unknown key"),
    ("gcp", {"network": "Shared"}, "network.network: found 'Shared', allowed: the name of a VPC"),
    ("gcp", {"private_domains": ["pkg.dev."]}, "network.private_domains.1: found 'pkg.dev.', allowed: a domain"),
    ("azure", {"subnet_id": f"{HUB}/virtualNetworks/other/subnets/x"}, "network.subnet_id: is a subnet of another"),
    (
        "azure",
        {"private_dns_zones": {VAULT: f"{HUB}/privateDnsZones/privatelink.azurecr.io"}},
        f"network.private_dns_zones.{VAULT}: has the id of another zone",
    ),
]


@pytest.mark.parametrize(("platform", "says", "sentence"), NETWORK_MISTAKES)
def test_a_mistake_in_a_network_is_one_sentence(organisation: Path, platform: str, says: Entry, sentence: str) -> None:
    write(organisation, shared=zone(platform, network=NETWORKS[platform] | says))
    (said,) = broken()
    assert said.startswith(f"{CALLED}: landing_zones.shared.{sentence}"), said


def test_a_subnet_in_a_zone_of_another_region_is_refused(organisation: Path) -> None:
    ids = {"us-west-2a": "subnet-0aaaaaaaaaaaaaaaa", "us-west-2b": "subnet-0aaaaaaaaaaaaaaab"}
    write(organisation, shared=zone("aws", network=NETWORKS["aws"] | {"subnet_ids": ids}))
    (said,) = broken()
    assert "network.subnet_ids.us-west-2a: is no zone of us-east-1" in said
