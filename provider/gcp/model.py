"""mlplatform:gcp:Model: a model of the Vertex AI registry, with a version for each content.

An uploaded version has the alias `mlplatform-HASH`, made from its content. By it the next run finds what an interrupted
run uploaded.
`opts` that name properties (`ignore_changes`, `replace_on_changes`) use wire names, e.g. `displayName`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import TYPE_CHECKING, Annotated

import pulumi

from provider import Json, Number, Text
from provider.errors import ProviderError
from provider.ids import PREFIX, digest
from provider.inputs import Allowed, Checked, Inputs, Labels, Location, ProjectId, ServiceAccount
from provider.service import Created, Service
from provider.steps import remove, step

if TYPE_CHECKING:
    from provider.vertex import Vertex

TOKEN = "mlplatform:gcp:Model"
PROBE_SECONDS = 10
DEPLOY_SECONDS = 7_200
OUTPUTS = {"resourceName": "string", "versionId": "string", "versionName": "string"}


class Model(pulumi.CustomResource):
    """Creates a model in the Vertex AI registry, served by `image` from the artifact folder `artifact_uri`.

    Another image, artifact, environment, command, argument, start-up time, route, port, service account or key is a
    new version. Display name and labels change without a new version. Another project, location or model id replaces
    the model. Delete removes every version; Vertex AI refuses it while one is deployed. `model_id` is letters, digits,
    `_` and `-`, at most 63.
    """

    @property
    def resource_name(self) -> pulumi.Output[str]:
        """`projects/…/locations/…/models/ID`."""
        return pulumi.get(self, "resourceName")

    @property
    def version_id(self) -> pulumi.Output[str]:
        """The version uploaded last, e.g. `3`."""
        return pulumi.get(self, "versionId")

    @property
    def version_name(self) -> pulumi.Output[str]:
        """`projects/…/locations/…/models/ID@VERSION`: what a Deployment deploys."""
        return pulumi.get(self, "versionName")

    def __init__(
        self,
        name: str,
        *,
        project: Text,
        location: Text,
        model_id: Text,
        display_name: Text,
        image: Text,
        artifact_uri: Text,
        predict_route: Text,
        health_route: Text,
        ports: pulumi.Input[Sequence[Number]],
        service_account: Text,
        kms_key_name: Text,
        labels: pulumi.Input[Mapping[str, Text]],
        environment: pulumi.Input[Mapping[str, Text]] | None = None,
        command: pulumi.Input[Sequence[Text]] | None = None,
        args: pulumi.Input[Sequence[Text]] | None = None,
        start_up_seconds: pulumi.Input[Number] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "project": project,
            "location": location,
            "modelId": model_id,
            "displayName": display_name,
            "image": image,
            "artifactUri": artifact_uri,
            "predictRoute": predict_route,
            "healthRoute": health_route,
            "ports": ports,
            "serviceAccount": service_account,
            "kmsKeyName": kms_key_name,
            "labels": labels,
            "environment": environment,
            "command": command,
            "args": args,
            "startUpSeconds": start_up_seconds,
        }
        super().__init__(TOKEN, name, {**inputs, **dict.fromkeys(OUTPUTS)}, opts)


def _pinned(image: str) -> str:
    if not re.search(r"(:(?!latest$)[\w][\w.-]*|@sha256:[0-9a-f]{64})$", image):
        raise ValueError("must be pinned, by a tag other than latest or by a digest")
    return image


# By UploadModelRequest.modelId and PortSpec of the aiplatform v1 discovery document.
ModelId = Annotated[str, Allowed(pattern=r"^[a-z_][a-z0-9_-]{0,62}$")]
Route = Annotated[str, Allowed(pattern=r"^/")]
Port = Annotated[int, Allowed(ge=1, le=65535)]
Environment = Annotated[dict[str, str], Allowed(max_length=100)]
Words = Annotated[list[str], Allowed(min_length=1)]
StartUp = Annotated[int, Allowed(ge=PROBE_SECONDS, le=DEPLOY_SECONDS)]
KmsKeyName = Annotated[str, Allowed(pattern=r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$")]


@dataclass(frozen=True, kw_only=True)
class ModelInputs(Inputs):
    """Inputs of mlplatform:gcp:Model."""

    project: ProjectId
    location: Location
    model_id: ModelId
    display_name: Annotated[str, Allowed(min_length=1, max_length=128)]
    image: Annotated[str, Checked(_pinned)]
    artifact_uri: Annotated[str, Allowed(pattern=r"^gs://[^/]+/.+")]
    predict_route: Route
    health_route: Route
    ports: Annotated[list[Port], Allowed(min_length=1)]
    service_account: ServiceAccount
    kms_key_name: KmsKeyName
    labels: Labels
    environment: Environment | None = None
    command: Words | None = None
    args: Words | None = None
    start_up_seconds: StartUp | None = None


def version_alias(inputs: ModelInputs) -> str:
    """The alias of the version with this content. The content is everything but display name and labels.

    What is left out is no part of it, so a version that stands keeps its alias when a model can say more.
    """
    given = {name: value for name, value in asdict(inputs).items() if value is not None}
    content = {name: value for name, value in given.items() if name not in ("display_name", "labels")}
    return f"{PREFIX}{digest(content)[:20]}"


class ModelService(Service[ModelInputs]):
    """Uploads versions of a model, finds uploaded ones, and deletes the model with all its versions."""

    token = TOKEN
    inputs = ModelInputs
    outputs = OUTPUTS
    replaces = frozenset({"project", "location", "modelId"})
    shape = staticmethod(version_alias)

    def create(self, inputs: ModelInputs) -> Created:
        """Upload the model, or adopt it. Raises ProviderError where somebody else made a model of that id."""
        name = _name(inputs)
        found = self._vertex(name).door.get(f"/v1/{name}", f"model {inputs.model_id}")
        if found is not None and not any(alias.startswith(PREFIX) for alias in found.get("versionAliases", [])):
            raise ProviderError(
                f"model {inputs.model_id}: {inputs.project} has a model of that id in {inputs.location} that was not "
                "made here; choose another modelId or delete that model"
            )
        return Created(name, self.update(inputs))

    def update(self, inputs: ModelInputs) -> Json:
        """Upload the content unless a version has it already. Then write display name and labels if they differ.

        A model and its versions have labels of their own, and a version shows both. So a label that is to go must go
        from each. Source: UpdateModelRequest.model,
        https://cloud.google.com/vertex-ai/docs/reference/rpc/google.cloud.aiplatform.v1#updatemodelrequest
        """
        name, alias, doing = _name(inputs), version_alias(inputs), f"model {inputs.model_id}"
        vertex = self._vertex(name)

        def upload() -> None:
            exists = vertex.door.get(f"/v1/{name}", doing) is not None
            body: Json = {
                "model": {
                    "displayName": inputs.display_name,
                    "versionAliases": [alias],
                    "artifactUri": inputs.artifact_uri,
                    "containerSpec": {
                        "imageUri": inputs.image,
                        "predictRoute": inputs.predict_route,
                        "healthRoute": inputs.health_route,
                        "ports": [{"containerPort": port} for port in inputs.ports],
                        **({"env": _variables(inputs.environment)} if inputs.environment else {}),
                        **({"command": inputs.command} if inputs.command else {}),
                        **({"args": inputs.args} if inputs.args else {}),
                        **(_start_up(inputs, inputs.start_up_seconds) if inputs.start_up_seconds else {}),
                    },
                    "encryptionSpec": {"kmsKeyName": inputs.kms_key_name},
                    "labels": inputs.labels,
                },
                "serviceAccount": inputs.service_account,
                **({"parentModel": name} if exists else {"modelId": inputs.model_id}),
            }
            vertex.act("POST", f"{name.rsplit('/models/')[0]}/models:upload", f"{doing}: upload", body)

        def version() -> Json | None:
            vertex.settle(name, doing)
            return vertex.door.get(f"/v1/{name}@{alias}", doing)

        found = step(version, upload)
        if found.get("displayName") != inputs.display_name or found.get("labels", {}) != inputs.labels:
            body: Json = {"displayName": inputs.display_name, "labels": inputs.labels}
            mine = {"labels": inputs.labels}
            for named, given in ((name, body), (f"{name}@{found['versionId']}", mine)):
                asked = {"updateMask": ",".join(given)}
                vertex.door.call("PATCH", f"/v1/{named}", f"{doing}: labels", params=asked, json=given)
        return _outputs(name, str(found["versionId"]))

    def read(self, id: str, state: Json) -> Json | None:
        """The inputs and outputs as they are in the registry. None when the model is gone.

        When only the recorded version is gone, these are those of the default version. Then the next update uploads the
        wanted content again.
        """
        vertex, version, doing = self._vertex(id), state.get("versionId"), f"model {id.rsplit('/', 1)[1]}"
        found = vertex.door.get(f"/v1/{id}@{version}", doing) if version else None
        found = found or vertex.door.get(f"/v1/{id}", doing)
        if found is None:
            return None
        _, project, _, location, _, model = id.split("/")
        container = found.get("containerSpec", {})
        return {
            "project": project,
            "location": location,
            "modelId": model,
            "displayName": found.get("displayName"),
            "image": container.get("imageUri"),
            "artifactUri": found.get("artifactUri"),
            "predictRoute": container.get("predictRoute"),
            "healthRoute": container.get("healthRoute"),
            "ports": [port["containerPort"] for port in container.get("ports", [])],
            "kmsKeyName": found.get("encryptionSpec", {}).get("kmsKeyName"),
            "labels": found.get("labels", {}),
            **({"environment": {one["name"]: one["value"] for one in env}} if (env := container.get("env")) else {}),
            **{word: container[word] for word in ("command", "args") if container.get(word)},
            **({"startUpSeconds": _waits(probe)} if (probe := container.get("startupProbe")) else {}),
            **_outputs(id, str(found["versionId"])),
        }

    def delete(self, id: str) -> None:
        """Delete all versions. Does nothing when they are gone. Vertex AI refuses it while one is deployed."""
        vertex, doing = self._vertex(id), f"model {id.rsplit('/', 1)[1]}: delete"

        def gone() -> bool | None:
            vertex.settle(id, doing)
            return True if vertex.door.get(f"/v1/{id}", doing) is None else None

        remove(gone, lambda: vertex.act("DELETE", id, doing))

    def _vertex(self, name: str) -> "Vertex":
        from provider.vertex import Vertex

        return Vertex(name.split("/")[3], self.clouds, self.seconds)


def _variables(environment: Mapping[str, str]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in sorted(environment.items())]


def _start_up(inputs: ModelInputs, seconds: int) -> Json:
    """The checks until a container is healthy, and how long a deployment may take in all: an hour more at most.

    Without a probe Vertex AI restarts a container that opens no port within four tries of ten seconds. No check of
    health begins before the probe has succeeded. Source: Vertex AI, "Custom container requirements for inference",
    https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements; the limit of two hours is that of
    deploymentTimeout, https://cloud.google.com/vertex-ai/docs/reference/rest/v1/ModelContainerSpec
    """
    return {
        "startupProbe": {
            "httpGet": {"path": inputs.health_route, "port": inputs.ports[0]},
            "periodSeconds": PROBE_SECONDS,
            "timeoutSeconds": PROBE_SECONDS,
            "failureThreshold": ceil(seconds / PROBE_SECONDS),
        },
        "deploymentTimeout": f"{min(seconds + 3_600, DEPLOY_SECONDS)}s",
    }


def _waits(probe: Json) -> int:
    """How many seconds a start-up probe waits at most."""
    return int(probe.get("periodSeconds", PROBE_SECONDS)) * int(probe.get("failureThreshold", 3))


def _name(inputs: ModelInputs) -> str:
    """The resource's id: `projects/…/locations/…/models/ID`, with the project as the program gives it."""
    return f"projects/{inputs.project}/locations/{inputs.location}/models/{inputs.model_id}"


def _outputs(name: str, version: str) -> Json:
    return {"resourceName": name, "versionId": version, "versionName": f"{name}@{version}"}
