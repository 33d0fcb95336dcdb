"""The evidence of one verdict in OSCAL, the form in which auditors exchange it: an assessment-results document.

https://pages.nist.gov/OSCAL/learn/concepts/layer/assessment/assessment-results/ (version 1.2.1, JSON). A control leads
to its rules, a rule to the resources that it looked at, and each to a result. Exceptions and waivers are risks, with
who answers for them. The statements at the end hold the limits, personas, network, keys and retention.

The document follows from graph, verdict and commit alone: each id is made of what it names, and the only time is the
day of the verdict. It holds no value of a resource but names, keys' paths and days, and no path of the machine.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast
from uuid import UUID, uuid5

from catalogue.graph import Graph, Resource
from catalogue.kind import Keeps, Keys
from catalogue.kinds import kind_of
from catalogue.platforms import Platform
from catalogue.properties import Unreadable
from operations.verdict import Finding, Verdict
from policies import baselines, limits, pack
from policies.personas import GIVEN, table
from policies.rule import Rule

OSCAL = "1.2.1"
NAMESPACE = UUID("6f0f5a38-3b1e-5c0a-9d0a-6d6c706c6174")
"""The namespace of our ids."""
WORDS = "urn:mlplatform:oscal"
"""The namespace of our properties."""
NIST = "nist-800-53-r5"

Part = dict[str, Any]


def assessment(graph: Graph, verdict: Verdict, commit: str) -> Part:
    """The assessment-results document of a verdict and the graph that it was made of, at a commit."""
    day = f"{verdict.judged_on}T00:00:00Z"
    told = verdict.model_dump_json(exclude={"seconds"})
    digest = hashlib.sha256(told.encode()).hexdigest()
    rules = pack.RULES[graph.platform]
    seen = {rule.name: _rule(graph, rule, verdict, day) for rule in rules}
    found = [_found(graph, verdict, each, day) for each in verdict.findings]
    risks = [_risk(verdict, each) for each in verdict.findings if each.excused or each.fails]
    findings = list(_controls(graph, verdict, seen))
    reviewed = [{"control-id": finding["target"]["target-id"]} for finding in findings]
    result = {
        "uuid": _id("result", digest, commit),
        "title": f"Verdict on {verdict.stack}",
        "description": "What the policies and Checkov say of the plan of the stack. Nothing was asked of an account.",
        "start": day,
        "props": _props(
            verdict="passed" if verdict.passed else "failed",
            verdict_sha256=digest,
            commit=commit,
            platform=verdict.platform,
            account=verdict.account,
            region=verdict.region,
            checks_passed_policy=str(verdict.checks_passed.get("policy", 0)),
            checks_passed_checkov=str(verdict.checks_passed.get("checkov", 0)),
        ),
        "local-definitions": {
            "components": [_pack()],
            "inventory-items": [_item(resource) for resource in graph.cloud],
        },
        "reviewed-controls": {"control-selections": [{"include-controls": reviewed}]},
        "attestations": [{"parts": list(_statements(graph, verdict))}],
        "observations": [*seen.values(), *found],
        **({"risks": risks} if risks else {}),
        "findings": findings,
    }
    plan = _id("plan", graph.platform)
    return {
        "assessment-results": {
            "uuid": _id("document", digest, commit),
            "metadata": {
                "title": f"Assessment of the machine learning stack {verdict.stack}",
                "last-modified": day,
                "version": commit,
                "oscal-version": OSCAL,
                "parties": _parties(graph, verdict),
            },
            "import-ap": {"href": f"#{plan}"},
            "results": [result],
            "back-matter": {
                "resources": [
                    {
                        "uuid": plan,
                        "title": "The policies of the stack",
                        "description": "The policy pack at the commit; policies/README.md lists its rules, and "
                        "docs/baselines.md the controls that each answers.",
                    }
                ]
            },
        }
    }


def text_of(document: Part) -> str:
    """The document as it is written: the same text for the same document."""
    return json.dumps(document, indent=1) + "\n"


def _id(*words: str) -> str:
    return str(uuid5(NAMESPACE, "\n".join(words)))


def _props(**said: str) -> list[Part]:
    """Properties in our namespace. OSCAL takes no empty value, and none with spaces at its ends."""
    pairs = ((name.replace("_", "-"), " ".join(value.split())) for name, value in said.items())
    return [{"name": name, "ns": WORDS, "value": value} for name, value in pairs if value]


def _control_id(baseline: str, control: str) -> str:
    """As NIST's own catalogue has it, and for the others a token of baseline and control."""
    return control.lower() if baseline == NIST else f"{baseline}_{re.sub(r'[^A-Za-z0-9._-]', '-', control)}"


def _pack() -> Part:
    return {
        "uuid": _id("component", "pack"),
        "type": "validation",
        "title": "mlplatform's policy pack",
        "description": "Plain functions over the resource graph, and Checkov.",
        "status": {"state": "operational"},
    }


def _item(resource: Resource) -> Part:
    return {
        "uuid": _id("resource", resource.urn),
        "description": resource.name,
        "props": _props(type=resource.type, urn=resource.urn),
    }


def _subject(resource: Resource, result: str) -> Part:
    return {
        "subject-uuid": _id("resource", resource.urn),
        "type": "inventory-item",
        "title": resource.name,
        "props": _props(result=result),
    }


def _rule(graph: Graph, rule: Rule, verdict: Verdict, day: str) -> Part:
    """What a rule looked at, and its result on each. A rule on the whole stack looked at the stack."""
    ours = [each for each in verdict.findings if each.source == "policy" and each.rule == rule.name]
    failing = {each.urn for each in ours if each.fails}
    excused = {each.urn for each in ours if not each.fails}
    known = {resource.urn for resource in graph.cloud}
    looked = graph.of(*rule.types) if rule.scope != "whole stack" else [graph.by_urn[u] for u in failing | excused if u]
    subjects = [
        _subject(one, "fails" if one.urn in failing else "excused" if one.urn in excused else "passes")
        for one in sorted(looked, key=lambda resource: resource.urn)
        if one.urn in known
    ]
    return {
        "uuid": _id("rule", verdict.stack, rule.name),
        "title": rule.name,
        "description": rule.says,
        "props": _props(kind="rule", scope=rule.scope, severity=rule.severity, result="fails" if failing else "passes"),
        "methods": ["TEST"],
        "origins": [{"actors": [{"type": "tool", "actor-uuid": _id("component", "pack")}]}],
        **({"subjects": subjects} if subjects else {}),
        "collected": day,
    }


def _found(graph: Graph, verdict: Verdict, finding: Finding, day: str) -> Part:
    """One finding, with the controls that it is against."""
    controls = [_control_id(name, one.id) for name, one in _answered(graph.platform, finding)]
    resource = graph.by_urn.get(finding.urn or "")
    props = _props(
        kind="finding", rule=finding.rule, source=finding.source, severity=finding.severity, standing=_standing(finding)
    )
    for control in controls:
        props += _props(control=control)
    if finding.place is not None and not finding.place.file.startswith("/"):
        props += _props(place=str(finding.place))
    return {
        "uuid": _finding_id(verdict, finding),
        "title": finding.rule,
        "description": _line(finding.message),
        "props": props,
        "methods": ["TEST"],
        "types": ["finding"],
        **({"subjects": [_subject(resource, _standing(finding))]} if resource in graph.cloud and resource else {}),
        "collected": day,
        "remarks": _line(finding.remedy),
    }


def _answered(platform: str, finding: Finding) -> Iterator[tuple[str, baselines.Control]]:
    """The controls that a finding is against, each with the name of its baseline."""
    for name, baseline in baselines.baselines().items():
        if platform in baseline.platforms:
            for one in baseline.controls:
                if finding.rule in one.checkov or finding.rule in one.rules_of(platform):
                    yield name, one


def _finding_id(verdict: Verdict, finding: Finding) -> str:
    return _id("finding", verdict.stack, finding.rule, finding.urn or "", finding.message)


def _standing(finding: Finding) -> str:
    if finding.waived or finding.excepted:
        return "waived" if finding.waived else "excepted"
    return "fails" if finding.fails else "advisory"


def _line(text: str) -> str:
    return " ".join(text.split())


def _risk(verdict: Verdict, finding: Finding) -> Part:
    """What somebody answers for: a finding that fails, or one that a waiver or an exception of the design excuses."""
    risk: Part = {
        "uuid": _id("risk", _finding_id(verdict, finding)),
        "title": finding.rule,
        "description": _line(finding.message),
        "statement": _line(finding.remedy),
        "status": "open",
        "related-observations": [{"observation-uuid": _finding_id(verdict, finding)}],
    }
    if finding.waived is not None:
        who = finding.waived
        risk |= {"status": "deviation-approved", "statement": _line(who.reason), "deadline": f"{who.expires}T00:00:00Z"}
        risk["props"] = _props(decided_by="waiver", owner=who.owner, granted=str(who.granted), expires=str(who.expires))
    elif finding.excepted is not None:
        risk |= {"status": "deviation-approved", "statement": _line(finding.excepted.reason)}
        decided = str(finding.excepted.decided or "")
        risk["props"] = _props(decided_by="exception", decision=finding.excepted.decision, decided=decided)
    return risk


def _controls(graph: Graph, verdict: Verdict, seen: Mapping[str, Part]) -> Iterator[Part]:
    """Each control that the pack answers: satisfied where nothing of it fails. The others are told with why not."""
    failing = {each.rule for each in verdict.findings if each.fails}
    risky = {
        each.rule: _id("risk", _finding_id(verdict, each)) for each in verdict.findings if each.excused or each.fails
    }
    for name, baseline in baselines.baselines().items():
        if graph.platform not in baseline.platforms:
            continue
        for control in baseline.controls:
            rules = control.rules_of(graph.platform)
            if not rules and not control.checkov:
                continue
            answers = {*rules, *control.checkov}
            related = [{"observation-uuid": seen[rule]["uuid"]} for rule in rules]
            related += [
                {"observation-uuid": _finding_id(verdict, each)} for each in verdict.findings if each.rule in answers
            ]
            risks = [{"risk-uuid": risky[rule]} for rule in sorted(answers & set(risky))]
            yield {
                "uuid": _id("control", verdict.stack, name, control.id),
                "title": f"{baseline.title}: {control.id}",
                "description": control.says,
                "props": _props(baseline=name, page=baseline.page_of(control)),
                "target": {
                    "type": "objective-id",
                    "target-id": _control_id(name, control.id),
                    "status": {"state": "not-satisfied" if answers & failing else "satisfied"},
                },
                **({"related-observations": related} if related else {}),
                **({"related-risks": risks} if risks else {}),
            }


def _parties(graph: Graph, verdict: Verdict) -> list[Part]:
    """Who answers: the owners of limits and of waivers, by the address that the files have."""
    owners = {limit.owner for limit in limits.of(graph).limits.values()}
    owners |= {each.waived.owner for each in verdict.findings if each.waived is not None}
    return [{"uuid": _id("party", owner), "type": "organization", "name": _line(owner)} for owner in sorted(owners)]


def _statements(graph: Graph, verdict: Verdict) -> Iterator[Part]:
    held = limits.of(graph).limits
    yield _statement(
        "limits",
        "The limits that hold for the stack",
        (
            (name, f"{name}: {limit.value} {limit.unit}", {"owner": limit.owner, "reviewed": str(limit.reviewed)})
            for name, limit in sorted(held.items())
        ),
    )
    people = table(cast(Platform, graph.platform))
    yield _statement(
        "personas",
        "Who does what",
        (
            (
                persona,
                f"{persona}, taken by {'the organisation' if by == GIVEN else by}: "
                + "; ".join(task.says for task in people.tasks if persona in task.who),
                {},
            )
            for persona, by in people.taken_by.items()
        ),
    )
    yield _statement("network", "The private ways and who may call", _network(verdict))
    yield _statement("keys", "Under which key what rests", _keys(graph))
    yield _statement("retention", "How long what is written is kept", _retention(graph))
    left = [
        (one.id, f"{one.id} {one.status}: {one.not_covered or one.not_applicable}", {"baseline": name})
        for name, baseline in baselines.baselines().items()
        if graph.platform in baseline.platforms
        for one in baseline.controls
        if one.status != "covered"
    ]
    yield _statement("controls-left", "Controls that are not covered or do not apply", left)


def _statement(name: str, title: str, lines: Iterable[tuple[str, str, Mapping[str, str]]]) -> Part:
    parts = [
        {
            "name": "item",
            "title": _line(called),
            "prose": _line(said),
            **({"props": _props(**more)} if more else {}),
        }
        for called, said, more in lines
    ]
    return {"name": name, "title": title, **({"parts": parts} if parts else {"prose": "None."})}


def _network(verdict: Verdict) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    if verdict.network is not None:
        for link in verdict.network.links:
            needed = f"; needed by {', '.join(link.needed_by)}" if link.needed_by else ""
            yield link.endpoint, f"{link.kind} way to {link.service}{needed}", {}
        for callers in verdict.network.callers:
            ways = f" by {', '.join(callers.ways)}" if callers.ways else ""
            yield ", ".join(callers.who), f"{', '.join(callers.who)} may call {', '.join(callers.calls)}{ways}", {}


def _keys(graph: Graph) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    for resource in graph.cloud:
        kind = kind_of(resource.type)
        if kind is not None and isinstance(kind.keys, Keys):
            for key in kind.keys.at:
                try:
                    named = ", ".join(resource.props.each_text_if_known(key.path)) or "a key that is known at `up`"
                    needed = key.needed(graph, resource)
                except Unreadable:
                    needed, named = True, "a key that cannot be read"
                if needed:
                    yield resource.name, f"{resource.name} at {key.path}: {named}", {"type": resource.type}


def _retention(graph: Graph) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    for resource in graph.cloud:
        kind = kind_of(resource.type)
        if kind is not None and isinstance(kind.keeps, Keeps):
            try:
                for days in kind.keeps.days(graph, resource):
                    said = "for ever" if days is None else f"for {days:g} days"
                    yield resource.name, f"{resource.name} keeps what it takes in {said}", {"type": resource.type}
            except Unreadable:
                yield resource.name, f"{resource.name} says in no way that can be read how long", {}
