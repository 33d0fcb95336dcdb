"""What a kind of resource is: one record for each resource type, with all that the project knows of it.

A record must be complete: each question has an answer, and an answer "none" says why. Each answer has its evidence.
That is the page, source or assumption on which it rests, and the day on which it was read.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from catalogue.answers import Answering
from catalogue.behaviour import Behaviour, values_at
from catalogue.graph import Graph, Resource
from catalogue.machines import Machines
from catalogue.rendering import ArmType, Terraform
from catalogue.served import EndpointKind
from catalogue.work import Work

if TYPE_CHECKING:
    from catalogue.pricing import Bill, Pricing

Status = Literal["documented", "from source", "assumed", "seen", "contradicted"]


@dataclass(frozen=True)
class Evidence:
    """What a fact rests on: `documented` on a page, read `from source`, or `assumed` for a reason.

    An acceptance run in an account has `seen` it, or has `contradicted` it. `where` is a public address that a reader
    can open, the reason of an assumption, or the transcript of the run. `read` is the day, as ISO 8601.
    """

    status: Status
    where: str
    read: str


def documented(address: str, read: str) -> Evidence:
    """A fact that the cloud's own page states."""
    return Evidence("documented", address, read)


def from_source(address: str, read: str) -> Evidence:
    """A fact read from a provider's source, an SDK or an API model."""
    return Evidence("from source", address, read)


def assumed(reason: str, read: str) -> Evidence:
    """A fact for which no source was found. It is the safe choice, with the reason."""
    return Evidence("assumed", reason, read)


@dataclass(frozen=True)
class No:
    """The answer "none", and why."""

    why: str
    evidence: Evidence


@dataclass(frozen=True)
class NotYet:
    """A question that nobody has answered yet. It never means "none", and a judgement must not read it so."""

    why: str = "no source of it has been read"


@dataclass(frozen=True)
class At:
    """The path of the property that has the answer, in dotted wire names."""

    path: str
    evidence: Evidence


NOT_YET = NotYet()


def _always(graph: Graph, resource: Resource) -> bool:
    return True


@dataclass(frozen=True)
class KeyAt:
    """One path at which a resource names its encryption key. A list on the path is gone through whole.

    `needed` tells whether this resource needs a key there. `users` are the cloud's own agents that use the key, such as
    Google Cloud's service agents. They must be granted the key first. Where an identity of one's own uses it, that is
    named at the path `by`. What the grant is on is named at the path `in_`, or is the key itself.
    """

    path: str
    needed: Callable[[Graph, Resource], bool] = _always
    users: tuple[str, ...] = ()
    by: str = ""
    in_: str = ""


@dataclass(frozen=True)
class Keys:
    """Every path at which the kind names a key."""

    at: tuple[KeyAt, ...]
    evidence: Evidence


@dataclass(frozen=True)
class Holds:
    """A kind that holds `data` that cannot be made again, or people's `work`, or is the `guard` of such.

    It is protected.
    """

    what: Literal["data", "work", "guard"]
    evidence: Evidence


@dataclass(frozen=True)
class CostsOnly:
    """A kind that only costs money and can be made again. It is never protected, so that it can be deleted."""

    evidence: Evidence


@dataclass(frozen=True)
class Personal:
    """A kind of which `of` tells whether a resource is a person's own: a machine or a home, with work on it.

    A person's own is protected as state is; any other only costs money, and is not. A step that deletes or replaces a
    person's own says that the work on it goes. `mlplatform teardown` says how a person leaves.
    """

    of: Callable[[Resource], bool]
    evidence: Evidence


@dataclass(frozen=True)
class Reaches:
    """The services that a resource of this kind must reach in private.

    `services` gives them for one resource, in the platform's own words: endpoint suffixes on AWS, domains on Google
    Cloud, private-link groups on Azure.
    """

    services: Callable[[Graph, Resource], Iterable[str]]
    evidence: Evidence


def always(*services: str) -> Callable[[Graph, Resource], Iterable[str]]:
    """The same services for every resource of a kind."""
    return lambda graph, resource: services


def _no_data(graph: Graph, resource: Resource) -> Iterator[str]:
    return iter(())


@dataclass(frozen=True)
class Runs:
    """The machines that a resource of this kind runs: every variant, container, nested state and pool of it.

    `machines` raises Malformed for a part that it does not know, and never skips it. `data` has the addresses of the
    data that they score in batch or train on: a file, or a folder that ends in `/`. What each run decides is not among
    them. `work` has what runs from begin to end, and when: jobs and the steps of pipelines. It is None where the
    machines stand as long as the resource does, or as another's work says; it gives None for one that starts nothing.
    `hours` says in words when machines that stand do, where the stack says hours; nothing where it says none. `serves`
    is the kind of endpoint that they serve; None where they serve none.
    """

    machines: Callable[[Graph, Resource], Iterator[Machines]]
    evidence: Evidence
    data: Callable[[Graph, Resource], Iterator[str]] = _no_data
    work: Callable[[Graph, Resource], Work | None] | None = None
    hours: Callable[[Graph, Resource], Iterator[str]] | None = None
    serves: Callable[[Graph, Resource], EndpointKind] | None = None


@dataclass(frozen=True)
class Watches:
    """The inputs of an alarm that say what it watches, as dotted paths. They name it, or are made of it."""

    at: tuple[str, ...]
    evidence: Evidence


@dataclass(frozen=True)
class Bills:
    """What a resource of this kind costs a month. `price` raises Unpriced where the catalogue has no figure.

    `under` are the services under which a cloud's bill shows it: `ServiceName` of a FOCUS export. There are several
    where what it runs, keeps or logs is billed apart. AWS's names are those of its rows in FOCUS's sample data
    (https://github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS-Sample-Data); SageMaker and EventBridge stand in none and
    are the product names of AWS's price list (https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/index.json).
    Azure's are of Microsoft's own list
    (https://github.com/microsoft/finops-toolkit/blob/dev/src/open-data/Services.csv). Google's are the
    `service.description` of its exports
    (https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/detailed-usage) and those by which
    Infracost finds its prices (https://github.com/infracost/infracost).
    """

    price: "Callable[[Pricing, Resource], Bill]"
    evidence: Evidence
    under: tuple[str, ...]


@dataclass(frozen=True)
class Keeps:
    """How long a resource of this kind keeps what is written to it. `days` gives None for ever.

    Without `record` no incident needs what it keeps, so that it may go as soon as one likes.
    """

    days: Callable[[Graph, Resource], Iterator[float | None]]
    evidence: Evidence
    record: bool = True


@dataclass(frozen=True)
class Serves:
    """The container images and model artifacts that a resource of this kind runs, in all its containers."""

    images: Callable[[Graph, Resource], Iterator[str]]
    artifacts: Callable[[Graph, Resource], Iterator[str]]
    evidence: Evidence


@dataclass(frozen=True)
class Fetches:
    """As whom a create fetches the images and artifacts that one serves, or that what it names serves.

    `users` are the cloud's own agents, as in KeyAt. Identities of one's own stand at the path `by`, of one itself or of
    what it names. Each must have been granted what it fetches, and that grant must be in force.
    """

    evidence: Evidence
    users: tuple[str, ...] = ()
    by: str = ""


@dataclass(frozen=True)
class Met:
    """One behaviour that an acceptance run met, one of `catalogue.transcripts.BEHAVIOURS`."""

    behaviour: str
    evidence: Evidence


@dataclass(frozen=True)
class Acts:
    """How the cloud acts on a create, on a change and on a delete.

    `evidence` is that of the whole. `met` are the parts of it that acceptance runs met; no record types them.
    """

    answer: Answering
    behaviour: Behaviour
    evidence: Evidence
    met: tuple[Met, ...] = ()


@dataclass(frozen=True)
class Rights:
    """What whoever creates one must be allowed: AWS's actions, Google's permissions or Azure's operations.

    They are those that the source names. What they are asked of beside, such as to use a key, may ask for more.
    `changes` and `deletes` are those that it takes to change one and to delete one; empty where no source says it.
    """

    names: tuple[str, ...]
    evidence: Evidence
    changes: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Apis:
    """The APIs that must be on in the account or project before one can be made, by the cloud's own names.

    Where it `refuses` none, one is made without them too, and lacks a part.
    """

    names: tuple[str, ...]
    evidence: Evidence
    refuses: bool = True


@dataclass(frozen=True)
class Ripens:
    """How long a grant takes to be in force: in minutes as a rule, and at its longest as far as the page says.

    The input `member` says whom it is for, and the input `on` what it is on. Where it names an identity by one of that
    one's outputs, `of` is the output.
    """

    usual: float
    longest: float
    evidence: Evidence
    member: str
    on: str
    of: str = ""


@dataclass(frozen=True)
class Settles:
    """For how many minutes after a create other services may not know one.

    A create of one of `askers` that names it at the path `at`, by its output `of` or else by its id, is refused
    meanwhile, unless the input `unless` is given. The cloud `says` so, with the name in braces.
    """

    minutes: float
    says: str
    evidence: Evidence
    askers: tuple[str, ...]
    at: str
    of: str = ""
    unless: str = ""


@dataclass(frozen=True)
class Purges:
    """The command `by` which a person deletes for good what was deleted softly. Its name is free then.

    Nobody can where the input at the path `unless` is true: the cloud `says` so.
    """

    by: str
    evidence: Evidence
    unless: str = ""
    says: str = ""

    def refused(self, inputs: Mapping[str, object]) -> str:
        """What the cloud says to whoever purges one that had these inputs. Empty where it does."""
        return self.says if self.unless and next(values_at(inputs, self.unless), None) is True else ""


@dataclass(frozen=True)
class Stays:
    """How long the name stays taken after a delete: `days`, or None for ever.

    `says` is what the cloud says of a create under the name meanwhile. The input at the path `at` gives the days where
    it is given. In the days before `back`, a create takes the deleted one back and is not refused. `purges` is how a
    person ends it before; None where nobody can.
    """

    days: float | None
    says: str
    evidence: Evidence
    at: str = ""
    back: float = 0
    purges: Purges | None = None

    def taken(self, inputs: Mapping[str, object]) -> tuple[float, float | None]:
        """From which day on after a delete the name of one with these inputs is taken, and until which."""
        own = next(values_at(inputs, self.at), None) if self.at else None
        return self.back, float(own) if isinstance(own, int | float) else self.days


@dataclass(frozen=True)
class Blocked:
    """The types of which one that names this must be gone before this can be deleted."""

    by: tuple[str, ...]
    evidence: Evidence


@dataclass(frozen=True)
class Guarded:
    """The types that guard one and must stand as long as it does: its access block, its policy, its key."""

    by: tuple[str, ...]
    evidence: Evidence


@dataclass(frozen=True)
class Apart:
    """One input of which the value that is judged and the value that stands may differ.

    `path` is in dotted wire names. `why` says who changes it, or why an update leaves it alone. `together` brings both
    together: commands in backticks, in which `{path}` is the value that the program gives there. It is empty where no
    judgement rests on the value. The program ignores changes of it, or, with `by_cloud`, the cloud changes it.
    """

    path: str
    why: str
    together: str = ""
    by_cloud: bool = False


@dataclass(frozen=True)
class StandsApart:
    """Every input of the kind of which what is judged and what stands may differ."""

    inputs: tuple[Apart, ...]
    evidence: Evidence


@dataclass(frozen=True)
class Takes:
    """What the inputs of a kind may say. Paths are dotted wire names.

    A list on the way is entered without a word, and `*` enters every value of a map.

    Whatever lies below a path is as the path says, unless a longer one says otherwise. `free` are the inputs of which
    any value will do for whoever reviews the stack. `judged` are those that rules judge by their meaning. `may` has
    the values that an input may take where it is given. One of `must` is given wherever what it lies in is given, and
    has one of these values. One of `like` is a text that matches this pattern whole, one of `within` a number from the
    first to the second. One of `own` names a resource of the stack, of one of these types, or of what its landing zone
    or its file names; the references of the record are among them. An input that is in none of them is one that nobody
    has thought of.

    One of `needed` is given, with whatever value, wherever what it lies in is given; those that the cloud requires at
    the top are among them. One of `once` is a list of no more than one element, for a second would stand beside the one
    that was reviewed. `refused` are inputs that somebody has judged and that nothing may set, each with the reason.
    """

    free: frozenset[str] = frozenset()
    judged: frozenset[str] = frozenset()
    may: Mapping[str, tuple[Any, ...]] = field(default_factory=dict[str, tuple[Any, ...]])
    must: Mapping[str, tuple[Any, ...]] = field(default_factory=dict[str, tuple[Any, ...]])
    like: Mapping[str, re.Pattern[str]] = field(default_factory=dict[str, re.Pattern[str]])
    within: Mapping[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    needed: frozenset[str] = frozenset()
    once: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict[str, str])
    evidence: Evidence = Evidence(
        "assumed",
        "what an input may be is our own judgement; the file names a page where it rests on one",
        "2026-11-27",
    )

    @cached_property
    def known(self) -> frozenset[str]:
        """Every path that any of them says, but what is only `needed` or `once`."""
        said = (self.may, self.must, self.like, self.within, self.own)
        return self.free | self.judged | {path for each in said for path in each}

    @cached_property
    def entered(self) -> frozenset[str]:
        """The paths above those, the whole among them: an empty one."""
        parts = [path.split(".") for path in self.known | {""}]
        return frozenset(".".join(one[:end]) for one in parts for end in range(len(one)))

    def covers(self, path: str) -> bool:
        """Whether a path, or one above it, is known."""
        parts = path.split(".")
        return any(".".join(parts[:end]) in self.known for end in range(1, len(parts) + 1))


@dataclass(frozen=True)
class Renders:
    """The name of the kind in the language that Checkov reads."""

    as_: Terraform | ArmType
    evidence: Evidence


@dataclass(frozen=True)
class Draws:
    """The quotas that it draws on beside those of its machines, by name, and how much of each by what it says."""

    names: tuple[str, ...]
    of: Callable[[Resource], Mapping[str, int]]
    evidence: Evidence


_NO_OTHER = No(
    "it draws on no quota that a new account is known to lack, but that of its machines",
    Evidence("assumed", "no answer of a cloud was found that refuses a new account one of it", "2026-11-27"),
)
_WATCHES_NOTHING = No(
    "it is no alarm",
    Evidence("assumed", "no page of another kind was found that says it watches something and rings", "2026-11-28"),
)
_APPLIED = No(
    "an update applies every input, and the cloud changes none of them",
    Evidence("assumed", "no component ignores changes of it, and no page was found that says otherwise", "2026-11-26"),
)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One resource type and everything the project knows of it. `token` is Pulumi's name of the type.

    `tags` is the property with the tags or labels. `keys` has the paths of encryption keys. `holds` says whether it
    holds state. `reaches` has the services that it must reach in private. `runs` has its machines. `bills` says what it
    costs, or why it is free. `stands` is the property with its region. `keeps` says how long it keeps what is written
    to it. `serves` has its images and artifacts. `acts` says how the cloud treats it; the sandbox follows it. `renders`
    is its name for Checkov.

    The rest may be NotYet. `rights` has what its creator must be allowed. `apis` has the APIs that must be on. `ripens`
    says how long a grant takes to be in force, `settles` how long an identity takes to be known. `fetches` says as whom
    images and artifacts are fetched. `stays` says how long its name stays taken. `blocked` has what blocks its
    deletion. `guarded` has what guards it. Where a source has the answer, `catalogue/completed.py` puts it in.
    `apart` has the inputs of which what is judged and what stands may differ. `draws` has the quotas that it draws on
    beside those of its machines. `watches` is where an alarm says what it watches. `takes` says what the inputs may
    say, and is read from `catalogue/inputs/`; a company's own record says it itself, or is asked nothing.
    """

    token: str
    tags: At | No
    keys: Keys | No
    holds: Holds | CostsOnly | Personal | No
    reaches: Reaches | No
    runs: Runs | No
    bills: Bills | No
    stands: At | No
    keeps: Keeps | No
    serves: Serves | No
    acts: Acts | No
    renders: Renders | No
    rights: Rights | NotYet = NOT_YET
    apis: Apis | NotYet = NOT_YET
    ripens: Ripens | No | NotYet = NOT_YET
    settles: Settles | No | NotYet = NOT_YET
    fetches: Fetches | NotYet = NOT_YET
    stays: Stays | No | NotYet = NOT_YET
    blocked: Blocked | NotYet = NOT_YET
    guarded: Guarded | NotYet = NOT_YET
    apart: StandsApart | No = _APPLIED
    draws: Draws | No = _NO_OTHER
    watches: Watches | No = _WATCHES_NOTHING
    takes: Takes | NotYet = NOT_YET


def setting(token: str, of: str, evidence: Evidence, *, acts: Acts | No, renders: Renders | No, **answers: Any) -> Kind:
    """The record of a kind that only configures something else. `of` names that, such as "a topic".

    Such a kind stores nothing, runs nothing, is free, and can be made again from the program. `answers` are the answers
    that differ from this.
    """
    none: dict[str, Any] = {
        "tags": No(f"a setting of {of} takes none", evidence),
        "keys": No("nothing rests in it", evidence),
        "holds": No("it can be made again from the program", evidence),
        "reaches": No("nothing runs because of it", evidence),
        "runs": No("it runs no machine", evidence),
        "bills": No(f"a setting of {of} is free", evidence),
        "stands": No(f"it stands where {of} does", evidence),
        "keeps": No("nothing is written to it", evidence),
        "serves": No("it runs no container", evidence),
    }
    return Kind(token=token, acts=acts, renders=renders, **{**none, **answers})
