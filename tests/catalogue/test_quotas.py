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


_TRAINING = "aiplatform.googleapis.com/custom_model_training_"
_DISK = f"{_TRAINING}pd_ssd"


@pytest.mark.parametrize(
    ("machine", "spot", "drawn"),
    [
        ("e2-standard-4", False, {"cpus": 12, "pd_ssd": 300}),
        ("n1-highmem-2", False, {"cpus": 6, "pd_ssd": 300}),
        ("n2-standard-8", False, {"n2_cpus": 24, "pd_ssd": 300}),
        ("e2-standard-4", True, {"preemptible_cpus": 12, "pd_ssd": 300}),
        ("n2-standard-8", True, {"preemptible_cpus": 24, "pd_ssd": 300}),
        ("gpu-t4", False, {"nvidia_t4_gpus": 3, "cpus": 12, "pd_ssd": 300}),
        ("gpu-l4", False, {"nvidia_l4_gpus": 3, "pd_ssd": 300}),
        ("gpu-a100-40", False, {"nvidia_a100_gpus": 3, "pd_ssd": 300}),
        ("a3-highgpu-8g", False, {"nvidia_h100_gpus": 24, "pd_ssd": 300}),
        ("gpu-t4", True, {"preemptible_nvidia_t4_gpus": 3, "preemptible_cpus": 12, "pd_ssd": 300}),
        ("gpu-l4", True, {"preemptible_nvidia_l4_gpus": 3, "preemptible_cpus": 12, "pd_ssd": 300}),
    ],
)
def test_three_machines_that_train_on_vertex_ai_draw_by_their_series_and_for_their_disks(
    machine: str, spot: bool, drawn: dict[str, int]
) -> None:
    """Of N2 there is a quota of its own, of A2, A3 and G2 none with a limit; Spot machines of all share one."""
    has = catalogue.load("gcp").machine(machine)
    added = has.accelerator
    asked = Machines(
        "it", str(has.machine_type), "training", 3, 3, spot=spot,
        accelerator=added.name if added else None, accelerators=added.count if added else None,
    )  # fmt: skip
    found = dict([quotas.drawn("gcp", asked, 3), *quotas.drawn_beside("gcp", asked, 3)])
    assert found == {f"{_TRAINING}{name}": amount for name, amount in drawn.items()}


def test_a_machine_that_is_not_known_draws_for_its_disk_where_it_trains() -> None:
    known = {use: quotas.beside("gcp", Machines("it", "x9-standard-4", use, 1, 2)) for use in ("training", "batch")}
    assert known == {"training": [(_DISK, 200)], "batch": []}


@pytest.mark.parametrize(
    ("use", "more", "name", "count"),
    [
        ("online", {}, "active endpoints", 6),
        ("async", {}, "active endpoints", 6),
        ("batch", {}, "all transform jobs", 3),
        ("training", {}, "all training jobs", 3),
        ("training", {"spot": True}, "all spot training jobs", 3),
        ("training", {"processing": True}, "all processing jobs", 3),
    ],
)
@pytest.mark.parametrize("machine_type", ["ml.m5.large", "ml.g6.xlarge", "ml.none.large"])
def test_machines_of_every_type_draw_on_one_quota_of_sagemaker_too(
    machine_type: str, use: Use, more: dict[str, bool], name: str, count: int
) -> None:
    """https://docs.aws.amazon.com/general/latest/gr/sagemaker.html; an endpoint has two fleets while it is updated."""
    asked = Machines("it", machine_type, use, 1, 3, **more)  # pyright: ignore[reportArgumentType]
    assert quotas.beside("aws", asked) == [(f"Number of instances across {name}", count)]
    assert f"Number of instances across {name}" in quotas.known("aws")


def test_what_runs_on_no_machine_that_anybody_chooses_draws_on_no_instance() -> None:
    assert quotas.beside("aws", Machines("it", "", "online", 0, 5, serverless=True)) == []


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


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_quota_on_which_a_machine_draws_is_one_that_the_catalogue_knows(platform: str) -> None:
    """What a manual step asks for must be what a sandbox grants, and what limits.yaml may declare."""
    known, hardware, unknown = quotas.known(platform), catalogue.load(platform), set[str]()
    for machine in {**hardware.families, **hardware.machine_types}.values():
        for use in machine.uses:
            for more in ({}, {"spot": True}, {"processing": True}) if use == "training" else ({},):
                has = machine.accelerator
                asked = Machines(
                    "it", str(machine.machine_type), use, 1, 3, **more,  # pyright: ignore[reportArgumentType]
                    accelerator=has.name if has else None, accelerators=has.count if has else None,
                )  # fmt: skip
                unknown |= {name for name, _ in (quotas.draw(platform, asked), *quotas.beside(platform, asked))} - known
    assert {name for name in unknown if " for " not in name or " usage" in name} == set()


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
        assert list(found.values()) == [2 + steps, 2 + steps]  # its own quota, and that of all training jobs
