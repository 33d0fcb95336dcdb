"""The manual steps of a stack, done in a sandbox: what a person does in the account is a command there."""

import json
from dataclasses import replace
from pathlib import Path
from shlex import split
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from catalogue.errors import BadInput
from catalogue.registered import APPROVED
from catalogue.registries import as_written
from catalogue.versions import RECORD
from examples.pack import (
    PACKED,
    PREPARED,
    data_of,
    digest_of,
    digest_of_image,
    digest_of_model,
    dockerfile,
    is_example,
    packed,
)
from operations import facts
from operations.sandboxes.ground import in_sandbox
from operations.verdict import Look, ManualStep

if TYPE_CHECKING:
    from catalogue.graph import Graph
    from sandbox.home import Home
    from sandbox.state import State


def by_hand(step: ManualStep, graph: "Graph", home: "Home") -> list[str]:
    """The commands, as typed at the root of the checkout, that do the step in a sandbox.

    None for what a sandbox does not ask for.
    """
    ups = [in_sandbox(home, "--", "pulumi", *words) for words in pulumi(step)]
    of_example = {look.what for look in step.looks if is_example(look.name)}
    laid_out = [PACKED] * ("artifact" in of_example) + [PREPARED] * ("batch input" in of_example)
    return ups + laid_out + [in_sandbox(home, *words) for look in step.looks if (words := _words(look, graph))]


def caveat(step: ManualStep, graph: "Graph") -> str:
    """Why the call of the last step gets no prediction in a sandbox; "" where it gets one, and for any other step."""
    called = {look.name for look in step.looks if look.what == "call"}
    keys = {one.stack_key for one in graph.cloud if one.stack_key and called & {one.name, *one.names}}
    others = sorted(address for address in _served(graph, keys) if not is_example(address))
    if not others:
        return ""
    return f"a sandbox answers with the container and the model of examples/ alone, and runs no {', '.join(others)}"


def _served(graph: "Graph", keys: set[str]) -> set[str]:
    """The images and artifacts of what was made for these parts of the stack file, or of what that names."""
    own = [one for one in graph.cloud if one.stack_key in keys]
    around = {urn for one in own for urn in (one.urn, *one.dependencies)}
    part = replace(graph, resources=tuple(one for one in graph.resources if one.urn in around))
    return facts.images(part) | facts.artifacts(part)


def pulumi(step: ManualStep) -> list[list[str]]:
    """The step's commands of Pulumi that change something, each as the arguments after `pulumi`."""
    found = [split(command)[1:] for command in step.commands if command.startswith("pulumi ")]
    return [words for words in found if words[0] in ("config", "up")]


def do(state: "State", step: ManualStep, graph: "Graph") -> None:
    """Do in the account what the step asks of it. Raises BadInput for what is refused."""
    from sandbox import byhand

    platform = graph.platform
    for look in step.looks:
        if look.what == "quota":
            byhand.raise_quota(state, look.name, look.amount or 0)
        elif look.what == "role":
            byhand.grant(state, "deployer", look.name)
        elif look.what == "region":
            byhand.have(state, look.name)
        elif look.what == "service":
            byhand.enable(state, look.name)
        elif look.what == "image":
            digest = digest_of_image(dockerfile(platform, look.name)) if is_example(look.name) else ""
            byhand.push(state, look.name, digest, elsewhere=bool(_elsewhere(look, graph)))
        elif look.what == "batch input" and is_example(look.name):
            _feed(state, look, graph)
        elif look.what in ("artifact", "batch input"):
            digest = digest_of_model(platform) if is_example(look.name) else ""
            byhand.upload(state, look.name, digest, elsewhere=bool(_elsewhere(look, graph)))
        elif look.what == "registered" and look.name.startswith("gs://"):
            byhand.upload(state, f"{look.name}{RECORD}", look.at)
        elif look.what == "registered":
            byhand.register(state, look.name, look.at)
        elif look.what == "approved":
            byhand.decide(state, look.name, APPROVED, look.at)
        elif look.what == "sign-in":
            byhand.sign_in(state, look.name)


def _feed(state: "State", look: Look, graph: "Graph") -> None:
    """Upload the data on which the example is trained, or the raw table with which a pipeline begins.

    Raises BadInput without scikit-learn, whose package has them.
    """
    from examples.train import prepared
    from sandbox import byhand

    with TemporaryDirectory(prefix="mlplatform-data-") as folder:
        try:
            prepared(Path(folder))
        except ImportError as error:
            raise BadInput(f"the data of the example: {error}; `make setup` installs it") from None
        data = Path(folder) / Path(data_of(look.name)).name
        digest = digest_of(data)
        byhand.upload(state, look.name, digest, elsewhere=bool(_elsewhere(look, graph)))
        state.content.keep(digest, data)


def called(state: "State", step: ManualStep) -> str | None:
    """The answer of the endpoint that the step calls to the recorded request of `examples/`. None where it calls none.

    Of one that serves several models each is called, and the last one's answer is it. Raises NoPrediction where the
    cloud refuses the call, NotRun where the sandbox does not run what serves, and BadInput where the endpoint does not
    stand.
    """
    calls = [look for look in step.looks if look.what == "call"]
    return [_called(state, look) for look in calls][-1] if calls else None


def _called(state: "State", look: Look) -> str:
    from examples.pack import HERE
    from sandbox.alarms import ENDPOINTS
    from sandbox.dataplane import call

    for one in (record for type_ in ENDPOINTS for record in state.resources.find(type=type_)):
        if look.name in (one.name, *(one.inputs.get(key) for key in ("name", "displayName", "endpointName"))):
            request = HERE / "recorded" / one.platform / "request.json"
            return json.dumps(json.loads(call(state, one, request.read_bytes(), outside=False, target=look.target)))
    raise BadInput(f"{look.name}: no endpoint of that name stands in the sandbox; bring it up first")


def _elsewhere(look: Look, graph: "Graph") -> list[str]:
    """The option for what goes to a store that the stack does not make."""
    from sandbox import absent

    return [] if absent.made_by(graph, look.name) else ["--elsewhere"]


def _words(look: Look, graph: "Graph") -> list[str]:
    platform = graph.platform
    match look.what:
        case "quota":
            return ["raise-quota", look.name, str(look.amount or 0)]
        case "role":
            return ["grant", "deployer", look.name]
        case "region" | "service":
            return ["enable-region" if look.what == "region" else "enable-api", look.name]
        case "image":
            built_from = [f"examples/{dockerfile(platform, look.name).name}"] if is_example(look.name) else []
            return ["push", look.name, *built_from, *_elsewhere(look, graph)]
        case "artifact" if is_example(look.name):
            return ["upload", as_written(look.name), packed(platform), *_elsewhere(look, graph)]
        case "batch input" if is_example(look.name):
            return ["upload", as_written(look.name), data_of(look.name), *_elsewhere(look, graph)]
        case "artifact" | "batch input":
            return ["upload", as_written(look.name), *_elsewhere(look, graph)]
        case "registered":
            uploaded = look.name.startswith("gs://")
            return ["upload", f"{look.name}{RECORD}"] if uploaded else ["register", look.name, look.at]
        case "approved":
            return ["approve", look.name, *([look.at] if look.at else [])]
        case "sign-in":
            return ["sign-in", look.name]
        case "call":
            named = ["--target", look.target] if look.target else []
            return ["call", look.name, f"examples/recorded/{platform}/request.json", *named]
        case _:
            return []
