"""Which files a data set is read from, and what is said of files that cannot be used."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from tests.unit.small_data import batches_of, columns_of, data_config, opened, row_numbers, table_of, write_files

from rankspec.trainer.data.place import Place
from rankspec.trainer.data.storage.local import LOCAL
from rankspec.trainer.data.storage.storage import StoredFile
from rankspec.trainer.data.values import StoredColumn, values_of
from rankspec.trainer.data_error import DataError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("data"), [20, 16, 25])


def replaced(column: str, values: pa.Array) -> pa.Table:
    table = table_of(columns_of(np.arange(16)))
    return table.set_column(table.column_names.index(column), column, values)


def lists(rows: Sequence[Sequence[float | None] | None]) -> pa.Array:
    return pa.array(rows, pa.list_(pa.float32()))


BAD_TABLES: dict[str, tuple[Callable[[], pa.Table], str]] = {
    "missing column": (
        lambda: table_of(columns_of(np.arange(16))).drop_columns("emb"),
        'no column "emb"; write the file with it',
    ),
    "misspelt column": (
        lambda: table_of(columns_of(np.arange(16))).rename_columns({"emb": "embb"}),
        'no column "emb"; did you mean "embb"',
    ),
    "wrong type": (lambda: replaced("cont", pa.array([[1] * 6] * 16)), 'column "cont" is list<.*int64>'),
    "texts": (lambda: replaced("cont", pa.array([["1"] * 6] * 16)), 'column "cont" is list<.*string>'),
    "wrong fixed length": (
        lambda: replaced("cont", pa.array([[1.0] * 5] * 16, pa.list_(pa.float32(), 5))),
        'column "cont" has 5 values a row; the schema says 6',
    ),
    "scalar for vector": (lambda: replaced("cont", pa.array([1.0] * 16, pa.float32())), 'column "cont" is float'),
    "label of text": (lambda: replaced("like", pa.array(["1"] * 16)), 'column "like" is string'),
}
BAD_ROWS: dict[str, tuple[Callable[[], pa.Table], str]] = {
    "null label": (lambda: replaced("like", pa.array([1] * 9 + [None] * 7)), 'row 9, column "like": there is no value'),
    "null row": (
        lambda: replaced("cont", lists([[1.0] * 6] * 9 + [None] * 7)),
        'row 9, column "cont": there is no value',
    ),
    "null in a row": (
        lambda: replaced("cont", lists([[1.0] * 6] * 10 + [[1, 2, None, 4, 5, 6]] * 6)),
        'row 10, column "cont": a value is missing',
    ),
    "short row": (
        lambda: replaced("cont", lists([[1.0] * 6] * 15 + [[1.0]])),
        'row 15, column "cont": there are 1 values',
    ),
    "label of 2": (lambda: replaced("like", pa.array([1] * 15 + [2])), 'row 15, column "like": the label is 2'),
    "part of a label": (
        lambda: replaced("like", pa.array([1.0] * 12 + [0.5] * 4)),
        'row 12, column "like": 0.5 is no whole number, and the column is read as whole numbers',
    ),
    "large float32": (
        lambda: replaced("row", pa.array([1.0] * 12 + [2.0**25] * 4, pa.float32())),
        'row 12, column "row": 33554432.0 is larger than float32 is exact',
    ),
    "not a number": (
        lambda: replaced("row", pa.array([1.0] * 12 + [math.nan] * 4)),
        'row 12, column "row": nan is no whole number',
    ),
    "large double": (
        lambda: replaced("cont", pa.array([[1.0] * 6] * 12 + [[1.0, 1e39] * 3] * 4)),
        r'row 12, column "cont": 1e\+39 is more than float32 holds; scale the column',
    ),
    "label below 0": (lambda: replaced("reply", pa.array([1] * 15 + [-1])), 'row 15, column "reply": the label is -1'),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_file_with_other_columns_is_refused_at_the_start(tmp_path: Path, case: str) -> None:
    make, message = BAD_TABLES[case]
    folder = write_files(tmp_path, [16])
    pq.write_table(make(), folder / "b.parquet")
    with pytest.raises(DataError, match=rf"b\.parquet: .*{message}") as caught:
        opened(data_config(folder))
    assert caught.value.path == "train_data.inputs"


@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_rows_are_refused_with_their_place(tmp_path: Path, case: str) -> None:
    make, message = BAD_ROWS[case]
    folder = write_files(tmp_path, [16])
    pq.write_table(make(), folder / "a.parquet", row_group_size=8)
    with pytest.raises(DataError, match=rf"a\.parquet, row group 1, {message}"):
        batches_of(opened(data_config(folder), shuffle=False))


def test_plain_lists_and_narrow_integers_are_read_too(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16])
    table = table_of(columns_of(np.arange(16)))
    expected = batches_of(opened(data_config(folder), shuffle=False))
    schema = pa.schema(
        {
            "cont": pa.list_(pa.float32()),
            "bin": pa.large_list(pa.int8()),
            "ids": pa.list_(pa.uint16(), 3),
            "emb": pa.list_(pa.float32()),
            "like": pa.int8(),
            **{name: pa.int64() for name in table.column_names if name not in {"cont", "bin", "ids", "emb", "like"}},
        }
    )
    lists_only = pa.table({name: table[name].to_pylist() for name in schema.names}, schema=schema)
    pq.write_table(lists_only, folder / "a.parquet", row_group_size=5)
    found = batches_of(opened(data_config(folder), shuffle=False))
    for name in ("continuous", "binary", "discrete", "author_embedding", "labels"):
        assert [getattr(b, name).tolist() for b in found] == [getattr(b, name).tolist() for b in expected]


@given(st.lists(st.floats(-3e38, 3e38), min_size=1, max_size=20).map(np.array))
def test_float64_becomes_the_nearest_float32_even_on_a_tie(values: NDArray[np.float64]) -> None:
    place = Place(StoredFile(LOCAL, Path("a.parquet")), 0, 0)
    found = values_of(pa.array(values), StoredColumn("x", "float32", 1), place)[:, 0]
    assert found.dtype == np.float32
    for value, one in zip(values.tolist(), found, strict=True):
        below, above = np.nextafter(one, np.float32(-np.inf)), np.nextafter(one, np.float32(np.inf))
        distance = abs(Fraction(value) - Fraction(float(one)))
        for other in (below, above):
            if np.isfinite(other):
                further = abs(Fraction(value) - Fraction(float(other)))
                assert distance < further or (distance == further and one.view(np.uint32) % 2 == 0)


def test_bools_and_doubles_are_read_where_nothing_is_lost(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16])
    table = table_of(columns_of(np.arange(16)))
    expected = batches_of(opened(data_config(folder), shuffle=False))
    types = {
        "cont": pa.list_(pa.float64(), 6),
        "emb": pa.list_(pa.float64()),
        "bin": pa.list_(pa.bool_(), 4),
        "ids": pa.list_(pa.float64(), 3),
        "like": pa.bool_(),
        "reply": pa.float64(),
        "row": pa.float32(),
    }
    columns = [(name, table[name].combine_chunks().cast(types.get(name, pa.int64()))) for name in table.column_names]
    pq.write_table(pa.table(dict(columns)), folder / "a.parquet", row_group_size=5)
    found = batches_of(opened(data_config(folder), shuffle=False))
    for name in ("continuous", "binary", "discrete", "author_embedding", "labels"):
        assert [getattr(b, name).tolist() for b in found] == [getattr(b, name).tolist() for b in expected]
    assert [b.carried["meta__row"].tolist() for b in found] == [b.carried["meta__row"].tolist() for b in expected]


@pytest.mark.parametrize(
    ("spoil", "way_out"),
    [
        (lambda folder: (folder / "b.parquet").write_bytes(b""), "; write it anew or remove it, or go on without"),
        (lambda folder: (folder / "z.parquet").symlink_to(folder / "none"), "; correct or remove it"),
        (lambda folder: pq.write_table(replaced("like", pa.array(["1"] * 16)), folder / "b.parquet"), "as that"),
    ],
    ids=["damaged", "broken_link", "other_type"],
)
def test_only_damaged_files_may_be_left_out_unasked(
    tmp_path: Path, spoil: Callable[[Path], object], way_out: str
) -> None:
    folder = write_files(tmp_path, [16, 16])
    spoil(folder)
    with pytest.raises(DataError) as caught:
        opened(data_config(folder))
    assert way_out in caught.value.message
    assert ("ignore_data_errors" in caught.value.message) == ("anew" in way_out)


def test_where_every_file_is_damaged_none_is_left_out(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16])
    (folder / "a.parquet").write_bytes(b"")
    with pytest.raises(DataError, match=r"; write it anew or remove it$"):
        opened(data_config(folder))


def test_files_that_cannot_be_read_end_the_run_or_are_left_out(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16, 16, 16])
    (folder / "b.parquet").write_bytes(b"PAR1 and then nothing")
    config = data_config(folder)
    with pytest.raises(DataError, match=r"b\.parquet: cannot be read as Parquet.*ignore_data_errors"):
        opened(config)
    config.ignore_data_errors = True
    dataset = opened(config, shuffle=False)
    assert [row for batch in row_numbers(dataset) for row in batch] == [*range(16), *range(32, 48)]
    assert len(dataset.notes) == 1
    assert "b.parquet" in dataset.notes[0]


def test_all_files_that_cannot_be_read_are_named_or_counted(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [4] * 6)
    for name in "bcdef":
        (folder / f"{name}.parquet").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"b\.parquet: .*c\.parquet: .*d\.parquet: .*; and 2 more; write them anew"):
        opened(data_config(folder))


def test_a_data_set_of_no_readable_file_is_refused(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16])
    (folder / "a.parquet").write_bytes(b"")
    with pytest.raises(DataError, match="none of the 1 files can be read"):
        opened(data_config(folder, ignore_data_errors=True))


def test_a_data_set_without_rows_is_refused(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16])
    pq.write_table(table_of(columns_of(np.arange(16))).slice(0, 0), folder / "a.parquet")
    with pytest.raises(DataError, match="hold no row"):
        opened(data_config(folder))


def test_the_first_files_by_name_are_kept(folder: Path) -> None:
    config = data_config(folder, num_files_to_keep=2)
    assert opened(config).num_rows == 36


def test_no_matching_file_is_an_error(folder: Path) -> None:
    config = data_config(folder, inputs=f"{folder}/*.csv")
    with pytest.raises(DataError, match="no file matches") as caught:
        opened(config)
    assert caught.value.path == "train_data.inputs"


@pytest.fixture
def dated(tmp_path: Path) -> Path:
    write_files(tmp_path, [])
    rows = iter(np.split(np.arange(40), 5))
    for place in ("2023/02/27/22", "2023/02/27/23", "2023/02/28/00", "2023/02/28/02", "2023/03/01/00"):
        (tmp_path / place).mkdir(parents=True)
        pq.write_table(table_of(columns_of(next(rows))), tmp_path / place / "x.parquet")
    return tmp_path


def hours_config(root: Path, end: str, hours: int, missing: int) -> RecapDataConfig:
    config = data_config(root)
    config.explicit_datetime_inputs.data_root = str(root)
    config.explicit_datetime_inputs.end_datetime = end
    config.explicit_datetime_inputs.hours = hours
    config.explicit_datetime_inputs.num_missing_hours_tol = missing
    return config


def test_hourly_folders_are_read_up_to_the_last_hour_included(dated: Path) -> None:
    config = hours_config(dated, "2023/02/28/02", 4, 1)
    rows = [row for batch in row_numbers(opened(config, shuffle=False)) for row in batch]
    assert rows == list(range(8, 32))


def test_too_many_missing_hours_are_refused(dated: Path) -> None:
    with pytest.raises(DataError, match=r"1 of 4 hours have no folder.*2023/02/28/01") as caught:
        opened(hours_config(dated, "2023/02/28/02", 4, 0))
    assert caught.value.path == "train_data.explicit_datetime_inputs.num_missing_hours_tol"


def test_daily_folders_are_read_up_to_the_last_day_included(dated: Path) -> None:
    for day in ("2023/02/27", "2023/02/28", "2023/03/01"):
        pq.write_table(table_of(columns_of(np.array([int(day[-2:])]))), dated / day / "day.parquet")
    config = data_config(dated)
    config.explicit_date_inputs.data_root = str(dated)
    config.explicit_date_inputs.end_date = "2023/03/01"
    config.explicit_date_inputs.days = 2
    assert row_numbers(opened(config, shuffle=False)) == [[28, 1]]
    config.explicit_date_inputs.days = 4
    with pytest.raises(DataError, match="1 of 4 days have no folder"):
        opened(config)
    config.explicit_date_inputs.num_missing_days_tol = 1
    assert row_numbers(opened(config, shuffle=False)) == [[27, 28, 1]]


def test_a_day_that_does_not_exist_is_refused(dated: Path) -> None:
    with pytest.raises(DataError, match="no day of the calendar"):
        opened(hours_config(dated, "2023/02/30/00", 1, 0))


@pytest.mark.parametrize("days", [800_000, 2**31 - 1])
def test_days_that_reach_back_before_the_calendar_are_refused(dated: Path, days: int) -> None:
    config = data_config(dated)
    config.explicit_date_inputs.data_root = str(dated)
    config.explicit_date_inputs.end_date = "2023/03/01"
    config.explicit_date_inputs.days = days
    with pytest.raises(DataError, match="reach back from 2023-03-01 to before the year 1") as caught:
        opened(config)
    assert caught.value.path == "train_data.explicit_date_inputs.days"


def test_years_of_fewer_digits_have_folders_of_four(dated: Path) -> None:
    (dated / "0987/02/03").mkdir(parents=True)
    pq.write_table(table_of(columns_of(np.arange(4))), dated / "0987/02/03/x.parquet")
    config = data_config(dated)
    config.explicit_date_inputs.data_root = str(dated)
    config.explicit_date_inputs.end_date = "0987/02/03"
    config.explicit_date_inputs.days = 1
    assert opened(config).num_rows == 4
