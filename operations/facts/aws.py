"""What the judgement reads of a stack on Amazon SageMaker."""

import json
from collections.abc import Iterator

from catalogue.graph import Graph
from operations.facts import MachineUse
from operations.verdict import Link, NetworkPicture
from policies.aws import cost
from policies.aws.encryption import transform_tasks
from policies.aws.network import NEEDS, service_of
from policies.rule import Stack, get, refers

_VPC, _SUBNET, _ENDPOINT = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/vpcEndpoint:VpcEndpoint"
_CONFIG, _TARGET = "aws:sagemaker/endpointConfiguration:EndpointConfiguration", "aws:appautoscaling/target:Target"
_DOMAIN, _MODEL = "aws:sagemaker/domain:Domain", "aws:sagemaker/model:Model"
_SERVED, _MACHINE = "aws:sagemaker/endpoint:Endpoint", "aws:sfn/stateMachine:StateMachine"
_NEEDED_BY = {_DOMAIN: "the workspace", _MODEL: "models and batch jobs", _SERVED: "callers of endpoints"}

tags_at = cost.tags_at


def place(graph: Graph) -> tuple[str, str]:
    """The provider's one allowed account and its region; its inputs are JSON strings on the wire."""
    provider = next(r for r in graph.resources if r.is_provider)
    return json.loads(provider.inputs["allowedAccountIds"])[0], str(provider.inputs["region"])


def uses(stack: Stack) -> Iterator[MachineUse]:
    """Endpoints with their scalable target's range, and the transform jobs of state machines."""
    for endpoint in stack.of(_SERVED):
        for config in refers(endpoint, "endpointConfigName", _CONFIG):
            machine = str(get(config.props, "productionVariants.instanceType"))
            initial = int(get(config.props, "productionVariants.initialInstanceCount") or 1)
            target = next(iter(stack.referring(_TARGET, "resourceId", endpoint)), None)
            low, high = (target.props["minCapacity"], target.props["maxCapacity"]) if target else (initial, initial)
            use = "async" if config.props.get("asyncInferenceConfig") else "online"
            yield MachineUse(endpoint.name, machine, use, low, high)
    for machine in stack.of(_MACHINE):
        for task in transform_tasks(machine.props):
            resources = get(task, "Parameters.TransformResources")
            count = int(resources["InstanceCount"])
            yield MachineUse(machine.name, str(resources["InstanceType"]), "batch", count, count)


def budgets(stack: Stack) -> Iterator[float]:
    """The limit of each cost budget."""
    for budget in stack.of("aws:budgets/budget:Budget"):
        if budget.props.get("limitAmount"):
            yield float(budget.props["limitAmount"])


def artifacts(stack: Stack) -> set[str]:
    """Where the models' containers take their artifacts from."""
    return {str(uri) for m in stack.of(_MODEL) if (uri := get(m.props, "primaryContainer.modelDataUrl"))}


def exportable(stack: Stack) -> str:
    """Artifacts in S3, and the registry's package groups."""
    groups = len(stack.of("aws:sagemaker/modelPackageGroup:ModelPackageGroup"))
    return f"{len(artifacts(stack))} model artifacts in S3 and {groups} package groups"


def before_up(stack: Stack) -> Iterator[str]:
    """Nothing: AWS's services need no switching on."""
    yield from ()


def after_up(stack: Stack) -> Iterator[str]:
    """E-mail subscriptions want a yes, and a cost-allocation tag the payer account."""
    for subscription in stack.of("aws:sns/topicSubscription:TopicSubscription"):
        if subscription.props.get("protocol") == "email":
            yield f"confirm the alerts e-mail to {subscription.props.get('endpoint')}"
    if stack.of("aws:budgets/budget:Budget"):
        yield "activate the cost-allocation tag team in the payer account"
    if served := stack.of(_SERVED):
        yield f"call {served[0].props.get('name')} from inside the network, for example from Studio"


def network(stack: Stack) -> NetworkPicture | None:
    """The VPC, its subnets, who is inside, and each service reached through a VPC endpoint."""
    vpcs = stack.of(_VPC)
    if not vpcs:
        return None
    links = [
        Link(
            service=service_of(endpoint),
            endpoint=endpoint.name,
            kind=endpoint.props["vpcEndpointType"],
            needed_by=sorted(
                _NEEDED_BY[type_]
                for type_, services in NEEDS.items()
                if service_of(endpoint) in services and stack.of(type_)
            ),
        )
        for endpoint in stack.of(_ENDPOINT)
    ]
    return NetworkPicture(
        cidr=str(vpcs[0].props["cidrBlock"]),
        subnets=[(str(s.props["cidrBlock"]), str(s.props["availabilityZone"])) for s in stack.of(_SUBNET)],
        inside=[resource.name for resource in stack.of(_DOMAIN, _SERVED, _MACHINE)],
        links=links,
    )
