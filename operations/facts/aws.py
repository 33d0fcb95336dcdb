"""The facts of a stack on Amazon SageMaker."""

from collections.abc import Iterator

from catalogue.graph import Graph
from catalogue.kinds.aws.budgets import BUDGET
from catalogue.kinds.aws.provider import PROVIDER, allowed_accounts
from catalogue.kinds.aws.sagemaker import PACKAGE_GROUP
from catalogue.properties import Unreadable
from catalogue.wording import counted
from operations import facts


def account_and_region(graph: Graph) -> tuple[str, str]:
    """The provider's only allowed account and its region. Empty where it names none; rules make findings of that."""
    provider = next(iter(graph.of(PROVIDER)), None)
    if provider is None:
        return "", ""
    try:
        accounts = allowed_accounts(provider.props)
    except Unreadable:
        accounts = []
    return next(iter(accounts), ""), provider.props.text_if_known("region")


def budgets(graph: Graph) -> Iterator[float]:
    """The limit of each cost budget. `cost-budget` makes a finding of one that cannot be read."""
    for budget in graph.of(BUDGET):
        try:
            amount = budget.props.number_or_none("limitAmount")
        except Unreadable:
            continue
        if amount:
            yield float(amount)


def answers_inside_only(graph: Graph) -> bool:
    """Never: SageMaker's runtime is an API on the internet, and a grant alone may bound a call to the network."""
    return False


def exportable(graph: Graph) -> str:
    """Artifacts in S3, and the registry's package groups."""
    groups = counted(len(graph.of(PACKAGE_GROUP)), "package group")
    return f"{counted(len(facts.artifacts(graph)), 'model artifact')} in S3 and {groups}"
