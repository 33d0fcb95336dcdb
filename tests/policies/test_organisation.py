"""A company's limits, waivers and rules: read beside ours, judged in both doors, and refused in one sentence."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi_policy import StackValidationPolicy
from typer.testing import CliRunner

from catalogue import environments
from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.placement import Placement
from catalogue.platforms import PLATFORMS
from catalogue.wording import listed
from operations.__main__ import application
from operations.evaluation import evaluate
from policies import __main__ as engine
from policies import documentation, limits, pack, waivers
from stacks.config import STACKS, read_stack_file, to_engine
from stacks.schema import json_schema
from tests import sharing
from tests.catalogue.test_organisation import KIND, QUEUE, put
from tests.commanding import here
from tests.conftest import forget
from tests.engine_door import of_stack
from tests.stack_files import pilot_file

SHIPPED = limits.load()
NUMBERS = sorted(name for name, limit in SHIPPED.limits.items() if limit.counts and name not in limits.OF_EVERY_STACK)
RULE = """
from policies.rule import stack_rule

@stack_rule(
    "company-buckets-named",
    "aws:s3/bucket:Bucket",
    severity="high",
    says="Every bucket has the company's prefix.",
    remedy="Begin its name with acme-.",
)
def named(graph, resource):
    yield "is a bucket without the company's prefix"

RULES = [named]
"""
EVERYWHERE = """
from policies.rule import whole_stack_rule

@whole_stack_rule("company-small", severity="high", says="No stack is large.", remedy="Take something out.")
def small(graph):
    yield None, f"has {len(graph.cloud)} resources"

RULES = [small]
"""


def entry(limit: limits.Limit, **change: Any) -> dict[str, Any]:
    return {**limit.model_dump(), "owner": "risk@company.example", "reason": "decided by the board", **change}


def write(folder: Path, name: str, document: Any) -> None:
    put(folder, name, document if isinstance(document, str) else yaml.safe_dump(document))
    forget()


def refused(ask: Callable[[], object]) -> str:
    with pytest.raises(BadInput) as caught:
        ask()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- limits ---------------------------------------------------------------------------------------------------------


ACCOUNTS = {"aws": "999988887777", "gcp": "other-project", "azure": "99998888-7777-4666-8555-444433332222"}
KEYS = ("environments", "teams", "accounts")


@given(
    platform=st.sampled_from(sorted(PLATFORMS)),
    environment=st.sampled_from(["pilot", "dev", "test", "prod", "staging"]),
    team=st.sampled_from(["payments-risk", "search"]),
    said=st.dictionaries(
        st.sampled_from(["limits", *(f"{level}.{mine}" for level in KEYS for mine in (True, False))]),
        st.dictionaries(st.sampled_from(NUMBERS), st.integers(0, 10**6), min_size=1),
    ),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=sharing.examples(60), deadline=None)
def test_the_most_specific_line_of_the_companys_holds_and_else_that_of_ours(
    organisation: Path, platform: str, environment: str, team: str, said: dict[str, dict[str, int]]
) -> None:
    """Environment, team and account: the stack's own, and those of other stacks, which must not count."""
    place = Placement(environment, team, ACCOUNTS[platform], "anywhere")
    mine = {"environments": environment, "teams": team, "accounts": ACCOUNTS[platform]}
    others = {"environments": "elsewhere", "teams": "strangers", "accounts": "000000000000"}
    document: dict[str, Any] = {}
    expected: dict[str, tuple[int, tuple[str, ...]]] = {}
    for group in ("limits", *(f"{level}.{own}" for level in KEYS for own in (False, True))):
        level, _, own = group.partition(".")
        lines = {name: entry(SHIPPED.limits[name], value=value) for name, value in said.get(group, {}).items()}
        if not own:
            document[level] = lines
            at: tuple[str, ...] = (level,)
        else:
            at = (level, mine[level] if own == "True" else others[level])
            document.setdefault(level, {})[at[1]] = lines
        if own != "False":
            expected |= {name: (value, (*at, name)) for name, value in said.get(group, {}).items()}
    write(organisation, "limits.yaml", document)
    held, ours = limits.load().of(platform, place), SHIPPED.of(platform, place)
    assert list(held.limits) == list(SHIPPED.limits)
    for name, limit in held.limits.items():
        if name in expected:
            assert (limit.value, limit.at, limit.file) == (*expected[name], limits.OWN)
        else:
            assert limit == ours[name] and limit.file == limits.SHIPPED
    elsewhere = limits.load().of(platform, None)
    assert elsewhere.quotas == {} and all(limit.at[0] == "limits" for limit in elsewhere.limits.values())


@pytest.mark.parametrize("environment", environments.SHIPPED)
def test_what_ships_for_an_environment_holds_in_it_alone(environment: str) -> None:
    held = SHIPPED.of("aws", Placement(environment, "search", "999988887777", "eu-west-1"))
    named = {line.at[2]: line for line in SHIPPED.every() if line.at[:2] == ("environments", environment)}
    assert {name for name, limit in held.limits.items() if limit.at[0] == "environments"} == {*named}
    assert all(held[name].value in (line.value, line.value) for name, line in named.items())
    assert bool(named) is (environment != "pilot"), "a pilot's limits are those that hold for strangers"
    assert {line.at[1] for line in SHIPPED.every() if line.at[0] == "environments"} < {*environments.SHIPPED}


def test_a_platform_that_a_line_leaves_out_keeps_what_it_had(organisation: Path) -> None:
    own = entry(SHIPPED.limits["regions"], value={"aws": ["eu-*"]})
    write(organisation, "limits.yaml", {"limits": {"regions": own}})
    regions = {platform: limits.load().of(platform, None)["regions"] for platform in PLATFORMS}
    assert regions["aws"].allows("eu-west-3") and not regions["aws"].allows("us-east-1")
    assert regions["gcp"].value == regions["azure"].value == "any"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_quotas_are_those_of_the_account_and_region(organisation: Path, platform: str) -> None:
    account, region = ACCOUNTS[platform], PLATFORMS[platform].region
    quota = entry(SHIPPED.limits["batch-hours"], value=9, unit="instances")
    write(organisation, "limits.yaml", {"quotas": {platform: {account: {region: {"a quota": quota}}}}})
    place = Placement("prod", "search", account, region)
    assert {name: quota.number for name, quota in limits.load().of(platform, place).quotas.items()} == {"a quota": 9}
    for elsewhere in (replace(place, region="other"), replace(place, account="other")):
        assert limits.load().of(platform, elsewhere).quotas == {}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_slip_in_the_name_of_a_quota_is_told_beside_the_quota_that_was_meant(
    organisation: Path, platform: str, request: pytest.FixtureRequest
) -> None:
    ours: Graph = request.getfixturevalue(f"{platform}_pilot")
    assert ours.placement is not None
    place = replace(ours.placement, account=ACCOUNTS[platform])
    graph = replace(ours, placement=place)
    rule = next(each for each in pack.RULES[platform] if each.name == "quota-undeclared")
    meant = [found.message.split("'")[1] for found in evaluate(graph, [rule]).findings]
    slip, stranger = f"{meant[0]}z", "a quota of something else"
    number = entry(SHIPPED.limits["batch-hours"], value=9, unit="instances")
    write(
        organisation,
        "limits.yaml",
        {"quotas": {platform: {place.account: {place.region: dict.fromkeys((slip, stranger), number)}}}},
    )
    said = [found.message for found in evaluate(graph, [rule]).findings]
    assert len(said) == len(meant) and not [message for message in said if stranger in message]
    assert said[0].endswith(f"; '{slip}' is declared, on which nothing draws")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "limits: {}\n"])
def test_a_file_that_says_nothing_changes_nothing(organisation: Path, text: str) -> None:
    write(organisation, "limits.yaml", text)
    write(organisation, "waivers.yaml", text.replace("limits", "waivers"))
    assert limits.load() == SHIPPED and all(w.file == waivers.SHIPPED for of in waivers.load().values() for w in of)


HOURS, REGIONS = SHIPPED.limits["batch-hours"], SHIPPED.limits["regions"]
_WRITTEN = "allowed: a number of 0 or more, a list of text, 'any', 'none', or one of the last three for each platform"


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"limits": {"batch-hour": entry(HOURS)}}, "limits.batch-hour: no rule knows this limit; did you mean "
         "batch-hours?"),
        ({"limits": {"zzz": entry(HOURS)}}, "limits.zzz: no rule knows this limit" + listed(SHIPPED.limits)),
        ({"limits": {"batch-hours": {key: value for key, value in entry(HOURS).items() if key != "owner"}}},
         "limits.batch-hours.owner: is missing; every entry has it"),
        ({"limits": {"batch-hours": {key: value for key, value in entry(HOURS).items() if key != "reviewed"}}},
         "limits.batch-hours.reviewed: is missing; every entry has it"),
        ({"environments": {"prod": {"batch-hour": entry(HOURS)}}}, "environments.prod.batch-hour: no rule knows this "
         "limit; did you mean batch-hours?"),
        ({"accounts": {444455556666: {}}}, "accounts.444455556666: no account of any platform is written like this; "
         "put it in quotes"),
        ({"accounts": {"4444": {}}}, "accounts.4444: no account of any platform is written like this"),
        ({"quotas": {"aws": {"payments-risk-pilot": {"us-east-1": {}}}}}, "quotas.aws.payments-risk-pilot.us-east-1: "
         "'payments-risk-pilot' is no account of aws, allowed: " + PLATFORMS["aws"].account.words),
        ({"quotas": {"aws": {"444455556666": {"us-esat-1": {}}}}}, "quotas.aws.444455556666.us-esat-1: 'us-esat-1' is "
         "no region of aws, allowed: one of the catalogue; did you mean us-east-1?"),
        ({"quotas": {"gcp": {"payments-risk-pilot": {"zzz": {}}}}}, "quotas.gcp.payments-risk-pilot.zzz: 'zzz' is no "
         "region of gcp, allowed: one of the catalogue, such as us-central1"),
        ({"limits": {"batch-hours": entry(HOURS, owner=" ")}}, "limits.batch-hours.owner: found ' ', allowed: text "
         "that says something"),
        ({"limits": {"batch-hours": entry(HOURS, until="x")}}, "limits.batch-hours.until: unknown key; leave it out"),
        ({"limits": {"batch-hours": entry(HOURS, unit="minutes")}}, "limits.batch-hours.unit: found 'minutes', "
         "allowed: 'hours a run may last', which the rules count"),
        ({"limits": {"batch-hours": entry(HOURS, value=["6"])}}, "limits.batch-hours.value: found a list, allowed: a "
         "number"),
        ({"limits": {"regions": entry(REGIONS, value=6)}}, "limits.regions.value: found 6, allowed: a list"),
        *(
            ({"limits": {"batch-hours": entry(HOURS, value=value)}}, f"limits.batch-hours.value: found {str(value)!r}, "
             + _WRITTEN)
            for value in (float("nan"), float("inf"), -1, True, "6", None, [], [""], {}, {"amazon": "any"}, {"aws": 3})
        ),
        ({"quotas": {"amazon": {}}}, "quotas.amazon: no platform has this name; allowed: aws, gcp, azure"),
        ({"quotas": {"aws": {"444455556666": {"us-east-1": {"x": entry(REGIONS)}}}}}, "quotas.aws.444455556666."
         "us-east-1.x.value: found a list, allowed: a number"),
        ({"limit": {}}, "limit: unknown key; leave it out"),
        ([], "the file: found a list, allowed: keys, each with what it says"),
        ("limits: {", "is not valid YAML: line 1 expected the node content, but found '<stream end>'"),
        ("limits:\n  a: {}\n  a: {}\n", "is not valid YAML: line 3 has the key 'a' twice"),
        ("limits:\n  ? [a, b]\n  : 1\n", "is not valid YAML: line 2 found unhashable key"),
    ],
)  # fmt: skip
def test_a_wrong_file_of_limits_is_one_sentence(organisation: Path, document: Any, sentence: str) -> None:
    write(organisation, "limits.yaml", document)
    assert refused(limits.load) == f"organisation/limits.yaml: {sentence}"


@pytest.mark.parametrize("group", ["environments", "teams", "accounts"])
def test_a_limit_on_all_waivers_is_no_matter_of_one_stack(organisation: Path, group: str) -> None:
    line = {"waiver-days": entry(SHIPPED.limits["waiver-days"], value=30)}
    name = ACCOUNTS["aws"] if group == "accounts" else "prod"
    write(organisation, "limits.yaml", {group: {name: line}})
    assert refused(limits.load) == (
        f"organisation/limits.yaml: {group}.{name}.waiver-days: holds for every stack or none, because all waivers "
        "are read before any stack is; put it under limits"
    )
    write(organisation, "limits.yaml", {"limits": line})
    assert limits.load().limits["waiver-days"].number == 30


def test_limits_says_which_line_holds_for_a_stack_and_from_where(organisation: Path) -> None:
    document = {"environments": {"pilot": {"batch-hours": entry(HOURS, value=5)}}}
    write(organisation, "limits.yaml", document)
    line = 1 + (organisation / "limits.yaml").read_text(encoding="utf-8").splitlines().index("    batch-hours:")
    said = json.loads(CliRunner().invoke(application(), ["limits", "aws-pilot", "--format", "json"]).output)
    held = {limit["name"]: limit for limit in said["limits"]}
    assert said["stack"] == "aws-pilot" and {*SHIPPED.limits} < {*held}
    assert (held["batch-hours"]["value"], held["batch-hours"]["file"], held["batch-hours"]["line"]) == (
        5,
        limits.OWN,
        line,
    )
    assert held["batch-hours"]["at"] == ["environments", "pilot", "batch-hours"]
    shipped = held["monthly-usd"]
    assert limits.FILE.read_text(encoding="utf-8").splitlines()[shipped["line"] - 1].strip() == "monthly-usd:"
    every = CliRunner().invoke(application(), ["limits"], env={"COLUMNS": "80"}).output
    assert f":{line} environments.pilot" in every and max(map(len, every.splitlines())) <= 80


def test_an_environment_that_the_companys_limits_name_may_stand_in_a_stack_file(
    organisation: Path, tmp_path: Path
) -> None:
    text = (STACKS / "Pulumi.gcp-pilot.yaml").read_text(encoding="utf-8")
    file = tmp_path / "Pulumi.mine.yaml"
    file.write_text(text.replace("environment: pilot", "environment: staging"), encoding="utf-8")
    assert refused(lambda: read_stack_file(file)).endswith(
        "environment: found 'staging', allowed: 'pilot', 'dev', 'test' or 'prod'; did you mean test?"
    )
    write(organisation, "limits.yaml", {"environments": {"staging": {}}})
    assert read_stack_file(file).environment == "staging"
    assert json_schema()["properties"]["config"]["properties"]["mlplatform:environment"]["enum"][-1] == "staging"


# ---- waivers --------------------------------------------------------------------------------------------------------


def waiver(**change: Any) -> dict[str, Any]:
    days = {"granted": date(2026, 11, 20), "expires": date(2027, 6, 30)}
    return {"rule": "r", "resource": "x", "owner": "risk@company.example", "reason": "why", **days, **change}


def test_waivers_of_the_companys_stand_beside_those_that_ship(
    organisation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship(monkeypatch, tmp_path, {"aws-pilot": [waiver(resource="y")], "gcp-pilot": [waiver()]})
    write(organisation, "waivers.yaml", {"waivers": {"mine": [waiver()], "aws-pilot": [waiver()]}})
    loaded = {stack: [(w.resource, w.file) for w in of] for stack, of in waivers.load().items()}
    assert loaded == {
        "aws-pilot": [("y", waivers.SHIPPED), ("x", waivers.OWN)],
        "gcp-pilot": [("x", waivers.SHIPPED)],
        "mine": [("x", waivers.OWN)],
    }


def ship(monkeypatch: pytest.MonkeyPatch, folder: Path, stacks: Any) -> None:
    """Put a file of waivers in the place of the one that ships."""
    put(folder, "waivers.yaml", yaml.safe_dump({"waivers": stacks}))
    monkeypatch.setattr(waivers, "FILE", folder / "waivers.yaml")


def test_a_shipped_waiver_is_not_written_twice(
    organisation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship(monkeypatch, tmp_path, {"aws-pilot": [waiver()]})
    write(organisation, "waivers.yaml", {"waivers": {"aws-pilot": [waiver()]}})
    said = "organisation/waivers.yaml: aws-pilot: r on x is waived in policies/waivers.yaml already; keep one waiver"
    assert refused(waivers.load) == said


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"waivers": {"mine": [waiver(), waiver(owner="other@company.example", expires=date(2020, 1, 1))]}},
         "mine: r on x is waived in organisation/waivers.yaml already; keep one waiver"),
        ({"waivers": {"mine": [waiver()], "mlplatform/mine": [waiver()]}},
         "mine: r on x is waived in organisation/waivers.yaml already; keep one waiver"),
        ({"waivers": {"mine": [waiver(rule="network-proof"), waiver(rule="aws-network-proof")]}},
         "mine: aws-network-proof on x is waived in organisation/waivers.yaml already; keep one waiver"),
        ("waivers:\n  mine: []\n  mine: []\n", "is not valid YAML: line 3 has the key 'mine' twice"),
        ("waivers:\n  mine:\n  - rule: a\n    rule: b\n", "is not valid YAML: line 4 has the key 'rule' twice"),
        ({"waivers": {"mine": [waiver(), {key: of for key, of in waiver().items() if key != "owner"}]}},
         "waivers.mine.2.owner: is missing; every entry has it"),
        ({"waivers": {"mine": [{key: of for key, of in waiver().items() if key != "granted"}]}},
         "waivers.mine.1.granted: is missing; add the day on which the owner granted the waiver, such as "
         "granted: 2026-11-26"),
        ({"waivers": {"mine": [waiver(reason="")]}}, "waivers.mine.1.reason: found '', allowed: text that says "
         "something"),
        ({"waivers": {"mine": [waiver(expires=20270630)]}}, "waivers.mine.1.expires: found 20270630, allowed: a day "
         "such as 2027-06-30, without quotes"),
        ("waivers: [", "is not valid YAML: line 1 expected the node content, but found '<stream end>'"),
    ],
)  # fmt: skip
def test_a_wrong_file_of_waivers_is_one_sentence(organisation: Path, document: Any, sentence: str) -> None:
    write(organisation, "waivers.yaml", document)
    assert refused(waivers.load) == f"organisation/waivers.yaml: {sentence}"


def test_every_mistake_of_a_file_is_named_at_once(organisation: Path) -> None:
    write(organisation, "waivers.yaml", {"waivers": {"mine": [{"rule": "r"}, waiver(reason="")]}, "more": {}})
    with pytest.raises(BadInput) as caught:
        waivers.load()
    assert sorted(line.split(": ")[1] for line in str(caught.value).splitlines()) == [
        "more",
        "waivers.mine.1.expires",
        "waivers.mine.1.granted",
        "waivers.mine.1.owner",
        "waivers.mine.1.reason",
        "waivers.mine.1.resource",
        "waivers.mine.2.reason",
    ]


@pytest.mark.parametrize(("module", "name"), [(limits, "limits.yaml"), (waivers, "waivers.yaml")])
def test_our_own_file_is_held_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    put(tmp_path, name, "x: {}")
    monkeypatch.setattr(module, "FILE", tmp_path / name)
    forget()
    assert refused(module.load) == f"policies/{name}: x: unknown key; leave it out"
    monkeypatch.undo()
    forget()


# ---- rules ----------------------------------------------------------------------------------------------------------


def test_rules_of_the_companys_come_after_ours_on_their_platform(organisation: Path) -> None:
    ours = {platform: [rule.name for rule in pack.RULES[platform]] for platform in PLATFORMS}
    put(organisation, "policies/aws/names.py", RULE)
    put(organisation, "policies/size.py", EVERYWHERE)
    forget()
    added = {"aws": ["company-small", "company-buckets-named"], "gcp": ["company-small"], "azure": ["company-small"]}
    assert {p: [rule.name for rule in pack.RULES[p]] for p in PLATFORMS} == {p: ours[p] + added[p] for p in PLATFORMS}
    assert documentation.FILE.read_text(encoding="utf-8") == documentation.page(), "the page has what ships alone"


BUCKET = '"aws:s3/bucket:Bucket"'


@pytest.mark.parametrize(
    ("path", "text", "sentence"),
    [
        ("aws/x.py", "", "has no rules; list them as policies/aws/cost.py does, RULES"),
        ("x.py", "RULES = []", "has no rules; list them as policies/aws/cost.py does, RULES"),
        ("aws/x.py", "def f(): ...\nRULES = [f]", "RULES has a function, allowed: rules, as @resource_rule makes"),
        ("aws/x.py", RULE.replace("company-buckets-named", "cost-tags"), "the pack has a rule cost-tags already; give "
         "this one another name"),
        ("aws/x.py", RULE.replace("[named]", "[named, named]"), "the pack has a rule company-buckets-named already; "
         "give this one another name"),
        ("aws/x.py", RULE.replace(BUCKET, '"aws:s3/bucket:Buckett"'), "the rule company-buckets-named looks at "
         "aws:s3/bucket:Buckett, which no kind has; did you mean aws:s3/bucket:Bucket?"),
        ("aws/x.py", RULE.replace(BUCKET, '"zzz"'), "the rule company-buckets-named looks at zzz, which no kind has; "
         "add the kind"),
        ("aws/x.py", RULE.replace('"high"', '"hihg"'), "the rule company-buckets-named has the severity 'hihg', "
         "allowed: critical, high, medium, low"),
        ("aws/x.py", RULE.replace('"high"', '"high", proof="cost"'), "the rule company-buckets-named breaks the proof "
         "'cost', allowed: workflow speed, hardware fit, network fit, exportability, cost visibility"),
        ("aws/x.py", "from policies import nothing", "cannot be imported, for line 1 of it breaks (ImportError: cannot "
         "import name 'nothing' from 'policies' (unknown location))"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_one_of_rules_gives_one_sentence(
    organisation: Path, path: str, text: str, sentence: str
) -> None:
    put(organisation, f"policies/{path}", text)
    forget()
    said = re.sub(r"\(/.*__init__\.py\)", "(unknown location)", refused(lambda: pack.RULES["aws"]))
    assert said == f"organisation/policies/{path}: {sentence}"


# ---- both doors -----------------------------------------------------------------------------------------------------


def on_engine(graph: Graph) -> set[str]:
    """What the pack reports of a stack on the engine."""
    stack_rules = [made for made in engine.policies() if isinstance(made, StackValidationPolicy)]
    return {one.rule for one in of_stack(graph, stack_rules)}


IN_PROD = {"mlplatform:environment": "prod", "mlplatform:account": "999988887777"}


def test_the_engine_judges_by_the_companys_limits_waivers_and_rules(
    organisation: Path, aws_pilot: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_sent", {r.urn: r.inputs for r in aws_pilot.resources})
    monkeypatch.setenv("PULUMI_PROJECT", engine.PROJECT)
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(to_engine(STACKS / "Pulumi.aws-pilot.yaml")))
    assert on_engine(aws_pilot) == set()
    with monkeypatch.context() as other:
        other.setenv("PULUMI_CONFIG", json.dumps(to_engine(STACKS / "Pulumi.aws-pilot.yaml") | IN_PROD))
        # The pilot's roles, keys, network and image are of its own account, which is foreign to the other one.
        assert on_engine(aws_pilot) == {
            "aws-audit-delivered",
            "aws-encryption-customer-key",
            "aws-encryption-key-works",
            "aws-identity-conditions",
            "aws-identity-guardrails",
            "aws-identity-permissions",
            "aws-identity-registries",
            "aws-identity-tasks",
            "aws-identity-trust",
            "aws-network-endpoint-closed",
            "aws-network-way-in",
            "aws-quota-undeclared",
            "aws-world-account",
        }
    put(organisation, "policies/size.py", EVERYWHERE)
    put(organisation, "policies/aws/names.py", RULE)
    write(
        organisation,
        "limits.yaml",
        {"limits": {"replicas-per-endpoint": entry(SHIPPED.limits["replicas-per-endpoint"], value=0)}},
    )
    found = {"aws-limits-replicas", "aws-company-small", "aws-company-buckets-named"}
    assert on_engine(aws_pilot) == found
    everything = evaluate(aws_pilot, pack.RULES["aws"]).findings
    assert {f"aws-{finding.rule}" for finding in everything} == found, "offline finds the same"
    others = [f for f in everything if f.rule != "company-small"]
    waived = [
        waiver(rule=f.rule, resource=f.resource or "stack", **({"type": f.type} if f.resource else {})) for f in others
    ]
    write(organisation, "waivers.yaml", {"waivers": {aws_pilot.stack: waived}})
    assert on_engine(aws_pilot) == {"aws-company-small"}


def pack_started() -> subprocess.CompletedProcess[str]:
    """The pack as the engine starts it; what is refused is refused before the engine is asked for anything."""
    return subprocess.run(
        [sys.executable, STACKS.parent / "policies"], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("path", "text", "sentence"),
    [
        ("limits.yaml", "x: {}", "organisation/limits.yaml: x: unknown key; leave it out"),
        ("policies/aws/x.py", "", "organisation/policies/aws/x.py: has no rules; list them as policies/aws/cost.py "
         "does, RULES"),
    ],
)  # fmt: skip
def test_the_pack_that_cannot_be_read_ends_in_its_sentence(
    organisation: Path, path: str, text: str, sentence: str
) -> None:
    put(organisation, path, text)
    done = pack_started()
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{sentence}\n")


SECTION = '''
from stacks.fields import Fields, Slug
from stacks.model import Section

class Inbox(Fields):
    """One queue."""

SECTION = Section(__name__, value=dict[Slug, Inbox], default={}, called="inbox", makes={"Inbox": "{stack}-{item}"})
'''
DEPLOYED = """
import pulumi_aws as aws
from organisation.sections import inboxes

def deploy(ground, config):
    for name in inboxes.SECTION.of(config):
        aws.sqs.Queue(f"{ground.stack}-{name}", name=f"{ground.stack}-{name}", tags=ground.tags, opts=ground.opts)
    return {}
"""
ABOUT_QUEUES = RULE.replace("aws:s3/bucket:Bucket", QUEUE).replace("Every bucket", "Every queue")


def preview(folder: Path) -> subprocess.CompletedProcess[str]:
    document = pilot_file("aws")
    document["config"]["mlplatform:inboxes"] = {"orders": {}}
    file = folder.parent / "Pulumi.aws-pilot.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return here("preview", file, "--format", "json", "--today", "2026-11-26", "--out", folder.parent)


def test_a_stack_with_a_section_a_kind_a_rule_a_limit_and_a_waiver_of_the_companys(organisation: Path) -> None:
    put(organisation, "sections/inboxes.py", SECTION)
    put(organisation, "aws/inboxes.py", DEPLOYED)
    put(organisation, "kinds/aws/sqs.py", KIND)
    put(organisation, "policies/aws/queues.py", ABOUT_QUEUES)
    put(
        organisation,
        "limits.yaml",
        yaml.safe_dump({"limits": {"manual-steps": entry(SHIPPED.limits["manual-steps"], value=1)}}),
    )
    done = preview(organisation)
    assert done.returncode == 1, done.stderr
    verdict = json.loads(done.stdout)["verdicts"][0]
    assert [f["resource"] for f in verdict["findings"] if f["rule"] == "company-buckets-named"] == ["aws-pilot-orders"]
    assert not {"kind-known", "cost-unpriced"} & {f["rule"] for f in verdict["findings"]}
    speed = next(proof for proof in verdict["proofs"] if proof["name"] == "workflow speed")
    assert speed["state"] == "failed" and "(limit 1)" in speed["fact"]
    failing = {(f["rule"], f["resource"], f["type"]) for f in verdict["findings"] if f["mandatory"] and not f["waived"]}
    put(organisation, "limits.yaml", "")
    own = [
        waiver(rule=rule, resource=name or "stack", **({"type": type_} if name else {}))
        for rule, name, type_ in failing
    ]
    put(organisation, "waivers.yaml", yaml.safe_dump({"waivers": {"aws-pilot": own}}))
    done = preview(organisation)
    assert done.returncode == 0, done.stdout
    waived = {
        f["rule"]: f["waived"]["owner"] for f in json.loads(done.stdout)["verdicts"][0]["findings"] if f["waived"]
    }
    assert waived["company-buckets-named"] == "risk@company.example"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("limit.yaml", ""),
        ("limits.yaml", "x: {}"),
        ("waivers.yaml", "waivers: ["),
        ("kinds/aws/x.py", "1 / 0"),
        ("policies/aws/x.py", "1 / 0"),
        ("policies/x.py", "1 / 0"),
    ],
)
def test_what_cannot_be_read_ends_a_command_with_one_sentence(organisation: Path, path: str, text: str) -> None:
    put(organisation, path, text)
    done = here("preview", "aws-pilot", "--out", organisation.parent)
    said = [line for line in done.stderr.splitlines() if not line.startswith("aws-pilot: ")]
    assert done.returncode == 2 and len(said) == 1 and said[0].startswith(f"organisation/{path}: "), done.stderr


def test_a_kind_is_listed(organisation: Path) -> None:
    put(organisation, "kinds/aws/sqs.py", KIND)
    forget()
    assert QUEUE in CliRunner().invoke(application(), ["kinds", "aws"], env={"COLUMNS": "200"}).output
