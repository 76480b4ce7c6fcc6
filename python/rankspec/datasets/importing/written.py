"""The files of a data set, written from staged rows, and what is found out of the rows while they pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from rankspec.data.v1.recipe_pb2 import Recipe
from rankspec.datasets.feature_names import names_in_schema, schema_entry
from rankspec.datasets.importing import leaks
from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.staging import VECTORS, Staging, write_rows
from rankspec.datasets.vectors import matrix_of
from rankspec.encoding.positions import Position, positions
from rankspec.metrics.feature_statistics import RunningStatistics

_DTYPES = {"continuous": "float_list", "binary": "int64_list", "discrete": "int64_list"}
# Statistics are summed in pieces of so many rows, whatever the files are: their last digits follow from the pieces.
_ROWS_OF_SUM = 65536


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
    """

    num_rows: dict[str, int] = field(default_factory=dict)
    num_positives: dict[str, dict[str, int]] = field(default_factory=dict)
    giving_away: dict[str, dict[str, float]] = field(default_factory=dict)
    num_groups: int = 0
    num_groups_on_both_sides: int = 0
    statistics: RunningStatistics | None = None


class Writer:
    """Writes the files of a data set.

    Attributes:
        entries: of the schema file.
        found: what was found out of the rows so far.
    """

    def __init__(
        self,
        recipe: Recipe,
        tasks: dict[str, bool],
        carried: dict[str, str],
        *,
        group: str | None = None,
        statistics: bool = True,
    ) -> None:
        """Takes what the rows are like.

        Args:
            recipe: the fitted recipe.
            tasks: the tasks, with whether the label is a number.
            carried: columns that travel with the rows, with their types in the schema file.
            group: the column of numbers that says which group a row is of.
            statistics: whether statistics are taken of the first part.
        """
        self._tasks = tasks
        places = positions(recipe)
        self._places = {name: getattr(places, name) for name in VECTORS}
        self._group = group
        self._groups: dict[str, pa.Array] = {}
        self._row_group_rows = recipe.output.row_group_rows
        self.entries = [_entry(name, places) for name, places in self._places.items() if places]
        self.entries += [_entry_of_lists(place) for place in places.lists]
        self.entries += [schema_entry(t, "float_list" if real else "int64_list", 1) for t, real in tasks.items()]
        self.entries += [schema_entry(name, dtype, 1) for name, dtype in carried.items()]
        self.found = Found()
        if statistics and self._places["continuous"]:
            self.found.statistics = RunningStatistics(len(self._places["continuous"]))

    def write(self, staging: Staging, folder: Path, parts: Sequence[str], num_files: int) -> None:
        """Writes the files of all parts, each sorted."""
        digits = max(2, len(str(num_files - 1)))
        for part in parts:
            self.found.num_rows[part] = 0
            self.found.num_positives[part] = dict.fromkeys((t for t, real in self._tasks.items() if not real), 0)
            for file in range(num_files):
                if (part, file) in staging.num_rows:
                    table = staging.sorted_rows(part, file)
                    self._look_at(table, part, is_first=part == parts[0])
                    self.write_file(table, folder / f"{part}-{file:0{digits}}.parquet")
        self._count_groups(parts)

    def write_file(self, table: pa.Table, path: Path) -> None:
        """Writes one file."""
        whole = [task for task, real in self._tasks.items() if not real and task in table.column_names]
        write_rows(table, path, names_in_schema(self.entries), row_group_rows=self._row_group_rows, whole=whole)

    def _look_at(self, table: pa.Table, part: str, *, is_first: bool) -> None:
        found = self.found
        for task in found.num_positives[part]:
            labels = _zero_or_one(np.asarray(table[task]), task)
            found.num_positives[part][task] += int(labels.sum())
            if is_first and found.num_rows[part] == 0:
                found.giving_away[task] = leaks.giving_away(labels, self._vectors(table.slice(0, leaks.MOST_ROWS)))
        found.num_rows[part] += table.num_rows
        if is_first and found.statistics is not None:
            values = _matrix(table["continuous"], "continuous")
            for start in range(0, len(values), _ROWS_OF_SUM):
                found.statistics.add(values[start : start + _ROWS_OF_SUM])
        if self._group is not None:
            seen = [self._groups[part]] if part in self._groups else []
            self._groups[part] = _distinct([*seen, *table[self._group].chunks])

    def _vectors(self, table: pa.Table) -> list[tuple[Any, list[str], bool]]:
        return [
            (_matrix(table[name], name), [place.name for place in places], name == "discrete")
            for name, places in self._places.items()
            if places
        ]

    def _count_groups(self, parts: Sequence[str]) -> None:
        first = self._groups.get(parts[0])
        others = [self._groups[part] for part in parts[1:] if part in self._groups]
        self.found.num_groups = 0 if first is None else len(first)
        if others and first is not None:
            other = _distinct(others)
            self.found.num_groups_on_both_sides = len(first) + len(other) - len(_distinct([first, other]))


def _distinct(arrays: Sequence[pa.Array]) -> pa.Array:
    """The distinct values of some arrays; hashing is faster than numpy's sorting."""
    return pc.unique(pa.concat_arrays(arrays))


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
