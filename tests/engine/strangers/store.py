"""A component of somebody else, in a plugin of its own."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws
from pulumi.provider.experimental import component_provider_host


class StoreArgs(TypedDict):
    """What the component is given."""

    team: pulumi.Input[str]


class Store(pulumi.ComponentResource):
    """One bucket."""

    name: pulumi.Output[str]
    """The bucket's name."""

    def __init__(self, name: str, args: StoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("store:index:Store", name, {}, opts)
        below = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(f"{name}-bucket", tags={"team": args["team"]}, opts=below)
        self.name = bucket.bucket
        self.register_outputs({"name": self.name})


if __name__ == "__main__":
    component_provider_host(name="store", components=[Store])
