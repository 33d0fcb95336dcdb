"""What changed since an earlier verdict on the same stack: resources, findings, idle floor and ceiling."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal, TypeGuard, cast, get_args

from pydantic import BaseModel, ConfigDict

from catalogue.marks import is_secret, is_unknown
from operations import words
from operations.verdict import ChangedFinding, ChangedProperty, ChangedResource, Changes, Finding, Standing, Verdict

_ABSENT = object()
_Key = tuple[str, str | None, str]
_LONGEST_VALUE = 60


class _Read(BaseModel):
    # A verdict of an older version has other fields too. These few are all that is compared.
    model_config = ConfigDict(extra="ignore", frozen=True)


class _FindingBefore(_Read):
    rule: str
    mandatory: bool
    resource: str | None
    message: str
    waived: Mapping[str, Any] | None = None
    excepted: Mapping[str, Any] | None = None

    @property
    def standing(self) -> Standing:
        """What the finding was then."""
        if self.excepted is not None:
            return "excepted"
        if self.waived is not None:
            return "waived"
        return "fails" if self.mandatory else "advisory"


class _CostBefore(_Read):
    idle_usd: float
    ceiling_usd: float


class VerdictBefore(_Read):
    """What is compared of an earlier `report.json`. Pydantic raises ValidationError where a field is missing."""

    stack: str
    passed: bool
    findings: list[_FindingBefore]
    cost: _CostBefore


@dataclass(frozen=True)
class Earlier:
    """An earlier verdict and its graph, as `mlplatform graph` prints it. `since` says which one it is.

    Both are None where the stack did not exist then.
    """

    since: str
    verdict: VerdictBefore | None
    graph: Mapping[str, Any] | None


def changes(earlier: Earlier, verdict: Verdict, graph: Mapping[str, Any]) -> Changes:
    """Compare a verdict and its graph with an earlier one. A resource is the same one where its URN is the same."""
    before = earlier.verdict
    return Changes(
        since=earlier.since,
        passed_before=before.passed if before else None,
        idle_usd_before=before.cost.idle_usd if before else 0,
        ceiling_usd_before=before.cost.ceiling_usd if before else 0,
        resources=list(_resources(earlier.graph or {}, graph)),
        findings=list(_findings(before.findings if before else [], verdict.findings)),
    )


# ---- findings -------------------------------------------------------------------------------------------------------


def _findings(before: Sequence[_FindingBefore], after: Sequence[Finding]) -> Iterator[ChangedFinding]:
    """The findings that came, went or stand otherwise, the failing ones first."""
    old: dict[_Key, Standing] = {(f.rule, f.resource, f.message): f.standing for f in before}
    new: dict[_Key, Standing] = {(f.rule, f.resource, f.message): words.standing(f) for f in after}
    changed = [
        ChangedFinding(rule=key[0], resource=key[1], message=key[2], before=old.get(key), after=new.get(key))
        for key in {**new, **old}
        if old.get(key) != new.get(key)
    ]
    order = (*get_args(Standing), None)
    yield from sorted(changed, key=lambda f: (order.index(f.after), f.rule, f.resource or "", f.message))


# ---- resources ------------------------------------------------------------------------------------------------------


def _resources(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ChangedResource]:
    old, new = _by_urn(before), _by_urn(after)
    for urn in sorted({*old, *new}, key=lambda urn: (_ORDER.index(_how(urn, old, new)), urn)):
        how = _how(urn, old, new)
        resource = new.get(urn) or old[urn]
        properties = list(_properties(old[urn], resource)) if how == "changed" else []
        if how != "changed" or properties:
            yield ChangedResource(
                urn=urn, resource=resource["name"], type=resource["type"], how=how, properties=properties
            )


_ORDER: tuple[Literal["gone", "changed", "new"], ...] = ("gone", "changed", "new")


def _how(urn: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Literal["gone", "changed", "new"]:
    if urn not in new:
        return "gone"
    return "changed" if urn in old else "new"


def _by_urn(graph: Mapping[str, Any]) -> dict[str, Any]:
    """The graph's resources by URN. Components and providers are nothing in the cloud."""
    return {
        resource["urn"]: resource
        for resource in graph.get("resources", ())
        if resource["custom"] and not resource["type"].startswith("pulumi:providers:")
    }


def _properties(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ChangedProperty]:
    """The inputs that differ, and whether the resource is protected. What Pulumi ignores is no change."""
    ignored = {str(path).partition(".")[0] for path in after["options"].get("ignoreChanges") or ()}
    if before["protect"] != after["protect"]:
        yield ChangedProperty(path="protect", before=_said(before["protect"]), after=_said(after["protect"]))
    for key in sorted({*before["inputs"], *after["inputs"]} - ignored):
        yield from differences(key, before["inputs"], after["inputs"])


def differences(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ChangedProperty]:
    """What differs under one key of two mappings of inputs, each property by its path."""
    yield from _differences(key, before.get(key, _ABSENT), after.get(key, _ABSENT))


def _differences(path: str, before: Any, after: Any) -> Iterator[ChangedProperty]:
    if _is_tree(before) and _is_tree(after):
        for key in sorted({*before, *after}):
            yield from _differences(f"{path}.{key}", before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        pairs = zip_longest(cast(list[Any], before), cast(list[Any], after), fillvalue=_ABSENT)
        for index, (old, new) in enumerate(pairs):
            yield from _differences(f"{path}[{index}]", old, new)
    elif before == after and isinstance(before, bool) == isinstance(after, bool):  # to Python, False is 0
        return
    elif (documents := _documents(before, after)) is not None:
        yield from _differences(path, *documents)
    else:
        yield ChangedProperty(path=path, before=_said(before), after=_said(after))


def _is_tree(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict) and not is_secret(cast(object, value))


def _documents(before: Any, after: Any) -> tuple[Any, Any] | None:
    """Both values parsed, where each is the text of a JSON document such as a policy."""
    if not (isinstance(before, str) and isinstance(after, str) and before[:1] in "{[" and after[:1] in "{["):
        return None
    try:
        return json.loads(before), json.loads(after)
    except ValueError:
        return None


def _said(value: Any) -> str | None:
    """A value in short. None where there is none."""
    if value is _ABSENT:
        return None
    if is_secret(value):
        return "a secret"
    if is_unknown(value):
        return "not known yet"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
