"""The one exception for input that a person has to correct."""


class BadInput(Exception):
    """Input that is wrong: `str()` is one sentence with what, where and what instead. The command exits 2."""
