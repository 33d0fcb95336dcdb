"""Judges one stack: turns its resource graph into the verdict. It reads only the graph of the stack."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from typing import TypeVar

from catalogue import caveats
from catalogue.graph import Graph, Resource
from catalogue.properties import NotKnown
from catalogue.wording import counted, in_words
from operations import accepted, facts, hardware, networks, timetable, words
from operations import bill as bills
from operations.checkov import ScanResult
from operations.evaluation import evaluate
from operations.findings import finding
from operations.phases import ground_of
from operations.rendering import render
from operations.rendering.rendered import Rendered
from operations.steps import manual
from operations.verdict import (
    Caveat,
    Cost,
    CreatedNode,
    Excepted,
    Finding,
    HardwareUse,
    ManualStep,
    NetworkPicture,
    Phase,
    Proof,
    ProofName,
    Severity,
    Verdict,
    Waived,
)
from policies import exceptions, given, limits, names, pack, waivers
from policies.rule import callers

T = TypeVar("T")
Stage = Callable[[str], None]
Scan = Callable[[Rendered], ScanResult]


def judge(graph: Graph, scan: Scan, spent: Callable[[], float], today: date, stage: Stage) -> Verdict:
    """Judge one stack's graph and return its verdict. All but its seconds depends on the graph and `today` only.

    `scan` runs Checkov over what was rendered. `spent` gives the processor seconds that this stack took so far. `stage`
    is told what is being done. Raises CheckovError when Checkov breaks.
    """
    read, unread = facts.of(graph.platform), list[Finding]()
    account, region = _told(
        graph, unread, "its account and region", lambda: read.account_and_region(graph), ("unknown", "unknown")
    )
    rendered = render(graph.platform, [resource.to_json() for resource in graph.resources])
    stage("policies")
    evaluated = evaluate(graph, pack.RULES[graph.platform])
    ground = ground_of(graph)
    stage("cost and hardware")
    cost = bills.price(graph, region, today)
    rows = hardware.fit(graph, region)
    findings = [*evaluated.findings, *_of_the_ground(graph, ground, evaluated.findings)]
    findings += [*_cost_findings(graph, cost), *_hardware_findings(graph, rows, region, today)]
    stage("checkov")
    scanned = scan(rendered)
    findings += [*checkov_findings(graph, rendered, scanned), *unrendered(graph, rendered), *accepted.findings(graph)]
    findings = [decided(graph, found, today) for found in findings]
    findings += waiver_findings(graph, findings, today)
    phases = _phases(graph, ground, cost, region, today)
    steps = _told(graph, unread, "the manual steps", lambda: list(manual(graph, rows, phases, account, region)), [])
    network = _told(graph, unread, "its network", lambda: networks.draw(graph), None)
    exportable = _told(graph, unread, "what could leave", lambda: read.exportable(graph), "nothing that could be read")
    findings += [decided(graph, found, today) for found in unread]
    proofs = _proofs(
        graph, findings, cost, rows, steps, network, sorted(given.networks(graph)), exportable, facts.predicts(graph)
    )
    return Verdict(
        stack=graph.stack,
        platform=graph.platform,
        account=account,
        region=region,
        judged_on=today,
        seconds=round(spent(), 2),
        passed=not any(f.fails for f in findings) and not any(p.state == "failed" for p in proofs),
        resources=len(graph.cloud),
        phases=phases,
        created=_created(graph),
        findings=sorted(findings, key=lambda f: (not f.fails, f.excused, f.rule, f.resource or "")),
        counts={**words.standings(findings)},
        checks_passed={"policy": evaluated.passed, "checkov": len(scanned.passed)},
        policies_only=[graph.by_urn[item.urn].name for item in rendered.own],
        cost=cost,
        hardware=rows,
        runs=timetable.of(graph, region),
        network=network,
        caveats=[Caveat(says=each.says, source=each.evidence.where, apart=each.apart) for each in caveats.of(graph)],
        proofs=accepted.raised(graph, proofs),
        manual_steps=steps,
    )


def _of_the_ground(graph: Graph, ground: Graph, found: list[Finding]) -> Iterator[Finding]:
    """What the policies find of the ground alone, which stands before anything serves, and not of the whole stack.

    What a rule advises of the whole is advised of the part too: the ground draws less of the quotas that it names.
    """
    if len(ground.resources) < len(graph.resources):
        known, advised = {(f.rule, f.urn, f.message) for f in found}, {f.rule for f in found if not f.mandatory}
        for alone in evaluate(ground, pack.RULES[graph.platform]).findings:
            if (alone.rule, alone.urn, alone.message) not in known and (alone.mandatory or alone.rule not in advised):
                yield alone.model_copy(update={"message": f"in the phase ground, {alone.message}"})


def _phases(graph: Graph, ground: Graph, cost: Cost, region: str, today: date) -> list[Phase]:
    """What stands and bills in each phase; one where the stack has nothing that serves."""
    whole = Phase(name="serve", resources=len(graph.cloud), idle_usd=cost.idle_usd, ceiling_usd=cost.ceiling_usd)
    if len(ground.resources) == len(graph.resources):
        return [whole.model_copy(update={"name": "ground"})]
    bill = bills.price(ground, region, today)
    alone = Phase(name="ground", resources=len(ground.cloud), idle_usd=bill.idle_usd, ceiling_usd=bill.ceiling_usd)
    return [alone, whole]


def _told(graph: Graph, unread: list[Finding], what: str, ask: Callable[[], T], otherwise: T) -> T:
    """A fact of the stack. Where it cannot be read, `otherwise`, and a finding is added to `unread`."""
    try:
        return ask()
    except Exception as error:  # a fact that is hidden or misspelt must become a finding
        said = " ".join(str(error).split()) or type(error).__name__
        unread.append(
            finding(
                graph,
                None,
                f"says {what} in no way that can be read ({said})",
                source="policy",
                rule="facts-readable",
                severity="high",
                proof="workflow speed",
                remedy="Give the property that is named in clear, in the form that the cloud's page has.",
            )
        )
        return otherwise


def cost_of(graph: Graph, today: date | None = None) -> Cost:
    """The cost of the stack a month on a day, today where none is given, without any other judgement."""
    return bills.price(graph, facts.of(graph.platform).account_and_region(graph)[1], today or date.today())


def _cost_findings(graph: Graph, cost: Cost) -> Iterator[Finding]:
    ceiling, strict = limits.of(graph)["ceiling-usd"], facts.in_production(graph)
    least, unsure = words.known(cost, cost.ceiling_usd), f"{words.unknown(cost)}, so nobody can say that it is within"
    unknown_key = next((missing.stack_key for missing in cost.unpriced if missing.stack_key), None)
    if cost.ceiling_usd > ceiling.number:
        yield finding(
            graph,
            None,
            f"has a ceiling of {least} a month, allowed ${ceiling.number:,.0f}",
            source="cost",
            rule="limits-ceiling",
            severity="high",
            stack_key=_dearest(graph, cost),
            remedy=f"Lower replicas or hours, or have {ceiling.owner} raise ceiling-usd in {limits.OWN}.",
        )
    elif cost.unpriced:
        without_figure = [missing.dearest_usd for missing in cost.unpriced if missing.instead]
        nowhere = without_figure.count(None)
        could = cost.ceiling_usd + sum(filter(None, without_figure))
        more = f"; with the dearest prices known of other regions it is ${could:,.0f}" if could > ceiling.number else ""
        more += f"; no region's price is known of {words.counted(nowhere, 'line')}" if nowhere else ""
        yield finding(
            graph,
            None,
            f"has a ceiling of {least} a month, {unsure} the ${ceiling.number:,.0f} allowed{more}",
            source="cost",
            rule="limits-ceiling",
            severity="high",
            stack_key=unknown_key,
            remedy="Choose machines whose price is known: the findings cost-known and cost-unpriced name each line.",
            mandatory=strict or bool(more),
        )
    if cost.budget_usd is not None and cost.ceiling_usd > cost.budget_usd:
        always = cost.idle_usd > cost.budget_usd  # the budget is spent where nobody calls
        floor = f"an idle floor of {words.known(cost, cost.idle_usd)} a month, spent with no traffic,"
        yield finding(
            graph,
            None,
            f"has {floor if always else f'a ceiling of {least} a month,'} above the budget of ${cost.budget_usd:,.0f}",
            source="cost",
            rule="budget-below-ceiling",
            severity="high" if always else "low",
            proof="cost visibility",
            remedy="Lower what always runs (min_replicas, the machine), or raise the budget with its owner."
            if always
            else "Expect the alert, or lower the replicas.",
            mandatory=False,
            stack_key="budget.monthly_usd" if graph.ours else None,
        )
    elif cost.budget_usd is not None and cost.unpriced:
        yield finding(
            graph,
            None,
            f"has a ceiling of {least} a month, {unsure} the budget of ${cost.budget_usd:,.0f}",
            source="cost",
            rule="budget-below-ceiling",
            severity="low",
            proof="cost visibility",
            stack_key=unknown_key,
            remedy="Choose machines whose price is known: the findings cost-known and cost-unpriced name each line.",
            mandatory=strict,
        )
    for missing in cost.unpriced:
        # A pilot may go on where only a figure is missing in the catalogue. What the bill cannot read always fails.
        asked = f" ({missing.stack_key} in the stack file)" if missing.stack_key else ""
        yield finding(
            graph,
            graph.by_urn.get(missing.urn),
            f"{missing.why}{asked if missing.instead else ''}",
            source="cost",
            rule="cost-known" if missing.instead else "cost-unpriced",
            severity="high",
            proof="cost visibility",
            remedy=_without_price(missing.instead, strict),
            mandatory=strict or not missing.instead,
        )


def _without_price(instead: str, strict: bool) -> str:
    """What to do about a line without a price. Who is let pass is told where the same stack file is not."""
    if not instead:
        return "Add the price with its source to the catalogue."
    return instead if strict else f"{instead} With `environment: prod` this fails."


def _dearest(graph: Graph, cost: Cost) -> str | None:
    """The key of the stack file that asked for what costs most at its maximum."""
    asked = {resource.name: resource.stack_key for resource in graph.cloud if resource.stack_key}
    by_key = defaultdict[str, float](float)
    for line in cost.lines:
        if key := asked.get(line.resource):
            by_key[key] += line.ceiling_usd
    return max(by_key, key=lambda key: by_key[key], default=None)


def _hardware_findings(graph: Graph, rows: list[HardwareUse], region: str, today: date) -> Iterator[Finding]:
    for row, sentence, remedy in hardware.problems(rows, graph.platform, region):
        yield finding(
            graph,
            graph.by_urn[row.urn],
            sentence,
            source="hardware",
            rule="hardware-fit",
            severity="high",
            proof="hardware fit",
            remedy=remedy,
        )
    for row, retires in hardware.retiring(rows):
        gone, uses = retires <= today, f"uses {row.machine_type}, which {graph.platform}"
        yield finding(
            graph,
            graph.by_urn[row.urn],
            f"{uses} has no more since {retires}"
            if gone
            else f"{uses} will have no more from {retires} on, and a new account may not get even now",
            source="hardware",
            rule="hardware-retires",
            severity="high" if gone else "medium",
            proof="hardware fit",
            remedy="Choose a machine that stays, in the stack file: a family has none that goes.",
            mandatory=gone,
        )


def checkov_findings(graph: Graph, rendered: Rendered, scan: ScanResult) -> Iterator[Finding]:
    """What Checkov found, each at the resource of its address."""
    for failed in scan.failed:
        resource = graph.by_urn.get(rendered.addresses.get(failed.address, ""))
        yield finding(
            graph,
            resource,
            f"fails: {failed.check_name}" if resource else f"fails at {failed.address}: {failed.check_name}",
            source="checkov",
            rule=failed.check_id,
            severity=_OF_CATEGORY.get(failed.category, "medium"),
            remedy=failed.guideline or f"See Checkov's policy index for {failed.check_id}.",
        )


# Checkov rates its checks on its own platform only, not offline. These ratings are ours, by Checkov's categories.
_OF_CATEGORY: dict[str, Severity] = {
    "SECRETS": "critical",
    "IAM": "high",
    "NETWORKING": "high",
    "ENCRYPTION": "high",
    "CONVENTION": "low",
}


def unrendered(graph: Graph, rendered: Rendered) -> Iterator[Finding]:
    """A finding for each resource that Checkov could not be shown."""
    for item in rendered.unrendered:
        yield finding(
            graph,
            graph.by_urn[item.urn],
            f"is of the type {item.type}, which could not be rendered for Checkov: {item.reason}",
            source="render",
            rule="render-complete",
            severity="high",
            remedy="Add the type to operations/rendering.",
        )


def decided(graph: Graph, found: Finding, today: date) -> Finding:
    """The finding with what was decided about it: an exception, else a waiver, else the line that would waive it."""
    if (exception := _exception(graph, found)) is not None:
        excepted = Excepted(
            reason=exception.reason, decision=exception.decision, decided=exceptions.decided(exception.decision)
        )
        return found.model_copy(update={"excepted": excepted})
    waiver = waivers.find(waivers.of(graph), found.rule, found.resource, found.type, graph.platform, today)
    if waiver is not None:
        waived = Waived(owner=waiver.owner, reason=waiver.reason, granted=waiver.granted, expires=waiver.expires)
        return found.model_copy(update={"waived": waived})
    if why := names.never_waived(found.rule, graph.platform):
        return found.model_copy(update={"never_waived": why})
    return found.model_copy(update={"waiver": waivers.line(found.rule, found.resource, found.type)})


def _exception(graph: Graph, found: Finding) -> exceptions.DesignException | None:
    try:
        return exceptions.find(graph, found.rule, graph.by_urn.get(found.urn or ""))
    except NotKnown:  # what nobody knows yet has excused nothing
        return None


def waiver_findings(graph: Graph, findings: list[Finding], today: date) -> Iterator[Finding]:
    """An expired waiver is a finding, and so is one that names a resource as of another type than it is.

    A waiver that excuses nothing any more is advice to remove it.
    """
    types: dict[str, set[str]] = {}
    for resource in graph.resources:
        types.setdefault(resource.name, set()).add(resource.type)
    for waiver in waivers.of(graph):
        are = types.get(waiver.resource, set())
        what = f"{waiver.about} ({waiver.owner})"
        if waiver.expired(today):
            yield finding(
                graph,
                None,
                f"has a waiver of {what} that expired on {waiver.expires}",
                source="waiver",
                rule="waiver-expired",
                severity="high",
                remedy=f"Mend what it excused, or renew it with its owner in {waiver.file}.",
            )
        elif waiver.type is not None and are and waiver.type not in are:
            yield finding(
                graph,
                None,
                f"has a waiver of {what} that names the type {waiver.type}, found {' and '.join(sorted(are))}",
                source="waiver",
                rule="waiver-type",
                severity="high",
                remedy=f"Name the type that the finding's line has, in {waiver.file}.",
            )
        elif not any(f.waived and waiver.is_of(f.rule, f.resource, f.type, graph.platform) for f in findings):
            yet = "" if waiver.holds(today) else f" before {waiver.granted}"
            yield finding(
                graph,
                None,
                f"has a waiver of {what} that excuses nothing{yet}",
                source="waiver",
                rule="waiver-unused",
                severity="low",
                remedy=f"Remove it from {waiver.file}, or leave it where its day is to come.",
                mandatory=False,
            )


def _proofs(
    graph: Graph,
    findings: list[Finding],
    cost: Cost,
    rows: list[HardwareUse],
    steps: list[ManualStep],
    reached: NetworkPicture | None,
    landing_zones: list[str],
    exportable: str,
    predicts: bool,
) -> list[Proof]:
    """The five proofs. What a plan says is `planned`. What nobody tried or knows, or a waiver or the limits
    excuse, is `not yet`.

    `landing_zones` are those whose network the stack stands in. What they give is no part of the plan.

    So is what the stack has nothing to plan for: hardware where no machine runs, a prediction where no model does.
    An exception of the design holds no proof back: it says how the plan meets the rule's purpose otherwise, and its
    condition was read from the resource. The proof's fact names it, so that nobody takes it for a pass of the rule.
    """
    most = limits.of(graph)["manual-steps"].number
    broken = {f.proof: f for f in reversed(findings) if f.fails and f.proof}
    excused = [f for f in findings if not f.excepted and (f.lowered or (f.mandatory and f.waived))]
    designed = [found for found in findings if found.mandatory and found.excepted]

    def proof(name: ProofName, fact: str, failed: bool = False, without: str | None = None) -> Proof:
        first = broken.get(name)
        if failed or first:
            return Proof(name=name, state="failed", fact=first.message if first else fact)
        if waived := [found for found in excused if found.proof == name]:
            more = f", and {len(waived) - 1} more" if len(waived) > 1 else ""
            how = "waived" if waived[0].waived else "only advised by the limits"
            return Proof(name=name, state="not yet", fact=f"{how}, and so not planned: {waived[0].message}{more}")
        if without or (name == "cost visibility" and cost.unpriced):
            return Proof(name=name, state="not yet", fact=without or fact)
        by_design = "".join(f"; by the design's exception, {f.message}" for f in designed if f.proof == name)
        return Proof(name=name, state="planned", fact=fact + by_design)

    links = [link for link in reached.links if not link.given] if reached else []
    families = ", ".join(sorted({f"{row.family} for {row.use}" for row in rows}))
    return [
        proof(
            "workflow speed",
            f"{counted(len(steps), 'manual step')} left to a first prediction (limit {most:g}){accepted.NOBODY}",
            failed=len(steps) > most,
            without=None
            if predicts
            else f"no model is served or scores: {counted(len(steps), 'manual step')}, and no prediction at their end",
        ),
        proof(
            "hardware fit",
            f"{families}: sold in the region, accepted, within the declared quota",
            without=hardware.undeclared(graph) if rows else "no machine serves or scores: no hardware was looked up",
        ),
        proof(
            "network fit",
            f"{counted(len({link.endpoint for link in links}), 'endpoint')} to "
            f"{counted(len({link.service for link in links}), 'service')}, what is needed and no more; "
            f"{_leads_out(graph, landing_zones)}",
        ),
        Proof(name="exportability", state="not yet", fact=f"{exportable} could leave{accepted.NO_EXPORT}"),
        proof(
            "cost visibility",
            f"{counted(len(cost.lines), 'billing resource')} with a price and the tags of "
            f"{in_words(sorted(cost.by_team))}; {_between(cost)} a month",
        ),
    ]


def _between(cost: Cost) -> str:
    if cost.unpriced:
        return f"at least ${cost.idle_usd:,.0f} idle and at least ${cost.ceiling_usd:,.0f}, {words.unknown(cost)},"
    return f"${cost.idle_usd:,.0f} idle to ${cost.ceiling_usd:,.0f}"


def _leads_out(graph: Graph, landing_zones: list[str]) -> str:
    joined = in_words(caller.name for caller in callers(graph) if caller.cidr)
    if not landing_zones:
        return f"no route, address or rule leads out{f' but to {joined}' if joined else ''}"
    return (
        "no address or rule of the stack leads out; the network is given by the landing zone "
        f"{in_words(landing_zones)}, and its own routes and rules were not judged"
    )


def _created(graph: Graph) -> list[CreatedNode]:
    """The tree of what would be created: components sorted by name, and in each the counted resource types."""
    children: dict[str | None, list[Resource]] = {}
    for resource in graph.resources:
        children.setdefault(resource.parent if resource.parent in graph.by_urn else None, []).append(resource)

    def node(resource: Resource) -> CreatedNode:
        below = [node(child) for child in children.get(resource.urn, ()) if child.is_component]
        types = Counter(child.type for child in children.get(resource.urn, ()) if child.custom)
        leaves = [CreatedNode(name=type_.rpartition(":")[2], type=type_, count=n) for type_, n in sorted(types.items())]
        parts = [*below, *leaves]
        return CreatedNode(name=resource.name, type=resource.type, count=sum(p.count for p in parts), children=parts)

    return [node(r) for r in children.get(None, ()) if r.is_component]
