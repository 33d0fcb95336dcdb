"""Where models and environments are known: versions of each model, the image that runs it, and where its files lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from catalogue.platforms import PLATFORMS
from components.azure.names import digest
from components.azure.store import CONTAINER
from components.given import Args, Tags, Text, hold
from provider.azure.approved_version import ApprovedVersion

PORT, ALIVE, SCORE = 5001, "/", "/score"
"""Where an image answers, as Azure ML's inference server does.

Source: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-inference-server-http
"""


PLACE, FOLDER = r"azureml://datastores/[^/]+/paths/.+", r"azureml://datastores/[^/]+/paths/.+/"


@dataclass(kw_only=True)
class VersionArgs(Args):
    """A version of a model in the registry, as whoever deploys knows it."""

    name: str
    """The name of the model in the registry. The program must know it: it names a model of the workspace."""
    version: int
    """The number of the version. The program must know it."""
    digest: Text
    """The digest of the version's record, such as sha256: and 64 digits, which the approver approved."""


@dataclass(kw_only=True)
class ModelArgs(Args):
    """A model to register: its files, and the image that runs them.

    Raises BadArgument for an image of another registry than Azure's or Microsoft's, which no identity of Azure can
    pull, and for an artifact that is no folder of a datastore.
    """

    image: str
    """The image that runs the model, online and in batch, such as registry.azurecr.io/scorer:1.

    The program must know it: another image is another version of the environment.
    """
    artifact_uri: str
    """The folder of an MLflow model on a datastore, such as azureml://datastores/artifacts/paths/scorer/1/.

    The program must know it: another folder is another version of the model.
    """
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """The container's environment: plain values, none of them a secret.

    The program must know it, and what follows: another value is another version.
    """
    port: int = PORT
    """The port that the container listens on, 5001 where nothing is given."""
    predict_route: str = SCORE
    """The path of predictions, /score where nothing is given."""
    health_route: str = ALIVE
    """The path of health checks, / where nothing is given."""
    registered: VersionArgs | None = None
    """The version that image and artifact are of. The model is made once the workspace has its approval.

    Whether it is given must be known.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        pulled = PLATFORMS["azure"].image.pattern or ""
        hold(self, "image", pulled, "an image of REGISTRY.azurecr.io or of mcr.microsoft.com")
        hold(self, "artifact_uri", FOLDER, "a datastore's folder such as azureml://datastores/artifacts/paths/folder/")


@dataclass(kw_only=True)
class RegisteredModelArgs(ModelArgs):
    """A registered model, as an endpoint or a batch job takes it: what Registry was given, and the ids that it gave.

    Another image or another artifact is another version, which gets a deployment of its own and a canary.
    """

    model_id: Text
    """The id of the model's version, as Registry has it in `model_ids`."""
    environment_id: Text
    """The id of the environment's version, as Registry has it in `environment_ids`."""


@dataclass(kw_only=True)
class RegistryArgs(Args):
    """The workspace that knows the models, the storage that holds their files, and the models."""

    subscription: Text
    """The id of the subscription that workspace and storage are in."""
    group_name: Text
    """The name of the resource group that workspace and storage are in."""
    workspace_name: Text
    """The name of the ML workspace in which the models are registered."""
    storage_name: Text
    """The name of the storage account that holds the artifacts."""
    container_name: Text = CONTAINER
    """The name of the blob container that holds the artifacts. The datastore has the same name."""
    models: Mapping[str, ModelArgs] = field(default_factory=dict[str, ModelArgs])
    """The models by name. The program must know the names: each makes a model and an environment."""
    tags: Tags
    """The tags of everything that is created."""


class Registry(pulumi.ComponentResource):
    """Creates the datastore of the artifacts and registers each model and the environment that runs it.

    The datastore keeps no credential: whoever reads it comes with an identity of its own. A version is named by what is
    in it. A changed artifact or image is a new version, and the old one goes when nothing serves it any more. What
    holds state is protected.

    The storage account must let the workspace's identity read the container.

    A model of a registered version waits for its approval, which Access lets the approver alone give. Where there is
    none, nothing changes: what stands serves on.

    Source: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-datastore
    """

    model_ids: dict[str, pulumi.Output[str]]
    """The ids of the models' versions by the models' names."""
    environment_ids: dict[str, pulumi.Output[str]]
    """The ids of the environments' versions by the models' names."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Registry", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._kept = pulumi.ResourceOptions(parent=self, protect=True)
        datastore = ml.Datastore(
            f"{name}-{CONTAINER}",
            name=args.container_name,
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            properties=ml.AzureBlobDatastoreArgs(
                datastore_type="AzureBlob",
                account_name=args.storage_name,
                container_name=args.container_name,
                credentials=ml.NoneDatastoreCredentialsArgs(credentials_type="None"),
                endpoint="core.windows.net",
                protocol="https",
                resource_group=args.group_name,
                subscription_id=args.subscription,
                service_data_access_auth_identity="WorkspaceUserAssignedIdentity",
                tags=args.tags,
            ),
            opts=self._kept,
        )
        self.model_ids, self.environment_ids = {}, {}
        for key, model in args.models.items():
            self.model_ids[key] = self._model(name, key, model, args, datastore)
            self.environment_ids[key] = self._environment(name, key, model, args)
        self.register_outputs({"model_ids": self.model_ids, "environment_ids": self.environment_ids})

    def _model(
        self, name: str, key: str, model: ModelArgs, args: RegistryArgs, datastore: ml.Datastore
    ) -> pulumi.Output[str]:
        container = ml.ModelContainer(
            f"{name}-{key}",
            name=key,
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            properties=ml.ModelContainerPropertiesArgs(description=f"Versions of {key}", tags=args.tags),
            opts=self._kept,
        )
        waits: list[pulumi.Resource] = [datastore]
        if (version := model.registered) is not None:
            waits.append(
                ApprovedVersion(
                    f"{name}-{key}-approved-version",
                    subscription_id=args.subscription,
                    resource_group=args.group_name,
                    workspace=args.workspace_name,
                    model=version.name,
                    version=version.version,
                    digest=version.digest,
                    opts=self._child,
                )
            )
        return ml.ModelVersion(
            f"{name}-{key}-{digest(model.artifact_uri)}",
            name=container.name,
            version=digest(model.artifact_uri),
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            properties=ml.ModelVersionPropertiesArgs(
                model_type="mlflow_model",
                model_uri=full_uri(model.artifact_uri, args.subscription, args.group_name, args.workspace_name),
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=waits),
        ).id

    def _environment(self, name: str, key: str, model: ModelArgs, args: RegistryArgs) -> pulumi.Output[str]:
        def route(path: str) -> ml.RouteArgs:
            return ml.RouteArgs(path=path, port=model.port)

        version = digest(model.image, *_answers(model))
        return environment(
            f"{name}-{key}",
            Environment(
                group_name=args.group_name,
                workspace_name=args.workspace_name,
                environment_name=key,
                says=f"What runs {key}",
                images={version: model.image},
                answers=ml.InferenceContainerPropertiesArgs(
                    liveness_route=route(model.health_route),
                    readiness_route=route(model.health_route),
                    scoring_route=route(model.predict_route),
                ),
                tags=args.tags,
            ),
            self._kept,
            self._child,
        )[version]


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Images as Azure ML knows them: an environment of that name, and the version that has each of them."""

    group_name: Text
    workspace_name: Text
    environment_name: Text
    says: Text
    images: Mapping[str, str]
    """The images by the versions that have them."""
    answers: ml.InferenceContainerPropertiesArgs | None = None
    """Where they answer, as the image of an endpoint must; None for those that answer nobody."""
    tags: Tags


def environment(
    name: str, args: Environment, opts: pulumi.ResourceOptions, version_opts: pulumi.ResourceOptions
) -> dict[str, pulumi.Output[str]]:
    """Register an environment with `opts`, and its versions. Returns their ids."""
    container = ml.EnvironmentContainer(
        name,
        name=args.environment_name,
        workspace_name=args.workspace_name,
        resource_group_name=args.group_name,
        properties=ml.EnvironmentContainerPropertiesArgs(description=args.says, tags=args.tags),
        opts=opts,
    )
    return {
        version: ml.EnvironmentVersion(
            f"{name}-{version}",
            name=container.name,
            version=version,
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            properties=ml.EnvironmentVersionPropertiesArgs(
                image=image, os_type="Linux", inference_config=args.answers, tags=args.tags
            ),
            opts=version_opts,
        ).id
        for version, image in args.images.items()
    }


def version_of(model: ModelArgs) -> str:
    """The word that stands for a model's artifact, image, environment and routes: another of one has another."""
    variables = [f"{name}={value}" for name, value in sorted(model.environment.items())]
    return digest(model.artifact_uri, model.image, *_answers(model), *variables)


def _answers(model: ModelArgs) -> list[str]:
    """Where the container answers, as words of its version; none for what is meant where nothing is given."""
    usual = (PORT, SCORE, ALIVE)
    found = (model.port, model.predict_route, model.health_route)
    return [] if found == usual else [str(word) for word in found]


def full_uri(uri: Text, subscription: Text, group_name: Text, workspace_name: Text) -> pulumi.Output[str]:
    """The address as the API wants it, for azureml://datastores/NAME/paths/PATH/ as the stack file has it.

    Azure ML's own CLI expands the short form before it calls the API, which knows the long one only.
    """
    return pulumi.Output.concat(
        "azureml://subscriptions/",
        subscription,
        "/resourceGroups/",
        group_name,
        "/workspaces/",
        workspace_name,
        "/",
        pulumi.Output.from_input(uri).apply(lambda known: known.removeprefix("azureml://")),
    )
