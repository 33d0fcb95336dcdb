"""The models: which image serves each, and where its artifact lies."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from catalogue.platforms import PLATFORMS
from catalogue.wording import nearest
from stacks.checks import address
from stacks.fields import Fields, Image, Slug, Uri
from stacks.model import NAMESPACE, Problem, Section, StackConfig


class Model(Fields):
    """A model version: the container image that serves it (a pinned tag or digest) and its artifact."""

    image: Image = Field(examples=["us-central1-docker.pkg.dev/payments-risk-pilot/serving/fraud-scorer:1.4.0"])
    """The container image that serves the model, with a pinned tag or digest, in a registry of the platform."""
    artifact_uri: Uri = Field(
        examples=[
            "s3://payments-risk-models-111122223333/fraud-scorer/1/model.tar.gz",
            "gs://payments-risk-pilot-models/fraud-scorer/1/",
            "azureml://datastores/artifacts/paths/fraud-scorer/1/",
        ]
    )
    """Where the trained artifact lies: an archive on aws, a folder on gcp and azure."""


def check(config: StackConfig) -> Iterator[Problem]:
    """Each artifact has an address of the stack's platform."""
    folders = PLATFORMS[config.platform].folders
    for name, model in of(config).items():
        yield from address(config, (SECTION.name, name, "artifact_uri"), model.artifact_uri, folder=folders)


def known(config: StackConfig, path: tuple[str | int, ...], model: str) -> Iterator[Problem]:
    """The model that a key names is one of the stack file."""
    if model not in of(config):
        yield Problem(path, f"found {model!r}, no key of {NAMESPACE}:models{nearest(model, of(config))}")


def _own_schema(platform: str) -> dict[str, Any]:
    uri = {"pattern": f"^({PLATFORMS[platform].uri.pattern})$"}
    return {"additionalProperties": {"properties": {"artifact_uri": uri}}}


SECTION: Section[Mapping[str, Model]] = Section(
    __name__,
    value=Annotated[
        dict[Slug, Model],
        Field(
            max_length=1000,
            description="The models by name: the image that serves each and its artifact. A stack may have none.",
            examples=[
                {
                    "fraud-scorer": {
                        "image": "us-central1-docker.pkg.dev/payments-risk-pilot/serving/fraud-scorer:1.4.0",
                        "artifact_uri": "gs://payments-risk-pilot-models/fraud-scorer/1/",
                    }
                }
            ],
        ),
    ],
    default={},
    called="registry of images and models",
    makes={"Registry": "{stack}-registry"},
    check=check,
    own_schema=_own_schema,
)
of = SECTION.of
