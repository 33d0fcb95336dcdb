"""Which rights are read from which source, and what the command says of a source that is missing."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from catalogue.generated import FOLDER
from operations.sources import __main__ as command
from operations.sources import rights
from operations.sources.golang import Unread
from operations.sources.terraform import Google

MODEL = "aws:sagemaker/model:Model"


def repository(folder: Path, files: Mapping[str, str]) -> Path:
    """A repository whose one commit has these files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    for words in (("init", "--quiet"), ("add", "."), (*identity, "commit", "--quiet", "--message", "all")):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
    return folder


def schema(*permissions: str) -> str:
    return json.dumps({"handlers": {"create": {"permissions": list(permissions)}}})


def test_aws_asks_what_cloudformations_handler_asks(tmp_path: Path) -> None:
    folder = "aws-cloudformation-schema"
    files = {
        f"{folder}/aws-sagemaker-model.json": schema("sagemaker:CreateModel", "iam:PassRole", "iam:PassRole"),
        f"{folder}/aws-iam-policy.json": schema("iam:PutRolePolicy"),
        f"{folder}/aws-iam-managedpolicy.json": schema("iam:CreatePolicy"),
        f"{folder}/aws-budgets-budget.json": "{}",
    }
    registry = repository(tmp_path, files)
    assert rights.of_aws(MODEL, registry) == ["iam:PassRole", "sagemaker:CreateModel"]
    assert rights.of_aws("aws:iam/policy:Policy", registry) == ["iam:CreatePolicy"], "the one of that name is inline"
    assert rights.of_aws("aws:budgets/budget:Budget", registry) is None, "a handler that does not say"
    assert rights.of_aws("aws:s3/bucketVersioning:BucketVersioning", registry) is None


GOOGLE = """package compute
import (
	iambeta "github.com/hashicorp/terraform-provider-google-beta/google-beta/services/iambeta"
)

var Product = registry.Product{
	BaseUrl: "https://{{region}}-compute.googleapis.com/v1/",
}

func init() {
	registry.Schema{
		Name:        "google_address",
		ProductName: "compute",
		Type:        registry.SchemaTypeResource,
		Schema:      ResourceAddress(),
	}.Register()
	registry.Schema{
		Name:        "google_nat",
		ProductName: "compute",
		Type:        registry.SchemaTypeResource,
		Schema:      ResourceNat(),
	}.Register()
	registry.Schema{
		Name:        "google_account",
		ProductName: "compute",
		Type:        registry.SchemaTypeResource,
		Schema:      ResourceAccount(),
	}.Register()
	registry.Schema{
		Name:        "google_account_iam_member",
		ProductName: "compute",
		Type:        registry.SchemaTypeIAMResource,
		Schema:      MemberResource(),
	}.Register()
}

func ResourceAddress() *schema.Resource {
	return &schema.Resource{
		Create: addressCreate,
	}
}

func addressCreate(d *schema.ResourceData) error {
	url, err := ReplaceVars(d, config, BaseUrl(Product, config)+"projects/{{project}}/global/addresses?id={{name}}")
}

func ResourceNat() *schema.Resource {
	return &schema.Resource{
		Create: natCreate,
	}
}

func natCreate(d *schema.ResourceData) error {
	url, err := ReplaceVars(d, config, BaseUrl(Product, config)+"projects/{{project}}/routers/{{router}}")
}

func ResourceAccount() *schema.Resource {
	return &schema.Resource{
		Create: accountCreate,
	}
}

func accountCreate(d *schema.ResourceData) error {
	account, err := iambeta.NewClient(config).Projects.ServiceAccounts.Create(name, r).Do()
}

func MemberResource() *schema.Resource {
	return tpgiamresource.ResourceIamMember(
		Schema,
		NewAccountUpdater,
	)
}

func (u *AccountUpdater) SetResourceIamPolicy(policy *Policy) error {
	_, err := iambeta.NewClient(u.Config).Projects.ServiceAccounts.SetIamPolicy(u.id, &Request{}).Do()
}
"""
IAM = """package iambeta

var Product = registry.Product{
	BaseUrl: "https://iam.googleapis.com/v1/",
}
"""


@pytest.mark.parametrize(
    ("type_", "api", "expected"),
    [
        ("google_address", "compute", ["compute.globalAddresses.create"]),
        ("google_nat", "compute", None),  # it is sent to a router that is there
        ("google_account", "iam", ["iam.serviceAccounts.create"]),
        ("google_account_iam_member", "iam", ["iam.serviceAccounts.setIamPolicy"]),
    ],
)
def test_googles_permission_is_on_what_the_provider_posts_to(
    tmp_path: Path, type_: str, api: str, expected: list[str] | None
) -> None:
    services = tmp_path / "provider" / "google-beta" / "services"
    for name, text in (("compute", GOOGLE), ("iambeta", IAM)):
        (services / name).mkdir(parents=True)
        (services / name / f"{name}.go").write_text(text)
    roles = {
        "gcp/roles/owner.json": [
            "compute.globalAddresses.create",
            "compute.addresses.create",
            "compute.routers.create",
        ],
        "gcp/roles/iam.admin.json": ["iam.serviceAccounts.create", "iam.serviceAccounts.setIamPolicy"],
    }
    texts = {name: json.dumps({"includedPermissions": permissions}) for name, permissions in roles.items()}
    dataset = repository(tmp_path / "dataset", texts)
    google = Google(tmp_path / "provider")
    assert google.api(type_) == api
    assert rights.of_google(type_, google, dataset) == expected


def test_a_repository_without_the_files_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unread, match="is no repository that has gcp/roles; clone it there"):
        rights.files(tmp_path, "gcp/roles")


def test_what_changes_and_deletes_is_asked_of_its_own_handler_and_of_a_permission_that_there_is(tmp_path: Path) -> None:
    handlers = {"create": {"permissions": ["a:Make"]}, "delete": {"permissions": ["a:Drop", "a:Drop"]}}
    folder = repository(
        tmp_path,
        {
            "aws-cloudformation-schema/aws-sagemaker-model.json": json.dumps({"handlers": handlers}),
            "gcp/roles/any.json": json.dumps(
                {"includedPermissions": ["compute.addresses.delete", "dns.changes.create"]}
            ),
        },
    )
    assert rights.of_aws(MODEL, folder, "delete") == ["a:Drop"]
    assert rights.of_aws(MODEL, folder, "update") is None
    assert rights.later("compute.addresses.create", "delete", folder) == ["compute.addresses.delete"]
    assert rights.later("compute.addresses.create", "update", folder) == []
    assert rights.later("storage.buckets.setIamPolicy", "delete", folder) == ["storage.buckets.setIamPolicy"]
    assert rights.later("dns.changes.create", "delete", folder) == ["dns.changes.create"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [([], "name the folder that holds the checkouts"), (["{folder}"], "is no repository; clone it there")],
)
def test_the_command_refuses_a_source_that_is_missing_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    before = {path: path.read_bytes() for path in FOLDER.glob("*.json")}
    assert command.main([one.format(folder=tmp_path) for one in arguments]) == 2
    assert said in capsys.readouterr().err
    assert {path: path.read_bytes() for path in FOLDER.glob("*.json")} == before and len(before) == 3


def test_a_role_of_the_platforms_own_allows_what_the_dataset_says_and_a_missing_one_is_said(tmp_path: Path) -> None:
    google = {f"gcp/roles/{name.removeprefix('roles/')}.json": name for name in rights.ROLES["gcp"]}
    files = {path: json.dumps({"includedPermissions": ["b.get", "a.list"]}) for path in google}
    lists = {"actions": ["x/read"], "notActions": ["x/y/read"], "dataActions": ["z/read"], "notDataActions": []}
    azure = [
        {"name": name, "permissions": [lists, {**lists, "actions": ["a/write"]}]} for name in rights.ROLES["azure"]
    ]
    folder = repository(tmp_path / "all", {**files, "azure/built-in-roles-raw.json": json.dumps(azure)})
    assert rights.roles_of("gcp", folder, list(google.values())) == {
        name: [["a.list", "b.get"]] for name in rights.ROLES["gcp"]
    }
    said = [["a/write", "x/read"], ["x/y/read"], ["z/read"], []]
    assert rights.roles_of("azure", folder, rights.ROLES["azure"]) == dict.fromkeys(rights.ROLES["azure"], said)
    assert rights.roles_of("aws", folder, ()) == {}
    fewer = repository(tmp_path / "fewer", {"azure/built-in-roles-raw.json": json.dumps(azure[1:])})
    with pytest.raises(Unread, match=rights.ROLES["azure"][0]):
        rights.roles_of("azure", fewer, rights.ROLES["azure"])
