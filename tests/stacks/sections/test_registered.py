"""A model by its version: how a stack file says it, what is refused at the edge, and what is deployed by its name."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.access.azure import allowed
from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from operations.evaluation import evaluate
from policies import pack
from policies.aws.registered import approved, kept
from policies.azure import registered as azure
from stacks.config import STACKS, validate
from tests.previewing import preview
from tests.stack_files import pilot_file

ML, OWNER = (
    "azure-native:machinelearningservices",
    "properties.properties.personalComputeInstanceSettings.assignedUser.objectId",
)
DIGEST = f"sha256:{'a' * 64}"
VERSION: dict[str, Any] = {"registered": "scorer", "version": 3, "digest": DIGEST}


def read(platform: str, model: dict[str, Any]) -> None:
    config = pilot_file(platform)["config"]
    config["mlplatform:models"]["fraud-scorer"] = model
    validate(config, "a.yaml")


def less(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in VERSION.items() if key not in keys}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_version_is_read_and_may_have_variables_beside(platform: str) -> None:
    read(platform, VERSION)
    read(platform, {**VERSION, "environment": {"A": "b"}})


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({**VERSION, "image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/a:1"}, "image: stands beside registered"),
        ({**VERSION, "artifact_uri": "s3://abc/a/1/model.tar.gz"}, "artifact_uri: stands beside registered"),
        (less("registered"), "registered: is missing; add the name of the model in the registry"),
        (less("version"), "version: is missing; add the number of the version"),
        (less("digest"), "digest: is missing; add the digest of the version's record"),
        ({**VERSION, "version": 0}, "version: found 0, allowed: 1 or more"),
        ({**VERSION, "version": "3"}, "version: found '3', allowed"),
        ({**VERSION, "digest": "a" * 64}, "digest: found"),
        ({**VERSION, "digest": DIGEST.upper()}, "digest: found"),
        ({**VERSION, "registered": "Scorer"}, "registered: found 'Scorer', allowed"),
        ({**VERSION, "stage": "prod"}, "stage: "),
        ({"environment": {}}, "image: is missing; add the container image"),
        ({"image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/a:1"}, "artifact_uri: is missing; add where"),
    ],
)
def test_what_is_no_version_is_one_sentence(model: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=re.escape(f"mlplatform:models.fraud-scorer.{said}")) as refused:
        read("aws", model)
    assert len(str(refused.value).splitlines()) <= 2


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_place_for_versions_to_come_stands_and_is_served_by_nothing(platform: str, tmp_path: Path) -> None:
    """So the first version is trained by the pipeline of the very stack whose registry it comes into."""
    tree: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{platform}-full.yaml").read_text(encoding="utf-8"))
    config = tree["config"]
    config["mlplatform:models"] = {"fraud-scorer": {"registered": "mlplatform-example"}}
    with pytest.raises(BadInput, match="which is a place in the registry without a version; leave this out") as refused:
        validate(config, "a.yaml")
    named = [line for line in str(refused.value).splitlines() if "promote mlplatform-example@N STACK" in line]
    assert {line.split()[1].rstrip(":") for line in named} == {
        f"mlplatform:{section}.{name}.model"
        for section in ("endpoints", "batch_jobs")
        for name, one in config[f"mlplatform:{section}"].items()
        if one.get("model") == "fraud-scorer"
    }
    for section in ("endpoints", "batch_jobs", "callers"):
        del config[f"mlplatform:{section}"]
    pipelines = config["mlplatform:pipelines"]
    config["mlplatform:pipelines"] = {"fraud-path": pipelines["fraud-path"]}
    file = tmp_path / f"Pulumi.{platform}-full.yaml"
    file.write_text(yaml.safe_dump(tree), encoding="utf-8")
    graph = preview(file)
    assert [one.message for one in evaluate(graph, pack.RULES[platform]).findings if one.mandatory] == []
    assert PLACE[platform] in [one.type for one in graph.resources], "a version can be registered there"
    assert not [
        one.type for one in graph.resources if one.type.endswith(("ApprovedVersion", ":ModelVersion", "/model:Model"))
    ]


PLACE = {
    "aws": "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
    "gcp": "gcp:storage/bucket:Bucket",
    "azure": f"{ML}:ModelContainer",
}
"""What keeps the versions of a model: on gcp two folders, of which the approver's has a bucket of its own."""


@pytest.mark.parametrize(
    ("platform", "place"),
    [("aws", "s3://aws-full-artifacts-111122223333/"), ("azure", "azureml://datastores/artifacts/paths/")],
)
@pytest.mark.parametrize(
    ("section", "name", "path"),
    [
        ("batch_jobs", "fraud-backfill", ("output_uri",)),
        ("training", "fraud-training", ("output_uri",)),
        ("training", "fraud-training", ("spot", "checkpoint_uri")),
    ],
)
def test_no_job_writes_where_versions_lie(
    section: str, name: str, path: tuple[str, ...], platform: str, place: str
) -> None:
    config = yaml.safe_load((STACKS / f"Pulumi.{platform}-full.yaml").read_text(encoding="utf-8"))["config"]
    at = config[f"mlplatform:{section}"][name]
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = f"{place}registry/mlplatform-example/2/"
    where = ".".join((section, name, *path))
    with pytest.raises(BadInput, match=re.escape(f"mlplatform:{where}: found '{place[:20]}")) as refused:
        validate(config, "a.yaml")
    assert "where versions of the registry lie" in str(refused.value)


@pytest.mark.parametrize("model", ["scorer-approved", "scorer-registered"])
def test_on_azure_nothing_has_the_name_of_a_models_versions_or_approvals(model: str) -> None:
    config = pilot_file("azure")["config"]
    own = config["mlplatform:models"]["fraud-scorer"]
    config["mlplatform:models"] |= {"fraud-scorer": VERSION, "document-embedder": own, "ranker-approved": own}
    validate(config, "a.yaml")
    config["mlplatform:models"][model] = own
    with pytest.raises(BadInput, match=f"{model}: has the name of the versions or the approvals of scorer; name it"):
        validate(config, "a.yaml")


def test_on_azure_what_is_deployed_follows_from_name_and_number_and_the_approver_alone_may_approve() -> None:
    graph = preview(STACKS / "Pulumi.azure-full.yaml")
    (model,) = (one for one in graph.of(f"{ML}:ModelVersion") if "fraud" in one.name)
    assert model.inputs["properties"]["modelUri"].endswith("/paths/registry/mlplatform-example/1/artifact/")
    (asks,) = (one for one in graph.depends(model) if one.type == "mlplatform:azure:ApprovedVersion")
    assert (asks.inputs["model"], asks.inputs["version"]) == ("mlplatform-example", 1)
    images = [one.inputs["properties"]["image"] for one in graph.of(f"{ML}:EnvironmentVersion") if "fraud" in one.name]
    assert "azurefullimages51f3080f.azurecr.io/registry:mlplatform-example-1" in images
    names = [one.inputs["name"] for one in graph.of(f"{ML}:ModelContainer")]
    assert {"mlplatform-example-registered", "mlplatform-example-approved"} <= {*names} and len(names) == len({*names})
    assert [rule.judge(graph).violations for rule in azure.RULES] == [(), ()]
    (approvals,) = (
        str(one.outputs["id"]) for one in graph.of(f"{ML}:ModelContainer") if one.inputs["name"].endswith("-approved")
    )
    writes = "Microsoft.MachineLearningServices/workspaces/models/versions/write"
    may = {
        one.name.rpartition("-identity-")[2]
        for one in graph.of("azure-native:managedidentity:UserAssignedIdentity")
        if not one.name.endswith(("-workspace", "-wraps"))
        and allowed(graph, [str(one.outputs["principalId"])], writes, approvals, data=False)
    }
    assert may == {"approver"}
    people = graph.of(f"{ML}:Compute")
    owners = [one.props.text_or_empty(OWNER) for one in people if one.props.is_given(OWNER)]
    assert owners and not any(allowed(graph, [one], writes, approvals, data=False) for one in owners)


def test_what_is_deployed_follows_from_name_and_number() -> None:
    graph = preview(STACKS / "Pulumi.aws-full.yaml")
    asked = ("batch_jobs.fraud-backfill", "endpoints.fraud-scorer", "pipelines.fraud-scores")
    models = [one for one in graph.of("aws:sagemaker/model:Model") if one.stack_key in asked]
    assert len(models) == 3
    for model in models:
        container = model.inputs["primaryContainer"]
        assert container["modelDataUrl"].endswith("-artifacts-111122223333/registry/mlplatform-example/1/model.tar.gz")
        assert container["image"].endswith("/aws-full-registry-images:mlplatform-example-1")
        (asks,) = (one for one in graph.depends(model) if one.type == "mlplatform:aws:ApprovedVersion")
        assert asks.parent == model.parent and asks.inputs["group"] == "aws-full-registry-mlplatform-example"
    groups = [
        one.inputs["modelPackageGroupName"] for one in graph.of("aws:sagemaker/modelPackageGroup:ModelPackageGroup")
    ]
    named = ("document-embedder", "fraud-de", "fraud-fr", "mlplatform-example")
    assert sorted(groups) == [f"aws-full-registry-{name}" for name in named]
    assert [rule.judge(graph).violations for rule in (approved, kept)] == [(), ()]
    policies = {
        one.name.rpartition("identity-")[2]: json.loads(one.inputs["policy"])["Statement"]
        for one in graph.of("aws:iam/rolePolicy:RolePolicy")
    }
    place = "arn:aws:s3:::aws-full-artifacts-111122223333/registry/*"
    writes = {
        name
        for name, said in policies.items()
        for s in said
        if place in s["Resource"] and "s3:PutObject" in s["Action"]
    }
    reads = {
        name
        for name, said in policies.items()
        for s in said
        if place in s["Resource"] and "s3:GetObject" in s["Action"]
    }
    assert writes == {"publisher-policy"} and reads == {
        "approver-policy",
        "publisher-policy",
        "serving-policy",
        "batch-policy",
    }
