"""The edits whose steps `docs/changing.md` tells: one or more for every key of the schema, on every platform.

What an edit does is not written here: the program says it, run over what stands.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast, get_args

import yaml

from catalogue.platforms import PLATFORMS, Platform
from stacks.config import STACKS
from stacks.model import NAMESPACE
from stacks.sections import stack_model

Config = dict[str, Any]
Path = tuple[str, ...]

NOT_RUN: Mapping[str, str] = {
    "platform": "another platform is another stack: nothing that stands means anything there",
    "allow.replace": "nothing: it is judged, and changes no resource",
    "allow.delete": "nothing: it is judged, and changes no resource",
    "allow.reason": "nothing: it is judged, and changes no resource",
    "allow.until": "nothing: it is judged, and changes no resource",
    "pipelines.*.steps.*.result": "nothing: it is judged, and changes no resource",
    **dict.fromkeys(
        ("idle.exempt.*", *(f"idle.exempt.*.{key}" for key in ("owner", "reason", "until"))),
        "nothing: `mlplatform idle` reads it",
    ),
    **dict.fromkeys(
        (
            *(f"training.*.tuning.objective.{key}" for key in ("metric", "goal", "pattern")),
            *(f"training.*.tuning.ranges.*.{key}" for key in ("min", "max", "scale", "integer", "values")),
            *("training.*.tuning.ranges.*", "training.*.tuning.parallel", "training.*.tuning.strategy"),
        ),
        "as `training.*.tuning.total`, with which it stands",
    ),
    **dict.fromkeys(
        (
            *(f"pipelines.*.{key}" for key in ("enabled", "output_uri", "keep_days", "schedule", "timezone")),
            *("pipelines.*.runs_per_month", "pipelines.*.steps.*", "pipelines.*.steps.*.training"),
            *(f"pipelines.*.steps.*.{key}" for key in ("family", "machine_type", "image", "program", "max_hours")),
            *("pipelines.*.steps.*.options.*", "pipelines.*.steps.*.inputs.*"),
        ),
        "nobody has run it for this page: `mlplatform step` says it of your stack",
    ),
    "models.*.version": "as another image and another artifact, once it is approved",
    **dict.fromkeys(
        ("registry.gives_to.*.account", "registry.gives_to.*.publisher", "registry.takes_from.*.account"),
        "as one less and one more",
    ),
    "registry.takes_from.*.key": "as one less and one more; aws alone has it",
    "registry.takes_from.*.granted_by": "nothing: it tells whoever reviews the edit",
    "models.*.digest": "updates what asks whether it is approved, and nothing else",
}
"""The keys for which no program is run, and what is told instead."""


ELSEWHERE: Mapping[Platform, str] = {"aws": "eu-west-1", "gcp": "us-east4", "azure": "westeurope"}
"""A region of another team's stack on each platform."""


@dataclass(frozen=True)
class Edit:
    """One edit of one key. `key` is as `keys` says it, `says` what is done to it in words.

    `values` are what stands at these paths afterwards; None takes the key out.
    """

    key: str
    says: str
    values: Mapping[Path, Any]

    def of(self, config: Mapping[str, Any]) -> Config:
        """A config with the edit done."""
        edited = copy.deepcopy(dict(config))
        for path, value in self.values.items():
            at = edited
            for key in path[:-1]:
                at = at.setdefault(key, {})
            if value is None:
                at.pop(path[-1], None)
            else:
                at[path[-1]] = value
        return edited


def keys() -> list[str]:
    """Every key that a stack file may have, each once, in the order of the schema; `*` is a name of somebody's own."""
    schema = stack_model().model_json_schema()
    return list(dict.fromkeys(".".join(path) for path in _keys(schema, schema.get("$defs", {}), ())))


def _keys(node: Mapping[str, Any], known: Mapping[str, Any], path: Path) -> Iterator[Path]:
    while "$ref" in node:
        node = known[str(node["$ref"]).rpartition("/")[2]]
    options = [each for each in (*node.get("anyOf", ()), *node.get("oneOf", ())) if each.get("type") != "null"]
    if "properties" in node:
        for key, below in node["properties"].items():
            yield from _keys(below, known, (*path, key))
    elif "patternProperties" in node or isinstance(node.get("additionalProperties"), dict):
        yield (*path, "*")
        for below in (*node.get("patternProperties", {}).values(), node.get("additionalProperties")):
            if isinstance(below, dict):
                yield from _keys(cast(Config, below), known, (*path, "*"))
    elif options:
        for each in options:
            yield from _keys(each, known, path)
    elif path[-1] != "*":
        yield path


def standing(platform: Platform, region: str = "", team: str = "payments-risk") -> Config:
    """What stands before each edit: the platform's pilot with a caller and places of others, by key.

    With another region and team it is another team's, in the words of that region.
    """
    said = {key.removeprefix(f"{NAMESPACE}:"): value for key, value in _pilot(platform).items()}
    more = {"training": {"fraud-training": _training(platform)}}
    return _in_region({**said, **_MORE[platform], **more, "team": team}, platform, region)


def _training(platform: Platform) -> Config:
    """A training job on Spot machines and a schedule, as the platform writes its words."""
    words, folder = _OTHER[platform], _OTHER[platform]["output_uri"].replace("/batch/other/", "/training/")
    return {
        "image": words["image"],
        "data": {"train": words["input_uri"].replace("/other/", "/transactions/")},
        "output_uri": f"{folder}fraud-training/",
        "hyperparameters": {"regularization": "1.0"},
        "family": "cpu-medium",
        "max_hours": 2,
        "spot": {"checkpoint_uri": f"{folder}fraud-training/checkpoints/", "wait_hours": 4},
        "schedule": "30 5 * * 1",
        "timezone": "Europe/Berlin",
    }


@cache
def _pilot(platform: Platform) -> Config:
    return yaml.safe_load((STACKS / f"Pulumi.{platform}-pilot.yaml").read_text(encoding="utf-8"))["config"]


def _in_region(said: Mapping[str, Any], platform: Platform, region: str) -> Config:
    """The same with each word that names the pilot's region in another one."""
    home = PLATFORMS[platform].region
    return _with(said, home, region or home)


def _with(said: Mapping[str, Any], word: str, another: str) -> Config:
    return json.loads(json.dumps(said).replace(word, another))


_MORE: Mapping[Platform, Config] = {
    "aws": {
        "callers": {
            "payments-app": {
                "network": "vpc-0123456789abcdef0",
                "cidr": "10.60.0.0/20",
                "identity": "arn:aws:iam::111122223333:role/payments-app",
            }
        },
        "sources": {
            "444455556666.dkr.ecr.us-east-1.amazonaws.com": {"account": "444455556666", "granted_by": "change 4711"},
            "s3://claims-data": {
                "account": "111122223333",
                "granted_by": "change 4712",
                "key": "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            },
        },
    },
    "gcp": {
        "callers": {"payments-app": {"account": "payments-app"}},
        "sources": {
            "us-central1-docker.pkg.dev/shared-images": {"account": "shared-images", "granted_by": "change 4711"},
        },
    },
    "azure": {
        "callers": {
            "payments-app": {
                "network": "/subscriptions/44445555-3333-4444-5555-666677778888/resourceGroups/apps/providers/"
                "Microsoft.Network/virtualNetworks/apps",
                "cidr": "10.60.0.0/20",
                "identity": "0a1b2c3d-0000-4000-8000-00000000000c",
            }
        },
        "sources": {
            "sharedml.azurecr.io": {
                "account": "44445555-3333-4444-5555-666677778888",
                "granted_by": "change 4711",
                "registry_id": "/subscriptions/44445555-3333-4444-5555-666677778888/resourceGroups/shared/providers/"
                "Microsoft.ContainerRegistry/registries/sharedml",
            }
        },
    },
}
_OTHER: Mapping[Platform, Mapping[str, Any]] = {
    "aws": {
        "account": "999922223333",
        "person": None,
        "principal": "cy@example.com",
        "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
        "zone": "us-east-1a",
        "image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/aws-pilot-registry-images:mlplatform-example-2",
        "artifact_uri": "s3://aws-pilot-artifacts-111122223333/models/mlplatform-example/2/model.tar.gz",
        "input_uri": "s3://aws-pilot-artifacts-111122223333/data/other/",
        "output_uri": "s3://aws-pilot-artifacts-111122223333/batch/other/",
        "machine": "ml.m5.2xlarge",
        "network": "vpc-0fedcba9876543210",
        "peer": "444455556666",
        "identity": "arn:aws:iam::111122223333:role/another-app",
        "key": "arn:aws:kms:us-east-1:111122223333:key/99999999-12ab-34cd-56ef-1234567890ab",
        "source": "s3://claims-data",
        "place": "444455556666.dkr.ecr.us-east-1.amazonaws.com",
        "new source": "777788889999.dkr.ecr.us-east-1.amazonaws.com",
        "new owner": "777788889999",
        "receiver": {"account": "777788889999", "publisher": "arn:aws:iam::777788889999:role/aws-test-publisher"},
        "origin": {"key": "arn:aws:kms:us-east-1:777788889999:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
    },
    "gcp": {
        "account": "another-project-1",
        "person": "cy@example.com",
        "principal": "dee@example.com",
        "zones": ["us-central1-a", "us-central1-b"],
        "zone": "us-central1-b",
        "image": "us-central1-docker.pkg.dev/payments-risk-pilot/gcp-pilot-registry-images/mlplatform-example:2",
        "artifact_uri": "gs://gcp-pilot-artifacts-payments-risk-pilot/models/mlplatform-example/2/",
        "input_uri": "gs://payments-risk-pilot-data/other/",
        "output_uri": "gs://gcp-pilot-artifacts-payments-risk-pilot/batch/other/",
        "machine": "n2-standard-8",
        "network": "projects/company-network-host/global/networks/shared-ml",
        "peer": "another-app-1",
        "identity": "sa@example.com",
        "key": "a key",
        "source": "us-central1-docker.pkg.dev/shared-images",
        "place": "us-central1-docker.pkg.dev/shared-images",
        "new source": "us-central1-docker.pkg.dev/other-images",
        "new owner": "other-images",
        "receiver": {"account": "other-images", "publisher": "test-publisher@other-images.iam.gserviceaccount.com"},
        "origin": {},
    },
    "azure": {
        "account": "99992222-3333-4444-5555-666677778888",
        "person": "0a1b2c3d-0000-4000-8000-00000000000e",
        "principal": "0a1b2c3d-0000-4000-8000-00000000000f",
        "zones": ["1", "2"],
        "zone": "1",
        "image": "azurepilotimages747f690c.azurecr.io/mlplatform-example:2",
        "artifact_uri": "azureml://datastores/artifacts/paths/mlplatform-example/2/",
        "input_uri": "azureml://datastores/artifacts/paths/other/",
        "output_uri": "azureml://datastores/artifacts/paths/batch/other/",
        "machine": "Standard_DS4_v2",
        "network": "/subscriptions/44445555-3333-4444-5555-666677778888/resourceGroups/apps/providers/"
        "Microsoft.Network/virtualNetworks/other",
        "peer": "44445555-3333-4444-5555-666677778888",
        "identity": "0a1b2c3d-0000-4000-8000-00000000000d",
        "key": "a key",
        "source": "sharedml.azurecr.io",
        "place": "sharedml.azurecr.io",
        "new source": "otherml.azurecr.io",
        "new owner": "77775555-3333-4444-5555-666677778888",
        "receiver": {
            "account": "77775555-3333-4444-5555-666677778888",
            "publisher": "0a1b2c3d-0000-4000-8000-000000000010",
        },
        "origin": {},
    },
}
"""Other values than those that stand, as each platform writes them."""
_HUB = "/subscriptions/11112222-3333-4444-5555-666677778888/resourceGroups/hub/providers/Microsoft.Network"
_GIVEN_NETWORK: Mapping[Platform, Config] = {
    "aws": {
        "vpc_id": "vpc-0aaaaaaaaaaaaaaa0",
        "subnet_ids": {f"us-east-1{zone}": f"subnet-0aaaaaaaaaaaaaaa{zone}" for zone in "abc"},
        "s3_prefix_list_id": "pl-63a5400a",
    },
    "gcp": {
        "project": "company-network-host",
        "network": "shared-ml",
        "subnetwork": "ml-us",
        "private_domains": [
            "googleapis.com",
            "pkg.dev",
            "notebooks.cloud.google.com",
            "notebooks.googleusercontent.com",
        ],
    },
    "azure": {
        "virtual_network_id": f"{_HUB}/virtualNetworks/ml",
        "subnet_id": f"{_HUB}/virtualNetworks/ml/subnets/private",
    },
}
"""A network of the organisation's, as an entry of its landing zones has it."""
_MODEL, _ENDPOINT, _JOB = ("models", "fraud-scorer"), ("endpoints", "fraud-scorer"), ("batch_jobs", "fraud-backfill")
_ASYNC, _TRAINING = ("endpoints", "document-embedder"), ("training", "fraud-training")
_CALLER, _DESKTOPS = ("callers", "payments-app"), ("workspace", "reached_from", "desktops")


def edits(platform: Platform, region: str = "") -> list[Edit]:
    """Every edit on one platform, in the order of the page, in the words of a region."""
    other, stands = _in_region(_OTHER[platform], platform, region), standing(platform, region)
    return [
        *_of_everything(platform, other, region),
        *_of_the_ground(other),
        *_of_landing_zones(platform),
        *_of_people(platform, other, stands),
        *_of_models(other, stands),
        *_of_endpoints(platform, other, stands),
        *_of_jobs(platform, other, stands),
        *_of_training(other, stands),
        *_of_pipelines(other, stands),
        *_of_experiments(),
        *_of_callers(other, stands),
    ]


def _of_everything(platform: Platform, other: Mapping[str, Any], region: str) -> Iterator[Edit]:
    elsewhere = standing(platform, ELSEWHERE[platform] if not region else PLATFORMS[platform].region)
    stands = standing(platform, region)
    abroad = _with(stands, stands["account"], other["account"])
    yield Edit("account", "another, in every word", {(key,): said for key, said in abroad.items()})
    yield Edit("region", "another, in every word", {(key,): said for key, said in elsewhere.items()})
    yield Edit("environment", "another", {("environment",): "dev"})
    yield Edit("team", "another", {("team",): "claims"})
    yield Edit("cost_center", "another", {("cost_center",): "cc-1"})
    yield Edit("owner", "another", {("owner",): "claims@example.com"})
    yield Edit("phase", "`ground`", {("phase",): "ground"})


def _of_the_ground(other: Mapping[str, Any]) -> Iterator[Edit]:
    yield Edit("budget.monthly_usd", "another", {("budget", "monthly_usd"): 2600})
    yield Edit("network.cidr", "another", {("network", "cidr"): "10.99.0.0/20"})
    yield Edit("network.zones", "one more", {("network", "zones"): other["zones"]})
    yield Edit("sources.*", "one more", {("sources", other["new source"]): _source(other)})
    yield Edit("sources.*", "one less", {("sources", other["place"]): None})
    yield Edit("sources.*.account", "another", {("sources", other["place"], "account"): other["new owner"]})
    yield Edit("sources.*.granted_by", "another", {("sources", other["place"], "granted_by"): "change 4713"})
    yield Edit("sources.*.key", "another", {("sources", other["source"], "key"): other["key"]})
    yield Edit(
        "sources.*.registry_id",
        "another",
        {("sources", other["place"], "registry_id"): _registry(other, other["place"], "more")},
    )


def _of_landing_zones(platform: Platform) -> Iterator[Edit]:
    yield Edit("landing_zone", "one that gives tags", {("landing_zone",): f"tags-{platform}"})
    given = {("landing_zone",): f"network-{platform}", ("network",): None}
    yield Edit("landing_zone", "one that gives the network, in place of the stack's own", given)


def landing_zones() -> Config:
    """What `organisation/landing_zones.yaml` has to say for these edits, in the place of each platform's pilot."""
    found: Config = {}
    for platform in get_args(Platform):
        stands = standing(platform)
        place = {word: stands[word] for word in ("platform", "account", "region")}
        zone = {**place, "owner": "cloud-platform@example.com"}
        found[f"tags-{platform}"] = {**zone, "extra_tags": {"data-class": "internal"}}
        found[f"network-{platform}"] = {**zone, "network": _GIVEN_NETWORK[platform]}
    return {"landing_zones": found}


def _owner(other: Mapping[str, Any]) -> Config:
    return {"account": other["new owner"], "granted_by": "change 4714"}


def _source(other: Mapping[str, Any]) -> Config:
    """On azure alone a registry is named by its id too."""
    of_azure = "azurecr.io" in other["new source"]
    return _owner(other) | ({"registry_id": _registry(other, other["new source"])} if of_azure else {})


def _registry(other: Mapping[str, Any], place: str, group: str = "shared") -> str:
    owner = other["new owner"] if place == other["new source"] else other["peer"]
    registry = place.partition(".")[0]
    return f"/subscriptions/{owner}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}"


def _of_people(platform: Platform, other: Mapping[str, Any], stands: Config) -> Iterator[Edit]:
    more = {("workspace", "principals", "cy"): other["person"]} if platform != "aws" else {}
    less = {("workspace", "principals", "ben"): None} if platform != "aws" else {}
    yield Edit("workspace.users", "one more", {("workspace", "users"): ["ana", "ben", "cy"], **more})
    yield Edit("workspace.users", "one less", {("workspace", "users"): ["ana"], **less})
    yield Edit("workspace.users", "another order", {("workspace", "users"): ["ben", "ana"]})
    renamed = {("workspace", "users"): ["ana", "benjamin"], **less}
    if less:
        renamed[("workspace", "principals", "benjamin")] = stands["workspace"]["principals"]["ben"]
    yield Edit("workspace.users", "one renamed", renamed)
    yield Edit("workspace.principals.*", "another", {("workspace", "principals", "ben"): other["principal"]})
    yield Edit("workspace.idle_timeout_minutes", "another", {("workspace", "idle_timeout_minutes"): 90})
    zones = {("network", "zones"): other["zones"], ("workspace", "zones"): other["zones"]}
    yield Edit("workspace.zones", "one more", zones if platform == "aws" else {("workspace", "zones"): other["zones"]})
    yield Edit("workspace.zone", "another", {("workspace", "zone"): other["zone"]})
    joined = {"network": other["network"], "cidr": "10.70.0.0/20"}
    yield Edit("workspace.reached_from.*", "one more", {("workspace", "reached_from", "office"): joined})
    yield Edit("workspace.reached_from.*", "one less", {_DESKTOPS: None})
    yield Edit("workspace.reached_from.*.network", "another", {(*_DESKTOPS, "network"): other["network"]})
    yield Edit("workspace.reached_from.*.cidr", "another", {(*_DESKTOPS, "cidr"): "10.70.0.0/20"})


def _of_models(other: Mapping[str, Any], stands: Config) -> Iterator[Edit]:
    yield Edit("models.*", "one more", {("models", "ranker"): stands["models"]["fraud-scorer"]})
    retired: dict[Path, Any] = {("models", "document-embedder"): None}
    retired |= {
        (section, name): None
        for section in ("endpoints", "batch_jobs")
        for name, one in stands[section].items()
        if one["model"] == "document-embedder"
    }
    yield Edit("models.*", "one less, with what serves it", retired)
    yield Edit("models.*.image", "another", {(*_MODEL, "image"): other["image"]})
    yield Edit("models.*.artifact_uri", "another", {(*_MODEL, "artifact_uri"): other["artifact_uri"]})
    version = {"registered": "fraud-scorer", "version": 1, "digest": f"sha256:{'0' * 64}"}
    yield Edit("models.*.registered", "in place of image and artifact", {_MODEL: version})
    given = {_MODEL: version, ("registry", "gives_to", "test"): other["receiver"]}
    yield Edit("registry.gives_to.*", "one more, with the first registered version", given)
    taken = {_MODEL: version, ("registry", "takes_from", "dev"): {**_owner(other), **other["origin"]}}
    yield Edit("registry.takes_from.*", "one more, with the first registered version", taken)
    yield Edit("models.*.environment.*", "one more", {(*_MODEL, "environment"): {"MAX_MODEL_LEN": "8192"}})
    yield Edit("models.*.port", "given", {(*_MODEL, "port"): 8000})
    yield Edit("models.*.predict_route", "given", {(*_MODEL, "predict_route"): "/v1/completions"})
    yield Edit("models.*.health_route", "given", {(*_MODEL, "health_route"): "/ready"})
    yield Edit("models.*.command", "given", {(*_MODEL, "command"): ["python3", "-m", "server"]})
    yield Edit("models.*.args", "given", {(*_MODEL, "args"): ["--max-model-len", "8192"]})
    yield Edit("models.*.start_up_seconds", "given", {(*_MODEL, "start_up_seconds"): 1800})


def _of_endpoints(platform: Platform, other: Mapping[str, Any], stands: Config) -> Iterator[Edit]:
    own = stands["endpoints"]["fraud-scorer"]
    queued = {"kind": "async", "model": "fraud-scorer", "family": "cpu-small", "min_replicas": 0, "max_replicas": 2}
    queued |= {"backlog_per_replica": 5, "rollback": {"error_rate_percent": 5}}
    backlog: dict[Path, Any] = {(*_ASYNC, "backlog_per_replica"): 10} if platform == "aws" else {_ASYNC: queued}
    machine = {(*_ENDPOINT, "family"): None, (*_ENDPOINT, "machine_type"): other["machine"]}
    yield Edit("endpoints.*", "one more", {("endpoints", "ranker"): own})
    alone = {("callers",): None} if len(stands["endpoints"]) == 1 else {}  # nobody calls a stack without an endpoint
    yield Edit("endpoints.*", "one less", {_ENDPOINT: None, **alone})
    yield Edit("endpoints.*", "one renamed", {_ENDPOINT: None, ("endpoints", "scorer"): own})
    yield Edit("endpoints.*.family", "another", {(*_ENDPOINT, "family"): "cpu-medium"})
    yield Edit("endpoints.*.machine_type", "in place of the family", machine)
    yield Edit("endpoints.*.kind", "`async`, with its keys", {_ENDPOINT: queued})
    yield Edit("endpoints.*.enabled", "`false`", {(*_ENDPOINT, "enabled"): False})
    yield Edit("endpoints.*.model", "another", {(*_ENDPOINT, "model"): "document-embedder"})
    yield Edit("endpoints.*.min_replicas", "another", {(*_ENDPOINT, "min_replicas"): 3})
    yield Edit("endpoints.*.max_replicas", "another", {(*_ENDPOINT, "max_replicas"): 5})
    busier = {(*_ENDPOINT, "requests_per_replica_per_minute"): 900}
    yield Edit("endpoints.*.requests_per_replica_per_minute", "another", busier)
    for group, key, value in (
        ("canary", "percent", 20),
        ("canary", "bake_minutes", 15),
        ("rollback", "p95_latency_ms", 300),
        ("rollback", "error_rate_percent", 2),
        ("capture", "percent", 20),
        ("capture", "days", 14),
    ):
        yield Edit(f"endpoints.*.{group}.{key}", "another", {(*_ENDPOINT, group, key): value})
    yield Edit("endpoints.*.capture.percent", "the group taken out", {(*_ENDPOINT, "capture"): None})
    yield Edit("endpoints.*.backlog_per_replica", "another", backlog)
    shorter: dict[Path, Any] = (
        {(*_ASYNC, "keep_days"): 7} if platform == "aws" else {_ASYNC: {**queued, "keep_days": 7}}
    )
    yield Edit("endpoints.*.keep_days", "another", shorter)
    open_at = _ASYNC if platform == "aws" else _ENDPOINT
    for day in (
        "weekdays",
        "weekends",
        *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    ):
        hours = {day: "07:00-19:00", "timezone": "Europe/Berlin"}
        yield Edit(f"endpoints.*.hours.{day}", "given", {(*open_at, "hours"): hours})
    elsewhere = {"weekdays": "07:00-19:00", "timezone": "America/New_York"}
    yield Edit("endpoints.*.hours.timezone", "given, with the weekdays", {(*open_at, "hours"): elsewhere})


def _of_jobs(platform: Platform, other: Mapping[str, Any], stands: Config) -> Iterator[Edit]:
    machine = {(*_JOB, "family"): None, (*_JOB, "machine_type"): other["machine"]}
    own = stands["batch_jobs"]["fraud-backfill"]
    yield Edit("batch_jobs.*", "one more", {("batch_jobs", "again"): own})
    yield Edit("batch_jobs.*", "one less", {_JOB: None})
    yield Edit("batch_jobs.*.family", "another", {(*_JOB, "family"): "cpu-medium"})
    yield Edit("batch_jobs.*.machine_type", "in place of the family", machine)
    for key, value in (
        ("enabled", False),
        ("model", "document-embedder"),
        ("replicas", 3),
        ("schedule", "45 3 * * *"),
        ("timezone", "UTC"),
        ("max_hours", 4),
        ("input_uri", other["input_uri"]),
        ("output_uri", other["output_uri"]),
        ("keep_days", 90),
    ):
        yield Edit(f"batch_jobs.*.{key}", "`false`" if key == "enabled" else "another", {(*_JOB, key): value})
    places = {"cards": own["input_uri"], "more": other["input_uri"]}
    yield Edit(
        "batch_jobs.*.inputs.*", "in place of input_uri", {(*_JOB, "input_uri"): None, (*_JOB, "inputs"): places}
    )
    yield Edit("batch_jobs.*.format", "given", {(*_JOB, "format"): "csv" if platform == "gcp" else "json"})
    yield Edit("batch_jobs.*.concurrency", "given", {(*_JOB, "concurrency"): 4})
    records = 1 if platform == "aws" else 32
    yield Edit("batch_jobs.*.records_per_request", "given", {(*_JOB, "records_per_request"): records})


def _of_training(other: Mapping[str, Any], stands: Config) -> Iterator[Edit]:
    own, folder = stands["training"]["fraud-training"], other["output_uri"].replace("/batch/", "/training/")
    machine = {(*_TRAINING, "family"): None, (*_TRAINING, "machine_type"): other["machine"]}
    by_hand = {(*_TRAINING, "schedule"): None, (*_TRAINING, "timezone"): None, (*_TRAINING, "runs_per_month"): 8}
    yield Edit("training.*", "one more", {("training", "again"): own})
    yield Edit("training.*", "one less", {_TRAINING: None})
    yield Edit("training.*.family", "another", {(*_TRAINING, "family"): "gpu-l4"})
    yield Edit("training.*.machine_type", "in place of the family", machine)
    for key, value in (
        ("enabled", False),
        ("image", other["image"].replace("example-2", "example-3").replace("example:2", "example:3")),
        ("output_uri", folder),
        ("replicas", 2),
        ("schedule", "45 3 * * *"),
        ("timezone", "UTC"),
        ("max_hours", 4),
    ):
        yield Edit(f"training.*.{key}", "`false`" if key == "enabled" else "another", {(*_TRAINING, key): value})
    yield Edit("training.*.data.*", "another", {(*_TRAINING, "data", "train"): other["input_uri"]})
    yield Edit("training.*.hyperparameters.*", "one more", {(*_TRAINING, "hyperparameters", "rounds"): "20"})
    yield Edit("training.*.spot.checkpoint_uri", "another", {(*_TRAINING, "spot", "checkpoint_uri"): folder})
    yield Edit("training.*.spot.checkpoint_uri", "the group taken out", {(*_TRAINING, "spot"): None})
    yield Edit("training.*.spot.wait_hours", "another", {(*_TRAINING, "spot", "wait_hours"): 6})
    yield Edit("training.*.spot.keep_days", "another", {(*_TRAINING, "spot", "keep_days"): 14})
    yield Edit("training.*.runs_per_month", "in place of the schedule", by_hand)
    pattern = {"pattern": "loss=([0-9.]+)"} if stands["platform"] == "aws" else {}
    search = {
        "objective": {"metric": "loss", "goal": "minimize", **pattern},
        "ranges": {"rounds": {"min": 10, "max": 90, "integer": True}},
        "parallel": 2,
        "total": 8,
    }
    searches = {(*_TRAINING, "spot"): None, (*_TRAINING, "tuning"): search}
    yield Edit("training.*.tuning.total", "a search, in place of Spot", searches)


def _of_pipelines(other: Mapping[str, Any], stands: Config) -> Iterator[Edit]:
    """What stands has none, so that the edit asks for one, which trains by the job that stands."""
    job = stands["training"]["fraud-training"]
    prepare = {
        "image": job["image"],
        "program": ["prepare"],
        "inputs": {"raw": other["input_uri"]},
        "family": "cpu-medium",
        "max_hours": 1,
    }
    path = {
        "output_uri": other["output_uri"].replace("/batch/", "/pipelines/"),
        "runs_per_month": 4,
        "steps": {"prepare": prepare, "train": {"training": "fraud-training", "inputs": {"train": "prepare"}}},
    }
    yield Edit("pipelines.*", "one more", {("pipelines", "path"): path})


def _of_experiments() -> Iterator[Edit]:
    """What stands has none of it, so that each edit asks for it."""
    yield Edit("experiments.training", "the section, without a job", {("experiments",): {}})
    yield Edit("experiments.training", "the section, with a job", {("experiments",): {"training": ["fraud-training"]}})


def _of_callers(other: Mapping[str, Any], stands: Config) -> Iterator[Edit]:
    own = stands["callers"]["payments-app"]
    another = {
        key: {"identity": other["identity"], "account": other["peer"]}.get(key, said) for key, said in own.items()
    }
    if "cidr" in another:
        another |= {"cidr": "10.70.0.0/20", "network": other["network"]}
    yield Edit("callers", "`workspace` in place of callers", {("callers",): "workspace"})
    yield Edit("callers.*", "one more", {("callers", "batch-app"): another})
    yield Edit("callers.*", "one renamed", {_CALLER: None, ("callers", "payments"): own})
    yield Edit("callers.*.network", "another", {(*_CALLER, "network"): other["network"]})
    yield Edit("callers.*.cidr", "another", {(*_CALLER, "cidr"): "10.70.0.0/20"})
    yield Edit("callers.*.account", "another", {(*_CALLER, "account"): other["peer"]})
    yield Edit("callers.*.identity", "another", {(*_CALLER, "identity"): other["identity"]})
