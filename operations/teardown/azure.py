"""Leaving Azure Machine Learning: what Pulumi does not do.

Azure deletes a store with what it holds, and asks nobody; its data plane is closed to whoever stands outside the
network, so each store counts as full. A deployment goes before its endpoint, and a private endpoint takes its network
interface along, in the engine's order. A deleted vault is kept for its retention, and nobody can purge one that has
purge protection (https://learn.microsoft.com/en-us/azure/key-vault/general/soft-delete-overview). A deleted workspace
is kept for 14 days (https://learn.microsoft.com/en-us/azure/machine-learning/concept-soft-delete).
"""

from typing import Any

from catalogue.graph import Graph, Resource
from catalogue.kind import Holds
from catalogue.kinds import kind_of
from catalogue.kinds.azure import containerregistry, keyvault, operationalinsights, storage
from catalogue.kinds.azure import machinelearningservices as ml
from catalogue.kinds.azure.consumption import BUDGET
from catalogue.kinds.azure.machinelearningservices_jobs import COMPUTE
from operations.doctor.azure import open_account
from operations.teardown import Plan, Word, is_state

__all__ = ["LAST", "WATCHES", "clear", "contents", "empty", "later", "open_account", "stop", "word_of"]

LAST: tuple[str, ...] = ()
WATCHES = (BUDGET,)

_OF = {
    containerregistry.REGISTRY: "registry",
    ml.WORKSPACE: "registry",
    ml.MODELS: "registry",
    ml.MODEL: "registry",
    ml.ENVIRONMENTS: "registry",
    ml.ENVIRONMENT: "registry",
    ml.DATASTORE: "registry",
    storage.ACCOUNT: "artifacts",
    storage.CONTAINER: "artifacts",
    keyvault.VAULT: "artifacts",
    operationalinsights.WORKSPACE: "audit",
}


def word_of(graph: Graph, resource: Resource) -> Word | None:
    """Each kind has one word, but for machines: only a person's own is a home. Models stand in the ML workspace."""
    if resource.type == COMPUTE:
        return "homes" if is_state(resource) else None
    return _OF.get(resource.type)  # pyright: ignore[reportReturnType]  # the words of the table


def later(graph: Graph, resource: Resource) -> str:
    """What Azure keeps of a vault and a workspace that are deleted, and who ends it."""
    if resource.type == keyvault.VAULT:
        return (
            "Azure keeps it, with its key, as long as its retention says, and bills nothing; nobody can purge it before"
        )
    if resource.type == ml.WORKSPACE:
        return (
            "Azure keeps it for 14 days; its owner purges it in the portal, under Recently deleted. The search service "
            "of one with a key of one's own bills until then"
        )
    return ""


def stop(account: Any, plan: Plan) -> None:
    """Nothing that runs on a person's machine keeps it from being deleted."""


def contents(account: Any, store: Resource) -> int:
    """One where it is a store: it may hold something, and nobody sees it from here."""
    kind = kind_of(store.type)
    return int(kind is not None and isinstance(kind.holds, Holds) and kind.holds.what == "data")


def empty(account: Any, store: Resource) -> None:
    """Azure deletes it with what it holds."""


def clear(account: Any, plan: Plan) -> None:
    """Nothing is left in the way."""
