"""The files of a data set, written from staged rows, and what is found out of the rows while they pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rankspec.data.v1.recipe_pb2 import Recipe
from rankspec.datasets.feature_names import names_in_schema, schema_entry
from rankspec.datasets.importing import leaks
from rankspec.datasets.importing.carrying import Carrying
from rankspec.datasets.importing.corrections import Label
from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.staging import VECTORS, write_rows
from rankspec.datasets.vectors import matrix_of
from rankspec.encoding.dividing import Divider
from rankspec.encoding.positions import Position, positions
from rankspec.metrics.feature_statistics import Moments, RunningStatistics

_DTYPES = {"continuous": "float_list", "binary": "int64_list", "discrete": "int64_list"}
# Statistics are summed in pieces of so many rows, whatever the files are: their last digits follow from the pieces.
_ROWS_OF_SUM = 65536
# The square of a mean over the variance: three deviations.
FAR = 9


@dataclass
class FoundInFile:
    """What is found out of the rows of one file.

    Attributes:
        num_rows: rows.
        num_positives: positives by task; of labels that are numbers nothing is counted.
        groups: the distinct groups; none if no column says which group a row is of.
        statistics: of the continuous features, by pieces of the file in their order; none outside the first part.
        numbers: of labels that are numbers, in the order of their tasks.
    """

    num_rows: int
    num_positives: dict[str, int]
    groups: pa.Array | None
    statistics: list[RunningStatistics]
    numbers: Moments


class Spread(NamedTuple):
    """Where numbers lie."""

    mean: float
    variance: float

    @property
    def is_far(self) -> bool:
        """They lie so far from 0 that a model that begins there sees hardly anything but their mean."""
        return self.mean**2 > FAR * self.variance


@dataclass
class Found:
    """What is found out of the rows.

    Attributes:
        num_rows: rows by part.
        num_positives: positives by part and task; of labels that are numbers nothing is counted.
        giving_away: features that tell a label on their own, by task, with the area under the ROC curve.
        num_groups: groups of the first part.
        num_groups_on_both_sides: groups of the first part that come in another part too.
        statistics: of the continuous features of the first part.
        spreads: of labels that are numbers, by task, in the first part.
    """

    num_rows: dict[str, int] = field(default_factory=dict)
    num_positives: dict[str, dict[str, int]] = field(default_factory=dict)
    giving_away: dict[str, dict[str, float]] = field(default_factory=dict)
    num_groups: int = 0
    num_groups_on_both_sides: int = 0
    statistics: RunningStatistics | None = None
    spreads: dict[str, Spread] = field(default_factory=dict)


class Writer:
    """Writes the files of a data set.

    Attributes:
        entries: of the schema file.
        parts: the parts' names; the first one is trained on.
    """

    def __init__(
        self, recipe: Recipe, tasks: dict[str, bool], carried: dict[str, str], *, group: str | None = None
    ) -> None:
        """Takes what the rows are like.

        Args:
            recipe: the fitted recipe.
            tasks: the tasks, with whether the label is a number.
            carried: columns that travel with the rows, with their types in the schema file.
            group: the column of numbers that says which group a row is of.
        """
        self._tasks = tasks
        places = positions(recipe)
        self._places = {name: getattr(places, name) for name in VECTORS}
        self._group = group
        self._output = recipe.output
        self.parts = Divider(recipe).part_names
        self.entries = [_entry(name, places) for name, places in self._places.items() if places]
        self.entries += [_entry_of_lists(place) for place in places.lists]
        self.entries += [schema_entry(t, "float_list" if real else "int64_list", 1) for t, real in tasks.items()]
        self.entries += [schema_entry(name, dtype, 1) for name, dtype in carried.items()]

    def name_of(self, part: str, file: int) -> str:
        """What a file of a part is called."""
        return f"{part}-{file:0{max(2, len(str(self._output.num_shards - 1)))}}.parquet"

    def write_file(self, table: pa.Table, path: Path) -> None:
        """Writes one file."""
        whole = [task for task in self._counted if task in table.column_names]
        write_rows(table, path, names_in_schema(self.entries), row_group_rows=self._output.row_group_rows, whole=whole)

    def look_at(self, table: pa.Table, part: str) -> FoundInFile:
        """What is found out of the rows of a file of a part.

        Raises:
            TableError: a label is neither 0 nor 1.
        """
        statistics = []
        if part == self.parts[0] and self._places["continuous"]:
            values = _matrix(table["continuous"], "continuous")
            for start in range(0, len(values), _ROWS_OF_SUM):
                statistics.append(RunningStatistics(values.shape[1]))
                statistics[-1].add(values[start : start + _ROWS_OF_SUM])
        return FoundInFile(
            table.num_rows,
            {task: int(_zero_or_one(np.asarray(table[task]), task).sum()) for task in self._counted},
            None if self._group is None else _distinct(table[self._group].chunks),
            statistics,
            _moments([table[task] for task in self._numbers]),
        )

    def found(self, of_files: Mapping[tuple[str, int], FoundInFile], folder: Path) -> Found:
        """What is found out of all rows, whose files are written."""
        found = Found()
        if self._places["continuous"]:
            found.statistics = RunningStatistics(len(self._places["continuous"]))
        for part in self.parts:
            files = sorted(file for of_part, file in of_files if of_part == part)
            of_part = [of_files[part, file] for file in files]
            found.num_rows[part] = sum(of_file.num_rows for of_file in of_part)
            found.num_positives[part] = {
                task: sum(of_file.num_positives[task] for of_file in of_part) for task in self._counted
            }
            for piece in (piece for of_file in of_part for piece in of_file.statistics):
                assert found.statistics is not None
                found.statistics.join(piece)
            if files and part == self.parts[0]:
                found.spreads = self._spreads(of_part)
                found.giving_away = self._giving_away(folder / self.name_of(part, files[0]))
        self._count_groups(found, of_files)
        return found

    @property
    def _counted(self) -> list[str]:
        """The tasks whose labels are 0 or 1."""
        return [task for task, is_number in self._tasks.items() if not is_number]

    @property
    def _numbers(self) -> list[str]:
        """The tasks whose labels are numbers."""
        return [task for task, is_number in self._tasks.items() if is_number]

    def _spreads(self, of_files: Sequence[FoundInFile]) -> dict[str, Spread]:
        """Where the labels that are numbers lie, over the rows of some files."""
        whole = Moments(len(self._numbers))
        for of_file in of_files:
            whole.join(of_file.numbers)
        variances = whole.squares / np.maximum(whole.count, 1)
        spreads = map(Spread, whole.mean.tolist(), variances.tolist())
        return dict(zip(self._numbers, spreads, strict=True))

    def _giving_away(self, path: Path) -> dict[str, dict[str, float]]:
        """Features that tell a label on their own, by the first rows of a file."""
        with pq.ParquetFile(path) as file:
            num_groups = -(-leaks.MOST_ROWS // self._output.row_group_rows)
            rows = file.read_row_groups(range(min(num_groups, file.num_row_groups)), use_threads=False)
        first = rows.slice(0, leaks.MOST_ROWS)
        vectors = [
            (_matrix(first[name], name), [place.name for place in places], name == "discrete")
            for name, places in self._places.items()
            if places
        ]
        return {task: leaks.giving_away(np.asarray(first[task]), vectors) for task in self._counted}

    def _count_groups(self, found: Found, of_files: Mapping[tuple[str, int], FoundInFile]) -> None:
        groups = {
            part: [of.groups for (of_part, _), of in of_files.items() if of_part == part and of.groups is not None]
            for part in self.parts
        }
        if not groups[self.parts[0]]:
            return
        first, others = _distinct(groups[self.parts[0]]), [array for part in self.parts[1:] for array in groups[part]]
        found.num_groups = len(first)
        if others:
            other = _distinct(others)
            found.num_groups_on_both_sides = len(first) + len(other) - len(_distinct([first, other]))


def writer_of(recipe: Recipe, labels: Sequence[Label], group: str | None) -> Writer:
    """Writes what a fitted recipe makes of rows.

    Args:
        recipe: the recipe.
        labels: what is predicted.
        group: the column of what rows are ranked within.
    """
    carrying = Carrying(recipe)
    tasks = {label.task: label.is_number for label in labels}
    return Writer(recipe, tasks, carrying.dtypes, group=carrying.number_of(group) if group else None)


def _distinct(arrays: Sequence[pa.Array]) -> pa.Array:
    """The distinct values of some arrays; hashing is faster than numpy's sorting."""
    return pc.unique(pa.concat_arrays(arrays))


def _moments(labels: Sequence[pa.ChunkedArray]) -> Moments:
    """Moments of labels, each of which is a number in every row."""
    if not labels:
        return Moments(0)
    values = np.stack([np.asarray(label, np.float64) for label in labels], axis=1)
    return Moments.of(values, np.ones(values.shape, np.bool_))


def _entry(name: str, places: Sequence[Position]) -> dict[str, Any]:
    """A vector's entry of the schema file."""
    sizes = [place.num_ids for place in places]
    entry = schema_entry(name, _DTYPES[name], len(places), [place.name for place in places])
    if name == "discrete":
        entry["sizes"] = sizes
        if any(place.vocabulary for place in places):
            entry["vocabularies"] = [place.vocabulary for place in places]
    return entry


def _entry_of_lists(place: Position) -> dict[str, Any]:
    """The schema file's entry of a column of lists, whose rows vary in length."""
    entry = schema_entry(place.name, "int64_list", -1, [place.name], [place.num_ids or 1])
    return entry | ({"vocabularies": [place.vocabulary]} if place.vocabulary else {})


def _zero_or_one(values: NDArray[Any], task: str) -> NDArray[np.int64]:
    """Labels as whole numbers.

    Raises:
        TableError: they are others.
    """
    labels = values.astype(np.int64)
    if ((labels != values) | ((labels != 0) & (labels != 1))).any():
        raise TableError(
            f"{task}: a label is neither 0 nor 1; say what is positive, as in --label '{task}>=4', or say "
            f"--label {task}:number"
        )
    return labels


def _matrix(column: pa.ChunkedArray, name: str) -> NDArray[Any]:
    return matrix_of(column, np.float32 if name == "continuous" else np.int64)
