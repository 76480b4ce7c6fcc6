"""Rows are encoded by a recipe: whatever types they come in, in whatever batches, as told, and refused by name."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conformance.derive_encoding import BERLIN, recipe_of, task_of
from tests.conformance.encoding_reference import expected
from tests.conformance.executors.encoding import encode
from tests.unit.encoding_recipes import batch, fitted, random_columns, rows_of

from rankspec.encoding.encoder import Encoder, carried
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.fitting import completed
from rankspec.encoding.rows import RowReader

COLUMNS = random_columns(60, 0)
FITTED = fitted(COLUMNS)


def _read(kind: str, array: pa.Array, extra: str = "") -> list[Any]:
    """What a column of a kind is read as."""
    reader = RowReader(completed(recipe_of(f'columns {{ name: "x" kind: RAW_KIND_{kind} {extra} }}')))
    values: list[Any] = reader.read(pa.RecordBatch.from_arrays([array], ["x"])).values("x").array.to_pylist()
    return values


@pytest.mark.parametrize("size", [1, 7, 60])
def test_batches_of_any_size_give_the_same_bits(size: int) -> None:
    encoder = Encoder(FITTED.recipe, FITTED.vocabularies)
    whole = encoder.encode(encoder.reader.read(batch(COLUMNS)))

    pieces = [
        encoder.encode(encoder.reader.read(batch(rows_of(COLUMNS, range(start, min(start + size, 60))))))
        for start in range(0, 60, size)
    ]

    for name in ("continuous", "binary", "discrete"):
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        assert joined.tobytes() == getattr(whole, name).tobytes()
    for task, labels in whole.labels.items():
        assert pa.concat_arrays([piece.labels[task] for piece in pieces]).equals(labels)


_NUMBER = 'number { column: "x" missing_flag: true standardize: true fitted { fill: 1 low: -3 high: 1e30 mean: 0.3 '
_NUMBER += "inverse_deviation: 0.7 num_values: 3 } }"
_TEXTS = st.one_of(
    st.none(),
    st.text(alphabet="0123456789+-.eExX_ ,nainfNA", max_size=9),
    st.floats(allow_nan=True).map(repr),
    st.integers(-(2**64), 2**64).map(str),
    st.text(max_size=4),
)


@settings(max_examples=100, deadline=None)
@given(kind=st.sampled_from(["INT64", "FLOAT64", "BOOL", "TIME"]), texts=st.lists(_TEXTS, min_size=1, max_size=4))
def test_text_is_read_as_by_plain_python(kind: str, texts: list[str | None]) -> None:
    feature = 'flag { column: "x" missing_flag: true }' if kind == "BOOL" else _NUMBER
    unit = "time_unit_micros: 1000" if kind == "TIME" else ""
    task = task_of(recipe_of(f'columns {{ name: "x" kind: RAW_KIND_{kind} {unit} }}', feature), {"x": texts})

    found, wanted = encode(task), expected(task)

    assert found.encoded == wanted.encoded
    assert found.encoding_refusal == wanted.encoding_refusal


@pytest.mark.parametrize(
    ("kind", "array", "values"),
    [
        pytest.param("INT64", pa.array([1.0, None, float("nan"), -3.0]), [1, None, None, -3], id="pandas/gaps"),
        pytest.param("INT64", pa.array([1, None], pa.uint64()), [1, None], id="unsigned"),
        pytest.param("INT64", pa.array([Decimal("7.00"), None]), [7, None], id="whole_decimal"),
        pytest.param("INT64", pa.array([0, 7, None], pa.decimal128(38, 18)), [0, 7, None], id="whole_decimal_of_zero"),
        pytest.param("INT64", pa.array([Decimal(200)], pa.decimal128(5, -2)), [200], id="whole_decimal_of_hundreds"),
        pytest.param("INT64", pa.nulls(2), [None, None], id="whole/null_type"),
        pytest.param("FLOAT64", pa.array([Decimal("0.1"), None]), [0.1, None], id="decimal"),
        pytest.param("FLOAT64", pa.array([2**63 - 1, 2**53 + 1]), [2.0**63, 2.0**53], id="large_whole_to_nearest"),
        pytest.param("FLOAT64", pa.array([1.5], pa.float32()), [1.5], id="float32"),
        pytest.param("TEXT", pa.array(["a", None], pa.large_string()), ["a", None], id="large_string"),
        pytest.param("TEXT", pa.array(["a", None], pa.string_view()), ["a", None], id="string_view"),
        pytest.param("TEXT", pa.array(["a", "a", None]).dictionary_encode(), ["a", "a", None], id="dictionary"),
        pytest.param("TEXT", pa.array(["NA", "", None]), ["NA", "", None], id="words_are_text"),
        pytest.param("BOOL", pa.array([1, 0, None], pa.int8()), [True, False, None], id="flags_of_numbers"),
        pytest.param(
            "BOOL", pa.array([1.0, float("nan"), None, -0.0]), [True, None, None, False], id="flags/pandas/gaps"
        ),
        pytest.param("BOOL", pa.array([1, 0, None], pa.decimal128(1, 0)), [True, False, None], id="flags_of_decimals"),
        pytest.param("TIME", pa.array([-1], pa.timestamp("ns", "UTC")), [-1], id="nanoseconds_down"),
        pytest.param("TIME", pa.array([5], pa.timestamp("s", "America/New_York")), [5_000_000], id="seconds_with_zone"),
        pytest.param("TIME", pa.array([5], pa.timestamp("ms", "UTC")), [5_000], id="milliseconds"),
    ],
)
def test_types_are_read_as_their_kind(kind: str, array: pa.Array, values: list[Any]) -> None:
    assert _read(kind, array) == values


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.decimal128(20, 0), pa.decimal128(38, 18)], ids=str)
def test_counts_of_a_unit_are_times_whatever_their_type(kind: pa.DataType) -> None:
    assert _read("TIME", pa.array([3, None], kind), "time_unit_micros: 1000") == [3000, None]


@pytest.mark.parametrize(
    "lists",
    [
        pa.array([["x"], ["a", "b"], [], None, ["c"]], pa.list_view(pa.string())),
        pa.array([["x"], ["a", "b"], [], None, ["c"]], pa.large_list_view(pa.large_string())),
        pa.array([["x"], ["a", "b"], [], None, ["c"]], pa.large_list(pa.string_view())),
    ],
    ids=lambda lists: str(lists.type),
)
def test_lists_are_read_whatever_their_type(lists: pa.Array) -> None:
    reader = RowReader(completed(recipe_of('columns { name: "x" kind: RAW_KIND_TEXT list: true }')))

    column = reader.read(pa.RecordBatch.from_arrays([lists.slice(1)], ["x"])).lists("x")

    assert (column.ends.tolist(), column.is_missing.tolist()) == ([0, 2, 2, 2, 3], [False, False, True, False])
    assert column.items.array.to_pylist() == ["a", "b", "c"]


def _text_of_bytes(values: list[bytes]) -> pa.Array:
    """Text as Arrow's readers of files hand it over: whatever bytes are there."""
    ends = np.cumsum([0, *map(len, values)]).astype(np.int32)
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(b"".join(values)))


@pytest.mark.parametrize("kind", ["TEXT", "INT64", "TIME"])
@pytest.mark.parametrize("form", ["plain", "dictionary", "list"])
def test_text_that_is_not_utf8_is_refused_at_its_row(kind: str, form: str) -> None:
    array = _text_of_bytes([b"1", b"1", b"\xed\xa0\xbd", b"1", b"\xff"])
    array = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, 3, 4]), array) if form == "dictionary" else array
    array = pa.ListArray.from_arrays([0, 1, 2, 3, 4, 5], array) if form == "list" else array

    with pytest.raises(EncodingError) as caught:
        _read(kind, array, f"time_unit_micros: 1 list: {str(form == 'list').lower()}")

    assert (caught.value.code, caught.value.column, caught.value.row) == ("row.value", "x", 2)


@pytest.mark.parametrize(
    ("kind", "array", "code"),
    [
        pytest.param("INT64", pa.array([True]), "column.type", id="whole/flag"),
        pytest.param("INT64", pa.array([2**63], pa.uint64()), "row.value", id="whole/too_large"),
        pytest.param("TEXT", pa.array([b"a"]), "column.type", id="text/bytes"),
        pytest.param("TEXT", pa.array([1]).dictionary_encode(), "column.type", id="text/dictionary_of_numbers"),
        pytest.param("TIME", pa.array([datetime(2024, 1, 1)]), "column.type", id="time/naive"),  # noqa: DTZ001
        pytest.param("TIME", pa.array([date(2024, 1, 1)]), "column.type", id="time/date"),
        pytest.param("TIME", pa.array([2**62], pa.timestamp("s", "UTC")), "row.value", id="time/too_far"),
        pytest.param("BOOL", pa.array([1.0, 0.5]), "row.value", id="flag/fraction"),
        pytest.param("INT64", pa.array([Decimal("0.5")]), "row.value", id="whole/decimal_with_fraction"),
        pytest.param("INT64", pa.array([Decimal(2**63)]), "row.value", id="whole/decimal_too_large"),
    ],
)
def test_what_would_be_guessed_is_refused(kind: str, array: pa.Array, code: str) -> None:
    with pytest.raises(EncodingError) as caught:
        _read(kind, array)

    assert (caught.value.code, caught.value.column) == (code, "x")


def test_naive_times_and_dates_are_of_the_zone() -> None:
    zone = BERLIN
    naive = pa.array([datetime(2024, 7, 1, 2)])  # noqa: DTZ001

    assert _read("TIME", naive, zone) == _read("TIME", pa.array(["2024-07-01T00:00:00Z"]))
    assert _read("TIME", pa.array([date(2024, 7, 1)]), zone) == _read("TIME", pa.array(["2024-06-30T22:00:00Z"]))


def test_labels_are_as_told_and_missing_where_their_column_is() -> None:
    columns: dict[str, list[str | None]] = {
        "price": ["4", "5", "NA", "nan"],
        "age": ["1"] * 4,
        "shop": ["north", "North", None, ""],
        "tags": [""] * 4,
        "new": ["1", "0", "NA", "true"],
        "at": ["0"] * 4,
    }
    encoder = Encoder(FITTED.recipe, FITTED.vocabularies)

    labels = encoder.encode(encoder.reader.read(batch(columns))).labels

    assert {task: values.to_pylist() for task, values in labels.items()} == {
        "bought": [1, 0, None, 1],
        "dear": [0, 1, None, None],
        "paid": [4.0, 5.0, None, None],
        "north": [1, 0, None, 0],
    }


def test_labels_may_be_absent_where_none_are_made() -> None:
    columns = {name: values for name, values in COLUMNS.items() if name != "new"}
    text = fitted(COLUMNS).recipe
    del text.features[7]
    encoder = Encoder(text, FITTED.vocabularies)

    assert encoder.encode(encoder.reader.read(batch(columns)), labels=False).labels == {}
    with pytest.raises(EncodingError, match="column new: the rows have no column new; they have price, age"):
        encoder.encode(encoder.reader.read(batch(columns)))


def test_carried_columns_are_stored_in_the_form_of_their_kind() -> None:
    columns = rows_of(COLUMNS, range(3)) | {"tags": ["a|b", None, ""], "at": ["2", "NA", None], "shop": ["x", None, ""]}
    reader = RowReader(FITTED.recipe)

    kept = carried(reader.read(batch(columns)), FITTED.recipe)

    assert {name: values.to_pylist() for name, values in kept.items()} == {
        "shop": ["x", None, ""],
        "tags": [["a", "b"], None, []],
        "at": [2_000_000, None, None],
    }


def test_error_names_column_and_row_and_shows_the_value_only_if_asked() -> None:
    columns = COLUMNS | {"age": [*COLUMNS["age"][:59], "forty"]}
    texts = []
    for show_values in (False, True):
        encoder = Encoder(FITTED.recipe, FITTED.vocabularies, show_values=show_values)
        with pytest.raises(EncodingError) as caught:
            encoder.encode(encoder.reader.read(batch(columns), first_row=2))
        texts.append(str(caught.value))

    assert texts == [
        "column age, row 61: a value is to be a whole number of 64 bits, such as 42 or -7",
        "column age, row 61: a value is to be a whole number of 64 bits, such as 42 or -7, and 'forty' is not",
    ]


def test_two_columns_of_one_name_are_refused() -> None:
    rows = pa.RecordBatch.from_arrays([pa.array(["1"]), pa.array(["2"])], ["x", "x"])
    reader = RowReader(completed(recipe_of('columns { name: "x" kind: RAW_KIND_INT64 }')))

    with pytest.raises(EncodingError, match="column x: two columns have this name"):
        reader.read(rows).values("x")
