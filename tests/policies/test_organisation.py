"""A company's limits, waivers and rules: read beside ours, judged in both doors, and refused in one sentence."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi_policy import StackValidationArgs, StackValidationPolicy
from typer.testing import CliRunner

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from operations.__main__ import application
from operations.evaluation import evaluate
from policies import __main__ as engine
from policies import documentation, limits, pack, waivers
from stacks.config import STACKS
from tests.catalogue.test_organisation import KIND, QUEUE, put
from tests.conftest import forget
from tests.on_engine import shown

SHIPPED = limits.load()
NUMBERS = sorted(name for name, limit in SHIPPED.limits.items() if not isinstance(limit.value, list))
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


@given(chosen=st.dictionaries(st.sampled_from(NUMBERS), st.integers(0, 10**6)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_a_limit_of_the_companys_replaces_the_shipped_one_whole_and_no_other(
    organisation: Path, chosen: dict[str, int]
) -> None:
    own = {name: entry(SHIPPED[name], value=value) for name, value in chosen.items()}
    write(organisation, "limits.yaml", {"limits": own})
    loaded = limits.load()
    assert list(loaded.limits) == list(SHIPPED.limits) and loaded.quotas == SHIPPED.quotas
    for name, limit in loaded.limits.items():
        assert limit.model_dump() == (own[name] if name in own else SHIPPED[name].model_dump())
        assert limit.file == (limits.OWN if name in own else limits.SHIPPED)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_quotas_are_merged_by_name_on_their_platform(organisation: Path, platform: str) -> None:
    known = next(iter(SHIPPED.quotas[platform]))
    own = {known: entry(SHIPPED.quotas[platform][known], value=7), "another": entry(SHIPPED["batch-hours"], value=9)}
    write(organisation, "limits.yaml", {"quotas": {platform: own}})
    loaded = limits.load()
    assert {name: quota.number for name, quota in loaded.quotas[platform].items()} == {
        **{name: quota.number for name, quota in SHIPPED.quotas[platform].items()}, known: 7, "another": 9
    }  # fmt: skip
    assert {name for name, quota in loaded.quotas[platform].items() if quota.file == limits.OWN} == {known, "another"}
    assert all(loaded.quotas[other] == SHIPPED.quotas[other] for other in PLATFORMS if other != platform)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "limits: {}\n"])
def test_a_file_that_says_nothing_changes_nothing(organisation: Path, text: str) -> None:
    write(organisation, "limits.yaml", text)
    write(organisation, "waivers.yaml", text.replace("limits", "waivers"))
    assert limits.load() == SHIPPED and all(w.file == waivers.SHIPPED for of in waivers.load().values() for w in of)


HOURS, REGIONS = SHIPPED["batch-hours"], SHIPPED["regions"]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"limits": {"batch-hour": entry(HOURS)}}, "limits.batch-hour: no rule knows this limit; did you mean "
         "batch-hours?"),
        ({"limits": {"zzz": entry(HOURS)}}, "limits.zzz: no rule knows this limit; allowed: replicas-per-endpoint, "
         "batch-replicas, batch-hours, monthly-usd, ceiling-usd, idle-timeout-minutes, canary-percent, retention-days, "
         "manual-steps, regions, machine-types, waiver-days"),
        ({"limits": {"batch-hours": {"value": 3}}}, "limits.batch-hours.owner: is missing; every entry has it"),
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
             "allowed: a number of 0 or more, or a list of text")
            for value in (float("nan"), float("inf"), -1, True, "6", None, [], [""], {})
        ),
        ({"quotas": {"amazon": {}}}, "quotas.amazon: no platform has this name; allowed: aws, gcp, azure"),
        ({"quotas": {"aws": {"x": entry(REGIONS)}}}, "quotas.aws.x.value: found a list, allowed: a number"),
        ({"limit": {}}, "limit: unknown key; leave it out"),
        ([], "the file: found '[]', allowed: keys, each with what it says"),
        ("limits: {", "is not valid YAML: line 1 expected the node content, but found '<stream end>'"),
        ("limits:\n  a: {}\n  a: {}\n", "is not valid YAML: line 3 has the key 'a' twice"),
        ("limits:\n  ? [a, b]\n  : 1\n", "is not valid YAML: line 2 found unhashable key"),
    ],
)  # fmt: skip
def test_a_wrong_file_of_limits_is_one_sentence(organisation: Path, document: Any, sentence: str) -> None:
    write(organisation, "limits.yaml", document)
    assert refused(limits.load) == f"organisation/limits.yaml: {sentence}"


def test_limits_says_of_each_the_file_it_is_in(organisation: Path) -> None:
    write(organisation, "limits.yaml", {"limits": {"batch-hours": entry(HOURS, value=5)}})
    said = CliRunner().invoke(application(), ["limits"], env={"COLUMNS": "200"}).output
    shipped, mark, own = said.partition(limits.OWN)
    assert mark and limits.SHIPPED in shipped
    assert "batch-hours" in own and "risk@company.example" in own and "batch-hours" not in shipped


# ---- waivers --------------------------------------------------------------------------------------------------------


def waiver(**change: Any) -> dict[str, Any]:
    last = date(2027, 6, 30)
    return {"rule": "r", "resource": "x", "owner": "risk@company.example", "reason": "why", "expires": last, **change}


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
        ({"waivers": {"mine": [waiver(), {"rule": "r"}]}}, "waivers.mine.2.owner: is missing; every entry has it"),
        ({"waivers": {"mine": [waiver(reason="")]}}, "waivers.mine.1.reason: found '', allowed: text that says "
         "something"),
        ({"waivers": {"mine": [waiver(expires=20270630)]}}, "waivers.mine.1.expires: found '20270630', allowed: a day "
         "such as 2027-06-30, without quotes"),
        ("waivers: [", "is not valid YAML: line 1 expected the node content, but found '<stream end>'"),
    ],
)  # fmt: skip
def test_a_wrong_file_of_waivers_is_one_sentence(organisation: Path, document: Any, sentence: str) -> None:
    write(organisation, "waivers.yaml", document)
    assert refused(waivers.load) == f"organisation/waivers.yaml: {sentence}"


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
    reported: set[str] = set()
    for made in engine.policies():
        if isinstance(made, StackValidationPolicy):
            args = StackValidationArgs(shown(graph))
            made.validate(args, lambda message, urn=None, name=made.name: reported.add(name))
    return reported


def test_the_engine_judges_by_the_companys_limits_waivers_and_rules(
    organisation: Path, aws_pilot: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_sent", {r.urn: r.inputs for r in aws_pilot.resources})
    monkeypatch.setenv("PULUMI_PROJECT", engine.PROJECT)
    assert on_engine(aws_pilot) == set()
    put(organisation, "policies/size.py", EVERYWHERE)
    put(organisation, "policies/aws/names.py", RULE)
    write(
        organisation,
        "limits.yaml",
        {"limits": {"replicas-per-endpoint": entry(SHIPPED["replicas-per-endpoint"], value=0)}},
    )
    found = {"aws-limits-replicas", "aws-company-small", "aws-company-buckets-named"}
    assert on_engine(aws_pilot) == found
    everything = evaluate(aws_pilot, pack.RULES["aws"]).findings
    assert {f"aws-{finding.rule}" for finding in everything} == found, "offline finds the same"
    waived = [waiver(rule=f.rule, resource=f.resource or "stack") for f in everything if f.rule != "company-small"]
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
        ("limits.yaml", "limits: {x: {}}", "organisation/limits.yaml: limits.x.owner: is missing; every entry has it"),
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


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "operations", "preview", *arguments]
    return subprocess.run(words, capture_output=True, text=True, cwd=STACKS.parent, timeout=200, check=False)


def preview(folder: Path) -> subprocess.CompletedProcess[str]:
    document = yaml.safe_load((STACKS / "Pulumi.aws-pilot.yaml").read_text(encoding="utf-8"))
    document["config"]["mlplatform:inboxes"] = {"orders": {}}
    file = folder.parent / "Pulumi.aws-pilot.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return command(str(file), "--format", "json", "--today", "2026-11-26", "--out", str(folder.parent))


def test_a_stack_with_a_section_a_kind_a_rule_a_limit_and_a_waiver_of_the_companys(organisation: Path) -> None:
    put(organisation, "sections/inboxes.py", SECTION)
    put(organisation, "aws/inboxes.py", DEPLOYED)
    put(organisation, "kinds/aws/sqs.py", KIND)
    put(organisation, "policies/aws/queues.py", ABOUT_QUEUES)
    put(
        organisation,
        "limits.yaml",
        yaml.safe_dump({"limits": {"manual-steps": entry(SHIPPED["manual-steps"], value=1)}}),
    )
    done = preview(organisation)
    assert done.returncode == 1, done.stderr
    verdict = json.loads(done.stdout)["verdicts"][0]
    assert [f["resource"] for f in verdict["findings"] if f["rule"] == "company-buckets-named"] == ["aws-pilot-orders"]
    assert not {"kind-known", "cost-unpriced"} & {f["rule"] for f in verdict["findings"]}
    speed = next(proof for proof in verdict["proofs"] if proof["name"] == "workflow speed")
    assert speed["state"] == "failed" and "(limit 1)" in speed["fact"]
    failing = {(f["rule"], f["resource"]) for f in verdict["findings"] if f["mandatory"] and not f["waived"]}
    put(organisation, "limits.yaml", "")
    own = [waiver(rule=rule, resource=resource or "stack") for rule, resource in failing]
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
        ("limits.yaml", "limits: {x: {}}"),
        ("waivers.yaml", "waivers: ["),
        ("kinds/aws/x.py", "1 / 0"),
        ("policies/aws/x.py", "1 / 0"),
        ("policies/x.py", "1 / 0"),
    ],
)
def test_what_cannot_be_read_ends_a_command_with_one_sentence(organisation: Path, path: str, text: str) -> None:
    put(organisation, path, text)
    done = command("aws-pilot", "--out", str(organisation.parent))
    said = [line for line in done.stderr.splitlines() if not line.startswith("aws-pilot: ")]
    assert done.returncode == 2 and len(said) == 1 and said[0].startswith(f"organisation/{path}: "), done.stderr


def test_a_kind_is_listed(organisation: Path) -> None:
    put(organisation, "kinds/aws/sqs.py", KIND)
    forget()
    assert QUEUE in CliRunner().invoke(application(), ["kinds", "aws"], env={"COLUMNS": "200"}).output
