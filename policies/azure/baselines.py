"""What Azure's own baselines ask of Azure Machine Learning beside the rest; which control is in policies/baselines/."""

from collections.abc import Iterator

from catalogue.properties import Malformed, Properties
from policies.rule import resource_rule

_ML = "azure-native:machinelearningservices"
DEPLOYMENTS = (f"{_ML}:OnlineDeployment", f"{_ML}:BatchDeployment")
_REGISTRY = "azureml://registries/"


@resource_rule(
    "identity-models-own",
    *DEPLOYMENTS,
    severity="high",
    says="A deployment serves a model of a workspace, and none that others publish in a registry of Azure ML.",
    remedy="Register the model in the stack's workspace, under models of the stack file, and name that version.",
)
def models_own(props: Properties) -> Iterator[str]:
    """Whoever publishes in a registry decides what is served. The built-in policies allow registries by a list.

    https://learn.microsoft.com/azure/machine-learning/how-to-regulate-registry-deployments
    """
    try:
        named = props.text_if_known("properties.model")
    except Malformed:  # a batch deployment's is an object
        named = props.text_if_known("properties.model.assetId")
    if named.startswith(_REGISTRY):
        yield f"serves {named}, which others publish"


RULES = [models_own]
