"""Spans of time as Azure and CloudWatch write them: ISO 8601, such as PT2H or P1D."""

from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from catalogue.properties import Malformed, Properties

_SPAN = TypeAdapter(timedelta)


def minutes_or_none(props: Properties, path: str) -> float | None:
    """The duration at the path in minutes, or None. Raises Malformed where the value is no duration."""
    text = props.text_or_empty(path)
    if not text:
        return None
    try:
        if text.startswith("P"):  # pydantic reads clock times and numbers too; no cloud does
            return _SPAN.validate_python(text) / timedelta(minutes=1)
    except ValidationError:
        pass
    where = f"{props.at}.{path}" if props.at else path
    raise Malformed(where, f"is {text!r}, which is no ISO 8601 duration", props.owner)
