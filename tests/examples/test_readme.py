"""What the example's page names is there, and what the manual steps upload is what is packed."""

import re
from importlib.util import find_spec
from pathlib import Path
from shlex import split

import pytest

from catalogue.platforms import PLATFORMS
from examples.pack import HERE, pack
from operations import steps

PAGE = (HERE / "README.md").read_text(encoding="utf-8")
URIS = {
    "aws": "s3://models-of-churn/churn/7/model.tar.gz",
    "gcp": "gs://models-of-churn/churn/7/",
    "azure": "azureml://datastores/artifacts/paths/churn/7/",
}


def test_every_path_and_module_that_the_page_names_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", PAGE) if not link.startswith("https://")]
    assert len(links) > 8 and all((HERE / link.partition("#")[0]).exists() for link in links)
    assert {f"{platform}.Dockerfile" for platform in PLATFORMS} <= set(re.findall(r"\w+\.Dockerfile", PAGE))
    modules = re.findall(r"python -m ([\w.]+)", PAGE)
    assert sorted(modules) == ["examples.pack", "examples.steps", "examples.train"] and all(map(find_spec, modules))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_command_that_uploads_an_artifact_finds_it_in_the_packed_folder(platform: str, tmp_path: Path) -> None:
    pack(tmp_path)
    command, _ = steps.of(platform).upload(URIS[platform], "churn-dev")
    (local,) = [word for word in split(command) if word.startswith("model")]
    assert list((tmp_path / platform).glob(local))
