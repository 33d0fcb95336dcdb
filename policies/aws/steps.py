"""The steps of a pipeline: whether a run is whole, and whether each step is what the stack file says of it."""

from collections.abc import Iterator, Mapping

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import pipelines
from catalogue.kinds.aws.jobs import SCORES, TOLD, Job
from catalogue.kinds.aws.sagemaker import MODEL
from catalogue.kinds.aws.watched import hours_of
from catalogue.order import all_before
from catalogue.placement import Placement
from catalogue.pricing import Unpriced
from catalogue.properties import Properties
from catalogue.runs import scoring_step
from catalogue.wording import one_line
from policies.aws.tuned import searched
from policies.stated import hyperparameters, item_of, other, other_machines, other_word, step_of

_TRIED_AGAIN = {"Step.SERVICE_FAULT", "Step.THROTTLING", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"}
"""What keeps the service from starting a step, such as the want of a machine. A program that failed would fail again,
and bill again:
https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html
"""


def whole(props: Properties) -> Iterator[str]:
    """What keeps a run from being its steps, each after those that it reads, and tried again only where it was not
    started. What a program reads is a folder of the run, which by itself waits for nobody.
    """
    waits, seen = pipelines.waits(props), set[str]()
    before = all_before(waits)
    for step in pipelines.steps(props):
        name = step.text_or_empty("Name")
        if not name or name in seen:
            yield f"has a step without a name of its own ({step.at})"
        elif waits and name not in before:
            yield f"waits for a step that is not there, or that waits for it in turn ({name})"
        if others := sorted({*step.each_text("RetryPolicies.ExceptionType")} - _TRIED_AGAIN):
            yield f"is tried again after {others[0]}, where its program may have failed ({name})"
        seen.add(name)
    found = list(pipelines.jobs(props))
    parameters = pipelines.definition(props).each_section("Parameters")
    declared = {f"$.Parameters.{one.text_or_empty('Name')}" for one in parameters}
    for number, job in enumerate(found):
        ended = [one for one in found if one.state in before.get(job.state, ())]
        beside = [one for one in found if one not in ended and one is not job]
        yield from (f"{wrong} ({job.state})" for wrong in _of_its_run(found[:number], ended, beside, job, declared))


def _of_its_run(listed: list[Job], ended: list[Job], beside: list[Job], job: Job, declared: set[str]) -> Iterator[str]:
    """A step writes where no other step does, and reads a place or what one that has ended by then wrote.

    A place that is a parameter of the pipeline is whoever's who starts a run: `inputs-request` tells that.
    """
    for at, output in job.places():
        if any(output.values.get(f"{at}.$") == one.values.get(f"{path}.$") for j in listed for path, one in j.places()):
            yield "writes where a step before it wrote"
    for word, place in job.read():
        said = place.values.get("S3Uri.$")
        if not isinstance(said, str) or said in declared:
            continue
        for one in (early := pipelines.steps_read(beside, said)):
            yield f"reads as its {word} what the step {one} writes, and does not wait for it"
        if not early and not pipelines.steps_read(ended, said):
            yield f"reads {one_line(said)} as its {word}, which no step before it wrote"


def of_file(job: Job) -> str:
    """The step of the stack file that a job is of. Where a step scores several inputs, each is a step of SageMaker,
    which is called by the step and the input (catalogue/runs.py)."""
    return job.state.partition("_")[0] if job.action == SCORES else job.state


def stated(graph: Graph, place: Placement, item: str, pipeline: Resource) -> Iterator[str]:
    """What the steps do otherwise than the stack file says of each of them."""
    found = list(pipelines.jobs(pipeline.props))
    said = {key.split(".")[0] for key in place.below(f"{item}.steps")}
    names = {of_file(job) for job in found}
    for name in sorted(names ^ said):
        yield f"{'has' if name in names else 'lacks'} the step {name}, where the stack file {_says(name in said)}"
    waits, of = pipelines.waits(pipeline.props), {job.state: of_file(job) for job in found}
    for job in found:
        if (name := of_file(job)) in said:
            others = [one for one in found if one is not job]
            yield from (f"{wrong} ({job.state})" for wrong in _step(graph, place, item, others, job))
            inputs = place.below(f"{item}.steps.{name}.inputs")
            reads = {place.states(f"{item}.steps.{name}.inputs.{one}") for one in inputs}
            for one in sorted({of.get(before, before) for before in waits.get(job.state, frozenset())} - reads):
                yield f"waits for the step {one}, which {item} of the stack file does not let it read ({job.state})"
    for name in sorted(said):
        if place.states(f"{item}.steps.{name}.batch"):
            scored = {job.state for job in found if job.action == SCORES and of_file(job) == name}
            yield from _each_input(place, item, name, scored)


def _says(there: bool) -> str:
    return "has one" if there else "has none"


def _step(graph: Graph, place: Placement, item: str, others: list[Job], job: Job) -> Iterator[str]:
    key = f"{item}.steps.{of_file(job)}"
    training, scores = place.states(f"{key}.training"), place.states(f"{key}.batch")
    if (job.action == SCORES) != bool(scores):
        says = "a batch job" if scores else "a training job" if training else "a program"
        yield f"is started by {job.action}, where {key} of the stack file says {says}"
        return
    if scores:
        yield from _scored(graph, place, item, others, job)
        return
    own = f"training.{training}" if training else key
    if bool(job.trainings()) != bool(training):
        says = "a training job" if training else "a program"
        yield f"is started by {job.action}, where {key} of the stack file says {says}"
        return
    used = list(job.machines(""))
    yield from other_machines(place, "aws", own, {one.machine_type for one in used})
    replicas = (place.figure(own, "replicas") or 1) * (place.figure(own, "tuning.parallel") or 1)
    if (high := sum(one.high for one in used)) != replicas:
        yield f"runs on {high:g} machines, where {own} of the stack file makes it {replicas:g}"
    for request in job.trainings() or [job.request]:
        yield from _hours(place, own, request)
    for image in job.images():
        yield from other_word(place, f"{own}.image", image, "runs the image")
    for uri in job.written():
        yield from other_word(place, f"{item}.output_uri", uri, "writes to")
    yield from _inputs(place, key, own if training else "", others, job)
    if not training:
        yield from _program(place, key, job)
        return
    yield from _checkpoints(place, own, job)
    yield from told(place, own, job, key)
    yield from searched(place, own, job)


def _hours(place: Placement, own: str, request: Properties) -> Iterator[str]:
    hours, waits = place.figure(own, "max_hours"), place.figure(own, "spot", "wait_hours")
    if (request.flag_or_none("EnableManagedSpotTraining") is True) != (waits is not None):
        yield f"asks for Spot machines, or does not, where {own} of the stack file says otherwise"
    for at, most in (("MaxRuntimeInSeconds", hours), ("MaxWaitTimeInSeconds", (hours or 0) + (waits or 0))):
        seconds = request.number_or_none(f"StoppingCondition.{at}")
        if hours and seconds is not None and most is not None and seconds != most * 3600:
            yield f"has {at} {seconds:g}, where {own} of the stack file makes it {most * 3600:g}"


def _inputs(place: Placement, key: str, training: str, others: list[Job], job: Job) -> Iterator[str]:
    """Each input or channel, from where the file says; those that a training job has itself where the step has none."""
    said = {name: place.states(f"{key}.inputs.{name}") for name in place.below(f"{key}.inputs")}
    own = (
        {name: place.states(f"{training}.data.{name}") for name in place.below(f"{training}.data")} if training else {}
    )
    wanted, read = {**own, **said}, dict[str, str]()
    for word, where in job.read():
        of_run = where.values.get("S3Uri.$")
        read[word] = _read(others, of_run) if isinstance(of_run, str) else where.text_if_known("S3Uri")
    for word in sorted(wanted.keys() | read.keys()):
        if wanted.get(word, "") != read.get(word, ""):
            reads, says = (one_line(one.get(word, "")) or "nothing" for one in (read, wanted))
            yield f"reads {reads} as its {word}, where {key} of the stack file says {says}"


def _read(others: list[Job], said: str) -> str:
    """The step of the stack file whose output an expression is; empty where it is none's, or that of several."""
    found = {of_file(one) for one in others if one.state in pipelines.steps_read(others, said)}
    return found.pop() if len(found) == 1 else ""


def _places_of(place: Placement, item: str, name: str) -> Mapping[str, str]:
    """What a step that scores reads, by the name of each input: its batch job's own places but for those that it
    says, of which that of input_uri is called data."""
    key, own = f"{item}.steps.{name}.inputs", step_of(place, item, name)
    alone = place.states(f"{own}.input_uri")
    jobs = {one: place.states(f"{own}.inputs.{one}") for one in place.below(f"{own}.inputs")}
    return {**({"data": alone} if alone else jobs), **{one: place.states(f"{key}.{one}") for one in place.below(key)}}


def _each_input(place: Placement, item: str, name: str, scored: set[str]) -> Iterator[str]:
    """Each input of a step that scores is one transform job, and no other is."""
    inputs = _places_of(place, item, name)
    wanted = {name} if len(inputs) == 1 else {scoring_step(name, one) for one in inputs}
    for one in sorted(wanted ^ scored):
        yield f"{'scores' if one in scored else 'does not score'} {one}, where {item}.steps.{name} says otherwise"


def _scored(graph: Graph, place: Placement, item: str, others: list[Job], job: Job) -> Iterator[str]:
    """A transform job does what its batch job says, but for what the step reads in place of the job's own places. It
    writes to the folder of its input in that of its step, and is stopped after the hours of the batch job.
    """
    name = of_file(job)
    own, inputs = step_of(place, item, name), _places_of(place, item, name)
    used = list(job.machines(""))
    yield from other_machines(place, "aws", own, {one.machine_type for one in used})
    yield from other(place, f"{own}.replicas", sum(one.high for one in used), "runs on replicas:")
    yield from other(place, f"{own}.max_hours", _stopped_after(graph, job), "is stopped after hours:")
    input_ = job.state.partition("_")[2] or next(iter(inputs), "")
    for _, where in job.read():
        of_run = where.values.get("S3Uri.$")
        reads = _read(others, of_run) if isinstance(of_run, str) else where.text_if_known("S3Uri")
        if reads != (says := inputs.get(input_, "")):
            yield f"reads {one_line(reads) or 'nothing'}, where {item}.steps.{name} says {one_line(says) or 'nothing'}"
    folder = f"{place.states(f'{item}.output_uri').rstrip('/')}/{{}}/{name}/{input_}"
    for at, output in job.places():
        written = pipelines.folder_of(str(output.values.get(f"{at}.$")))[0] or output.text_if_known(at)
        if written and written != folder:
            yield f"writes to {one_line(written)}, where {item} of the stack file makes it {folder}"
    yield from _own_model(graph, place, item, job)


def _stopped_after(graph: Graph, job: Job) -> float | None:
    try:
        return hours_of(graph, job)
    except Unpriced:
        return None


def _own_model(graph: Graph, place: Placement, item: str, job: Job) -> Iterator[str]:
    """The model of a transform job is the one that is made for its step."""
    named = job.request.text_if_known("ModelName")
    for model in graph.of(MODEL) if named else ():
        own = model_of_step(graph, place, item, model)
        if model.props.text_if_known("name") == named and own != of_file(job):
            yield f"scores with {model.name}, which is made for {own or 'another item'} of the stack file"


def model_of_step(graph: Graph, place: Placement, item: str, model: Resource) -> str:
    """The step of a pipeline that a model is made for, by its component and its own name; empty for any other."""
    above = graph.component_of(model)
    if above is None or item_of(graph, model) != item:
        return ""
    name = model.name.removeprefix(f"{above.name}-").removesuffix("-model")
    return name if place.states(f"{item}.steps.{name}.batch") else ""


def told(place: Placement, own: str, job: Job, step: str = "") -> Iterator[str]:
    """The hyperparameters of a training job, or of each trial, that are others than the file says of it, or fewer; of a
    step, what it says over them.
    """
    wanted, by = hyperparameters(place, own, step), f"{step or own}.hyperparameters"
    for training in job.trainings():
        sent = training.section_or_empty(TOLD[job.action]).values
        for name in sorted({*sent, *wanted}):
            if str(sent.get(name, "")) != (said := wanted.get(name, "")):
                tells = one_line(str(sent.get(name, ""))) or "nothing"
                key = by if said and name in place.below(by) else f"{own}.hyperparameters"
                yield f"is told {tells} as its {one_line(name)}, where {key} of the stack file says {said or 'nothing'}"


def _checkpoints(place: Placement, own: str, job: Job) -> Iterator[str]:
    expression = str(job.request.section_or_empty("CheckpointConfig").values.get("S3Uri.$", ""))
    uri = place.states(f"{own}.spot.checkpoint_uri")
    if uri and not expression.startswith(f"States.Format('{uri.rstrip('/')}/{{}}"):
        yield f"keeps checkpoints in {one_line(expression)}, where {own} of the stack file says {uri}"


def _program(place: Placement, key: str, job: Job) -> Iterator[str]:
    """The program, its folders and its options: each is an argument of the name that the file gives it, and no other.

    Where the container finds what, is the request's own to say.
    """
    app = "AppSpecification"
    program = " ".join(job.request.each_text(f"{app}.ContainerEntrypoint"))
    yield from other_word(place, f"{key}.program", program, "runs")
    folders = {one.text_or_empty("InputName"): one for one in job.request.each_section("ProcessingInputs")}
    outputs = {
        one.text_or_empty("OutputName"): one for one in job.request.each_section("ProcessingOutputConfig.Outputs")
    }
    wanted = {f"--{name}={one.text_or_empty('S3Input.LocalPath')}" for name, one in folders.items()}
    wanted |= {f"--{name}={one.text_or_empty('S3Output.LocalPath')}" for name, one in outputs.items()}
    options = place.below(f"{key}.options")
    wanted |= {f"--{name}={place.states(f'{key}.options.{name}')}" for name in options}
    given = list(job.request.each_text(f"{app}.ContainerArguments"))
    for word in sorted(wanted ^ {*given}):
        told = "is" if word in given else "is not"
        yield f"{told} told {one_line(word)}, where {key} of the stack file says otherwise"
    yield from ("is told one argument twice" for _ in given[len({*given}) :])
