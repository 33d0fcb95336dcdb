"""Wrong inputs get one sentence each; what is unknown is let through; what is secret is not repeated."""

import pytest

from provider.azure.traffic import TrafficInputs
from provider.gcp.deployment import DeploymentInputs
from provider.gcp.model import ModelInputs
from provider.inputs import names, parsed, wrong_inputs
from tests.provider.cloud import DEPLOYMENT_INPUTS, MODEL_INPUTS, TRAFFIC_INPUTS

SAMPLES = {ModelInputs: MODEL_INPUTS, DeploymentInputs: DEPLOYMENT_INPUTS, TrafficInputs: TRAFFIC_INPUTS}


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
def test_the_samples_are_right_and_each_required_input_is_missed(kind):
    assert wrong_inputs(kind, SAMPLES[kind], (), ()) == []
    for name in SAMPLES[kind]:
        rest = {key: value for key, value in SAMPLES[kind].items() if key != name}
        assert wrong_inputs(kind, rest, (), ()) == [(name, f"{name} is missing")]
        assert wrong_inputs(kind, rest, {name}, ()) == []


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        (ModelInputs, {"modelId": "1st"}, "modelId is '1st': it must match ^[a-z_]"),
        (
            ModelInputs,
            {"image": "registry/fraud-scorer:latest"},
            "it must be pinned, by a tag other than latest",
        ),
        (ModelInputs, {"image": "registry:5000/fraud-scorer"}, "it must be pinned"),
        (ModelInputs, {"artifactUri": "s3://bucket/x/"}, "artifactUri is 's3://bucket/x/': it must match ^gs://"),
        (ModelInputs, {"ports": [0]}, "ports.0 is 0: it must be at least 1"),
        (ModelInputs, {"colour": "red"}, "colour is not a property of this resource"),
        (DeploymentInputs, {"minReplicas": 0}, "minReplicas is 0: it must be at least 1"),
        (DeploymentInputs, {"minReplicas": 5}, "maxReplicas is 4, below minReplicas 5"),
        (DeploymentInputs, {"acceleratorType": "TPU v6e", "acceleratorCount": 1}, "must be one of NVIDIA_TESLA_P4"),
        (DeploymentInputs, {"acceleratorType": "NVIDIA_L4"}, "acceleratorType and acceleratorCount are given together"),
        (
            DeploymentInputs,
            {"location": "europe-west4"},
            "location is europe-west4, but the endpoint is in us-",
        ),
        (DeploymentInputs, {"scalingMetric": "cpu"}, "must be one of aiplatform.googleapis.com/prediction/online/cpu"),
        (DeploymentInputs, {"model": "models/x"}, "model is 'models/x': it must match ^projects/"),
        (DeploymentInputs, {"canaryPercent": 51}, "canaryPercent is 51: it must be at most 50"),
        (TrafficInputs, {"mirrorPercent": 51}, "mirrorPercent is 51: it must be at most 50"),
        (TrafficInputs, {"subscriptionId": "mine"}, "subscriptionId is 'mine': it must match"),
        (TrafficInputs, {"errorRatePercent": 101}, "errorRatePercent is 101: it must be at most 100"),
    ],
)
def test_one_sentence_each(kind, change, said):
    [(_, sentence)] = wrong_inputs(kind, {**SAMPLES[kind], **change}, (), ())
    assert said in sentence
    assert "\n" not in sentence


def test_a_secret_is_not_repeated():
    [(name, sentence)] = wrong_inputs(ModelInputs, {**MODEL_INPUTS, "artifactUri": "hunter2"}, (), {"artifactUri"})
    assert name == "artifactUri"
    assert "hunter2" not in sentence


def test_inputs_that_are_right_are_fields_under_python_names():
    inputs = parsed(TrafficInputs, TRAFFIC_INPUTS)
    assert (inputs.p95_latency_ms, inputs.mirror_percent, inputs.error_rate_percent) == (250, 0, 1.5)
    assert set(names(TrafficInputs)) == {*TRAFFIC_INPUTS, "mirrorPercent"}
    with pytest.raises(ValueError, match="canary_percent"):
        parsed(TrafficInputs, {**TRAFFIC_INPUTS, "canary_percent": 10})
