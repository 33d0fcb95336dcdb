"""How a sentence about wrong input names what was found and what was meant, on one bounded line."""

import difflib
from collections.abc import Iterable

MAX_NAMES = 20


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """The end of a sentence that names the nearest allowed word, where there is one."""
    near = close(word, allowed)
    return f"; did you mean {near}?" if near else ""


def close(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that is nearest to this one, or None."""
    return next(iter(difflib.get_close_matches(word[:100], list(allowed), n=1, cutoff=0.5)), None)


def nearest(word: str, allowed: Iterable[str], prefix: str = "") -> str:
    """The end of a sentence that names the nearest allowed word or, where none is near, all of them."""
    near = close(word, allowed)
    if near:
        return f"; did you mean {prefix}{near}?"
    names = [f"{prefix}{name}" for name in allowed]
    return f"; allowed: {', '.join(names[:MAX_NAMES])}{', …' if len(names) > MAX_NAMES else ''}"


def found_word(value: object) -> str:
    """What was found, as a person would say it."""
    if value is None or isinstance(value, bool):
        return "nothing" if value is None else str(value).lower()
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return one_line(text, 80)


def one_line(text: str, most: int = 60) -> str:
    """Text that neither breaks the line nor moves the cursor, cut to `most` characters."""
    clean = "".join(char if char.isprintable() else " " for char in text[: most + 1])
    return clean if len(clean) <= most else f"{clean[: most - 1]}…"
