"""Only the platform in use is imported: each cloud's SDK costs seconds and hundreds of megabytes."""

import json
import subprocess
import sys
from functools import cache

import pytest

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from stacks.config import STACKS

SDK = {name: platform.sdk for name, platform in PLATFORMS.items()}
_PROGRAM = """
import gc, json, sys
gc.disable()  # the process ends soon
from pathlib import Path
from operations.offline import preview
from stacks.config import stack_name, to_engine
file = Path(sys.argv[1])
preview(stack_name(file), to_engine(file))
json.dump(sorted(sys.modules), sys.stdout)
"""
_JUDGEMENT = """
import gc, json, sys
gc.disable()  # the process ends soon
from pathlib import Path
from catalogue.graph import Graph
from operations import preview, report, comparison
from operations.actual import command
from operations.fleet import verbs
from operations.judge import cost_of
from policies import pack
preview.Program.of(Path(sys.argv[1]))
graph = Graph.from_json(json.load(sys.stdin))
cost_of(graph)
pack.RULES[graph.platform]
json.dump(sorted(sys.modules), sys.stdout)
"""


@cache
def modules(program: str, platform: str, given: str = "") -> set[str]:
    """What a fresh interpreter has imported when it has run the program on this platform's pilot."""
    command = [sys.executable, "-c", program, str(STACKS / f"Pulumi.{platform}-pilot.yaml")]
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, check=True, timeout=120, cwd=STACKS.parent
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_program_imports_its_platform_and_no_other(platform: str) -> None:
    loaded = modules(_PROGRAM, platform)
    assert SDK[platform] in loaded and f"components.{platform}" in loaded
    for other in set(PLATFORMS) - {platform}:
        for package in (SDK[other], f"components.{other}", f"stacks.{other}", f"sandbox.{other}", f"provider.{other}"):
            assert package not in loaded, f"{package} was imported for a stack on {platform}"


def test_azure_imports_only_the_modules_in_use() -> None:
    """The package names all its services at once and reads a service's files when it is touched."""
    parts = [name.split(".") for name in modules(_PROGRAM, "azure") if name.startswith("pulumi_azure_native.")]
    services = {part[1] for part in parts if len(part) > 2}
    assert "machinelearningservices" in services
    assert len(services) < 25, f"{len(services)} services of Azure were imported: {sorted(services)}"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_judgement_imports_no_sdk_and_the_rules_of_one_platform(
    platform: str, request: pytest.FixtureRequest
) -> None:
    pilot: Graph = request.getfixturevalue(f"{platform}_pilot")
    loaded = modules(_JUDGEMENT, platform, json.dumps(pilot.to_json()))
    assert not loaded & set(SDK.values())
    assert f"policies.{platform}" in loaded and f"catalogue.kinds.{platform}" in loaded
    assert not loaded & {"duckdb", "obstore"}, "only `cost --actual` reads a bill"
    assert "pulumi_policy" not in loaded, "the rules need the engine's library on the engine alone"
    for other in set(PLATFORMS) - {platform}:
        for package in (f"policies.{other}", f"operations.facts.{other}", f"catalogue.kinds.{other}"):
            assert package not in loaded, f"{package} was imported to judge a stack on {platform}"
