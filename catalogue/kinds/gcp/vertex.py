"""Vertex AI in Google's provider: the endpoint, and the TensorBoard. Models and deployments are in our own provider
(mlplatform.py)."""

from catalogue.answers import by_resource_name, numbered
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Resource
from catalogue.kind import Apart, At, Bills, CostsOnly, Holds, KeyAt, Keys, Kind, No, StandsApart, Stays, documented
from catalogue.kinds.gcp import IN_PLACE, IN_PROJECT, KEY, READ, VPC, acting, in_terraform, registry
from catalogue.pricing import Bill, Pricing

METADATA_STORE = "gcp:vertex/aiMetadataStore:AiMetadataStore"
TENSORBOARD = "gcp:vertex/aiTensorboard:AiTensorboard"
ENDPOINT = "gcp:vertex/aiEndpoint:AiEndpoint"
NAMES = "prediction.p.vertexai.goog"
"""The domain to whose names the certificate of every private endpoint is made out: `*.prediction.p.vertexai.goog`.

https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect
"""

_SDK = registry("vertex/aiendpoint")
_KMS = documented("https://docs.cloud.google.com/gemini-enterprise-agent-platform/machine-learning/general/cmek", READ)
_HELD = documented(
    "https://docs.cloud.google.com/gemini-enterprise-agent-platform/machine-learning/predictions/private-service-connect",
    READ,
)
_PRICES = documented("https://cloud.google.com/vertex-ai/pricing", READ)

_BOARD_SDK = registry("vertex/aitensorboard")
_BOARD = documented("https://cloud.google.com/vertex-ai/docs/experiments/tensorboard-setup", READ)
_BOARD_PRICES = documented("https://cloud.google.com/vertex-ai/docs/core-release-notes", READ)
"""2023-08-01: "from a per-user monthly license of $300 per month to $10 GiB per month for storage of your logs"."""

_STORE_SDK = registry("vertex/aimetadatastore")
_STORE = documented("https://cloud.google.com/vertex-ai/docs/ml-metadata/configure", READ)


def _tensorboard(pricing: Pricing, resource: Resource) -> Bill:
    amount = pricing.assume("experiments-gb")
    return Bill(
        "record of experiments",
        0.0,
        amount * pricing.of("tensorboard-storage"),
        f"empty at first; {amount:g} GiB kept in the ceiling",
    )


def _records(pricing: Pricing, resource: Resource) -> Bill:
    amount = pricing.assume("records-gb")
    return Bill(
        "records of pipelines",
        0.0,
        amount * pricing.of("metadata-storage"),
        f"empty at first; {amount:g} GiB kept in the ceiling",
    )


KINDS = (
    Kind(
        token=METADATA_STORE,
        tags=No("a metadata store has no labels", _STORE_SDK),
        keys=Keys((KeyAt("encryptionSpec.kmsKeyName", users=("gcp-sa-aiplatform",)),), _STORE),
        holds=Holds("work", _STORE),
        reaches=No("Vertex AI writes to it on Google's side", _STORE),
        runs=No("it is serverless: Google runs it", _STORE),
        bills=Bills(_records, _PRICES, ("Vertex AI",)),
        stands=At("region", _STORE_SDK),
        keeps=No("the records of a run go with the run, which people delete", _STORE),
        serves=No("it keeps records", _STORE),
        acts=acting(
            "vertexai",
            by_resource_name(IN_PROJECT + "/locations/{region}/metadataStores/{name}"),
            Behaviour(name="name", pattern="default", refs=(Ref("encryptionSpec.kmsKeyName", (KEY,)),)),
        ),
        renders=in_terraform("google_vertex_ai_metadata_store"),
    ),
    Kind(
        token=TENSORBOARD,
        tags=At("labels", _BOARD_SDK),
        keys=Keys((KeyAt("encryptionSpec.kmsKeyName", users=("gcp-sa-aiplatform",)),), _KMS),
        holds=Holds("work", _BOARD),
        reaches=No("people reach it by Vertex AI's API, which the workspace asks for", _BOARD),
        runs=No("it is serverless: Google runs it, and bills what it stores", _BOARD_PRICES),
        bills=Bills(_tensorboard, _BOARD_PRICES, ("Vertex AI",)),
        stands=At("region", _BOARD_SDK),
        keeps=No("what people keep they delete themselves", _BOARD),
        serves=No("it runs Google's own TensorBoard", _BOARD),
        acts=acting(
            "vertexai",
            numbered("projects/{number}/locations/{region}/tensorboards/{digits}"),
            Behaviour(refs=(Ref("encryptionSpec.kmsKeyName", (KEY,)),)),
        ),
        renders=in_terraform("google_vertex_ai_tensorboard"),
    ),
    Kind(
        token=ENDPOINT,
        tags=At("labels", _SDK),
        keys=Keys((KeyAt("encryptionSpec.kmsKeyName", users=("gcp-sa-aiplatform",)),), _KMS),
        holds=CostsOnly(_SDK),
        reaches=No("callers reach it by its own address, which network-endpoint-reached and -named ask for", _SDK),
        runs=No("what is deployed to it runs", _SDK),
        bills=No("an endpoint is free, what is deployed to it bills", _PRICES),
        stands=At("location", _SDK),
        keeps=No("requests are logged to a dataset of the stack", _SDK),
        serves=No("what is deployed to it serves", _SDK),
        acts=acting(
            "vertexai",
            by_resource_name(IN_PLACE + "/endpoints/{name}"),
            Behaviour(
                name="name",
                # endpointId of endpoints.create, in aiplatform's discovery document, 2026-11-06
                pattern=r"[1-9][0-9]{0,8}|[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
                refs=(Ref("encryptionSpec.kmsKeyName", (KEY,)), Ref("network", (VPC,), outside=True)),
            ),
        ),
        stays=Stays(7, "the id of a deleted endpoint stays taken for up to seven days", _HELD),
        renders=in_terraform("google_vertex_ai_endpoint"),
        apart=StandsApart(
            (
                Apart(
                    "trafficSplit",
                    "the deployment moves it by way of a canary, so after an update that failed the version before "
                    "serves",
                    "`pulumi up`",
                ),
            ),
            _SDK,
        ),
    ),
)
