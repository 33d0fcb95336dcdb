"""How rules read Azure's resources: what comes before what, and what is said where much is unknown before `up`."""

from collections.abc import Iterable, Mapping
from typing import Any

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from policies.rule import get


def not_before(resource: PolicyResource, wanted: Iterable[PolicyResource]) -> list[PolicyResource]:
    """Those of `wanted` that the resource does not wait for, directly or through what it depends on."""
    missing = {item.urn: item for item in wanted}
    missing.pop(resource.urn, None)
    seen, waiting = {resource.urn}, list(resource.dependencies)
    while waiting and missing:
        item = waiting.pop()
        if item.urn not in seen:
            seen.add(item.urn)
            missing.pop(item.urn, None)
            waiting.extend(item.dependencies)
    return list(missing.values())


def said(props: Mapping[str, Any], path: str) -> Any:
    """What stands at a dotted path; None where nothing does or it is not known before `up`.

    For what must not be there: azure-native answers a preview with every property that was left out as unknown.
    """
    try:
        return get(props, path)
    except UnknownValueError:
        return None


def texts(props: Mapping[str, Any], key: str) -> list[str]:
    """The texts that a property is or lists; none where one of them is not known before `up`."""
    try:
        value = props.get(key)
        return [value] if isinstance(value, str) else [str(item) for item in value or ()]
    except UnknownValueError:
        return []
