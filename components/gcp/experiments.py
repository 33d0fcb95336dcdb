"""Where runs are recorded: a TensorBoard of Vertex AI's, which runs on no machine of the stack's."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import vertex

from components.given import Args, Tags, Text

REACH = ("googleapis.com",)
"""Vertex AI's API, at which people record and read. Its pages stand on a domain of Google's own, behind its sign-in."""


@dataclass(kw_only=True)
class ExperimentsArgs(Args):
    """Where the TensorBoard stands, and under which key."""

    project: Text
    """The id of the Google Cloud project."""
    region: Text
    """The region of the TensorBoard, which must be the key's and that of the jobs that record there."""
    display_name: Text
    """What people see the TensorBoard called. Its name has a number that Vertex AI makes up."""
    data_key_id: Text
    """The KMS key of all that is recorded, of Encryption. Vertex AI's own agent must be able to use it."""
    tags: Tags
    """The labels of the TensorBoard."""


class Experiments(pulumi.ComponentResource):
    """Creates a TensorBoard: the record of runs, with its API and its pages, under the stack's own key.

    What is recorded is people's work, so it is protected. Nothing in it expires: its experiments are deleted by who
    made them, and Vertex AI bills what it stores by the GiB. It is not Vertex ML Metadata, in which the SDK's
    `aiplatform.init(experiment=…)` keeps parameters: the default store of a project is made by the first call, without
    a key, so no persona may make it; Registry makes it for pipelines.
    Sources: https://cloud.google.com/vertex-ai/docs/experiments/tensorboard-setup,
    https://cloud.google.com/vertex-ai/docs/general/cmek
    """

    tensorboard_name: pulumi.Output[str]
    """The name of the TensorBoard, `projects/NUMBER/locations/REGION/tensorboards/ID`, which a job is given."""

    def __init__(self, name: str, args: ExperimentsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:Experiments", name, None, opts)
        board = vertex.AiTensorboard(
            f"{name}-tensorboard",
            project=args.project,
            region=args.region,
            display_name=args.display_name,
            encryption_spec={"kms_key_name": args.data_key_id},
            labels=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        self.tensorboard_name = board.name
        self.register_outputs({"tensorboard_name": self.tensorboard_name})
