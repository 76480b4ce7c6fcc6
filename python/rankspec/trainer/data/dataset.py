"""An opened data set: its batches from any place on, the same for any number of processes and threads."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cached_property, partial
from itertools import accumulate, count

from rankspec.schema.field_paths import join
from rankspec.trainer.data.arrow_errors import UNREADABLE, reason
from rankspec.trainer.data.assembly import BatchAssembler
from rankspec.trainer.data.identity import Identity
from rankspec.trainer.data.notices import Notices
from rankspec.trainer.data.order import RowOrder
from rankspec.trainer.data.plan import DataPlan
from rankspec.trainer.data.row_groups import RowGroupCache, RowGroupReader
from rankspec.trainer.data.rows import RowDecoder, Rows
from rankspec.trainer.data.source import RowFile
from rankspec.trainer.data.stream import BatchStream
from rankspec.trainer.data_error import DataError


class Dataset(AbstractContextManager["Dataset"]):
    """The batches of a data set for one process; to be closed, best as a context manager.

    Global batch k is a function of the seed, the data and k alone, and a process gets its slice of it.

    Attributes:
        place: the data set's place in the spec, such as `train_data`.
        path: the field of the spec that names the files.
        num_rows: rows of one pass.
        rows_per_batch: rows that a global batch is made of.
        num_batches_per_epoch: global batches of one pass, a last short one included.
        files: the files it is read from.
        columns: what is read of them.
        identity: what tells whether it is the data it was; JSON takes it.
        notes: a line for each kind of files that is left out by rule, and for each file that cannot be read where
            ignore_data_errors is set.
        notices: what there is to say while rows are read.
    """

    def __init__(
        self,
        plan: DataPlan,
        files: Sequence[RowFile],
        *,
        identity: Identity,
        notes: Sequence[str],
        notices: Notices | None = None,
    ) -> None:
        """Takes what `open_dataset` has settled."""
        self._plan = plan
        self._decoder = RowDecoder(plan)
        self._order = order = RowOrder([file.rows for file in files], plan.order)
        self._batches = BatchAssembler(plan, order)
        self._cache = RowGroupCache() if plan.keeps_rows else None
        self._streams: list[BatchStream] = []
        self._first_row_group = list(accumulate((len(file.rows) for file in files), initial=0))
        self.place = plan.path
        self.path = plan.source
        self.files = tuple(files)
        self.columns = plan.columns
        self.identity = identity
        self.notes = tuple(notes)
        self.notices = notices or Notices()
        self.num_rows = order.num_rows
        self.rows_per_batch = plan.rows_per_batch
        self.num_batches_per_epoch = -(-self.num_rows // plan.rows_per_batch)

    @cached_property
    def content(self) -> str:
        """SHA-256 of every byte of the files, in hexadecimal: tells what `identity` does not. Reads all of them, once.

        Raises:
            DataError: a file cannot be read.
        """
        digest = hashlib.sha256()
        for file in self.files:
            try:
                digest.update(file.file.sha256())
            except UNREADABLE as error:
                raise DataError(f"{file.file}: cannot be read: {reason(error)}", self.path) from error
        return digest.hexdigest()

    def batches(self, start: int = 0, num_batches: int | None = None) -> BatchStream:
        """The batches from number `start` on.

        The training stream goes through the data again and again, and every batch is full; without repeat_files it
        ends after one pass. Otherwise the stream is one pass, whose last batch may be short, and ends there even if
        more batches were asked for.

        Args:
            start: number of the first batch, from 0.
            num_batches: how many; None for all there are, which never end if the stream repeats.

        Raises:
            DataError: training needs more batches than one pass has, and repeat_files is false.
        """
        if not self._plan.repeats:
            num_batches = self._within_one_pass(start, num_batches)
        numbers = iter(count(start) if num_batches is None else range(start, start + num_batches))
        end = None if num_batches is None else self._batches.places(start + num_batches - 1)[1]
        reader = RowGroupReader(self._read, self._plan.num_readers, self._cache)
        stream = BatchStream(
            reader,
            partial(self._batches.needed, end=end),
            self._batches.assemble,
            numbers,
            self._plan.num_assemblers,
        )
        self._streams = [*(stream for stream in self._streams if not stream.closed), stream]
        return stream

    def _within_one_pass(self, start: int, num_batches: int | None) -> int:
        rows_left = self.num_rows - self._batches.places(start)[0]
        there = max(-(-rows_left // self._plan.rows_per_batch), 0)
        if num_batches is None:
            return there
        if self._plan.training and num_batches > there:
            raise DataError(
                f"the run takes {start + num_batches} batches of {self._plan.rows_per_batch} rows, and one pass "
                f"over the {self.num_rows} rows gives {self.num_batches_per_epoch}; set it to true or train for fewer "
                "steps",
                join(self._plan.path, "repeat_files"),
            )
        return min(num_batches, there)

    @property
    def repeats_within_batches(self) -> bool:
        """Whether a batch is more than all rows, so that it has rows twice."""
        return self._plan.repeats and self.rows_per_batch > self.num_rows

    @property
    def offset(self) -> int:
        """Rows of the stream before batch 0, or that it lacks if below 0; not 0 once data has been replaced."""
        return self._batches.offset

    @offset.setter
    def offset(self, num_rows: int) -> None:
        self._batches.offset = num_rows

    def at_end_of_epoch(self, number: int, num_rows: int) -> bool:
        """Whether batch `number` begins an epoch of data of so many rows, by this stream's offset."""
        place = self._batches.places(number)[0]
        return place % num_rows == 0 if self._plan.repeats else place >= num_rows

    def begin_epoch(self, number: int, num_rows: int) -> None:
        """Has batch `number`, which would begin an epoch of data of so many rows, begin that epoch of this data."""
        epoch = self._batches.places(number)[0] // num_rows if self._plan.repeats else 0
        self.offset = epoch * self.num_rows - number * self._plan.rows_per_batch

    def close(self) -> None:
        """Stops the threads of every stream."""
        for stream in self._streams:
            stream.close()

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _read(self, row_group: int) -> Rows:
        number = bisect_right(self._first_row_group, row_group) - 1
        file = self.files[number]
        try:
            rows = self._decoder.read(file, row_group - self._first_row_group[number])
        except DataError as error:
            raise DataError(file.change() or error.message, self.path) from error
        # Looked at when all has been read: what was read of another file is not what it was taken for.
        if change := file.change():
            raise DataError(change, self.path)
        return rows
