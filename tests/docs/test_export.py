"""The page on leaving a platform: its commands are gone through in order, and its tables say what the code does."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from catalogue import versions
from operations.export import layout, reading, serving
from stacks.config import STACKS
from tests.commanding import command
from tests.registered import registered

ROOT = STACKS.parent
PAGE = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")


def test_the_page_is_gone_through(tmp_path: Path) -> None:
    """What the page trains is registered here without training; all else is typed as it stands, in another `out`."""
    trains, *typed = "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)).splitlines()
    assert trains == "uv run python -m examples.train" and len(typed) == 5
    for platform in ("aws", "gcp"):
        made = registered(tmp_path / platform, platform)
        shutil.copytree(made, tmp_path / "out" / "example" / "version" / platform)
    for line in typed:
        words = shlex.split(line.removeprefix("uv run mlplatform ").replace(" out/", f" {tmp_path}/out/"))
        words = [f"{tmp_path}/sandbox/" if word == "leaving" else word for word in words]
        done = command(*words)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        if "--verify" in line:
            assert "answers outside of its platform as it was recorded" in done.stdout


def test_the_approval_on_the_page_is_one() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    said = json.loads(shown.replace("sha256:…", f"sha256:{'0' * 64}"))
    assert versions.read_approval(versions.canonical(said), "approval.json").decision == "approved"


def test_the_tables_say_what_the_code_does() -> None:
    types = {word: kind for kind, word in re.findall(r"`(application/vnd\.cncf\.model\.(\S+))`", PAGE)}
    assert sorted(types.values()) == sorted((layout.WEIGHT, layout.CONFIG, layout.DOC))
    assert re.findall(r"^\| `([^`]+)` \| yes", PAGE, re.M) == [*serving.READERS]
    assert f"{reading.MOST_FILES:,} files" in PAGE and f"{reading.MOST_BYTES // 1024**3} GiB" in PAGE
    assert all(f"`{name}`" in PAGE for name in layout.BESIDE)


@pytest.mark.parametrize("link", sorted({*re.findall(r"\]\((\.\./[^)#]+)", PAGE)}))
def test_each_page_that_it_names_is_there(link: str) -> None:
    assert (ROOT / "docs" / link).exists()
