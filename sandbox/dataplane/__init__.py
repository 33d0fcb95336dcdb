"""The data plane of the simulated clouds: a call of an endpoint, from inside the stack's network, from the internet, or
by a caller whom the stack file names.

A call is answered only where what stands in the sandbox holds a path. Each platform's `PARTS` are that path, from the
caller to a replica, in the order in which a call meets them. An image or an artifact is no part: a replica that serves
has fetched both (https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteModel.html says so of AWS), and
`sandbox.needs` refuses the create of one that could not. What a landing zone gives stands here without inputs; it is
taken to lead on, for nobody here knows its inside. What a caller's side does, such as to accept a peering, is taken as
done.

The sandbox runs one container, that of `examples/` for the platform, with the model of `examples/`: it has neither the
images nor the artifacts of others. So it answers where the digests of both, as they were pushed and uploaded, are the
example's. Any other endpoint answers as one whose container answers an error, in the words of that cloud.
"""

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import ThreadingHTTPServer
from importlib import import_module
from typing import Any, Protocol, cast

import httpx

from catalogue.kind import Evidence
from catalogue.placement import Caller
from catalogue.platforms import Platform
from examples.pack import MODEL, NAME, digest_of_image, digest_of_model, dockerfile
from examples.serving.server import Server
from sandbox.state import State
from sandbox.state.records import Record

TIMEOUT = 60
"""Seconds that a prediction may take, as SageMaker and our deployments on Azure have it."""


class NoPrediction(Exception):
    """The call got no prediction. `str()` is what the caller reads of the cloud."""


class NotRun(NoPrediction):
    """The endpoint is reached, and runs what the sandbox does not have."""


@dataclass(frozen=True)
class Served:
    """What a replica runs in the cloud: "" for what nothing that stands says. `route` is where it takes predictions.

    With `several` the container serves more than one model: `artifact` is the folder that they lie below, and the
    container is told to load the one that is called.
    """

    image: str
    artifact: str
    route: str
    several: bool = False


@dataclass(frozen=True)
class Call:
    """One call: the endpoint, and where the caller stands.

    That is the stack's network, or with `outside` the internet, or where the stack file says that `caller` stands.
    `target` is the model that the caller names, of an endpoint that serves several.
    """

    state: State
    endpoint: Record
    outside: bool = False
    caller: Caller | None = None
    target: str = ""

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

    PARTS: Sequence[Part]
    """The path from a caller to a replica."""

    def reach(self, call: Call) -> None:
        """Raises NoPrediction where nothing leads the caller to the endpoint, or the caller may not call."""
        ...

    def served(self, state: State, endpoint: Record) -> Served:
        """What most of the traffic is answered by."""
        ...

    def container(self, route: str) -> Server:
        """The example's container, on a free port of this machine. Where its routes are its own, it has no other."""
        ...

    def failed(self, status: int, body: str) -> str:
        """What the caller reads where the container answers no 200."""
        ...


def call(
    state: State, endpoint: Record, body: bytes, outside: bool, caller: Caller | None = None, target: str = ""
) -> bytes:
    """The prediction that the endpoint's container gives for a body of JSON, to the caller of `Call`.

    `target` names one of an endpoint of several models. Raises NoPrediction, NotRun where the sandbox does not run that
    container, and BadInput.
    """
    plane = plane_of(endpoint)
    plane.reach(Call(state, endpoint, outside, caller, target))
    served = plane.served(state, endpoint)
    if served.several:
        served = replace(served, artifact=f"{served.artifact}{target}")
    if why := strange(state, cast(Platform, endpoint.platform), served):
        raise NotRun(plane.failed(501, why))
    with running(plane.container(served.route)) as address:
        told = {"Content-Type": "application/json"}
        if served.several:
            load = {"model_name": NAME, "url": str(MODEL)}
            httpx.post(f"{address}/models", json=load, timeout=TIMEOUT, trust_env=False).raise_for_status()
        # A proxy of the environment knows no server of this process.
        answer = httpx.post(f"{address}{served.route}", content=body, headers=told, timeout=TIMEOUT, trust_env=False)
    if answer.status_code != 200:
        raise NoPrediction(plane.failed(answer.status_code, answer.text))
    return answer.content


def answers(state: State, endpoint: Record) -> str:
    """One sentence on what answers for the endpoint, for whoever reads a prediction."""
    return f"the example's container answers, as {plane_of(endpoint).served(state, endpoint).image}"


def strange(state: State, platform: Platform, served: Served) -> str:
    """Why the sandbox does not run this; "" where both are the example's."""
    own = ((served.image, digest_of_image(dockerfile(platform))), (served.artifact, digest_of_model(platform)))
    others = [address or "what nothing here names" for address, digest in own if not _is(state, address, digest)]
    if not others:
        return ""
    return f"the sandbox runs the container and the model of examples/ alone, and not {' with '.join(others)}"


def _is(state: State, address: str, digest: str) -> bool:
    return bool(address) and state.account.digest(address) == digest


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
