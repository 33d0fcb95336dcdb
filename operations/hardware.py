"""Hardware fit: whether each family a stack uses is sold in the region, may serve that use, and is within quota."""

from collections import Counter
from collections.abc import Iterator

from components.hardware import catalogue
from components.hardware.catalogue import Use
from operations.verdict import HardwareUse
from policies import limits
from policies.aws.encryption import transform_tasks
from policies.aws.limits import FLEETS_IN_UPDATE
from policies.rule import Stack, get, refers

_CONFIG, _TARGET = "aws:sagemaker/endpointConfiguration:EndpointConfiguration", "aws:appautoscaling/target:Target"


def fit(stack: Stack, region: str) -> list[HardwareUse]:
    """One row a use of hardware; `needed` is what this row alone may draw from its quota at once."""
    hardware = catalogue.load("aws")
    declared = limits.load().quotas["aws"]
    rows: list[HardwareUse] = []
    for name, machine, use, low, high in _uses(stack):
        family_name = hardware.family_of(machine)
        family = hardware.families[family_name] if family_name else None
        quota = family.uses.get(use) if family else None
        quota_name = quota.quota_name if quota else f"{machine} for {use}"
        limit = declared.get(quota_name)
        rows.append(
            HardwareUse(
                name=name,
                family=family_name or "unknown",
                machine_type=machine,
                use=use,
                replicas=str(high) if low == high else f"{low} to {high}",
                sold_in_region=bool(family and family.sold_in(region)),
                may_serve=quota is not None,
                quota_name=quota_name,
                needed=high if use == "batch" else FLEETS_IN_UPDATE * high,
                declared=int(limit.number) if limit else None,
            )
        )
    return rows


def problems(rows: list[HardwareUse], region: str) -> Iterator[tuple[HardwareUse, str]]:
    """One sentence for each row that does not fit."""
    total: Counter[str] = Counter()
    for row in rows:
        total[row.quota_name] += row.needed
    for row in rows:
        if not row.sold_in_region:
            yield row, f"{row.name} uses {row.family} ({row.machine_type}), which no source shows in {region}"
        if not row.may_serve:
            yield (
                row,
                f"{row.name} uses {row.family} ({row.machine_type}) for {row.use}, which SageMaker does not accept",
            )
        elif row.declared is None:
            yield row, f"{row.name} draws on the quota '{row.quota_name}', which nobody declared"
        elif total[row.quota_name] > row.declared:
            yield row, f"{row.name}: '{row.quota_name}' may need {total[row.quota_name]}, declared {row.declared}"


def _uses(stack: Stack) -> Iterator[tuple[str, str, Use, int, int]]:
    """Each user of machines: name, machine type, use, and its smallest and largest number of replicas."""
    for endpoint in stack.of("aws:sagemaker/endpoint:Endpoint"):
        for config in refers(endpoint, "endpointConfigName", _CONFIG):
            machine = str(get(config.props, "productionVariants.instanceType"))
            initial = int(get(config.props, "productionVariants.initialInstanceCount") or 1)
            target = next(iter(stack.referring(_TARGET, "resourceId", endpoint)), None)
            low, high = (target.props["minCapacity"], target.props["maxCapacity"]) if target else (initial, initial)
            yield endpoint.name, machine, "async" if config.props.get("asyncInferenceConfig") else "online", low, high
    for machine in stack.of("aws:sfn/stateMachine:StateMachine"):
        for task in transform_tasks(machine.props):
            resources = get(task, "Parameters.TransformResources")
            count = int(resources["InstanceCount"])
            yield machine.name, str(resources["InstanceType"]), "batch", count, count
