"""What takes no labels is what the installed SDK says, so that the list in policies/gcp/cost.py hides no bill."""

import inspect
from importlib import import_module
from typing import Any

from catalogue.graph import Graph
from policies.gcp.cost import UNTAGGABLE, tags_at

_WIRE = {"labels": "labels", "user_labels": "userLabels"}


def test_what_takes_no_labels_is_what_the_sdk_says(gcp_pilot: Graph) -> None:
    for type_ in {resource.type for resource in gcp_pilot.cloud}:
        assert tags_at(type_) == _said_by_the_sdk(type_), type_
        assert (tags_at(type_) is None) == (type_ in UNTAGGABLE), type_


def _said_by_the_sdk(type_: str) -> str | None:
    """`user_labels` before `labels`, which configure a notification channel."""
    package, module, name = type_.split(":")
    if package == "mlplatform":
        init: Any = getattr(import_module(f"provider.gcp.{name.lower()}"), name).__init__
    else:
        init = getattr(import_module(f"pulumi_gcp.{module.partition('/')[0]}"), name)._internal_init
    taken = [key for key in ("user_labels", "labels") if key in inspect.signature(init).parameters]
    return _WIRE[taken[0]] if taken else None
