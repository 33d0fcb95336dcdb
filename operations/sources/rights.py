"""Reads which rights it takes to create a resource: AWS's actions, Google's permissions. Azure's follow from the type.

AWS says it of the types of its own CloudFormation, whose registry `pulumi-aws-native` keeps: the permissions of the
handler that creates one, what it reads on the way included. Google's permissions are named after the collection that
the provider posts to; one counts where a predefined role has it (`iam-dataset` keeps the roles).
"""

import io
import json
import re
import subprocess
import tarfile
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


def of_aws(token: str, repository: Path) -> list[str] | None:
    """The actions that it takes to create a type; None where CloudFormation has no such type, or does not say."""
    _, module, name = token.lower().split(":")
    called = f"{module.partition('/')[0]}-{name}"
    text = cloudformation(repository).get(f"aws-{_OTHERWISE.get(called, called)}")
    schema: Any = json.loads(text) if text else {}
    return sorted({*schema.get("handlers", {}).get("create", {}).get("permissions", ())}) or None


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
