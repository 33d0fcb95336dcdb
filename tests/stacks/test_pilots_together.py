"""The three pilots say the same in the same words; what differs is where they run, or what a platform does not have."""

from typing import Any

import pytest

from catalogue.hardware import catalogue
from catalogue.platforms import PLATFORMS
from stacks.config import NAMESPACE
from stacks.sections import endpoints
from tests.stack_files import pilot_file

# Where a stack runs, and what is addressed or known there under a name of the platform's own.
OWN = {"platform", "account", "region"}
OWN_OF_MODEL, OWN_OF_JOB = {"image", "artifact_uri"}, {"input_uri", "output_uri"}


def pilot(platform: str) -> dict[str, Any]:
    document = pilot_file(platform)
    return {key.removeprefix(f"{NAMESPACE}:"): value for key, value in document["config"].items()}


def without(mapping: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key not in keys}


ZONES = {"zone", "zones"}
"""A zone has the name that its platform gives it, where something stands in one."""

OTHERS = pytest.mark.parametrize("platform", [name for name in PLATFORMS if name != "aws"])


@OTHERS
def test_the_files_have_the_same_keys_in_the_same_order(platform: str) -> None:
    assert list(pilot(platform)) == list(pilot("aws"))


@OTHERS
def test_what_is_not_named_after_the_platform_is_the_same(platform: str) -> None:
    ours, theirs = pilot("aws"), pilot(platform)
    parts = {"models", "endpoints", "batch_jobs", "network", "workspace"}
    assert without(theirs, OWN | parts) == without(ours, OWN | parts)
    assert theirs["network"] == without(ours["network"], ZONES)
    # Who a person is, is the directory's to say: Azure and Google make a machine of one person's own.
    # Studio and JupyterLab open at an address of the platform's own; Azure ML's only from a network that is joined.
    assert without(theirs["workspace"], {"principals", "reached_from", *ZONES}) == without(ours["workspace"], ZONES)
    assert set(theirs["workspace"]["principals"]) == set(ours["workspace"]["users"])


@OTHERS
def test_models_differ_in_image_and_artifact_only(platform: str) -> None:
    ours, theirs = pilot("aws")["models"], pilot(platform)["models"]
    assert list(theirs) == list(ours)
    for name, model in theirs.items():
        assert without(model, OWN_OF_MODEL) == without(ours[name], OWN_OF_MODEL)


@OTHERS
def test_an_endpoint_is_the_same_or_its_kind_is_refused_and_it_is_a_batch_job(platform: str) -> None:
    ours, theirs = pilot("aws"), pilot(platform)
    for name, endpoint in ours["endpoints"].items():
        if not endpoints.SECTION.refused_kind(endpoint["kind"], platform):
            least = endpoints.fewest(platform)
            assert theirs["endpoints"][name] == endpoint | ({"min_replicas": least} if "canary" in endpoint else {})
            continue
        assert name not in theirs["endpoints"]
        job, absent = theirs["batch_jobs"][name], catalogue.load(platform).families[endpoint["family"]].absent
        assert job["model"] == endpoint["model"]
        assert (job["family"] == endpoint["family"]) is (absent is None), "only a family that is absent may differ"
    assert set(theirs["endpoints"]) <= set(ours["endpoints"])


@OTHERS
def test_batch_jobs_differ_in_addresses_only(platform: str) -> None:
    ours, theirs = pilot("aws"), pilot(platform)
    for name, job in ours["batch_jobs"].items():
        assert without(theirs["batch_jobs"][name], OWN_OF_JOB) == without(job, OWN_OF_JOB)
    refused = {n for n, e in ours["endpoints"].items() if endpoints.SECTION.refused_kind(e["kind"], platform)}
    assert set(theirs["batch_jobs"]) == set(ours["batch_jobs"]) | refused
