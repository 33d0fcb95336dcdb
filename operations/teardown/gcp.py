"""Leaving Vertex AI: what Pulumi does not do, by REST, with application default credentials.

Every version of every object keeps a bucket from being deleted
(https://docs.cloud.google.com/storage/docs/deleting-buckets). A repository goes with its images and a dataset with its
tables, and neither asks anybody. A model that is deployed keeps its endpoint from being deleted; our own provider takes
it off, in the engine's order. A log bucket that is locked cannot be deleted, so its key and the key's grant
stay with it (https://docs.cloud.google.com/logging/docs/buckets#locking-logs-buckets).
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

import httpx

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import KEY, artifactregistry, bigquery, logging, projects, storage, vertex, workbench
from catalogue.kinds.gcp.billing import BUDGET
from catalogue.vertex_jobs import PIPELINE
from catalogue.wording import counted
from operations.asking_again import Again, answered, until_answered
from operations.doctor import gcp
from operations.teardown import Plan, Refused, Word
from provider.errors import ProviderError

LAST: tuple[str, ...] = ()
WATCHES = (BUDGET,)
LINGERS = (KEY,)
STOPS: tuple[str, ...] = ()
TRIES, LONGEST_WAIT = 5, 30.0
_SOFT_DAYS = 7
"""What a bucket that says nothing of it has: https://docs.cloud.google.com/storage/docs/soft-delete."""

_OF = {
    artifactregistry.REPOSITORY: "registry",
    storage.BUCKET: "artifacts",
    bigquery.DATASET: "artifacts",
    vertex.METADATA_STORE: "artifacts",
    vertex.TENSORBOARD: "artifacts",
    logging.LOG_BUCKET: "audit",
    logging.SINK: "audit",
    logging.EXCLUSION: "audit",
    projects.AUDIT_CONFIG: "audit",
    workbench.INSTANCE: "homes",
}


@dataclass(frozen=True)
class Account:
    """A project, with the tokens of whoever tears down."""

    token: Callable[[], str]
    project: str
    transport: httpx.BaseTransport | None = None


def open_account(account: str, region: str) -> Account:
    """The project with the application default credentials. Raises NoCredentials where there are none that work."""
    opened = gcp.open_account(account, region)
    return Account(opened.token, opened.project)


def word_of(graph: Graph, resource: Resource) -> Word | None:
    """Each kind has one word."""
    return _OF.get(resource.type)  # pyright: ignore[reportReturnType]  # the words of the table


def later(graph: Graph, resource: Resource) -> str:
    """A key keeps its name for ever, and its versions for a while; a locked log bucket stays with what it holds.

    What a bucket held is kept softly, and bills: https://docs.cloud.google.com/storage/docs/soft-delete.
    """
    if resource.type == KEY:
        return "Google destroys its versions 30 days later; until then its administrator can restore them"
    if resource.type == storage.BUCKET:
        seconds = resource.props.number_or_none("softDeletePolicy.retentionDurationSeconds")
        days = (_SOFT_DAYS * 86_400 if seconds is None else seconds) / 86_400
        kept = f"Google keeps what it held for {counted(round(days), 'day')}, and bills that; until then its owner can "
        return f"{kept}restore it, and nobody can end it sooner" if days else ""
    if resource.type == logging.LOG_BUCKET and resource.inputs.get("locked") is True:
        days = resource.inputs.get("retentionDays") or 30
        return (
            f"nobody can delete it, nor the project, before its last entry is {days:g} days old; then the project's "
            "owner runs this again"
        )
    return ""


def stop(account: Any, plan: Plan) -> None:
    """Nothing that runs on a person's instance keeps it from being deleted."""


def contents(account: Any, store: Resource) -> int:
    """Versions of objects in a bucket, packages in a repository. What is deleted softly does not count."""
    return next((len(page) for page in _held(account, store) if page), 0)


def empty(account: Any, store: Resource) -> None:
    """Delete every version of every object in a bucket. A repository goes with its images."""
    if store.type == storage.BUCKET:
        for page in _held(account, store):
            for one in page:
                address = f"{_objects(store)}/{quote(one['name'], safe='')}"
                _ask(account, "DELETE", address, {"generation": one["generation"]})


def clear(account: Any, plan: Plan) -> None:
    """Nothing is left in the way: no stack of ours peers its network with Google's services."""


def inventory(account: Any, tags: Mapping[str, str]) -> Iterator[str]:
    """Names in Cloud Asset Inventory, with cloudasset.assets.searchAllResources, where that API is on.

    https://docs.cloud.google.com/asset-inventory/docs/reference/rest/v1/TopLevel/searchAllResources. A job of Vertex AI
    is listed as long as it runs: what has ended bills nothing, and no teardown takes away what it says of a run.
    """
    asked = {"query": " AND ".join(f"labels.{key}={value}" for key, value in tags.items()), "readMask": "name"}
    address = f"https://cloudasset.googleapis.com/v1/projects/{account.project}:searchAllResources"
    names = [str(one["name"]) for page in _pages(account, address, "results", asked) for one in page]
    listed = [_place(name.removeprefix("//").partition("/")[2]) for name in names]
    jobs = {(job[1], job[2]) for name in listed if (job := _JOB.fullmatch(name))}
    run = {name for place in sorted(jobs) for name in _running(account, *place)}
    yield from (name for name in listed if name in run or not _JOB.fullmatch(name))


_JOB = re.compile(r"locations/([^/]+)/(batchPredictionJobs|customJobs|hyperparameterTuningJobs|pipelineJobs)/[^/]+")
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED")
"""The states of a job that has ended; of a pipeline job they are the first three:
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/PipelineState"""


def _running(account: Any, region: str, kind: str) -> Iterator[str]:
    """The jobs of one kind that have not ended. Rule: Vertex AI, "Method: batchPredictionJobs.list",
    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.batchPredictionJobs/list
    """
    address = f"https://{region}-aiplatform.googleapis.com/v1/projects/{account.project}/locations/{region}/{kind}"
    prefix, ended = ("PIPELINE_STATE", _ENDED[:3]) if kind == PIPELINE else ("JOB_STATE", _ENDED)
    filter_ = " AND ".join(f'state!="{prefix}_{state}"' for state in ended)
    for page in _pages(account, address, kind, {"filter": filter_}):
        yield from (_place(str(one["name"])) for one in page)


def listed_as(resource: Resource) -> str:
    """Its name behind the project, which some services say by its number and others by its id."""
    return _place(str(resource.outputs.get("id") or ""))


def _place(name: str) -> str:
    parts = name.split("/", 2)
    return parts[2] if parts[0] == "projects" and len(parts) == 3 else name


def _objects(store: Resource) -> str:
    return f"https://storage.googleapis.com/storage/v1/b/{quote(str(store.outputs['id']), safe='')}/o"


def _held(account: Account, store: Resource) -> Iterator[list[dict[str, Any]]]:
    """Pages of what a store holds."""
    if store.type == storage.BUCKET:
        address, listed, given = _objects(store), "items", {"versions": "true", "fields": _FIELDS}
    elif store.type == artifactregistry.REPOSITORY:
        address, listed, given = (
            f"https://artifactregistry.googleapis.com/v1/{store.outputs['id']}/packages",
            "packages",
            {},
        )
    else:
        return
    yield from _pages(account, address, listed, given)


def _pages(account: Account, address: str, listed: str, given: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
    after: dict[str, str] = {}
    while True:
        said = _ask(account, "GET", address, {**given, **after})
        yield cast("list[dict[str, Any]]", said.get(listed) or [])
        if not said.get("nextPageToken"):
            return
        after = {"pageToken": str(said["nextPageToken"])}


_FIELDS = "items(name,generation),nextPageToken"


def _ask(account: Account, method: str, address: str, given: Mapping[str, str]) -> Mapping[str, Any]:
    """The answer of one call; nothing where there is no such thing. Raises Refused with Google's own word."""
    with httpx.Client(transport=account.transport, timeout=60) as client:

        def once() -> httpx.Response:
            # A person's credentials must name the project whose quota the call counts against.
            headers = {"Authorization": f"Bearer {account.token()}", "X-Goog-User-Project": account.project}
            return answered(
                lambda: client.request(method, address, params=given, headers=headers), httpx.URL(address).host
            )

        try:
            answer = until_answered(once, TRIES, LONGEST_WAIT, time.sleep)
        except Again as again:
            raise Refused(f"{httpx.URL(address).host}: {again.reason}; run it again later") from None
        except ProviderError as error:
            raise Refused(str(error)) from None
    if answer.status_code == 404:
        return {}
    if answer.is_error:
        raise Refused(
            f"Google refuses {method} of {httpx.URL(address).path} ({answer.status_code}: {answer.text[:200]})"
        )
    return cast("Mapping[str, Any]", answer.json()) if answer.content else {}
