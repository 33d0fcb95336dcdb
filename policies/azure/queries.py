"""Reads a query of the logs, and runs it on rows that are given, so that an alarm is judged by what makes it ring.

It knows the part of the Kusto query language that alarms are written in: tables, `union`, `datatable`, `where`,
`extend`, `project`, `summarize`, `count` and `take`, with the functions and comparisons below. Anything else raises
Unread: what nobody reads, nobody can call an alarm. https://learn.microsoft.com/en-us/kusto/query/
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, cast

Row = Mapping[str, Any]
DAY = 24 * 60
"""Times are minutes before or after now, and spans are minutes."""


class Unread(Exception):
    """What a query says and this reader does not know; the end of a sentence."""


TABLES: Mapping[str, frozenset[str]] = {
    "AmlOnlineEndpointTrafficLog": frozenset(
        ("TimeGenerated", "EndpointName", "DeploymentName", "ResponseCode", "ModelStatusCode", "_ResourceId")
    ),
    "AmlOnlineEndpointEventLog": frozenset(("TimeGenerated", "_ResourceId")),
    "AmlComputeJobEvent": frozenset(
        ("TimeGenerated", "ExperimentName", "ClusterName", "JobId", "EventType", "_ResourceId")
    ),
}
"""The columns that alarms ask for: https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables-index"""


@dataclass(frozen=True)
class _Said:
    """An expression: its columns, whether it counts rows, and its value in a row, or of many where it counts."""

    columns: frozenset[str]
    value: Callable[[Row, Sequence[Row]], Any]
    counts: bool = False
    never: bool = False
    """Whether it is false whatever the rows say."""


_Step = Callable[[Sequence[Row]], list[Row]]


@dataclass(frozen=True)
class Query:
    """A query that was read. `never` are its parts that let no row through, and `texts` those it has in quotes.

    `bare` are the tables without which it fails: those in no fuzzy union with a table that is written out.
    """

    texts: tuple[str, ...]
    never: tuple[str, ...]
    bare: tuple[str, ...]
    _run: Callable[[Mapping[str, Sequence[Row]]], list[Row]]

    def rows(self, tables: Mapping[str, Sequence[Row]]) -> list[Row]:
        """What it answers where the tables have these rows, and any other table none. Raises Unread."""
        try:
            return self._run(tables)
        except TypeError:
            raise Unread("compares or counts what is neither number nor text") from None


_TOKEN = re.compile(
    r"\s*(?://[^\n]*\n\s*)*(?:(?P<text>'[^'\\]*'|\"[^\"\\]*\")|(?P<span>\d+(?:\.\d+)?(?:d|h|m|s)\b)|"
    r"(?P<number>\d+(?:\.\d+)?\b)|(?P<word>!?[A-Za-z_]\w*~?)|(?P<sign>[=!<>]=|=~|!~|[-+*/%=<>|(),:\[\]]))"
)
_MINUTES = {"d": DAY, "h": 60, "m": 1, "s": 1 / 60}


@lru_cache(maxsize=4096)
def read(text: str) -> Query:
    """The query of a text. Raises Unread."""
    reader = _Reader(text)
    try:
        _, run = reader.pipeline()
    except (TypeError, RecursionError):
        raise Unread("compares what is neither number nor text, or is too deep") from None
    if reader.at < len(reader.tokens):
        raise Unread(f"has {reader.tokens[reader.at][1]!r} where it should end")
    return Query(tuple(reader.texts), tuple(reader.never), tuple(reader.bare), run)


@dataclass
class _Reader:
    said: str
    at: int = 0
    tokens: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    texts: list[str] = field(default_factory=list[str])
    never: list[str] = field(default_factory=list[str])
    bare: list[str] = field(default_factory=list[str])
    written: int = 0

    def __post_init__(self) -> None:
        text, end = self.said.strip(), 0
        while end < len(text):
            found = _TOKEN.match(text, end)
            if found is None or found.lastgroup is None:
                raise Unread(f"has {text[end : end + 20]!r}, which is not read here")
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            end = found.end()

    # ---- what stands between the bars --------------------------------------------------------------------------------

    def pipeline(self) -> "tuple[frozenset[str], Callable[[Mapping[str, Sequence[Row]]], list[Row]]]":
        """A source and what its rows go through: the columns that come out, and the function that does it."""
        columns, source = self._source()
        steps: list[_Step] = []
        while self._skips("|"):
            columns, step = self._operator(columns)
            steps.append(step)

        def run(tables: Mapping[str, Sequence[Row]]) -> list[Row]:
            rows = source(tables)
            for step in steps:
                rows = step(rows)
            return rows

        return columns, run

    def _source(self) -> "tuple[frozenset[str], Callable[[Mapping[str, Sequence[Row]]], list[Row]]]":
        if self._skips("("):
            inner = self.pipeline()
            self._must(")")
            return inner
        name = self._word()
        if name == "datatable":
            self._must("(")
            columns = [self._column()]
            while self._skips(","):
                columns.append(self._column())
            for sign in ")[]":
                self._must(sign)
            self.written += 1
            return frozenset(columns), lambda _: []
        if name == "union":
            fuzzy, bare, written = False, len(self.bare), self.written
            if self._skips("isfuzzy"):
                self._must("=")
                fuzzy = self._word() == "true"
            parts = [self._source()]
            while self._skips(","):
                parts.append(self._source())
            if fuzzy and self.written > written:
                del self.bare[bare:]
            every = frozenset[str]().union(*(columns for columns, _ in parts))
            empty: Row = dict.fromkeys(every)
            return every, lambda tables: [{**empty, **row} for _, part in parts for row in part(tables)]
        if name not in TABLES:
            raise Unread(f"asks the table {name}, which is not read here")
        self.bare.append(name)
        return TABLES[name], lambda tables: [*tables.get(name, ())]

    def _column(self) -> str:
        name = self._word()
        self._must(":")
        self._word()
        return name

    def _operator(self, columns: frozenset[str]) -> tuple[frozenset[str], _Step]:
        name = self._word()
        if name in ("where", "filter"):
            begin = self.at
            said = self._of(columns)
            if said.never:
                self._not_ever(name, begin)
            return columns, lambda rows: [row for row in rows if said.value(row, ())]
        if name in ("take", "limit"):
            most = self._next("number")
            if float(most) > 0:  # https://learn.microsoft.com/en-us/kusto/query/take-operator
                raise Unread(f"takes {most} of the rows, and nobody knows which")
            self.never.append(f"{name} {most}")
            return columns, lambda _: []
        if name == "count":
            return frozenset(("Count",)), lambda rows: [{"Count": len(rows)}]
        if name in ("project", "extend"):
            made = self._named(columns)
            kept = name == "extend"
            after = columns.union(made) if kept else frozenset(made)
            return after, lambda rows: [
                {**(row if kept else {}), **{key: one.value(row, ()) for key, one in made.items()}} for row in rows
            ]
        if name == "summarize":
            made = {} if self._sees("by") else self._named(columns, counted=True)
            by = self._named(columns) if self._skips("by") else {}
            return frozenset((*made, *by)), lambda rows: _summarized(rows, made, by)
        raise Unread(f"has the operator {name}, which is not read here")

    def _named(self, columns: frozenset[str], counted: bool = False) -> dict[str, _Said]:
        """Columns with what they are made of, each under its name, or under the one that Kusto gives it."""
        made: dict[str, _Said] = {}
        while True:
            begin = self.at
            named = self._sees("=", 1)
            name = self._word() if named else self._given_name(begin)
            if named:
                self._must("=")
            said = self._of(columns, counted)
            if counted and not said.counts:
                raise Unread(f"summarizes {name}, which counts nothing")
            made[name] = said
            if not self._skips(","):
                return made

    def _given_name(self, begin: int) -> str:
        kind, text = self.tokens[begin] if begin < len(self.tokens) else ("", "")
        if text in ("count", "countif") and self._sees("(", 1):
            return f"{text}_"
        if text == "bin" and begin + 2 < len(self.tokens):
            return self.tokens[begin + 2][1]
        if kind != "word" or self._sees("(", 1):
            raise Unread(f"gives no name to {text or 'a column'}")
        return text

    def _not_ever(self, name: str, begin: int) -> None:
        self.never.append(" ".join((name, *(text for _, text in self.tokens[begin : self.at]))))

    # ---- expressions -------------------------------------------------------------------------------------------------

    def _of(self, columns: frozenset[str], counted: bool = False) -> _Said:
        said = self._either()
        if unknown := sorted(said.columns - columns):
            raise Unread(f"asks for {', '.join(unknown)}, which is no column that is known there")
        if said.counts and not counted:
            raise Unread("counts rows outside of summarize")
        return said

    def _either(self) -> _Said:
        said = self._both()
        while self._skips("or"):
            one, other = said, self._both()
            said = _joined((one, other), _or, never=one.never and other.never)
        return said

    def _both(self) -> _Said:
        said = self._compared()
        while self._skips("and"):
            one, other = said, self._compared()
            said = _joined((one, other), _and, never=one.never or other.never)
        return said

    def _compared(self) -> _Said:
        said = self._sum()
        _, sign = self._here()
        if sign in _AMONG:
            self.at += 1
            self._must("(")
            among = [said, self._sum()]
            while self._skips(","):
                among.append(self._sum())
            self._must(")")
            return _joined(among, partial(_among, _AMONG[sign]))
        if sign in _COMPARES:
            self.at += 1
            return _joined((said, self._sum()), partial(_compares, sign))
        return said

    def _sum(self) -> _Said:
        said = self._product()
        while (sign := self._here()[1]) in ("+", "-"):
            self.at += 1
            said = _joined((said, self._product()), _ARITHMETIC[sign])
        return said

    def _product(self) -> _Said:
        said = self._one()
        while (sign := self._here()[1]) in ("*", "/"):
            self.at += 1
            said = _joined((said, self._one()), _ARITHMETIC[sign])
        return said

    def _one(self) -> _Said:
        if self._skips("("):
            said = self._either()
            self._must(")")
            return said
        if self._skips("-"):
            return _joined((_constant(0), self._one()), _ARITHMETIC["-"])
        kind, text = self._here()
        self.at += 1
        if kind == "text":
            self.texts.append(text[1:-1])
            return _constant(text[1:-1])
        if kind == "number":
            return _constant(float(text))
        if kind == "span":
            return _constant(float(text[:-1]) * _MINUTES[text[-1]])
        if kind != "word":
            raise Unread(f"has {text!r} where a value is read" if text else "ends where a value is read")
        if text in ("true", "false"):
            return _constant(text == "true")
        return self._call(text) if self._skips("(") else _Said(frozenset((text,)), lambda row, _: row[text])

    def _call(self, name: str) -> _Said:
        given: list[_Said] = []
        while not self._skips(")"):
            if given:
                self._must(",")
            given.append(self._either())
        columns = frozenset[str]().union(*(one.columns for one in given))
        if (count := _COUNTS.get((name, len(given)))) is not None:
            return _Said(
                columns, lambda _, rows: count([[one.value(row, ()) for one in given] for row in rows]), counts=True
            )
        if name == "case" and len(given) > 2 and len(given) % 2:
            return _joined(given, _case)
        if (make := _FUNCTIONS.get((name, len(given)))) is None:
            raise Unread(f"calls {name} with {len(given)} values, which is not read here")
        return _joined(given, make)

    # ---- tokens ------------------------------------------------------------------------------------------------------

    def _here(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("", "")

    def _sees(self, text: str, ahead: int = 0) -> bool:
        at = self.at + ahead
        return at < len(self.tokens) and self.tokens[at][0] != "text" and self.tokens[at][1] == text

    def _skips(self, text: str) -> bool:
        seen = self._sees(text)
        self.at += seen
        return seen

    def _must(self, text: str) -> None:
        if not self._skips(text):
            raise Unread(f"has {self._here()[1] or 'its end'!r} where {text!r} is read")

    def _word(self) -> str:
        return self._next("word")

    def _next(self, kind: str) -> str:
        found, text = self._here()
        if found != kind:
            raise Unread(f"has {text or 'its end'!r} where a {kind} is read")
        self.at += 1
        return text


def _constant(value: Any) -> _Said:
    return _Said(frozenset(), lambda _row, _rows: value, never=not value)


def _and(one: Any, other: Any) -> bool:
    return bool(one) and bool(other)


def _or(one: Any, other: Any) -> bool:
    return bool(one) or bool(other)


def _among(holds: Callable[[Any, Sequence[Any]], bool], one: Any, *others: Any) -> bool:
    return holds(one, others)


def _joined(parts: Sequence[_Said], make: Callable[..., Any], never: bool | None = None) -> _Said:
    """An expression of others. Where these are known without a row, so is whether it is ever true."""
    columns = frozenset[str]().union(*(one.columns for one in parts))
    counts = any(one.counts for one in parts)

    def value(row: Row, rows: Sequence[Row]) -> Any:
        return make(*(one.value(row, rows) for one in parts))

    known = not columns and not counts
    return _Said(columns, value, counts, not value({}, ()) if known and never is None else bool(never))


def _summarized(rows: Sequence[Row], made: Mapping[str, _Said], by: Mapping[str, _Said]) -> list[Row]:
    """One row for each group; without `by`, one row of all, also of none."""
    groups: dict[tuple[Any, ...], list[Row]] = {} if by else {(): []}
    for row in rows:
        groups.setdefault(tuple(one.value(row, ()) for one in by.values()), []).append(row)
    return [
        {**dict(zip(by, key, strict=True)), **{name: one.value({}, each) for name, one in made.items()}}
        for key, each in groups.items()
    ]


def _compares(sign: str, one: Any, other: Any) -> bool:
    """A comparison with what is not there is never true. A number and its text are compared as texts."""
    if one is None or other is None:
        return False
    if isinstance(one, str) != isinstance(other, str):
        one, other = _text(one), _text(other)
    return bool(_COMPARES[sign](one, other))


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _lower(make: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda one, other: make(_text(one).lower(), _text(other).lower())


_COMPARES: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=~": _lower(lambda a, b: a == b),
    "!~": _lower(lambda a, b: a != b),
    "contains": _lower(lambda a, b: b in a),
    "!contains": _lower(lambda a, b: b not in a),
    "has": _lower(lambda a, b: re.search(rf"(?<!\w){re.escape(b)}(?!\w)", a) is not None),
    "startswith": _lower(lambda a, b: a.startswith(b)),
    "!startswith": _lower(lambda a, b: not a.startswith(b)),
    "endswith": _lower(lambda a, b: a.endswith(b)),
    "!endswith": _lower(lambda a, b: not a.endswith(b)),
}
_AMONG: Mapping[str, Callable[[Any, Sequence[Any]], bool]] = {
    "in": lambda one, others: any(_compares("==", one, other) for other in others),
    "!in": lambda one, others: not any(_compares("==", one, other) for other in others),
    "in~": lambda one, others: any(_compares("=~", one, other) for other in others),
    "!in~": lambda one, others: not any(_compares("=~", one, other) for other in others),
}
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: None if a is None or b is None else a + b,
    "-": lambda a, b: None if a is None or b is None else a - b,
    "*": lambda a, b: None if a is None or b is None else a * b,
    "/": lambda a, b: None if a is None or not b else a / b,
}
_OF_ONE: Mapping[str, Callable[[Any], Any]] = {
    "ago": lambda span: -span,
    "isempty": lambda value: value in (None, ""),
    "isnotempty": lambda value: value not in (None, ""),
    "not": lambda value: not value,
    "todouble": _number,
    "toint": _number,
    "tolong": _number,
    "toreal": _number,
    "tolower": lambda value: None if value is None else _text(value).lower(),
    "tostring": lambda value: "" if value is None else _text(value),
}


def _now() -> float:
    return 0


def _bin(value: Any, size: Any) -> Any:
    return None if value is None or not size else value // size * size


def _iff(asked: Any, yes: Any, no: Any) -> Any:
    return yes if asked else no


def _case(*given: Any) -> Any:
    """The value behind the first condition that holds, or the last: pairs of both, and one more."""
    return next((given[at + 1] for at in range(0, len(given) - 1, 2) if given[at]), given[-1])


_FUNCTIONS: Mapping[tuple[str, int], Callable[..., Any]] = {
    **{(name, 1): make for name, make in _OF_ONE.items()},
    ("now", 0): _now,
    ("bin", 2): _bin,
    ("iff", 3): _iff,
    ("iif", 3): _iff,
}
_Counted = Sequence[Sequence[Any]]


def _figures(rows: _Counted) -> list[float]:
    return [cast("float", row[0]) for row in rows if row[0] is not None]


_COUNTS: Mapping[tuple[str, int], Callable[[_Counted], Any]] = {
    ("count", 0): len,
    ("countif", 1): lambda rows: sum(bool(row[0]) for row in rows),
    ("sum", 1): lambda rows: sum(_figures(rows)),
    ("sumif", 2): lambda rows: sum(_figures([row for row in rows if row[1]])),
    ("max", 1): lambda rows: max(_figures(rows), default=None),
    ("min", 1): lambda rows: min(_figures(rows), default=None),
    ("avg", 1): lambda rows: sum(found) / len(found) if (found := _figures(rows)) else None,
}
