"""The figures of a run as a table."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from rankspec.trainer.errors import TrainError
from rankspec.trainer.journal import read_journal

_TYPES = {"step": pa.int64(), "split": pa.string()}


def table_of_figures(file: Path) -> pa.Table:
    """Reads a journal of figures: `step`, `split`, and a float64 column for each metric, in the order of appearance.

    Raises:
        TrainError: The file is not as it was written.
    """
    records = read_journal(file, step=int, split=str)
    names = dict.fromkeys([*_TYPES, *(name for record in records for name in record)])
    try:
        columns = {name: pa.array([r.get(name) for r in records], _TYPES.get(name, pa.float64())) for name in names}
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise TrainError(f"{file} has a figure that is no number: {error}; delete its line") from error
    return pa.table(columns)
