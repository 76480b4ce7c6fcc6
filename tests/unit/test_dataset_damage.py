"""Files that are damaged, or change while they are read, end the run in one error that names the place."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.unit.small_data import batches_of, columns_of, data_config, opened, table_of, write_files

from rankspec.trainer.data.parquet import ParquetFile
from rankspec.trainer.data_error import DataError


def write(folder: Path, **options: object) -> Path:
    write_files(folder, [0])
    table = table_of(columns_of(np.arange(100)))
    pq.write_table(table, folder / "a.parquet", row_group_size=50, use_dictionary=False, **options)
    return folder / "a.parquet"


def with_byte_changed(file: Path, place: int, change: int = 0xFF) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= change
    file.write_bytes(content)


def middle_of(file: Path, row_group: int, column: str) -> int:
    """A place among the values of a column."""
    footer = pq.read_metadata(file)
    chunks = [footer.row_group(row_group).column(i) for i in range(footer.num_columns)]
    (chunk,) = (chunk for chunk in chunks if chunk.path_in_schema.split(".")[0] == column)
    return int(chunk.data_page_offset + chunk.total_compressed_size - 9)


def test_a_page_that_does_not_match_its_checksum_is_refused_by_row_group_and_column(tmp_path: Path) -> None:
    file = write(tmp_path, compression="none", write_page_checksum=True)
    assert len(batches_of(opened(data_config(tmp_path), shuffle=False))) == 13
    with_byte_changed(file, middle_of(file, 1, "emb"), change=1)
    with pytest.raises(DataError, match=r'a\.parquet, row group 1, column "emb": cannot be read: .*CRC') as caught:
        batches_of(opened(data_config(tmp_path), shuffle=False))
    assert (caught.value.code, caught.value.path) == ("data.refused", "train_data.inputs")


@pytest.mark.parametrize("codec", ["snappy", "zstd", "gzip"])
def test_a_page_that_does_not_decompress_is_refused_by_row_group_and_column(tmp_path: Path, codec: str) -> None:
    file = write(tmp_path, compression=codec)
    start = middle_of(file, 1, "row") - 60
    for place in range(start, start + 60):
        with_byte_changed(file, place)
    with pytest.raises(DataError, match=r'a\.parquet, row group 1, column "row": cannot be read'):
        batches_of(opened(data_config(tmp_path), shuffle=False))


@pytest.mark.parametrize("codec", ["none", "snappy", "zstd"])
def test_bytes_that_changed_anywhere_are_read_or_refused_and_nothing_else(tmp_path: Path, codec: str) -> None:
    file = write(tmp_path, compression=codec)
    whole, choice = file.read_bytes(), random.Random(7)  # noqa: S311 - no secret
    end = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    refused = unnamed = 0
    for number in range(60):
        file.write_bytes(whole)
        with_byte_changed(file, choice.randrange(end if number % 2 else 0, len(whole)), choice.randrange(1, 256))
        try:
            batches_of(opened(data_config(tmp_path), shuffle=False))
        except DataError as error:
            refused += 1
            unnamed += str(file) not in error.message or not error.message.isprintable()
    assert refused > 10
    assert unnamed == 0


@pytest.mark.parametrize("length", [0, 3, 11, 300])
def test_a_file_that_was_cut_off_is_refused_at_the_start(tmp_path: Path, length: int) -> None:
    file = write(tmp_path)
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(DataError, match=r"a\.parquet: cannot be read as Parquet"):
        opened(data_config(tmp_path))


def test_an_end_that_claims_to_be_larger_than_the_file_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path)
    content = file.read_bytes()
    file.write_bytes(content[:-8] + (2**32 - 1).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(DataError, match="it is shorter than its last bytes say"):
        opened(data_config(tmp_path))


def test_more_rows_than_memory_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    with opened(data_config(tmp_path), shuffle=False) as dataset:
        (file,) = dataset.files
        assert isinstance(file, ParquetFile)
        huge = replace(file, rows=(2**60, 50))
        monkeypatch.setattr(dataset, "files", (huge,))
        with pytest.raises(DataError, match=rf"row group 0: its {2**60} rows do not fit into memory"):
            next(dataset.batches())


def replaced(file: Path) -> None:
    pq.write_table(table_of(columns_of(np.arange(100, 200))), file, row_group_size=50)


def replaced_by_fewer_rows(file: Path) -> None:
    pq.write_table(table_of(columns_of(np.arange(30))), file)


def cut_off(file: Path) -> None:
    os.truncate(file, 2000)


def emptied(file: Path) -> None:
    os.truncate(file, 0)


def deleted(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("change", [replaced, replaced_by_fewer_rows, cut_off, emptied, deleted])
def test_a_file_that_changes_during_a_run_is_named(tmp_path: Path, change: Callable[[Path], None]) -> None:
    file = write(tmp_path)
    with opened(data_config(tmp_path), shuffle=False) as dataset:
        change(file)
        with pytest.raises(DataError, match=r"a\.parquet: the file .*since the run began") as caught:
            next(dataset.batches())
    assert caught.value.path == "train_data.inputs"


def test_a_file_that_is_touched_or_written_again_as_it_was_is_read_on(tmp_path: Path) -> None:
    file = write(tmp_path)
    with opened(data_config(tmp_path), shuffle=False) as dataset:
        os.utime(file, (1, 1))
        assert next(dataset.batches()).num_rows == 8
        file.rename(tmp_path / "moved")
        file.write_bytes((tmp_path / "moved").read_bytes())
        assert next(dataset.batches()).num_rows == 8
