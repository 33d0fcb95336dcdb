"""The security-relevant properties of what a stack on Amazon SageMaker creates."""

PROPERTIES: dict[str, tuple[str, ...]] = {
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
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("policy",),
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
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": (
        "dataCaptureConfig.initialSamplingPercentage",
        "dataCaptureConfig.kmsKeyId",
    ),
    "aws:sagemaker/mlflowApp:MlflowApp": (
        "accountDefaultStatus",
        "artifactStoreUri",
        "modelRegistrationMode",
        "roleArn",
    ),
    "aws:sagemaker/model:Model": ("enableNetworkIsolation", "vpcConfig"),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": ("resourcePolicy",),
    "aws:scheduler/schedule:Schedule": ("kmsKeyArn", "target.retryPolicy"),
    "aws:sfn/stateMachine:StateMachine": ("encryptionConfiguration.kmsKeyId",),
    "aws:sns/topic:Topic": ("kmsMasterKeyId",),
    "pulumi:providers:aws": ("allowedAccountIds", "region"),
}

SURVIVORS: dict[str, str] = {}
"""Mutants that no rule notices, by the resource's name and the property's path, and why that is so."""

# What may go without a rule noticing, and why: losing it takes permission or convenience away, never safety.
MAY_GO: dict[str, str] = {
    "aws:iam/rolePolicy:RolePolicy": "a persona that may do less",
    "aws:iam/role:Role": "a persona that does not exist",
    "aws:kms/alias:Alias": "a name for people",
    "aws:sagemaker/userProfile:UserProfile": "one user less",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": "no versions can be registered, none is exposed",
    "aws:sagemaker/model:Model": "nothing to serve",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": "nothing to serve",
    "aws:scheduler/schedule:Schedule": "nothing starts",
    "aws:sfn/stateMachine:StateMachine": "nothing starts",
    "aws:ecr/repository:Repository": "no place for own images",
    "aws:sns/topicPolicy:TopicPolicy": "nobody may publish",
    "aws:sns/topic:Topic": "caught by the engine: alarms refer to it",
    "aws:cloudwatch/logGroup:LogGroup": "caught by the engine: the state machine refers to it",
    "aws:kms/key:Key": "caught by the engine: everything refers to it; each reference is guarded above",
    "aws:s3/bucket:Bucket": "caught by the engine: its parts refer to it",
    "aws:ec2/securityGroup:SecurityGroup": "caught by the engine: models, Studio and endpoints refer to it",
    "aws:ec2/vpc:Vpc": "caught by the engine: everything refers to it",
    "aws:ec2/subnet:Subnet": "caught by the engine: models and endpoints refer to it",
    "aws:iam/policy:Policy": "caught by the engine: roles refer to it; each reference is guarded above",
    "aws:appautoscaling/policy:Policy": "the wake-up step is guarded through its alarm",
    "aws:sagemaker/endpoint:Endpoint": "an endpoint that is switched off",
    "aws:sagemaker/domain:Domain": "a pilot without a workspace pays for endpoints that network-proof reports",
}
