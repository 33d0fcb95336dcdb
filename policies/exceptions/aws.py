"""What the components of AWS decide against a rule, and what must be true for it."""

from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.iam import allows, principals, statements
from catalogue.kinds.aws import cloudtrail, ec2, iam, s3, sagemaker
from catalogue.marked import texts_in
from catalogue.properties import Properties
from policies import given
from policies.aws.documents import signed_in
from policies.exceptions import DesignException

_NOBODY_READS = "docs/adr/0008-nothing-is-sent-to-where-nobody-reads.md"
_ONE_REGION = "docs/adr/0009-data-stays-in-the-region-of-the-stack.md"
_AUDIT_LOG = "docs/adr/0010-calls-on-objects-are-read-in-the-audit-log.md"
_KEYS = "docs/adr/0011-keys-where-a-service-takes-them.md"
_WHO_ACTS = "docs/adr/0012-grants-that-a-scanner-takes-for-too-wide.md"
_PRIVATE = "docs/adr/0013-private-ways-that-a-scanner-does-not-know.md"
_YEAR, _MONTH = 365, 30
_LOG_SERVICES = {"cloudtrail.amazonaws.com", "delivery.logs.amazonaws.com"}
_OBJECT_CALLS = {"eventCategory": ["Data"], "resources.type": ["AWS::S3::Object"]}


def group_of_sagemaker(graph: Graph, group: Resource) -> bool:
    """Something of SageMaker runs in the group."""
    users = (r for r in graph.cloud if r.type.startswith("aws:sagemaker/"))
    return any(group in graph.refers(user, key, ec2.GROUP) for user in users for key in user.property_dependencies)


def trail_is_kept(graph: Graph, trail: Resource) -> bool:
    """The trail writes, its files are validated and encrypted, and its bucket, of the stack, keeps them for a year."""
    buckets = graph.refers(trail, "s3BucketName", s3.BUCKET)
    writes = trail.props.flag_or_none("enableLogging") is not False
    sealed = trail.props.flag_or_none("enableLogFileValidation") is True and trail.props.is_given("kmsKeyId")
    ends = [end for bucket in buckets for end in _ends(graph, bucket, "expiration")]
    return bool(writes and sealed and buckets) and all(
        not end.is_given("date") and (end.number_or_none("days") or _YEAR) >= _YEAR for end in ends
    )


def _ends(graph: Graph, bucket: Resource, of: str) -> Iterator[Properties]:
    """When each lifecycle rule of a bucket, on or off, deletes: its `expiration`, or that of old versions."""
    for lifecycle in graph.referring(s3.LIFECYCLE, "bucket", bucket):
        yield from lifecycle.props.each_section(f"rules.{of}")


def trail_into_given_bucket(graph: Graph, trail: Resource) -> bool:
    """The trail's files are validated and encrypted, and go to the log store of the landing zone."""
    logs = given.logs(graph)
    sealed = trail.props.flag_or_none("enableLogFileValidation") is True and trail.props.is_given("kmsKeyId")
    return sealed and logs == f"arn:aws:s3:::{trail.props.text_or_empty('s3BucketName')}"


def recorded_by_given_trail(graph: Graph, bucket: Resource) -> bool:
    """The landing zone gives the trail, and the stack has none."""
    return given.trail(graph) is not None and not graph.of(cloudtrail.TRAIL)


def written_by_logs_alone(graph: Graph, bucket: Resource) -> bool:
    """The bucket's policy lets in CloudTrail and log delivery, and nobody else."""
    policies = graph.referring(s3.BUCKET_POLICY, "bucket", bucket)
    allowed = [s for each in policies for s in statements(each.props, "policy") if allows(s)]
    return bool(allowed) and all(
        set(principal) == {"Service"} and set(principal["Service"]) <= _LOG_SERVICES
        for principal in map(principals, allowed)
    )


def calls_are_recorded(graph: Graph, bucket: Resource) -> bool:
    """A trail of the stack records every call on the bucket's objects: no field of its selector leaves one out."""
    below = f"{bucket.props.text_or_empty('arn')}/"
    return any(
        _records(selector, below)
        for trail in graph.of(cloudtrail.TRAIL)
        if trail.props.flag_or_none("enableLogging") is not False
        for selector in trail.props.each_section("advancedEventSelectors")
    )


def _records(selector: Properties, below: str) -> bool:
    fields = list(selector.each_section("fieldSelectors"))
    said = {field.text_or_empty("field"): field for field in fields}
    if len(fields) != 3 or said.keys() != {*_OBJECT_CALLS, "resources.ARN"}:
        return False
    where = said["resources.ARN"]
    exact = all(
        {*said[name].names()} == {"field", "equals"} and list(said[name].each_text("equals")) == wanted
        for name, wanted in _OBJECT_CALLS.items()
    )
    return exact and {*where.names()} == {"field", "startsWiths"} and below in where.each_text("startsWiths")


def is_seen(graph: Graph, bucket: Resource) -> bool:
    """Who writes objects is on record: the trail has the calls, or log services alone can write."""
    return written_by_logs_alone(graph, bucket) or calls_are_recorded(graph, bucket)


def keeps_versions(graph: Graph, bucket: Resource) -> bool:
    """The bucket is protected, and a deleted or overwritten object can be had back for a month."""
    settings = graph.referring(s3.VERSIONING, "bucket", bucket)
    kept = [s.props.text_or_empty("versioningConfiguration.status") == "Enabled" for s in settings]
    days = [end.number_or_none("noncurrentDays") or 0 for end in _ends(graph, bucket, "noncurrentVersionExpiration")]
    return bucket.protect and bool(kept) and all(kept) and all(each >= _MONTH for each in days)


def only_a_boundary(graph: Graph, policy: Resource) -> bool:
    """The policy is the permissions boundary of roles, and is attached to nobody, by reference or by its ARN."""
    uses = {key for user in graph.resources for key, urns in user.property_dependencies.items() if policy.urn in urns}
    arn = policy.props.text_if_known("arn")
    uses |= {key for user in graph.cloud for key, said in user.inputs.items() if arn and arn in texts_in(said)}
    return uses == {"permissionsBoundary"}


def people_of_the_account(graph: Graph, role: Resource) -> bool:
    """Each statement lets in people of the role's own account, with MFA or signed in by IAM Identity Center, or a
    service on behalf of that account."""
    account = role.props.text_or_empty("arn").split(":")[4]
    allowed = [s for s in statements(role.props, "assumeRolePolicy") if allows(s)]
    people = [each for each in allowed if not _service_of(each, account)]
    return bool(people) and all(
        principals(each) == {"AWS": [f"arn:aws:iam::{account}:root"]}
        and list(each.section_or_empty("Condition.StringEquals").each_text("aws:PrincipalAccount")) == [account]
        and (
            list(each.section_or_empty("Condition.Bool").each_text("aws:MultiFactorAuthPresent")) == ["true"]
            or signed_in(each)
        )
        for each in people
    )


def _service_of(statement: Properties, account: str) -> bool:
    sources = statement.section_or_empty("Condition.StringEquals").each_text("aws:SourceAccount")
    return list(principals(statement)) == ["Service"] and list(sources) == [account]


def encrypted_by_its_machines(graph: Graph, configuration: Resource) -> bool:
    """Every variant runs on machines that encrypt their local NVMe in hardware, and so take no volume key."""
    variants = [*sagemaker.variants(configuration), *sagemaker.shadows(configuration)]
    return bool(variants) and not any(sagemaker.takes_volume_key(v.text_or_empty("instanceType")) for v in variants)


EXCEPTIONS = (
    DesignException(
        rule="CKV2_AWS_5",
        component="Network",
        child="workloads",
        type=ec2.GROUP,
        holds=group_of_sagemaker,
        reason="Checkov does not count SageMaker domains and models as attachments; network-proof follows them instead",
        decision=_PRIVATE,
    ),
    DesignException(
        rule="CKV2_AWS_10",
        component="Audit",
        child="",
        type=cloudtrail.TRAIL,
        holds=trail_is_kept,
        reason="the trail rests validated in S3 for a year; a second copy in CloudWatch is paid for and read by nobody",
        decision=_NOBODY_READS,
    ),
    DesignException(
        rule="CKV_AWS_252",
        component="Audit",
        child="",
        type=cloudtrail.TRAIL,
        holds=trail_is_kept,
        reason="a message for each delivered log file would reach nobody who acts on it; alarms cover what matters",
        decision=_NOBODY_READS,
    ),
    *(
        DesignException(
            rule=rule,
            component="Audit",
            child="",
            type=cloudtrail.TRAIL,
            holds=trail_into_given_bucket,
            reason="the trail rests validated in the log store that the landing zone gives, which keeps what is its "
            "own to keep; landing-zone-unread names it",
            decision=_NOBODY_READS,
        )
        for rule in ("CKV2_AWS_10", "CKV_AWS_252")
    ),
    *(
        DesignException(
            rule=rule,
            component="PrivateBucket",
            child="",
            type=s3.BUCKET,
            holds=recorded_by_given_trail,
            reason="calls are for the trail that the landing zone gives to record; landing-zone-unread names it, and "
            "nobody here has read it",
            decision=decision,
        )
        for rule, decision in (("CKV2_AWS_62", _NOBODY_READS), ("CKV_AWS_18", _AUDIT_LOG))
    ),
    DesignException(
        rule="CKV2_AWS_62",
        component="PrivateBucket",
        child="",
        type=s3.BUCKET,
        holds=is_seen,
        reason="nothing acts on an object's arrival, and who writes objects is on record",
        decision=_NOBODY_READS,
    ),
    DesignException(
        rule="CKV_AWS_144",
        component="PrivateBucket",
        child="",
        type=s3.BUCKET,
        holds=keeps_versions,
        reason="data stays in the region that the stack names; versions and protection guard it there",
        decision=_ONE_REGION,
    ),
    DesignException(
        rule="CKV_AWS_18",
        component="Audit/PrivateBucket",
        child="",
        type=s3.BUCKET,
        holds=written_by_logs_alone,
        reason="S3 access logs cannot go to a bucket under a customer-managed key; only CloudTrail and log delivery "
        "may write here",
        decision=_AUDIT_LOG,
    ),
    DesignException(
        rule="CKV_AWS_18",
        component="PrivateBucket",
        child="",
        type=s3.BUCKET,
        holds=calls_are_recorded,
        reason="the trail records every object call on this bucket, with the caller's identity",
        decision=_AUDIT_LOG,
    ),
    *(
        DesignException(
            rule="CKV_AWS_355",
            component="Identity",
            child=boundary,
            type=iam.POLICY,
            holds=only_a_boundary,
            reason="a permissions boundary caps and denies on every resource; it grants nothing",
            decision=_WHO_ACTS,
        )
        for boundary in ("boundary-people", "boundary-services")
    ),
    *(
        DesignException(
            rule="CKV_AWS_61",
            component="Identity",
            child=persona,
            type=iam.ROLE,
            holds=people_of_the_account,
            reason="people of this account take the role, by MFA or Identity Center, and where their own policy allows "
            "it",
            decision=_WHO_ACTS,
        )
        for persona in ("approver", "caller", "data-scientist", "publisher")
    ),
    DesignException(
        rule="CKV_AWS_98",
        component="Endpoint",
        child="config",
        type=sagemaker.CONFIGURATION,
        holds=encrypted_by_its_machines,
        reason="these machines encrypt their local NVMe in hardware and take no volume key",
        decision=_KEYS,
    ),
)
