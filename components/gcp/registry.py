"""Where images and artifacts are kept: an artifact bucket and an image repository."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import artifactregistry

from components.gcp.bucket import PrivateBucket, PrivateBucketArgs

KEEP_IMAGES = 20


@dataclass
class RegistryArgs:
    """`bucket_name` is unique among all of Google's customers, so it ends in the project's id."""

    project: str
    region: str
    bucket_name: str
    data_key_id: pulumi.Input[str]
    tags: Mapping[str, str]


class Registry(pulumi.ComponentResource):
    """Creates the artifact bucket and an Artifact Registry repository for own images.

    Tags are immutable and images are scanned; an untagged image goes after a week unless it is among the newest 20.
    Model versions live in Vertex AI's own registry, uploaded by the endpoint or batch job that runs them
    (components/gcp/model.py). What holds state is protected and stays when an endpoint is switched off. Rule: Artifact
    Registry, "Configure cleanup policies" and "Container image versions".
    """

    bucket_name: pulumi.Output[str]
    repository_id: pulumi.Output[str]
    repository_url: pulumi.Output[str]

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:gcp:Registry", name, None, opts)
        bucket = PrivateBucket(
            f"{name}-artifacts",
            PrivateBucketArgs(
                project=args.project,
                region=args.region,
                bucket_name=args.bucket_name,
                kms_key_id=args.data_key_id,
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        repository = artifactregistry.Repository(
            f"{name}-images",
            project=args.project,
            location=args.region,
            repository_id=f"{name}-images",
            description="Own images of the pilot",
            format="DOCKER",
            mode="STANDARD_REPOSITORY",
            kms_key_name=args.data_key_id,
            docker_config={"immutable_tags": True},
            vulnerability_scanning_config={"enablement_config": "INHERITED"},
            cleanup_policy_dry_run=False,
            cleanup_policies=[
                {
                    "id": "untagged",
                    "action": "DELETE",
                    "condition": {"tag_state": "UNTAGGED", "older_than": f"{7 * 86_400}s"},
                },
                {"id": "newest", "action": "KEEP", "most_recent_versions": {"keep_count": KEEP_IMAGES}},
            ],
            labels=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        self.bucket_name = bucket.bucket_name
        self.repository_id = repository.repository_id
        self.repository_url = repository.registry_uri
        self.register_outputs({"bucket_name": self.bucket_name, "repository_url": self.repository_url})
