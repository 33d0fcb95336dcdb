"""A section is found because its file is there, and nothing else says its name: here an adopter adds one."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from catalogue.errors import BadInput
from operations.offline import record
from stacks.capabilities import table
from stacks.config import STACKS, validate
from stacks.keys import keys
from stacks.schema import json_schema
from stacks.sections import deployer, deployers, imported, sections
from tests.previewing import preview
from tests.stack_files import pilot_file

SECTION = '''
"""A feature store."""
from typing import Annotated
from pydantic import Field
from stacks.fields import Fields, Slug
from stacks.model import Problem, Section

class Group(Fields):
    """One group of features."""
    retain_days: Annotated[int, Field(ge=1)]

def check(config):
    for name, group in of(config).items():
        if group.retain_days > 100:
            yield Problem((SECTION.name, name, "retain_days"), f"found {group.retain_days}, allowed: 100 or less")

SECTION = Section(
    __name__,
    value=dict[Slug, Group],
    default={},
    called="feature store",
    makes={"FeatureGroup": "{stack}-{item}-features"},
    after=("models",),
    check=check,
    refused={"gcp": "Vertex AI keeps features in BigQuery tables; make one there"},
)
of = SECTION.of
'''
DEPLOYED = '''
"""The feature store on AWS."""
import pulumi
from organisation.sections import feature_store

TYPE = "mlplatform-aws:index:FeatureGroup"

def reaches(config):
    return ("sagemaker.featurestore-runtime",) if feature_store.of(config) else ()

def deploy(ground, config):
    made = {}
    for name in feature_store.of(config):
        made[name] = pulumi.ComponentResource(TYPE, f"{ground.stack}-{name}-features", opts=ground.opts)
    return {"feature_store": {name: one.urn for name, one in made.items()}}
'''


@pytest.fixture
def added(organisation: Path) -> Path:
    for part in ("sections", "aws"):
        (organisation / part).mkdir()
    (organisation / "sections" / "feature_store.py").write_text(SECTION, encoding="utf-8")
    (organisation / "aws" / "feature_store.py").write_text(DEPLOYED, encoding="utf-8")
    return organisation


def config(platform: str, **says: Any) -> dict[str, Any]:
    document = pilot_file(platform)
    return document["config"] | {f"mlplatform:{key}": value for key, value in says.items()}


def said(platform: str, **says: Any) -> str:
    with pytest.raises(BadInput) as caught:
        validate(config(platform, **says), "a.yaml")
    return str(caught.value)


def test_without_it_its_key_is_unknown() -> None:
    assert said("aws", feature_store={}).startswith("a.yaml: mlplatform:feature_store: unknown key")
    assert "feature store" not in table()


@pytest.mark.usefixtures("added")
def test_the_config_has_it_and_its_own_check() -> None:
    read = validate(config("aws", feature_store={"cards": {"retain_days": 30}}), "a.yaml")
    assert sections()["feature_store"].of(read)["cards"].retain_days == 30
    assert keys("a", read)["FeatureGroup", "a-cards-features"] == "feature_store.cards"
    place = "a.yaml: mlplatform:feature_store.cards"
    wrong = {"retain_days": 0}, {"retain_days": 101}, {"retain_dayz": 1}, {"retain_days": 1, "Up": {}}
    assert [said("aws", feature_store={"cards": cards}) for cards in wrong] == [
        f"{place}.retain_days: found 0, allowed: 1 or more",
        f"{place}.retain_days: found 101, allowed: 100 or less",
        f"{place}.retain_dayz: unknown key; did you mean retain_days?",
        f"{place}.Up: unknown key; allowed: retain_days",
    ]


@pytest.mark.usefixtures("added")
def test_it_comes_after_what_it_stands_on() -> None:
    order = list(sections())
    assert order.index("models") < order.index("feature_store")


@pytest.mark.usefixtures("added")
def test_a_stack_that_says_nothing_of_it_is_read_as_before() -> None:
    for platform in ("aws", "gcp"):
        assert sections()["feature_store"].of(validate(config(platform), "a.yaml")) == {}


@pytest.mark.usefixtures("added")
def test_a_platform_without_its_file_refuses_it_in_its_own_sentence() -> None:
    for value in ({}, {"cards": {"retain_days": 30}}, {"cards": 7, "Cards": {}}, "cards"):
        assert said("gcp", feature_store=value) == (
            "a.yaml: mlplatform:feature_store: gcp takes none: Vertex AI keeps features in BigQuery tables; "
            "make one there"
        )
    assert said("azure", feature_store={}) == (
        "a.yaml: mlplatform:feature_store: azure takes none: it is not built for Azure Machine Learning yet; "
        "leave it out"
    )


@pytest.mark.usefixtures("added")
def test_the_schema_has_it_where_it_is_deployed() -> None:
    in_config = json_schema()["properties"]["config"]
    assert in_config["properties"]["mlplatform:feature_store"]["additionalProperties"] is False
    refused = {
        rule["if"]["properties"]["mlplatform:platform"]["const"]: rule["then"]["properties"].get(
            "mlplatform:feature_store"
        )
        for rule in in_config["allOf"]
    }
    assert refused == {"aws": None, "gcp": False, "azure": False}


@pytest.mark.usefixtures("added")
def test_the_table_of_the_readme_has_what_ships_alone() -> None:
    assert "feature store" not in table() and "| budget |" in table()


@pytest.mark.usefixtures("added")
def test_the_program_deploys_it_and_the_network_reaches_what_it_needs() -> None:

    assert deployer("feature_store", "aws") in deployers("aws")
    says = config("aws", feature_store={"cards": {"retain_days": 30}})

    engine = {key: value if isinstance(value, str) else json.dumps(value) for key, value in says.items()}
    graph = record(lambda: runpy.run_path(str(STACKS), run_name="__main__") and None, "a", "aws", engine)
    assert [r.name for r in graph.resources if r.type == "mlplatform-aws:index:FeatureGroup"] == ["a-cards-features"]
    assert set(graph.outputs["feature_store"]) == {"cards"}
    assert "a-network-sagemaker-featurestore-runtime" in {r.name for r in graph.of("aws:ec2/vpcEndpoint:VpcEndpoint")}


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("budget", SECTION, "organisation/sections/budget.py: stack files have a key budget already; give the file "
         "another name"),
        ("team", SECTION, "organisation/sections/team.py: stack files have a key team already; give the file another "
         "name"),
        ("empty", "", "organisation/sections/empty.py: has no section; add one as stacks/sections/budget.py has it, "
         "SECTION"),
        ("lost", SECTION.replace('("models",)', '("modles",)'), "organisation.sections.lost: stands on 'modles', which "
         "is no section; did you mean models?"),
        ("broken", "import nothing_of_this_name", "organisation/sections/broken.py: cannot be imported, for line 1 of "
         "it breaks (ModuleNotFoundError: No module named 'nothing_of_this_name')"),
        ("ring", SECTION.replace('("models",)', '("ring",)'), "ring → ring: sections stand on each other; take an "
         "`after` away"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_a_section_gives_one_sentence(
    organisation: Path, name: str, text: str, sentence: str
) -> None:
    (organisation / "sections").mkdir()
    (organisation / "sections" / f"{name}.py").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        sections()
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("budgets", "", "organisation/aws/budgets.py: deploys 'budgets', which is no section; did you mean budget?"),
        ("budget", "", "organisation/aws/budget.py: stacks/aws/budget.py deploys that section already; take this file "
         "away"),
    ],
)  # fmt: skip
def test_a_deployer_that_no_stack_would_run_is_refused(organisation: Path, name: str, text: str, sentence: str) -> None:
    (organisation / "aws").mkdir()
    (organisation / "aws" / f"{name}.py").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        sections()
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("deplyo = print", "organisation/aws/feature_store.py: has none of deploy(ground, config), reaches(config) and "
         "grants(config); add one as stacks/aws/budget.py has it"),
        ("1 / 0", "organisation/aws/feature_store.py: cannot be imported, for line 1 of it breaks (ZeroDivisionError: "
         "division by zero)"),
    ],
)  # fmt: skip
def test_a_deployer_that_cannot_be_one_gives_one_sentence(added: Path, text: str, sentence: str) -> None:
    (added / "aws" / "feature_store.py").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        preview(STACKS / "Pulumi.aws-pilot.yaml")
    assert str(caught.value) == sentence


def test_a_deployer_may_say_what_a_section_needs_and_make_nothing_as_that_of_models_does(added: Path) -> None:
    (added / "aws" / "feature_store.py").write_text("def reaches(config): return ['glue']\n", encoding="utf-8")
    name = deployer("feature_store", "aws")
    assert name == "organisation.aws.feature_store" and imported(name).reaches(None) == ["glue"]
    assert not hasattr(imported("stacks.aws.models"), "deploy")
