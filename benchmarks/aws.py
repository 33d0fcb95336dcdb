"""The benchmarks on Amazon SageMaker, the one platform that is measured with a thousand endpoints."""

from benchmarks.cloud import ONLINE, Cloud

_ASYNC = (
    "kind: async, model: m, family: cpu-small, min_replicas: 0, max_replicas: 2, backlog_per_replica: 5,"
    " rollback: {error_rate_percent: 5}"
)

CLOUD = Cloud(
    words={
        "account": "111122223333",
        "region": "us-east-1",
        "zones": ", zones: [us-east-1a, us-east-1b]",
        "where": ", zones: [us-east-1a, us-east-1b]",
        "principals": "",
        "image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5",
        "artifact_uri": "s3://bench-models-111122223333/m/1/model.tar.gz",
    },
    looked_up={"names": ["us-east-1a", "us-east-1b", "us-east-1c"]},
    sizes=(1, 10, 100, 1000),
    on_engine=1000,
    endpoints=(ONLINE.replace("min_replicas: 1", "min_replicas: 2"), _ASYNC),
)
