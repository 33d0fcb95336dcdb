"""Where runs are recorded on Azure Machine Learning: in the workspace itself, whose MLflow is there in every stack.

Nothing is made, nothing bills beside what the workspace stores, and nothing can be switched off: Azure ML records each
run, and tells the program of each job where, whether the stack file names it or not. People record as the data
scientist, whose role has it already, through the workspace's private endpoint.
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-use-mlflow-configure-tracking
"""

from collections.abc import Mapping, Sequence
from typing import Any

from stacks.azure.ground import Ground
from stacks.model import StackConfig

REACH = ("amlworkspace",)
"""MLflow answers at the workspace's own endpoint."""


def reaches(config: StackConfig) -> Sequence[str]:
    """What people record through."""
    return REACH


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """The address to record to, which MLflow takes with the plugin `azureml-mlflow`."""
    return {"experiments": ground.tracking_uri}
