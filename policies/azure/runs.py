"""Runs: what a container is started with, what a run reads, where it writes, and what a model runs in."""

import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Any

from catalogue.graph import Graph, Resource
from catalogue.kinds.azure.jobs import OF_THE_RUN, SCHEDULE, Job, jobs, slug_of
from catalogue.kinds.azure.machinelearningservices import ENVIRONMENT, MODEL, ONLINE_DEPLOYMENT
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_DEPLOYMENT, COMPONENT
from catalogue.marks import is_marked
from catalogue.once import once_a_graph
from catalogue.properties import Properties
from catalogue.registered import REPOSITORY, Registered, in_datastore
from catalogue.runs import RUN_VARIABLE
from catalogue.scoring import other_lines
from catalogue.wording import one_line
from policies.azure.reading import is_version, key_of, names_one_of, own_registries
from policies.rule import Found, stack_rule, whole_stack_rule
from policies.stated import is_of_a_pipeline, item_of

_LONG = re.compile(r"azureml://subscriptions/[^/]+/resourcegroups/[^/]+/workspaces/[^/]+/", re.IGNORECASE)
_FOLDER = re.compile(r'--(\w+)="?\$\{\{\s*(inputs|outputs)\.\1\s*\}\}"?')
_TRAINS, _STEP = ["exec", "train"], ["exec", "env", f"{RUN_VARIABLE}=$AZUREML_ROOT_RUN_ID"]
"""What begins the command of what trains, and that of a pipeline's step, which is told the id of its run.

What runs of an image that trains is the program that SageMaker runs of the same image, as the training component has
it, https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html
"""


@once_a_graph
def _of_versions(graph: Graph) -> frozenset[str]:
    """The images of the versions of the registry that the stack file names."""
    said = [Registered.of(one) for one in graph.placement.versions] if graph.placement else []
    hosts = {one.props.text_if_known("registryName").lower() for one in own_registries(graph)}
    return frozenset(f"{host}.azurecr.io/{REPOSITORY}:{one.tag}" for one in said for host in hosts)


@stack_rule(
    "world-containers",
    SCHEDULE,
    COMPONENT,
    ENVIRONMENT,
    ONLINE_DEPLOYMENT,
    BATCH_DEPLOYMENT,
    severity="high",
    says="A container is started with the program, arguments and variables that the stack file says, and no others; "
    "what trains is the program `train` of its image.",
    remedy="Say them in the stack file, under models, training or pipelines, where they show in review.",
)
def containers(graph: Graph, resource: Resource) -> Iterator[str]:
    """Who can add a word to a command runs what they like, as the job's identity and beside its data; a variable such
    as LD_PRELOAD or HTTPS_PROXY does too, and an image that nobody named. What scores is the one script of
    catalogue/scoring.py: another may pass over files, or end well where one of them failed.
    """
    if graph.placement is None:
        return
    if resource.type == ENVIRONMENT:
        image = resource.props.text_if_known("properties.image")
        if image and image not in graph.placement.addresses and image not in _of_versions(graph):
            yield f"runs the image {one_line(image)[:120]}, which its file does not name"
        return
    if resource.type == COMPONENT:
        said = _arguments(graph, resource)
    elif resource.type == SCHEDULE:
        said = [one for job in jobs(resource.props) for one in _variables(job.own, "environment_variables")]
    else:
        said = _variables(resource.props, "properties.environmentVariables")
    for word in said:
        if word not in graph.placement.containers:
            yield f"starts a container with {one_line(word)[:80]!r}, which its file does not say"


def _variables(part: Properties, path: str) -> list[str]:
    given: Mapping[str, Any] = part.section_or_empty(path).values
    return [f"{name}={value}" for name, value in given.items() if not is_marked(value)]


def _arguments(graph: Graph, component: Resource) -> list[str]:
    """The words of the command of a step, but for what trains and for its folders."""
    text, takes = component.props.text_if_known(_COMMAND), component.props.section_or_empty(_INPUTS)
    inputs = takes.names()
    if any(takes.text_or_empty(f"{name}.type").endswith("_model") for name in inputs):
        return other_lines(text, [name for name in inputs if name != "model"]) if text else []
    if not text:
        return []
    words = words_of(component)
    if not words or not _FOLDER.search(text):
        return [text]
    return words[1:] if words[0] == _TRAINS[-1] else words


_COMMAND, _INPUTS = "properties.componentSpec.command", "properties.componentSpec.inputs"


def words_of(component: Resource) -> list[str]:
    """The program and the arguments that a step of what trains, or of a pipeline, is started with, but for its folders;
    none where its command is not known, or another.
    """
    try:
        words = shlex.split(_FOLDER.sub("", component.props.text_if_known(_COMMAND)))
    except ValueError:
        return []
    if words[: len(_STEP)] == _STEP:
        return words[len(_STEP) :]
    return words[1:] if words[: len(_TRAINS)] == _TRAINS else []


@whole_stack_rule(
    "world-folders",
    SCHEDULE,
    MODEL,
    severity="high",
    says="A run reads the folders and models that its stack file names, and writes below its own folder there alone; a "
    "model lies where the file says, and no run writes there.",
    remedy="Name the folder in the stack file: data, inputs, output_uri or checkpoint_uri; give each job its own.",
)
def folders(graph: Graph) -> Found:
    """Azure ML mounts whatever folder of a datastore a job names, with the rights of its identity, and the datastore of
    the stack has the data, the models and what runs write in one container. A run has a folder of its own, or next
    week's finds this week's checkpoints and is done at once, and tonight's scores lie among those of last night.
    """
    if graph.placement is None:
        return
    named = {one.rstrip("/") for one in graph.placement.addresses}
    models = [(model, uri) for model in graph.of(MODEL) if (uri := short(model.props, "properties.modelUri"))]
    for model, uri in models:
        version = in_datastore(uri)
        if uri.rstrip("/") not in named and not (version and str(version[0]) in graph.placement.versions):
            yield model, f"lies in {one_line(uri)}, which its file does not say"
    written = dict[str, Resource]()
    for schedule in graph.of(SCHEDULE):
        read, (steps, shared) = list(_read(graph, schedule)), _of_a_pipeline(graph, schedule)
        others = [*((model.name, there) for model, there in models), *(("its input", one) for one, _ in read)]
        for uri, wrong in read:
            if wrong or uri.rstrip("/") not in named:
                yield schedule, wrong or f"reads {one_line(uri)}, which its file does not say"
        for uri in _written(schedule):
            folder = uri.removesuffix(OF_THE_RUN)
            yield from ((schedule, sentence) for sentence in _written_wrongly(uri, named | steps, others))
            if folder in written and folder not in shared:
                yield schedule, f"writes to {one_line(folder)}, as {written[folder].name} does"
            if folder not in shared:
                written[folder] = schedule


def _written_wrongly(uri: str, named: Collection[str], others: Collection[tuple[str, str]]) -> Iterator[str]:
    folder = uri.removesuffix(OF_THE_RUN)
    if folder.rstrip("/") not in named:
        yield f"writes to {one_line(uri)}, which its file does not say"
    elif not uri.endswith(OF_THE_RUN):
        yield f"writes to {one_line(uri)}, where the next run finds what this one wrote"
    yield from (f"writes to {one_line(folder)}, over {what}" for what, one in others if one and _overlap(uri, one))


def _of_a_pipeline(graph: Graph, schedule: Resource) -> tuple[set[str], set[str]]:
    """The folders of the steps of a pipeline below its own, and those of checkpoints that its steps share with the
    training jobs that they name: a run's folder there has the name of its job, which no other has.
    """
    place, item = graph.placement, item_of(graph, schedule)
    if place is None or not is_of_a_pipeline(graph, schedule):
        return set(), set()
    found = list(jobs(schedule.props))
    keys, below = [key_of(graph, schedule, job) for job in found], place.states(f"{item}.output_uri")
    shared = {place.states(f"{key}.spot.checkpoint_uri") for key in keys}
    return {f"{below}{slug_of(job.step)}" for job in found} if below else set(), shared - {""}


def short(part: Properties, path: str) -> str:
    """An address of a datastore as a stack file has it; empty where it is not known."""
    return _LONG.sub("azureml://", part.text_if_known(path), count=1)


def _parts(schedule: Resource) -> list[Properties]:
    found = (part for job in jobs(schedule.props) for part in (job.own, *job.around))
    return list({part.at: part for part in found}.values())


def _read(graph: Graph, schedule: Resource) -> Iterator[tuple[str, str]]:
    """The folder of each input, and what is wrong with a model: it is a version of the stack's own, of the type that
    the input says, or Azure ML refuses the run.
    """
    for one in (given for part in _parts(schedule) for given in part.each_section("inputs.*")):
        uri, type_ = one.text_if_known("uri"), one.text_or_empty("jobInputType")
        if uri and type_.endswith("_model"):
            meant = graph.refers(schedule, "properties", MODEL)
            own = [
                one
                for one in graph.of(MODEL)
                if names_one_of(uri, [one]) or (one in meant and is_version(uri, one, "models"))
            ]
            if not own:
                yield "", f"takes the model {one_line(uri)}, which is no version of the stack's"
            elif any(model.props.text_or_empty("properties.modelType") not in ("", type_) for model in own):
                yield "", f"takes {own[0].name} as {type_}, which it is not"
        elif uri:
            yield short(one, "uri"), ""


def _written(schedule: Resource) -> Iterator[str]:
    for part in _parts(schedule):
        yield from (uri for one in part.each_section("outputs.*") if (uri := short(one, "uri")))


def _overlap(written: str, other: str) -> bool:
    """Whether what is written may lie in another folder, or over it. What an earlier run left in the folder of its name
    no later one comes to.
    """
    folder, there = (f"{text.removesuffix(OF_THE_RUN).rstrip('/')}/" for text in (written, other))
    return folder.startswith(there) or (there.startswith(folder) and not written.endswith(OF_THE_RUN))


@whole_stack_rule(
    "workflow-environment",
    ONLINE_DEPLOYMENT,
    BATCH_DEPLOYMENT,
    SCHEDULE,
    severity="high",
    says="A model runs in the one environment of the stack file, wherever it is served and scored; and no other does.",
    remedy="Give each model its own image under models of the stack file, and training its own under training.",
)
def environments(graph: Graph) -> Found:
    """Two containers read one model's file in two ways, and one that is another model's answers wrongly or not at all.
    Each model of a stack file has one image, so who exchanges a model or an environment is seen by the others. The
    steps of a pipeline that do not score may share one; `limits-stated` holds each against the image of its file.
    """
    if not graph.ours:
        return
    uses = _uses(graph)
    for mine, other in ((0, 1), (1, 0)):
        by_one = sorted(uses, key=lambda use: (use[1][mine], use[1][other], use[0].name))
        for (_, before), (resource, said) in pairwise(by_one):
            if before[mine] == said[mine] and before[other] != said[other]:
                what, pair = said[mine].rsplit("/", 3)[-3], " and ".join(_last(one[other]) for one in (before, said))
                yield resource, f"has {what} {_last(said[mine])} with {pair}, and only one of the two is right"


def _last(id_: str) -> str:
    return id_.split("/", 8)[-1].partition("/")[2] or id_


@once_a_graph
def _uses(graph: Graph) -> list[tuple[Resource, tuple[str, str]]]:
    """Who runs which model in which environment, as far as both are known. What trains counts as a model of its own."""
    found = list[tuple[Resource, tuple[str, str]]]()
    for one in graph.of(ONLINE_DEPLOYMENT, BATCH_DEPLOYMENT):
        path = "properties.model" if one.type == ONLINE_DEPLOYMENT else "properties.model.assetId"
        found.append((one, (one.props.text_if_known(path), one.props.text_if_known("properties.environmentId"))))
    for schedule in graph.of(SCHEDULE):
        for job in jobs(schedule.props):
            if is_of_a_pipeline(graph, schedule) and not job.scores:
                continue
            found += [(schedule, (_model(schedule, job), env)) for env in _environments(graph, job)]
    return [(one, (model.casefold(), env.casefold())) for one, (model, env) in found if model and env]


def _model(schedule: Resource, job: Job) -> str:
    given = [one for _, one in job.places("inputs")]
    models = [one.text_if_known("uri") for one in given if one.text_or_empty("jobInputType").endswith("_model")]
    return models[0] if models else f"training/{schedule.name}/of/it"


def components_of(graph: Graph, job: Job) -> list[Resource]:
    """The components that a job names as what it does; none where that is not known."""
    id_ = job.component()
    return [one for one in graph.of(COMPONENT) if id_ and is_version(id_, one, "components")]


def _environments(graph: Graph, job: Job) -> Iterator[str]:
    for step in components_of(graph, job):
        yield step.props.text_if_known("properties.componentSpec.environment").removeprefix("azureml:")


RULES = [containers, folders, environments]
