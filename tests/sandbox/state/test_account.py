"""What was done by hand in an account: a new one has nothing, one in use lacks nothing."""

from pathlib import Path

import pytest

from sandbox.state import State
from sandbox.state.account import NEW_QUOTA


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state.sqlite")


def test_a_new_account_has_nothing_and_one_in_use_lacks_nothing(state: State) -> None:
    new = state.account
    assert not new.has_service("compute.googleapis.com") and not new.has_image("a/b:1")
    assert not new.has_artifact("s3://b/m.tar.gz") and new.quota("ml.g5.xlarge for endpoint usage") == NEW_QUOTA
    new.use()
    assert new.has_service("compute.googleapis.com") and new.has_image("a/b:1")
    assert new.has_artifact("s3://b/m.tar.gz") and new.quota("ml.g5.xlarge for endpoint usage") is None


def test_what_is_done_is_there_for_another_process(state: State, tmp_path: Path) -> None:
    state.account.enable("Microsoft.Network")
    state.account.raise_quota("vCPUs", 8)
    state.account.raise_quota("vCPUs", 4)
    state.account.push("a.azurecr.io/scorer:1")
    other = State(tmp_path / "state.sqlite").account
    assert (other.services(), other.quotas(), other.images()) == (
        ["Microsoft.Network"],
        {"vCPUs": 4},
        ["a.azurecr.io/scorer:1"],
    )


@pytest.mark.parametrize(
    ("uploaded", "wanted", "there"),
    [
        ("gs://models/fraud/1/", "gs://models/fraud/1/", True),
        ("gs://models/fraud/1/model.json", "gs://models/fraud/1/", True),
        ("gs://models/fraud/1", "gs://models/fraud/1/", True),
        ("gs://models/fraud/12/", "gs://models/fraud/1/", False),
        (
            "azureml://datastores/artifacts/paths/fraud/1/",
            "azureml://subscriptions/s/resourceGroups/g/workspaces/w/datastores/artifacts/paths/fraud/1/",
            True,
        ),
        ("s3://models/fraud/1/model.tar.gz", "s3://models/fraud/2/model.tar.gz", False),
    ],
)
def test_an_artifact_is_a_file_or_a_folder_with_something_in_it(
    state: State, uploaded: str, wanted: str, there: bool
) -> None:
    state.account.upload(uploaded)
    assert state.account.has_artifact(wanted) is there
