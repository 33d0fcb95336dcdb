"""What the keys of a stack file hold: the types that several sections share, with their bounds and their words."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from catalogue.hardware import catalogue
from catalogue.platforms import PLATFORMS
from catalogue.versions import DIGEST
from catalogue.wording import begun, did_you_mean
from components.shapes import Schedule

Item = TypeVar("Item")
_CRON_EPOCH = datetime(2026, 1, 1)
_CRON_ITEM = r"[0-9]{1,2}(-[0-9]{1,2})?(/[0-9]{1,2})?"
_CRON_FIELD = re.compile(rf"\*(/[0-9]{{1,2}})?|{_CRON_ITEM}(,{_CRON_ITEM})*")


class Unsaid(Exception):
    """A check asked for a key that the stack file leaves out or has wrong, which has a sentence of its own."""


class Some(dict[str, Any]):
    """Items of a section that has others, of which one is wrong: what these do not say, another may."""


def every(items: Mapping[str, Item]) -> Mapping[str, Item]:
    """The items of a section, for a check that concludes from what none of them says. Raises Unsaid for some alone."""
    if isinstance(items, Some):
        raise Unsaid
    return items


class Fields(BaseModel):
    """A mapping of a stack file: no other keys than its own, no value of another type.

    The docstring under a key is what editors show of it, with its unit; `examples` show how it is written.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Only what `stacks/sound.py` makes of a wrong file lacks a key of its own."""
            if name in type(self).model_fields:
                raise Unsaid(name)
            return super().__getattr__(name)


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
        # An abbreviation is of several countries: who writes AEST does not mean EST.
        places = [zone for zone in timezones() if "/" in zone or zone == "UTC"]
        raise ValueError(f"an IANA time zone such as Europe/Berlin{did_you_mean(value, places)}")
    return value


def _family(value: str) -> str:
    families = catalogue.family_names()
    if value not in families:
        sizes = begun(value, families)
        meant = f"; did you mean {' or '.join(sizes)}?" if sizes else did_you_mean(value, families)
        raise ValueError(f"a hardware family{meant or ': ' + ', '.join(families)}")
    return value


def _pinned(value: str) -> str:
    """No image that changes under its name.

    Vertex AI's own images have the one tag `latest`. Source: "Prebuilt containers for prediction and explanation",
    https://cloud.google.com/vertex-ai/docs/predictions/pre-built-containers
    """
    if value.endswith(":latest"):
        own = re.match(r"[a-z]+-docker\.pkg\.dev/vertex-ai/", value)
        copied = "; Vertex AI's own images have no other tag, so push a copy of this one under a tag of yours"
        raise ValueError(f"a pinned tag or digest, never 'latest'{copied if own else ''}")
    return value


def _private_cidr(value: str) -> str:
    try:
        network = IPv4Network(value, strict=False)
    except ValueError:
        raise ValueError("an IPv4 network in CIDR notation such as 10.40.0.0/20") from None
    if str(network) != value:  # bits beyond the mask, or a mask in another notation, which the clouds refuse
        raise ValueError(f"an IPv4 network in CIDR notation; did you mean {network}?")
    if not any(network.subnet_of(IPv4Network(block)) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")):
        raise ValueError("a private network inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)")
    return value


def distinct(value: list[str]) -> list[str]:
    """The list where no word stands twice, else ValueError."""
    twice = next((word for index, word in enumerate(value) if word in value[:index]), None)
    if twice is not None:
        raise ValueError(f"every name once; {twice!r} stands there twice")
    return value


def machine_type_schema(platform: str) -> dict[str, Any]:
    """For editors: a machine type that the platform has, by the definition of that name in the schema."""
    return {"$ref": f"#/$defs/{MACHINE_TYPES[platform]}"}


def _any_platforms(form: Literal["account", "uri", "person", "network", "identity"]) -> str:
    """The pattern that the forms of all platforms share, for a field that knows no platform."""
    return "^(" + "|".join(p for platform in PLATFORMS.values() if (p := getattr(platform, form).pattern)) + ")$"


MACHINE_TYPES = {platform: f"MachineTypes_{platform}" for platform in PLATFORMS}
"""The names under which the schema lists the machine types of each platform."""
MACHINE_TYPE = r"^[A-Za-z0-9._-]+$"
SLUG = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
ACCOUNT = _any_platforms("account")
EMAIL = r"^[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"  # only what a tag's value may hold
IMAGE = r"^[a-z0-9.-]+(/[a-z0-9._-]+)+(:[A-Za-z0-9._-]{1,128}|@sha256:[0-9a-f]{64})$"
URI = _any_platforms("uri")
PLACE_OR_STEP = f"{URI}|{SLUG}"
PROGRAM_WORD = r"^[A-Za-z0-9_./=:@+-]{1,200}$"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
HYPERPARAMETER = r"^[A-Za-z_][A-Za-z0-9_-]{0,254}$"
METRIC = r"^[A-Za-z_][A-Za-z0-9_:./-]*$"
CHANNEL = r"^[a-z][a-z0-9_]{0,31}$"
DAY = r"^\d{4}-\d\d-\d\d$"
LOGICAL_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"
ROUTE = r"^/[A-Za-z0-9._~/-]*$"
PRINCIPAL = _any_platforms("person")
NETWORK = _any_platforms("network")
IDENTITY = _any_platforms("identity")

FORMS = {ACCOUNT: "account", URI: "uri", PRINCIPAL: "person", NETWORK: "network", IDENTITY: "identity"}
"""The patterns that a platform writes in its own way, and the form of its record that says how."""

WORDS = {
    MACHINE_TYPE: "a machine type of catalogue/hardware/machines",
    SLUG: "lower-case words of letters and digits joined by '-', starting with a letter",
    EMAIL: "an e-mail address such as team@example.com",
    VARIABLE: "a name of letters, digits and '_', not starting with a digit, such as MAX_MODEL_LEN",
    HYPERPARAMETER: "a name of letters, digits, '_' and '-', not starting with a digit or '-', such as learning_rate",
    METRIC: "a name of letters, digits, '_', ':', '.', '/' and '-', such as validation:log_loss",
    CHANNEL: "at most 32 lower-case letters, digits and '_', starting with a letter, such as train",
    PLACE_OR_STEP: "a folder in the platform's own storage, or the name of a step before",
    PROGRAM_WORD: "at most 200 letters, digits and _ . / = : @ + -, such as python or examples.steps",
    DAY: "a day such as 2027-01-31",
    DIGEST: "'sha256:' and 64 hexadecimal digits in lower case",
    LOGICAL_NAME: "the name of a resource as `mlplatform step` says it, such as aws-pilot-workspace-ben",
    ROUTE: "a path such as /v1/completions",
    IMAGE: "a container image with a pinned tag or digest",
}
"""The other patterns in words."""

Slug = Annotated[str, StringConstraints(pattern=SLUG, max_length=24)]
Email = Annotated[str, StringConstraints(pattern=EMAIL, max_length=64)]
Cron = Annotated[str, StringConstraints(max_length=200), AfterValidator(_cron)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Family = Annotated[str, AfterValidator(_family), WithJsonSchema({"type": "string", "enum": catalogue.family_names()})]
MachineType = Annotated[str, StringConstraints(pattern=MACHINE_TYPE, max_length=64)]
Image = Annotated[str, StringConstraints(pattern=IMAGE, max_length=255), AfterValidator(_pinned)]
Uri = Annotated[str, StringConstraints(pattern=URI, max_length=1024)]
Principal = Annotated[str, StringConstraints(pattern=PRINCIPAL, max_length=128)]
Zone = Annotated[str, StringConstraints(max_length=40)]
Cidr = Annotated[str, AfterValidator(_private_cidr)]
Zones = Annotated[
    list[Zone],
    Field(min_length=2, max_length=8, json_schema_extra={"uniqueItems": True}),
    AfterValidator(distinct),
]


class Machine(Fields):
    """What something runs on: a portable `family`, or a `machine_type` in the platform's own words. One of the two."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["family"]}, {"required": ["machine_type"]}]})

    family: Family | None = Field(default=None, examples=["cpu-small"])
    """The hardware family: a word that each platform maps to one machine. `mlplatform cost` says what it costs."""
    machine_type: MachineType | None = Field(
        default=None, examples=["ml.g6.xlarge", "g2-standard-4", "Standard_NC4as_T4_v3"]
    )
    """A machine type in the platform's own words, in place of a family. It is priced and judged alike."""

    @property
    def machine(self) -> str:
        """The name by which the hardware catalogue knows the machine. Empty where the file names none."""
        return self.family or self.machine_type or ""


class Started(Fields):
    """What a schedule or a person starts, and `pulumi up` never does."""

    schedule: Cron | None = Field(default=None, examples=["30 5 * * 1"])
    """When a run starts: five cron fields, in `timezone`. Where it is left out only a person starts one."""
    timezone: TimeZone = Field(default="UTC", examples=["Europe/Berlin"])
    """The IANA time zone that the schedule is in."""
    runs_per_month: Annotated[int, Field(ge=1, le=1_000)] | None = Field(default=None, examples=[8])
    """How many runs people start in a month at most, where there is no schedule: the bill's ceiling counts them."""

    @model_validator(mode="after")
    def _runs_are_counted(self) -> Self:
        if (self.schedule is None) == (self.runs_per_month is None):
            raise ValueError("a schedule, or runs_per_month where people start the runs; one of the two")
        return self

    @property
    def when(self) -> Schedule | None:
        """When it runs, as components take it. None where people start its runs."""
        return Schedule(self.schedule, self.timezone) if self.schedule is not None else None
