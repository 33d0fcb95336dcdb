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
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any, cast

import grpc
import pulumi
from google.protobuf import json_format
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
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
from catalogue.graph import Graph, Resource
from catalogue.kinds import known_as
from catalogue.marked import DEFAULTS, redacted, whole_numbers
from catalogue.marks import UNKNOWN, is_unknown
from catalogue.placement import Placement
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
        graph = whole(platform)
        if graph is not None and not (rule.advice_elsewhere and ours() is not rule.mandatory):
            tell(rule, graph, report)

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


class _Read:
    """Properties as the offline preview reads them, once, however many policies ask."""

    def __init__(self, properties: Any) -> None:
        self._properties = properties

    @cached_property
    def plain(self) -> dict[str, Any]:
        return cast("dict[str, Any]", redacted(whole_numbers(json_format.MessageToDict(self._properties))))


class _Once:
    """A message of the engine's whose properties, and those of its provider, are read once."""

    def __init__(self, message: Any) -> None:
        self._message = message

    def __getattr__(self, name: str) -> Any:
        return getattr(self._message, name)

    @cached_property
    def properties(self) -> _Read:
        return _Read(self._message.properties)

    @cached_property
    def provider(self) -> "_Once":
        return _Once(self._message.provider)


_shown: list[Resource] = []
"""The stack that is being analysed, as the engine shows it."""
_whole: dict[str, Graph] = {}
"""The same as a graph of each platform, so that all rules share what they read of it."""


class Analyzer(served._PolicyAnalyzerServicer):  # pyright: ignore[reportPrivateUsage]
    """What the engine speaks to.

    pulumi_policy shows a pack no other place at which it hears of its config. And it makes all that the engine shows
    anew for each policy (pulumi_policy/policy.py, AnalyzeStack): with hundreds of policies a large stack took minutes.
    """

    def Configure(self, request: analyzer_pb2.ConfigureAnalyzerRequest, _context: grpc.ServicerContext) -> Any:
        """Take the config, but for the levels that it may not lower."""
        keep_levels(request, policies(), bound())
        return super().Configure(request, _context)

    def Analyze(self, request: analyzer_pb2.AnalyzeRequest, _context: Any) -> Any:
        """Judge one resource, which is read once."""
        return super().Analyze(_Once(request), _context)

    def AnalyzeStack(self, request: analyzer_pb2.AnalyzeStackRequest, _context: Any) -> Any:
        """Judge the stack, which is read once. The policies take it from here, and none from their arguments."""
        urns = {shown.urn for shown in request.resources}
        _shown[:] = [_resource(shown, urns) for shown in request.resources]
        try:
            return super().AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(), _context)
        finally:
            _shown.clear()
            _whole.clear()


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


def whole(platform: str) -> Graph | None:
    """The stack as the engine shows it: the remembered inputs, and the outputs. None where it has nothing there.

    The engine also shows resources that are about to be deleted. No inputs are remembered for them, so they are left
    out. Where no inputs at all are remembered (`pulumi policy analyze`), what exists is judged.
    """
    if not any(not platform or platform_of(resource.type) == platform for resource in _shown):
        return None
    if platform not in _whole:
        made = [resource for resource in _shown if not _sent or resource.urn in _sent or not resource.custom]
        stack = stack_of(made[0].urn) if made else ""
        _whole[platform] = Graph(stack, platform, tuple(made), {}, ours(), placement())
    return _whole[platform]


def _resource(shown: analyzer_pb2.AnalyzerResource, urns: Collection[str]) -> Resource:
    """A resource of the stack, by the engine's message. What it names and the engine does not show is left out."""

    def there(named: Iterable[str]) -> tuple[str, ...]:
        return tuple(urn for urn in named if urn in urns)

    return Resource(
        urn=shown.urn,
        type=known_as(shown.type),
        name=shown.name,
        # A component has no provider; everything in a cloud has one, if only a default one.
        custom=shown.HasField("provider") or shown.type.startswith("pulumi:providers:"),
        parent=shown.parent if shown.parent in urns else shown.options.parent or None,
        provider=shown.provider.urn if shown.HasField("provider") else None,
        protect=shown.options.protect,
        dependencies=there(shown.dependencies),
        property_dependencies={key: there(of.urns) for key, of in shown.propertyDependencies.items()},
        options={"ignoreChanges": list(shown.options.ignoreChanges)},
        inputs=_sent.get(shown.urn, {}),
        outputs=_said(shown.type, _Read(shown.properties).plain),
    )


def _said(type_: str, props: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the program said of a resource. The engine adds to a provider the version of its SDK."""
    said = cast(Mapping[str, Any], plain(props))
    return (
        {key: one for key, one in said.items() if key != "version"} if type_.startswith("pulumi:providers:") else said
    )


def plain(value: Any) -> Any:
    """The value without the engine's proxies, and without what a bridged provider filled in: the program said nothing.

    An unknown value is Pulumi's mark of a text and does not raise.
    """
    if is_unknown(value):
        return UNKNOWN
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

    served.json_format = _Reader  # pyright: ignore[reportPrivateImportUsage, reportAttributeAccessIssue]
    served.deserialize_properties = _plain  # pyright: ignore[reportPrivateImportUsage]


class _Reader:
    """What the SDK turns messages into dictionaries with: those of `_Once` are read already."""

    @staticmethod
    def MessageToDict(message: Any) -> Any:
        """The properties of `_Once` as they are, for `_plain` to read; any other message as a dictionary."""
        return message if isinstance(message, _Read) else json_format.MessageToDict(message)


_deserialized = served.deserialize_properties  # pyright: ignore[reportPrivateImportUsage]


def _plain(properties: Any, proxy_secrets: bool = False) -> dict[str, Any]:
    """What a policy sees. Only a remediation, whose answer is sent to the cloud, sees secrets, as the SDK has them."""
    return properties.plain if isinstance(properties, _Read) else _deserialized(properties, proxy_secrets)


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
