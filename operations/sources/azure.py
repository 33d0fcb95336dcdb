"""Reads what replaces a resource of azure-native: the provider's own list, and what Azure lets nobody change.

The provider replaces for what its map `forceNewMap` names, and for what Azure's specifications let be created and not
updated (`x-ms-mutability`), at the top of a resource; what lies below is updated
(https://github.com/pulumi/pulumi-azure-native/blob/1b7112af/provider/pkg/gen/properties.go, `forceNew`).

The specifications are gigabytes. Azure makes its SDKs for Python of them, and writes there as `visibility` what they
say, so these are read; each may be of a later version of the API than azure-native's.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from operations.sources.bridged import letters
from operations.sources.golang import Unread, inside, package, pairs
from sandbox.inputs import resource_shape

NATIVE = "pulumi-azure-native"
SDKS = "azure-mgmt"
MAP = "provider/pkg/gen"
_WHERE: Mapping[str, tuple[str, str]] = {
    "applicationinsights": ("azure-mgmt-applicationinsights", "applicationinsights"),
    "authorization": ("azure-mgmt-authorization", "authorization"),
    "consumption": ("azure-mgmt-consumption", "consumption"),
    "containerregistry": ("azure-mgmt-containerregistry", "containerregistry"),
    "keyvault": ("azure-mgmt-keyvault", "keyvault"),
    "managedidentity": ("azure-mgmt-msi", "msi"),
    "monitor": ("azure-mgmt-monitor", "monitor"),
    "network": ("azure-mgmt-network", "network"),
    "operationalinsights": ("azure-mgmt-loganalytics", "loganalytics"),
    "privatedns": ("azure-mgmt-privatedns", "privatedns"),
    "resources": ("azure-mgmt-resource", "resource/resources"),
    "storage": ("azure-mgmt-storage", "storage"),
}
"""The SDK of a module of azure-native's, and its folder. That of Azure Machine Learning says no `visibility` yet."""
_POLICIES = ("azure-mgmt-resource-policy", "resource/policy")
_MODELS: Mapping[str, str] = {
    "applicationinsights:Component": "ApplicationInsightsComponent",
    "authorization:RoleAssignment": "RoleAssignmentCreateParameters",
    "keyvault:Key": "KeyCreateParameters",
    "keyvault:Vault": "VaultCreateOrUpdateParameters",
    "managedidentity:UserAssignedIdentity": "Identity",
    "monitor:ActionGroup": "ActionGroupResource",
    "monitor:AutoscaleSetting": "AutoscaleSettingResource",
    "monitor:MetricAlert": "MetricAlertResource",
    "monitor:ScheduledQueryRule": "ScheduledQueryRuleResource",
    "storage:StorageAccount": "StorageAccountCreateParameters",
}
"""What a create sends, where it is not named as azure-native names the resource."""
_WITHOUT = frozenset({"monitor:DiagnosticSetting"})
"""What the SDK of its module has no model of."""
_NAMES: Mapping[str, str] = {"monitor": "Insights", "applicationinsights": "Insights"}
"""What the provider's map calls a module, where that is not the module's own name."""


@dataclass(frozen=True)
class _Field:
    """One field of a model. `model` is the one below, if any."""

    fixed: bool
    model: str


def replaces(token: str, sources: Path) -> list[str] | None:
    """The inputs at the top whose change makes a new resource; None where nobody says what Azure lets be updated.

    Raises Unread where a source is not there, or is written otherwise.
    """
    _, module, name = token.split(":")
    sdk = sdk_of(token)
    if sdk is None:
        return None
    models = _models(sources / SDKS / "azure" / "mgmt" / sdk[1])
    model = _MODELS.get(f"{module}:{name}", name)
    if model not in models:
        raise Unread(f"{sdk[0]} has no model {model}, which a create of {token} sends")
    inputs = resource_shape(token).properties
    fields = dict(models[model])
    if "properties" in fields and "properties" not in inputs:  # azure-native has them at the top
        fields = {**models[fields["properties"].model], **fields}
    fixed = {letters(wire) for wire, field in fields.items() if field.fixed}
    listed = _listed(sources)
    key = (_NAMES.get(module, module).lower(), name)
    forced = {letters(one) for one in listed["forceNewMap"].get(key, ())} | fixed
    forced -= {letters(one) for one in listed["noForceNewMap"].get(key, ())}
    return sorted(wire for wire in inputs if letters(wire) in forced)


def sdk_of(token: str) -> tuple[str, str] | None:
    """The SDK that says what Azure lets be updated of a type, and its folder; None where none does."""
    _, module, name = token.split(":")
    if f"{module}:{name}" in _WITHOUT:
        return None
    return _POLICIES if name.startswith("Policy") else _WHERE.get(module)


def version_of(sdk: str, sources: Path) -> str:
    """The version of an SDK that is in the folder. Raises Unread."""
    stem = sdk.replace("-", "_")
    found = next((sources / SDKS).glob(f"{stem}-*.dist-info"), None)
    if found is None:
        raise Unread(f"{sources / SDKS} has no {sdk}; run pip install --pre --no-deps --target there")
    return found.name.removeprefix(f"{stem}-").removesuffix(".dist-info")


def commit(sources: Path) -> str:
    """The commit of the provider's list: the name of the folder that it lies in. Raises Unread."""
    found = sorted((sources / NATIVE).glob(f"*/{MAP}"))
    if len(found) != 1 or not re.fullmatch(r"[0-9a-f]{40}", found[0].parents[2].name):
        raise Unread(f"{sources / NATIVE} holds no <commit>/{MAP}; the repository is too large to be checked out")
    return found[0].parents[2].name


@cache
def _listed(sources: Path) -> Mapping[str, Mapping[tuple[str, str], frozenset[str]]]:
    """Both maps of the provider's: the properties by module and resource. Raises Unread."""
    home = package(sources / NATIVE / commit(sources) / MAP)
    found: dict[str, Mapping[tuple[str, str], frozenset[str]]] = {}
    for name in ("forceNewMap", "noForceNewMap"):
        if name not in home.variables:
            raise Unread(f"{home.folder} has no {name}")
        found[name] = {
            (module.strip('"').lower(), resource.strip('"')): frozenset(re.findall(r'"(\w+)"', inside(said)))
            for module, resources in pairs(home.variables[name].partition("codegen.StringSet")[2])
            for resource, said in pairs(resources)
        }
    return found


@cache
def _models(folder: Path) -> Mapping[str, Mapping[str, _Field]]:
    """The fields of each model of an SDK, those it inherits with them. Raises Unread."""
    file = folder / "models" / "_models.py"
    if not file.is_file():
        raise Unread(f"{file} is not there; install the SDKs of Azure into {SDKS} with pip install --target")
    classes = [one for one in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(one, ast.ClassDef)]
    known = {one.name: one for one in classes}
    return {name: _fields(name, known) for name in known}


def _fields(name: str, known: Mapping[str, ast.ClassDef]) -> dict[str, _Field]:
    found: dict[str, _Field] = {}
    for base in known[name].bases:
        above = ast.unparse(base).rpartition(".")[2]
        found |= _fields(above, known) if above in known else {}
    for line in known[name].body:
        if not (isinstance(line, ast.AnnAssign) and isinstance(line.value, ast.Call)):
            continue
        given = {
            one.arg: ast.literal_eval(one.value) for one in line.value.keywords if one.arg in ("name", "visibility")
        }
        seen = given.get("visibility") or ()
        model = re.search(r"_models\.(\w+)", ast.unparse(line.annotation))
        wire = given.get("name") or ast.unparse(line.target)
        found[wire] = _Field("create" in seen and "update" not in seen, model[1] if model else "")
    return found
