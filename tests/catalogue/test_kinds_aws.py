"""The records of AWS against the installed SDK, what they read of variants, jobs and containers, and who names them."""

import importlib
import inspect
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

import catalogue.kinds.aws
from catalogue.answers import Request
from catalogue.graph import Graph, Resource
from catalogue.kind import At, Keys, Kind, No, NotYet, Renders, Runs, Serves, Takes
from catalogue.kinds import kinds
from catalogue.kinds.aws import sagemaker, sfn
from catalogue.kinds.aws.provider import PROVIDER, allowed_accounts
from catalogue.kinds.aws.scheduler import SCHEDULE, runs_per_month
from catalogue.properties import Malformed, Properties
from catalogue.rendering import Terraform
from operations.rendering.terraform import render
from policies.everywhere import kind_known
from provider.aws.approved_version import ApprovedVersionService
from provider.inputs import names as input_names
from sandbox import cloud
from tests.rows import rows

ROOT = Path(__file__).parents[2]
KNOWN = kinds("aws")
OURS = {ApprovedVersionService.token: ApprovedVersionService}
"""What our own provider makes, which no SDK of AWS knows."""
TYPES = sorted(set(KNOWN) - {PROVIDER, *OURS})


@cache
def inputs(type_: str) -> frozenset[str]:
    """Every input of a type under its wire path, nested ones included, as the SDK declares them."""
    _, module, name = type_.split(":")
    package = importlib.import_module(f"pulumi_aws.{module.partition('/')[0]}")
    found: set[str] = set()
    for parameter in inspect.signature(getattr(package, name)._internal_init).parameters.values():
        found |= set(_paths(package.__name__, wire(parameter.name), str(parameter.annotation)))
    return frozenset(found)


def _paths(package: str, path: str, annotation: str, depth: int = 0) -> Iterator[str]:
    yield path
    for name in set(re.findall(r"\w+ArgsDict", annotation)) if depth < 8 else ():
        # A policy's statements are another package's, and it is given as text.
        dict_ = getattr(importlib.import_module(f"{package}._inputs"), name, None)
        for key, inner in dict_.__annotations__.items() if dict_ else ():
            yield from _paths(package, f"{path}.{wire(key)}", str(inner), depth + 1)


def wire(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


# ---- one record a type, and nobody else who names it ----------------------------------------------------------------


def named() -> list[str]:
    """Every type that a module of the records gives a name of its own, whether or not it has a record."""
    names = [module.name for module in iter_modules(catalogue.kinds.aws.__path__)]
    modules = [importlib.import_module(f"catalogue.kinds.aws.{name}") for name in names]
    values = {value for module in modules for value in vars(module).values() if isinstance(value, str)}
    return sorted(value for value in values if re.fullmatch(r"((aws|pulumi):[\w/]+|mlplatform:aws):\w+", value))


@rows("type_", named())
def test_every_type_that_the_catalogue_names_has_a_record(type_: str) -> None:
    assert type_ in KNOWN


def test_every_record_is_of_a_type_that_the_catalogue_names() -> None:
    assert set(KNOWN) == set(named())


@pytest.mark.parametrize("type_", OURS)
def test_a_record_of_ours_says_of_every_input_what_it_may_be(type_: str) -> None:
    takes = KNOWN[type_].takes
    assert isinstance(takes, Takes) and takes.known == set(input_names(OURS[type_].inputs)) == takes.needed


@pytest.mark.sweep(4)
@pytest.mark.parametrize("type_", TYPES)
def test_without_its_record_a_type_is_missed_by_its_name(type_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = {token: kind for token, kind in KNOWN.items() if token != type_}
    monkeypatch.setattr("catalogue.kinds.kinds", lambda platform: rest)
    one = resource(type_)
    with pytest.raises(cloud.UnknownType, match=re.escape(f"r: the sandbox does not know the type {type_};")):
        cloud.create(Request(type_, one.urn, "r", {}, "111122223333", "us-east-1"))
    graph = Graph("s", "aws", (one,), {})
    assert [violation.resource for violation in kind_known.judge(graph).violations] == [one]
    assert [(item.urn, item.type) for item in render(graph.to_json()["resources"]).unrendered] == [(one.urn, type_)]


NAMED_BESIDE = {
    "catalogue/inputs/aws.yaml": "it is part of each record, a page for all",
    "catalogue/inputs/aws-requests.yaml": "it says whose resources a request may name",
    "policies/aws/baselines.py": "it judges types that no stack of ours has, and that baselines ask about",
    "catalogue/made/aws.yaml": "it says how many of each type a component makes",
    "catalogue/caveats.py": "it says which types of each platform a caveat is about, and imports no platform",
    "operations/sources/sizes.py": "it says which call of the SDK makes each type",
}
"""Who else names a type, and why."""


def test_only_the_records_name_a_type_and_all_others_ask_them() -> None:
    folders = ("catalogue", "components", "policies", "provider", "operations", "sandbox", "stacks", "benchmarks")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".yaml"}]
    own = ROOT / "catalogue" / "kinds" / "aws"
    naming = {
        str(path.relative_to(ROOT)): token
        for path in files
        if own not in path.parents
        for token in re.findall(r"\baws:\w+/\w+:\w+", path.read_text(encoding="utf-8"))
    }
    assert len(files) > 200 and set(naming) == set(NAMED_BESIDE)


@rows("type_", TYPES)
def test_a_record_says_of_tags_and_regions_what_the_sdk_says(type_: str) -> None:
    kind = KNOWN[type_]
    assert isinstance(kind.tags, At) == ("tags" in inputs(type_))
    assert isinstance(kind.stands, At) == ("region" in inputs(type_))
    assert all(fact.path in inputs(type_) for fact in (kind.tags, kind.stands) if isinstance(fact, At))


# Not places of a key: how long a data key is reused, whether encrypted objects are replicated.
_NO_KEY = {
    "encryptionConfiguration.kmsDataKeyReusePeriodSeconds",
    "replicationConfiguration.rules.sourceSelectionCriteria.sseKmsEncryptedObjects",
}


@rows("type_", TYPES)
def test_a_record_names_every_place_of_a_key_that_the_sdk_has(type_: str) -> None:
    kind = KNOWN[type_]
    said = {key.path for key in kind.keys.at} if isinstance(kind.keys, Keys) else set[str]()
    assert said == {path for path in inputs(type_) - _NO_KEY if "kms" in path.rpartition(".")[2].lower()}


@rows("type_", TYPES)
def test_a_record_says_which_of_its_attributes_the_bridge_renamed(type_: str) -> None:
    renders = KNOWN[type_].renders
    assert isinstance(renders, Renders) and isinstance(renders.as_, Terraform)
    assert set(renders.as_.renamed) <= inputs(type_)
    # The bridge's own rule, which the records of these types are the exceptions of.
    _, module, noun = type_.split(":")
    module, noun = module.partition("/")[0], re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", noun).lower()
    expected = {"ec2": f"aws_{noun}", "cloudtrail": "aws_cloudtrail"}.get(module, f"aws_{module}_{noun}")
    assert renders.as_.type == expected


def test_the_reasons_and_sources_can_be_read() -> None:
    for kind in KNOWN.values():
        for fact in (value for key, value in vars(kind).items() if key != "token" and not isinstance(value, NotYet)):
            assert re.fullmatch(r"20\d\d-\d\d-\d\d", fact.evidence.read)
            if fact.evidence.status != "assumed":
                assert fact.evidence.where.startswith("https://")
            if isinstance(fact, No):
                assert len(fact.why) > 5


# ---- what runs ------------------------------------------------------------------------------------------------------


def resource(type_: str, called: str = "r", /, **given: Any) -> Resource:
    depends = {key: tuple(urns) for key, urns in given.pop("refers", {}).items()}
    urn = f"urn:pulumi:s::p::{type_}::{called}"
    return Resource(urn=urn, type=type_, name=called, custom=True, inputs=given, property_dependencies=depends)


def said(graph: Graph, one: Resource) -> list[str]:
    runs = KNOWN[one.type].runs
    assert isinstance(runs, Runs)
    return [f"{m.use} {m.low}-{m.high} {m.said}" for m in runs.machines(graph, one)]


def task(action: str, parameters: dict[str, Any], by: str = "sagemaker:") -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{by}{action}", "Parameters": parameters}


# ---- what is served -------------------------------------------------------------------------------------------------


def serves(kind: Kind, one: Resource) -> tuple[list[str], list[str]]:
    assert isinstance(kind.serves, Serves)
    graph = Graph("s", "aws", (one,), {})
    return list(kind.serves.images(graph, one)), list(kind.serves.artifacts(graph, one))


def test_every_container_of_a_model_is_read() -> None:
    sources = {"s3DataSources": [{"s3Uri": "s3://b/two"}]}
    model = resource(
        sagemaker.MODEL,
        primaryContainer={"image": "one", "modelDataUrl": "s3://b/one"},
        containers=[
            {"image": "two", "modelDataSource": sources, "additionalModelDataSources": [sources]},
            {"modelPackageName": "arn:aws:sagemaker:us-east-1:111122223333:model-package/g/3"},
        ],
    )
    assert serves(KNOWN[sagemaker.MODEL], model) == (["one", "two"], ["s3://b/one", "s3://b/two", "s3://b/two"])
    for broken in ({}, {"containers": [{"mode": "MultiModel"}]}):
        with pytest.raises(Malformed):
            serves(KNOWN[sagemaker.MODEL], resource(sagemaker.MODEL, **broken))


def test_the_images_of_jobs_are_read() -> None:
    training = {"AlgorithmSpecification": {"TrainingImage": "t"}}
    states = {
        "A": task("createTrainingJob", training),
        "B": task("createProcessingJob", {"AppSpecification": {"ImageUri": "p"}}),
        "C": task("createHyperParameterTuningJob", {"TrainingJobDefinitions": [training, training]}),
    }
    machine = resource(sfn.STATE_MACHINE, definition=json.dumps({"States": states}))
    assert serves(KNOWN[sfn.STATE_MACHINE], machine) == (["t", "p", "t", "t"], [])


# ---- schedules and providers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("cron(0 2 ? * MON-FRI *)", 261 / 12),
        ("cron(0 2 ? * 2-6 *)", 261 / 12),
        ("cron(0 2 ? * 3#2 *)", 1),
        ("cron(0 2 L * ? *)", 1),
        ("at(2026-12-01T02:00:00)", 1),
    ],
)
def test_runs_a_month_of_what_the_scheduler_takes(expression: str, runs: float) -> None:
    assert runs_per_month(expression) == pytest.approx(runs, rel=0.01)


@pytest.mark.parametrize(
    "expression", ["", "cron(0 2 * * *)", "cron(0 99 ? * 2 *)", "rate(often)", "rate(5 weeks)", "rate(0 days)", "at()"]
)
def test_an_expression_that_nobody_can_read_is_malformed(expression: str) -> None:
    from catalogue.kinds.aws.scheduler import starts_per_month

    machine = resource(sfn.STATE_MACHINE, "m")
    schedule = resource(SCHEDULE, "s", scheduleExpression=expression, refers={"target": [machine.urn]})
    with pytest.raises(Malformed, match="scheduleExpression"):
        starts_per_month(Graph("s", "aws", (machine, schedule), {}), machine)


@pytest.mark.parametrize(("value", "accounts"), [('["1", "2"]', ["1", "2"]), (["1"], ["1"]), ("[]", []), (None, [])])
def test_a_providers_accounts_are_a_list_or_its_json(value: Any, accounts: list[str]) -> None:
    assert allowed_accounts(Properties({"allowedAccountIds": value})) == accounts


@pytest.mark.parametrize("value", ["111122223333", "not json", 5])
def test_accounts_of_another_shape_are_malformed(value: Any) -> None:
    with pytest.raises(Malformed):
        allowed_accounts(Properties({"allowedAccountIds": value}))
