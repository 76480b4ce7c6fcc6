"""What a data set's batches are made of, and how: all that is settled before a file is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.signature import Column, Input
from rankspec.trainer.data.ids import IdRange
from rankspec.trainer.data.order import OrderSettings


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
    """

    names: tuple[str, ...]
    rates: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class DataPlan:
    """How the rows of a data set become batches.

    Attributes:
        path: the data set's place in the spec, such as `train_data`.
        source: the field of the spec that names its files.
        data: its configuration.
        schema: the columns that its schema file describes.
        inputs: what is read of the files, the model's inputs and those that travel with the rows.
        id_ranges: the ids that the model has rows for.
        labels: the tasks.
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
    data: RecapDataConfig
    schema: Mapping[str, Column]
    inputs: tuple[Input, ...]
    id_ranges: Sequence[IdRange]
    labels: TaskLabels
    batch_size: int
    share: Share
    order: OrderSettings
    training: bool
    repeats: bool
    keeps_rows: bool
    num_readers: int
    num_assemblers: int
