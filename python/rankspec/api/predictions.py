"""Predictions of rows that are in memory, as a table in memory: by way of files, as `rankspec predict` makes them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from rankspec.trainer.data_error import DataError
from rankspec.trainer.errors import TrainError
from rankspec.trainer.prediction.predicting import predict
from rankspec.trainer.prediction.ranked_lists import Ranking
from rankspec.trainer.program import RowSource

if TYPE_CHECKING:
    from rankspec.trainer.chosen_checkpoint import Which
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
        DataError: `rows` are no table and no files, or as `predict` raises it.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise TrainError("a table is predicted by one process; `rankspec predict` writes a file by many")
    with tempfile.TemporaryDirectory(prefix="rankspec-") as folder:
        source = RowSource(split, _files(rows, Path(folder)))
        output = Path(folder) / "predictions" / "rows.parquet"
        output.parent.mkdir()
        predict(job, output, source=source, checkpoint=which, carry=carry, ranking=ranking)
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


def _files(rows: Any, folder: Path) -> tuple[str, ...]:
    """The files of rows, after writing those that are a table."""
    if rows is None:
        return ()
    if isinstance(rows, str | os.PathLike):
        return (os.fspath(rows),)
    if isinstance(rows, Sequence):
        return tuple(os.fspath(name) for name in rows)
    file = folder / "rows.parquet"
    pq.write_table(_table(rows), file)
    return (str(file),)


def _table(rows: Any) -> pa.Table:
    try:
        return rows if isinstance(rows, pa.Table) else pa.table(rows)
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise DataError(
            f"{type(rows).__name__} is no table: {error}; give a table of Arrow's, a frame, or names of files"
        ) from error
