"""What a cloud's SDK raises where the cloud refuses, in words for a sentence."""

from collections.abc import Mapping
from typing import Any, cast

from botocore.exceptions import ClientError


def said_by(error: ClientError) -> tuple[str, str]:
    """The code with which AWS refuses, and its message in one line."""
    said = cast(Mapping[str, Any], error.response).get("Error", {})
    return str(said.get("Code", "")), " ".join(str(said.get("Message", "")).split())
