"""How much machines draw on a quota: in the platform's unit, whether or not the catalogue knows the quota's name."""

import pytest

from catalogue import quotas
from catalogue.hardware import catalogue
from catalogue.machines import Machines
from catalogue.platforms import PLATFORMS


def drawn(platform: str, machine_type: str, use: str, replicas: int) -> tuple[str, int]:
    return quotas.draw(platform, Machines("it", machine_type, use, replicas, replicas))


@pytest.mark.parametrize(
    ("platform", "machine_type", "name", "count"),
    [
        ("azure", "Standard_D16ds_v4", "Standard DDSv4 Family Cluster Dedicated vCPUs", 160),
        ("azure", "Standard_D2s_v3", "Standard DSv3 Family Cluster Dedicated vCPUs", 20),
        ("azure", "Standard_D4_v3", "Standard Dv3 Family Cluster Dedicated vCPUs", 40),
        ("aws", "ml.none.large", "ml.none.large for batch", 10),
    ],
)
def test_a_batch_of_ten_draws_what_ten_machines_have(platform: str, machine_type: str, name: str, count: int) -> None:
    assert drawn(platform, machine_type, "batch", 10) == (name, count)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_quota_without_a_name_is_counted_in_its_unit(platform: str) -> None:
    known = catalogue.load(platform)
    for machine_type, machine in known.machine_types.items():
        for use, quota in machine.uses.items():
            if quota.quota_name is None:
                fleets = quotas.FLEETS_IN_UPDATE if use in ("online", "async") else 1
                expected = (f"{machine_type} for {use}", fleets * 3 * quota.per_replica)
                assert drawn(platform, machine_type, use, 3) == expected
    if platform == "azure":  # a name follows from the family that Azure ML lists
        assert all(quota.quota_name for machine in known.machine_types.values() for quota in machine.uses.values())
