"""mlplatform:aws:ApprovedVersion: the preflight of a registered model version, which fails unless it is approved.

Nothing in SageMaker keeps a model from being made of an artifact whose model package nobody approved: CreateModel takes
an image and an artifact, and asks no registry. What serves a registered version depends on this resource, so that
`pulumi up` ends before it where the registry does not say that this version, by its digest, is approved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import pulumi

from provider import Json, Text
from provider.approvals import Digest, Version, hold_digest
from provider.errors import CloudError, ProviderError
from provider.inputs import Allowed, Inputs
from provider.service import Created, Service

TOKEN = "mlplatform:aws:ApprovedVersion"
APPROVED, REJECTED = "Approved", "Rejected"
DIGEST = "digest"
"""The key of a model package's customer metadata that has the digest of the version's record."""
TARGET = "SageMaker.DescribeModelPackage"


class ApprovedVersion(pulumi.CustomResource):
    """Asks the registry for the model package `version` of a group, and makes and deletes nothing.

    It fails where there is none, where the package is not approved, and where its customer metadata name another
    `digest` than this. It asks again whenever an input changes, and once a refresh has found that the approval was
    taken back. The package is of the `account`, and in the `region`.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModelPackage.html
    """

    status: pulumi.Output[str]
    """The approval status of the package."""

    def __init__(
        self,
        name: str,
        *,
        account: Text,
        region: Text,
        group: Text,
        version: pulumi.Input[int],
        digest: Text,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Mapping[str, object] = {
            "account": account,
            "region": region,
            "group": group,
            "version": version,
            "digest": digest,
            "status": None,
        }
        super().__init__(TOKEN, name, dict(inputs), opts)


@dataclass(frozen=True, kw_only=True)
class ApprovedVersionInputs(Inputs):
    """Inputs of mlplatform:aws:ApprovedVersion."""

    account: Annotated[str, Allowed(pattern=r"^[0-9]{12}$")]
    region: Annotated[str, Allowed(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
    group: Annotated[str, Allowed(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")]
    version: Version
    digest: Digest


class ApprovedVersionService(Service[ApprovedVersionInputs]):
    """Asks the registry. It owns nothing in the cloud."""

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
        return Created(arn(inputs.account, inputs.region, inputs.group, inputs.version), self.update(inputs))

    def update(self, inputs: ApprovedVersionInputs) -> Json:
        """Ask the registry. Raises ProviderError with one sentence where this version may not be served."""
        called = f"version {inputs.version} of {inputs.group}"
        found = self._found(inputs.account, inputs.region, inputs.group, inputs.version)
        if found is None:
            raise ProviderError(
                f"{called}: the registry has no such version; register it, or name one that it has in the stack file"
            )
        status, digest = found
        if status == REJECTED:
            raise ProviderError(f"{called}: it was rejected; name another version in the stack file")
        if status != APPROVED:
            raise ProviderError(f"{called}: it is not approved ({status}); let the approver decide, and run this again")
        hold_digest(called, "the registry", digest, inputs.digest)
        return {"status": status}

    def read(self, id: str, state: Json) -> Json | None:
        """What the registry says now: another digest counts as no approval. There is nothing to import."""
        if not all(key in state for key in ("account", "region", "group", "version", "digest")):
            return None
        found = self._found(state["account"], state["region"], state["group"], int(state["version"]))
        if found is None:
            return {"status": "Missing"}
        status, digest = found
        return {"status": status if digest == state["digest"] else "OtherDigest"}

    def delete(self, id: str) -> None:
        """Do nothing: the version is the registry's."""

    def _found(self, account: str, region: str, group: str, version: int) -> tuple[str, str] | None:
        """The approval status and the digest of a version. None where the registry has none."""
        doing = f"version {version} of {group}"
        named = {"ModelPackageName": arn(account, region, group, version)}
        try:
            said = self.clouds.aws("sagemaker", region).asked(TARGET, named, doing)
        except CloudError as error:
            # No page says how a missing version is told: an ARN of the right form that is not accepted is taken for it.
            if str(error).endswith(("(ValidationException)", "(ResourceNotFound)")):
                return None
            raise
        metadata: Mapping[str, object] = said.get("CustomerMetadataProperties") or {}
        return str(said.get("ModelApprovalStatus", "no status")), str(metadata.get(DIGEST, ""))


def arn(account: str, region: str, group: str, version: int) -> str:
    """The ARN of a version: "Resource types defined by Amazon SageMaker", Service Authorization Reference."""
    return f"arn:aws:sagemaker:{region}:{account}:model-package/{group}/{version}"
