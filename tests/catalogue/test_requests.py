"""`catalogue/inputs/aws-requests.yaml` against the services' own models, as botocore ships them. No network is used.

What a state machine sends is refused by the service, and not before a run, where a word is misspelt or left out; and a
member that AWS adds is judged by nobody until somebody reads it.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from botocore.session import Session

from catalogue.graph import Graph
from catalogue.inputs import requests
from catalogue.kinds.aws import sfn
from catalogue.kinds.aws.jobs import STATE_MACHINE
from catalogue.kinds.aws.states import call_of
from policies.aws import runs
from stacks.config import STACKS
from tests.components.aws.test_api_models import Call, _structure
from tests.mutate import changed
from tests.previewing import preview
from tests.rows import rows

SENT = {
    "createProcessingJob": ("sagemaker", "CreateProcessingJob"),
    "createTransformJob": ("sagemaker", "CreateTransformJob"),
    "createTrainingJob": ("sagemaker", "CreateTrainingJob"),
    "createHyperParameterTuningJob": ("sagemaker", "CreateHyperParameterTuningJob"),
    "listTransformJobs": ("sagemaker", "ListTransformJobs"),
    "describeTransformJob": ("sagemaker", "DescribeTransformJob"),
    "stopTransformJob": ("sagemaker", "StopTransformJob"),
    "sns:publish": ("sns", "Publish"),
}
"""The service and the operation of each call of the file."""
STATES = (
    "definition",
    "pipeline",
    "step",
    "scope",
    "Task",
    "Choice",
    "Wait",
    "Pass",
    "Succeed",
    "Fail",
    "Parallel",
    "Map",
)
"""The rest of the file: the parts of the Amazon States Language, which botocore has no model of."""


def members(shape: Any, above: str = "") -> Iterator[tuple[str, Any, bool]]:
    """Each member of a request at any depth: its path, its shape, and whether what it lies in must have it."""
    while shape.type_name == "list":
        shape = shape.member
    for name, inner in shape.members.items() if shape.type_name == "structure" else ():
        path = f"{above}.{name}".lstrip(".")
        yield path, inner, name in shape.required_members
        yield from members(inner, path)


@cache
def model(call: str) -> dict[str, tuple[Any, bool]]:
    service, operation = SENT[call]
    shape = Session().get_service_model(service).operation_model(operation).input_shape
    return {path: (inner, required) for path, inner, required in members(shape)}


def plain(path: str) -> str:
    return path.removesuffix(".$")


def test_every_call_of_the_file_has_a_model() -> None:
    assert requests().keys() == SENT.keys() | {*STATES}


@pytest.mark.parametrize("call", SENT)
def test_no_word_of_a_request_is_one_that_its_model_lacks(call: str) -> None:
    takes = requests()[call]
    said = {plain(path) for path in {*takes.known, *takes.needed, *takes.once, *takes.refused}}
    assert {path for path in said if not in_map(call, path)} - model(call).keys() == set()


def in_map(call: str, path: str) -> bool:
    """Whether a path names a key of a map, such as a variable of an environment, which are the sender's to choose."""
    above = model(call).get(path.rpartition(".")[0])
    return above is not None and above[0].type_name == "map"


@pytest.mark.parametrize("call", SENT)
def test_every_member_of_a_request_is_judged_or_refused_with_a_reason(call: str) -> None:
    takes, known = requests()[call], {plain(path) for path in requests()[call].known}
    entered = {plain(path) for path in takes.entered}
    entered |= {path.rpartition(".")[0] for path in known if in_map(call, path)}  # its other keys are known by nobody

    def covered(path: str, by: Any) -> bool:
        parts = path.split(".")
        return any(".".join(parts[:end]) in by for end in range(1, len(parts) + 1))

    neither = [p for p in model(call) if not covered(p, known) and not covered(p, takes.refused) and p not in entered]
    assert neither == [], "judge each, or refuse it with the reason"
    assert [path for path in takes.refused if covered(path, known)] == [], "these are refused, and judged"
    assert all(len(why) > 30 and not why.endswith(".") for why in takes.refused.values())


@pytest.mark.parametrize("call", SENT)
def test_what_a_service_requires_is_asked_for(call: str) -> None:
    """Wherever what it lies in is given, unless that is refused."""
    takes = requests()[call]
    asked = {plain(path) for path in {*takes.needed, *takes.must}}
    required = {path for path, (_, needed) in model(call).items() if needed}
    refused = {path for path in required if any(path == one or path.startswith(f"{one}.") for one in takes.refused)}
    assert required - refused - asked == set()


@pytest.mark.parametrize("call", SENT)
def test_the_values_of_a_request_are_those_that_its_model_takes(call: str) -> None:
    takes, shapes = requests()[call], model(call)
    for path, values in (*takes.may.items(), *takes.must.items()):
        shape = shapes[plain(path)][0]
        assert shape.type_name == ("boolean" if isinstance(values[0], bool) else "string")
        assert shape.type_name == "boolean" or {*values} <= {*shape.enum}, f"{path}: one of {shape.enum}"
    for path, (low, high) in takes.within.items():
        bounds = shapes[path][0].metadata
        assert bounds.get("min", low) <= low <= high <= bounds.get("max", high), path
        assert shapes[path][0].type_name in ("integer", "long")


# ---- what the stacks send -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def full() -> Graph:
    return preview(STACKS / "Pulumi.aws-full.yaml")


def filled(value: Any) -> Any:
    """A request as the service has it: what a run fills in is a name or a folder."""
    if isinstance(value, list):
        return [filled(one) for one in value]
    if not isinstance(value, dict):
        return value
    ran = dict.fromkeys(("S3OutputPath", "S3Uri"), "s3://bucket/folder/")
    return {plain(k): ran.get(plain(k), "name-2026-11-26-023000-0") if k.endswith(".$") else filled(v)
            for k, v in value.items()}  # fmt: skip


def refusals(request: Any, call: str) -> list[str]:
    """What the service would not take of a request."""
    service, operation = SENT[call]
    shape = Session().get_service_model(service).operation_model(operation).input_shape
    return list(_structure(Call(service, operation), shape, filled(request), ""))


def tasks(graph: Graph) -> Iterator[tuple[str, Any]]:
    for machine in graph.of(STATE_MACHINE):
        for scope in sfn.scopes(machine.props):
            for state in sfn.states_of(scope).values():
                if state.text_or_empty("Type") == "Task":
                    yield call_of(state), sfn.request_of(state).values


def test_each_service_takes_what_each_state_machine_sends(full: Graph) -> None:
    sent = list(tasks(full))
    watches = {"listTransformJobs", "describeTransformJob", "stopTransformJob"}
    creates = {"createTransformJob", "createTrainingJob", "createHyperParameterTuningJob"}
    assert {call for call, _ in sent} == creates | watches
    assert [found for call, request in sent for found in refusals(request, call)] == []
    for call, request in sent:
        assert refusals({**request, "Speed": 1}, call) == [f"Speed: {SENT[call][1]} has no such member"]
        if call == "listTransformJobs":
            continue  # it needs no member
        (name,) = (key for key in request if key.endswith("JobName.$"))
        lacking = {key: value for key, value in request.items() if key != name}
        assert refusals(lacking, call) == [f"{SENT[call][1]}: {plain(name)} is required"]


@rows("path", [path for path in requests()["createTrainingJob"].refused if "Selected" not in path])
def test_a_member_that_is_refused_is_found_with_its_reason(full: Graph, path: str) -> None:
    (machine,) = (one for one in full.of(STATE_MACHINE) if one.name.endswith("-fraud-training"))
    document = json.loads(machine.inputs["definition"])
    here = document["States"]["Train"]["Parameters"]
    *above, name = path.split(".")
    for part in above:
        here = here[part][0] if isinstance(here[part], list) else here[part]
    here[name] = {"Anything": "else"}
    edited = changed(full, machine, lambda inputs: inputs.update(definition=json.dumps(document)))
    (found,) = runs.request.judge(edited).violations
    why = re.escape(requests()["createTrainingJob"].refused[path])
    assert re.fullmatch(rf"sets {re.escape(path)}, and {why} \(Train\)", found.sentence)


SCHEMA = {
    "pipeline": {"Version", "Metadata", "Parameters", "Steps", "PipelineExperimentConfig"},
    "step": {
        *("Name", "Type", "DependsOn", "DisplayName", "Description", "Arguments", "CacheConfig", "PropertyFiles"),
        *(
            f"RetryPolicies.{key}"
            for key in ("ExceptionType", "IntervalSeconds", "BackoffRate", "ExpireAfterMin", "MaxAttempts")
        ),
    },
}
"""The members of a pipeline's definition, and of a step of processing or training, as the schema has them:
https://github.com/aws-sagemaker-mlops/sagemaker-model-building-pipeline-definition-JSON-schema. PropertyFiles and
PipelineExperimentConfig are written by the SDK: sagemaker-mlops/src/sagemaker/mlops/workflow/{steps,pipeline}.py in
https://github.com/aws/sagemaker-python-sdk.
"""


@pytest.mark.parametrize("sort", SCHEMA)
def test_every_member_of_a_pipelines_definition_is_judged_or_refused_with_a_reason(sort: str) -> None:
    takes = requests()[sort]
    assert {*takes.known, *takes.refused} == SCHEMA[sort]
