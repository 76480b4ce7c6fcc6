"""How often each text occurs, in bounded memory: what gets too much lies in sorted files until the end."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SCHEMA = pa.schema([("text", pa.binary()), ("count", pa.int64())])


class Counts:
    """Counts of texts."""

    def __init__(self, folder: Path, name: str, most_in_memory: int) -> None:
        """Counts nothing yet.

        Args:
            folder: where files go, which whoever made it removes.
            name: what its files begin with.
            most_in_memory: distinct texts that are held before they are written away.
        """
        self._folder = folder
        self._name = name
        self._most = most_in_memory
        self._waiting: list[pa.Table] = []
        self._num_waiting = 0
        self._num_kept = 0
        self._runs: list[Path] = []

    def add(self, table: pa.Table) -> None:
        """Adds counts, `SCHEMA`; texts may repeat, and rows of a null text count nothing."""
        self._waiting.append(table)
        self._num_waiting += table.num_rows
        if self._num_waiting > self._num_kept + max(self._most // 4, 1):
            self._consolidate()

    def tables(self) -> Iterator[pa.Table]:
        """The counts, by text, each once; texts in order of their bytes, tables of some size."""
        self._consolidate()
        runs = [pa.ipc.open_file(pa.memory_map(str(path))).read_all().combine_chunks() for path in self._runs]
        runs += [_sorted(table) for table in self._waiting]
        yield from _merged([run for run in runs if run.num_rows], max(self._most, 1))

    def _consolidate(self) -> None:
        if len(self._waiting) > 1 or self._num_waiting != self._num_kept:
            self._waiting = [summed(pa.concat_tables(self._waiting))]
        self._num_waiting = self._num_kept = sum(table.num_rows for table in self._waiting)
        if self._num_kept > self._most:
            self._spill()

    def _spill(self) -> None:
        path = self._folder / f"{self._name}-{len(self._runs)}.arrow"
        (table,) = self._waiting
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, SCHEMA) as writer:
            writer.write_table(_sorted(table))
        self._runs.append(path)
        self._waiting, self._num_waiting, self._num_kept = [], 0, 0


def most_frequent(tables: Iterator[pa.Table], min_count: int, most: int) -> tuple[list[str], int]:
    """The texts that occur often enough, by falling count, then by their bytes; and the occurrences of all others.

    Args:
        tables: as `Counts.tables` gives them.
        min_count: fewest occurrences.
        most: most texts.
    """
    best = SCHEMA.empty_table()
    total = 0
    for table in tables:
        total += pc.sum(table["count"]).as_py()
        best = pa.concat_tables([best, table.filter(pc.greater_equal(table["count"], min_count))])
        if len(best) > 2 * most:
            best = _first_by_count(best, most)
    best = _first_by_count(best, most)
    return best["text"].cast(pa.string()).to_pylist(), total - (pc.sum(best["count"]).as_py() or 0)


def _first_by_count(table: pa.Table, most: int) -> pa.Table:
    """The rows of the highest counts; those of the same count stay in their order."""
    return table.take(pa.array(np.argsort(-np.asarray(table["count"]), kind="stable")[:most])).combine_chunks()


def summed(table: pa.Table) -> pa.Table:
    """The table with each text once."""
    grouped = table.group_by("text").aggregate([("count", "sum")])
    return pa.table([grouped["text"], grouped["count_sum"]], schema=SCHEMA)


def _sorted(table: pa.Table) -> pa.Table:
    return table.sort_by("text").combine_chunks()


def _merged(runs: list[pa.Table], most: int) -> Iterator[pa.Table]:
    """Joins sorted runs, a range of texts at a time, of about as many rows as may be in memory."""
    num_rows = sum(run.num_rows for run in runs)
    num_ranges = -(-num_rows // most)
    begins = [0] * len(runs)
    for bound in [*_bounds(runs, num_ranges), None]:
        ends = [run.num_rows if bound is None else _place_of(bound, run) for run in runs]
        parts = [run.slice(begin, end - begin) for run, begin, end in zip(runs, begins, ends, strict=True)]
        begins = ends
        if any(part.num_rows for part in parts):
            yield _sorted(summed(pa.concat_tables(parts)))


def _bounds(runs: list[pa.Table], num_ranges: int) -> list[bytes]:
    """Texts between ranges, from samples of each run."""
    if num_ranges <= 1:
        return []
    samples = sorted(
        run["text"][int(place)].as_py() for run in runs for place in np.linspace(0, run.num_rows - 1, 4 * num_ranges)
    )
    return sorted({samples[len(samples) * i // num_ranges] for i in range(1, num_ranges)})


def _place_of(bound: bytes, run: pa.Table) -> int:
    texts = run["text"]
    return bisect_left(range(run.num_rows), bound, key=lambda place: texts[place].as_py())
