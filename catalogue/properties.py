"""The view through which rules, cost, quotas and facts read a resource's properties.

The name of an accessor says how many values it reads, and what it gives where there is none. `each_…` yields every
element of every list on the path; nothing reads only the first element of a list. What cannot be judged raises: a value
that is not known before `up` raises NotKnown, a secret raises Hidden, and an unknown shape raises Malformed. Whoever
runs the rule makes a finding of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite, nan
from typing import Any, NoReturn, Protocol, cast

from catalogue.documents import NoDocument, parse
from catalogue.marked import DEFAULTS
from catalogue.marks import is_marked, is_unknown

Given = Mapping[str, Any]
MOST = 1e15
"""No number that a cloud reads is larger. A larger one would overflow the arithmetic of a bill."""


class Owner(Protocol):
    """The resource whose properties are read."""

    @property
    def urn(self) -> str:
        """Its URN."""
        ...

    def comes_from_another(self, path: str) -> bool:
        """Whether the value at a path comes from another resource."""
        ...


class Unreadable(Exception):
    """A property that cannot be judged. `path` is its path, and `why` ends a sentence that begins with the path.

    `owner` is its resource. It is None for properties without a resource.
    """

    def __init__(self, path: str, why: str, owner: Owner | None = None) -> None:
        super().__init__(f"{path} {why}" if path else why)
        self.path = path
        self.owner = owner


class NotKnown(Unreadable):
    """The value is known only once the stack is deployed."""


class Hidden(Unreadable):
    """The value is a secret. The graph does not have it."""


class Malformed(Unreadable):
    """The value has a shape that the reader does not know."""


class Properties:
    """The properties of a resource, or a part of them, or of a document in them. Read only.

    Paths are dotted wire names. `*` enters every value of a mapping. `at` is the path of this part in the whole.
    """

    __slots__ = ("at", "owner", "values")

    def __init__(self, values: Given, at: str = "", owner: Owner | None = None) -> None:
        self.values = values
        self.at = at
        self.owner = owner

    # ---- one value ---------------------------------------------------------------------------------------------------

    def value_or_none(self, path: str) -> Any:
        """The one value at the path, or None. Raises Malformed for a list on the path; read that by `each_…`."""
        value: Any = self.values
        parts = path.split(".")
        for depth, part in enumerate(parts):
            if type(value) is not dict:  # most are, and asking whether one is another mapping is dear
                if value is None:
                    return None
                so_far = _join(self.at, ".".join(parts[:depth]))
                if isinstance(value, list):
                    raise Malformed(so_far, "is a list where one value is read", self.owner)
                if not isinstance(value, Mapping):
                    raise Malformed(so_far, f"is {_noun(value)} where {part!r} of it is read", self.owner)
            value = cast(Given, value).get(part)
            if is_marked(value):
                _refuse(self.owner, _join(self.at, ".".join(parts[: depth + 1])), value)
        return value

    def text_or_empty(self, path: str) -> str:
        """The text at the path, or an empty one. A number or a truth value is given as text."""
        value = self.value_or_none(path)
        if type(value) is str:
            return value
        if isinstance(value, list | Mapping):
            raise Malformed(_join(self.at, path), f"is {_noun(value)} where a text is read", self.owner)
        return _text(value)

    def text_if_known(self, path: str) -> str:
        """As `text_or_empty`. It is also empty for an unknown value that comes from another resource."""
        try:
            return self.text_or_empty(path)
        except NotKnown as error:
            if self._awaited(error.path):
                return ""
            raise

    def number_or_none(self, path: str) -> float | None:
        """The number at the path, or None. It may be written as a number or as text."""
        return _number(self.owner, _join(self.at, path), self.value_or_none(path))

    def flag_or_none(self, path: str) -> bool | None:
        """The truth value at the path, or None. `true` and `false` as text count too."""
        value = self.value_or_none(path)
        flag = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
        if flag is None or isinstance(flag, bool):
            return flag
        raise Malformed(_join(self.at, path), f"is {_noun(value)} where true or false is read", self.owner)

    def section_or_empty(self, path: str) -> "Properties":
        """The one mapping at the path as a view, or an empty view."""
        value = self.value_or_none(path)
        if value is not None and not isinstance(value, Mapping):
            raise Malformed(_join(self.at, path), f"is {_noun(value)} where a section is read", self.owner)
        return self._part(cast(Given, value or {}), path)

    def is_given(self, path: str) -> bool:
        """Whether the value at the path is not empty. A value that comes from another resource is not.

        Blank text, False, an empty section, and a list of only such values are empty. 0 is not. Raises Hidden for a
        secret.
        """
        try:
            value = self.value_or_none(path)
        except NotKnown as error:
            if self._awaited(error.path):
                return True
            raise
        return _something(self.owner, _join(self.at, path), value)

    def document_or_empty(self, path: str) -> "Properties":
        """The JSON or YAML document at the path, parsed whole, or an empty one.

        Raises Malformed where it is no document of sections, or names one key twice.
        """
        value = self.value_or_none(path)
        where = _join(self.at, path)
        return self._part(_parsed(self.owner, where, value), path) if value not in (None, "") else self._part({}, path)

    # ---- every value -------------------------------------------------------------------------------------------------

    def each(self, path: str) -> Iterator[Any]:
        """Every value at the path, with lists on the path and at its end gone through. Nothing where there is none."""
        for _, value in _walk(self.owner, self.at, self.values, path.split(".")):
            if value is not None:
                yield value

    def each_text(self, path: str) -> Iterator[str]:
        """Every text at the path. A single text where a list may be counts as a list of one."""
        for where, value in _walk(self.owner, self.at, self.values, path.split(".")):
            if type(value) is str:  # most are, and asking whether one is a mapping is dear
                yield value
                continue
            if isinstance(value, Mapping):
                raise Malformed(where, "is a section where a text is read", self.owner)
            if value is not None:
                yield _text(value)

    def each_number(self, path: str) -> Iterator[float]:
        """Every number at the path."""
        for where, value in _walk(self.owner, self.at, self.values, path.split(".")):
            number = _number(self.owner, where, value)
            if number is not None:
                yield number

    def each_section(self, path: str) -> Iterator["Properties"]:
        """Every mapping at the path, each as a view."""
        for where, value in _walk(self.owner, self.at, self.values, path.split(".")):
            if value is None:
                continue
            if not isinstance(value, Mapping):
                raise Malformed(where, f"is {_noun(value)} where a section is read", self.owner)
            yield Properties(cast(Given, value), where, self.owner)

    def each_text_if_known(self, path: str) -> Iterator[str]:
        """As `each_text`, without unknown values that come from another resource."""
        for where, value in _walk(self.owner, self.at, self.values, path.split("."), waits=False):
            if isinstance(value, Mapping):
                raise Malformed(where, "is a section where a text is read", self.owner)
            if value is not None:
                yield _text(value)

    def is_given_in_each(self, path: str) -> bool:
        """As `is_given`, for every element of every list on the path. An empty list gives nothing."""
        head, _, rest = path.partition(".")
        if not rest:
            return self.is_given(head)
        here: Any = self.values.get(head)
        if isinstance(here, list):
            parts = list(self.each_section(head))
            return bool(parts) and all(part.is_given_in_each(rest) for part in parts)
        if is_unknown(here):
            return self.is_given(head)
        return self.section_or_empty(head).is_given_in_each(rest)

    def sections_inside(self) -> Iterator["Properties"]:
        """This section and every section inside it, at any depth and in any list."""
        yield from _inside(self.at, self.values, self.owner)

    def names(self) -> list[str]:
        """The names of the properties here, without a bridged provider's note of what it filled in."""
        return [key for key, value in self.values.items() if value is not None and key != DEFAULTS]

    def __contains__(self, key: str) -> bool:
        return self.values.get(key) is not None

    def __bool__(self) -> bool:
        return any(key != DEFAULTS for key in self.values)

    def _awaited(self, path: str) -> bool:
        """Whether an unknown value at a path of the whole comes from another resource."""
        return self.owner is not None and self.owner.comes_from_another(path)

    def _part(self, values: Given, path: str) -> "Properties":
        return Properties(values, _join(self.at, path), self.owner)


def _walk(
    owner: Owner | None, where: str, value: Any, parts: Sequence[str], waits: bool = True
) -> Iterator[tuple[str, Any]]:
    """Each value at the end of the path, with its own path. Lists on the path and at its end are gone through.

    Without `waits`, unknown values that come from another resource are left out.
    """
    for depth, part in enumerate(parts):
        if is_marked(value):
            if not waits and is_unknown(value) and owner is not None and owner.comes_from_another(where):
                return
            _refuse(owner, where, value)
        if type(value) is not dict:
            if isinstance(value, list):
                for index, item in enumerate(cast(list[Any], value)):
                    yield from _walk(owner, f"{where}[{index}]", item, parts[depth:], waits)
                return
            if value is None:
                return
            if not isinstance(value, Mapping):
                raise Malformed(where, f"is {_noun(value)} where {part!r} of it is read", owner)
        here = cast(Given, value)
        if part == "*":
            for key, item in here.items():
                yield from _walk(owner, _join(where, key), item, parts[depth + 1 :], waits)
            return
        value = here.get(part)
        where = _join(where, part)
    yield from _ends(owner, where, value, waits)


def _ends(owner: Owner | None, where: str, value: Any, waits: bool) -> Iterator[tuple[str, Any]]:
    """The value at the end of a path, or, where it is a list, each of its elements."""
    if is_marked(value):
        if not waits and is_unknown(value) and owner is not None and owner.comes_from_another(where):
            return
        _refuse(owner, where, value)
    if isinstance(value, list):
        for index, item in enumerate(cast(list[Any], value)):
            yield from _ends(owner, f"{where}[{index}]", item, waits)
    else:
        yield where, value


def _inside(where: str, value: Any, owner: Owner | None) -> Iterator[Properties]:
    if is_marked(value):
        _refuse(owner, where, value)
    if type(value) is str:
        return
    if isinstance(value, Mapping):
        here = cast(Given, value)
        yield Properties(here, where, owner)
        for key, item in here.items():
            yield from _inside(_join(where, key), item, owner)
    elif isinstance(value, list):
        for index, item in enumerate(cast(list[Any], value)):
            yield from _inside(f"{where}[{index}]", item, owner)


def _refuse(owner: Owner | None, where: str, marked: Any) -> NoReturn:
    if is_unknown(marked):
        raise NotKnown(where, "is not known before up", owner)
    raise Hidden(where, "is marked secret, so that nobody can judge it", owner)


def _join(where: str, path: str) -> str:
    return f"{where}.{path}" if where and path else where or path


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _something(owner: Owner | None, where: str, value: Any) -> bool:
    """Whether a value is not empty. Raises Hidden for a secret inside it."""
    if is_unknown(value):
        return owner is not None and owner.comes_from_another(where)
    if is_marked(value):
        _refuse(owner, where, value)
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, list):
        found = [_something(owner, f"{where}[{index}]", item) for index, item in enumerate(cast(list[Any], value))]
        return any(found)  # look at every element, for a secret may stand behind a text
    if isinstance(value, Mapping):
        return len(cast(Given, value)) > 0 or where.endswith(
            "]"
        )  # an empty section is empty, but in a list it counts as an element
    return value is not None and value is not False


def _number(owner: Owner | None, where: str, value: Any) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = nan
        # "nan" and "inf" would pass every comparison with a bound, and no cloud counts this far.
        if isfinite(number) and abs(number) < MOST:
            return value if isinstance(value, int) else number
    raise Malformed(where, f"is {_noun(value)} where a number is read", owner)


def _noun(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Mapping):
        return "a section"
    return "a text" if isinstance(value, str) else "a number"


def _parsed(owner: Owner | None, where: str, value: Any) -> Given:
    """The document. A mapping is taken as it is, and a text is parsed whole."""
    if isinstance(value, Mapping):
        return cast(Given, value)
    if not isinstance(value, str):
        raise Malformed(where, f"is {_noun(value)} where a document is read", owner)
    try:
        return parse(value)
    except NoDocument as error:
        raise Malformed(where, str(error), owner) from None
