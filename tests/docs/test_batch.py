"""The page on batch jobs says of each format what the catalogue has, and its example is one that a stack file takes."""

import re

from catalogue import formats
from catalogue.platforms import PLATFORMS
from stacks.config import STACKS, validate
from stacks.sections import batch_jobs
from tests.stack_files import pilot_file, taken

PAGE = (STACKS.parent / "docs" / "batch.md").read_text(encoding="utf-8")


def test_each_cell_of_the_table_is_what_the_catalogue_has() -> None:
    rows = {row[0]: row[1:] for row in re.findall(r"^\| `([\w-]+)` \| (.+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)}
    assert [word for word in rows if word in formats.WORDS] == list(formats.WORDS)
    for word in formats.WORDS:
        for platform, cell in zip(PLATFORMS, rows[word], strict=True):
            assert cell.startswith("no: ") == (word not in formats.TAKEN[platform]), (word, platform)
            assert cell.endswith("the usual") == (formats.USUAL[platform] == word), (word, platform)
            for nearest in re.findall(r"`([\w-]+)`", cell) if cell.startswith("no: ") else ():
                assert nearest in formats.TAKEN[platform] and nearest in formats.LACKING[platform][word]
        if word in formats.AWS:
            assert f"`{formats.AWS[word].content_type}`" in rows[word][0]
            assert ("a file a request" in rows[word][0]) == formats.AWS[word].whole


def test_the_example_is_taken() -> None:
    found = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found
    config = validate({**pilot_file("aws")["config"], **taken(found[1])}, "a.yaml")
    assert set(batch_jobs.of(config)["fraud-backfill"].data) == {"cards", "transfers"}
