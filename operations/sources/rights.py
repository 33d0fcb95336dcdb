"""Reads which rights it takes to make a resource: AWS's actions, Google's permissions. Azure's follow from the type.

AWS says it of the types of its own CloudFormation, whose registry `pulumi-aws-native` keeps: the permissions of the
handler that creates, changes or deletes one, what it reads on the way included. Google's permissions are named after
the collection that the provider posts to; one counts where a predefined role has it (`iam-dataset` keeps the roles).
"""

import io
import json
import re
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from operations.sources.golang import Package, Unread
from operations.sources.terraform import Google

_OTHERWISE = {
    "appautoscaling-policy": "applicationautoscaling-scalingpolicy",
    "appautoscaling-target": "applicationautoscaling-scalabletarget",
    "cloudwatch-loggroup": "logs-loggroup",
    "cloudwatch-metricalarm": "cloudwatch-alarm",
    "ec2-routetableassociation": "ec2-subnetroutetableassociation",
    "iam-policy": "iam-managedpolicy",
    "sagemaker-endpointconfiguration": "sagemaker-endpointconfig",
    "sfn-statemachine": "stepfunctions-statemachine",
    "sns-topicsubscription": "sns-subscription",
    "vpc-securitygroupegressrule": "ec2-securitygroupegress",
    "vpc-securitygroupingressrule": "ec2-securitygroupingress",
}
"""What CloudFormation calls otherwise than Pulumi: module and name."""


def files(repository: Path, folder: str) -> dict[str, str]:
    """The JSON files of a folder of a repository's newest commit, by their name without ending. Raises Unread."""
    command = ["git", "-C", str(repository), "archive", "HEAD", folder]
    packed = subprocess.run(command, capture_output=True, check=False)
    if packed.returncode:
        raise Unread(f"{repository} is no repository that has {folder}; clone it there")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        named = {Path(one.name).stem: archive.extractfile(one) for one in archive if one.name.endswith(".json")}
        return {name: one.read().decode() for name, one in named.items() if one is not None}


@cache
def cloudformation(repository: Path) -> dict[str, str]:
    """The schemas of CloudFormation's types."""
    return files(repository, "aws-cloudformation-schema")


def of_aws(token: str, repository: Path, does: str = "create") -> list[str] | None:
    """The actions that it takes to create, update or delete; None where CloudFormation does not say it."""
    _, module, name = token.lower().split(":")
    called = f"{module.partition('/')[0]}-{name}"
    text = cloudformation(repository).get(f"aws-{_OTHERWISE.get(called, called)}")
    schema: Any = json.loads(text) if text else {}
    return sorted({*schema.get("handlers", {}).get(does, {}).get("permissions", ())}) or None


ROLES: Mapping[str, Sequence[str]] = {
    "gcp": (
        "roles/artifactregistry.reader",
        "roles/artifactregistry.writer",
        "roles/iam.serviceAccountUser",
        "roles/storage.bucketViewer",
        "roles/storage.objectCreator",
        "roles/storage.objectUser",
        "roles/storage.objectViewer",
    ),
    "azure": (
        "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        "635dd51f-9968-44d3-b7fb-6d9a6bd613ae",
        "69566ab7-960f-475b-8e7c-b3118f30c6bd",
        "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        "8311e382-0749-4cb8-b61a-304f252e45ec",
        "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    ),
}
"""The roles of a platform's own that its personas are granted, by name, or on Azure by id."""


def roles_of(platform: str, repository: Path, wanted: Sequence[str]) -> dict[str, list[list[str]]]:
    """What each of these roles allows: actions, not actions, data actions, not data actions. Raises Unread."""
    found: dict[str, list[list[str]]] = {}
    if platform == "gcp":
        known = files(repository, "gcp/roles")
        for name in wanted:
            text = known.get(name.removeprefix("roles/"))
            found |= {name: [sorted(json.loads(text)["includedPermissions"])]} if text else {}
    elif platform == "azure":
        for role in json.loads(files(repository, "azure/built-in-roles-raw.json")["built-in-roles-raw"]):
            if role["name"] in wanted:
                kinds_ = ("actions", "notActions", "dataActions", "notDataActions")
                found[role["name"]] = [sorted({a for one in role["permissions"] for a in one[kind]}) for kind in kinds_]
    if missing := sorted(set(wanted) - set(found)):
        raise Unread(f"{repository} does not know the role {missing[0]}; pull it")
    return found


@cache
def google_permissions(repository: Path) -> frozenset[str]:
    """Every permission that a predefined role of Google's has."""
    roles: list[Any] = [json.loads(text) for text in files(repository, "gcp/roles").values()]
    return frozenset(one for role in roles for one in role.get("includedPermissions", ()))


def of_google(type_: str, provider: Google, repository: Path) -> list[str] | None:
    """The permission that it takes to create a Terraform type; None where the provider's code does not tell."""
    home, expression = provider.registered(type_)
    verb, collections = _collections(home, expression)
    known = google_permissions(repository)
    api = provider.api(type_) or ""
    for collection in collections:
        mine = f"{api}.{collection}.{verb}"
        others = [one for one in known if one.endswith(f".{collection}.{verb}")]
        if mine in known or len(others) == 1:
            return [mine] if mine in known else others
    return None


def later(right: str, does: str, repository: Path) -> list[str]:
    """The permission to update or delete what a permission to create makes; none where Google has no such.

    Whoever sets a policy does it at each change, and record sets are changed by changes.
    """
    if not right.endswith(".create") or right == "dns.changes.create":
        return [right]
    named = f"{right.removesuffix('create')}{does}"
    return [named] if named in google_permissions(repository) else []


def _collections(home: Package, expression: str) -> tuple[str, list[str]]:
    """What a right to create is called at its end, and the collections that it may be on, the likeliest first."""
    text = Google.creating(home, expression)
    if "ResourceIam" in expression:
        called = re.findall(r"\.(\w+)\.SetIamPolicy\(", text) + re.findall(r"/(\w+)/%s\"", text)[-1:]
        return "setIamPolicy", [f"{one[0].lower()}{one[1:]}" for one in called]
    found: list[str] = []
    for address in re.findall(r"BaseUrl\(Product, config\)\+\"([^\"?]*)", text)[:1]:
        *above, last = address.split("/")
        if "{{" not in last:  # what is posted to one resource changes that one
            found += [f"global{last[0].upper()}{last[1:]}"] if above[-1:] == ["global"] else []
            found.append(last)
    called = re.findall(r"\.(\w+)\.(?:Create|Insert)\(", text)
    return "create", [*found, *(f"{one[0].lower()}{one[1:]}" for one in called)]
