"""A stack of every section that stands in a sandbox beside others: how it comes up, serves and answers."""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from catalogue.graph import Graph
from catalogue.kinds.aws.sagemaker import CONFIGURATION
from catalogue.kinds.azure.machinelearningservices import ONLINE_DEPLOYMENT
from catalogue.kinds.gcp import DEPLOYMENT
from examples.pack import HERE, is_example
from operations.checking import graph_of
from operations.doctor import steps_of
from operations.drill.rehearsal import edit
from operations.preview import preview
from operations.sandboxes import walk
from operations.verdict import ManualStep
from sandbox.engine import Engine
from sandbox.state import State

SERVING = {CONFIGURATION, DEPLOYMENT, ONLINE_DEPLOYMENT}
UNAPPROVED = "mlplatform-example: it is not approved"


@dataclass(frozen=True)
class Stand:
    """A stack of the sandbox by its file, and `folder` for what its commands print."""

    engine: Engine
    stack: str
    file: Path
    folder: Path

    def __post_init__(self) -> None:
        self.engine.home.take(self.file)
        self.engine.make(self.stack)

    @cached_property
    def graph(self) -> Graph:
        """The graph of the file as it was at first."""
        return preview(self.file)

    @cached_property
    def steps(self) -> list[ManualStep]:
        """The manual steps of the file as it was at first."""
        return list(steps_of(self.graph))

    @property
    def platform(self) -> str:
        return self.graph.platform

    @property
    def state(self) -> State:
        return State(self.engine.home.database)

    def up(self, *words: str) -> str:
        """Run `up`. Returns what it printed where it failed, and nothing where it did not."""
        log = self.folder / f"{self.stack}.log"
        arguments = words or ("up", "--stack", self.stack)
        code = self.engine.run([*arguments, "--yes", "--skip-preview"], log)
        return log.read_text(encoding="utf-8") if code else ""

    def does(self, step: ManualStep) -> None:
        """Do a manual step: what Pulumi does of it, which must end well, and what a person does."""
        for words in walk.pulumi(step):
            if words[0] == "up":
                assert not (said := self.up(*words)), said[-4000:]
            else:
                self.engine.ask(*words)
        walk.do(self.state, step, self.graph)

    def comes_up(self, steps: list[ManualStep]) -> None:
        """Do these manual steps. Before the version is approved, the `up` that would serve it is refused."""
        waiting: list[ManualStep] = []
        for step in steps:
            if any(look.what == "approved" for look in step.looks):
                waiting.append(step)
                continue
            if waiting and any(words[0] == "up" for words in walk.pulumi(step)):
                *config, words = walk.pulumi(step)
                for one in config:
                    self.engine.ask(*one)
                assert UNAPPROVED in (said := self.up(*words)), said[-4000:]
                assert not self.serving(), "nothing that serves the version was made"
                walk.do(self.state, waiting.pop(), self.graph)
            self.does(step)
        assert self.serving()

    def serving(self) -> list[str]:
        """What stands in Pulumi's own state and serves the registered version."""
        stands = [one for one in self.engine.resources(self.stack) if one["type"] in SERVING]
        return [one["urn"] for one in stands if "fraud-scorer" in one["urn"].rpartition("::")[2]]

    def answers(self) -> bool:
        """Whether the endpoint answers the recorded request as it was recorded."""
        (calls,) = (step for step in self.steps if any(look.what == "call" for look in step.looks))
        recorded: Any = json.loads((HERE / "recorded" / self.platform / "prediction.json").read_bytes())
        return json.loads(walk.called(self.state, calls) or "null") == recorded

    def names(self, number: int, digest: str) -> None:
        """Let the stack file name another version of the registry, as `mlplatform promote` does."""
        for key, value in (("version", str(number)), ("digest", digest)):
            path = f"mlplatform:models.fraud-scorer.{key}"
            self.engine.ask("config", "set", "--stack", self.stack, "--path", path, value)

    def says(self, **sections: Any) -> None:
        """Let the stack file say these sections."""
        edit(self.engine.home.path / "stacks" / self.file.name, lambda config: config.update(sections))

    def deployed(self) -> Graph:
        """The graph of what stands."""
        out = self.folder / f"{self.stack}.json"
        self.engine.ask("stack", "export", "--stack", self.stack, "--file", str(out))
        return replace(graph_of(out), platform=self.platform)


def without_example(step: ManualStep) -> ManualStep:
    """The step without the image of the example, which comes with the version, as its artifact does."""
    others = [one for one in step.looks if one.what != "image" or not is_example(one.name)]
    return step.model_copy(update={"looks": others})
