"""The models: which image serves each and where its artifact lies, or which version of the registry it is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from catalogue.platforms import PLATFORMS
from catalogue.registered import APPROVALS, in_registry
from catalogue.registered import VERSIONS as VERSIONS_OF
from catalogue.versions import Digest
from catalogue.wording import found_word, nearest
from stacks.checks import address, one_by_one, pulled
from stacks.fields import ROUTE, VARIABLE, Fields, Image, Slug, Uri
from stacks.model import NAMESPACE, Path, Problem, Section, StackConfig

ANSWERS = ("port", "predict_route", "health_route")
RUNS = ("command", "args")
Variable = Annotated[str, StringConstraints(pattern=VARIABLE, max_length=256)]
Value = Annotated[str, StringConstraints(max_length=1024)]
Route = Annotated[str, StringConstraints(pattern=ROUTE, max_length=256)]
Words = Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=1024)]], Field(min_length=1)]

_IMAGES_OWN = "{}; say it in the image's own ENTRYPOINT, which may read the variables under environment"
FIXED: Mapping[str, Mapping[str, str]] = {
    "aws": {
        **dict.fromkeys(
            ANSWERS,
            "SageMaker calls every container on port 8080, at /invocations and /ping; leave it out, and let the "
            "container answer there",
        ),
        **dict.fromkeys(RUNS, _IMAGES_OWN.format("SageMaker starts every container with the one argument 'serve'")),
    },
    "azure": dict.fromkeys(
        RUNS, _IMAGES_OWN.format("Azure Machine Learning's deployments start a container as its image says")
    ),
}
"""The keys that a platform does not take, and what it has instead.

"Use your own inference code with hosting services",
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html; ManagedOnlineDeployment,
https://learn.microsoft.com/en-us/azure/templates/microsoft.machinelearningservices/workspaces/onlineendpoints/deployments
"""
ENVIRONMENT_BYTES = {"aws": 32 * 1024}
"""The most that all variables of a container may have together, names and values. ContainerDefinition.Environment,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html
"""


SERVED, VERSION = ("image", "artifact_uri"), ("registered", "version", "digest")


class Model(Fields):
    """A model version: the container image that serves it (a pinned tag or digest) and its artifact.

    Or a version of the registry, which names both: its artifact and its image lie where its name and number say. Or the
    place in the registry alone, until the first version is approved.
    """

    image: Image = Field(
        default="", examples=["us-central1-docker.pkg.dev/payments-risk-pilot/serving/fraud-scorer:1.4.0"]
    )
    """The container image that serves the model, with a pinned tag or digest, in a registry of the platform."""
    artifact_uri: Uri = Field(
        default="",
        examples=[
            "s3://payments-risk-models-111122223333/fraud-scorer/1/model.tar.gz",
            "gs://payments-risk-pilot-models/fraud-scorer/1/",
            "azureml://datastores/artifacts/paths/fraud-scorer/1/",
        ],
    )
    """Where the trained artifact lies: an archive on aws, a folder on gcp and azure."""
    registered: Slug = Field(default="", examples=["fraud-scorer"])
    """The name of the model in the registry, in place of image and artifact_uri. Alone, without a version, it is the
    place for the versions to come, which nothing serves."""
    version: int = Field(default=0, ge=1, lt=100_000, examples=[3])
    """The number of the version in the registry. `pulumi up` fails unless it is approved."""
    digest: Digest = Field(default="", examples=[f"sha256:{'0123456789abcdef' * 4}"])
    """The digest of the version's record, which the registry must have for the version."""
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
    command: Words | None = Field(default=None, max_length=100, examples=[["python3", "-m", "server"]])
    """What the container runs in place of its image's ENTRYPOINT, word by word; gcp alone takes it."""
    args: Words | None = Field(default=None, max_length=100, examples=[["--max-model-len", "8192"]])
    """The arguments of the command in place of the image's CMD, word by word, no secret; gcp alone takes them."""
    start_up_seconds: int | None = Field(default=None, ge=60, le=3_600, examples=[1800])
    """How many seconds a container may take until it is healthy; on aws it may take as many to fetch its artifact.
    Large models need more than a platform gives."""

    @property
    def answers(self) -> dict[str, Any]:
        """Where the container answers, as components take it: what the stack file says, and no more."""
        return self._said(*ANSWERS)

    @property
    def runs(self) -> dict[str, Any]:
        """What the container runs and how long it may take to start, as components take it."""
        return self._said(*RUNS, "start_up_seconds")

    def _said(self, *keys: str) -> dict[str, Any]:
        return {key: said for key in keys if (said := getattr(self, key)) is not None}


_SECRET_NAME = re.compile(
    r"(.*_)?(SECRETS?|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDS|CREDENTIALS?|(API|ACCESS|PRIVATE|SECRET)_?KEY)"
    r"|.*_(PASS|PWD)",
    re.I,
)
_SECRET_VALUE = re.compile(
    r"\b(AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{35}|\b(gh[opsu]|hf)_[A-Za-z0-9]{16,}|\b(glpat|xox[abp]|sk)-[\w-]{16,}"
    r"|-----BEGIN |(?<![\w-])eyJ[\w-]+\.eyJ|(AccountKey|SharedAccessKey|Password|Pwd)=|[?&]sig=|(?<!\w)\w+://[^/\s:]+:[^/\s@]+@"
)
"""What keys of AWS, Google, GitHub, Hugging Face, GitLab and Slack begin with, wherever in a value they stand; and
addresses with a password or the signature of Azure's storage:
https://learn.microsoft.com/en-us/azure/storage/common/storage-sas-overview
"""


def no_secret(environment: Mapping[str, str], path: Path) -> Iterator[Problem]:
    """No variable whose name or value looks like a secret: who may read the model's definition could read it."""
    for name, value in environment.items():
        if _SECRET_NAME.fullmatch(name) or _SECRET_VALUE.search(value):
            yield Problem(
                (*path, name),
                "looks like a secret, and everybody who may look at the model can read it; let the container fetch it "
                "as its persona, and put here the name it has there",
            )


def no_secret_word(words: Sequence[str], path: Path) -> Iterator[Problem]:
    """No word that looks like a secret, alone, as `--api-key=VALUE`, or as the word after `--api-key`."""
    before = ""
    for at, word in enumerate(words):
        option, equals, value = word.partition("=")
        name, value = (option, value) if equals else (before, word)
        # $(NAME) stands for a variable, which is judged as one.
        given = value and not value.startswith(("-", "$("))
        if _SECRET_VALUE.search(value) or (given and _names_secret(name)):
            yield Problem(
                (*path, at),
                "looks like a secret, and everybody who may look at the model can read it; let the container fetch it "
                "as its persona",
            )
        before = "" if equals else word


def _names_secret(option: str) -> bool:
    return option.startswith("-") and bool(_SECRET_NAME.fullmatch(option.lstrip("-").replace("-", "_")))


def _images(config: StackConfig) -> Iterator[Problem]:
    for name, model in served(config):
        if "image" in model.model_fields_set:
            yield from pulled(config, (SECTION.name, name, "image"), model.image)


def _artifacts(config: StackConfig) -> Iterator[Problem]:
    artifact = PLATFORMS[config.platform].artifact
    for name, model in served(config):
        if "artifact_uri" in model.model_fields_set:
            yield from address(config, (SECTION.name, name, "artifact_uri"), model.artifact_uri, artifact)


def served(config: StackConfig) -> list[tuple[str, Model]]:
    """The models that the stack file names by image and artifact, each with its name there."""
    return [(name, model) for name, model in of(config).items() if not model.registered]


def registered(config: StackConfig) -> list[str]:
    """The names in the registry of the models of which versions are served, each once."""
    return sorted({model.registered for model in of(config).values() if model.registered})


def apart_from_versions(config: StackConfig, path: Path, uri: str) -> Iterator[Problem]:
    """What a job writes lies elsewhere than the registry's versions: the publisher alone adds one."""
    if registered(config) and in_registry(uri):
        yield Problem(path, f"found {found_word(uri)}, where versions of the registry lie; allowed: another folder")


def _one_or_the_other(config: StackConfig) -> Iterator[Problem]:
    """A model is named whole in one of the two ways, and not in both; or by the name that its versions will have."""
    for name, model in of(config).items():
        said = model.model_fields_set
        by_version = [key for key in VERSION if key in said]
        if by_version and (beside := [key for key in SERVED if key in said]):
            yield Problem(
                (SECTION.name, name, beside[0]),
                f"stands beside {by_version[0]}, and the version of the registry has its own; leave one out",
            )
        else:
            place = by_version == [VERSION[0]]  # in the registry, for versions that are not there yet
            for key in () if place else VERSION if by_version else SERVED:
                if key not in said:
                    own = PLATFORMS[config.platform]
                    artifact = own.artifact.example or own.folder_example
                    add = _ADD[key].format(image=own.image_example, artifact=artifact)
                    yield Problem((SECTION.name, name, key), f"is missing; {add}")


_ADD = {
    "image": "add the container image that serves the model, with a pinned tag or digest, such as {image}",
    "artifact_uri": "add where the trained artifact lies, such as {artifact}",
    "registered": "add the name of the model in the registry",
    "version": "add the number of the version in the registry",
    "digest": "add the digest of the version's record, such as sha256: and 64 hexadecimal digits",
}


def _kept_names(config: StackConfig) -> Iterator[Problem]:
    """On azure registered versions and approvals are versions of models of their own, whose names nothing else has."""
    names = registered(config) if config.platform == "azure" else []
    taken = {f"{name}{end}": name for name in names for end in (VERSIONS_OF, APPROVALS)}
    for key in of(config):
        if key in taken:
            yield Problem(
                (SECTION.name, key),
                f"has the name of the versions or the approvals of {taken[key]}; name it otherwise",
            )


def _environments(config: StackConfig) -> Iterator[Problem]:
    for name, model in of(config).items():
        path, most = (SECTION.name, name, "environment"), ENVIRONMENT_BYTES.get(config.platform)
        yield from no_secret(model.environment, path)
        size = sum(len(f"{key}{value}".encode()) for key, value in model.environment.items())
        if most is not None and size > most:
            yield Problem(path, f"found {size:,} bytes of names and values, allowed: {most:,} on {config.platform}")
        for key in RUNS:
            yield from no_secret_word(getattr(model, key) or (), (SECTION.name, name, key))


def _taken(config: StackConfig) -> Iterator[Problem]:
    """What a model says of its container is something that the platform takes."""
    for name, model in of(config).items():
        for key, why in FIXED.get(config.platform, {}).items():
            if getattr(model, key) is not None:
                yield Problem((SECTION.name, name, key), f"{config.platform} takes none: {why}")


def known(config: StackConfig, path: tuple[str | int, ...], model: str) -> Iterator[Problem]:
    """The model that a key names is one of the stack file, and has something that can be served."""
    if model not in of(config):
        yield Problem(path, f"found {model!r}, no key of {NAMESPACE}:models{nearest(model, of(config))}")
    elif is_place(of(config)[model]):
        name = of(config)[model].registered
        yield Problem(
            path,
            f"found {model!r}, which is a place in the registry without a version; leave this out until one is "
            f"approved and `mlplatform promote {name}@N STACK` has written version and digest",
        )


def is_place(model: Model) -> bool:
    """Whether a model is a place in the registry alone, for the versions to come."""
    return bool(model.registered) and not model.version and not model.digest


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
    check=one_by_one(_one_or_the_other, _kept_names, _images, _artifacts, _environments, _taken),
    own_schema=_own_schema,
)
of = SECTION.of
