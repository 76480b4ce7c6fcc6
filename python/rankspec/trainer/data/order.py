"""The order in which rows are read: a pure function of the seed and the data set.

The rows of a data set are numbered through its files, in the order of the files' names. An epoch is a
permutation of those numbers; the stream is one epoch after the other. Nothing here is state: any place of the
stream can be asked for at any time, which is all that resuming takes.

An epoch is made in two steps, because a permutation of all rows would need all of them in memory. First the
row groups are put in an order (files shuffled, then the row groups of some files at a time mixed), and then the
rows of one window of that sequence at a time are shuffled among each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from threading import Lock

import numpy as np
from numpy.typing import NDArray

RowNumbers = NDArray[np.int64]

# What a permutation is for, so that no two of them are drawn from the same numbers.
_FILES, _ROW_GROUPS, _ROWS = range(3)
_KEPT_WINDOWS = 4
# Reading ahead in a data set of few rows reaches some epochs further.
_KEPT_EPOCHS = 8
# Rows whose numbers are computed at once where nothing is shuffled.
_UNSHUFFLED_WINDOW = 4096


def permutation(size: int, *key: int) -> RowNumbers:
    """A random order of `0 … size - 1`, `[size]`, given by the key alone.

    It sorts the raw output of PCG64: numpy keeps a bit generator's output the same from version to version,
    and promises no such thing for `Generator.permutation`.
    """
    bits = np.random.PCG64(np.random.SeedSequence(key)).random_raw(size)
    return np.argsort(bits, kind="stable")


@dataclass(frozen=True)
class OrderSettings:
    """What the order of rows follows from, the rows of the files apart.

    Attributes:
        seed: what the order is drawn from, 0 or more.
        shuffle_rows: rows that are shuffled among each other; 1 leaves rows and files in their order.
        mixed_files: files whose row groups are mixed with each other.
        first_row: rows of the files, in their order, that are passed over.
        max_rows: most rows that are read after those, or none for no end.
    """

    seed: int
    shuffle_rows: int = 1
    mixed_files: int = 1
    first_row: int = 0
    max_rows: int | None = None


@dataclass(frozen=True)
class _Epoch:
    """The row groups of one epoch in reading order, and the places where they begin and the last one ends."""

    row_groups: NDArray[np.int64]
    starts: RowNumbers


class RowOrder:
    """The stream of row numbers of a data set.

    Attributes:
        num_rows: rows of one epoch.
        window_size: rows that are shuffled among each other; 0 if none are.
        largest_row_group: rows of the largest row group.
    """

    def __init__(self, rows_of_files: Sequence[Sequence[int]], settings: OrderSettings) -> None:
        """Describes a stream, by the numbers of rows of each file's row groups."""
        self._seed = settings.seed
        self._shuffles = settings.shuffle_rows > 1
        self._window = settings.shuffle_rows if self._shuffles else _UNSHUFFLED_WINDOW
        self._mixed_files = settings.mixed_files
        # Row groups are numbered through the files, as rows are.
        self._first_of_file = np.cumsum([0, *(len(file) for file in rows_of_files)])
        ends = np.cumsum([size for file in rows_of_files for size in file], dtype=np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])[: len(ends)]
        last = None if settings.max_rows is None else settings.first_row + settings.max_rows
        clipped = np.clip(starts, settings.first_row, last), np.clip(ends, settings.first_row, last)
        self._passed_over = clipped[0] - starts
        self._sizes = clipped[1] - clipped[0]
        self._first_row = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._sizes)])
        self.num_rows = int(self._first_row[-1])
        self.window_size = settings.shuffle_rows if self._shuffles else 0
        self.largest_row_group = int(self._sizes.max(initial=0))
        # Asked with the lock held, so that of several threads only one makes what is new.
        self._epoch = lru_cache(_KEPT_EPOCHS)(self._ordered)
        self._window_rows = lru_cache(_KEPT_WINDOWS)(self._shuffled_window)
        self._lock = Lock()

    def rows(self, start: int, stop: int) -> RowNumbers:
        """The numbers of the rows at places `start … stop - 1` of the stream, `[stop - start]`."""
        parts = []
        while start < stop:
            epoch, place = divmod(start, self.num_rows)
            window, offset = divmod(place, self._window)
            end = min(place - offset + self._window, self.num_rows, place + stop - start)
            with self._lock:
                rows = self._window_rows(epoch, window)
            parts.append(rows[offset : offset + end - place])
            start += end - place
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def windows_around(self, start: int, stop: int) -> tuple[int, int]:
        """The places, first and last plus one, whose rows are mixed with those at `start … stop - 1`."""
        if not self._shuffles:
            return start, stop
        first = start - (start % self.num_rows) % self._window
        epoch, place = divmod(stop - 1, self.num_rows)
        end_of_window = min(place - place % self._window + self._window, self.num_rows)
        return first, epoch * self.num_rows + end_of_window

    def row_groups(self, start: int, stop: int) -> list[int]:
        """The row groups of the sequence at places `start … stop - 1`, in its order."""
        found: dict[int, None] = {}
        while start < stop:
            epoch, place = divmod(start, self.num_rows)
            with self._lock:
                sequence = self._epoch(epoch)
            end = min(place + stop - start, self.num_rows)
            begin = int(np.searchsorted(sequence.starts, place, side="right")) - 1
            until = int(np.searchsorted(sequence.starts, end, side="left"))
            found.update(dict.fromkeys(sequence.row_groups[begin:until].tolist()))
            start += end - place
        return list(found)

    def locate(self, rows: RowNumbers) -> tuple[NDArray[np.int64], RowNumbers]:
        """For row numbers `[N]`, their row groups and their places in these, `[N]` each."""
        groups = np.searchsorted(self._first_row, rows, side="right") - 1
        return groups, rows - self._first_row[groups] + self._passed_over[groups]

    def _shuffled_window(self, epoch: int, window: int) -> RowNumbers:
        first = window * self._window
        places = np.arange(first, min(first + self._window, self.num_rows), dtype=np.int64)
        sequence = self._epoch(epoch)
        indices = np.searchsorted(sequence.starts, places, side="right") - 1
        rows = self._first_row[sequence.row_groups[indices]] + places - sequence.starts[indices]
        return rows[permutation(len(rows), self._seed, epoch, _ROWS, window)] if self._shuffles else rows

    def _ordered(self, epoch: int) -> _Epoch:
        order = self._mixed_row_groups(epoch) if self._shuffles else np.arange(len(self._sizes))
        # Empty row groups would make two begin at the same place.
        order = order[self._sizes[order] > 0]
        return _Epoch(order, np.cumsum([0, *self._sizes[order]], dtype=np.int64))

    def _mixed_row_groups(self, epoch: int) -> NDArray[np.int64]:
        bounds = list(pairwise(self._first_of_file.tolist()))
        files = permutation(len(bounds), self._seed, epoch, _FILES).tolist()
        parts = []
        for part, start in enumerate(range(0, len(files), self._mixed_files)):
            together = [np.arange(*bounds[file]) for file in files[start : start + self._mixed_files]]
            groups = np.concatenate(together)
            parts.append(groups[permutation(len(groups), self._seed, epoch, _ROW_GROUPS, part)])
        return np.concatenate(parts)
