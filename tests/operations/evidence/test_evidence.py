"""The evidence is OSCAL by NIST's own schema, says what the verdict says, and is the same for the same input.

`oscal_assessment_results_schema.json` is NIST's JSON schema of OSCAL 1.2.1, as oscal-compass/compliance-trestle carries
it at 0e354a512f14af74685dc33d51bf519367871765. A work of NIST is in the public domain.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from catalogue.graph import Graph
from catalogue.kinds.aws.sagemaker import MODEL
from operations.evidence import assessment, text_of
from operations.judge import judge
from operations.verdict import Verdict, Waived
from tests.catching import caught
from tests.commanding import command
from tests.mutate import changed, put
from tests.operations.test_judge import FakeScan
from tests.policies.aws.test_rules import first

TODAY = date(2026, 11, 27)
SCHEMA = Path(__file__).with_name("oscal_assessment_results_schema.json")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OPEN = "network-model-isolated"


@pytest.fixture(scope="module")
def oscal() -> jsonschema.Draft7Validator:
    """Python's `re` has no classes of Unicode by name, so these two are written as it knows them."""
    text = SCHEMA.read_text(encoding="utf-8").replace(r"\\p{L}", r"[^\\W\\d_]").replace(r"\\p{N}", r"\\d")
    return jsonschema.Draft7Validator(json.loads(text))


def judged(graph: Graph, seconds: float = 1.0) -> Verdict:
    return judge(graph, FakeScan().scan, lambda: seconds, TODAY, lambda stage: None)


def isolated(graph: Graph, *, by: bool) -> Graph:
    return changed(graph, first(graph, MODEL, "fraud-scorer"), lambda p: put(p, "enableNetworkIsolation", by))


@pytest.fixture(scope="module")
def clean(aws_pilot: Graph) -> dict[str, Any]:
    return assessment(aws_pilot, judged(aws_pilot), COMMIT)


@pytest.fixture(scope="module")
def failing(aws_pilot: Graph) -> tuple[Verdict, dict[str, Any]]:
    graph = isolated(aws_pilot, by=False)
    verdict = judged(graph)
    return verdict, assessment(graph, verdict, COMMIT)


def result_of(document: Mapping[str, Any]) -> dict[str, Any]:
    [result] = document["assessment-results"]["results"]
    return result


def props(part: Mapping[str, Any], name: str) -> list[str]:
    return [prop["value"] for prop in part.get("props", ()) if prop["name"] == name]


def of_kind(result: Mapping[str, Any], kind: str) -> list[Any]:
    return [each for each in result["observations"] if props(each, "kind") == [kind]]


def test_it_is_valid_by_the_schema_of_nist(
    oscal: jsonschema.Draft7Validator, clean: dict[str, Any], failing: tuple[Verdict, dict[str, Any]]
) -> None:
    for document in (clean, failing[1]):
        assert [error.message for error in oscal.iter_errors(document)] == []
    broken = json.loads(text_of(clean))
    del result_of(broken)["reviewed-controls"]
    assert next(oscal.iter_errors(broken), None), "the schema judges nothing"


def test_each_finding_is_an_observation_with_its_controls(failing: tuple[Verdict, dict[str, Any]]) -> None:
    verdict, document = failing
    told = of_kind(result_of(document), "finding")
    assert sorted(each["title"] for each in told) == sorted(finding.rule for finding in verdict.findings)
    assert {each["title"] for each in told if props(each, "standing") == ["fails"]} == {
        finding.rule for finding in verdict.failing
    }
    [one] = [each for each in told if each["title"] == OPEN]
    assert {"aws-security-hub-sagemaker_SageMaker.5", "ac-4", "sc-7"} <= set(props(one, "control"))
    assert [subject["title"] for subject in one["subjects"]] == [verdict.failing[0].resource]


def test_a_control_is_satisfied_where_nothing_of_it_fails(
    clean: dict[str, Any], failing: tuple[Verdict, dict[str, Any]]
) -> None:
    def states(document: Mapping[str, Any]) -> dict[str, str]:
        targets = [each["target"] for each in result_of(document)["findings"]]
        return {target["target-id"]: target["status"]["state"] for target in targets}

    before, after = states(clean), states(failing[1])
    assert set(before.values()) == {"satisfied"}
    assert {control for control, state in after.items() if state != before[control]} >= {
        "aws-security-hub-sagemaker_SageMaker.5",
        "aws-config-sagemaker_sagemaker-model-isolation-enabled",
        "sc-7",
    }
    assert after["aws-security-hub-sagemaker_SageMaker.1"] == "satisfied"


def test_a_pilot_has_no_finding_and_no_open_risk(clean: dict[str, Any]) -> None:
    result = result_of(clean)
    assert [each["title"] for each in of_kind(result, "finding") if props(each, "standing") != ["excepted"]] == []
    assert {risk["status"] for risk in result.get("risks", ())} <= {"deviation-approved"}


def test_a_rule_says_what_it_looked_at_and_the_result_on_each(failing: tuple[Verdict, dict[str, Any]]) -> None:
    [rule] = [each for each in of_kind(result_of(failing[1]), "rule") if each["title"] == OPEN]
    results = {subject["title"]: props(subject, "result") for subject in rule["subjects"]}
    assert len(results) == 3 and sorted(value for [value] in results.values()) == ["fails", "passes", "passes"]


def test_the_same_input_gives_the_same_text_and_another_gives_other_ids(
    aws_pilot: Graph, clean: dict[str, Any], failing: tuple[Verdict, dict[str, Any]]
) -> None:
    slower = judged(replace(aws_pilot), seconds=99.0)
    assert text_of(assessment(aws_pilot, slower, COMMIT)) == text_of(clean)
    ids = [document["assessment-results"]["uuid"] for document in (clean, failing[1])]
    other = assessment(aws_pilot, slower, "another")["assessment-results"]["uuid"]
    assert len({*ids, other}) == 3


def test_it_comes_back_as_it_was_and_every_reference_in_it_leads_somewhere(clean: dict[str, Any]) -> None:
    text = text_of(clean)
    assert json.loads(text) == clean
    said = re.findall(r'"uuid": "([^"]+)"', text)
    assert len(said) == len(set(said))
    assert set(re.findall(r'"[a-z]+-uuid": "([^"]+)"', text)) <= set(said)


def test_limits_personas_network_keys_and_retention_are_told(clean: dict[str, Any]) -> None:
    parts = {part["name"]: part for part in result_of(clean)["attestations"][0]["parts"]}
    said = {name: " ".join(item["prose"] for item in part["parts"]) for name, part in parts.items()}
    assert "ceiling-usd" in said["limits"] and props(parts["limits"]["parts"][0], "owner")
    assert "data-scientist" in said["personas"] and "sagemaker" in said["network"].lower()
    assert "arn:aws:kms:us-east-1:111122223333:key/" in said["keys"] and "days" in said["retention"]
    assert "sagemaker_models_monitor_enabled not covered" in said["controls-left"]


def test_it_holds_no_path_of_the_machine(clean: dict[str, Any]) -> None:
    assert str(Path(__file__).parents[3]) not in text_of(clean)
    assert "/home/" not in text_of(clean) and "file://" not in text_of(clean)


def test_a_waiver_is_a_risk_with_its_owner_and_its_last_day(
    oscal: jsonschema.Draft7Validator, aws_pilot: Graph, failing: tuple[Verdict, dict[str, Any]]
) -> None:
    days = {"granted": date(2026, 11, 1), "expires": date(2026, 12, 24)}
    waiver = Waived(owner="ml-platform@example.com", reason="until the new\nimage", **days)
    told = [f.model_copy(update={"waived": waiver}) if f.fails else f for f in failing[0].findings]
    document = assessment(isolated(aws_pilot, by=False), failing[0].model_copy(update={"findings": told}), COMMIT)
    assert list(oscal.iter_errors(document)) == []
    [risk] = [each for each in result_of(document)["risks"] if each["title"] == OPEN]
    assert (risk["status"], risk["deadline"]) == ("deviation-approved", "2026-12-24T00:00:00Z")
    assert props(risk, "granted") == ["2026-11-01"]
    assert props(risk, "owner") == ["ml-platform@example.com"] and risk["statement"] == "until the new image"
    assert "ml-platform@example.com" in [
        party["name"] for party in document["assessment-results"]["metadata"]["parties"]
    ]


def test_the_mutant_is_what_the_rule_finds(aws_pilot: Graph) -> None:
    assert caught(isolated(aws_pilot, by=False), OPEN) == {OPEN}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("no-such-stack",), "no-such-stack"),
        (("aws-pilot", "--commit", " "), "--commit: is empty"),
        (("aws-pilot", "--today", "tomorrow"), "--today: found 'tomorrow'"),
    ],
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], said: str) -> None:
    done = command("evidence", *arguments)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr
