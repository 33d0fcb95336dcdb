"""What `mlplatform doctor` looks at on Google Cloud, by REST, with application default credentials.

Each method's page names the right that it takes: https://docs.cloud.google.com/docs/quotas/reference/rest/v1 (quotas),
https://docs.cloud.google.com/service-usage/docs/reference/rest/v1/services/list,
https://docs.cloud.google.com/artifact-registry/docs/reference/rest, https://docs.cloud.google.com/storage/docs/json_api/v1,
https://docs.cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints/list,
https://docs.cloud.google.com/workflows/docs/reference/rest/v1/projects.locations.workflows/get,
https://docs.cloud.google.com/vertex-ai/docs/workbench/reference/rest/v2/projects.locations.instances/get,
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list,
https://docs.cloud.google.com/billing/docs/reference/rest/v1/billingAccounts/testIamPermissions.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx

from catalogue.errors import BadInput
from catalogue.properties import Properties
from catalogue.versions import RECORD, digest, read_approval
from operations.doctor import NoCredentials, Seen, Unseen, Way, done, held, not_done
from operations.doctor.rest import Read, Reader, Refusal, objects
from operations.verdict import Look, LookAt
from provider.clouds import google_token
from provider.errors import ProviderError

_AI = "aiplatform.googleapis.com"
_ASKED_ABOUT = "to see what is asked about"
_QUOTAS = Read(
    "https://cloudquotas.googleapis.com/v1/projects/{project}/locations/global/services/{service}/quotaInfos",
    "cloudquotas.quotas.get",
)
_APIS = Read("https://serviceusage.googleapis.com/v1/projects/{project}/services", "serviceusage.services.list")
_SUBNET = Read(
    "https://compute.googleapis.com/compute/v1/projects/{project}/regions/{region}/subnetworks/{subnet}/testIamPermissions",
    _ASKED_ABOUT,
    "POST",
)
_PROJECT = Read(
    "https://cloudresourcemanager.googleapis.com/v3/projects/{project}:testIamPermissions", _ASKED_ABOUT, "POST"
)
_PAYER = Read("https://cloudbilling.googleapis.com/v1/projects/{project}/billingInfo", "resourcemanager.projects.get")
_BILLING = Read(
    "https://cloudbilling.googleapis.com/v1/billingAccounts/{name}:testIamPermissions",
    _ASKED_ABOUT,
    "POST",
)
_BUCKET = Read("https://storage.googleapis.com/storage/v1/b/{bucket}", "storage.buckets.get")
OBJECTS = Read("https://storage.googleapis.com/storage/v1/b/{bucket}/o", "storage.objects.list")
OBJECT = Read("https://storage.googleapis.com/storage/v1/b/{bucket}/o/{name}", "storage.objects.get")
_BUCKET_RIGHTS = Read("https://storage.googleapis.com/storage/v1/b/{bucket}/iam/testPermissions", _ASKED_ABOUT)
_IMAGES = "https://artifactregistry.googleapis.com/v1/projects/{project}/locations/{place}/repositories/{repository}"
_IMAGE_TAG = Read(f"{_IMAGES}/packages/{{package}}/tags/{{version}}", "artifactregistry.tags.get")
_IMAGE_DIGEST = Read(f"{_IMAGES}/packages/{{package}}/versions/{{version}}", "artifactregistry.versions.get")
_REPOSITORY_RIGHTS = Read(f"{_IMAGES}:testIamPermissions", _ASKED_ABOUT, "POST")
_ENDPOINTS = Read(
    f"https://{{region}}-{_AI}/v1/projects/{{project}}/locations/{{place}}/endpoints", "aiplatform.endpoints.list"
)
_WORKFLOW = Read(
    "https://workflows.googleapis.com/v1/projects/{project}/locations/{region}/workflows/{name}",
    "workflows.workflows.get",
)
_WORKBENCH = Read(
    "https://notebooks.googleapis.com/v2/projects/{project}/locations/{zone}/instances/{name}",
    "notebooks.instances.get",
)
_METRICS = Read("https://monitoring.googleapis.com/v3/projects/{project}/timeSeries", "monitoring.timeSeries.list")
READS = (
    _QUOTAS,
    _APIS,
    _SUBNET,
    _PROJECT,
    _PAYER,
    _BILLING,
    _BUCKET,
    _BUCKET_RIGHTS,
    OBJECTS,
    OBJECT,
    _REPOSITORY_RIGHTS,
    _IMAGE_TAG,
    _IMAGE_DIGEST,
    _ENDPOINTS,
    _WORKFLOW,
    _WORKBENCH,
    _METRICS,
)
"""Every address that is ever asked. `testIamPermissions` is a POST that changes nothing."""

_AT_ONCE = 100
"""Permissions in one question. No page names a bound; the console asks for so many."""
_DAYS = timedelta(days=14)


@dataclass
class Account:
    """A project and a region. `token` gives the token of whoever asks."""

    reader: Reader
    token: Callable[[], str]
    project: str
    region: str
    _quotas: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict[str, list[Mapping[str, Any]]])

    def pages(self, read: Read, url: str, listed: str, **params: str) -> Iterator[Mapping[str, Any]]:
        """Each item of a list, page after page."""
        return self.reader.pages(read, url, listed, params, _next)

    def quotas(self, service: str) -> list[Mapping[str, Any]]:
        """What Cloud Quotas knows of the quotas of a service."""
        if service not in self._quotas:
            url = _QUOTAS.at(project=self.project, service=service)
            self._quotas[service] = list(self.pages(_QUOTAS, url, "quotaInfos", pageSize="500"))
        return self._quotas[service]

    @cached_property
    def apis(self) -> frozenset[str]:
        """The APIs that are switched on."""
        enabled = self.pages(_APIS, _APIS.at(project=self.project), "services", filter="state:ENABLED", pageSize="200")
        return frozenset(str(api["config"]["name"]) for api in enabled)

    def endpoint(self, name: str) -> Mapping[str, Any] | None:
        """The endpoint with a display name, which the stack gives, whoever chose its id."""
        url = _ENDPOINTS.at(region=self.region, project=self.project, place=self.region)
        named = self.pages(_ENDPOINTS, url, "endpoints", filter=f"display_name={json.dumps(name)}")
        return next(iter(named), None)


def _next(page: Mapping[str, Any]) -> Mapping[str, str]:
    token = page.get("nextPageToken")
    return {"pageToken": str(token)} if token else {}


def open_account(account: str, region: str, reads: Collection[Read] = READS) -> Account:
    """The project with the application default credentials. Raises NoCredentials where there are none that work."""
    try:
        token = google_token()
        token()
    except ProviderError as error:
        raise NoCredentials(str(error)) from None
    return account_of(token, account, region, reads=reads)


def account_of(
    token: Callable[[], str],
    project: str,
    region: str,
    transport: httpx.BaseTransport | None = None,
    reads: Collection[Read] = READS,
) -> Account:
    """The project, as whoever has these tokens."""

    def headers(_: httpx.URL) -> Mapping[str, str]:
        # A person's credentials must name the project whose quota the question counts against.
        return {"Authorization": f"Bearer {token()}", "X-Goog-User-Project": project}

    return Account(Reader(reads, headers, transport), token, project, region)


def _where_the_api_is_off(see: Callable[[Account, Look], Seen]) -> Callable[[Account, Look], Seen]:
    """Where the API of a thing is off, the thing is not there."""

    def seen(account: Account, look: Look) -> Seen:
        try:
            return see(account, look)
        except Refusal as refusal:
            if refusal.code != "SERVICE_DISABLED":
                raise
            return not_done(f"{look.name} is not there: its API is off in the project {account.project}")

    return seen


def _quota(account: Account, look: Look) -> Seen:
    """Of the values of a metric, the region's own holds, or else the one of all regions. -1 is without bound."""
    wanted = look.amount or 0
    try:
        infos = [info for info in account.quotas(look.name.partition("/")[0]) if info.get("metric") == look.name]
    except Refusal as refusal:
        if refusal.code != "SERVICE_DISABLED":
            raise
        raise Unseen(f"it takes the API cloudquotas.googleapis.com, which is off in {account.project}") from None
    rows = [row for info in infos for row in objects(info, "dimensionsInfos")]
    own = [row for row in rows if (row.get("dimensions") or {}).get("region") == account.region]
    of_all = [row for row in rows if not row.get("dimensions") and _applies(row, account.region)]
    values = [int(row["details"]["value"]) for row in own or of_all if "value" in (row.get("details") or {})]
    if not values:
        return not_done(f"{look.name}: Cloud Quotas has no value for {account.region}")
    granted = min(values, key=lambda value: float("inf") if value < 0 else value)
    if granted < 0:
        return done(f"{look.name}: there is no bound")
    says = f"{look.name}: {granted} are granted, {wanted} are needed"
    return done(says) if granted >= wanted else not_done(says)


def _applies(row: Mapping[str, Any], region: str) -> bool:
    return bool({region, "global"} & set(row.get("applicableLocations") or [region]))


def _service(account: Account, look: Look) -> Seen:
    return done(f"{look.name} is on") if look.name in account.apis else not_done(f"{look.name} is off")


def _role(account: Account, look: Look) -> Seen:
    """Which rights of a role whoever asks has, in the project or on its billing account."""
    has: set[str] = set()
    url, read = _PROJECT.at(project=account.project), _PROJECT
    if look.at == "billing account":
        name = _payer(account)
        if not name:
            return not_done(f"the project {account.project} has no billing account")
        url, read = _BILLING.at(name=name), _BILLING
    for at in range(0, len(look.rights), _AT_ONCE):
        answer = account.reader.json(read, url, json={"permissions": look.rights[at : at + _AT_ONCE]})
        has |= set((answer or {}).get("permissions", ()))
    return held(look, set(look.rights) - has)


def _payer(account: Account) -> str:
    """The id of the project's billing account; empty where it has none."""
    payer = account.reader.json(_PAYER, _PAYER.at(project=account.project)) or {}
    return str(payer.get("billingAccountName") or "").removeprefix("billingAccounts/")


def _right(account: Account, look: Look) -> Seen:
    """Which of the rights whoever asks has. It says nothing of anybody else."""
    _, project, _, region, _, subnet = look.at.split("/")
    url = _SUBNET.at(project=project, region=region, subnet=subnet)
    answer = account.reader.json(_SUBNET, url, json={"permissions": [look.name]})
    has = look.name in ((answer or {}).get("permissions") or [])
    says = f"whoever asks {'has' if has else 'lacks'} {look.name} on {look.at}"
    return done(says) if has else not_done(says)


def _let_in(account: Account, look: Look) -> Seen:
    """Whether whoever asks may set the policy of a bucket or a repository of others; the stack does the rest.

    https://cloud.google.com/storage/docs/json_api/v1/buckets/testIamPermissions
    """
    if look.name.startswith("gs://"):
        url = _BUCKET_RIGHTS.at(bucket=look.name.removeprefix("gs://"))
        answer = account.reader.json(_BUCKET_RIGHTS, url, params={"permissions": look.rights})
    else:
        host, project, repository = look.name.split("/")
        place = host.removesuffix("-docker.pkg.dev")
        url = _REPOSITORY_RIGHTS.at(project=project, place=place, repository=repository)
        answer = account.reader.json(_REPOSITORY_RIGHTS, url, json={"permissions": look.rights})
    if answer is None:
        return not_done(f"there is no {look.name}")
    missing = {*look.rights} - {*answer.get("permissions", ())}
    says = f"whoever asks {'lacks' if missing else 'has'} {', '.join(look.rights)} on {look.name}"
    return not_done(says) if missing else done(says)


def _bucket(account: Account, look: Look) -> Seen:
    there = account.reader.json(_BUCKET, _BUCKET.at(bucket=look.name), params={"fields": "name"})
    return done(f"the bucket {look.name} is there") if there else not_done(f"there is no bucket {look.name}")


def _image(account: Account, look: Look) -> Seen:
    """The repositories that stand for gcr.io have its name, in the multi-region that it meant.

    https://docs.cloud.google.com/artifact-registry/docs/transition/transition-from-gcr
    """
    host, _, named = look.name.partition("/")
    if host.endswith("gcr.io"):
        project, _, path = named.partition("/")
        place, repository = {"eu.gcr.io": "europe", "asia.gcr.io": "asia"}.get(host, "us"), host
    else:
        project, repository, path = named.split("/", 2)
        place = host.removesuffix("-docker.pkg.dev")
    read, mark = (_IMAGE_DIGEST, "@") if "@" in path else (_IMAGE_TAG, ":")
    package, _, version = path.rpartition(mark) if mark in path else (path, "", "latest")
    url = read.at(project=project, place=place, repository=repository, package=package, version=version)
    there = account.reader.json(read, url)
    return done(f"the image {look.name} is there") if there else not_done(f"there is no image {look.name}")


def _artifact(account: Account, look: Look) -> Seen:
    """The folder itself may be an object of no bytes, so what counts is what lies in it."""
    address = urlsplit(look.name)
    folder = address.path[1:]
    url, params = OBJECTS.at(bucket=address.netloc), {"prefix": folder, "maxResults": "2", "fields": "items/name"}
    listed = account.reader.json(OBJECTS, url, params=params)
    there = [item for item in objects(listed, "items") if item["name"] != folder or folder[-1:] != "/"]
    return done(f"files are in {look.name}") if there else not_done(f"nothing is in {look.name}")


def text_of(account: Account, uri: str) -> bytes | None:
    """The content of an object. None where there is none."""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    answer = account.reader.ask(OBJECT, OBJECT.at(bucket=bucket, name=name), params={"alt": "media"})
    return None if answer is None else answer.content


def _registered(account: Account, look: Look) -> Seen:
    """A version is what lies in its folder, and the digest that of its record's bytes."""
    content = text_of(account, f"{look.name}{RECORD}")
    if content is None:
        return not_done(f"there is no record at {look.name}{RECORD}")
    if (own := digest(content)) != look.at:
        return not_done(f"the record at {look.name} has the digest {own}, and {look.at} is named")
    return done(f"the version {look.name} is registered")


def _approved(account: Account, look: Look) -> Seen:
    """A rejection outweighs an approval, for nobody can take one away."""
    if text_of(account, f"{look.name}/rejected.json") is not None:
        return not_done(f"{look.name} was rejected")
    content = text_of(account, f"{look.name}/approved.json")
    if content is None:
        return not_done(f"{look.name}: nobody approved it")
    try:
        approval = read_approval(content, f"{look.name}/approved.json")
    except BadInput as error:
        return not_done(str(error))
    if approval.digest != look.at:
        return not_done(f"{look.name}: the digest {approval.digest} is approved, and {look.at} is named")
    return done(f"{look.name} is approved")


def _sign_in(account: Account, look: Look) -> Seen:
    """No API says who opened JupyterLab. Where the instance is not there, nobody did."""
    zone, _, name = look.at.partition("/")
    if account.reader.json(_WORKBENCH, _WORKBENCH.at(project=account.project, zone=zone, name=name)) is None:
        return not_done(f"there is no instance {name} in {zone}, so {look.name} has not opened it")
    raise Unseen(f"{name} is there, and no API of Workbench says who opened it; ask {look.name}")


def _endpoint(account: Account, look: Look) -> Seen:
    found = account.endpoint(look.name)
    if found is None:
        return not_done(f"there is no endpoint {look.name}")
    if not found.get("deployedModels"):
        return not_done(f"no model is deployed on the endpoint {look.name}")
    return done(f"a model is deployed on the endpoint {look.name}")


def _batch_job(account: Account, look: Look) -> Seen:
    url = _WORKFLOW.at(project=account.project, region=account.region, name=look.name)
    found = account.reader.json(_WORKFLOW, url)
    if found is None:
        return not_done(f"there is no workflow {look.name}")
    says = f"the workflow {look.name} is {found.get('state')}"
    return done(says) if found.get("state") == "ACTIVE" else not_done(says)


def _call(account: Account, look: Look) -> Seen:
    """Cloud Monitoring counts the answers of an endpoint, under the family of public or of private ones.

    https://docs.cloud.google.com/monitoring/api/metrics_gcp_a_b, aiplatform
    """
    found = account.endpoint(look.name)
    if found is None:
        return not_done(f"there is no endpoint {look.name}")
    id_, now = str(found["name"]).rpartition("/")[2], datetime.now(UTC)
    span = {
        f"interval.{end}Time": at.strftime("%Y-%m-%dT%H:%M:%SZ") for end, at in (("start", now - _DAYS), ("end", now))
    }
    for family in ("online", "online/private"):
        counted = f'metric.type = "{_AI}/prediction/{family}/response_count" AND resource.labels.endpoint_id = "{id_}"'
        url = _METRICS.at(project=account.project)
        for series in account.pages(_METRICS, url, "timeSeries", filter=counted, **span):
            if any(int(point["value"].get("int64Value", 0)) > 0 for point in objects(series, "points")):
                return done(f"{look.name} answered in the last fourteen days")
    return not_done(f"{look.name} gave no answer in the last fourteen days")


def _idle_timeout(account: Account, look: Look) -> Seen:
    """An instance without a timeout waits for three hours: the page of Workbench on idle shutdown.

    https://docs.cloud.google.com/vertex-ai/docs/workbench/instances/idle-shutdown
    """
    found = account.reader.json(_WORKBENCH, _WORKBENCH.at(project=account.project, zone=look.at, name=look.name))
    if found is None:
        return not_done(f"there is no instance {look.name} in {look.at}; one that stands elsewhere keeps its zone")
    seconds = Properties(found).number_or_none("gceSetup.metadata.idle-timeout-seconds") or 3 * 3600
    says = f"{look.name} stops after {seconds / 60:g} idle minutes, and {look.amount} were judged"
    return done(says) if seconds == (look.amount or 0) * 60 else not_done(says)


def _traffic(account: Account, look: Look) -> Seen:
    found = account.endpoint(look.name)
    if found is None:
        return not_done(f"there is no endpoint {look.name}")
    split: Mapping[str, int] = found.get("trafficSplit") or {}
    shares = sorted(share for share in split.values() if share)
    if shares == [100]:
        return done(f"one version has all of the traffic of {look.name}")
    return not_done(f"the traffic of {look.name} is split into {' and '.join(map(str, shares)) or 'nothing'}")


def _way(see: Callable[[Account, Look], Seen], *reads: Read) -> Way:
    return Way(see, tuple(read.right for read in reads))


LOOKS: Mapping[LookAt, Way] = {
    "quota": _way(_quota, _QUOTAS),
    "service": _way(_service, _APIS),
    "right": Way(_right, ("testIamPermissions",)),
    "role": Way(_role, ("testIamPermissions", f"{_PAYER.right} for a billing account")),
    "let in": Way(_where_the_api_is_off(_let_in), ("testIamPermissions",)),
    "bucket": _way(_where_the_api_is_off(_bucket), _BUCKET),
    "image": _way(_where_the_api_is_off(_image), _IMAGE_TAG),
    "artifact": _way(_where_the_api_is_off(_artifact), OBJECTS),
    "registered": _way(_where_the_api_is_off(_registered), OBJECT),
    "approved": _way(_where_the_api_is_off(_approved), OBJECT),
    "batch input": _way(_where_the_api_is_off(_artifact), OBJECTS),
    "sign-in": _way(_where_the_api_is_off(_sign_in), _WORKBENCH),
    "endpoint": _way(_where_the_api_is_off(_endpoint), _ENDPOINTS),
    "batch job": _way(_where_the_api_is_off(_batch_job), _WORKFLOW),
    "call": _way(_where_the_api_is_off(_call), _ENDPOINTS, _METRICS),
    "idle timeout": _way(_where_the_api_is_off(_idle_timeout), _WORKBENCH),
    "traffic": _way(_where_the_api_is_off(_traffic), _ENDPOINTS),
}
