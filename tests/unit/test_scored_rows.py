"""The file of scored rows: what is written comes back, in memory that does not grow, or is told to be missing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rankspec.trainer.errors import TrainError
from rankspec.trainer.scored_rows import ROW_GROUP_ROWS, Column, ScoredRowsWriter, read_rows


def _columns(num_rows: int, seed: int = 0) -> dict[str, Column]:
    rng = np.random.default_rng(seed)
    # A name that begins as another does, as tasks' names may.
    return {
        "score/a": rng.random(num_rows, np.float32),
        "score/a.b": rng.random(num_rows, np.float32),
        "label/a": rng.integers(0, 2, num_rows).astype(np.float32),
    }


def _write(path: Path, parts: Iterable[dict[str, Column]]) -> None:
    with ScoredRowsWriter(path) as writer:
        for part in parts:
            writer.add(part)
        writer.commit()


def _read(path: Path, *columns: str) -> dict[str, Column]:
    chunks = list(read_rows(path, columns))
    return {name: np.concatenate([np.zeros(0, np.float32), *(chunk[name] for chunk in chunks)]) for name in columns}


@pytest.mark.parametrize(
    "sizes",
    [[5], [0], [100_000] * 4, [2 * ROW_GROUP_ROWS], [3, 0, 3 * ROW_GROUP_ROWS - 2, 7]],
    ids=["few", "none", "across_groups", "whole_groups", "uneven"],
)
def test_rows_come_back_as_they_were_added(tmp_path: Path, sizes: list[int]) -> None:
    parts = [_columns(size, seed) for seed, size in enumerate(sizes)]

    _write(tmp_path / "new/rows.parquet", parts)

    assert [path.name for path in (tmp_path / "new").iterdir()] == ["rows.parquet"]
    for name in ("label/a", "score/a.b", "score/a"):
        expected = np.concatenate([part[name] for part in parts])
        assert np.array_equal(_read(tmp_path / "new/rows.parquet", name)[name], expected)


def test_chunks_hold_the_columns_asked_for_of_one_row_group(tmp_path: Path) -> None:
    _write(tmp_path / "rows.parquet", [_columns(100_000, seed) for seed in range(4)])

    chunks = list(read_rows(tmp_path / "rows.parquet", ["label/a", "score/a"]))

    assert [list(chunk) for chunk in chunks] == [["label/a", "score/a"]] * 4
    rest = 400_000 - 3 * ROW_GROUP_ROWS
    assert [len(chunk["score/a"]) for chunk in chunks] == [ROW_GROUP_ROWS] * 3 + [rest]


@pytest.mark.parametrize("num_rows", [0, 1, ROW_GROUP_ROWS, ROW_GROUP_ROWS + 1])
def test_no_row_group_is_empty(tmp_path: Path, num_rows: int) -> None:
    _write(tmp_path / "rows.parquet", [_columns(num_rows)])

    assert pq.read_metadata(tmp_path / "rows.parquet").num_row_groups == -(-num_rows // ROW_GROUP_ROWS)


def test_any_reader_of_parquet_finds_float32_in_row_groups_whatever_the_parts(tmp_path: Path) -> None:
    whole = _columns(300_000)
    _write(tmp_path / "one.parquet", [whole])
    slices = [slice(start, start + 7000) for start in range(0, 300_000, 7000)]
    _write(tmp_path / "many.parquet", [{name: values[part] for name, values in whole.items()} for part in slices])

    assert pq.read_schema(tmp_path / "one.parquet") == pa.schema(dict.fromkeys(whole, pa.float32()))
    for name in ("one", "many"):
        metadata = pq.read_metadata(tmp_path / f"{name}.parquet")
        groups = [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
        assert groups == [ROW_GROUP_ROWS, ROW_GROUP_ROWS, 300_000 - 2 * ROW_GROUP_ROWS]
    assert pq.read_table(tmp_path / "one.parquet").equals(pq.read_table(tmp_path / "many.parquet"))


def test_writer_holds_less_than_a_row_group(tmp_path: Path) -> None:
    columns = _columns(20_000)
    with ScoredRowsWriter(tmp_path / "rows.parquet") as writer:
        for _ in range(50):
            writer.add(columns)
            assert writer._num_waiting == sum(table.num_rows for table in writer._waiting) < ROW_GROUP_ROWS


def test_rows_that_are_not_committed_leave_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    _write(path, [_columns(3, seed=1)])
    before = path.read_bytes()

    with ScoredRowsWriter(path) as writer:
        writer.add(_columns(2 * ROW_GROUP_ROWS))
        assert path.read_bytes() == before
        assert len(list(tmp_path.iterdir())) == 2

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".writing-rows.parquet").write_bytes(b"half of a file")

    _write(tmp_path / "rows.parquet", [_columns(3)])

    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]
    assert len(_read(tmp_path / "rows.parquet", "score/a")["score/a"]) == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no file that is always full")
@pytest.mark.parametrize("num_rows", [10, 3 * ROW_GROUP_ROWS], ids=["at_the_end", "on_the_way"])
def test_full_disk_is_one_error_and_leaves_what_was_there(tmp_path: Path, num_rows: int) -> None:
    path = tmp_path / "rows.parquet"
    _write(path, [_columns(3)])
    # What is written there ends as on a full disk.
    (tmp_path / ".writing-rows.parquet").symlink_to("/dev/full")

    with pytest.raises(TrainError, match=r"rows\.parquet cannot be written: No space left on device;") as caught:
        _write(path, [_columns(num_rows)])

    assert caught.value.restart_helps
    assert caught.value.path == "training.save_dir"
    assert list(tmp_path.iterdir()) == [path]
    assert len(_read(path, "score/a")["score/a"]) == 3


def test_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")

    with pytest.raises(TrainError, match=r"rows\.parquet cannot be written"):
        _write(tmp_path / "file/rows.parquet", [_columns(3)])

    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("damage", ["gone", "cut", "changed", "another_column"])
def test_file_that_cannot_be_read_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "rows.parquet"
    _write(path, [_columns(1000)])
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[:1000])
    elif damage == "changed":
        path.write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
    name = "score/c" if damage == "another_column" else "score/a"

    with pytest.raises(TrainError, match=r"rows\.parquet cannot be read: .*another evaluation writes it anew"):
        _read(path, name)
