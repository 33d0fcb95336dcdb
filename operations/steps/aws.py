"""The manual steps on Amazon SageMaker, in the words of the AWS CLI: https://docs.aws.amazon.com/cli/latest/reference/

`ec2 describe-vpc-endpoint-services`, `account enable-region`, `account get-region-opt-status`,
`iam attach-role-policy`,
`service-quotas request-service-quota-increase`, `ecr get-login-password`, `s3 cp`,
`sagemaker update-model-package`, `sagemaker create-presigned-domain-url`,
`cloudtrail lookup-events`, `sns list-subscriptions`, `ce update-cost-allocation-tags-status`,
`ec2 accept-vpc-peering-connection` and `sagemaker-runtime invoke-endpoint` stand there.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from shlex import quote

from catalogue.graph import Graph, Resource
from catalogue.hardware.catalogue import load
from catalogue.iam import allows, matches
from catalogue.kinds.aws.appautoscaling import TARGET
from catalogue.kinds.aws.budgets import BUDGET
from catalogue.kinds.aws.ec2 import PEERING, SUBNET, VPC_ENDPOINT
from catalogue.kinds.aws.iam import ROLE, ROLE_POLICY
from catalogue.kinds.aws.jobs import PIPELINE, STATE_MACHINE
from catalogue.kinds.aws.mlplatform import APPROVED_VERSION
from catalogue.kinds.aws.s3 import BUCKET
from catalogue.kinds.aws.sagemaker import ENDPOINT, MODEL, is_async, target_models
from catalogue.kinds.aws.sfn import DEFINED, jobs_of
from catalogue.kinds.aws.sns import SUBSCRIPTION, TOPIC
from catalogue.kinds.aws.studio import DOMAIN, USER_PROFILE
from catalogue.landing_zones import AwsNetwork, AwsZone
from catalogue.placement import Source
from catalogue.properties import Properties
from catalogue.registered import APPROVED, Registered, artifacts_of, at, package_arn
from catalogue.registries import is_own
from catalogue.wording import in_words
from operations import facts
from operations.steps import LetIn, called_from, first, named_anew, outputs, query, registering
from operations.verdict import Look, ManualStep
from policies import given

STORES = ", from wherever you stand"
"""The stack keeps images and artifacts behind identities, and closes neither to the internet."""


ADMINISTRATOR = "administrator of the account"

FEEDER = "publisher, or whoever keeps the data"
"""The publisher may write to data/ of the stack's own bucket; what lies elsewhere is of others."""


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
    """AWS's services need not be switched on, and its newer regions must. Whoever keeps what a landing zone gives must
    let the stack use it.

    Regions: https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
    """
    if region in load("aws").regions_on_request:
        at = f"--region-name {region}"
        yield ManualStep(
            what=f"enable {region}, which an account has on request only, and wait until it is ENABLED, some minutes "
            "as a rule and hours at times; in an organization the management account may do it, with --account-id",
            who=ADMINISTRATOR,
            commands=[f"aws account enable-region {at}"],
            checks=[f"aws account get-region-opt-status {at} --query RegionOptStatus --output text"],
            looks=[Look(what="region", name=region)],
        )
    zone = given.zone(graph)
    yield from _private_ways(graph, zone.network if isinstance(zone, AwsZone) else None, region)
    yield from _callers_stand(graph)
    if not isinstance(zone, AwsZone):
        return
    said = list(_kept_by_others(graph, zone, account, region))
    if said:
        yield ManualStep(
            what="; ".join(what for what, _ in said),
            who=zone.owner,
            checks=[check for _, each in said for check in each],
        )


def _private_ways(graph: Graph, there: AwsNetwork | None, region: str) -> Iterator[ManualStep]:
    """A service has its interface endpoints in zones of its own choice, and which zone a name is, is each account's.

    AWS PrivateLink guide, "Create a VPC endpoint",
    https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html;
    https://docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html
    """
    given_zones = {id_: name for name, id_ in there.subnet_ids.items()} if there else {}
    wanted: dict[str, list[str]] = {}
    for door in graph.of(VPC_ENDPOINT):
        if door.props.text_or_empty("vpcEndpointType") == "Interface":
            made = (one.props.text_if_known("availabilityZone") for one in graph.refers(door, "subnetIds", SUBNET))
            ids = door.props.each_text_if_known("subnetIds")
            zones = {*made, *(given_zones[id_] for id_ in ids if id_ in given_zones)} - {""}
            wanted[door.props.text_if_known("serviceName")] = sorted(zones)
    wanted.pop("", None)  # a name that is known later
    if wanted:
        zones = sorted({zone for each in wanted.values() for zone in each})
        asked = f"--region {region} --service-names {' '.join(sorted(wanted))}"
        shown = query("ServiceDetails[].[ServiceName,join(' ',AvailabilityZones)]")
        yield ManualStep(
            what=f"see that the account's zones {in_words(zones)} have the interface endpoint of each service; `up` is "
            "refused where one has not, and other zones are named in the stack file then",
            who="deployer",
            checks=[f"aws ec2 describe-vpc-endpoint-services {asked} --query {shown} --output text"],
            looks=[Look(what="private way", name=name, at=" ".join(each)) for name, each in sorted(wanted.items())],
        )


def _kept_by_others(graph: Graph, zone: AwsZone, account: str, region: str) -> Iterator[tuple[str, Sequence[str]]]:
    """What whoever keeps the landing zone sees to or lets the stack do, with the commands that show it."""
    if zone.network is not None:
        owner = f"--vpc-ids {zone.network.vpc_id} --region {region} --query {query('Vpcs[0].OwnerId')}"
        yield (
            f"see that {zone.network.vpc_id} is of account {account} itself: in a VPC that another account shares, "
            "nobody but its owner makes interface endpoints and routes",
            [f"aws ec2 describe-vpcs {owner} --output text"],
        )
    if zone.keys is not None:
        policies = [f"aws kms get-key-policy --policy-name default --key-id {key}" for key in vars(zone.keys).values()]
        yield (
            f"{_key_users(graph, zone.keys.data, account, region)}; and let log groups, trail, log delivery and alerts "
            f"use {zone.keys.logs}",
            [f"{policy} --region {region}" for policy in policies],
        )
    if zone.logs is not None:
        writers = "log delivery" if zone.trail else "the stack's trail, below trail/, and log delivery"
        bucket = zone.logs.rpartition(":")[2]
        yield (
            f"let {writers} write to {zone.logs} in the bucket's policy",
            [f"aws s3api get-bucket-policy --bucket {bucket}"],
        )
    if zone.trail is not None:
        yield (
            f"see that {zone.trail} records management calls, object calls and predictions",
            [f"aws cloudtrail get-event-selectors --region {region} --trail-name {zone.trail}"],
        )


def _callers_stand(graph: Graph) -> Iterator[ManualStep]:
    """IAM refuses a trust that names a role that does not stand: "AWS JSON policy elements: Principal",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    trusts = (s for role in graph.of(ROLE) for s in _statements(role, "assumeRolePolicy"))
    named = {arn for s in trusts for arn in s.each_text_if_known("Principal.AWS") if ":role/" in arn}
    if arns := sorted(named - {role.outputs.get("arn") for role in graph.of(ROLE)}):
        yield ManualStep(
            what="see that the roles stand that call the endpoints, and make those that do not: IAM lets no role trust "
            f"one before ({first(arns)})",
            who=_administrators(arn.split(":")[4] for arn in arns),
            checks=[f"aws iam get-role --role-name {quote(arn.rpartition('/')[2])}" for arn in arns],
        )


def _administrators(accounts: Iterable[str]) -> str:
    """Who has these accounts in hand: what one of them does, each does on the same day."""
    some = sorted({*accounts})
    return f"administrator of account {some[0]}" if len(some) == 1 else f"administrators of accounts {in_words(some)}"


THROUGH = ("s3", "sagemaker", "ecr", "elasticfilesystem", "ec2", "states", "scheduler")
"""The services that use the data key on a role's behalf. The key that a stack makes names the same."""


def _key_users(graph: Graph, key: str, account: str, region: str) -> str:
    """What the policy of a given data key must say: each role that uses the key, and on which conditions.

    Step Functions and EventBridge Scheduler take the role and call KMS as it, so that kms:ViaService is absent:
    https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html,
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
    """
    users = {role.urn: role for p in graph.of(ROLE_POLICY) if _uses(p, key) for role in graph.refers(p, "role", ROLE)}
    alone = {urn for urn, role in users.items() if _is_taken_by(role, "states", "scheduler")}
    named = {urn: role.props.text_if_known("name") or role.name for urn, role in users.items()}
    through = ", ".join(sorted(name for urn, name in named.items() if urn not in alone))
    said = [
        f"in the policy of {key}, let the roles {through} of account {account} use it, and make grants for AWS's "
        f"resources, where kms:ViaService is {', '.join(f'{one}.{region}.amazonaws.com' for one in THROUGH)}"
    ]
    for name in sorted(named[urn] for urn in alone):
        context = (
            f"aws:states:stateMachineArn is arn:aws:states:{region}:{account}:stateMachine:*, "
            f"aws:scheduler:schedule:arn is arn:aws:scheduler:{region}:{account}:schedule/*, or "
            f"SourceArn is arn:aws:logs:{region}:{account}:*"
        )
        said.append(
            f"let {name} decrypt and make data keys without kms:ViaService where the encryption context {context}"
        )
        said.append("let delivery.logs.amazonaws.com decrypt in that last context")
    if readers := sorted(one.publisher for one in (graph.placement.gives_to if graph.placement else ())):
        zone = given.zone(graph)
        bucket = artifacts_of(f"{zone.name_prefix if zone else ''}{graph.stack}", account)
        said.append(
            f"let {in_words(readers)} decrypt where kms:ViaService is s3.{region}.amazonaws.com and the encryption "
            f"context aws:s3:arn is arn:aws:s3:::{bucket}"
        )
    return "; ".join(said)


def _uses(policy: Resource, key: str) -> bool:
    """Whether a statement of a role's policy allows something with the key."""
    return any(
        s.text_or_empty("Effect") == "Allow"
        and key in s.each_text_if_known("Resource")
        and any(action.startswith("kms:") for action in s.each_text("Action"))
        for s in _statements(policy, "policy")
    )


def _is_taken_by(role: Resource, *services: str) -> bool:
    taking = {one for s in _statements(role, "assumeRolePolicy") for one in s.each_text_if_known("Principal.Service")}
    return any(f"{service}.amazonaws.com" in taking for service in services)


def _statements(resource: Resource, path: str) -> Iterator[Properties]:
    """The statements of a document that is known."""
    if resource.props.text_if_known(path):
        yield from resource.props.document_or_empty(path).each_section("Statement")


LETS_IN_WHO_STANDS = False
"""A policy names the account, and the roles by a condition, so that they need not stand."""
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""What pulling an image asks for: Amazon ECR, "Private repository policy examples",
https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
"""


def source(graph: Graph, source: Source, account: str, region: str) -> Iterator[LetIn]:
    """Between two accounts both must allow; in one, the roles' own policies are enough where nothing denies.

    "Policy evaluation logic", https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    A key's policy must allow in any case, and leaves it to the account's policies where it names the account:
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    if source.place.startswith("s3://"):
        bucket = source.place.removeprefix("s3://")
        for arn in _allowed(graph, f"arn:aws:s3:::{bucket}/", *_IN_BUCKETS):
            yield LetIn(
                "the account's own policies let the roles in, so see that the bucket's policy denies them nothing",
                "",
                f"aws s3api get-bucket-policy --bucket {bucket} --query Policy --output text",
                Look(what="let in", name=source.place, at=arn, rights=list(_IN_BUCKETS)),
            )
            if source.key:
                yield LetIn(
                    f"see that the policy of {source.key} lets the account's own policies decide, or names the roles",
                    "",
                    f"aws kms get-key-policy --region {region} --policy-name default --key-id {source.key}",
                    Look(what="let in", name=source.key, at=arn, rights=["kms:Decrypt"]),
                )
        return
    owner, of = source.place.split(".")[0], source.place.split(".")[3]
    for named in sorted({_repository(i) for i in facts.images(graph) if i.startswith(f"{source.place}/")}):
        roles = _allowed(graph, f"arn:aws:ecr:{of}:{owner}:repository/{named}", PULL[1])
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": list(PULL),
            "Condition": {"ArnEquals": {"aws:PrincipalArn": roles}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        at = f"--registry-id {owner} --region {of} --repository-name {named}"
        shown = f"aws ecr get-repository-policy {at} --query policyText --output text"
        for arn in roles[:1]:
            yield LetIn(
                "let them pull in the policy of each repository; where one has a policy, which the command leaves as "
                "it is, add the statement to it",
                # Setting a policy takes the place of the one that is there, so only AWS's word that there is none does.
                f"{shown} 2>&1 | tee /dev/stderr | grep --quiet RepositoryPolicyNotFoundException && "
                f"aws ecr set-repository-policy {at} --policy-text {quote(policy)}",
                shown,
                Look(what="let in", name=f"{source.place}/{named}", at=arn, rights=list(PULL)),
            )


_IN_BUCKETS = ("s3:GetObject", "s3:PutObject")


def _repository(image: str) -> str:
    """The repository of 111122223333.dkr.ecr.us-east-1.amazonaws.com/name:tag."""
    return image.partition("/")[2].partition("@")[0].partition(":")[0]


def _allowed(graph: Graph, place: str, *actions: str) -> list[str]:
    """The ARNs of the roles whose policies allow one of the actions on a place, or below it where it ends in "/"."""
    found: set[str] = set()
    for policy in graph.of(ROLE_POLICY):
        allowed = [s for s in _statements(policy, "policy") if allows(s) and {*actions} & {*s.each_text("Action")}]
        named = [one for s in allowed for one in s.each_text_if_known("Resource")]
        if any(matches(one, place, {}) or (place[-1] == "/" and one.startswith(place)) for one in named):
            found |= {str(role.outputs.get("arn") or "") for role in graph.refers(policy, "role", ROLE)}
    return sorted(found - {""})


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


def upload(uri: str, stack: str, folder: str = "") -> tuple[str, str]:
    """An artifact is one archive."""
    return f"aws s3 cp {folder}model.tar.gz {quote(uri)}", f"aws s3 ls {quote(uri)}"


def feed(uri: str, stack: str, folder: str = "data") -> tuple[str, str]:
    """A job takes every object whose key begins so."""
    into = f"--recursive {folder}/ {quote(uri)}" if uri.endswith("/") else f"data.csv {quote(uri)}"
    return f"aws s3 cp {into}", f"aws s3 ls {quote(uri)}"


def versions(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """Who registers can create only what waits for the approver, and SageMaker gives each version its number.

    "Register a Model Version" and "Update the Approval Status of a Model", SageMaker developer guide,
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-approve.html
    """
    named = dict(sorted(version for model in graph.of(MODEL) for version in _version(graph, model)))
    if not named:
        return
    arns = [package_arn(account, region, name) for name in named]
    versions = [version for _, version in named.values()]
    approve = f"aws sagemaker update-model-package --region {region} --model-approval-status {APPROVED}"
    describe = f"aws sagemaker describe-model-package --region {region} --model-package-name"
    yield registering(
        graph,
        STORES,
        versions,
        checks=[f"{describe} {arn} --query CustomerMetadataProperties" for arn in arns],
        looks=[Look(what="registered", name=name, at=digest) for name, (digest, _) in named.items()],
    )
    yield ManualStep(
        what=f"decide on the versions that are served: `pulumi up` fails until they are approved ({first([*named])})",
        who="approver",
        commands=[
            *(f"{approve} --model-package-arn {arn} --approval-description WHY" for arn in arns),
            *named_anew(graph, versions),
        ],
        checks=[f"{describe} {arn} --query ModelApprovalStatus" for arn in arns],
        looks=[Look(what="approved", name=name) for name in named],
    )


def _version(graph: Graph, model: Resource) -> Iterator[tuple[str, tuple[str, Registered]]]:
    """The version that a model waits for: GROUP/NUMBER, its digest, and what a person calls it."""
    for asked in (one.props for one in graph.depends(model) if one.type == APPROVED_VERSION):
        group, number = asked.text_or_empty("group"), round(asked.number_or_none("version") or 0)
        version = at(model.props.section_or_empty("primaryContainer").text_or_empty("modelDataUrl"))
        yield f"{group}/{number}", (asked.text_or_empty("digest"), version or Registered(group, number))


def ground(graph: Graph) -> Iterator[Look]:
    """The buckets, and Studio's domain."""
    for bucket in graph.of(BUCKET):
        if name := bucket.props.text_if_known("bucket"):
            yield Look(what="bucket", name=name)
    for domain in graph.of(DOMAIN):
        if name := domain.props.text_if_known("domainName"):
            yield Look(what="workspace", name=name)


def after_ground(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """The owners of callers' networks accept the peerings. A request that nobody accepts ends after seven days:
    VPC peering guide, "VPC peering connection lifecycle",
    https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
    """
    found = {
        one.props.text_if_known("peerVpcId"): one.props.text_if_known("peerOwnerId") or account
        for one in graph.of(PEERING)
    }
    if found:
        said = [_accepted(theirs, region) for theirs in sorted(found)]
        names = [f"{theirs} of {found[theirs]}" for theirs in sorted(found)]
        yield ManualStep(
            what="accept the peering within seven days, and route the stack's addresses to it, in each network that is "
            f"joined ({first(names)})",
            who=_administrators(found.values()),
            commands=[accepted for accepted, _ in said],
            checks=[shown for _, shown in said],
        )


PIPELINE_LOOK = "SageMaker Pipelines"
"""Where a look finds what starts the runs of a pipeline; of any other job that is Step Functions."""


def serving(graph: Graph) -> Iterator[Look]:
    """The endpoints, and the state machines and pipelines that start jobs."""
    for served in graph.of(ENDPOINT):
        yield Look(what="endpoint", name=served.props.text_if_known("name") or served.name)
    for job in graph.of(STATE_MACHINE):
        yield Look(what="batch job", name=job.props.text_if_known("name") or job.name)
    for path in graph.of(PIPELINE):
        yield Look(what="batch job", name=path.props.text_if_known("pipelineName") or path.name, at=PIPELINE_LOOK)


def standing(graph: Graph) -> Iterator[Look]:
    """How many instances serve, and whether the logs that SageMaker names are kept as those of the stack are."""
    for target in graph.of(TARGET):
        of = target.props.text_if_known("resourceId").split("/")
        most = target.props.number_or_none("maxCapacity")
        if len(of) == 4 and of[0] == "endpoint" and most is not None:
            yield Look(what="replicas", name=f"{of[1]}/{of[3]}", amount=round(most))
    jobs = {job.action for machine in graph.of(*DEFINED) for job in jobs_of(graph, machine)}
    groups = dict.fromkeys(group for action, group in _LOGS.items() if action in jobs)
    yield from (Look(what="log group", name=f"/aws/sagemaker/{group}") for group in groups)
    if graph.of(DOMAIN):
        yield Look(what="log group", name="/aws/sagemaker/studio")


_LOGS = {
    "createTrainingJob": "TrainingJobs",
    "createHyperParameterTuningJob": "TrainingJobs",
    "createProcessingJob": "ProcessingJobs",
    "createTransformJob": "TransformJobs",
}
"""The log group of each sort of job, which all stacks of an account and region share:
https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
"""


def sign_in(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """Studio opens at an address that AWS signs for five minutes. CloudTrail shows for 90 days that it was asked for:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePresignedDomainUrl.html and
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events-cli.html
    """
    for profile in graph.of(USER_PROFILE)[:1]:
        user = profile.props.text_if_known("userProfileName") or profile.name
        domains = graph.refers(profile, "domainId", DOMAIN)
        name = (domains[0].props.text_if_known("domainName") or domains[0].name) if domains else ""
        found = query(f"Domains[?DomainName=='{name}'].DomainId")
        id_ = f'"$(aws sagemaker list-domains --region {region} --query {found} --output text)"'
        asked = f"--lookup-attributes AttributeKey=EventName,AttributeValue={OPENS_STUDIO}"
        yield ManualStep(
            what=f"sign in to Studio once as {user}: take the role data-scientist with --source-identity {user}, "
            "without which IAM refuses it, and open the address that the command prints in a browser, within five "
            "minutes",
            who="data-scientist",
            commands=[
                f"aws sagemaker create-presigned-domain-url --region {region} --domain-id {id_} "
                f"--user-profile-name {quote(user)} --query AuthorizedUrl --output text"
            ],
            checks=[
                f"aws cloudtrail lookup-events --region {region} {asked} --query {query('Events[].CloudTrailEvent')}"
            ],
            looks=[Look(what="sign-in", name=user, at=name)],
        )


OPENS_STUDIO = "CreatePresignedDomainUrl"
"""The call with which a person opens Studio, as CloudTrail names it."""


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
    yield from _calls(graph, region)


def _calls(graph: Graph, region: str) -> Iterator[ManualStep]:
    """The first endpoint that answers at once is called, and each model of those that serve several.

    Where none answers at once, the first that has a queue is.
    """
    targets = {one.urn: target_models(graph, one) for one in graph.of(ENDPOINT)}
    several = [one for one in graph.of(ENDPOINT) if targets[one.urn]]
    alone = [one for one in graph.of(ENDPOINT) if one not in several]
    online = [one for one in alone if not is_async(graph, one)]
    asked = [*(online or ([] if several else alone))[:1], *several]
    if not asked:
        return
    names = {one.urn: one.props.text_if_known("name") for one in asked}
    at = {one.urn: f"--endpoint-name {quote(names[one.urn])} --region {region}" for one in asked}
    looks = [
        Look(what="call", name=names[one.urn], target=target) for one in asked for target in targets[one.urn] or [""]
    ]
    commands = list[str]()
    for one in asked:
        call = (
            f"invoke-endpoint {at[one.urn]} --content-type application/json --body fileb://request.json prediction.json"
        )
        if is_async(graph, one):
            put = f"s3://{graph.outputs.get('artifacts') or 'BUCKET'}/async/input/request.json"
            call = f"invoke-endpoint-async {at[one.urn]} --content-type application/json --input-location {put}"
        each = [f" --target-model {quote(target)}" for target in targets[one.urn]] or [""]
        commands += [f"aws sagemaker-runtime {call}{target}" for target in each]
    said = in_words([f"{'each model of ' if one in several else ''}{names[one.urn]}" for one in asked])
    yield ManualStep(
        what=f"call {said} {called_from(graph, 'Studio', _WAYS)}",
        who="caller",
        commands=[*outputs(graph), *commands],
        checks=[f"aws sagemaker describe-endpoint {at[one.urn]} --query EndpointStatus" for one in asked],
        looks=looks,
    )


_WAYS = {
    True: "from {network} ({cidr}), once that side accepts the peering and routes back",
    False: "from {network}, by an interface endpoint of its own in account {account}",
}


def _accepted(theirs: str, region: str) -> tuple[str, str]:
    """How the owner of a peered network accepts, and sees that it is done: VPC peering guide, "Accept or reject a VPC
    peering connection"."""
    describe = f"aws ec2 describe-vpc-peering-connections --region {region}"
    named = f"{describe} --filters Name=accepter-vpc-info.vpc-id,Values={theirs}"
    pending = f"{named} Name=status-code,Values=pending-acceptance"
    found = query("VpcPeeringConnections[0].VpcPeeringConnectionId")
    accept = f"aws ec2 accept-vpc-peering-connection --region {region} --vpc-peering-connection-id"
    return (
        f'{accept} "$({pending} --query {found} --output text)"',
        f"{named} --query {query('VpcPeeringConnections[].Status.Code')}",
    )
