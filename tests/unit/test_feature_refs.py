"""Features that a config points at: by name or by column, found in the data, and judged where the schema file is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from google.protobuf import text_format
from rankspec.recap.v1.model_pb2 import ModelConfig
from tests.unit.recap_models import FULL, built, inputs, random_batch, recap_config
from tests.unit.small_data import batches_of, data_config, opened, write_files
from tests.unit.test_feature_names import IDS, with_features

from rankspec.cli import main
from rankspec.families.recap.feature_checks import ADVICE
from rankspec.families.recap.feature_refs import column_of
from rankspec.families.recap.program.model import build_model
from rankspec.families.recap.program.strata import build_strata
from rankspec.trainer.data_error import DataError
from rankspec.trainer.inputs import Input

torch.set_num_threads(1)

DISCRETE = Input("discrete", "ids", "int64", 3, 3, names=("film", "user", "shop"))
PATH = "model.small_embeddings.tables[0]"
TABLE = 'name: "t" num_embeddings: 9 embedding_dim: 2'


def _table(reference: str) -> Any:
    model = text_format.Parse(f"small_embeddings {{ tables {{ {TABLE} {reference} }} }}", ModelConfig())
    return model.small_embeddings.tables[0]


@pytest.mark.parametrize("reference", ["index: 1", "feature { index: 1 }", 'feature { name: "user" }'])
def test_a_name_a_column_and_a_bare_index_mean_the_same(reference: str) -> None:
    assert column_of(_table(reference), DISCRETE, PATH) == 1


def test_a_name_is_looked_up_among_the_columns_that_are_left() -> None:
    masked = replace(DISCRETE, width=2, kept=(0, 2))
    assert column_of(_table('feature { name: "shop" }'), masked, PATH) == 1
    with pytest.raises(DataError, match='discrete has no feature "user"'):
        column_of(_table('feature { name: "user" }'), masked, PATH)


REFUSED = {
    "name": ('feature { name: "usr" }', "feature.name", 'discrete has no feature "usr"; did you mean "user"'),
    "name like none": ('feature { name: "q" }', "feature.name", 'no feature "q"; it has film, user, shop'),
    "column": ("feature { index: 3 }", "feature.index", "there is no column 3: discrete has 3 columns, from 0"),
    "index": ("index: 3", "index", "there is no column 3"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_there_is_refused_where_it_is_named(case: str) -> None:
    reference, field, message = REFUSED[case]
    with pytest.raises(DataError, match=message) as caught:
        column_of(_table(reference), DISCRETE, PATH)
    assert caught.value.path == f"{PATH}.{field}"


def test_names_need_a_schema_file_that_has_them() -> None:
    with pytest.raises(DataError, match='gives the columns of "ids" no names, and "user" is asked for'):
        column_of(_table('feature { name: "user" }'), replace(DISCRETE, names=None), PATH)


# What points


def _named_inputs(*names: str) -> list[Input]:
    return [replace(item, names=names) if item.name == "discrete" else item for item in inputs()]


def test_tables_by_name_follow_a_feature_to_another_column() -> None:
    by_name = FULL.replace("embedding_dim: 3 index: 0", 'embedding_dim: 3 feature { name: "user" }')
    by_name = by_name.replace("embedding_dim: 2 index: 1", 'embedding_dim: 2 feature { name: "item" }')
    batch = random_batch()
    assert batch.discrete is not None
    swapped = replace(batch, discrete=batch.discrete.flip(1))
    models = {
        "by index": (built(), batch),
        "by name": (build_model(recap_config(by_name), _named_inputs("user", "item")), batch),
        "in another column": (build_model(recap_config(by_name), _named_inputs("item", "user")), swapped),
    }
    outputs = {name: model.eval()(rows) for name, (model, rows) in models.items()}
    assert torch.equal(outputs["by name"], outputs["by index"])
    assert torch.equal(outputs["in another column"], outputs["by index"])


def test_strata_and_the_position_take_names() -> None:
    config = recap_config()
    text_format.Parse(
        'stratifiers { name: "first" feature { name: "item" } value: 2 }'
        'position_debias_config { position_feature { name: "place" } }',
        config.model,
    )
    item = replace(DISCRETE, names=("user", "item", "place"))
    (stratum,) = build_strata(config.model, [item])
    assert (stratum.index, stratum.value) == (1, 2)
    others = [one for one in inputs() if one.name != "discrete"]
    model: Any = build_model(config, [*others, item])
    assert model.inputs.position.column == 2


def test_a_table_of_the_position_is_refused_however_both_are_given() -> None:
    config = recap_config()
    text_format.Parse('position_debias_config { position_feature { name: "item" } }', config.model)
    with pytest.raises(DataError, match="it looks up column 1, the position") as caught:
        build_model(config, _named_inputs("user", "item"))
    assert caught.value.path == "model.small_embeddings.tables[1]"


def test_a_feature_is_extracted_by_name(tmp_path: Path) -> None:
    folder = with_features(write_files(tmp_path, [9]), cont={"names": list("abcdef")})
    config = data_config(folder)
    row = config.preprocess.extract_features.extract_feature_table.add(name="c", source_tensor="continuous")
    row.feature.name = "c"
    for batch in batches_of(opened(config, shuffle=False)):
        assert torch.equal(batch.carried["c"], batch.continuous[:, 2])
    row.feature.name = "g"
    with pytest.raises(DataError, match='continuous has no feature "g"') as caught:
        opened(config)
    assert caught.value.path == "train_data.preprocess.extract_features.extract_feature_table[0].feature.name"


# What `check` says where the schema file is there

CONFIG = """model {{
  tasks {{ key: "like" value {{ mlp_config {{ layer_sizes: [4, 1] }} }} }}
  featurization_config {{ log1p_abs_config {{}} {features} }}
  {model}
}}
train_data {{
  inputs: "{folder}/*.parquet"
  global_batch_size: 8
  seg_dense_schema {{
    schema_path: "{folder}/schema.json"
    renamed_features {{ key: "continuous" value: "cont" }}
    renamed_features {{ key: "binary" value: "bin" }}
    renamed_features {{ key: "discrete" value: "ids" }}
    {schema}
  }}
  tasks {{ key: "like" value {{}} }}
}}
training {{ num_train_steps: 10 }}
optimizer {{ adam {{}} single_task_learning_rate {{ constant: 0.01 }} }}
"""
Check = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """What `check` says of a config of a model's tables, and of what else the schema names."""

    def diagnostics(*tables: str, model: str = "", features: str = "", schema: str = "") -> list[dict[str, Any]]:
        given = " ".join(f"tables {{ {table} }}" for table in tables)
        model += f" small_embeddings {{ {given} }}" if given else ""
        file = tmp_path / "config.textproto"
        file.write_text(CONFIG.format(model=model, features=features, schema=schema, folder=tmp_path))
        main(["check", "--format", "json", str(file)])
        found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["diagnostics"]
        return found

    return diagnostics


def _table_text(name: str, reference: str, num_embeddings: int = 9, more: str = "") -> str:
    return f'name: "{name}" num_embeddings: {num_embeddings} embedding_dim: 2 {reference} {more}'


FILM = _table_text("film", 'feature { name: "film" }')
USER = _table_text("user", 'feature { name: "user" }', 12)
SIZES = {"names": IDS, "sizes": [9, 12, None]}


def test_a_config_of_the_schema_is_fine(tmp_path: Path, checked: Check) -> None:
    with_features(tmp_path, ids=SIZES)
    assert checked(FILM, USER) == []


def test_an_absent_schema_file_is_no_matter_for_check(checked: Check) -> None:
    assert checked(_table_text("t", 'feature { name: "anything" }')) == []


def test_an_unknown_name_is_an_error_at_its_line(tmp_path: Path, checked: Check) -> None:
    with_features(tmp_path, ids=SIZES)
    (found,) = checked(_table_text("user", 'feature { name: "usr" }'))
    assert (found["severity"], found["line"], found["suggestion"]) == ("error", 4, 'did you mean "user"?')
    assert found["path"] == "model.small_embeddings.tables[0].feature.name"


ERRORS: dict[str, tuple[dict[str, Any], str]] = {
    "column": ({"tables": [_table_text("t", "index: 3")]}, "model.small_embeddings.tables[0].index"),
    "stratum": (
        {"model": 'stratifiers { name: "s" value: 1 feature { name: "x" } }'},
        "model.stratifiers[0].feature.name",
    ),
    "position": (
        {"model": "position_debias_config { position_feature_index: 5 }"},
        "model.position_debias_config.position_feature_index",
    ),
    "position looked up": (
        {"tables": [FILM], "model": "position_debias_config { position_feature_index: 0 }"},
        "model.small_embeddings.tables[0]",
    ),
    "input": (
        {"schema": 'renamed_features { key: "user_embedding" value: "emd" }'},
        'train_data.seg_dense_schema.renamed_features["user_embedding"]',
    ),
    "carried": ({"schema": 'features: "raw"'}, "train_data.seg_dense_schema.features[0]"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_training_would_refuse_is_an_error(tmp_path: Path, checked: Check, case: str) -> None:
    given, path = ERRORS[case]
    with_features(tmp_path, ids=SIZES)
    found = checked(*given.get("tables", []), model=given.get("model", ""), schema=given.get("schema", ""))
    assert [(one["severity"], one["path"]) for one in found] == [("error", path)]


def test_a_malformed_schema_file_is_an_error(tmp_path: Path, checked: Check) -> None:
    with_features(tmp_path, ids={"names": ["a"]})
    (found,) = checked(FILM)
    assert (found["severity"], found["path"]) == ("error", "train_data.seg_dense_schema.schema_path")


WARNINGS = {
    "advice.table_of_no_ids": ([FILM, USER, _table_text("shop", "index: 2")], "[2].index"),
    "advice.tables_of_one_feature": ([FILM, USER, _table_text("again", "index: 0")], "[2].index"),
    "advice.table_too_small": ([FILM, _table_text("user", 'feature { name: "user" }', 11)], "[1].num_embeddings"),
    "advice.unread_ids": ([FILM], 'train_data.seg_dense_schema.renamed_features["discrete"]'),
}


def test_every_warning_has_a_case() -> None:
    assert sorted(WARNINGS) == sorted(ADVICE)


@pytest.mark.parametrize("code", WARNINGS)
def test_what_hurts_is_warned_of(tmp_path: Path, checked: Check, code: str) -> None:
    tables, path = WARNINGS[code]
    with_features(tmp_path, ids=SIZES)
    (found,) = checked(*tables)
    place = f"model.small_embeddings.tables{path}" if path.startswith("[") else path
    assert (found["code"], found["path"], found["severity"]) == (code, place, "warning")
    assert found["suggestion"]
    # Without sizes nothing is known of ids.
    with_features(tmp_path, ids={"names": IDS})
    assert [one["code"] for one in checked(*tables)] == (["advice.tables_of_one_feature"] if "one" in code else [])


def test_a_bucket_and_joined_ids_are_not_warned_of(tmp_path: Path, checked: Check) -> None:
    with_features(tmp_path, ids=SIZES)
    bucket = _table_text("user", 'feature { name: "user" }', 11, "out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET")
    assert checked(FILM, bucket) == []
    assert checked(features='feature_names_to_concat: ["binary", "discrete"]') == []
