"""What a platform's ML service cannot load is refused by its components, known or not yet known."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.hardware import catalogue
from components.aws.personas import IdentityArgs, Words, fitting
from components.aws.statements import statements_of
from components.given import Args, BadArgument
from tests.components.aws import examples as aws
from tests.components.azure import examples as azure
from tests.components.gcp import examples as gcp

EXAMPLES: Mapping[str, Mapping[str, Args]] = {"aws": aws.EXAMPLES, "gcp": gcp.EXAMPLES, "azure": azure.EXAMPLES}
IMAGES = {
    "aws": f"{aws.ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/team/scorer:1",
    "gcp": "europe-west4-docker.pkg.dev/shop/serving/scorer:1",
    "azure": "mcr.microsoft.com/azureml/scorer:1",
}
STRANGE = ["ghcr.io/acme/scorer:1", "docker.io/acme/scorer:1", "public.ecr.aws/acme/scorer:1", "scorer:1"]
WRONG = {
    "artifact_uri": {
        "aws": ["s3://models/scorer/1/", "gs://models/scorer/model.tar.gz", "s3://models/model.zip"],
        "gcp": ["gs://models/scorer/model.tar.gz", "s3://models/scorer/1/", "gs://models/"],
        "azure": ["azureml://datastores/artifacts/paths/scorer", "https://a.blob.core.windows.net/scorer/1/"],
    },
    "input_uri": {
        "aws": ["gs://data/in/", "s3://data"],
        "gcp": ["s3://data/in/", "gs://data/"],
        "azure": ["s3://d/i/"],
    },
    "output_uri": {"aws": ["gs://data/in/"], "gcp": ["gs://data/out"], "azure": ["azureml://datastores/a/paths/out"]},
}


def job(platform: str) -> Any:
    return EXAMPLES[platform]["BatchJob"]


def cases(field: str) -> list[tuple[str, str]]:
    return [(platform, uri) for platform, uris in WRONG[field].items() for uri in uris]


@pytest.mark.parametrize("platform", IMAGES)
@pytest.mark.parametrize("of", [*IMAGES, *STRANGE])
def test_an_image_of_another_registry_is_refused(platform: str, of: str) -> None:
    image = IMAGES.get(of, of)
    if of == platform:
        assert replace(job(platform).model, image=image).image == image
        return
    with pytest.raises(BadArgument, match=r"\.image: found .*, allowed: an image "):
        replace(job(platform).model, image=image)


@pytest.mark.parametrize(("platform", "uri"), cases("artifact_uri"))
def test_an_artifact_that_cannot_be_loaded_is_refused(platform: str, uri: str) -> None:
    with pytest.raises(BadArgument, match=r"\.artifact_uri: found .*, allowed: "):
        replace(job(platform).model, artifact_uri=uri)


def test_a_job_reads_and_writes_in_its_own_cloud() -> None:
    for platform, uri in cases("input_uri"):
        with pytest.raises(BadArgument, match=r"BatchJobArgs\.inputs\.more: found .*, allowed: "):
            replace(job(platform), inputs={**job(platform).inputs, "more": uri})
    for platform, uri in cases("output_uri"):
        with pytest.raises(BadArgument, match=r"BatchJobArgs\.output_uri: found .*, allowed: "):
            replace(job(platform), output_uri=uri)


@given(st.sampled_from(catalogue.region_names("aws")), st.integers(0, 10**12 - 1), st.sampled_from(["", "team/"]))
def test_the_role_may_pull_the_very_repository_that_the_image_names(region: str, account: int, folder: str) -> None:
    """Another account's repository too; its region is the image's, which must be that of the personas."""
    image = f"{account:012}.dkr.ecr.{region}.amazonaws.com/{folder}scorer:1"
    args = aws.EXAMPLES["Identity"]
    assert isinstance(args, IdentityArgs)
    words = fitting("it", aws.ACCOUNT, region, "/", [], [], [], [image])
    made = asyncio.run(_statements(args, words))
    arn = f"arn:aws:ecr:{region}:{account:012}:repository/{folder}scorer"
    for persona in ("data-scientist", "training", "serving", "batch"):
        (pulls,) = [s for s in made[persona] if s["Sid"] == "Images"]
        assert pulls["Resource"][1:] == [arn]
    with pytest.raises(BadArgument, match="allowed: an image of ECR in the personas' region"):
        fitting("it", aws.ACCOUNT, "xx-north-9", "/", [], [], [], [image])


async def _statements(args: IdentityArgs, words: Words) -> dict[str, list[dict[str, Any]]]:
    """In a loop, which the Outputs among the statements want."""
    return {
        persona: [{**said, "Resource": await _known(said["Resource"])} for said in statements]
        for persona, statements in statements_of(args, words).items()
    }


async def _known(resources: Any) -> Any:
    return await resources.future() if isinstance(resources, pulumi.Output) else resources
