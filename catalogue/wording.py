"""How a sentence about wrong input names what was found and what was meant, on one bounded line."""

import re
from collections.abc import Iterable
from shlex import join

MAX_NAMES = 20


def typed(*words: str) -> str:
    """A command of this program as it is typed at the root of the checkout, whose environment has it."""
    return join(["uv", "run", "mlplatform", *words])


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """The end of a sentence that names the nearest allowed word, where there is one."""
    near = close(word, allowed)
    return f"; did you mean {near}?" if near else ""


def close(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word of which this one is a slip of the fingers, or None.

    That is another case or another separator, or one letter in five left out, doubled, swapped or wrong. What has
    another number in it is another thing (`gpu-l40`, `us-east-3`), and so is what is merely alike.
    """
    if not word or len(word) > 100:
        return None
    ranked = sorted((slips, at, name) for at, name in enumerate(allowed) if (slips := _slips(word, name)) is not None)
    return ranked[0][2] if ranked else None


def _slips(word: str, name: str) -> int | None:
    """How many slips lead from a word to the name that is meant; None where they are too many."""
    one, other = (re.sub(r"[^0-9a-z]", "", text.lower()) for text in (word, name))
    if one == other:
        return 0 if one else None
    most = max(1, len(other) // 5)
    if len(other) < 3 or abs(len(one) - len(other)) > most or _numbers(one) != _numbers(other):
        return None
    slips = _distance(one, other)
    return slips if slips <= most else None


def _numbers(word: str) -> str:
    """The digits of a word, in which one that was doubled stands once."""
    return re.sub(r"(.)\1+", r"\1", "".join(re.findall("[0-9]", word)))


def _distance(one: str, other: str) -> int:
    """How many letters were left out, put in, wrong or swapped with the next (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, meant in enumerate(other, 1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != meant))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == meant:
                least = min(least, last[j - 2] + 1)
            row.append(least)
    return row[-1]


def begun(word: str, allowed: Iterable[str]) -> list[str]:
    """The allowed words that begin with this one, which alone is none of them: `gpu-a100` of two sizes."""
    return [name for name in allowed if len(word) > 2 and name.startswith(word.lower().rstrip("-_"))]


def nearest(word: str, allowed: Iterable[str], prefix: str = "") -> str:
    """The end of a sentence that names the nearest allowed word or, where none is near, all of them."""
    near = close(word, allowed)
    return f"; did you mean {prefix}{near}?" if near else listed(allowed, prefix)


def listed(allowed: Iterable[str], prefix: str = "") -> str:
    """The end of a sentence that names all allowed words, or the first where they are many, or that there is none."""
    names = [f"{prefix}{name}" for name in allowed]
    if not names:
        return "; there is none"
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


def in_words(names: Iterable[str]) -> str:
    """Names as a sentence lists them, such as `a, b and c`."""
    *before, last = [*names] or [""]
    return f"{', '.join(before)} and {last}" if before else last


def counted(number: int, noun: str) -> str:
    """A number with its noun, such as `1 finding` and `2 findings`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
