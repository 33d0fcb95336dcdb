"""Stack files of other teams, regions and environments: each passes, or fails for its own choice and names its key."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from catalogue.hardware import catalogue
from catalogue.platforms import PLATFORMS
from components.azure.names import worldwide
from operations.verdict import Verdict
from stacks.config import NAMESPACE
from tests import sharing
from tests.catalogue.test_guards import left_open
from tests.operations.test_judge import judged
from tests.previewing import preview
from tests.stack_files import pilot_file

Config = dict[str, Any]


def moved(platform: str, region: str) -> Config:
    """The platform's pilot in another region. Every word that names its own region, or its registry on Azure, goes
    along: the stack is called claims."""
    config = pilot_file(platform)["config"]
    text = yaml.safe_dump(config).replace(config[f"{NAMESPACE}:region"], region)
    own, ours = (worldwide(stack, config[f"{NAMESPACE}:account"], "images") for stack in ("azure-pilot", "claims"))
    words: Config = yaml.safe_load(text.replace(own, ours))
    return {key.removeprefix(f"{NAMESPACE}:"): value for key, value in words.items()}


def file_of(config: Config, folder: Path) -> Path:
    file = folder / "Pulumi.claims.yaml"
    file.write_text(yaml.safe_dump({"config": {f"{NAMESPACE}:{key}": value for key, value in config.items()}}))
    return file


def fails_of(verdict: Verdict) -> set[tuple[str, str | None]]:
    return {(found.rule, found.stack_key) for found in verdict.failing}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_passes_or_fails_for_a_choice_of_its_own_and_going_back_on_it_removes_the_finding(
    platform: str, tmp_path: Path
) -> None:
    known = catalogue.load(platform)
    # On gcp people's machines stand in a zone, and the catalogue knows the zones of some regions only.
    zones = {zone.rpartition("-")[0]: zone for zone in known.families["cpu-small"].zones or ()}
    regions = [region for region in known.regions if region in zones] or known.regions
    online = [name for name, family in known.families.items() if "online" in family.uses and not family.absent]

    @settings(
        max_examples=sharing.examples(2, 2), deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate]
    )
    @given(
        region=st.sampled_from(regions),
        team=st.sampled_from(["claims", "search-ranking"]),
        environment=st.sampled_from(["pilot", "dev", "test", "prod"]),
        family=st.sampled_from(online),
        replicas=st.integers(2, 40),
    )
    def holds(region: str, team: str, environment: str, family: str, replicas: int) -> None:
        config = moved(platform, region)
        config |= {"team": team, "owner": f"{team}@acme.example", "environment": environment}
        if region in zones:
            config["workspace"]["zone"] = zones[region]
        name = next(name for name, item in config["endpoints"].items() if item["kind"] == "online")
        calm = config["endpoints"][name] | {"min_replicas": 2}
        config["endpoints"][name] = calm | {"family": family, "max_replicas": replicas}
        graph = preview(file_of(config, tmp_path))
        assert left_open(graph) == [], "whoever's stack it is, a partial destroy leaves no store unguarded"
        verdict = judged(graph)
        assert all(key for _, key in fails_of(verdict)), fails_of(verdict)
        if verdict.cost.unknown_lines:
            assert not any("the ceiling is" in found.message and "under" in found.message for found in verdict.findings)
        back = judged(preview(file_of(config | {"endpoints": config["endpoints"] | {name: calm}}, tmp_path)))
        mine = {found for found in fails_of(verdict) if found[1] == f"endpoints.{name}"}
        assert not mine & fails_of(back), "going back on the choice removes what it was found for"

    holds()
