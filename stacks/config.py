"""The stack config: what a person writes in `stacks/Pulumi.<stack>.yaml`, validated in this one place.

Every key stands under the namespace `mlplatform:`. Two doors lead here and both end in the same model: the stack
file on disk (`read_stack_file`, used by the offline commands) and the engine's config (`from_engine`, used by the
program under `pulumi up`). Top-level values are strings, lists or objects, never bare numbers, because the engine
hands every top-level value to the program as a string.
"""

import difflib
import json
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
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
MAX_LINES = 5
MAX_NAMES = 20
_CRON_EPOCH = datetime(2026, 1, 1)
_CRON_ITEM = r"[0-9]{1,2}(-[0-9]{1,2})?(/[0-9]{1,2})?"
_CRON_FIELD = re.compile(rf"\*(/[0-9]{{1,2}})?|{_CRON_ITEM}(,{_CRON_ITEM})*")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _private_cidr(value: str) -> str:
    try:
        network = IPv4Network(value, strict=False)
    except ValueError:
        raise ValueError("an IPv4 network in CIDR notation such as 10.40.0.0/20") from None
    if str(network) != value:  # bits beyond the mask, or a mask in another notation, which the clouds refuse
        raise ValueError(f"an IPv4 network in CIDR notation; did you mean {network}?")
    if not any(network.subnet_of(IPv4Network(block)) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")):
        raise ValueError("a private network inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)")
    if not 16 <= network.prefixlen <= 22:
        raise ValueError("a network between /16 and /22, large enough for the endpoints' replicas in each zone")
    return value


def _cron(value: str) -> str:
    """Five-field cron as cron(5) has it; one of day-of-month and day-of-week must stay open, as EventBridge demands."""
    fields = value.split(" ")
    if len(fields) != 5 or not all(_CRON_FIELD.fullmatch(field) for field in fields):
        raise ValueError("five cron fields, each '*' or a list of numbers and ranges, such as '0 2 * * 1-5'")
    if "/" in fields[4]:
        raise ValueError("a day-of-week without a step ('/'), as a list or a range such as '1-5'")
    if fields[2] != "*" and fields[4] != "*":
        raise ValueError("day-of-month or day-of-week left open with '*'; EventBridge takes one of the two")
    for field, size in zip(fields, (60, 24, 31, 12), strict=False):
        if any(int(step) >= size for step in re.findall(r"/([0-9]+)", field)):
            raise ValueError(f"a step below {size} in the field {field!r}; a longer one never comes round")
    try:
        next(CronSim(value, _CRON_EPOCH))
    except (CronSimError, StopIteration) as error:
        reason = str(error) or "this one never does"
        raise ValueError(f"a cron expression that fires, such as '0 2 * * *' ({reason})") from None
    return value


@cache
def _timezones() -> list[str]:
    return sorted(available_timezones())


def _timezone(value: str) -> str:
    if value not in _timezones():
        raise ValueError(f"an IANA time zone such as Europe/Berlin{_did_you_mean(value, _timezones())}")
    return value


def _family(value: str) -> str:
    families = catalogue.family_names()
    if value not in families:
        raise ValueError(f"a hardware family{_nearest(value, families)}")
    return value


def _region(value: str) -> str:
    regions = catalogue.region_names()
    if value not in regions:
        raise ValueError(f"a region of the catalogue such as us-east-1{_did_you_mean(value, regions)}")
    return value


def _pinned(value: str) -> str:
    if value.endswith(":latest"):
        raise ValueError("a pinned tag or digest, never 'latest'")
    return value


def _distinct(value: list[str]) -> list[str]:
    twice = next((word for index, word in enumerate(value) if word in value[:index]), None)
    if twice is not None:
        raise ValueError(f"every name once; {twice!r} stands there twice")
    return value


def _did_you_mean(word: str, allowed: Iterable[str]) -> str:
    near = _close(word, allowed)
    return f"; did you mean {near}?" if near else ""


def _close(word: str, allowed: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word[:100], list(allowed), n=1, cutoff=0.5)), None)


_SLUG = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
_ACCOUNT = r"^[0-9]{12}$"
_EMAIL = r"^[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"  # only what a tag's value may hold
_IMAGE = r"^[a-z0-9.-]+(/[a-z0-9._-]+)+(:[A-Za-z0-9._-]{1,128}|@sha256:[0-9a-f]{64})$"
_URI = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.'()=-]+)+/?$"

Slug = Annotated[str, StringConstraints(pattern=_SLUG, max_length=24)]
Email = Annotated[str, StringConstraints(pattern=_EMAIL, max_length=64)]
Cidr = Annotated[str, AfterValidator(_private_cidr)]
Cron = Annotated[str, StringConstraints(max_length=200), AfterValidator(_cron)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Family = Annotated[str, AfterValidator(_family), WithJsonSchema({"type": "string", "enum": catalogue.family_names()})]
Region = Annotated[str, AfterValidator(_region), WithJsonSchema({"type": "string", "enum": catalogue.region_names()})]
Image = Annotated[str, StringConstraints(pattern=_IMAGE, max_length=255), AfterValidator(_pinned)]
Uri = Annotated[str, StringConstraints(pattern=_URI, max_length=1024)]


class Network(_Model):
    """The pilot's own private network: no internet route, one subnet a zone."""

    cidr: Cidr
    zones: Annotated[int, Field(ge=2, le=3)] = 2


class Budget(_Model):
    """What the team may spend; alerts go to the owner at 50, 80 and 100 % and at a forecast of 100 %."""

    monthly_usd: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]


class Workspace(_Model):
    """Where people work. Idle applications stop after `idle_timeout_minutes` (Studio allows 60 to 525600)."""

    users: Annotated[
        list[Slug],
        Field(min_length=1, max_length=50, json_schema_extra={"uniqueItems": True}),
        AfterValidator(_distinct),
    ]
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
    account: Annotated[str, StringConstraints(pattern=_ACCOUNT)]
    region: Region
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
    meant: tuple[str | int, ...] | None = None
    """The path of the known key that a misspelt one stands for."""


class _Refused(Exception):
    """What YAML allows and a stack file does not."""

    def __init__(self, at: Any, sentence: str) -> None:
        super().__init__(f"line {at.start_mark.line + 1}: {sentence}")


_TEXT = "tag:yaml.org,2002:str"
_PLAIN_WORD = re.compile(r"|~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_PLAIN_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})(\.[0-9]{1,40})?")
_TWOFOLD = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?0[xob][0-9a-fA-F_]+|[yYnN]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses what a reader of the file could misread.

    That is a key written twice, a key that is no text, an anchor, an alias, a merge, a tag, and a bare word such as
    `on`, `010`, `1e3` or `1:30`, which this reader, the engine's and a person take for different things.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = cast(Any, self).peek_event()
        if event.anchor is not None:
            raise _Refused(event, "found an anchor or alias (& or *), allowed: the value itself")
        if getattr(event, "tag", None) is not None:
            raise _Refused(event, f"found the tag {_found(event.tag)}, allowed: values without a tag")
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_scalar(event)
        return super().compose_node(parent, index)

    def _refuse_scalar(self, event: yaml.ScalarEvent) -> None:
        word, bare = str(event.value), bool(event.implicit[0])
        if _SURROGATE.search(word):
            raise _Refused(event, f"found {_found(word)}, half of a character, allowed: the character itself")
        if not bare or _PLAIN_WORD.fullmatch(word) or _PLAIN_NUMBER.fullmatch(word):
            return
        if cast(Any, self).resolve(yaml.ScalarNode, word, event.implicit) != _TEXT or _TWOFOLD.fullmatch(word):
            allowed = "the keys themselves" if word == "<<" else "quoted text, a plain decimal number, true or false"
            raise _Refused(event, f"found {_found(word)} without quotes, allowed: {allowed}")

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != _TEXT:
                raise _Refused(key, f"found {_found(key.value)} as a key, allowed: text; put it in quotes")
            if key.value in seen:
                raise _Refused(key, f"found the key {_found(key.value)} twice, allowed: once")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


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
        return _one_line(str(path), 4096)
    return _one_line(str(resolved.relative_to(here) if resolved.is_relative_to(here) else path), 4096)


def stack_name(path: Path) -> str:
    """The stack's name from its file's: `Pulumi.<stack>.yaml`. Raises BadInput for any other name.

    Names in the cloud are made of the stack's and the endpoint's (at most 24): with Pulumi's seven digits,
    `<stack>-<name>-schedule-xxxxxxx` must fit EventBridge Scheduler's 64 characters.
    """
    match = re.fullmatch(r"Pulumi\.([a-z][a-z0-9-]{0,21})\.yaml", path.name)
    if match is None:
        raise BadInput(
            f"{display(path)}: found the file name {_found(path.name)}, allowed: Pulumi.<stack>.yaml where <stack> "
            "is at most 22 lower-case letters, digits and dashes"
        )
    return match.group(1)


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
        document: object = yaml.load(data.decode("utf-8"), Loader=_Loader)
    except UnicodeDecodeError as error:
        raise BadInput(f"{where}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except _Refused as error:
        raise BadInput(f"{where}: {error}") from None
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        raise BadInput(f"{where}: {line}is not valid YAML here: {_one_line(reason, 200)}") from None
    except (yaml.YAMLError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else _one_line(str(error), 200)
        raise BadInput(f"{where}: is not valid YAML: {reason}") from None
    if not isinstance(document, dict):
        raise BadInput(f"{where}: found {_found(document)}, allowed: a mapping with the key 'config'")
    document = cast(dict[str, Any], document)
    for key in document:
        if key not in _TOP_LEVEL:
            raise BadInput(f"{where}: {_one_line(key)}: unknown key{_nearest(key, _TOP_LEVEL)}")
    config: object = document.get("config")
    if not isinstance(config, dict):
        raise BadInput(
            f"{where}: config: found {_found(config)}, allowed: a mapping of keys such as {NAMESPACE}:platform"
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
            raise BadInput(f"{where}: {_one_line(key)}: is not valid JSON ({reason}); set it with --path") from None
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
            near = _nearest(key.rpartition(":")[2], StackConfig.model_fields, f"{NAMESPACE}:")
            raise BadInput(f"{where}: config.{_one_line(key)}: unknown key{near}")
    try:
        parsed = StackConfig.model_validate(values)
    except ValidationError as error:
        problems = _problems(error)
    else:
        problems = list(_cross_checks(parsed))
        if not problems:
            return parsed
    lines = [
        f"{where}: {NAMESPACE}:{'.'.join(_one_line(str(part)) for part in problem.path)}: {problem.sentence}"
        for problem in problems[:MAX_LINES]
    ]
    if rest := len(problems) - len(lines):
        lines.append(f"{where}: {rest} more {'problem follows' if rest == 1 else 'problems follow'} these")
    raise BadInput("\n".join(lines))


def _cross_checks(config: StackConfig) -> Iterator[_Problem]:
    """What one field alone cannot tell: names that must exist, ranges, and families this platform does not have."""
    served = [("endpoints", name, item) for name, item in config.endpoints.items()]
    scored = [("batch_jobs", name, item) for name, item in config.batch_jobs.items()]
    hardware = catalogue.load(config.platform)
    for section, name, item in [*served, *scored]:
        if item.model not in config.models:
            near = _nearest(item.model, config.models)
            yield _Problem((section, name, "model"), f"found {item.model!r}, no key of {NAMESPACE}:models{near}")
        family = hardware.families[item.family]
        use = "batch" if isinstance(item, BatchJob) else item.kind
        if family.absent:
            sentence = f"found {item.family!r}, which {config.platform} lacks: {family.absent}"
            yield _Problem((section, name, "family"), sentence)
        elif use not in family.uses:
            allowed = ", ".join(other for other, figures in hardware.families.items() if use in figures.uses)
            sentence = f"found {item.family!r}, which {config.platform} does not offer for {use}, allowed: {allowed}"
            yield _Problem((section, name, "family"), sentence)
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


def _problems(error: ValidationError) -> list[_Problem]:
    """One problem a mistake: unknown keys first, and no known key is missing where a misspelt one stands for it."""
    problems = [_problem(dict(found)) for found in error.errors(include_url=False)]
    meant = {problem.meant for problem in problems if problem.meant}
    kept = [problem for problem in problems if not (problem.sentence == _MISSING and problem.path in meant)]
    return sorted(kept, key=lambda problem: not problem.sentence.startswith("unknown key"))


def _problem(error: dict[str, Any]) -> _Problem:
    """One sentence for one pydantic error: what was found, what is allowed."""
    kind, found, context = error["type"], error.get("input"), error.get("ctx", {})
    path = _path(error["loc"], kind)
    sentence, meant = "", None
    match kind:
        case "extra_forbidden":
            siblings = _KEYS[_shape(error["loc"][:-1])].model_fields
            near = _close(str(path[-1]), siblings)
            sentence = f"unknown key{_nearest(str(path[-1]), siblings)}"
            meant = (*path[:-1], near) if near else None
        case "missing":
            sentence = _MISSING
        case "union_tag_invalid" | "union_tag_not_found":
            path, sentence = _kind(path, cast(dict[str, Any], found))
        case "string_type" if isinstance(found, int | float):
            sentence = f"found {_found(found)}, allowed: text; put it in quotes"
        case "string_pattern_mismatch":
            sentence = f"found {_found(found)}, allowed: {_PATTERNS[context['pattern']]}"
        case _:
            allowed = _ALLOWED[kind].format(**context) if kind in _ALLOWED else error["msg"]
            sentence = f"found {_found(found)}, allowed: {allowed}"
    return _Problem(path, sentence, meant)


def _kind(path: tuple[str | int, ...], endpoint: dict[str, Any]) -> tuple[tuple[str | int, ...], str]:
    kind = endpoint.get("kind")
    misspelt = [] if "kind" in endpoint else difflib.get_close_matches("kind", endpoint, n=1)
    if misspelt:
        return (*path, misspelt[0]), "unknown key; did you mean kind?"
    if isinstance(kind, str) and kind in _REFUSED_KINDS:
        return (*path, "kind"), f"found {kind!r}: {_REFUSED_KINDS[kind]}"
    return (*path, "kind"), f"found {_found(kind)}, allowed: 'online' or 'async'"


_MISSING = "is missing; add it"
_PATTERNS = {
    _SLUG: "lower-case words of letters and digits joined by '-', starting with a letter",
    _ACCOUNT: "an AWS account id of twelve digits, in quotes",
    _EMAIL: "an e-mail address such as team@example.com",
    _IMAGE: "a container image with a pinned tag or digest such as registry.example.com/scorer:1.4",
    _URI: "an S3 address with a key such as s3://bucket/folder/model.tar.gz",
}
_ALLOWED = {
    "literal_error": "{expected}",
    "value_error": "{error}",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "finite_number": "a finite number",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "string_unicode": "text of whole characters",
}


def _path(loc: tuple[str | int, ...], kind: str) -> tuple[str | int, ...]:
    """Pydantic's location without what no one wrote: the mark of a wrong key, and the kind that chose the model."""
    if len(loc) == 3 and loc[0] in _NAMED and loc[2] == "[key]" and kind != "extra_forbidden":
        return loc[:2]
    return loc[:2] + loc[3:] if len(loc) > 2 and loc[0] == "endpoints" else loc


def _shape(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return (loc[0], "*", *loc[2:]) if len(loc) > 1 and loc[0] in _NAMED else loc


_NAMED = ("models", "endpoints", "batch_jobs")
_KEYS: dict[tuple[str | int, ...], type[BaseModel]] = {
    (): StackConfig,
    ("network",): Network,
    ("budget",): Budget,
    ("workspace",): Workspace,
    ("models", "*"): Model,
    ("endpoints", "*", "online"): OnlineEndpoint,
    ("endpoints", "*", "online", "canary"): Canary,
    ("endpoints", "*", "online", "rollback"): OnlineRollback,
    ("endpoints", "*", "async"): AsyncEndpoint,
    ("endpoints", "*", "async", "rollback"): AsyncRollback,
    ("batch_jobs", "*"): BatchJob,
}


def _nearest(word: str, allowed: Iterable[str], prefix: str = "") -> str:
    near = _close(word, allowed)
    if near:
        return f"; did you mean {prefix}{near}?"
    names = [f"{prefix}{name}" for name in allowed]
    return f"; allowed: {', '.join(names[:MAX_NAMES])}{', …' if len(names) > MAX_NAMES else ''}"


def _found(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "nothing" if value is None else str(value).lower()
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return _one_line(text, 80)


def _one_line(text: str, most: int = 60) -> str:
    """Text that neither breaks the line nor moves the cursor, cut to `most` characters."""
    clean = "".join(char if char.isprintable() else " " for char in text[: most + 1])
    return clean if len(clean) <= most else f"{clean[: most - 1]}…"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a whole stack file, for editors: the stack files name it in a modeline."""
    schema = StackConfig.model_json_schema()
    properties = {f"{NAMESPACE}:{name}": value for name, value in schema.pop("properties").items()}
    required = [f"{NAMESPACE}:{name}" for name in schema.pop("required")]
    for name in _NAMED:  # pydantic gives the pattern of the names, and leaves open what is in none
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
            },
            **{key: {} for key in _TOP_LEVEL if key != "config"},
        },
        "$defs": schema["$defs"],
    }
