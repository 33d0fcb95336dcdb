"""`mlplatform prices refresh`: what it shows, what it writes, and what the catalogue then says."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import Catalogue, is_old
from operations.__main__ import application
from operations.pricelists import asking
from operations.pricelists.files import compare, write, written
from operations.pricelists.found import Found, Pair
from tests import sharing
from tests.operations.pricelists import doubles
from tests.operations.pricelists.doubles import Cloud, meter

OLD = date(2026, 6, 18)
"""The day of the shipped list of Azure's prices."""
SIZE, OTHER = "Standard_D2as_v4", "Standard_D4as_v4"
STANDS = {(SIZE, "eastus2"): 0.096, (SIZE, "westeurope"): 0.115, (OTHER, "eastus2"): 0.192}


def forget() -> None:
    for cached in (catalogue.load, catalogue._completed, catalogue._list):  # pyright: ignore[reportPrivateUsage]
        cached.cache_clear()


@pytest.fixture
def prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of price lists in which Azure's has three figures."""
    folder = tmp_path / "catalogue" / "hardware" / "prices"
    folder.mkdir(parents=True)
    rows = [f"{size},{region},{usd}" for (size, region), usd in sorted(STANDS.items())]
    (folder / "azure-vm-prices.csv").write_text("\n".join(["machine_type,region,usd_per_hour", *rows, ""]))
    monkeypatch.setattr(catalogue, "PRICES", folder)
    forget()
    yield folder
    forget()


def answering(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "open_client", cloud.client)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(application(), ["prices", "refresh", *arguments])


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}


def figures(folder: Path) -> dict[Pair, list[tuple[str, str]]]:
    """Each figure of Azure's list with the stem of its file."""
    found: dict[Pair, list[tuple[str, str]]] = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                pair = row["machine_type"], row["region"]
                found.setdefault(pair, []).append((row["usd_per_hour"], path.stem))
    return found


NEW = [meter(SIZE, "eastus2", 0.1), meter(SIZE, "westeurope", 0.115), meter(OTHER, "westeurope", 0.23)]


def test_without_yes_the_diff_is_shown_and_nothing_is_written(prices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(doubles.azure(NEW[:1], NEW[1:]), monkeypatch)
    before = texts(prices)
    result = run("azure")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("azure-vm-prices: 3 figures read from https://prices.azure.com/api/retail/prices")
    assert lines[0].endswith(": 1 changed, 1 new, 1 vanished, 1 the same")
    assert lines[1:] == [
        f"  {SIZE} in eastus2: 0.096 -> 0.1 (+4.2%)",
        f"  {OTHER} in westeurope: new, 0.23",
        f"  {OTHER} in eastus2: vanished; 0.192 of {OLD} is kept",
        "nothing was written; run it again with --yes to write these figures",
    ]
    assert "reading Azure's prices of sizes 1 to 10 of" in result.stderr and "the next page" in result.stderr
    assert texts(prices) == before


def test_with_yes_the_figures_stand_with_todays_source_and_what_vanished_with_its_own(
    prices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(doubles.azure(NEW), monkeypatch)
    result = run("azure", "--yes")
    assert result.exit_code == 0, result.output
    today = f"azure-vm-prices-{date.today()}"
    assert figures(prices) == {
        (SIZE, "eastus2"): [("0.1", today)],
        (SIZE, "westeurope"): [("0.115", today)],
        (OTHER, "westeurope"): [("0.23", today)],
        (OTHER, "eastus2"): [("0.192", "azure-vm-prices")],
    }
    assert f"wrote catalogue/hardware/prices/{today}.csv" in result.stdout
    forget()
    hardware = catalogue.load("azure")
    source = hardware.sources[today]
    assert (source.hand, source.date, hardware.dated >= source.date) == ("first", date.today(), True)
    assert source.address.startswith("https://prices.azure.com/")
    assert hardware.machine(SIZE).price_per_hour_usd["eastus2"].source == today
    assert hardware.machine(OTHER).price_per_hour_usd["eastus2"].source == "azure-vm-prices"
    assert hardware.machine(SIZE).price("eastus2", "online") == 0.1


def test_a_refresh_makes_an_old_figure_new_and_leaves_old_what_vanished(
    prices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def old(size: str) -> bool:
        hardware = catalogue.load("azure")
        return is_old(hardware.sources[hardware.machine(size).price_per_hour_usd["eastus2"].source], date.today())

    assert (old(SIZE), old(OTHER)) == (date.today() > OLD + timedelta(days=90),) * 2
    answering(doubles.azure(NEW), monkeypatch)
    assert run("azure", "--yes").exit_code == 0
    forget()
    assert (old(SIZE), old(OTHER)) == (False, date.today() > OLD + timedelta(days=90))


def test_one_region_is_refreshed_and_the_figures_of_others_keep_their_day(
    prices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(doubles.azure(NEW), monkeypatch)
    result = run("azure", "--region", "eastus2", "--yes")
    assert result.stdout.splitlines()[0].endswith(": 1 changed, 0 new, 1 vanished, 0 the same")
    assert {pair: source for pair, [(_, source)] in figures(prices).items() if pair[1] == "westeurope"} == {
        (SIZE, "westeurope"): "azure-vm-prices"
    }


def test_an_error_on_a_later_page_writes_nothing(prices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = doubles.azure(NEW[:1], NEW[1:])
    whole = cloud.answers

    def answer(path: str, params: dict[str, str]) -> doubles.Answer | None:
        return (
            httpx.Response(400, json={"error": {"message": "bad skip"}}) if "$skip" in params else whole(path, params)
        )

    cloud.answers = answer
    answering(cloud, monkeypatch)
    before = texts(prices)
    result = run("azure", "--yes")
    assert isinstance(result.exception, BadInput) and "refuses (400: bad skip); nothing was written" in str(
        result.exception
    )
    assert texts(prices) == before


def test_a_list_of_which_nothing_was_read_stays_as_it_is(prices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(doubles.azure([meter(SIZE, "eastus2", 0.1, unitOfMeasure="1/Month")]), monkeypatch)
    before = texts(prices)
    result = run("azure", "--yes")
    assert result.exit_code == 0 and texts(prices) == before
    assert "no figure was read from https://prices.azure.com" in result.stdout
    assert "says 0.1 USD per 1/Month, not dollars an hour; not taken" in result.stdout


def test_a_folder_that_cannot_be_written_is_a_sentence_and_leaves_nothing(
    prices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(doubles.azure(NEW), monkeypatch)
    before = texts(prices)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    result = run("azure", "--yes")
    assert isinstance(result.exception, BadInput) and "cannot be written (No space left on device)" in str(
        result.exception
    )
    assert texts(prices) == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["azur"], "'azur': no platform; allowed: aws, gcp, azure"),
        (["azure", "--region", "westeurop"], "no region of azure in the catalogue; did you mean westeurope?"),
        (["--region", "mars"], "no region of any platform in the catalogue"),
        (["aws", "--region", "westeurope"], "no region of aws in the catalogue"),
    ],
)
def test_a_wrong_name_is_refused_before_anything_is_asked(
    arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = doubles.azure(NEW)
    answering(cloud, monkeypatch)
    result = run(*arguments)
    assert isinstance(result.exception, BadInput) and sentence in str(result.exception)
    assert cloud.asked == []


def test_where_a_kill_left_a_figure_in_two_files_the_newer_one_is_taken(
    prices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(doubles.azure(NEW), monkeypatch)
    before = texts(prices)["azure-vm-prices.csv"]
    assert run("azure", "--yes").exit_code == 0
    (prices / "azure-vm-prices.csv").write_text(before)
    forget()
    assert catalogue.load("azure").machine(SIZE).price("eastus2", "online") == 0.1


def test_a_credential_that_is_missing_is_said_before_any_platform_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = doubles.azure(NEW)
    answering(cloud, monkeypatch)
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/does/not/exist.json")
    result = run()
    assert isinstance(result.exception, BadInput) and "GOOGLE_API_KEY" in str(result.exception)
    assert cloud.asked == []


FIGURES = st.dictionaries(
    st.tuples(st.sampled_from([SIZE, OTHER]), st.sampled_from(["eastus2", "westeurope", "uksouth"])),
    st.floats(1e-6, 900),
    max_size=6,
)


@settings(max_examples=sharing.examples(40), deadline=None, derandomize=True)
@given(days=st.lists(FIGURES, min_size=1, max_size=4))
def test_after_any_refreshes_each_figure_stands_once_as_it_was_last_read(
    days: list[dict[Pair, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("prices")
    (folder / "azure-vm-prices.csv").write_text("machine_type,region,usd_per_hour\n")
    last: dict[Pair, tuple[str, str]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "PRICES", folder)
        for at, read in enumerate(days):
            day = date(2027, 1, 1) + timedelta(days=at // 2)  # two on one day
            found = Found("https://prices.azure.com/api/retail/prices", "what it says", read)
            write([compare(_with_layers(), "azure-vm-prices", found, ["eastus2", "westeurope", "uksouth"])], day)
            last |= {pair: (written(usd), f"azure-vm-prices-{day}") for pair, usd in read.items()}
        assert figures(folder) == {pair: [entry] for pair, entry in last.items()}
        stems = {path.stem for path in folder.glob("*-20*.csv")}
        assert stems == {path.stem for path in folder.glob("*.yaml")} == {stem for _, stem in last.values()}


SHIPPED = catalogue.load("azure")


def _with_layers() -> Catalogue:
    """The catalogue as a process that starts now would load it, without the cost of doing so."""
    layers = {file.stem: catalogue.source_beside(file) for file in catalogue.price_files("azure-vm-prices")[1:]}
    return SHIPPED.model_copy(update={"sources": SHIPPED.sources | layers})
