"""What a stack on Amazon SageMaker costs: each resource type is free for a reason, or priced by a function."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from operations.cost.prices import MONTH_MINUTES, Bill, Prices, cron_runs_per_month
from pulumi_policy import PolicyResource

from catalogue.hardware.catalogue import Use
from policies.aws.encryption import transform_tasks
from policies.rule import get, refers

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
    """How often an EventBridge cron or rate expression fires in an average month."""
    kind, _, inner = expression.rstrip(")").partition("(")
    if kind == "rate":
        number, unit = inner.split()
        return MONTH_MINUTES / (int(number) * {"minute": 1, "hour": 60, "day": 1440}[unit.rstrip("s")])
    minute, hour, day, month, weekday, _ = inner.split()
    days = weekday.replace("?", "*")
    unix = days if days == "*" else ",".join(str(int(number) - 1) for number in days.split(","))
    return cron_runs_per_month(f"{minute} {hour} {day.replace('?', '*')} {month} {unix}")


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
