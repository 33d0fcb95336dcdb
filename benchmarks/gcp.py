"""The benchmarks on Vertex AI."""

from benchmarks.cloud import Cloud

CLOUD = Cloud(
    words={
        "account": "bench-pilot",
        "region": "us-central1",
        "zones": "",
        "where": ", zone: us-central1-a",
        "principals": ", principals: {ana: ana@example.com}",
        "image": "us-central1-docker.pkg.dev/bench-pilot/serving/m:1.0.0",
        "artifact_uri": "gs://bench-pilot-models/m/1/",
    },
    looked_up={
        "names": ["us-central1-a", "us-central1-b", "us-central1-c"],
        "number": "111122223333",
        "billingAccount": "000000-AAAAAA-BBBBBB",
        "member": "serviceAccount:agent@example.com",
        "serviceAccountId": "agent@example.com",
    },
    sizes=(1, 10, 100, 400),
    on_engine=250,
)
