"""An opened data set: its batches from any place on, the same for any number of processes and threads."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, count
from types import TracebackType
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rankspec.paths import join
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.preprocess_pb2 import DownsampleNegatives
from rankspec.signature import MODEL_INPUTS, DataError
from rankspec.trainer.batch import RecapBatch
from rankspec.trainer.claims import obeys
from rankspec.trainer.data.order import RowNumbers, RowOrder
from rankspec.trainer.data.parquet import ParquetFile
from rankspec.trainer.data.preprocess import thin_negatives
from rankspec.trainer.data.row_groups import Requests, RowGroupCache, RowGroupReader
from rankspec.trainer.data.rows import Part, RowDecoder, Rows
from rankspec.trainer.data.stream import BatchStream
from rankspec.trainer.loss import sample_weights


@dataclass(frozen=True)
class Share:
    """This process's place among those that share every global batch."""

    rank: int
    world_size: int

    def of(self, num_rows: int) -> tuple[int, int]:
        """First row and last plus one of this process's slice; slices differ by at most one row."""
        return num_rows * self.rank // self.world_size, num_rows * (self.rank + 1) // self.world_size


@dataclass(frozen=True)
class TaskLabels:
    """What is asked of the labels.

    Attributes:
        names: the tasks, in the order of the columns of a batch.
        rates: for each task that has labels, the shares of the positives and the negatives that its weights make
            good for.
        positive: the tasks that make a row a positive, where negatives are thinned out.
    """

    names: tuple[str, ...]
    rates: Mapping[str, tuple[float, float]]
    positive: tuple[str, ...] = field(default=())


class Dataset:
    """The batches of a data set for one process; to be closed, best as a context manager.

    Global batch k is a function of the seed, the data and k alone, and a process gets its slice of it.

    Attributes:
        num_rows: rows of one pass.
        num_batches_per_epoch: global batches of one pass, a last short one included.
        files: the files it is read from.
        left_out: for each file that cannot be read, why; empty unless ignore_data_errors is set.
    """

    @obeys(RecapDataConfig, "global_batch_size", "repeat_files", "cache")
    @obeys(DownsampleNegatives, "batch_multiplier")
    def __init__(
        self,
        data: RecapDataConfig,
        files: Sequence[ParquetFile],
        decoder: RowDecoder,
        order: RowOrder,
        labels: TaskLabels,
        share: Share,
        *,
        left_out: Sequence[str],
        training: bool,
        path: str,
    ) -> None:
        """Takes what `open_dataset` has settled."""
        self._data = data
        self._decoder = decoder
        self._order = order
        self._labels = labels
        self._share = share
        self._training = training
        self._path = path
        self._batch_size = data.global_batch_size
        thinning = data.preprocess.downsample_negatives
        self._rows_per_batch = self._batch_size * (thinning.batch_multiplier if labels.positive else 1)
        self._repeats = training and data.repeat_files
        self._cache = RowGroupCache() if data.cache else None
        self._streams: list[BatchStream] = []
        self._first_row_group = list(accumulate((len(file.rows) for file in files), initial=0))
        self.files = tuple(files)
        self.left_out = tuple(left_out)
        self.num_rows = order.num_rows
        self.num_batches_per_epoch = -(-self.num_rows // self._rows_per_batch)

    @obeys(RecapDataConfig, "map_num_parallel_calls", "interleave_num_parallel_calls")
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
        if not self._repeats:
            num_batches = self._within_one_pass(start, num_batches)
        numbers = iter(count(start) if num_batches is None else range(start, start + num_batches))
        reader = RowGroupReader(self._read, self._data.interleave_num_parallel_calls or 1, self._cache)
        stream = BatchStream(reader, self._needed, self._assemble, numbers, self._data.map_num_parallel_calls or 1)
        self._streams = [*(stream for stream in self._streams if not stream.closed), stream]
        return stream

    def _within_one_pass(self, start: int, num_batches: int | None) -> int:
        there = max(self.num_batches_per_epoch - start, 0)
        if num_batches is None:
            return there
        if self._training and num_batches > there:
            raise DataError(
                f"the run takes {start + num_batches} batches of {self._rows_per_batch} rows, and one pass over the "
                f"{self.num_rows} rows gives {self.num_batches_per_epoch}; set it to true or train for fewer steps",
                join(self._path, "repeat_files"),
            )
        return min(num_batches, there)

    def order_hash(self, num_batches: int) -> str:
        """SHA-256 of the numbers of the rows that the first global batches are made of, in order."""
        rows = num_batches * self._rows_per_batch
        return self._order.digest(rows if self._repeats else min(rows, self.num_rows))

    def close(self) -> None:
        """Stops the threads of every stream."""
        for stream in self._streams:
            stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, row_group: int) -> Rows:
        file = bisect_right(self._first_row_group, row_group) - 1
        try:
            return self._decoder.read(self.files[file], row_group - self._first_row_group[file])
        except DataError as error:
            raise DataError(
                error.message, join(self._path, str(self._data.WhichOneof("date_inputs_format")))
            ) from error

    def _places(self, number: int) -> tuple[int, int]:
        """The places of the stream that a global batch is made of, first and last plus one."""
        start, stop = number * self._rows_per_batch, (number + 1) * self._rows_per_batch
        return start, stop if self._repeats else min(stop, self.num_rows)

    def _needed(self, number: int) -> list[int]:
        """The row groups that a batch is made from, and some of those that the next ones will need.

        How far it reads ahead grows while a window of shuffled rows is being used up, so that the next window is there
        when it begins and never more than two windows are in memory.
        """
        start, stop = self._places(number)
        if not self._labels.positive:
            first, last = self._share.of(stop - start)
            start, stop = start + first, start + last
        start, end_of_window = self._order.windows_around(start, stop)
        end = max(end_of_window, stop + self._order.window_size) + self._order.largest_row_group
        return self._order.row_groups(start, end if self._repeats else min(end, self.num_rows))

    def _assemble(self, number: int, row_groups: Requests) -> RecapBatch:
        rows = self._order.rows(*self._places(number))
        weights = np.ones(len(rows), np.float32)
        if self._labels.positive:
            chosen, weights = self._thinned(rows, row_groups)
            rows = rows[chosen]
        first, last = self._share.of(len(rows))
        parts = self._parts(rows[first:last], row_groups)
        inputs = {name: self._decoder.gather(name, parts, last - first) for name in self._decoder.formats}
        labels = self._gathered_labels(parts, last - first)
        return RecapBatch(
            **{name: tensor for name, tensor in inputs.items() if name in MODEL_INPUTS},
            labels=labels,
            weights=self._weights(labels) * torch.from_numpy(weights[first:last, None]),
            carried={n: t.squeeze(1) if t.shape[1] == 1 else t for n, t in inputs.items() if n not in MODEL_INPUTS},
            first_row=first,
            global_rows=len(rows),
        )

    def _parts(self, rows: RowNumbers, row_groups: Requests) -> list[Part]:
        groups, offsets = self._order.locate(rows)
        parts = []
        for group in np.unique(groups).tolist():
            places = np.flatnonzero(groups == group)
            parts.append(Part(row_groups[group].result(), as_slice(offsets[places]), as_slice(places)))
        return parts

    def _thinned(self, rows: RowNumbers, row_groups: Requests) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """The rows of a batch that are kept of those read, and their weights."""
        columns = [self._decoder.labels.index(task) for task in self._labels.positive]
        positive = np.zeros(len(rows), np.bool_)
        for part in self._parts(rows, row_groups):
            positive[part.into] = part.rows.labels[part.taken][:, columns].any(axis=1)
        size = self._batch_size
        if len(rows) < self._rows_per_batch:
            # The short end of a pass: the same share, with room for a negative.
            size = min(max(len(rows) * size // self._rows_per_batch, int(positive.sum()) + 1), len(rows))
        try:
            return thin_negatives(positive, size)
        except DataError as error:
            place = join(self._path, "preprocess.downsample_negatives.batch_multiplier")
            raise DataError(error.message, place) from error

    def _gathered_labels(self, parts: Sequence[Part], num_rows: int) -> Tensor:
        """Labels `[num_rows, T]`; a task without labels has 0 throughout."""
        labels = torch.zeros((num_rows, len(self._labels.names)), pin_memory=torch.cuda.is_available())
        known = [index for index, name in enumerate(self._labels.names) if name in self._labels.rates]
        columns = [self._decoder.labels.index(self._labels.names[index]) for index in known]
        into = labels.numpy()
        for part in parts:
            values = np.zeros((len(part.rows.labels[part.taken]), len(self._labels.names)), np.float32)
            values[:, known] = part.rows.labels[part.taken][:, columns]
            into[part.into] = values
        return labels

    def _weights(self, labels: Tensor) -> Tensor:
        """Weights `[B, T]` that make good for the rates; a task without labels weighs nothing."""
        rates = [self._labels.rates.get(name) for name in self._labels.names]
        weights = sample_weights(labels, [rate or (1.0, 1.0) for rate in rates])
        return weights * torch.tensor([float(rate is not None) for rate in rates])


def as_slice(numbers: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """A slice, which copies faster, if the numbers are consecutive; otherwise the numbers."""
    if len(numbers) and numbers[-1] - numbers[0] == len(numbers) - 1 and (np.diff(numbers) == 1).all():
        return slice(int(numbers[0]), int(numbers[-1]) + 1)
    return numbers
