"""Terraform's names for pulumi-gcp's properties. The types' names stand in the records.

Names and shapes were checked, with every nested input of pulumi-gcp 10.2, against the provider's schema as
`cdktf-cdktf-provider-google-beta` 16.12 carries it (google-beta 7.12) and, for what is newer, against the source of
google-beta 7.45 and the bridge metadata; only `deletion_policy` of a few resources, the service attachment's
`nat_ips_per_endpoint` and the secret's `secret_type` are newer still, each one plain value.

Access policies, resource policies and vector indexes are left out: Terraform has lists there where Pulumi has one
value, or a block where other resources have a map. External Bigtable tables of BigQuery are not translated. No
component uses any of these.
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
    platform="gcp",
    provider="google",
    where=("project", "region"),
    plurals=frozenset(_PLURALS.split()),
    maps=frozenset(_MAPS.split()),
    shared=frozenset({"location", "project", "region", "zone"}),
)
