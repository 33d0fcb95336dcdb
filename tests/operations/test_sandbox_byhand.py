"""`mlplatform sandbox`: the commands that do what a person does by hand, and the one that shows it."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from catalogue.errors import BadInput
from catalogue.kinds.aws.studio import USER_PROFILE as PROFILE
from catalogue.kinds.azure.containerregistry import REGISTRY
from examples.pack import HERE, digest_of, digest_of_image, digest_of_model, dockerfile, pack, packed
from operations.__main__ import application
from sandbox.state import State
from sandbox.state.records import New, Stay

IMAGE = "europe-docker.pkg.dev/lending/serving/churn:2.0.1"


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(application(), ["sandbox", "--name", f"{folder}/box", *arguments])


def test_what_is_done_by_hand_is_said_and_shown(tmp_path: Path) -> None:
    for arguments, said in (
        (("wait", "10m"), "10m have passed"),
        (("enable-region", "il-central-1"), "the account has il-central-1"),
        (("enable-api", "compute"), "compute.googleapis.com is on"),
        (("raise-quota", "ml.m5.large for endpoint usage", "8"), "8 of 'ml.m5.large for endpoint usage' are granted"),
        (("push", IMAGE, "--elsewhere"), f"{IMAGE} is pushed"),
        (("upload", "gs://lending-models/churn/1/", "--elsewhere"), "gs://lending-models/churn/1/ is uploaded"),
    ):
        result = run(tmp_path, *arguments)
        assert result.exit_code == 0 and said in result.output, result.output
    shown = run(tmp_path, "account").output
    assert "600 s after the sandbox began" in shown
    assert "regions on request: il-central-1\nservices on: compute.googleapis.com\n" in shown
    assert "services on: compute.googleapis.com\nquotas: 8 of ml.m5.large for endpoint usage\n" in shown
    assert f"images: {IMAGE}\nartifacts: gs://lending-models/churn/1/\nversions: none\nsigned in: none\n" in shown


def test_what_is_pushed_and_uploaded_is_known_by_its_digest(tmp_path: Path) -> None:
    """A copy of the example's files is the example; a line more in one of them is not."""
    shutil.copytree(HERE, tmp_path / "mine", ignore=shutil.ignore_patterns("__pycache__", "recorded"))
    own, uri = tmp_path / "mine" / "gcp.Dockerfile", "gs://lending-models/churn/1/"
    pushed = run(tmp_path, "push", IMAGE, str(own), "--elsewhere")
    assert pushed.exit_code == 0
    assert pushed.output.rstrip().endswith(f"{IMAGE} is pushed, with the digest {digest_of_image(dockerfile('gcp'))}")
    assert run(tmp_path, "upload", uri, str(own.parent / "model"), "--elsewhere").exit_code == 0
    account = State(tmp_path / "box" / "state.sqlite").account
    assert (account.digest(IMAGE), account.digest(uri)) == (digest_of_image(dockerfile("gcp")), digest_of_model("gcp"))
    for file in ("serving/vertex.py", "model/MLmodel"):
        with (own.parent / file).open("a", encoding="utf-8") as text:
            text.write("# another\n")
    assert (
        run(tmp_path, "push", IMAGE, str(own), "--elsewhere").exit_code
        == run(tmp_path, "upload", uri, str(own.parent / "model"), "--elsewhere").exit_code
        == 0
    )
    assert account.digest(IMAGE) not in ("", digest_of_image(dockerfile("gcp")))
    assert account.digest(uri) not in ("", digest_of_model("gcp"))
    assert run(tmp_path, "push", IMAGE, "--elsewhere").exit_code == 0 and account.digest(IMAGE) == ""
    assert run(tmp_path, "empty", "gs://lending-models/").exit_code == 0 and account.digest(uri) == ""


def tree_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_folder_of_runs_has_what_each_of_them_left(tmp_path: Path) -> None:
    uri = "gs://lending-models/scores/"
    for one in (f"{uri}run-1/", f"{uri}run-2/"):
        assert run(tmp_path, "upload", one, str(HERE / "model"), "--elsewhere").exit_code == 0
    assert run(tmp_path, "download", uri, str(tmp_path / "scores")).exit_code == 0
    assert run(tmp_path, "download", f"{uri}run-2/", str(tmp_path / "one")).exit_code == 0
    left = tree_of(HERE / "model")
    assert {name: tree_of(tmp_path / "scores" / name) for name in ("run-1", "run-2")} == {"run-1": left, "run-2": left}
    assert tree_of(tmp_path / "one") == left


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for command in (("push", IMAGE), ("upload", "gs://lending-models/churn/1/")):
        refused = run(tmp_path, *command, f"{tmp_path}/none").exception
        assert isinstance(refused, BadInput) and "cannot be read" in str(refused)


def test_the_archive_that_is_laid_out_for_sagemaker_is_the_examples(tmp_path: Path) -> None:
    pack(tmp_path)
    for platform in ("aws", "gcp", "azure"):
        assert digest_of(tmp_path / Path(packed(platform)).relative_to("out/example")) == digest_of_model(platform)


def test_who_is_signed_in_is_shown_and_their_app_is_stopped(tmp_path: Path) -> None:
    assert run(tmp_path, "account").exit_code == 0
    state = State(tmp_path / "box" / "state.sqlite")
    state.resources.create(
        New(
            *(PROFILE, "p-1", "aws", "444455556666", "eu-central-1", "lending-workspace-mei"),
            inputs={"userProfileName": "mei", "domainId": "d-1"},
            outputs={"arn": "arn:aws:sagemaker:eu-central-1:444455556666:user-profile/d-1/mei"},
        )
    )
    refused = run(tmp_path, "sign-in", "mei")
    assert refused.exit_code != 0 and "(ResourceNotFound)" in str(refused.exception)
    assert "signed in: none" in run(tmp_path, "account").output
    state.account.start_app("mei")
    assert "signed in: mei\n" in run(tmp_path, "account").output
    assert "no app of mei runs any more" in run(tmp_path, "stop-app", "mei").output
    assert "signed in: none" in run(tmp_path, "account").output


def test_who_stands_outside_brings_nothing_to_a_closed_registry(tmp_path: Path) -> None:
    state, image = State(tmp_path / "box" / "state.sqlite"), "lending.azurecr.io/churn:2.0"
    id_ = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/lending"
    closed = {"publicNetworkAccess": "Disabled"}
    state.resources.create(New(REGISTRY, id_, "azure", "s", "northeurope", "lending", closed, {}))
    assert "acr/firewall" in str(run(tmp_path, "push", image, "--from", "outside").exception)
    assert "no place where a person stands" in str(run(tmp_path, "upload", "gs://b/m/", "--from", "home").exception)
    refused = run(tmp_path, "upload", "gs://lending-models/churn/1/", "--from", "outside").exception
    assert isinstance(refused, BadInput) and "404: The specified bucket does not exist" in str(refused)
    put = ("upload", "gs://lending-models/churn/1/", "--from", "outside", "--elsewhere")
    assert run(tmp_path, *put).exit_code == 0
    assert state.account.images() == [] and state.account.artifacts() == ["gs://lending-models/churn/1/"]


def test_what_is_deleted_softly_and_what_a_person_keeps_is_shown_and_goes(tmp_path: Path) -> None:
    state = State(tmp_path / "box" / "state.sqlite")
    vault = New("v", "lending-keys", "azure", "s", "northeurope", "lending-keys", {}, {}, names=["vault lending-keys"])
    state.resources.delete(state.resources.create(vault).key, lambda record: Stay("taken", purge=""))
    state.account.keep_space("mei", 5)
    shown = run(tmp_path, "account").output
    assert "deleted, with the name still taken: lending-keys\n" in shown and "private spaces: mei (5 GB)\n" in shown
    assert "its name is free" in run(tmp_path, "purge", "lending-keys").output
    assert "is deleted, with what lay on its volume" in run(tmp_path, "delete-space", "mei").output
    shown = run(tmp_path, "account").output
    assert "still taken: none" in shown and "private spaces: none" in shown


def test_an_account_in_use_is_shown_as_one(tmp_path: Path) -> None:
    assert "is one in use" not in run(tmp_path, "account").output
    assert "one in use" in run(tmp_path, "use").output
    assert "the account is one in use" in run(tmp_path, "account").output
    assert State(tmp_path / "box" / "state.sqlite").account.in_use


WRONG = [
    ("wait", "soon"),
    ("enable-region", "us-east-1"),
    ("enable-api", "nothing"),
    ("raise-quota", "none", "1"),
    ("push", "x"),
    ("upload", "x"),
    ("sign-in", "eve"),
    ("stop-app", "eve"),
    ("delete-space", "eve"),
    ("purge", "lending-keys"),
]


@pytest.mark.parametrize("arguments", WRONG)
def test_a_wrong_word_is_refused_with_a_sentence(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = run(tmp_path, *arguments)
    assert result.exit_code != 0 and arguments[1] in str(result.exception)
