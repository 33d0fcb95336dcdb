"""`mlplatform init STACK`: a stack file of your own that reads, with the comments a newcomer needs."""

import json
import os
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Annotated

import typer

from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from catalogue.placement import Placement
from catalogue.platforms import PLATFORMS, PlatformRecord
from catalogue.wording import found_word
from operations.commands.schema import NAME as SCHEMA
from operations.ranges import free_range
from policies import limits
from stacks.config import STACKS, display, stack_name, validate
from stacks.sections import endpoints
from stacks.sections.workspace import FAMILY
from stacks.strict_yaml import load
from stacks.values import suggestion
from stacks.zones import may_name

_MODEL = ("image", "artifact_uri", "family")
_IN_FILE = ", in quotes"
"""What is true of a value in a YAML file, and of no answer."""
_KEYS = {
    "budget": "monthly_usd",
    "workspace": "user",
    "models": "model",
    "endpoints": "model",
    "image": "image",
    "artifact_uri": "artifact_uri",
    "family": "family",
}
"""The question whose answer stands under a key of a stack file, where the two differ; the last word of a path holds."""


@dataclass(frozen=True)
class _Question:
    """What is asked where no option says it."""

    option: str
    asked: str
    default: str | None = None


def init(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="The new stack's name, such as churn-dev.")],
    platform: Annotated[str | None, typer.Option(help="aws, gcp or azure.")] = None,
    account: Annotated[str | None, typer.Option(help="Account id, project id or subscription id.")] = None,
    region: Annotated[str | None, typer.Option(help="A region of the platform, such as us-east-1.")] = None,
    environment: Annotated[str | None, typer.Option(help="pilot, dev, test or prod.")] = None,
    team: Annotated[str | None, typer.Option(help="The team that the stack belongs to.")] = None,
    cost_center: Annotated[str | None, typer.Option(help="Where the bill is booked.")] = None,
    owner: Annotated[str | None, typer.Option(help="The e-mail address that alerts go to.")] = None,
    monthly_usd: Annotated[str | None, typer.Option(help="What the team may spend, in US dollars a month.")] = None,
    user: Annotated[
        list[str] | None,
        typer.Option(help="A person: NAME on aws, NAME=EMAIL on gcp, NAME=OBJECT-ID on azure. Once for each."),
    ] = None,
    reached_from: Annotated[
        str | None,
        typer.Option(help="On azure: the network that people come from, ID=CIDR; without one nobody opens the studio."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="A model to serve; without one, nothing serves.")] = None,
    image: Annotated[str | None, typer.Option(help="The container image that serves the model.")] = None,
    artifact_uri: Annotated[str | None, typer.Option(help="Where the model's artifact lies.")] = None,
    family: Annotated[str | None, typer.Option(help=f"The hardware family of the endpoint, else {FAMILY}.")] = None,
    cidr: Annotated[
        str | None,
        typer.Option(help="The network's addresses; without them, the first range that overlaps none in use here."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write to; - is standard output.")] = STACKS,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write a stack file of your own. Nothing in a cloud is touched.

    In a terminal it asks for what no option says, and asks again for what no stack file may say.
    """
    shown = str(out) == "-"
    file = out / f"Pulumi.{stack}.yaml"
    stack_name(file)
    if not shown and file.exists() and not force:
        raise BadInput(f"{display(file)}: is there already; name another stack, or write over it with --force")
    if not shown and not out.is_dir():
        raise BadInput(f"{display(out)}: is no folder, allowed: one that is there, or - for standard output")
    said = {
        "platform": platform,
        "account": account,
        "region": region,
        "environment": environment,
        "team": team,
        "cost_center": cost_center,
        "owner": owner,
        "monthly_usd": monthly_usd,
        "user": ",".join(user) if user else None,
        "reached_from": reached_from,
        "model": model,
        "image": image,
        "artifact_uri": artifact_uri,
        "family": family,
    }
    schema = SCHEMA if shown else Path(os.path.relpath(STACKS / SCHEMA, out)).as_posix()
    answers = {key: value for key, value in said.items() if value is not None}
    network = cidr or free_range(STACKS if shown else out, file)
    again: frozenset[str] = frozenset()
    while True:
        answers = _answers(answers, again)
        text = _text(stack, answers, answers.get("family", FAMILY), network, schema)
        if not (wrong := _wrong(text, _questions(PLATFORMS[answers["platform"]]))):
            break
        if not _terminal() or "" in wrong.values():
            raise BadInput("\n".join(wrong))
        typer.echo("\n".join(wrong))
        again = frozenset(wrong.values())
        answers = {key: value for key, value in answers.items() if key not in again}
    if shown:
        sys.stdout.write(text)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{display(file)}: cannot be written ({error.strerror}); name a folder with --out") from None
    name = file if out != STACKS else stack
    sys.stdout.write(f"wrote {display(file)}; judge it with: uv run mlplatform preview {name}\n")


def _wrong(text: str, questions: Mapping[str, _Question]) -> dict[str, str]:
    """Each sentence on what no stack file may say, under the option that says it, and the question it answers."""
    document, slips = load(text)
    try:
        validate(document["config"], "", slips)
    except BadInput as error:
        return dict(_by_option(line, questions) for line in str(error).split("\n"))
    return {}


def _by_option(line: str, questions: Mapping[str, _Question]) -> tuple[str, str]:
    """A sentence of the stack file as one on an option. The file is not written, so nobody could look into it."""
    at = re.match(r": mlplatform:([^:]+): ", line)
    path = at[1].split(".") if at else []
    named = next((part for part in [*path[:0:-1], *path[:1]] if part in _KEYS or part in questions), "")
    key = _KEYS.get(named, named)
    if named == "" and path[-1:] == ["cidr"]:
        return f"--cidr: {line[at.end() if at else 0 :]}", ""
    if not at or key not in questions:
        return line.removeprefix(": "), ""
    return f"{questions[key].option}: {line[at.end() :].removesuffix(_IN_FILE)}", key


def _answers(said: Mapping[str, str], again: Collection[str] = ()) -> dict[str, str]:
    """What each option says, or else a person in the terminal, who is asked for all or for what was wrong.

    Where the options say all that must be said, nobody is asked. Raises BadInput naming all that nobody says.
    """
    answers = dict(said)
    must = [key for key, question in _questions(None).items() if question.default is None and key not in _MODEL]
    must += [key for key in ("image", "artifact_uri") if said.get("model")]
    asks = _terminal() and bool(again or any(key not in answers for key in must))
    while (chosen := answers.get("platform")) not in PLATFORMS and (asks or chosen is not None):
        if chosen is not None:
            refused = f"--platform: found {found_word(chosen)}, no platform{suggestion('platform', chosen, PLATFORMS)}"
            if not asks:
                raise BadInput(refused)
            typer.echo(refused)
        answers["platform"] = typer.prompt(f"platform ({', '.join(PLATFORMS)})")
    questions = _questions(PLATFORMS[chosen] if chosen else None)
    for key, question in questions.items():
        if key in answers or (key in _MODEL and not answers.get("model")) or not _is_of(key, chosen):
            continue
        if asks:
            answers[key] = typer.prompt(question.asked, default=question.default)
        elif question.default is not None:
            answers[key] = question.default
    needed = [key for key in questions if _is_of(key, chosen) and (key not in _MODEL or answers.get("model"))]
    missing = [key for key in needed if key not in answers]
    if missing:
        raise BadInput("\n".join(f"{questions[key].option}: is missing; add {questions[key].asked}" for key in missing))
    return answers


def _is_of(key: str, platform: str | None) -> bool:
    """Whether a question is one of the platform's. On azure alone nobody opens the workspace from the internet."""
    return key != "reached_from" or platform == "azure"


def _questions(platform: PlatformRecord | None) -> Mapping[str, _Question]:
    """The questions, in the words of the platform where it is known."""
    account = platform.account.words.removesuffix(_IN_FILE) if platform else "the account, project or subscription id"
    region = f"a region such as {platform.region}" if platform else "a region of the platform"
    person = f"=WHO where WHO is {platform.person.words}" if platform and platform.person.pattern else ""
    artifact = "the address of the model's artifact"
    if platform:
        artifact = (platform.uri if platform.folders else platform.artifact).words
    entries = catalogue.load(platform.name).families.items() if platform else ()
    families = ", ".join(name for name, family in entries if "online" in family.uses)
    return {
        "platform": _Question("--platform", f"one of {', '.join(PLATFORMS)}"),
        "account": _Question("--account", account),
        "region": _Question("--region", region),
        "environment": _Question("--environment", "what it is for: pilot, dev, test or prod", "pilot"),
        "team": _Question("--team", "the team, such as payments-risk"),
        "cost_center": _Question("--cost-center", "where the bill is booked, such as cc-4711"),
        "owner": _Question("--owner", "the e-mail address that alerts go to"),
        "monthly_usd": _Question("--monthly-usd", "what the team may spend, in US dollars a month", "1000"),
        "user": _Question("--user", f"the people who work there, as NAME{person}, parted by ','"),
        "reached_from": _Question(
            "--reached-from", "the virtual network that people come from, as ID=CIDR, or nothing", ""
        ),
        "model": _Question("--model", "the name of a model to serve, or nothing", ""),
        "image": _Question("--image", "the container image that serves it, with a tag or digest"),
        "artifact_uri": _Question("--artifact-uri", artifact),
        "family": _Question("--family", f"the hardware family that it runs on ({families})", FAMILY),
    }


def _terminal() -> bool:
    """Whether a person is there to ask."""
    return sys.stdin.isatty()


def _text(stack: str, said: Mapping[str, str], family: str, cidr: str, schema: str) -> str:
    """The stack file: what was said, and why each part is there."""
    platform = PLATFORMS[said["platform"]]
    people = [who.partition("=") for who in said["user"].split(",")]
    lines = [
        f"# yaml-language-server: $schema={schema}",
        f"# {stack} on {platform.product}. An editor with YAML support explains each key and completes it.",
        "config:",
        f"  mlplatform:platform: {platform.name}",
        f"  mlplatform:account: {_quoted(said['account'])}  # {platform.account.words}",
        f"  mlplatform:region: {_quoted(said['region'])}",
        f"  mlplatform:environment: {_quoted(said['environment'])}",
        f"  mlplatform:team: {_quoted(said['team'])}",
        f"  mlplatform:cost_center: {_quoted(said['cost_center'])}",
        f"  mlplatform:owner: {_quoted(said['owner'])}  # alarms and alerts of the budget go here",
        "  # The network is the stack's own and private. Choose a range that overlaps with none you may join it to.",
        "  mlplatform:network:",
        f"    cidr: {_quoted(cidr)}",
        *_zones(platform.name, said["region"], "zones"),
        "  mlplatform:budget:",
        f"    monthly_usd: {said['monthly_usd'] if _number(said['monthly_usd']) else _quoted(said['monthly_usd'])}",
        "  mlplatform:workspace:",
        *_zones(platform.name, said["region"], "zones" if platform.name == "aws" else "zone"),
        f"    users: [{', '.join(_quoted(name) for name, _, _ in people)}]",
        *(["    principals:"] if any(is_one for _, is_one, _ in people) else []),
        *(f"      {_quoted(name)}: {_quoted(who)}" for name, is_one, who in people if is_one),
        *_ways(platform.name, said.get("reached_from", "")),
        "    idle_timeout_minutes: 60  # an idle machine of a person's stops after this",
    ]
    if not said["model"]:
        return "\n".join([*lines, "  # Models, endpoints and batch jobs stand here once there are any.", ""])
    name = _quoted(said["model"])
    least = _least(platform.name, said)
    lines += [
        "  mlplatform:models:",
        f"    {name}:",
        f"      image: {_quoted(said['image'])}",
        f"      artifact_uri: {_quoted(said['artifact_uri'])}",
        "  mlplatform:endpoints:",
        f"    {name}:",
        "      kind: online",
        f"      model: {name}",
        f"      family: {_quoted(family)}",
        f"      min_replicas: {least}  # paid for with no traffic as well",
        f"      max_replicas: {max(least, 2)}  # the ceiling of the bill has all of them",
        "      requests_per_replica_per_minute: 600",
        "      canary: {percent: 10, bake_minutes: 10}  # how a new version comes in",
        "      rollback: {p95_latency_ms: 250, error_rate_percent: 1}  # when it is taken back",
    ]
    return "\n".join([*lines, ""])


def _ways(platform: str, reached_from: str) -> list[str]:
    """From where people come; on azure also where nobody says it yet."""
    if not reached_from:
        todo = "    # reached_from: name the network that people come from here; until then nobody opens the studio"
        return [todo] if platform == "azure" else []
    network, _, cidr = reached_from.rpartition("=")
    way = f"{{network: {_quoted(network)}, cidr: {_quoted(cidr)}}}"
    return ["    reached_from:", f"      people: {way}  # joined to the stack's network"]


def _least(platform: str, said: Mapping[str, str]) -> int:
    """The fewest replicas that a canary and the limits of the stack's environment, team and account ask for."""
    place = Placement(said["environment"], said["team"], said["account"], said["region"])
    least = ceil(limits.load().of(platform, place)["replicas-at-least"].number)
    return max(least, endpoints.fewest(platform))


def _zones(platform: str, region: str, key: str) -> list[str]:
    """The zones that a stack of the region may name: two on aws; on gcp the first that has people's machine."""
    if region not in catalogue.region_names(platform):
        return []
    if platform == "aws":
        two = ", ".join(may_name(platform, region)[:2])
        return [f"    zones: [{two}]  # decided once: what stands in a zone stays there"]
    if platform != "gcp" or key != "zone":
        return []
    may = may_name(platform, region, FAMILY)[:1]
    return [f"    zone: {zone}  # where new machines of people's are made" for zone in may]


def _quoted(word: str) -> str:
    return json.dumps(word, ensure_ascii=False)


def _number(word: str) -> bool:
    return word.replace(".", "", 1).isascii() and word.replace(".", "", 1).isdigit()


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform init churn-dev --platform gcp")(init)
