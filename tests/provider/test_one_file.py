"""One file a resource: with a file less or one more, only that resource goes or comes, and no other module knows it."""

import inspect
import json
import os
import shutil
import subprocess
import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pulumi
import pytest

from provider.inputs import names
from provider.resources import services
from provider.service import Service

ROOT = Path(__file__).parents[2]
PROVIDER = ROOT / "provider"
FILES = sorted(path.relative_to(PROVIDER) for path in PROVIDER.glob("*/*.py"))
NEW = '''
"""mlplatform:aws:ModelPackage: a version of a model package group."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pulumi

from provider import Json, Text
from provider.inputs import Allowed, Inputs
from provider.service import Created, Service

TOKEN = "mlplatform:aws:ModelPackage"


class ModelPackage(pulumi.CustomResource):
    """Registers an artifact."""

    def __init__(self, name: str, *, group_name: Text, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, {"groupName": group_name}, opts)


@dataclass(frozen=True, kw_only=True)
class ModelPackageInputs(Inputs):
    """Inputs of mlplatform:aws:ModelPackage."""

    group_name: Annotated[str, Allowed(min_length=1)]


class ModelPackageService(Service[ModelPackageInputs]):
    """Registers and deletes."""

    token = TOKEN
    inputs = ModelPackageInputs
    outputs: ClassVar = {"arn": "string"}
    replaces = frozenset({"groupName"})

    @staticmethod
    def shape(inputs: ModelPackageInputs) -> object:
        return inputs.group_name

    def create(self, inputs: ModelPackageInputs) -> Created:
        return Created(inputs.group_name, self.update(inputs))

    def update(self, inputs: ModelPackageInputs) -> Json:
        return {"arn": inputs.group_name}

    def read(self, id: str, state: Json) -> Json | None:
        return {"groupName": id, "arn": id}

    def delete(self, id: str) -> None:
        """Nothing is there."""
'''
SERVES = """
import json, sys
said = []
for copy in sys.argv[1:]:
    for name in [name for name in sys.modules if name.partition(".")[0] == "provider"]:
        del sys.modules[name]
    sys.path.insert(0, copy)
    from provider.plugin import schema
    from provider.resources import services
    import provider
    said.append([provider.__file__, schema(services())["resources"]])
print(json.dumps(said))
"""
IMPORTS = """
import importlib, json, sys
import pulumi
new = {}
for name in sys.argv[1:]:
    before = set(sys.modules)
    importlib.import_module(name)
    new[name] = sorted({one.partition(".")[0] for one in set(sys.modules) - before} - sys.stdlib_module_names)
print(json.dumps(new))
"""


def module_of(file: Path) -> str:
    return ".".join(("provider", *file.with_suffix("").parts))


def run(program: str, *words: str, first: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter that imports from `first` before anything else."""
    environment = {**os.environ, "PYTHONPATH": str(first)}
    command = [sys.executable, "-c", program, *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, env=environment, cwd=first)


def served(*copies: Path) -> list[dict]:
    """What the provider in each copy serves, by its schema. An interpreter forgets one before it imports the next."""
    done = run(SERVES, *map(str, copies), first=copies[0])
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert all(Path(at).is_relative_to(copy) for (at, _), copy in zip(said, copies, strict=True))
    return [resources for _, resources in said]


def copied(into: Path) -> Path:
    """A copy of the provider's folder, to be changed."""
    shutil.copytree(PROVIDER, into / "provider", ignore=shutil.ignore_patterns("__pycache__"))
    return into


@pytest.fixture
def copy(tmp_path):
    return copied(tmp_path)


@pytest.fixture(scope="module")
def whole():
    return {service.__module__: token for token, service in services().items()}


def test_every_file_is_served_and_nothing_else_is(whole):
    assert set(whole) == {module_of(file) for file in FILES}
    assert len(FILES) >= 3


def test_without_its_file_only_that_resource_is_gone(tmp_path, whole):
    copies = [copied(tmp_path / str(number)) for number in range(len(FILES))]
    for copy, file in zip(copies, FILES, strict=True):
        (copy / "provider" / file).unlink()
    for file, resources in zip(FILES, served(*copies), strict=True):
        assert set(resources) == set(whole.values()) - {whole[module_of(file)]}, file


@pytest.mark.parametrize("file", FILES, ids=str)
def test_no_other_module_of_the_provider_knows_it(whole, file):
    token = whole[module_of(file)]
    theirs = {path: path.read_text(encoding="utf-8") for path in PROVIDER.rglob("*.py") if path != PROVIDER / file}
    # The package says in an example how a program imports a class.
    theirs[PROVIDER / "__init__.py"] = theirs[PROVIDER / "__init__.py"].partition('"""\n\n')[2]
    assert [path for path, text in theirs.items() if token in text or module_of(file) in text] == []


def test_a_new_file_is_a_new_resource(copy, whole):
    new = copy / "provider" / "aws" / "model_package.py"
    new.parent.mkdir(exist_ok=True)
    new.write_text(NEW, encoding="utf-8")
    (resources,) = served(copy)
    assert set(resources) == {*whole.values(), "mlplatform:aws:ModelPackage"}
    assert resources["mlplatform:aws:ModelPackage"]["requiredInputs"] == ["groupName"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("helper.py", "", "provider.gcp.helper has 0 services; the file of a resource has one"),
        ("twin.py", NEW.replace("aws:ModelPackage", "gcp:Model"), "the token mlplatform:gcp:Model, which is another"),
    ],
)
def test_a_file_that_is_no_resource_is_said(copy, name, text, said):
    (copy / "provider" / "gcp" / name).write_text(text, encoding="utf-8")
    done = run(SERVES, str(copy), first=copy)
    assert done.returncode != 0
    assert said in done.stderr


def test_no_class_needs_anything_but_pulumi():
    done = run(IMPORTS, *(module_of(file) for file in FILES))
    assert done.returncode == 0, done.stderr
    new = json.loads(done.stdout)
    assert set(new) == {module_of(file) for file in FILES}
    assert {name: needed for name, needed in new.items() if needed != ["provider"]} == {}


@pytest.mark.parametrize("service", services().values(), ids=lambda service: service.token)
def test_class_inputs_and_token_of_a_file_agree(service: type[Service]):
    package, platform, noun = service.token.split(":")
    assert (package, platform) == ("mlplatform", service.__module__.split(".")[1])
    class_ = getattr(import_module(service.__module__), noun)
    assert issubclass(class_, pulumi.CustomResource)
    taken = inspect.signature(class_.__init__).parameters
    assert set(taken) - {"self", "name", "opts"} == {field.name for field in fields(service.inputs)}
    assert service.replaces <= set(names(service.inputs))
    assert {*service.steady, *service.healed} <= set(service.outputs)
