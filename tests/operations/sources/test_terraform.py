"""What the reader of Go makes of the ways in which two Terraform providers write a schema."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from catalogue.rendering import Terraform
from operations.sources import bridged
from operations.sources.golang import Unread
from operations.sources.terraform import Attribute, Aws, Google, Provider, Schema

HEAD = """package x
import (
	"context"

	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	tftags "github.com/hashicorp/terraform-provider-aws/internal/tags"
	"github.com/hashicorp/terraform-provider-aws/names"
)
"""
LISTED = """
func (p *servicePackage) SDKResources(ctx context.Context) []*inttypes.ServicePackageSDKResource {
	return []*inttypes.ServicePackageSDKResource{
		{
			Factory:  resourceModel,
			TypeName: "aws_x_model",
			Region:   inttypes.ResourceRegionDefault(),
		},
		{
			Factory:  newRuleResource,
			TypeName: "aws_x_rule",
			Region:   inttypes.ResourceRegionDisabled(),
		},
	}
}
"""
MODEL = """
const attrPlan = "plan"

func resourceModel() *schema.Resource {
	return &schema.Resource{
		CreateWithoutTimeout: resourceModelCreate,
		Schema: map[string]*schema.Schema{
			names.AttrVPCID: {
				Type:     schema.TypeString, // a brace in a comment: {
				Required: true,
				ForceNew: true,
			},
			"description": {
				Type:        schema.TypeString,
				Optional:    true,
				Description: `a quoted " and a brace {`,
			},
			"container": {
				Type:     schema.TypeList,
				Optional: true,
				Elem: &schema.Resource{
					Schema: map[string]*schema.Schema{
						"image": {
							Type:         schema.TypeString,
							ForceNew:     true,
							ValidateFunc: validation.StringInSlice([]string{"A", "B", ""}, false),
						},
						"tag": {Type: schema.TypeString, ValidateDiagFunc: enum.Validate[awstypes.Tag]()},
					},
				},
			},
			"settings":     settingsSchema(),
			names.AttrTags: tftags.TagsSchema(),
			attrPlan:       {Type: schema.TypeString, ForceNew: false},
		},
	}
}

func settingsSchema() *schema.Schema {
	return &schema.Schema{
		Type:     schema.TypeList,
		MaxItems: 1,
		ForceNew: true,
		Elem:     settingElem(2),
	}
}

func settingElem(level int) *schema.Resource {
	setting := map[string]*schema.Schema{
		"key": {Type: schema.TypeString},
	}

	if level > 1 {
		setting["and"] = &schema.Schema{Elem: settingElem(level - 1)}
	}

	return &schema.Resource{
		Schema: setting,
	}
}
"""
RULE = """
func newRuleResource(_ context.Context) (resource.ResourceWithConfigure, error) {
	r := &ingressRuleResource{}

	return r, nil
}

type ingressRuleResource struct {
	ruleResource
}

func (r *ruleResource) Schema(ctx context.Context, request resource.SchemaRequest, response *resource.SchemaResponse) {
	response.Schema = schema.Schema{
		Attributes: map[string]schema.Attribute{
			"group": schema.StringAttribute{
				Required: true,
				PlanModifiers: []planmodifier.String{
					stringplanmodifier.RequiresReplace(),
				},
			},
			"port": schema.Int64Attribute{
				PlanModifiers: []planmodifier.Int64{
					int64planmodifier.RequiresReplaceIf(changed, "", ""),
				},
			},
		},
		Blocks: map[string]schema.Block{
			"filter": schema.ListNestedBlock{
				NestedObject: schema.NestedBlockObject{
					Attributes: map[string]schema.Attribute{
						"prefix": schema.StringAttribute{
							PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
						},
					},
				},
			},
			"timeouts": timeouts.Block(ctx, timeouts.Opts{Create: true}),
		},
	}
}
"""
TAGS = """
var TagsSchema = sync.OnceValue(func() *schema.Schema {
	return &schema.Schema{
		Type: schema.TypeMap,
	}
})
"""


def written(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + text)
    return root


@pytest.fixture
def aws(tmp_path: Path) -> Provider:
    service = "internal/service/x"
    files = {f"{service}/service_package_gen.go": LISTED, f"{service}/model.go": MODEL, f"{service}/rule.go": RULE}
    return Aws(written(tmp_path, {**files, "internal/tags/tags.go": TAGS}))


def test_what_the_plugin_sdk_says_is_read_at_any_depth(aws: Provider) -> None:
    schema = aws.schema("aws_x_model")
    assert schema.regional
    found = {name.replace("_", ""): one for name, one in schema.attributes.items()}
    assert {name for name, one in found.items() if one.replaces} == {"vpcid", "settings"}
    assert found["container"].nested["image"] == Attribute(replaces=True, enum=("A", "B"))
    assert found["container"].nested["tag"] == Attribute(), "constants of another module are no values"
    assert found["container"].list and not found["settings"].list
    assert set(found["settings"].nested) == {"key"}
    assert found["tags"].map and "plan" in found


def test_what_the_plugin_framework_says_is_read_from_what_a_resource_embeds(aws: Provider) -> None:
    schema = aws.schema("aws_x_rule")
    assert not schema.regional and set(schema.attributes) == {"group", "port", "filter"}
    assert schema.attributes["group"].replaces
    assert not schema.attributes["port"].replaces, "for some values alone"
    assert schema.attributes["filter"].nested["prefix"].replaces and not schema.attributes["filter"].replaces


def test_one_declaration_a_file_is_the_same_source(aws: Provider, tmp_path: Path) -> None:
    service = "index/internal/service/x"
    files = {
        f"{service}/method.servicePackage.SDKResources.goindex": LISTED,
        f"{service}/method.servicePackage.SDKListResources.goindex": LISTED.replace("resourceModel", "otherModel"),
        f"{service}/func.resourceModel.goindex": MODEL,
        "index/internal/tags/var.TagsSchema.goindex": TAGS,
    }
    index = Aws(written(tmp_path / "copy", files))
    assert index.schema("aws_x_model") == aws.schema("aws_x_model") and index.through and not aws.through


GRANT = """
var IamKeySchema = map[string]*schema.Schema{
	"key_id": {Type: schema.TypeString, ForceNew: true},
}

func init() {
	registry.Schema{
		Name:        "google_key_iam_member",
		ProductName: "kms",
		Type:        registry.SchemaTypeIAMResource,
		Schema:      tpgiamresource.ResourceIamMember(IamKeySchema, NewUpdater, Parse),
	}.Register()
	registry.Schema{
		Name:        "google_sink",
		ProductName: "logging",
		Type:        registry.SchemaTypeResource,
		Schema:      ResourceSink(),
	}.Register()
}

func ResourceSink() *schema.Resource {
	schm := &schema.Resource{
		Schema: resourceSinkSchema(),
	}
	schm.Schema["project"] = &schema.Schema{
		Type:     schema.TypeString,
		ForceNew: true,
	}
	return schm
}

func resourceSinkSchema() map[string]*schema.Schema {
	return map[string]*schema.Schema{
		"kind": {Type: schema.TypeString, ValidateFunc: verify.ValidateEnum([]string{"ONE", "TWO", ""})},
	}
}
"""
MEMBER = """
var IamMemberBaseSchema = map[string]*schema.Schema{
	"role": {Type: schema.TypeString, ForceNew: true},
}
"""


def test_grants_and_what_is_added_to_a_schema_are_read(tmp_path: Path) -> None:
    imports = '\t"github.com/hashicorp/terraform-provider-google-beta/google-beta/tpgiamresource"\n)\n'
    files = {
        "google-beta/services/kms/key.go": f"import (\n{imports}{GRANT}",
        "google-beta/tpgiamresource/member.go": MEMBER,
    }
    google = Google(written(tmp_path, files))
    grant = google.schema("google_key_iam_member").attributes
    assert {name for name, one in grant.items() if one.replaces} == {"key_id", "role"}
    sink = google.schema("google_sink").attributes
    assert sink["project"].replaces and sink["kind"].enum == ("ONE", "TWO")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("ForceNew: true,\n\t\tElem", "ForceNew: forced,\n\t\tElem", "neither true nor false"),
        ("settingElem(2)", "elsewhere.Elem()", "of no package of the provider's"),
        ("Schema: map[string]*schema.Schema{\n\t\t\tnames", "Schema: made()[0:1]{\n\t\t\tnames", "no schema"),
        ('TypeName: "aws_x_model"', 'TypeName: "aws_x_other"', "no service lists aws_x_model"),
    ],
)
def test_what_the_reader_does_not_know_is_said_and_never_taken_for_nothing(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    text = LISTED + MODEL
    assert before in text
    files = {"internal/service/x/service_package_gen.go": text.replace(before, after), "internal/tags/t.go": TAGS}
    with pytest.raises(Unread, match=said):
        Aws(written(tmp_path, files)).schema("aws_x_model")


def test_pulumis_names_are_found_below_lists_and_in_the_plural() -> None:
    type_ = "aws:sagemaker/model:Model"
    image = Attribute(replaces=True)
    attributes = {
        "container": Attribute(list=True, nested={"image": image}),
        "primary_container": Attribute(replaces=True, nested={"image": image}),
        "role_of_another_name": Attribute(replaces=True),
    }
    way = Terraform("aws_sagemaker_model", {"executionRoleArn": "role_of_another_name"})
    schema = Schema(attributes, regional=True)
    expected = ["containers.image", "executionRoleArn", "primaryContainer", "region"]
    assert bridged.replaces(type_, way, schema) == expected
    assert bridged.missing(type_, way, schema) == [
        "enableNetworkIsolation",
        "inferenceExecutionConfig",
        "name",
        "tags",
        "vpcConfig",
    ]
