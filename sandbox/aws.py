"""The simulated AWS: what each resource type answers, with ARNs, ids and URLs of the shape AWS gives them.

Shapes: Service Authorization Reference ("Resource types defined by …") for ARNs; EC2 user guide for 17-digit ids.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.cloud import Lookup, Made, Maker, Request


def _by_id(prefix: str, arn: str | None = None, **more: str) -> Maker:
    """EC2's manner: an id of a prefix and 17 digits. `more` outputs may use {id}, {region}, {account}."""

    def make(request: Request) -> Made:
        id_ = f"{prefix}-{request.hex(17)}"
        words = {"id": id_, "region": request.region, "account": request.account, "hex": request.hex(17, "x")}
        outputs = {key: value.format(**words) for key, value in more.items()}
        if arn:
            outputs["arn"] = f"arn:aws:ec2:{request.region}:{request.account}:{arn}/{id_}"
        return Made(id_, outputs)

    return make


def _by_name(arn: str, key: str = "name", id_from: str = "name", **more: str) -> Maker:
    """The manner of most services: a name, given or made, and an ARN with it. `id_from` is `name` or `arn`."""

    def make(request: Request) -> Made:
        words = {
            "name": request.physical_name(key),
            "region": request.region,
            "account": request.account,
            "hex": request.hex(12),
        }
        words["arn"] = arn.format(**words)
        outputs = {key: words["name"], "arn": words["arn"]}
        outputs |= {field: value.format(**words) for field, value in more.items()}
        return Made(words[id_from], outputs)

    return make


def _of(key: str) -> Maker:
    """An attachment to something else: its id is that of what it belongs to."""

    def make(request: Request) -> Made:
        return Made(str(request.inputs[key]), {})

    return make


def _key(request: Request) -> Made:
    digits = request.hex(32)
    key_id = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    return Made(key_id, {"keyId": key_id, "arn": f"arn:aws:kms:{request.region}:{request.account}:key/{key_id}"})


def _log_group(request: Request) -> Made:
    name = request.physical_name()
    return Made(name, {"name": name, "arn": f"arn:aws:logs:{request.region}:{request.account}:log-group:{name}"})


def _scaling_policy(request: Request) -> Made:
    name = request.physical_name()
    uuid = _key(request).id
    resource = f"resource/sagemaker/{request.inputs['resourceId']}:policyName/{name}"
    arn = f"arn:aws:autoscaling:{request.region}:{request.account}:scalingPolicy:{uuid}:{resource}"
    return Made(name, {"name": name, "arn": arn})


def _scaling_target(request: Request) -> Made:
    target = f"0{request.hex(29)}"
    arn = f"arn:aws:application-autoscaling:{request.region}:{request.account}:scalable-target/{target}"
    return Made(str(request.inputs["resourceId"]), {"arn": arn})


def _user_profile(request: Request) -> Made:
    path = f"{request.inputs['domainId']}/{request.inputs['userProfileName']}"
    arn = f"arn:aws:sagemaker:{request.region}:{request.account}:user-profile/{path}"
    return Made(arn, {"arn": arn})


def _domain(request: Request) -> Made:
    id_ = f"d-{request.hex(12)}"
    return Made(
        id_,
        {
            "arn": f"arn:aws:sagemaker:{request.region}:{request.account}:domain/{id_}",
            "url": f"https://{id_}.studio.{request.region}.sagemaker.aws",
            "homeEfsFileSystemId": f"fs-{request.hex(17)}",
        },
    )


def _subscription(request: Request) -> Made:
    arn = f"{request.inputs['topic']}:{_key(request).id}"
    return Made(arn, {"arn": arn, "pendingConfirmation": True})


def _inline_policy(request: Request) -> Made:
    name = request.physical_name()
    return Made(f"{request.inputs['role']}:{name}", {"name": name})


def _provider(request: Request) -> Made:
    return Made(_key(request).id, {})


_SAGEMAKER = "arn:aws:sagemaker:{region}:{account}:"

MAKERS: Mapping[str, Maker] = {
    "pulumi:providers:aws": _provider,
    "aws:appautoscaling/policy:Policy": _scaling_policy,
    "aws:appautoscaling/target:Target": _scaling_target,
    "aws:budgets/budget:Budget": _by_name("arn:aws:budgets::{account}:budget/{name}"),
    "aws:cloudtrail/trail:Trail": _by_name("arn:aws:cloudtrail:{region}:{account}:trail/{name}", id_from="arn"),
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _by_name("arn:aws:cloudwatch:{region}:{account}:alarm:{name}"),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _by_id("sg", "security-group"),
    "aws:ec2/flowLog:FlowLog": _by_id("fl", "vpc-flow-log"),
    "aws:ec2/routeTable:RouteTable": _by_id("rtb", "route-table"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _by_id("rtbassoc"),
    "aws:ec2/securityGroup:SecurityGroup": _by_id("sg", "security-group"),
    "aws:ec2/subnet:Subnet": _by_id("subnet", "subnet"),
    "aws:ec2/vpc:Vpc": _by_id("vpc", "vpc", mainRouteTableId="rtb-{hex}", defaultNetworkAclId="acl-{hex}"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _by_id("vpce", "vpc-endpoint", prefixListId="pl-{hex}"),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": _of("repository"),
    "aws:ecr/repository:Repository": _by_name(
        "arn:aws:ecr:{region}:{account}:repository/{name}",
        repositoryUrl="{account}.dkr.ecr.{region}.amazonaws.com/{name}",
        registryId="{account}",
    ),
    "aws:iam/policy:Policy": _by_name("arn:aws:iam::{account}:policy/{name}", id_from="arn"),
    "aws:iam/role:Role": _by_name("arn:aws:iam::{account}:role/{name}", uniqueId="AROA{hex}"),
    "aws:iam/rolePolicy:RolePolicy": _inline_policy,
    "aws:kms/alias:Alias": _by_name("arn:aws:kms:{region}:{account}:{name}"),
    "aws:kms/key:Key": _key,
    "aws:s3/bucket:Bucket": _by_name(
        "arn:aws:s3:::{name}",
        "bucket",
        bucketDomainName="{name}.s3.amazonaws.com",
        bucketRegionalDomainName="{name}.s3.{region}.amazonaws.com",
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _of("bucket"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _of("bucket"),
    "aws:s3/bucketPolicy:BucketPolicy": _of("bucket"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _of("bucket"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _of("bucket"),
    "aws:s3/bucketVersioning:BucketVersioning": _of("bucket"),
    "aws:sagemaker/domain:Domain": _domain,
    "aws:sagemaker/endpoint:Endpoint": _by_name(_SAGEMAKER + "endpoint/{name}"),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": _by_name(_SAGEMAKER + "endpoint-config/{name}"),
    "aws:sagemaker/model:Model": _by_name(_SAGEMAKER + "model/{name}"),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": _by_name(
        _SAGEMAKER + "model-package-group/{name}", "modelPackageGroupName"
    ),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": _of("modelPackageGroupName"),
    "aws:sagemaker/userProfile:UserProfile": _user_profile,
    "aws:scheduler/schedule:Schedule": _by_name("arn:aws:scheduler:{region}:{account}:schedule/default/{name}"),
    "aws:sfn/stateMachine:StateMachine": _by_name(
        "arn:aws:states:{region}:{account}:stateMachine:{name}", id_from="arn"
    ),
    "aws:sns/topic:Topic": _by_name("arn:aws:sns:{region}:{account}:{name}", id_from="arn"),
    "aws:sns/topicPolicy:TopicPolicy": _of("arn"),
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _by_id("sgr", "security-group-rule"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _by_id("sgr", "security-group-rule"),
}


def _availability_zones(args: Mapping[str, Any], account: str, region: str) -> Mapping[str, Any]:
    """Three zones, as nearly every region has; a real account may see more."""
    return {
        "id": region,
        "region": region,
        "names": [f"{region}{letter}" for letter in "abc"],
        "zoneIds": [f"{region}-az{number}" for number in (1, 2, 3)],
        "groupNames": [region],
    }


LOOKUPS: Mapping[str, Lookup] = {"aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones}
