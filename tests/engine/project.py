"""A project of somebody else, in Python or TypeScript, that uses the component packages and the policy pack.

It has folders named like ours, an environment of its own, and our packages from a copy of their folders alone.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sandbox.engine import Engine, EngineFailed
from sandbox.home import ROOT

STACK = "dev"
_NAMED_ALIKE = ("catalogue", "components", "policies", "provider", "stacks")
_PYTHON = {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}
_PACKAGE = {
    "name": "shop",
    "main": "index.ts",
    "dependencies": {"@pulumi/pulumi": "^3.150.0"},
    "devDependencies": {"@types/node": "^20", "typescript": "^5"},
}
_COMPILER = {"compilerOptions": {"strict": True, "target": "es2020", "module": "commonjs", "moduleResolution": "node"}}


def copied(folder: Path) -> Path:
    """A copy of what a component package needs of the repository, and nothing else."""
    unwanted = shutil.ignore_patterns("__pycache__", ".venv")
    for name in ("catalogue", "components", "provider"):
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    return folder


@dataclass(frozen=True)
class Project:
    """The project in `folder`; `engine` is that of the sandbox where it deploys."""

    folder: Path
    engine: Engine

    def write(self, program: Path, config: Mapping[str, Any], *needs: str) -> None:
        """Lay the project out around the program, with its stack made. `needs` are what it imports beside Pulumi."""
        for name in _NAMED_ALIKE:
            (self.folder / name).mkdir(parents=True)
            (self.folder / name / "__init__.py").write_text('"""The shop\'s own."""\n', encoding="utf-8")
        typescript = program.suffix == ".ts"
        about: dict[str, Any] = {"name": "shop", "runtime": "nodejs" if typescript else _PYTHON}
        # What our components make of our own provider, that plugin serves.
        about["plugins"] = {"providers": [{"name": "mlplatform", "path": str(ROOT / "provider")}]}
        self._write("Pulumi.yaml", about)
        self._write(f"Pulumi.{STACK}.yaml", {"config": dict(config)})
        if typescript:
            self._write("package.json", _PACKAGE)
            self._write("tsconfig.json", _COMPILER)
            shutil.copy(program, self.folder / "index.ts")
        else:
            pinned = "".join(f"{name}=={version(name)}\n" for name in ("pulumi", *needs))
            (self.folder / "requirements.txt").write_text(pinned, encoding="utf-8")
            shutil.copy(program, self.folder / "__main__.py")
        self.pulumi("stack", "init", STACK)

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        (self.folder / name).write_text(json.dumps(content, indent=2), encoding="utf-8")  # JSON is YAML, too

    def add(self, checkout: Path, platform: str) -> None:
        """Add a platform's package: Pulumi installs what it needs, and generates the SDK in the project's language."""
        self.pulumi("package", "add", str(checkout / "components" / platform))

    def pulumi(self, *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
        """Run a command of the CLI in the project. Raises EngineFailed with all that it printed."""
        with self.engine.environment() as environment:
            done = subprocess.run(
                [str(self.engine.cli), *arguments, "--non-interactive"],
                cwd=cwd or self.folder,
                env={**environment, **(env or {})},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise EngineFailed(f"pulumi {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr
