"""A landing zone: what it says reaches every resource it concerns, and each mistake is one sentence at exit 2."""

import json
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue import landing_zones
from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.kind import At
from catalogue.kinds import kind_of
from catalogue.kinds.aws.ec2 import service_of
from catalogue.landing_zones import CALLED, FILE, OUR_TAGS
from catalogue.marked import texts_in
from catalogue.platforms import PLATFORMS
from components.azure.names import worldwide
from operations.evaluation import evaluate
from operations.verdict import Verdict
from policies import pack
from policies.aws.identity import guardrails
from policies.aws.sizes import role_policies
from stacks.config import validate
from tests.conftest import company, forget
from tests.mutate import at
from tests.operations.test_judge import judged
from tests.previewing import preview
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
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None, derandomize=True)
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
NOT_MADE: Mapping[str, str] = {
    "aws": r"aws:ec2/(vpc|subnet|routeTable|routeTableAssociation|flowLog|defaultSecurityGroup):.*",
    "gcp": r"gcp:dns/.*|gcp:compute/(network|subnetwork|firewall|globalAddress|globalForwardingRule):.*",
    "azure": r"azure-native:network:(VirtualNetwork|Subnet|NetworkSecurityGroup)",
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
TRAIL: Mapping[str, str] = {
    "aws": "arn:aws:cloudtrail:us-east-1:444455556666:trail/organisation",
    "gcp": "organizations/123456789012/sinks/audit",
}

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


_ROLE = "arn:aws:iam::111122223333:role/app"
_ZONES = [f"us-east-1{zone}" for zone in "abcdef"]
_JOBS: dict[str, Any] = stack("aws")["mlplatform:batch_jobs"]
_IMAGES = [f"111122223333.dkr.ecr.us-east-1.amazonaws.com/team-{n}/some-repository-{n}:1" for n in range(8)]
_MODEL = stack("aws")["mlplatform:models"]["fraud-scorer"]
SAID: Mapping[str, Entry] = {
    "full": {
        "network": {"cidr": "10.40.0.0/20", "zones": _ZONES},
        "callers": {
            name: {"network": f"vpc-0123456789abcdef{n}", "cidr": f"10.6{n}.0.0/20", "identity": f"{_ROLE}-{name}"}
            for n, name in enumerate(("app", "web"))
        },
        "batch_jobs": {**_JOBS, **{f"second-{name}": job for name, job in _JOBS.items()}},
        "models": {
            **stack("aws")["mlplatform:models"],
            **{f"m{n}": {**_MODEL, "image": image} for n, image in enumerate(_IMAGES)},
        },
    },
    "prefix": {"callers": {"app": {"network": "vpc-0123456789abcdef0", "cidr": "10.60.0.0/20", "identity": _ROLE}}},
}
"""What the stack file says beside, by what its landing zone gives."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> "World":
    return World(tmp_path_factory.mktemp("world"))


class World:
    """A company with some landing zones a platform: one gives all that it can, one gives nothing, one a single thing.

    A graph is made once, and judged once.

    Whoever makes one or judges it stands `within` the company.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._made: dict[tuple[str, str], Graph] = {}
        self._judged: dict[tuple[str, str], Verdict] = {}
        with self.within() as organisation:
            given = {f"given-{platform}": zone(platform, **GIVEN[platform]) for platform in PLATFORMS}
            # A trail and a log store are for one another's place.
            trails = {
                f"trail-{platform}": zone(platform, trail=trail, network=NETWORKS[platform])
                for platform, trail in TRAIL.items()
            }
            nothing = {f"nothing-{platform}": zone(platform) for platform in PLATFORMS}
            alone = {"prefix-aws": zone("aws", name_prefix="ml-"), "logs-gcp": zone("gcp", logs=KEPT["gcp"]["logs"])}
            says = {"name_prefix": "acme-ml-", "permissions_boundary_arn": BOUNDARY, "role_path": "/ml/"}
            write(organisation, **given, **trails, **nothing, **alone, **{"full-aws": zone("aws", **says)})

    @contextmanager
    def within(self) -> Generator[Path]:
        with pytest.MonkeyPatch.context() as patch, contextmanager(company)(self.root, patch) as organisation:
            yield organisation

    def graph(self, platform: str, gives: str = "given") -> Graph:
        if (platform, gives) not in self._made:
            makes = within if gives in ("given", "trail") else stack
            config = makes(platform, landing_zone=f"{gives}-{platform}", **SAID.get(gives, {}))
            file = self.root / f"Pulumi.{platform}-pilot.yaml"
            text = yaml.safe_dump({"config": json.loads(json.dumps(config))})  # no two places are one object
            if gives in ("given", "prefix"):  # the stack's own bucket and repository have the prefix
                text = re.sub(rf"\b{platform}-pilot-(artifacts|registry)", r"ml-\g<0>", text)
                own, ours = (worldwide(f"{ml}azure-pilot", OURS.rpartition("/")[2], "images") for ml in ("", "ml-"))
                text = text.replace(own, ours)
            file.write_text(text, encoding="utf-8")
            with self.within():
                self._made[platform, gives] = preview(file)
        return self._made[platform, gives]

    def verdict(self, platform: str, gives: str = "given") -> Verdict:
        graph = self.graph(platform, gives)
        if (platform, gives) not in self._judged:
            with self.within():
                self._judged[platform, gives] = judged(graph)
        return self._judged[platform, gives]


def again(graph: Graph) -> Graph:
    """The same graph, of which nothing was read: a graph is read once."""
    return replace(graph)


# ---- what it does to the graph ----------------------------------------------------------------------------------


def tags_of(graph: Graph) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in graph.cloud:
        kind = kind_of(resource.type)
        if kind is not None and isinstance(kind.tags, At):
            yield resource.name, at(resource.inputs, kind.tags.path)


@EACH
def test_extra_tags_are_on_everything_that_carries_ours(world: World, platform: str) -> None:
    extra = GIVEN[platform]["extra_tags"]
    tagged = dict(tags_of(world.graph(platform)))
    assert len(tagged) > 5
    for name, tags in tagged.items():
        assert {*OUR_TAGS, *extra} <= {*tags} and extra.items() <= tags.items(), name


@EACH
def test_every_name_begins_with_the_prefix(world: World, platform: str) -> None:
    graph = world.graph(platform)
    named = [r for r in graph.cloud if not r.is_provider]
    assert [r.name for r in named if not r.name.startswith(("ml-", f"ml{platform}pilot"))] == []
    bare = re.compile(rf"(?<!ml)(?<!ml[-_]){platform}[-_]?pilot")
    for resource in named:
        for text in texts_in(resource.inputs):
            without_tags = text.replace(f'"{graph.stack}"', "")
            assert text == graph.stack or not bare.search(without_tags), (resource.name, text)
    asked = {r.stack_key for r in graph.resources}
    assert {"endpoints.fraud-scorer", "owner", "budget"} <= asked, "a finding names the key of the stack file"


@pytest.mark.parametrize(("prefix", "fits"), [("acme-", True), ("acme-risk-", False)])
def test_a_prefix_leaves_room_for_the_name_of_the_stack(organisation: Path, prefix: str, fits: bool) -> None:
    write(organisation, shared=zone("aws", name_prefix=prefix))
    file = "Pulumi.payments-risk-dev.yaml"  # 17 characters, with acme- 22
    if fits:
        validate(stack("aws"), file)
        return
    with pytest.raises(BadInput, match="leaves 12 characters for the stack's own name; payments-risk-dev has 17"):
        validate(stack("aws"), file)


@EACH
def test_an_entry_that_gives_nothing_changes_nothing(
    world: World, platform: str, request: pytest.FixtureRequest
) -> None:
    pilot: Graph = request.getfixturevalue(f"{platform}_pilot")
    inside = world.graph(platform, "nothing")
    assert (inside.resources, inside.outputs) == (pilot.resources, pilot.outputs)


@pytest.mark.parametrize(("platform", "gives"), [("aws", "prefix"), ("gcp", "logs")])
def test_a_stack_that_is_given_one_thing_alone_passes(world: World, platform: str, gives: str) -> None:
    assert [found.message for found in world.verdict(platform, gives).failing] == []


@EACH
def test_a_stack_in_all_that_is_given_passes_and_says_what_is_given(world: World, platform: str) -> None:
    verdict = world.verdict(platform)
    assert not (said := "\n".join(found.message for found in verdict.failing)), said
    (fit,) = [proof for proof in verdict.proofs if proof.name == "network fit"]
    assert fit.state == "planned" and f"given by the landing zone given-{platform}, and its own routes" in fit.fact
    assert verdict.network is not None and [place for place in verdict.network.places if place.side == "given"]


NOT_KEPT: Mapping[str, str] = {
    "aws": r"aws:kms/.*",
    "gcp": r"gcp:kms/.*|gcp:logging/projectBucketConfig:.*",
    "azure": r"azure-native:keyvault:Key|azure-native:operationalinsights:.*",
}


@EACH
def test_keys_and_log_store_that_are_given_are_used_and_none_is_made(world: World, platform: str) -> None:
    graph, entry = world.graph(platform), GIVEN[platform]
    assert [r.type for r in graph.cloud if re.fullmatch(NOT_KEPT[platform], r.type)] == []
    said = {text for resource in graph.cloud for text in texts_in(resource.inputs)}
    wanted = [*entry["keys"].values(), entry["logs"].removeprefix("arn:aws:s3:::")]
    assert [value for value in wanted if not any(value in text for text in said)] == []
    verdict = world.verdict(platform)
    unread = [found for found in verdict.findings if found.rule == "landing-zone-unread"]
    assert len(unread) == len({"keys", "logs", "trail"} & {*entry}) and not any(found.mandatory for found in unread)
    assert any(entry["keys"]["data"] in step.what for step in verdict.manual_steps)


@pytest.mark.parametrize("platform", TRAIL)
def test_a_trail_that_is_given_is_named_and_none_is_made(world: World, platform: str) -> None:
    made = r"aws:cloudtrail/.*|gcp:logging/.*|gcp:projects/iAMAuditConfig:.*|.*:index:Audit"
    assert [r.type for r in world.graph(platform, "trail").resources if re.fullmatch(made, r.type)] == []
    verdict = world.verdict(platform, "trail")
    assert verdict.failing == []
    (named,) = [found.message for found in verdict.findings if found.rule == "landing-zone-unread"]
    assert TRAIL[platform] in named and any(TRAIL[platform] in step.what for step in verdict.manual_steps)


KEPT_MISTAKES: list[tuple[str, Entry, str]] = [
    ("aws", {"keys": {"data": f"{AWS_KEY}1".replace("us-east", "us-west"), "logs": f"{AWS_KEY}2"}}, "keys.data: is a"),
    ("aws", {"keys": {"data": f"{AWS_KEY}1"}}, "keys.logs: is missing"),
    ("aws", {"trail": TRAIL["aws"]}, "logs: is missing beside trail"),
    ("aws", {"trail": TRAIL["aws"], "logs": "arn:aws:s3:::x-y", "network": NETWORKS["aws"]}, "logs: nothing would"),
    ("aws", {"logs": "central-logs"}, "logs: found 'central-logs', allowed: the ARN of a bucket"),
    ("gcp", {"keys": {"data": f"{GCP_KEY}/data", "logs": f"{GCP_KEY}/x".replace("us-c", "eu-c")}}, "keys.logs: is"),
    ("gcp", {"keys": {"data": f"{GCP_KEY}/data"}}, "keys.logs: is missing"),
    ("gcp", {"keys": {"data": f"{GCP_KEY}/d", "logs": f"{GCP_KEY}/l"}, "trail": TRAIL["gcp"]}, "keys.logs: no log"),
    ("gcp", {"trail": TRAIL["gcp"], "logs": KEPT["gcp"]["logs"]}, "logs: nothing would lead to it"),
    ("gcp", {"trail": "projects/x/sinks/y"}, "trail: found 'projects/x/sinks/y', allowed: an aggregated sink"),
    ("azure", {"keys": KEPT["azure"]["keys"] | {"vault_id": f"{VAULT_ID}2"}}, "keys.vault_id: is another vault"),
    ("azure", {"trail": f"{OTHER}/providers/Microsoft.Insights/diagnosticSettings/x"}, "trail: is of another subscrip"),
]  # fmt: skip


@pytest.mark.parametrize(("platform", "says", "sentence"), KEPT_MISTAKES)
def test_a_mistake_in_keys_logs_and_trail_is_one_sentence(
    organisation: Path, platform: str, says: Entry, sentence: str
) -> None:
    write(organisation, shared=zone(platform, **says))
    (said,) = broken()
    assert said.startswith(f"{CALLED}: landing_zones.shared.{sentence}"), said


def test_roles_stand_under_the_path_and_the_boundary_that_are_given(world: World) -> None:
    graph = world.graph("aws")
    roles = graph.of("aws:iam/role:Role")
    assert len(roles) == 8 and graph.of("aws:iam/policy:Policy") == []
    assert {role.inputs["permissionsBoundary"] for role in roles} == {BOUNDARY}
    assert {role.inputs["path"] for role in roles} == {"/ml/"}
    with world.within():
        assert [found for role in roles for found in guardrails.check(graph, role)] == []
    policies = graph.of("aws:iam/rolePolicy:RolePolicy")
    said = " ".join(re.findall(r"arn:aws:iam::\d+:role[^\"]*", " ".join(str(p.inputs["policy"]) for p in policies)))
    assert "role/ml/ml-aws-pilot-training" in said and "role/ml/ml-aws-pilot-approver" in said
    assert "role/ml-aws-pilot-" not in said
    for role in roles:  # IAM: 10,240 characters of inline policies a role, without white space
        own = [p.inputs["policy"] for p in policies if role.name in p.name]
        assert sum(len(json.dumps(json.loads(text), separators=(",", ":"))) for text in own) <= 10_240, role.name


def test_a_stack_with_much_in_it_has_room_for_the_guardrails_beside_a_given_boundary(world: World) -> None:
    """The longest names, six zones, callers, jobs, and images in repositories that share no folder."""
    graph = world.graph("aws", "full")
    assert evaluate(graph, [role_policies]).findings == []
    roles = graph.of("aws:iam/role:Role")
    with world.within():
        assert len(roles) == 10 and [found for role in roles for found in guardrails.check(graph, role)] == []


def test_guardrails_that_a_given_boundary_leaves_to_nobody_are_found(world: World) -> None:
    graph = world.graph("aws")
    bare = tuple(r for r in graph.resources if not r.name.endswith("-guardrails"))
    without = replace(graph, resources=bare)
    for role in without.of("aws:iam/role:Role"):
        assert any("does not deny" in str(found) for found in guardrails.check(without, role)), role.name


@EACH
def test_nothing_is_made_of_a_network_that_is_there(world: World, platform: str) -> None:
    graph = world.graph(platform)
    made = [resource.type for resource in graph.cloud if re.fullmatch(NOT_MADE[platform], resource.type)]
    assert made == [] and len(graph.cloud) > 50


def test_on_aws_everything_stands_in_the_given_subnets(world: World) -> None:
    net, graph = NETWORKS["aws"], world.graph("aws")
    groups = graph.of("aws:ec2/securityGroup:SecurityGroup")
    endpoints = graph.of("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert groups and {one.inputs["vpcId"] for one in (*groups, *endpoints)} == {net["vpc_id"]}
    for endpoint in endpoints:
        assert endpoint.inputs["vpcEndpointType"] == "Interface"
        assert sorted(endpoint.inputs["subnetIds"]) == sorted(net["subnet_ids"].values())
    made = {service_of(endpoint) for endpoint in endpoints}
    assert made and not made & {*net["endpoints"], "s3"}
    (domain,) = graph.of("aws:sagemaker/domain:Domain")
    assert domain.inputs["subnetIds"] == [net["subnet_ids"][f"us-east-1{zone}"] for zone in "ab"]
    out = [rule.inputs for rule in graph.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")]
    assert net["endpoints_security_group_id"] in [rule.get("referencedSecurityGroupId") for rule in out]
    assert net["s3_prefix_list_id"] in [rule.get("prefixListId") for rule in out]
    into = [rule.inputs for rule in graph.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")]
    given_group = net["endpoints_security_group_id"]
    assert given_group not in [rule["securityGroupId"] for rule in (*into, *out)], "a rule in a group of others"


def test_on_aws_the_proof_misses_an_endpoint_that_nobody_has(organisation: Path, world: World) -> None:
    graph = world.graph("aws")
    fewer = NETWORKS["aws"] | {"endpoints": ["sagemaker.api"]}
    write(organisation, **{"given-aws": zone("aws", network=fewer)})
    assert any("has no VPC endpoint for sts" in f.message for f in evaluate(again(graph), pack.RULES["aws"]).findings)


def test_on_gcp_machines_and_endpoints_stand_in_the_shared_vpc(organisation: Path, world: World) -> None:
    graph = world.graph("gcp")
    network = "projects/company-network-host/global/networks/shared-ml"
    subnet = "projects/company-network-host/regions/us-central1/subnetworks/ml-us"
    instances = graph.of("gcp:workbench/instance:Instance")
    assert instances
    for instance in instances:
        assert instance.inputs["gceSetup"]["networkInterfaces"] == [{"network": network, "subnet": subnet}]
    assert {one.inputs["subnetwork"] for one in graph.of("gcp:compute/address:Address")} == {subnet}
    assert {one.inputs["network"] for one in graph.of("gcp:compute/forwardingRule:ForwardingRule")} == {network}
    # The given network must resolve what is needed.
    fewer = NETWORKS["gcp"] | {"private_domains": ["googleapis.com"]}
    write(organisation, **{"given-gcp": zone("gcp", network=fewer)})
    assert any("needs pkg.dev" in f.message for f in evaluate(again(graph), pack.RULES["gcp"]).findings)


def test_on_azure_private_endpoints_stand_in_the_given_subnet(world: World) -> None:
    net, graph = NETWORKS["azure"], world.graph("azure")
    endpoints = graph.of("azure-native:network:PrivateEndpoint")
    assert endpoints and {one.inputs["subnet"]["id"] for one in endpoints} == {net["subnet_id"]}
    made = {one.inputs["privateZoneName"] for one in graph.of("azure-native:privatedns:PrivateZone")}
    assert made and VAULT not in made
    assert graph.placement is not None
    (people,) = graph.placement.people  # whose network the landing zone's owner has joined, and who read what is made
    links = [one.inputs["virtualNetwork"]["id"] for one in graph.of("azure-native:privatedns:VirtualNetworkLink")]
    assert sorted(links) == sorted([net["virtual_network_id"], people.network] * len(made))
    assert not graph.of("azure-native:network:VirtualNetworkPeering")
    registered = [
        config["privateDnsZoneId"]
        for group in graph.of("azure-native:network:PrivateDnsZoneGroup")
        for config in group.inputs["privateDnsZoneConfigs"]
    ]
    assert net["private_dns_zones"][VAULT] in registered


@EACH
def test_addresses_contradict_a_network_that_is_there(organisation: Path, platform: str) -> None:
    write(organisation, shared=zone(platform, network=NETWORKS[platform]))
    assert any("network.cidr: contradicts the landing zone" in said for said in refusals(stack(platform)))
    write(organisation, shared=zone(platform))
    assert any(
        "mlplatform:network: is missing; add cidr, a private network" in said for said in refusals(within(platform))
    )


def test_a_zone_without_a_given_subnet_is_refused(organisation: Path) -> None:
    write(organisation, shared=zone("aws", network=NETWORKS["aws"]))
    (said,) = refusals(within("aws", network={"zones": ["us-east-1a", "us-east-1d"]}))
    assert "network.zones.1: found 'us-east-1d', allowed: a zone in which the landing zone gives a subnet" in said
    people = stack("aws")["mlplatform:workspace"] | {"zones": ["us-east-1a", "us-east-1d"]}
    assert any("workspace.zones.1: found 'us-east-1d'" in said for said in refusals(within("aws", workspace=people)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None, derandomize=True)
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
