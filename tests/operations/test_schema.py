"""`mlplatform schema` leaves the file that ships to releases: a company's sections go into a schema of its own."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from operations.__main__ import application
from operations.commands import schema
from tests.catalogue.test_organisation import put
from tests.conftest import forget
from tests.policies.test_organisation import DEPLOYED, SECTION


def written(folder: Path) -> dict[str, object]:
    file = folder / schema.NAME
    return json.loads(file.read_text(encoding="utf-8"))["properties"]["config"]["properties"] if file.exists() else {}


def test_the_schema_with_a_companys_section_stands_in_its_folder(
    organisation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "stacks"
    shipped.mkdir()
    monkeypatch.setattr(schema, "STACKS", shipped)
    assert CliRunner().invoke(application(), ["schema"]).output == "wrote stacks/stack.schema.json\n"
    assert "mlplatform:budget" in written(shipped) and written(organisation) == {}
    before = (shipped / schema.NAME).read_bytes()
    put(organisation, "sections/inboxes.py", SECTION)
    put(organisation, "aws/inboxes.py", DEPLOYED)
    forget()
    assert CliRunner().invoke(application(), ["schema"]).output == "wrote organisation/stack.schema.json\n"
    assert {*written(organisation)} - {*written(shipped)} == {"mlplatform:inboxes"}
    assert (shipped / schema.NAME).read_bytes() == before
    forget()
    assert CliRunner().invoke(application(), ["schema"]).exit_code == 0, "the file that it wrote has its place there"
