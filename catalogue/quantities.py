"""Quantities that bill: counts of machines, sizes of disks, intervals. None of them is zero or less."""

from catalogue.properties import Malformed, Properties


def more_than_zero_or_none(props: Properties, path: str) -> float | None:
    """The number at the path, or None. Raises Malformed for zero and less, for they would bill nothing."""
    number = props.number_or_none(path)
    if number is not None and number <= 0:
        where = f"{props.at}.{path}" if props.at else path
        raise Malformed(where, f"is {number:g}, where more than zero is read", props.owner)
    return number


def largest_or_none(props: Properties, *paths: str) -> float | None:
    """The largest number at the paths at which one quantity may stand, or None. Raises as the function above."""
    found = [number for path in paths if (number := more_than_zero_or_none(props, path)) is not None]
    return max(found, default=None)
