"""Tables of every form come in as they are, and what cannot be read is told by its line."""

from __future__ import annotations

import bz2
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rankspec.datasets.importing import csv_source
from rankspec.datasets.importing.csv_source import CsvFormat
from rankspec.datasets.importing.door import Table, open_table
from rankspec.datasets.importing.errors import TableError

Rows = dict[str, list[Any]]


def rows_of(table: Table) -> Rows:
    batches = [batch for _, batch in table.batches()]
    return pa.Table.from_batches(batches).to_pydict() if batches else {}


def write(folder: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


DIGITS = [byte for number in range(50_000) for byte in f"{number * number},{number}\n".encode()]
PLAIN: Rows = {"name": ["Ann", "Bö"], "n": ["1", None]}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("name,n\nAnn,1\nBö,\n", id="comma"),
        pytest.param("name;n\nAnn;1\nBö;\n", id="semicolon"),
        pytest.param("name\tn\r\nAnn\t1\r\nBö\t\r\n", id="tab-and-crlf"),
        pytest.param("name|n\nAnn|1\nBö|NA", id="pipe-and-no-last-line-end"),
        pytest.param("\ufeffname,n\nAnn,1\nBö,\n", id="byte-order-mark"),
        pytest.param("\n\nname,n\nAnn,1\n\nBö,\n\n", id="blank-lines"),
        pytest.param('"name","n"\n"Ann","1"\n"Bö",?\n', id="quoted"),
        pytest.param("name , n\nAnn,1\nBö,\n", id="blanks-around-names"),
        pytest.param("name,n\nAnn,1\nBö,\n".encode("utf-16"), id="utf-16"),
        pytest.param(gzip.compress("name,n\nAnn,1\nBö,\n".encode()), id="gzip"),
        pytest.param(gzip.compress(b"name,n\nAnn,1\n") + gzip.compress("Bö,\n".encode()), id="gzip-of-two-members"),
        pytest.param(bz2.compress("name,n\nAnn,1\nBö,\n".encode()), id="bz2"),
    ],
)
def test_csv_is_read_as_it_is_written(tmp_path: Path, content: str | bytes) -> None:
    assert rows_of(open_table(write(tmp_path, content))) == PLAIN


def test_encoding_is_taken_as_named(tmp_path: Path) -> None:
    path = write(tmp_path, "name,n\nAnn,1\nBö,\n".encode("latin-1"))
    assert rows_of(open_table(path, csv_format=CsvFormat(encoding="latin-1"))) == PLAIN


def test_quoted_is_never_missing(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\n"",NA\n"NA",null\n')
    assert rows_of(open_table(path)) == {"a": ["", "NA"], "b": [None, None]}


def test_digits_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path, "id,zip,hex\n12345678901234567890123,007,0x1F\n")
    assert rows_of(open_table(path)) == {"id": ["12345678901234567890123"], "zip": ["007"], "hex": ["0x1F"]}


def test_cells_have_separators_quotes_and_line_ends(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\n"x,""y""\nz",5" pipe\n')
    assert rows_of(open_table(path)) == {"a": ['x,"y"\nz'], "b": ['5" pipe']}


def test_single_quotes_and_other_separators_are_taken_as_named(tmp_path: Path) -> None:
    path = write(tmp_path, "a~b\n'x~y'~1\n")
    assert rows_of(open_table(path, csv_format=CsvFormat(delimiter="~", quote="'"))) == {"a": ["x~y"], "b": ["1"]}


def test_empty_lines_of_one_column_are_missing_values(tmp_path: Path) -> None:
    assert rows_of(open_table(write(tmp_path, "a\n1\n\n2\n"))) == {"a": ["1", None, "2"]}


def test_without_a_header_columns_are_numbered_or_named(tmp_path: Path) -> None:
    path = write(tmp_path, "1,x\n2,y\n")
    assert rows_of(open_table(path, csv_format=CsvFormat(has_header=False))) == {
        "column_1": ["1", "2"],
        "column_2": ["x", "y"],
    }
    named = CsvFormat(has_header=False, names=("n", "letter"))
    assert rows_of(open_table(path, csv_format=named)) == {"n": ["1", "2"], "letter": ["x", "y"]}


def test_a_column_without_a_name_gets_one_and_that_is_told(tmp_path: Path) -> None:
    table = open_table(write(tmp_path, ",b\n0,x\n"))
    assert table.names == ("column_1", "b")
    (note,) = table.notes
    assert note.endswith('t.csv:1: column 1 has no name; it is called "column_1"')


@pytest.mark.parametrize(
    ("content", "place", "remedy"),
    [
        pytest.param("", "t.csv is empty", "line of column names", id="empty"),
        pytest.param("a,b,a\n1,2,3\n", "t.csv:1: columns 1 and 3", "--columns", id="doubled-name"),
        pytest.param("1,2\n3,4\n", "t.csv:1: the first line looks like values", "--no-header", id="no-header"),
        pytest.param("a,b\n1,2\n3\n", "t.csv:3: 1 fields where the header has 2", "--delimiter", id="short-line"),
        pytest.param('a,b\n"1\n\n1",2\n3,4,5\n', "t.csv:5: 3 fields", "quote fields", id="long-line-after-line-ends"),
        pytest.param('a,b\n1,2\n3,"4\n5,6\n', "t.csv:3: a quote opens here", "never closed", id="open-quote"),
        pytest.param(b"a,b\n1,2\n\xff,4\n", "t.csv:3: not utf-8", "--encoding latin-1", id="other-encoding"),
        pytest.param(b"a,b\n\x00\x01,2\n", "t.csv: not text", "--format", id="binary"),
        pytest.param(gzip.compress(b"a,b\n" + bytes(DIGITS))[:-500], "t.csv is damaged", "again", id="cut-gzip"),
    ],
)
def test_what_is_not_read_is_told_by_its_line(tmp_path: Path, content: str | bytes, place: str, remedy: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(TableError) as caught:
        rows_of(open_table(path))
    assert place in str(caught.value)
    assert remedy in str(caught.value)


def test_a_long_cell_with_line_ends_is_an_open_quote(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\n1,2\n3,"4\n' + "5,6\n" * 30_000 + '7,"8"\n')
    with pytest.raises(TableError, match=r"t\.csv:3: .* close the quote"):
        rows_of(open_table(path))


def test_a_cell_longer_than_a_block_is_read(tmp_path: Path) -> None:
    long = "x" * 3_000_000
    path = write(tmp_path, "a,b\n" + "1,2\n" * 300_000 + f"3,{long}\n" + "4,5\n" * 10)
    rows = rows_of(open_table(path))
    assert rows["a"] == ["1"] * 300_000 + ["3"] + ["4"] * 10
    assert rows["b"][300_000] == long


def test_decimal_commas_are_found(tmp_path: Path) -> None:
    with_commas = open_table(write(tmp_path, "a;b\n1,5;x\n-2,25;y\n", "commas.csv"))
    without = open_table(write(tmp_path, "a;b\n1.5;x,y\n", "points.csv"))
    assert ([decimal for decimal, _ in with_commas.batches()], [decimal for decimal, _ in without.batches()]) == (
        [","],
        ["."],
    )


VALUES = st.text("aé😀,;|'\" \t", max_size=6) | st.just("a\nb") | st.just('"')


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=20), block=st.integers(40, 200))
def test_every_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], block: int
) -> None:
    quoted = [",".join('"' + value.replace('"', '""') + '"' for value in row) for row in rows]
    path = write(tmp_path_factory.mktemp("t"), "a,b\n" + "\n".join(quoted) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_source, "_BLOCK_BYTES", block)
        table = open_table(path)
        read = rows_of(table)
    assert read == {"a": [a for a, _ in rows], "b": [b for _, b in rows]}


TYPED = pa.table({"n": pa.array([1, None, 3], pa.int32()), "s": pa.array(["x", "y", None]), "t": [[1], [], [2, 3]]})


def test_typed_files_keep_their_types(tmp_path: Path) -> None:
    pq.write_table(TYPED, tmp_path / "t.parquet")
    with pa.OSFile(str(tmp_path / "t.feather"), "wb") as file, pa.ipc.new_file(file, TYPED.schema) as writer:
        writer.write_table(TYPED)
    with pa.OSFile(str(tmp_path / "t.arrows"), "wb") as file, pa.ipc.new_stream(file, TYPED.schema) as writer:
        writer.write_table(TYPED)
    for name in ("t.parquet", "t.feather", "t.arrows"):
        table = open_table(tmp_path / name)
        assert not table._parts[0].is_text
        assert pa.Table.from_batches([batch for _, batch in table.batches()]).equals(TYPED)


class Frame:
    """A table that gives a new stream each time, as frames do."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return TYPED.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("make", [lambda: TYPED, Frame, TYPED.to_reader], ids=["table", "frame", "reader-of-one-pass"])
def test_tables_of_python_are_read_again_and_again(make: Any) -> None:
    table = open_table(make())
    for _ in range(2):
        assert pa.Table.from_batches([batch for _, batch in table.batches()]).equals(TYPED)


def test_json_lines_keep_every_digit(tmp_path: Path) -> None:
    lines = ['{"a": 9007199254740993, "b": "01"}', "", '{"b": null, "c": [1, "x"], "d": true}', '{"c": 7, "a": 1.50}']
    table = open_table(write(tmp_path, "\n".join(lines), "t.jsonl"))
    assert table.strings == {"b", "c"}
    assert rows_of(table) == {
        "a": ["9007199254740993", None, "1.50"],
        "b": ["01", None, None],
        "c": [None, ["1", "x"], ["7"]],
        "d": [None, "true", None],
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param('{"a": 1', "t.jsonl:2: no JSON", id="cut"),
        pytest.param("[1]", "t.jsonl:2: no object", id="list"),
        pytest.param('{"a": {"b": 1}}', 't.jsonl:2: "a" holds objects', id="nested"),
    ],
)
def test_json_lines_that_are_no_rows_are_told(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(TableError, match=r"t\.jsonl:2: ") as caught:
        open_table(write(tmp_path, json.dumps({"a": 1}) + "\n" + line, "t.jsonl"))
    assert said in str(caught.value)


def test_parts_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    first, second = write(tmp_path, "a,b\n1,2\n", "p1.csv"), write(tmp_path, "b;a\n4;3\n5;6\n", "p2.csv")
    table = open_table([second, first])
    assert rows_of(table) == {"a": ["1", "3", "6"], "b": ["2", "4", "5"]}
    assert table.place(2) == f"{second}:3"


def test_parts_of_other_columns_are_refused(tmp_path: Path) -> None:
    paths = [write(tmp_path, "a,b\n1,2\n", "p1.csv"), write(tmp_path, "a,c\n1,2\n", "p2.csv")]
    with pytest.raises(TableError, match='has a column "b"'):
        open_table(paths)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("t.dat", b"a,b\n", "--format", id="unknown-form"),
        pytest.param("t.parquet", b"PAR1 and no more", "no Parquet file", id="no-parquet"),
        pytest.param("t.feather", b"FEA1....", "version 1", id="old-feather"),
        pytest.param("t.arrow", b"hello, world", "no Arrow file", id="no-arrow"),
    ],
)
def test_files_that_are_no_tables_are_refused(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    with pytest.raises(TableError, match=said):
        open_table(write(tmp_path, content, name))


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot read"):
        open_table(tmp_path / "none.csv")
