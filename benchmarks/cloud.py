"""What the benchmarks must know of one platform. Each platform says it in `benchmarks/<platform>.py`, as CLOUD."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

ONLINE = (
    "kind: online, model: m, family: cpu-small, min_replicas: 1, max_replicas: 2, requests_per_replica_per_minute: 600,"
    " canary: {percent: 10, bake_minutes: 10}, rollback: {p95_latency_ms: 250, error_rate_percent: 1}"
)
"""An online endpoint in a stack file. In flow style a thousand of them fit into the largest stack file there may be."""


@dataclass(frozen=True)
class Cloud:
    """One platform in the benchmarks.

    `words` fill the head of a stack file (`benchmarks/stack_files.py`). Its endpoints take the forms in `endpoints` in
    turn. `looked_up` is what the program looks up and cannot go on without.

    `sizes` are the numbers of endpoints at which time and memory are measured, rising: below some hundreds a verdict is
    its start. `on_engine` is the number of endpoints that come up on the engine. A thousand take minutes in both, so
    one platform has them.
    """

    words: Mapping[str, str]
    looked_up: Mapping[str, Any]
    sizes: Sequence[int]
    on_engine: int
    endpoints: Sequence[str] = (ONLINE,)


def cloud_of(platform: str) -> Cloud:
    """What the benchmarks must know of a platform; no other platform's file is imported."""
    return import_module(f"benchmarks.{platform}").CLOUD
