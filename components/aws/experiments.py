"""Where runs are recorded: an MLflow App of SageMaker's, which runs on no machine of the stack's."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import sagemaker

from components.aws.model import PLACE
from components.given import Args, Tags, Text, hold

REACH = ("mlflow", "sagemaker.api")
"""MLflow's own API, and that of SageMaker, which signs the address at which a person opens its pages."""
MAINTENANCE = "Sun:03:00"
"""When AWS puts a newer MLflow in, in UTC: nobody works then."""


@dataclass(kw_only=True)
class ExperimentsArgs(Args):
    """How the App is called, where it keeps files, and as whom it acts. Raises BadArgument for a place not in S3."""

    app_name: Text
    """The name of the App. Its ARN has an id that SageMaker makes up."""
    artifact_uri: Text
    """The s3:// folder in which MLflow keeps the files of runs, in a bucket whose key encrypts them."""
    role_arn: Text
    """The role that MLflow reads and writes that folder as, and nothing else: who may call MLflow does it through
    this role, wherever it may."""
    tags: Tags
    """The tags of the App. `stack` is the one by which people and jobs may call it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        hold(self, "artifact_uri", PLACE, "a place in S3 such as s3://bucket/experiments/")


class Experiments(pulumi.ComponentResource):
    """Creates an MLflow App: the record of runs, with its pages and its API.

    It registers no model: what is served is a version of the registry, which its approver approved. It is the default
    of no domain and not of the account, so that nobody records there who was not told to. What is recorded is people's
    work, so the App is protected. SageMaker keeps the records under a key of AWS's own, for the provider has no input
    for another; the files lie in the bucket, under its key. MLflow's version is AWS's to choose: it is replaced in
    the weekly window.

    An App scales to nothing and bills nothing; a tracking server, which SageMaker has too, bills by the hour.
    Sources: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateMlflowApp.html,
    https://aws.amazon.com/blogs/aws/accelerate-ai-development-using-amazon-sagemaker-ai-with-serverless-mlflow/
    """

    tracking_arn: pulumi.Output[str]
    """The ARN of the App, which MLflow takes as the address to record to, with the plugin `sagemaker-mlflow`."""

    def __init__(self, name: str, args: ExperimentsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:Experiments", name, None, opts)
        app = sagemaker.MlflowApp(
            f"{name}-mlflow",
            name=args.app_name,
            artifact_store_uri=args.artifact_uri,
            role_arn=args.role_arn,
            model_registration_mode="AutoModelRegistrationDisabled",
            account_default_status="DISABLED",
            weekly_maintenance_window_start=MAINTENANCE,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        self.tracking_arn = app.arn
        self.register_outputs({"tracking_arn": self.tracking_arn})
