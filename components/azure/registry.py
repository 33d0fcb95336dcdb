"""Where models and environments are known: versions of each model, the image that runs it, and where its files lie."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from components.azure.names import digest

PORT, ALIVE, SCORE = 5001, "/", "/score"
"""Where an image answers: as Azure ML's inference server does ("Azure ML inference HTTP server")."""


@dataclass
class ModelArgs:
    """`artifact_uri` is the folder of an MLflow model on a datastore; `image` runs it, online and in batch."""

    image: str
    artifact_uri: str


@dataclass
class RegisteredModel:
    """A model as the registry knows it. `version` stands for artifact and image: another of either is another one."""

    version: str
    model_id: pulumi.Output[str]
    environment_id: pulumi.Output[str]


@dataclass
class RegistryArgs:
    """`models` are the models by name. The datastore of `container_name` on `storage_name` has the same name."""

    subscription: str
    group_name: pulumi.Input[str]
    workspace_name: pulumi.Input[str]
    storage_name: pulumi.Input[str]
    container_name: str
    models: Mapping[str, ModelArgs]
    tags: Mapping[str, str]


class Registry(pulumi.ComponentResource):
    """Creates the artifact datastore and, for each model, its container and version and its environment and version.

    The datastore keeps no credential: whoever reads it comes with its own identity. Versions are named by what is in
    them, so a changed artifact or image is a new version beside the old, which stays until nothing serves it. What
    holds state is protected. Child names copy the logical name, so each is set.
    """

    models: dict[str, RegisteredModel]

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:azure:Registry", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._kept = pulumi.ResourceOptions(parent=self, protect=True)
        datastore = ml.Datastore(
            f"{name}-{args.container_name}",
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
        self.models = {
            key: RegisteredModel(
                version=digest(model.artifact_uri, model.image),
                model_id=self._model(name, key, model, args, datastore),
                environment_id=self._environment(name, key, model.image, args),
            )
            for key, model in args.models.items()
        }
        self.register_outputs({"model_ids": {key: model.model_id for key, model in self.models.items()}})

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
            opts=pulumi.ResourceOptions(parent=self, depends_on=[datastore]),
        ).id

    def _environment(self, name: str, key: str, image: str, args: RegistryArgs) -> pulumi.Output[str]:
        container = ml.EnvironmentContainer(
            f"{name}-{key}",
            name=key,
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            properties=ml.EnvironmentContainerPropertiesArgs(description=f"What runs {key}", tags=args.tags),
            opts=self._kept,
        )

        def route(path: str) -> ml.RouteArgs:
            return ml.RouteArgs(path=path, port=PORT)

        return ml.EnvironmentVersion(
            f"{name}-{key}-{digest(image)}",
            name=container.name,
            version=digest(image),
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            properties=ml.EnvironmentVersionPropertiesArgs(
                image=image,
                os_type="Linux",
                inference_config=ml.InferenceContainerPropertiesArgs(
                    liveness_route=route(ALIVE), readiness_route=route(ALIVE), scoring_route=route(SCORE)
                ),
                tags=args.tags,
            ),
            opts=self._child,
        ).id


def full_uri(
    uri: str, subscription: str, group_name: pulumi.Input[str], workspace_name: pulumi.Input[str]
) -> pulumi.Output[str]:
    """The address as the API wants it, for azureml://datastores/NAME/paths/PATH/ as the stack file has it.

    Azure ML's own CLI expands the short form before it calls the API, which knows the long one only.
    """
    return pulumi.Output.concat(
        f"azureml://subscriptions/{subscription}/resourceGroups/",
        group_name,
        "/workspaces/",
        workspace_name,
        "/",
        uri.removeprefix("azureml://"),
    )
