"""Judging one stack: from its resource graph to the verdict. Reads the graph and nothing else of the stack."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date

from operations import facts, hardware
from operations.checkov import ScanResult
from operations.cost import bill as cost
from operations.graph import Graph, Resource
from operations.policies import evaluate, place, resources_for_policies
from operations.rendering import render
from operations.rendering.rendered import Rendered
from operations.verdict import Cost, Created, Finding, HardwareUse, NetworkPicture, Proof, State, Verdict, Waived
from policies import limits, pack, waivers
from policies.rule import Stack

Stage = Callable[[str], None]
Scan = Callable[[Rendered], ScanResult]


def judge(graph: Graph, scan: Scan, spent: Callable[[], float], today: date, stage: Stage) -> Verdict:
    """Judge one stack's graph and return its verdict, which follows from the graph and `today` but for its seconds.

    `scan` has Checkov look at what was rendered; `spent` gives the processor seconds that this stack took so far;
    `stage` is told what is being done. Raises CheckovError when Checkov breaks.
    """
    read = facts.of(graph.platform)
    account, region = read.place(graph)
    rendered = render(graph.platform, [resource.to_json() for resource in graph.resources])
    resources = resources_for_policies(graph)
    stack = Stack(resources)
    stage("policies")
    findings = evaluate(graph, pack.RULES[graph.platform], resources)
    stage("cost and hardware")
    bill = cost.price(graph, stack, region)
    rows = hardware.fit(graph.platform, stack, region)
    findings += [*_cost_findings(graph, bill), *_hardware_findings(graph, rows, region)]
    stage("checkov")
    scanned = scan(rendered)
    findings += [*_checkov_findings(graph, rendered, scanned), *_unrendered(graph, rendered)]
    findings = [*_waive(graph.stack, findings, today), *_waiver_findings(graph.stack, findings, today)]
    steps = list(_manual_steps(graph, stack, rows, read))
    network = read.network(stack)
    proofs = _proofs(findings, bill, rows, steps, network, read.exportable(stack))
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
        checks_passed={
            "policy": len(pack.RULES[graph.platform]) - len({f.rule for f in findings if f.source == "policy"}),
            "checkov": len(scanned.passed),
        },
        policies_only=[graph.by_urn[item.urn].name for item in rendered.own],
        cost=bill,
        hardware=rows,
        network=network,
        proofs=proofs,
        manual_steps=steps,
    )


def cost_of(graph: Graph) -> Cost:
    """What the stack costs a month, alone: no other judgement is made."""
    return cost.price(graph, Stack(resources_for_policies(graph)), facts.of(graph.platform).place(graph)[1])


def _cost_findings(graph: Graph, bill: Cost) -> Iterator[Finding]:
    ceiling = limits.load()["ceiling-usd"]
    if bill.ceiling_usd > ceiling.number:
        text = f"the ceiling is ${bill.ceiling_usd:,.0f} a month, allowed ${ceiling.number:,.0f}"
        yield _finding(
            "cost", "limits-ceiling", text, "Lower replicas or hours, or have the limit's owner raise it.", None
        )
    if bill.budget_usd is not None and bill.ceiling_usd > bill.budget_usd:
        text = f"the ceiling of ${bill.ceiling_usd:,.0f} a month is above the budget of ${bill.budget_usd:,.0f}"
        yield _finding(
            "cost", "budget-below-ceiling", text, "Expect the alert, or lower the replicas.", None, mandatory=False
        )
    for sentence in bill.unpriced:
        resource = next((r for r in graph.resources if sentence.startswith(f"{r.name}:")), None)
        yield _finding("cost", "cost-unpriced", sentence, "Add the price with its source to the catalogue.", resource)


def _hardware_findings(graph: Graph, rows: list[HardwareUse], region: str) -> Iterator[Finding]:
    by_name = {r.name: r for r in graph.cloud}
    remedy = "Choose another family or region in the stack file, or declare the quota in policies/limits.yaml."
    for row, sentence in hardware.problems(rows, graph.platform, region):
        yield _finding("hardware", "hardware-fit", sentence, remedy, by_name.get(row.name))


def _checkov_findings(graph: Graph, rendered: Rendered, scan: ScanResult) -> Iterator[Finding]:
    for failed in scan.failed:
        resource = graph.by_urn.get(rendered.addresses.get(failed.address, ""))
        remedy = failed.guideline or f"See Checkov's policy index for {failed.check_id}."
        text = f"{resource.name if resource else failed.address} fails: {failed.check_name}"
        yield _finding("checkov", failed.check_id, text, remedy, resource)


def _unrendered(graph: Graph, rendered: Rendered) -> Iterator[Finding]:
    for item in rendered.unrendered:
        text = f"{item.type} could not be rendered for Checkov: {item.reason}"
        yield _finding(
            "render", "render-complete", text, "Add the type to operations/rendering.", graph.by_urn[item.urn]
        )


def _finding(
    source: str, rule: str, message: str, remedy: str, resource: Resource | None, mandatory: bool = True
) -> Finding:
    return Finding.model_validate(
        {
            "source": source,
            "rule": rule,
            "severity": "medium",
            "mandatory": mandatory,
            "resource": resource.name if resource else None,
            "message": message,
            "remedy": remedy,
            "place": place(resource),
        }
    )


def _waive(stack: str, findings: Iterable[Finding], today: date) -> Iterator[Finding]:
    known = waivers.load().get(stack, [])
    for finding in findings:
        waiver = waivers.find(known, finding.rule, finding.resource, today)
        if waiver is None:
            yield finding
        else:
            waived = Waived(owner=waiver.owner, reason=waiver.reason, expires=waiver.expires)
            yield finding.model_copy(update={"waived": waived})


def _waiver_findings(stack: str, findings: list[Finding], today: date) -> Iterator[Finding]:
    """An expired waiver is a finding; one that excuses nothing any more is advice to remove it."""
    found = {(f.rule, f.resource or "stack") for f in findings}
    for waiver in waivers.load().get(stack, []):
        what = f"{waiver.rule} on {waiver.resource} ({waiver.owner})"
        if waiver.expired(today):
            text = f"the waiver of {what} expired on {waiver.expires}"
            yield _finding("waiver", "waiver-expired", text, "Mend what it excused, or renew it with its owner.", None)
        elif (waiver.rule, waiver.resource) not in found:
            text = f"the waiver of {what} excuses nothing in this stack"
            yield _finding(
                "waiver", "waiver-unused", text, "Remove it from policies/waivers.yaml.", None, mandatory=False
            )


def _manual_steps(graph: Graph, stack: Stack, rows: list[HardwareUse], read: facts.Facts) -> Iterator[str]:
    """What a person still has to do before the first prediction, read from what would be created."""
    quotas = sorted({row.quota_name for row in rows})
    if quotas:
        yield f"have the account's quotas raised to those declared ({', '.join(quotas)}): new accounts start at 0"
    if uris := sorted(read.artifacts(stack)):
        yield f"put the model artifacts where the stack file says ({', '.join(uris)})"
    yield from read.before_up(stack)
    yield f"run pulumi up -s {graph.stack}"
    yield from read.after_up(stack)


def _proofs(
    findings: list[Finding],
    bill: Cost,
    rows: list[HardwareUse],
    steps: list[str],
    reached: NetworkPicture | None,
    exportable: str,
) -> list[Proof]:
    """The five proofs. What was not tried is `not yet`, however likely."""
    most = limits.load()["manual-steps"].number
    failing = [f for f in findings if f.fails]

    def failed(*prefixes: str) -> list[Finding]:
        return [f for f in failing if f.rule.startswith(prefixes)]

    def state(broken: bool) -> State:
        return "failed" if broken else "proved"

    network = failed("network-")
    misfits = failed("hardware-fit", "quota-", "limits-machine-types", "limits-batch-size")
    unseen = failed("cost-")
    families = ", ".join(sorted({f"{row.family} for {row.use}" for row in rows})) or "no hardware"
    return [
        Proof(
            name="workflow speed",
            state=state(len(steps) > most),
            fact=f"{len(steps)} manual steps to a first prediction (limit {most:g})",
        ),
        Proof(
            name="hardware fit",
            state=state(bool(misfits)),
            fact=misfits[0].message if misfits else f"{families}: sold in the region, accepted, within declared quota",
        ),
        Proof(
            name="network fit",
            state=state(bool(network)),
            fact=network[0].message
            if network
            else f"{len(reached.links) if reached else 0} endpoints reach what is needed and no more; "
            "no route, address or rule leads out",
        ),
        Proof(
            name="exportability",
            state="not yet",
            fact=f"{exportable} could leave; no export was tried",
        ),
        Proof(
            name="cost visibility",
            state=state(bool(unseen)),
            fact=unseen[0].message
            if unseen
            else f"{len(bill.lines)} billing resources priced and tagged to {', '.join(sorted(bill.by_team))}; "
            f"${bill.idle_usd:,.0f} idle to ${bill.ceiling_usd:,.0f} a month",
        ),
    ]


def _created(graph: Graph) -> list[Created]:
    """The tree of what would be created: components in order of name, resource types counted within each."""
    children: dict[str | None, list[Resource]] = {}
    for resource in graph.resources:
        children.setdefault(resource.parent if resource.parent in graph.by_urn else None, []).append(resource)

    def node(resource: Resource) -> Created:
        below = [node(child) for child in children.get(resource.urn, ()) if child.is_component]
        types = Counter(child.type for child in children.get(resource.urn, ()) if child.custom)
        leaves = [Created(name=type_.rpartition(":")[2], type=type_, count=n) for type_, n in sorted(types.items())]
        parts = [*below, *leaves]
        return Created(name=resource.name, type=resource.type, count=sum(p.count for p in parts), children=parts)

    return [node(r) for r in children.get(None, ()) if r.is_component]
