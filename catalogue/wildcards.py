"""Wildcards in what a cloud compares with names, such as the `*` of an action.

A `*` is any text. Each but the last takes as little as it can and gives nothing back: what stands between two of them
is found where it first stands, which is as good as any later place. So a text of many wildcards is not tried in every
way there is.
"""

import re
from collections.abc import Iterable
from functools import lru_cache


def joined(first: str, pieces: Iterable[tuple[str, str]]) -> str:
    """A regular expression for a whole text: what it begins with, and then for each wildcard the characters that it
    takes and what follows it. All are regular expressions, what follows of one length.
    """
    *middle, last = [("", first), *pieces]
    if not middle:
        return first
    return f"{first}{''.join(f'(?>{any_}*?{then})' for any_, then in middle[1:])}{last[0]}*{last[1]}"


@lru_cache(maxsize=4096)
def pattern(text: str) -> re.Pattern[str]:
    """What a text with wildcards matches, of which only `*` is one. Upper and lower case are told apart."""
    first, *rest = map(re.escape, text.split("*"))
    return re.compile(joined(first, ((".", piece) for piece in rest)), re.DOTALL)


def covers(text: str, name: str) -> bool:
    """Whether a text with wildcards covers a name, in whatever case both are written."""
    return pattern(text.casefold()).fullmatch(name.casefold()) is not None
