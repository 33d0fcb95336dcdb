"""The data plane of the simulated clouds: a call of an endpoint, from inside the stack's network, from the internet, or
by a caller whom the stack file names.

A call is answered only where what stands in the sandbox holds a path. Each platform's `PARTS` are that path, from the
caller to a replica, in the order in which a call meets them. An image or an artifact is no part: a replica that serves
has fetched both (https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteModel.html says so of AWS), and
`sandbox.needs` refuses the create of one that could not. What a landing zone gives stands here without inputs; it is
taken to lead on, for nobody here knows its inside. What a caller's side does, such as to accept a peering, is taken as
done. Whatever image a model names, the sandbox runs the container of
`examples/`, that platform's own, with the model of `examples/`: it has neither the images nor the artifacts of others.
A stack file that names the example, as the pilots do, gets its own prediction; any other a stand-in's, and is told so.
"""

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from importlib import import_module
from typing import Any, Protocol, cast

import httpx

from catalogue.graph import Caller
from catalogue.kind import Evidence
from examples.pack import is_example
from examples.serving.server import Server
from sandbox.state import State
from sandbox.state.records import Record

TIMEOUT = 60
"""Seconds that a prediction may take, as SageMaker and our deployments on Azure have it."""


class NoPrediction(Exception):
    """The call got no prediction. `str()` is what the caller reads of the cloud."""


@dataclass(frozen=True)
class Call:
    """One call: the endpoint, and where the caller stands.

    That is the stack's network, or with `outside` the internet, or where the stack file says that `caller` stands.
    """

    state: State
    endpoint: Record
    outside: bool = False
    caller: Caller | None = None

    @property
    def joined(self) -> Caller | None:
        """The caller, where its network is joined to the stack's."""
        return self.caller if self.caller and self.caller.cidr else None

    @property
    def apart(self) -> Caller | None:
        """The caller, where it has an endpoint of its own, which stands in no stack and is taken to lead on."""
        return self.caller if self.caller and not self.caller.cidr else None


@dataclass(frozen=True)
class Part:
    """One part of the path from a caller to a replica.

    `leads` gets the ways that the parts before it left, and returns those that it lets through. The first part gets
    one way, the endpoint itself. Where none is left, the caller reads `says`, in which words of the platform stand in
    braces; `source` is who says so. A `private` part is not met on the way to an endpoint that is open to the caller.
    """

    what: str
    leads: Callable[[Call, list[Any]], list[Any]]
    says: str
    source: Evidence
    private: bool = False


def follow(parts: Sequence[Part], call: Call, private: bool, words: dict[str, str]) -> None:
    """Go the path part by part. Raises NoPrediction at the first part that lets nothing through."""
    ways: list[Any] = [call.endpoint]
    for part in parts:
        if part.private and not private:
            continue
        ways = part.leads(call, ways)
        if not ways:
            raise NoPrediction(part.says.format(**words))


def there(call: Call, ways: list[Any]) -> list[Any]:
    """Whether the endpoint still stands. It was found before."""
    one = call.endpoint
    return ways if call.state.resources.get(one.type, one.id, one.account) else []


def inside(call: Call, ways: list[Any]) -> list[Any]:
    """Whether the caller stands in the stack's network."""
    return [] if call.outside else ways


class Plane(Protocol):
    """The functions of a platform's module. Raises NoPrediction, and BadInput for an endpoint that takes no calls."""

    PATH: str
    """Where the container answers predictions."""
    PARTS: Sequence[Part]
    """The path from a caller to a replica."""

    def reach(self, call: Call) -> None:
        """Raises NoPrediction where nothing leads the caller to the endpoint, or the caller may not call."""
        ...

    def image(self, state: State, endpoint: Record) -> str:
        """The image that a replica runs in the cloud; "" where what stands does not say it."""
        ...

    def container(self) -> Server:
        """The container's server, on a free port of this machine."""
        ...

    def failed(self, status: int, body: str) -> str:
        """What the caller reads where the container answers no 200."""
        ...


def call(state: State, endpoint: Record, body: bytes, outside: bool, caller: Caller | None = None) -> bytes:
    """The prediction that the endpoint's container gives for a body of JSON, to the caller of `Call`.

    Raises NoPrediction and BadInput.
    """
    plane = plane_of(endpoint)
    plane.reach(Call(state, endpoint, outside, caller))
    with running(plane.container()) as address:
        told = {"Content-Type": "application/json"}
        # A proxy of the environment knows no server of this process.
        answer = httpx.post(f"{address}{plane.PATH}", content=body, headers=told, timeout=TIMEOUT, trust_env=False)
    if answer.status_code != 200:
        raise NoPrediction(plane.failed(answer.status_code, answer.text))
    return answer.content


def stand_in(state: State, endpoint: Record) -> str:
    """One sentence on what answers for the endpoint, for whoever reads a prediction."""
    image = plane_of(endpoint).image(state, endpoint)
    if is_example(image):
        return f"the example's container answers, as {image}"
    return f"the example's container answers in place of {image or 'an image that is not known'}"


def plane_of(endpoint: Record) -> Plane:
    """The module of the endpoint's platform."""
    return cast(Plane, import_module(f"sandbox.dataplane.{endpoint.platform}"))  # a module has no self


@contextmanager
def running(server: ThreadingHTTPServer) -> Generator[str]:
    """The address of a server that runs meanwhile, in a thread of this process."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
