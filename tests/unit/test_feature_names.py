"""Names of features: what a schema file may say of them, and that rows of other features are refused."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.served import ranker, remote, serving
from tests.unit.small_data import SCHEMA, data_config, opened, write_files
from tests.unit.small_movielens import write_grouplens

from rankspec.datasets import clicks, random_data
from rankspec.datasets.feature_names import KEY, feature_names_in, names_in_schema, write_named
from rankspec.datasets.movielens import prepare
from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.program.data.conversion import convert
from rankspec.families.recap.schema_file import schema_columns
from rankspec.trainer.data_error import DataError
from rankspec.trainer.inputs import Column, Input, signature_differences, signature_hash

IDS = ["film", "user", "shop"]


def with_features(folder: Path, **columns: dict[str, Any]) -> Path:
    """Says more of columns in the schema file of a folder."""
    entries = [
        {"feature_name": name, "dtype": dtype, "length": length} | columns.get(name, {})
        for name, (dtype, length) in SCHEMA.items()
    ]
    (folder / "schema.json").write_text(json.dumps({"schema": entries}))
    return folder


def with_metadata(folder: Path, names: dict[str, list[str]]) -> Path:
    """Writes the files of a folder anew, with names in their metadata."""
    for file in folder.glob("*.parquet"):
        write_named(pq.read_table(file), file, names, row_group_size=7)
    return folder


# The schema file


def test_a_schema_file_describes_the_features_of_a_column(tmp_path: Path) -> None:
    features = {"names": IDS, "sizes": [9, 12, None], "vocabularies": ["films.txt", None, None]}
    with_features(tmp_path, ids=features)
    columns = schema_columns(str(tmp_path / "schema.json"), "")
    assert columns["ids"] == Column("int64", 3, tuple(IDS), (9, 12, None), ("films.txt", None, None))
    assert columns["cont"] == Column("float32", 6)


MISTAKES: dict[str, tuple[str, dict[str, Any], str]] = {
    "names/too few": ("ids", {"names": ["a"]}, "names is 1 items; give 3, one for each place"),
    "names/no list": ("ids", {"names": "abc"}, "names is no list; give 3"),
    "names/number": ("ids", {"names": ["a", 2, "c"]}, r"names\[1\] is 2; give a text"),
    "names/blank": ("ids", {"names": ["a", " ", "c"]}, r'names\[1\] is " "; give a text'),
    "names/twice": ("ids", {"names": ["a", "b", "a"]}, r'names\[2\] is "a", as names\[0\] is; give each its own'),
    "sizes/too many": ("ids", {"sizes": [1, 2, 3, 4]}, "sizes is 4 items"),
    "sizes/zero": ("ids", {"sizes": [1, 0, 3]}, r"sizes\[1\] is 0; give a number of ids above 0"),
    "sizes/bool": ("ids", {"sizes": [1, True, 3]}, r"sizes\[1\] is true"),
    "sizes/of reals": ("cont", {"sizes": [None] * 5 + [3]}, "only an int64_list holds; write null"),
    "vocabularies/number": ("ids", {"sizes": [1, 2, 3], "vocabularies": [1, None, None]}, r"vocabularies\[0\] is 1"),
    "vocabularies/of no ids": ("ids", {"vocabularies": ["a", None, None]}, r"give their number in sizes\[0\]"),
    "vocabularies/no size": (
        "ids",
        {"sizes": [1, None, 3], "vocabularies": ["a", "b", None]},
        r"give their number in sizes\[1\]",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_in_what_is_said_of_features_is_told_with_its_entry(tmp_path: Path, case: str) -> None:
    column, features, message = MISTAKES[case]
    with_features(tmp_path, **{column: features})
    place = list(SCHEMA).index(column)
    with pytest.raises(DataError, match=rf'schema\[{place}\], column "{column}": .*{message}') as caught:
        schema_columns(str(tmp_path / "schema.json"), "train_data.seg_dense_schema.schema_path")
    assert caught.value.path == "train_data.seg_dense_schema.schema_path"


# The signature


PLAIN = Input("discrete", "ids", "int64", 3, 3)
NAMED = replace(PLAIN, names=("film", "user", "shop"))


def test_without_names_the_signature_is_what_it_was() -> None:
    # Written down from a run before there were names.
    assert signature_hash([PLAIN]) == "b13ef2222a3f5cf9633ad735c9c15bf91ba9e81d5cb1bfab5417967c61dfef45"


def test_names_are_part_of_the_signature() -> None:
    permuted = replace(PLAIN, names=("user", "film", "shop"))
    other = replace(PLAIN, names=("film", "user", "city"))
    assert len({signature_hash([item]) for item in (PLAIN, NAMED, permuted, other)}) == 4
    assert signature_differences([NAMED], [permuted]) == (
        '"discrete" has the same features in another order: place 0 is "user" instead of "film"',
    )
    assert signature_differences([NAMED], [other]) == (
        '"discrete" has 1 other feature: place 2 is "city" instead of "shop"',
    )


def test_names_that_only_one_side_has_are_no_difference() -> None:
    assert signature_differences([PLAIN], [NAMED]) == signature_differences([NAMED], [PLAIN]) == ()


def test_only_names_of_values_that_are_kept_count() -> None:
    first = replace(NAMED, width=1)
    assert first.feature_names == ("film",)
    assert signature_hash([first]) == signature_hash([replace(first, names=("film", "a", "b"))])
    masked = replace(NAMED, width=2, kept=(0, 2))
    assert masked.feature_names == ("film", "shop")
    assert signature_hash([masked]) != signature_hash([replace(masked, names=("film", "user", "city"))])


def test_truncation_and_masks_narrow_names(tmp_path: Path) -> None:
    config = data_config(with_features(tmp_path, cont={"names": list("abcdef")}, bin={"names": list("wxyz")}))
    steps = config.preprocess.truncate_and_slice
    steps.continuous_feature_truncation = 2
    steps.binary_feature_mask_path = str(tmp_path / "mask.npy")
    np.save(tmp_path / "mask.npy", np.array([0, 1, 0, 1]))
    continuous, binary, *_ = input_signature(config)
    assert (continuous.feature_names, binary.feature_names) == (("a", "b"), ("x", "z"))


@pytest.mark.parametrize("item", [PLAIN, NAMED, replace(NAMED, width=2, kept=(0, 2))])
def test_json_gives_an_input_back(item: Input) -> None:
    described = json.loads(json.dumps(asdict(item)))
    assert Input.from_json(described) == item
    del described["names"]
    assert Input.from_json(described) == replace(item, names=None)


# Files


def test_a_permuted_data_set_of_the_same_widths_is_refused(tmp_path: Path) -> None:
    folder = with_features(write_files(tmp_path, [10, 5]), ids={"names": IDS})
    config = data_config(folder)
    with opened(config) as dataset:
        assert dataset.num_rows == 15
    with_metadata(folder, {"ids": IDS})
    with opened(config) as dataset:
        assert dataset.num_rows == 15
    with_metadata(folder, {"ids": ["user", "film", "shop"]})
    with pytest.raises(DataError, match=r'a.parquet: column "ids" has the same features in another order: place 0 is'):
        opened(config)


@pytest.mark.parametrize("text", ["{", "[]", '{"ids": [1]}', "[" * 100_000], ids=["syntax", "list", "number", "deep"])
def test_a_file_with_something_else_in_the_place_of_names_is_refused(tmp_path: Path, text: str) -> None:
    folder = with_features(write_files(tmp_path, [5]), ids={"names": IDS})
    table = pq.read_table(folder / "a.parquet")
    pq.write_table(table.replace_schema_metadata({KEY: text}), folder / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet: its metadata have no .*write the file anew"):
        opened(data_config(folder))


def test_a_service_of_other_features_is_refused(tmp_path: Path) -> None:
    folder = with_features(write_files(tmp_path, [10]), ids={"names": IDS})
    with serving(ranker(data_config(folder))) as server:
        with opened(remote(folder, server)) as dataset:
            assert dataset.num_rows == 10
        with_features(folder, ids={"names": IDS[::-1]})
        with pytest.raises(DataError, match='"ids" with the same features in another order'):
            opened(remote(folder, server))


def test_a_validation_set_of_other_features_is_refused(tmp_path: Path) -> None:
    inputs = input_signature(data_config(with_features(tmp_path, ids={"names": IDS})))
    other = input_signature(data_config(with_features(tmp_path, ids={"names": ["a", "b", "c"]})))
    assert signature_differences(inputs, other) == (
        '"discrete" has 3 other features: place 0 is "a" instead of "film"',
    )


# Data sets


def assert_named(folder: Path, pattern: str = "*.parquet") -> dict[str, Column]:
    """Every file has the names of the schema file, and every id is below its size."""
    entries = json.loads((folder / "schema.json").read_text())["schema"]
    columns = schema_columns(str(folder / "schema.json"), "")
    files = list(folder.rglob(pattern))
    assert files
    for file in files:
        assert feature_names_in(pq.read_metadata(file).metadata) == names_in_schema(entries) != {}
        table = pq.read_table(file)
        for name, column in columns.items():
            for place, size in enumerate(column.sizes or ()):
                values = _matrix(table[name], column.length)[:, place]
                assert size is not None
                assert 0 <= values.min() <= values.max() < size
    return columns


def _matrix(column: pa.ChunkedArray, length: int) -> np.ndarray[Any, Any]:
    values = column.combine_chunks()
    if pa.types.is_fixed_size_list(values.type):
        values = values.flatten()
    return values.to_numpy().reshape(-1, length)


def test_movielens_has_names_and_sizes(tmp_path: Path) -> None:
    prepare(tmp_path / "out", write_grouplens(tmp_path / "in"), vectors="lists")
    columns = assert_named(tmp_path / "out")
    assert columns["discrete"].names == ("user", "item")
    assert columns["discrete"].sizes == (40, 30)


def test_random_data_and_clicks_have_names_and_sizes(tmp_path: Path) -> None:
    random_data.write(tmp_path / "random", num_rows=50, widths=random_data.SMALL, vectors="lists")
    clicks.write(tmp_path / "clicks", num_rows=200, vectors="lists")
    assert assert_named(tmp_path / "random")[random_data.DISCRETE].sizes == (20,) * 5
    assert assert_named(tmp_path / "clicks")["discrete"] == Column("int64", 1, ("position",), (10,))


def test_converted_files_have_the_names(tmp_path: Path) -> None:
    random_data.write(tmp_path / "in", num_rows=20, widths=random_data.SMALL, form="tfrecord")
    convert([f"{tmp_path}/in/*.gz"], str(tmp_path / "in" / "schema.json"), tmp_path / "out", "parquet", "lists")
    assert_named(tmp_path / "out")
