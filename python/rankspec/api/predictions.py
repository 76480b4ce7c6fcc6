"""Predictions of rows that are in memory, as a table in memory: by way of files, as `rankspec predict` makes them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rankspec.trainer.chosen_checkpoint import Which
from rankspec.trainer.errors import TrainError
from rankspec.trainer.prediction.predicting import predict
from rankspec.trainer.prediction.ranked_lists import Ranking
from rankspec.trainer.program import RowSource
from rankspec.trainer.setup import Job


def predicted(
    job: Job,
    rows: Any,
    *,
    split: str | None,
    which: Which | None,
    carry: Sequence[str] | None,
    ranking: Ranking | None,
) -> pa.Table:
    """Predicts as `Run.predict` says.

    Raises:
        TrainError: there are several processes, or as `predict` raises it.
        DataError: as `predict` raises it.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise TrainError("a table is predicted by one process; `rankspec predict` writes a file by many")
    with tempfile.TemporaryDirectory(prefix="rankspec-") as folder:
        source = _source(rows, split)
        output = Path(folder) / "predictions.parquet"
        predict(job, output, source=source, checkpoint=which, carry=carry, ranking=ranking, is_kept=False)
        return pq.read_table(output)


def ranking_of(top: int | None, by: str | None, rank_by: str | None) -> Ranking | None:
    """What lists are asked for, if any.

    Raises:
        TrainError: part of what lists take is not given.
    """
    if top is None and by is None and rank_by is None:
        return None
    if top is None or by is None:
        raise TrainError("ranked lists take both `top` and `by`: how many rows, and of which column's groups")
    if top < 1:
        raise TrainError(f"`top` is {top}; a list has at least 1 row")
    return Ranking(top, by, rank_by)


def _source(rows: Any, split: str | None) -> RowSource:
    """What says which rows: names of files, or a table."""
    if rows is None:
        return RowSource(split)
    if isinstance(rows, str | os.PathLike):
        return RowSource(split, (os.fspath(rows),))
    if isinstance(rows, Sequence):
        return RowSource(split, tuple(os.fspath(name) for name in rows))
    return RowSource(split, table=rows)
