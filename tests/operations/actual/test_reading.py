"""The charges of FOCUS exports, by whatever cloud and in whatever form they were written."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.errors import BadInput
from operations import stores
from operations.actual import exports
from operations.actual.charges import Charge
from operations.actual.reading import read
from tests.operations.actual.focus import BEGINS, COLUMNS, Row, write

FORMS = ("csv", "csv.gz", "parquet")


def by_stack(charges: list[Charge]) -> dict[str | None, float | None]:
    found: dict[str | None, list[float | None]] = defaultdict(list)
    for one in charges:
        found[one.stack].append(one.list)
    return {stack: None if None in some else round(sum(x or 0 for x in some), 4) for stack, some in found.items()}


@pytest.mark.sweep(2)
@pytest.mark.parametrize(
    ("cloud", "form"), [*((cloud, form) for cloud in COLUMNS for form in ("csv", "parquet")), ("azure", "csv.gz")]
)
def test_a_row_is_of_the_stack_that_its_tag_names(tmp_path: Path, cloud: str, form: str) -> None:
    rows = [
        Row(cost=1, tags={"stack": "ours", "team": "risk"}, resource="arn:A/B"),
        Row(cost=2, tags={"Stack": "ours"}),
        Row(cost=4, tags={"user:stack": "ours"}),
        Row(cost=8, tags={"stack": "other's", "quote": 'it\'s "so", and\nmore'}),
        Row(cost=16, tags={"aws:cloudformation:stack-name": "ours", "pulumi:stack": "ours", "stacks": "ours"}),
        Row(cost=32),
        Row(cost=64, tags={"user:stack": "other's", "stack": "ours"}),
    ]
    found = read([write(tmp_path / f"it's a [1]* part.{form}", cloud, rows)], ["ours"], ["111122223333"], {})
    assert by_stack(found) == {"ours": 71, "other's": 8, None: 48}
    assert {one.team for one in found if one.stack == "ours"} == {"risk", None}
    assert "arn:a/b" in {one.resource for one in found}


ROW = st.builds(
    Row,
    service=st.sampled_from(["Vertex AI", "Cloud Storage", "sagé; \"x\", 'y'"]),
    cost=st.floats(-50, 500).map(lambda cost: round(cost, 4)),
    tags=st.one_of(
        st.just({}),
        st.fixed_dictionaries({"stack": st.sampled_from(["a", "b", "ü"])}, optional={"x": st.text("äx\"'\\")}),
    ),
    currency=st.sampled_from(["USD", "USD", "EUR", "JPY"]),
    category=st.sampled_from(["Usage", "Credit", "Tax"]),
)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(rows=st.lists(ROW, max_size=12), cloud=st.sampled_from(sorted(COLUMNS)), form=st.sampled_from(FORMS))
def test_nothing_is_lost_and_unknown_is_not_zero(tmp_path: Path, rows: list[Row], cloud: str, form: str) -> None:
    found = read([write(tmp_path / f"x.{form}", cloud, rows)], ["a", "ü"], [], {"EUR": 2})
    assert sum(one.rows for one in found) == len(rows)
    assert sum(one.said for one in found) == pytest.approx(sum(row.cost for row in rows), abs=1e-3)
    dollars: dict[str | None, float | None] = {}
    for row in rows:
        stack, rate = row.tags.get("stack"), {"USD": 1, "EUR": 2}.get(row.currency)
        before = dollars.get(stack, 0)
        dollars[stack] = None if before is None or rate is None else before + rate * row.cost
    assert by_stack(found) == {
        key: value if value is None else pytest.approx(value, abs=1e-3) for key, value in dollars.items()
    }


def test_a_bill_in_euros_has_dollars_where_the_export_has_them(tmp_path: Path) -> None:
    azure = Row(cost=10, currency="EUR", more={"x_ListCostInUsd": "11", "x_BilledCostInUsd": "12"})
    (found,) = read([write(tmp_path / "azure.csv", "azure", [azure])], [], [], {})
    assert (found.list, found.billed, found.effective, found.said) == (11, 12, None, 10)
    priced = {"PricingCurrency": "USD", "PricingCurrencyEffectiveCost": "9", "PricingCurrencyListUnitPrice": "3"}
    aws = Row(cost=10, currency="EUR", more={**priced, "PricingQuantity": "4"})
    (found,) = read([write(tmp_path / "aws.parquet", "aws 1.2", [aws])], [], [], {})
    assert (found.list, found.effective, found.billed) == (12, 9, None)
    google = Row(cost=10, currency="JPY", more={"x_CurrencyConversionRate": "150"})
    (found,) = read([write(tmp_path / "gcp.csv", "gcp", [google])], [], [], {})
    assert found.billed == found.list == pytest.approx(10 / 150)


CHARGES = st.lists(
    st.builds(
        Row,
        cost=st.floats(0.01, 50).map(lambda x: round(x, 4)),
        resource=st.sampled_from(["", "arn:a", "arn:b"]),
        since=st.integers(0, 29).map(lambda day: BEGINS + timedelta(days=day)),
    ),
    min_size=4,
    max_size=12,
    unique_by=lambda row: (row.resource, row.since, row.cost),
)


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(rows=CHARGES, cloud=st.sampled_from(sorted(COLUMNS)), forms=st.permutations(FORMS))
def test_parts_are_read_and_a_copy_is_refused(
    tmp_path: Path, rows: list[Row], cloud: str, forms: Sequence[str]
) -> None:
    parts = [write(tmp_path / f"{n}.{forms[n]}", cloud, rows[n::2]) for n in range(2)]
    assert sum(one.rows for one in read(parts, [], [], {})) == len(rows)
    # A newer run of the export: all that the older one had, in another form, and a day more.
    newer = write(tmp_path / f"newer.{forms[1]}", cloud, [*rows[::2], Row(since=BEGINS + timedelta(days=30))])
    with pytest.raises(BadInput, match=rf"0\.{forms[0]} and newer\..* have {len(rows[::2])} charges in common"):
        read([parts[0], newer], [], [], {})


def test_charges_of_two_accounts_are_no_copies(tmp_path: Path) -> None:
    ours, theirs = (Row(account=account, more={"BillingAccountId": account}) for account in ("1", "2"))
    free = Row(cost=0)
    files = [
        write(tmp_path / f"{name}.csv", "aws 1.0", rows) for name, rows in (("a", [ours, free]), ("b", [theirs, free]))
    ]
    assert sum(one.billed or 0 for one in read(files, [], [], {})) == 2
    (tmp_path / "kept").mkdir()
    files.append(write(tmp_path / "kept" / "a.csv", "aws 1.0", [ours]))
    with pytest.raises(BadInput, match=r"^--actual: a.csv and kept/a.csv have 1 charge in common.* name the newest"):
        read(files, [], [], {})


def test_what_is_of_no_stack_that_was_asked_for_is_one_sum(tmp_path: Path) -> None:
    rows = [Row(tags={"stack": f"s{n % 3}"}, resource=f"r{n}", more={"SkuId": f"{n}"}) for n in range(30)]
    found = read([write(tmp_path / "x.csv", "aws 1.0", rows)], ["s0"], [], {})
    assert len([one for one in found if one.stack == "s0"]) == 10
    assert [one.rows for one in found if one.stack != "s0"] == [10, 10]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("BilledCost,Cost\n1,2\n", "lacks the column BillingCurrency of FOCUS"),
        (
            ",".join(COLUMNS["gcp"]) + "\n" + ",".join("x" * (c == "BilledCost") for c in COLUMNS["gcp"]),
            "a figure or time",
        ),
    ],
)
def test_what_is_no_focus_export_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(BadInput, match=said):
        read([tmp_path / "x.csv"], [], [], {})
    (tmp_path / "x.parquet").write_text("no parquet")
    with pytest.raises(BadInput, match="cannot read the export"):
        read([tmp_path / "x.parquet"], [], [], {})


@pytest.mark.parametrize("figure", ["NaN", "-inf", "1e999"])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_figure_that_is_not_finite_is_refused(tmp_path: Path, figure: str, form: str) -> None:
    rows = [Row(tags={"stack": "ours"}), Row(tags={"stack": "ours"}, more={"ListCost": figure})]
    with pytest.raises(BadInput, match="a figure"):
        read([write(tmp_path / f"x.{form}", "aws 1.0", rows)], ["ours"], [], {})


# ---- where the files are ---------------------------------------------------------------------------------------------


def test_a_folder_is_read_whole_and_a_manifest_is_not(tmp_path: Path) -> None:
    for part in (
        "data/BILLING_PERIOD=2026-10/run/a.csv.gz",
        "data/BILLING_PERIOD=2026-11/run/b.snappy.parquet",
        "m.json",
    ):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / part).touch()
    with exports.files([str(tmp_path)]) as files:
        assert [one.name for one in files] == ["a.csv.gz", "b.snappy.parquet"]


@pytest.mark.parametrize("period", ["BILLING_PERIOD=2026-10", "20261001-20261031"])
def test_two_runs_of_one_period_would_count_twice(tmp_path: Path, period: str) -> None:
    for run in ("2026-10-02-x", "2026-10-03-y"):
        (tmp_path / period / run).mkdir(parents=True)
        (tmp_path / period / run / "part.csv").touch()
    with pytest.raises(BadInput, match=f"holds 2 runs of the period {period}.*such as {period}/2026-10-03-y"):
        exports.files([str(tmp_path)]).__enter__()


@pytest.mark.parametrize(
    ("place", "said"),
    [("ftp://x/y", "an address that nothing here reads"), ("nowhere.csv", "is not there"), ("{}", "holds no .parquet")],
)
def test_a_place_without_an_export_is_refused(tmp_path: Path, place: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        exports.files([place.format(tmp_path)]).__enter__()


def test_a_place_that_is_named_twice_would_count_twice(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    with pytest.raises(BadInput, match=r"a\.csv is named twice, and each charge would count twice; name it once"):
        exports.files([str(tmp_path), f"{tmp_path}/../{tmp_path.name}/a.csv"]).__enter__()


def test_a_store_without_credentials_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boto3.Session.get_credentials", lambda _: None)
    with pytest.raises(BadInput, match="s3://bills/focus needs AWS credentials: set AWS_PROFILE"):
        exports.files(["s3://bills/focus"]).__enter__()


class _Store(BaseHTTPRequestHandler):
    """A bucket with one export in it, in the shapes of S3, Cloud Storage and Blob Storage."""

    content = b""
    asked: list[str]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        type(self).asked.append(f"{self.path} {self.headers.get('Authorization', '')}")
        keys = [] if "missing" in self.path else ["exports/run/part-1.csv", "exports/run/manifest.json"]
        if "list-type" in parts.query:
            one = "".join(_S3.format(key, len(self.content)) for key in keys)
            body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{one}</ListBucketResult>".encode()
        elif "comp" in parse_qs(parts.query):
            one = "".join(_AZURE.format(key, len(self.content)) for key in keys)
            body = f"<EnumerationResults><Blobs>{one}</Blobs></EnumerationResults>".encode()
        else:
            body = self.content
        self.send_response(200)
        for header in (
            ("ETag", '"x"'),
            ("Last-Modified", "Fri, 27 Nov 2026 00:00:00 GMT"),
            ("Content-Length", f"{len(body)}"),
        ):
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


_S3 = "<Contents><Key>{}</Key><Size>{}</Size><LastModified>2026-11-27T00:00:00Z</LastModified></Contents>"
_AZURE = (
    "<Blob><Name>{}</Name><Properties><Content-Length>{}</Content-Length><Content-Type>text/csv</Content-Type>"
    "<Etag>x</Etag><Last-Modified>Fri, 27 Nov 2026 00:00:00 GMT</Last-Modified></Properties></Blob>"
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Store]]:
    _Store.content = write(tmp_path / "x.csv", "aws 1.0", [Row(cost=3, tags={"stack": "a"})]).read_bytes()
    _Store.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Store)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    said = {
        "AWS_ENDPOINT_URL": address,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
    }
    said |= {"GOOGLE_BASE_URL": address, "GOOGLE_ALLOW_HTTP": "true"}
    said |= {"AZURE_STORAGE_ENDPOINT": address, "AZURE_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1"}
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    yield _Store
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("place", "proof"),
    [
        ("s3://bills/exports", "AWS4-HMAC-SHA256 Credential=k/"),
        ("s3://bills/missing/part-1.csv", "AWS4-HMAC-SHA256 Credential=k/"),
        ("gs://bills/exports", "Bearer a-token"),
        ("az://account/bills/exports", "Bearer a-token"),
    ],
)
def test_an_export_in_a_store_is_copied(
    store: type[_Store], monkeypatch: pytest.MonkeyPatch, place: str, proof: str
) -> None:
    token = {"token": "a-token", "expires_at": datetime.now(UTC) + timedelta(hours=1)}
    monkeypatch.setattr(stores, "_google", lambda: lambda: token)
    monkeypatch.setattr(stores, "_azure", lambda: lambda: token)
    with exports.files([place]) as files:
        assert [one.name for one in files] == ["part-1.csv"]
        (found,) = read(files, ["a"], [], {})
    assert found.list == 3
    assert proof in store.asked[0]
    assert not files[0].exists()
