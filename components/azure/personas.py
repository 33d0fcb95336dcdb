"""What each persona may do: built-in roles on single resources, and roles of our own on the workspace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalogue.registered import FOLDER


@dataclass
class Needs:
    """What the personas need because of one section of the stack file, or of all.

    `people` are those who act as the data scientist: a name, and the object id in Entra ID.
    """

    people: Sequence[tuple[str, str]] = ()


BUILT_IN: Mapping[str, str] = {
    "blob-contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",  # Storage Blob Data Contributor
    "blob-reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",  # Storage Blob Data Reader
    "connection-approver": "b556d68e-0be0-4f35-a333-ad7ee1ce17ea",  # Azure AI Enterprise Network Connection Approver
    "contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "file-contributor": "69566ab7-960f-475b-8e7c-b3118f30c6bd",  # Storage File Data Privileged Contributor
    "image-pull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",  # AcrPull
    "image-push": "8311e382-0749-4cb8-b61a-304f252e45ec",  # AcrPush
    "metrics-writer": "635dd51f-9968-44d3-b7fb-6d9a6bd613ae",  # AzureML Metrics Writer
    "queue-contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",  # Storage Queue Data Contributor
    "reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "secrets-officer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",  # Key Vault Secrets Officer
    "table-contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",  # Storage Table Data Contributor
    "wrap": "e147488a-f6f5-4113-8e2d-b22465e65bf6",  # Key Vault Crypto Service Encryption User
}
"""Azure's own roles by a short name. Source: "Azure built-in roles"."""

PERSONAS = ("data-scientist", "training", "pipeline", "serving", "batch", "approver", "caller", "publisher")

COLLECT = "collect"
"""The role of our own that the serving identity has where an endpoint captures."""

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
DATA_ROLES: Mapping[str, list[str]] = {
    # The built-in Storage Blob Data Contributor may delete containers, which no condition keeps it from.
    COLLECT: [f"{_BLOBS}/read", f"{_BLOBS}/write", f"{_BLOBS}/add/action"],
    "upload": [f"{_BLOBS}/read", f"{_BLOBS}/write"],
}
"""Roles of our own on data, as data actions."""

COLLECTED_ONLY = (
    f"((!(ActionMatches{{'{_BLOBS}/write'}}) AND !(ActionMatches{{'{_BLOBS}/add/action'}}))"
    f" OR (@Resource[{_BLOBS}:path] StringStartsWith 'modelDataCollector/'))"
)
"""Below this folder the data collector keeps requests and answers; elsewhere the grant lets nothing be written."""

_CHANGES = " AND ".join(
    f"!(ActionMatches{{'{_BLOBS}/{what}'}})" for what in ("write", "add/action", "delete", "move/action")
)
NO_VERSIONS = f"(({_CHANGES}) OR (@Resource[{_BLOBS}:path] StringNotStartsWith '{FOLDER}'))"
"""Below this folder, of whichever container, the grant lets nothing be written or deleted: there lie the versions of
the registry, which the publisher writes. An endpoint fetches what lies there when a replica starts, whatever was
approved. No condition bounds who deletes a container as a whole, which the built-in role allows; what was deleted can
be brought back for 30 days. The workspace's own identity has none, for Azure ML itself works as it; so does whatever is
started on the cluster that builds images (catalogue/caveats.py).
https://learn.microsoft.com/en-us/azure/storage/blobs/storage-auth-abac-attributes
"""

GRANTS: Mapping[str, tuple[tuple[str, str, str | None], ...]] = {
    # What a workspace with an identity of its own needs ("Set up authentication between Azure ML and other services"),
    # but Secrets Officer for Key Vault Administrator: it keeps secrets, and must not rule the encryption key beside
    # them. The approver's role stands on the group, for the managed network connects to the workspace itself as well.
    # It reads the storage's private endpoints, or studio shows no data of a closed account ("Workspace managed virtual
    # network isolation"). Its role on the workspace itself is Access's to give.
    "workspace": (
        ("contributor", "storage", None),
        ("blob-contributor", "storage", None),
        ("file-contributor", "storage", None),
        ("contributor", "vault", None),
        ("secrets-officer", "vault", None),
        ("contributor", "registry", None),
        ("image-push", "registry", None),
        ("contributor", "insights", None),
        ("connection-approver", "group", None),
        ("reader", "blob-endpoint", None),
        ("reader", "file-endpoint", None),
    ),
    "data-scientist": (
        ("blob-contributor", "storage", NO_VERSIONS),
        ("file-contributor", "storage", None),
        ("image-pull", "registry", None),
    ),
    "training": (("blob-contributor", "storage", NO_VERSIONS), ("image-pull", "registry", None)),
    "pipeline": (),
    # "Access Azure resources from an online endpoint": the image, the model's files, and what is collected.
    "serving": (
        ("blob-reader", "storage", None),
        (COLLECT, "storage", COLLECTED_ONLY),
        ("image-pull", "registry", None),
    ),
    # A batch deployment hands its mini-batches out by queues and tables of the workspace's storage.
    "batch": (
        ("blob-reader", "storage", None),
        ("blob-contributor", "artifacts", NO_VERSIONS),
        ("queue-contributor", "storage", None),
        ("table-contributor", "storage", None),
        ("image-pull", "registry", None),
    ),
    "approver": (("blob-reader", "artifacts", None),),
    "caller": (),
    "publisher": (("upload", "artifacts", None), ("image-push", "registry", None)),
}
"""Each identity's roles, where they hold, and under which condition; given before the workspace is made."""

_ML = "Microsoft.MachineLearningServices/workspaces"
_LOOK = [
    f"{_ML}/read",
    f"{_ML}/*/read",
]
_ASSETS = ("codes", "components", "data", "datasets", "environments", "experiments")


def _write(*kinds: str) -> list[str]:
    """What creates things of these kinds in a workspace. `KIND/*/write` is their versions, and not the kind itself."""
    return [f"{_ML}/{kind}/{what}" for kind in kinds for what in ("write", "*/write")]


# "Submitting any type of run (V2)" is what a run takes. An SDK asks where it may upload the run's code by
# POST …/codes/NAME/versions/VERSION/startPendingUpload. Azure's list of operations has no name for that, and Azure
# refuses a role that names what is not on the list: so all that is done to a version of code.
_RUN = [
    *_write(*_ASSETS),
    f"{_ML}/codes/versions/*",
    f"{_ML}/environments/build/action",
    f"{_ML}/environments/readSecrets/action",
    f"{_ML}/jobs/*",
    f"{_ML}/metadata/*/write",
]
ROLES: Mapping[str, list[str]] = {
    # The built-in AzureML Data Scientist may create and delete online endpoints; this one predicts with them only.
    "data-scientist": [
        *_LOOK,
        *_RUN,
        f"{_ML}/computes/applicationaccess/action",
        f"{_ML}/computes/listNodes/action",
        f"{_ML}/computes/restart/action",
        f"{_ML}/computes/start/action",
        f"{_ML}/computes/stop/action",
        *_write("models"),
        f"{_ML}/notebooks/storage/*",
        f"{_ML}/onlineEndpoints/score/action",
    ],
    "pipeline": [*_LOOK, *_RUN, f"{_ML}/batchEndpoints/jobs/write", f"{_ML}/batchEndpoints/deployments/jobs/write"],
    "approver": [*_LOOK, *_write("models")],
    # `az ml online-endpoint invoke` looks the endpoint up, then calls it with a token of Entra ID.
    "caller": [f"{_ML}/read", f"{_ML}/onlineEndpoints/read", f"{_ML}/onlineEndpoints/score/action"],
}
"""Roles of our own, on the workspace; source of the actions: "Manage access to Azure ML workspaces", custom roles.

Azure has no action for a model's `stage` alone, so who may register a version may also set its stage. Where the stack
file names no version of the registry, what is served changes by the stack file only: approval is given there.
"""

TAKES = [f"{_ML}/read", f"{_ML}/datastores/read", f"{_ML}/models/versions/read"]
"""What a publisher looks up to register or copy a version: the workspace, where its store is, and what is said of it.

The store and the workspace have names that azure-native chose, so that nobody knows them without looking.
"""
READS_VERSIONS = [f"{_BLOBS}/read"]
VERSIONS_ONLY = f"((!(ActionMatches{{'{_BLOBS}/read'}})) OR (@Resource[{_BLOBS}:path] StringStartsWith '{FOLDER}'))"
"""Below this folder versions of the registry lie; elsewhere the grant lets nothing be read.

"Azure role assignment condition format and syntax",
https://learn.microsoft.com/en-us/azure/role-based-access-control/conditions-format
"""
VERSIONS = [f"{_ML}/models/versions/write"]
"""What writes a version of one model: given on a model that is registered, and on the one that has its approvals."""


def roles_on_workspace(registered: bool) -> Mapping[str, list[str]]:
    """The roles of our own on the workspace, of which none writes models where versions of the registry are served.

    A right on the workspace holds on each model in it, and Azure has no deny of one's own: whoever could write all
    models could approve. "Understand scope for Azure RBAC",
    https://learn.microsoft.com/en-us/azure/role-based-access-control/scope-overview
    """
    if not registered:
        return ROLES
    return {persona: [one for one in actions if one not in _write("models")] for persona, actions in ROLES.items()}
