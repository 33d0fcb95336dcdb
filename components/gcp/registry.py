"""Where images and artifacts are kept: an artifact bucket and an image repository."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_gcp import artifactregistry, storage, vertex

from catalogue.registered import DECISIONS, FOLDER
from components.gcp.bucket import PrivateBucket, PrivateBucketArgs
from components.gcp.identity import PULL, READ, below
from components.gcp.personas import Objects
from components.given import Args, Tags, Text

KEEP_IMAGES = 20


@dataclass(kw_only=True)
class RegistryArgs(Args):
    """Where artifacts and images are kept, and under which key."""

    project: Text
    """The id of the Google Cloud project."""
    region: Text
    """The region of bucket and repository, which must be the key's."""
    bucket_name: Text
    """What the artifact bucket is called, unique among all of Google's customers: end it in the project's id."""
    expire_below: Mapping[str, int] = field(default_factory=dict[str, int])
    """After how many days files go, by their folder in the bucket. They must be known."""
    approvals_name: Text | None = None
    """What the bucket is called in which the approver's decisions on registered versions lie. Where it is left out
    there is none. Whether it is given must be known."""
    readers: Sequence[str] = ()
    """The service accounts of other stacks' publishers, which read registered versions, what was decided on them, and
    the images, and write nothing. They must stand, and be known."""
    keeps_runs: bool = False
    """Whether there are pipelines, of whose runs Vertex AI keeps records. It must be known."""
    data_key_id: Text
    """The KMS key of artifacts and images, of Encryption. The project's agents of Cloud Storage and Artifact Registry
    must be allowed to use it."""
    tags: Tags
    """The labels of everything that is created."""


class Registry(pulumi.ComponentResource):
    """Creates a private bucket for artifacts and an Artifact Registry repository for own images.

    For pipelines there is the default metadata store of project and region, protected too. Vertex AI records each run
    in it, and makes it with the first one where there is none. What key it has is decided then, and for ever: so it is
    made here, under the stack's.

    A tag of an image cannot be moved. Images are scanned where the project has scanning enabled. An untagged image is
    deleted after a week unless it is among the newest 20. Buckets and repository are protected. What runs a model
    uploads it to Vertex AI's own registry, which asks nobody: so what was decided on registered versions lies in a
    bucket of its own. Cloud Storage and Artifact Registry decrypt by themselves, so `readers` have no right to the key:
    https://cloud.google.com/storage/docs/encryption/customer-managed-keys,
    https://cloud.google.com/vertex-ai/docs/ml-metadata/configure.
    Rule: Artifact Registry, "Configure cleanup policies",
    https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy
    """

    bucket_name: pulumi.Output[str]
    """The artifact bucket's name, known once the bucket stands. Identity grants the personas their places in it."""
    decisions_name: pulumi.Output[str] | None
    """The name of the bucket of approvals, known once it stands. None where there is none."""
    metadata_store: pulumi.Output[str] | None
    """The id of the metadata store, which pipelines wait for. None without pipelines."""
    repository_id: pulumi.Output[str]
    """The repository's id in its project and region. Identity grants the personas its images."""
    repository_url: pulumi.Output[str]
    """Where images are pushed to and pulled from, such as `REGION-docker.pkg.dev/PROJECT/REPOSITORY`."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:Registry", name, None, opts)
        bucket = self._bucket(f"{name}-artifacts", args, args.bucket_name, args.expire_below)
        called = args.approvals_name
        decided = None if called is None else self._bucket(f"{name}-approvals", args, called, {})
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
        places = [(bucket.bucket_name, FOLDER), *([(decided.bucket_name, DECISIONS)] if decided else [])]
        for reader in args.readers:
            who = f"{name}-given-{reader.partition('.iam.')[0].replace('@', '-')}"
            for there, folder in places:
                storage.BucketIAMMember(
                    f"{who}-{folder.rstrip('/')}",
                    bucket=there,
                    role=READ,
                    member=f"serviceAccount:{reader}",
                    condition=below(Objects("", there, folder, (folder,))),
                    opts=pulumi.ResourceOptions(parent=self),
                )
            artifactregistry.RepositoryIamMember(
                f"{who}-images",
                project=args.project,
                location=args.region,
                repository=repository.repository_id,
                role=PULL,
                member=f"serviceAccount:{reader}",
                opts=pulumi.ResourceOptions(parent=self),
            )
        runs = self._runs(name, args) if args.keeps_runs else None
        self.metadata_store = runs.id if runs is not None else None
        self.bucket_name = bucket.bucket_name
        self.decisions_name = decided.bucket_name if decided else None
        self.repository_id = repository.repository_id
        self.repository_url = repository.registry_uri
        self.register_outputs(
            {
                "bucket_name": self.bucket_name,
                "decisions_name": self.decisions_name,
                "metadata_store": self.metadata_store,
                "repository_id": self.repository_id,
                "repository_url": self.repository_url,
            }
        )

    def _runs(self, name: str, args: RegistryArgs) -> vertex.AiMetadataStore:
        return vertex.AiMetadataStore(
            f"{name}-runs",
            name="default",
            project=args.project,
            region=args.region,
            description="Records of the runs of pipelines",
            encryption_spec={"kms_key_name": args.data_key_id},
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )

    def _bucket(self, name: str, args: RegistryArgs, called: Text, expire_below: Mapping[str, int]) -> PrivateBucket:
        return PrivateBucket(
            name,
            PrivateBucketArgs(
                project=args.project,
                region=args.region,
                bucket_name=called,
                kms_key_id=args.data_key_id,
                expire_below=expire_below,
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
