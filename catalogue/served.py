"""The kinds of endpoint, in the words of a stack file. Whatever tells of an endpoint takes its word from here."""

from typing import Literal, get_args

EndpointKind = Literal["online", "async", "serverless", "multi-model"]
"""How an endpoint answers: at once, through a queue, without machines of its own, or by the model that is named."""
ENDPOINT_KINDS: tuple[EndpointKind, ...] = get_args(EndpointKind)


def endpoint_of(kind: EndpointKind) -> str:
    """What an endpoint of that kind is called in a report, a bill and a picture, such as `online endpoint`."""
    return f"{kind} endpoint"
