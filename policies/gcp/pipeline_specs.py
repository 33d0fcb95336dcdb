"""A pipeline job's own specification: what of it somebody has judged, and what it must say.

It is KFP's: https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto. What a step's launcher
is told to create is judged as the job that it is.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import permutations

from catalogue.batch_step import ANSWERED, STOPS
from catalogue.best_trial import ASKED, BEST
from catalogue.kinds.gcp.workflows import OF_THE_RUN, SCORED_TO
from catalogue.placement import Placement
from catalogue.properties import Properties
from catalogue.runs import RUN_VARIABLE
from catalogue.vertex_jobs import (
    IN_THE_RUN,
    LAUNCHED,
    LAUNCHER,
    LAUNCHES,
    LAUNCHES_SCORING,
    LAUNCHES_SEARCH,
    LAUNCHES_WITH_BEST,
    SCORES,
    TUNES,
    Job,
)

_SPEC = "pipelineSpec"
_TASKS, _EXECUTORS = f"{_SPEC}.root.dag.tasks", f"{_SPEC}.deploymentSpec.executors"
_GIVEN = ("root", "components.*")
JUDGED: Mapping[str, Collection[str]] = {
    "": {"displayName", _SPEC, "runtimeConfig", "serviceAccount", "encryptionSpec", "labels"},
    "encryptionSpec": {"kmsKeyName"},
    "runtimeConfig": {"gcsOutputDirectory", "parameterValues", "failurePolicy"},
    "runtimeConfig.parameterValues": {"run"},
    _SPEC: {"schemaVersion", "sdkVersion", "pipelineInfo", "root", "components", "deploymentSpec"},
    f"{_SPEC}.pipelineInfo": {"name"},
    f"{_SPEC}.root": {"inputDefinitions", "dag"},
    f"{_SPEC}.root.dag": {"tasks"},
    f"{_SPEC}.components.*": {"executorLabel", "inputDefinitions"},
    **{f"{_SPEC}.{part}.inputDefinitions": {"parameters"} for part in _GIVEN},
    **{f"{_SPEC}.{part}.inputDefinitions.parameters": {"run"} for part in _GIVEN},
    **{f"{_SPEC}.{part}.inputDefinitions.parameters.run": {"parameterType"} for part in _GIVEN},
    f"{_TASKS}.*": {"taskInfo", "componentRef", "inputs", "cachingOptions", "retryPolicy", "dependentTasks"},
    f"{_TASKS}.*.taskInfo": {"name"},
    f"{_TASKS}.*.componentRef": {"name"},
    f"{_TASKS}.*.inputs": {"parameters"},
    f"{_TASKS}.*.inputs.parameters": {"run"},
    f"{_TASKS}.*.inputs.parameters.run": {"componentInputParameter"},
    f"{_TASKS}.*.cachingOptions": {"enableCache"},
    f"{_TASKS}.*.retryPolicy": {"maxRetryCount"},
    f"{_SPEC}.deploymentSpec": {"executors"},
    f"{_EXECUTORS}.*": {"container"},
    f"{_EXECUTORS}.*.container": {"image", "command", "args"},
}
"""What of a pipeline job somebody has judged, by the part of it. Beside it stand, among others, `network`,
`templateUri` and `pscInterfaceConfig` of the job, hooks, resources and variables of a container, and conditions, loops,
artifacts and exit tasks of the specification.
"""
NEEDS = (
    "displayName",
    "runtimeConfig.gcsOutputDirectory",
    f"{_SPEC}.pipelineInfo.name",
    f"{_SPEC}.sdkVersion",
)
_MUST: Mapping[str, Mapping[str, object]] = {
    "": {
        "runtimeConfig.failurePolicy": "PIPELINE_FAILURE_POLICY_FAIL_FAST",  # nothing is done after a step that failed
        "runtimeConfig.parameterValues.run": f"${{{OF_THE_RUN}}}",
        f"{_SPEC}.schemaVersion": "2.1.0",  # of another, Vertex AI reads `parameters` and not `parameterValues`
        f"{_SPEC}.root.inputDefinitions.parameters.run.parameterType": "STRING",
    },
    f"{_SPEC}.components.*": {"inputDefinitions.parameters.run.parameterType": "STRING"},
    f"{_TASKS}.*": {
        "inputs.parameters.run.componentInputParameter": "run",
        "cachingOptions.enableCache": False,  # a run reads what is there today
        "retryPolicy.maxRetryCount": 0,  # what failed would fail again, and bill again
    },
    f"{_EXECUTORS}.*.container": {"image": LAUNCHER},
}
"""What each of the parts must say: KFP's own default caches, and hands nothing on."""
_RUN = [{"name": RUN_VARIABLE, "value": IN_THE_RUN}]
"""The variables of a step: the id of its run, and no other."""
_FLAGS = ("--type", "--payload", "--project", "--location", "--gcp_resources")
_FLAGS_OF_SCORING = (*_FLAGS, "--executor_input", STOPS)
_NOTED = "/tmp/gcp_resources"
"""Where a launcher notes the name of its job: in its own container, for its account reads and writes no data."""


def wrong(job: Job, started: tuple[Job, ...], place: Placement | None, flow: str) -> Iterator[str]:
    """What is wrong with a pipeline job, of which `started` are the jobs of the steps. `flow` is what its workflow is
    called, as far as that is known: Vertex AI files the records of its runs under the pipeline's name, which must be
    lower case: https://cloud.google.com/vertex-ai/docs/pipelines/build-pipeline
    """
    tasks = job.body.section_or_empty(_TASKS)
    for at, must in _MUST.items():
        for part in job.body.each_section(at) if at else [job.body]:
            for path, right in must.items():
                said = part.value_or_none(path)
                if said != right or type(said) is not type(right):  # Python takes 0 for False, the API does not
                    yield f"starts jobs with {part.at}.{path} {str(said)[:80]}, where {right} is right"
    if flow and (named := job.body.text_or_empty(f"{_SPEC}.pipelineInfo.name")) != flow:
        yield f"starts jobs whose {_SPEC}.pipelineInfo.name is {named[:80]}, where {flow} is right"
    for name in tasks.names():
        if (called := tasks.text_or_empty(f"{name}.taskInfo.name")) != name:
            yield f"starts jobs whose step {name} is called {called[:80] or 'nothing'}"
    yield from _unawaited(started)
    yield from _used_once(job, tasks)
    for step in started:
        yield from _step(step, flow)
    for step in started:
        component = job.body.text_or_empty(f"{_TASKS}.{step.step}.componentRef.name")
        executor = job.body.text_or_empty(f"{_SPEC}.components.{component}.executorLabel")
        yield from _launcher(job.body.section_or_empty(f"{_EXECUTORS}.{executor}.container"), step, started, place)


_WRITES = "--output="


def _unawaited(started: tuple[Job, ...]) -> Iterator[str]:
    """A folder of the run waits for nobody: a step must have ended where another begins that reads what it writes."""
    told = [(step, _inputs(step), _outputs(step)) for step in started]
    for (step, read, _), (other, _, written) in permutations(told, 2):
        if other.step not in step.after and any(said.startswith(folder) for said in read for folder in written):
            yield f"starts jobs whose step {step.step} reads what {other.step} writes, and does not wait for it"


def _outputs(step: Job) -> list[str]:
    """Where a step writes as it is told, or as each trial of a search does below the job's own folder."""
    if step.kind == SCORES:
        return [_mounted(step.body.text_or_empty(SCORED_TO))]
    words = step.spec.each_text("workerPoolSpecs.containerSpec.args")
    return [
        *([_base(step)] if step.kind == TUNES else []),
        *(w.removeprefix(_WRITES) for w in words if w.startswith(_WRITES)),
    ]


def _base(search: Job) -> str:
    """Where the trials of a search write, each in a folder of its number, as Vertex AI mounts it."""
    return _mounted(search.spec.text_or_empty("baseOutputDirectory.outputUriPrefix"))


def _mounted(uri: str) -> str:
    return uri.replace("gs://", "/gcs/", 1)


def _inputs(step: Job) -> list[str]:
    if step.kind == SCORES:
        return [*map(_mounted, step.body.each_text("inputConfig.gcsSource.uris"))]
    words = step.spec.each_text("workerPoolSpecs.containerSpec.args")
    return [word.partition("=")[2] for word in words if not word.startswith(_WRITES)]


def _step(step: Job, flow: str) -> Iterator[str]:
    """What is wrong with the job of a step: its name, folder and variables are of the run and the step."""
    called = step.body.text_or_empty("displayName")
    ends = f"-{step.step}-{IN_THE_RUN}"
    if called.removesuffix(ends) != (flow or called[: -len(ends)]) or not called.endswith(ends):
        yield f"starts jobs whose step {step.step} makes a job called {called[:80]}, by which nobody tells it"
    written = step.spec.text_or_empty(SCORED_TO if step.kind == SCORES else "baseOutputDirectory.outputUriPrefix")
    if not written.endswith(f"/{IN_THE_RUN}/{step.step}/"):
        yield f"starts jobs whose step {step.step} writes to {written[:120]}, which is another's folder"
    for container in step.spec.each_section("workerPoolSpecs.containerSpec"):
        if container.values.get("env") != _RUN:
            yield f"starts jobs whose step {step.step} has other variables than {RUN_VARIABLE} with its run"


def _used_once(job: Job, tasks: Properties) -> Iterator[str]:
    """Each component is that of one step, and each executor that of one component."""
    components = job.body.section_or_empty(f"{_SPEC}.components")
    for said, whose, there in (
        (list(tasks.each_text("*.componentRef.name")), "components", components.names()),
        (list(components.each_text("*.executorLabel")), "executors", job.body.section_or_empty(_EXECUTORS).names()),
    ):
        if sorted(said) != sorted(there):
            listed = [", ".join(sorted(one))[:80] for one in (there, said)]
            yield f"starts jobs with {whose} {listed[0]}, where {listed[1]} are named"


def _launcher(container: Properties, step: Job, started: tuple[Job, ...], place: Placement | None) -> Iterator[str]:
    """What is wrong with the launcher of a step: it is Google's, of the step's kind of job; and where the step reads
    the best trial of a search, it asks for that one first.
    """
    words, command = list(container.each_text("args")), tuple(container.each_text("command"))
    searches = [word for one in _searches(step, started) for word in (ASKED, one)]
    right = LAUNCHES_WITH_BEST if searches else _STARTED.get(step.kind, LAUNCHES)
    flags = _FLAGS_OF_SCORING if step.kind == SCORES else _FLAGS
    if words[: len(searches)] != searches:
        yield f"starts the step {step.step}, which is not told the best trial of each search that it reads ({ASKED})"
        return
    words = words[len(searches) :]
    if command != right or tuple(words[::2]) != flags:
        yield f"starts a launcher with {' '.join([*command, *words[::2]])[:200]}, which Google's component does not"
        return
    said = dict(zip(words[::2], words[1::2], strict=False))
    wanted = {"--type": next(one for one, kind in LAUNCHED.items() if kind == step.kind), "--gcp_resources": _NOTED}
    wanted |= {"--executor_input": ANSWERED} if step.kind == SCORES else {}
    wanted |= {"--project": place.account, "--location": place.region} if place is not None else {}
    for flag, right in wanted.items():
        if said.get(flag) != right:
            yield f"starts a launcher with {flag} {said.get(flag, '')[:80]}, where {right} is right"


_STARTED = {SCORES: LAUNCHES_SCORING, TUNES: LAUNCHES_SEARCH}
"""How a launcher is started, by the kind of its job; of any other kind as `LAUNCHES` says."""


def _searches(step: Job, started: tuple[Job, ...]) -> Iterator[str]:
    """What the searches are called of which a step reads the best trial."""
    told = list(step.spec.each_text("workerPoolSpecs.containerSpec.args"))
    for one in sorted(started, key=lambda each: each.step):
        if one.kind == TUNES and any(f"={_base(one)}{BEST}/" in word for word in told):
            yield one.body.text_or_empty("displayName")
