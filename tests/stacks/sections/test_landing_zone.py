"""A landing zone: what it says reaches every resource it concerns, and each mistake is one sentence at exit 2."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue import landing_zones
from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.kind import At
from catalogue.kinds import kind_of
from catalogue.landing_zones import CALLED, FILE, OUR_TAGS
from catalogue.platforms import PLATFORMS
from operations.preview import preview
from policies.aws.identity import guardrails
from stacks.config import STACKS, validate
from tests.conftest import forget
from tests.mutate import at

EACH = pytest.mark.parametrize("platform", PLATFORMS)
Entry = dict[str, Any]
BOUNDARY = "arn:aws:iam::111122223333:policy/ml-boundary"


def stack(platform: str, **says: Any) -> dict[str, Any]:
    """The config of a platform's pilot, which stands in the landing zone `shared`."""
    document = yaml.safe_load((STACKS / f"Pulumi.{platform}-pilot.yaml").read_text(encoding="utf-8"))
    return document["config"] | {"mlplatform:landing_zone": "shared"} | {f"mlplatform:{k}": v for k, v in says.items()}


def zone(platform: str, **says: Any) -> Entry:
    """An entry that gives nothing yet, of the place of the platform's pilot."""
    place = {word: stack(platform)[f"mlplatform:{word}"] for word in ("platform", "account", "region")}
    return {**place, "owner": "cloud-platform@company.example", **says}


def write(organisation: Path, **zones: Any) -> None:
    (organisation / FILE).write_text(yaml.safe_dump({"landing_zones": zones}), encoding="utf-8")
    forget()


def graph_of(folder: Path, config: Mapping[str, Any]) -> Graph:
    file = folder / "Pulumi.lending.yaml"
    file.write_text(yaml.safe_dump({"config": dict(config)}), encoding="utf-8")
    return preview(file)


def refusals(config: Mapping[str, Any]) -> list[str]:
    with pytest.raises(BadInput) as caught:
        validate(config, "Pulumi.lending.yaml")
    return str(caught.value).splitlines()


def broken() -> list[str]:
    with pytest.raises(BadInput) as caught:
        landing_zones.load()
    return str(caught.value).splitlines()


# ---- the entry --------------------------------------------------------------------------------------------------


@EACH
def test_an_unknown_name_is_refused_with_the_close_one(organisation: Path, platform: str) -> None:
    (said,) = refusals(stack(platform))
    assert f"{CALLED} has none" in said
    write(organisation, **{"shared-ml": zone(platform)})
    (said,) = refusals(stack(platform))
    assert said.startswith("Pulumi.lending.yaml: mlplatform:landing_zone: found 'shared'")
    assert "did you mean shared-ml?" in said


@EACH
def test_an_entry_of_another_place_is_refused(organisation: Path, platform: str) -> None:
    other = next(name for name in PLATFORMS if name != platform)
    write(organisation, shared=zone(platform, region="elsewhere-1"))
    (said,) = refusals(stack(platform))
    assert "is of the region elsewhere-1" in said
    write(organisation, shared=zone(other))
    assert any(f"is of the platform {other}" in said for said in refusals(stack(platform)))


@EACH
def test_a_boundary_and_a_path_are_of_aws_alone(organisation: Path, platform: str) -> None:
    says = {"permissions_boundary_arn": BOUNDARY, "role_path": "/ml/"}
    write(organisation, shared=zone(platform, **says))
    if platform == "aws":
        assert {key: getattr(landing_zones.load()["shared"], key) for key in says} == says
        return
    for key, said in zip(says, sorted(broken()), strict=True):
        assert said.startswith(f"{CALLED}: landing_zones.shared.{key}: {platform} takes none: ")
        assert "the nearest thing is" in said


MISTAKES: list[tuple[str, Entry, str]] = [
    ("aws", {"extra_tag": {}}, "extra_tag: unknown key; did you mean extra_tags?"),
    ("aws", {"account": 111122223333}, "account: found 111122223333, allowed: text, in quotes"),
    ("gcp", {"account": "Payments"}, "account: found 'Payments', allowed: a Google Cloud project id"),
    ("azure", {"owner": " "}, "owner: found ' ', allowed: text that says something"),
    ("aws", {"extra_tags": {"Team": "x"}}, "extra_tags.Team: every stack has this tag from its stack file"),
    ("azure", {"extra_tags": {"a": "1", "A": "1"}}, "extra_tags.a: differs from 'A' in case alone"),
    ("aws", {"extra_tags": {"AWS:x": "1"}}, "extra_tags.AWS:x: is no key of a tag on aws"),
    ("gcp", {"extra_tags": {"DataClass": "1"}}, "extra_tags.DataClass: is no key of a label on gcp"),
    ("gcp", {"extra_tags": {"data-class": "Internal"}}, "extra_tags.data-class: found 'Internal', allowed"),
    ("azure", {"extra_tags": {"data class": "1"}}, "extra_tags.data class: is no key of a tag on azure"),
    ("azure", {"extra_tags": {f"k{n}": "1" for n in range(10)}}, "extra_tags: found 10, allowed: at most 9 on azure"),
    ("aws", {"role_path": "ml"}, "role_path: found 'ml', allowed: an IAM path"),
    ("aws", {"permissions_boundary_arn": "ml"}, "permissions_boundary_arn: found 'ml', allowed: the ARN"),
    (
        "aws",
        {"permissions_boundary_arn": BOUNDARY.replace("1111", "9999")},
        "permissions_boundary_arn: found a policy of another account",
    ),
]


@pytest.mark.parametrize(("platform", "says", "sentence"), MISTAKES)
def test_a_mistake_in_an_entry_is_one_sentence(organisation: Path, platform: str, says: Entry, sentence: str) -> None:
    write(organisation, shared=zone(platform) | says)
    (said,) = broken()
    assert said.startswith(f"{CALLED}: landing_zones.shared.{sentence}"), said


def test_every_mistake_of_the_file_is_named_at_once(organisation: Path) -> None:
    write(organisation, one=zone("aws", regions=[]), two=zone("aws") | {"platform": "oracle"})
    assert [said.partition(": ")[2].partition(": ")[0] for said in broken()] == [
        "landing_zones.one.regions",
        "landing_zones.two.platform",
    ]
    (organisation / FILE).write_text("landing_zones: {a: {}, a: {}}", encoding="utf-8")
    forget()
    assert "has the key 'a' twice" in broken()[0]


@EACH
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_whatever_an_entry_says_it_is_read_or_refused_in_sentences(
    organisation: Path, platform: str, data: st.DataObject
) -> None:
    values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x, max_size=2))
    keys = st.sampled_from(["extra_tags", "role_path", "permissions_boundary_arn", "platform", "account", "x"])
    tags = st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=3)
    write(organisation, shared=zone(platform) | data.draw(st.dictionaries(keys, values | tags, max_size=3)))
    try:
        known = landing_zones.load()["shared"]
    except BadInput as error:
        assert all(re.match(rf"{re.escape(CALLED)}: \S", line) for line in str(error).split("\n"))
    else:
        assert not {key.casefold() for key in known.extra_tags} & {*OUR_TAGS}


# ---- what it does to the graph ----------------------------------------------------------------------------------


def tags_of(graph: Graph) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in graph.cloud:
        kind = kind_of(resource.type)
        if kind is not None and isinstance(kind.tags, At):
            yield resource.name, at(resource.inputs, kind.tags.path)


@EACH
def test_extra_tags_are_on_everything_that_carries_ours(organisation: Path, tmp_path: Path, platform: str) -> None:
    extra = {"data-class": "internal", "business-unit": "lending"}
    write(organisation, shared=zone(platform, extra_tags=extra))
    tagged = dict(tags_of(graph_of(tmp_path, stack(platform))))
    assert len(tagged) > 5
    for name, tags in tagged.items():
        assert {*OUR_TAGS, *extra} <= {*tags} and extra.items() <= tags.items(), name


@EACH
def test_an_entry_that_gives_nothing_changes_nothing(organisation: Path, tmp_path: Path, platform: str) -> None:
    write(organisation, shared=zone(platform))
    inside = graph_of(tmp_path, stack(platform))
    config = stack(platform)
    del config["mlplatform:landing_zone"]
    assert inside.to_json() == graph_of(tmp_path, config).to_json()


def test_roles_stand_under_the_path_and_the_boundary_that_are_given(organisation: Path, tmp_path: Path) -> None:
    write(organisation, shared=zone("aws", permissions_boundary_arn=BOUNDARY, role_path="/ml/"))
    graph = graph_of(tmp_path, stack("aws"))
    roles = graph.of("aws:iam/role:Role")
    assert len(roles) == 6 and graph.of("aws:iam/policy:Policy") == []
    assert {role.inputs["permissionsBoundary"] for role in roles} == {BOUNDARY}
    assert {role.inputs["path"] for role in roles} == {"/ml/"}
    assert [found for role in roles for found in guardrails.check(graph, role)] == []
    policies = graph.of("aws:iam/rolePolicy:RolePolicy")
    said = " ".join(re.findall(r"arn:aws:iam::\d+:role[^\"]*", " ".join(str(p.inputs["policy"]) for p in policies)))
    assert "role/ml/lending-training" in said and "role/ml/lending-approver" in said and "role/lending-" not in said
    for role in roles:  # IAM: 10,240 characters of inline policies a role, without white space
        own = [p.inputs["policy"] for p in policies if role.name in p.name]
        assert sum(len(json.dumps(json.loads(text), separators=(",", ":"))) for text in own) <= 10_240, role.name


def test_guardrails_that_a_given_boundary_leaves_to_nobody_are_found(organisation: Path, tmp_path: Path) -> None:
    write(organisation, shared=zone("aws", permissions_boundary_arn=BOUNDARY))
    graph = graph_of(tmp_path, stack("aws"))
    bare = tuple(r for r in graph.resources if not r.name.endswith("-guardrails"))
    without = Graph(graph.stack, graph.platform, bare, graph.outputs)
    for role in without.of("aws:iam/role:Role"):
        assert any("does not deny" in str(found) for found in guardrails.check(without, role)), role.name
