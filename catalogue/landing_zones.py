"""The landing zones: what a company has already, and a stack stands in.

`organisation/landing_zones.yaml` has them by name. A stack file names one under `landing_zone`. Nothing here ships one.
"""

import re
from collections.abc import Hashable, Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, cast

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from catalogue import organisation
from catalogue.documents import keys_of
from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from catalogue.wording import found_word, nearest, one_line

FILE = "landing_zones.yaml"
CALLED = f"{organisation.NAME}/{FILE}"
OUR_TAGS = ("platform", "stack", "team", "cost-center", "environment", "owner")
"""The tags that everything of a stack carries. They come from the stack file, and no landing zone overrides them."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Zone(_Part):
    """What an entry has on every platform. `owner` is who answers for it."""

    tag_key: ClassVar[str]
    """The pattern of a legal tag's key."""
    tag_words: ClassVar[str]
    """The same in words."""
    most_tags: ClassVar[int]
    """How many tags a resource may have, ours among them."""
    refused: ClassVar[Mapping[str, str]] = {}
    """The keys of other platforms, each with the nearest thing that this platform has."""

    account: str
    region: str
    owner: Text
    extra_tags: dict[str, str] = {}

    @model_validator(mode="after")
    def _account_of_the_platform(self) -> "_Zone":
        form = PLATFORMS[self.named].account
        if not re.fullmatch(form.pattern or "", self.account):
            raise ValueError(f"account: found {found_word(self.account)}, allowed: {form.words}")
        return self

    @model_validator(mode="after")
    def _legal_tags(self) -> "_Zone":
        own = PLATFORMS[self.named]
        seen = {key.casefold(): key for key in OUR_TAGS}
        for key, value in self.extra_tags.items():
            at = f"extra_tags.{one_line(key)}"
            if key.casefold() in OUR_TAGS:
                raise ValueError(f"{at}: every stack has this {own.tag} from its stack file; give another key")
            if key.casefold() in seen:
                raise ValueError(f"{at}: differs from {seen[key.casefold()]!r} in case alone; keep one of the two")
            seen[key.casefold()] = key
            if not re.fullmatch(self.tag_key, key):
                raise ValueError(f"{at}: is no key of a {own.tag} on {own.name}; allowed: {self.tag_words}")
            if not re.fullmatch(own.tag_value, value):
                raise ValueError(f"{at}: found {found_word(value)}, allowed: text that matches {own.tag_value}")
        if len(seen) > self.most_tags:
            most = self.most_tags - len(OUR_TAGS)
            raise ValueError(f"extra_tags: found {len(self.extra_tags)}, allowed: at most {most} on {own.name}")
        return self

    @property
    def named(self) -> str:
        """The platform of the entry."""
        return str(vars(self)["platform"])


def _boundary(value: str) -> str:
    if not re.fullmatch(r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]{1,512}", value):
        raise ValueError("the ARN of an IAM policy such as arn:aws:iam::111122223333:policy/ml-boundary")
    return value


def _role_path(value: str) -> str:
    if not re.fullmatch(r"/([\w+=,.@-]+/)*", value) or len(value) > 512:
        raise ValueError("an IAM path that begins and ends with '/', such as /ml/")
    return value


class AwsZone(_Zone):
    """A landing zone on AWS.

    Tags: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html. IAM takes two keys
    that differ in case for one: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html. A boundary is a policy
    of the role's own account or AWS's: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """

    tag_key = r"(?!(?i:aws:))[A-Za-z0-9 _.:/=+@-]{1,128}"
    tag_words = "1 to 128 letters, digits, spaces and _.:/=+@-, which do not begin with aws:"
    most_tags = 50

    platform: Literal["aws"]
    permissions_boundary_arn: Annotated[str, AfterValidator(_boundary)] | None = None
    role_path: Annotated[str, AfterValidator(_role_path)] | None = None

    @model_validator(mode="after")
    def _boundary_of_the_account(self) -> "AwsZone":
        if self.permissions_boundary_arn and self.permissions_boundary_arn.split(":")[4] not in (self.account, "aws"):
            raise ValueError(
                f"permissions_boundary_arn: found a policy of another account than {self.account}, "
                "allowed: one of the account itself or of AWS, for IAM takes no other as a boundary"
            )
        return self


class GcpZone(_Zone):
    """A landing zone on Google Cloud. Labels: https://cloud.google.com/resource-manager/docs/labels-overview"""

    tag_key = r"[a-z][a-z0-9_-]{0,62}"
    tag_words = "1 to 63 lower-case letters, digits, _ and -, the first a letter"
    most_tags = 64
    refused = {
        "permissions_boundary_arn": "a service account has no boundary; the nearest thing is a deny policy of IAM, "
        "which the organisation attaches above the project",
        "role_path": "a service account has no path; the nearest thing is the project that it stands in",
    }

    platform: Literal["gcp"]


class AzureZone(_Zone):
    """A landing zone on Azure.

    Private DNS zones take 15 tags, and no key with a space or a parenthesis or with a digit at its head:
    https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/tag-resources. Storage takes keys of 128.
    """

    tag_key = r"[^<>%&\\?/\s()0-9][^<>%&\\?/\s()]{0,127}"
    tag_words = "1 to 128 characters without spaces, parentheses and <>%&\\?/, the first no digit"
    most_tags = 15
    refused = {
        "permissions_boundary_arn": "an identity has no boundary; the nearest thing is a deny assignment or an Azure "
        "Policy, which the organisation attaches to the management group",
        "role_path": "an identity has no path; the nearest thing is the resource group that it stands in",
    }

    platform: Literal["azure"]


LandingZone = AwsZone | GcpZone | AzureZone
_ZONES: Mapping[str, type[_Zone]] = {"aws": AwsZone, "gcp": GcpZone, "azure": AzureZone}


class _File(_Part):
    landing_zones: dict[str, Annotated[LandingZone, Field(discriminator="platform")]] = {}


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        for key, again in keys_of(node):
            if again:
                raise yaml.MarkedYAMLError(problem=f"has the key {key.value!r} twice", problem_mark=key.start_mark)
        return super().construct_mapping(node, deep)


@cache
def load() -> Mapping[str, LandingZone]:
    """Every landing zone of the organisation by its name; none where it has no such file.

    Raises BadInput, one sentence a mistake.
    """
    file = organisation.file(FILE)
    if file is None:
        return {}
    try:
        data: Any = yaml.load(file.read_text(encoding="utf-8"), _Loader)
        return _File.model_validate({} if data is None else data).landing_zones
    except ValidationError as error:
        sentences = dict.fromkeys(_sentence(dict(found)) for found in error.errors(include_url=False))
        raise BadInput("\n".join(f"{CALLED}: {sentence}" for sentence in sentences)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{CALLED}: cannot be read ({one_line(str(error), 200)})") from None
    except yaml.YAMLError as error:
        raise BadInput(f"{CALLED}: is not valid YAML: {one_line(str(error), 200)}") from None


_ALLOWED = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "string_type": "text, in quotes where it looks like a number",
    "string_too_short": "text that says something",
}
"""What pydantic's types of mistakes allow, in our words."""


def _sentence(error: dict[str, Any]) -> str:
    """One sentence for one mistake: where it is, what was found, what is allowed."""
    kind, found, loc = error["type"], error.get("input"), list(error["loc"])
    platform = loc.pop(2) if len(loc) > 2 and loc[2] in _ZONES else None  # no key: the platform chose the model
    place = ".".join(one_line(str(part)) for part in loc if part != "[key]") or "the file"
    match kind:
        case "missing":
            return f"{place}: is missing; add it"
        case "union_tag_not_found" | "union_tag_invalid":
            said = cast(dict[str, Any], found).get("platform") if isinstance(found, dict) else None
            return f"{place}.platform: found {found_word(said)}, allowed: {', '.join(_ZONES)}"
        case "extra_forbidden":
            zone, key = _ZONES.get(str(platform)), str(loc[-1])
            if zone is not None and len(loc) == 3:
                if key in zone.refused:
                    return f"{place}: {platform} takes none: {zone.refused[key]}"
                return f"{place}: unknown key{nearest(key, zone.model_fields)}"
            return f"{place}: unknown key{nearest(key, _File.model_fields) if len(loc) == 1 else '; leave it out'}"
        case "value_error" if isinstance(found, dict):  # of a whole entry, which says the key itself
            return f"{place}.{error['ctx']['error']}"
        case "value_error":
            return f"{place}: found {found_word(found)}, allowed: {error['ctx']['error']}"
        case _:
            return f"{place}: found {found_word(found)}, allowed: {_ALLOWED.get(kind, error['msg'])}"
