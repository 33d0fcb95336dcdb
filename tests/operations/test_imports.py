"""Only the platform in use is imported: each cloud's SDK costs seconds and hundreds of megabytes."""

import json
import subprocess
import sys
from functools import cache

import pytest

from catalogue.platforms import PLATFORMS
from stacks.config import STACKS
from tests.previewing import preview

SDK = {name: platform.sdk for name, platform in PLATFORMS.items()}
_RUNS = """
import gc, json, sys
gc.disable()  # the process ends soon
from pathlib import Path
from catalogue.graph import Graph
from operations import preview, report, comparison
from operations.actual import command
from operations.fleet import verbs
from operations.judge import cost_of
from policies import pack
file = Path(sys.argv[1])
program = preview.Program.of(file)
graph = Graph.from_json(json.load(sys.stdin))
cost_of(graph)
pack.RULES[graph.platform]
judged = sorted(sys.modules)
from operations import offline
offline.preview(program.stack, program.config)
json.dump([judged, sorted(sys.modules)], sys.stdout)
"""


@cache
def _runs(platform: str) -> tuple[set[str], set[str]]:
    """What a fresh interpreter has imported when it has judged a platform's pilot, and when it has run it as well."""
    file = STACKS / f"Pulumi.{platform}-pilot.yaml"
    given = json.dumps(preview(file).to_json())
    done = subprocess.run(
        [sys.executable, "-c", _RUNS, str(file)],
        input=given,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=STACKS.parent,
    )
    judged, run = json.loads(done.stdout)
    return set(judged), set(run)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_program_imports_its_platform_and_no_other(platform: str) -> None:
    _, loaded = _runs(platform)
    assert SDK[platform] in loaded and f"components.{platform}" in loaded
    for other in set(PLATFORMS) - {platform}:
        for package in (SDK[other], f"components.{other}", f"stacks.{other}", f"sandbox.{other}", f"provider.{other}"):
            assert package not in loaded, f"{package} was imported for a stack on {platform}"


def test_azure_imports_only_the_modules_in_use() -> None:
    """The package names all its services at once and reads a service's files when it is touched."""
    parts = [name.split(".") for name in _runs("azure")[1] if name.startswith("pulumi_azure_native.")]
    services = {part[1] for part in parts if len(part) > 2}
    assert "machinelearningservices" in services
    assert len(services) < 25, f"{len(services)} services of Azure were imported: {sorted(services)}"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_judgement_imports_no_sdk_and_the_rules_of_one_platform(platform: str) -> None:
    loaded, _ = _runs(platform)
    assert not loaded & set(SDK.values())
    assert f"policies.{platform}" in loaded and f"catalogue.kinds.{platform}" in loaded
    assert not loaded & {"duckdb", "obstore"}, "only `cost --actual` reads a bill"
    assert "pulumi_policy" not in loaded, "the rules need the engine's library on the engine alone"
    for other in set(PLATFORMS) - {platform}:
        for package in (f"policies.{other}", f"operations.facts.{other}", f"catalogue.kinds.{other}"):
            assert package not in loaded, f"{package} was imported to judge a stack on {platform}"
