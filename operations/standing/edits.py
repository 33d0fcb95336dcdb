"""The edits whose steps `docs/changing.md` tells: one or more for every key of the schema, on every platform.

What an edit does is not written here: the program says it, run over what stands.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from catalogue.platforms import PLATFORMS, Platform
from operations.standing.stands import ELSEWHERE, GIVEN_NETWORK, OTHER, Config, in_region, in_words_of, standing
from stacks.sections import stack_model

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
    "models.*.version": "as another image and another artifact, once it is approved",
    **dict.fromkeys(
        ("registry.gives_to.*.account", "registry.gives_to.*.publisher", "registry.takes_from.*.account"),
        "as one less and one more",
    ),
    "registry.takes_from.*.key": "as one less and one more; aws alone has it",
    "registry.takes_from.*.granted_by": "nothing: it tells whoever reviews the edit",
    "endpoints.*.models": "on aws alone: updates what callers may name (RolePolicy), and nothing that serves; who "
    "calls one that is taken out is refused",
    "endpoints.*.folder_uri": "on aws alone: replaces the model, by canary, and each of its models has another target; "
    "make another endpoint beside it",
    "models.*.digest": "updates what asks whether it is approved, and nothing else",
}
"""The keys for which no program is run, and what is told instead."""


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


_MODEL, _ENDPOINT, _JOB = ("models", "fraud-scorer"), ("endpoints", "fraud-scorer"), ("batch_jobs", "fraud-backfill")
_ASYNC, _TRAINING = ("endpoints", "document-embedder"), ("training", "fraud-training")
_SEARCH, _PIPELINE = ("training", "fraud-search"), ("pipelines", "fraud-path")
_CALLER, _DESKTOPS = ("callers", "payments-app"), ("workspace", "reached_from", "desktops")


def edits(platform: Platform, region: str = "") -> list[Edit]:
    """Every edit on one platform, in the order of the page, in the words of a region."""
    other, stands = in_region(OTHER[platform], platform, region), standing(platform, region)
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
    abroad = in_words_of(stands, stands["account"], other["account"])
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
    yield Edit("sources.*.account", "another", {("sources", other["source"], "account"): other["new owner"]})
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
        found[f"network-{platform}"] = {**zone, "network": GIVEN_NETWORK[platform]}
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
    # SageMaker gives a batch job no more time to start, so that the model of the edit has none there.
    slow = ("models", "document-embedder") if stands["platform"] == "aws" else _MODEL
    yield Edit("models.*.start_up_seconds", "given", {(*slow, "start_up_seconds"): 1800})


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
    several = {key: value for key, value in own.items() if key not in ("model", "capture")}
    several |= {"kind": "multi-model", "models": ["fraud-scorer", "fraud-next"], "folder_uri": other["folder_uri"]}
    beside = stands["models"]["fraud-scorer"] | {"artifact_uri": other["artifact_uri"]}
    joined = {_ENDPOINT: several, ("models", "fraud-next"): beside}
    yield Edit("endpoints.*.kind", "`multi-model`, with its keys", joined)
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
    yield Edit("training.*.family", "another", {(*_TRAINING, "family"): "cpu-large"})
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
    yield from _of_searches(stands)


def _of_searches(stands: Config) -> Iterator[Edit]:
    """A search in place of Spot, and other words of the one that stands."""
    stood, tuning = stands["training"]["fraud-search"]["tuning"], (*_SEARCH, "tuning")
    searches = {(*_TRAINING, "spot"): None, (*_TRAINING, "tuning"): stood}
    once = {tuning: None, (*_SEARCH, "hyperparameters", "rounds"): "20"}
    yield Edit("training.*.tuning.total", "a search, in place of Spot", searches)
    yield Edit("training.*.tuning.total", "the group taken out", once)
    yield Edit("training.*.tuning.ranges.*", "one more", {(*tuning, "ranges", "depth"): {"values": ["2", "4", "8"]}})
    listed = {(*tuning, "ranges", "rounds"): {"values": ["10", "20", "40"]}}
    yield Edit("training.*.tuning.ranges.*.values", "in place of min and max", listed)
    for key, value in (
        ("objective.metric", "log_loss"),
        ("objective.goal", "maximize"),
        ("objective.pattern", "loss: ([0-9.]+)"),
        ("ranges.*.min", 20),
        ("ranges.*.max", 80),
        ("ranges.*.scale", "log"),
        ("ranges.*.integer", True),
        ("parallel", 4),
        ("total", 12),
        ("strategy", "bayesian"),
    ):
        path = (*tuning, *("rounds" if word == "*" else word for word in key.split(".")))
        yield Edit(f"training.*.tuning.{key}", "another", {path: value})


def _of_pipelines(other: Mapping[str, Any], stands: Config) -> Iterator[Edit]:
    own, step = stands["pipelines"]["fraud-path"], (*_PIPELINE, "steps", "evaluate")
    more = {**own, "output_uri": other["output_uri"].replace("/batch/", "/pipelines/")}
    by_hand = {(*_PIPELINE, "schedule"): None, (*_PIPELINE, "timezone"): None, (*_PIPELINE, "runs_per_month"): 8}
    machine = {(*step, "family"): None, (*step, "machine_type"): other["machine"]}
    trains = {"training": "fraud-training", "inputs": {"train": "evaluate"}}
    last = {**own["steps"]["evaluate"], "inputs": {"data": "evaluate"}}
    yield Edit("pipelines.*", "one more", {("pipelines", "again"): more})
    yield Edit("pipelines.*", "one less", {_PIPELINE: None})
    yield Edit("pipelines.*", "one renamed", {_PIPELINE: None, ("pipelines", "path"): own})
    for key, value in (
        ("enabled", False),
        ("schedule", "45 3 * * *"),
        ("timezone", "UTC"),
        ("output_uri", more["output_uri"]),
        ("keep_days", 14),
    ):
        yield Edit(f"pipelines.*.{key}", "`false`" if key == "enabled" else "another", {(*_PIPELINE, key): value})
    yield Edit("pipelines.*.runs_per_month", "in place of the schedule", by_hand)
    yield Edit("pipelines.*.steps.*", "one more", {(*_PIPELINE, "steps", "report"): last})
    yield Edit("pipelines.*.steps.*", "one less", {step: None})
    yield Edit(
        "pipelines.*.steps.*",
        "one renamed",
        {step: None, (*_PIPELINE, "steps", "measure"): own["steps"]["evaluate"]},
    )
    yield Edit("pipelines.*.steps.*.training", "one more that trains", {(*_PIPELINE, "steps", "train"): trains})
    own_words = {**trains, "hyperparameters": {"country": "de"}}
    yield Edit("pipelines.*.steps.*.hyperparameters.*", "one more", {(*_PIPELINE, "steps", "train"): own_words})
    (place, *_) = stands["batch_jobs"]["fraud-backfill"].get("inputs", {"data": ""})
    scores = {"batch": "fraud-backfill", "inputs": {place: "prepare"}, "result": True}
    ends = {(*_PIPELINE, "steps", "score"): scores, (*step, "result"): True}
    yield Edit("pipelines.*.steps.*.batch", "one more that scores", ends)
    yield Edit("pipelines.*.steps.*.machine_type", "in place of the family", machine)
    for key, value in (
        ("family", "cpu-large"),
        ("image", other["image"].replace("example-2", "example-3").replace("example:2", "example:3")),
        ("program", ["python", "-m", "evaluate"]),
        ("max_hours", 2),
    ):
        yield Edit(f"pipelines.*.steps.*.{key}", "another", {(*step, key): value})
    yield Edit("pipelines.*.steps.*.options.*", "another", {(*step, "options", "bound"): "0.95"})
    yield Edit("pipelines.*.steps.*.inputs.*", "one more", {(*step, "inputs", "more"): other["input_uri"]})


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
    moved: dict[Path, Any] = {(*_CALLER, "account"): other["peer"]}
    if stands["platform"] == "aws":  # a role's address says whose it is
        moved[*_CALLER, "identity"] = own["identity"].replace(stands["account"], other["peer"])
    yield Edit("callers.*.account", "another", moved)
    yield Edit("callers.*.identity", "another", {(*_CALLER, "identity"): other["identity"]})
