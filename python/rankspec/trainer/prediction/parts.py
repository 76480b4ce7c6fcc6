"""The parts of a file of predictions: each is written whole, so that a prediction that was interrupted goes on.

They lie in a hidden folder beside the file, with a word on what they are of; parts of anything else are removed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from rankspec.trainer.data.arrow_errors import UNREADABLE, reason
from rankspec.trainer.errors import TrainError, writing

_IDENTITY_FILE = "identity.json"


class Parts:
    """The parts of one file.

    Attributes:
        output: the file that they become.
        folder: where they lie.
        rows_folder: in it, for files of rows that are made for this prediction alone.
    """

    def __init__(self, output: Path) -> None:
        """Touches nothing yet.

        Args:
            output: the file that they become.
        """
        self.output = output
        # A hidden name: no pattern of input files takes it.
        self.folder = output.with_name(f".predicting-{output.name}")
        self.rows_folder = self.folder / "rows"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Makes the folder, and sees to it that no other process writes the same file for the time of the context.

        At its end the folder stays if there are parts to go on from.

        Raises:
            TrainError: the folder cannot be written, or another process writes the file.
        """
        with writing_predictions(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / ".lock", blocking=False)
            try:
                lock.acquire()
            except Timeout as error:
                raise TrainError(
                    f"another process writes {self.output}; wait for its end, or name another file", restart_helps=True
                ) from error
        try:
            # Those of an interrupted prediction are made anew.
            shutil.rmtree(self.rows_folder, ignore_errors=True)
            yield
        finally:
            if not self.num_written:
                self.remove()
            lock.release()

    def keep_only(self, identity: Mapping[str, Any]) -> int:
        """Removes the parts of anything but this; returns how many are there to go on from."""
        path = self.folder / _IDENTITY_FILE
        with writing_predictions(self.folder):
            if not _says(path, identity):
                for part in self.folder.glob("*.parquet"):
                    part.unlink()
                path.write_text(json.dumps(identity))
            return self.num_written

    def has(self, number: int) -> bool:
        """Whether a part is written."""
        return self._file(number).exists()

    def write(self, number: int, rows: pa.Table) -> None:
        """Writes a part.

        Raises:
            TrainError: the disk does not take it.
        """
        beside = self.folder / f".writing-{number}"
        with writing_predictions(self.output):
            pq.write_table(rows, beside, compression="none")
            beside.replace(self._file(number))

    def read(self, number: int) -> pa.Table:
        """Reads a part.

        Raises:
            TrainError: it cannot be read.
        """
        try:
            return pq.read_table(self._file(number), memory_map=False)
        except UNREADABLE as error:
            self._file(number).unlink(missing_ok=True)
            raise TrainError(
                f"{self._file(number)} cannot be read: {reason(error)}; the same command makes it anew",
                restart_helps=True,
            ) from error

    def remove(self) -> None:
        """Removes all of them."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def num_written(self) -> int:
        """How many of them are written."""
        return len(list(self.folder.glob("part-*.parquet")))

    def _file(self, number: int) -> Path:
        return self.folder / f"part-{number:08}.parquet"


# What cannot be written of predictions, for the disk: parts that are there are gone on from.
writing_predictions = partial(writing, goes_on="goes on", field="")


def _says(path: Path, identity: Mapping[str, Any]) -> bool:
    try:
        return bool(json.loads(path.read_text()) == json.loads(json.dumps(identity)))
    except (OSError, ValueError):
        return False
