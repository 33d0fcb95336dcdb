"""The values people type in place of one of a few words: each is answered with the word that is meant here."""

from typing import Any

import pytest

from catalogue import environments
from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from stacks.config import validate
from stacks.model import StackConfig
from stacks.sections import sections, stack_model
from stacks.values import VALUES, meant, suggestion
from tests.rows import rows
from tests.stacks.test_config import CONFIG

ALLOWED = {
    "platform": list(PLATFORMS),
    "environment": list(environments.names()),
    "kind": list(sections()["endpoints"].kinds),
}
OTHER_WORDS = [
    (key, value, word) for key, values in VALUES.items() for value, words in values.items() for word in words.split()
]


def said(config: dict[str, Any]) -> list[str]:
    with pytest.raises(BadInput) as caught:
        validate(config, "a.yaml")
    return [line.removeprefix("a.yaml: ") for line in str(caught.value).split("\n")]


@rows(("key", "value", "word"), OTHER_WORDS)
def test_another_word_for_a_value_is_answered_with_it(key: str, value: str, word: str) -> None:
    assert value in ALLOWED[key] and word not in ALLOWED[key]
    for typed in (word, word.title(), word.replace("-", "_"), word.replace("-", " ")):
        assert meant(key, typed, ALLOWED[key]) == value


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [("platform", "AWS", "aws"), ("platform", "Vertex AI", "gcp"), ("environment", "PROD", "prod")],
)
def test_the_sentence_on_a_key_of_a_few_words_suggests_one(key: str, typed: str, value: str) -> None:
    (line,) = [line for line in said(CONFIG | {f"mlplatform:{key}": typed}) if line.startswith(f"mlplatform:{key}")]
    assert line.endswith(f"; did you mean {value}?")


def test_the_kind_of_an_endpoint_is_suggested_where_the_platform_has_it() -> None:
    endpoint = {"kind": "real-time", "model": "scorer"}
    (line,) = [line for line in said(CONFIG | {"mlplatform:endpoints": {"live": endpoint}}) if ".kind: " in line]
    assert line.endswith("allowed: 'online', 'async' or 'multi-model'; did you mean online?")
    assert meant("kind", "asynchronous", ["online"]) is None


def test_what_somebody_adds_is_itself_and_what_is_strange_is_nothing() -> None:
    assert meant("environment", "staging", ["test", "staging"]) == "staging"
    assert meant("environment", 7, ["test"]) is None
    assert suggestion("platform", "databricks", ["aws", "gcp"]) == "; allowed: aws, gcp"


@pytest.mark.parametrize("key", ["platform", "environment"])
def test_what_is_missing_is_one_of_a_few_words(key: str) -> None:
    (line,) = said({name: value for name, value in CONFIG.items() if name != f"mlplatform:{key}"})
    assert line == f"mlplatform:{key}: is missing; add one of {', '.join(map(repr, ALLOWED[key]))}"


@pytest.mark.parametrize("key", StackConfig.model_fields)
def test_a_key_that_lacks_its_prefix_is_that_key(key: str) -> None:
    assert key in stack_model().model_fields
    bare = {name.removeprefix("mlplatform:") if name == f"mlplatform:{key}" else name: v for name, v in CONFIG.items()}
    lines = said(bare if key in bare else CONFIG | {key: "x"})
    assert f"config.{key}: unknown key; did you mean mlplatform:{key}?" in lines
