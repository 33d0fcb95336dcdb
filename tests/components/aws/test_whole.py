"""A program of another project makes a working whole of the components, each of what the others put out."""

from dataclasses import replace
from typing import Any, cast

import pulumi
import pulumi_aws

from catalogue.graph import Graph
from components.aws import experiments
from components.aws.audit import Audit
from components.aws.batch import BatchJob
from components.aws.budget import Budget
from components.aws.encryption import Encryption
from components.aws.endpoint import Endpoint
from components.aws.experiments import Experiments
from components.aws.identity import Identity
from components.aws.logs import JobLogs
from components.aws.monitoring import Alerts
from components.aws.network import Network
from components.aws.pipeline import Pipeline, PipelineArgs
from components.aws.registry import Registry
from components.aws.training import TrainingJob
from components.aws.workspace import REACH, Workspace
from components.shapes import Replicas
from operations.evaluation import evaluate
from operations.offline import record
from policies import pack
from tests.components.aws.examples import ACCOUNT, ASYNC, EXAMPLES, MODEL, REGION, TRAINING


def whole() -> None:
    """Every component once, and the endpoint in both ways."""
    provider = pulumi_aws.Provider("aws", region=REGION, allowed_account_ids=[ACCOUNT])

    def make(component: type[Any], name: str, **given: Any) -> Any:
        args: Any = replace(cast(Any, EXAMPLES[component.__name__]), **given)
        return component(name, args, pulumi.ResourceOptions(providers=[provider]))

    # To whom versions go is said in a stack file.
    key = make(Encryption, "it-key", readers=[])
    keys = {"data_key_arn": key.data_key_arn}
    registry = make(Registry, "it-registry", readers=[], given=[], **keys)
    audit = make(Audit, "it-audit", logs_key_arn=key.logs_key_arn, data_bucket_arns=[registry.bucket_arn])
    reach = [*REACH, *experiments.REACH]
    network = make(Network, "it-network", flow_log_bucket_arn=audit.bucket_arn, reach=reach, joined=())
    subnets = list(network.subnet_ids.values())
    identity = make(
        Identity,
        "it-identity",
        # Who calls, and which jobs' runs are recorded, is said in a stack file.
        needs=replace(EXAMPLES["Identity"].needs, callers=(), recorded_jobs=()),
        bucket_arn=registry.bucket_arn,
        repository_arn=registry.repository_arn,
        subnet_ids=subnets,
        **keys,
    )
    alerts = make(Alerts, "it-alerts", logs_key_arn=key.logs_key_arn)
    make(JobLogs, "it-logs", logs_key_arn=key.logs_key_arn)
    make(Budget, "it-budget", topic_arn=alerts.topic_arn)
    place = {"subnet_ids": subnets, "security_group_id": network.workload_security_group_id}
    artifact = pulumi.Output.concat("s3://", registry.bucket_name, "/scorer/1/model.tar.gz")
    serving, batch = (
        replace(MODEL, artifact_uri=artifact, role_arn=identity.role_arns[persona], **place)
        for persona in ("serving", "batch")
    )
    runs = {"volume_key_arn": key.data_key_arn, "topic_arn": alerts.topic_arn}
    results = replace(
        ASYNC,
        output_uri=pulumi.Output.concat("s3://", registry.bucket_name, "/async/embedder/"),
        failure_uri=pulumi.Output.concat("s3://", registry.bucket_name, "/async/embedder-failed/"),
        output_key_arn=key.data_key_arn,
    )
    make(Endpoint, "it-scorer", model=serving, replicas=Replicas(2, 3), logs_key_arn=key.logs_key_arn, **runs)
    queued = {
        "online": None,
        "asynchronous": results,
        "replicas": Replicas(0, 2),
        "logs_key_arn": key.logs_key_arn,
    }
    make(Endpoint, "it-embedder", endpoint_name="it-embedder", model=serving, **queued, **runs)
    make(
        Experiments,
        "it-experiments",
        artifact_uri=pulumi.Output.concat("s3://", registry.bucket_name, "/experiments/"),
        role_arn=identity.records_role_arn,
    )
    make(
        TrainingJob,
        "it-weekly",
        output_uri=pulumi.Output.concat("s3://", registry.bucket_name, "/training/weekly/"),
        role_arn=identity.role_arns["training"],
        pipeline_role_arn=identity.role_arns["pipeline"],
        logs_key_arn=key.logs_key_arn,
        **place,
        **keys,
        **runs,
    )
    bucket = pulumi.Output.concat("s3://", registry.bucket_name, "/training/weekly/")
    train = replace(TRAINING, output_uri=bucket, role_arn=identity.role_arns["training"], **place, **keys)
    train = replace(train, volume_key_arn=key.data_key_arn, topic_arn=alerts.topic_arn, logs_key_arn=key.logs_key_arn)
    steps = cast(PipelineArgs, EXAMPLES["Pipeline"]).steps
    make(
        Pipeline,
        "it-path",
        steps=[replace(one, training=train if one.training else None) for one in steps],
        output_uri=pulumi.Output.concat("s3://", registry.bucket_name, "/pipelines/path/"),
        role_arn=identity.role_arns["training"],
        pipeline_role_arn=identity.role_arns["pipeline"],
        **place,
        **keys,
        **runs,
    )
    make(
        BatchJob,
        "it-nightly",
        model=batch,
        pipeline_role_arn=identity.role_arns["pipeline"],
        logs_key_arn=key.logs_key_arn,
        **keys,
        **runs,
    )
    make(
        Workspace,
        "it-workspace",
        vpc_id=network.vpc_id,
        role_arn=identity.role_arns["data-scientist"],
        **place,
        **keys,
    )


def test_a_whole_of_outputs_passes_every_rule() -> None:
    graph: Graph = record(whole, "it", "aws", {})
    made = {r.type.rpartition(":")[2] for r in graph.resources if r.is_component}
    assert made == set(EXAMPLES) - {"Controls"}, "those are a landing zone's own"
    # A project of somebody else has no stack file, so nobody has declared its quotas, or named the key that it gives.
    theirs = evaluate(replace(graph, ours=False), pack.RULES["aws"]).findings
    found = [each for each in theirs if each.mandatory and each.rule != "quota-undeclared"]
    assert [str(finding) for finding in found] == []
