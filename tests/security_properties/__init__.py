"""The security-relevant properties of each resource type, one module a platform.

One table with two readers: the inventory shows these properties to whoever reviews a change, and the mutation tests
take each of them away and expect a named rule to notice.
"""

from importlib import import_module


def of(platform: str) -> dict[str, tuple[str, ...]]:
    """The property paths of each resource type of one platform."""
    properties: dict[str, tuple[str, ...]] = import_module(f"tests.security_properties.{platform}").PROPERTIES
    return properties
