"""The words people type: each is answered with what to do here, and none is taken for a slip of another."""

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from catalogue.platforms import PLATFORMS
from catalogue.wording import close
from stacks.config import STACKS, validate
from stacks.schema import json_schema
from stacks.words import WORDS, unknown
from tests.stacks.test_config import CONFIG, examples
from tests.stacks.test_config_damaged import PLACES, Where, at

SCHEMA = json_schema()
KEYS = {
    key.removeprefix("mlplatform:")
    for part in (SCHEMA["properties"]["config"], *SCHEMA["$defs"].values())
    for key in part.get("properties", ())
}
MAPPINGS = [(), *(place for place in PLACES if isinstance(at(CONFIG, place), dict))]


def said(config: dict[str, Any]) -> list[str]:
    with pytest.raises(BadInput) as caught:
        validate(config, "a.yaml")
    return [line.removeprefix("a.yaml: ") for line in str(caught.value).split("\n")]


def dotted(place: Where) -> str:
    return ".".join(map(str, place))


def test_the_table_has_the_words_of_the_field() -> None:
    assert len(WORDS) >= 150
    for word in (
        "training_job",
        "feature_store",
        "vpc_id",
        "subnet_ids",
        "kms_key",
        "scale_to_zero",
        "spot",
        "accounts",
    ):
        assert word in WORDS


@pytest.mark.sweep(4)
@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_the_table_is_answered(word: str) -> None:
    known = WORDS[word]
    assert known.means or known.instead
    assert not known.means or known.means in KEYS, "it names a key that there is"
    top = SCHEMA["properties"]["config"]["properties"]
    if f"mlplatform:{word}" in top:  # it is a key where everything begins
        return
    (line,) = said(CONFIG | {f"mlplatform:{word}": "x"})
    assert line.startswith(f"mlplatform:{word}: unknown key; ")
    assert (known.means if f"mlplatform:{known.means}" in top else known.instead or "allowed: ") in line


@pytest.mark.parametrize("typed", ["instance_type", "instanceType", "InstanceType", "instance-type"])
def test_a_word_is_known_in_every_spelling(typed: str) -> None:
    keys = ["model", "family", "machine_type"]
    assert unknown(typed, keys) == ("unknown key; did you mean machine_type?", "machine_type")


@pytest.mark.parametrize(
    ("platform", "word", "typed"),
    [
        ("aws", "instance_type", "ml.g5.xlarge"),
        ("azure", "vm_size", "Standard_D2as_v4"),
        ("gcp", "sku", "n1-standard-2"),
    ],
)
def test_a_word_whose_values_are_machine_types_means_the_key_that_takes_them(
    platform: str, word: str, typed: str
) -> None:
    assert typed in catalogue.load(platform).machine_types
    config = copy.deepcopy(CONFIG)
    endpoint = next(iter(config["mlplatform:endpoints"].values()))
    del endpoint["family"]
    endpoint[word] = typed
    assert any(f"{word}: unknown key; did you mean machine_type?" in line for line in said(config))
    # Where no machine is named, the word says where one is.
    (line,) = (line for line in said(CONFIG | {f"mlplatform:{word}": typed}) if word in line)
    assert "the family or the machine_type of an endpoint" in line


@pytest.mark.parametrize(
    ("at", "word", "sentence"),
    [
        ("pipeline", "parameters", "a run takes no parameters"),
        ("pipeline", "on_data", "a schedule or a person starts a run"),
        ("step", "depends_on", "name them under its inputs"),
        ("step", "when", "no step is left out of a run"),
        ("step", "retries", "what the platform could not start is tried again"),
        ("step", "enable_caching", "no step is cached"),
        ("endpoint", "models", "an endpoint of kind online serves one model"),
    ],
)
def test_what_references_say_of_pipelines_and_endpoints_has_its_reason(at: str, word: str, sentence: str) -> None:
    config = yaml.safe_load((STACKS / "Pulumi.gcp-full.yaml").read_text(encoding="utf-8"))["config"]
    path = config["mlplatform:pipelines"]["fraud-path"]
    places = {
        "pipeline": path,
        "step": path["steps"]["prepare"],
        "endpoint": config["mlplatform:endpoints"]["fraud-scorer"],
    }
    places[at][word] = "x"
    (line,) = said(config)
    assert f"{word}: unknown key; " in line and sentence in line


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_step_that_reads_nothing_is_told_what_it_may_read_in_the_platforms_words(platform: str) -> None:
    config = yaml.safe_load((STACKS / f"Pulumi.{platform}-full.yaml").read_text(encoding="utf-8"))["config"]
    config["mlplatform:pipelines"]["fraud-path"]["steps"]["prepare"]["inputs"] = {}
    (line,) = said(config)
    assert "prepare.inputs: found a mapping with nothing in it, allowed: 1 or more, such as {" in line
    assert all(f"{uri.example.partition('://')[0]}://" not in line for uri in OTHERS[platform])


OTHERS = {own: [each.uri for name, each in PLATFORMS.items() if name != own] for own in PLATFORMS}


def test_what_there_is_is_never_said_not_to_be_there_yet() -> None:
    for word in ("env_vars", "environment_variables", "tags", "default_tags", "permissions_boundary", "hub"):
        assert "not there yet" not in unknown(word, ["image"])[0]
    assert unknown("env_vars", ["image", "environment"])[1] == "environment"


@pytest.mark.parametrize(
    ("word", "allowed"),
    [
        ("us-gov-west-1", "us-west-1"),
        ("us-west-1", "us-east-1"),
        ("us-east-3", "us-east-1"),
        ("gpu-l40", "gpu-l4"),
        ("eastus3", "eastus2"),
        ("training", "timezone"),
        ("xyzzy", "zones"),
        ("", "zone"),
        ("a" * 101, "a" * 24),
    ],
)
def test_what_is_merely_alike_is_not_meant(word: str, allowed: str) -> None:
    assert close(word, [allowed]) is None


@pytest.mark.sweep(4)
@pytest.mark.parametrize("name", [*sorted(KEYS), *catalogue.family_names()])
@examples(20)
@given(data=st.data())
def test_a_slip_of_the_fingers_is_understood(name: str, data: st.DataObject) -> None:
    letters = [i for i in range(1, len(name)) if name[i].isalpha() and name[i - 1].isalpha()]
    i = data.draw(st.sampled_from(letters))
    typed = data.draw(
        st.sampled_from([name.upper(), name.replace("_", "-"), name[:i] + name[i] + name[i:], name[:i] + name[i + 1 :]])
    )
    assert close(typed, [name]) == name


@pytest.mark.parametrize(
    ("platform", "region"),
    [("aws", "us-gov-west-1"), ("aws", "as-west-1"), ("gcp", "usa-central1"), ("azure", "usgov")],
)
def test_no_region_of_another_part_of_the_world_is_suggested(platform: str, region: str) -> None:
    assert region not in catalogue.region_names(platform)
    lines = said(CONFIG | {"mlplatform:platform": platform, "mlplatform:region": region})
    (line,) = (line for line in lines if line.startswith("mlplatform:region: "))
    assert "did you mean" not in line
    assert PLATFORMS[platform].region in line


@pytest.mark.parametrize(
    "typed",
    [
        "machineSpec",
        "acceleratorCount",
        "dedicatedResources",
        "deployedModels",
        "containerSpec",
        "encryptionSpec",
        "tpuTopology",
        "vpc_sc",
        "privateServiceConnectConfig",
        "predictRequestResponseLoggingConfig",
        "reservationAffinity",
        "workerPoolSpecs",
        "serviceAccount",
        "minReplicaCount",
        "autoscalingMetricSpecs",
        "shared_vpc",
    ],
)
def test_what_vertex_ai_calls_a_thing_is_answered(typed: str) -> None:
    (line,) = said(CONFIG | {f"mlplatform:{typed}": "x"})
    assert "did you mean" in line or "; allowed: " not in line


# --- every mistake of a file at once ------------------------------------------------------------------------------


def spoilt(config: dict[str, Any], place: Where, how: str) -> str:
    """Rename, remove or mistype what stands at a place of the config; the start of the sentence that must say so."""
    parent, key = at(config, place[:-1]), str(place[-1])
    where, prefix = dotted(place), "mlplatform:" if len(place) == 1 else ""
    if how == "rename":
        parent[f"{key}_qqqqqqqq"] = parent.pop(key)
        return f"{where}_qqqqqqqq: unknown key"
    if how == "remove":
        del parent[key]
        return f"{where}: is missing; add "
    assert prefix or isinstance(parent, dict)
    parent[key] = 3.5 if isinstance(parent[key], str | dict | list) else "three"
    return f"{where}: found "


# What must be there, has no wrong neighbour by being wrong, and decides about nothing else in the file.
SPOILABLE = [
    ("mlplatform:region",),
    ("mlplatform:team",),
    ("mlplatform:owner",),
    ("mlplatform:network", "cidr"),
    ("mlplatform:budget", "monthly_usd"),
    ("mlplatform:workspace", "users"),
    ("mlplatform:models", "scorer", "image"),
    ("mlplatform:models", "scorer", "artifact_uri"),
    ("mlplatform:endpoints", "live", "model"),
    ("mlplatform:endpoints", "live", "max_replicas"),
    ("mlplatform:endpoints", "live", "canary", "percent"),
    ("mlplatform:endpoints", "queued", "backlog_per_replica"),
    ("mlplatform:batch_jobs", "nightly", "schedule"),
    ("mlplatform:batch_jobs", "nightly", "input_uri"),
]
HOW = st.sampled_from(["rename", "remove", "mistype"])


@examples(150)
@given(places=st.lists(st.sampled_from(SPOILABLE), min_size=1, max_size=4, unique=True), data=st.data())
def test_every_key_that_is_renamed_removed_or_mistyped_is_named(places: list[Where], data: st.DataObject) -> None:
    config = copy.deepcopy(CONFIG)
    expected = [spoilt(config, place, data.draw(HOW)) for place in places]
    lines = said(config)
    for start in expected:
        assert any(line.startswith(start) for line in lines), (start, lines)


CHECKED = [  # what no model tells: only the check of a section does
    (("mlplatform:region",), "us-gov-west-1"),
    (("mlplatform:network", "zones"), ["us-east-1a", "us-west-2a"]),
    (("mlplatform:models", "scorer", "artifact_uri"), "gs://models/scorer/1/"),
    (("mlplatform:endpoints", "live", "model"), "another"),
    (("mlplatform:endpoints", "live", "min_replicas"), 50),
    (("mlplatform:endpoints", "queued", "family"), "tpu-v5e"),
    (("mlplatform:batch_jobs", "nightly", "family"), "tpu-v5e"),
    (("mlplatform:batch_jobs", "nightly", "output_uri"), "gs://data/scores/"),
]


@examples(150)
@given(place=st.sampled_from(SPOILABLE), how=HOW, checked=st.sampled_from(CHECKED))
def test_a_mistake_of_the_model_hides_none_of_a_check(place: Where, how: str, checked: tuple[Where, Any]) -> None:
    there, value = checked
    if (
        place == there
        or place[:1] == ("mlplatform:region",)
        or {place[-1], there[-1]} == {"max_replicas", "min_replicas"}
    ):
        return  # the zones are those of the region, and one bound is judged by the other
    config = copy.deepcopy(CONFIG)
    at(config, there[:-1])[there[-1]] = value
    start = spoilt(config, place, how)
    lines = said(config)
    assert any(line.startswith(start) for line in lines), (start, lines)
    assert any(line.startswith(dotted(there)) for line in lines), (there, lines)


@examples(100)
@given(place=st.sampled_from(MAPPINGS), word=st.sampled_from(sorted(WORDS)))
def test_a_word_of_the_table_ends_in_one_sentence_at_any_place(place: Where, word: str) -> None:
    config = copy.deepcopy(CONFIG)
    key = word if place else f"mlplatform:{word}"
    if key in at(config, place):
        return
    at(config, place)[key] = {"x": 1}
    lines = said(config)
    assert any(line.startswith(dotted((*place, key))) for line in lines), lines


# --- what editors show --------------------------------------------------------------------------------------------

UNITS = (
    "US dollars",
    "minutes",
    "hours",
    "days",
    "milliseconds",
    "%",
    "replicas",
    "requests",
    "runs",
    "trials",
    "own unit",
    "The number of the",
)
"""What numbers are of; one that only tells things apart says which."""


def properties() -> list[Any]:
    parts = {"config": SCHEMA["properties"]["config"], **SCHEMA["$defs"]}
    return [
        pytest.param(schema, id=f"{name}.{key}")
        for name, part in parts.items()
        for key, schema in part.get("properties", {}).items()
    ]


@pytest.mark.sweep(3)
@pytest.mark.parametrize("schema", properties())
def test_every_key_has_a_description_and_an_example(schema: dict[str, Any]) -> None:
    assert len(schema.get("description", "")) > 20
    assert schema.get("examples")


@pytest.mark.parametrize("schema", [one for one in properties() if one.values[0].get("type") in ("integer", "number")])
def test_every_number_says_its_unit(schema: dict[str, Any]) -> None:
    assert any(unit in schema["description"] for unit in UNITS)
