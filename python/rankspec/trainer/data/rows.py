"""What a row group becomes: inputs and labels as the model takes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rankspec.encoding.lists import Lists
from rankspec.trainer.data.plan import DataPlan
from rankspec.trainer.data.source import RowFile, place_in
from rankspec.trainer.data.step import Chunk
from rankspec.trainer.data.values import Array
from rankspec.trainer.data_error import DataError


@dataclass(frozen=True, slots=True)
class Rows:
    """Decoded rows.

    Attributes:
        inputs: `[rows, width]` by name, in the formats of the plan.
        labels: `[rows, L]`, a column for each of the labels of the plan; uint8 if all are 0 or 1, otherwise float32.
        positive: whether a row is a positive where negatives are thinned out, `[rows]`; by the labels of the file,
            since that step comes before those that change labels.
        lists: those of the inputs whose rows are lists, by name.
    """

    inputs: dict[str, Array]
    labels: Array
    positive: NDArray[np.bool_]
    lists: dict[str, Lists] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows taken from one row group.

    Attributes:
        rows: the row group.
        taken: places in it.
        into: the places they go to.
    """

    rows: Rows
    taken: slice | NDArray[np.int64]
    into: slice | NDArray[np.int64]


class RowDecoder:
    """Reads row groups of a data set and applies the steps to their rows."""

    def __init__(self, plan: DataPlan) -> None:
        """Takes the plan, which says what is read and what the steps are."""
        self._plan = plan

    def read(self, file: RowFile, index: int) -> Rows:
        """Reads and decodes one row group.

        Raises:
            DataError: a value is missing, of the wrong type or out of its range; the text names file and row group.
        """
        plan, rows = self._plan, self._room(file, index)
        lists: dict[str, list[Lists]] = {name: [] for name in plan.lists}
        for chunk, here in self._chunks(file, index):
            for step in plan.steps:
                step.apply(chunk)
            for name, values in chunk.inputs.items():
                rows.inputs[name][here] = values
            for number, label in enumerate(plan.labels):
                rows.labels[here, number] = chunk.labels[label.name]
            rows.positive[here] = chunk.positive
            for name, parts in lists.items():
                parts.append(chunk.lists[name])
        rows.lists.update((name, Lists.joined(parts)) for name, parts in lists.items())
        return rows

    def _chunks(self, file: RowFile, index: int) -> Iterator[tuple[Chunk, slice]]:
        """The rows of a row group as they are read, some at a time, and their places in it."""
        plan = self._plan
        for first, columns in file.chunks(index, plan.columns):
            place = place_in(file, index, first)
            num_rows = len(next(iter(columns.values())))
            stored = {name: values for name, values in columns.items() if not isinstance(values, Lists)}
            lists = {name: values for name, values in columns.items() if isinstance(values, Lists)}
            chunk = Chunk(
                stored=stored,
                inputs={item.name: stored[item.column] for item in plan.inputs if not item.is_list},
                lists={item.name: lists[item.column] for item in plan.inputs if item.is_list},
                labels={label.name: label.checked(stored[label.name], place) for label in plan.labels},
                positive=np.zeros(num_rows, np.bool_),
                place=place,
            )
            yield chunk, slice(first, first + num_rows)

    def _room(self, file: RowFile, index: int) -> Rows:
        """Memory for the rows of a row group, uninitialised."""
        num_rows, labels = file.rows[index], self._plan.labels
        try:
            return Rows(
                {name: layout.room(num_rows) for name, layout in self._plan.formats.items()},
                np.empty((num_rows, len(labels)), np.result_type(np.uint8, *(label.dtype for label in labels))),
                np.empty(num_rows, np.bool_),
            )
        # Numbers of rows that no memory could ever hold give the ValueError.
        except (MemoryError, ValueError) as error:
            raise DataError(
                f"{place_in(file, index)}: its {num_rows} rows do not fit into memory; write smaller row groups"
            ) from error
