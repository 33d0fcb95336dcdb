"""The security-relevant properties of each resource type.

One table with two readers: the inventory shows these properties to whoever reviews a change, and the mutation tests
take each of them away and expect a named rule to notice.
"""

SECURITY_PROPERTIES: dict[str, tuple[str, ...]] = {
    "aws:appautoscaling/target:Target": ("maxCapacity",),
    "aws:budgets/budget:Budget": ("costFilters", "limitAmount", "notifications"),
    "aws:cloudtrail/trail:Trail": (
        "advancedEventSelectors",
        "enableLogFileValidation",
        "includeGlobalServiceEvents",
        "isMultiRegionTrail",
        "kmsKeyId",
    ),
    "aws:cloudwatch/logGroup:LogGroup": ("kmsKeyId", "retentionInDays"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("alarmActions", "dimensions", "metricName", "threshold"),
    "aws:ec2/flowLog:FlowLog": ("logDestination", "trafficType", "vpcId"),
    "aws:ec2/subnet:Subnet": ("mapPublicIpOnLaunch",),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("policy", "serviceName"),
    "aws:ecr/repository:Repository": (
        "encryptionConfigurations",
        "imageScanningConfiguration",
        "imageTagMutability",
    ),
    "aws:iam/role:Role": ("permissionsBoundary",),
    "aws:kms/key:Key": ("deletionWindowInDays", "enableKeyRotation", "policy"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "rules.0.abortIncompleteMultipartUpload",
        "rules.0.noncurrentVersionExpiration",
        "rules.0.status",
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ("rule.objectOwnership",),
    "aws:s3/bucketPolicy:BucketPolicy": ("policy",),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId",
    ),
    "aws:s3/bucketVersioning:BucketVersioning": ("versioningConfiguration.status",),
    "aws:sagemaker/domain:Domain": (
        "appNetworkAccessType",
        "defaultUserSettings.codeEditorAppSettings",
        "defaultUserSettings.jupyterLabAppSettings",
        "defaultUserSettings.securityGroups",
        "kmsKeyId",
    ),
    "aws:sagemaker/endpoint:Endpoint": ("deploymentConfig",),
    "aws:sagemaker/model:Model": ("enableNetworkIsolation", "vpcConfig"),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": ("resourcePolicy",),
    "aws:scheduler/schedule:Schedule": ("kmsKeyArn", "target.retryPolicy"),
    "aws:sfn/stateMachine:StateMachine": ("encryptionConfiguration.kmsKeyId",),
    "aws:sns/topic:Topic": ("kmsMasterKeyId",),
    "pulumi:providers:aws": ("allowedAccountIds", "region"),
}
