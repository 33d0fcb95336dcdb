"""Serves our own provider and the simulated ones to the engine. The port is the first line of output.

It does what `pulumi.provider.experimental.server.main` does, but an error is a sentence and not a traceback.
"""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS  # pyright: ignore[reportPrivateUsage]
from pulumi.runtime.proto import provider_pb2_grpc


@dataclass(frozen=True)
class Sentences(grpc.aio.ServerInterceptor):
    """Turns what a call raised into a status with one sentence.

    The text of an error of a type in `refusals` is shown as it is. Any other error is a bug in `whose`.
    """

    whose: str
    refusals: tuple[type[Exception], ...]

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
            except grpc.aio.AbortError:  # the servicer has answered
                raise
            except Exception as error:
                await context.abort(grpc.StatusCode.UNKNOWN, self._sentence(error))

        return grpc.unary_unary_rpc_method_handler(call, handler.request_deserializer, handler.response_serializer)

    def _sentence(self, error: Exception) -> str:
        """The sentence for the user. The servicer raises a new error with a traceback; the cause is in its context."""
        cause = error if isinstance(error, self.refusals) else error.__context__ or error
        if isinstance(cause, self.refusals):
            return str(cause)
        where = traceback.extract_tb(cause.__traceback__)[-1:]
        at = f" at {where[0].name}:{where[0].lineno}" if where else ""
        return f"a bug in {self.whose}, not in the program: {type(cause).__name__}{at}: {cause}"


def run(
    servicer: Callable[[], provider_pb2_grpc.ResourceProviderServicer],
    sentences: Sentences,
    parent: int,
    leave: Callable[[], None] = lambda: None,
) -> None:
    """Serve on a free loopback port, until the process is told to end or `parent` is no longer its parent.

    `leave` is called then. It is the last chance to leave the cloud safe; a second signal does not wait for it. Read
    `parent` before anything else, for the engine may end before the server starts.
    """

    def told(_signal: int, _frame: object) -> None:
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, signal.SIG_DFL)
        leave()
        os._exit(0)

    # The engine ends plugins by an interrupt, a job's runner by SIGTERM.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, told)
    asyncio.run(_serve(servicer, sentences, parent, leave))


async def _serve(
    servicer: Callable[[], provider_pb2_grpc.ResourceProviderServicer],
    sentences: Sentences,
    parent: int,
    leave: Callable[[], None],
) -> None:
    server = grpc.aio.server(interceptors=[sentences], options=_GRPC_CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while os.getppid() == parent:  # an engine that is killed ends no plugin
        await asyncio.sleep(1)
    leave()
    os._exit(0)
