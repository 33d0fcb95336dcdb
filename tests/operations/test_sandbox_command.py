"""`mlplatform sandbox` as a user meets it, with a stand-in for the Pulumi CLI; tests/engine has the real one."""

import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalogue import transcripts
from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from operations.__main__ import application
from operations.sandboxes.command import named_stack
from sandbox.home import ROOT, Home
from sandbox.state import State
from sandbox.state.records import New
from sandbox.tools import CLI_VERSION, FOLDER, NotInstalled
from tests.commanding import command
from tests.registered import registered

Run = Callable[..., "subprocess.CompletedProcess[str]"]
CLI = """#!/bin/sh
echo "$1 $2" >> ../../done
case "$1 $2" in
"stack output") echo 'artifacts  bucket'; exit 0 ;;
"stack export") cat <<'END'
{"deployment": {"resources": [
  {"urn": "urn:pulumi:s::p::mlplatform-aws:index:Registry$aws:s3/bucket:Bucket::artifacts", "protect": true},
  {"urn": "urn:pulumi:s::p::aws:ec2/vpc:Vpc::vpc"}]}}
END
exit 0 ;;
esac
case "$1" in
up) [ -n "$FAIL_UP" ] && echo 'error: no room' && exit 255
    [ -n "$STANDS" ] && exec PYTHON "$STANDS" "$1" "$MLPLATFORM_SANDBOX" ;;
destroy) [ -n "$FAIL_DESTROY" ] && exit 255
    [ -n "$STANDS" ] && exec PYTHON "$STANDS" "$1" "$MLPLATFORM_SANDBOX" ;;
stack) [ "$2" = init ] && mkdir -p ../backend/.pulumi/stacks/mlplatform && echo '{}' \
    > ../backend/.pulumi/stacks/mlplatform/$3.json && exit 0 ;;
sleep) trap 'echo cancelled; exit 7' INT; echo ready; while :; do sleep 0.1; done ;;
refuse) echo 'error: no' >&2; exit 255 ;;
esac
pwd; printf '%s\\n' "$@"; env
""".replace("PYTHON", sys.executable)
STANDS = """
import sys
from pathlib import Path
from sandbox.state import State
from sandbox.state.records import New
state = State(Path(sys.argv[2]) / "state.sqlite")
name_ = "aws-pilot-fraud-scorer"
place = {"platform": "aws", "account": "111122223333", "region": "us-east-1"}
arn = "arn:aws:sagemaker:us-east-1:111122223333:endpoint/aws-pilot-fraud-scorer"
actions = '["sagemaker:InvokeEndpoint", "sagemaker:CreatePresignedDomainUrl"]'
policy = '{"Statement": {"Effect": "Allow", "Action": ' + actions + ', "Resource": "*"}}'
way = {"serviceName": "com.amazonaws.us-east-1.sagemaker.runtime", "privateDnsEnabled": True, "vpcId": "vpc"}
served = {
    "image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/aws-pilot-registry-images:mlplatform-example-1",
    "modelDataUrl": "s3://aws-pilot-artifacts-111122223333/models/mlplatform-example/1/model.tar.gz",
}
of = {"name": name_, "endpointConfigName": "c"}
for type_, name, inputs, outputs in (
    ("sagemaker/endpoint:Endpoint", "aws-pilot-fraud-scorer", of, {"name": name_, "arn": arn}),
    ("sagemaker/endpointConfiguration:EndpointConfiguration", "c", {"productionVariants": [{"modelName": "m"}]}, {}),
    ("sagemaker/model:Model", "m", {"primaryContainer": served}, {}),
    ("sagemaker/domain:Domain", "d-1", {}, {}),
    ("sagemaker/userProfile:UserProfile", "ana", {"userProfileName": "ana", "domainId": "d-1"}, {"arn": "arn"}),
    ("iam/role:Role", "role", {}, {}),
    ("iam/rolePolicy:RolePolicy", "caller", {"policy": policy, "role": "role"}, {}),
    ("ec2/vpc:Vpc", "vpc", {"enableDnsHostnames": True}, {}),
    ("ec2/vpcEndpoint:VpcEndpoint", "way", way, {}),
    ("s3/bucket:Bucket", "aws-pilot-artifacts-111122223333", {}, {}),
    ("ecr/repository:Repository", "images", {}, {"repositoryUrl": served["image"].rpartition(":")[0]}),
):
    stands = state.resources.get(f"aws:{type_}", name)
    if sys.argv[1] == "destroy":
        state.resources.delete(stands.key)
    elif stands is None:
        new = New(type=f"aws:{type_}", id=name, name=name, inputs=inputs, outputs=outputs, **place)
        state.resources.create(new)
"""
"""What `up` makes and `destroy` takes away: an endpoint, a path to it, and a person's place in the workspace."""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with stand-ins for pulumi and uv."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name, text in (("pulumi", CLI), ("uv", "#!/bin/sh\n")):
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def run(tmp_path: Path, tools: Path) -> Run:
    """The command in a sandbox of the test's own."""

    def call(*arguments: str, path: str | None = None) -> "subprocess.CompletedProcess[str]":
        kept = {name: value for name, value in os.environ.items() if name != "UV"}
        environment = {**kept, "PATH": f"{tools}:/usr/bin:/bin" if path is None else path, "COLUMNS": "300"}
        return command("sandbox", "--name", f"{tmp_path}/box", *arguments, environment=environment)

    return call


def typed(tmp_path: Path, command: str) -> str:
    """A command as it is printed for the sandbox of `run`: another sandbox's would do something else."""
    return f"uv run mlplatform sandbox --name {tmp_path}/box {command}"


@pytest.fixture
def filled(tmp_path: Path) -> State:
    """A sandbox in which an endpoint stands."""
    Home(tmp_path / "box").mark()
    state = State(tmp_path / "box" / "state.sqlite")
    id_ = "projects/p/locations/us-central1/endpoints/fraud-scorer"
    new = New(
        type="gcp:vertex/aiEndpoint:AiEndpoint",
        id=id_,
        platform="gcp",
        account="p",
        region="us-central1",
        name="pilot-fraud-scorer",
        inputs={"displayName": "Fraud"},
        outputs={"name": "fraud-scorer"},
    )
    state.resources.create(new)
    return state


def sentence(result: "subprocess.CompletedProcess[str]", code: int = 2) -> str:
    assert result.returncode == code, result.stdout + result.stderr
    assert len(result.stderr.splitlines()) == 1 and "Traceback" not in result.stderr, result.stderr
    return result.stderr


def test_pulumi_gets_its_arguments_its_folder_and_the_sandbox(run: Run, tmp_path: Path) -> None:
    result = run("--", "pulumi", "up", "-s", "aws-pilot", "--policy-pack", "policies", "--help")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[:7] == [str(tmp_path / "box/project"), "up", "-s", "aws-pilot", "--policy-pack", "policies", "--help"]
    seen = dict(line.partition("=")[::2] for line in lines[7:])
    assert seen["MLPLATFORM_SANDBOX"] == str(tmp_path / "box") and seen["MLPLATFORM_INSTANT"] == "1"
    assert seen["MLPLATFORM_AZURE_API"].startswith("http://127.0.0.1:")
    assert (tmp_path / "box/stacks/Pulumi.aws-pilot.yaml").is_file()
    assert not (tmp_path / "box/stacks/Pulumi.gcp-pilot.yaml").exists()


def test_canaries_bake_for_real_if_asked(run: Run) -> None:
    assert "MLPLATFORM_INSTANT" not in run("--real-time", "--", "pulumi", "about").stdout


def test_the_exit_code_is_pulumis(run: Run) -> None:
    result = run("--", "pulumi", "refuse")
    assert result.returncode == 255 and result.stderr == "error: no\n"


def test_what_a_new_account_refuses_leads_to_the_steps(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuses = tmp_path / "refuses.py"
    note = "State(Path(sys.argv[2]) / 'state.sqlite').journal.note('refused', 'aws:sagemaker/model:Model', 'churn')"
    imports = "import sys\nfrom pathlib import Path\nfrom sandbox.state import State\n"
    refuses.write_text(f"{imports}{note}\nsys.exit(255)\n", encoding="utf-8")
    monkeypatch.setenv("STANDS", str(refuses))
    result = run("--", "pulumi", "up", "-s", "aws-pilot")
    assert result.returncode == 255 and f"`{typed(tmp_path, 'steps aws-pilot')}` says what" in result.stderr
    monkeypatch.delenv("STANDS")
    assert "sandbox steps" not in run("--", "pulumi", "refuse").stderr, "this time the account lacked nothing"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_pulumis_to_obey(tmp_path: Path, tools: Path, number: int) -> None:
    words = [sys.executable, "-m", "operations", "sandbox", "--name", f"{tmp_path}/box", "--", "pulumi", "sleep"]
    environment = {**os.environ, "PATH": f"{tools}:/usr/bin:/bin"}
    with subprocess.Popen(
        words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        # A terminal interrupts all of its processes, `kill` the one named.
        os.killpg(process.pid, number) if number == signal.SIGINT else os.kill(process.pid, number)
        try:
            assert process.communicate(timeout=120)[0] == "cancelled\n"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 7


@pytest.mark.parametrize(
    ("arguments", "stack"),
    [
        (["up", "-s", "aws-pilot"], "aws-pilot"),
        (["up", "--stack", "aws-pilot"], "aws-pilot"),
        (["--stack=organization/mlplatform/aws-pilot", "up"], "aws-pilot"),
        (["up", "-s=aws-pilot"], "aws-pilot"),
        (["up", "--yes"], None),
        (["up", "-s"], None),
    ],
)
def test_the_stack_is_found_in_the_command_line(arguments: list[str], stack: str | None) -> None:
    assert named_stack(arguments) == stack


@pytest.mark.parametrize("arguments", [("--", "pulumi", "up", "-s", "aws-pilot"), ("trial", "gcp-pilot")])
def test_without_the_cli_it_says_how_to_get_it_and_what_works_without(
    run: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    if (FOLDER / "bin" / "pulumi").exists():
        pytest.skip("make has installed the CLI into .tools/ here, and that is found")
    said = sentence(run(*arguments, path="/nowhere"))
    assert "https://www.pulumi.com/docs/install/" in said and "`uv run mlplatform pilot`" in said
    assert "`make sandbox` installs it" in said
    assert not (tmp_path / "box").exists()


def test_without_uv_it_says_how_to_get_it(run: Run, tools: Path) -> None:
    (tools / "uv").unlink()
    if (FOLDER / "bin" / "uv").exists():
        pytest.skip("make has installed uv into .tools/ here, and that is found")
    assert "`make setup`" in sentence(run("--", "pulumi", "up"))


def test_a_cli_that_is_there_is_not_installed_again(run: Run, tools: Path) -> None:
    assert run("install", "--yes").stdout == f"the Pulumi CLI is there: {tools / 'pulumi'}\n"


@pytest.fixture
def without_cli(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nothing finds the CLI."""
    monkeypatch.setattr("sandbox.tools.find_cli", lambda: None)


@pytest.mark.usefixtures("without_cli")
def test_installing_is_dry_until_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.tools.install_cli", lambda: pytest.fail("nobody said so"))
    result = CliRunner().invoke(application(), ["sandbox", "install"])
    assert result.stdout.startswith(f"would install the Pulumi CLI {CLI_VERSION} into .tools/bin")


@pytest.mark.usefixtures("without_cli")
def test_where_the_cli_cannot_be_installed_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Path:
        raise NotInstalled("no route to host")

    monkeypatch.setattr("sandbox.tools.install_cli", refuse)
    result = CliRunner().invoke(application(), ["sandbox", "install", "--yes"])
    assert isinstance(result.exception, BadInput)
    said = str(result.exception)
    assert "cannot be installed from here (no route to host)" in said and "https://www.pulumi.com/docs/install/" in said
    assert "put it on PATH" in said and f"version {CLI_VERSION} or later" in said


@pytest.mark.parametrize("arguments", [("--", "pulumi", "up", "-s", "aws-pilto"), ("trial", "aws-pilto")])
def test_an_unknown_stack_is_a_sentence(run: Run, arguments: tuple[str, ...]) -> None:
    assert sentence(run(*arguments)) == "'aws-pilto': no such stack; did you mean aws-pilot?\n"


def test_what_is_not_pulumi_is_not_run(run: Run) -> None:
    result = run("--", "terraform", "apply")
    assert result.returncode == 2 and "No such command 'terraform'" in result.stderr


@pytest.mark.parametrize("name", ["A b", "..", "", "x" * 80, "-"])
def test_a_name_that_is_none_is_a_sentence(name: str) -> None:
    result = CliRunner().invoke(application(), ["sandbox", "--name", name, "ls"])
    assert type(result.exception).__name__ == "BadInput" or (name == "" and result.exit_code == 0)


@pytest.mark.parametrize("arguments", [("--", "pulumi", "up"), ("reset", "--yes")])
def test_a_folder_of_something_else_is_left_alone(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "thesis.txt").write_text("years", encoding="utf-8")
    assert "holds thesis.txt, which no sandbox made" in sentence(run(*arguments))
    assert [path.name for path in (tmp_path / "box").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("arguments", [("--", "pulumi", "up"), ("ls",), ("reset", "--yes")])
def test_a_file_in_the_place_of_the_folder_is_a_sentence(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "box").write_text("", encoding="utf-8")
    assert "is a file; a sandbox is a folder" in sentence(run(*arguments))


def test_what_is_in_use_is_not_removed(run: Run, tmp_path: Path, filled: State) -> None:
    with (tmp_path / "box" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert "another process is using it" in sentence(run("reset", "--yes"))
        assert run("--", "pulumi", "about").returncode == 0, "two commands may share a sandbox"
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another process is using it" in sentence(run("--", "pulumi", "about"))
    assert len(filled.resources.all()) == 1


def test_reset_is_dry_until_told(run: Run, tmp_path: Path, filled: State) -> None:
    result = run("reset")
    assert result.returncode == 0 and result.stdout.endswith("with 1 resources; --yes does it\n")
    assert len(filled.resources.all()) == 1
    filled.close()
    assert run("reset", "--yes").stdout.startswith("removed ") and not (tmp_path / "box").exists()
    assert "nothing to remove" in run("reset", "--yes").stdout


def test_a_lock_follows_no_link(run: Run, tmp_path: Path, filled: State) -> None:
    (tmp_path / "theirs").write_text("years", encoding="utf-8")
    (tmp_path / "box" / "lock").symlink_to(tmp_path / "theirs")
    assert "cannot be written" in sentence(run("reset", "--yes"))
    assert (tmp_path / "theirs").read_text(encoding="utf-8") == "years"


def test_ls_lists_what_stands(run: Run, filled: State) -> None:
    result = run("ls")
    assert result.returncode == 0 and "pilot-fraud-scorer" in result.stdout and "1 resources" in result.stdout


def test_ls_of_nothing_says_how_to_begin_and_makes_nothing(run: Run, tmp_path: Path) -> None:
    result = run("ls", path="/nowhere")
    assert result.returncode == 0 and "pulumi up -s STACK" in result.stdout and not (tmp_path / "box").exists()


@pytest.mark.parametrize("name", ["pilot-fraud-scorer", "projects/p/locations/us-central1/endpoints/fraud-scorer"])
def test_show_prints_inputs_outputs_and_events(run: Run, filled: State, name: str) -> None:
    (shown,) = json.loads(run("show", name).stdout)
    assert shown["inputs"] == {"displayName": "Fraud"} and shown["outputs"] == {"name": "fraud-scorer"}
    assert [event["operation"] for event in shown["events"]] == ["create"]


@pytest.mark.parametrize("command", ["show", "play"])
def test_an_unknown_name_is_a_sentence(run: Run, filled: State, command: str) -> None:
    assert "did you mean pilot-fraud-scorer?" in sentence(run(command, "pilot-fraud-scorre"))


def test_a_state_that_is_none_is_a_sentence(run: Run, tmp_path: Path) -> None:
    Home(tmp_path / "box").mark()
    (tmp_path / "box" / "state.sqlite").write_bytes(b"no database at all" * 100)
    assert "no sandbox's state" in sentence(run("ls"))
    assert run("reset", "--yes").returncode == 0 and not (tmp_path / "box").exists()


@pytest.mark.parametrize("arguments", [("ls",), ("wait", "1m"), ("arm", "slow", "*", "--of", "1")])
def test_a_sandbox_of_another_version_is_a_sentence(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    Home(tmp_path / "box").mark()
    with closing(sqlite3.connect(tmp_path / "box" / "state.sqlite")) as old:
        old.execute("CREATE TABLE faults(key INTEGER PRIMARY KEY)")
    said = sentence(run(*arguments))
    assert "another version of this program made this sandbox; `uv run mlplatform sandbox --name " in said
    assert run("reset", "--yes").returncode == 0 and not (tmp_path / "box").exists()


def test_metrics_are_played_in_and_stopped(run: Run, filled: State, tmp_path: Path) -> None:
    from sandbox.state.metrics import Played

    database = tmp_path / "box" / "state.sqlite"
    assert run("play", "fraud-scorer", "--p95-ms", "900", "--error-percent", "2").returncode == 0
    assert State(database).metrics.played() == {"fraud-scorer": Played(900, 2, 1000)}
    assert "silence" in run("play", "fraud-scorer", "--requests", "0").stdout
    assert State(database).metrics.played() == {"fraud-scorer": Played(None, 0, 0)}
    run("play", "fraud-scorer", "--stop")
    assert State(database).metrics.played() == {}


def test_faults_are_armed_and_disarmed(run: Run, filled: State) -> None:
    said = run("arm", "no-capacity", "*", "--of", "n1-standard-4", "--times", "3").stdout
    assert said.startswith("no-capacity strikes the next 3 calls at *")
    assert [(one.kind, one.at, one.times, one.argument) for one in filled.faults.armed()] == [
        ("no-capacity", "*", 3, "n1-standard-4")
    ]
    assert run("disarm").stdout == "disarmed no-capacity at *\n"
    assert filled.faults.armed() == []
    assert run("disarm").stdout == "disarmed nothing: no fault was armed\n"


def test_a_fault_is_armed_on_reads(run: Run, filled: State) -> None:
    said = run("arm", "gone", "pilot-fraud-scorer", "--on", "read", "--times", "2").stdout
    assert said.startswith("gone strikes the next 2 reads at pilot-fraud-scorer")
    assert [(one.kind, one.times, one.on_read) for one in filled.faults.armed()] == [("gone", 2, True)]


def test_a_person_stands_inside_or_outside(run: Run, filled: State) -> None:
    said = sentence(run("sign-in", "ana", "--from", "nowhere"))
    assert said == "'nowhere': no place where a person stands, allowed: inside, outside\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-capcity", "*"], "'no-capcity': no such fault; did you mean no-capacity?"),
        (["slow", "*"], "'': not what slow takes with --of; it wants seconds, such as --of 30"),
        (["slow", "*", "--of", "long"], "'long': not what slow takes"),
        (["crash", "*", "--of", "during"], "'during': not what crash takes with --of; it wants --of before or"),
        (["access-denied", "*"], "'': not what access-denied takes with --of; it wants a persona"),
        (["throttle", "*", "--on", "write"], "'write': nothing that a fault strikes, allowed: read"),
        (["crash", "*", "--on", "read"], "crash: strikes no read, allowed with --on read: throttle, server-error"),
        (["gone", "*"], "gone: strikes reads alone; write --on read"),
    ],
)
def test_a_fault_that_cannot_be_armed_is_one_sentence(run: Run, arguments: list[str], said: str) -> None:
    assert sentence(run("arm", *arguments)).startswith(said)


def test_a_resource_is_changed_and_deleted_behind_pulumis_back(run: Run, filled: State) -> None:
    assert "displayName is now Spam" in run("change", "pilot-fraud-scorer", "displayName", "Spam").stdout
    assert filled.resources.all()[0].inputs == {"displayName": "Spam"}
    assert "displayName is removed" in run("change", "pilot-fraud-scorer", "displayName").stdout
    assert filled.resources.all()[0].inputs == {}
    assert "no input of pilot-fraud-scorer" in sentence(run("change", "pilot-fraud-scorer", "displayName", "1"))
    assert "did you mean pilot-fraud-scorer?" in sentence(run("delete", "pilot-fraud-score"))
    assert "1 resources are deleted" in run("delete", "pilot-fraud-scorer").stdout
    assert filled.resources.all() == []


def test_a_name_of_several_resources_wants_its_type(run: Run, filled: State) -> None:
    filled.resources.create(New("gcp:x:Other", "other", "gcp", "p", "us-central1", "pilot-fraud-scorer", {}, {}))
    said = sentence(run("delete", "pilot-fraud-scorer"))
    assert "gcp:vertex/aiEndpoint:AiEndpoint::pilot-fraud-scorer, gcp:x:Other::pilot-fraud-scorer" in said
    assert run("delete", "gcp:x:Other::pilot-fraud-scorer").returncode == 0


def test_alarms_are_listed_with_those_that_ring(run: Run, filled: State) -> None:
    assert "no alarm on an endpoint stands here" in run("alarms").stdout
    condition = {
        "displayName": "the p95 latency is above 250 ms",
        "conditionThreshold": {
            "filter": 'resource.labels.endpoint_id = "fraud-scorer" AND metric.type = "online/prediction_latencies"',
            "comparison": "COMPARISON_GT",
            "thresholdValue": 250,
        },
    }
    policy = {"displayName": "slow", "combiner": "OR", "conditions": [condition]}
    filled.resources.create(New("gcp:monitoring/alertPolicy:AlertPolicy", "a", "gcp", "p", "", "slow", policy, {}))
    assert "rings" not in run("alarms").stdout.partition("slow")[2].partition("the p95")[0]
    assert run("play", "pilot-fraud-scorer", "--p95-ms", "900").stdout.startswith("fraud-scorer: 1000 requests")
    assert "rings" in run("alarms").stdout.partition("slow")[2].partition("the p95")[0]


ALL = ["ls", "show", "call", "play", "alarms", "arm", "disarm", "change", "delete", "reset", "trial"]
ALL += ["wait", "enable-region", "enable-api", "raise-quota", "push", "upload", "use", "steps", "account"]


@pytest.mark.parametrize("command", ALL)
def test_every_subcommand_has_help_with_an_example(command: str) -> None:
    result = CliRunner().invoke(application(), ["sandbox", command, "--help"])
    assert result.exit_code == 0 and f"uv run mlplatform sandbox {command}" in result.output


def test_a_trial_takes_no_sandbox_of_somebodys(run: Run, filled: State) -> None:
    assert "wants a new sandbox" in sentence(run("trial", "aws-pilot"))
    assert len(filled.resources.all()) == 1


def test_a_trial_says_what_it_does_shows_outputs_and_cost_and_leaves_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands = tmp_path / "stands.py"
    stands.write_text(STANDS, encoding="utf-8")
    monkeypatch.setenv("STANDS", str(stands))
    version = registered(tmp_path / "run")
    result = run("trial", "aws-pilot", "--out", f"{tmp_path}/out", "--version", str(version))
    assert result.returncode == 0, result.stderr
    said = result.stderr.splitlines()
    assert any(line.startswith("exported and verified: tumours@1, sha256:") for line in said)
    assert "goes up in" in said[0] and "nothing outside that folder is changed" in said[0]
    steps = [line for line in said if line[0].isdigit()]
    assert (
        steps[0].startswith("1. administrator of the account: give whoever deploys") and ". caller: call " in steps[-1]
    )
    uri = "s3://aws-pilot-artifacts-111122223333/models/mlplatform-example/1/model.tar.gz"
    assert f"     {typed(tmp_path, f'upload {uri} out/example/aws/model.tar.gz')}" in said
    answered = next(line for line in said if line.startswith("     answered: "))
    recorded = (ROOT / "examples" / "recorded" / "aws" / "prediction.json").read_text(encoding="utf-8")
    assert json.loads(answered.partition(": ")[2]) == json.loads(recorded)
    assert any("2 resources in" in line for line in said) and "artifacts  bucket" in result.stdout
    cost = next(line for line in said if "a month with no traffic" in line)
    assert float(cost.split("$")[1].split(" ")[0].replace(",", "")) > 10
    first = next(index for index, line in enumerate(said) if "1 resources are protected by design" in line)
    assert said[first + 1] == "  aws:s3/bucket:Bucket::artifacts"
    assert said[-2] == "aws-pilot is down; 0 resources are left in the cloud"
    assert said[-1].startswith(f"recorded in {tmp_path}/out/aws-pilot/transcript.json")
    kept = transcripts.read(tmp_path / "out" / "aws-pilot" / "transcript.json", "t")
    assert kept.wrong == "" and kept.door == "sandbox" and kept.end["outcome"] == "accepted"
    assert [(name, step["state"]) for name, step in kept.steps.items()] == [
        *((name, "done") for name in ("ground", "serve", "predict")),
        ("export", "not done"),  # the pilot serves another model too, of which no version was given
        ("leave", "done"),
    ]
    done = (tmp_path / "done").read_text(encoding="utf-8").splitlines()
    came_up = ["stack init", "config set", "up --policy-pack", "config rm", "up --policy-pack"]
    assert done == [*came_up, "stack export", "stack output", "state unprotect", "destroy --stack"]
    assert not (tmp_path / "box").exists()


@pytest.mark.parametrize(
    ("fails", "sentence"), [("FAIL_UP", "`pulumi up` failed\nthe steps end here"), ("FAIL_DESTROY", "destroy` failed")]
)
def test_a_trial_that_fails_keeps_what_stands_to_be_looked_at(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str, sentence: str
) -> None:
    monkeypatch.setenv(fails, "1")
    (tmp_path / "stands.py").write_text(STANDS, encoding="utf-8")
    monkeypatch.setenv("STANDS", str(tmp_path / "stands.py"))
    result = run("trial", "aws-pilot", "--out", f"{tmp_path}/out")
    assert result.returncode == 1 and sentence in result.stderr and "Traceback" not in result.stderr
    assert fails == "FAIL_DESTROY" or "error: no room" in result.stderr
    assert (tmp_path / "box" / "state.sqlite").is_file() and not (tmp_path / "out").exists()


def test_a_trial_without_a_prediction_is_no_rehearsal(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = [line for line in STANDS.splitlines() if "endpoint:Endpoint" not in line]
    (tmp_path / "stands.py").write_text("\n".join(without), encoding="utf-8")
    monkeypatch.setenv("STANDS", str(tmp_path / "stands.py"))
    result = run("trial", "aws-pilot", "--out", f"{tmp_path}/out")
    assert result.returncode == 0 and "not called: aws-pilot-fraud-scorer: no endpoint" in result.stderr
    assert "no rehearsal is recorded" in result.stderr and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("lacks", "says"),
    [
        (
            "repository:Repository",
            "refused: name unknown: The repository with name 'aws-pilot-registry-images'",
        ),
        ("userProfile:UserProfile", "refused: 'ana': no workspace that stands here knows that person; bring up the"),
    ],
)
def test_a_trial_ends_where_a_step_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: str, says: str
) -> None:
    """Here `up` makes less than the steps need."""
    without = [line for line in STANDS.splitlines() if lacks not in line]
    (tmp_path / "stands.py").write_text("\n".join(without), encoding="utf-8")
    monkeypatch.setenv("STANDS", str(tmp_path / "stands.py"))
    result = run("trial", "aws-pilot", "--out", f"{tmp_path}/out")
    assert result.returncode == 1 and not (tmp_path / "out").exists()
    assert says in result.stderr


def test_two_sandboxes_at_once_do_not_meet(tmp_path: Path, run: Run, filled: State) -> None:
    other = Home(tmp_path / "other")
    State(other.database)
    assert "1 resources" in run("ls").stdout
    assert "nothing stands here" in command("sandbox", "--name", f"{other.path}", "ls").stdout


def test_the_command_loads_no_sdk_where_nothing_is_to_be_done(tmp_path: Path) -> None:
    words = [sys.executable, "-X", "importtime", "-m", "operations", "sandbox", "--name", f"{tmp_path}/box", "ls"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0 and "nothing stands here" in done.stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "operations" in loaded and not loaded & {platform.sdk for platform in PLATFORMS.values()}
