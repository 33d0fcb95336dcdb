"""What the personas may do on Azure, and that nobody gets more than a resource or the workspace."""

import uuid
from fnmatch import fnmatchcase

import pytest

from catalogue.access.azure import lets
from catalogue.graph import Graph, Resource
from components.azure.personas import BUILT_IN, COLLECTED_ONLY, DATA_ROLES, GRANTS, NO_VERSIONS, PERSONAS, ROLES
from policies.azure.reading import not_before

ASSIGNMENT = "azure-native:authorization:RoleAssignment"
DEFINITION = "azure-native:authorization:RoleDefinition"


def assignments(graph: Graph) -> list[Resource]:
    return list(graph.of(ASSIGNMENT))


def test_each_persona_is_one_identity_beside_the_workspaces_and_the_keys(azure_pilot: Graph) -> None:
    identities = [r.name for r in azure_pilot.of("azure-native:managedidentity:UserAssignedIdentity")]
    expected = {f"azure-pilot-identity-{persona}" for persona in (*PERSONAS, "workspace")}
    assert set(identities) == expected | {"azure-pilot-key-wraps"}


def test_nobody_has_a_role_on_the_subscription_and_one_stands_on_the_group(azure_pilot: Graph) -> None:
    scopes = {a.name: str(a.inputs["scope"]) for a in assignments(azure_pilot)}
    on_group = [name for name, scope in scopes.items() if "/providers/" not in scope]
    assert on_group == ["azure-pilot-identity-workspace-connection-approver-group"]
    assert all("/resourceGroups/azure-pilot" in scope for scope in scopes.values())


def test_trap_a_role_assignment_says_what_kind_its_principal_is(azure_pilot: Graph) -> None:
    """Else Azure looks the new identity up and fails while the directory has not heard of it."""
    kinds = {a.inputs["principalType"] for a in assignments(azure_pilot)}
    people = {a.name for a in assignments(azure_pilot) if a.inputs["principalType"] == "User"}
    assert kinds == {"ServicePrincipal", "User"}
    assert people and all("-person-" in name for name in people)


def test_names_of_assignments_are_guids_and_the_same_in_every_run(azure_pilot: Graph) -> None:
    names = [str(a.inputs["roleAssignmentName"]) for a in assignments(azure_pilot)]
    assert len(names) == len(set(names)) > 20
    assert {uuid.UUID(name).version for name in names} == {5}


@pytest.mark.parametrize(("role", "guid"), BUILT_IN.items())
def test_built_in_roles_are_guids(role: str, guid: str) -> None:
    assert str(uuid.UUID(guid)) == guid, role


def test_owner_and_access_administration_are_given_to_nobody(azure_pilot: Graph) -> None:
    given = {str(a.inputs["roleDefinitionId"]).rpartition("/")[2] for a in assignments(azure_pilot)}
    assert not given & {
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",  # Owner
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",  # User Access Administrator
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",  # Key Vault Administrator
        "f6c7c914-8db3-469d-8ca1-694a8f32e121",  # AzureML Data Scientist, which may delete endpoints
    }


def test_contributor_is_the_workspaces_alone() -> None:
    assert [persona for persona, grants in GRANTS.items() if "contributor" in {role for role, _, _ in grants}] == [
        "workspace"
    ]


def test_serving_writes_collected_requests_only(azure_pilot: Graph) -> None:
    serving = [a for a in assignments(azure_pilot) if "-identity-serving-" in a.name]
    (collects,) = [a for a in serving if "condition" in a.inputs]
    assert collects.inputs["condition"] == COLLECTED_ONLY and collects.inputs["conditionVersion"] == "2.0"
    assert "StringStartsWith 'modelDataCollector/'" in COLLECTED_ONLY
    definition = next(d for d in azure_pilot.of(DEFINITION) if d.name.endswith("-collect"))
    (permission,) = definition.inputs["permissions"]
    assert permission.keys() == {"dataActions"} and not [a for a in permission["dataActions"] if "delete" in a]


def test_the_publisher_alone_changes_versions_of_the_registry(azure_pilot: Graph) -> None:
    writes = [
        a for a in assignments(azure_pilot) if str(a.inputs["roleDefinitionId"]).endswith(BUILT_IN["blob-contributor"])
    ]
    bound = {a.name: a.inputs.get("condition") for a in writes if "-identity-workspace-" not in a.name}
    assert len(bound) == 5 and set(bound.values()) == {NO_VERSIONS}, "three identities and two people"
    for operation in ("write", "add/action", "delete", "move/action"):
        asked = f"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/{operation}"
        assert not lets(NO_VERSIONS, asked, "registry/scorer/1/artifact/model.json")
        assert lets(NO_VERSIONS, asked, "training/run/model.json")
    assert lets(NO_VERSIONS, "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", "registry/x")


def test_roles_of_our_own_hold_in_the_resource_group_only(azure_pilot: Graph) -> None:
    (group,) = azure_pilot.of("azure-native:resources:ResourceGroup")
    definitions = azure_pilot.of(DEFINITION)
    assert len(definitions) == len(ROLES) + len(DATA_ROLES)
    assert all(d.inputs["assignableScopes"] == [group.outputs["id"]] for d in definitions)
    assert len({str(d.inputs["roleName"]) for d in definitions}) == len(definitions)


@pytest.mark.parametrize("persona", ["data-scientist", "pipeline"])
@pytest.mark.parametrize(
    "operation",
    [
        # "Manage access to Azure Machine Learning workspaces", submitting any type of run (V2)
        "environments/write",
        "environments/build/action",
        "environments/readSecrets/action",
        "jobs/write",
        "metadata/artifacts/write",
        "metadata/codes/versions/write",
        # what azure-ai-ml calls to register a component, an environment, data and code, and to upload the code
        "components/versions/write",
        "environments/versions/write",
        "data/versions/write",
        "codes/versions/write",
        "codes/versions/startPendingUpload/action",
    ],
)
def test_who_submits_a_run_may_do_all_that_a_run_takes(persona: str, operation: str) -> None:
    wanted = f"Microsoft.MachineLearningServices/workspaces/{operation}".lower()
    assert any(fnmatchcase(wanted, action.lower()) for action in ROLES[persona])


@pytest.mark.parametrize("persona", ROLES)
def test_nobody_may_change_endpoints_machines_or_the_workspace(persona: str) -> None:
    for action in ROLES[persona]:
        assert action.startswith("Microsoft.MachineLearningServices/workspaces/")
        assert "onlineEndpoints" not in action or action.endswith(("/score/action", "/onlineEndpoints/read"))
        assert not action.endswith(("workspaces/write", "workspaces/*", "computes/write", "delete"))


def test_who_serves_or_scores_waits_for_its_roles(azure_pilot: Graph) -> None:
    for type_, role in (("OnlineEndpoint", "serving"), ("Schedule", "batch")):
        for resource in azure_pilot.of(f"azure-native:machinelearningservices:{type_}"):
            roles = [a for a in assignments(azure_pilot) if f"-identity-{role}-" in a.name]
            assert roles and not not_before(azure_pilot, resource, roles)
