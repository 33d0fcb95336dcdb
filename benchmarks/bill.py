"""Measures how a large FOCUS export is read: seconds and memory, as CSV, CSV with gzip and Parquet."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from benchmarks.processes import BenchmarkFailed, python, run
from benchmarks.tables import table

ROWS = 4_000_000
_EXPORT = """
    SELECT (i % 997) / 100.0 AS BilledCost, 'USD' AS BillingCurrency, (i % 997) / 100.0 AS ListCost,
        (i % 997) / 120.0 AS EffectiveCost, (i % 997) / 110.0 AS ContractedCost,
        CASE WHEN i % 50 = 0 THEN 'Credit' ELSE 'Usage' END AS ChargeCategory, NULL AS ChargeClass,
        TIMESTAMP '2026-10-01' + INTERVAL 1 HOUR * (i % 744) AS ChargePeriodStart,
        TIMESTAMP '2026-10-01' + INTERVAL 1 HOUR * (i % 744 + 1) AS ChargePeriodEnd,
        'Amazon service ' || i % 40 AS ServiceName, 'USE1-Meter:ml.m5.' || i % 200 AS SkuMeter,
        printf('%012d', i % 20) AS SubAccountId,
        'what it is for' AS ChargeDescription,
        'arn:aws:sagemaker:us-east-1:111122223333:endpoint/stack-' || i % 300 || '-e' || i % 17 AS ResourceId,
        CASE WHEN i % 3 = 0 THEN NULL ELSE
            printf('{"stack": "stack-%d", "team": "t%d", "cost-center": "4711", "owner": "ana@example.com"}',
                i % 300, i % 30) END AS Tags
    FROM range(ROWS) AS every(i)"""


def section(environment: Mapping[str, str], folder: Path, rows: int = ROWS) -> str:
    """Write an export of so many rows in each form, and read it once. Raises BenchmarkFailed for a lost row."""
    told: list[tuple[str, ...]] = []
    for name, form in (("csv", "csv"), ("csv.gz", "csv, COMPRESSION gzip"), ("parquet", "parquet")):
        file = folder / f"bill.{name}"
        with duckdb.connect() as base:
            base.execute(f"COPY ({_EXPORT.replace('ROWS', str(rows))}) TO '{file}' (FORMAT {form})")
        done = run(python("benchmarks.read_bill", file), environment)
        if int(done.stdout) != rows:
            raise BenchmarkFailed(f"of {rows:,} rows of {file.name}, {int(done.stdout):,} were read")
        size = file.stat().st_size / 1_000_000
        file.unlink()
        told.append((name, f"{size:,.0f}", f"{done.seconds:.1f}", f"{done.cpu_seconds:.1f}", f"{done.peak_mb:,.0f}"))
    return "\n\n".join(
        [
            "### A bill",
            f"A FOCUS export with {rows:,} rows of 300 stacks, read and summed once in each form.",
            table(("form", "MB of the file", "seconds", "CPU seconds", "peak MB"), told),
        ]
    )
