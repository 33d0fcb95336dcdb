"""What of a model version stays on its platform, and why. The bundle has the list, and so has whoever exports."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from catalogue.platforms import Platform
from catalogue.versions import canonical


@dataclass(frozen=True)
class Stays:
    """One thing that does not leave with a version."""

    what: str
    why: str
    source: str


_SAGEMAKER = "https://docs.aws.amazon.com/sagemaker/latest/dg"
_VERTEX = "https://cloud.google.com/vertex-ai/docs"
_AZURE = "https://learn.microsoft.com/en-us/azure/machine-learning"
_IMAGE = "the bundle names it by its digest; a registry copies it to another, and its own licence says whether it may"
_CAPTURED = "it is what callers sent, of an endpoint and not of a version; whoever may read it copies it from the store"
_HOMES = "they are people's own work, on volumes that the workspace mounts; each person copies their own"
STAYS: Mapping[Platform, Sequence[Stays]] = {
    "aws": (
        Stays("the serving image in ECR", _IMAGE, f"{_SAGEMAKER}/your-algorithms-containers-inference-private.html"),
        Stays("captured requests and answers", _CAPTURED, f"{_SAGEMAKER}/model-monitor-data-capture.html"),
        Stays("Studio homes and private spaces", _HOMES, f"{_SAGEMAKER}/studio-updated-spaces.html"),
        Stays(
            "lineage entities",
            "they are ARNs of the account, joined by SageMaker; the record has what they say of the version",
            f"{_SAGEMAKER}/lineage-tracking.html",
        ),
        Stays(
            "the approval status of the model package",
            "it is a state of the registry; who approved, when and why is kept beside the record",
            f"{_SAGEMAKER}/model-registry-approve.html",
        ),
        Stays(
            "the runs of an MLflow App",
            "SageMaker keeps them, and MLflow's own API reads them out; their files lie in experiments/ of the bucket",
            f"{_SAGEMAKER}/mlflow.html",
        ),
    ),
    "gcp": (
        Stays("the serving image in Artifact Registry", _IMAGE, f"{_VERTEX}/predictions/custom-container-requirements"),
        Stays("captured requests and answers", _CAPTURED, f"{_VERTEX}/predictions/online-prediction-logging"),
        Stays("disks of Workbench instances", _HOMES, f"{_VERTEX}/workbench/instances/create"),
        Stays(
            "Vertex AI's own model evaluations",
            "they are resources under the model in Google's registry; the record has what our own step measured",
            f"{_VERTEX}/evaluation/introduction",
        ),
        Stays(
            "executions and artifacts of Vertex ML Metadata",
            "they are resources of the project; the record has what they say of the version",
            f"{_VERTEX}/ml-metadata/introduction",
        ),
        Stays(
            "the runs of a TensorBoard",
            "Vertex AI keeps them, and exports a time series at a time; what a job logged lies beside its output",
            f"{_VERTEX}/experiments/tensorboard-introduction",
        ),
    ),
    "azure": (
        Stays("the serving image in ACR", _IMAGE, f"{_AZURE}/how-to-deploy-custom-container"),
        Stays("collected requests and answers", _CAPTURED, f"{_AZURE}/concept-data-collection"),
        Stays("disks of compute instances", _HOMES, f"{_AZURE}/concept-compute-instance"),
        Stays(
            "who registered the model and when, as the registry has it",
            "it is system data of the asset, which Azure writes; the record has what made the version",
            f"{_AZURE}/concept-machine-learning-registries-mlops",
        ),
        Stays(
            "the run history of MLflow",
            "it is kept by the workspace; the record has the run's id, parameters and metrics",
            f"{_AZURE}/concept-mlflow",
        ),
    ),
}


def written(platform: Platform) -> bytes:
    """The list as a bundle has it."""
    said = {"schema": "mlplatform-stays-behind/1", "platform": platform}
    return canonical({**said, "stays": [asdict(one) for one in STAYS[platform]]})
