"""A program that knows nothing of ours: a provider of its own, a secret, and a component that another plugin makes."""

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
team = config.require_secret("team")
main = aws.Provider("main", region="us-east-1", allowed_account_ids=["111122223333"])


class Store(pulumi.ComponentResource):
    """The component of the plugin `store`, without an SDK of it."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("store:index:Store", name, {"team": team, "name": None}, opts, remote=True)


Store("shop", pulumi.ResourceOptions(providers=[main]))
aws.kms.Key("k", description="a key", tags={"team": team}, opts=pulumi.ResourceOptions(provider=main))
if config.get_bool("open"):
    vpc = aws.ec2.Vpc("v", cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(provider=main))
    opts = pulumi.ResourceOptions(provider=main)
    aws.ec2.Subnet("s", vpc_id=vpc.id, cidr_block="10.0.1.0/24", map_public_ip_on_launch=True, opts=opts)
