"""Policies of AWS IAM: how their statements are read, and whether they let somebody make a call.

One reader for all who ask: rules, the picture of the network, the sandbox's data plane. Nothing here knows a graph.

The order is that of IAM's "Policy evaluation logic" for one account: an explicit deny refuses; then a policy of the
resource that names who calls allows; else the caller's own policies must allow. In both cases everything that bounds
the caller must allow too: a permissions boundary, a policy of the organisation, the policy of an interface endpoint.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

A value that is empty is not known yet. It counts for the call: it meets each allow, and no deny.
"""

import base64
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from ipaddress import ip_address, ip_network
from typing import Any, cast

from catalogue import wildcards
from catalogue.documents import NoDocument, parse
from catalogue.marks import is_marked
from catalogue.properties import Malformed, Properties, Unreadable

Context = Mapping[str, str | Sequence[str]]
"""The condition keys of a request. A key that is not there is absent from the request."""


@dataclass(frozen=True)
class Call:
    """One call: an action on a resource, with the condition keys that its request brings."""

    action: str
    resource: str
    context: Context = field(default_factory=dict[str, str | Sequence[str]])


class NotRead(Unreadable):
    """A condition has an operator that IAM does not have, or a value that is none of the operator's."""


# ---- a statement as it is written -----------------------------------------------------------------------------------


def statements(props: Properties, path: str) -> list[Properties]:
    """Every statement of the policy document at a path, as it is written, its condition keys in the usual letters.

    Raises Unreadable.
    """
    return [_in_usual_letters(one) for one in props.document_or_empty(path).each_section("Statement")]


_USUAL_LETTERS = {
    one.casefold(): one
    for one in (
        "aws:MultiFactorAuthPresent",
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalOrgID",
        "aws:RequestedRegion",
        "aws:ResourceAccount",
        "aws:SecureTransport",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceVpc",
        "aws:SourceVpce",
        "iam:PassedToService",
        "kms:GrantIsForAWSResource",
        "kms:ViaService",
        "sts:ExternalId",
    )
}
"""The condition keys that people write in other letters too: AWS's own pages have AWS:SourceArn and aws:sourceVpce."""


def _in_usual_letters(statement: Properties) -> Properties:
    """IAM takes a condition key in upper and lower case: "Condition keys",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html. Where one stands twice,
    both are left as they are.
    """
    block = statement.values.get("Condition")
    if not isinstance(block, Mapping):
        return statement
    said = cast("Mapping[str, Any]", block)
    spelled = {operator: _keys_in_usual_letters(keys) for operator, keys in said.items()}
    if spelled == said:
        return statement
    return Properties({**statement.values, "Condition": spelled}, statement.at, statement.owner)


def _keys_in_usual_letters(keys: Any) -> Any:
    if not isinstance(keys, Mapping) or is_marked(cast(Any, keys)):
        return cast(Any, keys)
    said = cast("Mapping[str, Any]", keys)
    spelled = {_USUAL_LETTERS.get(key.casefold(), key): value for key, value in said.items()}
    return spelled if len(spelled) == len(said) else said


def conditions(statement: Properties) -> set[tuple[str, str]]:
    """The (operator, key) pairs of a statement's condition block."""
    block = statement.section_or_empty("Condition")
    return {(operator, key) for operator in block.names() for key in block.section_or_empty(operator).names()}


def allows(statement: Properties) -> bool:
    """Whether a statement allows something. Every effect but Deny does."""
    return statement.text_or_empty("Effect") != "Deny"


def name_of(statement: Properties) -> str:
    """The name of a statement for a sentence."""
    return statement.text_or_empty("Sid") or "a statement"


def principals(statement: Properties) -> Mapping[str, list[str]]:
    """The principals of a statement, by kind. 'Everybody but some' counts as anybody."""
    if "NotPrincipal" in statement or statement.values.get("Principal") == "*":
        return {"*": ["*"]}
    named = statement.section_or_empty("Principal")
    return {kind: list(named.each_text(kind)) for kind in named.names()}


# ---- words ----------------------------------------------------------------------------------------------------------


_VARIES = re.compile(r"(\$\{[^}]*\}|[*?])")


def _filled(text: str, context: Context, *, wild: bool = True, parts: int = 1) -> str | None:
    """A pattern for what a policy says. None where it has a variable that the request does not bring.

    Before the last of its `parts`, which colons divide, a wildcard stays within its part.
    """
    pieces, colons = [("", "")], 0
    for part in _VARIES.split(text):
        taken, then = pieces[-1]
        any_ = "." if colons >= parts - 1 else "[^:]"
        if wild and part == "*":
            pieces.append((any_, ""))
        elif wild and part == "?":
            pieces[-1] = (taken, then + any_)
        elif part.startswith("${"):
            value = part[2:-1] if part in ("${*}", "${?}", "${$}") else _variable(context, part[2:-1])
            if value is None:
                return None
            pieces[-1] = (taken, then + re.escape(value))
        else:
            colons += part.count(":")
            pieces[-1] = (taken, then + re.escape(part))
    return wildcards.joined(pieces[0][1], pieces[1:])


def _variable(context: Context, said: str) -> str | None:
    """The value of a variable: the request's, or the default that `${key, 'default'}` names for an absent key.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    key, _, default = said.partition(",")
    values = _values(context, key.strip())
    if values is None:
        return default.strip()[1:-1] if default else None
    return values[0] if len(values) == 1 else None


def _values(context: Context, key: str) -> Sequence[str] | None:
    for name, value in context.items():
        if name.lower() == key.lower():
            return [value] if isinstance(value, str) else value
    return None


def matches(text: str, value: str, context: Context) -> bool:
    """Whether a value is what a policy says, in which `*` and `?` are wild and a variable has the request's value.

    A wildcard may stand for colons too: "If the * wildcard is the last character of a resource ARN segment, it can
    expand to match beyond the colon boundaries",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    return _meets(_filled(text, context), value)


@lru_cache(maxsize=2**16)
def meet(said: str, action: str) -> bool:
    """Whether two actions, each perhaps a pattern, speak of the same one. IAM tells case apart in neither.

    The guardrails ask it of each action of a boundary with each of their own, for one stack after another.
    """
    one, other = said.lower(), action.lower()
    return matches(one, other, {}) or matches(other, one, {})


def _meets(pattern: str | None, value: str, flags: int = 0) -> bool:
    return pattern is not None and re.fullmatch(pattern, value, re.DOTALL | flags) is not None


def _equal(text: str, value: str, context: Context) -> bool:
    """StringEquals knows variables and no wildcards."""
    return _meets(_filled(text, context, wild=False), value)


def _equal_in_any_case(text: str, value: str, context: Context) -> bool:
    return _meets(_filled(text, context, wild=False), value, re.IGNORECASE)


def _arn(text: str, value: str, context: Context) -> bool:
    """Each of the six parts of an ARN is compared by itself. A text of fewer parts is no ARN, and is compared whole."""
    return _meets(_filled(text, context, parts=6 if text.count(":") >= 5 else 1), value)


def _numeric(compare: Callable[[float, float], bool]) -> "_Fits":
    return lambda text, value, context: compare(float(value), float(text))


def _date(compare: Callable[[datetime, datetime], bool]) -> "_Fits":
    return lambda text, value, context: compare(_moment(value), _moment(text))


def _moment(text: str) -> datetime:
    """A date of ISO 8601 in UTC, or seconds since 1970."""
    if re.fullmatch(r"\d+(\.\d+)?", text) and len(text) != 4:
        return datetime.fromtimestamp(float(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_range(text: str, value: str, context: Context) -> bool:
    address = ip_address(value)
    network = ip_network(text, strict=False)
    return address.version == network.version and address in network


# ---- conditions -----------------------------------------------------------------------------------------------------

_Fits = Callable[[str, str, Context], bool]
_OPERATORS: Mapping[str, tuple[_Fits, bool]] = {
    "stringequals": (_equal, False),
    "stringnotequals": (_equal, True),
    "stringequalsignorecase": (_equal_in_any_case, False),
    "stringnotequalsignorecase": (_equal_in_any_case, True),
    "stringlike": (matches, False),
    "stringnotlike": (matches, True),
    "arnequals": (_arn, False),
    "arnlike": (_arn, False),
    "arnnotequals": (_arn, True),
    "arnnotlike": (_arn, True),
    "bool": (lambda text, value, context: text.lower() == value.lower(), False),
    "binaryequals": (lambda text, value, context: base64.b64decode(text) == base64.b64decode(value), False),
    "ipaddress": (_in_range, False),
    "notipaddress": (_in_range, True),
    "numericequals": (_numeric(operator.eq), False),
    "numericnotequals": (_numeric(operator.eq), True),
    "numericlessthan": (_numeric(operator.lt), False),
    "numericlessthanequals": (_numeric(operator.le), False),
    "numericgreaterthan": (_numeric(operator.gt), False),
    "numericgreaterthanequals": (_numeric(operator.ge), False),
    "dateequals": (_date(operator.eq), False),
    "datenotequals": (_date(operator.eq), True),
    "datelessthan": (_date(operator.lt), False),
    "datelessthanequals": (_date(operator.le), False),
    "dategreaterthan": (_date(operator.gt), False),
    "dategreaterthanequals": (_date(operator.ge), False),
}
"""Each operator: whether a value of the policy fits a value of the request, and whether the operator negates that.

IAM user guide, "IAM JSON policy elements: Condition operators",
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""


@cache
def _operator(name: str) -> tuple[str, bool, str] | None:
    """The scope of an operator, whether it holds for an absent key, and its base. None for one that is not known."""
    scope, _, base = name.lower().rpartition(":")
    base, optional = base.removesuffix("ifexists"), base.endswith("ifexists")
    known = base in _OPERATORS or (base == "null" and not optional and not scope)
    return (scope, optional, base) if known and scope in ("", "foranyvalue", "forallvalues") else None


def condition_holds(name: str, said: Sequence[str], key: str, context: Context, doubt: bool = True) -> bool:
    """Whether one operator holds for one key. `doubt` is the answer where the request's value is not known yet.

    Raises NotRead for an operator that IAM does not have, and for a value that the operator does not take.
    """
    of = _operator(name)
    if of is None:
        raise NotRead(f"Condition.{name}", "is an operator that is not read")
    scope, optional, base = of
    values = _values(context, key)
    if base == "null":
        return any((values is None) == (one.lower() == "true") for one in said)
    fits, negated = _OPERATORS[base]
    if values is None:
        return scope == "forallvalues" or optional or (negated and not scope)
    try:
        held = [doubt if not value else any(fits(t, value, context) for t in said) != negated for value in values]
    except ValueError:
        raise NotRead(f"Condition.{name}.{key}", f"has a value that {name} does not take") from None
    return any(held) if scope == "foranyvalue" else all(held)


# ---- a statement ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Condition:
    """One condition of a statement: an operator as it is written, a key, and the values that the policy names."""

    operator: str
    key: str
    values: Sequence[str]

    @property
    def is_null(self) -> bool:
        """Whether it asks only whether a request brings the key."""
        return self.operator.lower() == "null"

    def admits(self, *brought: str) -> bool:
        """Whether it holds for a request that brings these values of its key; with none, for one without the key.

        A variable stands for itself: a value that is written as the policy writes it is the one that is meant.
        """
        named = [(name, name.partition(",")[0].strip()) for value in self.values for name in _NAMED.findall(value)]
        variables = {key: f"${{{name}}}" for name, key in named if key.lower() != self.key.lower()}
        context: Context = {self.key: brought} if brought else {}
        try:
            return condition_holds(self.operator, self.values, self.key, {**context, **variables})
        except NotRead:  # a value of another sort than the operator takes meets none
            return False

    def beyond(self, own: re.Pattern[str]) -> str:
        """What it admits and should not: a request without the key, in words, or a value that is not `own`.

        It is asked, not read: by each value that it names, in other letters, with its wildcards filled by what is
        another's, and by values that nobody names. Empty where none of them is admitted.
        """
        return _beyond(self.operator, self.key, tuple(self.values), own)

    @property
    def binds(self) -> bool:
        """Whether a request must bring the key, with a value that not everybody has."""
        return not self.admits() and not self.admits(_ANOTHERS[0])


@lru_cache(maxsize=2048)
def _beyond(operator: str, key: str, values: Sequence[str], own: re.Pattern[str]) -> str:
    """As `Condition.beyond`: the roles of a stack say the same few conditions."""
    asked = Condition(operator, key, values)
    if asked.admits():
        return "a request that does not bring it"
    # A value of true and false has no case: Bool takes TRUE for true.
    cased = () if "bool" in operator.lower() else map(str.swapcase, values)
    for value in dict.fromkeys((*cased, *_filled_in(values), *values, *_ANOTHERS)):
        if value and asked.admits(value) and not own.fullmatch(value):
            return value
    if any(asked.admits(value, _ANOTHERS[0]) for value in values):
        return "a request that brings another value beside"
    return ""


_NAMED = re.compile(r"\$\{([^}*?$][^}]*)\}")
_ANOTHERS = (
    "somebody-elses",
    "999900001111",
    "arn:aws:iam::999900001111:role/somebody-elses",
    "true",
    "false",
    "0",
    "999999999",
    "203.0.113.9",
    "2999-12-31T00:00:00Z",
)
"""Values that are none of a stack's own, of each sort that an operator takes."""


def _filled_in(values: Sequence[str]) -> Iterable[str]:
    """What a value with wildcards may stand for."""
    for value in values:
        for fill in ("x", "999900001111", "somebody/elses:x"):
            parts = re.split(r"(\$\{[^}]*\}|[*?])", value)
            yield "".join({"*": fill, "?": fill[0]}.get(part, part) for part in parts)


@dataclass(frozen=True)
class Statement:
    """One statement, read once. `other_actions` and `other_principals`: it speaks of all but those that it names.

    `resources` is what it names, and `but` what it excepts from all.
    """

    name: str
    allows: bool
    actions: re.Pattern[str]
    other_actions: bool
    resources: Sequence[str]
    but: Sequence[str]
    conditions: Sequence[Condition]
    principals: Mapping[str, Sequence[str]]
    other_principals: bool = False

    def speaks_of(self, action: str) -> bool:
        """Whether an action is among its own. IAM knows no case of actions."""
        return (self.actions.fullmatch(action.lower()) is not None) != self.other_actions

    def is_on(self, resource: str, context: Context | None = None) -> bool:
        """Whether a resource is among its own, where its variables have the values of the request."""
        if not resource:
            return self.allows
        brings = context or {}
        if any(matches(said, resource, brings) for said in self.but):
            return False
        return any(said == "*" or matches(said, resource, brings) for said in self.resources)

    def holds(self, context: Context) -> bool:
        """Whether each of its conditions holds for a request. Raises NotRead."""
        return all(condition_holds(c.operator, c.values, c.key, context, doubt=self.allows) for c in self.conditions)

    def applies(self, call: Call) -> bool:
        """Whether it speaks of a call: its action, its resource, its conditions. Raises NotRead."""
        return self.speaks_of(call.action) and self.is_on(call.resource, call.context) and self.holds(call.context)

    def is_for(self, kind: str, *names: str) -> bool:
        """Whether a principal of a kind is meant, who goes by one of these names: ("AWS", a role's ARN, an account)."""
        named = self.principals.get(kind, ())
        here = "*" in self.principals or (kind == "AWS" and "*" in named) or bool({*names} & {*named})
        return here != self.other_principals


def read(props: Properties, path: str) -> list[Statement]:
    """Every statement of the policy document at a path. Raises Unreadable, NotRead for an operator IAM lacks."""
    text = props.values.get(path)
    if type(text) is str:
        try:
            return list(_read_once(text))
        except Unreadable:
            pass  # Read again below, where what is raised names the resource.
    return [_statement(said) for said in statements(props, path)]


@lru_cache(maxsize=1024)
def _read_once(text: str) -> tuple[Statement, ...]:
    """The statements of a document. The same document is asked for at each role, call and rule."""
    return tuple(_statement(said) for said in statements(Properties({"policy": text}), "policy"))


def read_text(text: str) -> list[Statement]:
    """Every statement of a policy document; an empty text has none. Raises Unreadable."""
    try:
        return read(Properties({"policy": dict(parse(text))}), "policy") if text.strip() else []
    except NoDocument as error:
        raise Malformed("policy", str(error)) from None


def _statement(said: Properties) -> Statement:
    others = "NotAction" in said
    actions = [_filled(text.lower(), {}) or "" for text in said.each_text("NotAction" if others else "Action")]
    whom = "NotPrincipal" if "NotPrincipal" in said else "Principal"
    return Statement(
        name=name_of(said),
        allows=allows(said),
        actions=re.compile("|".join(actions), re.DOTALL),
        other_actions=others,
        # A trust has no resource, and "everything but some" has none that it names.
        resources=list(said.each_text("Resource")) if "Resource" in said else ["*"],
        but=list(said.each_text("NotResource")),
        conditions=conditions_of(said),
        principals=_named(said, whom),
        other_principals=whom == "NotPrincipal",
    )


def conditions_of(said: Properties) -> list[Condition]:
    """The conditions of a statement as it is written. Raises Unreadable, NotRead for an operator IAM lacks."""
    block = said.section_or_empty("Condition")
    found = [
        Condition(name, key, list(keys.each_text(key)))
        for name in block.names()
        for keys in [block.section_or_empty(name)]
        for key in keys.names()
    ]
    for condition in found:
        if _operator(condition.operator) is None:
            raise NotRead(f"Condition.{condition.operator}", "is an operator that is not read", said.owner)
    return found


def _named(said: Properties, whom: str) -> Mapping[str, Sequence[str]]:
    if said.values.get(whom) == "*":
        return {"*": ["*"]}
    named = said.section_or_empty(whom)
    return {kind: list(named.each_text(kind)) for kind in named.names()}


# ---- a call ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Session:
    """A role that somebody has taken: its ARN, its policies, and what bounds it, by the name that a sentence has.

    Each bound must allow a call, and none grants one: a boundary, the policies of one level of the organisation, the
    policy of the interface endpoint by which the call comes.
    """

    arn: str
    own: Sequence[Statement]
    bounds: Mapping[str, Sequence[Statement]]

    @property
    def account(self) -> str:
        """The account of the role. Empty where its ARN is not known."""
        return self.arn.split(":")[4] if self.arn else ""

    def through(self, bound: str, said: Sequence[Statement]) -> "Session":
        """The same session, which something more bounds."""
        return replace(self, bounds={**self.bounds, bound: said})


def granted(said: Iterable[Statement], call: Call) -> bool:
    """Whether one of the statements allows the call, whatever another denies."""
    return any(statement.allows and statement.applies(call) for statement in said)


def denial(said: Iterable[Statement], call: Call) -> str:
    """The name of a statement that denies the call. Empty where none does."""
    return next((one.name for one in said if not one.allows and one.applies(call)), "")


def refusal(session: Session, call: Call, of_resource: Sequence[Statement] = (), key: bool = False) -> str:
    """Why the call is refused, in a clause. Empty where it is allowed. Raises NotRead.

    `of_resource` is the policy of the resource. That of a KMS `key` must allow in any case, and lets the role's own
    policies decide where it names the account:
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html

    A role is bounded where a policy of the resource names it, too: "Permissions boundaries for IAM entities",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    account = session.account
    mine = {"aws:PrincipalArn": session.arn, "aws:PrincipalAccount": account}
    call = Call(call.action, call.resource, {**mine, **call.context})
    there = [s for s in of_resource if s.is_for("AWS", session.arn, account, f"arn:aws:iam::{account}:root")]
    bounding = [statement for said in session.bounds.values() for statement in said]
    if name := denial([*session.own, *bounding, *there], call):
        return f"{name} denies it"
    if key and not granted(there, call):
        return "the key's policy does not allow it"
    by_name = [statement for statement in there if statement.is_for("AWS", session.arn)]
    if not granted(by_name, call) and not granted(session.own, call):
        return "no policy of the role allows it"
    return next((f"{bound} does not allow it" for bound, said in session.bounds.items() if not granted(said, call)), "")


def may_take(trust: Sequence[Statement], role: str, principal: tuple[str, str], context: Context) -> bool:
    """Whether a role's trust lets a principal take it: ("Service", "states.amazonaws.com"), or ("AWS", an account).

    Where the request brings sts:SourceIdentity, the trust must allow sts:SetSourceIdentity, too. What the principal's
    own policies say is the organisation's.
    """
    kind, name = principal
    names = {name, f"arn:aws:iam::{name}:root"} if kind == "AWS" else {name}
    here = [statement for statement in trust if statement.is_for(kind, *names)]
    actions = ["sts:AssumeRole", *(["sts:SetSourceIdentity"] if "sts:SourceIdentity" in context else [])]
    calls = [Call(action, role, context) for action in actions]
    return not any(denial(here, call) for call in calls) and all(granted(here, call) for call in calls)
