"""Golden rows: rows whose outputs are known, and how far other outputs are from them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rankspec.encoding.lists import Lists
from rankspec.scoring.columns import matrix_of
from rankspec.scoring.errors import ScoringError
from rankspec.scoring.signature import dtype_of
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import BundleManifest


class GoldenBatch(NamedTuple):
    """Rows that are scored together.

    Attributes:
        name: where they are from.
        inputs: `[rows, width]` by name; of lists, the matrix that the model takes.
        outputs: float32 `[rows, tasks]`.
    """

    name: str
    inputs: Mapping[str, NDArray[Any]]
    outputs: NDArray[np.float32]


def golden_bytes(batches: Iterable[GoldenBatch], lists: Collection[str] = ()) -> bytes:
    """What a bundle's golden file holds.

    Args:
        batches: with inputs in the signature's order.
        lists: names of the inputs that are lists.
    """
    return b"".join(
        _bytes(_counted(values) if name in lists else values)
        for batch in batches
        for name, values in (*batch.inputs.items(), ("", batch.outputs))
    )


def _bytes(values: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def _counted(padded: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of ids of each list, and behind it these."""
    lists = Lists.of_padded(padded)
    return np.insert(lists.values, lists.offsets[:-1], lists.lengths)


def golden_batches(manifest: BundleManifest, content: memoryview) -> Iterator[GoldenBatch]:
    """Reads a golden file whole, before anything is done with its rows.

    Raises:
        ScoringError: GOLDEN_INVALID, if it is not as long as the manifest and its own lists make it; SCORING_FAILED, if
            its lists are too long to be scored together.
    """
    inputs, num_outputs = manifest.signature.inputs, len(manifest.outputs)
    reader = _Reader(content, manifest.golden_file)
    fixed = [item for item in inputs if not item.list]
    row_bytes = sum(item.width * dtype_of(item).itemsize for item in fixed) + num_outputs * 4
    num_rows = sum(batch.num_rows for batch in manifest.golden_batches)
    # A list takes 8 bytes at least: the number of its ids.
    least = (row_bytes + 8 * (len(inputs) - len(fixed))) * num_rows
    if len(content) < least or (len(fixed) == len(inputs) and len(content) != least):
        raise reader.invalid(f"{least} bytes", f"{len(content)}")
    batches = []
    for batch in manifest.golden_batches:
        columns = {
            item.name: matrix_of(reader.lists(batch.num_rows), item.name)
            if item.list
            else reader.matrix(dtype_of(item), batch.num_rows, item.width)
            for item in inputs
        }
        outputs = reader.matrix(np.dtype(np.float32), batch.num_rows, num_outputs)
        batches.append(GoldenBatch(batch.name, columns, outputs))
    if reader.start != len(content):
        raise reader.invalid(f"{reader.start} bytes", f"{len(content)}")
    return iter(batches)


class _Reader:
    """Takes numbers from a golden file, one after the other."""

    def __init__(self, content: memoryview, name: str) -> None:
        self.start = 0
        self._content = content
        self._name = name

    def invalid(self, expectation: str, found: str = "") -> ScoringError:
        return ScoringError(bundle_pb2.ERROR_CODE_GOLDEN_INVALID, expectation, input=self._name, found=found)

    def matrix(self, dtype: np.dtype[Any], num_rows: int, width: int) -> NDArray[Any]:
        """The next rows of a matrix."""
        if num_rows * width * dtype.itemsize > len(self._content) - self.start:
            raise self.invalid("all rows of the golden batches", "fewer")
        values = np.frombuffer(self._content, dtype.newbyteorder("<"), num_rows * width, self.start)
        self.start += values.nbytes
        return values.astype(dtype).reshape(num_rows, width)

    def lists(self, num_rows: int) -> Lists:
        """The next lists."""
        rows = []
        for _ in range(num_rows):
            length = int(self.matrix(np.dtype(np.int64), 1, 1)[0, 0])
            if length < 0:
                raise self.invalid("numbers of ids from 0 on", str(length))
            rows.append(self.matrix(np.dtype(np.int64), 1, length)[0])
        return Lists.of(np.concatenate(rows), np.array([len(row) for row in rows]))


def difference(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """The largest difference between outputs; of a value above 1 in size, relative to it.

    Where only one of two is no number, or infinite, they are infinitely far apart.
    """
    one, other = found.astype(np.float64), expected.astype(np.float64)
    with np.errstate(invalid="ignore"):
        apart = np.abs(one - other) / np.maximum(1, np.abs(other))
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    apart = np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart))
    return float(apart.max(initial=0))


def swaps_ranks(found: NDArray[np.float32], expected: NDArray[np.float32], by_more_than: float) -> bool:
    """Whether two rows that are clearly ordered by what is expected are ordered the other way by what was found.

    Args:
        found: `[rows]`.
        expected: `[rows]`.
        by_more_than: what lies between two rows that are clearly ordered.
    """
    order = np.argsort(expected, kind="stable")
    ascending, theirs = expected[order].astype(np.float64), found[order]
    best_before = np.maximum.accumulate(theirs)
    # Of each row, how many are clearly below it.
    below = np.searchsorted(ascending, ascending - by_more_than, side="left")
    clear = below > 0
    return bool((best_before[below[clear] - 1] > theirs[clear]).any())
