"""The models: which image serves each, and where its artifact lies."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from catalogue.platforms import PLATFORMS
from catalogue.wording import nearest
from stacks.checks import address, pulled
from stacks.fields import Fields, Image, Slug, Uri
from stacks.model import NAMESPACE, Problem, Section, StackConfig


class Model(Fields):
    """A model version: the container image that serves it (a pinned tag or digest) and its artifact."""

    image: Image
    artifact_uri: Uri


def check(config: StackConfig) -> Iterator[Problem]:
    """Each image is one that the stack's platform can pull, each artifact lies where and as it can load it."""
    artifact = PLATFORMS[config.platform].artifact
    for name, model in of(config).items():
        yield from pulled(config, (SECTION.name, name, "image"), model.image)
        yield from address(config, (SECTION.name, name, "artifact_uri"), model.artifact_uri, artifact)


def known(config: StackConfig, path: tuple[str | int, ...], model: str) -> Iterator[Problem]:
    """The model that a key names is one of the stack file."""
    if model not in of(config):
        yield Problem(path, f"found {model!r}, no key of {NAMESPACE}:models{nearest(model, of(config))}")


def _own_schema(platform: str) -> dict[str, Any]:
    record = PLATFORMS[platform]
    image = (record.image.pattern or "").replace("{region}", "[a-z0-9-]+")
    own = {
        "image": {"pattern": f"^({image})$"},
        "artifact_uri": {"allOf": [{"pattern": f"^({form.pattern})$"} for form in (record.uri, record.artifact)]},
    }
    return {"additionalProperties": {"properties": own}}


SECTION: Section[Mapping[str, Model]] = Section(
    __name__,
    value=Annotated[dict[Slug, Model], Field(min_length=1, max_length=1000)],
    called="registry of images and models",
    makes={"Registry": "{stack}-registry"},
    check=check,
    own_schema=_own_schema,
)
of = SECTION.of
