"""The section `batch_jobs`: what a job may score on each platform, and the sentence for what it may not."""

from collections.abc import Mapping
from typing import Any, get_args

import pytest

from catalogue import formats
from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from stacks.config import validate
from stacks.model import StackConfig
from stacks.sections import batch_jobs
from tests.stack_files import pilot_file

DATA = {"aws": "s3://it-data/", "gcp": "gs://it-data/", "azure": "azureml://datastores/artifacts/paths/"}
EVERY = [(platform, word) for platform in PLATFORMS for word in formats.WORDS]


def read(platform: str, **changed: Any) -> StackConfig:
    """The pilot, whose job is changed so; None takes a key away."""
    config = pilot_file(platform)["config"]
    job: dict[str, Any] = {**config["mlplatform:batch_jobs"]["fraud-backfill"], **changed}
    said = {key: value for key, value in job.items() if value is not None}
    return validate({**config, "mlplatform:batch_jobs": {"fraud-backfill": said}}, "a.yaml")


def refused(platform: str, **changed: Any) -> str:
    with pytest.raises(BadInput) as found:
        read(platform, **changed)
    return str(found.value)


def several(platform: str, *folders: str) -> Mapping[str, Any]:
    return {"input_uri": None, "inputs": {f"part{at}": f"{DATA[platform]}{one}" for at, one in enumerate(folders)}}


def test_a_stack_file_takes_the_words_that_the_catalogue_has() -> None:
    assert get_args(batch_jobs.Format) == formats.WORDS
    for platform in PLATFORMS:
        assert formats.TAKEN[platform].isdisjoint(formats.LACKING[platform])
        assert formats.TAKEN[platform] | formats.LACKING[platform].keys() == set(formats.WORDS)
        assert formats.USUAL[platform] in formats.TAKEN[platform]


@pytest.mark.parametrize(("platform", "word"), EVERY)
def test_a_format_is_taken_or_refused_with_the_nearest(platform: str, word: str) -> None:
    if word in formats.TAKEN[platform]:
        job = batch_jobs.of(read(platform, format=word))["fraud-backfill"]
        assert job.said(platform) == word
        return
    said = refused(platform, format=word)
    assert f"format: found '{word}', which {platform} does not take: {formats.LACKING[platform][word]}" in said
    assert said.endswith(f"allowed: {', '.join(one for one in formats.WORDS if one in formats.TAKEN[platform])}")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_several_places_are_scored_by_their_names_and_one_is_called_data(platform: str) -> None:
    job = batch_jobs.of(read(platform, **several(platform, "cards/", "wires/")))["fraud-backfill"]
    assert job.data == {"part0": f"{DATA[platform]}cards/", "part1": f"{DATA[platform]}wires/"}
    assert set(batch_jobs.of(read(platform))["fraud-backfill"].data) == {"data"}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_places_that_would_be_scored_twice_or_written_to_are_refused(platform: str) -> None:
    said = "would score the same twice; allowed: folders apart"
    assert said in refused(platform, **several(platform, "cards/", "cards/may/"))
    assert said in refused(platform, **several(platform, "cards/may/", "cards/"))
    again = "the next run would score what this one wrote; allowed: folders apart"
    data = f"{DATA[platform]}all/cards/"
    for written in ("all/cards/", "all/cards/scores/", "all/"):
        assert again in refused(platform, input_uri=data, output_uri=f"{DATA[platform]}{written}")
    assert again in refused(platform, **several(platform, "a/", "b/"), output_uri=f"{DATA[platform]}b/scores/")


@pytest.mark.parametrize(
    ("platform", "changed", "said"),
    [
        ("aws", {"inputs": {"a": "s3://it-data/a/"}}, "input_uri: stands beside inputs"),
        ("aws", {"input_uri": None}, "input_uri: is missing; add where the data to score lies"),
        ("aws", {"input_uri": None, "inputs": {"A": "s3://it-data/a/"}}, "at most 32 lower-case letters"),
        ("aws", {"input_uri": None, "inputs": {"model": "s3://it-data/a/"}}, "inputs.model: is what the model is"),
        ("aws", {"input_uri": None, "inputs": {"a": "gs://it-data/a/"}}, "inputs.a: found 'gs://it-data/a/'"),
        ("aws", {"output_uri": "s3://it-data/scores"}, "a folder, which ends with '/'"),
        ("gcp", {"format": "file-list", "input_uri": "gs://it-data/list.txt"}, "a folder, which ends with '/'"),
        ("gcp", {"concurrency": 4}, "concurrency: gcp takes none: Vertex AI decides"),
        ("azure", {"records_per_request": 4}, "records_per_request: azure takes none"),
        ("aws", {"records_per_request": 4}, "records_per_request: found 4, allowed: 1, or leave it out"),
        ("aws", {"records_per_request": 1, "format": "images"}, "a request has a whole file of images; leave it out"),
        ("aws", {"concurrency": 17}, "concurrency: found 17"),
        ("aws", {"max_hours": 3, "schedule": "30 */2 * * *"}, "max_hours: found 3, and '30 */2 * * *' starts a run"),
        ("gcp", {"max_hours": 1, "schedule": "*/30 * * * *"}, "starts a run again after 0.5 h"),
    ],
)
def test_what_it_does_not_take_is_one_sentence(platform: str, changed: dict[str, Any], said: str) -> None:
    assert said in refused(platform, **changed)


def test_what_it_takes_at_the_edge() -> None:
    read("aws", max_hours=2, schedule="30 */2 * * *", timezone="UTC")
    read("aws", records_per_request=1, concurrency=16)
    read("gcp", records_per_request=1_000, format="file-list", input_uri="gs://it-data/images/")
