"""What every stack file says, and what a section of it is."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Generic, Literal, Self, TypeVar, cast

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from catalogue import environments
from catalogue.platforms import PLATFORMS, Platform
from stacks.fields import ACCOUNT, DAY, LOGICAL_NAME, Email, Fields, Slug

NAMESPACE = "mlplatform"

Path = tuple[str | int, ...]
T = TypeVar("T")
LogicalName = Annotated[str, StringConstraints(pattern=LOGICAL_NAME)]


def _environment(name: str) -> str:
    if name not in (known := environments.names()):
        listed = [f"'{each}'" for each in known]
        raise ValueError(f"{', '.join(listed[:-1])} or {listed[-1]}")
    return name


def _with_environments(schema: dict[str, Any]) -> None:
    schema["enum"] = list(environments.names())


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("a day such as 2027-01-31") from None
    return text


class Allow(Fields):
    """What a step may destroy of what stands, though it holds data or people's work, guards such, or is protected.

    Each is a resource by its logical name, as `mlplatform step` says it. No other step goes through by it.
    """

    replace: list[LogicalName] = Field(default=[], examples=[["aws-pilot-domain"]])
    """The resources that may be deleted and made anew."""
    delete: list[LogicalName] = Field(default=[], examples=[["aws-pilot-user-ana"]])
    """The resources that may be deleted."""
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=500)] = Field(
        examples=["the homes were copied on Monday, and the team knows"]
    )
    """Why what goes is not needed any more, for whoever reviews the edit."""
    until: Annotated[str, StringConstraints(pattern=DAY), AfterValidator(_day)] = Field(examples=["2027-01-31"])
    """The last day on which the step may be done, at most the limit `waiver-days` away."""

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.replace and not self.delete:
            raise ValueError("a resource under replace or delete, such as delete: [aws-pilot-user-ana]")
        return self


class Exemption(Fields):
    """Why one endpoint may stand though nobody asks anything of it, and until when."""

    owner: Email = Field(examples=["payments-risk@example.com"])
    """Who decided it, and is asked when it ends."""
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=500)] = Field(
        examples=["the auditors call it in the last week of the quarter"]
    )
    """Why it stands while nobody calls, for whoever pays."""
    until: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$"), AfterValidator(_day)] = Field(
        examples=["2027-01-31"]
    )
    """The last day on which it holds, at most the limit `waiver-days` away."""


class Idle(Fields):
    """What `mlplatform idle` leaves alone."""

    exempt: dict[Slug, Exemption] = Field(
        examples=[
            {
                "fraud-scorer": {
                    "owner": "payments-risk@example.com",
                    "reason": "the auditors call it once a quarter",
                    "until": "2027-01-31",
                }
            }
        ]
    )
    """The endpoints of this file, by name, that may stand idle for a while."""


class StackConfig(Fields):
    """One pilot. `platform`, `account` and `region` say where, the rest says what; CONTRIBUTING.md has the glossary."""

    platform: Platform = Field(examples=list(PLATFORMS))
    """The ML platform: `aws` (Amazon SageMaker), `gcp` (Vertex AI) or `azure` (Azure Machine Learning)."""
    account: Annotated[str, StringConstraints(pattern=ACCOUNT)] = Field(
        examples=["111122223333", "payments-risk-pilot", "11112222-3333-4444-5555-666677778888"]
    )
    """The account that everything is made in: an AWS account id in quotes, a Google Cloud project id, an Azure
    subscription id."""
    region: Annotated[str, StringConstraints(max_length=32)] = Field(
        examples=[platform.region for platform in PLATFORMS.values()]
    )
    """The region that everything stands in, as the platform names it."""
    environment: Annotated[str, AfterValidator(_environment)] = Field(
        examples=["pilot"], json_schema_extra=_with_environments
    )
    """What the stack is for: it chooses the limits. It is a tag of everything."""
    team: Slug = Field(examples=["payments-risk"])
    """The team that the stack belongs to. It is a tag of everything, and the bill is shown by it."""
    cost_center: Slug = Field(examples=["cc-4711"])
    """Where the bill is booked. It is a tag of everything."""
    owner: Email = Field(examples=["payments-risk@example.com"])
    """The e-mail address that alarms and alerts of the budget go to; a group's, so that somebody reads it."""
    phase: Literal["ground", "serve"] = Field(default="serve", examples=["ground"])
    """`ground` brings up everything but what serves, so that images and artifacts can be put where models, endpoints
    and jobs look for them; `serve`, which is meant where nothing is said, all of it. A verdict is on both."""
    allow: Allow | None = Field(
        default=None,
        examples=[{"replace": ["aws-pilot-domain"], "reason": "the homes were copied", "until": "2027-01-31"}],
    )
    """What a step from what stands may destroy; nothing where it is left out. `mlplatform step` judges by it."""
    idle: Idle | None = Field(
        default=None,
        examples=[
            {
                "exempt": {
                    "fraud-scorer": {
                        "owner": "payments-risk@example.com",
                        "reason": "the auditors call it once a quarter",
                        "until": "2027-01-31",
                    }
                }
            }
        ],
    )
    """What may stand idle for a while. `mlplatform idle` reads it, and nothing that is deployed changes by it."""


WORDS_MAKE: Mapping[str, Mapping[str, str]] = {"owner": {"Alerts": "{stack}-alerts"}}
"""The words that ask for a component, as `makes` of a section says it."""


@dataclass(frozen=True)
class Problem:
    """One mistake: the path of its key below `mlplatform:`, and the sentence that follows it."""

    path: Path
    sentence: str
    meant: Path | None = None
    """The path of the known key that a misspelt one stands for."""


def _nothing_to_check(config: StackConfig) -> Iterator[Problem]:
    yield from ()


def _nothing_of_its_own(platform: str) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Section(Generic[T]):
    """One top-level part of a stack file. It is found because its file is there; nothing lists sections.

    `module` is the `__name__` of its file, which has the section's name. `value` is the type of what a stack file says
    under that name, `default` what is meant where it says nothing; without one the section must be there. `called` is
    what a person calls it. `makes` has the nouns of the components that it asks for and their names, where `{item}` is
    each name in the section. `after` are the sections that it stands on. With `in_ground`, the ground of every platform
    makes it; without, the file `<platform>/<section>.py` does, and a platform that has no such file refuses it.
    `serves` are the platforms on which what it makes needs an image or an artifact, and so waits for the phase `serve`.

    A refusal is a sentence by platform, which says why and names the nearest thing that the platform does have:
    `refused` of the whole section, `refused_keys` of keys in it, `kinds` of the kinds that its items may have, `also`
    of what else they may have, by what a person calls it.
    `check` finds what one field alone cannot tell. `own_schema` is what an editor is told beside on one platform.
    """

    module: str
    value: Any
    called: str
    default: Any = ...
    makes: Mapping[str, str] = field(default_factory=dict[str, str])
    after: tuple[str, ...] = ()
    in_ground: bool = False
    serves: Collection[str] = ()
    check: Callable[[StackConfig], Iterator[Problem]] = _nothing_to_check
    own_schema: Callable[[str], dict[str, Any]] = _nothing_of_its_own
    refused: Mapping[str, str] = field(default_factory=dict[str, str])
    refused_keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    kinds: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    also: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    @property
    def name(self) -> str:
        """The key of a stack file: the name of the section's file."""
        return self.module.rpartition(".")[2]

    def of(self, config: StackConfig) -> T:
        """What a stack file says in this section."""
        return cast(T, getattr(config, self.name))

    def refused_kind(self, kind: str, platform: str) -> str | None:
        """Why a platform takes no items of this kind; None where it does, and for what is no kind."""
        return self.kinds.get(kind, {}).get(platform)

    def refused_key(self, key: object, platform: str) -> str | None:
        """Why a platform takes nothing under this key of the section; None where it does."""
        said = self.refused_keys.get(key, {}).get(platform) if isinstance(key, str) else None
        return f"{platform} takes none: {said}" if said else None

    def lacking(self, platform: str) -> str:
        """The refusal of the whole section."""
        not_built = f"it is not built for {PLATFORMS[platform].product} yet; leave it out"
        return f"{platform} takes none: {self.refused.get(platform, not_built)}"
