"""What replaces a resource of azure-native: the provider's list in Go, and what Azure's SDKs let nobody update."""

from pathlib import Path

import pytest

from operations.sources import azure
from operations.sources.golang import Unread

COMMIT = "0123456789" * 4
LIST = """
package gen

// forceNewMap is read, its comments are not: "sku"
var forceNewMap = map[openapi.ModuleName]map[string]codegen.StringSet{
	"Insights": {
		"Component": codegen.NewStringSet(), // covered by x-ms-mutability
	},
	"Storage": {
		"StorageAccount": codegen.NewStringSet(
			// "kind" may change
			"isHnsEnabled",
			"accessTier",
		),
		"BlobContainer": codegen.NewStringSet("denyEncryptionScopeOverride"),
	},
}

var noForceNewMap = map[openapi.ModuleName]map[string]codegen.StringSet{
	"Storage": {
		"StorageAccount": codegen.NewStringSet("accessTier"),
	},
}
"""
MODELS = '''
class TrackedResource(Resource):
    location: str = rest_field(visibility=["read", "create"])
    tags: Optional[dict[str, str]] = rest_field(visibility=["read", "create", "update", "delete", "query"])

class StorageAccountCreateParameters(TrackedResource):
    """What a create sends."""

    kind: str = rest_field(visibility=["read", "create", "update", "delete", "query"])
    properties: Optional["_models.Properties"] = rest_field(visibility=["read", "create", "update"])

class Properties(_Model):
    is_hns_enabled: Optional[bool] = rest_field(name="isHnsEnabled", visibility=["read", "create", "update"])
    dns_endpoint_type: Optional[str] = rest_field(name="DNS_EndpointType", visibility=["create"])
    plain = "no field"
    encryption: Optional["_models.Encryption"] = rest_field(visibility=["read", "create", "update"])

class Encryption(_Model):
    key_source: str = rest_field(name="keySource", visibility=["read", "create"])

class Key(TrackedResource):
    """Of another name than what a create sends."""
'''
ACCOUNT = "azure-native:storage:StorageAccount"


def sources(folder: Path, listed: str = LIST, models: str = MODELS) -> Path:
    home = folder / azure.NATIVE / COMMIT / azure.MAP
    home.mkdir(parents=True)
    (home / "replacement.go").write_text(listed, encoding="utf-8")
    for name in ("storage", "keyvault"):
        below = folder / azure.SDKS / "azure" / "mgmt" / name / "models"
        below.mkdir(parents=True)
        (below / "_models.py").write_text(models, encoding="utf-8")
    (folder / azure.SDKS / "azure_mgmt_storage-25.3.0.dist-info").mkdir()
    return folder


def test_what_the_list_names_and_what_azure_lets_nobody_update_replaces(tmp_path: Path) -> None:
    """At the top alone, under azure-native's names, and not what the provider takes back."""
    assert azure.replaces(ACCOUNT, sources(tmp_path)) == ["dnsEndpointType", "isHnsEnabled", "location"]


def test_of_what_no_sdk_tells_nothing_is_said(tmp_path: Path) -> None:
    for token in ("azure-native:machinelearningservices:Workspace", "azure-native:monitor:DiagnosticSetting"):
        assert azure.replaces(token, sources(tmp_path / token.rpartition(":")[2])) is None


def test_the_versions_are_those_in_the_folder(tmp_path: Path) -> None:
    folder = sources(tmp_path)
    assert (azure.version_of("azure-mgmt-storage", folder), azure.commit(folder)) == ("25.3.0", COMMIT)
    with pytest.raises(Unread, match="has no azure-mgmt-msi; run pip install"):
        azure.version_of("azure-mgmt-msi", folder)


@pytest.mark.parametrize(
    ("token", "listed", "said"),
    [
        ("azure-native:keyvault:Key", LIST, "has no model KeyCreateParameters"),
        ("azure-native:network:VirtualNetwork", LIST, "_models.py is not there"),
        (ACCOUNT, LIST.replace("noForceNewMap", "another"), "has no noForceNewMap"),
    ],
)
def test_a_source_that_is_written_otherwise_is_not_guessed_at(
    token: str, listed: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(Unread, match=said):
        azure.replaces(token, sources(tmp_path, listed))


def test_a_list_of_no_commit_is_refused(tmp_path: Path) -> None:
    folder = sources(tmp_path)
    (folder / azure.NATIVE / COMMIT).rename(folder / azure.NATIVE / "main")
    with pytest.raises(Unread, match="the repository is too large to be checked out"):
        azure.commit(folder)
