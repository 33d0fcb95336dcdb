"""The typed stack config: every key a stack file may have, its unit and its bounds."""

import re
from datetime import datetime
from functools import cache
from ipaddress import IPv4Network
from typing import Annotated, Literal
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from catalogue.hardware import catalogue
from stacks.platforms import Platform, any_of
from stacks.wording import did_you_mean, nearest

_CRON_EPOCH = datetime(2026, 1, 1)
_CRON_ITEM = r"[0-9]{1,2}(-[0-9]{1,2})?(/[0-9]{1,2})?"
_CRON_FIELD = re.compile(rf"\*(/[0-9]{{1,2}})?|{_CRON_ITEM}(,{_CRON_ITEM})*")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _private_cidr(value: str) -> str:
    try:
        network = IPv4Network(value, strict=False)
    except ValueError:
        raise ValueError("an IPv4 network in CIDR notation such as 10.40.0.0/20") from None
    if str(network) != value:  # bits beyond the mask, or a mask in another notation, which the clouds refuse
        raise ValueError(f"an IPv4 network in CIDR notation; did you mean {network}?")
    if not any(network.subnet_of(IPv4Network(block)) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")):
        raise ValueError("a private network inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)")
    # On aws each zone has the eighth of its letter (components/aws/zones.py): 251 addresses of a /21.
    if not 16 <= network.prefixlen <= 21:
        raise ValueError("a network between /16 and /21, an eighth of which is large enough for a zone's replicas")
    return value


def _cron(value: str) -> str:
    """Five-field cron as cron(5) has it; one of day-of-month and day-of-week must stay open.

    EventBridge refuses both together, cron(5) and Cloud Scheduler fire on either, Azure ML ignores one.
    """
    fields = value.split(" ")
    if len(fields) != 5 or not all(_CRON_FIELD.fullmatch(field) for field in fields):
        raise ValueError("five cron fields, each '*' or a list of numbers and ranges, such as '0 2 * * 1-5'")
    if "/" in fields[4]:
        raise ValueError("a day-of-week without a step ('/'), as a list or a range such as '1-5'")
    if fields[2] != "*" and fields[4] != "*":
        raise ValueError("day-of-month or day-of-week left open with '*'; no two platforms read both alike")
    for field, size in zip(fields, (60, 24, 31, 12), strict=False):
        if any(int(step) >= size for step in re.findall(r"/([0-9]+)", field)):
            raise ValueError(f"a step below {size} in the field {field!r}; a longer one never comes round")
    try:
        next(CronSim(value, _CRON_EPOCH))
    except (CronSimError, StopIteration) as error:
        reason = str(error) or "this one never does"
        raise ValueError(f"a cron expression that fires, such as '0 2 * * *' ({reason})") from None
    return value


@cache
def timezones() -> list[str]:
    """The IANA time zones this machine knows, sorted."""
    return sorted(available_timezones())


def _timezone(value: str) -> str:
    if value not in timezones():
        raise ValueError(f"an IANA time zone such as Europe/Berlin{did_you_mean(value, timezones())}")
    return value


def _family(value: str) -> str:
    families = catalogue.family_names()
    if value not in families:
        raise ValueError(f"a hardware family{nearest(value, families)}")
    return value


def _pinned(value: str) -> str:
    if value.endswith(":latest"):
        raise ValueError("a pinned tag or digest, never 'latest'")
    return value


def _distinct(value: list[str]) -> list[str]:
    twice = next((word for index, word in enumerate(value) if word in value[:index]), None)
    if twice is not None:
        raise ValueError(f"every name once; {twice!r} stands there twice")
    return value


SLUG = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
ACCOUNT = any_of("account")
EMAIL = r"^[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"  # only what a tag's value may hold
IMAGE = r"^[a-z0-9.-]+(/[a-z0-9._-]+)+(:[A-Za-z0-9._-]{1,128}|@sha256:[0-9a-f]{64})$"
URI = any_of("uri")
PRINCIPAL = any_of("principal")

Slug = Annotated[str, StringConstraints(pattern=SLUG, max_length=24)]
Email = Annotated[str, StringConstraints(pattern=EMAIL, max_length=64)]
Cidr = Annotated[str, AfterValidator(_private_cidr)]
Cron = Annotated[str, StringConstraints(max_length=200), AfterValidator(_cron)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Family = Annotated[str, AfterValidator(_family), WithJsonSchema({"type": "string", "enum": catalogue.family_names()})]
Image = Annotated[str, StringConstraints(pattern=IMAGE, max_length=255), AfterValidator(_pinned)]
Uri = Annotated[str, StringConstraints(pattern=URI, max_length=1024)]
Principal = Annotated[str, StringConstraints(pattern=PRINCIPAL, max_length=128)]
Zone = Annotated[str, StringConstraints(max_length=40)]
Zones = Annotated[
    list[Zone],
    Field(min_length=2, max_length=8, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_distinct),
]


class Network(_Model):
    """The pilot's own private network: no internet route.

    `zones` are on aws the names of the availability zones, with one subnet in each. Their order says nothing, and one
    more or less leaves the subnets of the others as they are.
    """

    cidr: Cidr
    zones: Zones = []


class Budget(_Model):
    """What the team may spend; alerts go to the owner at 50, 80 and 100 % and at a forecast of 100 %."""

    monthly_usd: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]


class Workspace(_Model):
    """Where people work. What is idle stops after `idle_timeout_minutes` (at least 60, for Studio allows no less).

    `principals` says who each user is in the platform's directory, where a machine of theirs must belong to one person:
    an e-mail address on gcp, an Entra object id on azure; aws knows people by the role they sign in with.

    `zones` are on aws the zones of the network that Studio and everybody's home directory stand in, for good: another
    set of them would be another Studio, so the engine refuses it. `zone` is on gcp where new machines are made; one
    that stands stays where it is.
    """

    users: Annotated[
        list[Slug],
        Field(min_length=1, max_length=50, json_schema_extra={"uniqueItems": True}),
        AfterValidator(_distinct),
    ]
    idle_timeout_minutes: Annotated[int, Field(ge=60, le=525_600)] = 60
    principals: Annotated[dict[Slug, Principal], Field(max_length=50)] = {}
    zones: Zones = []
    zone: Zone = ""


class Model(_Model):
    """A model version: the container image that serves it (a pinned tag or digest) and its artifact."""

    image: Image
    artifact_uri: Uri


class Canary(_Model):
    """A new version first serves `percent` of the replicas (SageMaker allows at most 50) for `bake_minutes`."""

    percent: Annotated[int, Field(ge=1, le=50)]
    bake_minutes: Annotated[int, Field(ge=1, le=60)]


class OnlineRollback(_Model):
    """The new version is taken back when either bound is broken while it bakes."""

    p95_latency_ms: Annotated[int, Field(ge=1, le=60_000)]
    error_rate_percent: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class AsyncRollback(_Model):
    """The new version is taken back when more of its requests fail than this."""

    error_rate_percent: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class OnlineEndpoint(_Model):
    """A model that answers at once; scaled on requests a replica, never below one replica while enabled."""

    kind: Literal["online"]
    enabled: bool = True
    model: Slug
    family: Family
    min_replicas: Annotated[int, Field(ge=1, le=100)]
    max_replicas: Annotated[int, Field(ge=1, le=100)]
    requests_per_replica_per_minute: Annotated[int, Field(ge=1, le=1_000_000)]
    canary: Canary
    rollback: OnlineRollback


class AsyncEndpoint(_Model):
    """A model that answers through a queue; scaled on the backlog a replica, to zero when `min_replicas` is 0."""

    kind: Literal["async"]
    enabled: bool = True
    model: Slug
    family: Family
    min_replicas: Annotated[int, Field(ge=0, le=100)]
    max_replicas: Annotated[int, Field(ge=1, le=100)]
    backlog_per_replica: Annotated[int, Field(ge=1, le=10_000)]
    rollback: AsyncRollback


Endpoint = Annotated[OnlineEndpoint | AsyncEndpoint, Field(discriminator="kind")]


class BatchJob(_Model):
    """Scoring on a schedule, in `timezone`, stopped after `max_hours`; nothing runs between runs."""

    enabled: bool = True
    model: Slug
    family: Family
    replicas: Annotated[int, Field(ge=1, le=100)]
    schedule: Cron
    timezone: TimeZone = "UTC"
    max_hours: Annotated[int, Field(ge=1, le=24)]
    input_uri: Uri
    output_uri: Uri


class StackConfig(_Model):
    """One pilot. `platform`, `account` and `region` say where, the rest says what; CONTRIBUTING.md has the glossary."""

    platform: Platform
    account: Annotated[str, StringConstraints(pattern=ACCOUNT)]
    region: Annotated[str, StringConstraints(max_length=32)]
    environment: Literal["pilot", "dev", "test", "prod"]
    team: Slug
    cost_center: Slug
    owner: Email
    network: Network
    budget: Budget
    workspace: Workspace
    models: Annotated[dict[Slug, Model], Field(min_length=1, max_length=1000)]
    endpoints: Annotated[dict[Slug, Endpoint], Field(max_length=1000)] = {}
    batch_jobs: Annotated[dict[Slug, BatchJob], Field(max_length=1000)] = {}

    def families(self) -> set[str]:
        """Every hardware family that an endpoint or batch job names, switched on or not."""
        return {item.family for item in (*self.endpoints.values(), *self.batch_jobs.values())}
