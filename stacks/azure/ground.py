"""What every stack on Azure Machine Learning stands on. Each part is a function, so that one can be given, not made.

Models, endpoints and jobs are parts of an ML workspace on Azure, so the ground of every stack has one. The file of the
workspace section says what stands in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native
from pulumi_azure_native import authorization

from catalogue.hardware import catalogue
from catalogue.landing_zones import AzureNetwork, AzureZone
from components.azure import encryption, store
from components.azure.audit import Audit, AuditArgs
from components.azure.callers import NAMES
from components.azure.encryption import Encryption, EncryptionArgs, GivenKeyArgs
from components.azure.group import Group, GroupArgs
from components.azure.identity import Access, AccessArgs, GateArgs, Identity, IdentityArgs
from components.azure.monitoring import Alerts, AlertsArgs
from components.azure.names import regional, worldwide
from components.azure.network import GivenNetworkArgs, Network, NetworkArgs
from components.azure.outbound import Outbound, OutboundArgs
from components.azure.people import People, PeopleArgs
from components.azure.personas import Needs
from components.azure.registry import RegisteredModelArgs
from components.azure.store import Store, StoreArgs
from components.azure.workspace import Workspace
from components.shapes import together
from provider import Provider
from stacks.azure import workspace
from stacks.model import StackConfig
from stacks.sections import batch_jobs, endpoints, landing_zone, models, network, registry, sources, training
from stacks.sections import workspace as asked_workspace
from stacks.site import Site, tags_of

REACH = {*encryption.REACH, *store.REACH, *workspace.REACH}
"""What the ground itself must reach."""


@dataclass(frozen=True)
class Ground(Site):
    """What sections read. `identity_ids` and `client_ids` are by persona.

    `group_name` and `group_id` are the resource group's. `storage_id` and `storage_name` are those of the account with
    the artifacts.
    `log_workspace_id` is where logs go, `action_group_id` where alarms go, `tracking_uri` where runs are recorded.

    `virtual_network_id` and `names_zone_id` are of the network and of the zone of endpoints' names, each where the
    stack makes it. `served` are the ids of endpoints that are switched on, by their name in the stack file. The
    endpoints section fills it.

    `models` are the registered models by their name in the stack file. The models section fills it. The sections that
    serve a model stand on that one, so they find each model there.
    """

    group_name: pulumi.Output[str]
    group_id: pulumi.Output[str]
    workspace_id: pulumi.Output[str]
    workspace_name: pulumi.Output[str]
    tracking_uri: pulumi.Output[str]
    storage_id: pulumi.Output[str]
    storage_name: pulumi.Output[str]
    container_id: pulumi.Output[str]
    login_server: pulumi.Output[str]
    identity_ids: Mapping[str, pulumi.Output[str]]
    client_ids: Mapping[str, pulumi.Output[str]]
    log_workspace_id: pulumi.Output[str]
    action_group_id: pulumi.Output[str]
    virtual_network_id: pulumi.Output[str] | None
    names_zone_id: pulumi.Output[str] | None
    models: dict[str, RegisteredModelArgs] = field(default_factory=dict[str, RegisteredModelArgs])
    served: dict[str, pulumi.Output[str]] = field(default_factory=dict[str, pulumi.Output[str]])

    @property
    def outputs(self) -> Mapping[str, object]:
        """The stack outputs of the ground: its identities, and where artifacts and images are kept."""
        return {"roles": self.identity_ids, "artifacts": self.container_id, "images": self.login_server}


def lay(stack: str, config: StackConfig, reach: Iterable[str], needs: Sequence[Needs]) -> Ground:
    """Lay the ground: a network that reaches what the sections must reach, identities that may do what they need."""
    provider = pulumi_azure_native.Provider("azure", subscription_id=config.account, location=config.region)
    opts = pulumi.ResourceOptions(providers=[provider, Provider("mlplatform")])
    site = Site(landing_zone.named(stack, config), config.account, config.region, tags_of(stack, config), opts)
    # The directory that the subscription belongs to, whoever deploys: a login of another one cannot.
    tenant_id = authorization.get_client_config_output(opts=pulumi.InvokeOutputOptions(provider=provider)).tenant_id
    people = dict(together(Needs, needs).people)
    group = _group(site)
    audit = _audit(site, config, group)
    net = _network(site, config, group, reach)
    _people(site, config, group, net)
    key = _key(site, config, group, audit, net, tenant_id)
    kept = _store(site, group, audit, net, key)
    identity = _identity(site, config, group, audit, key, kept)
    alerts = _alerts(site, config, group)
    studio = workspace.made(
        site,
        config,
        people=people,
        tenant_id=tenant_id,
        group=group,
        audit=audit,
        net=net,
        key=key,
        given_key=_given_key(config),
        kept=kept,
        identity=identity,
        capture_days={endpoint_name(site, name): days for name, days in endpoints.capturing(config).items()},
    )
    outbound = _outbound(site, config, group, kept, studio)
    access = _access(site, config, people, group, kept, identity, studio)
    return Ground(
        **vars(site),
        group_name=group.group_name,
        group_id=group.group_id,
        workspace_id=studio.workspace_id,
        workspace_name=studio.workspace_name,
        tracking_uri=studio.tracking_uri,
        storage_id=kept.storage_id,
        storage_name=kept.storage_name,
        container_id=kept.container_id,
        login_server=kept.login_server,
        identity_ids={who: _once_reached(id_, outbound) for who, id_ in access.identity_ids.items()},
        client_ids=identity.client_ids,
        log_workspace_id=audit.log_workspace_id,
        action_group_id=alerts.action_group_id,
        virtual_network_id=None if _given_network(config) else net.virtual_network_id,
        names_zone_id=_names_zone(config, net, {*REACH, *reach}),
    )


def endpoint_name(site: Site, name: str) -> str:
    """What an endpoint of the stack file is called in Azure. The storage's lifecycle names it before it stands."""
    return regional(name, site.account, site.stack, "online")


def registry_of(site: Site) -> str:
    """What the registry of images is called in Azure. The images of registered versions are named by it."""
    return worldwide(site.stack, site.account, "images")


def _outbound(site: Site, config: StackConfig, group: Group, kept: Store, studio: Workspace) -> Outbound | None:
    """The ways out of the managed network: for runs of batch jobs, and to registries of others.

    Those wait for the phase `serve`, for their owners let in the workspace's identity, which the ground makes.
    """
    batch = any(job.enabled for job in batch_jobs.of(config).values())
    registries = _registries(config) if config.phase == "serve" else dict[str, str]()
    if not batch and not registries:
        return None
    return Outbound(
        f"{site.stack}-outbound",
        OutboundArgs(
            group_name=group.group_name,
            workspace_name=studio.workspace_name,
            storage_id=kept.storage_id if batch else None,
            registry_ids=registries,
        ),
        opts=site.opts,
    )


def _registries(config: StackConfig) -> Mapping[str, str]:
    """The ids of the registries of others whose images something runs that is switched on, by the registries' names."""
    items = (*endpoints.online(config).values(), *batch_jobs.of(config).values())
    running = {item.model for item in items if item.enabled}
    images = [model.image for name, model in models.served(config) if name in running]
    images += [job.image for job in training.of(config).values() if job.enabled]
    hosts = {image.partition("/")[0] for image in images}
    named = {host: source.registry_id for host, source in sources.of(config).items() if host in hosts}
    return {host.partition(".")[0]: id_ for host, id_ in named.items() if id_ is not None}


def _once_reached(id_: pulumi.Output[str], outbound: Outbound | None) -> pulumi.Output[str]:
    """The id of an identity, which whatever runs as it knows once its machines have the ways out that they need."""
    return id_ if outbound is None else pulumi.Output.all(id_, outbound.rule_ids).apply(lambda both: str(both[0]))


def _group(site: Site) -> Group:
    return Group(
        f"{site.stack}-group", GroupArgs(group_name=site.stack, region=site.region, tags=site.tags), opts=site.opts
    )


def _zone(config: StackConfig) -> AzureZone | None:
    zone = landing_zone.given(config)
    return zone if isinstance(zone, AzureZone) else None


def _audit(site: Site, config: StackConfig, group: Group) -> Audit:
    zone = _zone(config)
    return Audit(
        f"{site.stack}-audit",
        AuditArgs(
            group_name=group.group_name,
            region=site.region,
            given_log_workspace_id=zone.logs if zone else None,
            tags=site.tags,
        ),
        opts=site.opts,
    )


def _given_network(config: StackConfig) -> AzureNetwork | None:
    zone = _zone(config)
    return zone.network if zone else None


def _names_zone(config: StackConfig, net: Network, reach: Iterable[str]) -> pulumi.Output[str] | None:
    """The zone of endpoints' names, where the stack makes it."""
    there = _given_network(config)
    made = "amlworkspace" in reach and not (there and NAMES in there.private_dns_zones)
    return net.zone_ids[NAMES] if made else None


def _network(site: Site, config: StackConfig, group: Group, reach: Iterable[str]) -> Network:
    there = _given_network(config)
    given = there and GivenNetworkArgs(
        virtual_network_id=there.virtual_network_id, subnet_id=there.subnet_id, zone_ids=there.private_dns_zones
    )
    return Network(
        f"{site.stack}-network",
        NetworkArgs(
            group_name=group.group_name,
            region=site.region,
            given=given,
            cidr=None if given else network.of(config).cidr,
            reach=sorted({*REACH, *reach}),
            tags=site.tags,
        ),
        opts=site.opts,
    )


def _people(site: Site, config: StackConfig, group: Group, net: Network) -> None:
    """The way in of people, where the stack file says from where they come. A landing zone's network is its owner's to
    join, and so are its zones."""
    there, networks = _given_network(config), asked_workspace.networks_of(config)
    zones = {name: id_ for name, id_ in net.zone_ids.items() if there is None or name not in there.private_dns_zones}
    if networks and (zones or there is None):
        People(
            f"{site.stack}-people",
            PeopleArgs(
                group_name=group.group_name,
                virtual_network_id=None if there else net.virtual_network_id,
                zone_ids=zones,
                network_ids=networks,
                tags=site.tags,
            ),
            opts=site.opts,
        )


def _given_key(config: StackConfig) -> GivenKeyArgs | None:
    zone = _zone(config)
    if zone is None or zone.keys is None:
        return None
    vault, _, name_and_version = zone.keys.data.partition("keys/")
    name, _, version = name_and_version.partition("/")
    return GivenKeyArgs(
        vault_id=zone.keys.vault_id,
        vault_uri=vault,
        name=name,
        version=version,
        identity_id=zone.keys.identity_id,
        identity_client_id=zone.keys.identity_client_id,
    )


def _key(
    site: Site, config: StackConfig, group: Group, audit: Audit, net: Network, tenant_id: pulumi.Output[str]
) -> Encryption:
    return Encryption(
        f"{site.stack}-key",
        EncryptionArgs(
            subscription=site.account,
            group_name=group.group_name,
            region=site.region,
            tenant_id=tenant_id,
            subnet_id=net.subnet_id,
            zone_ids=net.zone_ids,
            log_workspace_id=audit.log_workspace_id,
            given=_given_key(config),
            tags=site.tags,
        ),
        opts=site.opts,
    )


def _store(site: Site, group: Group, audit: Audit, net: Network, key: Encryption) -> Store:
    return Store(
        f"{site.stack}-store",
        StoreArgs(
            group_name=group.group_name,
            region=site.region,
            zones=site.region not in catalogue.load("azure").regions_without_zones,
            vault_uri=key.vault_uri,
            key_name=key.key_name,
            key_uri=key.key_uri,
            key_identity_id=key.key_identity_id,
            key_identity_client_id=key.key_identity_client_id,
            subnet_id=net.subnet_id,
            zone_ids=net.zone_ids,
            log_workspace_id=audit.log_workspace_id,
            registry_name=registry_of(site),
            tags=site.tags,
        ),
        opts=site.opts,
    )


def _identity(site: Site, config: StackConfig, group: Group, audit: Audit, key: Encryption, kept: Store) -> Identity:
    return Identity(
        f"{site.stack}-identity",
        IdentityArgs(
            subscription=site.account,
            group_name=group.group_name,
            region=site.region,
            storage_id=kept.storage_id,
            container_id=kept.container_id,
            storage_endpoint_ids=kept.endpoint_ids,
            registry_id=kept.registry_id,
            vault_id=key.vault_id,
            insights_id=audit.insights_id,
            group_id=group.group_id,
            captures=bool(endpoints.capturing(config)),
            tags=site.tags,
        ),
        opts=site.opts,
    )


def _alerts(site: Site, config: StackConfig, group: Group) -> Alerts:
    return Alerts(
        f"{site.stack}-alerts",
        AlertsArgs(group_name=group.group_name, owner=config.owner, tags=site.tags),
        opts=site.opts,
    )


def _access(
    site: Site,
    config: StackConfig,
    people: Mapping[str, str],
    group: Group,
    kept: Store,
    identity: Identity,
    studio: Workspace,
) -> Access:
    return Access(
        f"{site.stack}-access",
        AccessArgs(
            subscription=site.account,
            group_id=group.group_id,
            workspace_id=studio.workspace_id,
            storage_id=kept.storage_id,
            identity_ids=identity.identity_ids,
            principal_ids=identity.principal_ids,
            people=people,
            gate=GateArgs(
                group_name=group.group_name,
                workspace_name=studio.workspace_name,
                models=registered,
                container_id=kept.container_id,
                registry_id=kept.registry_id,
                readers=registry.publishers(config),
                tags=site.tags,
            )
            if (registered := models.registered(config))
            else None,
        ),
        opts=site.opts,
    )
