"""TFRecord files as rows: the values that Protobuf says, and errors for all that is damaged or does not fit."""

from __future__ import annotations

import gzip
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from tests.unit.tf_examples import FORMS, Example, example, examples_of, write_records

from rankspec.datasets.tfrecord import ROW_GROUP_ROWS, framed, masked_crc
from rankspec.encoding.vocabulary import varint
from rankspec.trainer.data.opening import rows_opener
from rankspec.trainer.data.place import Place
from rankspec.trainer.data.source import RowFile, place_in
from rankspec.trainer.data.storage.local import LOCAL
from rankspec.trainer.data.storage.storage import StoredFile
from rankspec.trainer.data.tfrecord import positions
from rankspec.trainer.data.tfrecord.decoding import decode, layout_of
from rankspec.trainer.data.values import Array, StoredColumn
from rankspec.trainer.data_error import DataError

COLUMNS = (StoredColumn("f", "float32", 3), StoredColumn("i", "int64", 2), StoredColumn("l", "int64", 1))
GOOD = example(f=[0.5, -1.0, 3.0], i=[7, -(2**63)], l=[1])


def opened(file: Path, columns: Sequence[StoredColumn] = COLUMNS) -> RowFile:
    return rows_opener()(StoredFile(LOCAL, file), columns)


def rows_of(file: RowFile, row_group: int, columns: Sequence[StoredColumn] = COLUMNS) -> dict[str, Array]:
    chunks = [chunk for _, chunk in file.chunks(row_group, columns)]
    return {column.name: np.concatenate([chunk[column.name] for chunk in chunks]) for column in columns}


def columns_of(num_rows: int) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    return {
        "f": rng.standard_normal((num_rows, 3), dtype=np.float32),
        "i": rng.integers(-(2**63), 2**63, (num_rows, 2)) >> rng.integers(0, 64, (num_rows, 1)),
        "l": rng.integers(0, 2, (num_rows, 1)),
    }


@pytest.mark.parametrize("kept", [1024, 1])
@pytest.mark.parametrize("form", FORMS)
def test_row_groups_are_read_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, kept: int
) -> None:
    monkeypatch.setattr(positions, "_KEPT", kept)
    num_rows = 4 * ROW_GROUP_ROWS + 77
    columns = columns_of(num_rows)
    file = opened(write_records(tmp_path / f"a.{form}", examples_of(columns)))

    assert file.rows == (ROW_GROUP_ROWS,) * 4 + (77,)
    for row_group in (0, 1, 2, 3, 4, 4, 2, 0, 3, 3, 1, 4, 0, 1):
        here = slice(row_group * ROW_GROUP_ROWS, (row_group + 1) * ROW_GROUP_ROWS)
        for name, values in rows_of(file, row_group).items():
            np.testing.assert_array_equal(values, columns[name][here])
    assert place_in(file, 2, 5).of("f", 1).endswith(f'row {2 * ROW_GROUP_ROWS + 6}, column "f"')


@pytest.mark.parametrize("form", FORMS)
def test_records_may_be_larger_than_what_is_read_at_once(tmp_path: Path, form: str) -> None:
    values = np.random.default_rng(0).standard_normal((3, 200_000), dtype=np.float32)
    column = (StoredColumn("f", "float32", 200_000),)
    file = opened(write_records(tmp_path / f"a.{form}", examples_of({"f": values})), column)
    np.testing.assert_array_equal(rows_of(file, 0, column)["f"], values)


def test_a_reading_that_is_given_up_does_not_spoil_the_next(tmp_path: Path) -> None:
    columns = columns_of(2 * ROW_GROUP_ROWS)
    file = opened(write_records(tmp_path / "a.tfrecord.gz", examples_of(columns)), COLUMNS)

    next(iter(file.chunks(0, COLUMNS)))
    rows_of(file, 0)
    given_up = file.chunks(1, COLUMNS)
    next(given_up)

    np.testing.assert_array_equal(rows_of(file, 1)["f"], columns["f"][ROW_GROUP_ROWS:])


def test_form_is_told_by_content_where_the_name_does_not_say_parquet(tmp_path: Path) -> None:
    raw = framed(GOOD) * 3
    for number, content in enumerate((raw, gzip.compress(raw), zlib.compress(raw, 1), zlib.compress(raw, 9))):
        file = tmp_path / f"part-{number}"
        file.write_bytes(content)
        assert opened(file).rows == (3,)


def test_identity_is_of_the_records_whatever_the_compression(tmp_path: Path) -> None:
    files = [opened(write_records(tmp_path / f"a.{form}", [GOOD] * 5)) for form in FORMS]
    other = opened(write_records(tmp_path / "b.tfrecord", [GOOD] * 4 + [example(f=[1.0] * 3, i=[7, 7], l=[1])]))

    assert len({file.identity[1:] for file in files}) == 1
    assert other.identity[1] == 5
    assert other.identity[2] != files[0].identity[2]


def test_a_file_that_is_touched_is_the_same_and_one_that_is_replaced_is_not(tmp_path: Path) -> None:
    path = write_records(tmp_path / "a.tfrecord.gz", [GOOD] * 5)
    file = opened(path)
    path.rename(tmp_path / "b")
    assert "is gone" in (file.change() or "")
    path.write_bytes((tmp_path / "b").read_bytes())
    assert file.change() is None
    write_records(path, [GOOD] * 4)
    assert "was replaced" in (file.change() or "")


def test_a_plain_file_of_no_bytes_has_no_rows(tmp_path: Path) -> None:
    file = tmp_path / "a.tfrecord"
    file.touch()
    assert opened(file).rows == ()


def _flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


def _with_length(length: int) -> bytes:
    head = struct.pack("<Q", length)
    return head + struct.pack("<I", masked_crc(head)) + GOOD


_RAW = framed(GOOD) * 3
_SIZE = len(framed(GOOD))
_GZIP, _ZLIB = gzip.compress(_RAW), zlib.compress(_RAW)
DAMAGED = {
    "nothing in gzip": (b"", "a.gz", "begins neither"),
    "junk": (b"junk" * 9, "a.tfrecord", "begins neither"),
    "first length": (_flipped(_RAW, 1), "a.tfrecord", "begins neither"),
    "later length": (_flipped(_RAW, _SIZE + 1), "a.tfrecord", "record 1: its length does not match"),
    "checksum of length": (_flipped(_RAW, _SIZE + 9), "a.tfrecord", "record 1: its length does not match"),
    "content": (_flipped(_RAW, 2 * _SIZE + 20), "a.tfrecord", "record 2: its content does not match"),
    "checksum of content": (_flipped(_RAW, _SIZE - 1), "a.tfrecord", "record 0: its content does not match"),
    "cut content": (_RAW[:-20], "a.tfrecord", "record 2: the file ends within it"),
    "cut checksum": (_RAW[:-1], "a.tfrecord", "record 2: the file ends within it"),
    "head alone": (_RAW + _RAW[:12], "a.tfrecord", "record 3: the file ends within it"),
    "garbage behind": (_RAW + b"hello", "a.tfrecord", "record 3: the file ends within it"),
    "absurd length": (_RAW + _with_length(2**62), "a.tfrecord", f"record 3: says that it has {2**62} bytes"),
    "length beyond the end": (_RAW + _with_length(2**27), "a.tfrecord", "record 3: the file ends within it"),
    "gzip without trailer": (_GZIP[:-8], "a.gz", "record 3: ends within what is compressed"),
    "gzip cut": (_GZIP[:-20], "a.gz", "ends within what is compressed"),
    "gzip checksum": (_flipped(_GZIP, len(_GZIP) - 6), "a.gz", "cannot be inflated"),
    "gzip content": (_flipped(_GZIP, 20), "a.gz", "record"),
    "garbage behind gzip": (_GZIP + b"hello world", "a.gz", "record 3: cannot be inflated"),
    "second member cut": (_GZIP + _GZIP[:-9], "a.gz", "ends within what is compressed"),
    "zlib checksum": (_flipped(_ZLIB, len(_ZLIB) - 1), "a.zlib", "cannot be inflated"),
    "zlib cut": (_ZLIB[:-5], "a.zlib", "ends within what is compressed"),
    "garbage behind zlib": (_ZLIB + b"hello", "a.zlib", "record 3: goes on behind the end"),
    "raw in gzip cut": (gzip.compress(_RAW[:-1]), "a.gz", "record 2: the file ends within it"),
    "no message": (framed(b"\xff" * 9), "a.tfrecord", "is no tf.Example message"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damage_is_told_with_file_and_record(tmp_path: Path, case: str) -> None:
    content, name, reason = DAMAGED[case]
    file = tmp_path / name
    file.write_bytes(content)

    with pytest.raises(DataError) as error:
        opened(file)

    assert str(error.value).startswith(str(file))
    assert reason in str(error.value)


@pytest.mark.parametrize("content", [_GZIP + _GZIP, _GZIP + bytes(100), _GZIP + bytes(40_000) + _GZIP])
def test_members_of_gzip_and_zeros_behind_them_are_read(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.gz"
    file.write_bytes(content)
    assert opened(file).rows == (3 * content.count(_GZIP),)


@pytest.mark.parametrize("content", [_RAW, _GZIP, _ZLIB], ids=["plain", "gzip", "zlib"])
def test_no_flipped_bit_changes_what_is_read(tmp_path: Path, content: bytes) -> None:
    file, read_all_the_same = tmp_path / "a.gz", set()
    for bit in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        file.write_bytes(damaged)
        try:
            values = rows_of(opened(file), 0)
        except DataError:
            continue
        assert values["i"].tolist() == [[7, -(2**63)]] * 3
        assert values["f"].tolist() == [[0.5, -1.0, 3.0]] * 3
        read_all_the_same.add(bit)
    # Time and system in gzip's header, unused bits of the last byte, and references to another copy of the same bytes.
    assert len(read_all_the_same) <= {_RAW: 0, _GZIP: 80, _ZLIB: 16}[content]


UNFIT = {
    "missing": (example(f=[0.5] * 3, i=[1, 2]), 'row 1, column "l": there is no value'),
    "short floats": (example(f=[0.5] * 2, i=[1, 2], l=[1]), 'column "f": there are 2 values; the schema says 3'),
    "long ints": (example(f=[0.5] * 3, i=[1, 2, 3], l=[1]), 'column "i": there are 3 values; the schema says 2'),
    "floats for ints": (example(f=[0.5] * 3, i=[1.0, 2.0], l=[1]), 'column "i": is a float_list'),
    "bytes for floats": (example(f=[b"abc"], i=[1, 2], l=[1]), 'column "f": is a bytes_list'),
    "traded values": (example(f=[0.5] * 3, i=[1], l=[1, 2]), 'column "i": there are 1 values'),
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_does_not_fit_is_told_with_file_record_and_feature(tmp_path: Path, case: str) -> None:
    content, reason = UNFIT[case]
    file = opened(write_records(tmp_path / "a.tfrecord.gz", [GOOD, content]))
    with pytest.raises(DataError) as error:
        rows_of(file, 0)
    assert str(error.value).startswith(str(tmp_path))
    assert reason in str(error.value)

    with pytest.raises(DataError, match=reason.rsplit(":", 1)[0].removeprefix("row 1, ")):
        opened(write_records(tmp_path / "b.tfrecord", [content, GOOD]))


def test_numbers_are_of_the_type_that_the_first_record_has(tmp_path: Path) -> None:
    column = (StoredColumn("l", "number", 1),)
    for values, dtype in (([2], np.int64), ([2.5], np.float32)):
        file = opened(write_records(tmp_path / "a.tfrecord", [example(l=values)] * 2), column)
        (read,) = rows_of(file, 0, column).values()
        assert read.dtype == dtype
        assert read.tolist() == [values, values]
    mixed = opened(write_records(tmp_path / "a.tfrecord", [example(l=[2]), example(l=[2.5])]), column)
    with pytest.raises(DataError, match="is a float_list; it has to be an int64_list"):
        rows_of(mixed, 0, column)


# Odd messages -------------------------------------------------------------------------------------------------------


def _field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def _padded(encoded: bytes) -> bytes:
    """A varint of one byte more."""
    return encoded[:-1] + bytes([encoded[-1] | 0x80, 0]) if len(encoded) < 5 else encoded


def _int_list(values: list[int], rng: random.Random) -> bytes:
    encoded = [varint(value % 2**64) for value in values]
    if rng.random() < 0.2:
        encoded = list(map(_padded, encoded))
    if rng.random() < 0.2:
        return b"".join(b"\x08" + value for value in encoded)
    return _in_pieces(encoded, rng)


def _float_list(values: list[float], rng: random.Random) -> bytes:
    encoded = [struct.pack("<f", value) for value in values]
    if rng.random() < 0.2:
        return b"".join(b"\x0d" + value for value in encoded)
    return _in_pieces(encoded, rng)


def _in_pieces(encoded: list[bytes], rng: random.Random) -> bytes:
    if rng.random() < 0.2:
        half = rng.randrange(len(encoded) + 1)
        return _field(1, b"".join(encoded[:half])) + _field(1, b"".join(encoded[half:]))
    return _field(1, b"".join(encoded))


def _unknown(rng: random.Random) -> bytes:
    return rng.choice([b"", b"", b"", _field(9, b"abc"), b"\x78\x05"])


def _odd_feature(name: str, length: int, rng: random.Random) -> bytes:
    length = rng.choice([length] * 12 + [0, length - 1, length + 1])
    is_float = (name == "f") != (rng.random() < 0.03)
    if rng.random() < 0.03:
        return rng.choice([b"", _field(1, _field(1, b"text"))])
    if is_float:
        numbers = [rng.choice([0.0, -0.0, 1e-45, float("inf"), float("nan"), rng.random()]) for _ in range(length)]
        return _field(2, _float_list(numbers, rng) + _unknown(rng)) + _unknown(rng)
    whole = [rng.choice([0, 1, -1, 26, 10, 2**63 - 1, -(2**63), rng.getrandbits(40)]) for _ in range(length)]
    return _field(3, _int_list(whole, rng) + _unknown(rng)) + _unknown(rng)


def _odd_example(rng: random.Random) -> bytes:
    entries = []
    for column in COLUMNS:
        for _ in range(rng.choice([1] * 30 + [0, 2])):
            key, value = (
                _field(1, column.name.encode()),
                _field(2, _odd_feature(column.name, column.length, rng)),
            )
            entries.append(_field(1, rng.choice([key + value, key + value, value + key])))
    if rng.random() < 0.3:
        entries.append(_field(1, _field(1, b"other") + _field(2, _odd_feature("f", 2, rng))))
    rng.shuffle(entries)
    if rng.random() < 0.1:
        half = rng.randrange(len(entries) + 1)
        return _field(1, b"".join(entries[:half])) + _field(1, b"".join(entries[half:]))
    return _unknown(rng) + _field(1, b"".join(entries)) + _unknown(rng)


def _by_protobuf(content: bytes) -> dict[str, bytes] | None:
    """The columns as Protobuf reads them, in bytes; none if one is missing or does not fit."""
    try:
        features = Example.FromString(content).features.feature
    except DecodeError:
        return None
    found = {}
    for column in COLUMNS:
        kind, dtype = ("float_list", "<f4") if column.dtype == "float32" else ("int64_list", "<i8")
        if column.name not in features or features[column.name].WhichOneof("kind") != kind:
            return None
        values = getattr(features[column.name], kind).value
        if len(values) != column.length:
            return None
        found[column.name] = np.array(values, dtype).tobytes()
    return found


def _by_us(contents: list[bytes]) -> list[dict[str, bytes]] | None:
    layout = layout_of(COLUMNS, {})
    into = layout.room(len(contents))
    try:
        decode(contents, layout, into, Place(StoredFile(LOCAL, Path("a")), 0, 0))
    except DataError:
        return None
    return [{name: values[row].tobytes() for name, values in into.items()} for row in range(len(contents))]


def test_odd_messages_are_read_as_protobuf_reads_them() -> None:
    rng = random.Random(5)  # noqa: S311
    contents = [_odd_example(rng) for _ in range(4000)]
    expected = [_by_protobuf(content) for content in contents]

    assert [next(iter(_by_us([content]) or ()), None) for content in contents] == expected
    fit = [(content, values) for content, values in zip(contents, expected, strict=True) if values is not None]
    assert 1000 < len(fit) < 3900
    # Rows that are written in different ways, side by side.
    for start in range(0, len(fit), 64):
        together = fit[start : start + 64]
        assert _by_us([content for content, _ in together]) == [values for _, values in together]


@pytest.mark.parametrize("spoil", [lambda content: content[:-1], lambda content: content + b"\x0a"])
def test_a_message_that_is_cut_names_its_row(spoil: Callable[[bytes], bytes]) -> None:
    layout = layout_of(COLUMNS, {})
    with pytest.raises(DataError, match=r"a, row group 0, row 12: is no tf\.Example message"):
        decode([GOOD, GOOD, spoil(GOOD)], layout, layout.room(3), Place(StoredFile(LOCAL, Path("a")), 0, 10))
