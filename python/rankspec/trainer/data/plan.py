"""What a data set's batches are made of, and how: all that is settled before a file is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from torch import Tensor

from rankspec.trainer.data.formats import Format
from rankspec.trainer.data.labels import Label
from rankspec.trainer.data.order import OrderSettings
from rankspec.trainer.data.source import OpenRows
from rankspec.trainer.data.step import Step
from rankspec.trainer.data.thinning import Thinning
from rankspec.trainer.data.values import StoredColumn
from rankspec.trainer.inputs import Input
from rankspec.trainer.program import Batch


@dataclass(frozen=True)
class Share:
    """This process's place among those that share every global batch."""

    rank: int
    world_size: int

    def of(self, num_rows: int) -> tuple[int, int]:
        """First row and last plus one of this process's slice; slices differ by at most one row."""
        return num_rows * self.rank // self.world_size, num_rows * (self.rank + 1) // self.world_size


class ListTensors(NamedTuple):
    """A list of ids for each row, as tensors; see `rankspec.encoding.lists.Lists`.

    Attributes:
        values: int64 `[N]`.
        offsets: int64 `[B + 1]`.
    """

    values: Tensor
    offsets: Tensor


@dataclass(frozen=True)
class BatchParts:
    """What a batch is made of.

    Attributes:
        inputs: `[B, width]` by name.
        lists: lists of ids, one a row, by name.
        labels: float32 `[B, T]`; a task without labels has 0.
        weights: float32 `[B, T]`, what a row counts for each task; a task without labels has 0.
        number: number of the global batch in its stream, from 0.
        first_row: place of the slice's first row in the global batch.
        global_rows: rows of the global batch over all processes.
    """

    inputs: Mapping[str, Tensor]
    lists: Mapping[str, ListTensors]
    labels: Tensor
    weights: Tensor
    number: int
    first_row: int
    global_rows: int


@dataclass(frozen=True)
class DataPlan:
    """How the rows of a data set become batches.

    Attributes:
        path: the data set's place in the spec, such as `train_data`.
        open_rows: opens a file of the form that the data set's files have.
        source: the field of the spec that names its files.
        inputs: what is read of the files, the model's inputs and those that travel with the rows.
        task_names: the tasks, in the order of the columns of a batch.
        labels: those that the files have labels of, in the order of these tasks.
        steps: what is done to the rows, in order.
        formats: the formats of all inputs behind the last step, those that steps make included; lists have none.
        thinning: how negatives are left out of batches, or none.
        make_batch: makes a batch of tensors.
        batch_size: rows of a global batch.
        share: this process's part of it.
        order: in which order rows are read.
        training: whether this is the training stream, which ends in the middle of a pass only if it has to.
        repeats: whether one pass follows the other.
        keeps_rows: whether decoded rows stay in memory once they have been read.
        num_readers: row groups read at the same time.
        num_assemblers: batches made at the same time.
    """

    path: str
    source: str
    open_rows: OpenRows
    inputs: tuple[Input, ...]
    task_names: tuple[str, ...]
    labels: tuple[Label, ...]
    steps: tuple[Step, ...]
    formats: Mapping[str, Format]
    thinning: Thinning | None
    make_batch: Callable[[BatchParts], Batch]
    batch_size: int
    share: Share
    order: OrderSettings
    training: bool
    repeats: bool
    keeps_rows: bool
    num_readers: int
    num_assemblers: int

    @property
    def lists(self) -> tuple[str, ...]:
        """Those of the inputs whose rows are lists."""
        return tuple(item.name for item in self.inputs if item.is_list)

    @cached_property
    def columns(self) -> tuple[StoredColumn, ...]:
        """What is read of a file, each column once."""
        stored = {i.column: StoredColumn(i.column, i.dtype, i.stored_length, i.names) for i in self.inputs}
        stored |= {column.name: column for step in self.steps for column in step.columns}
        for label in self.labels:
            # A number is read as what else the column is read for.
            stored.setdefault(label.name, label.column)
        return tuple(stored.values())

    @property
    def rows_per_batch(self) -> int:
        """Rows that a global batch is made of; more than it has where negatives are thinned out."""
        return self.batch_size * (self.thinning.batch_multiplier if self.thinning else 1)
