"""What is sound of a stack file that has mistakes, so that the checks of its sections find the other ones as well."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from stacks.fields import Some, Unsaid
from stacks.model import Path, Section, StackConfig
from stacks.problems import Places, bare
from stacks.sections import stack_model


@dataclass(frozen=True)
class Sound:
    """The sound part of a stack file. What is wrong raises Unsaid where a check asks for it."""

    config: StackConfig
    wrong: Places

    def parts(self, section: Section[Any]) -> list[StackConfig]:
        """The config for each run of a section's check: its whole items together, and each of the others alone."""
        items: object = section.of(self.config)
        if not isinstance(items, Mapping):
            return [self.config]
        broken = {path[1] for path in self.wrong.at if path[:1] == (section.name,) and len(path) > 1}
        whole = {name: item for name, item in cast(Mapping[str, Any], items).items() if name not in broken}
        alone = [{name: item} for name, item in cast(Mapping[str, Any], items).items() if name in broken]
        groups = [whole] if not broken else [Some(group) for group in (whole, *alone)]
        return [self.config.model_copy(update={section.name: group}) for group in groups]


def sound(values: Mapping[str, Any], wrong: Places) -> Sound:
    """The sound part of the values that stand under `mlplatform:`; `wrong` are the places of the model's mistakes."""
    return Sound(cast(StackConfig, _model(stack_model(), values, (), wrong)), wrong)


def _read(type_: Any, value: Any, path: Path, wrong: Places) -> Any:
    if path in wrong.at:
        raise Unsaid(path)
    if not any(at[: len(path)] == path for at in wrong.at):
        try:
            return _reader(type_).validate_python(value)
        except ValidationError:  # pydantic's path has a key that is no text otherwise than the file
            raise Unsaid(path) from None
    here, kinds = bare(type_)
    if kinds:
        here = kinds[value["kind"]]
    if isinstance(here, type) and issubclass(here, BaseModel):
        return _model(here, value, path, wrong)
    if get_origin(here) is dict:
        return _items(get_args(here)[-1], value, path, wrong)
    raise Unsaid(path)  # a list is read by position: with one item wrong, nothing is known of the rest


@cache
def _reader(type_: Any) -> TypeAdapter[Any]:
    """What reads a type: making it takes longer than a whole file takes to be read."""
    return TypeAdapter(type_)


def _model(model: type[BaseModel], value: Mapping[str, Any], path: Path, wrong: Places) -> BaseModel:
    read: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        try:
            if name in value:
                read[name] = _read(field.annotation, value[name], (*path, name), wrong)
        except Unsaid:
            pass
    built = model.model_construct(_fields_set=set(read), **read)
    for name in model.model_fields:
        if name not in read and (name in value or (*path, name) in wrong.at):
            vars(built).pop(name, None)  # its default is not what the file means
    return built


def _items(type_: Any, value: Mapping[str, Any], path: Path, wrong: Places) -> Mapping[str, Any]:
    read: dict[str, Any] = {}
    for name, item in value.items():
        try:
            read[name] = _read(type_, item, (*path, name), wrong)
        except Unsaid:
            here, kinds = bare(type_)
            if not kinds and not (isinstance(here, type) and issubclass(here, BaseModel)):
                raise  # a check reads such an item as it is
            read[name] = _Unreadable()
    return _Misnamed(read) if any(key[:-1] == path for key in wrong.keys) else read


class _Misnamed(dict[str, Any]):
    """Items of which one has a name that is none: which of them another section means cannot be told."""

    def __contains__(self, name: object) -> bool:
        if not super().__contains__(name):
            raise Unsaid(name)
        return True


class _Unreadable:
    """An item that is wrong as a whole."""

    def __getattr__(self, name: str) -> Any:
        raise Unsaid(name)
