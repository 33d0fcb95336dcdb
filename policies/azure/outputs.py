"""What jobs write for a while, scores, checkpoints and the outputs of a pipeline's steps, expires in the stack's own
storage.
"""

from collections.abc import Iterator
from contextlib import suppress

from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import storage
from catalogue.kinds.azure.jobs import SCHEDULE, passing
from catalogue.kinds.azure.machinelearningservices import DATASTORE
from catalogue.once import once_a_graph
from catalogue.properties import Properties, Unreadable
from policies import limits
from policies.azure.capture import narrowed
from policies.passing import folders
from policies.rule import stack_rule
from policies.stated import is_of_a_pipeline

_DAYS = "definition.actions.baseBlob.delete.daysAfterModificationGreaterThan"


@once_a_graph
def written_for_a_while(graph: Graph) -> frozenset[str]:
    """The folders that jobs of the stack write such to, each behind its container."""
    containers = {
        store.props.text_if_known("name"): store.props.text_if_known("properties.containerName")
        for store in graph.of(DATASTORE)
    }

    def place(uri: str) -> str:
        name, folder = _split(uri)
        # Before the datastore stands, its container is taken to have its name, as that of a stack has.
        return f"{containers.get(name, name)}/{folder}"

    found = list[str]()
    for schedule in graph.of(SCHEDULE):
        with suppress(Unreadable):  # what is not known yet, the stack file says
            found += passing(schedule.props, is_of_a_pipeline(graph, schedule))
    return folders(graph, found, place)


@stack_rule(
    "limits-outputs-expire",
    SCHEDULE,
    severity="medium",
    says="The scores of a batch job, the checkpoints of a training job and what a pipeline's runs write are deleted in "
    "time from the stack's own storage.",
    remedy="Set keep_days of the batch job or pipeline, or spot.keep_days of the training job, to at most the limit.",
)
def outputs_expire(graph: Graph, schedule: Resource) -> Iterator[str]:
    """Each run writes a folder of its own, and nothing but a lifecycle deletes it: "Optimize costs by
    automatically managing the data lifecycle",
    https://learn.microsoft.com/en-us/azure/storage/blobs/lifecycle-management-overview.
    """
    most = limits.of(graph)["output-days"].number
    for datastore, folder in _places(graph, schedule):
        for account in graph.refers(datastore, "properties", storage.ACCOUNT):
            days = [_days(rule, folder) for rule in _rules(graph, account)]
            if not any(one is not None and 0 < one <= most for one in days):
                yield f"keeps what lies below {folder} for longer than {most:g} days ({account.name})"


def kept_days(graph: Graph, schedule: Resource) -> Iterator[float]:
    """After how many days each such folder is emptied, by the rule that deletes there first."""
    for datastore, folder in _places(graph, schedule):
        for account in graph.refers(datastore, "properties", storage.ACCOUNT):
            found = (_days(rule, folder) for rule in _rules(graph, account))
            if days := [one for one in found if one is not None]:
                yield min(days)


def _rules(graph: Graph, account: Resource) -> Iterator[Properties]:
    for lifecycle in graph.referring(storage.MANAGEMENT_POLICY, "accountName", account):
        yield from lifecycle.props.each_section("policy.rules")


def _places(graph: Graph, schedule: Resource) -> Iterator[tuple[Resource, str]]:
    """The datastore of each folder that expires, and the folder behind its container."""
    for uri in dict.fromkeys(passing(schedule.props, is_of_a_pipeline(graph, schedule))):
        name, folder = _split(uri)
        for datastore in graph.of(DATASTORE) if name else ():
            if datastore.props.text_if_known("name") == name:
                yield datastore, f"{datastore.props.text_if_known('properties.containerName')}/{folder}"


def _split(uri: str) -> tuple[str, str]:
    """The name of the datastore and the path in it, of an address in its short or in its long form; else empty."""
    name, _, path = uri.partition("/datastores/")[2].partition("/paths/")
    return name, path


def _days(rule: Properties, folder: str) -> float | None:
    """After how many days a rule deletes all blobs below the folder; None where it does not."""
    at = "definition.filters.prefixMatch"
    below = [*rule.each_text_if_known(at)] if rule.is_given(at) else [""]
    covers = any(map(folder.startswith, below)) and not narrowed(rule)
    return rule.number_or_none(_DAYS) if covers and rule.flag_or_none("enabled") is True else None


RULES = [outputs_expire]
