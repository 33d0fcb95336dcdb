"""The possible names of the availability zones of AWS."""

LETTERS = "abcdefgh"
"""The possible last letters of a zone's name. AWS goes up to `f`, in us-east-1."""


def zones_of(region: str) -> list[str]:
    """Every possible name of a zone in the region. An account has some of them."""
    return [f"{region}{letter}" for letter in LETTERS]
