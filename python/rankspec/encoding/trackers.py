"""What fitting counts of a column: sums that add up to the same in any order, and that files carry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa

from rankspec.encoding.columns import Column, ListColumn
from rankspec.encoding.counts import SCHEMA as COUNTS
from rankspec.encoding.counts import Counts
from rankspec.encoding.histogram import HistogramSums
from rankspec.encoding.rows import Rows


class Tracker(ABC):
    """Counts something of a column.

    Attributes:
        column: the raw column's name.
        totals: int64 counts that all trackers of its kind have, added like the rest.
    """

    schema: ClassVar[pa.Schema]
    num_totals: ClassVar[int]

    def __init__(self, column: str) -> None:
        self.column = column
        self.totals = np.zeros(self.num_totals, np.int64)

    @abstractmethod
    def add(self, rows: Rows) -> None:
        """Counts rows."""

    @abstractmethod
    def add_table(self, table: pa.Table) -> None:
        """Adds what another one has counted."""

    @abstractmethod
    def tables(self) -> list[pa.Table]:
        """What was counted."""


class NumberTracker(Tracker):
    """The histogram of a column of numbers. Totals: values, missing, not finite."""

    schema = pa.schema([("bits", pa.int32()), ("count", pa.int64()), ("low", pa.int64()), ("squares", pa.int64())])
    num_totals = 3

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.histogram = HistogramSums()

    def add(self, rows: Rows) -> None:
        """Counts rows."""
        numbers = rows.values(self.column).numbers
        self.histogram.add(numbers.values[numbers.is_there])
        num_values = int(np.count_nonzero(numbers.is_there))
        self.totals += [num_values, numbers.num_missing, len(rows) - num_values - numbers.num_missing]

    def add_table(self, table: pa.Table) -> None:
        """Adds what another one has counted."""
        sums = np.stack([np.asarray(table[name]) for name in ("count", "low", "squares")], axis=1)
        self.histogram.sums[np.asarray(table["bits"])] += sums

    def tables(self) -> list[pa.Table]:
        """What was counted."""
        self.histogram.flush()
        there = np.flatnonzero(self.histogram.sums[:, 0])
        return [pa.table([there.astype(np.int32), *self.histogram.sums[there].T], schema=self.schema)]


class DistinctTracker(Tracker):
    """The distinct numbers of a column, up to so many. Totals: values, those that are none."""

    schema = pa.schema([("value", pa.float64())])
    num_totals = 2

    def __init__(self, column: str, most: int) -> None:
        super().__init__(column)
        self.most = most
        self.values = np.empty(0, np.float64)

    def add(self, rows: Rows) -> None:
        """Counts rows."""
        numbers = rows.values(self.column).numbers
        self._add(numbers.values[numbers.is_there])
        num_values = int(np.count_nonzero(numbers.is_there))
        self.totals += [num_values, len(rows) - num_values]

    def add_table(self, table: pa.Table) -> None:
        """Adds what another one has counted."""
        self._add(np.asarray(table["value"]))

    def tables(self) -> list[pa.Table]:
        """What was counted."""
        return [pa.table([self.values], schema=self.schema)]

    def _add(self, values: np.ndarray) -> None:
        # With one more than the most, there are too many: whichever these are, and whatever comes.
        if len(self.values) > self.most:
            return
        if len(self.values):
            # Mostly they are known by then, and finding them is faster than sorting them.
            places = np.minimum(np.searchsorted(self.values, values), len(self.values) - 1)
            values = values[self.values[places] != values]
        if len(values):
            self.values = np.union1d(self.values, values + 0.0)[: self.most + 1]


class TextTracker(Tracker):
    """Occurrences of each text of a column of categories. Totals: missing."""

    schema = COUNTS
    num_totals = 1

    def __init__(self, column: str, *, lists: bool, folder: Path, name: str, most_in_memory: int) -> None:
        super().__init__(column)
        self._lists = lists
        self.counts = Counts(folder, name, most_in_memory)

    def add(self, rows: Rows) -> None:
        """Counts rows."""
        column = rows.lists(self.column) if self._lists else rows.values(self.column)
        items = column.items if isinstance(column, ListColumn) else column
        self.totals[0] += self._count(items)

    def _count(self, items: Column) -> int:
        """Counts values, and says how many were missing."""
        texts = items.text_array
        counts = np.bincount(items.codes + 1, minlength=len(texts) + 1)
        is_there = np.asarray(texts.is_valid())
        # Values may be those of other rows too.
        comes = pa.array(is_there & (counts[1:] > 0))
        self.counts.add(pa.table([texts, counts[1:]], schema=COUNTS).filter(comes))
        return int(counts[0] + counts[1:][~is_there].sum())

    def add_table(self, table: pa.Table) -> None:
        """Adds what another one has counted."""
        self.counts.add(table)

    def tables(self) -> list[pa.Table]:
        """What was counted."""
        return list(self.counts.tables())


class TimeTracker(Tracker):
    """Rows by whole multiples of a unit of time. Totals: those without a time."""

    schema = pa.schema([("unit", pa.int64()), ("count", pa.int64())])
    num_totals = 1

    def __init__(self, column: str, unit_micros: int) -> None:
        super().__init__(column)
        self._unit = unit_micros
        self.rows: dict[int, int] = {}

    def add(self, rows: Rows) -> None:
        """Counts rows."""
        array = rows.values(self.column).array
        self.totals[0] += array.null_count
        units, counts = np.unique(np.asarray(array.drop_null()) // self._unit, return_counts=True)
        self._add(units, counts)

    def add_table(self, table: pa.Table) -> None:
        """Adds what another one has counted."""
        self._add(np.asarray(table["unit"]), np.asarray(table["count"]))

    def tables(self) -> list[pa.Table]:
        """What was counted."""
        units = sorted(self.rows)
        return [pa.table([units, [self.rows[unit] for unit in units]], schema=self.schema)]

    def _add(self, units: np.ndarray, counts: np.ndarray) -> None:
        for unit, count in zip(units.tolist(), counts.tolist(), strict=True):
            self.rows[unit] = self.rows.get(unit, 0) + count
