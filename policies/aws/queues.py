"""Queues: the answers of an asynchronous endpoint lie where nothing else does."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import sagemaker
from catalogue.once import once_a_graph
from policies.rule import stack_rule

_OUTPUT = "asyncInferenceConfig.outputConfig"
_PATHS = ("s3OutputPath", "s3FailurePath")


@stack_rule(
    "world-queue-places",
    sagemaker.CONFIGURATION,
    severity="high",
    says="An asynchronous endpoint writes answers, and what it says of failures, where no model, no capture and no "
    "other answers lie.",
    remedy="Keep the folders that the stack gives each endpoint.",
)
def queue_places(graph: Graph, configuration: Resource) -> Iterator[str]:
    """Whoever may send a request makes the endpoint write: an answer below a model's artifact is read as a part of it,
    and one below a capture goes with it. In a stack of ours; another program has its own folders.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AsyncInferenceOutputConfig.html
    """
    for uri in answers(configuration) if graph.ours else ():
        at, above = _places(graph), _folder(uri)
        found = {what for folder in _above(above) for whose, what in at.get(folder, ()) if whose != uri}
        found |= {what for whose, what in _below(graph).get(above, ()) if whose != uri}
        yield from (f"writes to {uri}, where {what}" for what in sorted(found))
        if len(at[above]) > 1:
            yield f"writes to {uri}, where other answers lie too"


@once_a_graph
def _places(graph: Graph) -> Mapping[str, Sequence[tuple[str, str]]]:
    """By its folder, each place that holds something, and what lies there."""
    found = defaultdict[str, list[tuple[str, str]]](list)
    for uri in sorted(sagemaker.artifacts_of(graph)):
        found[_folder(uri.rpartition("/")[0])].append((uri, "a model's artifact lies"))
    for uri in sorted(sagemaker.captures_of(graph)):
        found[_folder(uri)].append((uri, "an endpoint captures"))
    for configuration in graph.of(sagemaker.CONFIGURATION):
        for uri in answers(configuration):
            found[_folder(uri)].append((uri, f"{configuration.name} answers"))
    return found


@once_a_graph
def _below(graph: Graph) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The same by each folder that such a place lies below."""
    found = defaultdict[str, list[tuple[str, str]]](list)
    for folder, held in _places(graph).items():
        for above in _above(folder)[1:]:
            found[above] += held
    return found


def _folder(uri: str) -> str:
    return f"{uri.rstrip('/')}/"


def _above(folder: str) -> list[str]:
    """A folder and those that it lies in, from itself to its bucket."""
    bucket, *parts = folder.removeprefix("s3://").rstrip("/").split("/", 1024)  # S3 takes no longer key
    return [_folder("/".join(["s3:/", bucket, *parts[:depth]])) for depth in range(len(parts), -1, -1)]


def answers(configuration: Resource) -> list[str]:
    """The s3:// places of the answers of an endpoint with a queue, and of what it says of failures, where known."""
    found = (configuration.props.text_if_known(f"{_OUTPUT}.{path}") for path in _PATHS)
    return [uri for uri in found if uri]


def answered_for_a_while(graph: Graph, bucket: str) -> frozenset[str]:
    """The folders of a bucket of ours that a lifecycle may empty of requests and answers: the whole, and those of each
    endpoint that stands. Before endpoints stand the stack file says which will have a backlog, so a queue.
    """
    own = f"s3://{bucket}/{_QUEUE}"
    stated = graph.placement.stated if graph.placement is not None else ()
    queued = [key.split(".")[1] for key, _ in stated if key.endswith(".backlog_per_replica")]
    standing = {_folder(uri) for configuration in graph.of(sagemaker.CONFIGURATION) for uri in answers(configuration)}
    return frozenset({own, *standing, *(f"{own}{name}{end}/" for name in queued for end in ("", "-failed"))})


def requests_beside(uri: str) -> str:
    """The folder of the requests to every endpoint of a stack of ours, by a place of answers."""
    return f"{'/'.join(uri.split('/')[:3])}/{_QUEUE}input/"


_QUEUE = "async/"


RULES = [queue_places]
