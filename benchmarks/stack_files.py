"""Stack files with any number of endpoints, for each platform in its own words (catalogue/platforms.py)."""

from collections.abc import Mapping

_HEAD = """config:
  mlplatform:platform: {platform}
  mlplatform:account: "{account}"
  mlplatform:region: {region}
  mlplatform:environment: pilot
  mlplatform:team: bench
  mlplatform:cost_center: bench
  mlplatform:owner: bench@example.com
  mlplatform:network: {{cidr: 10.40.0.0/16{zones}}}
  mlplatform:budget: {{monthly_usd: 2500}}
  mlplatform:workspace: {{users: [ana]{where}{principals}}}
  mlplatform:models:
    m:
      image: {image}
      artifact_uri: {artifact_uri}
  mlplatform:endpoints:
"""
_WORDS: Mapping[str, Mapping[str, str]] = {
    "aws": {
        "account": "111122223333",
        "region": "us-east-1",
        "zones": ", zones: [us-east-1a, us-east-1b]",
        "where": ", zones: [us-east-1a, us-east-1b]",
        "principals": "",
        "image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5",
        "artifact_uri": "s3://bench-models-111122223333/m/1/model.tar.gz",
    },
    "gcp": {
        "account": "bench-pilot",
        "region": "us-central1",
        "zones": "",
        "where": ", zone: us-central1-a",
        "principals": ", principals: {ana: ana@example.com}",
        "image": "us-central1-docker.pkg.dev/bench-pilot/serving/m:1.0.0",
        "artifact_uri": "gs://bench-pilot-models/m/1/",
    },
    "azure": {
        "account": "11112222-3333-4444-5555-666677778888",
        "region": "eastus2",
        "zones": "",
        "where": "",
        "principals": ", principals: {ana: 0a1b2c3d-0000-4000-8000-00000000000a}",
        "image": "mcr.microsoft.com/azureml/mlflow-ubuntu20.04-py38-cpu-inference:20230920.v2",
        "artifact_uri": "azureml://datastores/artifacts/paths/m/1/",
    },
}
# Flow style: a thousand of these have to fit into the largest stack file there may be.
_ONLINE = (
    "kind: online, model: m, family: cpu-small, min_replicas: 1, max_replicas: 2, requests_per_replica_per_minute: 600,"
    " canary: {percent: 10, bake_minutes: 10}, rollback: {p95_latency_ms: 250, error_rate_percent: 1}"
)
_ASYNC = (
    "kind: async, model: m, family: cpu-small, min_replicas: 0, max_replicas: 2, backlog_per_replica: 5,"
    " rollback: {error_rate_percent: 5}"
)


def stack_text(platform: str, endpoints: int) -> str:
    """A stack file with so many endpoints of one model; on aws, which alone has both kinds, every second is async."""
    kinds = (_ONLINE, _ASYNC) if platform == "aws" else (_ONLINE,)
    head = _HEAD.format(platform=platform, **_WORDS[platform])
    return head + "".join(f"    e{n}: {{{kinds[n % len(kinds)]}}}\n" for n in range(endpoints))
