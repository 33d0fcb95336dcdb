"""Asks the accounts of several stacks what is idle: each stack with its file, its state and its rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalogue.errors import BadInput
from operations.arguments import file_of
from operations.asked import as_asked
from operations.doctor import NoCredentials, Unseen
from operations.idle import Part, Platform, of, unread
from operations.idle.decision import Judged, State
from operations.idle.report import Row, of_account, of_stack
from operations.standing import reading
from operations.standing.reading import Standing
from stacks.config import STACKS, read_stack_file, stack_name
from stacks.model import StackConfig

LONGEST_HOURS = 24 * 30
"""Cloud Monitoring keeps hourly figures for six weeks: https://docs.cloud.google.com/monitoring/quotas. The others keep
them for longer."""


@dataclass(frozen=True)
class Stack:
    """One stack that is asked about: its file, what the file says, and what stands of it."""

    file: Path
    name: str
    config: StackConfig
    standing: Standing


@dataclass(frozen=True)
class Answers:
    """What all stacks were found to have, and with `--account` what no state names."""

    stacks: tuple[Stack, ...]
    rows: tuple[Row, ...]


def hours(said: str) -> int:
    """The hours of `--since`. Raises BadInput for anything but 72h or 3d, and for more than thirty days."""
    found = re.fullmatch(r"([1-9][0-9]{0,3})([hd])", said)
    count = int(found[1]) * (24 if found[2] == "d" else 1) if found else 0
    if not 1 <= count <= LONGEST_HOURS:
        raise BadInput(f"--since: found {said[:40]!r}, allowed: hours or days such as 72h or 3d, at most 30d")
    return count


def stacks(names: Sequence[str], standing: Path | None) -> tuple[Stack, ...]:
    """The stacks of these names, or all of `stacks/`, with what stands of each.

    `standing` is a file of one stack, or a folder with `<stack>.json` of each; without it the engine is asked.
    """
    files = [file_of(name) for name in names] or sorted(STACKS.glob("Pulumi.*.yaml"))
    if standing is not None and not standing.is_dir() and len(files) > 1:
        raise BadInput(f"--standing: {standing} is no folder, and there are {len(files)} stacks; name one stack")
    return tuple(_stack(file, standing) for file in files)


def _stack(file: Path, standing: Path | None) -> Stack:
    config, name = read_stack_file(file), stack_name(file)
    kept = standing / f"{name}.json" if standing is not None and standing.is_dir() else standing
    return Stack(file, name, config, reading.stands(kept, name, config.platform))


def ask(asked: Sequence[Stack], since_hours: int, account_too: bool) -> Answers:
    """The rows of every stack. What goes wrong in one account makes its stacks unknown, and ends no other.

    Raises BadInput where no account at all could be opened.
    """
    rows: list[Row] = []
    opened: dict[tuple[str, str, str], Any] = {}
    refused: list[str] = []
    for one in asked:
        where, platform = _where(one), of(one.config.platform)
        if where not in opened:
            opened[where] = _open(platform, where)
        account = opened[where]
        if isinstance(account, Unseen):
            refused.append(str(account))
            unknown = Judged(State.UNKNOWN, unread(account).why)
            rows.append(Row(one.name, Part(one.name, "endpoint"), unknown, one.config.owner))
            continue
        graph = as_asked(one.standing.graph, one.config)
        rows += of_stack(one.name, one.config, graph, platform, account, since_hours)
    if asked and len(refused) == len(asked):
        raise BadInput("\n".join(dict.fromkeys(refused)))
    for where, account in opened.items():
        if account_too and not isinstance(account, Unseen):
            here = [one for one in asked if _where(one) == where]
            graphs = [one.standing.graph for one in here]
            rows += of_account(here[0].config, graphs, of(here[0].config.platform), account, since_hours)
    return Answers(tuple(asked), tuple(rows))


def _where(one: Stack) -> tuple[str, str, str]:
    return one.config.platform, one.config.account, one.config.region


def _open(platform: Platform, where: tuple[str, str, str]) -> Any:
    """The account, or the reason why it could not be opened."""
    try:
        return platform.open_account(*where[1:])
    except (NoCredentials, BadInput) as error:
        return Unseen(str(error))
