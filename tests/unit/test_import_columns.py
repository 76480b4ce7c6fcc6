"""What a column is taken for, and what the user can say against it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rankspec import import_table
from rankspec.datasets.importing.corrections import Corrections, Label, parse_hashed, parse_label, parse_split
from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.inference import Column, infer, label_of, resolved_label
from rankspec.datasets.importing.plan import MANY_NUMBERS, plan
from rankspec.datasets.importing.profile import Profile, Profiler


def profile_of(values: Iterable[Any], name: str = "c", kind: pa.DataType | None = None, batch: int = 7) -> Profile:
    profiler = Profiler(name)
    array = pa.array(list(values), kind)
    for start in range(0, max(len(array), 1), batch):
        profiler.add(array.slice(start, batch))
    return profiler.finish()


def column_of(values: Iterable[Any], name: str = "c", **said: Any) -> Column:
    corrections = said.pop("corrections", Corrections())
    strings = said.pop("strings", frozenset())
    return infer({name: profile_of(values, name, **said)}, corrections, strings)[name]


TEXT = [
    pytest.param("n", ["1", "2.5", None, "-3e4", ".5"], "number", "real", id="numbers"),
    pytest.param("n", ["1", "2", "+3"], "number", "whole", id="whole-numbers"),
    pytest.param("n", ["0", "1", "1"], "flag", "flag", id="zero-and-one"),
    pytest.param("n", ["0", "1", None], "number", "whole", id="zero-and-one-with-gaps"),
    pytest.param("n", ["yes", "no", None], "flag", "flag", id="yes-and-no"),
    pytest.param("n", ["007", "1", "2"], "category", "text", id="codes-that-begin-with-zero"),
    pytest.param("n", ["9007199254740993", "1"], "category", "whole", id="ids-beyond-2^53"),
    pytest.param("n", ["12345678901234567890123", "1"], "category", "text", id="ids-beyond-64-bits"),
    pytest.param("store_id", ["1", "2", "2"], "category", "whole", id="ids-by-name"),
    pytest.param("userId", ["1", "2", "2"], "category", "whole", id="ids-by-camel-name"),
    pytest.param("humid", ["1", "2", "2"], "number", "whole", id="no-id-by-name"),
    pytest.param("n", ["1,234", "5,678.9", "5,678.9"], "category", "text", id="thousands"),
    pytest.param("n", ["0x1F", "10", "10"], "category", "text", id="hexadecimal"),
    pytest.param("n", ["1", "2", "unknown", "2"], "category", "text", id="a-word-among-numbers"),
    pytest.param("n", ["nan", "1", "1"], "category", "text", id="nan-that-is-not-named-missing"),
    pytest.param("n", ["2024-01-31", "2023-12-01"], "time", "time", id="dates"),
    pytest.param("n", ["2024-01-31 10:00", "2024-01-31T10:00:01.5Z"], "time", "time", id="times"),
    pytest.param("n", ["31/01/2024", "01/02/2024"], "dropped", "text", id="other-dates"),
    pytest.param("created_at", ["1700000000", "1700000100"], "time", "time", id="unix-times-by-name"),
    pytest.param("n", ["1700000000", "1700000100"], "number", "whole", id="large-numbers"),
    pytest.param("n", ["a|b", "a", "b|c", "a|c", "c|b", "a|b|c"], "list", "text", id="several-values"),
    pytest.param("n", ["Doe, John", "Roe, Jane", "Doe, Jane"], "category", "text", id="names-with-commas"),
    pytest.param("n", [None, None], "dropped", "text", id="all-missing"),
    pytest.param("n", ["x", "x"], "dropped", "text", id="constant"),
    pytest.param("n", ["x", None], "category", "text", id="constant-with-gaps"),
    pytest.param("n", [f"user-{n}" for n in range(30)], "dropped", "text", id="unique"),
    pytest.param("n", [f"it is a long story {n} of many words" for n in range(30)], "dropped", "text", id="prose"),
    pytest.param("n", ["NA", "", "null"], "category", "text", id="words-that-are-values-where-quoted"),
    pytest.param("n", ["ß", "ẞ", "İ", "é", "é"], "category", "text", id="letters"),
]


@pytest.mark.parametrize(("name", "values", "role", "kind"), TEXT)
def test_text_is_taken_for_what_it_looks_like(name: str, values: list[str | None], role: str, kind: str) -> None:
    column = column_of(values, name, kind=pa.string())
    assert (column.role, column.kind) == (role, kind)


@pytest.mark.parametrize(
    ("name", "array", "role", "kind"),
    [
        pytest.param("n", pa.array([1, 2, 3], pa.int16()), "number", "whole", id="int16"),
        pytest.param("n", pa.array([2**63 - 1, -(2**63), 0]), "category", "whole", id="int64-to-its-ends"),
        pytest.param("n", pa.array([1.0, None, 3.0]), "number", "whole", id="whole-doubles-with-gaps"),
        pytest.param("n", pa.array([1.5, float("nan")]), "number", "real", id="doubles"),
        pytest.param("n", pa.array([True, None]), "flag", "flag", id="bools"),
        pytest.param("n", pa.array(["1", "2", "2"]).dictionary_encode(), "number", "whole", id="dictionary"),
        pytest.param("n", pa.array([[1, 2], [2], []]), "list", "whole", id="lists"),
        pytest.param("n", pa.array([{"a": 1}]), "dropped", "text", id="structs"),
        pytest.param("n", pa.array([b"ab"]), "dropped", "text", id="bytes"),
        pytest.param("n", pa.array([1, 2], pa.timestamp("ns")), "time", "time", id="timestamps"),
        pytest.param("n", pa.array([1, 2], pa.date32()), "time", "time", id="days"),
        pytest.param("n", pa.array(["1.50", "2.50"]).cast(pa.decimal128(9, 2)), "number", "real", id="decimals"),
        pytest.param("n", pa.nulls(3), "dropped", "text", id="nulls"),
        pytest.param("n", pa.array([0, 5], pa.decimal128(38, 18)), "number", "whole", id="whole-decimals"),
        pytest.param("n", pa.array([2**60, 2**60 + 1], pa.decimal128(20, 0)), "category", "whole", id="decimal-ids"),
        pytest.param("n", pa.array([2**63, 1], pa.decimal128(20, 0)), "dropped", "text", id="decimals-beyond-64-bits"),
        pytest.param("n", pa.array([2**63, 1], pa.uint64()), "dropped", "text", id="uint64-beyond-64-bits"),
        pytest.param("n", pa.array([1e18, 2e18]), "number", "real", id="whole-doubles-beyond-2^53"),
        pytest.param("n", pa.array([0.0, 1.0]), "flag", "flag", id="doubles-of-zero-and-one"),
        pytest.param("n", pa.array([0, 1], pa.decimal128(1, 0)), "flag", "flag", id="decimals-of-zero-and-one"),
        pytest.param("n", pa.array([["a"], ["b"]], pa.list_view(pa.string())), "list", "text", id="list-views"),
        pytest.param("n", pa.array([[True], [False]]), "list", "flag", id="lists-of-flags"),
        pytest.param("n", pa.array([[1.5], [2.0]]), "dropped", "text", id="lists-of-fractions"),
        pytest.param("n", pa.array([[0], [1]], pa.list_(pa.timestamp("s"))), "dropped", "text", id="lists-of-times"),
    ],
)
def test_types_are_taken_for_what_they_are(name: str, array: pa.Array, role: str, kind: str) -> None:
    profiler = Profiler(name)
    profiler.add(array)
    column = infer({name: profiler.finish()}, Corrections())[name]
    assert (column.role, column.kind) == (role, kind)


TYPED = [
    pa.array([float(n % 2) for n in range(60)]),
    pa.array([1.5e18 * n for n in range(60)]),
    pa.array([n % 7 for n in range(60)], pa.decimal128(38, 18)),
    pa.array([n % 2 for n in range(60)], pa.decimal128(1, 0)),
    pa.array([2**60 + n % 7 for n in range(60)], pa.decimal128(20, 0)),
    pa.array([2**63 + n % 7 for n in range(60)], pa.uint64()),
    pa.array([-(2**63) * (n % 2) + n % 7 for n in range(60)]),
    pa.array([["a"] * (n % 3) for n in range(60)], pa.list_view(pa.string())),
    pa.array([[n / 2] for n in range(60)]),
    pa.array([[n % 2 == 0] for n in range(60)]),
    pa.array([[n] for n in range(60)], pa.list_(pa.date32())),
]


@pytest.mark.parametrize("array", TYPED, ids=lambda array: str(array.type))
def test_what_a_column_is_taken_for_is_what_is_read(array: pa.Array, tmp_path: Path) -> None:
    table = {"c": array, "x": [n * 0.5 for n in range(60)], "bought": [n % 3 // 2 for n in range(60)]}

    assert import_table(pa.table(table), tmp_path / "out", label="bought").found.num_rows


@pytest.mark.parametrize("said", [{"group": "c"}, {"categorical": ["c"]}], ids=str)
def test_numbers_beyond_64_bits_are_refused_by_name(said: dict[str, Any], tmp_path: Path) -> None:
    table = {"c": pa.array([2**63 + n % 7 for n in range(60)], pa.uint64()), "bought": [n % 2 for n in range(60)]}

    with pytest.raises(TableError, match=r"c.*beyond 64 bits.*write them as text"):
        import_table(pa.table(table), tmp_path / "out", label="bought", **said)


def test_text_that_is_not_utf8_is_told_at_its_row(tmp_path: Path) -> None:
    text = pa.array([b"a", b"b", b"\xff"] * 20).view(pa.string())

    with pytest.raises(TableError, match='row 2: "c": a value is to be text in UTF-8'):
        import_table(pa.table({"c": text, "bought": [n % 2 for n in range(60)]}), tmp_path / "out", label="bought")


def test_half_an_escaped_character_of_json_is_told_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"c": "\\ud83d\\ude00", "y": 1}\n{"c": "\\ud83d", "y": 0}\n')

    with pytest.raises(TableError, match=r"t\.jsonl:2: .*half of a character"):
        import_table(tmp_path / "t.jsonl", tmp_path / "out", label="y")


def test_strings_of_json_are_no_numbers() -> None:
    assert column_of(["1", "2", "2"], strings=frozenset({"c"})).role == "category"


# How long a machine takes to draw values says nothing of profiles.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    values=st.lists(
        st.none() | st.sampled_from(["1", "2.5", "x", "007", "2024-01-01", "a|b", "", "1.é|"]), max_size=12
    ),
    turn=st.integers(0, 12),
    batch=st.integers(1, 9),
)
def test_profiles_do_not_depend_on_order_or_pieces(values: list[str | None], turn: int, batch: int) -> None:
    turned = values[::-1][turn:] + values[::-1][:turn]
    one, other = profile_of(values, kind=pa.string()), profile_of(turned, kind=pa.string(), batch=batch)
    assert sorted((one.distinct or pa.array([], pa.string())).to_pylist()) == sorted(
        (other.distinct or pa.array([], pa.string())).to_pylist()
    )
    for name in set(vars(one)) - {"distinct", "sample"}:
        assert getattr(one, name) == getattr(other, name), name


SAID = [
    pytest.param({"numeric": ("c",)}, ["1", "x"], "`x` is none", id="numeric-text"),
    pytest.param({"numeric": ("c",), "private": True}, ["1", "x"], "not all of its values are numbers", id="private"),
    pytest.param({"categorical": ("c",)}, [1.5, 2.5], "numbers with fractions", id="categorical-fractions"),
    pytest.param({"multi": {"c": ""}}, ["a|b"], "say what stands between", id="multi-without-separator"),
    pytest.param({"time": "c"}, ["x"], "neither dates", id="time-text"),
    pytest.param({"time": "c"}, ["12", "13"], "--time-unit", id="time-of-unknown-unit"),
]


@pytest.mark.parametrize(("said", "values", "message"), SAID)
def test_what_a_column_cannot_be_is_refused(said: dict[str, Any], values: list[Any], message: str) -> None:
    with pytest.raises(TableError, match=message):
        column_of(values, corrections=Corrections(**said))
    if said.get("private"):
        with pytest.raises(TableError) as caught:
            column_of(values, corrections=Corrections(**said))
        assert "`x`" not in str(caught.value)


def test_corrections_count_more_than_looks() -> None:
    assert column_of(["1", "2"], corrections=Corrections(categorical=("c",))).role == "category"
    assert column_of(["007", "1"], corrections=Corrections(numeric=("c",))).role == "number"
    assert column_of(["a b", "c"], corrections=Corrections(multi={"c": " "})).separator == " "
    assert column_of(["12", "13"], corrections=Corrections(time="c", time_unit="s")).time_unit == "s"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        pytest.param({"drop": ("cc",)}, '--drop: the table has no column "cc"; did you mean "c"', id="absent"),
        pytest.param({"drop": ("c",), "numeric": ("c",)}, "by --numeric and by --drop", id="said-twice"),
        pytest.param({"drop": ("c",), "group": "c"}, "by --drop and by --group", id="dropped-group"),
    ],
)
def test_corrections_that_do_not_go_together_are_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(TableError, match=message):
        Corrections(**said).check(["c", "other"])


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("bought", Label("bought", "bought")),
        ("bought:binary", Label("bought", "bought")),
        ("price:number", Label("price", "price", is_number=True)),
        ("rating>=4", Label("rating", "rating", at_least=4)),
        ("answer = yes", Label("answer", "answer", equals="yes")),
        ("is it good?", Label("is it good?", "is_it_good")),
        ("5 stars", Label("5 stars", "_5_stars")),
    ],
)
def test_labels_are_read(text: str, label: Label) -> None:
    assert parse_label(text) == label


@pytest.mark.parametrize("text", ["rating>=many", ""])
def test_labels_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(TableError):
        parse_label(text)


@pytest.mark.parametrize("text", ["80/20", "80/10/5", "a/b/c", "0/50/50", "100/0/0", "90/-10/20"])
def test_splits_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(TableError, match="percents"):
        parse_split(text)


def test_splits_are_in_thousandths() -> None:
    assert parse_split("79.5/20.5/0") == (795, 205, 0)


@pytest.mark.parametrize("text", ["city", "city=", "city=-1", "=5"])
def test_buckets_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(TableError, match="buckets"):
        parse_hashed(text)


def test_the_one_column_called_like_a_label_is_it() -> None:
    columns = infer({n: profile_of(["0", "1"], n) for n in ("clicked", "other")}, Corrections())
    assert label_of(columns).column == "clicked"
    for names in (("a", "b"), ("clicked", "label")):
        columns = infer({n: profile_of(["0", "1"], n) for n in names}, Corrections())
        with pytest.raises(TableError, match="--label"):
            label_of(columns)


@pytest.mark.parametrize(
    ("values", "at_least"),
    [
        pytest.param(["0", "1"], None, id="zero-and-one"),
        pytest.param(["yes", "no"], None, id="yes-and-no"),
        pytest.param(["1", "1"], None, id="positives-only"),
        pytest.param(["1", "2"], 2.0, id="two-numbers"),
    ],
)
def test_two_values_say_what_is_positive(values: list[str], at_least: float | None) -> None:
    corrections = Corrections(labels=(Label("c", "c"),))
    assert resolved_label(corrections.labels[0], column_of(values, corrections=corrections)).at_least == at_least


@pytest.mark.parametrize("values", [["1", "2", "3"], ["a", "b"]])
def test_values_that_do_not_say_what_is_positive_are_refused(values: list[str]) -> None:
    corrections = Corrections(labels=(Label("c", "c"),))
    with pytest.raises(TableError, match="positive"):
        resolved_label(corrections.labels[0], column_of(values, corrections=corrections))


# What numbers become


def _numbers_of(num_numbers: int, num_rows: int, bins: int | None = None) -> dict[str, tuple[bool, int]]:
    """Of each number whether it is standardized and how many quantiles it has; the last alone has a value below 0."""
    values = {f"n{place}": [float(row) for row in range(num_rows)] for place in range(num_numbers)}
    values[f"n{num_numbers - 1}"][0] = -0.5
    profiles = {name: profile_of(column, name, batch=num_rows) for name, column in values.items()}
    profiles["y"] = profile_of([0, 1] * (num_rows // 2), "y", batch=num_rows)
    corrections = Corrections(labels=(parse_label("y"),), bins=bins)
    features = plan(infer(profiles, corrections), corrections, ()).recipe.features
    standardized = {feature.name: feature.number.standardize for feature in features if feature.HasField("number")}
    quantiles = {f.binned.column: f.binned.quantiles.num_bins for f in features if f.HasField("binned")}
    return {name: (standardized[name], quantiles.get(name, 0)) for name in standardized}


@pytest.mark.parametrize(
    ("num_numbers", "num_rows", "bins", "others", "last"),
    [
        pytest.param(MANY_NUMBERS + 1, 10_000, None, (False, 32), (True, 32), id="many"),
        pytest.param(MANY_NUMBERS, 10_000, None, (False, 0), (False, 0), id="few-numbers"),
        pytest.param(MANY_NUMBERS + 1, 9_998, None, (False, 0), (False, 0), id="few-rows"),
        pytest.param(MANY_NUMBERS + 1, 10_000, 0, (False, 0), (True, 0), id="many-without-bins"),
        pytest.param(2, 400, 8, (False, 8), (False, 8), id="few-with-bins"),
    ],
)
def test_many_numbers_are_ids_by_quantile_and_standardized_where_they_go_below_0(
    num_numbers: int,
    num_rows: int,
    bins: int | None,
    others: tuple[bool, int],
    last: tuple[bool, int],
) -> None:
    found = _numbers_of(num_numbers, num_rows, bins)
    assert found.pop(f"n{num_numbers - 1}") == last
    assert set(found.values()) == {others}
