"""What every stack on Google Vertex AI stands on. Each part is a function, so that one can be given instead of made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp

from catalogue.landing_zones import GcpNetwork, GcpZone
from components.gcp.agents import ServiceAgents, ServiceAgentsArgs
from components.gcp.audit import Audit, AuditArgs
from components.gcp.encryption import Encryption, EncryptionArgs
from components.gcp.endpoint import Endpoint
from components.gcp.identity import Identity
from components.gcp.monitoring import Alerts, AlertsArgs
from components.gcp.names import label
from components.gcp.network import Network, NetworkArgs
from components.gcp.personas import IdentityArgs, Needs
from components.gcp.registry import Registry, RegistryArgs
from components.shapes import together
from provider import Provider
from stacks.expiry import expiring
from stacks.gcp.names import approvals_of, artifacts_of, images_of, registry_of
from stacks.model import StackConfig
from stacks.sections import landing_zone, models, network, pipelines, registry
from stacks.site import Site, tags_of


@dataclass(frozen=True)
class Ground(Site):
    """What sections read. `agents` are Google's own, by service; `account_emails` are by persona.

    `owns_network` is false in a landing zone's network, in which nothing is made. `channel_id` is where alerts go.
    `project_number` never changes; `billing_account` may. Without a registered version there is no bucket of approvals,
    and without pipelines no metadata store.
    """

    project_number: pulumi.Output[str]
    billing_account: pulumi.Output[str]
    agents: Mapping[str, pulumi.Output[str]]
    data_key_id: pulumi.Output[str]
    network_id: pulumi.Output[str]
    subnet_id: pulumi.Output[str]
    owns_network: bool
    bucket_name: pulumi.Output[str]
    approvals_name: pulumi.Output[str] | None
    metadata_store: pulumi.Output[str] | None
    repository_url: pulumi.Output[str]
    account_emails: Mapping[str, pulumi.Output[str]]
    channel_id: pulumi.Output[str]
    served: dict[str, Endpoint] = field(default_factory=dict[str, Endpoint])
    """The endpoints that are switched on, by their name in the stack file. The endpoints section fills it."""
    boards: list[pulumi.Output[str]] = field(default_factory=list[pulumi.Output[str]])
    """The name of the TensorBoard that runs are recorded to, where there is one. The experiments section fills it."""

    @property
    def outputs(self) -> Mapping[str, object]:
        """The stack outputs of the ground: its identities, and where artifacts and images are kept."""
        return {"roles": self.account_emails, "artifacts": self.bucket_name, "images": self.repository_url}


@dataclass(frozen=True)
class Keys:
    """The keys of everything that rests, made or given. A log bucket that is given has its own."""

    data_key_id: pulumi.Output[str]
    logs_key_id: pulumi.Output[str] | None


def lay(stack: str, config: StackConfig, reach: Iterable[str], needs: Sequence[Needs]) -> Ground:
    """Lay the ground: a network that reaches what the sections must reach, identities that may do what they need."""
    provider = _provider(config)
    opts = pulumi.ResourceOptions(providers=[provider, Provider("mlplatform")])
    site = Site(landing_zone.named(stack, config), config.account, config.region, tags_of(stack, config, label), opts)
    about = pulumi_gcp.organizations.get_project_output(
        project_id=site.account, opts=pulumi.InvokeOutputOptions(provider=provider)
    )
    agents = _agents(site, about.number)
    key = _key(site, config, agents)
    _audit(site, config, key)
    there = _given_network(config)
    network_id, subnet_id = _ids(site, there) if there else _network(site, config, reach)
    kept = _registry(site, config, key)
    return Ground(
        **vars(site),
        project_number=about.number,
        billing_account=about.billing_account,
        agents=agents.members,
        data_key_id=key.data_key_id,
        network_id=network_id,
        subnet_id=subnet_id,
        owns_network=there is None,
        bucket_name=kept.bucket_name,
        approvals_name=kept.decisions_name,
        metadata_store=kept.metadata_store,
        repository_url=kept.repository_url,
        account_emails=_identity(site, together(Needs, needs), kept, agents).account_emails,
        channel_id=_alerts(site, config).channel_id,
    )


def _provider(config: StackConfig) -> pulumi_gcp.Provider:
    """The Budget API refuses a person's credentials unless the project that pays for the calls is named."""
    project = config.account
    return pulumi_gcp.Provider(
        "gcp", project=project, region=config.region, billing_project=project, user_project_override=True
    )


def _agents(site: Site, project_number: pulumi.Output[str]) -> ServiceAgents:
    return ServiceAgents(
        f"{site.stack}-agents",
        ServiceAgentsArgs(project=site.account, project_number=project_number),
        opts=site.opts,
    )


def _zone(config: StackConfig) -> GcpZone | None:
    zone = landing_zone.given(config)
    return zone if isinstance(zone, GcpZone) else None


def _key(site: Site, config: StackConfig, agents: ServiceAgents) -> Keys:
    zone = _zone(config)
    if zone is not None and zone.keys is not None:
        data, logs = zone.keys.data, zone.keys.logs
        return Keys(pulumi.Output.from_input(data), pulumi.Output.from_input(logs) if logs else None)
    made = Encryption(
        f"{site.stack}-key",
        EncryptionArgs(project=site.account, region=site.region, agents=agents.members, tags=site.tags),
        opts=site.opts,
    )
    return Keys(made.data_key_id, made.logs_key_id)


def _audit(site: Site, config: StackConfig, key: Keys) -> None:
    """Make the audit, where no trail is given that has it all."""
    zone = _zone(config)
    if zone is not None and zone.trail is not None:
        return
    Audit(
        f"{site.stack}-audit",
        AuditArgs(
            project=site.account,
            region=site.region,
            given_bucket_id=zone.logs if zone else None,
            bucket_id=f"{site.stack}-audit",
            logs_key_id=None if zone and zone.logs else key.logs_key_id,
            locked=config.environment == "prod",  # a pilot must be able to end, and a lock is for ever
        ),
        opts=site.opts,
    )


def _given_network(config: StackConfig) -> GcpNetwork | None:
    zone = _zone(config)
    return zone.network if zone else None


def _ids(site: Site, there: GcpNetwork) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    return pulumi.Output.from_input(there.network_id), pulumi.Output.from_input(there.subnet_id(site.region))


def _network(site: Site, config: StackConfig, reach: Iterable[str]) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    net = Network(
        f"{site.stack}-network",
        NetworkArgs(
            project=site.account, region=site.region, cidr=network.of(config).cidr, reach=sorted(reach), tags=site.tags
        ),
        opts=site.opts,
    )
    return net.network_id, net.subnet_id


def _registry(site: Site, config: StackConfig, key: Keys) -> Registry:
    return Registry(
        registry_of(site.stack),
        RegistryArgs(
            project=site.account,
            region=site.region,
            bucket_name=artifacts_of(site.stack, site.account),
            expire_below=expiring(config, f"gs://{artifacts_of(site.stack, site.account)}/"),
            approvals_name=approvals_of(site.stack, site.account) if models.registered(config) else None,
            readers=registry.publishers(config),
            keeps_runs=bool(pipelines.of(config)),
            data_key_id=key.data_key_id,
            tags=site.tags,
        ),
        opts=site.opts,
    )


def _identity(site: Site, needs: Needs, kept: Registry, agents: ServiceAgents) -> Identity:
    return Identity(
        f"{site.stack}-identity",
        IdentityArgs(
            prefix=site.stack,
            project=site.account,
            region=site.region,
            needs=needs,
            own_bucket=artifacts_of(site.stack, site.account),
            bucket_name=kept.bucket_name,
            own_approvals=approvals_of(site.stack, site.account),
            approvals_name=kept.decisions_name,
            own_images=images_of(site.stack, site.account, site.region),
            repository_id=kept.repository_id,
            vertex_agent=agents.members["aiplatform"],
        ),
        opts=site.opts,
    )


def _alerts(site: Site, config: StackConfig) -> Alerts:
    return Alerts(
        f"{site.stack}-alerts", AlertsArgs(project=site.account, owner=config.owner, tags=site.tags), opts=site.opts
    )
