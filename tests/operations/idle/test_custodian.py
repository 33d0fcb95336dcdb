"""The policies of Cloud Custodian: made from the same hours and figures, and loaded in c7n by `make custodian`."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.idle import Part, custodian, gcp
from operations.idle.decision import Judged, State
from operations.idle.report import Row
from stacks.config import STACKS

C7N = STACKS.parent / "policies" / "custodian" / ".venv" / "bin" / "custodian"


def row(endpoint: str, variant: str, state: State, stack: str = "") -> Row:
    return Row(stack, Part(f"{endpoint}/{variant}", "variant", None, endpoint), Judged(state, ""), "nobody")


ROWS = [
    row("left", "live", State.IDLE),
    row("half", "live", State.IDLE),
    row("half", "old", State.BUSY),
    row("unseen", "live", State.UNKNOWN),
    row("ours", "live", State.IDLE, "aws-pilot"),
]


def metrics(filters: Any) -> Iterator[Mapping[str, Any]]:
    for one in filters:
        yield from metrics(one["or"]) if "or" in one else [one] if str(one.get("type")).startswith("metric") else []


def test_on_aws_only_what_is_idle_as_a_whole_and_no_state_names_is_marked() -> None:
    (policy,) = custodian.policies("aws", ROWS, 72)
    assert policy["filters"][0]["value"] == ["left"] and policy["actions"][0]["type"] == "mark-for-op"
    assert custodian.policies("aws", ROWS[1:], 72) == []


def test_on_gcp_both_families_are_asked_and_standing_is_never_assumed() -> None:
    (policy,) = custodian.policies("gcp", [], 96)
    asked = {one["name"].removeprefix("aiplatform.googleapis.com/"): one for one in metrics(policy["filters"])}
    assert set(asked) == {*gcp.ANSWERED, *gcp.STANDING} and {one["days"] for one in asked.values()} == {4}
    assert {name for name, one in asked.items() if "missing-value" in one} == set(gcp.ANSWERED)


def test_on_azure_an_endpoint_of_which_nothing_is_seen_is_not_marked() -> None:
    (policy,) = custodian.policies("azure", [], 72)
    calls, any_figure = metrics(policy["filters"])
    assert (calls["no_data_action"], any_figure["no_data_action"]) == ("to_zero", "exclude")
    assert calls["timeframe"] == any_figure["timeframe"] == 72


@pytest.mark.skipif("MLPLATFORM_CUSTODIAN" not in os.environ, reason="Cloud Custodian takes a minute: `make custodian`")
def test_c7n_loads_every_policy(tmp_path: Path) -> None:
    files = custodian.write(tmp_path, ["aws", "gcp", "azure"], ROWS, 72)
    assert [file.name for file in files] == ["aws.yaml", "azure.yaml", "gcp.yaml"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_DEFAULT_REGION": "us-east-1"}

    def validated(*given: Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([C7N, "validate", *given], env=environment, capture_output=True, text=True, check=False)

    done = validated(*files)
    assert done.returncode == 0, done.stderr
    broken = yaml.safe_load(files[0].read_text("utf-8"))
    broken["policies"][0]["filters"].append({"type": "metrics", "name": "Invocations", "value": 1})
    files[0].write_text(yaml.safe_dump(broken), encoding="utf-8")
    assert validated(files[0]).returncode, "c7n has no metrics of a SageMaker endpoint; say so here once it has"
