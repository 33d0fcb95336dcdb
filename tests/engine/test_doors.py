"""The doors for a project of somebody else, on the real engine: files that it writes, levels, and tags that are given.

The project has an explicit provider, a secret, and a component that another plugin makes.
"""

import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from operations.checking import check, graph_of
from operations.checkov import ScanResult
from operations.rendering.rendered import Rendered
from sandbox.engine import Engine, EngineFailed
from sandbox.home import ROOT
from tests.engine.project import STACK, Project

pytestmark = pytest.mark.usefixtures("long")
STRANGERS = Path(__file__).parent / "strangers"
PACK = ROOT / "policies"
PLANTED = "hunter2-planted"


def nothing(rendered: Rendered) -> ScanResult:
    return ScanResult(
        checkov_version="0", seconds=0, passed=(), failed=(), resources=len(rendered.addresses), parsing_errors=()
    )


@pytest.fixture
def shop(tmp_path: Path, sandbox: Callable[[], Engine]) -> Project:
    """The project, with an environment that has pip, which the engine asks, and our packages by a path."""
    project = Project(tmp_path / "shop", sandbox())
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (site / "ours.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    runtime = {"name": "python", "options": {"virtualenv": str(tmp_path / "venv")}}
    plugin = tmp_path / "store"
    plugin.mkdir()
    (plugin / "__main__.py").write_bytes((STRANGERS / "store.py").read_bytes())
    (plugin / "PulumiPlugin.yaml").write_text(json.dumps({"runtime": runtime}), encoding="utf-8")
    project.folder.mkdir()
    (project.folder / "__main__.py").write_bytes((STRANGERS / "shop.py").read_bytes())
    about: dict[str, Any] = {"name": "shop", "runtime": runtime}
    about["plugins"] = {"providers": [{"name": "store", "path": str(plugin)}]}
    (project.folder / "Pulumi.yaml").write_text(json.dumps(about), encoding="utf-8")
    project.pulumi("stack", "init", STACK)
    project.pulumi("config", "set", "--secret", "team", PLANTED, "--stack", STACK)
    return project


def kept(project: Project, name: str, *words: str) -> Path:
    """A file with what a command printed, from its first brace on."""
    said = project.pulumi(*words, "--stack", STACK)
    file = project.folder / f"{name}.json"
    file.write_text(said[said.index("{") : said.rindex("}") + 1], encoding="utf-8")
    assert PLANTED not in said
    return file


def found(file: Path) -> set[tuple[str, str | None, bool]]:
    checked = check(graph_of(file), nothing, date.today())
    assert PLANTED not in "".join(one.model_dump_json() for one in checked.findings)
    return {(one.rule, one.resource, one.mandatory) for one in checked.findings if one.source == "policy"}


def test_a_file_is_judged_as_the_engine_judges_the_program_and_the_state(shop: Project) -> None:
    first = found(kept(shop, "first", "preview", "--json", "--show-secrets"))
    shop.pulumi("up", "--yes", "--stack", STACK)
    preview = found(kept(shop, "preview", "preview", "--json", "--show-sames"))
    state = found(kept(shop, "state", "stack", "export"))
    assert first == preview == state and ("encryption-bucket-whole", "shop-bucket", True) in state
    with pytest.raises(EngineFailed) as refused:
        shop.pulumi("policy", "analyze", "--policy-pack", str(PACK), "--stack", STACK)
    line = (
        r"\[(mandatory|advisory)\] (?:\[severity: \w+\] )? ?(?:aws-)?([\w-]+?)(?:-elsewhere)?  \([\w:/-]+: ([\w-]+)\)"
    )
    told = {(rule, name, level == "mandatory") for level, rule, name in re.findall(line, str(refused.value))}
    # Of a program of others `check` says once, of the stack, what wants our words; the engine names the stack itself.
    ours = {"cost-tags", "audit-trail", "cost-budget"}
    assert {one for one in told if one[0] not in ours} == {one for one in state if one[0] not in ours}
    assert {rule for rule, _, _ in told} == {rule for rule, _, _ in state}


def test_no_config_lowers_what_is_never_waived_and_one_gives_missing_tags(shop: Project, tmp_path: Path) -> None:
    def up(config: dict[str, Any]) -> str:
        (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
        words = ("--policy-pack", str(PACK), "--policy-pack-config", str(tmp_path / "config.json"))
        return shop.pulumi("up", "--yes", "--stack", STACK, *words)

    shop.pulumi("config", "set", "open", "true", "--stack", STACK)
    with pytest.raises(EngineFailed) as refused:
        up({"all": "disabled"})
    said = str(refused.value)
    assert "[mandatory] [severity: critical]  aws-network-subnet-private" in said and "aws-cost-tags" not in said
    assert "never waived or needed by the others; their levels stay" in said
    shop.pulumi("config", "rm", "open", "--stack", STACK)
    with pytest.raises(EngineFailed, match=r"aws-tags-given: tags\.team: Does not match pattern"):
        up({"aws-tags-given": {"enforcementLevel": "remediate", "tags": {"team": "a|b"}}})
    tags = {"team": "given", "owner": "given"}
    said = up({"all": "advisory", "aws-tags-given": {"enforcementLevel": "remediate", "tags": tags}})
    assert "[remediate]  aws-tags-given" in said
    made = json.loads(kept(shop, "given", "stack", "export").read_text(encoding="utf-8"))["deployment"]["resources"]
    (bucket,) = (one["inputs"]["tags"] for one in made if one["urn"].endswith("::shop-bucket"))
    assert bucket["owner"] == "given" and "ciphertext" in bucket["team"], "a secret that is there stays one"
