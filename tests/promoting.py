"""Two stacks of one platform in two accounts, of which the second takes the versions of the first."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from catalogue.graph import Graph, Resource
from components.azure.names import worldwide
from stacks.config import STACKS
from tests.previewing import preview

ACCOUNTS = {
    "aws": ("111122223333", "444455556666"),
    "gcp": ("payments-risk-pilot", "payments-risk-test"),
    "azure": ("11112222-3333-4444-5555-666677778888", "44445555-3333-4444-5555-666677778888"),
}
PUBLISHERS = {
    "aws": "arn:aws:iam::444455556666:role/aws-test-publisher",
    "gcp": "gcp-test-publisher@payments-risk-test.iam.gserviceaccount.com",
    "azure": "0a1b2c3d-0000-4000-8000-000000000010",
}
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def giving(platform: str) -> dict[str, Any]:
    """What dev says: its versions go to test."""
    return {"gives_to": {f"{platform}-test": {"account": ACCOUNTS[platform][1], "publisher": PUBLISHERS[platform]}}}


def taking(platform: str) -> dict[str, Any]:
    """What test says: its versions come from dev."""
    one = {"account": ACCOUNTS[platform][0], "granted_by": "change 4711"}
    return {"takes_from": {f"{platform}-dev": {**one, "key": KEY} if platform == "aws" else one}}


def file_of(platform: str, stack: str, folder: Path, registry: dict[str, Any]) -> Path:
    """The stack file of `dev` or `test`, which is what ships as the full one under another name and account."""
    own, other = ACCOUNTS[platform]
    text = (STACKS / f"Pulumi.{platform}-full.yaml").read_text(encoding="utf-8").replace(f"{platform}-full", stack)
    text = text.replace(own, other) if stack.endswith("-test") else text
    if platform == "azure":  # the names of registries are made of the stack's and the subscription's
        full = worldwide("azure-full", own, "images")
        text = text.replace(full, worldwide(stack, other if stack.endswith("-test") else own, "images"))
    tree = yaml.safe_load(text)
    tree["config"]["mlplatform:registry"] = registry
    path = folder / f"Pulumi.{stack}.yaml"
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return path


def graphs(platform: str, folder: Path) -> tuple[Graph, Graph]:
    """The graphs of both, as the engine shows them."""
    dev = file_of(platform, f"{platform}-dev", folder, giving(platform))
    test = file_of(platform, f"{platform}-test", folder, taking(platform))
    return _shown(dev), _shown(test)


def _shown(file: Path) -> Graph:
    """The graph with what the offline preview has not: the default provider of our own resources.

    The engine hands it the stack file, for its namespace is the project's.
    """
    graph, config = preview(file), yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    said = {key.partition(":")[2]: one if isinstance(one, str) else json.dumps(one) for key, one in config.items()}
    type_ = "pulumi:providers:mlplatform"
    urn = f"urn:pulumi:{graph.stack}::mlplatform::{type_}::default"
    return replace(
        graph, resources=(*graph.resources, Resource(urn=urn, type=type_, name="default", custom=True, inputs=said))
    )
