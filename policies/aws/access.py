"""Whether AWS lets a role's session make a call, judged by the policies in the graph of a stack.

The order is that of IAM's "Policy evaluation logic" for one account: an explicit deny refuses; a policy of the resource
that names the role allows; else the role's own policies and its boundary must both allow. A KMS key's policy must allow
in any case, and lets the role's own policies decide where it names the account.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html

What is outside of the graph is not read: policies of the organisation, a boundary or a key of a landing zone.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import iam, kms, s3, sagemaker
from catalogue.once import once_a_graph
from catalogue.properties import Properties, Unreadable
from policies.aws.documents import allows, name_of, principals
from policies.rule import statements

Context = Mapping[str, str | Sequence[str]]
"""The condition keys of a request. A key that is not there is absent from the request."""


@dataclass(frozen=True)
class Call:
    """One call: an action on a resource, with the condition keys that its request brings."""

    action: str
    resource: str
    context: Context = field(default_factory=dict[str, str | Sequence[str]])


class NotRead(Unreadable):
    """A condition has an operator that is not read here."""


# ---- one statement --------------------------------------------------------------------------------------------------


def _filled(text: str, context: Context, *, wild: bool = True) -> str | None:
    """A pattern for what a policy says. None where it has a variable that the request does not bring."""
    pattern = ""
    for part in re.split(r"(\$\{[^}]*\}|[*?])", text):
        if wild and part in ("*", "?"):
            pattern += ".*" if part == "*" else "."
        elif part.startswith("${"):
            value = part[2:-1] if part in ("${*}", "${?}", "${$}") else _one(context, part[2:-1])
            if value is None:
                return None
            pattern += re.escape(value)
        else:
            pattern += re.escape(part)
    return pattern


def _one(context: Context, key: str) -> str | None:
    values = _values(context, key)
    return values[0] if values is not None and len(values) == 1 else None


def _values(context: Context, key: str) -> Sequence[str] | None:
    for name, value in context.items():
        if name.lower() == key.lower():
            return [value] if isinstance(value, str) else value
    return None


def matches(text: str, value: str, context: Context) -> bool:
    """Whether a value is what a policy says, in which `*` and `?` are wild and a variable has the request's value."""
    pattern = _filled(text, context)
    return pattern is not None and re.fullmatch(pattern, value, re.DOTALL) is not None


def _equal(text: str, value: str, context: Context) -> bool:
    """StringEquals knows variables and no wildcards."""
    pattern = _filled(text, context, wild=False)
    return pattern is not None and re.fullmatch(pattern, value, re.DOTALL) is not None


def _numeric(compare: Callable[[float, float], bool]) -> Callable[[str, str, Context], bool]:
    return lambda text, value, context: compare(float(value), float(text))


_OPERATORS: Mapping[str, tuple[Callable[[str, str, Context], bool], bool]] = {
    "stringequals": (_equal, False),
    "stringnotequals": (_equal, True),
    "stringequalsignorecase": (lambda t, v, c: _equal(t.lower(), v.lower(), c), False),
    "stringnotequalsignorecase": (lambda t, v, c: _equal(t.lower(), v.lower(), c), True),
    "stringlike": (matches, False),
    "stringnotlike": (matches, True),
    "arnequals": (matches, False),
    "arnlike": (matches, False),
    "arnnotequals": (matches, True),
    "arnnotlike": (matches, True),
    "bool": (lambda t, v, c: t.lower() == v.lower(), False),
    "numericequals": (_numeric(operator.eq), False),
    "numericnotequals": (_numeric(operator.eq), True),
    "numericlessthan": (_numeric(operator.lt), False),
    "numericlessthanequals": (_numeric(operator.le), False),
    "numericgreaterthan": (_numeric(operator.gt), False),
    "numericgreaterthanequals": (_numeric(operator.ge), False),
}
"""Each operator: whether a value of the policy fits a value of the request, and whether the operator negates that.

IAM user guide, "IAM JSON policy elements: Condition operators",
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""


def _operator(name: str) -> tuple[str, bool, str] | None:
    """The scope of an operator, whether it holds for an absent key, and its base. None for one that is not known."""
    scope, _, base = name.lower().rpartition(":")
    base, optional = base.removesuffix("ifexists"), base.endswith("ifexists")
    known = (base == "null" or base in _OPERATORS) and scope in ("", "foranyvalue", "forallvalues")
    return (scope, optional, base) if known else None


def condition_holds(name: str, said: Sequence[str], key: str, context: Context) -> bool:
    """Whether one operator, which must be known, holds for one key."""
    of = _operator(name)
    assert of is not None, name
    scope, optional, base = of
    values = _values(context, key)
    if base == "null":
        return (values is None) == (said[0].lower() == "true")
    fits, negated = _OPERATORS[base]
    if values is None:
        return scope == "forallvalues" or optional or (negated and not scope)
    held = [any(fits(text, value, context) for text in said) != negated for value in values]
    return any(held) if scope == "foranyvalue" else all(held)


@dataclass(frozen=True)
class Statement:
    """One statement, read once. `others` says that it speaks of every action but those."""

    name: str
    allows: bool
    actions: re.Pattern[str]
    others: bool
    resources: Sequence[str]
    but: Sequence[str]
    conditions: Sequence[tuple[str, str, Sequence[str]]]
    principals: Mapping[str, Sequence[str]]

    def applies(self, call: Call) -> bool:
        """Whether it speaks of a call: its action, its resource, its conditions."""
        if (self.actions.fullmatch(call.action.lower()) is not None) == self.others:
            return False
        if any(matches(said, call.resource, call.context) for said in self.but):
            return False
        if not any(said == "*" or matches(said, call.resource, call.context) for said in self.resources):
            return False
        return all(condition_holds(name, said, key, call.context) for name, key, said in self.conditions)


def statements_in(props: Properties, path: str) -> list[Statement]:
    """Every statement of a policy document. Raises Unreadable, NotRead for an operator that is not known."""
    return [_statement(said) for said in statements(props, path)]


def _statement(said: Properties) -> Statement:
    others = "NotAction" in said
    actions = [_filled(a.lower(), {}) or "" for a in said.each_text("NotAction" if others else "Action")]
    block = said.section_or_empty("Condition")
    conditions = [
        (name, key, list(keys.each_text(key)))
        for name in block.names()
        for keys in [block.section_or_empty(name)]
        for key in keys.names()
    ]
    for name, _, _ in conditions:
        if _operator(name) is None:
            raise NotRead(f"Condition.{name}", "is an operator that is not read", said.owner)
    return Statement(
        name_of(said),
        allows(said),
        re.compile("|".join(actions), re.DOTALL),
        others,
        # A trust has no resource, and "everything but some" has none that it names.
        list(said.each_text("Resource")) if "Resource" in said else ["*"],
        list(said.each_text("NotResource")),
        conditions,
        principals(said) if "Principal" in said or "NotPrincipal" in said else {},
    )


# ---- an account -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Session:
    """A role that somebody has taken: its ARN, its policies, and its boundary, None where that is not the stack's."""

    arn: str
    own: Sequence[Statement]
    bound: Sequence[Statement] | None


def session(graph: Graph, role: Resource) -> Session:
    """A session of a role of a graph. Raises Unreadable for a policy that cannot be read."""
    holders = [policy.props for policy in graph.referring(iam.ROLE_POLICY, "role", role)]
    holders += role.props.each_section("inlinePolicies")
    made = graph.refers(role, "permissionsBoundary", iam.POLICY)
    return Session(
        role.props.text_or_empty("arn"),
        [statement for holder in holders for statement in statements_in(holder, "policy")],
        [s for policy in made for s in statements_in(policy.props, "policy")] if made else None,
    )


def refusal(graph: Graph, session: Session, call: Call) -> str:
    """Why the call is refused, in a clause. Empty where it is allowed. Raises Unreadable for what cannot be read."""
    account = session.arn.split(":")[4]
    call = Call(
        call.action,
        call.resource,
        {"aws:PrincipalArn": session.arn, "aws:PrincipalAccount": account, **call.context},
    )
    own, bound = session.own, session.bound
    there = [
        statement
        for arns, said in _of_resources(graph)
        if arns.fullmatch(call.resource)
        for statement in said
        if _meets(statement, session.arn, account)
    ]
    for statement in [*own, *(bound or ()), *there]:
        if not statement.allows and statement.applies(call):
            return f"{statement.name} denies it"
    by_resource = [s for s in there if s.allows and s.applies(call)]
    if call.action.startswith("kms:") and _key(graph, call.resource) and not by_resource:
        return "the key's policy does not allow it"
    if any(session.arn in s.principals.get("AWS", ()) or "*" in s.principals for s in by_resource):
        return ""
    if not _granted(own, call):
        return "no policy of the role allows it"
    return "" if bound is None or _granted(bound, call) else "the boundary does not allow it"


def _granted(said: Iterable[Statement], call: Call) -> bool:
    return any(statement.allows and statement.applies(call) for statement in said)


def _key(graph: Graph, arn: str) -> list[Resource]:
    return [key for key in graph.of(kms.KEY) if key.props.text_if_known("arn") == arn]


@once_a_graph
def _of_resources(graph: Graph) -> list[tuple[re.Pattern[str], list[Statement]]]:
    """The policies that resources have themselves, each with the ARNs that it speaks of."""
    keys = [(re.escape(key.props.text_if_known("arn")), key, "policy") for key in graph.of(kms.KEY)]
    buckets = [
        (f"arn:aws:s3:::{re.escape(policy.props.text_or_empty('bucket'))}(/.*)?", policy, "policy")
        for policy in graph.of(s3.BUCKET_POLICY)
    ]
    groups = [
        (
            f".*:model-package(-group)?/{re.escape(policy.props.text_or_empty('modelPackageGroupName'))}(/.*)?",
            policy,
            path,
        )
        for policy, path in ((one, "resourcePolicy") for one in graph.of(sagemaker.PACKAGE_GROUP_POLICY))
    ]
    return [(re.compile(arns), statements_in(one.props, path)) for arns, one, path in (*keys, *buckets, *groups)]


def _meets(statement: Statement, role: str, account: str) -> bool:
    """Whether the principal of a statement is the role, its account, or anybody."""
    named = statement.principals
    return "*" in named or any(n in ("*", role, account, f"arn:aws:iam::{account}:root") for n in named.get("AWS", ()))


def may_take(role: Resource, principal: tuple[str, str], context: Context) -> bool:
    """Whether a role's trust lets a principal take it: ("Service", "states.amazonaws.com"), or ("AWS", an account).

    Where the request brings sts:SourceIdentity, the trust must allow sts:SetSourceIdentity, too. What the principal's
    own policies say is the organisation's.
    """
    kind, name = principal
    names = {name, f"arn:aws:iam::{name}:root"} if kind == "AWS" else {name}
    here = [s for s in statements_in(role.props, "assumeRolePolicy") if names & set(s.principals.get(kind, ()))]
    arn = role.props.text_or_empty("arn")
    actions = ["sts:AssumeRole", *(["sts:SetSourceIdentity"] if "sts:SourceIdentity" in context else [])]
    calls = [Call(action, arn, context) for action in actions]
    return not any(not s.allows and s.applies(c) for s in here for c in calls) and all(
        _granted(here, call) for call in calls
    )
