"""Validation sets that take what they do not say from the training data."""

from pathlib import Path

import pytest
from tests.claims import fields_read
from tests.unit.example_configs import VALID, write

from rankspec.analysis.blame import blame
from rankspec.analysis.fingerprint import fingerprint
from rankspec.checking.check import check, load
from rankspec.claims.registry import all_claims, forget_reads
from rankspec.cli import main
from rankspec.composition.compose import LoadedConfig
from rankspec.formats.writing import write_with_variables
from rankspec.schema.annotations import inherits_from
from rankspec.schema.defaults import resolve
from rankspec.schema.descriptors import descriptor_of, fields_of
from rankspec.schema.message_types import all_classes

HEIR = 'validation_data {\n  key: "v"\n  value { inherit_train_data: true }\n}\n'
LOCAL_PROD = Path(__file__).parents[2] / "configs" / "recap" / "local_prod.textproto"


def _said(loaded: LoadedConfig) -> list[tuple[str, str, int | None]]:
    return [(d.path, d.code, d.position.line if d.position else None) for d in loaded.diagnostics]


def test_what_is_inherited_is_the_config_that_is_written_out(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, VALID + HEIR))

    data = loaded.message.validation_data["v"]
    assert data == loaded.message.train_data
    assert not data.HasField("inherit_train_data")
    written_out = write(tmp_path, write_with_variables(loaded.message, "textproto").decode(), "written_out.textproto")
    assert fingerprint(load(written_out, message="RecapConfig").message) == fingerprint(loaded.message)


def test_changing_one_heir_changes_no_other(tmp_path: Path) -> None:
    config = load(write(tmp_path, VALID + HEIR + HEIR.replace('"v"', '"w"'))).message

    config.validation_data["v"].seg_dense_schema.renamed_features["continuous"] = "other"

    assert config.validation_data["w"] == config.train_data


def test_overlay_switches_inheritance_off(tmp_path: Path) -> None:
    overlay = 'validation_data { key: "v" value { inherit_train_data: false } }'

    loaded = check([write(tmp_path, VALID + HEIR), write(tmp_path, overlay, "overlay.textproto")])

    assert ('validation_data["v"].global_batch_size', "required") in {(d.path, d.code) for d in loaded.diagnostics}


def test_override_of_the_training_data_is_inherited(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, VALID + HEIR), overrides=["train_data.global_batch_size=7"])

    assert loaded.message.validation_data["v"].global_batch_size == 7


def test_blame_names_the_place_that_a_value_was_inherited_from(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, VALID + HEIR))

    origin = blame(loaded)

    path = 'validation_data["v"].seg_dense_schema.renamed_features["binary"]'
    assert origin(path) == origin('train_data.seg_dense_schema.renamed_features["binary"]') != "default"
    assert origin('validation_data["v"].cache') == "default"


def test_mistake_is_reported_once_where_it_was_made(tmp_path: Path) -> None:
    text = VALID.replace("global_batch_size: 32", "global_batch_size: -32") + HEIR + HEIR.replace('"v"', '"w"')

    line = text.splitlines().index("  global_batch_size: -32") + 1
    assert _said(check(write(tmp_path, text))) == [("train_data.global_batch_size", "int32.gt", line)]


def test_mistake_of_the_text_is_reported_once(tmp_path: Path) -> None:
    text = VALID.replace("global_batch_size: 32", "global_batch_size: many") + HEIR

    line = text.splitlines().index("  global_batch_size: many") + 1
    assert _said(check(write(tmp_path, text))) == [("train_data.global_batch_size", "parse.wrong_type", line)]


def test_block_that_cannot_be_read_is_not_missing_from_its_heirs(tmp_path: Path) -> None:
    text = VALID.replace("train_data {", "train_datas {") + HEIR

    found = {(path, code) for path, code, _ in _said(check(write(tmp_path, text)))}
    assert not any(path.startswith("validation_data") for path, _ in found)


def test_unset_variable_is_reported_once(tmp_path: Path) -> None:
    loaded = check(write(tmp_path, VALID.replace("data/*", "${DATA}/*") + HEIR), environment={})

    assert [(d.path, d.code) for d in loaded.diagnostics] == [("train_data.inputs", "env.unset")]


def test_shipped_production_config_is_short_and_resolves_to_all_of_its_sets() -> None:
    assert len(LOCAL_PROD.read_text().splitlines()) <= 270

    config = resolve(load(LOCAL_PROD, environment={}).message)
    assert len(config.validation_data) == 12
    for name, data in config.validation_data.items():
        assert data.seg_dense_schema == config.train_data.seg_dense_schema
        assert data.tasks.keys() == config.train_data.tasks.keys()
        assert list(data.evaluation_tasks) == ([] if name in {"train_data", "validation"} else [name])


def test_resolve_prints_what_is_inherited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resolve", str(write(tmp_path, VALID + HEIR))]) == 0

    printed = capsys.readouterr().out
    assert printed.count('schema_path: "schema.json"') == 2
    assert "inherit_train_data" not in printed


def test_loading_is_what_obeys_every_switch() -> None:
    fields = [field for message in all_classes() for field in fields_of(descriptor_of(message))]
    switches = {field.full_name for field in fields if inherits_from(field)}

    claims = [claim for claim in all_claims() if claim.adapter.startswith("rankspec.composition.")]

    assert {f"{claim.message}.{claim.field}" for claim in claims} == switches
    assert len(switches) == 1


def test_switch_is_read_when_a_config_is_loaded(tmp_path: Path) -> None:
    forget_reads()
    load(write(tmp_path, VALID + HEIR))

    assert "inherit_train_data" in fields_read()["rankspec.recap.v1.RecapDataConfig"]
