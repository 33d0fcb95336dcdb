"""A stack file that is damaged by chance ends in a config or in a sentence, at both doors and by the schema."""

import contextlib
import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pulumi.runtime.config as engine
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue import formats
from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from catalogue.pauses import lost_to, shortest_pause_minutes
from catalogue.zones import zones_of
from stacks import fields as types
from stacks.config import OF_PULUMI, STACKS, from_engine, read_stack_file, to_engine, validate
from stacks.model import StackConfig
from stacks.schema import json_schema
from tests.stacks.test_config import CONFIG, HARDWARE, TEXT, examples, outcome, read_bytes


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stacks") / "Pulumi.a.yaml"


# --- files that nobody would write --------------------------------------------------------------------------------

Where = tuple[str | int, ...]


def places(value: Any, here: Where = ()) -> Iterator[Where]:
    """The path of everything that stands in a document."""
    if here:
        yield here
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*here, key))


PLACES = list(places(CONFIG))
OPTIONAL = {
    ("mlplatform:endpoints",),
    ("mlplatform:batch_jobs",),
    ("mlplatform:workspace", "idle_timeout_minutes"),
    ("mlplatform:workspace", "users", 0),
    ("mlplatform:workspace", "users", 1),
    ("mlplatform:endpoints", "live"),
    ("mlplatform:endpoints", "queued"),
    ("mlplatform:batch_jobs", "nightly"),
    ("mlplatform:batch_jobs", "nightly", "timezone"),
}

words = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(), max_size=10),  # every code point, halves of characters as well
    st.sampled_from(
        ["", "<<", "on", "null", "[key]", "online", "async", "kind", "x" * 5000, "\x1b[2J", "\u202e", "a\nb"]
    ),
    st.sampled_from(sorted({str(place[-1]) for place in PLACES})),
)
numbers = st.one_of(st.integers(), st.floats(), st.integers(-(10**400), 10**400), st.sampled_from([0, 1, -1, 10**4000]))
scalars = st.one_of(st.none(), st.booleans(), numbers, words)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=4)),
    max_leaves=8,
)


def at(config: Any, place: Where) -> Any:
    """What stands at this place."""
    for part in place:
        config = config[part]
    return config


def _parent(config: Any, place: Where) -> Any:
    return at(config, place[:-1])


def _flip(value: Any) -> Any:
    """The same value in the nearest wrong type."""
    match value:
        case bool() | int() | float():
            return str(value)
        case str():
            return [value]
        case list():
            return {str(index): item for index, item in enumerate(value)}
        case _:
            return list(value)


@st.composite
def mutated(draw: st.DrawFn, document: dict[str, Any] = CONFIG) -> dict[str, Any]:
    """The document after one to three mutations: a key or item deleted, renamed, replaced, added, doubled, retyped."""
    config, known = copy.deepcopy(document), PLACES if document is CONFIG else list(places(document))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(known))
        with contextlib.suppress(
            KeyError, IndexError, TypeError, AttributeError
        ):  # an earlier mutation took the place away
            parent, last = _parent(config, place), place[-1]
            match draw(st.sampled_from(["delete", "rename", "replace", "add", "double", "flip"])):
                case "delete":
                    del parent[last]
                case "rename":
                    value = parent.pop(last)
                    parent.insert(0, value) if isinstance(parent, list) else parent.update({draw(words): value})
                case "replace":
                    parent[last] = draw(values)
                case "add" if isinstance(parent[last], dict):
                    parent[last][draw(words)] = draw(values)
                case "add" | "double" if isinstance(parent, list):
                    parent.append(draw(values))
                case "add" | "double":
                    near = draw(st.sampled_from([f"{last}s", str(last)[1:], str(last).upper(), f"{last} "]))
                    parent[near] = parent[last]
                case _:
                    parent[last] = _flip(parent[last])
    return config


def as_engine(config: dict[str, Any]) -> dict[str, str]:
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


@pytest.fixture
def engine_door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, str]], StackConfig]]:
    """`from_engine` with the config that the engine would have set."""
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    monkeypatch.setattr("pulumi.get_stack", lambda: "a")
    before = engine.CONFIG.get()

    def read(config: dict[str, str]) -> StackConfig:
        engine.set_all_config(config)
        return from_engine()

    yield read
    engine.CONFIG.set(before)


@examples(200)
@given(mutated())
def test_a_mutated_file_ends_in_a_config_or_a_sentence(file: Path, config: dict[str, Any]) -> None:
    try:
        text = json.dumps({"config": config})
    except ValueError:  # an integer that Python itself refuses to print
        return
    lines = read_bytes(file, text.encode())
    if not lines:
        assert outcome(lambda: validate(config, "a.yaml"), "a.yaml") == [], "the file and the mapping are one"


@settings(parent=examples(200), suppress_health_check=[*HealthCheck])
@given(config=mutated())
def test_a_mutated_engine_config_ends_in_a_config_or_a_sentence(
    engine_door: Callable[[dict[str, str]], StackConfig], config: dict[str, Any]
) -> None:
    with contextlib.suppress(ValueError):
        text = as_engine(config)
        outcome(lambda: engine_door(text), "Pulumi.a.yaml")


@settings(parent=examples(200), suppress_health_check=[*HealthCheck])
@given(
    name=st.sampled_from(
        ["mlplatform:network", "mlplatform:team", "mlplatform:", "mlplatform", "aws:region", "pulumi"]
    ),
    text=st.one_of(words, words.map(lambda word: "[" + word), st.just("[" * 99_999), st.just("[" + "9" * 9999 + "]")),
)
def test_any_text_from_the_engine_ends_in_a_sentence(
    engine_door: Callable[[dict[str, str]], StackConfig], name: str, text: str
) -> None:
    lines = outcome(lambda: engine_door({**as_engine(CONFIG), name: text}), "Pulumi.a.yaml")
    if name not in ("mlplatform:team", "mlplatform:network"):
        assert lines, "a key that no one knows was let in"


@examples(300)
@given(place=st.sampled_from([place for place in PLACES if place not in OPTIONAL]))
def test_a_key_that_is_missing_is_never_made_up(place: Where) -> None:
    config = copy.deepcopy(CONFIG)
    del _parent(config, place)[place[-1]]
    assert outcome(lambda: validate(config, "a.yaml"), "a.yaml")


@examples(300)
@given(
    place=st.sampled_from([(), *(place for place in PLACES if isinstance(_parent(CONFIG, (*place, "")), dict))]),
    key=words,
)
def test_a_key_that_is_unknown_is_never_ignored(place: Where, key: str) -> None:
    config = copy.deepcopy(CONFIG)
    target = _parent(config, (*place, ""))
    if key in target or key in OF_PULUMI:
        return
    target[key] = {}
    assert outcome(lambda: validate(config, "a.yaml"), "a.yaml")


@examples(250)
@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_sentence(file: Path, content: bytes) -> None:
    assert read_bytes(file, content)


TOKENS = [
    *"{}[],:?-&*!|>'\"%@`# \n\t~=<",
    "  ",
    "\n  ",
    "\n    ",
    ": ",
    "- ",
    "<<: ",
    "---\n",
    "...\n",
    "&a ",
    "*a ",
    "!!",
]
TOKENS += [
    "!!int ",
    "!!set ",
    "!!binary ",
    "!!timestamp ",
    "!<x> ",
    "%YAML 1.1\n",
    "%TAG ! x\n",
    "\\u",
    "\\ud800",
    "\0",
    "\ufeff",
]
TOKENS += [
    "config",
    "mlplatform:",
    "team",
    "models",
    "on",
    "1e3",
    "0o7",
    "1:30",
    ".nan",
    "2026-01-01",
    "0x",
    "\x85",
    "\u2028",
]
yamlish = st.lists(st.one_of(st.sampled_from(TOKENS), st.text(max_size=3)), max_size=40).map("".join)


@examples(200)
@given(yamlish, st.sampled_from(["", "config:\n  ", "config:\n  mlplatform:", "config: {mlplatform:team: ", TEXT]))
def test_any_text_ends_in_a_sentence(file: Path, text: str, before: str) -> None:
    lines = read_bytes(file, (before + text).encode("utf-8", "surrogatepass"))
    assert lines or before == TEXT


@examples(250)
@given(st.integers(0, len(TEXT) - 1))
def test_a_file_cut_short_is_refused_unless_only_an_option_is_lost(file: Path, end: int) -> None:
    text = TEXT[:end]
    lines = read_bytes(file, text.encode())
    if "mlplatform:workspace" not in text:
        assert lines


@examples(250)
@given(at=st.integers(0, len(TEXT) - 1), gone=st.integers(0, 20), put=st.binary(max_size=6))
def test_a_damaged_file_ends_in_a_config_or_a_sentence(file: Path, at: int, gone: int, put: bytes) -> None:
    content = TEXT.encode()
    read_bytes(file, content[:at] + put + content[at + gone :])


LINES = TEXT.splitlines(keepends=True)


@examples(250)
@given(
    st.integers(1, len(LINES) - 1),
    st.sampled_from(["double", "delete", "indent", "dedent", "move", "comment", "tab"]),
    st.integers(1, len(LINES) - 1),
)
def test_a_file_with_a_slip_of_the_editor_is_read_whole_or_refused(file: Path, at: int, slip: str, to: int) -> None:
    lines = list(LINES)
    line = lines.pop(at)
    changed = {
        "double": [line, line],
        "indent": ["  " + line],
        "dedent": [line[2:]],
        "comment": ["# " + line],
        "tab": ["\t" + line],
    }
    if slip == "move":
        lines.insert(to, line)
    lines[at:at] = changed.get(slip, [])
    refused = read_bytes(file, "".join(lines).encode())
    if slip in ("double", "tab"):
        assert refused


# --- both doors ---------------------------------------------------------------------------------------------------

slugs = st.one_of(
    st.sampled_from(["a", "no", "on", "null", "online", "async", "x1-2-y", "a" * 24, "true", "y", "kind"]),
    st.integers(0, 10**18).map("n{}".format),
)
regions = st.sampled_from(HARDWARE.regions)
ecr = st.builds("{:012}.dkr.ecr".format, st.integers(0, 10**12 - 1))
tags = st.sampled_from([":1", ":3.0-5", ":2.6.0-gpu_py312", ":latest-1"])
digests = st.builds("@sha256:{:064x}".format, st.integers(0, 16**64 - 1))
archives = st.builds("s3://a{}/{}/model.tar.gz".format, slugs.map("b{}".format), slugs)
uris = st.builds("s3://a{}/{}/".format, slugs.map("b{}".format), slugs)
scores = st.builds("s3://s{}/{}/".format, slugs.map("b{}".format), slugs)
rates = st.one_of(st.integers(1, 50), st.floats(0.01, 50, allow_nan=False))
cidrs = st.builds(
    lambda second, prefix: f"10.{second}.0.0/{prefix}", st.integers(0, 255), st.integers(16, 21)
) | st.sampled_from(["172.16.0.0/16", "172.31.248.0/21", "192.168.0.0/16"])
schedules = st.sampled_from(["0 0 * * *", "15 2,4 * * 1-5", "5 */6 1,15 */3 *", "0 0 29 2 *", "59 23 * * 0,7"])
zones = st.sampled_from(types.timezones())


def families(use: catalogue.Use) -> st.SearchStrategy[str]:
    """Those that serve a use; but Inf1, which takes no new version back."""
    known = HARDWARE.families.items()
    return st.sampled_from([name for name, family in known if use in family.uses and name != "inferentia1"])


def fields(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


@st.composite
def valid_configs(draw: st.DrawFn) -> dict[str, Any]:
    """A config that must be read: every field within its bounds, every model known."""
    region = draw(regions)
    images = st.builds("{}.{}.amazonaws.com/{}{}".format, ecr, st.just(region), slugs, tags | digests)
    models = draw(st.dictionaries(slugs, fields({"image": images, "artifact_uri": archives}), min_size=1, max_size=3))
    model = st.sampled_from(sorted(models))
    high = st.integers(50, 100)
    online = fields(
        {
            "kind": st.just("online"),
            "model": model,
            "family": families("online"),
            "min_replicas": st.integers(2, 50),
            "max_replicas": high,
            "requests_per_replica_per_minute": st.integers(5, 60_000),
            "canary": fields({"percent": st.integers(1, 50), "bake_minutes": st.integers(5, 60)}),
            "rollback": fields({"p95_latency_ms": st.integers(1, 60_000), "error_rate_percent": st.floats(0.01, 0.99)}),
        },
        enabled=st.booleans(),
        capture=fields({"percent": st.integers(1, 100), "days": st.integers(1, 3650)}),
    )
    queued = fields(
        {
            "kind": st.just("async"),
            "model": model,
            "family": families("async"),
            "min_replicas": st.integers(0, 50),
            "max_replicas": high,
            "backlog_per_replica": st.integers(2, 1_000),
            "rollback": fields({"error_rate_percent": rates}),
        },
        enabled=st.booleans(),
    )
    batch = fields(
        {
            "model": model,
            "family": families("batch"),
            "replicas": st.integers(1, 100),
            "schedule": schedules,
            "max_hours": st.integers(1, 24),
            "input_uri": uris,
            "output_uri": scores,
        },
        enabled=st.booleans(),
        timezone=zones,
        format=st.sampled_from(sorted(formats.AWS)),
        concurrency=st.integers(1, 16),
    ).filter(
        lambda job: (
            lost_to(job["schedule"], job.get("timezone", "UTC"), twice=False) is None
            and shortest_pause_minutes(job["schedule"]) >= job["max_hours"] * 60
        )
    )
    named = draw(st.lists(st.sampled_from(zones_of(region)), min_size=2, unique=True))
    config = draw(
        fields(
            {
                "platform": st.just("aws"),
                "account": st.integers(0, 10**12 - 1).map("{:012}".format),
                "region": st.just(region),
                "environment": st.sampled_from(["pilot", "dev", "test", "prod"]),
                "team": slugs,
                "cost_center": slugs,
                "owner": st.builds("{}@{}.example".format, slugs, slugs),
                "network": st.fixed_dictionaries({"cidr": cidrs, "zones": st.permutations(named)}),
                "budget": fields({"monthly_usd": st.one_of(st.integers(1, 10**6), st.floats(1, 10**6))}),
                "workspace": fields(
                    {
                        "users": st.lists(slugs, min_size=1, max_size=4, unique=True),
                        "zones": st.lists(st.sampled_from(named), min_size=2, unique=True),
                    },
                    idle_timeout_minutes=st.integers(60, 525_600),
                ),
                "models": st.just(models),
            },
            endpoints=st.dictionaries(slugs, online | queued, max_size=2),
            batch_jobs=st.dictionaries(slugs, batch, max_size=2),
        )
    )
    return {f"mlplatform:{key}": value for key, value in config.items()}


@settings(parent=examples(150), suppress_health_check=[*HealthCheck])
@given(config=valid_configs(), by_hand=st.booleans())
def test_both_doors_read_the_same(
    engine_door: Callable[[dict[str, str]], StackConfig], file: Path, config: dict[str, Any], by_hand: bool
) -> None:
    document = {"config": config}
    text = _by_hand(document) if by_hand else json.dumps(document)
    file.write_text(text, encoding="utf-8")
    read = read_stack_file(file)
    assert read == engine_door(to_engine(file))
    jsonschema_of_file.validate(yaml.safe_load(json.dumps(document)))
    assert {f"mlplatform:{key}" for key in read.model_dump(exclude_unset=True)} == set(config)


def _by_hand(value: Any, indent: int = 0) -> str:
    """Block YAML as a person writes it: text bare where that is safe."""
    if isinstance(value, dict):
        inner = (f"\n{'  ' * indent}{_bare(key)}: {_by_hand(item, indent + 1)}" for key, item in value.items())
        return "".join(inner) or "{}"
    if isinstance(value, list):
        return "".join(f"\n{'  ' * indent}- {_by_hand(item, indent + 1)}" for item in value) or "[]"
    return _bare(value) if isinstance(value, str) else json.dumps(value)


def _bare(word: str) -> str:
    return word if word[0].isalpha() and len(word) > 5 else json.dumps(word)


def test_both_doors_read_the_pilots_the_same(engine_door: Callable[[dict[str, str]], StackConfig]) -> None:
    for pilot in STACKS.glob("Pulumi.*.yaml"):
        assert read_stack_file(pilot) == engine_door(to_engine(pilot))


def test_the_engine_has_its_own_keys_beside_ours(engine_door: Callable[[dict[str, str]], StackConfig]) -> None:
    own = {"pulumi:disable-default-providers": '["aws", "gcp", "azure-native"]'}
    assert engine_door(as_engine(CONFIG) | own) == validate(CONFIG, "a.yaml")


def test_no_door_takes_what_the_other_refuses(engine_door: Callable[[dict[str, str]], StackConfig], file: Path) -> None:
    with pytest.raises(BadInput, match=r"config\.aws:region: unknown key"):
        engine_door(as_engine(CONFIG) | {"aws:region": "eu-west-1"})
    file.write_text(TEXT.replace('"111122223333"', "111122223333"), encoding="utf-8")
    with pytest.raises(BadInput, match="put it in quotes"):
        to_engine(file)


# --- the schema for editors ---------------------------------------------------------------------------------------

jsonschema_of_file = jsonschema.Draft202012Validator(json_schema())


def test_the_committed_schema_is_the_models() -> None:
    committed = (STACKS / "stack.schema.json").read_text(encoding="utf-8")
    assert committed == json.dumps(json_schema(), indent=2) + "\n", "the models changed: run `mlplatform schema`"


def test_the_schema_is_one_and_takes_every_stack_file() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    for path in STACKS.glob("Pulumi.*.yaml"):
        jsonschema_of_file.validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@examples(300)
@given(mutated())
def test_a_mutated_mapping_ends_in_a_config_or_a_sentence_and_is_refused_where_the_schema_refuses_it(
    config: dict[str, Any],
) -> None:
    said = outcome(lambda: validate(config, "a.yaml"), "a.yaml")
    assert said or jsonschema_of_file.is_valid({"config": config})


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("cidr: 10.40.0.0/20", "cidr: 10.40.0.0/20, xyzzy: 1"),
        ("20, zones: [us-east-1a, us-east-1b]", "20"),
        ("20, zones: [us-east-1a, us-east-1b]", "20, zones: [us-east-1a, us-east-1-bos-1z]"),
        ("users: [ana, ben]", "users: [ana, ben], zone: us-east-1a"),
        ("    scorer:\n", "    Scorer_1:\n"),
        ("kind: online", "kind: serverless"),
        ("family: gpu-l4", "family: gpu-l44"),
        ("region: us-east-1", "region: us-east-11"),
        ("[ana, ben]", "[ana, ana]"),
        ("platform: aws", "platform: gcp"),
        ("config:", "confg:"),
    ],
)
def test_the_schema_tells_the_editor(right: str, wrong: str) -> None:
    document = yaml.safe_load(TEXT)
    assert jsonschema_of_file.is_valid(document)
    assert not jsonschema_of_file.is_valid(yaml.safe_load(TEXT.replace(right, wrong, 1)))
