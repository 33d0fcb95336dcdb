"""`mlplatform check`: what it finds in a file of any program, what it refuses, and what it says of drift."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.marks import SECRET as BLIND
from catalogue.marks import SECRET_KIND, SECRET_MARK
from operations import checking, pack_config
from operations.__main__ import application
from operations.checking import check, drift, graph_of
from operations.checkov import Checkov, FailedCheck, ScanResult
from operations.rendering.rendered import Rendered
from operations.verdict import Finding
from tests import sharing
from tests.mutate import without

TODAY = date(2026, 11, 26)
URN = "urn:pulumi:dev::shop::"
ASSUMED = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
PLANTED = "hunter2-planted"


def nothing(rendered: Rendered) -> ScanResult:
    """A Checkov that finds nothing; tests/operations/test_checkov.py has the real one."""
    return ScanResult(
        checkov_version="0", seconds=0, passed=(), failed=(), resources=len(rendered.addresses), parsing_errors=()
    )


def state(type_: str, name: str, **inputs: object) -> dict[str, Any]:
    return {"urn": f"{URN}{type_}::{name}", "type": type_, "custom": True, "id": name, "inputs": inputs, "outputs": {}}


def shop() -> list[dict[str, Any]]:
    """A program of somebody else: six open buckets and roles, and resources that nobody here knows."""
    root = {"urn": f"{URN}pulumi:pulumi:Stack::shop-dev", "type": "pulumi:pulumi:Stack", "custom": False}
    buckets = [state("aws:s3/bucket:Bucket", f"b{number}", acl="public-read") for number in range(6)]
    roles = [state("aws:iam/role:Role", f"r{n}", assumeRolePolicy=json.dumps(ASSUMED)) for n in range(6)]
    unknown = [
        state("random:index/randomPet:RandomPet", "pet"),
        state("aws:lightsail/instance:Instance", "old"),
        state("gcp:storage/bucket:Bucket", "elsewhere", location="EU"),
    ]
    return [root, *buckets, *roles, *unknown]


def exported(states: list[dict[str, Any]]) -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": states}}


def previewed(states: list[dict[str, Any]], **more: object) -> dict[str, Any]:
    return {"steps": [{"op": "create", "urn": one["urn"], "newState": one} for one in states], **more}


def state_of(graph: Graph) -> dict[str, Any]:
    """The state of a graph that has been brought up as it is."""
    made = [one.to_json() for one in graph.resources]
    return exported([{**one, "id": one["outputs"].get("id"), **one["options"]} for one in made])


def kept(document: object, folder: Path) -> Path:
    file = folder / "kept.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return file


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command, with a Checkov that finds one thing in the first resource it is shown."""

    class One:
        def __enter__(self) -> "One":
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def scan(self, rendered: Rendered) -> ScanResult:
            address = next(iter(rendered.addresses))
            failed = FailedCheck(check_id="CKV_X_1", check_name="a", address=address, guideline=None, evaluated_keys=())
            return nothing(rendered).model_copy(update={"failed": (failed,)})

    def start(_: Path) -> One:
        return One()

    monkeypatch.setattr(Checkov, "start", start)
    return lambda *words: CliRunner().invoke(application(), ["check", *map(str, words)], terminal_width=200)


@pytest.mark.parametrize("form", [exported, previewed])
def test_a_program_of_others_is_judged_with_what_matters_before_what_wants_our_words(
    form: Callable[[Any], Any], tmp_path: Path
) -> None:
    checked = check(graph_of(kept(form(shop()), tmp_path)), nothing, TODAY)
    rules = [one.rule for one in checked.findings if not one.excused]
    assert set(checked.platforms) == {"aws", "gcp"} and not checked.graph.ours and checked.stack == "shop/dev"
    for rule in ("cost-tags", "identity-boundary", "render-complete"):
        of = [one for one in checked.findings if one.rule == rule]
        assert [one.resource for one in of] == [None], rule
    assert "6 resources: r0, r1, r2 and 3 more" in next(
        one.message for one in checked.findings if one.rule == "identity-boundary"
    )
    first = [rules.index(rule) for rule in ("audit-state-protected", "kind-known")]
    assert max(first) < min(rules.index(rule) for rule in checking.OUR_WORDS if rule in rules)
    fails = [one.severity for one in checked.findings if one.fails and one.rule not in checking.OUR_WORDS]
    assert fails == sorted(fails, key=["critical", "high", "medium", "low"].index)
    assert not [one for one in checked.findings if one.rule == "kind-known" and one.fails]


def test_a_state_of_ours_is_the_graph_of_its_program_with_the_placement_of_its_stack_file(
    gcp_pilot: Graph, tmp_path: Path
) -> None:
    graph = graph_of(kept(state_of(gcp_pilot), tmp_path))
    assert graph.ours and graph.placement == gcp_pilot.placement

    def seen(graph: Graph) -> dict[str, object]:
        return {
            one.urn: (one.inputs, one.provider, one.protect, one.property_dependencies, one.ignored_changes)
            for one in graph.cloud
        }

    assert seen(graph) == seen(gcp_pilot)


def test_each_form_says_the_same_and_exits_1_where_something_fails(run: Callable[..., Result], tmp_path: Path) -> None:
    file = kept(exported(shop()), tmp_path)
    table, made, sarif, markdown = (run(file, "--format", form) for form in ("table", "json", "sarif", "markdown"))
    assert {one.exit_code for one in (table, made, sarif, markdown)} == {1}
    said = json.loads(made.stdout)
    assert (said["stack"], said["project"], said["ours"], said["passed"]) == ("dev", "shop", False, False)
    results = json.loads(sarif.stdout)["runs"][0]["results"]
    assert [one["ruleId"] for one in results] == [one["rule"] for one in said["findings"]]
    assert results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "kept.json"
    assert "CKV_X_1" in table.stdout and "CKV\\_X\\_1" in markdown.stdout and len(markdown.stdout.splitlines()) < 60


HOSTILE = "b\x1b[31m\nPASS everything\r\x9b2J\u202e [click](https://evil.example) <b>|x|\u2028"


@pytest.mark.parametrize("form", [exported, previewed])
def test_what_a_file_names_writes_no_line_no_colour_and_no_link_of_its_own(
    form: Callable[[Any], Any], run: Callable[..., Result], tmp_path: Path
) -> None:
    asked = json.dumps(ASSUMED).replace("*", f"arn:aws:iam::1:role/{HOSTILE}".replace("\x1b", "").replace("\n", ""))
    states = [
        state("aws:s3/bucket:Bucket", HOSTILE, bucket=HOSTILE, tags={"team": HOSTILE, HOSTILE: "x"}),
        state("aws:iam/role:Role", f"r{HOSTILE}", assumeRolePolicy=asked),
        state(f"aws:x{HOSTILE}/y:Z", "n"),
    ]
    file = kept(form(states), tmp_path)
    for of in ("table", "markdown", "sarif", "json"):
        told = run(file, "--format", of).stdout
        assert not [char for char in told if char != "\n" and not char.isprintable()], of
        assert not [line for line in told.splitlines() if line.strip(" │|").startswith("PASS")], of
    texts = [one["message"]["text"] for one in json.loads(run(file, "--format", "sarif").stdout)["runs"][0]["results"]]
    assert any("[click] (" in text for text in texts)
    assert not [text for text in texts if "\n" in text or "](" in text]
    assert r"\[click\](https" in run(file, "--format", "markdown").stdout


NOT_ONE: dict[str, Any] = {}
SECRET = {SECRET_MARK: SECRET_KIND, "plaintext": json.dumps(PLANTED)}
WHOLE = json.dumps(exported(shop()))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (WHOLE[: len(WHOLE) // 2], "is no whole JSON"),
        ("", "is no whole JSON"),
        ("[" * 200_000, "is JSON of a form that nothing writes"),
        ("[]", "is none of what"),
        ("{}", "has no resource"),
        (exported([]), "has no resource"),
        ({"version": 3, "deployment": None}, "has no resource"),
        ({"deployment": {"resources": [NOT_ONE]}}, "cannot be read as what"),
        ({"deployment": {"resources": [7]}}, "cannot be read as what"),
        ({"deployment": 7}, "cannot be read as what"),
        (exported([{**state("aws:s3/bucket:Bucket", "b"), "inputs": [1]}]), "cannot be read as what"),
        (
            exported([state("aws:s3/bucket:Bucket", "b", tags={"key": SECRET})]),
            "shows a secret in clear at deployment.",
        ),
        (previewed(shop(), changeSummary={"same": 20}), "leaves out 20 resources that stay"),
        (previewed(shop(), diagnostics=[{"severity": "error", "message": PLANTED}]), "is a preview that broke"),
        (exported([state("kubernetes:core/v1:Pod", "p")]), "has nothing on AWS, Google Cloud or Azure"),
        (json.dumps(exported(shop())).replace("::shop::", "::../shop::"), "names a stack or project as Pulumi names"),
        (
            exported([*shop(), {**state("aws:s3/bucket:Bucket", "x"), "urn": f"{URN}a::b::c".replace("dev", "prod")}]),
            "has resources of more than one stack",
        ),
    ],
)
def test_what_is_cut_or_broken_or_shows_a_secret_ends_in_one_sentence(
    document: object, said: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput) as refused:
        check(graph_of(kept(document, tmp_path)), nothing, TODAY)
    sentence = str(refused.value)
    assert said in sentence and "\n" not in sentence and PLANTED not in sentence


def test_whoever_names_a_stack_file_is_told_what_judges_it(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.churn-dev.yaml"
    file.write_text("config: {}\n", encoding="utf-8")
    with pytest.raises(BadInput, match="judge a stack file by `mlplatform preview`"):
        graph_of(file)


WRITTEN = Path(__file__).with_name("written")
"""What CLI 3.260 wrote of a program with a secret tag, a provider of its own and a component of another plugin, in the
sandbox: `pulumi preview --json` before the first `up`; the same after it with `--show-sames`, and without; and `pulumi
stack export`. Left out are times, source positions and the salt. tests/engine/test_doors.py writes them anew."""


def test_the_files_that_the_engine_wrote_are_judged_alike(tmp_path: Path) -> None:
    judged = {name: check(graph_of(WRITTEN / f"{name}.json"), nothing, TODAY) for name in ("preview", "state")}
    first = check(graph_of(WRITTEN / "preview-first.json"), nothing, TODAY)
    told = {(one.rule, one.resource, one.message, one.mandatory) for one in first.findings}
    assert ("encryption-bucket-whole", "shop-bucket") in {one[:2] for one in told}
    for checked in judged.values():
        assert {(one.rule, one.resource, one.message, one.mandatory) for one in checked.findings} == told
        team = {one.name: one.inputs["tags"]["team"] for one in checked.graph.cloud}
        assert team == {"shop-bucket": BLIND, "k": BLIND}


def test_a_preview_without_what_stays_is_a_part_and_so_is_one_that_hides_its_provider(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="leaves out 4 resources that stay; write it with"):
        graph_of(WRITTEN / "preview-short.json")
    whole = json.loads((WRITTEN / "preview.json").read_text(encoding="utf-8"))
    hidden = [one for one in whole["steps"] if "pulumi:providers:" not in one["urn"]]
    with pytest.raises(BadInput, match=r"leaves out main, which .* names"):
        graph_of(kept({**whole, "steps": hidden, "changeSummary": {"same": len(hidden)}}, tmp_path))


PROVIDER = f"{URN}pulumi:providers:aws::shop"


@pytest.mark.parametrize("form", [exported, previewed])
@pytest.mark.parametrize(
    ("names", "left_out"),
    [
        ({"provider": f"{PROVIDER}::1f2e"}, "shop"),
        ({"parent": f"{URN}shop:index:Store::store"}, "store"),
        ({"dependencies": [f"{URN}aws:kms/key:Key::key"]}, "key"),
        ({"propertyDependencies": {"acl": [f"{URN}aws:kms/key:Key::key"]}}, "key"),
    ],
)
def test_a_file_of_a_part_is_told_by_what_it_names_whatever_it_counts(
    form: Callable[..., dict[str, Any]], names: dict[str, Any], left_out: str, tmp_path: Path
) -> None:
    bucket = {**state("aws:s3/bucket:Bucket", "b"), **names}
    forged = {**form([bucket]), "changeSummary": {"create": 1, "same": 0}}
    with pytest.raises(BadInput, match=f"leaves out {left_out}, which b names; write the whole again"):
        graph_of(kept(forged, tmp_path))
    named = (names.get("provider") or names.get("parent") or "").removesuffix("::1f2e") or f"{URN}aws:kms/key:Key::key"
    whole = form([{**state(named.split("::")[2], left_out), "urn": named}, bucket])
    assert len(graph_of(kept(whole, tmp_path)).resources) == 2


def test_a_preview_leaves_out_default_providers_and_is_whole(tmp_path: Path) -> None:
    """Those that the engine makes by itself have no step: pkg/engine/deployment.go, isDefaultProviderStep."""
    bucket = {**state("aws:s3/bucket:Bucket", "b"), "provider": f"{URN}pulumi:providers:aws::default_7_51_1::1f2e"}
    assert graph_of(kept(previewed([bucket]), tmp_path)).resources


@pytest.mark.parametrize("form", [exported, previewed])
def test_what_a_preview_says_in_a_secrets_place_is_read_as_a_secret(form: Callable[[Any], Any], tmp_path: Path) -> None:
    texts = {"team": "[secret]", "parts": ["[secret]", {"deep": "[secret]"}], "plain": "ok"}
    (bucket,) = graph_of(kept(form([state("aws:s3/bucket:Bucket", "b", tags=texts)]), tmp_path)).resources
    assert bucket.inputs["tags"] == {"team": BLIND, "parts": [BLIND, {"deep": BLIND}], "plain": "ok"}


def test_a_secret_in_plain_text_is_printed_in_no_sentence(run: Callable[..., Result], tmp_path: Path) -> None:
    """One that no program marked: a file has it without a mark, and a rule may name what it found."""
    key = f"AKIA{'Q7' * 8}"
    asked = json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"AWS": key}, "Action": "sts:AssumeRole"}]})
    role = state("aws:iam/role:Role", "r", assumeRolePolicy=asked, description=key)
    bucket = state("aws:s3/bucket:Bucket", "b", tags={"dbPassword": PLANTED + "1X", "owner": key})
    said = exported([role, bucket])
    file = kept(said, tmp_path)
    (tmp_path / "graph.json").write_text(file.read_text(encoding="utf-8").replace(PLANTED, "other"), encoding="utf-8")
    for of in ("table", "markdown", "sarif", "json"):
        for more in ((), ("--against", tmp_path / "graph.json")):
            told = run(file, "--format", of, *more)
            assert told.exit_code == 1 and PLANTED not in told.stdout and key not in told.stdout, (of, more)
    changed = json.loads(run(file, "--format", "json", "--against", tmp_path / "graph.json").stdout)["drift"]
    assert [each["after"] for one in changed for each in one["properties"]] == ["[secret]"]


def test_a_link_a_folder_and_nothing_end_in_one_sentence(run: Callable[..., Result], tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(kept(exported(shop()), tmp_path))
    for file, said in ((link, "is a link"), (tmp_path, "is a folder"), (tmp_path / "none", "cannot be read")):
        with pytest.raises(BadInput, match=said):
            graph_of(file)
    assert isinstance(run(link).exception, BadInput)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=2),
    max_leaves=3,
)


@settings(
    max_examples=sharing.examples(25),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(key=st.sampled_from([*state("a", "b"), "parent", "provider", "dependencies", "propertyDependencies"]), to=TREES)
def test_whatever_a_file_says_it_is_judged_or_refused(key: str, to: object, tmp_path: Path) -> None:
    bucket = {**state("aws:s3/bucket:Bucket", "b"), key: to}
    try:
        check(graph_of(kept(exported([bucket]), tmp_path)), nothing, TODAY)
    except BadInput as refused:
        assert "\n" not in str(refused)


def test_drift_is_said_by_resource_and_property_and_an_answer_is_none(gcp_pilot: Graph, tmp_path: Path) -> None:
    """What the cloud answers is another text than the offline preview's: names take its place, and nothing drifts."""
    stands = graph_of(kept(state_of(gcp_pilot), tmp_path))
    other = json.loads(json.dumps(state_of(gcp_pilot)).replace(gcp_pilot.cloud[0].outputs["id"], "answered-otherwise"))
    assert drift(gcp_pilot, stands) == drift(gcp_pilot, graph_of(kept(other, tmp_path))) == []
    bucket = next(one for one in stands.cloud if one.type == "gcp:storage/bucket:Bucket")
    opened = replace(bucket, inputs={**bucket.inputs, "uniformBucketLevelAccess": False}, protect=False)
    gone = next(one for one in stands.cloud if one.type == "gcp:projects/iAMAuditConfig:IAMAuditConfig")
    left = [opened if one is bucket else one for one in stands.resources if one is not gone]
    found = drift(gcp_pilot, replace(stands, resources=tuple(left)))
    assert {(one.resource, one.how, tuple(each.path for each in one.properties)) for one in found} == {
        (gone.name, "gone", ()),
        (bucket.name, "changed", ("uniformBucketLevelAccess", "protect")),
    }
    with pytest.raises(BadInput, match="was signed for"):
        drift(gcp_pilot, replace(stands, stack="other"))


def test_against_what_was_signed_exits_1_where_something_drifted(
    run: Callable[..., Result], aws_pilot: Graph, tmp_path: Path
) -> None:
    (tmp_path / "graph.json").write_text(json.dumps(aws_pilot.to_json()), encoding="utf-8")
    stands = state_of(aws_pilot)
    file = kept(stands, tmp_path)
    assert run(file, "--against", tmp_path / "report.json").exit_code == 0
    of = next(one for one in stands["deployment"]["resources"] if one["type"] == "aws:sagemaker/domain:Domain")
    of["inputs"]["appNetworkAccessType"] = "PublicInternetOnly"
    told = run(kept(stands, tmp_path), "--against", tmp_path / "report.json", "--format", "json")
    (drifted,) = json.loads(told.stdout)["drift"]
    assert told.exit_code == 1 and drifted["resource"] == of["name"]
    assert [each["path"] for each in drifted["properties"]] == ["appNetworkAccessType"]


def of_pack(config: object, folder: Path, graph: Graph) -> dict[str, Finding]:
    """What is found of a graph with a config of the pack, the first finding of each rule."""
    file = folder / "levels.json"
    file.write_text(json.dumps(config), encoding="utf-8")
    return {one.rule: one for one in reversed(check(graph, nothing, TODAY, pack_config.read(file)).findings)}


def test_a_config_of_the_pack_binds_in_a_file_as_it_does_on_the_engine(tmp_path: Path) -> None:
    config = {
        "all": "advisory",
        "aws-identity-trust": "disabled",
        "aws-audit-trail": "mandatory",
        "aws-inputs-needed-elsewhere": {"enforcementLevel": "mandatory"},
        "aws-tags-given": {"enforcementLevel": "remediate", "tags": {"team": "shop"}},
    }
    found = of_pack(config, tmp_path, graph_of(kept(exported(shop()), tmp_path)))
    assert "identity-trust" not in found
    assert found["audit-trail"].fails and found["inputs-needed"].fails
    assert not found["cost-tags"].mandatory
    assert found["identity-documents"].lowered == "levels.json says advisory of aws-identity-documents"
    public = found["encryption-bucket-public"]
    assert public.never_waived and public.fails, "a rule that is never waived always binds"
    assert "never waived or needed by the others" in found["levels-kept"].message
    assert not found["levels-kept"].mandatory


def test_a_config_of_the_pack_lowers_nothing_in_a_stack_of_ours(aws_pilot: Graph, tmp_path: Path) -> None:
    (budget,) = aws_pilot.of("aws:budgets/budget:Budget")
    graph = without(aws_pilot, budget)
    found = of_pack({"aws-cost-budget": "disabled"}, tmp_path, graph)
    assert found["cost-budget"].fails
    assert "lowers aws-cost-budget, which the offline verdict would not see" in found["levels-kept"].message


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"aws-cost-bugdet": "advisory"}, "aws-cost-bugdet: is no policy of the pack; did you mean aws-cost-budget?"),
        ({"all": "loud"}, "all: found 'loud', allowed: disabled, advisory, mandatory, remediate"),
        (["all"], "found a list, allowed: levels by policy"),
    ],
)
def test_a_config_of_the_pack_that_says_what_nobody_knows_is_refused(
    run: Callable[..., Result], config: object, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "levels.json"
    file.write_text(json.dumps(config), encoding="utf-8")
    result = run(kept(exported(shop()), tmp_path), "--policy-pack-config", file)
    assert isinstance(result.exception, BadInput) and said in str(result.exception)
