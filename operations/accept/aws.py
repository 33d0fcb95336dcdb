"""How an acceptance run calls an endpoint of Amazon SageMaker, with boto3.

InvokeEndpoint: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html.
"""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from operations.accept.acceptance import Unanswered


def doubt(account: Any) -> str:
    """A profile may send botocore to another host by `endpoint_url`, and Pulumi's provider with it."""
    host = urlsplit(str(account.session.client("sts", region_name=account.region).meta.endpoint_url)).hostname or ""
    return "" if host.endswith((".amazonaws.com", ".api.aws")) else "the profile names a host that is none of AWS's"


def call(account: Any, name: str, outputs: Mapping[str, Any], body: bytes, *, target: str = "") -> bytes:
    """The answer of the endpoint, whose name is an output of the stack, or of the model named. Raises Unanswered."""
    runtime: Any = account.session.client("sagemaker-runtime", region_name=account.region)
    try:
        served = cast("Mapping[str, str]", outputs["endpoints"])[name]
        told = {"ContentType": "application/json", "Accept": "application/json"}
        named = {"TargetModel": target} if target else {}
        answer = runtime.invoke_endpoint(EndpointName=served, Body=body, **told, **named)
        return bytes(answer["Body"].read())
    except (BotoCoreError, ClientError) as error:
        raise Unanswered(str(error)) from None
