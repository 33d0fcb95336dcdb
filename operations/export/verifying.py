"""Verifies a bundle: it is whole, and a server that is of no platform answers for it as it was recorded."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Any

import httpx

from catalogue.versions import Request, Response
from operations.export.reading import Broken, Bundle, read
from operations.export.serving import ADDRESS, NotYet, load, tensor

PATIENCE = 60
"""Seconds until the server listens, and as many for one answer."""


@dataclass(frozen=True)
class Verified:
    """A bundle whose version answers what was recorded, and how many values that were."""

    bundle: Bundle
    values: int


def verify(folder: Path) -> Verified:
    """Verify the bundle in a folder.

    Raises Broken, NotYet for what nothing here can serve, and BadInput where there is no folder.
    """
    bundle = read(folder)
    load(bundle)  # a sentence of its own, before a process is started
    with _serving(folder) as address, httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as client:
        return Verified(bundle, _compared(bundle, client))


@contextmanager
def _serving(folder: Path) -> Generator[str]:
    """The address of a server in a process of its own, which ends with the `with`."""
    # -P: a folder beside the bundle may have modules named as ours are.
    command = [sys.executable, "-P", "-m", "operations.export.serving", str(folder.resolve())]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None and child.stderr is not None
            with DefaultSelector() as waiting:
                waiting.register(child.stdout, EVENT_READ)
                line = child.stdout.readline() if waiting.select(PATIENCE) else b""
            if not line.strip().isdigit():
                child.kill()
                said = child.stderr.read().decode(errors="replace").strip().splitlines()
                raise Broken(f"the server did not start: {said[-1] if said else f'it said nothing for {PATIENCE} s'}")
            yield f"http://{ADDRESS}:{int(line)}"
        finally:
            child.kill()


def _compared(bundle: Bundle, client: httpx.Client) -> int:
    """How many values the server answered as they were recorded. Raises Broken at the first that is another."""
    version = bundle.version
    at = f"/v2/models/{version.name}/versions/{version.version}"
    try:
        if client.get("/v2/health/ready").status_code != 200 or client.get(f"{at}/ready").status_code != 200:
            raise Broken("the server is not ready to answer for the version")
        about = client.get(at).json()
        answer = client.post(f"{at}/infer", json=_asked(version.recorded.request))
        told: Any = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise Broken(f"the server gave no answer: {error}") from None
    for side, fields in (("inputs", version.signature.inputs), ("outputs", version.signature.outputs)):
        said = [(one["name"], one["datatype"], tuple(one["shape"])) for one in about[side]]
        if said != [(one.name, *tensor(one)) for one in fields]:
            raise Broken(f"the server's {side} are not those of the signature")
    if answer.status_code != 200:
        raise Broken(f"the recorded request was refused: {told.get('error')}")
    return _same(version.recorded.response, told)


def _asked(request: Request) -> dict[str, Any]:
    return request.model_dump(mode="json")


def _same(recorded: Response, told: Any) -> int:
    values = 0
    if [one["name"] for one in told["outputs"]] != [one.name for one in recorded.outputs]:
        raise Broken("the answer has other outputs than the one that was recorded")
    for wanted, found in zip(recorded.outputs, told["outputs"], strict=True):
        if (found["datatype"], tuple(found["shape"])) != (wanted.datatype, wanted.shape):
            raise Broken(f"{wanted.name}: the answer has another type or shape than the one that was recorded")
        for number, (one, other) in enumerate(zip(wanted.data, found["data"], strict=True), 1):
            if one != other:
                raise Broken(f"{wanted.name}: value {number} is {other}, and {one} was recorded")
        values += len(wanted.data)
    return values


__all__ = ["Broken", "NotYet", "Verified", "verify"]
