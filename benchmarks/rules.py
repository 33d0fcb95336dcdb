"""The policy pack alone on a stack of some five thousand resources: offline, and as the engine asks it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.cloud import cloud_of
from benchmarks.processes import Spread, python, run
from benchmarks.stack_files import stack_text
from benchmarks.tables import met, table

RESOURCES = 5_000
ON_ENGINE = 500
"""Resources of the stack that is asked about as on the engine: Pulumi's server reads the whole stack anew for each
policy on it, which takes minutes at ten times as many."""
GOAL_SECONDS = 5.0
"""For the rules of one platform, after the preview."""


def section(environment: Mapping[str, str], folder: Path, platforms: Sequence[str], rounds: int) -> str:
    """Ask the pack in turn, platform by platform. Raises BenchmarkFailed when a command does not do its work."""
    ways = {"offline": "every rule over the graph", "engine": "every policy, as Pulumi's own server asks it"}
    sizes = {"offline": RESOURCES, "engine": ON_ENGINE}
    graphs = {(p, way): graph_of(environment, folder, p, size) for p in platforms for way, size in sizes.items()}
    told = {(platform, way): list[Mapping[str, float]]() for platform in platforms for way in ways}
    for platform in platforms:
        _asked(environment, graphs[platform, "offline"], "offline")  # fills the bytecode cache
    for turn in range(rounds):
        for platform in platforms:
            for way in ways if turn == 0 else ("offline",):
                told[platform, way].append(_asked(environment, graphs[platform, way], way))
    rows = [
        (
            f"{platform}: {figures[0]['resources']:,.0f} resources",
            ways[way],
            Spread.of([one["seconds"] for one in figures]).text(),
            Spread.of([one["cpu_seconds"] for one in figures]).text(),
            f"{figures[0]['found']:,.0f}",
        )
        for (platform, way), figures in told.items()
    ]
    goals = [
        f"- {platform}, every rule over the graph: goal less than {GOAL_SECONDS:g} CPU seconds: "
        f"**{met(max(one['cpu_seconds'] for one in told[platform, 'offline']) < GOAL_SECONDS)}**"
        for platform in platforms
    ]
    return "\n\n".join(
        [
            f"### The policy pack alone at {RESOURCES:,} resources and more",
            f"Rounds: {rounds} after one warm-up, the engine's way once, in turn. Median (minimum to maximum).",
            table(("platform", "what", "seconds", "CPU seconds", "findings"), rows),
            "\n".join(goals),
        ]
    )


def _asked(environment: Mapping[str, str], graph: Path, way: str) -> Mapping[str, float]:
    return json.loads(run(python("benchmarks.rules_once", graph, way), environment).stdout)


def graph_of(environment: Mapping[str, str], folder: Path, platform: str, resources: int) -> Path:
    """The graph of a stack with at least so many resources in the cloud, of as many endpoints as that takes."""

    def made(endpoints: int) -> tuple[Path, int]:
        name = f"rules-{platform}-{resources}"
        file, graph = folder / f"Pulumi.{name}.yaml", folder / f"{name}.graph.json"
        file.write_text(stack_text(platform, endpoints), encoding="utf-8")
        graph.write_bytes(run(python("benchmarks.program", file), environment).stdout)
        return graph, sum(one["custom"] for one in json.loads(graph.read_bytes())["resources"])

    few, more = (made(n)[1] for n in (2, 12))
    return made(2 + -(-(resources - few) * 10 // (more - few)) + len(cloud_of(platform).endpoints))[0]
