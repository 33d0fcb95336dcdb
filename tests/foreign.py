"""Small programs of other people, as graphs: what twenty public ones have in common, in our own words.

Distilled from reading `pulumi/examples` (Apache-2.0, https://github.com/pulumi/examples) and a dozen other public
programs that make SageMaker, Vertex AI and Azure ML resources. No line of theirs is here.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from catalogue.graph import Graph, Resource

STACK, PROJECT = "dev", "shop"
_SUBSCRIPTION = "/subscriptions/11111111-2222-3333-4444-555555555555"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/shop"
_PROVIDERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "aws": ("aws", {"region": "us-east-1"}),
    "gcp": ("gcp", {"project": "shop-ml", "region": "us-central1"}),
    "azure": ("azure-native", {"location": "eastus"}),
}


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:{STACK}::{PROJECT}::{type_}::{name}"


def resource(
    type_: str,
    name: str,
    inputs: dict[str, Any],
    answers: dict[str, Any] | None = None,
    made_of: Mapping[str, Resource] | None = None,
    protect: bool = False,
) -> Resource:
    """A resource that the cloud has answered. `made_of` says from which other each property comes."""
    others = {key: (one.urn,) for key, one in (made_of or {}).items()}
    return Resource(
        urn=urn(type_, name),
        type=type_,
        name=name,
        custom=True,
        protect=protect,
        dependencies=tuple(sorted({one for urns in others.values() for one in urns})),
        property_dependencies=others,
        inputs=inputs,
        outputs={**inputs, "id": name, **(answers or {})},
    )


def program(platform: str, *resources: Resource) -> Graph:
    """These resources as a stack of another project, made by a default provider."""
    package, says = _PROVIDERS[platform]
    type_ = f"pulumi:providers:{package}"
    provider = Resource(urn(type_, "default"), type_, "default", True, inputs=says, outputs={**says, "id": "1"})
    own = [replace(one, provider=f"{provider.urn}::1") for one in resources]
    ordered = sorted([provider, *own], key=lambda one: one.urn)
    return Graph(STACK, platform, tuple(ordered), {}, ours=False)


def served_on_aws() -> Graph:
    """A model behind an asynchronous endpoint, in no network; its buckets have an older version's types."""
    account = "123456789012"
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    bucket = resource(
        "aws:s3/bucket:Bucket",
        "payloads",
        {"bucket": "shop-payloads"},
        {"arn": "arn:aws:s3:::shop-payloads", "id": "shop-payloads"},
    )
    of_bucket = {"bucket": bucket}
    open_ = resource("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "closed", _CLOSED, made_of=of_bucket)
    expiry = resource(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "expiry",
        {"bucket": "shop-payloads", "rules": [{"id": "a", "status": "Enabled", "expiration": {"days": 7}}]},
        made_of=of_bucket,
    )
    role = resource(
        "aws:iam/role:Role",
        "runs",
        {"assumeRolePolicy": json.dumps({"Version": "2012-10-17", "Statement": [trust]}), "name": "runs"},
        {"arn": f"arn:aws:iam::{account}:role/runs"},
    )
    full = resource(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "everything",
        {"role": "runs", "policyArn": "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"},
        made_of={"role": role},
    )
    model = resource(
        "aws:sagemaker/model:Model",
        "model",
        {
            "executionRoleArn": role.outputs["arn"],
            "name": "model",
            "primaryContainer": {"image": f"{account}.dkr.ecr.us-east-1.amazonaws.com/shop:1"},
        },
        {"arn": f"arn:aws:sagemaker:us-east-1:{account}:model/model"},
        {"executionRoleArn": role},
    )
    variant = {"variantName": "one", "modelName": "model", "initialInstanceCount": 1, "instanceType": "ml.g5.xlarge"}
    config = resource(
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        "config",
        {
            "name": "config",
            "productionVariants": [variant],
            "asyncInferenceConfig": {"outputConfig": {"s3OutputPath": "s3://shop-payloads/"}},
        },
        {"arn": f"arn:aws:sagemaker:us-east-1:{account}:endpoint-config/config"},
        {"productionVariants": model, "asyncInferenceConfig": bucket},
    )
    endpoint = resource(
        "aws:sagemaker/endpoint:Endpoint",
        "endpoint",
        {"name": "endpoint", "endpointConfigName": "config"},
        {"arn": f"arn:aws:sagemaker:us-east-1:{account}:endpoint/endpoint"},
        {"endpointConfigName": config},
    )
    api = resource(
        "aws:apigateway/integration:Integration",
        "api",
        {"uri": "arn:aws:apigateway:us-east-1:runtime.sagemaker:path/endpoints/endpoint/invocations"},
        made_of={"uri": endpoint},
    )
    return program("aws", bucket, open_, expiry, role, full, model, config, endpoint, api)


_CLOSED = {
    "bucket": "shop-payloads",
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
}


def networked_on_aws() -> Graph:
    """A warehouse that no rule knows, with the way to its data, and an open group."""
    vpc = resource("aws:ec2/vpc:Vpc", "net", {"cidrBlock": "10.0.0.0/16"}, {"id": "vpc-0123456789abcdef0"})
    way = resource(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "way",
        {"vpcId": "vpc-0123456789abcdef0", "serviceName": "com.amazonaws.us-east-1.s3"},
        made_of={"vpcId": vpc},
    )
    anywhere = [{"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": ["0.0.0.0/0"]}]
    group = resource(
        "aws:ec2/securityGroup:SecurityGroup",
        "web",
        {"ingress": anywhere, "egress": anywhere, "vpcId": "vpc-0123456789abcdef0"},
        made_of={"vpcId": vpc},
    )
    warehouse = resource(
        "aws:redshift/cluster:Cluster", "warehouse", {"clusterIdentifier": "w", "nodeType": "ra3.large"}
    )
    flow = {
        "StartAt": "Go",
        "States": {"Go": {"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob", "End": True}},
    }
    machine = resource("aws:sfn/stateMachine:StateMachine", "flow", {"definition": json.dumps(flow)})
    return program("aws", vpc, way, group, warehouse, machine)


def hub_on_azure() -> Graph:
    """A hub of machine learning with a project in it, on an account under Microsoft's keys."""

    def at(kind: str, name: str) -> dict[str, Any]:
        return {"id": f"{_GROUP}/providers/{kind}/{name}", "name": name}

    group = resource(
        "azure-native:resources:ResourceGroup", "shop", {"location": "eastus"}, {"id": _GROUP, "name": "shop"}
    )
    beside = {"resourceGroupName": group}
    named = {"resourceGroupName": "shop", "location": "eastus"}
    account = resource(
        "azure-native:storage:StorageAccount",
        "data",
        {**named, "accountName": "shopdata", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
        at("Microsoft.Storage/storageAccounts", "shopdata"),
        beside,
    )
    hub = resource(
        "azure-native:machinelearningservices:Workspace",
        "hub",
        {**named, "workspaceName": "hub", "kind": "Hub", "storageAccount": account.outputs["id"], "identity": _SYSTEM},
        at("Microsoft.MachineLearningServices/workspaces", "hub"),
        {**beside, "storageAccount": account},
    )
    project = resource(
        "azure-native:machinelearningservices:Workspace",
        "project",
        {
            **named,
            "workspaceName": "project",
            "kind": "Project",
            "hubResourceId": hub.outputs["id"],
            "identity": _SYSTEM,
        },
        at("Microsoft.MachineLearningServices/workspaces", "project"),
        {**beside, "hubResourceId": hub},
    )
    return program("azure", group, account, hub, project)


_SYSTEM = {"type": "SystemAssigned"}


def open_on_azure() -> Graph:
    """A workspace on the internet whose endpoint gives its traffic itself, to a model that was registered beside it; a
    group of people has a role on it.
    """
    ml = "Microsoft.MachineLearningServices/workspaces"

    def made(type_: str, name: str, at: str, inputs: dict[str, Any], made_of: dict[str, Resource]) -> Resource:
        said = {"resourceGroupName": "shop", "location": "eastus", **inputs}
        return resource(f"azure-native:{type_}", name, said, {"id": f"{_GROUP}/providers/{at}", "name": name}, made_of)

    group = resource(
        "azure-native:resources:ResourceGroup", "shop", {"location": "eastus"}, {"id": _GROUP, "name": "shop"}
    )
    open_, of_group = {"publicNetworkAccess": "Enabled"}, {"resourceGroupName": group}
    account = made(
        "storage:StorageAccount",
        "data",
        "Microsoft.Storage/storageAccounts/shopdata",
        {**open_, "accountName": "shopdata"},
        of_group,
    )
    images = made(
        "containerregistry:Registry",
        "images",
        "Microsoft.ContainerRegistry/registries/shopimages",
        {**open_, "registryName": "shopimages"},
        of_group,
    )
    workspace = made(
        "machinelearningservices:Workspace",
        "ws",
        f"{ml}/ws",
        {
            **open_,
            "workspaceName": "ws",
            "identity": _SYSTEM,
            "storageAccount": account.outputs["id"],
            "containerRegistry": images.outputs["id"],
        },
        {**of_group, "storageAccount": account, "containerRegistry": images},
    )
    in_it = {**of_group, "workspaceName": workspace}
    endpoint = made(
        "machinelearningservices:OnlineEndpoint",
        "ep",
        f"{ml}/ws/onlineEndpoints/ep",
        {
            "workspaceName": "ws",
            "endpointName": "ep",
            "identity": _SYSTEM,
            "properties": {**open_, "authMode": "AADToken", "traffic": {"blue": 100}},
        },
        in_it,
    )
    deployment = made(
        "machinelearningservices:OnlineDeployment",
        "blue",
        f"{ml}/ws/onlineEndpoints/ep/deployments/blue",
        {
            "workspaceName": "ws",
            "endpointName": "ep",
            "deploymentName": "blue",
            "properties": {"endpointComputeType": "Managed", "model": f"{workspace.outputs['id']}/models/m/versions/1"},
        },
        {**in_it, "endpointName": endpoint},
    )
    roles = f"{_SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
    people = resource(
        "azure-native:authorization:RoleAssignment",
        "people",
        {
            "scope": workspace.outputs["id"],
            "principalId": "99aa88bb-0000-1111-2222-333344445555",
            "principalType": "Group",
            "roleDefinitionId": f"{roles}/f6c7c914-8db3-469d-8ca1-694a8f32e121",  # AzureML Data Scientist
        },
        made_of={"scope": workspace},
    )
    return program("azure", group, account, images, workspace, endpoint, deployment, people)


def peered_on_gcp() -> Graph:
    """An endpoint in a peered network, a bucket without versions, and a function that everybody may call."""
    endpoint = resource(
        "gcp:vertex/aiEndpoint:AiEndpoint",
        "endpoint",
        {
            "name": "1234",
            "displayName": "scorer",
            "location": "us-central1",
            "network": "projects/123456789012/global/networks/default",
        },
    )
    bucket = resource(
        "gcp:storage/bucket:Bucket", "data", {"location": "US", "name": "shop-data"}, {"url": "gs://shop-data"}
    )
    everybody = resource(
        "gcp:cloudfunctions/functionIamMember:FunctionIamMember",
        "invoker",
        {"cloudFunction": "f", "role": "roles/cloudfunctions.invoker", "member": "allUsers"},
    )
    return program("gcp", endpoint, bucket, everybody)


PROGRAMS = (served_on_aws, networked_on_aws, hub_on_azure, peered_on_gcp)
