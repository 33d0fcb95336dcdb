"""The steps of a pipeline, as a stack file says them and as the engine hands them over."""

from stacks.sections.pipelines import Pipeline

STEPS = {
    "prepare": {"inputs": {"raw": "s3://some-bucket/raw/"}},
    "train": {"training": "weekly", "inputs": {"train": "prepare"}},
    "evaluate": {"inputs": {"data": "prepare", "model": "train"}},
    "gate": {"inputs": {"metrics": "evaluate"}},
}


def made(steps: dict[str, object]) -> list[str]:
    said = {"steps": steps, "output_uri": "s3://some-bucket/pipelines/path/", "runs_per_month": 1}
    return list(Pipeline.model_validate(said).steps)


def test_steps_have_the_order_in_which_they_read_one_another_whatever_order_the_engine_gives_them() -> None:
    """It sorts the keys of each object of a stack file: `pulumi config --json`."""
    assert made(dict(sorted(STEPS.items()))) == made(STEPS) == list(STEPS)


def test_steps_in_a_circle_stay_as_they_came_for_the_check_to_refuse() -> None:
    circle = {"a": {"inputs": {"x": "b"}}, "b": {"inputs": {"x": "a"}}, "c": {"inputs": {"x": "c"}}}
    assert sorted(made(circle)) == ["a", "b", "c"]
