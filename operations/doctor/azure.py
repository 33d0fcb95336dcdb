"""What `mlplatform doctor` looks at on Azure, by REST, with the default credential chain.

The rights are the actions of https://learn.microsoft.com/en-us/azure/role-based-access-control/resource-provider-operations
The addresses: https://learn.microsoft.com/en-us/rest/api/azureml/ (usages, workspaces, datastores, endpoints),
https://learn.microsoft.com/en-us/rest/api/resources/ (providers, locations),
https://learn.microsoft.com/en-us/rest/api/storageservices/list-blobs,
https://learn.microsoft.com/en-us/rest/api/containerregistry/ (tokens, tags, manifests),
https://learn.microsoft.com/en-us/rest/api/monitor/metrics/list.
"""

import logging
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, cast
from xml.etree import ElementTree

import httpx

from catalogue.deployers import allows
from catalogue.durations import minutes_or_none
from catalogue.generated import Role
from catalogue.properties import Properties
from catalogue.registered import APPROVALS, DIGEST, VERSIONS
from operations.doctor import NoCredentials, Seen, Unseen, Way, done, held, not_done
from operations.doctor.rest import Read, Reader, Refusal, objects
from operations.verdict import Look, LookAt

_ARM = "https://management.azure.com"
_SUBSCRIPTION = f"{_ARM}/subscriptions/{{subscription}}"
_ML = "Microsoft.MachineLearningServices"
_WORKSPACES_AT = f"{_SUBSCRIPTION}/resourceGroups/{{group}}/providers/{_ML}/workspaces"
_IN_WORKSPACE = f"{_WORKSPACES_AT}/{{workspace}}"
_CLOSED = "the stack closes it to the internet, so ask from inside the network"

_USAGES = Read(f"{_SUBSCRIPTION}/providers/{_ML}/locations/{{region}}/usages", f"{_ML}/locations/usages/read")
_PROVIDERS = Read(f"{_SUBSCRIPTION}/providers", "Microsoft.Resources/subscriptions/providers/read")
_PERMISSIONS = Read(
    f"{_SUBSCRIPTION}/providers/Microsoft.Authorization/permissions", "Microsoft.Authorization/permissions/read"
)
_ON_NETWORK = Read(
    f"{_SUBSCRIPTION}/resourceGroups/{{group}}/providers/Microsoft.Network/virtualNetworks/{{name}}/providers/"
    "Microsoft.Authorization/permissions",
    "Microsoft.Authorization/permissions/read",
)
_LOCATIONS = Read(f"{_SUBSCRIPTION}/locations", "Microsoft.Resources/subscriptions/locations/read")
_WORKSPACES = Read(_WORKSPACES_AT, f"{_ML}/workspaces/read")
DATASTORE = Read(f"{_IN_WORKSPACE}/datastores/{{name}}", f"{_ML}/workspaces/datastores/read")
VERSION = Read(f"{_IN_WORKSPACE}/models/{{name}}/versions/{{version}}", f"{_ML}/workspaces/models/versions/read")
_ONLINE = Read(f"{_IN_WORKSPACE}/onlineEndpoints/{{name}}", f"{_ML}/workspaces/onlineEndpoints/read")
_BATCH = Read(f"{_IN_WORKSPACE}/batchEndpoints/{{name}}", f"{_ML}/workspaces/batchEndpoints/read")
_DEPLOYMENT = Read(
    f"{_IN_WORKSPACE}/onlineEndpoints/{{name}}/deployments/{{deployment}}",
    f"{_ML}/workspaces/onlineEndpoints/deployments/read",
)
_COMPUTE = Read(f"{_IN_WORKSPACE}/computes/{{name}}", f"{_ML}/workspaces/computes/read")
_RULES = Read(f"{_IN_WORKSPACE}/outboundRules", f"{_ML}/workspaces/outboundRules/read")
_METRICS = Read(
    f"{_IN_WORKSPACE}/onlineEndpoints/{{name}}/providers/Microsoft.Insights/metrics", "Microsoft.Insights/metrics/read"
)
_BLOBS = Read(
    "https://{account}.blob.core.windows.net/{container}",
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
    closed=_CLOSED,
)
BLOB = Read(
    "https://{account}.blob.core.windows.net/{container}/registry/{model}/{version}/{file}",
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
    closed=_CLOSED,
)
"""A file of a version of the registry, which `approve` and `promote` read and `doctor` does not."""
_PULL = "Microsoft.ContainerRegistry/registries/pull/read"
EXCHANGE = Read("https://{registry}.azurecr.io/oauth2/exchange", _PULL, "POST", _CLOSED)
TOKEN = Read("https://{registry}.azurecr.io/oauth2/token", _PULL, "POST", _CLOSED)
_TAG = Read("https://{registry}.azurecr.io/acr/v1/{image}/_tags/{version}", _PULL, closed=_CLOSED)
_MANIFEST = Read("https://{registry}.azurecr.io/acr/v1/{image}/_manifests/{version}", _PULL, closed=_CLOSED)
_REGISTRIES = Read(
    f"{_SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/registries", "Microsoft.ContainerRegistry/registries/read"
)
_IDENTITIES = Read(
    f"{_SUBSCRIPTION}/resourceGroups/{{group}}/providers/Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.ManagedIdentity/userAssignedIdentities/read",
)
_ASSIGNED = Read(
    f"{_SUBSCRIPTION}/resourceGroups/{{group}}/providers/Microsoft.ContainerRegistry/registries/{{name}}/providers/"
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Authorization/roleAssignments/read",
)
READS = (
    _REGISTRIES,
    _IDENTITIES,
    _ASSIGNED,
    _USAGES,
    _PROVIDERS,
    _LOCATIONS,
    _PERMISSIONS,
    _ON_NETWORK,
    _WORKSPACES,
    DATASTORE,
    VERSION,
    _ONLINE,
    _BATCH,
    _DEPLOYMENT,
    _COMPUTE,
    _RULES,
    _METRICS,
    _BLOBS,
    EXCHANGE,
    TOKEN,
    _TAG,
    _MANIFEST,
)
"""Every address that is ever asked. The two POSTs make a token for the registry, and change nothing in it."""

ML_VERSION = {"api-version": "2025-12-01"}
_PERMISSIONS_VERSION = {"api-version": "2022-04-01"}
_DAYS = timedelta(days=14)
_UNREGISTERED = frozenset({"MissingSubscriptionRegistration", "SubscriptionNotRegistered"})


@dataclass
class Account:
    """A subscription and a region. `token` gives a token for a scope."""

    reader: Reader
    token: Callable[[str], str]
    subscription: str
    region: str

    def pages(self, read: Read, params: Mapping[str, str], **names: str) -> Iterator[Mapping[str, Any]]:
        """Each item of a list, page after page."""
        return self.reader.pages(read, read.at(subscription=self.subscription, **names), "value", params, _next)

    @cached_property
    def usages(self) -> list[Mapping[str, Any]]:
        """The quotas of Azure ML in the region: those of the subscription, not of one workspace."""
        found = self.pages(_USAGES, ML_VERSION, region=self.region)
        return [one for one in found if "/workspaces/" not in str(one.get("id"))]

    @cached_property
    def providers(self) -> frozenset[str]:
        """The resource providers that are registered, in lower case: Azure does not tell case apart."""
        found = self.pages(_PROVIDERS, {"api-version": "2021-04-01"})
        return frozenset(str(one["namespace"]).lower() for one in found if one.get("registrationState") == "Registered")

    def workspace(self, group: str) -> Mapping[str, Any] | None:
        """The workspace of a resource group. Azure's provider chose its name."""
        try:
            return next(self.pages(_WORKSPACES, ML_VERSION, group=group), None)
        except Refusal as refusal:
            if refusal.code in _UNREGISTERED:
                return None
            raise

    def in_workspace(
        self, read: Read, group: str, name: str, params: Mapping[str, str], **more: str
    ) -> Mapping[str, Any] | None:
        """Something of the workspace of a resource group; None where either is not there."""
        workspace = self.workspace(group)
        if workspace is None:
            return None
        names = {"subscription": self.subscription, "group": group, "workspace": str(workspace["name"]), "name": name}
        return self.reader.json(read, read.at(**names, **more), params=params)


def _next(page: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"url": str(page["nextLink"])} if page.get("nextLink") else {}


def open_account(account: str, region: str, reads: Collection[Read] = READS) -> Account:
    """The subscription with the default credential chain. Raises NoCredentials where it gives no token."""
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import DefaultAzureCredential

    logging.getLogger("azure").setLevel(logging.CRITICAL)  # The chain warns of each credential that is not there.
    credential = DefaultAzureCredential()

    def token(scope: str) -> str:
        return credential.get_token(scope).token

    try:
        token(f"{_ARM}/.default")
    except ClientAuthenticationError:
        raise NoCredentials("no Azure credentials: run `az login`") from None
    return account_of(token, account, region, reads=reads)


def account_of(
    token: Callable[[str], str],
    subscription: str,
    region: str,
    transport: httpx.BaseTransport | None = None,
    reads: Collection[Read] = READS,
) -> Account:
    """The subscription, as whoever has these tokens. Each host gets a token of its own scope, and no other."""

    def headers(url: httpx.URL) -> Mapping[str, str]:
        if url.host.endswith(".azurecr.io"):  # its own tokens are given with each call
            return {}
        storage = url.host.endswith(".blob.core.windows.net")
        scope = "https://storage.azure.com/.default" if storage else f"{_ARM}/.default"
        return {"Authorization": f"Bearer {token(scope)}", "x-ms-version": "2025-05-05"}

    return Account(Reader(reads, headers, transport), token, subscription, region)


def _quota(account: Account, look: Look) -> Seen:
    wanted = look.amount or 0
    try:
        limits = [
            int(one["limit"])
            for one in account.usages
            if look.name in (one["name"].get("localizedValue"), one["name"].get("value"))
        ]
    except Refusal as refusal:
        if refusal.code not in _UNREGISTERED:
            raise
        raise Unseen(f"it takes the resource provider {_ML}, which is not registered") from None
    if not limits:
        return not_done(f"{look.name}: Azure Machine Learning knows no such quota in {account.region}")
    says = f"{look.name}: {max(limits)} are granted, {wanted} are needed"
    return done(says) if max(limits) >= wanted else not_done(says)


def _role(account: Account, look: Look) -> Seen:
    """The roles of whoever asks, each with its actions: https://learn.microsoft.com/en-us/rest/api/authorization/permissions"""
    return _holds(look, account.pages(_PERMISSIONS, _PERMISSIONS_VERSION))


def _join(account: Account, look: Look) -> Seen:
    """The roles of whoever asks on a network of others, which may lie in another subscription."""
    network = re.fullmatch(r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/.*/([^/]+)", look.at, re.IGNORECASE)
    if network is None:
        raise Unseen(f"{look.at} is no network's id")
    url = _ON_NETWORK.at(subscription=network[1], group=network[2], name=network[3])
    return _holds(look, account.reader.pages(_ON_NETWORK, url, "value", _PERMISSIONS_VERSION, _next))


def _holds(look: Look, listed: Iterable[Mapping[str, Any]]) -> Seen:
    has = [Role(*(tuple(one.get(key) or ()) for key in ("actions", "notActions"))) for one in listed]
    return held(look, [right for right in look.rights if not any(allows(role, right) for role in has)])


_LETS_IN: Mapping[str, Mapping[str, str]] = {
    "Microsoft.ContainerRegistry/registries/pull/read": {
        "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
        "8311e382-0749-4cb8-b61a-304f252e45ec": "AcrPush",  # which pulls too
    },
    "Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action": {
        "b556d68e-0be0-4f35-a333-ad7ee1ce17ea": "Azure AI Enterprise Network Connection Approver",
        "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    },
}
"""The roles that let an identity in at a registry of others, by the right that it needs there."""


def _let_in(account: Account, look: Look) -> Seen:
    """Whether an identity of the stack has a role on a registry of others with which it pulls images, or approves the
    private endpoint of its network.

    https://learn.microsoft.com/en-us/rest/api/authorization/role-assignments/list-for-scope
    """
    subscription, group, identity = look.at.split("/")
    version = {"api-version": "2023-01-31"}
    made = account.pages(_IDENTITIES, version, group=group)
    principal = next(
        (Properties(one).text_or_empty("properties.principalId") for one in made if _made(one, identity)), ""
    )
    if not principal:
        return not_done(f"there is no identity {identity} in {group} yet")
    url, name = _REGISTRIES.at(subscription=subscription), look.name.removesuffix(".azurecr.io")
    listed = account.reader.pages(_REGISTRIES, url, "value", {"api-version": "2023-07-01"}, _next)
    there = next((str(one["id"]) for one in listed if str(one["name"]).casefold() == name.casefold()), "")
    if not there:
        return not_done(f"there is no registry {name} in the subscription {subscription}")
    url = _ASSIGNED.at(subscription=subscription, group=there.split("/")[4], name=name)
    params = {"api-version": "2022-04-01", "$filter": f"assignedTo('{principal}')"}
    roles = [
        Properties(one).text_or_empty("properties.roleDefinitionId").rpartition("/")[2]
        for one in account.reader.pages(_ASSIGNED, url, "value", params, _next)
    ]
    enough = _LETS_IN["".join(look.rights)]
    if enough.keys() & {*roles}:
        return done(f"{identity} has {' or '.join(enough.values())} on {look.name}")
    return not_done(f"{identity} has neither {' nor '.join(enough.values())} on {look.name}")


def _made(one: Mapping[str, Any], logical: str) -> bool:
    """Azure's provider appends eight hexadecimal digits to the name that the program gives."""
    return re.fullmatch(rf"{re.escape(logical)}[0-9a-f]{{8}}", str(one["name"])) is not None


def _service(account: Account, look: Look) -> Seen:
    registered = look.name.lower() in account.providers
    return done(f"{look.name} is registered") if registered else not_done(f"{look.name} is not registered")


def _region(account: Account, look: Look) -> Seen:
    there = {str(one["name"]) for one in account.pages(_LOCATIONS, {"api-version": "2022-12-01"})}
    has = look.name in there
    return done(f"the subscription has {look.name}") if has else not_done(f"the subscription has no {look.name}")


def _workspace(account: Account, look: Look) -> Seen:
    return _ready(f"the workspace of {look.at}", account.workspace(look.at))


def registry_token(account: Account, registry: str, scope: str) -> str:
    """A registry takes its own tokens: one is exchanged for Azure's, and from that one made for a repository.

    https://azure.github.io/acr/AAD-OAuth.html
    """
    host = f"{registry}.azurecr.io"
    form = {"grant_type": "access_token", "service": host, "access_token": account.token(f"{_ARM}/.default")}
    refresh = account.reader.json(EXCHANGE, EXCHANGE.at(registry=registry), data=form) or {}
    asked = {"grant_type": "refresh_token", "service": host, "scope": scope}
    asked["refresh_token"] = str(refresh.get("refresh_token"))
    return str((account.reader.json(TOKEN, TOKEN.at(registry=registry), data=asked) or {}).get("access_token"))


def _image(account: Account, look: Look) -> Seen:
    """The manifest of a digest, or a tag."""
    host, _, named = look.name.partition("/")
    read, mark = (_MANIFEST, "@") if "@" in named else (_TAG, ":")
    image, _, version = named.rpartition(mark) if mark in named else (named, "", "latest")
    registry = host.removesuffix(".azurecr.io")
    word = registry_token(account, registry, f"repository:{image}:metadata_read")
    headers = {"Authorization": f"Bearer {word}"}
    there = account.reader.json(read, read.at(registry=registry, image=image, version=version), headers=headers)
    return done(f"the image {look.name} is there") if there else not_done(f"there is no image {look.name}")


def _artifact(account: Account, look: Look) -> Seen:
    """The datastore says in which account and container the folder is."""
    at = re.search(r"/resourceGroups/([^/]+)/.*/datastores/([^/]+)/paths/(.+)", look.name)
    if at is None:
        raise Unseen("its address names no resource group and datastore")
    group, datastore, folder = at.groups()
    found = account.in_workspace(DATASTORE, group, datastore, ML_VERSION)
    if found is None:
        return not_done(f"there is no datastore {datastore} in {group} yet")
    where = cast(Mapping[str, str], found["properties"])
    url = _BLOBS.at(account=where["accountName"], container=where["containerName"])
    params = {"restype": "container", "comp": "list", "prefix": f"{folder.rstrip('/')}/", "maxresults": "1"}
    answer = account.reader.ask(_BLOBS, url, params=params)
    there = answer is not None and ElementTree.fromstring(answer.content).find("Blobs/Blob") is not None
    return done(f"files are in {folder}") if there else not_done(f"nothing is in {folder}")


def digest_of(version: Mapping[str, Any]) -> str:
    """The digest that a version of a model, or an approval, was made with; "none" where it has none."""
    said: Mapping[str, Any] = version["properties"].get("properties") or {}
    return str(said.get(DIGEST) or "none")


def _version(account: Account, look: Look, end: str) -> Mapping[str, Any] | None:
    """A version, GROUP/MODEL/NUMBER, or its approval, by the end of the name of the model that has it."""
    group, model, number = look.name.split("/")
    return account.in_workspace(VERSION, group, f"{model}{end}", ML_VERSION, version=number)


def _registered(account: Account, look: Look) -> Seen:
    found = _version(account, look, VERSIONS)
    if found is None:
        return not_done(f"the workspace has no version {look.name}")
    if (digest := digest_of(found)) != look.at:
        return not_done(f"the version {look.name} has the digest {digest}, and {look.at} is named")
    return done(f"the version {look.name} is registered")


def _approved(account: Account, look: Look) -> Seen:
    """An approval that is archived was taken back."""
    found = _version(account, look, APPROVALS)
    if found is None:
        return not_done(f"{look.name}: nobody has decided on it")
    if found["properties"].get("isArchived"):
        return not_done(f"{look.name}: it was rejected")
    if look.at and (digest := digest_of(found)) != look.at:
        return not_done(f"{look.name}: was approved with the digest {digest}, and {look.at} is named")
    return done(f"{look.name} is approved")


def _sign_in(account: Account, look: Look) -> Seen:
    """No API of Azure ML says who opened the studio. Where the person's machine is not there, nobody did."""
    group, _, machine = look.at.partition("/")
    if account.in_workspace(_COMPUTE, group, machine, ML_VERSION) is None:
        return not_done(f"the machine {machine} is not there, so {look.name} has not opened it")
    raise Unseen(f"{machine} is there, and no API of Azure ML says who opened the studio; ask {look.name}")


def _endpoint(account: Account, look: Look) -> Seen:
    found = account.in_workspace(_ONLINE, look.at, look.name, ML_VERSION)
    traffic = cast(Mapping[str, int], ((found or {}).get("properties") or {}).get("traffic") or {})
    seen = _ready(f"the endpoint {look.name}", found)
    if found is not None and not any(traffic.values()):
        return not_done(f"{seen.says}, and no deployment has traffic")
    return seen


def _batch_job(account: Account, look: Look) -> Seen:
    return _ready(f"the batch endpoint {look.name}", account.in_workspace(_BATCH, look.at, look.name, ML_VERSION))


def _call(account: Account, look: Look) -> Seen:
    """Azure Monitor counts an endpoint's requests: RequestsPerMinute.

    https://learn.microsoft.com/en-us/azure/azure-monitor/reference/supported-metrics/microsoft-machinelearningservices-workspaces-onlineendpoints-metrics
    """
    now = datetime.now(UTC)
    params = {
        "api-version": "2023-10-01",
        "metricnames": "RequestsPerMinute",
        "aggregation": "Average",
        "interval": "P1D",
        "timespan": "/".join(moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (now - _DAYS, now)),
    }
    found = account.in_workspace(_METRICS, look.at, look.name, params)
    points = [
        point
        for metric in objects(found, "value")
        for series in objects(metric, "timeseries")
        for point in objects(series, "data")
    ]
    if any((point.get("average") or 0) > 0 for point in points):
        return done(f"{look.name} answered in the last fourteen days")
    return not_done(f"{look.name} gave no answer in the last fourteen days")


def _traffic(account: Account, look: Look) -> Seen:
    found = account.in_workspace(_ONLINE, look.at, look.name, ML_VERSION)
    if found is None:
        return not_done(f"the endpoint {look.name} is not there")
    live, mirrored = (_shares(found, key) for key in ("traffic", "mirrorTraffic"))
    if live == [100] and not mirrored:
        return done(f"one version has all of the traffic of {look.name}")
    copied = f", and {mirrored[0]} % is mirrored" if mirrored else ""
    return not_done(f"the traffic of {look.name} is split into {' and '.join(map(str, live)) or 'nothing'}{copied}")


def _shares(found: Mapping[str, Any], key: str) -> list[int]:
    shares = cast(Mapping[str, int], (found.get("properties") or {}).get(key) or {})
    return sorted(share for share in shares.values() if share)


def _replicas(account: Account, look: Look) -> Seen:
    endpoint, _, deployment = look.name.partition("/")
    found = account.in_workspace(_DEPLOYMENT, look.at, endpoint, ML_VERSION, deployment=deployment)
    if found is None:
        return not_done(f"the deployment {look.name} is not there")
    count = Properties(found).number_or_none("sku.capacity") or 0
    says = f"{look.name} has {count:g} replicas, and {look.amount} at most were judged"
    return done(says) if 0 < count <= (look.amount or 0) else not_done(says)


def _idle_timeout(account: Account, look: Look) -> Seen:
    found = account.in_workspace(_COMPUTE, look.at, look.name, ML_VERSION)
    if found is None:
        return not_done(f"the machine {look.name} is not there")
    minutes = minutes_or_none(Properties(found), "properties.properties.idleTimeBeforeShutdown")
    stops = "never stops by itself" if minutes is None else f"stops after {minutes:g} idle minutes"
    says = f"{look.name} {stops}, and {look.amount} were judged"
    return done(says) if minutes == look.amount else not_done(says)


def _outbound_rules(account: Account, look: Look) -> Seen:
    """Azure's own rules are of other categories than UserDefined."""
    listed = account.in_workspace(_RULES, look.at, "", ML_VERSION)
    if listed is None:
        return not_done(f"the workspace of {look.at} is not there")
    rules = objects(listed, "value")
    own = {str(one["name"]) for one in rules if (one.get("properties") or {}).get("category") == "UserDefined"}
    wanted = set(look.name.split()) - {"none"}
    if own == wanted:
        return done(f"the ways out of the workspace's network are those that were judged: {look.name}")
    parts = [f"{', '.join(sorted(own - wanted))} not judged"] if own - wanted else []
    parts += [f"{', '.join(sorted(wanted - own))} not there"] if wanted - own else []
    return not_done(f"ways out of the workspace's network: {'; '.join(parts)}")


def _ready(what: str, found: Mapping[str, Any] | None) -> Seen:
    if found is None:
        return not_done(f"{what} is not there")
    state = cast(Mapping[str, Any], found.get("properties") or {}).get("provisioningState")
    return done(f"{what} is ready") if state == "Succeeded" else not_done(f"{what} is {state}, not yet Succeeded")


def _way(see: Callable[[Account, Look], Seen], *reads: Read) -> Way:
    return Way(see, tuple(dict.fromkeys(read.right for read in reads)))


LOOKS: Mapping[LookAt, Way] = {
    "quota": _way(_quota, _USAGES),
    "service": _way(_service, _PROVIDERS),
    "region": _way(_region, _LOCATIONS),
    "role": _way(_role, _PERMISSIONS),
    "join": _way(_join, _ON_NETWORK),
    "let in": _way(_let_in, _IDENTITIES, _REGISTRIES, _ASSIGNED),
    "workspace": _way(_workspace, _WORKSPACES),
    "image": _way(_image, EXCHANGE, TOKEN, _TAG),
    "artifact": _way(_artifact, _WORKSPACES, DATASTORE, _BLOBS),
    "registered": _way(_registered, _WORKSPACES, VERSION),
    "approved": _way(_approved, _WORKSPACES, VERSION),
    "batch input": _way(_artifact, _WORKSPACES, DATASTORE, _BLOBS),
    "sign-in": _way(_sign_in, _WORKSPACES, _COMPUTE),
    "endpoint": _way(_endpoint, _WORKSPACES, _ONLINE),
    "batch job": _way(_batch_job, _WORKSPACES, _BATCH),
    "call": _way(_call, _WORKSPACES, _METRICS),
    "traffic": _way(_traffic, _WORKSPACES, _ONLINE),
    "replicas": _way(_replicas, _WORKSPACES, _DEPLOYMENT),
    "idle timeout": _way(_idle_timeout, _WORKSPACES, _COMPUTE),
    "outbound rules": _way(_outbound_rules, _WORKSPACES, _RULES),
}
