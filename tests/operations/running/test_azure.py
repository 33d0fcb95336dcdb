"""A run on Azure ML is a job of what the schedule that stands says, in the one workspace of the stack."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from catalogue.errors import BadInput
from operations.running import azure
from provider.errors import ProviderError
from provider.rest import Door
from stacks.config import STACKS, read_stack_file

CONFIG = read_stack_file(STACKS / "Pulumi.azure-full.yaml")
SAID = {"jobType": "Pipeline", "jobs": {"prepare": {}, "train": {}}}


class Azure:
    """A subscription with so many workspaces, in which these schedules stand."""

    def __init__(self, *schedules: str, workspaces: int = 1, refuses: bool = False) -> None:
        self._schedules, self._workspaces, self._refuses = schedules, workspaces, refuses
        self.sent: list[tuple[str, str, Any]] = []

    def get(self, path: str, doing: str, params: object = None) -> Any:
        if path.endswith("/workspaces"):
            return {"value": [{"name": f"w{n}"} for n in range(self._workspaces)]}
        name = path.rpartition("/schedules/")[2]
        return {"properties": {"action": {"jobDefinition": SAID}}} if name in self._schedules else None

    def call(self, method: str, path: str, doing: str, params: object = None, json: Any = None) -> Any:
        if self._refuses:
            raise ProviderError("403 AuthorizationFailed")
        self.sent.append((method, path, json))
        return SimpleNamespace(body={"id": path})


def send(there: Azure, section: str, name: str) -> str:
    return azure.sent(cast(Door, there), "azure-full", CONFIG, section, name)


@pytest.mark.parametrize(("section", "name"), [("pipelines", "fraud-path"), ("training", "fraud-training")])
def test_a_run_is_a_job_of_what_the_schedule_says(section: str, name: str) -> None:
    there = Azure(name)
    id_ = send(there, section, name)
    ((method, path, body),) = there.sent
    assert method == "PUT" and path == id_ and f"/workspaces/w0/jobs/{name}-" in path
    assert body == {"properties": SAID}
    assert azure.start("azure-full", CONFIG, section, name).command.startswith(f"az ml schedule trigger --name {name} ")


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (Azure(), "no schedule of that name stands"),
        (Azure("fraud-path", workspaces=2), "has 2 workspaces"),
        (Azure("fraud-path", refuses=True), "Azure starts no run .*AuthorizationFailed.*az login"),
    ],
)
def test_what_starts_nothing_is_one_sentence_of_its_item(there: Azure, said: str) -> None:
    with pytest.raises(BadInput, match=rf"^pipelines\.fraud-path: .*{said}"):
        send(there, "pipelines", "fraud-path")
    assert not there.sent
