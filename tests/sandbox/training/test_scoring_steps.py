"""A run of a pipeline in a sandbox that scores: the step does a batch job, and the next one reads what it wrote."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from catalogue.kinds.aws.iam import ROLE_POLICY
from catalogue.kinds.aws.scheduler import SCHEDULE
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT
from catalogue.kinds.gcp.mlplatform import MODEL as MODELS
from catalogue.kinds.gcp.storage import BUCKET_MEMBER
from examples import train
from examples.pack import MODEL, STEPS, digest_of, digest_of_image, digest_of_model, dockerfile
from sandbox import batch, byhand, scoring
from sandbox.state import State
from sandbox.state.records import New, Record
from sandbox.training import STARTING, RunFailed, below, is_pipeline
from stacks.config import STACKS, read_stack_file
from stacks.sections import pipelines
from tests.previewing import preview
from tests.sandbox.test_scoring import as_the_api_has_it

NAME = "fraud-scores"


@dataclass(frozen=True)
class Scored:
    """The pipeline that scores, in an account where its images, its model and the raw table lie."""

    state: State
    record: Record
    output: str
    artifact: str

    def run(self) -> list[str]:
        return byhand.run(self.state, self.record.name).splitlines()

    def report(self) -> dict[str, float]:
        """What the last step wrote."""
        (place,) = (one for one in below(self.state, self.output) if "/report" in one)
        kept = self.state.content.kept(self.state.account.digest(place))
        assert kept is not None
        return json.loads(next(kept.rglob("report.json")).read_text())


@pytest.fixture
def made(tmp_path: Path) -> Callable[[str], Scored]:
    def make(platform: str) -> Scored:
        file = STACKS / f"Pulumi.{platform}-full.yaml"
        graph, state, config = preview(file), State(tmp_path / "state.sqlite"), read_stack_file(file)
        place, rows = graph.placement, pipelines.of(config)[NAME].steps["rows"]
        assert place is not None and rows.image is not None
        for one in (one for one in graph.cloud if not one.type.endswith(":ApprovedVersion")):
            inputs = one.inputs if one.type != MODELS else as_the_api_has_it(one.inputs)
            made = (one.type, str(one.outputs.get("id", one.name)), platform, place.account, place.region, one.name)
            state.resources.create(New(*made, inputs, one.outputs))
        raw = tmp_path / "raw"
        raw.mkdir()
        (raw / train.RAW).write_bytes(train.raw())
        nightly = next(one for one, uris in batch.jobs(state) if len(uris) == 2 and "backfill" in one.name)
        parts: Any = scoring._PARTS[platform](state, nightly, 0)
        (served,) = {part.served for part in parts}  # the model of the step is the nightly job's
        places = ((rows.inputs["raw"], digest_of(raw), raw), (served.artifact, digest_of_model(platform), MODEL))
        for uri, digest, content in places:
            state.content.keep(digest, content)
            state.account.upload(uri, digest)
        state.account.push(rows.image, digest_of_image(STEPS))
        state.account.push(served.image, digest_of_image(dockerfile(platform)))
        (record,) = (one for one in state.resources.all() if is_pipeline(one) and NAME in one.name)
        return Scored(state, record, pipelines.of(config)[NAME].output_uri, served.artifact)

    return make


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_every_row_is_scored_and_the_report_counts_them(platform: str, made: Callable[[str], Scored]) -> None:
    scored = made(platform)
    began = scored.state.clock.now()
    said = scored.run()
    assert [line.partition(":")[0] for line in said] == ["rows", "score", "report"]
    assert "-batch" in said[1] and "scored " in said[1], "as the persona that scores"
    assert scored.report()["rows"] == len(train.raw().splitlines()) - 1
    assert 150 < scored.report()["positive"] < 260, "212 of the 569 are malignant"
    assert 3 * STARTING <= scored.state.clock.now() - began < 3 * STARTING + 60, "one after the other"


@pytest.mark.parametrize(
    ("platform", "grants"), [("aws", ROLE_POLICY), ("gcp", BUCKET_MEMBER), ("azure", ROLE_ASSIGNMENT)]
)
def test_who_may_not_write_scores_fails_the_run_at_that_step(
    platform: str, grants: str, made: Callable[[str], Scored]
) -> None:
    scored = made(platform)
    for one in scored.state.resources.find(type=grants):
        if "-batch" in one.name:
            scored.state.resources.delete_behind(one.key)
    with pytest.raises(RunFailed, match=r"failed at its step score\n(?s:.*)report did not begin"):
        scored.run()


def test_a_model_that_the_sandbox_has_not_scores_nothing(made: Callable[[str], Scored]) -> None:
    scored = made("gcp")
    scored.state.account.upload(scored.artifact, "sha256:foreign")
    said = scored.run()
    assert (
        len(said) == 2
        and said[-1].startswith("score: ")
        and said[-1].endswith("the run ends as `assumed`, and nothing was scored")
    )


def test_a_job_on_aws_that_takes_too_long_is_stopped_by_what_looks_for_it(made: Callable[[str], Scored]) -> None:
    scored = made("aws")
    scored.state.faults.arm("job-overruns", f"{scored.record.name}-score")
    began = scored.state.clock.now()
    with pytest.raises(RunFailed, match=r"step score\n(?s:.*)Stopped, by aws-full-fraud-scores-watch after 1 h\n"):
        scored.run()
    assert STARTING + 3600 <= scored.state.clock.now() - began < STARTING + 3660
    assert scored.run()[-1].startswith("report: "), "the next run is none of its business"


def test_a_job_on_aws_that_takes_too_long_bills_on_where_nothing_looks_for_it(made: Callable[[str], Scored]) -> None:
    scored = made("aws")
    (looks,) = (one for one in scored.state.resources.find(type=SCHEDULE) if "-watch-" in one.name)
    scored.state.resources.delete_behind(looks.key)
    scored.state.faults.arm("job-overruns", f"{scored.record.name}-score")
    with pytest.raises(RunFailed, match="InProgress, and nothing that stands stops it"):
        scored.run()
