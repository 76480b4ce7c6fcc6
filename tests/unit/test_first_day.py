"""The pairs of `make first-day`: what is known before a cutoff day, and whether the category is bought again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from benchmarks.first_day.__main__ import figures_at, lines_of_scores, lines_of_seeds
from benchmarks.first_day.pairs import HISTORY_DAYS, WINDOW_DAYS, lines_of, pairs_of

CUTOFF = HISTORY_DAYS + 16
PRODUCTS = pa.table(
    {
        "product_id": [1, 2, 3],
        "manufacturer_id": [10, 20, 30],
        "department": ["GROCERY", "GROCERY", "OTHER"],
        "brand": ["National", "Private", "National"],
        "product_category": ["MILK", "MILK", None],
        "product_type": ["WHOLE", None, None],
        "package_size": ["1 GA", None, None],
    }
)
DEMOGRAPHICS = pa.table({"household_id": [7], "age": ["45-54"]})


def _pairs(*receipts: tuple[int, int, int]) -> list[dict[str, Any]]:
    """The pairs of one cutoff, of receipts with one line each: the household, the product, the day."""
    days = [datetime(2017, 1, 1, 23, 59) + timedelta(days=day) for _, _, day in receipts]  # noqa: DTZ001
    number = len(receipts)
    transactions = pa.table(
        {
            "household_id": [household for household, _, _ in receipts],
            "store_id": [300] * number,
            "basket_id": range(number),
            "product_id": [product for _, product, _ in receipts],
            "quantity": [2] * number,
            "sales_value": [1.5] * number,
            "retail_disc": [0.0] * number,
            "transaction_timestamp": pa.array(days, pa.timestamp("ns")),
        }
    )
    made: list[dict[str, Any]] = pairs_of(lines_of(transactions, PRODUCTS), DEMOGRAPHICS, [CUTOFF]).to_pylist()
    return made


def test_a_pair_knows_what_went_before_the_cutoff_and_no_more() -> None:
    (pair,) = _pairs((7, 1, CUTOFF - 40), (7, 2, CUTOFF - 10), (7, 1, CUTOFF), (7, 1, 3))

    assert (pair["receipts"], pair["units"], pair["spent"], pair["recent_receipts"]) == (2, 4, 3.0, 1)
    assert (pair["days_since"], pair["days_since_first"], pair["days_between"]) == (10, 40, 30.0)
    assert (pair["last_brand"], pair["last_product_type"]) == ("Private", None)
    assert (pair["age"], pair["bought_again"]) == ("45-54", 1)
    assert pair["asked_at"] == datetime(2017, 1, 1) + timedelta(days=CUTOFF)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("day", "again"),
    [(CUTOFF - 1, 0), (CUTOFF, 1), (CUTOFF + WINDOW_DAYS - 1, 1), (CUTOFF + WINDOW_DAYS, 0)],
    ids=["before", "first", "last", "after"],
)
def test_bought_again_is_of_the_days_from_the_cutoff_on(day: int, again: int) -> None:
    (pair,) = _pairs((8, 1, CUTOFF - 40), (8, 2, day))

    assert pair["bought_again"] == again
    assert pair["age"] is None


def test_products_without_a_category_make_no_pair() -> None:
    assert _pairs((7, 3, CUTOFF - 1)) == []


def test_lines_of_scores_are_those_of_the_part() -> None:
    ranker = {"model": "RankSpec", "figures": {"auroc": 0.8, "gauc": 0.7}, "ahead": {}}
    trees = {"model": "trees", "figures": {"auroc": 0.75, "gauc": 0.7}, "ahead": {"auroc": [0.01, 0.09]}}
    comparisons: list[dict[str, Any]] = [
        {"name": "validation", "scores": []},
        {"name": "test", "scores": [ranker, trees]},
    ]

    assert list(lines_of_scores(comparisons)) == [
        "| RankSpec | 0.8000 | 0.7000 |  |  |",
        "| trees | 0.7500 | 0.7000 | +0.0100 to +0.0900 |  |",
    ]


def test_figures_are_those_of_the_checkpoint_on_the_part() -> None:
    records = [
        {
            "step": 5,
            "split": "test",
            "auroc/again": 0.6,
            "gauc@household_id/again": 0.5,
            "ndcg_10@household_id/again": 0.4,
        },
        {"step": 5, "split": "validation", "auroc/again": 0.7, "gauc@household_id/again": 0.6},
        {"step": 9, "split": "test", "auroc/again": 0.8, "gauc@household_id/again": 0.7},
    ]

    assert figures_at(5, records) == {"auroc": 0.6, "gauc": 0.5}
    assert figures_at(5, records, "validation") == {"auroc": 0.7, "gauc": 0.6}


def test_lines_of_seeds_end_with_mean_deviation_and_lowest() -> None:
    assert list(lines_of_seeds([{"auroc": 0.7, "gauc": 0.5}, {"auroc": 0.8, "gauc": 0.5}])) == [
        "| 0 | 0.7000 | 0.5000 |",
        "| 1 | 0.8000 | 0.5000 |",
        "| mean | 0.7500 | 0.5000 |",
        "| deviation | 0.0707 | 0.0000 |",
        "| lowest | 0.7000 | 0.5000 |",
    ]
