"""mlplatform:azure:ApprovedVersion: the preflight of a registered model version, which fails unless it is approved.

Nothing in Azure ML keeps a model from being made of a folder that nobody approved: a version takes any path of a
datastore. What serves a registered version depends on this resource, so that `pulumi up` ends before it where the
workspace has no approval of this version by its digest. An approval is the version of the same number of a second
model, which the approver alone may write; one that is archived was taken back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pulumi

from provider import Json, Text
from provider.approvals import Digest, Model, Version, hold_digest
from provider.errors import ProviderError
from provider.inputs import AzureName, Inputs, Uuid
from provider.service import Created, Service

if TYPE_CHECKING:
    from provider.clouds import Clouds

TOKEN = "mlplatform:azure:ApprovedVersion"
APPROVED, REJECTED = "Approved", "Rejected"
APPROVALS = "-approved"
"""How the name of the model ends whose versions are the approvals of another's."""
DIGEST = "digest"
"""The property of an approval that has the digest of the version's record."""


class ApprovedVersion(pulumi.CustomResource):
    """Asks the workspace for the approval of the `version` of a `model`, and makes and deletes nothing.

    It fails where there is none, where it is archived, and where it has another `digest` than this. It asks again
    whenever an input changes, and once a refresh has found that the approval was taken back.

    Source: https://learn.microsoft.com/en-us/rest/api/azureml/model-versions/get
    """

    status: pulumi.Output[str]
    """What the workspace says of the approval."""

    def __init__(
        self,
        name: str,
        *,
        subscription_id: Text,
        resource_group: Text,
        workspace: Text,
        model: Text,
        version: pulumi.Input[int],
        digest: Text,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Mapping[str, object] = {
            "subscriptionId": subscription_id,
            "resourceGroup": resource_group,
            "workspace": workspace,
            "model": model,
            "version": version,
            "digest": digest,
            "status": None,
        }
        super().__init__(TOKEN, name, dict(inputs), opts)


@dataclass(frozen=True, kw_only=True)
class ApprovedVersionInputs(Inputs):
    """Inputs of mlplatform:azure:ApprovedVersion."""

    subscription_id: Uuid
    resource_group: AzureName
    workspace: AzureName
    model: Model
    version: Version
    digest: Digest


def approval_id(inputs: ApprovedVersionInputs) -> str:
    """The ARM id of the approval."""
    return (
        f"/subscriptions/{inputs.subscription_id}/resourceGroups/{inputs.resource_group}/providers/"
        f"Microsoft.MachineLearningServices/workspaces/{inputs.workspace}/models/{inputs.model}{APPROVALS}/versions/"
        f"{inputs.version}"
    )


class ApprovedVersionService(Service[ApprovedVersionInputs]):
    """Asks the workspace. It owns nothing in the cloud."""

    token = TOKEN
    inputs = ApprovedVersionInputs
    outputs: ClassVar = {"status": "string"}
    replaces = frozenset[str]()
    healed: ClassVar = {"status": APPROVED}

    def __init__(self, clouds: "Clouds", seconds: float = 0) -> None:
        from provider.arm import Arm

        super().__init__(clouds, seconds)
        self.arm = Arm(clouds, seconds)

    @staticmethod
    def shape(inputs: ApprovedVersionInputs) -> object:
        """Whatever passes is approved."""
        return ()

    def create(self, inputs: ApprovedVersionInputs) -> Created:
        """Ask, as `update` does."""
        return Created(approval_id(inputs), self.update(inputs))

    def update(self, inputs: ApprovedVersionInputs) -> Json:
        """Ask for the approval. Raises ProviderError with one sentence where this version may not be served."""
        called = f"version {inputs.version} of {inputs.model}"
        found = self._found(approval_id(inputs), called)
        if found is None:
            raise ProviderError(f"{called}: it is not approved; let the approver decide, and run this again")
        status, digest = found
        if status == REJECTED:
            raise ProviderError(f"{called}: it was rejected; name another version in the stack file")
        hold_digest(called, "the approval", digest, inputs.digest)
        return {"status": status}

    def read(self, id: str, state: Json) -> Json | None:
        """What the workspace says now: another digest counts as no approval. There is nothing to import."""
        if not {"subscriptionId", "resourceGroup", "workspace", "model", "version", "digest"} <= state.keys():
            return None
        found = self._found(id, f"version {state['version']:g} of {state['model']}")
        if found is None:
            return {"status": "Missing"}
        status, digest = found
        return {"status": status if digest == state["digest"] else "OtherDigest"}

    def delete(self, id: str) -> None:
        """Do nothing: the approval is the approver's."""

    def _found(self, approval: str, doing: str) -> tuple[str, str] | None:
        """What was decided, and the digest that it was decided on. None where nothing was."""
        found = self.arm.get(approval, doing)
        if found is None:
            return None
        said: Json = found["properties"]
        kept: Json = said.get("properties") or {}
        return (REJECTED if said.get("isArchived") else APPROVED), str(kept.get(DIGEST, ""))
