"""The environments that a stack file may name: ours, and those that the organisation's limits name.

Here and not beside the limits, because a stack file is read where no policy is.
"""

from typing import Any, cast

import yaml

from catalogue import organisation

SHIPPED = ("pilot", "dev", "test", "prod")
"""The first is the one with the lowest ceilings. Its limits hold where nobody says which environment it is."""


def own() -> tuple[str, ...]:
    """Those that `organisation/limits.yaml` names beside ours.

    A file that is no such mapping names none here; `policies.limits` refuses it with a sentence.
    """
    file = organisation.file("limits.yaml")
    if file is None:
        return ()
    try:
        said: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return ()
    named: Any = cast("dict[str, Any]", said).get("environments") if isinstance(said, dict) else None
    if not isinstance(named, dict):
        return ()
    return tuple(str(name) for name in cast("dict[Any, Any]", named) if name not in SHIPPED)


def names() -> tuple[str, ...]:
    """Every environment, ours first."""
    return (*SHIPPED, *own())
