"""What a cloud's SDK raises where the cloud refuses, in words for a sentence."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from catalogue.errors import BadInput


@contextmanager
def asking(what: str, does: str, refused: str, silent: str) -> Generator[None]:
    """Inside, one call is made that changes something on AWS.

    Raises BadInput where AWS refuses it: of what, to do what, why, and what to do then. So where it gives no answer,
    with what to do then.
    """
    try:
        yield
    except ClientError as error:
        code, message = said_by(error)
        raise BadInput(f"{what}: AWS refuses to {does} ({code}: {message[:200]}); {refused}") from None
    except BotoCoreError as error:
        words = " ".join(str(error).split())[:200]
        raise BadInput(f"{what}: AWS gives no answer ({words}); {silent}") from None


def said_by(error: ClientError) -> tuple[str, str]:
    """The code with which AWS refuses, and its message in one line."""
    said = cast(Mapping[str, Any], error.response).get("Error", {})
    return str(said.get("Code", "")), " ".join(str(said.get("Message", "")).split())
