"""Files that a person names: what an editor or an attacker makes of JSON is read, or refused in one sentence."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from catalogue.errors import BadInput
from catalogue.files import json_of
from operations import earlier, pack_config
from operations.commands import recover
from operations.standing import reading

DEEP = b"[" * 100_000
READERS: dict[str, Callable[[Path], object]] = {
    "recover": recover._deployment,  # pyright: ignore[reportPrivateUsage]
    "--standing": lambda file: reading.read(file, "aws-pilot", "aws"),
    "--against": lambda file: earlier.earlier(str(file), {"aws-pilot": file}, date(2026, 11, 26)),
    "--policy-pack-config": pack_config.read,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("said", [DEEP, b"", b"\xff\xfe{\x00}\x00", b"[1"])
def test_what_is_no_json_is_refused_in_one_sentence(reader: str, said: bytes, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(said)
    with pytest.raises(BadInput) as refused:
        READERS[reader](file)
    assert "\n" not in str(refused.value)


def test_a_byte_order_mark_is_no_part_of_json(tmp_path: Path) -> None:
    marked = b'\xef\xbb\xbf{"deployment": {"resources": []}}'
    assert json_of(marked) == json_of(marked.decode()) == {"deployment": {"resources": []}}
    file = tmp_path / "state.json"
    file.write_bytes(marked)
    assert READERS["recover"](file) == {"resources": []}
