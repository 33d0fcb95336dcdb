"""The manual steps on Amazon SageMaker, in the words of the AWS CLI: https://docs.aws.amazon.com/cli/latest/reference/

`iam attach-role-policy`, `service-quotas request-service-quota-increase`, `ecr get-login-password`, `s3 cp`,
`sns list-subscriptions`, `ce update-cost-allocation-tags-status`, `ec2 accept-vpc-peering-connection` and
`sagemaker-runtime invoke-endpoint` stand there.
"""

from collections.abc import Iterator
from shlex import quote

from catalogue.graph import Graph
from catalogue.kinds.aws.appautoscaling import TARGET
from catalogue.kinds.aws.budgets import BUDGET
from catalogue.kinds.aws.ec2 import PEERING
from catalogue.kinds.aws.jobs import STATE_MACHINE
from catalogue.kinds.aws.s3 import BUCKET
from catalogue.kinds.aws.sagemaker import DOMAIN, ENDPOINT, is_async
from catalogue.kinds.aws.sns import SUBSCRIPTION, TOPIC
from catalogue.landing_zones import AwsZone
from catalogue.registries import is_own
from operations.steps import called_from, outputs, query
from operations.verdict import Look, ManualStep
from policies import given

STORES = ""
"""The stack keeps images and artifacts behind identities, and closes neither to the internet."""


ADMINISTRATOR = "administrator of the account"


def role(name: str, account: str) -> tuple[str, str]:
    """An AWS managed policy, on the role that whoever deploys takes. IAM Identity Center attaches it to the set."""
    named = query("AttachedPolicies[].PolicyName")
    return (
        f"aws iam attach-role-policy --role-name DEPLOYER --policy-arn arn:aws:iam::aws:policy/{name}",
        f"aws iam list-attached-role-policies --role-name DEPLOYER --query {named}",
    )


def quota(name: str, amount: int, account: str, region: str) -> tuple[str, str]:
    """Service Quotas knows a quota by its code; those that were never raised are among the defaults only."""
    at = f"--service-code sagemaker --region {region}"
    named = query(f"Quotas[?QuotaName=='{name}'].QuotaCode")
    code = f'"$(aws service-quotas list-aws-default-service-quotas {at} --query {named} --output text)"'
    return (
        f"aws service-quotas request-service-quota-increase {at} --desired-value {amount} --quota-code {code}",
        f"aws service-quotas get-service-quota {at} --quota-code {code} --query Quota.Value",
    )


def before_up(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """AWS's services need not be switched on. Whoever keeps what a landing zone gives must let the stack use it."""
    zone = given.zone(graph)
    if not isinstance(zone, AwsZone):
        return
    if zone.keys is not None:
        policies = [f"aws kms get-key-policy --policy-name default --key-id {key}" for key in vars(zone.keys).values()]
        yield ManualStep(
            what=f"let the account's roles use {zone.keys.data} through its services in the key's policy, and log "
            f"groups, trail, log delivery and alerts use {zone.keys.logs}",
            who=zone.owner,
            checks=[f"{policy} --region {region}" for policy in policies],
        )
    if zone.logs is not None:
        writers = "log delivery" if zone.trail else "the stack's trail, below trail/, and log delivery"
        bucket = zone.logs.rpartition(":")[2]
        yield ManualStep(
            what=f"let {writers} write to {zone.logs} in the bucket's policy",
            who=zone.owner,
            checks=[f"aws s3api get-bucket-policy --bucket {bucket}"],
        )
    if zone.trail is not None:
        yield ManualStep(
            what=f"see that {zone.trail} records management calls, object calls and predictions",
            who=zone.owner,
            checks=[f"aws cloudtrail get-event-selectors --region {region} --trail-name {zone.trail}"],
        )


def source(graph: Graph, place: str) -> Iterator[tuple[str, str]]:
    """The owner of the place lets the stack in: no grant of the stack's stands there."""
    return iter(())


def push(image: str, account: str, region: str) -> tuple[str, str] | None:
    """ECR's own password is good for twelve hours: AmazonECR user guide, "Pushing a Docker image"."""
    registry, _, named = image.partition("/")
    if not is_own("aws", image, account):
        return None
    mark, by = ("@", "imageDigest") if "@" in named else (":", "imageTag")
    repository, _, version = named.rpartition(mark)
    login = f"aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {registry}"
    shown = f"--registry-id {registry.partition('.')[0]} --repository-name {repository} --image-ids {by}={version}"
    return f"{login} && docker push {quote(image)}", f"aws ecr describe-images --region {region} {shown}"


def upload(uri: str, stack: str) -> tuple[str, str]:
    """An artifact is one archive."""
    return f"aws s3 cp model.tar.gz {quote(uri)}", f"aws s3 ls {quote(uri)}"


def ground(graph: Graph) -> Iterator[Look]:
    """The buckets, and Studio's domain."""
    for bucket in graph.of(BUCKET):
        if name := bucket.props.text_if_known("bucket"):
            yield Look(what="bucket", name=name)
    for domain in graph.of(DOMAIN):
        if name := domain.props.text_if_known("domainName"):
            yield Look(what="workspace", name=name)


def serving(graph: Graph) -> Iterator[Look]:
    """The endpoints, and the state machines that score in batch."""
    for served in graph.of(ENDPOINT):
        yield Look(what="endpoint", name=served.props.text_if_known("name") or served.name)
    for job in graph.of(STATE_MACHINE):
        yield Look(what="batch job", name=job.props.text_if_known("name") or job.name)


def standing(graph: Graph) -> Iterator[Look]:
    """How many instances serve."""
    for target in graph.of(TARGET):
        of = target.props.text_if_known("resourceId").split("/")
        most = target.props.number_or_none("maxCapacity")
        if len(of) == 4 and of[0] == "endpoint" and most is not None:
            yield Look(what="replicas", name=f"{of[1]}/{of[3]}", amount=round(most))


def after_up(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """E-mail subscriptions must be confirmed, and the payer account must activate the cost-allocation tag."""
    for subscription in graph.of(SUBSCRIPTION):
        if subscription.props.text_if_known("protocol") == "email":
            pending = "Subscriptions[?SubscriptionArn=='PendingConfirmation'].Endpoint"
            address = subscription.props.text_if_known("endpoint")
            topics = graph.refers(subscription, "topic", TOPIC)
            yield ManualStep(
                what=f"confirm the alerts e-mail to {address}, by the link in it",
                who="owner",
                checks=[f"aws sns list-subscriptions --region {region} --query {query(pending)}"],
                looks=[Look(what="e-mail", name=address, at=topics[0].name if topics else "")],
            )
    if graph.of(BUDGET):
        yield ManualStep(
            what="activate the cost-allocation tag team in the payer account, a day after it is first used",
            who="administrator of the payer account",
            commands=[
                "aws ce update-cost-allocation-tags-status --cost-allocation-tags-status TagKey=team,Status=Active"
            ],
            checks=["aws ce list-cost-allocation-tags --tag-keys team --query 'CostAllocationTags[].Status'"],
            looks=[Look(what="tag", name="team")],
        )
    online = [served for served in graph.of(ENDPOINT) if not is_async(graph, served)]
    for served in (online or graph.of(ENDPOINT))[:1]:
        name = served.props.text_if_known("name")
        at = f"--endpoint-name {quote(name)} --region {region}"
        if online:
            call = f"invoke-endpoint {at} --content-type application/json --body fileb://request.json prediction.json"
        else:
            put = f"s3://{graph.outputs.get('artifacts') or 'BUCKET'}/async/input/request.json"
            call = f"invoke-endpoint-async {at} --content-type application/json --input-location {put}"
        yield ManualStep(
            what=f"call {name} {called_from(graph, 'Studio', _WAYS)}",
            who="caller",
            commands=[*_accepted(graph, region), *outputs(graph), f"aws sagemaker-runtime {call}"],
            checks=[f"aws sagemaker describe-endpoint {at} --query EndpointStatus"],
            looks=[Look(what="call", name=name)],
        )


_WAYS = {
    True: "from {network} ({cidr}), once that side accepts the peering and routes back",
    False: "from {network}, by an interface endpoint of its own in account {account}",
}


def _accepted(graph: Graph, region: str) -> Iterator[str]:
    """What the owners of peered networks do: VPC peering guide, "Accept or reject a VPC peering connection"."""
    for peering in graph.of(PEERING):
        theirs = peering.props.text_if_known("peerVpcId")
        asked = f"Name=accepter-vpc-info.vpc-id,Values={theirs} Name=status-code,Values=pending-acceptance"
        found = query("VpcPeeringConnections[0].VpcPeeringConnectionId")
        shown = f"aws ec2 describe-vpc-peering-connections --region {region} --filters {asked} --query {found}"
        accepted = f"aws ec2 accept-vpc-peering-connection --region {region} --vpc-peering-connection-id"
        yield f'{accepted} "$({shown} --output text)"'
