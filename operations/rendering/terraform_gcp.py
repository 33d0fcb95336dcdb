"""Terraform's names for pulumi-gcp.

Types are those that pulumi-gcp's own bridge metadata gives (9.35, the newest published beside its source), and all of
them are in 10.2. Names and shapes were checked, with every nested input of pulumi-gcp 10.2, against the provider's
schema as `cdktf-cdktf-provider-google-beta` 16.12 carries it (google-beta 7.12) and, for what is newer, against the
source of google-beta 7.45 and the bridge metadata; only `deletion_policy` of a few resources, the service
attachment's `nat_ips_per_endpoint` and the secret's `secret_type` are newer still, each one plain value.

Left out, for Terraform holds as lists what Pulumi gives as one value, or a block where others have a map: access
policies, resource policies and vector indexes. Not translated: external Bigtable tables of BigQuery. No component uses
any of them.
"""

from operations.rendering.tables import Table

_PLURALS = """
    accesses allowed_google_producers_resource_hierarchy_levels allows audit_log_configs backup_geos clusterings
    column_families commands denies envs geos lifecycle_rules locations matches_prefixes matches_storage_classes
    matches_suffixes methods nat64_subnetworks notification_channel_strategies origins project_allowlists
    response_headers secondary_ip_ranges source_ip_ranges_to_nats versions wrrs
"""
_MAPS = """
    annotations attributes custom_attributes dimensions headers keepers label_extractors labels metadata
    parameter_values parameters resource_manager_tags resource_tags system_labels tags user_env_vars user_labels
    version_aliases
"""

GCP = Table(
    provider="google",
    place=("project", "region"),
    resources={
        "accesscontextmanager": "AccessLevel AccessLevelCondition AccessPolicyIamMember ServicePerimeter "
        "ServicePerimeterEgressPolicy ServicePerimeterIngressPolicy ServicePerimeterResource",
        "artifactregistry": "ProjectConfig Repository RepositoryIamBinding RepositoryIamMember VpcscConfig",
        "bigquery": "Connection Dataset DatasetAccess DatasetIamMember IamMember Job Table",
        "billing": "Budget",
        "cloudquota": "SQuotaPreference",
        "cloudscheduler": "Job",
        "colab": "NotebookExecution Runtime RuntimeTemplate RuntimeTemplateIamMember Schedule",
        "compute": "Address Firewall ForwardingRule GlobalAddress GlobalForwardingRule Network NetworkAttachment "
        "NetworkFirewallPolicy NetworkFirewallPolicyAssociation NetworkFirewallPolicyRule NetworkPeering Route Router "
        "RouterNat ServiceAttachment Subnetwork SubnetworkIAMMember",
        "dns": "ManagedZone Policy RecordSet ResponsePolicy ResponsePolicyRule",
        "kms": "AutokeyConfig CryptoKey CryptoKeyIAMBinding CryptoKeyIAMMember CryptoKeyIAMPolicy KeyRing "
        "KeyRingIAMMember",
        "logging": "LogScope LogView Metric ProjectBucketConfig ProjectExclusion ProjectSink",
        "monitoring": "AlertPolicy CustomService Dashboard Group NotificationChannel Slo UptimeCheckConfig",
        "networkconnectivity": "ServiceConnectionPolicy",
        "organizations": "Folder IAMCustomRole IAMMember Project",
        "orgpolicy": "CustomConstraint Policy",
        "projects": "IAMAuditConfig IAMBinding IAMCustomRole IAMMember OrganizationPolicy Service ServiceIdentity",
        "pubsub": "Schema Subscription SubscriptionIAMMember Topic TopicIAMBinding TopicIAMMember",
        "secretmanager": "Secret SecretIamMember SecretVersion",
        "serviceaccount": "Account IAMBinding IAMMember Key",
        "serviceusage": "ConsumerQuotaOverride",
        "storage": "Bucket BucketIAMBinding BucketIAMMember BucketIAMPolicy BucketObject ManagedFolder "
        "ManagedFolderIamMember Notification",
        "vertex": "AiDataset AiDeploymentResourcePool AiEndpoint AiEndpointIamMember "
        "AiEndpointWithModelGardenDeployment AiFeatureGroup AiFeatureGroupFeature AiFeatureGroupIamMember "
        "AiFeatureOnlineStore AiFeatureOnlineStoreFeatureview AiFeatureOnlineStoreIamMember AiFeatureStore "
        "AiFeatureStoreEntityType AiIndexEndpoint AiIndexEndpointDeployedIndex AiMetadataStore AiTensorboard",
        "workbench": "Instance InstanceIamMember",
        "workflows": "Workflow",
    },
    prefixes={
        "accesscontextmanager": "google_access_context_manager_",
        "artifactregistry": "google_artifact_registry_",
        "cloudquota": "google_cloud_quotas_",
        "cloudscheduler": "google_cloud_scheduler_",
        "networkconnectivity": "google_network_connectivity_",
        "organizations": "google_organization_",
        "orgpolicy": "google_org_policy_",
        "projects": "google_project_",
        "secretmanager": "google_secret_manager_",
        "serviceaccount": "google_service_account_",
        "serviceusage": "google_service_usage_",
    },
    types={
        "google_bigquery_iam_member": "google_bigquery_table_iam_member",
        "google_cloud_quotas_s_quota_preference": "google_cloud_quotas_quota_preference",
        "google_organization_folder": "google_folder",
        "google_organization_project": "google_project",
        "google_service_account_account": "google_service_account",
        "google_vertex_ai_feature_store": "google_vertex_ai_featurestore",
        "google_vertex_ai_feature_store_entity_type": "google_vertex_ai_featurestore_entitytype",
    },
    renamed={"google_compute_router_nat": {"subnetworks": "subnetwork"}},
    plurals=frozenset(_PLURALS.split()),
    maps=frozenset(_MAPS.split()),
    shared=frozenset({"location", "project", "region", "zone"}),
)
