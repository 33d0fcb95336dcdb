"""How hard a rule binds: by the limits, offline and on the engine; and what the engine's config may change of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi_policy
import pytest
import yaml
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel, Severity, StackValidationArgs, StackValidationPolicy

from catalogue.errors import BadInput
from catalogue.graph import Graph
from operations.evaluation import evaluate
from policies import __main__ as engine
from policies import levels, limits, pack
from policies.rule import Rule
from tests.catalogue.test_organisation import put

LINE = {
    "unit": "rules of the pack that only advise where they would bind",
    "owner": "risk@company.example",
    "reason": "a developer's stack is thrown away at night",
    "reviewed": "2026-11-27",
}
CONFIG = (
    '{"mlplatform:platform": "aws", "mlplatform:environment": "%s", "mlplatform:team": "churn", '
    '"mlplatform:account": "111122223333", "mlplatform:region": "us-east-1"}'
)


def write(organisation: Path, value: Any, *at: str) -> None:
    """A company's line of `advisory-rules`: for every stack, or under the keys that lead to it."""
    line: Any = {"advisory-rules": {**LINE, "value": value}}
    for key in reversed(at or ("limits",)):
        line = {key: line}
    put(organisation, "limits.yaml", yaml.safe_dump(line).replace("'2026-11-27'", "2026-11-27"))
    limits.load.cache_clear()


def rule(name: str, platform: str = "aws") -> Rule:
    return next(one for one in pack.RULES[platform] if one.name == name)


def untagged(graph: Graph) -> Graph:
    """A bucket that lacks the tag of its team: `cost-tags` finds it, and it breaks the proof of cost visibility."""
    bucket = next(one for one in graph.cloud if one.type.startswith("aws:s3/bucket:"))
    tags = {key: value for key, value in bucket.inputs["tags"].items() if key != "team"}
    other = replace(bucket, inputs={**bucket.inputs, "tags": tags})
    return replace(graph, resources=tuple(other if one is bucket else one for one in graph.resources))


@pytest.mark.parametrize("name", ["cost-tags", "aws-cost-tags", "cost-t*"])
def test_a_rule_only_advises_where_the_limits_name_it(organisation: Path, aws_pilot: Graph, name: str) -> None:
    asked = rule("cost-tags")
    (binds,) = evaluate(untagged(aws_pilot), [asked]).findings
    assert binds.mandatory and binds.lowered is None
    write(organisation, [name], "environments", "pilot")
    (advises,) = evaluate(untagged(aws_pilot), [asked]).findings
    assert not advises.mandatory and advises.proof == "cost visibility"
    said = "environments.pilot.advisory-rules of organisation/limits.yaml"
    assert advises.lowered == f"{LINE['reason']} ({LINE['owner']}, {said})"
    write(organisation, [name], "environments", "dev")
    assert evaluate(untagged(aws_pilot), [asked]).findings == [binds]


@pytest.mark.parametrize(("environment", "level"), [("dev", "advisory"), ("prod", "mandatory"), (None, "mandatory")])
def test_the_engine_has_the_level_that_the_offline_verdict_has(
    organisation: Path, monkeypatch: pytest.MonkeyPatch, environment: str | None, level: str
) -> None:
    write(organisation, {"aws": ["cost-tags"]}, "environments", "dev")
    monkeypatch.setenv("PULUMI_PROJECT", "mlplatform" if environment else "theirs")
    monkeypatch.setenv("PULUMI_CONFIG", CONFIG % environment if environment else "{}")
    made = {policy.name: policy for policy in engine.policies()}
    assert made["aws-cost-tags"].enforcement_level is EnforcementLevel(level)
    assert made["gcp-cost-tags"].enforcement_level is EnforcementLevel.MANDATORY
    for platform in ("aws", "gcp", "azure"):
        for one in pack.RULES[platform]:
            name = one.name if one.name == "kind-known" else f"{platform}-{one.name}"
            assert made[name].severity is Severity(one.severity), "a rule's severity is the engine's too"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("any", "found 'any', allowed: rules by name, for some are never waived and bind"),
        (["network-subnet-private"], "'network-subnet-private' names network-subnet-private, which is never waived"),
        (["network-*"], "'network-*' names "),
        (["cost-tag"], "no rule of the pack has the name 'cost-tag'; did you mean cost-tags?"),
        ({"gcp": ["aws-cost-tags"]}, "no rule of the pack has the name 'aws-cost-tags'"),
        (["CKV_AWS_18"], "no rule of the pack has the name 'CKV_AWS_18'"),
    ],
)
def test_a_line_that_lowers_what_nobody_may_is_one_sentence(organisation: Path, value: Any, said: str) -> None:
    write(organisation, value, "environments", "dev")
    with pytest.raises(BadInput) as refused:
        levels.check()
    sentence = str(refused.value)
    assert sentence.startswith(f"organisation/limits.yaml: environments.dev.advisory-rules: {said}")
    assert "\n" not in sentence
    with pytest.raises(BadInput):
        engine.policies()


@pytest.mark.parametrize("value", ["none", ["cost-tags", "limits-*"], {"aws": ["cost-tags"], "gcp": "none"}])
def test_a_line_that_names_what_may_be_waived_is_taken(organisation: Path, value: Any) -> None:
    write(organisation, value)
    levels.check()


def test_a_rule_that_is_never_waived_binds_whatever_the_limits_say(organisation: Path, aws_pilot: Graph) -> None:
    write(organisation, ["*"])
    assert all(levels.lowered(one, aws_pilot) is None for one in pack.RULES["aws"] if one.never_waived)
    assert levels.lowered(rule("cost-tags"), aws_pilot) is not None


# ---- the engine's config --------------------------------------------------------------------------------------------

OWN = {"open": "mandatory", "kept": "mandatory", "advice": "advisory", "gives": "disabled"}


@pytest.mark.parametrize(
    ("asked", "ours", "levels_", "told"),
    [
        ({**OWN}, False, OWN, []),
        (dict.fromkeys(OWN, "mandatory"), True, dict.fromkeys(OWN, "mandatory"), []),
        (dict.fromkeys(OWN, "remediate"), True, dict.fromkeys(OWN, "remediate"), []),
        (dict.fromkeys(OWN, "disabled"), False, {**dict.fromkeys(OWN, "disabled"), "kept": "mandatory"}, ["kept"]),
        (dict.fromkeys(OWN, "disabled"), True, OWN, ["kept", "advice and 1 more"]),
        ({"open": "advisory"}, True, {"open": "mandatory"}, ["open"]),
        ({"open": "advisory"}, False, {"open": "advisory"}, []),
        ({"unknown": "disabled"}, True, {"unknown": "disabled"}, []),
    ],
)
def test_a_config_raises_and_lowers_what_may_be_waived_in_a_project_of_others(
    asked: dict[str, str], ours: bool, levels_: dict[str, str], told: list[str]
) -> None:
    kept, said = levels.kept(asked, OWN, {"kept"}, ours)
    assert kept == levels_
    assert [sentence.split(",")[0].removeprefix("lowers ") for sentence in said] == told


def test_what_the_config_may_not_lower_stays_and_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the engine sends it: every policy of the pack, with what `all` came to."""
    monkeypatch.setenv("PULUMI_PROJECT", "theirs")
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    monkeypatch.setattr(engine, "_refused", [])
    made = engine.policies()
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for policy in made:
        request.policyConfig[policy.name].enforcementLevel = analyzer_pb2.DISABLED
    engine.keep_levels(request, made, engine.bound())
    now = {name: config.enforcementLevel for name, config in request.policyConfig.items()}
    assert now["remember-inputs"] == now["levels-kept"] == analyzer_pb2.ADVISORY
    assert now["kind-known"] == now["aws-network-subnet-private"] == analyzer_pb2.MANDATORY
    assert now["aws-cost-tags"] == now["kind-known-elsewhere"] == analyzer_pb2.DISABLED
    never = {f"aws-{one.name}" for one in pack.RULES["aws"] if one.never_waived and one.name != "kind-known"}
    assert {now[name] for name in never} == {analyzer_pb2.MANDATORY}
    told: list[str] = []
    kept = next(policy for policy in made if policy.name == "levels-kept")
    assert isinstance(kept, StackValidationPolicy)
    kept.validate(StackValidationArgs([]), lambda message, urn=None: told.append(message))
    assert len(told) == 1 and "never waived" in told[0]


def test_the_engine_speaks_to_a_class_that_the_pack_can_take_the_place_of() -> None:
    """pulumi_policy has no public place for it: an update that renames the class must fail here first."""
    assert issubclass(engine.Analyzer, pulumi_policy.policy._PolicyAnalyzerServicer)  # pyright: ignore
    assert "_PolicyAnalyzerServicer" in pulumi_policy.policy.PolicyPack.__init__.__code__.co_names
    assert engine.Analyzer.Configure is not pulumi_policy.policy._PolicyAnalyzerServicer.Configure  # pyright: ignore
