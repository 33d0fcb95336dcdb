"""What once passed in silence: a job that reads or writes what its file does not say, an alarm that rings too late.

Each case asks one rule alone, of the stack file that has every section, so that many of them cost little.
"""

import re
from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph
from catalogue.runs import RUNS_PER_MONTH
from operations import facts
from policies import pack
from stacks.config import STACKS
from tests.catching import caught
from tests.mutate import changed, put, without
from tests.policies.azure.test_rules import (
    ALERT,
    COMPUTE,
    GROUP,
    KEY,
    LIFECYCLE,
    ML,
    QUERY,
    SCALING,
    SCHEDULE,
    STORAGE,
    VNET,
    Mutation,
    first,
    losing,
    rewriting,
    setting,
)
from tests.previewing import preview
from tests.rows import rows

TRAFFIC = "mlplatform:azure:Traffic"
COMPONENT, JOB = f"{ML}:ComponentVersion", "properties.action.jobDefinition"
SCORE, TRAIN = f"{JOB}.jobs.score", f"{JOB}.jobs.train"
COMMAND, ENVIRONMENT = (f"properties.componentSpec.{word}" for word in ("command", "environment"))
READ, WRITTEN = f"{JOB}.inputs.cards.uri", f"{JOB}.outputs.scores.uri"
KEY_URI = "encryption.keyVaultProperties.keyVaultUri"
QUERIED = "criteria.allOf.0.query"
ENVIRONMENT_VERSION, BUDGET = f"{ML}:EnvironmentVersion", "azure-native:consumption:Budget"
ACPT = "mcr.microsoft.com/azureml/curated/acpt-pytorch-2.2-cuda12.1"
MODELS = "azureml://registries/azureml/models/x/versions/1"
IN_FORCE, ASSIGNMENT = "mlplatform:azure:RolesInForce", "azure-native:authorization:RoleAssignment"


@pytest.fixture(scope="module")
def whole() -> Graph:
    """The graph of the stack file that has every section."""
    return preview(STACKS / "Pulumi.azure-full.yaml")


@pytest.fixture(scope="module")
def scheduled(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """The same, whose model is trained every night."""
    said = (STACKS / "Pulumi.azure-full.yaml").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("stacks") / "Pulumi.azure-full.yaml"
    path.write_text(said.replace("runs_per_month: 8", "schedule: 0 3 * * *"), encoding="utf-8")
    return preview(path)


def more(type_: str, path: str, key: str, value: Any, name: str = "") -> Mutation:
    """A member more in a section of the first resource of a type."""

    def mutate(graph: Graph) -> Graph:
        def change(properties: dict[str, Any]) -> None:
            section: Any = properties
            for part in path.split("."):
                section = section[part]
            section[key] = value

        return changed(graph, first(graph, type_, name), change)

    return mutate


def spoilt(graph: Graph) -> Graph:
    """The identity of a run with more behind its id: Azure ML runs it as nobody, at four in the morning."""
    path = f"{JOB}.identity.clientId"
    said = first(graph, SCHEDULE, "backfill").props.text_or_empty(path)
    return setting(SCHEDULE, path, f"{said} x", "backfill")(graph)


SILENT: list[tuple[str, Mutation]] = [
    ("world-containers", setting(SCHEDULE, f"{SCORE}.environment_variables", {"LD_PRELOAD": "/mnt/x.so"}, "backfill")),
    (
        "world-containers",
        setting(SCHEDULE, f"{TRAIN}.environment_variables", {"HTTPS_PROXY": "10.9.9.9:3"}, "training"),
    ),
    ("world-containers", rewriting(COMPONENT, COMMAND, "exec train", "pip install more && exec train", "training")),
    ("world-containers", rewriting(COMPONENT, COMMAND, "exec train", "exec train --seed=1", "training")),
    ("world-containers", setting(COMPONENT, COMMAND, "exec train", "training")),
    ("world-containers", setting(COMPONENT, COMMAND, "exec train 'x", "training")),
    ("world-folders", rewriting(SCHEDULE, READ, "paths/cards/", "paths/salaries/", "backfill")),
    ("world-folders", rewriting(SCHEDULE, READ, "paths/cards/", "paths/", "backfill")),
    ("world-folders", rewriting(SCHEDULE, READ, "datastores/artifacts/", "datastores/workspaceblobstore/", "backfill")),
    ("world-folders", setting(SCHEDULE, f"{JOB}.inputs.model.uri", MODELS, "backfill")),
    ("world-folders", setting(SCHEDULE, f"{JOB}.inputs.model.uri", "azureml:fraud-scorer@latest", "backfill")),
    (
        "world-folders",
        rewriting(SCHEDULE, WRITTEN, "batch/fraud-backfill/", "registry/mlplatform-example/1/", "backfill"),
    ),
    ("world-folders", rewriting(SCHEDULE, WRITTEN, "batch/fraud-backfill/", "transfers/", "backfill")),
    ("world-folders", rewriting(SCHEDULE, WRITTEN, "batch/fraud-backfill/", "batch/document-embedder/", "backfill")),
    ("world-folders", rewriting(SCHEDULE, WRITTEN, "batch/fraud-backfill/", "batch/../x/", "backfill")),
    ("world-folders", rewriting(SCHEDULE, WRITTEN, "${{name}}/", "", "backfill")),
    ("limits-batch-started", rewriting(COMPONENT, COMMAND, "--content-type csv", "--content-type json", "backfill")),
    ("limits-batch-started", rewriting(COMPONENT, COMMAND, "-P 4", "-P 16", "backfill")),
    ("world-containers", rewriting(COMPONENT, COMMAND, "cards/", "cards/ curl", "backfill")),
    ("world-containers", rewriting(COMPONENT, COMMAND, "mv ", "rm ", "backfill")),
    ("world-containers", rewriting(COMPONENT, COMMAND, "return 1", "return 0", "backfill")),
    ("world-containers", rewriting(COMPONENT, COMMAND, "  return 1\n", "", "backfill")),
    ("world-containers", rewriting(COMPONENT, COMMAND, "set -euo pipefail\n", "", "backfill")),
    ("world-containers", rewriting(COMPONENT, COMMAND, "count % WORLD_SIZE", "count % 2", "backfill")),
    ("world-containers", rewriting(COMPONENT, COMMAND, "transfers/\n", "cards/\n", "backfill")),
    ("world-containers", rewriting(COMPONENT, COMMAND, "in 1 2 3", "in 1", "backfill")),
    ("world-folders", rewriting(SCHEDULE, f"{JOB}.outputs.output.uri", "${{name}}/", "", "training")),
    ("world-folders", rewriting(SCHEDULE, f"{JOB}.outputs.checkpoints.uri", "checkpoints/", "", "training")),
    ("world-folders", setting(f"{ML}:ModelVersion", "properties.modelUri", "azureml://jobs/x/outputs/model")),
    ("workflow-environment", rewriting(COMPONENT, ENVIRONMENT, "fraud-scorer", "document-embedder", "backfill")),
    ("inputs-allowed", setting(SCHEDULE, f"{JOB}.inputs.cards.mode", "ReadWriteMount", "backfill")),
    ("inputs-allowed", setting(SCHEDULE, f"{JOB}.outputs.scores.mode", "Upload", "backfill")),
    ("inputs-allowed", setting(SCHEDULE, f"{JOB}.outputs.scores.jobOutputType", "mlflow_model", "backfill")),
    ("inputs-allowed", setting(SCHEDULE, f"{SCORE}.limits.timeout", "PT1S", "backfill")),
    ("inputs-allowed", setting(SCHEDULE, f"{SCORE}.limits.job_limits_type", "Sweep", "backfill")),
    ("inputs-allowed", setting(SCHEDULE, f"{SCORE}.resources.instance_count", "2 ", "backfill")),
    ("inputs-allowed", setting(SCHEDULE, "properties.trigger.timeZone", "Europe/Berlin", "backfill")),
    ("inputs-allowed", setting(COMPONENT, "properties.componentSpec.is_deterministic", True)),
    (
        "inputs-allowed",
        setting(LIFECYCLE, "policy.rules.0.definition.actions.version.delete", {"daysAfterCreationGreaterThan": 1}),
    ),
    ("inputs-allowed", setting(KEY, "properties.rotationPolicy.lifetimeActions.0.trigger.timeAfterCreate", "P1D")),
    ("inputs-allowed", setting(f"{ML}:BatchDeployment", "properties.outputFileName", "../x.csv")),
    ("inputs-allowed", setting(f"{ML}:BatchDeployment", "properties.retrySettings.timeout", "PT1S")),
    ("inputs-allowed", setting(f"{ML}:OnlineDeployment", "properties.requestSettings.requestTimeout", "PT0S")),
    ("inputs-allowed", setting(f"{ML}:OnlineDeployment", "properties.readinessProbe.period", "PT9999S")),
    ("inputs-known", more(SCHEDULE, f"{JOB}.outputs.scores", "assetName", "fraud-scorer", "backfill")),
    ("inputs-known", more(SCHEDULE, f"{JOB}.outputs.scores", "autoDeleteSetting", {"value": "1d"}, "backfill")),
    ("inputs-known", more(SCHEDULE, f"{JOB}.inputs.cards", "pathOnCompute", "/etc", "backfill")),
    ("inputs-known", more(SCHEDULE, SCORE, "queue_settings", {"job_tier": "Spot"}, "backfill")),
    ("inputs-own", setting(COMPONENT, "properties.componentSpec.name", "other")),
    ("world-folders", setting(SCHEDULE, f"{JOB}.inputs.model.jobInputType", "custom_model", "backfill")),
    ("network-addresses", setting(VNET, "addressSpace.addressPrefixes", ["10.0.0.0/8"])),
    ("network-default-denied", setting(GROUP, "securityRules.3.priority", 100)),
    ("limits-scaling-policy", setting(SCALING, "profiles.0.capacity.default", "4")),
    ("limits-scaling-policy", setting(SCALING, "profiles.0.capacity.minimum", "4")),
    ("limits-scaling-policy", setting(SCALING, "profiles.0.rules.0.scaleAction.value", "9")),
    ("limits-scaling-policy", setting(SCALING, "profiles.0.rules.0.scaleAction.cooldown", "PT24H")),
    ("limits-scaling-policy", setting(SCALING, "profiles.0.rules.0.metricTrigger.timeWindow", "PT12H")),
    ("limits-scaling-policy", setting(SCALING, "profiles.0.rules.0.metricTrigger.operator", "LessThan")),
    ("limits-scaling-policy", setting(SCALING, "profiles.0.rules.1.metricTrigger.threshold", 301)),
    ("rollback-alarms", setting(ALERT, "criteria.allOf.0.threshold", 251)),
    ("rollback-alarms", setting(QUERY, "criteria.allOf.0.threshold", 2, "errors")),
    ("rollback-batch-watched", setting(QUERY, "criteria.allOf.0.threshold", 100, "training-late")),
    ("rollback-batch-watched", rewriting(QUERY, QUERIED, "'fraud-training'", "'fraud'", "training-late")),
    ("rollback-batch-watched", rewriting(QUERY, QUERIED, "ago(7h)", "ago(40h)", "training-late")),
    ("rollback-batch-watched", rewriting(QUERY, QUERIED, "'JobFailed', ", "", "training-late")),
    ("rollback-batch-watched", setting(QUERY, "criteria.allOf.0.threshold", 100, "training-failed")),
    ("world-containers", rewriting(COMPONENT, COMMAND, "count=0", "pip install more", "backfill")),
    ("world-containers", rewriting(COMPONENT, COMMAND, "--env-manager local", "--env-manager conda", "backfill")),
    ("world-containers", setting(COMPONENT, COMMAND, "true", "backfill")),
    ("world-containers", setting(ENVIRONMENT_VERSION, "properties.image", f"{ACPT}:43", "training")),
    ("limits-stated", setting(BUDGET, "amount", 2499)),
    ("cost-budget", setting(BUDGET, "timePeriod.startDate", "2136-01-01T00:00:00Z")),
    ("cost-budget", setting(BUDGET, "timePeriod.startDate", "2026-01-02T00:00:00Z")),
    ("cost-budget", setting(BUDGET, "timePeriod.startDate", "soon")),
    ("limits-stated", setting(SCHEDULE, f"properties.tags.{RUNS_PER_MONTH}", "7", "training")),
    ("limits-stated", setting(SCHEDULE, f"{TRAIN}.resources.instance_count", 2, "training")),
    ("limits-stated", setting(SCHEDULE, f"{SCORE}.limits.timeout", "PT2H", "backfill")),
    ("audit-images-answer", setting(ENVIRONMENT_VERSION, "properties.inferenceConfig.scoringRoute.port", 22, "scorer")),
    ("limits-stated", setting(TRAFFIC, "bakeMinutes", 1440)),
    ("limits-stated", setting(TRAFFIC, "mirrorPercent", 50)),
    ("limits-stated", setting(TRAFFIC, "p95LatencyMs", 249)),
    ("identity-roles-in-force", losing(IN_FORCE, "assignments.0", "access-assignable")),
    ("world-ids", rewriting(f"{ML}:Workspace", "applicationInsights", "components/", "components/x y/")),
    ("world-principals", spoilt),
    (
        "world-principals",
        setting(f"{ML}:Datastore", "properties.subscriptionId", "11112222-3333-4444-5555-66667777888x"),
    ),
    ("world-hosts", rewriting(STORAGE, KEY_URI, "vault.azure.net", "vault.azure.net.example.com")),
    ("world-hosts", rewriting(STORAGE, KEY_URI, "vault.azure.net", "vault.azure.netx")),
    ("inputs-allowed", setting(SCHEDULE, f"{JOB}.identity.identityType", "AMLToken", "backfill")),
    ("inputs-allowed", setting(SCALING, "profiles.0.rules.0.metricTrigger.timeWindow", "PT2M")),
    ("inputs-allowed", setting(ALERT, "windowSize", "PT16M")),
    ("cost-budget", setting(BUDGET, "timePeriod.startDate", "2026-01-01T00:00:00x")),
    ("rollback-alarm-rings", rewriting(QUERY, QUERIED, "| project", "| take 1 | project", "training-failed")),
    ("rollback-alarm-rings", rewriting(QUERY, QUERIED, "isfuzzy=true", "isfuzzy=false", "training-failed")),
    ("rollback-alarm-rings", rewriting(QUERY, QUERIED, "(datatable(EventType: string)[]), ", "", "training-failed")),
    (
        "rollback-batch-watched",
        rewriting(QUERY, QUERIED, "| project", "and TimeGenerated > ago(2m) | project", "training-failed"),
    ),
    ("rollback-batch-watched", rewriting(QUERY, QUERIED, "| project", "and JobId == 'j' | project", "training-failed")),
    (
        "rollback-batch-watched",
        rewriting(QUERY, QUERIED, "| project", "and _ResourceId == '' | project", "training-failed"),
    ),
    ("rollback-batch-watched", rewriting(QUERY, QUERIED, "by JobId |", "|", "training-late")),
    ("inputs-allowed", setting(f"{ML}:OnlineDeployment", "properties.livenessProbe.failureThreshold", 600)),
    ("inputs-allowed", setting(f"{ML}:OnlineDeployment", "properties.readinessProbe.period", "PT10M")),
]
"""The rule, and the graph that it passed."""


@rows(("rule", "mutation"), SILENT, ids=[f"{i}-{rule}" for i, (rule, _) in enumerate(SILENT)])
def test_what_once_passed_in_silence_is_caught(whole: Graph, rule: str, mutation: Mutation) -> None:
    assert caught(mutation(whole), rule) == {rule}


@pytest.mark.parametrize(
    "who", ["serving-image-pull-registry", "batch-queue-contributor-storage", "training-image-pull"]
)
def test_whatever_runs_as_an_identity_waits_for_each_of_its_roles(whole: Graph, who: str) -> None:
    """A deployment pulls its image as its endpoint, and a cluster as itself, as soon as either is made."""
    given, waits = first(whole, ASSIGNMENT, f"identity-{who}"), first(whole, IN_FORCE, "identity-in-force")
    fewer = changed(whole, waits, lambda p: p["assignments"].remove(given.outputs["id"]))
    assert caught(fewer, "identity-roles-in-force") == {"identity-roles-in-force"}
    assert not caught(replace(fewer, ours=False), "identity-roles-in-force"), "another program may deploy later"


def test_one_role_is_given_once(whole: Graph) -> None:
    ana, ben = (f"0a1b2c3d-0000-4000-8000-00000000000{letter}" for letter in "ab")
    again = setting(ASSIGNMENT, "principalId", ben, "person-ana-workspace")(whole)
    assert first(whole, ASSIGNMENT, "person-ana-workspace").inputs["principalId"] == ana
    assert caught(again, "identity-roles-in-force") == {"identity-roles-in-force"}


def test_what_trains_has_an_environment_of_its_own(whole: Graph) -> None:
    other = first(whole, COMPONENT, "backfill").inputs["properties"]["componentSpec"]["environment"]
    taken = setting(COMPONENT, ENVIRONMENT, other, "training")(whole)
    assert caught(taken, "workflow-environment") == {"workflow-environment"}


def test_a_run_of_training_has_its_alarm_on_one_that_does_not_end(whole: Graph) -> None:
    late = without(whole, first(whole, QUERY, "training-late"))
    assert caught(late, "rollback-batch-watched") == {"rollback-batch-watched"}


def test_a_schedule_that_nobody_starts_by_hand_is_on(whole: Graph) -> None:
    """With the tag a job of the clock would be off, and none would tell; without it a person's would be on."""
    off = setting(SCHEDULE, f"properties.tags.{RUNS_PER_MONTH}", "8", "backfill")(whole)
    off = setting(SCHEDULE, "properties.isEnabled", False, "backfill")(off)
    on = losing(SCHEDULE, f"properties.tags.{RUNS_PER_MONTH}", "training")(whole)
    on = setting(SCHEDULE, "properties.isEnabled", True, "training")(on)
    for other in (off, on):
        assert caught(other, "limits-stated") == {"limits-stated"}


def test_a_cluster_that_trains_is_of_training(whole: Graph) -> None:
    """Where a person scores on it too it is of batch, as one is on which images are built."""
    uses = {found.user: found.use for one, found in facts.uses(whole) if one.type == COMPUTE}
    trains = {
        one.name
        for one in whole.of(COMPUTE)
        if re.search("-fraud-(training|search|path|best)-|-(rows|report)-cluster", one.name)
    }
    assert len(trains) == 13
    assert {name for name, use in uses.items() if use == "training"} == {
        *trains,
        "azure-full-workspace-ana",
        "azure-full-workspace-ben",
    }


def test_what_trains_by_the_clock_rings_when_nothing_was_started(scheduled: Graph) -> None:
    missed = first(scheduled, QUERY, "training-missed")
    assert not caught(scheduled, "rollback-batch-watched", "limits-batch-started", "world-containers")
    never = (
        without(scheduled, missed),
        setting(QUERY, "criteria.allOf.0.threshold", 1, "training-missed")(scheduled),
        rewriting(QUERY, QUERIED, "Done == 0", "Done > 0", "training-missed")(scheduled),
        rewriting(QUERY, QUERIED, "'fraud-training'", "'fraud'", "training-missed")(scheduled),
        rewriting(QUERY, QUERIED, "ago(32h)", "ago(20h)", "training-missed")(scheduled),
    )
    for other in never:
        assert caught(other, "rollback-batch-watched") == {"rollback-batch-watched"}


def test_the_stack_with_every_section_passes(whole: Graph) -> None:
    names = {rule for rule, _ in SILENT} & {rule.name for rule in pack.RULES["azure"]}
    assert not caught(whole, *names)


def test_fewer_replicas_are_taken_where_the_fewest_are_more(whole: Graph) -> None:
    """With three replicas at least, four may go to three where each asks for three quarters of what makes a fifth."""
    scaling = first(whole, SCALING)

    def change(properties: dict[str, Any]) -> None:
        put(properties, "profiles.0.capacity", {"minimum": "3", "maximum": "4", "default": "3"})
        put(properties, "profiles.0.rules.1.metricTrigger.threshold", 450)

    assert not caught(changed(whole, scaling, change), "limits-scaling-policy")
