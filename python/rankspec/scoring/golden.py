"""Golden rows: rows whose outputs are known, and how far other outputs are from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rankspec.scoring.errors import ScoringError
from rankspec.scoring.signature import dtype_of
from rankspec.serving.v1 import bundle_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from rankspec.serving.v1.bundle_pb2 import BundleManifest


class GoldenBatch(NamedTuple):
    """Rows that are scored together.

    Attributes:
        name: where they are from.
        inputs: `[rows, width]` by name.
        outputs: float32 `[rows, tasks]`.
    """

    name: str
    inputs: Mapping[str, NDArray[Any]]
    outputs: NDArray[np.float32]


def golden_bytes(batches: Iterable[GoldenBatch]) -> bytes:
    """What a bundle's golden file holds; inputs are in the signature's order."""
    return b"".join(
        np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
        for batch in batches
        for values in (*batch.inputs.values(), batch.outputs)
    )


def golden_batches(manifest: BundleManifest, content: memoryview) -> Iterator[GoldenBatch]:
    """Reads a golden file, a batch at a time.

    Raises:
        ScoringError: GOLDEN_INVALID, if it is not as long as the manifest makes it.
    """
    inputs, num_outputs = manifest.signature.inputs, len(manifest.outputs)
    row_bytes = sum(item.width * dtype_of(item).itemsize for item in inputs) + num_outputs * 4
    expected = row_bytes * sum(batch.num_rows for batch in manifest.golden_batches)
    if len(content) != expected:
        raise ScoringError(bundle_pb2.ERROR_CODE_GOLDEN_INVALID, f"{expected} bytes", input=manifest.golden_file)
    start = 0

    def taken(dtype: np.dtype[Any], num_rows: int, width: int) -> NDArray[Any]:
        nonlocal start
        values = np.frombuffer(content, dtype.newbyteorder("<"), num_rows * width, start)
        start += values.nbytes
        return values.astype(dtype).reshape(num_rows, width)

    for batch in manifest.golden_batches:
        columns = {item.name: taken(dtype_of(item), batch.num_rows, item.width) for item in inputs}
        yield GoldenBatch(batch.name, columns, taken(np.dtype(np.float32), batch.num_rows, num_outputs))


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
