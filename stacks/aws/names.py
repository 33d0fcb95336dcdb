"""Names on AWS that follow from the stack's own, for who knows the stack and lays no ground."""

from catalogue.registered import artifacts_of, registry_of

__all__ = ["artifacts_of", "registry_of"]
