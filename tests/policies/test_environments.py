"""A stack of another team, account and environment is judged by the limits of its own, for its own choices alone."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.platforms import PLATFORMS
from operations.evaluation import evaluate
from operations.verdict import Finding
from policies import limits, pack
from tests.catalogue.test_organisation import put
from tests.conftest import forget
from tests.previewing import preview
from tests.stack_files import pilot_file

ACCOUNTS = {"aws": "999988887777", "gcp": "search-prod-1", "azure": "99998888-7777-4666-8555-444433332222"}
LARGE = {"aws": "gpu-a100-80", "gcp": "gpu-a100-80", "azure": "gpu-a100-80"}
FAMILIES = ("limits-", "quota-", "cost-budget", "rollback-traffic")


def stack(platform: str, **words: Any) -> dict[str, Any]:
    """The pilot's file under another team and account, in production as its limits want it."""
    said = pilot_file(platform)["config"]
    config = {key.partition(":")[2]: value for key, value in said.items()}
    config |= {"account": ACCOUNTS[platform], "team": "search", "environment": "prod", **words}
    for endpoint in config["endpoints"].values():
        if endpoint["kind"] == "online":
            endpoint |= {"min_replicas": 2, "max_replicas": 12}
    config["budget"]["monthly_usd"] = 60_000
    return config


def limited(folder: Path, config: dict[str, Any]) -> list[Finding]:
    """What the limits say of a stack."""
    file = folder / "Pulumi.search-prod.yaml"
    file.write_text(yaml.safe_dump({"config": {f"mlplatform:{key}": value for key, value in config.items()}}))
    findings = evaluate(preview(file), pack.RULES[config["platform"]]).findings
    return [finding for finding in findings if finding.rule.startswith(FAMILIES)]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_prod_with_large_gpus_is_held_to_the_limits_of_prod(platform: str, tmp_path: Path) -> None:
    config = stack(platform)
    config["endpoints"]["fraud-scorer"]["family"] = LARGE[platform]
    if platform == "aws":
        config["network"]["zones"] = ["us-east-1a", "us-east-1b", "us-east-1c"]
    found = limited(tmp_path, config)
    assert {finding.rule for finding in found} == {"quota-undeclared"}, "it fails for no account of the example"
    assert not [finding.message for finding in found if finding.mandatory]
    for finding in found:
        assert f"organisation/limits.yaml under quotas.{platform}.{ACCOUNTS[platform]}." in finding.message
        assert finding.stack_key


CHOICES: dict[str, tuple[str, str, Any]] = {
    "one replica": ("limits-replicas", "endpoints.fraud-scorer.min_replicas", 1),
    "many replicas": ("limits-replicas", "endpoints.fraud-scorer.max_replicas", 99),
    "a wide canary": ("rollback-traffic", "endpoints.fraud-scorer.canary.percent", 20),
    "a large budget": ("cost-budget", "budget.monthly_usd", 900_000),
}


def write_at(config: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        config = config[parent]
    config[last] = value


# On aws a stack file that says one replica is refused: it would have no canary.
@pytest.mark.sweep(3)
@pytest.mark.parametrize(
    ("choice", "platform"), [each for each in product(CHOICES, PLATFORMS) if each != ("one replica", "aws")]
)
def test_a_choice_beyond_the_limits_of_prod_is_found_at_its_key(platform: str, choice: str, tmp_path: Path) -> None:
    """The same stack with that key within the limits is the one above, which nothing is found in."""
    rule, key, wrong = CHOICES[choice]
    config = stack(platform)
    write_at(config, key, wrong)
    (finding,) = [finding for finding in limited(tmp_path, config) if finding.mandatory]
    assert finding.rule == rule and finding.stack_key and key.startswith(finding.stack_key)


def test_a_pilot_may_start_no_large_machine_and_test_may(tmp_path: Path) -> None:
    config = stack("gcp", environment="pilot")
    config["endpoints"]["fraud-scorer"] |= {"family": LARGE["gcp"], "max_replicas": 4}
    config["budget"]["monthly_usd"] = 4000
    found = [finding for finding in limited(tmp_path, config) if finding.mandatory]
    assert {(f.rule, f.stack_key) for f in found} == {("limits-machine-types", "endpoints.fraud-scorer")}
    assert not [f.message for f in limited(tmp_path, {**config, "environment": "test"}) if f.mandatory]


def test_too_few_zones_are_found_at_the_key_that_names_them(organisation: Path, tmp_path: Path) -> None:
    """A stack file names two zones at the least, which is what ships; a company asks for three."""
    three = limits.load().limits["zones-at-least"].model_dump() | {"value": 3}
    put(organisation, "limits.yaml", yaml.safe_dump({"environments": {"prod": {"zones-at-least": three}}}))
    forget()
    config = stack("aws")
    found = [finding for finding in limited(tmp_path, config) if finding.mandatory]
    assert {(f.rule, f.stack_key) for f in found} == {("limits-zones", "network.zones")}
    config["network"]["zones"] = ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert not [f.message for f in limited(tmp_path, config) if f.mandatory]
