"""What a waiver may name, and for how long; and that no name is known but those that a finding may bear."""

import ast
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from policies import __main__ as engine
from policies import names, pack, waivers
from policies.rule import Rule
from tests import sharing
from tests.catalogue.test_organisation import put

ROOT = Path(__file__).parents[2]
CHECKOV = ROOT / "policies" / "checkov"
TODAY = date(2026, 11, 26)
STACKS = {"fraud-prod", "fraud-dev"}


def write(organisation: Path, stack: str = "fraud-prod", **change: Any) -> None:
    """A company's file with one waiver that may be written, but for what is changed."""
    entry = {
        "rule": "limits-retention",
        "resource": "x",
        "type": "aws:cloudwatch/logGroup:LogGroup",
        "owner": "risk@company.example",
        "reason": "why",
        "granted": date(2026, 11, 20),
        "expires": date(2027, 6, 30),
        **change,
    }
    put(organisation, "waivers.yaml", yaml.safe_dump({"waivers": {stack: [entry]}}))
    waivers.load.cache_clear()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"rule": "CKV2_AWS_62"},
        {"rule": "CKV_MLP_4"},
        {"rule": "gcp-limits-retention"},
        {"rule": "limits-ceiling", "resource": "stack", "type": None},
        {"rule": "hardware-fit"},
        {"stack": "fraud-dev"},
        {"stack": "mlplatform/fraud-dev"},
        {"stack": "theirs/whatever"},
        {"expires": date(2027, 11, 21)},
        {"granted": date(2026, 11, 26), "expires": date(2026, 11, 26)},
        {"granted": date(2027, 1, 1), "expires": date(2027, 11, 27)},
        {"granted": date(2019, 6, 1), "expires": date(2020, 1, 1)},
    ],
)
def test_a_waiver_of_what_one_stack_may_decide_is_taken(organisation: Path, change: dict[str, Any]) -> None:
    write(organisation, **change)
    waivers.check(TODAY, STACKS)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rule": "limits-retentions"}, "no rule has this name; did you mean "),
        ({"rule": "zzz"}, "no rule has this name"),
        ({"rule": "CKV_AWS_99999"}, "no rule has this name; policies/checks.txt lists Checkov's ids"),
        ({"rule": "aws-audit-logs-kept"}, "no rule has this name; did you mean "),
        ({"rule": "kind-known"}, "this rule is never waived, for nobody has read what a waiver of it would excuse; "),
        ({"rule": "kind-known-elsewhere"}, "this rule is never waived, for nobody has read what "),
        ({"rule": "facts-readable"}, "this rule is never waived, for nobody has read what a waiver of it would "),
        ({"rule": "network-public-access"}, "this rule is never waived, for it keeps out whoever is outside the stack"),
        ({"rule": "azure-network-public-access"}, "this rule is never waived, for it keeps out whoever is outside "),
        ({"rule": "encryption-customer-key"}, "this rule is never waived, for what is written without the company's "),
        ({"rule": "waiver-expired"}, "this rule is never waived, for it tells of a waiver"),
        ({"type": None}, "names no type, and another resource may have that name; add the one of the finding's line"),
        ({"expires": date(2027, 11, 22)}, "its last day 2027-11-22 is 367 days after 2026-11-20, when it was granted, "
         "allowed: 366 (waiver-days of policies/limits.yaml); whoever renews a waiver grants it anew"),
        ({"granted": date(2027, 11, 1), "expires": date(2027, 11, 28)}, "its last day 2027-11-28 is 367 days after "
         "today, 2026-11-26, allowed: 366 (waiver-days of "),
        ({"granted": date(2020, 1, 1), "expires": date(2026, 12, 24)}, "its last day 2026-12-24 is 2549 days after "
         "2020-01-01, when it was granted, allowed: 366 "),
        ({"granted": date(2027, 7, 1)}, "its last day 2027-06-30 is before 2027-07-01, when it was granted"),
        ({"stack": "fraud-prd"}, "no stack file Pulumi.fraud-prd.yaml is in stacks/ or beside one that is judged; did "
         "you mean fraud-prod?; write PROJECT/STACK for a stack of another project"),
    ],
)  # fmt: skip
def test_a_waiver_that_nobody_may_write_is_one_sentence(
    organisation: Path, change: dict[str, Any], sentence: str
) -> None:
    write(organisation, **change)
    with pytest.raises(BadInput) as error:
        waivers.check(TODAY, STACKS)
    about = f"{change.get('stack', 'fraud-prod')}: {change.get('rule', 'limits-retention')} on x: "
    assert str(error.value).startswith(f"organisation/waivers.yaml: {about}{sentence}") and "\n" not in str(error.value)


def test_the_pack_refuses_it_on_the_engine_too_where_nobody_knows_the_stacks(organisation: Path) -> None:
    write(organisation, stack="deployed-from-elsewhere")
    assert engine.policies()
    write(organisation, rule="kind-known")
    with pytest.raises(BadInput, match="never waived"):
        engine.policies()


# ---- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.sweep
def test_the_checks_are_those_of_checkov_and_ours() -> None:
    """Only another Checkov or a check of ours changes it, and whoever brings one runs `make docs`."""
    if not sharing.whole():
        pytest.skip("Checkov says its checks in two seconds: `make sweeps`")
    python = CHECKOV / ".venv" / "bin" / "python"
    done = subprocess.run([python, "-I", CHECKOV / "ids.py"], capture_output=True, text=True, timeout=120, check=True)
    assert names.CHECKS.read_text(encoding="utf-8") == done.stdout, "run make docs"
    ours = {line.split("_")[1] for line in done.stdout.split()}
    assert ours == {"AWS", "GCP", "AZURE", "MLP"} and len(done.stdout.split()) > 900


def test_the_verdict_has_no_finding_of_a_name_that_is_not_known() -> None:
    """Each name that stands in the judgement's code, where no rule makes the finding."""
    found: set[object] = set()
    for file in (ROOT / "operations").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "finding":
                values = (keyword.value for keyword in node.keywords if keyword.arg == "rule")
                found |= {part.value for value in values for part in ast.walk(value) if isinstance(part, ast.Constant)}
    assert found == {*names.OF_THE_VERDICT}


def test_no_rule_is_named_as_the_engine_names_another() -> None:
    rules = [rule.name for platform in PLATFORMS for rule in pack.shipped(platform)]
    assert not [name for name in rules if name.partition("-")[0] in PLATFORMS]


def test_what_keeps_outsiders_out_and_what_cannot_be_judged_is_never_waived() -> None:
    marked: dict[str, set[str]] = {}
    for platform in PLATFORMS:
        for rule in pack.shipped(platform):
            if rule.never_waived:
                marked.setdefault(rule.name, set()).add(platform)
    everywhere = {"kind-known", "encryption-customer-key", "network-subnet-private", "network-workspace-vpc-only"}
    everywhere |= {"encryption-bucket-public", "registry-shared", "secrets-in-plain", "unasked"}
    assert {name for name, platforms in marked.items() if platforms == {*PLATFORMS}} == everywhere
    of_some = {
        "encryption-feature-store": {"aws"},
        "encryption-job-volumes": {"aws"},
        "kind-closed": {"aws", "gcp"},
        "network-public-access": {"azure"},
        "encryption-key-used": {"azure"},
        "network-no-public-address": {"gcp"},
        "network-names-own": {"gcp"},
        "network-served-privately": {"gcp"},
        "identity-no-public-member": {"gcp"},
        "world-account": {"aws"},
        "world-hosts": {"azure"},
        "world-ids": {"azure"},
        "world-principals": {"azure"},
    }
    assert {name: marked[name] for name in marked.keys() - everywhere} == of_some


def test_a_companys_own_rule_may_be_waived_and_marked(organisation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(graph: Any, resource: Any) -> Any:
        return ()

    for why, refused in (("", False), ("the board said so", True)):
        rule = Rule("company-rule", (), "whole stack", "low", "s", "r", True, None, check, never_waived=why)
        monkeypatch.setitem(pack.RULES, "aws", [*pack.shipped("aws"), rule])
        write(organisation, rule="aws-company-rule")
        if refused:
            with pytest.raises(BadInput, match="never waived, for the board said so"):
                waivers.check(TODAY, STACKS)
        else:
            waivers.check(TODAY, STACKS)
