"""A program of another project: a private network, and an endpoint in it, from Google Cloud's package."""

import pulumi
import pulumi_mlplatform_gcp as ml

PROJECT, NUMBER, REGION = "shop-recommender", "210987654321", "us-central1"
tags = {
    "platform": "gcp",
    "stack": "dev",
    "team": "shop",
    "cost-center": "cc-2042",
    "environment": "pilot",
    "owner": "ana_example_com",
}
reach = ["googleapis.com", "notebooks.cloud.google.com", "notebooks.googleusercontent.com", "pkg.dev"]
artifact = "gs://shop-recommender-models/recommender/1/"

agents = ml.ServiceAgents("shop-agents", project=PROJECT, project_number=NUMBER)
key = ml.Encryption("shop-key", project=PROJECT, region=REGION, agents=agents.members, tags=tags)
ml.Audit("shop-audit", project=PROJECT, region=REGION, bucket_id="shop-audit", logs_key_id=key.logs_key_id)
network = ml.Network("shop-network", project=PROJECT, region=REGION, cidr="10.50.0.0/22", reach=reach, tags=tags)
registry = ml.Registry(
    "shop-registry",
    project=PROJECT,
    region=REGION,
    bucket_name="shop-recommender-artifacts",
    data_key_id=key.data_key_id,
    tags=tags,
)
people = ml.Identity(
    "shop-identity",
    prefix="shop",
    project=PROJECT,
    region=REGION,
    needs={"artifact_uris": [artifact], "input_uris": [], "output_uris": [], "images": []},
    own_bucket="shop-recommender-artifacts",
    bucket_name=registry.bucket_name,
    own_images=f"{REGION}-docker.pkg.dev/{PROJECT}/shop-registry-images",
    repository_id=registry.repository_id,
    vertex_agent=agents.members["aiplatform"],
)
names = ml.EndpointNames("shop-endpoint-names", project=PROJECT, network_id=network.network_id, tags=tags)
alerts = ml.Alerts("shop-alerts", project=PROJECT, owner="ana@example.com", tags=tags)
recommender = ml.Endpoint(
    "shop-recommender",
    endpoint_name="shop-recommender",
    model={
        "project": PROJECT,
        "region": REGION,
        "image": "us-central1-docker.pkg.dev/shop-recommender/serving/recommender:1.0.0",
        "artifact_uri": artifact,
        "service_account": people.account_emails["serving"],
        "data_key_id": key.data_key_id,
    },
    machine={"type": "e2-standard-2"},
    replicas={"least": 1, "most": 2},
    requests_per_replica_per_minute=600,
    network_id=network.network_id,
    subnet_id=network.subnet_id,
    names_zone=names.zone_name,
    vertex_agent=agents.members["aiplatform"],
    channel_id=alerts.channel_id,
    tags=tags,
)
ml.Budget(
    "shop-budget",
    billing_account="0A1B2C-3D4E5F-6A7B8C",
    project_number=NUMBER,
    monthly_usd=500,
    channel_id=alerts.channel_id,
)
ml.Workspace(
    "shop-workspace",
    prefix="shop",
    project=PROJECT,
    users={"ana": "ana@example.com"},
    machine={"type": "e2-standard-2"},
    zone="us-central1-a",
    network_id=network.network_id,
    subnet_id=network.subnet_id,
    service_account=people.account_emails["data-scientist"],
    data_key_id=key.data_key_id,
    tags=tags,
)
pulumi.export("served", recommender.endpoint_id)
pulumi.export("address", recommender.address)
