"""Amazon S3: buckets, and the settings that make a bucket private. Each setting is a resource."""

from catalogue.answers import attached_to, by_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Graph, Resource
from catalogue.kind import Acts, Bills, Guarded, Holds, KeyAt, Keys, Kind, No, documented, setting
from catalogue.kinds.aws import READ, acts, asks, regional, registry, tagged, terraform
from catalogue.kinds.aws.kms import names_key
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
_GUARDS = documented(f"{_GUIDE}security-best-practices.html", READ)
_TRAIL = "aws:cloudtrail/trail:Trail"
"""The token of `catalogue/kinds/aws/cloudtrail.py`, which names buckets and so cannot be imported here."""


def _encrypts_by_itself(graph: Graph, resource: Resource) -> bool:
    """Whether the bucket has the old inline setting. Otherwise its encryption is another resource."""
    return resource.props.is_given("serverSideEncryptionConfiguration")


def _replicates(graph: Graph, resource: Resource) -> bool:
    return resource.props.is_given("replicationConfiguration")


def _price(pricing: Pricing, resource: Resource) -> Bill:
    amount = pricing.assume("artifact-gb") / len(pricing.graph.of(BUCKET))
    cost = amount * pricing.of("s3-standard")
    return Bill("storage", cost, cost, f"{amount:g} GB kept, traffic or not")


_BUCKET_ACTS = acts(
    "s3",
    by_name(
        "arn:aws:s3:::{name}",
        "bucket",
        bucketDomainName="{name}.s3.amazonaws.com",
        bucketRegionalDomainName="{name}.s3.{region}.amazonaws.com",
    ),
    Behaviour(
        name="bucket",
        pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        unique="{bucket}",
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html; in us-east-1, where S3 itself accepts a
        # second create, the provider looks first and says the same.
        exists="BucketAlreadyExists: The requested bucket name is not available.",
        filled="s3://{bucket}/",
        forced="forceDestroy",
    ),
)


def _acts_on_bucket(*refs: Ref) -> Acts:
    """How S3 treats a setting of a bucket. A second create overwrites the first."""
    behaviour = Behaviour(refs=(Ref("bucket", (BUCKET,)), *refs), second="changes")
    return acts("s3", attached_to("bucket"), behaviour)


def _guard(token: str, name: str, right: str = "") -> Kind:
    """`right` sets it, where CloudFormation has no type that says so."""
    return setting(
        token,
        "a bucket",
        registry(token),
        holds=Holds("guard", _GUARDS),
        stands=regional(token),
        acts=_acts_on_bucket(),
        renders=terraform(name),
        **({"rights": asks("amazons3", right)} if right else {}),
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
        bills=Bills(_price, _PRICING, ("Amazon Simple Storage Service",)),
        stands=regional(BUCKET),
        keeps=No("its lifecycle says how long, which limits-stores-expire reads", registry(LIFECYCLE)),
        serves=No("it runs no container", _OBJECTS),
        acts=_BUCKET_ACTS,
        renders=terraform("s3_bucket"),
        # The trail records who reads and writes the objects.
        guarded=Guarded((LIFECYCLE, OWNERSHIP, BUCKET_POLICY, PUBLIC_ACCESS, ENCRYPTION, VERSIONING, _TRAIL), _GUARDS),
    ),
    _guard(LIFECYCLE, "s3_bucket_lifecycle_configuration", "s3:PutLifecycleConfiguration"),
    _guard(OWNERSHIP, "s3_bucket_ownership_controls", "s3:PutBucketOwnershipControls"),
    _guard(BUCKET_POLICY, "s3_bucket_policy"),
    _guard(PUBLIC_ACCESS, "s3_bucket_public_access_block", "s3:PutBucketPublicAccessBlock"),
    setting(
        ENCRYPTION,
        "a bucket",
        registry(ENCRYPTION),
        keys=Keys((KeyAt("rules.applyServerSideEncryptionByDefault.kmsMasterKeyId"),), _KMS),
        holds=Holds("guard", _GUARDS),
        stands=regional(ENCRYPTION),
        acts=_acts_on_bucket(*names_key("rules.applyServerSideEncryptionByDefault.kmsMasterKeyId")),
        renders=terraform("s3_bucket_server_side_encryption_configuration"),
        rights=asks("amazons3", "s3:PutEncryptionConfiguration"),
    ),
    setting(
        VERSIONING,
        "a bucket",
        registry(VERSIONING),
        holds=Holds("guard", _GUARDS),
        bills=No("a setting; the old versions count as stored", _PRICING),
        stands=regional(VERSIONING),
        acts=_acts_on_bucket(),
        renders=terraform("s3_bucket_versioning"),
        rights=asks("amazons3", "s3:PutBucketVersioning"),
    ),
)
