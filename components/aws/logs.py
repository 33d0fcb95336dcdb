"""The log groups that SageMaker names. Where one is missing it makes it itself, without a key or an expiry."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch

from components.given import Args, Tags, Text

KEEP_DAYS = 365
_SHARED = ("studio", "TrainingJobs", "ProcessingJobs", "TransformJobs")


@dataclass(kw_only=True)
class JobLogsArgs(Args):
    """Under which key the logs rest."""

    logs_key_arn: Text
    """The KMS key of the logs; CloudWatch Logs must be allowed to use it."""
    tags: Tags
    """The tags of everything that is created."""


class JobLogs(pulumi.ComponentResource):
    """Creates the log groups of Studio and of training, processing and transform jobs, with a key, kept for a year.

    SageMaker names them, and an account has one of each in a region. So they are made once, by the program of whoever
    keeps the account, and no stack of ours makes them: a second create is refused (ResourceAlreadyExistsException), and
    so is the first where SageMaker was used before; then `pulumi import` takes them over. Rules: SageMaker developer
    guide, "CloudWatch Logs for Amazon SageMaker AI",
    https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
    """

    names: pulumi.Output[Sequence[str]]
    """The names of the groups. Who takes them waits until they stand."""

    def __init__(self, name: str, args: JobLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:JobLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        groups = [log_group(f"{name}-{each}", each, args.logs_key_arn, args.tags, child) for each in _SHARED]
        self.names = pulumi.Output.all(*(group.name for group in groups)).apply(list)
        self.register_outputs({"names": self.names})


def log_group(name: str, below: Text, key_arn: Text, tags: Tags, opts: pulumi.ResourceOptions) -> cloudwatch.LogGroup:
    """Create a log group of SageMaker's, by what stands in its name below /aws/sagemaker/."""
    return cloudwatch.LogGroup(
        name,
        name=pulumi.Output.concat("/aws/sagemaker/", below),
        retention_in_days=KEEP_DAYS,
        kms_key_id=key_arn,
        tags=tags,
        opts=opts,
    )
