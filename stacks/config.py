"""The stack config: what a person writes in `stacks/Pulumi.<stack>.yaml`, validated in this one place.

Every key stands under the namespace `mlplatform:`. Two doors lead here and both end in the same model: the stack
file on disk (`read_stack_file`, used by the offline commands) and the engine's config (`from_engine`, used by the
program under `pulumi up`). Top-level values are strings, lists or objects, never bare numbers, because the engine
hands every top-level value to the program as a string.
"""

import errno
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Any, cast

import yaml
from pydantic import ValidationError

from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from catalogue.platforms import PLATFORMS
from catalogue.wording import close, found_word, nearest, one_line
from stacks.fields import Fields, Unsaid
from stacks.model import NAMESPACE, Problem, StackConfig
from stacks.problems import Places, places_of, problems_of, stood_for
from stacks.sections import endpoints, landing_zone, refusal, sections, stack_model
from stacks.sound import Sound, sound
from stacks.strict_yaml import Refused, Unread, load
from stacks.words import unknown

STACKS = Path(__file__).parent
MAX_FILE_BYTES = 256 * 1024
MAX_LINES = 50
TOP_LEVEL = ("config", "encryptionsalt", "secretsprovider", "encryptedkey")
"""The keys at the top of a stack file. `pulumi stack init` writes those beside `config`; nothing here reads them."""
OF_PULUMI = ("pulumi:disable-default-providers", "pulumi:tags")
"""Pulumi's own keys that a stack file may have. Others change what the engine makes of the program, such as the names
that it makes up (`pulumi:autonaming`): https://www.pulumi.com/docs/iac/concepts/config/"""
_ENVIRONMENT = "environment"
"""Pulumi's key for values that Pulumi ESC has: https://www.pulumi.com/docs/esc/integrations/infrastructure/pulumi-iac/"""


def read_stack_file(path: Path) -> StackConfig:
    """Read and validate one stack file.

    Raises BadInput, one sentence a problem, when the file cannot be read, is no YAML mapping, or breaks the model.
    """
    return validate(*_read_yaml(path))


def display(path: Path) -> str:
    """The path as a person would type it: relative to the working directory where it lies below it."""
    try:
        resolved, here = path.resolve(), Path.cwd()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name with NUL, a folder that is gone
        return one_line(str(path), 4096)
    return one_line(str(resolved.relative_to(here) if resolved.is_relative_to(here) else path), 4096)


_MOST = 22
"""The most characters of a stack's name, the prefix of its landing zone counted."""


def stack_name(path: Path) -> str:
    """The stack's name from its file's: `Pulumi.<stack>.yaml`. Raises BadInput for any other name.

    Names in the cloud are made of the stack's and the endpoint's (at most 24): with Pulumi's seven digits,
    `<stack>-<name>-schedule-xxxxxxx` must fit EventBridge Scheduler's 64 characters. CloudTrail and Key Vault take no
    two dashes in a row.
    """
    match = re.fullmatch(r"Pulumi\.([a-z][a-z0-9]*(?:-[a-z0-9]+)*)\.yaml", path.name)
    if match is None or len(match.group(1)) > _MOST:
        raise BadInput(
            f"{display(path)}: found the file name {found_word(path.name)}, allowed: Pulumi.<stack>.yaml where <stack> "
            f"is at most {_MOST} characters: lower-case words of letters and digits joined by '-', starting with a "
            "letter"
        )
    return match.group(1)


def stack_file(stack: str) -> Path:
    """The checked-in file of a stack. Raises BadInput naming the nearest stack, or those there are."""
    files = {file.name.removeprefix("Pulumi.").removesuffix(".yaml"): file for file in STACKS.glob("Pulumi.*.yaml")}
    if stack in files:
        stack_name(files[stack])
        return files[stack]
    near = close(stack, files)
    hint = f"did you mean {near}?" if near else f"there are {', '.join(sorted(files))}"
    raise BadInput(f"{stack[:80]!r}: no such stack; {hint}")


def _read_yaml(path: Path) -> tuple[Mapping[str, Any], str, list[str]]:
    """The `config` mapping of a stack file, the file's name, and a sentence for each mistake of its YAML so far."""
    where = display(path)
    try:
        # Whoever opens a pipe waits for its other end.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(errno.EINVAL, "it is no file")
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file can have this name"
        raise BadInput(
            f"{where}: cannot be read ({reason}); name a stack file such as stacks/Pulumi.aws-pilot.yaml"
        ) from None
    if len(data) > MAX_FILE_BYTES:
        most = f"found more than {MAX_FILE_BYTES:,} bytes, allowed: at most that in a stack file"
        raise BadInput(f"{where}: {most}; make two stacks of it")
    try:
        read: tuple[object, list[str]] = load(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadInput(f"{where}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except Refused as error:
        raise _refused(where, error.sentences) from None
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        raise BadInput(f"{where}: {line}is not valid YAML here: {one_line(reason, 200)}") from None
    except (yaml.YAMLError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else one_line(str(error), 200)
        raise BadInput(f"{where}: is not valid YAML: {reason}") from None
    document, said = read
    if not isinstance(document, dict):
        raise BadInput(f"{where}: found {found_word(document)}, allowed: a mapping with the key 'config'")
    document = cast(dict[str, Any], document)
    if _ENVIRONMENT in document:
        said.append(
            f"{_ENVIRONMENT}: its values stand in Pulumi ESC, where no verdict reads them; write them under config"
        )
    strange = [key for key in document if key not in (*TOP_LEVEL, _ENVIRONMENT)]
    said += [f"{one_line(key)}: unknown key{nearest(key, TOP_LEVEL)}" for key in strange]
    config: object = document.get("config")
    if not isinstance(config, dict):
        if not strange:
            said.append(f"config: found {found_word(config)}, allowed: a mapping of keys such as {NAMESPACE}:platform")
        raise _refused(where, said)
    return cast(Mapping[str, Any], config), where, said


def _refused(where: str, sentences: Sequence[str]) -> BadInput:
    """The sentences as lines that each name the file, the first of them where there are too many."""
    lines = [f"{where}: {sentence}" for sentence in sentences[:MAX_LINES]]
    if rest := len(sentences) - len(lines):
        lines.append(f"{where}: {rest} more {'problem follows' if rest == 1 else 'problems follow'} these")
    return BadInput("\n".join(lines))


def from_engine() -> StackConfig:
    """The stack config as the Pulumi engine hands it to the program, each top-level object as a JSON string.

    Raises BadInput as `read_stack_file` does, naming the stack instead of the file.
    """
    import pulumi
    from pulumi.runtime.config import CONFIG, get_config_env

    where = f"Pulumi.{pulumi.get_stack()}.yaml"
    stack_name(Path(where))
    values: dict[str, Any] = {}
    said: list[str] = []
    for key, value in {**get_config_env(), **CONFIG.get()}.items():
        try:
            values[key] = json.loads(value) if value.startswith(("{", "[")) else value
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "too deep or too long"
            said.append(f"{one_line(key)}: is not valid JSON ({reason}); set it with --path")
            values[key] = Unread(value)
    return validate(values, where, said)


def to_engine(path: Path) -> dict[str, str]:
    """The `mlplatform:` keys of a stack file as the engine would hand them over: the inverse door of `from_engine`.

    Raises BadInput as `read_stack_file` does: once a value is text, its type can no longer be told.
    """
    config, where, said = _read_yaml(path)
    validate(config, where, said)
    own = {key: value for key, value in config.items() if key.startswith(f"{NAMESPACE}:")}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in own.items()}


def handed_bytes(config: Mapping[str, str]) -> int:
    """The size of the one variable in which the engine hands a config to the program, its values as compact JSON."""

    def compact(value: object) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    values = {key: compact(json.loads(v)) if v.startswith(("{", "[")) else v for key, v in config.items()}
    return len(f"PULUMI_CONFIG={compact(values)}".encode()) + 1


def validate(config: Mapping[str, Any], where: str, said: Sequence[str] = ()) -> StackConfig:
    """Validate the `config` mapping of a stack file; `where` names the file in the sentences.

    Raises BadInput, which has every mistake: what is sound is checked, whatever is wrong beside it. `said` are
    sentences on mistakes that were found before.
    """
    values: dict[str, Any] = {}
    sentences, meant = [*said], set[tuple[str, ...]]()
    for key, value in config.items():
        namespace, _, name = key.partition(":")
        if namespace == NAMESPACE and name:
            values[name] = value
        elif key.startswith("pulumi:") and key not in OF_PULUMI:
            allowed = " and ".join(OF_PULUMI)
            sentences.append(f"config.{one_line(key)}: Pulumi's own keys here are {allowed} alone; take this one out")
        elif key not in OF_PULUMI:
            sentence, near = unknown(key.rpartition(":")[2], stack_model().model_fields, f"{NAMESPACE}:")
            sentences.append(f"config.{one_line(key)}: {sentence}")
            meant |= {(near,)} if near else set()
    try:
        whole = Sound(stack_model().model_validate(values), Places(frozenset(), frozenset()))
        problems: list[Problem] = []
    except ValidationError as error:
        problems = problems_of(error, values.get("platform"), meant)
        whole = sound(values, places_of(error))
    stands_for = {*meant, *(problem.meant for problem in problems if problem.meant)}
    problems += [
        problem
        for problem in (*_cross_checks(whole), *_prefixed(whole.config, where))
        if not whole.wrong.touch(problem.path) and not stood_for(problem, stands_for)
    ]
    sentences += [
        f"{NAMESPACE}:{'.'.join(one_line(str(part)) for part in problem.path)}: {problem.sentence}"
        for problem in dict.fromkeys(problems)
    ]
    if sentences:
        raise _refused(where, sentences)
    return whole.config


def _cross_checks(whole: Sound) -> Iterator[Problem]:
    """What one field alone cannot tell: what the platform refuses, and what each section finds."""
    config = whole.config
    if "platform" not in config.model_fields_set:
        return  # it decides nearly all of it
    for check in (_account, _region, _exempt):
        with suppress(Unsaid):
            yield from check(config)
    # What the ground makes is there in every stack: a file may say nothing of it where the landing zone gives it.
    said = config.model_fields_set
    for section in [s for name, s in sections().items() if name in said or (s.in_ground and name in vars(config))]:
        if refused := refusal(section, config.platform):
            yield Problem((section.name,), refused)
            continue
        given: Fields | None = section.of(config)
        for key in section.refused_keys:
            if (
                given is not None
                and key in given.model_fields_set
                and (refused := section.refused_key(key, config.platform))
            ):
                yield Problem((section.name, key), refused)
        for part in whole.parts(section):
            with suppress(Unsaid):
                for name, item in section.of(part).items() if section.kinds else ():
                    if refused := section.refused_kind(item.kind, config.platform):
                        yield Problem((section.name, name, "kind"), f"found {item.kind!r}: {refused}")
            with suppress(Unsaid):
                yield from section.check(part)


def _prefixed(config: StackConfig, where: str) -> Iterator[Problem]:
    """The landing zone's prefix leaves room for the stack's name."""
    if not {"platform", landing_zone.SECTION.name} <= config.model_fields_set:
        return
    with suppress(Unsaid):
        zone, own = landing_zone.found(config), stack_name(Path(where))
        if zone is not None and len(f"{zone.name_prefix}{own}") > _MOST:
            room = _MOST - len(zone.name_prefix)
            yield Problem(
                (landing_zone.SECTION.name,),
                f"begins every name with {zone.name_prefix!r}, which leaves {room} characters for the stack's own "
                f"name; {own} has {len(own)}; name the file of the stack shorter, or have the prefix shortened",
            )


def _account(config: StackConfig) -> Iterator[Problem]:
    own = PLATFORMS[config.platform].account
    if not re.fullmatch(own.pattern or "", config.account):
        yield Problem(("account",), f"found {found_word(config.account)}, allowed: {own.words}")


def _exempt(config: StackConfig) -> Iterator[Problem]:
    """What may stand idle is an endpoint of the file."""
    known = endpoints.of(config)
    for name in config.idle.exempt if config.idle is not None else ():
        if name not in known:
            hint = nearest(name, known) if known else "; the file has none, so leave it out"
            yield Problem(("idle", "exempt", name), f"names no endpoint of this file{hint}")


def _region(config: StackConfig) -> Iterator[Problem]:
    """The region is one of the stack's own platform."""
    own, regions = PLATFORMS[config.platform], catalogue.region_names(config.platform)
    if config.region in regions:
        return
    others = catalogue.load(config.platform).other_partitions
    if others and re.fullmatch(others, config.region):
        sentence = (
            f"found {config.region!r}, a region of another partition of {config.platform}, allowed: a region of the "
            f"commercial partition such as {own.region}, which every name and address here is of"
        )
        yield Problem(("region",), sentence)
        return
    home = next((platform for platform in PLATFORMS if config.region in catalogue.region_names(platform)), None)
    near = close(config.region, regions)
    # Another part of the world is never meant: a region that is merely alike could move the data there.
    part = (near or "").partition("-")
    alike = near and (not part[1] or config.region.lower().replace("_", "-").partition("-")[0] == part[0])
    hint = f"did you mean {near}?" if alike else f"catalogue/hardware/{config.platform}.yaml lists them"
    found = f"found {found_word(config.region)}{f', a region of {home}' if home else ''}"
    yield Problem(("region",), f"{found}, allowed: a region of the catalogue such as {own.region}; {hint}")
