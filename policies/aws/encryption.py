"""Encryption: the pilot's own rotated keys wherever data rests, and TLS on the way.

The rule `encryption-customer-key` reads from the catalogue's records where each resource names its key.
"""

import re
from collections.abc import Iterator
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.iam import Statement, allows, conditions, conditions_of, name_of, principals, read, statements
from catalogue.kinds.aws import iam, kms, s3, scheduler, sfn
from catalogue.kinds.aws.sagemaker import takes_volume_key
from catalogue.properties import Properties
from policies.aws.documents import is_anybody, is_everybody
from policies.aws.promoted import is_given
from policies.aws.registered import is_write_once
from policies.rule import OPEN_TO_OTHERS, resource_rule, stack_rule


@stack_rule(
    "encryption-batch",
    *sfn.DEFINED,
    scheduler.SCHEDULE,
    severity="high",
    says="A job encrypts its output and its volumes with the pilot's key.",
    remedy="Set the KmsKeyId of its output and the VolumeKmsKeyId of its machines in the state machine's task, or in "
    "the pipeline's step.",
)
def batch(graph: Graph, resource: Resource) -> Iterator[str]:
    """Every job of the definition. A machine with local NVMe takes no key, for it encrypts its store in hardware."""
    for job in sfn.jobs_of(graph, resource):
        for output in job.outputs():
            if not output.is_given("KmsKeyId"):
                yield f"writes output without a key ({job.state})"
        for cluster, _ in job.clusters():
            if not cluster.is_given("VolumeKmsKeyId") and takes_volume_key(cluster.text_or_empty("InstanceType")):
                yield f"runs jobs on volumes without a key ({job.state})"


@resource_rule(
    "encryption-key",
    kms.KEY,
    severity="high",
    says="A key is rotated, slow to delete, and usable by nobody outside the account.",
    remedy="Set enable_key_rotation=True and deletion_window_in_days=30; bind services to the account.",
)
def key(props: Properties) -> Iterator[str]:
    """Rotation on, 30 days of grace, no open principal, a condition for every service (KMS guide, "Key policies")."""
    if props.flag_or_none("enableKeyRotation") is not True:
        yield "is not rotated"
    if (props.number_or_none("deletionWindowInDays") or 0) < 30:
        yield "can be deleted in less than 30 days"
    if not props.is_given("policy"):
        yield "leaves its policy to the default, which lets every role of the account be granted everything"
    for statement in filter(allows, statements(props, "policy")):
        sid, principal = name_of(statement), principals(statement)
        if is_anybody(principal):
            yield f"{sid} opens the key to anybody"
        if "Service" in principal and not _names_whose(statement):
            yield f"{sid} lets a service use the key for any account"
        if any("*" in action for action in statement.each_text("Action")):
            yield f"{sid} grants a wildcard action"
        uses = sorted({*statement.each_text("Action")} & _USE)
        bound = {one.key.lower() for one in conditions_of(statement) if one.binds}
        if "AWS" in principal and uses and not _is_bound(bound):
            yield f"{sid} lets a role {uses[0]} without a service in between, and for whatever it likes"
        granted = any(key.startswith("kms:grant") for key in bound)
        if "kms:CreateGrant" in statement.each_text("Action") and not granted:
            yield f"{sid} lets a grant be made to anybody, which outlives the policy"


_WHOSE = re.compile(r"(.*[^\w])?(\d{12}|o-[a-z0-9]{10,32})([^\w].*)?", re.DOTALL)


def _names_whose(statement: Properties) -> bool:
    """Whether a condition binds to an account or an organisation. One on `*` holds for every customer of AWS, and so
    does one that a request passes without its key.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    bound = [one for one in conditions_of(statement) if one.binds]
    return any(one.values and all(map(_WHOSE.fullmatch, one.values)) for one in bound)


_USE = {
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
}


def _is_bound(keys: set[str]) -> bool:
    """Whether the use of a key is bound to a service, or to one role and what it encrypts for.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
    """
    for_what = any(key.startswith("kms:encryptioncontext:") for key in keys)
    return "kms:viaservice" in keys or ("aws:principalarn" in keys and for_what)


_STATES_KEY = "kms:EncryptionContext:aws:states:stateMachineArn"
_SCHEDULER_KEY = "kms:EncryptionContext:aws:scheduler:schedule:arn"


@stack_rule(
    "encryption-key-callers",
    sfn.STATE_MACHINE,
    scheduler.SCHEDULE,
    severity="critical",
    says="The key of a schedule or a state machine lets the role use it by itself, without a service in between.",
    remedy="Name the role in the key's policy, bound by the encryption context in place of kms:ViaService.",
)
def key_callers(graph: Graph, resource: Resource) -> Iterator[str]:
    """Step Functions and EventBridge Scheduler call KMS as the role, so a statement on kms:ViaService lets none start.

    Log delivery decrypts with the key of the state machine, or the log of its runs stays empty. Sources: Step
    Functions, "Data at rest encryption", https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html;
    EventBridge Scheduler, "Encryption at rest",
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html. A key of another stack is not read.
    """
    machine = resource.type == sfn.STATE_MACHINE
    at, role_at = ("encryptionConfiguration", "roleArn") if machine else ("kmsKeyArn", "target")
    context, actions = (_STATES_KEY, ["Decrypt", "GenerateDataKey"]) if machine else (_SCHEDULER_KEY, ["Decrypt"])
    logs = machine and resource.props.text_or_empty("loggingConfiguration.level") not in ("", "OFF")
    role = next((r.props.text_if_known("arn") for r in graph.refers(resource, role_at, iam.ROLE)), "")
    for key in graph.refers(resource, at, kms.KEY):
        allowed = [s for s in read(key.props, "policy") if s.allows]
        request = {context: resource.props.text_if_known("arn"), "aws:PrincipalArn": role}
        for action in actions:
            if not any(_lets(s, f"kms:{action}", "AWS") and s.holds(request) for s in allowed):
                yield f"cannot {action} with {key.name} as its role: every grant needs a service in between"
        if logs and not any(_lets(s, "kms:Decrypt", "Service", "delivery.logs.amazonaws.com") for s in allowed):
            yield f"loses the logs of its runs: {key.name} does not let delivery.logs.amazonaws.com decrypt"


def _lets(statement: Statement, action: str, kind: str, named: str | None = None) -> bool:
    """Whether a statement is about an action, and about a principal of a kind, or one that is named."""
    who = statement.principals.get(kind, ())
    return statement.speaks_of(action) and (named in who if named else bool(who))


_PARTS = {
    s3.ENCRYPTION: "encryption",
    s3.PUBLIC_ACCESS: "public access block",
    s3.VERSIONING: "versioning",
    s3.OWNERSHIP: "ownership controls",
    s3.LIFECYCLE: "lifecycle",
    s3.BUCKET_POLICY: "policy",
}


@stack_rule(
    "encryption-bucket-whole",
    s3.BUCKET,
    severity="high",
    says="Every bucket has its key, public access block, versioning, ownership, lifecycle and policy.",
    remedy="Build buckets with the PrivateBucket component, which makes all six.",
)
def bucket_whole(graph: Graph, resource: Resource) -> Iterator[str]:
    """Each part belongs to the bucket by reference. All that lacks is one finding, for one component mends it."""
    lacking = [what for type_, what in _PARTS.items() if not graph.referring(type_, "bucket", resource)]
    if lacking:
        yield f"declares no {', '.join(lacking)}, so it has what S3 gives by default"


@resource_rule(
    "encryption-bucket-public",
    s3.PUBLIC_ACCESS,
    severity="critical",
    says="No bucket can be made public (Security Hub S3.8).",
    remedy="Set all four properties of the public access block to True.",
    never_waived=OPEN_TO_OTHERS,
)
def bucket_public(props: Properties) -> Iterator[str]:
    """All four switches."""
    for switch in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
        if props.flag_or_none(switch) is not True:
            yield f"leaves {switch} off"


@stack_rule(
    "encryption-bucket-tls",
    s3.BUCKET_POLICY,
    s3.BUCKET,
    severity="high",
    says="A bucket answers over TLS only, and its policy allows no `*` principal (Security Hub S3.5).",
    remedy="Deny s3:* where aws:SecureTransport is false, and name principals in every allow.",
)
def bucket_tls(graph: Graph, resource: Resource) -> Iterator[str]:
    """One deny of everything without TLS, on the bucket and on all that it holds, on no further condition; no allow to
    anybody, and no other deny, which takes from somebody what the stack grants, but that of a second write.

    A policy in the bucket's own inputs is read too. In its outputs S3 gives the attached policy.
    """
    sent = Properties(resource.inputs, "", resource)
    if resource.type == s3.BUCKET and not sent.is_given("policy"):
        return
    found = statements(sent if resource.type == s3.BUCKET else resource.props, "policy")
    if not any(_denies_without_tls(statement) for statement in found):
        yield "answers without TLS"
    for statement in found:
        known = _denies_without_tls(statement) or _denies_old_tls(statement) or is_write_once(statement)
        if not allows(statement) and graph.ours and not known:
            yield f"{name_of(statement)} denies something beside what comes without TLS"
    for statement in filter(allows, found):
        if is_anybody(principals(statement)):
            yield f"{name_of(statement)} lets anybody in"
        elif not conditions(statement) and not is_given(graph, resource, statement):
            yield f"{name_of(statement)} lets a service in for any account"


def _is_on_all(resources: list[str]) -> bool:
    """Whether a statement is on a bucket and on every object of it."""
    return "*" in resources or any(one.endswith("/*") and one.removesuffix("/*") in resources for one in resources)


def _denies_without_tls(statement: Properties) -> bool:
    return _denies_everybody(statement, "Bool", "aws:SecureTransport", "false")


def _denies_old_tls(statement: Properties) -> bool:
    """A TLS before 1.2, which S3 itself answers no more, so that the statement takes nothing from anybody:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/network-isolation.html
    """
    return _denies_everybody(statement, "NumericLessThan", "s3:TlsVersion", "1.2")


def _denies_everybody(statement: Properties, operator: str, key: str, value: str) -> bool:
    """Whether a statement denies all of a bucket to everybody on this condition, and on no further one."""
    said: Any = statement.section_or_empty(f"Condition.{operator}").values.get(key)
    return (
        not allows(statement)
        and list(statement.each_text("Action")) == ["s3:*"]
        and is_everybody(statement)
        and _is_on_all(list(statement.each_text("Resource")))
        and conditions(statement) == {(operator, key)}
        and [str(one).casefold() for one in (cast("list[Any]", said) if isinstance(said, list) else [said])] == [value]
    )


@stack_rule(
    "encryption-bucket-settings",
    s3.BUCKET,
    s3.VERSIONING,
    s3.OWNERSHIP,
    severity="medium",
    says="A bucket keeps old versions of its objects and has no ACLs.",
    remedy="Set versioning to Enabled and object ownership to BucketOwnerEnforced.",
)
def bucket_settings(graph: Graph, resource: Resource) -> Iterator[str]:
    """Ownership, versions, and no ACL or grant in a bucket's inputs. In its outputs S3 gives the owner's own grant."""
    if resource.type == s3.BUCKET:
        sent = Properties(resource.inputs, "", resource)
        yield from (f"is given access by {key}" for key in ("acl", "grants") if sent.is_given(key))
    elif resource.type == s3.OWNERSHIP:
        if resource.props.text_or_empty("rule.objectOwnership") != "BucketOwnerEnforced":
            yield "still knows ACLs"
    elif resource.props.text_or_empty("versioningConfiguration.status") != "Enabled":
        yield "keeps no versions"


RULES = [batch, key, key_callers, bucket_whole, bucket_public, bucket_tls, bucket_settings]
