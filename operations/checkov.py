"""Runs Checkov over a rendered graph, in Checkov's own environment (policies/checkov), as a child process.

Checkov takes seconds to import and a fraction of one to scan, so the process is started before there is anything to
scan and waits for it: `with CheckovScan.start(environment) as checkov: ...; result = checkov.scan(rendered)`.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from operations.rendering.rendered import Rendered


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
    """A check that a resource fails; `guideline` is a URL where Checkov knows one offline, `None` otherwise.

    `category` is Checkov's own, such as ENCRYPTION; empty where the check names none.
    """

    check_id: str
    check_name: str
    category: str = ""
    address: str
    guideline: str | None
    evaluated_keys: tuple[str, ...]


class ScanResult(_Record):
    """All that one scan found, by the document's addresses (see `Rendered.addresses`)."""

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

    def scan(self, rendered: Rendered, timeout_seconds: float = 120) -> ScanResult:
        """Scan what was rendered, a Terraform plan or an ARM template, and end the process.

        The document passes through a file that only this user can read and that is gone when this returns. Raises
        CheckovError when Checkov fails, does not answer in time, or cannot read the document.
        """
        with self, tempfile.TemporaryDirectory(prefix="mlplatform-checkov-") as folder:
            path = Path(folder) / "rendered.json"
            path.write_text(json.dumps(rendered.document), encoding="utf-8")
            try:
                output, errors = self._process.communicate(f"{rendered.framework} {path}\n", timeout_seconds)
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
        # Checkov reads what it cannot understand as an empty document, and an empty document passes everything.
        expected = len(rendered.addresses)
        if result.parsing_errors or result.resources != expected:
            raise CheckovError(f"Checkov read {result.resources} of the {expected} rendered resources.")
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
