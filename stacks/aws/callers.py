"""Callers from elsewhere on AWS: a role for each, and what each needs to call."""

from collections.abc import Mapping
from shlex import quote
from typing import Any

import pulumi

from components.aws.personas import CallerArgs, Needs
from stacks.aws.ground import Ground
from stacks.aws.models import targets
from stacks.model import StackConfig
from stacks.sections import callers, endpoints
from stacks.sections.callers import Caller
from stacks.sections.endpoints import MultiModelEndpoint


def grants(config: StackConfig) -> Needs:
    """A role for each caller. One whose network is joined comes by the endpoint of the stack's own network."""
    return Needs(
        callers=[
            CallerArgs(name=name, role_arn=one.identity, vpc_id=None if one.is_joined else one.network)
            for name, one in callers.of(config).items()
        ]
    )


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Say how each endpoint is called from where, and as which role. Network and Identity have made the ways.

    A call is signed, so the command is AWS's own. Inside the stack's network, and beside an interface endpoint of the
    caller's own, the public name leads there by itself.
    """
    public = f"https://runtime.sagemaker.{ground.region}.amazonaws.com"
    running = {name: item for name, item in endpoints.of(config).items() if item.enabled}

    def call(name: str, url: pulumi.Input[str]) -> Mapping[str, Any]:
        item = running[name]
        if isinstance(item, MultiModelEndpoint):
            return _by_name(ground, name, targets(config, item), url)
        return _call(ground, name, item.kind, url)

    inside = {name: call(name, public) for name in running}
    said: dict[str, Any] = {}
    for name, caller in callers.of(config).items():
        url = (ground.runtime_url if caller.is_joined else None) or public
        said[name] = {
            "role": ground.caller_role_arns[name],
            "external_id": f"{ground.stack}-{name}" if _is_of_another(config, caller) else None,
            "calls": {each: call(each, url) for each in running},
        }
    return {"calls": inside, "callers": said}


def _by_name(ground: Ground, name: str, named: Mapping[str, str], url: pulumi.Input[str]) -> Mapping[str, Any]:
    """The address of an endpoint of several models, what a caller says to name each, and the command for each."""
    one = _call(ground, name, "multi-model", url)
    return {
        "url": one["url"],
        "targets": named,
        "commands": {
            model: pulumi.Output.concat(one["command"], f" --target-model {quote(target)}")
            for model, target in named.items()
        },
    }


def _is_of_another(config: StackConfig, caller: Caller) -> bool:
    return bool(caller.account) and caller.account != config.account


def _call(ground: Ground, name: str, kind: str, url: pulumi.Input[str]) -> Mapping[str, Any]:
    """The address and the command of one endpoint, which answers at once or takes its request from a bucket."""
    served = f"{ground.stack}-{name}"
    at = f"--endpoint-name {quote(served)} --region {ground.region}"
    call, path = "invoke-endpoint", "invocations"
    before: pulumi.Input[str] = ""
    rest: pulumi.Input[str] = "--content-type application/json --body fileb://request.json prediction.json"
    if kind == "async":
        call, path = "invoke-endpoint-async", "async-invocations"
        put = pulumi.Output.concat("s3://", ground.bucket_name, "/async/input/request.json")
        # SageMaker reads the request as the serving persona, which reads it there alone.
        before = pulumi.Output.concat("aws s3 cp request.json ", put, " && ")
        rest = pulumi.Output.concat("--content-type application/json --input-location ", put)
    return {
        "url": pulumi.Output.concat(url, f"/endpoints/{served}/{path}"),
        "command": pulumi.Output.concat(before, f"aws sagemaker-runtime {call} {at} --endpoint-url ", url, " ", rest),
    }
