"""The stack config: what a person writes in `stacks/Pulumi.<stack>.yaml`, validated in this one place.

Every key stands under the namespace `mlplatform:`. Two doors lead here and both end in the same model: the stack
file on disk (`read_stack_file`, used by the offline commands) and the engine's config (`from_engine`, used by the
program under `pulumi up`). Top-level values are strings, lists or objects, never bare numbers, because the engine
hands every top-level value to the program as a string.
"""

import difflib
import json
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from zoneinfo import available_timezones

import yaml
from cronsim import CronSim, CronSimError
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)

from components.hardware import catalogue
from stacks.errors import BadInput

NAMESPACE = "mlplatform"
STACKS = Path(__file__).parent
MAX_FILE_BYTES = 256 * 1024
_CRON_EPOCH = datetime(2026, 1, 1)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, regex_engine="python-re")


def _private_cidr(value: str) -> str:
    try:
        network = IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"an IPv4 network in CIDR notation such as 10.40.0.0/20 ({error})") from None
    if not any(network.subnet_of(IPv4Network(block)) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")):
        raise ValueError("a private network inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)")
    if not 16 <= network.prefixlen <= 22:
        raise ValueError("a network between /16 and /22, large enough for the endpoints' replicas in each zone")
    return value


def _cron(value: str) -> str:
    """Five-field cron as cron(5) has it; one of day-of-month and day-of-week must stay open, as EventBridge demands."""
    fields = value.split(" ")
    if len(fields) != 5 or not re.fullmatch(r"[0-9*/, \-]+", value):
        raise ValueError("five cron fields of digits, '*', '/', ',' and '-' such as '0 2 * * *'")
    try:
        next(CronSim(value, _CRON_EPOCH))
    except (CronSimError, StopIteration) as error:
        raise ValueError(f"a cron expression that fires, such as '0 2 * * *' ({error or 'this one never does'})") from None
    if fields[2] != "*" and fields[4] != "*":
        raise ValueError("a cron expression in which day-of-month or day-of-week is '*' (EventBridge takes one of them)")
    if re.search(r"\d+/|^/|,/", fields[4]) or "/" in fields[4]:
        raise ValueError("a day-of-week without a step ('/'), as a list or a range such as '1-5'")
    return value


def _timezone(value: str) -> str:
    if value not in available_timezones():
        near = difflib.get_close_matches(value, available_timezones(), n=1)
        raise ValueError("an IANA time zone such as Europe/Berlin" + (f"; did you mean {near[0]}?" if near else ""))
    return value


def _family(value: str) -> str:
    families = catalogue.family_names()
    if value not in families:
        near = difflib.get_close_matches(value, families, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"a hardware family of the catalogue ({', '.join(families)}){hint}")
    return value


def _region(value: str) -> str:
    regions = catalogue.region_names()
    if value not in regions:
        near = difflib.get_close_matches(value, regions, n=1)
        raise ValueError("a region of the catalogue" + (f"; did you mean {near[0]}?" if near else ""))
    return value


_SLUG = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"

Slug = Annotated[str, StringConstraints(pattern=_SLUG, max_length=24)]
Email = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=64)]
Cidr = Annotated[str, AfterValidator(_private_cidr)]
Cron = Annotated[str, AfterValidator(_cron)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Family = Annotated[str, AfterValidator(_family), WithJsonSchema({"type": "string", "enum": catalogue.family_names()})]
Image = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+(/[a-z0-9._-]+)+(:(?!latest$)[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})$")]
Uri = Annotated[str, StringConstraints(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.'()=-]+)+/?$")]


class Network(_Model):
    """The pilot's own private network: no internet route, one subnet a zone."""

    cidr: Cidr
    zones: Annotated[int, Field(ge=2, le=3)] = 2


class Budget(_Model):
    """What the team may spend; alerts go to the owner at 50, 80 and 100 % and at a forecast of 100 %."""

    monthly_usd: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]


class Workspace(_Model):
    """Where people work. Idle applications stop after `idle_timeout_minutes` (Studio allows 60 to 525600)."""

    users: Annotated[list[Slug], Field(min_length=1, max_length=50)]
    idle_timeout_minutes: Annotated[int, Field(ge=60, le=525_600)] = 60


class Model(_Model):
    """A model version: the container image that serves it (a pinned tag or digest) and its artifact."""

    image: Image
    artifact_uri: Uri


class Canary(_Model):
    """A new version first serves `percent` of the replicas (SageMaker allows at most 50) for `bake_minutes`."""

    percent: Annotated[int, Field(ge=1, le=50)]
    bake_minutes: Annotated[int, Field(ge=1, le=60)]


class OnlineRollback(_Model):
    """The new version is taken back when either bound is broken while it bakes."""

    p95_latency_ms: Annotated[int, Field(ge=1, le=60_000)]
    error_rate_percent: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class AsyncRollback(_Model):
    """The new version is taken back when more of its requests fail than this."""

    error_rate_percent: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class OnlineEndpoint(_Model):
    """A model that answers at once; scaled on requests a replica, never below one replica while enabled."""

    kind: Literal["online"]
    enabled: bool = True
    model: Slug
    family: Family
    min_replicas: Annotated[int, Field(ge=1, le=100)]
    max_replicas: Annotated[int, Field(ge=1, le=100)]
    requests_per_replica_per_minute: Annotated[int, Field(ge=1, le=1_000_000)]
    canary: Canary
    rollback: OnlineRollback


class AsyncEndpoint(_Model):
    """A model that answers through a queue; scaled on the backlog a replica, to zero when `min_replicas` is 0."""

    kind: Literal["async"]
    enabled: bool = True
    model: Slug
    family: Family
    min_replicas: Annotated[int, Field(ge=0, le=100)]
    max_replicas: Annotated[int, Field(ge=1, le=100)]
    backlog_per_replica: Annotated[int, Field(ge=1, le=10_000)]
    rollback: AsyncRollback


Endpoint = Annotated[OnlineEndpoint | AsyncEndpoint, Field(discriminator="kind")]


class BatchJob(_Model):
    """Scoring on a schedule, in `timezone`, stopped after `max_hours`; nothing runs between runs."""

    enabled: bool = True
    model: Slug
    family: Family
    replicas: Annotated[int, Field(ge=1, le=100)]
    schedule: Cron
    timezone: TimeZone = "UTC"
    max_hours: Annotated[int, Field(ge=1, le=24)]
    input_uri: Uri
    output_uri: Uri


class StackConfig(_Model):
    """One pilot. `platform`, `account` and `region` say where, the rest says what; see DESIGN's glossary."""

    platform: Literal["aws"]
    account: Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
    region: Annotated[str, AfterValidator(_region), WithJsonSchema({"type": "string", "enum": catalogue.region_names()})]
    environment: Literal["pilot", "dev", "test", "prod"]
    team: Slug
    cost_center: Slug
    owner: Email
    network: Network
    budget: Budget
    workspace: Workspace
    models: Annotated[dict[Slug, Model], Field(min_length=1, max_length=1000)]
    endpoints: Annotated[dict[Slug, Endpoint], Field(max_length=1000)] = {}
    batch_jobs: Annotated[dict[Slug, BatchJob], Field(max_length=1000)] = {}

    def families(self) -> set[str]:
        """Every hardware family that an endpoint or batch job names, switched on or not."""
        return {item.family for item in (*self.endpoints.values(), *self.batch_jobs.values())}


@dataclass(frozen=True)
class _Problem:
    path: tuple[str | int, ...]
    sentence: str


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses what a reader of the file could misread: a key written twice, an anchor, an alias."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.constructor.ConstructorError(None, None, "aliases are not allowed", self.peek_event().start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands here twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_stack_file(path: Path) -> StackConfig:
    """Read and validate one stack file.

    Raises BadInput, one sentence a problem, when the file cannot be read, is no YAML mapping, or breaks the model.
    """
    return validate(_read_yaml(path), display(path))


def display(path: Path) -> str:
    """The path as a person would type it: relative to the working directory where it lies below it."""
    resolved = path.resolve()
    return str(resolved.relative_to(Path.cwd())) if resolved.is_relative_to(Path.cwd()) else str(path)


def stack_name(path: Path) -> str:
    """The stack's name from its file's: `Pulumi.<stack>.yaml`. Raises BadInput for any other name."""
    match = re.fullmatch(r"Pulumi\.([a-z][a-z0-9-]{0,23})\.yaml", path.name)
    if match is None:
        raise BadInput(
            f"{display(path)}: found the file name {path.name!r}, allowed: Pulumi.<stack>.yaml where <stack> is at most "
            "24 lower-case letters, digits and dashes"
        )
    return match.group(1)


def _read_yaml(path: Path) -> Mapping[str, Any]:
    where = display(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{where}: cannot be read ({error.strerror}); name a stack file such as aws-pilot") from None
    if len(data) > MAX_FILE_BYTES:
        raise BadInput(f"{where}: has {len(data)} bytes where a stack file has at most {MAX_FILE_BYTES}")
    try:
        document: object = yaml.load(data.decode("utf-8"), Loader=_Loader)
    except UnicodeDecodeError as error:
        raise BadInput(f"{where}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else "the file"
        raise BadInput(f"{where}: {line} is not valid YAML here: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else _one_line(str(error))
        raise BadInput(f"{where}: is not valid YAML: {reason}") from None
    if not isinstance(document, dict):
        raise BadInput(f"{where}: found {_found(document)} where a mapping with the key 'config' is expected")
    document = cast(dict[Any, Any], document)
    for key in document:
        if key not in _TOP_LEVEL:
            raise BadInput(f"{where}: unknown key {_found(key)}{_nearest(key, _TOP_LEVEL)}")
    config: object = document.get("config")
    if not isinstance(config, dict):
        raise BadInput(f"{where}: config: found {_found(config)} where keys such as {NAMESPACE}:platform are expected")
    return cast(Mapping[str, Any], config)


_TOP_LEVEL = ("config", "encryptionsalt", "secretsprovider", "encryptedkey", "environment")


def from_engine() -> StackConfig:
    """The stack config as the Pulumi engine hands it to the program, each top-level object as a JSON string.

    Raises BadInput as `read_stack_file` does, naming the stack instead of the file.
    """
    import pulumi
    from pulumi.runtime.config import CONFIG, get_config_env

    where = f"Pulumi.{pulumi.get_stack()}.yaml"
    values: dict[str, Any] = {}
    for key, value in {**get_config_env(), **CONFIG.get()}.items():
        if not key.startswith(f"{NAMESPACE}:"):
            continue
        try:
            values[key] = json.loads(value) if value.startswith(("{", "[")) else value
        except json.JSONDecodeError as error:
            raise BadInput(f"{where}: {key}: is not valid JSON ({error.msg}); set it with --path") from None
    return validate(values, where)


def to_engine(path: Path) -> dict[str, str]:
    """The `mlplatform:` keys of a stack file as the engine would hand them over: the inverse door of `from_engine`."""
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in _read_yaml(path).items() if k.startswith(NAMESPACE)}


def validate(config: Mapping[str, Any], where: str) -> StackConfig:
    """Validate the `config` mapping of a stack file; `where` names the file in the sentences. Raises BadInput."""
    values: dict[str, Any] = {}
    for key, value in config.items():
        namespace, _, name = str(key).partition(":")
        if namespace == NAMESPACE and name:
            values[name] = value
        elif namespace != "pulumi":
            allowed = [f"{NAMESPACE}:{field}" for field in StackConfig.model_fields]
            raise BadInput(f"{where}: config.{_one_line(str(key))}: unknown key{_nearest(key, allowed)}")
    try:
        parsed = StackConfig.model_validate(values)
    except ValidationError as error:
        problems = [_problem(dict(e)) for e in error.errors()]
    except RecursionError:
        raise BadInput(f"{where}: is nested too deeply; a stack file has at most four levels") from None
    else:
        problems = list(_cross_checks(parsed))
        if not problems:
            return parsed
    lines = [f"{where}: {NAMESPACE}:{'.'.join(_one_line(str(p)) for p in x.path)}: {x.sentence}" for x in problems[:5]]
    if len(problems) > len(lines):
        lines.append(f"{where}: {len(problems) - len(lines)} more problems follow once these are mended")
    raise BadInput("\n".join(lines))


def _cross_checks(config: StackConfig) -> Iterator[_Problem]:
    """What one field alone cannot tell: names that must exist, ranges, and families this platform does not have."""
    served = [("endpoints", name, item) for name, item in config.endpoints.items()]
    scored = [("batch_jobs", name, item) for name, item in config.batch_jobs.items()]
    hardware = catalogue.load(config.platform)
    for section, name, item in [*served, *scored]:
        if item.model not in config.models:
            near = _nearest(item.model, list(config.models))
            yield _Problem((section, name, "model"), f"found {item.model!r}, no key of {NAMESPACE}:models{near}")
        absent = hardware.families[item.family].absent
        if absent:
            yield _Problem((section, name, "family"), f"found {item.family!r}, which {config.platform} lacks: {absent}")
    for section, name, item in served:
        if item.min_replicas > item.max_replicas:
            yield _Problem(
                (section, name, "min_replicas"),
                f"found {item.min_replicas}, allowed at most max_replicas, which is {item.max_replicas}",
            )


_REFUSED_KINDS = {
    "serverless": "SageMaker serverless endpoints take neither a VPC nor network isolation; "
    "use 'async' with min_replicas 0 to pay nothing while idle",
    "multi-model": "multi-model endpoints are not built yet; give each model an endpoint of kind 'online'",
}


def _problem(error: dict[str, Any]) -> _Problem:
    """One sentence for one pydantic error: what was found, what is allowed."""
    path = tuple(part for part in error["loc"] if part not in ("online", "async", "[key]"))
    found, kind, context = error.get("input"), error["type"], error.get("ctx", {})
    match kind:
        case "extra_forbidden":
            return _Problem(path, f"unknown key{_nearest(path[-1], _siblings(path))}")
        case "missing":
            return _Problem(path, "is missing; add it")
        case "union_tag_invalid" | "union_tag_not_found":
            tag = context.get("tag")
            if tag in _REFUSED_KINDS:
                return _Problem((*path, "kind"), f"found {tag!r}: {_REFUSED_KINDS[tag]}")
            found = tag if tag is not None else "nothing"
            return _Problem((*path, "kind"), f"found {_found(found)}, allowed: 'online' or 'async'")
        case "literal_error":
            return _Problem(path, f"found {_found(found)}, allowed: {context['expected']}")
        case "value_error":
            return _Problem(path, f"found {_found(found)}, allowed: {context['error']}")
        case "string_pattern_mismatch":
            return _Problem(path, f"found {_found(found)}, allowed: {_PATTERNS.get(context['pattern'], context['pattern'])}")
        case "string_type" if isinstance(found, int | float):
            return _Problem(path, f"found {_found(found)}, allowed: text; put it in quotes")
        case _:
            message = error["msg"].removeprefix("Input should be ").removeprefix("a valid ")
            return _Problem(path, f"found {_found(found)}, allowed: {message}")


_PATTERNS = {
    _SLUG: "lower-case words of letters and digits joined by '-', starting with a letter",
    r"^\d{12}$": "an AWS account id of twelve digits, in quotes",
}


def _siblings(path: tuple[str | int, ...]) -> list[str]:
    """The keys that are allowed where an unknown one was found, by walking the model along its path."""
    model: type[BaseModel] = StackConfig
    step: Iterator[str | int] = iter(path[:-1])
    for part in step:
        if part in ("models", "endpoints", "batch_jobs"):
            next(step, None)
        model = _CHILDREN.get(str(part), model)
    if model is OnlineEndpoint:
        return sorted({*OnlineEndpoint.model_fields, *AsyncEndpoint.model_fields})
    return list(model.model_fields)


_CHILDREN: dict[str, type[BaseModel]] = {
    "network": Network,
    "budget": Budget,
    "workspace": Workspace,
    "models": Model,
    "endpoints": OnlineEndpoint,
    "batch_jobs": BatchJob,
    "canary": Canary,
    "rollback": OnlineRollback,
}


def _nearest(word: object, allowed: list[str] | tuple[str, ...]) -> str:
    near = difflib.get_close_matches(str(word), allowed, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; allowed: {', '.join(allowed)}"


def _found(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = _one_line(repr(value))
    return text if len(text) <= 60 else f"{text[:57]}…"


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\s]+", " ", text)[:200]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a whole stack file, for editors: the stack files name it in a modeline."""
    schema = StackConfig.model_json_schema()
    properties = {f"{NAMESPACE}:{name}": value for name, value in schema.pop("properties").items()}
    required = [f"{NAMESPACE}:{name}" for name in schema.pop("required")]
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
            },
            **{key: {} for key in _TOP_LEVEL if key != "config"},
        },
        "$defs": schema["$defs"],
    }
