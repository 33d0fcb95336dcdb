"""Runs Checkov over a rendered plan, in Checkov's own environment (policies/checkov), as a child process.

Checkov takes seconds to import and a fraction of one to scan, so the process is started before there is a plan and
waits for it: `with CheckovScan.start(environment) as checkov: ...; result = checkov.scan(plan)`.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError


class CheckovError(Exception):
    """Checkov could not be started or did not finish; the message is one sentence."""


class CheckovMissing(CheckovError):
    """Checkov's environment has not been made."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Passed(_Record):
    """A check that a resource passes."""

    check_id: str
    address: str


class Failed(_Record):
    """A check that a resource fails; `guideline` is a URL where Checkov knows one offline, `None` otherwise."""

    check_id: str
    check_name: str
    address: str
    guideline: str | None
    evaluated_keys: tuple[str, ...]


class ScanResult(_Record):
    """All that one scan found, by Terraform address (see `Rendered.addresses`)."""

    checkov_version: str
    seconds_import: float
    seconds_scan: float
    passed: tuple[Passed, ...]
    failed: tuple[Failed, ...]
    resources: int
    parsing_errors: tuple[str, ...]


class CheckovScan:
    """One Checkov process, good for one scan."""

    def __init__(self, process: subprocess.Popen[str]):
        self._process = process

    @classmethod
    def start(cls, environment: Path) -> Self:
        """Start Checkov from `environment`, the folder with its `.venv` and `scan.py`; it imports while you work.

        Raises CheckovMissing when the environment has no interpreter.
        """
        python, script = environment / ".venv" / "bin" / "python", environment / "scan.py"
        if not python.exists():
            raise CheckovMissing(f"Checkov's environment {python.parent.parent} is missing: run make setup.")
        # Isolated (-I) and with little of our environment: PYTHONPATH would mix two sets of libraries, and variables
        # such as CHECKOV_RENDER_MAX_LEN or BC_API_KEY change what Checkov finds.
        kept = {key: value for key, value in os.environ.items() if key in ("HOME", "LANG", "PATH", "TMPDIR")}
        pipe = subprocess.PIPE
        command = [python, "-I", script]
        return cls(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=kept))

    def scan(self, plan: dict[str, Any], timeout_seconds: float = 120) -> ScanResult:
        """Scan `plan` (the JSON of a Terraform plan) and end the process.

        The plan passes through a file that only this user can read and that is gone when this returns. Raises
        CheckovError when Checkov fails, does not answer in time, or cannot read the plan.
        """
        with self, tempfile.TemporaryDirectory(prefix="mlplatform-checkov-") as folder:
            path = Path(folder) / "plan.json"
            path.write_text(json.dumps(plan), encoding="utf-8")
            try:
                output, errors = self._process.communicate(f"{path}\n", timeout_seconds)
            except subprocess.TimeoutExpired:
                raise CheckovError(f"Checkov did not finish within {timeout_seconds:g} seconds.") from None
            except ValueError:
                raise CheckovError("This Checkov process is closed: one process does one scan.") from None
        if self._process.returncode:
            last = next((line.strip() for line in reversed(errors.splitlines()) if line.strip()), "no message")
            raise CheckovError(f"Checkov failed with exit code {self._process.returncode}: {last}")
        try:
            result = ScanResult.model_validate_json(output)
        except ValidationError as error:
            raise CheckovError(f"Checkov's answer is not what scan.py promises: {error.errors()[0]['msg']}.") from None
        # Checkov reads what it cannot understand as an empty plan, and an empty plan passes everything.
        planned = len(plan["planned_values"]["root_module"]["resources"])
        if result.parsing_errors or result.resources != planned:
            raise CheckovError(f"Checkov read {result.resources} of the plan's {planned} resources.")
        return result

    def close(self) -> None:
        """Kill the process if it still runs, and close its pipes. May be called twice."""
        if self._process.poll() is None:
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:  # a line that it never read
                    continue
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
