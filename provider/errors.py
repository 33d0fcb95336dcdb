"""What a service raises. The text of each error is one sentence for the user, without token or traceback."""


class ProviderError(Exception):
    """A change or a read failed. `str()` says why, and what to do."""


class Cancelled(ProviderError):
    """The engine cancelled during a wait."""


class CloudError(ProviderError):
    """The cloud refused a call, or an operation failed. `status` is the HTTP status, and 0 for an operation."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class Unsure(ProviderError):
    """A call may or may not have been carried out. Look at the resource first, and only then call again."""
