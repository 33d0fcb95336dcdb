"""The stack config: what a person writes in `stacks/Pulumi.<stack>.yaml`, validated in this one place.

Every key stands under the namespace `mlplatform:`. Two doors lead here and both end in the same model: the stack
file on disk (`read_stack_file`, used by the offline commands) and the engine's config (`from_engine`, used by the
program under `pulumi up`). Top-level values are strings, lists or objects, never bare numbers, because the engine
hands every top-level value to the program as a string.
"""

import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError

from catalogue.hardware import catalogue
from stacks.errors import BadInput
from stacks.model import BatchJob, StackConfig
from stacks.platforms import KINDS, PLATFORMS, WORKSPACE_FAMILY, ZONE_KEYS
from stacks.problems import NAMED, Problem, meaning, no_zones, problems_of
from stacks.strict_yaml import Loader, Refused
from stacks.wording import found_word, nearest, one_line

NAMESPACE = "mlplatform"
STACKS = Path(__file__).parent
MAX_FILE_BYTES = 256 * 1024
MAX_LINES = 5


def read_stack_file(path: Path) -> StackConfig:
    """Read and validate one stack file.

    Raises BadInput, one sentence a problem, when the file cannot be read, is no YAML mapping, or breaks the model.
    """
    return validate(_read_yaml(path), display(path))


def display(path: Path) -> str:
    """The path as a person would type it: relative to the working directory where it lies below it."""
    try:
        resolved, here = path.resolve(), Path.cwd()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name with NUL, a folder that is gone
        return one_line(str(path), 4096)
    return one_line(str(resolved.relative_to(here) if resolved.is_relative_to(here) else path), 4096)


def stack_name(path: Path) -> str:
    """The stack's name from its file's: `Pulumi.<stack>.yaml`. Raises BadInput for any other name.

    Names in the cloud are made of the stack's and the endpoint's (at most 24): with Pulumi's seven digits,
    `<stack>-<name>-schedule-xxxxxxx` must fit EventBridge Scheduler's 64 characters. CloudTrail and Key Vault take no
    two dashes in a row.
    """
    match = re.fullmatch(r"Pulumi\.([a-z][a-z0-9]*(?:-[a-z0-9]+)*)\.yaml", path.name)
    if match is None or len(match.group(1)) > 22:
        raise BadInput(
            f"{display(path)}: found the file name {found_word(path.name)}, allowed: Pulumi.<stack>.yaml where <stack> "
            "is at most 22 characters: lower-case words of letters and digits joined by '-', starting with a letter"
        )
    return match.group(1)


def stack_file(stack: str) -> Path:
    """The checked-in file of a stack. Raises BadInput naming the nearest stack, or those there are."""
    files = {stack_name(file): file for file in sorted(STACKS.glob("Pulumi.*.yaml"))}
    if stack in files:
        return files[stack]
    near = get_close_matches(stack, files, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(files)}"
    raise BadInput(f"{stack[:80]!r}: no such stack; {hint}")


def _read_yaml(path: Path) -> Mapping[str, Any]:
    where = display(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file can have this name"
        raise BadInput(f"{where}: cannot be read ({reason}); name a stack file such as aws-pilot") from None
    if len(data) > MAX_FILE_BYTES:
        raise BadInput(f"{where}: found more than {MAX_FILE_BYTES} bytes, allowed: at most that in a stack file")
    try:
        document: object = yaml.load(data.decode("utf-8"), Loader=Loader)
    except UnicodeDecodeError as error:
        raise BadInput(f"{where}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except Refused as error:
        raise BadInput(f"{where}: {error}") from None
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        raise BadInput(f"{where}: {line}is not valid YAML here: {one_line(reason, 200)}") from None
    except (yaml.YAMLError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else one_line(str(error), 200)
        raise BadInput(f"{where}: is not valid YAML: {reason}") from None
    if not isinstance(document, dict):
        raise BadInput(f"{where}: found {found_word(document)}, allowed: a mapping with the key 'config'")
    document = cast(dict[str, Any], document)
    for key in document:
        if key not in _TOP_LEVEL:
            raise BadInput(f"{where}: {one_line(key)}: unknown key{nearest(key, _TOP_LEVEL)}")
    config: object = document.get("config")
    if not isinstance(config, dict):
        raise BadInput(
            f"{where}: config: found {found_word(config)}, allowed: a mapping of keys such as {NAMESPACE}:platform"
        )
    return cast(Mapping[str, Any], config)


_TOP_LEVEL = ("config", "encryptionsalt", "secretsprovider", "encryptedkey", "environment")


def from_engine() -> StackConfig:
    """The stack config as the Pulumi engine hands it to the program, each top-level object as a JSON string.

    Raises BadInput as `read_stack_file` does, naming the stack instead of the file.
    """
    import pulumi
    from pulumi.runtime.config import CONFIG, get_config_env

    where = f"Pulumi.{pulumi.get_stack()}.yaml"
    stack_name(Path(where))
    values: dict[str, Any] = {}
    for key, value in {**get_config_env(), **CONFIG.get()}.items():
        try:
            values[key] = json.loads(value) if value.startswith(("{", "[")) else value
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "too deep or too long"
            raise BadInput(f"{where}: {one_line(key)}: is not valid JSON ({reason}); set it with --path") from None
    return validate(values, where)


def to_engine(path: Path) -> dict[str, str]:
    """The `mlplatform:` keys of a stack file as the engine would hand them over: the inverse door of `from_engine`.

    Raises BadInput as `read_stack_file` does: once a value is text, its type can no longer be told.
    """
    config = _read_yaml(path)
    validate(config, display(path))
    own = {key: value for key, value in config.items() if key.startswith(f"{NAMESPACE}:")}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in own.items()}


def validate(config: Mapping[str, Any], where: str) -> StackConfig:
    """Validate the `config` mapping of a stack file; `where` names the file in the sentences. Raises BadInput."""
    values: dict[str, Any] = {}
    for key, value in config.items():
        namespace, _, name = key.partition(":")
        if namespace == NAMESPACE and name:
            values[name] = value
        elif not key.startswith("pulumi:"):
            near = nearest(meaning(key.rpartition(":")[2]), StackConfig.model_fields, f"{NAMESPACE}:")
            raise BadInput(f"{where}: config.{one_line(key)}: unknown key{near}")
    try:
        parsed = StackConfig.model_validate(values)
    except ValidationError as error:
        problems = problems_of(error, values.get("platform"))
    else:
        problems = list(_cross_checks(parsed))
        if not problems:
            return parsed
    lines = [
        f"{where}: {NAMESPACE}:{'.'.join(one_line(str(part)) for part in problem.path)}: {problem.sentence}"
        for problem in problems[:MAX_LINES]
    ]
    if rest := len(problems) - len(lines):
        lines.append(f"{where}: {rest} more {'problem follows' if rest == 1 else 'problems follow'} these")
    raise BadInput("\n".join(lines))


def _cross_checks(config: StackConfig) -> Iterator[Problem]:
    """What one field alone cannot tell: names that must exist, ranges, and families this platform does not have."""
    served = [("endpoints", name, item) for name, item in config.endpoints.items()]
    scored = [("batch_jobs", name, item) for name, item in config.batch_jobs.items()]
    hardware = catalogue.load(config.platform)
    yield from _own_words(config)
    for section, name, item in [*served, *scored]:
        if item.model not in config.models:
            near = nearest(item.model, config.models)
            yield Problem((section, name, "model"), f"found {item.model!r}, no key of {NAMESPACE}:models{near}")
        family = hardware.families[item.family]
        use = "batch" if isinstance(item, BatchJob) else item.kind
        refused = PLATFORMS[config.platform].refused.get(use)
        if refused:
            yield Problem((section, name, "kind"), f"found {use!r}: {refused}")
            continue
        if family.absent:
            sentence = f"found {item.family!r}, which {config.platform} lacks: {family.absent}"
            yield Problem((section, name, "family"), sentence)
        elif use not in family.uses:
            allowed = ", ".join(other for other, figures in hardware.families.items() if use in figures.uses)
            sentence = f"found {item.family!r}, which {config.platform} does not offer for {use}, allowed: {allowed}"
            yield Problem((section, name, "family"), sentence)
    for section, name, item in served:
        if item.min_replicas > item.max_replicas:
            yield Problem(
                (section, name, "min_replicas"),
                f"found {item.min_replicas}, allowed at most max_replicas, which is {item.max_replicas}",
            )


def _own_words(config: StackConfig) -> Iterator[Problem]:
    """What each platform writes in its own way: accounts, regions, addresses, people, the longest idle timeout."""
    yield from _place(config)
    words, minutes = PLATFORMS[config.platform], config.workspace.idle_timeout_minutes
    written: list[tuple[tuple[str | int, ...], str, str, str]] = []
    for name, model in config.models.items():
        written.append((("models", name, "artifact_uri"), model.artifact_uri, words.uri, words.uri_words))
    for name, job in config.batch_jobs.items():
        for key, value in (("input_uri", job.input_uri), ("output_uri", job.output_uri)):
            written.append((("batch_jobs", name, key), value, words.uri, words.uri_words))
    for path, value, pattern, allowed in written:
        if not re.fullmatch(pattern, value):
            yield Problem(path, f"found {found_word(value)}, allowed: {allowed}")
        elif words.folders and path[-1] != "input_uri" and not value.endswith("/"):
            yield Problem(path, f"found {found_word(value)}, allowed: a folder, which ends with '/'")
    yield from _people(config)
    yield from _zones(config)
    if config.platform == "azure":
        yield from _schedules_of_azure(config)
    if minutes > words.idle_minutes:
        sentence = f"found {minutes}, allowed: {words.idle_minutes} or less on {config.platform}"
        yield Problem(("workspace", "idle_timeout_minutes"), sentence)


def _people(config: StackConfig) -> Iterator[Problem]:
    """Who each user is: one person of the platform's directory, where a machine of theirs must belong to one."""
    words, users, principals = PLATFORMS[config.platform], config.workspace.users, config.workspace.principals
    for user, who in principals.items():
        if not re.fullmatch(words.principal or "", who):
            found = f"found {found_word(who)}, allowed: {words.principal_words}"
            yield Problem(("workspace", "principals", user), found)
    for user in users if words.principal else ():
        if user not in principals:
            yield Problem(("workspace", "principals", user), f"is missing; add {words.principal_words}")
    for user in principals:
        if user not in users:
            near = nearest(user, users)
            yield Problem(("workspace", "principals", user), f"is no name under {NAMESPACE}:workspace.users{near}")
    first = {who: user for user, who in reversed(principals.items())}
    for user, who in principals.items() if words.principal else ():
        if first[who] != user:  # Azure refuses to give one person the same role twice
            sentence = f"found {found_word(who)}, which is {first[who]} already, allowed: each person once"
            yield Problem(("workspace", "principals", user), sentence)


def _place(config: StackConfig) -> Iterator[Problem]:
    """Where the stack runs: an account and a region of its own platform."""
    words, regions = PLATFORMS[config.platform], catalogue.region_names(config.platform)
    if not re.fullmatch(words.account, config.account):
        yield Problem(("account",), f"found {found_word(config.account)}, allowed: {words.account_words}")
    if config.region in regions:
        return
    home = next((platform for platform in PLATFORMS if config.region in catalogue.region_names(platform)), None)
    # A word that is merely alike could move the data to another continent.
    near = get_close_matches(config.region, regions, n=1, cutoff=0.75)
    hint = f"did you mean {near[0]}?" if near else f"catalogue/hardware/{config.platform}.yaml lists them"
    found = f"found {found_word(config.region)}{f', a region of {home}' if home else ''}"
    yield Problem(("region",), f"{found}, allowed: a region of the catalogue such as {words.region}; {hint}")


def _zones(config: StackConfig) -> Iterator[Problem]:
    """Which zones the stack names: those of its own region, where its platform wants any.

    A zone is named in the file because it is decided once: a cloud that is asked may answer otherwise tomorrow.
    """
    if config.region in catalogue.region_names(config.platform):  # else that mistake has a sentence of its own
        yield from list(_zones_named(config)) or _zones_of_studio(config)


def _zones_named(config: StackConfig) -> Iterator[Problem]:
    known, allowed = _zones_of_region(config)
    for section, key in ZONE_KEYS:
        part = config.network if section == "network" else config.workspace
        given = key in part.model_fields_set
        if (section, key) in PLATFORMS[config.platform].no_zones:
            if given:
                yield Problem((section, key), no_zones((section, key), config.platform))
        elif not given:
            yield Problem((section, key), f"is missing; add {'two or more, each ' if key == 'zones' else ''}{allowed}")
        else:
            for path, zone in _each(section, key, getattr(part, key)):
                if zone not in known:
                    yield Problem(path, f"found {found_word(zone)}, allowed: {allowed}")


def _zones_of_studio(config: StackConfig) -> Iterator[Problem]:
    for path, zone in _each("workspace", "zones", config.workspace.zones):
        if zone not in config.network.zones:
            has = f"a zone of {NAMESPACE}:network.zones ({', '.join(config.network.zones)})"
            kept = "the network must keep a zone that Studio stands in"
            yield Problem(path, f"found {found_word(zone)}, allowed: {has}; {kept}")


def _each(section: str, key: str, value: str | list[str]) -> list[tuple[tuple[str | int, ...], str]]:
    """Each zone under a key, with its path."""
    if isinstance(value, str):
        return [((section, key), value)]
    return [((section, key, at), zone) for at, zone in enumerate(value)]


def _zones_of_region(config: StackConfig) -> tuple[list[str], str]:
    """The zones that this stack may name, and how a sentence says so."""
    region, having = config.region, ""
    if config.platform == "aws":
        from components.aws.zones import zones_of

        known = zones_of(region)
    else:
        machine = catalogue.load("gcp").families[WORKSPACE_FAMILY]
        known = [zone for zone in machine.zones or () if zone.rpartition("-")[0] == region]
        having = f" that has {machine.machine_type}"
    if not known:
        return known, f"a zone of {region}{having}, of which catalogue/hardware/{config.platform}.yaml knows none"
    return known, f"a zone of {region}{having} ({', '.join(known)})"


def _schedules_of_azure(config: StackConfig) -> Iterator[Problem]:
    """Azure ML's schedules know neither days of a month nor every time zone; their own reader says which."""
    from components.azure.schedules import ncrontab, windows_timezone

    for name, job in config.batch_jobs.items():
        for key, said, read in (("schedule", job.schedule, ncrontab), ("timezone", job.timezone, windows_timezone)):
            try:
                read(said)
            except ValueError as error:
                yield Problem(("batch_jobs", name, key), str(error))


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a whole stack file, for editors: the stack files name it in a modeline."""
    schema = StackConfig.model_json_schema()
    properties = {f"{NAMESPACE}:{name}": value for name, value in schema.pop("properties").items()}
    required = [f"{NAMESPACE}:{name}" for name in schema.pop("required")]
    for name in NAMED:  # pydantic gives the pattern of the names, and leaves open what is in none
        properties[f"{NAMESPACE}:{name}"]["additionalProperties"] = False
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mlplatform stack file",
        "type": "object",
        "required": ["config"],
        "additionalProperties": False,
        "properties": {
            "config": {
                "type": "object",
                "description": schema["description"],
                "required": required,
                "additionalProperties": False,
                "properties": properties,
                "patternProperties": {"^pulumi:": {}},
                "allOf": [
                    {
                        "if": {"properties": {f"{NAMESPACE}:platform": {"const": platform}}},
                        "then": {"properties": _own_schema(platform)},
                    }
                    for platform in PLATFORMS
                ],
            },
            **{key: {} for key in _TOP_LEVEL if key != "config"},
        },
        "$defs": schema["$defs"],
    }


def _own_schema(platform: str) -> dict[str, Any]:
    """What the schema says beside, where the platform is this one."""
    words = PLATFORMS[platform]
    address = {"pattern": f"^({words.uri})$"}
    kinds = [kind for kind in KINDS if kind not in words.refused]
    each: dict[str, dict[str, Any]] = {
        "models": {"artifact_uri": address},
        "batch_jobs": {"input_uri": address, "output_uri": address},
        "endpoints": {"kind": {"enum": kinds}},
    }
    return {
        f"{NAMESPACE}:account": {"pattern": f"^({words.account})$"},
        f"{NAMESPACE}:region": {"enum": catalogue.region_names(platform)},
        **{f"{NAMESPACE}:{name}": {"additionalProperties": {"properties": own}} for name, own in each.items()},
        **{f"{NAMESPACE}:{section}": _zone_schema(platform, section) for section in ("network", "workspace")},
    }


def _zone_schema(platform: str, section: str) -> dict[str, Any]:
    """Which keys of the section name zones on this platform, and what a zone is there."""
    from components.aws.zones import LETTERS

    zone: dict[str, Any] = {"pattern": f"^[a-z0-9-]+[{LETTERS}]$"}
    if platform == "gcp":
        zone = {"enum": catalogue.load("gcp").families[WORKSPACE_FAMILY].zones}
    keys = {path: path in PLATFORMS[platform].no_zones for path in ZONE_KEYS if path[0] == section}
    return {
        "required": [key for (_, key), refused in keys.items() if not refused],
        "properties": {
            key: False if refused else {"items": zone} if key == "zones" else zone for (_, key), refused in keys.items()
        },
    }
