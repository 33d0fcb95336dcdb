"""Which key of the stack file asked for which component, so that a finding can name the line to change."""

from collections.abc import Mapping

from stacks.model import StackConfig

# Components that a whole section, or one value, asks for: the noun of their type, the end of their name, the key.
_ONCE = (
    ("Network", "network", "network"),
    ("Budget", "budget", "budget"),
    ("Workspace", "workspace", "workspace"),
    ("Registry", "registry", "models"),
    ("Alerts", "alerts", "owner"),
)


def keys(stack: str, config: StackConfig) -> Mapping[tuple[str, str], str]:
    """The dotted key, such as `endpoints.fraud-scorer`, by the noun and the name of the component it asks for.

    Components that every stack has, whatever its file says (keys, audit, identities), have none.
    """
    found = {(noun, f"{stack}-{end}"): key for noun, end, key in _ONCE}
    found |= {("Endpoint", f"{stack}-{name}"): f"endpoints.{name}" for name in config.endpoints}
    found |= {("BatchJob", f"{stack}-{name}"): f"batch_jobs.{name}" for name in config.batch_jobs}
    return found
