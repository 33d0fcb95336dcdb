"""The stack config on each platform: its own words for accounts, regions, addresses and people, and what it lacks."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from catalogue.platforms import PLATFORMS
from stacks.config import STACKS, stack_name, validate
from tests import sharing
from tests.rows import rows
from tests.stacks.test_config import read_bytes, refusal

ACCOUNTS = {"aws": '"111122223333"', "gcp": "payments-risk-pilot", "azure": "11112222-3333-4444-5555-666677778888"}
FOLDERS = {"aws": "s3://data/", "gcp": "gs://data/", "azure": "azureml://datastores/artifacts/paths/"}
IMAGES = {
    "aws": "111122223333.dkr.ecr.us-east-1.amazonaws.com/scorer:1.4",
    "gcp": "us-central1-docker.pkg.dev/payments-risk-pilot/serving/scorer:1.4",
    "azure": "mcr.microsoft.com/azureml/scorer:1.4",
}
ARTIFACTS = {
    platform: f"{folder}scorer/1/{'model.tar.gz' if platform == 'aws' else ''}" for platform, folder in FOLDERS.items()
}
PEOPLE = {
    "aws": {},
    "gcp": {"ana": "ana@example.com", "ben": "ben@example.com"},
    "azure": {"ana": "0a1b2c3d-0000-4000-8000-00000000000a", "ben": "0a1b2c3d-0000-4000-8000-00000000000b"},
}
ANA, BEN = PEOPLE["azure"].values()
ZONES = {"aws": ", zones: [us-east-1b, us-east-1a]", "gcp": "", "azure": ""}
WHERE = {"aws": "    zones: [us-east-1a, us-east-1b]\n", "gcp": "    zone: us-central1-a\n", "azure": ""}

LEAST = {"aws": 2, "gcp": 1, "azure": 1}
"""SageMaker's canary is a share of the replicas; elsewhere it is one of the requests."""


def _written(platform: str) -> str:
    principals = ", ".join(f"{user}: {who}" for user, who in PEOPLE[platform].items())
    return f"""\
config:
  mlplatform:platform: {platform}
  mlplatform:account: {ACCOUNTS[platform]}
  mlplatform:region: {PLATFORMS[platform].region}
  mlplatform:environment: pilot
  mlplatform:team: payments-risk
  mlplatform:cost_center: cc-4711
  mlplatform:owner: team@example.com
  mlplatform:network: {{cidr: 10.40.0.0/20{ZONES[platform]}}}
  mlplatform:budget: {{monthly_usd: 2500}}
  mlplatform:workspace:
{WHERE[platform]}    users: [ana, ben]
    idle_timeout_minutes: 60
    principals: {{{principals}}}
  mlplatform:models:
    scorer:
      image: {IMAGES[platform]}
      artifact_uri: {ARTIFACTS[platform]}
  mlplatform:endpoints:
    live:
      kind: online
      model: scorer
      family: cpu-small
      min_replicas: {LEAST[platform]}
      max_replicas: 4
      requests_per_replica_per_minute: 600
      canary: {{percent: 10, bake_minutes: 10}}
      rollback: {{p95_latency_ms: 250, error_rate_percent: 1}}
  mlplatform:batch_jobs:
    nightly:
      model: scorer
      family: gpu-t4
      replicas: 3
      schedule: 30 4 * * *
      timezone: Europe/Berlin
      max_hours: 6
      input_uri: {FOLDERS[platform]}transactions/
      output_uri: {FOLDERS[platform]}scores/
"""


TEXTS = {platform: _written(platform) for platform in PLATFORMS}
CONFIGS: dict[str, dict[str, Any]] = {name: yaml.safe_load(text)["config"] for name, text in TEXTS.items()}
EACH = pytest.mark.parametrize("platform", PLATFORMS)
OTHERS = pytest.mark.parametrize("platform", [name for name in PLATFORMS if name != "aws"])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stacks") / "Pulumi.a.yaml"


def changed(platform: str, *changes: tuple[str, str]) -> str:
    """The platform's file with each of these changes, once."""
    text = TEXTS[platform]
    for right, wrong in changes:
        assert right in text
        text = text.replace(right, wrong, 1)
    return text


WITHOUT_WORKBENCH = {
    "africa-south1",
    "asia-northeast2",
    "australia-southeast2",
    "europe-north1",
    "europe-north2",
    "europe-southwest1",
    "europe-west8",
    "europe-west9",
    "southamerica-west1",
}


@rows("region", catalogue.region_names("gcp"))
def test_a_person_has_a_machine_where_google_lists_a_zone_of_workbench(region: str) -> None:
    config = json.loads(json.dumps(CONFIGS["gcp"]))
    config["mlplatform:region"] = region
    config["mlplatform:workspace"]["zone"] = f"{region}-c"
    if region in WITHOUT_WORKBENCH:
        with pytest.raises(BadInput, match=rf"mlplatform:region: found '{region}', where Google lists no zone"):
            validate(config, "Pulumi.a.yaml")
        return
    assert validate(config, "Pulumi.a.yaml").region == region


@pytest.mark.parametrize(
    ("cidr", "taken"), [("172.16.0.0/16", True), ("172.17.240.0/20", False), ("172.18.0.0/16", True)]
)
def test_a_network_of_google_cloud_leaves_the_addresses_of_workbench_alone(cidr: str, taken: bool) -> None:
    config = json.loads(json.dumps(CONFIGS["gcp"]))
    config["mlplatform:network"]["cidr"] = cidr
    if taken:
        assert validate(config, "Pulumi.a.yaml")
    else:
        with pytest.raises(
            BadInput, match=r"network\.cidr: found '172.17.240.0/20', allowed: .* overlap 172.17.0.0/16"
        ):
            validate(config, "Pulumi.a.yaml")


@EACH
def test_the_document_of_these_tests_reads(file: Path, platform: str) -> None:
    assert read_bytes(file, TEXTS[platform].encode()) == []


# --- the documented mistakes --------------------------------------------------------------------------------------

ACCOUNT = {
    "aws": "allowed: an AWS account id of twelve digits, in quotes",
    "gcp": "allowed: a Google Cloud project id such as payments-risk-pilot, neither its number nor its name",
    "azure": "allowed: an Azure subscription id such as 00000000-0000-0000-0000-000000000000, in lower case",
}
URI = {
    "aws": "allowed: an S3 address with a key such as s3://bucket/folder/",
    "gcp": "allowed: a Cloud Storage folder such as gs://bucket/folder/",
    "azure": "allowed: a folder of the stack's own datastore such as azureml://datastores/artifacts/paths/folder/",
}
PERSON = {
    "aws": "none; Studio knows a person by the role they sign in with",
    "gcp": "the e-mail address of a Google account, for Workbench takes no owner from a workforce pool",
    "azure": "the object id of a user in Entra ID, a UUID in lower case",
}
REGION = {
    platform: f"allowed: a region of the catalogue such as {region}"
    for platform, region in {"aws": "us-east-1", "gcp": "us-central1", "azure": "eastus2"}.items()
}
SLUG = "allowed: lower-case words of letters and digits joined by '-', starting with a letter"
PRINCIPALS, JOB = "mlplatform:workspace.principals", "mlplatform:batch_jobs.nightly"
BATCH = {
    platform: ", ".join(n for n, family in catalogue.load(platform).families.items() if "batch" in family.uses)
    for platform in PLATFORMS
}
OPEN = "allowed: day-of-month and month left open with '*'; Azure ML ignores both and would run every day"
BLOBS = "https://data.blob.core.windows.net/transactions/"

NO_ZONES = {
    "gcp": "a subnet of Google Cloud spans its region; name the zone of people's machines under "
    "mlplatform:workspace.zone",
    "azure": "Azure spreads subnets and storage over a region's zones by itself and says of no machine where it "
    "stands; leave it out",
}
NO_STUDIO = {
    "gcp": "a Workbench instance stands in one zone; name it under mlplatform:workspace.zone",
    "azure": NO_ZONES["azure"],
}
GCP_ZONE = "a zone of us-central1 that has e2-standard-2 (us-central1-a, us-central1-b, us-central1-c)"

MISTAKES = [
    # accounts
    ("gcp", "account: payments-risk-pilot", "account: Payments", f"account: found 'Payments', {ACCOUNT['gcp']}"),
    ("gcp", "account: payments-risk-pilot", "account: pilot", f"account: found 'pilot', {ACCOUNT['gcp']}"),
    ("gcp", "payments-risk-pilot", "742095179924", "account: found 742095179924, allowed: a Google "
     "Cloud project id such as payments-risk-pilot, neither its number nor its name"),
    (
        "azure",
        ACCOUNTS["azure"],
        "1111AAAA-3333-4444-5555-666677778888",
        f"account: found '1111AAAA-3333-4444-5555-666677778888', {ACCOUNT['azure']}",
    ),
    # what the clouds call it
    ("gcp", "mlplatform:account", "mlplatform:project", "project: unknown key; did you mean account?"),
    ("azure", "mlplatform:account", "mlplatform:subscription", "subscription: unknown key; did you mean account?"),
    ("azure", "mlplatform:region", "mlplatform:location", "location: unknown key; did you mean region?"),
    # regions
    (
        "gcp",
        "us-central1",
        "us-east-1",
        f"region: found 'us-east-1', a region of aws, {REGION['gcp']}; did you mean us-east1?",
    ),
    (
        "aws",
        "us-east-1",
        "us-east1",
        f"region: found 'us-east1', a region of gcp, {REGION['aws']}; did you mean us-east-1?",
    ),
    (
        "gcp",
        "us-central1",
        "eastus2",
        f"region: found 'eastus2', a region of azure, {REGION['gcp']}; catalogue/hardware/gcp.yaml lists them",
    ),
    (
        "azure",
        "eastus2",
        "us-central1",
        f"region: found 'us-central1', a region of gcp, {REGION['azure']}; catalogue/hardware/azure.yaml lists them",
    ),
    ("azure", "eastus2", "eastus22", f"region: found 'eastus22', {REGION['azure']}; did you mean eastus2?"),
    (
        "azure",  # a word that is merely alike is another continent
        "eastus2",
        "atlantis",
        f"region: found 'atlantis', {REGION['azure']}; catalogue/hardware/azure.yaml lists them",
    ),
    (
        "aws",
        "us-east-1",
        "us-gov-west-1",
        "region: found 'us-gov-west-1', a region of another partition of aws, allowed: a region of the commercial "
        "partition such as us-east-1, which every name and address here is of",
    ),
    (
        "azure",
        "eastus2",
        "chinanorth3",
        "region: found 'chinanorth3', a region of another partition of azure, allowed: a region of the commercial "
        "partition such as eastus2, which every name and address here is of",
    ),
    # addresses
    (
        "gcp",
        "gs://data/scorer/1/",
        "gs://data/scorer.bst",
        "models.scorer.artifact_uri: found 'gs://data/scorer.bst', allowed: a folder, which ends with '/'",
    ),
    (
        "azure",
        "paths/scores/",
        "paths/scores",
        "batch_jobs.nightly.output_uri: found 'azureml://datastores/artifacts/paths/scores', allowed: a folder, "
        "which ends with '/'",
    ),
    (
        "azure",
        FOLDERS["azure"] + "transactions/",
        BLOBS,
        f"batch_jobs.nightly.input_uri: found '{BLOBS}', {URI['azure'].replace('folder/', 'transactions/')}",
    ),
    # kinds
    (
        "gcp",
        "kind: online",
        "kind: async",
        "endpoints.live.kind: found 'async': Vertex AI has no asynchronous endpoint that scales to zero; make it a "
        "batch job under batch_jobs, or an endpoint of kind 'online'",
    ),
    (
        "azure",
        "kind: online",
        "kind: async",
        "endpoints.live.kind: found 'async': Azure Machine Learning has no asynchronous endpoint that scales to zero; "
        "make it a batch job under batch_jobs, or an endpoint of kind 'online'",
    ),
    (
        "gcp",
        "kind: online",
        "kind: serverless",
        "endpoints.live.kind: found 'serverless': Vertex AI serves a model of your own on machines only; use 'online', "
        "or a batch job to pay nothing while idle",
    ),
    (
        "azure",
        "kind: online",
        "kind: serverless",
        "endpoints.live.kind: found 'serverless': Azure Machine Learning's serverless endpoints serve models of the "
        "marketplace only; use 'online', or a batch job to pay nothing while idle",
    ),
    ("gcp", "kind: online", "kind: live", "endpoints.live.kind: found 'live', allowed: 'online'"),
    # people
    ("gcp", ", ben: ben@example.com", "", f"workspace.principals.ben: is missing; add {PERSON['gcp']}"),
    ("azure", f", ben: {BEN}", "", f"workspace.principals.ben: is missing; add {PERSON['azure']}"),
    ("gcp", "ana@example.com", "ana", f"workspace.principals.ana: found 'ana', allowed: {PERSON['gcp']}"),
    ("gcp", "ana@example.com", ANA, f"workspace.principals.ana: found '{ANA}', allowed: {PERSON['gcp']}"),
    (
        "azure",
        ANA,
        "ana@example.com",
        f"workspace.principals.ana: found 'ana@example.com', allowed: {PERSON['azure']}",
    ),
    (
        "gcp",
        "principals: {",
        "principals: {anna: anna@example.com, ",
        "workspace.principals.anna: is no name under mlplatform:workspace.users; did you mean ana?",
    ),
    (
        "azure",
        "principals: {",
        "principals: {zoltan: 0a1b2c3d-0000-4000-8000-00000000000c, ",
        "workspace.principals.zoltan: is no name under mlplatform:workspace.users; allowed: ana, ben",
    ),
    ("azure", "principals: {ana", "principals: {Ana", f"workspace.principals.Ana: found 'Ana', {SLUG}"),
    (
        "azure",
        BEN,
        ANA,
        f"workspace.principals.ben: found '{ANA}', which is ana already, allowed: each person once",
    ),
    (
        "aws",
        "principals: {}",
        "principals: {ana: ana@example.com}",
        f"workspace.principals.ana: found 'ana@example.com', allowed: {PERSON['aws']}",
    ),
    ("gcp", "{ana: ana@example.com, ben: ben@example.com}", "ana", "workspace.principals: found 'ana', "
     "allowed: a mapping such as {ana: ana@example.com, ben: ben@example.com}"),
    # zones
    *((platform, "10.40.0.0/20}", f"10.40.0.0/20, zones: {wrong}}}", f"network.zones: {platform} takes none: {instead}")
      for platform, instead in NO_ZONES.items() for wrong in ("2", "[a, 7]", "[us-central1-a, us-central1-b]")),
    *((platform, "users:", "zones: [us-central1-a, us-central1-b]\n    users:",
       f"workspace.zones: {platform} takes none: {instead}") for platform, instead in NO_STUDIO.items()),
    ("azure", "users:", "zone: eastus2-1\n    users:", f"workspace.zone: azure takes none: {NO_ZONES['azure']}"),
    ("gcp", "    zone: us-central1-a\n", "", f"workspace.zone: is missing; add {GCP_ZONE}"),
    ("gcp", "zone: us-central1-a", "zone: us-central1-e", "workspace.zone: found 'us-central1-e', allowed: "
     f"{GCP_ZONE}"),
    ("gcp", "zone: us-central1-a", "zone: us-central1-ai1a", "workspace.zone: found 'us-central1-ai1a', allowed: "
     f"{GCP_ZONE}"),
    ("gcp", "zone: us-central1-a", "zone: us-east1-b", f"workspace.zone: found 'us-east1-b', allowed: {GCP_ZONE}"),
    ("gcp", "zone: us-central1-a", "zone: ''", f"workspace.zone: found '', allowed: {GCP_ZONE}"),
    ("gcp", "zone: us-central1-a", "zone:", "workspace.zone: found nothing, allowed: text, such as "
     "us-central1-a"),
    ("gcp", "region: us-central1", "region: me-central2", "workspace.zone: found 'us-central1-a', allowed: a zone of "
     "me-central2 that has e2-standard-2 (me-central2-a, me-central2-b, me-central2-c)"),
    ("gcp", "region: us-central1", "region: africa-south1", "region: found 'africa-south1', where Google lists no zone "
     "for the machines of mlplatform:workspace; allowed: a region that has some, such as us-central1"),
    # the stack's own network, which holds no replicas on azure
    ("gcp", "10.40.0.0/20", "10.40.0.0/22", "network.cidr: found '10.40.0.0/22', allowed: a network between /16 and "
     "/21, an eighth of which is large enough for a zone's replicas"),
    ("azure", "10.40.0.0/20", "10.40.0.0/27", "network.cidr: found '10.40.0.0/27', allowed: a network between /16 and "
     "/26, which is large enough for private endpoints and those who call through them"),
    # no ordinary project sees these two, although the SDK lists them
    ("gcp", "region: us-central1", "region: us-east7", "region: found 'us-east7', allowed: a region of the catalogue "
     "such as us-central1; catalogue/hardware/gcp.yaml lists them"),
    # the longest idle timeout
    ("gcp", "minutes: 60", "minutes: 1441", "workspace.idle_timeout_minutes: found 1441, allowed: 1440 or less on gcp"),
    (
        "azure",
        "minutes: 60",
        "minutes: 4321",
        "workspace.idle_timeout_minutes: found 4321, allowed: 4320 or less on azure",
    ),
    # and the shortest
    ("aws", "minutes: 60", "minutes: 59", "workspace.idle_timeout_minutes: found 59, allowed: 60 or more on aws"),
    ("azure", "minutes: 60", "minutes: 14", "workspace.idle_timeout_minutes: found 14, allowed: 15 or more on azure"),
    ("gcp", "minutes: 60", "minutes: 9", "workspace.idle_timeout_minutes: found 9, allowed: 10 or more"),
    # machine types of the platform's own
    (
        "aws",
        "family: gpu-t4",
        "machine_type: ml.g4dn.xlarg",
        "batch_jobs.nightly.machine_type: found 'ml.g4dn.xlarg', allowed: a machine type of Amazon SageMaker; did you "
        "mean ml.g4dn.xlarge or ml.g4dn.8xlarge or ml.g4dn.4xlarge?",
    ),
    (
        "gcp",
        "family: gpu-t4",
        "machine_type: 8 GPUs",
        "batch_jobs.nightly.machine_type: found '8 GPUs', allowed: a machine type of "
        "catalogue/hardware/machines such as g2-standard-4",
    ),
    (
        "azure",
        "family: gpu-t4",
        "machine_type: Standard_NC6s_v3",
        "batch_jobs.nightly.machine_type: found 'Standard_NC6s_v3', which azure has no more since 2025-09-30, allowed: "
        "a machine type for batch, or a family under family",
    ),
    (
        "azure",
        "family: gpu-t4",
        "machine_type: Standard_NC6s_v2",
        "batch_jobs.nightly.machine_type: found 'Standard_NC6s_v2', which azure has no more since 2023-08-31, allowed: "
        "a machine type for batch, or a family under family",
    ),
    (  # as Microsoft's list of sizes for online endpoints writes it
        "azure",
        "family: cpu-small",
        "machine_type: STANDARD_D2AS_V4",
        "endpoints.live.machine_type: found 'STANDARD_D2AS_V4', allowed: a machine type of Azure Machine Learning; did "
        "you mean Standard_D2as_v4?",
    ),
    (  # near to what has retired, and to machines without a GPU: none of them is meant
        "azure",
        "family: gpu-t4",
        "machine_type: Standard_NC6s_v4",
        "batch_jobs.nightly.machine_type: found 'Standard_NC6s_v4', allowed: a machine type of Azure Machine Learning; "
        "catalogue/hardware/machines/azure.csv lists them",
    ),
    (
        "azure",
        "family: gpu-t4",
        "machine_type: Standard_NC40ads_H100_v5",
        "batch_jobs.nightly.machine_type: found 'Standard_NC40ads_H100_v5', which azure does not offer for batch, only "
        "for online, allowed: a machine type for batch, or a family under family",
    ),
    (
        "azure",
        "family: gpu-t4",
        "family: gpu-t4\n      machine_type: Standard_NC4as_T4_v3",
        "batch_jobs.nightly.machine_type: found 'Standard_NC4as_T4_v3' beside family 'gpu-t4', allowed: one of the two",
    ),
    (
        "gcp",
        "family: gpu-t4",
        "",
        "batch_jobs.nightly.family: is missing; add one such as cpu-small, or a machine type of the platform under "
        "machine_type",
    ),
    # families that a platform lacks, or does not offer for this
    (
        "azure",
        "gpu-t4",
        "gpu-l4",
        "batch_jobs.nightly.family: found 'gpu-l4', which azure lacks: Azure sells no NVIDIA L4; nearest families are "
        "gpu-t4 and gpu-a100-80.",
    ),
    (
        "gcp",
        "gpu-t4",
        "inferentia2",
        "batch_jobs.nightly.family: found 'inferentia2', which gcp lacks: Google Cloud sells no AWS Inferentia2; "
        "nearest families are tpu-v5e and gpu-l4.",
    ),
    (
        "gcp",
        "gpu-t4",
        "tpu-v5e",
        f"batch_jobs.nightly.family: found 'tpu-v5e', which gcp does not offer for batch, allowed: {BATCH['gcp']}",
    ),
    (
        "azure",
        "gpu-t4",
        "gpu-h100",
        f"batch_jobs.nightly.family: found 'gpu-h100', which azure does not offer for batch, allowed: {BATCH['azure']}",
    ),
    # images
    (
        "gcp",
        IMAGES["gcp"],
        "europe-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest",
        "models.scorer.image: found 'europe-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest', allowed: a "
        "pinned tag or digest, never 'latest'; Vertex AI's own images have no other tag, so push a copy of this one "
        "under a tag of yours",
    ),
    # schedules
    ("azure", "30 4 * * *", "30 4 1 * *", f"batch_jobs.nightly.schedule: found '30 4 1 * *', {OPEN}"),
    ("azure", "30 4 * * *", "30 4 * 3 *", f"batch_jobs.nightly.schedule: found '30 4 * 3 *', {OPEN}"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("platform", "right", "wrong", "sentence"), MISTAKES, ids=[f"{m[0]}-{n}" for n, m in enumerate(MISTAKES)]
)
def test_a_mistake_gives_its_sentence(file: Path, platform: str, right: str, wrong: str, sentence: str) -> None:
    assert refusal(file, changed(platform, (right, wrong))) == f"mlplatform:{sentence}"


@EACH
@pytest.mark.parametrize("other", PLATFORMS)
def test_an_account_or_an_address_of_another_platform_gives_its_sentence(file: Path, platform: str, other: str) -> None:
    if other == platform:
        return
    found = ACCOUNTS[other].strip('"')
    text = changed(platform, (f"account: {ACCOUNTS[platform]}", f"account: {ACCOUNTS[other]}"))
    assert refusal(file, text) == f"mlplatform:account: found '{found}', {ACCOUNT[platform]}"
    for path, own in (
        ("models.scorer.artifact_uri", ARTIFACTS[platform]),
        ("batch_jobs.nightly.input_uri", f"{FOLDERS[platform]}transactions/"),
        ("batch_jobs.nightly.output_uri", f"{FOLDERS[platform]}scores/"),
    ):
        foreign = own.replace(FOLDERS[platform], FOLDERS[other])
        text = changed(platform, (own, foreign))
        of = "model.tar.gz" if platform == "aws" and "artifact" in path else ""
        assert refusal(file, text) == f"mlplatform:{path}: found '{foreign}', {URI[platform]}{of}"


@EACH
@pytest.mark.sweep
def test_a_region_of_another_platform_names_whose_it_is(file: Path, platform: str) -> None:
    own = PLATFORMS[platform].region
    for other in PLATFORMS:
        for region in sharing.share(catalogue.region_names(other), 4, lambda region: f"{platform} {region}"):
            if other != platform:
                said = refusal(file, changed(platform, (f"region: {own}", f"region: {region}")))
                head = f"mlplatform:region: found '{region}', a region of {other}, {REGION[platform]}; "
                assert said.startswith(head)
                near = said.removeprefix(head).removeprefix("did you mean ").removesuffix("?")
                listed = f"catalogue/hardware/{platform}.yaml lists them"
                assert near == listed or near in catalogue.region_names(platform)


def test_a_time_zone_that_windows_does_not_name_is_refused_on_azure_only(file: Path) -> None:
    change = ("Europe/Berlin", "Antarctica/Troll")
    said = refusal(file, changed("azure", change))
    assert said.startswith(f"{JOB}.timezone: found 'Antarctica/Troll', ")
    assert "Windows" in said
    for other in ("aws", "gcp"):
        assert read_bytes(file, changed(other, change).encode()) == []


@OTHERS
def test_without_principals_each_user_gives_a_sentence(file: Path, platform: str) -> None:
    text = "".join(line for line in TEXTS[platform].splitlines(keepends=True) if "principals" not in line)
    assert read_bytes(file, text.encode()) == [
        f"{file}: {PRINCIPALS}.{user}: is missing; add {PERSON[platform]}" for user in ("ana", "ben")
    ]


@EACH
@pytest.mark.parametrize("other", PLATFORMS)
def test_a_whole_file_of_another_platform_gives_every_line(file: Path, platform: str, other: str) -> None:
    if other == platform:
        return
    lines = read_bytes(file, changed(other, (f"platform: {other}", f"platform: {platform}")).encode())
    assert len(lines) >= 6
    said = [line.removeprefix(f"{file}: ") for line in lines]
    assert said[0].startswith("mlplatform:account: found ")
    assert said[1].startswith("mlplatform:region: found ")
    assert any(line.startswith("mlplatform:models.") for line in said), "what a check finds stands beside the rest"


def test_a_key_of_the_clouds_own_provider_names_ours(file: Path) -> None:
    for key, ours in (("gcp:project", "account"), ("gcp:region", "region"), ("azure-native:location", "region")):
        text = changed("gcp", ("  mlplatform:team", f"  {key}: x\n  mlplatform:team"))
        assert refusal(file, text) == f"config.{key}: unknown key; did you mean mlplatform:{ours}?"


@pytest.mark.parametrize("name", ["a-", "a--b", "a-b-", "-a", "1a", "a" * 23, "a_b", "a.b", "A"])
def test_a_stack_has_a_name_that_every_cloud_takes(name: str) -> None:
    with pytest.raises(BadInput, match=r"allowed: Pulumi\.<stack>\.yaml where <stack> is at most 22 characters"):
        stack_name(Path(f"Pulumi.{name}.yaml"))


@pytest.mark.parametrize("name", ["a", "a1", "a-1", "gcp-pilot", "a" * 22, "a-b-c-d"])
def test_a_stack_may_have_a_short_or_a_long_name(name: str) -> None:
    assert stack_name(Path(f"Pulumi.{name}.yaml")) == name


def test_the_command_says_it_and_writes_nothing(tmp_path: Path) -> None:
    """As a person sees it: exit 2, the sentences on standard error, nothing on standard output, no file."""
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(changed("gcp", ("kind: online", "kind: async"), ("account: payments", "account: P")))
    command = [sys.executable, "-m", "operations", "preview", str(file)]
    done = subprocess.run(command, cwd=STACKS.parent, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.removeprefix(f"{file}: ").split(" ")[0] for line in done.stderr.splitlines()] == [
        "mlplatform:account:",
        "mlplatform:endpoints.live.kind:",
    ]
    assert list(tmp_path.iterdir()) == [file]
