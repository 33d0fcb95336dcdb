"""The page that leads from nothing to a verdict: its commands run as they stand there, on a folder of their own."""

import re
import shlex

import pytest
from typer.testing import CliRunner

from operations.__main__ import application
from operations.commands import init
from stacks import config
from stacks.config import STACKS
from stacks.sections.endpoints import AsyncEndpoint, MultiModelEndpoint
from tests.previewing import judging_warm
from tests.stack_files import taken

PAGE = (STACKS.parent / "docs" / "your-own-stack.md").read_text(encoding="utf-8")
RUN = "uv run mlplatform "
COMMANDS = [line for block in re.findall(r"```console\n(.*?)```", PAGE, re.S) for line in block.splitlines()]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """The exit code and the words of each command of the page, in its order."""
    folder = tmp_path_factory.mktemp("stacks")
    done: dict[str, tuple[int, str]] = {}
    app = application()  # it reads where Checkov's environment is, which must not be below the test's folder
    with judging_warm(), pytest.MonkeyPatch.context() as patched:
        patched.setattr(config, "STACKS", folder)
        patched.setattr(init, "STACKS", folder)
        for command in COMMANDS:
            words = shlex.split(command.removeprefix(RUN))
            there = {"init": ["--out", str(folder)], "preview": ["--out", str(folder / "out")]}
            result = CliRunner().invoke(app, [*words, *there.get(words[0], [])])
            assert isinstance(result.exception, SystemExit | None), result.exception
            done[command] = result.exit_code, result.output
    return done


def test_every_command_of_the_page_is_one_of_ours() -> None:
    assert len(COMMANDS) == 5
    assert all(command.startswith(RUN) for command in COMMANDS)


def test_the_files_are_written_and_the_bill_is_shown(ran: dict[str, tuple[int, str]]) -> None:
    for command, (code, said) in ran.items():
        if "preview" not in command:
            assert code == 0, said
        assert ("wrote " in said) is (" init " in command)


def test_each_preview_ends_in_a_verdict(ran: dict[str, tuple[int, str]]) -> None:
    (said,) = [said for command, (_, said) in ran.items() if " preview " in command]
    assert re.search(r"^PASS  churn-dev on aws, us-east-1, account 999988887777", said, re.M), said


def test_the_page_and_the_readme_name_what_there_is() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (STACKS.parent / "docs" / link).resolve().exists(), link
    assert "docs/your-own-stack.md" in (STACKS.parent / "README.md").read_text(encoding="utf-8")


def test_the_endpoint_with_hours_is_one() -> None:
    (text,) = [block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.S) if "hours:" in block]
    (said,) = taken(text).values()
    endpoint = AsyncEndpoint.model_validate(said)
    assert endpoint.hours is not None and endpoint.hours.timezone == "Europe/Berlin"


def test_the_endpoint_of_several_models_is_one() -> None:
    (text,) = [block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.S) if "folder_uri:" in block]
    (said,) = taken(text).values()
    assert MultiModelEndpoint.model_validate(said).models == ["churn-de", "churn-fr"]
