"""The machine of a family as components take it: what the platform's API takes, and no more."""

from catalogue.hardware import catalogue
from provider.gcp.deployment import ACCELERATORS
from stacks.machines import machine
from tests.rows import rows

GCP = catalogue.load("gcp")
NAMES = sorted({*GCP.machine_types, *(name for name, family in GCP.families.items() if not family.absent)})


@rows("name", NAMES)
def test_vertex_ai_knows_each_accelerator_that_is_named_beside_a_machine_type(name: str) -> None:
    made, known = machine("gcp", name), GCP.machine(name).accelerator
    if known is None or known.name.startswith("TPU"):
        assert (made.accelerator, made.accelerators) == (None, None)
    else:
        assert made.accelerator in ACCELERATORS and made.accelerators == known.count


@rows("name", NAMES)
def test_the_bill_finds_the_machine_that_a_stack_file_names(name: str) -> None:
    made = machine("gcp", name)
    family = GCP.family_of(made.type, made.accelerator)
    assert family is not None and GCP.machine(family).machine_type == GCP.machine(name).machine_type


def test_a_machine_of_a_family_may_be_named_by_its_own_type() -> None:
    for platform in catalogue.PLATFORMS:
        known = catalogue.load(platform)
        for family in known.families.values():
            if family.machine_type and not (family.accelerator and family.accelerator.added):
                assert known.machine(family.machine_type).uses.keys() >= family.uses.keys(), family.machine_type
