"""What each section's file of a platform states, and what the ground makes of all of it."""

import re
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from catalogue.platforms import PLATFORMS
from stacks.config import STACKS, validate
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import deployers, endpoints
from tests.stack_files import pilot_file

EACH = pytest.mark.parametrize("platform", PLATFORMS)


def part(platform: str, section: str) -> ModuleType:
    return import_module(f"stacks.{platform}.{section}")


def config(platform: str, **says: Any) -> StackConfig:
    document = pilot_file(platform)
    return validate(document["config"] | {f"mlplatform:{key}": value for key, value in says.items()}, "a.yaml")


def switched_off(platform: str) -> StackConfig:
    items = {name: item.model_dump() for name, item in endpoints.of(config(platform)).items()}
    return config(platform, endpoints={name: item | {"enabled": False} for name, item in items.items()})


@EACH
def test_the_files_of_a_platform_state_what_the_program_asks_of_them(platform: str) -> None:
    for name in deployers(platform):
        module = import_module(name)
        own = {word for word, value in vars(module).items() if callable(value) and value.__module__ == name}
        said = {word for word in own if not word.startswith("_")}
        assert said & {"reaches", "grants", "deploy"}
        beside = [file for file in (STACKS / platform).glob("*.py") if file.stem != name.rpartition(".")[2]]
        text = "\n".join(file.read_text(encoding="utf-8") for file in beside)
        for word in said - {"reaches", "grants", "deploy"}:
            asked = rf"\b{name.rpartition('.')[2]}(\.| import .*\b){word}\b"
            assert re.search(asked, text), f"{name}: nobody asks for {word}"


@EACH
def test_endpoints_reach_something_only_while_one_is_switched_on(platform: str) -> None:
    stated = part(platform, "endpoints").reaches
    component = import_module(f"components.{platform}.endpoint")
    assert stated(config(platform)) == component.REACH
    assert list(stated(switched_off(platform))) == list(stated(config(platform, endpoints={}))) == []


@EACH
def test_a_stack_without_batch_jobs_reaches_nothing_for_them(platform: str) -> None:
    assert list(part(platform, "batch_jobs").reaches(config(platform, batch_jobs={}))) == []


def test_a_machine_is_granted_though_its_endpoint_is_off_so_that_it_can_be_switched_on() -> None:
    stated = part("aws", "endpoints").grants
    assert stated(switched_off("aws")) == stated(config("aws"))
    assert machine("aws", "gpu-l4") in stated(config("aws")).machines


def test_people_of_the_azure_workspace_are_its_users_and_who_they_are() -> None:
    read = config("azure")
    people = part("azure", "workspace").grants(read).people
    assert [user for user, _ in people] == ["ana", "ben"]
    assert all(len(object_id) == 36 for _, object_id in people)
