"""A run of a batch job in a sandbox: it scores for real, in the run's own folder, and says what it left unscored."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from catalogue.kinds.aws.iam import ROLE_POLICY
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT
from catalogue.kinds.gcp.mlplatform import MODEL as MODELS
from catalogue.kinds.gcp.storage import BUCKET_MEMBER
from catalogue.platforms import PLATFORMS
from examples.pack import HERE, MODEL, digest_of, digest_of_image, digest_of_model, dockerfile
from sandbox import batch, byhand, scoring, training
from sandbox.state import State
from sandbox.state.records import New, Record
from sandbox.training import RunFailed
from stacks.config import STACKS
from tests.previewing import preview

RECORDED = {"aws": "batch.csv", "gcp": "batch.jsonl", "azure": "batch.csv"}
BROKEN = {"aws": "1,2\n", "gcp": "[1, 2]\n", "azure": "1,2\n3,4\n"}


@dataclass(frozen=True)
class Job:
    """The batch job of a full stack that scores two places, in an account where its model and its data lie."""

    platform: str
    state: State
    record: Record
    places: list[str]

    def run(self) -> str:
        return byhand.run(self.state, self.record.name)

    def upload(self, uri: str, content: Path) -> None:
        self.state.content.keep(digest_of(content), content)
        self.state.account.upload(uri, digest_of(content))

    def scores(self) -> dict[str, str]:
        """What lies below the job's output, by its place below the folder of the run."""
        found: dict[str, str] = {}
        for uri in self.state.account.artifacts():
            if "/batch/" in uri:
                folder = self.state.content.kept(self.state.account.digest(uri))
                assert folder is not None
                below = uri.partition("/batch/fraud-backfill/")[2].partition("/")[2]
                for file in folder.rglob("*"):
                    if file.is_file():
                        found[f"{below}{'' if below.endswith('/') or not below else '/'}{file.relative_to(folder)}"] = (
                            file.read_text()
                        )
        return found


Made = Callable[[str], Job]


def as_the_api_has_it(model: Mapping[str, Any]) -> dict[str, Any]:
    """A model as Vertex AI keeps it, which a sandbox hears from our own provider."""
    spec = {"imageUri": model["image"], "predictRoute": model["predictRoute"]}
    return {"containerSpec": spec, "artifactUri": model["artifactUri"]}


@pytest.fixture
def made(tmp_path: Path) -> Made:
    def make(platform: str) -> Job:
        graph, state = preview(STACKS / f"Pulumi.{platform}-full.yaml"), State(tmp_path / "state.sqlite")
        place = graph.placement
        assert place is not None
        for one in (one for one in graph.cloud if not one.type.endswith(":ApprovedVersion")):
            id_ = str(one.outputs.get("id", one.name))
            inputs = one.inputs if one.type != MODELS else as_the_api_has_it(one.inputs)
            state.resources.create(
                New(one.type, id_, platform, place.account, place.region, one.name, inputs, one.outputs)
            )
        ((record, places),) = (
            (one, uris) for one, uris in batch.jobs(state) if not training.trains(one) and len(uris) == 2
        )
        job = Job(platform, state, record, places)
        for at, uri in enumerate(places):
            folder = tmp_path / f"data{at}"
            folder.mkdir()
            (folder / RECORDED[platform]).write_bytes((HERE / "recorded" / platform / RECORDED[platform]).read_bytes())
            job.upload(uri, folder)
        parts: Any = scoring._PARTS[platform](state, record, 0)
        (served,) = {part.served for part in parts}
        state.account.push(served.image, digest_of_image(dockerfile(platform)))
        state.content.keep(digest_of_model(platform), MODEL)
        state.account.upload(served.artifact, digest_of_model(platform))
        return job

    return make


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_input_is_scored_into_the_run_s_own_folder(platform: str, made: Made) -> None:
    job = made(platform)
    assert "scored as" not in (said := job.run()) and "; " in said and "nothing was scored" not in said
    found = job.scores()
    recorded = json.loads((HERE / "recorded" / platform / "prediction.json").read_bytes())
    first = (recorded["predictions"] if isinstance(recorded, dict) else recorded)[0]
    if platform == "gcp":
        (lines,) = found.values()
        assert json.loads(lines.splitlines()[0])["prediction"] == first
    else:
        assert {name.partition("/")[0] for name in found} == {"cards", "transfers"}
        for text in found.values():
            assert float(text.splitlines()[0] if platform == "aws" else json.loads(text)["predictions"][0]) == first
    count = len(job.state.account.artifacts())
    job.run()
    assert len(job.state.account.artifacts()) > count, "the next run writes over nothing"


@pytest.mark.parametrize(
    ("platform", "said", "scored"),
    [
        ("aws", "Failed: AlgorithmError: x.csv: Bad HTTP status received from algorithm: 400", 1),
        ("gcp", "JOB_STATE_PARTIALLY_SUCCEEDED: ", 2),
        ("azure", "exited with status code 123. cards/x.csv: The first line must name", 2),
    ],
)
def test_what_is_broken_fails_the_run_and_keeps_no_other_from_its_scores(
    platform: str, said: str, scored: int, made: Made, tmp_path: Path
) -> None:
    """SageMaker ends a run with the input that failed; what it scored of that one stays."""
    job = made(platform)
    (tmp_path / "data0" / f"x.{RECORDED[platform].rpartition('.')[2]}").write_text(BROKEN[platform])
    job.upload(job.places[0], tmp_path / "data0")
    with pytest.raises(RunFailed) as failed:
        job.run()
    assert said in str(failed.value)
    found = job.scores()
    assert len(found) == scored and not any("x.csv" in name for name in found)
    if platform == "gcp":
        lost = [text for name, text in found.items() if "errors_stats" in name]
        assert [json.loads(one)["instance"] for one in lost] == [[1, 2]]


@pytest.mark.parametrize(
    ("platform", "type_", "name", "said"),
    [
        ("aws", ROLE_POLICY, "batch", "is not authorized to perform: s3:"),
        ("gcp", BUCKET_MEMBER, "batch", "denied on resource"),
        ("azure", ROLE_ASSIGNMENT, "batch", "AuthorizationPermissionMismatch"),
    ],
)
def test_a_run_reads_and_writes_by_the_grants_that_stand(
    platform: str, type_: str, name: str, said: str, made: Made
) -> None:
    job = made(platform)
    for one in job.state.resources.find(type=type_):
        if name in one.name:
            job.state.resources.delete_behind(one.key)
    with pytest.raises(RunFailed, match=said):
        job.run()


def test_a_model_that_is_not_the_example_s_scores_nothing(made: Made) -> None:
    job = made("aws")
    job.state.account.push(scored_by(job), "sha256:foreign")
    assert "the run ends as `assumed`, and nothing was scored" in job.run()
    assert job.scores() == {}


def test_data_that_were_said_to_lie_there_and_were_not_kept_are_not_scored(made: Made) -> None:
    job = made("aws")
    job.state.account.upload(job.places[0])
    said = job.run()
    assert f"`sandbox upload {job.places[0]} CONTENT` says what it is" in said and "nothing was scored" in said


def scored_by(job: Job) -> str:
    return next(iter(scoring._PARTS[job.platform](job.state, job.record, 0))).served.image
