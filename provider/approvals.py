"""What the preflights of registered versions have alike: how a version is named, and whose digest was approved."""

from typing import Annotated

from provider.errors import ProviderError
from provider.inputs import Allowed

Model = Annotated[str, Allowed(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Version = Annotated[int, Allowed(ge=1)]
Digest = Annotated[str, Allowed(pattern=r"^sha256:[0-9a-f]{64}$")]


def hold_digest(called: str, keeper: str, approved: str, named: str) -> None:
    """Hold the digest that was approved to the one that the stack file names. Raises ProviderError.

    `called` is the version and `keeper` what has the approved digest, both as a sentence names them. An empty
    `approved` is none.
    """
    if approved != named:
        said = f"the digest {approved}" if approved else "no digest"
        raise ProviderError(
            f"{called}: {keeper} has {said}, and the stack file names {named}; name the digest of what was approved"
        )
