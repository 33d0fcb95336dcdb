"""Models against the double: upload, versions, drift, delete, and every fault."""

import pytest

from provider.errors import CloudError, ProviderError
from provider.gcp.model import version_alias
from sandbox.rest import CallFault, Double
from tests.provider import cloud
from tests.provider.cloud import MODEL, deployment, logic, model


@pytest.fixture
def double(monkeypatch):
    with cloud.double(monkeypatch) as double:
        yield double


def versions(double: Double) -> dict[str, str]:
    return {
        number: version["containerSpec"]["imageUri"].rpartition(":")[2]
        for number, version in double.vertex.models.get("us-central1/models/fraud-scorer", {}).items()
    }


def test_upload_sends_what_was_asked(double):
    with logic() as run:
        created = run.models.create(model())
    assert created.id == MODEL
    assert created.outputs == {"resourceName": MODEL, "versionId": "1", "versionName": f"{MODEL}@1"}
    stored = double.vertex.models["us-central1/models/fraud-scorer"]["1"]
    assert stored["containerSpec"] == {
        "imageUri": model().image,
        "predictRoute": "/predict",
        "healthRoute": "/health",
        "ports": [{"containerPort": 8080}],
    }
    assert stored["artifactUri"] == "gs://payments-risk-artifacts/fraud-scorer/1.4.0/"
    assert stored["encryptionSpec"] == {"kmsKeyName": model().kms_key_name}
    assert stored["labels"] == {"stack": "gcp-pilot", "cost-center": "risk"}


def test_the_alias_is_fixed_and_differs_with_content_alone():
    """Versions that stand carry this alias: with another one, an update would upload them anew."""
    assert version_alias(model()) == "mlplatform-9a7c33bc6b71f8cc570d"
    assert version_alias(model(labels={}, displayName="other")) == version_alias(model())
    assert version_alias(model(ports=[8081])) != version_alias(model())


def test_an_environment_is_sent_read_back_and_part_of_the_content(double):
    environment = {"MAX_MODEL_LEN": "8192", "DTYPE": "half"}
    with logic() as run:
        created = run.models.create(model(environment=environment))
        read = run.models.read(created.id, created.outputs)
        assert run.models.update(model())["versionId"] == "2", "a version without one is another"
    stored = double.vertex.models["us-central1/models/fraud-scorer"]["1"]
    assert stored["containerSpec"]["env"] == [
        {"name": "DTYPE", "value": "half"},
        {"name": "MAX_MODEL_LEN", "value": "8192"},
    ]
    assert read is not None and read["environment"] == environment


def test_what_a_container_runs_and_its_start_up_are_sent_and_read_back(double):
    runs = {"command": ["python3", "-m", "server"], "args": ["--max-model-len", "8192"], "startUpSeconds": 1800}
    with logic() as run:
        created = run.models.create(model(**runs))
        read = run.models.read(created.id, created.outputs)
        assert run.models.update(model(**runs))["versionId"] == "1"
        assert run.models.update(model(**runs | {"args": ["--dtype", "half"]}))["versionId"] == "2"
    sent = double.vertex.models["us-central1/models/fraud-scorer"]["1"]["containerSpec"]
    assert (sent["command"], sent["args"]) == (runs["command"], runs["args"])
    assert sent["startupProbe"]["httpGet"] == {"path": "/health", "port": 8080}
    assert sent["startupProbe"]["periodSeconds"] * sent["startupProbe"]["failureThreshold"] == 1800
    assert sent["deploymentTimeout"] == "5400s"
    assert read is not None and {key: read[key] for key in runs} == runs


@pytest.mark.parametrize(("seconds", "in_all"), [(10, "3610s"), (3_600, "7200s"), (7_200, "7200s")])
def test_no_deployment_may_take_longer_than_vertex_allows(double, seconds, in_all):
    with logic() as run:
        run.models.create(model(startUpSeconds=seconds))
    assert double.vertex.models["us-central1/models/fraud-scorer"]["1"]["containerSpec"]["deploymentTimeout"] == in_all


def test_create_again_adopts(double):
    with logic() as run:
        assert run.models.create(model()) == run.models.create(model())
    assert versions(double) == {"1": "1.4.0"}


def test_changed_image_is_a_new_version_and_the_old_content_is_found_again(double):
    with logic() as run:
        run.models.create(model())
        newer = run.models.update(model(image="registry/fraud-scorer:1.5.0"))
        assert newer["versionName"] == f"{MODEL}@2"
        assert run.models.update(model())["versionId"] == "1"
    assert versions(double) == {"1": "1.4.0", "2": "1.5.0"}


def test_labels_and_display_name_change_in_place(double):
    with logic() as run:
        run.models.create(model())
        assert run.models.update(model(labels={"stack": "other"}, displayName="scorer"))["versionId"] == "1"
        found = run.models.read(MODEL, {"versionId": "1"})
    assert found["labels"] == {"stack": "other"}
    assert found["displayName"] == "scorer"


def test_a_label_that_goes_goes_from_model_and_version(double):
    """Each has labels of its own, and a version shows both: a label left on one would come back at every refresh."""
    with logic() as run:
        run.models.create(model(labels={"stack": "gcp-pilot", "old": "one"}))
        run.models.update(model(image="registry/fraud-scorer:1.5.0", labels={"stack": "gcp-pilot", "old": "one"}))
        created = run.models.update(model(image="registry/fraud-scorer:1.5.0", labels={"stack": "gcp-pilot"}))
        assert run.models.read(MODEL, created)["labels"] == {"stack": "gcp-pilot"}
        calls = len(double.calls)
        run.models.update(model(image="registry/fraud-scorer:1.5.0", labels={"stack": "gcp-pilot"}))
    assert not any(call.startswith("PATCH") for call in double.calls[calls:])


def test_a_model_of_somebody_else_is_refused(double):
    with logic() as run:
        run.models.create(model())
        double.vertex.models["us-central1/models/fraud-scorer"]["1"]["versionAliases"] = ["default"]
        with pytest.raises(ProviderError, match="has a model of that id in us-central1 that was not made here"):
            run.models.create(model())


def test_read_sees_drift_and_deletion(double):
    with logic() as run:
        run.models.create(model())
        run.models.update(model(image="registry/fraud-scorer:1.5.0"))
        del double.vertex.models["us-central1/models/fraud-scorer"]["2"]
        assert run.models.read(MODEL, {"versionId": "2"})["image"] == model().image
        double.vertex.models.clear()
        assert run.models.read(MODEL, {"versionId": "1"}) is None


def test_delete_is_refused_while_deployed_and_says_why(double):
    with logic() as run:
        run.models.create(model())
        run.deployments.update(deployment())
        with pytest.raises(CloudError, match=r"model fraud-scorer: delete: Model .* is deployed to .*FAILED_PRECON"):
            run.models.delete(MODEL)
        run.deployments.delete(cloud.ENDPOINT)
        run.models.delete(MODEL)
        run.models.delete(MODEL)
    assert versions(double) == {}


def test_throttling_is_waited_out_as_long_as_the_cloud_asks(double):
    double.faults = [CallFault("throttle", "upload", times=3, retry_after=17)]
    with logic() as run:
        start = run.clock.now()
        run.models.create(model())
        assert run.clock.now() - start >= 3 * 17
    assert versions(double) == {"1": "1.4.0"}


def test_throttling_without_end_is_given_up_with_the_clouds_words(double):
    double.faults = [CallFault("throttle", "upload", times=99, message="Quota exceeded for uploads.")]
    with logic() as run, pytest.raises(ProviderError, match="upload: Quota exceeded for uploads"):
        run.models.create(model())
    assert double.faults[0].times > 80


def test_an_unavailable_cloud_is_tried_again(double):
    double.faults = [CallFault("unavailable", "", times=4)]
    with logic() as run:
        run.models.create(model())
    assert versions(double) == {"1": "1.4.0"}


@pytest.mark.parametrize("pattern", ["upload", "GET .*/operations/", "GET .*models/fraud-scorer@"])
def test_a_dropped_answer_makes_no_second_version(double, pattern):
    with logic() as run:
        run.models.create(model())
        double.faults = [CallFault("drop", pattern)]
        assert run.models.update(model(image="registry/fraud-scorer:1.5.0"))["versionId"] == "2"
    assert double.faults[0].times == 0
    assert versions(double) == {"1": "1.4.0", "2": "1.5.0"}


def test_an_operation_that_fails_late_is_an_error_in_the_clouds_words(double):
    double.faults = [CallFault("fail-late", "upload", message="The image\n cannot be pulled.")]
    with logic() as run:
        with pytest.raises(CloudError) as caught:
            run.models.create(model())
        assert str(caught.value) == "model fraud-scorer: upload: The image cannot be pulled (RESOURCE_EXHAUSTED)"
        run.models.create(model())
    assert versions(double) == {"1": "1.4.0"}


def test_an_operation_that_hangs_ends_at_the_bound_and_is_taken_up_later(double):
    double.faults = [CallFault("hang", "upload")]
    with logic() as run:
        start = run.clock.now()
        with pytest.raises(ProviderError, match="not done after 30 minutes; run the update again"):
            run.models.create(model())
        assert run.clock.now() - start <= 1800
    for operation in double.vertex.operations.values():
        operation.hangs = False
    with logic() as run:
        run.models.create(model())
    assert versions(double) == {"1": "1.4.0"}


@pytest.mark.parametrize("host", ["europe-west4-docker.pkg.dev", "us-docker.pkg.dev"])
def test_an_image_of_another_place_than_the_model_s_is_refused(double, host):
    with logic() as run, pytest.raises(CloudError, match=r"the repository must be in us-central1"):
        run.models.create(model(image=f"{host}/payments-risk/serving/scorer:1.4.0"))


def test_google_s_own_image_is_taken_from_anywhere(double):
    with logic() as run:
        run.models.create(model(image="europe-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu:1.5.1"))
    assert versions(double) == {"1": "1.5.1"}


def test_a_refusal_is_not_tried_again(double):
    double.faults = [CallFault("refuse", "upload", message="Permission aiplatform.models.upload denied.")]
    with logic() as run, pytest.raises(CloudError, match=r"denied \(PERMISSION_DENIED\)"):
        run.models.create(model())
    assert len([call for call in double.calls if "upload" in call]) == 1
