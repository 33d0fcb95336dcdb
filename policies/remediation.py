"""Gives a resource the tags that it lacks, on the engine, where a config asks for it. Never over a value that is there.

`pulumi up --policy-pack-config` asks for it with the level `remediate`, for each platform: a policy whose name ends in
`-tags-given`. In a stack of this program the values are those of its stack file and landing zone, in any other
those of the config, which hold first. What is asked for and would not be legal is left out: `cost-tags` then finds it.
https://www.pulumi.com/docs/insights/policy/policy-packs/authoring/#remediation-policies
"""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from pulumi_policy.proxy import UnknownValueError

from catalogue import landing_zones
from catalogue.kind import At
from catalogue.kinds import kind_of
from catalogue.landing_zones import OUR_TAGS
from catalogue.marks import is_unknown
from catalogue.placement import Placement
from catalogue.platforms import PLATFORMS, platform_of

NAME = "tags-given"
_OF_PROVIDER: Mapping[str, tuple[str, ...]] = {"aws": ("defaultTags", "tags"), "gcp": ("defaultLabels",), "azure": ()}
"""Where a provider has tags of its own for all that it makes; one on a resource would go over it.

https://www.pulumi.com/registry/packages/aws/api-docs/provider/#default_tags_nodejs and
https://www.pulumi.com/registry/packages/gcp/api-docs/provider/#default_labels_nodejs
"""


def schema(platform: str) -> dict[str, dict[str, Any]]:
    """What the config may say beside the level, as JSON Schema: the engine refuses the rest."""
    form = {"type": "string", "pattern": f"^(?:{PLATFORMS[platform].tag_value})$"}
    noun = PLATFORMS[platform].tag
    says = f"The {noun}s that everything is to carry, by key. One that a resource has already is left as it is."
    return {"tags": {"type": "object", "description": says, "additionalProperties": form, "default": {}}}


def of_stack_file(platform: str, stack: str, words: Mapping[str, str], place: Placement) -> dict[str, str]:
    """The tags of a stack of this program, as `stacks/site.py` makes them from the words of its stack file."""
    zone = landing_zones.load()[place.landing_zone] if place.landing_zone else None
    said = {
        "platform": platform,
        "stack": f"{zone.name_prefix if zone else ''}{stack}",
        "cost-center": words.get("cost_center", ""),
        **{key: words.get(key, "") for key in ("team", "environment", "owner")},
    }
    # As components/gcp/names.py writes what people write freely.
    if platform == "gcp":
        said = {key: re.sub(r"[^a-z0-9_-]", "_", text.lower())[:63] for key, text in said.items()}
    return {**(zone.extra_tags if zone else {}), **{key: said[key] for key in OUR_TAGS}}


def mended(
    platform: str, type_: str, inputs: Mapping[str, Any], wanted: Mapping[str, str], provider: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The inputs with the wanted tags that neither they nor the provider have. None where nothing is to be done.

    A resource that takes no tags is left alone, and so is one whose tags are no mapping: nobody knows what it has.
    Raises UnknownValueError where they are not known before `up`.
    """
    kind = kind_of(type_)
    if kind is None or platform_of(type_) != platform or not isinstance(kind.tags, At):
        return None
    copy: dict[str, Any] = dict(_bare(inputs))
    holder = copy
    *above, last = kind.tags.path.split(".")
    for key in above:
        if not isinstance(holder.get(key), Mapping):
            return None
        below: dict[str, Any] = dict(_bare(holder[key]))
        holder[key] = below
        holder = below
    has: object = holder.get(last)
    if is_unknown(has):
        raise UnknownValueError(cast(str, has), [kind.tags.path])
    if has is not None and not isinstance(has, Mapping):
        return None
    carried = dict(_bare(cast("Mapping[str, Any]", has or {})))
    # Azure does not tell the case of a key; on the others two keys that differ in case alone would be one mistake.
    there = {name.casefold() for name in (*carried, *_of_provider(platform, provider))}
    legal = PLATFORMS[platform].tag_value
    given = {tag: text for tag, text in wanted.items() if tag.casefold() not in there and re.fullmatch(legal, text)}
    if not given:
        return None
    holder[last] = {**carried, **given}
    return copy


def _bare(proxy: Mapping[str, Any]) -> Mapping[str, Any]:
    """What pulumi_policy's proxy holds. The proxy itself gives secrets in clear, and they would be written so."""
    return proxy if isinstance(proxy, dict) else proxy["__target"]


def _of_provider(platform: str, provider: Mapping[str, Any]) -> Mapping[str, Any]:
    """The tags that the provider gives to all that it makes."""
    found: object = provider if _OF_PROVIDER[platform] else {}
    for key in _OF_PROVIDER[platform]:
        found = cast("Mapping[str, Any]", found).get(key)
        if isinstance(found, str):  # the engine has what is nested in a provider's inputs as JSON
            found = json.loads(found)
        if not isinstance(found, Mapping):
            return {}
    return cast("Mapping[str, Any]", found)
