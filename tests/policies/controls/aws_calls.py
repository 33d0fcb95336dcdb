"""The calls that bring a graph about on AWS, or that it lets others make, with the condition keys that each brings.

The keys are those of the Service Authorization Reference; `test_aws.py` holds that each action brings them.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from catalogue.graph import Graph, Resource
from catalogue.iam import Call, Statement, read
from catalogue.kinds.aws import sfn
from catalogue.properties import Properties

STRANGER = "999999999999"
Brings = dict[str, Any]
Asked = Iterator[tuple[str, str, Brings]]


def calls(graph: Graph) -> Iterator[tuple[str, Call]]:
    """Each call, with the name of the resource that it is about."""
    (region,) = {one.props.text_or_empty("region") for one in graph.of("pulumi:providers:aws")}
    account = graph.placement.account if graph.placement else ""
    for resource in graph.resources:
        mine = {"aws:RequestedRegion": region, "aws:PrincipalAccount": account, "aws:SecureTransport": "true"}
        mine |= {"aws:PrincipalIsAWSService": "false"}
        for action, on, brings in _asked(graph, resource):
            yield resource.name, Call(action, on, {k: v for k, v in (mine | brings).items() if v is not None})


def _asked(graph: Graph, resource: Resource) -> Asked:
    ask = _ASK.get(resource.type)
    for action, on, brings in ask(graph, resource) if ask else ():
        tags = resource.props.section_or_empty("tags")
        yield action, on, {f"aws:RequestTag/{key}": tags.text_or_empty(key) for key in tags.names()} | brings


def _text(key: str, value: str) -> Brings:
    return {key: value} if value else {}


def _texts(key: str, props: Properties, path: str) -> Brings:
    return {key: found} if (found := list(props.each_text(path))) else {}


def _network(props: Properties, subnets: str = "subnets", groups: str = "securityGroupIds") -> Brings:
    return _texts("sagemaker:VpcSubnets", props, subnets) | _texts("sagemaker:VpcSecurityGroupIds", props, groups)


def _model(graph: Graph, model: Resource) -> Asked:
    isolated = _text("sagemaker:NetworkIsolation", str(model.inputs.get("enableNetworkIsolation", "")).lower())
    yield "sagemaker:CreateModel", "*", _network(model.props.section_or_empty("vpcConfig")) | isolated


def _endpoint_configuration(graph: Graph, config: Resource) -> Asked:
    variants = list(config.props.each_section("productionVariants"))
    types = [type_ for each in variants if (type_ := each.text_or_empty("instanceType"))]
    most = [str(each.values["serverlessConfig"]["maxConcurrency"]) for each in variants if "serverlessConfig" in each]
    brings = _text("sagemaker:VolumeKmsKey", config.props.text_or_empty("kmsKeyArn"))
    brings |= {"sagemaker:InstanceTypes": types} if types else {}
    yield "sagemaker:CreateEndpointConfig", "*", brings | _text("sagemaker:ServerlessMaxConcurrency", "".join(most[:1]))


def _domain(graph: Graph, domain: Resource) -> Asked:
    brings = _text("sagemaker:AppNetworkAccessType", domain.props.text_or_empty("appNetworkAccessType"))
    brings |= _text("sagemaker:VolumeKmsKey", domain.props.text_or_empty("kmsKeyId"))
    yield "sagemaker:CreateDomain", "*", brings | _network(domain.props, "subnetIds", "") | _in_studio(domain)


def _profile(graph: Graph, profile: Resource) -> Asked:
    yield "sagemaker:CreateUserProfile", "*", _in_studio(profile)


def _in_studio(resource: Resource) -> Brings:
    types = [
        spec.text_or_empty("instanceType")
        for settings in ("defaultUserSettings", "userSettings", "defaultSpaceSettings")
        for app in resource.props.section_or_empty(settings).sections_inside()
        if (spec := app.section_or_empty("defaultResourceSpec")).text_or_empty("instanceType")
    ]
    return {"sagemaker:InstanceTypes": types} if types else {}


def _jobs(graph: Graph, starter: Resource) -> Asked:
    """As the role of a state machine or a pipeline makes them, at night. What a path fills in brings nothing."""
    yield "sagemaker:CreatePipeline" if starter.type == sfn.PIPELINE else "states:CreateStateMachine", "*", {}
    for job in sfn.jobs_of(graph, starter):
        clusters = [cluster for cluster, _ in job.clusters()]
        brings: Brings = {"sagemaker:InstanceTypes": [each.text_or_empty("InstanceType") for each in clusters]}
        for cluster in clusters:
            brings |= _text("sagemaker:VolumeKmsKey", cluster.text_or_empty("VolumeKmsKeyId"))
        for output in job.outputs():
            brings |= _text("sagemaker:OutputKmsKey", output.text_or_empty("KmsKeyId"))
        network = next(iter(job.trainings()), job.request.section_or_empty("NetworkConfig"))
        brings |= _network(network.section_or_empty("VpcConfig"), "Subnets", "SecurityGroupIds")
        for at in ("NetworkIsolation", "InterContainerTrafficEncryption"):
            brings |= _text(f"sagemaker:{at}", network.text_or_empty(f"Enable{at}"))
        given = {each.text_or_empty("Key"): each.text_or_empty("Value") for each in job.request.each_section("Tags")}
        tags = {f"aws:RequestTag/{key}": given.get(key) for key in starter.props.section_or_empty("tags").names()}
        name = sfn.formatted(str(job.request.values.get("TrainingJobName.$")))[0]
        name = name or f"{job.request.text_or_empty('TrainingJobName')}-"
        on = f"arn:aws:sagemaker:us-east-1:111122223333:training-job/{name}x" if name != "-" else "*"
        yield f"sagemaker:{job.action[0].upper()}{job.action[1:]}", on, tags | brings


def _notebook(graph: Graph, notebook: Resource) -> Asked:
    brings = _text("sagemaker:RootAccess", notebook.props.text_or_empty("rootAccess"))
    brings |= _text("sagemaker:DirectInternetAccess", notebook.props.text_or_empty("directInternetAccess"))
    brings |= {"sagemaker:InstanceTypes": [notebook.props.text_or_empty("instanceType")]}
    yield "sagemaker:CreateNotebookInstance", "*", brings


def _role(graph: Graph, role: Resource) -> Asked:
    boundary = _text("iam:PermissionsBoundary", role.props.text_or_empty("permissionsBoundary"))
    yield "iam:CreateRole", "*", boundary
    for policy in role.props.each_text("managedPolicyArns"):
        yield "iam:AttachRolePolicy", "*", boundary | {"iam:PolicyARN": policy}
    for statement in read(role.props, "assumeRolePolicy"):
        if statement.speaks_of("sts:AssumeRole"):
            yield from _let_in("sts:AssumeRole", role.props.text_or_empty("arn") or "*", statement)


def _key(graph: Graph, key: Resource) -> Asked:
    days = str(key.inputs.get("deletionWindowInDays", ""))
    yield "kms:CreateKey", "*", {}
    yield "kms:ScheduleKeyDeletion", "*", _text("kms:ScheduleKeyDeletionPendingWindowInDays", days)
    if key.inputs.get("enableKeyRotation") is False:
        yield "kms:DisableKeyRotation", "*", {}
    for statement in read(key.props, "policy"):
        if statement.speaks_of("kms:Decrypt"):
            yield from _let_in("kms:Decrypt", "*", statement)


def _bucket_policy(graph: Graph, policy: Resource) -> Asked:
    bucket = f"arn:aws:s3:::{policy.props.text_or_empty('bucket')}/object"
    said = read(policy.props, "policy")
    for statement in said:
        if statement.speaks_of("s3:GetObject"):
            yield from _let_in("s3:GetObject", bucket, statement)
    clear = Call("s3:GetObject", bucket, {"aws:SecureTransport": "false"})
    if not any(not each.allows and each.applies(clear) for each in said):
        yield "s3:GetObject", bucket, {"aws:SecureTransport": "false"}


def _let_in(action: str, on: str, statement: Statement) -> Asked:
    """The calls of whoever a statement of a resource's policy allows: by each account, and by each service."""
    if not statement.allows:
        return
    whose = [*statement.principals.get("AWS", ()), *(("*",) if "*" in statement.principals else ())]
    for principal in whose:
        account = (principal.split(":")[4:5] or [principal])[0] if principal != "*" else None
        yield action, on, {"aws:PrincipalAccount": account}
    for _ in statement.principals.get("Service", ()):
        # A service acts for the account that a condition names: as a source, or in the ARN of what it acts on.
        said = [value for one in statement.conditions for value in one.values]
        accounts = {part for value in said if value.startswith("arn:") for part in value.split(":")[4:5]}
        accounts |= {value for one in statement.conditions if one.key == "aws:SourceAccount" for value in one.values}
        for account in (accounts - {""}) or {STRANGER}:
            yield action, on, {"aws:PrincipalIsAWSService": "true", "aws:SourceAccount": account}


def _vpc_endpoint(graph: Graph, endpoint: Resource) -> Asked:
    name = endpoint.props.text_or_empty("serviceName")
    owner = STRANGER if ".vpce-svc-" in name else "amazon"
    yield "ec2:CreateVpcEndpoint", "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1", {}
    on = "arn:aws:ec2:us-east-1:111122223333:vpc-endpoint/*"
    yield "ec2:CreateVpcEndpoint", on, {"ec2:VpceServiceOwner": owner}


def _peering(graph: Graph, peering: Resource) -> Asked:
    to = f"arn:aws:ec2:us-east-1:111122223333:vpc/{peering.props.text_or_empty('peerVpcId')}"
    yield "ec2:CreateVpcPeeringConnection", "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1", {}
    on = "arn:aws:ec2:us-east-1:111122223333:vpc-peering-connection/*"
    yield "ec2:CreateVpcPeeringConnection", on, {"ec2:AccepterVpc": to}


def _trail(graph: Graph, trail: Resource) -> Asked:
    yield "cloudtrail:CreateTrail", "*", {}
    yield f"cloudtrail:{'Stop' if trail.inputs.get('enableLogging') is False else 'Start'}Logging", "*", {}


def _only(*actions: str) -> Callable[[Graph, Resource], Asked]:
    return lambda graph, resource: ((action, "*", {}) for action in actions)


_ASK: Mapping[str, Callable[[Graph, Resource], Asked]] = {
    "aws:cloudtrail/trail:Trail": _trail,
    "aws:ec2/eip:Eip": _only("ec2:AllocateAddress"),
    "aws:ec2/internetGateway:InternetGateway": _only("ec2:CreateInternetGateway", "ec2:AttachInternetGateway"),
    "aws:ec2/natGateway:NatGateway": _only("ec2:CreateNatGateway"),
    "aws:ec2/vpc:Vpc": _only("ec2:CreateVpc"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _vpc_endpoint,
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": _peering,
    "aws:ecr/repository:Repository": _only("ecr:CreateRepository"),
    "aws:iam/accessKey:AccessKey": _only("iam:CreateAccessKey"),
    "aws:iam/policy:Policy": _only("iam:CreatePolicy"),
    "aws:iam/role:Role": _role,
    "aws:iam/user:User": _only("iam:CreateUser"),
    "aws:kms/key:Key": _key,
    "aws:s3/bucket:Bucket": _only("s3:CreateBucket"),
    "aws:s3/bucketPolicy:BucketPolicy": _bucket_policy,
    "aws:sagemaker/domain:Domain": _domain,
    "aws:sagemaker/endpoint:Endpoint": _only("sagemaker:CreateEndpoint"),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": _endpoint_configuration,
    "aws:sagemaker/model:Model": _model,
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": _only("sagemaker:CreateModelPackageGroup"),
    "aws:sagemaker/notebookInstance:NotebookInstance": _notebook,
    "aws:sagemaker/pipeline:Pipeline": _jobs,
    "aws:sagemaker/userProfile:UserProfile": _profile,
    "aws:sfn/stateMachine:StateMachine": _jobs,
    "aws:sns/topic:Topic": _only("sns:CreateTopic"),
}
