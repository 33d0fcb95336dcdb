"""Azure ML deletes no schedule that is on, so a teardown switches each off before."""

from typing import Any, cast

import pytest

from catalogue.graph import Graph
from catalogue.kinds.azure.machinelearningservices_jobs import SCHEDULE
from operations.teardown import Refused, azure, plan
from provider.arm import Arm
from provider.errors import ProviderError

ON, OFF, GONE = (f"/subscriptions/s/workspaces/w/schedules/{name}" for name in ("on", "off", "gone"))


class There:
    """A workspace with one schedule that is on, and one that is off."""

    def __init__(self, refuses: bool = False) -> None:
        self._refuses = refuses
        self.sent: list[tuple[str, Any]] = []

    def get(self, path: str, doing: str) -> Any:
        said = {"trigger": {"expression": "0 3 * * *"}, "provisioningState": "Succeeded", "isEnabled": path == ON}
        return None if path == GONE else {"id": path, "properties": said}

    def put(self, path: str, body: Any, doing: str) -> None:
        if self._refuses:
            raise ProviderError("403 AuthorizationFailed")
        self.sent.append((path, body))


def test_a_schedule_that_is_on_is_written_as_it_stands_and_off() -> None:
    there = There()
    azure.switch_off(cast(Arm, there), [ON, OFF, GONE])
    assert there.sent == [(ON, {"properties": {"trigger": {"expression": "0 3 * * *"}, "isEnabled": False}})]


def test_who_may_not_switch_it_off_is_told_which() -> None:
    with pytest.raises(Refused, match=r"^the schedule on is on, and Azure deletes none that is: 403 Auth"):
        azure.switch_off(cast(Arm, There(refuses=True)), [ON])


def test_each_schedule_that_goes_is_stopped_and_none_that_stays(azure_pilot: Graph) -> None:
    wanted = plan(azure_pilot, frozenset({"registry", "artifacts", "audit", "homes"}))
    stopped = {one.name for one in wanted.stopped}
    assert stopped and stopped == {one.name for one in azure_pilot.of(SCHEDULE)}
