"""Judges what the engine wrote of any program: a preview, a state, or a resource graph. It runs no program.

A preview is what `pulumi preview --json` prints, a state what `pulumi stack export` writes, a graph what `mlplatform
graph` prints. Judged is what the program asks for, in a preview, and what stands, in a state. Nothing in the file is
believed to be whole because it says so: what is cut, broken, or shows a secret is refused.
"""

import errno
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from stat import S_ISREG
from typing import Any, cast

from catalogue.errors import BadInput
from catalogue.graph import Graph, Resource
from catalogue.marked import DEFAULTS, Json, texts_in, without_defaults
from catalogue.marks import SECRET, UNKNOWN, is_secret
from catalogue.placement import Placement
from catalogue.platforms import Platform, cloud_of
from catalogue.wording import counted, one_line
from operations import words
from operations.changes import differences
from operations.checkov import ScanResult
from operations.evaluation import evaluate
from operations.findings import finding
from operations.judge import checkov_findings, decided, unrendered, waiver_findings
from operations.pack_config import PackConfig
from operations.rendering import render
from operations.rendering.rendered import Rendered
from operations.standing.reading import standing_of
from operations.verdict import ChangedProperty, ChangedResource, Finding
from policies import everywhere, in_plain, levels, waivers
from policies.pack import RULES
from policies.waivers import PROJECT
from stacks.config import STACKS, handed_bytes, stack_name, to_engine

Scan = Callable[[Rendered], ScanResult]
WRITERS = "`pulumi preview --json`, `pulumi stack export` or `mlplatform graph`"
MOST_BYTES = 256 * 1024 * 1024
"""The largest file that is read; the state of 5,000 resources has some 30 MB."""
_URN = re.compile(r"urn:pulumi:(?P<stack>[^:]+)::(?P<project>[^:]+)::[^:]\S*::.+", re.DOTALL)
_ROOT = "::pulumi:pulumi:Stack::"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
"""What Pulumi takes as the name of a stack or a project (sdk/go/common/tokens, names.go)."""

OUR_WORDS: Mapping[str, str] = {
    "cost-tags": "the six tags of this project's stacks",
    "cost-batch-tags": "the six tags of this project's stacks, on what a batch job starts",
    "org-tags": "the tags of a landing zone",
    "identity-boundary": "a permissions boundary as this project's stacks have it",
    "identity-guardrails": "the guardrails of this project's boundary",
}
"""The rules that want words of this project's own. Of another program each is said once, at the end."""


@dataclass(frozen=True)
class Checked:
    """What was found in a file. `passed` is how many checks passed, by their source."""

    graph: Graph
    platforms: tuple[Platform, ...]
    findings: list[Finding]
    passed: Mapping[str, int]

    @property
    def stack(self) -> str:
        """The stack as a file of waivers names it."""
        return self.graph.stack if self.graph.ours else f"{self.graph.project}/{self.graph.stack}"


# ---- the file -------------------------------------------------------------------------------------------------------


def document(file: Path) -> Json:
    """The document in a file. Raises BadInput, one sentence, where it is no file, cut, or shows a secret in clear."""
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(opened, "rb") as stream:
            if not S_ISREG(os.fstat(opened).st_mode):
                raise BadInput(f"{shown(file)}: is no file; name what {WRITERS} wrote")
            raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise BadInput(f"{shown(file)}: is a link; name the file itself") from None
        if error.errno == errno.EISDIR:
            raise BadInput(f"{shown(file)}: is a folder; name what {WRITERS} wrote") from None
        raise BadInput(f"{shown(file)}: cannot be read ({error.strerror}); name what {WRITERS} wrote") from None
    except ValueError:  # a NUL in the name
        raise BadInput(f"{shown(file)}: is no name of a file; name what {WRITERS} wrote") from None
    if len(raw) > MOST_BYTES:
        raise BadInput(f"{shown(file)}: is larger than {MOST_BYTES // 1024**2} MB; name what {WRITERS} wrote")
    try:
        said: object = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadInput(f"{shown(file)}: is not UTF-8 text; name what {WRITERS} wrote") from None
    except json.JSONDecodeError as error:
        again = "judge a stack file by `mlplatform preview`" if file.suffix in (".yaml", ".yml") else "write it again"
        raise BadInput(f"{shown(file)}: is no whole JSON, from line {error.lineno} on; {again}") from None
    except (RecursionError, ValueError):  # nested without end, or a number of thousands of digits
        raise BadInput(f"{shown(file)}: is JSON of a form that nothing writes; name what {WRITERS} wrote") from None
    if _HALF.search(raw) and _is_broken(said):
        raise BadInput(
            f"{shown(file)}: has a text with half a character, which nothing writes; name what {WRITERS} wrote"
        )
    if not isinstance(said, dict):
        raise BadInput(f"{shown(file)}: is none of what {WRITERS} writes")
    if where := _in_clear(cast(Json, said)):
        raise BadInput(
            f"{shown(file)}: shows a secret in clear at {words.one_line(where):.200}; delete it, and write it again "
            "without --show-secrets"
        )
    return cast(Json, said)


_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""How JSON writes half of a character, which is one only beside the other half. No encoder takes it alone."""


def _is_broken(said: object) -> bool:
    try:
        json.dumps(said, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def shown(file: Path) -> str:
    """The name of a file, in a sentence."""
    return words.one_line(str(file))[:300]


def _in_clear(said: object) -> str | None:
    """Where a secret stands in clear, as `--show-secrets` writes it (apitype.SecretV1): keys alone, never a value."""
    left: list[tuple[str, object]] = [("", said)]
    while left:
        path, value = left.pop()
        if isinstance(value, list):
            left += ((f"{path}[{at}]", one) for at, one in enumerate(cast(list[object], value)))
        elif isinstance(value, dict):
            held = cast(Json, value)
            if is_secret(held) and ("plaintext" in held or held.get("value", SECRET["value"]) != SECRET["value"]):
                return path.lstrip(".")
            left += ((f"{path}.{key}", one) for key, one in held.items())
    return None


def graph_of(file: Path) -> Graph:
    """The graph in a file of any program. Raises BadInput as `document` does, and for a part of a program."""
    said = document(file)
    _whole(said, file)
    try:
        urn = next(_urns(said), "")
        named = _URN.fullmatch(urn)
        graph = None if named is None else _read(said, file, named["stack"])
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, StopIteration, RecursionError):
        raise BadInput(f"{shown(file)}: cannot be read as what {WRITERS} writes") from None
    if graph is None or not graph.resources:
        raise BadInput(f"{shown(file)}: has no resource, so there is nothing to judge; name what {WRITERS} wrote")
    named = _URN.fullmatch(graph.resources[0].urn)
    if named is None or not (_NAME.fullmatch(named["stack"]) and _NAME.fullmatch(named["project"])):
        raise BadInput(f"{shown(file)}: names a stack or project as Pulumi names none; name what {WRITERS} wrote")
    begins = f"urn:pulumi:{named['stack']}::{named['project']}::"
    if any(not resource.urn.startswith(begins) for resource in graph.resources):
        raise BadInput(f"{shown(file)}: has resources of more than one stack; name a file of one")
    _names_what_it_shows(graph, {*_urns(said)}, file)
    ours = named["project"] == PROJECT
    return replace(graph, ours=ours, placement=_placement(graph) if ours else None)


def _urns(said: Json) -> Iterator[str]:
    """The URNs of the resources of a file, in the order of the file."""
    of_state = cast(Json, said.get("deployment") or {}).get("resources")
    states = cast(Sequence[Json], of_state or said.get("steps") or said.get("resources") or ())
    yield from (str(one["urn"]) for one in states)


def _read(said: Json, file: Path, stack: str) -> Graph:
    standing = standing_of(said, f"the file {file}", stack, "")
    graph = standing.planned if standing.planned is not None else standing.graph
    for resource in graph.resources:  # a file may say anything: a rule must not be the first to see it
        texts = (resource.urn, resource.type, resource.name, resource.parent or "", resource.provider or "")
        named = [*resource.dependencies, *resource.ignored_changes]
        named += [urn for urns in resource.property_dependencies.values() for urn in urns]
        if not all(isinstance(cast(object, text), str) for text in (*texts, *named)):
            raise TypeError(resource.urn)
        if not all(isinstance(cast(object, said), dict) for said in (resource.inputs, resource.outputs)):
            raise TypeError(resource.urn)
    return graph


def _whole(said: Json, file: Path) -> None:
    """Refuse a preview that says itself that it is a part: a verdict on it would pass what it does not show.

    That it counts nothing that stays is not believed: `_names_what_it_shows` reads what its steps name.
    """
    steps = said.get("steps")
    if not isinstance(steps, list):
        return
    told = cast(list[Any], said.get("diagnostics") or [])
    if any(isinstance(one, dict) and cast(Json, one).get("severity") == "error" for one in told):
        raise BadInput(
            f"{shown(file)}: is a preview that broke, so it shows a part; mend the program, and write it again"
        )
    summary = said.get("changeSummary")
    stays = cast(Json, summary).get("same") if isinstance(summary, dict) else None
    shows = sum(isinstance(one, dict) and cast(Json, one).get("op") == "same" for one in cast(list[Any], steps))
    if isinstance(stays, int) and stays > shows:
        raise BadInput(
            f"{shown(file)}: leaves out {counted(stays - shows, 'resource')} that stay; write it with "
            "`pulumi preview --json --show-sames`"
        )


def _names_what_it_shows(graph: Graph, there: set[str], file: Path) -> None:
    """Refuse a file in which a resource names one that the file does not show: it is a part, whatever it counts.

    The engine keeps no state in which a name leads nowhere (pkg/resource/deploy/snapshot.go, VerifyIntegrity). A
    preview leaves out the default providers, which say nothing but their version and the stack's config, and a graph
    the stack itself. What no other resource names can be cut out of a file unseen.
    """
    for resource in graph.resources:
        provider = resource.provider or ""
        provider = provider if provider in there or provider.count("::") < 4 else provider.rpartition("::")[0]
        default = provider.rpartition("::")[2].startswith("default")
        named = [resource.parent or "", *resource.dependencies, *([] if default else [provider])]
        named += [urn for urns in resource.property_dependencies.values() for urn in urns]
        if lost := next((urn for urn in named if urn and urn not in there and _ROOT not in urn), None):
            what, by = (words.one_line(urn.rpartition("::")[2])[:100] for urn in (lost, resource.urn))
            raise BadInput(
                f"{shown(file)}: leaves out {what}, which {by} names; write the whole again, a preview with "
                "`pulumi preview --json --show-sames`, without --target and --exclude"
            )


def _placement(graph: Graph) -> Placement | None:
    """Where a stack of this project stands by its stack file, where that is there; else by what the graph has kept."""
    path = STACKS / f"Pulumi.{graph.stack}.yaml"
    if not path.is_file() or stack_name(path) != graph.stack:
        return graph.placement
    config = to_engine(path)
    said = Placement.from_words({key.partition(":")[2]: value for key, value in config.items()})
    return replace(said, config_bytes=handed_bytes(config))


# ---- the judgement --------------------------------------------------------------------------------------------------


def check(graph: Graph, scan: Scan, today: date, config: PackConfig | None = None) -> Checked:
    """Judge a graph by the policies and Checkov, those of each platform that it has something of.

    `config` is what the engine would take for the pack: it raises rules, and lowers those that it may.

    Raises BadInput where it has nothing of any, for a waiver that nobody may write and a rule that nobody may lower;
    CheckovError as `scan` does.
    """
    levels.check()
    waivers.check(today)
    platforms = _platforms(graph)
    if not platforms:
        raise BadInput(f"{graph.stack}: has nothing on AWS, Google Cloud or Azure, so no rule here judges it")
    found: list[Finding] = []
    passed: Counter[str] = Counter()
    for platform in platforms:
        one = replace(graph, platform=platform)
        rules = [rule for rule in RULES[platform] if rule is not everywhere.kind_known or platform == platforms[0]]
        evaluated = evaluate(one, rules)
        of_checkov, checks = _by_checkov(one, platform, scan)
        of_pack = evaluated.findings if config is None else config.over(one, platform, evaluated.findings)
        found += [decided(one, each, today) for each in (*of_pack, *of_checkov)]
        passed += Counter(policy=evaluated.passed, checkov=checks)
    first = replace(graph, platform=platforms[0])
    found += waiver_findings(first, found, today)
    found += config.kept(first, platforms) if config is not None else ()
    if not graph.ours:
        found = list(_unread_once(found))
        found = [*found, *_said_once(first, found)]
        found = [one for one in found if one.excused or one.resource is None or one.rule not in _ONCE]
    hidden = _in_plain(graph)
    told = [one.model_copy(update={"message": _without(one.message, hidden)}) for one in found]
    return Checked(first, platforms, _in_order(told, graph.ours), passed)


def _in_plain(*graphs: Graph) -> list[str]:
    """What looks like a secret and is marked as none, in the forms in which a sentence may have it; the longest first.

    A program that never marks a secret has it in clear in each file that the engine writes of it.
    """
    found = {
        form.rstrip("…")
        for graph in graphs
        for resource in graph.resources
        for text in (*in_plain.plain_texts(resource.inputs), *in_plain.plain_texts(resource.outputs))
        for form in (text, words.one_line(text), one_line(text))
    }
    return sorted(found, key=lambda text: (-len(text), text))


def _without(sentence: str, hidden: Sequence[str]) -> str:
    for text in hidden:
        sentence = sentence.replace(text, SECRET["value"])
    return sentence


def _unread_once(found: Sequence[Finding]) -> Iterator[Finding]:
    """What cannot be read is one matter, whichever rules wanted it: one finding, of the most severe that fails."""
    by_matter: dict[tuple[str | None, str], list[Finding]] = {}
    for each in found:
        unread = not each.excused and each.urn is not None and " cannot be judged" in each.message
        by_matter.setdefault((each.urn, each.message if unread else f"{each.rule}: {each.message}"), []).append(each)
    for same in by_matter.values():
        first = words.in_order(same)[0]
        others = sorted({each.rule for each in same} - {first.rule})
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        also = f"; neither by {', '.join(others[:3])}{more}" if others else ""
        yield first.model_copy(update={"message": f"{first.message}{also}"})


_ONCE: Mapping[str, str] = {**OUR_WORDS, "render-complete": "a mapping for Checkov"}


def _platforms(graph: Graph) -> tuple[Platform, ...]:
    """The platforms that a graph has something of, that with most first."""
    of: Counter[Platform] = Counter(platform for one in graph.cloud if (platform := cloud_of(one.type)))
    return tuple(platform for platform, _ in of.most_common())


def _by_checkov(graph: Graph, platform: Platform, scan: Scan) -> tuple[list[Finding], int]:
    own = [resource.to_json() for resource in graph.resources if cloud_of(resource.type) == platform]
    providers = [resource.to_json() for resource in graph.resources if resource.is_provider]
    try:
        rendered = render(platform, [*own, *(one for one in providers if one not in own)])
    except Exception as error:  # what no program of ours says may be in a file: what is not seen must not pass
        said = type(error).__name__
        lost = f"has properties on {platform} that could not be rendered for Checkov ({said})"
        remedy = "Read the file: a property has a form that its type does not take."
        return [finding(graph, None, lost, source="render", rule="render-broken", severity="high", remedy=remedy)], 0
    scanned = scan(rendered)
    missing = unrendered(graph, rendered)
    lacking = [one if graph.ours else one.model_copy(update={"mandatory": False}) for one in missing]
    return [*checkov_findings(graph, rendered, scanned), *lacking], len(scanned.passed)


def _said_once(graph: Graph, found: Sequence[Finding]) -> Iterator[Finding]:
    """One finding for each rule that wants our words, of all the resources that lack them."""
    for rule, wants in _ONCE.items():
        lack = [one for one in found if one.rule == rule and not one.excused and one.resource is not None]
        if lack:
            names = list(dict.fromkeys(one.resource or "" for one in lack))
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            first = lack[0]
            said = f"lacks {wants} on {counted(len(names), 'resource')}: {', '.join(names[:3])}{more}"
            yield first.model_copy(
                update=dict.fromkeys(("urn", "resource", "type", "component", "child", "place", "waiver"))
                | {"message": f"the stack {said}", "mandatory": any(one.mandatory for one in lack)}
            )


def _in_order(found: Sequence[Finding], ours: bool) -> list[Finding]:
    """In reading order: what fails first and the most severe of it, and what wants our words after all of it."""
    ordered = words.in_order(found)
    return ordered if ours else sorted(ordered, key=lambda one: (one.excused, one.rule in _ONCE))


# ---- drift ----------------------------------------------------------------------------------------------------------


def signed(path: Path) -> Graph:
    """The graph that was signed: a kept graph.json, or the report.json beside it. Raises BadInput as `graph_of`."""
    file = path.with_name("graph.json") if path.name == "report.json" else path
    return graph_of(file)


def drift(was: Graph, stands: Graph) -> list[ChangedResource]:
    """What stands otherwise than it was signed, by resource and property. Raises BadInput for another stack.

    Compared is what was asked for. A value made of another resource's answer is compared with that resource's name in
    the answer's place, for the answer was not known when the graph was signed. What a provider filled in is left out.
    """
    if (was.project, was.stack) != (stands.project, stands.stack):
        raise BadInput(
            f"--against: was signed for {was.project}/{was.stack}, and {stands.project}/{stands.stack} stands; name "
            "what was signed of this stack"
        )
    old, new = ({one.urn: one for one in graph.cloud} for graph in (was, stands))
    found: list[ChangedResource] = []
    hidden = _in_plain(was, stands)
    for urn in sorted({*old, *new}):
        here = new.get(urn) or old[urn]
        how = "gone" if urn not in new else "changed" if urn in old else "new"
        differ = _changed(old[urn], new[urn], was, stands) if how == "changed" else []
        changed = [
            ChangedProperty(path=one.path, before=_hidden(one.before, hidden), after=_hidden(one.after, hidden))
            for one in differ
        ]
        if how != "changed" or changed:
            found.append(ChangedResource(urn=urn, resource=here.name, type=here.type, how=how, properties=changed))
    return found


def _hidden(said: str | None, hidden: Sequence[str]) -> str | None:
    return None if said is None else _without(said, hidden)


def _changed(old: Resource, new: Resource, was: Graph, stands: Graph) -> list[ChangedProperty]:
    ignored = {path.partition(".")[0] for path in old.ignored_changes}
    before, after = _asked(old, was), _asked(new, stands)
    found = [
        one
        for key in sorted({*before, *after} - ignored)
        if UNKNOWN not in texts_in(before.get(key)) and UNKNOWN not in texts_in(after.get(key))
        for one in differences(key, before, after)
    ]
    if old.protect != new.protect:
        found.append(ChangedProperty(path="protect", before=str(old.protect), after=str(new.protect)))
    return found


def _asked(resource: Resource, graph: Graph) -> Json:
    """What was asked for, with the name of the resource for each answer of one that a property was made of."""
    filled = {DEFAULTS, *cast(Sequence[str], resource.inputs.get(DEFAULTS) or ())}
    asked = {key: value for key, value in resource.inputs.items() if key not in filled and value is not None}
    return {key: _named(without_defaults(value), _answers(resource, key, graph)) for key, value in asked.items()}


def _answers(resource: Resource, key: str, graph: Graph) -> Mapping[str, str]:
    made_of = (graph.by_urn.get(urn) for urn in resource.property_dependencies.get(key, ()))
    found = {
        text: f"<{one.name}>"
        for one in made_of
        if one is not None
        for text in texts_in(dict(one.outputs))
        if len(text) > 3 and text not in texts_in(dict(one.inputs))
    }
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


def _named(value: Any, answers: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for text, name in answers.items():
            value = value.replace(text, name)
        return value
    if isinstance(value, list):
        return [_named(one, answers) for one in cast(list[Any], value)]
    if not isinstance(value, dict) or is_secret(cast(object, value)):
        return cast(Any, value)
    return {_named(key, answers): _named(one, answers) for key, one in cast(Json, value).items()}
