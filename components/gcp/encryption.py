"""Customer-managed keys: one for data, one for logs, so that what writes logs holds no key to data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_gcp import kms

DATA_AGENTS = ("aiplatform", "artifactregistry", "bigquery", "compute", "notebooks", "storage", "workflows")
LOGS_AGENTS = ("logging",)
_USE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
ROTATION_SECONDS = 90 * 86_400
DESTROY_SECONDS = 30 * 86_400


@dataclass
class EncryptionArgs:
    """`agents` are the members of the service agents by service; each key is granted to those that need it."""

    project: str
    region: str
    agents: Mapping[str, pulumi.Input[str]]
    tags: Mapping[str, str]


class Encryption(pulumi.ComponentResource):
    """Creates a key ring with two keys, rotated every 90 days, and grants each to the service agents that use it.

    No persona holds a key: Google's services encrypt on behalf of whoever may use the resource. A destroyed version
    can be restored for 30 days. Ring and keys keep the name Pulumi makes, because Google deletes neither and a second
    pilot of the same name would find them taken. Rules: Cloud KMS, "Separation of duties"; CIS Google Cloud 1.10.
    """

    data_key_id: pulumi.Output[str]
    logs_key_id: pulumi.Output[str]

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:gcp:Encryption", name, None, opts)
        self._kept = pulumi.ResourceOptions(parent=self, protect=True)
        ring = kms.KeyRing(name, project=args.project, location=args.region, opts=self._kept)
        self.data_key_id = self._key(f"{name}-data", ring, args, DATA_AGENTS)
        self.logs_key_id = self._key(f"{name}-logs", ring, args, LOGS_AGENTS)
        self.register_outputs({"data_key_id": self.data_key_id, "logs_key_id": self.logs_key_id})

    def _key(self, name: str, ring: kms.KeyRing, args: EncryptionArgs, agents: Sequence[str]) -> pulumi.Output[str]:
        key = kms.CryptoKey(
            name,
            key_ring=ring.id,
            purpose="ENCRYPT_DECRYPT",
            rotation_period=f"{ROTATION_SECONDS}s",
            destroy_scheduled_duration=f"{DESTROY_SECONDS}s",
            labels=args.tags,
            opts=self._kept,
        )
        grants = [
            kms.CryptoKeyIAMMember(
                f"{name}-{agent}",
                crypto_key_id=key.id,
                role=_USE,
                member=args.agents[agent],
                opts=pulumi.ResourceOptions(parent=self),
            )
            for agent in agents
        ]
        # Whoever uses the key waits for the grants: each service tries the key when it is named.
        return pulumi.Output.all(key.id, *(grant.id for grant in grants)).apply(lambda all_: all_[0])
