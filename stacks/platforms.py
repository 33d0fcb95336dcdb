"""What each platform writes in its own way, and which kinds of endpoint it refuses with what sentence.

One table with three readers: the stack config refuses by it, the JSON Schema tells an editor by it, and the README's
table of capabilities is made from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Platform = Literal["aws", "gcp", "azure"]

KINDS = ("online", "async", "serverless", "multi-model")

WORKSPACE_FAMILY = "cpu-small"
"""The machine of each person's own: a Workbench instance or a compute instance. Azure builds images on it, too."""

ZONE_KEYS = (("network", "zones"), ("workspace", "zones"), ("workspace", "zone"))
"""The keys that name zones. A platform needs each that it does not refuse."""

ALSO_CALLED: Mapping[str, str] = {
    "project": "account",
    "project_id": "account",
    "subscription": "account",
    "subscription_id": "account",
    "subscriptionId": "account",
    "location": "region",
}
"""What the clouds and their providers call a key that has one name here."""


@dataclass(frozen=True)
class Words:
    """How one platform writes an account and an address, as patterns and in words; who a person is to it.

    `region` is an example. With `folders`, artifacts and outputs are folders, which end with '/'. `principal` is None
    where the workspace needs no person's identity. `idle_minutes` is the longest idle timeout of its workspace;
    `refused` has a sentence for each kind of endpoint it does not take, `no_zones` for each of ZONE_KEYS.
    """

    product: str
    account: str
    account_words: str
    region: str
    uri: str
    uri_words: str
    folders: bool
    principal: str | None
    principal_words: str
    idle_minutes: int
    refused: Mapping[str, str]
    no_zones: Mapping[tuple[str, str], str]


_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PATH = r"(/[A-Za-z0-9!_.'()=-]+)+/?"
_NOT_BUILT = "multi-model endpoints are not built yet; give each model an endpoint of kind 'online'"

PLATFORMS: Mapping[str, Words] = {
    "aws": Words(
        product="Amazon SageMaker",
        account=r"[0-9]{12}",
        account_words="an AWS account id of twelve digits, in quotes",
        region="us-east-1",
        uri=rf"s3://[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]{_PATH}",
        uri_words="an S3 address with a key such as s3://bucket/folder/model.tar.gz",
        folders=False,
        principal=None,
        principal_words="none; Studio knows a person by the role they sign in with",
        idle_minutes=525_600,  # Studio's idleTimeoutInMinutes
        refused={
            "serverless": "SageMaker serverless endpoints take neither a VPC nor network isolation; "
            "use 'async' with min_replicas 0 to pay nothing while idle",
            "multi-model": _NOT_BUILT,
        },
        no_zones={
            ("workspace", "zone"): "Studio stands in two zones or more; name them under mlplatform:workspace.zones",
        },
    ),
    "gcp": Words(
        product="Vertex AI",
        account=r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
        account_words="a Google Cloud project id such as payments-risk-pilot, neither its number nor its name",
        region="us-central1",
        uri=rf"gs://[a-z0-9][a-z0-9._-]{{1,61}}[a-z0-9]{_PATH}",
        uri_words="a Cloud Storage folder such as gs://bucket/folder/",
        folders=True,
        principal=r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
        principal_words="the e-mail address of a Google account",
        idle_minutes=1_440,  # Workbench's idle-timeout-seconds, 600 to 86400
        refused={
            "async": "Vertex AI has no asynchronous endpoint that scales to zero; "
            "make it a batch job under batch_jobs, or an endpoint of kind 'online'",
            "serverless": "Vertex AI serves a model of your own on machines only; "
            "use 'online', or a batch job to pay nothing while idle",
            "multi-model": _NOT_BUILT,
        },
        no_zones={
            ("network", "zones"): "a subnet of Google Cloud spans its region; "
            "name the zone of people's machines under mlplatform:workspace.zone",
            ("workspace", "zones"): "a Workbench instance stands in one zone; name it under mlplatform:workspace.zone",
        },
    ),
    "azure": Words(
        product="Azure Machine Learning",
        account=_UUID,
        account_words="an Azure subscription id such as 00000000-0000-0000-0000-000000000000, in lower case",
        region="eastus2",
        uri=rf"azureml://datastores/[A-Za-z0-9_]{{1,255}}/paths{_PATH}",
        uri_words="a datastore's folder such as azureml://datastores/artifacts/paths/folder/",
        folders=True,
        principal=_UUID,
        principal_words="the object id of a user in Entra ID, a UUID in lower case",
        idle_minutes=4_320,  # a compute instance's idleTimeBeforeShutdown, PT15M to P3D
        refused={
            "async": "Azure Machine Learning has no asynchronous endpoint that scales to zero; "
            "make it a batch job under batch_jobs, or an endpoint of kind 'online'",
            "serverless": "Azure Machine Learning's serverless endpoints serve models of the marketplace only; "
            "use 'online', or a batch job to pay nothing while idle",
            "multi-model": _NOT_BUILT,
        },
        no_zones=dict.fromkeys(
            ZONE_KEYS,
            "Azure spreads subnets and storage over a region's zones by itself and says of no machine where it stands; "
            "leave it out",
        ),
    ),
}


def any_of(key: Literal["account", "uri", "principal"]) -> str:
    """The pattern that the forms of all platforms share, for a field that knows no platform."""
    return "^(" + "|".join(p for words in PLATFORMS.values() if (p := getattr(words, key))) + ")$"
