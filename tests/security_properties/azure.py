"""The security-relevant properties of what a stack on Azure Machine Learning creates."""

_KEY = ("encryption", "encryption.keyVaultProperties.keyIdentifier", "encryption.status")
_SEEN = ("criteria.allOf.0.operator", "criteria.allOf.0.threshold", "enabled", "scopes")

PROPERTIES: dict[str, tuple[str, ...]] = {
    "azure-native:applicationinsights:Component": ("disableLocalAuth", "location", "workspaceResourceId"),
    "azure-native:authorization:PolicyAssignment": (
        "parameters.effect.value",
        "parameters.isolationMode.value",
        "policyDefinitionId",
        "scope",
    ),
    "azure-native:authorization:RoleAssignment": (
        "condition",
        "conditionVersion",
        "principalId",
        "principalType",
        "roleDefinitionId",
        "scope",
    ),
    "azure-native:authorization:RoleDefinition": ("assignableScopes", "scope"),
    "azure-native:consumption:Budget": ("amount", "category", "notifications", "scope", "timeGrain"),
    "azure-native:containerregistry:Registry": (
        *_KEY,
        "adminUserEnabled",
        "anonymousPullEnabled",
        "encryption.keyVaultProperties.identity",
        "identity",
        "location",
        "policies.exportPolicy.status",
        "policies.retentionPolicy.days",
        "policies.retentionPolicy.status",
        "publicNetworkAccess",
    ),
    "azure-native:keyvault:Key": (
        "properties.keyOps",
        "properties.keySize",
        "properties.kty",
        "properties.rotationPolicy",
    ),
    "azure-native:keyvault:Vault": (
        "location",
        "properties.enablePurgeProtection",
        "properties.enableRbacAuthorization",
        "properties.enableSoftDelete",
        "properties.networkAcls.bypass",
        "properties.networkAcls.defaultAction",
        "properties.publicNetworkAccess",
        "properties.softDeleteRetentionInDays",
    ),
    "azure-native:machinelearningservices:BatchDeployment": (
        "deploymentName",
        "properties.environmentId",
        "properties.errorThreshold",
        "properties.model",
        "properties.retrySettings",
        "properties.retrySettings.maxRetries",
        "properties.retrySettings.timeout",
    ),
    "azure-native:machinelearningservices:BatchEndpoint": ("identity", "location", "properties.authMode"),
    "azure-native:machinelearningservices:Compute": (
        "identity",
        "location",
        "properties.disableLocalAuth",
        "properties.properties.applicationSharingPolicy",
        "properties.properties.enableNodePublicIp",
        "properties.properties.idleTimeBeforeShutdown",
        "properties.properties.personalComputeInstanceSettings",
        "properties.properties.remoteLoginPortPublicAccess",
        "properties.properties.scaleSettings",
        "properties.properties.scaleSettings.maxNodeCount",
        "properties.properties.scaleSettings.minNodeCount",
        "properties.properties.scaleSettings.nodeIdleTimeBeforeScaleDown",
        "properties.properties.sshSettings",
        "properties.properties.sshSettings.sshPublicAccess",
        "properties.properties.vmSize",
        "workspaceName",
    ),
    "azure-native:machinelearningservices:Datastore": (
        "properties.credentials",
        "properties.credentials.credentialsType",
        "properties.protocol",
    ),
    "azure-native:machinelearningservices:EnvironmentVersion": ("properties.image",),
    "azure-native:machinelearningservices:OnlineDeployment": (
        "deploymentName",
        "endpointName",
        "properties.endpointComputeType",
        "properties.environmentId",
        "properties.instanceType",
        "properties.model",
        "sku.capacity",
        "workspaceName",
    ),
    "azure-native:machinelearningservices:OnlineEndpoint": (
        "identity",
        "location",
        "properties.authMode",
        "properties.publicNetworkAccess",
        "workspaceName",
    ),
    "azure-native:machinelearningservices:Schedule": (
        "properties.action.jobDefinition.identity",
        "properties.action.jobDefinition.jobType",
        "properties.action.jobDefinition.jobs.score.componentId",
        "properties.action.jobDefinition.jobs.score.identity",
        "properties.action.jobDefinition.jobs.score.limits.timeout",
        "properties.action.jobDefinition.notificationSetting",
        "properties.action.jobDefinition.tags",
    ),
    "azure-native:machinelearningservices:Workspace": (
        "allowPublicAccessWhenBehindVnet",
        "containerRegistry",
        "hbiWorkspace",
        "identity",
        "imageBuildCompute",
        "keyVault",
        "location",
        "managedNetwork",
        "managedNetwork.isolationMode",
        "primaryUserAssignedIdentity",
        "publicNetworkAccess",
        "storageAccount",
        "systemDatastoresAuthMode",
        "v1LegacyMode",
    ),
    "azure-native:monitor:ActionGroup": ("emailReceivers", "enabled"),
    "azure-native:monitor:AutoscaleSetting": ("enabled", "profiles", "targetResourceUri"),
    "azure-native:monitor:DiagnosticSetting": ("logs", "resourceUri", "workspaceId"),
    "azure-native:monitor:MetricAlert": (*_SEEN, "actions", "criteria", "criteria.allOf.0.metricName"),
    "azure-native:monitor:ScheduledQueryRule": (*_SEEN, "actions", "criteria", "criteria.allOf.0.query"),
    "azure-native:network:NetworkSecurityGroup": (
        "securityRules",
        "securityRules.0.destinationPortRange",
        "securityRules.0.sourceAddressPrefix",
        "securityRules.1",
        "securityRules.1.access",
        "securityRules.2.destinationAddressPrefix",
        "securityRules.3",
        "securityRules.3.access",
    ),
    "azure-native:network:PrivateDnsZoneGroup": ("privateDnsZoneConfigs", "privateEndpointName"),
    "azure-native:network:PrivateEndpoint": ("location", "privateLinkServiceConnections", "subnet"),
    "azure-native:network:Subnet": (
        "defaultOutboundAccess",
        "networkSecurityGroup",
        "privateEndpointNetworkPolicies",
    ),
    "azure-native:operationalinsights:Workspace": ("features.disableLocalAuth", "location", "retentionInDays"),
    "azure-native:privatedns:PrivateZone": ("privateZoneName",),
    "azure-native:privatedns:VirtualNetworkLink": ("privateZoneName", "registrationEnabled", "virtualNetwork"),
    "azure-native:storage:BlobContainer": ("publicAccess",),
    "azure-native:storage:BlobServiceProperties": (
        "containerDeleteRetentionPolicy.days",
        "containerDeleteRetentionPolicy.enabled",
        "deleteRetentionPolicy.days",
        "deleteRetentionPolicy.enabled",
        "isVersioningEnabled",
    ),
    "azure-native:storage:FileServiceProperties": ("shareDeleteRetentionPolicy.enabled",),
    "azure-native:storage:ManagementPolicy": ("policy.rules", "policy.rules.0.enabled"),
    "azure-native:storage:StorageAccount": (
        "allowBlobPublicAccess",
        "allowCrossTenantReplication",
        "allowSharedKeyAccess",
        "allowedCopyScope",
        "defaultToOAuthAuthentication",
        "enableHttpsTrafficOnly",
        "encryption",
        "encryption.encryptionIdentity",
        "encryption.keySource",
        "encryption.keyVaultProperties.keyName",
        "encryption.requireInfrastructureEncryption",
        "identity",
        "isLocalUserEnabled",
        "location",
        "minimumTlsVersion",
        "networkRuleSet.defaultAction",
        "publicNetworkAccess",
    ),
    "mlplatform:azure:RolesInForce": ("assignments", "minutes"),
    "mlplatform:azure:Traffic": (
        "bakeMinutes",
        "canaryPercent",
        "deployment",
        "endpoint",
        "errorRatePercent",
        "p95LatencyMs",
    ),
    "pulumi:providers:azure-native": ("location", "subscriptionId"),
}

SURVIVORS: dict[str, str] = (
    {
        f"azure-pilot-{job}-schedule properties.action.jobDefinition.{part}identity gone": (
            "a pipeline's identity and that of its step are the same, and either stands for both"
        )
        for job in ("document-embedder", "fraud-backfill")
        for part in ("", "jobs.score.")
    }
    | {
        f"azure-pilot-{what}-in-force minutes gone": "our own provider refuses it, for the input is required"
        for what in ("identity", "key")
    }
    | {
        f"azure-pilot-{what}-assignable {key} gone": "our own provider refuses it, for the input is required"
        for what in ("access", "identity")
        for key in ("assignments", "minutes")
    }
)
"""Mutants that no rule notices, by the resource's name and the property's path, and why that is so."""

# What may go without a rule noticing, and why: losing it takes permission or convenience away, never safety.
MAY_GO: dict[str, str] = {
    "azure-native:authorization:RoleAssignment": "a persona that may do less",
    "azure-native:machinelearningservices:BatchDeployment": "no runs by hand; the schedule's are jobs of their own",
    "azure-native:machinelearningservices:ComponentContainer": "caught by the engine: its versions refer to it",
    "azure-native:machinelearningservices:ComponentVersion": "caught by the engine: pipelines refer to it",
    "azure-native:machinelearningservices:Compute": "caught by the engine: jobs refer to it; or one user less",
    "azure-native:machinelearningservices:Datastore": "nothing to read artifacts from",
    "azure-native:machinelearningservices:EnvironmentContainer": "caught by the engine: its versions refer to it",
    "azure-native:machinelearningservices:EnvironmentVersion": "caught by the engine: deployments refer to it",
    "azure-native:machinelearningservices:ModelContainer": "caught by the engine: its versions refer to it",
    "azure-native:machinelearningservices:ModelVersion": "caught by the engine: deployments refer to it",
    "azure-native:machinelearningservices:Schedule": "nothing starts",
    "mlplatform:azure:RolesInForce": "of those that wait for role definitions: an assignment that comes too early is "
    "refused, and the next `up` makes it",
}
