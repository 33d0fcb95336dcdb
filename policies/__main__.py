"""The pack as the engine starts it (`pulumi up --policy-pack policies`). PolicyPack serves until the engine ends it.

A rule binds as the limits say (`policies/levels.py`). The engine's own config may raise it, and lower it in a project
of others alone, where it may be waived. What the config may not lower stays, and `levels-kept` says so.

One pack serves every platform. So a rule's name on the engine begins with its platform (`aws-network-proof`), and a
rule on the whole stack finds nothing where the stack has nothing on that platform.

The engine shows a rule on the whole stack the outputs of each resource, not its inputs. Azure's outputs lack what
stands in a resource's path (scopes, parents, names). So the pack remembers the inputs of each resource when the engine
shows them, and judges inputs and outputs together. Offline the rules see the same.
"""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, cast

import grpc
import pulumi
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import policy as served
from pulumi_policy.proxy import UnknownValueError

from catalogue.errors import BadInput
from catalogue.graph import Graph, Placement, Resource
from catalogue.kinds import known_as
from catalogue.marked import DEFAULTS, redacted, whole_numbers
from catalogue.marks import UNKNOWN
from catalogue.platforms import PLATFORMS, platform_of
from catalogue.properties import NotKnown
from policies import everywhere, exceptions, levels, limits, remediation, waivers
from policies.pack import RULES
from policies.rule import Rule, Violation
from policies.waivers import PROJECT

OnEngine = ResourceValidationPolicy | StackValidationPolicy
_sent: dict[str, Mapping[str, Any]] = {}


def remember() -> OnEngine:
    """A rule that finds nothing, but remembers the inputs of each resource.

    The engine shows it every resource first.
    """

    def keep(args: ResourceValidationArgs, report: ReportViolation) -> None:
        _sent[args.urn] = _said(args.resource_type, args.props)

    return ResourceValidationPolicy(
        name="remember-inputs",
        description="Remembers what is sent, for the rules on the whole stack; finds nothing by itself.",
        validate=keep,
        enforcement_level=EnforcementLevel.ADVISORY,
    )


def on_engine(platform: str, rule: Rule, place: Placement | None = None) -> OnEngine:
    """The rule under its name on the engine. It reports nothing where a waiver in force names it and the resource.

    Nor does it where an exception of the design has the resource.

    A rule that needs a value not known before `up` first reports what else it found. Then it raises UnknownValueError,
    and the engine says that the rule is not decided yet. Where the stack stands decides how hard the rule binds.
    """
    name = f"{platform}-{rule.name}" if platform else rule.name
    level = level_of(platform, rule, place)
    severity = Severity(rule.severity)

    if rule.scope == "resource":

        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            if known_as(args.resource_type) in rule.types:
                resource = one(args)
                tell(rule, Graph(stack_of(args.urn), platform, (resource,), {}, ours(), placement()), report)

        return ResourceValidationPolicy(
            name, rule.says, validate, enforcement_level=level, severity=severity, remediation_steps=rule.remedy
        )

    def validate_stack(args: StackValidationArgs, report: ReportViolation) -> None:
        if any(not platform or platform_of(r.resource_type) == platform for r in args.resources):
            if rule.advice_elsewhere and ours() is not rule.mandatory:
                return
            tell(rule, whole(platform, args.resources), report)

    return StackValidationPolicy(
        name, rule.says, validate_stack, enforcement_level=level, severity=severity, remediation_steps=rule.remedy
    )


def level_of(platform: str, rule: Rule, place: Placement | None) -> EnforcementLevel:
    """How hard the rule binds in a stack that stands there, by the limits."""
    binds = rule.mandatory and levels.lowered(rule, Graph("", platform, (), {}, placement=place)) is None
    return EnforcementLevel.MANDATORY if binds else EnforcementLevel.ADVISORY


def tags_given(platform: str) -> OnEngine:
    """The policy that gives missing tags. It does nothing until a config asks for `remediate`."""

    def remediate(args: ResourceValidationArgs) -> dict[str, Any] | None:
        words = {key.partition(":")[2]: value for key, value in pulumi.runtime.get_config_env().items()}
        place = placement()
        of_file = remediation.of_stack_file(platform, stack_of(args.urn), words, place) if place else {}
        asked = cast("Mapping[str, str]", (args.get_config() or {}).get("tags") or {})
        provider: Mapping[str, Any] = plain(args.provider.props) if args.provider else {}
        return remediation.mended(platform, args.resource_type, args.props, {**of_file, **asked}, provider)

    noun = PLATFORMS[platform].tag
    return ResourceValidationPolicy(
        f"{platform}-{remediation.NAME}",
        f"Where a config says `remediate`: gives what lacks a {noun} the stack's own, and changes none that is there.",
        remediate=cast(Any, remediate),
        enforcement_level=EnforcementLevel.DISABLED,
        config_schema=PolicyConfigSchema(remediation.schema(platform)),
    )


def levels_kept() -> OnEngine:
    """The policy that says which levels of the engine's config do not hold."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for sentence in _refused:
            report(f"The policy pack's config {sentence}.", None)

    return StackValidationPolicy(
        "levels-kept",
        "The config of the pack lowers no rule that nobody may lower by it.",
        validate,
        enforcement_level=EnforcementLevel.ADVISORY,
        severity=Severity.HIGH,
        remediation_steps="Take the level out of the config.",
    )


_refused: list[str] = []
_LEVELS: Mapping[analyzer_pb2.EnforcementLevel.ValueType, str] = {
    analyzer_pb2.DISABLED: "disabled",
    analyzer_pb2.ADVISORY: "advisory",
    analyzer_pb2.MANDATORY: "mandatory",
    analyzer_pb2.REMEDIATE: "remediate",
}


def keep_levels(request: analyzer_pb2.ConfigureAnalyzerRequest, pack: Iterable[Policy], bound: Iterable[str]) -> None:
    """Put back what the engine's config may not lower, and remember it for `levels-kept`."""
    own = {policy.name: policy.enforcement_level.value for policy in pack if policy.enforcement_level}
    asked = {name: _LEVELS[config.enforcementLevel] for name, config in request.policyConfig.items()}
    held, _refused[:] = levels.kept(asked, own, bound, ours())
    back = {name: number for number, name in _LEVELS.items()}
    for name, level in held.items():
        request.policyConfig[name].enforcementLevel = back[level]


class Analyzer(served._PolicyAnalyzerServicer):  # pyright: ignore[reportPrivateUsage]
    """What the engine speaks to. pulumi_policy shows a pack no other place at which it hears of its config."""

    def Configure(self, request: analyzer_pb2.ConfigureAnalyzerRequest, _context: grpc.ServicerContext) -> Any:
        """Take the config, but for the levels that it may not lower."""
        keep_levels(request, policies(), bound())
        return super().Configure(request, _context)


def tell(rule: Rule, graph: Graph, report: ReportViolation) -> None:
    """Report what breaks the rule, is no exception of the design, and is not waived.

    Raises UnknownValueError for a value not known before `up`.
    """
    known, today = waivers.of(graph), date.today()
    waiting: list[tuple[Violation, NotKnown]] = []
    for violation in rule.judge(graph).violations:
        resource = violation.resource
        name, type_ = (resource.name, resource.type) if resource else (None, None)
        if waivers.find(known, rule.name, name, type_, graph.platform, today) is not None:
            continue
        waits = violation.waits
        try:
            if waits is None and exceptions.find(graph, rule.name, resource) is not None:
                continue
        except NotKnown as error:
            waits = error
        if waits is not None:
            waiting.append((violation, waits))
        else:
            report(violation.sentence, resource.urn if resource else None)
    for violation, waits in waiting:
        where = [violation.resource.name] if violation.resource else []
        raise UnknownValueError(UNKNOWN, [*where, waits.path])


def one(args: ResourceValidationArgs) -> Resource:
    """One resource as the engine shows it before it is made: its inputs, without the other resources.

    The engine does not show here what a property depends on. So an unknown value counts as another resource's. The rule
    sees the value itself when it is asked again during `up`.
    """
    options = {"ignoreChanges": list(args.opts.ignore_changes)}
    inputs = _said(args.resource_type, args.props)
    return Resource(
        urn=args.urn,
        type=known_as(args.resource_type),
        name=args.name,
        custom=True,
        parent=args.opts.parent,
        protect=args.opts.protect,
        property_dependencies=dict.fromkeys(inputs, ("not shown",)),
        options=options,
        inputs=inputs,
    )


def whole(platform: str, resources: Sequence[PolicyResource]) -> Graph:
    """The stack as the engine shows it: the remembered inputs, and the outputs.

    The engine also shows resources that are about to be deleted. No inputs are remembered for them, so they are left
    out. Where no inputs at all are remembered (`pulumi policy analyze`), what exists is judged.
    """
    made = [_resource(item) for item in resources if not _sent or item.urn in _sent or not _is_custom(item)]
    stack = stack_of(made[0].urn) if made else ""
    return Graph(stack, platform, tuple(made), {}, ours(), placement())


def _resource(item: PolicyResource) -> Resource:
    return Resource(
        urn=item.urn,
        type=known_as(item.resource_type),
        name=item.name,
        custom=_is_custom(item),
        parent=item.parent.urn if item.parent else item.opts.parent,
        provider=item.provider.urn if item.provider else None,
        protect=item.opts.protect,
        dependencies=_urns(item.dependencies),
        property_dependencies={key: _urns(of) for key, of in item.property_dependencies.items()},
        options={"ignoreChanges": list(item.opts.ignore_changes)},
        inputs=_sent.get(item.urn, {}),
        outputs=_said(item.resource_type, item.props),
    )


def _said(type_: str, props: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the program said of a resource. The engine adds to a provider the version of its SDK."""
    said = cast(Mapping[str, Any], plain(props))
    return (
        {key: one for key, one in said.items() if key != "version"} if type_.startswith("pulumi:providers:") else said
    )


def _is_custom(item: PolicyResource) -> bool:
    """Whether it is a component. A component has no provider; everything in a cloud has one, if only a default one."""
    return item.provider is not None or item.resource_type.startswith("pulumi:providers:")


def _urns(resources: Iterable[PolicyResource]) -> tuple[str, ...]:
    return tuple(resource.urn for resource in resources)


def plain(value: Any) -> Any:
    """The value without the engine's proxies, and without what a bridged provider filled in: the program said nothing.

    An unknown value is Pulumi's mark and does not raise.
    """
    if isinstance(value, Mapping):
        mapping = cast(Mapping[str, Any], value)
        filled_in = (DEFAULTS, *mapping.get(DEFAULTS, ()))
        return {key: _known(mapping, key) for key in mapping if key not in filled_in}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        items = cast(Sequence[Any], value)
        return [_known(items, index) for index in range(len(items))]
    return value


def _known(holder: Any, key: Any) -> Any:
    try:
        return plain(holder[key])
    except UnknownValueError:
        return UNKNOWN


def ours() -> bool:
    """Whether the stack is one of this program, by its project, and by its stack file where the engine shows it.

    The engine gives both in the environment (PULUMI_PROJECT, PULUMI_CONFIG). No resource tells.
    """
    config = pulumi.runtime.get_config_env()
    return os.environ.get("PULUMI_PROJECT") == PROJECT and (not config or f"{PROJECT}:platform" in config)


def placement() -> Placement | None:
    """Where the stack stands by its stack file. None in another project, and where the engine shows no config."""
    config = {key.partition(":")[2]: value for key, value in pulumi.runtime.get_config_env().items()}
    try:
        return Placement.from_words(config) if ours() else None
    except KeyError:
        return None


def stack_of(urn: str) -> str:
    """The stack that a URN begins with."""
    return urn.partition("::")[0].removeprefix("urn:pulumi:")


def read_as_offline() -> None:
    """Have the SDK hand over what the engine shows as the offline preview reads it.

    By itself it takes the marks off secrets, so a rule would see a marked secret as one in plain text; and every number
    comes as a double (pulumi_policy/policy.py, deserialize.py).
    """

    def deserialized(props: dict[str, Any], proxy_secrets: bool = False) -> dict[str, Any]:
        return cast("dict[str, Any]", redacted(whole_numbers(props)))

    served.deserialize_properties = deserialized  # pyright: ignore[reportPrivateImportUsage]


def policies() -> list[Policy]:
    """Every rule of every platform, for the engine. Names are unique.

    Raises BadInput for a file of the organisation's that cannot be read, which would look like a rule that broke.
    """
    limits.load()
    levels.check()
    waivers.check(date.today())
    place = placement()
    made = [on_engine(name, level, place) for name, rule in _rules() for level in _levels(rule)]
    return [remember(), levels_kept(), *made, *map(tags_given, PLATFORMS)]


def bound() -> set[str]:
    """The policies that no config lowers: those of rules that are never waived, and what the others need."""
    never = (f"{name}-{rule.name}" if name else rule.name for name, rule in _rules() if rule.never_waived)
    return {"remember-inputs", "levels-kept", *never}


def _rules() -> list[tuple[str, Rule]]:
    """Every rule, with its platform; the one that is the same on all of them once, with none."""
    known = everywhere.kind_known
    return [("", known), *((name, rule) for name in PLATFORMS for rule in RULES[name] if rule is not known)]


def _levels(rule: Rule) -> list[Rule]:
    """A rule; and the same as advice where it is that elsewhere, for one name has one level on the engine."""
    return [rule, replace(rule, name=f"{rule.name}-elsewhere", mandatory=False)] if rule.advice_elsewhere else [rule]


if __name__ == "__main__":
    try:
        found = policies()
        read_as_offline()
    except BadInput as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    served._PolicyAnalyzerServicer = Analyzer  # pyright: ignore[reportPrivateUsage]
    PolicyPack("mlplatform", found)
