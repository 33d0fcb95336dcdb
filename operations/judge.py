"""Judges one stack: turns its resource graph into the verdict. It reads only the graph of the stack."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import TypeVar

from catalogue.graph import Graph, Resource
from operations import bill as bills
from operations import facts, hardware
from operations.checkov import ScanResult
from operations.evaluation import evaluate
from operations.findings import finding
from operations.rendering import render
from operations.rendering.rendered import Rendered
from operations.verdict import (
    Cost,
    CreatedNode,
    Finding,
    HardwareUse,
    NetworkPicture,
    Proof,
    ProofName,
    Severity,
    Verdict,
    Waived,
)
from policies import given, limits, pack, waivers

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
    stage("cost and hardware")
    cost = bills.price(graph, region)
    rows = hardware.fit(graph, region)
    findings = [*evaluated.findings, *_cost_findings(graph, cost), *_hardware_findings(graph, rows, region)]
    stage("checkov")
    scanned = scan(rendered)
    findings += [*_checkov_findings(graph, rendered, scanned), *_unrendered(graph, rendered)]
    findings = [*_waive(graph.stack, findings, today), *_waiver_findings(graph, findings, today)]
    steps = _told(graph, unread, "the manual steps", lambda: list(_manual_steps(graph, rows, read)), [])
    network = _told(graph, unread, "its network", lambda: read.network(graph), None)
    exportable = _told(graph, unread, "what could leave", lambda: read.exportable(graph), "nothing that could be read")
    findings += unread
    proofs = _proofs(findings, cost, rows, steps, network, sorted(given.networks(graph)), exportable)
    return Verdict(
        stack=graph.stack,
        platform=graph.platform,
        account=account,
        region=region,
        judged_on=today,
        seconds=round(spent(), 2),
        passed=not any(f.fails for f in findings) and not any(p.state == "failed" for p in proofs),
        resources=len(graph.cloud),
        created=_created(graph),
        findings=sorted(findings, key=lambda f: (not f.fails, f.waived is not None, f.rule, f.resource or "")),
        checks_passed={"policy": evaluated.passed, "checkov": len(scanned.passed)},
        policies_only=[graph.by_urn[item.urn].name for item in rendered.own],
        cost=cost,
        hardware=rows,
        network=network,
        proofs=proofs,
        manual_steps=steps,
    )


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


def cost_of(graph: Graph) -> Cost:
    """The cost of the stack a month, without any other judgement."""
    return bills.price(graph, facts.of(graph.platform).account_and_region(graph)[1])


def _cost_findings(graph: Graph, cost: Cost) -> Iterator[Finding]:
    ceiling = limits.load()["ceiling-usd"]
    if cost.ceiling_usd > ceiling.number:
        yield finding(
            graph,
            None,
            f"has a ceiling of ${cost.ceiling_usd:,.0f} a month, allowed ${ceiling.number:,.0f}",
            source="cost",
            rule="limits-ceiling",
            severity="high",
            remedy=f"Lower replicas or hours, or have {ceiling.owner} raise ceiling-usd in {limits.OWN}.",
        )
    if cost.budget_usd is not None and cost.ceiling_usd > cost.budget_usd:
        yield finding(
            graph,
            None,
            f"has a ceiling of ${cost.ceiling_usd:,.0f} a month, above the budget of ${cost.budget_usd:,.0f}",
            source="cost",
            rule="budget-below-ceiling",
            severity="low",
            proof="cost visibility",
            remedy="Expect the alert, or lower the replicas.",
            mandatory=False,
        )
    for missing in cost.unpriced:
        yield finding(
            graph,
            graph.by_urn.get(missing.urn),
            missing.why,
            source="cost",
            rule="cost-unpriced",
            severity="high",
            proof="cost visibility",
            remedy="Add the price with its source to the catalogue.",
        )


def _hardware_findings(graph: Graph, rows: list[HardwareUse], region: str) -> Iterator[Finding]:
    for row, sentence in hardware.problems(rows, graph.platform, region):
        yield finding(
            graph,
            graph.by_urn[row.urn],
            sentence,
            source="hardware",
            rule="hardware-fit",
            severity="high",
            proof="hardware fit",
            remedy=f"Choose another family or region in the stack file, or declare the quota in {limits.OWN}.",
        )


def _checkov_findings(graph: Graph, rendered: Rendered, scan: ScanResult) -> Iterator[Finding]:
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


def _unrendered(graph: Graph, rendered: Rendered) -> Iterator[Finding]:
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


def _waive(stack: str, findings: Iterable[Finding], today: date) -> Iterator[Finding]:
    known = waivers.load().get(stack, [])
    for each in findings:
        waiver = waivers.find(known, each.rule, each.resource, today)
        if waiver is None:
            yield each
        else:
            waived = Waived(owner=waiver.owner, reason=waiver.reason, expires=waiver.expires)
            yield each.model_copy(update={"waived": waived})


def _waiver_findings(graph: Graph, findings: list[Finding], today: date) -> Iterator[Finding]:
    """An expired waiver is a finding. A waiver that excuses nothing any more is advice to remove it."""
    found = {(f.rule, f.resource or "stack") for f in findings}
    for waiver in waivers.load().get(graph.stack, []):
        what = f"{waiver.rule} on {waiver.resource} ({waiver.owner})"
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
        elif (waiver.rule, waiver.resource) not in found:
            yield finding(
                graph,
                None,
                f"has a waiver of {what} that excuses nothing",
                source="waiver",
                rule="waiver-unused",
                severity="low",
                remedy=f"Remove it from {waiver.file}.",
                mandatory=False,
            )


def _manual_steps(graph: Graph, rows: list[HardwareUse], read: facts.Facts) -> Iterator[str]:
    """The steps left to a person before the first prediction, read from what would be created."""
    quotas = sorted({row.quota_name for row in rows})
    if quotas:
        yield f"have the account's quotas raised to those declared ({', '.join(quotas)}): new accounts start at 0"
    if uris := sorted(facts.artifacts(graph)):
        yield f"put the model artifacts where the stack file says ({', '.join(uris)})"
    yield from read.before_up(graph)
    yield f"run pulumi up -s {graph.stack}"
    yield from read.after_up(graph)


def _proofs(
    findings: list[Finding],
    cost: Cost,
    rows: list[HardwareUse],
    steps: list[str],
    reached: NetworkPicture | None,
    landing_zones: list[str],
    exportable: str,
) -> list[Proof]:
    """The five proofs. What a plan says is `planned`. What nobody tried, or a waiver excuses, is `not yet`.

    `landing_zones` are those whose network the stack stands in. What they give is no part of the plan.
    """
    most = limits.load()["manual-steps"].number
    broken = {f.proof: f for f in reversed(findings) if f.fails and f.proof}
    excused: dict[str | None, list[Finding]] = {}
    for found in findings:
        if found.mandatory and found.waived is not None:
            excused.setdefault(found.proof, []).append(found)

    def proof(name: ProofName, fact: str, failed: bool = False) -> Proof:
        first = broken.get(name)
        if failed or first:
            return Proof(name=name, state="failed", fact=first.message if first else fact)
        if waived := excused.get(name):
            more = f", and {len(waived) - 1} more" if len(waived) > 1 else ""
            return Proof(name=name, state="not yet", fact=f"waived, and so not planned: {waived[0].message}{more}")
        return Proof(name=name, state="planned", fact=fact)

    links = reached.links if reached else []
    families = ", ".join(sorted({f"{row.family} for {row.use}" for row in rows})) or "no hardware"
    return [
        proof(
            "workflow speed",
            f"{len(steps)} manual steps are left to a first prediction (limit {most:g}), and nobody has tried them",
            failed=len(steps) > most,
        ),
        proof("hardware fit", f"{families}: sold in the region, accepted, within the declared quota"),
        proof(
            "network fit",
            f"{len({link.endpoint for link in links})} endpoints to {len({link.service for link in links})} services "
            f"are planned, what is needed and no more; {_leads_out(landing_zones)}",
        ),
        Proof(name="exportability", state="not yet", fact=f"{exportable} could leave; no export was tried"),
        proof(
            "cost visibility",
            f"{len(cost.lines)} billing resources have a price and the tags of {', '.join(sorted(cost.by_team))}; "
            f"${cost.idle_usd:,.0f} idle to ${cost.ceiling_usd:,.0f} a month",
        ),
    ]


def _leads_out(landing_zones: list[str]) -> str:
    if not landing_zones:
        return "no route, address or rule leads out"
    return (
        "no address or rule of the stack leads out; the network is given by the landing zone "
        f"{' and '.join(landing_zones)}, and its own routes and rules were not judged"
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
