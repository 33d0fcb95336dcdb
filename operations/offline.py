"""The offline preview. It runs the real program in this process against the sandbox, and records what it registers.

`operations.preview` starts one warm process for each platform (`operations/forking.py`). That process imports the
platform once and forks a child for each stack, because Pulumi's runtime and config are global to a process. The child
reads `{"stack": name, "config": the engine's values}` from standard input, and writes the resource graph as JSON to
standard output. With `"standing"`, the graph of what stands, it writes `{"graph": …, "changed": …}`, the step from
there. It exits with 2 and a sentence where the program refuses.
"""

import asyncio
import contextlib
import inspect
import json
import logging
import runpy
import sys
import sysconfig
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pulumi
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi import _types as types  # pyright: ignore[reportPrivateUsage]
from pulumi.runtime import mocks, resource, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import resource_pb2, source_pb2
from pulumi.runtime.stack import run_in_stack

from catalogue.answers import Answer, Lookup, Request
from catalogue.errors import BadInput
from catalogue.graph import Graph, Resource, SourcePosition
from catalogue.kinds import kinds
from catalogue.marked import redacted, whole_numbers
from operations.asked import as_asked
from sandbox import cloud
from sandbox.clouds import account_and_region
from stacks.config import from_engine, handed_bytes
from stacks.sections import deployers, imported

ROOT = Path(__file__).resolve().parent.parent
_LIBRARIES = sysconfig.get_path("purelib")
PROJECT = "mlplatform"
_STACK = "pulumi:pulumi:Stack"


class Recorder(mocks.MockMonitor):
    """A mock monitor that sees each raw registration, answers it from the sandbox and records it.

    Inputs are taken from the wire, where secrets are still marked. So the value of a secret is not recorded.
    """

    def __init__(self, platform: str) -> None:
        super().__init__(_NoMocks())
        self._lookups: Mapping[str, Lookup] = import_module(f"sandbox.lookups.{platform}").LOOKUPS
        self.recorded: list[Resource] = []
        self.outputs: dict[str, Any] = {}
        self._places: dict[str, tuple[str, str]] = {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN as the engine builds it, with the types of all ancestors but the stack.

        The mock monitor has only one.
        """
        qualified = parent.split("::")[2] if parent else _STACK
        types = type_ if qualified == _STACK else f"{qualified}${type_}"
        return "::".join([f"urn:pulumi:{settings.get_stack()}", settings.get_project(), types, name])

    def RegisterResource(self, request: Any) -> Any:  # the protocol's name
        """Record one registration and answer as the cloud would."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == _STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        wire = json_format.MessageToDict(request.object)
        inputs = redacted(whole_numbers(wire))
        made = self._create(request, urn, inputs) if request.custom else Answer("", {})
        outputs = {**inputs, **made.outputs, "id": made.id} if request.custom else {}
        if request.type.startswith(cloud.PROVIDERS):
            self._places[f"{urn}::{made.id}"] = account_and_region(request.type.removeprefix(cloud.PROVIDERS), inputs)
        self.resources[urn] = mocks.MockMonitor.ResourceRegistration(urn, made.id, outputs)
        self.recorded.append(
            Resource(
                urn=urn,
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent or None,
                provider=request.provider or None,
                protect=request.protect,
                dependencies=tuple(sorted(request.dependencies)),
                property_dependencies={
                    k: tuple(sorted(v.urns)) for k, v in sorted(request.propertyDependencies.items()) if v.urns
                },
                options=_options(request),
                inputs=inputs,
                outputs=outputs,
                source=_source(request),
            )
        )
        reply = json_format.ParseDict({**wire, **made.outputs}, struct_pb2.Struct()) if request.custom else None
        return resource_pb2.RegisterResourceResponse(urn=urn, id=made.id, object=reply)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        """Record the stack's outputs. Those of a component are outputs of its children, so they are not recorded."""
        if request.urn.split("::")[2] == _STACK:
            self.outputs = redacted(whole_numbers(json_format.MessageToDict(request.outputs)))
        return super().RegisterResourceOutputs(request)

    def Invoke(self, request: Any) -> Any:
        """Answer a data look-up from the sandbox."""
        account, region = self._place(request.provider)
        args = json_format.MessageToDict(request.args)
        answer = cloud.look_up(self._lookups, request.tok, args, account, region)
        struct = json_format.ParseDict(dict(answer), struct_pb2.Struct())
        fields: dict[str, Any] = {"return": struct}  # `return` is a keyword of Python, so it cannot be an argument name
        return resource_pb2.ResourceInvokeResponse(**fields)

    def _create(self, request: Any, urn: str, inputs: dict[str, Any]) -> Answer:
        account, region = self._place(request.provider)
        return cloud.create(Request(request.type, urn, request.name, inputs, account, region))

    def _place(self, provider: str) -> tuple[str, str]:
        """The account and region of the provider that a reference names. Both are empty for a provider itself."""
        return self._places.get(provider, ("", ""))


class _NoMocks(mocks.Mocks):
    """Mocks that nobody calls. The recorder answers by itself, but Pulumi's constructor needs mocks."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise AssertionError(args.token)

    def new_resource(self, args: mocks.MockResourceArgs) -> Any:
        raise AssertionError(args.typ)


def _without_aliases(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    """Drop a resource's aliases: nothing stands that could have an earlier name, and no graph shows them.

    azure-native gives each resource one alias for every version of its API. The SDK would make a URN of each, which
    takes four times as long as the rest of the program.
    """
    if not args.opts.aliases:
        return None
    opts = pulumi.ResourceOptions.merge(args.opts, None)
    opts.aliases = None
    return pulumi.ResourceTransformationResult(args.props, opts)


def _options(request: Any) -> dict[str, Any]:
    """The resource options that a judgement reads, where they differ from Pulumi's default."""
    timeouts = {k: v for k in ("create", "update", "delete") if (v := getattr(request.customTimeouts, k))}
    options = {
        "deleteBeforeReplace": request.deleteBeforeReplace,
        "ignoreChanges": list(request.ignoreChanges),
        "replaceOnChanges": list(request.replaceOnChanges),
        "retainOnDelete": request.retainOnDelete,
        "customTimeouts": timeouts,
    }
    return {key: value for key, value in options.items() if value}


def _stack_trace() -> source_pb2.StackTrace:
    """The innermost frame of our own code outside the resource's class, in place of the whole stack trace.

    Pulumi turns each frame into an address, also those that nobody reads: an eighth of the time that a program takes.
    Its classes are left as in its own `_get_stack_trace`: https://github.com/pulumi/pulumi/blob/master/sdk/python/lib/pulumi/runtime/resource.py
    """
    frame, constructors = inspect.currentframe(), 0
    while frame is not None and constructors < 3:
        constructors += frame.f_code.co_name == "__init__"
        frame = frame.f_back
    while frame is not None and _own_file(frame.f_code.co_filename) is None:
        frame = frame.f_back
    if frame is None:
        return source_pb2.StackTrace()
    position = source_pb2.SourcePosition(uri=frame.f_code.co_filename, line=frame.f_lineno)
    return source_pb2.StackTrace(frames=[source_pb2.StackFrame(pc=position)])


cast(Any, resource)._get_stack_trace = _stack_trace


@cache
def _own_file(name: str) -> str | None:
    """The path of a file of our own code below the root; None for any other."""
    path = Path(name)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) and not path.is_relative_to(_LIBRARIES) else None


def _source(request: Any) -> SourcePosition | None:
    """Where our own code made a resource, as `_stack_trace` says it."""
    for frame in request.stackTrace.frames:
        if (own := _own_file(frame.pc.uri)) is not None:
            return SourcePosition(own, frame.pc.line)
    return None


def preview(stack: str, config: dict[str, str]) -> Graph:
    """Run the program with the config that the engine would give it, and return the resource graph.

    Raises RunError where the program refuses, and UnknownType for a type or look-up that the sandbox lacks.
    """
    return _asked(record(_program, stack, config[f"{PROJECT}:platform"], config), config)


def step(stack: str, config: dict[str, str], standing: Graph) -> tuple[Graph, dict[str, Any]]:
    """Run the program over what stands. Returns the graph as the engine foresees it, and what differs, by URN.

    Raises as `preview` does.
    """
    from operations.standing.recorder import StandingRecorder

    platform = config[f"{PROJECT}:platform"]
    recorder = StandingRecorder(platform, standing)
    graph = _asked(record(_program, stack, platform, config, recorder), config)
    return graph, {urn: changed.to_json() for urn, changed in recorder.changed.items()}


def _asked(graph: Graph, config: dict[str, str]) -> Graph:
    asked = as_asked(graph, from_engine())
    assert asked.placement is not None
    return replace(asked, placement=replace(asked.placement, config_bytes=handed_bytes(config)))


def _program() -> None:
    """Run the program as a script, as Pulumi's own executor does."""
    runpy.run_path(str(ROOT / "stacks"), run_name="__main__")


def record(
    program: Callable[[], None],
    stack: str,
    platform: str,
    config: dict[str, str],
    recorder: Recorder | None = None,
) -> Graph:
    """Run a Pulumi program against the sandbox, or a recorder of another sort, and return what it registers.

    Run only one at a time in a process, for Pulumi's runtime and config are global. Raises what the program raises.
    """
    recorder = recorder or Recorder(platform)
    # After an error asyncio complains about unobserved futures. That would hide the sentence for the user.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    set_all_config(config)
    # This is set_mocks without its root stack, for run_in_stack makes one and registers its outputs.
    settings.configure(
        mocks.MockSettings(
            monitor=recorder,
            monitor_features=set(recorder.GetDeploymentInfo(empty_pb2.Empty()).supportedFeatures),
            engine=mocks.MockEngine(None),
            project=PROJECT,
            stack=stack,
            dry_run=True,
            organization=None,
            callbacks=None,
        )
    )
    # Futures of an earlier program that broke belong to a closed loop.
    cast(Any, settings.SETTINGS).outputs.clear()

    def run() -> Awaitable[None]:
        pulumi.runtime.register_stack_transformation(_without_aliases)
        program()
        return asyncio.sleep(0)  # the registrations start: Pulumi then waits for them, not for every output in turn

    try:
        loop.run_until_complete(run_in_stack(run))
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        asyncio.set_event_loop(None)  # whoever asks next would get the closed one
    recorded = sorted(recorder.recorded, key=lambda resource: resource.urn)  # the order of registrations varies
    for one, next_ in pairwise(recorded):
        if one.urn == next_.urn:  # the engine refuses the second
            raise pulumi.RunError(f"{one.urn}: two resources have this type and name; give one of them another name")
    return Graph(stack, platform, tuple(recorded), recorder.outputs)


_types_of: Any = cast(Any, types)._types_from_py_properties
_resolved: list[type] = []


@cache
def _types_noted(of: type) -> Any:
    """The types of a class of the SDK by its annotations, as Pulumi's own function reads them, once a process.

    https://github.com/pulumi/pulumi/blob/master/sdk/python/lib/pulumi/_types.py
    """
    _resolved.append(of)
    return _types_of(of)


cast(Any, types)._types_from_py_properties = _types_noted


def learned() -> list[str]:
    """The classes of the SDK whose annotations this process has read, which takes a sixth of a program."""
    return [f"{one.__module__}:{one.__qualname__}" for one in _resolved]


def learn(names: Sequence[str]) -> None:
    """Read the annotations of these classes of the SDK, as far as it is loaded here, for all programs to come."""
    for name in names:
        module, _, path = name.partition(":")
        found: Any = sys.modules.get(module)
        for part in path.split("."):
            found = getattr(found, part, None)
        if isinstance(found, type):
            _types_noted(found)


def load(platform: str) -> Callable[[], int]:
    """Import what every stack of a platform needs, and return the job for the forked children.

    Where the organisation has a file that cannot be read, the process ends with 2 and a sentence.
    """
    try:
        for module in (f"stacks.{platform}.ground", f"sandbox.lookups.{platform}"):
            import_module(module)
        for name in deployers(platform):
            imported(name)
        kinds(platform)
    except BadInput as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    return _job


def _job() -> int:
    """Write the graph of the stack that standard input names. Returns 2, with a sentence, where the program refuses."""
    asked = json.load(sys.stdin)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # keep what the program prints out of the graph
            if "standing" in asked:
                graph, changed = step(asked["stack"], asked["config"], Graph.from_json(asked["standing"]))
                told = {"graph": graph.to_json(), "changed": changed}
            else:
                told = preview(asked["stack"], asked["config"]).to_json()
    except (pulumi.RunError, cloud.UnknownType) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    json.dump(told, sys.stdout)
    return 0
