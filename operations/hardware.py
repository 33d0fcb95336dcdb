"""Hardware fit: whether each family a stack uses is sold in the region, may serve that use, and is within quota."""

import math
from collections import Counter
from collections.abc import Iterator

from components.hardware import catalogue
from operations import facts
from operations.verdict import HardwareUse
from policies import limits
from policies.quotas import FLEETS_IN_UPDATE
from policies.rule import Stack
from stacks.platforms import PLATFORMS


def fit(platform: str, stack: Stack, region: str) -> list[HardwareUse]:
    """One row a use of hardware; `needed` is what this row alone may draw from its quota at once, in its units."""
    hardware = catalogue.load(platform)
    declared = limits.load().quotas.get(platform, {})
    rows: list[HardwareUse] = []
    for use in facts.of(platform).uses(stack):
        family_name = hardware.family_of(use.machine_type, use.accelerator)
        family = hardware.families[family_name] if family_name else None
        quota = family.uses.get(use.use) if family else None
        quota_name = quota.quota_name if quota else f"{use.machine_type} for {use.use}"
        limit = declared.get(quota_name)
        machines = use.high if use.use == "batch" else FLEETS_IN_UPDATE * use.high
        rows.append(
            HardwareUse(
                name=use.name,
                family=family_name or "unknown",
                machine_type=use.machine_type,
                use=use.use,
                replicas=str(use.high) if use.low == use.high else f"{use.low} to {use.high}",
                sold_in_region=bool(family and family.sold_in(region)),
                may_serve=quota is not None,
                quota_name=quota_name,
                needed=math.ceil(hardware.draws(family_name, use.use, machines)) if family_name and quota else machines,
                declared=int(limit.number) if limit else None,
            )
        )
    return rows


def problems(rows: list[HardwareUse], platform: str, region: str) -> Iterator[tuple[HardwareUse, str]]:
    """One sentence for each row that does not fit."""
    total: Counter[str] = Counter()
    for row in rows:
        total[row.quota_name] += row.needed
    for row in rows:
        if not row.sold_in_region:
            yield row, f"{row.name} uses {row.family} ({row.machine_type}), which no source shows in {region}"
        if not row.may_serve:
            product = PLATFORMS[platform].product
            yield (
                row,
                f"{row.name} uses {row.family} ({row.machine_type}) for {row.use}, which {product} does not accept",
            )
        elif row.declared is None:
            yield row, f"{row.name} draws on the quota '{row.quota_name}', which nobody declared"
        elif total[row.quota_name] > row.declared:
            yield row, f"{row.name}: '{row.quota_name}' may need {total[row.quota_name]}, declared {row.declared}"
