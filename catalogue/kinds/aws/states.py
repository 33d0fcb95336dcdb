"""How the definition of a state machine is read: its states, and what a task calls and sends.

The states language: https://states-language.net/spec.html
"""

from collections.abc import Mapping

from catalogue.kind import Kind
from catalogue.properties import Malformed, Properties

KINDS: tuple[Kind, ...] = ()
"""A definition is no resource. sfn.py has the record of a state machine."""


def definition(props: Properties) -> Properties:
    """A state machine's definition, parsed whole."""
    return props.document_or_empty("definition")


def states_of(scope: Properties) -> Mapping[str, Properties]:
    """The states of a scope by their names, without those in them. Raises Malformed for a list of some."""
    states = scope.section_or_empty("States")
    for name, value in states.values.items():
        if isinstance(value, list):
            raise Malformed(f"{states.at}.{name}", "is a list where a state is read", states.owner)
    return dict(zip(states.names(), states.each_section("*"), strict=True))


def call_of(task: Properties) -> str:
    """What a task calls, such as createTrainingJob of SageMaker, or sns:publish. Empty where it calls no service."""
    _, _, call = task.text_or_empty("Resource").partition(":states:::")
    service, _, action = call.removeprefix("aws-sdk:").partition(":")
    action = action.partition(".")[0]
    return action if service == "sagemaker" else f"{service}:{action}" if action else call


def request_of(task: Properties) -> Properties:
    """What a task sends."""
    return task.section_or_empty("Arguments" if "Arguments" in task else "Parameters")
