"""Keys at work: each key stays in its account's hands, and whatever rests under it can be written and read."""

from collections.abc import Iterator, Mapping

from catalogue.graph import Graph, Resource
from catalogue.iam import Statement, read
from catalogue.kind import Keys
from catalogue.kinds import kind_of
from catalogue.kinds.aws import (
    budgets,
    cloudtrail,
    cloudwatch,
    ec2,
    ecr,
    kms,
    s3,
    sagemaker,
    scheduler,
    sfn,
    sns,
    studio,
)
from catalogue.landing_zones import AwsZone
from catalogue.once import once_a_graph
from policies import given
from policies.rule import stack_rule

_ADMINISTRATION = (
    "CancelKeyDeletion",
    "CreateAlias",
    "DeleteAlias",
    "DescribeKey",
    "DisableKey",
    "EnableKey",
    "EnableKeyRotation",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "ListGrants",
    "ListKeyPolicies",
    "ListResourceTags",
    "PutKeyPolicy",
    "RevokeGrant",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateKeyDescription",
)
"""What a deployment and an incident take: to change a key, stop it, save it from deletion, take a grant back. "Allows
key administrators to administer the KMS key", https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"""
_USE = (
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
)
"""What a service does as whoever calls it: "Allows key users to use the KMS key", on the same page."""
_THROUGH: Mapping[str, tuple[str, ...]] = {
    cloudwatch.LOG_GROUP: ("logs",),
    ecr.REPOSITORY: ("ecr",),
    s3.ENCRYPTION: ("s3",),
    # Homes are in Amazon EFS, disks in Amazon EBS: https://docs.aws.amazon.com/sagemaker/latest/dg/encryption-at-rest.html
    sagemaker.CONFIGURATION: ("sagemaker", "ec2"),
    studio.DOMAIN: ("sagemaker", "elasticfilesystem", "ec2"),
    scheduler.SCHEDULE: ("scheduler",),
    sfn.STATE_MACHINE: ("states", "sagemaker"),
    sfn.PIPELINE: ("sagemaker",),
    sns.TOPIC: ("sns",),
}
"""The services through which a key is used for what rests in a resource of each type (kms:ViaService)."""
_GRANTS = ("ec2", "ecr", "elasticfilesystem", "sagemaker")
"""Those that use a key after the call is over, and so by a grant:
https://docs.aws.amazon.com/kms/latest/developerguide/grants.html"""
# What services do by themselves. Logs: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html;
# the trail: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html; flow
# logs: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-cmk-policy.html; who publishes to a topic:
# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
_WRITES = ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey")
_SENDS = ("Decrypt", "GenerateDataKey")


@stack_rule(
    "encryption-key-works",
    kms.KEY,
    severity="high",
    says="A key can be administered by its account, and each service that keeps something under it may use it.",
    remedy="Give the account the administration of the key, and name in its policy each service that uses it, as the "
    "encryption component does.",
)
def key_works(graph: Graph, key: Resource) -> Iterator[str]:
    """A service that may not use a key writes nothing, and nobody is told; a key that nobody administers stays as it
    is for ever. Administration is held in a stack of ours alone: another company shares it out as it likes.
    """
    if not key.props.is_given("policy"):
        return
    allowed = [statement for statement in read(key.props, "policy") if statement.allows]
    by_account = [one for one in allowed if one.principals.get("AWS")]
    if graph.ours:
        at_any_time = [one for one in by_account if one.holds({})]
        for action in _ADMINISTRATION:
            if not any(one.speaks_of(f"kms:{action}") for one in at_any_time):
                yield f"cannot be administered: nobody may kms:{action}"
        yield from _administrators(graph, allowed)
    region = graph.placement.region if graph.placement else ""
    for service, what in _through(graph).get(key.urn, {}).items():
        request = {"kms:ViaService": f"{service}.{region}.amazonaws.com" if region else ""}
        held = [one for one in by_account if one.holds(request)]
        for action in _USE:
            if not any(one.speaks_of(f"kms:{action}") for one in held):
                yield f"does not let {what} kms:{action} through {service}"
        granting = {**request, "kms:GrantIsForAWSResource": "true"}
        if service in _GRANTS and not _any(by_account, "CreateGrant", granting):
            yield f"does not let {what} kms:CreateGrant through {service}"
    for service, actions, what in _by_themselves(graph, key, region):
        for action in actions:
            if not any(one.speaks_of(f"kms:{action}") and _names(one, service) for one in allowed):
                yield f"does not let {what} kms:{action} as {service}"


def _administrators(graph: Graph, allowed: list[Statement]) -> Iterator[str]:
    """Whoever changes a key's policy gives the key to whom they like: the account itself, by its roles, and no persona.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    account = graph.placement.account if graph.placement else ""
    root = {account, f"arn:aws:iam::{account}:root"}
    held = [one for one in allowed if any(one.speaks_of(f"kms:{action}") for action in _RULES_OVER)]
    others = {who for one in held for named in one.principals.values() for who in named} - root
    for who in sorted(others) if account else ():
        yield f"may be administered by {who}, where the account alone is to"


_RULES_OVER = ("PutKeyPolicy", "ScheduleKeyDeletion", "DisableKey", "CreateAlias", "UpdateAlias", "DeleteAlias")
"""What decides who uses a key, and whether anybody does."""


def _any(said: list[Statement], action: str, request: Mapping[str, str]) -> bool:
    return any(one.speaks_of(f"kms:{action}") and one.holds(request) for one in said)


def _names(statement: Statement, service: str) -> bool:
    """Whether a service is among the principals. Where the region is not known, that of any region is."""
    named = statement.principals.get("Service", ())
    return service in named or (service == "logs." and any(one.startswith(service) for one in named))


@once_a_graph
def _through(graph: Graph) -> Mapping[str, Mapping[str, str]]:
    """By the URN of a key, the services through which it is used, each with the name of a resource that needs it."""
    found: dict[str, dict[str, str]] = {}
    for resource in graph.of(*_THROUGH):
        for key in _keys(graph, resource):
            for service in _THROUGH[resource.type]:
                found.setdefault(key.urn, {}).setdefault(service, resource.name)
    return found


def _keys(graph: Graph, resource: Resource) -> list[Resource]:
    kind = kind_of(resource.type)
    at = kind.keys.at if kind and isinstance(kind.keys, Keys) else ()
    tops = dict.fromkeys(each.path.partition(".")[0] for each in at)
    return [key for top in tops for key in graph.refers(resource, top, kms.KEY)]


def _by_themselves(graph: Graph, key: Resource, region: str) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The services that use a key as nobody but themselves: each with its actions, and what needs them."""

    def under(*types: str) -> list[Resource]:
        return [one for one in graph.of(*types) if any(each.urn == key.urn for each in _keys(graph, one))]

    logs = f"logs.{region}.amazonaws.com" if region else "logs."
    yield from ((logs, _WRITES, one.name) for one in under(cloudwatch.LOG_GROUP)[:1])
    yield from (
        ("cloudtrail.amazonaws.com", ("DescribeKey", "GenerateDataKey"), one.name) for one in under(cloudtrail.TRAIL)
    )
    for encryption in under(s3.ENCRYPTION):
        for bucket in graph.refers(encryption, "bucket", s3.BUCKET):
            for log in graph.referring(ec2.FLOW_LOG, "logDestination", bucket):
                yield "delivery.logs.amazonaws.com", _WRITES, log.name
    for topic in under(sns.TOPIC):
        if graph.referring(cloudwatch.ALARM, "alarmActions", topic):
            yield "cloudwatch.amazonaws.com", _SENDS, topic.name
        if graph.referring(budgets.BUDGET, "notifications", topic):
            yield "budgets.amazonaws.com", _SENDS, topic.name


_RECORDS = (cloudtrail.TRAIL, cloudwatch.LOG_GROUP, sns.TOPIC)
"""What services write by themselves, as nobody of the stack."""


@stack_rule(
    "encryption-keys-apart",
    s3.ENCRYPTION,
    ecr.REPOSITORY,
    studio.DOMAIN,
    sagemaker.CONFIGURATION,
    *sfn.DEFINED,
    scheduler.SCHEDULE,
    severity="medium",
    says="What people and models work on rests under another key than what is recorded of them.",
    remedy="Hand on the data key, and the logs key to the trail, to log groups and to the topic alone.",
)
def keys_apart(graph: Graph, resource: Resource) -> Iterator[str]:
    """Under one key whoever reads records decrypts data, and the services that write records hold a right to the key of
    the data. In a stack of ours, which has two, or its landing zone's; that may give one for both. What rests in the
    bucket of the trail are records.

    https://docs.aws.amazon.com/prescriptive-guidance/latest/encryption-best-practices/kms.html
    """
    if not graph.ours or _takes_records(graph, resource):
        return
    zone = given.zone(graph)
    keys = zone.keys if isinstance(zone, AwsZone) else None
    both = keys.data if keys is not None and keys.data == keys.logs else ""
    for key, name in _named(graph, resource).items():
        if key != both and (writer := _of_records(graph).get(key)):
            yield f"rests under {name}, under which {writer} has records"


@once_a_graph
def _of_records(graph: Graph) -> Mapping[str, str]:
    """By a key, as `_named` has it, the name of something that has records under it."""
    buckets = [one for one in graph.of(s3.ENCRYPTION) if _takes_records(graph, one)]
    return {key: one.name for one in (*graph.of(*_RECORDS), *buckets) for key in _named(graph, one)}


def _takes_records(graph: Graph, encryption: Resource) -> bool:
    """Whether a bucket's key is that of a bucket in which a trail or a flow log records."""
    buckets = graph.refers(encryption, "bucket", s3.BUCKET) if encryption.type == s3.ENCRYPTION else []
    writes = ((cloudtrail.TRAIL, "s3BucketName"), (ec2.FLOW_LOG, "logDestination"))
    return any(graph.referring(type_, path, bucket) for bucket in buckets for type_, path in writes)


def _named(graph: Graph, resource: Resource) -> Mapping[str, str]:
    """The keys that a resource names, in the requests of its jobs too, with their names: those of the stack by URN,
    named by reference or by an ARN that is known, and any other by what names it.
    """
    kind = kind_of(resource.type)
    at = kind.keys.at if kind and isinstance(kind.keys, Keys) else ()
    known = {text for each in at for text in resource.props.each_text_if_known(each.path)} - {""}
    for job in sfn.jobs_of(graph, resource) if resource.type in sfn.DEFINED else ():
        known |= {output.text_or_empty("KmsKeyId") for output in job.outputs()}
        known |= {cluster.text_or_empty("VolumeKmsKeyId") for cluster, _ in job.clusters()}
    arns = {arn: key for key in graph.of(kms.KEY) if (arn := key.props.text_if_known("arn")) in known}
    own = {key.urn: key.name for key in (*_keys(graph, resource), *arns.values())}
    return {**own, **{text: text for text in known - arns.keys()}}


RULES = [key_works, keys_apart]
