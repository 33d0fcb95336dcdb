"""What may be deleted by mistake and what must be free to go, on every platform."""

from collections.abc import Iterable, Iterator

from policies.rule import Stack


def misprotected(stack: Stack, stateful: Iterable[str], costs_only: Iterable[str]) -> Iterator[tuple[str | None, str]]:
    """Each resource of the `stateful` types that is not protected, and each of those that only cost money that is."""
    for resource in stack.of(*stateful):
        if not resource.opts.protect:
            yield resource.urn, "holds state and is not protected against deletion"
    for resource in stack.of(*costs_only):
        if resource.opts.protect:
            yield resource.urn, "is protected, so it could not be torn down while idle"
