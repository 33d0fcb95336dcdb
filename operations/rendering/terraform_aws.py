"""Terraform's names for pulumi-aws.

Checked, with every nested input of pulumi-aws 7.51, against the provider's schema as `cdktf-cdktf-provider-aws` 21.22
carries it (hashicorp/aws 6). Not translated: nested blocks of ECS targets, predictive scaling, regional NAT gateways
and the bucket's old inline replication, which no component uses.
"""

from operations.rendering.tables import Table

_PLURALS = """
    additional_model_data_sources advanced_event_selectors ands capacity_provider_strategies code_repositories
    container_entrypoints containers cors_rules cost_filters custom_file_system_configs custom_file_systems
    custom_images data_resources efs_file_system_configs encryption_configurations ends_withs event_selectors
    exclusions feature_definitions field_selectors grants image_tag_mutability_exclusion_filters
    include_inference_response_ins inclusions inline_policies insight_selectors kernel_specs lambda_functions
    lifecycle_rules metric_queries monitor_arn_lists noncurrent_version_transitions not_ends_withs not_starts_withs
    notifications ors parameters pipeline_parameter_lists pipeline_parameters planned_limits queues replicas routes
    routing_configs rules s3_data_sources split_charge_rules starts_withs step_adjustments subnet_configurations
    subscribers tag_field_specifications target_grants tierings topics transitions
"""
_MAPS = """
    container_environment_variables dimensions encryption_context_equals encryption_context_subset environment
    header_parameters input_paths metadata parameters query_string_parameters tags timeouts
"""

AWS = Table(
    platform="aws",
    provider="aws",
    where=("region",),
    plurals=frozenset(_PLURALS.split()),
    maps=frozenset(_MAPS.split()),
    # Only Cost Explorer has a block of this name, {key, values}. All others are maps of text to text.
    lookalikes={"tags": "values"},
    documents=frozenset({"assume_role_policy", "policy", "policy_document"}),
    shared=frozenset({"region"}),
)
