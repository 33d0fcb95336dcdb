"""Two verdicts to render in tests: one as a real pilot gives it, one that is as hostile as its fields allow."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

from operations.verdict import (
    PROOFS,
    Bound,
    Callers,
    Caveat,
    ChangedProperty,
    CodeLine,
    Cost,
    CostLine,
    CreatedNode,
    Excepted,
    Finding,
    HardwareUse,
    ManualStep,
    NetworkLink,
    NetworkPicture,
    NetworkPlace,
    Proof,
    Running,
    RunningPart,
    RunPart,
    Step,
    StepChange,
    UnpricedResource,
    Verdict,
    Waived,
    WhatRuns,
)

HOSTILE = (
    "<script>alert(1)</script> \"quoted\" 'and' &amp; "
    "\x00\x07\x1b[31m\x9b\ufffe \u202eevil\u202c [red]not red[/red] Zürich 東京 🚀"
)


def _of(type_: str, count: int = 1) -> CreatedNode:
    return CreatedNode(name=type_.rsplit(":", 1)[-1], type=type_, count=count)


def _component(name: str, noun: str, *children: CreatedNode) -> CreatedNode:
    return CreatedNode(name=name, type=f"mlplatform-aws:index:{noun}", count=1, children=list(children))


CREATED = [
    _component(
        "network",
        "Network",
        _of("aws:ec2/vpc:Vpc"),
        _of("aws:ec2/subnet:Subnet", 2),
        _of("aws:ec2/routeTable:RouteTable"),
        _of("aws:ec2/routeTableAssociation:RouteTableAssociation", 2),
        _of("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"),
        _of("aws:ec2/securityGroup:SecurityGroup", 2),
        _of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", 3),
        _of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", 4),
        _of("aws:ec2/vpcEndpoint:VpcEndpoint", 5),
        _of("aws:ec2/flowLog:FlowLog"),
    ),
    _component(
        "identity",
        "Identity",
        _of("aws:iam/role:Role", 6),
        _of("aws:iam/policy:Policy", 6),
        _of("aws:iam/rolePolicyAttachment:RolePolicyAttachment", 6),
    ),
    _component("encryption", "Encryption", _of("aws:kms/key:Key", 3), _of("aws:kms/alias:Alias", 3)),
    _component(
        "audit",
        "Audit",
        _component(
            "audit-bucket",
            "Bucket",
            _of("aws:s3/bucket:Bucket"),
            _of("aws:s3/bucketPolicy:BucketPolicy"),
            _of("aws:s3/bucketVersioning:BucketVersioning"),
            _of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"),
        ),
        _of("aws:cloudtrail/trail:Trail"),
    ),
    _component(
        "workspace",
        "Workspace",
        _of("aws:sagemaker/domain:Domain"),
        _of("aws:sagemaker/userProfile:UserProfile", 2),
        _of("aws:sagemaker/studioLifecycleConfig:StudioLifecycleConfig"),
    ),
    _component(
        "fraud-scorer",
        "Endpoint",
        _of("aws:sagemaker/model:Model"),
        _of("aws:sagemaker/endpointConfiguration:EndpointConfiguration"),
        _of("aws:sagemaker/endpoint:Endpoint"),
        _of("aws:appautoscaling/target:Target"),
        _of("aws:appautoscaling/policy:Policy"),
        _of("aws:cloudwatch/metricAlarm:MetricAlarm", 4),
    ),
    _component(
        "document-embedder",
        "Endpoint",
        _of("aws:sagemaker/model:Model"),
        _of("aws:sagemaker/endpointConfiguration:EndpointConfiguration"),
        _of("aws:sagemaker/endpoint:Endpoint"),
        _of("aws:appautoscaling/target:Target"),
        _of("aws:appautoscaling/policy:Policy", 2),
        _of("aws:cloudwatch/metricAlarm:MetricAlarm", 3),
        _of("aws:sns/topic:Topic", 2),
    ),
    _component(
        "fraud-backfill",
        "Batch",
        _of("aws:scheduler/schedule:Schedule"),
        _of("aws:sfn/stateMachine:StateMachine"),
        _of("aws:cloudwatch/logGroup:LogGroup"),
    ),
    _component("features", "Features").model_copy(update={"count": 0}),
    _component(
        "registry",
        "Registry",
        _of("aws:sagemaker/modelPackageGroup:ModelPackageGroup", 2),
        _of("aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy", 2),
    ),
    _component("budget", "Budget", _of("aws:budgets/budget:Budget"), _of("aws:sns/topic:Topic")),
    _component(
        "monitoring",
        "Monitoring",
        _of("aws:cloudwatch/dashboard:Dashboard"),
        _of("aws:cloudwatch/metricAlarm:MetricAlarm", 5),
    ),
]


def _at(room: str, line: int) -> CodeLine:
    return CodeLine(file=f"components/aws/{room}.py", line=line)


FINDINGS = [
    Finding(
        source="checkov",
        rule="CKV_AWS_158",
        severity="low",
        mandatory=False,
        resource="fraud-backfill-log-group",
        message="The log group is encrypted with the service's key, not with the stack's own.",
        remedy="Hand the stack's key to the log group as kms_key_id.",
        place=_at("batch", 88),
    ),
    Finding(
        source="policy",
        rule="endpoint-data-capture",
        severity="medium",
        mandatory=False,
        resource="fraud-scorer-config",
        message="Data capture is off, so drift cannot be seen once the endpoint serves.",
        remedy="Set capture_percent on the endpoint, or say in its description why not.",
        place=_at("endpoint", 141),
    ),
    Finding(
        source="policy",
        rule="role-no-wildcard",
        severity="critical",
        mandatory=True,
        resource="pipeline-policy",
        message="The pipeline persona may do iam:PassRole on every role of the account.",
        remedy="Name the roles that the pipeline hands on: training, serving and batch.",
        place=_at("identity", 204),
    ),
    Finding(
        source="hardware",
        rule="quota-declared",
        severity="high",
        mandatory=True,
        resource="document-embedder",
        message="A blue/green update needs 4 of ml.g6.xlarge for endpoint usage, and the account declares 2.",
        remedy="Ask for the quota in Service Quotas, or lower max_replicas to 1.",
        place=None,
    ),
    Finding(
        source="cost",
        rule="ceiling-within-budget",
        severity="high",
        mandatory=True,
        resource=None,
        message="The ceiling is $23.91 a month over the budget of $2,500.00.",
        remedy="Lower max_replicas of document-embedder, or raise budget.monthly_usd with its owner.",
        place=None,
    ),
    Finding(
        source="checkov",
        rule="CKV_AWS_144",
        severity="low",
        mandatory=True,
        resource="audit-bucket",
        message="The bucket is not replicated to another region.",
        remedy="Add a replication rule, or waive the policy for a pilot.",
        place=_at("bucket", 52),
        waived=Waived(
            owner="payments-risk@example.com",
            reason="A pilot keeps its logs in one region.",
            granted=date(2026, 11, 20),
            expires=date(2027, 3, 31),
        ),
    ),
    Finding(
        source="checkov",
        rule="CKV2_AWS_62",
        severity="low",
        mandatory=False,
        resource="audit-bucket",
        message="The bucket sends no event notifications.",
        remedy="Add a notification, when something is to listen.",
        place=_at("bucket", 52),
    ),
    Finding(
        source="policy",
        rule="endpoint-in-network",
        severity="high",
        mandatory=True,
        resource="network-monitoring",
        message="The interface endpoint for monitoring is paid for in two zones and nothing needs it.",
        remedy="Drop monitoring from the features' reach.",
        place=_at("network", 148),
    ),
    Finding(
        source="render",
        rule="not-rendered",
        severity="medium",
        mandatory=False,
        resource="fraud-backfill-schedule",
        message="aws:scheduler/schedule:Schedule cannot be rendered: target.sageMakerPipelineParameters is unknown.",
        remedy="Judge this resource by the policies alone, or teach operations/rendering its shape.",
        place=_at("batch", 61),
    ),
    Finding(
        source="checkov",
        rule="CKV_AWS_18",
        severity="low",
        mandatory=True,
        resource="artifacts-bucket",
        message="Access logging is off.",
        remedy="Log to the audit bucket.",
        place=_at("bucket", 71),
        waived=Waived(
            owner="security@example.com",
            reason="CloudTrail data events hold the same.",
            granted=date(2026, 10, 1),
            expires=date(2026, 12, 31),
        ),
    ),
]


def _line(resource: str, component: str, what: str, idle: float, ceiling: float, basis: str) -> CostLine:
    return CostLine(
        resource=resource,
        component=component,
        team="payments-risk" if component != "audit" else "platform",
        what=what,
        idle_usd=idle,
        ceiling_usd=ceiling,
        basis=basis,
        place=_at(component if component in ("network", "audit", "encryption") else "endpoint", 40),
    )


LINES = [
    _line("fraud-scorer", "fraud-scorer", "ml.m5.large", 83.95, 335.80, "730 h x $0.115, 1 to 4 replicas"),
    _line("document-embedder", "document-embedder", "ml.g6.xlarge", 0, 1645.42, "730 h x $1.127, 0 to 2 replicas"),
    *(
        _line(f"network-{service}", "network", "interface endpoint", 14.60, 14.60, "730 h x $0.01 x 2 zones")
        for service in ("sagemaker-api", "sagemaker-runtime", "logs", "ecr-dkr")
    ),
    _line("fraud-backfill", "fraud-backfill", "ml.m5.large", 0, 20.99, "91.25 h x $0.115 x 2 replicas"),
    _line("studio-ana", "workspace", "ml.t3.medium", 0, 182.5, "730 h x $0.05 for each of 5 spaces"),
    _line("studio-ben", "workspace", "ml.t3.medium", 0, 182.5, "730 h x $0.05 for each of 5 spaces"),
    _line("home", "workspace", "elastic file system", 3.00, 30.00, "10 to 100 GB x $0.30"),
    *(
        _line(f"key-{name}", "encryption", "customer-managed key", 1, 1, "$1 a key")
        for name in ("data", "logs", "models")
    ),
    _line("audit-bucket", "audit", "standard storage", 0.23, 11.5, "10 to 500 GB x $0.023"),
    _line("trail", "audit", "data events", 0, 20, "up to 20 million events x $0.10 per 100,000"),
    _line("flow-log", "network", "flow logs to S3", 0.5, 25, "1 to 50 GB x $0.50"),
    _line("alarms", "monitoring", "metric alarms", 1.2, 1.2, "12 x $0.10"),
    _line("dashboard", "monitoring", "dashboard", 3, 3, "1 x $3"),
    _line("metrics", "monitoring", "endpoint metrics", 2.1, 2.1, "7 x $0.30"),
    _line("log-group", "fraud-backfill", "log ingestion", 0.004, 2.5, "up to 5 GB x $0.50"),
]


def _running(name: str, what: str, place: str, *parts: tuple[str, str]) -> Running:
    group = Bound(what="security group", by=["network-workloads"], says="out: TCP 443 to network-endpoints")
    inside = [RunningPart(name=part, machines=machines) for part, machines in parts]
    return Running(urn=f"urn:{name}", name=name, what=what, place=place, parts=inside, bounds=[group])


def _hostile_bound(text: str) -> Bound:
    return Bound(what=text, says=text, by=[text, text, text], holds=False)


def _changes(
    name: str,
    how: Literal["create", "update", "replace", "delete"],
    component: str = "Workspace",
    *,
    properties: Sequence[tuple[str, str | None, str | None]] = (),
    **more: Any,
) -> StepChange:
    costs = {"create": ((0.0, 0.0), (12.5, 80.0)), "delete": ((10.0, 20.0), (0.0, 0.0))}
    return StepChange(
        urn=f"urn:pulumi:{name}",
        resource=name,
        type="aws:sagemaker/userProfile:UserProfile",
        component=f"mlplatform-aws:index:{component}",
        stack_key=name,
        how=how,
        properties=[ChangedProperty(path=path, before=old, after=new) for path, old, new in properties],
        costs=costs.get(how, ((1.0, 2.0), (1.0, 2.0))),
        **more,
    )


STEP = Step(
    since="the file out/aws-pilot.json",
    by="program",
    stands=90,
    changes=[
        _changes("workspace-ben", "delete", holds="work"),
        _changes(
            "registry-artifacts",
            "replace",
            "Registry",
            holds="data",
            protected=True,
            forced_by=["bucket"],
            name_held="its name stays taken for 7 days",
        ),
        _changes("keys-data", "update", "Keys", unguarded=True),
        _changes("workspace-cy", "create"),
        *(_changes(f"network-{zone}", "update", "Network", properties=[("tags.cost", "a", "b")]) for zone in "abc"),
    ],
    idle_usd=2.5,
    ceiling_usd=60,
)
"""Seven changes: three are to be looked at first, and three are alike."""


def sample() -> Verdict:
    """What a pilot looks like that is nearly there: 90 resources, 10 findings, 20 cost lines, 5 links."""
    idle, ceiling = sum(line.idle_usd for line in LINES), sum(line.ceiling_usd for line in LINES)
    by_team = {
        team: (
            sum(line.idle_usd for line in LINES if line.team == team),
            sum(line.ceiling_usd for line in LINES if line.team == team),
        )
        for team in ("payments-risk", "platform")
    }
    return Verdict(
        stack="aws-pilot",
        platform="aws",
        account="111122223333",
        region="us-east-1",
        judged_on=date(2026, 11, 22),
        seconds=11.42,
        passed=False,
        resources=90,
        created=CREATED,
        findings=FINDINGS,
        checks_passed={"policy": 412, "checkov": 187, "hardware": 9},
        cost=Cost(
            lines=LINES,
            idle_usd=idle,
            ceiling_usd=ceiling,
            by_team=by_team,
            budget_usd=2500,
            assumptions=["730 hours a month.", "No free tier.", "Studio spaces stop after 60 idle minutes."],
            unpriced=[
                UnpricedResource(urn="urn:errors", resource="document-embedder-errors", why="bills, and has no price.")
            ],
            second_hand=["ml.g6.xlarge in us-east-1: from the price page, read on 2026-11-02, not from the price API."],
        ),
        hardware=[
            HardwareUse(
                urn="urn:use",
                name="fraud-scorer",
                family="cpu-small",
                machine_type="ml.m5.large",
                use="online",
                replicas="1 to 4",
                sold_in_region=True,
                may_serve=True,
                quota_name="ml.m5.large for endpoint usage",
                needed=8,
                declared=10,
            ),
            HardwareUse(
                urn="urn:use",
                name="document-embedder",
                family="gpu-l4",
                machine_type="ml.g6.xlarge",
                use="async",
                replicas="0 to 2",
                sold_in_region=True,
                may_serve=True,
                quota_name="ml.g6.xlarge for endpoint usage",
                needed=4,
                declared=2,
            ),
            HardwareUse(
                urn="urn:use",
                name="fraud-backfill",
                family="cpu-small",
                machine_type="ml.m5.large",
                use="batch",
                replicas="2",
                sold_in_region=True,
                may_serve=True,
                quota_name="ml.m5.large for transform job usage",
                needed=2,
                declared=None,
            ),
        ],
        runs=[
            WhatRuns(
                urn="urn:use",
                name="fraud-scorer",
                what="online endpoint",
                parts=[RunPart(name="", does="serves", machine="ml.m5.large", count="1 to 4")],
                when=["all the time"],
                started_by=["its scaling"],
                rings=["fraud-scorer-errors"],
            ),
            WhatRuns(
                urn="urn:path",
                name="fraud-path",
                what="pipeline",
                parts=[
                    RunPart(name="prepare", does="step", machine="ml.m5.large", count="1", hours=1, usd=0.12),
                    RunPart(
                        name="train",
                        does="step",
                        machine="ml.m5.xlarge",
                        count="1",
                        spot=True,
                        hours=2,
                        after=["prepare"],
                        usd=0.46,
                    ),
                ],
                when=["every Sunday at 02:30, Europe/Berlin"],
                started_by=["fraud-path-schedule"],
                a_month=4.35,
                run_usd=0.58,
                rings=["fraud-path-failed"],
            ),
        ],
        network=NetworkPicture(
            places=[
                NetworkPlace(
                    name="network-vpc",
                    side="stack",
                    ranges=["10.40.0.0/20"],
                    subnets=[("10.40.0.0/22", "us-east-1a"), ("10.40.4.0/22", "us-east-1b")],
                    bounds=[Bound(what="route table", by=["network-routes"], says="has no route of its own")],
                ),
                NetworkPlace(
                    name="SageMaker's own network",
                    side="platform",
                    bounds=[Bound(what="nothing", says="its containers reach the internet", holds=False)],
                ),
            ],
            running=[
                _running("studio", "workspace", "network-vpc", ("ana", ""), ("ben", "")),
                _running("fraud-scorer", "online endpoint", "network-vpc", ("variant live", "1 to 4 x ml.m5.large")),
                _running("document-embedder", "async endpoint", "SageMaker's own network", ("live", "0 to 2 x ml.g6")),
                _running("fraud-backfill", "batch job", "network-vpc", ("transform", "2 x ml.m5.large")),
            ],
            callers=[
                Callers(
                    who=["data-scientist"],
                    calls=["fraud-scorer", "document-embedder"],
                    ways=["network-sagemaker-runtime"],
                    bounds=[Bound(what="identity policy", says="names no network", holds=False)],
                )
            ],
            links=[
                NetworkLink(
                    service="com.amazonaws.us-east-1.s3",
                    endpoint="network-s3",
                    kind="Gateway",
                    needed_by=["Studio of ana", "Studio of ben", "fraud-scorer", "document-embedder", "fraud-backfill"],
                    bounds=[Bound(what="endpoint policy", by=["network-s3"], says="lets the account through")],
                ),
                NetworkLink(
                    service="com.amazonaws.us-east-1.sagemaker.api",
                    endpoint="network-sagemaker-api",
                    kind="Interface",
                    needed_by=["Studio of ana", "Studio of ben"],
                    bounds=[
                        Bound(what="endpoint policy", by=["network-sagemaker-api"], says="lets the account through")
                    ],
                ),
                NetworkLink(
                    service="com.amazonaws.us-east-1.sagemaker.runtime",
                    endpoint="network-sagemaker-runtime",
                    kind="Interface",
                    needed_by=["Studio of ana", "Studio of ben"],
                    bounds=[
                        Bound(what="endpoint policy", by=["network-sagemaker-runtime"], says="lets the account through")
                    ],
                ),
                NetworkLink(
                    service="com.amazonaws.us-east-1.logs",
                    endpoint="network-logs",
                    kind="Interface",
                    needed_by=["fraud-scorer", "document-embedder", "fraud-backfill"],
                    bounds=[Bound(what="endpoint policy", by=["network-logs"], says="lets the account through")],
                ),
                NetworkLink(
                    service="com.amazonaws.us-east-1.monitoring",
                    endpoint="network-monitoring",
                    kind="Interface",
                    needed_by=[],
                    bounds=[Bound(what="endpoint policy", by=["network-monitoring"], says="lets the account through")],
                ),
            ],
        ),
        caveats=[Caveat(says="Machines run on the platform's side.", source="https://docs.aws.amazon.com/a.html")],
        proofs=[
            Proof(
                name=PROOFS[0],
                state="planned",
                fact="2 manual steps are left to a first prediction (limit 8), and nobody has tried them",
            ),
            Proof(name=PROOFS[1], state="failed", fact="gpu-l4 needs 4 of ml.g6.xlarge, and the account declares 2."),
            Proof(
                name=PROOFS[2],
                state="planned",
                fact="No route to the internet; 4 of 5 endpoints are needed, none is missing.",
            ),
            Proof(
                name=PROOFS[3], state="not yet", fact="Export has not been rehearsed: run mlplatform export aws-pilot."
            ),
            Proof(
                name=PROOFS[4],
                state="planned",
                fact="19 of 20 billing resources are priced, and all carry team and cost-center.",
            ),
        ],
        manual_steps=[
            ManualStep(
                what="ask for 4 of ml.g6.xlarge for endpoint usage",
                who="deployer",
                commands=["aws service-quotas request-service-quota-increase --service-code sagemaker"],
                checks=["aws service-quotas get-service-quota --service-code sagemaker"],
            ),
            ManualStep(what="confirm the budget's e-mail subscription as payments-risk@example.com", who="owner"),
        ],
        step=STEP,
    )


def hostile() -> Verdict:
    """The sample with markup, control characters, other scripts and endless names wherever text may stand."""
    text, long = HOSTILE, f"{HOSTILE}{'x' * 300}"
    place = CodeLine(file=f"components/{text}.py", line=0)
    waived = Waived(owner=text, reason=long, granted=date(2026, 11, 1), expires=date(2027, 1, 1))
    finding = Finding(
        source="policy",
        rule=text,
        severity="high",
        mandatory=True,
        resource=long,
        message=f"{text}\nsecond line",
        remedy=long,
        place=place,
    )
    deep = _of(f"aws:x/{text}:{text}", 3)
    for depth in range(12):
        deep = _component(f"{text} {depth}", text, deep, _of(f"aws:y/{depth}:{text}{depth}", depth))
    line = CostLine(
        resource=long, component=long, team=text, what=long, idle_usd=0.001, ceiling_usd=1e9, basis=long, place=place
    )
    return Verdict(
        stack=text,
        platform=text,
        account=text,
        region=text,
        judged_on=date(2026, 11, 22),
        seconds=0,
        passed=False,
        resources=1,
        created=[deep, *(_component(f"{text} {index}", text, _of(text, index)) for index in range(60))],
        findings=[
            finding,
            finding.model_copy(update={"mandatory": False}),
            finding.model_copy(update={"waived": waived}),
            finding.model_copy(update={"excepted": Excepted(reason=long, decision=text)}),
            finding.model_copy(update={"waiver": long}),
            finding.model_copy(update={"never_waived": long}),
        ],
        checks_passed={text: 3},
        cost=Cost(
            lines=[line],
            idle_usd=0.001,
            ceiling_usd=1e9,
            by_team={long: (0.001, 1e9)},
            budget_usd=1e12,
            assumptions=[long],
            unpriced=[UnpricedResource(urn="urn:long", resource=long, why=long)],
            second_hand=[long],
        ),
        hardware=[
            HardwareUse(
                urn="urn:use",
                name=long,
                family=text,
                machine_type=long,
                use=text,
                replicas=text,
                sold_in_region=False,
                may_serve=False,
                quota_name=long,
                needed=1,
                declared=0,
            )
        ],
        runs=[
            WhatRuns(
                urn="urn:use",
                name=long,
                what="pipeline",
                parts=[
                    RunPart(name=name, does=text, machine=long, count=text, hours=1e9, after=[text], usd=1e9)
                    for name in (text, long)
                ],
                when=[text, long],
                started_by=[long],
                a_month=1e9,
                rings=[long, text],
            ),
            WhatRuns(urn="urn:unread", name=text, what=long, unread=long),
        ],
        network=NetworkPicture(
            places=[
                NetworkPlace(name=text, side="given", subnets=[(long, text)], bounds=[_hostile_bound(text)]),
                NetworkPlace(name=long, side="platform", bounds=[_hostile_bound(long)]),
            ],
            running=[
                Running(
                    urn=text,
                    name=long,
                    what=text,
                    place=place,
                    parts=[RunningPart(name=long, machines=text)] * 20,
                    bounds=[_hostile_bound(text)],
                )
                for place in (text, long)
            ],
            links=[
                NetworkLink(
                    service=long,
                    endpoint=long,
                    kind="Gateway",
                    needed_by=[long] * 20,
                    bounds=[_hostile_bound(text)],
                    leads_to=[long],
                )
            ],
            callers=[Callers(who=[long], calls=[text], ways=[text], bounds=[_hostile_bound(long)])],
        ),
        caveats=[Caveat(says=text, source=text)],
        proofs=[
            Proof(name=name, state=state, fact=long)
            for name, state in zip(PROOFS, ("failed", "not yet") * 3, strict=False)
        ],
        manual_steps=[ManualStep(what=long, who=text, commands=[long, text], checks=[long])],
        step=Step(
            since=long,
            by="program",
            stands=1,
            changes=[
                _changes(long, how, holds="unknown", name_held=long, properties=[(long, None, text)] * 4)
                for how in ("delete", "update")
            ],
            idle_usd=None,
            ceiling_usd=None,
        ),
    )


def nothing() -> Verdict:
    """A verdict in which everything that may be empty is."""
    return Verdict(
        stack="empty",
        platform="aws",
        account="111122223333",
        region="us-east-1",
        judged_on=date(2026, 11, 22),
        seconds=1,
        passed=True,
        resources=0,
        created=[],
        findings=[],
        checks_passed={},
        cost=Cost(
            lines=[],
            idle_usd=0,
            ceiling_usd=0,
            by_team={},
            budget_usd=None,
            assumptions=[],
            unpriced=[],
            second_hand=[],
        ),
        hardware=[],
        network=None,
        proofs=[],
        manual_steps=[],
    )


def excepted() -> Verdict:
    """The sample with one more finding, which is an exception of the design, and with the lines that waive others."""
    verdict = sample()
    retained, capture, wildcard, quota, *rest = verdict.findings
    of_the_design = Finding(
        source="checkov",
        rule="CKV_AWS_98",
        severity="high",
        mandatory=True,
        resource="document-embedder-config",
        message="The endpoint has no volume key.",
        remedy="Give it one.",
        place=_at("endpoint", 101),
        excepted=Excepted(
            reason="these machines encrypt their local NVMe",
            decision="docs/adr/0011-keys.md",
            decided=date(2026, 11, 10),
        ),
    )
    told = [
        wildcard.model_copy(update={"waiver": "- {rule: role-no-wildcard, owner: }"}),
        quota.model_copy(update={"never_waived": "nobody has read it"}),
    ]
    return verdict.model_copy(update={"findings": [retained, capture, *told, *rest, of_the_design]})
