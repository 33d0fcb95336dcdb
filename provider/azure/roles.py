"""mlplatform:azure:RolesInForce: waits until role assignments are old enough to be in force, or roles to be assigned.

Azure answers that a role is assigned before all of its services know. A storage account that is made at once with a key
then fails (KeyVaultAuthenticationFailure), and stays behind half made. A role of one's own that is assigned at once
fails too (RoleDefinitionDoesNotExist), and azure-native does not try that again. `opts` that name properties use wire
names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar

import pulumi

from provider import Json, Number
from provider.errors import ProviderError
from provider.ids import digest
from provider.inputs import Allowed, Inputs
from provider.service import Created, Service

if TYPE_CHECKING:
    from provider.clouds import Clouds

TOKEN = "mlplatform:azure:RolesInForce"
ROLES_VERSION: Mapping[str, str] = {"api-version": "2022-04-01"}
PATIENCE = 300.0
"""Seconds for which a new assignment may answer 404. After that it counts as absent."""


class RolesInForce(pulumi.CustomResource):
    """Waits until each of the `assignments`, named by their ids, stands for `minutes`. Makes and deletes nothing.

    The id of a role definition is waited for alike, before it is assigned.

    What needs the roles depends on this resource. It waits again for an assignment that is added, and for one that was
    deleted and given anew. It refuses an assignment that does not exist.

    Source: "Role assignment changes are not being detected": up to ten minutes, at
    https://learn.microsoft.com/en-us/azure/role-based-access-control/troubleshooting. Role definitions are read late by
    some of Azure's servers, some five minutes: https://github.com/hashicorp/terraform-provider-azurerm/issues/5038
    """

    def __init__(
        self,
        name: str,
        *,
        assignments: pulumi.Input[list[pulumi.Input[str]]],
        minutes: Number,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(TOKEN, name, {"assignments": assignments, "minutes": minutes}, opts)


AssignmentId = Annotated[
    str, Allowed(pattern=r"^/.+/providers/Microsoft\.Authorization/role(Assignments|Definitions)/[0-9a-fA-F-]{36}$")
]


@dataclass(frozen=True, kw_only=True)
class RolesInForceInputs(Inputs):
    """Inputs of mlplatform:azure:RolesInForce."""

    assignments: Annotated[list[AssignmentId], Allowed(min_length=1)]
    minutes: Annotated[int, Allowed(ge=1, le=60)]


class RolesInForceService(Service[RolesInForceInputs]):
    """Looks at assignments and waits. It owns nothing in the cloud."""

    token = TOKEN
    inputs = RolesInForceInputs
    outputs: ClassVar = {"missing": "number"}
    replaces = frozenset[str]()
    healed: ClassVar = {"missing": 0}

    def __init__(self, clouds: "Clouds", seconds: float = 0) -> None:
        super().__init__(clouds, seconds)
        self.door = clouds.azure()

    @staticmethod
    def shape(inputs: RolesInForceInputs) -> object:
        """Nothing is missing after any wait."""
        return ()

    def create(self, inputs: RolesInForceInputs) -> Created:
        """Wait, as `update` does."""
        return Created(f"roles-{digest(sorted(inputs.assignments))[:16]}", self.update(inputs))

    def update(self, inputs: RolesInForceInputs) -> Json:
        """Wait until the youngest assignment stands for `minutes`. Raises ProviderError where one does not exist."""
        youngest = max(self._created(assignment) for assignment in inputs.assignments)
        clock, seconds = self.door.clock, 60.0 * inputs.minutes
        left = youngest + seconds - clock.now()
        if left > 0:
            clock.sleep(min(left, seconds))  # the cloud's clock may be ahead of ours
        return {"missing": 0}

    def read(self, id: str, state: Json) -> Json | None:
        """How many of the assignments are gone. There is nothing to import."""
        assignments: list[str] = state.get("assignments") or []
        if not assignments:
            return None
        return {"missing": sum(self._get(assignment) is None for assignment in assignments)}

    def delete(self, id: str) -> None:
        """Do nothing: the assignments are others' to delete."""

    def _get(self, assignment: str) -> Json | None:
        return self.door.get(assignment, _called(assignment), ROLES_VERSION)

    def _created(self, assignment: str) -> float:
        """When the assignment or definition was made, in seconds since 1970."""
        name, start = _called(assignment), self.door.clock.now()

        def look() -> Json | None:
            found = self._get(assignment)
            if found is None and self.door.clock.now() - start > PATIENCE:
                raise ProviderError(f"{name} does not exist; give the role before its wait")
            return found

        found = self.door.until(look, name, 2 * PATIENCE)
        return datetime.fromisoformat(str(found["properties"]["createdOn"])).timestamp()


def _called(id_: str) -> str:
    what = "role definition" if "/roleDefinitions/" in id_ else "role assignment"
    return f"{what} {id_.rpartition('/')[2]}"
