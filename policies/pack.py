"""Every rule of the pack, by platform. The same list runs in tests, offline and on the engine."""

from policies.aws import audit, cost, encryption, identity, limits, network, rollback
from policies.rule import Rule

AWS: list[Rule] = [
    rule for family in (network, identity, encryption, cost, limits, rollback, audit) for rule in family.RULES
]

RULES: dict[str, list[Rule]] = {"aws": AWS}
