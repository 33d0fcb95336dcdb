"""What a model says of its container is what the cloud is sent, for endpoints and batch jobs alike."""

from copy import deepcopy
from typing import Any

import pytest
import yaml

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from tests.previewing import preview
from tests.stack_files import pilot_file

ENVIRONMENT = {"DTYPE": "half", "MAX_MODEL_LEN": "8192"}
ROUTES = {"port": 8000, "predict_route": "/v1/completions", "health_route": "/healthz"}
RUNS = {"command": ["python3", "-m", "server"], "args": ["--max-model-len", "8192"]}
START_UP = 1795
TAKEN: dict[str, dict[str, Any]] = {"aws": {}, "gcp": {**ROUTES, **RUNS}, "azure": ROUTES}
ML = "azure-native:machinelearningservices:"


@pytest.fixture(scope="module", params=PLATFORMS)
def serving(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Graph]:
    """A platform and its pilot, whose first model says all that the platform takes."""
    platform: str = request.param
    document: Any = pilot_file(platform)
    models = document["config"]["mlplatform:models"]
    models["fraud-scorer"] |= {"environment": ENVIRONMENT, **TAKEN[platform]}
    if platform == "aws":  # where a batch job takes no start-up time
        models["fraud-batch"] = deepcopy(models["fraud-scorer"])
        document["config"]["mlplatform:batch_jobs"]["fraud-backfill"]["model"] = "fraud-batch"
    models["fraud-scorer"]["start_up_seconds"] = START_UP
    file = tmp_path_factory.mktemp(platform) / "Pulumi.other.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return platform, preview(file)


def test_the_environment_and_the_routes_are_sent_wherever_the_model_runs(serving: tuple[str, Graph]) -> None:
    platform, graph = serving

    def sent(type_: str) -> list[Any]:
        return [r.inputs for r in graph.of(type_) if "fraud" in r.name]

    if platform == "aws":
        containers = [inputs["primaryContainer"] for inputs in sent("aws:sagemaker/model:Model")]
        assert len(containers) == 2 and all(one["environment"] == ENVIRONMENT for one in containers)
        (configuration,) = sent("aws:sagemaker/endpointConfiguration:EndpointConfiguration")
        (variant,) = configuration["productionVariants"]
        assert variant["containerStartupHealthCheckTimeoutInSeconds"] == START_UP
        assert variant["modelDataDownloadTimeoutInSeconds"] == START_UP
    elif platform == "gcp":
        models = sent("mlplatform:gcp:Model")
        assert len(models) == 2 and all(one["environment"] == ENVIRONMENT for one in models)
        assert all((one["predictRoute"], one["healthRoute"]) == ("/v1/completions", "/healthz") for one in models)
        assert all(one["ports"] == [8000] for one in models)
        assert all({key: one[key] for key in RUNS} == RUNS and one["startUpSeconds"] == START_UP for one in models)
    else:
        (online,), (batch,), (schedule,) = (
            sent(f"{ML}{kind}") for kind in ("OnlineDeployment", "BatchDeployment", "Schedule")
        )
        (environment,) = sent(f"{ML}EnvironmentVersion")
        told = [one["properties"]["environmentVariables"] for one in (online, batch)]
        job = next(v for k, v in schedule["properties"]["action"].items() if k == "jobDefinition")
        assert [*told, job["jobs"]["score"]["environment_variables"]] == [ENVIRONMENT] * 3
        routes = next(v for k, v in environment["properties"].items() if k == "inferenceConfig")
        assert routes["scoringRoute"] == {"path": "/v1/completions", "port": 8000}
        assert routes["livenessRoute"] == routes["readinessRoute"] == {"path": "/healthz", "port": 8000}
        probe = online["properties"]["startupProbe"]
        assert (probe["period"], probe["failureThreshold"]) == ("PT10S", 180), "the first that is not too short"


def test_a_model_that_says_nothing_more_sends_nothing_more(serving: tuple[str, Graph]) -> None:
    _, graph = serving
    others = [r for r in graph.resources if "embedder" in r.name]
    assert others
    assert not any("MAX_MODEL_LEN" in str(r.inputs) or "/healthz" in str(r.inputs) for r in others)
    assert not any(word in str(r.inputs) for r in others for word in ("tartup", "startUp", "DownloadTimeout"))
