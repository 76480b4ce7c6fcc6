"""The hash of rows is that of each row alone, XXH64 where that is defined alike, and well mixed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st
from tests.unit import row_hash_reference as reference

from rankspec.encoding.columns import AnyColumn, Column, ListColumn
from rankspec.encoding.row_hashes import row_hashes

NUM_ROWS = 200
TEXTS = ["", "a", "a\0", "Köln", "12345678", "123456789", "x" * 16, "\U0001f600" * 11, "y" * 3000, None]


def _lists(values: list[list[str | None] | None]) -> ListColumn:
    flat = [item for value in values for item in value or []]
    ends = np.cumsum([0] + [len(value or []) for value in values])
    return ListColumn(Column(pa.array(flat, pa.string())), ends, np.array([value is None for value in values]))


@pytest.mark.parametrize("place", [0, 37])
@pytest.mark.parametrize("as_indices", [False, True])
def test_hash_of_a_row_is_that_of_its_values(place: int, as_indices: bool) -> None:
    source = np.random.default_rng(0)
    texts = [TEXTS[code] for code in source.integers(0, len(TEXTS), NUM_ROWS)]
    wholes = [None if n % 5 == 0 else int(n) for n in source.integers(-(2**63), 2**63 - 1, NUM_ROWS)]
    reals = [[0.5, -0.0, 5e-324, None, -1e308][code] for code in source.integers(0, 5, NUM_ROWS)]
    flags = [[True, False, None][code] for code in source.integers(0, 3, NUM_ROWS)]
    lists = [[None, [], ["a", None], [None], ["", "b" * 40, "c"]][code] for code in source.integers(0, 5, NUM_ROWS)]
    text_array = pa.array(texts, pa.string())
    columns: list[AnyColumn] = [
        Column((text_array.dictionary_encode() if as_indices else text_array)[place:]),
        Column(pa.array(wholes, pa.int64())[place:]),
        Column(pa.array(reals, pa.float64())[place:]),
        Column(pa.array(flags, pa.bool_())[place:]),
        _lists(lists[place:]),
    ]

    found = row_hashes("salt", columns).tolist()

    rows = zip(texts[place:], wholes[place:], reals[place:], flags[place:], lists[place:], strict=True)
    assert found == [reference.row_hash("salt", row) for row in rows]


def test_numbers_that_are_not_finite_are_missing() -> None:
    (missing,) = set(row_hashes("", [Column(pa.array([None, np.nan, np.inf, -np.inf], pa.float64()))]).tolist())

    assert missing == reference.row_hash("", [None])


@given(st.binary(max_size=31), st.integers(0, 2**64 - 1))
def test_it_is_xxh64_of_a_few_whole_words(data: bytes, seed: int) -> None:
    whole = data[: len(data) // 8 * 8]

    assert reference.hash_of(whole, seed) == xxhash.xxh64_intdigest(whole, seed)


def test_no_rows_have_no_hashes() -> None:
    assert not len(row_hashes("row", [Column(pa.array([], pa.string())), Column(pa.array([], pa.int64()))]))


@pytest.mark.parametrize("kind", ["numbers", "texts", "pairs"])
def test_every_bit_is_set_in_half_of_the_rows_and_does_not_follow_the_others(kind: str) -> None:
    numbers = np.arange(1 << 14)
    columns = {
        "numbers": [Column(pa.array(numbers))],
        "texts": [Column(pa.array([f"item-{number}" for number in numbers.tolist()]))],
        "pairs": [Column(pa.array(numbers // 128)), Column(pa.array(numbers % 128))],
    }[kind]

    found = row_hashes("row", columns)

    assert len(np.unique(found)) == len(found)
    bits = (found[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    # Of 16384 fair coins; 5 deviations of the mean, and of correlations of any two bits.
    assert np.abs(bits.mean(0) - 0.5).max() < 5 * 0.5 / 128
    assert np.abs(np.corrcoef(bits.T) - np.eye(64)).max() < 5 / 128


def test_another_salt_gives_other_hashes() -> None:
    column = Column(pa.array(np.arange(1000)))

    assert not set(row_hashes("a", [column]).tolist()) & set(row_hashes("b", [column]).tolist())
