"""The names that the availability zones of AWS may have."""

LETTERS = "abcdefgh"
"""What the name of a zone may end in. AWS has gone as far as `f`, in us-east-1."""


def zones_of(region: str) -> list[str]:
    """Every name that a zone of the region may have; an account has some of them."""
    return [f"{region}{letter}" for letter in LETTERS]
