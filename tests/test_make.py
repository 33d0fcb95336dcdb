"""What `make` does where the shell has variables of its own."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_uvs_variable_names_the_projects_environment_and_no_other(tmp_path: Path) -> None:
    """A container sets UV_PROJECT_ENVIRONMENT for all that uv does. One path cannot be the environment of two projects:
    the second sync would overwrite the first (https://docs.astral.sh/uv/reference/environment/#uv_project_environment).
    """
    own = tmp_path / "venv"
    locks = [word for tool in ("checkov", "custodian") for word in ("-W", f"policies/{tool}/uv.lock")]
    done = subprocess.run(
        ["make", "--dry-run", *locks, "custodian"],
        cwd=ROOT,
        env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(own)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    synced = [line for line in lines if " sync " in line]
    others = [line for line in synced if "--project policies/" in line]
    assert len(others) == 2 and len(synced) == 3
    assert all(line.startswith("env -u UV_PROJECT_ENVIRONMENT ") for line in others)
    assert f"touch {own}/.synced" in lines and "touch .venv/.synced" not in lines
