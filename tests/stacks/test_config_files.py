"""A stack file that is none, that cannot be read, or that has very many mistakes."""

from pathlib import Path

import pytest

from catalogue.errors import BadInput
from stacks import config as stack_config
from stacks.config import read_stack_file
from tests.stacks.test_config import TEXT, read_bytes, refusal


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stacks") / "Pulumi.a.yaml"


BOMB = "config:\n" + "".join(
    f"  k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]\n" if n else "  k0: &k0 [a]\n" for n in range(9)
)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "found nothing, allowed: a mapping with the key 'config'"),
        ("# nothing but a comment\n", "found nothing, allowed: a mapping with the key 'config'"),
        ("- config\n", "found a list, allowed: a mapping with the key 'config'"),
        ("config", "found 'config', allowed: a mapping with the key 'config'"),
        ("{}", "config: found nothing, allowed: a mapping of keys such as mlplatform:platform"),
        ("config: [a]", "config: found a list, allowed: a mapping of keys such as mlplatform:platform"),
        (TEXT.encode() + b"\xff", f"is not UTF-8 text (byte {len(TEXT)}); save it as UTF-8"),
        (TEXT.encode("utf-16"), "is not UTF-8 text (byte 0); save it as UTF-8"),
        ("#" * 262_145, "found more than 262,144 bytes, allowed: at most that in a stack file; make two stacks of it"),
        (
            "config:\n\tteam: a\n",
            "line 2: is not valid YAML here: while scanning for the next token, found character '\\t' that cannot "
            "start any token",
        ),
        (TEXT + "---\na: b\n", "line 44: is not valid YAML here: expected a single document in the stream, "
         "but found another document"),
        ("[" * 10_000, "is not valid YAML: nested too deeply"),
        ("{a: " * 10_000, "is not valid YAML: nested too deeply"),
        ("- " * 10_000, "is not valid YAML: nested too deeply"),
        ("? " * 10_000, "is not valid YAML: nested too deeply"),
        (BOMB, "line 2: found an anchor or alias (& or *), allowed: the value itself"),
        (TEXT + "mlplatform:team: a\n", "mlplatform:team: unknown key; allowed: config, encryptionsalt, "
         "secretsprovider, encryptedkey"),
        (TEXT + "environment:\n  - payments/dev\n", "environment: its values stand in Pulumi ESC, where no verdict "
         "reads them; write them under config"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_stack_file_gives_its_sentence(file: Path, content: str | bytes, sentence: str) -> None:
    assert refusal(file, content) == sentence


SECRETS = {
    "passphrase": "encryptionsalt: v1:abc=:v1:def==\n",
    "key of a cloud": "secretsprovider: awskms://alias/pulumi?region=us-east-1\nencryptedkey: AQICAHh=\n",
}


@pytest.mark.parametrize("secrets", SECRETS.values(), ids=SECRETS)
def test_what_stack_init_writes_changes_no_verdict(tmp_path: Path, secrets: str) -> None:
    plain, with_secrets = tmp_path / "Pulumi.dev.yaml", tmp_path / "with" / "Pulumi.dev.yaml"
    with_secrets.parent.mkdir()
    plain.write_text(TEXT, encoding="utf-8")
    for text in (secrets + TEXT, TEXT + secrets):
        with_secrets.write_text(text, encoding="utf-8")
        assert stack_config.read_stack_file(with_secrets) == stack_config.read_stack_file(plain)
        assert stack_config.to_engine(with_secrets) == stack_config.to_engine(plain)


def test_a_nul_byte_gives_one_sentence(file: Path) -> None:
    assert refusal(file, TEXT + "\0").startswith("is not valid YAML: unacceptable character #x0000")


@pytest.mark.parametrize("name", ["absent.yaml", ".", "nul\0.yaml", "x" * 300, "loop.yaml", "line\n\x1b[31m.yaml"])
def test_a_file_that_cannot_be_read_gives_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    with pytest.raises(BadInput) as caught:
        read_stack_file(tmp_path / name)
    assert "cannot be read (" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["Pulumi.A.yaml", "Pulumi..yaml", "a.yaml", "Pulumi.a.yml", "Pulumi.a\n.yaml"])
def test_a_file_of_another_name_is_no_stack(name: str) -> None:
    with pytest.raises(BadInput, match=r"allowed: Pulumi\.<stack>\.yaml") as caught:
        stack_config.stack_name(Path(name))
    assert str(caught.value).isprintable()
    assert stack_config.stack_name(Path("stacks/Pulumi.aws-pilot.yaml")) == "aws-pilot"


def test_very_many_mistakes_give_some_lines_and_a_count(file: Path) -> None:
    most = stack_config.MAX_LINES
    keys = "".join(f"  mlplatform:none{n}: 1\n" for n in range(most + 2))
    lines = read_bytes(file, (TEXT + keys).encode())
    assert [line.split(": ")[1] for line in lines[:most]] == [f"mlplatform:none{n}" for n in range(most)]
    assert lines[most] == f"{file}: 2 more problems follow these"
