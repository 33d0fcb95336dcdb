"""Runs Checkov over rendered graphs, in Checkov's own environment (policies/checkov), in one warm process.

Checkov takes seconds to import, and a fraction of a second to scan. So the process starts before there is anything to
scan, and forks a child for each scan:
`with Checkov.start(environment) as checkov: ...; result = checkov.scan(rendered)`.
"""

import json
import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from operations.rendering.rendered import Rendered
from operations.warm import Warm, WarmEnded


class CheckovError(Exception):
    """Checkov could not be started or did not finish. The message is one sentence."""


class CheckovMissing(CheckovError):
    """Checkov's environment has not been made."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Passed(_Record):
    """A check that a resource passes."""

    check_id: str
    address: str


class FailedCheck(_Record):
    """A check that a resource fails. `guideline` is a URL, or None where Checkov knows none offline.

    `category` is Checkov's own, such as ENCRYPTION. It is empty where the check names none.
    """

    check_id: str
    check_name: str
    category: str = ""
    address: str
    guideline: str | None
    evaluated_keys: tuple[str, ...]


class ScanResult(_Record):
    """The result of one scan, by the document's addresses (see `Rendered.addresses`). `seconds` is processor time."""

    checkov_version: str
    seconds: float
    passed: tuple[Passed, ...]
    failed: tuple[FailedCheck, ...]
    resources: int
    parsing_errors: tuple[str, ...]


class Checkov:
    """A warm Checkov process for any number of scans, several at once. Leaving the `with` ends them."""

    def __init__(self, warm: Warm):
        self._warm = warm

    @classmethod
    def start(cls, environment: Path, *, one: bool = False) -> Self:
        """Start Checkov from `environment`, the folder with its `.venv` and `scan.py`; with `one`, for one scan alone.

        Returns while Checkov still imports.

        Raises CheckovMissing when the environment has no interpreter.
        """
        python, script = environment / ".venv" / "bin" / "python", environment / "scan.py"
        if not python.exists():
            raise CheckovMissing(f"Checkov's environment {python.parent.parent} is missing: run make setup.")
        # Start it isolated (-I) and with few of our variables. PYTHONPATH would mix two sets of libraries. Others, such
        # as CHECKOV_RENDER_MAX_LEN and BC_API_KEY, change what Checkov finds.
        kept = {key: value for key, value in os.environ.items() if key in ("HOME", "LANG", "PATH", "TMPDIR")}
        return cls(Warm([python, "-I"], [script], kept, one=one))

    def scan(self, rendered: Rendered, timeout_seconds: float = 120) -> ScanResult:
        """Scan what was rendered, a Terraform plan or an ARM template. Any thread may call this.

        The document goes through a file that only this user can read. The file is gone when this returns. Raises
        CheckovError when Checkov fails, does not answer in time, or cannot read the document.
        """
        with tempfile.TemporaryDirectory(prefix="mlplatform-checkov-") as folder:
            path = Path(folder) / "rendered.json"
            path.write_text(json.dumps(rendered.document), encoding="utf-8")
            try:
                done = self._warm.run(f"{rendered.framework} {path}\n", timeout_seconds)
            except TimeoutError:
                raise CheckovError(f"Checkov did not finish within {timeout_seconds:g} seconds.") from None
            except WarmEnded as ended:
                raise CheckovError(f"Checkov failed with exit code {ended.code}: {ended}") from None
        if done.code:
            raise CheckovError(f"Checkov failed with exit code {done.code}: {done.last_line}")
        promised = "Checkov's answer is not what scan.py promises"
        try:
            result = ScanResult.model_validate({**json.loads(done.out), "seconds": done.seconds})
        except ValidationError as error:
            raise CheckovError(f"{promised}: {error.errors()[0]['msg']}.") from None
        except (TypeError, ValueError):
            raise CheckovError(f"{promised}: it is no JSON object.") from None
        # Checkov reads a document that it does not understand as an empty one, and an empty one passes everything.
        expected = len(rendered.addresses)
        if result.parsing_errors or result.resources != expected:
            raise CheckovError(f"Checkov read {result.resources} of the {expected} rendered resources.")
        return result

    @property
    def pid(self) -> int:
        """The id of the warm process."""
        return self._warm.pid

    def close(self) -> None:
        """End the process and its scans. May be called twice."""
        self._warm.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
