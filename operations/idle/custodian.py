"""Policies of Cloud Custodian that mark what is idle in a whole account, from the thresholds of `idle`.

A stack of ours is left out by its tag `stack`: its endpoints are switched off in its stack file, and a mark would be
drift. Marking deletes nothing; whoever marks decides which `marked-for-op` acts later, and whom `notify` tells. What
Cloud Custodian can ask of a cloud's figures differs, as of c7n 0.9.53:

- aws: `sagemaker-endpoint` has no metrics, since its figures are by endpoint and variant
  (https://github.com/cloud-custodian/cloud-custodian/issues/10853). So the endpoints are named that `idle` found.
- gcp: `vertex-ai-endpoint` has metrics by endpoint, and no marks. Both families are asked, and the figure of standing
  replicas, without which nothing matches.
- azure: `machine-learning-online-endpoint` has metrics by endpoint. The capacity of a deployment cannot be asked there,
  so any figure of connections must be there in its place.

https://cloudcustodian.io/docs/
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from operations.idle import gcp
from operations.idle.decision import State
from operations.idle.report import Row

MARK = "mlplatform-idle"
"""The tag of what is marked."""
ACTS_AFTER_DAYS = 7
"""How many days after the mark a policy `marked-for-op` may act."""
Policy = Mapping[str, Any]


def policies(platform: str, rows: Iterable[Row], since_hours: int) -> list[Policy]:
    """The policies of one platform. On aws there are none where `idle` found nothing that no state names."""
    return list({"aws": _aws, "gcp": _gcp, "azure": _azure}[platform](list(rows), since_hours))


def write(folder: Path, platforms: Iterable[str], rows: Iterable[Row], since_hours: int) -> list[Path]:
    """Write `<platform>.yaml` for each platform that has a policy. Returns the files. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    found, written = list(rows), list[Path]()
    for platform in sorted(set(platforms)):
        if said := policies(platform, found, since_hours):
            file = folder / f"{platform}.yaml"
            file.write_text(yaml.safe_dump({"policies": said}, sort_keys=False), encoding="utf-8")
            written.append(file)
    return written


def _mark(op: str) -> Mapping[str, Any]:
    return {"type": "mark-for-op", "tag": MARK, "op": op, "days": ACTS_AFTER_DAYS}


def _aws(rows: list[Row], since_hours: int) -> Iterator[Policy]:
    quiet: dict[str, set[State]] = {}
    for row in rows:
        if not row.stack and row.part.sort == "variant":
            quiet.setdefault(row.part.endpoint, set()).add(row.judged.state)
    names = sorted(name for name, states in quiet.items() if states == {State.IDLE})
    if names:
        yield {
            "name": "mlplatform-idle-endpoints-aws",
            "description": f"endpoints of no known state that nobody asked for {since_hours} hours",
            "resource": "aws.sagemaker-endpoint",
            "filters": [
                {"type": "value", "key": "EndpointName", "op": "in", "value": names},
                {"tag:stack": "absent"},
                {f"tag:{MARK}": "absent"},
            ],
            "actions": [_mark("delete")],
        }


def _gcp(_: list[Row], since_hours: int) -> Iterator[Policy]:
    metric = {"type": "metrics", "reducer": "REDUCE_SUM", "group-by-fields": ["resource.labels.endpoint_id"]}
    metric |= {"days": since_hours / 24}
    silent = {**metric, "aligner": "ALIGN_DELTA", "op": "less-than", "value": 1, "missing-value": 0}
    stands = {**metric, "aligner": "ALIGN_MAX", "op": "greater-than", "value": 0}
    named = "aiplatform.googleapis.com/{}".format
    yield {
        "name": "mlplatform-idle-endpoints-gcp",
        "description": f"endpoints whose replicas stood while nobody asked for {since_hours} hours",
        "resource": "gcp.vertex-ai-endpoint",
        "filters": [
            {"type": "value", "key": "labels.stack", "value": "absent"},
            {"type": "value", "key": "deployedModels", "value": "present"},
            {
                "type": "value",
                "key": "createTime",
                "value_type": "age",
                "op": "greater-than",
                "value": since_hours / 24,
            },
            *({**silent, "name": named(name)} for name in gcp.ANSWERED),
            {"or": [{**stands, "name": named(name)} for name in gcp.STANDING]},
        ],
    }


def _azure(_: list[Row], since_hours: int) -> Iterator[Policy]:
    metric = {"type": "metric", "aggregation": "average", "timeframe": since_hours, "interval": "PT1H"}
    yield {
        "name": "mlplatform-idle-endpoints-azure",
        "description": f"online endpoints that nobody asked for {since_hours} hours",
        "resource": "azure.machine-learning-online-endpoint",
        "filters": [
            {"type": "value", "key": "tags.stack", "value": "absent"},
            {"type": "value", "key": f"tags.{MARK}", "value": "absent"},
            {
                "type": "value",
                "key": "systemData.createdAt",
                "value_type": "age",
                "op": "greater-than",
                "value": since_hours / 24,
            },
            {**metric, "metric": "RequestsPerMinute", "op": "lte", "threshold": 0, "no_data_action": "to_zero"},
            {**metric, "metric": "ConnectionsActive", "op": "gte", "threshold": 0, "no_data_action": "exclude"},
        ],
        "actions": [_mark("delete")],
    }
