"""Names on AWS that follow from the stack's own, for who knows the stack and lays no ground."""


def artifacts_of(stack: str, account: str) -> str:
    """The artifact bucket. The trail, which stands before it, records its objects."""
    return f"{stack}-artifacts-{account}"


def registry_of(stack: str) -> str:
    """The registry, which the names of its groups and of its repository begin with."""
    return f"{stack}-registry"
