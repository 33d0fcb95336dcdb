"""What every stack on Amazon SageMaker stands on. Each part is a function, so that one can be given instead of made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws

from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import HardwareFamily
from catalogue.landing_zones import AwsZone
from components.aws.audit import Audit, AuditArgs
from components.aws.encryption import Encryption, EncryptionArgs
from components.aws.identity import Identity, called
from components.aws.monitoring import Alerts, AlertsArgs
from components.aws.network import GivenNetworkArgs, InvokedArgs, JoinedNetworkArgs, Network, NetworkArgs
from components.aws.personas import IdentityArgs, Needs
from components.aws.registry import Registry, RegistryArgs
from components.shapes import together
from stacks.aws.names import artifacts_of, registry_of
from stacks.expiry import expiring
from stacks.model import StackConfig
from stacks.sections import callers, endpoints, landing_zone, models, network, registry, training
from stacks.site import Site, tags_of


@dataclass(frozen=True)
class Ground(Site):
    """What sections read. `subnet_ids` are by zone, `role_arns` by persona, `caller_role_arns` by caller.

    `topic_arn` is where alarms go. `runtime_url` is where callers in joined networks reach SageMaker's runtime; there
    is none where the landing zone's own endpoint leads there. `records_role_arn` is of the role that keeps the files
    of recorded runs; there is none where no section asks for it.
    """

    data_key_arn: pulumi.Output[str]
    logs_key_arn: pulumi.Output[str]
    vpc_id: pulumi.Output[str]
    subnet_ids: Mapping[str, pulumi.Output[str]]
    security_group_id: pulumi.Output[str]
    bucket_name: pulumi.Output[str]
    repository_url: pulumi.Output[str]
    role_arns: Mapping[str, pulumi.Output[str]]
    caller_role_arns: Mapping[str, pulumi.Output[str]]
    runtime_url: pulumi.Output[str] | None
    topic_arn: pulumi.Output[str]
    records_role_arn: pulumi.Output[str] | None
    apps: list[pulumi.Output[str]] = field(default_factory=list[pulumi.Output[str]])
    """The ARN of the MLflow App that runs are recorded to, where there is one. The experiments section fills it."""

    @property
    def outputs(self) -> Mapping[str, object]:
        """The stack outputs of the ground: its identities, and where artifacts and images are kept."""
        return {"roles": self.role_arns, "artifacts": self.bucket_name, "images": self.repository_url}


@dataclass(frozen=True)
class Keys:
    """The keys of everything that rests, made or given."""

    data_key_arn: pulumi.Output[str]
    logs_key_arn: pulumi.Output[str]


def lay(stack: str, config: StackConfig, reach: Iterable[str], needs: Sequence[Needs]) -> Ground:
    """Lay the ground: a network that reaches what the sections must reach, identities that may do what they need."""
    site = _site(stack, config)
    key = _key(site, config)
    net = _network(site, config, reach, _audit(site, config, key))
    kept = _registry(site, config, key)
    identity = _identity(site, config, together(Needs, needs), key, net, kept)
    return Ground(
        **vars(site),
        data_key_arn=key.data_key_arn,
        logs_key_arn=key.logs_key_arn,
        vpc_id=net.vpc_id,
        subnet_ids=net.subnet_ids,
        security_group_id=net.workload_security_group_id,
        bucket_name=kept.bucket_name,
        repository_url=kept.repository_url,
        role_arns=identity.role_arns,
        caller_role_arns=identity.caller_role_arns,
        runtime_url=net.runtime_url,
        topic_arn=_alerts(site, config, key).topic_arn,
        records_role_arn=identity.records_role_arn,
    )


def _site(stack: str, config: StackConfig) -> Site:
    provider = pulumi_aws.Provider("aws", region=config.region, allowed_account_ids=[config.account])
    opts = pulumi.ResourceOptions(providers=[provider])
    return Site(landing_zone.named(stack, config), config.account, config.region, tags_of(stack, config), opts)


def _zone(config: StackConfig) -> AwsZone | None:
    zone = landing_zone.given(config)
    return zone if isinstance(zone, AwsZone) else None


def _trail_name(site: Site) -> str:
    """The key's policy names the trail, which stands after the key."""
    return f"{site.stack}-audit"


def _role_arn(site: Site, config: StackConfig, who: str) -> str:
    """Policies of the data key and of the network name roles, which stand after both."""
    zone = _zone(config)
    path = (zone.role_path if zone else None) or "/"
    return f"arn:aws:iam::{site.account}:role{path}{site.stack}-{who}"


def _key(site: Site, config: StackConfig) -> Keys:
    zone = _zone(config)
    if zone is not None and zone.keys is not None:
        return Keys(pulumi.Output.from_input(zone.keys.data), pulumi.Output.from_input(zone.keys.logs))
    made = Encryption(
        f"{site.stack}-key",
        EncryptionArgs(
            account=site.account,
            region=site.region,
            trail_name=_trail_name(site),
            pipeline_role_arn=_role_arn(site, config, "pipeline"),
            bucket_name=artifacts_of(site.stack, site.account),
            readers=registry.publishers(config),
            tags=site.tags,
        ),
        opts=site.opts,
    )
    return Keys(made.data_key_arn, made.logs_key_arn)


def _audit(site: Site, config: StackConfig, key: Keys) -> pulumi.Output[str] | None:
    """Make the trail, where none is given. Returns the bucket of flow logs, made or given; None where there is none."""
    zone = _zone(config)
    logs = zone.logs if zone else None
    if zone is not None and zone.trail is not None:
        return pulumi.Output.from_input(logs) if logs else None
    return Audit(
        f"{site.stack}-audit",
        AuditArgs(
            account=site.account,
            region=site.region,
            trail_name=_trail_name(site),
            bucket_name=logs.rpartition(":")[2] if logs else f"{site.stack}-audit-{site.account}",
            given_bucket=logs is not None,
            logs_key_arn=key.logs_key_arn,
            data_bucket_arns=[f"arn:aws:s3:::{artifacts_of(site.stack, site.account)}"],
            tags=site.tags,
        ),
        opts=site.opts,
    ).bucket_arn


def _network(site: Site, config: StackConfig, reach: Iterable[str], flow_logs: pulumi.Output[str] | None) -> Network:
    given = _given_network(config)
    return Network(
        f"{site.stack}-network",
        NetworkArgs(
            account=site.account,
            region=site.region,
            given=given,
            cidr=network.of(config).cidr,
            zones=[] if given else network.of(config).zones,
            reach=sorted(reach),
            joined=_joined(config),
            invoked=InvokedArgs(
                endpoint_arns=[f"arn:aws:sagemaker:{site.region}:{site.account}:endpoint/{site.stack}-*"],
                role_arns=[
                    _role_arn(site, config, who)
                    for who in ("caller", "data-scientist", *map(called, callers.of(config)))
                ],
            ),
            trains_together=bool(together_on := _trains_together(config)),
            trains_over_efa=any(one.efa for one in together_on),
            flow_log_bucket_arn=None if given else flow_logs,
            tags=site.tags,
        ),
        opts=site.opts,
    )


def _trains_together(config: StackConfig) -> list[HardwareFamily]:
    """What the training jobs run on whose machines talk to each other."""
    hardware = catalogue.load(config.platform)
    jobs = [job for job in training.of(config).values() if job.enabled and job.replicas > 1]
    return [hardware.machine_in(job.machine, config.region) for job in jobs]


def _joined(config: StackConfig) -> list[JoinedNetworkArgs]:
    """The networks that callers stand in, each once."""
    found: dict[str, set[str]] = {}
    accounts: dict[str, str] = {}
    for caller in callers.joined(config).values():
        found.setdefault(caller.network, set()).add(caller.cidr)
        accounts[caller.network] = caller.account or config.account
    return [
        JoinedNetworkArgs(vpc_id=vpc_id, account=accounts[vpc_id], cidrs=sorted(cidrs))
        for vpc_id, cidrs in sorted(found.items())
    ]


def _given_network(config: StackConfig) -> GivenNetworkArgs | None:
    """The landing zone's network, with its subnets in the stack's zones."""
    zone = _zone(config)
    if zone is None or zone.network is None:
        return None
    there = zone.network
    return GivenNetworkArgs(
        vpc_id=there.vpc_id,
        subnet_ids={name: there.subnet_ids[name] for name in network.zones_of(config)},
        s3_prefix_list_id=there.s3_prefix_list_id,
        endpoints=there.endpoints,
        endpoints_security_group_id=there.endpoints_security_group_id,
    )


def _registry(site: Site, config: StackConfig, key: Keys) -> Registry:
    return Registry(
        registry_of(site.stack),
        RegistryArgs(
            account=site.account,
            bucket_name=artifacts_of(site.stack, site.account),
            models=list(dict.fromkeys(model.registered or name for name, model in models.of(config).items())),
            keeps_versions=bool(models.registered(config)),
            readers=registry.publishers(config),
            given=models.registered(config),
            capture_days=endpoints.capturing(config),
            answer_days=endpoints.answering(config),
            expire_below=expiring(config, f"s3://{artifacts_of(site.stack, site.account)}/"),
            data_key_arn=key.data_key_arn,
            tags=site.tags,
        ),
        opts=site.opts,
    )


def _identity(site: Site, config: StackConfig, needs: Needs, key: Keys, net: Network, kept: Registry) -> Identity:
    zone = _zone(config)
    return Identity(
        f"{site.stack}-identity",
        IdentityArgs(
            prefix=site.stack,
            account=site.account,
            region=site.region,
            needs=needs,
            bucket_arn=kept.bucket_arn,
            repository_arn=kept.repository_arn,
            data_key_arn=key.data_key_arn,
            subnet_ids=list(net.subnet_ids.values()),
            vpc_id=net.vpc_id,
            role_path=zone.role_path if zone else None,
            permissions_boundary_arn=zone.permissions_boundary_arn if zone else None,
            tags=site.tags,
        ),
        opts=site.opts,
    )


def _alerts(site: Site, config: StackConfig, key: Keys) -> Alerts:
    return Alerts(
        f"{site.stack}-alerts",
        AlertsArgs(account=site.account, owner=config.owner, logs_key_arn=key.logs_key_arn, tags=site.tags),
        opts=site.opts,
    )
