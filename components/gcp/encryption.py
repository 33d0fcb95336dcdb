"""Customer-managed keys: one for data, one for logs, so that what writes logs holds no key to data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_gcp import kms

from components.gcp.identity import IN_FORCE_MINUTES
from components.given import Args, BadArgument, Tags, Text
from provider.gcp.grants import GrantsInForce

DATA_AGENTS = ("aiplatform", "artifactregistry", "bigquery", "compute", "notebooks", "storage", "workflows")
LOGS_AGENTS = ("logging",)
_USE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
ROTATION_SECONDS = 90 * 86_400
DESTROY_SECONDS = 30 * 86_400


@dataclass(kw_only=True)
class EncryptionArgs(Args):
    """Where the keys are, and which of Google's service agents use them."""

    project: Text
    """The id of the Google Cloud project."""
    region: Text
    """The region of the keys, which must be that of everything they encrypt."""
    agents: pulumi.Input[Mapping[str, Text]]
    """The service agents as IAM names them, `serviceAccount:` and an e-mail address, by service: the `members` of
    ServiceAgents. It needs aiplatform, artifactregistry, bigquery, compute, logging, notebooks, storage, workflows."""
    tags: Tags
    """The labels of the keys."""


class Encryption(pulumi.ComponentResource):
    """Creates a key ring with a key for data and a key for logs, and grants each to the service agents that use it.

    Both keys are rotated every 90 days. A destroyed version can be restored for 30 days. Cloud Logging's agent holds
    the logs key only, and the agents of the other services hold the data key only. No person and no persona holds a
    key: Google's services encrypt on behalf of whoever may use the resource. Ring, keys and grants are protected:
    without its grant a service cannot read what it encrypted. Ring and keys have names with digits that Pulumi adds,
    because Google deletes neither: a fixed name would be taken for ever.
    Whoever takes a key from here waits until the grants are in force, seven minutes after they were given: a service is
    refused a key that it may not use yet. The wait is the work of the resource GrantsInForce, whose provider
    `mlplatform` your project names under `plugins`.
    Refuses `agents` that lack a service.
    Rules: IAM, "Access change propagation", https://cloud.google.com/iam/docs/access-change-propagation;
    Cloud KMS, "Separation of duties", https://cloud.google.com/kms/docs/separation-of-duties;
    CIS Google Cloud 1.10, https://www.cisecurity.org/benchmark/google_cloud_computing_platform
    """

    data_key_id: pulumi.Output[str]
    """The key of disks, buckets, images, models, endpoints, requests and workflows, as other components take it. It is
    known once the agents' grants are in force."""
    logs_key_id: pulumi.Output[str]
    """The key of the audit log bucket, known at the same time."""

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:Encryption", name, None, opts)
        self._kept = pulumi.ResourceOptions(parent=self, protect=True)
        ring = kms.KeyRing(name, project=args.project, location=args.region, opts=self._kept)
        data, logs = (self._key(f"{name}-{use}", ring, args) for use in ("data", "logs"))
        grants = [
            *self._grants(f"{name}-data", data, args, DATA_AGENTS),
            *self._grants(f"{name}-logs", logs, args, LOGS_AGENTS),
        ]
        in_force = GrantsInForce(
            f"{name}-in-force",
            project=args.project,
            grants=grants,
            minutes=IN_FORCE_MINUTES,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Whoever uses a key waits until its grants are in force: each service tries the key when it is named.
        self.data_key_id, self.logs_key_id = (
            pulumi.Output.all(key.id, in_force.id).apply(lambda both: both[0]) for key in (data, logs)
        )
        self.register_outputs({"data_key_id": self.data_key_id, "logs_key_id": self.logs_key_id})

    def _key(self, name: str, ring: kms.KeyRing, args: EncryptionArgs) -> kms.CryptoKey:
        return kms.CryptoKey(
            name,
            key_ring=ring.id,
            purpose="ENCRYPT_DECRYPT",
            rotation_period=f"{ROTATION_SECONDS}s",
            destroy_scheduled_duration=f"{DESTROY_SECONDS}s",
            labels=args.tags,
            opts=self._kept,
        )

    def _grants(
        self, name: str, key: kms.CryptoKey, args: EncryptionArgs, agents: Sequence[str]
    ) -> list[pulumi.Input[str]]:
        return [
            kms.CryptoKeyIAMMember(
                f"{name}-{agent}",
                crypto_key_id=key.id,
                role=_USE,
                member=_member(args.agents, agent),
                opts=self._kept,
            ).id
            for agent in agents
        ]


def _member(agents: pulumi.Input[Mapping[str, Text]], service: str) -> Text:
    """A service's agent, which its grant waits for; for no other, where the mapping itself is known."""

    def found(known: Mapping[str, Text]) -> Text:
        if service not in known:
            raise BadArgument(
                f"EncryptionArgs.agents: has no agent of {service}; give the members of ServiceAgents, all of them"
            )
        return known[service]

    return found(agents) if isinstance(agents, Mapping) else pulumi.Output.from_input(agents).apply(found)
