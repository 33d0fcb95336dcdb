"""What a stack costs a month: the idle floor, with no traffic, and the ceiling, with everything at its maximum.

Read from the resource graph and the hardware catalogue. Every resource type is either priced here, free for a
stated reason, or reported as unpriced: nothing bills unseen.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from cronsim import CronSim
from pulumi_policy import PolicyResource

from components.hardware import catalogue
from components.hardware.catalogue import Catalogue, Use
from operations.graph import Graph
from operations.policies import place
from operations.verdict import Cost, CostLine
from policies.aws.encryption import transform_tasks
from policies.rule import Stack, get, refers, section

_CONFIG, _TARGET = "aws:sagemaker/endpointConfiguration:EndpointConfiguration", "aws:appautoscaling/target:Target"
_ENDPOINT, _BUCKET = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:s3/bucket:Bucket"
_SCHEDULE = "aws:scheduler/schedule:Schedule"

# What bills nothing by itself, and why. Sources: the pricing pages of the services named in the catalogue.
FREE: Mapping[str, str] = {
    "aws:appautoscaling/policy:Policy": "autoscaling is free; its alarms are AWS's",
    "aws:appautoscaling/target:Target": "autoscaling is free",
    "aws:budgets/budget:Budget": "budgets without actions are free",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "security groups are free",
    "aws:ec2/routeTable:RouteTable": "routing is free",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "routing is free",
    "aws:ec2/securityGroup:SecurityGroup": "security groups are free",
    "aws:ec2/subnet:Subnet": "subnets are free",
    "aws:ec2/vpc:Vpc": "a VPC is free",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "a setting",
    "aws:iam/policy:Policy": "IAM is free",
    "aws:iam/role:Role": "IAM is free",
    "aws:iam/rolePolicy:RolePolicy": "IAM is free",
    "aws:kms/alias:Alias": "an alias is free; its key is not",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "a setting",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "a setting",
    "aws:s3/bucketPolicy:BucketPolicy": "a setting",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "a setting",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "a setting",
    "aws:s3/bucketVersioning:BucketVersioning": "a setting; the old versions count as stored",
    "aws:sagemaker/domain:Domain": "a domain is free; its users' applications and spaces are not",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": "a setting; its endpoint bills",
    "aws:sagemaker/model:Model": "a model is free; what serves it bills",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": "the registry is free",
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": "a setting",
    "aws:scheduler/schedule:Schedule": "a start a night is far below the free invocations",
    "aws:sns/topic:Topic": "alerts stay below the free publishes",
    "aws:sns/topicPolicy:TopicPolicy": "a setting",
    "aws:sns/topicSubscription:TopicSubscription": "e-mails stay below the free deliveries",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "security groups are free",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "security groups are free",
}


class Unpriced(Exception):
    """The catalogue has no price for something that bills; `str()` names it."""


@dataclass(frozen=True)
class Bill:
    """One resource's share a month in dollars, and the arithmetic in words."""

    what: str
    idle: float
    ceiling: float
    basis: str


@dataclass(frozen=True)
class Prices:
    """The catalogue in one region, the stack beside it."""

    stack: Stack
    hardware: Catalogue
    region: str

    def hour(self, machine_type: str, use: Use) -> float:
        """Dollars an hour for a machine. Raises Unpriced where the catalogue has none in this region."""
        family = self.hardware.family_of(machine_type)
        price = self.hardware.families[family].price(self.region, use) if family else None
        if price is None:
            raise Unpriced(f"{machine_type} for {use} in {self.region}")
        return price

    def of(self, service: str) -> float:
        """Dollars a unit of a service. Raises Unpriced where the catalogue has none in this region."""
        price = self.hardware.services[service].price_usd.get(self.region)
        if price is None:
            raise Unpriced(f"{service} in {self.region}")
        return price

    def assume(self, name: str) -> float:
        """A stated assumption."""
        return self.hardware.assumptions[name].value


def _endpoint(prices: Prices, resource: PolicyResource) -> Bill:
    config = refers(resource, "endpointConfigName", _CONFIG)[0]
    machine = str(get(config.props, "productionVariants.instanceType"))
    use: Use = "async" if config.props.get("asyncInferenceConfig") else "online"
    initial = int(get(config.props, "productionVariants.initialInstanceCount") or 1)
    target = next(iter(prices.stack.referring(_TARGET, "resourceId", resource)), None)
    low, high = (target.props["minCapacity"], target.props["maxCapacity"]) if target else (initial, initial)
    hours, hour = prices.hardware.hours_per_month, prices.hour(machine, use)
    family = prices.hardware.families[prices.hardware.family_of(machine) or ""]
    volume = 0.0 if family.local_nvme else prices.assume("endpoint-volume-gb") * prices.of("sagemaker-endpoint-storage")
    logs = prices.assume("log-gb-per-replica") * prices.of("cloudwatch-logs-ingestion")
    return Bill(
        f"{use} endpoint",
        low * (hours * hour + volume),
        high * (hours * hour + volume + logs),
        f"{low:g} to {high:g} × {machine} × {hours} h × ${hour:g}, volumes, and logs in the ceiling",
    )


def _batch(prices: Prices, resource: PolicyResource) -> Bill:
    runs = sum(
        runs_per_month(s.props["scheduleExpression"]) for s in prices.stack.referring(_SCHEDULE, "target", resource)
    )
    total, parts = 0.0, list[str]()
    for task in transform_tasks(resource.props):
        machines = get(task, "Parameters.TransformResources")
        count, machine = int(machines["InstanceCount"]), str(machines["InstanceType"])
        hours, hour = _timeout_hours(resource.props), prices.hour(machine, "batch")
        total += runs * count * hours * hour
        parts.append(f"{runs:.1f} runs × {count} × {machine} × at most {hours:g} h × ${hour:g}")
    return Bill("batch job", 0.0, total, f"nothing between runs; ceiling {'; '.join(parts)}")


def _timeout_hours(props: Mapping[str, Any]) -> float:
    return json.loads(props["definition"]).get("TimeoutSeconds", 24 * 3600) / 3600


def runs_per_month(expression: str) -> float:
    """How often an EventBridge cron or rate expression fires in an average month (365.25 / 12 days)."""
    kind, _, inner = expression.rstrip(")").partition("(")
    month_minutes = 365.25 / 12 * 24 * 60
    if kind == "rate":
        number, unit = inner.split()
        return month_minutes / (int(number) * {"minute": 1, "hour": 60, "day": 1440}[unit.rstrip("s")])
    minute, hour, day, month, weekday, _ = inner.split()
    days = weekday.replace("?", "*")
    unix = days if days == "*" else ",".join(str(int(number) - 1) for number in days.split(","))
    start = datetime(2026, 1, 1)
    end = start + timedelta(days=365)
    every = CronSim(f"{minute} {hour} {day.replace('?', '*')} {month} {unix}", start)
    fired = list(islice(takewhile(lambda time: time < end, every), 9000))  # enough for a rate, however often it fires
    if len(fired) < 9000:
        return len(fired) / 12
    return 9000 * month_minutes / ((fired[-1] - start).total_seconds() / 60)


def _vpc_endpoint(prices: Prices, resource: PolicyResource) -> Bill:
    if resource.props.get("vpcEndpointType") == "Gateway":
        return Bill("gateway endpoint", 0.0, 0.0, "gateway endpoints are free")
    zones = len(resource.props.get("subnetIds") or ())
    interfaces = [e for e in prices.stack.of(_ENDPOINT) if e.props.get("vpcEndpointType") == "Interface"]
    hours, hour = prices.hardware.hours_per_month, prices.of("vpc-interface-endpoint")
    data = prices.assume("endpoint-data-gb") / len(interfaces) * prices.of("vpc-endpoint-data")
    standing = zones * hours * hour
    return Bill(
        "interface endpoint", standing, standing + data, f"{zones} zones × {hours} h × ${hour:g}, data in the ceiling"
    )


def _key(prices: Prices, resource: PolicyResource) -> Bill:
    month = prices.of("kms-key")
    keys = len(prices.stack.of("aws:kms/key:Key"))
    requests = prices.assume("kms-requests") / 10_000 * prices.of("kms-requests") / keys
    return Bill("key", month, month + requests, f"${month:g} a month, requests in the ceiling")


def _alarm(prices: Prices, resource: PolicyResource) -> Bill:
    month = prices.of("cloudwatch-alarm")
    return Bill("alarm", month, month, f"${month:g} a month")


def _log_group(prices: Prices, resource: PolicyResource) -> Bill:
    amount = prices.assume("batch-log-gb")
    return Bill("logs", 0.0, amount * prices.of("cloudwatch-logs-ingestion"), f"{amount:g} GB taken in, in the ceiling")


def _flow_log(prices: Prices, resource: PolicyResource) -> Bill:
    amount = prices.assume("flow-log-gb")
    return Bill("flow log", 0.0, amount * prices.of("vpc-flow-logs"), f"{amount:g} GB delivered, in the ceiling")


def _trail(prices: Prices, resource: PolicyResource) -> Bill:
    events = prices.assume("trail-data-events")
    cost = events / 100_000 * prices.of("cloudtrail-data-events")
    return Bill("trail", 0.0, cost, f"management calls free; {events:,.0f} data events in the ceiling")


def _bucket(prices: Prices, resource: PolicyResource) -> Bill:
    amount = prices.assume("artifact-gb") / len(prices.stack.of(_BUCKET))
    cost = amount * prices.of("s3-standard")
    return Bill("storage", cost, cost, f"{amount:g} GB kept, traffic or not")


def _repository(prices: Prices, resource: PolicyResource) -> Bill:
    amount = prices.assume("image-gb")
    return Bill("images", 0.0, amount * prices.of("ecr-storage"), f"empty at first; {amount:g} GB in the ceiling")


def _user(prices: Prices, resource: PolicyResource) -> Bill:
    hours, hour = prices.assume("workspace-hours-per-user"), prices.of("studio-app-ml.t3.medium")
    amount = prices.assume("workspace-gb-per-user")
    space = amount * prices.of("studio-space-storage")
    return Bill(
        "workspace user", space, space + hours * hour, f"{amount:g} GB of space; {hours:g} h × ${hour:g} in the ceiling"
    )


PRICED: Mapping[str, Callable[[Prices, PolicyResource], Bill]] = {
    "aws:cloudtrail/trail:Trail": _trail,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:ec2/flowLog:FlowLog": _flow_log,
    _ENDPOINT: _vpc_endpoint,
    "aws:ecr/repository:Repository": _repository,
    "aws:kms/key:Key": _key,
    _BUCKET: _bucket,
    "aws:sagemaker/endpoint:Endpoint": _endpoint,
    "aws:sagemaker/userProfile:UserProfile": _user,
    "aws:sfn/stateMachine:StateMachine": _batch,
}


def price(graph: Graph, stack: Stack, region: str) -> Cost:
    """Price every resource of the stack. Never raises for a missing price: what has none is in `unpriced`."""
    hardware = catalogue.load(graph.platform)
    prices = Prices(stack, hardware, region)
    lines: list[CostLine] = []
    unpriced: list[str] = []
    for resource in stack.resources:
        if resource.resource_type.startswith("pulumi:") or resource.resource_type in FREE:
            continue
        pricing = PRICED.get(resource.resource_type)
        if pricing is None:
            unpriced.append(f"{resource.name}: nothing is known of the cost of {resource.resource_type}")
            continue
        try:
            bill = pricing(prices, resource)
        except Unpriced as missing:
            unpriced.append(f"{resource.name}: the catalogue has no price of {missing}")
            continue
        node = graph.by_urn[resource.urn]
        parent = graph.by_urn.get(node.parent or "")
        lines.append(
            CostLine(
                resource=resource.name,
                component=parent.type.rpartition(":")[2] if parent else "Stack",
                team=str(section(resource.props, "tags").get("team", "nobody")),
                what=bill.what,
                idle_usd=round(bill.idle, 2),
                ceiling_usd=round(bill.ceiling, 2),
                basis=bill.basis,
                place=place(node),
            )
        )
    lines.sort(key=lambda line: (-line.ceiling_usd, line.resource))
    budgets = [
        float(b.props["limitAmount"]) for b in stack.of("aws:budgets/budget:Budget") if b.props.get("limitAmount")
    ]
    return Cost(
        lines=lines,
        idle_usd=round(sum(line.idle_usd for line in lines), 2),
        ceiling_usd=round(sum(line.ceiling_usd for line in lines), 2),
        by_team=_by_team(lines),
        budget_usd=sum(budgets) if budgets else None,
        assumptions=[f"{a.value:g} {a.unit}: {a.reason}" for a in hardware.assumptions.values()],
        unpriced=unpriced,
        second_hand=sorted(_second_hand(prices)),
    )


def _by_team(lines: list[CostLine]) -> dict[str, tuple[float, float]]:
    teams: dict[str, tuple[float, float]] = {}
    for line in lines:
        idle, ceiling = teams.get(line.team, (0.0, 0.0))
        teams[line.team] = (round(idle + line.idle_usd, 2), round(ceiling + line.ceiling_usd, 2))
    return teams


def _second_hand(prices: Prices) -> Iterator[str]:
    """The second-hand sources that prices in this region rest on: their address and date."""
    machines = {get(c.props, "productionVariants.instanceType") for c in prices.stack.of(_CONFIG)}
    families = [f for f in prices.hardware.families.values() if f.machine_type in machines]
    cited = {f.price_per_hour_usd[prices.region].source for f in families if prices.region in f.price_per_hour_usd}
    cited |= {s.price_sources.get(prices.region, s.source) for s in prices.hardware.services.values()}
    for name in cited:
        source = prices.hardware.sources[name]
        if source.hand == "second":
            yield f"{source.address} ({source.date})"
