"""A model of a registered version waits for its approval: every way round it is found, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from catalogue import registered
from catalogue.graph import Graph, Resource
from policies.azure.registered import approved, kept
from stacks.config import STACKS
from tests.mutate import changed, put, swapped, without
from tests.previewing import preview

ML, AUTH = "azure-native:machinelearningservices", "azure-native:authorization"
MODEL, ASKS, SERVED = f"{ML}:ModelVersion", "mlplatform:azure:ApprovedVersion", f"{ML}:OnlineDeployment"
ENVIRONMENT, ASSIGNMENT, ROLE = f"{ML}:EnvironmentVersion", f"{AUTH}:RoleAssignment", f"{AUTH}:RoleDefinition"
LIFECYCLE, HOST = "azure-native:storage:ManagementPolicy", "azurefullimages51f3080f.azurecr.io"
Mutation = Callable[[Graph], Graph]


@pytest.fixture(scope="module")
def serving() -> Graph:
    """The stack with every section, whose scorer is version 1 of the registry."""
    return preview(STACKS / "Pulumi.azure-full.yaml")


def one(graph: Graph, type_: str, name: str = "") -> Resource:
    return next(each for each in graph.of(type_) if name in each.name)


def setting(type_: str, path: str, value: object, name: str = "") -> Mutation:
    return lambda graph: changed(graph, one(graph, type_, name), lambda inputs: put(inputs, path, value))


def lying(old: str, new: str) -> Mutation:
    """The model's artifact lies elsewhere."""

    def mutation(graph: Graph) -> Graph:
        model = one(graph, MODEL, "fraud")
        uri = str(model.inputs["properties"]["modelUri"])
        assert old in uri
        return setting(MODEL, "properties.modelUri", uri.replace(old, new), "fraud")(graph)

    return mutation


def image(value: str) -> Mutation:
    return setting(ENVIRONMENT, "properties.image", value, "registry-fraud")


def waiting_for_nothing(graph: Graph) -> Graph:
    asks, model = one(graph, ASKS), one(graph, MODEL, "fraud")
    return swapped(graph, replace(model, dependencies=tuple(urn for urn in model.dependencies if urn != asks.urn)))


def lacking(type_: str, name: str) -> Mutation:
    return lambda graph: without(graph, one(graph, type_, name))


def given_also(name: str, to: str) -> Mutation:
    """The role that writes versions is given on the approvals to the one who has another assignment, too."""

    def mutation(graph: Graph) -> Graph:
        approver, other = one(graph, ASSIGNMENT, "example-approved-approver"), one(graph, ASSIGNMENT, to)
        more = replace(
            approver,
            urn=f"{approver.urn}-{name}",
            name=name,
            inputs={**approver.inputs, "principalId": other.inputs["principalId"]},
            outputs={**approver.outputs, "principalId": other.inputs["principalId"]},
            property_dependencies={
                **approver.property_dependencies,
                "principalId": other.property_dependencies.get("principalId", ()),
            },
        )
        return replace(graph, resources=(*graph.resources, more))

    return mutation


def on_the_workspace(role: str) -> Mutation:
    """A role on the workspace writes models again."""

    def more(inputs: dict[str, Any]) -> None:
        inputs["permissions"][0]["actions"].append("Microsoft.MachineLearningServices/workspaces/models/*/write")

    return lambda graph: changed(graph, one(graph, ROLE, role), more)


def test_what_waits_for_its_own_approval_passes(serving: Graph, azure_pilot: Graph) -> None:
    for graph in (serving, azure_pilot):
        assert [rule.judge(graph).violations for rule in (approved, kept)] == [(), ()]


@pytest.mark.parametrize(
    "mutation",
    [
        waiting_for_nothing,
        setting(ASKS, "version", 2),
        setting(ASKS, "model", "fraud-scorer"),
        setting(ASKS, "subscriptionId", "99992222-3333-4444-5555-666677778888"),
        image(f"{HOST}/registry:mlplatform-example-2"),
        image(f"{HOST}/registry:latest"),
        image(f"{HOST}/other:mlplatform-example-1"),
        image("somebodyelses.azurecr.io/registry:mlplatform-example-1"),
        image(f"{HOST}/registry@sha256:{'a' * 64}"),
        lying("/1/artifact/", "/2/artifact/"),
        lying("/1/artifact/", "/1/artifact/x/"),
        lying("/1/artifact/", "/1/"),
        lying("datastores/artifacts/", "datastores/workspaceblobstore/"),
        lying("/workspaces/", "/workspaces/other-"),
        lying("paths/registry/", "paths/models/"),
        lacking(f"{ML}:ModelContainer", "example-approved"),
        lacking(ASSIGNMENT, "example-approved-approver"),
        given_also("too", "example-registered-data-scientist"),
        given_also("person", "example-registered-person-ana"),
        given_also("runs", "training-image-pull-registry"),
        on_the_workspace("access-data-scientist"),
        on_the_workspace("access-pipeline"),
    ],
)
def test_every_way_round_is_found(serving: Graph, mutation: Mutation) -> None:
    found = approved.judge(mutation(serving)).violations
    assert found and all(each.waits is None and not each.sentence.startswith("cannot") for each in found)


def expiring(prefix: str | None, what: str = "baseBlob") -> Mutation:
    """The store's lifecycle with a rule that deletes something."""

    def mutation(graph: Graph) -> Graph:
        filters = {"blobTypes": ["blockBlob"]} | ({} if prefix is None else {"prefixMatch": [prefix]})
        actions = {what: {"delete": {"daysAfterModificationGreaterThan": 30, "daysAfterCreationGreaterThan": 30}}}
        rule = {
            "name": "x",
            "enabled": True,
            "type": "Lifecycle",
            "definition": {"actions": actions, "filters": filters},
        }
        return changed(graph, one(graph, LIFECYCLE), lambda inputs: inputs["policy"]["rules"].append(rule))

    return mutation


@pytest.mark.parametrize("mutation", [expiring("artifacts/training/"), expiring("artifacts/registry/", "version")])
def test_what_keeps_every_version_passes(serving: Graph, mutation: Mutation) -> None:
    assert kept.judge(mutation(serving)).violations == ()


@pytest.mark.parametrize("prefix", [None, "artifacts", "artifacts/reg", "artifacts/registry/mlplatform-example/1/"])
def test_whatever_lets_a_version_expire_is_found(serving: Graph, prefix: str | None) -> None:
    found = kept.judge(expiring(prefix)(serving)).violations
    assert found and all(each.waits is None and not each.sentence.startswith("cannot") for each in found)


def test_a_version_has_one_folder_and_a_folder_one_version() -> None:
    version = registered.Registered("fraud-scorer", 3)
    short = f"azureml://datastores/artifacts/paths/{version.artifact_folder}"
    long = short.replace("azureml://", "azureml://subscriptions/s/resourceGroups/g/workspaces/w/")
    for uri in (short, long):
        assert registered.in_datastore(uri) == (version, "artifacts") and registered.in_registry(uri)
    for other in (
        "azureml://datastores/artifacts/paths/models/registry/s/1/artifact/",
        short.replace("registry/", "x/"),
    ):
        assert not registered.in_registry(other) and registered.in_datastore(other) is None
    assert registered.in_datastore(short.replace("/3/", "/03/")) is None


def test_an_approval_is_asked_of_the_digest_of_the_file(serving: Graph) -> None:
    """By the record of another version that was approved, `up` would go through."""
    other = setting(ASKS, "digest", f"sha256:{'0' * 64}")(serving)
    assert [each for each in approved.judge(other).violations if "no model of the stack file has" in str(each)]
    assert not approved.judge(serving).violations
