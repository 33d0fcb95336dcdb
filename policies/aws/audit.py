"""Audit: who did what is recorded, and an image or a model version stays what it was."""

import re
from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.iam import allows, conditions, principals, statements
from catalogue.kinds.aws import cloudtrail, cloudwatch, ec2, ecr, s3, sagemaker, sfn
from catalogue.properties import Properties
from policies import given
from policies.aws.documents import is_everybody
from policies.aws.promoted import is_given, publishers
from policies.rule import Found, resource_rule, stack_rule, whole_stack_rule
from policies.stated import item_of


@whole_stack_rule(
    "audit-trail",
    severity="high",
    says="One trail records management calls, object calls and predictions, and proves that it was not altered.",
    remedy="Keep the audit component's trail and its three event selectors.",
)
def trail(graph: Graph) -> Found:
    """On, multi-region, validated, with selectors for management calls, S3 objects and SageMaker endpoints.

    A landing zone may give one, which nobody can read here: `landing-zone-unread` says so.
    """
    trails = graph.of(cloudtrail.TRAIL)
    if not trails and not given.trail(graph):
        yield None, "has no trail"
    for item in trails:
        if item.props.flag_or_none("enableLogging") is False:
            yield item, "has enableLogging off"
        for switch in ("isMultiRegionTrail", "enableLogFileValidation", "includeGlobalServiceEvents"):
            if item.props.flag_or_none(switch) is not True:
                yield item, f"has {switch} off"
        recorded = set(_selected(item.props))
        for kind in ("Management", "AWS::S3::Object", "AWS::SageMaker::Endpoint"):
            if kind not in recorded:
                yield item, f"does not record {kind} events"
        for bucket in _not_recorded(graph, item) if graph.ours else ():
            yield item, f"does not record the objects of {bucket.name}"
        if graph.ours and any(_of_every_bucket(one) for one in item.props.each_section("advancedEventSelectors")):
            yield item, "records the objects of every bucket of the account, which is billed by the call"


# The fields of a selector that name the kind of event. Any other field narrows what is recorded (CloudTrail user guide,
# "Filtering data events by using advanced event selectors": all fields of a selector must match).
_WHAT = ("eventCategory", "resources.type")
_WHERE = "resources.ARN"


def _selected(props: Properties) -> Iterator[str]:
    for selector in props.each_section("advancedEventSelectors"):
        fields = [
            (f.text_or_empty("field"), list(f.each_text("equals"))) for f in selector.each_section("fieldSelectors")
        ]
        names = [name for name, _ in fields]
        whole = len(names) == len(set(names)) and {"eventCategory"} <= set(names) <= {*_WHAT, _WHERE}
        begins = [text for f in selector.each_section("fieldSelectors") for text in f.each_text_if_known("startsWiths")]
        whole = whole and all(re.fullmatch(r"arn:aws[\w-]*:s3:::[^/]+/", text) for text in begins)
        if whole and all(equals for name, equals in fields if name in _WHAT):
            yield from (value for name, equals in fields if name in _WHAT for value in equals)


def _not_recorded(graph: Graph, item: Resource) -> Iterator[Resource]:
    """The buckets of the stack whose objects no selector is on; the trail's own has what it writes."""
    selectors = item.props.each_section("advancedEventSelectors.fieldSelectors")
    begins = [text for one in selectors for text in one.each_text_if_known("startsWiths")]
    own, named = graph.refers(item, "s3BucketName", s3.BUCKET), item.props.text_if_known("s3BucketName")
    for bucket in (one for one in graph.of(s3.BUCKET) if one not in own):
        name = bucket.props.text_if_known("bucket")
        if begins and name and name != named and f"arn:aws:s3:::{name}/" not in begins:
            yield bucket


def _of_every_bucket(selector: Properties) -> bool:
    """Whether a selector records objects wherever they are: of other stacks, too.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-costs.html
    """
    fields = list(selector.each_section("fieldSelectors"))
    objects = any("AWS::S3::Object" in each.each_text("equals") for each in fields)
    return objects and not any(
        each.text_or_empty("field") == _WHERE and each.is_given("startsWiths") for each in fields
    )


@resource_rule(
    "audit-repository-immutable",
    ecr.REPOSITORY,
    severity="high",
    says="An image stays as it was reviewed: tags are immutable and pushes are scanned.",
    remedy="Set image_tag_mutability='IMMUTABLE' and scan_on_push.",
)
def repository_immutable(props: Properties) -> Iterator[str]:
    """No exclusions are allowed, for an excluded tag can be moved."""
    if props.text_or_empty("imageTagMutability") != "IMMUTABLE":
        yield "lets a tag be moved to another image"
    if props.flag_or_none("imageScanningConfiguration.scanOnPush") is not True:
        yield "does not scan what is pushed"


_READS = {
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListModelPackages",
}
"""What another account reads a model's versions by:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-deploy-xaccount.html"""


def _is_on_versions(group: Resource, statement: Properties) -> bool:
    name = group.props.text_or_empty("modelPackageGroupName")
    named = {arn.partition(":model-package")[2] for arn in statement.each_text("Resource")}
    return {f"-group/{name}", f"/{name}/*"} <= named


@stack_rule(
    "audit-delivered",
    cloudtrail.TRAIL,
    ec2.FLOW_LOG,
    severity="high",
    says="The bucket that a trail or a flow log writes to lets the service write what it records and nothing beside, "
    "and look whose it is.",
    remedy="Keep the statements of components/aws/audit.py in the bucket's policy.",
)
def delivered(graph: Graph, resource: Resource) -> Iterator[str]:
    """Without both, nothing is delivered, and nobody is told. A bucket of the landing zone's is not read. Who may write
    anywhere in the bucket writes over the records of others; a stack of ours has one writer a folder.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html,
    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
    """
    trail = resource.type == cloudtrail.TRAIL
    service = "cloudtrail.amazonaws.com" if trail else "delivery.logs.amazonaws.com"
    for bucket in graph.refers(resource, "s3BucketName" if trail else "logDestination", s3.BUCKET):
        lets = [
            statement
            for policy in graph.referring(s3.BUCKET_POLICY, "bucket", bucket)
            for statement in filter(allows, statements(policy.props, "policy"))
            if service in principals(statement).get("Service", ())
        ]
        actions = {action for statement in lets for action in statement.each_text("Action")}
        for action in sorted({"s3:GetBucketAcl", "s3:PutObject"} - actions):
            yield f"delivers nothing: the policy of {bucket.name} does not let {service} {action}"
        if actions and graph.ours and graph.placement is not None:
            own = _folder_of_records(resource, bucket, graph.placement.account)
            writes = (statement for statement in lets if "s3:PutObject" in statement.each_text("Action"))
            for arn in sorted({arn for statement in writes for arn in statement.each_text("Resource")} - {f"{own}*"}):
                yield f"may write to {arn} by the policy of {bucket.name}, where its records lie below {own}"


def _folder_of_records(resource: Resource, bucket: Resource, account: str) -> str:
    """Where a trail or a flow log of an account writes, as an ARN: below its prefix, by the account."""
    if resource.type == cloudtrail.TRAIL:
        prefix = resource.props.text_or_empty("s3KeyPrefix")
    else:
        prefix = resource.props.text_or_empty("logDestination").partition(":::")[2].partition("/")[2]
    below = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    return f"arn:aws:s3:::{bucket.props.text_or_empty('bucket')}/{below}AWSLogs/{account}/"


@stack_rule(
    "audit-packages-own-account",
    sagemaker.PACKAGE_GROUP,
    severity="medium",
    says="Model versions are read by this account only, and by whoever the stack file gives them to.",
    remedy="Keep the registry's policy on each model package group.",
)
def packages_own_account(graph: Graph, resource: Resource) -> Iterator[str]:
    """Each model package group has a resource policy that denies every other account's principals."""
    others = [{("StringNotEquals", "aws:PrincipalAccount")}]
    if publishers(graph):  # registry-shared judges whom it lets pass
        others.append({*others[0], ("ArnNotEquals", "aws:PrincipalArn")})
    policies = graph.referring(sagemaker.PACKAGE_GROUP_POLICY, "modelPackageGroupName", resource)
    said = [s for p in policies for s in statements(p.props, "resourcePolicy") if not is_given(graph, p, s)]
    denies = [s for s in said if not allows(s) and conditions(s) in others and is_everybody(s)]
    if not any({*s.each_text("Action")} >= _READS and _is_on_versions(resource, s) for s in denies):
        yield "has no policy that keeps other accounts out of the group and its versions"
    if any(allows(s) or s not in denies for s in said):
        yield "has a policy that says more than who is kept out"


@stack_rule(
    "audit-logs-first",
    sagemaker.ENDPOINT,
    severity="medium",
    mandatory=False,
    says="An endpoint waits for its log group: one that SageMaker makes has no key and keeps all for ever.",
    remedy="Make /aws/sagemaker/Endpoints/<name> with a key and an expiry, and let the endpoint depend on it.",
)
def logs_first(graph: Graph, resource: Resource) -> Iterator[str]:
    """The group by its name, among what the endpoint waits for; its key and expiry are judged as any group's.

    https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
    """
    if sagemaker.log_group(graph, resource) is None:
        yield "logs to a group that SageMaker makes"


@whole_stack_rule(
    "audit-logs-written",
    cloudwatch.LOG_GROUP,
    severity="medium",
    says="Each log group of a stack is one that an endpoint or a state machine of its file writes to.",
    remedy="Name the group as the component does: by its endpoint, or by the state machine that logs to it.",
    advice_elsewhere=True,
)
def logs_written(graph: Graph) -> Found:
    """A group of another name takes nothing, and what was to go there lies in one that SageMaker makes, without a key
    and for ever. One whose endpoint is switched off stays, so the stack file says which endpoints there are.

    https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
    """
    if graph.placement is None or not graph.ours:
        return
    zone, path = given.zone(graph), "loggingConfiguration.logDestination"
    prefix = f"{zone.name_prefix if zone else ''}{graph.stack}"
    items = {key.split(".")[1] for key, _ in graph.placement.stated if key.startswith("endpoints.")}
    written = {f"{cloudwatch.ENDPOINT_LOGS}{prefix}-{item}" for item in items}
    for machine in graph.of(sfn.STATE_MACHINE):
        if named := machine.props.text_if_known(path).partition(":log-group:")[2].removesuffix(":*"):
            written.add(named)
        else:
            groups = graph.refers(machine, "loggingConfiguration", cloudwatch.LOG_GROUP)
            written |= {group.props.text_if_known("name") for group in groups}
    for group in graph.of(cloudwatch.LOG_GROUP):
        name = group.props.text_if_known("name")
        section, _, item = (item_of(graph, group) or "").partition(".")
        if name and name not in written:
            yield group, f"is called {name}, where nothing of the stack writes"
        elif section == "endpoints" and name != f"{cloudwatch.ENDPOINT_LOGS}{prefix}-{item}":
            yield group, f"is called {name}, which is not that of its own endpoint {item}"


RULES = [trail, delivered, repository_immutable, packages_own_account, logs_first, logs_written]
