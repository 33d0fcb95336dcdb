"""Finds the resources. Each file in a platform's folder is one. No module lists them."""

from importlib import import_module
from pathlib import Path
from typing import Any

from provider.service import Service

Services = dict[str, type[Service[Any]]]

_FOLDER = Path(__file__).parent


def services() -> Services:
    """The service of each resource by its token. Raises TypeError for a file that does not have exactly one."""
    found: Services = {}
    for file in sorted(_FOLDER.glob("*/*.py")):
        module = import_module(f"{__package__}.{file.parent.name}.{file.stem}")
        own: list[type[Service[Any]]] = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Service) and value.__module__ == module.__name__
        ]
        if len(own) != 1:
            raise TypeError(f"{module.__name__} has {len(own)} services; the file of a resource has one")
        if own[0].token in found:
            raise TypeError(f"{module.__name__} has the token {own[0].token}, which is another file's; choose another")
        found[own[0].token] = own[0]
    return found
