"""A model as Vertex AI runs it: an image and an artifact folder, a version of its own in the registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from catalogue.kinds.gcp.mlplatform import PORT, ROUTES
from catalogue.platforms import PLATFORMS
from components.given import Args, Tags, Text, hold
from provider.gcp.approved_version import ApprovedVersion
from provider.gcp.model import Model

PLACE, FOLDER = r"gs://[^/]+/.+", r"gs://[^/]+/.+/"


@dataclass(kw_only=True)
class RegisteredArgs(Args):
    """A version of a model in the registry, as whoever deploys knows it."""

    project: Text
    """The project that asking for the approval counts against."""
    bucket: Text
    """The name of the bucket of approvals, of Registry."""
    model: Text
    """The name of the model in the registry."""
    version: pulumi.Input[int]
    """The number of the version."""
    digest: Text
    """The digest of the version's record, such as sha256: and 64 digits, which the approver approved."""


@dataclass(kw_only=True)
class ModelArgs(Args):
    """A model, and where, as whom and under which key it runs.

    Raises BadArgument for an image of another registry than Google's, and for an artifact that is no folder in Cloud
    Storage: Vertex AI takes no other (https://cloud.google.com/vertex-ai/docs/reference/rest/v1/ModelContainerSpec).
    """

    project: Text
    """The id of the Google Cloud project."""
    region: Text
    """The region of the model and of what runs it, which must be the key's."""
    image: Text
    """The container image that serves the model, with a tag other than `latest` or a digest. It must answer POST at
    `predict_route` and GET at `health_route` on `port`, where it is none of Vertex AI's prebuilt images."""
    environment: pulumi.Input[Mapping[str, Text]] | None = None
    """The container's environment: plain values, at most 100, none of them a secret."""
    port: pulumi.Input[int] = PORT
    """The port that the container listens on; 8080 where this is left out."""
    predict_route: Text = ROUTES["predictRoute"]
    """The path of predictions, `/predict` where this is left out."""
    health_route: Text = ROUTES["healthRoute"]
    """The path of health checks, `/health` where this is left out."""
    command: pulumi.Input[Sequence[Text]] | None = None
    """What the container runs in place of its image's ENTRYPOINT; its CMD is left out then."""
    args: pulumi.Input[Sequence[Text]] | None = None
    """The arguments of the command, in place of the image's CMD."""
    start_up_seconds: pulumi.Input[int] | None = None
    """How many seconds the container may take until it answers at `health_route`, 10 to 7200. Where this is left out,
    it must listen within 40 seconds."""
    artifact_uri: Text
    """The folder of the model's artifact, `gs://BUCKET/FOLDER/`. Vertex AI keeps a copy of it."""
    registered: RegisteredArgs | None = None
    """The version that image and artifact are of. The model is made once the approver's word on it is there.

    Whether it is given must be known.
    """
    service_account: Text
    """The e-mail address of the service account that the model runs as, of Identity: `serving` for an endpoint,
    `batch` for a batch job. It must be able to read the artifact."""
    data_key_id: Text
    """The KMS key of the model and of what runs it, of Encryption."""

    def __post_init__(self) -> None:
        super().__post_init__()
        pulled = PLATFORMS["gcp"].image.pattern or ""
        hold(self, "image", pulled, "an image such as us-central1-docker.pkg.dev/project/repository/scorer:1.4")
        hold(self, "artifact_uri", FOLDER, "a folder in Cloud Storage such as gs://bucket/folder/")


def versioned_model(name: str, args: ModelArgs, tags: Tags, opts: pulumi.ResourceOptions) -> Model:
    """Create a model of Vertex AI; a changed image or artifact is a new version of it beside the old ones.

    One of a registered version waits for the approver's word. Where that is no, nothing changes: the model that stands
    serves on.
    """
    if (version := args.registered) is not None:
        approved = ApprovedVersion(
            f"{name}-approved",
            project=version.project,
            bucket=version.bucket,
            model=version.model,
            version=version.version,
            digest=version.digest,
            opts=opts,
        )
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[approved]))
    return Model(
        name,
        project=args.project,
        location=args.region,
        model_id=name,
        display_name=name,
        image=args.image,
        artifact_uri=args.artifact_uri,
        environment=args.environment,
        command=args.command,
        args=args.args,
        start_up_seconds=args.start_up_seconds,
        predict_route=args.predict_route,
        health_route=args.health_route,
        ports=[args.port],
        service_account=args.service_account,
        kms_key_name=args.data_key_id,
        labels=tags,
        opts=opts,
    )
