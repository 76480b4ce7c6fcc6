"""Vectors that Parquet files hold as bytes of a fixed length: read to the bit as the same vectors in lists."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any, get_args
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rankspec.recap.v1 import preprocess_pb2
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from tests.unit.served import ranker, remote, serving
from tests.unit.small_data import (
    assert_same,
    batches_of,
    bytes_of,
    columns_of,
    data_config,
    opened,
    table_of,
    write_files,
)
from tests.unit.small_movielens import write_grouplens

from rankspec.cli import main
from rankspec.datasets.vectors import Vectors, matrix_of, vector_column
from rankspec.trainer.data import parquet
from rankspec.trainer.data.place import Place
from rankspec.trainer.data.storage.local import LOCAL
from rankspec.trainer.data.storage.storage import StoredFile
from rankspec.trainer.data.values import Array, StoredColumn, fixed, values_of
from rankspec.trainer.data_error import DataError

torch.set_num_threads(1)

Values = NDArray[np.float32] | NDArray[np.int64]


# Reading


@st.composite
def _vectors(draw: st.DrawFn) -> tuple[Values, int, int]:
    """Any bits as rows of float32 or int64, and the part of them that is stored."""
    dtype, length, num_rows = draw(st.sampled_from(["<f4", "<i8"])), draw(st.integers(1, 9)), draw(st.integers(1, 40))
    bits = np.random.default_rng(draw(st.integers(0, 99))).bytes(num_rows * length * np.dtype(dtype).itemsize)
    start = draw(st.integers(0, num_rows - 1))
    return np.frombuffer(bits, dtype).reshape(num_rows, length), start, draw(st.integers(start + 1, num_rows))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    vectors=_vectors(),
    row_group_size=st.integers(1, 41),
    chunk_bytes=st.integers(1, 400),
    page_bytes=st.sampled_from([16, 200, 1 << 20]),
    compression=st.sampled_from(["none", "snappy", "zstd", "lz4", "gzip"]),
    dictionary=st.booleans(),
    version=st.sampled_from(["1.0", "2.0"]),
    nullable=st.booleans(),
)
def test_what_is_written_is_read_however_the_file_is_laid_out(
    tmp_path: Path,
    vectors: tuple[Values, int, int],
    row_group_size: int,
    chunk_bytes: int,
    page_bytes: int,
    compression: str,
    dictionary: bool,
    version: str,
    nullable: bool,
) -> None:
    values, start, stop = vectors
    array = bytes_of(values.reshape(-1), values.shape[1])
    field = pa.field("vector", array.type, nullable=nullable)
    pq.write_table(
        pa.table([array], schema=pa.schema([field])).slice(start, stop - start),
        tmp_path / "a.parquet",
        row_group_size=row_group_size,
        compression=compression,
        use_dictionary=dictionary,
        data_page_size=page_bytes,
        data_page_version=version,
        write_page_checksum=True,
    )
    with patch.object(parquet, "_CHUNK_BYTES", chunk_bytes):
        found = _read(tmp_path / "a.parquet", values)
    assert found.dtype == values.dtype
    assert found.tobytes() == values[start:stop].tobytes()


def _read(file: Path, values: Values) -> Array:
    column = StoredColumn("vector", "float32" if values.dtype == np.float32 else "int64", values.shape[1])
    opened_file = parquet.open_file(_file(file), [column])
    chunks = [
        fixed(chunk["vector"])
        for row_group in range(len(opened_file.rows))
        for _, chunk in opened_file.chunks(row_group, [column])
    ]
    return np.concatenate(chunks)


@settings(max_examples=100, deadline=None)
@given(vectors=_vectors())
def test_slices_are_read_where_they_lie_without_a_copy(vectors: tuple[Values, int, int]) -> None:
    values, start, stop = vectors
    array = vector_column(values, "bytes").slice(start, stop - start)
    column = StoredColumn("vector", "float32" if values.dtype == np.float32 else "int64", values.shape[1])
    found = values_of(array, column, Place(_file("a.parquet"), 0, 0))
    assert found.tobytes() == values[start:stop].tobytes()
    assert found.ctypes.data == array.buffers()[1].address + start * array.type.byte_width


def _file(path: Path | str) -> StoredFile:
    return StoredFile(LOCAL, PurePath(path))


# Batches


def _truncated(config: RecapDataConfig) -> None:
    config.preprocess.truncate_and_slice.continuous_feature_truncation = 4
    config.preprocess.truncate_and_slice.binary_feature_truncation = 2


def _masked(config: RecapDataConfig) -> None:
    config.seg_dense_schema.mask_mantissa_features["continuous"] = 16


def _downcast(config: RecapDataConfig) -> None:
    config.preprocess.downcast.features["continuous"] = preprocess_pb2.DATA_TYPE_BFLOAT16
    config.preprocess.downcast.features["discrete"] = preprocess_pb2.DATA_TYPE_UINT8


def _rectified(config: RecapDataConfig) -> None:
    step = config.preprocess.rectify_labels
    step.label_rectification_window_in_hours = 30 / 3600
    step.served_timestamp_field, step.impressed_timestamp_field = "served", "shown"
    step.label_to_engaged_timestamp_field["like"] = "liked_at"


def _thinned(config: RecapDataConfig) -> None:
    step = config.preprocess.downsample_negatives
    step.batch_multiplier, step.num_engagements = 2, 2
    step.engagements_list.append("reply")


def _extracted(config: RecapDataConfig) -> None:
    step = config.preprocess.extract_features
    step.extract_feature_table.add(name="fourth", source_tensor="continuous", index=3)


_STEPS = {
    "none": lambda _: None,
    "truncate_and_slice": _truncated,
    "mask_mantissa_features": _masked,
    "downcast": _downcast,
    "rectify_labels": _rectified,
    "downsample_negatives": _thinned,
    "extract_features": _extracted,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[Vectors, Path]:
    """The same rows in both forms."""
    made = tmp_path_factory.mktemp("vectors")
    return {form: write_files(made / form, [20, 16, 25], vectors=form) for form in get_args(Vectors)}


@pytest.mark.parametrize("step", _STEPS)
@pytest.mark.parametrize("shuffle", [True, False], ids=["shuffled", "in_order"])
def test_batches_are_the_same_behind_every_step(folders: dict[Vectors, Path], step: str, *, shuffle: bool) -> None:
    found = {}
    for form, folder in folders.items():
        config = data_config(folder, examples_shuffle_buffer_size=30, interleave_num_parallel_calls=2)
        _STEPS[step](config)
        found[form] = batches_of(opened(config, shuffle=shuffle), 0, 8)
    assert_same(found["bytes"], found["lists"])


def test_batches_from_a_data_service_are_the_same(folders: dict[Vectors, Path]) -> None:
    with serving(ranker(data_config(folders["bytes"]))) as server:
        found = batches_of(opened(remote(folders["bytes"], server)), 0, 9)
    assert_same(found, batches_of(opened(data_config(folders["lists"])), 0, 9))


def test_single_numbers_and_labels_may_be_bytes_and_files_of_both_forms_lie_together(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16, 16])
    expected = batches_of(opened(data_config(folder)), 0, 4)
    columns = {name: values.reshape(16, -1) for name, values in columns_of(np.arange(16, 32)).items()}
    pq.write_table(table_of(columns, "bytes"), folder / "b.parquet", row_group_size=7)
    assert_same(batches_of(opened(data_config(folder)), 0, 4), expected)


def test_the_data_are_others_than_those_in_lists_and_the_same_when_they_are_moved(
    folders: dict[Vectors, Path], tmp_path: Path
) -> None:
    """A checkpoint holds the identity, so that what is written anew in the middle of an epoch is told."""
    moved = write_files(tmp_path, [20, 16, 25], vectors="bytes")
    identities = [opened(data_config(folder)).identity for folder in (folders["bytes"], moved, folders["lists"])]
    assert identities[0] == identities[1] != identities[2]
    assert identities[0]["schema"] == identities[2]["schema"]


# Files that do not fit


def _with_cont(array: pa.Array) -> pa.Table:
    table = table_of(columns_of(np.arange(16)), "bytes")
    return table.set_column(table.column_names.index("cont"), "cont", array)


_REFUSED: dict[str, tuple[pa.DataType, bytes, str]] = {
    "of_doubles": (pa.binary(48), b"\0" * 48, "has 48 bytes a row; the schema says 6 values of float32 a row, which"),
    "of_halves": (pa.binary(12), b"\0" * 12, "has 12 bytes a row; .* which take 24 bytes"),
    "not_of_whole_values": (pa.binary(23), b"\0" * 23, "has 23 bytes a row; .* which take 24 bytes"),
    "of_any_length": (pa.binary(), b"\0" * 24, r"is binary, bytes of any length; .*: write .*pa\.binary\(24\)\) or as"),
    "of_any_length/large": (pa.large_binary(), b"\0" * 24, r"is large_binary, bytes of any length; .*\(24\)"),
}


@pytest.mark.parametrize(("stored", "row", "message"), _REFUSED.values(), ids=_REFUSED)
def test_bytes_of_another_width_are_refused_at_the_start(
    tmp_path: Path, stored: pa.DataType, row: bytes, message: str
) -> None:
    folder = write_files(tmp_path, [16])
    pq.write_table(_with_cont(pa.array([row] * 16, stored)), folder / "b.parquet")
    with pytest.raises(DataError, match=rf'b\.parquet: column "cont" {message}') as caught:
        opened(data_config(folder))
    assert caught.value.path == "train_data.inputs"


def test_a_missing_row_is_told_as_of_lists(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16])
    rows = [b"\0" * 24] * 9 + [None] * 7
    pq.write_table(_with_cont(pa.array(rows, pa.binary(24))), folder / "a.parquet", row_group_size=8)
    with pytest.raises(DataError, match=r'a\.parquet, row group 1, row 9, column "cont": there is no value; every row'):
        batches_of(opened(data_config(folder), shuffle=False))


def test_a_label_that_is_any_number_is_not_read_from_bytes(tmp_path: Path) -> None:
    """Its type is that of its column, which bytes do not say."""
    pq.write_table(pa.table({"like": bytes_of(np.arange(4), 1)}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r'"like" is fixed_size_binary\[8\]; it has to be a type of numbers'):
        parquet.open_file(_file(tmp_path / "a.parquet"), [StoredColumn("like", "number", 1)])


def test_a_damaged_page_is_told_with_its_column(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16])
    file, vectors = folder / "a.parquet", table_of(columns_of(np.arange(16)), "bytes")
    pq.write_table(vectors, file, compression="none", use_dictionary=False, write_page_checksum=True)
    content = bytearray(file.read_bytes())
    content[content.index(vectors["emb"][7].as_py())] ^= 1
    file.write_bytes(content)
    with pytest.raises(DataError, match=r'a\.parquet, row group 0, column "emb": cannot be read'):
        batches_of(opened(data_config(folder)), 0, 1)


# Writing


def _made(folder: Path, vectors: Vectors, *arguments: str) -> dict[str, pa.Table]:
    assert main(["data", *arguments, "--vectors", vectors, "-o", str(folder)]) == 0
    return {str(file.relative_to(folder)): pq.read_table(file) for file in sorted(folder.rglob("*.parquet"))}


@pytest.mark.parametrize(
    ("kind", "widths"),
    [
        (("random", "--small", "--rows", "50"), {"home_recap_2022_cont__segdense_vals": 24}),
        (("clicks", "--rows", "200"), {"continuous": 8, "binary": 2, "discrete": 1}),
        (("movielens", "--source", "SOURCE"), {"continuous": 12, "binary": 41, "discrete": 2}),
    ],
    ids=["random", "clicks", "movielens"],
)
def test_the_verb_writes_the_same_values_in_either_form(
    tmp_path: Path, kind: tuple[str, ...], widths: dict[str, int]
) -> None:
    source = str(write_grouplens(tmp_path / "source"))
    arguments = [source if argument == "SOURCE" else argument for argument in kind]
    in_bytes, in_lists = (_made(tmp_path / form, form, *arguments) for form in get_args(Vectors))
    assert main(["data", *arguments, "-o", str(tmp_path / "default")]) == 0
    assert in_bytes.keys() == in_lists.keys() != set()
    for name, table in in_bytes.items():
        assert (tmp_path / "default" / name).read_bytes() == (tmp_path / "bytes" / name).read_bytes()
        assert {column: in_lists[name].schema.field(column).type.list_size for column in widths} == widths
        _assert_same_table(table, in_lists[name])


def _assert_same_table(in_bytes: pa.Table, in_lists: pa.Table) -> None:
    assert in_bytes.column_names == in_lists.column_names
    for name, column in zip(in_lists.column_names, in_lists.columns, strict=True):
        found: Any = in_bytes[name]
        if not pa.types.is_fixed_size_list(column.type):
            assert found.equals(column), name
            continue
        item = column.type.value_type
        assert found.type == pa.binary(column.type.list_size * {pa.float32(): 4, pa.int64(): 8}[item]), name
        dtype = np.float32 if item == pa.float32() else np.int64
        expected = np.array(column.to_pylist(), dtype)
        for form in (found, column):
            assert matrix_of(form, dtype).tobytes() == expected.tobytes(), name


@pytest.mark.parametrize("vectors", get_args(Vectors))
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_columns_hold_the_values_of_arrays_that_are_not_contiguous(vectors: Vectors, dtype: type[np.float32]) -> None:
    values = np.arange(24).reshape(6, 4).astype(dtype)[::2, 1:]
    column = vector_column(values, vectors)
    column.validate(full=True)
    assert matrix_of(pa.chunked_array([column.slice(0, 1), column.slice(1)]), dtype).tolist() == values.tolist()
