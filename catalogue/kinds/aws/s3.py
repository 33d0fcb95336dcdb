"""Amazon S3: buckets, and the settings that make a bucket private, each a resource of its own."""

from catalogue.graph import Graph, Resource
from catalogue.kind import Bills, Holds, KeyAt, Keys, Kind, No, assumed, documented, setting
from catalogue.kinds.aws import READ, regional, registry, tagged
from catalogue.pricing import Bill, Pricing

BUCKET = "aws:s3/bucket:Bucket"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"

_GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
_OBJECTS = documented(f"{_GUIDE}Welcome.html", READ)
_KMS = documented(f"{_GUIDE}UsingKMSEncryption.html", READ)
_REPLICAS = documented(f"{_GUIDE}replication-config-for-kms-objects.html", READ)
_PRICING = documented("https://aws.amazon.com/s3/pricing/", READ)
_NOT_PROTECTED = assumed(
    "it guards what its bucket holds, and the program can make it again; nobody protects it yet", READ
)


def _encrypts_by_itself(graph: Graph, resource: Resource) -> bool:
    """Whether the bucket has the old inline setting; otherwise its encryption is a resource of its own."""
    return resource.props.is_given("serverSideEncryptionConfiguration")


def _replicates(graph: Graph, resource: Resource) -> bool:
    return resource.props.is_given("replicationConfiguration")


def _price(pricing: Pricing, resource: Resource) -> Bill:
    amount = pricing.assume("artifact-gb") / len(pricing.graph.of(BUCKET))
    cost = amount * pricing.of("s3-standard")
    return Bill("storage", cost, cost, f"{amount:g} GB kept, traffic or not")


def _guard(token: str) -> Kind:
    return setting(
        token,
        "a bucket",
        registry(token),
        holds=No("its bucket holds the data", _NOT_PROTECTED),
        stands=regional(token),
    )


KINDS = (
    Kind(
        token=BUCKET,
        tags=tagged(BUCKET),
        keys=Keys(
            (
                KeyAt(
                    "serverSideEncryptionConfiguration.rule.applyServerSideEncryptionByDefault.kmsMasterKeyId",
                    _encrypts_by_itself,
                ),
                KeyAt("replicationConfiguration.rules.destination.replicaKmsKeyId", _replicates),
            ),
            _REPLICAS,
        ),
        holds=Holds("data", _OBJECTS),
        reaches=No("who reads it needs the way to S3, not the bucket", _OBJECTS),
        runs=No("S3 runs on AWS's side", _OBJECTS),
        bills=Bills(_price, _PRICING),
        stands=regional(BUCKET),
        keeps=No("its lifecycle says how long, which limits-stores-expire reads", registry(LIFECYCLE)),
        serves=No("it runs no container", _OBJECTS),
    ),
    _guard(LIFECYCLE),
    _guard(OWNERSHIP),
    _guard(BUCKET_POLICY),
    _guard(PUBLIC_ACCESS),
    setting(
        ENCRYPTION,
        "a bucket",
        registry(ENCRYPTION),
        keys=Keys((KeyAt("rules.applyServerSideEncryptionByDefault.kmsMasterKeyId"),), _KMS),
        holds=No("its bucket holds the data", _NOT_PROTECTED),
        stands=regional(ENCRYPTION),
    ),
    setting(
        VERSIONING,
        "a bucket",
        registry(VERSIONING),
        holds=No("its bucket holds the data", _NOT_PROTECTED),
        bills=No("a setting; the old versions count as stored", _PRICING),
        stands=regional(VERSIONING),
    ),
)
