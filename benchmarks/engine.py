"""Measures a thousand endpoints on the real engine: which of the processes spends the processor's time."""

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.cloud import cloud_of
from benchmarks.processes import BenchmarkFailed
from benchmarks.stack_files import stack_text
from benchmarks.tables import met, table
from sandbox.engine import Engine
from sandbox.home import ROOT, Home
from sandbox.state import State
from sandbox.tools import find_cli, find_uv

MOST_A_STACK = 250
"""The engine hands a stack's config to its program in one variable: Linux takes 128 KiB, some 430 endpoints."""
GOAL = 0.5
WHO = ("engine", "program", "simulated", "ours")
"""Who spends: the CLI with its language hosts, `stacks/`, the simulated providers with the REST double, `provider/`."""
LOOK_SECONDS = 0.2
FAST = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
"""These switch off that Pulumi's file backend writes the whole state after each resource, which the engine pays for."""


@dataclass(frozen=True)
class Measured:
    """One `up`: wall-clock seconds, and CPU seconds by who spent them."""

    seconds: float
    cpu: Mapping[str, float]


def section(folder: Path, platforms: Sequence[str]) -> str:
    """Measure and describe. Raises BenchmarkFailed where an `up` does; without the CLI it says that it did not."""
    heading = "### A thousand endpoints on the real engine"
    cli, uv = find_cli(), find_uv()
    if cli is None or uv is None:
        return f"{heading}\n\nNot measured: the Pulumi CLI or uv is not on `PATH`."
    rows: list[tuple[str, ...]] = []
    verdicts: list[str] = []
    for platform in platforms:
        endpoints, home = cloud_of(platform).on_engine, Home(folder / f"sandbox-{platform}")
        home.lay_out()
        State(home.database).account.use()
        ups = list(_ups(Engine(home, cli, uv), folder, platform, endpoints))
        cpu = {who: sum(up.cpu[who] for up in ups) for who in WHO}
        resources, seconds = len(State(home.database).resources.all()), sum(up.seconds for up in ups)
        spent = tuple(f"{cpu[who]:,.1f}" for who in WHO)
        rows.append((platform, f"{endpoints:,}", f"{resources:,}", f"{seconds:,.0f}", *spent))
        share = cpu["simulated"] / (cpu["simulated"] + cpu["engine"])
        verdicts.append(
            f"- {platform}: of what they and the engine spend, the simulated providers spend {share:.2f}; of all, "
            f"{cpu['simulated'] / sum(cpu.values()):.2f}; goal below {GOAL} of the former: **{met(share < GOAL)}**"
        )
    heads = ("platform", "endpoints", "resources", "seconds", *(f"{who}, CPU s" for who in WHO))
    said = f"One run, without checkpoints, in stacks of {MOST_A_STACK} endpoints one after the other in one sandbox."
    return "\n\n".join([heading, said, table(heads, rows), "\n".join(verdicts)])


def _ups(engine: Engine, folder: Path, platform: str, endpoints: int) -> Iterator[Measured]:
    for number, first in enumerate(range(0, endpoints, MOST_A_STACK), 1):
        stack = f"bench{number}-{platform}"
        file = folder / f"Pulumi.{stack}.yaml"
        file.write_text(stack_text(platform, min(MOST_A_STACK, endpoints - first)), encoding="utf-8")
        engine.home.take(file)
        engine.make(stack)
        yield _up(engine, stack, folder / f"{stack}.log")


def _up(engine: Engine, stack: str, log: Path) -> Measured:
    """Bring one stack up. CPU seconds are those last seen of each process; this one has the REST double's."""
    command = [str(engine.cli), "up", "--yes", "--skip-preview", "--suppress-outputs", "--non-interactive"]
    spent: dict[int, tuple[str, float]] = {}
    with engine.environment() as environment, log.open("wb") as out:
        started, own, looking = time.perf_counter(), time.process_time(), 0.0
        process = psutil.Popen(
            [*command, "--stack", stack],
            cwd=engine.home.project,
            env={**environment, **FAST},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        while process.poll() is None:
            time.sleep(LOOK_SECONDS)
            before = time.thread_time()
            _look([process, *_children(process)], spent)
            looking += time.thread_time() - before
        seconds = time.perf_counter() - started
        double = time.process_time() - own - looking
    if process.returncode:
        said = next((line for line in log.read_text(errors="replace").splitlines() if "error: " in line), "no message")
        raise BenchmarkFailed(f"pulumi up of {stack} ended with {process.returncode}: {said.strip()}")
    cpu = {**dict.fromkeys(WHO, 0.0), "simulated": double}
    for who, used in spent.values():
        cpu[who] += used
    return Measured(seconds, cpu)


def _children(process: psutil.Popen) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []


def _look(processes: Sequence[psutil.Process], spent: dict[int, tuple[str, float]]) -> None:
    """Note what each process has spent so far, and whose it is."""
    for one in processes:
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            with one.oneshot():
                times, words = one.cpu_times(), " ".join(one.cmdline())
            spent[one.pid] = (_who(words), times.user + times.system)


def _who(command: str) -> str:
    if "sandbox.plugin" in command:
        return "simulated"
    if "/project/provider" in command or f"{ROOT}/provider" in command:
        return "ours"
    return "program" if "pulumi-language-python-exec" in command else "engine"
