"""Writes the generated facts of the catalogue: `python -m operations.sources FOLDER`, or `make facts SOURCES=FOLDER`.

FOLDER holds a checkout of each provider that Pulumi bridges, `terraform-provider-aws` and
`terraform-provider-google-beta`, at the tag that the SDK bridges or the nearest commit to be had; of what says rights,
`pulumi/pulumi-aws-native` and `iann0036/iam-dataset`; and of what says whose AWS's images are,
`aws/sagemaker-python-sdk`. For Azure it holds `pulumi-azure-native/<commit>/provider/pkg/gen/replacement.go`, and under
`azure-mgmt` what `pip install --pre --no-deps --target` puts there of the SDKs that `operations/sources/azure.py`
names. What AWS's services take at most is read from botocore, in the environment of Checkov. Exit 2: a source is
missing or cannot be read; nothing is written then.

pulumi-gcp 10.2.0 bridges a version 8 of Google's provider: it has `google_memorystore_acl_policy`, which 8.0.0 brought,
and no `google_notebooks_instance`, which 8.0.0 took out. No tag from 8.0.0 on was to be had, so the commit that its
release was cut from is read; 7.45.0 says the same of every type of the catalogue.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from catalogue.deployers import ROLES, asked_anywhere
from catalogue.generated import FOLDER
from catalogue.kind import Kind, Renders
from catalogue.kinds import kinds
from catalogue.platforms import PLATFORMS, Platform
from catalogue.rendering import Terraform
from operations.sources import azure, bridged, registries, rights, sdk, sizes
from operations.sources.golang import Unread
from operations.sources.terraform import Aws, Google, Provider

_BRIDGED: Mapping[Platform, tuple[str, type[Provider]]] = {
    "aws": ("terraform-provider-aws", Aws),
    "gcp": ("terraform-provider-google-beta", Google),
}
_RIGHTS: Mapping[Platform, str] = {"aws": "pulumi/pulumi-aws-native", "gcp": "iann0036/iam-dataset"}

_LATER = ("update", "delete")
_ROLES = "iann0036/iam-dataset"
_IMAGES = "aws/sagemaker-python-sdk"
CHECKOV = Path(__file__).resolve().parents[2] / "policies" / "checkov"


def main(arguments: list[str]) -> int:
    """Read every source, then write every file."""
    if len(arguments) != 1:
        sys.stderr.write("facts: name the folder that holds the checkouts, such as make facts SOURCES=../sources\n")
        return 2
    try:
        files = {record.name: _file(record.name, Path(arguments[0])) for record in PLATFORMS.values()}
    except Unread as error:
        sys.stderr.write(f"facts: {error}\n")
        return 2
    for platform, file in files.items():
        text = json.dumps(file, indent=1, sort_keys=True, ensure_ascii=False)
        (FOLDER / f"{platform}.json").write_text(f"{text}\n", encoding="utf-8")
        sys.stdout.write(f"{platform}: {len(file['types'])} types\n")
    return 0


def _file(platform: Platform, sources: Path) -> dict[str, Any]:
    name, version = sdk.distribution(platform)
    said = {"sdk": _source(f"pulumi/{name}", f"v{version}", "sdk/python")}
    provider: Provider | None = None
    if platform in _BRIDGED:
        repository, reader = _BRIDGED[platform]
        root = sources / repository
        provider = reader(root)
        said["replaces"] = _source(f"hashicorp/{repository}", _version(root), through=provider.through)
        said["rights"] = _source(_RIGHTS[platform], _commit(sources / _RIGHTS[platform].rpartition("/")[2]))
    images: list[str] = []
    if platform == "azure":
        said |= _sources_of_azure(sources)
    if platform == "aws":
        images = registries.of_aws(sources / _IMAGES.rpartition("/")[2])
        said["longest"] = _source("boto/botocore", _botocore_version())
        said["registries"] = _source(_IMAGES, _commit(sources / _IMAGES.rpartition("/")[2]), registries.FOLDER)
    own = {token: kind for token, kind in kinds(platform).items() if not token.startswith(("pulumi:", "mlplatform:"))}
    types = {token: _facts(platform, kind, provider, sources) for token, kind in own.items()}
    dataset = sources / _ROLES.rpartition("/")[2]
    roles = rights.roles_of(platform, dataset, rights.ROLES.get(platform, ()))
    given = _given(platform, types, dataset)
    if roles:
        said["roles"] = _source(_ROLES, _commit(dataset))
    return {
        "sources": said,
        "types": types,
        **({"registries": images} if images else {}),
        **({"roles": roles} if roles else {}),
        **({"deployers": given} if given else {}),
    }


def _given(platform: Platform, types: Mapping[str, Any], dataset: Path) -> dict[str, list[list[str]]]:
    """What the roles of whoever deploys allow, of what is asked for: Google's Owner has thousands of permissions more.

    What the other platforms' roles allow is short, and typed.
    """
    if platform != "gcp":
        return {}
    found = rights.roles_of(platform, dataset, [one.role for one in ROLES[platform]])
    read = {one for facts in types.values() for key in ("rights", "changes", "deletes") for one in facts.get(key, ())}
    return {role: [sorted({*has} & (read | asked_anywhere(platform)))] for role, (has,) in found.items()}


def _facts(platform: Platform, kind: Kind, provider: Provider | None, sources: Path) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "required": sdk.required(kind.token),
        "enums": sdk.enums(kind.token),
        "taggable": sdk.taggable(kind.token, platform),
    }
    way = kind.renders.as_ if isinstance(kind.renders, Renders) else None
    if way is None and isinstance(provider, Google):
        named = provider.named_as(kind.token)
        way = Terraform(named) if named else None
    if provider is not None and isinstance(way, Terraform):
        schema = provider.schema(way.type)
        facts["enums"] |= bridged.enums(kind.token, way, schema)
        facts["replaces"] = bridged.replaces(kind.token, way, schema)
        facts["unread"] = bridged.missing(kind.token, way, schema)
        facts |= _rights(kind.token, way, provider, sources)
    if platform == "azure":
        facts["replaces"] = azure.replaces(kind.token, sources)
    if platform == "aws":
        facts["longest"] = sizes.of_aws(kind.token, _botocore() / "data") or None
    if isinstance(provider, Google) and isinstance(way, Terraform):
        facts["api"] = provider.api(way.type)
    return {name: fact for name, fact in facts.items() if fact is not None or name == "taggable"}


def _rights(token: str, way: Terraform, provider: Provider, sources: Path) -> dict[str, list[str] | None]:
    """The rights to create one, to change one and to delete one."""
    if isinstance(provider, Google):
        dataset = sources / "iam-dataset"
        made = rights.of_google(way.type, provider, dataset)
        changes, deletes = (
            [one for right in made or () for one in rights.later(right, does, dataset)] for does in _LATER
        )
    else:
        registry = sources / "pulumi-aws-native"
        made = rights.of_aws(token, registry)
        changes, deletes = (rights.of_aws(token, registry, does) for does in _LATER)
    return {"rights": made, "changes": changes or None, "deletes": deletes or None}


def _sources_of_azure(sources: Path) -> dict[str, dict[str, str]]:
    """The provider's list, and each SDK that says what Azure lets be updated. Raises Unread."""
    found = {"replaces": _source(f"pulumi/{azure.NATIVE}", azure.commit(sources), f"{azure.MAP}/replacement.go")}
    tokens = (token for token in kinds("azure") if token.startswith("azure-native:"))
    for name in sorted({one[0] for token in tokens if (one := azure.sdk_of(token))}):
        found[f"updated, {name}"] = _source("Azure/azure-sdk-for-python", f"{name}_{azure.version_of(name, sources)}")
    return found


def _source(name: str, version: str, below: str = "", through: str = "") -> dict[str, str]:
    address = f"https://github.com/{name}/tree/{version}/{below}".rstrip("/")
    return {"name": name, "version": version, "address": address, "through": through, "read": date.today().isoformat()}


def _botocore() -> Path:
    """botocore as Checkov's environment has it. Raises Unread."""
    found = next((CHECKOV / ".venv").glob("lib/python*/site-packages/botocore"), None)
    if found is None:
        raise Unread(f"{CHECKOV} has no environment with botocore; run make setup")
    return found


def _botocore_version() -> str:
    """Its version. Raises Unread."""
    installed = next(_botocore().parent.glob("botocore-*.dist-info"), None)
    if installed is None:
        raise Unread(f"{_botocore()} says no version; run make setup")
    return installed.name.removeprefix("botocore-").removesuffix(".dist-info")


def _version(root: Path) -> str:
    """The tag that is checked out; the commit where that has none. Raises Unread."""
    return _git(root, "describe", "--tags", "--exact-match") or _commit(root)


def _commit(root: Path) -> str:
    """The commit that is checked out. Raises Unread."""
    said = _git(root, "rev-parse", "HEAD")
    if not said:
        raise Unread(f"{root} is no repository; clone it there")
    return said


def _git(root: Path, *command: str) -> str:
    """What git says; empty where it refuses."""
    said = subprocess.run(["git", "-C", str(root), *command], capture_output=True, text=True, check=False)
    return "" if said.returncode else said.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
