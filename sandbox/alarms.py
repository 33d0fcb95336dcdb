"""Which alarms on endpoints ring in the simulated clouds: the alarms that stand there, read against the metrics."""

from sandbox.clouds import CLOUDS
from sandbox.clouds.alarm import Alarm, read_alarms
from sandbox.state import State
from sandbox.state.records import Record

ENDPOINTS = tuple(cloud.endpoint for cloud in CLOUDS.values())
"""The types that serve."""


def measured_as(endpoint: Record) -> str:
    """The name under which an endpoint's metrics are played in: the last part of its id."""
    return endpoint.id.rpartition("/")[2]


def alarms(state: State) -> list[Alarm]:
    """The alarms on endpoints, by type and in the order in which they were made."""
    return [alarm for cloud in CLOUDS.values() for alarm in read_alarms(state, cloud.alarms)]
