"""The result of a rendering: the document for Checkov, the resources of its addresses, and those left out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Json: TypeAlias = Any
Resource: TypeAlias = Mapping[str, Any]

# Checkov's names of the two languages.
Framework: TypeAlias = Literal["terraform_plan", "arm"]

_OURS = "mlplatform:"


@dataclass(frozen=True)
class Unrendered:
    """A resource that is not in the document, and why."""

    urn: str
    type: str
    reason: str


@dataclass(frozen=True)
class Rendered:
    """A document in the language of `framework`, and the URN behind each address in it.

    `unrendered` are resources that Checkov does not see, although it may have rules for them. `own` are resources of
    our own provider. Only our policies judge those, for no other tool knows them.
    """

    framework: Framework
    document: dict[str, Json]
    addresses: dict[str, str]
    unrendered: list[Unrendered]
    own: list[Unrendered]


def cloud_resources(resources: Iterable[Resource], own: list[Unrendered]) -> Iterator[Resource]:
    """The resources to render: no components, no providers. Those of our own provider go into `own` instead."""
    for resource in resources:
        urn, token = resource["urn"], resource["type"]
        if not resource["custom"] or token.startswith("pulumi:"):
            continue
        if token.startswith(_OURS):
            own.append(Unrendered(urn, token, f"{token} is of our own provider, so our policies alone judge it"))
        else:
            yield resource
