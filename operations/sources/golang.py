"""Reads the Go source of a package as far as schemas need it: declarations, composite literals, calls.

It takes the source as `gofmt` lays it out. A folder holds files of Go (`.go`), or one declaration a file (`.goindex`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

_OPEN, _CLOSE = "([{", ")]}"
_QUOTED = re.compile(r'"(?:\\.|[^"\\\n])*"|`[^`]*`|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
_FUNCTION = re.compile(r"^func (?:\(\w* ?\*?(\w+)\) )?(\w+)\(.*?^}", re.MULTILINE | re.DOTALL)
_TYPE = re.compile(r"^type (\w+) struct {(.*?)^}", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"^(?:var )?\t?(\w+)(?: +[^=\n]+)? += +(?=\S)", re.MULTILINE)
_IMPORT = re.compile(r'^\s+(?:(\w+) )?"([\w./-]+)"$', re.MULTILINE)


class Unread(Exception):
    """A part of the source that this reader does not understand: `str()` says which."""


def without_comments(text: str) -> str:
    """The source without comments, strings left as they are."""
    return _QUOTED.sub(lambda found: "" if found[0].startswith(("//", "/*")) else found[0], text)


def end_of(text: str, start: int) -> int:
    """The index after the bracket that closes the one at `start`."""
    depth, at = 0, start
    while at < len(text):
        quoted = _QUOTED.match(text, at)
        if quoted:
            at = quoted.end()
            continue
        depth += (text[at] in _OPEN) - (text[at] in _CLOSE)
        at += 1
        if depth == 0:
            return at
    raise Unread(f"a bracket that nothing closes: {text[start : start + 40]!r}")


def parts(text: str) -> Iterator[str]:
    """The elements of a literal's or a call's inside, which commas separate."""
    begin = at = 0
    while at < len(text):
        quoted = _QUOTED.match(text, at)
        if quoted:
            at = quoted.end()
        elif text[at] in _OPEN:
            at = end_of(text, at)
        else:
            if text[at] == ",":
                yield text[begin:at].strip()
                begin = at + 1
            at += 1
    if text[begin:].strip():
        yield text[begin:].strip()


def inside(text: str) -> str:
    """What stands between the first opening bracket that is no type's, and the one that closes it."""
    start = text.index("{") if not re.match(r"[\w.&*]*\(", text) else text.index("(")
    return text[start + 1 : end_of(text, start) - 1]


def pairs(literal: str) -> Iterator[tuple[str, str]]:
    """Key and value of each element of a composite literal; those without a key are left out."""
    for part in parts(inside(literal)):
        found = re.match(r'("[^"]*"|[\w.]+):\s*', part)
        if found:
            yield found[1], part[found.end() :]


@dataclass
class Package:
    """The declarations of one folder. `imports` are the paths by local name, of all files."""

    folder: Path
    functions: dict[str, str] = field(default_factory=dict[str, str])
    methods: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    structs: dict[str, str] = field(default_factory=dict[str, str])
    variables: dict[str, str] = field(default_factory=dict[str, str])
    imports: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def returned(self, function: str) -> str:
        """What a function returns at its end: the expression itself, where it returns a name. Raises Unread."""
        body = function[function.index("{\n") + 1 :] if "{\n" in function else function
        indents = [len(one[1]) for one in re.finditer(r"^(\t+)return ", body, re.MULTILINE)]
        if not indents:
            raise Unread(f"a function that returns nothing: {function[:60]!r}")
        *_, last = re.finditer(rf"^\t{{{min(indents)}}}return ", body, re.MULTILINE)
        expression = expression_at(body, last.end())
        name = re.fullmatch(r"&?(\w+)(, nil)?", expression)
        given = name and re.search(rf"^\t+(?:var )?{name[1]} :?= ", body, re.MULTILINE)
        if given:
            return expression_at(body, given.end())
        held = re.search(r"\bSchema: +(\w+),", expression)
        local = re.search(rf"^\t{held[1]} :?= ", body, re.MULTILINE) if held else None
        if held is None or local is None:
            return expression
        return expression.replace(held[0], f"Schema: {expression_at(body, local.end())},")


@cache
def package(folder: Path) -> Package:
    """The package that a folder holds, tests left out. Raises Unread where there is none."""
    files = [path for path in sorted(folder.glob("*.go*")) if not path.name.endswith("_test.go")]
    if not files:
        raise Unread(f"{folder} holds no Go source; name the root of the provider's repository")
    found = Package(folder)
    for path in files:
        text = without_comments(path.read_text(encoding="utf-8"))
        for of, name, body in ((one[1], one[2], one[0]) for one in _FUNCTION.finditer(text)):
            if of:
                found.methods[of, name] = body
            else:
                found.functions[name] = body
        found.structs |= {one[1]: one[2] for one in _TYPE.finditer(text)}
        outside = _FUNCTION.sub("", text)
        for one in _VARIABLE.finditer(outside):
            found.variables[one[1]] = expression_at(outside, one.end())
        for alias, address in _IMPORT.findall(text):
            found.imports.setdefault(alias or address.rpartition("/")[2], set()).add(address)
    return found


def expression_at(text: str, start: int) -> str:
    """The expression at `start`, to the end of its last line."""
    at = start
    while at < len(text) and text[at] != "\n":
        quoted = _QUOTED.match(text, at)
        at = quoted.end() if quoted else end_of(text, at) if text[at] in _OPEN else at + 1
    return text[start:at]
