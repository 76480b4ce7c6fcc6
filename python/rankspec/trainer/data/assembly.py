"""Batches from row groups: which a batch needs, and how its rows come together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rankspec.encoding.lists import Lists
from rankspec.trainer.data.formats import as_array
from rankspec.trainer.data.order import RowNumbers, RowOrder
from rankspec.trainer.data.plan import BatchParts, DataPlan, ListTensors
from rankspec.trainer.data.row_groups import Requests
from rankspec.trainer.data.rows import Part
from rankspec.trainer.data.thinning import thin_negatives
from rankspec.trainer.data.weights import sample_weights
from rankspec.trainer.data_error import DataError
from rankspec.trainer.program import Batch


class BatchAssembler:
    """Makes this process's slices of the global batches.

    Attributes:
        offset: rows of the stream that lie before global batch 0, or that it lacks if below 0.
    """

    def __init__(self, plan: DataPlan, order: RowOrder) -> None:
        """Takes the plan and the order of the rows."""
        self._plan = plan
        self._order = order
        self._columns = [plan.task_names.index(label.name) for label in plan.labels]
        # Pinned memory, where there is a CUDA device to copy from it.
        self._pinned = torch.cuda.is_available()
        self.offset = 0

    def places(self, number: int) -> tuple[int, int]:
        """The places of the stream that global batch `number` is made of, first and last plus one."""
        start = number * self._plan.rows_per_batch + self.offset
        stop = start + self._plan.rows_per_batch
        return start, stop if self._plan.repeats else min(stop, self._order.num_rows)

    def needed(self, number: int, end: int | None) -> list[int]:
        """The row groups that a batch is made from, and some of those that the next ones before `end` will need.

        How far it reads ahead grows while a window of shuffled rows is being used up, so that the next window is there
        when it begins and never more than two windows are in memory.
        """
        start, stop = self.places(number)
        if self._plan.thinning is None:
            first, last = self._plan.share.of(stop - start)
            start, stop = start + first, start + last
        start, end_of_window = self._order.windows_around(start, stop)
        until = max(end_of_window, stop + self._order.window_size) + self._order.largest_row_group
        return self._order.row_groups(start, until if end is None else max(min(until, end), end_of_window))

    def assemble(self, number: int, row_groups: Requests) -> Batch:
        """This process's slice of global batch `number`, waiting for the row groups it is made from."""
        rows = self._order.rows(*self.places(number))
        weights = np.ones(len(rows), np.float32)
        if self._plan.thinning is not None:
            chosen, weights = self._thinned(rows, row_groups)
            rows = rows[chosen]
        first, last = self._plan.share.of(len(rows))
        parts = self._parts(rows[first:last], row_groups)
        inputs = {name: self._gathered(name, parts, last - first) for name in self._plan.formats}
        lists = {name: self._gathered_lists(name, parts) for name in self._plan.lists}
        labels = self._gathered_labels(parts, last - first)
        return self._plan.make_batch(
            BatchParts(
                inputs=inputs,
                lists=lists,
                labels=labels,
                weights=self._weights(labels).mul_(torch.from_numpy(weights[first:last, None])),
                number=number,
                first_row=first,
                global_rows=len(rows),
            )
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
        assert self._plan.thinning is not None, "only a plan that asks for it has batches thinned out"
        positive = np.zeros(len(rows), np.bool_)
        for part in self._parts(rows, row_groups):
            positive[part.into] = part.rows.positive[part.taken]
        size = self._plan.batch_size
        if len(rows) < self._plan.rows_per_batch:
            # The short end of a pass: the same share, with room for a negative.
            size = min(max(len(rows) * size // self._plan.rows_per_batch, int(positive.sum()) + 1), len(rows))
        try:
            return thin_negatives(positive, size)
        except DataError as error:
            raise DataError(error.message, self._plan.thinning.path) from error

    def _gathered(self, name: str, parts: Sequence[Part], num_rows: int) -> Tensor:
        """Rows of one input, `[num_rows, width]`, from one or more row groups."""
        layout = self._plan.formats[name]
        tensor = torch.empty((num_rows, layout.width), dtype=layout.dtype, pin_memory=self._pinned)
        into = as_array(tensor)
        for part in parts:
            into[part.into] = part.rows.inputs[name][part.taken]
        return tensor

    def _gathered_lists(self, name: str, parts: Sequence[Part]) -> ListTensors:
        """The lists of one input, from one or more row groups."""
        joined = Lists.joined([part.rows.lists[name][part.taken] for part in parts])
        rows = joined[np.argsort(_numbers([part.into for part in parts]))] if len(parts) > 1 else joined
        tensors = torch.from_numpy(np.ascontiguousarray(rows.values)), torch.from_numpy(rows.offsets)
        return ListTensors(*(one.pin_memory() if self._pinned else one for one in tensors))

    def _gathered_labels(self, parts: Sequence[Part], num_rows: int) -> Tensor:
        """Labels `[num_rows, T]`; a task without labels has 0 throughout."""
        labels = torch.zeros((num_rows, len(self._plan.task_names)), pin_memory=self._pinned)
        into = labels.numpy()
        for part in parts:
            found = part.rows.labels[part.taken]
            values = np.zeros((len(found), len(self._plan.task_names)), np.float32)
            values[:, self._columns] = found
            into[part.into] = values
        return labels

    def _weights(self, labels: Tensor) -> Tensor:
        """Weights `[B, T]` that make good for the rates; a task without labels weighs nothing."""
        weights = torch.zeros_like(labels)
        weights[:, self._columns] = 1
        weighed = [(column, label.rates) for column, label in zip(self._columns, self._plan.labels, strict=True)]
        weighed = [(column, rates) for column, rates in weighed if rates != (1.0, 1.0)]
        if weighed:
            columns = [column for column, _ in weighed]
            weights[:, columns] = sample_weights(labels[:, columns], [rates for _, rates in weighed])
        return weights


def _numbers(places: Sequence[slice | NDArray[np.int64]]) -> NDArray[np.int64]:
    """The numbers that slices and numbers name, one after the other."""
    return np.concatenate([np.arange(one.start, one.stop) if isinstance(one, slice) else one for one in places])


def as_slice(numbers: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """A slice, which copies faster, if the numbers are consecutive; otherwise the numbers."""
    if len(numbers) and numbers[-1] - numbers[0] == len(numbers) - 1 and (np.diff(numbers) == 1).all():
        return slice(int(numbers[0]), int(numbers[-1]) + 1)
    return numbers
