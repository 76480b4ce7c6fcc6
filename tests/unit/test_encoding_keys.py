"""Hashes of many rows' keys are those of the rows one by one, however values repeat and whatever was hashed before."""

from __future__ import annotations

import struct
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.unit.encoding_recipes import batch, random_columns, recipe

from rankspec.datasets.importing.parsed import ParsedRows
from rankspec.encoding.columns import Column, ListColumn
from rankspec.encoding.dividing import Divider
from rankspec.encoding.fitting import completed
from rankspec.encoding.hashing import KeyHashes
from rankspec.encoding.rows import RowReader

NUM_ROWS = 2000


def _hash(text: str | None) -> int:
    return int(sha256(b"salt/" + (text or "").encode()).hexdigest()[:16], 16)


def _bits(value: float | None) -> str | None:
    if value is None or not np.isfinite(value):
        return None
    return str(struct.unpack("<q", struct.pack("<d", value + 0.0))[0])


def _values(num_distinct: int) -> dict[str, tuple[pa.Array, Callable[[Any], str | None]]]:
    """Columns of so many distinct values and some missing ones, and the text of each value."""
    codes = np.random.default_rng(num_distinct).integers(0, num_distinct, NUM_ROWS)
    gaps = codes % 7 == 3
    texts = pa.array([f"é{code}" * (1 + code % 300) for code in codes.tolist()], mask=gaps)
    return {
        "whole": (pa.array(codes - 50, mask=gaps), lambda value: None if value is None else str(value)),
        "real": (pa.array(np.where(codes == 0, np.nan, codes * -0.37), mask=gaps), _bits),
        "text": (texts, lambda value: value),
        "indices": (texts.dictionary_encode(), lambda value: value),
        "flag": (pa.array(codes % 2 == 0, mask=gaps), lambda value: None if value is None else str(value).lower()),
    }


@pytest.mark.parametrize("most_kept", [0, 100, 1_000_000])
@pytest.mark.parametrize("kind", ["whole", "real", "text", "indices", "flag"])
def test_keys_of_one_column_in_batches(kind: str, most_kept: int) -> None:
    array, text = _values(900)[kind]
    hashes = KeyHashes("salt", most_kept)

    found = [value for start in range(0, NUM_ROWS, 300) for value in hashes.of(Column(array[start : start + 300]))]

    assert found == [_hash(text(value)) for value in array.to_pylist()]


def test_rows_that_were_kept_are_what_they_were(tmp_path: Path) -> None:
    spec = completed(recipe())
    parsed, divider = ParsedRows(tmp_path / "rows", RowReader(spec)), Divider(spec)
    columns = random_columns(300, 2)
    raw = batch(columns)
    written = []
    for start in (0, 100, 250):
        rows = parsed.parse(parsed.reader.read(raw.slice(start, {0: 100, 100: 150}.get(start)), start))
        written.append((rows, divider.parts(rows), divider.order(rows)))
        parsed.add(*written[-1])
    parsed.close()

    read = list(parsed.batches())

    assert len(read) == 3
    for (rows, *places), (others, *other_places) in zip(written, read, strict=True):
        np.testing.assert_array_equal(rows.numbers, others.numbers)
        for place, other in zip(places, other_places, strict=True):
            np.testing.assert_array_equal(place, other)
        for name in parsed.reader.columns:
            assert _plain(rows.column(name)) == _plain(others.column(name))
    assert not list(tmp_path.iterdir())


def _plain(column: Column | ListColumn) -> list[Any]:
    if isinstance(column, Column):
        values: list[Any] = column.array.to_pylist()
        # NaN is not itself.
        return [str(value) for value in values]
    items = column.items.array.to_pylist()
    lists = [items[start:end] for start, end in zip(column.ends, column.ends[1:], strict=False)]
    return [None if gone else values for gone, values in zip(column.is_missing, lists, strict=True)]
