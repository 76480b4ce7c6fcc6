"""Parts, files and places follow from the row alone, and a recipe's files are read back or refused."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.unit import row_hash_reference as reference
from tests.unit.encoding_recipes import RECIPE, Columns, batch, fitted, random_columns, recipe, rows_of

from rankspec.encoding import folder as recipe_folder
from rankspec.encoding.dividing import NO_PART, Divider
from rankspec.encoding.encoder import Encoder
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.fitting import completed
from rankspec.encoding.rows import RowReader
from rankspec.encoding.vocabulary import packed, unpacked

COLUMNS = random_columns(300, 2)


def _hash(salt: str, text: str) -> int:
    return int(sha256(f"{salt}/{text}".encode()).hexdigest()[:16], 16)


def _missing(text: str | None, words: tuple[str, ...] = ("", "NA")) -> str | None:
    return None if text in words else text


def _parts(text: str, columns: Columns = COLUMNS) -> list[int]:
    spec = completed(recipe(text))
    parts: list[int] = Divider(spec).parts(RowReader(spec).read(batch(columns))).tolist()
    return parts


def test_part_is_by_the_hash_of_the_key() -> None:
    ages = [None if text is None else int(text.removesuffix(".0")) for text in map(_missing, COLUMNS["age"])]
    keys = zip(COLUMNS["shop"], ages, strict=True)

    assert _parts(RECIPE) == [int(reference.row_hash("split", key) % 1000 >= 800) for key in keys]
    assert _parts(RECIPE.replace('columns: "age" }', 'columns: "age" salt: "other" }')) != _parts(RECIPE)


def test_key_of_one_column_is_its_text() -> None:
    text = RECIPE.replace('columns: "shop" columns: "age"', 'columns: "shop"')

    assert _parts(text) == [int(_hash("split", shop or "") % 1000 >= 800) for shop in COLUMNS["shop"]]


def test_rows_of_a_group_are_in_one_part_and_shares_are_met() -> None:
    text = RECIPE.replace('columns: "shop" columns: "age"', 'columns: "shop"')
    shops = [f"shop {place % 5000}" for place in range(20_000)]

    parts = _parts(text, {"shop": shops})

    assert parts[:5000] == parts[5000:10_000] == parts[15_000:]
    assert np.mean(parts) == pytest.approx(0.2, abs=0.02)


def test_order_and_file_are_by_the_hash_of_all_columns() -> None:
    columns: dict[str, list[str | None]] = {
        "price": ["0.5", "nan", None],
        "age": ["7.0", "07", "NA"],
        "shop": ["é", "", None],
        "tags": ["a|NA|bc", "", None],
        "new": ["true", "0", None],
        "at": ["1", "2", None],
    }
    spec = completed(recipe())
    divider = Divider(spec)

    order = divider.order(RowReader(spec).read(batch(columns)))

    rows = [
        (0.5, 7, "é", ["a", None, "bc"], True, 1_000_000),
        (None, 7, "", [], False, 2_000_000),
        (None, None, None, None, None, None),
    ]
    wanted = [reference.row_hash("row", row) for row in rows]
    assert order.tolist() == wanted
    assert divider.files(order).tolist() == [hash_ % 3 for hash_ in wanted]


def test_place_does_not_depend_on_the_batch() -> None:
    spec = completed(recipe())
    divider, reader = Divider(spec), RowReader(spec)
    whole = divider.order(reader.read(batch(COLUMNS)))

    pieces = [divider.order(reader.read(batch(rows_of(COLUMNS, [place])))) for place in range(20)]

    assert np.concatenate(pieces).tolist() == whole[:20].tolist()


@pytest.mark.parametrize(
    ("gap", "parts"), [(0, [0, 0, 0, 1, 1, 0]), (2_000_000, [0, 0, NO_PART, 1, 1, 0])], ids=["no_gap", "gap"]
)
def test_time_on_the_boundary_begins_a_part_and_a_gap_is_in_none(gap: int, parts: list[int]) -> None:
    by = f'time {{ column: "at" start_micros: 10000000 gap_micros: {gap} }}'
    text = RECIPE.replace('key { columns: "shop" columns: "age" }', by)

    assert _parts(text, {"at": [0, 8, 9, 10, 11, None]}) == parts


def test_split_by_time_without_starts_is_refused() -> None:
    with pytest.raises(EncodingError) as caught:
        _parts(RECIPE.replace('key { columns: "shop" columns: "age" }', 'time { column: "at" }'))

    assert caught.value.code == "recipe.unfitted"


def _many_shops() -> Columns:
    columns = random_columns(1400, 4)
    return columns | {"shop": [f"shop {place % 700}" for place in range(1400)]}


def test_recipe_and_vocabularies_are_read_back(tmp_path: Path) -> None:
    columns = _many_shops()
    written = fitted(columns)

    recipe_folder.write(written, tmp_path)
    read = recipe_folder.read(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "_recipe.binpb",
        "_recipe.textproto",
        "_vocabulary-0004",
    ]
    assert read.recipe == written.recipe
    encoder, again = (Encoder(one.recipe, one.vocabularies) for one in (written, read))
    rows = batch(columns)
    assert (again.encode(again.reader.read(rows)).discrete == encoder.encode(encoder.reader.read(rows)).discrete).all()


def test_files_that_are_there_are_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "_recipe.binpb").write_bytes(b"mine")

    with pytest.raises(FileExistsError, match=r"_recipe\.binpb is there; name another folder"):
        recipe_folder.write(fitted(COLUMNS), tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["_recipe.binpb"]


def _encoder_in(folder: Path) -> Encoder:
    again = recipe_folder.read(folder)
    return Encoder(again.recipe, again.vocabularies)


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("changed", "vocabulary.digest"),
        ("absent", "vocabulary.absent"),
        ("no_recipe", "recipe.damaged"),
        ("garbage", "recipe.damaged"),
        ("elsewhere", "recipe.damaged"),
    ],
)
def test_damaged_folder_is_refused(tmp_path: Path, damage: str, code: str) -> None:
    written = fitted(_many_shops())
    if damage == "elsewhere":
        written.recipe.features[4].category.fitted.file = "../_vocabulary"
    recipe_folder.write(written, tmp_path)
    vocabulary = tmp_path / "_vocabulary-0004"
    match damage:
        case "changed":
            vocabulary.write_bytes(vocabulary.read_bytes()[:-1] + b"x")
        case "absent":
            vocabulary.unlink()
        case "no_recipe":
            (tmp_path / "_recipe.binpb").unlink()
        case "garbage":
            (tmp_path / "_recipe.binpb").write_bytes(b"\xff\xff")

    with pytest.raises(EncodingError) as caught:
        _encoder_in(tmp_path)

    assert caught.value.code == code


def test_vocabulary_file_is_read_back() -> None:
    values = ["", "a", "é" * 100, "x" * 20_000, "\0", "\n"]

    assert unpacked(packed(values)) == values
    assert packed(["é" * 100])[:2] == b"\xc8\x01"


def test_carried_columns_of_arrow_keep_their_rows_when_some_are_taken() -> None:
    spec = completed(recipe())
    rows = RowReader(spec).read(batch(COLUMNS))
    lists = rows.lists("tags")
    kept = np.arange(300) % 3 == 1

    taken = rows.where(kept).lists("tags")

    assert taken.ends[-1] == lists.lengths[kept].sum()
    assert taken.items.array.to_pylist() == [
        item
        for place in np.flatnonzero(kept)
        for item in lists.items.array.slice(lists.ends[place], lists.lengths[place]).to_pylist()
    ]
    assert isinstance(rows.where(kept).batch, pa.RecordBatch)
