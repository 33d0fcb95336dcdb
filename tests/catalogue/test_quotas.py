"""How much machines draw on a quota: in the platform's unit, whether or not the catalogue knows the quota's name."""

from random import Random

import pytest

from catalogue import quotas
from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import Use
from catalogue.machines import Machines
from catalogue.order import all_before
from catalogue.platforms import PLATFORMS
from tests.catalogue.test_order import GRAPHS, by_force


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


@pytest.mark.parametrize("use", ["online", "batch"])
def test_a_machine_with_gpus_draws_on_the_quota_of_vcpus_too_on_vertex_ai(use: Use) -> None:
    """An n1 with a T4 is refused for CustomModelServingCPUs and CustomModelServingT4GPUs at once. A TPU has no vCPUs
    of that quota, and a machine without an accelerator has no second quota.
    """
    hardware, fleets = catalogue.load("gcp"), 2 if use == "online" else 1
    cpus = "aiplatform.googleapis.com/custom_model_serving_cpus"
    for machine_type, machine in {**hardware.families, **hardware.machine_types}.items():
        has = machine.accelerator
        if machine.machine_type is None or use not in machine.uses or machine.uses[use].unit == "instances":
            continue
        name = has.name if has and has.sent else None
        asked = Machines(
            "it", machine.machine_type, use, 1, 3, accelerator=name, accelerators=has.count if name and has else None
        )
        beside = quotas.beside("gcp", asked)
        expected = [(cpus, fleets * 3 * machine.vcpus)] if name and quotas.family_of("gcp", asked) else []
        assert beside == expected, machine_type


def test_no_machine_on_sagemaker_draws_on_two_quotas() -> None:
    for machine_type, machine in catalogue.load("aws").machine_types.items():
        for use in machine.uses:
            assert quotas.beside("aws", Machines("it", machine_type, use, 1, 1)) == []


@pytest.mark.parametrize(("replicas", "fleets"), [(1, 2), (4, 2), (5, 2)])
def test_a_dedicated_machine_of_azure_ml_draws_as_much_on_the_quota_of_all_families(replicas: int, fleets: int) -> None:
    """A new subscription has 24 vCPUs of all families together, so that two families may fit theirs and not this."""
    hardware = catalogue.load("azure")
    for machine_type, machine in hardware.machine_types.items():
        for use in machine.uses:
            own = quotas.draw("azure", Machines("it", machine_type, use, 1, replicas))
            beside = quotas.beside("azure", Machines("it", machine_type, use, 1, replicas))
            assert beside == [("Total Cluster Dedicated Regional vCPUs", own[1])], machine_type
            assert own[1] >= (fleets if use == "online" else 1) * replicas * (machine.vcpus or 0)
    two = [
        Machines("it", "Standard_D2as_v4", "online", 1, replicas),
        Machines("it", "Standard_NC4as_T4_v3", "batch", 0, 1),
    ]
    found = quotas.at_once("azure", two)
    assert found.pop("Total Cluster Dedicated Regional vCPUs") == sum(found.values())


def test_low_priority_and_machines_nobody_knows_draw_nothing_on_the_quota_of_dedicated_ones() -> None:
    spot = Machines("it", "Standard_D2as_v4", "training", 0, 3, spot=True)
    assert quotas.at_once("azure", [spot]) == {"Total Cluster LowPriority Regional vCPUs": 6}
    assert quotas.beside("azure", Machines("it", "Standard_None", "batch", 1, 1)) == []


def test_the_quota_of_all_families_may_be_declared_on_azure_alone() -> None:
    has = {platform for platform in PLATFORMS if "Total Cluster Dedicated Regional vCPUs" in quotas.known(platform)}
    assert has == {"azure"}


def test_the_steps_of_a_run_need_what_may_stand_at_once_and_what_has_no_turn_stands_beside_them() -> None:
    """Held against every set of steps of which none is before another, in generated graphs."""
    type_ = next(
        machine.machine_type
        for machine in catalogue.load("aws").families.values()
        if machine.machine_type is not None
        and "training" in machine.uses
        and machine.uses["training"].unit == "instances"
    )
    for number, waits in enumerate(GRAPHS[:60]):
        random, before = Random(number), all_before(waits)
        count = {name: [random.randint(1, 3) for _ in range(random.randint(1, 2))] for name in waits}
        used = [
            Machines("it", type_, "training", one, one, turn=name, after=before[name])
            for name, each in count.items()
            for one in each
        ]
        used.append(Machines("it", type_, "training", 2, 2))
        found = quotas.at_once("aws", used)
        steps = by_force({name: sum(each) for name, each in count.items()}, before)
        assert list(found.values()) == [2 + steps]
