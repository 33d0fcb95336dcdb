"""The pages of runbooks/ say what the code says today: commands, alarms, names, outputs, prices, owners, words."""

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from typer.core import TyperGroup

from catalogue.differences import differences
from catalogue.graph import Graph, Resource
from catalogue.guards import guards
from catalogue.organisation import PLACES
from catalogue.platforms import PLATFORMS
from operations.__main__ import application
from operations.drill.drills import DRILLS, fallback
from operations.evaluation import evaluate
from operations.judge import cost_of
from operations.teardown import KEPT, plan
from operations.teardown import WORDS as WORDS_KEPT
from operations.verdict import Cost
from policies import limits, pack, waivers
from stacks.config import NAMESPACE, STACKS, read_stack_file
from stacks.sections import stack_model
from stacks.sections.batch_jobs import BatchJob
from stacks.sections.endpoints import AsyncEndpoint, OnlineEndpoint
from tests.previewing import preview
from tests.stack_files import pilot_file

ROOT = STACKS.parent
FOLDER = ROOT / "runbooks"
PAGES = ("runbook", "cost", "rollback", "teardown")
LONGEST = 60

PULUMI = {
    "preview": {"-s", "--policy-pack"},
    "up": {"-s", "--policy-pack", "--refresh"},
    "cancel": {"-s"},
    "stack output": {"-s"},
    "stack export": {"-s", "--file"},
    "stack history": {"-s", "--page-size"},
}
"""Sub-commands of the Pulumi CLI and their options, as its own help has them."""

ALARMS = {
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "gcp:monitoring/alertPolicy:AlertPolicy",
    "azure-native:monitor:MetricAlert",
    "azure-native:monitor:ScheduledQueryRule",
}
BUDGETS = {"aws:budgets/budget:Budget", "gcp:billing/budget:Budget", "azure-native:consumption:Budget"}

STATES = {"not yet", "failed", "planned", "rehearsed", "proved"}
WORDS = {
    "--skip-preview",
    "Could not find endpoint configuration",
    "tag:GetResources",
    "cloudasset.assets.searchAllResources",
}
"""Spans that are neither a name nor a command of ours: a Pulumi option, what AWS says, a right of the clouds."""

FENCE = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
SPAN = re.compile(r"`([^`\n]+)`")
DOLLARS = re.compile(r"\$(\d[\d,]*(?:\.\d\d)?)")
PATH = re.compile(
    r"\b(?:stacks|policies|organisation|components|operations|provider|sandbox|runbooks|tests|docs)/[\w./-]*[\w/]"
)
MAIL = re.compile(r"[\w.-]+@[\w-]+\.\w+")
LINK = re.compile(r"\]\(([^)]+)\)")
URI = re.compile(r"(?:s3|gs|azureml)://[^\s`'\"]+")
MEASURED = re.compile(r"(\d+(?:(?:, \d+)* (?:or|and) \d+)?) (%|ms|minutes|hours|replicas|days|times)")
FOUND_IN_CLOUD = re.compile(
    r"\b(?:(?:aws|gcp|azure)-pilot|fraud-scorer|fraud-backfill|document-embedder|v|azurepilot)-?[\w-]*"
)


@dataclass(frozen=True)
class Facts:
    """What the code says of one pilot."""

    platform: str
    graph: Graph
    bill: Cost
    config: dict[str, Any]

    @property
    def stack(self) -> str:
        return self.graph.stack

    def of(self, types: set[str]) -> dict[str, Resource]:
        return {r.name: r for r in self.graph.cloud if r.type in types}

    def text(self) -> str:
        """Everything in the graph and the stack file, in which a physical name must occur."""
        return json.dumps([self.graph.to_json(), self.config])


@pytest.fixture(scope="module")
def facts(aws_pilot: Graph, gcp_pilot: Graph, azure_pilot: Graph) -> dict[str, Facts]:
    graphs = dict(zip(PLATFORMS, (aws_pilot, gcp_pilot, azure_pilot), strict=True))
    return {name: Facts(name, graph, cost_of(graph), stack_file(name)["config"]) for name, graph in graphs.items()}


def stack_file(platform: str) -> dict[str, Any]:
    return pilot_file(platform)


def page(platform: str, name: str) -> str:
    return (FOLDER / platform / f"{name}.md").read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    return text.split(f"## {heading}\n")[1].split("\n## ", maxsplit=1)[0]


def table(text: str) -> list[list[str]]:
    """The cells of the first table below its head."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def spans(text: str) -> list[str]:
    return SPAN.findall(FENCE.sub("", text))


def every_page() -> Iterator[tuple[str, Path]]:
    for path in sorted(FOLDER.rglob("*.md")):
        yield path.relative_to(FOLDER).as_posix(), path


EACH = pytest.mark.parametrize("platform", PLATFORMS)
EACH_PAGE = pytest.mark.parametrize(("platform", "name"), [(p, n) for p in PLATFORMS for n in PAGES])


# What is wrong with a text: one function a kind of fact, each returning sentences. The tests below want none.


def wrong_commands(text: str, stacks: set[str], outputs: set[str]) -> list[str]:
    """Commands of mlplatform, Pulumi, make and pytest that do not exist, or that name no stack, output or test."""
    lines = [line for block in FENCE.findall(text) for line in block.splitlines()]
    lines += [span for span in spans(text) if span.removeprefix("pulumi ") not in PULUMI]  # those are only mentioned
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    wrong: list[str] = []
    for line in lines:
        for inner in re.findall(r"\$\((pulumi [^)]*)\)", line):
            wrong += _wrong_pulumi(shlex.split(inner)[1:], stacks, outputs)
        try:
            words = shlex.split(line, comments=True)
        except ValueError:  # an object of JSON that goes on in the next line: a cloud's command
            continue
        if words[:2] == ["uv", "run"]:
            words = words[2:]
        match words[:1]:
            case ["mlplatform"]:
                wrong += _wrong_mlplatform(words[1:], stacks, outputs)
            case ["pulumi"]:
                wrong += _wrong_pulumi(words[1:], stacks, outputs)
            case ["make"]:
                wrong += [f"{line}: no such target" for word in words[1:] if word not in targets]
            case ["pytest"]:
                wrong += _wrong_pytest(words[1:])
            case _:
                continue
    return wrong


@cache
def _command() -> Any:
    """The command with its subcommands, of which nothing here changes a word."""
    return typer.main.get_command(application())


def _wrong_mlplatform(words: list[str], stacks: set[str], outputs: set[str]) -> list[str]:
    said, command, name = " ".join(words), _command(), ""
    while isinstance(command, TyperGroup) and words:
        words = words[1:] if words[0] == "--" else words  # mlplatform sandbox -- pulumi …
        name, words = words[0], words[1:]
        if name not in command.commands:
            return [f"mlplatform {said}: no such command"]
        command = command.commands[name]
    if name == "pulumi":
        return _wrong_pulumi(words, stacks, outputs)
    flags = {option: getattr(parameter, "is_flag", False) for parameter in command.params for option in parameter.opts}
    known = {*flags}
    wrong = [f"mlplatform {said}: no option {word}" for word in words if word.startswith("-") and word not in known]
    valued = [before for before in words if before in known and not flags[before]]
    named = [word for word, before in zip(words, ["", *words], strict=False) if word[0] != "-" and before not in valued]
    if name == "drill" and named:
        wrong += [f"mlplatform {said}: no drill {named[0]}"] if named[0] not in DRILLS else []
        named = named[1:]
    return wrong + [
        f"mlplatform {said}: no stack {word}"
        for word in named
        if word not in stacks and not re.fullmatch(rf"out/(Pulumi\.)?({'|'.join(stacks)})\.(yaml|json)", word)
    ]


def _wrong_pulumi(words: list[str], stacks: set[str], outputs: set[str]) -> list[str]:
    said = "pulumi " + " ".join(words)
    name = next((n for n in PULUMI if words[: len(n.split())] == n.split()), None)
    if name is None:
        return [f"{said}: no such command"]
    rest = words[len(name.split()) :]
    wrong = [f"{said}: no option {word}" for word in rest if word.startswith("-") and word not in PULUMI[name]]
    if "-s" not in rest or rest[rest.index("-s") + 1] not in stacks:
        wrong.append(f"{said}: names no stack of this page")
    if "--policy-pack" in rest and not (ROOT / rest[rest.index("--policy-pack") + 1] / "PulumiPolicy.yaml").is_file():
        wrong.append(f"{said}: no policy pack there")
    if name == "stack output" and rest[0] not in outputs:
        wrong.append(f"{said}: no output {rest[0]}")
    return wrong


def _wrong_pytest(words: list[str]) -> list[str]:
    file, word = ROOT / words[0], words[words.index("-k") + 1] if "-k" in words else "test"
    if not file.is_file():
        return [f"pytest {words[0]}: no such file"]
    tests = re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.M)
    return [] if any(word in test for test in tests) else [f"pytest {words[0]}: no test has {word} in its name"]


def wrong_alarms(text: str, of: Facts) -> list[str]:
    """Alarms that the graph has not or the page has not, and sentences that the alarm's mail does not say."""
    alarms, budgets = of.of(ALARMS), of.of(BUDGETS)
    rows = {row[0].strip("`"): row[1] for row in table(section(text, "Alarms"))}
    wrong = [f"{name}: no alarm of {of.stack}" for name in sorted(rows.keys() - alarms.keys() - budgets.keys())]
    wrong += [f"{name}: not on the page" for name in sorted((alarms.keys() | budgets.keys()) - rows.keys())]
    wrong += [
        f"{n}: says {says(a)!r}, the page {rows[n]!r}" for n, a in alarms.items() if n in rows and rows[n] != says(a)
    ]
    return wrong


def says(alarm: Resource) -> str:
    inputs = alarm.inputs
    if "conditions" in inputs:
        return str(inputs["conditions"][0]["displayName"])
    return str(inputs.get("alarmDescription") or inputs["description"])


def wrong_names(text: str, of: Facts) -> list[str]:
    """Names that are nothing of the pilot, of the limits or of the stack file: between backticks, and in fences."""
    config = json.dumps(of.config)
    fields = {f for m in (stack_model(), OnlineEndpoint, AsyncEndpoint, BatchJob) for f in m.model_fields}
    known = {r.name for r in of.graph.cloud} | set(limits.load().limits) | set(of.graph.outputs) | fields | {"team"}
    known |= {f"{NAMESPACE}:{field}" for field in stack_model().model_fields} | STATES | WORDS | {of.stack}
    known |= {rule.name for rule in pack.RULES[of.platform]} | set(re.findall(r'"([\w./:-]+)"', config))
    known |= {family for name in PLATFORMS for family in _families(name)} | {"image", "artifact_uri", "monthly_usd"}
    commands = ("uv run ", "pulumi ", "make ", "git ", "aws ", "gcloud ", "az ")
    everything = of.text()
    wrong: list[str] = []
    for span in spans(text):
        key, _, value = span.partition(": ")
        if span.startswith(commands) or span in known or (key in fields and value in {"true", "false", "9", *known}):
            continue
        if PATH.fullmatch(span) or URI.fullmatch(span) or span == "README.md" or re.fullmatch(r"out/[\w.-]+", span):
            continue  # judged by wrong_paths and below
        wrong.append(f"{span}: nothing of {of.stack}")
    said = [token.rstrip("-") for token in FOUND_IN_CLOUD.findall(LINK.sub("", text))]
    names = {t for t in said if "-" in t and not re.fullmatch(r"v-?", t)} - {of.stack, f"{of.stack}s"}
    wrong += [f"{name}: nowhere in {of.stack}" for name in sorted(names) if not re.search(rf"{name}\b", everything)]
    wrong += [f"{uri}: nowhere in {of.stack}" for uri in URI.findall(text) if uri.rstrip(".,") not in everything]
    return wrong


def _families(platform: str) -> set[str]:
    from catalogue.hardware import catalogue

    return set(catalogue.load(platform).families)


def wrong_dollars(text: str, of: Facts) -> list[str]:
    """Figures that are neither in the bill, nor a sum of it by what is billed, nor a limit, nor a bill with one off."""
    known = {round(limit.number, 2) for limit in limits.load().limits.values() if limit.counts}
    known |= {figure for row in figures(of).values() for figure in row}
    known |= {figure for row in turned_off(of).values() for figure in row}
    known |= {figure for row in kept(of).values() for figure in row}
    if of.bill.budget_usd is not None:
        known.add(of.bill.budget_usd)
    written = {f"{figure:,.2f}" for figure in known} | {f"{figure:,.0f}" for figure in known}
    return [f"${figure}: in no bill of {of.stack}" for figure in DOLLARS.findall(text) if figure not in written]


def kept(of: Facts) -> dict[str, tuple[float, float]]:
    """Idle floor and ceiling of what stays of a pilot that is left, by the words that keep it."""
    rows = {
        ", ".join(words): cost_of(plan(of.graph, frozenset(words)).kept) for words in (KEPT, ("audit",), WORDS_KEPT)
    }
    return {words: (bill.idle_usd, bill.ceiling_usd) for words, bill in rows.items()}


def figures(of: Facts) -> dict[str, tuple[float, float]]:
    """Idle floor and ceiling by what is billed, and of all."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for line in of.bill.lines:
        sums[line.what][0] += line.idle_usd
        sums[line.what][1] += line.ceiling_usd
    rows = {what: (round(idle, 2), round(ceiling, 2)) for what, (idle, ceiling) in sums.items()}
    return rows | {"all, with what is smaller": (of.bill.idle_usd, of.bill.ceiling_usd)}


_OFF: dict[str, dict[str, tuple[Graph, Cost]]] = {}


def without(of: Facts) -> dict[str, tuple[Graph, Cost]]:
    """The pilot with each endpoint and each batch job switched off, one at a time: what the program then makes."""
    if of.platform not in _OFF:
        _OFF[of.platform] = {}
        for kind in ("endpoints", "batch_jobs"):
            for name in of.config[f"{NAMESPACE}:{kind}"]:
                graph = _variant(of.platform, kind, name, {"enabled": False})
                _OFF[of.platform][name] = (graph, cost_of(graph))
    return _OFF[of.platform]


def turned_off(of: Facts) -> dict[str, tuple[float, float]]:
    return {name: (bill.idle_usd, bill.ceiling_usd) for name, (_, bill) in without(of).items()}


@pytest.fixture(scope="module", autouse=True)
def variants(tmp_path_factory: pytest.TempPathFactory) -> None:
    _FOLDER.append(tmp_path_factory.mktemp("variants"))


_FOLDER: list[Path] = []


def _variant(platform: str, kind: str, name: str, change: dict[str, Any]) -> Graph:
    document = stack_file(platform)
    document["config"][f"{NAMESPACE}:{kind}"][name] |= change
    path = _FOLDER[-1] / f"Pulumi.{platform}-pilot.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return preview(path)


def wrong_owners(text: str) -> list[str]:
    known = {limit.owner for limit in limits.load().every()}
    known |= {waiver.owner for several in waivers.load().values() for waiver in several}
    known |= {str(stack_file(platform)["config"][f"{NAMESPACE}:owner"]) for platform in PLATFORMS}
    return [f"{owner}: owns nothing" for owner in MAIL.findall(text) if owner not in known]


def wrong_measures(text: str, of: Facts) -> list[str]:
    """Numbers with a unit that neither stack file, nor limits, nor the components have."""
    config = of.config
    served = list(config[f"{NAMESPACE}:endpoints"].values())
    jobs = list(config[f"{NAMESPACE}:batch_jobs"].values())
    online = [endpoint for endpoint in served if endpoint["kind"] == "online"]
    known = {
        "%": {100, *_constant(of.platform, "ACTUAL_PERCENT")}
        | {endpoint["rollback"]["error_rate_percent"] for endpoint in served}
        | {endpoint["canary"]["percent"] for endpoint in online},
        "ms": {endpoint["rollback"]["p95_latency_ms"] for endpoint in online},
        "minutes": {endpoint["canary"]["bake_minutes"] for endpoint in online}
        | {config[f"{NAMESPACE}:workspace"]["idle_timeout_minutes"]},
        "hours": {job["max_hours"] for job in jobs},
        "replicas": {endpoint["max_replicas"] for endpoint in served},
        "days": {int(seconds) // 86_400 for seconds in re.findall(r'"olderThan": "(\d+)s"', of.text())}
        | {int(days) for sentence in plan(of.graph, frozenset()).later for days in re.findall(r"(\d+) days", sentence)},
        "times": _constant(of.platform, "ATTEMPTS"),
    }
    return [
        f"{numbers} {unit}: nowhere in {of.stack}"
        for numbers, unit in MEASURED.findall(text)
        if not {int(number) for number in re.findall(r"\d+", numbers)} <= known[unit]
    ]


def _constant(platform: str, name: str) -> set[int]:
    """The numbers that a component calls by this name; read, for importing a cloud's SDK takes seconds."""
    files = sorted((ROOT / "components" / platform).glob("*.py"))
    (value,) = (
        said for file in files for said in re.findall(rf"^{name} = (.+)$", file.read_text(encoding="utf-8"), re.M)
    )
    return {int(number) for number in re.findall(r"\d+", value)}


def wrong_paths(text: str, path: Path) -> list[str]:
    wrong = [f"{link}: leads nowhere" for link in LINK.findall(text) if not (path.parent / link).exists()]
    paths = [p for p in PATH.findall(URI.sub("", text)) if p.removeprefix("organisation/") not in PLACES]
    return wrong + [f"{p}: no such path" for p in paths if not (ROOT / p).exists()]


# The tests.


@EACH_PAGE
def test_a_page_is_a_page(platform: str, name: str) -> None:
    assert len(page(platform, name).splitlines()) <= LONGEST


@pytest.mark.parametrize("name", PAGES)
def test_the_platforms_read_alike(name: str) -> None:
    texts = [FENCE.sub("", page(p, name)).replace(f"# {p}:", "# platform:") for p in PLATFORMS]
    headings = [re.findall(r"^#+ .*$", text, re.M) for text in texts]
    assert len(headings[0]) > 5
    assert headings[1:] == headings[:1] * 2


@EACH_PAGE
def test_every_command_exists(facts: dict[str, Facts], platform: str, name: str) -> None:
    of = facts[platform]
    assert wrong_commands(page(platform, name), {of.stack}, set(of.graph.outputs)) == []


@EACH
def test_every_alarm_is_on_the_page_with_what_its_mail_says(facts: dict[str, Facts], platform: str) -> None:
    assert wrong_alarms(page(platform, "runbook"), facts[platform]) == []


@EACH_PAGE
def test_every_name_is_something_of_the_pilot(facts: dict[str, Facts], platform: str, name: str) -> None:
    assert wrong_names(page(platform, name), facts[platform]) == []


@EACH_PAGE
def test_every_figure_is_in_a_bill(facts: dict[str, Facts], platform: str, name: str) -> None:
    assert wrong_dollars(page(platform, name), facts[platform]) == []


@EACH_PAGE
def test_every_number_with_a_unit_is_in_the_code(facts: dict[str, Facts], platform: str, name: str) -> None:
    assert wrong_measures(page(platform, name), facts[platform]) == []


@EACH
def test_the_prices_stand_in_their_own_rows(facts: dict[str, Facts], platform: str) -> None:
    text, of = page(platform, "cost"), facts[platform]
    for heading, known in (("What it costs", figures(of)), ("What turning off saves", turned_off(of))):
        rows = {row[0].strip("`"): (row[1], row[2]) for row in table(section(text, heading))}
        assert len(rows) > 1
        assert rows == {name: tuple(f"${figure:,.2f}" for figure in known[name]) for name in rows}
    assert {row[0].strip("`") for row in table(section(text, "What turning off saves"))} == set(turned_off(of))
    left_out = {w for w in figures(of) if f"| {w} |" not in text}
    assert all(figures(of)[what][1] < 6 for what in left_out), "only what is small may be left out"


@EACH
def test_what_stays_of_a_pilot_that_is_left_costs_what_the_page_says(facts: dict[str, Facts], platform: str) -> None:
    text, of = page(platform, "teardown"), facts[platform]
    rows = {row[0]: (row[1], row[2]) for row in table(section(text, "What stays, and what it costs a month"))}
    assert rows == {words: (f"${idle:,.2f}", f"${most:,.2f}") for words, (idle, most) in kept(of).items()}
    said = section(text, "What nobody can remove yet").replace("`", "")
    gone = plan(of.graph, frozenset())
    assert all(sentence in said for sentence in (*gone.later, gone.again))


@EACH
def test_every_bound_of_money_is_who_owns_it(facts: dict[str, Facts], platform: str) -> None:
    owners = {"budget": str(facts[platform].config[f"{NAMESPACE}:owner"])}
    owners |= {name: limits.load().limits[name].owner for name in ("monthly-usd", "ceiling-usd")}
    amounts = {"budget": facts[platform].bill.budget_usd or 0}
    amounts |= {name: limits.load().limits[name].number for name in ("monthly-usd", "ceiling-usd")}
    rows = table(section(page(platform, "cost"), "What may be spent"))
    assert len(rows) == len(owners)
    for (what, dollars, owner), name in zip(rows, owners, strict=True):
        assert name in what and dollars == f"${amounts[name]:,.0f}" and owner == owners[name]


@EACH
def test_owners_own_what_the_page_says(platform: str) -> None:
    rows = {row[0]: set(SPAN.findall(row[1])) for row in table(section(page(platform, "runbook"), "Who owns what"))}
    owned: dict[str, set[str]] = defaultdict(set)
    for name, limit in limits.load().limits.items():
        owned[limit.owner].add(name)
    assert rows.pop(str(stack_file(platform)["config"][f"{NAMESPACE}:owner"])) == set()
    assert rows.keys() == owned.keys()
    assert all(named and named <= owned[owner] for owner, named in rows.items())


@pytest.mark.parametrize(("name", "path"), list(every_page()), ids=[name for name, _ in every_page()])
def test_every_path_and_owner_exists(name: str, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert wrong_paths(text, path) == [] and wrong_owners(text) == [], name


@EACH
def test_switched_off_exactly_what_the_page_says_goes(facts: dict[str, Facts], platform: str) -> None:
    of, text = facts[platform], section(page(platform, "runbook"), "Turn an endpoint off and on again")
    off, _ = without(of)["fraud-scorer"]
    goes, stays = (set(SPAN.findall(text.split(f"{word}: ")[1].split(". ")[0])) for word in ("Goes", "Stays"))
    gone = [of.graph.by_urn[urn] for urn in of.graph.by_urn.keys() - off.by_urn.keys()]
    assert {resource.name for resource in gone} == goes
    assert not off.by_urn.keys() - of.graph.by_urn.keys(), "nothing new"
    assert not any(resource.protect for resource in gone), "nothing that holds state"
    left = {resource.name for resource in off.cloud}
    assert len(stays) > 2 and stays <= left
    kept = {r.name for r in of.graph.cloud if re.search(r"[Mm]odel|[Rr]epository|[Rr]egistry|[Bb]ucket:", r.type)}
    assert kept & stays and kept <= left
    changed = [r.name for r in of.graph.cloud if r.urn in off.by_urn and off.by_urn[r.urn].inputs != r.inputs]
    assert changed == [], "what stays is not touched"


@EACH
def test_what_stands_apart_is_brought_together_by_a_line(facts: dict[str, Facts], platform: str) -> None:
    """Each command by which a verdict says that what stands and what was judged are brought together is on the page."""
    text = section(page(platform, "rollback"), "What stands and what was judged")
    commands = [command for one in differences(facts[platform].graph) for command in SPAN.findall(one.together)]
    assert len(commands) > 1
    assert [command for command in commands if " ".join(command.split()[:3]) not in text] == []


def test_no_command_brings_an_endpoint_on_aws_below_its_replicas(facts: dict[str, Facts]) -> None:
    """An online endpoint with fewer replicas than its least has no canary, and no second machine."""
    least = {
        target.inputs["resourceId"].split("/")[1]: target.inputs["minCapacity"]
        for target in facts["aws"].graph.of("aws:appautoscaling/target:Target")
    }
    said = re.findall(r"--endpoint-name (\S+) \S+ VariantName=\w+,DesiredInstanceCount=(\d+)", page("aws", "rollback"))
    assert said and {name: int(count) for name, count in said} == {name: least[name] for name, _ in said}


@EACH
def test_what_may_never_degrade_is_protected(facts: dict[str, Facts], platform: str) -> None:
    text = section(page(platform, "runbook"), "What degrades first and what never may")
    named = set(SPAN.findall(text.partition("Never:")[2]))
    protected = {r.name for r in facts[platform].graph.cloud if r.protect}
    guarding = {one.name for each in guards(facts[platform].graph).values() for one in each}
    assert named <= protected and protected - named <= guarding, "what only guards another needs no name of its own"


@EACH
def test_the_rehearsal_of_a_quota_fails_as_the_page_says(facts: dict[str, Facts], platform: str) -> None:
    text = section(page(platform, "runbook"), "The three top risks")
    (replicas,) = re.findall(r"`max_replicas: (\d+)`", text)
    graph = _variant(platform, "endpoints", "fraud-scorer", {"max_replicas": int(replicas)})
    rules = [rule for rule in pack.RULES[platform] if rule.name == "quota-declared"]
    fails = {finding.rule for finding in evaluate(graph, rules).findings if finding.fails}
    assert fails == {"quota-declared"}  # on azure of the series, and of all dedicated machines together
    assert "`quota-declared`" in text and not [f for f in evaluate(facts[platform].graph, rules).findings if f.fails]


@EACH
def test_each_of_the_three_risks_names_its_drills(facts: dict[str, Facts], platform: str) -> None:
    text, of = section(page(platform, "runbook"), "The three top risks"), facts[platform]
    risks = re.findall(r"^\d\. (.*)$", text, re.M)
    named = [re.findall(r"`uv run mlplatform drill ([\w-]+) ([\w-]+)`", risk) for risk in risks]
    assert [[drill for drill, _ in one] for one in named] == [
        ["bad-version"],
        ["gpu-quota", "no-capacity"],
        ["interrupted-up"],
    ]
    assert {stack for one in named for _, stack in one} == {of.stack}
    config = read_stack_file(STACKS / f"Pulumi.{of.stack}.yaml")
    assert f"`family: {fallback(config, 'fraud-scorer')}`" in risks[1], "the family that the drill falls back to"


def test_the_glossary_has_each_word_of_contributing_in_its_meaning() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    words = {row[0]: row[1] for row in table(contributing.split("\n## ")[0])}
    glossary = {row[0]: row[1] for row in table((FOLDER / "glossary.md").read_text(encoding="utf-8"))}
    assert len(words) > 8
    for word, means in words.items():
        assert glossary[word].startswith(means), word


def test_every_page_uses_the_words_of_the_glossary_and_no_other() -> None:
    rows = table((FOLDER / "glossary.md").read_text(encoding="utf-8"))
    said = "\n".join(FENCE.sub("", page(p, n)) for p in PLATFORMS for n in PAGES)
    prose = SPAN.sub("", said).lower()
    avoided = [word.strip() for row in rows for word in row[2].split(",")]
    assert len(avoided) > len(rows)
    assert [word for word in avoided if re.search(rf"\b{word.lower()}s?\b", prose)] == []
    own = {"drill", "no-go signal", "replica", "canary", "bake", "breach", "alarm"}
    assert own == {row[0] for row in rows} - {row[0] for row in table(_contributing_table())}
    assert [word for word in own if word not in said.lower()] == []


def _contributing_table() -> str:
    return (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("\n## ")[0]


@pytest.mark.parametrize(
    ("old", "new", "caught"),
    [
        ("`gcp-pilot-fraud-scorer-errors` |", "`gcp-pilot-fraud-scorer-failures` |", "no alarm of gcp-pilot"),
        ("is above 250 ms", "is above 300 ms", "says 'the p95 latency of gcp-pilot-fraud-scorer is above 250 ms'"),
        ("`gcp-pilot-fraud-scorer-attach`", "`gcp-pilot-fraud-scorer-attached`", "nothing of gcp-pilot"),
        ("displayName=gcp-pilot-fraud-scorer", "displayName=gcp-pilot-scorer", "nowhere in gcp-pilot"),
        ("mlplatform preview gcp-pilot", "mlplatform review gcp-pilot", "no such command"),
        ("mlplatform preview gcp-pilot", "mlplatform preview gcp-pilots", "no stack gcp-pilots"),
        ("pulumi up -s", "pulumi upgrade -s", "no such command"),
        ("pulumi stack history", "pulumi stack output endpoint", "no output endpoint"),
        ("at 4 replicas", "at 5 replicas", "5 replicas: nowhere"),
        ("finops@example.com", "finance@example.com", "owns nothing"),
        ("drill bad-version", "drill worse-version", "no drill worse-version"),
        ("`stacks/Pulumi.gcp-pilot.yaml`", "`stacks/Pulumi.gcp.yaml`", "no such path"),
        ("ceiling passes `ceiling-usd`", "ceiling passes $5,001", "in no bill"),
        ("models/mlplatform-example/1/", "models/mlplatform-example/9/", "nowhere in"),
    ],
)
def test_what_is_wrong_is_caught(facts: dict[str, Facts], old: str, new: str, caught: str) -> None:
    """The page passes; with one word changed the function that judges it names the word."""
    of, text = facts["gcp"], page("gcp", "runbook")

    def wrong(said: str) -> list[str]:
        found = wrong_commands(said, {of.stack}, set(of.graph.outputs)) + wrong_alarms(said, of)
        found += wrong_names(said, of) + wrong_dollars(said, of) + wrong_measures(said, of) + wrong_owners(said)
        return found + wrong_paths(said, FOLDER / "gcp" / "runbook.md")

    assert wrong(text) == [] and old in text
    assert any(caught in sentence for sentence in wrong(text.replace(old, new)))
