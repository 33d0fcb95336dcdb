"""The manual steps on Vertex AI, in the words of the gcloud CLI: https://docs.cloud.google.com/sdk/gcloud/reference/

`services enable`, `beta services identity create`, `beta quotas preferences create`, `beta quotas info list`, `auth
configure-docker`, `artifacts docker images describe`, `artifacts repositories create`, `storage cp`, `storage buckets
create`, `billing accounts add-iam-policy-binding`, `workbench instances describe` and `ai endpoints list` stand
there.
"""

from collections.abc import Iterator, Sequence
from shlex import quote

from catalogue import registered
from catalogue.graph import Graph
from catalogue.kind import Keys, Kind
from catalogue.kinds import kind_of
from catalogue.kinds.gcp import WORKFLOW, artifactregistry, billing, logging, storage, vertex, workbench
from catalogue.kinds.gcp.mlplatform import APPROVED_VERSION, MODEL
from catalogue.landing_zones import GcpNetwork, GcpZone
from catalogue.placement import Source
from catalogue.properties import Properties
from catalogue.registered import Registered
from catalogue.registries import is_own
from catalogue.services import services_of
from catalogue.versions import RECORD
from operations import facts
from operations.steps import LetIn, called_from, first, named_anew, outputs, registering, roles
from operations.verdict import Look, ManualStep
from policies import given
from policies.rule import callers, named_places

STORES = ", from wherever you stand"
"""The stack keeps images and artifacts behind identities, and closes neither to the internet."""

ADMINISTRATOR = "administrator of the project"

FEEDER = "whoever keeps the data"
"""As a rule the data lies in a bucket that the stack does not make, and no persona writes there."""

_BY_HAND = ("cloudquotas.googleapis.com", "iamcredentials.googleapis.com")
"""No resource is of them. The step that asks for the quotas calls the first; `doctor` says there where it is off. By
the second a person acts as publisher, caller or approver. Cloud Quotas, "Set up the Cloud Quotas API",
https://cloud.google.com/docs/quotas/development-environment; "Use service account impersonation", enable APIs,
https://cloud.google.com/docs/authentication/use-service-account-impersonation
"""
AT_ONCE = 20
"""Services that one call may enable: with more of them it fails, and none is enabled. Service Usage, "Method:
services.batchEnable", https://cloud.google.com/service-usage/docs/reference/rest/v1/services/batchEnable
"""


def role(name: str, account: str) -> tuple[str, str]:
    """Owner can be given to nobody outside the organization by command: IAM, "Understanding roles"."""
    shown = "--flatten='bindings[].members' --filter=bindings.members:user:DEPLOYER --format='value(bindings.role)'"
    return (
        f"gcloud projects add-iam-policy-binding {account} --member=user:DEPLOYER --role={name} --condition=None",
        f"gcloud projects get-iam-policy {account} {shown}",
    )


def quota(name: str, amount: int, account: str, region: str) -> tuple[str, str]:
    """Cloud Quotas knows a quota by its id; the catalogue has its metric, which begins with the service."""
    at = f"--service={name.partition('/')[0]} --project={account}"
    named = quote(f"metric={name}")
    id_ = f"\"$(gcloud beta quotas info list {at} --filter={named} --format='value(quotaId)')\""
    return (
        f"gcloud beta quotas preferences create {at} --quota-id={id_} --preferred-value={amount} "
        f"--dimensions=region={region}",
        f"gcloud beta quotas info describe {id_} {at}",
    )


def before_up(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """A new project has its APIs off, and no role in the project allows a budget on its billing account."""
    kinds = [kind for kind in map(kind_of, {resource.type for resource in graph.cloud}) if kind is not None]
    apis = services_of(resource.type for resource in graph.cloud)
    if apis:
        enabled = [*apis, *_BY_HAND]
        there, granted_to = list(_there_before(graph, account)), _agents_of(graph, kinds, account)
        yield ManualStep(
            what=f"enable the project's APIs ({', '.join(api.partition('.')[0] for api in enabled)})"
            + (f", and make what is missing of {', '.join(name for name, _, _ in there)}" if there else "")
            + (", and Google's agents, to which others are about to grant" if granted_to else ""),
            who="deployer",
            commands=[
                *(f"gcloud services enable {' '.join(some)} --project={account}" for some in _batches(enabled)),
                *(f"{check} || {make}" for _, check, make in there),
                *granted_to,
            ],
            checks=[
                f"gcloud services list --enabled --project={account} --format='value(config.name)'",
                *(check for _, check, _ in there),
            ],
            looks=[
                *(Look(what="service", name=api) for api in apis),
                *(Look(what="bucket", name=name.removeprefix("gs://")) for name, _, _ in there if "gs://" in name),
            ],
        )
    yield from _shared_network(graph, account, region)
    for bucket in graph.of(logging.LOG_BUCKET):
        if bucket.props.flag_or_none("locked") is True:
            id_, place = (bucket.props.text_if_known(key) for key in ("bucketId", "location"))
            days = bucket.props.number_or_none("retentionDays") or 30
            yield ManualStep(
                what=f"confirm that the log bucket {id_} may stay: it is locked, so that nobody can delete it, nor the "
                f"project, before its last entry is {days:g} days old",
                who="security",
                commands=[],
                checks=[f"gcloud logging buckets describe {id_} --location={place} --project={account}"],
            )
    if graph.of(billing.BUDGET):
        role = "--member=user:DEPLOYER --role=roles/billing.costsManager"
        yield ManualStep(
            what="let the deployer make budgets on the billing account (roles/billing.costsManager)",
            who="administrator of the billing account",
            commands=[f"gcloud billing accounts add-iam-policy-binding BILLING_ACCOUNT {role}"],
            checks=["gcloud billing accounts get-iam-policy BILLING_ACCOUNT"],
            looks=roles(graph, "billing account"),
        )
    yield from _kept_by_others(graph, kinds)


def _shared_network(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """Nobody of a project may use the subnet of a Shared VPC before the host project lets them. Source: VPC, "Provision
    Shared VPC", https://cloud.google.com/vpc/docs/provisioning-shared-vpc
    """
    for net in given.of(graph, GcpNetwork):
        if net.project != account:
            people = bool(graph.of(workbench.INSTANCE))
            agents = " and the project's agents cloudservices and gcp-sa-notebooks" if people else ""
            at = f"{net.subnetwork} --region={region} --project={net.project}"
            yield ManualStep(
                what=f"let the deployer{agents} use the subnet {net.subnetwork} of {net.project} "
                "(roles/compute.networkUser)",
                who=f"administrator of the project {net.project}",
                commands=[
                    f"gcloud compute networks subnets add-iam-policy-binding {at} --member={member} "
                    "--role=roles/compute.networkUser"
                    for member in ("user:DEPLOYER", *(_AGENTS if people else ()))
                ],
                checks=[f"gcloud compute networks subnets get-iam-policy {at}"],
                looks=[
                    Look(
                        what="right",
                        name="compute.subnetworks.use",
                        at=f"projects/{net.project}/regions/{region}/subnetworks/{net.subnetwork}",
                    )
                ],
            )


def _agents_of(graph: Graph, kinds: Sequence[Kind], account: str) -> list[str]:
    """What makes those of Google's agents to which whoever keeps keys or a network grants before `up`: a grant to one
    that is not there is refused. IAM, "Create and grant roles to service agents",
    https://docs.cloud.google.com/iam/docs/create-service-agents. Each service's page on keys says how its own is asked
    for, such as https://docs.cloud.google.com/storage/docs/encryption/using-customer-managed-keys.
    """
    zone, people = given.zone(graph), bool(graph.of(workbench.INSTANCE))
    found = {user for kind in kinds for user in _users(kind)} if isinstance(zone, GcpZone) and zone.keys else set[str]()
    if people and any(net.project != account for net in given.of(graph, GcpNetwork)):
        found.add("gcp-sa-notebooks")
    return [
        said.format(service=user.removeprefix("gcp-sa-"), project=account)
        for user in sorted(found)
        if (said := _asks(user))
    ]


def _users(kind: Kind) -> set[str]:
    """The agents that use a key for a kind."""
    return {user for place in kind.keys.at for user in place.users} if isinstance(kind.keys, Keys) else set()


def _asks(user: str) -> str:
    """The command after which an agent is there; none for Compute Engine's, which its API makes."""
    own = {
        "bigquery-encryption": "bq show --encryption_service_account --project_id={project}",
        "compute-system": "",
        "gcp-sa-logging": "gcloud logging settings describe --project={project}",
        "gs-project-accounts": "gcloud storage service-agent --project={project}",
    }
    return own.get(user, "gcloud beta services identity create --service={service}.googleapis.com --project={project}")


def _batches(apis: Sequence[str]) -> Iterator[Sequence[str]]:
    return (apis[at : at + AT_ONCE] for at in range(0, len(apis), AT_ONCE))


def _there_before(graph: Graph, account: str) -> Iterator[tuple[str, str, str]]:
    """What the stack grants on and does not make: its name, the command that shows it, and the one that makes it.

    A grant on a bucket or a repository that is not there is refused with 404. Those of others are named under
    `sources`, and are for others to make. A bucket whose policy has conditions must have uniform access:
    https://cloud.google.com/storage/docs/access-control/iam#conditions
    """
    others = named_places(graph)
    made = {bucket.props.text_if_known("name") for bucket in graph.of(storage.BUCKET)}
    granted = {grant.props.text_if_known("bucket") for grant in graph.of(storage.BUCKET_MEMBER)}
    for bucket in sorted(granted - made - {""} - {place.removeprefix("gs://") for place in others}):
        at = next(iter(graph.of(storage.BUCKET)), None)
        place = at.props.text_if_known("location") if at else ""
        flags = f"--project={account} --location={place} --uniform-bucket-level-access --public-access-prevention"
        show = f"gcloud storage buckets describe gs://{bucket} --format='value(name)'"
        yield f"gs://{bucket}", show, f"gcloud storage buckets create gs://{bucket} {flags}"
    own = {one.props.text_if_known("repositoryId") for one in graph.of(artifactregistry.REPOSITORY)}
    asked = {
        tuple(grant.props.text_if_known(key) for key in ("project", "location", "repository"))
        for grant in graph.of(artifactregistry.REPOSITORY_MEMBER)
    }
    for project, location, repository in sorted(asked):
        if project == account and repository and repository not in own:
            at = f"{repository} --project={project} --location={location}"
            show = f"gcloud artifacts repositories describe {at} --format='value(name)'"
            yield (
                f"{location}-docker.pkg.dev/{project}/{repository}",
                show,
                f"gcloud artifacts repositories create {at} --repository-format=docker",
            )


def _kept_by_others(graph: Graph, kinds: Sequence[Kind]) -> Iterator[ManualStep]:
    """What whoever keeps the keys, the log store and the sink of a landing zone must let the stack do."""
    zone = given.zone(graph)
    if not isinstance(zone, GcpZone):
        return
    said = list(_of_landing_zone(zone, kinds))
    if said:
        yield ManualStep(
            what="; ".join(what for what, _ in said),
            who=zone.owner,
            checks=[check for _, each in said for check in each],
        )


def _of_landing_zone(zone: GcpZone, kinds: Sequence[Kind]) -> Iterator[tuple[str, Sequence[str]]]:
    if zone.keys is not None:
        users = {user for kind in kinds for user in _users(kind)}
        yield (
            f"grant roles/cloudkms.cryptoKeyEncrypterDecrypter on {zone.keys.data} to the project's agents "
            f"({', '.join(sorted(users - {_LOGGING}))})"
            + (f", and on {zone.keys.logs} to {_LOGGING}" if zone.keys.logs else ""),
            [f"gcloud kms keys get-iam-policy {key}" for key in (zone.keys.data, zone.keys.logs) if key],
        )
    if zone.logs is not None and zone.logs.split("/")[1] != zone.account:
        yield (
            f"grant the sink's writer roles/logging.bucketWriter on {zone.logs}",
            [f"gcloud projects get-iam-policy {zone.logs.split('/')[1]}"],
        )
    if zone.trail is not None:
        above, id_, _, sink = zone.trail.split("/")
        yield (
            f"see that {zone.trail} takes the project's data access, flow and DNS logs",
            [f"gcloud logging sinks describe {sink} --{above.removesuffix('s')}={id_}"],
        )


_LOGGING = "gcp-sa-logging"
_AGENTS = (
    "serviceAccount:PROJECT_NUMBER@cloudservices.gserviceaccount.com",
    "serviceAccount:service-PROJECT_NUMBER@gcp-sa-notebooks.iam.gserviceaccount.com",
)


LETS_IN_WHO_STANDS = False
"""The stack lets its identities in itself; whoever deploys it stands before."""

_THEMSELVES = (
    "the stack does it, once whoever deploys may set the policy there; that right has no last day, so take it back by "
    "remove-iam-policy-binding once the stack stands, and give it again before an `up`, a refresh or a destroy"
)


def source(graph: Graph, source: Source, account: str, region: str) -> Iterator[LetIn]:
    """The stack's own grants stand on the buckets and repositories of others, so whoever deploys sets their policies.

    The narrowest roles that may: https://cloud.google.com/storage/docs/access-control/iam-roles and
    https://cloud.google.com/artifact-registry/docs/access-control
    """
    member = "--member=user:DEPLOYER"
    for bucket in sorted({one.props.text_if_known("bucket") for one in graph.of(storage.BUCKET_MEMBER)}):
        if source.place == f"gs://{bucket}":
            at = f"gcloud storage buckets {{}} {source.place}"
            give = f"{at.format('add-iam-policy-binding')} {member} --role=roles/storage.legacyBucketOwner"
            look = Look(what="let in", name=source.place, rights=["storage.buckets.setIamPolicy"])
            yield LetIn(_THEMSELVES, give, at.format("get-iam-policy"), look)
    keys = ("location", "project", "repository")
    for location, project, name in sorted(
        {tuple(one.props.text_if_known(key) for key in keys) for one in graph.of(artifactregistry.REPOSITORY_MEMBER)}
    ):
        there = f"{location}-docker.pkg.dev/{project}/{name}"
        if f"{there}/".startswith(f"{source.place}/"):
            at = f"gcloud artifacts repositories {{}} {name} --location={location} --project={project}"
            give = f"{at.format('add-iam-policy-binding')} {member} --role=roles/artifactregistry.admin"
            look = Look(what="let in", name=there, rights=["artifactregistry.repositories.setIamPolicy"])
            yield LetIn(_THEMSELVES, give, at.format("get-iam-policy"), look)


def push(image: str, account: str, region: str) -> tuple[str, str] | None:
    """Docker asks gcloud for a token of the registry's host."""
    host = image.partition("/")[0]
    if not is_own("gcp", image, account):
        return None
    return (
        f"gcloud auth configure-docker {host} --quiet && docker push {quote(image)}",
        f"gcloud artifacts docker images describe {quote(image)}",
    )


def upload(uri: str, stack: str, folder: str = "") -> tuple[str, str]:
    """An artifact is a folder."""
    return f"gcloud storage cp --recursive {folder}model/* {quote(uri)}", f"gcloud storage ls {quote(uri)}"


def feed(uri: str, stack: str, folder: str = "data") -> tuple[str, str]:
    """A job takes one file of JSON lines, or all in a folder."""
    data = f"{folder}/*" if uri.endswith("/") else "data.jsonl"
    return f"gcloud storage cp {data} {quote(uri)}", f"gcloud storage ls {quote(uri)}"


def versions(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """What the publisher uploads is registered with it; the approver's word on it is an object that none replaces.

    The commands are ours: they hold the files against the record, and say the digest that the approver approves.
    """
    asked = [one.props for model in graph.of(MODEL) for one in graph.depends(model) if one.type == APPROVED_VERSION]
    named = {_version(one): one.text_or_empty("digest") for one in asked}
    if not named:
        return
    versions = [Registered(name, int(number)) for name, number in (one.split("/")[-2:] for one in sorted(named))]
    called = [str(one) for one in versions]
    folders = {
        at: uri.removesuffix("artifact/") for uri in sorted(facts.artifacts(graph)) if (at := registered.at(uri))
    }
    yield registering(
        graph,
        STORES,
        versions,
        checks=[f"gcloud storage cat {quote(folder)}{RECORD} | sha256sum" for folder in folders.values()],
        looks=[
            Look(what="registered", name=folders[one], at=digest)
            for one, (_, digest) in zip(versions, sorted(named.items()), strict=True)
            if one in folders
        ],
    )
    yield ManualStep(
        what=f"decide on the versions that are served: `pulumi up` fails until they are approved ({first(called)})",
        who="approver",
        commands=[
            *(f"uv run mlplatform approve {graph.stack} {one} --because WHY --yes" for one in called),
            *named_anew(graph, versions),
        ],
        checks=[f"gcloud storage cat {one}/approved.json" for one in sorted(named)],
        looks=[Look(what="approved", name=one, at=digest) for one, digest in sorted(named.items())],
    )


def _version(asked: Properties) -> str:
    """The address of what is decided on the version that a preflight asks for."""
    version = Registered(asked.text_or_empty("model"), round(asked.number_or_none("version") or 0))
    return f"gs://{asked.text_or_empty('bucket')}/{version.decisions}"


def ground(graph: Graph) -> Iterator[Look]:
    """The buckets."""
    for bucket in graph.of(storage.BUCKET):
        if name := bucket.props.text_if_known("name"):
            yield Look(what="bucket", name=name)


def after_ground(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """Nothing that others do is due before what serves stands."""
    return iter(())


def serving(graph: Graph) -> Iterator[Look]:
    """The endpoints, and the workflows that score in batch."""
    for served in graph.of(vertex.ENDPOINT):
        yield Look(what="endpoint", name=served.props.text_if_known("displayName") or served.name)
    for job in graph.of(WORKFLOW):
        yield Look(what="batch job", name=job.props.text_if_known("name") or job.name)


def standing(graph: Graph) -> Iterator[Look]:
    """Who gets the traffic of an endpoint, and when the machine of a person stops."""
    for served in graph.of(vertex.ENDPOINT):
        yield Look(what="traffic", name=served.props.text_if_known("displayName") or served.name)
    for instance in graph.of(workbench.INSTANCE):
        name, zone = (instance.props.text_if_known(key) for key in ("name", "location"))
        seconds = instance.props.section_or_empty("gceSetup.metadata").number_or_none("idle-timeout-seconds")
        if seconds is not None:
            yield Look(what="idle timeout", name=name or instance.name, at=zone, amount=round(seconds / 60))


def sign_in(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """JupyterLab opens at an address of Google's proxy, for the owner of the instance. No API says who opened it:
    https://cloud.google.com/vertex-ai/docs/workbench/instances/manage-access-jupyterlab
    """
    for instance in graph.of(workbench.INSTANCE)[:1]:
        name, zone = (instance.props.text_if_known(key) for key in ("name", "location"))
        owner = next(iter(instance.props.each_text_if_known("instanceOwners")), "")
        described = f"gcloud workbench instances describe {name or instance.name} --project={account} --location={zone}"
        yield ManualStep(
            what=f"sign in to Workbench once as {owner or 'its owner'}: open the address that the command prints in a "
            "browser",
            who="data-scientist",
            commands=[f"{described} --format='value(proxyUri)'"],
            checks=[f"{described} --format='value(state)'"],
            looks=[Look(what="sign-in", name=owner or instance.name, at=f"{zone}/{name or instance.name}")],
        )


def after_up(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """An e-mail channel needs no confirmation. Somebody inside the network must make the first call.

    An endpoint behind Private Service Connect answers at its address and not through the API, with a certificate that
    no authority signed, made out to names of a domain of its own. A caller's project makes an address first.
    Source: Vertex AI, "Use dedicated private endpoints based on Private Service Connect for online inference",
    https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect
    """
    for served in graph.of(vertex.ENDPOINT)[:1]:
        name = served.props.text_if_known("displayName") or served.name
        at = f"--project={account} --region={region}"
        there = ", or callers for who comes from elsewhere, has" if callers(graph) else " has"
        url = f"https://{name}.{vertex.NAMES}/v1/projects/{account}/locations/{region}/endpoints/ENDPOINT_ID:predict"
        yield ManualStep(
            what=f"call {name} {called_from(graph, 'Workbench', _WAYS)}; the output calls{there} certificate and URL",
            who="caller",
            commands=[
                *outputs(graph),
                f"pulumi stack output calls --json --stack {quote(graph.stack)}",
                f"curl --cacert vertex.crt --json @request.json {url}",
            ],
            checks=[f"gcloud ai endpoints list --filter={quote(f'displayName={name}')} {at}"],
            looks=[Look(what="call", name=served.props.text_if_known("displayName") or served.name)],
        )


_WAYS = {
    True: "from {network} ({cidr}), which shares the stack's network",
    False: "by an address of its own in project {account}",
}
"""How a caller comes: in the landing zone's Shared VPC, or from another network."""
