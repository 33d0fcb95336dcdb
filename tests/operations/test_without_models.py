"""A stack in which people work and nothing predicts: no finding, and no proof says more than what was planned."""

import pytest
import yaml

from catalogue.platforms import PLATFORMS
from operations.verdict import Verdict
from tests.operations.test_judge import judged
from tests.previewing import preview
from tests.stack_files import pilot_file

NOTHING_PREDICTS = ("models", "endpoints", "batch_jobs")


@pytest.fixture(scope="module", params=list(PLATFORMS))
def verdict(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    document = pilot_file(request.param)
    for section in NOTHING_PREDICTS:
        del document["config"][f"mlplatform:{section}"]
    file = tmp_path_factory.mktemp("stacks") / "Pulumi.desks.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return judged(preview(file))


def test_it_passes(verdict: Verdict) -> None:
    assert verdict.passed, [f"{finding.rule}: {finding.message}" for finding in verdict.findings if finding.fails]


def test_no_prediction_is_planned(verdict: Verdict) -> None:
    (speed,) = (proof for proof in verdict.proofs if proof.name == "workflow speed")
    assert speed.state == "not yet"
    assert speed.fact.startswith("no model is served or scores")


def test_no_hardware_is_said_to_fit_where_none_runs(verdict: Verdict) -> None:
    (hardware,) = (proof for proof in verdict.proofs if proof.name == "hardware fit")
    # On Azure the workspace itself has machines that build images.
    assert hardware.state == ("planned" if verdict.hardware else "not yet")
    assert bool(verdict.hardware) is (verdict.platform == "azure")
