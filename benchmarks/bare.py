"""Runs the program of one stack under Pulumi's own mocks. The other measurements are compared with this one.

`python -m benchmarks.bare CONFIG_JSON STACK` records and judges nothing. CONFIG_JSON is the config as the engine would
hand it over, already validated.
"""

import json
import runpy
import sys
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.config import set_all_config

from benchmarks.cloud import cloud_of

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "mlplatform"
_ASSIGNED = "userAssignedIdentities"


class Mocks(mocks.Mocks):
    """Every resource gets an id, an ARN, a name and its inputs back, in the form that its SDK can read."""

    def __init__(self, platform: str) -> None:
        self._looked_up = cloud_of(platform).looked_up

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        name = f"{args.name}-id"
        inputs = dict(cast(dict[str, Any], args.inputs))
        identity: dict[str, Any] = inputs.get("identity", {})
        if _ASSIGNED in identity:  # Azure takes a list and answers with a map
            inputs["identity"] = {**identity, _ASSIGNED: {id_: {} for id_ in identity[_ASSIGNED]}}
        # With a slash: Azure's ids are paths, and the program knows an id from a name by it.
        return f"mock/{name}", {"arn": f"arn:aws:mock:us-east-1:111122223333:{name}", "name": name, **inputs}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        return {**args.args, **self._looked_up}, []


def main() -> None:
    """Run the program once."""
    config: dict[str, str] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    set_all_config(config)
    answers = Mocks(config[f"{PROJECT}:platform"])
    monitor = mocks.MockMonitor(answers)
    mocks.set_mocks(answers, project=PROJECT, stack=sys.argv[2], preview=True, monitor=monitor)
    cast(Any, mocks).test(_program)()  # it has no types of its own
    print(len(monitor.get_registered_resources()))


def _program() -> None:
    runpy.run_path(str(ROOT / "stacks"), run_name="__main__")


if __name__ == "__main__":
    try:
        main()
    except pulumi.RunError as error:
        sys.exit(str(error))
