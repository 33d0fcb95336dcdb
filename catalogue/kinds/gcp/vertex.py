"""Vertex AI in Google's provider: the endpoint. Models and deployments are in our own provider (mlplatform.py)."""

from catalogue.answers import by_resource_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.kind import Apart, At, CostsOnly, KeyAt, Keys, Kind, No, StandsApart, Stays, documented
from catalogue.kinds.gcp import IN_PLACE, KEY, READ, VPC, acting, in_terraform, registry

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

KINDS = (
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
                pattern=r"[0-9]{1,19}|[a-z][a-z0-9-]{0,62}",
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
