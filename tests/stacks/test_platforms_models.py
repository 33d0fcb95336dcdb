"""What a model says of its container on each platform: its image, environment, routes, words and time to start."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.errors import BadInput
from stacks.config import validate
from tests.stacks.test_config import refusal
from tests.stacks.test_platforms import CONFIGS, EACH, IMAGES, changed


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stacks") / "Pulumi.a.yaml"


def _model(platform: str, **more: Any) -> dict[str, Any]:
    """The platform's config, whose model says more."""
    config = json.loads(json.dumps(CONFIGS[platform]))
    config["mlplatform:models"]["scorer"] |= more
    return config


@EACH
@pytest.mark.parametrize(
    "variable",
    [
        {"HF_TOKEN": "x"},
        {"DB_PASSWORD": "x"},
        {"OPENAI_API_KEY": "x"},
        {"SEEN": "AKIA" + "A" * 16},
        {"SEEN": "hf_" + "a" * 34},
        {"SEEN": "ghp_" + "a" * 36},
        {"SEEN": "-----BEGIN PRIVATE KEY-----"},
        {"SEEN": "postgres://scorer:hunter2@db.example.com/scores"},
        {"SEEN": "DefaultEndpointsProtocol=https;AccountKey=abc=="},
        {"DB_PASS": "x"},
        {"SECRETS": "x"},
        {"SEEN": " hf_" + "a" * 34},
        {"SEEN": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.x"},
        {"SEEN": '{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----"}'},
        {"SEEN": "https://scores.blob.core.windows.net/c?sv=2024-11-04&sig=abc%3D"},
    ],
)
def test_an_environment_takes_no_secret(platform: str, variable: dict[str, str]) -> None:
    ((name, value),) = variable.items()
    with pytest.raises(BadInput) as caught:
        validate(_model(platform, environment=variable), "a.yaml")
    said = str(caught.value)
    assert said.startswith(f"a.yaml: mlplatform:models.scorer.environment.{name}: looks like a secret")
    assert len(value) < 2 or value not in said, "a sentence shows no secret"


@EACH
@pytest.mark.parametrize(
    "value", ["/opt/ml/hf_cache_of_the_models", "risk-scoring-of-payments-v2", "PASSPORT=1", "a?b=c"]
)
def test_an_environment_takes_what_only_looks_a_little_like_a_secret(platform: str, value: str) -> None:
    validate(_model(platform, environment={"PWD": value, "TOKENIZER": value, "BYPASS": value}), "a.yaml")


@EACH
@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,8}_LEN", fullmatch=True), st.integers(0, 9999).map(str), max_size=5))
def test_an_environment_takes_plain_values(platform: str, environment: dict[str, str]) -> None:
    config = validate(_model(platform, environment=environment), "a.yaml")
    assert config.models["scorer"].environment == environment  # pyright: ignore[reportAttributeAccessIssue]


@EACH
@pytest.mark.parametrize(
    ("key", "value"), [("port", 8000), ("predict_route", "/v1/completions"), ("health_route", "/healthz")]
)
def test_where_a_container_answers_is_said_or_refused_with_what_there_is(platform: str, key: str, value: Any) -> None:
    config = _model(platform, **{key: value})
    if platform != "aws":
        validate(config, "a.yaml")
        return
    with pytest.raises(BadInput, match=rf"models\.scorer\.{key}: aws takes none: .* on port 8080, at /invocations and"):
        validate(config, "a.yaml")


@EACH
@pytest.mark.parametrize("key", ["command", "args"])
def test_what_a_container_runs_is_said_or_refused_with_what_there_is(platform: str, key: str) -> None:
    config = _model(platform, **{key: ["--tokenizer", "$(HF_HOME)", "--max-tokens=8"]})
    if platform == "gcp":
        validate(config, "a.yaml")
        return
    with pytest.raises(BadInput, match=rf"models\.scorer\.{key}: {platform} takes none: .* the image's own ENTRYPOINT"):
        validate(config, "a.yaml")


@pytest.mark.parametrize(
    ("words", "at"),
    [
        (["--api-key", "abc"], 1),
        (["--api-key=abc"], 0),
        (["serve", "--hf-token", "hf_" + "a" * 34], 2),
        (["AKIA" + "A" * 16], 0),
        (["--url=postgres://scorer:hunter2@db.example.com/scores"], 0),
    ],
)
@pytest.mark.parametrize("key", ["command", "args"])
def test_an_argument_is_no_secret(key: str, words: list[str], at: int) -> None:
    with pytest.raises(BadInput, match=rf"models\.scorer\.{key}\.{at}: looks like a secret") as caught:
        validate(_model("gcp", **{key: words}), "a.yaml")
    assert words[at].rpartition("=")[2] not in str(caught.value), "a sentence shows no secret"
    validate(_model("gcp", **{key: ["--api-key", "$(KEY)", "--token=$(OTHER)", "--password", "--verbose"]}), "a.yaml")


@EACH
def test_a_start_up_time_is_taken_within_what_every_platform_takes(platform: str) -> None:
    for seconds in (60, 3_600):
        config = _model(platform, start_up_seconds=seconds)
        config["mlplatform:batch_jobs"] = {}
        validate(config, "a.yaml")
    for seconds in (59, 3_601):
        with pytest.raises(BadInput, match=rf"models\.scorer\.start_up_seconds: found {seconds}, allowed: "):
            validate(_model(platform, start_up_seconds=seconds), "a.yaml")


@EACH
def test_a_batch_job_whose_start_up_time_nobody_takes_is_refused(platform: str) -> None:
    config = _model(platform, start_up_seconds=900)
    if platform != "aws":
        validate(config, "a.yaml")
        return
    with pytest.raises(BadInput, match=r"batch_jobs\.nightly\.model: found 'scorer', which has start_up_seconds; Sage"):
        validate(config, "a.yaml")


@EACH
def test_the_variables_of_a_container_have_the_size_that_the_platform_takes(platform: str) -> None:
    most = {f"V{number:03}": "x" * 1_020 for number in range(32)}
    validate(_model(platform, environment=most), "a.yaml")
    config = _model(platform, environment=most | {"ONE": "x"})
    if platform != "aws":
        validate(config, "a.yaml")
        return
    with pytest.raises(BadInput, match=r"environment: found 32,772 bytes of names and values, allowed: 32,768 on aws"):
        validate(config, "a.yaml")


@EACH
@pytest.mark.parametrize("image", [*IMAGES.values(), "ghcr.io/acme/scorer:1", "docker.io/acme/scorer:1"])
def test_an_image_that_the_platform_cannot_pull_is_refused(file: Path, platform: str, image: str) -> None:
    if image != IMAGES[platform]:
        said = refusal(file, changed(platform, (IMAGES[platform], image)))
        assert said.startswith(f"mlplatform:models.scorer.image: found '{image}', allowed: ")
