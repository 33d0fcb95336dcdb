"""The words that people of this field type into a stack file, and what to do here instead: one table.

They come from the pages of SageMaker, Vertex AI and Azure Machine Learning and from Terraform and KServe. A word that
becomes a key of a section is a known key there, and its line here speaks for the other places only.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from catalogue.wording import close, listed, nearest


@dataclass(frozen=True)
class Known:
    """What a word is here: `means` is the key that says the same, where there is one; `instead` is what to do.

    `exactly` is the key that takes the same values, which not every place has that has `means`.
    """

    means: str = ""
    instead: str = ""
    exactly: str = ""


_ONE = "a stack has one account and one region; write a stack file for each"
_GROUP = "the stack makes a resource group of its own, of the name of its file; leave it out"
_TENANT = "the directory is that of the subscription, which mlplatform:account names; leave it out"
_OUTBOUND = "machines reach what the stack's own sections name, and no more; leave it out"
_SERVED_CODE = "there is no scoring script beside a model: build code and packages into its image"
_CALLERS = "callers come with the platform's own identities, and never with keys; leave it out"
_PERIMETER = "a service perimeter is the organisation's, around its projects; no stack makes one, leave it out"
_PROJECT = "a stack stands in one project, which exists, and whose billing account it reads; leave it out"
_DEPLOYED = "an endpoint of mlplatform:endpoints is one deployed model: say its model, machine and replicas there"
_IMAGE = "a container's image and what it answers are a model's, under mlplatform:models"
_SIZE = "the number of accelerators follows from the family or machine_type of an endpoint or batch job; leave it out"
_ON_DEMAND = "reservations and Flex-start are not there yet; every machine is on demand"
_NETWORK = (
    "the stack makes a private network of its own from mlplatform:network.cidr; name an existing one in a landing zone "
    "(organisation/README.md)"
)
_DERIVED = "private endpoints follow from the sections of the stack file; leave it out"
_CLOSED = "nothing in a stack has a public address or a route to the internet; leave it out"
_KEYS = "the stack encrypts with customer-managed keys of its own; leave it out, an existing key cannot be given yet"
_ROLES = "the stack makes one least-privilege identity for each persona; leave it out"
_TAGS = (
    "tags are made of platform, stack, team, cost_center, environment and owner; a landing zone adds others "
    "(extra_tags in organisation/README.md)"
)
_MACHINE = "a machine is named by the family or the machine_type of an endpoint or batch job, and by no other section"
_REPLICAS = "say min_replicas and max_replicas of an endpoint, or replicas of a batch job or training job"
_SCALING = "an endpoint scales between min_replicas and max_replicas; leave it out"
_ZERO = "on aws make the endpoint one of kind async with min_replicas 0, elsewhere a batch job"
_ROLLOUT = "a new version comes in by canary and rollback of an online endpoint; other rollouts are not there yet"
_SHADOW = "shadow traffic is not there yet; a new version comes in by canary and rollback of an online endpoint"
_WATCHED = "every endpoint has alarms, which go to the owner; say what is kept of its requests as its capture"
_CAPTURED = (
    "say how much is kept of requests and answers, and how long, as capture: {percent, days} of an endpoint of kind "
    "online; an async endpoint has both in the artifact bucket already"
)
_TRAINING = "what trains a model stands under mlplatform:training; a trained artifact is named under mlplatform:models"
_TUNING = "a training job searches its hyperparameters where it says tuning, under mlplatform:training"
_PIPELINES = "the steps from data to a version stand under mlplatform:pipelines; scoring under mlplatform:batch_jobs"
_PARAMETERS = (
    "a run takes no parameters; what a step is told are its options, and what differs is a pipeline of its own, or the "
    "stack file of another stack"
)
_STARTED = (
    "a schedule or a person starts a run; what is to start one when data come is yours, and does what `mlplatform run` "
    "prints"
)
_AGAIN = "what the platform could not start is tried again, and what failed is not; leave it out"
_CACHED = "no step is cached, and each run does all of them; leave it out"
_WAITS = "a step begins once those have ended that it reads: name them under its inputs"
_BRANCHES = (
    "no step is left out of a run; one that is to stop it is a program that ends with another exit code than 0, and "
    "what is to wait for it reads it"
)
_EACH = "each item is written out under a name of its own; leave it out"
_MEASURED = "let a program of a step under mlplatform:pipelines measure it, and stop the run; reports are not there yet"
_ONE_MODEL = (
    "an endpoint of kind online serves one model, which model names; on aws kind multi-model serves several, each as a "
    "caller names it; none splits its requests between models, nor hands them on from one to the next"
)
_CODE = "code is built into the image, which a pinned tag or a digest names; leave it out"
_ENDED = "machines end with their run; leave it out"
_TOGETHER = "say replicas of a training job; its program joins them, as the platform tells it the others"
_APPROVED = "a person decides on a version by `mlplatform approve`, and on an edit in its review; leave it out"
_FEATURES = "a feature store is not there yet; leave it out"
_TRACKING = "runs are recorded where the stack file has mlplatform:experiments, to the platform's own service"
_CLUSTERS = "clusters of your own are not there yet; endpoints and batch jobs run on the platform's machines"
_SPOT = (
    "training jobs alone take Spot machines, as spot: {checkpoint_uri, wait_hours}; every other machine is on demand"
)
_SECRETS = "secrets are not there yet; keep them out of a stack file, which everybody can read"
_CONTAINER = "say it of a model, under mlplatform:models"
_STORAGE = (
    "the stack makes storage for artifacts of its own; name data by artifact_uri, input_uri and output_uri, and a "
    "bucket of others under mlplatform:sources"
)
_REGISTRY = "the stack makes a registry of its own; name one of others under mlplatform:sources"
_NAMED = "a stack has the name of its file, and a model, endpoint or batch job that of its key; leave it out"
_VERSION = "a version of the registry stands beside registered and digest under mlplatform:models"
_LOGS = "every stack has an audit trail and logs, whose retention no stack file sets; leave it out"
_ALERTS = "alerts go to mlplatform:owner; leave it out"
_PROTECTED = "what holds state is protected by itself; leave it out"
_LLM = "models of a provider's catalogue are not there yet; serve one of your own under mlplatform:models"
_LIMITS = "limits and quotas are the company's; they stand in organisation/limits.yaml"
_WAIVERS = "waivers are the company's; they stand in organisation/waivers.yaml"
_ENV = "a container's environment variables stand under environment of its model, in mlplatform:models"
_LANDING = "what the organisation has already stands in a landing zone, which the stack names (organisation/README.md)"
_ISOLATED = "every container is isolated from the network where the platform can do that; leave it out"
_SERVERLESS = (
    "serverless endpoints are not there; on aws one of kind async with min_replicas 0 costs nothing while idle"
)
_QUEUE = "an endpoint that answers through a queue is one of kind async, on aws alone"
_SHARED = "each endpoint serves one model on machines of its own; models that share machines are not there yet"
_VOLUMES = "the platform sizes the volumes of its machines; leave it out"
_VERSIONED = "a version of the registry is named by registered, version and digest under mlplatform:models"
_RESERVED = "reserved capacity is not there yet; every machine is on demand"
_STUDIO = "people have JupyterLab and Code Editor, as the platform ships them; leave it out"
_LINES = "a batch job scores what its format says, and writes what the model answers; leave it out"
_CREDENTIALS = "credentials are those of whoever runs pulumi, and stand in no stack file; leave it out"

_TABLE: tuple[tuple[str, Known], ...] = (
    # what Google Cloud alone calls by these names
    ("organization org_id folder_id billing_account", Known(instead=_PROJECT)),
    ("shared_vpc host_project service_project psa", Known(instead=_NETWORK)),
    ("firewall firewall_rules router cloud_nat", Known(instead=_CLOSED)),
    ("psc psc_config private_service_connect private_service_connect_config psc_interface", Known(instead=_DERIVED)),
    ("dedicated_endpoint dedicated_endpoint_enabled network_attachment", Known(instead=_DERIVED)),
    ("vpc_sc service_perimeter access_policy", Known(instead=_PERIMETER)),
    ("kms_key_name crypto_key encryption_spec", Known(instead=_KEYS)),
    ("service_accounts service_account_email workload_identity", Known(instead=_ROLES)),
    ("machine_spec tpu", Known("family", _MACHINE)),
    ("accelerator_count gpu_count tpu_topology", Known(instead=_SIZE)),
    ("reservation reservations reservation_affinity flex_start dws", Known(instead=_ON_DEMAND)),
    ("autoscaling_metric_specs", Known(instead=_SCALING)),
    ("container_spec serving_container_image_uri container_image_uri", Known("image", _IMAGE)),
    ("deployed_model deployed_models dedicated_resources", Known(instead=_DEPLOYED)),
    ("batch_prediction batch_prediction_job batch_prediction_jobs", Known("batch_jobs")),
    ("custom_job custom_jobs worker_pool_specs", Known("training", _TRAINING)),
    ("hyperparameter_tuning_job", Known(instead=_TUNING)),
    ("kfp kubeflow composer airflow", Known("pipelines", _PIPELINES)),
    ("tensorboard", Known("experiments", _TRACKING)),
    ("metadata_store", Known(instead=_TRACKING)),
    ("bucket_name gcs_bucket dataset datasets", Known(instead=_STORAGE)),
    ("repository repositories", Known(instead=_REGISTRY)),
    ("colab", Known("workspace", "people work in mlplatform:workspace")),
    # where a stack runs, and whose it is
    ("project project_id subscription subscription_id account_id aws_account_id", Known("account")),
    ("location aws_region", Known("region")),
    ("accounts projects subscriptions regions locations", Known(instead=_ONE)),
    ("cloud provider", Known("platform")),
    ("resource_group resource_group_name", Known(instead=_GROUP)),
    ("tenant tenant_id", Known(instead=_TENANT)),
    ("stage env", Known("environment", _ENV)),
    ("environment", Known(instead=_ENV)),
    ("environment_variables env_vars", Known("environment", _ENV)),
    ("profile aws_profile credentials assume_role", Known(instead=_CREDENTIALS)),
    ("contact email owner_email", Known("owner")),
    ("cost_centre cost_code", Known("cost_center")),
    ("name stack stack_name", Known(instead=_NAMED)),
    ("tags labels default_tags", Known(instead=_TAGS)),
    ("limits quota quotas", Known(instead=_LIMITS)),
    ("waiver waivers exception exceptions", Known(instead=_WAIVERS)),
    # network, keys and identities
    ("vpc vpc_id vpc_config vnet vnet_id virtual_network network_id", Known(instead=_NETWORK)),
    ("subnet subnets subnet_id subnet_ids subnetwork security_group security_groups", Known(instead=_NETWORK)),
    ("security_group_ids nsg peering", Known(instead=_NETWORK)),
    ("private_endpoint private_endpoints vpc_endpoint vpc_endpoints private_link", Known(instead=_DERIVED)),
    ("private_dns_zone private_dns_zones private_dns dns_zone", Known(instead=_NETWORK)),
    ("managed_network isolation_mode outbound_rule outbound_rules allowed_domains", Known(instead=_OUTBOUND)),
    ("internet internet_access public public_access public_ip egress nat nat_gateway", Known(instead=_CLOSED)),
    ("cidr_block address_space address_prefix ip_range", Known("cidr", _NETWORK)),
    ("availability_zones azs", Known("zones", "name zones under mlplatform:network and mlplatform:workspace")),
    ("kms kms_key kms_key_id kms_key_arn encryption encryption_key cmek cmk key_vault", Known(instead=_KEYS)),
    ("role roles role_arn execution_role iam permissions identity service_account", Known(instead=_ROLES)),
    ("managed_identity user_assigned_identity role_assignments rbac", Known(instead=_ROLES)),
    ("auth_mode authentication api_key", Known(instead=_CALLERS)),
    ("secret secrets", Known(instead=_SECRETS)),
    ("execution_role_arn", Known(instead=_ROLES)),
    ("permissions_boundary permissions_boundary_arn boundary role_path", Known(instead=_LANDING)),
    ("existing_network hub transit_gateway transit_gateway_id dns route53", Known(instead=_LANDING)),
    ("network_isolation enable_network_isolation", Known(instead=_ISOLATED)),
    # machines and how many
    ("instance_type vm_size instance machine node_type sku", Known("family", _MACHINE, "machine_type")),
    ("machine_type family hardware compute", Known("family", _MACHINE)),
    ("gpu gpus accelerator accelerators accelerator_type", Known("family", _MACHINE)),
    ("min_instances min_capacity min_replica_count min_nodes min_scale", Known("min_replicas", _REPLICAS)),
    ("max_instances max_capacity max_replica_count max_nodes max_scale", Known("max_replicas", _REPLICAS)),
    ("instances instance_count initial_instance_count replica_count node_count", Known("replicas", _REPLICAS)),
    ("replicas", Known(instead=_REPLICAS)),
    ("scaling autoscaling auto_scaling autoscale scale_settings", Known(instead=_SCALING)),
    ("scale_to_zero", Known(instead=_ZERO)),
    ("spot preemptible low_priority vm_priority", Known("spot", _SPOT)),
    ("training_plan capacity_reservation reserved_capacity savings_plan", Known(instead=_RESERVED)),
    ("volume_size volume_size_in_gb volume_size_gb ebs_volume_size", Known(instead=_VOLUMES)),
    ("compute_cluster compute_clusters compute_target", Known(instead=_CLUSTERS)),
    ("cluster clusters hyperpod kubernetes eks gke aks", Known(instead=_CLUSTERS)),
    # models, endpoints and batch jobs
    ("image_uri container_image docker_image container", Known("image")),
    ("model_data model_data_url model_uri storage_uri model_path artifact artifacts", Known("artifact_uri")),
    ("command args port predict_route health_route start_up_seconds", Known(instead=_CONTAINER)),
    ("ports container_port", Known("port", _CONTAINER)),
    ("health_check health_path liveness_probe readiness_probe", Known("health_route", _CONTAINER)),
    ("entrypoint commands", Known("command", _CONTAINER)),
    ("arguments container_args", Known("args", _CONTAINER)),
    (
        "startup_timeout startup_probe start_up_time container_startup_health_check_timeout_in_seconds",
        Known("start_up_seconds", _CONTAINER),
    ),
    ("model_version version", Known(instead=_VERSION)),
    ("endpoint_config endpoint_configs deployment deployments online_endpoint online_endpoints", Known("endpoints")),
    ("scoring_script entry_script code_configuration conda_file inference_config", Known(instead=_SERVED_CODE)),
    ("predictor inference_service", Known("endpoints", "a served model stands under mlplatform:endpoints")),
    ("batch batch_transform batch_endpoints transform_jobs batch_predictions jobs cron_jobs", Known("batch_jobs")),
    ("type", Known("kind")),
    ("model_name", Known("model")),
    ("model_package model_package_arn model_package_group", Known(instead=_VERSIONED)),
    ("serverless_config memory_size max_concurrency provisioned_concurrency", Known(instead=_SERVERLESS)),
    ("async_config async_inference_config", Known(instead=_QUEUE)),
    ("inference_component inference_components", Known(instead=_SHARED)),
    ("shadow shadow_variant shadow_variants shadow_production_variants mirror_traffic", Known(instead=_SHADOW)),
    ("canary", Known(instead="a canary is that of an online endpoint; other endpoints have none yet")),
    ("models inference_pipeline serial_inference", Known(instead=_ONE_MODEL)),
    ("traffic traffic_split blue_green rolling_update ab_test variants production_variants", Known(instead=_ROLLOUT)),
    ("target_requests requests_per_minute invocations_per_instance", Known("requests_per_replica_per_minute")),
    ("latency p95 p95_latency", Known("p95_latency_ms")),
    ("error_rate", Known("error_rate_percent")),
    ("percentage weight", Known("percent")),
    ("bake_time", Known("bake_minutes")),
    ("cron schedule_expression", Known("schedule")),
    ("tz time_zone", Known("timezone")),
    ("off_hours office_hours working_hours business_hours opening_hours", Known("hours")),
    (
        "timeout max_runtime max_runtime_seconds max_runtime_in_seconds timeout_minutes",
        Known("max_hours", "max_hours bounds a batch job, in hours"),
    ),
    ("input input_data input_path", Known("input_uri")),
    ("input_uris data_sources inputs", Known("inputs")),
    ("output output_data output_path s3_output_path", Known("output_uri")),
    ("content_type instances_format input_format", Known("format", _LINES)),
    ("split_type batch_strategy assemble_with join_source data_processing max_payload", Known(instead=_LINES)),
    ("max_concurrent_transforms max_concurrency_per_instance", Known("concurrency", _LINES)),
    ("batch_size mini_batch_size", Known("records_per_request", _LINES)),
    # what people work in, and what it costs
    ("notebook notebooks studio workbench domain jupyter", Known("workspace", "people work in mlplatform:workspace")),
    ("idle_timeout auto_shutdown idle_shutdown", Known("idle_timeout_minutes")),
    ("members people user_profiles data_scientists", Known("users")),
    ("object_id object_ids aad_object_ids entra_ids", Known("principals", "people stand in mlplatform:workspace")),
    ("compute_instance compute_instances", Known("workspace", "people work in mlplatform:workspace")),
    ("amount monthly_limit max_cost", Known("monthly_usd", "say it in mlplatform:budget.monthly_usd")),
    ("storage bucket buckets datastore datastores", Known(instead=_STORAGE)),
    ("registry model_registry ecr acr container_registry artifact_registry", Known(instead=_REGISTRY)),
    # what there is none of
    ("training train training_job training_jobs", Known("training", _TRAINING)),
    ("tuning hyperparameter_tuning hpo sweep", Known(instead=_TUNING)),
    ("pipeline pipelines workflow workflows", Known("pipelines", _PIPELINES)),
    ("parameters pipeline_parameters runtime_parameters job_parameters", Known(instead=_PARAMETERS)),
    ("trigger triggers on_data event events event_bridge eventbridge pubsub event_grid", Known(instead=_STARTED)),
    ("retry retries retry_policy retry_policies max_retries retry_settings", Known(instead=_AGAIN)),
    ("cache cache_config caching enable_caching force_rerun is_deterministic", Known(instead=_CACHED)),
    ("after depends_on dependencies dependent_tasks upstream", Known(instead=_WAITS)),
    ("when condition conditions if_steps else_steps condition_step fail_step", Known(instead=_BRANCHES)),
    ("for_each matrix fan_out map parallel_for", Known(instead=_EACH)),
    ("data_quality quality_check model_quality bias explainability clarify evaluation", Known(instead=_MEASURED)),
    ("approval manual_approval approvers", Known(instead=_APPROVED)),
    ("hyper_parameters static_hyperparameters", Known("hyperparameters", _TRAINING)),
    ("distribution distributed mpi torch_distributed", Known("replicas", _TOGETHER)),
    ("keep_alive_period keep_alive_period_in_seconds warm_pool", Known(instead=_ENDED)),
    ("source_dir code code_path git git_source git_repository notebook_path", Known(instead=_CODE)),
    ("feature_store feature_group feature_groups features", Known(instead=_FEATURES)),
    ("experiment experiments mlflow tracking tracking_server", Known("experiments", _TRACKING)),
    ("processing processing_job processing_jobs", Known("pipelines", _PIPELINES)),
    ("lifecycle_config lifecycle_configs canvas rstudio spaces", Known(instead=_STUDIO)),
    (
        "capture data_capture data_capture_config data_collector payload_logging request_logging "
        "request_response_logging predict_request_response_logging_config bigquery_destination",
        Known("capture", _CAPTURED),
    ),
    ("monitoring model_monitor drift drift_detection", Known(instead=_WATCHED)),
    ("alarm alarms alert alerts notifications", Known(instead=_ALERTS)),
    ("logging logs log_retention log_analytics app_insights application_insights", Known(instead=_LOGS)),
    ("protect deletion_protection", Known(instead=_PROTECTED)),
    ("llm bedrock foundation_models model_garden guardrails jumpstart", Known(instead=_LLM)),
)

WORDS: Mapping[str, Known] = {word: known for words, known in _TABLE for word in words.split()}
"""Every word of the table, in lower case with '_' between its parts."""


def known_word(word: str) -> Known | None:
    """What the table says of a word, in any case and with any of '_', '-' and capitals between its parts."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word[:100])
    return WORDS.get(parted.replace("-", "_").lower())


def unknown(word: str, keys: Iterable[str], prefix: str = "") -> tuple[str, str | None]:
    """The sentence on a key that is none of `keys`, and the one that it stands for, where there is one.

    A word of the table is never taken for a slip of another: it has a meaning of its own.
    """
    keys, known = list(keys), known_word(word)
    if known is None or word in keys:  # a key that lacks its prefix
        return f"unknown key{nearest(word, keys, prefix)}", close(word, keys)
    if known.exactly in keys:
        return f"unknown key; did you mean {prefix}{known.exactly}?", known.exactly
    if known.means in keys:
        return f"unknown key; did you mean {prefix}{known.means}?", known.means
    return f"unknown key; {known.instead}" if known.instead else f"unknown key{listed(keys, prefix)}", None
