"""mlplatform:gcp:ApprovedVersion: the preflight of a registered model version, which fails unless it is approved.

Nothing in Vertex AI keeps a model from being uploaded and deployed that nobody approved, and whoever uploads one may
give it aliases and labels. So an approval is an object in a bucket of its own, in which the approver alone may create
objects. What serves a registered version depends on this resource, so that `pulumi up` ends before it where the bucket
does not say that this version, by its digest, is approved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import quote

import pulumi

from provider import Json, Text
from provider.approvals import Digest, Model, Version, hold_digest
from provider.errors import ProviderError
from provider.inputs import Allowed, Inputs, ProjectId
from provider.service import Created, Service

TOKEN = "mlplatform:gcp:ApprovedVersion"
APPROVED, REJECTED, NEITHER, OTHER = "Approved", "Rejected", "NotDecided", "OtherDigest"


class ApprovedVersion(pulumi.CustomResource):
    """Asks the bucket of approvals for the version `version` of `model`, and makes and deletes nothing.

    It fails where no `approvals/MODEL/VERSION/approved.json` lies in the `bucket`, where it names another `digest` than
    this, and where a `rejected.json` lies beside it: nobody who may write there can take an object away again, so a
    rejection is one more. It asks again whenever an input changes, and once a refresh has found a rejection. The
    questions count against `project`.

    Source: https://cloud.google.com/storage/docs/json_api/v1/objects/get
    """

    status: pulumi.Output[str]
    """What was decided on the version."""

    def __init__(
        self,
        name: str,
        *,
        project: Text,
        bucket: Text,
        model: Text,
        version: pulumi.Input[int],
        digest: Text,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Mapping[str, object] = {
            "project": project,
            "bucket": bucket,
            "model": model,
            "version": version,
            "digest": digest,
            "status": None,
        }
        super().__init__(TOKEN, name, dict(inputs), opts)


@dataclass(frozen=True, kw_only=True)
class ApprovedVersionInputs(Inputs):
    """Inputs of mlplatform:gcp:ApprovedVersion."""

    project: ProjectId
    bucket: Annotated[str, Allowed(pattern=r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$")]
    model: Model
    version: Version
    digest: Digest


class ApprovedVersionService(Service[ApprovedVersionInputs]):
    """Asks the bucket of approvals. It owns nothing in the cloud."""

    token = TOKEN
    inputs = ApprovedVersionInputs
    outputs: ClassVar = {"status": "string"}
    replaces = frozenset[str]()
    healed: ClassVar = {"status": APPROVED}

    @staticmethod
    def shape(inputs: ApprovedVersionInputs) -> object:
        """Whatever passes is approved."""
        return ()

    def create(self, inputs: ApprovedVersionInputs) -> Created:
        """Ask, as `update` does."""
        return Created(f"{inputs.bucket}/{inputs.model}/{inputs.version}", self.update(inputs))

    def update(self, inputs: ApprovedVersionInputs) -> Json:
        """Ask for the approval. Raises ProviderError with one sentence where this version may not be served."""
        called = f"version {inputs.version} of {inputs.model}"
        status, digest = self._decided(inputs.project, inputs.bucket, inputs.model, inputs.version)
        if status == REJECTED:
            raise ProviderError(f"{called}: it was rejected; name another version in the stack file")
        if status != APPROVED:
            raise ProviderError(
                f"{called}: it is not approved, for no approval of it lies in gs://{inputs.bucket}; let the approver "
                "decide, and run this again"
            )
        hold_digest(called, "its approval", digest, inputs.digest)
        return {"status": status}

    def read(self, id: str, state: Json) -> Json | None:
        """What was decided by now: another digest counts as no approval. There is nothing to import."""
        if not all(key in state for key in ("project", "bucket", "model", "version", "digest")):
            return None
        status, digest = self._decided(state["project"], state["bucket"], state["model"], int(state["version"]))
        return {"status": status if status != APPROVED or digest == state["digest"] else OTHER}

    def delete(self, id: str) -> None:
        """Do nothing: the approval is the approver's."""

    def _decided(self, project: str, bucket: str, model: str, version: int) -> tuple[str, str]:
        """What was decided on a version, and on which digest. A rejection outweighs an approval."""
        if self._said(project, bucket, model, version, "rejected") is not None:
            return REJECTED, ""
        said = self._said(project, bucket, model, version, "approved")
        if said is None or said.get("decision") != "approved":
            return NEITHER, ""
        return APPROVED, str(said.get("digest", ""))

    def _said(self, project: str, bucket: str, model: str, version: int, decision: str) -> Json | None:
        """The text of a decision on a version, or None where there is none."""
        named = quote(f"approvals/{model}/{version}/{decision}.json", safe="")
        door = self.clouds.google("storage.googleapis.com", project)
        return door.get(f"/storage/v1/b/{bucket}/o/{named}", f"version {version} of {model}", {"alt": "media"})
