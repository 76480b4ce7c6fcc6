"""A file of named columns of many rows, written and read in row groups so that memory stays bounded.

Parquet, each column float32 or, of ids, int64, in the order in which the rows came.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rankspec.trainer.data.footer import UNREADABLE, reason
from rankspec.trainer.errors import TrainError, writing

Column = NDArray[np.float32] | NDArray[np.int64]

ROW_GROUP_ROWS = 2**17
# In the file's metadata.
_STEP = "rankspec.step"
# A dictionary takes next to nothing for columns of a few values, as labels and weights are, and twice the space of the
# plain values for scores. Beyond so many bytes of it, values are stored plainly; compression on top would save a tenth.
_DICTIONARY_BYTES = 2**14


class ScoredRowsWriter(AbstractContextManager["ScoredRowsWriter"]):
    """Writes a file beside its place, and gives it its name once it is whole.

    A context manager: without `commit`, what was there before stays, and nothing else.
    """

    def __init__(self, path: Path, step: int | None = None) -> None:
        """Writes nothing yet.

        Args:
            path: of the file, which is written over. There must be one writer of it at a time.
            step: optimizer steps of the model that scored the rows, which `step_of` reads.
        """
        self._step = step
        self._path = path
        # A hidden name that is always the same: what a killed process left is written over.
        self._beside = path.with_name(f".writing-{path.name}")
        self._waiting: list[pa.Table] = []
        self._num_waiting = 0
        self._opened: tuple[BinaryIO, pq.ParquetWriter] | None = None

    def add(self, columns: Mapping[str, Column]) -> None:
        """Adds rows.

        Args:
            columns: by name, `[N]` each; the same names and types in the same order every time.

        Raises:
            TrainError: if the disk does not take them.
        """
        table = pa.table({name: pa.array(values) for name, values in columns.items()})
        self._waiting.append(table)
        self._num_waiting += table.num_rows
        with writing(self._path):
            if self._num_waiting >= ROW_GROUP_ROWS:
                self._write(self._num_waiting // ROW_GROUP_ROWS * ROW_GROUP_ROWS)

    def commit(self) -> None:
        """Writes what is left, and gives the file its name; there must have been an `add`.

        Raises:
            TrainError: if the disk does not take it.
        """
        with writing(self._path):
            if self._num_waiting:
                self._write(self._num_waiting)
            file, parquet = self._parquet()
            if self._step is not None:
                parquet.add_key_value_metadata({_STEP: str(self._step)})
            parquet.close()
            file.close()
            self._beside.replace(self._path)
        self._opened = None

    def __exit__(self, *_error: object) -> None:
        if self._opened is None:
            return
        for end in (self._opened[1].close, self._opened[0].close, self._beside.unlink):
            # The first two write their last bytes, for which a full disk has no room.
            with suppress(OSError):
                end()

    def _write(self, num_rows: int) -> None:
        waiting = pa.concat_tables(self._waiting)
        self._parquet()[1].write_table(waiting.slice(0, num_rows), row_group_size=ROW_GROUP_ROWS)
        self._waiting = [waiting.slice(num_rows)]
        self._num_waiting -= num_rows

    def _parquet(self) -> tuple[BinaryIO, pq.ParquetWriter]:
        if self._opened is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Python's own file, whose errors say what the system said.
            file = self._beside.open("wb")
            parquet = pq.ParquetWriter(
                file,
                self._waiting[0].schema,
                compression="none",
                dictionary_pagesize_limit=_DICTIONARY_BYTES,
                write_page_checksum=True,
            )
            self._opened = (file, parquet)
        return self._opened


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Column]]:
    """Reads columns of a file that a `ScoredRowsWriter` wrote, a row group at a time.

    Yields:
        By name, in the order asked for, values `[N]` of the same rows; they are read-only.

    Raises:
        TrainError: the file cannot be read, or lacks a column.
    """
    try:
        with pq.ParquetFile(path, pre_buffer=False, page_checksum_verification=True) as file:
            for chunk in file.iter_batches(ROW_GROUP_ROWS, columns=list(columns)):
                yield {name: chunk.column(name).to_numpy() for name in columns}
    except (*UNREADABLE, KeyError) as error:
        raise TrainError(
            f"{path} cannot be read: {reason(error)}; another evaluation writes it anew",
            "training.save_dir",
            restart_helps=True,
        ) from error


def step_of(path: Path) -> int | None:
    """After how many steps the model scored a file's rows; None if the file does not say, or there is no such file."""
    try:
        metadata = pq.read_metadata(path).metadata or {}
        return int(metadata[_STEP.encode()])
    except (*UNREADABLE, KeyError, ValueError):
        return None
