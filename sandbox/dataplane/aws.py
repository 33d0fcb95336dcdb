"""A call of SageMaker's runtime: InvokeEndpoint.

SageMaker's runtime is a public API, so from the internet the identity's policies alone bound a call. Inside a network
without a route out, its name must lead to an interface endpoint. Denials, boundaries and conditions but those of the
network are not read, and the caller acts as whichever role of the account may call.

The sentences are botocore's (`exceptions.py`, its `fmt`) and those of
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html and
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html (ModelError)
"""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from catalogue.errors import BadInput
from catalogue.kinds.aws.ec2 import VPC, VPC_ENDPOINT
from catalogue.kinds.aws.iam import ROLE, ROLE_POLICY
from catalogue.kinds.aws.sagemaker import CONFIGURATION
from examples.pack import MODEL
from examples.serving import sagemaker
from examples.serving.server import Server
from sandbox.dataplane import NoPrediction
from sandbox.state import State
from sandbox.state.records import Record

PATH = "/invocations"
_ACTION = "sagemaker:InvokeEndpoint"
_NETWORKS = {"aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"}
"""The keys of a condition that no call from the internet meets. "AWS global condition context keys", IAM user guide."""


def reach(state: State, endpoint: Record, outside: bool) -> None:
    """Raises NoPrediction without a private way to the runtime's API, or without a grant of InvokeEndpoint."""
    configuration = state.resources.get(CONFIGURATION, str(endpoint.inputs.get("endpointConfigName", "")))
    if configuration is not None and "asyncInferenceConfig" in configuration.inputs:
        raise BadInput(f"{endpoint.name} answers through a queue; call an endpoint of kind 'online'")
    if not outside and not _resolves(state, endpoint):
        raise NoPrediction(
            f'Connect timeout on endpoint URL: "https://runtime.sagemaker.{endpoint.region}.amazonaws.com/endpoints/'
            f'{endpoint.outputs["name"]}/invocations"'
        )
    if not any(_grants(statement, endpoint, outside) for statement in _statements(state, endpoint.account)):
        raise NoPrediction(
            f"An error occurred (AccessDeniedException) when calling the InvokeEndpoint operation: User: "
            f"arn:aws:sts::{endpoint.account}:assumed-role/caller/caller is not authorized to perform: {_ACTION} on "
            f"resource: {endpoint.outputs['arn']} because no identity-based policy allows the {_ACTION} action"
        )


def container() -> Server:
    """The example's container of SageMaker."""
    return sagemaker.serve(MODEL, ("127.0.0.1", 0))


def failed(status: int, body: str) -> str:
    """SageMaker hands the container's refusal on."""
    return (
        f"An error occurred (ModelError) when calling the InvokeEndpoint operation: Received client error ({status}) "
        f'from primary with message "{body}".'
    )


def _resolves(state: State, endpoint: Record) -> bool:
    """Whether the runtime's name leads to an interface endpoint. Those of a network that is given are not known."""
    here = {"account": endpoint.account, "region": endpoint.region}
    name = f"com.amazonaws.{endpoint.region}.sagemaker.runtime"
    ways = [way.inputs for way in state.resources.find(type=VPC_ENDPOINT, **here)]
    private = any(way.get("serviceName") == name and way.get("privateDnsEnabled") is True for way in ways)
    return private or any(not vpc.inputs for vpc in state.resources.find(type=VPC, **here))


def _statements(state: State, account: str) -> Iterator[Any]:
    """The statements of each role's own policies."""
    policies = [one.inputs.get("policy") for one in state.resources.find(type=ROLE_POLICY, account=account)]
    for role in state.resources.find(type=ROLE, account=account):
        policies += [inline.get("policy") for inline in role.inputs.get("inlinePolicies") or ()]
    for policy in policies:
        yield from _each(json.loads(policy)["Statement"]) if policy else ()


def _grants(statement: Any, endpoint: Record, outside: bool) -> bool:
    named = {key.lower() for keys in statement.get("Condition", {}).values() for key in keys}
    return (
        statement["Effect"] == "Allow"
        and any(fnmatchcase(_ACTION.lower(), action.lower()) for action in _each(statement.get("Action", [])))
        and any(fnmatchcase(endpoint.outputs["arn"], wanted) for wanted in _each(statement.get("Resource", [])))
        and not (outside and named & _NETWORKS)
    )


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]  # JSON
