"""What must be on in an account before anything of a kind can be made there, by the cloud's own names."""

from collections.abc import Iterable

from catalogue.kind import Apis, Kind, Renders
from catalogue.kinds import kind_of
from catalogue.rendering import ArmType


def services(kind: Kind) -> tuple[str, ...]:
    """Google Cloud's APIs, or the namespaces of Azure's resource providers. AWS's services need not be switched on.

    A kind of Azure's needs the namespace of its own type, and each that its record names.
    """
    named = kind.apis.names if isinstance(kind.apis, Apis) else ()
    if isinstance(kind.renders, Renders) and isinstance(kind.renders.as_, ArmType):
        return (kind.renders.as_.type.partition("/")[0], *named)
    return tuple(f"{api}.googleapis.com" for api in named)


def services_of(types: Iterable[str]) -> list[str]:
    """The services of all these types, in order. A type without a record has none that is known."""
    found = [kind for kind in map(kind_of, set(types)) if kind is not None]
    return sorted({service for kind in found for service in services(kind)})
