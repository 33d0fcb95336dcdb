"""The landing zones: what a company has already, and a stack stands in.

`organisation/landing_zones.yaml` has them by name. A stack file names one under `landing_zone`. Nothing here ships one.
"""

import re
from collections.abc import Mapping
from functools import cache
from ipaddress import IPv4Network
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from catalogue import organisation
from catalogue.files import read
from catalogue.org_policies import KNOWN
from catalogue.platforms import PLATFORMS
from catalogue.wording import found_word, nearest, one_line
from catalogue.zones import zones_of

FILE = "landing_zones.yaml"
CALLED = f"{organisation.NAME}/{FILE}"
OUR_TAGS = ("platform", "stack", "team", "cost-center", "environment", "owner")
"""The tags that everything of a stack carries. They come from the stack file, and no landing zone overrides them."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _range(value: str) -> str:
    try:
        return str(IPv4Network(value))
    except ValueError:
        raise ValueError("an IPv4 network in CIDR notation such as 10.0.0.0/8") from None


def _of(pattern: str, words: str) -> AfterValidator:
    """Text that matches the pattern whole; `words` say what is allowed."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(words)
        return value

    return AfterValidator(check)


_HUB = {
    "hub": "a stack attaches nothing to a hub yet, for half of an attachment is the hub's to make; the nearest thing "
    "is a network that is attached already, under network, or the hub's addresses under ranges_in_use"
}
_PREFIX = "2 to 10 characters: lower-case words of letters and digits, each with a '-' after it, such as acme-"


class _Zone(_Part):
    """What an entry has on every platform. `owner` is who answers for it.

    `name_prefix` stands before the stack's own name wherever a name in the cloud begins with that. Together they have
    22 characters at most (stacks/config.py). No bucket's name begins with goog:
    https://cloud.google.com/storage/docs/buckets
    `ranges_in_use` are the addresses of the hub and of every network that the stack's own may be connected with.
    `org_policies` are the organisation's that are in force, by id, each with its values (catalogue/org_policies.py).
    """

    tag_key: ClassVar[str]
    """The pattern of a legal tag's key."""
    tag_words: ClassVar[str]
    """The same in words."""
    most_tags: ClassVar[int]
    """How many tags a resource may have, ours among them."""
    refused: ClassVar[Mapping[str, str]] = _HUB
    """The keys that this platform has none of, each with the nearest thing that it has."""

    account: str
    region: str
    owner: Text
    name_prefix: Annotated[str, _of(r"(?!goog)(?=.{2,10}$)[a-z][a-z0-9]*(-[a-z0-9]+)*-", _PREFIX)] = ""
    extra_tags: dict[str, str] = {}
    ranges_in_use: list[Annotated[str, AfterValidator(_range)]] = []
    org_policies: dict[str, Annotated[list[str], Field(min_length=1)]] = {}

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

    @model_validator(mode="after")
    def _known_policies(self) -> "_Zone":
        known = KNOWN[self.named]
        for id_, values in self.org_policies.items():
            at = f"org_policies.{one_line(id_)}"
            if id_ not in known:
                raise ValueError(f"{at}: is no policy that a plan can be checked against{nearest(id_, known)}")
            for value in values:
                if not re.fullmatch(known[id_].pattern, value):
                    raise ValueError(f"{at}: found {found_word(value)}, allowed: {known[id_].values}")
        return self

    @property
    def named(self) -> str:
        """The platform of the entry."""
        return str(vars(self)["platform"])


_BOUNDARY = _of(
    r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]{1,512}",
    "the ARN of an IAM policy such as arn:aws:iam::111122223333:policy/ml-boundary",
)
_ROLE_PATH = _of(r"(?=.{1,512}$)/([\w+=,.@-]+/)*", "an IAM path that begins and ends with '/', such as /ml/")
_ID = r"-[0-9a-f]{8,17}"


class AwsNetwork(_Part):
    """A VPC that is there, its subnets by availability zone, and how its workloads reach AWS in private.

    S3 has a gateway endpoint in it: one made later would add a route to route tables of others. `endpoints` are the
    services that have an interface endpoint, by its suffix such as sagemaker.api; they let HTTPS in from the stack's
    workloads, which let it out to the endpoints' group. What is not in the list is made in the stack's subnets.
    `account` is whose the VPC is, the entry's own where it is left out. Subnets that another account shares are
    refused: a participant makes neither VPC endpoints nor routes in them, and the rights of the stack's identities name
    subnets of its own account. Amazon VPC, "Share your VPC subnets with other accounts",
    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html
    """

    account: Annotated[str, _of(PLATFORMS["aws"].account.pattern or "", PLATFORMS["aws"].account.words)] | None = None
    vpc_id: Annotated[str, _of(f"vpc{_ID}", "the id of a VPC such as vpc-0123456789abcdef0")]
    subnet_ids: dict[str, Annotated[str, _of(f"subnet{_ID}", "the id of a subnet such as subnet-0123456789abcdef0")]]
    s3_prefix_list_id: Annotated[str, _of(f"pl{_ID}", "the id of S3's prefix list in the region such as pl-63a5400a")]
    endpoints: list[Annotated[str, _of(r"[a-z0-9]+([.-][a-z0-9]+)*", "a service such as sagemaker.api")]] = []
    endpoints_security_group_id: (
        Annotated[str, _of(f"sg{_ID}", "the id of a security group such as sg-0123456789abcdef0")] | None
    ) = None

    @model_validator(mode="after")
    def _whole(self) -> "AwsNetwork":
        if len(self.subnet_ids) < 2 or len({*self.subnet_ids.values()}) < len(self.subnet_ids):
            raise ValueError("subnet_ids: allowed: two zones or more, each with a subnet of its own")
        if bool(self.endpoints) != bool(self.endpoints_security_group_id):
            raise ValueError("endpoints: and endpoints_security_group_id go together; give both, or neither")
        return self

    @property
    def named_by(self) -> str:
        """The id by which whatever stands in the network names it."""
        return self.vpc_id


AWS_KEY = r"arn:aws:kms:[a-z0-9-]+:[0-9]{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})"
_AWS_KEY = _of(
    AWS_KEY,
    "the ARN of a KMS key such as arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
)


class AwsKeys(_Part):
    """Two KMS keys of the account, in the region: one for data, one for logs, the trail and alerts.

    Their policies must let the account's roles and AWS's services use them: a verdict has that among its manual steps.
    """

    data: Annotated[str, _AWS_KEY]
    logs: Annotated[str, _AWS_KEY]


class AwsZone(_Zone):
    """A landing zone on AWS.

    `logs` is the bucket that the stack's trail and flow logs are written to. `trail` is one that records the account
    already, for example the organisation's: the stack then makes none.

    Tags: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html. IAM takes two keys
    that differ in case for one: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html. A boundary is a policy
    of the role's own account or AWS's: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """

    tag_key = r"(?!(?i:aws:))[A-Za-z0-9 _.:/=+@-]{1,128}"
    tag_words = "1 to 128 letters, digits, spaces and _.:/=+@-, which do not begin with aws:"
    most_tags = 50

    platform: Literal["aws"]
    permissions_boundary_arn: Annotated[str, _BOUNDARY] | None = None
    role_path: Annotated[str, _ROLE_PATH] | None = None
    network: AwsNetwork | None = None
    keys: AwsKeys | None = None
    logs: Annotated[str, _of(r"arn:aws:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the ARN of a bucket")] | None = None
    trail: (
        Annotated[
            str,
            _of(
                r"arn:aws:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/[A-Za-z0-9._-]{3,128}",
                "the ARN of a trail such as arn:aws:cloudtrail:us-east-1:444455556666:trail/organisation",
            ),
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _keys_of_the_place(self) -> "AwsZone":
        for use, arn in (self.keys.model_dump() if self.keys else {}).items():
            if arn.split(":")[3:5] != [self.region, self.account]:
                raise ValueError(f"keys.{use}: is a key of another region or account; give one of the entry's own")
        return self

    @model_validator(mode="after")
    def _network_of_the_account(self) -> "AwsZone":
        owner = self.network.account if self.network else None
        if owner not in (None, self.account):
            raise ValueError(
                f"network.account: found {owner!r}, and the entry's is {self.account!r}: in subnets that another "
                "account shares nobody but that account makes VPC endpoints and routes; give a VPC of the entry's own, "
                "or leave network out and let that account join the stack's"
            )
        return self

    @model_validator(mode="after")
    def _logs_are_written(self) -> "AwsZone":
        if self.trail and self.network and self.logs:
            raise ValueError("logs: nothing would write to it, for trail and network are given; leave it out")
        if self.trail and not (self.network or self.logs):
            raise ValueError("logs: is missing beside trail; give the bucket for the flow logs of the stack's network")
        return self

    @model_validator(mode="after")
    def _zones_of_the_region(self) -> "AwsZone":
        known = zones_of(self.region)
        for zone in self.network.subnet_ids if self.network else ():
            if zone not in known:
                raise ValueError(
                    f"network.subnet_ids.{one_line(zone)}: is no zone of {self.region} ({', '.join(known)})"
                )
        return self

    @model_validator(mode="after")
    def _boundary_of_the_account(self) -> "AwsZone":
        if self.permissions_boundary_arn and self.permissions_boundary_arn.split(":")[4] not in (self.account, "aws"):
            raise ValueError(
                f"permissions_boundary_arn: found a policy of another account than {self.account}, "
                "allowed: one of the account itself or of AWS, for IAM takes no other as a boundary"
            )
        return self


_PROJECT = (PLATFORMS["gcp"].account.pattern or "").strip("^$")


class GcpNetwork(_Part):
    """A VPC that is there and one of its subnets, in the stack's own project or in the host project of a Shared VPC.

    A VPC's firewall, names and way to Google's APIs hold for everybody in it, so the stack makes none of them:
    `private_domains` are those that it resolves to a private address already, each with everything below it.
    """

    project: Annotated[str, _of(PLATFORMS["gcp"].account.pattern or "", PLATFORMS["gcp"].account.words)]
    network: Annotated[str, _of(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", "the name of a VPC such as shared-ml")]
    subnetwork: Annotated[str, _of(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", "the name of a subnet such as ml-us")]
    private_domains: list[
        Annotated[str, _of(r"[a-z0-9-]+(\.[a-z0-9-]+)+", "a domain such as googleapis.com, without a dot at its end")]
    ]

    @property
    def network_id(self) -> str:
        """The VPC as Google's APIs name it."""
        return f"projects/{self.project}/global/networks/{self.network}"

    @property
    def named_by(self) -> str:
        """The id by which whatever stands in the network names it."""
        return self.network_id

    def subnet_id(self, region: str) -> str:
        """The subnet as Google's APIs name it."""
        return f"projects/{self.project}/regions/{region}/subnetworks/{self.subnetwork}"


_GCP_KEY = _of(
    rf"projects/{_PROJECT}/locations/[a-z0-9-]+/keyRings/[\w-]{{1,63}}/cryptoKeys/[\w-]{{1,63}}",
    "the id of a key such as projects/company-keys/locations/us-central1/keyRings/ml/cryptoKeys/data",
)


class GcpKeys(_Part):
    """Keys of Cloud KMS in the region, of any project: one for data, and one for the log bucket where one is made.

    Google's service agents must be granted them: a verdict has that among its manual steps.
    """

    data: Annotated[str, _GCP_KEY]
    logs: Annotated[str, _GCP_KEY] | None = None


class GcpZone(_Zone):
    """A landing zone on Google Cloud. Labels: https://cloud.google.com/resource-manager/docs/labels-overview

    `logs` is the log bucket that the stack's sink leads to. `trail` is a sink above the project that takes its audit,
    flow and DNS logs already: the stack then makes neither sink, log bucket nor audit configuration.
    """

    tag_key = r"[a-z][a-z0-9_-]{0,62}"
    tag_words = "1 to 63 lower-case letters, digits, _ and -, the first a letter"
    most_tags = 64
    refused = _HUB | {
        "permissions_boundary_arn": "a service account has no boundary; the nearest thing is a deny policy of IAM, "
        "which the organisation attaches above the project",
        "role_path": "a service account has no path; the nearest thing is the project that it stands in",
    }

    platform: Literal["gcp"]
    network: GcpNetwork | None = None
    keys: GcpKeys | None = None
    logs: (
        Annotated[
            str,
            _of(
                rf"projects/{_PROJECT}/locations/[a-z0-9-]+/buckets/[\w.-]{{1,100}}",
                "the id of a log bucket such as projects/company-logs/locations/us-central1/buckets/audit",
            ),
        ]
        | None
    ) = None
    trail: (
        Annotated[
            str,
            _of(
                r"(organizations|folders)/\d+/sinks/[\w.-]{1,100}",
                "an aggregated sink such as organizations/123456789012/sinks/audit",
            ),
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _of_the_region(self) -> "GcpZone":
        ids = {
            f"keys.{use}": id_ for use, id_ in (self.keys.model_dump(exclude_none=True) if self.keys else {}).items()
        }
        for key, id_ in {**ids, **({"logs": self.logs} if self.logs else {})}.items():
            if id_.split("/")[3] != self.region:
                raise ValueError(f"{key}: is in {one_line(id_.split('/')[3])}; give one in {self.region}")
        if self.keys and bool(self.keys.logs) is bool(self.logs or self.trail):
            wrong = "no log bucket is made that would take it; leave it out" if self.keys.logs else "is missing; add it"
            raise ValueError(f"keys.logs: {wrong}")
        if self.logs and self.trail:
            raise ValueError(
                "logs: nothing would lead to it, for the trail takes the stack's logs; leave one of them out"
            )
        return self


_GROUP = r"/subscriptions/[0-9a-fA-F-]{36}/resourceGroups/[^/]{1,90}/providers/Microsoft\.Network"


class AzureNetwork(_Part):
    """A virtual network that is there, the subnet of it in which private endpoints stand, and its private DNS zones.

    `private_dns_zones` are by name, such as privatelink.vaultcore.azure.net, and linked to the network. A zone that is
    needed and not among them is made, and linked.
    """

    virtual_network_id: Annotated[
        str, _of(rf"{_GROUP}/virtualNetworks/[^/]+", "the id of a virtual network, from /subscriptions/ on")
    ]
    subnet_id: Annotated[
        str, _of(rf"{_GROUP}/virtualNetworks/[^/]+/subnets/[^/]+", "the id of a subnet, from /subscriptions/ on")
    ]
    private_dns_zones: dict[
        str, Annotated[str, _of(rf"{_GROUP}/privateDnsZones/[^/]+", "the id of a zone, from /subscriptions/ on")]
    ] = {}

    @model_validator(mode="after")
    def _whole(self) -> "AzureNetwork":
        if not self.subnet_id.casefold().startswith(f"{self.virtual_network_id}/".casefold()):
            raise ValueError(
                "subnet_id: is a subnet of another virtual network than virtual_network_id; give one of it"
            )
        for name, id_ in self.private_dns_zones.items():
            if id_.rpartition("/")[2].casefold() != name.casefold():
                raise ValueError(
                    f"private_dns_zones.{one_line(name)}: has the id of another zone; give that of this one"
                )
        return self

    @property
    def named_by(self) -> str:
        """The id by which whatever stands in the network names it."""
        return self.subnet_id


_RESOURCE = r"/subscriptions/[0-9a-fA-F-]{36}/resourceGroups/[^/]{1,90}/providers"


class AzureKeys(_Part):
    """One key of a Key Vault of the subscription, and the identity that wraps with it already.

    `data` is the key's address with its version. The ML workspace is made with it too, so it must be one that Azure ML
    supports: of the same subscription and region, without rotation, in a vault whose public access is not disabled but
    closed by its firewall to all but trusted services:
    https://learn.microsoft.com/en-us/azure/machine-learning/concept-customer-managed-keys. Logs have no key on Azure.
    """

    data: Annotated[
        str,
        _of(
            r"https://[a-zA-Z0-9-]{3,24}\.vault\.azure\.net/keys/[a-zA-Z0-9-]{1,127}/[0-9a-f]{32}",
            "the address of a key with its version, such as https://company-ml.vault.azure.net/keys/data/<32 digits>",
        ),
    ]
    vault_id: Annotated[
        str, _of(rf"{_RESOURCE}/Microsoft\.KeyVault/vaults/[^/]+", "the id of the key's vault, from /subscriptions/ on")
    ]
    identity_id: Annotated[
        str,
        _of(
            rf"{_RESOURCE}/Microsoft\.ManagedIdentity/userAssignedIdentities/[^/]+",
            "the id of a user-assigned identity, from /subscriptions/ on",
        ),
    ]
    identity_client_id: Annotated[
        str, _of(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "the client id of the identity")
    ]

    @model_validator(mode="after")
    def _of_one_vault(self) -> "AzureKeys":
        if self.data.split("/")[2].partition(".")[0].casefold() != self.vault_id.rpartition("/")[2].casefold():
            raise ValueError("vault_id: is another vault than that of the key; give the key's own")
        return self


class AzureZone(_Zone):
    """A landing zone on Azure.

    `logs` is the Log Analytics workspace that everything logs to. `trail` is the diagnostic setting that exports the
    subscription's activity log already. No stack makes one, so a verdict only says that it is there.

    Private DNS zones take 15 tags, and no key with a space or a parenthesis or with a digit at its head:
    https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/tag-resources. Storage takes keys of 128.
    """

    tag_key = r"[^<>%&\\?/\s()0-9][^<>%&\\?/\s()]{0,127}"
    tag_words = "1 to 128 characters without spaces, parentheses and <>%&\\?/, the first no digit"
    most_tags = 15
    refused = _HUB | {
        "permissions_boundary_arn": "an identity has no boundary; the nearest thing is a deny assignment or an Azure "
        "Policy, which the organisation attaches to the management group",
        "role_path": "an identity has no path; the nearest thing is the resource group that it stands in",
    }

    platform: Literal["azure"]
    network: AzureNetwork | None = None
    keys: AzureKeys | None = None
    logs: (
        Annotated[
            str, _of(rf"{_RESOURCE}/Microsoft\.OperationalInsights/workspaces/[^/]+", "the id of a log workspace")
        ]
        | None
    ) = None
    trail: (
        Annotated[
            str,
            _of(
                r"/subscriptions/[0-9a-fA-F-]{36}/providers/[Mm]icrosoft\.[Ii]nsights/diagnosticSettings/[^/]+",
                "the id of the subscription's diagnostic setting, from /subscriptions/ on",
            ),
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _of_the_subscription(self) -> "AzureZone":
        for key, id_ in (("keys.vault_id", self.keys.vault_id if self.keys else None), ("trail", self.trail)):
            if id_ is not None and id_.split("/")[2].lower() != self.account.lower():
                raise ValueError(f"{key}: is of another subscription than {self.account}; give one of it")
        return self


LandingZone = AwsZone | GcpZone | AzureZone
_ZONES: Mapping[str, type[_Zone]] = {"aws": AwsZone, "gcp": GcpZone, "azure": AzureZone}


class _File(_Part):
    landing_zones: dict[str, Annotated[LandingZone, Field(discriminator="platform")]] = {}


@cache
def load() -> Mapping[str, LandingZone]:
    """Every landing zone of the organisation by its name; none where it has no such file.

    Raises BadInput, one sentence a mistake.
    """
    file = organisation.file(FILE)
    return {} if file is None else read(file, CALLED, _File, _said).landing_zones


def _said(mistake: dict[str, Any]) -> str | None:
    """What follows the place of a mistake, where a landing zone has words of its own for it."""
    kind, found, loc = mistake["type"], mistake.get("input"), mistake["loc"]
    match kind:
        case "union_tag_not_found" | "union_tag_invalid":
            said = cast(dict[str, Any], found).get("platform") if isinstance(found, dict) else None
            return f".platform: found {found_word(said)}, allowed: {', '.join(_ZONES)}"
        case "extra_forbidden" if len(loc) == 1:
            return f": unknown key{nearest(str(loc[0]), _File.model_fields)}"
        case "extra_forbidden" if len(loc) == 4:  # an entry's own key, after the platform that chose the entry's model
            key, zone = str(loc[3]), _ZONES[str(loc[2])]
            if key in zone.refused:
                return f": {loc[2]} takes none: {zone.refused[key]}"
            return f": unknown key{nearest(key, zone.model_fields)}"
        case "value_error" if isinstance(found, dict):  # of a whole entry, which says the key itself
            return f".{mistake['ctx']['error']}"
        case "value_error":
            return f": found {found_word(found)}, allowed: {mistake['ctx']['error']}"
        case _:
            return None
