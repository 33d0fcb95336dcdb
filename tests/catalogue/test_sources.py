"""Every source of the catalogue can be opened by a reader: a public address, or a package with its version."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import Catalogue
from catalogue.kind import Evidence
from catalogue.kinds import kinds
from catalogue.platforms import PLATFORMS

ADDRESS = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+/\S*")
PACKAGE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)* \d+(\.\d+)+")
GITHUB_FILE = re.compile(r"https://github\.com/[^/]+/[^/]+/(blob|tree)/(?P<version>[^/]+)/")
COMMIT_OR_RELEASE = re.compile(r"[0-9a-f]{7,40}|v?\d+(\.\d+)+")
AN_INDEX = re.compile(r"stored.index|index ids?\b|(?<![\d.])\d{8,}\b", re.IGNORECASE)
hardware_of_each_platform = pytest.mark.parametrize(
    "hardware", [pytest.param(catalogue.load(name), id=name) for name in PLATFORMS]
)


def opens(address: str) -> bool:
    """Whether the address has the form of one that opens, and will open the same file tomorrow."""
    file = GITHUB_FILE.match(address)
    stays = file is None or COMMIT_OR_RELEASE.fullmatch(file["version"]) is not None
    return stays and (ADDRESS.fullmatch(address) or PACKAGE.fullmatch(address)) is not None


def evidence_in(record: Any) -> Iterator[Evidence]:
    if isinstance(record, Evidence):
        yield record
    elif is_dataclass(record):
        for field in fields(record):
            yield from evidence_in(getattr(record, field.name))


@hardware_of_each_platform
def test_each_source_of_a_figure_opens_or_is_an_assumption_with_its_reason(hardware: Catalogue) -> None:
    for name, source in hardware.sources.items():
        if source.hand == "assumed":
            assert (source.address, source.says) == ("", ""), f"{name}: an address says it, so it is not assumed"
            assert source.note, f"{name}: assumed without a reason"
        else:
            assert opens(source.address), f"{name}: nobody can open {source.address!r}"


@hardware_of_each_platform
def test_no_word_on_a_source_names_an_index_that_a_reader_does_not_have(hardware: Catalogue) -> None:
    for name, source in hardware.sources.items():
        assert not AN_INDEX.search(f"{source.says} {source.note}"), name
    for name, service in hardware.services.items():
        assert not AN_INDEX.search(service.note), name


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_answer_of_a_kind_rests_on_a_page_that_opens_or_on_an_assumption(platform: str) -> None:
    for token, kind in kinds(platform).items():
        for evidence in evidence_in(kind):
            if evidence.status == "assumed":
                assert len(evidence.where.split()) > 2, f"{token}: assumed without a reason"
            else:
                assert opens(evidence.where), f"{token}: nobody can open {evidence.where!r}"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://aws.amazon.com/kms/pricing/", True),
        ("https://prices.azure.com/api/retail/prices?$filter=armRegionName%20eq%20'eastus2'", True),
        ("https://github.com/infracost/infracost/blob/95ba4f49/README.md", True),
        ("https://github.com/infracost/infracost/blob/master/README.md", False),
        ("botocore 1.44.5", True),
        ("botocore", False),
        ("aws.amazon.com/kms/pricing", False),
        ("http://aws.amazon.com/kms/pricing/", False),
        ("https://aws.amazon.com/kms/pricing/ (us-east-1)", False),
        ("public pricing notes (stored-index id 40238486714)", False),
    ],
)
def test_what_opens(address: str, expected: bool) -> None:
    assert opens(address) == expected
