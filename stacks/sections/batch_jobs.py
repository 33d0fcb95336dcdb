"""Scoring on a schedule."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from catalogue.platforms import FOLDER, PLATFORMS
from components.shapes import Schedule
from stacks.checks import address, offered
from stacks.fields import Cron, Family, Fields, Slug, TimeZone, Uri
from stacks.model import Problem, Section, StackConfig
from stacks.sections import models


class BatchJob(Fields):
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

    @property
    def when(self) -> Schedule:
        """When it runs, as components take it."""
        return Schedule(self.schedule, self.timezone)


def check(config: StackConfig) -> Iterator[Problem]:
    """Each job scores with a known model, on hardware offered for it, at a time and with addresses of its platform."""
    output = FOLDER if PLATFORMS[config.platform].folders else None
    for name, job in of(config).items():
        yield from address(config, (SECTION.name, name, "input_uri"), job.input_uri)
        yield from address(config, (SECTION.name, name, "output_uri"), job.output_uri, output)
        if config.platform == "azure":
            yield from _schedule_of_azure(name, job)
        yield from models.known(config, (SECTION.name, name, "model"), job.model)
        yield from offered(config, (SECTION.name, name, "family"), job.family, "batch")


def _schedule_of_azure(name: str, job: BatchJob) -> Iterator[Problem]:
    """Azure ML's schedules know neither days of a month nor every time zone; their own reader says which."""
    from components.azure.schedules import ncrontab, windows_timezone

    for key, said, read in (("schedule", job.schedule, ncrontab), ("timezone", job.timezone, windows_timezone)):
        try:
            read(said)
        except ValueError as error:
            yield Problem((SECTION.name, name, key), str(error))


def _own_schema(platform: str) -> dict[str, Any]:
    uri = {"pattern": f"^({PLATFORMS[platform].uri.pattern})$"}
    return {"additionalProperties": {"properties": {"input_uri": uri, "output_uri": uri}}}


SECTION: Section[Mapping[str, BatchJob]] = Section(
    __name__,
    value=Annotated[dict[Slug, BatchJob], Field(max_length=1000)],
    default={},
    called="batch jobs on a schedule",
    makes={"BatchJob": "{stack}-{item}"},
    after=("models", "workspace"),
    check=check,
    own_schema=_own_schema,
)
of = SECTION.of
