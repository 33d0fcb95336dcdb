"""The kinds of Google Cloud, and what their records share: the day they were read, and the pages of the SDK.

What the SDK says (labels, places of keys, regions) is held against the installed one by a test.
"""

from catalogue.kind import Evidence, Kind, No, assumed, documented, from_source, setting

READ = "2026-11-26"
PRICED = "2026-11-22"
"""The day on which the figures of the hardware catalogue, and how each is counted, were read."""

OBSERVABILITY = documented("https://cloud.google.com/products/observability/pricing", READ)
NETWORK = documented("https://cloud.google.com/vpc/pricing", READ)
_IAM = assumed("none of Google's price lists that were read names a price of IAM", READ)


def registry(page: str) -> Evidence:
    """What the provider's own page in Pulumi's registry says, which is made from its schema."""
    return from_source(f"https://www.pulumi.com/registry/packages/gcp/api-docs/{page}/", READ)


def grant(token: str, of: str, page: str) -> Kind:
    """The record of a grant of one role to one member, on `of`."""
    return setting(token, of, registry(page), bills=No("IAM is free", _IAM))


def identity(token: str, page: str) -> Kind:
    """The record of what IAM knows a member, a role or a service by."""
    return grant(token, "the project", page)
