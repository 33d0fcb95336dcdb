"""Served models: endpoints that answer at once, or through a queue."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from catalogue import week
from catalogue.full import FULL
from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import Use
from catalogue.pauses import lost_to
from catalogue.platforms import PLATFORMS
from catalogue.rollbacks import ERRORS_PERCENT
from catalogue.runs import ANSWERS_DAYS
from catalogue.targets import FOLDER
from catalogue.wording import found_word
from components.hours import Hours as ComponentHours
from components.shapes import Capture as Captured
from components.shapes import Replicas, Rollout
from stacks.checks import address, offered, one_by_one
from stacks.fields import Fields, Machine, Slug, TimeZone, Uri, machine_type_schema
from stacks.machines import machine
from stacks.model import Path, Problem, Section, StackConfig
from stacks.sections import models
from stacks.sections.batch_jobs import KEEP_DAYS


class Canary(Fields):
    """A new version first serves `percent` of the endpoint for `bake_minutes`: on gcp and azure of the requests, on aws
    of the replicas, and one replica at least."""

    percent: Annotated[int, Field(ge=1, le=50)] = Field(examples=[10])
    """The part of the endpoint that the new version has while it bakes, in %."""
    bake_minutes: Annotated[int, Field(ge=1, le=60)] = Field(examples=[10])
    """How many minutes the new version is watched before it takes the rest; on aws 5 or more, on gcp 9."""


_LEAST, _MOST = ERRORS_PERCENT
ErrorRate = Annotated[float, Field(ge=_LEAST, le=_MOST, allow_inf_nan=False)]


class OnlineRollback(Fields):
    """The new version is taken back when either bound is broken while it bakes."""

    p95_latency_ms: Annotated[int, Field(ge=1, le=60_000)] = Field(examples=[250])
    """The longest 95th percentile of its latency, in milliseconds."""
    error_rate_percent: ErrorRate = Field(examples=[1])
    """The most requests of the new version that may fail, in %; on aws and gcp less than the canary's percent."""


class AsyncRollback(Fields):
    """The new version is taken back when more of its requests fail than this."""

    error_rate_percent: ErrorRate = Field(examples=[1])
    """The most requests of the new version that may fail, in %."""


class Capture(Fields):
    """`percent` of the requests and answers are kept for `days` in the stack's own store, under its own key.

    They may be about people, so nothing is kept unless a stack file says so. The limits `capture-percent` and
    `capture-days` bound both. On aws another capture is a new version of the endpoint, which comes in by canary. What
    is kept stays while the endpoint is switched off. On gcp it lies in a dataset of the endpoint's own: without the
    word, or without the endpoint, the dataset is deleted as other state is, by `allow` and `teardown --retired`.
    """

    percent: Annotated[int, Field(ge=1, le=100)] = Field(examples=[10])
    """How many of a hundred requests are kept, each with its answer."""
    days: Annotated[int, Field(ge=1, le=3650)] = Field(examples=[30])
    """After how many days they are deleted; on aws and azure they can be recovered for 30 days more, as all there."""


def _range(text: str) -> str:
    week.minutes_of(text)
    return text


Range = Annotated[str, AfterValidator(_range)]


class Hours(Fields):
    """The hours in which an endpoint may have replicas, by the clock of one zone: a range a kind of day, or a day.

    Outside of them nothing runs. On aws requests wait, and SageMaker forgets one that waits for more than six hours
    (RequestTTLSeconds, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html).
    On gcp requests are refused, and for some ten to twenty minutes after the hours begin, in which a replica starts. A
    range that ends at or before the time it begins ends on the next day. On the night on which the clock skips an hour,
    or has one twice, what begins or ends in it on aws does so when the cloud says; no other hour is touched. On gcp
    a range or a pause has an hour at least, and none begins or ends at a time that the clock skips.
    """

    weekdays: Range | None = Field(default=None, examples=["07:00-19:00"])
    """The hours of Monday to Friday. Nothing runs on days that have no range."""
    weekends: Range | None = Field(default=None, examples=["09:00-13:00"])
    """The hours of Saturday and of Sunday."""
    monday: Range | None = Field(default=None, examples=["06:00-24:00"])
    """The hours of Mondays."""
    tuesday: Range | None = Field(default=None, examples=["07:00-19:00"])
    """The hours of Tuesdays."""
    wednesday: Range | None = Field(default=None, examples=["07:00-19:00"])
    """The hours of Wednesdays."""
    thursday: Range | None = Field(default=None, examples=["07:00-19:00"])
    """The hours of Thursdays."""
    friday: Range | None = Field(default=None, examples=["07:00-15:30"])
    """The hours of Fridays."""
    saturday: Range | None = Field(default=None, examples=["22:00-04:00"])
    """The hours that begin on Saturdays."""
    sunday: Range | None = Field(default=None, examples=["09:00-13:00"])
    """The hours of Sundays."""
    timezone: TimeZone = Field(examples=["Europe/Berlin"])
    """The IANA time zone of the hours."""

    @property
    def days(self) -> Mapping[str, str]:
        """The range of each day that has one, by the day."""
        said = {
            day: text
            for kind, of in week.KINDS_OF_DAY.items()
            if (text := getattr(self, kind)) is not None
            for day in of
        }
        return said | {day: text for day in week.DAYS if (text := getattr(self, day)) is not None}

    @property
    def given(self) -> ComponentHours:
        """The hours, as components take them."""
        return ComponentHours(self.days, self.timezone)


class OnlineEndpoint(Machine):
    """A model that answers at once; scaled on requests a replica, never below one replica while enabled."""

    kind: Literal["online"] = Field(examples=["online"])
    """How the endpoint answers: `online` at once."""
    enabled: bool = Field(default=True, examples=[False])
    """With false nothing runs or is paid; the model and the registry stay."""
    model: Slug = Field(examples=["fraud-scorer"])
    """The name of a model of this file, under `models`."""
    min_replicas: Annotated[int, Field(ge=1, le=100)] = Field(examples=[2])
    """The fewest replicas, which are paid for with no traffic as well; on aws 2 or more, for one has no canary."""
    max_replicas: Annotated[int, Field(ge=1, le=100)] = Field(examples=[4])
    """The most replicas; the ceiling of the bill has all of them."""
    requests_per_replica_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = Field(examples=[600])
    """How many requests one replica is to answer a minute; more of them bring another replica."""
    canary: Canary = Field(examples=[{"percent": 10, "bake_minutes": 10}])
    """How a new version comes in."""
    rollback: OnlineRollback = Field(examples=[{"p95_latency_ms": 250, "error_rate_percent": 1}])
    """When a new version is taken back while it bakes."""
    capture: Capture | None = Field(default=None, examples=[{"percent": 10, "days": 30}])
    """Which share of the requests and answers is kept, and for how long. Nothing is where this is left out."""
    hours: Hours | None = Field(default=None, examples=[{"weekdays": "07:00-19:00", "timezone": "Europe/Berlin"}])
    """The hours in which it answers, on gcp alone: at their end its model is taken off, at their begin it is put on."""

    @property
    def replicas(self) -> Replicas:
        """The range of replicas, as components take it."""
        return Replicas(self.min_replicas, self.max_replicas)

    @property
    def captured(self) -> Captured | None:
        """What is kept of requests and answers, as components take it; None for nothing."""
        return self.capture and Captured(self.capture.percent, self.capture.days)

    @property
    def rollout(self) -> Rollout:
        """How a new version comes in, as components take it."""
        bounds = self.rollback
        return Rollout(self.canary.percent, self.canary.bake_minutes, bounds.p95_latency_ms, bounds.error_rate_percent)


class AsyncEndpoint(Machine):
    """A model that answers through a queue; scaled on the backlog a replica, to zero when `min_replicas` is 0."""

    kind: Literal["async"] = Field(examples=["async"])
    """How the endpoint answers: `async` through a queue, on aws alone."""
    enabled: bool = Field(default=True, examples=[False])
    """With false nothing runs or is paid; the model and the registry stay."""
    model: Slug = Field(examples=["fraud-scorer"])
    """The name of a model of this file, under `models`."""
    min_replicas: Annotated[int, Field(ge=0, le=100)] = Field(examples=[0])
    """The fewest replicas, which are paid for with no traffic as well."""
    max_replicas: Annotated[int, Field(ge=1, le=100)] = Field(examples=[4])
    """The most replicas; the ceiling of the bill has all of them."""
    backlog_per_replica: Annotated[int, Field(ge=1, le=10_000)] = Field(examples=[5])
    """How many requests may wait for one replica; more of them bring another replica."""
    rollback: AsyncRollback = Field(examples=[{"error_rate_percent": 5}])
    """When a new version is taken back while it bakes."""
    keep_days: Annotated[int, Field(ge=1, le=KEEP_DAYS)] = Field(default=ANSWERS_DAYS, examples=[7])
    """After how many days its answers, and what is said of a request that failed, are deleted; they can be recovered
    for 30 days more, as all there. Requests lie in one folder for all endpoints, and go with the longest of these days,
    30 at least."""
    hours: Hours | None = Field(default=None, examples=[{"weekdays": "07:00-19:00", "timezone": "Europe/Berlin"}])
    """The hours in which it may have replicas, which requests wait for. Any hour where this is left out."""

    @property
    def replicas(self) -> Replicas:
        """The range of replicas, as components take it."""
        return Replicas(self.min_replicas, self.max_replicas)


class MultiModelEndpoint(Machine):
    """Several models that answer at once from one container, each as a caller names it; on aws alone.

    A caller names one by its target, which the outputs tell: the path of its artifact below `folder_uri`. SageMaker
    loads it at the first call. Another artifact is another target, so a new version comes in beside the old one: add it
    to `models`, let the callers go over, then take the old one out. The canary is for what all of them share: the
    image, its variables and the machines.
    """

    kind: Literal["multi-model"] = Field(examples=["multi-model"])
    """How the endpoint answers: `multi-model` at once, by the model that a caller names, on aws alone."""
    enabled: bool = Field(default=True, examples=[False])
    """With false nothing runs or is paid; the models and the registry stay."""
    models: Annotated[list[Slug], Field(min_length=2, max_length=20)] = Field(examples=[["fraud-de", "fraud-fr"]])
    """The names of models of this file, under `models`: all of one image, with artifacts below `folder_uri`."""
    folder_uri: Uri = Field(examples=["s3://payments-risk-models-111122223333/models/"])
    """The folder below which all the artifacts lie, and will: with another, each model has another target."""
    min_replicas: Annotated[int, Field(ge=1, le=100)] = Field(examples=[2])
    """The fewest replicas, which are paid for with no traffic as well; 2 or more, for one has no canary."""
    max_replicas: Annotated[int, Field(ge=1, le=100)] = Field(examples=[4])
    """The most replicas; the ceiling of the bill has all of them."""
    requests_per_replica_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = Field(examples=[600])
    """How many requests to all its models one replica is to answer a minute; more of them bring another replica."""
    canary: Canary = Field(examples=[{"percent": 10, "bake_minutes": 10}])
    """How another image, or another machine, comes in."""
    rollback: OnlineRollback = Field(examples=[{"p95_latency_ms": 250, "error_rate_percent": 1}])
    """When it is taken back while it bakes."""

    @property
    def replicas(self) -> Replicas:
        """The range of replicas, as components take it."""
        return Replicas(self.min_replicas, self.max_replicas)

    @property
    def rollout(self) -> Rollout:
        """How another image or machine comes in, as components take it."""
        bounds = self.rollback
        return Rollout(self.canary.percent, self.canary.bake_minutes, bounds.p95_latency_ms, bounds.error_rate_percent)


Endpoint = Annotated[OnlineEndpoint | AsyncEndpoint | MultiModelEndpoint, Field(discriminator="kind")]


def serves(item: Endpoint) -> list[str]:
    """The names of the models that an endpoint serves, under `models` of the stack file."""
    return item.models if isinstance(item, MultiModelEndpoint) else [item.model]


def use_of(item: Endpoint) -> Use:
    """What an endpoint uses machines for: whatever answers at once is priced, bounded and scaled alike."""
    return "async" if isinstance(item, AsyncEndpoint) else "online"


def fewest(platform: str) -> int:
    """The fewest replicas that an online endpoint may have: on aws a canary is one of them, elsewhere of requests."""
    if platform != "aws":
        return 1
    from components.aws.canary import FEWEST

    return FEWEST


def running(config: StackConfig) -> bool:
    """Whether an endpoint of the stack is switched on."""
    return any(endpoint.enabled for endpoint in of(config).values())


def capturing(config: StackConfig) -> Mapping[str, int]:
    """After how many days what is captured is deleted, by the name of each endpoint that captures while it runs."""
    found = ((name, item) for name, item in of(config).items() if isinstance(item, OnlineEndpoint))
    return {name: item.capture.days for name, item in found if item.capture is not None}


def answering(config: StackConfig) -> Mapping[str, int]:
    """After how many days its answers are deleted, by the name of each endpoint with a queue."""
    return {name: item.keep_days for name, item in of(config).items() if isinstance(item, AsyncEndpoint)}


def online(config: StackConfig) -> Mapping[str, OnlineEndpoint]:
    """The endpoints of a platform that refuses every other kind. Raises TypeError for one that is of another."""
    found: dict[str, OnlineEndpoint] = {}
    for name, item in of(config).items():
        if not isinstance(item, OnlineEndpoint):
            raise TypeError(f"{name}: the stack config lets no {item.kind} endpoint through to {config.platform}")
        found[name] = item
    return found


def _models(config: StackConfig) -> Iterator[Problem]:
    for name, item in of(config).items():
        if isinstance(item, MultiModelEndpoint):
            for at, model in enumerate(item.models):
                yield from models.known(config, (SECTION.name, name, "models", at), model)
        else:
            yield from models.known(config, (SECTION.name, name, "model"), item.model)


def _hardware(config: StackConfig) -> Iterator[Problem]:
    for name, item in of(config).items():
        if not SECTION.refused_kind(item.kind, config.platform):
            yield from offered(config, (SECTION.name, name), item, use_of(item))


def _replicas(config: StackConfig) -> Iterator[Problem]:
    for name, item in of(config).items():
        if item.min_replicas > item.max_replicas:
            sentence = f"found {item.min_replicas}, allowed at most max_replicas, which is {item.max_replicas}"
            yield Problem((SECTION.name, name, "min_replicas"), sentence)


def _full(config: StackConfig) -> Iterator[Problem]:
    """A replica is full at a number that what scales it takes, and that a replica can be full at."""
    for name, item in of(config).items():
        key = "backlog_per_replica" if isinstance(item, AsyncEndpoint) else "requests_per_replica_per_minute"
        full, said = FULL.get((config.platform, use_of(item))), int(getattr(item, key))
        if full and not full.least <= said <= full.most:
            sentence = f"found {said}, allowed on {config.platform}: {full.least} to {full.most}, for {full.why}"
            yield Problem((SECTION.name, name, key), sentence)


def _folders(config: StackConfig) -> Iterator[Problem]:
    """No endpoint answers where the requests to all lie, nor where another says what failed, whose days are its own."""
    queued = answering(config)
    for name in queued:
        whose = name.removesuffix("-failed")
        if name == "input" or (whose != name and whose in queued):
            holds = "requests" if name == "input" else f"what failed of {whose}"
            yield Problem(
                (SECTION.name, name), f"answers below async/{name}/, which holds {holds}; give it another name"
            )


_OFF = "set enabled: false in the stack file while nobody calls"

_NO_HOURS: Mapping[str, str] = {
    # https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-zero-instances.html
    "aws": "SageMaker keeps one instance of an endpoint that answers at once, unless it hosts inference components, "
    f"which are not built yet; make it of kind 'async', or {_OFF}",
    # Autoscale of https://learn.microsoft.com/en-us/azure/machine-learning/how-to-autoscale-endpoints goes by a
    # schedule, but a deployment keeps an instance; only what deletes and deploys it again would stop it. A schedule of
    # Azure ML starts jobs (https://learn.microsoft.com/en-us/azure/machine-learning/how-to-schedule-pipeline-job): one
    # that calls Azure Resource Manager needs a compute and an image of its own, so another service in all but name.
    "azure": "Azure Machine Learning keeps one instance of a deployment, and only another service could delete and "
    f"deploy it by the clock; make it a batch job under batch_jobs, or {_OFF}",
}
"""Why an endpoint that answers at once has no off hours, and the nearest thing, by platform. On gcp it has them."""


def _hours(config: StackConfig) -> Iterator[Problem]:
    """One range a day, some hour of the week on and some off, and on an endpoint that can stand at zero."""
    for name, item in of(config).items():
        path = (SECTION.name, name, "hours")
        if isinstance(item, MultiModelEndpoint) or item.hours is None:
            continue
        if isinstance(item, OnlineEndpoint) and (why := _NO_HOURS.get(config.platform)):
            yield Problem(path, f"{config.platform} takes none: {why}")
            continue
        twice = False
        for kind, day in ((kind, day) for kind, days in week.KINDS_OF_DAY.items() for day in days):
            if getattr(item.hours, kind) and getattr(item.hours, day):
                twice = True
                yield Problem((*path, day), f"found beside {kind}, which has {day} too; name each day once")
        if not twice and (sentence := week.wrong(item.hours.days) or _wrong_there(config, item.hours)):
            yield Problem(path, sentence)


def _wrong_there(config: StackConfig, hours: Hours) -> str:
    """What is wrong with hours on one platform.

    Cloud Scheduler follows the clock, and may not start what is due while the clock skips: "Time zone",
    https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules. A night on which nothing is taken off is
    paid for. What starts twice looks first, and changes nothing twice.
    """
    if config.platform != "gcp":
        return ""
    from components.gcp.switching import too_short

    for moment in (*hours.given.begin, *hours.given.end):
        at = f"{moment.hour:02}:{moment.minute:02}"
        jump = lost_to(f"{moment.minute} {moment.hour} * * {moment.short_days}", hours.timezone, twice=False)
        if jump is not None:
            return f"found {at}, and the clock of {hours.timezone} {jump}: nothing is started then; take another time"
    return too_short(hours.days)


def _seen(config: StackConfig) -> Iterator[Problem]:
    """A new version that is worse is seen while it bakes."""
    for name, item in of(config).items():
        for part, sentence in blind(config, item):
            at = ("family" if item.machine_type is None else "machine_type",) if part == "machine" else _AT[part]
            yield Problem((SECTION.name, name, *at), f"found {sentence}")


def blind(config: StackConfig, item: Endpoint) -> Iterator[tuple[str, str]]:
    """What keeps a worse version of an endpoint from being seen while it bakes, each with what is found and allowed.

    Azure's own figures are not judged yet.
    """
    judged = {"aws": _blind_on_aws, "gcp": _blind_on_gcp}.get(config.platform)
    return iter(()) if judged is None else judged(config, item)


def _blind_on_aws(config: StackConfig, item: Endpoint) -> Iterator[tuple[str, str]]:
    from components.aws.canary import blind

    if not any(offered(config, (), item, use_of(item))):
        rollout = None if isinstance(item, AsyncEndpoint) else item.rollout
        yield from blind(machine(config.platform, item.machine, config.region).type, item.min_replicas, rollout)


def _blind_on_gcp(config: StackConfig, item: Endpoint) -> Iterator[tuple[str, str]]:
    """The traffic is split by request, so one replica has a canary too."""
    from components.gcp.canary import blind

    if isinstance(item, OnlineEndpoint):
        yield from blind(item.rollout)


_AT: Mapping[str, tuple[str, ...]] = {
    "replicas": ("min_replicas",),
    "bake": ("canary", "bake_minutes"),
    "errors": ("rollback", "error_rate_percent"),
}


_NO_VERSION = (
    "is a version of the registry: each is approved with an image of its own, and SageMaker starts one image for all "
    "models of the endpoint; name it by image and artifact_uri, or give it an endpoint of kind 'online'"
)
_NO_START = (
    "has start_up_seconds, and SageMaker fetches each model of the endpoint when it is first called, for 360 seconds "
    "at most; leave it out, or give the model an endpoint of kind 'online'"
)
"""https://docs.aws.amazon.com/sagemaker/latest/dg/invoke-multi-model-endpoint.html"""
_NO_GPU = (
    "which has an accelerator, and SageMaker serves several models there by NVIDIA Triton's container alone; allowed: "
    "a machine without one, or an endpoint of kind 'online' for each model"
)
"""https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html"""


_Known = list[tuple[int, str, models.Model]]
"""Models of one endpoint: where each stands in its list, its name, and what the file says of it."""


def _together(config: StackConfig) -> Iterator[Problem]:
    """What the models of one endpoint share is the same for all of them: SageMaker starts one container.

    ContainerDefinition (Mode, ModelDataUrl),
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html
    """
    for name, item in of(config).items():
        if not isinstance(item, MultiModelEndpoint) or SECTION.refused_kind(item.kind, config.platform):
            continue
        path = (SECTION.name, name, "models")
        known = [(at, one, models.of(config)[one]) for at, one in enumerate(item.models) if one in models.of(config)]
        alone = True
        for at, one, model in known:
            if one in item.models[:at]:
                yield Problem((*path, at), f"found {one!r} twice; name each model once")
            for wrong in (_NO_VERSION if model.registered else "", _NO_START if model.start_up_seconds else ""):
                if wrong:
                    alone = False
                    yield Problem((*path, at), f"found {one!r}, which {wrong}")
        if alone and known:
            yield from _same(path, known)
        yield from _below(config, (SECTION.name, name), item.folder_uri, known)
        if not any(offered(config, (), item, "online")):
            has = catalogue.load(config.platform).machine_in(item.machine, config.region)
            if has.accelerator:
                at = "family" if item.machine_type is None else "machine_type"
                yield Problem((SECTION.name, name, at), f"found {item.machine!r}, {_NO_GPU}")


def _same(path: Path, known: _Known) -> Iterator[Problem]:
    """All models have the image and the variables of the first, and an artifact of their own."""
    _, first, says = known[0]
    artifacts: dict[str, str] = {}
    for at, one, model in known:
        for key in ("image", "environment"):
            if getattr(model, key) != getattr(says, key):
                yield Problem(
                    (*path, at),
                    f"found {one!r}, whose {key} is another than that of {first!r}, and one container serves both; "
                    "allowed: models of one image with the same environment",
                )
        if (other := artifacts.setdefault(model.artifact_uri, one)) != one:
            yield Problem((*path, at), f"found {one!r}, whose artifact is that of {other!r}; name one of the two")


def _below(config: StackConfig, path: Path, folder: str, known: _Known) -> Iterator[Problem]:
    """The folder is one of a bucket, and each artifact lies below it."""
    at = (*path, "folder_uri")
    wrong = [*address(config, at, folder)]
    yield from wrong
    if not wrong and not re.fullmatch(FOLDER, folder):
        yield Problem(
            at,
            f"found {found_word(folder)}, allowed: a folder of a bucket that ends in a slash, no whole bucket",
        )
        return
    for index, one, model in known if not wrong else ():
        if not model.registered and not model.artifact_uri.startswith(folder):
            yield Problem(
                (*path, "models", index),
                f"found {one!r}, whose artifact {found_word(model.artifact_uri)} lies elsewhere than in folder_uri; "
                "allowed: a model whose artifact lies below it",
            )


def _own_schema(platform: str) -> dict[str, Any]:
    return {"additionalProperties": {"properties": {"machine_type": machine_type_schema(platform)}}}


SECTION: Section[Mapping[str, OnlineEndpoint | AsyncEndpoint | MultiModelEndpoint]] = Section(
    __name__,
    value=Annotated[
        dict[Slug, Endpoint],
        Field(
            max_length=1000,
            description="The endpoints by name: each serves one model, or several. A stack may have none.",
            examples=[
                {
                    "fraud-scorer": {
                        "kind": "online",
                        "model": "fraud-scorer",
                        "family": "cpu-small",
                        "min_replicas": 2,
                        "max_replicas": 4,
                        "requests_per_replica_per_minute": 600,
                        "canary": {"percent": 10, "bake_minutes": 10},
                        "rollback": {"p95_latency_ms": 250, "error_rate_percent": 1},
                    }
                }
            ],
        ),
    ],
    default={},
    called="endpoint",
    serves=PLATFORMS,
    makes={"Endpoint": "{stack}-{item}", "EndpointNames": "{stack}-endpoint-names"},
    after=("models", "workspace"),
    check=one_by_one(_models, _hardware, _replicas, _full, _folders, _hours, _seen, _together),
    own_schema=_own_schema,
    kinds={
        "online": {},
        "async": {
            "gcp": "Vertex AI has no asynchronous endpoint that scales to zero; "
            "make it a batch job under batch_jobs, or an endpoint of kind 'online'",
            "azure": "Azure Machine Learning has no asynchronous endpoint that scales to zero; "
            "make it a batch job under batch_jobs, or an endpoint of kind 'online'",
        },
        "serverless": {
            "aws": "SageMaker serverless endpoints take neither a VPC nor network isolation; "
            "use 'async' with min_replicas 0 to pay nothing while idle",
            "gcp": "Vertex AI serves a model of your own on machines only; "
            "use 'online', or a batch job to pay nothing while idle",
            "azure": "Azure Machine Learning's serverless endpoints serve models of the marketplace only; "
            "use 'online', or a batch job to pay nothing while idle",
        },
        "multi-model": {
            # "Limitations", https://cloud.google.com/vertex-ai/docs/predictions/model-co-hosting
            "gcp": "Vertex AI lets models share machines in Google's own TensorFlow and PyTorch containers only, "
            "not in one of yours; give each model an endpoint of kind 'online', or one whose container loads them all",
            # https://learn.microsoft.com/en-us/azure/machine-learning/concept-online-deployment-model-specification
            "azure": "a deployment of Azure Machine Learning takes one model; give each model an endpoint of kind "
            "'online', or register one folder that holds them all and let the container choose",
        },
    },
    also={"office hours (aws: `async`, gcp: `online`)": {"azure": _NO_HOURS["azure"]}},
)
of = SECTION.of
