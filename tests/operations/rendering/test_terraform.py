import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from catalogue.kind import Renders
from catalogue.kinds import kinds
from catalogue.kinds.aws import terraform
from catalogue.marks import SECRET, UNKNOWN
from operations.rendering.terraform import render, render_configuration, terraform_type

ACCOUNT = "123456789012"


def resource(token: str, name: str, inputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    sources: dict[str, list[dict[str, Any]]] = more.pop("sources", {})
    links = {prop: [source["urn"] for source in found] for prop, found in sources.items()}
    return {
        "urn": f"urn:pulumi:pilot::mlplatform::{more.pop('parent', '')}{token}::{name}",
        "type": token,
        "name": name,
        "custom": True,
        "dependencies": sorted({urn for urns in links.values() for urn in urns}),
        "propertyDependencies": links,
        "inputs": inputs or {},
        "outputs": {"id": f"{name}-id", **(inputs or {}), **more.pop("outputs", {})},
        **more,
    }


KEY_ARN = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k-1"
KEY = resource("aws:kms/key:Key", "key", outputs={"id": "k-1", "keyId": "k-1", "arn": KEY_ARN, "status": "ENABLED"})
BUCKET = resource("aws:s3/bucket:Bucket", "bucket", {"bucket": "b-1"}, outputs={"id": "b-1", "arn": "arn:aws:s3:::b-1"})
ENDPOINT = resource("aws:sagemaker/endpoint:Endpoint", "endpoint", outputs={"id": "e-1", "name": "e-1"})


def parts(*resources: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What the last resource has in planned values, in the configuration's expressions, and as Terraform code."""
    plan = render(resources).document
    planned = plan["planned_values"]["root_module"]["resources"][-1]
    configured = plan["configuration"]["root_module"]["resources"][-1]
    code = render_configuration(resources, "eu-west-1")["resource"][planned["type"]][planned["name"]]
    return planned["values"], configured["expressions"], code


def test_a_whole_value_reference_is_unknown_in_the_plan_as_terraform_prints_it() -> None:
    group = resource("aws:cloudwatch/logGroup:LogGroup", "logs", {"kmsKeyId": KEY_ARN}, sources={"kmsKeyId": [KEY]})
    values, expressions, code = parts(KEY, group)
    assert values == {}
    assert expressions == {"kms_key_id": {"references": ["aws_kms_key.key.arn", "aws_kms_key.key"]}}
    assert code == {"kms_key_id": "${aws_kms_key.key.arn}"}
    change = render([KEY, group]).document["resource_changes"][-1]["change"]
    assert change["after_unknown"] == {"kms_key_id": True}


def test_a_policy_document_stays_readable_and_carries_its_references() -> None:
    document = {"Resource": ["arn:aws:s3:::b-1", "arn:aws:s3:::b-1/*"], "Condition": "${aws:username}"}
    inputs = {"bucket": "b-1", "policy": json.dumps(document)}
    policy = resource("aws:s3/bucketPolicy:BucketPolicy", "p", inputs, sources={"bucket": [BUCKET], "policy": [BUCKET]})
    values, expressions, code = parts(BUCKET, policy)
    assert json.loads(values["policy"]) == document
    assert expressions["policy"] == {"references": ["aws_s3_bucket.bucket.arn", "aws_s3_bucket.bucket"]}
    assert '"${aws_s3_bucket.bucket.arn}/*"' in code["policy"]
    assert "$${aws:username}" in code["policy"]


def test_a_typed_policy_document_becomes_a_json_string() -> None:
    values, _, _ = parts(resource("aws:iam/policy:Policy", "p", {"policy": {"Version": "2012-10-17"}}))
    assert values == {"policy": '{"Version": "2012-10-17"}'}


def test_an_output_inside_a_text_is_found() -> None:
    inputs = {"resourceId": "endpoint/e-1/variant/main", "serviceNamespace": "sagemaker"}
    target = resource("aws:appautoscaling/target:Target", "t", inputs, sources={"resourceId": [ENDPOINT]})
    values, expressions, code = parts(ENDPOINT, target)
    assert values["resource_id"] == "endpoint/e-1/variant/main"
    assert expressions["resource_id"]["references"] == [
        "aws_sagemaker_endpoint.endpoint.id",
        "aws_sagemaker_endpoint.endpoint",
    ]
    assert code["resource_id"] == "endpoint/${aws_sagemaker_endpoint.endpoint.id}/variant/main"


def test_only_what_proves_where_it_came_from_is_a_reference() -> None:
    # "ENABLED" equals the key's status, and e-1x merely begins like the endpoint's name.
    inputs = {"defaultUserSettings": {"mode": "ENABLED", "key": KEY_ARN, "label": "e-1x"}}
    sources = {"defaultUserSettings": [KEY, ENDPOINT]}
    values, expressions, _ = parts(KEY, ENDPOINT, resource("aws:sagemaker/domain:Domain", "d", inputs, sources=sources))
    assert values == {"default_user_settings": [{"mode": "ENABLED", "label": "e-1x"}]}
    [settings] = expressions["default_user_settings"]
    assert settings["mode"] == {"constant_value": "ENABLED"}
    assert settings["key"]["references"][0] == "aws_kms_key.key.arn"


def test_a_reference_in_a_list_leaves_its_place() -> None:
    subnets = [resource("aws:ec2/subnet:Subnet", name, outputs={"id": f"subnet-{name}"}) for name in "ab"]
    inputs = {"subnetIds": ["subnet-a", "subnet-fixed", "subnet-b"]}
    endpoint = resource("aws:ec2/vpcEndpoint:VpcEndpoint", "e", inputs, sources={"subnetIds": subnets})
    values, expressions, code = parts(*subnets, endpoint)
    assert values == {"subnet_ids": [None, "subnet-fixed", None]}
    assert expressions["subnet_ids"]["references"][::2] == ["aws_subnet.a.id", "aws_subnet.b.id"]
    assert code == {"subnet_ids": ["${aws_subnet.a.id}", "subnet-fixed", "${aws_subnet.b.id}"]}


def test_a_computed_value_without_a_trace_keeps_its_edge() -> None:
    machine = resource("aws:sfn/stateMachine:StateMachine", "m", {"definition": "x"}, sources={"definition": [KEY]})
    values, expressions, _ = parts(KEY, machine)
    assert values == {"definition": "x"}
    assert expressions == {"definition": {"references": ["aws_kms_key.key"]}}


def test_shapes_blocks_are_lists_plurals_are_singular_and_maps_are_left_alone() -> None:
    inputs = {
        "primaryContainer": {"image": "i", "environment": {"someKey": "v"}},
        "tags": {"costCenter": "ml"},
        "containers": [{"modelDataUrl": "s3://x"}],
        "vpcConfig": {"subnets": ["s"], "securityGroupIds": ["g"]},
        "__defaults": [],
        "enableNetworkIsolation": True,
    }
    assert parts(resource("aws:sagemaker/model:Model", "m", inputs))[0] == {
        "primary_container": [{"image": "i", "environment": {"someKey": "v"}}],
        "tags": {"costCenter": "ml"},
        "container": [{"model_data_url": "s3://x"}],
        "vpc_config": [{"subnets": ["s"], "security_group_ids": ["g"]}],
        "enable_network_isolation": True,
    }


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {"name": "a", "period": 60.0}, {"alarm_name": "a", "period": 60}),
        ("aws:sns/topicSubscription:TopicSubscription", {"topic": "t"}, {"topic_arn": "t"}),
        ("aws:s3/bucketVersioning:BucketVersioning", {"expectedBucketOwner": None}, {}),
        (
            "aws:ec2/flowLog:FlowLog",
            {"tagFieldSpecifications": [{"resourceType": "subnet"}]},
            {"tag_field_specification": [{"resource_type": "subnet"}]},
        ),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {"cidrIpv4": "c"}, {"cidr_ipv4": "c"}),
    ],
)
def test_names_the_bridge_changed(token: str, inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    assert parts(resource(token, "x", inputs))[0] == expected


def test_a_record_is_all_that_a_type_needs_and_a_block_may_bear_the_name_of_a_map(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = "aws:costexplorer/anomalySubscription:AnomalySubscription"
    record = replace(kinds("aws")[KEY["type"]], token=token, renders=terraform("ce_anomaly_subscription"))
    known = {**kinds("aws"), token: record}
    monkeypatch.setattr("catalogue.kinds.kinds", lambda platform: known)
    inputs = {"thresholdExpression": {"tags": {"key": "k", "values": ["v"]}}, "tags": {"k": "v"}}
    values, _, _ = parts(resource(token, "x", inputs))
    assert values == {"threshold_expression": [{"tags": [{"key": "k", "values": ["v"]}]}], "tags": {"k": "v"}}


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "aws_vpc_security_group_egress_rule"),
        ("aws:ec2/flowLog:FlowLog", "aws_flow_log"),
        ("aws:cloudtrail/trail:Trail", "aws_cloudtrail"),
        ("aws:ec2/vpcPeeringConnection:VpcPeeringConnection", "aws_vpc_peering_connection"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws_cloudwatch_metric_alarm"),
        ("aws:apprunner/service:Service", None),
        ("pulumi:providers:aws", None),
        ("gcp:kms/key:Key", None),
        ("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", "google_kms_crypto_key_iam_member"),
        ("gcp:projects/iAMMember:IAMMember", "google_project_iam_member"),
        ("gcp:serviceaccount/account:Account", "google_service_account"),
        ("gcp:serviceaccount/iAMMember:IAMMember", "google_service_account_iam_member"),
        ("gcp:vertex/aiEndpoint:AiEndpoint", "google_vertex_ai_endpoint"),
        ("gcp:cloudscheduler/job:Job", "google_cloud_scheduler_job"),
        ("gcp:workbench/instanceIamMember:InstanceIamMember", "google_workbench_instance_iam_member"),
        ("gcp:vertex/aiFeatureStore:AiFeatureStore", None),
        ("pulumi:providers:gcp", None),
        ("mlplatform:gcp:Model", None),
        ("azure-native:storage:StorageAccount", None),
    ],
)
def test_types(token: str, expected: str | None) -> None:
    assert terraform_type(token) == expected


@pytest.mark.parametrize("platform", ["aws", "gcp"])
def test_every_type_that_renders_is_one_of_the_package(platform: str) -> None:
    package = import_module(f"pulumi_{platform}")
    assert package.__file__
    tokens = [token for token, kind in kinds(platform).items() if isinstance(kind.renders, Renders)]
    modules = {token.split(":")[1].partition("/")[0] for token in tokens}
    source = "".join(
        path.read_text() for name in modules for path in (Path(package.__file__).parent / name).glob("*.py")
    )
    assert tokens and [token for token in tokens if f"'{token}'" not in source] == []


def test_nothing_is_dropped_silently_but_what_is_no_resource() -> None:
    component = resource("mlplatform-aws:index:Network", "net", custom=False)
    provider = resource("pulumi:providers:aws", "aws", {"region": "eu-west-1"})
    odd = resource("aws:apprunner/service:Service", "odd")
    rendered = render([component, provider, odd, KEY])
    assert rendered.addresses == {"aws_kms_key.key": KEY["urn"]}
    assert [(item.urn, item.reason) for item in rendered.unrendered] == [
        (odd["urn"], "no Terraform mapping for aws:apprunner/service:Service")
    ]
    config = rendered.document["configuration"]["provider_config"]["aws"]
    assert config["expressions"] == {"region": {"constant_value": "eu-west-1"}}


def test_names_that_terraform_would_refuse_or_confuse() -> None:
    twins = [resource("aws:kms/key:Key", "a key/1", parent=f"mlplatform-aws:index:{p}$") for p in ("A", "B")]
    assert list(render([*twins, resource("aws:kms/key:Key", "1st")]).addresses) == [
        "aws_kms_key.a_key_1",
        "aws_kms_key.a_key_1_2",
        "aws_kms_key._1st",
    ]


def test_secrets_do_not_leave_and_unknowns_keep_their_source() -> None:
    inputs = {"policy": UNKNOWN, "description": SECRET, "name": UNKNOWN}
    values, expressions, code = parts(KEY, resource("aws:iam/policy:Policy", "p", inputs, sources={"policy": [KEY]}))
    assert values == {"description": "(sensitive value)"}
    assert expressions["policy"]["references"] == ["aws_kms_key.key.id", "aws_kms_key.key"]
    assert expressions["name"] == {}
    assert code == {"policy": "${aws_kms_key.key.id}", "description": "(sensitive value)"}


def test_order_without_a_value_and_protection() -> None:
    group = resource("aws:ec2/securityGroup:SecurityGroup", "g", dependencies=[KEY["urn"]], protect=True)
    assert render([KEY, group]).document["configuration"]["root_module"]["resources"][-1]["depends_on"] == [
        "aws_kms_key.key"
    ]
    code = render_configuration([KEY, group], "eu-west-1")
    assert code["resource"]["aws_security_group"]["g"] == {
        "depends_on": ["aws_kms_key.key"],
        "lifecycle": {"prevent_destroy": True},
    }
    assert code["provider"]["aws"]["region"] == "eu-west-1"


RING = "projects/pilot/locations/us-central1/keyRings/ring"
GOOGLE_KEY = resource("gcp:kms/cryptoKey:CryptoKey", "key", outputs={"id": f"{RING}/cryptoKeys/key", "name": "key"})


def test_a_google_resource_keeps_its_references() -> None:
    inputs = {
        "location": "us-central1",
        "encryptionSpec": {"kmsKeyName": GOOGLE_KEY["outputs"]["id"]},
        "privateServiceConnectConfig": {"enablePrivateServiceConnect": True, "projectAllowlists": ["pilot"]},
        "labels": {"costCenter": "ml"},
    }
    endpoint = resource("gcp:vertex/aiEndpoint:AiEndpoint", "e", inputs, sources={"encryptionSpec": [GOOGLE_KEY]})
    document = render([GOOGLE_KEY, endpoint]).document
    assert document["planned_values"]["root_module"]["resources"][-1]["values"] == {
        "location": "us-central1",
        "encryption_spec": [{}],
        "private_service_connect_config": [{"enable_private_service_connect": True, "project_allowlist": ["pilot"]}],
        "labels": {"costCenter": "ml"},
    }
    configured = document["configuration"]["root_module"]["resources"][-1]
    assert configured["provider_config_key"] == "google"
    [spec] = configured["expressions"]["encryption_spec"]
    assert spec == {"kms_key_name": {"references": ["google_kms_crypto_key.key.id", "google_kms_crypto_key.key"]}}


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        ("gcp:compute/firewall:Firewall", {"denies": [{"protocol": "all"}]}, {"deny": [{"protocol": "all"}]}),
        (
            "gcp:compute/subnetwork:Subnetwork",
            {"secondaryIpRanges": [{"rangeName": "r"}], "logConfig": {"metadata": "INCLUDE_ALL_METADATA"}},
            {"secondary_ip_range": [{"range_name": "r"}], "log_config": [{"metadata": "INCLUDE_ALL_METADATA"}]},
        ),
        (
            "gcp:compute/firewall:Firewall",
            {"sourceRanges": ["10.0.0.0/8"], "targetTags": ["t"]},
            {"source_ranges": ["10.0.0.0/8"], "target_tags": ["t"]},
        ),
        ("gcp:compute/routerNat:RouterNat", {"subnetworks": [{"name": "s"}]}, {"subnetwork": [{"name": "s"}]}),
        (
            "gcp:workbench/instance:Instance",
            {"gceSetup": {"metadata": {"idle-timeout-seconds": "3600"}, "dataDisks": {"kmsKey": "k"}}},
            {"gce_setup": [{"metadata": {"idle-timeout-seconds": "3600"}, "data_disks": [{"kms_key": "k"}]}]},
        ),
        (
            "gcp:storage/bucket:Bucket",
            {"lifecycleRules": [{"condition": {"matchesPrefixes": ["a/"], "matchesStorageClasses": ["STANDARD"]}}]},
            {"lifecycle_rule": [{"condition": [{"matches_prefix": ["a/"], "matches_storage_class": ["STANDARD"]}]}]},
        ),
        (
            "gcp:bigquery/dataset:Dataset",
            {"accesses": [{"role": "READER"}]},
            {"access": [{"role": "READER"}]},
        ),
        (
            "gcp:projects/iAMAuditConfig:IAMAuditConfig",
            {"auditLogConfigs": [{"logType": "DATA_READ"}]},
            {"audit_log_config": [{"log_type": "DATA_READ"}]},
        ),
    ],
)
def test_names_and_shapes_of_google(token: str, inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    [planned] = render([resource(token, "x", inputs)]).document["planned_values"]["root_module"]["resources"]
    assert planned["values"] == expected


def test_where_google_is_deployed_proves_no_reference() -> None:
    place = {"project": "pilot", "location": "us-central1"}
    endpoint = resource("gcp:vertex/aiEndpoint:AiEndpoint", "e", place, outputs={"id": "projects/pilot/endpoints/1"})
    inputs = {"project": "pilot", "location": "us-central1", "role": "roles/viewer"}
    member = resource(
        "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember", "m", inputs, sources={"project": [endpoint]}
    )
    document = render([endpoint, member]).document
    values = document["planned_values"]["root_module"]["resources"][-1]["values"]
    assert values == inputs
    expressions = document["configuration"]["root_module"]["resources"][-1]["expressions"]
    assert expressions["project"] == {"references": ["google_vertex_ai_endpoint.e"]}


def test_what_google_has_no_name_for_is_said_and_ours_is_set_apart() -> None:
    model = resource("mlplatform:gcp:Model", "model")
    odd = resource("gcp:apigee/organization:Organization", "odd")
    provider = resource("pulumi:providers:gcp", "gcp", {"project": "pilot", "region": "us-central1"})
    rendered = render([provider, model, odd, GOOGLE_KEY])
    assert rendered.framework == "terraform_plan"
    assert rendered.addresses == {"google_kms_crypto_key.key": GOOGLE_KEY["urn"]}
    assert [item.type for item in rendered.unrendered] == ["gcp:apigee/organization:Organization"]
    assert [(item.urn, item.reason) for item in rendered.own] == [
        (model["urn"], "mlplatform:gcp:Model is of our own provider, so our policies alone judge it")
    ]
    place = rendered.document["configuration"]["provider_config"]["google"]["expressions"]
    assert place == {"project": {"constant_value": "pilot"}, "region": {"constant_value": "us-central1"}}


def test_terraform_code_is_of_aws_alone() -> None:
    assert set(render_configuration([KEY, GOOGLE_KEY], "eu-west-1")["resource"]) == {"aws_kms_key"}
