"""The simulated AWS: what each resource type answers, with ARNs, ids and URLs of the shape AWS gives them.

Shapes: Service Authorization Reference ("Resource types defined by …") for ARNs; EC2 user guide for 17-digit ids.
"""

from collections.abc import Mapping

from catalogue.answers import Answer, Answering, Lookup, Request, a_guid, attached_to, by_id, by_name, guid
from catalogue.behaviour import EVERYTHING, Behaviour, Ref, in_region


def _key(request: Request) -> Answer:
    key_id = guid(request.hex(32))
    return Answer(key_id, {"keyId": key_id, "arn": f"arn:aws:kms:{request.region}:{request.account}:key/{key_id}"})


def _log_group(request: Request) -> Answer:
    name = request.physical_name()
    return Answer(name, {"name": name, "arn": f"arn:aws:logs:{request.region}:{request.account}:log-group:{name}"})


def _scaling_policy(request: Request) -> Answer:
    name = request.physical_name()
    uuid = guid(request.hex(32))
    resource = f"resource/sagemaker/{request.inputs['resourceId']}:policyName/{name}"
    arn = f"arn:aws:autoscaling:{request.region}:{request.account}:scalingPolicy:{uuid}:{resource}"
    return Answer(name, {"name": name, "arn": arn})


def _scaling_target(request: Request) -> Answer:
    target = f"0{request.hex(29)}"
    arn = f"arn:aws:application-autoscaling:{request.region}:{request.account}:scalable-target/{target}"
    return Answer(str(request.inputs["resourceId"]), {"arn": arn})


def _user_profile(request: Request) -> Answer:
    path = f"{request.inputs['domainId']}/{request.inputs['userProfileName']}"
    arn = f"arn:aws:sagemaker:{request.region}:{request.account}:user-profile/{path}"
    return Answer(arn, {"arn": arn})


def _domain(request: Request) -> Answer:
    id_ = f"d-{request.hex(12)}"
    return Answer(
        id_,
        {
            "arn": f"arn:aws:sagemaker:{request.region}:{request.account}:domain/{id_}",
            "url": f"https://{id_}.studio.{request.region}.sagemaker.aws",
            "homeEfsFileSystemId": f"fs-{request.hex(17)}",
        },
    )


def _subscription(request: Request) -> Answer:
    arn = f"{request.inputs['topic']}:{guid(request.hex(32))}"
    return Answer(arn, {"arn": arn, "pendingConfirmation": True})


def _inline_policy(request: Request) -> Answer:
    name = request.physical_name()
    return Answer(f"{request.inputs['role']}:{name}", {"name": name})


_SAGEMAKER = "arn:aws:sagemaker:{region}:{account}:"

ANSWERS: Mapping[str, Answering] = {
    "pulumi:providers:aws": a_guid,
    "aws:appautoscaling/policy:Policy": _scaling_policy,
    "aws:appautoscaling/target:Target": _scaling_target,
    "aws:budgets/budget:Budget": by_name("arn:aws:budgets::{account}:budget/{name}"),
    "aws:cloudtrail/trail:Trail": by_name("arn:aws:cloudtrail:{region}:{account}:trail/{name}", id_from="arn"),
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": by_name("arn:aws:cloudwatch:{region}:{account}:alarm:{name}"),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": by_id("sg", "security-group"),
    "aws:ec2/flowLog:FlowLog": by_id("fl", "vpc-flow-log"),
    "aws:ec2/routeTable:RouteTable": by_id("rtb", "route-table"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": by_id("rtbassoc"),
    "aws:ec2/securityGroup:SecurityGroup": by_id("sg", "security-group"),
    "aws:ec2/subnet:Subnet": by_id("subnet", "subnet"),
    "aws:ec2/vpc:Vpc": by_id("vpc", "vpc", mainRouteTableId="rtb-{hex}", defaultNetworkAclId="acl-{hex}"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": by_id("vpce", "vpc-endpoint", prefixListId="pl-{hex}"),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": attached_to("repository"),
    "aws:ecr/repository:Repository": by_name(
        "arn:aws:ecr:{region}:{account}:repository/{name}",
        repositoryUrl="{account}.dkr.ecr.{region}.amazonaws.com/{name}",
        registryId="{account}",
    ),
    "aws:iam/policy:Policy": by_name("arn:aws:iam::{account}:policy/{name}", id_from="arn"),
    "aws:iam/role:Role": by_name("arn:aws:iam::{account}:role/{name}", uniqueId="AROA{hex}"),
    "aws:iam/rolePolicy:RolePolicy": _inline_policy,
    "aws:kms/alias:Alias": by_name("arn:aws:kms:{region}:{account}:{name}"),
    "aws:kms/key:Key": _key,
    "aws:s3/bucket:Bucket": by_name(
        "arn:aws:s3:::{name}",
        "bucket",
        bucketDomainName="{name}.s3.amazonaws.com",
        bucketRegionalDomainName="{name}.s3.{region}.amazonaws.com",
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": attached_to("bucket"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": attached_to("bucket"),
    "aws:s3/bucketPolicy:BucketPolicy": attached_to("bucket"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": attached_to("bucket"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": attached_to("bucket"),
    "aws:s3/bucketVersioning:BucketVersioning": attached_to("bucket"),
    "aws:sagemaker/domain:Domain": _domain,
    "aws:sagemaker/endpoint:Endpoint": by_name(_SAGEMAKER + "endpoint/{name}"),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": by_name(_SAGEMAKER + "endpoint-config/{name}"),
    "aws:sagemaker/model:Model": by_name(_SAGEMAKER + "model/{name}"),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": by_name(
        _SAGEMAKER + "model-package-group/{name}", "modelPackageGroupName"
    ),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": attached_to("modelPackageGroupName"),
    "aws:sagemaker/userProfile:UserProfile": _user_profile,
    "aws:scheduler/schedule:Schedule": by_name("arn:aws:scheduler:{region}:{account}:schedule/default/{name}"),
    "aws:sfn/stateMachine:StateMachine": by_name(
        "arn:aws:states:{region}:{account}:stateMachine:{name}", id_from="arn"
    ),
    "aws:sns/topic:Topic": by_name("arn:aws:sns:{region}:{account}:{name}", id_from="arn"),
    "aws:sns/topicPolicy:TopicPolicy": attached_to("arn"),
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": by_id("sgr", "security-group-rule"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": by_id("sgr", "security-group-rule"),
}


LOOKUPS: Mapping[str, Lookup] = {}
"""None: what a stack needs to know of its account stands in its file."""


_KEYS = ("aws:kms/key:Key", "aws:kms/alias:Alias")
_ROLES = ("aws:iam/role:Role",)
_BUCKETS = ("aws:s3/bucket:Bucket",)
_GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
_SUBNETS = ("aws:ec2/subnet:Subnet",)
_VPCS = ("aws:ec2/vpc:Vpc",)
_TOPICS = ("aws:sns/topic:Topic",)
_SAGEMAKER_NAME = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"


def _key_at(*paths: str) -> tuple[Ref, ...]:
    """Keys of the account; a key of AWS's own is nobody's resource."""
    return tuple(Ref(path, _KEYS, only=r"(?!alias/aws/).*") for path in paths)


def _on_bucket() -> Behaviour:
    """A setting of a bucket. S3 puts it: a second create overwrites the first."""
    return Behaviour(frozenset({"bucket", "region"}), refs=(Ref("bucket", _BUCKETS),), second="changes")


def _rule() -> Behaviour:
    refs = (Ref("securityGroupId", _GROUPS, holds=True), Ref("referencedSecurityGroupId", _GROUPS, holds=True))
    return Behaviour(frozenset({"securityGroupId", "region"}), refs=refs)


# Replacements: "Forces new resource" in the Terraform AWS provider's resources, which pulumi-aws bridges. Patterns:
# each service's API reference. What a second create answers: the errors listed there (EntityAlreadyExists, Conflict);
# Put and Register calls overwrite, CreateTopic and CreateStateMachine are idempotent.
BEHAVIOURS: Mapping[str, Behaviour] = {
    "aws:appautoscaling/policy:Policy": Behaviour(
        in_region("name", "resourceId", "scalableDimension", "serviceNamespace"),
        name="name",
        refs=(Ref("resourceId", ("aws:appautoscaling/target:Target",)),),
        second="changes",
    ),
    "aws:appautoscaling/target:Target": Behaviour(
        in_region("resourceId", "scalableDimension", "serviceNamespace"), second="changes"
    ),
    "aws:budgets/budget:Budget": Behaviour(
        frozenset({"name", "accountId", "budgetType"}),
        name="name",
        pattern=r"[^:\\]{1,100}",
        refs=(Ref("notifications.subscriberSnsTopicArns[]", _TOPICS),),
    ),
    "aws:cloudtrail/trail:Trail": Behaviour(
        in_region("name"),
        name="name",
        pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]",
        refs=(*_key_at("kmsKeyId"), Ref("s3BucketName", _BUCKETS, outside=True)),
    ),
    "aws:cloudwatch/logGroup:LogGroup": Behaviour(
        in_region("name", "logGroupClass"), name="name", pattern=r"[.\-_/#A-Za-z0-9]{1,512}", refs=_key_at("kmsKeyId")
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Behaviour(
        in_region("name"),
        name="name",
        pattern=r".{1,255}",
        refs=(Ref("alarmActions[]", _TOPICS, only=r"arn:aws:sns:.*"),),
        second="changes",
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Behaviour(
        in_region("vpcId"), refs=(Ref("vpcId", _VPCS),), second="changes"
    ),
    "aws:ec2/flowLog:FlowLog": Behaviour(
        EVERYTHING,
        refs=(Ref("vpcId", _VPCS), Ref("subnetId", _SUBNETS), Ref("iamRoleArn", _ROLES)),
    ),
    "aws:ec2/routeTable:RouteTable": Behaviour(in_region("vpcId"), refs=(Ref("vpcId", _VPCS, holds=True),)),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Behaviour(
        in_region("subnetId", "gatewayId"),
        unique="{account} {region} {subnetId}",
        refs=(Ref("subnetId", _SUBNETS), Ref("routeTableId", ("aws:ec2/routeTable:RouteTable",), holds=True)),
    ),
    "aws:ec2/securityGroup:SecurityGroup": Behaviour(
        in_region("name", "description", "vpcId"),
        name="name",
        pattern=r"(?!sg-)[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}",
        unique="{account} {region} {vpcId} {name}",
        refs=(Ref("vpcId", _VPCS, holds=True),),
    ),
    "aws:ec2/subnet:Subnet": Behaviour(
        in_region("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6Native", "outpostArn"),
        unique="{account} {region} {vpcId} {cidrBlock}",
        refs=(Ref("vpcId", _VPCS, holds=True),),
    ),
    "aws:ec2/vpc:Vpc": Behaviour(in_region("cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength")),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Behaviour(
        in_region("vpcId", "serviceName", "vpcEndpointType", "serviceRegion"),
        refs=(
            Ref("vpcId", _VPCS, holds=True),
            Ref("subnetIds[]", _SUBNETS, holds=True),
            Ref("securityGroupIds[]", _GROUPS, holds=True),
            Ref("routeTableIds[]", ("aws:ec2/routeTable:RouteTable",)),
        ),
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Behaviour(
        in_region("repository", "policy"),
        refs=(Ref("repository", ("aws:ecr/repository:Repository",)),),
        second="changes",
    ),
    "aws:ecr/repository:Repository": Behaviour(
        in_region("name", "encryptionConfigurations"),
        name="name",
        pattern=r"(?=.{2,256}$)([a-z0-9]+([._-][a-z0-9]+)*/)*[a-z0-9]+([._-][a-z0-9]+)*",
        refs=_key_at("encryptionConfigurations.kmsKey"),
        forced="forceDelete",
    ),
    "aws:iam/policy:Policy": Behaviour(
        frozenset({"name", "path", "description"}), name="name", pattern=r"[\w+=,.@-]{1,128}"
    ),
    "aws:iam/role:Role": Behaviour(
        frozenset({"name", "path"}),
        name="name",
        pattern=r"[\w+=,.@-]{1,64}",
        unique="{account} {name}",
        refs=(Ref("permissionsBoundary", ("aws:iam/policy:Policy",), holds=True),),
    ),
    "aws:iam/rolePolicy:RolePolicy": Behaviour(
        frozenset({"name", "role"}),
        name="name",
        pattern=r"[\w+=,.@-]{1,128}",
        refs=(Ref("role", _ROLES, holds=True),),
        second="changes",
    ),
    "aws:kms/alias:Alias": Behaviour(
        in_region("name"), name="name", pattern=r"alias/[a-zA-Z0-9/_-]{1,250}", refs=_key_at("targetKeyId")
    ),
    "aws:kms/key:Key": Behaviour(in_region("keyUsage", "customerMasterKeySpec", "multiRegion", "customKeyStoreId")),
    "aws:s3/bucket:Bucket": Behaviour(
        in_region("bucket", "objectLockEnabled"),
        name="bucket",
        pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        unique="{bucket}",
        forced="forceDestroy",
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _on_bucket(),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _on_bucket(),
    "aws:s3/bucketPolicy:BucketPolicy": _on_bucket(),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _on_bucket(),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Behaviour(
        frozenset({"bucket", "region"}),
        refs=(Ref("bucket", _BUCKETS), *_key_at("rules.applyServerSideEncryptionByDefault.kmsMasterKeyId")),
        second="changes",
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _on_bucket(),
    "aws:sagemaker/domain:Domain": Behaviour(
        in_region(
            "domainName",
            "vpcId",
            "subnetIds",
            "authMode",
            "kmsKeyId",
            "retentionPolicy",
            "appNetworkAccessType",
            "appSecurityGroupManagement",
            "domainSettings.securityGroupIds",
        ),
        name="domainName",
        pattern=_SAGEMAKER_NAME,
        refs=(
            Ref("vpcId", _VPCS, holds=True),
            Ref("subnetIds[]", _SUBNETS, holds=True),
            Ref("defaultUserSettings.executionRole", _ROLES),
            Ref("defaultUserSettings.securityGroups[]", _GROUPS, holds=True),
            Ref("defaultSpaceSettings.executionRole", _ROLES),
            *_key_at("kmsKeyId"),
        ),
    ),
    "aws:sagemaker/endpoint:Endpoint": Behaviour(
        in_region("name"),
        name="name",
        pattern=_SAGEMAKER_NAME,
        refs=(
            Ref("endpointConfigName", ("aws:sagemaker/endpointConfiguration:EndpointConfiguration",)),
            Ref(
                "deploymentConfig.autoRollbackConfiguration.alarms.alarmName",
                ("aws:cloudwatch/metricAlarm:MetricAlarm",),
            ),
        ),
        machines=True,
    ),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": Behaviour(
        EVERYTHING,
        name="name",
        pattern=_SAGEMAKER_NAME,
        refs=(Ref("productionVariants.modelName", ("aws:sagemaker/model:Model",)), *_key_at("kmsKeyArn")),
    ),
    "aws:sagemaker/model:Model": Behaviour(
        EVERYTHING,
        name="name",
        pattern=_SAGEMAKER_NAME,
        refs=(
            Ref("executionRoleArn", _ROLES),
            Ref("vpcConfig.subnets[]", _SUBNETS),
            Ref("vpcConfig.securityGroupIds[]", _GROUPS),
        ),
    ),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": Behaviour(
        in_region("modelPackageGroupName", "modelPackageGroupDescription"),
        name="modelPackageGroupName",
        pattern=_SAGEMAKER_NAME,
    ),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": Behaviour(
        in_region("modelPackageGroupName"),
        refs=(Ref("modelPackageGroupName", ("aws:sagemaker/modelPackageGroup:ModelPackageGroup",)),),
        second="changes",
    ),
    "aws:sagemaker/userProfile:UserProfile": Behaviour(
        in_region("domainId", "userProfileName", "singleSignOnUserIdentifier", "singleSignOnUserValue"),
        name="userProfileName",
        pattern=_SAGEMAKER_NAME,
        refs=(
            Ref("domainId", ("aws:sagemaker/domain:Domain",), holds=True),
            Ref("userSettings.executionRole", _ROLES),
        ),
    ),
    "aws:scheduler/schedule:Schedule": Behaviour(
        in_region("name", "groupName"),
        name="name",
        pattern=r"[0-9a-zA-Z\-_.]{1,64}",
        refs=(Ref("target.roleArn", _ROLES), *_key_at("kmsKeyArn")),
    ),
    "aws:sfn/stateMachine:StateMachine": Behaviour(
        in_region("name", "type"),
        name="name",
        pattern=r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/]{1,80}",
        refs=(Ref("roleArn", _ROLES), *_key_at("encryptionConfiguration.kmsKeyId")),
        second="changes",
    ),
    "aws:sns/topic:Topic": Behaviour(
        in_region("name", "fifoTopic"),
        name="name",
        pattern=r"[A-Za-z0-9_-]{1,256}(\.fifo)?",
        refs=_key_at("kmsMasterKeyId"),
        second="changes",
    ),
    "aws:sns/topicPolicy:TopicPolicy": Behaviour(in_region("arn"), refs=(Ref("arn", _TOPICS),), second="changes"),
    "aws:sns/topicSubscription:TopicSubscription": Behaviour(
        in_region("topic", "protocol", "endpoint"),
        unique="{topic} {protocol} {endpoint}",
        refs=(Ref("topic", _TOPICS),),
        second="changes",
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule(),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule(),
}
