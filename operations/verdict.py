"""The verdict on one stack: what would be created, what was found, what it costs, and the pilot's five proofs."""

from datetime import date
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, computed_field, model_validator

from policies.rule import ProofName, Severity

PROOFS: tuple[ProofName, ...] = get_args(ProofName)
ProofState = Literal["failed", "not yet", "planned", "rehearsed", "proved"]
"""How far a proof has come. `planned`: the plan says so. `rehearsed`: it was done in the sandbox, on the engine.
`proved`: it was done in an account, with a transcript.
"""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CodeLine(_Part):
    """The Python line that made a resource. `file` is relative to the repository."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Waived(_Part):
    """The waiver that excuses a finding. `granted` is the day on which its owner signed it, `expires` its last day."""

    owner: str
    reason: str
    granted: date
    expires: date


class Excepted(_Part):
    """The exception of the design that a finding falls under. `decision` is the file of the decision record.

    `decided` is the day of the decision, None where the record is not there or has none.
    """

    reason: str
    decision: str
    decided: date | None = None


class Finding(_Part):
    """One thing that is wrong. A mandatory finding that is neither waived nor an exception fails the verdict.

    `resource` is the logical name of the resource. `component` is the type of the component that made it, and `child`
    its name in that component. `stack_key` is the key of the stack file that asked for it. `proof` is the one of the
    five proofs that the finding breaks. `waiver` is the line that would waive it, and `never_waived` the reason why no
    line would; a finding that is waived, an exception, or about a waiver has neither. `lowered` says by which line of
    the limits a rule only advises here that binds elsewhere.
    """

    source: Literal["policy", "checkov", "hardware", "cost", "render", "waiver", "step", "idle"]
    rule: str
    severity: Severity
    mandatory: bool
    proof: ProofName | None = None
    urn: str | None = None
    resource: str | None
    type: str | None = None
    component: str | None = None
    child: str | None = None
    stack_key: str | None = None
    message: str
    remedy: str
    place: CodeLine | None
    waived: Waived | None = None
    excepted: Excepted | None = None
    waiver: str | None = None
    never_waived: str | None = None
    lowered: str | None = None

    @property
    def excused(self) -> bool:
        """Whether somebody has decided that it may stand: the design by an exception, or a stack by a waiver."""
        return self.waived is not None or self.excepted is not None

    @property
    def fails(self) -> bool:
        """Whether this finding alone makes the command exit 1."""
        return self.mandatory and not self.excused


class CostLine(_Part):
    """The cost of one resource in dollars a month, to the millionth: with no traffic, and with all at its maximum.

    `estimated` names the services whose price in the region is unknown, each with the region whose price it took.
    """

    urn: str = ""
    resource: str
    component: str
    team: str
    what: str
    idle_usd: float
    ceiling_usd: float
    basis: str
    estimated: list[str] = []
    place: CodeLine | None


class UnpricedResource(_Part):
    """A resource that bills but has no price, with the end of a sentence that says why.

    `instead` is a sentence with what to choose instead. It is given where only the figure of a known machine is
    missing in this region. `dearest_usd` is then its ceiling in dollars a month at the price of the dearest region
    known, and None where no region's price is known. No sum of the bill has it. `stack_key` is the key of the stack
    file that asked for the resource.
    """

    urn: str
    resource: str
    team: str = ""
    stack_key: str | None = None
    why: str
    instead: str = ""
    dearest_usd: float | None = None

    def __str__(self) -> str:
        return f"{self.resource} {self.why}"


class Cost(_Part):
    """The bill a month: the sums of lines and of teams are made before anything is rounded to cents.

    `unpriced` has the resources that bill but have no price, and `assumptions` what was assumed. `per_unit` has the
    prices of what follows traffic, of which the ceiling has only as much as is assumed. Where anything is
    unpriced, floor and ceiling are the least that the stack can cost, and nobody knows the most.
    """

    lines: list[CostLine]
    idle_usd: float
    ceiling_usd: float
    by_team: dict[str, tuple[float, float]]
    budget_usd: float | None
    assumptions: list[str]
    unpriced: list[UnpricedResource]
    second_hand: list[str]
    per_unit: list[str] = []

    @model_validator(mode="before")
    @classmethod
    def _without_what_is_counted(cls, data: dict[str, Any]) -> dict[str, Any]:
        return {key: data[key] for key in data if key != "unknown_lines"}

    @computed_field
    @property
    def unknown_lines(self) -> int:
        """How many lines of the bill are unknown."""
        return len(self.unpriced)


class Proof(_Part):
    """One of the five proofs of a pilot, and the fact on which its state rests."""

    name: str
    state: ProofState
    fact: str


class Draw(_Part):
    """How much is taken of a quota at once, and how much of it is declared."""

    quota_name: str
    needed: int
    declared: int | None


class RunPart(_Part):
    """One job of a run, or the machines of an endpoint: how many at most at once, and how many hours of a run
    they bill.

    `after` are the parts that end before it begins, without those that end before these; one that is `beside` stands
    beside all others, from the begin of a run to its end. `hours` are without what it waits for Spot machines, and None
    where it does not end, or nothing says when. `attempts` is how often a run may start it, one after the other, None
    where nothing says it; `hours` are those of all. `usd` is what its machines cost in a run at the most; None where a
    price is unknown, or where no run ends.
    """

    name: str
    does: str
    machine: str
    count: str
    spot: bool = False
    hours: float | None = None
    attempts: int | None = 1
    beside: bool = False
    after: list[str] = []
    usd: float | None = None


class WhatRuns(_Part):
    """Something that runs: an endpoint, or a batch job, training job, search or pipeline with its parts in order.

    `when` and `started_by` are words; `a_month` is how often it runs in an average month, None where it stands all the
    time or nothing says it. `run_hours` is how long one run lasts at the longest, None where nothing bounds that, as
    where it waits for Spot machines until there are some. `run_usd` is what the machines of its parts cost at the most,
    added up before it is rounded. `rings` are the alarms that watch it. `unread` says why the rest is not known.
    """

    urn: str
    name: str
    what: str
    parts: list[RunPart] = []
    when: list[str] = []
    started_by: list[str] = []
    a_month: float | None = None
    run_hours: float | None = None
    run_usd: float | None = None
    rings: list[str] = []
    unread: str = ""


class HardwareUse(_Part):
    """One use of one hardware family or machine type, with region and quota.

    `needed` counts both fleets of a blue/green update. `beside` are the other quotas that it draws on. `sold_in` are
    the regions in which a source shows the machine, `retires` is the day from which the platform has it no more.
    """

    urn: str
    stack_key: str | None = None
    name: str
    family: str
    machine_type: str
    use: str
    replicas: str
    sold_in_region: bool
    sold_in: list[str] = []
    retires: date | None = None
    may_serve: bool
    quota_name: str
    needed: int
    declared: int | None
    beside: list[Draw] = []

    @property
    def draws(self) -> list[Draw]:
        """Every quota that it draws on."""
        return [Draw(quota_name=self.quota_name, needed=self.needed, declared=self.declared), *self.beside]


LookAt = Literal[
    "quota",
    "service",
    "region",
    "right",
    "role",
    "join",
    "let in",
    "bucket",
    "workspace",
    "image",
    "artifact",
    "registered",
    "approved",
    "batch input",
    "e-mail",
    "tag",
    "endpoint",
    "sign-in",
    "batch job",
    "call",
    "idle timeout",
    "traffic",
    "replicas",
    "outbound rules",
    "log group",
    "private way",
]


class Look(_Part):
    """One thing that `mlplatform doctor` looks at in the account to see whether a step is done.

    `at` says where it is, where the stack's account and region do not: a resource group, a subnet, a topic, the zones
    of a private way with a space between; of a version of the registry it is the digest. `target` is the model that a
    call names, of several. `amount` is how much of a quota the step asks for, after how many minutes an idle machine
    stops, or how many replicas there may be. `rights` are those for which a role is given.
    """

    what: LookAt
    name: str
    at: str = ""
    target: str = ""
    amount: int | None = None
    rights: list[str] = []


class ManualStep(_Part):
    """One step that is left to a person: what, who does it, the commands in order, and those that show it is done.

    `who` is a persona, or whoever has that part of the account in hand. A command changes the world; a check only
    looks. A step without a command is done by hand. `looks` are the checks for a program, `mlplatform doctor`.
    """

    what: str
    who: str
    commands: list[str] = []
    checks: list[str] = []
    looks: list[Look] = []


class Phase(_Part):
    """One of the phases in which the stack comes up: what stands in it, and what that costs a month in dollars."""

    name: Literal["ground", "serve"]
    resources: int
    idle_usd: float
    ceiling_usd: float


class CreatedNode(_Part):
    """One node of the tree of what would be created: a component with its parts, or a counted resource type."""

    name: str
    type: str
    count: int
    children: list["CreatedNode"] = []


class Bound(_Part):
    """What bounds who or what gets through, as far as the resource graph says.

    `what` is the kind of the bound, such as `security group`. `says` is what it lets through. `by` names the resources
    that bound; it is empty where none of the stack does. Where it `holds` not, it says what is open instead.
    """

    what: str
    says: str
    by: list[str] = []
    holds: bool = True


class NetworkPlace(_Part):
    """A network in which something of the stack runs, or through which something is reached.

    `side` says whose it is: made by the stack, given by a landing zone, or the platform's own. `name` is unique.
    """

    name: str
    side: Literal["stack", "given", "platform"]
    ranges: list[str] = []
    subnets: list[tuple[str, str]] = []
    bounds: list[Bound]


class RunningPart(_Part):
    """One variant, deployment, job or person inside something that runs, and the machines of it in words."""

    name: str
    machines: str = ""


class Running(_Part):
    """Something that runs, such as an endpoint, with everything inside it. It stands in the picture once.

    `place` is the name of the network that its traffic goes through. `bounds` are its own, beside those of the place.
    """

    urn: str
    name: str
    what: str
    place: str
    parts: list[RunningPart]
    bounds: list[Bound]


class NetworkLink(_Part):
    """A private way out of a network to a service. `leads_to` names what runs behind it, such as endpoints.

    `given` says that a landing zone has it already, so that the stack neither makes nor pays for it.
    """

    service: str
    endpoint: str
    kind: Literal["Interface", "Gateway", "Private Service Connect", "Private"]
    needed_by: list[str]
    bounds: list[Bound]
    leads_to: list[str] = []
    given: bool = False


class Callers(_Part):
    """Who may call which endpoints by their identity or place, the way they come by, and what bounds them.

    `ways` names the private ways; it is empty where no way of the stack leads there.
    """

    who: list[str]
    calls: list[str]
    ways: list[str]
    bounds: list[Bound]


class NetworkPicture(_Part):
    """The data of the network picture: the networks, what runs in each, the private ways, and who may call."""

    places: list[NetworkPlace]
    running: list[Running]
    links: list[NetworkLink]
    callers: list[Callers]


class Caveat(_Part):
    """What the platform itself does or leaves open, which no stack can change. `source` is a public address.

    With `apart` it says of which values what stands may not be what was judged, and how both are brought together.
    """

    says: str
    source: str
    apart: bool = False


Standing = Literal["fails", "advisory", "waived", "excepted"]
"""Whether a finding fails the verdict, only advises, is waived by its stack or excepted by the design."""


class ChangedFinding(_Part):
    """A finding that came, went or stands otherwise. `before` or `after` is None where it was or is not there."""

    rule: str
    resource: str | None
    message: str
    before: Standing | None
    after: Standing | None


class ChangedProperty(_Part):
    """A property of a resource that changed, by its path, with both values in short. None is no value."""

    path: str
    before: str | None
    after: str | None


class ChangedResource(_Part):
    """A resource that came, went or is sent with other properties."""

    urn: str
    resource: str
    type: str
    how: Literal["gone", "changed", "new"]
    properties: list[ChangedProperty]


class Changes(_Part):
    """What changed since an earlier verdict. `passed_before` is None where the stack did not exist then."""

    since: str
    passed_before: bool | None
    idle_usd_before: float
    ceiling_usd_before: float
    resources: list[ChangedResource]
    findings: list[ChangedFinding]


class StepChange(_Part):
    """How one resource of the cloud changes in a step.

    `properties` are the inputs that differ, `forced_by` the paths that make it a replacement. What goes has the rest:
    what it `holds`, which is `unknown` where the catalogue has no kind of its type; whether it is `protected`, so that
    the engine refuses; whether a delete leaves it in the cloud (`retained`); and why its name stays taken.
    `name_needed` says that this very step creates something under that name, which the cloud refuses. `unguarded` says
    that the resource stays and its protection goes. `costs` are idle floor and ceiling in dollars a month, before and
    after; None where the price is unknown.
    """

    urn: str
    resource: str
    type: str
    component: str | None
    stack_key: str | None
    how: Literal["create", "update", "replace", "delete"]
    properties: list[ChangedProperty]
    forced_by: list[str] = []
    holds: Literal["data", "work", "guard", "unknown"] | None = None
    protected: bool = False
    unguarded: bool = False
    retained: bool = False
    name_held: str | None = None
    name_needed: bool = False
    costs: tuple[tuple[float, float] | None, tuple[float, float] | None]

    @property
    def loud(self) -> bool:
        """Whether it is told before the others: it takes away what does not come back by taking the edit back."""
        return self.holds is not None or self.protected or self.unguarded or self.name_held is not None


class Step(_Part):
    """The change from what stands to what the stack file says.

    `since` says where what stands was read, and `by` who foresaw the step: the engine in a preview, or our program run
    over what stands. `stands` is how many resources of the cloud stand. `idle_usd` and `ceiling_usd` are what the step
    adds a month; None where a price is unknown. `pending` are the operations that a cut run left unfinished in the
    state, in words: what they did may stand, and no change tells it. `not_applied` says in sentences which values the
    program ignores the change of, so that the step leaves them as they stand. `moves` says from which account or region
    to which the stack file moves, where it does: everything that stands is then in another place.
    """

    since: str
    by: Literal["engine", "program"]
    stands: int
    pending: list[str] = []
    not_applied: list[str] = []
    moves: str | None = None
    changes: list[StepChange]
    idle_usd: float | None
    ceiling_usd: float | None


class Verdict(_Part):
    """Everything that the report shows of one stack.

    `judged_on` is the day on which waivers were judged. It is an input, as the stack file is. `seconds` is the
    processor time of this stack's program, judgement and scan. Only this differs from run to run, and nothing is judged
    by it. `counts` is how many findings fail, are advisory, waived and excepted. `policies_only` names the resources of
    our own provider, which only our policies can judge. `caveats` are the platform's own, of what the stack uses, and
    those that tell where what stands may not be what was judged.
    `runs` is what runs, and when. `changes` is None where the verdict was not compared with an earlier one, `step`
    where nobody said what stands.
    """

    stack: str
    platform: str
    account: str
    region: str
    judged_on: date
    seconds: float
    passed: bool
    resources: int
    phases: list[Phase] = []
    created: list[CreatedNode]
    findings: list[Finding]
    counts: dict[str, int] = {}
    checks_passed: dict[str, int]
    policies_only: list[str] = []
    cost: Cost
    hardware: list[HardwareUse]
    runs: list[WhatRuns] = []
    network: NetworkPicture | None
    caveats: list[Caveat] = []
    proofs: list[Proof]
    manual_steps: list[ManualStep]
    changes: Changes | None = None
    step: Step | None = None

    @property
    def failing(self) -> list[Finding]:
        """The findings that make the verdict fail."""
        return [finding for finding in self.findings if finding.fails]
