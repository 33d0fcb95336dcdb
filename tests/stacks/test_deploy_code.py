"""Deploy code: the next stack trains the same image on its own data, and takes nothing from the first one's account."""

import json
import re
from pathlib import Path

import pytest
import yaml

from catalogue.platforms import PLATFORMS
from operations.evaluation import evaluate
from policies import pack
from tests.previewing import preview
from tests.promoting import ACCOUNTS, file_of

DIGEST = f"sha256:{'c' * 64}"
"""The image that trained in dev, as the publisher pushed it to the registry of test."""


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_next_stack_needs_its_training_section_and_no_grant(platform: str, tmp_path: Path) -> None:
    file = file_of(platform, f"{platform}-test", tmp_path, {})
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    job = tree["config"]["mlplatform:training"]["fraud-training"]
    job["image"] = re.sub(r":[^:/@]+$", f"@{DIGEST}", job["image"])
    file.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    graph = preview(file)
    said = json.dumps([dict(one.inputs) for one in graph.resources])
    assert DIGEST in said
    assert ACCOUNTS[platform][0] not in said, "nothing is taken from the account of dev"
    assert not [one.message for one in evaluate(graph, pack.RULES[platform]).findings if one.mandatory]
