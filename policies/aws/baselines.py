"""What AWS's own baselines ask of kinds of SageMaker that no stack of this program makes.

They speak of programs of others: notebook instances, training jobs, monitoring and feature groups. Which control each
rule answers is data, in policies/baselines/.
"""

from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import scheduler, sfn
from catalogue.properties import Properties
from policies.aws.experiments import is_recorded
from policies.rule import KEPT_FOR_EVER, resource_rule, stack_rule

NOTEBOOK = "aws:sagemaker/notebookInstance:NotebookInstance"
FEATURES = "aws:sagemaker/featureGroup:FeatureGroup"
TRAINING = "aws:sagemaker/trainingJob:TrainingJob"
QUALITY = "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition"
MONITORING = "aws:sagemaker/monitoringSchedule:MonitoringSchedule"
_SUPPORTED = "notebook-al2023-v1"
_PROCESSES = "createProcessingJob"


@resource_rule(
    "network-notebook-closed",
    NOTEBOOK,
    severity="high",
    says="A notebook instance works in the VPC, without root, under a key and on a platform that AWS still mends.",
    remedy="Use the workspace in its place; or set subnet_id, security_groups, kms_key_id, direct_internet_access and "
    f"root_access 'Disabled', and platform_identifier '{_SUPPORTED}'.",
)
def notebook(props: Properties) -> Iterator[str]:
    """AWS's defaults are the internet, root and its own key.

    https://docs.aws.amazon.com/securityhub/latest/userguide/sagemaker-controls.html (SageMaker.1, 2, 3, 8, 21)
    """
    if props.text_or_empty("directInternetAccess") != "Disabled":
        yield "has a way to the internet of its own"
    if not props.is_given("subnetId") or not props.is_given("securityGroups"):
        yield "stands outside the VPC"
    if props.text_or_empty("rootAccess") != "Disabled":
        yield "lets people work as root"
    if not props.is_given("kmsKeyId"):
        yield "keeps its volume without a key"
    if props.text_or_empty("platformIdentifier") != _SUPPORTED:
        yield f"runs on another platform than {_SUPPORTED}, and AWS mends no other for much longer"


@stack_rule(
    "network-jobs-isolated",
    TRAINING,
    QUALITY,
    MONITORING,
    *sfn.DEFINED,
    scheduler.SCHEDULE,
    severity="high",
    says="A training, processing or monitoring job runs in the VPC, opens no connection, and encrypts what it sends.",
    remedy="Set the job's network isolation, its inter-container traffic encryption and its VPC configuration.",
)
def jobs_isolated(graph: Graph, resource: Resource) -> Iterator[str]:
    """Every job that a program names, by itself, in a state machine or in a pipeline. A transform job has no network of
    its own.

    https://docs.aws.amazon.com/securityhub/latest/userguide/sagemaker-controls.html (SageMaker.9, 11, 14 and 22)
    """
    for where, network, prefix, told in _networks(graph, resource):
        if network.flag_or_none(f"{prefix}nableNetworkIsolation") is not True and not told:
            yield f"can open connections of its own{where}"
        if network.flag_or_none(f"{prefix}nableInterContainerTrafficEncryption") is not True:
            yield f"sends data between its machines in the clear{where}"
        vpc = "vpcConfig.subnets" if prefix == "e" else "VpcConfig.Subnets"
        if not network.is_given(vpc):
            yield f"runs outside the VPC{where}"


def _networks(graph: Graph, resource: Resource) -> Iterator[tuple[str, Properties, str, bool]]:
    """Each section that says a job's network, where it stands, the first letter of its switches, and whether its runs
    are recorded, which the stack file says: such a run calls MLflow."""
    props = resource.props
    if resource.type == TRAINING:
        yield "", props, "e", False
    elif resource.type == QUALITY:
        yield "", props.section_or_empty("networkConfig"), "e", False
    elif resource.type == MONITORING:
        schedule = props.section_or_empty("monitoringScheduleConfig")
        if schedule.is_given("monitoringJobDefinition"):
            yield "", schedule.section_or_empty("monitoringJobDefinition.networkConfig"), "e", False
    else:
        for job in sfn.jobs_of(graph, resource):
            recorded, processes = is_recorded(graph, job), job.action == _PROCESSES
            networks = [job.request.section_or_empty("NetworkConfig")] if processes else job.trainings()
            yield from ((f" ({job.state})", network, "E", recorded) for network in networks)


@resource_rule(
    "encryption-job-volumes",
    TRAINING,
    severity="high",
    says="A training job of its own resource encrypts its volumes and what it leaves with a key.",
    remedy="Set volume_kms_key_id of its resource_config and kms_key_id of its output_data_config.",
    never_waived=KEPT_FOR_EVER,
)
def job_volumes(props: Properties) -> Iterator[str]:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/encryption-at-rest.html"""
    if not props.is_given("resourceConfig.volumeKmsKeyId"):
        yield "works on volumes without a key"
    if not props.is_given("outputDataConfig.kmsKeyId"):
        yield "writes its model without a key"


@resource_rule(
    "encryption-feature-store",
    FEATURES,
    severity="high",
    says="A feature group keeps its offline and its online store under a key.",
    remedy="Set kms_key_id of s3_storage_config and of the online store's security_config.",
    never_waived=KEPT_FOR_EVER,
)
def feature_store(props: Properties) -> Iterator[str]:
    """https://docs.aws.amazon.com/securityhub/latest/userguide/sagemaker-controls.html (SageMaker.17 and 18)"""
    offline, online = "offlineStoreConfig", "onlineStoreConfig"
    if props.is_given(offline) and not props.is_given(f"{offline}.s3StorageConfig.kmsKeyId"):
        yield "keeps its offline store without a key"
    if props.is_given(online) and not props.is_given(f"{online}.securityConfig.kmsKeyId"):
        yield "keeps its online store without a key"


RULES = [notebook, jobs_isolated, job_volumes, feature_store]
