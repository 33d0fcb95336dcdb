"""Whether a wait of our own provider is as long as a grant takes to be in force."""

from catalogue.graph import Resource
from catalogue.kind import Ripens
from catalogue.kinds import kind_of


def long_enough(wait: Resource, grant: Resource) -> bool:
    """Whether a RolesInForce or GrantsInForce waits as many minutes as the record of the grant's kind says at most.

    Minutes that are not known yet count as enough; the provider refuses less than one.
    """
    kind = kind_of(grant.type)
    longest = kind.ripens.longest if kind is not None and isinstance(kind.ripens, Ripens) else 0
    minutes = wait.props.number_or_none("minutes")
    return wait.props.is_given("minutes") and (minutes is None or minutes >= longest)
