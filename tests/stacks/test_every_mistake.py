"""A file's mistakes are each said once, and none hides another."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from stacks.config import NAMESPACE, STACKS, validate

EACH = pytest.mark.parametrize("platform", PLATFORMS)


def config_of(platform: str) -> dict[str, Any]:
    text = (STACKS / f"Pulumi.{platform}-pilot.yaml").read_text(encoding="utf-8")
    config: dict[str, Any] = yaml.safe_load(text)["config"]
    return config


def mistakes(config: dict[str, Any]) -> list[str]:
    """The sentences on a config, without the file."""
    with pytest.raises(BadInput) as refused:
        validate(config, "x")
    return [line.removeprefix(f"x: {NAMESPACE}:") for line in str(refused.value).splitlines()]


@EACH
@pytest.mark.parametrize(
    ("section", "key", "slip"), [("network", "cidr", "cdir"), ("budget", "monthly_usd", "monthly_us")]
)
def test_a_misspelt_key_is_one_mistake_and_not_missing_too(platform: str, section: str, key: str, slip: str) -> None:
    config = config_of(platform)
    config[f"{NAMESPACE}:{section}"][slip] = config[f"{NAMESPACE}:{section}"].pop(key)
    assert mistakes(config) == [f"{section}.{slip}: unknown key; did you mean {key}?"]


def test_misspelt_zones_are_one_mistake() -> None:
    config = config_of("aws")
    config[f"{NAMESPACE}:network"]["zone"] = config[f"{NAMESPACE}:network"].pop("zones")
    assert mistakes(config) == ["network.zone: unknown key; did you mean zones?"]


def test_a_key_that_stands_for_no_other_leaves_the_other_missing() -> None:
    config = config_of("aws")
    config[f"{NAMESPACE}:network"]["range"] = config[f"{NAMESPACE}:network"].pop("cidr")
    assert [sentence.partition(";")[0] for sentence in mistakes(config)] == [
        "network.range: unknown key",
        "network.cidr: is missing",
    ]


@EACH
@settings(max_examples=20, deadline=None)
@given(kind=st.sampled_from(["onlin", "batch", "realtime", "", None, 3, ["online"]]), replicas=st.integers(101, 9999))
def test_a_wrong_kind_hides_no_other_mistake_of_its_item(platform: str, kind: object, replicas: int) -> None:
    config = config_of(platform)
    item = config[f"{NAMESPACE}:endpoints"]["fraud-scorer"]
    item |= {"kind": kind, "max_replicas": replicas, "modell": item.pop("model")}
    said = mistakes(config)
    assert len(said) == 3
    assert said[0] == "endpoints.fraud-scorer.modell: unknown key; did you mean model?"
    assert said[1].startswith("endpoints.fraud-scorer.kind: found ")
    assert said[2] == f"endpoints.fraud-scorer.max_replicas: found {replicas}, allowed: 100 or less"


@EACH
def test_an_item_whose_kind_alone_is_wrong_has_one_mistake(platform: str) -> None:
    config = config_of(platform)
    config[f"{NAMESPACE}:endpoints"]["fraud-scorer"]["kind"] = "realtime"
    (only,) = mistakes(config)
    assert only.startswith("endpoints.fraud-scorer.kind: found 'realtime', allowed: 'online'")


def test_a_misspelt_word_for_kind_hides_no_other_mistake() -> None:
    config = config_of("aws")
    item = config[f"{NAMESPACE}:endpoints"]["fraud-scorer"]
    item |= {"kinds": item.pop("kind"), "max_replicas": "four"}
    assert mistakes(config) == [
        "endpoints.fraud-scorer.kinds: unknown key; did you mean kind?",
        "endpoints.fraud-scorer.max_replicas: found 'four', allowed: a whole number from 1 to 100, such as 4",
    ]
