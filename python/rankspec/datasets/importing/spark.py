"""A data frame of Spark, classic or Connect, as an engine of an import, by `mapInArrow` alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from rankspec.datasets.importing.on_engine import MOST_TASKS, Batches, Pieces


class SparkFrame:
    """A data frame of `pyspark.sql`; see `Engine`. Each pass computes it anew, unless it is cached."""

    def __init__(self, frame: Any) -> None:
        """Takes a frame.

        Args:
            frame: a `pyspark.sql.DataFrame`.
        """
        self._frame = frame

    @property
    def names(self) -> Sequence[str]:
        """The columns' names."""
        return list(self._frame.columns)

    def counted(self, count: Callable[[Batches], Iterator[bytes]], columns: Sequence[str]) -> list[bytes]:
        """What a function gives for each partition."""

        def of_partition(batches: Batches) -> Batches:
            for state in count(_named(batches, columns)):
                yield pa.record_batch([[state]], names=["state"])

        return _states(self._of(columns).mapInArrow(of_partition, "state binary"))

    def gathered(
        self,
        scatter: Callable[[Batches], Pieces],
        gather: Callable[[Pieces], Iterator[bytes]],
        columns: Sequence[str],
        num_keys: int,
    ) -> list[bytes]:
        """What a function gives for pieces that were brought together, by Spark's shuffle."""

        def scattered(batches: Batches) -> Batches:
            for key, piece in scatter(_named(batches, columns)):
                yield pa.record_batch([pa.array([key], pa.int64()), pa.array([piece])], names=["key", "piece"])

        def gathered(batches: Batches) -> Batches:
            for state in gather(_pairs(batches)):
                yield pa.record_batch([[state]], names=["state"])

        pieces = self._of(columns).mapInArrow(scattered, "key bigint, piece binary")
        return _states(pieces.repartition(min(num_keys, MOST_TASKS), "key").mapInArrow(gathered, "state binary"))

    def _of(self, columns: Sequence[str]) -> Any:
        """Some columns, by place: `mapInArrow` takes what is before a point in a name for another column's."""
        chosen = self._frame.select(*(f"`{name.replace('`', '``')}`" for name in columns))
        return chosen.toDF(*(f"c{place}" for place in range(len(columns))))


def _named(batches: Batches, columns: Sequence[str]) -> Batches:
    return (batch.rename_columns(list(columns)) for batch in batches)


def _states(frame: Any) -> list[bytes]:
    return [bytes(row["state"]) for row in frame.collect()]


def _pairs(batches: Batches) -> Pieces:
    for batch in batches:
        for key, piece in zip(batch.column(0), batch.column(1), strict=True):
            yield key.as_py(), piece.as_py()
