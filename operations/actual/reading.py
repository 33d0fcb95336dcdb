"""Reads the charges of FOCUS exports: sums by stack, month, service, meter and resource, and no row is kept.

FOCUS is the FinOps Open Cost and Usage Specification (https://focus.finops.org/focus-specification/). DuckDB reads the
files piece by piece, so an export may be larger than memory. A row is of the stack that its tag `stack` names:

- AWS writes the tags as a map, and only those that somebody activated as cost allocation tags; a key of a person's may
  begin with `user:` or `user_`
  (https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2-resource-tags.html).
- Azure writes them as JSON, in older exports without the braces
  (https://learn.microsoft.com/azure/cost-management-billing/dataset-schema/cost-usage-details-focus).
- Google's export has labels in a column of its own, `x_Labels`, and no `Tags`; its older view has both in `Tags`. Each
  is a list of keys and values
  (https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/focus-export).
"""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from catalogue.errors import BadInput
from catalogue.wording import counted
from operations.actual.charges import COSTS, Charge

REQUIRED = (
    "BilledCost",
    "BillingCurrency",
    "ChargeCategory",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "EffectiveCost",
    "ServiceName",
)
"""The columns without which nothing can be said. FOCUS 1.0 and later have all of them, whoever writes them."""
TAGS = ("Tags", "x_Labels")
"""The columns in which a cloud writes tags or labels: one of them is needed, and the first that says a tag holds."""
MOST_MEMORY = "1GB"
_METERS = ("SkuMeter", "x_SkuMeterName", "x_UsageType", "x_SkuDescription", "SkuId")
"""Where an export names the meter: FOCUS 1.1, Azure, AWS and Google before it; the SKU where none does."""
_BILLERS = ("ProviderName", "ServiceProviderName", "InvoiceIssuerName")
"""Who bills: FOCUS 1.3 replaced the first by the second."""
_COPIED = 0.1
"""The share of a file's charges from which on another file is taken for a copy. Parts of one export have hardly a
charge in common; FOCUS allows two that are alike in each word."""
_KEY = r"^((resource_?tags/)?user[:_])?{}$"


def read(
    files: Sequence[Path], stacks: Collection[str], accounts: Collection[str], rates: Mapping[str, float]
) -> list[Charge]:
    """The charges of the export, by stack; in detail those of `stacks`, and of `accounts` what has no tag.

    `rates` are dollars for one unit of another currency. Raises BadInput for a file that is no FOCUS export, or has a
    figure or time that is none, and for two that have charges in common.
    """
    with (
        TemporaryDirectory(prefix="mlplatform-bill-") as folder,
        duckdb.connect(
            config={
                # An extension would be fetched from the internet. What is read here is built in.
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "memory_limit": MOST_MEMORY,
                "temp_directory": folder,
                "preserve_insertion_order": "false",
            }
        ) as base,
    ):
        base.execute("SET TimeZone = 'UTC'")
        base.execute("CREATE TABLE stacks AS SELECT unnest(?::VARCHAR[]) AS name", [sorted(stacks)])
        base.execute("CREATE TABLE accounts AS SELECT unnest(?::VARCHAR[]) AS name", [sorted(accounts)])
        base.execute(
            "CREATE TABLE rates AS SELECT unnest(?::VARCHAR[]) AS currency, unnest(?::DOUBLE[]) AS rate",
            [[*rates, "USD"], [*rates.values(), 1.0]],
        )
        try:
            rows = " UNION ALL ".join(_rows(base, reader, mine) for reader, mine in _readers(files))
            _refuse_copies(base, rows, files)
            told = base.execute(_sums(rows)).fetchall()
        except duckdb.ConversionException as error:
            raise BadInput(f"--actual: an export has a figure or time that is none: {_first(error)}") from None
        except duckdb.Error as error:
            raise BadInput(f"--actual: cannot read the export: {_first(error)}") from None
    return [Charge(*one) for one in told]


def _first(error: Exception) -> str:
    return f"{str(error).splitlines()[0]:.240}"


def _readers(files: Sequence[Path]) -> list[tuple[str, list[Path]]]:
    """The files that are read alike. Everything in CSV is text; a type is given where it is needed."""
    parquet = [one for one in files if one.name.lower().endswith(".parquet")]
    csv = [one for one in files if one not in parquet]
    named = "union_by_name = true, filename = true"
    text = f"read_csv({{}}, header = true, all_varchar = true, {named}, nullstr = ['NULL', ''])"
    readers = [(f"read_parquet({{}}, {named})", parquet), (text, csv)]
    return [(reader, mine) for reader, mine in readers if mine]


def _rows(base: duckdb.DuckDBPyConnection, reader: str, files: Sequence[Path]) -> str:
    """The statement that reads the rows of files with the columns that this page needs, whatever else they have."""
    # A file's name may have a quote; and what looks like a pattern in it is not one.
    names = ", ".join(f"'{_literal(str(one))}'" for one in files)
    source = reader.format(f"[{names}]")
    described = base.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    types: dict[str, str] = {str(name).lower(): str(kind) for name, kind, *_ in described}
    tagged = [name for name in TAGS if name.lower() in types]
    if missing := [name for name in (*REQUIRED, *(() if tagged else TAGS)) if name.lower() not in types]:
        raise BadInput(
            f"--actual: {files[0].name} lacks the column {missing[0]} of FOCUS; give an export of FOCUS 1.0 or later"
        )

    def text(name: str) -> str:
        return f'CAST("{name}" AS VARCHAR)' if name.lower() in types else "NULL"

    def number(name: str) -> str:
        if name.lower() not in types:
            return "CAST(NULL AS DOUBLE)"
        # NaN is neither above a ceiling nor below a floor, so one row of it would make any month a good one.
        said, wrong = f'CAST("{name}" AS DOUBLE)', f"{name} has a figure that is not finite"
        return f"CASE WHEN isfinite({said}) THEN {said} WHEN {said} IS NOT NULL THEN error('{wrong}') END"

    def tag(key: str) -> str:
        return f"coalesce({', '.join(_tag(name, types[name.lower()], key) for name in tagged)})"

    def dollars(cost: str, pricing: str) -> str:
        """The cost in dollars: as billed, in Azure's own column, as priced, by Google's rate, or by a rate given.

        Google's rate is what one dollar is in the currency of the bill:
        https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/detailed-usage.
        """
        google = f"{number(cost)} / nullif({number('x_CurrencyConversionRate')}, 0)"
        priced = f"CASE WHEN {text('PricingCurrency')} = 'USD' THEN {pricing} END"
        own = f"CASE WHEN {text('BillingCurrency')} = 'USD' THEN {number(cost)} END"
        by_rate = f"{number(cost)} * (SELECT rate FROM rates WHERE currency = {text('BillingCurrency')})"
        return f"coalesce({own}, {number(f'x_{cost}InUsd')}, {priced}, {google}, {by_rate})"

    quantity = number("PricingQuantity")
    billed = dollars("BilledCost", "CAST(NULL AS DOUBLE)")
    effective = dollars("EffectiveCost", number("PricingCurrencyEffectiveCost"))
    contracted = dollars("ContractedCost", f"{number('PricingCurrencyContractedUnitPrice')} * {quantity}")
    at_list = dollars("ListCost", f"{number('PricingCurrencyListUnitPrice')} * {quantity}")
    meters = ", ".join(text(name) for name in _METERS)
    biller = f"coalesce({', '.join(text(name) for name in _BILLERS)})"
    return f"""
        SELECT {tag("stack")} AS stack, {tag("team")} AS team,
            coalesce(lower(regexp_replace({text("SubAccountId")}, '^/subscriptions/', '', 'i')), '') AS account,
            CAST({text("ChargePeriodStart")} AS TIMESTAMPTZ) AS since,
            CAST({text("ChargePeriodEnd")} AS TIMESTAMPTZ) AS until,
            coalesce({text("ServiceName")}, '') AS service, coalesce({meters}, '') AS meter,
            coalesce(lower({text("ResourceId")}), '') AS resource, coalesce({text("ChargeCategory")}, '') AS category,
            coalesce({text("ChargeClass")} = 'Correction', false) AS correction,
            coalesce({text("BillingCurrency")}, '') AS currency, coalesce({number("BilledCost")}, 0) AS said,
            {billed} AS billed, {effective} AS effective,
            coalesce({at_list}, {contracted}, {effective}) AS list, {contracted} AS contracted,
            filename AS file, {biller} AS biller, {text("BillingAccountId")} AS billing_account,
            {text("ChargeDescription")} AS described, {text("RegionId")} AS region
        FROM {source}"""


def _literal(path: str) -> str:
    """A path as a text of SQL, in which no sign means another file."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in path).replace("'", "''")


def _tag(column: str, kind: str, key: str) -> str:
    """The value of a tag in a column of this type: JSON, a map, or a list of keys and values."""
    pattern = _KEY.format(key)
    if kind.startswith("MAP"):
        entries = f"map_entries({column})"
    elif kind.endswith("[]"):
        entries = f"list_transform({column}, lambda one: {{'key': one.key, 'value': CAST(one.value AS VARCHAR)}})"
    else:
        text = f"trim(CAST({column} AS VARCHAR))"
        braced = f"CASE WHEN {text}[1] IN ('{{', '[') THEN {text} ELSE '{{' || {text} || '}}' END"
        told = f"TRY_CAST({braced} AS JSON)"
        as_map = f"map_entries(CAST({told} AS MAP(VARCHAR, VARCHAR)))"
        said = {name: f"json_extract_string(one, ['$.{name}', '$.{name.title()}'])" for name in ("key", "value")}
        either = {name: f"coalesce({both}[1], {both}[2])" for name, both in said.items()}
        as_list = (
            f"list_transform(CAST({told} AS JSON[]), "
            f"lambda one: {{'key': {either['key']}, 'value': {either['value']}}})"
        )
        entries = f"CASE json_type({told}) WHEN 'OBJECT' THEN {as_map} WHEN 'ARRAY' THEN {as_list} END"
    # Of a key with the cloud's prefix and one without, the one without is the stack's own.
    sorted_ = f"list_sort(list_filter({entries}, lambda one: regexp_matches(one.key, '{pattern}', 'i')), 'DESC')"
    return f"nullif(list_extract(list_transform({sorted_}, lambda one: one.value), -1), '')"


def _refuse_copies(base: duckdb.DuckDBPyConnection, rows: str, files: Sequence[Path]) -> None:
    """Raises BadInput where two files have charges in common: each would count twice.

    FOCUS gives a charge no identity of its own, and the parts of one export share account and period. So a charge is
    taken for the same where biller, account, resource, meter, time and cost are.
    """
    if len(files) < 2:
        return
    same = (
        "biller, billing_account, account, resource, service, meter, described, region, since, until, category, "
        "correction, currency, said, list"  # not the tags: a newer run has those that were activated since
    )
    found = base.execute(
        f"""
        WITH charges AS ({rows}),
            each AS (SELECT file, hash({same}) AS charge FROM charges WHERE said <> 0 OR list <> 0 GROUP BY ALL),
            sizes AS (SELECT file, count(*) AS size FROM each GROUP BY file),
            pairs AS (SELECT min(file) AS one, max(file) AS other FROM each GROUP BY charge HAVING count(*) > 1)
        SELECT one, other, count(*) AS common FROM pairs
        JOIN sizes AS a ON a.file = one JOIN sizes AS b ON b.file = other
        GROUP BY one, other HAVING common >= {_COPIED} * least(any_value(a.size), any_value(b.size))
        ORDER BY common DESC, one, other"""
    ).fetchone()
    if found is not None:
        one, other = (Path(name).relative_to(os.path.commonpath(map(str, files))) for name in found[:2])
        raise BadInput(
            f"--actual: {one} and {other} have {counted(found[2], 'charge')} in common, and each would count twice; "
            "name the newest export alone"
        )


def _sums(rows: str) -> str:
    # A sum leaves out what is unknown, and would say less than there is: of such, the sum is unknown.
    known = ", ".join(f"CASE WHEN count(*) = count({cost}) THEN sum({cost}) END AS {cost}" for cost in COSTS)
    ours = "stack IN (SELECT name FROM stacks)"
    near = "stack IS NULL AND account IN (SELECT name FROM accounts)"
    return f"""
        WITH charges AS ({rows})
        SELECT stack, CASE WHEN {ours} THEN team END AS tagged, account, date_trunc('month', since) AS month, service,
            CASE WHEN {ours} THEN meter ELSE '' END AS detail,
            CASE WHEN ({ours}) OR ({near}) THEN resource ELSE '' END AS billed_to,
            category, correction, coalesce(list, said) < 0 AS negative, currency, min(since), max(until), count(*),
            sum(said), {known}
        FROM charges GROUP BY ALL ORDER BY ALL"""
