"""An acceptance run against a stand-in for Pulumi: its steps, its bounds, and that nothing of it stays."""

import json
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue import transcripts
from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.kinds.aws import s3, sagemaker
from operations.accept.acceptance import MARK, STEPS, Acceptance, Bounds, Unanswered, Versions
from operations.accept.command import run_whole
from operations.accept.journal import Journal
from operations.accept.redaction import Redactor, known_words
from operations.interruption import Interruption
from operations.verdict import Look, ManualStep
from stacks.config import read_stack_file
from stacks.model import StackConfig
from tests import sharing
from tests.operations.accept.fakes import BAD, BUCKET, COPY, GOOD, STACK, TEXT, Fake, Killed, graph, resource

pytestmark = pytest.mark.sweep

BOTH = Versions(GOOD, BAD)
EVERY = [*STEPS, "leave"]
FOLDER = "lands/"
OWN, OTHERS = f"s3://{BUCKET}/churn/1/model.tar.gz", "s3://churn-999988887777/churn/1/model.tar.gz"
MANUAL = [
    ManualStep(what="bring up the ground", who="deployer"),
    ManualStep(what="put", who="publisher", looks=[Look(what="artifact", name=name) for name in (OWN, OTHERS)]),
    ManualStep(what="bring up what serves", who="deployer"),
]


@cache
def read(name: str) -> tuple[StackConfig, set[str]]:
    """The stack file of the stand-in, and the words that name something of it: the same in every run."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_text(TEXT, encoding="utf-8")
        config = read_stack_file(file)
    return config, known_words(config, graph(), {})


def made(fake: Fake, versions: Versions = BOTH, hours: float = 4) -> Callable[[str], Acceptance]:
    fake.folder.mkdir(parents=True, exist_ok=True)
    fake.file.write_text(COPY, encoding="utf-8")
    config, known = read(fake.file.name)

    def make(name: str) -> Acceptance:
        return Acceptance(
            STACK,
            config,
            fake.graph,
            MANUAL,
            fake,
            fake.folder,
            Journal(fake.folder / f"{name}.json", lambda: datetime(2026, 11, 26, tzinfo=UTC).isoformat()),
            Redactor(known),
            Bounds(hours, 50),
            versions,
            "pulumi-aws 7.51.0",
            b'{"predictions": [0.5]}',
        )

    return make


def run(fake: Fake, **options: Any) -> Acceptance:
    return run_whole(made(fake, **options), clean=False, begin=lambda: {"hours": 4})


def kept(one: Acceptance) -> transcripts.Transcript:
    return transcripts.read(one.journal.file, "t")


def test_a_whole_run_does_each_step_once_and_leaves_nothing(tmp_path: Path) -> None:
    fake = Fake(tmp_path)
    one = run(fake)
    assert [step.name for step in one.steps] == EVERY
    assert {step.state for step in one.steps} == {"done"} and one.accepted
    assert not fake.cloud and not fake.known and not (tmp_path / MARK).exists()
    found = kept(one)
    assert found.wrong == "" and found.door == "account"
    assert one.journal.text == json.dumps(json.loads(one.journal.text), indent=1) + "\n"
    assert {name: step["state"] for name, step in found.steps.items()} == dict.fromkeys(EVERY, "done")
    assert found.end["outcome"] == "accepted"
    assert all(step["seconds"] > 0 for step in found.steps.values())
    assert found.begin["graph"] == transcripts.graph_hash(fake.graph)
    met = {(one["type"], one["behaviour"]): one["status"] for one in found.met}
    assert met[sagemaker.ENDPOINT, "create"] == met[sagemaker.ENDPOINT, "create again"] == "seen"
    assert met[s3.BUCKET, "delete"] == "seen" and "contradicted" not in met.values()


class Several(Fake):
    """A cloud whose endpoint of several models answers for these, and for no other."""

    answers: frozenset[str] = frozenset()
    asked: list[tuple[str, str]]

    def call(self, endpoint: str, outputs: Mapping[str, Any], target: str = "") -> bytes:
        self.asked = [*getattr(self, "asked", []), (endpoint, target)]
        if target and target not in self.answers:
            raise Unanswered(f"ValidationError: Failed to download model data (key: {target})")
        return b'{"predictions": [0.5]}'


@pytest.mark.parametrize(
    ("answers", "state"), [({"de/1/model.tar.gz", "fr/1/model.tar.gz"}, "done"), ({"de/1/model.tar.gz"}, "refused")]
)
@pytest.mark.parametrize("alone", [True, False])
def test_each_model_of_an_endpoint_of_several_must_answer(
    tmp_path: Path, answers: set[str], state: str, alone: bool
) -> None:
    fake = Several(tmp_path)
    fake.answers = frozenset(answers)
    one = made(fake)("transcript")
    text = (
        TEXT
        if alone
        else TEXT.replace("    churn:\n      kind: online", "    churn:\n      enabled: false\n      kind: online")
    )
    live = text.partition("mlplatform:endpoints:\n    churn:\n")[2].replace(
        "model: churn", "models: [churn-de, churn-fr]"
    )
    live = live.replace("enabled: false\n      ", "").replace("kind: online", "kind: multi-model")
    models = "".join(
        f"""    churn-{land}:
      image: 492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:3.0-5
      artifact_uri: s3://churn-999988887777/{FOLDER}{land}/1/model.tar.gz
"""
        for land in ("de", "fr")
    )
    text = text.replace("  mlplatform:endpoints:", f"{models}  mlplatform:endpoints:")
    text += f"    lands:\n{live}      folder_uri: s3://churn-999988887777/{FOLDER}\n"
    file = tmp_path / "Pulumi.churn-dev.yaml"
    file.write_text(text, encoding="utf-8")
    targets = {f"churn-{land}": f"{land}/1/model.tar.gz" for land in ("de", "fr")}
    one.config = read_stack_file(file)
    one._outputs = {"calls": {"lands": {"targets": targets}}}  # pyright: ignore[reportPrivateUsage]
    one._began = fake.clock()  # pyright: ignore[reportPrivateUsage]
    assert one._step("predict", STEPS["predict"]) is (state == "done")  # pyright: ignore[reportPrivateUsage]
    (step,) = one.steps
    assert step.state == state
    assert fake.asked == [("churn", "")] * alone + [("lands", target) for target in targets.values()]
    if state == "done":
        assert step.says.count("the recorded prediction") == 2 + alone and "churn-fr of lands: " in step.says
    else:
        assert "of lands for fr/1/model.tar.gz got no prediction: ValidationError" in step.says


def test_what_nobody_has_given_is_left_out_and_told(tmp_path: Path) -> None:
    one = run(Fake(tmp_path), versions=Versions(None, None))
    states = {step.name: step.state for step in one.steps}
    assert states == {**dict.fromkeys(EVERY, "done"), "canary": "not done", "bad version": "not done"}
    assert one.accepted


def calls(tmp_path: Path) -> int:
    fake = Fake(tmp_path / "whole")
    run(fake)
    return len(fake.commands)


@pytest.mark.parametrize(("when", "knows"), [("before", True), ("middle", True), ("after", True), ("middle", False)])
def test_killed_at_each_call_the_next_run_leaves_nothing(tmp_path: Path, when: str, knows: bool) -> None:
    most = calls(tmp_path)
    assert most > 20
    for number in sharing.calls(f"{when} {knows}", 1, most):
        fake = Fake(tmp_path / str(number), knows=knows, killed_at=(number, when))
        with pytest.raises(Killed):
            run(fake)
        fake.revived()
        second = run(fake)
        if second.left:  # only what the cloud has and Pulumi cannot take over, and that by its name
            assert not knows and when == "middle"
            assert {one.name for one in fake.cloud.values()} == {*second.left}
            assert (fake.folder / MARK).exists() and not second.accepted
            continue
        assert not fake.cloud and not fake.known, (number, when)
        assert second.accepted and not (fake.folder / MARK).exists()
        assert kept(second).wrong == ""


@pytest.mark.parametrize("when", ["before", "middle", "after"])
def test_killed_at_each_call_clean_alone_leaves_nothing(tmp_path: Path, when: str) -> None:
    for number in sharing.calls(when, 1, calls(tmp_path)):
        fake = Fake(tmp_path / str(number), killed_at=(number, when))
        with pytest.raises(Killed):
            run(fake)
        fake.revived()
        one = run_whole(made(fake), clean=True, begin=dict)
        assert not fake.cloud and not one.left and not (fake.folder / MARK).exists()
        assert not (fake.folder / "transcript.json").exists() or not one.ended


@pytest.mark.parametrize("when", ["before", "middle", "after"])
def test_interrupted_at_each_call_of_a_step_the_run_itself_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """The command asks again after seconds until somebody hears. Taking down takes minutes, and is not asked."""
    monkeypatch.setattr(Interruption, "AGAIN_SECONDS", 600)
    monkeypatch.setattr(signal, "default_int_handler", signal.getsignal(signal.SIGINT))
    fake = Fake(tmp_path / "whole")
    run(fake)
    last = next(number for number, words in enumerate(fake.commands) if words[0] == "cancel")
    for number in sharing.calls(when, 2, last):
        fake = Fake(tmp_path / str(number), killed_at=(number, when), ends_with=KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt), Interruption() as interruption:
            run(fake)
        assert interruption.asked and fake.asked_again == 0
        assert not fake.cloud and not (fake.folder / MARK).exists()
        found = transcripts.read(fake.folder / "transcript.json", "t")
        assert found.wrong == "" and found.end["outcome"] == "refused"


def test_what_lies_in_the_runs_own_stores_goes_and_what_lies_in_those_of_others_stays(tmp_path: Path) -> None:
    """A trail writes into the run's own bucket, and nobody is asked to put that there."""
    written = f"s3://{BUCKET}/logs/today"
    fake = Fake(tmp_path, lies={written})
    one = run(fake)
    assert one.accepted and fake.lies == {OTHERS} and not fake.cloud
    assert fake.cleared == 1, "what services leave in the way of the network goes as a teardown does it"


def test_what_cannot_be_deleted_is_told_with_its_reason_and_what_bills_goes(tmp_path: Path) -> None:
    fake = Fake(tmp_path, kept=f"AccessDenied: no right to {OWN}")
    one = run(fake)
    assert one.left == [f"{STACK}-artifacts"] and [one.name for one in fake.cloud.values()] == one.left
    assert "AccessDenied: no right" in one.steps[-1].says
    assert fake.lies == {OWN, OTHERS} and OWN not in one.journal.file.read_text(encoding="utf-8")


def test_a_stack_that_stands_already_is_never_touched(tmp_path: Path) -> None:
    fake = Fake(tmp_path)
    fake.known = fake.cloud = {one.urn: one for one in fake.graph.cloud}
    with pytest.raises(BadInput, match="4 resources found up already"):
        run(fake)
    assert [words[:2] for words in fake.commands] == [["stack", "export"]]
    assert len(fake.cloud) == 4


def test_clean_touches_nothing_where_no_run_was_cut_off(tmp_path: Path) -> None:
    fake = Fake(tmp_path)
    fake.known = fake.cloud = {one.urn: one for one in fake.graph.cloud}
    assert run_whole(made(fake), clean=True, begin=dict).left == []
    assert not fake.commands and len(fake.cloud) == 4


def test_the_steps_end_in_time_for_taking_down(tmp_path: Path) -> None:
    fake = Fake(tmp_path, takes=1000)
    one = run(fake, hours=1)
    assert [step.name for step in one.steps][-1] == "leave" and one.steps[-1].state == "done"
    assert "hours are up" in one.steps[-2].says and not one.accepted
    assert not fake.cloud
    assert max(fake.limits) <= 3600


def test_what_is_left_to_a_person_is_told_and_the_stack_taken_down(tmp_path: Path) -> None:
    fake = Fake(tmp_path, undone=["push the container images"])
    one = run(fake)
    assert [step.state for step in one.steps] == ["done", "refused", "done"]
    assert one.steps[1].says == "1 manual step left: push the container images"
    assert not fake.cloud


def test_a_refusal_contradicts_the_sandbox_unless_the_account_lacks_something(tmp_path: Path) -> None:
    says = "ValidationException: this configuration cannot be made with that key"
    one = run(Fake(tmp_path / "a", refused=sagemaker.ENDPOINT, says=says))
    assert not one.accepted
    met = {(each["type"], each["behaviour"]): each["status"] for each in kept(one).met}
    assert met[sagemaker.ENDPOINT, "create"] == "contradicted" and met[s3.BUCKET, "create"] == "seen"
    lacks = "ResourceLimitExceeded: the account-level service limit for endpoint usage is 0 Instances"
    one = run(Fake(tmp_path / "b", refused=sagemaker.ENDPOINT, says=lacks))
    assert (sagemaker.ENDPOINT, "create") not in {(each["type"], each["behaviour"]) for each in kept(one).met}
    (entry,) = [entry["said"] for entry in kept(one).entries if entry["kind"] == "answer" and entry["said"]["says"]][:1]
    assert entry["says"].startswith("ResourceLimitExceeded: the ")


def test_a_door_that_is_doubted_is_no_account(tmp_path: Path) -> None:
    one = run(Fake(tmp_path, doubt="a provider is a script"))
    assert [step.state for step in one.steps] == ["refused", "done"]
    assert kept(one).door == "sandbox"


def test_what_nothing_here_could_answer_is_not_predicted_and_the_rest_is_rehearsed(tmp_path: Path) -> None:
    fake = Fake(tmp_path, kind="sandbox", strange="the sandbox runs the container and the model of examples/ alone")
    one = run(fake)
    states = {step.name: step.state for step in one.steps}
    assert states == {**dict.fromkeys(EVERY, "done"), "predict": "not done"} and one.accepted
    says = {step.name: step.says for step in one.steps}
    assert says["predict"] == fake.strange
    for name in ("canary", "bad version", "off and on"):
        assert says[name].endswith(", and nobody could ask for a prediction"), name
    assert run(Fake(tmp_path / "whole")).steps[EVERY.index("canary")].says.endswith(", and it answers")


@pytest.mark.parametrize(
    ("users", "says"),
    [
        ({sagemaker.ENDPOINT}, ""),
        ({sagemaker.ENDPOINT, s3.BUCKET}, "switching it off deletes more than the endpoint: churn-dev-names"),
        (set[str](), "switching it off deletes more than the endpoint: churn-dev-names"),
    ],
)
def test_what_goes_with_an_endpoint_is_needed_by_nothing_else(tmp_path: Path, users: set[str], says: str) -> None:
    """On gcp the zone of the endpoints' names goes with the last one."""
    names = resource("gcp:dns/managedZone:ManagedZone", f"{STACK}-names", "endpoints.churn")
    own = [replace(one, dependencies=(names.urn,)) if one.type in users else one for one in graph().resources]
    fake = Fake(tmp_path, graph=Graph(STACK, "aws", (names, *own), {}))
    (step,) = [step for step in run(fake).steps if step.name == "off and on"]
    assert (step.state, step.says if says else "") == (("refused" if says else "done"), says)


def test_a_version_that_nobody_takes_back_is_refused(tmp_path: Path) -> None:
    one = run(Fake(tmp_path), versions=Versions(GOOD, "s3://churn-999988887777/churn/9/model.tar.gz"))
    (refused,) = [step for step in one.steps if step.state == "refused"]
    assert refused.name == "bad version" and "nobody took the bad version back" in refused.says


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=sharing.examples(40))
@given(
    secret=st.sampled_from(["AKIA", "ya29.", "eyJhbGciOi", ""]).flatmap(
        lambda begins: st.from_regex(r"[A-Za-z0-9]{8}[0-9][A-Za-z0-9/+]{16}", fullmatch=True).map(begins.__add__)
    ),
    frame=st.sampled_from(["denied for {}", "https://{}.blob.core.windows.net/?sig={}", "{{'token': '{}'}}", "x={}"]),
)
def test_a_planted_secret_never_reaches_the_transcript(tmp_path: Path, secret: str, frame: str) -> None:
    fake = Fake(tmp_path, refused=s3.BUCKET, says=frame.format(secret, secret))
    one = run(fake)
    text = one.journal.file.read_text(encoding="utf-8")
    assert secret not in text and "says" in text
    for word in (STACK, "999988887777", "churn@example.org", "cc-12", "kim", f"{STACK}-artifacts"):
        assert word not in text


# The transcript


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    one = run(Fake(tmp_path_factory.mktemp("whole")))
    return json.loads(one.journal.file.read_text(encoding="utf-8"))


def wrong(tmp_path: Path, document: Any) -> str:
    file = tmp_path / "t.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return transcripts.read(file, "t").wrong


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_altered_transcript_is_noticed(tmp_path: Path, whole: dict[str, Any], data: st.DataObject) -> None:
    entries: list[dict[str, Any]] = json.loads(json.dumps(whole["entries"]))
    number = data.draw(st.integers(0, len(entries) - 1))
    match data.draw(st.sampled_from(["said", "more", "hash", "gone", "swapped", "cut"])):
        case "said":
            entry = entries[number]["said"]
            entry[data.draw(st.sampled_from(sorted(entry)))] = data.draw(st.text(min_size=1).map("other ".__add__))
        case "more":
            entries[number]["said"]["more"] = 1
        case "hash":
            entries[number]["hash"] = "0" * 64
        case "gone":
            del entries[number]
        case "swapped":
            other = (number + 1) % len(entries)
            entries[number], entries[other] = entries[other], entries[number]
        case _:
            entries = entries[:number]
    assert wrong(tmp_path, {**whole, "entries": entries}) != ""


def test_a_whole_transcript_is_right(tmp_path: Path, whole: dict[str, Any]) -> None:
    assert wrong(tmp_path, whole) == ""


@pytest.mark.parametrize("document", [None, [], {}, {"schema_version": 1}, {"schema_version": 1, "entries": [1]}])
def test_what_is_no_transcript_counts_for_nothing(tmp_path: Path, document: object) -> None:
    assert wrong(tmp_path, document) != ""
    assert transcripts.read(tmp_path / "absent.json", "t").wrong == "cannot be read as JSON"
