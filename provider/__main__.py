"""The plugin's process: the engine starts it with its own address and reads the port from the first line of output.

It is `pulumi.provider.experimental.server.main` but for errors: that one shows a traceback, this one a sentence.
"""

import argparse
import asyncio
import os
import signal
import sys
import traceback
from typing import Any

import grpc
import grpc.aio
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS  # pyright: ignore[reportPrivateUsage]
from pulumi.runtime.proto import provider_pb2_grpc

from provider.plugin import VERSION, Plugin
from provider.rest import Refused


class Sentences(grpc.aio.ServerInterceptor):
    """Turns what a call raised into a status with one sentence."""

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Wrap the call."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler

        async def call(request: Any, context: Any) -> Any:
            try:
                return await handler.unary_unary(request, context)
            except NotImplementedError as error:
                await context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))
            except Exception as error:
                await context.abort(grpc.StatusCode.UNKNOWN, sentence(error))

        return grpc.unary_unary_rpc_method_handler(call, handler.request_deserializer, handler.response_serializer)


def sentence(error: Exception) -> str:
    """What the user is told. The servicer raises anew with a traceback in the text; the cause is in the context."""
    cause = error.__context__ or error
    if isinstance(cause, Refused):
        return str(cause)
    where = traceback.extract_tb(cause.__traceback__)[-1:]
    place = f" at {where[0].name}:{where[0].lineno}" if where else ""
    return f"a fault of the mlplatform provider, not of the program: {type(cause).__name__}{place}: {cause}"


async def serve(engine: str, parent: int) -> None:
    """Serve until the process is ended or `parent` is not its parent any more, on a free port of this machine only."""
    server = grpc.aio.server(interceptors=[Sentences()], options=_GRPC_CHANNEL_OPTIONS)
    servicer = ProviderServicer(sys.argv[1:], VERSION, Plugin(), engine_address=engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while os.getppid() == parent:  # an engine that is killed cannot end its plugins
        await asyncio.sleep(1)
    os._exit(0)  # calls under way have nobody to answer to; the next update takes up what they began


def _leave(_signal: int, _frame: object) -> None:
    os._exit(0)


if __name__ == "__main__":
    started_by = os.getppid()  # first of all: an engine may be gone before the server stands
    parser = argparse.ArgumentParser(prog="mlplatform provider")
    parser.add_argument("engine", nargs="?", default="")
    known, _ = parser.parse_known_args()
    # The engine ends plugins by an interrupt. Threads that wait in a bake are not waited for: whatever they were at,
    # the next run takes it up.
    signal.signal(signal.SIGINT, _leave)
    asyncio.run(serve(known.engine, started_by))
