"""Each metric and each column that is asked for is one that Azure has: a misspelt one answers nothing, and never rings.

The columns are those of Microsoft's pages of the tables, as of 2026-07:
https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/amlonlineendpointtrafficlog (and
amlonlineendpointeventlog, amlcomputejobevent).
"""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from catalogue.graph import Graph
from catalogue.kinds.azure.machinelearningservices import ONLINE_DEPLOYMENT, SERVED
from policies.azure.published import METRICS
from policies.azure.queries import TABLES
from tests.catching import caught
from tests.policies.azure.test_rules import ALERT, QUERY, SCALING, Mutation, losing, rewriting, setting

ROOT = Path(__file__).parents[3]
COLUMNS: Mapping[str, str] = {
    "AmlOnlineEndpointTrafficLog": "AuthType AzureMLWorkspaceId AzureMLWorkspaceName DeploymentName EndpointName "
    "IdentityData Location Method ModelStatusCode ModelStatusReason OperationName Path Protocol RequestDurationMs "
    "RequestPayloadSize RequestThrottlingDelayMs ResponseCode ResponseCodeReason ResponseDurationMs "
    "ResponsePayloadSize ResponseThrottlingDelayMs TimeGenerated TotalDurationMs _ResourceId _SubscriptionId",
    "AmlOnlineEndpointEventLog": "DeploymentName InstanceId Message Name OperationName TimeGenerated _ResourceId "
    "_SubscriptionId",
    "AmlComputeJobEvent": "ClusterId ClusterName ClusterResourceGroupName CreationApiVersion CustomerSubscriptionId "
    "ErrorDetails EventType ExecutionState ExperimentId ExperimentName InternalOperationName JobErrorMessage JobId "
    "JobName NodeId OperationName ProvisioningState ResourceGroupName ResultSignature RunInContainer "
    "TFParameterServerCount TFWorkerCount TimeGenerated ToolType WorkspaceName _ResourceId _SubscriptionId",
}
TRIGGER, CONDITION = "profiles.0.rules.0.metricTrigger", "criteria.allOf.0"
DIMENSIONS = [{"name": "deployments", "operator": "Include", "values": ["v"]}]


def test_a_query_may_ask_for_columns_that_the_table_has() -> None:
    assert {table: sorted(known - {*COLUMNS[table].split()}) for table, known in TABLES.items()} == {
        table: [] for table in COLUMNS
    }


ASKED_ELSEWHERE = {
    "provider/azure/traffic.py": ("deployment", "statusCodeClass"),
    "operations/idle/azure.py": ("deployment",),
    "operations/doctor/azure.py": (),
}
"""Who asks Azure Monitor beside the alarms, and by which dimensions."""


@pytest.mark.parametrize("file", ASKED_ELSEWHERE)
def test_whoever_else_asks_for_a_metric_asks_for_one_that_is_published(file: str) -> None:
    text, known = (ROOT / file).read_text(encoding="utf-8"), {*METRICS[SERVED], *METRICS[ONLINE_DEPLOYMENT]}
    asked = {*re.findall(r'"((?:Requests?|Deployment|Cpu|Gpu|Connections)[A-Za-z_0-9]+)"', text)}
    assert asked and asked <= known, f"{file} asks for what nobody publishes: {asked - known}"
    for dimension in ASKED_ELSEWHERE[file]:
        assert f"{dimension} eq" in text and dimension in METRICS[SERVED]["RequestsPerMinute"].dimensions


WRONG: list[tuple[str, Mutation]] = [
    ("rollback-alarm-dimensions", setting(ALERT, f"{CONDITION}.metricName", "RequestLatencyP95")),
    ("rollback-alarm-dimensions", setting(ALERT, f"{CONDITION}.timeAggregation", "Maximum")),
    ("rollback-alarm-dimensions", setting(ALERT, f"{CONDITION}.metricNamespace", "Microsoft.MachineLearningServices")),
    ("rollback-alarm-dimensions", setting(ALERT, f"{CONDITION}.dimensions", DIMENSIONS)),
    ("rollback-alarm-dimensions", losing(ALERT, CONDITION)),
    ("limits-scaling-policy", setting(SCALING, f"{TRIGGER}.metricName", "RequestPerMinute")),
    ("limits-scaling-policy", setting(SCALING, f"{TRIGGER}.metricNamespace", "Microsoft.MachineLearningServices/x")),
    ("limits-scaling-policy", setting(SCALING, f"{TRIGGER}.statistic", "Max")),
    ("limits-scaling-policy", setting(SCALING, f"{TRIGGER}.dimensions.0.dimensionName", "deployments")),
    ("rollback-alarm-rings", rewriting(QUERY, f"{CONDITION}.query", "EndpointName ==", "Endpoint ==", "errors")),
    ("rollback-alarm-rings", rewriting(QUERY, f"{CONDITION}.query", "toint(ResponseCode)", "toint(Code)", "errors")),
    ("rollback-alarm-rings", rewriting(QUERY, f"{CONDITION}.query", "TrafficLog", "Trafficlog", "errors")),
    ("rollback-alarm-rings", rewriting(QUERY, f"{CONDITION}.query", "ExperimentName", "Experiment", "failed")),
    ("rollback-alarm-rings", setting(QUERY, "windowSize", "P2D", "errors")),
]
"""What is misspelt, and the rule that tells."""


@pytest.mark.parametrize(("rule", "mutation"), WRONG, ids=[f"{i}-{rule}" for i, (rule, _) in enumerate(WRONG)])
def test_what_is_misspelt_is_told(azure_pilot: Graph, rule: str, mutation: Mutation) -> None:
    assert caught(mutation(azure_pilot), rule) == {rule}


def test_a_name_is_read_in_any_case(azure_pilot: Graph) -> None:
    """As Azure does: https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/resource-name-rules"""
    lower = setting(
        ALERT, f"{CONDITION}.metricNamespace", "microsoft.machinelearningservices/workspaces/onlineendpoints"
    )
    assert not caught(lower(azure_pilot), "rollback-alarm-dimensions")
