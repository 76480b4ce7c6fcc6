"""The inputs that a data set gives a model, their identity, and what is said when they cannot be had."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format
from rankspec.recap.v1.data_pb2 import RecapDataConfig

from rankspec.families.recap.input_signature import carried_inputs, input_signature
from rankspec.trainer.data_error import DataError
from rankspec.trainer.inputs import Input, signature_differences, signature_hash

SCHEMA = [
    {"feature_name": "cont", "dtype": "float_list", "length": 6},
    {"feature_name": "bin", "dtype": "int64_list", "length": 4},
    {"feature_name": "ids", "dtype": "int64_list", "length": 3},
    {"feature_name": "follow", "dtype": "float_list", "length": 5},
    {"feature_name": "author", "dtype": "float_list", "length": 5},
    {"feature_name": "user", "dtype": "int64_list", "length": 1},
    {"feature_name": "history", "dtype": "int64_list", "length": -1},
    {"feature_name": "text", "dtype": "bytes_list", "length": 1},
    {"feature_name": "like", "dtype": "int64_list", "length": 1},
]


@pytest.fixture
def data(tmp_path: Path) -> RecapDataConfig:
    (tmp_path / "schema.json").write_text(json.dumps({"schema": SCHEMA}))
    config = RecapDataConfig(inputs="unread", global_batch_size=1)
    config.seg_dense_schema.schema_path = str(tmp_path / "schema.json")
    names = {"author_embedding": "author", "discrete": "ids", "continuous": "cont", "binary": "bin"}
    config.seg_dense_schema.renamed_features.update(names | {"user_embedding": "follow", "who": "user"})
    config.tasks["like"].SetInParent()
    return config


def test_inputs_come_in_the_order_in_which_the_model_joins_them(data: RecapDataConfig) -> None:
    assert input_signature(data) == (
        Input("continuous", "cont", "float32", 6, 6),
        Input("binary", "bin", "int64", 4, 4),
        Input("discrete", "ids", "int64", 3, 3),
        Input("user_embedding", "follow", "float32", 5, 5),
        Input("author_embedding", "author", "float32", 5, 5),
    )


def test_other_inputs_and_columns_are_carried(data: RecapDataConfig) -> None:
    data.seg_dense_schema.features.append("author")
    assert [(item.name, item.column) for item in carried_inputs(data)] == [("author", "author"), ("who", "user")]


def test_truncation_and_masks_narrow_inputs(data: RecapDataConfig, tmp_path: Path) -> None:
    steps = data.preprocess.truncate_and_slice
    steps.continuous_feature_truncation = 4
    steps.binary_feature_mask_path = str(tmp_path / "mask.npy")
    np.save(tmp_path / "mask.npy", np.array([True, False, False, True]))
    continuous, binary = input_signature(data)[:2]
    assert (continuous.stored_length, continuous.width, continuous.kept) == (6, 4, None)
    assert (binary.stored_length, binary.width, binary.kept) == (4, 2, (0, 3))


def test_nothing_heavy_is_imported() -> None:
    heavy = ("torch", "numpy", "pyarrow")
    code = f"import sys, rankspec.families.recap.input_signature; print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


A, B = Input("a", "x", "float32", 5, 5), Input("b", "y", "float32", 5, 5)
CHANGES = {
    "order": ((B, A), "the order is b, a instead of a, b"),
    "missing": ((A,), '"b" is missing'),
    "more": ((A, B, replace(B, name="c")), '"c" is not expected'),
    "dtype": ((A, replace(B, dtype="int64")), '"b" has another dtype: int64 instead of float32'),
    "width": ((A, replace(B, width=4)), '"b" has another width: 4 instead of 5'),
    "kept": ((A, replace(B, kept=(0, 2))), '"b" has another kept: places 0, 2 instead of the first ones'),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_of_the_inputs_is_another_signature_and_is_named(case: str) -> None:
    changed, difference = CHANGES[case]
    assert signature_hash(changed) != signature_hash((A, B))
    assert signature_differences((A, B), changed) == (difference,)


def test_another_column_of_the_same_meaning_is_the_same_signature() -> None:
    renamed = (A, replace(B, column="z", stored_length=9))
    assert signature_hash(renamed) == signature_hash((A, B))
    assert signature_differences((A, B), renamed) == ()


def test_the_hash_is_the_same_in_every_release() -> None:
    # Written down from a run: checkpoints and scorers hold it.
    assert signature_hash((A, B)) == "e41419680c49f528f0b38b50846be078f0b34839ddfe575080c4ba6f245eeeee"


SCHEMA_FILES = {
    "missing": (None, "cannot read the schema file"),
    "not JSON": ("{'schema': []}", "is not JSON"),
    "nested too deeply": ("[" * 100_000, "is not JSON of a schema"),
    "no list": ('{"schema": {}}', 'expected an object with a list "schema"'),
    "not an object": ("[1]", 'expected an object with a list "schema"'),
    "entry without length": ('{"schema": [{"feature_name": "a", "dtype": "float_list"}]}', r"schema\[0\]: expected"),
    "length of 0": ('{"schema": [{"feature_name": "a", "dtype": "float_list", "length": 0}]}', "length 0"),
    "two of a name": (json.dumps({"schema": [*SCHEMA, SCHEMA[0]]}), r'schema\[9\]: a second entry for "cont"'),
}


@pytest.mark.parametrize("case", SCHEMA_FILES)
def test_an_unusable_schema_file_is_named(data: RecapDataConfig, case: str) -> None:
    text, message = SCHEMA_FILES[case]
    file = Path(data.seg_dense_schema.schema_path)
    file.unlink()
    if text is not None:
        file.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        input_signature(data, "train_data")
    assert caught.value.path == "train_data.seg_dense_schema.schema_path"
    assert str(file) in str(caught.value)


RENAMED = 'seg_dense_schema { renamed_features { key: "%s" value: "%s" } }'
TRUNCATED = "preprocess { truncate_and_slice { %s } }"
MISTAKES = {
    "renamed/absent": (
        RENAMED % ("author_embedding", "autor"),
        'seg_dense_schema.renamed_features["author_embedding"]',
        'no column "autor"; did you mean "author"',
    ),
    "renamed/ids wanted": (
        RENAMED % ("discrete", "cont"),
        'seg_dense_schema.renamed_features["discrete"]',
        '"cont" holds float32 values, and the input "discrete" takes int64',
    ),
    "renamed/floats wanted": (
        RENAMED % ("continuous", "bin"),
        'seg_dense_schema.renamed_features["continuous"]',
        '"bin" holds int64 values',
    ),
    "renamed/varying length": (
        RENAMED % ("discrete", "history"),
        'seg_dense_schema.renamed_features["discrete"]',
        'the rows of "history" vary in length',
    ),
    "carried/text": (
        RENAMED % ("note", "text"),
        'seg_dense_schema.renamed_features["note"]',
        '"text" is neither float_list nor int64_list',
    ),
    "label/absent": ('tasks { key: "share" value {} }', 'tasks["share"]', 'no column "share"'),
    "label/vector": ('tasks { key: "bin" value {} }', 'tasks["bin"]', 'the label "bin" is a int64 column of length 4'),
    "truncation/too wide": (
        TRUNCATED % "continuous_feature_truncation: 7",
        "preprocess.truncate_and_slice.continuous_feature_truncation",
        '"cont" has 6 values a row, fewer than 7',
    ),
    "mask/missing": (
        TRUNCATED % 'binary_feature_mask_path: "no/such.npy"',
        "preprocess.truncate_and_slice.binary_feature_mask_path",
        "cannot read the mask no/such.npy",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_reported_at_its_field(data: RecapDataConfig, case: str) -> None:
    text, path, message = MISTAKES[case]
    text_format.Merge(text, data)
    with pytest.raises(DataError, match=message) as caught:
        (*input_signature(data, "train_data"), *carried_inputs(data, "train_data"))
    assert caught.value.path == f"train_data.{path}"


@pytest.mark.parametrize(
    ("mask", "message"),
    [([1, 0, 1], r"has the shape \[3\].*\[4\]"), ([0, 0, 0, 0], "keeps no feature"), (1, r"has the shape \[\]")],
    ids=["short", "empty", "scalar"],
)
def test_a_mask_has_to_fit(data: RecapDataConfig, tmp_path: Path, mask: object, message: str) -> None:
    np.save(tmp_path / "mask.npy", np.array(mask))
    data.preprocess.truncate_and_slice.binary_feature_mask_path = str(tmp_path / "mask.npy")
    with pytest.raises(DataError, match=message) as caught:
        input_signature(data)
    assert caught.value.path == "preprocess.truncate_and_slice.binary_feature_mask_path"


def test_features_may_not_take_the_name_of_another_input(data: RecapDataConfig) -> None:
    data.seg_dense_schema.renamed_features["follow"] = "user"
    data.seg_dense_schema.features.append("follow")
    with pytest.raises(DataError) as caught:
        carried_inputs(data)
    assert caught.value.path == "seg_dense_schema.features[0]"


def test_a_damaged_mask_is_refused_whatever_byte_changed(data: RecapDataConfig, tmp_path: Path) -> None:
    mask = tmp_path / "mask.npy"
    np.save(mask, np.ones(4, np.bool_))
    whole = mask.read_bytes()
    data.preprocess.truncate_and_slice.binary_feature_mask_path = str(mask)
    refused = 0
    for place in range(10, 90):
        for byte in (0x00, 0x0A, 0x28, 0xFF):
            mask.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
            with suppress(DataError):
                input_signature(data)
                refused -= 1
            refused += 1
    assert refused > 100
