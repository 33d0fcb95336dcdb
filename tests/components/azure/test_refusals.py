"""What components on Azure refuse: an id that is missing, a zone nobody knows, a schedule that would not be kept."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pulumi
import pytest

from components.azure.batch import BatchJob
from components.azure.encryption import Encryption, EncryptionArgs
from components.azure.identity import Access
from components.azure.network import Network, NetworkArgs
from components.azure.store import Store
from components.azure.workspace import Workspace
from components.given import BadArgument
from components.shapes import Schedule
from tests.components.azure.examples import (
    BATCH,
    EXAMPLES,
)
from tests.components.azure.test_components import made

# ---- what is refused ------------------------------------------------------------------------------------------------


def refused(make: Callable[[pulumi.ResourceOptions], object]) -> str:
    """The sentence of a component that is refused while it is built."""
    said: list[str] = []

    def makes(on: pulumi.ResourceOptions) -> None:
        with pytest.raises(BadArgument) as error:
            make(on)
        said.append(str(error.value))

    made(makes)
    (sentence,) = said
    return sentence


def test_a_private_endpoint_that_the_network_knows_no_zone_of_is_refused() -> None:
    args = replace(cast(NetworkArgs, EXAMPLES["Network"]), reach=["vault", "queue"])
    assert refused(lambda on: Network("net", args, on)) == (
        "NetworkArgs.reach: 'queue' is no group of private endpoints with DNS zones here; "
        "give some of amlworkspace, blob, file, registry, vault"
    )


@pytest.mark.parametrize(
    ("component", "field", "missing"),
    [
        (Encryption, "zone_ids", "privatelink.vaultcore.azure.net"),
        (Store, "zone_ids", "privatelink.file.core.windows.net"),
        (Workspace, "zone_ids", "privatelink.notebooks.azure.net"),
        (Access, "identity_ids", "training"),
        (Access, "principal_ids", "serving"),
    ],
)
def test_an_id_that_is_missing_among_others_is_refused(component: Any, field: str, missing: str) -> None:
    args: Any = EXAMPLES[component.__name__]
    given = {name: id_ for name, id_ in getattr(args, field).items() if name != missing}
    assert refused(lambda on: component("it", replace(args, **{field: given}), on)) == (
        f"{type(args).__name__}.{field}: has nothing under {missing!r}; give the id that belongs there"
    )


def test_an_id_that_is_missing_is_refused_as_soon_as_the_others_are_known() -> None:
    def make(on: pulumi.ResourceOptions) -> None:
        ids = pulumi.Output.from_input({"other": "id"})
        Encryption("it", replace(cast(EncryptionArgs, EXAMPLES["Encryption"]), zone_ids=ids), on)

    with pytest.raises(BadArgument, match=r"^EncryptionArgs\.zone_ids: has nothing under [^\n]+; give the id [^\n]+$"):
        made(make)


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        (
            Schedule("0 2 1 * *", "UTC"),
            "BatchJobArgs.schedule: found '0 2 1 * *', allowed: day-of-month and month left open with '*'; "
            "Azure ML ignores both and would run every day",
        ),
        (
            Schedule("0 2 * * *", "Antarctica/Troll"),
            "BatchJobArgs.schedule: found 'Antarctica/Troll', which has no name in Windows, by which Azure ML's "
            "schedules go; allowed: one that has, such as Europe/Berlin",
        ),
    ],
)
def test_a_schedule_that_azure_ml_would_not_keep_is_refused(schedule: Schedule, sentence: str) -> None:
    assert refused(lambda on: BatchJob("nightly", replace(BATCH, schedule=schedule), on)) == sentence
