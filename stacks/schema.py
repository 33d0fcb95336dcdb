"""The JSON Schema of stack files: an editor that reads it completes and checks what is written."""

from typing import Any

from catalogue.hardware import catalogue
from catalogue.platforms import PLATFORMS
from stacks.config import OF_PULUMI, TOP_LEVEL
from stacks.fields import MACHINE_TYPES
from stacks.model import NAMESPACE
from stacks.sections import refusal, sections, stack_model


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a whole stack file, for editors: the stack files name it in a modeline."""
    schema = stack_model().model_json_schema()
    properties = {f"{NAMESPACE}:{name}": value for name, value in schema.pop("properties").items()}
    required = [f"{NAMESPACE}:{name}" for name in schema.pop("required")]
    for value in properties.values():  # pydantic gives the pattern of the names, and leaves open what is in none
        if "patternProperties" in value:
            value["additionalProperties"] = False
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mlplatform stack file",
        "type": "object",
        "required": ["config"],
        "additionalProperties": False,
        "properties": {
            "config": {
                "type": "object",
                "description": schema["description"],
                "required": required,
                "additionalProperties": False,
                "properties": properties,
                "patternProperties": {f"^({'|'.join(OF_PULUMI)})$": {}},
                "if": {"not": {"required": [f"{NAMESPACE}:landing_zone"]}},  # which may give the network
                "then": {
                    "required": [f"{NAMESPACE}:network"],
                    "properties": {f"{NAMESPACE}:network": {"required": ["cidr"]}},
                },
                "allOf": [
                    *(
                        {
                            "if": {"properties": {f"{NAMESPACE}:platform": {"const": platform}}},
                            "then": {"properties": _own_schema(platform)},
                        }
                        for platform in PLATFORMS
                    ),
                ],
            },
            **{key: {} for key in TOP_LEVEL if key != "config"},
        },
        "$defs": {**schema["$defs"], **{name: _machine_types(platform) for platform, name in MACHINE_TYPES.items()}},
    }


def _machine_types(platform: str) -> dict[str, Any]:
    known = catalogue.load(platform)
    types = known.machine_types.items()
    return {"enum": [name for name, one in types if one.retires is None or one.retires > known.dated]}


def _own_schema(platform: str) -> dict[str, Any]:
    """What the schema says beside, where the platform is this one."""
    own: dict[str, Any] = {
        f"{NAMESPACE}:account": {"pattern": f"^({PLATFORMS[platform].account.pattern})$"},
        f"{NAMESPACE}:region": {"enum": catalogue.region_names(platform)},
    }
    for name, section in sections().items():
        said = [section.own_schema(platform)]
        if section.kinds:
            kinds = [kind for kind in section.kinds if not section.refused_kind(kind, platform)]
            said.append({"additionalProperties": {"properties": {"kind": {"enum": kinds}}}})
        said = [part for part in said if part]
        if refusal(section, platform):
            own[f"{NAMESPACE}:{name}"] = False
        elif said:
            own[f"{NAMESPACE}:{name}"] = said[0] if len(said) == 1 else {"allOf": said}
    return own
