"""What a drill must know of one platform. Each platform says it in `operations/drill/<platform>.py`, as CLOUD."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from catalogue.hardware.catalogue import HardwareFamily
from sandbox.state import State
from sandbox.state.records import Record
from stacks.model import StackConfig


@dataclass(frozen=True)
class Part:
    """A property of a type. Somebody changes it to `value`. Pulumi shows the change in the resource `shown`."""

    type: str
    path: str
    value: object = None
    shown: str = "{}"


@dataclass(frozen=True)
class Cloud:
    """One platform in a drill.

    `bound` is the bound on an endpoint's replicas that somebody lowers. `tag` is the tag that somebody removes.
    `workspace` are the types that make up the workspace, in the order in which they can be deleted.

    `no_quota`, `no_capacity` and `taken_back` are patterns of what the cloud, or our own provider, says.

    `blind` is a pattern of what our own provider says where it cannot read a canary's metrics; empty where the cloud
    itself judges a canary.

    `counted` gives the word of a hardware family that the refused resources have in their inputs. `serving` gives the
    versions of a model that get requests at an endpoint. `in_workspace` names what of a stack goes with its workspace.
    `version` is how `mlplatform sandbox register` calls a version, by the stack and its account, without the number.
    `publisher` is how a stack file names the publisher of a stack that stands, `account` another account than the
    pilots', and `key` the key of an account's data where whoever reads it must decrypt. `images` is the name of a
    stack's registry of images where the stack's own name is no part of it.
    `unrehearsed` is what an operator could do about a deleted workspace that no sandbox can do; empty if nothing.
    """

    bound: Part
    tag: Part
    workspace: Sequence[str]
    no_quota: str
    no_capacity: str
    taken_back: str
    serving: Callable[[State, Record], list[str]]
    version: Callable[[str, str], str]
    publisher: Callable[[State, str], str]
    account: str
    key: Callable[[State, str], str | None] = lambda state, account: None
    images: Callable[[str, str], str] = lambda stack, account: ""
    blind: str = ""
    counted: Callable[[HardwareFamily], str] = lambda family: str(family.machine_type)
    in_workspace: Callable[[StackConfig], list[str]] = lambda config: []
    unrehearsed: str = ""


def cloud_of(platform: str) -> Cloud:
    """What the drills must know of a platform; no other platform's file is imported."""
    return import_module(f"operations.drill.{platform}").CLOUD
