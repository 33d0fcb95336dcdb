"""The simulated AWS: what each resource type answers, with ARNs, ids and URLs of the shape AWS gives them.

Shapes: Service Authorization Reference ("Resource types defined by …") for ARNs; EC2 user guide for 17-digit ids.
"""

from collections.abc import Mapping

from sandbox.alarms import alarms
from sandbox.behaviour import EVERYTHING, Behaviour, Changer, Ref, Refused, values
from sandbox.cloud import Lookup, Made, Maker, Request
from sandbox.state import Json, Record, State


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


LOOKUPS: Mapping[str, Lookup] = {}
"""None: what a stack needs to know of its account stands in its file."""


def _blue_green(state: State, record: Record, wanted: Json) -> Json:
    """SageMaker serves another configuration unless an alarm of the endpoint's own rings: it then takes it back.

    The provider waits for InService, which a rolled back endpoint is, and reports success (issues 46663 and 48997 of
    terraform-provider-aws). An endpoint whose present configuration was deleted cannot be updated (issue 40048).
    """
    serves = record.inputs["endpointConfigName"]
    if wanted["endpointConfigName"] == serves:
        return {}
    if not state.get("aws:sagemaker/endpointConfiguration:EndpointConfiguration", serves, record.account):
        arn = f"arn:aws:sagemaker:{record.region}:{record.account}:endpoint-config/{serves}"
        said = f'ValidationException: Could not find endpoint configuration "{arn}".'
        raise Refused(
            f"updating SageMaker AI Endpoint ({record.name}): operation error SageMaker: UpdateEndpoint, {said}"
        )
    ringing = {alarm.name for alarm in alarms(state) if alarm.rings}
    watched = values(wanted, "deploymentConfig.autoRollbackConfiguration.alarms.alarmName")
    rang = sorted(ringing & set(watched))
    if not rang:
        return {}
    said = f"taken back: {wanted['endpointConfigName']}, for {rang[0]} rings"
    state.log("rollback", record.type, record.name, record.id, said=said)
    return {"endpointConfigName": serves}


CHANGERS: Mapping[str, Changer] = {"aws:sagemaker/endpoint:Endpoint": _blue_green}


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


def _replaces(*paths: str) -> frozenset[str]:
    return frozenset({*paths, "region"})


# Replacements: "Forces new resource" in the Terraform AWS provider's resources, which pulumi-aws bridges. Patterns:
# each service's API reference. What a second create answers: the errors listed there (EntityAlreadyExists, Conflict);
# Put and Register calls overwrite, CreateTopic and CreateStateMachine are idempotent.
BEHAVIOURS: Mapping[str, Behaviour] = {
    "aws:appautoscaling/policy:Policy": Behaviour(
        _replaces("name", "resourceId", "scalableDimension", "serviceNamespace"),
        name="name",
        refs=(Ref("resourceId", ("aws:appautoscaling/target:Target",)),),
        second="changes",
    ),
    "aws:appautoscaling/target:Target": Behaviour(
        _replaces("resourceId", "scalableDimension", "serviceNamespace"), second="changes"
    ),
    "aws:budgets/budget:Budget": Behaviour(
        frozenset({"name", "accountId", "budgetType"}),
        name="name",
        pattern=r"[^:\\]{1,100}",
        refs=(Ref("notifications.subscriberSnsTopicArns[]", _TOPICS),),
    ),
    "aws:cloudtrail/trail:Trail": Behaviour(
        _replaces("name"),
        name="name",
        pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]",
        refs=(*_key_at("kmsKeyId"), Ref("s3BucketName", _BUCKETS, outside=True)),
    ),
    "aws:cloudwatch/logGroup:LogGroup": Behaviour(
        _replaces("name", "logGroupClass"), name="name", pattern=r"[.\-_/#A-Za-z0-9]{1,512}", refs=_key_at("kmsKeyId")
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Behaviour(
        _replaces("name"),
        name="name",
        pattern=r".{1,255}",
        refs=(Ref("alarmActions[]", _TOPICS, only=r"arn:aws:sns:.*"),),
        second="changes",
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Behaviour(
        _replaces("vpcId"), refs=(Ref("vpcId", _VPCS),), second="changes"
    ),
    "aws:ec2/flowLog:FlowLog": Behaviour(
        EVERYTHING,
        refs=(Ref("vpcId", _VPCS), Ref("subnetId", _SUBNETS), Ref("iamRoleArn", _ROLES)),
    ),
    "aws:ec2/routeTable:RouteTable": Behaviour(_replaces("vpcId"), refs=(Ref("vpcId", _VPCS, holds=True),)),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Behaviour(
        _replaces("subnetId", "gatewayId"),
        unique="{account} {region} {subnetId}",
        refs=(Ref("subnetId", _SUBNETS), Ref("routeTableId", ("aws:ec2/routeTable:RouteTable",), holds=True)),
    ),
    "aws:ec2/securityGroup:SecurityGroup": Behaviour(
        _replaces("name", "description", "vpcId"),
        name="name",
        pattern=r"(?!sg-)[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}",
        unique="{account} {region} {vpcId} {name}",
        refs=(Ref("vpcId", _VPCS, holds=True),),
    ),
    "aws:ec2/subnet:Subnet": Behaviour(
        _replaces("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6Native", "outpostArn"),
        unique="{account} {region} {vpcId} {cidrBlock}",
        refs=(Ref("vpcId", _VPCS, holds=True),),
    ),
    "aws:ec2/vpc:Vpc": Behaviour(_replaces("cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength")),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Behaviour(
        _replaces("vpcId", "serviceName", "vpcEndpointType", "serviceRegion"),
        refs=(
            Ref("vpcId", _VPCS, holds=True),
            Ref("subnetIds[]", _SUBNETS, holds=True),
            Ref("securityGroupIds[]", _GROUPS, holds=True),
            Ref("routeTableIds[]", ("aws:ec2/routeTable:RouteTable",)),
        ),
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Behaviour(
        _replaces("repository", "policy"),
        refs=(Ref("repository", ("aws:ecr/repository:Repository",)),),
        second="changes",
    ),
    "aws:ecr/repository:Repository": Behaviour(
        _replaces("name", "encryptionConfigurations"),
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
        _replaces("name"), name="name", pattern=r"alias/[a-zA-Z0-9/_-]{1,250}", refs=_key_at("targetKeyId")
    ),
    "aws:kms/key:Key": Behaviour(_replaces("keyUsage", "customerMasterKeySpec", "multiRegion", "customKeyStoreId")),
    "aws:s3/bucket:Bucket": Behaviour(
        _replaces("bucket", "objectLockEnabled"),
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
        _replaces(
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
        _replaces("name"),
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
        _replaces("modelPackageGroupName", "modelPackageGroupDescription"),
        name="modelPackageGroupName",
        pattern=_SAGEMAKER_NAME,
    ),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": Behaviour(
        _replaces("modelPackageGroupName"),
        refs=(Ref("modelPackageGroupName", ("aws:sagemaker/modelPackageGroup:ModelPackageGroup",)),),
        second="changes",
    ),
    "aws:sagemaker/userProfile:UserProfile": Behaviour(
        _replaces("domainId", "userProfileName", "singleSignOnUserIdentifier", "singleSignOnUserValue"),
        name="userProfileName",
        pattern=_SAGEMAKER_NAME,
        refs=(
            Ref("domainId", ("aws:sagemaker/domain:Domain",), holds=True),
            Ref("userSettings.executionRole", _ROLES),
        ),
    ),
    "aws:scheduler/schedule:Schedule": Behaviour(
        _replaces("name", "groupName"),
        name="name",
        pattern=r"[0-9a-zA-Z\-_.]{1,64}",
        refs=(Ref("target.roleArn", _ROLES), *_key_at("kmsKeyArn")),
    ),
    "aws:sfn/stateMachine:StateMachine": Behaviour(
        _replaces("name", "type"),
        name="name",
        pattern=r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/]{1,80}",
        refs=(Ref("roleArn", _ROLES), *_key_at("encryptionConfiguration.kmsKeyId")),
        second="changes",
    ),
    "aws:sns/topic:Topic": Behaviour(
        _replaces("name", "fifoTopic"),
        name="name",
        pattern=r"[A-Za-z0-9_-]{1,256}(\.fifo)?",
        refs=_key_at("kmsMasterKeyId"),
        second="changes",
    ),
    "aws:sns/topicPolicy:TopicPolicy": Behaviour(_replaces("arn"), refs=(Ref("arn", _TOPICS),), second="changes"),
    "aws:sns/topicSubscription:TopicSubscription": Behaviour(
        _replaces("topic", "protocol", "endpoint"),
        unique="{topic} {protocol} {endpoint}",
        refs=(Ref("topic", _TOPICS),),
        second="changes",
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule(),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule(),
}
