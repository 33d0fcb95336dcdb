"""What the program makes of a stack file: switching off, names, order, and what is never in the graph."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.errors import BadInput
from catalogue.graph import Graph
from operations import preview as fresh
from operations.preview import PreviewFailed
from stacks.config import STACKS
from tests.previewing import preview
from tests.stack_files import pilot_file

RUNNING = {
    "aws:appautoscaling/policy:Policy",
    "aws:appautoscaling/target:Target",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:sagemaker/endpoint:Endpoint",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
}


def variant(folder: Path, change: Any) -> Graph:
    """The graph of the pilot's stack file with one change."""
    document = pilot_file("aws")
    change(document["config"])
    path = folder / "Pulumi.aws-pilot.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return preview(path)


def types_below(graph: Graph, component: str) -> set[str]:
    return {r.type for r in graph.cloud if r.parent is not None and r.parent.endswith(f"::{component}")}


@pytest.mark.parametrize("name", ["fraud-scorer", "document-embedder"])
def test_switching_an_endpoint_off_takes_exactly_its_running_parts(pilot: Graph, tmp_path: Path, name: str) -> None:
    off = variant(tmp_path, lambda c: c["mlplatform:endpoints"][name].update(enabled=False))
    gone = set(pilot.by_urn) - set(off.by_urn)
    assert {pilot.by_urn[urn].type for urn in gone} == RUNNING
    assert all(f"::aws-pilot-{name}" in urn for urn in gone)
    assert not set(off.by_urn) - set(pilot.by_urn)
    assert "aws:sagemaker/model:Model" in types_below(off, f"aws-pilot-{name}")
    assert len(off.of("aws:sagemaker/modelPackageGroup:ModelPackageGroup")) == 2


def test_switching_a_batch_job_off_takes_exactly_its_running_parts(pilot: Graph, tmp_path: Path) -> None:
    off = variant(tmp_path, lambda c: c["mlplatform:batch_jobs"]["fraud-backfill"].update(enabled=False))
    gone = {pilot.by_urn[urn].type for urn in set(pilot.by_urn) - set(off.by_urn)}
    assert gone == {
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:scheduler/schedule:Schedule",
        "aws:sfn/stateMachine:StateMachine",
    }
    assert types_below(off, "aws-pilot-fraud-backfill") == {"aws:sagemaker/model:Model"}


def test_with_every_endpoint_off_nothing_calls_for_the_runtime_but_studio(tmp_path: Path) -> None:
    def off(config: dict[str, Any]) -> None:
        for endpoint in config["mlplatform:endpoints"].values():
            endpoint["enabled"] = False

    services = {e.name for e in variant(tmp_path, off).of("aws:ec2/vpcEndpoint:VpcEndpoint")}
    assert "aws-pilot-network-sagemaker-runtime" in services, "Studio itself needs the runtime"


def test_a_new_model_version_replaces_no_endpoint_and_nothing_that_holds_state(pilot: Graph, tmp_path: Path) -> None:
    new = "s3://aws-pilot-artifacts-111122223333/models/mlplatform-example/2/model.tar.gz"
    later = variant(tmp_path, lambda c: c["mlplatform:models"]["fraud-scorer"].update(artifact_uri=new))
    changed = {r.type for r in pilot.cloud if dict(later.by_urn[r.urn].inputs) != dict(r.inputs)}
    assert set(later.by_urn) == set(pilot.by_urn)
    assert changed == {"aws:sagemaker/model:Model"}


def test_whoever_uses_a_role_waits_for_what_it_may_do(pilot: Graph) -> None:
    """Found on the real engine: a model was created before its role could read the artifact."""
    policies = {p.urn for p in pilot.of("aws:iam/rolePolicy:RolePolicy")}
    for type_ in ("aws:sagemaker/model:Model", "aws:sagemaker/domain:Domain", "aws:sfn/stateMachine:StateMachine"):
        assert all(policies & set(r.dependencies) for r in pilot.of(type_))


def test_whoever_runs_in_the_network_waits_for_its_way_to_s3(pilot: Graph) -> None:
    for model in pilot.of("aws:sagemaker/model:Model"):
        waited_for = {pilot.by_urn[urn].name for urn in model.dependencies}
        assert {"aws-pilot-network-s3", "aws-pilot-network-https-to-s3-out"} <= waited_for


def test_flow_logs_wait_for_the_bucket_to_let_them_in(pilot: Graph) -> None:
    (log,) = pilot.of("aws:ec2/flowLog:FlowLog")
    assert "aws-pilot-audit-bucket-policy" in {pilot.by_urn[urn].name for urn in log.dependencies}


def test_every_name_fits_however_long_stack_and_endpoint_are_called(tmp_path: Path) -> None:
    """The longest names the config allows, with Pulumi's seven digits, against the clouds' own limits."""
    document = pilot_file("aws")
    config, long = document["config"], "a" * 24
    config["mlplatform:models"] = {long: config["mlplatform:models"]["fraud-scorer"]}
    config["mlplatform:endpoints"] = {long: config["mlplatform:endpoints"]["fraud-scorer"] | {"model": long}}
    config["mlplatform:batch_jobs"] = {"b" * 24: config["mlplatform:batch_jobs"]["fraud-backfill"] | {"model": long}}
    path = tmp_path / f"Pulumi.{'s' * 22}.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    graph = preview(path)
    limits = {"sagemaker/": 63, "scheduler/": 64, "iam/role:": 64, "sfn/": 80, "s3/bucket:": 63, "sns/topic:": 256}
    for resource in graph.cloud:
        for prefix, limit in limits.items():
            if resource.type.startswith(f"aws:{prefix}"):
                name = resource.outputs.get("name") or resource.outputs.get("bucket") or resource.outputs["id"]
                assert len(str(name)) <= limit or str(name).startswith("arn:"), resource.name


def test_the_graph_is_the_same_in_every_run(pilot: Graph) -> None:
    assert preview(STACKS / "Pulumi.aws-pilot.yaml").to_json() == pilot.to_json()


def test_nothing_in_the_graph_is_unknown_or_without_its_line(pilot: Graph) -> None:
    assert "04da6b54-80e4-46f7-96ec-b56ff0331ba9" not in json.dumps(pilot.to_json())
    assert all(r.source and r.source.file.startswith(("components/", "stacks/")) for r in pilot.resources)


def test_every_resource_hangs_on_the_explicit_provider(pilot: Graph) -> None:
    (provider,) = pilot.of("pulumi:providers:aws")
    assert {r.provider for r in pilot.cloud} == {f"{provider.urn}::{provider.outputs['id']}"}


def test_every_resource_has_a_component_for_a_parent(pilot: Graph) -> None:
    assert all(r.parent in pilot.by_urn for r in pilot.cloud)
    assert all(r.type.startswith("mlplatform-aws:index:") for r in pilot.resources if r.is_component)


def test_an_endpoint_waits_for_its_alarms_and_autoscaling_for_the_endpoint(pilot: Graph) -> None:
    for endpoint in pilot.of("aws:sagemaker/endpoint:Endpoint"):
        waited_for = {pilot.by_urn[urn].type for urn in endpoint.dependencies}
        assert "aws:cloudwatch/metricAlarm:MetricAlarm" in waited_for
        assert "aws:sagemaker/endpointConfiguration:EndpointConfiguration" in waited_for
    endpoints = {e.urn for e in pilot.of("aws:sagemaker/endpoint:Endpoint")}
    assert all(endpoints & set(t.dependencies) for t in pilot.of("aws:appautoscaling/target:Target"))


def test_trap_a_machine_with_local_nvme_gets_no_volume_key(pilot: Graph) -> None:
    configs = {c.name: c.inputs for c in pilot.of("aws:sagemaker/endpointConfiguration:EndpointConfiguration")}
    assert "kmsKeyArn" not in configs["aws-pilot-document-embedder-config"]
    assert "kmsKeyArn" in configs["aws-pilot-fraud-scorer-config"]


def test_trap_an_endpoint_configuration_has_no_fixed_name_and_an_endpoint_has(pilot: Graph) -> None:
    assert all("name" not in c.inputs for c in pilot.of("aws:sagemaker/endpointConfiguration:EndpointConfiguration"))
    assert {e.inputs["name"] for e in pilot.of("aws:sagemaker/endpoint:Endpoint")} == {
        "aws-pilot-document-embedder",
        "aws-pilot-fraud-scorer",
    }


def test_trap_what_is_not_auto_named_is_deleted_before_it_is_replaced(pilot: Graph) -> None:
    for type_ in ("aws:sagemaker/domain:Domain", "aws:sagemaker/userProfile:UserProfile"):
        assert all(r.options.get("deleteBeforeReplace") for r in pilot.of(type_))


def test_trap_the_domain_takes_its_files_with_it(pilot: Graph) -> None:
    (domain,) = pilot.of("aws:sagemaker/domain:Domain")
    assert domain.inputs["retentionPolicy"] == {"homeEfsFileSystem": "Delete"}


def test_two_stacks_in_one_account_share_no_name(pilot: Graph, tmp_path: Path) -> None:
    document = pilot_file("aws")
    path = tmp_path / "Pulumi.aws-second.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    second = preview(path)
    fixed = {
        "aws:s3/bucket:Bucket": "bucket",
        "aws:sagemaker/domain:Domain": "domainName",
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup": "modelPackageGroupName",
    }

    def names(graph: Graph) -> set[str]:
        return {str(r.inputs.get(fixed.get(r.type, "name"))) for r in graph.cloud} - {"None"}

    assert len(names(pilot)) > 20
    assert not names(pilot) & names(second)


def test_a_wrong_stack_file_is_one_sentence_from_the_program_too(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"mlplatform:team: found 7, allowed: lower-case words"):
        variant(tmp_path, lambda c: c.update({"mlplatform:team": 7}))


def test_a_program_that_breaks_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "cronsim.py").write_text("raise RuntimeError('broken library')", encoding="utf-8")
    with pytest.raises(PreviewFailed, match="broken library"):
        fresh.preview(STACKS / "Pulumi.aws-pilot.yaml")
