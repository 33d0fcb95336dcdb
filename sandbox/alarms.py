"""Which alarms on endpoints ring in the simulated clouds. Each standing alarm is read against the metrics."""

from sandbox.clouds import CLOUDS
from sandbox.clouds.alarm import Alarm, read_alarms
from sandbox.state import State
from sandbox.state.records import Record

ENDPOINTS = tuple(cloud.endpoint for cloud in CLOUDS.values())
"""The types that serve."""


def measured_as(endpoint: Record) -> str:
    """The last part of an endpoint's id. A person plays in its metrics under this name."""
    return endpoint.id.rpartition("/")[2]


def alarms(state: State) -> list[Alarm]:
    """The alarms on endpoints, sorted by type and then by the order in which they were made."""
    return [alarm for cloud in CLOUDS.values() for alarm in read_alarms(state, cloud.alarms)]
