"""Clicks: their form, their repeatability, and that they follow the rule that they are told to follow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from rankspec.cli import main
from rankspec.datasets import clicks
from rankspec.datasets.vectors import matrix_of


def _table(folder: Path) -> pa.Table:
    return pa.concat_tables(pq.read_table(file) for file in sorted(folder.rglob("*.parquet")))


def _positions(table: pa.Table) -> NDArray[np.int64]:
    positions: NDArray[np.int64] = matrix_of(table["discrete"], np.int64)[:, 0]
    return positions


def test_same_seed_gives_the_same_rows_and_another_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        clicks.write(tmp_path / name, num_rows=200, seed=seed)
    assert _table(tmp_path / "a").equals(_table(tmp_path / "b"))
    assert not _table(tmp_path / "a").equals(_table(tmp_path / "c"))


def test_files_hold_whole_lists_and_a_fifth_is_for_the_test(tmp_path: Path) -> None:
    files = clicks.write(tmp_path, num_rows=1009, num_files=3)
    assert [file.parent.name for file in files] == ["test", "train", "train", "train"]
    tables = [pq.read_table(file) for file in files]
    assert tables[0].num_rows == 200
    assert sum(table.num_rows for table in tables) == 1000
    for table in tables:
        assert _positions(table).reshape(-1, 10).tolist() == [list(range(10))] * (table.num_rows // 10)


def test_clicks_are_of_relevant_items_that_are_looked_at(tmp_path: Path) -> None:
    clicks.write(tmp_path, num_rows=100_000)
    table = _table(tmp_path)
    position, clicked, relevance = _positions(table), np.array(table["clicked"]), np.array(table["relevance"])
    for place in range(10):
        here = position == place
        assert clicked[here].mean() == pytest.approx(relevance[here].mean() / (1 + place), rel=0.15)
    seen_first = position == 0
    for low, high in ((0.0, 0.2), (0.4, 0.6), (0.8, 1.0)):
        alike = seen_first & (relevance >= low) & (relevance < high)
        assert clicked[alike].mean() == pytest.approx(relevance[alike].mean(), abs=0.04)


def test_too_few_rows_are_refused_by_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "clicks", "-o", str(tmp_path), "--rows", "90"]) == 1
    assert capsys.readouterr().err == ("error: 90 rows do not fill 2 files; give at least five lists of 10 for each\n")
    assert main(["data", "clicks", "-o", str(tmp_path), "--rows", "505"]) == 0
    assert capsys.readouterr().out.startswith("500 rows, in lists of 10, in 3 files of ")
