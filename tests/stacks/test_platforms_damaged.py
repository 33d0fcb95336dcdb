"""What another platform writes, and a stack file of one that is damaged by chance, is refused or read."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from catalogue.platforms import PLATFORMS
from stacks.config import validate
from tests.stacks import test_config_damaged as common
from tests.stacks.test_config import examples, outcome
from tests.stacks.test_config_damaged import jsonschema_of_file
from tests.stacks.test_platforms import CONFIGS, EACH, TEXTS

# --- files that nobody would write --------------------------------------------------------------------------------

platforms = st.sampled_from(["gcp", "azure"])
mutations = platforms.flatmap(lambda platform: common.mutated(CONFIGS[platform]))


@examples(500)
@given(mutations)
def test_a_mutated_mapping_ends_in_a_config_or_a_sentence_and_is_refused_where_the_schema_refuses_it(
    config: dict[str, Any],
) -> None:
    said = outcome(lambda: validate(config, "a.yaml"), "a.yaml")
    assert said or jsonschema_of_file.is_valid({"config": config})


@EACH
def test_the_schema_takes_the_document_and_no_other_platforms(platform: str) -> None:
    document = yaml.safe_load(TEXTS[platform])
    assert jsonschema_of_file.is_valid(document)
    for other in PLATFORMS:
        document["config"]["mlplatform:platform"] = other
        assert jsonschema_of_file.is_valid(document) is (other == platform)


def _crossed() -> Iterator[tuple[str, tuple[str | int, ...], Any]]:
    """Each place of a document that a platform writes in its own way, with what the others write there."""
    for platform, config in CONFIGS.items():
        for other in PLATFORMS:
            theirs = CONFIGS[other]
            if other == platform:
                continue
            for place in common.places(config):
                value = common.at(config, place)
                with contextlib.suppress(KeyError):
                    if isinstance(value, str) and common.at(theirs, place) != value:
                        yield platform, place, common.at(theirs, place)


CROSSED = list(_crossed())


@examples(100)
@given(st.sampled_from(CROSSED))
def test_what_another_platform_writes_is_refused(crossed: tuple[str, tuple[str | int, ...], Any]) -> None:
    platform, place, value = crossed
    config = json.loads(json.dumps(CONFIGS[platform]))
    common.at(config, place[:-1])[place[-1]] = value
    lines = outcome(lambda: validate(config, "a.yaml"), "a.yaml")
    assert lines
    assert place == ("mlplatform:platform",) or len(lines) == 1, "one mistake, one sentence"
