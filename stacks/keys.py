"""Which key of the stack file asked for which component, so that a finding can name the line to change."""

from collections.abc import Iterable, Mapping

from stacks.model import WORDS_MAKE, StackConfig
from stacks.sections import asked, landing_zone


def keys(stack: str, config: StackConfig) -> Mapping[tuple[str, str], str]:
    """The dotted key, such as `endpoints.fraud-scorer`, by the noun and the name of the component it asks for.

    Components that every stack has, whatever its file says (keys, audit, identities), have none.
    """
    found: dict[tuple[str, str], str] = {}
    stack = landing_zone.named(stack, config)
    for word, makes in WORDS_MAKE.items():
        found |= _made(stack, word, makes, ())
    for section in asked(config):
        found |= _made(stack, section.name, section.makes, section.of(config))
    return found


def _made(stack: str, key: str, makes: Mapping[str, str], items: Iterable[str]) -> Mapping[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for noun, name in makes.items():
        if "{item}" in name:
            found |= {(noun, name.format(stack=stack, item=item)): f"{key}.{item}" for item in items}
        else:
            found[noun, name.format(stack=stack)] = key
    return found
