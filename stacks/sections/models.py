"""The models: which image serves each, and where its artifact lies."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from catalogue.platforms import PLATFORMS
from catalogue.wording import nearest
from stacks.checks import address, one_by_one, pulled
from stacks.fields import ROUTE, VARIABLE, Fields, Image, Slug, Uri
from stacks.model import NAMESPACE, Path, Problem, Section, StackConfig

ANSWERS = ("port", "predict_route", "health_route")
Variable = Annotated[str, StringConstraints(pattern=VARIABLE, max_length=256)]
Value = Annotated[str, StringConstraints(max_length=1024)]
Route = Annotated[str, StringConstraints(pattern=ROUTE, max_length=256)]

FIXED = {
    "aws": "SageMaker calls every container on port 8080, at /invocations and /ping; leave it out, and let the "
    "container answer there"
}
"""The platforms that take none of ANSWERS, and what they have instead. "Use your own inference code with hosting
services", https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""


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
    environment: dict[Variable, Value] = Field(
        default_factory=dict[str, str],
        max_length=100,
        examples=[{"MAX_MODEL_LEN": "8192"}],
        json_schema_extra={"additionalProperties": False},
    )
    """The container's environment variables, plain values and no secret."""
    port: int | None = Field(default=None, ge=1, le=65_535, examples=[8000])
    """The number of the port that the container listens on; aws takes none."""
    predict_route: Route | None = Field(default=None, examples=["/v1/completions"])
    """The path of predictions; aws takes none."""
    health_route: Route | None = Field(default=None, examples=["/health"])
    """The path of health checks; aws takes none."""

    @property
    def answers(self) -> dict[str, Any]:
        """Where the container answers, as components take it: what the stack file says, and no more."""
        return {key: said for key in ANSWERS if (said := getattr(self, key)) is not None}


_SECRET_NAME = re.compile(r"(.*_)?(SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIALS?|(API|ACCESS|PRIVATE|SECRET)_?KEY)", re.I)
_SECRET_VALUE = re.compile(
    r"(AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{35}|(gh[opsu]|hf|glpat|xox[abp])[_-]\w{16,}.*|sk-[\w-]{16,}|-----BEGIN .*"
    r"|eyJ[\w-]+\.eyJ.*|.*(AccountKey|SharedAccessKey|Password|Pwd)=.*|\w+://[^/\s:]+:[^/\s@]+@.*",
    re.S,
)
"""What keys of AWS, Google, GitHub, Hugging Face, GitLab and Slack begin with, and addresses with a password."""


def _no_secret(environment: Mapping[str, str], path: Path) -> Iterator[Problem]:
    """No variable whose name or value looks like a secret: who may read the model's definition could read it."""
    for name, value in environment.items():
        if _SECRET_NAME.fullmatch(name) or _SECRET_VALUE.fullmatch(value):
            yield Problem(
                (*path, name),
                "looks like a secret, and everybody who may look at the model can read it; let the container fetch it "
                "as its persona, and put here the name it has there",
            )


def _images(config: StackConfig) -> Iterator[Problem]:
    for name, model in of(config).items():
        yield from pulled(config, (SECTION.name, name, "image"), model.image)


def _artifacts(config: StackConfig) -> Iterator[Problem]:
    artifact = PLATFORMS[config.platform].artifact
    for name, model in of(config).items():
        yield from address(config, (SECTION.name, name, "artifact_uri"), model.artifact_uri, artifact)


def _environments(config: StackConfig) -> Iterator[Problem]:
    for name, model in of(config).items():
        yield from _no_secret(model.environment, (SECTION.name, name, "environment"))


def _answers(config: StackConfig) -> Iterator[Problem]:
    for name, model in of(config).items() if config.platform in FIXED else ():
        for key in model.answers:
            yield Problem((SECTION.name, name, key), f"{config.platform} takes none: {FIXED[config.platform]}")


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
    serves=("azure",),  # elsewhere an endpoint or job makes the models that it runs
    check=one_by_one(_images, _artifacts, _environments, _answers),
    own_schema=_own_schema,
)
of = SECTION.of
