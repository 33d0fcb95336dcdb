"""The section `pipelines`: what it takes on every platform, and the sentence for what it does not."""

from collections.abc import Mapping
from typing import Any

import pytest

from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from examples.pack import STEPS as IMAGE_OF_STEPS
from examples.pack import digest_of_image, dockerfile
from operations.standing.edits import standing
from stacks.config import STACKS, read_stack_file, validate
from stacks.expiry import expiring
from stacks.model import StackConfig
from stacks.sections import pipelines
from tests.rows import rows

AWS = standing("aws")
IMAGE = AWS["training"]["fraud-training"]["image"]
CHANNEL = next(iter(AWS["training"]["fraud-training"]["data"]))
STORE = "s3://aws-pilot-artifacts-111122223333/"
PREPARE: Mapping[str, Any] = {
    "image": IMAGE,
    "program": ["python", "-m", "examples.steps", "prepare"],
    "inputs": {"raw": f"{STORE}raw/"},
    "family": "cpu-small",
    "max_hours": 1,
}
TRAIN: Mapping[str, Any] = {"training": "fraud-training", "inputs": {CHANNEL: "prepare"}}
GATE: Mapping[str, Any] = {
    **PREPARE,
    "program": ["python", "-m", "examples.steps", "gate"],
    "inputs": {"model": "train", "prepared": "prepare"},
    "options": {"metric": "accuracy", "bound": "0.9"},
    "max_hours": 2,
}
STEPS = {"prepare": PREPARE, "train": TRAIN, "gate": GATE}
PIPELINE: Mapping[str, Any] = {"output_uri": f"{STORE}pipelines/path/", "runs_per_month": 4, "steps": STEPS}


def read(pipeline: Mapping[str, Any], **sections: Any) -> StackConfig:
    said = {key: value for key, value in pipeline.items() if value is not None}
    config = {**AWS, "pipelines": {"path": said}, **sections}
    return validate({f"mlplatform:{key}": value for key, value in config.items()}, "a.yaml")


def refused(pipeline: Mapping[str, Any], **sections: Any) -> str:
    with pytest.raises(BadInput) as found:
        read(pipeline, **sections)
    return str(found.value)


def with_step(name: str, **changed: Any) -> Mapping[str, Any]:
    """The pipeline in which one step says these keys otherwise; None leaves one out."""
    step = {key: value for key, value in {**STEPS[name], **changed}.items() if value is not None}
    return {**PIPELINE, "steps": {**STEPS, name: step}}


def test_a_path_is_taken_and_its_hours_add_up() -> None:
    config = read(PIPELINE)
    (pipeline,) = pipelines.of(config).values()
    job = AWS["training"]["fraud-training"]
    waits = job["spot"]["wait_hours"] if "spot" in job else 0
    assert pipeline.hours(config) == 1 + job["max_hours"] + waits + 2
    assert pipelines.inputs_of(config, pipeline.steps["train"]) == {CHANNEL: "prepare"}
    assert expiring(config, STORE)["pipelines/path/"] == 30


def test_a_training_step_keeps_the_channels_that_it_does_not_name() -> None:
    job = AWS["training"]["fraud-training"]
    more = {**job, "data": {**job["data"], "other": f"{STORE}other/"}}
    config = read(PIPELINE, training={"fraud-training": more})
    (pipeline,) = pipelines.of(config).values()
    assert pipelines.inputs_of(config, pipeline.steps["train"]) == {CHANNEL: "prepare", "other": f"{STORE}other/"}


AT = "pipelines.path.steps"


@rows(
    ("pipeline", "said"),
    [
        ({**PIPELINE, "schedule": "0 3 * * 1"}, "a schedule, or runs_per_month where people start the runs"),
        ({**PIPELINE, "steps": {}}, "pipelines.path.steps"),
        ({**PIPELINE, "output_uri": "s3://bucket/file"}, "a folder, which ends with '/'"),
        ({**PIPELINE, "output_uri": f"{STORE}raw/"}, "whose files are deleted after 30 days"),
        ({**PIPELINE, "runs_per_month": None, "schedule": "0 * * * *"}, "starts a run again after 1 h, and the steps"),
        (with_step("prepare", image=None), f"{AT}.prepare.image: is missing; add the container image"),
        (with_step("prepare", program=None), f"{AT}.prepare.program: is missing; add the program"),
        (with_step("prepare", max_hours=None), f"{AT}.prepare.max_hours: is missing"),
        (with_step("prepare", family=None), f"{AT}.prepare.family: is missing"),
        (with_step("prepare", image="docker.io/library/python:3.11"), f"{AT}.prepare.image: "),
        (with_step("prepare", program=["sh", "-c", "a; b"]), f"{AT}.prepare.program"),
        (with_step("prepare", program=["run", "--api-key", "abcdef"]), "looks like a secret"),
        (with_step("prepare", options={"token": "abc"}), "looks like a secret"),
        (with_step("prepare", options={"raw": "1"}), f"{AT}.prepare.options.raw: would be two arguments"),
        (with_step("prepare", inputs={"output": f"{STORE}raw/"}), f"{AT}.prepare.inputs.output: would be two arg"),
        (with_step("prepare", inputs={"raw": "gs://bucket/raw/"}), f"{AT}.prepare.inputs.raw: found 'gs://bucket"),
        (with_step("prepare", inputs={"raw": f"{STORE}raw.csv"}), "a folder, which ends with '/'"),
        (
            with_step("prepare", inputs={"raw": "train"}),
            f"{AT}.prepare.inputs.raw: found 'train', which waits for this",
        ),
        (with_step("prepare", inputs={"raw": "train"}), f"{AT}.train.inputs.{CHANNEL}: found 'prepare', which waits"),
        (with_step("prepare", inputs={"raw": "No Place"}), "or the name of a step"),
        (with_step("prepare", family="cpu-smal"), "did you mean cpu-small"),
        (with_step("train", training="fraud-trainin"), f"{AT}.train.training: names no training job of this file"),
        (with_step("train", family="cpu-small"), f"{AT}.train.family: stands beside training"),
        (with_step("train", inputs={"raw": "prepare"}), f"{AT}.train.inputs.raw: is no channel of the training job"),
        (with_step("gate", inputs={"data": "prepare"}), f"{AT}.gate: is read by no step, as train; let a step read it"),
        (with_step("gate", inputs={"data": "prepare"}), f"{AT}.train: is read by no step, as gate; let a step read it"),
        (with_step("gate", inputs={"m": "gate"}), f"{AT}.gate.inputs.m: found 'gate', the step itself; let it read"),
        (with_step("gate", inputs={"m": "trian"}), "found 'trian', which is no step of the pipeline, nor a folder in"),
        (with_step("gate", inputs={"m": "trian"}), "did you mean train?"),
        (with_step("gate", max_hours=25), f"{AT}.gate.max_hours"),
    ],
)
def test_what_it_does_not_take_is_one_sentence(pipeline: Mapping[str, Any], said: str) -> None:
    assert said in refused(pipeline)


def test_a_training_job_that_is_switched_off_is_no_step() -> None:
    off = {"fraud-training": {**AWS["training"]["fraud-training"], "enabled": False}}
    assert "which is switched off" in refused(PIPELINE, training=off)


@pytest.mark.parametrize(("section", "called"), [("training", "training job"), ("batch_jobs", "batch job")])
def test_a_name_of_a_job_is_taken(section: str, called: str) -> None:
    (item, *_) = AWS[section].values()
    assert f"is the name of a {called} too" in refused(PIPELINE, **{section: {**AWS[section], "path": item}})


def test_what_another_section_deletes_sooner_is_no_place_for_a_run() -> None:
    job = AWS["batch_jobs"]["fraud-backfill"]
    scores = {**job, "output_uri": f"{STORE}pipelines/", "keep_days": 7}
    assert "whose files are deleted after 7 days" in refused(PIPELINE, batch_jobs={"fraud-backfill": scores})


def test_runs_leave_candidates_where_a_version_of_the_registry_is_served() -> None:
    config = read(PIPELINE)
    assert pipelines.candidates(config) == []
    model = {"registered": "scorer", "version": 1, "digest": f"sha256:{'a' * 64}"}
    serves = read(PIPELINE, models={**AWS["models"], "fraud-scorer": model})
    assert pipelines.candidates(serves) == [PIPELINE["output_uri"]]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_full_stacks_go_the_example_s_path(platform: str) -> None:
    """The same steps in the same order, with the same options but for what is the platform's own."""
    config = read_stack_file(STACKS / f"Pulumi.{platform}-full.yaml")
    pipeline = pipelines.of(config)["fraud-path"]
    assert list(pipeline.steps) == ["prepare", "train", "evaluate", "gate", "register"]
    rest = {name: list(one.steps) for name, one in pipelines.of(config).items() if name != "fraud-path"}
    assert rest == {
        "fraud-best": ["prepare", "search", "train", "compare"],
        "fraud-scores": ["rows", "score", "report"],
    }
    assert pipeline.steps["train"].training == "fraud-training"
    first = read_stack_file(STACKS / "Pulumi.aws-full.yaml")
    same = [(one, *step) for one in ("fraud-path", "fraud-best") for step in pipelines.of(first)[one].steps.items()]
    for called, name, step in same:
        other = pipelines.of(config)[called].steps[name]
        assert (step.program, step.training, step.max_hours) == (other.program, other.training, other.max_hours)
        assert {key: said for key, said in step.inputs.items() if pipelines.is_step(said)} == {
            key: said for key, said in other.inputs.items() if pipelines.is_step(said)
        }
        assert step.options.keys() == other.options.keys()
    said = pipeline.steps["register"].options
    assert said["training_image"].endswith(f"@{digest_of_image(IMAGE_OF_STEPS)}"), (
        "write the digest of the image of the steps"
    )
    assert said["image"].endswith(f"@{digest_of_image(dockerfile(platform))}")


def test_words_that_other_tools_use_lead_there() -> None:
    for word in ("pipeline", "workflows", "processing_jobs"):
        config: Mapping[str, Any] = {**AWS, word: {}}
        said = {f"mlplatform:{key}": value for key, value in config.items()}
        with pytest.raises(BadInput, match=f"mlplatform:{word}: unknown key; .*pipelines"):
            validate(said, "a.yaml")


ORDER = {
    "prepare": {"inputs": {"raw": "s3://some-bucket/raw/"}},
    "train": {"training": "weekly", "inputs": {"train": "prepare"}},
    "evaluate": {"inputs": {"data": "prepare", "model": "train"}},
    "gate": {"inputs": {"metrics": "evaluate"}},
}


def made(steps: Mapping[str, object]) -> list[str]:
    said = {"steps": steps, "output_uri": "s3://some-bucket/pipelines/path/", "runs_per_month": 1}
    return list(pipelines.Pipeline.model_validate(said).steps)


def test_steps_have_the_order_in_which_they_read_one_another_whatever_order_the_engine_gives_them() -> None:
    """It sorts the keys of each object of a stack file: `pulumi config --json`."""
    assert made(dict(sorted(ORDER.items()))) == made(ORDER) == list(ORDER)


def test_steps_beside_each_other_have_one_order_too_whatever_order_the_file_gives_them() -> None:
    beside = {**ORDER, "audit": {"inputs": {"x": "prepare"}}, "compare": {"inputs": {"x": "train", "y": "audit"}}}
    for order in (list(beside), sorted(beside), sorted(beside, reverse=True)):
        assert made({name: beside[name] for name in order}) == [
            *("prepare", "audit", "train", "compare", "evaluate", "gate"),
        ]


def test_steps_in_a_circle_are_last_for_the_check_to_refuse() -> None:
    circle = {"b": {"inputs": {"x": "a"}}, "a": {"inputs": {"x": "b"}}, "c": {"inputs": {"x": "s3://some/place/"}}}
    assert made(circle) == ["c", "a", "b"]


def test_a_step_behind_a_circle_is_not_told_what_those_in_it_are() -> None:
    said = refused(with_step("prepare", inputs={"raw": "train"}))
    assert f"{AT}.gate" not in said


def beside(**gate: Any) -> Mapping[str, Any]:
    """Two steps that read the same one, and one that reads both; the gate stands beside where it says so."""
    steps = {
        **STEPS,
        "other": {**GATE, "inputs": {"prepared": "prepare"}, "max_hours": 9},
        "compare": {**GATE, "inputs": {"model": "train", "other": "other", "gate": "gate"}, "max_hours": 3},
        **({"gate": {**GATE, **gate}} if gate else {}),
    }
    return {**PIPELINE, "steps": steps}


def test_the_hours_of_a_run_are_those_of_its_longest_way() -> None:
    config = read(beside())
    (pipeline,) = pipelines.of(config).values()
    job = AWS["training"]["fraud-training"]
    trains = job["max_hours"] + (job["spot"]["wait_hours"] if "spot" in job else 0)
    assert pipeline.hours(config) == 1 + max(trains + 2, 9) + 3
    assert pipelines.reads(pipeline.steps)["compare"] == {"train", "other", "gate"}


def test_several_ends_are_taken_where_each_says_that_it_is_a_result() -> None:
    steps = {**STEPS, "score": {**GATE, "inputs": {"model": "train"}}}
    assert "score: is read by no step, as gate" in refused({**PIPELINE, "steps": steps})
    half = {**steps, "score": {**steps["score"], "result": True}}
    said = refused({**PIPELINE, "steps": half})
    assert "gate: is read by no step, as score" in said and "score: is read" not in said
    whole = {**half, "gate": {**GATE, "result": True}}
    (pipeline,) = pipelines.of(read({**PIPELINE, "steps": whole})).values()
    assert list(pipeline.steps) == ["prepare", "train", "gate", "score"]


def test_a_step_that_reads_itself_has_one_sentence() -> None:
    """The step that it should read would else be said to be read by none, and so would the last one."""
    gate = PIPELINE["steps"]["gate"]
    before = {**gate, "inputs": {"raw": f"{STORE}data/"}}
    steps = {**PIPELINE["steps"], "before": before, "itself": {**gate, "inputs": {"m": "itself"}}}
    told = refused({**PIPELINE, "steps": steps})
    assert "the step itself" in told
    assert "is read by no step" not in told


def test_steps_in_a_circle_have_the_sentence_of_the_circle_alone() -> None:
    gate = PIPELINE["steps"]["gate"]
    before = {**gate, "inputs": {"raw": f"{STORE}data/"}}
    circle = {"one": {**gate, "inputs": {"m": "two"}}, "two": {**gate, "inputs": {"m": "one"}}}
    told = refused({**PIPELINE, "steps": {**PIPELINE["steps"], "before": before, **circle}})
    assert "waits for this step in turn" in told
    assert "is read by no step" not in told


def test_two_steps_of_one_training_job_share_no_checkpoints() -> None:
    steps = {**STEPS, "again": TRAIN, "gate": {**GATE, "inputs": {"model": "train", "other": "again"}}}
    job = {key: said for key, said in AWS["training"]["fraud-training"].items() if key != "spot"}
    spot = {"checkpoint_uri": f"{STORE}training/fraud-training/checkpoints/", "wait_hours": 1}
    jobs = {"fraud-training": {**job, "spot": spot}}
    said = refused({**PIPELINE, "steps": steps}, training=jobs)
    assert "train.training: found 'fraud-training', which the step again runs, too, and whose checkpoints" in said
    read({**PIPELINE, "steps": steps}, training={"fraud-training": job})
