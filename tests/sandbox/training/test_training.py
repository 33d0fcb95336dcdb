"""A run of a training job in a sandbox: it trains for real, as the definition that stands says, or says why not."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalogue.errors import BadInput
from catalogue.kinds.aws.iam import ROLE_POLICY
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT
from catalogue.kinds.gcp.storage import BUCKET_MEMBER
from catalogue.platforms import PLATFORMS
from catalogue.versions import ARTIFACT, RECORD
from examples.pack import HERE, MODEL, STEPS, digest_of, digest_of_image, digest_of_model, dockerfile
from examples.serving.predictor import FILE
from examples.steps import __main__ as steps
from examples.train import prepared
from sandbox import batch, byhand, training
from sandbox.state import State
from sandbox.state.records import New, Record
from sandbox.training import RunFailed
from stacks.config import STACKS
from tests.previewing import preview


@dataclass(frozen=True)
class Job:
    """A training job of a stack that stands, in an account where its data were uploaded and its image pushed."""

    platform: str
    state: State
    record: Record
    data: str
    image: str

    def run(self) -> list[str]:
        return byhand.run(self.state, self.record.name).splitlines()

    def trained(self) -> str:
        """The one address of what runs have trained."""
        (found,) = (one for one in self.state.account.artifacts() if "/training/" in one and "/checkpoints/" not in one)
        return found

    def upload(self, uri: str, content: Path) -> None:
        self.state.content.keep(digest_of(content), content)
        self.state.account.upload(uri, digest_of(content))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("prepared"))


Made = Callable[[str], Job]


@pytest.fixture
def made(tmp_path: Path, data: Path) -> Made:
    """Makes the training job of a platform's full stack. Its resources stand as the offline preview answers them."""

    def make(platform: str) -> Job:
        graph, state = preview(STACKS / f"Pulumi.{platform}-full.yaml"), State(tmp_path / "state.sqlite")
        place = graph.placement
        assert place is not None
        # Each model that serves a version asks for its approval, and makes nothing.
        for one in (one for one in graph.cloud if not one.type.endswith(":ApprovedVersion")):
            id_ = str(one.outputs.get("id", one.name))
            new = New(one.type, id_, platform, place.account, place.region, one.name, one.inputs, one.outputs)
            state.resources.create(new)
        ((record, (uri,)),) = ((one, found) for one, found in batch.jobs(state) if "-fraud-training" in one.name)
        job = Job(platform, state, record, uri, training.of(record).launch(state, record, 0, 0).image)
        job.upload(uri, data)
        state.account.push(job.image, digest_of_image(STEPS))
        return job

    return make


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_run_trains_what_is_then_registered_and_predicts_as_recorded(
    platform: str, made: Made, data: Path, tmp_path: Path
) -> None:
    """On a Spot machine that is taken after the first checkpoint, so that it goes on from there on another."""
    job = made(platform)
    job.state.account.push(job.image, "sha256:foreign")
    (said,) = job.run()
    assert "runs only an image of its own" in said and "the run ends as `assumed`" in said
    assert job.state.account.artifacts() == [as_kept(job.data)]
    job.state.account.push(job.image, digest_of_image(STEPS))
    job.state.faults.arm("spot-taken", job.record.name)
    taken, said = job.run()
    assert "took the" in taken and "goes on after 1 steps" in said and "-training" in said
    assert job.state.faults.armed() == []

    trained = job.state.content.kept(job.state.account.digest(job.trained()))
    assert trained is not None
    given = [str(data), str(trained)]
    for step, into, options in (
        ("evaluate", [], ()),
        ("gate", ["evaluate"], ("--metric", "accuracy", "--bound", "0.9")),
        ("register", ["evaluate", "gate"], registering(platform, job)),
    ):
        folders = [*given, *(str(tmp_path / one) for one in into)]
        assert steps.main([step, "--in", *folders, "--out", str(tmp_path / step), *options], {}) == 0
    version = tmp_path / "register"
    (answered,) = json.loads((version / RECORD).read_bytes())["recorded"]["response"]["outputs"]
    recorded = json.loads((HERE / "recorded" / "aws" / "prediction.json").read_bytes())
    assert answered["data"] == recorded["predictions"]
    # So an endpoint of the sandbox answers with it.
    assert digest_of_model(platform, version / ARTIFACT) == digest_of_model(platform)
    assert (version / ARTIFACT / FILE).read_bytes() == (MODEL / FILE).read_bytes()


def as_kept(uri: str) -> str:
    """The address as the account has it."""
    return uri if "subscriptions" not in uri else f"azureml://datastores/{uri.partition('/datastores/')[2]}"


def registering(platform: str, job: Job) -> list[str]:
    said = {
        "name": "tumours",
        "version": "1",
        "image": f"registry.example.com/mlplatform-example@{digest_of_image(dockerfile(platform))}",
        "training-image": f"{job.image.rpartition(':')[0]}@{digest_of_image(STEPS)}",
        "owner": "ml-platform@example.com",
        "data": job.data,
        "repository": "https://github.com/example/mlplatform",
        "commit": "unknown",
        "run": job.trained(),
    }
    return [word for name, value in said.items() for word in (f"--{name}", value)]


@pytest.mark.parametrize(
    ("platform", "fails", "late"),
    [
        ("aws", "Failed: AlgorithmError: , exit code: 137", "Stopped: MaxRuntimeExceeded, after 2 h"),
        ("gcp", "JOB_STATE_FAILED: The replica workerpool0-0 exited with a non-zero status of 137.", "timeout of 2 h"),
        ("azure", "Failed: Execution failed. User process 'train' exited with status code 137.", "time-out of 2 h"),
    ],
)
def test_a_job_that_fails_or_takes_too_long_is_tried_again_as_its_definition_says(
    platform: str, fails: str, late: str, made: Made
) -> None:
    """Step Functions and the workflow try three times within six hours; Azure ML tries nothing again that failed."""
    job = made(platform)
    before, began = job.state.account.artifacts(), job.state.clock.now()
    job.state.faults.arm("job-fails", job.record.name)
    job.state.faults.arm("job-overruns", job.record.type, times=9)
    with pytest.raises(RunFailed) as failed:
        job.run()
    _, first, *others = str(failed.value).splitlines()
    assert fails in first
    if platform == "azure":
        assert others == []
        with pytest.raises(RunFailed) as failed:
            job.run()
        _, *others, last = str(failed.value).splitlines()
        assert "the time of the run itself is up" in last
    assert len(others) == (1 if platform == "azure" else 2) and all(late in one for one in others)
    assert len(others) * 7200 < job.state.clock.now() - began < len(others) * 7200 + 600
    assert all("/checkpoints/" in one for one in {*job.state.account.artifacts()} - {*before})


@pytest.mark.parametrize(
    ("platform", "grants", "says"),
    [
        ("aws", ROLE_POLICY, r"User: .*assumed-role/aws-full-training/SageMaker is not authorized to perform: s3:List"),
        ("gcp", BUCKET_MEMBER, "gcp-full-training@.* does not have storage.objects.list access"),
        ("azure", ROLE_ASSIGNMENT, "ErrorCode:AuthorizationPermissionMismatch: .* lacks .*/blobs/read on azureml:"),
    ],
)
def test_a_run_reads_and_writes_as_the_persona_training(platform: str, grants: str, says: str, made: Made) -> None:
    job = made(platform)
    for one in job.state.resources.find(type=grants):
        job.state.resources.delete_behind(one.key)
    with pytest.raises(RunFailed, match=says):
        job.run()
    assert job.state.account.artifacts() == [as_kept(job.data)]


def test_a_bucket_of_which_a_part_may_be_read_is_not_mounted(made: Made) -> None:
    job = made("gcp")
    bucket, _, folder = job.data.removeprefix("gs://").partition("/")
    named = f'resource.name.startsWith("projects/_/buckets/{bucket}/objects/{folder}")'
    listed = f'api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("{folder}")'
    for one in job.state.resources.find(type=BUCKET_MEMBER):
        if "training-reads" in one.name:
            condition = {"title": "part", "expression": f"{named} || {listed}"}
            job.state.resources.change_behind(one.key, "condition", condition)
        elif "training-writes" in one.name:  # what holds on the bucket itself lists all of it
            of_folder = one.inputs["condition"]["expression"].rpartition(" || ")[0]
            condition = {"title": "part", "expression": of_folder}
            job.state.resources.change_behind(one.key, "condition", condition)
    with pytest.raises(RunFailed, match=r"gcp-full-training@.* does not have storage.objects.list access"):
        job.run()


def test_a_machine_on_demand_is_not_taken_and_starts_from_the_beginning(made: Made) -> None:
    job = made("aws")
    said = json.loads(job.record.inputs["definition"])
    for key in ("EnableManagedSpotTraining", "CheckpointConfig"):
        del said["States"]["Train"]["Parameters"][key]
    job.state.resources.change_behind(job.record.key, "definition", json.dumps(said))
    job.state.faults.arm("spot-taken", job.record.name)
    job.state.faults.arm("job-fails", job.record.name)
    first, second = job.run()
    assert first.endswith("exit code: 137") and "goes on after" not in second and "trained s3://" in second
    assert [one.kind for one in job.state.faults.armed()] == ["spot-taken"]
    assert not any("/checkpoints/" in one for one in job.state.account.artifacts())


def test_a_program_that_refuses_says_why_in_the_words_of_its_service(made: Made, data: Path, tmp_path: Path) -> None:
    """One that ends by itself took no longer than it may, whatever is armed."""
    job = made("aws")
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong" / "train.csv").write_bytes((data / "train.csv").read_bytes())
    job.upload(job.data, tmp_path / "wrong")
    job.state.faults.arm("job-overruns", job.record.name)
    with pytest.raises(RunFailed) as failed:
        job.run()
    _, *said = str(failed.value).splitlines()
    sentence = "Failed: AlgorithmError: statistics.json: found 0 times in /opt/ml/input/data/train; give --in the one "
    assert len(said) == 3 and all(sentence in one and one.endswith("exit code: 2") for one in said)


def test_data_that_the_sandbox_has_not_kept_are_asked_for(made: Made) -> None:
    job = made("aws")
    job.state.account.upload(job.data)
    with pytest.raises(BadInput, match=r"the sandbox has not kept what lies there; `sandbox upload s3://"):
        job.run()
    job.state.account.empty("s3://")
    with pytest.raises(BadInput, match="No S3 objects found under S3 URL"):
        job.run()


def test_a_file_lies_in_the_folder_that_the_run_reads(made: Made, data: Path) -> None:
    """As `aws s3 cp` puts each file at a key of its own."""
    job = made("aws")
    job.state.account.empty("s3://")
    for one in data.iterdir():
        job.upload(f"{job.data}{one.name}", one)
    (said,) = job.run()
    assert "validation:log_loss=" in said


@pytest.mark.parametrize(
    ("platform", "changed", "sentence"),
    [
        ("aws", ("$.run", "$.when"), "the run's input has no when"),
        ("aws", ("TimeoutSeconds", "Timeout"), "does not read what a run of it is: .*TimeoutSeconds"),
        ("aws", ("OutputDataConfig", "Output"), "its request for a training job lacks what SageMaker needs"),
        (
            "gcp",
            ("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID", "HOME"),
            "an expression of a workflow that the sandbox does not",
        ),
        ("gcp", ("baseOutputDirectory", "base"), "its custom job lacks what Vertex AI needs"),
        ("azure", ("exec train", "python train.py"), "a command that the sandbox does not run; it runs `train` alone"),
    ],
)
def test_a_definition_that_is_not_read_is_a_sentence_and_runs_nothing(
    platform: str, changed: tuple[str, str], sentence: str, made: Made
) -> None:
    job = made(platform)
    for one in job.state.resources.all():
        for key, value in one.inputs.items():
            if changed[0] in (text := json.dumps(value)):
                job.state.resources.change_behind(one.key, key, json.loads(text.replace(*changed)))
    with pytest.raises(BadInput, match=sentence):
        job.run()
    assert job.state.account.artifacts() == [as_kept(job.data)]
