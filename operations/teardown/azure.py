"""Leaving Azure Machine Learning: what Pulumi does not do.

Azure deletes a store with what it holds, and asks nobody; its data plane is closed to whoever stands outside the
network, so each store counts as full. A deployment goes before its endpoint, and a private endpoint takes its network
interface along, in the engine's order. A deleted vault is kept for its retention, and nobody can purge one that has
purge protection (https://learn.microsoft.com/en-us/azure/key-vault/general/soft-delete-overview). A deleted workspace
is kept for 14 days (https://learn.microsoft.com/en-us/azure/machine-learning/concept-soft-delete). A schedule must be
off before it is deleted (https://learn.microsoft.com/en-us/azure/machine-learning/how-to-schedule-pipeline-job).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from catalogue.graph import Graph, Resource
from catalogue.kind import Holds
from catalogue.kinds import kind_of
from catalogue.kinds.azure import containerregistry, keyvault, operationalinsights, storage
from catalogue.kinds.azure import machinelearningservices as ml
from catalogue.kinds.azure.consumption import BUDGET
from catalogue.kinds.azure.machinelearningservices_jobs import COMPUTE, SCHEDULE
from operations.doctor import Unseen, azure
from operations.idle.azure import INVENTORY, inventory_of
from operations.teardown import Plan, Refused, Word, is_state
from provider.arm import Arm
from provider.clock import WallClock
from provider.clouds import Clouds
from provider.errors import ProviderError

LAST: tuple[str, ...] = ()
WATCHES = (BUDGET,)
LINGERS: tuple[str, ...] = ()
STOPS = (SCHEDULE,)

open_account = partial(azure.open_account, reads=(INVENTORY,))

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
    """Switch off the schedules that go. Nothing that runs on a person's machine keeps that from being deleted.

    It writes them as who deploys, by the login that azure-native has.
    """
    going = [str(one.outputs["id"]) for one in plan.going if one.type == SCHEDULE]
    if going:
        switch_off(Arm(Clouds(WallClock())), going)


def switch_off(arm: Arm, schedules: Sequence[str]) -> None:
    """Switch schedules off, by their ids, as Azure's own tools do: one is written as it stands, and is not enabled.

    ScheduleOperations.begin_disable, https://github.com/Azure/azure-sdk-for-python/blob/main/sdk/ml/azure-ai-ml/azure/ai/ml/operations/_schedule_operations.py.
    Raises Refused.
    """
    for path in schedules:
        name = path.rpartition("/")[2]
        try:
            found = arm.get(path, f"looking at the schedule {name}")
            if found is None or not found["properties"].get("isEnabled", True):
                continue
            said = {key: value for key, value in found["properties"].items() if key != "provisioningState"}
            arm.put(path, {"properties": {**said, "isEnabled": False}}, f"switching the schedule {name} off")
        except ProviderError as error:
            raise Refused(f"the schedule {name} is on, and Azure deletes none that is: {error}") from None


def contents(account: Any, store: Resource) -> int:
    """One where it is a store: it may hold something, and nobody sees it from here."""
    kind = kind_of(store.type)
    return int(kind is not None and isinstance(kind.holds, Holds) and kind.holds.what == "data")


def empty(account: Any, store: Resource) -> None:
    """Azure deletes it with what it holds."""


def clear(account: Any, plan: Plan) -> None:
    """Nothing is left in the way."""


def inventory(account: Any, tags: Mapping[str, str]) -> Iterator[str]:
    """The ids in Azure Resource Graph, in lower case, resource groups among them.

    It takes the right Microsoft.ResourceGraph/resources/read:
    https://learn.microsoft.com/en-us/azure/governance/resource-graph/reference/supported-tables-resources
    """
    said = {key: value.replace("'", r"\'") for key, value in tags.items()}
    wanted = " and ".join(f"tostring(tags['{key}']) =~ '{value}'" for key, value in said.items())
    asked = f"resources | union resourcecontainers | where {wanted} | project id | order by id asc"
    try:
        yield from (str(one["id"]).lower() for one in inventory_of(account, asked))
    except Unseen as unseen:
        raise Refused(str(unseen)) from None


def listed_as(resource: Resource) -> str:
    """Its id in lower case: Azure does not keep how it was written."""
    return str(resource.outputs.get("id") or "").lower()
