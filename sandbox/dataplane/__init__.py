"""The data plane of the simulated clouds: a call of an endpoint, from inside the stack's network or from the internet.

A call is answered only where what stands in the sandbox holds a path: the endpoint with its traffic, a private way to
it, a name or firewall that leads there, and a grant. Whatever image a model names, the sandbox runs the container of
`examples/`, that platform's own, with the model of `examples/`: it has neither the images nor the artifacts of others.
"""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from importlib import import_module
from typing import Protocol, cast

import httpx

from examples.serving.server import Server
from sandbox.state import State
from sandbox.state.records import Record

TIMEOUT = 60
"""Seconds that a prediction may take, as SageMaker and our deployments on Azure have it."""


class NoPrediction(Exception):
    """The call got no prediction. `str()` is what the caller reads of the cloud."""


class Plane(Protocol):
    """The functions of a platform's module. Raises NoPrediction, and BadInput for an endpoint that takes no calls."""

    PATH: str
    """Where the container answers predictions."""

    def reach(self, state: State, endpoint: Record, outside: bool) -> None:
        """Raises NoPrediction where nothing leads the caller to the endpoint, or the caller may not call."""
        ...

    def container(self) -> Server:
        """The container's server, on a free port of this machine."""
        ...

    def failed(self, status: int, body: str) -> str:
        """What the caller reads where the container answers no 200."""
        ...


def call(state: State, endpoint: Record, body: bytes, outside: bool) -> bytes:
    """The prediction that the endpoint's container gives for a body of JSON.

    The caller stands in the stack's network, or with `outside` on the internet. Raises NoPrediction and BadInput.
    """
    plane = cast(Plane, import_module(f"sandbox.dataplane.{endpoint.platform}"))  # a module has no self
    plane.reach(state, endpoint, outside)
    with running(plane.container()) as address:
        told = {"Content-Type": "application/json"}
        # A proxy of the environment knows no server of this process.
        answer = httpx.post(f"{address}{plane.PATH}", content=body, headers=told, timeout=TIMEOUT, trust_env=False)
    if answer.status_code != 200:
        raise NoPrediction(plane.failed(answer.status_code, answer.text))
    return answer.content


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
