"""A data set of Ray Data as an engine of an import."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from rankspec.datasets.importing.on_engine import MOST_TASKS, Batches, Pieces

_BATCH_ROWS = 16384


class RayDataset:
    """A `ray.data.Dataset`; see `Engine`. Each pass computes it anew, unless it is materialized."""

    def __init__(self, dataset: Any) -> None:
        """Takes a data set.

        Args:
            dataset: a `ray.data.Dataset`.
        """
        self._dataset = dataset

    @property
    def names(self) -> Sequence[str]:
        """The columns' names."""
        return list(self._dataset.columns() or [])

    def counted(self, count: Callable[[Batches], Iterator[bytes]], columns: Sequence[str]) -> list[bytes]:
        """What a function gives for each block."""

        def of_block(block: pa.Table) -> pa.Table:
            return _states(count(_batches(block)))

        return _taken(self._by_block(of_block, columns))

    def gathered(
        self,
        scatter: Callable[[Batches], Pieces],
        gather: Callable[[Pieces], Iterator[bytes]],
        columns: Sequence[str],
        num_keys: int,
    ) -> list[bytes]:
        """What a function gives for pieces that were brought together, by Ray's grouping."""

        def scattered(block: pa.Table) -> pa.Table:
            keys, pieces = zip(*scatter(_batches(block)), strict=True)
            return pa.table([pa.array(keys, pa.int64()), pa.array(pieces, pa.large_binary())], names=["key", "piece"])

        def gathered(group: pa.Table) -> pa.Table:
            pairs = zip(group["key"], group["piece"], strict=True)
            return _states(gather((key.as_py(), piece.as_py()) for key, piece in pairs))

        pieces = self._by_block(scattered, columns)
        return _taken(
            pieces.groupby("key", num_partitions=min(num_keys, MOST_TASKS)).map_groups(gathered, batch_format="pyarrow")
        )

    def _by_block(self, function: Callable[[pa.Table], pa.Table], columns: Sequence[str]) -> Any:
        return self._dataset.select_columns(list(columns)).map_batches(
            function, batch_size=None, batch_format="pyarrow"
        )


def _batches(block: pa.Table) -> Batches:
    return iter(block.to_batches(max_chunksize=_BATCH_ROWS))


def _states(states: Iterator[bytes]) -> pa.Table:
    return pa.table([pa.array(list(states), pa.large_binary())], names=["state"])


def _taken(dataset: Any) -> list[bytes]:
    return [bytes(row["state"]) for row in dataset.take_all()]
